//! A fast reader of one line of JSON into a tree, for inputs of a million rows.
//!
//! The tree keeps no columns: every node has the position of the whole line. When a line has a mistake, the caller
//! reads it once more as YAML, a superset of JSON, to find the position of each mistake.

use serde::de::DeserializeSeed;

use super::document::{Diagnostic, FixedSpan, Node, Span, WithSpan, bad_keys};
use super::library_errors;

/// The start of the message for a line that is not JSON.
pub const NOT_JSON: &str = "the line is not JSON";

/// The position that every node of a line gets: its line number, without a length.
pub const fn line_span(number: u32) -> Span {
    Span { line: number, column: 1, length: 0 }
}

/// Reads a line. `number` is its line number, from 1.
///
/// # Errors
/// A syntax error of JSON, with its column; otherwise every duplicate key.
pub fn read(text: &str, number: u32) -> Result<WithSpan<Node>, Vec<Diagnostic>> {
    let span = line_span(number);
    let mut reader = serde_json::Deserializer::from_str(text);
    let root = FixedSpan(span).deserialize(&mut reader).and_then(|root| reader.end().map(|()| root));
    let mut root = root.map_err(|error| {
        let column = u32::try_from(error.column()).unwrap_or(1).max(1);
        vec![Diagnostic::at_span(
            Span { column, length: 1, ..span },
            format!("{NOT_JSON}: {}", library_errors::json(&error)),
        )]
    })?;
    let mut diagnostics = Vec::new();
    bad_keys(&mut root.value, &mut diagnostics);
    if diagnostics.is_empty() { Ok(root) } else { Err(diagnostics) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        let diagnostic = read(text, 7).unwrap_err().remove(0);
        format!("{}:{} {}", diagnostic.span.line, diagnostic.span.column, diagnostic.message)
    }

    #[test]
    fn a_syntax_error_has_a_column() {
        assert!(wrong("{\"a\": }").starts_with("7:7 the line is not JSON: expected a value"), "{}", wrong("{\"a\": }"));
        assert!(wrong("{} {}").contains("something follows"));
        assert!(wrong("").contains("ends too early"));
        assert!(wrong("{\"a\":1,\"a\":2}").contains("duplicate key `a`"));
        assert!(wrong(&"[".repeat(10_000)).contains("nested too deep"));
        assert!(matches!(read("{\"a\":[1.0,\"x\",null,true]}", 1).unwrap().value, Node::Mapping(_)));
    }
}
