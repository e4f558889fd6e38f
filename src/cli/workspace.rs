//! The `workspace` commands: their arguments and their output.

use std::collections::HashMap;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::args::{
    OrWord, PageArgs, ReadArgs, WriteArgs, allow_deny, item, names, own_allow_deny, reference,
    workspace as workspace_name, workspace_levels,
};
use super::binding_columns::BindingColumns;
use super::labels::{ExternalIdOptions, IdArgs, NewIdArgs, TextArgs, ids};
use super::org::count;
use super::rename::RenameWorkspaceArgs;
use super::session::Session;
use super::view::ReadView;
use super::{Outcome, complete, examples};
use crate::model::attributes::{AllowDeny, Home};
use crate::model::{Id, Kind, Name, Path, Problem, Reference, Resource, Role};
use crate::ops::group;
use crate::ops::home::HomeFolder;
use crate::ops::workspace::{self, WorkspaceSettings};
use crate::ops::workspace_member::{self, WorkspaceTerms};
use crate::policy::{BindingQuery, Facts};
use crate::render::{Column, RenderError, hidden, key, row, shown};

#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = examples::WORKSPACE)]
pub(super) struct WorkspaceArgs {
    #[command(subcommand)]
    command: WorkspaceCommand,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum WorkspaceCommand {
    /// Create a workspace
    #[command(after_long_help = examples::WORKSPACE_ADD)]
    Add(ChangeArgs<NewIdArgs>),
    /// List workspaces
    #[command(after_long_help = examples::WORKSPACE_LIST)]
    List(ListArgs),
    /// Show one workspace
    #[command(after_long_help = examples::WORKSPACE_SHOW)]
    Show(NameArgs),
    /// Change a workspace: its description, the folder of its files, uploads into home folders
    ///
    /// Members edit the description, unless the server setting `members-edit-workspaces` is off. The
    /// rest is for admins.
    #[command(after_long_help = examples::WORKSPACE_SET)]
    Set(ChangeArgs<IdArgs>),
    /// Give a workspace another name
    #[command(after_long_help = examples::WORKSPACE_RENAME)]
    Rename(RenameWorkspaceArgs),
    /// Remove a workspace and everything in it except its files
    #[command(after_long_help = examples::WORKSPACE_REMOVE)]
    Remove(RemoveArgs),
    /// List the members, with their levels and home folders
    ///
    /// Lists those who were added; the admins of the organization have every workspace anyway.
    #[command(after_long_help = examples::WORKSPACE_MEMBERS)]
    Members(MembersArgs),
    /// Add members of the organization, or change their memberships
    #[command(after_long_help = examples::WORKSPACE_ADD_MEMBER)]
    AddMember(AddMemberArgs),
    /// Remove members; their home folders stay, without an owner
    #[command(after_long_help = examples::WORKSPACE_REMOVE_MEMBER)]
    RemoveMember(RemoveMemberArgs),
}

// A workspace and its settings.
#[derive(Args, Debug)]
struct ChangeArgs<I: Args> {
    /// The workspace, as `ORG/NAME`
    #[arg(value_name = "ORG/NAME", value_parser = workspace_name, add = complete::workspaces())]
    workspace: (Name, Name),
    #[command(flatten)]
    texts: TextArgs,
    /// The folder its files lie in: every member gets a home folder there
    #[arg(long, value_name = "ENDPOINT:/PATH", value_parser = item)]
    files: Option<(Name, Path)>,
    /// Whether members upload straight into their home folders [default: allow]
    #[arg(long, value_name = "ALLOW|DENY", value_parser = allow_deny())]
    root_upload: Option<AllowDeny>,
    #[command(flatten)]
    ids: I,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
struct ListArgs {
    /// Only those of this organization
    #[arg(value_name = "ORG", value_parser = names(Kind::Org), add = complete::orgs())]
    org: Option<Name>,
    #[command(flatten)]
    paging: PageArgs,
    #[command(flatten)]
    reading: ReadArgs,
}

// A workspace whose members are listed.
#[derive(Args, Debug)]
struct MembersArgs {
    #[command(flatten)]
    one: NameArgs,
    #[command(flatten)]
    paging: PageArgs,
}

// A workspace to show.
#[derive(Args, Debug)]
struct NameArgs {
    /// The workspace, as `ORG/NAME`
    #[arg(value_name = "ORG/NAME", value_parser = workspace_name, add = complete::workspaces())]
    workspace: (Name, Name),
    #[command(flatten)]
    reading: ReadArgs,
}

#[derive(Args, Debug)]
struct RemoveArgs {
    /// The workspace, as `ORG/NAME`
    #[arg(value_name = "ORG/NAME", value_parser = workspace_name, add = complete::workspaces())]
    workspace: (Name, Name),
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
struct AddMemberArgs {
    /// The workspace, as `ORG/NAME`
    #[arg(value_name = "ORG/NAME", value_parser = workspace_name, add = complete::workspaces())]
    workspace: (Name, Name),
    /// Members of the organization (can be repeated)
    #[arg(value_name = "USER", value_parser = reference, required = true, add = complete::accounts())]
    who: Vec<Reference>,
    /// The level; a manager looks after the sharing of its files [default: member]
    #[arg(long, value_name = "LEVEL", value_parser = workspace_levels())]
    level: Option<Role>,
    /// Whether they upload straight into their home folder; `default` for the workspace's setting
    #[arg(long, value_name = "SETTING", value_parser = own_allow_deny())]
    root_upload: Option<OrWord<AllowDeny>>,
    /// Their home folder, directly in the workspace's folder; `none` for no home folder [default: their name]
    #[arg(long, value_name = "ENDPOINT:/PATH|none", value_parser = HomeFolder::parse)]
    home: Option<HomeFolder>,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
struct RemoveMemberArgs {
    /// The workspace, as `ORG/NAME`
    #[arg(value_name = "ORG/NAME", value_parser = workspace_name, add = complete::workspaces())]
    workspace: (Name, Name),
    /// The members (can be repeated)
    #[arg(value_name = "USER", value_parser = reference, required = true, add = complete::accounts())]
    who: Vec<Reference>,
    #[command(flatten)]
    writing: WriteArgs,
}

impl<I: ExternalIdOptions> ChangeArgs<I> {
    fn options(&self) -> WorkspaceSettings {
        WorkspaceSettings {
            labels: self.ids.with(&self.texts),
            files: self.files.clone(),
            root_upload: self.root_upload,
        }
    }
}

static COLUMNS: [Column; 9] = [
    key("ref"),
    hidden("name"),
    hidden("display_name"),
    shown("description"),
    shown("files"),
    shown("root_upload"),
    shown("members"),
    hidden("ids"),
    hidden("revision"),
];

fn workspace_row(view: &ReadView<'_>, resource: &Resource) -> Result<Map<String, Value>, RenderError> {
    let files = resource.as_workspace().and_then(|it| it.files);
    let files = match files.map(|id| view.visible_name(id)).transpose()?.flatten() {
        // told: a reader with a home folder in the workspace may know where its files are.
        None if has_home(view, resource)? => files.map(|id| view.reference(id)).transpose()?,
        visible => visible,
    };
    let mut fields = row(
        &COLUMNS,
        [
            json!(view.name(resource.id)?),
            json!(resource.name),
            Value::Null,
            Value::Null,
            json!(files),
            Value::Null,
            json!(count(view, resource)?),
            ids(view, resource.id)?,
            json!(resource.since),
        ],
    );
    for (name, value) in resource.attributes.named_values() {
        fields.insert(name.to_owned(), value);
    }
    Ok(fields)
}

impl ListArgs {
    fn run(&self, session: &mut Session<'_>) -> Outcome {
        session.read(self.reading.at.as_deref(), |session, view| {
            let org = self.org.as_ref().map(|org| view.find(Kind::Org, org)).transpose()?.map(|org| org.id);
            session.list_sorted(&COLUMNS, &self.paging, |put| {
                for it in view.all(Kind::Workspace)? {
                    if org.is_none() || it.parent == org {
                        put(&crate::model::name::key(&view.name(it.id)?), workspace_row(view, &it)?)?;
                    }
                }
                Ok(())
            })
        })
    }
}

impl NameArgs {
    fn find(&self, view: &ReadView<'_>) -> Result<std::rc::Rc<Resource>, Problem> {
        let (org, name) = &self.workspace;
        view.find_workspace(org, name)
    }

    fn show(&self, session: &mut Session<'_>) -> Outcome {
        session.read(self.reading.at.as_deref(), |session, view| {
            let found = self.find(view)?;
            session.show(&COLUMNS, workspace_row(view, &found)?)
        })
    }

    fn members(&self, session: &mut Session<'_>, paging: &PageArgs) -> Outcome {
        const COLUMNS: [Column; 6] =
            [hidden("ref"), key("member"), shown("level"), shown("root_upload"), shown("home"), hidden("revision")];
        session.read(self.reading.at.as_deref(), |session, view| {
            let found = self.find(view)?;
            let (reference, homes) = (view.name(found.id)?, homes(view, &found)?);
            let shared = BindingColumns::read(view)?;
            session.list_sorted(&shared.with(&COLUMNS), paging, |put| {
                for level in Role::WORKSPACE {
                    for binding in view.facts.list_bindings(BindingQuery::OnAs(found.id, level))? {
                        let own = binding.attributes.root_upload.map_or("default", AllowDeny::as_str);
                        let home =
                            homes.get(&binding.principal).map(|id| view.visible_name(*id)).transpose()?.flatten();
                        let member = view.participant(&binding, binding.principal)?;
                        let values = [
                            json!(reference),
                            json!(member),
                            json!(level.as_str()),
                            json!(own),
                            json!(home),
                            json!(binding.since),
                        ];
                        let mut row = row(&COLUMNS, values);
                        shared.add(view, &binding, &mut row)?;
                        put(&crate::model::name::key(&member), row)?;
                    }
                }
                Ok(())
            })
        })
    }
}

/// Whether the reader has a home folder in a workspace.
fn has_home(view: &ReadView<'_>, workspace: &Resource) -> Result<bool, RenderError> {
    let Some(of) = view.actor.principal() else { return Ok(true) };
    let Some(files) = workspace.as_workspace().and_then(|it| it.files) else { return Ok(false) };
    Ok(view.facts.home(files, Home { workspace: workspace.id, of })?.is_some())
}

/// The home folders of a workspace, by the account that has each.
fn homes(view: &ReadView<'_>, workspace: &Resource) -> Result<HashMap<Id, Id>, RenderError> {
    let mut found = HashMap::new();
    let Some(files) = workspace.as_workspace().and_then(|it| it.files) else { return Ok(found) };
    for item in group::children(&view.transaction()?, Kind::Item, files)? {
        if let Some(home) = item.as_item().and_then(|it| it.home).filter(|home| home.workspace == workspace.id) {
            found.insert(home.of, item.id);
        }
    }
    Ok(found)
}

impl AddMemberArgs {
    fn run(&self, session: &mut Session<'_>) -> Outcome {
        let ((org, name), who) = (&self.workspace, &self.who);
        let home = self.home.clone().unwrap_or_default();
        let terms = WorkspaceTerms { level: self.level, root_upload: self.root_upload, home };
        session.change(&self.writing, |tx| workspace_member::add(tx, org, name, who, &terms))
    }
}

impl WorkspaceArgs {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        match self.command {
            WorkspaceCommand::Add(it) => {
                let ((org, name), options) = (&it.workspace, it.options());
                session.change(&it.writing, |tx| workspace::add(tx, org, name, &options))
            }
            WorkspaceCommand::List(it) => it.run(session),
            WorkspaceCommand::Show(it) => it.show(session),
            WorkspaceCommand::Set(it) => {
                let ((org, name), options) = (&it.workspace, it.options());
                session.change(&it.writing, |tx| workspace::set(tx, org, name, &options))
            }
            WorkspaceCommand::Rename(it) => it.run(session),
            WorkspaceCommand::Remove(it) => {
                let (org, name) = &it.workspace;
                session.change(&it.writing, |tx| workspace::remove(tx, org, name))
            }
            WorkspaceCommand::Members(it) => it.one.members(session, &it.paging),
            WorkspaceCommand::AddMember(it) => it.run(session),
            WorkspaceCommand::RemoveMember(it) => {
                let ((org, name), who) = (&it.workspace, &it.who);
                session.change(&it.writing, |tx| workspace_member::remove(tx, org, name, who))
            }
        }
    }
}
