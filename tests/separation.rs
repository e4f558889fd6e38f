//! Separation of duties: a policy in the configuration, changes that it refuses, and when somebody had both rights.

use crate::support::Tool;

const POLICY: &str = "\
findings: {useless-set: off, single-administrator: off}
conflicts:
  - name: maker-checker
    why: four eyes
    enforce: true
    except: [eve]
    each-of: [{may: upload, on: 'node1:/work'}, {may: delete, on: 'node1:/work'}]
";

fn configure(tool: &Tool, text: &str) {
    let folder = tool.folder().join("home/.config/rolebook");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.yaml"), text).unwrap();
}

/// A folder that a group may upload to and carol may delete from. Bob is in the group.
fn store() -> Tool {
    let tool = Tool::staffed();
    tool.ok("group add crew");
    tool.ok("group add-member crew bob eve");
    tool.ok("endpoint add node1 --kind node --node-version 4.4 --administrator alice");
    tool.ok("content add node1:/work");
    tool.ok("share grant node1:/work group:crew --permission browse,upload-files --admin");
    tool.ok("share grant node1:/work carol --permission browse,delete --admin");
    tool
}

#[test]
fn a_change_that_violates_an_enforced_conflict_is_refused() {
    let tool = store();
    // What violated it before the policy stays as it is, and prevents no other change.
    tool.ok("share grant node1:/work dana --permission edit --admin");
    configure(&tool, POLICY);
    let revision = tool.revision();
    let refused = "share grant node1:/work bob --permission browse,delete --admin";
    let ran = tool.fails(5, refused, "this would make user:bob violate `maker-checker`");
    assert!(
        ran.err.contains("four eyes: it may upload on node1:/work through group:crew; may delete on node1:/work"),
        "{ran:?}"
    );
    let _ = tool.fails(5, &format!("{refused} --dry-run"), "violate");
    // Every way to the same state is refused: by a group, a manifest, an import and undo.
    let _ = tool.fails(5, "group add-member crew carol", "user:carol");
    tool.ok("account add frank");
    tool.ok("group add staff");
    tool.ok("group add-member staff frank bob");
    let ran = tool.fails(5, "share grant node1:/work group:staff --permission edit --admin", "user:bob");
    assert!(ran.err.contains("user:frank may upload on node1:/work through group:staff"), "{ran:?}");
    let manifest = "version: 1\ngroups: {crew: [carol]}\n";
    std::fs::write(tool.folder().join("m.yaml"), manifest).unwrap();
    let _ = tool.fails(5, "plan m.yaml", "violate `maker-checker`");
    let _ = tool.fails(5, "apply m.yaml", "violate `maker-checker`");
    tool.ok("share revoke node1:/work carol");
    tool.ok("group add-member crew carol");
    let _ = tool.fails(5, &format!("undo {}", tool.revision() - 1), "user:carol");
    // An excepted account may have both; others too once the conflict is no longer enforced.
    tool.ok("share grant node1:/work eve --permission browse,delete --admin");
    assert!(tool.revision() > revision);
    configure(&tool, &POLICY.replace("enforce: true", "enforce: false"));
    tool.ok(refused);
}

#[test]
fn an_enforced_conflict_may_name_what_is_still_to_be_made() {
    let tool = Tool::staffed();
    configure(&tool, POLICY);
    tool.ok("endpoint add node1 --kind node --node-version 4.4 --administrator alice");
    let _ = tool.fails(5, "share grant node1:/work bob --permission edit --admin", "user:bob");
    // A finding says that the name is not known.
    configure(&tool, &POLICY.replace("node1", "node2"));
    tool.ok("share grant node1:/work bob --permission edit --admin");
    let _ = tool.fails(4, "audit findings", "`node2:/work`");
}

#[test]
fn no_remedy_violates_an_enforced_conflict() {
    let tool = store();
    let offered = |who: &str| {
        let answer = tool.json(&format!("perm explain {who} delete node1:/work"));
        answer["would_suffice"].as_array().unwrap().len()
    };
    assert!(offered("bob") > 0 && offered("dana") > 0);
    let denied = "content remove node1:/work --as bob";
    assert!(tool.run(denied).err.contains("share grant node1:/work bob"));
    configure(&tool, POLICY);
    // Bob may upload through the group, so nothing may let him delete. Dana may do neither.
    assert_eq!(offered("bob"), 0);
    assert!(offered("dana") > 0);
    let ran = tool.run(denied);
    assert!(ran.status == 3 && !ran.err.contains("share grant"), "{ran:?}");
}

#[test]
fn findings_use_the_policy_of_the_configuration() {
    let tool = store();
    tool.ok("share grant node1:/work bob --permission browse,delete --admin");
    configure(&tool, POLICY);
    let found = tool.json("audit findings");
    assert_eq!(found.as_array().unwrap().len(), 1, "{found:#}");
    assert_eq!(found[0]["principal"], "user:bob");
    tool.ok("audit accept conflict node1:/work --principal bob --reason 'covers for carol'");
    assert_eq!(tool.json("audit findings"), serde_json::json!([]));
    // A file takes its place.
    std::fs::write(tool.folder().join("other.yaml"), "findings: {useless-set: off}\n").unwrap();
    let found = tool.json("audit findings --policy other.yaml");
    assert!(found[0]["id"] != "conflict", "{found:#}");
    configure(&tool, "findings: {single-administrator: often}\n");
    let _ = tool.fails(6, "audit findings", "config.yaml:1:34: ");
}

#[test]
fn it_is_told_when_somebody_had_both_rights() {
    let tool = store();
    tool.set_clock("2030-01-01T00:00:00Z");
    let begin = tool.revision();
    std::fs::write(tool.folder().join("policy.yaml"), POLICY).unwrap();
    let ask = |from: &str, to: &str| tool.json(&format!("audit findings --policy policy.yaml --between {from} {to}"));
    // Bob has both rights for a day, by an end of his share; then by a revision, which takes the group's away.
    tool.ok("share grant node1:/work bob --permission browse,delete --admin --expires 1d");
    let first = tool.revision();
    tool.later(10 * 24 * 60 * 60);
    tool.ok("share grant node1:/work bob --permission edit --admin");
    let second = tool.revision();
    tool.later(24 * 60 * 60);
    tool.ok("share revoke node1:/work bob");
    let third = tool.revision();
    // Another one is in the group to the end.
    tool.ok("group add-member crew carol");
    let rows = ask(&begin.to_string(), "2030-02-01");
    let row = |n: usize| {
        let it = &rows[n];
        ["principal", "from", "until", "since", "until_revision"].map(|name| it[name].to_string().replace('"', ""))
    };
    let expected = [
        ["user:bob", "2030-01-01T00:00:00Z", "2030-01-02T00:00:00Z", &first.to_string(), &first.to_string()],
        ["user:bob", "2030-01-11T00:00:00Z", "2030-01-12T00:00:00Z", &second.to_string(), &third.to_string()],
        ["user:carol", "2030-01-12T00:00:00Z", "null", &(third + 1).to_string(), "null"],
    ];
    assert_eq!(rows.as_array().unwrap().len(), 3, "{rows:#}");
    for (n, expected) in expected.iter().enumerate() {
        assert_eq!(&row(n), expected, "{rows:#}");
    }
    assert_eq!(rows[0]["detail"], "may upload on node1:/work through group:crew; may delete on node1:/work");
    // Each moment agrees with the findings at that moment.
    for revision in begin..=tool.revision() {
        let at = tool.json(&format!("audit findings --id conflict --policy policy.yaml --at {revision}"));
        let between = ask(&revision.to_string(), &revision.to_string());
        let who = |rows: &serde_json::Value| -> Vec<String> {
            rows.as_array().unwrap().iter().map(|it| it["principal"].to_string()).collect()
        };
        assert_eq!(who(&at), who(&between), "{revision}");
    }
    // So does the whole span, whatever a revision is about: the names of the policy too.
    for command in ["group add other", "endpoint rename node1 node9", "account add zoe", "endpoint rename node9 node1"]
    {
        tool.ok(command);
    }
    let rows = ask(&begin.to_string(), &tool.revision().to_string());
    assert_eq!(rows.as_array().unwrap().len(), 4, "{rows:#}");
    for revision in begin..=tool.revision() {
        // Where a name of the policy is unknown, nobody has the rights.
        let ran = tool.run(&format!("audit findings --id conflict --policy policy.yaml --at {revision} -o json"));
        let at: Vec<serde_json::Value> = serde_json::from_str(&ran.out).unwrap_or_default();
        let is_then = |row: &&serde_json::Value| {
            let (since, until) = (row["since"].as_u64().unwrap(), row["until_revision"].as_u64());
            // What ends by time within its revision was there when the revision began.
            since == revision || (since < revision && until.is_none_or(|until| revision < until))
        };
        let between: Vec<_> = rows.as_array().unwrap().iter().filter(is_then).map(|row| &row["principal"]).collect();
        assert_eq!(at.iter().map(|row| &row["principal"]).collect::<Vec<_>>(), between, "{revision} in {rows:#}");
    }
    // The begin and the end count; before and after there is nothing.
    let count = |from: &str, to: &str| ask(from, to).as_array().unwrap().len();
    assert_eq!(count("2030-01-02", "2030-01-10"), 0);
    assert_eq!(count("2030-01-01T23:59:59Z", "2030-01-10"), 1);
    assert_eq!(count("2030-01-05", "2030-01-11"), 1);
    assert_eq!(tool.run("audit findings --policy policy.yaml --between 1 2 --exit-code").status, 0);
    assert_eq!(tool.run("audit findings --policy policy.yaml --between 1 2031-01-01 --exit-code").status, 1);
    let _ = tool.fails(2, "audit findings --policy policy.yaml --between 2 1", "lies before");
    let _ = tool.fails(2, "audit findings --between 1 2", "no conflicts to look for");
    let _ = tool.fails(3, "audit findings --policy policy.yaml --between 1 2 --as bob", "bob may not view-log");
    let _ = tool.fails(2, "audit findings --between 1 2 -o sarif", "sarif");
    let text = POLICY.replace("node1:/work", "node2:/work");
    std::fs::write(tool.folder().join("policy.yaml"), text).unwrap();
    let _ = tool.fails(4, "audit findings --policy policy.yaml --between 1 2", "node2");
}
