//! The `account` commands: their arguments and their output.

use std::collections::HashMap;
use std::ops::ControlFlow;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::args::{PageArgs, ReadArgs, SettingArgs, WriteArgs, names, words};
use super::labels::{ExternalIdOptions, IdArgs, NewIdArgs, ids};
use super::rename::RenameArgs;
use super::session::Session;
use super::view::ReadView;
use super::{Outcome, complete, examples};
use crate::model::attributes::{Setting, Status};
use crate::model::time::Expiry;
use crate::model::time::time_value;
use crate::model::{Id, Kind, Name, Problem, Reference, Resource, Role};
use crate::ops::account::{self, AccountSettings};
use crate::policy::{BindingQuery, Facts};
use crate::render::{Column, RenderError, hidden, key, row, shown};

#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = examples::ACCOUNT)]
pub(super) struct AccountArgs {
    #[command(subcommand)]
    command: AccountCommand,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum AccountCommand {
    /// Create an account
    ///
    /// Admins create accounts of every role, managers those of role `user`. A workgroup admin whose
    /// workgroup has `admins-create-users` creates users straight into it, with `--workgroup`.
    Add(AddArgs),
    /// List accounts
    List(ListArgs),
    /// Show one account
    ///
    /// Includes its memberships: direct ones, and those through groups.
    Show(ShowArgs),
    /// Change an account's details
    ///
    /// Anyone may change their own e-mail and display name. Nobody changes their own role, expiry
    /// or settings. A setting is `allow`, `deny`, or `default` for the server's value. To change external ids takes
    /// the right to delete the account, since an import reads by them whose access it is.
    Edit(EditArgs),
    /// Give an account another name
    ///
    /// Takes the right to delete the account: anyone may edit their own account, but nobody renames
    /// their own.
    #[command(after_long_help = examples::ACCOUNT_RENAME)]
    Rename(RenameArgs),
    /// Give an account role: admin, manager or user
    ///
    /// Only admins assign roles, and nobody changes their own. Workgroup admins are designated with
    /// `rolebook workgroup add-admin`.
    SetRole(SetRoleArgs),
    /// Change an account's settings
    ///
    /// Anyone may change their own e-mail and display name. Nobody changes their own role, expiry
    /// or settings. A setting is `allow`, `deny`, or `default` for the server's value.
    Set(EditArgs),
    /// Make an account active again
    Activate(NameArgs),
    /// Make an account inactive: it can do nothing, what it shared stays
    Deactivate(NameArgs),
    /// Remove an account: deactivate it and keep the record, or destroy it
    ///
    /// The account becomes inactive and its record is kept. With `--destroy` it is removed for good, with
    /// every role and membership it holds, in one revision; its history stays. What it owns, administers
    /// alone or has shared needs a decision then: `--transfer-to` hands all of it over, `--cascade`
    /// removes the shares.
    Remove(RemoveArgs),
}

// The settings of an account.
#[derive(Args, Debug, Clone)]
struct AccountSettingArgs<I: Args> {
    /// E-mail address; empty takes it away
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// The name that people read; empty takes it away
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    /// When it expires: a day, a time, a length such as `30d`, or `never` (a day begins at 00:00 UTC)
    #[arg(long, value_name = "WHEN", value_parser = Expiry::parse)]
    expires: Option<Expiry>,
    /// The account role: admin, manager or user
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    #[command(flatten)]
    settings: SettingArgs,
    #[command(flatten)]
    ids: I,
}

impl<I: ExternalIdOptions> AccountSettingArgs<I> {
    fn options(&self, who: &str) -> Result<AccountSettings, Problem> {
        Ok(AccountSettings {
            role: self.role.as_deref().map(|role| account::parse_role(role, who)).transpose()?,
            email: self.email.clone(),
            display_name: self.display_name.clone(),
            expires: self.expires,
            settings: self.settings.0.clone(),
            ids: self.ids.changes(),
        })
    }
}

#[derive(Args, Debug)]
#[command(after_long_help = examples::ACCOUNT_ADD)]
struct AddArgs {
    /// The account's name
    #[arg(value_name = "NAME", value_parser = names(Kind::Account))]
    name: Name,
    #[command(flatten)]
    settings: AccountSettingArgs<NewIdArgs>,
    /// Make it a member of this workgroup at once
    #[arg(long, value_name = "WORKGROUP", value_parser = names(Kind::Workgroup), add = complete::workgroups())]
    workgroup: Option<Name>,
    /// Make it a member of this dropbox at once
    #[arg(long, value_name = "DROPBOX", value_parser = names(Kind::Dropbox), conflicts_with = "workgroup", add = complete::dropboxes())]
    dropbox: Option<Name>,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
#[command(after_long_help = examples::ACCOUNT_LIST)]
struct ListArgs {
    /// Only accounts of this role
    #[arg(long, value_name = "ROLE", value_parser = words(Role::words(Role::SERVER), |word| Role::from_name(Kind::Server, word)))]
    role: Option<Role>,
    /// Only accounts of this status
    #[arg(long, value_name = "STATUS", value_parser = words(Status::WORDS, Status::from_name))]
    status: Option<Status>,
    #[command(flatten)]
    paging: PageArgs,
    #[command(flatten)]
    reading: ReadArgs,
}

#[derive(Args, Debug)]
#[command(after_long_help = examples::ACCOUNT_SHOW)]
struct ShowArgs {
    /// The account
    #[arg(value_name = "NAME", value_parser = names(Kind::Account), add = complete::accounts())]
    name: Name,
    #[command(flatten)]
    reading: ReadArgs,
}

// Change an account's details or settings
//
// Anyone may change their own e-mail and display name. Nobody changes their own role, expiry or
// settings. A setting is `allow`, `deny`, or `default` for the server's value.
#[derive(Args, Debug)]
#[command(after_long_help = examples::ACCOUNT_SET)]
struct EditArgs {
    /// The account
    #[arg(value_name = "NAME", value_parser = names(Kind::Account), add = complete::accounts())]
    name: Name,
    #[command(flatten)]
    settings: AccountSettingArgs<IdArgs>,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
#[command(after_long_help = examples::ACCOUNT_SET_ROLE)]
struct SetRoleArgs {
    /// The account
    #[arg(value_name = "NAME", value_parser = names(Kind::Account), add = complete::accounts())]
    name: Name,
    /// admin, manager or user
    #[arg(value_name = "ROLE", add = complete::words(const { &Role::words(Role::SERVER) }))]
    role: String,
    #[command(flatten)]
    writing: WriteArgs,
}

// Make an account active or inactive
#[derive(Args, Debug)]
#[command(after_long_help = examples::ACCOUNT_DEACTIVATE)]
struct NameArgs {
    /// The account
    #[arg(value_name = "NAME", value_parser = names(Kind::Account), add = complete::accounts())]
    name: Name,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
#[command(after_long_help = examples::ACCOUNT_REMOVE)]
struct RemoveArgs {
    /// The account
    #[arg(value_name = "NAME", value_parser = names(Kind::Account), add = complete::accounts())]
    name: Name,
    /// Remove it for good, with every binding it holds
    #[arg(long)]
    destroy: bool,
    /// Who takes over what it owns, administers alone and has shared
    #[arg(long, value_name = "USER", value_parser = names(Kind::Account), requires = "destroy", add = complete::accounts())]
    transfer_to: Option<Name>,
    /// Remove the shares it made, and those that rest on them
    #[arg(long, requires = "destroy")]
    cascade: bool,
    #[command(flatten)]
    writing: WriteArgs,
}

impl AccountArgs {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        match self.command {
            AccountCommand::Add(it) => it.run(session),
            AccountCommand::List(it) => it.run(session),
            AccountCommand::Show(it) => it.run(session),
            AccountCommand::Edit(it) | AccountCommand::Set(it) => it.run(session),
            AccountCommand::Rename(it) => it.run(session, Kind::Account),
            AccountCommand::SetRole(it) => it.run(session),
            AccountCommand::Activate(it) => it.run(session, true),
            AccountCommand::Deactivate(it) => it.run(session, false),
            AccountCommand::Remove(it) => it.run(session),
        }
    }
}

impl AddArgs {
    fn run(&self, session: &mut Session<'_>) -> Outcome {
        let who = &self.name;
        let options = self.settings.options(self.name.as_written())?;
        let workgroup = self.workgroup.clone().map(|name| Reference::Named(Kind::Workgroup, name));
        let group = workgroup.or_else(|| self.dropbox.clone().map(|name| Reference::Named(Kind::Dropbox, name)));
        session.change(&self.writing, |tx| account::add(tx, who, &options, group.as_ref()))
    }
}

impl EditArgs {
    fn run(&self, session: &mut Session<'_>) -> Outcome {
        let who = &self.name;
        let options = self.settings.options(self.name.as_written())?;
        session.change(&self.writing, |tx| account::change(tx, who, &options))
    }
}

impl SetRoleArgs {
    fn run(&self, session: &mut Session<'_>) -> Outcome {
        let who = &self.name;
        let role = account::parse_role(&self.role, self.name.as_written())?;
        session.change(&self.writing, |tx| account::set_role(tx, who, role))
    }
}

impl NameArgs {
    fn run(&self, session: &mut Session<'_>, active: bool) -> Outcome {
        let who = &self.name;
        session.change(&self.writing, |tx| account::set_active(tx, who, active))
    }
}

impl RemoveArgs {
    fn run(&self, session: &mut Session<'_>) -> Outcome {
        let who = &self.name;
        let removal = match self.destroy {
            true => account::Removal::Destroy { transfer_to: self.transfer_to.clone(), cascade: self.cascade },
            false => account::Removal::Deactivate,
        };
        session.change(&self.writing, |tx| account::remove(tx, who, &removal))
    }
}

static COLUMNS: [Column; 10] = [
    key("ref"),
    hidden("name"),
    shown("role"),
    shown("status"),
    shown("email"),
    hidden("display_name"),
    shown("expires"),
    hidden("settings"),
    hidden("ids"),
    hidden("revision"),
];

impl ListArgs {
    fn run(&self, session: &mut Session<'_>) -> Outcome {
        session.read(self.reading.at.as_deref(), |session, view| {
            let roles = Roles::of_all(view)?;
            session.stream(&COLUMNS, &self.paging, |wants, push| {
                view.each(Kind::Account, wants.page_start(), &mut |account| {
                    let (role, status) = (roles.of(account.id), account.as_account().map(|it| it.status(view.at)));
                    if (self.role.is_none() || self.role == role) && (self.status.is_none() || self.status == status) {
                        push(account_row(view, &account, role)?)
                    } else {
                        Ok(ControlFlow::Continue(()))
                    }
                })
            })?;
            Ok(0)
        })
    }
}

/// Every account's role. The most common role is kept once and not for each account.
struct Roles {
    most: Option<Role>,
    others: HashMap<Id, Role>,
}

impl Roles {
    fn of_all(view: &ReadView<'_>) -> Result<Roles, RenderError> {
        let counts = Role::SERVER
            .into_iter()
            .map(|role| Ok((view.facts.count_held(Id::SERVER, role)?, role)))
            .collect::<Result<Vec<_>, RenderError>>()?;
        // The most common role is implied only if every account has a role.
        let all = counts.iter().map(|(count, _)| count).sum::<u64>() == view.facts.count(Kind::Account)?;
        let most = counts.iter().max_by_key(|(count, _)| *count).map(|(_, role)| *role).filter(|_| all);
        let mut others = HashMap::new();
        for role in Role::SERVER.into_iter().filter(|role| Some(*role) != most) {
            view.facts.bindings(BindingQuery::OnAs(Id::SERVER, role), &mut |binding| {
                others.insert(binding.principal, role);
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(Roles { most, others })
    }

    fn of(&self, account: Id) -> Option<Role> {
        self.others.get(&account).copied().or(self.most)
    }
}

fn account_row(
    view: &ReadView<'_>,
    resource: &Resource,
    role: Option<Role>,
) -> Result<Map<String, Value>, RenderError> {
    let account = resource.as_account().cloned().unwrap_or_default();
    let settings: Map<String, Value> = Setting::TOGGLES
        .iter()
        .map(|setting| (setting.field().to_owned(), json!(account.settings.get(*setting))))
        .collect();
    Ok(row(
        &COLUMNS,
        [
            json!(resource.reference()),
            json!(resource.name),
            json!(role.map(Role::as_str)),
            json!(account.status(view.at).as_str()),
            json!(account.email),
            json!(account.display_name),
            time_value(account.expires),
            Value::Object(settings),
            ids(view, resource.id)?,
            json!(resource.since),
        ],
    ))
}

impl ShowArgs {
    fn run(&self, session: &mut Session<'_>) -> Outcome {
        const WITH_MEMBERSHIPS: [Column; 11] = [
            shown("ref"),
            shown("name"),
            shown("role"),
            shown("status"),
            shown("email"),
            shown("display_name"),
            shown("expires"),
            shown("settings"),
            shown("ids"),
            shown("memberships"),
            shown("revision"),
        ];
        let who = &self.name;
        session.read(self.reading.at.as_deref(), |session, view| {
            let account = view.find(Kind::Account, who)?;
            let role = account::role_of(&view.facts, account.id)?.map(|(_, role)| role);
            let mut row = account_row(view, &account, role)?;
            row.insert("memberships".to_owned(), Value::Array(super::members::memberships(view, account.id)?));
            session.show(&WITH_MEMBERSHIPS, row)
        })
    }
}
