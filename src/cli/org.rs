//! The `org` commands: their arguments and their output. Members and invitations are in [`super::org_members`].

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::args::{PageArgs, ReadArgs, WriteArgs, account, names};
use super::labels::{ExternalIdOptions, IdArgs, NewIdArgs, TextArgs, ids};
use super::org_members as members;
use super::rename::RenameArgs;
use super::session::Session;
use super::view::ReadView;
use super::{Outcome, complete, examples};
use crate::model::{Kind, Name, Reference, Resource, Role, Verb};
use crate::ops::org;
use crate::render::{Column, RenderError, hidden, key, row, shown};

#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = examples::ORG)]
pub(super) struct OrgArgs {
    #[command(subcommand)]
    command: OrgCommand,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum OrgCommand {
    /// Create an organization; its creator is its first admin
    #[command(after_long_help = examples::ORG_ADD)]
    Add(AddArgs),
    /// List organizations
    #[command(after_long_help = examples::ORG_LIST)]
    List(ListArgs),
    /// Show one organization
    #[command(after_long_help = examples::ORG_SHOW)]
    Show(ShowArgs),
    /// Change the texts and the external ids of an organization
    #[command(after_long_help = examples::ORG_SET)]
    Set(SetArgs),
    /// Give an organization another name
    #[command(after_long_help = examples::ORG_RENAME)]
    Rename(RenameArgs),
    /// Remove an organization and everything in it
    ///
    /// Only the operator may do this; no role allows it.
    #[command(after_long_help = examples::ORG_REMOVE)]
    Remove(RemoveArgs),
    /// List the members, with their roles and workspaces
    #[command(after_long_help = examples::ORG_MEMBERS)]
    Members(members::MembersArgs),
    /// Invite one or several addresses
    ///
    /// Each gets a secret of its own, shown once, here; the store keeps its SHA-256. It is also mailed if
    /// `smtp` is configured. The account whose e-mail or name is the address accepts with it.
    #[command(after_long_help = examples::ORG_INVITE)]
    Invite(members::InviteArgs),
    /// List the invitations with their states
    #[command(after_long_help = examples::ORG_INVITES)]
    Invites(members::InvitesArgs),
    /// Cancel an invitation
    #[command(alias = "cancel-invitation", after_long_help = examples::ORG_CANCEL_INVITE)]
    CancelInvite(members::CancelInvite),
    /// Accept an invitation with its secret
    ///
    /// Acts as the account whose e-mail or name is the invited address. The answer is the same for an
    /// invitation that is unknown, used, expired, cancelled or somebody else's.
    #[command(after_long_help = examples::ORG_ACCEPT)]
    Accept(members::AcceptArgs),
    /// Make a member an admin, or an admin a member
    #[command(after_long_help = examples::ORG_SET_ROLE)]
    SetRole(members::SetRoleArgs),
    /// Give a member exactly these workspaces
    #[command(after_long_help = examples::ORG_SET_WORKSPACES)]
    SetWorkspaces(members::SetWorkspacesArgs),
    /// Remove other members, with the workspaces they have
    #[command(after_long_help = examples::ORG_REMOVE_MEMBER)]
    RemoveMember(members::RemoveMemberArgs),
    /// Leave an organization
    ///
    /// An admin may leave while another active admin remains; `--promote` makes one in the same
    /// revision. A plain member must ask an admin, unless the server setting `members-may-leave` is on.
    #[command(after_long_help = examples::ORG_LEAVE)]
    Leave(members::LeaveArgs),
}

#[derive(Args, Debug)]
struct AddArgs {
    /// The organization's name
    #[arg(value_name = "NAME", value_parser = names(Kind::Org))]
    name: Name,
    /// The first admin; needed without `--as`
    #[arg(long, value_name = "USER", value_parser = account, add = complete::accounts())]
    admin: Option<Reference>,
    #[command(flatten)]
    texts: TextArgs,
    #[command(flatten)]
    ids: NewIdArgs,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
struct ListArgs {
    #[command(flatten)]
    paging: PageArgs,
    #[command(flatten)]
    reading: ReadArgs,
}

#[derive(Args, Debug)]
struct ShowArgs {
    /// The organization
    #[arg(value_name = "ORG", value_parser = names(Kind::Org), add = complete::orgs())]
    org: Name,
    #[command(flatten)]
    reading: ReadArgs,
}

#[derive(Args, Debug)]
struct SetArgs {
    /// The organization
    #[arg(value_name = "ORG", value_parser = names(Kind::Org), add = complete::orgs())]
    org: Name,
    #[command(flatten)]
    texts: TextArgs,
    #[command(flatten)]
    ids: IdArgs,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
struct RemoveArgs {
    /// The organization
    #[arg(value_name = "ORG", value_parser = names(Kind::Org), add = complete::orgs())]
    org: Name,
    #[command(flatten)]
    writing: WriteArgs,
}

static COLUMNS: [Column; 7] = [
    key("ref"),
    hidden("name"),
    hidden("display_name"),
    shown("description"),
    shown("members"),
    hidden("ids"),
    hidden("revision"),
];

fn org_row(view: &ReadView<'_>, org: &Resource) -> Result<Map<String, Value>, RenderError> {
    let mut fields = row(
        &COLUMNS,
        [
            json!(org.reference()),
            json!(org.name),
            Value::Null,
            Value::Null,
            json!(count(view, org)?),
            ids(view, org.id)?,
            json!(org.since),
        ],
    );
    for (name, value) in org.attributes.named_values() {
        fields.insert(name.to_owned(), value);
    }
    Ok(fields)
}

/// The number of members of an organization or a workspace; `None` if the reader may not know it.
pub(super) fn count(view: &ReadView<'_>, resource: &Resource) -> Result<Option<u64>, RenderError> {
    if resource.kind() == Kind::Org && !view.viewer()?.may(Verb::ViewMembers, resource.id)? {
        return Ok(None);
    }
    let mut count = 0;
    for role in Role::levels(resource.kind()) {
        count += view.facts.count_held(resource.id, *role)?;
    }
    Ok(Some(count))
}

impl OrgArgs {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        let kind = Kind::Org;
        match self.command {
            OrgCommand::Add(it) => {
                let (which, labels) = (&it.name, it.ids.with(&it.texts));
                session.change(&it.writing, |tx| org::add(tx, which, &labels, it.admin.as_ref()))
            }
            OrgCommand::List(it) => session.read(it.reading.at.as_deref(), |session, view| {
                session.stream(&COLUMNS, &it.paging, |wants, push| {
                    view.each(kind, wants.page_start(), &mut |org| push(org_row(view, &org)?))
                })?;
                Ok(0)
            }),
            OrgCommand::Show(it) => {
                let which = &it.org;
                session.read(it.reading.at.as_deref(), |session, view| {
                    let org = view.find(kind, which)?;
                    session.show(&COLUMNS, org_row(view, &org)?)
                })
            }
            OrgCommand::Set(it) => {
                let (which, labels) = (&it.org, it.ids.with(&it.texts));
                session.change(&it.writing, |tx| org::set(tx, which, &labels))
            }
            OrgCommand::Rename(it) => it.run(session, kind),
            OrgCommand::Remove(it) => {
                let which = &it.org;
                session.change(&it.writing, |tx| org::remove(tx, which))
            }
            OrgCommand::Members(it) => it.run(session),
            OrgCommand::Invite(it) => it.run(session),
            OrgCommand::Invites(it) => it.run(session),
            OrgCommand::CancelInvite(it) => it.run(session),
            OrgCommand::Accept(it) => it.run(session),
            OrgCommand::SetRole(it) => it.run(session),
            OrgCommand::SetWorkspaces(it) => it.run(session),
            OrgCommand::RemoveMember(it) => it.run(session),
            OrgCommand::Leave(it) => it.run(session),
        }
    }
}
