//! Dumps as documents: each file that is one, and each list of a tape with its pages put together. A document says how it
//! was had, since that decides what it proves.

use std::collections::BTreeMap;

use serde_json::Value;

use super::calls::Request;
use super::refusal::{Place, Refusal, Refused};
use super::tape::Tape;

/// What is known about dumps besides their contents.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DumpOptions {
    /// Whether lists that prove nothing about themselves are whole.
    pub complete: bool,
    /// The number of rows of a file, read off the product's own page; without a name where there is one file.
    pub counts: Vec<(Option<String>, u64)>,
    /// The id of what the lists of a file belong to.
    pub of: Vec<(String, String)>,
    /// Whether principals that nobody can name become accounts.
    pub keep_unresolved: bool,
    /// Whether what has no exact place here is taken as what gives more.
    pub approximate: bool,
}

/// How a document was had.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// From a tape: the call without the parameters of its pages, and whether every page is there.
    Tape(Request, bool),
    /// From a file that nothing is known about.
    File,
}

/// A document of a dump.
#[derive(Clone, PartialEq, Debug)]
pub struct Document {
    /// Where it stands.
    pub place: Place,
    /// How it was had.
    pub origin: Origin,
    /// Its contents; null for a call that was refused.
    pub value: Value,
}

/// The parameters that only say which page is asked for.
const PAGING: [&str; 6] = ["offset", "limit", "page", "per_page", "marker", "page_size"];

impl Document {
    /// A file that is one document.
    pub fn of_file(name: &str, value: Value) -> Document {
        Document { place: Place::of_file(name), origin: Origin::File, value }
    }

    /// The documents of a tape: one for each list, with the rows of all its pages.
    pub fn of_tape(name: &str, tape: &Tape) -> Vec<Document> {
        let mut found: Vec<Document> = Vec::new();
        let mut known: BTreeMap<Request, usize> = BTreeMap::new();
        for (index, call) in tape.calls.iter().enumerate() {
            let mut list = call.request.clone();
            list.query.retain(|(name, _)| !PAGING.contains(&name.as_str()));
            let is_whole = call.answer.is_success() && tape.digest.is_some();
            match known.get(&list).and_then(|index| found.get_mut(*index)) {
                Some(first) => first.add_page(&call.answer.body, is_whole),
                None => {
                    // The first line of a tape is its header.
                    let place = Place { line: Some(index + 2), ..Place::of_file(name) };
                    let origin = Origin::Tape(list.clone(), is_whole);
                    let value = if call.answer.is_success() { call.answer.body.clone() } else { Value::Null };
                    known.insert(list, found.len());
                    found.push(Document { place, origin, value });
                }
            }
        }
        found
    }

    /// Adds the rows of another page, which are its arrays. The marks of the last page are those of the list.
    fn add_page(&mut self, page: &Value, is_whole: bool) {
        if let Origin::Tape(_, whole) = &mut self.origin {
            *whole &= is_whole;
        }
        match (&mut self.value, page) {
            (Value::Array(rows), Value::Array(more)) => rows.extend(more.iter().cloned()),
            (Value::Object(list), Value::Object(page)) => {
                for (name, value) in page {
                    match (list.get_mut(name), value) {
                        (Some(Value::Array(rows)), Value::Array(more)) => rows.extend(more.iter().cloned()),
                        _ => drop(list.insert(name.clone(), value.clone())),
                    }
                }
            }
            _ => {}
        }
    }

    /// The id that the options give for what the document belongs to.
    pub fn told_owner<'o>(&self, options: &'o DumpOptions) -> Option<&'o str> {
        options.of.iter().find(|(file, _)| *file == self.place.file).map(|(_, id)| id.as_str())
    }

    /// The id that the options or the name of the file give for what the document belongs to.
    pub fn owner(&self, options: &DumpOptions) -> Option<String> {
        self.told_owner(options).map(str::to_owned).or_else(|| uuid_in(&self.place.file))
    }

    /// The call of a tape that the document answers; `None` for a file.
    pub const fn call(&self) -> Option<&Request> {
        match &self.origin {
            Origin::Tape(call, _) => Some(call),
            Origin::File => None,
        }
    }

    /// Whether a list that proves nothing about itself counts as whole.
    ///
    /// # Errors
    /// A refusal, if nothing says that it is whole, or if its length is that of a page or none and the options do not give
    /// it.
    pub fn require_whole(&self, rows: usize, options: &DumpOptions) -> Result<(), Refused> {
        const PAGES: [usize; 6] = [20, 25, 50, 100, 500, 1000];
        let refuse = |what: String| Err(Refused::new(Refusal::Unproven, self.place.clone(), what));
        let count = options.counts.iter().find(|(file, _)| file.as_ref().is_none_or(|file| *file == self.place.file));
        if let Some((_, count)) = count {
            return match *count == rows as u64 {
                true => Ok(()),
                false => Err(Refused::new(
                    Refusal::Truncated,
                    self.place.clone(),
                    format!("the list has {rows} rows, and not {count}"),
                )),
            };
        }
        if !options.complete {
            return refuse("nothing says that the list is whole".to_owned());
        }
        if rows == 0 || PAGES.contains(&rows) {
            return refuse(format!("the list has {rows} rows, as one that was cut has"));
        }
        Ok(())
    }
}

/// The only UUID in a text.
fn uuid_in(text: &str) -> Option<String> {
    let is_part = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b'-';
    let words = text.as_bytes().split(|byte| !is_part(byte)).filter_map(|word| std::str::from_utf8(word).ok());
    let mut uuids = words.map(|word| word.trim_matches('-')).filter(|word| is_uuid(word));
    let first = uuids.next()?;
    uuids.next().is_none().then(|| first.to_ascii_lowercase())
}

pub(super) use crate::model::platform_id::is_uuid;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_in_the_name_of_a_file_is_taken_if_it_is_the_only_one() {
        let id = "b379e973-f5c5-4501-8377-5a0ecf37a99b";
        for name in
            [format!("dumps/{id}.json"), format!("roles_{}.json", id.to_uppercase()), format!("{id}/roles.json")]
        {
            assert_eq!(uuid_in(&name).as_deref(), Some(id), "{name}");
        }
        assert_eq!(uuid_in("roles.json"), None);
        assert_eq!(uuid_in(&format!("{id}_{}", id.replace('b', "c"))), None);
    }
}
