//! `audit log --follow`: new entries are written as they come, until Ctrl-C.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;

use crate::support::{PATIENCE, PROGRAM, Tool};

/// A log that is followed; its lines as they come.
struct Follower {
    child: Child,
    lines: Receiver<String>,
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a process ignores Ctrl-C because the tests do: a shell without job control starts what runs in the background
/// so, and a process inherits it.
fn ignores_interrupts(process: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).map(str::trim);
    ignored.and_then(|signals| u64::from_str_radix(signals, 16).ok()).is_some_and(|signals| signals & 2 != 0)
}

impl Follower {
    fn new(tool: &Tool, arguments: &str) -> Follower {
        let mut command = Command::new(PROGRAM);
        command.args(["audit", "log", "--follow"]).args(arguments.split_whitespace());
        command.current_dir(tool.folder()).env_clear().envs(tool.environment());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in out.lines() {
                let Ok(()) = sender.send(line.unwrap()) else { break };
            }
        });
        Follower { child, lines }
    }

    /// The next line, which must come.
    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).unwrap()
    }

    /// The number of the entry in the next line.
    fn revision(&self) -> u64 {
        serde_json::from_str::<Value>(&self.line()).unwrap()["revision"].as_u64().unwrap()
    }

    /// Ends it with Ctrl-C; asserts that nothing more was written.
    fn interrupt(mut self) {
        if ignores_interrupts(&self.child.id().to_string()) {
            return;
        }
        let sent = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        // A shell reports the end by this signal as 130.
        assert_eq!(self.child.wait().unwrap().signal(), Some(2));
        assert!(self.lines.recv_timeout(PATIENCE).is_err(), "the pipe is closed");
        let mut errors = String::new();
        std::io::Read::read_to_string(&mut self.child.stderr.take().unwrap(), &mut errors).unwrap();
        assert_eq!(errors, "");
    }
}

#[test]
fn new_entries_follow_the_list_in_order_and_ctrl_c_ends_it() {
    let tool = Tool::staffed();
    let follower = Follower::new(&tool, "-o jsonl");
    for number in 1..=5 {
        assert_eq!(follower.revision(), number);
    }
    tool.ok("group add crew --as alice");
    let entry: Value = serde_json::from_str(&follower.line()).unwrap();
    assert_eq!((&entry["revision"], &entry["actor"]), (&6.into(), &"user:alice".into()));
    assert_eq!(entry["changes"][0]["ref"], "group:crew");
    tool.ok("group add-member crew bob");
    tool.ok("group add-member crew carol");
    assert_eq!([follower.revision(), follower.revision()], [7, 8]);
    follower.interrupt();
}

#[test]
fn a_shell_reports_130_after_ctrl_c() {
    let tool = Tool::staffed();
    let line = r#"sh -c 'echo $$; exec rolebook audit log --follow -o jsonl --limit 1'; echo "status $?""#;
    let mut child = tool.shell(line).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut line = || lines.next().unwrap().unwrap();
    let id = line();
    assert!(line().contains("account add eve"));
    if ignores_interrupts(&id) {
        assert!(Command::new("kill").args(["-KILL", &id]).status().unwrap().success());
        return drop(child.wait());
    }
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    assert_eq!(line(), "status 130");
    assert!(child.wait().unwrap().success());
}

#[test]
fn filters_and_a_limit_apply_to_what_is_followed() {
    let tool = Tool::staffed();
    tool.ok("group add crew");
    tool.ok("group add-member crew bob");
    let last = tool.revision();
    let follower = Follower::new(&tool, "-o jsonl --limit 1 --touching group:crew --changed");
    assert_eq!(follower.revision(), last, "the last one");
    tool.ok("group add others");
    tool.fails(3, "group add-member crew eve --as eve", "may not");
    tool.ok("group add-member crew eve");
    tool.ok("group rename crew team");
    tool.ok("group remove-member team bob");
    assert_eq!([follower.revision(), follower.revision(), follower.revision()], [last + 3, last + 4, last + 5]);
    follower.interrupt();
}

#[test]
fn a_table_that_is_followed_has_one_header_and_keeps_its_columns() {
    let tool = Tool::staffed();
    let follower = Follower::new(&tool, "--columns revision,command --command group");
    assert_eq!(follower.line(), "REVISION  COMMAND");
    tool.ok("group add crew");
    assert_eq!(follower.line(), "6         group add crew");
    tool.ok("group add others");
    assert_eq!(follower.line(), "7         group add others");
    follower.interrupt();
}

/// Each look at the log is made with the rights of its time.
#[test]
fn a_reader_who_loses_the_right_is_shown_nothing_more() {
    let tool = Tool::staffed();
    tool.ok("account add frank --role admin");
    let mut follower = Follower::new(&tool, "-o jsonl --limit 1 --as frank");
    assert_eq!(follower.revision(), 6);
    tool.ok("account set-role frank user");
    assert_eq!(follower.child.wait().unwrap().code(), Some(3));
    assert!(follower.lines.recv_timeout(PATIENCE).is_err(), "not even the change that took the right");
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    let tool = Tool::staffed();
    let mut follower = Follower::new(&tool, "-o jsonl");
    follower.line();
    // The thread that reads ends, and with it the pipe.
    follower.lines = channel().1;
    // The thread notices that nobody listens at the next line, so the program does at the one after it.
    let status = loop {
        tool.ok("group add crew && rolebook group remove crew");
        if let Some(status) = follower.child.try_wait().unwrap() {
            break status;
        }
    };
    assert_eq!(status.code(), Some(141));
    let mut errors = String::new();
    std::io::Read::read_to_string(&mut follower.child.stderr.take().unwrap(), &mut errors).unwrap();
    assert_eq!(errors, "");
}

#[test]
fn what_has_an_end_cannot_be_followed() {
    let tool = Tool::staffed();
    for format in ["json", "yaml", "csv", "tsv"] {
        let ran = tool.run(&format!("audit log --follow -o {format}"));
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{ran:#?}");
        assert!(ran.err.contains("--follow writes a table or JSON Lines"), "{ran:#?}");
    }
    tool.fails(2, "audit log --follow --sort revision", "--follow cannot be used with --sort");
    tool.fails(2, "audit log --follow --after 3", "cannot be used with");
    tool.fails(2, "audit log --follow --at 3", "cannot be used with");
    tool.fails(2, "audit log --follow --columns nope", "no column `nope`");
    tool.fails(3, "audit log --follow --as bob", "may not view-log");
    tool.fails(4, "audit log --follow --on group:nope", "no such group");
}
