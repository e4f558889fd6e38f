//! Evidence through the program: keys, checkpoints, and receipts that are verified without the store.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rolebook::model::{Id, Kind, Name, Time};
use rolebook::ops::{Actor, Transaction, group, membership};
use rolebook::store::{RevisionHeader, Store};
use rusqlite::Connection;
use serde_json::Value;

use crate::support::{CommandOutput, Fixture, PROGRAM, Tool};

/// A staffed store with a group, and a key in `log.key`; the verifier key is in `log.pub`.
fn keyed() -> Tool {
    static KEYED: Fixture = Fixture::new();
    let tool = KEYED.copy(|| {
        let tool = Tool::staffed();
        tool.ok("group add editors --as dana");
        tool.ok("group add-member editors bob --as dana --reason 'cuts the film'");
        tool.ok("workgroup add color --send members --as dana");
        tool.ok("workgroup add-member color group:editors --as dana");
        tool.ok("audit key --out log.key --name example.com/log > log.pub");
        tool
    });
    assert_eq!(fs::metadata(tool.folder().join("log.key")).unwrap().permissions().mode() & 0o777, 0o600);
    tool
}

fn verifier(tool: &Tool) -> String {
    fs::read_to_string(tool.folder().join("log.pub")).unwrap().trim_end().to_owned()
}

/// Keeps the checkpoint of now in a file.
fn keep_checkpoint(tool: &Tool, file: &str) {
    tool.ok(&format!("audit checkpoint --key log.key > {file}"));
}

fn verify(tool: &Tool, options: &str) -> CommandOutput {
    tool.run(&format!("audit verify --key '{}' {options}", verifier(tool)))
}

#[test]
fn a_key_is_written_once_for_its_owner_and_shown_nowhere() {
    let tool = keyed();
    let file = fs::read_to_string(tool.folder().join("log.key")).unwrap();
    let secret = file.lines().find(|line| line.starts_with("MC4CAQAwBQYDK2Vw")).unwrap().to_owned();
    assert!(file.starts_with(&format!("{}\n-----BEGIN PRIVATE KEY-----\n", verifier(&tool))));
    let ran = tool.fails(5, "audit key --out log.key --name example.com/log", "`log.key` exists already");
    assert!(ran.err.contains("try: name another file"), "{ran:?}");
    std::os::unix::fs::symlink("elsewhere", tool.folder().join("link")).unwrap();
    tool.fails(5, "audit key --out link --name example.com/log", "exists already");
    assert!(!tool.folder().join("elsewhere").exists());
    fs::remove_file(tool.folder().join("link")).unwrap();
    tool.fails(2, "audit key --out - --name example.com/log", "not written to standard output");
    tool.fails(6, "audit key --out no/such/folder --name x", "cannot be written to `no/such/folder`");
    for name in ["", "two words", "a+b", "line\\\nend", "\u{200b}"] {
        let ran = tool.run_here(&["audit", "key", "--out", "never", "--name", name]);
        assert_eq!(ran.status, 2, "{ran:?}");
    }
    keep_checkpoint(&tool, "one.note");
    let told = [
        tool.ok("audit receipt bob send workgroup:color --key log.key"),
        tool.ok("audit receipt bob send workgroup:color --key log.key -o json -v"),
        tool.ok("audit checkpoint --key log.key -o json"),
        verify(&tool, "--checkpoint one.note").out,
        tool.ok("audit log -o json"),
    ];
    assert!(told.iter().all(|text| !text.contains(&secret[..40])));
    assert_eq!(tool.files_with(secret.as_bytes()), [tool.folder().join("log.key")]);
    // The file is the key of `audit key`, and no other.
    for (file, text) in [
        ("empty", String::new()),
        ("bare.key", file.split_once('\n').unwrap().1.to_owned()),
        ("cut.key", file.replace("-----END", "")),
        ("other.key", file.replace(&secret, "MC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
        ("long.key", "x".repeat(20_000)),
    ] {
        fs::write(tool.folder().join(file), text).unwrap();
        let ran = tool.fails(6, &format!("audit checkpoint --key {file} -q"), &format!("`{file}` "));
        assert!(!ran.err.contains(&secret[16..]), "{ran:?}");
    }
    let ran = tool.run("audit checkpoint --key missing.key");
    assert!(ran.status == 6 && ran.err.contains("no such file"), "{ran:?}");
}

#[test]
fn a_key_that_others_can_read_is_warned_of() {
    let tool = keyed();
    fs::set_permissions(tool.folder().join("log.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let ran = tool.run("audit checkpoint --key log.key");
    assert_eq!(
        (ran.status, ran.err.as_str()),
        (0, "warning: others can read the private key (mode 644): chmod 600 it\n")
    );
}

/// All copies of a store give their keys the same name, and different stores different names.
#[test]
fn a_key_is_named_after_the_store_unless_it_has_a_name() {
    let tool = keyed();
    let digest = tool.json("audit show 1")["digest"].as_str().unwrap().to_owned();
    let made = tool.json("audit key --out other.key");
    assert_eq!(made["name"], format!("rolebook/{}", &digest[..16]));
    assert!(made["verifier"].as_str().unwrap().starts_with(&format!("rolebook/{}+", &digest[..16])));
    tool.fails(3, "audit key --out third.key --as bob", "may not view-log on server");
    let empty = Tool::new();
    empty.fails(5, "audit key --out log.key", "no revision yet that could name its key");
    assert!(empty.ok("audit key --out log.key --name example.com/new").starts_with("example.com/new+"));
    let note = empty.ok("audit checkpoint --key log.key");
    // The root of an empty tree is the SHA-256 of nothing.
    assert!(
        note.starts_with("example.com/new\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— example.com/new "),
        "{note}"
    );
}

#[test]
fn checkpoints_are_for_those_who_may_read_the_whole_log() {
    let tool = keyed();
    for who in ["bob", "dana"] {
        tool.fails(3, &format!("audit checkpoint --key log.key --as {who}"), "may not view-log on server");
    }
    assert_eq!(tool.ok("audit checkpoint --key log.key --as alice"), tool.ok("audit checkpoint --key log.key"));
    let value = tool.json("audit checkpoint --key log.key");
    assert_eq!((value["origin"].as_str(), value["size"].as_u64()), (Some("example.com/log"), Some(tool.revision())));
    assert_eq!(value["checkpoint"], tool.ok("audit checkpoint --key log.key"));
}

#[test]
fn a_history_that_goes_on_extends_its_checkpoints() {
    let tool = keyed();
    keep_checkpoint(&tool, "one.note");
    let size = tool.revision();
    let _ = tool.run("account add mallory --as eve");
    tool.ok("group remove-member editors bob");
    keep_checkpoint(&tool, "two.note");
    let ran = verify(&tool, "--checkpoint one.note --checkpoint two.note");
    assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{ran:?}");
    assert!(ran.out.starts_with(&format!("extends the checkpoint `one.note` of {size} revisions\n")), "{ran:?}");
    let ran = verify(&tool, "--checkpoint two.note -o json");
    let value: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(value["checkpoints"][0]["extended"], true);
    // A key that was replaced still verifies what it signed.
    let newer = tool.ok("audit key --out new.key --name example.com/log").trim_end().to_owned();
    tool.ok("audit checkpoint --key new.key > three.note");
    let ran = verify(&tool, &format!("--key {newer} --checkpoint one.note --checkpoint three.note"));
    assert_eq!(ran.status, 0, "{ran:?}");
    // What no given key signed is refused, and says nothing of the store.
    for (options, what) in [
        ("--checkpoint three.note", "`three.note` is not signed by the given key"),
        ("--checkpoint log.pub", "`log.pub` is not a signed note"),
        ("--checkpoint none.note", "`none.note` cannot be read"),
        ("--receipt one.note", "`one.note` is not a receipt"),
    ] {
        let ran = verify(&tool, options);
        assert!(ran.status == 6 && ran.out.is_empty() && ran.err.contains(what), "{ran:?}");
    }
    let whole = fs::read_to_string(tool.folder().join("one.note")).unwrap();
    fs::write(tool.folder().join("forged.note"), whole.replace(&format!("\n{size}\n"), "\n1\n")).unwrap();
    let ran = verify(&tool, "--checkpoint forged.note");
    assert!(ran.status == 6 && ran.err.contains("a signature that does not fit its text"), "{ran:?}");
    for (line, what) in [
        ("audit verify --checkpoint one.note", "--key <VERIFIER>"),
        ("audit verify --receipt one.note", "--key <VERIFIER>"),
        ("audit verify --key nonsense --checkpoint one.note", "NAME+HASH+KEY"),
    ] {
        let ran = tool.run(line);
        assert!(ran.status == 2 && ran.err.contains(what), "{ran:?}");
    }
    assert_eq!(verify(&tool, "").status, 2, "a key without anything that it signed");
}

#[test]
fn a_receipt_is_verified_without_the_store() {
    let tool = keyed();
    tool.ok("audit receipt bob send workgroup:color --key log.key > bob.receipt");
    let away = Tool::bare();
    for file in ["bob.receipt", "log.pub"] {
        fs::copy(tool.folder().join(file), away.folder().join(file)).unwrap();
    }
    let ran = verify(&away, "--receipt bob.receipt");
    assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{ran:?}");
    for line in [
        "allowed: user:bob may send on workgroup:color",
        "  user:bob is a member of group:editors, by user:dana (revision 7, ",
        "  group:editors is workgroup:standard of workgroup:color, by user:dana (revision 9, ",
        "not proved\n  that no later revision took a binding away",
        "verified: 2 of 2 bindings proved",
    ] {
        assert!(ran.out.contains(line), "{line}: {}", ran.out);
    }
    assert!(!away.store().exists());
    // It stays true of its checkpoint, whatever happens later.
    tool.ok("group remove-member editors bob");
    assert_eq!(verify(&tool, "--receipt bob.receipt").status, 0);
    let denied = tool.ok("audit receipt bob send workgroup:color --key log.key");
    fs::write(tool.folder().join("denied.receipt"), denied).unwrap();
    let ran = verify(&tool, "--receipt denied.receipt -o json");
    let value: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.status, &value["decision"]["allowed"], &value["verified"]), (0, &false.into(), &true.into()));
    // The past has receipts too.
    tool.ok("audit receipt bob send workgroup:color --key log.key --at 9 > past.receipt");
    assert!(verify(&tool, "--receipt past.receipt").out.starts_with("allowed: "));
    let ran = verify(&tool, "--receipt - < past.receipt");
    assert_eq!(ran.status, 0, "{ran:?}");
}

/// What is in a receipt is seen by whoever gets it, so the rows of a revision are only for readers of the whole log.
#[test]
fn a_receipt_tells_its_reader_no_more_than_an_explanation() {
    let tool = keyed();
    tool.ok("group add hush --visible members");
    tool.ok("group add-member hush carol eve bob --reason 'the quiet ones'");
    tool.ok("workgroup add-member color group:hush");
    tool.ok("group remove-member editors bob");
    tool.fails(3, "audit receipt carol send workgroup:color --key log.key --as bob", "may ask about themselves only");
    tool.fails(4, "audit receipt bob send workgroup:nope --key log.key --as bob", "no such workgroup");
    let ran = tool.run("audit receipt bob send workgroup:color --key log.key --as bob");
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(ran.err.contains("is not in the receipt: the reader may not read the whole of it"), "{ran:?}");
    let object: Value = serde_json::from_str(ran.out.lines().nth(1).unwrap()).unwrap();
    let explained = tool.json("perm explain bob send workgroup:color --as bob");
    for field in ["proof", "rule", "allowed", "principal"] {
        assert_eq!(object[field], explained[field], "{field}");
    }
    let revisions = object["revisions"].as_array().unwrap();
    assert!(!revisions.is_empty() && revisions.iter().all(|it| it["input"].is_null() && it["left_out"] == "hidden"));
    assert_eq!(object["names"], serde_json::json!([]));
    assert!(!ran.out.contains("carol") && !ran.out.contains("quiet"), "{}", ran.out);
    fs::write(tool.folder().join("bob.receipt"), &ran.out).unwrap();
    let ran = verify(&tool, "--receipt bob.receipt");
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(ran.out.contains("only stated by the key's holder") && ran.out.contains("verified: 0 of 2"), "{ran:?}");
    // A reader of the whole log gets all of it.
    let whole = tool.ok("audit receipt bob send workgroup:color --key log.key --as alice");
    let object: Value = serde_json::from_str(whole.lines().nth(1).unwrap()).unwrap();
    let inputs = object["revisions"].as_array().unwrap().iter();
    let inputs: Vec<Vec<u8>> = inputs.map(|it| STANDARD.decode(it["input"].as_str().unwrap()).unwrap()).collect();
    assert!(inputs.iter().any(|it| it.windows(14).any(|text| text == b"the quiet ones")));
}

/// Millions of rows can be one revision. A receipt that cannot carry it says so.
#[test]
fn a_revision_that_is_too_large_is_left_out_and_the_receipt_says_so() {
    let tool = keyed();
    let store = Store::open(&tool.store()).unwrap();
    let writer = store.write().unwrap();
    let facts = writer.facts();
    let mut tx = Transaction::new(&facts, Actor::Operator, Time::now()).unwrap();
    let crowd = Name::parse("crowd").unwrap();
    group::add(&mut tx, Kind::Group, &crowd, &group::GroupSettings::default()).unwrap();
    let eve = [rolebook::model::Reference::principal("eve").unwrap()];
    membership::add(&mut tx, Kind::Group, &crowd, &eve, None).unwrap();
    let (draft, Id(last)) = tx.finish().unwrap();
    let mut rows = draft.against(&facts).unwrap();
    let long = "x".repeat(200);
    for number in 0..20_000 {
        let attributes = rolebook::model::Attributes::Group(Default::default());
        let (id, name) = (Id(last + 1 + number), format!("{long}{number}"));
        let (key, sets) = (name.clone(), rolebook::model::SetNames::NONE);
        let row = rolebook::model::Resource { id, parent: None, name, key, alias: None, attributes, sets, since: 0 };
        rows.push(rolebook::policy::RowChange::Resource(None, Some(row.into())));
    }
    let (operator, command) = ("test".to_owned(), "test".to_owned());
    let header = RevisionHeader { at: Time::now(), actor: None, operator, command, reason: None, undoes: None };
    writer.commit(&rows, Id(last + 20_000), header).unwrap();
    tool.ok("workgroup add-member color group:crowd");
    let ran = tool.run("audit receipt eve send workgroup:color --key log.key");
    let expected = "warning: revision 10 is not in the receipt: a receipt carries at most 4 MiB of revisions\n";
    assert_eq!((ran.status, ran.err.as_str()), (0, expected));
    assert!(ran.out.len() < 20_000, "{}", ran.out.len());
    fs::write(tool.folder().join("eve.receipt"), &ran.out).unwrap();
    let ran = verify(&tool, "--receipt eve.receipt");
    assert!(ran.out.contains("(revision 10: that revision is too large for a receipt)"), "{ran:?}");
    assert!(ran.status == 0 && ran.out.ends_with("verified: 1 of 2 bindings proved\n"), "{ran:?}");
}

/// Nobody signs a history that does not even follow itself.
#[test]
fn a_broken_chain_gets_no_checkpoint() {
    let tool = keyed();
    let store = Connection::open(tool.store()).unwrap();
    store.execute("UPDATE revision SET digest = zeroblob(32) WHERE number = 3", []).unwrap();
    store.close().unwrap();
    for line in ["audit checkpoint --key log.key", "audit receipt bob send workgroup:color --key log.key"] {
        tool.fails(7, line, "is damaged: ");
    }
}

/// `130` of a shell is a process that ended by the signal of Ctrl-C.
#[test]
fn ctrl_c_ends_a_verification() {
    let tool = keyed();
    let mut command = std::process::Command::new(PROGRAM);
    let words = ["audit", "verify", "--checkpoint", "-", "--key", &verifier(&tool)];
    command.args(words).env_clear().envs(tool.environment()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // It waits for the rest of the checkpoint, so it has not ended.
    child.stdin.as_mut().unwrap().write_all(b"example.com/log\n").unwrap();
    let sent = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.signal(), output.stdout.len()), (Some(2), 0));
}

#[test]
fn a_quick_verification_leaves_out_the_check_of_sqlite_alone() {
    let tool = keyed();
    let expected = tool.ok("audit verify");
    assert_eq!(tool.ok("audit verify --quick"), expected);
    let store = Connection::open(tool.store()).unwrap();
    store.execute("UPDATE binding SET expires = 7 WHERE since = 7", []).unwrap();
    store.close().unwrap();
    let ran = tool.run("audit verify --quick");
    assert!(ran.status == 1 && ran.out.starts_with("revision 7: its digest does not fit"), "{ran:?}");
}
