//! The command lines that the test tries, made from the command tree. A command with an argument that is
//! not known here fails the test.

use std::collections::HashSet;

use clap::Command;

use super::world::{World, split};

/// A command line to try.
pub(super) struct Line {
    /// The command, without its arguments.
    pub(super) command: String,
    pub(super) words: Vec<String>,
    /// Whether the command changes something. Then it is tried as a dry run, and on a copy of the store.
    pub(super) writes: bool,
}

/// The values to try for a positional argument; `SELF` is the reader.
fn values(world: &World, command: &str, name: &str, last: u64) -> Vec<String> {
    let noun = command.split(' ').next().unwrap();
    let known: &[&str] = match (noun, name) {
        ("account", "NAME") if command == "account add" => &["newbie", "pat"],
        ("account", "NAME") => &["SELF", "mel"],
        ("group", "NAME") => &["team"],
        ("workgroup", "NAME") => &["color", "open"],
        ("dropbox", "NAME" | "DROPBOX") => &["intake"],
        ("endpoint", "NAME") => &["pub", "opener", "depot"],
        ("org", "NAME" | "ORG") | ("workspace", "ORG") => &["acme"],
        ("media" | "stream", "NAME") => &["clip"],
        ("account", "ROLE") => &["manager"],
        ("endpoint", "ROLE") => &["administrator", "activity-monitor"],
        ("org", "ROLE") | ("role", "ROLE") => &["admin"],
        (_, "WHO") => &["pat", "dora"],
        ("workspace", "USER") => &["mia", "nina"],
        (_, "USER") => &["mia", "SELF"],
        (_, "ADDRESS" | "ADDRESS|INVITATION") => &["vendor@example.com", "pat@example.com"],
        (_, "ITEM") => &["pub:/docs", "opener:/", "zqbucket:/open", "zqfiles:/acme-prod/mia"],
        (_, "FOLDER") => &["pub:/docs/sub"],
        (_, "ORG/NAME") => &["acme/prod"],
        (_, "ORG[/NAME]") => &["acme", "acme/prod"],
        (_, "WORKSPACE") => &["prod"],
        (_, "NEW-NAME") => &["other"],
        (_, "ON|OFF") => &["on", "off"],
        (_, "SHELL") => &["fish"],
        (_, "PAGE") => &["rolebook"],
        (_, "PRINCIPAL") => &["SELF", "pat"],
        ("audit", "ID") => &["single-administrator", "dormant-grant"],
        ("audit", "NAME") if command == "audit review start" => &["mine"],
        ("audit", "NAME") => &["zqreview", "other"],
        ("audit", "FILE") => return vec![world.file("decisions.csv")],
        ("audit", "RESOURCE") => &["server", "endpoint:pub", "zqbucket:/open", "user:pat"],
        (_, "ACTION") | (_, "RESOURCE") => &[],
        (_, "PACKAGE") => return vec![world.number("letter"), world.number("package")],
        (_, "KEY") => return vec![world.number("key")],
        (_, "TOKEN") => return vec![world.number("token")],
        ("media", "ID") => return vec![world.number("media")],
        ("stream", "ID") => return vec![world.number("stream")],
        // A third of the revisions, and the last ones.
        (_, "REV") => {
            let some = (1..=last).filter(|number| number % 3 == 0 || number + 8 > last);
            return some.map(|number| number.to_string()).collect();
        }
        ("perm", "FILE") => return vec![world.file("tests.yaml")],
        ("import", "FILE") => return vec![world.file("people.csv")],
        (_, "FILE") => return vec![world.file("manifest.yaml")],
        // It reads a platform and no store.
        ("fetch", "PLATFORM[@INSTANCE]") => &[],
        _ => panic!("`{command}` has an argument {name} that tests/disclosure/commands.rs does not know"),
    };
    known.iter().map(|text| (*text).to_owned()).collect()
}

/// The sets of options to try, each as one line.
fn options(world: &World, command: &str) -> Vec<String> {
    let secret = world.file("secret.txt");
    let (requests, key, new_key) = (world.file("requests.txt"), world.file("log.key"), world.file("new.key"));
    let known: &[&str] = match command {
        "account add" => &["", "--email pat@example.com", "--workgroup color"],
        "account edit" | "account set" => &["--display-name other", "--email zoe@example.com", "--send-external allow"],
        "account remove" => &["", "--destroy", "--destroy --transfer-to pat"],
        "group set" => &["--visible everyone"],
        "workgroup set" => &["--send anyone", "--member-access all"],
        "dropbox set" => &["--members-invite"],
        "dropbox submit" => &["--title t", "--title t --link SECRET"],
        "dropbox claim" => &["--link SECRET"],
        "package send" => &[
            "--title t --to pat",
            "--title t --to workgroup:open --to workgroup:color --to dropbox:intake",
            "--title t --to external:pat@example.com",
        ],
        "package forward" => &["--to pat"],
        "endpoint add" => &["--kind node", "--kind share --of pub:/docs --administrator pat"],
        "endpoint set" => &["--private", "--managed=false"],
        "endpoint roles" => &["", "--of me", "--of pat"],
        "group members" | "workgroup members" | "dropbox members" => &["", "--expand"],
        "content set" => &["--owner pat"],
        "content add" => &["", "--owner pat"],
        "content upload" => &["", "--type folder --file a:1"],
        "share grant" => &["--permission view", "--permission browse,download --admin"],
        "share set" => &["--permission preview", "--permission preview --cascade"],
        "share revoke" => &["", "--cascade"],
        "share list" => &["", "--all", "--here"],
        "server set" => &["--public-links deny"],
        "org add" => &["", "--admin pat"],
        "org set" => &["--description d"],
        "org invite" => &["--role member --workspace prod"],
        "org accept" | "access-token verify" => &["--secret SECRET"],
        "org leave" => &["", "--promote mia"],
        "workspace set" => &["--description d", "--files pub:/docs"],
        "access-token create" => &["--mode read"],
        "media edit" | "stream edit" => &["--title t"],
        "perm check" => &["", "--batch REQUESTS"],
        "perm explain" => &["", "--graph dot", "--graph svg"],
        "perm who" | "perm list" => &["", "--expand --proof"],
        "perm matrix" => &["", "--expand"],
        "perm diff" => &["--from 0", "--from 20", "--from 0 --columns principal,resource,gained,lost"],
        "perm test" => &["", "--mutate"],
        "plan" => &["", "--prune --access"],
        "apply" => &["--yes", "--prune --max-removals 99"],
        "export" => &["", "--format jsonl"],
        "audit findings" => &["", "--accepted", "--catalogue", "-o sarif"],
        "audit accept" => &["--reason r", "--reason r --principal pat"],
        "audit report" => &["", "--since 1 -o json", "--principal pat -o markdown", "-o html", "-o csv"],
        "audit review start" => &["--all", "--of pub:/docs --principal pat --reviewer mel"],
        "audit review export" => &["", "-o csv", "-o html"],
        "audit key" => &["--out NEWKEY", "--out NEWKEY --name example.com/new"],
        "audit checkpoint" | "audit receipt" => &["--key LOGKEY"],
        "audit log" => &[
            "",
            "--denied",
            "--changed --command grant",
            "--on endpoint:pub",
            "--touching endpoint:pub --since 2020-01-01",
            "--actor operator",
        ],
        "import csv" => &["", "--workgroup color"],
        _ => &[""],
    };
    let files = [("SECRET", &secret), ("REQUESTS", &requests), ("LOGKEY", &key), ("NEWKEY", &new_key)];
    let placed = |text: &&str| files.iter().fold((*text).to_owned(), |text, (word, file)| text.replace(word, file));
    known.iter().map(placed).collect()
}

/// The questions of `perm`: principal, action, resource.
const QUESTIONS: &[(&str, &str, &str)] = &[
    ("SELF", "download", "pub:/docs"),
    ("SELF", "share=browse,download", "pub:/docs"),
    ("SELF", "delete", "pub:/docs"),
    ("SELF", "edit", "endpoint:pub"),
    ("SELF", "see", "endpoint:opener"),
    ("SELF", "view-packages", "workgroup:color"),
    ("SELF", "view-members", "workgroup:open"),
    ("SELF", "invite", "dropbox:intake"),
    ("SELF", "configure", "server"),
    ("SELF", "view", "org:acme"),
    ("SELF", "upload-to-root", "workspace:acme/prod"),
    ("SELF", "view", "group:team"),
    ("SELF", "send-to", "user:mel"),
    ("SELF", "browse", "zqbucket:/open"),
    ("SELF", "upload", "zqbucket:/open"),
    ("SELF", "manage-permissions", "endpoint:zqbucket"),
    ("SELF", "share=browse,download", "zqnode:/x"),
    ("SELF", "share=view", "opener:/"),
    ("pat", "download", "pub:/docs"),
    ("anyone", "download", "pub:/docs"),
];

/// Every line to try.
pub(super) fn lines(world: &World) -> Vec<Line> {
    let mut root = rolebook::cli::command();
    root.build();
    let (mut found, mut known) = (Vec::new(), HashSet::new());
    each(&root, "", &mut |name, command| {
        // These read no store: `init` and `man` write files, the others get no store.
        if ["init", "completions", "man", "schema", "role list"].contains(&name) {
            return;
        }
        let writes = command.get_arguments().any(|it| it.get_long() == Some("dry-run"));
        for options in options(world, name) {
            for positionals in positionals(world, name, command, &options) {
                let mut words = split(name);
                words.extend(positionals);
                words.extend(split(&options));
                // Some commands only take a resource, and several questions are about the same one.
                if known.insert(words.clone()) {
                    found.push(Line { command: name.to_owned(), words, writes });
                }
            }
        }
    });
    found
}

fn each(command: &Command, name: &str, visit: &mut dyn FnMut(&str, &Command)) {
    let mut is_leaf = true;
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
        is_leaf = false;
        each(verb, format!("{name} {}", verb.get_name()).trim(), visit);
    }
    if is_leaf {
        visit(name, command);
    }
}

fn positionals(world: &World, name: &str, command: &Command, options: &str) -> Vec<Vec<String>> {
    if options.contains("--batch") {
        return vec![Vec::new()];
    }
    // The position in a question of each word that the command takes.
    let places: &[usize] = match name {
        "perm check" | "perm explain" | "audit receipt" => &[0, 1, 2],
        "perm who" => &[1, 2],
        "perm matrix" => &[2],
        _ => &[],
    };
    if !places.is_empty() {
        let words = |(who, action, on): &(&str, &str, &str)| [who, action, on].map(|word| (*word).to_owned());
        return QUESTIONS.iter().map(words).map(|all| places.iter().map(|at| all[*at].clone()).collect()).collect();
    }
    let lists: Vec<Vec<String>> = command
        .get_positionals()
        .map(|it| values(world, name, it.get_value_names().map_or("", |names| names[0].as_str()), world.last))
        .collect();
    let most = lists.iter().map(Vec::len).max().unwrap_or(1);
    let mut found: Vec<Vec<String>> = (0..most)
        .map(|at| lists.iter().filter_map(|list| list.get(at % list.len().max(1)).cloned()).collect())
        .collect();
    // Optional arguments are left out once.
    if command.get_positionals().next().is_some_and(|it| !it.is_required_set()) {
        found.push(Vec::new());
    }
    found
}
