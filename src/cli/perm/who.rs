//! `perm who`: lists everybody who may do an action on a resource.

use std::ops::ControlFlow;

use clap::Args;
use serde_json::json;

use super::super::args::{PageArgs, ReadArgs};
use super::super::session::Session;
use super::super::{Outcome, complete};
use super::listing_output::{capture_error, columns, mention_unseen, proof_value};
use super::question::{ResourceArg, may_ask_about_others, others_refused};
use crate::policy::Evaluator;
use crate::policy::listing::{Breadth, lookup_subjects};

// The action and the resource.
#[derive(Args, Debug)]
pub(super) struct WhoArgs {
    /// What: `VERB`, or `VERB=VALUE` as in `share=view`
    #[arg(value_name = "ACTION", add = complete::actions())]
    action: String,
    /// On what: `server`, `KIND:NAME`, `KIND:NUMBER`, `workspace:ORG/NAME`, `ENDPOINT:/path`
    #[arg(value_name = "RESOURCE", add = complete::resources())]
    resource: String,
    /// Name everybody, including those who may only because every account or anyone may
    #[arg(long)]
    expand: bool,
    /// Show what each answer rests on
    #[arg(long)]
    proof: bool,
    #[command(flatten)]
    paging: PageArgs,
    #[command(flatten)]
    reading: ReadArgs,
}

impl WhoArgs {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        session.read(self.reading.at.as_deref(), |session, view| {
            let view = view.adaptive()?;
            let on = ResourceArg::find(&view, &self.resource, &self.action)?;
            let action = on.action(&view, &self.action)?;
            if !may_ask_about_others(&view, on.id, on.kind)? {
                return Err(others_refused(&view)?.into());
            }
            let evaluator = Evaluator::new(&view.facts, view.at);
            let Some(target) = evaluator.target(on.id)? else { return Ok(0) };
            let breadth = if self.expand { Breadth::Everybody } else { Breadth::Classes };
            let (viewer, mut unseen) = (view.viewer()?, 0_usize);
            let options = session.output_options();
            let columns = columns(&["principal", "rule", "proof"], self.proof, &options);
            session.stream(&columns, &self.paging, |wants, push| {
                let with_proof = wants.has_column("proof");
                let mut stopped = Ok(());
                lookup_subjects(&evaluator, &[action], &target, breadth, &mut |principal, rules| {
                    capture_error(&mut stopped, || {
                        if !viewer.may_name(principal)? {
                            unseen += 1;
                            return Ok(ControlFlow::Continue(()));
                        }
                        let rule = rules.first().copied().flatten().map(|rule| rule.name);
                        // told: `may_name` checked the reader above.
                        let mut values = vec![json!(view.reference(principal)?), json!(rule)];
                        if with_proof {
                            let decision = evaluator.decide(principal, action, on.id)?;
                            values.push(proof_value(&view, &decision.proof, options.format)?);
                        }
                        push(columns.iter().map(|column| column.name.to_string()).zip(values).collect())
                    })
                })?;
                stopped
            })?;
            mention_unseen(session, unseen);
            Ok(0)
        })
    }
}
