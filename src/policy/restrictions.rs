//! Evaluation of the catalogue's [`Requirement`]s: what must hold for a limit not to take an action away.

use super::conditions::shares_workgroup;
use super::content;
use super::facts::{Facts, Result};
use super::proof::{Evidence, ProofStep};
use super::subject::{PrincipalKind, Subject};
use super::target::Target;
use crate::model::attributes::{Endpoint, Setting, Sharing, Status};
use crate::model::catalogue::Requirement;
use crate::model::{Action, Kind, Role};

/// Whether a requirement is met, with the evidence for either answer.
pub(super) fn requirement_met<F: Facts + ?Sized, E: Evidence>(
    subject: &Subject<'_, F>,
    requirement: Requirement,
    action: Action,
    target: &Target,
) -> Result<(bool, E)> {
    match requirement {
        Requirement::RootUpload => content::root_upload(subject, action, target),
        Requirement::NotRoot => {
            let beneath = match action {
                Action::OnUnregistered(_) => true,
                Action::MoveTo(to) | Action::CopyTo(to) => to.of_file,
                _ => false,
            };
            Ok((beneath || !target.is_root(subject.facts())?, E::default()))
        }
        Requirement::Managed | Requirement::RoleFitsKind | Requirement::Shareable | Requirement::SetFits => {
            fits_endpoint(subject.facts(), requirement, action, target)
        }
        Requirement::NotItself => {
            let own = subject.id == target.id;
            Ok((!own, if own { E::of(|| ProofStep::Itself { principal: subject.id }) } else { E::default() }))
        }
        // Outsiders have no settings. Their link decides what they may do.
        Requirement::Allowed(_) | Requirement::AllowedOrShared(_) | Requirement::AllowedOrSent(_)
            if subject.principal_kind == PrincipalKind::Outsider =>
        {
            Ok((true, E::default()))
        }
        Requirement::Allowed(setting) => {
            let (allowed, step) = subject.setting(setting)?;
            Ok((allowed, E::of(|| step)))
        }
        Requirement::AllowedOrShared(setting) => shared(subject, setting, target),
        // `receive` concerns received packages, not those that the account sent itself (docs/model.md#settings).
        Requirement::AllowedOrSent(setting) => {
            let (allowed, step) = subject.setting(setting)?;
            let mut evidence = E::of(|| step);
            if allowed {
                return Ok((true, evidence));
            }
            let sent: Option<E> = subject.role_evidence(Role::PackageSender, target.id)?;
            let found = sent.is_some();
            evidence.join(sent.unwrap_or_default());
            Ok((found, evidence))
        }
        Requirement::TargetActive => {
            let status = target.account().map(|account| account.status(subject.at));
            if status == Some(Status::Active) {
                return Ok((true, E::default()));
            }
            let value = status.map_or("gone", Status::as_str);
            Ok((false, E::of(|| ProofStep::Value { on: target.id, name: "status", value: value.to_owned() })))
        }
    }
}

/// Whether an endpoint can hold a role or a share at all: roles only if it is managed, shares as its kind
/// allows.
fn fits_endpoint<F: Facts + ?Sized, E: Evidence>(
    facts: &F,
    requirement: Requirement,
    action: Action,
    target: &Target,
) -> Result<(bool, E)> {
    let Some((on, endpoint)) = target.endpoint(facts)? else { return Ok((false, E::default())) };
    let kind = || ProofStep::Value { on, name: "kind", value: endpoint.kind.as_str().to_owned() };
    let sharing = endpoint.kind.sharing();
    Ok(match (requirement, action) {
        (Requirement::Managed, _) => {
            let step = || ProofStep::Value { on, name: "managed", value: endpoint.managed.to_string() };
            (endpoint.managed, E::of(step))
        }
        (Requirement::RoleFitsKind, Action::Assign(role)) => {
            let managed = Endpoint { managed: true, ..endpoint.clone() };
            let fits = managed.takes_role(role, on);
            (fits, if fits { E::default() } else { E::of(kind) })
        }
        (Requirement::Shareable, _) => {
            let is_folder = target.item().is_some_and(|it| it.is_folder());
            (sharing == Sharing::Delegated || (sharing == Sharing::Managed && is_folder), E::of(kind))
        }
        (Requirement::SetFits, Action::Share(set)) => {
            let mut against = E::default();
            let fits = endpoint.takes(set);
            if !fits {
                against.add(kind);
                against.add(|| {
                    let version = endpoint.node_version.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
                    ProofStep::Value { on, name: "node-version", value: version }
                });
            }
            (fits, against)
        }
        _ => (true, E::default()),
    })
}

fn shared<F: Facts + ?Sized, E: Evidence>(
    subject: &Subject<'_, F>,
    setting: Setting,
    target: &Target,
) -> Result<(bool, E)> {
    let (allowed, step) = subject.setting(setting)?;
    let mut evidence = E::of(|| step);
    if allowed {
        return Ok((true, evidence));
    }
    let common: Option<E> = match target.kind {
        Kind::Workgroup => subject.role_evidence(Role::WorkgroupStandard, target.id)?,
        Kind::Account => shares_workgroup(subject, target.id)?,
        _ => None,
    };
    let found = common.is_some();
    evidence.join(common.unwrap_or_default());
    Ok((found, evidence))
}
