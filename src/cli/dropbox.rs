//! The `dropbox` commands: their arguments and their output. The commands for links are in [`super::links`].

use clap::{Args, Subcommand};

use super::args::{WriteArgs, name, names};
use super::group::{ListArgs, NamedArgs, ShowArgs};
use super::labels::{ExternalIdOptions, IdArgs, NewIdArgs, TextArgs};
use super::links;
use super::members::{MemberCommand, MembershipArgs};
use super::rename::RenameArgs;
use super::session::Session;
use super::workgroup::AdminRightArgs;
use super::{Outcome, complete, examples};
use crate::model::{Kind, Name, Role};
use crate::ops::{group, membership};
use crate::render::{Column, hidden, key, shown};

#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = examples::DROPBOX)]
pub(super) struct DropboxArgs {
    #[command(subcommand)]
    command: DropboxCommand,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum DropboxCommand {
    /// Create a dropbox
    #[command(after_long_help = examples::DROPBOX_ADD)]
    Add(AddArgs),
    /// List dropboxes
    #[command(after_long_help = examples::DROPBOX_LIST)]
    List(ListArgs),
    /// Show one dropbox
    #[command(after_long_help = examples::DROPBOX_SHOW)]
    Show(ShowArgs),
    /// Change who invites and what its admins may do
    #[command(after_long_help = examples::DROPBOX_SET)]
    Set(SetArgs),
    /// Give a dropbox another name
    #[command(after_long_help = examples::DROPBOX_RENAME)]
    Rename(RenameArgs),
    /// Remove a dropbox, with its memberships and links
    #[command(after_long_help = examples::DROPBOX_REMOVE)]
    Remove(NamedArgs),
    /// Add members: accounts and groups
    #[command(after_long_help = examples::DROPBOX_ADD_MEMBER)]
    AddMember(AddMemberArgs),
    #[command(flatten)]
    Members(MemberCommand<true>),
    /// Invite an outside submitter by a private link
    ///
    /// Only its holder can use the link, to submit and for nothing else. The secret is shown once,
    /// here; the store keeps its SHA-256. It is also mailed if `smtp` is configured.
    #[command(after_long_help = examples::DROPBOX_INVITE)]
    Invite(links::InviteArgs<false>),
    /// List the private links with their states
    #[command(after_long_help = examples::DROPBOX_INVITES)]
    Invites(links::InvitesArgs),
    /// Make a new private link for an address and revoke the old one
    ///
    /// The new link has the terms of the old one and the same length of life, unless the options say otherwise.
    #[command(after_long_help = examples::DROPBOX_RESEND)]
    Resend(links::InviteArgs<true>),
    /// Revoke the private link of an address
    #[command(after_long_help = examples::DROPBOX_REVOKE)]
    Revoke(links::RevokeArgs),
    /// Turn the public link on or off
    ///
    /// Anyone who holds it can claim a private link. Turning it off stops new claims; private links
    /// already claimed stay valid unless `--revoke-issued` is given.
    #[command(after_long_help = examples::DROPBOX_PUBLIC_LINK)]
    PublicLink(links::PublicLinkArgs),
    /// Claim a private link with the public link
    ///
    /// For anyone who holds the public link; no account is needed, and `--as` is ignored. The private
    /// link is valid for three days.
    #[command(after_long_help = examples::DROPBOX_CLAIM)]
    Claim(links::ClaimArgs),
    /// Submit a package: as a member, or with a private link
    ///
    /// Submits as a member, with `--as`, or with a private link, where `--as` is ignored. The answer is
    /// the same for a link that is unknown, revoked, used or expired.
    #[command(after_long_help = examples::DROPBOX_SUBMIT)]
    Submit(links::SubmitArgs),
}

// The settings of a dropbox.
#[derive(Args, Debug, Clone)]
struct DropboxSettingArgs<I: Args> {
    #[command(flatten)]
    rights: AdminRightArgs,
    /// Let its admins invite outside submitters and revoke their links [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    admins_manage_invitations: Option<bool>,
    /// Let its standard members invite outside submitters
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    members_invite: Option<bool>,
    #[command(flatten)]
    texts: TextArgs,
    #[command(flatten)]
    ids: I,
}

impl<I: ExternalIdOptions> DropboxSettingArgs<I> {
    fn options(&self) -> group::GroupSettings {
        group::GroupSettings {
            admins_manage_members: self.rights.admins_manage_members,
            admins_create_users: self.rights.admins_create_users,
            admins_manage_groups: self.rights.admins_manage_groups,
            admins_manage_invitations: self.admins_manage_invitations,
            members_invite: self.members_invite,
            labels: self.ids.with(&self.texts),
            ..group::GroupSettings::default()
        }
    }
}

#[derive(Args, Debug)]
struct AddArgs {
    /// The dropbox's name
    #[arg(value_name = "NAME", value_parser = names(Kind::Dropbox))]
    name: Name,
    #[command(flatten)]
    settings: DropboxSettingArgs<NewIdArgs>,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
struct SetArgs {
    /// The dropbox
    #[arg(value_name = "NAME", value_parser = names(Kind::Dropbox), add = complete::dropboxes())]
    name: Name,
    #[command(flatten)]
    settings: DropboxSettingArgs<IdArgs>,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
struct AddMemberArgs {
    #[command(flatten)]
    membership: MembershipArgs,
    /// standard (submit and view) or submit-only [default: standard]
    #[arg(long, value_name = "LEVEL", add = complete::words(const { &Role::words(membership::DROPBOX_LEVELS_TO_ADD) }))]
    level: Option<String>,
}

impl AddMemberArgs {
    fn run(&self, session: &mut Session<'_>) -> Outcome {
        let group = name(Kind::Dropbox, &self.membership.name)?;
        let level = match &self.level {
            Some(word) => Some(membership::level_to_add(&group, &self.membership.who, word)?),
            None => None,
        };
        self.membership.add(session, Kind::Dropbox, level)
    }
}

static COLUMNS: [Column; 13] = [
    key("ref"),
    hidden("name"),
    hidden("admins_manage_members"),
    hidden("admins_create_users"),
    hidden("admins_manage_groups"),
    hidden("admins_manage_invitations"),
    shown("members_invite"),
    shown("public_link"),
    shown("members"),
    hidden("display_name"),
    hidden("description"),
    hidden("ids"),
    hidden("revision"),
];

impl DropboxArgs {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        let kind = Kind::Dropbox;
        match self.command {
            DropboxCommand::Add(it) => {
                let (which, options) = (&it.name, it.settings.options());
                session.change(&it.writing, |tx| group::add(tx, kind, which, &options))
            }
            DropboxCommand::Set(it) => {
                let (which, options) = (&it.name, it.settings.options());
                session.change(&it.writing, |tx| group::set(tx, kind, which, &options))
            }
            DropboxCommand::List(it) => it.run(session, kind, &COLUMNS),
            DropboxCommand::Show(it) => it.run(session, kind, &COLUMNS),
            DropboxCommand::Rename(it) => it.run(session, kind),
            DropboxCommand::Remove(it) => it.remove(session, kind),
            DropboxCommand::AddMember(it) => it.run(session),
            DropboxCommand::Members(it) => it.run(session),
            DropboxCommand::Invite(it) => it.run(session),
            DropboxCommand::Resend(it) => it.run(session),
            DropboxCommand::Invites(it) => it.run(session),
            DropboxCommand::Revoke(it) => it.run(session),
            DropboxCommand::PublicLink(it) => it.run(session),
            DropboxCommand::Claim(it) => it.run(session),
            DropboxCommand::Submit(it) => it.run(session),
        }
    }
}
