//! Permissions on an item: the union of shares, ownership and endpoint roles on the item and every
//! folder above it (docs/model.md#items). There are no denying entries: a smaller share on a child takes nothing
//! away. [`permissions`] gives the union, [`parts`] splits moves and copies into plain questions.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::decide::{Decision, evaluate_for};
use super::facts::{Facts, Result, VisitHeld};
use super::grantees::is_grantee;
use super::proof::{Evidence, Proof, ProofStep};
use super::subject::{PrincipalKind, Subject};
use super::target::Target;
use crate::model::action::{Destination, required_permission};
use crate::model::attributes::{AllowDeny, Attributes, Item, Sharing};
use crate::model::catalogue::Grantee;
use crate::model::{Action, Id, Kind, Permission, Permissions, Role, Verb};

/// Evidence of the nearest share, of the item or of a folder above, whose permissions `fits` accepts.
pub(super) fn share<F: Facts + ?Sized, E: Evidence>(
    subject: &Subject<'_, F>,
    target: &Target,
    fits: &dyn Fn(Permissions) -> bool,
) -> Result<Option<E>> {
    if !E::RECORDS
        && let Some(at_hand) = target.packed_shares(subject.facts())
    {
        for share in &at_hand.shares {
            if fits(share.permissions) && subject.holds_share(share)? {
                return Ok(Some(E::default()));
            }
        }
        return Ok(None);
    }
    let mut found = None;
    each_share(subject, target, &mut |index, binding| {
        if !fits(binding.attributes.permissions) {
            return Ok(ControlFlow::Continue(()));
        }
        let mut steps: E = subject.share_path(index)?;
        steps.add(|| ProofStep::Share(binding.clone()));
        found = Some(steps);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}

/// Visits every effective share of the item and of the folders above that the subject holds, nearest
/// first, with the index of the principal that holds it.
fn each_share<F: Facts + ?Sized>(subject: &Subject<'_, F>, target: &Target, visit: VisitHeld<'_>) -> Result<()> {
    for (item, _) in target.items(subject.facts())? {
        if subject.shares_on(item, visit)?.is_break() {
            break;
        }
    }
    Ok(())
}

/// Evidence that the subject owns the item or a folder above.
pub(super) fn owner<F: Facts + ?Sized, E: Evidence>(subject: &Subject<'_, F>, target: &Target) -> Result<Option<E>> {
    if subject.principal_kind != PrincipalKind::Account {
        return Ok(None);
    }
    if !E::RECORDS
        && let Some(at_hand) = target.packed_shares(subject.facts())
    {
        return Ok(at_hand.owners.contains(&subject.id).then(E::default));
    }
    for (item, _) in target.items(subject.facts())? {
        if let Some(binding) = subject.facts().held(item, Role::ItemOwner, subject.id)? {
            return Ok(Some(E::of(|| ProofStep::Role(binding))));
        }
    }
    Ok(None)
}

/// Evidence that the subject holds one permission; `None` if it does not.
pub(super) fn permission_evidence<F: Facts + ?Sized, E: Evidence>(
    subject: &Subject<'_, F>,
    target: &Target,
    permission: Permission,
) -> Result<Option<E>> {
    if let Some(steps) = share(subject, target, &|set| set.has(permission))? {
        return Ok(Some(steps));
    }
    if let Some(steps) = owner(subject, target)? {
        return Ok(Some(steps));
    }
    role_evidence(subject, target)
}

/// Evidence of an endpoint role that gives every permission where sharing is managed (docs/model.md#endpoints).
fn role_evidence<F: Facts + ?Sized, E: Evidence>(subject: &Subject<'_, F>, target: &Target) -> Result<Option<E>> {
    if target.sharing(subject.facts())? != Some(Sharing::Managed) {
        return Ok(None);
    }
    is_grantee(subject, Grantee::Role(Role::AccessManager), Action::Plain(Verb::See), target)
}

/// Evidence that the subject holds every permission of a set; `None` if one is missing.
pub(super) fn holds_all<F: Facts + ?Sized, E: Evidence>(
    subject: &Subject<'_, F>,
    target: &Target,
    set: Permissions,
) -> Result<Option<E>> {
    if set.is_empty() {
        return Ok(None);
    }
    // One share with all of them is the shortest proof.
    if let Some(steps) = share(subject, target, &|held| held.contains(set))? {
        return Ok(Some(steps));
    }
    let mut all = E::default();
    for permission in set.iter() {
        let Some(steps) = permission_evidence(subject, target, permission)? else { return Ok(None) };
        all.join_new(steps);
    }
    Ok(Some(all))
}

/// The permissions of the subject on an item. An inactive account holds nothing.
///
/// # Errors
/// When the facts cannot be read.
pub fn permissions<F: Facts + ?Sized>(subject: &Subject<'_, F>, item: Id) -> Result<Permissions> {
    if subject.principal_kind == PrincipalKind::Account && !subject.is_registered() {
        return Ok(Permissions::NONE);
    }
    permissions_ignoring_status(subject, item)
}

/// As [`permissions`], but for inactive accounts too: what an account shared stays in force.
///
/// # Errors
/// When the facts cannot be read.
pub fn permissions_ignoring_status<F: Facts + ?Sized>(subject: &Subject<'_, F>, item: Id) -> Result<Permissions> {
    match Target::load(subject.facts(), item)? {
        Some(target) => permissions_ignoring_status_on(subject, &target),
        None => Ok(Permissions::NONE),
    }
}

/// Whether the subject has every permission on an item without any share: as the owner of the item or of a
/// folder above, or by a role on the endpoint.
///
/// # Errors
/// When the facts cannot be read.
pub fn has_without_share<F: Facts + ?Sized>(subject: &Subject<'_, F>, item: Id) -> Result<bool> {
    match Target::load(subject.facts(), item)? {
        Some(target) => has_without_share_on(subject, &target),
        None => Ok(false),
    }
}

fn has_without_share_on<F: Facts + ?Sized>(subject: &Subject<'_, F>, target: &Target) -> Result<bool> {
    Ok(owner::<F, ()>(subject, target)?.is_some() || role_evidence::<F, ()>(subject, target)?.is_some())
}

/// One proof for each source of the subject's permissions on an item: ownership, role, then each share, nearest
/// first.
///
/// # Errors
/// When the facts cannot be read.
pub fn permission_sources<F: Facts + ?Sized>(subject: &Subject<'_, F>, item: Id) -> Result<Vec<Proof>> {
    let mut found = Vec::new();
    if subject.principal_kind == PrincipalKind::Account && !subject.is_registered() {
        return Ok(found);
    }
    let Some(target) = Target::load(subject.facts(), item)? else { return Ok(found) };
    found.extend(owner(subject, &target)?);
    found.extend(role_evidence(subject, &target)?);
    each_share(subject, &target, &mut |index, binding| {
        let mut steps: Proof = subject.share_path(index)?;
        steps.push(ProofStep::Share(binding.clone()));
        found.push(steps);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// As [`permissions_ignoring_status`], on an item that is already loaded.
pub(super) fn permissions_ignoring_status_on<F: Facts + ?Sized>(
    subject: &Subject<'_, F>,
    target: &Target,
) -> Result<Permissions> {
    if has_without_share_on(subject, target)? {
        return Ok(Permissions::EDIT);
    }
    let mut all = Permissions::NONE;
    if let Some(at_hand) = target.packed_shares(subject.facts()) {
        for share in &at_hand.shares {
            if !all.contains(share.permissions) && subject.holds_share(share)? {
                all = all.union(share.permissions);
            }
        }
        return Ok(all);
    }
    each_share(subject, target, &mut |_, binding| {
        all = all.union(binding.attributes.permissions);
        Ok(if all == Permissions::EDIT { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(all)
}

/// The plain questions that an action on an item consists of: overwriting, copying, moving (docs/model.md#items).
///
/// # Errors
/// When the facts cannot be read.
pub fn parts<F: Facts + ?Sized>(facts: &F, action: Action, item: Id) -> Result<Vec<(Action, Id)>> {
    let plain = Action::Plain;
    Ok(match action {
        // On a folder, the question is about a file in it.
        Action::Plain(Verb::Overwrite) | Action::OnUnregistered(Verb::Overwrite) => {
            vec![(plain(Verb::Upload), item), (Action::OnUnregistered(Verb::Delete), item)]
        }
        Action::CopyTo(to) => transfer(facts, item, to)?,
        Action::MoveTo(to) => {
            let mut parts = transfer(facts, item, to)?;
            let delete = plain(Verb::Delete);
            parts.push((if to.of_file { delete.on_unregistered() } else { delete }, item));
            parts
        }
        other => vec![(other, item)],
    })
}

fn transfer<F: Facts + ?Sized>(facts: &F, item: Id, to: Destination) -> Result<Vec<(Action, Id)>> {
    let source = facts.resource(item)?;
    let is_folder = !to.of_file && source.as_ref().and_then(|it| it.as_item()).is_some_and(|it| it.is_folder());
    let has_files = !is_folder || holds_a_file(facts, item)?;
    let mut needed = vec![(Verb::Download, item)];
    if is_folder {
        needed.push((Verb::Browse, item));
        needed.push((Verb::CreateFolder, to.folder));
    }
    // A tree of folders without files needs no upload (docs/model.md#items).
    if has_files {
        needed.push((Verb::Upload, to.folder));
    }
    if let (Some(source), true, false) = (&source, to.is_registered, to.of_file)
        && let Some(replaced) = facts.named(Kind::Item, Some(to.folder), &source.key)?
        && replaced.id != item
    {
        needed.push((Verb::Delete, replaced.id));
    }
    Ok(needed.into_iter().map(|(verb, on)| (Action::Plain(verb), on)).collect())
}

/// Whether a file is registered anywhere below a folder.
fn holds_a_file<F: Facts + ?Sized>(facts: &F, folder: Id) -> Result<bool> {
    let mut open = vec![folder];
    // A draft that is not committed may have a cycle of folders.
    let mut seen: HashSet<Id> = HashSet::from([folder]);
    let mut found = false;
    while let Some(next) = open.pop() {
        facts.resources(Kind::Item, Some(next), &mut |item| {
            found = item.as_item().is_some_and(Item::is_file);
            if !found && seen.insert(item.id) {
                open.push(item.id);
            }
            Ok(if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        if found {
            break;
        }
    }
    Ok(found)
}

/// The first part of an action that the subject may not do, if the action has parts.
pub(super) fn denied_part<F: Facts + ?Sized>(
    subject: &Subject<'_, F>,
    action: Action,
    item: Id,
) -> Result<Option<(Action, Id, Decision<()>)>> {
    for (part, on) in parts(subject.facts(), action, item)? {
        if part == action {
            continue;
        }
        let decision: Decision<()> = evaluate_for(subject, part, on)?;
        if !decision.allowed {
            return Ok(Some((part, on, decision)));
        }
    }
    Ok(None)
}

/// Evidence that the subject may do each part of an action.
pub(super) fn each_part<F: Facts + ?Sized, E: Evidence>(
    subject: &Subject<'_, F>,
    action: Action,
    item: Id,
) -> Result<Option<E>> {
    let mut all = E::default();
    for (part, on) in parts(subject.facts(), action, item)? {
        let decision: Decision<E> = evaluate_for(subject, part, on)?;
        if !decision.allowed {
            return Ok(None);
        }
        all.join_new(decision.proof);
    }
    Ok(Some(all))
}

/// Whether the destination of an upload is allowed. It is not if it lies directly in the subject's own home
/// folder and root uploads are denied (docs/model.md#home-folders, `content.root-upload`).
pub(super) fn root_upload<F: Facts + ?Sized, E: Evidence>(
    subject: &Subject<'_, F>,
    action: Action,
    target: &Target,
) -> Result<(bool, E)> {
    // A copy or a move counts as an upload into its destination.
    if let Action::MoveTo(to) | Action::CopyTo(to) = action {
        return match Target::load(subject.facts(), to.folder)? {
            Some(folder) => root_upload(subject, Action::Plain(Verb::Upload), &folder),
            None => Ok((true, E::default())),
        };
    }
    let workspace = match target.kind {
        Kind::Workspace => Some(target.id),
        _ => {
            let home = target.folder_home(subject.facts())?;
            home.filter(|home| home.of == subject.id).map(|home| home.workspace)
        }
    };
    let Some(workspace) = workspace else { return Ok((true, E::default())) };
    let (mut own, mut is_member) = (None, false);
    for level in Role::WORKSPACE {
        if let Some(membership) = subject.facts().held(workspace, level, subject.id)? {
            own = membership.attributes.root_upload;
            is_member = true;
        }
    }
    // An account that has left the workspace has no home there any more, so its former home folder is an
    // ordinary folder to it.
    if !is_member && target.kind == Kind::Item {
        return Ok((true, E::default()));
    }
    let header = subject.facts().header(workspace)?;
    let general = match header.as_ref().map(|it| &*it.attributes) {
        Some(Attributes::Workspace(workspace)) => workspace.root_upload,
        _ => AllowDeny::Allow,
    };
    let switch = own.unwrap_or(general);
    let name = if own.is_some() { "root-upload of the membership" } else { "root-upload" };
    let evidence = E::of(|| ProofStep::Value { on: workspace, name, value: switch.as_str().to_owned() });
    Ok((switch == AllowDeny::Allow, evidence))
}

/// The permission that a plain action on an item needs.
pub(super) const fn action_permission(action: Action) -> Option<Permission> {
    match action {
        Action::Plain(verb) | Action::OnUnregistered(verb) => required_permission(verb),
        _ => None,
    }
}
