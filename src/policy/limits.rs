//! What a row that takes away demands, each demand in one place.

use super::conditions::shares_workgroup;
use super::content;
use super::facts::{Facts, Result};
use super::proof::Step;
use super::subject::{Sort, Subject};
use super::target::Target;
use crate::model::attributes::{Endpoint, Setting, Sharing, Status};
use crate::model::catalogue::Demand;
use crate::model::{Action, Kind, Role};

/// Whether a limit's demand is met, with the facts that say so either way.
pub(super) fn demand<F: Facts + ?Sized>(
    subject: &Subject<'_, F>,
    demand: Demand,
    action: Action,
    target: &Target,
) -> Result<(bool, Vec<Step>)> {
    match demand {
        Demand::RootUpload => content::root_upload(subject, action, target),
        Demand::Managed | Demand::RoleFitsKind | Demand::Shareable | Demand::SetFits => {
            fits_endpoint(subject.facts(), demand, action, target)
        }
        Demand::NotOneself => {
            let own = subject.id == target.id;
            Ok((!own, if own { vec![Step::Oneself { principal: subject.id }] } else { Vec::new() }))
        }
        // Outsiders have no settings; what they may do is decided by their link.
        Demand::Allowed(_) | Demand::AllowedOrShared(_) if subject.sort == Sort::Outsider => Ok((true, Vec::new())),
        Demand::Allowed(setting) => {
            let step = subject.setting(setting)?;
            Ok((allows(&step), vec![step]))
        }
        Demand::AllowedOrShared(setting) => shared(subject, setting, target),
        Demand::TargetActive => {
            let active = target.account().is_some_and(|account| account.status(subject.at) == Status::Active);
            let value = target.account().map_or("gone", |account| account.status(subject.at).word());
            Ok((
                active,
                if active {
                    Vec::new()
                } else {
                    vec![Step::Value { on: target.id, name: "status", value: value.to_owned() }]
                },
            ))
        }
    }
}

/// What an endpoint can hold, whoever asks: roles on managed ones only, shares as its kind allows.
fn fits_endpoint<F: Facts + ?Sized>(
    facts: &F,
    demand: Demand,
    action: Action,
    target: &Target,
) -> Result<(bool, Vec<Step>)> {
    let Some((on, endpoint)) = target.endpoint(facts)? else { return Ok((false, Vec::new())) };
    let kind = Step::Value { on, name: "kind", value: endpoint.kind.word().to_owned() };
    let sharing = endpoint.kind.sharing();
    Ok(match (demand, action) {
        (Demand::Managed, _) => {
            let step = Step::Value { on, name: "managed", value: endpoint.managed.to_string() };
            (endpoint.managed, vec![step])
        }
        (Demand::RoleFitsKind, Action::Assign(role)) => {
            let managed = Endpoint { managed: true, ..endpoint };
            let fits = managed.takes_role(role, on);
            (fits, if fits { Vec::new() } else { vec![kind] })
        }
        (Demand::Shareable, _) => {
            let is_folder = target.resource.as_ref().and_then(|it| it.as_item()).is_some_and(|it| it.is_folder());
            (sharing == Sharing::Delegated || (sharing == Sharing::Managed && is_folder), vec![kind])
        }
        (Demand::SetFits, Action::Share(set)) => {
            let version = endpoint.node_version.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
            let version = Step::Value { on, name: "node-version", value: version };
            let fits = endpoint.takes(set);
            (fits, if fits { Vec::new() } else { vec![kind, version] })
        }
        _ => (true, Vec::new()),
    })
}

fn allows(step: &Step) -> bool {
    matches!(step, Step::Setting { allowed: true, .. })
}

fn shared<F: Facts + ?Sized>(subject: &Subject<'_, F>, setting: Setting, target: &Target) -> Result<(bool, Vec<Step>)> {
    let step = subject.setting(setting)?;
    if allows(&step) {
        return Ok((true, vec![step]));
    }
    let common = match target.kind {
        Kind::Workgroup => subject.holds(Role::WorkgroupStandard, target.id)?,
        Kind::Account => shares_workgroup(subject, target.id)?,
        _ => None,
    };
    Ok(match common {
        Some(mut steps) => {
            steps.insert(0, step);
            (true, steps)
        }
        None => (false, vec![step]),
    })
}
