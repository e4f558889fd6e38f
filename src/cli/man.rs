//! The manual: a page for each command, generated from the parser, and pages on the model and the manifest.

mod findings;
mod manifest;

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Command};

use super::session::Session;
use super::{Outcome, examples, statuses};
use crate::input::library_errors;
use crate::model::action::verbs_of;
use crate::model::catalogue::disclosure::DISCLOSURES;
use crate::model::catalogue::{COMMAND_RULES, PRESETS, denial_reasons, grants, restrictions};
use crate::model::{Kind, Problem, ProblemKind, Role};

/// The date of the release, which the pages show.
const DATE: &str = "2026-11-22";

#[derive(Args, Debug)]
#[command(after_long_help = examples::MAN)]
pub(super) struct ManArgs {
    /// The page, as in `account-add` or `model`
    #[arg(value_name = "PAGE")]
    page: Option<String>,
    /// Write every page into this folder
    #[arg(long, value_name = "DIR", conflicts_with = "page")]
    folder: Option<PathBuf>,
}

impl ManArgs {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        let pages = pages(&super::command());
        if let Some(folder) = &self.folder {
            let failed = |error: std::io::Error| {
                Problem::new(
                    ProblemKind::Input,
                    "cannot_write",
                    format!("`{}` cannot be written: {}", folder.display(), library_errors::io(&error)),
                )
            };
            std::fs::create_dir_all(folder).map_err(failed)?;
            for (name, text) in &pages {
                std::fs::write(folder.join(name), text).map_err(failed)?;
            }
            session.line(&format!("wrote {} pages into {}", pages.len(), folder.display()))?;
            return Ok(0);
        }
        let page_name = self.page.as_ref().map_or_else(
            || "rolebook".to_owned(),
            |page| format!("rolebook-{}", page.strip_prefix("rolebook-").unwrap_or(page)),
        );
        let found = pages.iter().find(|(name, _)| name.rsplit_once('.').is_some_and(|(stem, _)| stem == page_name));
        let (_, text) = found.ok_or_else(|| {
            Problem::not_found("page", self.page.as_deref().unwrap_or_default())
                .tip("rolebook man --folder DIR writes all of them")
        })?;
        session.document(text)?;
        Ok(0)
    }
}

/// Every page: its file name and its text.
fn pages(command: &Command) -> Vec<(String, String)> {
    let mut whole = command.clone();
    whole.build();
    let mut pages = Vec::new();
    collect(&whole, "rolebook", &mut pages);
    pages.push(("rolebook-model.7".to_owned(), model_page()));
    pages.push(("rolebook-manifest.5".to_owned(), manifest::page()));
    pages.push(("rolebook-findings.7".to_owned(), findings::page()));
    pages
}

fn collect(command: &Command, name: &str, pages: &mut Vec<(String, String)>) {
    pages.push((format!("{name}.1"), command_page(command, name)));
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
        collect(verb, &format!("{name}-{}", verb.get_name()), pages);
    }
}

/// Escapes a text for roff.
fn roff(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let line =
            line.trim_end().replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq").replace('`', "\\(ga");
        // Roff would take a line that begins with a full stop for a request.
        if line.starts_with('.') {
            out.push_str("\\&");
        }
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// Makes a sentence of a phrase: with a capital and a full stop.
fn sentence(phrase: &str) -> String {
    let mut letters = phrase.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

fn title(name: &str, section: u8) -> String {
    format!(
        ".TH {} {section} {DATE} \"rolebook {}\" \"rolebook manual\"\n",
        name.to_uppercase().replace('-', "\\-"),
        env!("CARGO_PKG_VERSION")
    )
}

fn paragraphs(out: &mut String, text: &str) {
    for (index, paragraph) in text.split("\n\n").enumerate() {
        if index > 0 {
            out.push_str(".PP\n");
        }
        out.push_str(&roff(paragraph));
    }
}

fn command_page(command: &Command, name: &str) -> String {
    let spoken = name.replace('-', " ");
    let mut out = title(name, 1);
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let _ = write!(out, ".SH NAME\n{} \\- {}", roff(name).trim_end(), roff(&about));
    out.push_str(".SH SYNOPSIS\n");
    out.push_str(&synopsis(command, name));
    out.push_str(".SH DESCRIPTION\n");
    let long = command.get_long_about().or_else(|| command.get_about()).map(ToString::to_string).unwrap_or_default();
    paragraphs(&mut out, &long);
    let verbs: Vec<&Command> = command.get_subcommands().filter(|verb| verb.get_name() != "help").collect();
    if !verbs.is_empty() {
        out.push_str(".SH COMMANDS\n");
        for verb in &verbs {
            let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
            let _ = write!(
                out,
                ".TP\n.BR {} (1)\n{}",
                roff(&format!("{name}-{}", verb.get_name())).trim_end(),
                roff(&about)
            );
        }
    }
    options(&mut out, command, name == "rolebook");
    common_sections(&mut out, command, name);
    if let Some(text) = command.get_after_long_help() {
        out.push_str(".SH EXAMPLES\n.nf\n");
        let text = text.to_string();
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("Examples:")).map(str::trim).collect();
        out.push_str(&roff(lines.join("\n").trim()));
        out.push_str(".fi\n");
    }
    out.push_str(".SH SEE ALSO\n");
    let mut also = vec!["rolebook(1)".to_owned(), "rolebook-model(7)".to_owned()];
    if name == "rolebook" {
        also.remove(0);
    } else if let Some((parent, _)) =
        name.rsplit_once('-').filter(|(parent, _)| *parent != "rolebook" && spoken.split(' ').count() > 2)
    {
        also.insert(0, format!("{}(1)", parent_of(name).unwrap_or(parent)));
    }
    let also: Vec<String> = also
        .iter()
        .map(|page| {
            page.split_once('(')
                .map_or_else(String::new, |(page, section)| format!(".BR {} ({section}", roff(page).trim_end()))
        })
        .collect();
    out.push_str(&also.join(" ,\n"));
    out.push('\n');
    out
}

/// The page of the noun that a verb belongs to.
fn parent_of(name: &str) -> Option<&str> {
    let noun = name.strip_prefix("rolebook-")?.split('-').next()?;
    name.get(..("rolebook-".len() + noun.len()))
}

fn synopsis(command: &Command, name: &str) -> String {
    let mut out = String::new();
    let words = command.get_bin_name().map_or_else(|| name.replace('-', " "), ToOwned::to_owned);
    let _ = write!(out, ".B {}", roff(&words));
    if command.has_subcommands() {
        out.push_str("[\\fIOPTIONS\\fR] \\fICOMMAND\\fR\n");
        return out;
    }
    out.push_str("[\\fIOPTIONS\\fR]\n");
    for argument in command.get_positionals() {
        let value = argument
            .get_value_names()
            .and_then(|names| names.first())
            .map_or_else(|| argument.get_id().to_string(), ToString::to_string);
        let many = argument.get_num_args().is_some_and(|range| range.max_values() > 1)
            || matches!(argument.get_action(), clap::ArgAction::Append);
        let dots = if many { "..." } else { "" };
        let value = roff(&value).trim_end().to_owned();
        if argument.is_required_set() {
            let _ = writeln!(out, "\\fI{value}\\fR{dots}");
        } else {
            let _ = writeln!(out, "[\\fI{value}\\fR{dots}]");
        }
    }
    out
}

/// The arguments and options of a command. Global options are described in rolebook(1) only.
fn options(out: &mut String, command: &Command, with_globals: bool) {
    let own: Vec<&clap::Arg> = command
        .get_arguments()
        .filter(|argument| {
            !argument.is_hide_set()
                && (with_globals || !argument.is_global_set())
                && !matches!(argument.get_id().as_str(), "help" | "version")
        })
        .collect();
    if own.is_empty() {
        return;
    }
    out.push_str(".SH OPTIONS\n");
    for argument in own {
        let mut names = Vec::new();
        if let Some(short) = argument.get_short() {
            names.push(format!("\\fB\\-{short}\\fR"));
        }
        if let Some(long) = argument.get_long() {
            names.push(format!("\\fB{}\\fR", roff(&format!("--{long}")).trim_end()));
        }
        let takes_value = argument.get_action().takes_values();
        let value =
            argument.get_value_names().and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default();
        let value = roff(&value).trim_end().to_owned();
        let optional = argument.get_num_args().is_some_and(|range| range.min_values() == 0) && !names.is_empty();
        let shown = match (names.is_empty(), takes_value, optional) {
            (true, ..) => format!("\\fI{value}\\fR"),
            (false, true, true) => format!("{}[=\\fI{value}\\fR]", names.join(", ")),
            (false, true, false) => format!("{} \\fI{value}\\fR", names.join(", ")),
            (false, false, _) => names.join(", "),
        };
        let help =
            argument.get_long_help().or_else(|| argument.get_help()).map(ToString::to_string).unwrap_or_default();
        let values: Vec<String> =
            argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
        let values = if values.is_empty() || !takes_value { String::new() } else { format!(": {}", values.join(", ")) };
        let _ = write!(out, ".TP\n{shown}\n{}", roff(&format!("{help}{values}")));
    }
}

fn common_sections(out: &mut String, command: &Command, name: &str) {
    out.push_str(".SH EXIT STATUS\n");
    for (status, meaning) in statuses::STATUSES {
        let meaning = match name.strip_prefix("rolebook-") {
            Some(command) => statuses::meaning(status, meaning, command),
            None => Some(statuses::meaning_to_any(status, meaning)),
        };
        if let Some(meaning) = meaning {
            let _ = write!(out, ".TP\n.B {status}\n{}", roff(&sentence(&meaning)));
        }
    }
    out.push_str(".SH ENVIRONMENT\n");
    let variables = [
        ("ROLEBOOK_STORE", "The store, unless --store names one. An empty value is an error."),
        (
            "ROLEBOOK_AS",
            "The account to act as, unless --as names one. An empty or unreadable value is an error and never means the operator.",
        ),
        ("XDG_DATA_HOME, XDG_CONFIG_HOME, HOME", "Where the store and the configuration are by default."),
        ("NO_COLOR, CLICOLOR_FORCE, TERM", "Turn colour off or on."),
    ];
    for (variable, meaning) in variables {
        let _ = write!(out, ".TP\n.B {variable}\n{}", roff(meaning));
    }
    out.push_str(".SH FILES\n");
    let mut files = vec![(
        "$XDG_DATA_HOME/rolebook/rolebook.db",
        "The store; beside it a .lock file, and -wal and -shm files while it is in use.",
    )];
    let configuration = "The configuration, in YAML: store, output, color, and smtp with host, port, tls (starttls, wrapped or none), from, user, password-file, ca-file and timeout. Also findings and conflicts, the policy of audits: see docs/guide.md.";
    files.push((
        "$XDG_CONFIG_HOME/rolebook/config.yaml",
        if command.has_subcommands() || name.contains("dropbox") {
            configuration
        } else {
            "The configuration; see rolebook(1)."
        },
    ));
    for (file, meaning) in files {
        let _ = write!(out, ".TP\n.I {}{}", roff(file), roff(meaning));
    }
}

/// rolebook-model(7): kinds, actions, roles and rules, generated from the catalogue.
fn model_page() -> String {
    let mut out = title("rolebook-model", 7);
    out.push_str(".SH NAME\nrolebook\\-model \\- what exists, and who may do what\n.SH DESCRIPTION\n");
    paragraphs(
        &mut out,
        "A resource has a kind, a name and attributes. A binding says that a principal holds a role on a resource. A revision is one change; nothing is overwritten, so every question can be asked of the past.\n\nAn action is allowed if a rule gives it and no limit takes it away. An action that no rule gives is denied. The operator, who acts without --as, is bound by invariants only.",
    );
    out.push_str(".SH REFERENCES\n");
    for (reference, meaning) in [
        ("user:NAME, or NAME", "An account; account:NAME is the same."),
        ("group:NAME", "A group of accounts and groups."),
        ("workgroup:NAME", "A workgroup, or its members as a principal."),
        ("dropbox:NAME", "A dropbox."),
        ("package:NUMBER", "A package."),
        ("endpoint:NAME", "An endpoint."),
        (
            "ENDPOINT:/path",
            "A file or folder. The path is absolute and compared byte for byte. A path that is not registered has the permissions of the nearest registered folder above it.",
        ),
        ("org:NAME", "An organization."),
        ("workspace:ORG/NAME", "A workspace of an organization."),
        ("signing-key:NUMBER, media:NUMBER, stream:NUMBER", "Belongs to an organization or a workspace."),
        ("access-token:NUMBER", "An access token, which is also a principal."),
        ("invitation:NUMBER", "A private link of a dropbox, or an invitation to an organization."),
        ("invitee:ADDRESS", "An outside submitter."),
        ("external:ADDRESS", "An address outside, as the recipient of a package."),
        ("authenticated, anyone", "Every active account; everybody."),
        ("server", "The server itself."),
    ] {
        let _ = write!(out, ".TP\n.B {}{}", roff(reference), roff(meaning));
    }
    out.push_str(".SH ACTIONS\n");
    for kind in Kind::ALL {
        let verbs: Vec<&str> = verbs_of(kind).iter().map(|verb| verb.as_str()).collect();
        if !verbs.is_empty() {
            let _ = write!(out, ".TP\n.B {}\n{}", kind.noun(), roff(&verbs.join(", ")));
        }
    }
    out.push_str(
        ".PP\nThe actions create\\-account and set\\-role take an account role as their value, set takes a setting, assign and revoke (of an endpoint) a role of the endpoint, share a set of permissions, move\\-to and copy\\-to a folder.\n.SH PERMISSIONS AND PRESETS\n",
    );
    out.push_str(
        "A share gives a set of permissions. A bare word that is both a preset and a permission means the preset.\n",
    );
    for (word, set, rule) in PRESETS {
        let _ = write!(out, ".TP\n.B {}{}", roff(word), roff(&format!("{}.\n{}", set.names().join(", "), rule.source)));
    }
    out.push_str(".SH ROLES\n");
    for role in Role::ALL {
        let implied: Vec<&str> = role.implies().iter().skip(1).map(|role| role.qualified()).collect();
        let implied = if implied.is_empty() {
            "Implies no other.".to_owned()
        } else {
            format!("Implies {}.", implied.join(", "))
        };
        let _ = write!(out, ".TP\n.B {}{}", roff(role.qualified()), roff(&implied));
    }
    out.push_str(".SH RULES THAT GIVE\n");
    for grant in grants() {
        let verbs: Vec<&str> = grant.verbs.iter().map(|verb| verb.as_str()).collect();
        let when = grant.when.map_or_else(String::new, |condition| format!(", when {}", condition.phrase()));
        let _ = write!(
            out,
            ".TP\n.B {}{}",
            roff(grant.rule.name),
            roff(&format!(
                "{}: {} on {}{when}.\n{}",
                grant.grantee.phrase(),
                verbs.join(", "),
                grant.kind.article(),
                grant.rule.source
            ))
        );
    }
    out.push_str(".SH RULES THAT TAKE AWAY\n");
    for (rule, kind, verbs) in restrictions().map(|it| (it.rule, it.kind, it.verbs)) {
        let verbs: Vec<&str> = verbs.iter().map(|verb| verb.as_str()).collect();
        let _ = write!(
            out,
            ".TP\n.B {}{}",
            roff(rule.name),
            roff(&format!("{} on {}.\n{}", verbs.join(", "), kind.article(), rule.source))
        );
    }
    out.push_str(".SH SENTENCES BEHIND REFUSALS\n");
    for denial in denial_reasons() {
        let verbs: Vec<&str> = denial.verbs.iter().map(|verb| verb.as_str()).collect();
        let when = denial.when.map_or_else(String::new, |condition| format!(", when {}", condition.phrase()));
        let _ = write!(
            out,
            ".TP\n.B {}{}",
            roff(denial.rule.name),
            roff(&format!("{} on {}{when}.\n{}", verbs.join(", "), denial.kind.article(), denial.rule.source))
        );
    }
    out.push_str(".SH RULES OF SINGLE COMMANDS\n");
    for row in COMMAND_RULES {
        let text = format!("Of {}.\n{}", row.about, row.rule.source);
        let _ = write!(out, ".TP\n.B {}{}", roff(row.rule.name), roff(&text));
    }
    out.push_str(".SH WHAT IS TOLD TO WHOM\n");
    for row in DISCLOSURES {
        let kinds = row.kinds_phrase();
        let text = format!("Of {kinds}: {}, to {}.\n{}", row.aspect.phrase(), row.audience.phrase(), row.rule.source);
        let _ = write!(out, ".TP\n.B {}{}", roff(row.rule.name), roff(&text));
    }
    out.push_str(".SH SEE ALSO\n.BR rolebook (1)\n");
    out
}
