//! Bad files, with the messages that they must give. The files are data, in `bad.txt`: a title after `#!`, the expected
//! messages after `#>`, then the file.

use super::write;
use crate::support::{PATIENCE, Tool};

/// The bad files, separated by lines of `=`.
const CORPUS: &str = include_str!("bad.txt");

struct Bad {
    title: String,
    wanted: Vec<String>,
    text: String,
}

fn corpus() -> Vec<Bad> {
    let mut found = Vec::new();
    for block in CORPUS.split("\n=====\n") {
        let (mut title, mut wanted, mut text) = (String::new(), Vec::new(), String::new());
        for line in block.lines() {
            if let Some(said) = line.strip_prefix("#! ") {
                title = said.to_owned();
            } else if let Some(said) = line.strip_prefix("#> ") {
                wanted.push(said.to_owned());
            } else {
                text.push_str(line);
                text.push('\n');
            }
        }
        // Bytes that editors change are written as escapes.
        for (escape, byte) in [("\\t", "\t"), ("\\r", "\r"), ("\\0", "\0"), ("\\bom", "\u{feff}"), ("\\x7f", "\u{7f}")]
        {
            text = text.replace(escape, byte);
        }
        found.push(Bad { title, wanted, text });
    }
    found
}

#[test]
fn every_bad_file_gives_its_messages_and_positions() {
    let tool = Tool::bare();
    let corpus = corpus();
    assert!(corpus.len() >= 60, "{}", corpus.len());
    let mut wrong = Vec::new();
    for bad in &corpus {
        write(&tool, "m.yaml", &bad.text);
        let file = tool.folder().join("m.yaml").display().to_string();
        let ran = tool.run_here(&["validate", &file]);
        let err = ran.err.replace(&file, "m.yaml");
        assert!(!bad.wanted.is_empty(), "{}", bad.title);
        let missing: Vec<&String> = bad.wanted.iter().filter(|part| !err.contains(*part)).collect();
        if ran.status != 6 || !missing.is_empty() {
            wrong.push(format!("{}: {} {missing:?}\n{}", bad.title, ran.status, err));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn bytes_that_are_not_text_are_reported_with_their_position() {
    let tool = Tool::bare();
    let file = tool.folder().join("m.yaml");
    std::fs::write(&file, b"version: 1\naccounts: {b\xffb: {}}\n").unwrap();
    let ran = tool.fails(6, "validate m.yaml", "");
    assert!(ran.err.contains("m.yaml:2:13: the file is not UTF-8 here"), "{ran:?}");
    std::fs::write(&file, b"version: 1\n\xed\xa0\x80").unwrap();
    let _ = tool.fails(6, "validate m.yaml", "");
}

/// Hostile files take bounded memory.
#[test]
fn hostile_files_are_refused_within_bounds() {
    let tool = Tool::bare();
    let mut bomb = String::from("version: 1\naccounts: &a0 {x: {}}\n");
    for level in 1..12 {
        let before = level - 1;
        bomb.push_str(&format!("k{level}: &a{level} [{}]\n", vec![format!("*a{before}"); 10].join(", ")));
    }
    let deep = format!("version: 1\naccounts: {}{}\n", "[".repeat(10_000), "]".repeat(10_000));
    let nested = (0..100).map(|depth| format!("{}a:\n", "  ".repeat(depth))).collect::<String>();
    let cases = [
        (bomb, "aliases repeat more than 200000 values"),
        (deep, "nested more than 32 levels deep"),
        (format!("version: 1\n{nested}"), "nested more than 32 levels deep"),
        (format!("version: 1\nname: {}\n", "x".repeat(20 << 20)), "longer than 255 characters"),
        (format!("version: 1\n? {}\n: 1\n", "x".repeat(5 << 20)), "unknown key"),
        (format!("version: 1\n{}", (0..100_000).map(|it| format!("k{it}: 1\n")).collect::<String>()), "and 99900 more"),
    ];
    for (text, message) in cases {
        write(&tool, "m.yaml", &text);
        // 1 GiB of address space is more than any of these needs.
        let limits = format!("ulimit -v 1048576; ulimit -t {}", PATIENCE.as_secs());
        let ran = tool.sh(&format!("{limits}; rolebook validate m.yaml 2>err; echo $?; cut -c 1-300 err | tail -n 20"));
        assert!(ran.out.starts_with("6\n") && ran.out.contains(message), "{message}: {ran:?}");
    }
}
