//! The rights that it takes to change all of a resource: to let a set adopt it, and to change what identifies it on a
//! platform.

use super::{Result, Transaction};
use crate::model::{Action, Id, Kind, Resource, Verb};

/// An action on a resource.
pub type ActionOn = (Action, Id);

/// A verb on a resource.
pub(super) const fn plain(verb: Verb, on: Id) -> ActionOn {
    (Action::Plain(verb), on)
}

/// The actions that it takes for a set to adopt a resource or to give it up, and to change what identifies it on a
/// platform: those that change all of it.
pub(super) fn adoption(tx: &Transaction<'_>, it: &Resource) -> Result<Vec<ActionOn>> {
    Ok(match (it.kind(), it.parent) {
        (Kind::Server, _) => vec![plain(Verb::Configure, Id::SERVER)],
        // Nobody adopts their own account (docs/model.md#manifests), just as nobody may delete their own account.
        (Kind::Account, _) => vec![plain(Verb::Edit, it.id), plain(Verb::Delete, it.id)],
        // Members may edit the description; the folder of the files takes the right to create workspaces.
        (Kind::Workspace, Some(org)) => vec![plain(Verb::Edit, it.id), plain(Verb::CreateWorkspace, org)],
        (Kind::Item, _) => vec![plain(Verb::Edit, tx.outermost(it.id)?)],
        (Kind::Group | Kind::Workgroup | Kind::Dropbox | Kind::Org | Kind::Workspace | Kind::Endpoint, _) => {
            vec![plain(Verb::Edit, it.id)]
        }
        (Kind::Media | Kind::Stream, _) => vec![plain(Verb::Update, it.id)],
        (Kind::SigningKey, _) => vec![plain(Verb::Delete, it.id)],
        (Kind::AccessToken, _) => vec![plain(Verb::Revoke, it.id)],
        (Kind::ExternalId, Some(of)) => return identification(tx, of),
        // No manifest declares these.
        (
            Kind::Package
            | Kind::Invitation
            | Kind::PublicLink
            | Kind::Invitee
            | Kind::ExternalId
            | Kind::Acceptance
            | Kind::Review
            | Kind::ReviewDecision,
            _,
        ) => {
            vec![plain(Verb::Configure, Id::SERVER)]
        }
    })
}

/// The actions that it takes to change what identifies a resource on a platform. An import hands what the platform's
/// account has to the account with its id, so it takes the rights to change all of the resource.
pub(super) fn identification(tx: &Transaction<'_>, of: Id) -> Result<Vec<ActionOn>> {
    tx.current_or_removed(of)?.map_or_else(|| Ok(vec![plain(Verb::Configure, Id::SERVER)]), |it| adoption(tx, &it))
}
