//! Actions: what a principal can do to a resource, written `VERB` or `VERB=VALUE`.

use std::fmt;

use super::Id;
use super::attributes::Setting;
use super::escape::printable;
use super::kind::Kind;
use super::permission::Permissions;
use super::problem::Problem;
use super::role::Role;
use super::spelling::closest_match;
pub use super::verb::{PERMISSION_VERBS, Verb, allowed_verb, required_permission, verbs_of};

/// A verb, with its value for verbs that take one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Action {
    /// A verb without a value.
    Plain(Verb),
    /// A verb without a value on a path below the item that is not registered. The path has the
    /// permissions of the item, but is not the item.
    OnUnregistered(Verb),
    /// `create-account=ROLE`.
    CreateAccount(Role),
    /// `set-role=ROLE`.
    SetRole(Role),
    /// `set=SETTING`.
    Set(Setting),
    /// `assign=ROLE`.
    Assign(Role),
    /// `revoke=ROLE`.
    Revoke(Role),
    /// `share=SET`.
    Share(Permissions),
    /// `move-to=PATH`.
    MoveTo(Destination),
    /// `copy-to=PATH`.
    CopyTo(Destination),
}

/// The destination of a move or a copy.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Destination {
    /// The destination folder; if it is not registered, the nearest registered folder above.
    pub folder: Id,
    /// Whether the folder itself is registered.
    pub is_registered: bool,
    /// Whether the item to move or copy counts as a file because it is not registered.
    pub of_file: bool,
}

/// A function that finds the folder at a path, for [`Action::parse`].
pub type FindFolder<'f> = &'f dyn Fn(&str) -> Result<Destination, Problem>;

impl Action {
    /// The role that the action names: `user` in `create-account=user`.
    pub const fn role(self) -> Option<Role> {
        match self {
            Action::CreateAccount(role) | Action::SetRole(role) | Action::Assign(role) | Action::Revoke(role) => {
                Some(role)
            }
            Action::Plain(_)
            | Action::OnUnregistered(_)
            | Action::Set(_)
            | Action::Share(_)
            | Action::MoveTo(_)
            | Action::CopyTo(_) => None,
        }
    }

    /// The verb of the action.
    pub const fn verb(self) -> Verb {
        match self {
            Action::Plain(verb) | Action::OnUnregistered(verb) => verb,
            Action::CreateAccount(_) => Verb::CreateAccount,
            Action::SetRole(_) => Verb::SetRole,
            Action::Set(_) => Verb::Set,
            Action::Assign(_) => Verb::Assign,
            Action::Revoke(_) => Verb::Revoke,
            Action::Share(_) => Verb::Share,
            Action::MoveTo(_) => Verb::MoveTo,
            Action::CopyTo(_) => Verb::CopyTo,
        }
    }

    /// The same action on a path below the item that is not registered.
    #[must_use]
    pub const fn on_unregistered(self) -> Action {
        match self {
            Action::Plain(verb) => Action::OnUnregistered(verb),
            other => other,
        }
    }

    /// Every action on a kind of resource that listings include, with each value if the values are a
    /// fixed list. `share`, `move-to` and `copy-to` are left out: their values are sets and paths.
    pub fn listable(kind: Kind) -> Vec<Action> {
        let mut all = Vec::new();
        for verb in verbs_of(kind) {
            match verb {
                Verb::CreateAccount => all.extend(Role::SERVER.map(Action::CreateAccount)),
                Verb::SetRole => all.extend(Role::SERVER.map(Action::SetRole)),
                Verb::Set => all.extend(Setting::ALL.iter().map(|setting| Action::Set(*setting))),
                Verb::Assign => all.extend(Role::ENDPOINT.map(Action::Assign)),
                Verb::Revoke if kind == Kind::Endpoint => all.extend(Role::ENDPOINT.map(Action::Revoke)),
                Verb::Share | Verb::MoveTo | Verb::CopyTo => {}
                plain => all.push(Action::Plain(*plain)),
            }
        }
        all
    }

    /// Parses an action on a kind of resource; `folder` finds the folders that it names.
    ///
    /// # Errors
    /// A usage problem that lists the valid actions and names the closest one, or the error of `folder`.
    pub fn parse(text: &str, kind: Kind, folder: FindFolder<'_>) -> Result<Action, Problem> {
        let (word, value) = text.split_once('=').map_or((text, None), |(word, value)| (word, Some(value)));
        let Some(verb) = verbs_of(kind).iter().copied().find(|verb| verb.as_str() == word) else {
            return Err(unknown(text, word, kind));
        };
        match (verb, value) {
            (Verb::CreateAccount, Some(value)) => account_role(verb, value).map(Action::CreateAccount),
            (Verb::SetRole, Some(value)) => account_role(verb, value).map(Action::SetRole),
            (Verb::Set, Some(value)) => Setting::from_name(value)
                .map(Action::Set)
                .ok_or_else(|| bad_value(verb, value, Setting::ALL.iter().map(|setting| setting.as_str()))),
            (Verb::Assign, Some(value)) => endpoint_role(verb, value).map(Action::Assign),
            (Verb::Revoke, Some(value)) if kind == Kind::Endpoint => endpoint_role(verb, value).map(Action::Revoke),
            (Verb::Share, Some(value)) => Permissions::parse(value).map(Action::Share),
            (Verb::MoveTo, Some(value)) => folder(value).map(Action::MoveTo),
            (Verb::CopyTo, Some(value)) => folder(value).map(Action::CopyTo),
            (Verb::Assign, None) => Err(bad_value(verb, "", Role::ENDPOINT.iter().map(|role| role.as_str()))),
            (Verb::Revoke, None) if kind == Kind::Endpoint => {
                Err(bad_value(verb, "", Role::ENDPOINT.iter().map(|role| role.as_str())))
            }
            (Verb::Share, None) => Err(bad_value(verb, "", super::permission::NAMES.into_iter())),
            (Verb::MoveTo | Verb::CopyTo, None) => Err(bad_value(verb, "", ["ENDPOINT:/folder"].into_iter())),
            (Verb::CreateAccount | Verb::SetRole, None) => {
                Err(bad_value(verb, "", Role::SERVER.iter().map(|role| role.as_str())))
            }
            (Verb::Set, None) => Err(bad_value(verb, "", Setting::ALL.iter().map(|setting| setting.as_str()))),
            (_, Some(_)) => Err(Problem::usage("bad_action", format!("the action `{word}` takes no value"))
                .tip(format!("write `{word}`"))),
            (verb, None) => Ok(Action::Plain(verb)),
        }
    }
}

fn account_role(verb: Verb, value: &str) -> Result<Role, Problem> {
    Role::from_name(Kind::Server, value)
        .ok_or_else(|| bad_value(verb, value, Role::SERVER.iter().map(|role| role.as_str())))
}

fn endpoint_role(verb: Verb, value: &str) -> Result<Role, Problem> {
    Role::from_name(Kind::Endpoint, value)
        .ok_or_else(|| bad_value(verb, value, Role::ENDPOINT.iter().map(|role| role.as_str())))
}

fn bad_value<'a>(verb: Verb, value: &str, valid: impl Iterator<Item = &'a str>) -> Problem {
    let valid: Vec<&str> = valid.collect();
    let message = if value.is_empty() {
        format!("the action `{}` needs a value", verb.as_str())
    } else {
        format!("invalid value `{}` for the action `{}`", printable(value), verb.as_str())
    };
    Problem::usage("bad_action", message).tip(format!(
        "write `{}=VALUE` with one of: {}",
        verb.as_str(),
        valid.join(", ")
    ))
}

impl Action {
    /// Parses an action for a listing, on one kind of resource or on the first kind that has the action.
    ///
    /// # Errors
    /// As [`Action::parse`], and for an action whose value is another path.
    pub fn parse_listable(text: &str, only: Option<Kind>) -> Result<Action, Problem> {
        let word = text.split_once('=').map_or(text, |(word, _)| word);
        let another_path = |_: &str| {
            Err(Problem::usage("bad_action", format!("`{}` is not listed", printable(text)))
                .why("its value is another path")
                .tip("ask about one resource with `rolebook perm check`"))
        };
        let has = |kind: &Kind| verbs_of(*kind).iter().any(|verb| verb.as_str() == word);
        let kinds = Kind::ALL.into_iter().filter(|kind| only.is_none_or(|only| only == *kind) && has(kind));
        let mut refusal = None;
        for kind in kinds {
            match Action::parse(text, kind, &another_path) {
                Ok(action) => return Ok(action),
                Err(problem) => drop(refusal.get_or_insert(problem)),
            }
        }
        Err(match (refusal, only) {
            (Some(problem), _) => problem,
            (None, Some(kind)) => unknown(text, word, kind),
            (None, None) => {
                let problem = Problem::usage("unknown_action", format!("no action `{}`", printable(text)));
                let all = Kind::ALL.into_iter().flat_map(|kind| verbs_of(kind).iter().map(|verb| verb.as_str()));
                match closest_match(word, all) {
                    Some(near) => problem.tip(format!("did you mean `{near}`?")),
                    None => problem.tip("rolebook-model(7) lists every action, by kind"),
                }
            }
        })
    }
}

fn unknown(text: &str, word: &str, kind: Kind) -> Problem {
    let valid: Vec<&str> = verbs_of(kind).iter().map(|verb| verb.as_str()).collect();
    let problem = Problem::usage("unknown_action", format!("no action `{}` on {}", printable(text), kind.article()));
    let problem = match closest_match(word, valid.iter().copied()) {
        Some(near) => problem.tip(format!("did you mean `{near}`?")),
        None => problem,
    };
    problem.tip(format!("the actions on {} are: {}", kind.article(), valid.join(", ")))
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.verb().as_str())?;
        let mut value = |word: &str| {
            f.write_str("=")?;
            f.write_str(word)
        };
        match self {
            Action::Plain(_) | Action::OnUnregistered(_) => Ok(()),
            Action::CreateAccount(role) | Action::SetRole(role) | Action::Assign(role) | Action::Revoke(role) => {
                value(role.as_str())
            }
            Action::Set(setting) => value(setting.as_str()),
            Action::Share(set) => write!(f, "={set}"),
            // The form for the log. Output to people shows the path of the folder instead.
            Action::MoveTo(to) | Action::CopyTo(to) => write!(f, "=#{}", to.folder),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, kind: Kind) -> Result<Action, Problem> {
        Action::parse(text, kind, &|text| {
            Ok(Destination {
                folder: Id(text.trim_start_matches('#').parse().unwrap()),
                is_registered: true,
                of_file: false,
            })
        })
    }

    #[test]
    fn every_action_reads_back_as_written() {
        for kind in Kind::ALL {
            for verb in verbs_of(kind) {
                let texts: Vec<String> = match verb {
                    Verb::CreateAccount | Verb::SetRole => {
                        Role::SERVER.iter().map(|r| format!("{}={}", verb.as_str(), r.as_str())).collect()
                    }
                    Verb::Set => Setting::ALL.iter().map(|s| format!("set={}", s.as_str())).collect(),
                    Verb::Assign => Role::ENDPOINT.iter().map(|r| format!("assign={}", r.as_str())).collect(),
                    Verb::Revoke if kind == Kind::Endpoint => {
                        Role::ENDPOINT.iter().map(|r| format!("revoke={}", r.as_str())).collect()
                    }
                    Verb::Share => vec!["share=download,browse".to_owned()],
                    Verb::MoveTo | Verb::CopyTo => vec![format!("{}=#7", verb.as_str())],
                    _ => vec![verb.as_str().to_owned()],
                };
                for text in texts {
                    assert_eq!(parse(&text, kind).unwrap().to_string(), text);
                }
            }
        }
    }

    #[test]
    fn a_misspelt_action_gets_the_nearest_one() {
        let problem = parse("veiw", Kind::Group).unwrap_err();
        assert!(problem.tips[0].contains("`view`"), "{problem:?}");
        assert!(parse("set-role=workgroup-admin", Kind::Account).is_err());
        assert!(parse("view=1", Kind::Group).is_err());
        assert!(parse("set", Kind::Account).is_err());
    }
}
