//! Measures whole commands on inputs and histories of growing length, as a user runs them: each is a process of its
//! own, and its output is discarded.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A folder with a store and the files that commands read.
struct Ground<'f> {
    folder: &'f Path,
    store: String,
}

impl Ground<'_> {
    fn new<'f>(folder: &'f Path, name: &str) -> Ground<'f> {
        let ground = Ground { folder, store: format!("{name}.db") };
        ground.run(&["init"], &[0]);
        ground
    }

    /// Runs a command and returns how long it took.
    fn run(&self, args: &[&str], statuses: &[i32]) -> Duration {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rolebook"));
        command.current_dir(self.folder).args(args).args(["--store", &self.store]).stdin(Stdio::null());
        command.env_clear().env("HOME", self.folder).stdout(Stdio::null()).stderr(Stdio::null());
        let begin = Instant::now();
        let status = command.status().unwrap().code();
        let taken = begin.elapsed();
        assert!(statuses.iter().any(|known| Some(*known) == status), "{args:?} ended with {status:?}");
        taken
    }

    /// The least of three runs, so that other processes on the machine hardly matter.
    fn least(&self, args: &[&str], statuses: &[i32]) -> Duration {
        (0..3).map(|_| self.run(args, statuses)).min().unwrap_or_default()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.join(name), text).unwrap();
    }
}

/// A manifest of `count` accounts whose numbers begin with `first`; account 0 is an administrator.
fn accounts(first: usize, count: usize) -> String {
    let mut text = String::from("version: 1\naccounts:\n");
    if first == 0 {
        text.push_str("  u0: {role: admin}\n");
    }
    for number in first.max(1)..first + count {
        let _ = writeln!(text, "  u{number}: {{}}");
    }
    text
}

/// All measurements for one size, each with its duration.
pub(crate) fn measure(folder: &Path, count: usize) -> Vec<(&'static str, Duration)> {
    let mut found = Vec::new();
    let ground = Ground::new(folder, &format!("people-{count}"));
    ground.write("some.yaml", &accounts(0, 10));
    ground.write("many.yaml", &accounts(10, count));
    ground.run(&["apply", "some.yaml", "--yes"], &[0]);
    found.push(("plan of so many new accounts", ground.least(&["plan", "many.yaml"], &[0])));
    found.push(("the same with --access", ground.least(&["plan", "many.yaml", "--access"], &[0])));
    found.push(("apply it", ground.run(&["apply", "many.yaml", "--yes"], &[0])));
    found.push(("list the accounts as JSON Lines", ground.least(&["account", "list", "-o", "jsonl"], &[0])));
    let mut unknown = String::from("version: 1\ngroups:\n  crew: [");
    for number in 0..count {
        let _ = write!(unknown, "{}v{number}", if number == 0 { "" } else { ", " });
    }
    unknown.push_str("]\n");
    ground.write("unknown.yaml", &unknown);
    found.push(("plan of as many unknown names", ground.run(&["plan", "unknown.yaml"], &[4])));
    found.push(("show the revision", ground.least(&["audit", "show", "2", "-o", "jsonl"], &[0])));
    found.push(("list the log as JSON Lines", ground.least(&["audit", "log", "-o", "jsonl"], &[0])));
    found.push(("the same as YAML", ground.least(&["audit", "log", "-o", "yaml"], &[0])));
    found.push((
        "what it gave to whom (perm diff)",
        ground.least(&["perm", "diff", "--from", "1", "-o", "jsonl"], &[0]),
    ));
    found.push(("undo it", ground.run(&["undo", "2", "--yes"], &[0])));
    history(folder, count, &mut found);
    homes(folder, count, &mut found);
    shares(folder, count, &mut found);
    ladder(folder, count, &mut found);
    found
}

/// A log of very many revisions with one change each, in which one group is looked for. The revisions are written without
/// digests, since the program would take a disk's time for each.
fn history(folder: &Path, count: usize, found: &mut Vec<(&'static str, Duration)>) {
    let ground = Ground::new(folder, &format!("history-{count}"));
    ground.write("base.yaml", &accounts(0, 10));
    ground.run(&["apply", "base.yaml", "--yes"], &[0]);
    let store = rusqlite::Connection::open(folder.join(&ground.store)).unwrap();
    let numbers =
        format!("WITH RECURSIVE number (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM number WHERE n <= {count})");
    store
        .execute_batch(&format!(
            "BEGIN;
             {numbers} INSERT INTO resource SELECT n, 1000 + n, NULL, 'group', 0, 'g' || n, 'g' || n, NULL, '{{}}', NULL FROM number;
             {numbers} INSERT INTO revision SELECT n, (SELECT at FROM revision WHERE number = 1) + n, NULL, 'bench',
                 'group add g' || n, NULL, NULL, NULL, 1000 + n, zeroblob(32), zeroblob(32) FROM number;
             COMMIT;"
        ))
        .unwrap();
    store.close().unwrap();
    found.push(("what happened to one of so many groups", ground.least(&["audit", "log", "--on", "group:g2"], &[0])));
}

/// Existing accounts join a workspace with files, and each gets a home folder.
fn homes(folder: &Path, count: usize, found: &mut Vec<(&'static str, Duration)>) {
    let ground = Ground::new(folder, &format!("homes-{count}"));
    let members = |workspaces: &str| {
        let all: Vec<String> = (1..count).map(|number| format!("u{number}: [{workspaces}]")).collect();
        format!("organizations:\n  acme:\n    admins: [u0]\n    members: {{{}}}\n", all.join(", "))
    };
    let mut text = accounts(0, count);
    text.push_str("endpoints:\n  n: {kind: node, node-version: 4.4.6, roles: {administrator: [u0]}}\n");
    text.push_str(&members(""));
    text.push_str("    workspaces: {prod: {files: 'n:/acme'}}\n");
    ground.write("base.yaml", &text);
    ground.run(&["apply", "base.yaml", "--yes"], &[0]);
    ground.write("join.yaml", &format!("version: 1\n{}", members("prod")));
    found.push(("so many join a workspace with files", ground.run(&["apply", "join.yaml", "--yes"], &[0])));
    found.push((
        "list its members as JSON Lines",
        ground.least(&["workspace", "members", "acme/prod", "-o", "jsonl"], &[0]),
    ));
}

/// Shares of folders with accounts and with groups.
fn shares(folder: &Path, count: usize, found: &mut Vec<(&'static str, Duration)>) {
    let ground = Ground::new(folder, &format!("shares-{count}"));
    let people = count / 2;
    let mut text = accounts(0, people);
    text.push_str("groups:\n");
    for group in 0..people.div_ceil(20) {
        let members: Vec<String> =
            (group * 20..(group * 20 + 20).min(people)).map(|number| format!("u{number}")).collect();
        let _ = writeln!(text, "  g{group}: [{}]", members.join(", "));
    }
    text.push_str("endpoints:\n  n:\n    kind: node\n    node-version: 4.4.6\n    roles: {administrator: [u0]}\n");
    text.push_str("    content:\n      /work: {owner: u0}\n");
    ground.write("base.yaml", &text);
    ground.run(&["apply", "base.yaml", "--yes"], &[0]);
    let mut text = String::from("version: 1\nendpoints:\n  n:\n    shares:\n");
    for number in 1..people {
        let _ = writeln!(text, "      /work/{number}: {{u{number}: view}}");
    }
    for group in 0..people.div_ceil(20) {
        let _ = writeln!(text, "      /work/g{group}: {{group:g{group}: view}}");
    }
    ground.write("shares.yaml", &text);
    found.push(("plan of half as many shares", ground.least(&["plan", "shares.yaml"], &[0])));
    found.push(("the same with --access", ground.least(&["plan", "shares.yaml", "--access"], &[0])));
    ground.run(&["apply", "shares.yaml", "--yes"], &[0]);
    found.push((
        "what it gave to whom (perm diff)",
        ground.least(&["perm", "diff", "--from", "1", "-o", "jsonl"], &[0]),
    ));
}

/// Groups nested in a chain, each with the next two as members, so that very many paths lead through them.
fn ladder(folder: &Path, count: usize, found: &mut Vec<(&'static str, Duration)>) {
    // One account is in all of these groups, so a tenth of the count is enough.
    let depth = count / 10;
    let ground = Ground::new(folder, &format!("ladder-{count}"));
    let mut text = String::from("version: 1\naccounts:\n  u0: {role: admin}\ngroups:\n");
    for group in 0..depth {
        let members: Vec<String> = (group + 1..(group + 3).min(depth)).map(|inner| format!("group:g{inner}")).collect();
        let members = if members.is_empty() { vec!["u0".to_owned()] } else { members };
        let _ = writeln!(text, "  g{group}: [{}]", members.join(", "));
    }
    ground.write("ladder.yaml", &text);
    found.push(("apply a tenth as many nested groups", ground.run(&["apply", "ladder.yaml", "--yes"], &[0])));
    found.push(("members --expand of the outermost", ground.least(&["group", "members", "g0", "--expand"], &[0])));
    found.push(("account show of who is in all of them", ground.least(&["account", "show", "u0"], &[0])));
}
