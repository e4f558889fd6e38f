//! The `role` commands, which show the catalogue: the same rows that the rules read.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::args::PageArgs;
use super::session::Session;
use super::{Outcome, complete, examples};
use crate::model::action::allowed_verb;
use crate::model::attributes::TokenMode;
use crate::model::catalogue::disclosure::{Audience, DISCLOSURES};
use crate::model::catalogue::{Grant, Grantee, PRESETS, grants};
use crate::model::spelling::closest_match;
use crate::model::{Kind, Permissions, Problem, Role, Verb};
use crate::render::{Column, hidden, row, shown};

#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = examples::ROLE)]
pub(super) struct RoleArgs {
    #[command(subcommand)]
    command: RoleCommand,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum RoleCommand {
    /// List every role with what it allows
    #[command(after_long_help = examples::ROLE_LIST)]
    List(ListArgs),
    /// Show one role: each action, when it is allowed, and the sentence it comes from
    #[command(after_long_help = examples::ROLE_SHOW)]
    Show(ShowArgs),
}

#[derive(Args, Debug)]
struct ListArgs {
    #[command(flatten)]
    paging: PageArgs,
}

#[derive(Args, Debug)]
struct ShowArgs {
    /// The role, as `KIND:ROLE`, or its word alone for every kind; a preset; `account` for actions that need no role
    #[arg(value_name = "ROLE", add = complete::roles())]
    role: String,
}

static COLUMNS: [Column; 7] =
    [shown("role"), shown("on"), shown("actions"), shown("discloses"), shown("when"), hidden("rule"), shown("source")];

/// The word for a grantee in the catalogue.
fn grantee_name(grantee: Grantee) -> &'static str {
    match grantee {
        Grantee::Role(role) => role.qualified(),
        Grantee::Account => "account",
        Grantee::Itself => "oneself",
        Grantee::FellowMember => "fellow-member",
        Grantee::SomeAdmin => "some-admin",
        Grantee::GroupManager => "group-manager",
        Grantee::RecipientViewer => "recipient-viewer",
        Grantee::ShareHolder => "item:share",
        Grantee::Owner => "item:owner",
        Grantee::HoldsPermissions(Permissions::EDIT) => "holds-edit",
        Grantee::HoldsPermissions(_) => "holds-view",
        Grantee::Sharer => "sharer",
        Grantee::AllParts => "each-part",
        Grantee::Token(TokenMode::Read) => "access-token:read",
        Grantee::Token(TokenMode::ReadWrite) => "access-token:read-write",
    }
}

fn grant_row(grant: &Grant) -> Map<String, Value> {
    let actions: Vec<&str> = grant.verbs.iter().map(|verb| verb.as_str()).collect();
    row(
        &COLUMNS,
        [
            json!(grantee_name(grant.grantee)),
            json!(grant.kind.noun()),
            json!(actions),
            Value::Null,
            json!(grant.when.map(|condition| condition.phrase())),
            json!(grant.rule.name),
            json!(grant.rule.source),
        ],
    )
}

/// The rows of the presets: each names a set of permissions, which are shown as actions.
fn preset_rows() -> impl Iterator<Item = Map<String, Value>> {
    PRESETS.into_iter().map(|(word, set, rule)| {
        let actions: Vec<&str> = set.iter().filter_map(allowed_verb).map(Verb::as_str).collect();
        row(
            &COLUMNS,
            [
                json!(word),
                json!(Kind::Item.noun()),
                json!(actions),
                Value::Null,
                Value::Null,
                json!(rule.name),
                json!(rule.source),
            ],
        )
    })
}

/// The audience of a disclosure as words, one for each role, with its condition.
fn audience(audience: Audience) -> Vec<(&'static str, Option<String>)> {
    match audience {
        Audience::Everybody => vec![("anyone", None)],
        Audience::Holds(roles) => roles.iter().map(|role| (role.qualified(), None)).collect(),
        Audience::SeesAbove => vec![("who-knows", Some(audience.phrase().replacen("who knows", "one knows", 1)))],
        Audience::May(_) | Audience::MayAbove(..) | Audience::MayOnServer(_) => {
            vec![("who-may", Some(audience.phrase().replacen("who may", "one may", 1)))]
        }
        Audience::Invited => vec![("link-manager", Some(audience.phrase().replacen("who manages", "one manages", 1)))],
        Audience::Reviewer => vec![("reviewer", None)],
        Audience::Party => {
            vec![("party", Some(audience.phrase().replacen("who holds it, or is", "one holds it, or is", 1)))]
        }
    }
}

/// The rows of the disclosures.
fn disclosure_rows() -> impl Iterator<Item = Map<String, Value>> {
    DISCLOSURES.iter().flat_map(|it| {
        audience(it.audience).into_iter().map(|(who, when)| {
            let discloses = json!(it.aspect.phrase());
            let (name, source) = (json!(it.rule.name), json!(it.rule.source));
            row(&COLUMNS, [json!(who), json!(it.kinds_phrase()), json!([]), discloses, json!(when), name, source])
        })
    })
}

/// All rows: the grants in order of role, then the presets, the roles that give nothing, and the disclosures.
fn all_rows() -> Vec<Map<String, Value>> {
    let order = |grant: &&Grant| match grant.grantee {
        Grantee::Role(role) => Role::ALL.iter().position(|known| *known == role).unwrap_or(usize::MAX - 1),
        _ => usize::MAX,
    };
    let mut sorted: Vec<&Grant> = grants().collect();
    sorted.sort_by_key(order);
    let mut rows: Vec<Map<String, Value>> = sorted.into_iter().map(grant_row).collect();
    rows.extend(preset_rows());
    for role in Role::ALL {
        if !grants().any(|grant| grantee_name(grant.grantee) == role.qualified()) {
            let source = "seed 000: Normal users typically do not manage other users or workgroups.";
            rows.push(row(
                &COLUMNS,
                [json!(role.qualified()), Value::Null, json!([]), Value::Null, Value::Null, Value::Null, json!(source)],
            ));
        }
    }
    rows.extend(disclosure_rows());
    rows
}

impl RoleArgs {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        match self.command {
            RoleCommand::List(it) => session.list(&COLUMNS, all_rows().into_iter().map(Ok), &it.paging),
            RoleCommand::Show(it) => {
                // `admin` alone means the admins of every kind.
                let named = |role: Role| role.qualified() == it.role || role.as_str() == it.role;
                let held: Vec<&str> = Role::ALL
                    .into_iter()
                    .filter(|role| named(*role))
                    .flat_map(|role| role.implies())
                    .map(|role| role.qualified())
                    .collect();
                let preset = format!("preset:{}", it.role);
                let speaks = |row: &Map<String, Value>| {
                    let role = row.get("role").and_then(Value::as_str).unwrap_or_default();
                    held.contains(&role) || role == it.role || role == preset
                };
                let rows: Vec<Map<String, Value>> = all_rows().into_iter().filter(speaks).collect();
                if rows.is_empty() {
                    return Err(unknown(&it.role).into());
                }
                session.list(&COLUMNS, rows.into_iter().map(Ok), &PageArgs::default())
            }
        }
    }
}

fn unknown(role: &str) -> Problem {
    let presets = PRESETS.iter().map(|(word, ..)| *word);
    let words: Vec<&str> = Role::ALL.iter().map(|role| role.qualified()).chain(presets).collect();
    let mut problem = Problem::not_found("role", role);
    if let Some(near) = closest_match(role, words.iter().copied()) {
        problem = problem.tip(format!("did you mean `{near}`?"));
    }
    problem.tip(format!("the roles are: {}", words.join(", ")))
}
