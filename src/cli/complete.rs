//! Completion: verbs and options from the parser, names out of the store.
//!
//! The scripts that shells load only call the program back, with `ROLEBOOK_COMPLETE` set to the
//! shell's name; so they never grow stale. Names are those that whoever acts may see. Nothing is
//! said on failure, and a store is never made.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::PathBuf;

use clap::builder::ArgExt;
use clap_complete::CompletionCandidate;
use clap_complete::engine::ArgValueCompleter;
use clap_complete::env::Shells;

use super::config::{self, Config};
use super::view::View;
use crate::model::action::verbs_of;
use crate::model::name::key;
use crate::model::{Kind, Name, Role, Time};
use crate::ops::Actor;
use crate::policy::Facts;
use crate::store::Store;

/// The shells there is a script for.
pub(super) const SHELLS: [&str; 5] = ["bash", "zsh", "fish", "elvish", "powershell"];

/// The variable that turns a call into a question for completions; our own, so that a stray
/// `COMPLETE` in somebody's environment does nothing.
const VARIABLE: &str = "ROLEBOOK_COMPLETE";

/// More candidates than anybody reads.
const MOST: usize = 200;

/// bash splits words at `:`, `@` and `=`, which our references are full of: this script puts them
/// together before it asks, and cuts from each answer what stands on the line already.
const BASH: &str = include_str!("../../completions/rolebook.bash");

/// The script that a shell loads.
pub(super) fn script(shell: &str) -> Option<String> {
    if shell == "bash" {
        return Some(BASH.to_owned());
    }
    let shells = Shells::builtins();
    let mut script = Vec::new();
    shells.completer(shell)?.write_registration(VARIABLE, "rolebook", "rolebook", "rolebook", &mut script).ok()?;
    let script = String::from_utf8(script).ok()?;
    Some(format!("{}\n", script.trim_end()))
}

/// Answers a question for completions, if this call is one.
pub(super) fn answer(args: &[OsString], out: &mut dyn Write) -> Option<u8> {
    let shell = std::env::var(VARIABLE).ok().filter(|shell| !shell.is_empty())?;
    let shells = Shells::builtins();
    let completer = shells.completer(&shell)?;
    let words: Vec<OsString> = args.iter().skip_while(|arg| *arg != "--").skip(1).cloned().collect();
    if words.is_empty() {
        return None;
    }
    let folder = std::env::current_dir().ok();
    let mut command = super::command();
    command.build();
    let done = completer.write_complete(&mut command, words, folder.as_deref(), out);
    Some(u8::from(done.is_err()))
}

/// The value that an option was given earlier on the line.
fn said(option: &str) -> Option<OsString> {
    let args: Vec<OsString> = std::env::args_os().skip_while(|arg| arg != "--").skip(1).collect();
    let pairs = args.iter().zip(args.iter().skip(1));
    let apart = pairs.filter(|(name, _)| *name == option).map(|(_, value)| value.clone()).next_back();
    let prefix = format!("{option}=");
    let joined = || args.iter().find_map(|arg| arg.to_str()?.strip_prefix(&prefix).map(OsString::from));
    apart.or_else(joined)
}

/// The store as whoever acts sees it; nothing where anything is in the way.
fn look(visit: &mut dyn FnMut(&View<'_>) -> Option<()>) -> Option<()> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let config = Config::read().ok()?;
    let path = said("--store").or_else(|| set("ROLEBOOK_STORE")).map(PathBuf::from).or(config.store).or_else(|| {
        config::folder("XDG_DATA_HOME", ".local/share").map(|folder| folder.join("rolebook").join("rolebook.db"))
    })?;
    let reader = Store::open(&path).ok()?.read().ok()?;
    let actor = match said("--as").or_else(|| set("ROLEBOOK_AS")) {
        None => Actor::Operator,
        Some(name) => {
            let name = Name::parse(name.to_str()?).ok()?;
            Actor::Principal(reader.facts().named(Kind::Account, None, name.key()).ok()??.id)
        }
    };
    let view = View::new(&reader, actor, None, Time::now()).ok()?;
    visit(&view)
}

/// The names of some kinds that begin as typed, with their prefix where `prefixed`.
fn names(current: &OsStr, kinds: &[(Kind, bool)]) -> Vec<CompletionCandidate> {
    let Some(typed) = current.to_str() else { return Vec::new() };
    let typed = key(typed);
    let mut found = Vec::new();
    let _ = look(&mut |view| {
        let viewer = view.viewer().ok()?;
        for (kind, prefixed) in kinds {
            view.facts
                .resources(*kind, None, &mut |resource| {
                    let written = if *prefixed { resource.reference() } else { resource.name.clone() };
                    if key(&written).starts_with(&typed) && viewer.sees(&resource).unwrap_or(false) {
                        found.push(CompletionCandidate::new(written).help(Some(kind.noun().into())));
                    }
                    Ok(if found.len() < MOST {
                        std::ops::ControlFlow::Continue(())
                    } else {
                        std::ops::ControlFlow::Break(())
                    })
                })
                .ok()?;
        }
        Some(())
    });
    found
}

fn completer(kinds: &'static [(Kind, bool)]) -> ArgValueCompleter {
    ArgValueCompleter::new(move |current: &OsStr| names(current, kinds))
}

/// Words that begin as typed.
fn beginning<'w>(current: &OsStr, words: impl IntoIterator<Item = &'w str>) -> Vec<CompletionCandidate> {
    let typed = current.to_string_lossy().to_lowercase();
    words.into_iter().filter(|word| word.starts_with(&typed)).map(CompletionCandidate::new).collect()
}

pub(super) fn accounts() -> impl ArgExt + Clone {
    completer(&[(Kind::Account, false)])
}

pub(super) fn groups() -> impl ArgExt + Clone {
    completer(&[(Kind::Group, false)])
}

pub(super) fn workgroups() -> impl ArgExt + Clone {
    completer(&[(Kind::Workgroup, false)])
}

pub(super) fn dropboxes() -> impl ArgExt + Clone {
    completer(&[(Kind::Dropbox, false)])
}

pub(super) fn endpoints() -> impl ArgExt + Clone {
    completer(&[(Kind::Endpoint, false)])
}

pub(super) fn sharers() -> impl ArgExt + Clone {
    ArgValueCompleter::new(|current: &OsStr| {
        let mut found = beginning(current, ["authenticated", "anyone"]);
        found.extend(names(current, &[(Kind::Account, false), (Kind::Group, true), (Kind::Workgroup, true)]));
        found
    })
}

/// Presets and permissions; after a comma the next one.
pub(super) fn permissions() -> impl ArgExt + Clone {
    ArgValueCompleter::new(|current: &OsStr| {
        let typed = current.to_string_lossy();
        let (before, last) = typed.rsplit_once(',').map_or(("", typed.as_ref()), |(before, last)| (before, last));
        let front = if before.is_empty() { String::new() } else { format!("{before},") };
        let fitting = crate::model::permission::WORDS.into_iter().filter(|word| word.starts_with(last));
        fitting.map(|word| CompletionCandidate::new(format!("{front}{word}"))).collect()
    })
}

/// Endpoints, then what lies in the folder typed so far, as far as one may browse it.
pub(super) fn items() -> impl ArgExt + Clone {
    ArgValueCompleter::new(|current: &OsStr| {
        let typed = current.to_string_lossy().into_owned();
        let Some((folder, _)) = typed.rsplit_once('/') else {
            let found = names(current, &[(Kind::Endpoint, false)]);
            return found
                .into_iter()
                .map(|it| CompletionCandidate::new(format!("{}:/", it.get_value().to_string_lossy())))
                .collect();
        };
        let mut found = Vec::new();
        let _ = look(&mut |view| {
            let (endpoint, path) = super::args::item(&format!("{folder}/")).ok()?;
            for item in crate::ops::content::list(&view.work().ok()?, &endpoint, &path, false).ok()? {
                let slash = if item.as_item().is_some_and(|it| it.is_folder()) { "/" } else { "" };
                let written = format!("{folder}/{}{slash}", item.name);
                if written.starts_with(&typed) && found.len() < MOST {
                    found.push(CompletionCandidate::new(written));
                }
            }
            Some(())
        });
        found
    })
}

/// Groups, workgroups or dropboxes: whichever noun stands on the line.
pub(super) fn places() -> impl ArgExt + Clone {
    ArgValueCompleter::new(|current: &OsStr| {
        let noun = std::env::args_os().skip_while(|arg| arg != "--").find_map(|arg| match arg.to_str() {
            Some("group") => Some(Kind::Group),
            Some("workgroup") => Some(Kind::Workgroup),
            Some("dropbox") => Some(Kind::Dropbox),
            Some("endpoint") => Some(Kind::Endpoint),
            _ => None,
        });
        noun.map_or_else(Vec::new, |kind| names(current, &[(kind, false)]))
    })
}

pub(super) fn members() -> impl ArgExt + Clone {
    completer(&[(Kind::Account, false), (Kind::Group, true)])
}

pub(super) fn recipients() -> impl ArgExt + Clone {
    completer(&[(Kind::Account, false), (Kind::Workgroup, true), (Kind::Dropbox, true)])
}

pub(super) fn principals() -> impl ArgExt + Clone {
    completer(&[(Kind::Account, false), (Kind::Group, true), (Kind::Workgroup, true), (Kind::Invitee, true)])
}

pub(super) fn resources() -> impl ArgExt + Clone {
    ArgValueCompleter::new(|current: &OsStr| {
        let mut found = beginning(current, ["server"]);
        found.extend(names(
            current,
            &[
                (Kind::Account, true),
                (Kind::Group, true),
                (Kind::Workgroup, true),
                (Kind::Dropbox, true),
                (Kind::Endpoint, true),
                (Kind::Org, true),
            ],
        ));
        found.extend(names(
            current,
            &[
                (Kind::Org, true),
                (Kind::SigningKey, true),
                (Kind::AccessToken, true),
                (Kind::Media, true),
                (Kind::Stream, true),
            ],
        ));
        found.extend(workspace_names(current, true));
        found
    })
}

/// Workspaces as `ORG/NAME`, with their prefix where `prefixed`.
fn workspace_names(current: &OsStr, prefixed: bool) -> Vec<CompletionCandidate> {
    let Some(typed) = current.to_str() else { return Vec::new() };
    let typed = key(typed);
    let mut found = Vec::new();
    let _ = look(&mut |view| {
        for workspace in view.all(Kind::Workspace).ok()? {
            // told: of those that the reader may see.
            let reference = view.reference(workspace.id).ok()?;
            let bare = reference.strip_prefix("workspace:").unwrap_or(&reference);
            let written = if prefixed { reference.as_str() } else { bare };
            if key(written).starts_with(&typed) && found.len() < MOST {
                found.push(CompletionCandidate::new(written).help(Some(Kind::Workspace.noun().into())));
            }
        }
        Some(())
    });
    found
}

pub(super) fn orgs() -> impl ArgExt + Clone {
    completer(&[(Kind::Org, false)])
}

pub(super) fn workspaces() -> impl ArgExt + Clone {
    ArgValueCompleter::new(|current: &OsStr| workspace_names(current, false))
}

pub(super) fn orgs_and_workspaces() -> impl ArgExt + Clone {
    ArgValueCompleter::new(|current: &OsStr| {
        let mut found = names(current, &[(Kind::Org, false)]);
        found.extend(workspace_names(current, false));
        found
    })
}

pub(super) fn signing_keys() -> impl ArgExt + Clone {
    completer(&[(Kind::SigningKey, true)])
}

pub(super) fn tokens() -> impl ArgExt + Clone {
    completer(&[(Kind::AccessToken, true)])
}

/// Media files or live streams: whichever noun stands on the line.
pub(super) fn media() -> impl ArgExt + Clone {
    ArgValueCompleter::new(|current: &OsStr| {
        let noun = std::env::args_os().skip_while(|arg| arg != "--").find_map(|arg| match arg.to_str() {
            Some("media") => Some(Kind::Media),
            Some("stream") => Some(Kind::Stream),
            _ => None,
        });
        noun.map_or_else(Vec::new, |kind| names(current, &[(kind, true)]))
    })
}

pub(super) fn actions() -> impl ArgExt + Clone {
    ArgValueCompleter::new(|current: &OsStr| {
        let mut words: Vec<&str> = Kind::ALL.iter().flat_map(|kind| verbs_of(*kind)).map(|verb| verb.word()).collect();
        words.sort_unstable();
        words.dedup();
        beginning(current, words)
    })
}

pub(super) fn roles() -> impl ArgExt + Clone {
    let presets = || crate::model::catalogue::PRESETS.iter().map(|(word, ..)| *word);
    ArgValueCompleter::new(move |current: &OsStr| {
        beginning(current, Role::ALL.iter().map(|role| role.full()).chain(presets()))
    })
}

pub(super) fn words(words: &'static [&'static str]) -> impl ArgExt + Clone {
    ArgValueCompleter::new(move |current: &OsStr| beginning(current, words.iter().copied()))
}
