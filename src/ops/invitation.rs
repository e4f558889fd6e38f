//! Private links of dropboxes: inviting, resending, revoking, claiming and submitting (docs/model.md#dropboxes). A
//! link is a resource of kind invitation, with the hash of its secret as its key; its invitee holds the role
//! `outside-submitter` on the dropbox while the link is active.

use std::rc::Rc;

use super::group::children;
use super::{Actor, Refusal, Result, Transaction, account, package};
use crate::model::attributes::{Attributes, File, Invitation, InvitationState, Invitee, LinkStatus};
use crate::model::catalogue::LINK;
use crate::model::secret::Secret;
use crate::model::time::{Expiry, TimeSpan};
use crate::model::{Id, Kind, Name, Problem, Resource, Role, Time, Verb};
use crate::policy::Facts;

/// The default lifetime of a private link.
pub const DEFAULT_LIFETIME: TimeSpan = TimeSpan::days(3);

/// The terms of a private link.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinkTerms {
    /// When the link expires; three days from now by default.
    pub expires: Option<Expiry>,
    /// Whether one completed submission uses up the link.
    pub after_one_upload: bool,
}

impl LinkTerms {
    fn end_time(self, now: Time) -> Result<Option<Time>> {
        let end = self.expires.unwrap_or(Expiry::In(DEFAULT_LIFETIME)).resolve_at(now);
        if end.is_some_and(|end| end <= now) {
            return Err(Problem::conflict("past_expiry", "the link would have expired before it was made")
                .tip("choose a later --expires"));
        }
        Ok(end)
    }
}

fn refusal(reason: &'static str, invitee: Option<Id>) -> Refusal {
    Refusal { problem: Box::new(bad_link()), reason, invitee }
}

/// The answer to every link that does not work, whatever the reason.
fn bad_link() -> Problem {
    let problem = Problem::denied(LINK, "this link cannot be used").coded("bad_link");
    problem.tip("ask whoever gave you the link for a new one")
}

/// Invites an outside submitter; `secret` is that of the private link.
///
/// # Errors
/// A denial; a conflict for the address of an account, or for an address that has an active link.
pub fn invite(tx: &mut Transaction<'_>, dropbox: &Name, email: &Name, life: LinkTerms, secret: &Secret) -> Result<Id> {
    let dropbox = tx.find(Kind::Dropbox, dropbox)?;
    tx.require_verb(Verb::Invite, dropbox.id)?;
    refuse_account(tx, &dropbox, email)?;
    issue(tx, &dropbox, email, life, secret)
}

/// Refuses the address of an account, and suggests to add the account as a member (docs/model.md#dropboxes).
fn refuse_account(tx: &Transaction<'_>, dropbox: &Resource, email: &Name) -> Result<()> {
    let Some(account) = account::with_address(tx.facts(), email)? else { return Ok(()) };
    let who = if tx.sees(&account)? { account.shell_name() } else { "NAME".to_owned() };
    Err(Problem::conflict("address_of_account", format!("`{email}` is the address of an account"))
        .why("seed 004: You are able to invite external users (people who don’t have a Faspex account) to submit to a Dropbox, which they can do with a private URL to the Dropbox submission page that is emailed to them when they’re invited.")
        .tip(format!("rolebook dropbox add-member {} {who} --level submit-only", dropbox.shell_name())))
}

/// Creates the link, and the invitee if it is new. The caller has asked for the right.
fn issue(tx: &mut Transaction<'_>, dropbox: &Resource, email: &Name, life: LinkTerms, secret: &Secret) -> Result<Id> {
    let expires = life.end_time(tx.at)?;
    let invitee = match tx.facts().named(Kind::Invitee, None, email.key())? {
        Some(existing) => existing.id,
        None => tx.create(None, email, Attributes::Invitee(Invitee::default()))?,
    };
    if let Some(binding) = tx.facts().held(dropbox.id, Role::DropboxOutside, invitee)? {
        if binding.is_effective(tx.at) {
            return Err(Problem::conflict(
                "invited_already",
                format!("`{email}` has an active link to {}", dropbox.reference()),
            )
            .why("one active invitation per address")
            .tip(shell_command("resend", dropbox, email)));
        }
        tx.end_binding(binding.id);
    }
    let invitation = Invitation {
        invitee: Some(invitee),
        email: email.as_written().to_owned(),
        by: tx.actor.principal(),
        created: tx.at,
        expires,
        after_one_upload: life.after_one_upload,
        role: None,
        workspaces: Vec::new(),
        state: InvitationState::Active,
    };
    let id = tx.create_unnamed(Some(dropbox.id), Some(secret), Attributes::Invitation(invitation));
    let binding = tx.bind(dropbox.id, invitee, Role::DropboxOutside);
    if let Some(mut binding) = tx.facts().held(dropbox.id, Role::DropboxOutside, invitee)?.filter(|it| it.id == binding)
    {
        binding.expires = expires;
        binding.attributes.invitation = Some(id.0);
        tx.put_binding(binding);
    }
    Ok(id)
}

/// Selects a link of a dropbox, or an invitation to an organization.
#[derive(Clone, Debug)]
pub enum LinkSelector {
    /// The newest link of an e-mail address.
    Address(Name),
    /// The link of that number.
    Number(u64),
}

impl std::fmt::Display for LinkSelector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LinkSelector::Address(address) => f.write_str(address.as_written()),
            LinkSelector::Number(number) => write!(f, "invitation:{number}"),
        }
    }
}

/// The selected link of a dropbox, with its attributes.
fn select_link(tx: &Transaction<'_>, dropbox: &Resource, which: &LinkSelector) -> Result<(Rc<Resource>, Invitation)> {
    let found = match which {
        LinkSelector::Address(email) => newest(tx, dropbox, email)?,
        LinkSelector::Number(number) => {
            let existing = tx.facts().resource(Id(*number))?;
            existing.filter(|it| it.kind() == Kind::Invitation && it.parent == Some(dropbox.id))
        }
    };
    let it = found.as_ref().and_then(|link| link.as_invitation()).cloned();
    found.zip(it).ok_or_else(|| no_link(dropbox, which))
}

/// The newest link of an address to a dropbox.
fn newest(tx: &Transaction<'_>, dropbox: &Resource, email: &Name) -> Result<Option<Rc<Resource>>> {
    let Some(invitee) = tx.facts().named(Kind::Invitee, None, email.key())? else { return Ok(None) };
    let links = children(tx, Kind::Invitation, dropbox.id)?;
    Ok(links
        .into_iter()
        .filter(|link| link.as_invitation().is_some_and(|it| it.invitee == Some(invitee.id)))
        .max_by_key(|link| link.id))
}

/// A `rolebook dropbox` command about the link of an address, quoted for a shell.
fn shell_command(verb: &str, dropbox: &Resource, email: &Name) -> String {
    use crate::model::name::shell_quote;
    format!("rolebook dropbox {verb} {} {}", dropbox.shell_name(), shell_quote(email.as_written()))
}

fn no_link(dropbox: &Resource, which: &LinkSelector) -> Problem {
    let problem = Problem::not_found(&format!("invitation to {}", dropbox.reference()), &which.to_string());
    match which {
        LinkSelector::Address(email) => problem.tip(shell_command("invite", dropbox, email)),
        LinkSelector::Number(_) => problem.tip(format!("rolebook dropbox invites {}", dropbox.shell_name())),
    }
}

/// Replaces a link by a new one on the same terms, and revokes the old one.
///
/// # Errors
/// A denial; "no such invitation" for a link that was used or revoked.
pub fn resend(
    tx: &mut Transaction<'_>,
    dropbox: &Name,
    which: &LinkSelector,
    life: LinkTerms,
    secret: &Secret,
) -> Result<Id> {
    let dropbox = tx.find(Kind::Dropbox, dropbox)?;
    tx.require_verb(Verb::Invite, dropbox.id)?;
    let (link, old) = select_link(tx, &dropbox, which)?;
    if old.state != InvitationState::Active {
        return Err(no_link(&dropbox, which));
    }
    let email = Name::parse_email(&old.email)?;
    let expires = life.expires.unwrap_or_else(|| match old.expires {
        None => Expiry::Never,
        Some(end) => Expiry::In(TimeSpan(end.0.saturating_sub(old.created.0))),
    });
    end_link(tx, &link, &old, InvitationState::Revoked)?;
    let life = LinkTerms { expires: Some(expires), after_one_upload: life.after_one_upload || old.after_one_upload };
    issue(tx, &dropbox, &email, life, secret)
}

/// Revokes a link; warns if it was used or revoked before.
///
/// # Errors
/// A denial; "no such invitation".
pub fn revoke(tx: &mut Transaction<'_>, dropbox: &Name, which: &LinkSelector) -> Result<()> {
    let dropbox = tx.find(Kind::Dropbox, dropbox)?;
    tx.require_verb(Verb::RevokeInvitation, dropbox.id)?;
    let (link, old) = select_link(tx, &dropbox, which)?;
    if old.state == InvitationState::Active {
        return end_link(tx, &link, &old, InvitationState::Revoked);
    }
    tx.warnings.push(format!("the link of `{}` was {} already", old.email, old.state.as_str()));
    Ok(())
}

/// Revokes every active link that was claimed through the public link.
pub(super) fn revoke_claimed(tx: &mut Transaction<'_>, dropbox: &Resource) -> Result<()> {
    for link in children(tx, Kind::Invitation, dropbox.id)? {
        if let Some(it) = link.as_invitation()
            && it.state == InvitationState::Active
            && it.by == Some(Id::ANYONE)
        {
            end_link(tx, &link, &it.clone(), InvitationState::Revoked)?;
        }
    }
    Ok(())
}

fn end_link(tx: &mut Transaction<'_>, link: &Resource, it: &Invitation, state: InvitationState) -> Result<()> {
    tx.put_attributes(link, Attributes::Invitation(Invitation { state, ..it.clone() }));
    let (Some(dropbox), Some(invitee)) = (link.parent, it.invitee) else { return Ok(()) };
    if let Some(binding) = tx.facts().held(dropbox, Role::DropboxOutside, invitee)?
        && binding.attributes.invitation == Some(link.id.0)
    {
        tx.end_binding(binding.id);
    }
    Ok(())
}

/// Claims a private link with the public link of a dropbox; the holder needs no account. An earlier link that was
/// claimed for the address is replaced.
///
/// # Errors
/// The same denial for every link that does not work, with the true reason for the log; also for an address that
/// was invited, so that nobody learns who was invited.
pub fn claim(
    tx: &mut Transaction<'_>,
    dropbox: &Name,
    email: &Name,
    link: &Secret,
    secret: &Secret,
) -> std::result::Result<Id, Refusal> {
    tx.actor = Actor::Principal(Id::ANYONE);
    let Some(dropbox) = tx.facts().named(Kind::Dropbox, None, dropbox.key())? else {
        return Err(refusal("no such dropbox", None));
    };
    let existing = tx.facts().named(Kind::PublicLink, Some(dropbox.id), &link.hash())?;
    if existing.is_none() {
        return Err(refusal("unknown or withdrawn public link", None));
    }
    if !tx.facts().server()?.public_links {
        return Err(refusal("the server does not allow public links", None));
    }
    tx.disclose(dropbox.id);
    if let Some(existing) = newest(tx, &dropbox, email)?
        && let Some(it) = existing.as_invitation().filter(|it| it.status(tx.at) == LinkStatus::Active).cloned()
    {
        if it.by != Some(Id::ANYONE) {
            return Err(refusal("the address has an invitation", None));
        }
        end_link(tx, &existing, &it, InvitationState::Revoked)?;
    }
    Ok(issue(tx, &dropbox, email, LinkTerms::default(), secret)?)
}

/// A package to submit to a dropbox.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The title of the package.
    pub title: String,
    /// The files in the package.
    pub files: Vec<File>,
}

/// Submits with a private link. The same draft marks a link for one upload as used.
///
/// # Errors
/// The same denial for every link that does not work, with the true reason for the log.
pub fn submit_with(
    tx: &mut Transaction<'_>,
    dropbox: &Name,
    link: &Secret,
    submission: &Submission,
) -> std::result::Result<Id, Refusal> {
    let Some(dropbox) = tx.facts().named(Kind::Dropbox, None, dropbox.key())? else {
        return Err(refusal("no such dropbox", None));
    };
    let existing = tx.facts().named(Kind::Invitation, Some(dropbox.id), &link.hash())?;
    let Some(existing) = existing else { return Err(refusal("unknown link", None)) };
    let Some((it, submitter)) = existing.as_invitation().and_then(|it| Some((it, it.invitee?))) else {
        return Err(refusal("unknown link", None));
    };
    let invitee = Some(submitter);
    match it.status(tx.at) {
        LinkStatus::Active => {}
        LinkStatus::Used => return Err(refusal("the link was used", invitee)),
        LinkStatus::Expired => return Err(refusal("the link is expired", invitee)),
        LinkStatus::Revoked => return Err(refusal("the link was revoked", invitee)),
    }
    tx.actor = Actor::Principal(submitter);
    tx.disclose(dropbox.id);
    // The evaluator decides here as everywhere.
    tx.require_verb(Verb::Submit, dropbox.id).map_err(|_| refusal("the outside submitter may not submit", invitee))?;
    if it.after_one_upload {
        end_link(tx, &existing, &it.clone(), InvitationState::Used)?;
    }
    Ok(package::record(tx, submitter, &submission.title, &submission.files, &[dropbox.id], &[], None)?)
}

/// Submits as a member.
///
/// # Errors
/// A denial; "no such dropbox"; a usage problem for the operator.
pub fn submit_as(tx: &mut Transaction<'_>, dropbox: &Name, submission: &Submission) -> Result<Id> {
    let dropbox = tx.find(Kind::Dropbox, dropbox)?;
    let sender = package::sender(tx)?;
    tx.require_verb(Verb::Submit, dropbox.id)?;
    package::record(tx, sender, &submission.title, &submission.files, &[dropbox.id], &[], None)
}

/// The private links of a dropbox, oldest first.
///
/// # Errors
/// A denial.
pub fn list(tx: &Transaction<'_>, dropbox: &Name) -> Result<Vec<Rc<Resource>>> {
    let dropbox = tx.find(Kind::Dropbox, dropbox)?;
    if !tx.may(crate::model::Action::Plain(Verb::RevokeInvitation), dropbox.id)? {
        tx.require_verb(Verb::Invite, dropbox.id)?;
    }
    let mut links = children(tx, Kind::Invitation, dropbox.id)?;
    links.sort_by_key(|link| link.id);
    Ok(links)
}
