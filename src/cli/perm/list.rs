//! `perm list`: everything that somebody can do.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::json;

use super::super::args::{self, Reading};
use super::super::session::Session;
use super::super::view::View;
use super::super::{Outcome, complete};
use super::asked::{listed, may_ask_about_others, oneself, themselves_only};
use super::rows::{carried, columns, proof_value, words};
use crate::model::{Action, Id, Kind, Problem, Reference};
use crate::policy::listing::{Filter, Reach, what};
use crate::policy::proof::Evidence;
use crate::policy::{Facts, Panel, Proof};

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
            let asked = Reference::principal(&self.principal)?;
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
                        let mut values = vec![json!(view.name(resource)?), words(actions)];
                        if with_proof {
                            let mut proofs = Proof::new();
                            for action in actions {
                                proofs.join_new(panel.decide(who, *action, resource)?.proof);
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
        let of = if under.is_some() { Some(Kind::Item) } else { self.kind };
        let mut filter = Filter { kind: self.kind, under, actions: Vec::new() };
        for text in &self.action {
            filter.actions.push(listed(text, of)?);
        }
        Ok(filter)
    }
}

fn administers<F: Facts>(view: &View<'_, F>, resource: Id) -> Result<bool, Problem> {
    let kind = view.facts.outline(resource)?.map_or(Kind::Server, |it| it.kind());
    may_ask_about_others(view, resource, kind)
}
