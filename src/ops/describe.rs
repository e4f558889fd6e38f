//! Descriptions of changes: [`describe`] turns row changes into [`Change`] values, for the output of a command, for
//! `--dry-run` and for the log alike. `change_text` writes them as text and JSON.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use serde_json::{Value, json};

pub use super::change_text::{Change, ChangeKind};
use super::{Result, Transaction};
use crate::model::attributes::Attributes;
use crate::model::reference::{ended_reference, full_reference};
use crate::model::time::time_value;
use crate::model::{Binding, Id, Kind, Resource, Role, SetNames};
use crate::policy::RowChange;

/// The lookups of a description, in the state at the time of the change; they include resources that have ended.
pub trait NameLookup {
    /// The reference of a resource, or a placeholder if the reader may not see it.
    ///
    /// # Errors
    /// When the facts cannot be read.
    fn name(&self, id: Id) -> Result<String>;

    /// The reference of one side of a binding, or a placeholder if the reader may not see it.
    ///
    /// # Errors
    /// When the facts cannot be read.
    fn participant(&self, binding: &Binding, id: Id) -> Result<String>;

    /// The reference of the resource that changed, without asking who may see it: the caller leaves out whole changes
    /// of resources that the reader may not see.
    ///
    /// # Errors
    /// When the facts cannot be read.
    fn reference(&self, id: Id) -> Result<String>;

    /// The outermost resource that a resource lies in.
    ///
    /// # Errors
    /// When the facts cannot be read.
    fn outermost(&self, id: Id) -> Result<Id>;

    /// Whether a resource has ended since the change; its reference then carries its number.
    ///
    /// # Errors
    /// When the facts cannot be read.
    fn has_ended(&self, _id: Id) -> Result<bool> {
        Ok(false)
    }
}

impl NameLookup for Transaction<'_> {
    fn name(&self, id: Id) -> Result<String> {
        Transaction::name(self, id)
    }

    fn participant(&self, binding: &Binding, id: Id) -> Result<String> {
        Transaction::participant(self, binding, id)
    }

    fn reference(&self, id: Id) -> Result<String> {
        // told: changes of what the actor may not see are taken out afterwards.
        self.internal_reference(id)
    }

    fn outermost(&self, id: Id) -> Result<Id> {
        Transaction::outermost(self, id)
    }
}

/// A lookup that caches its last answers: changes of resources with the same parent follow each other.
struct LookupCache<'l> {
    lookup: &'l dyn NameLookup,
    name: RefCell<Option<(Id, String)>>,
    reference: RefCell<Option<(Id, String)>>,
    outermost: Cell<Option<(Id, Id)>>,
}

impl NameLookup for LookupCache<'_> {
    fn name(&self, id: Id) -> Result<String> {
        if let Some((_, name)) = self.name.borrow().as_ref().filter(|(of, _)| *of == id) {
            return Ok(name.clone());
        }
        let name = self.lookup.name(id)?;
        *self.name.borrow_mut() = Some((id, name.clone()));
        Ok(name)
    }

    fn participant(&self, binding: &Binding, id: Id) -> Result<String> {
        self.lookup.participant(binding, id)
    }

    fn reference(&self, id: Id) -> Result<String> {
        if let Some((_, reference)) = self.reference.borrow().as_ref().filter(|(of, _)| *of == id) {
            return Ok(reference.clone());
        }
        // told: the change of that very thing.
        let reference = self.lookup.reference(id)?;
        *self.reference.borrow_mut() = Some((id, reference.clone()));
        Ok(reference)
    }

    fn outermost(&self, id: Id) -> Result<Id> {
        if let Some((_, outermost)) = self.outermost.get().filter(|(of, _)| *of == id) {
            return Ok(outermost);
        }
        let outermost = self.lookup.outermost(id)?;
        self.outermost.set(Some((id, outermost)));
        Ok(outermost)
    }

    fn has_ended(&self, id: Id) -> Result<bool> {
        self.lookup.has_ended(id)
    }
}

/// Describes row changes.
///
/// A change that follows from another one is part of its description: the role of an account is described with the
/// account, recipients with the package, the right of an outside submitter with the invitation.
///
/// # Errors
/// Those of the lookup.
pub fn describe(rows: &[RowChange], lookup: &dyn NameLookup) -> Result<Vec<Change>> {
    describe_rows(rows, lookup, false)
}

/// As [`describe`], but a removed resource has its last values too. The log shows them; the answer of a command does
/// not, since one removal can end very many resources.
///
/// # Errors
/// Those of the lookup.
pub fn describe_with_last_values(rows: &[RowChange], lookup: &dyn NameLookup) -> Result<Vec<Change>> {
    describe_rows(rows, lookup, true)
}

fn describe_rows(rows: &[RowChange], lookup: &dyn NameLookup, with_last_values: bool) -> Result<Vec<Change>> {
    let mut changes: Vec<Change> = Vec::with_capacity(rows.len());
    let above =
        LookupCache { lookup, name: RefCell::default(), reference: RefCell::default(), outermost: Cell::default() };
    // The indices of the changes to which others are added: roles to their accounts, external ids to what they identify.
    let mut owners: HashMap<Id, usize> = HashMap::new();
    for row in rows {
        match row {
            RowChange::Resource(before, after) if is_external_id(before.as_deref(), after.as_deref()) => {
                let sides = (before.as_deref(), after.as_deref());
                external_id(&mut changes, &mut owners, sides, &above, with_last_values)?;
            }
            RowChange::Resource(before, after) => {
                let change = match (before, after) {
                    // The values that the resource loses are those that it would have got if it had been added so.
                    (Some(last), None) if with_last_values => resource(None, Some(last), &above)?.map(Change::reversed),
                    _ => resource(before.as_deref(), after.as_deref(), &above)?,
                };
                if let Some(change) = change {
                    if after.as_ref().or(before.as_ref()).is_some_and(|any| any.kind().has_external_ids()) {
                        owners.insert(change.row, changes.len());
                    }
                    changes.push(change);
                }
            }
            RowChange::Binding(before, after) => {
                let account = after.as_ref().or(before.as_deref()).and_then(|any| owners.get(&any.principal)).copied();
                binding(&mut changes, account, (before.as_deref(), after.as_ref()), &above)?;
            }
        }
    }
    // There can be very many changes.
    changes.shrink_to_fit();
    Ok(changes)
}

fn is_external_id(before: Option<&Resource>, after: Option<&Resource>) -> bool {
    after.or(before).is_some_and(|any| any.kind() == Kind::ExternalId)
}

/// Describes the change of an external id as part of the change of what it identifies.
fn external_id(
    changes: &mut Vec<Change>,
    owners: &mut HashMap<Id, usize>,
    (before, after): (Option<&Resource>, Option<&Resource>),
    lookup: &LookupCache<'_>,
    with_last_values: bool,
) -> Result<()> {
    let Some(any) = after.or(before) else { return Ok(()) };
    let Some(of) = any.parent else { return Ok(()) };
    let index = match owners.get(&of) {
        Some(index) => *index,
        None => {
            // told: the change of that very thing.
            let reference = lookup.reference(of)?;
            changes.push(Change {
                kind: ChangeKind::Changed,
                reference,
                member: None,
                role: None,
                fields: Vec::new(),
                row: any.id,
                resource: of,
                log_scope: lookup.outermost(of)?,
            });
            owners.insert(of, changes.len() - 1);
            changes.len() - 1
        }
    };
    if let Some(change) = changes.get_mut(index)
        && (change.kind != ChangeKind::Removed || with_last_values)
    {
        change.add_external_id(&any.name, after.is_none());
    }
    Ok(())
}

/// The outermost resource that a change of a row is about, which decides who may read the change in the log; `None`
/// if the change has no description.
///
/// # Errors
/// Those of the lookup.
pub fn concerns(row: &RowChange, lookup: &dyn NameLookup) -> Result<Option<Id>> {
    match row {
        RowChange::Resource(before, after) => {
            after.as_ref().or(before.as_ref()).map_or(Ok(None), |any| resource_concerns(any, lookup))
        }
        RowChange::Binding(before, after) => {
            after.as_ref().or(before.as_deref()).map_or(Ok(None), |any| binding_concerns(any, lookup))
        }
    }
}

fn resource_concerns(any: &Resource, lookup: &dyn NameLookup) -> Result<Option<Id>> {
    match (any.kind(), any.parent) {
        (Kind::Invitee, _) => Ok(None),
        // Whoever reads the log of a resource reads which of its findings are accepted, and what reviews decide about it.
        (Kind::Acceptance, _) => {
            any.as_acceptance().map_or(Ok(Some(any.id)), |accepted| lookup.outermost(accepted.on).map(Some))
        }
        (Kind::ReviewDecision, _) => {
            any.as_decision().map_or(Ok(Some(any.id)), |decision| lookup.outermost(decision.on).map(Some))
        }
        (_, None) => Ok(Some(any.id)),
        (_, Some(parent)) => lookup.outermost(parent).map(Some),
    }
}

fn binding_concerns(any: &Binding, lookup: &dyn NameLookup) -> Result<Option<Id>> {
    if !any.role.is_described() {
        return Ok(None);
    }
    if any.resource == Id::SERVER { Ok(Some(any.principal)) } else { lookup.outermost(any.resource).map(Some) }
}

fn resource(before: Option<&Resource>, after: Option<&Resource>, lookup: &LookupCache<'_>) -> Result<Option<Change>> {
    let name = |id| lookup.name(id);
    // told: the change of that very thing.
    let own = |id| lookup.reference(id);
    let Some(any) = after.or(before) else { return Ok(None) };
    let Some(concerns) = resource_concerns(any, lookup)? else { return Ok(None) };
    // The server always exists: its first row is a change of its defaults.
    let what = if any.kind() == Kind::Server {
        ChangeKind::Changed
    } else {
        ChangeKind::of(before.is_some(), after.is_some())
    };
    let reference = match (any.kind(), any.parent) {
        (Kind::PublicLink, Some(dropbox)) => format!("the public link of {}", name(dropbox)?),
        _ => {
            // told: the change of that very thing.
            let reference = full_reference(before.unwrap_or(any), &own)?;
            if lookup.has_ended(any.id)? { ended_reference(any, reference) } else { reference }
        }
    };
    let mut fields = Vec::new();
    if let (Some(before), Some(after)) = (before, after) {
        if any.kind() == Kind::Item && (&before.name, before.parent) != (&after.name, after.parent) {
            // told: the same thing, where it is now.
            fields.push(("path", json!(reference), json!(full_reference(after, &own)?)));
        } else if before.name != after.name {
            fields.push(("name", json!(before.name), json!(after.name)));
        }
    }
    if let Some((was, is)) = hidden_fields(before, after, &name)? {
        fields.push(("files", was, is));
    }
    if let (Kind::Invitation, Some(dropbox), ChangeKind::Added) = (any.kind(), any.parent, what) {
        fields.push(("to", Value::Null, json!(name(dropbox)?)));
    }
    lying_in(&mut fields, before, after, &name)?;
    if what == ChangeKind::Added {
        of_audit(&mut fields, any, &name)?;
    }
    if let Some(package) = any.as_package() {
        let mut to = package.recipients.iter().map(|id| name(*id)).collect::<Result<Vec<_>>>()?;
        to.extend(package.external.iter().map(|address| format!("external:{address}")));
        fields.push(("from", Value::Null, json!(name(package.sender)?)));
        fields.push(("to", Value::Null, json!(to)));
    }
    if let Some(after) = after {
        // A new resource is compared with the defaults, a changed one with its earlier state.
        let was = match before {
            Some(before) => before.attributes.named_values(),
            None => Attributes::from_json(any.kind(), "{}").map(|it| it.named_values()).unwrap_or_default(),
        };
        // A kind whose values are required has no defaults.
        let was = was.into_iter().map(|(_, value)| value).chain(std::iter::repeat(Value::Null));
        for ((field, is), was) in after.attributes.named_values().into_iter().zip(was) {
            if was != is {
                fields.push((field, if what == ChangeKind::Changed { was } else { Value::Null }, is));
            }
        }
    }
    if let (Some(before), Some(after)) = (before, after) {
        fields.extend(set_names_field(&before.sets, &after.sets));
    }
    // There is room for the role of an account; there can be very many changes.
    fields.shrink_to(fields.len() + usize::from(any.kind() == Kind::Account));
    Ok(Some(Change {
        kind: what,
        reference,
        member: None,
        role: None,
        fields,
        row: any.id,
        resource: any.id,
        log_scope: concerns,
    }))
}

/// Adds what an acceptance, a review or a decision is about, and who decides.
fn of_audit(
    fields: &mut Vec<(&'static str, Value, Value)>,
    any: &Resource,
    name: &dyn Fn(Id) -> Result<String>,
) -> Result<()> {
    let mut add = |field, value: Value| fields.push((field, Value::Null, value));
    let names = |ids: &[Id]| ids.iter().map(|id| name(*id)).collect::<Result<Vec<_>>>();
    if let Some(accepted) = any.as_acceptance() {
        add("on", json!(name(accepted.on)?));
        if let Some(principal) = accepted.principal {
            add("principal", json!(name(principal)?));
        }
    }
    if let Some(review) = any.as_review() {
        for (field, ids) in [("of", &review.of), ("principals", &review.principals)] {
            if !ids.is_empty() {
                add(field, json!(names(ids)?));
            }
        }
        if let Some(reviewer) = review.reviewer {
            add("reviewer", json!(name(reviewer)?));
        }
    }
    if let (Some(decision), Some(review)) = (any.as_decision(), any.parent) {
        add("review", json!(name(review)?));
        add("on", json!(name(decision.on)?));
        add("principal", json!(name(decision.principal)?));
    }
    Ok(())
}

/// Adds the fields that are not attributes: the parent and the name of a resource of an organization, the workspaces
/// of an invitation, and whether the key of a stream changed.
fn lying_in(
    fields: &mut Vec<(&'static str, Value, Value)>,
    before: Option<&Resource>,
    after: Option<&Resource>,
    name: &dyn Fn(Id) -> Result<String>,
) -> Result<()> {
    let Some(after) = after else { return Ok(()) };
    if let (Some(Attributes::Stream(was)), Attributes::Stream(is)) =
        (before.map(|it| &it.attributes), &after.attributes)
        && was.key_hash != is.key_hash
    {
        fields.push(("stream_key", json!("old"), json!("new")));
    }
    let (None, Some(parent)) = (before, after.parent) else { return Ok(()) };
    match after.kind() {
        Kind::SigningKey => fields.push(("of", Value::Null, json!(name(parent)?))),
        Kind::AccessToken => fields.push(("workspace", Value::Null, json!(name(parent)?))),
        Kind::Media | Kind::Stream => {
            fields.push(("name", Value::Null, json!(after.name)));
            fields.push(("workspace", Value::Null, json!(name(parent)?)));
        }
        _ => {}
    }
    let workspaces = after.as_invitation().map_or(&[] as &[Id], |it| &it.workspaces);
    if !workspaces.is_empty() {
        let names = workspaces.iter().map(|id| name(*id)).collect::<Result<Vec<_>>>()?;
        fields.push(("workspaces", Value::Null, json!(names)));
    }
    Ok(())
}

/// The folder of a workspace's files before and after; `None` if it is the same.
fn hidden_fields(
    before: Option<&Resource>,
    after: Option<&Resource>,
    name: &dyn Fn(Id) -> Result<String>,
) -> Result<Option<(Value, Value)>> {
    let files = |side: Option<&Resource>| side.and_then(|it| it.as_workspace()?.files);
    let value = |folder: Option<Id>| folder.map_or(Ok(Value::Null), |id| name(id).map(|name| json!(name)));
    let (was, is) = (files(before), files(after));
    if was == is || after.is_none() { Ok(None) } else { Ok(Some((value(was)?, value(is)?))) }
}

fn binding(
    changes: &mut Vec<Change>,
    account: Option<usize>,
    (before, after): (Option<&Binding>, Option<&Binding>),
    above: &LookupCache<'_>,
) -> Result<()> {
    let Some(any) = after.or(before) else { return Ok(()) };
    let Some(concerns) = binding_concerns(any, above)? else { return Ok(()) };
    let what = ChangeKind::of(before.is_some(), after.is_some());
    let word = |binding: Option<&Binding>| binding.map_or(Value::Null, |it| json!(it.role.as_str()));
    if any.resource == Id::SERVER {
        // told: the account that has another role.
        let reference = above.lookup.reference(any.principal)?;
        let role = ("role", word(before), word(after));
        match account.and_then(|index| changes.get_mut(index)) {
            Some(account) => account.fields.insert(0, role),
            None => changes.push(Change {
                kind: ChangeKind::Changed,
                reference,
                member: None,
                role: None,
                fields: vec![role],
                row: any.id,
                resource: any.principal,
                log_scope: concerns,
            }),
        }
        return Ok(());
    }
    let mut fields = Vec::new();
    let field = if matches!(any.role.resource_kind(), Kind::Org | Kind::Endpoint) { "role" } else { "level" };
    let shows_role =
        any.role.is_level() || matches!(any.role.resource_kind(), Kind::Org | Kind::Endpoint | Kind::Workspace);
    if shows_role && before.map(|it| it.role) != after.map(|it| it.role) {
        fields.push((field, word(before), word(after)));
    }
    if any.role == Role::ItemShare {
        share_fields(&mut fields, before, after, above.lookup)?;
    }
    let switch = |side: Option<&Binding>| json!(side.and_then(|it| it.attributes.root_upload));
    if switch(before) != switch(after) {
        fields.push(("root_upload", switch(before), switch(after)));
    }
    let sides = [before, after].map(|side| side.map_or((true, None), |it| (!it.attributes.inactive, it.expires)));
    let [(was, ended), (is, ends)] = sides;
    if was != is {
        fields.push(("active", json!(was), json!(is)));
    }
    if ended != ends {
        fields.push(("expires", time_value(ended), time_value(ends)));
    }
    let ids = |side: Option<&Binding>| side.map_or(Value::Null, |it| json!(it.attributes.ids));
    let has_ids = |side: Option<&Binding>| side.is_some_and(|it| !it.attributes.ids.is_empty());
    if (has_ids(before) || has_ids(after)) && ids(before) != ids(after) {
        fields.push(("ids", ids(before), ids(after)));
    }
    if let (Some(before), Some(after)) = (before, after) {
        fields.extend(set_names_field(&before.sets, &after.sets));
    }
    fields.shrink_to_fit();
    changes.push(Change {
        kind: what,
        // told: what somebody holds something of now, or no longer.
        reference: above.reference(any.resource)?,
        member: Some(above.participant(any, any.principal)?),
        role: Some(any.role),
        fields,
        row: any.id,
        resource: any.resource,
        log_scope: concerns,
    });
    Ok(())
}

/// The field with the sets that declare a row, if they changed.
fn set_names_field(was: &SetNames, is: &SetNames) -> Option<(&'static str, Value, Value)> {
    let value = |sets: &SetNames| json!(sets.names().collect::<Vec<_>>());
    (was != is).then(|| ("sets", value(was), value(is)))
}

/// Adds the fields of a share that changed: its permissions, its label, its class and its sharer.
fn share_fields(
    fields: &mut Vec<(&'static str, Value, Value)>,
    before: Option<&Binding>,
    after: Option<&Binding>,
    lookup: &dyn NameLookup,
) -> Result<()> {
    let values = |side: Option<&Binding>| -> Result<[Value; 4]> {
        let Some(it) = side else { return Ok([const { Value::Null }; 4]) };
        let set = it.attributes.permissions;
        let by = it.grantor.map_or_else(|| Ok("operator".to_owned()), |id| lookup.participant(it, id))?;
        Ok([json!(set), json!(set.label()), json!(it.attributes.share_class()), json!(by)])
    };
    for (field, (was, is)) in
        ["permissions", "label", "class", "by"].into_iter().zip(values(before)?.into_iter().zip(values(after)?))
    {
        if was != is {
            fields.push((field, was, is));
        }
    }
    Ok(())
}
