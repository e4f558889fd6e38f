//! Writes large manifests: the workload as JSON Lines, and accounts, groups and files as YAML.

use std::fs::File;
use std::io::{BufWriter, Result, Write};
use std::path::Path;

use rolebook::model::Permissions;

use super::workload::{Principal, Workload};

/// Writes the workload as rows: resources first, then bindings. Every endpoint has an administrator.
pub(crate) fn lines(workload: &Workload, path: &Path) -> Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    writeln!(out, r#"{{"manifest":{{"version":1,"name":"bulk"}}}}"#)?;
    writeln!(out, r#"{{"account":{{"name":"root","role":"admin"}}}}"#)?;
    for account in 0..workload.accounts {
        writeln!(out, r#"{{"account":{{"name":"u{account}"}}}}"#)?;
    }
    for group in 0..workload.groups {
        writeln!(out, r#"{{"group":{{"name":"g{group}"}}}}"#)?;
    }
    for endpoint in 0..workload.endpoints {
        let about = r#""kind":"node","node-version":"4.4.6","roles":{"administrator":["root"]}"#;
        writeln!(out, r#"{{"endpoint":{{"name":"e{endpoint}",{about}}}}}"#)?;
    }
    let items: Vec<String> = (0..workload.folders.len() as u32).map(|folder| item(workload, folder)).collect();
    for (folder, item) in workload.folders.iter().zip(&items) {
        if folder.parent.is_some() {
            writeln!(out, r#"{{"content":{{"item":"{item}"}}}}"#)?;
        }
    }
    for it in &workload.memberships {
        let group = it.group as usize - workload.accounts;
        let member = it.member as usize;
        let (kind, number) = if member < workload.accounts {
            ("user", format!("u{member}"))
        } else {
            ("group", name(workload, it.member))
        };
        writeln!(out, r#"{{"member":{{"of":"group:g{group}","{kind}":"{number}"}}}}"#)?;
    }
    for it in &workload.roles {
        let (endpoint, role, who) = (it.endpoint, it.role.as_str(), reference(workload, it.principal));
        writeln!(out, r#"{{"role":{{"endpoint":"e{endpoint}","role":"{role}","principal":"{who}"}}}}"#)?;
    }
    for it in &workload.shares {
        let (item, who, set) = (&items[it.folder as usize], reference(workload, it.principal), preset(it.permissions));
        writeln!(out, r#"{{"share":{{"item":"{item}","principal":"{who}","permission":"{set}"}}}}"#)?;
    }
    out.flush()
}

/// The word of a preset.
fn preset(permissions: Permissions) -> &'static str {
    let found = Permissions::PRESETS.into_iter().find(|(set, ..)| *set == permissions);
    found.map_or("view", |(_, word, _)| word)
}

fn name(workload: &Workload, principal: Principal) -> String {
    let principal = principal as usize;
    match principal.checked_sub(workload.accounts) {
        Some(group) => format!("g{group}"),
        None => format!("u{principal}"),
    }
}

fn reference(workload: &Workload, principal: Principal) -> String {
    let prefix = if principal as usize >= workload.accounts { "group:" } else { "" };
    format!("{prefix}{}", name(workload, principal))
}

fn item(workload: &Workload, folder: u32) -> String {
    let (mut names, mut at) = (Vec::new(), folder);
    while let Some(parent) = workload.folders[at as usize].parent {
        names.push(workload.folder_name(at));
        at = parent;
    }
    names.reverse();
    format!("e{}:/{}", workload.folders[folder as usize].endpoint, names.join("/"))
}

/// Writes a manifest of accounts, groups and files, about 125 bytes each: half of the objects are accounts, one in
/// forty is a group, the rest are files with owners in folders of a hundred. Every tenth folder is shared with a group.
pub(crate) fn yaml(objects: usize, path: &Path) -> Result<()> {
    let (accounts, groups) = (objects / 2, objects / 40);
    let files = objects - accounts - groups;
    let mut out = BufWriter::new(File::create(path)?);
    writeln!(out, "version: 1\nname: house\naccounts:\n  root: {{role: admin}}")?;
    for number in 0..accounts {
        writeln!(
            out,
            "  person-{number:06}: {{email: person-{number:06}@example.com, display-name: \"Person {number:06} of the house\", \
             settings: {{send-external: deny}}}}"
        )?;
    }
    writeln!(out, "groups:")?;
    for number in 0..groups {
        let members = (0..8).map(|nth| format!("person-{:06}", (number * 31 + nth * 977) % accounts.max(1)));
        writeln!(out, "  group-{number:05}: [{}]", members.collect::<Vec<_>>().join(", "))?;
    }
    writeln!(out, "endpoints:\n  node1:\n    kind: node\n    node-version: \"4.4.6\"")?;
    writeln!(out, "    roles: {{administrator: [root]}}\n    content:")?;
    for number in 0..files {
        writeln!(
            out,
            "      /projects/2026/production-{:04}/reels/reel-{number:06}.mov: {{type: file, size: {}, owner: person-{:06}}}",
            number / 100,
            1_000_000_000 + number,
            number % accounts.max(1)
        )?;
    }
    writeln!(out, "    shares:")?;
    for folder in (0..files / 100).step_by(10) {
        writeln!(
            out,
            "      /projects/2026/production-{folder:04}: {{group:group-{:05}: edit}}",
            folder % groups.max(1)
        )?;
    }
    out.flush()
}
