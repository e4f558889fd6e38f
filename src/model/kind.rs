//! The kinds of resources, and the word that stands before the colon in a reference.

use std::fmt;

/// What a resource is.
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
}

impl Kind {
    /// Every kind, in the order in which lists and counts show them.
    pub const ALL: [Kind; 9] = [
        Kind::Server,
        Kind::Account,
        Kind::Group,
        Kind::Workgroup,
        Kind::Dropbox,
        Kind::Package,
        Kind::Invitation,
        Kind::PublicLink,
        Kind::Invitee,
    ];

    /// The word in front of the colon of a reference, also the word in the store.
    pub const fn word(self) -> &'static str {
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
        }
    }

    /// What a message calls it, with its article.
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
        }
    }

    /// The noun alone: `account`, `workgroup`.
    pub const fn noun(self) -> &'static str {
        match self {
            Kind::Account => "account",
            Kind::PublicLink => "public link",
            Kind::Invitee => "outside submitter",
            other => other.word(),
        }
    }

    /// Reads the word in front of a colon; `account` is another word for `user`.
    pub fn from_word(word: &str) -> Option<Kind> {
        if word == "account" {
            return Some(Kind::Account);
        }
        Kind::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Whether a reference to one carries its number (`package:12`) rather than a name.
    pub const fn is_numbered(self) -> bool {
        matches!(self, Kind::Package | Kind::Invitation | Kind::PublicLink)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
