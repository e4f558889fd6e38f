//! Arguments that many commands share, and the parsers that turn their values into words of the model.
//!
//! Shared structs have plain comments: a doc comment would become the help of every verb that takes them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, ValueHint};

use super::complete;
use crate::model::attributes::{
    AllowDeny, EndpointKind, GroupVisibility, ItemType, MemberAccess, SendPolicy, Setting, SettingValue, ShareClass,
    TokenMode,
};
use crate::model::reference::PastReference;
use crate::model::{Kind, Name, Path, Problem, Reference, Role};
use crate::ops::invitation::LinkSelector;
use crate::render::{Format, Page};

// Options of every command.
#[derive(Args, Debug, Clone, Default)]
pub(super) struct GlobalArgs {
    /// The store [env: ROLEBOOK_STORE] [default: $XDG_DATA_HOME/rolebook/rolebook.db]
    #[arg(long, global = true, value_name = "PATH", value_hint = ValueHint::FilePath, help_heading = "Global options")]
    pub(super) store: Option<PathBuf>,
    /// Act as this account: every rule applies [env: ROLEBOOK_AS] [default: the operator]
    #[arg(long = "as", global = true, value_name = "USER", help_heading = "Global options", add = complete::accounts())]
    pub(super) actor: Option<String>,
    /// How to write the answer
    #[arg(short, long, global = true, value_name = "FORMAT", value_parser = formats(), help_heading = "Global options")]
    pub(super) output: Option<OutputFormat>,
    /// The columns to write, in order, separated by commas
    #[arg(long, global = true, value_name = "A,B", value_delimiter = ',', help_heading = "Global options")]
    pub(super) columns: Vec<String>,
    /// Leave out the line of column names
    #[arg(long, global = true, help_heading = "Global options")]
    pub(super) no_headers: bool,
    /// The column to sort by; with `-` in front, descending
    #[arg(long, global = true, value_name = "[-]COLUMN", allow_hyphen_values = true, help_heading = "Global options")]
    pub(super) sort: Option<String>,
    /// Say nothing on standard error but errors
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub(super) quiet: bool,
    /// Say which store is used, as whom, and how long it took
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub(super) verbose: bool,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", value_parser = ["auto", "always", "never"], help_heading = "Global options")]
    pub(super) color: Option<String>,
    /// Confirm without asking
    #[arg(long, global = true, help_heading = "Global options")]
    pub(super) yes: bool,
}

// Options of every command that reads.
#[derive(Args, Debug, Clone, Default)]
pub(super) struct ReadArgs {
    /// Show the state after this revision, or at this time (a day begins at 00:00 UTC)
    #[arg(long, value_name = "REV|TIME")]
    pub(super) at: Option<String>,
}

// Options of every list.
#[derive(Args, Debug, Clone, Default)]
pub(super) struct PageArgs {
    /// List at most this many rows; if there are more, a notice says how to go on
    #[arg(long, value_name = "N", value_parser = count)]
    limit: Option<u64>,
    /// Go on after this row; the notice gives its token
    #[arg(long, value_name = "TOKEN", allow_hyphen_values = true)]
    after: Option<String>,
}

impl PageArgs {
    /// The requested part of a list.
    pub(super) fn page(&self) -> Page {
        Page { limit: self.limit, after: self.after.clone() }
    }
}

// Options of every command that writes.
#[derive(Args, Debug, Clone, Default)]
pub(super) struct WriteArgs {
    /// The reason, which the log keeps
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
    /// Show what would change, and change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// With --dry-run: also show who would gain and lose what, and which shares would be left without a base
    #[arg(long, requires = "dry_run")]
    pub(super) access: bool,
    /// Create the store first if there is none
    #[arg(long)]
    pub(super) create: bool,
}

/// Whether the answer, and so the errors too, must be JSON; `None` if the arguments name no format. Reads the raw
/// arguments, before clap parses them.
pub(super) fn requested_json(args: &[OsString]) -> Option<bool> {
    let mut before = "";
    for arg in args.iter().filter_map(|arg| arg.to_str()) {
        if arg == "--" {
            break;
        }
        let value = match before {
            "-o" | "--output" => Some(arg),
            _ => arg
                .strip_prefix("--output=")
                .or_else(|| arg.strip_prefix("-o").map(|rest| rest.trim_start_matches('=')))
                .filter(|format| !format.is_empty()),
        };
        if let Some(format) = value {
            return Some(matches!(format, "json" | "jsonl"));
        }
        before = arg;
    }
    None
}

/// A format of `-o`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OutputFormat {
    /// A format of every command.
    Common(Format),
    /// A format of few commands.
    Document(DocumentFormat),
}

/// A format that only some commands write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum DocumentFormat {
    /// SARIF 2.1.0, of findings.
    Sarif,
    /// A page for a browser, of reports and reviews.
    Html,
    /// Markdown, of reports.
    Markdown,
}

impl DocumentFormat {
    const ALL: [DocumentFormat; 3] = [DocumentFormat::Sarif, DocumentFormat::Html, DocumentFormat::Markdown];

    /// The word of the format.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            DocumentFormat::Sarif => "sarif",
            DocumentFormat::Html => "html",
            DocumentFormat::Markdown => "markdown",
        }
    }

    /// A command that writes the format.
    pub(super) const fn example(self) -> &'static str {
        match self {
            DocumentFormat::Sarif => "rolebook audit findings -o sarif",
            DocumentFormat::Html => "rolebook audit report -o html",
            DocumentFormat::Markdown => "rolebook audit report -o markdown",
        }
    }
}

impl OutputFormat {
    fn from_word(word: &str) -> Option<OutputFormat> {
        let document = DocumentFormat::ALL.into_iter().find(|format| format.as_str() == word);
        document.map(OutputFormat::Document).or_else(|| Format::from_word(word).map(OutputFormat::Common))
    }
}

fn formats() -> impl TypedValueParser<Value = OutputFormat> {
    let documents = DocumentFormat::ALL.map(DocumentFormat::as_str);
    words(Format::WORDS.into_iter().chain(documents).collect::<Vec<_>>(), OutputFormat::from_word)
}

/// A parser for the words of a closed list.
pub(super) fn words<T: Clone + Send + Sync + 'static>(
    list: impl AsRef<[&'static str]>,
    read: fn(&str) -> Option<T>,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(list.as_ref().iter().copied()).try_map(move |word| read(&word).ok_or("unknown word"))
}

pub(super) fn allow_or_deny() -> impl TypedValueParser<Value = bool> {
    words(AllowDeny::WORDS, |word| AllowDeny::from_name(word).map(|it| it == AllowDeny::Allow))
}

pub(super) fn send_policies() -> impl TypedValueParser<Value = SendPolicy> {
    words(SendPolicy::WORDS, SendPolicy::from_name)
}

pub(super) fn visibilities() -> impl TypedValueParser<Value = GroupVisibility> {
    words(GroupVisibility::WORDS, GroupVisibility::from_name)
}

pub(super) fn member_accesses() -> impl TypedValueParser<Value = MemberAccess> {
    words(MemberAccess::WORDS, MemberAccess::from_name)
}

/// The file that holds a secret, or `-` for standard input; never the secret itself.
#[derive(Clone, Debug)]
pub(super) struct SecretSource(pub(super) PathBuf);

impl From<&str> for SecretSource {
    fn from(text: &str) -> SecretSource {
        SecretSource(PathBuf::from(text))
    }
}

/// An account's toggles, as they were given.
pub(super) type SettingArgs = ToggleArgs<false>;

/// The server's values for the toggles that accounts leave at `default`, as they were given.
pub(super) type ServerSettingArgs = ToggleArgs<true>;

/// An option for each toggle, with the values of an account or of the server.
#[derive(Debug, Clone)]
pub(super) struct ToggleArgs<const OF_SERVER: bool>(pub(super) Vec<(Setting, SettingValue)>);

impl<const OF_SERVER: bool> Args for ToggleArgs<OF_SERVER> {
    fn augment_args(command: Command) -> Command {
        let (value_name, help, values): (_, fn(Setting) -> &'static str, _) = match OF_SERVER {
            true => ("ALLOW|DENY", Setting::of_server, AllowDeny::WORDS),
            false => ("SETTING", Setting::of_account, SettingValue::WORDS),
        };
        Setting::TOGGLES.into_iter().fold(command, |command, setting| {
            let option = Arg::new(setting.field()).long(setting.as_str()).value_name(value_name).help(help(setting));
            command.arg(option.value_parser(words(values, SettingValue::from_name)))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<const OF_SERVER: bool> FromArgMatches for ToggleArgs<OF_SERVER> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let value = |setting: Setting| Some((setting, *matches.get_one::<SettingValue>(setting.field())?));
        Ok(ToggleArgs(Setting::TOGGLES.into_iter().filter_map(value).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Parses a whole number, such as a revision.
pub(super) fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "a whole number is wanted".to_owned())
}

/// Parses a count, which is at least 1.
pub(super) fn count(text: &str) -> Result<u64, String> {
    number(text).ok().filter(|count| *count > 0).ok_or_else(|| "a whole number from 1 on is wanted".to_owned())
}

/// Parses a name of one kind. The prefix is optional and must fit the kind.
pub(super) fn name(kind: Kind, text: &str) -> Result<Name, Problem> {
    match Reference::parse(text, kind)? {
        Reference::Named(found, name) if found == kind => Ok(name),
        Reference::Id(id) if kind.has_external_ids() => Ok(Name::of_id(&id)),
        // Reserved words: the name parser refuses them with its own message.
        Reference::Authenticated | Reference::Anyone => Name::parse(text),
        other => Err(other.wrong_kind(kind.article())),
    }
}

/// Parses a path on an endpoint.
pub(super) fn item(text: &str) -> Result<(Name, Path), Problem> {
    match Reference::parse(text, Kind::Item)? {
        Reference::Item(endpoint, path) => Ok((endpoint, path)),
        other => Err(other.wrong_kind("a path on an endpoint such as `node1:/projects`")),
    }
}

/// Parses a size in bytes.
pub(super) fn size(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "a whole number of bytes is wanted".to_owned())
}

pub(super) fn endpoint_kinds() -> impl TypedValueParser<Value = EndpointKind> {
    words(EndpointKind::WORDS, EndpointKind::from_name)
}

pub(super) fn item_types() -> impl TypedValueParser<Value = ItemType> {
    words(ItemType::WORDS, ItemType::from_name)
}

pub(super) fn share_classes() -> impl TypedValueParser<Value = ShareClass> {
    words(ShareClass::WORDS, ShareClass::from_name)
}

pub(super) fn endpoint_roles() -> impl TypedValueParser<Value = Role> {
    words(Role::words(Role::ENDPOINT), |word| Role::from_name(Kind::Endpoint, word))
}

/// Parses a workspace, written `ORG/NAME`; the prefix is optional.
pub(super) fn workspace(text: &str) -> Result<(Name, Name), Problem> {
    match Reference::parse(text, Kind::Workspace)? {
        Reference::Workspace(org, name) => Ok((org, name)),
        Reference::Id(id) => Ok((Name::of_id(&id), Name::of_id(&id))),
        other => Err(other.wrong_kind(Kind::Workspace.article())),
    }
}

/// Parses a workspace of a known organization: its name alone, or `ORG/NAME`.
pub(super) fn workspace_of(org: &Name, text: &str) -> Result<Name, Problem> {
    if !text.contains(['/', ':']) {
        return Name::parse(text);
    }
    let (found, name) = workspace(text)?;
    if found.key() == org.key() {
        return Ok(name);
    }
    Err(Problem::conflict("wrong_organization", format!("`{found}/{name}` is not a workspace of org:{org}")))
}

/// Parses an organization, or one of its workspaces as `ORG/NAME`; the prefix is optional.
pub(super) fn org_or_workspace(text: &str) -> Result<Reference, Problem> {
    let bare = if text.contains('/') { Kind::Workspace } else { Kind::Org };
    match Reference::parse(text, bare)? {
        found @ (Reference::Named(Kind::Org, _) | Reference::Workspace(..) | Reference::Id(_)) => Ok(found),
        other => Err(other.wrong_kind("an organization or a workspace")),
    }
}

/// The kind that the commands of media files or of streams take.
pub(super) const fn media_kind(of_stream: bool) -> Kind {
    if of_stream { Kind::Stream } else { Kind::Media }
}

/// Parses the number of a resource that is identified by number; the prefix is optional.
fn numbered(kind: Kind, text: &str) -> Result<Reference, Problem> {
    match Reference::parse(text, kind)? {
        found @ Reference::Numbered(..) if found.kind() == Some(kind) => Ok(found),
        other => Err(other.wrong_kind(kind.article())),
    }
}

/// Parses which invitation or private link is meant: its address, or its number as `invitation:N`.
pub(super) fn invitation(text: &str) -> Result<LinkSelector, Problem> {
    if !text.starts_with("invitation:") {
        return Name::parse_email(text).map(LinkSelector::Address);
    }
    match numbered(Kind::Invitation, text)? {
        Reference::Numbered(_, number) => Ok(LinkSelector::Number(number)),
        other => Err(other.wrong_kind(Kind::Invitation.article())),
    }
}

/// Parses the name of an account; the prefix is optional.
pub(super) fn account(text: &str) -> Result<Reference, Problem> {
    name(Kind::Account, text).map(|name| Reference::Named(Kind::Account, name))
}

pub(super) fn allow_deny() -> impl TypedValueParser<Value = AllowDeny> {
    words(AllowDeny::WORDS, AllowDeny::from_name)
}

pub(super) fn org_roles() -> impl TypedValueParser<Value = Role> {
    words(Role::words(Role::ORG), |word| Role::from_name(Kind::Org, word))
}

pub(super) fn token_modes() -> impl TypedValueParser<Value = TokenMode> {
    words(TokenMode::WORDS, TokenMode::from_name)
}

/// Parses the level of a workspace member.
pub(super) fn workspace_levels() -> impl TypedValueParser<Value = Role> {
    words(Role::words(Role::WORKSPACE), |word| Role::from_name(Kind::Workspace, word))
}

/// Parses a member's own value of a workspace setting; `default` if the workspace's value applies.
pub(super) fn own_allow_deny() -> impl TypedValueParser<Value = OrWord<AllowDeny>> {
    words(SettingValue::WORDS, |word| Some(AllowDeny::from_name(word)))
}

/// A value; `None` for the word that an argument takes in place of a value. An alias, because clap reads
/// `Option<Option<_>>` as an option that can be given without a value.
pub(super) type OrWord<T> = Option<T>;

/// A parser of values that also takes a word in place of a value, such as `none`.
pub(super) fn or_word<T: 'static>(
    word: &'static str,
    parse: impl Fn(&str) -> Result<T, Problem> + Clone + Send + Sync + 'static,
) -> impl Fn(&str) -> Result<OrWord<T>, Problem> + Clone + Send + Sync + 'static {
    move |text| if text == word { Ok(None) } else { parse(text).map(Some) }
}

/// A parser of names of one kind; see [`name`].
pub(super) fn names(kind: Kind) -> impl Fn(&str) -> Result<Name, Problem> + Clone + Send + Sync + 'static {
    move |text| name(kind, text)
}

/// A parser of resources of one kind that have numbers; see [`numbered`].
pub(super) fn numbers(kind: Kind) -> impl Fn(&str) -> Result<Reference, Problem> + Clone + Send + Sync + 'static {
    move |text| numbered(kind, text)
}

/// A reference to an account, a group or a class; a bare word is an account.
pub(super) fn reference(text: &str) -> Result<Reference, Problem> {
    Reference::parse(text, Kind::Account)
}

/// As [`reference`], but also to an account that has ended.
pub(super) fn past_reference(text: &str) -> Result<PastReference, Problem> {
    PastReference::parse(text, Kind::Account)
}

/// A reference to any resource, also to one that has ended, with its kind in front.
pub(super) fn past_resource(text: &str) -> Result<PastReference, Problem> {
    PastReference::parse(text, Kind::Server)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_recognized_in_every_spelling() {
        let args = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        for yes in ["r -o json x", "r -ojson", "r --output=jsonl", "r x --output json"] {
            assert_eq!(requested_json(&args(yes)), Some(true), "{yes}");
        }
        assert_eq!(requested_json(&args("r -o table")), Some(false));
        for none in ["r json", "r -- -o json"] {
            assert_eq!(requested_json(&args(none)), None, "{none}");
        }
    }
}
