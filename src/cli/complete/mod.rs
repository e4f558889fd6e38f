//! Shell completion: verbs and options come from the parser, names from the store.
//!
//! The scripts that shells load only call the program back, with `ROLEBOOK_COMPLETE` set to the shell's name, so they
//! never become outdated. Only names that the actor may see are offered. Failures are silent, and no store is created.

mod shells;

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::sync::OnceLock;

use clap::builder::ArgExt;
use clap_complete::CompletionCandidate;
use clap_complete::engine::ArgValueCompleter;

use self::shells::{Candidate, Shell};
use super::config::Config;
use super::identity;
use super::view::ReadView;
use crate::model::action::verbs_of;
use crate::model::name::key;
use crate::model::{Kind, Reference, Role, Time};
use crate::policy::Facts;
use crate::store::Store;

/// The shells that have a script.
pub(super) const SHELLS: [&str; 5] = ["bash", "zsh", "fish", "elvish", "powershell"];

/// The environment variable that makes a call a request for completions. The name is our own, so that a stray
/// `COMPLETE` in somebody's environment does nothing.
const VARIABLE: &str = "ROLEBOOK_COMPLETE";
/// The environment variable with the index of the word to complete; the last word if it is not set.
const INDEX: &str = "ROLEBOOK_COMPLETE_INDEX";
/// The environment variable with the characters at which bash splits words.
const BREAKS: &str = "ROLEBOOK_COMPLETE_BREAKS";

/// The maximum number of candidates, which is more than anybody reads.
const MAX_CANDIDATES: usize = 200;

/// The script that a shell loads.
pub(super) fn script(shell: &str) -> Option<&'static str> {
    Shell::script(shell)
}

/// Answers a request for completions and returns the exit status; `None` if this call is not such a request.
pub(super) fn answer(args: &[OsString], out: &mut dyn Write) -> Option<u8> {
    let shell = Shell::from_word(&std::env::var(VARIABLE).ok()?)?;
    let typed: Vec<OsString> = args.iter().skip_while(|arg| *arg != "--").skip(1).cloned().collect();
    if typed.is_empty() {
        return None;
    }
    let index = std::env::var(INDEX).ok().and_then(|index| index.parse().ok()).unwrap_or(typed.len() - 1);
    let (mut words, last) = shell.words(typed, index, &std::env::var(BREAKS).unwrap_or_default());
    if words.len() == index {
        // Some shells do not pass an empty last word.
        words.push(OsString::new());
    }
    LINE.set(words.clone()).ok()?;
    let mut command = super::command();
    command.build();
    let folder = std::env::current_dir().ok();
    let found = clap_complete::engine::complete(&mut command, words, index, folder.as_deref()).unwrap_or_default();
    let candidates: Vec<Candidate> = found.iter().filter_map(candidate).collect();
    let done = out.write_all(shell.written(&candidates, &last).as_bytes());
    Some(u8::from(done.is_err()))
}

/// A candidate that can be typed. `None` if it is not UTF-8: it is then a file name, which the shell itself offers.
fn candidate(found: &CompletionCandidate) -> Option<Candidate> {
    let value = found.get_value().to_str().filter(|value| !value.contains('\0'))?.to_owned();
    let about = found.get_help().map(ToString::to_string).unwrap_or_default();
    Some(Candidate { value, about: about.lines().next().unwrap_or_default().to_owned() })
}

/// The words of the line, without the shell's quotes.
static LINE: OnceLock<Vec<OsString>> = OnceLock::new();

fn line() -> &'static [OsString] {
    LINE.get().map_or(&[], Vec::as_slice)
}

/// The value that an option was given earlier on the line.
fn option_value(option: &str) -> Option<OsString> {
    let args = line();
    let pairs = args.iter().zip(args.iter().skip(1));
    let apart = pairs.filter(|(name, _)| *name == option).map(|(_, value)| value.clone()).next_back();
    let prefix = format!("{option}=");
    let joined = || args.iter().find_map(|arg| arg.to_str()?.strip_prefix(&prefix).map(OsString::from));
    apart.or_else(joined)
}

/// Calls `visit` with the store as the actor sees it; `None` if anything fails.
fn with_view(visit: &mut dyn FnMut(&ReadView<'_>) -> Option<()>) -> Option<()> {
    let config = Config::read().ok()?;
    let path = identity::store_path(option_value("--store"), &config).ok()?;
    let reader = Store::open(&path).ok()?.read().ok()?;
    let name = identity::actor_name(option_value("--as").as_deref()).ok()?;
    let actor = identity::actor(name.as_deref(), &reader.facts()).ok()?;
    let view = ReadView::new(&reader, actor, None, Time::now()).ok()?;
    visit(&view)
}

/// The names of some kinds that begin with the typed text. The flag of a kind says whether its names get their prefix.
fn names(current: &OsStr, kinds: &[(Kind, bool)]) -> Vec<CompletionCandidate> {
    let Some(typed) = current.to_str() else { return Vec::new() };
    let typed = key(typed);
    let mut found = Vec::new();
    let _ = with_view(&mut |view| {
        let viewer = view.viewer().ok()?;
        for (kind, prefixed) in kinds {
            view.facts
                .resources(*kind, None, &mut |resource| {
                    // A name that begins with a dash would be read as an option, so it gets its prefix.
                    let prefixed = *prefixed || resource.name.starts_with('-');
                    let written = if prefixed { resource.reference() } else { resource.name.clone() };
                    if key(&written).starts_with(&typed) && viewer.sees(&resource).unwrap_or(false) {
                        found.push(CompletionCandidate::new(written).help(Some(kind.noun().into())));
                    }
                    Ok(if found.len() < MAX_CANDIDATES {
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

/// The words that begin with the typed text.
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

pub(super) fn reviews() -> impl ArgExt + Clone {
    completer(&[(Kind::Review, false)])
}

pub(super) fn sharers() -> impl ArgExt + Clone {
    ArgValueCompleter::new(|current: &OsStr| {
        let mut found = beginning(current, ["authenticated", "anyone"]);
        found.extend(names(current, &[(Kind::Account, false), (Kind::Group, true), (Kind::Workgroup, true)]));
        found
    })
}

/// Presets and permissions; after a comma, the next one of the list.
pub(super) fn permissions() -> impl ArgExt + Clone {
    ArgValueCompleter::new(|current: &OsStr| {
        let typed = current.to_string_lossy();
        let (before, last) = typed.rsplit_once(',').map_or(("", typed.as_ref()), |(before, last)| (before, last));
        let front = if before.is_empty() { String::new() } else { format!("{before},") };
        let fitting = crate::model::permission::NAMES.into_iter().filter(|word| word.starts_with(last));
        fitting.map(|word| CompletionCandidate::new(format!("{front}{word}"))).collect()
    })
}

/// Endpoints first, then the items of the folder typed so far, if the actor may browse it.
pub(super) fn items() -> impl ArgExt + Clone {
    ArgValueCompleter::new(|current: &OsStr| {
        let typed = current.to_string_lossy().into_owned();
        let Some((folder, _)) = typed.rsplit_once('/') else {
            let found = names(current, &[(Kind::Endpoint, false)]).into_iter().map(|it| it.get_value().to_os_string());
            let paths = found.map(|name| format!("{}:/", name.to_string_lossy()));
            // The root of an endpoint that begins with a dash cannot be distinguished from an option.
            return paths.filter(|path| !path.starts_with("endpoint:")).map(CompletionCandidate::new).collect();
        };
        let mut found = Vec::new();
        let _ = with_view(&mut |view| {
            let Ok(Reference::Item(endpoint, path)) = Reference::parse(&format!("{folder}/"), Kind::Item) else {
                return None;
            };
            for item in crate::ops::content::list(&view.transaction().ok()?, &endpoint, &path, false).ok()? {
                let slash = if item.as_item().is_some_and(|it| it.is_folder()) { "/" } else { "" };
                let written = format!("{folder}/{}{slash}", item.name);
                if written.starts_with(&typed) && found.len() < MAX_CANDIDATES {
                    found.push(CompletionCandidate::new(written));
                }
            }
            Some(())
        });
        found
    })
}

/// Names of the kind whose noun is on the line.
pub(super) fn names_of_noun() -> impl ArgExt + Clone {
    ArgValueCompleter::new(|current: &OsStr| {
        let noun = line().iter().find_map(|arg| match arg.to_str() {
            Some("group") => Some(Kind::Group),
            Some("workgroup") => Some(Kind::Workgroup),
            Some("dropbox") => Some(Kind::Dropbox),
            Some("endpoint") => Some(Kind::Endpoint),
            Some("account") => Some(Kind::Account),
            Some("org") => Some(Kind::Org),
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

/// Workspaces as `ORG/NAME`, with their prefix if `prefixed`.
fn workspace_names(current: &OsStr, prefixed: bool) -> Vec<CompletionCandidate> {
    let Some(typed) = current.to_str() else { return Vec::new() };
    let typed = key(typed);
    let mut found = Vec::new();
    let _ = with_view(&mut |view| {
        for workspace in view.all(Kind::Workspace).ok()? {
            // told: `all` gives only workspaces that the reader may see.
            let reference = view.reference(workspace.id).ok()?;
            let bare = reference.strip_prefix("workspace:").unwrap_or(&reference);
            let written = if prefixed || bare.starts_with('-') { reference.as_str() } else { bare };
            if key(written).starts_with(&typed) && found.len() < MAX_CANDIDATES {
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

/// Media files or live streams, by the noun on the line.
pub(super) fn media() -> impl ArgExt + Clone {
    ArgValueCompleter::new(|current: &OsStr| {
        let noun = line().iter().find_map(|arg| match arg.to_str() {
            Some("media") => Some(Kind::Media),
            Some("stream") => Some(Kind::Stream),
            _ => None,
        });
        noun.map_or_else(Vec::new, |kind| names(current, &[(kind, true)]))
    })
}

pub(super) fn actions() -> impl ArgExt + Clone {
    ArgValueCompleter::new(|current: &OsStr| {
        let mut words: Vec<&str> =
            Kind::ALL.iter().flat_map(|kind| verbs_of(*kind)).map(|verb| verb.as_str()).collect();
        words.sort_unstable();
        words.dedup();
        beginning(current, words)
    })
}

pub(super) fn roles() -> impl ArgExt + Clone {
    let presets = || crate::model::catalogue::PRESETS.iter().map(|(word, ..)| *word);
    ArgValueCompleter::new(move |current: &OsStr| {
        beginning(current, Role::ALL.iter().map(|role| role.qualified()).chain(presets()))
    })
}

pub(super) fn words(words: &'static [&'static str]) -> impl ArgExt + Clone {
    ArgValueCompleter::new(move |current: &OsStr| beginning(current, words.iter().copied()))
}
