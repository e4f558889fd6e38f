//! The layers: each may use only the layers below it. The compiler does not check this; these tests do.

mod uses;

use std::collections::BTreeMap;
use std::path::Path;

use rolebook::model::catalogue::rules;
use uses::Uses;

/// The layers that each layer may use.
const MAY_USE: [(&str, &[&str]); 9] = [
    ("model", &["model"]),
    ("policy", &["policy", "model"]),
    ("store", &["store", "policy", "model"]),
    ("ops", &["ops", "policy", "model"]),
    ("render", &["render", "model"]),
    ("input", &["input", "model"]),
    ("platform", &["platform", "model"]),
    ("manifest", &["manifest", "input", "ops", "policy", "model"]),
    ("cli", &["cli", "manifest", "input", "ops", "platform", "render", "store", "policy", "model"]),
];

/// Crates that only some layers may use.
const RESERVED: [(&str, &[&str]); 5] =
    [("rusqlite", &["store"]), ("clap", &["cli"]), ("lettre", &["cli"]), ("ureq", &["cli"]), ("std::env", &["cli"])];

/// The circles of files within a layer: the concept that the files are together, and the files.
const CIRCLES: [(&str, &[&str]); 1] = [(
    "the evaluator: its conditions, grantees and parts of actions are questions to it again",
    &["policy::conditions", "policy::content", "policy::decide", "policy::grantees", "policy::restrictions"],
)];

fn sources(layer: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|it| it == "rs") {
                found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(layer), &mut found);
    found
}

/// A file without its comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

#[test]
fn arrows_point_one_way() {
    for (layer, allowed) in MAY_USE {
        for (path, text) in sources(layer) {
            for line in code(&text) {
                for used in line.split("crate::").skip(1) {
                    let used: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                    assert!(allowed.contains(&used.as_str()) || used.is_empty(), "{path}: {layer} uses {used}: {line}");
                }
                for (name, layers) in RESERVED {
                    // The clock, which tests set by a variable.
                    if path.ends_with("model/time.rs") && name == "std::env" {
                        continue;
                    }
                    let named = line.contains(&format!("{name}::")) && !line.contains(&format!("_{name}"));
                    assert!(!named || layers.contains(&layer), "{path}: {layer} names {name}: {line}");
                }
            }
        }
    }
}

/// Which role gives what stands in the catalogue; commands go by lists of roles (`Role::ALL`, `Role::levels`).
#[test]
fn the_command_line_names_no_role() {
    for (path, text) in sources("cli") {
        for line in code(&text) {
            let variant = |rest: &str| {
                let mut letters = rest.chars();
                letters.next().is_some_and(char::is_uppercase) && letters.next().is_some_and(char::is_lowercase)
            };
            assert!(!line.split("Role::").skip(1).any(variant), "{path} names a role: {line}");
        }
    }
}

/// One gate for every name that leaves the program (docs/model.md#visibility): only functions that check whether the
/// reader may see it make a reference from an id (`name`, `party`). Every exception says why, after `// told: `.
#[test]
fn names_pass_the_gate_or_say_why_not() {
    for layer in ["cli", "ops", "manifest"] {
        for (path, text) in sources(layer) {
            let lines: Vec<&str> = text.lines().collect();
            for (at, line) in lines.iter().enumerate() {
                let is_code =
                    !line.trim_start().starts_with("//") && !line.starts_with("use ") && !line.contains("fn ");
                let of_id =
                    line.contains(".reference(") && !line.contains(".reference()") && !line.contains(".reference.");
                let raw =
                    ["full_reference(", "item_reference(", "internal_reference("].iter().any(|it| line.contains(it));
                if !is_code || !(of_id || raw) {
                    continue;
                }
                let said = lines[at.saturating_sub(4)..at].iter().any(|above| above.contains("// told: "));
                assert!(said, "{path}:{}: names a resource without asking the reader, nor says why: {line}", at + 1);
            }
        }
    }
}

/// Files that use each other in a circle can only be read together, so they must be one concept.
#[test]
fn a_circle_of_files_is_one_concept() {
    let root = format!("{}/src/", env!("CARGO_MANIFEST_DIR"));
    let texts: Vec<(String, String)> = MAY_USE.iter().flat_map(|(layer, _)| sources(layer)).collect();
    let uses = Uses::read(texts.iter().map(|(path, text)| (path.strip_prefix(&root).unwrap(), text.as_str())));
    let mut circles = uses.circles();
    for (concept, files) in CIRCLES {
        let files = files.iter().map(|file| (*file).to_owned()).collect();
        assert!(circles.remove(&files), "{concept}: no circle has exactly these files: {files:?}");
    }
    let others: String = circles.iter().map(|circle| uses.arrows(circle)).collect();
    assert!(others.is_empty(), "files use each other in a circle, and CIRCLES has no concept for it: {others}");
}

#[test]
fn decisions_know_no_clock_no_terminal_and_no_file() {
    for layer in ["model", "policy", "ops", "manifest", "platform"] {
        for (path, text) in sources(layer) {
            for line in code(&text) {
                for forbidden in ["std::fs", "std::io", "Timestamp::now", "SystemTime", "Instant", "std::process"] {
                    let clock_of_the_edge = path.ends_with("model/time.rs") && forbidden == "Timestamp::now";
                    // An export writes to a stream that the caller passes.
                    let handed = path.contains("manifest/export/") && forbidden == "std::io";
                    // Words for errors of the operating system.
                    let handed = handed || (path.ends_with("model/system.rs") && forbidden == "std::io");
                    assert!(!line.contains(forbidden) || clock_of_the_edge || handed, "{path}: {line}");
                }
                assert!(!line.contains("Time::now()"), "{path}: {line}");
            }
        }
    }
}

#[test]
fn every_file_has_a_header_and_a_readable_length() {
    for layer in MAY_USE.map(|(layer, _)| layer) {
        for (path, text) in sources(layer) {
            assert!(text.starts_with("//! "), "{path} does not begin with what it is for");
            let lines = text.lines().count();
            assert!(lines <= 700, "{path} has {lines} lines");
        }
    }
}

/// A denial names a rule by a value that only the catalogue can make. This checks the rest: no name is written a second
/// time, no name has two sentences, and no denial is made without a rule.
#[test]
fn every_rule_is_in_the_catalogue_once() {
    let mut sources_of: BTreeMap<&str, &str> = BTreeMap::new();
    for rule in rules() {
        let known = sources_of.entry(rule.name).or_insert(rule.source);
        assert_eq!(*known, rule.source, "{} has two sentences", rule.name);
    }
    assert!(sources_of.len() > 100, "{}", sources_of.len());
    for layer in MAY_USE.map(|(layer, _)| layer) {
        for (path, text) in sources(layer) {
            if path.contains("model/catalogue/") {
                continue;
            }
            for line in code(&text) {
                let named = line.split('"').skip(1).step_by(2).find(|text| sources_of.contains_key(text));
                assert_eq!(named, None, "{path} names a rule by its text: {line}");
            }
            let dense: String = text.chars().filter(|it| !it.is_whitespace()).collect();
            let is_unnamed = !path.ends_with("model/problem.rs") && dense.contains("Problem::new(ProblemKind::Denied");
            assert!(!is_unnamed, "{path} denies without a rule: `Problem::denied` takes one");
        }
    }
}
