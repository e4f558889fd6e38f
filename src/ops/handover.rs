//! What an account that is destroyed leaves to a successor: the content it owns, the endpoints and organizations that
//! it alone administers, and the shares it made, which need a sharer who can change them (docs/model.md#accounts).

use super::{Result, Transaction, content, share};
use crate::model::catalogue::HAND_OVER;
use crate::model::{Action, Binding, Id, Problem, Resource, Role, Verb};
use crate::policy::{BindingQuery, Facts, invariants};

/// The code of the refusal to destroy an account that still owns, administers or shares something.
pub const STILL_NEEDED: &str = "still_needed";

/// Transfers everything to a successor. Without a successor, refuses while there is something to transfer. With
/// `cascade`, removes the shares that the account made, with what rests on them, and does not transfer them.
///
/// # Errors
/// A conflict that lists what there is to transfer; a denial if the actor may not give it to the successor.
pub(super) fn transfer_ownership(
    tx: &mut Transaction<'_>,
    account: &Resource,
    successor: Option<&std::rc::Rc<Resource>>,
    cascade: bool,
) -> Result<()> {
    let owned = tx.facts().list_bindings(BindingQuery::OfAs(account.id, Role::ItemOwner))?;
    let alone = administered_alone(tx, account)?;
    let Some(successor) = successor else {
        let shared = if cascade { Vec::new() } else { share::made_by(tx, account.id)? };
        if !owned.is_empty() || !alone.is_empty() || !shared.is_empty() {
            return refuse(tx, account, &owned, &alone, &shared);
        }
        return share::end_made_by(tx, account.id);
    };
    for ownership in owned {
        let endpoint = tx.outermost(ownership.resource)?;
        require(tx, Action::Plain(Verb::Edit), endpoint)?;
        tx.end_binding(ownership.id);
        content::give_to(tx, ownership.resource, Some(successor.id))?;
    }
    for role in alone {
        if role.role == Role::EndpointAdministrator {
            require(tx, Action::Assign(role.role), role.resource)?;
        } else {
            require(tx, Action::Plain(Verb::EditMember), role.resource)?;
            // A successor who is a member becomes an admin: nobody has two levels.
            for level in Role::ORG.into_iter().filter(|level| *level != role.role) {
                if let Some(held) = tx.facts().held(role.resource, level, successor.id)? {
                    tx.end_binding(held.id);
                }
            }
        }
        if tx.facts().held(role.resource, role.role, successor.id)?.is_none() {
            tx.bind(role.resource, successor.id, role.role);
        }
    }
    if cascade {
        return share::end_made_by(tx, account.id);
    }
    share::reassign(tx, account.id, successor, &|tx, action, on| require(tx, action, on))
}

/// The administrator roles of an account that no other active account has in effect.
fn administered_alone(tx: &Transaction<'_>, account: &Resource) -> Result<Vec<Binding>> {
    let mut alone = Vec::new();
    for role in [Role::EndpointAdministrator, Role::OrgAdmin] {
        for held in tx.facts().list_bindings(BindingQuery::OfAs(account.id, role))? {
            if !invariants::has_administrator(tx.facts(), held.resource, role, Some(account.id), tx.at)? {
                alone.push(held);
            }
        }
    }
    Ok(alone)
}

/// Requires an action on a resource; the denial does not name a resource that the actor may not see.
fn require(tx: &Transaction<'_>, action: Action, on: Id) -> Result<()> {
    if tx.may(action, on)? {
        return Ok(());
    }
    match tx.facts().resource(on)? {
        Some(resource) if tx.sees(&resource)? => tx.require(action, on),
        _ => {
            let message = "the account has something that you may not see and may not transfer";
            Err(Problem::denied(HAND_OVER, message).tip("the operator can"))
        }
    }
}

fn refuse(
    tx: &Transaction<'_>,
    account: &Resource,
    owned: &[Binding],
    alone: &[Binding],
    shared: &[Binding],
) -> Result<()> {
    let only_shares = owned.is_empty() && alone.is_empty();
    let mut problem = Problem::conflict(STILL_NEEDED, format!("{} cannot be destroyed yet", account.reference()))
        .why(if only_shares {
            "no share is left without its sharer"
        } else {
            "content needs an owner, and an endpoint or an organization an active administrator"
        })
        .tip(format!("rolebook account remove {} --destroy --transfer-to SOMEBODY", account.shell_name()));
    if only_shares {
        problem = problem.tip(format!(
            "or, to remove its shares: rolebook account remove {} --destroy --cascade",
            account.shell_name()
        ));
    }
    let mut unseen = 0;
    let mut shares_unseen = 0;
    for made in shared {
        match share::describe_share(tx, made)? {
            Some(line) => problem.details.push(format!("it made {line}")),
            None => shares_unseen += 1,
        }
    }
    match shares_unseen {
        0 => {}
        1 => problem.details.push("it made a share that you may not see".to_owned()),
        _ => problem.details.push(format!("it made {shares_unseen} shares that you may not see")),
    }
    for (binding, what) in owned.iter().map(|it| (it, "owns")).chain(alone.iter().map(|it| (it, "alone administers"))) {
        let resource = tx.facts().resource(binding.resource)?;
        let seen = resource.map_or(Ok(false), |resource| tx.sees(&resource))?;
        if seen {
            problem.details.push(format!("it {what} {}", tx.name(binding.resource)?));
        } else {
            unseen += 1;
        }
    }
    if unseen > 0 {
        problem.details.push("it has something that you may not see".to_owned());
    }
    Err(problem)
}
