//! Whether an account is a member of an organization: finding the account, and the problem of an account that is not
//! a member yet.

use std::rc::Rc;

use super::membership::held;
use super::{Result, Transaction};
use crate::model::name::shell_quote;
use crate::model::{Action, Kind, Name, Problem, Reference, Resource, Role, Verb};
use crate::policy::Facts;

/// The account that a reference names. An actor who may view the members also finds members that a private
/// directory hides.
///
/// # Errors
/// As [`Transaction::find`]; a conflict for any other kind.
pub(super) fn find_member(tx: &Transaction<'_>, org: &Resource, reference: &Reference) -> Result<Rc<Resource>> {
    let reference = tx.with_kind(reference)?;
    let Reference::Named(Kind::Account, name) = &*reference else {
        return Err(reference.wrong_kind("an account (only accounts are members of organizations)"));
    };
    if let Some(account) = tx.facts().named(Kind::Account, None, name.key())?
        && held(tx.facts(), org, account.id)?.is_some()
        && tx.may(Action::Plain(Verb::ViewMembers), org.id)?
    {
        return Ok(account);
    }
    tx.find(Kind::Account, name)
}

/// The command that invites an account; `ADDRESS` stands for an unknown e-mail address.
pub(super) fn invitation_for(org: &Name, account: &Resource, role: Role) -> String {
    let by_name = || Name::parse_email(&account.name).is_ok().then(|| account.name.clone());
    let address = account.as_account().and_then(|it| it.email.clone()).or_else(by_name);
    let address = address.map_or_else(|| "ADDRESS".to_owned(), |address| shell_quote(&address));
    format!("rolebook org invite {} {address} --role {}", shell_quote(org.as_written()), role.as_str())
}

/// The conflict of an account that would have to be a member first.
pub(super) fn not_a_member(org: &Resource, account: &Resource, role: Role) -> Problem {
    let problem =
        Problem::conflict("not_a_member", format!("{} is not a member of {}", account.reference(), org.reference()));
    match Name::parse(&org.name) {
        Ok(name) => problem.tip(invitation_for(&name, account, role)),
        Err(_) => problem,
    }
}
