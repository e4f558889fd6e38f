//! What each shell is sent, and how it quotes.
//!
//! A candidate is a name that anybody may have chosen. So it goes to the shell as one word that means
//! itself: bash and PowerShell insert what they are given, so it is quoted here; zsh, fish and Elvish
//! quote what they insert. Candidates end with NUL where the shell can read that, since a name in an
//! older store may hold a line end.

use std::ffi::OsString;
use std::fmt::Write;

use crate::model::escape::{escape_hidden, is_hidden};

/// A shell there is a script for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shell {
    Bash,
    Zsh,
    Fish,
    Elvish,
    Powershell,
}

/// What may be inserted, and what it is.
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

    /// The shell of a word.
    pub(super) fn from_word(word: &str) -> Option<Shell> {
        Shell::ALL.into_iter().find(|(known, ..)| *known == word).map(|(_, shell, _)| shell)
    }

    /// The script that a shell loads.
    pub(super) fn script(word: &str) -> Option<&'static str> {
        Shell::ALL.into_iter().find(|(known, ..)| *known == word).map(|(.., script)| script)
    }

    /// The words of the line as the program would be given them, and what bash needs to know of the last.
    pub(super) fn words(self, typed: Vec<OsString>, index: usize, breaks: &str) -> (Vec<OsString>, Typed) {
        if self != Shell::Bash {
            return (typed, Typed::default());
        }
        // bash hands over words as they are typed, with their quotes.
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

/// How far the word that bash completes is typed.
#[derive(Default, Debug, PartialEq, Eq)]
pub(super) struct Typed {
    /// What bash keeps, without quotes: up to an open quote, or to the last character that it splits at.
    kept: String,
    /// The quote that is open.
    quote: Option<char>,
}

impl Typed {
    fn read(word: &str, breaks: &str) -> Typed {
        let (_, open) = unquoted(word);
        if let Some((place, quote)) = open {
            return Typed { kept: unquoted(word.get(..place).unwrap_or_default()).0, quote: Some(quote) };
        }
        let end = word.rfind(|it| breaks.contains(it)).map_or(0, |place| place + 1);
        Typed { kept: unquoted(word.get(..end).unwrap_or_default()).0, quote: None }
    }

    /// What bash puts in place of the word, of a candidate.
    fn rest_of<'v>(&self, value: &'v str) -> Option<&'v str> {
        // Names are compared without case, but what is kept stays as it is typed.
        let rest = value.get(self.kept.len()..)?;
        value.get(..self.kept.len()).filter(|front| front.eq_ignore_ascii_case(&self.kept)).map(|_| rest)
    }
}

/// A word of a POSIX shell without its quotes, and where a quote is open, if one is. Nothing is expanded.
fn unquoted(word: &str) -> (String, Option<(usize, char)>) {
    let (mut out, mut open) = (String::new(), None);
    let mut letters = word.char_indices();
    while let Some((place, letter)) = letters.next() {
        match (open, letter) {
            (None, '\'' | '"') => open = Some((place, letter)),
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

/// A text as bash takes it for itself, outside of quotes or where one is open.
fn bash(text: &str, quote: Option<char>) -> String {
    let mut out = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if is_hidden(letter) {
            // Quotes of their own, in bytes: older versions know no `\u`.
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
            // A backslash before it would stay there.
            Some('"') if letter == '!' => out.push_str("\"'!'\""),
            Some('"') if matches!(letter, '$' | '`' | '"' | '\\') => out.extend(['\\', letter]),
            Some(_) => out.push(letter),
            None if letter.is_ascii() && !is_plain(letter) => out.extend(['\\', letter]),
            None => out.push(letter),
        }
    }
    // What ends with the quote is taken for closed by it, and none is added.
    if quote.is_some_and(|quote| out.ends_with(quote)) {
        out.extend(quote);
    }
    out
}

/// Whether a character of ASCII means itself in bash wherever it stands in a word.
const fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | ',' | '/' | ':' | '@' | '=' | '+' | '%')
}

/// A text as PowerShell takes it for itself.
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

    /// bash itself says what a quoted text means.
    #[test]
    fn bash_takes_what_is_quoted_for_itself() {
        for name in NAMES {
            for (open, close) in [(None, ""), (Some('\''), "'"), (Some('"'), "\"")] {
                let begin = open.map(String::from).unwrap_or_default();
                let text = bash(name, open);
                // As bash does itself.
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
    fn powershell_is_given_texts_that_mean_themselves() {
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
