//! Reads dumps of Globus: endpoints and collections with their roles and rules, groups with their members, identities.
//!
//! Documents are read in the order in which they need each other: what a list of roles proves depends on the kind of its
//! endpoint. All mistakes are found before any is reported.

mod endpoints;
mod people;
mod roles;
mod rules;
mod shape;

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::dump::{Document, DumpOptions, Origin};
use super::observed::{Observed, ObservedAccount, ObservedList, ObservedPrincipal};
use super::refusal::{Place, Refusal, Refused};
use super::rows::text;
use crate::model::Role;
use crate::model::escape::printable;
use crate::model::platform_id::Instance;
use shape::Shape;

/// Reads the documents of an installation.
///
/// # Errors
/// Every refusal, each with its place.
pub fn read(instance: Instance, documents: &[Document], options: &DumpOptions) -> Result<Observed, Vec<Refused>> {
    let mut reader = Reader {
        observed: Observed::nothing(instance),
        options,
        refused: Vec::new(),
        unnamed: Vec::new(),
        roles: HashMap::new(),
    };
    let shaped: Vec<(Shape, &Document)> = documents.iter().map(|document| (Shape::of(document), document)).collect();
    let of = |wanted: &'static [Shape]| shaped.iter().filter(|(shape, _)| wanted.contains(shape)).copied();
    for (_, document) in of(&[Shape::Other]) {
        reader.refuse(Refusal::NotAList, &document.place, not_a_list(&document.value));
    }
    for (_, document) in of(&[Shape::Refused]) {
        reader.refused_call(document);
    }
    for (shape, document) in of(&[Shape::Endpoint, Shape::Search]) {
        reader.endpoints(document, shape == Shape::Search);
    }
    for (_, document) in of(&[Shape::Identities]) {
        reader.identities(document);
    }
    for (shape, document) in of(&[Shape::Groups, Shape::Group, Shape::Members]) {
        reader.groups(document, shape);
    }
    for (shape, document) in of(&[Shape::Roles, Shape::GcsRoles, Shape::GcsRolesAlone]) {
        reader.roles(document, shape);
    }
    for (_, document) in of(&[Shape::Rules]) {
        reader.rules(document);
    }
    reader.finish()
}

struct Reader<'o> {
    observed: Observed,
    options: &'o DumpOptions,
    refused: Vec<Refused>,
    /// The principals that were named by id alone, with the place of each.
    unnamed: Vec<(ObservedPrincipal, Place)>,
    /// The roles so far, by endpoint and id.
    roles: HashMap<(String, String), Role>,
}

impl Reader<'_> {
    fn refuse(&mut self, refusal: Refusal, place: &Place, message: impl Into<String>) {
        self.refused.push(Refused::new(refusal, place.clone(), message));
    }

    /// Refuses a value that is not one of those that are known.
    fn unknown(&mut self, place: &Place, what: &str, value: &Value) {
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.refuse(Refusal::UnknownValue, place, format!("unknown {what} `{}`", printable(&shown)));
    }

    /// A list whose call was refused is incomplete.
    fn refused_call(&mut self, document: &Document) {
        let Origin::Tape(call, _) = &document.origin else {
            return self.refuse(Refusal::NotAList, &document.place, "it is empty");
        };
        let parts: Vec<&str> = call.path.split('/').filter(|part| !part.is_empty()).collect();
        let list = match parts.as_slice() {
            [_, "endpoint_search"] => ObservedList::Endpoints,
            [_, "endpoint", id, "role_list"] => ObservedList::Roles((*id).to_owned()),
            [_, "endpoint", id, "access_list"] => ObservedList::Rules((*id).to_owned()),
            [_, "groups", id] => ObservedList::Members((*id).to_owned()),
            ["roles"] => ObservedList::Roles(roles::owner_of_call(call).unwrap_or_default()),
            _ => return,
        };
        self.observed.add_list(list, false);
    }

    /// Whether the list of a document is whole, and not a page of it.
    fn is_whole(&mut self, document: &Document) -> bool {
        let says_more = document.value.get("has_next_page") == Some(&Value::Bool(true));
        match &document.origin {
            Origin::Tape(_, whole) => *whole && !says_more,
            Origin::File if says_more => {
                self.refuse(Refusal::Truncated, &document.place.at("has_next_page"), "there is another page");
                false
            }
            Origin::File => true,
        }
    }

    /// The principal of a row of Transfer.
    fn principal(&mut self, row: &Value, place: &Place) -> Option<ObservedPrincipal> {
        let id = || text(row, "principal").filter(|id| !id.is_empty()).map(str::to_ascii_lowercase);
        let principal = match text(row, "principal_type") {
            Some("identity") => ObservedPrincipal::Account(id()?),
            Some("group") => ObservedPrincipal::Group(id()?),
            Some("all_authenticated_users") => ObservedPrincipal::Authenticated,
            Some("anonymous") => ObservedPrincipal::Anyone,
            _ => {
                self.unknown(
                    &place.at("principal_type"),
                    "type of principal",
                    row.get("principal_type").unwrap_or(&Value::Null),
                );
                return None;
            }
        };
        self.unnamed.push((principal.clone(), place.at("principal")));
        Some(principal)
    }

    /// Names what is left unnamed, adds the roles that reach collections, and checks what only the whole shows.
    fn finish(mut self) -> Result<Observed, Vec<Refused>> {
        self.resolve();
        self.require_roles();
        self.inherit_roles();
        if self.refused.is_empty() { Ok(self.observed) } else { Err(self.refused) }
    }

    /// Refuses principals that no list names, or makes accounts of them that are named by their ids.
    fn resolve(&mut self) {
        let mut seen = BTreeSet::new();
        for (principal, place) in std::mem::take(&mut self.unnamed) {
            if !seen.insert(principal.clone()) {
                continue;
            }
            match &principal {
                ObservedPrincipal::Account(id) if !self.observed.accounts.contains_key(id) => {
                    if self.options.keep_unresolved {
                        self.observed.accounts.insert(id.clone(), ObservedAccount::default());
                    } else {
                        self.refuse(
                            Refusal::Unresolved,
                            &place,
                            format!("no list names the identity `{}`", printable(id)),
                        );
                    }
                }
                ObservedPrincipal::Group(id) if !self.observed.groups.contains_key(id) => {
                    if self.options.keep_unresolved {
                        self.observed.groups.entry(id.clone()).or_default();
                        self.observed.lists.insert(ObservedList::Members(id.clone()), false);
                    } else {
                        self.refuse(
                            Refusal::Unresolved,
                            &place,
                            format!("no list names the group `{}`", printable(id)),
                        );
                    }
                }
                _ => {}
            }
        }
    }

    /// Rules restate roles: without the roles of an endpoint its administrators would be missing.
    fn require_roles(&mut self) {
        let ruled: BTreeSet<&String> = self
            .observed
            .lists
            .keys()
            .filter_map(|list| match list {
                ObservedList::Rules(endpoint) => Some(endpoint),
                _ => None,
            })
            .collect();
        let without: Vec<String> = ruled
            .into_iter()
            .filter(|endpoint| !self.observed.lists.contains_key(&ObservedList::Roles((*endpoint).clone())))
            .cloned()
            .collect();
        for endpoint in without {
            let message = format!("the rules of the endpoint `{}` come without its roles", printable(&endpoint));
            if self.options.approximate {
                self.observed.notes.push(message);
            } else {
                self.refuse(Refusal::ShowsLess, &Place::default(), message);
            }
        }
    }
}

/// Why a document is no list, in words.
fn not_a_list(value: &Value) -> &'static str {
    let has = |key: &str| value.get(key).is_some();
    if value.get("code").is_some() && !has("data") && !has("DATA") {
        return "it is the answer to a command, or an error";
    }
    if ["add", "remove", "errors"].iter().any(|key| has(key)) {
        return "it is the answer to a change of members";
    }
    match value.get("DATA_TYPE").and_then(Value::as_str) {
        Some(kind) if kind == "role" || kind == "access" || kind.starts_with("role#") => "it is a single row",
        _ => "it is no list of Globus",
    }
}
