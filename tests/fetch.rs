//! `fetch`: reads loopback servers that answer as the platforms do, and writes tapes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rolebook::platform::tape::Tape;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::Tool;
use crate::support::web::{Web, WebAnswer, WebRequest};

const TOKEN: &str = "Bearer s3cret-token-value";

fn fetching() -> Tool {
    let tool = Tool::bare();
    tool.write("token.txt", &format!("{TOKEN}\n"));
    tool
}

fn tape(tool: &Tool, name: &str) -> (String, Tape) {
    let text = std::fs::read_to_string(tool.folder().join("dumps").join(name)).unwrap();
    let read = Tape::parse(name, &text).unwrap();
    (text, read)
}

/// The bodies of the calls to a path, in their order.
fn bodies(tape: &Tape, path: &str) -> Vec<Value> {
    tape.calls.iter().filter(|call| call.request.path == path).map(|call| call.answer.body.clone()).collect()
}

/// A page of a Faspex list: at most `most` rows, whatever is asked for.
fn page(request: &WebRequest, key: &str, rows: &[Value], most: usize) -> WebAnswer {
    let offset = request.number("offset");
    let shown: Vec<&Value> = rows.iter().skip(offset).take(most.min(request.number("limit"))).collect();
    WebAnswer::json(&json!({"total_count": rows.len(), "offset": offset, "limit": most, key: shown}))
}

const PREFIX: &str = "/aspera/faspex/api/v5";

/// A Faspex server of five accounts, one workgroup and one shared inbox, with pages of two.
fn faspex(request: &WebRequest) -> WebAnswer {
    let accounts: Vec<Value> =
        (1..6).map(|id| json!({"id": id.to_string(), "name": format!("u{id}"), "role": "user"})).collect();
    let path = request.path.strip_prefix(PREFIX).unwrap_or_default();
    match path {
        "/configuration" => WebAnswer::json(&json!({"public_url_allowed": true, "client_secret": "conf-secret"})),
        "/accounts" => page(request, "accounts", &accounts, 2),
        "/workgroups" => page(request, "workgroups", &[json!({"id": "7", "name": "Legal"})], 2),
        "/shared_inboxes" => {
            let inbox = json!({"id": 21, "name": "Drop", "public_url": "https://f.example/?context=inbox-secret"});
            page(request, "shared_inboxes", &[inbox], 2)
        }
        "/shared_inboxes/21/members" => {
            let member = json!({"id": "90", "user_id": "55", "type": "external_user", "access_url": "https://f.example/link-secret"});
            page(request, "members", &[member], 2)
        }
        "/workgroups/7/members" | "/saml_groups/9/members" => {
            let rows: Vec<Value> = (1..4).map(|id| json!({"id": id, "user_id": id})).collect();
            page(request, "members", &rows, 1)
        }
        "/saml_groups" => page(request, "groups", &[json!({"id": "9", "group_name": "finance"})], 2),
        "/workgroups/7/saml_groups" | "/shared_inboxes/21/saml_groups" => page(request, "groups", &[], 2),
        _ => WebAnswer::refused(404),
    }
}

#[test]
fn every_page_is_read_and_no_secret_is_kept() {
    let (tool, server) = (fetching(), Web::start(faspex));
    for (place, url) in ["dumps", "other"].into_iter().zip([server.url(), format!("{}{PREFIX}/", server.url())]) {
        let ran = tool.run(&format!("fetch faspex@studio --url {url} --token-file token.txt --out {place}"));
        assert_eq!(ran.status, 0, "{ran:#?}");
        assert_eq!(ran.out, format!("wrote {place}/faspex@studio.tape: 16 calls, 0 refused\n"));
        assert!(!ran.err.contains("s3cret"), "{ran:#?}");
    }
    assert!(server.requests().iter().all(|request| request.headers["authorization"] == TOKEN));
    let (text, read) = tape(&tool, "faspex@studio.tape");
    assert!(read.is_complete() && read.header.caller.is_none());
    assert_eq!(read.header.instance.to_string(), "faspex@studio");
    let accounts: Vec<usize> =
        bodies(&read, "/accounts").iter().map(|it| it["accounts"].as_array().unwrap().len()).collect();
    assert_eq!(accounts, [2, 2, 1]);
    assert_eq!(bodies(&read, "/workgroups/7/members").len(), 3);
    assert_eq!(bodies(&read, "/saml_groups/9/members").len(), 3);
    for secret in ["s3cret", "conf-secret", "inbox-secret", "link-secret", "Bearer"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    assert_eq!(text.matches("[struck out]").count(), 3);
    // The closing line has the digest of every byte before it.
    let (before, last) = text.trim_end().rsplit_once('\n').unwrap();
    let end: Value = serde_json::from_str(last).unwrap();
    let digest: String = Sha256::digest(format!("{before}\n")).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((&end["sha256"], &end["calls"], &end["failed"]), (&json!(digest), &json!(16), &json!(0)));
    #[cfg(unix)]
    {
        let mode = std::fs::metadata(tool.folder().join("dumps/faspex@studio.tape")).unwrap();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o777, 0o600);
    }
    // A tape is never written over.
    let again = tool.fails(
        5,
        &format!("fetch faspex@studio --url {} --token-file token.txt --out dumps", server.url()),
        "is a whole tape already",
    );
    assert!(again.err.contains("--out"), "{again:#?}");
}

#[test]
fn what_is_refused_counts_as_incomplete_and_the_rest_goes_on() {
    let server = Web::start(|request| {
        if request.path.ends_with("/workgroups/7/members") { WebAnswer::refused(403) } else { faspex(request) }
    });
    let tool = fetching();
    let ran = tool.run(&format!("fetch faspex --url {} --token-file token.txt --out dumps -o json", server.url()));
    assert_eq!(ran.status, 1, "{ran:#?}");
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(answer["refused"], json!([{"call": "faspex /workgroups/7/members", "answer": "403 Refused"}]));
    assert_eq!(answer["calls"], 14);
    assert!(ran.err.contains("faspex /workgroups/7/members was refused (403 Refused)"), "{ran:#?}");
    let (_, read) = tape(&tool, "faspex.tape");
    assert!(read.digest.is_some() && !read.is_complete());
    assert!(!bodies(&read, "/shared_inboxes/21/members").is_empty(), "what follows is read");
}

/// The call that says who is logged in is made before the tape is begun, and is one of its calls all the same.
#[test]
fn a_caller_who_is_not_told_is_asked_for_once() {
    let server =
        Web::start(|request| if request.path == "/access_keys/self" { WebAnswer::refused(403) } else { node(request) });
    let tool = fetching();
    let ran = tool.run(&format!("fetch node --url {} --token-file token.txt --out dumps -o json", server.url()));
    assert_eq!(ran.status, 1, "{ran:#?}");
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(answer["refused"], json!([{"call": "node /access_keys/self", "answer": "403 Refused"}]));
    assert_eq!((&answer["caller"], &answer["calls"]), (&Value::Null, &json!(5)));
    assert_eq!(server.requests().len(), 5);
    let (_, read) = tape(&tool, "node.tape");
    assert_eq!(read.calls[0].request.path, "/access_keys/self");
}

#[test]
fn a_platform_that_asks_to_wait_is_asked_again() {
    let asked = AtomicUsize::new(0);
    let server = Web::start(move |request| match asked.fetch_add(1, Ordering::SeqCst) {
        0 | 3 => WebAnswer::refused(429).with("Retry-After", 0),
        5 => WebAnswer::refused(503).with("Retry-After", 0),
        _ => faspex(request),
    });
    let tool = fetching();
    tool.ok(&format!("fetch faspex --url {} --token-file token.txt --out dumps", server.url()));
    let (_, read) = tape(&tool, "faspex.tape");
    assert!(read.is_complete());
    assert_eq!((read.calls.len(), server.requests().len()), (16, 19));
    // Nobody waits for an hour.
    let server = Web::start(|_| WebAnswer::refused(429).with("Retry-After", 3600));
    tool.fails(
        7,
        &format!("fetch faspex@b --url {} --token-file token.txt --out dumps", server.url()),
        "asks to wait 3600 seconds",
    );
}

#[test]
fn an_interrupted_fetch_is_continued() {
    let good = Arc::new(AtomicUsize::new(6));
    let server = Web::start({
        let good = Arc::clone(&good);
        move |request| {
            let left = good.load(Ordering::SeqCst);
            good.store(left.saturating_sub(1), Ordering::SeqCst);
            if left == 0 { WebAnswer::refused(401) } else { faspex(request) }
        }
    });
    let (tool, command) =
        (fetching(), format!("fetch faspex --url {} --token-file token.txt --out dumps", server.url()));
    let ran = tool.fails(7, &command, "does not accept the token");
    assert!(ran.err.contains("keeps the 6 calls so far") && ran.err.contains("run the same command again"), "{ran:#?}");
    let file = tool.folder().join("dumps/faspex.tape");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!Tape::parse("t", &text).unwrap().is_complete());
    // The last line was being written when the process was killed.
    std::fs::write(&file, &text[..text.len() - 9]).unwrap();
    good.store(1000, Ordering::SeqCst);
    let before = server.requests().len();
    let ran = tool.run(&command);
    assert_eq!(ran.status, 0, "{ran:#?}");
    assert!(ran.err.contains("continues the tape that was begun at"), "{ran:#?}");
    assert_eq!(server.requests().len() - before, 11, "five calls were kept");
    let (_, read) = tape(&tool, "faspex.tape");
    assert!(read.is_complete());
    let whole = {
        let other = fetching();
        other.ok(&command);
        tape(&other, "faspex.tape").1
    };
    assert_eq!(read.calls, whole.calls);
}

#[test]
fn another_time_or_way_is_not_continued() {
    let server =
        Web::start(
            |request| if request.path.ends_with("/configuration") { faspex(request) } else { WebAnswer::refused(401) },
        );
    let tool = fetching();
    tool.set_clock("2026-11-28T09:00:00Z");
    let command = |url: &str| format!("fetch faspex --url {url} --token-file token.txt --out dumps");
    tool.fails(7, &command(&server.url()), "does not accept the token");
    tool.fails(5, &command(&format!("http://localhost:{}", server.port)), "begun with another --via or --url");
    tool.set_clock("2026-11-28T10:00:01Z");
    tool.fails(5, &command(&server.url()), "more than an hour ago");
}

#[test]
fn a_tape_that_was_changed_is_refused() {
    let (tool, server) = (fetching(), Web::start(faspex));
    tool.ok(&format!("fetch faspex --url {} --token-file token.txt --out dumps", server.url()));
    let (text, _) = tape(&tool, "faspex.tape");
    let lines: Vec<&str> = text.lines().collect();
    let without = |at: usize| {
        lines.iter().enumerate().filter(|(line, _)| *line != at).map(|(_, it)| format!("{it}\n")).collect::<String>()
    };
    for (changed, line) in [
        (text.replacen("\"u1\"", "\"u9\"", 1), 18),
        (without(3), 17),
        (text.replacen("\"calls\":16", "\"calls\":15", 1), 18),
        (format!("{text}{}\n", lines[1]), 19),
        (without(0), 1),
        (text.replacen("{\"service\"", "{\"sevrice\"", 1), 2),
    ] {
        assert_ne!(changed, text);
        let problem = Tape::parse("t", &changed).unwrap_err();
        assert_eq!(problem.kind.exit_status(), 6);
        assert!(problem.message.starts_with(&format!("t:{line}: ")), "{problem:?}");
    }
}

#[test]
fn tokens_travel_protected_and_are_never_shown() {
    let tool = fetching();
    let fetch = |rest: &str| format!("fetch faspex {rest} --out dumps");
    tool.fails(2, &fetch("--url http://faspex.example.com --token-file token.txt"), "is not protected");
    tool.fails(
        2,
        &fetch("--url https://me:pw@faspex.example.com --token-file token.txt"),
        "holds more than a server and a path",
    );
    tool.fails(2, &fetch("--token-file token.txt"), "every site has its own Aspera Faspex");
    tool.fails(2, &fetch("--url https://faspex.example.com"), "is read with a token");
    tool.fails(2, &fetch("--via cli --url https://faspex.example.com"), "has no command");
    tool.fails(2, "fetch globus --via cli --token-file token.txt --out dumps", "a login of its own");
    tool.fails(2, "fetch globes --out dumps", "did you mean `globus`?");
    for bad in
        ["", "s3cret-token-value\n", "Bearer s3cret\nBearer\n", "one two three four s3cret\n", "Bearer s3cret\u{7}\n"]
    {
        tool.write("bad.txt", bad);
        let ran = tool.fails(6, &fetch("--url https://127.0.0.1:1 --token-file bad.txt"), "`bad.txt`");
        assert!(!ran.err.contains("s3cret"), "{ran:#?}");
    }
    tool.fails(7, &fetch("--url http://127.0.0.1:1 --token-file token.txt"), "cannot be read");
    // A redirect is not followed: the token is for this server alone.
    let elsewhere = Web::start(faspex);
    let target = format!("{}/stolen", elsewhere.url());
    let server = Web::start(move |_| WebAnswer::refused(302).with("Location", target.clone()));
    let ran = tool.run(&fetch(&format!("--url {} --token-file token.txt", server.url())));
    assert_eq!(ran.status, 1, "{ran:#?}");
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn a_private_authority_is_trusted_by_its_file_alone() {
    let (tool, server) = (fetching(), Web::start_tls(faspex));
    let command = format!("fetch faspex --url {} --token-file token.txt --out dumps", server.url());
    tool.fails(7, &command, "its certificate is not trusted");
    assert!(server.requests().is_empty());
    server.write_certificate(&tool.folder().join("ca.pem"));
    tool.ok(&format!("{command} --ca-file ca.pem"));
    tool.write("empty.pem", "nothing\n");
    tool.fails(6, &format!("{command} --ca-file empty.pem"), "holds no certificate in PEM");
}

const HOST: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const PERSONAL: &str = "aaaaaaaa-0000-4000-8000-000000000002";
const GCS: &str = "aaaaaaaa-0000-4000-8000-000000000003";
const GUEST: &str = "aaaaaaaa-0000-4000-8000-000000000004";

/// Globus: all services and the manager of one endpoint at one address, which the endpoint's document names.
fn globus(request: &WebRequest, manager: &str) -> WebAnswer {
    let endpoint = |id: &str, kind: &str, acl: bool, owner: &str| json!({"DATA_TYPE": "endpoint", "id": id, "entity_type": kind, "acl_available": acl, "owner_id": owner, "gcs_manager_url": manager});
    let role = |id: &str, kind: &str, principal: &str| json!({"DATA_TYPE": "role", "id": id, "principal_type": kind, "principal": principal, "role": "administrator"});
    let path = request.path.as_str();
    WebAnswer::json(&match path {
        "/v2/oauth2/userinfo" => json!({"sub": "c1", "preferred_username": "carol@x.example"}),
        "/v0.10/endpoint_search" => {
            assert_eq!(request.query["filter_scope"], "administered-by-me");
            let (offset, all) = (request.number("offset"), [HOST, PERSONAL, GCS, GUEST]);
            let rows: Vec<Value> = all.iter().skip(offset).take(3).map(|id| json!({"id": id})).collect();
            json!({"DATA": rows, "has_next_page": offset == 0, "offset": offset})
        }
        _ if path == format!("/v0.10/endpoint/{HOST}") => endpoint(HOST, "GCSv4_share", true, "u"),
        _ if path == format!("/v0.10/endpoint/{PERSONAL}") => endpoint(PERSONAL, "GCP_mapped_collection", false, "u"),
        _ if path == format!("/v0.10/endpoint/{GCS}") => endpoint(GCS, "GCSv5_endpoint", false, GCS),
        _ if path == format!("/v0.10/endpoint/{GUEST}") => endpoint(GUEST, "GCSv5_guest_collection", false, GCS),
        _ if path == format!("/v0.10/endpoint/{HOST}/role_list") => {
            json!({"DATA": [role("r1", "identity", "i1"), role("r2", "group", "g2")]})
        }
        _ if path == format!("/v0.10/endpoint/{PERSONAL}/role_list") => json!({"DATA": []}),
        _ if path.ends_with("/access_list") => {
            json!({"DATA_TYPE": "access_list", "length": 1, "DATA": [{"id": "a1", "principal_type": "identity", "principal": "i2", "path": "/p/", "permissions": "r"}]})
        }
        "/api/roles" => {
            assert_eq!(request.query["include"], "all_roles");
            let principal = if request.query.contains_key("collection_id") {
                "urn:globus:groups:id:g3"
            } else {
                "urn:globus:auth:identity:i3"
            };
            let first = !request.query.contains_key("marker");
            json!({"data": [{"id": "x", "principal": principal, "role": "administrator"}], "has_next_page": first, "marker": "m2"})
        }
        "/v2/groups/my_groups" => json!([{"id": "g1"}]),
        _ if path.starts_with("/v2/groups/") => {
            json!({"id": path, "memberships": [{"identity_id": format!("m{}", path.len()), "status": "active"}]})
        }
        "/v2/api/identities" => {
            json!({"identities": request.query["ids"].split(',').map(|id| json!({"id": id})).collect::<Vec<_>>()})
        }
        other => panic!("{other}"),
    })
}

fn start_globus() -> Web {
    let manager = Arc::new(Mutex::new(String::new()));
    let told = Arc::clone(&manager);
    let server = Web::start(move |request| globus(request, &told.lock().unwrap()));
    *manager.lock().unwrap() = server.url();
    server
}

fn assert_whole_globus(read: &Tape) {
    assert_eq!(read.header.caller.as_deref(), Some("c1"));
    for group in ["g1", "g2", "g3"] {
        assert_eq!(bodies(read, &format!("/v2/groups/{group}")).len(), 1, "{group}");
    }
    assert_eq!(bodies(read, "/roles").len(), 4, "two pages for the endpoint and two for its collection");
    assert_eq!(bodies(read, &format!("/v0.10/endpoint/{GCS}/role_list")).len(), 0, "it is not read there");
    for (endpoint, lists) in [(HOST, 1), (PERSONAL, 0), (GCS, 0), (GUEST, 1)] {
        assert_eq!(bodies(read, &format!("/v0.10/endpoint/{endpoint}/access_list")).len(), lists, "{endpoint}");
    }
    let identities = bodies(read, "/v2/api/identities");
    let ids: Vec<&str> =
        identities[0]["identities"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["i1", "i2", "i3", "m13"]);
}

#[test]
fn globus_is_read_over_http_with_a_token_for_each_service() {
    let (tool, server) = (fetching(), start_globus());
    let command = format!("fetch globus --via http --url {} --token-file tokens.txt --out dumps", server.url());
    tool.write("tokens.txt", &format!("auth Bearer a\ngroups Bearer g\ntransfer Bearer t\ngcs:{GCS} Bearer m\n"));
    tool.ok(&command);
    let (_, read) = tape(&tool, "globus.tape");
    assert!(read.is_complete());
    assert_whole_globus(&read);
    for request in server.requests() {
        let expected = match request.path.as_str() {
            path if path.starts_with("/v0.10/") => "Bearer t",
            path if path.starts_with("/v2/groups/") => "Bearer g",
            "/api/roles" => "Bearer m",
            _ => "Bearer a",
        };
        assert_eq!(request.headers["authorization"], expected, "{}", request.path);
    }
    // A token for the platform does not go to a server that an answer names.
    let (tool, server) = (fetching(), start_globus());
    let ran = tool.run(&format!("fetch globus --via http --url {} --token-file token.txt --out dumps", server.url()));
    assert_eq!(ran.status, 1, "{ran:#?}");
    assert!(ran.err.contains(&format!("no token for gcs:{GCS}")), "{ran:#?}");
    assert!(server.requests().iter().all(|request| request.path != "/api/roles"));
}

/// A list that a header counts, in pages of two.
fn counted(request: &WebRequest, rows: &[Value]) -> WebAnswer {
    let page = request.number("page").max(1) - 1;
    let shown: Vec<&Value> = rows.iter().skip(page * 2).take(2).collect();
    WebAnswer::json(&json!(shown)).with("X-Total-Count", rows.len())
}

fn node(request: &WebRequest) -> WebAnswer {
    match request.path.as_str() {
        "/access_keys/self" => WebAnswer::json(&json!({"id": "ak1", "secret": "key-secret"})),
        "/info" => WebAnswer::json(&json!({"version": "4.4.6"})),
        "/permissions" => {
            assert_eq!(request.query["embed[]"], "file");
            let rows: Vec<Value> =
                (1..6).map(|id| json!({"id": id, "tags": "{\"url_token\": \"tag-secret\"}"})).collect();
            counted(request, &rows)
        }
        other => panic!("{other}"),
    }
}

#[test]
fn nodes_and_aspera_on_cloud_are_read_by_counted_pages() {
    let (tool, server) = (fetching(), Web::start(node));
    tool.ok(&format!("fetch node@eu --url {} --token-file token.txt --out dumps", server.url()));
    let (text, read) = tape(&tool, "node@eu.tape");
    assert!(read.is_complete() && !text.contains("-secret"), "{text}");
    assert_eq!((read.header.caller.as_deref(), bodies(&read, "/permissions").len()), (Some("ak1"), 3));

    let url = server.url();
    let cloud = Web::start(move |request| match request.path.strip_prefix("/api/v1").unwrap() {
        "/self" => WebAnswer::json(&json!({"id": 15, "email": "ana@x.example"})),
        "/organization" | "/apps/files/settings" => WebAnswer::json(&json!({})),
        "/nodes" => counted(
            request,
            &[json!({"id": 8669, "url": url.clone()}), json!({"id": 8670, "url": "https://nas.example"})],
        ),
        _ => counted(request, &(0..3).map(|id| json!({"id": id})).collect::<Vec<_>>()),
    });
    tool.write("tokens.txt", &format!("aoc {TOKEN}\nnode:8669 Bearer n1\n"));
    tool.ok(&format!("fetch aoc --url {}/api/v1 --token-file tokens.txt --out dumps", cloud.url()));
    let (_, read) = tape(&tool, "aoc.tape");
    assert!(read.is_complete());
    assert_eq!(read.header.caller.as_deref(), Some("15"));
    for list in ["/users", "/workspace_memberships", "/dropbox_memberships", "/short_links"] {
        assert_eq!(bodies(&read, list).len(), 2, "{list}");
    }
    assert_eq!(bodies(&read, "/permissions").len(), 3, "of the one node that there is a token for");
    assert!(server.requests().iter().rev().take(4).all(|request| request.headers["authorization"] == "Bearer n1"));
}

#[test]
fn fastpix_is_read_by_numbered_pages() {
    let server = Web::start(|request| {
        assert!(["/v1/iam/signing-keys", "/v1/on-demand", "/v1/live/streams"].contains(&request.path.as_str()));
        let offset = request.number("offset");
        let rows: Vec<Value> =
            (0..3).skip((offset - 1) * 2).take(2).map(|id| json!({"id": id, "streamKey": "key-secret"})).collect();
        WebAnswer::json(
            &json!({"success": true, "data": rows, "pagination": {"totalRecords": 3, "currentOffset": offset}}),
        )
    });
    let tool = fetching();
    tool.ok(&format!("fetch fastpix --url {} --token-file token.txt --out dumps", server.url()));
    let (text, read) = tape(&tool, "fastpix.tape");
    assert!(read.is_complete() && !text.contains("key-secret"), "{text}");
    assert_eq!(read.calls.len(), 6);
}

/// The folder of the real `globus` command and of `fauxbus`, which `.ci/run` installs; `None` without it.
fn python_tools(test: &str) -> Option<String> {
    let found = std::env::var("ROLEBOOK_TEST_PYTHON")
        .ok()
        .filter(|folder| std::path::Path::new(folder).join("globus").is_file());
    if found.is_none() {
        println!("{test} is skipped: ROLEBOOK_TEST_PYTHON names no folder with `globus` and `fauxbus` (see .ci/run)");
    }
    found
}

/// A tool whose `globus` command logs in as a client at loopback servers.
fn with_globus(folder: &str, auth: &Web, groups: &str, transfer: &Web) -> Tool {
    let mut tool = Tool::bare();
    let path = std::env::var("PATH").unwrap();
    for (name, value) in [
        ("PATH", format!("{folder}:{path}")),
        ("GLOBUS_SDK_SERVICE_URL_AUTH", auth.url()),
        ("GLOBUS_SDK_SERVICE_URL_GROUPS", groups.to_owned()),
        ("GLOBUS_SDK_SERVICE_URL_TRANSFER", transfer.url()),
        ("GLOBUS_CLI_CLIENT_ID", "c1000000-0000-4000-8000-000000000000".to_owned()),
        ("GLOBUS_CLI_CLIENT_SECRET", "client-s3cret".to_owned()),
        ("GLOBUS_SDK_VERIFY_SSL", tool.folder().join("ca.pem").display().to_string()),
    ] {
        tool.set(name, &value);
    }
    tool
}

/// The token service, for the client login of the command; everything else is that of [`globus`].
fn globus_with_login(request: &WebRequest, manager: &str) -> WebAnswer {
    match request.path.as_str() {
        "/v2/oauth2/token" => {
            let scope = request.form["scope"].clone();
            let server = match scope.as_str() {
                text if text.contains("transfer.api.globus.org") => "transfer.api.globus.org",
                text if text.contains("groups.api.globus.org") => "groups.api.globus.org",
                text if text.contains(GCS) => GCS,
                _ => "auth.globus.org",
            };
            WebAnswer::json(
                &json!({"access_token": "access-s3cret", "scope": scope, "expires_in": 172_800, "token_type": "Bearer", "resource_server": server, "other_tokens": []}),
            )
        }
        _ => globus(request, manager),
    }
}

#[test]
fn the_real_globus_command_reads_the_same() {
    let Some(folder) = python_tools("the_real_globus_command_reads_the_same") else { return };
    // The address of a manager must be of HTTPS, which the command checks.
    let manager = Web::start_tls(|request| globus(request, ""));
    let told = manager.url();
    let server = Web::start(move |request| globus_with_login(request, &told));
    let tool = with_globus(&folder, &server, &server.url(), &server);
    manager.write_certificate(&tool.folder().join("ca.pem"));
    let ran = tool.run("fetch globus --via cli --out dumps");
    assert_eq!(ran.status, 0, "{ran:#?}");
    let (text, read) = tape(&tool, "globus.tape");
    assert!(read.is_complete() && !text.contains("s3cret"), "{text}");
    assert_whole_globus(&read);
    // The same calls with the same answers as by HTTP, but for the addresses.
    let over_http = fetching();
    over_http.write("tokens.txt", &format!("auth Bearer a\ngroups Bearer g\ntransfer Bearer t\ngcs:{GCS} Bearer m\n"));
    let other = start_globus();
    over_http.ok(&format!("fetch globus --via http --url {} --token-file tokens.txt --out dumps", other.url()));
    let (_, same) = tape(&over_http, "globus.tape");
    let requests = |tape: &Tape| tape.calls.iter().map(|call| call.request.clone()).collect::<Vec<_>>();
    assert_eq!(requests(&read), requests(&same));
}

#[test]
fn what_the_globus_command_is_refused_counts_as_incomplete() {
    let Some(folder) = python_tools("what_the_globus_command_is_refused_counts_as_incomplete") else { return };
    let manager = Web::start_tls(|request| globus(request, ""));
    let told = manager.url();
    let server = Web::start(move |request| {
        if request.path == format!("/v0.10/endpoint/{HOST}/role_list") {
            return WebAnswer {
                status: 403,
                ..WebAnswer::json(
                    &json!({"code": "PermissionDenied", "message": "no", "request_id": "r", "resource": "/"}),
                )
            };
        }
        globus_with_login(request, &told)
    });
    let mut tool = with_globus(&folder, &server, &server.url(), &server);
    manager.write_certificate(&tool.folder().join("ca.pem"));
    let ran = tool.run("fetch globus --out dumps");
    assert_eq!(ran.status, 1, "{ran:#?}");
    assert!(ran.err.contains("was refused (exit status 1 PermissionDenied)"), "{ran:#?}");
    let (text, read) = tape(&tool, "globus.tape");
    assert!(!read.is_complete() && text.contains("\"exit\":1,\"code\":\"PermissionDenied\""), "{text}");
    // Without a login it says how to log in, and leaves no tape.
    tool.set("GLOBUS_CLI_CLIENT_ID", "");
    tool.set("GLOBUS_CLI_CLIENT_SECRET", "");
    let ran = tool.fails(7, "fetch globus --out elsewhere", "`globus` is not logged in");
    assert!(ran.err.contains("try: globus login"), "{ran:#?}");
}

#[test]
fn a_fetch_that_reads_nothing_leaves_no_tape() {
    let mut tool = fetching();
    tool.write("tokens.txt", "Bearer t\n");
    // A port that was free a moment ago: nobody listens there.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = "`127.0.0.1` cannot be read: nothing answers there";
    tool.fails(7, &format!("fetch faspex --url http://{closed} --token-file tokens.txt --out dumps"), refused);
    tool.fails(
        7,
        &format!("fetch globus --via http --url http://{closed} --token-file tokens.txt --out dumps"),
        refused,
    );
    tool.set("PATH", "");
    tool.fails(7, "fetch globus --via cli --out dumps", "the `globus` command cannot be run: there is no such file");
    assert_eq!(std::fs::read_dir(tool.folder().join("dumps")).unwrap().count(), 0);
}

/// Another author's model of Globus Groups answers the calls for groups.
#[test]
fn the_groups_of_fauxbus_are_read() {
    let Some(folder) = python_tools("the_groups_of_fauxbus_are_read") else { return };
    let manager = Web::start_tls(|request| globus(request, ""));
    let told = manager.url();
    let server = Web::start(move |request| match request.path.as_str() {
        "/v0.10/endpoint_search" => WebAnswer::json(&json!({"DATA": [], "has_next_page": false})),
        _ => globus_with_login(request, &told),
    });
    let fauxbus = Fauxbus::start(&folder);
    let tool = with_globus(&folder, &server, &fauxbus.url, &server);
    manager.write_certificate(&tool.folder().join("ca.pem"));
    let made = tool.sh("globus group create 'Crew: A/B' -F json");
    let id = serde_json::from_str::<Value>(&made.out).unwrap_or_else(|_| panic!("{made:#?}"))["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let ran = tool.run("fetch globus --out dumps");
    assert_eq!(ran.status, 0, "{ran:#?}");
    let (_, read) = tape(&tool, "globus.tape");
    let group = &bodies(&read, &format!("/v2/groups/{id}"))[0];
    assert_eq!(group["name"], "Crew: A/B");
    assert_eq!(group["memberships"][0]["role"], "admin");
}

/// `fauxbus` on a free port of loopback; ended when the value is dropped.
struct Fauxbus {
    url: String,
    process: std::process::Child,
}

impl Fauxbus {
    fn start(folder: &str) -> Fauxbus {
        let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let process = std::process::Command::new(std::path::Path::new(folder).join("fauxbus"))
            .args(["serve", "--host", "127.0.0.1", "--port", &port.to_string()])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let mut started = Fauxbus { url: format!("http://127.0.0.1:{port}"), process };
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            // It ends at once if it cannot serve.
            assert!(started.process.try_wait().unwrap().is_none(), "fauxbus has ended");
            std::thread::yield_now();
        }
        started
    }
}

impl Drop for Fauxbus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
