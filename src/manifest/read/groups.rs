//! Reads the sections `groups`, `workgroups` and `dropboxes`, with their members.

use std::collections::HashMap;

use super::super::merge::{MergeReader, MergedMapping, SectionEntry, SourceMapping, SourceValue, text};
use super::super::schema::{DROPBOX, DROPBOX_MEMBER, GROUP, GROUP_MEMBER, WORKGROUP, WORKGROUP_MEMBER};
use super::super::statement::{Declaration, DeclaredGroup, DeclaredMember, Ensure, SourceLocation, Statement};
use super::super::text_format::{self, TextFormat};
use super::labels::{binding_ids, labels};
use super::{declare, first_location, refuse_other_keys, section_entries};
use crate::input::document::Node;
use crate::model::attributes::{GroupVisibility, MemberAccess, SendPolicy};
use crate::model::{Kind, Name, PlatformId, Reference, Role};
use crate::ops::group;

/// Reads one of the three sections.
pub(in crate::manifest) fn section(
    reading: &mut MergeReader<'_>,
    root: &MergedMapping<'_>,
    (section, kind): (&str, Kind),
    statements: &mut Vec<Statement>,
) {
    let object = match kind {
        Kind::Workgroup => &WORKGROUP,
        Kind::Dropbox => &DROPBOX,
        _ => &GROUP,
    };
    section_entries(reading, root, (section, kind, object), |reading, named_entries, fields| {
        group(reading, kind, named_entries, fields, statements)
    });
}

/// Reads one group, workgroup or dropbox.
pub(in crate::manifest) fn group(
    reading: &mut MergeReader<'_>,
    kind: Kind,
    (name, entered): (Name, &[SectionEntry<'_>]),
    fields: &MergedMapping<'_>,
    statements: &mut Vec<Statement>,
) {
    let ensure = ensure(reading, fields);
    let mut people = MemberList::default();
    // The short form of a group is a list of members.
    for it in entered {
        if let Node::List(items) = &it.found.node.value {
            items.iter().for_each(|node| people.add(reading, kind, &SourceValue { source: it.found.source, node }));
        }
    }
    fields.items("members").for_each(|found| people.add(reading, kind, &found));
    fields.items("admins").for_each(|found| people.admin(reading, kind, &found));
    let group = DeclaredGroup {
        kind,
        settings: options(reading, fields),
        ensure,
        exclusive: fields.boolean(reading, "exclusive"),
        previously: fields.parsed(reading, "previously", |text| text_format::name(kind, text)),
        name,
    };
    people.declare(&group.name, kind, statements);
    declare(statements, first_location(entered), Declaration::Group(Box::new(group)));
}

/// Reads `ensure` of a resource other than an account. Reports other keys beside `absent`.
pub(in crate::manifest) fn ensure(reading: &mut MergeReader<'_>, fields: &MergedMapping<'_>) -> Ensure {
    if fields.text(reading, "ensure") != Some("absent") {
        return Ensure::Present;
    }
    refuse_other_keys(reading, fields, &[]);
    Ensure::Absent
}

fn options(reading: &mut MergeReader<'_>, fields: &MergedMapping<'_>) -> group::GroupSettings {
    group::GroupSettings {
        visible: fields.word(reading, "visible", GroupVisibility::from_name),
        send: fields.word(reading, "send", SendPolicy::from_name),
        member_access: fields.word(reading, "member-access", MemberAccess::from_name),
        admins_manage_members: fields.boolean(reading, "admins-manage-members"),
        admins_create_users: fields.boolean(reading, "admins-create-users"),
        admins_manage_groups: fields.boolean(reading, "admins-manage-groups"),
        admins_manage_invitations: fields.boolean(reading, "admins-manage-invitations"),
        members_invite: fields.boolean(reading, "members-invite"),
        labels: labels(reading, fields),
    }
}

/// The member that a mapping names with `user` or `group`.
pub(in crate::manifest) fn who(
    reading: &mut MergeReader<'_>,
    location: SourceLocation,
    fields: &MergedMapping<'_>,
) -> Option<Reference> {
    let user = fields.parsed(reading, "user", |text| text_format::name(Kind::Account, text));
    let group = fields.parsed(reading, "group", |text| text_format::name(Kind::Group, text));
    match (user, group) {
        (Some(user), None) => Some(Reference::Named(Kind::Account, user)),
        (None, Some(group)) => Some(Reference::Named(Kind::Group, group)),
        _ => {
            reading.report(location, "expected either `user` or `group`");
            None
        }
    }
}

/// The fields of a membership.
#[derive(Default)]
struct MemberTerms {
    level: Option<Role>,
    active: Option<bool>,
    ids: Vec<PlatformId>,
}

/// The members of one group, workgroup or dropbox, without duplicates.
#[derive(Default)]
struct MemberList {
    members: Vec<(Reference, MemberTerms, SourceLocation)>,
    seen: HashMap<String, usize>,
}

impl MemberList {
    /// Adds an entry of `members`: a name or a mapping.
    fn add(&mut self, reading: &mut MergeReader<'_>, kind: Kind, found: &SourceValue<'_>) {
        let location = found.location();
        if let Some(who) = text(found.node).and_then(|text| text_format::member(text).ok()) {
            return self.put(reading, who, MemberTerms::default(), location);
        }
        let Node::Mapping(entries) = &found.node.value else { return };
        let object = match kind {
            Kind::Dropbox => &DROPBOX_MEMBER,
            Kind::Workgroup => &WORKGROUP_MEMBER,
            _ => &GROUP_MEMBER,
        };
        let parts = vec![SourceMapping::new(found.source, entries)];
        reading.mapping(object, parts, |reading, fields| self.member(reading, kind, location, fields));
    }

    /// Adds a member that is declared as a mapping.
    fn member(
        &mut self,
        reading: &mut MergeReader<'_>,
        kind: Kind,
        location: SourceLocation,
        fields: &MergedMapping<'_>,
    ) {
        let Some(who) = who(reading, location, fields) else { return };
        let level = fields.word(reading, "level", |word| Role::from_name(kind, word));
        let is_admin = level.is_some_and(|level| matches!(level, Role::WorkgroupAdmin | Role::DropboxAdmin));
        if is_admin && !matches!(who, Reference::Named(Kind::Account, _)) {
            reading.report(location, "only accounts can be admins");
        }
        let active = fields.boolean(reading, "active");
        self.put(reading, who, MemberTerms { level, active, ids: binding_ids(fields) }, location);
    }

    /// Adds an entry of `admins`.
    fn admin(&mut self, reading: &mut MergeReader<'_>, kind: Kind, found: &SourceValue<'_>) {
        let admin = if kind == Kind::Dropbox { Role::DropboxAdmin } else { Role::WorkgroupAdmin };
        if let Some(who) = text(found.node).and_then(|text| text_format::name(Kind::Account, text).ok()) {
            self.put(
                reading,
                Reference::Named(Kind::Account, who),
                MemberTerms { level: Some(admin), ..MemberTerms::default() },
                found.location(),
            );
        }
    }

    fn put(&mut self, reading: &mut MergeReader<'_>, who: Reference, terms: MemberTerms, location: SourceLocation) {
        let key = TextFormat::Member.canonical(&who.to_string());
        let Some((_, known, before)) = self.seen.get(&key).and_then(|index| self.members.get_mut(*index)) else {
            self.seen.insert(key, self.members.len());
            self.members.push((who, terms, location));
            return;
        };
        if let (Some(one), Some(other)) = (known.level, terms.level)
            && one != other
        {
            let message = format!(
                "{who} is {} here and {} in {}",
                other.as_str(),
                one.as_str(),
                reading.describe_location(*before)
            );
            reading.report(location, message);
        }
        if let (Some(one), Some(other)) = (known.active, terms.active)
            && one != other
        {
            let word = |active: bool| if active { "active" } else { "not active" };
            let message =
                format!("{who} is {} here and {} in {}", word(other), word(one), reading.describe_location(*before));
            reading.report(location, message);
        }
        known.level = known.level.or(terms.level);
        known.active = known.active.or(terms.active);
        known.ids.extend(terms.ids);
    }

    fn declare(self, of: &Name, kind: Kind, statements: &mut Vec<Statement>) {
        for (who, MemberTerms { level, active, ids }, location) in self.members {
            declare(
                statements,
                location,
                Declaration::Member(Box::new(DeclaredMember { kind, of: of.clone(), who, level, active, ids })),
            );
        }
    }
}
