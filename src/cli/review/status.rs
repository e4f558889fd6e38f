//! `audit review status`: the reviews with what is left to decide, or the decisions of one.

use clap::Args;
use serde_json::{Map, Value, json};

use super::super::args::{PageArgs, ReadArgs, names};
use super::super::session::{Put, Session};
use super::super::view::ReadView;
use super::super::{Outcome, complete};
use crate::model::attributes::Review;
use crate::model::time::time_value;
use crate::model::{Id, Kind, Name, Resource};
use crate::ops::review::{self, ReviewState, ReviewedBinding, each_in_scope, row_id};
use crate::policy::Facts;
use crate::render::{Column, RenderError, hidden, key, row, shown};
use crate::store::Snapshot;

#[derive(Args, Debug)]
pub(in crate::cli) struct StatusArgs {
    /// List what was decided in this review, binding by binding [default: list the reviews]
    #[arg(value_name = "NAME", value_parser = names(Kind::Review), add = complete::reviews())]
    name: Option<Name>,
    #[command(flatten)]
    paging: PageArgs,
    #[command(flatten)]
    reading: ReadArgs,
}

static REVIEWS: [Column; 15] = [
    key("ref"),
    hidden("scope"),
    shown("state"),
    shown("reviewer"),
    shown("due"),
    shown("open"),
    shown("kept"),
    shown("revoked"),
    shown("removed"),
    hidden("started"),
    hidden("by"),
    hidden("closed"),
    hidden("as_of"),
    hidden("name"),
    hidden("revision"),
];

static DECISIONS: [Column; 11] = [
    key("id"),
    key("principal"),
    shown("role"),
    key("resource"),
    shown("state"),
    shown("by"),
    shown("at"),
    shown("comment"),
    hidden("permissions"),
    hidden("since"),
    hidden("review"),
];

impl StatusArgs {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        session.read(self.reading.at.as_deref(), |session, view| {
            let memory = view.in_memory()?;
            match &self.name {
                Some(name) => {
                    let review = view.find(Kind::Review, name)?;
                    session.list_sorted(&DECISIONS, &self.paging, |put| decisions(&memory, &review, put))
                }
                None => session.list_sorted(&REVIEWS, &self.paging, |put| {
                    for review in memory.all(Kind::Review)? {
                        let Some(attributes) = review.as_review() else { continue };
                        put(&format!("{:020}", review.id), review_row(&memory, &review, attributes)?)?;
                    }
                    Ok(())
                }),
            }
        })
    }
}

/// Visits the bindings of a review that the reader may see, at the moment of a view.
pub(super) fn each_visible(
    view: &ReadView<'_, Snapshot>,
    (id, review): (Id, &Review),
    visit: &mut dyn FnMut(ReviewedBinding) -> Result<(), RenderError>,
) -> Result<(), RenderError> {
    let then = view.reader.facts_at(review.as_of).snapshot()?;
    let viewer = view.viewer()?;
    each_in_scope((&then, &view.facts), (id, review), &mut |found| {
        if viewer.sees_binding(&found.binding)? { visit(found) } else { Ok(()) }
    })
}

/// The resources and principals that a review is about.
pub(in crate::cli) fn scope_names<F: Facts>(
    view: &ReadView<'_, F>,
    review: &Review,
) -> Result<Vec<String>, RenderError> {
    let all = review.of.iter().chain(&review.principals);
    let names = all.map(|id| view.name(*id)).collect::<Result<Vec<String>, _>>()?;
    Ok(if names.is_empty() { vec!["everything".to_owned()] } else { names })
}

fn review_row(
    view: &ReadView<'_, Snapshot>,
    resource: &Resource,
    review: &Review,
) -> Result<Map<String, Value>, RenderError> {
    let mut counts = [0_u64; 4];
    each_visible(view, (resource.id, review), &mut |found| {
        if let Some(count) = counts.get_mut(found.state as usize) {
            *count += 1;
        }
        Ok(())
    })?;
    let [open, kept, revoked, removed] = counts;
    let state = match review.closed {
        Some(_) => "closed",
        None if review::is_overdue(review, view.at) => "overdue",
        None => "open",
    };
    Ok(row(
        &REVIEWS,
        [
            json!(resource.reference()),
            json!(scope_names(view, review)?),
            json!(state),
            json!(review.reviewer.map(|id| view.name(id)).transpose()?),
            time_value(review.due),
            json!(open),
            json!(kept),
            json!(revoked),
            json!(removed),
            json!(review.created.to_string()),
            json!(view.actor_name(review.by)?),
            time_value(review.closed),
            json!(review.as_of),
            json!(resource.name),
            json!(resource.since),
        ],
    ))
}

fn decisions(view: &ReadView<'_, Snapshot>, review: &Resource, put: Put<'_>) -> Result<(), RenderError> {
    let Some(attributes) = review.as_review() else { return Ok(()) };
    each_visible(view, (review.id, attributes), &mut |found| {
        let binding = &found.binding;
        let decision = found.decision.as_ref().filter(|_| found.state != ReviewState::Removed);
        let principal = view.participant(binding, binding.principal)?;
        let resource = view.participant(binding, binding.resource)?;
        let sort_text = format!("{resource}\0{principal}\0{}", binding.role.qualified());
        let values = [
            json!(row_id(binding.id, decision.map_or(binding.since, |it| it.version))),
            json!(principal),
            json!(binding.role.qualified()),
            json!(resource),
            json!(found.state.as_str()),
            json!(decision.map(|it| view.actor_name(it.by)).transpose()?),
            json!(decision.map(|it| it.at.to_string())),
            json!(decision.and_then(|it| it.comment.as_ref())),
            json!(binding.attributes.permissions),
            json!(binding.since),
            json!(review.reference()),
        ];
        put(&sort_text, row(&DECISIONS, values))
    })
}
