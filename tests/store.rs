//! The store as a file: creation and file modes, files that are refused and left unchanged, locking,
//! and reading the past.

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Child;

use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use serde_json::Value;

use super::support::{PROGRAM, Tool, temp_folder};

/// Everything below a folder: paths, and the contents of files.
fn everything(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(everything(&path));
            found.insert(path, None);
        } else {
            let bytes = fs::read(&path).unwrap();
            found.insert(path, Some(bytes));
        }
    }
    found
}

/// Every row of a table.
pub(super) fn rows(store: &Connection, table: &str) -> Vec<Vec<Cell>> {
    let mut statement = store.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2")).unwrap();
    let columns = statement.column_count();
    let read = |row: &rusqlite::Row<'_>| (0..columns).map(|column| row.get(column)).collect();
    statement.query_map([], read).unwrap().map(Result::unwrap).collect()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).permissions().mode() & 0o777
}

fn sibling_path(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

const READING: [&str; 6] =
    ["account list", "status", "audit log", "audit verify", "perm check bob send server", "account list --at 0"];
const WRITING: [&str; 3] = ["account add frank", "account add frank --dry-run", "undo 1"];

#[test]
fn a_missing_store_is_7_and_no_command_but_init_and_create_makes_one() {
    let tool = Tool::bare();
    let _ = tool.sh("true");
    let before = everything(tool.folder());
    for command in READING.iter().chain(&WRITING) {
        let ran = tool.fails(7, command, "no store at `");
        assert!(ran.err.ends_with("\n  try: rolebook init\n"), "{ran:?}");
        let _ = tool.fails(7, &format!("{command} --store sub/folder/x.db"), "no store at `sub/folder/x.db`");
    }
    assert_eq!(everything(tool.folder()), before);
}

#[test]
fn a_writing_command_makes_the_store_at_the_given_path() {
    let tool = Tool::bare();
    assert_eq!(tool.json("account add alice --create --store new/a.db")["revision"], 1);
    assert_eq!(tool.json("account add bob --create --store new/a.db")["revision"], 2);
    assert_eq!(tool.json("account add carol --create")["revision"], 1);
    assert!(tool.store().is_file());
    assert_eq!(mode(&tool.folder().join("new")), 0o700);
}

#[test]
fn init_makes_a_store_once() {
    let tool = Tool::bare();
    assert_eq!(tool.ok("init"), format!("created {}\n", tool.store().display()));
    tool.ok("account add alice");
    let before = fs::read(tool.store()).unwrap();
    assert_eq!(tool.ok("init"), "unchanged\n");
    assert_eq!(tool.json("init")["created"], false);
    assert_eq!(fs::read(tool.store()).unwrap(), before);
    // An empty file, as `mktemp` makes it, becomes a store.
    assert_eq!(tool.ok("init --store \"$(mktemp -p .)\"").split(' ').next(), Some("created"));
}

#[test]
fn only_the_owner_reads_the_files_of_a_store() {
    let tool = Tool::bare();
    let ran = tool.sh("umask 0; rolebook init && rolebook account add alice");
    assert_eq!(ran.status, 0, "{ran:?}");
    let store = tool.store();
    assert_eq!(mode(store.parent().unwrap()), 0o700);
    assert_eq!(mode(store.parent().unwrap().parent().unwrap()), 0o700);
    // While the store is open, the side files exist; the first process made them.
    let ran = tool.sh("umask 0; rolebook account list");
    assert_eq!(ran.status, 0, "{ran:?}");
    let reader = Connection::open(&store).unwrap();
    assert_eq!(rows(&reader, "revision").len(), 1);
    for suffix in ["", "-wal", "-shm", ".lock"] {
        assert_eq!(mode(&sibling_path(&store, suffix)), 0o600, "{suffix}");
    }
    assert_eq!(tool.json("status")["warnings"][0], "there are accounts, but none of them is an active admin");
    fs::set_permissions(&store, Permissions::from_mode(0o640)).unwrap();
    let warnings = tool.json("status")["warnings"].to_string();
    assert!(warnings.contains("(mode 640)"), "{warnings}");
}

/// Files that this program cannot use as a store, and the message for each.
fn unusable(tool: &Tool) -> Vec<(&'static str, &'static str)> {
    let at = |name: &str| tool.folder().join(name);
    tool.ok("init --store good.db");
    for number in 0..40 {
        tool.ok(&format!("account add a{number} --store good.db"));
    }
    let good = fs::read(at("good.db")).unwrap();
    let changed = |name: &str, pragma: &str, value: i64| {
        fs::write(at(name), &good).unwrap();
        let store = Connection::open(at(name)).unwrap();
        store.pragma_update(None, pragma, value).unwrap();
        store.close().unwrap();
    };
    fs::write(at("text.db"), "these are words, and more of them\n".repeat(100)).unwrap();
    fs::write(at("short.db"), "x").unwrap();
    changed("foreign.db", "application_id", 0x1234);
    let other = Connection::open(at("other.db")).unwrap();
    other.execute_batch("CREATE TABLE revision (number INTEGER); INSERT INTO revision VALUES (1)").unwrap();
    other.close().unwrap();
    changed("newer.db", "user_version", 99);
    fs::write(at("half.db"), &good[..good.len() / 2]).unwrap();
    fs::write(at("head.db"), &good[..100]).unwrap();
    fs::create_dir(at("folder.db")).unwrap();
    vec![
        ("text.db", "`text.db` is not a rolebook store"),
        ("short.db", "`short.db` is not a rolebook store"),
        ("foreign.db", "`foreign.db` is not a rolebook store"),
        ("other.db", "`other.db` is not a rolebook store"),
        ("newer.db", "the store `newer.db` is of version 99, this program knows versions up to 7"),
        ("half.db", "the store `half.db` is damaged: "),
        ("head.db", "the store `head.db` is damaged: "),
        ("folder.db", "`folder.db` is not a rolebook store"),
        ("/dev/null", "`/dev/null` is not a rolebook store"),
        ("good.db/x.db", "good.db/x.db`"),
    ]
}

#[test]
fn an_unusable_store_is_refused_with_a_specific_message_and_left_unchanged() {
    let tool = Tool::bare();
    let files = unusable(&tool);
    let before = everything(tool.folder());
    for (name, words) in files {
        for command in READING.iter().chain(&WRITING).chain(&["init", "account add frank --create"]) {
            let ran = tool.fails(7, &format!("{command} --store {name}"), words);
            assert!(!ran.err.contains("panicked") && ran.err.contains("\n  try: "), "{ran:?}");
        }
        // No other file is made, except those that SQLite needs to read a file with a log.
        let mut after = everything(tool.folder());
        after.retain(|path, _| !path.to_string_lossy().ends_with("-shm") && !path.to_string_lossy().ends_with("-wal"));
        assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>(), "{name}");
        assert!(after == before, "{name} was changed");
    }
    // SQLite opens a file with a truncated last page, so the check must find it.
    let good = fs::read(tool.folder().join("good.db")).unwrap();
    fs::write(tool.folder().join("cut.db"), &good[..good.len() - 1000]).unwrap();
    let ran = tool.run("audit verify --store cut.db");
    assert_eq!(ran.status, 1, "{ran:?}");
    assert!(ran.out.starts_with("the file is damaged: "), "{ran:?}");
    // An empty file is not a store until a command makes it one.
    File::create(tool.folder().join("empty.db")).unwrap();
    for command in READING.iter().chain(&WRITING) {
        let _ = tool.fails(7, &format!("{command} --store empty.db"), "`empty.db` is not a rolebook store");
    }
    assert_eq!(fs::metadata(tool.folder().join("empty.db")).unwrap().len(), 0);
}

#[test]
fn a_store_that_may_not_be_read_is_7() {
    let tool = Tool::new();
    fs::set_permissions(tool.store(), Permissions::from_mode(0o000)).unwrap();
    if File::open(tool.store()).is_ok() {
        println!("skipped: root reads everything");
        return;
    }
    for command in READING.iter().chain(&WRITING).chain(&["init"]) {
        let _ = tool.fails(7, command, "cannot be used: ");
    }
}

#[test]
fn a_writer_waits_for_its_turn() {
    let tool = Tool::new();
    for (turn, what) in ["the lock and a transaction", "a transaction", "the lock"].into_iter().enumerate() {
        let lock = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(sibling_path(&tool.store(), ".lock"))
            .unwrap();
        let store = Connection::open(tool.store()).unwrap();
        if turn != 1 {
            lock.lock().unwrap();
        }
        if turn != 2 {
            store.execute_batch("BEGIN IMMEDIATE").unwrap();
        }
        let mut waiting: Child = tool.shell(&format!("exec rolebook account add w{turn} > /dev/null")).spawn().unwrap();
        // Readers do not wait. While twenty of them begin and end, a writer that nobody holds up would end too.
        for _ in 0..20 {
            assert_eq!(tool.json("account list").as_array().unwrap().len(), turn, "{what}");
        }
        assert_eq!(waiting.try_wait().unwrap(), None, "{what} did not hold the writer up");
        drop((store, lock));
        assert!(waiting.wait().unwrap().success(), "{what}");
    }
    assert_eq!(tool.revision(), 3);
}

#[test]
fn a_denied_change_only_adds_one_entry_to_the_log() {
    let tool = Tool::staffed();
    let store = Connection::open(tool.store()).unwrap();
    let state = || (rows(&store, "resource"), rows(&store, "binding"));
    let (before, log) = (state(), rows(&store, "revision"));
    let denied =
        ["account add mallory --as bob", "account set-role bob admin --as bob", "workgroup add sound --as bob"];
    for (number, command) in denied.iter().enumerate() {
        let _ = tool.fails(3, command, "may not");
        assert_eq!(state(), before, "{command}");
        let now = rows(&store, "revision");
        assert_eq!(now.len(), log.len() + number + 1, "{command}");
        assert_eq!(now[..log.len()], log[..], "{command}");
        // number, at, actor, operator, command, reason, denied, ...
        let last = now.last().unwrap();
        assert!(matches!(&last[2], Cell::Integer(_)) && matches!(&last[6], Cell::Text(_)), "{last:?}");
        assert_eq!(last[4], Cell::Text(command.trim_end_matches(" --as bob").to_owned()));
        assert_eq!(tool.json("audit log --denied").as_array().unwrap().len(), number + 1);
    }
    tool.ok("audit verify");
}

#[test]
fn dry_runs_questions_and_refusals_leave_the_file_unchanged() {
    let tool = Tool::staffed();
    let before = fs::read(tool.store()).unwrap();
    let commands = [
        ("account add frank --dry-run", 0),
        ("account set-role bob admin --as alice --dry-run", 0),
        ("account add mallory --as bob --dry-run", 3),
        ("undo 2 --dry-run --yes", 0),
        ("perm check bob create-account=user server", 1),
        ("perm explain bob send server", 0),
        ("account list --as bob", 0),
        ("audit verify", 0),
        // Refused, but not denied by a rule: no entry in the log.
        ("account remove nobody", 4),
        ("account set-role alice user", 5),
        ("account add", 2),
        // Nothing to change.
        ("account set-role bob user", 0),
        ("account add bob", 0),
    ];
    for (command, status) in commands {
        let ran = tool.run(command);
        assert_eq!(ran.status, status, "{ran:?}");
        assert!(fs::read(tool.store()).unwrap() == before, "{command} changed the file");
        let log = fs::metadata(sibling_path(&tool.store(), "-wal")).map_or(0, |file| file.len());
        assert_eq!(log, 0, "{command} wrote");
    }
}

#[test]
fn a_test_can_set_the_clock() {
    let tool = Tool::new();
    tool.set_clock("2030-01-01T09:00:00Z");
    tool.ok("account add bob --expires 1h");
    assert_eq!(tool.json("audit show 1")["at"], "2030-01-01T09:00:00Z");
    assert_eq!(tool.json("account show bob")["status"], "active");
    tool.later(3600);
    assert_eq!(tool.json("account show bob")["status"], "expired");
    let ran = tool.sh("ROLEBOOK_TEST_NOW=soon rolebook account add eve");
    assert!(ran.status > 7 && ran.err.contains("ROLEBOOK_TEST_NOW is not a time"), "{ran:#?}");
}

#[test]
fn reading_the_past_shows_the_state_of_that_time() {
    let tool = Tool::new();
    let names = |at: &str| -> Vec<String> {
        let listed = tool.json(&format!("account list --at {at}"));
        listed.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    };
    // Also a store without a past.
    assert!(names("0").is_empty() && names("2001-01-01").is_empty() && names("2999-01-01").is_empty());
    tool.ok("account add alice");
    // The log keeps milliseconds, and the next revision must have a later one.
    tool.later(1);
    tool.ok("account add bob --expires 2s");
    tool.ok("account remove alice --destroy --yes");
    assert!(names("0").is_empty());
    assert_eq!(names("1"), ["alice"]);
    assert_eq!(names("2"), ["alice", "bob"]);
    assert_eq!(names("3"), ["bob"]);
    assert!(names("2001-01-01").is_empty(), "before the first entry the store is empty");
    let ran = tool.fails(4, "account list --at 4", "no such revision: `4`");
    assert!(ran.err.contains("the last revision is 3"), "{ran:?}");
    let _ = tool.fails(4, "account list --at 99999999999999999999999", "no such revision");
    let _ = tool.fails(2, "account list --at yesterday", "is not a time");
    let at = |revision: u64| tool.json(&format!("audit show {revision}"))["at"].as_str().unwrap().to_owned();
    assert_eq!(names(&at(1)), ["alice"], "a revision counts from its own time on");

    let status = |at: &str| -> Value { tool.json(&format!("account show bob{at}"))["status"].clone() };
    // A future time: today's facts, with expiries judged at that time.
    assert_eq!(names("2999-01-01"), ["bob"]);
    assert_eq!(status(" --at 2999-01-01"), "expired");
    assert_eq!(status(" --at 2"), "active");
    tool.later(3);
    assert_eq!(status(""), "expired");
    assert_eq!(status(" --at 2"), "active", "a revision is judged at its own time");
    assert_eq!(tool.json("status --at 0")["revision"], 0);
}

/// A clock that was set back must not put the log out of order: `--at TIME` and the check rely on its order.
#[test]
fn a_revision_is_never_dated_before_its_predecessor() {
    use rolebook::model::{Kind, Name, Time};
    use rolebook::ops::{Actor, Transaction, group};
    use rolebook::store::{RevisionHeader, Store};

    let folder = temp_folder();
    let (store, _) = Store::create(&folder.path().join("s.db")).unwrap();
    let commit = |name: &str, at: Time| {
        let writer = store.write().unwrap();
        let facts = writer.facts();
        let mut tx = Transaction::new(&facts, Actor::Operator, at).unwrap();
        group::add(&mut tx, Kind::Group, &Name::parse(name).unwrap(), &group::GroupSettings::default()).unwrap();
        let (draft, last) = tx.finish().unwrap();
        let rows = draft.against(&facts).unwrap();
        let (operator, command) = ("test".to_owned(), "group add".to_owned());
        let entry = RevisionHeader { at, actor: None, operator, command, reason: None, undoes: None };
        writer.commit(&rows, last, entry).unwrap().unwrap().at
    };
    let today = Time::parse("2026-06-01").unwrap();
    assert_eq!(commit("a", today), today);
    assert_eq!(commit("b", Time::parse("2026-01-01").unwrap()), today);
    let reader = store.read().unwrap();
    assert_eq!(reader.revision_at(today).unwrap(), 2);
    assert_eq!(rolebook::store::verify::verify(&reader, &Default::default()).unwrap().faults, vec![]);
}

#[test]
fn an_older_store_is_read_as_it_is_and_brought_up_to_date_by_the_first_change() {
    const SIXTH: &str = "DROP INDEX external_id_now; DROP INDEX resource_alias_past";
    const FIFTH: &str = "DROP INDEX binding_by_now; DROP INDEX binding_by_past;
        DROP INDEX revision_actor; DROP INDEX revision_denied;
        CREATE INDEX share_by_now ON binding (grantor) WHERE until IS NULL AND role = 'item:share';
        CREATE INDEX share_by_past ON binding (grantor) WHERE until IS NOT NULL AND role = 'item:share'";
    const FOURTH: &str = "DROP INDEX resource_home_now";
    const THIRD: &str = "DROP INDEX resource_sets_now; DROP INDEX binding_sets_now;
        ALTER TABLE resource DROP COLUMN sets; ALTER TABLE binding DROP COLUMN sets";
    const SECOND: &str = "DROP INDEX binding_of_now;
        CREATE INDEX binding_of_now ON binding (principal, role, resource) WHERE until IS NULL";
    const FIRST: &str = "DROP INDEX share_by_now; DROP INDEX share_by_past";
    from_version(6, SIXTH);
    from_version(5, &format!("{SIXTH}; {FIFTH}"));
    from_version(4, &format!("{SIXTH}; {FIFTH}; {FOURTH}"));
    from_version(3, &format!("{SIXTH}; {FIFTH}; {FOURTH}; {THIRD}"));
    from_version(2, &format!("{SIXTH}; {FIFTH}; {FOURTH}; {THIRD}; {SECOND}"));
    from_version(1, &format!("{SIXTH}; {FIFTH}; {FOURTH}; {THIRD}; {SECOND}; {FIRST}"));
}

fn from_version(older: i64, without: &str) {
    let (tool, newest) = (Tool::studio(), Tool::studio());
    {
        let store = Connection::open(tool.store()).unwrap();
        store.execute_batch(&format!("{without}; PRAGMA user_version = {older}")).unwrap();
    }
    let version = || {
        let store = Connection::open(tool.store()).unwrap();
        store.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)).unwrap()
    };
    assert!(tool.may("bob", "send", "workgroup:color"));
    assert!(tool.ok("perm who send workgroup:color").contains("bob"));
    assert!(tool.ok("audit log").contains("workgroup"));
    for filter in ["--on workgroup:color", "--touching user:alice", "--actor alice", "--denied"] {
        assert_eq!(tool.ok(&format!("audit log {filter}")), newest.ok(&format!("audit log {filter}")), "{filter}");
    }
    assert_eq!(tool.run("audit verify").status, 0);
    assert_eq!(version(), older, "who only reads changes nothing");
    tool.ok("endpoint add node1 --kind node --node-version 4.4.6 --as alice");
    assert_eq!(version(), 7);
    tool.ok("content add node1:/p --owner bob");
    tool.ok("share grant node1:/p carol --permission view --as bob");
    tool.ok("account remove bob --destroy --transfer-to eve --yes");
    assert_eq!(tool.json("share list node1:/p --here")[1]["by"], "user:eve");
    assert_eq!(tool.run("audit verify").status, 0);
}

/// A store on a read-only medium is read and verified. If SQLite needs the log, no data is silently left out.
#[cfg(unix)]
#[test]
fn a_store_on_a_read_only_medium_is_read_and_verified() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;

    const NOBODY: u32 = 65534;
    let tool = Tool::staffed();
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("kept store?.db");
    let mode = |path: &std::path::Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    fs::copy(tool.store(), &store).unwrap();
    fs::write(folder.path().join("kept store?.db.lock"), "").unwrap();
    let program = folder.path().join("rolebook");
    // By another process: a process that another test forks meanwhile would inherit our open file.
    let copied = std::process::Command::new("cp").arg(PROGRAM).arg(&program).status();
    assert!(copied.unwrap().success());
    for entry in fs::read_dir(folder.path()).unwrap() {
        mode(&entry.unwrap().path(), 0o555);
    }
    mode(folder.path(), 0o555);
    // Root can write every folder.
    let is_root = fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0);
    let run = |line: &str| {
        let mut command = std::process::Command::new(&program);
        command.env_clear().arg("--store").arg(&store).args(line.split(' '));
        if is_root {
            command.uid(NOBODY);
        }
        command.output().unwrap()
    };
    for line in ["account list", "perm check alice create-group server", "audit verify", "status"] {
        let ran = run(line);
        assert!(ran.status.success() && !ran.stdout.is_empty(), "{line}: {ran:?}");
    }
    let refused = run("account add heidi");
    assert_eq!(refused.status.code(), Some(7), "{refused:?}");
    // Data that only the log has cannot be read, and the command reports that.
    mode(folder.path(), 0o755);
    fs::write(folder.path().join("kept store?.db-wal"), "log").unwrap();
    mode(&folder.path().join("kept store?.db-wal"), 0o444);
    mode(folder.path(), 0o555);
    let refused = run("account list");
    assert_eq!(refused.status.code(), Some(7), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("-wal"), "{refused:?}");
    mode(folder.path(), 0o755);
}
