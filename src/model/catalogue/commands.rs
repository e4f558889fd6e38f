//! The rules of single commands: what they go by beside the tables of actions.

use super::*;

/// A rule that no table of actions has, and what it is about.
#[derive(Clone, Copy, Debug)]
pub struct CommandRule {
    /// What goes by it, as a phrase.
    pub about: &'static str,
    /// Who says so.
    pub rule: Rule,
}

const fn about(about: &'static str, rule: Rule) -> CommandRule {
    CommandRule { about, rule }
}

/// The rule that denies an inactive or expired account everything.
pub const ACTIVE_ONLY: Rule = rule(
    "account.active",
    "product: an account that is inactive or expired can do nothing; what it shared stays in force",
);
/// The rule that denies outsiders everything but submitting.
pub const OUTSIDERS: Rule = rule("dropbox.outsiders-submit-only", super::workgroups::DROPBOX_ONE_WAY);
/// The rule that denies what no row gives.
pub const NOT_GRANTED: Rule = rule("not-granted", "decision: what no rule gives is denied");
/// The rule that denies everything to whoever is not there.
pub const NOT_THERE: Rule =
    rule("principal.not-there", "decision: whoever is not there, or is no more, can do nothing");
/// The rule that denies everything to an access token that was revoked or is expired.
pub const TOKEN_ENDED: Rule = rule(
    "access-token.active",
    "decision: an access token that was revoked or is expired, or whose workspace is gone, can do nothing",
);
/// The rule that an undo takes the rights of its reverse changes.
pub const UNDO: Rule = rule("undo.authority", "decision: an undo takes the right to make each of the reverse changes");
/// The rule that nobody hands over what they may not see.
pub const HAND_OVER: Rule =
    rule("account.hand-over", "decision: a server role gives no power over endpoints, organizations or content");
/// The rule that nobody takes another's address.
pub const OWN_ADDRESS: Rule = rule(
    "account.own-address",
    "decision: anyone takes an address for their own that is nobody else's; any other is given by an admin",
);
/// The rule behind the one answer to links that do not work.
pub const LINK: Rule =
    rule("dropbox.link", "decision: a link that is unknown, revoked, used or expired gets one and the same answer");
/// The rule behind the one answer to invitations that cannot be accepted: the true reason of one is told to
/// nobody who was refused.
pub const INVITATION: Rule = rule(
    "org.invitation",
    "decision: an invitation that is unknown, used, expired, cancelled or somebody else's gets one and the same answer",
);
/// The rule that nobody adopts their own account.
pub const OWN_ACCOUNT: Rule = rule(
    "manifest.own-account",
    "decision: whoever declares a thing decides what becomes of it, and nobody does so of their own account",
);
/// The rule that everybody shares in their own name.
pub const OWN_NAME: Rule = rule(
    "content.own-name",
    "decision: everybody shares in their own name; the operator alone records shares of others",
);

/// The rules of single commands.
pub const COMMAND_RULES: &[CommandRule] = &[
    about("whatever an account does that is inactive or expired", ACTIVE_ONLY),
    about("whatever an outside submitter does but submit", OUTSIDERS),
    about("what no rule gives", NOT_GRANTED),
    about("whatever a principal does that is not there", NOT_THERE),
    about("what an access token does, and which of them cannot be used", TOKEN_ENDED),
    about("undoing a revision", UNDO),
    about("handing over what an account has that is destroyed", HAND_OVER),
    about("taking an e-mail address for one's own", OWN_ADDRESS),
    about("presenting a link of a dropbox", LINK),
    about("accepting an invitation to an organization", INVITATION),
    about("putting an account into a set", OWN_ACCOUNT),
    about("sharing in the name of somebody", OWN_NAME),
    about("changing a share that a person made", SHARER_ONLY),
    about("changing an admin share", ADMIN_SHARES),
    about("saying of which class a share is, and changing one of the system's own", OPERATORS_SHARES),
    about("changing a share where sharing is managed", MANAGED_SHARES),
    about("saying that nobody else may be in a list", disclosure::EXCLUSIVE_LISTS),
];

/// Every rule there is, each as often as a row has it.
pub fn rules() -> impl Iterator<Item = Rule> {
    let tables = grants()
        .map(|row| row.rule)
        .chain(restrictions().map(|row| row.rule))
        .chain(denial_reasons().map(|row| row.rule));
    let others = disclosure::DISCLOSURES.iter().map(|row| row.rule).chain(COMMAND_RULES.iter().map(|row| row.rule));
    tables.chain(others).chain(PRESETS.into_iter().map(|(.., rule)| rule))
}
