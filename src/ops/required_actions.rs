//! The rights that a change takes which is known only by its rows: an undo, or an adoption by a manifest.
//!
//! Every operation asks for its own rights. This module reads the same rights off the rows that a change leaves
//! behind, so that undo and adoption cannot bypass a right. The matches name every kind and every role, so a new one
//! does not compile until its rights are stated. `enforce` asks for the rights; `bindings` has those of bindings.

mod bindings;
mod enforce;

use super::account::{role_of, settings_between};
pub use super::adoption::ActionOn;
use super::adoption::{adoption, identification, plain};
use super::change_index::ChangeIndex;
use super::{Result, Transaction};
use crate::model::action::Destination;
use crate::model::attributes::{Account, InvitationState, Setting};
use crate::model::{Action, Id, Kind, Resource, Role, Verb};
use crate::policy::{Facts, RowChange};
use bindings::binding;

pub use enforce::{RefusedRow, first_refused, require};

/// The actions that must be allowed for a change of one row.
#[derive(Clone, PartialEq, Debug)]
pub enum RequiredActions {
    /// All actions of any one of these lists. If there is no list, nobody may make the change.
    AnyOf(Vec<Vec<ActionOn>>),
    /// The rights over a share, which depend on its sharer and not on its item alone.
    Share,
}

impl RequiredActions {
    /// No action: the row comes or goes with another row, whose actions are required.
    fn nothing() -> RequiredActions {
        RequiredActions::AnyOf(vec![Vec::new()])
    }

    /// A change that nobody may make.
    const fn impossible() -> RequiredActions {
        RequiredActions::AnyOf(Vec::new())
    }

    fn all(asked: Vec<ActionOn>) -> RequiredActions {
        RequiredActions::AnyOf(vec![asked])
    }

    fn verb(verb: Verb, on: Id) -> RequiredActions {
        RequiredActions::all(vec![(Action::Plain(verb), on)])
    }

    /// These actions, or all of `other`.
    fn or(self, other: Vec<ActionOn>) -> RequiredActions {
        match self {
            RequiredActions::AnyOf(mut any) => {
                any.push(other);
                RequiredActions::AnyOf(any)
            }
            RequiredActions::Share => RequiredActions::Share,
        }
    }

    /// These actions, or those of `other`.
    fn or_else(self, other: RequiredActions) -> RequiredActions {
        match other {
            RequiredActions::AnyOf(any) => any.into_iter().fold(self, RequiredActions::or),
            RequiredActions::Share => self,
        }
    }

    /// These actions, and all of `more`.
    fn and(self, more: &[ActionOn]) -> RequiredActions {
        match self {
            RequiredActions::AnyOf(any) => {
                RequiredActions::AnyOf(any.into_iter().map(|asked| [asked.as_slice(), more].concat()).collect())
            }
            RequiredActions::Share => RequiredActions::Share,
        }
    }
}

/// The actions that one row of a change takes.
///
/// `tx` has the change in its draft. `author` is the account that made the revision which the change undoes; it may
/// take back what it made as long as it could make it again.
///
/// # Errors
/// When the facts cannot be read.
pub fn required_actions(
    tx: &Transaction<'_>,
    rows: &ChangeIndex<'_>,
    row: &RowChange,
    author: Option<Id>,
) -> Result<RequiredActions> {
    if rows.comes_with_another(row) || rows.goes_with_another(row) {
        return Ok(RequiredActions::nothing());
    }
    let is_author = author.is_some() && author == tx.actor.principal();
    match row {
        RowChange::Resource(None, Some(made)) => creation(tx, rows, made),
        RowChange::Resource(Some(gone), None) => {
            let removal = removal(tx, gone)?;
            // The author of a resource may take it back (docs/model.md#undo).
            if is_author { Ok(removal.or_else(creation(tx, rows, gone)?)) } else { Ok(removal) }
        }
        RowChange::Resource(Some(before), Some(after)) => {
            let changed = change(tx, rows, before, after)?;
            if before.sets == after.sets { Ok(changed) } else { Ok(changed.and(&adoption(tx, after)?)) }
        }
        RowChange::Binding(before, after) => binding(tx, rows, before.as_deref(), after.as_ref()),
        RowChange::Resource(None, None) => Ok(RequiredActions::nothing()),
    }
}

/// The actions that it takes to create a resource, or to create it again.
fn creation(tx: &Transaction<'_>, rows: &ChangeIndex<'_>, made: &Resource) -> Result<RequiredActions> {
    let on_server = |verb| RequiredActions::verb(verb, Id::SERVER);
    Ok(match (made.kind(), made.parent) {
        (Kind::Account, _) => account_creation(tx, rows, made)?,
        (Kind::Group, _) => on_server(Verb::CreateGroup),
        (Kind::Workgroup, _) => on_server(Verb::CreateWorkgroup),
        (Kind::Dropbox, _) => on_server(Verb::CreateDropbox),
        (Kind::Org, _) => on_server(Verb::CreateOrg),
        (Kind::Endpoint, _) => {
            let opened = made.as_endpoint().and_then(|it| it.of).map(|of| tx.outermost(of)).transpose()?;
            let host: Vec<ActionOn> = opened.into_iter().map(|host| plain(Verb::Edit, host)).collect();
            on_server(Verb::CreateEndpoint).and(&host)
        }
        (Kind::Workspace, Some(org)) => RequiredActions::verb(Verb::CreateWorkspace, org),
        (Kind::SigningKey, Some(parent)) => RequiredActions::verb(Verb::CreateSigningKey, tx.outermost(parent)?),
        (Kind::AccessToken, Some(parent)) => RequiredActions::verb(Verb::CreateAccessToken, tx.outermost(parent)?),
        (Kind::Media, Some(parent)) => RequiredActions::verb(Verb::CreateMedia, parent),
        (Kind::Stream, Some(parent)) => RequiredActions::verb(Verb::CreateStream, parent),
        (Kind::Invitation, Some(parent)) => RequiredActions::verb(Verb::Invite, parent),
        (Kind::PublicLink, Some(dropbox)) => RequiredActions::verb(Verb::SetPublicLink, dropbox),
        (Kind::Item, Some(parent)) => item_creation(tx, rows, made, parent)?,
        (Kind::Package, _) => package_creation(tx, made)?,
        (Kind::ExternalId, Some(of)) => RequiredActions::all(identification(tx, of)?),
        (Kind::Server | Kind::Invitee | Kind::Acceptance | Kind::Review | Kind::ReviewDecision, _) => {
            on_server(Verb::Configure)
        }
        // These kinds always have a parent.
        (
            Kind::Workspace
            | Kind::SigningKey
            | Kind::AccessToken
            | Kind::Media
            | Kind::Stream
            | Kind::Invitation
            | Kind::PublicLink
            | Kind::Item
            | Kind::ExternalId,
            None,
        ) => RequiredActions::impossible(),
    })
}

/// The actions that it takes to create an account. The right to create accounts in a workgroup or dropbox covers
/// users only, as members of it and without further settings (docs/model.md#workgroups).
fn account_creation(tx: &Transaction<'_>, rows: &ChangeIndex<'_>, made: &Resource) -> Result<RequiredActions> {
    let role = match role_of(tx.facts(), made.id)? {
        Some((_, role)) => role,
        None => rows.server_role(made.id).unwrap_or(Role::ServerUser),
    };
    let mut needed = RequiredActions::all(vec![(Action::CreateAccount(role), Id::SERVER)]);
    if role == Role::ServerUser {
        for group in rows.groups_of(made.id) {
            needed = needed.or(vec![plain(Verb::CreateMember, group)]);
        }
    }
    let own = made.as_account().map(|it| settings_between(&Account::default(), it)).unwrap_or_default();
    // An account that is removed takes no rights over settings.
    if tx.facts().resource(made.id)?.is_none() {
        return Ok(needed);
    }
    Ok(needed.and(&own.into_iter().map(|action| (action, made.id)).collect::<Vec<_>>()))
}

/// The actions that it takes to create an item: by an upload, as a home folder, for a share of its path, or by the
/// registration of its path, which an administrator of the endpoint may do.
fn item_creation(tx: &Transaction<'_>, rows: &ChangeIndex<'_>, made: &Resource, parent: Id) -> Result<RequiredActions> {
    let is_folder = made.as_item().is_some_and(|it| it.is_folder());
    let by_upload = plain(if is_folder { Verb::CreateFolder } else { Verb::Upload }, parent);
    let mut needed = RequiredActions::all(vec![by_upload]).or(vec![plain(Verb::Edit, tx.outermost(parent)?)]);
    if let Some(home) = made.as_item().and_then(|it| it.home)
        && rows.is_membership(home.workspace, home.of)
    {
        needed = needed.or(vec![plain(Verb::AddMember, home.workspace)]);
    }
    // The row of the share requires its own rights.
    if is_folder && rows.is_shared(made.id) {
        needed = needed.or(Vec::new());
    }
    Ok(needed)
}

/// The actions that it takes to send a package: one for each recipient.
fn package_creation(tx: &Transaction<'_>, made: &Resource) -> Result<RequiredActions> {
    let Some(package) = made.as_package().filter(|it| Some(it.sender) == tx.actor.principal()) else {
        return Ok(RequiredActions::verb(Verb::Configure, Id::SERVER));
    };
    let mut asked = Vec::new();
    for recipient in &package.recipients {
        let verb = match tx.facts().header(*recipient)?.map(|it| it.kind()) {
            Some(Kind::Workgroup) => Verb::Send,
            Some(Kind::Dropbox) => Verb::Submit,
            _ => Verb::SendTo,
        };
        asked.push(plain(verb, *recipient));
    }
    if !package.external.is_empty() {
        asked.push(plain(Verb::SendExternal, Id::SERVER));
    }
    if package.forwarded.is_some() {
        asked.push(plain(Verb::Forward, Id::SERVER));
    }
    Ok(RequiredActions::all(asked))
}

/// The actions that it takes to remove a resource with everything that goes with it.
fn removal(tx: &Transaction<'_>, gone: &Resource) -> Result<RequiredActions> {
    Ok(match (gone.kind(), gone.parent) {
        // An endpoint always has its root folder.
        (Kind::Item, _) if gone.is_root() => RequiredActions::impossible(),
        (
            Kind::Account
            | Kind::Group
            | Kind::Workgroup
            | Kind::Dropbox
            | Kind::Org
            | Kind::Workspace
            | Kind::SigningKey
            | Kind::Media
            | Kind::Stream
            | Kind::Endpoint
            | Kind::Item,
            _,
        ) => RequiredActions::verb(Verb::Delete, gone.id),
        (Kind::AccessToken, _) => RequiredActions::verb(Verb::Revoke, gone.id),
        (Kind::Invitation, Some(parent)) => RequiredActions::verb(ending(tx, parent)?, parent),
        (Kind::PublicLink, Some(dropbox)) => RequiredActions::verb(Verb::SetPublicLink, dropbox),
        // Only an admin may remove the record of a package.
        (Kind::Server | Kind::Package | Kind::Invitee | Kind::Acceptance | Kind::Review | Kind::ReviewDecision, _) => {
            RequiredActions::verb(Verb::Configure, Id::SERVER)
        }
        (Kind::ExternalId, Some(of)) => RequiredActions::all(identification(tx, of)?),
        (Kind::Invitation | Kind::PublicLink | Kind::ExternalId, None) => RequiredActions::impossible(),
    })
}

/// The action that ends an invitation to an organization, or the link of a dropbox.
fn ending(tx: &Transaction<'_>, parent: Id) -> Result<Verb> {
    let kind = tx.current_or_removed(parent)?.map(|it| it.kind());
    Ok(if kind == Some(Kind::Org) { Verb::CancelInvitation } else { Verb::RevokeInvitation })
}

/// The actions that it takes to change the name, the parent or the attributes of a resource.
fn change(
    tx: &Transaction<'_>,
    rows: &ChangeIndex<'_>,
    before: &Resource,
    after: &Resource,
) -> Result<RequiredActions> {
    let id = after.id;
    let same = before.attributes == after.attributes && before.name == after.name && before.parent == after.parent;
    if same {
        return Ok(RequiredActions::nothing());
    }
    Ok(match (after.kind(), after.parent) {
        (Kind::Account, _) => RequiredActions::all(account(tx, before, after)?),
        (Kind::Group | Kind::Workgroup | Kind::Dropbox | Kind::Org | Kind::Endpoint, _) => {
            RequiredActions::verb(Verb::Edit, id)
        }
        (Kind::Workspace, Some(org)) => RequiredActions::all(workspace(before, after, org)),
        (Kind::SigningKey, _) => RequiredActions::verb(Verb::Delete, id),
        (Kind::AccessToken, Some(parent)) => {
            let is_revoked = |it: &Resource| it.as_token().is_some_and(|token| token.revoked);
            // A revoked token that becomes active again amounts to a new one.
            if is_revoked(before) && !is_revoked(after) {
                RequiredActions::verb(Verb::CreateAccessToken, tx.outermost(parent)?)
            } else {
                RequiredActions::verb(Verb::Revoke, id)
            }
        }
        (Kind::Media | Kind::Stream, _) => RequiredActions::verb(Verb::Update, id),
        (Kind::Invitation, Some(parent)) => {
            let gives = after.as_invitation().is_some_and(|it| it.state == InvitationState::Active);
            let needed = RequiredActions::verb(if gives { Verb::Invite } else { ending(tx, parent)? }, parent);
            // To resend a link ends the old one.
            let invitee = after.as_invitation().and_then(|it| it.invitee);
            if invitee.is_some_and(|it| rows.is_invited(it)) {
                needed.or(vec![plain(Verb::Invite, parent)])
            } else {
                needed
            }
        }
        (Kind::PublicLink, Some(dropbox)) => RequiredActions::verb(Verb::SetPublicLink, dropbox),
        (Kind::Item, Some(parent)) => item(tx, rows, before, after, parent)?,
        (Kind::Server | Kind::Package | Kind::Invitee | Kind::Acceptance | Kind::Review | Kind::ReviewDecision, _) => {
            RequiredActions::verb(Verb::Configure, Id::SERVER)
        }
        (Kind::ExternalId, Some(of)) => RequiredActions::all(identification(tx, of)?),
        (
            Kind::Workspace | Kind::AccessToken | Kind::Invitation | Kind::PublicLink | Kind::Item | Kind::ExternalId,
            None,
        ) => RequiredActions::impossible(),
    })
}

fn account(tx: &Transaction<'_>, before: &Resource, after: &Resource) -> Result<Vec<ActionOn>> {
    let mut needed = Vec::new();
    // An admin never expires. An account that gets an expiry ceases to be an admin, and the row of its role requires
    // the right to that.
    let is_admin = role_of(tx.facts(), after.id)?.is_some_and(|(_, role)| role == Role::ServerAdmin);
    let ends = |action: &Action| is_admin && *action == Action::Set(Setting::Expires);
    // Everybody may edit their own account, but not rename it.
    if before.name != after.name {
        needed.push(plain(Verb::Delete, after.id));
    }
    let (Some(was), Some(is)) = (before.as_account(), after.as_account()) else { return Ok(needed) };
    if was.active != is.active && !(is_admin && was.active) {
        needed.push(plain(if is.active { Verb::Activate } else { Verb::Deactivate }, after.id));
    }
    if was.email != is.email || was.display_name != is.display_name {
        needed.push(plain(Verb::Edit, after.id));
    }
    let set = settings_between(was, is).into_iter().filter(|action| !ends(action));
    needed.extend(set.map(|action| (action, after.id)));
    Ok(needed)
}

/// The actions that a change of a workspace takes: one for its name and description, another one for its files.
fn workspace(before: &Resource, after: &Resource, org: Id) -> Vec<ActionOn> {
    let mut needed = Vec::new();
    let (Some(was), Some(is)) = (before.as_workspace(), after.as_workspace()) else { return needed };
    if before.name != after.name || was.description != is.description {
        needed.push(plain(Verb::Edit, after.id));
    }
    if (was.files, was.root_upload) != (is.files, is.root_upload) {
        needed.push(plain(Verb::CreateWorkspace, org));
    }
    needed
}

/// The folder that an item is moved to; if the change creates that folder, the nearest one above that existed before.
fn destination(tx: &Transaction<'_>, folder: Id) -> Result<Destination> {
    for (index, above) in tx.facts().ancestors(folder)?.iter().enumerate() {
        if tx.facts().base().header(above.id)?.is_some() {
            return Ok(Destination { folder: above.id, is_registered: index == 0, of_file: false });
        }
    }
    Ok(Destination { folder, is_registered: true, of_file: false })
}

/// The actions that it takes to rename, move or replace an item, or to change its attributes.
fn item(
    tx: &Transaction<'_>,
    rows: &ChangeIndex<'_>,
    before: &Resource,
    after: &Resource,
    parent: Id,
) -> Result<RequiredActions> {
    let (Some(was), Some(is)) = (before.as_item(), after.as_item()) else { return Ok(RequiredActions::impossible()) };
    let mut needed = RequiredActions::nothing();
    let moved = before.parent != after.parent;
    if moved {
        needed = needed.and(&[(Action::MoveTo(destination(tx, parent)?), after.id)]);
    }
    if before.name != after.name {
        needed = needed.and(&[plain(Verb::Rename, after.id)]);
    }
    let administered = [plain(Verb::Edit, tx.outermost(after.id)?)];
    if was.size != is.size || was.item_type != is.item_type {
        let replaced = needed.clone().and(&[plain(Verb::Overwrite, after.id)]);
        needed = replaced.or_else(needed.and(&administered));
    }
    // An item ceases to be a home folder when it is moved, and to hold a workspace's files when the workspace ends.
    let left_home = moved && is.home.is_none();
    let goes = |workspace: Option<Id>| workspace.is_none_or(|it| rows.removed(it).is_some());
    let released = is.files_of.is_none()
        && is.home.is_none()
        && goes(was.files_of)
        && (left_home || goes(was.home.map(|home| home.workspace)));
    if (was.files_of, was.home) != (is.files_of, is.home) && !released {
        needed = needed.and(&administered);
    }
    Ok(needed)
}
