//! Turns the errors of clap into problems in the words of this program.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::model::Problem;
use crate::model::escape::printable;
use crate::model::spelling::closest_match;

/// The problem of a usage error: what is wrong, what may have been meant, and the usage of the command.
pub(super) fn problem(error: &clap::Error) -> Problem {
    // A parser of the model says what is wrong with the value itself.
    if let Some(problem) = error.source().and_then(|source| source.downcast_ref::<Problem>()) {
        return problem.clone();
    }
    let of = |kind: ContextKind| texts(error.get(kind));
    let first = |kind: ContextKind| of(kind).into_iter().next().unwrap_or_default();
    let value = first(ContextKind::InvalidValue);
    let argument = || first(ContextKind::InvalidArg);
    let message = match error.kind() {
        ErrorKind::InvalidValue if value.is_empty() => format!("{} needs a value", quoted(&argument())),
        ErrorKind::InvalidValue => format!("invalid value `{value}` for {}", quoted(&argument())),
        ErrorKind::ValueValidation => {
            let why = error.source().map(|source| format!(": {}", printable(&source.to_string()))).unwrap_or_default();
            format!("invalid value `{value}` for {}{why}", quoted(&argument()))
        }
        ErrorKind::UnknownArgument if argument().starts_with('-') => format!("unknown option {}", quoted(&argument())),
        ErrorKind::UnknownArgument => format!("unexpected argument {}", quoted(&argument())),
        ErrorKind::InvalidSubcommand => format!("unknown command {}", quoted(&first(ContextKind::InvalidSubcommand))),
        ErrorKind::MissingSubcommand => "a command is missing".to_owned(),
        ErrorKind::NoEquals => format!("{} takes its value after `=`", quoted(&argument())),
        ErrorKind::TooManyValues => format!("{} takes no such value: `{value}`", quoted(&argument())),
        ErrorKind::WrongNumberOfValues => {
            format!("{} needs {} values", quoted(&argument()), first(ContextKind::ExpectedNumValues))
        }
        ErrorKind::TooFewValues => format!("{} has too few values", quoted(&argument())),
        ErrorKind::ArgumentConflict => match of(ContextKind::PriorArg) {
            prior if prior.is_empty() || prior == [argument()] => {
                format!("{} cannot be used more than once", quoted(&argument()))
            }
            prior => format!("{} cannot be used with {}", quoted(&argument()), list(&prior)),
        },
        ErrorKind::MissingRequiredArgument => format!("missing {}", list(&of(ContextKind::InvalidArg))),
        ErrorKind::InvalidUtf8 => "an argument is not UTF-8".to_owned(),
        _ => "the arguments are not understood".to_owned(),
    };
    let mut problem = Problem::usage("usage", without_secrets(&message));
    for kind in [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue] {
        let near = of(kind);
        let word =
            [value.clone(), argument(), first(ContextKind::InvalidSubcommand)].into_iter().find(|it| !it.is_empty());
        let nearest = closest_match(&word.unwrap_or_default(), near.iter().map(String::as_str));
        // Clap puts the best suggestion last.
        if let Some(near) = nearest.or(near.last().map(String::as_str)) {
            problem.tips.push(format!("did you mean `{near}`?"));
        }
    }
    let valid = [of(ContextKind::ValidValue), of(ContextKind::ValidSubcommand)].concat();
    if !valid.is_empty() {
        problem.tips.push(format!("one of: {}", valid.join(", ")));
    }
    // The lines of the usage are one command.
    let usage = of(ContextKind::Usage).join(" ");
    if let Some(usage) = usage.trim().strip_prefix("Usage: ") {
        problem.tips.push(usage.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    problem
}

/// The texts in a part of an error.
fn texts(value: Option<&ContextValue>) -> Vec<String> {
    match value {
        Some(ContextValue::String(text)) => vec![printable(text)],
        Some(ContextValue::Strings(texts)) => texts.iter().map(|text| printable(text)).collect(),
        Some(ContextValue::StyledStr(text)) => vec![text.to_string()],
        Some(ContextValue::StyledStrs(texts)) => texts.iter().map(ToString::to_string).collect(),
        Some(ContextValue::Number(number)) => vec![number.to_string()],
        _ => Vec::new(),
    }
}

fn quoted(text: &str) -> String {
    format!("`{text}`")
}

fn list(texts: &[String]) -> String {
    texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ")
}

/// Removes anything that could be a link's secret, so that a secret passed as an argument by mistake is not repeated.
fn without_secrets(text: &str) -> String {
    let of_secret = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut out = String::new();
    let mut word = String::new();
    for character in text.chars().map(Some).chain([None]) {
        match character {
            Some(character) if of_secret(character) => word.push(character),
            other => {
                out.push_str(if word.len() >= 43 { "…" } else { &word });
                word.clear();
                out.extend(other);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(line: &str) -> String {
        let error = super::super::command().try_get_matches_from(line.split(' ')).unwrap_err();
        let problem = problem(&error);
        format!("{} {:?}", problem.message, problem.tips)
    }

    #[test]
    fn mistakes_of_the_command_line_are_reported_in_our_words() {
        for (line, expected) in [
            ("rolebook acount", "unknown command `acount` [\"did you mean `account`?"),
            ("rolebook account ad", "unknown command `ad` [\"did you mean `add`?"),
            ("rolebook account add", "missing `<NAME>` [\"rolebook account add"),
            ("rolebook account add x --rol y", "unknown option `--rol` [\"did you mean `--role`?"),
            ("rolebook account add x y", "unexpected argument `y`"),
            ("rolebook account list -o jsn", "invalid value `jsn` for `--output <FORMAT>` [\"did you mean `json`?"),
            ("rolebook account add x --role", "`--role <ROLE>` needs a value"),
            ("rolebook account list --at 1 --at 2", "`--at <REV|TIME>` cannot be used more than once"),
            ("rolebook audit findings --between 1", "`--between <FROM> <TO>` needs 2 values"),
            ("rolebook apply --plan x y", "cannot be used with"),
            (
                "rolebook plan x --max-removals y",
                "invalid value `y` for `--max-removals <N>`: a whole number is wanted",
            ),
        ] {
            assert!(refusal(line).contains(expected), "{line}: {}", refusal(line));
        }
    }

    /// Whatever value an argument gets, the message about it is never a library's own.
    #[test]
    fn no_argument_is_refused_in_the_words_of_a_library() {
        fn each(command: &clap::Command, path: &[String], visit: &mut dyn FnMut(&[String], &clap::Arg)) {
            for argument in command.get_arguments().filter(|it| it.get_action().takes_values()) {
                visit(path, argument);
            }
            for below in command.get_subcommands() {
                each(below, &[path, &[below.get_name().to_owned()]].concat(), visit);
            }
        }
        let mut whole = super::super::command();
        whole.build();
        let (mut wrong, mut count) = (Vec::new(), 0);
        each(&whole, &["rolebook".to_owned()], &mut |path, argument| {
            let value = match argument.get_long() {
                Some(long) => format!("--{long}=@bad@"),
                None => "@bad@".to_owned(),
            };
            let error = super::super::command().try_get_matches_from(path.iter().chain([&value])).err();
            // The parsers of the model make problems of their own.
            let problem = error.map(|error| problem(&error)).filter(|problem| problem.code == "usage");
            let message = problem.map(|problem| problem.message).unwrap_or_default();
            count += 1;
            let ours = [
                "invalid value",
                "missing `",
                "unexpected argument",
                "cannot be used",
                "needs ",
                "a command is missing",
            ];
            let of_libraries = ["digit", "error", "parse", "provided", "in range", "is not in", "argument '"];
            if !message.is_empty()
                && (!ours.iter().any(|it| message.starts_with(it) || message.contains(it))
                    || of_libraries.iter().any(|it| message.contains(it)))
            {
                wrong.push(format!("{path:?} {value}: {message}"));
            }
        });
        assert!(count > 200, "{count}");
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
