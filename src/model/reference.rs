//! References: how input and output write a principal or a resource, such as `user:alice` or
//! `node1:/projects`. [`Reference::parse`] reads one; [`full_reference`] and [`item_reference`] write one.

use std::fmt;

use super::escape::printable;
use super::kind::Kind;
use super::name::Name;
use super::path::Path;
use super::platform_id::{ID_PREFIX, PlatformId};
use super::problem::Problem;
use super::resource::Resource;
use super::spelling::closest_match;

/// A parsed reference to a principal or a resource, not looked up yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reference {
    /// `server`.
    Server,
    /// `authenticated`: every active account.
    Authenticated,
    /// `anyone`: everybody, also without an account.
    Anyone,
    /// `KIND:NAME`.
    Named(Kind, Name),
    /// `KIND:NUMBER`, for packages and invitations.
    Numbered(Kind, u64),
    /// `workspace:ORG/NAME`.
    Workspace(Name, Name),
    /// `ENDPOINT:/path`.
    Item(Name, Path),
    /// `id:PLATFORM:ID`: what a platform calls it, of any kind that has external ids.
    Id(PlatformId),
    /// `external:ADDRESS`: an outside address, as the recipient of a package.
    External(Name),
}

impl Reference {
    /// Parses a reference; a word without a colon is a name of kind `bare`.
    ///
    /// # Errors
    /// A usage problem that names the closest kind, or all kinds.
    pub fn parse(text: &str, bare: Kind) -> Result<Reference, Problem> {
        match text {
            "server" if bare == Kind::Server => return Ok(Reference::Server),
            "authenticated" => return Ok(Reference::Authenticated),
            "anyone" => return Ok(Reference::Anyone),
            _ => {}
        }
        if let Some(id) = text.strip_prefix(ID_PREFIX) {
            return match id.split_once(":/") {
                Some((id, path)) => {
                    Ok(Reference::Item(Name::of_id(&PlatformId::parse(id)?), Path::parse(&format!("/{path}"))?))
                }
                None => PlatformId::parse(id).map(Reference::Id),
            };
        }
        let Some((word, rest)) = text.split_once(':') else {
            return Reference::of_kind(bare, text);
        };
        if rest.starts_with('/') {
            return Ok(Reference::Item(Name::parse(word)?, Path::parse(rest)?));
        }
        if word == "external" {
            return Name::parse_email(rest).map(Reference::External);
        }
        match Kind::from_name(word) {
            Some(kind) => Reference::of_kind(kind, rest),
            None => {
                let words = Kind::ALL
                    .iter()
                    .map(|kind| kind.as_str())
                    .filter(|word| !matches!(*word, "server" | "item" | "id"));
                let problem = Problem::usage("bad_reference", format!("unknown kind `{}`", printable(word)));
                Err(match closest_match(word, words.clone()) {
                    Some(near) => problem.tip(format!("did you mean `{near}:{}`?", printable(rest))),
                    None => problem.tip(format!(
                        "write KIND:NAME, where KIND is one of: {}; or ENDPOINT:/path",
                        words.collect::<Vec<_>>().join(", ")
                    )),
                })
            }
        }
    }

    /// Parses a reference to a principal; a word without a colon is an account.
    ///
    /// # Errors
    /// As [`Reference::parse`], and a conflict if the reference is not to a principal.
    pub fn principal(text: &str) -> Result<Reference, Problem> {
        let principal = Reference::parse(text, Kind::Account)?;
        match principal {
            Reference::Authenticated
            | Reference::Anyone
            | Reference::Id(_)
            | Reference::Named(Kind::Account | Kind::Group | Kind::Workgroup | Kind::Invitee, _)
            | Reference::Numbered(Kind::AccessToken, _) => Ok(principal),
            other => Err(other.wrong_kind("a principal")),
        }
    }

    fn of_kind(kind: Kind, text: &str) -> Result<Reference, Problem> {
        match kind {
            Kind::Server => {
                let problem = Problem::usage("bad_reference", format!("not a reference: `{}`", printable(text)));
                Err(problem.tip(format!(
                    "write the kind in front, as in `user:{0}`, `workgroup:{0}` or `endpoint:{0}`; or `server`; or a path, as in `{0}:/`",
                    printable(text)
                )))
            }
            Kind::Invitee => Name::parse_email(text).map(|name| Reference::Named(kind, name)),
            Kind::Workspace => {
                let (org, name) = text.split_once('/').ok_or_else(|| {
                    Problem::usage("bad_reference", format!("not a workspace: `{}`", printable(text)))
                        .tip("write `ORG/NAME`, as in `acme/prod`")
                })?;
                Ok(Reference::Workspace(Name::parse(org)?, Name::parse(name)?))
            }
            Kind::Item => Err(Problem::usage("bad_reference", format!("not a path: `{}`", printable(text)))
                .tip("write `ENDPOINT:/path`, as in `node1:/projects`")),
            kind if kind.is_numbered() => text.parse().map(|number| Reference::Numbered(kind, number)).map_err(|_| {
                Problem::usage(
                    "bad_reference",
                    format!("`{}` is not the number of {}", printable(text), kind.article()),
                )
                .tip(format!("write `{}:NUMBER`", kind.as_str()))
            }),
            kind => Name::parse(text).map(|name| Reference::Named(kind, name)),
        }
    }

    /// The reference with an external id in place of the name, if it is of a kind that has external ids.
    #[must_use]
    pub fn by_id(kind: Kind, id: &PlatformId) -> Reference {
        match kind {
            Kind::Workspace => Reference::Workspace(Name::of_id(id), Name::of_id(id)),
            kind => Reference::Named(kind, Name::of_id(id)),
        }
    }

    /// The kind of the reference; `None` for classes, external ids and outside addresses.
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Reference::Server => Some(Kind::Server),
            Reference::Named(kind, _) | Reference::Numbered(kind, _) => Some(*kind),
            Reference::Workspace(..) => Some(Kind::Workspace),
            Reference::Item(..) => Some(Kind::Item),
            Reference::Authenticated | Reference::Anyone | Reference::Id(_) | Reference::External(_) => None,
        }
    }

    /// A problem for a well-formed reference of the wrong kind; `expected` names the expected kind with its article.
    pub fn wrong_kind(&self, expected: &str) -> Problem {
        Problem::conflict("wrong_kind", format!("not {expected}: `{self}`"))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reference::Server => f.write_str("server"),
            Reference::Authenticated => f.write_str("authenticated"),
            Reference::Anyone => f.write_str("anyone"),
            // An external id in place of a name.
            Reference::Named(_, name) | Reference::Workspace(_, name) if name.is_id() => name.fmt(f),
            Reference::Named(kind, name) => write!(f, "{kind}:{name}"),
            Reference::Numbered(kind, number) => write!(f, "{kind}:{number}"),
            Reference::Workspace(org, name) => write!(f, "workspace:{org}/{name}"),
            Reference::Item(endpoint, path) => write!(f, "{endpoint}:{path}"),
            Reference::Id(id) => write!(f, "{ID_PREFIX}{id}"),
            Reference::External(name) => write!(f, "external:{name}"),
        }
    }
}

/// The reference of a resource of any kind, in the form that works as input. `name` returns the
/// reference of a parent, made by this function.
///
/// # Errors
/// The error of `name`.
pub fn full_reference<E>(
    resource: &Resource,
    name: &dyn Fn(super::Id) -> std::result::Result<String, E>,
) -> std::result::Result<String, E> {
    let Some(parent) = resource.parent else { return Ok(resource.reference()) };
    Ok(match resource.kind() {
        Kind::Workspace => {
            let org = name(parent)?;
            format!("workspace:{}/{}", org.strip_prefix("org:").unwrap_or(&org), resource.name)
        }
        Kind::Item => {
            let above = name(parent)?;
            if resource.is_root() {
                format!("{}:/", above.strip_prefix("endpoint:").unwrap_or(&above))
            } else {
                format!("{}/{}", above.strip_suffix('/').unwrap_or(&above), resource.name)
            }
        }
        _ => resource.reference(),
    })
}

/// The reference of an item, from the item and its ancestors, nearest first. A loop, since a tree can
/// be deeper than the stack.
pub fn item_reference(ancestors: &[std::rc::Rc<Resource>]) -> String {
    let mut text = String::new();
    for above in ancestors.iter().rev() {
        match above.kind() {
            Kind::Item if above.is_root() => text.push(':'),
            Kind::Item => {
                text.push('/');
                text.push_str(&above.name);
            }
            _ => text.push_str(&above.name),
        }
    }
    if ancestors.first().is_some_and(|item| item.is_root()) {
        text.push('/');
    }
    text
}

/// The reference of an ended resource: its id follows its last name, so that it cannot be confused with a
/// later resource of the same name. Numbered kinds and items keep their references.
pub fn ended_reference(resource: &Resource, reference: String) -> String {
    match resource.kind() {
        Kind::Server | Kind::Item => reference,
        kind if kind.is_numbered() => reference,
        _ => format!("{reference}#{}", resource.id),
    }
}

/// A parsed reference to an ended resource: `user:pi#18`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EndedReference {
    /// The kind of the resource.
    pub kind: Kind,
    /// The last name of the resource.
    pub name: String,
    /// The id of the resource.
    pub id: super::Id,
    /// The reference as it was written.
    pub text: String,
}

/// A reference to a resource that exists or has ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PastReference {
    /// A reference to a resource that exists.
    Existing(Reference),
    /// A reference such as `user:pi#18`.
    Ended(EndedReference),
}

impl PastReference {
    /// Parses either form. A text without a colon is of kind `bare`.
    ///
    /// # Errors
    /// As [`Reference::parse`].
    pub fn parse(text: &str, bare: Kind) -> Result<PastReference, Problem> {
        match EndedReference::parse(text, bare) {
            Some(ended) => Ok(PastReference::Ended(ended)),
            None => Reference::parse(text, bare).map(PastReference::Existing),
        }
    }
}

impl EndedReference {
    /// Parses a reference to an ended resource; `None` for any other text. A text without a colon is of
    /// kind `bare`.
    pub fn parse(text: &str, bare: Kind) -> Option<EndedReference> {
        let (front, number) = text.rsplit_once('#')?;
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let id = super::Id(number.parse().ok().filter(|_| is_number)?);
        let (kind, name) = match front.split_once(':') {
            Some((word, name)) => (Kind::from_name(word)?, name),
            None => (bare, front),
        };
        // The organization precedes the name of a workspace.
        let name = if kind == Kind::Workspace { name.rsplit_once('/').map_or(name, |(_, own)| own) } else { name };
        let is_marked = !matches!(kind, Kind::Server | Kind::Item) && !kind.is_numbered() && !name.is_empty();
        is_marked.then(|| EndedReference { kind, name: name.to_owned(), id, text: text.to_owned() })
    }

    /// Whether the reference is to this resource.
    pub fn is(&self, resource: &Resource) -> bool {
        let same_name = super::name::key(&resource.name) == super::name::key(&self.name);
        resource.id == self.id && resource.kind() == self.kind && same_name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_read_back_as_written() {
        for text in [
            "user:alice",
            "group:editors",
            "workgroup:color",
            "dropbox:in take",
            "package:12",
            "invitee:v@example.com",
            "external:v@example.com",
            "endpoint:archive",
            "node1:/",
            "node1:/a b/c:d",
            "org:acme",
            "workspace:acme/prod",
            "access-token:7",
            "authenticated",
            "anyone",
        ] {
            assert_eq!(Reference::parse(text, Kind::Account).unwrap().to_string(), text);
        }
        assert_eq!(Reference::parse("account:alice", Kind::Account).unwrap().to_string(), "user:alice");
        assert_eq!(Reference::parse("alice", Kind::Account).unwrap().to_string(), "user:alice");
        assert_eq!(Reference::parse("server", Kind::Server).unwrap(), Reference::Server);
    }

    #[test]
    fn references_to_ended_resources_read_back_as_written() {
        let ended = |text: &str| EndedReference::parse(text, Kind::Account).map(|it| (it.kind, it.name, it.id.0));
        assert_eq!(ended("user:pi#18"), Some((Kind::Account, "pi".to_owned(), 18)));
        assert_eq!(ended("pi#18"), Some((Kind::Account, "pi".to_owned(), 18)));
        assert_eq!(ended("workspace:acme/prod#7"), Some((Kind::Workspace, "prod".to_owned(), 7)));
        for other in ["user:pi", "user:pi#", "user:pi#x", "package:1#2", "node1:/a#1", "#3"] {
            assert_eq!(ended(other), None, "{other}");
        }
    }

    #[test]
    fn a_misspelt_kind_gets_the_nearest_one() {
        let problem = Reference::parse("wrokgroup:color", Kind::Account).unwrap_err();
        assert_eq!(problem.tips, ["did you mean `workgroup:color`?"]);
    }
}
