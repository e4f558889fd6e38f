//! The kinds of resources: one table from which the words, the messages, the commands and what lies in what follow.

use std::fmt;

/// Whether a reference to a resource carries its name (`group:crew`) or its number (`package:12`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Naming {
    Named,
    Numbered,
}
use Naming::{Named, Numbered};

/// One row of the table of kinds.
struct KindRow {
    word: &'static str,
    noun: &'static str,
    article: &'static str,
    command: &'static str,
    naming: Naming,
    parents: &'static [Kind],
}

/// A row is `Variant = word in a reference and in the store, noun, noun with its article, noun of the command,
/// naming, kinds of the parents`. The order of the rows is that of lists and counts.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $word:literal, $noun:literal, $article:literal, $command:literal, $naming:ident,
       [$($parent:ident),*];)*) => {
        /// The kind of a resource.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Kind { $($(#[$doc])* $kind,)* }

        impl Kind {
            /// Every kind, in the order in which lists and counts show them.
            pub const ALL: [Kind; [$($word),*].len()] = [$(Kind::$kind),*];

            const fn row(self) -> &'static KindRow {
                match self {
                    $(Kind::$kind => &KindRow {
                        word: $word,
                        noun: $noun,
                        article: $article,
                        command: $command,
                        naming: $naming,
                        parents: &[$(Kind::$parent),*],
                    },)*
                }
            }
        }
    };
}

kinds! {
    /// The server itself: settings, and the account roles held on it.
    Server = "server", "server", "the server", "server", Named, [];
    /// An account, written `user:NAME`.
    Account = "user", "account", "an account", "account", Named, [];
    /// A group of accounts and groups.
    Group = "group", "group", "a group", "group", Named, [];
    /// A workgroup: people who can be sent packages as a whole.
    Workgroup = "workgroup", "workgroup", "a workgroup", "workgroup", Named, [];
    /// A dropbox: a submission system.
    Dropbox = "dropbox", "dropbox", "a dropbox", "dropbox", Named, [];
    /// A package that was sent.
    Package = "package", "package", "a package", "package", Numbered, [];
    /// A private link of a dropbox, made for one e-mail address; or an invitation into an organization.
    Invitation = "invitation", "invitation", "an invitation", "invitation", Numbered, [Dropbox, Org];
    /// The public link of a dropbox.
    PublicLink = "public-link", "public link", "a public link", "public-link", Numbered, [Dropbox];
    /// An outside submitter, named by an e-mail address.
    Invitee = "invitee", "outside submitter", "an outside submitter", "invitee", Named, [];
    /// An endpoint, which files are transferred from and to.
    Endpoint = "endpoint", "endpoint", "an endpoint", "endpoint", Named, [];
    /// A file or a folder of an endpoint, written `ENDPOINT:/path`.
    Item = "item", "item", "a file or folder", "content", Named, [Endpoint, Item];
    /// An organization.
    Org = "org", "organization", "an organization", "org", Named, [];
    /// A workspace of an organization, written `workspace:ORG/NAME`.
    Workspace = "workspace", "workspace", "a workspace", "workspace", Named, [Org];
    /// A signing key of an organization or a workspace.
    SigningKey = "signing-key", "signing key", "a signing key", "signing-key", Numbered, [Org, Workspace];
    /// An access token of a workspace; also a principal.
    AccessToken = "access-token", "access token", "an access token", "access-token", Numbered, [Workspace];
    /// A media file of a workspace.
    Media = "media", "media file", "a media file", "media", Numbered, [Workspace];
    /// A live stream of a workspace.
    Stream = "stream", "live stream", "a live stream", "stream", Numbered, [Workspace];
    /// What a platform calls something else: the id lies in the resource that it identifies.
    ExternalId = "id", "external id", "an external id", "account", Named,
        [Account, Group, Workgroup, Dropbox, Endpoint, Org, Workspace];
    /// A finding that is accepted for a reason.
    Acceptance = "acceptance", "accepted finding", "an accepted finding", "audit", Numbered, [];
    /// A review of access: bindings that somebody decides about one by one.
    Review = "review", "review", "a review", "audit", Named, [];
    /// A decision about one binding in a review.
    ReviewDecision = "decision", "decision", "a decision", "audit", Numbered, [Review];
}

impl Kind {
    /// The word before the colon of a reference; also the word in the store.
    pub const fn as_str(self) -> &'static str {
        self.row().word
    }

    /// The noun in messages, with its article.
    pub const fn article(self) -> &'static str {
        self.row().article
    }

    /// The noun without an article: `account`, `workgroup`.
    pub const fn noun(self) -> &'static str {
        self.row().noun
    }

    /// The noun of the command that manages this kind: `account`, `org`, `stream`.
    pub const fn command(self) -> &'static str {
        self.row().command
    }

    /// The kinds of resources that one of this kind can lie in.
    pub const fn parents(self) -> &'static [Kind] {
        self.row().parents
    }

    /// The kinds of resources that can lie in one of this kind.
    pub fn children(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(move |kind| kind.parents().contains(&self))
    }

    /// Whether references use a number (`package:12`) instead of a name.
    pub fn is_numbered(self) -> bool {
        self.row().naming == Numbered
    }

    /// Whether resources of this kind can have external ids.
    pub fn has_external_ids(self) -> bool {
        Kind::ExternalId.parents().contains(&self)
    }

    /// The kind with this word before the colon; `account` is an alias of `user`, `organization` of `org`.
    pub fn from_name(word: &str) -> Option<Kind> {
        match word {
            "account" => return Some(Kind::Account),
            "organization" => return Some(Kind::Org),
            _ => {}
        }
        Kind::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
