//! The shares of an account that is destroyed: its heir's, or gone. None is left without a sharer
//! (docs/model.md#accounts).

use super::cascade;
use super::change::trim;
use crate::model::attributes::Sharing;
use crate::model::{Action, Binding, Id, Permissions, Resource, Role, Time, Verb};
use crate::ops::{Result, Work};
use crate::policy::{BindingQuery, Facts};

/// The shares that an account made and that are in force.
///
/// # Errors
/// When the facts cannot be read.
pub(in crate::ops) fn made_by<F: Facts + ?Sized>(work: &Work<'_, F>, account: Id) -> Result<Vec<Binding>> {
    let mut made = work.facts().list_bindings(BindingQuery::SharesBy(account))?;
    made.retain(|share| share.is_effective(work.at));
    made.sort_by_key(|share| share.id);
    Ok(made)
}

/// Ends every share that an account made, and what rests on them alone.
///
/// # Errors
/// When the facts cannot be read.
pub(in crate::ops) fn end_made_by<F: Facts + ?Sized>(work: &mut Work<'_, F>, account: Id) -> Result<()> {
    let mut hidden = 0;
    for share in work.facts().list_bindings(BindingQuery::SharesBy(account))? {
        // It may have gone with one that was ended before.
        let Some(share) = work.facts().binding(share.id)? else { continue };
        if share.is_effective(work.at) {
            let losses = cascade::dependents(work, &share, (Permissions::NONE, share.expires))?;
            for gone in std::iter::once(&share).chain(losses.iter().map(|loss| &loss.share)) {
                match shown(work, gone)? {
                    Some(line) => work.takes.push(line),
                    None => hidden += 1,
                }
            }
            trim(work, &losses);
        }
        work.end_binding(share.id);
    }
    if hidden > 0 {
        work.takes.push(format!("{hidden} shares that you may not see"));
    }
    Ok(())
}

/// Asks for a right of whoever acts.
type Require<'r, 'f, F> = &'r dyn Fn(&Work<'f, F>, Action, Id) -> Result<()>;

/// Makes every share that an account made another's: united with what that one shares itself on the same
/// item with the same principal. A share with the heir ends, since nobody shares with themselves.
///
/// # Errors
/// What `require` answers to the right that each share takes; when the facts cannot be read.
pub(in crate::ops) fn hand_over<'f, F: Facts + ?Sized>(
    work: &mut Work<'f, F>,
    account: Id,
    heir: &Resource,
    require: Require<'_, 'f, F>,
) -> Result<()> {
    for share in work.facts().list_bindings(BindingQuery::SharesBy(account))? {
        if !share.is_effective(work.at) {
            work.end_binding(share.id);
            continue;
        }
        let (action, on) = right_over(work, &share)?;
        require(work, action, on)?;
        if share.principal == heir.id {
            let line = shown(work, &share)?.unwrap_or_else(|| "a share that you may not see".to_owned());
            work.takes.push(line);
            work.end_binding(share.id);
            continue;
        }
        let select = BindingQuery::Exact(share.resource, Role::ItemShare, share.principal);
        let own =
            work.facts().list_bindings(select)?.into_iter().find(|own| {
                own.grantor == Some(heir.id) && own.attributes.share_class() == share.attributes.share_class()
            });
        let Some(own) = own else {
            work.put_binding(Binding { grantor: Some(heir.id), ..share });
            continue;
        };
        work.end_binding(share.id);
        if own.is_effective(work.at) {
            unite(work, own, &share)?;
        } else {
            work.put_binding(Binding { grantor: own.grantor, id: own.id, sets: own.sets, ..share });
        }
    }
    Ok(())
}

/// Puts what a share gives into another one. Where neither covers the other, what both give lasts no longer
/// than the one that ends first: nothing is given for longer than it was.
fn unite<F: Facts + ?Sized>(work: &mut Work<'_, F>, own: Binding, other: &Binding) -> Result<()> {
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
                let (path, who) = (work.party(&own, own.resource)?, work.party(&own, own.principal)?);
                work.notices.push(format!("the two shares of {path} with {who} are one by now, and end at {end}"));
            }
            first
        }
    };
    let mut united = own;
    united.attributes.permissions = set;
    united.expires = expires;
    work.put_binding(united);
    Ok(())
}

/// What it takes to dispose of a share that somebody else made: to administer the shares of the item, or,
/// where access managers manage them, to be one.
fn right_over<F: Facts + ?Sized>(work: &Work<'_, F>, share: &Binding) -> Result<(Action, Id)> {
    let endpoint = work.outermost(share.resource)?;
    let host = work.facts().resource(endpoint)?;
    let managed = host.as_ref().and_then(|it| it.as_endpoint()).map(|it| it.kind.sharing()) == Some(Sharing::Managed);
    Ok(match managed {
        true => (Action::Plain(Verb::ManagePermissions), endpoint),
        false => (Action::Plain(Verb::AdministerShares), share.resource),
    })
}

/// A share in words, if the actor may see it.
///
/// # Errors
/// When the facts cannot be read.
pub(in crate::ops) fn shown<F: Facts + ?Sized>(work: &Work<'_, F>, share: &Binding) -> Result<Option<String>> {
    if !work.is_told_of(share)? {
        return Ok(None);
    }
    let (path, who) = (work.party(share, share.resource)?, work.party(share, share.principal)?);
    Ok(Some(format!("the share of {path} with {who}")))
}
