//! Accounts: adding, editing, roles, settings, expiry, deactivating and removing (docs/model.md#accounts).

use std::ops::ControlFlow;
use std::rc::Rc;

use super::external_id::ExternalIdChanges;
pub use super::handover::STILL_NEEDED;
use super::{Actor, Result, Transaction, handover, labels, membership};
use crate::model::attributes::{Account, Attributes, LinkStatus, Setting, SettingValue};
use crate::model::catalogue::OWN_ADDRESS;
use crate::model::escape::printable;
use crate::model::name::shell_quote;
use crate::model::spelling::closest_match;
use crate::model::time::Expiry;
use crate::model::{Action, Id, Kind, Name, Problem, Reference, Resource, Role, Time, Verb};
use crate::policy::{BindingQuery, Facts, invariants};

/// Settings to change; `None` leaves a setting as it is.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AccountSettings {
    /// The account role.
    pub role: Option<Role>,
    /// The e-mail address; an empty text removes it.
    pub email: Option<String>,
    /// The display name; an empty text removes it.
    pub display_name: Option<String>,
    /// When the account expires.
    pub expires: Option<Expiry>,
    /// Settings, in the order of the request.
    pub settings: Vec<(Setting, SettingValue)>,
    /// The external ids.
    pub ids: ExternalIdChanges,
}

impl AccountSettings {
    /// Applies the changes to an account.
    ///
    /// # Errors
    /// A usage problem for an invalid address or display name.
    pub fn apply(&self, account: &mut Account, now: Time) -> Result<()> {
        if let Some(email) = &self.email {
            account.email =
                if email.is_empty() { None } else { Some(Name::parse_new_email(email)?.as_written().to_owned()) };
        }
        if let Some(name) = &self.display_name {
            if name.chars().any(char::is_control) {
                return Err(Problem::usage("bad_display_name", "a display name holds no control characters"));
            }
            account.display_name = (!name.is_empty()).then(|| name.clone());
        }
        if let Some(expires) = self.expires {
            account.expires = expires.resolve_at(now);
        }
        for (setting, choice) in &self.settings {
            account.settings.set(*setting, *choice);
        }
        Ok(())
    }
}

/// The account role that an account holds, with its binding; `None` if it holds none.
///
/// # Errors
/// When the facts cannot be read.
pub fn role_of(facts: &dyn Facts, account: Id) -> Result<Option<(Id, Role)>> {
    for role in Role::SERVER {
        if let Some(binding) = facts.held(Id::SERVER, role, account)? {
            return Ok(Some((binding.id, role)));
        }
    }
    Ok(None)
}

/// The account that has an address as its name or as its e-mail address.
///
/// # Errors
/// When the facts cannot be read.
pub(super) fn with_address(facts: &dyn Facts, email: &Name) -> Result<Option<Rc<Resource>>> {
    let mut found = facts.named(Kind::Account, None, email.key())?;
    if found.is_none() {
        facts.aliased(Kind::Account, email.key(), &mut |account| {
            found = Some(account);
            Ok(ControlFlow::Break(()))
        })?;
    }
    Ok(found)
}

/// Reads an account role. The workgroup admin is not an account role.
///
/// # Errors
/// A conflict that names the right command for `workgroup-admin`, else a usage problem.
pub fn parse_role(word: &str, who: &str) -> Result<Role> {
    if matches!(word, "workgroup-admin" | "workgroup_admin" | "dropbox-admin") {
        let noun = if word.starts_with("dropbox") { "dropbox" } else { "workgroup" };
        return Err(Problem::conflict("not_an_account_role", format!("`{word}` is not an account role"))
            .why("seed 000: The workgroup admin role is assigned and managed when configuring Workgroups. not from a user's account settings.")
            .tip(format!("rolebook {noun} add-admin {} {}", noun.to_uppercase(), crate::model::name::shell_quote(who))));
    }
    Role::from_name(Kind::Server, word).ok_or_else(|| {
        let words = Role::SERVER.iter().map(|role| role.as_str());
        let problem = Problem::usage("bad_role", format!("`{}` is not an account role", printable(word)));
        match closest_match(word, words.clone()) {
            Some(near) => problem.tip(format!("did you mean `{near}`?")),
            None => problem.tip(format!("the account roles are: {}", words.collect::<Vec<_>>().join(", "))),
        }
    })
}

/// Creates an account, as a member of a workgroup or dropbox if one is named.
///
/// # Errors
/// A denial; a conflict if the account exists with other values, or for an admin that would expire.
pub fn add(tx: &mut Transaction<'_>, name: &Name, options: &AccountSettings, group: Option<&Reference>) -> Result<Id> {
    let role = options.role.unwrap_or(Role::ServerUser);
    let group = group.map(|reference| membership::find_group(tx, reference)).transpose()?;
    // The right to create accounts in a workgroup covers users only, as members of it (docs/model.md#workgroups).
    if group.is_none() || role != Role::ServerUser {
        tx.require(Action::CreateAccount(role), Id::SERVER)?;
    }
    if let Some(group) = &group {
        tx.require_verb(Verb::CreateMember, group.id)?;
    }
    refuse_past(options, tx.at)?;
    let mut account = Account::default();
    options.apply(&mut account, tx.at)?;
    if role == Role::ServerAdmin && account.expires.is_some() {
        return Err(admin_never_ends(name.as_written()));
    }
    if let Some(existing) = tx.facts().named(Kind::Account, None, name.key())? {
        same_or_conflict(tx, &existing, role, options)?;
        if let Some(group) = group
            && membership::held(tx.facts(), &group, existing.id)?.is_none()
        {
            membership::add_one(tx, &group, &existing, None)?;
        }
        return Ok(existing.id);
    }
    warn_of_address(tx, &account, None)?;
    let id = tx.create(None, name, Attributes::Account(account.clone()))?;
    tx.bind(Id::SERVER, id, role);
    if let Some(group) = group
        && let Some(made) = tx.facts().resource(id)?
    {
        membership::add_new(tx, &group, &made)?;
    }
    labels::change_ids(tx, id, &options.ids)?;
    // Settings take further rights, which can be asked only once the account exists.
    for action in settings_between(&Account::default(), &account) {
        tx.require(action, id)?;
    }
    Ok(id)
}

/// The actions that change the expiry and each setting in which two states of an account differ.
pub(super) fn settings_between(before: &Account, after: &Account) -> Vec<Action> {
    let expires = (before.expires != after.expires).then_some(Setting::Expires);
    let switches = Setting::TOGGLES.into_iter().filter(|it| before.settings.get(*it) != after.settings.get(*it));
    expires.into_iter().chain(switches).map(Action::Set).collect()
}

/// Refuses an expiry in the past: the actor meant another time, or to deactivate the account.
fn refuse_past(options: &AccountSettings, now: Time) -> Result<()> {
    match options.expires.and_then(|end| end.resolve_at(now)) {
        Some(end) if end <= now => Err(Problem::conflict("past_expiry", format!("{end} is over already"))
            .why("an expiry is a time in the future")
            .tip("choose a later --expires, or make the account inactive: rolebook account deactivate NAME")),
        _ => Ok(()),
    }
}

/// Adding an account that exists changes nothing; adding it with other values is a conflict.
fn same_or_conflict(tx: &Transaction<'_>, existing: &Resource, role: Role, options: &AccountSettings) -> Result<()> {
    let exists =
        |what: String| Problem::conflict("exists", format!("the account `{}` exists already, {what}", existing.name));
    // Only an actor who may see the account learns more than that the name is taken.
    if !tx.sees(existing)? {
        return Err(Problem::conflict("exists", format!("the name `{}` is taken", existing.name)));
    }
    let Some(account) = existing.as_account() else { return Ok(()) };
    if !account.active {
        return Err(exists("inactive".to_owned()).tip(format!("rolebook account activate {}", existing.shell_name())));
    }
    let held = role_of(tx.facts(), existing.id)?.map(|(_, role)| role);
    if held != Some(role) {
        let held = held.map_or("no role", Role::as_str);
        return Err(exists(format!("as {held}")).tip(format!(
            "rolebook account set-role {} {}",
            existing.shell_name(),
            role.as_str()
        )));
    }
    let mut changed = account.clone();
    options.apply(&mut changed, tx.at)?;
    if changed != *account || !labels::has_ids(tx, existing, &options.ids)? {
        return Err(
            exists("with other values".to_owned()).tip(format!("rolebook account set {} …", existing.shell_name()))
        );
    }
    Ok(())
}

/// Changes the e-mail address, the display name, settings, the expiry or the role.
///
/// # Errors
/// A denial for the first change that the actor may not make; a conflict for an admin that would expire.
pub fn change(tx: &mut Transaction<'_>, name: &Name, options: &AccountSettings) -> Result<()> {
    if *options == AccountSettings::default() {
        return Err(super::nothing_to_set());
    }
    if let Some(role) = options.role {
        set_role(tx, name, role)?;
    }
    let existing = tx.find(Kind::Account, name)?;
    if options.email.is_some() || options.display_name.is_some() {
        tx.require_verb(Verb::Edit, existing.id)?;
    }
    if options.expires.is_some() {
        tx.require(Action::Set(Setting::Expires), existing.id)?;
    }
    for (setting, _) in &options.settings {
        tx.require(Action::Set(*setting), existing.id)?;
    }
    refuse_past(options, tx.at)?;
    let Some(before) = existing.as_account() else { return Ok(()) };
    let mut account = before.clone();
    options.apply(&mut account, tx.at)?;
    refuse_own_address(tx, existing.id, before, &account)?;
    if account.expires.is_some() && role_of(tx.facts(), existing.id)?.is_some_and(|(_, role)| role == Role::ServerAdmin)
    {
        return Err(admin_never_ends(&existing.name));
    }
    if account.email != before.email {
        warn_of_address(tx, &account, Some(existing.id))?;
    }
    tx.put_attributes(&existing, Attributes::Account(account));
    labels::change_ids(tx, existing.id, &options.ids)
}

/// Sets an expiry that may be in the past: a manifest may declare an account that has expired in another system.
///
/// # Errors
/// A denial; a conflict for an admin.
pub fn expire(tx: &mut Transaction<'_>, name: &Name, end: Time) -> Result<()> {
    let existing = tx.find(Kind::Account, name)?;
    tx.require(Action::Set(Setting::Expires), existing.id)?;
    if role_of(tx.facts(), existing.id)?.is_some_and(|(_, role)| role == Role::ServerAdmin) {
        return Err(admin_never_ends(&existing.name));
    }
    let Some(before) = existing.as_account() else { return Ok(()) };
    tx.put_attributes(&existing, Attributes::Account(Account { expires: Some(end), ..before.clone() }));
    Ok(())
}

fn admin_never_ends(name: &str) -> Problem {
    Problem::conflict("admin_ends", format!("`{name}` cannot be an admin and expire"))
        .why("product: admin accounts do not expire and are always active")
        .tip("leave out --expires, or choose another role")
}

/// Refuses an actor's own new e-mail address if it belongs to another account or to an invitee
/// (docs/model.md#accounts). With the address of another person the actor would receive that person's mail, and
/// could find out who was invited.
///
/// # Errors
/// One denial for every reason.
pub(super) fn refuse_own_address(tx: &Transaction<'_>, account: Id, before: &Account, after: &Account) -> Result<()> {
    let Some(email) = after.email.as_deref().filter(|_| tx.actor == Actor::Principal(account)) else { return Ok(()) };
    let key = crate::model::name::key(email);
    let kept = before.email.as_deref().map(crate::model::name::key).as_deref() == Some(&key);
    let role = role_of(tx.facts(), account)?.map_or(Role::ServerUser, |(_, role)| role);
    // An actor who may create such accounts may give them any address.
    if kept || tx.may(Action::CreateAccount(role), Id::SERVER)? || !is_spoken_for(tx, account, &key)? {
        return Ok(());
    }
    let name = tx.shell_name(account)?;
    let message = format!("you cannot make `{email}` your own address");
    let tip = format!("ask an admin for: rolebook account edit {name} --email {}", shell_quote(email));
    Err(Problem::denied(OWN_ADDRESS, message).tip(tip))
}

/// Whether an address is the e-mail address or the name of another account, or has an active invitation.
fn is_spoken_for(tx: &Transaction<'_>, account: Id, key: &str) -> Result<bool> {
    let facts = tx.facts();
    let mut taken = facts.id_named(Kind::Account, None, key)?.is_some_and(|other| other != account);
    facts.aliased(Kind::Account, key, &mut |other| {
        taken = taken || other.id != account;
        Ok(if taken { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    if taken {
        return Ok(true);
    }
    facts.resources(Kind::Invitation, None, &mut |invitation| {
        taken = invitation
            .as_invitation()
            .is_some_and(|it| it.status(tx.at) == LinkStatus::Active && crate::model::name::key(&it.email) == key);
        Ok(if taken { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(taken)
}

/// Warns that other accounts have the address, and that private links made for it stay in force.
fn warn_of_address(tx: &mut Transaction<'_>, account: &Account, own: Option<Id>) -> Result<()> {
    let Some(email) = &account.email else { return Ok(()) };
    let key = crate::model::name::key(email);
    let mut others = Vec::new();
    tx.facts().aliased(Kind::Account, &key, &mut |other| {
        if Some(other.id) != own {
            others.push(other);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    for other in others {
        if tx.sees(&other)? {
            tx.warnings.push(format!("{} has the address `{email}` too", other.reference()));
        }
    }
    if let Some(invitee) = tx.facts().named(Kind::Invitee, None, &key)? {
        for binding in tx.facts().list_bindings(BindingQuery::OfAs(invitee.id, Role::DropboxOutside))? {
            if binding.is_effective(tx.at) && tx.may(Action::Plain(Verb::View), binding.resource)? {
                let dropbox = tx.name(binding.resource)?;
                tx.warnings.push(format!("a private link of {dropbox} was made for `{email}` and stays in force"));
            }
        }
    }
    Ok(())
}

/// Gives an account role.
///
/// # Errors
/// A denial; a conflict for the last admin or for an inactive account that would become admin.
pub fn set_role(tx: &mut Transaction<'_>, name: &Name, role: Role) -> Result<()> {
    let existing = tx.find(Kind::Account, name)?;
    tx.require(Action::SetRole(role), existing.id)?;
    give_role(tx, &existing, role)
}

/// Gives an account role. The caller has asked for the right.
fn give_role(tx: &mut Transaction<'_>, existing: &Resource, role: Role) -> Result<()> {
    let held = role_of(tx.facts(), existing.id)?;
    if held.is_some_and(|(_, held)| held == role) {
        return Ok(());
    }
    if role == Role::ServerAdmin
        && let Some(account) = existing.as_account()
    {
        if !account.active {
            return Err(Problem::conflict(
                "admin_ends",
                format!("`{}` is inactive, and an admin account is never inactive", existing.name),
            )
            .why("product: admin accounts do not expire and are always active")
            .tip(format!("rolebook account activate {}", existing.shell_name())));
        }
        if let Some(expires) = account.expires {
            tx.put_attributes(existing, Attributes::Account(Account { expires: None, ..account.clone() }));
            tx.warnings.push(format!(
                "the expiry of {} ({expires}) is cleared: an admin account never expires",
                existing.reference()
            ));
        }
    }
    if let Some((binding, held)) = held
        && let Some(mut binding) = tx.facts().held(Id::SERVER, held, existing.id)?.filter(|it| it.id == binding)
    {
        binding.role = role;
        binding.grantor = tx.actor.principal();
        tx.put_binding(binding);
    } else {
        tx.bind(Id::SERVER, existing.id, role);
    }
    Ok(())
}

/// Activates or deactivates an account.
///
/// # Errors
/// A denial; a conflict for an admin.
pub fn set_active(tx: &mut Transaction<'_>, name: &Name, active: bool) -> Result<()> {
    let existing = tx.find(Kind::Account, name)?;
    tx.require_verb(if active { Verb::Activate } else { Verb::Deactivate }, existing.id)?;
    put_active(tx, &existing, active)
}

fn put_active(tx: &mut Transaction<'_>, existing: &Resource, active: bool) -> Result<()> {
    if let Some(account) = existing.as_account() {
        if active && account.expires.is_some_and(|end| end <= tx.at) {
            tx.warnings.push(format!(
                "{} is expired; to let it in again: rolebook account set {} --expires never",
                existing.reference(),
                existing.shell_name()
            ));
        }
        tx.put_attributes(existing, Attributes::Account(Account { active, ..account.clone() }));
    }
    Ok(())
}

/// How to remove an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Removal {
    /// Deactivate the account and keep its record.
    Deactivate,
    /// End the account and every binding it holds.
    Destroy {
        /// The account that takes over what this one owns, alone administers and shares.
        transfer_to: Option<Name>,
        /// Whether to remove the shares that the account made, with what rests on them.
        cascade: bool,
    },
}

/// Removes an account: deactivates it, or destroys it with every binding.
///
/// # Errors
/// A denial; a conflict while the account is the last administrator of anything, owns content or has shared
/// something, unless a successor takes that over; a conflict for the last active admin.
pub fn remove(tx: &mut Transaction<'_>, name: &Name, removal: &Removal) -> Result<()> {
    let existing = tx.find(Kind::Account, name)?;
    tx.require_verb(Verb::Delete, existing.id)?;
    let Removal::Destroy { transfer_to, cascade } = removal else {
        return put_active(tx, &existing, false);
    };
    let last = invariants::is_active_admin(tx.facts(), existing.id, tx.at)?
        && !invariants::has_active_admin(tx.facts(), Some(existing.id), tx.at)?;
    let successor = transfer_to.as_ref().map(|successor| tx.find(Kind::Account, successor)).transpose()?;
    if let Some(successor) = &successor {
        if successor.id == existing.id {
            return Err(Problem::conflict("same_account", "an account cannot take over from itself"));
        }
        if last {
            tx.require(Action::SetRole(Role::ServerAdmin), successor.id)?;
            give_role(tx, successor, Role::ServerAdmin)?;
        }
    } else if last {
        return Err(Problem::conflict("last_admin", format!("`{}` is the last active admin", existing.name))
            .why("the last active admin can be neither demoted, deactivated nor deleted")
            .tip(format!("rolebook account remove {} --destroy --transfer-to SOMEBODY", existing.shell_name())));
    }
    handover::transfer_ownership(tx, &existing, successor.as_ref(), *cascade)?;
    for binding in tx.facts().list_bindings(BindingQuery::Of(existing.id))? {
        if !matches!(binding.role.resource_kind(), Kind::Server | Kind::Package) {
            let resource = tx.name(binding.resource)?;
            tx.cascades.push(format!("{} as {} of {resource}", existing.reference(), binding.role.as_str()));
        }
    }
    tx.end_with_bindings(existing.id)
}
