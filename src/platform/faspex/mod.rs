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
use super::rows::{id, text};
use crate::model::escape::printable;
use crate::model::platform_id::Instance;
use crate::model::{Kind, Role, Time};
use shape::{Listed, Shape};

/// Reads the documents of an installation.
///
/// # Errors
/// Every refusal, each with its place.
pub fn read(instance: Instance, documents: &[Document], options: &DumpOptions) -> Result<Observed, Vec<Refused>> {
    let mut reader = Reader {
        observed: Observed::nothing(instance),
        options,
        refused: Vec::new(),
        levels: HashMap::new(),
        has_saml_accounts: false,
    };
    let shaped: Vec<(Shape, &Document)> = documents.iter().map(|document| (Shape::of(document), document)).collect();
    let of = |wanted: &'static [Shape]| shaped.iter().filter(|(shape, _)| wanted.contains(shape)).copied();
    for (_, document) in of(&[Shape::Other]) {
        reader.refuse(Refusal::NotAList, &document.place, "it is no list of Faspex 5");
    }
    for (_, document) in of(&[Shape::Refused]) {
        reader.refused_call(document);
    }
    for (_, document) in of(&[Shape::Configuration]) {
        reader.configuration(document);
    }
    for (_, document) in of(&[Shape::List(Listed::Accounts)]) {
        reader.accounts(document);
    }
    for (shape, document) in of(&[Shape::List(Listed::Workgroups), Shape::List(Listed::Inboxes)]) {
        reader.places(document, if shape == Shape::List(Listed::Inboxes) { Kind::Dropbox } else { Kind::Workgroup });
    }
    for (_, document) in of(&[Shape::List(Listed::Groups)]) {
        reader.groups(document);
    }
    for (_, document) in of(&[Shape::List(Listed::Members)]) {
        reader.members(document);
    }
    for (_, document) in of(&[Shape::List(Listed::GroupsOfPlace)]) {
        reader.groups_of_place(document);
    }
    reader.finish()
}

struct Reader<'o> {
    observed: Observed,
    options: &'o DumpOptions,
    refused: Vec<Refused>,
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
    fn refuse(&mut self, refusal: Refusal, place: &Place, message: impl Into<String>) {
        self.refused.push(Refused::new(refusal, place.clone(), message));
    }

    /// Refuses a value that is not one of those that are known.
    fn unknown(&mut self, place: &Place, row: &Value, key: &str, what: &str) {
        let value = row.get(key).unwrap_or(&Value::Null);
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.refuse(Refusal::UnknownValue, &place.at(key), format!("unknown {what} `{}`", printable(&shown)));
    }

    /// A list whose call was refused is incomplete.
    fn refused_call(&mut self, document: &Document) {
        let Origin::Tape(call, _) = &document.origin else {
            return self.refuse(Refusal::NotAList, &document.place, "it is empty");
        };
        let parts: Vec<&str> = call.path.split('/').filter(|part| !part.is_empty()).collect();
        let list = match parts.as_slice() {
            ["accounts"] => ObservedList::Accounts,
            ["saml_groups"] => ObservedList::Groups,
            ["saml_groups", id, "members"] => ObservedList::Members((*id).to_owned()),
            [place, rest @ ..] => match (kind_of(place), rest) {
                (Some(kind), []) => ObservedList::Places(kind),
                (Some(kind), [id, "members"]) => ObservedList::PlaceMembers((kind, (*id).to_owned())),
                (Some(kind), [id, "saml_groups"]) => ObservedList::PlaceGroups((kind, (*id).to_owned())),
                _ => return,
            },
            [] => return,
        };
        self.observed.add_list(list, false);
    }

    /// The rows of a list. `shows_all` says whether a file of this kind that is one array is whole by itself: the command
    /// reads every page of some lists, and fails if one fails.
    fn rows<'d>(&mut self, document: &'d Document, listed: Listed, shows_all: bool) -> Rows<'d> {
        if let Some(array) = document.value.as_array() {
            let rows = array.iter().enumerate().map(|(index, row)| (row, document.place.at(index))).collect();
            if !shows_all && let Err(refused) = document.require_whole(array.len(), self.options) {
                self.refused.push(refused);
            }
            return Rows { rows, whole: true };
        }
        let rows = super::rows::rows(document, listed.key());
        let total = document.value.get("total_count").and_then(Value::as_u64);
        let is_all = total == Some(rows.len() as u64);
        let whole = match &document.origin {
            Origin::Tape(_, whole) => *whole && is_all,
            Origin::File => {
                match total {
                    Some(total) if !is_all => {
                        let message = format!("the list has {} rows, and says {total}", rows.len());
                        self.refuse(Refusal::Truncated, &document.place.at("total_count"), message);
                    }
                    Some(_) => {}
                    None => {
                        if let Err(refused) = document.require_whole(rows.len(), self.options) {
                            self.refused.push(refused);
                        }
                    }
                }
                true
            }
        };
        Rows { rows, whole }
    }

    /// The workgroup or the shared inbox that a list of members belongs to.
    fn place_of(&self, document: &Document) -> Option<PlaceKey> {
        if let Origin::Tape(call, _) = &document.origin {
            let mut parts = call.path.split('/').filter(|part| !part.is_empty());
            return Some((kind_of(parts.next()?)?, parts.next()?.to_owned()));
        }
        let told = self.options.of.iter().find(|(file, _)| *file == document.place.file).map(|(_, id)| id.as_str());
        match told {
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

    /// A time, of which there are forms with and without milliseconds and zones.
    fn time(&mut self, row: &Value, key: &str, place: &Place) -> Option<Time> {
        let written = text(row, key).filter(|text| !text.is_empty())?;
        match Time::parse(written) {
            Ok(time) => Some(time),
            Err(_) => {
                self.unknown(place, row, key, "time");
                None
            }
        }
    }

    /// What shows only when every document was read.
    fn finish(mut self) -> Result<Observed, Vec<Refused>> {
        let are_told = self.observed.lists.contains_key(&ObservedList::Accounts);
        if !are_told && !self.observed.places.is_empty() {
            let message = "the workgroups and shared inboxes come without the accounts";
            match self.options.approximate {
                true => self.observed.notes.push(format!("{message}: the members have no roles and no settings")),
                false => self.refuse(Refusal::ShowsLess, &Place::default(), message),
            }
        }
        if self.has_saml_accounts {
            self.observed.notes.push(
                "accounts of SAML can have more than their own settings: each setting is the most generous of their groups"
                    .to_owned(),
            );
        }
        if self.refused.is_empty() { Ok(self.observed) } else { Err(self.refused) }
    }
}

/// The kind of a place by the word for it in the interface.
fn kind_of(word: &str) -> Option<Kind> {
    match word {
        "workgroups" | "workgroup" => Some(Kind::Workgroup),
        "shared_inboxes" | "shared_inbox" => Some(Kind::Dropbox),
        _ => None,
    }
}

/// The place that the name of a file says: `workgroups_7_members.json`.
fn place_in(name: &str) -> Option<PlaceKey> {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    ["workgroups", "workgroup", "shared_inboxes", "shared_inbox"].into_iter().find_map(|word| {
        let (_, rest) = file.split_once(word)?;
        let id: String = rest.trim_start_matches(['_', '-', '.']).chars().take_while(char::is_ascii_digit).collect();
        (!id.is_empty()).then(|| (kind_of(word).unwrap_or(Kind::Workgroup), id))
    })
}

/// The id of a row, or a refusal.
fn required_id(reader: &mut Reader<'_>, row: &Value, key: &str, place: &Place) -> Option<String> {
    let found = id(row, key);
    if found.is_none() {
        reader.refuse(Refusal::NotAList, place, format!("the row has no `{key}`"));
    }
    found
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
