//! The `endpoint` commands: their arguments and their output.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::args::{
    OrWord, PageArgs, ReadArgs, WriteArgs, endpoint_kinds, endpoint_roles, item, name, names, or_word, reference,
};
use super::binding_columns::BindingColumns;
use super::group::{ListArgs, NamedArgs, ShowArgs};
use super::labels::{ExternalIdOptions, IdArgs, NewIdArgs, TextArgs, ids};
use super::rename::RenameArgs;
use super::session::Session;
use super::view::ReadView;
use super::{Outcome, complete, examples};
use crate::model::attributes::{EndpointKind, NodeVersion};
use crate::model::{Binding, Id, Kind, Name, Path, Problem, ProblemKind, Reference, Resource, Role, Verb};
use crate::ops::{Actor, endpoint};
use crate::policy::{BindingQuery, Facts, Subject};
use crate::render::{Column, RenderError, hidden, key, row, shown};

#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = examples::ENDPOINT)]
pub(super) struct EndpointArgs {
    #[command(subcommand)]
    command: EndpointCommand,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum EndpointCommand {
    /// Create an endpoint; its creator administers it
    #[command(after_long_help = examples::ENDPOINT_ADD)]
    Add(AddArgs),
    /// List endpoints
    #[command(after_long_help = examples::ENDPOINT_LIST)]
    List(ListArgs),
    /// Show one endpoint
    #[command(after_long_help = examples::ENDPOINT_SHOW)]
    Show(ShowArgs),
    /// Change the definition of an endpoint; its kind never changes
    #[command(after_long_help = examples::ENDPOINT_SET)]
    Set(SetArgs),
    /// Give an endpoint another name
    #[command(after_long_help = examples::ENDPOINT_RENAME)]
    Rename(RenameArgs),
    /// Remove an endpoint with its roles, its items and their shares
    #[command(after_long_help = examples::ENDPOINT_REMOVE)]
    Remove(NamedArgs),
    /// List who holds which role, or the effective roles of one account
    #[command(after_long_help = examples::ENDPOINT_ROLES)]
    Roles(RolesArgs),
    /// Assign a role to accounts and groups
    #[command(after_long_help = examples::ENDPOINT_ADD_ROLE)]
    AddRole(AssignmentArgs),
    /// Take a role away
    #[command(after_long_help = examples::ENDPOINT_REMOVE_ROLE)]
    RemoveRole(AssignmentArgs),
}

// The settings of an endpoint.
#[derive(Args, Debug, Clone)]
struct EndpointSettingArgs<I: Args> {
    /// Show its definition only to those who hold a role on it
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    private: Option<bool>,
    /// Whether roles can be assigned on it [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    managed: Option<bool>,
    /// The version of a node's software, as in `4.4.6`; `none` if it is not known
    #[arg(long, value_name = "VERSION", value_parser = or_word("none", NodeVersion::parse))]
    node_version: Option<OrWord<NodeVersion>>,
    #[command(flatten)]
    texts: TextArgs,
    #[command(flatten)]
    ids: I,
}

impl<I: ExternalIdOptions> EndpointSettingArgs<I> {
    fn options(&self) -> endpoint::EndpointSettings {
        endpoint::EndpointSettings {
            private: self.private,
            managed: self.managed,
            node_version: self.node_version.clone(),
            labels: self.ids.with(&self.texts),
        }
    }
}

#[derive(Args, Debug)]
struct AddArgs {
    /// The endpoint's name
    #[arg(value_name = "NAME", value_parser = names(Kind::Endpoint))]
    name: Name,
    /// The kind of the endpoint; it never changes
    #[arg(long, value_name = "KIND", value_parser = endpoint_kinds())]
    kind: EndpointKind,
    /// The folder that a share opens, as `ENDPOINT:/folder`
    #[arg(long, value_name = "ITEM", value_parser = item, add = complete::items())]
    of: Option<(Name, Path)>,
    /// Another administrator besides the creator; needed without `--as` (can be repeated)
    #[arg(long = "administrator", value_name = "WHO", value_parser = reference, add = complete::members())]
    administrators: Vec<Reference>,
    #[command(flatten)]
    settings: EndpointSettingArgs<NewIdArgs>,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
struct SetArgs {
    /// The endpoint
    #[arg(value_name = "NAME", value_parser = names(Kind::Endpoint), add = complete::endpoints())]
    name: Name,
    #[command(flatten)]
    settings: EndpointSettingArgs<IdArgs>,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
struct RolesArgs {
    /// The endpoint
    #[arg(value_name = "NAME", value_parser = names(Kind::Endpoint), add = complete::endpoints())]
    name: Name,
    /// The effective roles of this account or group; `me` for one's own
    #[arg(long, value_name = "WHO", value_parser = or_word("me", reference), add = complete::members())]
    of: Option<OrWord<Reference>>,
    #[command(flatten)]
    paging: PageArgs,
    #[command(flatten)]
    reading: ReadArgs,
}

// A role, and the principals to give it to or to take it from.
#[derive(Args, Debug)]
struct AssignmentArgs {
    /// The endpoint
    #[arg(value_name = "NAME", value_parser = names(Kind::Endpoint), add = complete::endpoints())]
    name: Name,
    /// The role
    #[arg(value_name = "ROLE", value_parser = endpoint_roles())]
    role: Role,
    /// Accounts, and groups as `group:NAME` (can be repeated)
    #[arg(value_name = "WHO", value_parser = reference, required = true, add = complete::members())]
    who: Vec<Reference>,
    #[command(flatten)]
    writing: WriteArgs,
}

static COLUMNS: [Column; 11] = [
    key("ref"),
    hidden("name"),
    shown("kind"),
    shown("private"),
    shown("managed"),
    shown("node_version"),
    hidden("of"),
    hidden("display_name"),
    hidden("description"),
    hidden("ids"),
    hidden("revision"),
];

static ROLES: [Column; 7] =
    [hidden("ref"), key("principal"), key("role"), shown("by"), key("implied_by"), key("via"), hidden("revision")];

fn endpoint_row(view: &ReadView<'_>, resource: &Resource) -> Result<Map<String, Value>, RenderError> {
    let Some(it) = resource.as_endpoint() else { return Ok(Map::new()) };
    // The reader may not see the folder that a share opens.
    let of = it.of.map(|id| view.visible_name(id)).transpose()?.flatten();
    Ok(row(
        &COLUMNS,
        [
            json!(resource.reference()),
            json!(resource.name),
            json!(it.kind),
            json!(it.private),
            json!(it.managed),
            json!(it.node_version),
            json!(of),
            json!(it.display_name),
            json!(it.description),
            ids(view, resource.id)?,
            json!(resource.since),
        ],
    ))
}

impl EndpointArgs {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        match self.command {
            EndpointCommand::Add(it) => it.run(session),
            EndpointCommand::List(it) => session.read(it.reading.at.as_deref(), |session, view| {
                session.stream(&COLUMNS, &it.paging, |wants, push| {
                    view.each(Kind::Endpoint, wants.page_start(), &mut |it| push(endpoint_row(view, &it)?))
                })?;
                Ok(0)
            }),
            EndpointCommand::Show(it) => {
                let which = name(Kind::Endpoint, &it.name)?;
                session.read(it.reading.at.as_deref(), |session, view| {
                    let found = view.find(Kind::Endpoint, &which)?;
                    session.show(&COLUMNS, endpoint_row(view, &found)?)
                })
            }
            EndpointCommand::Set(it) => {
                let (which, options) = (&it.name, it.settings.options());
                session.change(&it.writing, |tx| endpoint::set(tx, which, &options))
            }
            EndpointCommand::Rename(it) => it.run(session, Kind::Endpoint),
            EndpointCommand::Remove(it) => {
                let which = name(Kind::Endpoint, &it.name)?;
                session.change(&it.writing, |tx| endpoint::remove(tx, &which))
            }
            EndpointCommand::Roles(it) => it.run(session),
            EndpointCommand::AddRole(it) => {
                let (which, who) = (&it.name, &it.who);
                session.change(&it.writing, |tx| endpoint::add_role(tx, which, it.role, who))
            }
            EndpointCommand::RemoveRole(it) => {
                let (which, who) = (&it.name, &it.who);
                session.change(&it.writing, |tx| endpoint::remove_role(tx, which, it.role, who))
            }
        }
    }
}

impl AddArgs {
    fn run(&self, session: &mut Session<'_>) -> Outcome {
        let which = &self.name;
        let new = endpoint::NewEndpoint {
            kind: self.kind,
            of: self.of.clone(),
            administrators: self.administrators.clone(),
            settings: self.settings.options(),
        };
        session.change(&self.writing, |tx| endpoint::add(tx, which, &new))
    }
}

impl RolesArgs {
    fn run(&self, session: &mut Session<'_>) -> Outcome {
        let which = &self.name;
        session.read(self.reading.at.as_deref(), |session, view| {
            let shared = BindingColumns::read(view)?;
            let rows = match &self.of {
                None => self.all(view, which)?,
                Some(None) => own_roles(view, which)?,
                Some(Some(who)) => of(view, which, who)?,
            };
            let rows = rows.into_iter().map(|(binding, mut row)| {
                shared.add(view, &binding, &mut row)?;
                Ok(row)
            });
            session.list(&shared.with(&ROLES), rows, &self.paging)
        })
    }

    /// Every assigned role, with its holder.
    fn all(&self, view: &ReadView<'_>, which: &Name) -> Result<Vec<RoleRow>, RenderError> {
        let endpoint = view.find(Kind::Endpoint, which)?;
        view.transaction()?.require_verb(Verb::ListRoles, endpoint.id)?;
        let mut rows = Vec::new();
        for role in Role::ENDPOINT {
            let mut held = Vec::new();
            for binding in view.facts.list_bindings(BindingQuery::OnAs(endpoint.id, role))? {
                let row = row(
                    &ROLES,
                    [
                        json!(endpoint.reference()),
                        json!(view.participant(&binding, binding.principal)?),
                        json!(role.as_str()),
                        json!(view.grantor(&binding)?),
                        Value::Null,
                        Value::Null,
                        json!(binding.since),
                    ],
                );
                held.push((binding, row));
            }
            held.sort_by_key(|(_, row)| row.get("principal").map(ToString::to_string));
            rows.extend(held);
        }
        Ok(rows)
    }
}

/// A row of roles, with the binding that gives the role.
type RoleRow = (Binding, Map<String, Value>);

/// The actor's own effective roles. An access manager of a private bucket may not see the bucket, but may see that
/// role.
fn own_roles(view: &ReadView<'_>, which: &Name) -> Result<Vec<RoleRow>, RenderError> {
    let Actor::Principal(actor) = view.actor else {
        return Err(Problem::usage("no_account", "the operator is not an account and holds no roles")
            .tip("--as USER, or --of USER")
            .into());
    };
    match view.find(Kind::Endpoint, which) {
        Ok(endpoint) => effective(view, &endpoint, actor),
        Err(problem) if problem.kind == ProblemKind::NotFound => {
            let hidden = view.facts.named(Kind::Endpoint, None, which.key())?;
            let rows = hidden.map_or_else(|| Ok(Vec::new()), |endpoint| effective(view, &endpoint, actor))?;
            if rows.is_empty() { Err(problem.into()) } else { Ok(rows) }
        }
        Err(problem) => Err(problem.into()),
    }
}

/// The effective roles of an account or group; those of others only for actors who may list roles.
fn of(view: &ReadView<'_>, which: &Name, who: &Reference) -> Result<Vec<RoleRow>, RenderError> {
    let (id, kind) = view.resolve(who)?;
    if !matches!(kind, Kind::Account | Kind::Group) || id <= Id::LAST_RESERVED {
        return Err(who.wrong_kind("an account or a group").into());
    }
    if view.actor == Actor::Principal(id) {
        return own_roles(view, which);
    }
    let endpoint = view.find(Kind::Endpoint, which)?;
    view.transaction()?.require_verb(Verb::ListRoles, endpoint.id)?;
    effective(view, &endpoint, id)
}

fn effective(view: &ReadView<'_>, endpoint: &Resource, who: crate::model::Id) -> Result<Vec<RoleRow>, RenderError> {
    let subject = Subject::new(&view.facts, who, view.at)?;
    let principal = view.name(who)?;
    let mut rows = Vec::new();
    for held in crate::ops::endpoint::effective_roles(&subject, endpoint)? {
        let via = held.via.iter().map(|id| view.name(*id)).collect::<Result<Vec<_>, _>>()?;
        let row = row(
            &ROLES,
            [
                json!(endpoint.reference()),
                json!(principal),
                json!(held.role.as_str()),
                json!(view.grantor(&held.binding)?),
                json!(held.implied_by.map(Role::as_str)),
                if via.is_empty() { Value::Null } else { json!(via.join(" > ")) },
                json!(held.binding.since),
            ],
        );
        rows.push((held.binding, row));
    }
    Ok(rows)
}
