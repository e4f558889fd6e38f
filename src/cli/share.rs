//! The `share` commands: their arguments and their output.

use std::collections::HashSet;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::args::{OrWord, PageArgs, ReadArgs, WriteArgs, item, or_word, past_reference, reference, share_classes};
use super::binding_columns::BindingColumns;
use super::session::{Put, Session};
use super::view::ReadView;
use super::{Outcome, complete, examples};
use crate::model::attributes::{ShareClass, Sharing};
use crate::model::reference::PastReference;
use crate::model::time::Expiry;
use crate::model::time::time_value;
use crate::model::{Binding, Id, Kind, Name, Path, Permissions, Problem, ProblemKind, Reference, Resource, Time, Verb};
use crate::ops::share::{self, NewShare, ShareSelector, Sharer};
use crate::ops::{Actor, AnyViewer};
use crate::policy::sharing::managing_roles;
use crate::policy::{BindingQuery, Facts};
use crate::render::{Column, RenderError, hidden, key, plain, row, shown};

#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = examples::SHARE)]
pub(super) struct ShareArgs {
    #[command(subcommand)]
    command: ShareCommand,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum ShareCommand {
    /// Share a file or folder
    ///
    /// On a node anybody shares what they hold, never more. On s3 and share endpoints access managers and
    /// administrators share folders, as `view` or `edit`. A path that is not registered becomes a folder.
    #[command(after_long_help = examples::SHARE_GRANT)]
    Grant(GrantArgs),
    /// Change what a share gives, or when it ends
    #[command(after_long_help = examples::SHARE_SET)]
    Set(SetArgs),
    /// Revoke shares
    #[command(after_long_help = examples::SHARE_REVOKE)]
    Revoke(RevokeArgs),
    /// List shares: those that apply to an item, or all that one may see
    ///
    /// Of an item: those that apply to it, its own and those of the folders above. Without an item: all
    /// shares that one may see.
    #[command(after_long_help = examples::SHARE_LIST)]
    List(ListArgs),
    /// Trim shares to what their sharers still hold
    ///
    /// The operator and the endpoint's administrators trim every share, anybody else only their own.
    #[command(after_long_help = examples::SHARE_PRUNE)]
    Prune(PruneArgs),
}

#[derive(Args, Debug)]
struct GrantArgs {
    /// The file or folder, as `ENDPOINT:/path`
    #[arg(value_name = "ITEM", value_parser = item, add = complete::items())]
    item: (Name, Path),
    /// Whom to share it with: accounts, `group:NAME`, `workgroup:NAME`, `authenticated`, `anyone` (can be repeated)
    #[arg(value_name = "WHO", value_parser = reference, required = true, add = complete::sharers())]
    who: Vec<Reference>,
    /// What the share gives: a preset or a list of permissions
    #[arg(long, value_name = "PERMISSION", value_parser = Permissions::parse, add = complete::permissions())]
    permission: Permissions,
    /// When it ends: a length such as `7d`, a day, a time (a day begins at 00:00 UTC) [default: never]
    #[arg(long, value_name = "WHEN", value_parser = Expiry::parse)]
    expires: Option<Expiry>,
    /// Make an admin share, as an administrator of the endpoint or a manager of the workspace
    #[arg(long)]
    admin: bool,
    /// The class of the share; only the operator may set it
    #[arg(long, value_name = "CLASS", value_parser = share_classes(), conflicts_with = "admin")]
    class: Option<ShareClass>,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
struct SetArgs {
    /// The shared file or folder, as `ENDPOINT:/path`
    #[arg(value_name = "ITEM", value_parser = item, add = complete::items())]
    item: (Name, Path),
    /// Whom it is shared with
    #[arg(value_name = "WHO", value_parser = reference, add = complete::sharers())]
    who: Reference,
    /// What the share gives from now on
    #[arg(long, value_name = "PERMISSION", value_parser = Permissions::parse, add = complete::permissions())]
    permission: Option<Permissions>,
    /// When it ends from now on: a length, a day, a time, or `never` (a day begins at 00:00 UTC)
    #[arg(long, value_name = "WHEN", value_parser = Expiry::parse)]
    expires: Option<Expiry>,
    /// Whose share, if several made one: an account, `user:NAME#ID` for one that has ended, or `operator`
    #[arg(long, value_name = "SHARER", value_parser = Sharer::parse, add = complete::accounts())]
    by: Option<Sharer>,
    /// The class of the share, if one sharer made several
    #[arg(long, value_name = "CLASS", value_parser = share_classes())]
    class: Option<ShareClass>,
    /// Also trim or remove the shares that rest on what is taken away
    #[arg(long)]
    cascade: bool,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
struct RevokeArgs {
    /// The shared file or folder, as `ENDPOINT:/path`
    #[arg(value_name = "ITEM", value_parser = item, add = complete::items())]
    item: (Name, Path),
    /// Whom it is shared with (can be repeated)
    #[arg(value_name = "WHO", value_parser = reference, required = true, add = complete::sharers())]
    who: Vec<Reference>,
    /// Whose share, if several made one: an account, `user:NAME#ID` for one that has ended, or `operator`
    #[arg(long, value_name = "SHARER", value_parser = Sharer::parse, add = complete::accounts())]
    by: Option<Sharer>,
    /// The class of the share, if one sharer made several
    #[arg(long, value_name = "CLASS", value_parser = share_classes())]
    class: Option<ShareClass>,
    /// Also trim or remove the shares that rest on these
    #[arg(long)]
    cascade: bool,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
struct ListArgs {
    /// The file or folder, as `ENDPOINT:/path` [default: everything]
    #[arg(value_name = "ITEM", value_parser = item, add = complete::items())]
    item: Option<(Name, Path)>,
    /// Only the shares of the item itself
    #[arg(long, requires = "item")]
    here: bool,
    /// Only the shares of this item and of everything below it, as `ENDPOINT:/path`
    #[arg(long, value_name = "ITEM", value_parser = item, conflicts_with = "item", add = complete::items())]
    under: Option<(Name, Path)>,
    /// Only the shares that this account made, `user:NAME#ID` for one that has ended; or `operator`
    #[arg(long, value_name = "SHARER", value_parser = or_word("operator", past_reference), add = complete::accounts())]
    by: Option<OrWord<PastReference>>,
    /// Only the shares with exactly this account, group or workgroup, with `authenticated` or with `anyone`
    #[arg(long, value_name = "WHO", value_parser = past_reference, add = complete::sharers())]
    with: Option<PastReference>,
    /// Only the shares that end within this time: a length such as `7d`, a day, a time
    #[arg(long, value_name = "WITHIN", value_parser = Expiry::parse)]
    expiring: Option<Expiry>,
    /// Include shares of the system's own classes; only for those who administer the item
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    paging: PageArgs,
    #[command(flatten)]
    reading: ReadArgs,
}

#[derive(Args, Debug)]
struct PruneArgs {
    /// The item whose shares are trimmed, with everything below it, as `ENDPOINT:/path` [default: every endpoint]
    #[arg(value_name = "ITEM", value_parser = item, add = complete::items())]
    item: Option<(Name, Path)>,
    #[command(flatten)]
    writing: WriteArgs,
}

static COLUMNS: [Column; 9] = [
    key("item"),
    key("principal"),
    hidden("permissions"),
    shown("label"),
    key("class"),
    key("by"),
    shown("expires"),
    hidden("active"),
    hidden("revision"),
];

impl ShareArgs {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        match self.command {
            ShareCommand::Grant(it) => {
                let (endpoint, path) = &it.item;
                let grant = NewShare {
                    principals: it.who,
                    permissions: it.permission,
                    expires: it.expires,
                    admin: it.admin,
                    class: it.class,
                };
                session.change(&it.writing, |tx| share::grant(tx, endpoint, path, &grant))
            }
            ShareCommand::Set(it) => {
                let (endpoint, path) = &it.item;
                let which = ShareSelector { principal: it.who, by: it.by, class: it.class };
                let permissions = it.permission;
                let after = (permissions, it.expires);
                session.change(&it.writing, |tx| share::set(tx, (endpoint, path), &which, after, it.cascade))
            }
            ShareCommand::Revoke(it) => {
                let (endpoint, path) = &it.item;
                let one = |principal| ShareSelector { principal, by: it.by.clone(), class: it.class };
                let which: Vec<ShareSelector> = it.who.iter().cloned().map(one).collect();
                session.change(&it.writing, |tx| share::revoke(tx, (endpoint, path), &which, it.cascade))
            }
            ShareCommand::List(it) => it.run(session),
            ShareCommand::Prune(it) => {
                let below = it.item.as_ref();
                session.change(&it.writing, |tx| match &below {
                    Some((endpoint, path)) => share::prune(tx, endpoint, path),
                    None => share::prune_everywhere(tx),
                })
            }
        }
    }
}

impl ListArgs {
    fn run(&self, session: &mut Session<'_>) -> Outcome {
        let item = self.item.as_ref();
        let under = self.under.as_ref();
        session.read(self.reading.at.as_deref(), |session, view| {
            let filter = ShareFilter::new(self, view)?;
            let columns = BindingColumns::read(view)?.with(&COLUMNS);
            session.list_sorted(&columns, &self.paging, |put| match &item {
                Some((endpoint, path)) => self.of_path(view, &filter, (endpoint, path), put),
                None => everywhere(view, &filter, under, put),
            })
        })
    }

    /// Lists the shares that apply to a path.
    fn of_path(
        &self,
        view: &ReadView<'_>,
        filter: &ShareFilter,
        (endpoint, path): (&Name, &Path),
        put: Put<'_>,
    ) -> Result<(), RenderError> {
        let resolved = match view.find_item(endpoint, path) {
            // A sharer who has lost access may still revoke their share.
            Err(problem) if problem.kind == ProblemKind::NotFound => {
                share::own_share_at(&view.transaction()?, endpoint, path)?.ok_or(problem)?
            }
            found => found?,
        };
        if self.all && view.actor != Actor::Operator {
            view.transaction()?.require_verb(Verb::AdministerShares, resolved.nearest.id)?;
        }
        let ancestors = view.facts.ancestors(resolved.nearest.id)?;
        let (viewer, shared) = (view.viewer()?, BindingColumns::read(view)?);
        for (up, above) in ancestors.iter().filter(|above| above.kind() == Kind::Item).enumerate() {
            // A path that is not registered has no shares of its own.
            if self.here && (above.id != resolved.nearest.id || !resolved.missing.is_empty()) {
                break;
            }
            self.of_item(view, (&viewer, &shared), (up, above), filter, put)?;
        }
        if let Some(endpoint) = ancestors.last() {
            let root_too = !self.here || (resolved.nearest.is_root() && resolved.missing.is_empty());
            if root_too && filter.is_everything() {
                implicit(view, (&viewer, &shared), endpoint, &resolved.nearest, put)?;
            }
        }
        Ok(())
    }

    /// Lists the owner and the shares of one item, `up` levels above the path, as far as the reader may see them.
    fn of_item(
        &self,
        view: &ReadView<'_>,
        (viewer, shared): (&AnyViewer<'_>, &BindingColumns<'_>),
        (up, resource): (usize, &Resource),
        filter: &ShareFilter,
        put: Put<'_>,
    ) -> Result<(), RenderError> {
        for ownership in view.facts.list_bindings(BindingQuery::owner_of(resource.id))? {
            if filter.is_everything() && viewer.sees_binding(&ownership)? {
                let row = share_row(view, shared, resource.id, &ownership, Permissions::EDIT, "owner")?;
                put(&format!("{up:08} owners"), row)?;
            }
        }
        for share in view.facts.list_bindings(BindingQuery::shares_of(resource.id))? {
            if filter.matches(&share) && viewer.sees_share_in_list(&share, self.all)? {
                let (set, class) = (share.attributes.permissions, share.attributes.share_class());
                let row = share_row(view, shared, resource.id, &share, set, class.as_str())?;
                put(&format!("{up:08} shares\0{}", texts(&row, &["principal", "by"])), row)?;
            }
        }
        Ok(())
    }
}

/// Selects the shares to list.
struct ShareFilter {
    all: bool,
    by: Option<Option<Id>>,
    with: Option<Id>,
    /// The span in which the shares end: from now to the given time.
    ending: Option<(Time, Time)>,
}

impl ShareFilter {
    fn new(list: &ListArgs, view: &ReadView<'_>) -> Result<ShareFilter, RenderError> {
        let resolve = |reference: &PastReference| view.resolve_named_in_shares(reference);
        let by = list.by.as_ref().map(|by| by.as_ref().map(resolve).transpose()).transpose()?;
        let with = list.with.as_ref().map(resolve).transpose()?;
        let ending = match list.expiring {
            None => None,
            Some(within) => match within.resolve_at(view.at) {
                Some(end) => Some((view.at, end)),
                None => return Err(Problem::usage("bad_time", "invalid value `never`, expected a day or time").into()),
            },
        };
        Ok(ShareFilter { all: list.all, by, with, ending })
    }

    /// Whether no share is left out: then owners and roles are listed too.
    const fn is_everything(&self) -> bool {
        self.by.is_none() && self.with.is_none() && self.ending.is_none()
    }

    fn matches(&self, share: &Binding) -> bool {
        let ends = |(now, end): (Time, Time)| share.expires.is_some_and(|at| now < at && at <= end);
        self.by.is_none_or(|by| share.grantor == by)
            && self.with.is_none_or(|with| share.principal == with)
            && self.ending.is_none_or(ends)
    }
}

/// Some columns of a row as one text, which sorts by them.
fn texts(row: &Map<String, Value>, columns: &[&str]) -> String {
    columns.iter().map(|name| row.get(*name).map(plain).unwrap_or_default()).collect::<Vec<_>>().join("\0")
}

/// Lists every share that the reader may see, of everything or of an item and what is below it.
fn everywhere(
    view: &ReadView<'_>,
    filter: &ShareFilter,
    under: Option<&(Name, Path)>,
    put: Put<'_>,
) -> Result<(), RenderError> {
    let top = match under {
        None => None,
        Some((endpoint, path)) => {
            let found = view.find_item(endpoint, path);
            let resolved = match found {
                Err(problem) if problem.kind == ProblemKind::NotFound => {
                    share::own_share_at(&view.transaction()?, endpoint, path)?.ok_or(problem)?
                }
                found => found?,
            };
            // A path that is not registered has nothing below it.
            if !resolved.missing.is_empty() {
                return Ok(());
            }
            Some(resolved.nearest.id)
        }
    };
    let view = view.in_memory()?;
    let (viewer, shared) = (view.viewer()?, BindingColumns::read(&view)?);
    let mut keep = |share: Binding| -> Result<(), RenderError> {
        let class = share.attributes.share_class();
        if !filter.matches(&share) || !viewer.sees_share_in_list(&share, filter.all)? {
            return Ok(());
        }
        if let Some(top) = top
            && !view.facts.ancestors(share.resource)?.iter().any(|above| above.id == top)
        {
            return Ok(());
        }
        let set = share.attributes.permissions;
        let row = share_row(&view, &shared, share.resource, &share, set, class.as_str())?;
        put(&texts(&row, &["item", "principal", "by", "class"]), row)
    };
    match (filter.with, filter.by) {
        (Some(with), _) => {
            view.facts.list_bindings(BindingQuery::shares_with(with))?.into_iter().try_for_each(&mut keep)?;
        }
        (None, Some(Some(by))) => {
            view.facts.list_bindings(BindingQuery::SharesBy(by))?.into_iter().try_for_each(&mut keep)?
        }
        (None, _) => {
            let mut open = match top {
                Some(top) => vec![top],
                None => {
                    let mut roots = Vec::new();
                    for endpoint in view.facts.ids(Kind::Endpoint, None)? {
                        roots.extend(view.facts.ids(Kind::Item, Some(endpoint))?);
                    }
                    roots
                }
            };
            while let Some(item) = open.pop() {
                view.facts.list_bindings(BindingQuery::shares_of(item))?.into_iter().try_for_each(&mut keep)?;
                open.extend(view.facts.ids(Kind::Item, Some(item))?);
            }
        }
    }
    Ok(())
}

/// On managed endpoints, also lists who reads and writes everything by a role (docs/model.md#managed-sharing).
fn implicit(
    view: &ReadView<'_>,
    (viewer, shared): (&AnyViewer<'_>, &BindingColumns<'_>),
    endpoint: &Resource,
    asked: &Resource,
    put: Put<'_>,
) -> Result<(), RenderError> {
    let managed = endpoint.as_endpoint().is_some_and(|it| it.kind.sharing() == Sharing::Managed);
    if !managed || !viewer.may(Verb::ViewShares, asked.id)? {
        return Ok(());
    }
    let Some(root) = view.facts.named(Kind::Item, Some(endpoint.id), "/")? else { return Ok(()) };
    let mut seen: HashSet<Id> = HashSet::new();
    for role in managing_roles().iter().rev() {
        for binding in view.facts.list_bindings(BindingQuery::OnAs(endpoint.id, *role))? {
            if seen.insert(binding.principal) {
                let mut row = share_row(view, shared, root.id, &binding, Permissions::EDIT, "role")?;
                // told: a reader who may list the shares sees who has access by a role (`content.shares-listed`).
                row.insert("principal".to_owned(), json!(view.reference(binding.principal)?));
                put("roles", row)?;
            }
        }
    }
    Ok(())
}

fn share_row<F: Facts>(
    view: &ReadView<'_, F>,
    shared: &BindingColumns<'_>,
    on: Id,
    binding: &Binding,
    set: Permissions,
    class: &str,
) -> Result<Map<String, Value>, Problem> {
    let mut row = row(
        &COLUMNS,
        [
            json!(view.participant(binding, on)?),
            json!(view.participant(binding, binding.principal)?),
            json!(set),
            json!(set.label()),
            json!(class),
            json!(view.grantor(binding)?),
            time_value(binding.expires),
            json!(binding.is_effective(view.at)),
            json!(binding.since),
        ],
    );
    shared.add(view, binding, &mut row)?;
    Ok(row)
}
