//! Warnings about names that look alike (docs/model.md#names); such names are accepted.
//!
//! Two names look alike if they have the same skeleton by Unicode Technical Standard 39. The skeletons of all names
//! take reading all names, so a change computes them at most once per kind and parent, and only when it adds a name
//! beyond ASCII. A name in ASCII is looked up under the spellings that it could be mistaken for.

mod skeleton;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::ControlFlow;

use unicode_security::MixedScript;

pub use skeleton::skeleton;

use super::Result;
use crate::model::escape::escape_hidden;
use crate::model::{Id, Kind, Name, Resource};
use crate::policy::Facts;

/// The maximum number of lookups for names in ASCII in one change. A change that needs more is made by a program,
/// and a lookup for each name would slow it down.
const MAX_LOOKUPS: u32 = 1_000;

/// Letters and digits of ASCII that readers mistake for each other.
const ALIKE: [(&str, &str); 6] = [("1", "l"), ("l", "1"), ("0", "o"), ("o", "0"), ("rn", "m"), ("m", "rn")];

/// The existing names of a kind under one parent, as an actor sees them.
pub(super) struct Siblings<'s> {
    pub(super) facts: &'s dyn Facts,
    pub(super) kind: Kind,
    pub(super) parent: Option<Id>,
    /// Whether the actor may see a resource.
    pub(super) sees: &'s dyn Fn(&Resource) -> Result<bool>,
}

/// The existing names, as far as one change has compared them.
#[derive(Default)]
pub(super) struct Lookalikes {
    /// The keys of all names of a kind under one parent, by skeleton.
    known: HashMap<(Kind, Option<Id>), HashMap<String, Vec<String>>>,
    /// The number of lookups for names in ASCII.
    looked_up: u32,
}

impl Lookalikes {
    /// The warning for a name that is about to be given, if there is one.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub(super) fn warning(&mut self, siblings: &Siblings<'_>, name: &Name) -> Result<Option<String>> {
        let (shown, of) = (name.as_written(), (siblings.kind, siblings.parent));
        if shown.is_ascii() && !self.known.contains_key(&of) {
            return self.in_ascii(siblings, name);
        }
        let existing = match self.known.entry(of) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(vacant) => vacant.insert(siblings.skeletons()?),
        };
        let keys = existing.entry(full_skeleton(shown)).or_default();
        for key in keys.iter() {
            if let Some(warning) = siblings.warning(name, key)? {
                return Ok(Some(warning));
            }
        }
        keys.push(name.key().to_owned());
        Ok((!shown.is_single_script()).then(|| format!("`{}` mixes letters of several scripts", escape_hidden(shown))))
    }

    fn in_ascii(&mut self, siblings: &Siblings<'_>, name: &Name) -> Result<Option<String>> {
        for (from, to) in ALIKE {
            if self.looked_up < MAX_LOOKUPS && name.key().contains(from) {
                self.looked_up += 1;
                if let Some(warning) = siblings.warning(name, &name.key().replace(from, to))? {
                    return Ok(Some(warning));
                }
            }
        }
        Ok(None)
    }
}

impl Siblings<'_> {
    /// The keys of all names, by skeleton.
    fn skeletons(&self) -> Result<HashMap<String, Vec<String>>> {
        let mut found: HashMap<String, Vec<String>> = HashMap::new();
        self.facts.resources(self.kind, self.parent, &mut |resource| {
            if resource.parent == self.parent {
                found.entry(full_skeleton(&resource.name)).or_default().push(resource.key.clone());
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// The warning that a name looks like the resource with a key, if that resource exists and the actor may see it.
    fn warning(&self, name: &Name, key: &str) -> Result<Option<String>> {
        if key == name.key() {
            return Ok(None);
        }
        match self.facts.named(self.kind, self.parent, key)? {
            Some(other) if (self.sees)(&other)? => Ok(Some(format!(
                "`{}` looks like the {} `{}`",
                escape_hidden(name.as_written()),
                self.kind.noun(),
                escape_hidden(&other.name)
            ))),
            _ => Ok(None),
        }
    }
}

/// The skeleton of a name, without case. It is taken twice: the first pass turns digits into letters, and the lower
/// case of a capital can have another skeleton.
fn full_skeleton(name: &str) -> String {
    skeleton(&skeleton(name).to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_have_one_skeleton() {
        for (a, b) in [
            ("alice", "\u{430}lice"),
            ("paypal", "p\u{430}yp\u{430}1"),
            ("B0B", "bob"),
            ("modern", "modem"),
            ("Ian", "lan"),
        ] {
            assert_eq!(full_skeleton(a), full_skeleton(b), "{a} {b}");
        }
        assert_ne!(full_skeleton("alice"), full_skeleton("alise"));
    }
}
