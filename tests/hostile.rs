//! Texts that would act on a terminal or look like our own lines, in every field that takes a text:
//! every command escapes them in every format.

use rusqlite::Connection;
use serde_json::Value;

use crate::support::{CommandOutput, Fixture, Tool, plain_words};

/// Clears the screen, starts new lines, sets colours, reverses the reading direction, hides text.
const HOSTILE: &str = "x\u{1b}[2J\nrevision 999\r\tq\u{9b}31m\u{7f}\u{85}\u{200b}\u{202e}\u{2028}\u{2029}\u{feff}\u{e0041}\u{fe0f}\u{ad}y";
/// A name that an older store could hold.
const OLD_NAME: &str = "old\u{200b}\u{202e}\u{ad}\u{feff}\u{2028}\u{e0041}name";

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn run(tool: &Tool, line: &str) -> CommandOutput {
    let words = plain_words(line).unwrap();
    tool.run_here(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Asserts that nothing in the output acts on a terminal, and that no line is forged.
fn assert_harmless(ran: &CommandOutput) {
    for (line, text) in ran.out.lines().chain(ran.err.lines()).enumerate() {
        let separates = |it: char| it == '\t' && (ran.line.contains("-o tsv") || ran.line.contains("--batch"));
        let raw = text.chars().find(|it| {
            (it.is_control() && !separates(*it))
                || matches!(it, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
        });
        assert_eq!(raw, None, "line {line}: {text:?}\n{ran:#?}");
        assert!(!text.trim_start().starts_with("revision 999"), "forged: {text:?}\n{ran:#?}");
    }
}

/// A store with hostile texts everywhere, some of them names that an older version accepted.
fn store() -> Tool {
    static MADE: Fixture = Fixture::new();
    MADE.copy(|| {
        let tool = Tool::studio();
        let text = quoted(HOSTILE);
        let link = quoted(OLD_NAME);
        for command in [
            format!("account edit bob --display-name {link} --reason {text}"),
            format!("content upload {} --size 3 --owner alice", quoted(&format!("node1:/projects/{HOSTILE}"))),
            format!("content add {} --reason {text}", quoted(&format!("node1:/{HOSTILE}"))),
            format!("share grant {} carol --permission view", quoted(&format!("node1:/{HOSTILE}"))),
            format!("package send --title {text} --to bob --file {} --as carol", quoted(&format!("{HOSTILE}:3"))),
            format!("org set acme --description {text}"),
            format!("workspace set acme/prod --description {text}"),
            format!("media add acme/prod reel-9 --title {text}"),
            format!("stream add acme/prod live-9 --title {text}"),
            format!("account set-role bob admin --as eve --reason {text}"),
            format!("account add -- {text}"),
            format!("group add {link}"),
        ] {
            assert_harmless(&tool.run(&command));
        }
        let store = Connection::open(tool.store()).unwrap();
        // Written as by an older version: the names of a group, an endpoint and an account.
        for old in ["editors", "archive", "dana"] {
            let name = format!("{old}{OLD_NAME}");
            let changed =
                store.execute("UPDATE resource SET name = ?1, key = ?1 WHERE key = ?2", (&name, old)).unwrap();
            assert!(changed > 0, "{old}");
        }
        tool
    })
}

#[test]
fn output_never_contains_terminal_controls() {
    let tool = store();
    let item = quoted(&format!("node1:/{HOSTILE}"));
    let group = quoted(&format!("editors{OLD_NAME}"));
    let endpoint = quoted(&format!("archive{OLD_NAME}"));
    let text = quoted(HOSTILE);
    let last = tool.revision();
    let mut asked = 0;
    for command in [
        "status".to_owned(),
        "account list".to_owned(),
        "account show bob".to_owned(),
        "group list".to_owned(),
        format!("group show {group}"),
        format!("group members {group} --expand"),
        "workgroup list".to_owned(),
        "workgroup members color --expand".to_owned(),
        "dropbox list".to_owned(),
        "dropbox members intake".to_owned(),
        "dropbox invites intake".to_owned(),
        "package list".to_owned(),
        "package list --as bob".to_owned(),
        "endpoint list".to_owned(),
        format!("endpoint show {endpoint}"),
        format!("endpoint roles {endpoint}"),
        "content list node1:/".to_owned(),
        "content tree node1:/".to_owned(),
        format!("content show {item}"),
        format!("share list {item}"),
        "share list node1:/projects --all".to_owned(),
        "org list".to_owned(),
        "org show acme".to_owned(),
        "org members acme".to_owned(),
        "workspace list".to_owned(),
        "workspace show acme/prod".to_owned(),
        "workspace members acme/prod".to_owned(),
        "media list acme".to_owned(),
        "stream list acme".to_owned(),
        "server show".to_owned(),
        format!("perm check carol download {item}"),
        format!("perm check eve download {item}"),
        format!("perm explain carol download {item}"),
        format!("perm explain eve download {item}"),
        format!("perm explain bob edit group:{group}"),
        format!("perm who download {item}"),
        "perm list carol".to_owned(),
        "perm matrix node1:/".to_owned(),
        "perm diff --from 1".to_owned(),
        "audit log".to_owned(),
        "audit log --denied".to_owned(),
        "audit verify".to_owned(),
        "export".to_owned(),
        format!("content remove {item} --dry-run --access"),
        format!("content move {item} node1:/projects --dry-run"),
        format!("account remove {} --dry-run --destroy", quoted(&format!("dana{OLD_NAME}"))),
        format!("group remove {group}"),
        format!("account add {link}", link = quoted(OLD_NAME)),
        format!("account show {text}"),
        format!("account list --as {text}"),
        format!("account {text}"),
        format!("--output {text} account list"),
        format!("account list --columns {text}"),
        format!("account list --at {text}"),
        format!("perm check {text} {text} {text}"),
        format!("perm check --batch {text}"),
        format!("plan {text}"),
        format!("validate {text}"),
        format!("perm test {text}"),
        format!("role show {text}"),
        format!("man {text}"),
        format!("status --store {text}"),
    ] {
        for format in ["table", "csv", "tsv", "json", "jsonl", "yaml"] {
            let format = if command.starts_with("--output") { String::new() } else { format!(" -o {format}") };
            assert_harmless(&run(&tool, &format!("{command}{format} -v")));
            asked += 1;
        }
    }
    for revision in 1..=last {
        assert_harmless(&run(&tool, &format!("audit show {revision}")));
        assert_harmless(&run(&tool, &format!("undo {revision} --dry-run")));
    }
    assert!(asked > 300);
}

#[test]
fn messages_about_hostile_files_and_requests_are_harmless() {
    let tool = store();
    let write = |name: &str, text: &str| std::fs::write(tool.folder().join(name), text).unwrap();
    let json = serde_json::to_string(HOSTILE).unwrap();
    write(
        "odd\n\u{1b}[2Jname.yaml",
        &format!("version: 1\naccounts: {{{json}: {{rol: {json}}}, eve: {{email: {json}}}}}\n"),
    );
    write("a.yaml", &format!("version: 1\nname: s\ngroups: {{g: [{json}]}}\n\"zero\u{200b}width\": 1\n"));
    write("b.jsonl", &format!("{{\"account\":{{\"name\":{json}}}}}\n{{{json}: 1}}\n"));
    write("c.csv", "name,email\nzero\u{200b}\u{202e}width,x\n\u{1b}[2J,y\n");
    write(
        "batch",
        &format!(
            "{{\"principal\":{json},\"action\":{json},\"resource\":{json}}}\n'a\u{1b}b' c d\n# \u{200b}\u{1b}\nbob send x\u{202e}y\n"
        ),
    );
    write("tests.yaml", &format!("tests: [{json}, \"bob can send zero\u{200b}width\"]\n"));
    for command in [
        "plan *name.yaml",
        "apply *name.yaml --yes",
        "validate *name.yaml a.yaml b.jsonl",
        "plan a.yaml",
        "apply b.jsonl --yes",
        "import csv c.csv",
        "perm check --batch batch",
        "perm check --batch batch --proof",
        "perm test tests.yaml",
    ] {
        for format in ["table", "json", "jsonl", "csv"] {
            let ran = tool.run(&format!("{command} -o {format}"));
            assert_ne!(ran.status, 0, "{ran:#?}");
            assert_harmless(&ran);
        }
    }
}

#[test]
fn escaped_texts_read_back() {
    let tool = store();
    let reference = format!("node1:/{HOSTILE}");
    let has = |rows: &Value| rows.as_array().unwrap().iter().any(|row| row["ref"] == reference.as_str());
    assert!(has(&tool.json("content list node1:/")));
    let csv = tool.ok("content list node1:/ -o csv --columns ref --no-headers");
    let cells: Vec<_> =
        csv.lines().map(|line| rolebook::model::escape::unescape_cell(line.trim_matches('"'))).collect();
    assert!(cells.iter().any(|cell| *cell == reference.as_str()), "{csv}");
    for format in ["yaml", "jsonl"] {
        std::fs::write(tool.folder().join("copy"), tool.ok(&format!("export --format {format}"))).unwrap();
        assert_eq!(tool.ok(&format!("plan copy --format {format}")), "No changes.\n", "{format}");
    }
}
