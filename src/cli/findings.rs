//! `audit findings`: what an audit should look at, and the catalogue of it.

mod between;

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use serde_json::{Map, Value, json};

use super::args::{DocumentFormat, PageArgs, ReadArgs, WriteArgs, past_resource, reference, words};
use super::change::{ActingAs, IssuedSecrets};
use super::sarif::SarifWriter;
use super::session::Session;
use super::view::ReadView;
use super::{Outcome, complete, files};
use crate::manifest::audit_policy::{self, AuditPolicy};
use crate::model::catalogue::findings::{FindingKind, Severity};
use crate::model::reference::PastReference;
use crate::model::time::{Expiry, time_value};
use crate::model::{Id, Kind, Problem, Reference, Revision, Time, Verb};
use crate::ops::findings::{Accepted, AcceptedFinding, Finding, FindingOptions, FindingSearch, HistoryLookup, accept};
use crate::policy::Facts;
use crate::render::{Column, RenderError, Row, hidden, key, row, shown};

#[derive(Args, Debug)]
pub(super) struct FindingsArgs {
    /// Only findings about this resource, what lies in it, or this principal [default: everything]
    #[arg(value_name = "RESOURCE", value_parser = past_resource, add = complete::resources())]
    within: Option<PastReference>,
    /// Only these findings, by id
    #[arg(long, value_name = "ID,ID", value_delimiter = ',', value_parser = words(FindingKind::WORDS, FindingKind::from_name))]
    id: Vec<FindingKind>,
    /// All findings but these, by id
    #[arg(long, value_name = "ID,ID", value_delimiter = ',', value_parser = words(FindingKind::WORDS, FindingKind::from_name))]
    ignore: Vec<FindingKind>,
    /// Only findings of this severity or a higher one
    #[arg(long, value_name = "SEVERITY", value_parser = words(Severity::WORDS, Severity::from_name))]
    severity: Option<Severity>,
    /// Use this policy in place of the configuration's: a YAML file with `findings`, `off` or how old something may be,
    /// and `conflicts`, rights that no one account should have together
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    policy: Option<PathBuf>,
    /// Exit with 1 if there is a finding
    #[arg(long)]
    exit_code: bool,
    /// List the accepted findings instead, with who accepted them, why and until when
    #[arg(long)]
    accepted: bool,
    /// List when an account had all rights of a conflict, between two revisions or times, instead of what is found now
    #[arg(long, num_args = 2, value_names = ["FROM", "TO"], conflicts_with_all = ["within", "id", "ignore", "severity", "at", "accepted"])]
    between: Option<Vec<String>>,
    /// List what can be found, with the reasons, and look for nothing
    #[arg(long, conflicts_with_all = ["within", "exit_code", "at", "accepted", "between"])]
    catalogue: bool,
    #[command(flatten)]
    paging: PageArgs,
    #[command(flatten)]
    reading: ReadArgs,
}

#[derive(Args, Debug)]
pub(super) struct AcceptArgs {
    /// What was found, by id
    #[arg(value_name = "ID", value_parser = words(FindingKind::WORDS, FindingKind::from_name))]
    id: FindingKind,
    /// The resource that the finding is about
    #[arg(value_name = "RESOURCE", value_parser = resource, add = complete::resources())]
    on: Reference,
    /// The principal that the finding is about [default: every one]
    #[arg(long, value_name = "PRINCIPAL", value_parser = reference, add = complete::principals())]
    principal: Option<Reference>,
    /// When it becomes a finding again: a length such as `90d`, a day, a time (a day begins at 00:00 UTC) [default: never]
    #[arg(long, value_name = "WHEN", value_parser = Expiry::parse)]
    expires: Option<Expiry>,
    /// The policy that has the conflict, to accept a conflict [default: the configuration]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    policy: Option<PathBuf>,
    #[command(flatten)]
    writing: WriteArgs,
}

impl AcceptArgs {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        let Some(reason) = self.writing.reason.clone().filter(|reason| !reason.trim().is_empty()) else {
            let problem = Problem::usage("no_reason", "a finding is accepted for a reason");
            return Err(problem.tip("--reason 'agreed with the owner'").into());
        };
        let (on, principal) = (self.on.clone(), self.principal.clone());
        let conflicts = policy(self.policy.as_deref(), session)?.conflicts;
        let accepted = AcceptedFinding { kind: self.id, on, principal, reason, expires: self.expires, conflicts };
        let outcome = session.write_with(&self.writing, ActingAs::Named, None, &mut |reader, tx| {
            accept(tx, &accepted, &|time| Ok(reader.revision_at(time)?))
        })?;
        session.report(&outcome, &IssuedSecrets::default())
    }
}

/// A reference to a resource.
fn resource(text: &str) -> Result<Reference, Problem> {
    Reference::parse(text, Kind::Server)
}

static COLUMNS: [Column; 10] = [
    shown("severity"),
    key("id"),
    key("resource"),
    key("principal"),
    hidden("title"),
    shown("detail"),
    shown("since"),
    hidden("by"),
    hidden("why"),
    hidden("fix"),
];

/// The columns of accepted findings.
static ACCEPTED_COLUMNS: [Column; 9] = [
    shown("severity"),
    key("id"),
    key("resource"),
    key("principal"),
    hidden("detail"),
    shown("acceptance"),
    shown("accepted_by"),
    shown("reason"),
    shown("until"),
];

static CATALOGUE_COLUMNS: [Column; 8] = [
    key("id"),
    shown("severity"),
    shown("title"),
    hidden("why"),
    hidden("source"),
    hidden("how"),
    hidden("fix"),
    hidden("days"),
];

impl FindingsArgs {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        if self.catalogue {
            let rows =
                FindingKind::ALL.iter().filter(|kind| self.asks_for(**kind)).map(|kind| Ok(catalogue_row(*kind)));
            return session.list(&CATALOGUE_COLUMNS, rows, &self.paging);
        }
        let policy = policy(self.policy.as_deref(), session)?;
        if let Some([from, to]) = self.between.as_deref() {
            let found = between::Span { from, to }.run(session, &policy, &self.paging)?;
            return Ok(if self.exit_code { found } else { 0 });
        }
        let options = self.options(policy);
        session.read(self.reading.at.as_deref(), |session, view| {
            let within = self.within.as_ref().map(|within| view.resolve_in_log(within)).transpose()?;
            let view = view.in_memory()?;
            let options = FindingOptions { within, ..options };
            let search = FindingSearch::new(&view.facts, view.viewer()?, view.at, &options, &view)?;
            if !search.has_scope() {
                view.transaction()?.require_verb(Verb::ViewLog, Id::SERVER)?;
            }
            let mut count = 0_usize;
            if session.document_format() == Some(DocumentFormat::Sarif) {
                let store = session.store_path()?;
                let name = store.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let mut sarif = SarifWriter::begin(session.out, &name)?;
                search.run(&mut |finding| {
                    count += 1;
                    sarif.result(finding.kind, finding.severity, &finding_row(&view, &finding)?)?;
                    Ok::<_, RenderError>(())
                })?;
                sarif.end()?;
                return Ok(u8::from(self.exit_code && count > 0));
            }
            let columns: &[Column] = if self.accepted { &ACCEPTED_COLUMNS } else { &COLUMNS };
            session.list_sorted(columns, &self.paging, |put| {
                search.run(&mut |finding| {
                    count += 1;
                    let mut row = finding_row(&view, &finding)?;
                    if let Some(acceptance) = finding.acceptance {
                        row = accepted_row(&view, row, acceptance)?;
                    }
                    put(&sort_text(&finding, &row), row)
                })
            })?;
            Ok(u8::from(self.exit_code && count > 0))
        })
    }

    /// The formats besides those of every command.
    pub(super) const fn documents(&self) -> &'static [DocumentFormat] {
        if self.catalogue || self.accepted || self.between.is_some() { &[] } else { &[DocumentFormat::Sarif] }
    }

    fn asks_for(&self, kind: FindingKind) -> bool {
        (self.id.is_empty() || self.id.contains(&kind))
            && !self.ignore.contains(&kind)
            && self.severity.is_none_or(|least| kind.row().severity >= least)
    }

    fn options(&self, policy: AuditPolicy) -> FindingOptions {
        let mut options = policy.options();
        options.except.extend(&self.ignore);
        FindingOptions {
            only: self.id.iter().copied().collect(),
            severity: self.severity,
            accepted: if self.accepted { Accepted::Only } else { Accepted::Without },
            ..options
        }
    }
}

/// Every finding that a reader is told at the moment of a view, by the policy of the configuration.
pub(super) fn found_by<F: Facts>(session: &Session<'_>, view: &ReadView<'_, F>) -> Result<Vec<Finding>, RenderError> {
    let options = session.config.policy.clone().options();
    let search = FindingSearch::new(&view.facts, view.viewer()?, view.at, &options, view)?;
    let mut found = Vec::new();
    search.run(&mut |finding| {
        found.push(finding);
        Ok::<_, RenderError>(())
    })?;
    Ok(found)
}

impl<F: Facts> HistoryLookup for ReadView<'_, F> {
    fn reference(&self, id: Id) -> Result<String, Problem> {
        // told: the search asks the reader before it uses a name.
        ReadView::reference(self, id)
    }

    fn revision_at(&self, time: Time) -> Result<Revision, Problem> {
        Ok(self.reader.revision_at(time)?)
    }
}

/// The policy of audits: that of a file, or else of the configuration.
fn policy(file: Option<&Path>, session: &Session<'_>) -> Result<AuditPolicy, Problem> {
    let Some(file) = file else { return Ok(session.config.policy.clone()) };
    let source = files::source(file)?;
    audit_policy::read(&source.text).map_err(|wrong| {
        let shown = wrong.iter().map(|it| it.render(&source.name, &source.text)).collect();
        files::invalid_files("bad_policy", shown)
    })
}

/// The text that findings are sorted by: the most severe first, then by id and resource.
fn sort_text(finding: &Finding, row: &Row) -> String {
    let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
    let severity = Severity::ALL.len() - finding.severity as usize;
    format!("{severity} {}\0{}\0{}", finding.kind.as_str(), text("resource"), text("principal"))
}

pub(super) fn finding_row<F: Facts>(
    view: &ReadView<'_, F>,
    finding: &Finding,
) -> Result<Map<String, Value>, RenderError> {
    let catalogue = finding.kind.row();
    let name = |id: Id| match &finding.binding {
        Some(binding) => view.participant(binding, id),
        None => view.name(id),
    };
    let by = match &finding.binding {
        Some(binding) => view.grantor(binding)?,
        None => match view.reader.revision(finding.since)? {
            Some(entry) => view.actor_name(entry.actor)?,
            None => view.actor_name(None)?,
        },
    };
    Ok(row(
        &COLUMNS,
        [
            json!(finding.severity),
            json!(finding.kind),
            json!(name(finding.resource)?),
            json!(finding.principal.map(name).transpose()?),
            json!(catalogue.title),
            json!(finding.detail),
            json!(finding.since),
            json!(by),
            json!(catalogue.why),
            json!(finding.fix),
        ],
    ))
}

fn accepted_row<F: Facts>(
    view: &ReadView<'_, F>,
    mut finding: Map<String, Value>,
    acceptance: Id,
) -> Result<Map<String, Value>, RenderError> {
    let resource = view.facts.resource(acceptance)?;
    let Some(it) = resource.as_ref().and_then(|resource| resource.as_acceptance()) else { return Ok(finding) };
    let mut take = |name: &str| finding.remove(name).unwrap_or_default();
    Ok(row(
        &ACCEPTED_COLUMNS,
        [
            take("severity"),
            take("id"),
            take("resource"),
            take("principal"),
            take("detail"),
            json!(format!("{}:{acceptance}", Kind::Acceptance)),
            json!(view.actor_name(it.by)?),
            json!(it.reason),
            time_value(it.expires),
        ],
    ))
}

fn catalogue_row(kind: FindingKind) -> Map<String, Value> {
    let it = kind.row();
    row(
        &CATALOGUE_COLUMNS,
        [
            json!(it.id),
            json!(it.severity),
            json!(it.title),
            json!(it.why),
            json!(it.source),
            json!(it.how),
            json!(it.fix),
            json!(it.days),
        ],
    )
}
