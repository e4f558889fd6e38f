//! Reads the section `organizations`, with workspaces and members.

use std::collections::HashMap;

use super::super::merge::{MergeReader, MergedMapping, SectionEntry, SourceMapping, SourceValue, entries, text};
use super::super::schema::{ORGANIZATION, ORGANIZATION_MEMBER, WORKSPACE, WORKSPACE_MEMBER};
use super::super::statement::{
    Declaration, DeclaredOrg, DeclaredOrgMember, DeclaredWorkspace, DeclaredWorkspaceMember, SourceLocation, Statement,
};
use super::super::text_format::{self, TextFormat};
use super::groups::ensure;
use super::labels::{binding_ids, labels};
use super::{declare, first_location, section_entries};
use crate::input::document::Node;
use crate::model::attributes::AllowDeny;
use crate::model::{Kind, Name, PlatformId, Role};
use crate::ops::home::HomeFolder;

const ACCOUNT: TextFormat = TextFormat::Name(Kind::Account);

/// Reads the section `organizations`.
pub(in crate::manifest) fn section(
    reading: &mut MergeReader<'_>,
    root: &MergedMapping<'_>,
    statements: &mut Vec<Statement>,
) {
    section_entries(reading, root, ("organizations", Kind::Org, &ORGANIZATION), |reading, (name, entered), fields| {
        organization(reading, (name, first_location(entered)), fields, statements);
    });
}

/// Reads one organization.
pub(in crate::manifest) fn organization(
    reading: &mut MergeReader<'_>,
    (name, location): (Name, SourceLocation),
    fields: &MergedMapping<'_>,
    statements: &mut Vec<Statement>,
) {
    let ensure = ensure(reading, fields);
    let mut staff = OrgMemberList::default();
    for found in fields.items("admins") {
        if let Some(who) = text(found.node).and_then(|text| text_format::name(Kind::Account, text).ok()) {
            staff.member(reading, who, (Role::OrgAdmin, Vec::new()), found.location());
        }
    }
    for entered in entries(ACCOUNT, fields.all("members")) {
        member(reading, &mut staff, &entered);
    }
    workspaces(reading, fields, &name, &mut staff, statements);
    let org = DeclaredOrg {
        labels: labels(reading, fields),
        admins: staff.admins(),
        ensure,
        exclusive: fields.boolean(reading, "exclusive"),
        previously: fields.parsed(reading, "previously", |text| text_format::name(Kind::Org, text)),
        name: name.clone(),
    };
    declare(statements, location, Declaration::Org(Box::new(org)));
    staff.declare(reading, &name, statements);
}

/// Reads one member of an organization: a list of workspaces, or a mapping.
fn member(reading: &mut MergeReader<'_>, staff: &mut OrgMemberList, entered: &[SectionEntry<'_>]) {
    let Some(who) = entered.first().and_then(|it| text_format::name(Kind::Account, it.key).ok()) else { return };
    let values = entered.iter().map(|it| it.found);
    let (terms, inside) = reading.mappings(&ORGANIZATION_MEMBER, values.clone(), |reading, fields| {
        let level = fields.word(reading, "level", |word| Role::from_name(Kind::Org, word));
        ((level, binding_ids(fields)), fields.items("workspaces").collect::<Vec<_>>())
    });
    let (level, ids) = terms;
    if let Some(level) = level.or(Role::initial_level(Kind::Org)) {
        staff.member(reading, who.clone(), (level, ids), first_location(entered));
    }
    for found in values.flat_map(SourceValue::items).chain(inside) {
        if let Some(workspace) = text(found.node).and_then(|text| Name::parse(text).ok()) {
            staff.workspace(reading, workspace, who.clone(), WorkspaceTerms::default(), found.location());
        }
    }
}

fn workspaces(
    reading: &mut MergeReader<'_>,
    org: &MergedMapping<'_>,
    org_name: &Name,
    staff: &mut OrgMemberList,
    statements: &mut Vec<Statement>,
) {
    section_entries(reading, org, ("workspaces", Kind::Workspace, &WORKSPACE), |reading, (name, entered), fields| {
        workspace(reading, (org_name.clone(), name, first_location(entered)), fields, staff, statements);
    });
}

/// Reads a workspace from a row, which is separate from its organization.
pub(in crate::manifest) fn workspace_alone(
    reading: &mut MergeReader<'_>,
    (org, name, location): (Name, Name, SourceLocation),
    fields: &MergedMapping<'_>,
    statements: &mut Vec<Statement>,
) {
    let mut staff = OrgMemberList::default();
    workspace(reading, (org.clone(), name, location), fields, &mut staff, statements);
    staff.declare(reading, &org, statements);
}

/// Reads one workspace.
fn workspace(
    reading: &mut MergeReader<'_>,
    (org, name, location): (Name, Name, SourceLocation),
    fields: &MergedMapping<'_>,
    staff: &mut OrgMemberList,
    statements: &mut Vec<Statement>,
) {
    for found in fields.items("members") {
        workspace_member_of(reading, staff, &name, &found);
    }
    let ensure = ensure(reading, fields);
    let workspace = DeclaredWorkspace {
        org,
        labels: labels(reading, fields),
        files: fields.parsed(reading, "files", text_format::item),
        root_upload: fields.word(reading, "root-upload", AllowDeny::from_name),
        ensure,
        previously: fields.parsed(reading, "previously", Name::parse),
        name,
    };
    declare(statements, location, Declaration::Workspace(Box::new(workspace)));
}

fn workspace_member_of(
    reading: &mut MergeReader<'_>,
    staff: &mut OrgMemberList,
    workspace: &Name,
    found: &SourceValue<'_>,
) {
    let location = found.location();
    if let Some(who) = text(found.node).and_then(|text| text_format::name(Kind::Account, text).ok()) {
        return staff.workspace(reading, workspace.clone(), who, WorkspaceTerms::default(), location);
    }
    let Node::Mapping(entries) = &found.node.value else { return };
    let parts = vec![SourceMapping::new(found.source, entries)];
    reading.mapping(&WORKSPACE_MEMBER, parts, |reading, fields| {
        workspace_member(reading, staff, (workspace, location), fields);
    });
}

/// Reads a member of a workspace that is declared as a mapping.
fn workspace_member(
    reading: &mut MergeReader<'_>,
    staff: &mut OrgMemberList,
    (workspace, location): (&Name, SourceLocation),
    fields: &MergedMapping<'_>,
) {
    let Some(who) = fields.parsed(reading, "user", |text| text_format::name(Kind::Account, text)) else {
        reading.report(location, "`user` is missing");
        return;
    };
    let level = fields.word(reading, "level", |word| Role::from_name(Kind::Workspace, word));
    let root_upload = fields.word(reading, "root-upload", AllowDeny::from_name);
    let home = fields.parsed(reading, "home", HomeFolder::parse);
    staff.workspace(
        reading,
        workspace.clone(),
        who,
        WorkspaceTerms { level, root_upload, home, ids: binding_ids(fields) },
        location,
    );
}

/// The fields of a membership of a workspace.
#[derive(Default)]
struct WorkspaceTerms {
    level: Option<Role>,
    root_upload: Option<AllowDeny>,
    home: Option<HomeFolder>,
    ids: Vec<PlatformId>,
}

impl WorkspaceTerms {
    /// Adds the fields of another declaration. Returns whether the two contradict each other.
    fn add(&mut self, other: WorkspaceTerms) -> bool {
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
        self.ids.extend(other.ids);
        differ | add(&mut self.home, other.home)
    }
}

/// The members of one organization and of its workspaces, without duplicates.
#[derive(Default)]
struct OrgMemberList {
    members: Vec<(Name, Role, Vec<PlatformId>, SourceLocation)>,
    seen: HashMap<String, usize>,
    workspaces: Vec<(Name, Name, WorkspaceTerms, SourceLocation)>,
    given: HashMap<(String, String), usize>,
}

impl OrgMemberList {
    fn member(
        &mut self,
        reading: &mut MergeReader<'_>,
        who: Name,
        (role, ids): (Role, Vec<PlatformId>),
        location: SourceLocation,
    ) {
        if let Some((_, other, known, before)) = self.seen.get(who.key()).and_then(|index| self.members.get_mut(*index))
        {
            known.extend(ids);
            if *other != role {
                let message = format!(
                    "{who} is {} here and {} in {}",
                    role.as_str(),
                    other.as_str(),
                    reading.describe_location(*before)
                );
                reading.report(location, message);
            }
            return;
        }
        self.seen.insert(who.key().to_owned(), self.members.len());
        self.members.push((who, role, ids, location));
    }

    fn workspace(
        &mut self,
        reading: &mut MergeReader<'_>,
        workspace: Name,
        who: Name,
        terms: WorkspaceTerms,
        location: SourceLocation,
    ) {
        let key = (workspace.key().to_owned(), who.key().to_owned());
        let Some((_, _, known, before)) = self.given.get(&key).and_then(|index| self.workspaces.get_mut(*index)) else {
            self.given.insert(key, self.workspaces.len());
            self.workspaces.push((workspace, who, terms, location));
            return;
        };
        let before = *before;
        if known.add(terms) {
            let message = format!(
                "the workspace membership of {who} differs from the one in {}",
                reading.describe_location(before)
            );
            reading.report(location, message);
        }
    }

    fn admins(&self) -> Vec<Name> {
        let admins = self.members.iter().filter(|(_, role, ..)| *role == Role::OrgAdmin);
        admins.map(|(name, ..)| name.clone()).collect()
    }

    fn declare(self, reading: &mut MergeReader<'_>, org: &Name, statements: &mut Vec<Statement>) {
        for (workspace, who, WorkspaceTerms { level, root_upload, home, ids }, location) in self.workspaces {
            let home = home.unwrap_or_default();
            let member = DeclaredWorkspaceMember { org: org.clone(), workspace, who, level, root_upload, home, ids };
            let is_admin = self
                .seen
                .get(member.who.key())
                .and_then(|index| self.members.get(*index))
                .is_some_and(|(_, role, ..)| *role == Role::OrgAdmin);
            if is_admin && member.is_plain() {
                let who = &member.who;
                let message = format!("{who} is an admin of the organization, and has all of its workspaces, always");
                reading.report(location, message);
            }
            declare(statements, location, Declaration::WorkspaceMember(Box::new(member)));
        }
        for (who, role, ids, location) in self.members {
            declare(
                statements,
                location,
                Declaration::OrgMember(Box::new(DeclaredOrgMember { org: org.clone(), who, role: Some(role), ids })),
            );
        }
    }
}
