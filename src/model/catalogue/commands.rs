//! The rules of single commands, which no table of actions has.

use super::*;

/// A rule that no table of actions has, with its subject.
#[derive(Clone, Copy, Debug)]
pub struct CommandRule {
    /// What the rule is about, as a phrase.
    pub about: &'static str,
    /// The rule, with its sentence.
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
/// The rule that denies every action that no row gives.
pub const NOT_GRANTED: Rule = rule("not-granted", "decision: what no rule gives is denied");
/// The rule that denies everything to a principal that does not exist.
pub const NOT_THERE: Rule =
    rule("principal.not-there", "decision: a principal that does not exist, or has ended, can do nothing");
/// The rule that denies everything to an access token that was revoked or is expired.
pub const TOKEN_ENDED: Rule = rule(
    "access-token.active",
    "decision: an access token that was revoked or is expired, or whose workspace is gone, can do nothing",
);
/// The rule that an undo requires the right to make each reverse change.
pub const UNDO: Rule = rule("undo.authority", "decision: an undo takes the right to make each of the reverse changes");
/// The rule that nobody transfers what they may not see.
pub const HAND_OVER: Rule =
    rule("account.hand-over", "decision: a server role gives no power over endpoints, organizations or content");
/// The rule that nobody takes the e-mail address of another account.
pub const OWN_ADDRESS: Rule = rule(
    "account.own-address",
    "decision: anyone takes an address for their own that is nobody else's; any other is given by an admin",
);
/// The rule behind the same answer to every link that does not work.
pub const LINK: Rule =
    rule("dropbox.link", "decision: a link that is unknown, revoked, used or expired gets one and the same answer");
/// The rule behind the same answer to every invitation that cannot be accepted: a refused account never learns
/// the real reason.
pub const INVITATION: Rule = rule(
    "org.invitation",
    "decision: an invitation that is unknown, used, expired, cancelled or somebody else's gets one and the same answer",
);
/// The rule that nobody adopts their own account.
pub const OWN_ACCOUNT: Rule = rule(
    "manifest.own-account",
    "decision: a set decides about the accounts that it declares, and nobody decides about their own account",
);
/// The rule that principals share in their own name.
pub const OWN_NAME: Rule = rule(
    "content.own-name",
    "decision: everybody shares in their own name; the operator alone records shares of others",
);
/// The rule about who decides in a review.
pub const REVIEWER: Rule = rule(
    "audit.reviewer",
    "decision: in a review its reviewer decides, or whoever may configure the server if none is named; nobody decides about what they hold themselves",
);

/// The rules of single commands.
pub const COMMAND_RULES: &[CommandRule] = &[
    about("any action of an account that is inactive or expired", ACTIVE_ONLY),
    about("any action of an outside submitter except to submit", OUTSIDERS),
    about("any action that no rule gives", NOT_GRANTED),
    about("any action of a principal that does not exist", NOT_THERE),
    about("any action of an access token that has ended", TOKEN_ENDED),
    about("undoing a revision", UNDO),
    about("transferring what a destroyed account has", HAND_OVER),
    about("changing the e-mail address of the own account", OWN_ADDRESS),
    about("presenting a link of a dropbox", LINK),
    about("accepting an invitation to an organization", INVITATION),
    about("putting an account into a set", OWN_ACCOUNT),
    about("sharing in the name of another account", OWN_NAME),
    about("changing a share that a person made", SHARER_ONLY),
    about("changing an admin share", ADMIN_SHARES),
    about("choosing the class of a share, and changing a share of the system's own classes", OPERATORS_SHARES),
    about("changing a share where sharing is managed", MANAGED_SHARES),
    about("deciding in a review", REVIEWER),
    about("declaring a list `exclusive`", disclosure::EXCLUSIVE_LISTS),
];

/// Every rule, once for each row that has it.
pub fn rules() -> impl Iterator<Item = Rule> {
    let tables = grants()
        .map(|row| row.rule)
        .chain(restrictions().map(|row| row.rule))
        .chain(denial_reasons().map(|row| row.rule));
    let others = disclosure::DISCLOSURES.iter().map(|row| row.rule).chain(COMMAND_RULES.iter().map(|row| row.rule));
    tables.chain(others).chain(PRESETS.into_iter().map(|(.., rule)| rule))
}
