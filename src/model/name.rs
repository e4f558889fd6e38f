//! Names: which are valid, and when two are equal.
//!
//! Names are compared without case after Unicode normalization (NFC) and shown as first written;
//! the compared form is called the key.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::escape::{escape_hidden, is_hidden, printable};
use super::platform_id::{ID_PREFIX, PlatformId};
use super::problem::Problem;

/// Maximum length of a name, in characters.
const MAX_CHARS: usize = 255;
/// Characters with a meaning in references, paths and lists.
const FORBIDDEN: [char; 5] = [';', ':', '/', '*', '\\'];
/// Words that name a class of principals.
const RESERVED: [&str; 2] = ["authenticated", "anyone"];
/// Words that name an actor on the command line or in output. New names must not equal them.
const RESERVED_FOR_NEW: [&str; 2] = ["me", "operator"];

/// The rule for names, as a sentence.
const RULE: &str = "a name has 1 to 255 characters that can be seen, none of `;` `:` `/` `*` `\\` `#`, and no space at either \
                    end; it is not `authenticated`, `anyone`, `me` or `operator`";

/// A valid name with its key.
///
/// [`Name::parse`] accepts every name that a store may hold, also those of older versions. Names of new
/// resources must pass the stricter [`Name::check_new`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Name {
    as_written: Arc<str>,
    /// The compared form. Shares the text of `as_written` if both are equal, as they mostly are.
    key: Arc<str>,
}

impl Name {
    /// Parses a name.
    ///
    /// # Errors
    /// A usage problem that says which rule the text breaks.
    pub fn parse(text: &str) -> Result<Name, Problem> {
        let wrong =
            |why: &str| Problem::usage("bad_name", format!("`{}` is not a name: {why}", printable(text))).why(RULE);
        if is_plain(text) {
            let shown: Arc<str> = text.into();
            return Ok(Name { key: Arc::clone(&shown), as_written: shown });
        }
        let shown: Cow<'_, str> = if is_nfc(text) { text.into() } else { text.nfc().collect() };
        if shown.is_empty() {
            return Err(wrong("it is empty"));
        }
        if shown.chars().count() > MAX_CHARS {
            return Err(wrong("it is longer than 255 characters"));
        }
        if shown.chars().any(char::is_control) {
            return Err(wrong("it holds a control character"));
        }
        if let Some(character) = shown.chars().find(|c| FORBIDDEN.contains(c)) {
            return Err(wrong(&format!("it holds `{character}`")));
        }
        if shown.trim() != shown {
            return Err(wrong("it begins or ends with a space"));
        }
        let key = key(&shown);
        if RESERVED.contains(&&*key) {
            return Err(wrong("the word is reserved for a class"));
        }
        let shown: Arc<str> = shown.into();
        let key = if key == *shown { Arc::clone(&shown) } else { key.into() };
        Ok(Name { as_written: shown, key })
    }

    /// The external id of a resource in place of its name, for lookups: [`Facts::named`](crate::policy::Facts::named)
    /// finds the resource by either.
    pub fn of_id(id: &PlatformId) -> Name {
        let text: Arc<str> = format!("{ID_PREFIX}{id}").into();
        Name { key: Arc::clone(&text), as_written: text }
    }

    /// Whether this is an external id in place of a name.
    pub fn is_id(&self) -> bool {
        self.key.starts_with(ID_PREFIX)
    }

    /// Checks that a new resource may have this name: no hidden character, no `#`, and not `me` or `operator`
    /// (docs/model.md#names). Older stores may hold such names, which stay readable.
    ///
    /// # Errors
    /// A usage problem that says which rule the name breaks.
    pub fn check_new(&self) -> Result<(), Problem> {
        let what = match self.as_written.chars().find(|it| is_hidden(*it) || *it == '#') {
            Some('#') => "it holds `#`".to_owned(),
            Some(hidden) => format!("it holds `{}`, which cannot be seen", escape_hidden(&hidden.to_string())),
            None if self.is_id() => "it is an external id".to_owned(),
            None if RESERVED_FOR_NEW.contains(&&*self.key) => "the word is reserved for an actor".to_owned(),
            None => return Ok(()),
        };
        let message = format!("`{}` is not a valid new name: {what}", printable(&self.as_written));
        Err(Problem::usage("bad_name", message).why(RULE))
    }

    /// Parses an e-mail address as a name: the name of an outside submitter.
    ///
    /// # Errors
    /// As [`Name::parse`], and for a text that is not an e-mail address.
    pub fn parse_email(text: &str) -> Result<Name, Problem> {
        let wrong = || {
            Problem::usage("bad_email", format!("`{}` is not an e-mail address", printable(text)))
                .tip("write it as `someone@example.com`")
        };
        let name = Name::parse(text).map_err(|_| wrong())?;
        let (local, domain) = text.split_once('@').ok_or_else(wrong)?;
        let plain = |part: &str| {
            !part.is_empty()
                && !part
                    .contains(|c: char| c == '@' || c == ',' || c == '<' || c == '>' || c == '"' || c.is_whitespace())
        };
        let domain_ok =
            plain(domain) && !domain.starts_with(['.', '-']) && !domain.ends_with(['.', '-']) && !domain.contains("..");
        let local_ok = plain(local) && !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
        if domain_ok && local_ok { Ok(name) } else { Err(wrong()) }
    }

    /// Parses a new e-mail address, of an account or for an invitation.
    ///
    /// # Errors
    /// As [`Name::parse_email`] and [`Name::check_new`].
    pub fn parse_new_email(text: &str) -> Result<Name, Problem> {
        let name = Name::parse_email(text)?;
        name.check_new()?;
        Ok(name)
    }

    /// The name as first written.
    pub fn as_written(&self) -> &str {
        &self.as_written
    }

    /// The compared form: two names are equal if their keys are.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.as_written)
    }
}

/// Whether a text is a valid name that is its own key, as most names are. Then no other check is needed.
fn is_plain(text: &str) -> bool {
    (1..=MAX_CHARS).contains(&text.len())
        && text.bytes().all(|it| matches!(it, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'@'))
        && !RESERVED.contains(&text)
}

/// The compared form of a text: NFC, without case.
///
/// Upper case first, then lower: this makes `ß` equal to `ss` and the two small sigmas equal, which
/// lower case alone would not do.
pub fn key(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let folded: String = text.nfc().collect::<String>().to_uppercase().to_lowercase();
    folded.nfc().collect()
}

/// A name quoted for a shell, if it needs quotes.
pub fn shell_quote(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | ':' | '+' | ',' | '/');
    if !name.is_empty() && !name.starts_with('-') && name.chars().all(plain) {
        name.to_owned()
    } else {
        format!("'{}'", name.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_after_normalization() {
        for (a, b) in [("Alice", "aLICE"), ("Café", "CAFE\u{301}"), ("Straße", "STRASSE"), ("ΣΑΣ", "σας")] {
            assert_eq!(Name::parse(a).unwrap().key(), Name::parse(b).unwrap().key(), "{a} {b}");
        }
    }

    #[test]
    fn bad_names_are_refused() {
        let long = "x".repeat(256);
        for bad in ["", " a", "a ", "a:b", "a;b", "a/b", "a*", "a\\b", "a\nb", "a\0", "Anyone", "authenticated", &long]
        {
            assert!(Name::parse(bad).is_err(), "{bad:?}");
        }
        for good in ["a", "ünï", "bob@example.com", "-dash", "a b", &"x".repeat(255)] {
            assert!(Name::parse(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn a_new_name_is_visible_and_not_reserved() {
        for old in
            ["a\u{200b}b", "a\u{202e}b", "\u{feff}a", "a\u{ad}b", "a\u{e000}", "a\u{fe0f}", "a#b", "Me", "operator"]
        {
            let name = Name::parse(old).unwrap();
            assert_eq!(name.check_new().unwrap_err().code, "bad_name", "{old:?}");
        }
        for new in ["a", "ünï", "日本", "नमस्ते", "a b", "-x", "meme"] {
            assert_eq!(Name::parse(new).unwrap().check_new(), Ok(()), "{new:?}");
        }
    }

    #[test]
    fn names_are_quoted_for_a_shell() {
        for (name, word) in [
            ("bob", "bob"),
            ("bob smith", "'bob smith'"),
            ("o'brien", "'o'\\''brien'"),
            ("-x", "'-x'"),
            ("$HOME", "'$HOME'"),
        ] {
            assert_eq!(shell_quote(name), word);
        }
    }

    #[test]
    fn addresses_have_one_at_sign_and_a_domain() {
        for bad in ["a", "a@", "@b", "a@b@c", "a b@c", "a@-b", "a@b..c", "a@b,c@d"] {
            assert!(Name::parse_email(bad).is_err(), "{bad:?}");
        }
        assert!(Name::parse_email("vendor@example.com").is_ok());
    }
}
