//! `docs/roles.md` is made from `role list`: what is committed must be what it makes.
//! `BLESS=1 cargo test docs` writes it anew.

use std::fmt::Write;
use std::path::Path;

use crate::support::Tool;

/// The systems, and what their roles are held on.
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
    let mut out = "# Roles and presets\n\nEvery role with its actions, when it has them, and the sentence each comes from. Made from\n`rolebook role list -o json` by `BLESS=1 cargo test docs`; the rules themselves read the same rows.\n".to_owned();
    let mut told = 0;
    for (system, kinds) in SYSTEMS {
        write!(out, "\n## {system}\n\n| role | on | actions | when | rule | source |\n|---|---|---|---|---|---|\n")
            .unwrap();
        for row in rows {
            let text = |name: &str| row[name].as_str().unwrap_or("").replace('|', "\\|");
            let on = text("on");
            // The role that gives nothing by itself is held on the server.
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
    assert_eq!(told, rows.len(), "every row stands in some system");
    out.replace("| `` |", "| |")
}

#[test]
fn the_page_of_roles_is_the_catalogue() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/roles.md");
    let page = page();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), page, "run BLESS=1 cargo test docs");
}
