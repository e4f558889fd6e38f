//! The rows of a snapshot: of fixed size, with ids as `u32`; repeated values are stored once.

use super::id_index::ABSENT;
use crate::model::attributes::BindingAttributes;
use crate::model::{Binding, Id, Kind, Permissions, Role, SetNames, Time};

/// A resource: 32 bytes, plus its names.
#[derive(Clone, Copy, Debug)]
pub(super) struct ResourceRow {
    pub(super) id: u32,
    /// The position of the parent; [`ABSENT`] for none.
    pub(super) parent: u32,
    pub(super) since: u32,
    /// The index in [`NamePool`] at which its texts begin.
    pub(super) names: u32,
    /// The position of its attributes among the distinct ones. [`ABSENT`] for a resource without a row in the store
    /// that still holds roles or has them held on it: the server before it is configured, `anyone`.
    pub(super) attributes: u32,
    /// The position of the first binding on it.
    pub(super) bindings_start: u32,
    /// The position of the first binding of it.
    pub(super) held_start: u32,
    pub(super) kind: Option<Kind>,
}

impl ResourceRow {
    /// A row for an id that has no row in the store.
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

/// A binding: 32 bytes. Its position in the array determines its resource.
#[derive(Clone, Copy, Debug)]
pub(super) struct BindingRow {
    pub(super) id: u32,
    pub(super) principal: u32,
    /// 0 for the operator.
    pub(super) grantor: u32,
    pub(super) since: u32,
    /// The expiry in milliseconds, in two halves so that rows need no padding; [`NEVER`] for none.
    pub(super) expires: [u32; 2],
    /// The position of its attributes among the distinct ones.
    pub(super) attributes: u32,
    pub(super) role: Role,
}

/// A binding in the order by principal: 12 bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeldBinding {
    /// The position of the binding.
    pub(super) position: u32,
    /// The id of the resource.
    pub(super) resource: u32,
    pub(super) role: Role,
    pub(super) permissions: Permissions,
    /// Whether the binding is always in effect: it neither expires nor is inactive.
    pub(super) always: bool,
}

/// The values that bindings share, stored once: their attributes and the sets that declare them.
pub(super) type SharedAttributes = (BindingAttributes, SetNames);

/// The expiry of a binding that does not expire.
pub(super) const NEVER: [u32; 2] = [u32::MAX; 2];

/// An expiry in two halves.
pub(super) fn split_expiry(expires: Option<i64>) -> [u32; 2] {
    expires.map_or(NEVER, |time| {
        let [a, b, c, d, e, f, g, h] = time.to_le_bytes();
        [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])]
    })
}

impl BindingRow {
    /// The sort key of the rows on one resource.
    pub(super) const fn rank(&self) -> (Role, u32, u32, u32) {
        (self.role, self.principal, self.since, self.id)
    }

    /// The binding as a value of the model.
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
            attributes: attributes.clone(),
            sets: sets.clone(),
            since: u64::from(self.since),
        }
    }
}

/// An id as a value of the model.
pub(super) fn to_id(id: u32) -> Id {
    Id(u64::from(id))
}

/// The texts of all resources, one after the other: five lengths, then the name, the key if it differs, the alias if
/// there is one, the attributes if the rules read only a part of them, and the sets if there are any.
#[derive(Debug, Default)]
pub(super) struct NamePool(Vec<u8>);

/// The texts of one resource.
#[derive(Clone, Copy, Default)]
pub(super) struct NameTexts<'n> {
    pub(super) name: &'n str,
    pub(super) key: &'n str,
    pub(super) alias: Option<&'n str>,
    /// The full attributes, as in the store.
    pub(super) attributes: Option<&'n str>,
    /// The sets that declare the resource.
    pub(super) sets: Option<&'n str>,
}

/// The length of a text that is absent, and of a key that equals its name.
const OMITTED: u32 = u32::MAX;

impl NamePool {
    /// Adds the texts of a resource; returns the index at which they begin, or `None` if the pool is full.
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

    /// The texts that begin at an index.
    pub(super) fn get(&self, start: u32) -> NameTexts<'_> {
        let mut rest = self.0.get(start as usize..).unwrap_or_default();
        let lengths: [u32; 5] = std::array::from_fn(|_| take_length(&mut rest));
        let [name, key, alias, attributes, sets] = lengths.map(|length| {
            if length == OMITTED {
                return None;
            }
            let (part, after) = rest.split_at_checked(length as usize).unwrap_or_default();
            rest = after;
            // The bytes were added as a text, so they are valid.
            Some(std::str::from_utf8(part).unwrap_or_default())
        });
        let name = name.unwrap_or_default();
        NameTexts { name, key: key.unwrap_or(name), alias, attributes, sets }
    }

    /// Whether the texts that begin at an index have a key.
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

/// Writes a length: below 254 in one byte, [`OMITTED`] as the byte 254, and others as the byte 255 and four more.
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
            // -1 means no expiry; no expiry is before 1970.
            let expected = time.filter(|time| *time != -1);
            assert_eq!(row.binding(2, &SharedAttributes::default()).expires, expected.map(Time));
        }
    }

    #[test]
    fn rows_have_the_documented_sizes() {
        assert_eq!((size_of::<ResourceRow>(), size_of::<BindingRow>(), size_of::<HeldBinding>()), (32, 32, 12));
    }
}
