//! Errors of the YAML and JSON libraries as messages of this program.
//!
//! No sentence of a library is shown. Errors are distinguished by kind; an error of an unknown kind becomes
//! "this is not YAML" or "this is not JSON", at its position.

use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::granit_parser::ErrorKind;
use serde_saphyr::{Error, ExternalMessageSource};

use super::limits::{MAX_ALIAS_NODES, MAX_DEPTH};
use crate::model::escape::printable;

pub use crate::model::system::reason as io;

/// The message for an error of the YAML library, and a hint.
pub(super) fn yaml(error: &Error) -> (String, Option<&'static str>) {
    let plain = |message: &str| (message.to_owned(), None);
    match error {
        Error::WithSnippet { error, .. } | Error::AliasError { error, .. } => yaml(error),
        Error::UnknownAnchor { .. } => (
            "unknown alias: no anchor of this name comes before it".to_owned(),
            Some("mark the first with `&NAME`, and repeat it with `*NAME`"),
        ),
        Error::MergeKeyNotAllowed { .. } | Error::MergeValueNotMapOrSeqOfMaps { .. } => (
            "merge keys are not supported".to_owned(),
            Some("write the keys out, or repeat a whole value with `*NAME`"),
        ),
        Error::UnsupportedTag { tag, .. } => {
            (format!("unsupported tag `{}`", printable(tag)), Some("leave the tag out"))
        }
        Error::TaggedScalarCannotDeserializeIntoString { .. }
        | Error::InvalidScalar { .. }
        | Error::InvalidBooleanStrict { .. }
        | Error::InvalidBinaryBase64 { .. }
        | Error::BinaryNotUtf8 { .. } => ("the value does not match its tag".to_owned(), Some("leave the tag out")),
        Error::Unexpected { .. } => plain(COMPLEX_KEY),
        Error::MultipleDocuments { .. } | Error::Budget { breach: BudgetBreach::Documents { .. }, .. } => {
            plain("a second document begins here: a file holds one document")
        }
        Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => too_deep(),
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. } => (
            format!("aliases repeat more than {MAX_ALIAS_NODES} values"),
            Some("write out what is repeated, or use JSON Lines"),
        ),
        Error::RecursiveReferencesRequireWeakTypes { .. } => plain("the alias is inside the value that it names"),
        Error::Eof { .. } => plain("the text ends too early"),
        Error::ExternalMessage { source, .. } => match &**source {
            ExternalMessageSource::Parser(error) => syntax(error.kind()),
            _ => plain(NOT_YAML),
        },
        _ => plain(NOT_YAML),
    }
}

/// The message for a key that is a list or a mapping.
pub(super) const COMPLEX_KEY: &str = "a key is text, not a list or a mapping";

/// The message for an error of an unknown kind.
const NOT_YAML: &str = "this is not YAML";

fn too_deep() -> (String, Option<&'static str>) {
    (format!("this is nested more than {MAX_DEPTH} levels deep"), None)
}

/// The message for a syntax error of YAML, and a hint.
fn syntax(kind: &ErrorKind) -> (String, Option<&'static str>) {
    use ErrorKind as Kind;
    let (message, tip) = match kind {
        Kind::UnclosedFlowCollection { open } => return (format!("the `{open}` is never closed"), None),
        Kind::MismatchedFlowCollectionEnd { open, close } => {
            return (format!("the `{open}` is closed by a `{close}`"), None);
        }
        Kind::UnexpectedCharacter { character } => {
            let shown = printable(&character.to_string());
            return (format!("a value cannot begin with `{shown}`"), Some("put the value in quotes"));
        }
        Kind::RecursionLimitExceeded => return too_deep(),
        Kind::TabNotAllowed
        | Kind::TabInBlockIndentation
        | Kind::TabInIndentation
        | Kind::TabAtBlockScalarStart
        | Kind::TabInPlainScalar => ("a tab is not allowed here", Some("indent with spaces")),
        Kind::UnknownAnchor => (
            "unknown alias: no anchor of this name comes before it",
            Some("mark the first with `&NAME`, and repeat it with `*NAME`"),
        ),
        Kind::MissingAnchorOrAliasName => {
            ("expected a name after `&` or `*`", Some("put a value that begins with `&` or `*` in quotes"))
        }
        Kind::MisplacedFlowCollectionEnd => ("unexpected closing bracket: no bracket is open", None),
        Kind::UnexpectedEofFlowSequence
        | Kind::UnexpectedEofFlowMapping
        | Kind::UnexpectedEofImplicitFlowMapping
        | Kind::UnexpectedEofBlockSequence
        | Kind::UnexpectedEofBlockMapping
        | Kind::UnexpectedEof
        | Kind::UnexpectedEndOfPlainScalar => ("the text ends too early", None),
        Kind::ExpectedFlowMappingSeparator => ("expected `,` or `}`", None),
        Kind::ExpectedFlowSequenceSeparator => ("expected `,` or `]`", None),
        Kind::ExpectedBlockMappingKey | Kind::ExpectedBlockSequenceEntry => {
            ("expected a key or an entry of the same indentation", Some("begin it below the entry before"))
        }
        Kind::InvalidIndentation
        | Kind::InvalidQuotedScalarIndent
        | Kind::InvalidFlowScalarIndent
        | Kind::InvalidBlockScalarIndent => ("the indentation matches no line above", None),
        Kind::UnclosedQuotedScalar => ("the quote is never closed", None),
        Kind::DocumentIndicatorInQuotedScalar => ("the document ends inside a quoted text", None),
        Kind::InvalidTrailingSingleQuotedScalar | Kind::InvalidTrailingDoubleQuotedScalar => {
            ("something follows the closing quote", None)
        }
        Kind::UnknownQuotedScalarEscape
        | Kind::InvalidQuotedScalarHexEscape
        | Kind::InvalidLowSurrogateHexEscape
        | Kind::InvalidLowSurrogate
        | Kind::MissingLowSurrogate
        | Kind::UnpairedLowSurrogate
        | Kind::InvalidUnicodeEscape => {
            ("invalid escape in quoted text", Some("use single quotes, in which a backslash is plain text"))
        }
        Kind::MappingValueNotAllowed
        | Kind::MappingKeyNotAllowed
        | Kind::InvalidColonPlacement
        | Kind::InvalidMappingValueWhitespace
        | Kind::FlowMappingValueAdjacentCollection
        | Kind::SimpleKeyExpected
        | Kind::InvalidSimpleKey => {
            ("unexpected key or `:`", Some("put text that holds a `:` in quotes, and each key on a line of its own"))
        }
        Kind::BlockEntryInFlowCollection
        | Kind::BlockSequenceEntryNotAllowed
        | Kind::InvalidBlockEntryWhitespace
        | Kind::PlainScalarStartsWithDashFlowIndicator => {
            ("a `-` cannot begin an entry here", Some("put each entry on a line of its own, or the text in quotes"))
        }
        Kind::ZeroBlockScalarIndent | Kind::InvalidBlockScalarHeader => {
            ("the first line of a block of text holds more than `|` or `>`", None)
        }
        Kind::CommentInterceptedScalar | Kind::CommentNotSeparated => {
            ("a comment is not allowed here", Some("put a space before `#`, or the text in quotes"))
        }
        Kind::InvalidDocumentEnd => ("something follows the end of the document", None),
        Kind::MultipleDocumentsUnsupported => ("a second document begins here: a file holds one document", None),
        Kind::UnsupportedYamlMajorVersion => ("unsupported version of YAML", Some("leave the line out")),
        Kind::BomInsideDocument => ("unexpected byte order mark inside the text", Some("remove it")),
        Kind::ExpectedNodeContent => ("expected a value", None),
        Kind::ExpectedTagBang
        | Kind::ExpectedTagDirectiveBang
        | Kind::InvalidGlobalTagCharacter
        | Kind::InvalidTagTerminator
        | Kind::UndeclaredTagHandle
        | Kind::MissingTagUri
        | Kind::UnclosedVerbatimTag
        | Kind::InvalidTagEscape => ("tags are not supported", Some("put text that begins with `!` in quotes")),
        _ => (NOT_YAML, None),
    };
    (message.to_owned(), tip)
}

/// The start of each message of the JSON library, and the message of this program for it.
const JSON: [(&str, &str); 15] = [
    ("EOF", "it ends too early"),
    ("trailing characters", "something follows the value"),
    ("trailing comma", "unexpected comma before the end"),
    ("expected value", "expected a value"),
    ("expected ident", "expected a value"),
    ("expected `:`", "expected `:`"),
    ("expected `,` or `}`", "expected `,` or `}`"),
    ("expected `,` or `]`", "expected `,` or `]`"),
    ("key must be a string", "expected a key in double quotes"),
    ("invalid escape", "invalid escape in quoted text"),
    ("lone leading surrogate", "invalid escape in quoted text"),
    ("unexpected end of hex escape", "invalid escape in quoted text"),
    ("control character", "the text holds a control character"),
    ("number out of range", "the number is too large"),
    ("recursion limit exceeded", "it is nested too deep"),
];

/// The message for an error of the JSON library. An error that a reader of this program raised keeps its message.
pub fn json(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    if error.is_data() {
        return printable(text);
    }
    let known = JSON.iter().find(|(begins, _)| text.starts_with(begins));
    known.map_or("this is not JSON", |(_, message)| message).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_json_library_get_our_messages() {
        let message = |text: &str| json(&serde_json::from_str::<serde_json::Value>(text).unwrap_err());
        for (text, expected) in [
            ("", "it ends too early"),
            ("{\"a\":1", "it ends too early"),
            ("{} {}", "something follows the value"),
            ("[1,]", "unexpected comma before the end"),
            ("x", "expected a value"),
            ("nul", "it ends too early"),
            ("nulx", "expected a value"),
            ("{\"a\" 1}", "expected `:`"),
            ("{\"a\":1 2}", "expected `,` or `}`"),
            ("[1 2]", "expected `,` or `]`"),
            ("{a:1}", "expected a key in double quotes"),
            ("\"\\q\"", "invalid escape in quoted text"),
            ("\"\\ud800\"", "invalid escape in quoted text"),
            ("\"\n\"", "the text holds a control character"),
            ("1e999", "the number is too large"),
            ("01", "this is not JSON"),
        ] {
            assert_eq!(message(text), expected, "{text}");
        }
        assert_eq!(message(&"[".repeat(10_000)), "it is nested too deep");
    }
}
