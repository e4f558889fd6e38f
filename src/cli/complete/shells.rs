//! The format of completions for each shell, and its quoting.
//!
//! A candidate is a name that anybody may have chosen, so the shell must take it as one literal word. Bash and
//! PowerShell insert candidates unchanged, so this module quotes them; zsh, fish and Elvish quote what they insert.
//! Candidates end with NUL if the shell can read that, since a name in an older store may contain a line end.

use std::ffi::OsString;
use std::fmt::Write;

use crate::model::escape::{escape_hidden, is_hidden};

/// A shell that has a script.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shell {
    Bash,
    Zsh,
    Fish,
    Elvish,
    Powershell,
}

/// A text that may be inserted, and a description of it.
pub(super) struct Candidate {
    pub(super) value: String,
    pub(super) about: String,
}

impl Shell {
    const ALL: [(&'static str, Shell, &'static str); 5] = [
        ("bash", Shell::Bash, include_str!("../../../completions/rolebook.bash")),
        ("zsh", Shell::Zsh, include_str!("../../../completions/_rolebook")),
        ("fish", Shell::Fish, include_str!("../../../completions/rolebook.fish")),
        ("elvish", Shell::Elvish, include_str!("../../../completions/rolebook.elv")),
        ("powershell", Shell::Powershell, include_str!("../../../completions/rolebook.ps1")),
    ];

    /// The shell with this name.
    pub(super) fn from_word(word: &str) -> Option<Shell> {
        Shell::ALL.into_iter().find(|(known, ..)| *known == word).map(|(_, shell, _)| shell)
    }

    /// The script that a shell loads.
    pub(super) fn script(word: &str) -> Option<&'static str> {
        Shell::ALL.into_iter().find(|(known, ..)| *known == word).map(|(.., script)| script)
    }

    /// The words of the line as the program would receive them, and, for bash, the state of the word to complete.
    pub(super) fn words(self, typed: Vec<OsString>, index: usize, breaks: &str) -> (Vec<OsString>, Typed) {
        if self != Shell::Bash {
            return (typed, Typed::default());
        }
        // bash passes words as they are typed, with their quotes.
        let last = typed.get(index).map(|word| Typed::read(&word.to_string_lossy(), breaks)).unwrap_or_default();
        (typed.iter().map(|word| unquoted(&word.to_string_lossy()).0.into()).collect(), last)
    }

    /// The candidates as the script reads them.
    pub(super) fn written(self, candidates: &[Candidate], typed: &Typed) -> String {
        let mut out = String::new();
        for Candidate { value, about } in candidates {
            let _ = match self {
                Shell::Bash => match typed.rest_of(value) {
                    Some(rest) => write!(out, "{}\0", bash(rest, typed.quote)),
                    None => Ok(()),
                },
                Shell::Zsh if about.is_empty() => write!(out, "{value}\0{}\0", escape_hidden(value)),
                Shell::Zsh => write!(out, "{value}\0{}  -- {}\0", escape_hidden(value), escape_hidden(about)),
                // A tab would begin the description.
                Shell::Fish if value.contains('\t') => Ok(()),
                Shell::Fish => write!(out, "{value}\t{}\0", escape_hidden(about)),
                Shell::Elvish => write!(out, "{value}\0"),
                Shell::Powershell => {
                    let about = if about.is_empty() { value } else { about };
                    writeln!(out, "{}\t{}\t{}", powershell(value), escape_hidden(value), escape_hidden(about))
                }
            };
        }
        out
    }
}

/// The state of the word that bash completes.
#[derive(Default, Debug, PartialEq, Eq)]
pub(super) struct Typed {
    /// The part that bash keeps, without quotes: up to an open quote, or to the last character that it splits at.
    kept: String,
    /// The open quote, if there is one.
    quote: Option<char>,
}

impl Typed {
    fn read(word: &str, breaks: &str) -> Typed {
        let (_, open) = unquoted(word);
        if let Some((position, quote)) = open {
            return Typed { kept: unquoted(word.get(..position).unwrap_or_default()).0, quote: Some(quote) };
        }
        let end = word.rfind(|it| breaks.contains(it)).map_or(0, |position| position + 1);
        Typed { kept: unquoted(word.get(..end).unwrap_or_default()).0, quote: None }
    }

    /// The part of a candidate that bash inserts; `None` if the candidate does not begin with the kept part.
    fn rest_of<'v>(&self, value: &'v str) -> Option<&'v str> {
        // Names are compared without case, but the kept part stays as it was typed.
        let rest = value.get(self.kept.len()..)?;
        value.get(..self.kept.len()).filter(|front| front.eq_ignore_ascii_case(&self.kept)).map(|_| rest)
    }
}

/// A word of a POSIX shell without its quotes, and the position and sign of an open quote. Nothing is expanded.
fn unquoted(word: &str) -> (String, Option<(usize, char)>) {
    let (mut out, mut open) = (String::new(), None);
    let mut letters = word.char_indices();
    while let Some((position, letter)) = letters.next() {
        match (open, letter) {
            (None, '\'' | '"') => open = Some((position, letter)),
            (Some((_, quote)), _) if letter == quote => open = None,
            (Some((_, '\'')), _) => out.push(letter),
            (_, '\\') => match letters.next() {
                Some((_, next)) if open.is_none() || matches!(next, '$' | '`' | '"' | '\\') => out.push(next),
                Some((_, next)) => out.extend(['\\', next]),
                None => {}
            },
            _ => out.push(letter),
        }
    }
    (out, open)
}

/// Quotes a text so that bash takes it literally, outside of quotes or after an open one.
fn bash(text: &str, quote: Option<char>) -> String {
    let mut out = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if is_hidden(letter) {
            // A quoted run of its own, in bytes: older versions do not know `\u`.
            out.extend(quote);
            out.push_str("$'");
            let mut hidden = letter;
            loop {
                for byte in hidden.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(out, "\\{byte:03o}");
                }
                match letters.next_if(|next| is_hidden(*next)) {
                    Some(next) => hidden = next,
                    None => break,
                }
            }
            out.push('\'');
            out.extend(quote);
            continue;
        }
        match quote {
            Some('\'') if letter == '\'' => out.push_str("'\\''"),
            // A backslash before it would remain in the text.
            Some('"') if letter == '!' => out.push_str("\"'!'\""),
            Some('"') if matches!(letter, '$' | '`' | '"' | '\\') => out.extend(['\\', letter]),
            Some(_) => out.push(letter),
            None if letter.is_ascii() && !is_plain(letter) => out.extend(['\\', letter]),
            None => out.push(letter),
        }
    }
    // If the text ends with the quote, bash takes that for the closing one and adds none.
    if quote.is_some_and(|quote| out.ends_with(quote)) {
        out.extend(quote);
    }
    out
}

/// Whether an ASCII character is literal in bash at every position of a word.
const fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | ',' | '/' | ':' | '@' | '=' | '+' | '%')
}

/// Quotes a text so that PowerShell takes it literally.
fn powershell(text: &str) -> String {
    // PowerShell takes typographic quotes for quotes.
    let is_single = |it: char| matches!(it, '\'' | '\u{2018}'..='\u{201b}');
    let is_double = |it: char| matches!(it, '"' | '\u{201c}'..='\u{201e}');
    let plain = |it: char| it.is_alphanumeric() || matches!(it, '-' | '_' | '.' | '/' | ':' | '=' | '+');
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    if !text.contains(is_hidden) {
        let doubled = text.chars().flat_map(|it| std::iter::repeat_n(it, if is_single(it) { 2 } else { 1 }));
        return format!("'{}'", doubled.collect::<String>());
    }
    let mut out = String::from("\"");
    for letter in text.chars() {
        if is_hidden(letter) {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "$([char]0x{unit:x})");
            }
        } else if matches!(letter, '`' | '$') || is_double(letter) {
            out.extend(['`', letter]);
        } else {
            out.push(letter);
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const NAMES: [&str; 12] = [
        "plain",
        "a b",
        "pw$(touch PWNED)",
        "`touch PWNED`",
        "it's \"quoted\"",
        "back\\slash!!",
        "line\nend\ttab\u{1b}[2J",
        "zero\u{200b}width",
        "-rf",
        "~root/*?[a]",
        "a;b&&c|d>e<f#g{h,i}",
        "ünï 日本",
    ];

    /// Bash itself expands the quoted text.
    #[test]
    fn bash_takes_quoted_text_literally() {
        for name in NAMES {
            for (open, close) in [(None, ""), (Some('\''), "'"), (Some('"'), "\"")] {
                let begin = open.map(String::from).unwrap_or_default();
                let text = bash(name, open);
                // Bash completes the quote in the same way.
                let close = if open.is_some_and(|quote| text.ends_with(quote)) { "" } else { close };
                let script = format!("printf '%s' {begin}{text}{close}");
                let output = Command::new("bash").args(["-c", &script]).output().unwrap();
                assert_eq!(String::from_utf8(output.stdout).unwrap(), name, "{script}");
            }
        }
    }

    #[test]
    fn words_lose_their_quotes_and_nothing_is_expanded() {
        for (typed, read, open) in [
            ("a\\ b", "a b", None),
            ("'a b'c", "a bc", None),
            ("'a$(x", "a$(x", Some((0, '\''))),
            ("group:\"e\\$d", "group:e$d", Some((6, '"'))),
            ("\"a\\b\"", "a\\b", None),
            ("end\\", "end", None),
        ] {
            assert_eq!(unquoted(typed), (read.to_owned(), open), "{typed}");
        }
        assert_eq!(Typed::read("group:ed", ":@="), Typed { kept: "group:".to_owned(), quote: None });
        assert_eq!(Typed::read("group:'e:d", ":@="), Typed { kept: "group:".to_owned(), quote: Some('\'') });
        assert_eq!(Typed::read("ed", ":@=").rest_of("editors"), Some("editors"));
        assert_eq!(Typed::read("Group:ed", ":").rest_of("group:editors"), Some("editors"));
        assert_eq!(Typed::read("user:ed", ":").rest_of("group:editors"), None);
    }

    #[test]
    fn powershell_takes_quoted_text_literally() {
        for (name, quoted) in [
            ("plain", "plain"),
            ("pw$(touch PWNED)", "'pw$(touch PWNED)'"),
            ("it's", "'it''s'"),
            ("it\u{2019}s", "'it\u{2019}\u{2019}s'"),
            ("`$x`\n\u{201c}", "\"```$x``$([char]0xa)`\u{201c}\""),
            ("@x", "'@x'"),
        ] {
            assert_eq!(powershell(name), quoted);
        }
    }
}
