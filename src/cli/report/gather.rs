//! What a report says: the bindings in its scope, the findings about them, what changed, who reaches what.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::ControlFlow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};

use super::super::binding_rows::BindingRows;
use super::super::findings::found_by;
use super::super::log::LogReader;
use super::super::review::scope_names;
use super::super::session::Session;
use super::super::view::ReadView;
use super::drawings::drawings;
use super::{ACCESS, ReportArgs, access_row};
use crate::model::attributes::Review;
use crate::model::catalogue::findings::Severity;
use crate::model::{Binding, Id, Kind, Problem, Time};
use crate::ops::findings::Finding;
use crate::ops::review::{covers, each_in_scope, is_in_scope};
use crate::policy::{Facts, RowChange};
use crate::render::pages::{Count, PageTable, Period, Reach, ReportPage};
use crate::render::{Column, RenderError, hidden, key, row, shown};
use crate::store::Snapshot;
use crate::store::merkle::Tree;

/// How many resources the plot of the reach shows.
const MAX_REACH: usize = 20;

/// The columns of the findings.
pub(super) static FINDINGS: [Column; 9] = [
    shown("severity"),
    key("id"),
    key("resource"),
    key("principal"),
    shown("detail"),
    shown("since"),
    hidden("by"),
    hidden("why"),
    hidden("fix"),
];

/// The columns of the changes.
pub(super) static CHANGES: [Column; 6] =
    [key("revision"), shown("at"), shown("actor"), shown("command"), key("change"), shown("reason")];

/// How much of a report a format shows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Extent {
    /// The bindings alone.
    Bindings,
    /// All but the drawings.
    Document,
    /// Everything.
    Page,
}

/// A report, before it has a format.
pub(super) struct Report {
    /// What stands in every format.
    pub(super) page: ReportPage,
    pub(super) findings: Rows,
    pub(super) changes: Rows,
    pub(super) access: Rows,
}

impl Report {
    /// The report as one object.
    pub(super) fn document(&self) -> Value {
        let mut document = json!(self.page);
        if let Some(fields) = document.as_object_mut() {
            fields.insert("findings".to_owned(), json!(self.findings));
            fields.insert("changes".to_owned(), json!(self.changes));
            fields.insert("access".to_owned(), json!(self.access));
        }
        document
    }

    /// The report as a page.
    pub(super) fn page(mut self) -> std::io::Result<String> {
        let names = |columns: &'static [Column]| PageTable::new(columns.iter().map(|column| &*column.name));
        let mut tables = vec![("findings", names(&FINDINGS), &self.findings), ("access", names(&ACCESS), &self.access)];
        if !self.page.since_at.is_empty() {
            tables.push(("changes", names(&CHANGES), &self.changes));
        }
        for (name, mut table, rows) in tables {
            for row in rows {
                table.push(&mut self.page.texts, row);
            }
            self.page.tables.insert(name, table);
        }
        self.page.render()
    }
}

/// Collects a report at the moment of a view, as far as its format shows it.
pub(super) fn report(
    args: &ReportArgs,
    session: &Session<'_>,
    view: &ReadView<'_>,
    extent: Extent,
) -> Result<Report, RenderError> {
    let view = view.in_memory()?;
    let scope = scope(args, &view)?;
    let since = args.since.as_deref();
    let since = since.map(|text| ReadView::new(view.reader, view.actor, Some(text), view.now())).transpose()?;
    let found = found_by(session, &view)?;
    let rows = BindingRows::new(&view, &found)?;
    let (mut bindings, mut listed) = (Vec::new(), Vec::new());
    let viewer = view.viewer()?;
    each_in_scope((&view.facts, &view.facts), (Id::SERVER, &scope), &mut |found| {
        if viewer.sees_binding(&found.binding)? {
            listed.push((access_row(&rows.row(&found.binding)?), found.binding));
        }
        Ok::<_, RenderError>(())
    })?;
    listed.sort_by_cached_key(|(row, _)| {
        ["resource", "principal", "role"].map(|name| row.get(name).map(ToString::to_string).unwrap_or_default())
    });
    let mut access = Vec::with_capacity(listed.len());
    for (row, binding) in listed {
        access.push(row);
        bindings.push(binding);
    }
    let known: HashSet<Id> = bindings.iter().map(|it| it.id).collect();
    let lies_in =
        |id: Id| -> Result<bool, Problem> { Ok(scope.principals.contains(&id) || covers(&view.facts, &scope, id)?) };
    let (mut findings, mut severities) = (Vec::new(), BTreeMap::<usize, usize>::new());
    for finding in &found {
        let of_binding = finding.binding.as_ref().is_some_and(|it| known.contains(&it.id));
        if of_binding || lies_in(finding.resource)? || finding.principal.map_or(Ok(false), lies_in)? {
            *severities.entry(finding.severity as usize).or_default() += 1;
            findings.push((finding, finding_row(&view, finding)?));
        }
    }
    findings.sort_by_cached_key(|(finding, row)| {
        (std::cmp::Reverse(finding.severity as usize), row.values().map(ToString::to_string).collect::<Vec<_>>())
    });
    let (timeline, changes) = match extent {
        Extent::Bindings => Default::default(),
        Extent::Document | Extent::Page => history(&view, (&scope, &lies_in), since.as_ref())?,
    };
    let mut page = ReportPage {
        title: "Access report".to_owned(),
        scope: scope_names(&view, &scope)?,
        store: session.store_path()?.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        reader: view.actor_name(view.actor.principal())?,
        revision: view.revision,
        digest: view.reader.revision(view.revision)?.map(|entry| entry.digest).unwrap_or_default(),
        at: view.at.to_string(),
        since_revision: since.as_ref().map_or(0, |it| it.revision),
        since_at: since.as_ref().map(|it| it.at.to_string()).unwrap_or_default(),
        timeline,
        ..ReportPage::default()
    };
    page.severities = Severity::ALL
        .iter()
        .rev()
        .filter_map(|it| Some(Count { name: it.as_str(), value: *severities.get(&(*it as usize))? }))
        .collect();
    if extent >= Extent::Document {
        people(&view, &rows, &bindings, &mut page)?;
        page.made = made(session, &view)?;
    }
    if extent >= Extent::Page {
        page.drawings = drawings(&view, &rows, findings.iter().map(|(finding, _)| *finding), &bindings)?;
    }
    Ok(Report { page, findings: findings.into_iter().map(|(_, row)| row).collect(), changes, access })
}

/// What a report is about, in the form of the scope of a review.
fn scope(args: &ReportArgs, view: &ReadView<'_, Snapshot>) -> Result<Review, Problem> {
    if let Some(name) = &args.review {
        let review = view.find(Kind::Review, name)?;
        if let Some(review) = review.as_review() {
            return Ok(review.clone());
        }
    }
    let of = args.of.iter().map(|it| view.resolve_in_log(it)).collect::<Result<Vec<_>, _>>()?;
    let principals = args.principal.iter().map(|it| view.principal(it)).collect::<Result<Vec<_>, _>>()?;
    let (created, as_of) = (view.at, view.revision);
    Ok(Review { of, principals, as_of, reviewer: None, due: None, by: None, created, closed: None })
}

fn finding_row(view: &ReadView<'_, Snapshot>, finding: &Finding) -> Result<Map<String, Value>, RenderError> {
    super::super::findings::finding_row(view, finding).map(|all| {
        FINDINGS.iter().map(|it| (it.name.to_string(), all.get(&*it.name).cloned().unwrap_or_default())).collect()
    })
}

/// Rows of a table.
type Rows = Vec<Map<String, Value>>;

/// Whether something lies in the scope of a report.
type LiesIn<'l> = &'l dyn Fn(Id) -> Result<bool, Problem>;

/// The changes of bindings over time, and every change since a moment. Only what the reader may read of the log.
fn history(
    view: &ReadView<'_, Snapshot>,
    (scope, lies_in): (&Review, LiesIn<'_>),
    since: Option<&ReadView<'_>>,
) -> Result<(Vec<Period>, Rows), RenderError> {
    let log = LogReader::new(view)?;
    if since.is_some() {
        log.require()?;
    }
    let viewer = view.viewer()?;
    let is_counted = |binding: &Binding| -> Result<bool, Problem> {
        Ok(is_in_scope(&view.facts, scope, binding)? && viewer.sees_binding(binding)?)
    };
    let (mut periods, mut changes) = (BTreeMap::<String, Period>::new(), Vec::new());
    for number in 1..=view.revision {
        let Some(entry) = view.reader.revision(number)?.filter(|entry| entry.denied.is_none()) else { continue };
        let label = entry.at.to_string().chars().take(7).collect::<String>();
        let mut counted = [0_usize; 3];
        view.reader.each_change(number, &mut |change| {
            if let RowChange::Binding(before, after) = &change
                && let Some(any) = after.as_ref().or(before.as_deref())
                && is_counted(any)?
            {
                let at = match (before, after) {
                    (None, _) => 0,
                    (Some(_), Some(_)) => 1,
                    (Some(_), None) => 2,
                };
                counted.iter_mut().skip(at).take(1).for_each(|count| *count += 1);
            }
            Ok::<_, RenderError>(ControlFlow::Continue(()))
        })?;
        if counted != [0; 3] {
            let [added, changed, removed] = counted;
            let period = periods.entry(label).or_default();
            period.added += added;
            period.changed += changed;
            period.removed += removed;
        }
        if since.is_some_and(|since| since.revision < number) && !log.hides(&entry)? {
            let shows_texts = log.shows_texts(&entry)?;
            let text = |text: Option<&str>| text.filter(|_| shows_texts).map(str::to_owned);
            log.changes(number).each(&mut |change| {
                if lies_in(change.resource)? {
                    let values = [
                        json!(number),
                        json!(entry.at.to_string()),
                        json!(log.actor(&entry)?),
                        json!(text(Some(&entry.command))),
                        json!(change.line()),
                        json!(text(entry.reason.as_deref())),
                    ];
                    changes.push(row(&CHANGES, values));
                }
                Ok(ControlFlow::Continue(()))
            })?;
        }
    }
    let periods = periods.into_iter().map(|(label, period)| Period { label, ..period }).collect();
    Ok((periods, changes))
}

/// Counts people and resources, and finds who is in which group.
fn people(
    view: &ReadView<'_, Snapshot>,
    rows: &BindingRows<'_, '_, Snapshot>,
    bindings: &[Binding],
    page: &mut ReportPage,
) -> Result<(), RenderError> {
    let mut reach: HashMap<Id, BTreeSet<Id>> = HashMap::new();
    let mut groups: BTreeMap<Id, BTreeSet<Id>> = BTreeMap::new();
    let mut all = BTreeSet::new();
    for binding in bindings {
        let accounts = match rows.accounts_in(binding.principal)? {
            Some(accounts) => {
                for account in accounts.iter() {
                    groups.entry(*account).or_default().insert(binding.principal);
                }
                accounts
            }
            None => std::rc::Rc::new(vec![binding.principal]),
        };
        let people = accounts.iter().filter(|id| **id > Id::LAST_RESERVED).copied();
        reach.entry(binding.resource).or_default().extend(people.clone());
        all.extend(people);
    }
    page.counts = vec![
        Count { name: "accounts", value: all.len() },
        Count { name: "resources", value: reach.len() },
        Count { name: "grants", value: bindings.len() },
    ];
    let mut most: Vec<(Id, usize)> = reach.iter().map(|(id, people)| (*id, people.len())).collect();
    most.sort_by_key(|(id, people)| (std::cmp::Reverse(*people), *id));
    page.reach_more = most.len().saturating_sub(MAX_REACH);
    for (id, people) in most.into_iter().take(MAX_REACH) {
        page.reach.push(Reach { resource: view.name(id)?, people });
    }
    for (account, groups) in groups {
        let account = page.texts.index(&view.name(account)?);
        let names = groups.into_iter().map(|id| view.name(id)).collect::<Result<Vec<_>, _>>()?;
        let groups = names.iter().map(|name| page.texts.index(name)).collect();
        page.memberships.insert(account, groups);
    }
    Ok(())
}

/// How the report was made, and what the history was then.
fn made(session: &Session<'_>, view: &ReadView<'_, Snapshot>) -> Result<Vec<(String, String)>, RenderError> {
    let mut made = vec![
        ("Command".to_owned(), session.command()),
        ("Program".to_owned(), format!("rolebook {}", env!("CARGO_PKG_VERSION"))),
    ];
    // The root says something about every revision, so it is for readers of the whole log.
    if LogReader::new(view)?.reads_all() && view.reader.last_revision()? == view.revision {
        let mut tree = Tree::proving([], view.revision);
        view.reader.fill(&mut tree)?;
        made.push(("Root of the history (RFC 6962)".to_owned(), BASE64.encode(tree.root())));
    }
    Ok(made)
}

impl<F: Facts> ReadView<'_, F> {
    /// The time now, also if another moment is read.
    fn now(&self) -> Time {
        self.today.as_ref().map_or(self.at, |(_, now)| *now)
    }
}
