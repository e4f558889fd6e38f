//! Plain words: the phrases that `STYLE.md` bans are nowhere in the sources, the tests and the documents.

use std::path::{Path, PathBuf};

/// Where people read what we wrote.
const READ: [&str; 15] = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "README.md",
    "SECURITY.md",
    "Cargo.toml",
    "benches",
    "deny.toml",
    "docs",
    "examples",
    "fuzz/fuzz_targets",
    "man",
    "src",
    "tests",
    "xtask",
];

/// The phrases of the block in `STYLE.md`, one on each line.
fn banned(style: &str) -> Vec<String> {
    let block = style.split("```banned\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    block.lines().map(|line| format!(" {line} ")).collect()
}

/// A text in lower case, its words divided by single spaces: whatever comes between the words of a phrase, such as
/// the end of a line of a comment, does not hide it.
fn words(text: &str) -> String {
    let mut words = String::from(" ");
    for word in text.split(|it: char| !it.is_alphanumeric() && !"'_".contains(it)).filter(|word| !word.is_empty()) {
        words.extend(word.chars().flat_map(char::to_lowercase));
        words.push(' ');
    }
    words
}

fn files(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_file() {
        return found.push(path.to_owned());
    }
    for entry in std::fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        // Packages of others, installed for the tests of the pages.
        if !path.ends_with("node_modules") {
            files(&path, found);
        }
    }
}

#[test]
fn banned_phrases_are_nowhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let style = std::fs::read_to_string(root.join("STYLE.md")).unwrap();
    let banned = banned(&style);
    assert!(banned.len() > 20, "{banned:?}");
    // The sources are quoted as they are.
    let sentences = std::fs::read_to_string(root.join("tests/scenarios/sentences.yaml")).unwrap();
    let sources: Vec<String> = sentences
        .lines()
        .filter_map(|line| line.strip_prefix("  text:"))
        .map(words)
        .filter(|line| banned.iter().any(|phrase| line.contains(phrase)))
        .collect();
    let mut read = Vec::new();
    READ.iter().for_each(|name| files(&root.join(name), &mut read));
    let mut found = Vec::new();
    let is_quoted = |path: &Path| path.ends_with("tests/prose.rs") || path.ends_with("tests/scenarios/sentences.yaml");
    for path in read.iter().filter(|path| !is_quoted(path)) {
        // Some tests read bytes that are not text.
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        let mut text = words(&text);
        for source in &sources {
            text = text.replace(source.as_str(), " ");
        }
        let hits = banned.iter().filter(|phrase| text.contains(phrase.as_str()));
        found.extend(hits.map(|phrase| format!("{}:{phrase}", path.display())));
    }
    assert!(found.is_empty(), "{} banned phrases:\n{}", found.len(), found.join("\n"));
}

#[test]
fn a_banned_phrase_is_found_across_lines_and_not_within_words() {
    assert!(words("/// Whoever\n/// SHALL not").contains(" shall "));
    assert!(words("is\n    // said, of").contains(" is said of "));
    assert!(!words("marshall shallow").contains(" shall "));
}
