//! Rows that an operation writes without a right of the actor, and the sentence that allows it: rows of a cascade,
//! rows that end with an account, rows that a secret gives. Every other row takes its right.

use rolebook::model::attributes::ShareClass;
use rolebook::model::{Binding, Id, Kind, Role, Time, Verb};
use rolebook::ops::share::cascade::held_until;
use rolebook::ops::{Actor, Transaction};
use rolebook::policy::content::permissions_ignoring_status;
use rolebook::policy::{Facts, RowChange, Subject};

/// What justifies the rows of an operation besides rights.
#[derive(Clone, Copy, Debug)]
pub(super) enum Beyond {
    /// Nothing.
    Nothing,
    /// "`--cascade` trims or removes the dependents in the same revision, down the chain".
    Dependents,
    /// "`share prune` trims them (an administrator of the endpoint, or each sharer for their own)".
    Pruned,
    /// "`--destroy` removes it and every binding it holds", its shares to the heir or gone.
    Account { gone: Id, cascade: bool },
    /// "accepted with its secret by the account whose e-mail is the address invited".
    Accepted(Id),
    /// The holder of a link submits with it or claims one.
    Link(Id),
}

impl Beyond {
    /// Whether shares that rest on a changed one may be changed with it.
    pub(super) const fn cascades(self) -> bool {
        matches!(self, Beyond::Dependents | Beyond::Account { .. })
    }

    /// Whether this justifies a row. `before` and `after` are the states before and after the operation.
    pub(super) fn covers<A: Facts>(self, before: &Transaction<'_>, after: &A, row: &RowChange) -> bool {
        match self {
            Beyond::Nothing => false,
            Beyond::Dependents => is_unsupported(after, before.at, row),
            Beyond::Pruned => {
                let Some(share) = share_of(row) else { return false };
                let is_own = share.grantor == before.actor.principal();
                (is_own || administers(before, share.resource)) && is_unsupported(after, before.at, row)
            }
            Beyond::Account { gone, cascade } => match row {
                RowChange::Binding(Some(was), None) if was.principal == gone => true,
                RowChange::Binding(Some(was), None) if was.grantor == Some(gone) && is_over(was, before.at) => true,
                RowChange::Binding(Some(was), is) if cascade => {
                    (was.grantor == Some(gone) && is.is_none()) || is_unsupported(after, before.at, row)
                }
                RowChange::Binding(Some(was), is) if was.role == Role::ItemShare => {
                    let is_handed_over = was.grantor == Some(gone)
                        && is.as_ref().is_none_or(|is| (is.resource, is.principal) == (was.resource, was.principal));
                    let united = before.facts().list_bindings(rolebook::policy::BindingQuery::Exact(
                        was.resource,
                        was.role,
                        was.principal,
                    ));
                    let is_united = united.unwrap().iter().any(|other| other.grantor == Some(gone));
                    (is_handed_over || is_united) && administers(before, was.resource)
                }
                _ => false,
            },
            Beyond::Accepted(org) => {
                let own = before.actor.principal();
                let inside = |id: Id| after.ancestors(id).unwrap().iter().any(|it| it.id == org);
                match row {
                    RowChange::Binding(None, Some(made)) if made.role == Role::ItemOwner => {
                        let item = after.resource(made.resource).unwrap().unwrap();
                        let home = item.as_item().unwrap().home;
                        Some(made.principal) == own
                            && home.is_some_and(|home| home.of == made.principal && inside(home.workspace))
                    }
                    RowChange::Binding(None, Some(made)) => Some(made.principal) == own && inside(made.resource),
                    RowChange::Resource(None, Some(made)) => {
                        let home = made.as_item().and_then(|it| it.home);
                        home.is_some_and(|home| Some(home.of) == own && inside(home.workspace))
                    }
                    RowChange::Resource(Some(was), Some(_)) => {
                        was.kind() == Kind::Invitation && was.parent == Some(org)
                    }
                    _ => false,
                }
            }
            Beyond::Link(dropbox) => match row {
                RowChange::Resource(was, is) => {
                    let it = is.as_ref().or(was.as_ref()).unwrap();
                    match it.kind() {
                        Kind::Invitation => it.parent == Some(dropbox),
                        Kind::Package | Kind::Invitee => was.is_none(),
                        _ => false,
                    }
                }
                RowChange::Binding(was, is) => {
                    let it = is.as_ref().or(was.as_deref()).unwrap();
                    match it.role {
                        Role::DropboxOutside => it.resource == dropbox,
                        Role::PackageSender => was.is_none(),
                        Role::PackageRecipient => was.is_none() && it.principal == dropbox,
                        _ => false,
                    }
                }
            },
        }
    }
}

/// The share that a row changes or ends.
fn share_of(row: &RowChange) -> Option<&Binding> {
    match row {
        RowChange::Binding(Some(was), _) if was.role == Role::ItemShare => Some(was),
        _ => None,
    }
}

fn is_over(share: &Binding, at: Time) -> bool {
    share.expires.is_some_and(|end| end <= at)
}

/// Whether a share only lost what its sharer does not hold, or not for that long.
fn is_unsupported<F: Facts>(after: &F, at: Time, row: &RowChange) -> bool {
    let (Some(was), RowChange::Binding(_, is)) = (share_of(row), row) else { return false };
    let Some(sharer) = was.grantor.filter(|_| was.attributes.share_class() == ShareClass::User) else { return false };
    let left = is.as_ref().map_or(rolebook::model::Permissions::NONE, |is| is.attributes.permissions);
    let lost = was.attributes.permissions.without(left);
    let subject = Subject::new(after, sharer, at).unwrap();
    let held = permissions_ignoring_status(&subject, was.resource).unwrap();
    if !lost.is_empty() {
        return held.without(lost) == held;
    }
    // The share was not extended, and it ends when the sharer's own hold ends.
    let end = held_until(after, (sharer, was.resource), left, at).unwrap();
    is.as_ref().is_some_and(|is| is.expires == end && is.grantor == was.grantor)
}

/// Whether the actor administers the shares of an item, or manages them where sharing is managed.
fn administers(tx: &Transaction<'_>, item: Id) -> bool {
    let endpoint = tx.facts().ancestors(item).unwrap().last().unwrap().id;
    let may = |verb, on| tx.may(rolebook::model::Action::Plain(verb), on).unwrap();
    matches!(tx.actor, Actor::Operator) || may(Verb::AdministerShares, item) || may(Verb::ManagePermissions, endpoint)
}
