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

/// The README and the manual tell the exit statuses alike.
#[test]
fn the_exit_statuses_of_the_readme_are_those_of_the_manual() {
    let page = std::fs::read_to_string(committed().join("rolebook.1")).unwrap();
    let section = page.split(".SH EXIT STATUS\n").nth(1).and_then(|rest| rest.split(".SH ").next()).unwrap();
    let told: Vec<(String, String)> = section
        .split(".TP\n.B ")
        .skip(1)
        .filter_map(|entry| entry.trim_end().split_once('\n'))
        .map(|(status, meaning)| (status.to_owned(), meaning.trim_end_matches('.').to_lowercase().replace("\\-", "-")))
        .collect();
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let rows: Vec<(String, String)> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "))
        .filter(|(status, _)| status.parse::<u8>().is_ok())
        .map(|(status, meaning)| (status.to_owned(), meaning.to_owned()))
        .collect();
    assert_eq!(rows.len(), 10);
    assert_eq!(told.len(), rows.len());
    for (of_page, of_readme) in told.iter().zip(&rows) {
        // The manual names the commands that answer no.
        assert!(of_page.0 == of_readme.0 && of_page.1.starts_with(&of_readme.1), "{of_page:?} {of_readme:?}");
    }
    for command in ["perm-check", "perm-test", "perm-diff", "plan", "apply", "audit-verify"] {
        let own = std::fs::read_to_string(committed().join(format!("rolebook-{command}.1"))).unwrap();
        assert!(own.contains(".B 1\n"), "rolebook-{command}(1) does not say when it answers no");
        assert!(section.contains(&command.replace('-', " ")), "rolebook(1) does not name {command}");
    }
}
