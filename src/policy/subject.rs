//! [`Subject`]: a principal looked up once, with its groups, workgroups and classes.

use std::ops::ControlFlow;
use std::sync::OnceLock;

use hashbrown::HashSet;

use super::facts::{BindingQuery, Facts, Holding, PackedShare, ResourceHeader, Result, Roles, VisitHeld};
use super::proof::{Evidence, Proof, ProofStep};
use crate::model::attributes::{
    AccessToken, Account, Attributes, Server, Setting, SettingValue, SettingValues, Status,
};
use crate::model::{Binding, Id, Kind, Role, Time};

/// The kinds of principals that rules treat differently.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PrincipalKind {
    /// One account.
    Account,
    /// A set of accounts: a group, a workgroup, `authenticated`.
    Accounts,
    /// A principal without an account: `anyone`, an outside submitter.
    Outsider,
    /// An access token.
    Token,
}

/// How a subject came to be a principal: the index of the principal that is a member, and the role of the
/// membership. `None` for the subject itself and for classes, which need no binding.
type Via = Option<(usize, Role)>;

/// From this many principals on, duplicates are found by a set and not by a search of the list.
const SET_THRESHOLD: usize = 64;

/// One bit of 64 for a principal: a one-hash Bloom filter.
const fn bloom_bit(principal: Id) -> u64 {
    1 << (principal.0 & 63)
}

/// Every principal that a subject is.
struct Everything {
    principals: Box<[Id]>,
    /// The union of the [bits](bloom_bit) of all of them.
    traits: u64,
}

/// A principal at a time, over some facts.
pub struct Subject<'f, F: Facts + ?Sized> {
    facts: &'f F,
    /// The id of the principal.
    pub id: Id,
    /// The time at which expiries are judged.
    pub at: Time,
    /// The kind of the principal.
    pub principal_kind: PrincipalKind,
    header: Option<ResourceHeader>,
    /// Whether the account counts as active whatever its status is.
    assumed_active: bool,
    /// Whether the subject is evaluated without the classes `authenticated` and `anyone`.
    excludes_classes: bool,
    /// The principal and its groups.
    self_and_groups: OnceLock<Box<[Id]>>,
    /// The roles that the principal and its groups may hold.
    roles: OnceLock<Roles>,
    /// The principal, its groups and workgroups, `authenticated` and `anyone`.
    all_principals: OnceLock<Everything>,
    server: OnceLock<Box<Server>>,
}

impl<'f, F: Facts + ?Sized> Subject<'f, F> {
    /// Looks a principal up.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn new(facts: &'f F, id: Id, at: Time) -> Result<Subject<'f, F>> {
        let header = facts.header(id)?;
        let principal_kind = match (id, header.as_ref().map(ResourceHeader::kind)) {
            (Id::AUTHENTICATED, _) | (_, Some(Kind::Group | Kind::Workgroup)) => PrincipalKind::Accounts,
            (_, Some(Kind::Account)) => PrincipalKind::Account,
            (_, Some(Kind::AccessToken)) => PrincipalKind::Token,
            _ => PrincipalKind::Outsider,
        };
        Ok(Subject {
            facts,
            id,
            at,
            principal_kind,
            header,
            assumed_active: false,
            excludes_classes: false,
            self_and_groups: OnceLock::new(),
            roles: OnceLock::new(),
            all_principals: OnceLock::new(),
            server: OnceLock::new(),
        })
    }

    /// Whether the principal does not exist: it has no row, and its id is not a reserved one, which needs none.
    pub fn is_gone(&self) -> bool {
        self.header.is_none() && self.id > Id::LAST_RESERVED
    }

    /// The same subject as if its account were active.
    #[must_use]
    pub fn assume_active(self) -> Subject<'f, F> {
        Subject { assumed_active: true, ..self }
    }

    /// The same subject without what it has through `authenticated` or `anyone`: for listings that show
    /// the two classes in rows of their own.
    #[must_use]
    pub fn without_classes(self) -> Subject<'f, F> {
        Subject { excludes_classes: true, all_principals: OnceLock::new(), ..self }
    }

    /// Whether the subject is evaluated without the classes `authenticated` and `anyone`.
    pub const fn excludes_classes(&self) -> bool {
        self.excludes_classes
    }

    /// The facts that the subject was looked up in.
    pub const fn facts(&self) -> &'f F {
        self.facts
    }

    /// The server's settings, read once.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn server(&self) -> Result<&Server> {
        match self.server.get() {
            Some(server) => Ok(server),
            None => {
                let server = self.facts.server()?;
                Ok(self.server.get_or_init(|| Box::new(server)))
            }
        }
    }

    /// The kind of the principal, if it has a row.
    pub fn kind(&self) -> Option<Kind> {
        self.header.as_ref().map(ResourceHeader::kind)
    }

    fn account(&self) -> Option<&Account> {
        match &*self.header.as_ref()?.attributes {
            Attributes::Account(account) => Some(account),
            _ => None,
        }
    }

    /// The status of the account, if the principal is one.
    pub fn status(&self) -> Option<Status> {
        Some(self.account()?.status(self.at))
    }

    /// The access token and its workspace, if the principal is a token.
    pub fn token(&self) -> Option<(&AccessToken, Id)> {
        let header = self.header.as_ref()?;
        match &*header.attributes {
            Attributes::AccessToken(token) => Some((token, header.parent?)),
            _ => None,
        }
    }

    /// Whether the principal is an active account, or a group, workgroup or class of accounts.
    pub fn is_registered(&self) -> bool {
        match self.principal_kind {
            PrincipalKind::Account => self.assumed_active || self.status() == Some(Status::Active),
            PrincipalKind::Accounts => true,
            PrincipalKind::Outsider | PrincipalKind::Token => false,
        }
    }

    /// Whether the principal is an active account that leaves every setting at the server's value. It may
    /// then do whatever `authenticated` may do.
    pub fn is_plain(&self) -> bool {
        self.status() == Some(Status::Active)
            && self.account().is_some_and(|it| it.settings == SettingValues::default())
    }

    /// Whether a setting allows, and the proof step, which says whether the account's own value decided.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn setting(&self, setting: Setting) -> Result<(bool, ProofStep)> {
        let choice = self.account().map_or(SettingValue::Default, |account| account.settings.get(setting));
        let allowed = match choice {
            SettingValue::Allow => true,
            SettingValue::Deny => false,
            SettingValue::Default => self.server()?.allows(setting),
        };
        Ok((allowed, ProofStep::Setting { principal: self.id, setting, allowed, own: choice != SettingValue::Default }))
    }

    /// The principal and every group that it is in, nearest first.
    fn self_and_groups(&self) -> Result<&[Id]> {
        match self.self_and_groups.get() {
            Some(reached) => Ok(reached),
            None => {
                let reached = self.collect_principals(false, |_| {})?;
                Ok(self.self_and_groups.get_or_init(|| reached.into_boxed_slice()))
            }
        }
    }

    /// Whether the principal may hold any of some roles, itself or through groups. If not, no lookup is needed.
    fn may_hold(&self, roles: &[Role]) -> Result<bool> {
        if let Some(known) = self.roles.get() {
            return Ok(known.has_any(roles));
        }
        let mut found = Roles::NONE;
        for principal in self.self_and_groups()? {
            found = found.union(self.facts.roles_of(*principal)?);
        }
        Ok(self.roles.get_or_init(|| found).has_any(roles))
    }

    /// Every principal that the subject is and that can hold a share: itself, its groups and workgroups,
    /// `authenticated`, `anyone`; nearest first.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn principals(&self) -> Result<&[Id]> {
        Ok(&self.everything()?.principals)
    }

    fn everything(&self) -> Result<&Everything> {
        match self.all_principals.get() {
            Some(everything) => Ok(everything),
            None => {
                let principals = self.collect_principals(true, |_| {})?.into_boxed_slice();
                let traits = principals.iter().fold(0, |all, principal| all | bloom_bit(*principal));
                Ok(self.all_principals.get_or_init(|| Everything { principals, traits }))
            }
        }
    }

    /// Collects the principals that the subject is, with or without workgroups and classes. Calls `visit` with
    /// how each principal was reached, in the order of the list.
    fn collect_principals(&self, everything: bool, mut visit: impl FnMut(Via)) -> Result<Vec<Id>> {
        const ROLES: [Role; 3] = [Role::GroupMember, Role::WorkgroupAdmin, Role::WorkgroupStandard];
        let roles: &[Role] = if everything { &ROLES } else { &[Role::GroupMember] };
        let mut principals = Vec::with_capacity(16);
        principals.push(self.id);
        visit(None);
        let mut known: Option<HashSet<Id>> = None;
        let mut is_new = |principals: &[Id], id: Id| match &mut known {
            None if principals.len() < SET_THRESHOLD => !principals.contains(&id),
            None => known.insert(principals.iter().copied().collect()).insert(id),
            Some(known) => known.insert(id),
        };
        let mut workgroups: Vec<(usize, Holding)> = Vec::new();
        let mut next = 0;
        // Breadth first, each group once: the shortest path is found first, and cycles end.
        while let Some(from) = principals.get(next).copied() {
            self.facts.holdings(from, roles, self.at, &mut |held| {
                if held.role != Role::GroupMember {
                    workgroups.push((next, held));
                } else if is_new(&principals, held.resource) {
                    principals.push(held.resource);
                    visit(Some((next, held.role)));
                }
            })?;
            next += 1;
        }
        if !everything {
            return Ok(principals);
        }
        for (from, held) in workgroups {
            if is_new(&principals, held.resource) {
                principals.push(held.resource);
                visit(Some((from, held.role)));
            }
        }
        // Rules refuse an inactive account before they ask for its principals. What it shared while
        // active stays in force, so it keeps its classes here.
        let has_account = matches!(self.principal_kind, PrincipalKind::Account | PrincipalKind::Accounts);
        let classes = [(Id::AUTHENTICATED, has_account), (Id::ANYONE, true)];
        for (class, _) in classes.into_iter().filter(|(_, belongs)| *belongs && !self.excludes_classes) {
            if !principals.contains(&class) {
                principals.push(class);
                visit(None);
            }
        }
        Ok(principals)
    }

    /// Visits the effective shares of one item that any principal of the subject holds, with the index of
    /// that principal, until the visitor stops.
    ///
    /// # Errors
    /// When the facts cannot be read, or what the visitor answers.
    pub fn shares_on(&self, item: Id, visit: VisitHeld<'_>) -> Result<ControlFlow<()>> {
        self.facts.held_by(item, Role::ItemShare, self.principals()?, &mut |index, binding| {
            if binding.is_effective(self.at) { visit(index, binding) } else { Ok(ControlFlow::Continue(())) }
        })
    }

    /// The memberships that lead to a share; `index` as [`shares_on`](Subject::shares_on) passed it.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn share_path<E: Evidence>(&self, index: usize) -> Result<E> {
        self.membership_path(true, index)
    }

    /// Whether the subject holds a packed share and the share is effective.
    pub(super) fn holds_share(&self, share: &PackedShare) -> Result<bool> {
        let Everything { principals, traits } = self.everything()?;
        // Most shares belong to others, and one bit tells so without a search of the list.
        if traits & bloom_bit(share.principal()) == 0 || !principals.contains(&share.principal()) {
            return Ok(false);
        }
        Ok(share.always || self.facts.unpack(*share).is_some_and(|binding| binding.is_effective(self.at)))
    }

    /// Whether the subject is this principal, or a member of it.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn is(&self, principal: Id) -> Result<bool> {
        Ok(self.principals()?.contains(&principal))
    }

    /// The memberships that lead to the principal at an index of the list.
    fn membership_path<E: Evidence>(&self, everything: bool, index: usize) -> Result<E> {
        let mut evidence = E::default();
        if !E::RECORDS || index == 0 {
            return Ok(evidence);
        }
        let mut through = Vec::new();
        let principals = self.collect_principals(everything, |via| through.push(via))?;
        let mut steps = Vec::new();
        let mut at = index;
        while let Some((from, role)) = through.get(at).copied().flatten() {
            let (Some(into), Some(who)) = (principals.get(at), principals.get(from)) else { break };
            steps.extend(self.facts.held(*into, role, *who)?);
            at = from;
        }
        for membership in steps.into_iter().rev() {
            evidence.add(|| ProofStep::Member(membership));
        }
        Ok(evidence)
    }

    /// The principal and every group it is in, nearest first, each with the index in this list of the member that
    /// leads to it; `None` for the principal itself.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn groups_with_parents(&self) -> Result<Vec<(Id, Option<usize>)>> {
        let mut through = Vec::new();
        let principals = self.collect_principals(false, |via| through.push(via))?;
        Ok(principals.into_iter().zip(through).map(|(id, via)| (id, via.map(|(from, _)| from))).collect())
    }

    /// The memberships that lead to a principal, itself or through groups; `None` if the subject is not that
    /// principal.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn path_to<E: Evidence>(&self, principal: Id) -> Result<Option<E>> {
        let index = self.self_and_groups()?.iter().position(|known| *known == principal);
        index.map(|index| self.membership_path(false, index)).transpose()
    }

    /// Whether the subject holds a role, or a role that implies it, on a resource, itself or through groups.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn holds(&self, role: Role, resource: Id) -> Result<bool> {
        Ok(self.role_evidence::<()>(role, resource)?.is_some())
    }

    /// As [`holds`](Subject::holds), with the proof.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn proof_of(&self, role: Role, resource: Id) -> Result<Option<Proof>> {
        self.role_evidence(role, resource)
    }

    pub(super) fn role_evidence<E: Evidence>(&self, role: Role, resource: Id) -> Result<Option<E>> {
        // A group or a workgroup as a subject means its members.
        let of_members = matches!(role, Role::GroupMember | Role::WorkgroupStandard);
        if self.principal_kind == PrincipalKind::Accounts && self.id == resource && of_members {
            return Ok(Some(E::of(|| ProofStep::Itself { principal: self.id })));
        }
        // Accounts hold these roles directly, never through a group.
        let by_accounts = matches!(role.resource_kind(), Kind::Server | Kind::Org | Kind::Workspace | Kind::Item);
        let own = [self.id];
        let mut principals: &[Id] = if by_accounts { &own } else { self.self_and_groups()? };
        // The nearest principal that holds any of the roles, and the first of the roles that it holds.
        let mut nearest: Option<(usize, Role, Binding)> = None;
        for held in role.implied_by() {
            let _ = self.facts.held_by(resource, *held, principals, &mut |index, binding| {
                if !binding.is_effective(self.at) {
                    return Ok(ControlFlow::Continue(()));
                }
                nearest = Some((index, *held, binding.clone()));
                Ok(ControlFlow::Break(()))
            })?;
            if let Some((index, ..)) = nearest {
                if !E::RECORDS || index == 0 {
                    break;
                }
                principals = principals.get(..index).unwrap_or_default();
            }
        }
        let Some((index, held, binding)) = nearest else { return Ok(None) };
        let mut evidence: E = self.membership_path(false, index)?;
        evidence.add(|| ProofStep::Role(binding));
        if held != role {
            evidence.add(|| ProofStep::Implies { role: held, implied: role });
        }
        Ok(Some(evidence))
    }

    /// Visits every effective binding of the subject in any of these roles, its own or through groups.
    ///
    /// # Errors
    /// When the facts cannot be read, or what the visitor answers.
    pub fn each_level(
        &self,
        levels: &[Role],
        visit: &mut dyn FnMut(&Binding) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        if !self.may_hold(levels)? {
            return Ok(());
        }
        for principal in self.self_and_groups()? {
            for level in levels {
                let mut stopped = false;
                self.facts.bindings(BindingQuery::OfAs(*principal, *level), &mut |binding| {
                    if !binding.is_effective(self.at) {
                        return Ok(ControlFlow::Continue(()));
                    }
                    let flow = visit(&binding)?;
                    stopped = flow.is_break();
                    Ok(flow)
                })?;
                if stopped {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}
