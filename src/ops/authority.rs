//! Which right a change of a row takes: asked when a change is known only by its rows, as in undo.

use super::account::role_of;
use super::{Result, Work};
use crate::model::action::Destination;
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
        RowChange::Binding(before, after) => binding(work, before.as_deref(), after.as_ref()),
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
            (Some(of_before), Some(of_after)) => {
                let mut needed = account(of_before, of_after, any.id);
                // Anyone may edit their own account, but not become somebody of another name.
                if before.map(|it| &it.name) != after.map(|it| &it.name) {
                    needed.push((Action::Plain(Verb::Delete), any.id));
                }
                if before.map(|it| &it.sets) != after.map(|it| &it.sets) {
                    needed.push((Action::Plain(Verb::Edit), any.id));
                }
                needed
            }
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
        (Kind::Endpoint, _) if created => plain(Verb::CreateEndpoint, Id::SERVER),
        (Kind::Endpoint, _) => plain(if removed { Verb::Delete } else { Verb::Edit }, any.id),
        (Kind::Item, Some(parent)) => item(work, before, after, parent)?,
        // The server's settings, and the ledger of packages, which nobody but an admin may take back.
        _ => plain(Verb::Configure, Id::SERVER),
    })
}

/// An item comes by an upload, or with its endpoint; it goes by a removal; else it is renamed, moved
/// or described anew.
fn item<F: Facts + ?Sized>(
    work: &Work<'_, F>,
    before: Option<&Resource>,
    after: Option<&Resource>,
    parent: Id,
) -> Result<Vec<(Action, Id)>> {
    let plain = Action::Plain;
    Ok(match (before, after) {
        (None, Some(new)) if new.is_root() => Vec::new(),
        (None, Some(new)) => {
            let is_folder = new.as_item().is_some_and(|it| it.is_folder());
            vec![(plain(if is_folder { Verb::CreateFolder } else { Verb::Upload }), parent)]
        }
        (Some(old), None) if old.is_root() => Vec::new(),
        (Some(old), None) => vec![(plain(Verb::Delete), old.id)],
        (Some(old), Some(new)) if old.parent != new.parent => {
            let to = Destination { folder: parent, is_registered: true, of_file: false };
            vec![(Action::MoveTo(to), old.id)]
        }
        (Some(old), Some(new)) if old.name != new.name => vec![(plain(Verb::Rename), old.id)],
        (Some(old), Some(_)) => {
            // Its size: an upload over it. Whose files or home it is: the endpoint's administrators.
            let endpoint = work.outermost(old.id)?;
            let is_file = old.as_item().is_some_and(|it| !it.is_folder());
            vec![if is_file { (plain(Verb::Overwrite), old.id) } else { (plain(Verb::Edit), endpoint) }]
        }
        (None, None) => Vec::new(),
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
        Kind::Endpoint => {
            let sides =
                before.map(|it| Action::Revoke(it.role)).into_iter().chain(after.map(|it| Action::Assign(it.role)));
            sides.map(|action| (action, on)).collect()
        }
        // Ownership is given and taken by the endpoint's administrators; anyone may give up their own.
        Kind::Item if any.role == Role::ItemOwner => {
            let gives_up = after.is_none() && work.actor.principal() == Some(any.principal);
            if gives_up { Vec::new() } else { vec![(Action::Plain(Verb::Edit), work.outermost(on)?)] }
        }
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
