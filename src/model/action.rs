//! Actions: what can be asked of a resource, as `VERB` or `VERB=VALUE`.

use std::fmt;

use super::attributes::Setting;
use super::kind::Kind;
use super::problem::Problem;
use super::role::Role;

macro_rules! verbs {
    ($($(#[$doc:meta])* $variant:ident = $word:literal,)*) => {
        /// The word of an action, without its value.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Verb { $($(#[$doc])* $variant,)* }

        impl Verb {
            /// Every verb.
            pub const ALL: &'static [Verb] = &[$(Verb::$variant,)*];

            /// The word as it is written.
            pub const fn word(self) -> &'static str {
                match self { $(Verb::$variant => $word,)* }
            }
        }
    };
}

verbs! {
    /// See that it exists, and its plain attributes.
    View = "view",
    /// Change its attributes.
    Edit = "edit",
    /// Remove it.
    Delete = "delete",
    /// Send packages (on a workgroup: to it as a whole).
    Send = "send",
    /// Send to an address outside.
    SendExternal = "send-external",
    /// Send on what one received.
    Forward = "forward",
    /// Change the server's settings.
    Configure = "configure",
    /// Create an account of the role in the value.
    CreateAccount = "create-account",
    /// Create a workgroup.
    CreateWorkgroup = "create-workgroup",
    /// Create a dropbox.
    CreateDropbox = "create-dropbox",
    /// Create a group.
    CreateGroup = "create-group",
    /// Create an endpoint.
    CreateEndpoint = "create-endpoint",
    /// Create an organization.
    CreateOrg = "create-org",
    /// Read the whole log.
    ViewLog = "view-log",
    /// Change the setting in the value.
    Set = "set",
    /// Give the account role in the value.
    SetRole = "set-role",
    /// Make active again.
    Activate = "activate",
    /// Make inactive.
    Deactivate = "deactivate",
    /// Send to that account.
    SendTo = "send-to",
    /// Add an account as a member (in a group: also a group).
    AddMember = "add-member",
    /// Remove an account from the members (in a group: also a group).
    RemoveMember = "remove-member",
    /// See the packages in it.
    ViewPackages = "view-packages",
    /// See its members.
    ViewMembers = "view-members",
    /// Send to its members one by one, as a fellow member.
    SendToMembers = "send-to-members",
    /// Create an account of role `user` straight into it.
    CreateMember = "create-member",
    /// Add a group as a member.
    AddGroup = "add-group",
    /// Remove a group from the members.
    RemoveGroup = "remove-group",
    /// Designate a member as its admin.
    AddAdmin = "add-admin",
    /// Undesignate its admin.
    RemoveAdmin = "remove-admin",
    /// Submit a package to it.
    Submit = "submit",
    /// Invite an outside submitter.
    Invite = "invite",
    /// Revoke an outside submitter's private link.
    RevokeInvitation = "revoke-invitation",
    /// Turn its public link on or off.
    SetPublicLink = "set-public-link",
    /// Fetch the files of it.
    Download = "download",
}

use Verb::*;

/// The verbs that can be asked of a kind of resource, in the order in which they are listed.
pub const fn verbs_of(kind: Kind) -> &'static [Verb] {
    match kind {
        Kind::Server => &[
            Send,
            SendExternal,
            Forward,
            Configure,
            CreateAccount,
            CreateWorkgroup,
            CreateDropbox,
            CreateGroup,
            CreateEndpoint,
            CreateOrg,
            ViewLog,
        ],
        Kind::Account => &[View, Edit, Set, SetRole, Activate, Deactivate, Delete, SendTo],
        Kind::Group => &[View, Edit, Delete, AddMember, RemoveMember],
        Kind::Workgroup => &[
            View,
            Edit,
            Delete,
            Send,
            ViewPackages,
            ViewMembers,
            SendToMembers,
            AddMember,
            RemoveMember,
            CreateMember,
            AddGroup,
            RemoveGroup,
            AddAdmin,
            RemoveAdmin,
        ],
        Kind::Dropbox => &[
            View,
            Edit,
            Delete,
            Submit,
            ViewPackages,
            ViewMembers,
            AddMember,
            RemoveMember,
            CreateMember,
            AddGroup,
            RemoveGroup,
            AddAdmin,
            RemoveAdmin,
            Invite,
            RevokeInvitation,
            SetPublicLink,
        ],
        Kind::Package => &[View, Download],
        Kind::Invitation | Kind::PublicLink | Kind::Invitee => &[],
    }
}

/// What is asked: a verb and, for three of them, its value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Action {
    /// A verb without a value.
    Plain(Verb),
    /// `create-account=ROLE`.
    CreateAccount(Role),
    /// `set-role=ROLE`.
    SetRole(Role),
    /// `set=SETTING`.
    Set(Setting),
}

impl Action {
    /// Its verb.
    pub const fn verb(self) -> Verb {
        match self {
            Action::Plain(verb) => verb,
            Action::CreateAccount(_) => Verb::CreateAccount,
            Action::SetRole(_) => Verb::SetRole,
            Action::Set(_) => Verb::Set,
        }
    }

    /// Reads an action that can be asked of a kind of resource.
    ///
    /// # Errors
    /// A usage problem that lists the valid actions; `nearest` names the closest one.
    pub fn parse(text: &str, kind: Kind) -> Result<Action, Problem> {
        let (word, value) = text.split_once('=').map_or((text, None), |(word, value)| (word, Some(value)));
        let Some(verb) = verbs_of(kind).iter().copied().find(|verb| verb.word() == word) else {
            return Err(unknown(text, word, kind));
        };
        match (verb, value) {
            (Verb::CreateAccount, Some(value)) => account_role(verb, value).map(Action::CreateAccount),
            (Verb::SetRole, Some(value)) => account_role(verb, value).map(Action::SetRole),
            (Verb::Set, Some(value)) => Setting::from_word(value)
                .map(Action::Set)
                .ok_or_else(|| bad_value(verb, value, Setting::ALL.iter().map(|setting| setting.word()))),
            (Verb::CreateAccount | Verb::SetRole, None) => {
                Err(bad_value(verb, "", Role::SERVER.iter().map(|role| role.word())))
            }
            (Verb::Set, None) => Err(bad_value(verb, "", Setting::ALL.iter().map(|setting| setting.word()))),
            (_, Some(_)) => Err(Problem::usage("bad_action", format!("the action `{word}` takes no value"))
                .tip(format!("write `{word}`"))),
            (verb, None) => Ok(Action::Plain(verb)),
        }
    }
}

fn account_role(verb: Verb, value: &str) -> Result<Role, Problem> {
    Role::from_word(Kind::Server, value)
        .ok_or_else(|| bad_value(verb, value, Role::SERVER.iter().map(|role| role.word())))
}

fn bad_value<'a>(verb: Verb, value: &str, valid: impl Iterator<Item = &'a str>) -> Problem {
    let valid: Vec<&str> = valid.collect();
    let message = if value.is_empty() {
        format!("the action `{}` needs a value", verb.word())
    } else {
        format!("`{}` is no value of the action `{}`", super::name::printable(value), verb.word())
    };
    Problem::usage("bad_action", message).tip(format!(
        "write `{}=VALUE` with one of: {}",
        verb.word(),
        valid.join(", ")
    ))
}

fn unknown(text: &str, word: &str, kind: Kind) -> Problem {
    let valid: Vec<&str> = verbs_of(kind).iter().map(|verb| verb.word()).collect();
    let problem =
        Problem::usage("unknown_action", format!("no action `{}` on {}", super::name::printable(text), kind.article()));
    let problem = match super::reference::nearest(word, valid.iter().copied()) {
        Some(near) => problem.tip(format!("did you mean `{near}`?")),
        None => problem,
    };
    problem.tip(format!("the actions on {} are: {}", kind.article(), valid.join(", ")))
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.verb().word())?;
        match self {
            Action::Plain(_) => Ok(()),
            Action::CreateAccount(role) | Action::SetRole(role) => write!(f, "={}", role.word()),
            Action::Set(setting) => write!(f, "={}", setting.word()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_reads_back_as_written() {
        for kind in Kind::ALL {
            for verb in verbs_of(kind) {
                let texts: Vec<String> = match verb {
                    Verb::CreateAccount | Verb::SetRole => {
                        Role::SERVER.iter().map(|r| format!("{}={}", verb.word(), r.word())).collect()
                    }
                    Verb::Set => Setting::ALL.iter().map(|s| format!("set={}", s.word())).collect(),
                    _ => vec![verb.word().to_owned()],
                };
                for text in texts {
                    assert_eq!(Action::parse(&text, kind).unwrap().to_string(), text);
                }
            }
        }
    }

    #[test]
    fn a_misspelt_action_gets_the_nearest_one() {
        let problem = Action::parse("veiw", Kind::Group).unwrap_err();
        assert!(problem.tips[0].contains("`view`"), "{problem:?}");
        assert!(Action::parse("set-role=workgroup-admin", Kind::Account).is_err());
        assert!(Action::parse("view=1", Kind::Group).is_err());
        assert!(Action::parse("set", Kind::Account).is_err());
    }
}
