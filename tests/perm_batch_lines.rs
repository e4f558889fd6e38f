//! `perm check --batch` against itself: in any mix, number and chunks of lines, each line has the answer that it
//! has alone.

use std::collections::HashMap;
use std::io::Write;
use std::process::Stdio;
use std::sync::OnceLock;

use proptest::prelude::*;
use serde_json::Value;

use crate::support::{Fixture, Tool};

/// Lines of every kind; one line must not change the meaning of another.
const LINES: [&[u8]; 40] = [
    b"bob send workgroup:color",
    b"eve send workgroup:color",
    b"bob download node1:/projects/reel3.mov",
    b"eve download node1:/projects/reel3.mov",
    b"bob download node1:/",
    b"bob download node1:/projects",
    b"bob download node1:/projects/",
    b"bob download node1:/projects//reel3.mov",
    b"bob download node1://projects",
    b"bob download node1:/projects/reel3.mov/",
    b"bob download node1:/projects/nothing/beneath/it",
    b"bob download node1:/projects/nothing",
    b"bob download node1:/nothing/here/at/all",
    b"bob download node1:/projects/./reel3.mov",
    b"bob browse node1:/projects/..",
    b"bob upload NODE1:/projects",
    b"alice delete node1:/projects/a:/b",
    b"alice delete node1:/projects/a:",
    b"alice delete node1:/",
    b"alice download nowhere:/projects/reel3.mov",
    b"bob view workspace:acme/prod",
    b"bob view workspace:/prod",
    b"user:bob  see\tendpoint:archive",
    b"'bob' 'copy-to=node1:/projects/day01' \"node1:/projects/reel3.mov\"",
    b"nobody send workgroup:color",
    b"bob sned workgroup:color",
    b"bob send",
    b"bob 'send workgroup:color",
    b"bob \xff workgroup:color",
    b"bob s\0end workgroup:color",
    b"# who sends",
    b"",
    b" \t bob send workgroup:color\t",
    b"eve send workgroup:c\xc3\xb6lor",
    br#"{"id":7,"principal":"bob","action":"send","resource":"workgroup:color"}"#,
    br#"{"principal":"eve","action":"download","resource":"node1:/projects/reel3.mov","note":"\u200b"}"#,
    br#"{"principal":"eve","action":"download"}"#,
    br#"{"principal":"bob","principal":"eve","action":"send","resource":"server"}"#,
    br#"{"subject":{"type":"user","id":"bob"},"action":{"name":"download"},"resource":{"type":"item","id":"node1:/projects/reel3.mov"}}"#,
    br#"{"subject":{"type":"user","id":"eve"},"evaluations":[{"action":{"name":"send"},"resource":{"type":"workgroup","id":"color"}},{}]}"#,
];

/// Output formats, and actors.
const OPTIONS: [&str; 6] = ["", "-o jsonl", "-o json", "--as bob", "--as alice -o jsonl", "--proof"];

/// The position of the line number in an answer.
const NUMBER: &str = "\u{1}";

/// The answer to a line in a batch of its own.
struct Alone {
    /// The answer without the line number.
    text: String,
    is_request: bool,
    is_refused: bool,
}

/// The answer to each line alone.
fn alone(tool: &Tool, options: &str) -> Vec<Alone> {
    let each = LINES.iter().map(|line| {
        std::fs::write(tool.folder().join("line"), [line, &b"\n"[..]].concat()).unwrap();
        let ran = tool.run(&format!("perm check --batch line {options}"));
        let text = ran.out.replace("error 1:", &format!("error {NUMBER}:"));
        let text = text.replace("\"line\":1", &format!("\"line\":{NUMBER}"));
        let is_request = !line.trim_ascii().is_empty() && !line.starts_with(b"#");
        Alone { text, is_request, is_refused: ran.status == 6 }
    });
    each.collect()
}

/// The expected answers to many lines, and the expected error messages for the lines without an answer.
fn expected(alone: &[Alone], asked: &[usize], in_array: bool) -> (String, Vec<String>) {
    let (mut out, mut refused) = (Vec::new(), Vec::new());
    for (line, place) in (1..).zip(asked) {
        let one = &alone[*place];
        out.extend((!one.text.is_empty()).then(|| one.text.replace(NUMBER, &line.to_string())));
        refused.extend(one.is_refused.then(|| line.to_string()));
    }
    let out = match in_array {
        true if out.is_empty() => "[]\n".to_owned(),
        true => format!("[\n  {}\n]\n", out.iter().map(|it| it.trim_end()).collect::<Vec<_>>().join(",\n  ")),
        false => out.concat(),
    };
    if refused.is_empty() {
        return (out, Vec::new());
    }
    let requests = asked.iter().filter(|place| alone[**place].is_request).count();
    let lines = |count: usize| if count == 1 { "line" } else { "lines" };
    let more = refused.len().saturating_sub(20);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    let first = refused.iter().take(20).cloned().collect::<Vec<_>>().join(", ");
    let errors = vec![
        format!("{} of {requests} {} could not be answered", refused.len(), lines(requests)),
        format!("{} {first}{more}", lines(refused.len())),
    ];
    (out, errors)
}

/// A store, and the answers to each line alone, by options.
struct World {
    store: Fixture,
    alone: HashMap<&'static str, Vec<Alone>>,
}

/// A small store, which is read into memory for any batch, and a store with so many accounts that the first two
/// lines of a batch are answered from its indexes.
fn worlds() -> &'static [World; 2] {
    static WORLDS: OnceLock<[World; 2]> = OnceLock::new();
    WORLDS.get_or_init(|| [0, 9_000].map(world))
}

fn world(accounts: usize) -> World {
    let tool = Tool::studio();
    tool.set_clock("2030-01-01T00:00:00Z");
    let rows = (0..accounts).map(|number| format!("{{\"account\":{{\"name\":\"extra-{number}\"}}}}\n"));
    std::fs::write(tool.folder().join("extra.jsonl"), rows.collect::<String>()).unwrap();
    tool.ok("apply extra.jsonl");
    // The objects of an array are the same as those of JSON Lines.
    let in_lines = |options: &str| options.replace("-o jsonl", "-o json").replace("-o json", "-o jsonl");
    let alone = OPTIONS.map(|options| (options, alone(&tool, &in_lines(options))));
    let store = Fixture::new();
    store.copy(|| tool);
    World { store, alone: alone.into_iter().collect() }
}

/// Runs a batch with its lines in chunks of `piece` bytes.
fn ask(tool: &Tool, options: &str, lines: &[u8], piece: usize) -> (String, String, Option<i32>) {
    let mut command = tool.shell(&format!("exec rolebook perm check --batch - {options}"));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut requests = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || lines.chunks(piece).for_each(|piece| requests.write_all(piece).unwrap()));
        child.wait_with_output().unwrap()
    });
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap(), output.status.code())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn each_line_has_the_answer_that_it_has_alone(
        asked in prop_oneof![
            prop::collection::vec(0..LINES.len(), 0..40),
            // Enough lines for several threads.
            prop::collection::vec(0..LINES.len(), 1000..3000),
        ],
        options in prop::sample::select(&OPTIONS[..]),
        world in 0..2usize,
        piece in prop::sample::select(vec![1 << 20, 1 << 12, 61]),
        ends in any::<bool>(),
    ) {
        let World { store, alone } = &worlds()[world];
        let tool = store.copy(|| unreachable!("`world` made the store"));
        let mut lines = asked.iter().map(|place| LINES[*place]).collect::<Vec<_>>().join(&b'\n');
        // An empty last line only counts with its line end.
        if asked.last().is_some_and(|last| ends || LINES[*last].is_empty()) {
            lines.push(b'\n');
        }
        let (out, errors) = expected(&alone[options], &asked, options == "-o json");
        let (is_out, is_errors, status) = ask(&tool, options, &lines, piece);
        let differs = out.lines().zip(is_out.lines()).position(|(is, was)| is != was);
        let first = differs.map(|line| (line + 1, out.lines().nth(line), is_out.lines().nth(line)));
        prop_assert_eq!(first, None);
        prop_assert_eq!(is_out.len(), out.len());
        prop_assert!(errors.iter().all(|error| is_errors.contains(error)), "{}: {:?}", is_errors, errors);
        prop_assert_eq!(errors.is_empty(), is_errors.is_empty());
        prop_assert_eq!(status, Some(if errors.is_empty() { 0 } else { 6 }));
    }
}

/// The property above would also hold for a program that refuses everything.
#[test]
fn the_lines_have_answers_of_every_kind() {
    let World { alone, .. } = &worlds()[0];
    let begin = |word: &str| alone[""].iter().filter(|it| it.text.starts_with(word)).count();
    assert!(begin("allowed ") >= 5 && begin("denied ") >= 5 && begin("error ") >= 8);
    for one in &alone["-o jsonl"] {
        let is_object = |line: &str| serde_json::from_str::<Value>(&line.replace(NUMBER, "1")).is_ok();
        assert!(one.text.lines().all(is_object), "{}", one.text);
    }
}
