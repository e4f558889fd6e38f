//! `dropbox`: arguments and answers; its links are in [`super::links`].

use clap::{Args, Subcommand};

use super::args::{Writing, name};
use super::change::{Made, Who};
use super::group::{List, Named, Show};
use super::links;
use super::members::{Members, Membership};
use super::rename::Rename;
use super::session::Session;
use super::workgroup::Rights;
use super::{Outcome, complete, examples};
use crate::model::name::shell_quote;
use crate::model::{Kind, Problem, Role};
use crate::ops::group;
use crate::render::{Column, hidden, key, shown};

/// Manage dropboxes and their links
#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = examples::DROPBOX)]
pub(super) struct Dropbox {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum Verb {
    /// Create a dropbox
    #[command(after_long_help = examples::DROPBOX_ADD)]
    Add(Add),
    /// List dropboxes
    #[command(after_long_help = examples::DROPBOX_LIST)]
    List(List),
    /// Show one dropbox
    #[command(after_long_help = examples::DROPBOX_SHOW)]
    Show(Show),
    /// Change who invites and what its admins may do
    #[command(after_long_help = examples::DROPBOX_SET)]
    Set(Set),
    /// Give a dropbox another name
    #[command(after_long_help = examples::DROPBOX_RENAME)]
    Rename(Rename),
    /// Remove a dropbox, with its memberships and links
    #[command(after_long_help = examples::DROPBOX_REMOVE)]
    Remove(Named),
    /// Add members: accounts and groups
    #[command(after_long_help = examples::DROPBOX_ADD_MEMBER)]
    AddMember(AddMember),
    /// Remove members
    #[command(after_long_help = examples::DROPBOX_REMOVE_MEMBER)]
    RemoveMember(Membership),
    /// Deactivate memberships: they stay listed and give nothing
    #[command(after_long_help = examples::DROPBOX_DEACTIVATE_MEMBER)]
    DeactivateMember(Membership),
    /// Activate memberships again
    #[command(after_long_help = examples::DROPBOX_ACTIVATE_MEMBER)]
    ActivateMember(Membership),
    /// List the members
    #[command(after_long_help = examples::DROPBOX_MEMBERS)]
    Members(Members),
    /// Designate members as dropbox admins
    #[command(after_long_help = examples::DROPBOX_ADD_ADMIN)]
    AddAdmin(Membership),
    /// Undesignate dropbox admins; they stay members
    #[command(after_long_help = examples::DROPBOX_REMOVE_ADMIN)]
    RemoveAdmin(Membership),
    /// Invite an outside submitter by a private link
    ///
    /// Only its holder can use the link, to submit and for nothing else. The secret is shown once,
    /// here; the store keeps its SHA-256. It is mailed too where `smtp` is configured.
    #[command(after_long_help = examples::DROPBOX_INVITE)]
    Invite(links::Invite),
    /// List the private links and how far each has come
    #[command(after_long_help = examples::DROPBOX_INVITES)]
    Invites(links::Invites),
    /// Make a new private link for an address; the old one dies
    ///
    /// Under the terms of the old one, and as long as that lived, unless said otherwise.
    #[command(after_long_help = examples::DROPBOX_RESEND)]
    Resend(links::Invite),
    /// Revoke the private link of an address
    #[command(after_long_help = examples::DROPBOX_REVOKE)]
    Revoke(links::Revoke),
    /// Turn the public link on or off
    #[command(after_long_help = examples::DROPBOX_PUBLIC_LINK)]
    PublicLink(links::PublicLink),
    /// Get a private link of one's own with the public one
    #[command(after_long_help = examples::DROPBOX_CLAIM)]
    Claim(links::Claim),
    /// Submit a package: as a member, or with a private link
    #[command(after_long_help = examples::DROPBOX_SUBMIT)]
    Submit(links::Submit),
}

// What can be said of a dropbox.
#[derive(Args, Debug, Clone, Copy)]
struct Said {
    #[command(flatten)]
    rights: Rights,
    /// Let its admins invite outside submitters and revoke their links [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    admins_manage_invitations: Option<bool>,
    /// Let its standard members invite outside submitters
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    members_invite: Option<bool>,
}

impl Said {
    fn options(self) -> group::GroupSettings {
        group::GroupSettings {
            admins_manage_members: self.rights.admins_manage_members,
            admins_create_users: self.rights.admins_create_users,
            admins_manage_groups: self.rights.admins_manage_groups,
            admins_manage_invitations: self.admins_manage_invitations,
            members_invite: self.members_invite,
            ..group::GroupSettings::default()
        }
    }
}

/// Create a dropbox
#[derive(Args, Debug)]
struct Add {
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    said: Said,
    #[command(flatten)]
    writing: Writing,
}

/// Change a dropbox
#[derive(Args, Debug)]
struct Set {
    /// Which one
    #[arg(value_name = "NAME", add = complete::dropboxes())]
    name: String,
    #[command(flatten)]
    said: Said,
    #[command(flatten)]
    writing: Writing,
}

/// Add members
#[derive(Args, Debug)]
struct AddMember {
    #[command(flatten)]
    membership: Membership,
    /// standard (submit and view) or submit-only [default: standard]
    #[arg(long, value_name = "LEVEL", add = complete::words(&["standard", "submit-only"]))]
    level: Option<String>,
}

impl AddMember {
    fn level(&self) -> Result<Option<Role>, Problem> {
        let Some(word) = &self.level else { return Ok(None) };
        match word.as_str() {
            "standard" => Ok(Some(Role::DropboxStandard)),
            "submit-only" => Ok(Some(Role::DropboxSubmitOnly)),
            "admin" => {
                Err(Problem::conflict("not_a_level_to_add", "dropbox admins are designated from among the members")
                    .tip(format!(
                        "rolebook dropbox add-admin {} {}",
                        shell_quote(&self.membership.name),
                        self.membership.who.iter().map(|who| shell_quote(who)).collect::<Vec<_>>().join(" ")
                    )))
            }
            other => {
                Err(Problem::usage("bad_level", format!("`{}` is no level", crate::model::name::printable(other)))
                    .tip("one of: standard, submit-only"))
            }
        }
    }
}

static COLUMNS: [Column; 10] = [
    key("ref"),
    hidden("name"),
    hidden("admins_manage_members"),
    hidden("admins_create_users"),
    hidden("admins_manage_groups"),
    hidden("admins_manage_invitations"),
    shown("members_invite"),
    shown("public_link"),
    shown("members"),
    hidden("revision"),
];

impl Dropbox {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        let kind = Kind::Dropbox;
        match self.verb {
            Verb::Add(it) => {
                let (which, options) = (name(kind, &it.name)?, it.said.options());
                let done = session.write(&it.writing, Who::Named, &mut |tx| group::add(tx, kind, &which, &options))?;
                session.report(&done, &Made::default())
            }
            Verb::Set(it) => {
                let (which, options) = (name(kind, &it.name)?, it.said.options());
                let done = session.write(&it.writing, Who::Named, &mut |tx| group::set(tx, kind, &which, &options))?;
                session.report(&done, &Made::default())
            }
            Verb::List(it) => it.run(session, kind, &COLUMNS),
            Verb::Show(it) => it.run(session, kind, &COLUMNS),
            Verb::Rename(it) => it.run(session, kind),
            Verb::Remove(it) => it.remove(session, kind),
            Verb::AddMember(it) => it.membership.add(session, kind, it.level()?),
            Verb::RemoveMember(it) => it.remove(session, kind),
            Verb::DeactivateMember(it) => it.set_active(session, kind, false),
            Verb::ActivateMember(it) => it.set_active(session, kind, true),
            Verb::Members(it) => it.run(session, kind),
            Verb::AddAdmin(it) => it.set_admin(session, kind, true),
            Verb::RemoveAdmin(it) => it.set_admin(session, kind, false),
            Verb::Invite(it) => it.run(session, false),
            Verb::Resend(it) => it.run(session, true),
            Verb::Invites(it) => it.run(session),
            Verb::Revoke(it) => it.run(session),
            Verb::PublicLink(it) => it.run(session),
            Verb::Claim(it) => it.run(session),
            Verb::Submit(it) => it.run(session),
        }
    }
}
