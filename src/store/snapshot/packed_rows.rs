//! The rows of a snapshot: fixed sizes, ids as `u32`, everything that repeats kept once.

use super::id_index::ABSENT;
use crate::model::attributes::BindingAttributes;
use crate::model::{Binding, Id, Kind, Permissions, Role, SetNames, Time};

/// A resource: 32 bytes and its names.
#[derive(Clone, Copy, Debug)]
pub(super) struct ResourceRow {
    pub(super) id: u32,
    /// The place of what it lies in; [`ABSENT`] for none.
    pub(super) parent: u32,
    pub(super) since: u32,
    /// Where its names begin in [`NamePool`].
    pub(super) names: u32,
    /// Its place among the distinct attributes; [`ABSENT`] for what has no row in the store, and
    /// still holds roles or has them held on it: the server before it is configured, `anyone`.
    pub(super) attributes: u32,
    /// Where the bindings on it begin.
    pub(super) bindings_start: u32,
    /// Where the bindings of it begin.
    pub(super) held_start: u32,
    pub(super) kind: Option<Kind>,
}

impl ResourceRow {
    /// A row for an id that has none.
    pub(super) const fn placeholder(id: u32) -> ResourceRow {
        ResourceRow {
            id,
            parent: ABSENT,
            since: 0,
            names: 0,
            attributes: ABSENT,
            bindings_start: 0,
            held_start: 0,
            kind: None,
        }
    }
}

/// A binding: 32 bytes. What it is on, its place says.
#[derive(Clone, Copy, Debug)]
pub(super) struct BindingRow {
    pub(super) id: u32,
    pub(super) principal: u32,
    /// 0 for the operator.
    pub(super) grantor: u32,
    pub(super) since: u32,
    /// Milliseconds, in two halves so that rows need no padding; [`NEVER`] where it does not expire.
    pub(super) expires: [u32; 2],
    /// Its place among the distinct attributes.
    pub(super) attributes: u32,
    pub(super) role: Role,
}

/// What a principal holds: 12 bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeldBinding {
    /// The place of the binding.
    pub(super) position: u32,
    /// What it is on.
    pub(super) resource: u32,
    pub(super) role: Role,
    pub(super) permissions: Permissions,
    /// Whether it gives at any time: it neither expires nor is it deactivated.
    pub(super) always: bool,
}

/// What bindings have in common, kept once: their attributes, and who declares them.
pub(super) type SharedAttributes = (BindingAttributes, SetNames);

/// The expiry of what does not expire.
pub(super) const NEVER: [u32; 2] = [u32::MAX; 2];

/// An expiry in two halves.
pub(super) fn split_expiry(expires: Option<i64>) -> [u32; 2] {
    expires.map_or(NEVER, |time| {
        let [a, b, c, d, e, f, g, h] = time.to_le_bytes();
        [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])]
    })
}

impl BindingRow {
    /// The order of rows on one resource, and among those of one principal that lie there.
    pub(super) const fn rank(&self) -> (Role, u32, u32, u32) {
        (self.role, self.principal, self.since, self.id)
    }

    /// The binding as the rules read it.
    pub(super) fn binding(&self, resource: u32, (attributes, sets): &SharedAttributes) -> Binding {
        let [low, high] = self.expires;
        let expires = (self.expires != NEVER).then(|| Time(i64::from(low) | (i64::from(high.cast_signed()) << 32)));
        Binding {
            id: to_id(self.id),
            resource: to_id(resource),
            principal: to_id(self.principal),
            role: self.role,
            grantor: (self.grantor != 0).then(|| to_id(self.grantor)),
            expires,
            attributes: *attributes,
            sets: sets.clone(),
            since: u64::from(self.since),
        }
    }
}

/// An id as the rules have it.
pub(super) fn to_id(id: u32) -> Id {
    Id(u64::from(id))
}

/// The texts of all resources, one after the other: five lengths, then the name, the key where it
/// differs, the alias where there is one, the attributes where the rules read only a part of them, the
/// sets where there are any.
#[derive(Debug, Default)]
pub(super) struct NamePool(Vec<u8>);

/// The texts of one resource.
#[derive(Clone, Copy, Default)]
pub(super) struct NameTexts<'n> {
    pub(super) name: &'n str,
    pub(super) key: &'n str,
    pub(super) alias: Option<&'n str>,
    /// The attributes, whole, as the store has them.
    pub(super) attributes: Option<&'n str>,
    /// The manifests that declare it.
    pub(super) sets: Option<&'n str>,
}

/// The length of what is not there, or is the same as before it.
const OMITTED: u32 = u32::MAX;

impl NamePool {
    /// Adds the texts of a resource. Answers where they begin; none when there is no room left.
    pub(super) fn add(&mut self, texts: NameTexts<'_>) -> Option<u32> {
        let start = u32::try_from(self.0.len()).ok()?;
        let key = (texts.key != texts.name).then_some(texts.key);
        let parts = [Some(texts.name), key, texts.alias, texts.attributes, texts.sets];
        for part in parts {
            let length = match part {
                Some(part) => u32::try_from(part.len()).ok()?,
                None => OMITTED,
            };
            put_length(&mut self.0, length);
        }
        for part in parts.into_iter().flatten() {
            self.0.extend_from_slice(part.as_bytes());
        }
        Some(start)
    }

    /// The texts that begin at a place.
    pub(super) fn get(&self, start: u32) -> NameTexts<'_> {
        let mut rest = self.0.get(start as usize..).unwrap_or_default();
        let lengths: [u32; 5] = std::array::from_fn(|_| take_length(&mut rest));
        let [name, key, alias, attributes, sets] = lengths.map(|length| {
            if length == OMITTED {
                return None;
            }
            let (part, after) = rest.split_at_checked(length as usize).unwrap_or_default();
            rest = after;
            // It was a text when it was added.
            Some(std::str::from_utf8(part).unwrap_or_default())
        });
        let name = name.unwrap_or_default();
        NameTexts { name, key: key.unwrap_or(name), alias, attributes, sets }
    }

    /// Whether the texts that begin at a place have that key.
    pub(super) fn has_key(&self, start: u32, key: &str) -> bool {
        let mut rest = self.0.get(start as usize..).unwrap_or_default();
        let lengths: [u32; 5] = std::array::from_fn(|_| take_length(&mut rest));
        let [name, own, ..] = lengths;
        let (first, length) = if own == OMITTED { (0, name) } else { (name, own) };
        length as usize == key.len() && rest.get(first as usize..).is_some_and(|rest| rest.starts_with(key.as_bytes()))
    }

    pub(super) fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    pub(super) const fn bytes(&self) -> usize {
        self.0.capacity()
    }
}

/// A length in one byte, or where it is 254 and more, or left out, in five.
fn put_length(bytes: &mut Vec<u8>, length: u32) {
    match u8::try_from(length) {
        Ok(short) if short < 254 => bytes.push(short),
        _ if length == OMITTED => bytes.push(254),
        _ => {
            bytes.push(255);
            bytes.extend_from_slice(&length.to_le_bytes());
        }
    }
}

fn take_length(bytes: &mut &[u8]) -> u32 {
    match bytes.split_first() {
        Some((254, rest)) => {
            *bytes = rest;
            OMITTED
        }
        Some((255, rest)) => match rest.split_first_chunk() {
            Some((length, rest)) => {
                *bytes = rest;
                u32::from_le_bytes(*length)
            }
            None => 0,
        },
        Some((short, rest)) => {
            *bytes = rest;
            u32::from(*short)
        }
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_as_they_were() {
        let long = "x".repeat(100_000);
        let texts = [
            NameTexts { name: "Bob", key: "bob", alias: Some("bob@example.com"), attributes: None, sets: None },
            NameTexts { name: "bob", key: "bob", alias: None, attributes: Some("{}"), sets: Some("studio") },
            NameTexts { name: "", key: "12", alias: Some(""), attributes: Some(&long), sets: Some("") },
            NameTexts { name: &long, key: &long, alias: None, attributes: None, sets: None },
        ];
        let mut names = NamePool::default();
        let positions: Vec<u32> = texts.iter().map(|it| names.add(*it).unwrap()).collect();
        for (position, was) in positions.into_iter().zip(texts) {
            let is = names.get(position);
            assert_eq!((is.name, is.key, is.alias), (was.name, was.key, was.alias));
            assert_eq!((is.attributes, is.sets), (was.attributes, was.sets));
        }
    }

    #[test]
    fn times_come_back_as_they_were() {
        for time in [Some(0), Some(-1), Some(1_800_000_000_000), Some(i64::MIN), None] {
            let row = BindingRow {
                id: 1,
                principal: 3,
                grantor: 0,
                since: 4,
                expires: split_expiry(time),
                attributes: 0,
                role: Role::ItemShare,
            };
            // -1 would be the mark of what does not expire; no expiry lies before 1970.
            let expected = time.filter(|time| *time != -1);
            assert_eq!(row.binding(2, &SharedAttributes::default()).expires, expected.map(Time));
        }
    }

    #[test]
    fn rows_are_as_small_as_they_are_said_to_be() {
        assert_eq!((size_of::<ResourceRow>(), size_of::<BindingRow>(), size_of::<HeldBinding>()), (32, 32, 12));
    }
}
