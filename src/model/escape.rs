//! Hidden characters, and how output escapes them.
//!
//! A control or format character in a name, a path or a reason can move the cursor, reverse the reading
//! direction or fake a line of our output. So output never contains one: people see an escape, and
//! programs get an escape that reads back as the same text.

use std::borrow::Cow;
use std::fmt::Write;

use serde_json::Value;

/// The hidden characters from DEL on: control characters of Latin-1, the general categories Cf, Zl and Zp,
/// private use, and `Default_Ignorable_Code_Point` (Unicode 16).
const HIDDEN: [(char, char); 27] = [
    ('\u{7f}', '\u{9f}'),
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{e000}', '\u{f8ff}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    // Tags and variation selectors, and the private use planes.
    ('\u{e0000}', '\u{10ffff}'),
];

/// Whether a character is invisible or changes how other characters look: control, format, private-use
/// and default-ignorable characters, and the separators of lines and paragraphs.
pub fn is_hidden(character: char) -> bool {
    match character {
        ' '..='~' => false,
        '\0'..' ' => true,
        _ => {
            let index = HIDDEN.partition_point(|(_, last)| *last < character);
            HIDDEN.get(index).is_some_and(|(first, _)| *first <= character)
        }
    }
}

/// Whether a text has no hidden character.
pub fn is_visible(text: &str) -> bool {
    // No early exit: then the compiler compares many bytes at once.
    text.bytes().fold(true, |all, byte| all & matches!(byte, b' '..=b'~')) || !text.chars().any(is_hidden)
}

/// Escapes a text for people: hidden characters become `\n`, `\u{1b}` and the like.
pub fn escape_hidden(text: &str) -> Cow<'_, str> {
    if is_visible(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        push_escaped(&mut out, character);
    }
    Cow::Owned(out)
}

/// A text for one line of a message: hidden characters are escaped, and long texts are cut.
pub fn printable(text: &str) -> String {
    let mut out = String::new();
    for (count, character) in text.chars().enumerate() {
        if count >= 80 {
            out.push('…');
            break;
        }
        push_escaped(&mut out, character);
    }
    out
}

/// Appends a character, escaped for people.
pub fn push_escaped(out: &mut String, character: char) {
    if is_hidden(character) {
        out.extend(character.escape_default());
    } else {
        out.push(character);
    }
}

/// The start of an escape in a cell.
const ESCAPE: &str = "\\u{";

/// Escapes a text for a cell of CSV or TSV: every hidden character becomes like `\u{1b}`, and a literal `\u{`
/// becomes `\u{5c}u{`. [`unescape_cell`] reverses this; any other backslash is literal.
pub fn escape_cell(text: &str) -> Cow<'_, str> {
    escape_cell_except(text, &[])
}

/// As [`escape_cell`], except for characters that the format itself escapes.
pub fn escape_cell_except<'t>(text: &'t str, kept: &[char]) -> Cow<'t, str> {
    if is_visible(text) && !text.contains(ESCAPE) {
        return Cow::Borrowed(text);
    }
    let text = text.replace(ESCAPE, "\\u{5c}u{");
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_hidden(character) && !kept.contains(&character) {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

/// Reverses [`escape_cell`]. Text that is not a valid escape is left as it is.
pub fn unescape_cell(cell: &str) -> Cow<'_, str> {
    if !cell.contains(ESCAPE) {
        return Cow::Borrowed(cell);
    }
    let (mut out, mut rest) = (String::with_capacity(cell.len()), cell);
    while let Some((before, after)) = rest.split_once(ESCAPE) {
        out.push_str(before);
        let read = after.split_once('}').and_then(|(digits, behind)| {
            let is_short = (1..=6).contains(&digits.len()) && digits.bytes().all(|it| it.is_ascii_hexdigit());
            let code = if is_short { u32::from_str_radix(digits, 16).ok() } else { None };
            Some((char::from_u32(code?)?, behind))
        });
        match read {
            Some((character, behind)) => {
                out.push(character);
                rest = behind;
            }
            None => {
                out.push_str(ESCAPE);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Replaces a hidden character in a YAML scalar that the YAML library would write unescaped. The library
/// escapes this character and therefore quotes the scalar. The number of the hidden character follows.
const PLACEHOLDER: char = '\u{ffff}';
/// The placeholder as the library writes it.
const PLACEHOLDER_ESCAPE: &str = "\\uFFFF";

/// A copy of a value with placeholders for hidden characters; `None` if it has none. The YAML of the copy
/// goes through [`replace_placeholders`].
pub fn with_placeholders(value: &Value) -> Option<Value> {
    needs_marks(value).then(|| with_marks(value))
}

/// Whether a value needs placeholders. Most do not, so this check avoids the copy.
fn needs_marks(value: &Value) -> bool {
    match value {
        Value::String(text) => text_needs_marks(text),
        Value::Array(items) => items.iter().any(needs_marks),
        Value::Object(fields) => fields.iter().any(|(key, value)| text_needs_marks(key) || needs_marks(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn with_marks(value: &Value) -> Value {
    let text = |text: &String| text_with_placeholders(text).unwrap_or_else(|| text.clone());
    match value {
        Value::String(it) => Value::String(text(it)),
        Value::Array(items) => items.iter().map(with_marks).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(key, value)| (text(key), with_marks(value))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// Whether a character needs a placeholder. The library escapes control characters itself.
fn is_marked(character: char) -> bool {
    character == PLACEHOLDER || (is_hidden(character) && !character.is_control())
}

fn text_needs_marks(text: &str) -> bool {
    // Most texts are plain and need no further check.
    let is_plain = text.bytes().fold(true, |all, byte| all & matches!(byte, b' '..=b'~') & (byte != b'\\'));
    !is_plain && (text.contains(is_marked) || text.contains(PLACEHOLDER_ESCAPE))
}

/// A text with placeholders; `None` if it needs none.
pub fn text_with_placeholders(text: &str) -> Option<String> {
    if !text_needs_marks(text) {
        return None;
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if is_marked(character) || rest.starts_with(PLACEHOLDER_ESCAPE) {
            let _ = write!(out, "{PLACEHOLDER}{:08X}", u32::from(character));
        } else {
            out.push(character);
        }
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
    }
    Some(out)
}

/// Replaces each placeholder in YAML by the escape of its hidden character.
pub fn replace_placeholders(yaml: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(yaml.len()), yaml);
    while let Some(index) = rest.find('\\') {
        let (before, escape) = rest.split_at(index);
        out.push_str(before);
        let number = escape.strip_prefix(PLACEHOLDER_ESCAPE).and_then(|behind| behind.get(..8));
        let length = match number.filter(|digits| digits.bytes().all(|it| it.is_ascii_hexdigit())) {
            Some(digits) => {
                out.push_str("\\U");
                out.push_str(digits);
                PLACEHOLDER_ESCAPE.len() + 8
            }
            // An escaped backslash is two backslashes, and neither starts a placeholder.
            None => {
                let length = 1 + escape.chars().nth(1).map_or(0, char::len_utf8);
                out.push_str(escape.get(..length).unwrap_or_default());
                length
            }
        };
        rest = escape.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_ranges_are_in_order() {
        assert!(HIDDEN.iter().all(|(first, last)| first <= last));
        assert!(HIDDEN.is_sorted());
    }

    #[test]
    fn hidden_characters_are_escaped() {
        for (text, shown) in [
            ("plain ü 日本 😀 नमस्ते", "plain ü 日本 😀 नमस्ते"),
            ("a\u{1b}[2J\nb\t\0", "a\\u{1b}[2J\\nb\\t\\u{0}"),
            ("a\u{200b}b\u{202e}c\u{feff}", "a\\u{200b}b\\u{202e}c\\u{feff}"),
            ("\u{7f}\u{85}\u{9b}31m\u{2028}", "\\u{7f}\\u{85}\\u{9b}31m\\u{2028}"),
            ("\u{e000}\u{e0041}\u{fe0f}\u{10ffff}", "\\u{e000}\\u{e0041}\\u{fe0f}\\u{10ffff}"),
        ] {
            assert_eq!(escape_hidden(text), shown);
        }
        assert_eq!(escape_cell("C:\\u{1}\n\\n"), "C:\\u{5c}u{1}\\u{a}\\n");
        assert_eq!(unescape_cell("\\u{zz}\\u{}\\u{d800}\\u{41"), "\\u{zz}\\u{}\\u{d800}\\u{41");
    }

    proptest! {
        #[test]
        fn cells_read_back(text in "(\\\\|u|\\{|\\}|5c|[0-9a-f]|\\PC|\\p{Cf}|\\p{Cc}){0,12}") {
            let cell = escape_cell(&text);
            prop_assert!(is_visible(&cell));
            prop_assert_eq!(unescape_cell(&cell), text.as_str());
        }
    }
}
