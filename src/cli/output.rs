//! Writes errors as text or JSON, and determines the exit status. All errors of the program pass through here.

use std::io::Write;

use clap::error::ErrorKind;
use serde_json::{Map, Value, json};

use super::usage;
use crate::model::{Problem, ProblemKind};
use crate::render::{self, Text, Tone};

/// Writes a problem to standard error; returns the exit status.
pub(super) fn problem(problem: &Problem, as_json: bool, colour: bool, err: &mut dyn Write) -> u8 {
    // If this fails, there is nowhere left to report it.
    let _ = if as_json {
        writeln!(err, "{}", render::json::text(&object(problem)))
    } else {
        lines(problem, colour).write(err)
    };
    problem.kind.exit_status()
}

fn lines(problem: &Problem, colour: bool) -> Text {
    let mut text = Text::new(colour);
    text.toned(Tone::Bad, "rolebook:");
    text.line(&format!(" {}", problem.message));
    for detail in &problem.details {
        if problem.has_blocks() {
            for (index, line) in detail.split('\n').enumerate() {
                text.line(&format!("{}{line}", if index == 0 { "  - " } else { "" }));
            }
        } else {
            text.line(&format!("  - {detail}"));
        }
    }
    if let Some(why) = &problem.why {
        text.line(&format!("  why: {why}"));
    }
    for tip in &problem.tips {
        text.line(&format!("  try: {tip}"));
    }
    text
}

/// A problem as a JSON object.
pub(super) fn object(problem: &Problem) -> Value {
    let mut error = Map::new();
    error.insert("code".to_owned(), json!(problem.code));
    error.insert("message".to_owned(), json!(problem.message));
    if !problem.details.is_empty() {
        error.insert("details".to_owned(), json!(problem.details));
    }
    error.insert("why".to_owned(), json!(problem.why));
    error.insert("rule".to_owned(), json!(problem.rule.map(|rule| rule.name)));
    error.insert("missing".to_owned(), json!(problem.missing));
    error.insert("try".to_owned(), json!(problem.tips));
    json!({ "error": error })
}

/// Writes the parser's output: help and the version to standard output, mistakes to standard error.
pub(super) fn usage(error: &clap::Error, as_json: bool, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let text = if colourful() { error.render().ansi().to_string() } else { error.render().to_string() };
            match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
                Ok(()) => 0,
                Err(_) => super::statuses::BROKEN_PIPE,
            }
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = err.write_all(error.render().to_string().as_bytes());
            ProblemKind::Usage.exit_status()
        }
        _ => problem(&usage::problem(error), as_json, false, err),
    }
}

fn colourful() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stdout())
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
