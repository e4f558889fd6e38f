//! The manual: as committed, whole, and clean.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::Tool;

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("man")
}

fn pages(folder: &Path) -> BTreeMap<String, String> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap()))
        .collect()
}

#[test]
fn the_committed_pages_are_those_of_the_parser() {
    let tool = Tool::bare();
    tool.ok("man --folder pages");
    let fresh = pages(&tool.folder().join("pages"));
    let stale: Vec<String> = pages(&committed())
        .into_iter()
        .filter(|(name, text)| fresh.get(name) != Some(text))
        .map(|(name, _)| name)
        .collect();
    assert!(stale.is_empty(), "stale: {stale:?}; run `rolebook man --folder man`");
    assert_eq!(fresh.len(), pages(&committed()).len(), "pages are missing; run `rolebook man --folder man`");
}

#[test]
fn every_page_has_every_section() {
    for (name, text) in pages(&committed()) {
        if name.ends_with(".1") {
            for section in
                ["NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO"]
            {
                assert!(text.contains(&format!(".SH {section}\n")), "{name} has no {section}");
            }
        }
    }
}

/// With mandoc on the machine (CI installs it), every page is linted.
#[test]
fn every_page_passes_mandoc_where_there_is_one() {
    if std::process::Command::new("mandoc").arg("-V").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "CI has mandoc");
        return;
    }
    for name in pages(&committed()).keys() {
        let output = std::process::Command::new("mandoc")
            .args(["-T", "lint", "-W", "warning"])
            .arg(committed().join(name))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.is_empty(), "{said}");
    }
}

#[test]
fn a_page_is_printed_by_name() {
    let tool = Tool::bare();
    assert!(tool.ok("man account-add").starts_with(".TH ROLEBOOK\\-ACCOUNT\\-ADD 1 "));
    assert!(tool.ok("man rolebook-model").contains(".SH RULES THAT GIVE"));
    tool.fails(4, "man nope", "no such page: `nope`");
}
