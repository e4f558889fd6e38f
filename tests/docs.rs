//! The documents. `docs/roles.md` is generated from `role list` and `docs/findings.md` from the catalogue of findings, and
//! the committed files must be up to date (`cargo xtask regenerate` writes them). Every citation in a comment or a page must exist.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::support::{Tool, assert_generated};

/// The systems, and the kinds that their roles are on.
const SYSTEMS: [(&str, &[&str]); 5] = [
    ("Accounts, groups and the server (seed 000)", &["server", "account", "group"]),
    ("Endpoints (seed 001)", &["endpoint"]),
    (
        "Organizations (seed 002)",
        &["organization", "workspace", "signing key", "access token", "media file", "live stream"],
    ),
    ("Content (seed 003)", &["item"]),
    ("Workgroups, dropboxes and packages (seed 004)", &["workgroup", "dropbox", "package"]),
];

fn page() -> String {
    let rows = Tool::bare().json("role list");
    let rows = rows.as_array().unwrap();
    let mut out = "# Roles and presets\n\nEvery role with its actions, when it has them, and the sentence each comes from. Made from\n`rolebook role list -o json` by `cargo xtask regenerate`; the rules themselves read the same rows.\n".to_owned();
    let mut told = 0;
    for (system, kinds) in SYSTEMS {
        write!(out, "\n## {system}\n\n| role | on | actions | when | rule | source |\n|---|---|---|---|---|---|\n")
            .unwrap();
        for row in rows.iter().filter(|row| row["discloses"].is_null()) {
            let text = |name: &str| row[name].as_str().unwrap_or("").replace('|', "\\|");
            let on = text("on");
            // A role that gives nothing by itself belongs to the server.
            let on = if on.is_empty() { "server".to_owned() } else { on };
            if !kinds.contains(&on.as_str()) {
                continue;
            }
            let actions: Vec<&str> = row["actions"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
            told += 1;
            writeln!(
                out,
                "| `{}` | {on} | {} | {} | `{}` | {} |",
                text("role"),
                actions.join(", "),
                text("when"),
                text("rule"),
                text("source")
            )
            .unwrap();
        }
    }
    out.push_str("\n## Disclosure\n\nWhat each reader is shown. Without a matching row the answer is as if the fact did not exist.\n\n| to | of | what | when | rule | source |\n|---|---|---|---|---|---|\n");
    for row in rows.iter().filter(|row| !row["discloses"].is_null()) {
        let text = |name: &str| row[name].as_str().unwrap_or("");
        let cells = (text("role"), text("on"), text("discloses"), text("when"), text("rule"), text("source"));
        let (to, of, what, when, rule, source) = cells;
        told += 1;
        writeln!(out, "| `{to}` | {of} | {what} | {when} | `{rule}` | {source} |").unwrap();
    }
    assert_eq!(told, rows.len(), "every row is in some table");
    out.replace("| `` |", "| |")
}

#[test]
fn the_page_of_roles_is_the_catalogue() {
    assert_generated("docs/roles.md", &page());
}

fn findings_page() -> String {
    let rows = Tool::bare().json("audit findings --catalogue");
    let mut out = "# Findings\n\nWhat `rolebook audit findings` looks for, and why. Made from `rolebook audit findings --catalogue -o json` by\n`cargo xtask regenerate`; the search itself reads the same rows.\n".to_owned();
    for severity in ["error", "warning", "info"] {
        write!(out, "\n## {}{}\n", severity[..1].to_uppercase(), &severity[1..]).unwrap();
        for row in rows.as_array().unwrap().iter().filter(|row| row["severity"] == severity) {
            let text = |name: &str| row[name].as_str().unwrap();
            write!(out, "\n### {}\n\n", text("id")).unwrap();
            let days = row["days"].as_u64().map_or_else(String::new, |days| format!(" In order for {days} days."));
            let (first, rest) = text("title").split_at(1);
            writeln!(out, "**{}{rest}.** {}\n", first.to_uppercase(), text("why")).unwrap();
            writeln!(out, "- found by: {}{days}\n- to mend: `{}`\n- {}", text("how"), text("fix"), text("source"))
                .unwrap();
        }
    }
    out
}

#[test]
fn the_page_of_findings_is_the_catalogue() {
    assert_generated("docs/findings.md", &findings_page());
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files with some extensions in a folder and below, by their paths from the root.
fn files(folder: &str, kinds: &[&str]) -> Vec<(PathBuf, String)> {
    let (mut open, mut found) = (vec![PathBuf::from(folder)], Vec::new());
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(root().join(&next)).unwrap() {
            let path = next.join(entry.unwrap().file_name());
            if root().join(&path).is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|it| kinds.iter().any(|kind| it == *kind)) {
                let text = std::fs::read_to_string(root().join(&path)).unwrap();
                found.push((path, text));
            }
        }
    }
    found
}

/// The pages for people: at the root, and in `docs`.
fn pages() -> Vec<(PathBuf, String)> {
    let mut found = files("docs", &["md"]);
    for entry in std::fs::read_dir(root()).unwrap() {
        let path = PathBuf::from(entry.unwrap().file_name());
        if path.extension().is_some_and(|it| it == "md") {
            let text = std::fs::read_to_string(root().join(&path)).unwrap();
            found.push((path, text));
        }
    }
    found
}

/// The anchors of a page: its headings in the form that hosts of repositories use in links.
fn anchors(page: &str) -> BTreeSet<String> {
    let (mut found, mut is_code) = (BTreeSet::new(), false);
    for line in page.lines() {
        is_code ^= line.starts_with("```");
        let heading = line.trim_start_matches('#');
        if is_code || heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        found.insert(kept.collect::<String>().to_lowercase().replace(' ', "-"));
    }
    found
}

/// The mistake in a citation of a page, `PATH` or `PATH#HEADING` relative to a folder.
fn broken(folder: &Path, citation: &str) -> Option<String> {
    let (path, anchor) = citation.split_once('#').map_or((citation, None), |(path, anchor)| (path, Some(anchor)));
    let path = root().join(folder).join(path);
    if !path.exists() {
        return Some(format!("`{citation}` is not in the tree"));
    }
    let anchor = anchor.filter(|_| path.extension().is_some_and(|it| it == "md"))?;
    let known = anchors(&std::fs::read_to_string(path).unwrap());
    (!known.contains(anchor)).then(|| format!("`{citation}` has no such heading"))
}

/// The citations of pages in a line: words that name a Markdown file, with or without `#HEADING`.
fn cited(line: &str) -> Vec<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_./#".contains(c);
    line.split(|c| !is_part(c))
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| word.ends_with(".md") || word.contains(".md#"))
        .collect()
}

/// The manual pages that a line cites, as `rolebook-NAME(SECTION)`, by their files.
fn manuals(line: &str) -> Vec<String> {
    let of = |place: usize| {
        let rest = &line[place..];
        let name: String = rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
        let mut behind = rest[name.len()..].chars();
        match (behind.next(), behind.next(), behind.next()) {
            (Some('('), Some(section), Some(')')) if section.is_ascii_digit() => Some(format!("man/{name}.{section}")),
            _ => None,
        }
    };
    line.match_indices("rolebook").filter_map(|(place, _)| of(place)).collect()
}

#[test]
fn citations_in_comments_exist() {
    let mut count = 0;
    let folders = ["src", "tests", "benches", "fuzz/fuzz_targets", "examples"];
    for (path, text) in folders.iter().flat_map(|folder| files(folder, &["rs", "yaml", "sh"])) {
        for (number, line) in text.lines().enumerate() {
            let at = format!("{}:{}", path.display(), number + 1);
            let start = line.trim_start();
            // Scenarios also cite in their data.
            if !start.starts_with("//") && !start.starts_with('#') && !line.contains("decision (") {
                continue;
            }
            let by_number =
                |sign: &str| line.split(sign).skip(1).any(|it| it.starts_with(|c: char| c.is_ascii_digit()));
            assert!(!by_number("\u{a7}") && !by_number("(model "), "{at}: cite a heading, not a number: {line}");
            for citation in cited(line) {
                count += 1;
                assert_eq!(broken(Path::new(""), citation), None, "{at}: {line}");
            }
            for page in manuals(line) {
                assert!(root().join(&page).exists(), "{at}: {page} is not in the tree");
            }
        }
    }
    assert!(count > 100, "{count}");
}

#[test]
fn links_in_pages_exist() {
    for (path, text) in pages() {
        let folder = path.parent().unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let of_page = format!("{}{link}", path.file_name().unwrap().to_str().unwrap());
            let link = if link.starts_with('#') { of_page.as_str() } else { link };
            if !link.contains("://") {
                assert_eq!(broken(folder, link), None, "{}", path.display());
            }
        }
        for citation in text.lines().flat_map(cited).filter(|it| it.starts_with("docs/") && it.contains('#')) {
            assert_eq!(broken(Path::new(""), citation), None, "{}", path.display());
        }
        for page in text.lines().flat_map(manuals) {
            assert!(root().join(&page).exists(), "{}: {page} is not in the tree", path.display());
        }
    }
}

/// A page must not name a file that has moved.
#[test]
fn files_named_in_pages_for_developers_exist() {
    let mut count = 0;
    for name in ["ARCHITECTURE.md", "CONTRIBUTING.md", "STYLE.md", "SECURITY.md", "docs/model.md"] {
        let text = std::fs::read_to_string(root().join(name)).unwrap();
        for word in text.split('`').skip(1).step_by(2) {
            let folders = ["src/", "tests/", "benches/", "docs/", "examples/", "fuzz/", "man/", "completions/"];
            let is_path = folders.iter().any(|folder| word.starts_with(folder));
            let is_whole = word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
            // A word in capitals stands for any name.
            if is_path && is_whole && !word.contains("NAME") && !word.contains("NOUN") {
                count += 1;
                assert_eq!(broken(Path::new(""), word), None, "{name}");
            }
        }
    }
    assert!(count > 50, "{count}");
}

/// A newcomer follows a command from file to file, so the files on the way stay few.
#[test]
fn the_way_through_a_command_stays_short() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let files_from = |start: &str| -> BTreeSet<&str> {
        let (_, after) = text.split_once(start).unwrap_or_else(|| panic!("no `{start}`"));
        let walk = after.split("\n\n`").next().unwrap().split("\n\nThe evaluator").next().unwrap();
        walk.split('`').filter(|word| word.starts_with("src/") && word.ends_with(".rs")).collect()
    };
    let evaluator = files_from("The evaluator, which both ask:");
    assert!(evaluator.contains("src/policy/decide.rs"), "{evaluator:?}");
    for (command, most) in [("`rolebook share grant", 18), ("`rolebook perm check", 15)] {
        let files = files_from(command);
        let passed = files.union(&evaluator).count();
        assert!(files.len() > 5 && passed <= most, "{command} passes {passed} files: {files:?}");
    }
}
