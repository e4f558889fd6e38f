//! The `org` commands for members and invitations.
//!
//! Secrets are read from standard input or a file, and are shown once, on standard output (and by mail).

use clap::Args;
use serde_json::{Value, json};

use super::args::{
    PageArgs, ReadArgs, SecretSource, WriteArgs, account, invitation, names, org_roles, reference, workspace_of,
};
use super::binding_columns::BindingColumns;
use super::change::{ActingAs, ChangeOutcome, IssuedSecret, IssuedSecrets};
use super::links::{new_secret, read_secret_of, url};
use super::mail::MailMessage;
use super::session::Session;
use super::view::ReadView;
use super::{Outcome, complete};
use crate::model::secret::Secret;
use crate::model::time::Expiry;
use crate::model::time::time_value;
use crate::model::{Kind, Name, Problem, Reference, Resource, Role};
use crate::ops::invitation::LinkSelector;
use crate::ops::org_invitation::{self, InvitationTerms};
use crate::ops::{org, org_member};
use crate::policy::Facts;
use crate::render::{Column, RenderError, hidden, key, row, shown};

#[derive(Args, Debug)]
pub(super) struct MembersArgs {
    /// The organization
    #[arg(value_name = "ORG", value_parser = names(Kind::Org), add = complete::orgs())]
    org: Name,
    #[command(flatten)]
    paging: PageArgs,
    #[command(flatten)]
    reading: ReadArgs,
}

#[derive(Args, Debug)]
pub(super) struct InviteArgs {
    /// The organization
    #[arg(value_name = "ORG", value_parser = names(Kind::Org), add = complete::orgs())]
    org: Name,
    /// E-mail addresses (can be repeated)
    #[arg(value_name = "ADDRESS", value_parser = Name::parse_new_email, required = true)]
    addresses: Vec<Name>,
    /// The role to invite to
    #[arg(long, value_name = "ROLE", required = true, value_parser = org_roles())]
    role: Role,
    /// A workspace that comes with the invitation, for the role `member` (can be repeated)
    #[arg(long = "workspace", value_name = "WORKSPACE", add = complete::workspaces())]
    workspaces: Vec<String>,
    /// When the invitation expires: a length such as `7d`, a day, a time, or `never` (a day begins at 00:00 UTC) [default: 7d]
    #[arg(long, value_name = "WHEN", value_parser = Expiry::parse)]
    expires: Option<Expiry>,
    /// Mail nothing, even if a mail server is configured
    #[arg(long)]
    no_mail: bool,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
pub(super) struct InvitesArgs {
    /// The organization
    #[arg(value_name = "ORG", value_parser = names(Kind::Org), add = complete::orgs())]
    org: Name,
    #[command(flatten)]
    paging: PageArgs,
    #[command(flatten)]
    reading: ReadArgs,
}

#[derive(Args, Debug)]
pub(super) struct CancelInvite {
    /// The organization
    #[arg(value_name = "ORG", value_parser = names(Kind::Org), add = complete::orgs())]
    org: Name,
    /// The address invited, or `invitation:NUMBER`
    #[arg(value_name = "ADDRESS", value_parser = invitation)]
    which: LinkSelector,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
pub(super) struct AcceptArgs {
    /// The organization
    #[arg(value_name = "ORG", value_parser = names(Kind::Org))]
    org: Name,
    /// The file that holds the invitation's secret, or `-` for standard input
    #[arg(long, value_name = "FILE|-", allow_hyphen_values = true, value_parser = clap::value_parser!(SecretSource))]
    secret: SecretSource,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
pub(super) struct SetRoleArgs {
    /// The organization
    #[arg(value_name = "ORG", value_parser = names(Kind::Org), add = complete::orgs())]
    org: Name,
    /// The member
    #[arg(value_name = "USER", value_parser = account, add = complete::accounts())]
    user: Reference,
    /// The role
    #[arg(value_name = "ROLE", value_parser = org_roles())]
    role: Role,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
pub(super) struct SetWorkspacesArgs {
    /// The organization
    #[arg(value_name = "ORG", value_parser = names(Kind::Org), add = complete::orgs())]
    org: Name,
    /// The member
    #[arg(value_name = "USER", value_parser = account, add = complete::accounts())]
    user: Reference,
    /// The workspaces to give; all others are taken away, and all if none is named
    #[arg(value_name = "WORKSPACE", add = complete::workspaces())]
    workspaces: Vec<String>,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
pub(super) struct RemoveMemberArgs {
    /// The organization
    #[arg(value_name = "ORG", value_parser = names(Kind::Org), add = complete::orgs())]
    org: Name,
    /// The members (can be repeated)
    #[arg(value_name = "USER", value_parser = reference, required = true, add = complete::accounts())]
    users: Vec<Reference>,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
pub(super) struct LeaveArgs {
    /// The organization
    #[arg(value_name = "ORG", value_parser = names(Kind::Org), add = complete::orgs())]
    org: Name,
    /// Make this member an admin in the same revision
    #[arg(long, value_name = "USER", value_parser = account, add = complete::accounts())]
    promote: Option<Reference>,
    #[command(flatten)]
    writing: WriteArgs,
}

/// The references of the workspaces that the reader may see.
fn visible_workspaces(view: &ReadView<'_>, workspaces: &[std::rc::Rc<Resource>]) -> Result<Value, RenderError> {
    let viewer = view.viewer()?;
    let mut names = Vec::new();
    for workspace in workspaces {
        if viewer.sees(workspace)? {
            names.push(view.name(workspace.id)?);
        }
    }
    Ok(json!(names))
}

impl MembersArgs {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        const COLUMNS: [Column; 5] =
            [hidden("ref"), key("member"), shown("role"), shown("workspaces"), hidden("revision")];
        let which = &self.org;
        session.read(self.reading.at.as_deref(), |session, view| {
            let org = view.find(Kind::Org, which)?;
            let tx = view.transaction()?;
            let shared = BindingColumns::read(view)?;
            session.list_sorted(&shared.with(&COLUMNS), &self.paging, |put| {
                for member in org::members(&tx, &org)? {
                    let workspaces = org::workspaces_of(&tx, org.id, &member)?;
                    let name = view.participant(&member, member.principal)?;
                    let values = [
                        json!(org.reference()),
                        json!(name),
                        json!(member.role.as_str()),
                        visible_workspaces(view, &workspaces)?,
                        json!(member.since),
                    ];
                    let mut row = row(&COLUMNS, values);
                    shared.add(view, &member, &mut row)?;
                    put(&crate::model::name::key(&name), row)?;
                }
                Ok(())
            })
        })
    }
}

impl InviteArgs {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        let org = &self.org;
        let workspaces = self.workspaces.iter().map(|text| workspace_of(org, text)).collect::<Result<_, _>>()?;
        let terms = InvitationTerms { role: self.role, workspaces, expires: self.expires };
        let addresses = self
            .addresses
            .iter()
            .map(|address| Ok((address.clone(), new_secret()?)))
            .collect::<Result<Vec<_>, Problem>>()?;
        let outcome = session.write(&self.writing, ActingAs::Named, &mut |tx| {
            let ids = org_invitation::invite(tx, org, &terms, &addresses)?;
            let first = ids.first().map(|id| tx.facts().resource(*id)).transpose()?.flatten();
            let expires = first.as_ref().and_then(|it| it.as_invitation()).and_then(|it| it.expires);
            let mut urls = Vec::new();
            for (_, secret) in &addresses {
                urls.push(url(tx, &["org", org.as_written(), "invitation"], secret)?);
            }
            Ok::<_, Problem>((expires.map(|time| time.to_string()), urls))
        })?;
        let (expires, urls) = outcome.value.clone();
        let letter = |((address, secret), url): (&(Name, Secret), &Option<String>)| {
            let text = url.as_deref().unwrap_or(secret.reveal());
            MailMessage::invitation(
                address.as_written(),
                org.as_written(),
                self.role.as_str(),
                text,
                expires.as_deref(),
            )
        };
        let mails: Vec<MailMessage> = addresses.iter().zip(&urls).map(letter).filter(|_| !self.no_mail).collect();
        let secrets = issued_secrets(&outcome, addresses, urls);
        session.report_and_mail(&outcome, &secrets, &mails)
    }
}

/// The secrets to show; none if no revision was committed, since the store then does not know them.
fn issued_secrets<T>(
    outcome: &ChangeOutcome<T>,
    addresses: Vec<(Name, Secret)>,
    urls: Vec<Option<String>>,
) -> IssuedSecrets {
    let issued = addresses.into_iter().zip(urls);
    let mut secrets: Vec<IssuedSecret> = issued
        .map(|((address, secret), url)| IssuedSecret { address: address.as_written().to_owned(), secret, url })
        .collect();
    match (outcome.is_committed(), secrets.len()) {
        (false, _) => IssuedSecrets::default(),
        (true, 1) => secrets.pop().map_or_else(IssuedSecrets::default, |IssuedSecret { secret, url, .. }| {
            IssuedSecrets { url, ..IssuedSecrets::secret(secret) }
        }),
        (true, _) => IssuedSecrets { secrets, ..IssuedSecrets::default() },
    }
}

impl InvitesArgs {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        const COLUMNS: [Column; 9] = [
            hidden("id"),
            key("ref"),
            shown("email"),
            shown("role"),
            shown("workspaces"),
            shown("status"),
            shown("expires"),
            shown("by"),
            hidden("revision"),
        ];
        let org = &self.org;
        session.read(self.reading.at.as_deref(), |session, view| {
            let found = org_invitation::list(&view.transaction()?, org)?;
            let rows = found.iter().filter_map(|it| Some((it, it.as_invitation()?))).map(|(invitation, it)| {
                let mut workspaces = Vec::new();
                for id in &it.workspaces {
                    // A workspace that was removed since is skipped.
                    workspaces.extend(view.facts.resource(*id)?);
                }
                Ok(row(
                    &COLUMNS,
                    [
                        json!(invitation.id.0),
                        json!(invitation.reference()),
                        json!(it.email),
                        json!(it.role.map(Role::as_str)),
                        visible_workspaces(view, &workspaces)?,
                        json!(it.status(view.at).as_str()),
                        time_value(it.expires),
                        json!(view.actor_name(it.by)?),
                        json!(invitation.since),
                    ],
                ))
            });
            session.list(&COLUMNS, rows, &self.paging)
        })
    }
}

impl CancelInvite {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        let org = &self.org;
        let which = &self.which;
        session.change(&self.writing, |tx| org_invitation::cancel(tx, org, which))
    }
}

impl AcceptArgs {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        let org = &self.org;
        let secret = read_secret_of("--secret", &self.secret)?;
        session.change(&self.writing, |tx| org_invitation::accept(tx, org, &secret))
    }
}

impl SetRoleArgs {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        let (org, who) = (&self.org, self.user.clone());
        session.change(&self.writing, |tx| org_member::set_role(tx, org, &who, self.role))
    }
}

impl SetWorkspacesArgs {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        let (org, who) = (&self.org, self.user.clone());
        let workspaces = self.workspaces.iter().map(|it| workspace_of(org, it)).collect::<Result<Vec<_>, _>>()?;
        session.change(&self.writing, |tx| org_member::set_workspaces(tx, org, &who, &workspaces))
    }
}

impl RemoveMemberArgs {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        let (org, who) = (&self.org, &self.users);
        session.change(&self.writing, |tx| org_member::remove(tx, org, who))
    }
}

impl LeaveArgs {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        let org = &self.org;
        session.change(&self.writing, |tx| org_member::leave(tx, org, self.promote.as_ref()))
    }
}
