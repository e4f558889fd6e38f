//! The rules that give access to folders of endpoints.

use serde_json::Value;

use super::Reader;
use crate::model::attributes::Sharing;
use crate::model::escape::printable;
use crate::model::{Kind, Permissions, Role, Time};
use crate::platform::dump::{Document, Origin};
use crate::platform::observed::{ObservedList, ObservedRule};
use crate::platform::refusal::{Place, Refusal};
use crate::platform::rows::{id, rows, text};

impl Reader<'_> {
    pub(super) fn rules(&mut self, document: &Document) {
        let list = rows(document, "DATA");
        if let Some(length) = document.value.get("length").and_then(Value::as_u64)
            && length != list.len() as u64
        {
            let message = format!("the list has {} rows, and says {length}", list.len());
            self.refuse(Refusal::Truncated, &document.place.at("length"), message);
        }
        let of_call = match &document.origin {
            Origin::Tape(call, _) => {
                let id = call.path.strip_prefix("/v0.10/endpoint/").and_then(|rest| rest.strip_suffix("/access_list"));
                id.map(str::to_ascii_lowercase)
            }
            Origin::File => None,
        };
        let Some(endpoint) = of_call.or_else(|| document.owner(self.options)) else {
            return self.refuse(Refusal::Unowned, &document.place, "the list of rules does not say of which endpoint");
        };
        let whole = self.is_whole(document);
        self.observed.add_list(ObservedList::Rules(endpoint.clone()), whole);
        for (row, place) in list {
            self.rule(&endpoint, row, &place);
        }
    }

    fn rule(&mut self, endpoint: &str, row: &Value, place: &Place) {
        let Some(rule) = id(row, "id") else { return self.restated_role(endpoint, row, place) };
        let permissions = match text(row, "permissions") {
            Some("r") => Permissions::VIEW,
            Some("rw") => Permissions::EDIT,
            _ => {
                return self.unknown(
                    &place.at("permissions"),
                    "permission",
                    row.get("permissions").unwrap_or(&Value::Null),
                );
            }
        };
        let Some(path) = text(row, "path").filter(|path| path.starts_with('/')) else {
            return self.unknown(&place.at("path"), "path", row.get("path").unwrap_or(&Value::Null));
        };
        let expires = match row.get("expiration_date") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if text.is_empty() => None,
            Some(value) => match value.as_str().map(Time::parse) {
                Some(Ok(end)) => Some(end),
                _ => return self.unknown(&place.at("expiration_date"), "time", value),
            },
        };
        let Some(principal) = self.principal(row, place) else { return };
        let has_rules = self.observed.endpoints.get(endpoint).is_none_or(|it| it.kind.sharing() != Sharing::None);
        if !has_rules {
            return self.observed.leave_out("rules of endpoints that have none here", place);
        }
        let (endpoint, path) = (endpoint.to_owned(), path.to_owned());
        self.observed.rules.push(ObservedRule { id: rule, endpoint, path, principal, permissions, expires });
    }

    /// A row without an id restates a role: it is compared, and not taken.
    fn restated_role(&mut self, endpoint: &str, row: &Value, place: &Place) {
        let Some(role_id) = id(row, "role_id") else {
            return self.refuse(Refusal::UnknownValue, place, "a rule without an id that restates no role");
        };
        let role = text(row, "role_type").and_then(|word| Role::from_name(Kind::Endpoint, &word.replace('_', "-")));
        let principal = text(row, "principal").unwrap_or_default();
        let known = self.roles.get(&(endpoint.to_owned(), role_id.clone()));
        let is_known = known.is_some_and(|known| role.is_none_or(|role| role == *known));
        let is_read = self.observed.lists.contains_key(&ObservedList::Roles(endpoint.to_owned()));
        if is_read && !is_known {
            self.observed.notes.push(format!(
                "{place}: the rule restates the role `{}` of `{}`, which the list of roles does not have",
                printable(&role_id),
                printable(principal)
            ));
        }
    }
}
