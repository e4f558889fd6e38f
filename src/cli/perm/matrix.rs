//! `perm matrix`: lists who may do what on some resources, with one column for each action.

use std::borrow::Cow;
use std::cell::Cell;
use std::ops::ControlFlow;
use std::rc::Rc;

use clap::Args;
use serde_json::{Value, json};

use super::super::args::{PageArgs, ReadArgs, item};
use super::super::session::{Push, Session};
use super::super::view::ReadView;
use super::super::{Outcome, complete};
use super::listing_output::{capture_error, mention_unseen};
use super::question::{ResourceArg, may_ask_about_others, others_refused};
use crate::model::{Action, Id, Kind, Name, Path, Problem};
use crate::policy::listing::{Breadth, lookup_subjects};
use crate::policy::{Evaluator, Facts};
use crate::render::{Column, RenderError, Row, key};

// The resources and actions of the matrix.
#[derive(Args, Debug)]
pub(super) struct MatrixArgs {
    /// On what: `server`, `KIND:NAME`, `KIND:NUMBER`, `workspace:ORG/NAME`, `ENDPOINT:/path`
    #[arg(value_name = "RESOURCE", required_unless_present = "under", add = complete::resources())]
    resources: Vec<String>,
    /// Also on this folder and every registered folder and file below it
    #[arg(long, value_name = "PATH", value_parser = item, add = complete::items())]
    under: Option<(Name, Path)>,
    /// Only these actions, separated by commas
    #[arg(long, value_name = "A,B", value_delimiter = ',', add = complete::actions())]
    action: Vec<String>,
    /// Name everybody, including those who may only because every account or anyone may
    #[arg(long)]
    expand: bool,
    #[command(flatten)]
    paging: PageArgs,
    #[command(flatten)]
    reading: ReadArgs,
    /// The number of rows that the reader may not see.
    #[arg(skip)]
    unseen: Cell<usize>,
}

/// Actions with the names of their columns.
type ActionColumns = Vec<(Action, String)>;

/// A resource of the matrix, with its text and columns.
struct MatrixResource {
    id: Id,
    shown: String,
    columns: Rc<ActionColumns>,
}

impl MatrixArgs {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        session.read(self.reading.at.as_deref(), |session, view| {
            let view = view.adaptive()?;
            let mut asked = Vec::new();
            for text in &self.resources {
                let on = ResourceArg::find(&view, text, "")?;
                asked.push(MatrixResource {
                    id: on.id,
                    shown: on.shown(&view, text)?,
                    columns: self.named(&view, on)?,
                });
            }
            let top = match &self.under {
                None => None,
                Some((endpoint, path)) => {
                    let id = view.registered_item(endpoint, path)?;
                    let columns = self.named(&view, ResourceArg { id, kind: Kind::Item, is_registered: true })?;
                    Some(MatrixResource { id, shown: view.name(id)?, columns })
                }
            };
            let mut columns = vec![key("resource"), key("principal")];
            for (_, name) in asked.iter().chain(&top).flat_map(|it| it.columns.iter()) {
                if !columns.iter().any(|column| column.name == *name) {
                    columns.push(Column { name: Cow::Owned(name.clone()), shown: true, key: false });
                }
            }
            let evaluator = Evaluator::new(&view.facts, view.at);
            session.stream(&columns, &self.paging, |_, push| {
                for it in &asked {
                    if self.rows(&view, &evaluator, it, &columns, push)?.is_break() {
                        return Ok(());
                    }
                }
                let mut open: Vec<MatrixResource> = top.into_iter().collect();
                // A folder comes before the items in it. Only the folders still to be visited are held.
                while let Some(it) = open.pop() {
                    if self.rows(&view, &evaluator, &it, &columns, push)?.is_break() {
                        return Ok(());
                    }
                    open.extend(below(&view, &it)?);
                }
                Ok(())
            })?;
            mention_unseen(session, self.unseen.get());
            Ok(0)
        })
    }

    /// The actions to ask about, with their columns. Fails if the reader may not ask about others on the resource.
    fn named<F: Facts>(&self, view: &ReadView<'_, F>, on: ResourceArg) -> Result<Rc<ActionColumns>, Problem> {
        if !may_ask_about_others(view, on.id, on.kind)? {
            return Err(others_refused(view)?);
        }
        let named: ActionColumns = match self.action.as_slice() {
            [] => {
                let here = |action: Action| if on.is_registered { action } else { action.on_unregistered() };
                let listed = Action::listable(on.kind).into_iter();
                listed.map(|action| (here(action), field(&action.to_string()))).collect()
            }
            some => {
                some.iter().map(|text| Ok((on.action(view, text)?, field(text)))).collect::<Result<_, Problem>>()?
            }
        };
        Ok(Rc::new(named))
    }

    /// Pushes a row for everybody who may do something on a resource.
    fn rows<F: Facts>(
        &self,
        view: &ReadView<'_, F>,
        evaluator: &Evaluator<'_, F>,
        asked: &MatrixResource,
        columns: &[Column],
        push: Push<'_>,
    ) -> Result<ControlFlow<()>, RenderError> {
        let Some(target) = evaluator.target(asked.id)? else { return Ok(ControlFlow::Continue(())) };
        let actions: Vec<Action> = asked.columns.iter().map(|(action, _)| *action).collect();
        let breadth = if self.expand { Breadth::Everybody } else { Breadth::Classes };
        let (viewer, mut unseen) = (view.viewer()?, 0);
        let (mut stopped, mut flow) = (Ok(()), ControlFlow::Continue(()));
        lookup_subjects(evaluator, &actions, &target, breadth, &mut |principal, rules| {
            capture_error(&mut stopped, || {
                if !viewer.may_name(principal)? {
                    unseen += 1;
                    return Ok(ControlFlow::Continue(()));
                }
                let mut row: Row = columns.iter().map(|column| (column.name.to_string(), Value::Null)).collect();
                row.insert("resource".to_owned(), json!(asked.shown));
                // told: `may_name` checked the reader above.
                row.insert("principal".to_owned(), json!(view.reference(principal)?));
                for ((_, name), rule) in asked.columns.iter().zip(rules) {
                    row.insert(name.clone(), json!(rule.is_some()));
                }
                flow = push(row)?;
                Ok(flow)
            })
        })?;
        self.unseen.set(self.unseen.get() + unseen);
        stopped.map(|()| flow)
    }
}

/// The direct children of an item on which the reader may ask about others, in descending order of name.
fn below<F: Facts>(view: &ReadView<'_, F>, above: &MatrixResource) -> Result<Vec<MatrixResource>, RenderError> {
    let mut found: Vec<(String, Id)> = Vec::new();
    view.facts.resources(Kind::Item, Some(above.id), &mut |item| {
        found.push((item.name.clone(), item.id));
        Ok(ControlFlow::Continue(()))
    })?;
    found.sort_unstable_by(|a, b| b.cmp(a));
    let mut asked = Vec::with_capacity(found.len());
    for (name, id) in found {
        if may_ask_about_others(view, id, Kind::Item)? {
            let shown = format!("{}/{name}", above.shown.strip_suffix('/').unwrap_or(&above.shown));
            asked.push(MatrixResource { id, shown, columns: Rc::clone(&above.columns) });
        }
    }
    Ok(asked)
}

/// The name of an action's column: `set_role_admin` for `set-role=admin`.
fn field(action: &str) -> String {
    action.replace(['-', '=', ',', ':', '/'], "_")
}
