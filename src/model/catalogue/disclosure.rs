//! The rows of disclosure: what may be shown to whom (docs/model.md#visibility). Every output applies them.
//!
//! A row never allows an action. It says who may learn a fact. A reader whom no row lets learn a fact gets
//! the same answers as if the fact did not exist.

use super::*;
use Aspect::{Bindings, Details, Existence, Log, OthersAccess, OwnAccess};
use Audience::{Everybody, Holds, Invited, May, MayAbove, MayOnServer, Party, Reviewer, SeesAbove};
use Kind::{
    Acceptance, AccessToken, Account, Dropbox, Endpoint, ExternalId, Group, Invitation, Invitee, Item, Media, Org,
    Package, PublicLink, Review, ReviewDecision, Server, SigningKey, Stream, Workgroup, Workspace,
};

/// The aspect of a resource that a row discloses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Aspect {
    /// That the resource exists, and its name.
    Existence,
    /// The settings of the resource, beyond its name and send policy.
    Details,
    /// Who holds which role or share on the resource, and who gave it.
    Bindings,
    /// What the reader may do with the content, even if the resource itself is hidden.
    OwnAccess,
    /// What others than the reader may do on the resource.
    OthersAccess,
    /// The log entries about the resource.
    Log,
}

/// The readers that a row discloses to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Audience {
    /// Everybody.
    Everybody,
    /// Readers who may do one of these verbs on the resource.
    May(&'static [Verb]),
    /// Readers who may do one of these verbs on the parent of the resource, if it is of this kind.
    MayAbove(Kind, &'static [Verb]),
    /// Readers who may know that the parent of the resource exists.
    SeesAbove,
    /// Readers who may do this verb on the server.
    MayOnServer(Verb),
    /// Readers who hold one of these roles: account roles on the server, any other on the resource.
    Holds(&'static [Role]),
    /// Readers who manage the links of a dropbox that the outside submitter was invited to.
    Invited,
    /// Holders of the binding, directly or through a group, workgroup or class.
    Party,
    /// The reviewer of the review.
    Reviewer,
}

/// A row: which aspect of which kinds of resources is disclosed to whom, by which rule.
#[derive(Clone, Copy, Debug)]
pub struct Disclosure {
    /// The aspect that is disclosed.
    pub aspect: Aspect,
    /// The kinds of resources.
    pub kinds: &'static [Kind],
    /// The readers.
    pub audience: Audience,
    /// The rule, with its sentence.
    pub rule: Rule,
}

impl Disclosure {
    /// The kinds of resources as a phrase.
    pub fn kinds_phrase(&self) -> String {
        match self.kinds.len() == Kind::ALL.len() {
            true => "anything".to_owned(),
            false => self.kinds.iter().map(|kind| kind.noun()).collect::<Vec<_>>().join(", "),
        }
    }
}

const fn disclosure(aspect: Aspect, kinds: &'static [Kind], to: Audience, rule: Rule) -> Disclosure {
    Disclosure { aspect, kinds, audience: to, rule }
}

const VIEWED: &str = "decision: what one may not view is not there: it is in no list, count, completion or message";
const LINKS: &str = "decision: a link is seen by whoever manages the links of its dropbox";
const SUBMITTERS: &str =
    "decision: server admins, managers and whoever manages a dropbox's links know of its outside submitters";
const HOLDERS: &str = "decision: who may list the bindings of a resource sees who holds them and who gave them";
const OWN: &str = "decision: everybody sees what they hold themselves, through what, and who gave it";
const OUTSIDE: &str = "decision: a workgroup or dropbox is viewed by its members, server admins and managers, and by whoever may send or submit to it (name and policy only)";
const GROUP_MEMBERS: &str = "decision: who is in a group is told to its members, server admins and managers, and to admins of workgroups who manage groups";

/// The rule about readers who may ask what others may do.
pub const ABOUT_OTHERS: Rule = rule(
    "perm.about-others",
    "decision: others are asked about by server admins, and by those who administer the resource",
);
/// The rule about actors who may declare a list `exclusive`.
pub const EXCLUSIVE_LISTS: Rule = rule(
    "manifest.exclusive-lists",
    "decision: `exclusive` takes the right to list the members, since a plan names those it would remove",
);
/// The rule about readers of the whole log.
pub const WHOLE_LOG: Rule = rule("audit.admins-read", "decision: server admins read the whole log, whatever it names");
/// The rule about readers of the log entries of a single resource.
pub const PART_OF_LOG: Rule = rule(
    "audit.administrators-read",
    "decision: administrators of an endpoint, an organization, a workgroup or a dropbox read what the log says of it",
);

/// The rows. An aspect is disclosed if one of its rows fits.
#[rustfmt::skip]
pub const DISCLOSURES: &[Disclosure] = &[
    disclosure(Existence, &[Server], Everybody, rule("server.known", "decision: that there is a server is no secret")),
    disclosure(Existence, &[Endpoint, Item], May(&[See]), rule("disclosure.see", VIEWED)),
    disclosure(Existence, &[Invitation], MayAbove(Org, &[ViewMembers]), rule("org.invitations-seen", "decision: pending invitations are seen by who views the members of the organization")),
    disclosure(Existence, &[Invitation, PublicLink], MayAbove(Dropbox, &[Invite, RevokeInvitation]), rule("dropbox.links-seen", LINKS)),
    disclosure(Existence, &[Invitee], MayOnServer(CreateGroup), rule("dropbox.submitters-known", SUBMITTERS)),
    disclosure(Existence, &[Invitee], Invited, rule("dropbox.submitters-known", SUBMITTERS)),
    disclosure(Existence, &[ExternalId], SeesAbove, rule("disclosure.external-ids", "decision: who knows of an account, a group or a place knows its external ids")),
    disclosure(Existence, &[Acceptance, Review, ReviewDecision], MayOnServer(ViewLog), WHOLE_LOG),
    disclosure(Existence, &[Review, ReviewDecision], Reviewer, rule("audit.reviewer-sees", "decision: a reviewer sees the review that they are to decide, and what was decided in it")),
    disclosure(Existence, &[Account, Group, Workgroup, Dropbox, Package, Org, Workspace, SigningKey, AccessToken, Media, Stream], May(&[View]), rule("disclosure.view", VIEWED)),
    disclosure(Details, &[Workgroup], Holds(&[Role::WorkgroupStandard]), rule("workgroup.outside", OUTSIDE)),
    disclosure(Details, &[Dropbox], Holds(&[Role::DropboxSubmitOnly]), rule("dropbox.outside", OUTSIDE)),
    disclosure(Details, &[Workgroup, Dropbox], May(&[Edit]), rule("workgroup.outside", OUTSIDE)),
    disclosure(Bindings, &[Endpoint], May(&[ListRoles]), rule("endpoint.roles-listed", HOLDERS)),
    disclosure(Bindings, &[Item], May(&[ViewShares]), rule("content.shares-listed", HOLDERS)),
    disclosure(Bindings, &[Workspace], May(&[View]), rule("workspace.members-listed", HOLDERS)),
    disclosure(Bindings, &[Package], May(&[View]), rule("package.addressees-told", "decision: who views a package is told who sent it and to whom")),
    disclosure(Bindings, &[Workgroup, Dropbox, Org], May(&[ViewMembers]), rule("workgroup.members-listed", HOLDERS)),
    disclosure(Bindings, &[Group], May(&[ViewMembers]), rule("group.members-listed", GROUP_MEMBERS)),
    disclosure(Bindings, &[Server, Endpoint, Item, Workspace, Workgroup, Dropbox, Org, Group, Package], Party, rule("disclosure.own-bindings", OWN)),
    disclosure(OwnAccess, &[Endpoint], Holds(&[Role::AccessManager]), rule("endpoint.access-managers-content", "decision: an access manager of a private bucket does not see it, and is answered truly about its content")),
    disclosure(OthersAccess, &Kind::ALL, Holds(&[Role::ServerAdmin]), ABOUT_OTHERS),
    disclosure(OthersAccess, &[Workgroup], Holds(&[Role::WorkgroupAdmin]), ABOUT_OTHERS),
    disclosure(OthersAccess, &[Dropbox], Holds(&[Role::DropboxAdmin]), ABOUT_OTHERS),
    disclosure(OthersAccess, &[Item], May(&[AdministerShares]), ABOUT_OTHERS),
    disclosure(OthersAccess, &[Workspace, SigningKey], May(&[Delete]), ABOUT_OTHERS),
    disclosure(OthersAccess, &[AccessToken], May(&[Revoke]), ABOUT_OTHERS),
    disclosure(OthersAccess, &[Media, Stream], May(&[Update]), ABOUT_OTHERS),
    disclosure(OthersAccess, &[Account, Group, Workgroup, Dropbox, Endpoint, Org], May(&[Edit]), ABOUT_OTHERS),
    disclosure(Log, &Kind::ALL, MayOnServer(ViewLog), WHOLE_LOG),
    disclosure(Log, &[Workgroup], Holds(&[Role::WorkgroupAdmin]), PART_OF_LOG),
    disclosure(Log, &[Dropbox], Holds(&[Role::DropboxAdmin]), PART_OF_LOG),
    disclosure(Log, &[Endpoint], Holds(&[Role::EndpointAdministrator]), PART_OF_LOG),
    disclosure(Log, &[Org], Holds(&[Role::OrgAdmin]), PART_OF_LOG),
];

/// The rows that disclose an aspect of a kind of resource; collected once.
#[expect(clippy::indexing_slicing, reason = "the table has an entry for every kind and every aspect")]
pub fn disclosures_for(aspect: Aspect, kind: Kind) -> &'static [&'static Disclosure] {
    static PICKED: [[OnceLock<Vec<&Disclosure>>; ASPECTS]; Kind::ALL.len()] =
        [const { [const { OnceLock::new() }; ASPECTS] }; Kind::ALL.len()];
    let pick = || DISCLOSURES.iter().filter(|row| row.aspect == aspect && row.kinds.contains(&kind)).collect();
    PICKED[kind as usize][aspect as usize].get_or_init(pick)
}

/// The number of aspects.
const ASPECTS: usize = Aspect::Log as usize + 1;

impl Aspect {
    /// The aspect as a phrase.
    pub const fn phrase(self) -> &'static str {
        match self {
            Aspect::Existence => "that it exists, and its name",
            Aspect::Details => "its settings, beyond its name and send policy",
            Aspect::Bindings => "who holds what on it, and who gave it",
            Aspect::OwnAccess => "what the reader may do with its content",
            Aspect::OthersAccess => "what others may do on it",
            Aspect::Log => "what the log says of it",
        }
    }
}

impl Audience {
    /// The audience as a phrase after "to".
    pub fn phrase(self) -> String {
        let any = |verbs: &[Verb]| verbs.iter().map(|verb| verb.as_str()).collect::<Vec<_>>().join(" or ");
        match self {
            Audience::Everybody => "everybody".to_owned(),
            Audience::May(verbs) => format!("who may {} on it", any(verbs)),
            Audience::MayAbove(kind, verbs) => format!("who may {} on the {} it lies in", any(verbs), kind.noun()),
            Audience::SeesAbove => "who knows of what it lies in".to_owned(),
            Audience::MayOnServer(verb) => format!("who may {} on the server", verb.as_str()),
            Audience::Holds(roles) => roles.iter().map(|role| role.qualified()).collect::<Vec<_>>().join(" or "),
            Audience::Invited => "who manages the links of a dropbox it was invited to".to_owned(),
            Audience::Reviewer => "its reviewer".to_owned(),
            Audience::Party => "who holds it, or is in what holds it".to_owned(),
        }
    }
}
