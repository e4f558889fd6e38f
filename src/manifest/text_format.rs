//! The formats of text in a manifest: names, references, paths, times, permissions.
//!
//! [`TextFormat`] is the format of a field of the schema. The functions beside it parse the text of a field.

use crate::model::attributes::NodeVersion;
use crate::model::escape::printable;
use crate::model::time::Expiry;
use crate::model::{Kind, Name, Path, Permissions, PlatformId, Problem, Reference, Role};
use crate::ops::home::HomeFolder;

/// The format of a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TextFormat {
    /// Any text without control characters.
    FreeText,
    /// The name of a resource of a kind, with or without the prefix of the kind.
    Name(Kind),
    /// The name of a set.
    Set,
    /// An e-mail address; the empty text removes it.
    Email,
    /// The base URL of links; the empty text removes it.
    Url,
    /// An account role.
    AccountRole,
    /// An account or a group.
    Member,
    /// A principal that an item can be shared with.
    Sharer,
    /// A path inside an endpoint.
    Path,
    /// An endpoint and a path on it, as in `node1:/projects`.
    Item,
    /// An endpoint and a path on it, or `none` for no home folder.
    Home,
    /// The version of node software.
    Version,
    /// A fixed moment: a day, a time, `never`.
    Moment,
    /// A preset or a permission.
    Permission,
    /// A percentage.
    Percent,
    /// An external id.
    ExternalId,
}

/// Whether the text of an owner means "no owner". An account of that name is written `user:none`.
pub fn is_nobody(text: &str) -> bool {
    text == "none"
}

/// Parses the name of a resource of a kind, with or without the prefix of the kind.
pub(super) fn name(kind: Kind, text: &str) -> Result<Name, Problem> {
    // A workspace is a key under its organization, so its name is not a reference.
    if kind == Kind::Workspace {
        return Name::parse(text);
    }
    match Reference::parse(text, kind)? {
        Reference::Named(found, name) if found == kind => Ok(name),
        other => Err(other.wrong_kind(kind.article())),
    }
}

/// Parses a member: an account or a group.
pub(super) fn member(text: &str) -> Result<Reference, Problem> {
    match Reference::parse(text, Kind::Account)? {
        it @ Reference::Named(Kind::Account | Kind::Group, _) => Ok(it),
        other => Err(other.wrong_kind("an account or a group")),
    }
}

/// Parses a principal that an item can be shared with.
pub(super) fn sharer(text: &str) -> Result<Reference, Problem> {
    match Reference::parse(text, Kind::Account)? {
        it @ (Reference::Named(Kind::Account | Kind::Group | Kind::Workgroup, _)
        | Reference::Authenticated
        | Reference::Anyone) => Ok(it),
        other => Err(other.wrong_kind("an account, a group, a workgroup, `authenticated` or `anyone`")),
    }
}

/// Parses a path with its endpoint.
pub(super) fn item(text: &str) -> Result<(Name, Path), Problem> {
    match Reference::parse(text, Kind::Item)? {
        Reference::Item(endpoint, path) => Ok((endpoint, path)),
        other => Err(other.wrong_kind("a path on an endpoint")),
    }
}

/// Parses a fixed moment. Refuses a duration, which would mean another moment at every apply.
pub(super) fn moment(text: &str) -> Result<Expiry, Problem> {
    match Expiry::parse(text)? {
        Expiry::In(_) => Err(Problem::usage("moving_time", format!("`{}` moves with every apply", printable(text)))
            .tip("write the day or the time itself, as in `2027-01-01`, or `never`")),
        fixed => Ok(fixed),
    }
}

/// Parses a percentage, 0 to 100.
pub(super) fn percent(text: &str) -> Result<u64, Problem> {
    let number = text.strip_suffix('%').and_then(|digits| digits.parse::<u64>().ok());
    number.filter(|it| *it <= 100).ok_or_else(|| {
        Problem::usage("bad_percentage", format!("`{}` is not a percentage", printable(text)))
            .tip("write it as `10%`, from 0% to 100%")
    })
}

/// Parses the name of a set.
pub(super) fn set(text: &str) -> Result<Name, Problem> {
    Name::parse(text)
}

/// Checks that a free text has no control characters.
fn free(text: &str) -> Result<(), Problem> {
    match text.chars().find(|it| it.is_control()) {
        Some(_) => Err(Problem::usage("bad_text", "the text holds a control character")),
        None => Ok(()),
    }
}

impl TextFormat {
    /// Checks whether a text has the format.
    ///
    /// # Errors
    /// When the text does not have the format.
    pub fn check(self, text: &str) -> Result<(), Problem> {
        match self {
            TextFormat::FreeText => free(text),
            TextFormat::Name(kind) => name(kind, text).map(drop),
            TextFormat::Set => set(text).map(drop),
            TextFormat::Email if text.is_empty() => Ok(()),
            TextFormat::Email => Name::parse_email(text).map(drop),
            TextFormat::Url => crate::ops::server::check_url(text),
            TextFormat::AccountRole => crate::ops::account::parse_role(text, "NAME").map(|_: Role| ()),
            TextFormat::Member => member(text).map(drop),
            TextFormat::Sharer => sharer(text).map(drop),
            TextFormat::Path => Path::parse(text).map(drop),
            TextFormat::Item => item(text).map(drop),
            TextFormat::Home => HomeFolder::parse(text).map(drop),
            TextFormat::Version => NodeVersion::parse(text).map(drop),
            TextFormat::Moment => moment(text).map(drop),
            TextFormat::Permission => Permissions::parse(text).map(drop),
            TextFormat::Percent => percent(text).map(drop),
            TextFormat::ExternalId => PlatformId::parse(text).map(drop),
        }
    }

    /// The canonical form of a text: texts with the same meaning have equal forms. An invalid text is its own form.
    pub fn canonical(self, text: &str) -> String {
        let canonical = match self {
            TextFormat::Name(kind) => name(kind, text).map(|name| name.key().to_owned()),
            TextFormat::Set => set(text).map(|name| name.key().to_owned()),
            TextFormat::Member => member(text).map(|it| key_of(&it)),
            TextFormat::Sharer => sharer(text).map(|it| key_of(&it)),
            TextFormat::Path => Path::parse(text).map(|path| path.to_string()),
            TextFormat::Item => item(text).map(|(endpoint, path)| format!("{}:{path}", endpoint.key())),
            TextFormat::Home if text == HomeFolder::NONE => Ok(text.to_owned()),
            TextFormat::Home => return TextFormat::Item.canonical(text),
            TextFormat::Version => NodeVersion::parse(text).map(|it| it.to_string()),
            TextFormat::Moment => moment(text).map(|it| format!("{it:?}")),
            TextFormat::Permission => Permissions::parse(text).map(|it| it.to_string()),
            TextFormat::Percent => percent(text).map(|it| it.to_string()),
            TextFormat::ExternalId => PlatformId::parse(text).map(|it| it.to_string()),
            TextFormat::FreeText | TextFormat::Email | TextFormat::Url | TextFormat::AccountRole => Ok(text.to_owned()),
        };
        canonical.unwrap_or_else(|_| text.to_owned())
    }

    /// The expected value, with an article, for a message about another value.
    pub const fn expected(self) -> &'static str {
        match self {
            TextFormat::FreeText => "text",
            TextFormat::Name(kind) => match kind {
                Kind::Account => "the name of an account",
                Kind::Group => "the name of a group",
                Kind::Workspace => "the name of a workspace",
                _ => "a name",
            },
            TextFormat::Set => "the name of a set",
            TextFormat::Email => "an e-mail address",
            TextFormat::Url => "a web address",
            TextFormat::AccountRole => "an account role",
            TextFormat::Member => "an account or a group",
            TextFormat::Sharer => "an account, a group, a workgroup, `authenticated` or `anyone`",
            TextFormat::Path => "a path",
            TextFormat::Item => "a path on an endpoint",
            TextFormat::Home => "a path on an endpoint or `none`",
            TextFormat::Version => "a version such as 4.4.6",
            TextFormat::Moment => "a day, a time or `never`",
            TextFormat::Permission => "a preset or a permission",
            TextFormat::Percent => "a percentage",
            TextFormat::ExternalId => "an external id such as `faspex@studio:3`",
        }
    }

    /// A regular expression that every valid text matches, for the JSON Schema; `None` if the format needs none.
    pub const fn pattern(self) -> Option<&'static str> {
        match self {
            TextFormat::Percent => Some("^(100|[0-9]{1,2})%$"),
            TextFormat::Path => Some("^/"),
            TextFormat::Item => Some("^[^:]+:/"),
            TextFormat::Home => Some("^(none|[^:]+:/.*)$"),
            TextFormat::Version => Some("^[0-9]+(\\.[0-9]+){0,3}$"),
            TextFormat::Moment => Some("^(never|[0-9]{4}-[0-9]{2}-[0-9]{2}.*)$"),
            TextFormat::Url => Some("^(https?://\\S+)?$"),
            _ => None,
        }
    }
}

/// The canonical form of a reference: references with the same meaning have equal forms.
fn key_of(reference: &Reference) -> String {
    match reference {
        Reference::Named(kind, name) => format!("{kind}:{}", name.key()),
        other => other.to_string(),
    }
}
