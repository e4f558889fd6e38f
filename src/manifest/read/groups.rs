//! Groups, workgroups and dropboxes, and who is in them.

use std::collections::HashMap;

use super::super::fields::{Entered, Fields, Found, Part, Reading, text};
use super::super::form::{self, Form};
use super::super::said::{Ensure, Group, Member, Said, Spot, Statement};
use super::super::tables::{DROPBOX, DROPBOX_MEMBER, GROUP, WORKGROUP, WORKGROUP_MEMBER};
use super::{alone, say, spot, things};
use crate::input::document::Node;
use crate::model::attributes::{GroupVisibility, MemberAccess, SendPolicy};
use crate::model::{Kind, Name, Reference, Role};
use crate::ops::group;

/// What is said of the things of one section.
pub(in crate::manifest) fn section(
    reading: &mut Reading<'_>,
    root: &Fields<'_>,
    (section, kind): (&str, Kind),
    said: &mut Vec<Statement>,
) {
    let object = match kind {
        Kind::Workgroup => &WORKGROUP,
        Kind::Dropbox => &DROPBOX,
        _ => &GROUP,
    };
    things(reading, root, (section, kind, object), |reading, thing, fields| group(reading, kind, thing, fields, said));
}

/// What is said of one of them.
pub(in crate::manifest) fn group(
    reading: &mut Reading<'_>,
    kind: Kind,
    (name, entered): (Name, &[Entered<'_>]),
    fields: &Fields<'_>,
    said: &mut Vec<Statement>,
) {
    let ensure = ensure(reading, fields);
    let mut people = People::default();
    // The short form of a group: just a list.
    for it in entered {
        if let Node::List(items) = &it.found.node.value {
            items.iter().for_each(|node| people.add(reading, kind, &Found { source: it.found.source, node }));
        }
    }
    fields.items("members").for_each(|found| people.add(reading, kind, &found));
    fields.items("admins").for_each(|found| people.admin(reading, kind, &found));
    let group = Group {
        kind,
        options: options(reading, fields),
        ensure,
        exclusive: fields.truth(reading, "exclusive"),
        previously: fields.parsed(reading, "previously", |text| form::name(kind, text)),
        name,
    };
    people.say(&group.name, kind, said);
    say(said, spot(entered), Said::Group(Box::new(group)));
}

/// Whether a thing shall be there.
pub(in crate::manifest) fn ensure(reading: &mut Reading<'_>, fields: &Fields<'_>) -> Ensure {
    if fields.text(reading, "ensure") != Some("absent") {
        return Ensure::Present;
    }
    alone(reading, fields, &[]);
    Ensure::Absent
}

fn options(reading: &mut Reading<'_>, fields: &Fields<'_>) -> group::GroupSettings {
    group::GroupSettings {
        visible: fields.word(reading, "visible", GroupVisibility::from_name),
        send: fields.word(reading, "send", SendPolicy::from_name),
        member_access: fields.word(reading, "member-access", MemberAccess::from_name),
        admins_manage_members: fields.truth(reading, "admins-manage-members"),
        admins_create_users: fields.truth(reading, "admins-create-users"),
        admins_manage_groups: fields.truth(reading, "admins-manage-groups"),
        admins_manage_invitations: fields.truth(reading, "admins-manage-invitations"),
        members_invite: fields.truth(reading, "members-invite"),
    }
}

/// Who a mapping is about: an account or a group.
pub(in crate::manifest) fn who(reading: &mut Reading<'_>, spot: Spot, fields: &Fields<'_>) -> Option<Reference> {
    let user = fields.parsed(reading, "user", |text| form::name(Kind::Account, text));
    let group = fields.parsed(reading, "group", |text| form::name(Kind::Group, text));
    match (user, group) {
        (Some(user), None) => Some(Reference::Named(Kind::Account, user)),
        (None, Some(group)) => Some(Reference::Named(Kind::Group, group)),
        _ => {
            reading.mistake(spot, "a member is one of `user` and `group`");
            None
        }
    }
}

/// Who is in something, each once.
#[derive(Default)]
struct People {
    members: Vec<(Reference, Option<Role>, Option<bool>, Spot)>,
    known: HashMap<String, usize>,
}

impl People {
    /// Adds somebody as the list of members has them.
    fn add(&mut self, reading: &mut Reading<'_>, kind: Kind, found: &Found<'_>) {
        let spot = found.spot();
        if let Some(who) = text(found.node).and_then(|text| form::member(text).ok()) {
            return self.put(reading, who, (None, None), spot);
        }
        let Node::Mapping(entries) = &found.node.value else { return };
        let object = if kind == Kind::Dropbox { &DROPBOX_MEMBER } else { &WORKGROUP_MEMBER };
        let parts = vec![Part::new(found.source, entries)];
        reading.mapping(object, parts, |reading, fields| self.member(reading, kind, spot, fields));
    }

    /// Adds somebody whose membership has terms of its own.
    fn member(&mut self, reading: &mut Reading<'_>, kind: Kind, spot: Spot, fields: &Fields<'_>) {
        let Some(who) = who(reading, spot, fields) else { return };
        let level = fields.word(reading, "level", |word| Role::from_name(kind, word));
        let is_admin = level.is_some_and(|level| matches!(level, Role::WorkgroupAdmin | Role::DropboxAdmin));
        if is_admin && !matches!(who, Reference::Named(Kind::Account, _)) {
            reading.mistake(spot, "only accounts can be admins");
        }
        let active = fields.truth(reading, "active");
        self.put(reading, who, (level, active), spot);
    }

    /// Adds somebody as the list of admins has them.
    fn admin(&mut self, reading: &mut Reading<'_>, kind: Kind, found: &Found<'_>) {
        let admin = if kind == Kind::Dropbox { Role::DropboxAdmin } else { Role::WorkgroupAdmin };
        if let Some(who) = text(found.node).and_then(|text| form::name(Kind::Account, text).ok()) {
            self.put(reading, Reference::Named(Kind::Account, who), (Some(admin), None), found.spot());
        }
    }

    fn put(
        &mut self,
        reading: &mut Reading<'_>,
        who: Reference,
        (level, active): (Option<Role>, Option<bool>),
        spot: Spot,
    ) {
        let key = Form::Member.canonical(&who.to_string());
        let Some(known) = self.known.get(&key).and_then(|place| self.members.get_mut(*place)) else {
            self.known.insert(key, self.members.len());
            self.members.push((who, level, active, spot));
            return;
        };
        if let (Some(one), Some(other)) = (known.1, level)
            && one != other
        {
            let message = format!("{who} is {} here and {} in {}", other.as_str(), one.as_str(), reading.told(known.3));
            reading.mistake(spot, message);
        }
        if let (Some(one), Some(other)) = (known.2, active)
            && one != other
        {
            let word = |active: bool| if active { "active" } else { "not active" };
            let message = format!("{who} is {} here and {} in {}", word(other), word(one), reading.told(known.3));
            reading.mistake(spot, message);
        }
        known.1 = known.1.or(level);
        known.2 = known.2.or(active);
    }

    fn say(self, of: &Name, kind: Kind, said: &mut Vec<Statement>) {
        for (who, level, active, spot) in self.members {
            say(said, spot, Said::Member(Box::new(Member { kind, of: of.clone(), who, level, active })));
        }
    }
}
