//! Identities, groups and their members.

use serde_json::Value;

use super::Reader;
use super::shape::Shape;
use crate::model::escape::printable;
use crate::platform::dump::Document;
use crate::platform::observed::{GroupRank, ObservedAccount, ObservedList};
use crate::platform::refusal::{Place, Refusal};
use crate::platform::rows::{id, rows, said, text};

/// The states of a membership that gives nothing.
const INACTIVE: [&str; 6] = ["invited", "pending", "rejected", "removed", "left", "declined"];

impl Reader<'_> {
    pub(super) fn identities(&mut self, document: &Document) {
        for (row, place) in rows(document, "identities") {
            let Some(identity) = id(row, "id") else { continue };
            let read = ObservedAccount {
                name: said(row, "username"),
                email: said(row, "email"),
                display_name: said(row, "name"),
                ..ObservedAccount::default()
            };
            if !self.observed.add_account(identity.clone(), read) {
                let message = format!("the identity `{}` is described in two ways", printable(&identity));
                self.refused.add(Refusal::NamedTwice, &place, message);
            }
        }
    }

    /// Reads groups with their names, and the members where they are told.
    pub(super) fn groups(&mut self, document: &Document, shape: Shape) {
        match shape {
            Shape::Groups => {
                for row in document.value.as_array().into_iter().flatten() {
                    self.named_group(row);
                }
            }
            Shape::Members => self.members_alone(document),
            _ => {
                let Some(group) = self.named_group(&document.value) else { return };
                let list = ObservedList::Members(group.clone());
                if document.value.get("memberships").is_some() {
                    let whole = self.is_whole(document);
                    self.observed.add_list(list, whole);
                    for (row, place) in rows(document, "memberships") {
                        self.member(&group, row, &place);
                    }
                } else if document.call().is_some() {
                    // The group hides its members from the caller.
                    self.observed.add_list(list, false);
                }
            }
        }
    }

    fn named_group(&mut self, row: &Value) -> Option<String> {
        let group = id(row, "id")?;
        let known = self.observed.groups.entry(group.clone()).or_default();
        if let Some(name) = said(row, "name") {
            known.name = name;
        }
        known.description = said(row, "description").or_else(|| known.description.take());
        Some(group)
    }

    /// Reads a list of members without its group, as the command prints it.
    fn members_alone(&mut self, document: &Document) {
        let list = rows(document, "");
        self.refused.check(document.require_whole(list.len(), self.options));
        for (row, place) in list {
            let Some(group) = id(row, "group_id").or_else(|| document.owner(self.options)) else {
                return self.refused.add(Refusal::Unowned, &place, "the member does not say of which group");
            };
            self.observed.add_list(ObservedList::Members(group.clone()), true);
            self.observed.groups.entry(group.clone()).or_default();
            self.member(&group, row, &place);
        }
    }

    fn member(&mut self, group: &str, row: &Value, place: &Place) {
        match text(row, "status") {
            Some("active") | None => {}
            Some(status) if INACTIVE.contains(&status) => {
                return self.observed.leave_out("memberships that are not active", place);
            }
            Some(_) => {
                return self.refused.unknown(place, row, "status", "status of a member");
            }
        }
        let rank = match text(row, "role") {
            Some("member") => GroupRank::Member,
            Some("manager") => GroupRank::Manager,
            Some("admin") => GroupRank::Admin,
            _ => return self.refused.unknown(place, row, "role", "role of a member"),
        };
        let Some(identity) = id(row, "identity_id") else {
            return self.refused.add(Refusal::Unresolved, place, "a member without an identity");
        };
        // The list of identities says more.
        self.observed
            .accounts
            .entry(identity.clone())
            .or_insert_with(|| ObservedAccount { name: said(row, "username"), ..ObservedAccount::default() });
        let members = self.observed.groups.entry(group.to_owned()).or_default();
        if members.members.insert(identity.clone(), rank).is_some_and(|before| before != rank) {
            let message = format!("`{}` is a member twice, in two roles", printable(&identity));
            self.refused.add(Refusal::NamedTwice, place, message);
        }
    }
}
