//! What libraries say is wrong with an input, in the words of this program.
//!
//! No sentence of a library reaches people: each error it knows is told apart by its kind, and one that is
//! not known here is "not YAML" or "not JSON", at its place.

use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::granit_parser::ErrorKind;
use serde_saphyr::{Error, ExternalMessageSource};

use super::document::{MAX_ALIAS_NODES, MAX_DEPTH};
use crate::model::name::printable;

pub use crate::model::system::reason as io;

/// What is wrong with a text that is to be YAML, and what to try.
pub(super) fn yaml(error: &Error) -> (String, Option<&'static str>) {
    let plain = |message: &str| (message.to_owned(), None);
    match error {
        Error::WithSnippet { error, .. } | Error::AliasError { error, .. } => yaml(error),
        Error::UnknownAnchor { .. } => (
            "the alias names nothing that stands before it".to_owned(),
            Some("mark the first with `&NAME`, and repeat it with `*NAME`"),
        ),
        Error::MergeKeyNotAllowed { .. } | Error::MergeValueNotMapOrSeqOfMaps { .. } => {
            ("merge keys are not read".to_owned(), Some("write the keys out, or repeat a whole value with `*NAME`"))
        }
        Error::UnsupportedTag { tag, .. } => {
            (format!("the tag `{}` is not read", printable(tag)), Some("leave the tag out"))
        }
        Error::TaggedScalarCannotDeserializeIntoString { .. }
        | Error::InvalidScalar { .. }
        | Error::InvalidBooleanStrict { .. }
        | Error::InvalidBinaryBase64 { .. }
        | Error::BinaryNotUtf8 { .. } => ("the value is not what its tag says".to_owned(), Some("leave the tag out")),
        Error::Unexpected { .. } => plain(COMPLEX_KEY),
        Error::MultipleDocuments { .. } | Error::Budget { breach: BudgetBreach::Documents { .. }, .. } => {
            plain("a second document begins here: a file is one")
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
        Error::RecursiveReferencesRequireWeakTypes { .. } => plain("an alias stands within what it names"),
        Error::Eof { .. } => plain("the text ends too early"),
        Error::ExternalMessage { source, .. } => match &**source {
            ExternalMessageSource::Parser(error) => syntax(error.kind()),
            _ => plain(NOT_YAML),
        },
        _ => plain(NOT_YAML),
    }
}

/// What is wrong with a key that is no text.
pub(super) const COMPLEX_KEY: &str = "a key is text, not a list or a mapping";

/// What is said where nothing more is known.
const NOT_YAML: &str = "this is not YAML";

fn too_deep() -> (String, Option<&'static str>) {
    (format!("this is nested more than {MAX_DEPTH} levels deep"), None)
}

/// What is wrong with the syntax of YAML.
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
        | Kind::TabInPlainScalar => ("a tab stands where only spaces may", Some("indent with spaces")),
        Kind::UnknownAnchor => (
            "the alias names nothing that stands before it",
            Some("mark the first with `&NAME`, and repeat it with `*NAME`"),
        ),
        Kind::MissingAnchorOrAliasName => {
            ("a name is wanted after `&` or `*`", Some("put a value that begins with `&` or `*` in quotes"))
        }
        Kind::MisplacedFlowCollectionEnd => ("a closing bracket stands here, and none is open", None),
        Kind::UnexpectedEofFlowSequence
        | Kind::UnexpectedEofFlowMapping
        | Kind::UnexpectedEofImplicitFlowMapping
        | Kind::UnexpectedEofBlockSequence
        | Kind::UnexpectedEofBlockMapping
        | Kind::UnexpectedEof
        | Kind::UnexpectedEndOfPlainScalar => ("the text ends too early", None),
        Kind::ExpectedFlowMappingSeparator => ("a `,` or a `}` is wanted here", None),
        Kind::ExpectedFlowSequenceSeparator => ("a `,` or a `]` is wanted here", None),
        Kind::ExpectedBlockMappingKey | Kind::ExpectedBlockSequenceEntry => {
            ("a key or an entry of the same indentation is wanted here", Some("begin it below the one before"))
        }
        Kind::InvalidIndentation
        | Kind::InvalidQuotedScalarIndent
        | Kind::InvalidFlowScalarIndent
        | Kind::InvalidBlockScalarIndent => ("the indentation fits nothing that stands above", None),
        Kind::UnclosedQuotedScalar => ("the quote is never closed", None),
        Kind::DocumentIndicatorInQuotedScalar => ("the document ends within a quote", None),
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
            ("the text in quotes holds an escape that is none", Some("use single quotes, in which nothing is escaped"))
        }
        Kind::MappingValueNotAllowed
        | Kind::MappingKeyNotAllowed
        | Kind::InvalidColonPlacement
        | Kind::InvalidMappingValueWhitespace
        | Kind::FlowMappingValueAdjacentCollection
        | Kind::SimpleKeyExpected
        | Kind::InvalidSimpleKey => (
            "a key or a `:` cannot stand here",
            Some("put text that holds a `:` in quotes, and each key in a line of its own"),
        ),
        Kind::BlockEntryInFlowCollection
        | Kind::BlockSequenceEntryNotAllowed
        | Kind::InvalidBlockEntryWhitespace
        | Kind::PlainScalarStartsWithDashFlowIndicator => {
            ("a `-` cannot begin an entry here", Some("put each entry in a line of its own, or the text in quotes"))
        }
        Kind::ZeroBlockScalarIndent | Kind::InvalidBlockScalarHeader => {
            ("the first line of a block of text holds more than `|` or `>`", None)
        }
        Kind::CommentInterceptedScalar | Kind::CommentNotSeparated => {
            ("a comment cannot stand here", Some("put a space before `#`, or the text in quotes"))
        }
        Kind::InvalidDocumentEnd => ("something follows the end of the document", None),
        Kind::MultipleDocumentsUnsupported => ("a second document begins here: a file is one", None),
        Kind::UnsupportedYamlMajorVersion => ("this version of YAML is not read", Some("leave the line out")),
        Kind::BomInsideDocument => ("a byte order mark stands within the text", Some("remove it")),
        Kind::ExpectedNodeContent => ("a value is wanted here", None),
        Kind::ExpectedTagBang
        | Kind::ExpectedTagDirectiveBang
        | Kind::InvalidGlobalTagCharacter
        | Kind::InvalidTagTerminator
        | Kind::UndeclaredTagHandle
        | Kind::MissingTagUri
        | Kind::UnclosedVerbatimTag
        | Kind::InvalidTagEscape => ("tags are not read", Some("put text that begins with `!` in quotes")),
        _ => (NOT_YAML, None),
    };
    (message.to_owned(), tip)
}

/// What a JSON reader says, by the beginnings of its sentences, and what is said here.
const JSON: [(&str, &str); 15] = [
    ("EOF", "it ends too early"),
    ("trailing characters", "something follows the value"),
    ("trailing comma", "a comma stands before the end"),
    ("expected value", "a value is wanted here"),
    ("expected ident", "a value is wanted here"),
    ("expected `:`", "a `:` is wanted here"),
    ("expected `,` or `}`", "a `,` or a `}` is wanted here"),
    ("expected `,` or `]`", "a `,` or a `]` is wanted here"),
    ("key must be a string", "a key in double quotes is wanted here"),
    ("invalid escape", "the text holds an escape that is none"),
    ("lone leading surrogate", "the text holds an escape that is none"),
    ("unexpected end of hex escape", "the text holds an escape that is none"),
    ("control character", "the text holds a control character"),
    ("number out of range", "the number is too large"),
    ("recursion limit exceeded", "it is nested too deep"),
];

/// What is wrong with a text that is to be JSON. What a reader of this program found in it is said in its own
/// words.
pub fn json(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    if error.is_data() {
        return printable(text);
    }
    let known = JSON.iter().find(|(begins, _)| text.starts_with(begins));
    known.map_or("this is not JSON", |(_, said)| said).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_json_reader_says_is_said_in_our_words() {
        let said = |text: &str| json(&serde_json::from_str::<serde_json::Value>(text).unwrap_err());
        for (text, wanted) in [
            ("", "it ends too early"),
            ("{\"a\":1", "it ends too early"),
            ("{} {}", "something follows the value"),
            ("[1,]", "a comma stands before the end"),
            ("x", "a value is wanted here"),
            ("nul", "it ends too early"),
            ("nulx", "a value is wanted here"),
            ("{\"a\" 1}", "a `:` is wanted here"),
            ("{\"a\":1 2}", "a `,` or a `}` is wanted here"),
            ("[1 2]", "a `,` or a `]` is wanted here"),
            ("{a:1}", "a key in double quotes is wanted here"),
            ("\"\\q\"", "the text holds an escape that is none"),
            ("\"\\ud800\"", "the text holds an escape that is none"),
            ("\"\n\"", "the text holds a control character"),
            ("1e999", "the number is too large"),
            ("01", "this is not JSON"),
        ] {
            assert_eq!(said(text), wanted, "{text}");
        }
        assert_eq!(said(&"[".repeat(10_000)), "it is nested too deep");
    }
}
