//! Requests of the OpenID AuthZEN Authorization API 1.0, Access Evaluation and Access Evaluations, one object on each
//! line.
//!
//! A malformed request has no decision: its answer is an error. A request that names an unknown principal, action or
//! resource is denied, with the reason in its `context`. All other fields of a request (`properties`, `context`, fields
//! of later versions) are ignored, as the standard requires: decisions rest on the store, never on claims of a request.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::request_line::malformed;
use crate::model::escape::printable;
use crate::model::spelling::closest_match;
use crate::model::{Kind, Problem, ProblemKind, Reference};
use crate::render::RenderError;

type Object = Map<String, Value>;

/// Decides a question about a principal, an action and a resource, each in its usual spelling. Returns whether it is
/// allowed, and the `context` of the decision.
pub(super) type DecideFn<'j> =
    &'j mut dyn FnMut([Cow<'_, str>; 3]) -> Result<Result<(bool, Object), Problem>, RenderError>;

/// Whether an object is an AuthZEN request and not a request in the format of this program.
pub(super) fn is_request(object: &Object) -> bool {
    let is_nested = |field| object.get(field).is_some_and(Value::is_object);
    !object.contains_key("principal")
        && (["subject", "evaluations"].iter().any(|field| object.contains_key(*field))
            || is_nested("action")
            || is_nested("resource"))
}

/// Answers a request: returns the response, and whether it permits. The inner error is that of a malformed request.
pub(super) fn answer(request: &Object, judge: DecideFn<'_>) -> Result<Result<(Object, bool), Problem>, RenderError> {
    let (parts, semantic) = match check(request) {
        Ok(checked) => checked,
        Err(problem) => return Ok(Err(problem)),
    };
    let items = match request.get("evaluations") {
        Some(Value::Array(items)) if !items.is_empty() => items,
        _ => {
            return match parts.whole() {
                Ok(whole) => decide(&whole, judge).map(Ok),
                Err(problem) => Ok(Err(problem)),
            };
        }
    };
    let mut decisions = Vec::with_capacity(items.len());
    let mut permits = semantic != Semantic::PermitOnFirstPermit;
    for item in items {
        let whole = match item {
            Value::Object(item) => EvaluationParts::of(item).map(|own| own.or(&parts)).and_then(|parts| parts.whole()),
            _ => Err(malformed("an entry of `evaluations` is not an object")),
        };
        let (mut decision, allowed) = match whole {
            Ok(whole) => decide(&whole, judge)?,
            Err(problem) => (unanswered(&problem), false),
        };
        let is_last = match semantic {
            Semantic::ExecuteAll => false,
            Semantic::DenyOnFirstDeny => !allowed,
            Semantic::PermitOnFirstPermit => allowed,
        };
        permits = if semantic == Semantic::PermitOnFirstPermit { allowed } else { permits && allowed };
        if is_last
            && !allowed
            && let Some(Value::Object(context)) = decision.get_mut("context")
        {
            context.entry("reason").or_insert_with(|| json!("deny_on_first_deny"));
        }
        decisions.push(Value::Object(decision));
        if is_last {
            break;
        }
    }
    let mut response = Object::new();
    response.insert("evaluations".to_owned(), Value::Array(decisions));
    Ok(Ok((response, permits)))
}

/// When the evaluation of a list stops.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Semantic {
    ExecuteAll,
    DenyOnFirstDeny,
    PermitOnFirstPermit,
}

impl Semantic {
    const ALL: [(&'static str, Semantic); 3] = [
        ("execute_all", Semantic::ExecuteAll),
        ("deny_on_first_deny", Semantic::DenyOnFirstDeny),
        ("permit_on_first_permit", Semantic::PermitOnFirstPermit),
    ];

    fn of(request: &Object) -> Result<Semantic, Problem> {
        let options = match request.get("options") {
            None => return Ok(Semantic::ExecuteAll),
            Some(Value::Object(options)) => options,
            Some(_) => return Err(malformed("`options` is not an object")),
        };
        let word = match options.get("evaluations_semantic") {
            None => return Ok(Semantic::ExecuteAll),
            Some(Value::String(word)) => word,
            Some(_) => return Err(malformed("`options.evaluations_semantic` is not a string")),
        };
        let known = Semantic::ALL.into_iter().find(|(known, _)| known == word).map(|(_, semantic)| semantic);
        known.ok_or_else(|| {
            let words = Semantic::ALL.map(|(word, _)| word).join(", ");
            malformed(format!("unknown evaluations_semantic `{}`", printable(word))).tip(format!("one of: {words}"))
        })
    }
}

/// Reads the parts that apply to the whole request: the defaults, and when the evaluation stops.
fn check(request: &Object) -> Result<(EvaluationParts<'_>, Semantic), Problem> {
    if request.get("evaluations").is_some_and(|list| !list.is_array()) {
        return Err(malformed("`evaluations` is not a list"));
    }
    Ok((EvaluationParts::of(request)?, Semantic::of(request)?))
}

/// An entity of a request: a subject or a resource.
#[derive(Clone, Copy)]
struct AuthzenEntity<'o> {
    kind: &'o str,
    id: &'o str,
}

/// The parts that a request or one of its evaluations gives itself.
struct EvaluationParts<'o> {
    subject: Option<AuthzenEntity<'o>>,
    action: Option<&'o str>,
    resource: Option<AuthzenEntity<'o>>,
}

/// An evaluation with all its parts.
struct Evaluation<'o> {
    subject: AuthzenEntity<'o>,
    action: &'o str,
    resource: AuthzenEntity<'o>,
}

impl<'o> EvaluationParts<'o> {
    fn of(object: &'o Object) -> Result<EvaluationParts<'o>, Problem> {
        let entity = |field: &str| -> Result<Option<AuthzenEntity<'o>>, Problem> {
            match part(object, field)? {
                Some(part) => {
                    Ok(Some(AuthzenEntity { kind: text(part, field, "type")?, id: text(part, field, "id")? }))
                }
                None => Ok(None),
            }
        };
        let action = part(object, "action")?.map(|action| text(action, "action", "name")).transpose()?;
        Ok(EvaluationParts { subject: entity("subject")?, action, resource: entity("resource")? })
    }

    /// Fills missing parts from the defaults. A part is never merged.
    fn or(self, defaults: &EvaluationParts<'o>) -> EvaluationParts<'o> {
        EvaluationParts {
            subject: self.subject.or(defaults.subject),
            action: self.action.or(defaults.action),
            resource: self.resource.or(defaults.resource),
        }
    }

    fn whole(&self) -> Result<Evaluation<'o>, Problem> {
        let missing = |field: &str| malformed(format!("`{field}` is missing"));
        Ok(Evaluation {
            subject: self.subject.ok_or_else(|| missing("subject"))?,
            action: self.action.ok_or_else(|| missing("action"))?,
            resource: self.resource.ok_or_else(|| missing("resource"))?,
        })
    }
}

fn part<'o>(object: &'o Object, field: &str) -> Result<Option<&'o Object>, Problem> {
    match object.get(field) {
        None => Ok(None),
        Some(Value::Object(part)) => Ok(Some(part)),
        Some(_) => Err(malformed(format!("`{field}` is not an object"))),
    }
}

fn text<'o>(part: &'o Object, of: &str, field: &str) -> Result<&'o str, Problem> {
    match part.get(field) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(malformed(format!("`{of}.{field}` is not a string"))),
        None => Err(malformed(format!("`{of}.{field}` is missing"))),
    }
}

/// Decides one evaluation; returns the decision as an object, and whether it permits.
fn decide(whole: &Evaluation<'_>, judge: DecideFn<'_>) -> Result<(Object, bool), RenderError> {
    let words = match (whole.subject.reference(), whole.resource.reference()) {
        (Ok(subject), Ok(resource)) => [subject, Cow::Borrowed(whole.action), resource],
        (Err(problem), _) | (_, Err(problem)) => return Ok((unanswered(&problem), false)),
    };
    let (allowed, context) = match judge(words)? {
        Ok(judged) => judged,
        Err(problem) => return Ok((unanswered(&problem), false)),
    };
    let mut decision = Object::new();
    decision.insert("decision".to_owned(), json!(allowed));
    decision.insert("context".to_owned(), Value::Object(context));
    Ok((decision, allowed))
}

/// The denial of an evaluation that cannot be decided, with the reason and a status of HTTP.
fn unanswered(problem: &Problem) -> Object {
    let status = match problem.kind {
        ProblemKind::NotFound => 404,
        ProblemKind::Denied => 403,
        _ => 400,
    };
    let mut decision = Object::new();
    decision.insert("decision".to_owned(), json!(false));
    let error = json!({"status": status, "code": problem.code, "message": problem.message});
    decision.insert("context".to_owned(), json!({"reason": problem.message, "error": error}));
    decision
}

impl<'o> AuthzenEntity<'o> {
    /// The reference of an entity; its type gives the kind of a bare name.
    fn reference(self) -> Result<Cow<'o, str>, Problem> {
        let kind = Kind::from_name(self.kind).ok_or_else(|| {
            let words = || Kind::ALL.iter().map(|kind| kind.as_str());
            let problem = Problem::not_found("type", self.kind);
            match closest_match(self.kind, words()) {
                Some(near) => problem.tip(format!("did you mean `{near}`?")),
                None => problem.tip(format!("the types are: {}", words().collect::<Vec<_>>().join(", "))),
            }
        })?;
        let is_class = kind == Kind::Account && matches!(self.id, "authenticated" | "anyone");
        if is_class {
            return Ok(Cow::Borrowed(self.id));
        }
        if !self.id.contains(':') && !matches!(kind, Kind::Server | Kind::Item) {
            return Ok(Cow::Owned(format!("{}:{}", kind.as_str(), self.id)));
        }
        let reference = Reference::parse(self.id, kind)?;
        if reference.kind() == Some(kind) {
            return Ok(Cow::Borrowed(self.id));
        }
        Err(reference.wrong_kind(kind.article()))
    }
}
