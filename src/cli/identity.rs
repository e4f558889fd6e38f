//! Determines who acts and on which store, in the same way for commands and for completion.
//!
//! A value that is given but cannot be used is an error and never ignored: an empty `--as` or a broken `ROLEBOOK_AS`
//! must not make anybody the operator, and an empty `--store` must not choose another store.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::config::{self, Config, store_file};
use crate::model::{Kind, Name, Problem, ProblemKind, Reference};
use crate::ops::Actor;
use crate::policy::Facts;
use crate::store::StoreFacts;

/// The path of the store, from the first of: the option, the environment, the configuration, the default.
///
/// # Errors
/// For an empty path, and if none is given and there is no home folder.
pub(super) fn store_path(option: Option<OsString>, config: &Config) -> Result<PathBuf, Problem> {
    if let Some(path) = option {
        return store_file(&path, "--store");
    }
    if let Some(path) = std::env::var_os("ROLEBOOK_STORE") {
        return store_file(&path, "ROLEBOOK_STORE");
    }
    let by_default =
        || config::folder("XDG_DATA_HOME", ".local/share").map(|folder| folder.join("rolebook").join("rolebook.db"));
    config.store.clone().or_else(by_default).ok_or_else(|| {
        Problem::new(ProblemKind::Store, "no_store", "no store is named and there is no home folder")
            .tip("name one with --store PATH")
    })
}

/// The account to act as, as it was typed; `None` for the operator.
///
/// # Errors
/// For a name that is empty or not UTF-8.
pub(super) fn actor_name(option: Option<&OsStr>) -> Result<Option<String>, Problem> {
    let (named, source) = match option {
        Some(name) => (name.to_owned(), "--as"),
        None => match std::env::var_os("ROLEBOOK_AS") {
            Some(name) => (name, "ROLEBOOK_AS"),
            None => return Ok(None),
        },
    };
    if named.is_empty() {
        return Err(Problem::usage("empty_value", format!("{source} is empty"))
            .why("an account that is named but empty is not the operator")
            .tip(format!("name an account, or leave {source} out to act as the operator")));
    }
    let read = named.into_string().map_err(|_| {
        Problem::usage("bad_name", "the account to act as is not written in UTF-8")
            .tip("name it with --as, or unset ROLEBOOK_AS to act as the operator")
    });
    read.map(Some)
}

/// The account to act as; the operator if `name` is `None`.
///
/// # Errors
/// For a text that is not the name of an account, and for an account that does not exist.
pub(super) fn actor(name: Option<&str>, facts: &StoreFacts<'_>) -> Result<Actor, Problem> {
    let Some(text) = name else { return Ok(Actor::Operator) };
    let reference = Reference::parse(text, Kind::Account)?;
    let name = match &reference {
        Reference::Named(Kind::Account, name) => name.clone(),
        Reference::Id(id) => Name::of_id(id),
        other => return Err(other.wrong_kind("an account to act as")),
    };
    let account = facts
        .named(Kind::Account, None, name.key())?
        .ok_or_else(|| Problem::not_found("account", name.as_written()))?;
    Ok(Actor::Principal(account.id))
}
