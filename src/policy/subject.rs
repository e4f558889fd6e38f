//! Whoever asks: a principal with everything it is, looked up once.

use std::ops::ControlFlow;
use std::sync::OnceLock;

use hashbrown::HashSet;

use super::facts::{BindingQuery, Facts, Holding, PackedShare, ResourceHeader, Result, Roles, VisitHeld};
use super::proof::{Evidence, Proof, ProofStep};
use crate::model::attributes::{
    AccessToken, Account, Attributes, Server, Setting, SettingValue, SettingValues, Status,
};
use crate::model::{Binding, Id, Kind, Role, Time};

/// What sort of principal it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PrincipalKind {
    /// One account.
    Account,
    /// Any account, by being in it: a group, a workgroup, `authenticated`.
    Accounts,
    /// Nobody with an account: `anyone`, an outside submitter.
    Outsider,
    /// An access token.
    Token,
}

/// The way a subject came to be a principal: the place in the list of what it is that leads there,
/// and the role it holds there; none for what it is without any binding.
type Via = Option<(usize, Role)>;

/// From so many on, what was found is looked up in a set and not in the list.
const SET_THRESHOLD: usize = 64;

/// One bit of 64, that a principal shares with one in 64 others.
const fn bloom_bit(principal: Id) -> u64 {
    1 << (principal.0 & 63)
}

/// Everything that a principal is.
struct Everything {
    principals: Box<[Id]>,
    /// The [traits](bloom_bit) of all of them.
    traits: u64,
}

/// A principal at a time, over some facts.
pub struct Subject<'f, F: Facts + ?Sized> {
    facts: &'f F,
    /// Its id.
    pub id: Id,
    /// The time that expiries are judged at.
    pub at: Time,
    /// What sort it is.
    pub principal_kind: PrincipalKind,
    header: Option<ResourceHeader>,
    /// Whether it is taken for active, whatever its account says.
    assumed_active: bool,
    /// Whether it is taken for itself alone, without what every account and everybody has.
    excludes_classes: bool,
    /// Itself and its groups.
    self_and_groups: OnceLock<Box<[Id]>>,
    /// The roles that these may hold anything in.
    roles: OnceLock<Roles>,
    /// And its workgroups, `authenticated`, `anyone`.
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
        let sort = match (id, header.as_ref().map(ResourceHeader::kind)) {
            (Id::AUTHENTICATED, _) | (_, Some(Kind::Group | Kind::Workgroup)) => PrincipalKind::Accounts,
            (_, Some(Kind::Account)) => PrincipalKind::Account,
            (_, Some(Kind::AccessToken)) => PrincipalKind::Token,
            _ => PrincipalKind::Outsider,
        };
        Ok(Subject {
            facts,
            id,
            at,
            principal_kind: sort,
            header,
            assumed_active: false,
            excludes_classes: false,
            self_and_groups: OnceLock::new(),
            roles: OnceLock::new(),
            all_principals: OnceLock::new(),
            server: OnceLock::new(),
        })
    }

    /// Whether it is no more: it has no row, and is none of those that need none.
    pub fn is_gone(&self) -> bool {
        self.header.is_none() && self.id > Id::LAST_RESERVED
    }

    /// The same subject, as it would be if its account were active.
    #[must_use]
    pub fn assume_active(self) -> Subject<'f, F> {
        Subject { assumed_active: true, ..self }
    }

    /// The same subject without what it has as any account has it, or as anybody: where those stand
    /// as themselves in a listing.
    #[must_use]
    pub fn without_classes(self) -> Subject<'f, F> {
        Subject { excludes_classes: true, all_principals: OnceLock::new(), ..self }
    }

    /// Whether it is taken without what every account has.
    pub const fn excludes_classes(&self) -> bool {
        self.excludes_classes
    }

    /// The facts it was looked up in.
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

    /// Its kind, where it has a row of its own.
    pub fn kind(&self) -> Option<Kind> {
        self.header.as_ref().map(ResourceHeader::kind)
    }

    fn account(&self) -> Option<&Account> {
        match &*self.header.as_ref()?.attributes {
            Attributes::Account(account) => Some(account),
            _ => None,
        }
    }

    /// Its status, for an account.
    pub fn status(&self) -> Option<Status> {
        Some(self.account()?.status(self.at))
    }

    /// The access token that it is, and the workspace that lies in.
    pub fn token(&self) -> Option<(&AccessToken, Id)> {
        let header = self.header.as_ref()?;
        match &*header.attributes {
            Attributes::AccessToken(token) => Some((token, header.parent?)),
            _ => None,
        }
    }

    /// Whether it is an active account, or stands for active accounts.
    pub fn is_registered(&self) -> bool {
        match self.principal_kind {
            PrincipalKind::Account => self.assumed_active || self.status() == Some(Status::Active),
            PrincipalKind::Accounts => true,
            PrincipalKind::Outsider | PrincipalKind::Token => false,
        }
    }

    /// Whether it is an active account without any setting of its own: what any account may do that
    /// is nothing to anybody, it may do as well.
    pub fn is_plain(&self) -> bool {
        self.status() == Some(Status::Active)
            && self.account().is_some_and(|it| it.settings == SettingValues::default())
    }

    /// Whether a setting allows it, and whether its own value said so.
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

    /// Itself and every group it is in, nearest first.
    fn self_and_groups(&self) -> Result<&[Id]> {
        match self.self_and_groups.get() {
            Some(reached) => Ok(reached),
            None => {
                let reached = self.collect_principals(false, |_| {})?;
                Ok(self.self_and_groups.get_or_init(|| reached.into_boxed_slice()))
            }
        }
    }

    /// Whether it may hold any of some roles, itself or through groups: if not, none of them need be looked for.
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

    /// Everything that a share can be held by and that it is: itself, its groups and workgroups,
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

    /// What it is, with or without workgroups and classes; and is told the way to each in turn.
    fn collect_principals(&self, everything: bool, mut told: impl FnMut(Via)) -> Result<Vec<Id>> {
        const ROLES: [Role; 3] = [Role::GroupMember, Role::WorkgroupAdmin, Role::WorkgroupStandard];
        let roles: &[Role] = if everything { &ROLES } else { &[Role::GroupMember] };
        let mut principals = Vec::with_capacity(16);
        principals.push(self.id);
        told(None);
        let mut known: Option<HashSet<Id>> = None;
        let mut is_new = |principals: &[Id], id: Id| match &mut known {
            None if principals.len() < SET_THRESHOLD => !principals.contains(&id),
            None => known.insert(principals.iter().copied().collect()).insert(id),
            Some(known) => known.insert(id),
        };
        let mut workgroups: Vec<(usize, Holding)> = Vec::new();
        let mut next = 0;
        // Breadth first, each group once: the shortest way is found first and cycles end.
        while let Some(from) = principals.get(next).copied() {
            self.facts.holdings(from, roles, self.at, &mut |held| {
                if held.role != Role::GroupMember {
                    workgroups.push((next, held));
                } else if is_new(&principals, held.resource) {
                    principals.push(held.resource);
                    told(Some((next, held.role)));
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
                told(Some((from, held.role)));
            }
        }
        // An account that is inactive is refused before it is asked what it is; what it shared when
        // it was active stays in force.
        let has_account = matches!(self.principal_kind, PrincipalKind::Account | PrincipalKind::Accounts);
        let classes = [(Id::AUTHENTICATED, has_account), (Id::ANYONE, true)];
        for (class, _) in classes.into_iter().filter(|(_, belongs)| *belongs && !self.excludes_classes) {
            if !principals.contains(&class) {
                principals.push(class);
                told(None);
            }
        }
        Ok(principals)
    }

    /// The shares of one item that it holds by anything it is, effective ones only, each with the
    /// place of what holds it, until the visitor has seen enough.
    ///
    /// # Errors
    /// When the facts cannot be read, or what the visitor answers.
    pub fn shares_on(&self, item: Id, visit: VisitHeld<'_>) -> Result<ControlFlow<()>> {
        self.facts.held_by(item, Role::ItemShare, self.principals()?, &mut |index, binding| {
            if binding.is_effective(self.at) { visit(index, binding) } else { Ok(ControlFlow::Continue(())) }
        })
    }

    /// How it came to hold a share that [`shares_on`](Subject::shares_on) told of.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn share_path<E: Evidence>(&self, index: usize) -> Result<E> {
        self.membership_path(true, index)
    }

    /// Whether a share that facts have at hand is one it holds, and effective.
    pub(super) fn holds_share(&self, share: &PackedShare) -> Result<bool> {
        let Everything { principals, traits } = self.everything()?;
        // Most shares are others': one bit tells it without a look at the list.
        if traits & bloom_bit(share.principal()) == 0 || !principals.contains(&share.principal()) {
            return Ok(false);
        }
        Ok(share.always || self.facts.unpack(*share).is_some_and(|binding| binding.is_effective(self.at)))
    }

    /// Whether it is that principal, itself or by belonging to it.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn is(&self, principal: Id) -> Result<bool> {
        Ok(self.principals()?.contains(&principal))
    }

    /// How it came to be the principal at a place of the list.
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

    /// Itself and every group it is in, nearest first, each with the place in this list of what leads there;
    /// none for itself.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn groups_with_parents(&self) -> Result<Vec<(Id, Option<usize>)>> {
        let mut through = Vec::new();
        let principals = self.collect_principals(false, |via| through.push(via))?;
        Ok(principals.into_iter().zip(through).map(|(id, via)| (id, via.map(|(from, _)| from))).collect())
    }

    /// The way it came to be a principal, itself or through groups; none if it is not that principal.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn path_to<E: Evidence>(&self, principal: Id) -> Result<Option<E>> {
        let index = self.self_and_groups()?.iter().position(|known| *known == principal);
        index.map(|place| self.membership_path(false, place)).transpose()
    }

    /// Whether it holds a role on a resource, itself or through groups, or a role that implies it.
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
        // A group or a workgroup as a principal is its members.
        let of_members = matches!(role, Role::GroupMember | Role::WorkgroupStandard);
        if self.principal_kind == PrincipalKind::Accounts && self.id == resource && of_members {
            return Ok(Some(E::of(|| ProofStep::Itself { principal: self.id })));
        }
        // These roles are held by accounts themselves, never through a group.
        let by_accounts = matches!(role.resource_kind(), Kind::Server | Kind::Org | Kind::Workspace | Kind::Item);
        let own = [self.id];
        let mut principals: &[Id] = if by_accounts { &own } else { self.self_and_groups()? };
        // The nearest of what it is, and of the roles that one holds the first of the list.
        let mut nearest: Option<(usize, Role, Binding)> = None;
        for held in role.implied_by() {
            let _ = self.facts.held_by(resource, *held, principals, &mut |index, binding| {
                if !binding.is_effective(self.at) {
                    return Ok(ControlFlow::Continue(()));
                }
                nearest = Some((index, *held, binding.clone()));
                Ok(ControlFlow::Break(()))
            })?;
            if let Some((place, ..)) = nearest {
                if !E::RECORDS || place == 0 {
                    break;
                }
                principals = principals.get(..place).unwrap_or_default();
            }
        }
        let Some((place, held, binding)) = nearest else { return Ok(None) };
        let mut evidence: E = self.membership_path(false, place)?;
        evidence.add(|| ProofStep::Role(binding));
        if held != role {
            evidence.add(|| ProofStep::Implies { role: held, implied: role });
        }
        Ok(Some(evidence))
    }

    /// Every workgroup or dropbox it is in through any of these levels, with the level held.
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
