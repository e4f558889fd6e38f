//! `perm check --batch` through the program: order, form, errors in their position, and the cases of the
//! AuthZEN certification scenario in terms of this program.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{CommandOutput, Tool};

/// Runs a batch with these options and the requests on standard input.
fn ask(tool: &Tool, options: &str, requests: impl AsRef<[u8]>) -> CommandOutput {
    std::fs::write(tool.folder().join("requests"), requests).unwrap();
    tool.run(&format!("perm check --batch - {options} < requests"))
}

fn objects(ran: &CommandOutput) -> Vec<Value> {
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}

#[test]
fn requests_in_words_are_answered_in_words_line_by_line() {
    let tool = Tool::studio();
    let requests = "# who sends\nbob send workgroup:color\n\neve  send\tworkgroup:color\n  'bob' download \"node1:/projects/not there.mov\"";
    let ran = ask(&tool, "", requests);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert_eq!(
        ran.out,
        "# who sends\nallowed bob send workgroup:color\n\ndenied eve  send\tworkgroup:color\nallowed 'bob' download \"node1:/projects/not there.mov\"\n"
    );
    let from_file = tool.run("perm check --batch requests");
    assert_eq!((from_file.status, from_file.out), (0, ran.out));
    assert_eq!(ask(&tool, "--all", requests).status, 1, "one is denied");
    assert_eq!(ask(&tool, "--all", "bob send workgroup:color\n").status, 0);
    let nothing = ask(&tool, "--all", "");
    assert_eq!((nothing.status, nothing.out.as_str()), (0, ""));
}

#[test]
fn an_explicit_format_has_only_objects_for_every_request() {
    let tool = Tool::studio();
    let requests = "# who sends\nbob send workgroup:color\n\nnonsense\n{\"id\":7,\"principal\":\"eve\",\"action\":\"send\",\"resource\":\"workgroup:color\"}\n";
    let ran = ask(&tool, "-o jsonl", requests);
    assert_eq!(ran.status, 6);
    let lines = objects(&ran);
    assert_eq!(lines.len(), 3, "{ran:?}");
    let (bob, eve) = (&lines[0], &lines[2]);
    assert_eq!(
        (&bob["principal"], &bob["allowed"], &bob["rule"]),
        (&json!("bob"), &json!(true), &json!("workgroup.send-members"))
    );
    assert_eq!((&lines[1]["error"]["line"], &eve["id"], &eve["allowed"]), (&json!(4), &json!(7), &json!(false)));
    let mut array: Vec<Value> = serde_json::from_str(&ask(&tool, "-o json", requests).out).unwrap();
    for (in_array, line) in array.iter_mut().zip(&lines).filter(|(_, line)| line["at"].is_string()) {
        in_array["at"] = line["at"].clone();
    }
    assert_eq!(array, lines);
    assert_eq!(ask(&tool, "-o json", "# nothing\n").out, "[]\n");
    let proof: Value = serde_json::from_str(&ask(&tool, "-o json --proof", "bob send workgroup:color\n").out).unwrap();
    assert_eq!(proof[0]["proof"], tool.json("perm check bob send workgroup:color")["proof"]);
}

#[test]
fn a_proof_in_a_batch_is_that_of_a_single_check() {
    let tool = Tool::studio();
    let single = tool.run("perm check eve send workgroup:color").out;
    let ran = ask(&tool, "--proof", "eve send workgroup:color\n");
    assert_eq!(ran.out, single.replace("denied", "denied eve send workgroup:color"));
}

#[test]
fn objects_come_back_with_the_answer() {
    let tool = Tool::studio();
    let request = r#"{"id":7,"principal":"bob","action":"send","resource":"workgroup:color"}"#;
    let ran = ask(&tool, "", request);
    let answer = &objects(&ran)[0];
    let keys: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["id", "principal", "action", "resource", "allowed", "revision", "at", "rule"]);
    assert_eq!(
        (&answer["id"], &answer["allowed"], &answer["rule"]),
        (&json!(7), &json!(true), &json!("workgroup.send-members"))
    );
    // An answer can be a request again, and with a proof it is the object of a single check.
    let ran = ask(&tool, "--proof", &ran.out);
    let mut proven = objects(&ran).remove(0);
    let mut single = tool.json("perm check bob send workgroup:color");
    for answer in [&mut proven, &mut single] {
        for field in ["at", "id", "principal"] {
            answer.as_object_mut().unwrap().remove(field);
        }
    }
    assert_eq!(proven, single);
    let denied = ask(&tool, "--proof", request.replace("bob", "eve"));
    assert_eq!(objects(&denied)[0]["missing"][0], "role workgroup:standard on workgroup:color");
}

#[test]
fn an_invalid_request_is_an_error_in_its_position() {
    let tool = Tool::studio();
    let mut requests: Vec<u8> = b"\xef\xbb\xbfbob send workgroup:color\r\n".to_vec();
    requests.extend_from_slice(b"bob send\r\n");
    requests.extend_from_slice(b"nobody send workgroup:color\n");
    requests.extend_from_slice(b"bob sned workgroup:color\n");
    requests.extend_from_slice(b"bob \xff workgroup:color\n");
    requests.extend_from_slice(b"bob s\0end workgroup:color\n");
    requests.extend_from_slice(b"bob 'send workgroup:color\n");
    requests.extend(vec![b'x'; 2 << 20]);
    requests.extend_from_slice(b"\n{\"principal\": \"bob\",\n");
    requests
        .extend_from_slice(b"{\"principal\": \"nobody\", \"action\": \"send\", \"resource\": \"workgroup:color\"}\n");
    requests.extend_from_slice(
        b"{\"principal\":\"bob\",\"principal\":\"eve\",\"action\":\"send\",\"resource\":\"server\"}\n",
    );
    requests.extend_from_slice(b"bob send workgroup:color");
    let ran = ask(&tool, "--all", &requests);
    assert_eq!(ran.status, 6, "{ran:#?}");
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines.len(), 12);
    assert_eq!(
        lines[..8],
        [
            "allowed bob send workgroup:color",
            "error 2: expected three words, found 2",
            "error 3: no such account: `nobody`",
            "error 4: no action `sned` on a workgroup",
            "error 5: byte 5 of the line is not UTF-8",
            "error 6: byte 6 of the line is a NUL",
            "error 7: a `'` is never closed",
            "error 8: the line is longer than 1048576 bytes",
        ]
    );
    let object = |line: usize| serde_json::from_str::<Value>(lines[line]).unwrap();
    assert_eq!((&object(8)["error"]["code"], &object(8)["error"]["line"]), (&json!("bad_request"), &json!(9)));
    assert_eq!((&object(9)["principal"], &object(9)["error"]["code"]), (&json!("nobody"), &json!("not_found")));
    assert!(object(10)["error"]["message"].as_str().unwrap().contains("duplicate key"));
    assert_eq!(lines[11], "allowed bob send workgroup:color", "a last line without its end");
    assert!(ran.err.starts_with("rolebook: 10 of 12 lines could not be answered\n"), "{ran:#?}");
    assert!(ran.err.contains("lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11\n"), "{ran:#?}");
}

#[test]
fn a_batch_follows_the_disclosure_rules_of_a_single_check() {
    let tool = Tool::studio();
    let names = ["bob", "carol", "eve", "alice", "authenticated", "group:editors", "nobody"];
    let asked = [
        "send workgroup:color",
        "submit dropbox:intake",
        "see endpoint:archive",
        "manage-permissions endpoint:archive",
        "download node1:/projects/reel3.mov",
        "copy-to=node1:/projects/day01 node1:/projects/reel3.mov",
        "copy-to=nowhere:/x node1:/projects/reel3.mov",
        "create-group server",
        "view workspace:acme/prod",
    ];
    let mut requests = Vec::new();
    for name in names {
        requests.extend(asked.iter().map(|asked| format!("{name} {asked}")));
    }
    // Each request twice: the second time its references are in the cache.
    requests.extend(requests.clone());
    for actor in ["", "--as bob", "--as carol", "--as dana"] {
        let ran = ask(&tool, actor, requests.join("\n"));
        for (request, answer) in requests.iter().zip(ran.out.lines()).take(names.len() * asked.len()) {
            let words = format!("perm check {request} {actor}");
            let single = tool.run_here(&words.split_whitespace().collect::<Vec<_>>());
            let expected = match single.status {
                0 => "allowed ",
                1 => "denied ",
                _ => "error ",
            };
            assert!(answer.starts_with(expected), "{actor}: {request}: {answer}: {single:#?}");
            if expected == "error " {
                let message = single.err.lines().next().unwrap().replace("rolebook: ", "");
                assert!(answer.ends_with(&message), "{actor}: {answer}: {message}");
            }
        }
        let (first, second): (Vec<_>, Vec<_>) =
            ran.out.lines().enumerate().partition(|(line, _)| line * 2 < requests.len());
        let verdicts = |lines: Vec<(usize, &str)>| -> Vec<String> {
            lines.iter().map(|(_, text)| text.split(' ').filter(|it| !it.ends_with(':')).collect()).collect()
        };
        assert_eq!(verdicts(first), verdicts(second), "{actor}");
    }
}

#[test]
fn a_request_is_answered_before_the_next_is_written() {
    let tool = Tool::studio();
    let mut child =
        tool.shell("exec rolebook perm check --batch -").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut requests = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    for (name, verdict) in [("bob", "allowed"), ("eve", "denied")] {
        writeln!(requests, "{name} send workgroup:color").unwrap();
        assert_eq!(answers.next().unwrap().unwrap(), format!("{verdict} {name} send workgroup:color"));
    }
    // Nor does it wait for the rest of an incomplete line.
    write!(requests, "bob send workgroup:color\neve se").unwrap();
    assert_eq!(answers.next().unwrap().unwrap(), "allowed bob send workgroup:color");
    writeln!(requests, "nd workgroup:color").unwrap();
    assert_eq!(answers.next().unwrap().unwrap(), "denied eve send workgroup:color");
    drop(requests);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_closed_output_ends_the_batch() {
    let tool = Tool::studio();
    std::fs::write(tool.folder().join("requests"), "bob send workgroup:color\nno such thing\n".repeat(20_000)).unwrap();
    let ran = tool.sh("(rolebook perm check --batch requests; echo $? > status) | head -n 1");
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("allowed bob send workgroup:color\n", ""));
    assert_eq!(std::fs::read_to_string(tool.folder().join("status")).unwrap(), "141\n");
}

#[test]
fn a_batch_and_a_question_exclude_each_other() {
    let tool = Tool::studio();
    tool.fails(2, "perm check bob send workgroup:color --batch -", "cannot be used with");
    tool.fails(2, "perm check bob send", "missing `<RESOURCE>`");
    tool.fails(2, "perm check --all bob send workgroup:color", "cannot be used with");
    tool.fails(2, "perm check --proof", "--batch");
    tool.fails(6, "perm check --batch missing", "`missing` cannot be read");
    tool.fails(6, "perm check --batch .", "cannot be read");
}

/// The scenario's fixture in our terms: a record is a file, and writing it means renaming it. Alice owns
/// the file, Bob may view it. Names and shapes of requests are the standard's. Decisions rest on the
/// store, so cases that decide by `properties` have the store's decision.
mod authzen {
    use super::*;

    const FILE: &str = "node1:/projects/reel3.mov";

    fn subject(name: &str) -> Value {
        json!({"type": "user", "id": name})
    }

    fn action(name: &str) -> Value {
        json!({"name": name})
    }

    fn file() -> Value {
        json!({"type": "item", "id": FILE})
    }

    fn evaluation(who: &str, what: &str) -> Value {
        json!({"subject": subject(who), "action": action(what), "resource": file()})
    }

    fn with(mut request: Value, field: &str, value: Value) -> Value {
        request[field] = value;
        request
    }

    fn without(mut request: Value, part: &str, field: &str) -> Value {
        match field {
            "" => request.as_object_mut().unwrap().remove(part),
            _ => request[part].as_object_mut().unwrap().remove(field),
        };
        request
    }

    fn answers(tool: &Tool, requests: &[Value]) -> (i32, Vec<Value>) {
        let ran = ask(tool, "", requests.iter().map(|it| format!("{it}\n")).collect::<String>());
        assert_eq!(ran.out.lines().count(), requests.len(), "{ran:#?}");
        (ran.status, objects(&ran))
    }

    #[test]
    fn single_evaluations_have_the_expected_decision() {
        let tool = Tool::studio();
        let properties = with(
            with(evaluation("alice", "download"), "foo", json!("bar")),
            "context",
            json!({"time": "2025-06-27T18:03-07:00", "ip": "192.0.2.1"}),
        );
        let mut everything = properties.clone();
        for part in ["subject", "action", "resource"] {
            everything[part]["properties"] = json!({"role": "manager", "nested": {"deep": [1]}});
        }
        let cases = [
            (evaluation("alice", "download"), true),
            (evaluation("alice", "rename"), true),
            (evaluation("bob", "download"), true),
            (evaluation("bob", "rename"), false),
            (properties, true),
            (everything, true),
            (with(evaluation("alice", "download"), "evaluations", json!([])), true),
            (evaluation("alice", "download"), true),
        ];
        let (status, answers) = answers(&tool, &cases.clone().map(|(request, _)| request));
        assert_eq!(status, 0);
        for ((request, expected), answer) in cases.iter().zip(&answers) {
            assert_eq!(answer["decision"], json!(expected), "{request}: {answer}");
            assert!(answer["context"].is_object(), "{answer}");
        }
        assert_eq!(answers[3]["context"]["rule"], answers[3]["context"]["rule"]);
        assert_eq!(answers[0], answers[7], "asked again, answered alike");
    }

    #[test]
    fn an_incomplete_request_is_an_error_of_its_line() {
        let tool = Tool::studio();
        let whole = || evaluation("alice", "download");
        let mut requests: Vec<Value> = [
            ("subject", ""),
            ("action", ""),
            ("resource", ""),
            ("subject", "type"),
            ("subject", "id"),
            ("action", "name"),
            ("resource", "type"),
            ("resource", "id"),
        ]
        .into_iter()
        .map(|(part, field)| without(whole(), part, field))
        .collect();
        requests.push(with(whole(), "subject", json!("alice")));
        requests.push(with(whole(), "action", json!({"name": 123})));
        requests.push(with(whole(), "evaluations", json!({})));
        requests.push(with(whole(), "options", json!({"evaluations_semantic": "guess"})));
        requests.push(with(with(whole(), "subject", json!("alice")), "evaluations", json!([whole()])));
        let (status, answers) = answers(&tool, &requests);
        assert_eq!(status, 6);
        for (request, answer) in requests.iter().zip(&answers) {
            assert_eq!(answer["error"]["code"], "bad_request", "{request}: {answer}");
            assert!(answer.get("decision").is_none(), "{answer}");
        }
        assert_eq!(answers[4]["error"]["message"], "`subject.id` is missing");
    }

    #[test]
    fn unknown_resources_are_denied_with_the_reason() {
        let tool = Tool::studio();
        let requests = [
            (evaluation("nobody", "download"), 404),
            (with(evaluation("bob", "x"), "resource", json!({"type": "workgroup", "id": "nowhere"})), 404),
            (with(evaluation("bob", "read"), "resource", json!({"type": "record", "id": "record-1"})), 404),
            (evaluation("bob", "read"), 400),
            (with(evaluation("bob", "download"), "subject", json!({"type": "user", "id": "group:editors"})), 400),
            (with(evaluation("bob", "download"), "subject", json!({"type": "dropbox", "id": "intake"})), 400),
        ];
        let (status, answers) = answers(&tool, &requests.clone().map(|(request, _)| request));
        assert_eq!(status, 0, "each has its decision");
        for ((request, expected), answer) in requests.iter().zip(&answers) {
            assert_eq!(answer["decision"], json!(false), "{request}");
            assert_eq!(answer["context"]["error"]["status"], json!(expected), "{request}: {answer}");
            assert!(answer["context"]["reason"].is_string(), "{answer}");
        }
    }

    #[test]
    fn types_and_ids_are_references() {
        let tool = Tool::studio();
        let things = [
            (json!({"type": "account", "id": "bob"}), json!({"type": "workgroup", "id": "color"}), "send"),
            (json!({"type": "user", "id": "user:bob"}), json!({"type": "workgroup", "id": "workgroup:color"}), "send"),
            (
                json!({"type": "group", "id": "editors"}),
                json!({"type": "endpoint", "id": "archive"}),
                "manage-permissions",
            ),
            (json!({"type": "user", "id": "authenticated"}), json!({"type": "item", "id": "archive:/open"}), "browse"),
            (json!({"type": "user", "id": "alice"}), json!({"type": "server", "id": "server"}), "create-group"),
            (json!({"type": "user", "id": "bob"}), json!({"type": "workspace", "id": "acme/prod"}), "view"),
        ];
        let requests = things.map(|(who, on, what)| json!({"subject": who, "action": action(what), "resource": on}));
        let (_, answers) = answers(&tool, &requests);
        for (request, answer) in requests.iter().zip(&answers) {
            assert_eq!(answer["decision"], json!(true), "{request}: {answer}");
        }
    }

    #[test]
    fn lists_are_answered_in_order_and_stop_as_requested() {
        let tool = Tool::studio();
        let bob = json!({"subject": subject("bob"), "resource": file()});
        let three = json!([
            {"action": action("download")},
            {"action": action("rename")},
            {"action": action("browse"), "resource": file()},
        ]);
        let list = |semantic: &str| {
            let options = json!({"evaluations_semantic": semantic, "another_option": "value"});
            with(with(bob.clone(), "evaluations", three.clone()), "options", options)
        };
        let whole = json!({"evaluations": [evaluation("alice", "rename"), evaluation("bob", "rename")]});
        let inherits = with(
            with(evaluation("alice", "rename"), "context", json!({"time": "now"})),
            "evaluations",
            json!([{}, {"subject": subject("bob")}, {"subject": subject("nobody")}]),
        );
        let incomplete = json!({
            "subject": subject("alice"), "action": action("download"),
            "evaluations": [{"resource": file()}, {}, "x", {"resource": {"type": "item"}}],
        });
        let cases = [
            (with(bob.clone(), "evaluations", three.clone()), vec![true, false, true]),
            (list("execute_all"), vec![true, false, true]),
            (list("deny_on_first_deny"), vec![true, false]),
            (list("permit_on_first_permit"), vec![true]),
            (whole, vec![true, false]),
            (inherits, vec![true, false, false]),
            (incomplete, vec![true, false, false, false]),
        ];
        let (status, answers) = answers(&tool, &cases.clone().map(|(request, _)| request));
        assert_eq!(status, 0);
        for ((request, expected), answer) in cases.iter().zip(&answers) {
            let list = answer["evaluations"].as_array().unwrap();
            let decisions: Vec<bool> = list.iter().map(|it| it["decision"].as_bool().unwrap()).collect();
            assert_eq!(&decisions, expected, "{request}: {answer}");
            assert!(answer.get("decision").is_none(), "{answer}");
        }
        assert_eq!(answers[2]["evaluations"][1]["context"]["reason"], "deny_on_first_deny");
        assert_eq!(answers[6]["evaluations"][1]["context"]["reason"], "`resource` is missing");
    }

    #[test]
    fn lists_follow_their_semantic() {
        let tool = Tool::studio();
        let list = |semantic: &str| {
            json!({
                "subject": subject("bob"), "resource": file(),
                "evaluations": [{"action": action("rename")}, {"action": action("download")}],
                "options": {"evaluations_semantic": semantic},
            })
        };
        for (semantic, status) in [("execute_all", 1), ("deny_on_first_deny", 1), ("permit_on_first_permit", 0)] {
            assert_eq!(ask(&tool, "--all", list(semantic).to_string()).status, status, "{semantic}");
        }
    }
}
