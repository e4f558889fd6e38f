//! `$XDG_CONFIG_HOME/rolebook/config.yaml`: read only when it is there and something of it is asked for.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::model::{Problem, ProblemKind};
use crate::render::Format;

/// What the file may say.
#[derive(Deserialize, Debug, Default, Clone)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Config {
    /// The store to use where none is named.
    pub(super) store: Option<PathBuf>,
    /// How to write answers where nothing is said.
    pub(super) output: Option<String>,
    /// When to use colour where nothing is said.
    pub(super) color: Option<String>,
    /// The server that mails invitations.
    pub(super) smtp: Option<Smtp>,
}

/// A mail server.
#[derive(Deserialize, Debug, Clone)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Smtp {
    /// Its name.
    pub(super) host: String,
    /// Its port; 465 for `tls: wrapped`, 587 for `starttls`, 25 for `none`.
    pub(super) port: Option<u16>,
    /// How the connection is protected.
    #[serde(default)]
    pub(super) tls: Tls,
    /// The address that mail comes from.
    pub(super) from: String,
    /// The user to log in as; needs `password-file`.
    pub(super) user: Option<String>,
    /// The file that holds the password, and nothing else.
    pub(super) password_file: Option<PathBuf>,
    /// A file with the certificates to trust, in PEM, besides the system's.
    pub(super) ca_file: Option<PathBuf>,
    /// How many seconds delivering one message may take in all.
    pub(super) timeout: Option<u64>,
}

/// How the connection to a mail server is protected.
#[derive(Deserialize, Debug, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Tls {
    /// In the clear first, then upgraded; refused if the server cannot. Somebody on the way sees the
    /// name of the server and can prevent delivery, and learns nothing else.
    #[default]
    Starttls,
    /// From the first byte.
    Wrapped,
    /// Not at all.
    None,
}

impl Config {
    /// Reads the file, if it is there.
    pub(super) fn read() -> Result<Config, Problem> {
        let Some(path) = folder("XDG_CONFIG_HOME", ".config").map(|folder| folder.join("rolebook").join("config.yaml"))
        else {
            return Ok(Config::default());
        };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Config::default()),
            Err(error) => return Err(bad(&path, &error.to_string())),
        };
        let mut config: Config = serde_saphyr::from_str(&text).map_err(|error| {
            bad(&path, error.to_string().lines().next().unwrap_or_default().trim_start_matches("error: "))
        })?;
        config.check(&path)?;
        config.anchor(path.parent().unwrap_or(Path::new("")));
        Ok(config)
    }

    /// Files named in the file are meant from where it is, wherever the program is called.
    fn anchor(&mut self, folder: &Path) {
        let smtp = self.smtp.as_mut().map(|smtp| [&mut smtp.password_file, &mut smtp.ca_file]);
        for file in smtp.into_iter().flatten().chain([&mut self.store]).filter_map(Option::as_mut) {
            *file = folder.join(&*file);
        }
    }

    fn check(&self, path: &Path) -> Result<(), Problem> {
        if let Some(word) = &self.output
            && Format::from_word(word).is_none()
        {
            return Err(bad(path, &format!("`{word}` is no output format")));
        }
        if let Some(word) = &self.color
            && !["auto", "always", "never"].contains(&word.as_str())
        {
            return Err(bad(path, &format!("`{word}` is no way to use colour")));
        }
        if let Some(smtp) = &self.smtp {
            if smtp.user.is_some() != smtp.password_file.is_some() {
                return Err(bad(path, "smtp: `user` and `password-file` go together"));
            }
            if smtp.timeout == Some(0) {
                return Err(bad(path, "smtp: `timeout` is a second or more"));
            }
        }
        Ok(())
    }
}

fn bad(path: &Path, what: &str) -> Problem {
    Problem::new(ProblemKind::Input, "bad_config", format!("{}: {what}", path.display()))
        .tip("see FILES in rolebook(1)")
}

/// A base folder of the XDG rules; relative values are to be ignored.
pub(super) fn folder(variable: &str, below_home: &str) -> Option<PathBuf> {
    let set = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    set.or_else(|| {
        std::env::var_os("HOME").map(PathBuf::from).filter(|path| path.is_absolute()).map(|home| home.join(below_home))
    })
}
