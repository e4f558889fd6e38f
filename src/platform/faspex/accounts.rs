//! Accounts, the groups of the directories, and the settings of the server.

use serde_json::Value;

use super::Reader;
use super::shape::Listed;
use crate::model::attributes::{Setting, SettingValue};
use crate::model::escape::printable;
use crate::model::{Kind, Role};
use crate::platform::dump::Document;
use crate::platform::observed::{GroupRank, ObservedAccount, ObservedList, ObservedServer};
use crate::platform::refusal::{Place, Refusal};
use crate::platform::rows::{said, text};

/// The settings of an account, with the field of each.
const SETTINGS: [(Setting, &str); 6] = [
    (Setting::Send, "uploads_allowed"),
    (Setting::Receive, "downloads_allowed"),
    (Setting::Forward, "forwarding_allowed"),
    (Setting::SendNormal, "can_send_normal_packages"),
    (Setting::SendExternal, "can_send_to_external_email"),
    (Setting::SendToAllUsers, "can_send_to_all_faspex_users"),
];

/// A field that only an account with all its settings has.
const EXPANDED: &str = "uploads_allowed";

impl Reader<'_> {
    pub(super) fn accounts(&mut self, document: &Document) {
        let list = self.rows(document, Listed::Accounts);
        self.observed.add_list(ObservedList::Accounts, list.whole);
        for (row, place) in list.rows {
            self.account(row, &place);
        }
    }

    fn account(&mut self, row: &Value, place: &Place) {
        let Some(id) = self.refused.required_id(place, row, "id") else { return };
        match text(row, "type") {
            Some("local_user" | "self_registered_user") => {}
            Some("saml_user") => self.has_saml_accounts = true,
            // Somebody outside has a link and no account.
            Some("external_user") => {
                return self.observed.leave_out("outside users, who have links and no account", place);
            }
            _ => return self.refused.unknown(place, row, "type", "type of account"),
        }
        if row.get(EXPANDED).is_none() {
            return self.refused.add(Refusal::Unexpanded, place, "the account comes without its settings");
        }
        let Some(role) = text(row, "role").and_then(|word| Role::from_name(Kind::Server, word)) else {
            return self.refused.unknown(place, row, "role", "role");
        };
        let active = match text(row, "status") {
            Some("active") => true,
            Some("inactive" | "saml_configuration_disabled") => false,
            Some(status @ ("locked" | "pending_approval")) => {
                let name = printable(text(row, "name").unwrap_or(&id));
                self.observed.notes.push(format!("{place}: `{name}` is {status}, which counts as inactive"));
                false
            }
            _ => return self.refused.unknown(place, row, "status", "status"),
        };
        let mut settings = Vec::new();
        for (setting, field) in SETTINGS {
            match choice(row.get(field)) {
                Some(choice) => settings.push((setting, choice)),
                None => return self.refused.unknown(place, row, field, "value of a setting"),
            }
        }
        let expires = match row.get("account_expires").and_then(Value::as_bool) {
            Some(true) => self.refused.required_time(place, row, "expiration_date"),
            Some(false) => None,
            None => {
                return self.refused.unknown(place, row, "account_expires", "answer to whether the account expires");
            }
        };
        let names = [said(row, "first_name"), said(row, "last_name")];
        let names: Vec<String> = names.into_iter().flatten().collect();
        let read = ObservedAccount {
            name: said(row, "name"),
            email: said(row, "email"),
            display_name: (!names.is_empty()).then(|| names.join(" ")),
            role: Some(role),
            active: Some(active),
            expires,
            settings,
        };
        if !self.observed.add_account(id.clone(), read) {
            let message = format!("the account `{}` is described in two ways", printable(&id));
            self.refused.add(Refusal::NamedTwice, place, message);
        }
    }

    /// Reads the groups of the directories. A group has those members who have signed in.
    pub(super) fn groups(&mut self, document: &Document) {
        let list = self.rows(document, Listed::Groups);
        self.observed.add_list(ObservedList::Groups, list.whole);
        for (row, place) in list.rows {
            let Some(id) = self.refused.required_id(&place, row, "id") else { continue };
            let name = said(row, "group_name").unwrap_or_else(|| id.clone());
            let known = self.observed.groups.entry(id).or_default();
            (known.name, known.description) = (name, said(row, "group_distinguished_name"));
        }
    }

    /// Reads the settings of the server. A value that is not told is not known.
    pub(super) fn configuration(&mut self, document: &Document) {
        let value = &document.value;
        let flag = |key: &str| value.get(key).and_then(Value::as_bool);
        let external = choice(value.get("allow_send_to_email_default")).filter(|it| *it != SettingValue::Default);
        let settings = [
            (Setting::SendNormal, choice(value.get("users_can_send_normal_packages"))),
            (Setting::SendToAllUsers, choice(value.get("users_can_send_to_all_faspex_users"))),
            (Setting::SendExternal, external.or_else(|| choice(value.get("allow_send_to_email")))),
        ];
        let known = settings.into_iter().filter_map(|(setting, choice)| Some((setting, choice?)));
        self.observed.server = Some(ObservedServer {
            private_directory: flag("private_user_dir"),
            public_links: flag("public_url_allowed"),
            settings: known.filter(|(_, choice)| *choice != SettingValue::Default).collect(),
        });
    }

    /// Reads the members of a group of the directories.
    pub(super) fn members_of_group(&mut self, group: &str, document: &Document) {
        let list = self.rows(document, Listed::Members);
        self.observed.add_list(ObservedList::Members(group.to_owned()), list.whole);
        for (row, place) in list.rows {
            let key = if row.get("user_id").is_some() { "user_id" } else { "id" };
            let Some(member) = self.refused.required_id(&place, row, key) else { continue };
            let known = self.observed.groups.entry(group.to_owned()).or_default();
            known.members.insert(member, GroupRank::Member);
        }
    }
}

/// A value of a setting: `yes`, `no` or `default`, or a boolean; `None` for anything else.
fn choice(value: Option<&Value>) -> Option<SettingValue> {
    match value? {
        Value::Bool(true) => Some(SettingValue::Allow),
        Value::Bool(false) => Some(SettingValue::Deny),
        Value::String(word) => match word.as_str() {
            "yes" | "allow" | "true" => Some(SettingValue::Allow),
            "no" | "deny" | "false" => Some(SettingValue::Deny),
            "default" => Some(SettingValue::Default),
            _ => None,
        },
        _ => None,
    }
}
