//! Changing, revoking and pruning shares. Lowering a share is refused while other shares rest on it, unless the
//! request cascades; `cascade` finds those shares.

use std::collections::HashSet;
use std::rc::Rc;

use super::cascade::{self, Loss};
use super::grant::{cap_end, end, find_principal, on, refuse_unfit};
use crate::model::attributes::{Endpoint, ShareClass, Sharing};
use crate::model::catalogue::SHARER_ONLY;
use crate::model::name::{key, shell_quote};
use crate::model::reference::PastReference;
use crate::model::time::Expiry;
use crate::model::{
    Action, Binding, Id, Kind, Name, Path, Permissions, Problem, ProblemKind, Reference, Resource, Role, Time, Verb,
};
use crate::ops::content::registered;
use crate::ops::item::subtree;
use crate::ops::{Actor, ResolvedPath, Result, Transaction};
use crate::policy::sharing::managing_roles;
use crate::policy::{BindingQuery, Facts, content, sharing};

/// Selects a share of an item, by its principal, and if there are several, by sharer and class.
#[derive(Clone, Debug)]
pub struct ShareSelector {
    /// The principal that the item is shared with.
    pub principal: Reference,
    /// The sharer; `None` for any.
    pub by: Option<Sharer>,
    /// The class of the share; `None` for any.
    pub class: Option<ShareClass>,
}

/// The maker of a share.
#[derive(Clone, Debug)]
pub enum Sharer {
    /// The operator.
    Operator,
    /// An account, which may have ended.
    Account(PastReference),
}

impl Sharer {
    /// Reads `operator`, an account, or an account that has ended: `user:pi#18`.
    ///
    /// # Errors
    /// As [`Reference::parse`].
    pub fn parse(text: &str) -> Result<Sharer> {
        match text {
            "operator" => Ok(Sharer::Operator),
            _ => PastReference::parse(text, Kind::Account).map(Sharer::Account),
        }
    }

    /// The id of the account; `None` for the operator. Also finds an account that the actor may not see, if it made
    /// one of `shares`, which the actor may see.
    ///
    /// # Errors
    /// As [`Transaction::find`]; a conflict for a reference that is not an account.
    pub fn id(&self, tx: &Transaction<'_>, shares: &[Binding]) -> Result<Option<Id>> {
        match self {
            Sharer::Operator => Ok(None),
            Sharer::Account(PastReference::Existing(reference @ Reference::Named(Kind::Account, _))) => {
                let listed = |id: Id| Ok(shares.iter().any(|share| share.grantor == Some(id)));
                tx.find_listed(reference, &[Kind::Account], &listed).map(|found| Some(found.id))
            }
            Sharer::Account(PastReference::Existing(other)) => Err(other.wrong_kind("an account, or `operator`")),
            // An older store can have an account whose name looks like such a reference.
            Sharer::Account(PastReference::Ended(ended)) => {
                let name = format!("{}#{}", ended.name, ended.id);
                let existing = tx.facts().named(Kind::Account, None, &key(&name))?;
                Ok(Some(existing.map_or(ended.id, |known| known.id)))
            }
        }
    }
}

/// The selected share, if the actor may see it and may change it.
fn find(tx: &Transaction<'_>, item: &Resource, endpoint: &Endpoint, which: &ShareSelector) -> Result<Binding> {
    let principal = find_holder(tx, item, &which.principal, endpoint)?;
    let mut shares = on(tx, item.id, principal)?;
    let viewer = tx.viewer()?;
    if let Some(by) = &which.by {
        let mut seen = Vec::new();
        for share in &shares {
            if viewer.subject().map_or(Ok(true), |subject| sharing::may_see(subject, share))? {
                seen.push(share.clone());
            }
        }
        let sharer = by.id(tx, &seen)?;
        shares.retain(|share| share.grantor == sharer);
    }
    if let Some(class) = which.class {
        shares.retain(|share| share.attributes.share_class() == class);
    }
    let (path, who) = (tx.name(item.id)?, tx.name(principal)?);
    // Permissions that come from a role cannot be revoked as a share; the problem suggests to revoke the role.
    let by_role = role_behind(tx, item, endpoint, principal)?;
    let missing = || {
        let problem = Problem::not_found("share", &format!("{path} with {who}"));
        by_role
            .iter()
            .fold(problem, |problem, tip| problem.why("its permissions there come from its role").tip(tip.clone()))
    };
    let Some(subject) = viewer.subject() else {
        return match shares.len() {
            0 => Err(missing()),
            1 => Ok(shares.remove(0)),
            _ => Err(ambiguous(tx, &shares, &path, &who)?),
        };
    };
    let mut refusal = None;
    let mut able = Vec::new();
    for share in shares {
        let decision = sharing::may_change(subject, &share)?;
        if decision.allowed {
            able.push(share);
        } else if refusal.is_none() && sharing::may_see(subject, &share)? {
            let message = format!("{} may not change the share of `{path}` with {who}", tx.name(subject.id)?);
            let mut problem = Problem::denied(decision.rule, message);
            problem.missing.push(format!("to be its sharer, {}", sharer(tx, &share)?));
            if decision.rule == SHARER_ONLY {
                problem = problem.tip(format!("ask {}", sharer(tx, &share)?));
            }
            refusal = Some(problem);
        }
    }
    // The actor's own share takes precedence.
    if able.iter().any(|share| share.grantor == Some(subject.id)) {
        able.retain(|share| share.grantor == Some(subject.id));
    }
    match able.len() {
        0 => Err(refusal.unwrap_or_else(missing)),
        1 => Ok(able.remove(0)),
        _ => Err(ambiguous(tx, &able, &path, &who)?),
    }
}

/// The principal of a share: as [`find_principal`], and also a principal that the actor may not see, if it has a
/// share that the actor may see. So a share that is listed can be revoked.
fn find_holder(tx: &Transaction<'_>, item: &Resource, reference: &Reference, endpoint: &Endpoint) -> Result<Id> {
    let reference = &*tx.with_kind(reference)?;
    let Reference::Named(..) = reference else { return find_principal(tx, reference, endpoint) };
    let found = find_principal(tx, reference, endpoint);
    match found {
        Err(problem) if problem.kind == ProblemKind::NotFound => {
            let viewer = tx.viewer()?;
            let listed = |id: Id| {
                let Some(subject) = viewer.subject() else { return Ok(true) };
                for share in on(tx, item.id, id)? {
                    if sharing::may_see(subject, &share)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            };
            tx.find_listed(reference, &[Kind::Account, Kind::Group, Kind::Workgroup], &listed).map(|it| it.id)
        }
        other => other,
    }
}

/// The item at a path, if the actor may see it or has shared it or something below it.
fn shared_item(tx: &Transaction<'_>, endpoint: &Name, path: &Path) -> Result<ResolvedPath> {
    match registered(tx, endpoint, path) {
        Err(problem) if problem.kind == ProblemKind::NotFound => {
            own_share_at(tx, endpoint, path)?.filter(|resolved| resolved.missing.is_empty()).ok_or(problem)
        }
        found => found,
    }
}

/// The item at a path, if the actor has shared it or something below it. The actor need not hold a permission on it
/// any longer.
///
/// # Errors
/// When the facts cannot be read.
pub fn own_share_at(tx: &Transaction<'_>, endpoint: &Name, path: &Path) -> Result<Option<ResolvedPath>> {
    let Some(actor) = tx.actor.principal() else { return Ok(None) };
    let facts = tx.facts();
    let Some(host) = facts.named(Kind::Endpoint, None, endpoint.key())? else { return Ok(None) };
    let Some((item, depth)) = facts.nearest_item(host.id, path)? else { return Ok(None) };
    let rest: Vec<String> = path.components().skip(depth).map(str::to_owned).collect();
    let Some(item) = facts.resource(item)?.filter(|_| rest.is_empty()) else { return Ok(None) };
    for share in facts.list_bindings(BindingQuery::SharesBy(actor))? {
        if facts.ancestors(share.resource)?.iter().any(|above| above.id == item.id) {
            tx.disclose(item.id);
            return Ok(Some(ResolvedPath { nearest: item, endpoint: host, missing: rest }));
        }
    }
    Ok(None)
}

/// The command that revokes the role by which a principal has every permission on an endpoint with managed sharing;
/// `None` if there is no such role or the actor may not list roles.
fn role_behind(tx: &Transaction<'_>, item: &Resource, endpoint: &Endpoint, principal: Id) -> Result<Option<String>> {
    let on = tx.outermost(item.id)?;
    let shows_roles = endpoint.kind.sharing() == Sharing::Managed && tx.may(Action::Plain(Verb::ListRoles), on)?;
    for role in managing_roles() {
        if shows_roles && tx.facts().held(on, *role, principal)?.is_some() {
            let (name, who) = (tx.name(on)?, shell_quote(&tx.name(principal)?));
            let name = name.strip_prefix("endpoint:").unwrap_or(&name).to_owned();
            return Ok(Some(format!("rolebook endpoint remove-role {} {} {who}", shell_quote(&name), role.as_str())));
        }
    }
    Ok(None)
}

fn sharer(tx: &Transaction<'_>, share: &Binding) -> Result<String> {
    tx.grantor(share)
}

fn ambiguous(tx: &Transaction<'_>, shares: &[Binding], path: &str, who: &str) -> Result<Problem> {
    let mut problem = Problem::conflict("several_shares", format!("`{path}` is shared with {who} by several"))
        .tip("name the sharer: --by USER, or --by operator");
    if shares.iter().any(|share| share.grantor == shares.first().and_then(|first| first.grantor)) && shares.len() > 1 {
        problem = problem.tip("if one sharer made several, name the class: --class CLASS");
    }
    for share in shares {
        let (set, class) = (share.attributes.permissions, share.attributes.share_class().as_str());
        problem.details.push(format!("by {}, class {class}: {} ({set})", sharer(tx, share)?, set.label()));
    }
    Ok(problem)
}

/// Changes the permissions or the end of a share.
///
/// # Errors
/// A denial; a conflict for permissions that the endpoint cannot hold; without `cascade`, a conflict if other shares
/// rest on the permissions that the share would lose.
pub fn set(
    tx: &mut Transaction<'_>,
    (endpoint, path): (&Name, &Path),
    which: &ShareSelector,
    (permissions, expires): (Option<Permissions>, Option<Expiry>),
    cascade: bool,
) -> Result<()> {
    if permissions.is_none() && expires.is_none() {
        return Err(crate::ops::nothing_to_set());
    }
    let resolved = shared_item(tx, endpoint, path)?;
    let (attributes, item) = (resolved.endpoint_attributes()?, resolved.nearest);
    let share = find(tx, &item, &attributes, which)?;
    let after = permissions.unwrap_or(share.attributes.permissions);
    refuse_unfit(tx, &attributes, endpoint, after)?;
    let mut ends = if expires.is_some() { end(tx, expires)? } else { share.expires };
    if ends_later(share.expires, ends) || !share.attributes.permissions.contains(after) {
        require_raise(tx, &share, after)?;
        let raised = Binding { expires: ends, ..share.clone() };
        ends = cap_end(tx, &raised, after)?;
    }
    lower(tx, &share, (after, ends), cascade)?;
    let mut changed = share;
    changed.attributes.permissions = after;
    changed.expires = ends;
    tx.put_binding(changed);
    Ok(())
}

/// Whether a share with a new end lasts longer than before; `None` is no end.
fn ends_later(before: Option<Time>, after: Option<Time>) -> bool {
    before.is_some_and(|before| after.is_none_or(|after| after > before))
}

/// Requires the right to raise a delegated share, which is the right to grant the result. The operator may raise the
/// share of an account only as far as that account could.
fn require_raise(tx: &Transaction<'_>, share: &Binding, after: Permissions) -> Result<()> {
    if !cascade::is_delegated(tx.facts(), share)? {
        return Ok(());
    }
    match (tx.actor, share.grantor) {
        (Actor::Principal(_), _) => tx.require(Action::Share(after), share.resource),
        (Actor::Operator, Some(sharer)) => {
            let subject = crate::policy::Subject::new(tx.facts(), sharer, tx.at)?;
            let held = content::permissions_ignoring_status(&subject, share.resource)?;
            if held.contains(after) {
                return Ok(());
            }
            let (who, path) = (tx.name(sharer)?, tx.name(share.resource)?);
            Err(Problem::conflict("beyond_sharer", format!("{who} does not hold {} on `{path}`", after.without(held)))
                .why("nobody's share gives more than its sharer holds")
                .tip(format!("make a share of your own: rolebook share grant {} …", shell_quote(&path))))
        }
        (Actor::Operator, None) => Ok(()),
    }
}

/// With `cascade`, lowers or ends the shares that rest on the permissions a share loses, and cuts them to its new
/// end. Without it, refuses a loss of permissions while shares rest on them, like SQL's RESTRICT; an earlier end
/// alone is accepted, and those shares keep their ends.
fn lower(
    tx: &mut Transaction<'_>,
    share: &Binding,
    (after, ends): (Permissions, Option<Time>),
    cascade: bool,
) -> Result<()> {
    let is_lowered = !after.contains(share.attributes.permissions);
    let is_earlier = ends.is_some_and(|end| share.expires.is_none_or(|old| end < old));
    let concerns_dependents = is_lowered || (is_earlier && cascade);
    if !concerns_dependents {
        return Ok(());
    }
    let losses = cascade::dependents(tx, share, (after, if cascade { ends } else { share.expires }))?;
    if losses.is_empty() {
        return Ok(());
    }
    if !cascade {
        return Err(refuse_dependents(tx, &losses)?);
    }
    trim(tx, &losses);
    Ok(())
}

/// The code of the refusal to lower a share that other shares rest on.
pub const DEPENDENTS: &str = "dependents";

/// The refusal that lists the shares resting on a share, with what each would lose.
pub(super) fn refuse_dependents(tx: &Transaction<'_>, losses: &[Loss]) -> Result<Problem> {
    let mut problem = Problem::conflict(DEPENDENTS, format!("{} shares rest on this one", losses.len()))
        .why("those who hold this share have passed it on")
        .tip("--cascade trims or removes them as well");
    if losses.len() == 1 {
        problem.message = "another share rests on this one".to_owned();
    }
    for loss in losses {
        problem.details.push(format!(
            "{} shared {} with {}: would {}",
            sharer(tx, &loss.share)?,
            tx.participant(&loss.share, loss.share.resource)?,
            tx.participant(&loss.share, loss.share.principal)?,
            match loss.ends {
                Some(end) if loss.lost.is_empty() => format!("end at {end}"),
                Some(end) => format!("lose {}, and end at {end}", loss.lost),
                None => format!("lose {}", loss.lost),
            }
        ));
    }
    Ok(problem)
}

/// Takes from each share what it loses; ends a share that has nothing left.
pub(super) fn trim(tx: &mut Transaction<'_>, losses: &[Loss]) {
    for loss in losses {
        let left = loss.share.attributes.permissions.without(loss.lost);
        if left.is_empty() {
            tx.end_binding(loss.share.id);
        } else {
            let mut share = loss.share.clone();
            share.attributes.permissions = left;
            share.expires = loss.ends.or(share.expires);
            tx.put_binding(share);
        }
    }
}

/// Revokes shares of an item.
///
/// # Errors
/// A denial; without `cascade`, a conflict if other shares rest on one.
pub fn revoke(
    tx: &mut Transaction<'_>,
    (endpoint, path): (&Name, &Path),
    which: &[ShareSelector],
    cascade: bool,
) -> Result<()> {
    let resolved = shared_item(tx, endpoint, path)?;
    let (attributes, item) = (resolved.endpoint_attributes()?, resolved.nearest);
    for which in which {
        let share = find(tx, &item, &attributes, which)?;
        lower(tx, &share, (Permissions::NONE, share.expires), cascade)?;
        tx.end_binding(share.id);
    }
    Ok(())
}

/// Trims the delegated shares of an item and of everything below it to what their sharers still hold: all shares if
/// the actor may administer the shares of the item, else the actor's own.
///
/// # Errors
/// "No such file or folder"; when the facts cannot be read.
pub fn prune(tx: &mut Transaction<'_>, endpoint: &Name, path: &Path) -> Result<()> {
    let top = shared_item(tx, endpoint, path)?.nearest;
    prune_below(tx, &top)
}

/// As [`prune`], for every endpoint on which the actor may administer shares or has shared something.
///
/// # Errors
/// When the facts cannot be read.
pub fn prune_everywhere(tx: &mut Transaction<'_>) -> Result<()> {
    let mut shared_on = HashSet::new();
    if let Some(actor) = tx.actor.principal() {
        for share in tx.facts().list_bindings(BindingQuery::SharesBy(actor))? {
            shared_on.insert(tx.outermost(share.resource)?);
        }
    }
    for endpoint in tx.facts().ids(Kind::Endpoint, None)? {
        let Some(root) = tx.facts().named(Kind::Item, Some(endpoint), "/")? else { continue };
        if shared_on.contains(&endpoint) || tx.may(Action::Plain(Verb::AdministerShares), root.id)? {
            prune_below(tx, &root)?;
        }
    }
    Ok(())
}

fn prune_below(tx: &mut Transaction<'_>, top: &Rc<Resource>) -> Result<()> {
    let all = tx.may(Action::Plain(Verb::AdministerShares), top.id)?;
    let ancestors = tx.facts().ancestors(top.id)?;
    // A share can rest on shares outside the item, so all of the endpoint is weighed and only the item trimmed.
    let root = ancestors.iter().rev().nth(1).map_or_else(|| Rc::clone(top), Rc::clone);
    let (mut shares, mut inside) = (Vec::new(), HashSet::new());
    for item in subtree(tx, &root)? {
        // A folder comes before what lies in it.
        if item.id == top.id || item.parent.is_some_and(|parent| inside.contains(&parent)) {
            inside.insert(item.id);
        }
        for share in tx.facts().list_bindings(BindingQuery::OnAs(item.id, Role::ItemShare))? {
            if share.is_effective(tx.at) && cascade::is_delegated(tx.facts(), &share)? {
                shares.push(share);
            }
        }
    }
    let mut losses = cascade::unsupported(tx.facts(), shares, tx.at)?;
    let own = tx.actor.principal();
    losses.retain(|loss| inside.contains(&loss.share.resource) && (all || loss.share.grantor == own));
    trim(tx, &losses);
    Ok(())
}

/// Whether the actor may make a change of a share that is known only by its rows, as in an undo.
///
/// # Errors
/// A conflict if other shares rest on the permissions that would go.
pub fn authorize(tx: &Transaction<'_>, before: Option<&Binding>, after: Option<&Binding>) -> Result<bool> {
    let set = |side: Option<&Binding>| side.map_or(Permissions::NONE, |it| it.attributes.permissions);
    let Some(any) = after.or(before) else { return Ok(true) };
    let viewer = tx.viewer()?;
    if let Some(subject) = viewer.subject() {
        if !sharing::may_change(subject, any)?.allowed {
            return Ok(false);
        }
        let longer = after.is_some_and(|after| before.is_none_or(|before| ends_later(before.expires, after.expires)));
        let raised = longer || !set(before).contains(set(after));
        let delegated = cascade::is_delegated(tx.facts(), any)?;
        if raised && delegated && !tx.may(Action::Share(set(after)), any.resource)? {
            return Ok(false);
        }
        if let Some(after) = after.filter(|_| raised && delegated) {
            let held = cascade::held_until(tx.facts(), (subject.id, after.resource), set(Some(after)), tx.at)?;
            if held.is_some_and(|held| after.expires.is_none_or(|end| end > held)) {
                return Ok(false);
            }
        }
    }
    if let Some(before) = before
        && !set(after).contains(set(Some(before)))
    {
        let end = after.map_or(before.expires, |after| after.expires);
        let losses = cascade::dependents(tx, before, (set(after), end))?;
        if !losses.is_empty() {
            let mut problem = refuse_dependents(tx, &losses)?;
            problem.tips = vec!["revoke those first".to_owned()];
            return Err(problem);
        }
    }
    Ok(true)
}
