//! Everything that can be wrong, as a value: what happened, why, and what to try.
//!
//! The kind alone picks the exit status. Messages are one line, lower case, without a full stop,
//! with names in backticks; `code` words are snake_case and never change.

use std::fmt;

use super::catalogue::Rule;

/// Whose fault it is; decides the exit status.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ProblemKind {
    /// The command line is wrong (2).
    Usage,
    /// A rule forbids the actor to do this (3).
    Denied,
    /// There is no such thing, or the actor may not see it (4).
    NotFound,
    /// What is asked for contradicts the state or an invariant, whoever asks (5).
    Conflict,
    /// An input file is bad (6).
    Input,
    /// The store cannot be used (7).
    Store,
}

impl ProblemKind {
    /// The exit status of a command that ends with such a problem.
    pub const fn exit_status(self) -> u8 {
        match self {
            ProblemKind::Usage => 2,
            ProblemKind::Denied => 3,
            ProblemKind::NotFound => 4,
            ProblemKind::Conflict => 5,
            ProblemKind::Input => 6,
            ProblemKind::Store => 7,
        }
    }
}

/// A refusal or a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whose fault it is.
    pub kind: ProblemKind,
    /// A fixed word for programs.
    pub code: &'static str,
    /// What happened: one line, lower case, no full stop.
    pub message: String,
    /// The rule or the reason behind it.
    pub why: Option<String>,
    /// The rule that decided, for denials.
    pub rule: Option<Rule>,
    /// What was missing, for denials.
    pub missing: Vec<String>,
    /// What to try: commands that can be typed, or a hint.
    pub tips: Vec<String>,
    /// Further lines that belong to the message: the list of dependents, each refused recipient.
    pub details: Vec<String>,
    /// Whether the details are blocks; see [`with_blocks`](Problem::with_blocks).
    pub(crate) has_blocks: bool,
}

impl Problem {
    /// A problem of some kind, with its fixed word and its message.
    pub(crate) fn new(kind: ProblemKind, code: &'static str, message: impl Into<String>) -> Problem {
        Problem {
            kind,
            code,
            message: message.into(),
            why: None,
            rule: None,
            missing: Vec::new(),
            tips: Vec::new(),
            details: Vec::new(),
            has_blocks: false,
        }
    }

    /// The command line is wrong.
    pub fn usage(code: &'static str, message: impl Into<String>) -> Problem {
        Problem::new(ProblemKind::Usage, code, message)
    }

    /// The state or an invariant forbids it, whoever asks.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Problem {
        Problem::new(ProblemKind::Conflict, code, message)
    }

    /// A rule forbids the actor to do it.
    pub fn denied(rule: Rule, message: impl Into<String>) -> Problem {
        let problem = Problem::new(ProblemKind::Denied, "denied", message);
        Problem { rule: Some(rule), why: Some(rule.source.to_owned()), ..problem }
    }

    /// Gives it another fixed word.
    #[must_use]
    pub fn coded(mut self, code: &'static str) -> Problem {
        self.code = code;
        self
    }

    /// There is no such thing: `what` is `account`, `workgroup` and the like, `name` as it was written.
    pub fn not_found(what: &str, name: &str) -> Problem {
        Problem::new(ProblemKind::NotFound, "not_found", format!("no such {what}: `{}`", super::name::printable(name)))
    }

    /// Adds the reason.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Problem {
        self.why = Some(why.into());
        self
    }

    /// Adds something to try.
    #[must_use]
    pub fn tip(mut self, tip: impl Into<String>) -> Problem {
        self.tips.push(tip.into());
        self
    }

    /// Puts blocks of several lines behind the message, as mistakes with the line they stand on. What
    /// was put into a block is escaped, so that its line ends are its own.
    #[must_use]
    pub fn with_blocks(mut self, blocks: Vec<String>) -> Problem {
        self.details = blocks;
        self.has_blocks = true;
        self
    }

    /// Whether each detail is a block of several lines.
    pub const fn has_blocks(&self) -> bool {
        self.has_blocks
    }

    /// Adds a line that belongs to the message.
    #[must_use]
    pub fn detail(mut self, line: impl Into<String>) -> Problem {
        self.details.push(line.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}
