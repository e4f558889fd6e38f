//! Where `authenticated` stands for every account: in listings, an account that has something only
//! as any account has it is not named beside it.

use crate::model::catalogue::{self, Demand, Holder};
use crate::model::{Action, Id, Kind};
use crate::policy::facts::{Facts, Result};
use crate::policy::panel::Panel;
use crate::policy::target::Target;

/// Whether every active account may do something because any account may: then `authenticated`
/// stands for all of them.
///
/// # Errors
/// When the facts cannot be read.
pub fn is_covered<F: Facts + ?Sized>(panel: &Panel<'_, F>, action: Action, target: &Target) -> Result<bool> {
    for limit in &catalogue::rows_of(target.kind, action.verb()).limits {
        if is_personal(panel.facts(), limit.demand, target)? {
            return Ok(false);
        }
    }
    Ok(panel.allows_on(Id::AUTHENTICATED, action, target)?.is_some())
}

/// Whether any account at all comes into question, so that each has to be asked about: some row
/// speaks of every account, or a class has it.
pub(super) fn may_be_anybody<F: Facts + ?Sized>(panel: &Panel<'_, F>, action: Action, target: &Target) -> Result<bool> {
    let rows = catalogue::rows_of(target.kind, action.verb());
    if rows.grants.iter().any(|grant| grant.holder == Holder::Account) {
        return Ok(true);
    }
    for class in [Id::AUTHENTICATED, Id::ANYONE] {
        if panel.allows_on(class, action, target)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a limit may stop one account and not another.
fn is_personal<F: Facts + ?Sized>(facts: &F, demand: Demand, target: &Target) -> Result<bool> {
    Ok(match demand {
        Demand::Managed | Demand::RoleFitsKind | Demand::Shareable | Demand::SetFits | Demand::TargetActive => false,
        // Root uploads concern whoever's home it is.
        Demand::RootUpload if target.kind == Kind::Item => {
            target.items(facts)?.take(2).any(|(_, item)| item.home.is_some())
        }
        Demand::RootUpload | Demand::NotOneself | Demand::Allowed(_) | Demand::AllowedOrShared(_) => true,
    })
}
