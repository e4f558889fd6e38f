//! References: how people write down a principal or a resource, and how output writes it back.

use std::fmt;

use super::kind::Kind;
use super::name::{Name, printable};
use super::path::Path;
use super::problem::Problem;
use super::resource::Resource;

/// A principal or a resource as it was written, not yet looked up.
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
    /// `external:ADDRESS`: an address outside, as the recipient of a package.
    External(Name),
}

impl Reference {
    /// Reads a reference; a word without a colon is taken as a name of `bare`.
    ///
    /// # Errors
    /// A usage problem that names the kinds there are and the nearest spelling.
    pub fn parse(text: &str, bare: Kind) -> Result<Reference, Problem> {
        match text {
            "server" if bare == Kind::Server => return Ok(Reference::Server),
            "authenticated" => return Ok(Reference::Authenticated),
            "anyone" => return Ok(Reference::Anyone),
            _ => {}
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
                let words =
                    Kind::ALL.iter().map(|kind| kind.as_str()).filter(|word| !matches!(*word, "server" | "item"));
                let problem = Problem::usage("bad_reference", format!("`{}` is no kind of thing", printable(word)));
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

    /// Reads a principal; a word without a colon is taken as an account.
    ///
    /// # Errors
    /// As [`Reference::parse`], and a conflict for what is none.
    pub fn principal(text: &str) -> Result<Reference, Problem> {
        let principal = Reference::parse(text, Kind::Account)?;
        match principal {
            Reference::Authenticated
            | Reference::Anyone
            | Reference::Named(Kind::Account | Kind::Group | Kind::Workgroup | Kind::Invitee, _)
            | Reference::Numbered(Kind::AccessToken, _) => Ok(principal),
            other => Err(other.wrong_kind("a principal")),
        }
    }

    fn of_kind(kind: Kind, text: &str) -> Result<Reference, Problem> {
        match kind {
            Kind::Server => {
                let problem = Problem::usage("bad_reference", format!("`{}` is no reference", printable(text)));
                Err(problem.tip(format!(
                    "write what it is in front, as in `user:{0}`, `workgroup:{0}` or `endpoint:{0}`; or `server`; or a path, as in `{0}:/`",
                    printable(text)
                )))
            }
            Kind::Invitee => Name::parse_email(text).map(|name| Reference::Named(kind, name)),
            Kind::Workspace => {
                let (org, name) = text.split_once('/').ok_or_else(|| {
                    Problem::usage("bad_reference", format!("`{}` names no workspace", printable(text)))
                        .tip("write `ORG/NAME`, as in `acme/prod`")
                })?;
                Ok(Reference::Workspace(Name::parse(org)?, Name::parse(name)?))
            }
            Kind::Item => {
                Err(Problem::usage("bad_reference", format!("`{}` is no path on an endpoint", printable(text)))
                    .tip("write `ENDPOINT:/path`, as in `node1:/projects`"))
            }
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

    /// The kind it is of, where it has one.
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Reference::Server => Some(Kind::Server),
            Reference::Named(kind, _) | Reference::Numbered(kind, _) => Some(*kind),
            Reference::Workspace(..) => Some(Kind::Workspace),
            Reference::Item(..) => Some(Kind::Item),
            Reference::Authenticated | Reference::Anyone | Reference::External(_) => None,
        }
    }

    /// A problem for a well-formed reference of the wrong kind.
    pub fn wrong_kind(&self, wanted: &str) -> Problem {
        Problem::conflict("wrong_kind", format!("`{self}` cannot stand here")).why(format!("{wanted} is wanted"))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reference::Server => f.write_str("server"),
            Reference::Authenticated => f.write_str("authenticated"),
            Reference::Anyone => f.write_str("anyone"),
            Reference::Named(kind, name) => write!(f, "{kind}:{name}"),
            Reference::Numbered(kind, number) => write!(f, "{kind}:{number}"),
            Reference::Workspace(org, name) => write!(f, "workspace:{org}/{name}"),
            Reference::Item(endpoint, path) => write!(f, "{endpoint}:{path}"),
            Reference::External(name) => write!(f, "external:{name}"),
        }
    }
}

/// The reference of a resource of any kind that works as input. `name` gives the reference of a
/// parent, made by this very function.
///
/// # Errors
/// What `name` answers.
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

/// The reference of an item from what it lies in, itself first. A loop: a tree may be deeper than
/// the stack.
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

/// The reference of something that has ended: with its id behind its last name, so that a namesake is
/// never taken for it. What goes by its number needs none, and items are told by their paths.
pub fn ended_reference(resource: &Resource, reference: String) -> String {
    match resource.kind() {
        Kind::Server | Kind::Item => reference,
        kind if kind.is_numbered() => reference,
        _ => format!("{reference}#{}", resource.id),
    }
}

/// Something that has ended, as output writes it: `user:pi#18`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EndedReference {
    /// What it was.
    pub kind: Kind,
    /// The last name it had.
    pub name: String,
    /// Its id.
    pub id: super::Id,
}

impl EndedReference {
    /// Reads the reference of something that has ended; none for any other text. A text without a colon
    /// is taken as of kind `bare`.
    pub fn parse(text: &str, bare: Kind) -> Option<EndedReference> {
        let (front, number) = text.rsplit_once('#')?;
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let id = super::Id(number.parse().ok().filter(|_| is_number)?);
        let (kind, name) = match front.split_once(':') {
            Some((word, name)) => (Kind::from_name(word)?, name),
            None => (bare, front),
        };
        // A workspace is written with its organization in front.
        let name = if kind == Kind::Workspace { name.rsplit_once('/').map_or(name, |(_, own)| own) } else { name };
        let is_marked = !matches!(kind, Kind::Server | Kind::Item) && !kind.is_numbered() && !name.is_empty();
        is_marked.then(|| EndedReference { kind, name: name.to_owned(), id })
    }

    /// Whether a resource is the one meant.
    pub fn is(&self, resource: &Resource) -> bool {
        let same_name = super::name::key(&resource.name) == super::name::key(&self.name);
        resource.id == self.id && resource.kind() == self.kind && same_name
    }
}

/// The longest name, in characters.
const MAX_NAME_CHARS: usize = 255;

/// The candidate closest to a misspelt word, if one is close.
pub fn closest_match<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Nobody mistypes a word of that length, and to compare one takes its time.
    if word.len() > 4 * MAX_NAME_CHARS {
        return None;
    }
    let word = word.to_lowercase();
    // One slip in three letters is a typing mistake; more is another word.
    let length = word.chars().count();
    let limit = length.div_ceil(3).max(1);
    candidates
        // A difference in length is a distance already, and told in no time.
        .filter(|candidate| {
            candidate.len() <= 4 * MAX_NAME_CHARS && candidate.chars().count().abs_diff(length) <= limit
        })
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, candidate)| (*distance, candidate.len()))
        .map(|(_, candidate)| candidate)
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
    fn what_has_ended_is_read_as_it_is_written() {
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
