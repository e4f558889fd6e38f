//! Members of groups, workgroups and dropboxes: the verbs and lists that the three nouns share.

use std::ops::ControlFlow;

use clap::Args;
use serde_json::{Map, Value, json};

use super::args::{Paging, Reading, Writing, name, references};
use super::change::{Made, Who};
use super::session::Session;
use super::view::View;
use super::{Outcome, complete};
use crate::model::{Binding, Id, Kind, Resource, Role, Verb};
use crate::ops::membership;
use crate::policy::{Facts, Proof, Select, Subject};
use crate::render::{Column, RenderError, hidden, key, row, shown};

// A place and who is meant in it.
#[derive(Args, Debug)]
pub(super) struct Membership {
    /// Which one
    #[arg(value_name = "NAME", add = complete::places())]
    pub(super) name: String,
    /// Accounts, and groups as `group:NAME` (can be repeated)
    #[arg(value_name = "WHO", required = true, add = complete::members())]
    pub(super) who: Vec<String>,
    #[command(flatten)]
    pub(super) writing: Writing,
}

// A place whose members are listed.
#[derive(Args, Debug)]
pub(super) struct Members {
    /// Which one
    #[arg(value_name = "NAME", add = complete::places())]
    name: String,
    /// Show accounts in place of groups, with the groups they come through
    #[arg(long)]
    expand: bool,
    #[command(flatten)]
    paging: Paging,
    #[command(flatten)]
    reading: Reading,
}

impl Membership {
    pub(super) fn add(&self, session: &mut Session<'_>, kind: Kind, level: Option<Role>) -> Outcome {
        let place = name(kind, &self.name)?;
        let who = references(&self.who)?;
        let done =
            session.write(&self.writing, Who::Named, &mut |work| membership::add(work, kind, &place, &who, level))?;
        session.report(&done, &Made::default())
    }

    pub(super) fn remove(&self, session: &mut Session<'_>, kind: Kind) -> Outcome {
        let place = name(kind, &self.name)?;
        let who = references(&self.who)?;
        let done =
            session.write(&self.writing, Who::Named, &mut |work| membership::remove(work, kind, &place, &who))?;
        session.report(&done, &Made::default())
    }

    pub(super) fn set_active(&self, session: &mut Session<'_>, kind: Kind, active: bool) -> Outcome {
        let place = name(kind, &self.name)?;
        let who = references(&self.who)?;
        let done = session
            .write(&self.writing, Who::Named, &mut |work| membership::set_active(work, kind, &place, &who, active))?;
        session.report(&done, &Made::default())
    }

    pub(super) fn set_admin(&self, session: &mut Session<'_>, kind: Kind, designate: bool) -> Outcome {
        let place = name(kind, &self.name)?;
        let who = references(&self.who)?;
        let done = session
            .write(&self.writing, Who::Named, &mut |work| membership::set_admin(work, kind, &place, &who, designate))?;
        session.report(&done, &Made::default())
    }
}

static COLUMNS: [Column; 6] =
    [hidden("ref"), key("member"), shown("level"), shown("active"), key("via"), hidden("revision")];

impl Members {
    pub(super) fn run(&self, session: &mut Session<'_>, kind: Kind) -> Outcome {
        let place = name(kind, &self.name)?;
        session.read(self.reading.at.as_deref(), |session, view| {
            let place = view.find(kind, &place)?;
            let mut found = visible(view, &place)?;
            if self.expand {
                found = expanded(view, found)?;
            }
            let mut rows = Vec::new();
            for (binding, member, via) in found {
                let member = view.name(member)?;
                let via = via.iter().map(|id| view.name(*id)).collect::<Result<Vec<_>, _>>()?;
                let via = if via.is_empty() { Value::Null } else { json!(via.join(" > ")) };
                rows.push(row(
                    &COLUMNS,
                    [
                        json!(place.reference()),
                        json!(member),
                        json!(binding.role.word()),
                        json!(!binding.attributes.inactive),
                        via,
                        json!(binding.since),
                    ],
                ));
            }
            rows.sort_by(|a, b| {
                let key =
                    |row: &Map<String, Value>| row.get("member").and_then(Value::as_str).map(crate::model::name::key);
                key(a).cmp(&key(b))
            });
            session.list(&COLUMNS, rows, &self.paging)
        })
    }
}

type Found = Vec<(Binding, Id, Vec<Id>)>;

/// The members that the reader is told of.
fn visible(view: &View<'_>, place: &Resource) -> Result<Found, RenderError> {
    let mut found: Found = Vec::new();
    for role in membership::levels(place.kind()) {
        for binding in view.facts.list(Select::OnAs(place.id, *role))? {
            found.push((binding.clone(), binding.principal, Vec::new()));
        }
    }
    view.work()?.require_verb(Verb::ViewMembers, place.id)?;
    told(view, found)
}

/// Those of some bindings that the reader is told of.
fn told(view: &View<'_>, found: Found) -> Result<Found, RenderError> {
    let viewer = view.viewer()?;
    let mut told = Vec::with_capacity(found.len());
    for it in found {
        if viewer.is_told_of(&it.0)? {
            told.push(it);
        }
    }
    Ok(told)
}

/// Accounts in place of groups, each with the way it comes by; who comes by several ways stands once for each.
fn expanded(view: &View<'_>, found: Found) -> Result<Found, RenderError> {
    let mut accounts = Vec::new();
    let mut open: Vec<(Binding, Id, Vec<Id>)> = found;
    while let Some((binding, member, via)) = open.pop() {
        let is_group = view.facts.resource(member)?.is_some_and(|it| it.kind() == Kind::Group);
        if !is_group {
            accounts.push((binding, member, via));
            continue;
        }
        let mut way = via;
        if way.contains(&member) {
            continue;
        }
        way.push(member);
        for inner in view.facts.list(Select::OnAs(member, Role::GroupMember))? {
            open.push((binding.clone(), inner.principal, way.clone()));
        }
    }
    Ok(accounts)
}

/// What an account is a member of, directly and through which groups, as far as the reader may see it.
pub(super) fn memberships(view: &View<'_>, account: Id) -> Result<Vec<Value>, RenderError> {
    let subject = Subject::new(&view.facts, account, view.at)?;
    let viewer = view.viewer()?;
    let mut found: Vec<Binding> = Vec::new();
    let mut keep = |binding: &Binding| {
        found.push(binding.clone());
        Ok(ControlFlow::Continue(()))
    };
    let levels: Vec<Role> = std::iter::once(Role::GroupMember).chain(Role::WORKGROUP).chain(Role::DROPBOX).collect();
    subject.levels(&levels, &mut keep)?;
    let mut rows = Vec::new();
    for binding in found {
        let Some(place) = view.facts.resource(binding.resource)? else { continue };
        // Who may see that a group is there may not see who is in it for that.
        if !viewer.sees(&place)? || !viewer.is_told_of(&binding)? {
            continue;
        }
        let mut via = Vec::new();
        for step in subject.way_to::<Proof>(binding.principal)?.unwrap_or_default() {
            if let Some(membership) = step.binding() {
                via.push(view.name(membership.resource)?);
            }
        }
        let via = if via.is_empty() { Value::Null } else { json!(via.join(" > ")) };
        rows.push(
            json!({"of": place.reference(), "level": binding.role.word(), "via": via, "revision": binding.since}),
        );
    }
    Ok(rows)
}
