//! Bindings as rows for people who judge them: who holds what on what, through what, since when, by whom and why, when it was
//! last reviewed, and what audits find about it. Reviews and reports have the same rows.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::view::ReadView;
use crate::manifest::review_decisions::inert;
use crate::model::time::time_value;
use crate::model::{Binding, Id, Kind, Problem, Revision, Time};
use crate::ops::findings::Finding;
use crate::ops::review::{LastReviews, row_id};
use crate::policy::{BindingQuery, Facts};

/// How many accounts of a group are named.
const NAMED_ACCOUNTS: usize = 5;

/// A binding as a row.
pub(super) struct BindingRow {
    /// The id of the row in a review.
    pub(super) id: String,
    pub(super) principal: String,
    /// The word of the role with its kind, such as `item:share`.
    pub(super) role: &'static str,
    pub(super) resource: String,
    /// The permissions of a share.
    pub(super) permissions: Option<String>,
    /// The accounts that have it through a group or a workgroup.
    pub(super) through: Option<Rc<str>>,
    /// The revision that made this version.
    pub(super) since: Revision,
    /// The time of that revision.
    pub(super) at: Option<Time>,
    pub(super) by: String,
    /// The reason of that revision.
    pub(super) reason: Option<Rc<str>>,
    pub(super) expires: Option<Time>,
    /// When it was last decided to keep it.
    pub(super) reviewed: Option<Time>,
    /// Who decided that.
    pub(super) reviewed_by: Option<String>,
    /// The findings about it, by id.
    pub(super) findings: Vec<&'static str>,
}

impl BindingRow {
    /// The values that every table of bindings has, in its order.
    pub(super) fn values(&self) -> [Value; 13] {
        [
            json!(self.principal),
            json!(self.role),
            json!(self.resource),
            json!(self.permissions),
            json!(self.through.as_deref()),
            json!(self.since),
            time_value(self.at),
            json!(self.by),
            json!(self.reason.as_deref()),
            time_value(self.expires),
            time_value(self.reviewed),
            json!(self.reviewed_by),
            json!(self.findings),
        ]
    }
}

/// Makes a row such that no spreadsheet runs what a cell says.
pub(super) fn make_inert(row: &mut Map<String, Value>) {
    for value in row.values_mut() {
        if let Value::String(text) = value {
            *text = inert(text);
        }
    }
}

/// The accounts in a group or a workgroup, and a text that names them.
type Members = (Rc<Vec<Id>>, Rc<str>);

/// The time and the reason of a revision.
type Origin = (Option<Time>, Option<Rc<str>>);

/// Makes rows, with what many of them share looked up once.
pub(super) struct BindingRows<'v, 'r, F: Facts> {
    view: &'v ReadView<'r, F>,
    reviews: LastReviews<'v>,
    /// The findings about each binding, by its number.
    findings: HashMap<Id, Vec<&'static str>>,
    origins: RefCell<HashMap<Revision, Origin>>,
    /// The members of each group and workgroup; `None` for other principals.
    members: RefCell<HashMap<Id, Option<Members>>>,
    names: RefCell<HashMap<Id, Rc<str>>>,
    /// Whether the reader may be told the reasons of revisions.
    shows_reasons: bool,
}

impl<'v, 'r, F: Facts> BindingRows<'v, 'r, F> {
    /// Rows of bindings about which these findings are known.
    pub(super) fn new(view: &'v ReadView<'r, F>, findings: &[Finding]) -> Result<BindingRows<'v, 'r, F>, Problem> {
        let mut by_binding: HashMap<Id, Vec<&'static str>> = HashMap::new();
        for finding in findings {
            if let Some(binding) = &finding.binding {
                let ids = by_binding.entry(binding.id).or_default();
                if !ids.contains(&finding.kind.as_str()) {
                    ids.push(finding.kind.as_str());
                }
            }
        }
        let shows_reasons = view.viewer()?.may(crate::model::Verb::ViewLog, Id::SERVER)?;
        let (origins, members, names) = Default::default();
        let reviews = LastReviews::read(&view.facts)?;
        Ok(BindingRows { view, reviews, findings: by_binding, origins, members, names, shows_reasons })
    }

    /// The row of a binding that the reader may see.
    pub(super) fn row(&self, binding: &Binding) -> Result<BindingRow, Problem> {
        let reviewed = self.reviews.of(binding)?;
        let (at, reason) = self.origin(binding.since)?;
        Ok(BindingRow {
            id: row_id(binding.id, binding.since),
            principal: self.view.participant(binding, binding.principal)?,
            role: binding.role.qualified(),
            resource: self.view.participant(binding, binding.resource)?,
            permissions: Some(binding.attributes.permissions).filter(|set| !set.is_empty()).map(|set| set.typed()),
            through: self.through(binding.principal)?,
            since: binding.since,
            at,
            by: self.view.grantor(binding)?,
            reason,
            expires: binding.expires,
            reviewed: reviewed.as_ref().map(|it| it.at),
            reviewed_by: reviewed.map(|it| self.view.actor_name(it.by)).transpose()?,
            findings: self.findings.get(&binding.id).cloned().unwrap_or_default(),
        })
    }

    fn origin(&self, revision: Revision) -> Result<Origin, Problem> {
        if let Some(known) = self.origins.borrow().get(&revision) {
            return Ok(known.clone());
        }
        let entry = self.view.reader.revision(revision)?;
        let reason = entry.as_ref().and_then(|it| it.reason.as_deref().map(Rc::from)).filter(|_| self.shows_reasons);
        let origin = (entry.map(|it| it.at), reason);
        self.origins.borrow_mut().insert(revision, origin.clone());
        Ok(origin)
    }

    /// The accounts that a group or a workgroup stands for, as far as the reader may see its members; `None` for other
    /// principals.
    fn through(&self, principal: Id) -> Result<Option<Rc<str>>, Problem> {
        Ok(self.members_of(principal)?.map(|(_, text)| text))
    }

    /// The accounts in a group or a workgroup whose membership the reader may see; `None` for other principals.
    pub(super) fn accounts_in(&self, principal: Id) -> Result<Option<Rc<Vec<Id>>>, Problem> {
        Ok(self.members_of(principal)?.map(|(accounts, _)| accounts))
    }

    fn members_of(&self, principal: Id) -> Result<Option<Members>, Problem> {
        if let Some(known) = self.members.borrow().get(&principal) {
            return Ok(known.clone());
        }
        let found = match self.read_members(principal)? {
            None => None,
            Some(accounts) => {
                let mut names = Vec::with_capacity(accounts.len());
                for account in &accounts {
                    names.push(self.name(*account)?.trim_start_matches("user:").to_owned());
                }
                names.sort_unstable();
                Some((Rc::new(accounts), describe(&names).into()))
            }
        };
        self.members.borrow_mut().insert(principal, found.clone());
        Ok(found)
    }

    fn read_members(&self, principal: Id) -> Result<Option<Vec<Id>>, Problem> {
        let facts = &self.view.facts;
        let kind_of = |id: Id| Ok::<_, Problem>(facts.header(id)?.map(|it| it.kind()));
        if !matches!(kind_of(principal)?, Some(Kind::Group | Kind::Workgroup)) {
            return Ok(None);
        }
        let viewer = self.view.viewer()?;
        let (mut open, mut seen, mut accounts) = (vec![principal], HashSet::from([principal]), Vec::new());
        while let Some(group) = open.pop() {
            for membership in facts.list_bindings(BindingQuery::On(group))? {
                if !membership.is_effective(self.view.at)
                    || !viewer.sees_binding(&membership)?
                    || !seen.insert(membership.principal)
                {
                    continue;
                }
                match kind_of(membership.principal)? {
                    Some(Kind::Group) => open.push(membership.principal),
                    _ => accounts.push(membership.principal),
                }
            }
        }
        Ok(Some(accounts))
    }

    fn name(&self, id: Id) -> Result<Rc<str>, Problem> {
        if let Some(known) = self.names.borrow().get(&id) {
            return Ok(Rc::clone(known));
        }
        let name: Rc<str> = self.view.name(id)?.into();
        self.names.borrow_mut().insert(id, Rc::clone(&name));
        Ok(name)
    }
}

/// The first names of a list, and how many more there are.
fn describe(names: &[String]) -> String {
    match names {
        [] => "nobody".to_owned(),
        few if few.len() <= NAMED_ACCOUNTS => few.join(", "),
        many => {
            let first: Vec<&str> = many.iter().take(NAMED_ACCOUNTS).map(String::as_str).collect();
            format!("{} and {} more", first.join(", "), many.len() - NAMED_ACCOUNTS)
        }
    }
}
