//! The shares of an account that is destroyed: the successor takes them over, or they end. No share is left without
//! its sharer (docs/model.md#accounts).

use super::cascade;
use super::change::trim;
use crate::model::attributes::Sharing;
use crate::model::{Action, Binding, Id, Permissions, Resource, Role, Time, Verb};
use crate::ops::{Result, Transaction};
use crate::policy::{BindingQuery, Facts};

/// The shares that an account made and that are in force, oldest first.
///
/// # Errors
/// When the facts cannot be read.
pub(in crate::ops) fn made_by(tx: &Transaction<'_>, account: Id) -> Result<Vec<Binding>> {
    let mut made = tx.facts().list_bindings(BindingQuery::SharesBy(account))?;
    made.retain(|share| share.is_effective(tx.at));
    made.sort_by_key(|share| share.id);
    Ok(made)
}

/// Ends every share that an account made, with the shares that rest on those alone.
///
/// # Errors
/// When the facts cannot be read.
pub(in crate::ops) fn end_made_by(tx: &mut Transaction<'_>, account: Id) -> Result<()> {
    let mut hidden = 0;
    for share in tx.facts().list_bindings(BindingQuery::SharesBy(account))? {
        // The share may have ended together with an earlier one.
        let Some(share) = tx.facts().binding(share.id)? else { continue };
        if share.is_effective(tx.at) {
            let losses = cascade::dependents(tx, &share, (Permissions::NONE, share.expires))?;
            for gone in std::iter::once(&share).chain(losses.iter().map(|loss| &loss.share)) {
                match describe_share(tx, gone)? {
                    Some(line) => tx.cascades.push(line),
                    None => hidden += 1,
                }
            }
            trim(tx, &losses);
        }
        tx.end_binding(share.id);
    }
    if hidden > 0 {
        tx.cascades.push(format!("{hidden} shares that you may not see"));
    }
    Ok(())
}

/// Requires a right of the actor.
type RequireRight<'r, 'f> = &'r dyn Fn(&Transaction<'f>, Action, Id) -> Result<()>;

/// Makes a successor the sharer of every share that an account made. A share is merged with one that the successor
/// has made of the same item with the same principal. A share with the successor ends, since nobody shares with
/// themselves.
///
/// # Errors
/// Those of `require`, for the right that each share takes; when the facts cannot be read.
pub(in crate::ops) fn reassign<'f>(
    tx: &mut Transaction<'f>,
    account: Id,
    successor: &Resource,
    require: RequireRight<'_, 'f>,
) -> Result<()> {
    for share in tx.facts().list_bindings(BindingQuery::SharesBy(account))? {
        if !share.is_effective(tx.at) {
            tx.end_binding(share.id);
            continue;
        }
        let (action, on) = right_over(tx, &share)?;
        require(tx, action, on)?;
        if share.principal == successor.id {
            let line = describe_share(tx, &share)?.unwrap_or_else(|| "a share that you may not see".to_owned());
            tx.cascades.push(line);
            tx.end_binding(share.id);
            continue;
        }
        let select = BindingQuery::Exact(share.resource, Role::ItemShare, share.principal);
        let own = tx.facts().list_bindings(select)?.into_iter().find(|own| {
            own.grantor == Some(successor.id) && own.attributes.share_class() == share.attributes.share_class()
        });
        let Some(own) = own else {
            tx.put_binding(Binding { grantor: Some(successor.id), ..share });
            continue;
        };
        tx.end_binding(share.id);
        if own.is_effective(tx.at) {
            merge(tx, own, &share)?;
        } else {
            tx.put_binding(Binding { grantor: own.grantor, id: own.id, sets: own.sets, ..share });
        }
    }
    Ok(())
}

/// Merges a share into another one. If neither covers the other, the merged share ends with the one that ends first,
/// so that nothing is given for longer than before.
fn merge(tx: &mut Transaction<'_>, own: Binding, other: &Binding) -> Result<()> {
    let until = |share: &Binding| share.expires.unwrap_or(Time(i64::MAX));
    let set = own.attributes.permissions.union(other.attributes.permissions);
    let covers = |share: &Binding| share.attributes.permissions == set && until(share) == until(&own).max(until(other));
    let expires = match (covers(&own), covers(other)) {
        (true, _) => own.expires,
        (false, true) => other.expires,
        (false, false) => {
            let first = if until(&own) <= until(other) { own.expires } else { other.expires };
            if until(&own) != until(other)
                && let Some(end) = first
            {
                let (path, who) = (tx.participant(&own, own.resource)?, tx.participant(&own, own.principal)?);
                tx.warnings.push(format!("the two shares of {path} with {who} are merged and end at {end}"));
            }
            first
        }
    };
    let mut united = own;
    united.attributes.permissions = set;
    united.expires = expires;
    tx.put_binding(united);
    Ok(())
}

/// The right to dispose of a share that another account made: to administer the shares of the item, or with managed
/// sharing, to manage the permissions on the endpoint.
fn right_over(tx: &Transaction<'_>, share: &Binding) -> Result<(Action, Id)> {
    let endpoint = tx.outermost(share.resource)?;
    let host = tx.facts().resource(endpoint)?;
    let managed = host.as_ref().and_then(|it| it.as_endpoint()).map(|it| it.kind.sharing()) == Some(Sharing::Managed);
    Ok(match managed {
        true => (Action::Plain(Verb::ManagePermissions), endpoint),
        false => (Action::Plain(Verb::AdministerShares), share.resource),
    })
}

/// A line that describes a share; `None` if the actor may not see it.
///
/// # Errors
/// When the facts cannot be read.
pub(in crate::ops) fn describe_share(tx: &Transaction<'_>, share: &Binding) -> Result<Option<String>> {
    if !tx.sees_binding(share)? {
        return Ok(None);
    }
    let (path, who) = (tx.participant(share, share.resource)?, tx.participant(share, share.principal)?);
    Ok(Some(format!("the share of {path} with {who}")))
}
