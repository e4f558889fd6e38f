//! `perm list`: lists everything that a principal may do.

use std::ops::ControlFlow;

use clap::Args;
use clap::builder::TypedValueParser;
use serde_json::{Value, json};

use super::super::args::{PageArgs, ReadArgs, item, words};
use super::super::session::Session;
use super::super::view::ReadView;
use super::super::{Outcome, complete};
use super::listing_output::{action_names, capture_error, columns, proof_value};
use super::question::{may_ask_about_others, oneself, others_refused, parse_listable};
use crate::model::{Action, Id, Kind, Name, Path, Problem, Reference};
use crate::policy::listing::{Filter, ItemDetail, lookup_beyond_class, lookup_resources, stopped};
use crate::policy::proof::Evidence;
use crate::policy::{Evaluator, Facts, Proof, Subject};
use crate::render::{Column, Format, Row, shown};

// The principal to list, and what to list.
#[derive(Args, Debug)]
pub(super) struct ListArgs {
    /// Who: an account, `group:NAME`, `workgroup:NAME`, `invitee:ADDRESS`, `access-token:NUMBER`, `authenticated`, `anyone`
    #[arg(value_name = "PRINCIPAL", value_parser = Reference::principal, add = complete::principals())]
    principal: Reference,
    /// Only on resources of this kind
    #[arg(long, value_name = "KIND", value_parser = kinds())]
    kind: Option<Kind>,
    /// Only on this folder and what is below it
    #[arg(long, value_name = "PATH", value_parser = item, add = complete::resources())]
    under: Option<(Name, Path)>,
    /// Only these actions, separated by commas
    #[arg(long, value_name = "A,B", value_delimiter = ',', add = complete::actions())]
    action: Vec<String>,
    /// List every registered file and folder, not just those where the access changes
    #[arg(long)]
    expand: bool,
    /// Show what each action rests on
    #[arg(long)]
    proof: bool,
    /// Also list what every active account may do anyway, instead of summing it up in one line
    #[arg(long)]
    everything: bool,
    #[command(flatten)]
    paging: PageArgs,
    #[command(flatten)]
    reading: ReadArgs,
}

fn kinds() -> impl TypedValueParser<Value = Kind> {
    let listable = Kind::ALL.into_iter().filter(|kind| !Action::listable(*kind).is_empty());
    words(listable.map(Kind::as_str).collect::<Vec<_>>(), Kind::from_name)
}

impl ListArgs {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        session.read(self.reading.at.as_deref(), |session, view| {
            let view = view.adaptive()?;
            let filter = self.filter(&view)?;
            let own = oneself(&view, &self.principal)?;
            let who = match own {
                Some(actor) => actor,
                None => view.resolve(&self.principal)?.0,
            };
            let evaluator = Evaluator::new(&view.facts, view.at);
            let subject = evaluator.subject(who)?;
            let detail = if self.expand { ItemDetail::All } else { ItemDetail::Boundaries };
            let options = session.output_options();
            // A reader who may not ask about others on the server sees only what they administer
            // (docs/model.md#visibility).
            let is_free = own.is_some() || may_ask_about_others(&view, Id::SERVER, Kind::Server)?;
            let summary = match self.everything || !is_free {
                true => None,
                false => ClassSummary::of(&evaluator, &subject, &filter, detail)?,
            };
            let mut columns = columns(&["resource", "actions", "proof"], self.proof, &options);
            if summary.is_some() && options.format != Format::Table {
                columns.extend([shown("also"), shown("but_not")]);
            }
            let viewer = view.viewer()?;
            let mut listed = 0_usize;
            let whole = session.stream(&columns, &self.paging, |wants, push| {
                let with_proof = wants.has_column("proof");
                let mut stopped = Ok(());
                let mut flow = ControlFlow::Continue(());
                let list = if summary.is_some() { lookup_beyond_class } else { lookup_resources };
                list(&evaluator, &subject, &filter, detail, &mut |resource, actions| {
                    capture_error(&mut stopped, || {
                        // A reader sees the lines that they could also check one by one.
                        if !viewer.sees_access(who, resource)? {
                            return Ok(ControlFlow::Continue(()));
                        }
                        listed += 1;
                        // told: `sees_access` checked the reader above.
                        let mut values = vec![json!(view.reference(resource)?), action_names(actions)];
                        if with_proof {
                            let mut proofs = Proof::new();
                            for action in actions {
                                proofs.join_new(evaluator.decide(who, *action, resource)?.proof);
                            }
                            values.push(proof_value(&view, &proofs, options.format)?);
                        }
                        flow = push(fields(&columns, values))?;
                        Ok(flow)
                    })
                })?;
                stopped?;
                if listed == 0 && !is_free {
                    return Err(others_refused(&view)?.into());
                }
                if let (Some(summary), true) = (&summary, options.format != Format::Table && flow.is_continue()) {
                    let _ = push(summary.row(&columns))?;
                }
                Ok(())
            })?;
            if let (Some(summary), true) = (&summary, whole && options.format == Format::Table) {
                session.line(&summary.line())?;
            }
            Ok(0)
        })
    }

    fn filter<F: Facts>(&self, view: &ReadView<'_, F>) -> Result<Filter, Problem> {
        let under = match &self.under {
            Some((endpoint, path)) => Some(view.registered_item(endpoint, path)?),
            None => None,
        };
        let of = if under.is_some() { Some(Kind::Item) } else { self.kind };
        let mut filter = Filter { kind: self.kind, under, actions: Vec::new() };
        for text in &self.action {
            filter.actions.push(parse_listable(text, of)?);
        }
        Ok(filter)
    }
}

/// A row of these columns. Columns without a value are null.
fn fields(columns: &[Column], values: Vec<Value>) -> Row {
    let values = values.into_iter().chain(std::iter::repeat(Value::Null));
    columns.iter().map(|column| column.name.to_string()).zip(values).collect()
}

/// The summary of what every active account may do anyway.
struct ClassSummary {
    /// The actions among these that the account's own settings deny, with the kind of resource.
    stopped: Vec<(Kind, Action)>,
}

impl ClassSummary {
    /// `None` if the subject is not an account, or if accounts in general may do nothing that the filter asks about.
    fn of<'f, F: Facts>(
        evaluator: &Evaluator<'f, F>,
        subject: &Subject<'f, F>,
        filter: &Filter,
        detail: ItemDetail,
    ) -> Result<Option<ClassSummary>, Problem> {
        if !subject.is_registered() || subject.id == Id::AUTHENTICATED {
            return Ok(None);
        }
        let class = evaluator.subject(Id::AUTHENTICATED)?;
        let mut has_any = false;
        lookup_resources(evaluator, &class, filter, detail, &mut |_, _| {
            has_any = true;
            Ok(ControlFlow::Break(()))
        })?;
        if !has_any {
            return Ok(None);
        }
        Ok(Some(ClassSummary { stopped: stopped(subject, filter)? }))
    }

    fn row(&self, columns: &[Column]) -> Row {
        let value = |column: &Column| match &*column.name {
            "actions" => json!([]),
            "also" => json!("authenticated"),
            "but_not" => self
                .stopped
                .iter()
                .map(|(kind, action)| json!({"kind": kind.as_str(), "action": action.to_string()}))
                .collect(),
            _ => Value::Null,
        };
        columns.iter().map(|column| (column.name.to_string(), value(column))).collect()
    }

    fn line(&self) -> String {
        let verbs: Vec<String> =
            self.stopped.iter().map(|(kind, action)| format!("{action} ({})", kind.as_str())).collect();
        let but = if verbs.is_empty() { String::new() } else { format!(", but not {}", verbs.join(", ")) };
        format!("and what every active account may do{but} (--everything lists it)")
    }
}
