//! Endpoints and the roles on them (docs/model.md#endpoints).

use std::rc::Rc;

use super::item::{make_root, refuse_files, register_folder};
use super::{Actor, Result, Work};
use crate::model::attributes::{Attributes, Endpoint, EndpointKind, NodeVersion, Sharing};
use crate::model::{Action, Id, Kind, Name, Path, Problem, Reference, Resource, Role, Verb};
use crate::policy::{BindingQuery, Facts, Subject};

/// What can be said of an endpoint; what is none is left as it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Options {
    /// Whether only who holds a role sees its definition.
    pub private: Option<bool>,
    /// Whether roles can be assigned on it.
    pub managed: Option<bool>,
    /// The version of a node's software; none within takes it away.
    pub node_version: Option<Option<NodeVersion>>,
}

impl Options {
    /// The definition with what is said here.
    pub fn applied(&self, endpoint: &Endpoint) -> Endpoint {
        Endpoint {
            private: self.private.unwrap_or(endpoint.private),
            managed: self.managed.unwrap_or(endpoint.managed),
            node_version: self.node_version.clone().unwrap_or_else(|| endpoint.node_version.clone()),
            ..endpoint.clone()
        }
    }
}

/// A new endpoint.
#[derive(Clone, Debug)]
pub struct New {
    /// What it is.
    pub kind: EndpointKind,
    /// The folder it opens, for a share.
    pub of: Option<(Name, Path)>,
    /// Who shall administer it besides its creator; for the operator at least one.
    pub administrators: Vec<Reference>,
    /// The rest.
    pub options: Options,
}

/// Creates an endpoint; its creator administers it.
///
/// # Errors
/// A denial; a usage problem without an administrator; a conflict when it exists otherwise, or for
/// what its kind cannot have.
pub fn add<F: Facts + ?Sized>(work: &mut Work<'_, F>, name: &Name, new: &New) -> Result<Id> {
    work.require_verb(Verb::CreateEndpoint, Id::SERVER)?;
    let mut endpoint = new.options.applied(&Endpoint::of_kind(new.kind));
    check_version(&endpoint)?;
    let first = creator(work, &new.administrators)?;
    if let Some(known) = work.facts().named(Kind::Endpoint, None, name.key())? {
        return same_or_conflict(work, &known, new);
    }
    endpoint.of = opened(work, new)?;
    endpoint.creator = Some(first);
    let id = work.make(None, name, Attributes::Endpoint(endpoint.clone()))?;
    make_root(work, id);
    work.bind(id, first, Role::EndpointAdministrator);
    for other in &new.administrators {
        let other = find_principal(work, other)?;
        if other.id == first {
            continue;
        }
        refuse_unfit(&endpoint, name, Role::EndpointAdministrator, other.id)?;
        work.bind(id, other.id, Role::EndpointAdministrator);
    }
    Ok(id)
}

/// Who becomes administrator first: whoever acts; for the operator, who is no account, the first
/// that is named.
fn creator<F: Facts + ?Sized>(work: &Work<'_, F>, administrators: &[Reference]) -> Result<Id> {
    match (work.actor, administrators.first()) {
        (Actor::Principal(id), _) => Ok(id),
        (Actor::Operator, Some(first)) => find_principal(work, first).map(|it| it.id),
        (Actor::Operator, None) => Err(Problem::usage("no_administrator", "an endpoint needs an administrator")
            .why("the operator is no account, so it must name one")
            .tip("--administrator USER, or --as USER")),
    }
}

/// The folder that a share opens: a folder of an endpoint of another kind, which one administers.
fn opened<F: Facts + ?Sized>(work: &mut Work<'_, F>, new: &New) -> Result<Option<Id>> {
    let (endpoint, path) = match (&new.of, new.kind) {
        (None, EndpointKind::Share) => {
            return Err(
                Problem::usage("no_folder", "a share opens a folder of another endpoint").tip("--of ENDPOINT:/folder")
            );
        }
        (None, _) => return Ok(None),
        (Some(of), _) => of,
    };
    refuse_opened(new.kind, false, endpoint)?;
    let host = work.find(Kind::Endpoint, endpoint)?;
    work.require_verb(Verb::Edit, host.id)?;
    let is_share = host.as_endpoint().is_some_and(|it| it.kind == EndpointKind::Share);
    refuse_opened(new.kind, is_share, &Name::parse(&host.name)?)?;
    register_folder(work, endpoint, path).map(|folder| Some(folder.id))
}

/// Refuses to open a folder where that cannot be: only a share opens one, and none of a share.
///
/// # Errors
/// A conflict.
pub(crate) fn refuse_opened(kind: EndpointKind, is_of_share: bool, host: &Name) -> Result<()> {
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

/// Refuses a version of node software on what is no node.
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

/// Adding what is there already is no change; adding it otherwise is a contradiction.
fn same_or_conflict<F: Facts + ?Sized>(work: &Work<'_, F>, known: &Resource, new: &New) -> Result<Id> {
    // Names are unique, so that one is taken cannot be hidden; whose it is can.
    if !work.sees(known)? {
        return Err(Problem::conflict("exists", format!("the name `{}` is taken", known.name)));
    }
    let same = known.as_endpoint().is_some_and(|it| it.kind == new.kind && new.options.applied(it) == *it);
    let mut administered = true;
    for administrator in &new.administrators {
        let administrator = find_principal(work, administrator)?;
        administered &= work.facts().held(known.id, Role::EndpointAdministrator, administrator.id)?.is_some();
    }
    if let Actor::Principal(actor) = work.actor {
        administered &= work.facts().held(known.id, Role::EndpointAdministrator, actor)?.is_some();
    }
    let opens = match (&new.of, known.as_endpoint().and_then(|it| it.of)) {
        // told: compared with what was typed, and not shown.
        (Some((endpoint, path)), Some(folder)) => work.internal_reference(folder)? == format!("{endpoint}:{path}"),
        (None, None) => true,
        _ => false,
    };
    if same && administered && opens {
        return Ok(known.id);
    }
    Err(Problem::conflict("exists", format!("the endpoint `{}` exists already, with other values", known.name))
        .tip(format!("rolebook endpoint show {}", known.shell_name())))
}

/// Changes the definition.
///
/// # Errors
/// A denial; a conflict for what its kind cannot have, for roles that an unmanaged endpoint cannot
/// have, or for custom shares that an older node cannot hold.
pub fn set<F: Facts + ?Sized>(work: &mut Work<'_, F>, name: &Name, options: &Options) -> Result<()> {
    if *options == Options::default() {
        return Err(super::nothing_to_set());
    }
    let known = work.find(Kind::Endpoint, name)?;
    work.require_verb(Verb::Edit, known.id)?;
    let Some(before) = known.as_endpoint() else { return Ok(()) };
    let after = options.applied(before);
    check_version(&after)?;
    work.put_attributes(&known, Attributes::Endpoint(after));
    Ok(())
}

/// Every registered item of an endpoint, folders first.
///
/// # Errors
/// When the facts cannot be read.
pub(super) fn items<F: Facts + ?Sized>(work: &Work<'_, F>, endpoint: Id) -> Result<Vec<Rc<Resource>>> {
    match work.facts().named(Kind::Item, Some(endpoint), "/")? {
        Some(root) => super::item::subtree(work, &root),
        None => Ok(Vec::new()),
    }
}

/// Removes an endpoint with its roles, its items, their shares, and the shares opened on it.
///
/// # Errors
/// A denial; a conflict while the files of a workspace lie on it.
pub fn remove<F: Facts + ?Sized>(work: &mut Work<'_, F>, name: &Name) -> Result<()> {
    let known = work.find(Kind::Endpoint, name)?;
    work.require_verb(Verb::Delete, known.id)?;
    remove_unasked(work, &known)
}

fn remove_unasked<F: Facts + ?Sized>(work: &mut Work<'_, F>, known: &Resource) -> Result<()> {
    let items = items(work, known.id)?;
    let own: Vec<Id> = items.iter().map(|item| item.id).collect();
    for role in Role::ENDPOINT {
        for binding in work.facts().list_bindings(BindingQuery::OnAs(known.id, role))? {
            // Its creator's role is no surprise.
            let creators = known.as_endpoint().and_then(|it| it.creator) == Some(binding.principal);
            if role != Role::EndpointAdministrator || !creators {
                let who = work.party(&binding, binding.principal)?;
                work.takes.push(format!("{who} as {} of {}", role.as_str(), known.reference()));
            }
        }
    }
    for item in &items {
        refuse_files(work, item)?;
        let path = work.name(item.id)?;
        if !item.is_root() {
            work.takes.push(path.clone());
        }
        for share in work.facts().list_bindings(BindingQuery::OnAs(item.id, Role::ItemShare))? {
            let who = work.party(&share, share.principal)?;
            work.takes.push(format!("the share of {path} with {who}"));
        }
    }
    for opened in opened_on(work, &own)? {
        let name = work.name(opened.id)?;
        work.takes.push(format!("{name}, which opens a folder of it"));
        remove_unasked(work, &opened)?;
    }
    for item in items.iter().rev() {
        work.end_with_bindings(item.id)?;
    }
    work.end_with_bindings(known.id)
}

/// The share endpoints that open one of these folders.
///
/// # Errors
/// When the facts cannot be read.
pub fn opened_on<F: Facts + ?Sized>(work: &Work<'_, F>, folders: &[Id]) -> Result<Vec<Rc<Resource>>> {
    let mut found = Vec::new();
    work.facts().resources(Kind::Endpoint, None, &mut |endpoint| {
        if endpoint.as_endpoint().and_then(|it| it.of).is_some_and(|of| folders.contains(&of)) {
            found.push(endpoint);
        }
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// The account or group a reference names, as the holder of a role.
fn find_principal<F: Facts + ?Sized>(work: &Work<'_, F>, reference: &Reference) -> Result<Rc<Resource>> {
    match reference {
        Reference::Named(kind @ (Kind::Account | Kind::Group), name) => work.find(*kind, name),
        other => Err(other.wrong_kind("an account or a group")),
    }
}

/// What an endpoint cannot have whoever asks: roles besides the creator's on an unmanaged one, an
/// access manager where there is nothing to manage.
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

/// Assigns a role; whoever holds it already is left alone.
///
/// # Errors
/// A denial; a conflict for a role that the endpoint cannot have.
pub fn add_role<F: Facts + ?Sized>(work: &mut Work<'_, F>, name: &Name, role: Role, who: &[Reference]) -> Result<()> {
    let known = work.find(Kind::Endpoint, name)?;
    for reference in who {
        let principal = find_principal(work, reference)?;
        if let Some(endpoint) = known.as_endpoint() {
            // What nobody may is said before what this actor may not.
            refuse_unfit(endpoint, name, role, principal.id)?;
        }
        work.require(Action::Assign(role), known.id)?;
        if work.facts().held(known.id, role, principal.id)?.is_none() {
            work.bind(known.id, principal.id, role);
        }
    }
    Ok(())
}

/// Takes a role away; who has none is left alone.
///
/// # Errors
/// A denial.
pub fn remove_role<F: Facts + ?Sized>(
    work: &mut Work<'_, F>,
    name: &Name,
    role: Role,
    who: &[Reference],
) -> Result<()> {
    let known = work.find(Kind::Endpoint, name)?;
    work.require(Action::Revoke(role), known.id)?;
    // Who may revoke roles may not list them on every kind of endpoint.
    let may_list = work.may(Action::Plain(Verb::ListRoles), known.id)?;
    for reference in who {
        let listed = |id: Id| Ok(may_list && work.facts().held(known.id, role, id)?.is_some());
        let principal = work.find_listed(reference, &[Kind::Account, Kind::Group], &listed)?;
        match work.facts().held(known.id, role, principal.id)? {
            Some(binding) => work.end_binding(binding.id),
            None => work.notices.push(format!(
                "{} is not {} of {}",
                principal.reference(),
                role.as_str(),
                known.reference()
            )),
        }
    }
    Ok(())
}

/// A role that somebody effectively has on an endpoint.
#[derive(Clone, Debug)]
pub struct Effective {
    /// The role.
    pub role: Role,
    /// The role it follows from, where it is not held itself.
    pub implied_by: Option<Role>,
    /// The binding it rests on.
    pub binding: crate::model::Binding,
    /// The groups it comes through, nearest first.
    pub via: Vec<Id>,
}

/// The effective roles of one principal, in the order in which lists show roles.
///
/// # Errors
/// When the facts cannot be read.
pub fn effective<F: Facts + ?Sized>(subject: &Subject<'_, F>, endpoint: &Resource) -> Result<Vec<Effective>> {
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
                    found.push(Effective { role, implied_by, binding: binding.clone(), via: via.clone() });
                }
                _ => {}
            }
        }
    }
    Ok(found)
}
