//! Findings: what an audit should look at, as the catalogue of findings lists it. [`FindingSearch::run`] reads the facts
//! once, resource by resource, and visits each finding with the commands that mend it.
//!
//! A reader is told the findings of what they may read the log of (docs/decisions.md#findings), and no finding names
//! what the reader may not see.

mod accept;
mod accounts;
mod administrators;
mod conflicts;
mod credentials;
mod fix;
mod groups;
mod holders;
mod links;
mod reviews;
mod shares;

pub use accept::{AcceptedFinding, accept};

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::separation::Conflict;
use super::visibility::AnyViewer;
use crate::model::attributes::Status;
use crate::model::catalogue::findings::{FindingKind, Severity};
use crate::model::time::TimeSpan;
use crate::model::{Binding, Id, Kind, Problem, Revision, Time};
use crate::policy::cache::BoundedCache;
use crate::policy::disclosure::HIDDEN;
use crate::policy::{Facts, LogScope, Subject};
use accept::Acceptances;

/// Something that an audit should look at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// What was found.
    pub kind: FindingKind,
    /// How much it matters.
    pub severity: Severity,
    /// The resource that it is about.
    pub resource: Id,
    /// The principal that it is about, if there is one.
    pub principal: Option<Id>,
    /// The revision that made the row that it rests on.
    pub since: Revision,
    /// The binding that it rests on; `None` if it rests on the resource itself.
    pub binding: Option<Box<Binding>>,
    /// What the title leaves open, such as the group through which somebody has access; may be empty.
    pub detail: String,
    /// The commands that mend it, to be typed one after another.
    pub fix: Vec<String>,
    /// The acceptance in force, if it is accepted.
    pub acceptance: Option<Id>,
}

/// What to look for.
#[derive(Clone, Debug, Default)]
pub struct FindingOptions {
    /// The findings to look for; all of them if empty.
    pub only: BTreeSet<FindingKind>,
    /// The findings to leave out.
    pub except: BTreeSet<FindingKind>,
    /// The least severity.
    pub severity: Option<Severity>,
    /// The number of days that are in order, where it differs from the catalogue.
    pub days: BTreeMap<FindingKind, u32>,
    /// Rights that no one account should have together.
    pub conflicts: Vec<Conflict>,
    /// Only findings about this resource or principal, or about what lies in it.
    pub within: Option<Id>,
    /// Whether accepted findings are left out, the only ones, or as any other.
    pub accepted: Accepted,
}

/// What to do with accepted findings.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Accepted {
    /// Leave them out.
    #[default]
    Without,
    /// Visit them and no others.
    Only,
    /// Visit all findings.
    With,
}

impl Accepted {
    fn takes(self, is_accepted: bool) -> bool {
        match self {
            Accepted::Without => !is_accepted,
            Accepted::Only => is_accepted,
            Accepted::With => true,
        }
    }
}

/// What a search asks the history, which the facts of one moment do not have.
pub trait HistoryLookup {
    /// The reference of any resource or principal, also of one that has ended, without asking who reads.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn reference(&self, id: Id) -> Result<String, Problem>;

    /// The last revision at or before a time.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn revision_at(&self, time: Time) -> Result<Revision, Problem>;
}

/// Visits each finding.
pub type VisitFinding<'v, E> = &'v mut dyn FnMut(Finding) -> Result<(), E>;

/// A search for findings in the facts of one moment.
pub struct FindingSearch<'f> {
    facts: &'f dyn Facts,
    viewer: AnyViewer<'f>,
    scope: LogScope,
    at: Time,
    options: &'f FindingOptions,
    acceptances: Acceptances,
    history: &'f dyn HistoryLookup,
    /// The principals that a principal is: itself, its groups and its workgroups.
    principals: BoundedCache<Vec<Id>>,
    /// Whether an account is active; `None` if it does not exist.
    statuses: BoundedCache<Option<Status>>,
}

impl<'f> FindingSearch<'f> {
    /// A search as a reader.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn new(
        facts: &'f dyn Facts,
        viewer: AnyViewer<'f>,
        at: Time,
        options: &'f FindingOptions,
        history: &'f dyn HistoryLookup,
    ) -> Result<FindingSearch<'f>, Problem> {
        let scope = viewer.log_scope()?;
        let acceptances = Acceptances::read(facts, at)?;
        let (principals, statuses) = Default::default();
        Ok(FindingSearch { facts, viewer, scope, at, options, acceptances, history, principals, statuses })
    }

    /// Whether the reader is told any finding.
    pub fn has_scope(&self) -> bool {
        !matches!(&self.scope, LogScope::On(resources) if resources.is_empty())
    }

    /// Visits every finding that the options ask for and the reader may be told.
    ///
    /// # Errors
    /// When the facts cannot be read; those of the visitor.
    pub fn run<E: From<Problem>>(&self, visit: VisitFinding<'_, E>) -> Result<(), E> {
        let failed = RefCell::new(None);
        let mut told = |mut finding: Finding| {
            finding.acceptance = self.acceptances.of(&finding);
            if failed.borrow().is_none() && self.is_told(&finding)? {
                *failed.borrow_mut() = visit(finding).err();
            }
            Ok(())
        };
        let checks = [
            FindingSearch::administrators,
            FindingSearch::accounts,
            FindingSearch::groups,
            FindingSearch::links,
            FindingSearch::shares,
            FindingSearch::holders,
            FindingSearch::credentials,
            FindingSearch::conflicts,
            FindingSearch::unreviewed,
        ];
        for check in checks {
            check(self, &mut told)?;
            if let Some(error) = failed.take() {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Whether the options ask for a finding.
    fn wants(&self, kind: FindingKind) -> bool {
        (self.options.only.is_empty() || self.options.only.contains(&kind)) && !self.options.except.contains(&kind)
    }

    fn wants_any(&self, kinds: &[FindingKind]) -> bool {
        kinds.iter().any(|kind| self.wants(*kind))
    }

    /// Whether the options ask for this finding, and the reader may be told.
    fn is_told(&self, finding: &Finding) -> Result<bool, Problem> {
        if !self.wants(finding.kind)
            || self.options.severity.is_some_and(|least| finding.severity < least)
            || !self.options.accepted.takes(finding.acceptance.is_some())
        {
            return Ok(false);
        }
        let ancestors = self.facts.ancestors(finding.resource)?;
        if let Some(within) = self.options.within
            && finding.resource != within
            && finding.principal != Some(within)
            && !ancestors.iter().any(|above| above.id == within)
        {
            return Ok(false);
        }
        if let LogScope::On(resources) = &self.scope {
            let outermost = ancestors.last().map_or(finding.resource, |it| it.id);
            if !resources.contains(&outermost) {
                return Ok(false);
            }
        }
        match &finding.binding {
            Some(binding) => Ok(self.viewer.sees_binding(binding)?),
            None => Ok(self.viewer.may_name(finding.resource)?),
        }
    }

    /// A finding about a resource.
    fn about(&self, kind: FindingKind, resource: Id) -> Result<Finding, Problem> {
        let since = self.facts.resource(resource)?.map_or(0, |it| it.since);
        Ok(Finding {
            kind,
            severity: kind.row().severity,
            resource,
            principal: None,
            since,
            binding: None,
            detail: String::new(),
            fix: Vec::new(),
            acceptance: None,
        })
    }

    /// A finding about a binding.
    fn about_binding(&self, kind: FindingKind, binding: &Binding) -> Finding {
        Finding {
            kind,
            severity: kind.row().severity,
            resource: binding.resource,
            principal: Some(binding.principal),
            since: binding.since,
            binding: Some(Box::new(binding.clone())),
            detail: String::new(),
            fix: Vec::new(),
            acceptance: None,
        }
    }

    /// The name of a resource or principal in a detail; `hidden` if the reader may not see it.
    fn name(&self, id: Id) -> Result<String, Problem> {
        // told: asked just now.
        if self.viewer.may_name(id)? { self.history.reference(id) } else { Ok(HIDDEN.to_owned()) }
    }

    /// The earliest time that is in order: as many days ago as the options or the catalogue allow.
    fn oldest_in_order(&self, kind: FindingKind) -> Time {
        let days = self.options.days.get(&kind).copied().or(kind.row().days).unwrap_or_default();
        Time(self.at.0.saturating_sub(TimeSpan::days(i64::from(days)).0))
    }

    /// The status of an account; `None` if it does not exist.
    fn status(&self, account: Id) -> Result<Option<Status>, Problem> {
        if let Some(known) = self.statuses.get(account.0, |_| true) {
            return Ok(*known);
        }
        let resource = self.facts.resource(account)?;
        let found = resource.and_then(|it| it.as_account().map(|it| it.status(self.at)));
        Ok(*self.statuses.put(account.0, found))
    }

    fn is_active(&self, account: Id) -> Result<bool, Problem> {
        Ok(self.status(account)? == Some(Status::Active))
    }

    /// The principal, its groups and its workgroups; without the classes.
    fn principals(&self, principal: Id) -> Result<Rc<Vec<Id>>, Problem> {
        if let Some(known) = self.principals.get(principal.0, |_| true) {
            return Ok(known);
        }
        let subject = Subject::new(self.facts, principal, self.at)?.without_classes();
        Ok(self.principals.put(principal.0, subject.principals()?.to_vec()))
    }

    fn kind_of(&self, id: Id) -> Result<Option<Kind>, Problem> {
        Ok(self.facts.header(id)?.map(|header| header.kind()))
    }
}

/// What the checks report to.
type Report<'v> = &'v mut dyn FnMut(Finding) -> Result<(), Problem>;
