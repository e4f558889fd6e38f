//! The manual: the committed pages are up to date, complete, and without lint.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::{Tool, assert_generated};

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
    for (name, text) in &fresh {
        assert_generated(&format!("man/{name}"), text);
    }
    let gone: Vec<String> = pages(&committed()).into_keys().filter(|name| !fresh.contains_key(name)).collect();
    assert!(gone.is_empty(), "no command has these pages any more, remove them: {gone:?}");
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

/// If mandoc is installed (CI installs it), every page is linted.
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

#[test]
fn a_command_that_can_answer_no_says_so_on_its_page() {
    let page = std::fs::read_to_string(committed().join("rolebook.1")).unwrap();
    let section = page.split(".SH EXIT STATUS\n").nth(1).and_then(|rest| rest.split(".SH ").next()).unwrap();
    for command in ["perm-check", "perm-test", "perm-diff", "plan", "apply", "audit-verify"] {
        let own = std::fs::read_to_string(committed().join(format!("rolebook-{command}.1"))).unwrap();
        assert!(own.contains(".B 1\n"), "rolebook-{command}(1) does not say when it answers no");
        assert!(section.contains(&command.replace('-', " ")), "rolebook(1) does not name {command}");
    }
}
