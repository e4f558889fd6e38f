//! Evaluation of the catalogue's [`Grantee`]s: whether a subject is the one that a grant gives to.

use std::ops::ControlFlow;

use super::content;
use super::decide::{Decision, evaluate_for};
use super::facts::{BindingQuery, Facts, Result};
use super::proof::{Evidence, ProofStep};
use super::subject::Subject;
use super::target::Target;
use crate::model::attributes::{Attributes, MemberAccess, TokenMode, Workgroup};
use crate::model::catalogue::Grantee;
use crate::model::{Action, Binding, Id, Kind, Role, Verb};

/// Evidence that the subject is the grantee of a row; `None` if it is not.
pub(super) fn is_grantee<F: Facts + ?Sized, E: Evidence>(
    subject: &Subject<'_, F>,
    grantee: Grantee,
    action: Action,
    target: &Target,
) -> Result<Option<E>> {
    match grantee {
        Grantee::Role(role) => {
            let on = match role.resource_kind() {
                Kind::Server => Some(Id::SERVER),
                kind => target.ancestor_of_kind(subject.facts(), kind)?,
            };
            on.map_or(Ok(None), |on| subject.role_evidence(role, on))
        }
        Grantee::Account => Ok(is_account(subject).then(|| E::of(|| ProofStep::Account { principal: subject.id }))),
        Grantee::Itself => Ok((subject.id == target.id).then(|| E::of(|| ProofStep::Itself { principal: subject.id }))),
        Grantee::FellowMember => fellow_member(subject, target.id),
        Grantee::SomeAdmin => any_admin(subject, false),
        Grantee::GroupManager => any_admin(subject, true),
        Grantee::RecipientViewer => recipient_viewer(subject, target),
        Grantee::ShareHolder => content::share(subject, target, &|set| match content::action_permission(action) {
            Some(permission) => set.has(permission),
            // Any permission makes the item visible.
            None => !set.is_empty(),
        }),
        Grantee::Owner => content::owner(subject, target),
        Grantee::HoldsPermissions(set) => match target.kind {
            Kind::Endpoint => match root_of(subject.facts(), target.id)? {
                Some(root) => content::holds_all(subject, &root, set),
                None => Ok(None),
            },
            _ => content::holds_all(subject, target, set),
        },
        Grantee::Sharer => match action {
            Action::Share(set) => content::holds_all(subject, target, set),
            _ => Ok(None),
        },
        Grantee::AllParts => content::each_part(subject, action, target.id),
        Grantee::Token(mode) => token(subject, mode, target),
    }
}

/// Whether the subject has what every active account has.
fn is_account<F: Facts + ?Sized>(subject: &Subject<'_, F>) -> bool {
    subject.is_registered() && !subject.excludes_classes()
}

fn root_of<F: Facts + ?Sized>(facts: &F, endpoint: Id) -> Result<Option<Target>> {
    match facts.named(Kind::Item, Some(endpoint), "/")? {
        Some(root) => Target::load(facts, root.id),
        None => Ok(None),
    }
}

/// A token acts with the rights of an admin, limited to its workspace and its mode
/// (docs/model.md#keys-tokens-media-and-streams).
fn token<F: Facts + ?Sized, E: Evidence>(
    subject: &Subject<'_, F>,
    mode: TokenMode,
    target: &Target,
) -> Result<Option<E>> {
    let Some((token, workspace)) = subject.token() else { return Ok(None) };
    let (token, held) = (subject.id, token.mode);
    let strong_enough = held == mode || held == TokenMode::ReadWrite;
    let here = strong_enough && target.ancestor_of_kind(subject.facts(), Kind::Workspace)? == Some(workspace);
    Ok(here.then(|| {
        let mut steps = E::of(|| ProofStep::Token { token, workspace });
        steps.add(|| ProofStep::Value { on: token, name: "mode", value: held.as_str().to_owned() });
        steps
    }))
}

/// Evidence of a common workgroup whose `member-access` lets the subject see the other account
/// (docs/model.md#workgroups).
fn fellow_member<F: Facts + ?Sized, E: Evidence>(subject: &Subject<'_, F>, other: Id) -> Result<Option<E>> {
    let mut found = None;
    let them = Subject::new(subject.facts(), other, subject.at)?;
    subject.each_level(&Role::WORKGROUP, &mut |membership| {
        let workgroup = subject.facts().header(membership.resource)?;
        let Some(Attributes::Workgroup(Workgroup { member_access: access, .. })) =
            workgroup.as_ref().map(|it| &*it.attributes)
        else {
            return Ok(ControlFlow::Continue(()));
        };
        let level = match access {
            MemberAccess::All => Role::WorkgroupStandard,
            MemberAccess::Admins => Role::WorkgroupAdmin,
            MemberAccess::None => return Ok(ControlFlow::Continue(())),
        };
        if !them.holds(level, membership.resource)? {
            return Ok(ControlFlow::Continue(()));
        }
        let mut steps: E = subject.path_to(membership.principal)?.unwrap_or_default();
        steps.add(|| ProofStep::Role(membership.clone()));
        steps.add(|| ProofStep::Shared { workgroup: membership.resource, with: other });
        steps.add(|| ProofStep::Value {
            on: membership.resource,
            name: "member-access",
            value: access.as_str().to_owned(),
        });
        found = Some(steps);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}

/// Evidence that the subject is an admin of some workgroup or dropbox. With `managing_groups`, only those whose
/// admins manage groups count.
fn any_admin<F: Facts + ?Sized, E: Evidence>(subject: &Subject<'_, F>, managing_groups: bool) -> Result<Option<E>> {
    let mut found = None;
    subject.each_level(&[Role::WorkgroupAdmin, Role::DropboxAdmin], &mut |binding: &Binding| {
        if managing_groups {
            let header = subject.facts().header(binding.resource)?;
            let rights = match header.as_ref().map(|it| &*it.attributes) {
                Some(Attributes::Workgroup(it)) => it.admins,
                Some(Attributes::Dropbox(it)) => it.admins,
                _ => return Ok(ControlFlow::Continue(())),
            };
            if !rights.manage_groups {
                return Ok(ControlFlow::Continue(()));
            }
        }
        let mut steps = E::of(|| ProofStep::Role(binding.clone()));
        if managing_groups {
            steps.add(|| ProofStep::Value {
                on: binding.resource,
                name: "admins-manage-groups",
                value: "true".to_owned(),
            });
        }
        found = Some(steps);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}

/// Evidence that the subject may view the packages of a workgroup or dropbox that received this package.
fn recipient_viewer<F: Facts + ?Sized, E: Evidence>(subject: &Subject<'_, F>, target: &Target) -> Result<Option<E>> {
    for binding in subject.facts().list_bindings(BindingQuery::OnAs(target.id, Role::PackageRecipient))? {
        let by = binding.principal;
        let kind = subject.facts().header(by)?.map(|it| it.kind());
        if !matches!(kind, Some(Kind::Workgroup | Kind::Dropbox)) {
            continue;
        }
        let view: Decision<E> = evaluate_for(subject, Action::Plain(Verb::ViewPackages), by)?;
        if view.allowed {
            let mut steps = view.proof;
            steps.add(|| ProofStep::Received { by });
            return Ok(Some(steps));
        }
    }
    Ok(None)
}
