//! `perm`: may somebody do something, and why.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::args::Reading;
use super::perm_words::{Told, step_json};
use super::session::Session;
use super::view::View;
use super::{Outcome, complete, examples};
use crate::model::action::Destination;
use crate::model::name::printable;
use crate::model::{Action, Id, Kind, Name, Problem, ProblemKind, Reference, Role, Verb as Do};
use crate::ops::{Actor, action_phrase, find_item};
use crate::policy::Facts;
use crate::policy::remedy::command;
use crate::policy::{Decision, Question, Remedy, Subject, decide, lacks, remedies};
use crate::render::{Format, RenderError, style};

/// Ask who may do what
#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = examples::PERM)]
pub(super) struct Perm {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum Verb {
    /// Answer `allowed` or `denied`, with the shortest proof; exit 0 or 1
    #[command(after_long_help = examples::PERM_CHECK)]
    Check(Asked),
    /// Explain: every step of the proof; for a denial, what would suffice and who can give it
    #[command(after_long_help = examples::PERM_EXPLAIN)]
    Explain(Asked),
}

// Whether a principal may do an action on a resource.
#[derive(Args, Debug)]
struct Asked {
    /// Who: an account, `group:NAME`, `workgroup:NAME`, `invitee:ADDRESS`, `access-token:NUMBER`, `authenticated`, `anyone`
    #[arg(value_name = "PRINCIPAL", add = complete::principals())]
    principal: String,
    /// What: `VERB`, or `VERB=VALUE` as in `set-role=admin`
    #[arg(value_name = "ACTION", add = complete::actions())]
    action: String,
    /// On what: `server`, `KIND:NAME`, `KIND:NUMBER`, `workspace:ORG/NAME`, `ENDPOINT:/path`
    #[arg(value_name = "RESOURCE", add = complete::resources())]
    resource: String,
    #[command(flatten)]
    reading: Reading,
}

/// A question with its answer, and how the two are to be written.
struct Answered {
    question: Question,
    principal: String,
    resource: String,
    decision: Decision,
    remedies: Vec<Remedy>,
}

impl Perm {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        let (asked, explain) = match &self.verb {
            Verb::Check(it) => (it, false),
            Verb::Explain(it) => (it, true),
        };
        session.read(asked.reading.at.as_deref(), |session, view| {
            // The line of a check names nobody who could help, so nobody is looked for.
            let in_a_line = !explain && session.dress().format == Format::Table;
            let answered = asked.answer(view, !in_a_line)?;
            if session.dress().format == Format::Table {
                let text = if explain {
                    answered.explained(view, session.colour())?
                } else {
                    answered.in_a_line(view, session.colour())?
                };
                session.print(&text)?;
            } else {
                let object = answered.json(view)?;
                session.value(&object)?;
            }
            Ok(u8::from(!answered.decision.allowed && !explain))
        })
    }
}

impl Asked {
    fn answer(&self, view: &View<'_>, with_givers: bool) -> Result<Answered, RenderError> {
        let principal = Reference::parse(&self.principal, Kind::Account)?;
        let resource = Reference::parse(&self.resource, Kind::Server)?;
        let kind = match &resource {
            Reference::Authenticated | Reference::Anyone | Reference::External(_) => {
                return Err(resource.wrong_kind("a resource").into());
            }
            other => other.kind().unwrap_or(Kind::Server),
        };
        let (on, is_registered) = match &resource {
            Reference::Item(endpoint, path) => {
                let place = find_item(&view.facts, view.actor, view.at, endpoint, path)?;
                (place.item.id, place.rest.is_empty())
            }
            Reference::Named(Kind::Endpoint, name) => (self.endpoint(view, name)?, true),
            other => (view.resolve(other)?.0, true),
        };
        let action = Action::parse(&self.action, kind, &|text| folder(view, text, !is_registered))?;
        if !matches!(
            principal,
            Reference::Authenticated
                | Reference::Anyone
                | Reference::Named(Kind::Account | Kind::Group | Kind::Workgroup | Kind::Invitee, _)
                | Reference::Numbered(Kind::AccessToken, _)
        ) {
            return Err(principal.wrong_kind("a principal").into());
        }
        let who = resolve_principal(view, &principal, on, kind)?;
        let question = Question { principal: who, action, resource: on, at: view.at };
        let decision = decide(&view.facts, &question)?;
        let remedies = match (decision.allowed, with_givers) {
            (true, _) => Vec::new(),
            (false, true) => remedies(&view.facts, &question)?,
            (false, false) => lacks(&view.facts, &question)?
                .into_iter()
                .map(|lacks| Remedy { lacks, by: Vec::new(), others: false })
                .collect(),
        };
        // A path that is not registered is shown as it was asked about.
        let resource = if is_registered { view.name(on)? } else { resource.to_string() };
        Ok(Answered { question, principal: view.name(who)?, resource, decision, remedies })
    }

    /// The endpoint asked about. Access managers of a private bucket do not see it, but what they
    /// may do with its content is answered truly when they ask about themselves (model §7).
    fn endpoint(&self, view: &View<'_>, name: &Name) -> Result<Id, Problem> {
        let found = view.find(Kind::Endpoint, name);
        let (Err(problem), Actor::Principal(actor)) = (&found, view.actor) else { return found.map(|it| it.id) };
        let about_content = [Do::ManagePermissions, Do::ReadFiles, Do::WriteFiles];
        if problem.kind == ProblemKind::NotFound
            && about_content.iter().any(|verb| verb.word() == self.action)
            && let Some(hidden) = view.facts.named(Kind::Endpoint, None, name.key())?
            && Subject::new(&view.facts, actor, view.at)?.holds(Role::AccessManager, hidden.id)?
        {
            return Ok(hidden.id);
        }
        found.map(|it| it.id)
    }
}

/// The folder that something is to be moved or copied to.
fn folder(view: &View<'_>, text: &str, of_file: bool) -> Result<Destination, Problem> {
    let Reference::Item(endpoint, path) = Reference::parse(text, Kind::Item)? else {
        return Err(Problem::usage("bad_reference", format!("`{}` is no path on an endpoint", printable(text)))
            .tip("write `ENDPOINT:/path`, as in `node1:/projects`"));
    };
    let place = find_item(&view.facts, view.actor, view.at, &endpoint, &path)?;
    Ok(Destination { folder: place.item.id, is_registered: place.rest.is_empty(), of_file })
}

/// What administering a resource of a kind is known by.
const fn administering(kind: Kind) -> Do {
    match kind {
        Kind::Item => Do::AdministerShares,
        Kind::Workspace | Kind::SigningKey => Do::Delete,
        Kind::AccessToken => Do::Revoke,
        Kind::Media | Kind::Stream => Do::Update,
        _ => Do::Edit,
    }
}

/// "`--as alice perm check` answers about alice herself; about others only for server admins and
/// those who administer the resource asked about" (model §10).
fn resolve_principal(view: &View<'_>, principal: &Reference, on: Id, kind: Kind) -> Result<Id, Problem> {
    let Actor::Principal(actor) = view.actor else { return view.resolve(principal).map(|(id, _)| id) };
    let subject = Subject::new(&view.facts, actor, view.at)?;
    let itself = matches!(principal, Reference::Named(Kind::Account, name) if view.facts.resource(actor)?.is_some_and(|it| it.key == name.key()));
    if itself {
        return Ok(actor);
    }
    let mut administers = subject.holds(Role::ServerAdmin, Id::SERVER)?;
    for role in [Role::WorkgroupAdmin, Role::DropboxAdmin] {
        administers = administers || subject.holds(role, on)?;
    }
    let viewer = view.viewer()?;
    let own = on == actor;
    administers = administers || (on != Id::SERVER && !own && viewer.may(administering(kind), on)?);
    if !administers {
        let mut problem =
            Problem::new(ProblemKind::Denied, "denied", format!("{} may ask about themselves only", view.name(actor)?))
                .why("decision: others are asked about by server admins, and by those who administer the resource");
        problem.rule = Some("perm.about-others");
        return Err(problem);
    }
    view.resolve(principal).map(|(id, _)| id)
}

impl Answered {
    fn verdict(&self, colour: bool) -> String {
        let word = if self.decision.allowed { "allowed" } else { "denied" };
        match (colour, self.decision.allowed) {
            (false, _) => word.to_owned(),
            (true, true) => style::good(word),
            (true, false) => style::bad(word),
        }
    }

    fn action(&self, view: &View<'_>) -> Result<String, Problem> {
        action_phrase(self.question.action, &|id| view.name(id))
    }

    /// One line: the verdict and the shortest proof.
    fn in_a_line(&self, view: &View<'_>, colour: bool) -> Result<String, RenderError> {
        let told = Told { view, proof: &self.decision.proof };
        let mut reasons = told.phrases()?;
        if reasons.is_empty() && !self.decision.allowed {
            let mut lacks = Vec::new();
            for remedy in &self.remedies {
                lacks.push(lacks_phrase(view, remedy)?);
            }
            if !lacks.is_empty() {
                reasons.push(format!("it would take {}", lacks.join("; or ")));
            }
        }
        let reasons = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", ")) };
        Ok(format!("{}{reasons} ({})\n", self.verdict(colour), self.decision.rule.name))
    }

    /// The whole of it, for people.
    fn explained(&self, view: &View<'_>, colour: bool) -> Result<String, RenderError> {
        let not = if self.decision.allowed { "may" } else { "may not" };
        let mut text =
            format!("{}: {} {not} {} on {}\n", self.verdict(colour), self.principal, self.action(view)?, self.resource);
        text.push_str(&format!("  as of revision {}, {}\n", view.revision, view.at));
        text.push_str(&format!("  rule {}\n  from {}\n", self.decision.rule.name, self.decision.rule.source));
        let told = Told { view, proof: &self.decision.proof };
        let lines = told.lines()?;
        if !lines.is_empty() {
            text.push_str(if self.decision.allowed { "because\n" } else { "against it\n" });
            for (depth, line) in &lines {
                text.push_str(&format!(
                    "  {}{line}
",
                    "  ".repeat(*depth)
                ));
            }
        }
        if !self.decision.allowed {
            text.push_str(if self.remedies.is_empty() {
                "nothing that can be changed would allow it\n"
            } else {
                "would suffice\n"
            });
        }
        for remedy in &self.remedies {
            text.push_str(&format!("  {}\n", lacks_phrase(view, remedy)?));
            text.push_str(&format!("    {}\n", self.commands(view, remedy)?));
            text.push_str(&format!("    by {}\n", givers(view, remedy)?.join(", ")));
        }
        Ok(text)
    }

    fn commands(&self, view: &View<'_>, remedy: &Remedy) -> Result<String, RenderError> {
        let mut commands = Vec::new();
        for lack in &remedy.lacks {
            commands.push(command(&view.facts, self.question.principal, *lack, self.question.at)?);
        }
        Ok(commands.join(" && "))
    }

    /// The contract's object.
    fn json(&self, view: &View<'_>) -> Result<Value, RenderError> {
        let mut object = Map::new();
        object.insert("principal".to_owned(), json!(self.principal));
        object.insert("action".to_owned(), json!(self.action(view)?));
        object.insert("resource".to_owned(), json!(self.resource));
        object.insert("allowed".to_owned(), json!(self.decision.allowed));
        object.insert("revision".to_owned(), json!(view.revision));
        object.insert("at".to_owned(), json!(self.question.at.to_string()));
        let steps = self.decision.proof.iter().map(|step| step_json(view, step)).collect::<Result<Vec<_>, _>>()?;
        object.insert("proof".to_owned(), Value::Array(steps));
        object.insert("rule".to_owned(), json!(self.decision.rule.name));
        object.insert("source".to_owned(), json!(self.decision.rule.source));
        if !self.decision.allowed {
            let mut missing = Vec::new();
            let mut suffice = Vec::new();
            for remedy in &self.remedies {
                missing.push(json!(lacks_phrase(view, remedy)?));
                suffice.push(json!({"grant": lacks_phrase(view, remedy)?, "command": self.commands(view, remedy)?, "by": givers(view, remedy)?}));
            }
            object.insert("missing".to_owned(), Value::Array(missing));
            object.insert("would_suffice".to_owned(), Value::Array(suffice));
        }
        Ok(Value::Object(object))
    }
}

fn lacks_phrase(view: &View<'_>, remedy: &Remedy) -> Result<String, RenderError> {
    let mut phrases = Vec::new();
    for lack in &remedy.lacks {
        phrases.push(crate::ops::lack_phrase(*lack, &|id| view.name(id))?);
    }
    Ok(phrases.join(" and "))
}

fn givers(view: &View<'_>, remedy: &Remedy) -> Result<Vec<String>, RenderError> {
    if remedy.by.is_empty() {
        return Ok(vec!["operator".to_owned()]);
    }
    let mut by = remedy.by.iter().map(|id| view.name(*id)).collect::<Result<Vec<_>, _>>()?;
    if remedy.others {
        by.push("others".to_owned());
    }
    Ok(by)
}
