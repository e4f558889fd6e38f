//! The program under test, in an empty folder with an empty home.

mod fixture;
mod kill;
pub(crate) mod smtp;
mod tls;
pub(crate) mod web;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

pub(crate) use fixture::Fixture;
pub(crate) use kill::Killer;
use rolebook::model::Time;
use serde_json::Value;
use tempfile::TempDir;

/// The release or debug binary that cargo built for this test run.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_rolebook");

/// How long a test waits for what must happen. No machine is this slow, so only an endless loop or a lost event
/// reaches it: a test waits for events, and asserts nothing about time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);

/// A new folder, in memory if there is a file system for that. Each change of a store waits for the disk several
/// times, and no test asks what is on the disk. `TMPDIR` chooses another place.
pub(crate) fn temp_folder() -> TempDir {
    static PARENT: OnceLock<PathBuf> = OnceLock::new();
    TempDir::new_in(PARENT.get_or_init(|| {
        let (memory, enough) = (Path::new("/dev/shm"), 1 << 20);
        let is_free = std::env::var_os("TMPDIR").is_none() && free_kilobytes(memory).is_some_and(|it| it > enough);
        if is_free { memory.to_owned() } else { std::env::temp_dir() }
    }))
    .unwrap()
}

/// The free space of the file system of a folder; `None` if there is no such folder.
fn free_kilobytes(folder: &Path) -> Option<u64> {
    let output = Command::new("df").arg("-Pk").arg(folder).output().ok().filter(|it| it.status.success())?;
    String::from_utf8(output.stdout).ok()?.lines().last()?.split_whitespace().nth(3)?.parse().ok()
}

/// Runs `rolebook` in this process, which costs a fraction of a process of its own. The words name every file by its
/// whole path, and the test asks nothing of how wide a table is.
pub(crate) fn run_here<W: Into<OsString>>(store: &Path, words: impl IntoIterator<Item = W>) -> CommandOutput {
    let mut words: Vec<OsString> =
        std::iter::once("rolebook".into()).chain(words.into_iter().map(Into::into)).collect();
    // The noun stays first, because that makes parsing faster.
    words.splice(2..2, ["--color".into(), "never".into(), "--store".into(), store.into()]);
    let line = words.join(" ".as_ref()).to_string_lossy().into_owned();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let status = if is_own_environment() {
        rolebook::cli::run(words, &mut out, &mut err)
    } else {
        let output = assert_cmd::Command::new(PROGRAM).args(&words[1..]).env_clear().output().unwrap();
        (out, err) = (output.stdout, output.stderr);
        u8::try_from(output.status.code().unwrap()).unwrap()
    };
    let [out, err] = [out, err].map(|bytes| String::from_utf8(bytes).unwrap());
    CommandOutput { status: status.into(), out, err, line }
}

/// Whether nothing in the environment of this process changes what `rolebook` answers in it: a variable of its own, or
/// the configuration of whoever runs the tests.
fn is_own_environment() -> bool {
    static IS_OWN: OnceLock<bool> = OnceLock::new();
    *IS_OWN.get_or_init(|| {
        let folders = ["XDG_CONFIG_HOME", "HOME"].into_iter().filter_map(std::env::var_os).map(PathBuf::from);
        let mut files = folders.flat_map(|it| ["rolebook", ".config/rolebook"].map(|name| it.join(name)));
        !std::env::vars_os().any(|(name, _)| name.to_string_lossy().starts_with("ROLEBOOK_"))
            && !files.any(|it| it.join("config.yaml").exists())
    })
}

/// A folder, a home and a store of its own. Commands are run by `sh`, as a script would.
pub(crate) struct Tool {
    folder: TempDir,
    variables: Vec<(String, String)>,
    /// The time that commands use as the present, once a test has set it.
    clock: Mutex<Option<Time>>,
}

/// The result of a command.
#[derive(Debug, Clone)]
pub(crate) struct CommandOutput {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
    /// The command line, for messages of assertions.
    pub(crate) line: String,
}

impl CommandOutput {
    fn of(line: String, output: std::process::Output) -> CommandOutput {
        CommandOutput {
            status: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
            line,
        }
    }
}

/// The words of a line as a shell splits it, if that takes no more than blanks, quotes and backslashes; `None` if it takes a shell.
pub(crate) fn plain_words(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None::<char>);
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (Some('"'), '$' | '`' | '\\') => return None,
            (Some(_), _) => word.get_or_insert_default().push(letter),
            (None, ' ') => words.extend(word.take()),
            (None, '\\') => word.get_or_insert_default().push(letters.next().filter(|it| *it != '\n')?),
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, _) if letter.is_alphanumeric() || "-_=.,:/@+%".contains(letter) => {
                word.get_or_insert_default().push(letter);
            }
            _ => return None,
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

impl Tool {
    /// An empty folder; no store yet.
    pub(crate) fn bare() -> Tool {
        Tool { folder: temp_folder(), variables: Vec::new(), clock: Mutex::new(None) }
    }

    /// An empty store.
    pub(crate) fn new() -> Tool {
        static EMPTY: Fixture = Fixture::new();
        EMPTY.copy(|| {
            let tool = Tool::bare();
            tool.ok("init");
            tool
        })
    }

    /// A store with alice (admin), dana (manager), and bob, carol and eve (users).
    pub(crate) fn staffed() -> Tool {
        static STAFFED: Fixture = Fixture::new();
        STAFFED.copy(|| {
            let tool = Tool::new();
            tool.ok("account add alice --role admin --email alice@example.com");
            tool.ok("account add dana --role manager --email dana@example.com");
            for name in ["bob", "carol", "eve"] {
                tool.ok(&format!("account add {name} --email {name}@example.com"));
            }
            tool
        })
    }

    /// The folder in which commands run.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The file of the store.
    pub(crate) fn store(&self) -> PathBuf {
        self.folder().join("home/.local/share/rolebook/rolebook.db")
    }

    /// The files of the folder and the home, at any depth, that contain these bytes.
    pub(crate) fn files_with(&self, bytes: &[u8]) -> Vec<PathBuf> {
        let (mut folders, mut found) = (vec![self.folder().to_owned()], Vec::new());
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if std::fs::read(&path).unwrap().windows(bytes.len()).any(|it| it == bytes) {
                    found.push(path);
                }
            }
        }
        found
    }

    /// Sets a variable for every later command.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Sets the clock of every later command (debug builds only), as `2026-06-01T09:00:00Z`. The clock does
    /// not advance.
    pub(crate) fn set_clock(&self, time: &str) {
        *self.clock.lock().unwrap() = Some(Time::parse(time).unwrap());
    }

    /// Moves that clock forward, from its set time or from the present, instead of waiting.
    pub(crate) fn later(&self, seconds: u32) {
        let mut clock = self.clock.lock().unwrap();
        *clock = Some(Time(clock.unwrap_or_else(Time::now).0 + i64::from(seconds) * 1000));
    }

    /// The variables of every command, and no others.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let home = self.folder().join("home");
        std::fs::create_dir_all(&home).unwrap();
        let programs = Path::new(PROGRAM).parent().unwrap();
        let mut all = vec![
            ("HOME".to_owned(), home.display().to_string()),
            ("PATH".to_owned(), format!("{}:/usr/local/bin:/usr/bin:/bin", programs.display())),
            ("LC_ALL".to_owned(), "C.UTF-8".to_owned()),
        ];
        all.extend(self.variables.iter().cloned());
        all.extend(self.clock.lock().unwrap().map(|time| ("ROLEBOOK_TEST_NOW".to_owned(), time.to_string())));
        all
    }

    /// A shell command in the folder, with `rolebook` on the PATH and no other variable set.
    pub(crate) fn shell(&self, line: &str) -> Command {
        let mut command = Command::new("sh");
        command.arg("-c").arg(line).current_dir(self.folder()).env_clear().envs(self.environment());
        command.stdin(Stdio::null());
        command
    }

    /// Runs a line of the shell.
    #[must_use = "assert on the status"]
    pub(crate) fn sh(&self, line: &str) -> CommandOutput {
        CommandOutput::of(line.to_owned(), self.shell(line).output().unwrap())
    }

    /// Runs `rolebook` with these arguments, as the shell splits them.
    #[must_use = "assert on the status, or call ok()"]
    pub(crate) fn run(&self, arguments: &str) -> CommandOutput {
        let line = format!("rolebook {arguments}");
        let Some(words) = plain_words(arguments) else { return self.sh(&line) };
        let mut command = assert_cmd::Command::new(PROGRAM);
        command.args(words).current_dir(self.folder()).env_clear().envs(self.environment());
        CommandOutput::of(line, command.output().unwrap())
    }

    /// Runs a line as people type it: by a shell, if it is more than one command with its words.
    #[must_use = "assert on the status"]
    pub(crate) fn run_line(&self, line: &str) -> CommandOutput {
        match line.strip_prefix("rolebook ") {
            Some(arguments) => self.run(arguments),
            None => self.sh(line),
        }
    }

    /// Runs `rolebook` and asserts exit status 0; returns standard output.
    pub(crate) fn ok(&self, arguments: &str) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.status, 0, "{ran:#?}");
        ran.out
    }

    /// Runs `rolebook` with `-o json` and asserts exit status 0; returns the value.
    pub(crate) fn json(&self, arguments: &str) -> Value {
        let out = self.ok(&format!("{arguments} -o json"));
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments}: {error}: {out}"))
    }

    /// Runs `rolebook` and asserts this exit status, an empty standard output and a message that contains `text`.
    pub(crate) fn fails(&self, status: i32, arguments: &str, text: &str) -> CommandOutput {
        let ran = self.run(arguments);
        assert_eq!(ran.status, status, "{ran:#?}");
        assert_eq!(ran.out, "", "{ran:#?}");
        assert!(ran.err.starts_with("rolebook: ") && ran.err.contains(text), "{ran:#?}");
        ran
    }

    /// Runs `rolebook` on the store in this process, as [`run_here`] says; with the variables of this tool, or its
    /// clock, in a process.
    #[must_use = "assert on the status"]
    pub(crate) fn run_here(&self, words: &[&str]) -> CommandOutput {
        if self.variables.is_empty() && self.clock.lock().unwrap().is_none() {
            return run_here(&self.store(), words);
        }
        let quoted = words.iter().map(|word| format!("'{}'", word.replace('\'', "'\\''"))).collect::<Vec<_>>();
        self.run(&quoted.join(" "))
    }

    /// Runs a line in this process, as [`run_here`] says, and asserts exit status 0; returns standard output.
    pub(crate) fn ok_here(&self, line: &str) -> String {
        let words = plain_words(line).unwrap();
        let ran = self.run_here(&words.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(ran.status, 0, "{ran:#?}");
        ran.out
    }

    /// The number of the last revision.
    pub(crate) fn revision(&self) -> u64 {
        let ran = self.run_here(&["status", "-o", "json"]);
        assert_eq!(ran.status, 0, "{ran:#?}");
        serde_json::from_str::<Value>(&ran.out).unwrap()["revision"].as_u64().unwrap()
    }

    /// Writes a file into the folder in which commands run.
    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder().join(name), text).unwrap();
    }

    /// The answer of `perm check`.
    pub(crate) fn may(&self, principal: &str, action: &str, resource: &str) -> bool {
        let ran = self.run_here(&["perm", "check", principal, action, resource]);
        assert!(ran.status < 2, "{ran:#?}");
        ran.status == 0
    }

    /// The store that `examples/studio.sh` makes. A dropbox's private link is in `link.txt`, a pending
    /// invitation in `invitation.txt`, an access token in `token.txt`.
    pub(crate) fn studio() -> Tool {
        static STUDIO: Fixture = Fixture::new();
        STUDIO.copy(|| {
            let tool = Tool::bare();
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/studio.sh");
            let store = tool.store().display().to_string();
            let ran = tool.sh(&format!("ROLEBOOK_STORE='{store}' sh '{}'", script.display()));
            assert_eq!(ran.status, 0, "{ran:#?}");
            tool
        })
    }
}

/// Asserts that a generated file is up to date. With `BLESS` set, writes the file instead.
pub(crate) fn assert_generated(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "{file} is stale: run `cargo xtask regenerate`");
}
