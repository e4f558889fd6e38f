//! [`Problem`]: an error or denial as a value: what happened, why, and what to try.
//!
//! The kind alone picks the exit status. Messages are one line, lower case, without a full stop,
//! with names in backticks; `code` words are snake_case and never change.

use std::fmt;

use super::catalogue::Rule;
use super::escape::printable;

/// The class of a problem; decides the exit status.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ProblemKind {
    /// The command line is wrong (2).
    Usage,
    /// A rule forbids the actor to do this (3).
    Denied,
    /// The resource does not exist, or the actor may not see it (4).
    NotFound,
    /// The request contradicts the state or an invariant, whoever acts (5).
    Conflict,
    /// An input file is invalid (6).
    Input,
    /// The store cannot be used (7).
    Store,
}

impl ProblemKind {
    /// The exit status of a command that fails with this kind of problem.
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

/// An error or a denial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The class of the problem.
    pub kind: ProblemKind,
    /// A fixed word for programs.
    pub code: &'static str,
    /// What happened: one line, lower case, no full stop.
    pub message: String,
    /// The rule or the reason behind it.
    pub why: Option<String>,
    /// The rule that decided, for denials.
    pub rule: Option<Rule>,
    /// What is missing, for denials.
    pub missing: Vec<String>,
    /// What to try: commands that can be typed, or a hint.
    pub tips: Vec<String>,
    /// Further lines that belong to the message: the list of dependents, each refused recipient.
    pub details: Vec<String>,
    /// Whether the details are blocks; see [`with_blocks`](Problem::with_blocks).
    pub(crate) has_blocks: bool,
}

impl Problem {
    /// A problem with its kind, its fixed word and its message.
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

    /// A problem with the command line.
    pub fn usage(code: &'static str, message: impl Into<String>) -> Problem {
        Problem::new(ProblemKind::Usage, code, message)
    }

    /// A conflict with the state or an invariant, whoever acts.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Problem {
        Problem::new(ProblemKind::Conflict, code, message)
    }

    /// A denial by a rule, whose sentence becomes the reason.
    pub fn denied(rule: Rule, message: impl Into<String>) -> Problem {
        let problem = Problem::new(ProblemKind::Denied, "denied", message);
        Problem { rule: Some(rule), why: Some(rule.source.to_owned()), ..problem }
    }

    /// Replaces the fixed word.
    #[must_use]
    pub fn coded(mut self, code: &'static str) -> Problem {
        self.code = code;
        self
    }

    /// A resource does not exist: `what` is `account`, `workgroup` and the like, `name` is the name as written.
    pub fn not_found(what: &str, name: &str) -> Problem {
        Problem::new(ProblemKind::NotFound, "not_found", format!("no such {what}: `{}`", printable(name)))
    }

    /// Adds the reason.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Problem {
        self.why = Some(why.into());
        self
    }

    /// Adds a command or a hint to try.
    #[must_use]
    pub fn tip(mut self, tip: impl Into<String>) -> Problem {
        self.tips.push(tip.into());
        self
    }

    /// Appends blocks of several lines to the message, such as diagnostics with their source line. The
    /// caller has escaped the values in a block, so that every line end belongs to the block itself.
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
