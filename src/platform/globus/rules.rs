//! The rules that give access to folders of endpoints.

use serde_json::Value;

use super::Reader;
use super::shape::list_of_call;
use crate::model::attributes::Sharing;
use crate::model::escape::printable;
use crate::model::{Kind, Permissions, Role};
use crate::platform::dump::Document;
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
            self.refused.add(Refusal::Truncated, &document.place.at("length"), message);
        }
        let of_call = document.call().and_then(list_of_call).and_then(|list| match list {
            ObservedList::Rules(endpoint) => Some(endpoint),
            _ => None,
        });
        let Some(endpoint) = of_call.or_else(|| document.owner(self.options)) else {
            return self.refused.add(
                Refusal::Unowned,
                &document.place,
                "the list of rules does not say of which endpoint",
            );
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
            _ => return self.refused.unknown(place, row, "permissions", "permission"),
        };
        let Some(path) = text(row, "path").filter(|path| path.starts_with('/')) else {
            return self.refused.unknown(place, row, "path", "path");
        };
        let expires = self.refused.time(place, row, "expiration_date");
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
            return self.refused.add(Refusal::UnknownValue, place, "a rule without an id that restates no role");
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
