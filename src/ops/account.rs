//! Accounts: adding, editing, roles, settings, expiry, deactivating and removing (docs/model.md#accounts).

use std::ops::ControlFlow;

use super::{Actor, Result, Work, heir, membership};
use crate::model::attributes::{Account, Attributes, Setting, SettingValue};
use crate::model::catalogue::OWN_ADDRESS;
use crate::model::name::shell_quote;
use crate::model::time::Expiry;
use crate::model::{Action, Id, Kind, Name, Problem, Reference, Resource, Role, Time, Verb};
use crate::policy::{BindingQuery, Facts, invariants};

/// What can be said of an account; what is none is left as it is.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Options {
    /// The account role.
    pub role: Option<Role>,
    /// The e-mail address; an empty text takes it away.
    pub email: Option<String>,
    /// The name people read; an empty text takes it away.
    pub display_name: Option<String>,
    /// When it expires.
    pub expires: Option<Expiry>,
    /// Settings, in the order in which they were given.
    pub settings: Vec<(Setting, SettingValue)>,
}

impl Options {
    /// Puts what is said here into an account.
    ///
    /// # Errors
    /// A usage problem for an address or a name that is none.
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

/// The account role an account holds.
///
/// # Errors
/// When the facts cannot be read.
pub fn role_of<F: Facts + ?Sized>(facts: &F, account: Id) -> Result<Option<(Id, Role)>> {
    for role in Role::SERVER {
        if let Some(binding) = facts.held(Id::SERVER, role, account)? {
            return Ok(Some((binding.id, role)));
        }
    }
    Ok(None)
}

/// Reads an account role; the workgroup admin is not one.
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
        let problem =
            Problem::usage("bad_role", format!("`{}` is not an account role", crate::model::name::printable(word)));
        match crate::model::reference::closest_match(word, words.clone()) {
            Some(near) => problem.tip(format!("did you mean `{near}`?")),
            None => problem.tip(format!("the account roles are: {}", words.collect::<Vec<_>>().join(", "))),
        }
    })
}

/// Creates an account; into a workgroup or dropbox, where one is named.
///
/// # Errors
/// A denial; a conflict when it exists otherwise, or for an admin that would expire.
pub fn add<F: Facts + ?Sized>(
    work: &mut Work<'_, F>,
    name: &Name,
    options: &Options,
    place: Option<&Reference>,
) -> Result<Id> {
    let role = options.role.unwrap_or(Role::ServerUser);
    let place = place.map(|place| membership::find_place(work, place)).transpose()?;
    // Whoever may create accounts in a workgroup creates users only, straight into it (docs/model.md#workgroups).
    if place.is_none() || role != Role::ServerUser {
        work.require(Action::CreateAccount(role), Id::SERVER)?;
    }
    if let Some(place) = &place {
        work.require_verb(Verb::CreateMember, place.id)?;
    }
    refuse_past(options, work.at)?;
    let mut account = Account::default();
    options.apply(&mut account, work.at)?;
    if role == Role::ServerAdmin && account.expires.is_some() {
        return Err(admin_never_ends(name.as_written()));
    }
    if let Some(known) = work.facts().named(Kind::Account, None, name.key())? {
        same_or_conflict(work, &known, role, options)?;
        if let Some(place) = place
            && membership::held(work.facts(), &place, known.id)?.is_none()
        {
            membership::add_one(work, &place, &known, None)?;
        }
        return Ok(known.id);
    }
    warn_of_address(work, &account, None)?;
    let id = work.make(None, name, Attributes::Account(account.clone()))?;
    work.bind(Id::SERVER, id, role);
    if let Some(place) = place
        && let Some(made) = work.facts().resource(id)?
    {
        membership::add_new(work, &place, &made)?;
    }
    // Its settings take rights of their own, asked once the account is there to be asked about.
    for action in settings_between(&Account::default(), &account) {
        work.require(action, id)?;
    }
    Ok(id)
}

/// What takes a right of its own in an account: its expiry and its settings, where they differ.
pub(super) fn settings_between(before: &Account, after: &Account) -> Vec<Action> {
    let expires = (before.expires != after.expires).then_some(Setting::Expires);
    let switches = Setting::TOGGLES.into_iter().filter(|it| before.settings.get(*it) != after.settings.get(*it));
    expires.into_iter().chain(switches).map(Action::Set).collect()
}

/// Refuses an end that is over already: whoever types one meant another time, or to deactivate.
fn refuse_past(options: &Options, now: Time) -> Result<()> {
    match options.expires.and_then(|end| end.resolve_at(now)) {
        Some(end) if end <= now => Err(Problem::conflict("past_expiry", format!("{end} is over already"))
            .why("an account that expires does so at a time to come")
            .tip("choose a later --expires, or make the account inactive: rolebook account deactivate NAME")),
        _ => Ok(()),
    }
}

/// Adding what is there already is no change; adding it otherwise is a contradiction.
fn same_or_conflict<F: Facts + ?Sized>(
    work: &Work<'_, F>,
    known: &Resource,
    role: Role,
    options: &Options,
) -> Result<()> {
    let exists =
        |what: String| Problem::conflict("exists", format!("the account `{}` exists already, {what}", known.name));
    // Whether it exists is told only to whom may see it.
    if !work.sees(known)? {
        return Err(Problem::conflict("exists", format!("the name `{}` is taken", known.name)));
    }
    let Some(account) = known.as_account() else { return Ok(()) };
    if !account.active {
        return Err(exists("inactive".to_owned()).tip(format!("rolebook account activate {}", known.shell_name())));
    }
    let held = role_of(work.facts(), known.id)?.map(|(_, role)| role);
    if held != Some(role) {
        let held = held.map_or("no role", Role::as_str);
        return Err(exists(format!("as {held}")).tip(format!(
            "rolebook account set-role {} {}",
            known.shell_name(),
            role.as_str()
        )));
    }
    let mut wanted = account.clone();
    options.apply(&mut wanted, work.at)?;
    if wanted != *account {
        return Err(
            exists("with other values".to_owned()).tip(format!("rolebook account set {} …", known.shell_name()))
        );
    }
    Ok(())
}

/// Changes details, settings, the expiry or the role.
///
/// # Errors
/// A denial for each thing the actor may not change; a conflict for an admin that would expire.
pub fn change<F: Facts + ?Sized>(work: &mut Work<'_, F>, name: &Name, options: &Options) -> Result<()> {
    if *options == Options::default() {
        return Err(super::nothing_to_set());
    }
    if let Some(role) = options.role {
        set_role(work, name, role)?;
    }
    let known = work.find(Kind::Account, name)?;
    if options.email.is_some() || options.display_name.is_some() {
        work.require_verb(Verb::Edit, known.id)?;
    }
    if options.expires.is_some() {
        work.require(Action::Set(Setting::Expires), known.id)?;
    }
    for (setting, _) in &options.settings {
        work.require(Action::Set(*setting), known.id)?;
    }
    refuse_past(options, work.at)?;
    let Some(before) = known.as_account() else { return Ok(()) };
    let mut account = before.clone();
    options.apply(&mut account, work.at)?;
    refuse_own_address(work, known.id, before, &account)?;
    if account.expires.is_some() && role_of(work.facts(), known.id)?.is_some_and(|(_, role)| role == Role::ServerAdmin)
    {
        return Err(admin_never_ends(&known.name));
    }
    if account.email != before.email {
        warn_of_address(work, &account, Some(known.id))?;
    }
    work.put_attributes(&known, Attributes::Account(account));
    Ok(())
}

/// Ends an account at a time that is over, as a manifest may say of one that was ended elsewhere.
///
/// # Errors
/// A denial; a conflict for an admin.
pub fn expire<F: Facts + ?Sized>(work: &mut Work<'_, F>, name: &Name, end: Time) -> Result<()> {
    let known = work.find(Kind::Account, name)?;
    work.require(Action::Set(Setting::Expires), known.id)?;
    if role_of(work.facts(), known.id)?.is_some_and(|(_, role)| role == Role::ServerAdmin) {
        return Err(admin_never_ends(&known.name));
    }
    let Some(before) = known.as_account() else { return Ok(()) };
    work.put_attributes(&known, Attributes::Account(Account { expires: Some(end), ..before.clone() }));
    Ok(())
}

fn admin_never_ends(name: &str) -> Problem {
    Problem::conflict("admin_ends", format!("`{name}` cannot be an admin and expire"))
        .why("product: admin accounts do not expire and are always active")
        .tip("leave out --expires, or choose another role")
}

/// Anyone sets their own e-mail, but not to the address of another account or of somebody invited
/// (docs/model.md#accounts): whoever could take another's address would be sent what is theirs, and learn
/// who was invited.
///
/// # Errors
/// The one refusal.
pub(super) fn refuse_own_address<F: Facts + ?Sized>(
    work: &Work<'_, F>,
    account: Id,
    before: &Account,
    after: &Account,
) -> Result<()> {
    let Some(email) = after.email.as_deref().filter(|_| work.actor == Actor::Principal(account)) else { return Ok(()) };
    let key = crate::model::name::key(email);
    let kept = before.email.as_deref().map(crate::model::name::key).as_deref() == Some(&key);
    let role = role_of(work.facts(), account)?.map_or(Role::ServerUser, |(_, role)| role);
    // Who creates such accounts may give them any address.
    if kept || work.may(Action::CreateAccount(role), Id::SERVER)? || !is_spoken_for(work, account, &key)? {
        return Ok(());
    }
    let name = work.typed_name(account)?;
    let message = format!("`{email}` cannot be made one's own address by oneself");
    let tip = format!("ask an admin for: rolebook account edit {name} --email {}", shell_quote(email));
    Err(Problem::denied(OWN_ADDRESS, message).tip(tip))
}

/// Whether an address is another account's, by its e-mail or its name, or that of somebody invited.
fn is_spoken_for<F: Facts + ?Sized>(work: &Work<'_, F>, account: Id, key: &str) -> Result<bool> {
    let facts = work.facts();
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
            .is_some_and(|it| it.status(work.at) == "active" && crate::model::name::key(&it.email) == key);
        Ok(if taken { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(taken)
}

/// Says who else has the address: mail to it reaches more than one, and links made for it live on.
fn warn_of_address<F: Facts + ?Sized>(work: &mut Work<'_, F>, account: &Account, own: Option<Id>) -> Result<()> {
    let Some(email) = &account.email else { return Ok(()) };
    let key = crate::model::name::key(email);
    let mut others = Vec::new();
    work.facts().aliased(Kind::Account, &key, &mut |other| {
        if Some(other.id) != own {
            others.push(other);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    for other in others {
        if work.sees(&other)? {
            work.notices.push(format!("{} has the address `{email}` too", other.reference()));
        }
    }
    if let Some(invitee) = work.facts().named(Kind::Invitee, None, &key)? {
        for binding in work.facts().list_bindings(BindingQuery::OfAs(invitee.id, Role::DropboxOutside))? {
            if binding.is_effective(work.at) && work.may(Action::Plain(Verb::View), binding.resource)? {
                let dropbox = work.name(binding.resource)?;
                work.notices.push(format!("a private link of {dropbox} was made for `{email}` and stays in force"));
            }
        }
    }
    Ok(())
}

/// Gives an account role.
///
/// # Errors
/// A denial; a conflict for the last admin or for an inactive account that would become admin.
pub fn set_role<F: Facts + ?Sized>(work: &mut Work<'_, F>, name: &Name, role: Role) -> Result<()> {
    let known = work.find(Kind::Account, name)?;
    work.require(Action::SetRole(role), known.id)?;
    give_role(work, &known, role)
}

/// Gives an account role, unasked: the caller has asked.
fn give_role<F: Facts + ?Sized>(work: &mut Work<'_, F>, known: &Resource, role: Role) -> Result<()> {
    let held = role_of(work.facts(), known.id)?;
    if held.is_some_and(|(_, held)| held == role) {
        return Ok(());
    }
    if role == Role::ServerAdmin
        && let Some(account) = known.as_account()
    {
        if !account.active {
            return Err(Problem::conflict(
                "admin_ends",
                format!("`{}` is inactive, and an admin account is never inactive", known.name),
            )
            .why("product: admin accounts do not expire and are always active")
            .tip(format!("rolebook account activate {}", known.shell_name())));
        }
        if let Some(expires) = account.expires {
            work.put_attributes(known, Attributes::Account(Account { expires: None, ..account.clone() }));
            work.notices.push(format!(
                "the expiry of {} ({expires}) is cleared: an admin account never expires",
                known.reference()
            ));
        }
    }
    if let Some((binding, held)) = held
        && let Some(mut binding) = work.facts().held(Id::SERVER, held, known.id)?.filter(|it| it.id == binding)
    {
        binding.role = role;
        binding.grantor = work.actor.principal();
        work.put_binding(binding);
    } else {
        work.bind(Id::SERVER, known.id, role);
    }
    Ok(())
}

/// Makes an account active or inactive.
///
/// # Errors
/// A denial; a conflict for an admin.
pub fn set_active<F: Facts + ?Sized>(work: &mut Work<'_, F>, name: &Name, active: bool) -> Result<()> {
    let known = work.find(Kind::Account, name)?;
    work.require_verb(if active { Verb::Activate } else { Verb::Deactivate }, known.id)?;
    put_active(work, &known, active)
}

fn put_active<F: Facts + ?Sized>(work: &mut Work<'_, F>, known: &Resource, active: bool) -> Result<()> {
    if let Some(account) = known.as_account() {
        if active && account.expires.is_some_and(|end| end <= work.at) {
            work.notices.push(format!(
                "{} is expired; to let it in again: rolebook account set {} --expires never",
                known.reference(),
                known.shell_name()
            ));
        }
        work.put_attributes(known, Attributes::Account(Account { active, ..account.clone() }));
    }
    Ok(())
}

/// The code of the refusal to destroy an account that something needs.
pub const STILL_NEEDED: &str = "still_needed";

/// How an account goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Removal {
    /// It is deactivated, and its record kept.
    Deactivate,
    /// It goes for good, with every binding it holds.
    Destroy {
        /// Who takes over what it owns, alone administers and shares.
        transfer_to: Option<Name>,
        /// Whether the shares that it made are removed, with what rests on them.
        cascade: bool,
    },
}

/// Removes an account: it is deactivated and its record kept, or destroyed with every binding.
///
/// # Errors
/// A denial; a conflict while it is the last administrator of anything, owns content or has shared
/// something, unless somebody takes that over, or for an admin that is to be kept.
pub fn remove<F: Facts + ?Sized>(work: &mut Work<'_, F>, name: &Name, removal: &Removal) -> Result<()> {
    let known = work.find(Kind::Account, name)?;
    work.require_verb(Verb::Delete, known.id)?;
    let Removal::Destroy { transfer_to, cascade } = removal else {
        return put_active(work, &known, false);
    };
    let last = invariants::is_active_admin(work.facts(), known.id, work.at)?
        && !invariants::has_active_admin(work.facts(), Some(known.id), work.at)?;
    let heir = transfer_to.as_ref().map(|heir| work.find(Kind::Account, heir)).transpose()?;
    if let Some(heir) = &heir {
        if heir.id == known.id {
            return Err(Problem::conflict("same_account", "an account cannot take over from itself"));
        }
        if last {
            work.require(Action::SetRole(Role::ServerAdmin), heir.id)?;
            give_role(work, heir, Role::ServerAdmin)?;
        }
    } else if last {
        return Err(Problem::conflict("last_admin", format!("`{}` is the last active admin", known.name))
            .why("the last active admin can be neither demoted, deactivated nor deleted")
            .tip(format!("rolebook account remove {} --destroy --transfer-to SOMEBODY", known.shell_name())));
    }
    heir::take_over(work, &known, heir.as_ref(), *cascade)?;
    for binding in work.facts().list_bindings(BindingQuery::Of(known.id))? {
        if !matches!(binding.role.resource_kind(), Kind::Server | Kind::Package) {
            let place = work.name(binding.resource)?;
            work.takes.push(format!("{} as {} of {place}", known.reference(), binding.role.as_str()));
        }
    }
    work.end_with_bindings(known.id)
}
