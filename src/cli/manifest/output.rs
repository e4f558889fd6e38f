//! The output of a plan: a line for each change, removals at the end, and a summary.

use serde_json::{Map, Value, json};

use super::super::Outcome;
use super::super::access_impact::{AccessImpact, ROWS};
use super::super::args::PageArgs;
use super::super::session::Session;
use super::counted;
use super::input::ManifestInput;
use super::plan_run::Planned;
use crate::manifest::plan::{PlannedAction, PlannedChange};
use crate::model::Revision;
use crate::render::{Column, Format, RenderError, Row, Text, Tone, hidden, row, shown};

/// The columns of a plan.
static COLUMNS: [Column; 9] = [
    shown("action"),
    shown("ref"),
    shown("member"),
    hidden("role"),
    hidden("before"),
    hidden("after"),
    shown("file"),
    shown("line"),
    hidden("revision"),
];

/// The number of bytes of text that are collected before they are written. A plan can have very many lines.
const CHUNK: usize = 1 << 16;

/// The outcome of a plan.
pub(super) enum PlanOutcome {
    /// The plan is only shown.
    Shown,
    /// The plan was applied; `None` if there was nothing to change.
    Applied(Option<Revision>),
}

/// Shows a plan and its outcome.
pub(super) fn show(
    session: &mut Session<'_>,
    (planned, read): (&Planned, &ManifestInput),
    access: Option<&AccessImpact>,
    outcome: &PlanOutcome,
) -> Outcome {
    for warning in &planned.warnings {
        session.warn(warning);
    }
    let revision = match outcome {
        PlanOutcome::Applied(revision) => *revision,
        PlanOutcome::Shown => None,
    };
    match session.output_options().format {
        Format::Table => lines(session, (planned, read), access, outcome)?,
        Format::Json | Format::Yaml => {
            let whole = object((planned, read), access, outcome);
            // There can be far more rows of access than changes, so they are streamed.
            session.show_parted(&whole, ROWS, &mut |push| {
                access.iter().flat_map(|access| access.rows()).try_for_each(|row| push(Value::Object(row)))
            })?;
        }
        _ => {
            session.stream(&COLUMNS, &PageArgs::default(), |_, push| {
                planned
                    .planned_changes
                    .0
                    .iter()
                    .try_for_each(|change| push(effect_row(change, read, revision)).map(drop))
            })?;
            for notice in access.iter().flat_map(|access| access.notices()) {
                session.warn(&notice);
            }
        }
    }
    Ok(0)
}

fn lines(
    session: &mut Session<'_>,
    (planned, read): (&Planned, &ManifestInput),
    access: Option<&AccessImpact>,
    outcome: &PlanOutcome,
) -> Result<(), RenderError> {
    let colour = session.colour();
    let texts: Vec<String> = planned.planned_changes.0.iter().map(|change| change.change.plan_line()).collect();
    // Positions are aligned in a column behind lines of up to 72 characters.
    let width = texts.iter().map(|text| text.chars().count()).filter(|length| *length <= 72).max().unwrap_or_default();
    let mut text = Text::new(colour);
    for ((action, what), count) in &planned.counts.0 {
        text.toned(tone(*action), &action.mark().to_string());
        text.line(&format!(" {}", counted(*count, what)));
    }
    for (change, line) in planned.planned_changes.0.iter().zip(&texts) {
        text.toned(tone(change.action), &change.action.mark().to_string());
        text.part(&format!(" {line}"));
        if let Some((file, number)) = declared_at(change, read) {
            let gap = width.saturating_sub(line.chars().count()) + 2;
            text.part(&format!("{:gap$}{file}:{number}", ""));
        }
        text.end();
        print_chunk(session, &mut text)?;
    }
    if let Some(access) = access {
        text.line("For people:");
        access.each_line(&mut |line| {
            text.part("  ");
            text.line(line);
            print_chunk(session, &mut text)
        })?;
    }
    if !planned.undeclared.is_empty() {
        text.line("No longer declared, and unchanged without --prune:");
        for name in &planned.undeclared {
            text.line(&format!("  {name}"));
        }
    }
    match outcome {
        PlanOutcome::Shown | PlanOutcome::Applied(None) => text.line(&planned.summary(false)),
        PlanOutcome::Applied(Some(revision)) => {
            text.line(&planned.summary(true));
            text.line(&format!("revision {revision}"));
        }
    }
    session.print(&text)
}

/// Writes the collected text if it exceeds a chunk.
fn print_chunk(session: &mut Session<'_>, text: &mut Text) -> Result<(), RenderError> {
    if text.len() > CHUNK {
        session.print(text)?;
        *text = Text::new(session.colour());
    }
    Ok(())
}

fn object(
    (planned, read): (&Planned, &ManifestInput),
    access: Option<&AccessImpact>,
    outcome: &PlanOutcome,
) -> Map<String, Value> {
    let mut object = Map::new();
    if let PlanOutcome::Applied(revision) = outcome {
        object.insert("revision".to_owned(), json!(revision));
    }
    let changed: Vec<Value> = planned
        .planned_changes
        .0
        .iter()
        .map(|effect| {
            let mut entry = Map::new();
            entry.insert("action".to_owned(), json!(effect.action.as_str()));
            if let Value::Object(change) = effect.change.json() {
                entry.extend(change.into_iter().filter(|(key, _)| key != "change"));
            }
            let (file, line) = declared_at(effect, read).unzip();
            entry.insert("file".to_owned(), json!(file));
            entry.insert("line".to_owned(), json!(line));
            Value::Object(entry)
        })
        .collect();
    object.insert("changed".to_owned(), json!(changed));
    let counts: Map<String, Value> =
        PlannedAction::ALL.iter().map(|action| (action.as_str().to_owned(), json!(planned.count(*action)))).collect();
    object.insert("counts".to_owned(), Value::Object(counts));
    if !planned.counts.0.is_empty() {
        let of = |((action, what), count): (&(PlannedAction, &str), &u64)| json!({"action": action.as_str(), "what": what, "count": count});
        object.insert("counted".to_owned(), planned.counts.0.iter().map(of).collect());
    }
    object.insert("not_declared".to_owned(), json!(planned.undeclared));
    object.insert("warnings".to_owned(), json!(planned.warnings));
    object.insert("digest".to_owned(), json!(planned.planned_changes.digest()));
    if let Some(access) = access {
        access.add_to(&mut object);
    }
    object
}

fn effect_row(effect: &PlannedChange, read: &ManifestInput, revision: Option<Revision>) -> Row {
    let change = effect.change.json();
    let of = |key: &str| change.get(key).cloned().unwrap_or_default();
    let (file, line) = declared_at(effect, read).unzip();
    let values = [
        json!(effect.action.as_str()),
        of("ref"),
        of("member"),
        of("role"),
        of("before"),
        of("after"),
        json!(file),
        json!(line),
        json!(revision),
    ];
    row(&COLUMNS, values)
}

/// The file and line of the declaration of a change.
fn declared_at<'r>(change: &PlannedChange, read: &'r ManifestInput) -> Option<(&'r str, u32)> {
    let location = change.location?;
    Some((read.sources.get(location.source as usize)?.name.as_str(), location.span.line))
}

const fn tone(action: PlannedAction) -> Tone {
    match action {
        PlannedAction::Add => Tone::Good,
        PlannedAction::Remove => Tone::Bad,
        PlannedAction::Change | PlannedAction::Rename | PlannedAction::Adopt => Tone::Warn,
    }
}
