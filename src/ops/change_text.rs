//! One described change, and how it is written: as a line, as a line of a plan, and as a JSON object.

use serde_json::{Map, Value, json};

use crate::model::{Id, Kind, Role};

/// What happened to a resource or a binding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChangeKind {
    /// It was added.
    Added,
    /// It was changed.
    Changed,
    /// It was removed.
    Removed,
}

impl ChangeKind {
    pub(super) const fn of(before: bool, after: bool) -> ChangeKind {
        match (before, after) {
            (false, _) => ChangeKind::Added,
            (true, true) => ChangeKind::Changed,
            (true, false) => ChangeKind::Removed,
        }
    }

    /// The word as it is shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            ChangeKind::Added => "added",
            ChangeKind::Changed => "changed",
            ChangeKind::Removed => "removed",
        }
    }

    /// The sign in front of a change, as in a plan.
    const fn mark(self) -> char {
        match self {
            ChangeKind::Added => '+',
            ChangeKind::Changed => '~',
            ChangeKind::Removed => '-',
        }
    }
}

/// A change of one resource or one binding.
#[derive(Clone, PartialEq, Debug)]
pub struct Change {
    /// Whether it was added, changed or removed.
    pub kind: ChangeKind,
    /// The reference of the resource; for a binding, of the resource that it is on.
    pub reference: String,
    /// The reference of the principal, if a binding changed.
    pub member: Option<String>,
    /// The role, if a binding changed.
    pub role: Option<Role>,
    /// Each value that changed: its name, the value before and the value after; null for no value.
    pub fields: Vec<(&'static str, Value, Value)>,
    /// The id of the row that changed.
    pub row: Id,
    /// The id of the resource.
    pub resource: Id,
    /// The outermost resource that it lies in, which decides who may read the change in the log.
    pub log_scope: Id,
}

/// The field for the external ids that something got in addition to others.
const ADDED_IDS: &str = "added_ids";
/// The field for the external ids that something lost.
const REMOVED_IDS: &str = "removed_ids";

impl Change {
    /// Adds an external id to the change of what has it or had it.
    pub(super) fn add_external_id(&mut self, id: &str, is_gone: bool) {
        let field = match (self.kind, is_gone) {
            (ChangeKind::Added | ChangeKind::Removed, _) => "ids",
            (ChangeKind::Changed, false) => ADDED_IDS,
            (ChangeKind::Changed, true) => REMOVED_IDS,
        };
        let is_removed = self.kind == ChangeKind::Removed;
        let known = self.fields.iter_mut().find(|(known, ..)| *known == field);
        match known.map(|(_, was, is)| if is_removed { was } else { is }) {
            Some(Value::Array(ids)) => ids.push(json!(id)),
            _ if is_removed => self.fields.push((field, json!([id]), Value::Null)),
            _ => self.fields.push((field, Value::Null, json!([id]))),
        }
    }

    /// The change as a sentence.
    pub fn line(&self) -> String {
        let role = self.role.map_or("", Role::as_str);
        let reference = &self.reference;
        let mut line = match (&self.member, self.kind) {
            (Some(member), what) if self.role == Some(Role::ItemShare) => match what {
                ChangeKind::Added => format!("shared {reference} with {member}"),
                ChangeKind::Changed => format!("changed the share of {reference} with {member}"),
                ChangeKind::Removed => format!("revoked the share of {reference} with {member}"),
            },
            (Some(member), what @ (ChangeKind::Added | ChangeKind::Removed))
                if self.role.is_some_and(|role| matches!(role.resource_kind(), Kind::Endpoint | Kind::Item)) =>
            {
                let not = if what == ChangeKind::Added { "made" } else { "no longer" };
                return format!("{not} {role} of {reference}: {member}");
            }
            (None, what) => format!("{} {}", what.as_str(), self.reference),
            (Some(member), ChangeKind::Added) => format!("added {member} to {}", self.reference),
            (Some(member), ChangeKind::Changed) => format!("changed {member} in {}", self.reference),
            (Some(member), ChangeKind::Removed) => format!("removed {member} from {}", self.reference),
        };
        let values = self.values();
        if !values.is_empty() {
            line.push_str(": ");
            line.push_str(&values.join(", "));
        }
        line
    }

    /// Each value that changed, as text.
    fn values(&self) -> Vec<String> {
        self.fields
            .iter()
            .filter(|(name, _, after)| {
                // The label only repeats the permissions, and `user` is the usual class.
                let plain_share = *name == "label" || (*name == "class" && after == "user");
                self.kind != ChangeKind::Removed && !(self.role == Some(Role::ItemShare) && plain_share)
            })
            .map(|(name, before, after)| match self.kind {
                ChangeKind::Changed if !is_list_of_changes(name) => {
                    format!("{name} {} -> {}", plain(before), plain(after))
                }
                _ => format!("{name} {}", plain(after)),
            })
            .collect()
    }

    /// The change in the other direction.
    pub(super) fn reversed(mut self) -> Change {
        self.kind = match self.kind {
            ChangeKind::Added => ChangeKind::Removed,
            ChangeKind::Changed => ChangeKind::Changed,
            ChangeKind::Removed => ChangeKind::Added,
        };
        for (_, before, after) in &mut self.fields {
            std::mem::swap(before, after);
        }
        self
    }

    /// What changed, without the values: a resource, or a holder of a role on it.
    fn heading(&self) -> String {
        let role = self.role.map(Role::as_str);
        match (&self.member, self.role) {
            (Some(member), Some(Role::ItemShare)) => format!("{}: share with {member}", self.reference),
            (Some(member), Some(it)) if it.is_level() || it.resource_kind() == Kind::Group => {
                format!("{}: member {member}", self.reference)
            }
            (Some(member), _) => format!("{}: {} {member}", self.reference, role.unwrap_or("member")),
            (None, _) => self.reference.clone(),
        }
    }

    /// The change as lines: first what changed, after a sign for the kind of change, then each field with its value
    /// before and after.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("{} {}", self.kind.mark(), self.heading())];
        let is_share = self.role == Some(Role::ItemShare);
        for (name, before, after) in &self.fields {
            // The heading has the role of an endpoint or an owner, the label repeats the permissions, and `user` is the
            // usual class.
            let is_known = match *name {
                "role" => self.member.is_some(),
                "label" => is_share,
                "class" => is_share && [before, after].iter().all(|side| side.is_null() || *side == "user"),
                _ => false,
            };
            if is_known {
                continue;
            }
            lines.push(match self.kind {
                ChangeKind::Added => format!("    {name}: {}", plain(after)),
                ChangeKind::Changed if is_list_of_changes(name) => format!("    {name}: {}", plain(after)),
                ChangeKind::Changed => format!("    {name}: {} -> {}", plain(before), plain(after)),
                ChangeKind::Removed => format!("    {name}: {}", plain(before)),
            });
        }
        lines
    }

    /// The change as a line of a plan, which follows a sign for the kind of change.
    pub fn plan_line(&self) -> String {
        let role = self.role.map(Role::as_str);
        let mut line = self.heading();
        let mut values = self.values();
        // The line has the role of an endpoint or an owner already.
        values.retain(|value| role.is_none_or(|role| *value != format!("role {role}")));
        if self.role == Some(Role::ItemShare) && self.kind == ChangeKind::Added {
            self.shorten_to_label(&mut values);
        }
        if !values.is_empty() {
            line.push_str(if self.member.is_some() { ", " } else { ": " });
            line.push_str(&values.join(", "));
        }
        line
    }

    /// Replaces the permissions of a preset by its label.
    fn shorten_to_label(&self, values: &mut [String]) {
        let label = self.fields.iter().find(|(name, ..)| *name == "label").and_then(|(.., is)| is.as_str());
        if let (Some(label), Some(first)) = (label.filter(|label| *label != "Custom"), values.first_mut()) {
            *first = label.to_owned();
        }
    }

    /// The change as a JSON object; a side on which the resource or the binding does not exist is left out.
    pub fn json(&self) -> Value {
        self.object(false)
    }

    /// The change as a JSON object in which a side without the resource or the binding is null.
    pub fn json_with_both_sides(&self) -> Value {
        self.object(true)
    }

    fn object(&self, has_both_sides: bool) -> Value {
        let mut object = Map::new();
        object.insert("change".to_owned(), json!(self.kind.as_str()));
        object.insert("ref".to_owned(), json!(self.reference));
        if let Some(member) = &self.member {
            object.insert("member".to_owned(), json!(member));
        }
        if let Some(role) = self.role {
            object.insert("role".to_owned(), json!(role.qualified()));
        }
        for (side, exists) in [("before", self.kind != ChangeKind::Added), ("after", self.kind != ChangeKind::Removed)]
        {
            if exists {
                let values: Map<String, Value> = self
                    .fields
                    .iter()
                    .map(|(name, before, after)| {
                        ((*name).to_owned(), if side == "before" { before.clone() } else { after.clone() })
                    })
                    .collect();
                object.insert(side.to_owned(), Value::Object(values));
            } else if has_both_sides {
                object.insert(side.to_owned(), Value::Null);
            }
        }
        Value::Object(object)
    }
}

/// Whether a field lists what was added to other values, or removed from them. It has no value before.
fn is_list_of_changes(name: &str) -> bool {
    matches!(name, ADDED_IDS | REMOVED_IDS)
}

/// A value as text.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}
