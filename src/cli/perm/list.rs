//! `perm list`: everything that somebody can do.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::json;

use super::super::args::{self, Reading};
use super::super::session::Session;
use super::super::view::View;
use super::super::{Outcome, complete};
use super::asked::{may_ask_about_others, oneself, principal, themselves_only};
use super::rows::{carried, columns, proof_value};
use crate::model::action::verbs_of;
use crate::model::{Action, Id, Kind, Problem, Reference};
use crate::ops::action_phrase;
use crate::policy::listing::{Filter, Reach, what};
use crate::policy::{Facts, Panel, Step};

// Everything that a principal may do.
#[derive(Args, Debug)]
pub(super) struct List {
    /// Who: an account, `group:NAME`, `workgroup:NAME`, `invitee:ADDRESS`, `access-token:NUMBER`, `authenticated`, `anyone`
    #[arg(value_name = "PRINCIPAL", add = complete::principals())]
    principal: String,
    /// On resources of this kind alone
    #[arg(long, value_name = "KIND", value_parser = kinds())]
    kind: Option<Kind>,
    /// On this folder and what is beneath it alone
    #[arg(long, value_name = "PATH", add = complete::resources())]
    under: Option<String>,
    /// These actions alone, separated by commas
    #[arg(long, value_name = "A,B", value_delimiter = ',', add = complete::actions())]
    action: Vec<String>,
    /// List every registered file and folder, not just those where something begins
    #[arg(long)]
    expand: bool,
    /// Say of each action what it rests on
    #[arg(long)]
    proof: bool,
    #[command(flatten)]
    reading: Reading,
}

fn kinds() -> impl TypedValueParser<Value = Kind> {
    let words = Kind::ALL.into_iter().filter(|kind| !Action::listed(*kind).is_empty()).map(Kind::word);
    PossibleValuesParser::new(words).try_map(|word| Kind::from_word(&word).ok_or("unknown kind"))
}

impl List {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        session.read(self.reading.at.as_deref(), |session, view| {
            let view = view.in_memory()?;
            let asked = principal(&self.principal)?;
            let filter = self.filter(&view)?;
            let own = oneself(&view, &asked)?;
            let who = match own {
                Some(actor) => actor,
                None => view.resolve(&asked)?.0,
            };
            let panel = Panel::new(&view.facts, view.at);
            let subject = panel.subject(who)?;
            let reach = if self.expand { Reach::Every } else { Reach::Outlined };
            let dress = session.dress();
            let columns = columns(&["resource", "actions", "proof"], self.proof, &dress);
            // Whoever asks about others is told of what they administer (model §10).
            let is_free = own.is_some() || may_ask_about_others(&view, Id::SERVER, Kind::Server)?;
            let mut told = 0_usize;
            session.stream(&columns, |wants, push| {
                let with_proof = wants.wants("proof");
                let mut stopped = Ok(());
                what(&panel, &subject, &filter, reach, &mut |resource, actions| {
                    carried(&mut stopped, || {
                        if !is_free && !administers(&view, resource)? {
                            return Ok(());
                        }
                        told += 1;
                        let words = words(&view, actions)?;
                        let mut values = vec![json!(view.name(resource)?), json!(words)];
                        if with_proof {
                            let mut proofs: Vec<Step> = Vec::new();
                            for action in actions {
                                let steps = panel.decide(who, *action, resource)?.proof;
                                proofs.extend(steps.into_iter().filter(|it| !proofs.contains(it)).collect::<Vec<_>>());
                            }
                            values.push(proof_value(&view, &proofs, dress.format)?);
                        }
                        push(columns.iter().map(|column| column.name.to_string()).zip(values).collect())
                    })
                })?;
                if stopped.is_ok() && told == 0 && !is_free {
                    return Err(themselves_only(&view)?.into());
                }
                stopped
            })?;
            Ok(0)
        })
    }

    fn filter<F: Facts>(&self, view: &View<'_, F>) -> Result<Filter, Problem> {
        let under = match &self.under {
            Some(text) => {
                let (endpoint, path) = args::item(text)?;
                Some(view.resolve(&Reference::Item(endpoint, path))?.0)
            }
            None => None,
        };
        let mut filter = Filter { kind: self.kind, under, actions: Vec::new() };
        for text in &self.action {
            filter.actions.push(self.listed(text)?);
        }
        Ok(filter)
    }

    /// An action that some kind of resource that is listed has.
    fn listed(&self, text: &str) -> Result<Action, Problem> {
        let only = if self.under.is_some() { Some(Kind::Item) } else { self.kind };
        let word = text.split_once('=').map_or(text, |(word, _)| word);
        let kinds = || Kind::ALL.into_iter().filter(|kind| only.is_none_or(|only| only == *kind));
        // The kinds that have the verb know what can be said of it; of an unknown one, any kind does.
        let knows = |kind: &Kind| verbs_of(*kind).iter().any(|verb| verb.word() == word);
        let mut refusal = None;
        for kind in kinds().filter(knows).chain(kinds().filter(|kind| !knows(kind))) {
            let another_path = || {
                Err(Problem::usage("bad_action", format!("`{text}` is not listed"))
                    .why("its value is another path")
                    .tip("ask about one thing with `rolebook perm check`"))
            };
            match Action::parse(text, kind, &|_| another_path()) {
                Ok(action) => return Ok(action),
                Err(problem) => {
                    refusal.get_or_insert(problem);
                }
            }
        }
        Err(refusal.unwrap_or_else(|| Problem::usage("unknown_action", format!("no action `{text}`"))))
    }
}

fn administers<F: Facts>(view: &View<'_, F>, resource: Id) -> Result<bool, Problem> {
    let kind = view.facts.outline(resource)?.map_or(Kind::Server, |it| it.kind());
    may_ask_about_others(view, resource, kind)
}

/// Actions as they are written.
fn words<F: Facts>(view: &View<'_, F>, actions: &[Action]) -> Result<Vec<String>, Problem> {
    actions.iter().map(|action| action_phrase(*action, &|id| view.name(id))).collect()
}
