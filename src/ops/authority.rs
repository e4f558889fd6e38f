//! Which right a change of a row takes: asked when a change is known only by its rows, as in undo.

use super::account::role_of;
use super::{Result, Work};
use crate::model::attributes::{Account, InvitationState, Setting};
use crate::model::{Action, Binding, Id, Kind, Resource, Role, Verb};
use crate::policy::{Facts, RowChange};

/// The questions that must be allowed for a row to go from `before` to `after`.
///
/// # Errors
/// When the facts cannot be read.
pub fn needed<F: Facts + ?Sized>(work: &Work<'_, F>, row: &RowChange) -> Result<Vec<(Action, Id)>> {
    match row {
        RowChange::Resource(before, after) => resource(work, before.as_deref(), after.as_deref()),
        RowChange::Binding(before, after) => binding(work, before.as_ref(), after.as_ref()),
    }
}

fn resource<F: Facts + ?Sized>(
    work: &Work<'_, F>,
    before: Option<&Resource>,
    after: Option<&Resource>,
) -> Result<Vec<(Action, Id)>> {
    let Some(any) = after.or(before) else { return Ok(Vec::new()) };
    let plain = |verb, on| vec![(Action::Plain(verb), on)];
    let created = before.is_none();
    let removed = after.is_none();
    Ok(match (any.kind(), any.parent) {
        (Kind::Account, _) => match (before.and_then(Resource::as_account), after.and_then(Resource::as_account)) {
            (Some(before), Some(after)) => account(before, after, any.id),
            (None, _) => vec![(
                Action::CreateAccount(role_of(work.facts(), any.id)?.map_or(Role::ServerUser, |(_, role)| role)),
                Id::SERVER,
            )],
            (Some(_), None) => plain(Verb::Delete, any.id),
        },
        (Kind::Group | Kind::Workgroup | Kind::Dropbox, _) if created => plain(creation(any.kind()), Id::SERVER),
        (Kind::Group | Kind::Workgroup | Kind::Dropbox, _) if removed => plain(Verb::Delete, any.id),
        (Kind::Group | Kind::Workgroup | Kind::Dropbox, _) => plain(Verb::Edit, any.id),
        (Kind::Org, _) if removed => plain(Verb::Delete, any.id),
        (Kind::Org, _) if !created => plain(Verb::Edit, any.id),
        (Kind::Workspace, Some(org)) if created => plain(Verb::CreateWorkspace, org),
        (Kind::Workspace, _) if removed => plain(Verb::Delete, any.id),
        (Kind::Workspace, Some(org)) => workspace(before, after, any.id, org),
        (Kind::SigningKey | Kind::AccessToken | Kind::Media | Kind::Stream, Some(parent)) => {
            lying_in(work, before, after, parent)?
        }
        (Kind::Invitation, Some(org)) if is_org(work, org)? => {
            let gives = after.and_then(Resource::as_invitation).is_some_and(|it| it.state == InvitationState::Active);
            plain(if gives { Verb::Invite } else { Verb::CancelInvitation }, org)
        }
        (Kind::Invitation, Some(dropbox)) => {
            plain(if removed { Verb::RevokeInvitation } else { Verb::Invite }, dropbox)
        }
        (Kind::PublicLink, Some(dropbox)) => plain(Verb::SetPublicLink, dropbox),
        (Kind::Invitee, _) => Vec::new(),
        // The server's settings, and the ledger of packages, which nobody but an admin may take back.
        _ => plain(Verb::Configure, Id::SERVER),
    })
}

fn is_org<F: Facts + ?Sized>(work: &Work<'_, F>, id: Id) -> Result<bool> {
    Ok(work.facts().resource(id)?.is_some_and(|it| it.kind() == Kind::Org))
}

/// What a change of a workspace takes: as when it is set, the details one thing and its files another.
fn workspace(before: Option<&Resource>, after: Option<&Resource>, id: Id, org: Id) -> Vec<(Action, Id)> {
    let sides = (before.and_then(Resource::as_workspace), after.and_then(Resource::as_workspace));
    let (Some(before), Some(after)) = sides else { return Vec::new() };
    let mut needed = Vec::new();
    if before.description != after.description {
        needed.push((Action::Plain(Verb::Edit), id));
    }
    if (before.files, before.root_upload) != (after.files, after.root_upload) {
        needed.push((Action::Plain(Verb::CreateWorkspace), org));
    }
    needed
}

/// What a change of a key, a token, a media file or a stream takes.
fn lying_in<F: Facts + ?Sized>(
    work: &Work<'_, F>,
    before: Option<&Resource>,
    after: Option<&Resource>,
    parent: Id,
) -> Result<Vec<(Action, Id)>> {
    let Some(any) = after.or(before) else { return Ok(Vec::new()) };
    let is_ended = |it: Option<&Resource>| it.and_then(Resource::as_token).is_some_and(|token| token.revoked);
    // A token that was revoked and would live again is as good as a new one.
    let made = before.is_none() || (is_ended(before) && !is_ended(after));
    let (verb, on) = match (any.kind(), made, after.is_none()) {
        (Kind::SigningKey, true, false) => (Verb::CreateSigningKey, work.outermost(parent)?),
        (Kind::AccessToken, true, false) => (Verb::CreateAccessToken, work.outermost(parent)?),
        (Kind::Media, true, false) => (Verb::CreateMedia, parent),
        (Kind::Stream, true, false) => (Verb::CreateStream, parent),
        (Kind::AccessToken, ..) => (Verb::Revoke, any.id),
        (_, _, true) | (Kind::SigningKey, ..) => (Verb::Delete, any.id),
        _ => (Verb::Update, any.id),
    };
    Ok(vec![(Action::Plain(verb), on)])
}

const fn creation(kind: Kind) -> Verb {
    match kind {
        Kind::Workgroup => Verb::CreateWorkgroup,
        Kind::Dropbox => Verb::CreateDropbox,
        _ => Verb::CreateGroup,
    }
}

fn account(before: &Account, after: &Account, id: Id) -> Vec<(Action, Id)> {
    let mut needed = Vec::new();
    if before.active != after.active {
        needed.push((Action::Plain(if after.active { Verb::Activate } else { Verb::Deactivate }), id));
    }
    if before.email != after.email || before.display_name != after.display_name {
        needed.push((Action::Plain(Verb::Edit), id));
    }
    if before.expires != after.expires {
        needed.push((Action::Set(Setting::Expires), id));
    }
    for setting in Setting::SWITCHES {
        if before.settings.get(setting) != after.settings.get(setting) {
            needed.push((Action::Set(setting), id));
        }
    }
    needed
}

fn binding<F: Facts + ?Sized>(
    work: &Work<'_, F>,
    before: Option<&Binding>,
    after: Option<&Binding>,
) -> Result<Vec<(Action, Id)>> {
    let Some(any) = after.or(before) else { return Ok(Vec::new()) };
    let on = any.resource;
    let both = before.is_some() && after.is_some();
    let is_admin =
        |it: Option<&Binding>| it.is_some_and(|it| matches!(it.role, Role::WorkgroupAdmin | Role::DropboxAdmin));
    Ok(match any.role.on() {
        // A new or a removed account comes and goes with its role.
        Kind::Server if both => after.map(|it| (Action::SetRole(it.role), it.principal)).into_iter().collect(),
        Kind::Group | Kind::Workgroup | Kind::Dropbox if any.role != Role::DropboxOutside => {
            let is_group = work.facts().resource(any.principal)?.is_some_and(|it| it.kind() == Kind::Group);
            let giving = after.is_some_and(|it| !it.attributes.inactive) && (is_admin(after) || !is_admin(before));
            let verb = match (is_admin(before) || is_admin(after), is_group && any.role.on() != Kind::Group, giving) {
                (true, _, true) => Verb::AddAdmin,
                (true, _, false) => Verb::RemoveAdmin,
                (false, true, true) => Verb::AddGroup,
                (false, true, false) => Verb::RemoveGroup,
                (false, false, true) => Verb::AddMember,
                (false, false, false) => Verb::RemoveMember,
            };
            vec![(Action::Plain(verb), on)]
        }
        Kind::Org => vec![(Action::Plain(if after.is_some() { Verb::EditMember } else { Verb::RemoveMember }), on)],
        Kind::Workspace => {
            vec![(Action::Plain(if after.is_some() { Verb::AddMember } else { Verb::RemoveMember }), on)]
        }
        _ => Vec::new(),
    })
}
