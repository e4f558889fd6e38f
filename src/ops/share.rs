//! Shares: granting, changing, revoking, pruning, listing (model §8).

use std::rc::Rc;

use super::cascade::{self, Loss};
use super::item::{register_folder, require_folder, subtree};
use super::{Actor, Result, Work};
use crate::model::attributes::{Endpoint, ShareClass, Sharing};
use crate::model::catalogue::{OPERATORS_SHARES, SHARER_ONLY};
use crate::model::name::quoted;
use crate::model::time::Expiry;
use crate::model::{
    Action, Binding, Id, Kind, Name, Path, Permissions, Problem, ProblemKind, Reference, Resource, Role, Verb,
};
use crate::policy::{Facts, Select, content, sharing};

/// A share to be made.
#[derive(Clone, Debug)]
pub struct Grant {
    /// With whom.
    pub principals: Vec<Reference>,
    /// What is given.
    pub permissions: Permissions,
    /// When it ends.
    pub expires: Option<Expiry>,
    /// Whether it is an admin share.
    pub admin: bool,
    /// Where it comes from; the operator's to say.
    pub class: Option<ShareClass>,
}

/// Shares an item. A path that is not registered becomes a folder.
///
/// # Errors
/// A denial; a conflict for what the endpoint cannot hold, or for a share that is there otherwise.
pub fn grant<F: Facts + ?Sized>(work: &mut Work<'_, F>, endpoint: &Name, path: &Path, grant: &Grant) -> Result<()> {
    let place = work.find_item(endpoint, path)?;
    let attributes = endpoint_of(work, place.item.id)?;
    refuse_unfit(work, &attributes, endpoint, grant.permissions)?;
    let class = authorize_grant(work, &attributes, place.item.id, grant)?;
    if attributes.kind.sharing() == Sharing::Managed && place.rest.is_empty() {
        require_folder(work, &place.item)?;
    }
    let item = if place.rest.is_empty() { place.item } else { register_folder(work, endpoint, path)? };
    for reference in &grant.principals {
        let principal = find_principal(work, reference, &attributes)?;
        grant_one(work, &item, &attributes, principal, grant, class)?;
    }
    if attributes.kind == crate::model::attributes::EndpointKind::Node && !attributes.takes_custom_sets() {
        let lacking = [Permissions::UPLOAD, Permissions::PREVIEW].contains(&grant.permissions);
        if lacking {
            work.notices.push(format!(
                "node software before 3.7.4 knows only view and edit; {} on endpoint:{endpoint} is kept here, but such a node cannot hold it",
                grant.permissions.label()
            ));
        }
    }
    Ok(())
}

/// The endpoint that an item lies on.
fn endpoint_of<F: Facts + ?Sized>(work: &Work<'_, F>, item: Id) -> Result<Endpoint> {
    let lineage = work.facts().lineage(item)?;
    let endpoint = lineage.last().and_then(|it| it.as_endpoint()).cloned();
    endpoint.ok_or_else(|| Problem::not_found("endpoint", &item.to_string()))
}

/// What an endpoint cannot hold whoever asks.
fn refuse_unfit<F: Facts + ?Sized>(
    work: &Work<'_, F>,
    endpoint: &Endpoint,
    name: &Name,
    set: Permissions,
) -> Result<()> {
    if endpoint.takes(set) {
        return Ok(());
    }
    // An access manager of a private bucket is told nothing of its definition.
    let known = work.facts().named(Kind::Endpoint, None, name.key())?;
    let seen = known.map_or(Ok(false), |it| work.sees(&it))?;
    let of_kind = if seen { format!("of kind {}", endpoint.kind.word()) } else { "of a kind".to_owned() };
    Err(match endpoint.kind.sharing() {
        Sharing::None => {
            Problem::conflict("no_sharing", format!("endpoint:{name} is {of_kind} whose content is not shared"))
                .why("seed 001: Can manage permissions on any endpoints that supports sharing (S3 or shared endpoints)")
        }
        Sharing::Managed => {
            Problem::conflict("presets_only", format!("endpoint:{name} is {of_kind} that takes `view` and `edit` only"))
                .tip("--permission view, or --permission edit")
        }
        Sharing::Delegated => {
            Problem::conflict("node_too_old", format!("endpoint:{name} cannot hold a custom set of permissions: {set}"))
                .why("seed 003: custom permissions need node software 3.7.4 or higher")
                .tip("choose a preset: edit, view, upload, preview")
                .tip(format!(
                    "or say which version it has: rolebook endpoint set {} --node-version 4.4.6",
                    quoted(name.shown())
                ))
        }
    })
}

/// Asks for the right to make such a share; answers its class.
fn authorize_grant<F: Facts + ?Sized>(
    work: &Work<'_, F>,
    endpoint: &Endpoint,
    item: Id,
    grant: &Grant,
) -> Result<ShareClass> {
    if work.actor == Actor::Operator {
        return Ok(grant.class.unwrap_or(ShareClass::Admin));
    }
    if grant.class.is_some() {
        let mut problem =
            Problem::new(ProblemKind::Denied, "denied", "only the operator says which class a share is of")
                .why(OPERATORS_SHARES.source);
        problem.rule = Some(OPERATORS_SHARES.name);
        return Err(problem);
    }
    if !grant.admin {
        work.require(Action::Share(grant.permissions), item)?;
        return Ok(ShareClass::User);
    }
    if endpoint.kind.sharing() == Sharing::Managed {
        return Err(Problem::conflict(
            "no_admin_shares",
            "there are no admin shares where access managers manage all shares",
        )
        .tip("leave out --admin"));
    }
    work.require_verb(Verb::AdministerShares, item)?;
    Ok(ShareClass::Admin)
}

/// Whom something can be shared with.
fn find_principal<F: Facts + ?Sized>(work: &Work<'_, F>, reference: &Reference, endpoint: &Endpoint) -> Result<Id> {
    match reference {
        Reference::Authenticated => Ok(Id::AUTHENTICATED),
        Reference::Anyone => Ok(Id::ANYONE),
        Reference::Named(kind @ (Kind::Account | Kind::Group), name) => work.find(*kind, name).map(|it| it.id),
        Reference::Named(Kind::Workgroup, name) if endpoint.kind.sharing() == Sharing::Delegated => {
            work.find(Kind::Workgroup, name).map(|it| it.id)
        }
        other if endpoint.kind.sharing() == Sharing::Delegated => {
            Err(other.wrong_kind("an account, a group, a workgroup, `authenticated` or `anyone`"))
        }
        other => Err(other.wrong_kind("an account, a group, `authenticated` or `anyone`")),
    }
}

fn grant_one<F: Facts + ?Sized>(
    work: &mut Work<'_, F>,
    item: &Resource,
    endpoint: &Endpoint,
    principal: Id,
    grant: &Grant,
    class: ShareClass,
) -> Result<()> {
    if work.actor.principal() == Some(principal) {
        return Err(Problem::conflict("with_oneself", "nothing is shared with oneself"));
    }
    let expires = end(work, grant.expires)?;
    let managed = endpoint.kind.sharing() == Sharing::Managed;
    let known = on(work, item.id, principal)?.into_iter().find(|it| {
        // "One share per (item, principal, sharer)"; where shares are managed, one per principal.
        it.attributes.share_class().is_hidden() == class.is_hidden()
            && (it.grantor == work.actor.principal() || managed)
    });
    let Some(mut known) = known else {
        let id = work.bind(item.id, principal, Role::ItemShare);
        if let Some(mut made) = work.facts().binding(id)? {
            made.expires = expires;
            made.attributes.permissions = grant.permissions;
            made.attributes.class = (class != ShareClass::User).then_some(class);
            work.put_binding(made);
        }
        return Ok(());
    };
    if !known.is_effective(work.at) {
        // One that has expired gives nothing: it is made anew, by whoever makes it now.
        known.grantor = work.actor.principal();
        known.expires = expires;
        known.attributes.permissions = grant.permissions;
        known.attributes.class = (class != ShareClass::User).then_some(class);
        work.put_binding(known);
        return Ok(());
    }
    let same_end = grant.expires.is_none() || known.expires == expires;
    if known.attributes.permissions == grant.permissions && same_end && known.attributes.share_class() == class {
        return Ok(());
    }
    let (path, who) = (work.name(item.id)?, work.name(principal)?);
    let set = known.attributes.permissions;
    Err(Problem::conflict("shared_already", format!("`{path}` is shared with {who} already: {} ({set})", set.label()))
        .tip(format!("rolebook share set {} {} --permission …", quoted(&path), quoted(&who))))
}

fn end<F: Facts + ?Sized>(work: &Work<'_, F>, expires: Option<Expiry>) -> Result<Option<crate::model::Time>> {
    let end = expires.and_then(|it| it.counted_from(work.at));
    if end.is_some_and(|end| end <= work.at) {
        return Err(Problem::conflict("past_expiry", "the share would have expired before it was made")
            .tip("choose a later --expires"));
    }
    Ok(end)
}

/// The shares of one item with one principal.
fn on<F: Facts + ?Sized>(work: &Work<'_, F>, item: Id, principal: Id) -> Result<Vec<Binding>> {
    Ok(work.facts().list(Select::Exact(item, Role::ItemShare, principal))?)
}

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
    let missing = || Problem::not_found("share", &format!("{path} with {who}"));
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
        return Err(super::nothing_to_set());
    }
    let item = super::content::registered(work, endpoint, path)?;
    let attributes = endpoint_of(work, item.id)?;
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
    let item = super::content::registered(work, endpoint, path)?;
    let attributes = endpoint_of(work, item.id)?;
    for which in which {
        let share = find(work, &item, &attributes, which)?;
        lower(work, &share, Permissions::NONE, cascade)?;
        work.end_binding(share.id);
    }
    Ok(())
}

/// Trims delegated shares to what their sharers still hold: of an item and everything below, of all
/// for whoever administers it, of one's own for a sharer. Answers what was trimmed.
///
/// # Errors
/// "No such file or folder"; when the facts cannot be read.
pub fn prune<F: Facts + ?Sized>(work: &mut Work<'_, F>, endpoint: &Name, path: &Path) -> Result<()> {
    let top = super::content::registered(work, endpoint, path)?;
    let all = work.may(Action::Plain(Verb::AdministerShares), top.id)?;
    let lineage = work.facts().lineage(top.id)?;
    // What a share rests on may lie outside: the whole endpoint is weighed, the part asked for trimmed.
    let root = lineage.iter().rev().nth(1).map_or_else(|| Rc::clone(&top), Rc::clone);
    let mut shares = Vec::new();
    for item in subtree(work, &root)? {
        for share in work.facts().list(Select::OnAs(item.id, Role::ItemShare))? {
            if share.is_effective(work.at) && cascade::is_delegated(work.facts(), &share)? {
                shares.push(share);
            }
        }
    }
    let mut losses = cascade::unsupported(work.facts(), shares, work.at)?;
    let inside: std::collections::HashSet<Id> = subtree(work, &top)?.iter().map(|item| item.id).collect();
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
        let raised = !set(before).contains(set(after)) || before.map(|it| it.expires) != after.map(|it| it.expires);
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
