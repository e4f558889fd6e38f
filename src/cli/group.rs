//! The `group` commands: their arguments and their output. Workgroups and dropboxes share some of them.

use std::ops::ControlFlow;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::args::{PageArgs, ReadArgs, WriteArgs, name, names, visibilities};
use super::labels::{ExternalIdOptions, IdArgs, NewIdArgs, TextArgs, ids};
use super::members::{MembersArgs, MembershipArgs};
use super::rename::RenameArgs;
use super::session::Session;
use super::view::ReadView;
use super::{Outcome, complete, examples};
use crate::model::attributes::{Attributes, GroupVisibility};
use crate::model::{Kind, Name, Resource, Role, Verb};
use crate::ops::group;
use crate::policy::Facts;
use crate::render::{Column, RenderError, hidden, key, row, shown};

#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = examples::GROUP)]
pub(super) struct GroupArgs {
    #[command(subcommand)]
    command: GroupCommand,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum GroupCommand {
    /// Create a group
    #[command(after_long_help = examples::GROUP_ADD)]
    Add(ChangeArgs<NewIdArgs>),
    /// List groups
    #[command(after_long_help = examples::GROUP_LIST)]
    List(ListArgs),
    /// Show one group
    #[command(after_long_help = examples::GROUP_SHOW)]
    Show(ShowArgs),
    /// Change who sees a group, its texts and its external ids
    ///
    /// The list of members is visible to the members, to server admins and managers, and to admins of
    /// workgroups who manage groups.
    #[command(after_long_help = examples::GROUP_SET)]
    Set(ChangeArgs<IdArgs>),
    /// Give a group another name
    #[command(after_long_help = examples::GROUP_RENAME)]
    Rename(RenameArgs),
    /// Remove a group, with its memberships
    #[command(after_long_help = examples::GROUP_REMOVE)]
    Remove(NamedArgs),
    /// Add accounts and groups to a group
    #[command(after_long_help = examples::GROUP_ADD_MEMBER)]
    AddMember(MembershipArgs),
    /// Remove accounts and groups from a group
    #[command(after_long_help = examples::GROUP_REMOVE_MEMBER)]
    RemoveMember(MembershipArgs),
    /// List the members of a group
    #[command(after_long_help = examples::GROUP_MEMBERS)]
    Members(MembersArgs),
}

// A resource to change, by name.
#[derive(Args, Debug)]
pub(super) struct NamedArgs {
    /// The name
    #[arg(value_name = "NAME", add = complete::names_of_noun())]
    pub(super) name: String,
    #[command(flatten)]
    pub(super) writing: WriteArgs,
}

// A group and its settings.
#[derive(Args, Debug)]
struct ChangeArgs<I: Args> {
    /// The group
    #[arg(value_name = "NAME", value_parser = names(Kind::Group), add = complete::names_of_noun())]
    name: Name,
    /// Who sees its name and may give it roles and shares [default: everyone, unless the directory is private]
    #[arg(long, value_name = "WHO", value_parser = visibilities())]
    visible: Option<GroupVisibility>,
    #[command(flatten)]
    texts: TextArgs,
    #[command(flatten)]
    ids: I,
    #[command(flatten)]
    writing: WriteArgs,
}

impl<I: ExternalIdOptions> ChangeArgs<I> {
    fn options(&self) -> group::GroupSettings {
        let labels = self.ids.with(&self.texts);
        group::GroupSettings { visible: self.visible, labels, ..group::GroupSettings::default() }
    }
}

// A list of all resources of a kind that the reader may see.
#[derive(Args, Debug)]
pub(super) struct ListArgs {
    #[command(flatten)]
    pub(super) paging: PageArgs,
    #[command(flatten)]
    pub(super) reading: ReadArgs,
}

// A resource to show, by name.
#[derive(Args, Debug)]
pub(super) struct ShowArgs {
    /// The name
    #[arg(value_name = "NAME", add = complete::names_of_noun())]
    pub(super) name: String,
    #[command(flatten)]
    pub(super) reading: ReadArgs,
}

impl NamedArgs {
    pub(super) fn remove(&self, session: &mut Session<'_>, kind: Kind) -> Outcome {
        let which = name(kind, &self.name)?;
        session.change(&self.writing, |tx| group::remove(tx, kind, &which))
    }
}

impl ListArgs {
    pub(super) fn run(&self, session: &mut Session<'_>, kind: Kind, columns: &'static [Column]) -> Outcome {
        session.read(self.reading.at.as_deref(), |session, view| {
            session.stream(columns, &self.paging, |wants, push| {
                view.each(kind, wants.page_start(), &mut |group| push(group_row(view, &group)?))
            })?;
            Ok(0)
        })
    }
}

impl ShowArgs {
    pub(super) fn run(&self, session: &mut Session<'_>, kind: Kind, columns: &'static [Column]) -> Outcome {
        let which = name(kind, &self.name)?;
        session.read(self.reading.at.as_deref(), |session, view| {
            let group = view.find(kind, &which)?;
            session.show(columns, group_row(view, &group)?)
        })
    }
}

/// The columns of a group.
static COLUMNS: [Column; 8] = [
    key("ref"),
    hidden("name"),
    shown("visible"),
    shown("members"),
    hidden("display_name"),
    hidden("description"),
    hidden("ids"),
    hidden("revision"),
];

/// The row of a group, a workgroup or a dropbox: its settings by name, and its number of members if the reader may see
/// them. A reader who may only send to it gets its name and send policy.
pub(super) fn group_row(view: &ReadView<'_>, group: &Resource) -> Result<Map<String, Value>, RenderError> {
    const ENDS: [Column; 2] = [shown("ref"), shown("name")];
    let viewer = view.viewer()?;
    let inside = viewer.sees_details(group)?;
    let mut fields = row(&ENDS, [json!(group.reference()), json!(group.name)]);
    for (name, value) in group.attributes.named_values() {
        fields.insert(name.to_owned(), if inside || name == "send" { value } else { Value::Null });
    }
    let mut count = 0;
    for role in Role::levels(group.kind()) {
        count += view.facts.count_held(group.id, *role)?;
    }
    if let Attributes::Group(attributes) = &group.attributes {
        let everyone = attributes.visible.includes_everyone(view.facts.server()?.private_directory);
        let word = if everyone { GroupVisibility::Everyone } else { GroupVisibility::Members };
        fields.insert("visible".to_owned(), json!(word));
    }
    let counted = viewer.may(Verb::ViewMembers, group.id)?;
    fields.insert("members".to_owned(), if counted { json!(count) } else { Value::Null });
    if group.kind() == Kind::Dropbox {
        let mut on = false;
        view.facts.resources(Kind::PublicLink, Some(group.id), &mut |_| {
            on = true;
            Ok(ControlFlow::Break(()))
        })?;
        fields.insert("public_link".to_owned(), if inside { json!(on) } else { Value::Null });
    }
    fields.insert("ids".to_owned(), ids(view, group.id)?);
    fields.insert("revision".to_owned(), json!(group.since));
    Ok(fields)
}

impl GroupArgs {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        let kind = Kind::Group;
        match self.command {
            GroupCommand::Add(it) => {
                let (which, options) = (&it.name, it.options());
                session.change(&it.writing, |tx| group::add(tx, kind, which, &options))
            }
            GroupCommand::Set(it) => {
                let (which, options) = (&it.name, it.options());
                session.change(&it.writing, |tx| group::set(tx, kind, which, &options))
            }
            GroupCommand::List(it) => it.run(session, kind, &COLUMNS),
            GroupCommand::Show(it) => it.run(session, kind, &COLUMNS),
            GroupCommand::Rename(it) => it.run(session, kind),
            GroupCommand::Remove(it) => it.remove(session, kind),
            GroupCommand::AddMember(it) => it.add(session, kind, None),
            GroupCommand::RemoveMember(it) => it.remove(session, kind),
            GroupCommand::Members(it) => it.run(session, kind),
        }
    }
}
