//! The exit statuses of rolebook(1), case by case.

use crate::support::{Fixture, Tool};

/// A store with everything that the cases below need.
fn office() -> Tool {
    static MADE: Fixture = Fixture::new();
    MADE.copy(|| {
        let tool = Tool::staffed();
        tool.ok("group add crew");
        tool.ok("group add-member crew bob");
        tool.ok("workgroup add color");
        tool.ok("dropbox add intake");
        tool.ok("endpoint add n --kind node --node-version 4.4.6 --administrator alice");
        tool.ok("endpoint add hidden --kind s3 --private --administrator alice");
        tool.ok("content add n:/a --owner carol");
        tool.ok("share grant n:/a eve --permission view --as carol");
        tool.ok("org add acme --admin alice");
        std::fs::write(tool.folder().join("empty.yaml"), "").unwrap();
        std::fs::create_dir(tool.folder().join("folder")).unwrap();
        std::fs::write(tool.folder().join("text.db"), "no store").unwrap();
        let manifest = |name: &str, text: &str| {
            std::fs::write(tool.folder().join(name), format!("version: 1\n{text}\n")).unwrap();
        };
        manifest("role.yaml", "accounts: {zoe: {role: boss}}");
        manifest("name.yaml", "accounts: {'a;b': {}}");
        manifest("kind.yaml", "groups: {crew: ['workgroup:color']}");
        manifest("nowhere.yaml", "groups: {crew: [nowhere]}");
        manifest("alone.yaml", "endpoints: {x: {kind: host, node-version: 4.4.6}}");
        manifest("state.yaml", "endpoints: {n: {kind: s3}}");
        manifest("last.yaml", "accounts: {alice: {role: user}}");
        manifest("right.yaml", "accounts: {zoe: {}}");
        manifest("fails.yaml", "tests: [bob can delete endpoint:n]");
        tool
    })
}

/// A command, its status, and a part of its message.
const TABLE: [(&str, i32, &str); 62] = [
    // The command succeeded, and the answer is no.
    ("perm check carol download n:/a", 0, ""),
    ("account list", 0, ""),
    ("init", 0, ""),
    ("perm check bob download n:/a", 1, ""),
    ("apply fails.yaml", 1, ""),
    ("plan right.yaml --exit-code", 1, ""),
    // A malformed value, a missing option, an invalid name.
    ("", 2, ""),
    ("acount", 2, "unknown command `acount`"),
    ("account add", 2, "missing `<NAME>`"),
    ("account add x --role boss", 2, "`boss` is not an account role"),
    ("account add x --email x", 2, "`x` is not an e-mail address"),
    ("account add x --expires tomorrow", 2, "`tomorrow` is not a time"),
    ("account add x --expires 2027-01-01T00:00:00+25:00", 2, "is not a time"),
    ("account add 'a;b'", 2, "is not a name"),
    ("account add ''", 2, "is not a name"),
    ("account add anyone", 2, "is not a name"),
    ("account list --columns nane", 2, "no column `nane`"),
    ("account list --at yesterday", 2, "is not a time"),
    ("content add n:a", 2, ""),
    ("content add n:/../a", 2, "is not a path"),
    ("share grant n:/a bob --permission veiw", 2, "unknown permission `veiw`"),
    ("perm check bob downlaod n:/a", 2, "no action `downlaod`"),
    ("perm check bob view grup:x", 2, "unknown kind `grup`"),
    ("endpoint add x --kind cloud --administrator alice", 2, "invalid value `cloud`"),
    ("endpoint add x --kind node --node-version 4.x --administrator alice", 2, "is not a version"),
    ("endpoint add x --kind host", 2, "an endpoint needs an administrator"),
    ("org add x", 2, ""),
    ("package send --title x --to bob", 2, "a package needs a sender"),
    ("undo last", 2, "a whole number is wanted"),
    ("plan right.yaml --max-removals few", 2, "a whole number is wanted"),
    ("plan right.yaml --prune", 2, "--prune needs a set"),
    ("--store '' status", 2, "`--store <PATH>` needs a value"),
    ("--store https://example.com/x status", 2, "--store begins with `https:`"),
    ("--store postgres://u:p@h/db init", 2, "--store begins with `postgres:`"),
    ("--store :memory: init", 2, "--store begins with `:`"),
    ("--store file:x init", 2, "--store begins with `file:`"),
    // Denied to this actor.
    ("account add x --as bob", 3, "user:bob may not create-account=user"),
    ("account set-role bob admin --as dana", 3, "may not set-role"),
    ("apply right.yaml --yes --as bob", 3, "this change cannot be made"),
    ("share revoke n:/a eve --as eve", 3, ""),
    // Resources that do not exist, or not for this actor.
    ("account show nobody", 4, "no such account: `nobody`"),
    ("endpoint show hidden --as bob", 4, "no such endpoint: `hidden`"),
    ("perm check bob download x:/a", 4, "no such file or folder: `x:/a`"),
    ("account list --at 9999", 4, ""),
    ("package show 77", 4, "no such package"),
    ("apply nowhere.yaml --yes", 4, "nowhere.yaml:2:17: no such account: `nowhere`"),
    ("account list --as nobody", 4, "no such account: `nobody`"),
    // References of the wrong kind, and changes that are forbidden to everybody.
    ("account show group:crew", 5, "not an account: `group:crew`"),
    ("group add-member crew workgroup:color", 5, "not an account or a group: `workgroup:color`"),
    ("account set-role bob workgroup-admin", 5, "is not an account role"),
    ("account set-role alice user", 5, "without an active admin"),
    ("endpoint add x --kind host --node-version 4.4.6 --administrator alice", 5, "has no node software"),
    ("group add-member crew group:crew", 5, "a cycle"),
    ("account add bob --role admin", 5, "exists already"),
    ("apply state.yaml --yes", 5, "state.yaml:2:13: endpoint:n is of kind node, not s3"),
    ("apply last.yaml --yes", 5, "without an active admin"),
    // Invalid files.
    ("validate role.yaml", 6, "role.yaml:2:24: `accounts.zoe.role`: `boss` is not an account role"),
    ("apply name.yaml", 6, "name.yaml:2:12: `accounts`: `a;b` is not a name"),
    ("plan kind.yaml", 6, "kind.yaml:2:17: `groups.crew`: not an account or a group: `workgroup:color`"),
    ("apply alone.yaml --yes", 6, "alone.yaml:2:13: an endpoint of kind host has no node software"),
    // Unusable stores.
    ("--store nowhere.db account list", 7, "no store at `nowhere.db`"),
    ("--store text.db account list", 7, "is not a rolebook store"),
];

#[test]
fn every_kind_of_refusal_has_its_status() {
    let tool = office();
    let before = tool.revision();
    let mut wrong = Vec::new();
    for (command, status, part) in TABLE {
        let ran = tool.run(command);
        let is_told = ran.err.contains(part) && (status < 2 || ran.err.starts_with("rolebook: ") || command.is_empty());
        if ran.status != status || !is_told {
            wrong.push(format!("{command}: {status} wanted: {ran:?}"));
        }
        if status > 1 && !command.is_empty() {
            let json = tool.run(&format!("{command} -o json"));
            let object: Result<serde_json::Value, _> = serde_json::from_str(&json.err);
            if json.status != status || !object.is_ok_and(|it| it["error"]["code"].is_string()) {
                wrong.push(format!("{command} -o json: {json:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The log has the denied changes and nothing else.
    let log = tool.json(&format!("audit log --limit {}", tool.revision() - before));
    assert!(log.as_array().unwrap().iter().all(|entry| entry["denied"] == true), "{log}");
    let made: Vec<_> = std::fs::read_dir(tool.folder()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert!(!made.iter().any(|name| name.to_string_lossy().contains(':')), "{made:?}");
}

#[test]
fn a_store_is_the_path_of_a_file() {
    let mut tool = Tool::bare();
    tool.ok("--store ./a:b init");
    assert!(tool.folder().join("a:b").is_file());
    tool.ok(&format!("--store '{}/c:d.db' init", tool.folder().display()));
    std::fs::create_dir(tool.folder().join("folder")).unwrap();
    for store in ["folder", "folder/"] {
        let ran = tool.fails(7, &format!("--store {store} init"), "is not a rolebook store");
        assert!(ran.err.contains("try: name another file with --store"), "{ran:?}");
    }
    let config = tool.folder().join("home/.config/rolebook");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("config.yaml"), "output: json\nstore: postgres://u:secret@h/db\n").unwrap();
    let ran = tool.fails(6, "account list", "the configuration has a mistake");
    assert!(
        ran.err.contains("config.yaml:2:8: `store` begins with `postgres:`") && !ran.err.contains("secret"),
        "{ran:?}"
    );
    std::fs::remove_file(config.join("config.yaml")).unwrap();
    tool.set("ROLEBOOK_STORE", "sqlite://x");
    let ran = tool.fails(2, "init", "ROLEBOOK_STORE begins with `sqlite:`");
    assert!(ran.err.contains("why: ROLEBOOK_STORE takes the path of a file on this machine"), "{ran:?}");
}

/// For a recipient without a prefix that is a workgroup or a dropbox, the message shows the right reference.
#[test]
fn a_recipient_without_its_kind_gets_the_right_reference() {
    let tool = office();
    tool.ok("workgroup add-member color bob");
    tool.ok("workgroup set color --send members");
    for (to, tip) in [("color", "try: --to workgroup:color"), ("COLOR", "try: --to workgroup:color")] {
        let ran = tool.fails(4, &format!("package send --title x --to {to} --as bob"), "no such account");
        assert!(ran.err.contains(tip), "{ran:?}");
    }
    // The message does not suggest hidden resources.
    let ran = tool.fails(4, "package send --title x --to intake --as bob", "no such account");
    assert!(!ran.err.contains("dropbox:intake"), "{ran:?}");
    let ran = tool.fails(4, "package send --title x --to intake --as alice", "no such account");
    assert!(ran.err.contains("try: --to dropbox:intake"), "{ran:?}");
}

/// Parts of the messages of libraries for invalid input, compared without case.
const LIBRARIES: [&str; 24] = [
    "did not find expected",
    "while parsing a",
    "while scanning",
    "expected value at",
    "budget",
    "deserialize",
    "os error",
    "invalid digit",
    "found in string",
    "at line 1 column",
    "unclosed bracket",
    "misplaced bracket",
    "trailing characters",
    "key must be a string",
    "scalar",
    "eof while",
    "sqlite",
    "no such file or directory (",
    "invalid type:",
    "unknown variant",
    "missing field",
    "error:",
    "simple key",
    "for more information",
];

/// No message of a library reaches people, for any mistake.
#[test]
fn no_message_of_a_library_reaches_people() {
    let tool = office();
    let write = |name: &str, text: &str| std::fs::write(tool.folder().join(name), text).unwrap();
    for (number, text) in [
        "a: {",
        "a: [",
        "}",
        "\tx: 1",
        "a: \"\\q\"",
        "a: b: c",
        "a: @x",
        "a: *x",
        "a: &",
        "%FOO\n%YAML 9.9\n---\n",
        "a: 'x",
        "? [a]\n: b",
        "- a\nb: c",
        "a: !!binary x",
        "a: |9x\n",
        "{\"a\": nul}",
        "{a",
        "{\"a\" 1}",
        "[1 2]",
        "\"",
        "a:\n- b\n c",
        "version: 1\naccounts: !!int x",
        "{\"account\":{\"name\":7}}",
        "{\"account\":[1]}",
        "{\"account\":{\"name\":\"\\ud800\"}}",
        "!",
        "&a &b c",
        "a: >-\n\tx",
        "--- a\n--- b",
        "[",
        "{\"form\":1}",
        "# only\n",
        "a: 1e999999",
        "<<: x",
    ]
    .into_iter()
    .enumerate()
    {
        write(&format!("bad{number}"), text);
    }
    let mut commands: Vec<String> = (0..34)
        .flat_map(|number| {
            [
                format!("validate bad{number} --format yaml"),
                format!("validate bad{number} --format jsonl"),
                format!("perm test bad{number}"),
                format!("apply --plan bad{number}"),
                format!("import csv bad{number}"),
                format!("perm check --batch bad{number}"),
            ]
        })
        .collect();
    commands.extend(
        [
            "validate nowhere.yaml",
            "validate folder",
            "perm check --batch nowhere",
            "perm check --batch folder",
            "perm test folder",
            "plan right.yaml --out folder",
            "plan right.yaml --out nowhere/x",
            "man --folder text.db",
            "import csv folder",
            "apply --plan folder",
            "--store nowhere/x/y.db init",
            "--store text.db/x init",
            "--store folder status",
            "--store /dev/null status",
            "content add n:/b --type file --size many",
            "content add n:/b --type file --size 99999999999999999999",
            "audit show 1x",
            "account add x --dry-run=maybe",
            "account add x --",
            "dropbox submit intake --link nowhere --title x",
        ]
        .map(str::to_owned),
    );
    let mut wrong = Vec::new();
    for command in commands {
        let ran = tool.run(&command);
        let said = format!("{}{}", ran.out, ran.err).to_lowercase();
        let said: String = said
            .lines()
            .filter(|line| !line.trim_start().starts_with(|it: char| it.is_ascii_digit() || it == '|'))
            .collect();
        if let Some(part) = LIBRARIES.iter().find(|part| said.contains(**part)) {
            wrong.push(format!("{command}: `{part}`: {ran:?}"));
        }
    }
    let config = tool.folder().join("home/.config/rolebook");
    std::fs::create_dir_all(&config).unwrap();
    for text in ["a: {", "output: [", "smtp: 7", "- a", "output: jsno", "smtp: {port: x}"] {
        std::fs::write(config.join("config.yaml"), text).unwrap();
        let ran = tool.fails(6, "account list", "the configuration has");
        let said = ran.err.to_lowercase();
        if let Some(part) = LIBRARIES.iter().find(|part| said.contains(**part)) {
            wrong.push(format!("{text}: `{part}`: {ran:?}"));
        }
        assert!(ran.err.contains("config.yaml:1:"), "{ran:?}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
