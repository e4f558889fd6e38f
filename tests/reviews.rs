//! Access reviews: who starts and decides, what a table does, what is refused, and what the listings say afterwards.

use serde_json::Value;

use crate::support::{Fixture, Tool};

/// A folder shared with bob, by whom with carol; carol reviews it. Dana is an administrator too.
fn store() -> Tool {
    static STORE: Fixture = Fixture::new();
    STORE.copy(|| {
        let tool = Tool::staffed();
        tool.set_clock("2030-01-01T00:00:00Z");
        tool.ok("group add crew");
        tool.ok("group add-member crew eve");
        tool.ok("endpoint add node1 --kind node --node-version 4.4 --administrator alice --administrator carol");
        tool.ok("content add node1:/work");
        tool.ok("share grant node1:/work bob --permission edit --admin --reason 'for the pilot'");
        tool.ok("share grant node1:/work eve --permission view --as bob");
        tool.ok("share grant node1:/work group:crew --permission preview --admin");
        tool
    })
}

fn started(options: &str) -> Tool {
    let tool = store();
    tool.ok(&format!("audit review start q1 --of node1:/work --reviewer carol {options}"));
    tool
}

/// The rows of the review, by principal.
fn row(tool: &Tool, principal: &str) -> Value {
    let rows = tool.json("audit review export q1");
    rows.as_array().unwrap().iter().find(|row| row["principal"] == principal).unwrap().clone()
}

fn id(tool: &Tool, principal: &str) -> String {
    row(tool, principal)["id"].as_str().unwrap().to_owned()
}

fn write(tool: &Tool, text: impl AsRef<[u8]>) {
    std::fs::write(tool.folder().join("q1.csv"), text).unwrap();
}

fn state(tool: &Tool, principal: &str) -> Value {
    let rows = tool.json("audit review status q1");
    rows.as_array().unwrap().iter().find(|row| row["principal"] == principal).unwrap()["state"].clone()
}

#[test]
fn a_review_goes_from_start_to_end() {
    let tool = started("--due 30d --as alice");
    let bob = row(&tool, "user:bob");
    assert_eq!(bob["reason"], "for the pilot");
    assert_eq!((&bob["role"], &bob["permissions"]), (&"item:share".into(), &"edit".into()));
    assert_eq!((&bob["by"], &bob["last_review"]), (&"operator".into(), &Value::Null));
    assert_eq!(row(&tool, "group:crew")["through"], "eve");
    // The table goes out as CSV and comes back with decisions.
    let csv = tool.ok("audit review export q1 -o csv --as carol");
    let header = csv.lines().next().unwrap();
    assert!(csv.contains(",b33r10,") || csv.contains("b33r10,user:bob"), "{csv}");
    assert_eq!(
        header,
        "id,principal,role,resource,permissions,through,since,at,by,reason,expires,last_review,last_reviewer,findings,decision,cascade,comment"
    );
    let fill = |line: &str| match line.strip_suffix(",,,") {
        Some(rest) if line.contains("r10,user:bob,") => format!("{rest},keep,,still on it"),
        Some(rest) if line.contains(",group:crew,") => format!("{rest},revoke,,"),
        _ => line.to_owned(),
    };
    write(&tool, csv.lines().map(fill).collect::<Vec<_>>().join("\n"));
    let text = std::fs::read_to_string(tool.folder().join("q1.csv")).unwrap();
    tool.later(60);
    let before = tool.revision();
    let ran = tool.run("audit review apply q1 q1.csv --as carol");
    assert_eq!(ran.status, 0, "{ran:?}\n{text}");
    assert_eq!(tool.revision(), before + 1);
    assert_eq!(state(&tool, "user:bob"), "kept");
    assert_eq!(state(&tool, "group:crew"), "revoked");
    assert_eq!(state(&tool, "user:eve"), "open");
    // The same table again changes nothing.
    tool.ok("audit review apply q1 q1.csv --as carol");
    assert_eq!(tool.revision(), before + 1);
    let status = tool.json("audit review status");
    let counts = ["open", "kept", "revoked", "removed"].map(|name| status[0][name].as_u64().unwrap());
    assert_eq!((counts, &status[0]["state"]), ([1, 1, 1, 0], &"open".into()), "{status:#}");
    assert_eq!(status[0]["scope"], serde_json::json!(["node1:/work"]));
    tool.later(40 * 24 * 60 * 60);
    assert_eq!(tool.json("audit review status")[0]["state"], "overdue");
    tool.ok("audit review close q1 --as alice");
    assert_eq!(tool.json("audit review status")[0]["state"], "closed");
    let _ = tool.fails(5, "audit review apply q1 q1.csv --as carol", "review:q1 is closed");
    // All of it is in the log, for those who read the log of what it is about too.
    let log = tool.ok("audit log --on review:q1");
    assert!(log.contains("audit review close") && log.contains("audit review start"), "{log}");
    let shown = tool.json(&format!("audit show {}", before + 1));
    let kept = shown["changes"].as_array().unwrap().iter().find(|it| it["after"]["decision"] == "keep").unwrap();
    assert_eq!((&kept["after"]["principal"], &kept["after"]["comment"]), (&"user:bob".into(), &"still on it".into()));
    tool.ok("audit verify");
}

#[test]
fn lists_say_what_was_reviewed() {
    let tool = store();
    let table = tool.ok("share list node1:/work");
    assert!(!table.contains("REVIEWED"), "{table}");
    tool.ok("workgroup add color");
    tool.ok("workgroup add-member color bob");
    tool.ok("org add acme --as alice");
    tool.ok("workspace add acme/dev");
    tool.ok("audit review start q1 --all");
    let rows = tool.json("audit review export q1");
    let lines: String =
        rows.as_array().unwrap().iter().map(|row| format!("{},keep\n", row["id"].as_str().unwrap())).collect();
    write(&tool, format!("id,decision\n{lines}"));
    tool.ok("audit review apply q1 q1.csv");
    for list in [
        "share list node1:/work",
        "share list",
        "group members crew",
        "group members crew --expand",
        "workgroup members color",
        "org members acme",
        "endpoint roles node1",
        "endpoint roles node1 --of alice",
    ] {
        let rows = tool.json(list);
        assert!(!rows.as_array().unwrap().is_empty());
        for row in rows.as_array().unwrap() {
            // An owner is nobody's decision before the review.
            assert_eq!(row["reviewed"], "2030-01-01T00:00:00Z", "{list}: {row:#}");
            assert_eq!(row["reviewed_by"], "operator", "{list}: {row:#}");
        }
        assert!(tool.ok(list).contains("REVIEWED"), "{list}");
    }
    // What changes is no longer reviewed.
    tool.ok("share set node1:/work bob --permission view --cascade --yes");
    let rows = tool.json("share list node1:/work --with bob");
    assert_eq!(rows[0]["reviewed"], Value::Null, "{rows:#}");
}

#[test]
fn the_named_reviewer_decides_and_nobody_about_themselves() {
    let tool = started("");
    let (bob, crew) = (id(&tool, "user:bob"), id(&tool, "group:crew"));
    write(&tool, format!("id,decision\n{bob},keep\n"));
    for other in ["", "--as alice", "--as dana"] {
        let ran = tool.run(&format!("audit review apply q1 q1.csv {other}"));
        assert!(ran.status == 3 || ran.status == 4, "{other}: {ran:?}");
    }
    let ran = tool.fails(3, "audit review apply q1 q1.csv --as alice", "user:carol decides in this review");
    assert!(ran.err.contains("nobody decides about what they hold themselves"), "{ran:?}");
    // Bob sees no review, and starts and closes none.
    let _ = tool.fails(4, "audit review status q1 --as bob", "no such review: `q1`");
    assert_eq!(tool.json("audit review status --as bob"), serde_json::json!([]));
    assert_eq!(tool.json("audit review status --as carol").as_array().unwrap().len(), 1);
    let _ = tool.fails(3, "audit review start q2 --all --as bob", "bob may not configure");
    let _ = tool.fails(3, "audit review close q1 --as carol", "carol may not configure");
    // What the reviewer holds through a group is their own access.
    tool.ok("audit review start q2 --of node1:/work --reviewer eve");
    write(&tool, format!("id,decision\n{crew},keep\n"));
    let ran = tool.fails(4, "audit review apply q2 q1.csv --as bob", "no such review");
    assert!(!ran.err.contains("eve"), "{ran:?}");
    let ran = tool.fails(3, "audit review apply q2 q1.csv --as eve", "q1.csv:2:1");
    assert!(ran.err.contains("item:share of group:crew on node1:/work is access of the reviewer"), "{ran:?}");
}

#[test]
fn the_reviewers_own_rights_bind_every_revocation() {
    let tool = store();
    // Dana may see the shares and may not change them: she is no administrator of the endpoint.
    tool.ok("share grant node1:/work dana --permission view --admin");
    tool.ok("audit review start q1 --principal bob --principal group:crew --reviewer dana");
    let rows = tool.json("audit review export q1 --as dana");
    let seen: Vec<&str> = rows.as_array().unwrap().iter().map(|it| it["principal"].as_str().unwrap()).collect();
    let bob = id(&tool, "user:bob");
    write(&tool, format!("id,decision,cascade\n{bob},revoke,yes\n"));
    let revision = tool.revision();
    let ran = tool.run("audit review apply q1 q1.csv --as dana --yes");
    if seen.contains(&"user:bob") {
        assert_eq!(ran.status, 3, "{ran:?}");
    } else {
        assert!(ran.status == 6 && ran.err.contains("is not in this review"), "{ran:?}");
    }
    assert!(tool.may("bob", "browse", "node1:/work"));
    let changed = tool.json("audit log --changed --limit 1");
    assert!(changed[0]["revision"].as_u64().unwrap() <= revision, "{changed:#}");
}

#[test]
fn a_table_is_applied_whole_or_not_at_all() {
    let tool = store();
    tool.ok("audit review start q1 --of node1:/work");
    let (bob, eve, crew) = (id(&tool, "user:bob"), id(&tool, "user:eve"), id(&tool, "group:crew"));
    let apply = |text: &str, status: i32, expected: &str| {
        write(&tool, text);
        let revision = tool.revision();
        let ran = tool.fails(status, "audit review apply q1 q1.csv --yes", expected);
        let log = tool.json("audit log --changed --limit 1");
        assert!(log[0]["revision"].as_u64().unwrap() <= revision, "{text}: {ran:?}");
        ran
    };
    // A share on which another one rests is not revoked alone.
    let ran = apply(&format!("id,decision\n{crew},keep\n{bob},revoke\n"), 5, "q1.csv:3:1");
    assert!(ran.err.contains("a decision cannot be applied, so none was"), "{ran:?}");
    // Nor is what rests on it kept.
    let text = format!("id,decision,cascade\n{eve},keep,\n{bob},revoke,yes\n");
    let _ = apply(&text, 5, "item:share of user:eve on node1:/work is kept, but rests on what another row revokes");
    let ran = apply(&format!("id,decision\nb99999r1,keep\n{bob},keep\nb1r1,\n"), 6, "`b99999r1` is not in this review");
    assert!(ran.err.contains("`b1r1` is not in this review") && ran.err.contains("2 decisions"), "{ran:?}");
    let _ = apply(&format!("id,decision\n{bob},keep\n{bob},revoke\n"), 6, "is decided in another row too");
    let _ = apply(&format!("id,decision\n{bob},maybe\n"), 6, "q1.csv:2:");
    let _ = apply("", 6, "the table is empty");
    let _ = apply("PK\u{3}\u{4}", 6, "a spreadsheet");
    tool.ok("share set node1:/work group:crew --permission view");
    let _ = apply(&format!("id,decision\n{crew},keep\n"), 5, "group:crew on node1:/work has changed since the export");
    // A row without a decision is about nothing, however much has changed.
    write(&tool, format!("id,decision\n{crew},\n{eve},revoke\n{bob},revoke\n"));
    tool.ok("audit review apply q1 q1.csv --dry-run");
    assert!(tool.may("bob", "browse", "node1:/work"));
    // Both go, in whichever order they stand.
    write(&tool, format!("id,decision\n{crew},\n{bob},revoke\n{eve},revoke\n"));
    tool.ok("audit review apply q1 q1.csv");
    assert!(!tool.may("bob", "browse", "node1:/work"));
    // Undo brings both back and takes the decisions back.
    tool.ok(&format!("undo {}", tool.revision()));
    assert!(tool.may("bob", "browse", "node1:/work") && state(&tool, "user:bob") == "open");
}

#[test]
fn dependents_go_only_where_the_row_says_so() {
    let tool = started("");
    let bob = id(&tool, "user:bob");
    write(&tool, format!("id,decision,cascade\n{bob},revoke,yes\n"));
    tool.ok("audit review apply q1 q1.csv --as carol --yes");
    assert!(!tool.may("bob", "browse", "node1:/work"));
    assert_eq!(tool.json("share list node1:/work --with eve"), serde_json::json!([]));
    assert_eq!(state(&tool, "user:eve"), "removed");
}

#[test]
fn a_table_survives_a_spreadsheet() {
    let tool = started("");
    let (bob, crew) = (id(&tool, "user:bob"), id(&tool, "group:crew"));
    let utf_16 =
        |text: &str| [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let comma = format!("id,decision,comment\n{bob},keep,\"a, ü\"\n{crew},keep,\n");
    let semicolon =
        format!("\u{feff}My notes;Comment;Decision;id\r\nx;\"a, ü\";KEEP;{bob}\r\n;;;\r\n;;Keep;{crew}\r\n\r\n");
    let tabs = format!("id\tdecision\tcomment\r\n{bob}\tkeep\t\"a, ü\"\r\n{crew}\tkeep\t\r\n");
    for bytes in [comma.into_bytes(), semicolon.into_bytes(), utf_16(&tabs)] {
        write(&tool, &bytes);
        tool.ok("audit review apply q1 q1.csv --as carol");
        let status = tool.json("audit review status q1");
        let of_bob = status.as_array().unwrap().iter().find(|it| it["principal"] == "user:bob").unwrap();
        assert_eq!((&of_bob["state"], &of_bob["comment"]), (&"kept".into(), &"a, ü".into()));
        assert_eq!(state(&tool, "group:crew"), "kept");
        tool.ok(&format!("undo {}", tool.revision()));
    }
    // Another encoding is told apart, with the position.
    let mut latin = format!("id,decision,comment\n{bob},keep,").into_bytes();
    latin.push(0xfc);
    write(&tool, latin);
    let ran = tool.fails(6, "audit review apply q1 q1.csv --as carol", "q1.csv:2:");
    assert!(ran.err.contains("Latin-1"), "{ran:?}");
}

#[test]
fn cells_that_a_spreadsheet_would_run_are_inert() {
    let tool = store();
    tool.ok("share grant node1:/work dana --permission view --admin --reason '=cmd|x!A1'");
    tool.ok("audit review start q1 --of node1:/work");
    let csv = tool.ok("audit review export q1 -o csv");
    assert!(csv.contains(",'=cmd|x!A1,"), "{csv}");
    assert_eq!(row(&tool, "user:dana")["reason"], "=cmd|x!A1");
    let dana = id(&tool, "user:dana");
    write(&tool, format!("id,decision,comment\n{dana},keep,'=1+1\n"));
    tool.ok("audit review apply q1 q1.csv");
    let comment = |tool: &Tool| row(tool, "user:dana")["comment"].clone();
    assert_eq!(comment(&tool), "=1+1");
    let csv = tool.ok("audit review export q1 -o csv --out out.csv");
    assert_eq!(csv, "");
    let csv = std::fs::read_to_string(tool.folder().join("out.csv")).unwrap();
    assert!(csv.contains("keep,,'=1+1"), "{csv}");
}

#[test]
fn every_kind_of_binding_is_revoked_by_its_operation() {
    let tool = store();
    for line in [
        "account set-role dana admin",
        "workgroup add color",
        "workgroup add-member color bob",
        "workgroup add-admin color bob",
        "dropbox add intake",
        "dropbox add-member intake eve",
        "dropbox invite intake x@example.com",
        "endpoint add-role node1 activity-monitor eve",
        "org add acme --as alice",
        "org invite acme bob@example.com --role member",
        "content set node1:/work --owner bob",
    ] {
        tool.ok(line);
    }
    tool.ok("audit review start q1 --all");
    let rows = tool.json("audit review export q1");
    let stays = |row: &Value| {
        let (role, who) = (row["role"].as_str().unwrap(), row["principal"].as_str().unwrap());
        // Somebody has to administer everything.
        matches!((role, who), ("server:admin" | "endpoint:administrator" | "org:admin", "user:alice"))
    };
    let rows: Vec<&Value> = rows.as_array().unwrap().iter().filter(|row| !stays(row)).collect();
    let roles: std::collections::BTreeSet<&str> = rows.iter().map(|row| row["role"].as_str().unwrap()).collect();
    for role in [
        "server:admin",
        "group:member",
        "workgroup:admin",
        "dropbox:standard",
        "dropbox:outside-submitter",
        "endpoint:activity-monitor",
        "endpoint:administrator",
        "item:owner",
        "item:share",
    ] {
        assert!(roles.contains(role), "{role}: {roles:?}");
    }
    let lines: String = rows.iter().map(|row| format!("{},revoke\n", row["id"].as_str().unwrap())).collect();
    write(&tool, format!("id,decision\n{lines}"));
    tool.ok("audit review apply q1 q1.csv --yes");
    let left = tool.json("audit review export q1");
    assert!(left.as_array().unwrap().iter().all(stays), "{left:#}");
    let status = tool.json("audit review status");
    assert_eq!(status[0]["revoked"].as_u64().unwrap(), rows.len() as u64, "{status:#}");
    tool.ok("audit verify");
}

#[test]
fn a_review_is_started_about_what_exists() {
    let tool = store();
    tool.ok("share grant node1:/work anyone --permission view --admin");
    tool.ok("audit review start q1 --all");
    assert!(row(&tool, "anyone")["findings"].to_string().contains("public-read"));
    let _ = tool.fails(5, "audit review start Q1 --all", "there is a review `q1` already");
    let _ = tool.fails(2, "audit review start q2", "missing");
    let _ = tool.fails(4, "audit review start q2 --of node1:/none", "no such file or folder");
    let _ = tool.fails(4, "audit review start q2 --principal nobody", "no such account");
    let _ = tool.fails(5, "audit review start q2 --all --due 2029-01-01", "due in the past");
    let _ = tool.fails(2, "audit review start q2 --all --of node1:/", "cannot be used with");
    let _ = tool.fails(2, "audit review export q1 -o markdown", "not a format of this command");
    // Accounts without a role of their own are in no review: nothing of theirs could be revoked.
    let rows = tool.json("audit review export q1");
    assert!(!rows.to_string().contains("server:user"), "{rows:#}");
    // What is granted later is not part of it.
    tool.ok("share grant node1:/work dana --permission view --admin");
    assert_eq!(tool.json("audit review export q1"), rows);
}
