//! Completion: the committed scripts, and what bash offers with them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Tool, assert_generated};

const SCRIPTS: [(&str, &str); 5] = [
    ("bash", "rolebook.bash"),
    ("zsh", "_rolebook"),
    ("fish", "rolebook.fish"),
    ("elvish", "rolebook.elv"),
    ("powershell", "rolebook.ps1"),
];

fn committed(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("completions").join(file)
}

#[test]
fn the_committed_scripts_are_those_of_the_program() {
    let tool = Tool::bare();
    for (shell, file) in SCRIPTS {
        let fresh = tool.ok(&format!("completions {shell}"));
        assert_generated(&format!("completions/{file}"), &fresh);
    }
    tool.fails(2, "completions csh", "csh");
}

/// What bash offers at the end of a line. `words` are the words as readline splits them: also at
/// `:`, `@` and `=`.
fn offered(tool: &Tool, line: &str, words: &[&str]) -> Vec<String> {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let script = format!(
        "source '{}'; COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}; COMP_WORDS=({}); COMP_CWORD={}; _rolebook; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        committed("rolebook.bash").display(),
        quoted.join(" "),
        words.len() - 1
    );
    let mut command = tool.shell("exec bash -c \"$SCRIPT\"");
    let output = command.env("SCRIPT", script).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    String::from_utf8(output.stdout).unwrap().lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn bash_offers_verbs_options_values_and_names() {
    let tool = Tool::studio();
    assert_eq!(offered(&tool, "rolebook acco", &["rolebook", "acco"]), ["account"]);
    assert!(offered(&tool, "rolebook account ", &["rolebook", "account", ""]).contains(&"set-role".to_owned()));
    assert_eq!(offered(&tool, "rolebook account show b", &["rolebook", "account", "show", "b"]), ["bob"]);
    assert_eq!(
        offered(
            &tool,
            "rolebook workgroup set color --send an",
            &["rolebook", "workgroup", "set", "color", "--send", "an"]
        ),
        ["anyone"]
    );
    assert_eq!(
        offered(&tool, "rolebook role show workgroup:a", &["rolebook", "role", "show", "workgroup", ":", "a"]),
        ["admin"]
    );
}

#[test]
fn bash_completes_words_that_it_splits_itself() {
    let tool = Tool::studio();
    let line = "rolebook group add-member editors group:ni";
    assert_eq!(
        offered(&tool, line, &["rolebook", "group", "add-member", "editors", "group", ":", "ni"]),
        ["night-shift"]
    );
    let line = "rolebook perm check bob send workgroup:";
    assert_eq!(
        offered(&tool, line, &["rolebook", "perm", "check", "bob", "send", "workgroup", ":"]),
        ["color", "dailies"]
    );
    let line = "rolebook perm check invitee:vendor@e";
    assert_eq!(
        offered(&tool, line, &["rolebook", "perm", "check", "invitee", ":", "vendor", "@", "e"]),
        ["example.com"]
    );
    let line = "rolebook account add x --send=de";
    assert_eq!(offered(&tool, line, &["rolebook", "account", "add", "x", "--send", "=", "de"]), ["deny", "default"]);
}

#[test]
fn only_names_that_the_actor_may_see_are_offered() {
    let mut tool = Tool::studio();
    let dropboxes = ["rolebook", "dropbox", "show", "in"];
    assert_eq!(offered(&tool, "rolebook dropbox show in", &dropboxes), ["intake"]);
    assert_eq!(
        offered(&tool, "rolebook --as bob dropbox show in", &["rolebook", "--as", "bob", "dropbox", "show", "in"]),
        Vec::<String>::new()
    );
    tool.set("ROLEBOOK_AS", "bob");
    assert_eq!(offered(&tool, "rolebook dropbox show in", &dropboxes), Vec::<String>::new());
}

#[test]
fn resources_in_an_organization_are_offered_to_those_who_may_see_them() {
    let mut tool = Tool::studio();
    let asked = |tool: &Tool, line: &str| offered(tool, line, &line.split(' ').collect::<Vec<_>>());
    assert_eq!(asked(&tool, "rolebook org show a"), ["acme"]);
    assert_eq!(asked(&tool, "rolebook workspace show a"), ["acme/prod", "acme/staging"]);
    assert_eq!(asked(&tool, "rolebook signing-key list acme/p"), ["acme/prod"]);
    assert_eq!(asked(&tool, "rolebook access-token show a"), ["access-token:60"]);
    assert_eq!(asked(&tool, "rolebook signing-key show s"), ["signing-key:61"]);
    assert_eq!(asked(&tool, "rolebook media show m"), ["media:58"]);
    assert_eq!(asked(&tool, "rolebook stream edit s"), ["stream:59"]);
    tool.set("ROLEBOOK_AS", "bob");
    assert_eq!(asked(&tool, "rolebook workspace show a"), ["acme/prod"]);
    assert_eq!(asked(&tool, "rolebook media show m"), ["media:58"]);
    for hidden in ["access-token show a", "signing-key show s", "perm check bob view access-"] {
        assert_eq!(asked(&tool, &format!("rolebook {hidden}")), Vec::<String>::new(), "{hidden}");
    }
}

#[test]
fn completion_never_makes_a_store_and_says_nothing_on_failure() {
    let tool = Tool::bare();
    assert_eq!(offered(&tool, "rolebook account show b", &["rolebook", "account", "show", "b"]), Vec::<String>::new());
    assert!(!tool.store().exists());
    let line = "rolebook --store other.db account show b";
    assert_eq!(
        offered(&tool, line, &["rolebook", "--store", "other.db", "account", "show", "b"]),
        Vec::<String>::new()
    );
}

/// If the shell is installed (CI installs zsh, fish and Elvish), its script loads without output. The script for
/// Elvish is tried on a terminal, because Elvish completes only there.
#[test]
fn other_shells_load_their_scripts() {
    let tool = Tool::studio();
    for (shell, line) in [("zsh", "autoload -U compinit && compinit -u -d \"$HOME/z\"; source"), ("fish", "source")] {
        if Command::new(shell).arg("--version").output().is_err() {
            assert!(std::env::var_os("CI").is_none(), "CI has {shell}");
            continue;
        }
        let file = SCRIPTS.iter().find(|(name, _)| *name == shell).unwrap().1;
        let ran = tool.sh(&format!("{shell} -c '{line} \"{}\"'", committed(file).display()));
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{ran:#?}");
    }
    let fish = tool.sh("fish -c 'source \"$0\"; complete -C \"rolebook account show b\"'");
    if fish.status == 0 && !fish.out.is_empty() {
        assert!(fish.out.starts_with("bob"), "{fish:#?}");
    }
}
