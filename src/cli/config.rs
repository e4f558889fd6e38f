//! The configuration file, `$XDG_CONFIG_HOME/rolebook/config.yaml`. It is optional and read only when needed.
//!
//! It is read as manifests are: a table holds its schema, and every mistake is reported with its position.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::input::document::{Diagnostic, Entry, Node, WithSpan, get, parse_tree, text_of};
use crate::input::library_errors;
use crate::manifest::audit_policy::{AuditPolicy, CONFLICTS_FIELD, FINDINGS_FIELD};
use crate::manifest::shape::{Object, Shape, field};
use crate::manifest::text_format::TextFormat;
use crate::manifest::validate;
use crate::model::escape::printable;
use crate::model::{Problem, ProblemKind};
use crate::render::Format;

const TEXT: Shape = Shape::Text(TextFormat::FreeText);

/// The schema of the file.
static CONFIG: Object = Object {
    name: "config",
    fields: &[
        field("store", TEXT, "The store to use if none is named"),
        field("output", Shape::Enum(&Format::WORDS), "How to write answers by default"),
        field("color", Shape::Enum(&WHEN), "When to use colour by default"),
        field("smtp", Shape::Object(&SMTP), "The server that mails invitations"),
        FINDINGS_FIELD,
        CONFLICTS_FIELD,
    ],
};

/// The values of `color`.
const WHEN: [&str; 3] = ["auto", "always", "never"];

static SMTP: Object = Object {
    name: "smtp",
    fields: &[
        field("host", TEXT, "Its name"),
        field("port", Shape::Number, "Its port"),
        field("tls", Shape::Enum(&["starttls", "wrapped", "none"]), "How the connection is protected"),
        field("from", TEXT, "The address that mail comes from"),
        field("user", TEXT, "The user to log in as; needs `password-file`"),
        field("password-file", TEXT, "The file that holds the password, and nothing else"),
        field("ca-file", TEXT, "A file with certificates to trust, in PEM"),
        field("timeout", Shape::Number, "How many seconds to wait for the server"),
    ],
};

/// The content of the file.
#[derive(Debug, Default, Clone)]
pub(super) struct Config {
    /// The store to use if none is named.
    pub(super) store: Option<PathBuf>,
    /// How to write answers by default.
    pub(super) output: Option<String>,
    /// When to use colour by default.
    pub(super) color: Option<String>,
    /// The server that mails invitations.
    pub(super) smtp: Option<Smtp>,
    /// What audits look for.
    pub(super) policy: AuditPolicy,
}

/// A mail server.
#[derive(Debug, Clone)]
pub(super) struct Smtp {
    /// The name of the server.
    pub(super) host: String,
    /// The port; the default is 465 for `tls: wrapped`, 587 for `starttls`, 25 for `none`.
    pub(super) port: Option<u16>,
    /// How the connection is protected.
    pub(super) tls: Tls,
    /// The address that mail comes from.
    pub(super) from: String,
    /// The user to log in as; needs `password-file`.
    pub(super) user: Option<String>,
    /// The file that holds the password, and nothing else.
    pub(super) password_file: Option<PathBuf>,
    /// A PEM file with certificates to trust besides the system's.
    pub(super) ca_file: Option<PathBuf>,
    /// How many seconds delivering one message may take in all.
    pub(super) timeout: Option<u64>,
}

/// How the connection to a mail server is protected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Tls {
    /// Unencrypted at first, then upgraded; no mail is sent if the server cannot upgrade. An eavesdropper sees the name
    /// of the server and can prevent delivery, but learns nothing else.
    #[default]
    Starttls,
    /// Encrypted from the first byte.
    Wrapped,
    /// Not encrypted.
    None,
}

impl Config {
    /// Reads the file; returns the defaults if it does not exist.
    pub(super) fn read() -> Result<Config, Problem> {
        let Some(path) = folder("XDG_CONFIG_HOME", ".config").map(|folder| folder.join("rolebook").join("config.yaml"))
        else {
            return Ok(Config::default());
        };
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Config::default()),
            Err(error) => {
                let message = format!("`{}` cannot be read: {}", path.display(), library_errors::io(&error));
                return Err(Problem::new(ProblemKind::Input, "bad_config", message).tip("see FILES in rolebook(1)"));
            }
        };
        let read = text_of(&bytes).map_err(|diagnostic| vec![diagnostic]).and_then(Config::parse);
        let mut config = read.map_err(|diagnostics| bad(&path, &diagnostics))?;
        config.anchor(path.parent().unwrap_or(Path::new("")));
        Ok(config)
    }

    /// Whether answers and errors are JSON by default.
    pub(super) fn is_json(&self) -> bool {
        self.output.as_deref().and_then(Format::from_word).is_some_and(Format::is_json)
    }

    /// Parses a text; an empty one gives the defaults.
    fn parse(text: &str) -> Result<Config, Vec<Diagnostic>> {
        let (root, mut wrong) = parse_tree(text);
        let Some(root) = root else { return Err(wrong) };
        if matches!(root.value, Node::Null) {
            return Ok(Config::default());
        }
        wrong.extend(validate(&CONFIG, &root));
        let Node::Mapping(entries) = &root.value else { return Err(wrong) };
        let config = Config {
            store: path(entries, "store"),
            output: text_at(entries, "output"),
            color: text_at(entries, "color"),
            smtp: get(entries, "smtp").and_then(|section| Smtp::of(section, &mut wrong)),
            policy: AuditPolicy::of(entries, &mut wrong),
        };
        if let Some(found) = get(entries, "store")
            && let Some(path) = &config.store
            && let Err(problem) = store_file(path.as_os_str(), "`store`")
        {
            wrong.push(Diagnostic::from_problem(found.span, problem));
        }
        wrong.sort_by_key(|diagnostic| (diagnostic.span.line, diagnostic.span.column));
        if wrong.is_empty() { Ok(config) } else { Err(wrong) }
    }

    /// Makes relative paths in the file relative to its folder and not to the current directory.
    fn anchor(&mut self, folder: &Path) {
        let smtp = self.smtp.as_mut().map(|smtp| [&mut smtp.password_file, &mut smtp.ca_file]);
        for file in smtp.into_iter().flatten().chain([&mut self.store]).filter_map(Option::as_mut) {
            *file = folder.join(&*file);
        }
    }
}

impl Smtp {
    fn of(section: &WithSpan<Node>, wrong: &mut Vec<Diagnostic>) -> Option<Smtp> {
        let Node::Mapping(entries) = &section.value else { return None };
        let mut needed = |name: &str| {
            let found = text_at(entries, name).filter(|text| !text.is_empty());
            if found.is_none() && !matches!(get(entries, name), Some(it) if !matches!(it.value, Node::Text(_))) {
                let span = get(entries, name).map_or(section.span, |found| found.span);
                wrong.push(Diagnostic::at_span(span, format!("`smtp.{name}` is missing")));
            }
            found.unwrap_or_default()
        };
        let (host, from) = (needed("host"), needed("from"));
        let smtp = Smtp {
            host,
            from,
            port: number(entries, "port").and_then(|port| u16::try_from(port).ok()),
            tls: match text_at(entries, "tls").as_deref() {
                Some("wrapped") => Tls::Wrapped,
                Some("none") => Tls::None,
                _ => Tls::Starttls,
            },
            user: text_at(entries, "user"),
            password_file: path(entries, "password-file"),
            ca_file: path(entries, "ca-file"),
            timeout: number(entries, "timeout"),
        };
        let mut refuse = |is_wrong: bool, key: &str, message: &str| {
            if is_wrong && let Some(found) = get(entries, key) {
                wrong.push(Diagnostic::at_span(found.span, message));
            }
        };
        refuse(
            number(entries, "port").is_some() && smtp.port.is_none_or(|port| port == 0),
            "port",
            "a port is a number from 1 to 65535",
        );
        refuse(smtp.timeout == Some(0), "timeout", "`timeout` is a second or more");
        refuse(smtp.password_file.is_none(), "user", "`user` and `password-file` go together");
        refuse(smtp.user.is_none(), "password-file", "`user` and `password-file` go together");
        Some(smtp)
    }
}

fn text_at(entries: &[Entry], name: &str) -> Option<String> {
    match &get(entries, name)?.value {
        Node::Text(text) => Some(text.to_string()),
        _ => None,
    }
}

fn path(entries: &[Entry], name: &str) -> Option<PathBuf> {
    text_at(entries, name).map(PathBuf::from)
}

fn number(entries: &[Entry], name: &str) -> Option<u64> {
    match &get(entries, name)?.value {
        Node::Number(text) => text.parse().ok(),
        _ => None,
    }
}

/// The problem that reports every mistake in the file with its position. The lines are not shown: they may hold a
/// password.
fn bad(path: &Path, diagnostics: &[Diagnostic]) -> Problem {
    let name = path.display().to_string();
    let message = match diagnostics {
        [_] => "the configuration has a mistake".to_owned(),
        more => format!("the configuration has {} mistakes", more.len()),
    };
    let shown = diagnostics.iter().map(|diagnostic| diagnostic.render(&name, "")).collect();
    Problem::new(ProblemKind::Input, "bad_config", message).with_blocks(shown).tip("see FILES in rolebook(1)")
}

/// Parses the path of a store. A text that begins with a word and a colon is an address, which SQLite would take for a
/// file name. It may hold a password, so the message repeats the word alone.
pub(super) fn store_file(path: &OsStr, named_by: &str) -> Result<PathBuf, Problem> {
    let text = path.to_string_lossy();
    let refused = |message: String| {
        Problem::usage("bad_store", message).why(format!("{named_by} takes the path of a file on this machine"))
    };
    if text.is_empty() {
        return Err(refused(format!("{named_by} is empty")).tip(format!("{named_by} ./rolebook.db")));
    }
    match text.split_once(':') {
        Some((word, _)) if !word.contains('/') => {
            let word = printable(word);
            Err(refused(format!("{named_by} begins with `{word}:`, which is not supported"))
                .tip("for a file of that name, write `./` in front"))
        }
        _ => Ok(PathBuf::from(path)),
    }
}

/// A base directory of the XDG specification, which says to ignore relative values.
pub(super) fn folder(variable: &str, below_home: &str) -> Option<PathBuf> {
    let set = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    set.or_else(|| {
        std::env::var_os("HOME").map(PathBuf::from).filter(|path| path.is_absolute()).map(|home| home.join(below_home))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        let shown = |it: &Diagnostic| format!("{}:{} {} {:?}", it.span.line, it.span.column, it.message, it.tips);
        Config::parse(text).unwrap_err().iter().map(shown).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn every_key_is_read() {
        let smtp = |rest: &str| format!("smtp: {{host: h, from: f, {rest}}}");
        let plain = format!("{:?}", Config::parse(&smtp("")).unwrap());
        for field in SMTP.fields {
            let value = match field.shape {
                Shape::Number => "7",
                Shape::Enum(words) => words[1],
                _ => "x",
            };
            let both = match field.name {
                "user" => "user: x, password-file: y".to_owned(),
                "password-file" => "user: z, password-file: x".to_owned(),
                // These are in every text of this test.
                "host" | "from" => continue,
                name => format!("{name}: {value}"),
            };
            let read = format!("{:?}", Config::parse(&smtp(&both)).unwrap());
            assert!(read != plain && (read.contains(value) || read.contains("Wrapped")), "{read}");
        }
        for (text, expected) in [
            ("store: a/b", "a/b"),
            ("output: json", "json"),
            ("color: never", "never"),
            ("findings: {root-share: off}", "off: {RootShare}"),
            ("conflicts: [{name: c, each-of: [{role: server:admin}, {role: server:manager}]}]", "ServerManager"),
        ] {
            assert!(format!("{:?}", Config::parse(text).unwrap()).contains(expected), "{text}");
        }
        assert!(Config::parse("").unwrap().store.is_none());
    }

    #[test]
    fn every_mistake_has_its_position() {
        for (text, expected) in [
            ("stoer: x", "1:1 unknown key `stoer` [\"did you mean `store`?\"]"),
            ("output: jsno", "1:9 `output`: invalid value `jsno` [\"did you mean `json`?\"]"),
            ("color: never\ncolor: auto", "2:1 duplicate key `color`, first in line 1"),
            ("[x]", "1:1 expected a mapping, found a list"),
            ("store: https://x", "1:8 `store` begins with `https:`"),
            ("smtp: {host: h}", "1:7 `smtp.from` is missing"),
            ("smtp: {host: h, from: f, port: 70000}", "1:32 a port is a number from 1 to 65535"),
            ("smtp: {host: h, from: f, port: no}", "1:32 `smtp.port`: expected a whole number"),
            ("smtp: {host: h, from: f, timeout: 0}", "`timeout` is a second or more"),
            ("smtp: {host: h, from: f, user: u}", "1:32 `user` and `password-file` go together"),
            ("findings: {root-share: 3d}", "1:24 `root-share` is not about age"),
            ("a: {", "1:4 the `{` is never closed"),
        ] {
            assert!(wrong(text).contains(expected), "{text}: {}", wrong(text));
        }
    }
}
