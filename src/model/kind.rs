//! The kinds of resources, and their words in references, messages and commands.

use std::fmt;

/// The kind of a resource.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// The server itself: settings, and the account roles held on it.
    Server,
    /// An account, written `user:NAME`.
    Account,
    /// A group of accounts and groups.
    Group,
    /// A workgroup: people who can be sent packages as a whole.
    Workgroup,
    /// A dropbox: a submission system.
    Dropbox,
    /// A package that was sent.
    Package,
    /// A private link of a dropbox, made for one e-mail address.
    Invitation,
    /// The public link of a dropbox.
    PublicLink,
    /// An outside submitter, named by an e-mail address.
    Invitee,
    /// An endpoint, which files are transferred from and to.
    Endpoint,
    /// A file or a folder of an endpoint, written `ENDPOINT:/path`.
    Item,
    /// An organization.
    Org,
    /// A workspace of an organization, written `workspace:ORG/NAME`.
    Workspace,
    /// A signing key of an organization or a workspace.
    SigningKey,
    /// An access token of a workspace; also a principal.
    AccessToken,
    /// A media file of a workspace.
    Media,
    /// A live stream of a workspace.
    Stream,
}

impl Kind {
    /// Every kind, in the order in which lists and counts show them.
    pub const ALL: [Kind; 17] = [
        Kind::Server,
        Kind::Account,
        Kind::Group,
        Kind::Workgroup,
        Kind::Dropbox,
        Kind::Package,
        Kind::Invitation,
        Kind::PublicLink,
        Kind::Invitee,
        Kind::Endpoint,
        Kind::Item,
        Kind::Org,
        Kind::Workspace,
        Kind::SigningKey,
        Kind::AccessToken,
        Kind::Media,
        Kind::Stream,
    ];

    /// The word before the colon of a reference; also the word in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Server => "server",
            Kind::Account => "user",
            Kind::Group => "group",
            Kind::Workgroup => "workgroup",
            Kind::Dropbox => "dropbox",
            Kind::Package => "package",
            Kind::Invitation => "invitation",
            Kind::PublicLink => "public-link",
            Kind::Invitee => "invitee",
            Kind::Endpoint => "endpoint",
            Kind::Item => "item",
            Kind::Org => "org",
            Kind::Workspace => "workspace",
            Kind::SigningKey => "signing-key",
            Kind::AccessToken => "access-token",
            Kind::Media => "media",
            Kind::Stream => "stream",
        }
    }

    /// The noun in messages, with its article.
    pub const fn article(self) -> &'static str {
        match self {
            Kind::Server => "the server",
            Kind::Account => "an account",
            Kind::Group => "a group",
            Kind::Workgroup => "a workgroup",
            Kind::Dropbox => "a dropbox",
            Kind::Package => "a package",
            Kind::Invitation => "an invitation",
            Kind::PublicLink => "a public link",
            Kind::Invitee => "an outside submitter",
            Kind::Endpoint => "an endpoint",
            Kind::Item => "a file or folder",
            Kind::Org => "an organization",
            Kind::Workspace => "a workspace",
            Kind::SigningKey => "a signing key",
            Kind::AccessToken => "an access token",
            Kind::Media => "a media file",
            Kind::Stream => "a live stream",
        }
    }

    /// The noun without an article: `account`, `workgroup`.
    pub const fn noun(self) -> &'static str {
        match self {
            Kind::Account => "account",
            Kind::PublicLink => "public link",
            Kind::Invitee => "outside submitter",
            Kind::Org => "organization",
            Kind::SigningKey => "signing key",
            Kind::AccessToken => "access token",
            Kind::Media => "media file",
            Kind::Stream => "live stream",
            other => other.as_str(),
        }
    }

    /// The noun of the command that manages this kind: `account`, `org`, `stream`.
    pub const fn command(self) -> &'static str {
        match self {
            Kind::Account => "account",
            Kind::Item => "content",
            other => other.as_str(),
        }
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

    /// Whether references use a number (`package:12`) instead of a name.
    pub const fn is_numbered(self) -> bool {
        matches!(
            self,
            Kind::Package
                | Kind::Invitation
                | Kind::PublicLink
                | Kind::SigningKey
                | Kind::AccessToken
                | Kind::Media
                | Kind::Stream
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
