//! The `workgroup` commands: their arguments and their output.

use clap::{Args, Subcommand};

use super::args::{WriteArgs, member_accesses, names, send_policies};
use super::group::{ListArgs, NamedArgs, ShowArgs};
use super::labels::{ExternalIdOptions, IdArgs, NewIdArgs, TextArgs};
use super::members::{MemberCommand, MembershipArgs};
use super::rename::RenameArgs;
use super::session::Session;
use super::{Outcome, complete, examples};
use crate::model::attributes::{MemberAccess, SendPolicy};
use crate::model::{Kind, Name};
use crate::ops::group;
use crate::render::{Column, hidden, key, shown};

#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = examples::WORKGROUP)]
pub(super) struct WorkgroupArgs {
    #[command(subcommand)]
    command: WorkgroupCommand,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum WorkgroupCommand {
    /// Create a workgroup
    #[command(after_long_help = examples::WORKGROUP_ADD)]
    Add(AddArgs),
    /// List workgroups
    #[command(after_long_help = examples::WORKGROUP_LIST)]
    List(ListArgs),
    /// Show one workgroup
    #[command(after_long_help = examples::WORKGROUP_SHOW)]
    Show(ShowArgs),
    /// Change who may send, who sees whom, and what its admins may do
    #[command(after_long_help = examples::WORKGROUP_SET)]
    Set(SetArgs),
    /// Give a workgroup another name
    #[command(after_long_help = examples::WORKGROUP_RENAME)]
    Rename(RenameArgs),
    /// Remove a workgroup, with its memberships
    #[command(after_long_help = examples::WORKGROUP_REMOVE)]
    Remove(NamedArgs),
    /// Add members: accounts and groups
    #[command(after_long_help = examples::WORKGROUP_ADD_MEMBER)]
    AddMember(MembershipArgs),
    #[command(flatten)]
    Members(MemberCommand<false>),
}

// What the admins of a workgroup or a dropbox may do.
#[derive(Args, Debug, Clone, Copy)]
pub(super) struct AdminRightArgs {
    /// Let its admins add existing users and remove members who are not admins
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) admins_manage_members: Option<bool>,
    /// Let its admins create users straight into it
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) admins_create_users: Option<bool>,
    /// Let its admins add and remove groups
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) admins_manage_groups: Option<bool>,
}

// The settings of a workgroup.
#[derive(Args, Debug, Clone)]
struct WorkgroupSettingArgs<I: Args> {
    /// Who may send packages to it [default: nobody]
    #[arg(long, value_name = "WHO", value_parser = send_policies())]
    send: Option<SendPolicy>,
    /// Which members a member sees and may send to one by one [default: none]
    #[arg(long, value_name = "WHOM", value_parser = member_accesses())]
    member_access: Option<MemberAccess>,
    #[command(flatten)]
    rights: AdminRightArgs,
    #[command(flatten)]
    texts: TextArgs,
    #[command(flatten)]
    ids: I,
}

impl<I: ExternalIdOptions> WorkgroupSettingArgs<I> {
    fn options(&self) -> group::GroupSettings {
        group::GroupSettings {
            send: self.send,
            member_access: self.member_access,
            admins_manage_members: self.rights.admins_manage_members,
            admins_create_users: self.rights.admins_create_users,
            admins_manage_groups: self.rights.admins_manage_groups,
            labels: self.ids.with(&self.texts),
            ..group::GroupSettings::default()
        }
    }
}

#[derive(Args, Debug)]
struct AddArgs {
    /// The workgroup's name
    #[arg(value_name = "NAME", value_parser = names(Kind::Workgroup))]
    name: Name,
    #[command(flatten)]
    settings: WorkgroupSettingArgs<NewIdArgs>,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
struct SetArgs {
    /// The workgroup
    #[arg(value_name = "NAME", value_parser = names(Kind::Workgroup), add = complete::workgroups())]
    name: Name,
    #[command(flatten)]
    settings: WorkgroupSettingArgs<IdArgs>,
    #[command(flatten)]
    writing: WriteArgs,
}

static COLUMNS: [Column; 12] = [
    key("ref"),
    hidden("name"),
    shown("send"),
    shown("member_access"),
    hidden("admins_manage_members"),
    hidden("admins_create_users"),
    hidden("admins_manage_groups"),
    shown("members"),
    hidden("display_name"),
    hidden("description"),
    hidden("ids"),
    hidden("revision"),
];

impl WorkgroupArgs {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        let kind = Kind::Workgroup;
        match self.command {
            WorkgroupCommand::Add(it) => {
                let (which, options) = (&it.name, it.settings.options());
                session.change(&it.writing, |tx| group::add(tx, kind, which, &options))
            }
            WorkgroupCommand::Set(it) => {
                let (which, options) = (&it.name, it.settings.options());
                session.change(&it.writing, |tx| group::set(tx, kind, which, &options))
            }
            WorkgroupCommand::List(it) => it.run(session, kind, &COLUMNS),
            WorkgroupCommand::Show(it) => it.run(session, kind, &COLUMNS),
            WorkgroupCommand::Rename(it) => it.run(session, kind),
            WorkgroupCommand::Remove(it) => it.remove(session, kind),
            WorkgroupCommand::AddMember(it) => it.add(session, kind, None),
            WorkgroupCommand::Members(it) => it.run(session),
        }
    }
}
