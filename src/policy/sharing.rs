//! Who may change or see an existing share (docs/model.md#shares): the sharer alone may change it, except for
//! admin shares, shares of endpoints whose sharing is managed, and the operator, who may change any share.

use super::decide::{Decision, decide_for};
use super::facts::{Facts, Result};
use super::proof::ProofStep;
use super::subject::{PrincipalKind, Subject};
use super::target::Target;
use crate::model::attributes::{ShareClass, Sharing};
use crate::model::catalogue::{ADMIN_SHARES, MANAGED_SHARES, OPERATORS_SHARES, SHARER_ONLY};
use crate::model::{Action, Binding, Role, Verb};

/// The roles whose holders read and write everything on an endpoint whose sharing is managed
/// (docs/model.md#managed-sharing).
pub fn managing_roles() -> &'static [Role] {
    Role::AccessManager.implied_by()
}

/// Whether a subject may change or revoke a share. To add permissions also takes the right to share
/// the new set, which is a question of its own.
///
/// # Errors
/// When the facts cannot be read.
pub fn may_change<F: Facts + ?Sized>(subject: &Subject<'_, F>, share: &Binding) -> Result<Decision> {
    let Some(target) = Target::load(subject.facts(), share.resource)? else {
        return Ok(Decision { allowed: false, rule: SHARER_ONLY, proof: Vec::new() });
    };
    let managed = target.sharing(subject.facts())? == Some(Sharing::Managed);
    // Older versions left shares whose sharer has ended. Somebody must be able to change them.
    let is_left = match share.grantor {
        Some(sharer) => subject.facts().header(sharer)?.is_none(),
        None => false,
    };
    let (rule, asked) = match share.attributes.share_class() {
        class if class.is_hidden() => (OPERATORS_SHARES, None),
        _ if managed => {
            let endpoint = target.endpoint(subject.facts())?.map(|(id, _)| id);
            (MANAGED_SHARES, endpoint.map(|id| (Verb::ManagePermissions, id)))
        }
        class if class == ShareClass::Admin || is_left => {
            (ADMIN_SHARES, Some((Verb::AdministerShares, share.resource)))
        }
        _ => {
            let allowed = share.grantor == Some(subject.id) && subject.is_registered();
            return Ok(Decision { allowed, rule: SHARER_ONLY, proof: vec![ProofStep::Share(share.clone())] });
        }
    };
    let Some((verb, on)) = asked else { return Ok(Decision { allowed: false, rule, proof: Vec::new() }) };
    let decision = decide_for(subject, Action::Plain(verb), on)?;
    Ok(Decision { allowed: decision.allowed, rule, proof: decision.proof })
}

/// Whether a subject may see that a share exists: its sharer and its receivers do, and some see the shares
/// of others (docs/model.md#classes). Shares of hidden classes are visible only to those who may administer the
/// shares of the item.
///
/// # Errors
/// When the facts cannot be read.
pub fn may_see<F: Facts + ?Sized>(subject: &Subject<'_, F>, share: &Binding) -> Result<bool> {
    if subject.principal_kind == PrincipalKind::Account && !subject.is_registered() {
        return Ok(false);
    }
    if share.attributes.share_class().is_hidden() {
        return Ok(decide_for(subject, Action::Plain(Verb::AdministerShares), share.resource)?.allowed);
    }
    if share.grantor == Some(subject.id) || subject.is(share.principal)? {
        return Ok(true);
    }
    Ok(decide_for(subject, Action::Plain(Verb::ViewShares), share.resource)?.allowed)
}
