//! Whoever asks: a principal with everything it is, looked up once.

use std::cell::OnceCell;
use std::ops::ControlFlow;
use std::rc::Rc;

use super::facts::{Facts, Result, Select};
use super::proof::Step;
use crate::model::attributes::{Choice, Server, Setting, Status};
use crate::model::{Binding, Id, Kind, Resource, Role, Time};

/// What sort of principal it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sort {
    /// One account.
    Account,
    /// Any account, by being in it: a group, a workgroup, `authenticated`.
    Accounts,
    /// Nobody with an account: `anyone`, an outside submitter.
    Outsider,
    /// An access token.
    Token,
}

/// One principal that the subject is, and the way it came to be that.
#[derive(Clone)]
struct Reached {
    principal: Id,
    /// The place in the list of the principal it was reached from, and the membership.
    through: Option<(usize, Binding)>,
}

/// Told of each share in turn, with a function that makes the way it is held; answers whether to go on.
pub type VisitShare<'v> = &'v mut dyn FnMut(&dyn Fn() -> Vec<Step>, &Binding) -> Result<ControlFlow<()>>;

/// A principal at a time, over some facts.
pub struct Subject<'f, F: Facts + ?Sized> {
    facts: &'f F,
    /// Its id.
    pub id: Id,
    /// The time that expiries are judged at.
    pub at: Time,
    /// What sort it is.
    pub sort: Sort,
    resource: Option<Rc<Resource>>,
    /// Whether it is taken for active, whatever its account says.
    assumed_active: bool,
    /// Itself and its groups.
    reached: OnceCell<Vec<Reached>>,
    /// And its workgroups, `authenticated`, `anyone`.
    everything: OnceCell<Vec<Reached>>,
    server: OnceCell<Server>,
}

impl<'f, F: Facts + ?Sized> Subject<'f, F> {
    /// Looks a principal up.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn new(facts: &'f F, id: Id, at: Time) -> Result<Subject<'f, F>> {
        let resource = facts.resource(id)?;
        let sort = match (id, resource.as_ref().map(|resource| resource.kind())) {
            (Id::AUTHENTICATED, _) | (_, Some(Kind::Group | Kind::Workgroup)) => Sort::Accounts,
            (_, Some(Kind::Account)) => Sort::Account,
            (_, Some(Kind::AccessToken)) => Sort::Token,
            _ => Sort::Outsider,
        };
        Ok(Subject {
            facts,
            id,
            at,
            sort,
            resource,
            assumed_active: false,
            reached: OnceCell::new(),
            everything: OnceCell::new(),
            server: OnceCell::new(),
        })
    }

    /// The same subject, as it would be if its account were active.
    #[must_use]
    pub fn as_if_active(self) -> Subject<'f, F> {
        Subject { assumed_active: true, ..self }
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
                Ok(self.server.get_or_init(|| server))
            }
        }
    }

    /// Its status, for an account.
    pub fn status(&self) -> Option<Status> {
        self.resource.as_ref()?.as_account().map(|account| account.status(self.at))
    }

    /// Its own row, where it has one.
    pub fn resource(&self) -> Option<&Resource> {
        self.resource.as_deref()
    }

    /// Whether it is an active account, or stands for active accounts.
    pub fn is_registered(&self) -> bool {
        match self.sort {
            Sort::Account => self.assumed_active || self.status() == Some(Status::Active),
            Sort::Accounts => true,
            Sort::Outsider | Sort::Token => false,
        }
    }

    /// Whether a setting allows it, and whether its own value said so.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn setting(&self, setting: Setting) -> Result<Step> {
        let choice = self
            .resource
            .as_ref()
            .and_then(|resource| resource.as_account())
            .map_or(Choice::Default, |account| account.settings.get(setting));
        let allowed = match choice {
            Choice::Allow => true,
            Choice::Deny => false,
            Choice::Default => self.server()?.allows(setting),
        };
        Ok(Step::Setting { principal: self.id, setting, allowed, own: choice != Choice::Default })
    }

    /// Everything it is: itself and every group it is in, nearest first.
    fn reached(&self) -> Result<&[Reached]> {
        if let Some(reached) = self.reached.get() {
            return Ok(reached);
        }
        let mut reached = vec![Reached { principal: self.id, through: None }];
        let mut next = 0;
        // Breadth first, each group once: the shortest way is found first and cycles end.
        while let Some(from) = reached.get(next).map(|reached| reached.principal) {
            self.facts.bindings(Select::OfAs(from, Role::GroupMember), &mut |binding| {
                if binding.is_effective(self.at) && !reached.iter().any(|known| known.principal == binding.resource) {
                    reached.push(Reached { principal: binding.resource, through: Some((next, binding)) });
                }
                Ok(ControlFlow::Continue(()))
            })?;
            next += 1;
        }
        Ok(self.reached.get_or_init(|| reached))
    }

    /// Everything that a share can be held by and that it is: itself, its groups and workgroups,
    /// `authenticated`, `anyone`; nearest first.
    fn everything(&self) -> Result<&[Reached]> {
        if let Some(everything) = self.everything.get() {
            return Ok(everything);
        }
        let mut everything = self.reached()?.to_vec();
        for place in 0..everything.len() {
            let Some(from) = everything.get(place).map(|known| known.principal) else { break };
            for level in Role::WORKGROUP {
                self.facts.bindings(Select::OfAs(from, level), &mut |binding| {
                    let known = everything.iter().any(|known| known.principal == binding.resource);
                    if binding.is_effective(self.at) && !known {
                        everything.push(Reached { principal: binding.resource, through: Some((place, binding)) });
                    }
                    Ok(ControlFlow::Continue(()))
                })?;
            }
        }
        // An account that is inactive is refused before it is asked what it is; what it shared when
        // it was active stays in force.
        let has_account = matches!(self.sort, Sort::Account | Sort::Accounts);
        let classes = [(Id::AUTHENTICATED, has_account), (Id::ANYONE, true)];
        for (class, belongs) in classes {
            if belongs && self.id != class {
                everything.push(Reached { principal: class, through: None });
            }
        }
        Ok(self.everything.get_or_init(|| everything))
    }

    /// The shares of one item that it holds by anything it is, effective ones only, each with the
    /// way it comes by, until the visitor has seen enough.
    ///
    /// # Errors
    /// When the facts cannot be read, or what the visitor answers.
    pub fn shares_on(&self, item: Id, visit: VisitShare<'_>) -> Result<ControlFlow<()>> {
        let everything = self.everything()?;
        for (place, known) in everything.iter().enumerate() {
            let mut flow = ControlFlow::Continue(());
            self.facts.bindings(Select::Exact(item, Role::ItemShare, known.principal), &mut |binding| {
                if binding.is_effective(self.at) {
                    flow = visit(&|| Self::way(everything, place), &binding)?;
                }
                Ok(flow)
            })?;
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Whether it is that principal, itself or by belonging to it.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn is(&self, principal: Id) -> Result<bool> {
        Ok(self.everything()?.iter().any(|known| known.principal == principal))
    }

    /// How it came to be the principal at a place of the list, as steps.
    fn way(reached: &[Reached], place: usize) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut at = place;
        while let Some(Reached { through: Some((from, binding)), .. }) = reached.get(at) {
            steps.push(Step::Member(binding.clone()));
            at = *from;
        }
        steps.reverse();
        steps
    }

    /// The way it came to be a principal; none if it is not that principal.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn way_to(&self, principal: Id) -> Result<Option<Vec<Step>>> {
        let reached = self.reached()?;
        Ok(reached.iter().position(|known| known.principal == principal).map(|place| Self::way(reached, place)))
    }

    /// Whether it holds a role on a resource, itself or through groups, or a role that implies it.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn holds(&self, role: Role, resource: Id) -> Result<Option<Vec<Step>>> {
        // A group or a workgroup as a principal is its members.
        let of_members = matches!(role, Role::GroupMember | Role::WorkgroupStandard);
        if self.sort == Sort::Accounts && self.id == resource && of_members {
            return Ok(Some(vec![Step::Oneself { principal: self.id }]));
        }
        for (place, known) in self.reached()?.iter().enumerate() {
            for held in role.given_by() {
                let Some(binding) = self.facts.held(resource, *held, known.principal)? else { continue };
                if !binding.is_effective(self.at) {
                    continue;
                }
                let mut steps = Self::way(self.reached()?, place);
                steps.push(Step::Role(binding));
                if *held != role {
                    steps.push(Step::Implies { role: *held, implied: role });
                }
                return Ok(Some(steps));
            }
            // These roles are held by accounts themselves, never through a group.
            if matches!(role.on(), Kind::Server | Kind::Org | Kind::Workspace | Kind::Item) {
                break;
            }
        }
        Ok(None)
    }

    /// Every workgroup or dropbox it is in through any of these levels, with the level held.
    ///
    /// # Errors
    /// When the facts cannot be read, or what the visitor answers.
    pub fn levels(&self, levels: &[Role], visit: &mut dyn FnMut(&Binding) -> Result<ControlFlow<()>>) -> Result<()> {
        for known in self.reached()? {
            for level in levels {
                let mut stopped = false;
                self.facts.bindings(Select::OfAs(known.principal, *level), &mut |binding| {
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
