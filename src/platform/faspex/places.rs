//! Workgroups and shared inboxes, with their members: accounts, groups, and people outside who have a link.

use std::collections::hash_map::Entry;

use serde_json::Value;

use super::Reader;
use super::shape::{Listed, list_of_call};
use crate::model::attributes::{AdminRights, Attributes, Dropbox, MemberAccess, SendPolicy, Workgroup};
use crate::model::escape::printable;
use crate::model::{Kind, Role};
use crate::platform::dump::Document;
use crate::platform::observed::{
    ObservedAccount, ObservedInvitation, ObservedList, ObservedMember, ObservedPlace, ObservedPrincipal, PlaceKey,
};
use crate::platform::refusal::{Place, Refusal};
use crate::platform::rows::{id, said, text};

impl Reader<'_> {
    pub(super) fn places(&mut self, document: &Document, listed: Listed) {
        let kind = if listed == Listed::Inboxes { Kind::Dropbox } else { Kind::Workgroup };
        let list = self.rows(document, listed);
        // Without `all` there are only those that the caller belongs to. A file does not say how it was asked for.
        let asks_all =
            document.call().is_none_or(|call| call.query.iter().any(|(name, value)| name == "all" && value == "true"));
        self.observed.add_list(ObservedList::Places(kind), list.whole && asks_all);
        for (row, place) in list.rows {
            self.place(kind, row, &place);
        }
    }

    fn place(&mut self, kind: Kind, row: &Value, place: &Place) {
        let Some(id) = self.refused.required_id(place, row, "id") else { return };
        let flag = |key: &str| row.get(key).and_then(Value::as_bool).unwrap_or_default();
        let admins = AdminRights {
            manage_members: flag("admin_can_manage_existing_users"),
            create_users: flag("admin_can_manage_users"),
            manage_groups: flag("admin_can_manage_ad_group"),
        };
        let description = said(row, "submitters_instructions");
        let attributes = if kind == Kind::Dropbox {
            if row.get("admin_can_manage_external_submitters").is_none() {
                return self.refused.add(Refusal::Unexpanded, place, "the shared inbox comes without its settings");
            }
            Attributes::Dropbox(Dropbox {
                admins,
                admins_manage_invitations: flag("admin_can_manage_external_submitters"),
                members_invite: flag("users_can_invite_external_submitters"),
                display_name: None,
                description,
            })
        } else {
            if row.get("workgroup_type").is_none() {
                return self.refused.add(Refusal::Unexpanded, place, "the workgroup comes without its policies");
            }
            let send = match text(row, "workgroup_type") {
                Some("workgroup") => SendPolicy::Anyone,
                Some("members_only") => SendPolicy::Members,
                Some("moderated") => SendPolicy::Admins,
                Some("restricted") => SendPolicy::Nobody,
                _ => return self.refused.unknown(place, row, "workgroup_type", "type of workgroup"),
            };
            let member_access = match text(row, "member_access") {
                Some("mutual") => MemberAccess::All,
                Some("workgroup_admin") => MemberAccess::Admins,
                Some("restricted_access") => MemberAccess::None,
                _ => return self.refused.unknown(place, row, "member_access", "access of members"),
            };
            Attributes::Workgroup(Workgroup { send, member_access, admins, display_name: None, description })
        };
        let name = said(row, "name").unwrap_or_else(|| id.clone());
        self.observed.places.insert((kind, id), ObservedPlace { name, attributes });
    }

    pub(super) fn members(&mut self, document: &Document) {
        if let Some(ObservedList::Members(group)) = document.call().and_then(list_of_call) {
            return self.members_of_group(&group, document);
        }
        let Some(place) = self.place_of(document) else {
            return self.refused.add(
                Refusal::Unowned,
                &document.place,
                "the list of members does not say of which workgroup or shared inbox",
            );
        };
        let list = self.rows(document, Listed::Members);
        self.observed.add_list(ObservedList::PlaceMembers(place.clone()), list.whole);
        for (row, at) in list.rows {
            self.member(&place, row, &at);
        }
    }

    fn member(&mut self, of: &PlaceKey, row: &Value, place: &Place) {
        let Some(user) = self.refused.required_id(place, row, "user_id") else { return };
        let membership = id(row, "id").unwrap_or_else(|| user.clone());
        if text(row, "type") == Some("external_user") {
            return self.outsider(of, membership, row, place);
        }
        if !matches!(text(row, "type"), Some("user" | "local_user" | "saml_user" | "self_registered_user")) {
            return self.refused.unknown(place, row, "type", "type of member");
        }
        if text(row, "status").is_some_and(|status| status != "active") {
            return self.refused.unknown(place, row, "status", "status of a member");
        }
        let Some(level) = level(of.0, text(row, "access")) else {
            return self.refused.unknown(place, row, "access", "level of a member");
        };
        if !self.observed.accounts.contains_key(&user) {
            self.unnamed(&user, row, place);
        }
        self.put_member(of, membership, ObservedPrincipal::Account(user), level, place);
    }

    /// A member whom no list of accounts names. Without such a list, the rows of the members name them.
    fn unnamed(&mut self, user: &str, row: &Value, place: &Place) {
        let are_told = self.observed.lists.contains_key(&ObservedList::Accounts);
        if are_told && !self.options.keep_unresolved {
            let message = format!("no list names the account `{}`", printable(user));
            return self.refused.add(Refusal::Unresolved, &place.at("user_id"), message);
        }
        let named = match are_told {
            true => ObservedAccount::default(),
            false => ObservedAccount { name: said(row, "name"), email: said(row, "email"), ..Default::default() },
        };
        self.observed.accounts.insert(user.to_owned(), named);
    }

    /// Somebody outside, who has a link to a shared inbox. The link is never read.
    fn outsider(&mut self, of: &PlaceKey, id: String, row: &Value, place: &Place) {
        if of.0 != Kind::Dropbox {
            return self.refused.unknown(place, row, "type", "type of member of a workgroup");
        }
        let Some(email) = said(row, "email").or_else(|| said(row, "name")) else {
            return self.refused.unknown(place, row, "email", "address");
        };
        let (after_one_upload, on_date) = match text(row, "expiration") {
            Some("after_one_upload") => (true, false),
            Some("after_one_upload_or_date") => (true, true),
            Some("on_date") => (false, true),
            Some("never") | None => (false, false),
            _ => return self.refused.unknown(place, row, "expiration", "end of an invitation"),
        };
        let active = match text(row, "status") {
            Some("active") | None => true,
            Some("expired") => false,
            _ => return self.refused.unknown(place, row, "status", "status of an invitation"),
        };
        let expires = match on_date {
            true => self.refused.required_time(place, row, "expires"),
            false => self.refused.time(place, row, "expires"),
        };
        let dropbox = of.1.clone();
        self.observed.invitations.push(ObservedInvitation { id, dropbox, email, expires, after_one_upload, active });
    }

    pub(super) fn groups_of_place(&mut self, document: &Document) {
        let Some(place) = self.place_of(document) else {
            return self.refused.add(
                Refusal::Unowned,
                &document.place,
                "the list of groups does not say of which workgroup or shared inbox",
            );
        };
        let list = self.rows(document, Listed::GroupsOfPlace);
        self.observed.add_list(ObservedList::PlaceGroups(place.clone()), list.whole);
        for (row, at) in list.rows {
            let Some(group) = self.refused.required_id(&at, row, "group_id") else { continue };
            let membership = id(row, "id").unwrap_or_else(|| group.clone());
            let Some(level) = level(place.0, text(row, "access")) else {
                self.refused.unknown(&at, row, "access", "level of a group");
                continue;
            };
            let known = self.observed.groups.entry(group.clone()).or_default();
            if known.name.is_empty() {
                known.name = said(row, "group_name").unwrap_or_else(|| group.clone());
            }
            self.put_member(&place, membership, ObservedPrincipal::Group(group), level, &at);
        }
    }

    fn put_member(&mut self, of: &PlaceKey, id: String, principal: ObservedPrincipal, level: Role, place: &Place) {
        match self.levels.entry((of.clone(), principal.clone())) {
            Entry::Occupied(known) if *known.get() != level => {
                self.refused.add(Refusal::NamedTwice, place, "somebody is a member twice, at two levels");
            }
            Entry::Occupied(_) => {}
            Entry::Vacant(free) => {
                free.insert(level);
                self.observed.members.push(ObservedMember { id, place: of.clone(), principal, level });
            }
        }
    }
}

/// The level of a member by its word.
fn level(kind: Kind, word: Option<&str>) -> Option<Role> {
    Some(match (kind, word?) {
        (Kind::Workgroup, "standard") => Role::WorkgroupStandard,
        (Kind::Workgroup, "workgroup_admin") => Role::WorkgroupAdmin,
        (Kind::Dropbox, "submit_only") => Role::DropboxSubmitOnly,
        (Kind::Dropbox, "standard") => Role::DropboxStandard,
        (Kind::Dropbox, "shared_inbox_admin") => Role::DropboxAdmin,
        _ => return None,
    })
}
