//! The README: every command in it runs, in order, and prints what the README shows.

use std::path::Path;

use crate::support::Tool;

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// The blocks of one language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    text.split("```")
        .skip(1)
        .step_by(2)
        .filter_map(|block| block.strip_prefix(language).map(|block| block.trim_start_matches('\n').to_owned()))
        .collect()
}

/// A text with every time replaced by the same one.
fn timeless(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(place) = rest.find("20") {
        let (before, from) = rest.split_at(place);
        out.push_str(before);
        let stamp: String = from.chars().take_while(|c| c.is_ascii_digit() || "-T:.Z".contains(*c)).collect();
        let is_time = stamp.len() >= 20 && stamp.ends_with('Z') && stamp.contains('T');
        let taken = if is_time { stamp.len() } else { 2 };
        out.push_str(if is_time { "TIME" } else { "20" });
        rest = &from[taken..];
    }
    out + rest
}

#[test]
fn every_console_block_prints_what_it_shows() {
    let tool = Tool::studio();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    std::os::unix::fs::symlink(examples, tool.folder().join("examples")).unwrap();
    for block in blocks(&readme(), "console") {
        let mut lines = block.lines().peekable();
        while let Some(line) = lines.next() {
            let command = line.strip_prefix("$ ").unwrap_or_else(|| panic!("not a command: {line}"));
            let mut expected = String::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with("$ ")) {
                expected.push_str(line);
                expected.push('\n');
            }
            let ran = tool.sh(&format!("{command} 2>&1"));
            assert_eq!(timeless(&ran.out), timeless(&expected), "{command}");
        }
    }
}

/// CI installs the program by the first line, and the second line runs this test.
#[test]
fn one_line_ends_with_an_explained_answer_and_one_runs_the_tests() {
    let blocks = blocks(&readme(), "sh");
    let [first, tests] = blocks.as_slice() else { panic!("two shell blocks: {blocks:?}") };
    let (install, run) = first.trim().split_once(" && ").unwrap();
    assert!(install.starts_with("cargo install") && tests.starts_with("cargo test"), "{blocks:?}");
    let tool = Tool::bare();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let ran = tool.sh(&format!("unset ROLEBOOK_STORE; ln -s '{}' examples && {run}", examples.display()));
    assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{ran:#?}");
    assert!(ran.out.contains("would suffice"), "{ran:#?}");
    assert!(tool.folder().join("studio.db").exists());
}

#[test]
fn every_file_it_points_to_is_there() {
    let text = readme();
    for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(link).exists(), "{link}");
    }
}
