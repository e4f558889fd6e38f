//! The fate of shares when the sharer's account ends, when the sharer's right ends, and when they expire;
//! and how they are exported and read back.

use rolebook::model::Id;
use rolebook::policy::{Draft, Facts, Overlay};
use rolebook::store::{RevisionHeader, Store};
use serde_json::{Value, json};

use crate::support::{Fixture, Tool};

/// A node with `/p` of bob's: bob gave pi Edit, pi gave carol View there and eve View on `/p/q`.
fn shared() -> Tool {
    static MADE: Fixture = Fixture::new();
    MADE.copy(|| {
        let tool = Tool::staffed();
        tool.ok("account add pi");
        tool.ok("endpoint add node1 --kind node --node-version 4.4.6 --administrator dana");
        tool.ok("content add node1:/p --owner bob");
        tool.ok("share grant node1:/p pi --permission edit --as bob");
        tool.ok("share grant node1:/p carol --permission view --as pi");
        tool.ok("share grant node1:/p/q eve --permission view,delete --as pi");
        tool
    })
}

/// Ends an account and leaves its shares, as older versions did.
fn leave_shares_behind(tool: &Tool, name: &str) {
    let store = Store::open(&tool.store()).unwrap();
    let writer = store.write().unwrap();
    let facts = writer.facts();
    let account = facts.named(rolebook::model::Kind::Account, None, name).unwrap().unwrap().id;
    let mut tx = Overlay::new(&facts).unwrap();
    for binding in facts.list_bindings(rolebook::policy::BindingQuery::Of(account)).unwrap() {
        tx.end_binding(binding.id);
    }
    tx.end_resource(account);
    let (draft, last): (Draft, Id) = tx.into_draft();
    let rows = draft.against(&facts).unwrap();
    let entry = RevisionHeader {
        at: rolebook::model::Time::now(),
        actor: None,
        operator: "test".to_owned(),
        command: format!("account remove {name} --destroy"),
        reason: None,
        undoes: None,
    };
    writer.commit(&rows, last, entry).unwrap();
}

/// The id of an ended resource, as in `#18`.
fn id_of(tool: &Tool, name: &str) -> u64 {
    let store = Store::open(&tool.store()).unwrap();
    let reader = store.read().unwrap();
    reader.facts().named(rolebook::model::Kind::Account, None, name).unwrap().unwrap().id.0
}

/// The fields of each listed share.
fn listed(tool: &Tool, arguments: &str) -> Vec<String> {
    let rows = tool.json(&format!("share list {arguments}"));
    let text = |row: &Value, field: &str| row[field].as_str().unwrap_or("-").to_owned();
    let line = |row: &Value| {
        [text(row, "item"), text(row, "principal"), text(row, "label"), text(row, "class"), text(row, "by")].join(" ")
    };
    rows.as_array().unwrap().iter().map(line).collect()
}

/// Asserts that an export leads to the same access on an empty store, and to no change on its own store.
fn comes_back(tool: &Tool, own_too: bool) {
    for format in ["yaml", "jsonl"] {
        tool.ok(&format!("export --format {format} -q > out.{format}; true"));
        std::fs::write(tool.folder().join(format!("out.{format}")), tool.ok(&format!("export --format {format} -q")))
            .unwrap();
        if own_too {
            assert_eq!(tool.ok(&format!("plan out.{format}")), "No changes.\n", "{format}");
        }
        let _ = std::fs::remove_file(tool.folder().join("copy.db"));
        let ran = tool.run(&format!("apply out.{format} --store copy.db --create --yes"));
        assert_eq!(ran.status, 0, "{ran:#?}\n{}", tool.ok(&format!("export --format {format} -q")));
        let home = tool.store();
        let differences = tool.ok(&format!("perm diff --from '{}' --to copy.db -o json", home.display()));
        assert_eq!(differences.trim(), "[]", "{format}: {}", tool.ok("export -q"));
        // Exported again it is the same text.
        assert_eq!(
            tool.ok(&format!("export --format {format} -q --store copy.db")),
            tool.ok(&format!("export --format {format} -q"))
        );
    }
}

#[test]
fn destroying_an_account_with_shares_takes_an_option() {
    let tool = shared();
    let ran = tool.fails(5, "account remove pi --destroy --yes", "user:pi cannot be destroyed yet");
    for detail in ["it made the share of node1:/p with user:carol", "it made the share of node1:/p/q with user:eve"] {
        assert!(ran.err.contains(detail), "{ran:#?}");
    }
    assert!(ran.err.contains("--transfer-to SOMEBODY") && ran.err.contains("--destroy --cascade"), "{ran:#?}");
    // An actor who may not see the shares learns their number.
    let ran = tool.fails(5, "account remove pi --destroy --yes --as alice", "cannot be destroyed yet");
    assert!(ran.err.contains("it made 2 shares that you may not see") && !ran.err.contains("node1"), "{ran:#?}");
    // The same in a file.
    std::fs::write(tool.folder().join("gone.yaml"), "version: 1\naccounts: {pi: {ensure: absent}}\n").unwrap();
    tool.fails(5, "apply gone.yaml --yes", "user:pi cannot be destroyed yet");
    std::fs::write(tool.folder().join("heir.yaml"), "version: 1\naccounts: {pi: {ensure: absent, transfer-to: bob}}\n")
        .unwrap();
    tool.ok("apply heir.yaml --yes");
    assert_eq!(
        listed(&tool, "--by bob"),
        [
            "node1:/p user:carol View user bob".replace(" bob", " user:bob"),
            "node1:/p/q user:eve Custom user user:bob".to_owned()
        ]
    );
    comes_back(&tool, true);
}

#[test]
fn an_heir_takes_over_shares_and_merges_them_with_their_own() {
    let tool = shared();
    tool.ok("share grant node1:/p carol --permission upload --as bob");
    tool.ok("share grant node1:/p eve --permission view --as pi");
    tool.ok("share grant node1:/p eve --permission view --expires 2099-01-01 --as bob");
    // A share with the heir ends: nobody shares with themselves.
    tool.ok("share grant node1:/p bob --permission view --as pi");
    tool.ok("share grant node1:/p dana --permission view --as pi");
    // To transfer takes the right over each share.
    tool.fails(3, "account remove pi --destroy --transfer-to bob --yes --as alice", "something that you may not see");
    let ran = tool.fails(5, "account remove pi --destroy --transfer-to bob", "not confirmed");
    assert!(ran.err.contains("the share of node1:/p with user:bob"), "{ran:#?}");
    tool.ok("account remove pi --destroy --transfer-to bob --yes");
    let rows = tool.json("share list --by bob");
    let of = |who: &str, on: &str| {
        let row = rows.as_array().unwrap().iter().find(|row| row["principal"] == who && row["item"] == on);
        row.unwrap_or_else(|| panic!("no share with {who}: {rows}")).clone()
    };
    let upload_and_view = json!(["create-folder", "upload-files", "download", "preview-only", "browse"]);
    assert_eq!(of("user:carol", "node1:/p")["permissions"], upload_and_view);
    // The share that covers the other is left: here the one without an expiry.
    assert_eq!(of("user:eve", "node1:/p")["expires"], Value::Null);
    assert_eq!(rows.as_array().unwrap().len(), 4, "{rows}");
    comes_back(&tool, true);
}

#[test]
fn cascade_removes_the_shares_of_an_ended_sharer() {
    let tool = shared();
    tool.ok("share grant node1:/p dana --permission browse --as carol");
    let ran = tool.fails(5, "account remove pi --destroy --cascade", "not confirmed");
    assert!(ran.err.contains("the share of node1:/p with user:dana"), "what rests on it: {ran:#?}");
    tool.ok("account remove pi --destroy --cascade --yes");
    assert_eq!(listed(&tool, ""), Vec::<String>::new());
    for who in ["carol", "dana", "eve"] {
        assert!(!tool.may(who, "browse", "node1:/p/q"), "{who}");
    }
    tool.ok(&format!("undo {}", tool.revision()));
    assert!(tool.may("dana", "browse", "node1:/p/q"), "all of it comes back");
    comes_back(&tool, true);
}

#[test]
fn an_ended_account_is_never_mistaken_for_a_later_one_of_its_name() {
    let tool = shared();
    let old = id_of(&tool, "pi");
    leave_shares_behind(&tool, "pi");
    tool.ok("account add pi");
    let ended = format!("user:pi#{old}");
    // Its shares keep it as their sharer, in lists, in proofs and in the log.
    assert_eq!(listed(&tool, &format!("--by '{ended}'")).len(), 2);
    assert_eq!(listed(&tool, "--by pi"), Vec::<String>::new());
    assert_eq!(tool.json("share list node1:/p/q --here")[0]["by"], json!(ended));
    assert_eq!(tool.json("perm explain carol download node1:/p")["proof"][0]["by"], json!(ended));
    let acted = |who: &str| tool.json(&format!("audit log --actor '{who}'")).as_array().unwrap().clone();
    assert_eq!(acted(&ended).len(), 2);
    assert!(acted(&ended).iter().all(|it| it["actor"] == json!(ended)));
    assert_eq!(acted("pi"), Vec::<Value>::new());
    assert_eq!(acted(&format!("pi#{old}")).len(), 2);
    let log = tool.json(&format!("audit log --on '{ended}'"));
    assert!(log.as_array().unwrap().iter().any(|it| it["changes"][0]["ref"] == json!(ended)), "{log}");
    tool.fails(4, "audit log --actor 'user:nobody#7'", "no such account");
    // The export reads back with the same access.
    comes_back(&tool, true);
    // An administrator changes and revokes it; nobody else does.
    tool.fails(3, &format!("share revoke node1:/p carol --by '{ended}' --as bob"), "may not change the share");
    tool.ok(&format!("share set node1:/p carol --permission browse --by '{ended}' --as dana"));
    tool.ok(&format!("share revoke node1:/p carol --by '{ended}'"));
    assert!(!tool.may("carol", "browse", "node1:/p"));
}

#[test]
fn shares_without_a_sharer_come_back_however_many_there_are() {
    let tool = shared();
    tool.ok("share grant node1:/p/q dana --permission browse --as eve");
    tool.ok("share grant node1:/p carol --permission upload");
    tool.ok("share grant node1:/p carol --permission browse --class user --expires 2099-01-01");
    for who in ["pi", "eve"] {
        leave_shares_behind(&tool, who);
    }
    comes_back(&tool, false);
}

#[test]
fn an_administrator_without_the_role_stays_the_sharer() {
    let tool = shared();
    tool.ok("endpoint add bucket --kind s3 --administrator alice");
    tool.ok("endpoint add-role bucket access-manager eve");
    tool.ok("share grant bucket:/x carol --permission view --as eve");
    tool.ok("endpoint add-role node1 administrator eve");
    tool.ok("share grant node1:/p carol --permission upload --admin --as eve");
    // Shares of one sharer in two classes are two shares.
    tool.ok("share grant node1:/p/q carol --permission browse --as eve");
    tool.ok("share grant node1:/p/q carol --permission upload --admin --as eve");
    tool.fails(5, "share revoke node1:/p/q carol --as eve", "is shared with user:carol by several");
    tool.ok("share revoke node1:/p/q carol --class admin --as eve");
    tool.ok("share grant node1:/p/q carol --permission upload --admin --as eve");
    comes_back(&tool, true);
    tool.ok("endpoint remove-role node1 administrator eve");
    tool.ok("endpoint remove-role bucket access-manager eve");
    comes_back(&tool, true);
    assert!(tool.ok("export -q").contains("orphaned: true"));
}

#[test]
fn an_actor_can_take_back_what_a_list_shows() {
    let tool = shared();
    tool.ok("group add crew");
    tool.ok("group add-member crew carol");
    tool.ok("endpoint add bucket --kind s3 --administrator alice");
    tool.ok("endpoint add-role bucket access-manager eve group:crew");
    tool.ok("share grant bucket:/x group:crew --permission view");
    // An access manager who is not in the group and an administrator likewise.
    tool.ok("server set --private-directory");
    tool.ok("share set bucket:/x group:crew --permission edit --as eve");
    tool.ok("share revoke bucket:/x group:crew --as eve");
    tool.ok("endpoint add-role bucket administrator bob");
    tool.ok("endpoint remove-role bucket access-manager group:crew --as bob");
    // A share that is not listed is not found by that name.
    tool.fails(4, "share revoke bucket:/x group:crew --as eve", "no such group");
    tool.fails(4, "share revoke bucket:/x group:crow --as eve", "no such group");
    // A sharer's own share, where the directory is private.
    tool.ok("share set node1:/p carol --permission browse --as pi");
    // Also if the sharer holds nothing any more.
    tool.ok("group add hands");
    tool.ok("group add-member hands dana");
    tool.ok("share grant node1:/t group:hands --permission edit");
    tool.ok("share grant node1:/t carol --permission view --as dana");
    tool.ok("share grant node1:/t/u carol --permission view --as dana");
    tool.ok("endpoint add-role node1 administrator alice");
    tool.ok("endpoint remove-role node1 administrator dana");
    tool.ok("group remove-member hands dana");
    assert!(!tool.may("dana", "see", "node1:/t"));
    assert_eq!(listed(&tool, "node1:/t --as dana"), ["node1:/t user:carol View user user:dana"]);
    assert_eq!(listed(&tool, "--as dana").len(), 2);
    tool.ok("share revoke node1:/t carol --as dana");
    tool.ok("share prune node1:/t/u --as dana");
    assert_eq!(listed(&tool, "--as dana"), Vec::<String>::new());
    tool.fails(4, "share list node1:/t --as dana", "no such file or folder");
    tool.fails(4, "share revoke node1:/t carol --as dana", "no such file or folder");
}

#[test]
fn shares_are_listed_by_sharer_by_holder_and_by_end() {
    let tool = shared();
    tool.set_clock("2027-03-01");
    tool.ok("share grant node1:/p/r dana --permission view --expires 5d --as bob");
    tool.ok("share grant node1:/p/r alice --permission view --expires 50d --as bob");
    tool.ok("share grant node1:/p/r alice --permission view --class automation");
    assert_eq!(listed(&tool, "").len(), 5);
    assert_eq!(listed(&tool, "--all").len(), 6);
    assert_eq!(listed(&tool, "--by pi").len(), 2);
    assert_eq!(listed(&tool, "--by operator"), Vec::<String>::new());
    assert_eq!(listed(&tool, "--with alice"), ["node1:/p/r user:alice View user user:bob"]);
    assert_eq!(listed(&tool, "--under node1:/p/q"), ["node1:/p/q user:eve Custom user user:pi"]);
    assert_eq!(listed(&tool, "--expiring 7d"), ["node1:/p/r user:dana View user user:bob"]);
    assert_eq!(listed(&tool, "--expiring 60d --by bob").len(), 2);
    assert_eq!(listed(&tool, "node1:/p/r --expiring 7d").len(), 1);
    // Only visible shares: the actor's own, those with the actor, those of items that the actor holds completely.
    assert_eq!(listed(&tool, "--as eve"), ["node1:/p/q user:eve Custom user user:pi"]);
    assert_eq!(listed(&tool, "--as bob").len(), 5);
    assert_eq!(listed(&tool, "--as pi").len(), 5);
    assert_eq!(listed(&tool, "--with alice --as carol"), Vec::<String>::new());
    tool.fails(4, "share list --with nobody", "no such account");
    tool.fails(2, "share list --expiring never", "expected a day or time");
}

#[test]
fn a_share_of_one_day_cannot_be_extended() {
    let tool = shared();
    tool.ok("group add crew");
    tool.ok("group add-member crew carol dana");
    tool.set_clock("2027-03-01");
    tool.ok("share grant node1:/d carol --permission view --expires 1d");
    tool.ok("content set node1:/d --owner bob");
    // Shared with a group that the sharer is in, and with somebody who shares it back.
    let ran = tool.run("share grant node1:/d group:crew --permission view --as carol");
    assert!(ran.status == 0 && ran.err.contains("ends at 2027-03-02T00:00:00Z"), "{ran:#?}");
    tool.ok("share grant node1:/d eve --permission view --expires 9d --as carol");
    tool.ok("share grant node1:/d carol --permission view --as eve");
    let ends = |tool: &Tool| {
        let rows = tool.json("share list node1:/d --here");
        let rows: Vec<Value> = rows.as_array().unwrap().iter().filter(|row| row["class"] != "owner").cloned().collect();
        rows.iter().map(|row| row["expires"].as_str().unwrap_or("never").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ends(&tool), ["2027-03-02T00:00:00Z"; 4]);
    // Nor later: not by its sharer, not by the operator for the sharer, not by a file.
    tool.ok("share set node1:/d group:crew --expires never --as carol");
    tool.ok("share set node1:/d group:crew --expires never --by carol");
    std::fs::write(
        tool.folder().join("long.yaml"),
        "version: 1\nendpoints: {node1: {shares: {/d: {\"group:crew\": {permission: view, by: carol, expires: 2028-01-01}}}}}\n",
    )
    .unwrap();
    tool.ok("apply long.yaml --yes");
    assert_eq!(ends(&tool), ["2027-03-02T00:00:00Z"; 4]);
    comes_back(&tool, true);
    // A file may name a share before its base: only the whole file counts.
    std::fs::write(
        tool.folder().join("order.yaml"),
        "version: 1\nendpoints: {node1: {shares: {/e: {dana: {permission: view, by: carol, expires: 2027-05-01}, carol: {permission: view, expires: 2027-04-01}}}}}\n",
    )
    .unwrap();
    tool.ok("share grant node1:/e carol --permission view --expires 1d");
    tool.ok("apply order.yaml --yes");
    assert_eq!(tool.json("share list node1:/e --with dana")[0]["expires"], "2027-04-01T00:00:00Z");
    assert_eq!(tool.ok("plan order.yaml"), "No changes.\n");
    tool.set_clock("2027-03-02");
    for who in ["carol", "dana", "eve"] {
        assert!(!tool.may(who, "browse", "node1:/d"), "{who}");
    }
}

#[test]
fn cascade_cuts_a_share_to_the_end_of_its_remaining_base() {
    let tool = shared();
    tool.set_clock("2027-03-01");
    // Carol has the permission from pi without an end, and from bob for a day.
    tool.ok("share grant node1:/p carol --permission view --expires 1d --as bob");
    tool.ok("share grant node1:/p dana --permission view --as carol");
    let ran = tool.fails(5, "share revoke node1:/p carol --as pi", "another share rests on this one");
    assert!(ran.err.contains("would end at 2027-03-02T00:00:00Z"), "{ran:#?}");
    tool.ok("share revoke node1:/p carol --cascade --as pi");
    assert_eq!(tool.json("share list --with dana")[0]["expires"], "2027-03-02T00:00:00Z");
    comes_back(&tool, true);
    // Setting an earlier end is not lowering: what rests on the share stays unless `--cascade` cuts it.
    tool.ok("share set node1:/p carol --expires 12h --by bob --as bob");
    assert_eq!(tool.json("share list --with dana")[0]["expires"], "2027-03-02T00:00:00Z");
    assert!(tool.ok("export -q").contains("orphaned: true"));
    comes_back(&tool, true);
    tool.ok("share prune node1:/p");
    assert_eq!(tool.json("share list --with dana")[0]["expires"], "2027-03-01T12:00:00Z");
}
