//! Granting shares: making them in the actor's name, recording them in the name of others, and cutting the end of a
//! delegated share to that of what its sharer holds.

use super::cascade;
use crate::model::attributes::{BindingAttributes, Endpoint, ShareClass, Sharing};
use crate::model::catalogue::{CUSTOM_SETS, OPERATORS_SHARES, OWN_NAME};
use crate::model::name::shell_quote;
use crate::model::time::Expiry;
use crate::model::{
    Action, Binding, Id, Kind, Name, Path, Permissions, Problem, Reference, Resource, Role, Time, Verb,
};
use crate::ops::item::{register_folder, require_folder};
use crate::ops::{Actor, Result, Transaction};
use crate::policy::{BindingQuery, Facts};

/// A share to be made.
#[derive(Clone, Debug)]
pub struct NewShare {
    /// The principals to share with, one share for each.
    pub principals: Vec<Reference>,
    /// The permissions that the share gives.
    pub permissions: Permissions,
    /// When the share expires.
    pub expires: Option<Expiry>,
    /// Whether it is an admin share.
    pub admin: bool,
    /// The class of the share; only the operator may set it.
    pub class: Option<ShareClass>,
}

/// Shares an item. A path that is not registered becomes a folder.
///
/// # Errors
/// A denial; a conflict for permissions that the endpoint cannot hold, or for a share that exists with other values.
pub fn grant(tx: &mut Transaction<'_>, endpoint: &Name, path: &Path, grant: &NewShare) -> Result<()> {
    let resolved = tx.find_item(endpoint, path)?;
    let attributes = resolved.endpoint_attributes()?;
    refuse_unfit(tx, &attributes, endpoint, grant.permissions)?;
    if attributes.kind.sharing() == Sharing::Managed {
        require_folder(tx, &resolved.nearest)?;
    }
    let class = authorize_grant(tx, &attributes, resolved.nearest.id, grant)?;
    let item = if resolved.missing.is_empty() { resolved.nearest } else { register_folder(tx, endpoint, path)? };
    for reference in &grant.principals {
        let principal = find_principal(tx, reference, &attributes)?;
        grant_one(tx, &item, &attributes, principal, grant, class)?;
    }
    if attributes.kind == crate::model::attributes::EndpointKind::Node && !attributes.takes_custom_sets() {
        let lacking = [Permissions::UPLOAD, Permissions::PREVIEW].contains(&grant.permissions);
        if lacking {
            tx.warnings.push(format!(
                "node software before 3.7.4 knows only view and edit; {} on endpoint:{endpoint} is kept here, but such a node cannot hold it",
                grant.permissions.label()
            ));
        }
    }
    Ok(())
}

/// Records shares in the name of the account `by`, which only the operator may do. The account must be able to make
/// such a share itself, unless `orphaned`: then the share is kept without a base.
///
/// # Errors
/// A denial for everybody but the operator, and if the sharer could not make such a share; else as [`grant`].
pub fn record(
    tx: &mut Transaction<'_>,
    (endpoint, path): (&Name, &Path),
    request: &NewShare,
    (by, orphaned): (Id, bool),
) -> Result<()> {
    if tx.actor != Actor::Operator {
        return Err(Problem::denied(OWN_NAME, "only the operator shares in the name of others"));
    }
    let resolved = tx.find_item(endpoint, path)?;
    let attributes = resolved.endpoint_attributes()?;
    refuse_unfit(tx, &attributes, endpoint, request.permissions)?;
    let class = if request.admin { ShareClass::Admin } else { request.class.unwrap_or(ShareClass::User) };
    if !orphaned && let Some(needed) = required_action(class, request.permissions) {
        tx.require_of(by, needed, resolved.nearest.id)?;
    }
    let item = if resolved.missing.is_empty() { resolved.nearest } else { register_folder(tx, endpoint, path)? };
    let expires = end(tx, request.expires)?;
    for reference in &request.principals {
        let principal = find_principal(tx, reference, &attributes)?;
        let existing = find_same(tx, item.id, principal, (Some(by), class), &attributes)?;
        let share = existing.unwrap_or_else(|| tx.new_binding(item.id, principal, Role::ItemShare));
        let class = (class != ShareClass::User).then_some(class);
        let attributes = BindingAttributes { permissions: request.permissions, class, ..share.attributes };
        let mut share = Binding { grantor: Some(by), expires, attributes, ..share };
        if !orphaned {
            share.expires = cap_end(tx, &share, request.permissions)?;
        }
        tx.put_binding(share);
    }
    Ok(())
}

/// The action that making a share of a class takes; `None` for the hidden classes of shares that systems make for
/// themselves.
const fn required_action(class: ShareClass, set: Permissions) -> Option<Action> {
    match class {
        class if class.is_hidden() => None,
        ShareClass::Admin => Some(Action::Plain(Verb::AdministerShares)),
        _ => Some(Action::Share(set)),
    }
}

/// The action that the sharer must be allowed for a share to be recorded in the sharer's name.
pub fn required_to_record(share: &Binding) -> Option<Action> {
    required_action(share.attributes.share_class(), share.attributes.permissions)
}

/// Refuses permissions that an endpoint cannot hold, whoever the actor is.
pub(super) fn refuse_unfit(tx: &Transaction<'_>, endpoint: &Endpoint, name: &Name, set: Permissions) -> Result<()> {
    if endpoint.takes(set) {
        return Ok(());
    }
    // An access manager of a private bucket may not see its definition.
    let existing = tx.facts().named(Kind::Endpoint, None, name.key())?;
    let seen = existing.map_or(Ok(false), |it| tx.sees(&it))?;
    let of_kind = if seen { format!("of kind {}", endpoint.kind.as_str()) } else { "of a kind".to_owned() };
    unfit(endpoint, &of_kind, name, set).map_or(Ok(()), Err)
}

/// The conflict of permissions that an endpoint cannot hold; `None` if it can. `of_kind` says the kind of the
/// endpoint in the message.
pub(crate) fn unfit(endpoint: &Endpoint, of_kind: &str, name: &Name, set: Permissions) -> Option<Problem> {
    if endpoint.takes(set) {
        return None;
    }
    Some(match endpoint.kind.sharing() {
        Sharing::None => {
            Problem::conflict("no_sharing", format!("endpoint:{name} is {of_kind} whose content is not shared"))
                .why("seed 001: Can manage permissions on any endpoints that supports sharing (S3 or shared endpoints)")
        }
        Sharing::Managed => {
            Problem::conflict("presets_only", format!("endpoint:{name} is {of_kind} that takes `view` and `edit` only"))
                .tip("--permission view, or --permission edit")
        }
        Sharing::Delegated => {
            Problem::conflict("node_too_old", format!("endpoint:{name} cannot hold a custom set of permissions: {set}"))
                .why(CUSTOM_SETS.source)
                .tip("choose a preset: edit, view, upload, preview")
                .tip(format!(
                    "or say which version it has: rolebook endpoint set {} --node-version 4.4.6",
                    shell_quote(name.as_written())
                ))
        }
    })
}

/// Requires the right to make such a share; returns its class.
fn authorize_grant(tx: &Transaction<'_>, endpoint: &Endpoint, item: Id, grant: &NewShare) -> Result<ShareClass> {
    if tx.actor == Actor::Operator {
        return Ok(grant.class.unwrap_or(ShareClass::Admin));
    }
    if grant.class.is_some() {
        return Err(Problem::denied(OPERATORS_SHARES, "only the operator sets the class of a share"));
    }
    if !grant.admin {
        tx.require(Action::Share(grant.permissions), item)?;
        return Ok(ShareClass::User);
    }
    if endpoint.kind.sharing() == Sharing::Managed {
        return Err(Problem::conflict(
            "no_admin_shares",
            "there are no admin shares where access managers manage all shares",
        )
        .tip("leave out --admin"));
    }
    tx.require_verb(Verb::AdministerShares, item)?;
    Ok(ShareClass::Admin)
}

/// The id of a principal that items of an endpoint can be shared with, if the actor may see it.
pub(super) fn find_principal(tx: &Transaction<'_>, reference: &Reference, endpoint: &Endpoint) -> Result<Id> {
    let reference = tx.with_kind(reference)?;
    refuse_principal(&reference, endpoint)?;
    match &*reference {
        Reference::Authenticated => Ok(Id::AUTHENTICATED),
        Reference::Anyone => Ok(Id::ANYONE),
        Reference::Named(kind, name) => tx.find(*kind, name).map(|it| it.id),
        other => Err(other.wrong_kind("an account or a group")),
    }
}

/// Refuses a principal of a kind that items of an endpoint cannot be shared with. Only delegated sharing has shares
/// with workgroups.
///
/// # Errors
/// A conflict.
pub(crate) fn refuse_principal(reference: &Reference, endpoint: &Endpoint) -> Result<()> {
    let is_delegated = endpoint.kind.sharing() == Sharing::Delegated;
    match reference {
        Reference::Authenticated | Reference::Anyone | Reference::Named(Kind::Account | Kind::Group, _) => Ok(()),
        Reference::Named(Kind::Workgroup, _) if is_delegated => Ok(()),
        other if is_delegated => Err(other.wrong_kind("an account, a group, a workgroup, `authenticated` or `anyone`")),
        other => Err(other.wrong_kind("an account, a group, `authenticated` or `anyone`")),
    }
}

fn grant_one(
    tx: &mut Transaction<'_>,
    item: &Resource,
    endpoint: &Endpoint,
    principal: Id,
    grant: &NewShare,
    class: ShareClass,
) -> Result<()> {
    if tx.actor.principal() == Some(principal) {
        return Err(Problem::conflict("with_oneself", "nothing is shared with oneself"));
    }
    let expires = end(tx, grant.expires)?;
    let existing = find_same(tx, item.id, principal, (tx.actor.principal(), class), endpoint)?;
    let share = match existing {
        None => tx.new_binding(item.id, principal, Role::ItemShare),
        // A share that has expired gives nothing: the actor takes it over and it begins again.
        Some(existing) if !existing.is_effective(tx.at) => Binding { grantor: tx.actor.principal(), ..existing },
        Some(existing) => {
            let expires = if grant.expires.is_some() {
                cap_end(tx, &Binding { expires, ..existing.clone() }, grant.permissions)?
            } else {
                expires
            };
            return refuse_different(tx, &existing, grant, (expires, class));
        }
    };
    let class = (class != ShareClass::User).then_some(class);
    let attributes = BindingAttributes { permissions: grant.permissions, class, ..share.attributes };
    let mut share = Binding { expires, attributes, ..share };
    share.expires = cap_end(tx, &share, grant.permissions)?;
    tx.put_binding(share);
    Ok(())
}

/// The existing share that a new one would duplicate: there is one for each item, principal, sharer and class
/// (docs/model.md#delegation), or with managed sharing one for each item and principal, whoever made it.
fn find_same(
    tx: &Transaction<'_>,
    item: Id,
    principal: Id,
    (sharer, class): (Option<Id>, ShareClass),
    endpoint: &Endpoint,
) -> Result<Option<Binding>> {
    let is_managed = endpoint.kind.sharing() == Sharing::Managed && !class.is_hidden();
    let mut shares = on(tx, item, principal)?;
    shares.retain(|it| match is_managed {
        true => !it.attributes.share_class().is_hidden(),
        false => it.grantor == sharer && it.attributes.share_class() == class,
    });
    let own = shares.iter().position(|it| it.grantor == sharer).unwrap_or_default();
    Ok(if shares.is_empty() { None } else { Some(shares.swap_remove(own)) })
}

/// Leaves the ends of delegated shares as requested until [`apply_end_caps`] is called: the shares that they rest on
/// may be made later.
pub fn defer_end_caps(tx: &mut Transaction<'_>) {
    tx.uncapped_shares.get_or_insert_default();
}

/// Cuts the ends of the delegated shares that were made or extended since [`defer_end_caps`].
///
/// # Errors
/// When the facts cannot be read.
pub fn apply_end_caps(tx: &mut Transaction<'_>) -> Result<()> {
    for id in tx.uncapped_shares.take().unwrap_or_default() {
        let Some(mut share) = tx.facts().binding(id)? else { continue };
        let end = cap_end(tx, &share, share.attributes.permissions)?;
        if end != share.expires {
            share.expires = end;
            tx.put_binding(share);
        }
    }
    Ok(())
}

/// The end of a share that gives a set of permissions: its own, or for a delegated share the earlier time at which its
/// sharer ceases to hold the set (docs/model.md#delegation). Warns if it cuts the end.
pub(super) fn cap_end(tx: &mut Transaction<'_>, share: &Binding, set: Permissions) -> Result<Option<Time>> {
    let Some(sharer) = share.grantor.filter(|_| share.is_effective(tx.at)) else { return Ok(share.expires) };
    if !cascade::is_delegated(tx.facts(), share)? {
        return Ok(share.expires);
    }
    if let Some(later) = &mut tx.uncapped_shares {
        later.push(share.id);
        return Ok(share.expires);
    }
    let Some(held) = cascade::held_until(tx.facts(), (sharer, share.resource), set, tx.at)? else {
        return Ok(share.expires);
    };
    // A sharer who holds nothing now has an orphaned share, which the operator asked for: it keeps its end.
    if held <= tx.at || share.expires.is_some_and(|end| end <= held) {
        return Ok(share.expires);
    }
    let (path, who) = (tx.name(share.resource)?, tx.name(share.principal)?);
    let sharer = tx.name(sharer)?;
    tx.warnings
        .push(format!("the share of {path} with {who} ends at {held}: {sharer} holds its permissions until then"));
    Ok(Some(held))
}

/// Refuses a new share if the existing one has other values.
fn refuse_different(
    tx: &Transaction<'_>,
    existing: &Binding,
    grant: &NewShare,
    (expires, class): (Option<crate::model::Time>, ShareClass),
) -> Result<()> {
    let same_end = grant.expires.is_none() || existing.expires == expires;
    if existing.attributes.permissions == grant.permissions && same_end && existing.attributes.share_class() == class {
        return Ok(());
    }
    let (path, who) = (tx.name(existing.resource)?, tx.participant(existing, existing.principal)?);
    let set = existing.attributes.permissions;
    let ends = existing.expires.map_or_else(String::new, |end| format!(", until {end}"));
    Err(Problem::conflict(
        "shared_already",
        format!("`{path}` is shared with {who} already: {} ({set}){ends}", set.label()),
    )
    .tip(format!("rolebook share set {} {} --permission …", shell_quote(&path), shell_quote(&who))))
}

pub(super) fn end(tx: &Transaction<'_>, expires: Option<Expiry>) -> Result<Option<crate::model::Time>> {
    let end = expires.and_then(|it| it.resolve_at(tx.at));
    if end.is_some_and(|end| end <= tx.at) {
        return Err(Problem::conflict("past_expiry", "the share would have expired before it was made")
            .tip("choose a later --expires"));
    }
    Ok(end)
}

/// The shares of one item with one principal.
pub(super) fn on(tx: &Transaction<'_>, item: Id, principal: Id) -> Result<Vec<Binding>> {
    Ok(tx.facts().list_bindings(BindingQuery::Exact(item, Role::ItemShare, principal))?)
}
