//! The forms of text in a manifest: names, references, paths, times, permissions.

use crate::model::attributes::NodeVersion;
use crate::model::name::printable;
use crate::model::time::Expiry;
use crate::model::{Kind, Name, Path, Permissions, Problem, Reference, Role};
use crate::ops::home::HomeFolder;

/// What a text must be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// Any text without control characters.
    Free,
    /// The name of something of a kind; its prefix may stand in front.
    Name(Kind),
    /// The name of a set.
    Set,
    /// An e-mail address; empty for none.
    Email,
    /// Where links begin; empty for nowhere.
    Url,
    /// An account role.
    AccountRole,
    /// An account or a group.
    Member,
    /// Whom an item is shared with.
    Sharer,
    /// A path inside an endpoint.
    Path,
    /// A path on an endpoint, with the endpoint in front.
    Item,
    /// A path on an endpoint, or `none` for no home folder.
    Home,
    /// The version of node software.
    Version,
    /// A moment that does not move: a day, a time, `never`.
    Moment,
    /// A preset or a permission.
    Permission,
    /// A part of a hundred.
    Percent,
}

/// Whether a text in place of an owner means nobody; an account of that name is written `user:none`.
pub fn is_nobody(text: &str) -> bool {
    text == "none"
}

/// The name of something, written with its kind in front or without.
pub(super) fn name(kind: Kind, text: &str) -> Result<Name, Problem> {
    // A workspace stands under its organization, which is not said again.
    if kind == Kind::Workspace {
        return Name::parse(text);
    }
    match Reference::parse(text, kind)? {
        Reference::Named(found, name) if found == kind => Ok(name),
        other => Err(other.wrong_kind(kind.article())),
    }
}

/// The member that a text names.
pub(super) fn member(text: &str) -> Result<Reference, Problem> {
    match Reference::parse(text, Kind::Account)? {
        it @ Reference::Named(Kind::Account | Kind::Group, _) => Ok(it),
        other => Err(other.wrong_kind("an account or a group")),
    }
}

/// Whom a text says that something is shared with.
pub(super) fn sharer(text: &str) -> Result<Reference, Problem> {
    match Reference::parse(text, Kind::Account)? {
        it @ (Reference::Named(Kind::Account | Kind::Group | Kind::Workgroup, _)
        | Reference::Authenticated
        | Reference::Anyone) => Ok(it),
        other => Err(other.wrong_kind("an account, a group, a workgroup, `authenticated` or `anyone`")),
    }
}

/// A path with its endpoint.
pub(super) fn item(text: &str) -> Result<(Name, Path), Problem> {
    match Reference::parse(text, Kind::Item)? {
        Reference::Item(endpoint, path) => Ok((endpoint, path)),
        other => Err(other.wrong_kind("a path on an endpoint")),
    }
}

/// A moment; a length would be another moment every time the file is applied.
pub(super) fn moment(text: &str) -> Result<Expiry, Problem> {
    match Expiry::parse(text)? {
        Expiry::In(_) => Err(Problem::usage("moving_time", format!("`{}` moves with every apply", printable(text)))
            .tip("write the day or the time itself, as in `2027-01-01`, or `never`")),
        fixed => Ok(fixed),
    }
}

/// A share of a hundred, 0 to 100.
pub(super) fn percent(text: &str) -> Result<u64, Problem> {
    let number = text.strip_suffix('%').and_then(|digits| digits.parse::<u64>().ok());
    number.filter(|it| *it <= 100).ok_or_else(|| {
        Problem::usage("bad_percentage", format!("`{}` is not a percentage", printable(text)))
            .tip("write it as `10%`, from 0% to 100%")
    })
}

/// The name of a set.
pub(super) fn set(text: &str) -> Result<Name, Problem> {
    Name::parse(text)
}

/// A text that people read.
fn free(text: &str) -> Result<(), Problem> {
    match text.chars().find(|it| it.is_control()) {
        Some(_) => Err(Problem::usage("bad_text", "the text holds a control character")),
        None => Ok(()),
    }
}

impl Form {
    /// Looks whether a text has the form.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(self, text: &str) -> Result<(), Problem> {
        match self {
            Form::Free => free(text),
            Form::Name(kind) => name(kind, text).map(drop),
            Form::Set => set(text).map(drop),
            Form::Email if text.is_empty() => Ok(()),
            Form::Email => Name::parse_email(text).map(drop),
            Form::Url => crate::ops::server::check_url(text),
            Form::AccountRole => crate::ops::account::parse_role(text, "NAME").map(|_: Role| ()),
            Form::Member => member(text).map(drop),
            Form::Sharer => sharer(text).map(drop),
            Form::Path => Path::parse(text).map(drop),
            Form::Item => item(text).map(drop),
            Form::Home => HomeFolder::parse(text).map(drop),
            Form::Version => NodeVersion::parse(text).map(drop),
            Form::Moment => moment(text).map(drop),
            Form::Permission => Permissions::parse(text).map(drop),
            Form::Percent => percent(text).map(drop),
        }
    }

    /// The form in which two texts that mean the same are equal.
    pub fn canonical(self, text: &str) -> String {
        let canonical = match self {
            Form::Name(kind) => name(kind, text).map(|name| name.key().to_owned()),
            Form::Set => set(text).map(|name| name.key().to_owned()),
            Form::Member => member(text).map(|it| key_of(&it)),
            Form::Sharer => sharer(text).map(|it| key_of(&it)),
            Form::Path => Path::parse(text).map(|path| path.to_string()),
            Form::Item => item(text).map(|(endpoint, path)| format!("{}:{path}", endpoint.key())),
            Form::Home if text == HomeFolder::NONE => Ok(text.to_owned()),
            Form::Home => return Form::Item.canonical(text),
            Form::Version => NodeVersion::parse(text).map(|it| it.to_string()),
            Form::Moment => moment(text).map(|it| format!("{it:?}")),
            Form::Permission => Permissions::parse(text).map(|it| it.to_string()),
            Form::Percent => percent(text).map(|it| it.to_string()),
            Form::Free | Form::Email | Form::Url | Form::AccountRole => Ok(text.to_owned()),
        };
        canonical.unwrap_or_else(|_| text.to_owned())
    }

    /// What is wanted, for a message about something else.
    pub const fn wanted(self) -> &'static str {
        match self {
            Form::Free => "text",
            Form::Name(kind) => match kind {
                Kind::Account => "the name of an account",
                Kind::Group => "the name of a group",
                Kind::Workspace => "the name of a workspace",
                _ => "a name",
            },
            Form::Set => "the name of a set",
            Form::Email => "an e-mail address",
            Form::Url => "a web address",
            Form::AccountRole => "an account role",
            Form::Member => "an account or a group",
            Form::Sharer => "an account, a group, a workgroup, `authenticated` or `anyone`",
            Form::Path => "a path",
            Form::Item => "a path on an endpoint",
            Form::Home => "a path on an endpoint or `none`",
            Form::Version => "a version such as 4.4.6",
            Form::Moment => "a day, a time or `never`",
            Form::Permission => "a preset or a permission",
            Form::Percent => "a percentage",
        }
    }

    /// A pattern that every text of the form fits, for the schema; none where any text may.
    pub const fn pattern(self) -> Option<&'static str> {
        match self {
            Form::Percent => Some("^(100|[0-9]{1,2})%$"),
            Form::Path => Some("^/"),
            Form::Item => Some("^[^:]+:/"),
            Form::Home => Some("^(none|[^:]+:/.*)$"),
            Form::Version => Some("^[0-9]+(\\.[0-9]+){0,3}$"),
            Form::Moment => Some("^(never|[0-9]{4}-[0-9]{2}-[0-9]{2}.*)$"),
            Form::Url => Some("^(https?://\\S+)?$"),
            _ => None,
        }
    }
}

/// A reference in the form in which two that mean the same are equal.
fn key_of(reference: &Reference) -> String {
    match reference {
        Reference::Named(kind, name) => format!("{kind}:{}", name.key()),
        other => other.to_string(),
    }
}
