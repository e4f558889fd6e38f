//! Completion as people use it: a shell on a pseudo-terminal, the tab key, and names that a shell
//! would act on. The inserted text must be one word that means the name, and nothing must be run.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};

use pty_process::blocking::{Command, Pty};

use crate::support::{Fixture, PATIENCE, Tool};

/// Names of items, each with a different first letter. A path may contain any character but NUL.
const ITEMS: [&str; 12] = [
    "a0 with spaces  in it",
    "b1$(touch PWNED)",
    "c2`touch PWNED`",
    "d3 it's \"quoted\"",
    "e4\\back\\\\slash",
    "f5;touch PWNED&touch PWNED|touch PWNED",
    "g6*?[a-z]{b,c}~#!x",
    "h7\nline\n\nends",
    "i8\u{1b}[2J\u{200b}hidden",
    "j9 > PWNED < x",
    "k ${HOME} $HOME $((1+1))",
    "l=m:n@o,ü日",
];

/// A shell on a terminal of its own.
struct Terminal {
    pty: Pty,
    output: Receiver<Vec<u8>>,
    /// The output so far.
    shown: RefCell<Vec<u8>>,
    child: std::process::Child,
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Terminal {
    fn open(tool: &Tool, shell: &str, args: &[&str]) -> Option<Terminal> {
        if std::process::Command::new(shell).arg("--version").stdout(Stdio::null()).status().is_err() {
            assert!(std::env::var_os("CI").is_none(), "CI has {shell}");
            return None;
        }
        let (pty, pts) = pty_process::blocking::open().unwrap();
        pty.resize(pty_process::Size::new(50, 500)).unwrap();
        let command = Command::new(shell).args(args).current_dir(tool.folder()).env_clear();
        let command = command.envs(tool.environment()).env("TERM", "xterm");
        // Elvish keeps its history in a separate process, which ends with it.
        let child = command.env("XDG_RUNTIME_DIR", tool.folder()).spawn(pts).unwrap();
        let mut reader = std::fs::File::from(std::os::fd::AsFd::as_fd(&pty).try_clone_to_owned().unwrap());
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = reader.read(&mut bytes) {
                let _ = sender.send(bytes[..length].to_vec());
            }
        });
        Some(Terminal { pty, output, shown: RefCell::default(), child })
    }

    /// Types keys and waits until a text is shown.
    fn types(&self, keys: &str, until: &str) {
        (&self.pty).write_all(keys.as_bytes()).unwrap();
        while !self.shown().contains(until) {
            let more = self.output.recv_timeout(PATIENCE);
            self.shown
                .borrow_mut()
                .extend(more.unwrap_or_else(|_| panic!("{keys:?}: no {until:?} in {}", self.shown())));
        }
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.borrow()).into_owned()
    }
}

fn store() -> Tool {
    static MADE: Fixture = Fixture::new();
    MADE.copy(|| {
        let tool = Tool::staffed();
        tool.ok("endpoint add node1 --kind node --node-version 4.4.6 --administrator alice");
        tool.ok("endpoint add 'pw$(touch PWNED)' --kind s3 --administrator alice");
        tool.ok("endpoint add \"qu'ote\\\"\\`touch PWNED\\`\" --kind s3 --administrator alice");
        tool.ok("group add -- '--yes'");
        for item in ITEMS {
            tool.ok(&format!("content add --type file -- {}", quoted(&format!("node1:/{item}"))));
        }
        tool
    })
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Completes the typed text, runs the line and asserts that it named the right item.
fn completes(terminal: &Terminal, tool: &Tool, number: usize, typed: &str, shell: &Shell, reference: &str) {
    let (tab, sum) = (shell.tab, shell.sum.replace('N', &number.to_string()));
    let line = format!("rolebook {typed}{tab} -o json > answer.json; echo DONE{sum}\r");
    terminal.types(&line, &format!("DONE{}", number + 1));
    let text = std::fs::read_to_string(tool.folder().join("answer.json")).unwrap();
    let shown = terminal.shown();
    let answer: serde_json::Value =
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{typed}: {text:?}\n{shown}"));
    assert_eq!(answer["ref"], reference, "{typed}\n{shown}");
    assert!(!tool.folder().join("PWNED").exists(), "{typed} ran a command\n{shown}");
}

/// The keys and syntax of a shell.
struct Shell {
    /// The keys that complete the word.
    tab: &'static str,
    /// The expression for `N` plus one, so that the awaited text is not the typed one.
    sum: &'static str,
    /// Whether the shell completes a word with an open quote.
    with_quotes: bool,
}

fn all(terminal: &Terminal, tool: &Tool, shell: &Shell) {
    let mut number = 100;
    let mut next = |typed: &str, reference: &str| {
        number += 100;
        completes(terminal, tool, number, typed, shell, reference);
    };
    next("endpoint show pw", "endpoint:pw$(touch PWNED)");
    next("endpoint show qu", "endpoint:qu'ote\"`touch PWNED`");
    next("group show group:-", "group:--yes");
    for item in ITEMS {
        let beginning: String = item.chars().take(1).collect();
        next(&format!("content show node1:/{beginning}"), &format!("node1:/{item}"));
    }
    if shell.with_quotes {
        for quote in ["'", "\""] {
            next(&format!("endpoint show {quote}pw"), "endpoint:pw$(touch PWNED)");
            next(&format!("endpoint show {quote}qu"), "endpoint:qu'ote\"`touch PWNED`");
            next(&format!("content show {quote}node1:/d"), "node1:/d3 it's \"quoted\"");
            next(&format!("content show {quote}node1:/h"), "node1:/h7\nline\n\nends");
        }
    }
}

fn script(file: &str) -> String {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("completions").join(file).display().to_string()
}

#[test]
fn bash_inserts_names_that_mean_themselves_and_runs_nothing() {
    let tool = store();
    let Some(terminal) = Terminal::open(&tool, "bash", &["--norc", "--noprofile", "-i"]) else { return };
    terminal.types(&format!("source '{}'; echo READY$((1+1))\r", script("rolebook.bash")), "READY2");
    all(&terminal, &tool, &Shell { tab: "\t", sum: "$((N+1))", with_quotes: true });
}

#[test]
fn zsh_inserts_names_that_mean_themselves_and_runs_nothing() {
    let tool = store();
    let Some(terminal) = Terminal::open(&tool, "zsh", &["-f", "-i"]) else { return };
    let load = format!("autoload -U compinit; compinit -u -D; source '{}'", script("_rolebook"));
    terminal.types(&format!("{load}; echo READY$((1+1))\r"), "READY2");
    all(&terminal, &tool, &Shell { tab: "\t", sum: "$((N+1))", with_quotes: true });
}

#[test]
fn fish_inserts_names_that_mean_themselves_and_runs_nothing() {
    let tool = store();
    let Some(terminal) = Terminal::open(&tool, "fish", &["--no-config", "-i"]) else { return };
    terminal.types(&format!("source '{}'; echo READY(math 1+1)\r", script("rolebook.fish")), "READY2");
    all(&terminal, &tool, &Shell { tab: "\t", sum: "(math N+1)", with_quotes: false });
}

#[test]
fn elvish_inserts_names_that_mean_themselves_and_runs_nothing() {
    let tool = store();
    let Some(terminal) = Terminal::open(&tool, "elvish", &["-norc"]) else { return };
    // Otherwise Elvish shows candidates only if it cannot extend the typed text.
    let always = "set edit:insert:binding[Tab] = $edit:completion:start~";
    let load = format!("eval (slurp < '{}'); {always}; echo READY(+ 1 1)\r", script("rolebook.elv"));
    terminal.types(&load, "READY2");
    // The key after the tab accepts the shown candidate.
    all(&terminal, &tool, &Shell { tab: "\t\r", sum: "(+ N 1)", with_quotes: false });
}
