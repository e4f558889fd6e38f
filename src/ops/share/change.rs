//! Changing, revoking and pruning shares.

use std::collections::HashSet;
use std::rc::Rc;

use super::cascade::{self, Loss};
use super::grant::{end, find_principal, on, refuse_unfit};
use crate::model::attributes::{Endpoint, Sharing};
use crate::model::catalogue::SHARER_ONLY;
use crate::model::name::quoted;
use crate::model::time::Expiry;
use crate::model::{
    Action, Binding, Id, Kind, Name, Path, Permissions, Problem, ProblemKind, Reference, Resource, Role, Verb,
};
use crate::ops::item::subtree;
use crate::ops::{Actor, Result, Work};
use crate::policy::{Facts, Select, content, sharing};

/// Which share is meant: with whom, and, where several made one, whose.
#[derive(Clone, Debug)]
pub struct Which {
    /// With whom.
    pub principal: Reference,
    /// Whose; none within for the operator's.
    pub by: Option<Option<Reference>>,
}

/// The share that is meant, if the actor may see it and may change it.
fn find<F: Facts + ?Sized>(work: &Work<'_, F>, item: &Resource, endpoint: &Endpoint, which: &Which) -> Result<Binding> {
    let principal = find_principal(work, &which.principal, endpoint)?;
    let mut shares = on(work, item.id, principal)?;
    if let Some(by) = &which.by {
        let sharer = match by {
            None => None,
            Some(Reference::Named(Kind::Account, name)) => Some(work.find(Kind::Account, name)?.id),
            Some(other) => return Err(other.wrong_kind("an account, or `operator`")),
        };
        shares.retain(|share| share.grantor == sharer);
    }
    let (path, who) = (work.name(item.id)?, work.name(principal)?);
    // What comes from a role goes with the role.
    let by_role = role_behind(work, item, endpoint, principal)?;
    let missing = || {
        let problem = Problem::not_found("share", &format!("{path} with {who}"));
        by_role
            .iter()
            .fold(problem, |problem, tip| problem.why("what it has there comes from its role").tip(tip.clone()))
    };
    let viewer = work.viewer()?;
    let Some(subject) = viewer.subject() else {
        return match shares.len() {
            0 => Err(missing()),
            1 => Ok(shares.remove(0)),
            _ => Err(several(work, &shares, &path, &who)?),
        };
    };
    let mut refusal = None;
    let mut able = Vec::new();
    for share in shares {
        let decision = sharing::may_change(subject, &share)?;
        if decision.allowed {
            able.push(share);
        } else if refusal.is_none() && sharing::may_see(subject, &share)? {
            let mut problem = Problem::new(
                ProblemKind::Denied,
                "denied",
                format!("{} may not change the share of `{path}` with {who}", work.name(subject.id)?),
            )
            .why(decision.rule.source);
            problem.rule = Some(decision.rule.name);
            problem.missing.push(format!("to be its sharer, {}", sharer(work, &share)?));
            if decision.rule == SHARER_ONLY {
                problem = problem.tip(format!("ask {}", sharer(work, &share)?));
            }
            refusal = Some(problem);
        }
    }
    // One's own first, where there is one.
    if let Some(own) = able.iter().position(|share| share.grantor == Some(subject.id)) {
        return Ok(able.swap_remove(own));
    }
    match able.len() {
        0 => Err(refusal.unwrap_or_else(missing)),
        1 => Ok(able.remove(0)),
        _ => Err(several(work, &able, &path, &who)?),
    }
}

/// The command that takes the role away from which somebody has everything on an endpoint.
fn role_behind<F: Facts + ?Sized>(
    work: &Work<'_, F>,
    item: &Resource,
    endpoint: &Endpoint,
    principal: Id,
) -> Result<Option<String>> {
    let on = work.outermost(item.id)?;
    let told = endpoint.kind.sharing() == Sharing::Managed && work.may(Action::Plain(Verb::ListRoles), on)?;
    for role in [Role::AccessManager, Role::EndpointAdministrator] {
        if told && work.facts().held(on, role, principal)?.is_some() {
            let (name, who) = (work.name(on)?, quoted(&work.name(principal)?));
            let name = name.strip_prefix("endpoint:").unwrap_or(&name).to_owned();
            return Ok(Some(format!("rolebook endpoint remove-role {} {} {who}", quoted(&name), role.word())));
        }
    }
    Ok(None)
}

fn sharer<F: Facts + ?Sized>(work: &Work<'_, F>, share: &Binding) -> Result<String> {
    share.grantor.map_or_else(|| Ok("the operator".to_owned()), |id| work.name(id))
}

fn several<F: Facts + ?Sized>(work: &Work<'_, F>, shares: &[Binding], path: &str, who: &str) -> Result<Problem> {
    let mut problem = Problem::conflict("several_shares", format!("`{path}` is shared with {who} by several"))
        .tip("say whose: --by USER, or --by operator");
    for share in shares {
        let set = share.attributes.permissions;
        problem.details.push(format!("by {}: {} ({set})", sharer(work, share)?, set.label()));
    }
    Ok(problem)
}

/// Changes what a share gives, or when it ends.
///
/// # Errors
/// A denial; a conflict for what the endpoint cannot hold, or where others' shares rest on what
/// would go, unless `cascade`.
pub fn set<F: Facts + ?Sized>(
    work: &mut Work<'_, F>,
    (endpoint, path): (&Name, &Path),
    which: &Which,
    (permissions, expires): (Option<Permissions>, Option<Expiry>),
    cascade: bool,
) -> Result<()> {
    if permissions.is_none() && expires.is_none() {
        return Err(crate::ops::nothing_to_set());
    }
    let place = crate::ops::content::registered(work, endpoint, path)?;
    let (attributes, item) = (place.endpoint()?, place.item);
    let share = find(work, &item, &attributes, which)?;
    let after = permissions.unwrap_or(share.attributes.permissions);
    refuse_unfit(work, &attributes, endpoint, after)?;
    let ends = if expires.is_some() { end(work, expires)? } else { share.expires };
    let longer = expires.is_some() && share.expires.is_some_and(|old| ends.is_none_or(|new| new > old));
    if longer || !share.attributes.permissions.contains(after) {
        require_raise(work, &share, after)?;
    }
    lower(work, &share, after, cascade)?;
    let mut changed = share;
    changed.attributes.permissions = after;
    changed.expires = ends;
    work.put_binding(changed);
    Ok(())
}

/// To raise a share is to share anew: it takes what granting takes. The operator raises another's
/// share no further than its sharer could.
fn require_raise<F: Facts + ?Sized>(work: &Work<'_, F>, share: &Binding, after: Permissions) -> Result<()> {
    if !cascade::is_delegated(work.facts(), share)? {
        return Ok(());
    }
    match (work.actor, share.grantor) {
        (Actor::Principal(_), _) => work.require(Action::Share(after), share.resource),
        (Actor::Operator, Some(sharer)) => {
            let subject = crate::policy::Subject::new(work.facts(), sharer, work.at)?;
            let held = content::entitled(&subject, share.resource)?;
            if held.contains(after) {
                return Ok(());
            }
            let (who, path) = (work.name(sharer)?, work.name(share.resource)?);
            Err(Problem::conflict("beyond_sharer", format!("{who} does not hold {} on `{path}`", after.without(held)))
                .why("nobody's share gives more than its sharer holds")
                .tip(format!("make a share of your own: rolebook share grant {} …", quoted(&path))))
        }
        (Actor::Operator, None) => Ok(()),
    }
}

/// Lowers or ends what rests on what goes, where that is asked for; else refuses, as SQL's RESTRICT.
fn lower<F: Facts + ?Sized>(work: &mut Work<'_, F>, share: &Binding, after: Permissions, cascade: bool) -> Result<()> {
    if after.contains(share.attributes.permissions) {
        return Ok(());
    }
    let losses = cascade::dependents(work, share, after)?;
    if losses.is_empty() {
        return Ok(());
    }
    if !cascade {
        return Err(refuse_dependents(work, &losses)?);
    }
    trim(work, &losses);
    Ok(())
}

/// The refusal that names what depends on a share.
pub(super) fn refuse_dependents<F: Facts + ?Sized>(work: &Work<'_, F>, losses: &[Loss]) -> Result<Problem> {
    let mut problem = Problem::conflict("dependents", format!("{} shares rest on this one", losses.len()))
        .why("whoever was given it has passed it on")
        .tip("--cascade trims or removes them as well");
    if losses.len() == 1 {
        problem.message = "another share rests on this one".to_owned();
    }
    for loss in losses {
        problem.details.push(format!(
            "{} shared {} with {}: would lose {}",
            sharer(work, &loss.share)?,
            work.name(loss.share.resource)?,
            work.name(loss.share.principal)?,
            loss.lost
        ));
    }
    Ok(problem)
}

fn trim<F: Facts + ?Sized>(work: &mut Work<'_, F>, losses: &[Loss]) {
    for loss in losses {
        let left = loss.share.attributes.permissions.without(loss.lost);
        if left.is_empty() {
            work.end_binding(loss.share.id);
        } else {
            let mut share = loss.share.clone();
            share.attributes.permissions = left;
            work.put_binding(share);
        }
    }
}

/// Revokes shares of an item.
///
/// # Errors
/// A denial; a conflict where others' shares rest on one, unless `cascade`.
pub fn revoke<F: Facts + ?Sized>(
    work: &mut Work<'_, F>,
    (endpoint, path): (&Name, &Path),
    which: &[Which],
    cascade: bool,
) -> Result<()> {
    let place = crate::ops::content::registered(work, endpoint, path)?;
    let (attributes, item) = (place.endpoint()?, place.item);
    for which in which {
        let share = find(work, &item, &attributes, which)?;
        lower(work, &share, Permissions::NONE, cascade)?;
        work.end_binding(share.id);
    }
    Ok(())
}

/// Trims delegated shares to what their sharers still hold: of an item and everything below, of all
/// for whoever administers it, of one's own for a sharer.
///
/// # Errors
/// "No such file or folder"; when the facts cannot be read.
pub fn prune<F: Facts + ?Sized>(work: &mut Work<'_, F>, endpoint: &Name, path: &Path) -> Result<()> {
    let top = crate::ops::content::registered(work, endpoint, path)?.item;
    prune_below(work, &top)
}

/// As [`prune`], of every endpoint that the actor administers or has shared something on.
///
/// # Errors
/// When the facts cannot be read.
pub fn prune_everywhere<F: Facts + ?Sized>(work: &mut Work<'_, F>) -> Result<()> {
    let mut shared_on = HashSet::new();
    if let Some(actor) = work.actor.principal() {
        for share in work.facts().list(Select::SharesBy(actor))? {
            shared_on.insert(work.outermost(share.resource)?);
        }
    }
    for endpoint in work.facts().ids(Kind::Endpoint, None)? {
        let Some(root) = work.facts().named(Kind::Item, Some(endpoint), "/")? else { continue };
        if shared_on.contains(&endpoint) || work.may(Action::Plain(Verb::AdministerShares), root.id)? {
            prune_below(work, &root)?;
        }
    }
    Ok(())
}

fn prune_below<F: Facts + ?Sized>(work: &mut Work<'_, F>, top: &Rc<Resource>) -> Result<()> {
    let all = work.may(Action::Plain(Verb::AdministerShares), top.id)?;
    let lineage = work.facts().lineage(top.id)?;
    // What a share rests on may lie outside: the whole endpoint is weighed, the part asked for trimmed.
    let root = lineage.iter().rev().nth(1).map_or_else(|| Rc::clone(top), Rc::clone);
    let (mut shares, mut inside) = (Vec::new(), HashSet::new());
    for item in subtree(work, &root)? {
        // A folder comes before what lies in it.
        if item.id == top.id || item.parent.is_some_and(|parent| inside.contains(&parent)) {
            inside.insert(item.id);
        }
        for share in work.facts().list(Select::OnAs(item.id, Role::ItemShare))? {
            if share.is_effective(work.at) && cascade::is_delegated(work.facts(), &share)? {
                shares.push(share);
            }
        }
    }
    let mut losses = cascade::unsupported(work.facts(), shares, work.at)?;
    let own = work.actor.principal();
    losses.retain(|loss| inside.contains(&loss.share.resource) && (all || loss.share.grantor == own));
    trim(work, &losses);
    Ok(())
}

/// Whether the change of a share that is known only by its rows may be made, as in undo.
///
/// # Errors
/// A denial; a conflict where others' shares rest on what would go.
pub fn authorize<F: Facts + ?Sized>(
    work: &Work<'_, F>,
    before: Option<&Binding>,
    after: Option<&Binding>,
) -> Result<bool> {
    let set = |side: Option<&Binding>| side.map_or(Permissions::NONE, |it| it.attributes.permissions);
    let Some(any) = after.or(before) else { return Ok(true) };
    let viewer = work.viewer()?;
    if let Some(subject) = viewer.subject() {
        if !sharing::may_change(subject, any)?.allowed {
            return Ok(false);
        }
        let longer = after.is_some_and(|after| before.is_none_or(|before| before.expires != after.expires));
        let raised = longer || !set(before).contains(set(after));
        let delegated = cascade::is_delegated(work.facts(), any)?;
        if raised && delegated && !work.may(Action::Share(set(after)), any.resource)? {
            return Ok(false);
        }
    }
    if let Some(before) = before
        && !set(after).contains(set(Some(before)))
    {
        let losses = cascade::dependents(work, before, set(after))?;
        if !losses.is_empty() {
            let mut problem = refuse_dependents(work, &losses)?;
            problem.tips = vec!["revoke those first".to_owned()];
            return Err(problem);
        }
    }
    Ok(true)
}
