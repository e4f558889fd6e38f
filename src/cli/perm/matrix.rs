//! `perm matrix`: who can do what on some resources, one column for each action.

use std::borrow::Cow;

use clap::Args;
use serde_json::{Value, json};

use super::super::args::Reading;
use super::super::session::Session;
use super::super::{Outcome, complete};
use super::asked::{On, may_ask_about_others, themselves_only};
use super::rows::carried;
use crate::model::{Action, Id, Problem};
use crate::policy::Panel;
use crate::policy::listing::{Breadth, who};
use crate::render::{Column, Row, shown};

// Who may do what on some resources.
#[derive(Args, Debug)]
pub(super) struct Matrix {
    /// On what: `server`, `KIND:NAME`, `KIND:NUMBER`, `workspace:ORG/NAME`, `ENDPOINT:/path`
    #[arg(value_name = "RESOURCE", required = true, add = complete::resources())]
    resources: Vec<String>,
    /// These actions alone, separated by commas
    #[arg(long, value_name = "A,B", value_delimiter = ',', add = complete::actions())]
    action: Vec<String>,
    /// Name everybody, also those who have it only as any account or anyone has it
    #[arg(long)]
    expand: bool,
    #[command(flatten)]
    reading: Reading,
}

/// Actions with the names of their columns.
type Named = Vec<(Action, String)>;

impl Matrix {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        session.read(self.reading.at.as_deref(), |session, view| {
            let view = view.in_memory()?;
            let mut asked: Vec<(Id, String, Named)> = Vec::new();
            for text in &self.resources {
                let on = On::find(&view, text, "")?;
                if !may_ask_about_others(&view, on.id, on.kind)? {
                    return Err(themselves_only(&view)?.into());
                }
                let actions = match self.action.as_slice() {
                    [] => {
                        Action::listed(on.kind).into_iter().map(|action| (action, field(&action.to_string()))).collect()
                    }
                    some => some
                        .iter()
                        .map(|text| Ok((on.action(&view, text)?, field(text))))
                        .collect::<Result<_, Problem>>()?,
                };
                asked.push((on.id, on.shown(&view, text)?, actions));
            }
            let mut columns = vec![shown("resource"), shown("principal")];
            for (_, name) in asked.iter().flat_map(|(.., actions)| actions) {
                if !columns.iter().any(|column| column.name == *name) {
                    columns.push(Column { name: Cow::Owned(name.clone()), shown: true });
                }
            }
            let panel = Panel::new(&view.facts, view.at);
            let breadth = if self.expand { Breadth::Everybody } else { Breadth::Classes };
            session.stream(&columns, |_, push| {
                let mut stopped = Ok(());
                for (on, resource, named) in &asked {
                    let actions: Vec<Action> = named.iter().map(|(action, _)| *action).collect();
                    let Some(target) = panel.target(*on)? else { continue };
                    who(&panel, &actions, &target, breadth, &mut |principal, rules| {
                        carried(&mut stopped, || {
                            let mut row: Row =
                                columns.iter().map(|column| (column.name.to_string(), Value::Null)).collect();
                            row.insert("resource".to_owned(), json!(resource));
                            row.insert("principal".to_owned(), json!(view.name(principal)?));
                            for ((_, name), rule) in named.iter().zip(rules) {
                                row.insert(name.clone(), json!(rule.is_some()));
                            }
                            push(row)
                        })
                    })?;
                    if stopped.is_err() {
                        break;
                    }
                }
                stopped
            })?;
            Ok(0)
        })
    }
}

/// The name of an action's column: `set_role_admin` for `set-role=admin`.
fn field(action: &str) -> String {
    action.replace(['-', '=', ',', ':', '/'], "_")
}
