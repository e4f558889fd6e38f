//! The policy of audits: which findings are looked for, how old things may be, and which rights no one account should
//! have together. It is a YAML file, read as strictly as a manifest.

use std::collections::{BTreeMap, BTreeSet};

use super::shape::{Field, Object, Shape, field};
use super::text_format::TextFormat;
use super::validate::validate;
use crate::input::document::{Diagnostic, Entry, Node, WithSpan, get, parse_tree};
use crate::model::catalogue::findings::FindingKind;
use crate::model::escape::printable;
use crate::model::time::{Expiry, TimeSpan};
use crate::model::{Action, Kind, Problem, Reference, Role};
use crate::ops::findings::FindingOptions;
use crate::ops::separation::{Conflict, Right};

const TEXT: Shape = Shape::Text(TextFormat::FreeText);

/// The key with what is looked for.
pub const FINDINGS_FIELD: Field =
    field("findings", Shape::Object(&FINDINGS), "`off`, or how old something may be, for each finding");

/// The key with the conflicts.
pub const CONFLICTS_FIELD: Field =
    field("conflicts", Shape::List(&CONFLICT_SHAPE), "Rights that no one account should have together");

static CONFLICT_SHAPE: Shape = Shape::Object(&CONFLICT);

/// The schema of the file.
static POLICY: Object = Object { name: "audit-policy", fields: &[FINDINGS_FIELD, CONFLICTS_FIELD] };

static FINDINGS: Object = Object { name: "finding-options", fields: &FINDING_FIELDS };

const FINDING_FIELDS: [Field; FindingKind::ALL.len()] = finding_fields();

/// A key for each finding of the catalogue.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index that is out of bounds")]
const fn finding_fields() -> [Field; FindingKind::ALL.len()] {
    let mut fields = [field("", TEXT, ""); FindingKind::ALL.len()];
    let mut at = 0;
    while at < fields.len() {
        let row = FindingKind::ALL[at].row();
        fields[at] = field(row.id, TEXT, row.title);
        at += 1;
    }
    fields
}

static CONFLICT: Object = Object {
    name: "conflict",
    fields: &[
        field("name", TEXT, "Its name"),
        field("why", TEXT, "Why the rights should not be together"),
        field("each-of", Shape::List(&Shape::Object(&RIGHT)), "The rights, two or more"),
        field("except", Shape::List(&Shape::Text(TextFormat::Member)), "Accounts and groups that may have them"),
        field("enforce", Shape::Bool, "Whether a change that gives an account all of them is refused"),
    ],
};

static RIGHT: Object = Object {
    name: "right",
    fields: &[
        field("may", TEXT, "An action"),
        field("role", TEXT, "A role: `administrator` with `on`, or `KIND:ROLE`"),
        field("on", TEXT, "The resource; `KIND:*` for any of its kind"),
    ],
};

/// The policy of audits.
#[derive(Clone, Debug, Default)]
pub struct AuditPolicy {
    /// The findings that are not looked for.
    pub off: BTreeSet<FindingKind>,
    /// The number of days that are in order, where it differs from the catalogue.
    pub days: BTreeMap<FindingKind, u32>,
    /// Rights that no one account should have together.
    pub conflicts: Vec<Conflict>,
}

/// Reads a policy.
///
/// # Errors
/// Every mistake, with its position.
pub fn read(text: &str) -> Result<AuditPolicy, Vec<Diagnostic>> {
    let (root, mut wrong) = parse_tree(text);
    let Some(root) = root else { return Err(wrong) };
    wrong.extend(validate(&POLICY, &root));
    let policy = match &root.value {
        Node::Mapping(entries) => AuditPolicy::of(entries, &mut wrong),
        _ => AuditPolicy::default(),
    };
    wrong.sort_by_key(|diagnostic| (diagnostic.span.line, diagnostic.span.column));
    if wrong.is_empty() { Ok(policy) } else { Err(wrong) }
}

impl AuditPolicy {
    /// What to look for by the policy, and nothing more.
    pub fn options(self) -> FindingOptions {
        let AuditPolicy { off, days, conflicts } = self;
        FindingOptions { except: off, days, conflicts, ..FindingOptions::default() }
    }

    /// The policy in the entries of a mapping that was validated; adds the mistakes that validation does not find.
    pub fn of(entries: &[Entry], wrong: &mut Vec<Diagnostic>) -> AuditPolicy {
        let mut policy = AuditPolicy::default();
        if let Some(Node::Mapping(findings)) = get(entries, FINDINGS_FIELD.name).map(|it| &it.value) {
            findings.iter().for_each(|(key, value)| policy.finding(&key.value, value, wrong));
        }
        for item in items(entries, CONFLICTS_FIELD.name) {
            policy.conflicts.extend(conflict(item, wrong));
        }
        policy
    }

    fn finding(&mut self, id: &str, value: &WithSpan<Node>, wrong: &mut Vec<Diagnostic>) {
        const DAY: i64 = TimeSpan::days(1).0;
        let (Some(kind), Node::Text(text)) = (FindingKind::from_name(id), &value.value) else { return };
        let mut refuse = |message: String, tip: &str| wrong.push(Diagnostic::at_span(value.span, message).tip(tip));
        if &**text == "off" {
            self.off.insert(kind);
            return;
        }
        if kind.row().days.is_none() {
            return refuse(format!("`{id}` is not about age, so it takes `off` alone"), "write `off`, or leave it out");
        }
        match Expiry::parse(text) {
            Ok(Expiry::In(TimeSpan(length))) if length >= DAY && length % DAY == 0 => {
                self.days.extend(u32::try_from(length / DAY).ok().map(|days| (kind, days)));
            }
            _ => refuse(format!("invalid value `{}`, expected `off` or days", printable(text)), "write it as in `30d`"),
        }
    }
}

fn items<'n>(entries: &'n [Entry], name: &str) -> &'n [WithSpan<Node>] {
    match get(entries, name).map(|it| &it.value) {
        Some(Node::List(items)) => items,
        _ => &[],
    }
}

fn text_at<'n>(entries: &'n [Entry], name: &str) -> Option<(&'n str, &'n WithSpan<Node>)> {
    let found = get(entries, name)?;
    match &found.value {
        Node::Text(text) => Some((text, found)),
        _ => None,
    }
}

/// Reads one conflict; `None` if it has a mistake.
fn conflict(item: &WithSpan<Node>, wrong: &mut Vec<Diagnostic>) -> Option<Conflict> {
    let Node::Mapping(entries) = &item.value else { return None };
    let name = text_at(entries, "name").map(|(name, _)| name.to_owned());
    if name.as_ref().is_none_or(String::is_empty) {
        wrong.push(Diagnostic::at_span(item.span, "`name` is missing"));
    }
    let claims = items(entries, "each-of");
    if claims.len() < 2 {
        wrong.push(Diagnostic::at_span(item.span, "a conflict takes two rights or more").tip("each-of: [{…}, {…}]"));
    }
    let each_of: Vec<Right> = claims.iter().filter_map(|claim| right(claim, wrong)).collect();
    let except = items(entries, "except").iter().filter_map(|it| match &it.value {
        Node::Text(text) => Reference::parse(text, Kind::Account).ok(),
        _ => None,
    });
    let why = text_at(entries, "why").map(|(why, _)| why.to_owned());
    let is_enforced = matches!(get(entries, "enforce").map(|it| &it.value), Some(Node::Bool(true)));
    Some(Conflict { name: name?, why, except: except.collect(), each_of, is_enforced })
}

/// Reads one right; `None` if it has a mistake.
fn right(item: &WithSpan<Node>, wrong: &mut Vec<Diagnostic>) -> Option<Right> {
    let Node::Mapping(entries) = &item.value else { return None };
    let (may, role, on) = (text_at(entries, "may"), text_at(entries, "role"), text_at(entries, "on"));
    let mut refuse = |at: &WithSpan<Node>, problem: Problem| wrong.push(Diagnostic::from_problem(at.span, problem));
    let missing = |what: &str| Problem::usage("bad_right", format!("`{what}` is missing"));
    match (may, role) {
        (Some((action, at)), None) => {
            let Some((on, on_at)) = on else {
                refuse(item, missing("on"));
                return None;
            };
            let on = Reference::parse(on, Kind::Server).map_err(|problem| refuse(on_at, problem)).ok()?;
            let another_path = |_: &str| Err(Problem::usage("bad_action", "an action on two paths is not a right"));
            let action = Action::parse(action, on.kind().unwrap_or(Kind::Account), &another_path);
            Some(Right::May(action.map_err(|problem| refuse(at, problem)).ok()?, on))
        }
        (None, Some((role, at))) => holds(role, on.map(|(on, _)| on)).map_err(|problem| refuse(at, problem)).ok(),
        _ => {
            refuse(item, Problem::usage("bad_right", "a right has either `may` or `role`"));
            None
        }
    }
}

/// Reads a role, on a resource or on any of its kind.
fn holds(role: &str, on: Option<&str>) -> Result<Right, Problem> {
    let unknown = |of: &str| Problem::usage("bad_role", format!("unknown role `{}`{of}", printable(role)));
    let (kind, on) = match on {
        None => {
            let role = Role::from_qualified(role)
                .ok_or_else(|| unknown("").tip("name the kind, as in `server:admin`, or the resource with `on`"))?;
            return Ok(Right::Holds(role, None));
        }
        Some(on) => match on.strip_suffix(":*").and_then(Kind::from_name) {
            Some(kind) => (kind, None),
            None => {
                let reference = Reference::parse(on, Kind::Server)?;
                (reference.kind().unwrap_or(Kind::Account), Some(reference))
            }
        },
    };
    let named =
        Role::from_name(kind, role).or_else(|| Role::from_qualified(role).filter(|it| it.resource_kind() == kind));
    named.map(|role| Right::Holds(role, on)).ok_or_else(|| unknown(&format!(" of {}", kind.article())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_read() {
        let policy = read(
            "findings: {stale-invitation: 30d, old-credential: 26w, single-administrator: off}\n\
             conflicts:\n\
             \x20 - name: maker-checker\n\
             \x20   why: four eyes\n\
             \x20   each-of: [{may: upload, on: 'node1:/invoices'}, {may: delete, on: 'node1:/invoices'}]\n\
             \x20   except: [alice, 'group:audit']\n\
             \x20   enforce: true\n\
             \x20 - {name: two-hats, each-of: [{role: administrator, on: 'endpoint:*'}, {role: server:admin}]}\n",
        )
        .unwrap();
        assert_eq!(policy.off, [FindingKind::SingleAdministrator].into());
        assert_eq!(policy.days, [(FindingKind::StaleInvitation, 30), (FindingKind::OldCredential, 182)].into());
        assert_eq!((policy.conflicts.len(), policy.conflicts[0].except.len()), (2, 2));
        assert!(policy.conflicts[0].is_enforced && !policy.conflicts[1].is_enforced);
        assert!(matches!(policy.conflicts[1].each_of[0], Right::Holds(Role::EndpointAdministrator, None)));
    }

    #[test]
    fn every_mistake_has_its_position() {
        let two = "{may: view, on: 'org:a'}, {may: view, on: 'org:b'}";
        for (text, expected) in [
            ("[x]", "1:1 expected a mapping"),
            ("findings: {dormant: off}", "1:12 `findings`: unknown key `dormant`"),
            ("findings: {root-share: 3d}", "1:24 `root-share` is not about age"),
            ("findings: {old-credential: 3h}", "1:28 invalid value `3h`"),
            ("findings: {old-credential: no}", "1:28 invalid value `no`"),
            ("conflicts: [{name: x, each-of: [{may: view, on: 'org:a'}]}]", "1:13 a conflict takes two rights"),
            (&format!("conflicts: [{{each-of: [{two}]}}]"), "1:13 `name` is missing"),
            (&format!("conflicts: [{{name: x, each-of: [{two}, {{may: fly, on: 'org:a'}}]}}]"), "`fly`"),
            (&format!("conflicts: [{{name: x, each-of: [{two}, {{may: view}}]}}]"), "`on` is missing"),
            (&format!("conflicts: [{{name: x, each-of: [{two}, {{on: 'org:a'}}]}}]"), "either `may` or `role`"),
            (
                &format!("conflicts: [{{name: x, each-of: [{two}, {{role: boss, on: 'org:a'}}]}}]"),
                "unknown role `boss` of an organization",
            ),
            (&format!("conflicts: [{{name: x, each-of: [{two}, {{role: admin}}]}}]"), "unknown role `admin`"),
            (&format!("conflicts: [{{name: x, each-of: [{two}], enforce: yes please}}]"), "expected true or false"),
        ] {
            let shown = |it: &Diagnostic| format!("{}:{} {}", it.span.line, it.span.column, it.message);
            let wrong = read(text).unwrap_err().iter().map(shown).collect::<Vec<_>>().join("\n");
            assert!(wrong.contains(expected), "{text}: {wrong}");
        }
    }
}
