//! Organizations, their workspaces, and who is in them.

use std::collections::HashMap;

use super::super::fields::{Entered, Fields, Found, Part, Reading, entries, text};
use super::super::form::{self, Form};
use super::super::said::{Org, OrgMember, Said, Spot, Statement, Workspace, WorkspaceMember};
use super::super::tables::{ORGANIZATION, WORKSPACE, WORKSPACE_MEMBER};
use super::groups::ensure;
use super::{say, spot, things};
use crate::input::document::Node;
use crate::model::attributes::AllowDeny;
use crate::model::{Kind, Name, Role};
use crate::ops::home::HomeFolder;

const ACCOUNT: Form = Form::Name(Kind::Account);

/// What is said of organizations.
pub(in crate::manifest) fn section(reading: &mut Reading<'_>, root: &Fields<'_>, said: &mut Vec<Statement>) {
    things(reading, root, ("organizations", Kind::Org, &ORGANIZATION), |reading, (name, entered), fields| {
        organization(reading, (name, spot(entered)), fields, said);
    });
}

/// What is said of one organization.
pub(in crate::manifest) fn organization(
    reading: &mut Reading<'_>,
    (name, spot): (Name, Spot),
    fields: &Fields<'_>,
    said: &mut Vec<Statement>,
) {
    let ensure = ensure(reading, fields);
    let mut staff = Staff::default();
    for found in fields.items("admins") {
        if let Some(who) = text(found.node).and_then(|text| form::name(Kind::Account, text).ok()) {
            staff.member(reading, who, Role::OrgAdmin, found.spot());
        }
    }
    for entered in entries(ACCOUNT, fields.all("members")) {
        member(reading, &mut staff, &entered);
    }
    workspaces(reading, fields, &name, &mut staff, said);
    let org = Org {
        description: fields.text(reading, "description").map(str::to_owned),
        admins: staff.admins(),
        ensure,
        exclusive: fields.truth(reading, "exclusive"),
        previously: fields.parsed(reading, "previously", |text| form::name(Kind::Org, text)),
        name: name.clone(),
    };
    say(said, spot, Said::Org(Box::new(org)));
    staff.say(reading, &name, said);
}

/// A member with their workspaces.
fn member(reading: &mut Reading<'_>, staff: &mut Staff, entered: &[Entered<'_>]) {
    let Some(who) = entered.first().and_then(|it| form::name(Kind::Account, it.key).ok()) else { return };
    staff.member(reading, who.clone(), Role::OrgMember, spot(entered));
    for it in entered {
        let Node::List(items) = &it.found.node.value else { continue };
        for node in items {
            let found = Found { source: it.found.source, node };
            if let Some(workspace) = text(node).and_then(|text| Name::parse(text).ok()) {
                staff.workspace(reading, workspace, who.clone(), Terms::default(), found.spot());
            }
        }
    }
}

fn workspaces(
    reading: &mut Reading<'_>,
    org: &Fields<'_>,
    org_name: &Name,
    staff: &mut Staff,
    said: &mut Vec<Statement>,
) {
    things(reading, org, ("workspaces", Kind::Workspace, &WORKSPACE), |reading, (name, entered), fields| {
        workspace(reading, (org_name.clone(), name, spot(entered)), fields, staff, said);
    });
}

/// The declaration of one workspace by itself, outside its organization.
pub(in crate::manifest) fn workspace_alone(
    reading: &mut Reading<'_>,
    (org, name, spot): (Name, Name, Spot),
    fields: &Fields<'_>,
    said: &mut Vec<Statement>,
) {
    let mut staff = Staff::default();
    workspace(reading, (org.clone(), name, spot), fields, &mut staff, said);
    staff.say(reading, &org, said);
}

/// The declaration of one workspace.
fn workspace(
    reading: &mut Reading<'_>,
    (org, name, spot): (Name, Name, Spot),
    fields: &Fields<'_>,
    staff: &mut Staff,
    said: &mut Vec<Statement>,
) {
    for found in fields.items("members") {
        workspace_member_of(reading, staff, &name, &found);
    }
    let ensure = ensure(reading, fields);
    let workspace = Workspace {
        org,
        description: fields.text(reading, "description").map(str::to_owned),
        files: fields.parsed(reading, "files", form::item),
        root_upload: fields.word(reading, "root-upload", AllowDeny::from_name),
        ensure,
        previously: fields.parsed(reading, "previously", Name::parse),
        name,
    };
    say(said, spot, Said::Workspace(Box::new(workspace)));
}

fn workspace_member_of(reading: &mut Reading<'_>, staff: &mut Staff, workspace: &Name, found: &Found<'_>) {
    let spot = found.spot();
    if let Some(who) = text(found.node).and_then(|text| form::name(Kind::Account, text).ok()) {
        return staff.workspace(reading, workspace.clone(), who, Terms::default(), spot);
    }
    let Node::Mapping(entries) = &found.node.value else { return };
    let parts = vec![Part::new(found.source, entries)];
    reading.mapping(&WORKSPACE_MEMBER, parts, |reading, fields| {
        workspace_member(reading, staff, (workspace, spot), fields);
    });
}

/// Somebody who has a workspace on terms of their own.
fn workspace_member(
    reading: &mut Reading<'_>,
    staff: &mut Staff,
    (workspace, spot): (&Name, Spot),
    fields: &Fields<'_>,
) {
    let Some(who) = fields.parsed(reading, "user", |text| form::name(Kind::Account, text)) else {
        reading.mistake(spot, "`user` is missing");
        return;
    };
    let level = fields.word(reading, "level", |word| Role::from_name(Kind::Workspace, word));
    let root_upload = fields.word(reading, "root-upload", AllowDeny::from_name);
    let home = fields.parsed(reading, "home", HomeFolder::parse);
    staff.workspace(reading, workspace.clone(), who, Terms { level, root_upload, home }, spot);
}

/// How somebody has a workspace.
#[derive(Default)]
struct Terms {
    level: Option<Role>,
    root_upload: Option<AllowDeny>,
    home: Option<HomeFolder>,
}

impl Terms {
    /// Adds what another file declares. Answers whether that contradicts.
    fn add(&mut self, other: Terms) -> bool {
        fn add<T: PartialEq>(known: &mut Option<T>, other: Option<T>) -> bool {
            match (&*known, other) {
                (Some(known), Some(other)) => *known != other,
                (None, other) => {
                    *known = other;
                    false
                }
                (Some(_), None) => false,
            }
        }
        let differ = add(&mut self.level, other.level) | add(&mut self.root_upload, other.root_upload);
        differ | add(&mut self.home, other.home)
    }
}

/// Who is in an organization, and who has which of its workspaces.
#[derive(Default)]
struct Staff {
    members: Vec<(Name, Role, Spot)>,
    known: HashMap<String, usize>,
    workspaces: Vec<(Name, Name, Terms, Spot)>,
    given: HashMap<(String, String), usize>,
}

impl Staff {
    fn member(&mut self, reading: &mut Reading<'_>, who: Name, role: Role, spot: Spot) {
        if let Some((_, other, before)) = self.known.get(who.key()).and_then(|place| self.members.get(*place)) {
            if *other != role {
                let message =
                    format!("{who} is {} here and {} in {}", role.as_str(), other.as_str(), reading.told(*before));
                reading.mistake(spot, message);
            }
            return;
        }
        self.known.insert(who.key().to_owned(), self.members.len());
        self.members.push((who, role, spot));
    }

    fn workspace(&mut self, reading: &mut Reading<'_>, workspace: Name, who: Name, terms: Terms, spot: Spot) {
        let key = (workspace.key().to_owned(), who.key().to_owned());
        let Some((_, _, known, before)) = self.given.get(&key).and_then(|place| self.workspaces.get_mut(*place)) else {
            self.given.insert(key, self.workspaces.len());
            self.workspaces.push((workspace, who, terms, spot));
            return;
        };
        let before = *before;
        if known.add(terms) {
            let message = format!("{who} has the workspace on other terms in {}", reading.told(before));
            reading.mistake(spot, message);
        }
    }

    fn admins(&self) -> Vec<Name> {
        let admins = self.members.iter().filter(|(_, role, _)| *role == Role::OrgAdmin);
        admins.map(|(name, ..)| name.clone()).collect()
    }

    fn say(self, reading: &mut Reading<'_>, org: &Name, said: &mut Vec<Statement>) {
        for (workspace, who, Terms { level, root_upload, home }, spot) in self.workspaces {
            let home = home.unwrap_or_default();
            let member = WorkspaceMember { org: org.clone(), workspace, who, level, root_upload, home };
            let is_admin = self
                .known
                .get(member.who.key())
                .and_then(|place| self.members.get(*place))
                .is_some_and(|(_, role, _)| *role == Role::OrgAdmin);
            if is_admin && member.is_plain() {
                let who = &member.who;
                let message = format!("{who} is an admin of the organization, and has all of its workspaces, always");
                reading.mistake(spot, message);
            }
            say(said, spot, Said::WorkspaceMember(Box::new(member)));
        }
        for (who, role, spot) in self.members {
            say(said, spot, Said::OrgMember(Box::new(OrgMember { org: org.clone(), who, role: Some(role) })));
        }
    }
}
