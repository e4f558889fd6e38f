//! Reads dumps of Globus: endpoints and collections with their roles and rules, groups with their members, identities.
//!
//! Documents are read in the order in which they need each other. All mistakes are found before any is reported.

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
use super::refusals::Refusals;
use super::rows::text;
use crate::model::Role;
use crate::model::escape::printable;
use crate::model::platform_id::Instance;
use shape::{Shape, list_of_call};

pub(super) use roles::principal_of_urn;

/// Reads the documents of an installation.
///
/// # Errors
/// Every refusal, each with its place.
pub fn read(instance: Instance, documents: &[Document], options: &DumpOptions) -> Result<Observed, Vec<Refused>> {
    let mut reader = Reader {
        observed: Observed::nothing(instance),
        options,
        refused: Refusals::default(),
        unnamed: Vec::new(),
        roles: HashMap::new(),
    };
    let mut shaped: Vec<(Shape, &Document)> =
        documents.iter().map(|document| (Shape::of(document), document)).collect();
    shaped.sort_by_key(|(shape, _)| *shape);
    for (shape, document) in shaped {
        match shape {
            Shape::Other => {
                reader.refused.add(Refusal::NotAList, &document.place, not_a_list(&document.value));
            }
            // The list is incomplete.
            Shape::Refused => {
                if let Some(list) = document.call().and_then(list_of_call) {
                    reader.observed.add_list(list, false);
                }
            }
            // It holds nothing but the caller, whom the tape names.
            Shape::Caller => {}
            Shape::Endpoint => reader.endpoint(&document.value, &document.place),
            Shape::Search => reader.search(document),
            Shape::Identities => reader.identities(document),
            Shape::Groups | Shape::Group | Shape::Members => reader.groups(document, shape),
            Shape::Roles | Shape::GcsRoles | Shape::GcsRolesAlone => reader.roles(document, shape),
            Shape::Rules => reader.rules(document),
        }
    }
    reader.finish()
}

struct Reader<'o> {
    observed: Observed,
    options: &'o DumpOptions,
    refused: Refusals,
    /// The principals that were named by id alone, with the place of each.
    unnamed: Vec<(ObservedPrincipal, Place)>,
    /// The roles so far, by endpoint and id.
    roles: HashMap<(String, String), Role>,
}

impl Reader<'_> {
    /// Whether the list of a document is whole, and not a page of it.
    fn is_whole(&mut self, document: &Document) -> bool {
        let says_more = document.value.get("has_next_page") == Some(&Value::Bool(true));
        match &document.origin {
            Origin::Tape(_, whole) => *whole && !says_more,
            Origin::File if says_more => {
                self.refused.add(Refusal::Truncated, &document.place.at("has_next_page"), "there is another page");
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
                self.refused.unknown(place, row, "principal_type", "type of principal");
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
        self.refused.or(self.observed)
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
                        self.refused.add(
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
                        self.refused.add(
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
        let lists = &self.observed.lists;
        let without = lists.keys().filter_map(|list| match list {
            ObservedList::Rules(id) if !lists.contains_key(&ObservedList::Roles(id.clone())) => Some(id),
            _ => None,
        });
        let messages =
            without.map(|id| format!("the rules of the endpoint `{}` come without its roles", printable(id)));
        if self.options.approximate {
            self.observed.notes.extend(messages.collect::<Vec<_>>());
        } else {
            messages.for_each(|message| self.refused.add(Refusal::ShowsLess, &Place::default(), message));
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
