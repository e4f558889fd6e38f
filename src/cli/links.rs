//! The `dropbox` commands for links: inviting, claiming, submitting.
//!
//! Secrets are read from standard input or a file, and are shown once, on standard output (and by mail).

use std::io::Read;

use clap::{ArgAction, Args};
use serde_json::json;

use super::args::{SecretSource, WriteArgs, invitation, names, words};
use super::change::{ActingAs, ChangeOutcome, IssuedSecrets};
use super::group::ListArgs;
use super::mail::MailMessage;
use super::session::Session;
use super::{Outcome, complete};
use crate::model::attributes::File;
use crate::model::secret::Secret;
use crate::model::time::Expiry;
use crate::model::time::time_value;
use crate::model::{Id, Kind, Name, Problem, ProblemKind};
use crate::ops::invitation::{self, LinkSelector, LinkTerms, Submission};
use crate::ops::{Actor, Refusal, Transaction, package, public_link};
use crate::policy::Facts;
use crate::render::{Column, RenderError, hidden, key, row, shown};

// How long a private link is valid.
#[derive(Args, Debug, Clone)]
pub(super) struct LinkTermsArgs {
    /// When the link expires: a length such as `7d`, a day, a time (a day begins at 00:00 UTC) [default: 3d]
    #[arg(long, value_name = "WHEN", value_parser = Expiry::parse)]
    expires: Option<Expiry>,
    /// Let one completed submission use the link up
    #[arg(long)]
    after_one_upload: bool,
    /// Let the link live until it is revoked (or used up)
    #[arg(long, conflicts_with = "expires")]
    never: bool,
}

impl LinkTermsArgs {
    fn terms(&self) -> Result<LinkTerms, Problem> {
        let expires = if self.never { Some(crate::model::time::Expiry::Never) } else { self.expires };
        Ok(LinkTerms { expires, after_one_upload: self.after_one_upload })
    }
}

// Invite an outside submitter
//
// Makes a private link that only its holder can use, to submit and for nothing else. The secret is
// shown once, here; the store keeps its SHA-256. It is also mailed if `smtp` is configured.
#[derive(Args, Debug)]
pub(super) struct InviteArgs<const AGAIN: bool> {
    /// The dropbox
    #[arg(value_name = "DROPBOX", value_parser = names(Kind::Dropbox), add = complete::dropboxes())]
    dropbox: Name,
    /// The e-mail address of somebody without an account; `resend` also takes `invitation:NUMBER`
    #[arg(value_name = "ADDRESS", value_parser = if AGAIN { invitation } else { address })]
    which: LinkSelector,
    #[command(flatten)]
    life: LinkTermsArgs,
    /// Mail nothing, even if a mail server is configured
    #[arg(long)]
    no_mail: bool,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
pub(super) struct InvitesArgs {
    /// The dropbox
    #[arg(value_name = "DROPBOX", value_parser = names(Kind::Dropbox), add = complete::dropboxes())]
    dropbox: Name,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Args, Debug)]
pub(super) struct RevokeArgs {
    /// The dropbox
    #[arg(value_name = "DROPBOX", value_parser = names(Kind::Dropbox), add = complete::dropboxes())]
    dropbox: Name,
    /// The address, or `invitation:NUMBER`
    #[arg(value_name = "ADDRESS|INVITATION", value_parser = invitation)]
    which: LinkSelector,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
pub(super) struct PublicLinkArgs {
    /// The dropbox
    #[arg(value_name = "DROPBOX", value_parser = names(Kind::Dropbox), add = complete::dropboxes())]
    dropbox: Name,
    /// on or off
    #[arg(value_name = "ON|OFF", value_parser = words(["on", "off"], |word| Some(word == "on")), action = ArgAction::Set)]
    is_on: bool,
    /// With `off`: also revoke the private links that were claimed through it
    #[arg(long)]
    revoke_issued: bool,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
pub(super) struct ClaimArgs {
    /// The dropbox
    #[arg(value_name = "DROPBOX", value_parser = names(Kind::Dropbox))]
    dropbox: Name,
    /// The e-mail address to claim the link for
    #[arg(value_name = "ADDRESS", value_parser = Name::parse_email)]
    address: Name,
    /// The file that holds the public link's secret, or `-` for standard input
    // Some secrets begin with a hyphen. If somebody passes one here by mistake, clap would take it for an unknown
    // option and repeat it in the message.
    #[arg(long, value_name = "FILE|-", allow_hyphen_values = true, value_parser = clap::value_parser!(SecretSource))]
    link: SecretSource,
    /// Mail nothing, even if a mail server is configured
    #[arg(long)]
    no_mail: bool,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
pub(super) struct SubmitArgs {
    /// The dropbox
    #[arg(value_name = "DROPBOX", value_parser = names(Kind::Dropbox), add = complete::dropboxes())]
    dropbox: Name,
    /// The file that holds the private link's secret, or `-` for standard input
    #[arg(long, value_name = "FILE|-", allow_hyphen_values = true, value_parser = clap::value_parser!(SecretSource))]
    link: Option<SecretSource>,
    /// The title of the package
    #[arg(long, value_name = "TEXT")]
    title: String,
    /// A file in the package and its size, as `NAME:BYTES` (can be repeated)
    #[arg(long = "file", value_name = "NAME:BYTES", value_parser = package::parse_file)]
    files: Vec<File>,
    #[command(flatten)]
    writing: WriteArgs,
}

/// 256 bits of the operating system's randomness.
pub(super) fn random_bytes() -> Result<[u8; 32], Problem> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|_| Problem::new(ProblemKind::Store, "no_randomness", "the system gives no randomness"))?;
    Ok(bytes)
}

/// A new secret, from the operating system's randomness.
pub(super) fn new_secret() -> Result<Secret, Problem> {
    random_bytes().map(|bytes| Secret::from_bytes(&bytes))
}

/// Reads the secret of a link. No message repeats the file name, which may be the secret itself.
fn read_secret(source: &SecretSource) -> Result<Secret, Problem> {
    read_secret_of("--link", source)
}

/// As [`read_secret`], with another option for the file.
pub(super) fn read_secret_of(option: &str, source: &SecretSource) -> Result<Secret, Problem> {
    const MAX_SECRET_BYTES: u64 = 4096;
    let unreadable = || {
        Problem::usage("no_secret", format!("the file named by {option} cannot be read"))
            .why("a secret comes on standard input or from a file, never as an argument")
            .tip(format!("{option} - and the secret on standard input"))
    };
    let mut text = String::new();
    let read = if source.0.as_os_str() == "-" {
        std::io::stdin().lock().take(MAX_SECRET_BYTES).read_to_string(&mut text)
    } else {
        std::fs::File::open(&source.0).and_then(|file| file.take(MAX_SECRET_BYTES).read_to_string(&mut text))
    };
    read.map_err(|_| unreadable())?;
    if text.trim().is_empty() {
        return Err(Problem::usage("no_secret", format!("the secret that {option} names is empty"))
            .tip(format!("{option} - and the secret on standard input")));
    }
    Ok(Secret::from_presented(&text))
}

/// The link that holds a secret; `None` if the server has no URL. `path` holds the segments of the link's path.
pub(super) fn url(tx: &Transaction<'_>, path: &[&str], secret: &Secret) -> Result<Option<String>, Problem> {
    let Some(mut url) = tx.facts().server()?.url else { return Ok(None) };
    for part in path {
        url.push('/');
        for byte in part.bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                url.push(char::from(byte))
            } else {
                url.push_str(&format!("%{byte:02X}"))
            }
        }
    }
    // After the `#`, the secret stays in the browser: no server or proxy writes it into a log.
    Ok(Some(format!("{url}#{}", secret.reveal())))
}

/// The mail to the holder of a new private link; empty with `--no-mail`.
fn letters(
    address: &Name,
    dropbox: &Name,
    secrets: &IssuedSecrets,
    expires: Option<&str>,
    no_mail: bool,
) -> Vec<MailMessage> {
    let secret = secrets.secret.as_ref().filter(|_| !no_mail).map(Secret::reveal);
    let letter = |secret| {
        let link = secrets.url.as_deref().unwrap_or(secret);
        MailMessage::link(address.as_written(), dropbox.as_written(), link, expires)
    };
    secret.map(letter).into_iter().collect()
}

fn address(text: &str) -> Result<LinkSelector, Problem> {
    Name::parse_email(text).map(LinkSelector::Address)
}

impl<const AGAIN: bool> InviteArgs<AGAIN> {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        let (dropbox, life, secret) = (&self.dropbox, self.life.terms()?, new_secret()?);
        let outcome = session.write(&self.writing, ActingAs::Named, &mut |tx| {
            let id = match &self.which {
                LinkSelector::Address(address) if !AGAIN => invitation::invite(tx, dropbox, address, life, &secret)?,
                which => invitation::resend(tx, dropbox, which, life, &secret)?,
            };
            describe_link(tx, id, dropbox, &secret)
        })?;
        let NewLink { address, url, expires } = outcome.value.clone();
        let secrets = issued_secrets(&outcome, url, secret);
        let mails = letters(&address, dropbox, &secrets, expires.as_deref(), self.no_mail);
        session.report_and_mail(&outcome, &secrets, &mails)
    }
}

/// The data of a new link that its mail and the answer need.
#[derive(Clone)]
struct NewLink {
    /// The address of the person it is for.
    address: Name,
    /// The whole link; `None` if the server has no URL.
    url: Option<String>,
    /// When the link expires; `None` if never.
    expires: Option<String>,
}

fn describe_link(tx: &Transaction<'_>, id: Id, dropbox: &Name, secret: &Secret) -> Result<NewLink, Problem> {
    let link = tx.facts().resource(id)?;
    let address = Name::parse_email(link.as_ref().and_then(|it| it.as_invitation()).map_or("", |it| &it.email))?;
    let expires =
        link.as_ref().and_then(|it| it.as_invitation()).and_then(|it| it.expires).map(|time| time.to_string());
    Ok(NewLink { address, url: url(tx, &["dropbox", dropbox.as_written()], secret)?, expires })
}

/// The secret to show; nothing if no revision was committed, since the store then does not know the secret.
fn issued_secrets<T>(outcome: &ChangeOutcome<T>, url: Option<String>, secret: Secret) -> IssuedSecrets {
    if outcome.is_committed() {
        IssuedSecrets { url, ..IssuedSecrets::secret(secret) }
    } else {
        IssuedSecrets::default()
    }
}

impl InvitesArgs {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        const COLUMNS: [Column; 8] = [
            hidden("id"),
            key("ref"),
            shown("email"),
            shown("status"),
            shown("expires"),
            hidden("after_one_upload"),
            shown("by"),
            hidden("revision"),
        ];
        let which = &self.dropbox;
        session.read(self.list.reading.at.as_deref(), |session, view| {
            let found = invitation::list(&view.transaction()?, which)?;
            let rows = found.iter().filter_map(|link| Some((link, link.as_invitation()?))).map(|(link, it)| {
                Ok(row(
                    &COLUMNS,
                    [
                        json!(link.id.0),
                        json!(link.reference()),
                        json!(it.email),
                        json!(it.status(view.at).as_str()),
                        time_value(it.expires),
                        json!(it.after_one_upload),
                        json!(view.actor_name(it.by)?),
                        json!(link.since),
                    ],
                ))
            });
            session.list(&COLUMNS, rows, &self.list.paging)
        })
    }
}

impl RevokeArgs {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        let (dropbox, which) = (&self.dropbox, &self.which);
        session.change(&self.writing, |tx| invitation::revoke(tx, dropbox, which))
    }
}

impl PublicLinkArgs {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        let which = &self.dropbox;
        if !self.is_on {
            let outcome = session.write(&self.writing, ActingAs::Named, &mut |tx| {
                public_link::turn_off(tx, which, self.revoke_issued)
            })?;
            return session.report(&outcome, &IssuedSecrets::default());
        }
        if self.revoke_issued {
            return Err(Problem::usage("usage", "--revoke-issued goes with `off`").into());
        }
        let secret = new_secret()?;
        let outcome = session.write(&self.writing, ActingAs::Named, &mut |tx| {
            public_link::turn_on(tx, which, &secret)?;
            url(tx, &["dropbox", which.as_written(), "public"], &secret)
        })?;
        let secrets = issued_secrets(&outcome, outcome.value.clone(), secret);
        session.report(&outcome, &secrets)
    }
}

impl ClaimArgs {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        let (which, address) = (&self.dropbox, &self.address);
        let link = read_secret(&self.link)?;
        let secret = new_secret()?;
        let outcome = session.write(&self.writing, ActingAs::LinkHolder, &mut |tx| {
            let id = invitation::claim(tx, which, address, &link, &secret)?;
            Ok::<_, Refusal>(describe_link(tx, id, which, &secret)?)
        })?;
        let NewLink { url, expires, .. } = outcome.value.clone();
        let secrets = issued_secrets(&outcome, url, secret);
        let mails = letters(address, which, &secrets, expires.as_deref(), self.no_mail);
        session.report_and_mail(&outcome, &secrets, &mails)
    }
}

impl SubmitArgs {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        let which = &self.dropbox;
        let submission = Submission { title: self.title.clone(), files: self.files.clone() };
        let outcome: Result<ChangeOutcome<Id>, RenderError> = match &self.link {
            Some(source) => {
                let link = read_secret(source)?;
                session.write(&self.writing, ActingAs::LinkHolder, &mut |tx| {
                    invitation::submit_with(tx, which, &link, &submission)
                })
            }
            None => session.write(&self.writing, ActingAs::Named, &mut |tx| {
                if tx.actor == Actor::Operator {
                    return Err(Problem::usage("no_sender", "a submission needs a sender")
                        .why("the operator is not an account")
                        .tip("add --as USER, or --link - and the link's secret on standard input"));
                }
                invitation::submit_as(tx, which, &submission)
            }),
        };
        session.report(&outcome?, &IssuedSecrets::default())
    }
}
