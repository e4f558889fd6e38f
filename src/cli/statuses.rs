//! The exit statuses of the program, in one table. The manual is generated from it, and a test compares the README with
//! the manual.

use crate::model::ProblemKind;

/// Every exit status with its meaning.
pub(super) const STATUSES: [(u8, &str); 10] = [
    (0, "done; allowed; nothing to report"),
    (NO, "the answer is no"),
    (ProblemKind::Usage.exit_status(), "used wrongly"),
    (ProblemKind::Denied.exit_status(), "a rule forbids the actor to do this"),
    (ProblemKind::NotFound.exit_status(), "no such thing, or not visible to the actor"),
    (
        ProblemKind::Conflict.exit_status(),
        "conflict: exists already, last administrator, dependents, a limit, not confirmed",
    ),
    (ProblemKind::Input.exit_status(), "an input file is bad"),
    (ProblemKind::Store.exit_status(), "the store cannot be used"),
    // A process that Ctrl-C stops ends by the signal; shells report that as this status.
    (130, "interrupted: what was printed is not all there is"),
    (BROKEN_PIPE, "the reader of the answer went away"),
];

/// The status of a command whose reader went away: that of a process killed by SIGPIPE.
pub(super) const BROKEN_PIPE: u8 = 141;

/// The status of a command whose answer is no.
pub(super) const NO: u8 = 1;

/// The commands that can answer no, with the meaning of that answer.
pub(super) const CAN_ANSWER_NO: [(&str, &str); 6] = [
    ("perm check", "the answer is denied; with --batch --all, one of the answers is"),
    ("perm test", "a test failed; with --mutate, no test would notice the loss of a binding"),
    ("perm diff", "there is a difference, with --exit-code"),
    ("plan", "a test fails on the planned state; with --exit-code, there is something to do"),
    ("apply", "a test fails on the state that this leads to, so nothing was changed"),
    ("audit verify", "the history, a checkpoint or a receipt does not fit"),
];

/// The meaning of a status for one command, whose words are joined by hyphens; `None` if the command never ends so.
pub(super) fn meaning(status: u8, meaning: &str, command: &str) -> Option<String> {
    if status != NO {
        return Some(meaning.to_owned());
    }
    let is_own = |words: &str| words.replace(' ', "-") == command;
    CAN_ANSWER_NO.iter().find(|(words, _)| is_own(words)).map(|(_, no)| (*no).to_owned())
}

/// The meaning of a status for all commands; for "no", with the commands that can answer it.
pub(super) fn meaning_to_any(status: u8, meaning: &str) -> String {
    if status != NO {
        return meaning.to_owned();
    }
    let commands: Vec<&str> = CAN_ANSWER_NO.iter().map(|(words, _)| *words).collect();
    format!("{meaning}: {}", commands.join(", "))
}
