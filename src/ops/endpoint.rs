//! Endpoints and the roles on them (docs/model.md#endpoints): creating, changing and removing endpoints, assigning
//! and revoking roles, and listing the roles that a principal has in effect.

use std::rc::Rc;

use super::item::{make_root, refuse_files, register_folder};
use super::labels::{self, LabelChanges};
use super::{Actor, Result, Transaction};
use crate::model::attributes::{Attributes, Endpoint, EndpointKind, NodeVersion, Sharing};
use crate::model::{Action, Id, Kind, Name, Path, Problem, Reference, Resource, Role, Verb};
use crate::policy::{BindingQuery, Facts, Subject};

/// Settings to change; `None` leaves a setting as it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EndpointSettings {
    /// Whether only holders of a role may see the definition.
    pub private: Option<bool>,
    /// Whether roles can be assigned on the endpoint.
    pub managed: Option<bool>,
    /// The software version of a node; `Some(None)` removes it.
    pub node_version: Option<Option<NodeVersion>>,
    /// The texts and the external ids.
    pub labels: LabelChanges,
}

impl EndpointSettings {
    /// The definition with the changes applied.
    ///
    /// # Errors
    /// A usage problem for a text with control characters.
    pub fn applied(&self, endpoint: &Endpoint) -> Result<Endpoint> {
        let mut after = Endpoint {
            private: self.private.unwrap_or(endpoint.private),
            managed: self.managed.unwrap_or(endpoint.managed),
            node_version: self.node_version.clone().unwrap_or_else(|| endpoint.node_version.clone()),
            ..endpoint.clone()
        };
        self.labels.apply_to(after.texts_mut())?;
        Ok(after)
    }
}

/// A new endpoint.
#[derive(Clone, Debug)]
pub struct NewEndpoint {
    /// The kind of the endpoint.
    pub kind: EndpointKind,
    /// The folder that a share endpoint opens.
    pub of: Option<(Name, Path)>,
    /// Administrators in addition to the creator; the operator must name at least one.
    pub administrators: Vec<Reference>,
    /// The other settings.
    pub settings: EndpointSettings,
}

/// Creates an endpoint; its creator administers it.
///
/// # Errors
/// A denial; a usage problem without an administrator; a conflict if the endpoint exists with other values, or for
/// a setting or role that its kind cannot have.
pub fn add(tx: &mut Transaction<'_>, name: &Name, new: &NewEndpoint) -> Result<Id> {
    tx.require_verb(Verb::CreateEndpoint, Id::SERVER)?;
    let mut endpoint = new.settings.applied(&Endpoint::of_kind(new.kind))?;
    check_version(&endpoint)?;
    let first = creator(tx, &new.administrators)?;
    if let Some(existing) = tx.facts().named(Kind::Endpoint, None, name.key())? {
        return same_or_conflict(tx, &existing, new);
    }
    endpoint.of = shared_folder(tx, new)?;
    endpoint.creator = Some(first);
    let id = tx.create(None, name, Attributes::Endpoint(endpoint.clone()))?;
    make_root(tx, id);
    tx.bind(id, first, Role::EndpointAdministrator);
    for other in &new.administrators {
        let other = find_principal(tx, other)?;
        if other.id == first {
            continue;
        }
        refuse_unfit(&endpoint, name, Role::EndpointAdministrator, other.id)?;
        tx.bind(id, other.id, Role::EndpointAdministrator);
    }
    labels::change_ids(tx, id, &new.settings.labels.ids)?;
    Ok(id)
}

/// The creator: the actor, or the first administrator named if the operator acts, who is not an account.
fn creator(tx: &Transaction<'_>, administrators: &[Reference]) -> Result<Id> {
    match (tx.actor, administrators.first()) {
        (Actor::Principal(id), _) => Ok(id),
        (Actor::Operator, Some(first)) => find_principal(tx, first).map(|it| it.id),
        (Actor::Operator, None) => Err(Problem::usage("no_administrator", "an endpoint needs an administrator")
            .why("the operator is not an account, so it must name one")
            .tip("--administrator USER, or --as USER")),
    }
}

/// The folder that a share endpoint opens: on an endpoint of another kind, which the actor may edit.
fn shared_folder(tx: &mut Transaction<'_>, new: &NewEndpoint) -> Result<Option<Id>> {
    let (endpoint, path) = match (&new.of, new.kind) {
        (None, EndpointKind::Share) => {
            return Err(
                Problem::usage("no_folder", "a share opens a folder of another endpoint").tip("--of ENDPOINT:/folder")
            );
        }
        (None, _) => return Ok(None),
        (Some(of), _) => of,
    };
    refuse_shared_folder(new.kind, false, endpoint)?;
    let host = tx.find(Kind::Endpoint, endpoint)?;
    tx.require_verb(Verb::Edit, host.id)?;
    let is_share = host.as_endpoint().is_some_and(|it| it.kind == EndpointKind::Share);
    refuse_shared_folder(new.kind, is_share, &Name::parse(&host.name)?)?;
    register_folder(tx, endpoint, path).map(|folder| Some(folder.id))
}

/// Refuses a folder to open if the new endpoint is not a share, or if the folder lies on a share.
///
/// # Errors
/// A conflict.
pub(crate) fn refuse_shared_folder(kind: EndpointKind, is_of_share: bool, host: &Name) -> Result<()> {
    if kind != EndpointKind::Share {
        return Err(Problem::conflict("kind_has_none", "only a share opens a folder of another endpoint")
            .tip("--kind share, or leave out --of"));
    }
    if is_of_share {
        return Err(Problem::conflict("share_of_share", format!("endpoint:{host} is a share itself"))
            .why("a share opens a folder of any endpoint but a share"));
    }
    Ok(())
}

/// Refuses a software version on an endpoint that is not a node.
///
/// # Errors
/// A conflict.
pub(crate) fn check_version(endpoint: &Endpoint) -> Result<()> {
    if endpoint.node_version.is_some() && endpoint.kind != EndpointKind::Node {
        return Err(Problem::conflict(
            "kind_has_none",
            format!("an endpoint of kind {} has no node software", endpoint.kind.as_str()),
        )
        .tip("leave out --node-version, or make it --kind node"));
    }
    Ok(())
}

/// Adding an endpoint that exists changes nothing; adding it with other values is a conflict.
fn same_or_conflict(tx: &Transaction<'_>, existing: &Resource, new: &NewEndpoint) -> Result<Id> {
    // Names are unique, so a taken name cannot be hidden; what has the name can.
    if !tx.sees(existing)? {
        return Err(Problem::conflict("exists", format!("the name `{}` is taken", existing.name)));
    }
    let mut same = labels::has_ids(tx, existing, &new.settings.labels.ids)?;
    if let Some(it) = existing.as_endpoint() {
        same &= it.kind == new.kind && new.settings.applied(it)? == *it;
    }
    let mut administered = true;
    for administrator in &new.administrators {
        let administrator = find_principal(tx, administrator)?;
        administered &= tx.facts().held(existing.id, Role::EndpointAdministrator, administrator.id)?.is_some();
    }
    if let Actor::Principal(actor) = tx.actor {
        administered &= tx.facts().held(existing.id, Role::EndpointAdministrator, actor)?.is_some();
    }
    let opens = match (&new.of, existing.as_endpoint().and_then(|it| it.of)) {
        // told: compared with what was typed, and not shown.
        (Some((endpoint, path)), Some(folder)) => tx.internal_reference(folder)? == format!("{endpoint}:{path}"),
        (None, None) => true,
        _ => false,
    };
    if same && administered && opens {
        return Ok(existing.id);
    }
    Err(Problem::conflict("exists", format!("the endpoint `{}` exists already, with other values", existing.name))
        .tip(format!("rolebook endpoint show {}", existing.shell_name())))
}

/// Changes the definition of an endpoint.
///
/// # Errors
/// A denial; a conflict for a setting that its kind cannot have. The invariants refuse roles that an unmanaged
/// endpoint cannot have, and custom shares that an older node cannot hold.
pub fn set(tx: &mut Transaction<'_>, name: &Name, options: &EndpointSettings) -> Result<()> {
    if *options == EndpointSettings::default() {
        return Err(super::nothing_to_set());
    }
    let existing = tx.find(Kind::Endpoint, name)?;
    tx.require_verb(Verb::Edit, existing.id)?;
    let Some(before) = existing.as_endpoint() else { return Ok(()) };
    let after = options.applied(before)?;
    check_version(&after)?;
    tx.put_attributes(&existing, Attributes::Endpoint(after));
    labels::change_ids(tx, existing.id, &options.labels.ids)
}

/// Every registered item of an endpoint, each folder before what lies in it.
///
/// # Errors
/// When the facts cannot be read.
pub(super) fn items(tx: &Transaction<'_>, endpoint: Id) -> Result<Vec<Rc<Resource>>> {
    match tx.facts().named(Kind::Item, Some(endpoint), "/")? {
        Some(root) => super::item::subtree(tx, &root),
        None => Ok(Vec::new()),
    }
}

/// Removes an endpoint with its roles, its items, their shares, and the share endpoints that open its folders.
///
/// # Errors
/// A denial; a conflict while the files of a workspace lie on it.
pub fn remove(tx: &mut Transaction<'_>, name: &Name) -> Result<()> {
    let existing = tx.find(Kind::Endpoint, name)?;
    tx.require_verb(Verb::Delete, existing.id)?;
    remove_unchecked(tx, &existing)
}

fn remove_unchecked(tx: &mut Transaction<'_>, existing: &Resource) -> Result<()> {
    let items = items(tx, existing.id)?;
    let own: Vec<Id> = items.iter().map(|item| item.id).collect();
    for role in Role::ENDPOINT {
        for binding in tx.facts().list_bindings(BindingQuery::OnAs(existing.id, role))? {
            // The creator's role needs no confirmation.
            let creators = existing.as_endpoint().and_then(|it| it.creator) == Some(binding.principal);
            if role != Role::EndpointAdministrator || !creators {
                let who = tx.participant(&binding, binding.principal)?;
                tx.cascades.push(format!("{who} as {} of {}", role.as_str(), existing.reference()));
            }
        }
    }
    for item in &items {
        refuse_files(tx, item)?;
        let path = tx.name(item.id)?;
        if !item.is_root() {
            tx.cascades.push(path.clone());
        }
        for share in tx.facts().list_bindings(BindingQuery::OnAs(item.id, Role::ItemShare))? {
            let who = tx.participant(&share, share.principal)?;
            tx.cascades.push(format!("the share of {path} with {who}"));
        }
    }
    for opened in opened_on(tx, &own)? {
        let name = tx.name(opened.id)?;
        tx.cascades.push(format!("{name}, which opens a folder of it"));
        remove_unchecked(tx, &opened)?;
    }
    for item in items.iter().rev() {
        tx.end_with_bindings(item.id)?;
    }
    tx.end_with_bindings(existing.id)
}

/// The share endpoints that open one of these folders.
///
/// # Errors
/// When the facts cannot be read.
pub fn opened_on(tx: &Transaction<'_>, folders: &[Id]) -> Result<Vec<Rc<Resource>>> {
    let mut found = Vec::new();
    tx.facts().resources(Kind::Endpoint, None, &mut |endpoint| {
        if endpoint.as_endpoint().and_then(|it| it.of).is_some_and(|of| folders.contains(&of)) {
            found.push(endpoint);
        }
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// The account or group that a reference names.
fn find_principal(tx: &Transaction<'_>, reference: &Reference) -> Result<Rc<Resource>> {
    match &*tx.with_kind(reference)? {
        Reference::Named(kind @ (Kind::Account | Kind::Group), name) => tx.find(*kind, name),
        other => Err(other.wrong_kind("an account or a group")),
    }
}

/// Refuses a role that an endpoint cannot have, whoever the actor is: any role except the creator's on an unmanaged
/// endpoint, and an access manager on a kind without managed sharing.
///
/// # Errors
/// A conflict.
pub(crate) fn refuse_unfit(endpoint: &Endpoint, name: &Name, role: Role, principal: Id) -> Result<()> {
    if endpoint.takes_role(role, principal) {
        return Ok(());
    }
    if !endpoint.managed {
        return Err(Problem::conflict("not_managed", format!("endpoint:{name} is not managed, so no role can be assigned on it"))
            .why("seed 001: Users (or groups) can be granted various roles on any managed endpoint, with each role granting the user (or group) different privileges with respect to that endpoint.")
            .tip(format!("rolebook endpoint set {} --managed", crate::model::name::shell_quote(name.as_written()))));
    }
    Err(Problem::conflict(
        "no_managed_sharing",
        format!(
            "endpoint:{name} is of kind {}, which has nothing for an access manager to manage",
            endpoint.kind.as_str()
        ),
    )
    .why("seed 001: Can manage permissions on any endpoints that supports sharing (S3 or shared endpoints)"))
}

/// Assigns a role; principals that hold it already are skipped.
///
/// # Errors
/// A denial; a conflict for a role that the endpoint cannot have.
pub fn add_role(tx: &mut Transaction<'_>, name: &Name, role: Role, who: &[Reference]) -> Result<()> {
    let existing = tx.find(Kind::Endpoint, name)?;
    for reference in who {
        let principal = find_principal(tx, reference)?;
        if let Some(endpoint) = existing.as_endpoint() {
            // A conflict that holds for everybody comes before a denial to this actor.
            refuse_unfit(endpoint, name, role, principal.id)?;
        }
        tx.require(Action::Assign(role), existing.id)?;
        if tx.facts().held(existing.id, role, principal.id)?.is_none() {
            tx.bind(existing.id, principal.id, role);
        }
    }
    Ok(())
}

/// Revokes a role; warns about principals that do not hold it.
///
/// # Errors
/// A denial.
pub fn remove_role(tx: &mut Transaction<'_>, name: &Name, role: Role, who: &[Reference]) -> Result<()> {
    let existing = tx.find(Kind::Endpoint, name)?;
    tx.require(Action::Revoke(role), existing.id)?;
    // On some kinds of endpoint the right to revoke roles does not include the right to list them.
    let may_list = tx.may(Action::Plain(Verb::ListRoles), existing.id)?;
    for reference in who {
        let listed = |id: Id| Ok(may_list && tx.facts().held(existing.id, role, id)?.is_some());
        let principal = tx.find_listed(reference, &[Kind::Account, Kind::Group], &listed)?;
        match tx.facts().held(existing.id, role, principal.id)? {
            Some(binding) => tx.end_binding(binding.id),
            None => tx.warnings.push(format!(
                "{} is not {} of {}",
                principal.reference(),
                role.as_str(),
                existing.reference()
            )),
        }
    }
    Ok(())
}

/// A role that a principal has in effect on an endpoint.
#[derive(Clone, Debug)]
pub struct EffectiveRole {
    /// The role.
    pub role: Role,
    /// The role that implies it; `None` if the role is held itself.
    pub implied_by: Option<Role>,
    /// The binding that gives the role.
    pub binding: crate::model::Binding,
    /// The groups through which the principal has the role, nearest first.
    pub via: Vec<Id>,
}

/// The roles that a principal has in effect on an endpoint, in the order in which lists show roles.
///
/// # Errors
/// When the facts cannot be read.
pub fn effective_roles<F: Facts + ?Sized>(subject: &Subject<'_, F>, endpoint: &Resource) -> Result<Vec<EffectiveRole>> {
    let managed = endpoint.as_endpoint().is_some_and(|it| it.kind.sharing() == Sharing::Managed);
    let mut found = Vec::new();
    for role in Role::ENDPOINT {
        if role == Role::AccessManager && !managed {
            continue;
        }
        let Some(steps) = subject.proof_of(role, endpoint.id)? else { continue };
        let mut via = Vec::new();
        for step in &steps {
            match step {
                crate::policy::ProofStep::Member(membership) => via.push(membership.resource),
                crate::policy::ProofStep::Role(binding) => {
                    let implied_by = (binding.role != role).then_some(binding.role);
                    found.push(EffectiveRole { role, implied_by, binding: binding.clone(), via: via.clone() });
                }
                _ => {}
            }
        }
    }
    Ok(found)
}
