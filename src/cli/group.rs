//! `group`: arguments and answers.

use std::ops::ControlFlow;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::args::{Paging, Reading, Writing, name, visibilities};
use super::change::{Made, Who};
use super::members::{Members, Membership};
use super::rename::Rename;
use super::session::Session;
use super::view::View;
use super::{Outcome, complete, examples};
use crate::model::attributes::{Attributes, GroupVisibility};
use crate::model::{Kind, Resource, Verb as Do};
use crate::ops::{group, membership};
use crate::policy::Facts;
use crate::render::{Column, RenderError, hidden, key, row, shown};

/// Manage groups
#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = examples::GROUP)]
pub(super) struct Group {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum Verb {
    /// Create a group
    #[command(after_long_help = examples::GROUP_ADD)]
    Add(Change),
    /// List groups
    #[command(after_long_help = examples::GROUP_LIST)]
    List(List),
    /// Show one group
    #[command(after_long_help = examples::GROUP_SHOW)]
    Show(Show),
    /// Change who sees a group
    ///
    /// Who is in it is seen by its members, server admins and managers, and by admins of workgroups
    /// who manage groups.
    #[command(after_long_help = examples::GROUP_SET)]
    Set(Change),
    /// Give a group another name
    #[command(after_long_help = examples::GROUP_RENAME)]
    Rename(Rename),
    /// Remove a group, with its memberships
    #[command(after_long_help = examples::GROUP_REMOVE)]
    Remove(Named),
    /// Add accounts and groups to a group
    #[command(after_long_help = examples::GROUP_ADD_MEMBER)]
    AddMember(Membership),
    /// Remove accounts and groups from a group
    #[command(after_long_help = examples::GROUP_REMOVE_MEMBER)]
    RemoveMember(Membership),
    /// List the members of a group
    #[command(after_long_help = examples::GROUP_MEMBERS)]
    Members(Members),
}

// One by name, to be written.
#[derive(Args, Debug)]
pub(super) struct Named {
    /// Which one
    #[arg(value_name = "NAME", add = complete::places())]
    pub(super) name: String,
    #[command(flatten)]
    pub(super) writing: Writing,
}

// A group, and what can be said of it.
#[derive(Args, Debug)]
struct Change {
    /// Which one
    #[arg(value_name = "NAME", add = complete::places())]
    name: String,
    /// Who sees its name and may give it roles and shares [default: everyone, unless the directory is private]
    #[arg(long, value_name = "WHO", value_parser = visibilities())]
    visible: Option<GroupVisibility>,
    #[command(flatten)]
    writing: Writing,
}

impl Change {
    fn options(&self) -> group::GroupSettings {
        group::GroupSettings { visible: self.visible, ..group::GroupSettings::default() }
    }
}

// All that one may see.
#[derive(Args, Debug)]
pub(super) struct List {
    #[command(flatten)]
    pub(super) paging: Paging,
    #[command(flatten)]
    pub(super) reading: Reading,
}

// One by name, to be read.
#[derive(Args, Debug)]
pub(super) struct Show {
    /// Which one
    #[arg(value_name = "NAME", add = complete::places())]
    pub(super) name: String,
    #[command(flatten)]
    pub(super) reading: Reading,
}

impl Named {
    pub(super) fn remove(&self, session: &mut Session<'_>, kind: Kind) -> Outcome {
        let which = name(kind, &self.name)?;
        let done = session.write(&self.writing, Who::Named, &mut |tx| group::remove(tx, kind, &which))?;
        session.report(&done, &Made::default())
    }
}

impl List {
    pub(super) fn run(&self, session: &mut Session<'_>, kind: Kind, columns: &'static [Column]) -> Outcome {
        session.read(self.reading.at.as_deref(), |session, view| {
            session.stream(columns, &self.paging, |wants, push| {
                view.each(kind, wants.page_start(), &mut |group| push(place_row(view, &group)?))
            })?;
            Ok(0)
        })
    }
}

impl Show {
    pub(super) fn run(&self, session: &mut Session<'_>, kind: Kind, columns: &'static [Column]) -> Outcome {
        let which = name(kind, &self.name)?;
        session.read(self.reading.at.as_deref(), |session, view| {
            let group = view.find(kind, &which)?;
            session.show(columns, place_row(view, &group)?)
        })
    }
}

/// The columns of a group.
static COLUMNS: [Column; 5] = [key("ref"), hidden("name"), shown("visible"), shown("members"), hidden("revision")];

/// A group, a workgroup or a dropbox as a row: its settings by name, and how many members it has
/// where the reader may see them. Who may only send to it is told its name and send policy.
pub(super) fn place_row(view: &View<'_>, place: &Resource) -> Result<Map<String, Value>, RenderError> {
    const ENDS: [Column; 2] = [shown("ref"), shown("name")];
    let viewer = view.viewer()?;
    let inside = viewer.sees_details(place)?;
    let mut fields = row(&ENDS, [json!(place.reference()), json!(place.name)]);
    for (name, value) in place.attributes.named_values() {
        fields.insert(name.to_owned(), if inside || name == "send" { value } else { Value::Null });
    }
    let mut count = 0;
    for role in membership::levels(place.kind()) {
        count += view.facts.count_held(place.id, *role)?;
    }
    if let Attributes::Group(group) = &place.attributes {
        let everyone = group.visible.includes_everyone(view.facts.server()?.private_directory);
        let word = if everyone { GroupVisibility::Everyone } else { GroupVisibility::Members };
        fields.insert("visible".to_owned(), json!(word));
    }
    let counted = viewer.may(Do::ViewMembers, place.id)?;
    fields.insert("members".to_owned(), if counted { json!(count) } else { Value::Null });
    if place.kind() == Kind::Dropbox {
        let mut on = false;
        view.facts.resources(Kind::PublicLink, Some(place.id), &mut |_| {
            on = true;
            Ok(ControlFlow::Break(()))
        })?;
        fields.insert("public_link".to_owned(), if inside { json!(on) } else { Value::Null });
    }
    fields.insert("revision".to_owned(), json!(place.since));
    Ok(fields)
}

impl Group {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        let kind = Kind::Group;
        match self.verb {
            Verb::Add(it) => {
                let (which, options) = (name(kind, &it.name)?, it.options());
                let done = session.write(&it.writing, Who::Named, &mut |tx| group::add(tx, kind, &which, &options))?;
                session.report(&done, &Made::default())
            }
            Verb::Set(it) => {
                let (which, options) = (name(kind, &it.name)?, it.options());
                let done = session.write(&it.writing, Who::Named, &mut |tx| group::set(tx, kind, &which, &options))?;
                session.report(&done, &Made::default())
            }
            Verb::List(it) => it.run(session, kind, &COLUMNS),
            Verb::Show(it) => it.run(session, kind, &COLUMNS),
            Verb::Rename(it) => it.run(session, kind),
            Verb::Remove(it) => it.remove(session, kind),
            Verb::AddMember(it) => it.add(session, kind, None),
            Verb::RemoveMember(it) => it.remove(session, kind),
            Verb::Members(it) => it.run(session, kind),
        }
    }
}
