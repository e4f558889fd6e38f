//! A line of JSON as a tree: what a million rows are read by.
//!
//! Places are not kept: everything is said to stand in the line. Where something is wrong with it, the
//! line is read once more as YAML, of which JSON is a part, for the places of each mistake.

use serde::de::DeserializeSeed;

use super::document::{Diagnostic, FixedSpan, Node, Span, WithSpan, bad_keys};
use super::library_errors;

/// How the mistake of a line that cannot be read begins.
pub const NOT_JSON: &str = "the line is no JSON";

/// The place of everything in a line.
pub const fn line_span(number: u32) -> Span {
    Span { line: number, column: 1, length: 0 }
}

/// Reads a line, which has that number.
///
/// # Errors
/// What is no JSON, with its column; a key that stands twice.
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
    fn what_is_no_json_says_where() {
        assert!(
            wrong("{\"a\": }").starts_with("7:7 the line is no JSON: a value is wanted here"),
            "{}",
            wrong("{\"a\": }")
        );
        assert!(wrong("{} {}").contains("something follows"));
        assert!(wrong("").contains("ends too early"));
        assert!(wrong("{\"a\":1,\"a\":2}").contains("the key `a` stands twice in this line"));
        assert!(wrong(&"[".repeat(10_000)).contains("nested too deep"));
        assert!(matches!(read("{\"a\":[1.0,\"x\",null,true]}", 1).unwrap().value, Node::Mapping(_)));
    }
}
