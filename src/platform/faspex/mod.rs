//! Reads dumps of Faspex 5: accounts with their settings, workgroups and shared inboxes with their members, the groups of
//! the directories, and the settings of the server.
//!
//! A list of the interface says how many rows there are (`total_count`). The command `ascli` strips that, so its arrays
//! prove nothing about themselves where it reads one page alone.

mod accounts;
mod places;
mod shape;

use std::collections::HashMap;

use serde_json::Value;

use super::dump::{Document, DumpOptions, Origin};
use super::observed::{Observed, ObservedList, ObservedPrincipal, PlaceKey};
use super::refusal::{Place, Refusal, Refused};
use super::refusals::Refusals;
use crate::model::Role;
use crate::model::platform_id::Instance;
use shape::{Shape, kind_of, list_of_call};

pub(super) use shape::Listed;

/// Reads the documents of an installation.
///
/// # Errors
/// Every refusal, each with its place.
pub fn read(instance: Instance, documents: &[Document], options: &DumpOptions) -> Result<Observed, Vec<Refused>> {
    let mut reader = Reader {
        observed: Observed::nothing(instance),
        options,
        refused: Refusals::default(),
        levels: HashMap::new(),
        has_saml_accounts: false,
    };
    let mut shaped: Vec<(Shape, &Document)> =
        documents.iter().map(|document| (Shape::of(document), document)).collect();
    shaped.sort_by_key(|(shape, _)| *shape);
    for (shape, document) in shaped {
        match shape {
            Shape::Other => reader.refused.add(Refusal::NotAList, &document.place, "it is no list of Faspex 5"),
            // The list is incomplete.
            Shape::Refused => {
                if let Some(list) = document.call().and_then(list_of_call) {
                    reader.observed.add_list(list, false);
                }
            }
            Shape::Configuration => reader.configuration(document),
            Shape::List(Listed::Accounts) => reader.accounts(document),
            Shape::List(listed @ (Listed::Workgroups | Listed::Inboxes)) => reader.places(document, listed),
            Shape::List(Listed::Groups) => reader.groups(document),
            Shape::List(Listed::Members) => reader.members(document),
            Shape::List(Listed::GroupsOfPlace) => reader.groups_of_place(document),
        }
    }
    reader.finish()
}

struct Reader<'o> {
    observed: Observed,
    options: &'o DumpOptions,
    refused: Refusals,
    /// The levels of the members so far.
    levels: HashMap<(PlaceKey, ObservedPrincipal), Role>,
    has_saml_accounts: bool,
}

/// The rows of a list with their places, and whether the list is whole.
struct Rows<'d> {
    rows: Vec<(&'d Value, Place)>,
    whole: bool,
}

impl Reader<'_> {
    /// The rows of a list.
    fn rows<'d>(&mut self, document: &'d Document, listed: Listed) -> Rows<'d> {
        let rows = super::rows::rows(document, listed.key());
        let total = document.value.get("total_count").and_then(Value::as_u64);
        let is_all = total == Some(rows.len() as u64);
        let whole = match (&document.origin, total) {
            (Origin::Tape(_, whole), _) => *whole && is_all,
            (Origin::File, Some(total)) if !is_all => {
                let message = format!("the list has {} rows, and says {total}", rows.len());
                self.refused.add(Refusal::Truncated, &document.place.at("total_count"), message);
                false
            }
            (Origin::File, total) => {
                if !listed.proves_itself(document.value.is_array(), total.is_some()) {
                    self.refused.check(document.require_whole(rows.len(), self.options));
                }
                true
            }
        };
        Rows { rows, whole }
    }

    /// The workgroup or the shared inbox that a list of members belongs to.
    fn place_of(&self, document: &Document) -> Option<PlaceKey> {
        if let Some(call) = document.call() {
            return match list_of_call(call)? {
                ObservedList::PlaceMembers(place) | ObservedList::PlaceGroups(place) => Some(place),
                _ => None,
            };
        }
        match document.told_owner(self.options) {
            Some(id) => self.place_named(id),
            None => place_in(&document.place.file),
        }
    }

    /// A place as the user names it: `workgroups/7`, or its id alone if one place has it.
    fn place_named(&self, text: &str) -> Option<PlaceKey> {
        if let Some((kind, id)) = text.split_once('/') {
            return Some((kind_of(kind)?, id.to_owned()));
        }
        let mut known = self.observed.places.keys().filter(|(_, id)| id == text);
        let first = known.next()?;
        known.next().is_none().then(|| first.clone())
    }

    /// What shows only when every document was read.
    fn finish(mut self) -> Result<Observed, Vec<Refused>> {
        let are_told = self.observed.lists.contains_key(&ObservedList::Accounts);
        if !are_told && !self.observed.places.is_empty() {
            let message = "the workgroups and shared inboxes come without the accounts";
            match self.options.approximate {
                true => self.observed.notes.push(format!("{message}: the members have no roles and no settings")),
                false => self.refused.add(Refusal::ShowsLess, &Place::default(), message),
            }
        }
        if self.has_saml_accounts {
            self.observed.notes.push(
                "accounts of SAML can have more than their own settings: each setting is the most generous of their groups"
                    .to_owned(),
            );
        }
        self.refused.or(self.observed)
    }
}

/// The place that the name of a file says: `workgroups_7_members.json`.
fn place_in(name: &str) -> Option<PlaceKey> {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    ["workgroups", "workgroup", "shared_inboxes", "shared_inbox"].into_iter().find_map(|word| {
        let (_, rest) = file.split_once(word)?;
        let id: String = rest.trim_start_matches(['_', '-', '.']).chars().take_while(char::is_ascii_digit).collect();
        Some((kind_of(word)?, id)).filter(|(_, id)| !id.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::place_in;
    use crate::model::Kind;

    #[test]
    fn the_name_of_a_file_says_whose_members_it_has() {
        let key = |kind, id: &str| Some((kind, id.to_owned()));
        assert_eq!(place_in("dumps/workgroups_7_members.json"), key(Kind::Workgroup, "7"));
        assert_eq!(place_in("shared_inbox-21.json"), key(Kind::Dropbox, "21"));
        assert_eq!(place_in("workgroups/members.json"), None);
        assert_eq!(place_in("members.json"), None);
    }
}
