//! A fast path for common rows: parses them into declarations without a tree in between.
//!
//! The fast path accepts only plain rows: text without escapes, the keys below, no mistakes. For any other row
//! [`parse_fast`] returns `None`, and the caller takes the slow path, which knows every key and reports every mistake.
//! A property test checks that both paths give the same declarations.

use serde::{Deserialize, Deserializer};

use super::super::statement::{
    Declaration, DeclaredAccount, DeclaredEndpointRole, DeclaredItem, DeclaredMember, DeclaredShare, Ensure,
};
use super::super::text_format;
use crate::model::attributes::ItemType;
use crate::model::{Kind, Name, Permissions, Reference, Role};
use crate::ops::account::{self, parse_role};
use crate::ops::external_id::ExternalIdChanges;

/// A plain row, by its tag.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Plain<'t> {
    #[serde(borrow)]
    Account(PlainAccount<'t>),
    Member(PlainMember<'t>),
    Role(PlainRole<'t>),
    Content(PlainContent<'t>),
    Share(PlainShare<'t>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PlainAccount<'t> {
    name: &'t str,
    #[serde(borrow, default, deserialize_with = "given")]
    role: Option<&'t str>,
    #[serde(borrow, default, deserialize_with = "given")]
    email: Option<&'t str>,
    #[serde(borrow, default, deserialize_with = "given")]
    display_name: Option<&'t str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainMember<'t> {
    of: &'t str,
    #[serde(borrow, default, deserialize_with = "given")]
    user: Option<&'t str>,
    #[serde(borrow, default, deserialize_with = "given")]
    group: Option<&'t str>,
    #[serde(borrow, default, deserialize_with = "given")]
    level: Option<&'t str>,
    #[serde(default, deserialize_with = "given")]
    active: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainRole<'t> {
    endpoint: &'t str,
    role: &'t str,
    principal: &'t str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainContent<'t> {
    item: &'t str,
    #[serde(borrow, default, deserialize_with = "given", rename = "type")]
    item_type: Option<&'t str>,
    #[serde(default, deserialize_with = "given")]
    size: Option<u64>,
    #[serde(borrow, default, deserialize_with = "given")]
    owner: Option<&'t str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainShare<'t> {
    item: &'t str,
    principal: &'t str,
    permission: &'t str,
    #[serde(borrow, default, deserialize_with = "given")]
    by: Option<&'t str>,
}

/// The value of a key that is present. Refuses `null`, which is not the same as a missing key.
fn given<'t, D: Deserializer<'t>, T: Deserialize<'t>>(reader: D) -> Result<Option<T>, D::Error> {
    T::deserialize(reader).map(Some)
}

/// The declaration of a row; `None` if the row is not plain.
pub(super) fn parse_fast(text: &str) -> Option<Declaration> {
    // Serde accepts a list for a struct, with the values in the order of the fields.
    if text.contains('[') {
        return None;
    }
    match serde_json::from_str(text).ok()? {
        Plain::Account(row) => row.declaration(),
        Plain::Member(row) => row.declaration(),
        Plain::Role(row) => row.declaration(),
        Plain::Content(row) => row.declaration(),
        Plain::Share(row) => row.declaration(),
    }
}

/// The name of an optional account: `Some(None)` if there is no text, `None` if the text is not a name.
#[expect(clippy::option_option, reason = "an invalid name differs from a missing one")]
fn account(text: Option<&str>) -> Option<Option<Name>> {
    text.map(|text| text_format::name(Kind::Account, text)).transpose().ok()
}

impl PlainAccount<'_> {
    fn declaration(self) -> Option<Declaration> {
        let has_form =
            |form: text_format::TextFormat, text: Option<&str>| text.is_none_or(|text| form.check(text).is_ok());
        if !has_form(text_format::TextFormat::Email, self.email)
            || !has_form(text_format::TextFormat::FreeText, self.display_name)
        {
            return None;
        }
        let options = account::AccountSettings {
            role: self.role.map(|word| parse_role(word, "")).transpose().ok()?,
            email: self.email.map(str::to_owned),
            display_name: self.display_name.map(str::to_owned),
            expires: None,
            settings: Vec::new(),
            ids: ExternalIdChanges::default(),
        };
        let name = text_format::name(Kind::Account, self.name).ok()?;
        let account = DeclaredAccount {
            name,
            settings: options,
            ensure: None,
            transfer_to: None,
            cascade: None,
            previously: None,
        };
        Some(Declaration::Account(Box::new(account)))
    }
}

impl PlainMember<'_> {
    fn declaration(self) -> Option<Declaration> {
        let (kind, of) = match Reference::parse(self.of, Kind::Group).ok()? {
            Reference::Named(kind @ (Kind::Group | Kind::Workgroup | Kind::Dropbox), of) => (kind, of),
            _ => return None,
        };
        let who = match (self.user, self.group) {
            (Some(user), None) => Reference::Named(Kind::Account, text_format::name(Kind::Account, user).ok()?),
            (None, Some(group)) => Reference::Named(Kind::Group, text_format::name(Kind::Group, group).ok()?),
            _ => return None,
        };
        let level = match self.level {
            Some(word) => Some(Role::from_name(kind, word)?),
            None => None,
        };
        Some(Declaration::Member(Box::new(DeclaredMember {
            kind,
            of,
            who,
            level,
            active: self.active,
            ids: Vec::new(),
        })))
    }
}

impl PlainRole<'_> {
    fn declaration(self) -> Option<Declaration> {
        Some(Declaration::Role(Box::new(DeclaredEndpointRole {
            endpoint: text_format::name(Kind::Endpoint, self.endpoint).ok()?,
            role: Role::from_name(Kind::Endpoint, self.role)?,
            who: text_format::member(self.principal).ok()?,
            ids: Vec::new(),
        })))
    }
}

impl PlainContent<'_> {
    fn declaration(self) -> Option<Declaration> {
        let item_type = match self.item_type {
            Some(word) => Some(ItemType::from_name(word)?),
            None => None,
        };
        if self.size.is_some() && item_type != Some(ItemType::File) {
            return None;
        }
        let (endpoint, path) = text_format::item(self.item).ok()?;
        if self.owner.is_some_and(text_format::is_nobody) {
            return None;
        }
        let (owner, ownerless, ensure) = (account(self.owner)?, false, Ensure::Present);
        Some(Declaration::Item(Box::new(DeclaredItem {
            endpoint,
            path,
            item_type,
            size: self.size,
            owner,
            ownerless,
            ensure,
        })))
    }
}

impl PlainShare<'_> {
    fn declaration(self) -> Option<Declaration> {
        let (endpoint, path) = text_format::item(self.item).ok()?;
        let principal = text_format::sharer(self.principal).ok()?;
        let permissions = Permissions::parse(self.permission).ok()?;
        let by = account(self.by)?;
        if let (Some(by), Reference::Named(Kind::Account, who)) = (&by, &principal)
            && by.key() == who.key()
        {
            return None;
        }
        let share = DeclaredShare {
            endpoint,
            path,
            principal,
            permissions,
            by,
            expires: None,
            class: None,
            orphaned: false,
            ids: Vec::new(),
        };
        Some(Declaration::Share(Box::new(share)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{JsonlRow, parse_any_row};
    use super::parse_fast;

    const TAGS: [&str; 6] = ["account", "member", "role", "content", "share", "group"];
    /// The keys of each row, each with a valid value.
    const ROWS: [(&str, [(&str, &str); 4]); 5] = [
        ("account", [("name", "\"bob\""), ("role", "\"admin\""), ("email", "\"\""), ("display-name", "\"Bob\"")]),
        ("member", [("of", "\"group:g\""), ("user", "\"bob\""), ("level", "\"member\""), ("active", "true")]),
        ("role", [("endpoint", "\"n\""), ("role", "\"administrator\""), ("principal", "\"bob\""), ("of", "\"n\"")]),
        ("content", [("item", "\"n:/a\""), ("type", "\"file\""), ("size", "7"), ("owner", "\"bob\"")]),
        ("share", [("item", "\"n:/a\""), ("principal", "\"anyone\""), ("permission", "\"view\""), ("by", "\"bob\"")]),
    ];
    const KEYS: [&str; 18] = [
        "name",
        "role",
        "email",
        "display-name",
        "of",
        "user",
        "group",
        "level",
        "active",
        "endpoint",
        "principal",
        "item",
        "type",
        "size",
        "owner",
        "permission",
        "by",
        "ensure",
    ];
    const VALUES: [&str; 22] = [
        "\"bob\"",
        "\"user:bob\"",
        "\"BOB\"",
        "\"group:staff\"",
        "\"dropbox:inbox\"",
        "\"org:acme\"",
        "\"anyone\"",
        "\"node1:/a/b\"",
        "\"node1:/a//b\"",
        "\"view\"",
        "\"vieww\"",
        "\"admin\"",
        "\"administrator\"",
        "\"file\"",
        "\"a@example.com\"",
        "\"\"",
        "\"b\\u006fb\"",
        "null",
        "true",
        "7",
        "-7",
        "[\"view\"]",
    ];

    /// Asserts that the slow path gives the same declaration. Returns whether the fast path accepts the row.
    fn assert_same(text: &str) -> bool {
        let Some(declaration) = parse_fast(text) else { return false };
        match parse_any_row(text, 0, 1) {
            Ok(JsonlRow::Declaration(statements)) => {
                assert_eq!(statements.len(), 1, "{text}");
                assert_eq!(format!("{:?}", statements[0].declaration), format!("{declaration:?}"), "{text}");
            }
            other => panic!("{text}: {other:?}"),
        }
        true
    }

    #[test]
    fn common_rows_are_plain() {
        for row in [
            r#"{"account":{"name":"u1"}}"#,
            r#"{"account":{"name":"u1","email":"","display-name":"Ü","role":"admin"}}"#,
            r#"{"member":{"of":"group:g","user":"u"}}"#,
            r#"{"member":{"of":"dropbox:g","group":"u","level":"admin","active":false}}"#,
            r#"{"role":{"endpoint":"e","role":"access-manager","principal":"group:g"}}"#,
            r#"{"content":{"item":"e:/a"}}"#,
            r#"{"content":{"item":"e:/a","type":"file","size":3,"owner":"u"}}"#,
            r#"{"share":{"item":"e:/a","principal":"anyone","permission":"view"}}"#,
            r#" {"share": {"item": "e:/a", "by": "u", "principal": "workgroup:w", "permission": "browse,delete"}} "#,
        ] {
            assert!(assert_same(row), "{row}");
        }
    }

    #[test]
    fn other_rows_take_the_slow_path() {
        for row in [
            r#"{"account":{"name":"u1","email":null}}"#,
            r#"{"account":{"name":"u1","name":"u2"}}"#,
            r#"{"account":{"name":"u1"},"account":{"name":"u2"}}"#,
            r#"{"account":{"name":"u1"}} {}"#,
            r#"{"account":["u1"]}"#,
            r#"{"share":{"item":"e:/a","principal":"u","by":"U","permission":"view"}}"#,
            r#"{"share":{"item":"e:/a","principal":"u","permission":"view","expires":"never"}}"#,
            r#"{"content":{"item":"e:/a","size":3}}"#,
        ] {
            assert!(parse_fast(row).is_none(), "{row}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn both_paths_agree_on_random_fields(
            tag in prop::sample::select(&TAGS[..]),
            fields in prop::collection::vec((prop::sample::select(&KEYS[..]), prop::sample::select(&VALUES[..])), 0..5),
        ) {
            let fields: Vec<String> = fields.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
            assert_same(&format!("{{\"{tag}\":{{{}}}}}", fields.join(",")));
        }

        #[test]
        fn both_paths_agree_on_the_fields_of_each_row(
            row in prop::sample::select(&ROWS[..]),
            others in prop::collection::vec(prop::option::weighted(0.3, prop::sample::select(&VALUES[..])), 4),
            count in 0_usize..=4,
        ) {
            let fields = row.1.iter().zip(others).take(count);
            let fields: Vec<String> =
                fields.map(|((key, value), other)| format!("\"{key}\":{}", other.unwrap_or(value))).collect();
            assert_same(&format!("{{\"{}\":{{{}}}}}", row.0, fields.join(",")));
        }
    }
}
