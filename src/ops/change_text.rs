//! One change in words: a line, a line behind a sign, an object.

use serde_json::{Map, Value, json};

use crate::model::{Id, Kind, Role};

/// What became of a thing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is otherwise.
    Changed,
    /// It is gone.
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
}

/// One thing that changed.
#[derive(Clone, PartialEq, Debug)]
pub struct Change {
    /// What became of it.
    pub kind: ChangeKind,
    /// The resource, as a reference.
    pub reference: String,
    /// The member, where it is a membership that changed.
    pub member: Option<String>,
    /// The role, where it is a binding that changed.
    pub role: Option<Role>,
    /// Each value that changed: its name, before, after; null where there was or is none.
    pub fields: Vec<(&'static str, Value, Value)>,
    /// The row that changed.
    pub row: Id,
    /// The resource itself.
    pub resource: Id,
    /// The outermost thing it lies in, which decides who may read of it in the log.
    pub log_scope: Id,
}

impl Change {
    /// As one line.
    pub fn line(&self) -> String {
        let role = self.role.map_or("", Role::as_str);
        let place = &self.reference;
        let mut line = match (&self.member, self.kind) {
            (Some(member), what) if self.role == Some(Role::ItemShare) => match what {
                ChangeKind::Added => format!("shared {place} with {member}"),
                ChangeKind::Changed => format!("changed the share of {place} with {member}"),
                ChangeKind::Removed => format!("revoked the share of {place} with {member}"),
            },
            (Some(member), what @ (ChangeKind::Added | ChangeKind::Removed))
                if self.role.is_some_and(|role| matches!(role.resource_kind(), Kind::Endpoint | Kind::Item)) =>
            {
                let not = if what == ChangeKind::Added { "made" } else { "no longer" };
                return format!("{not} {role} of {place}: {member}");
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

    /// Each value that changed, in words.
    fn values(&self) -> Vec<String> {
        self.fields
            .iter()
            .filter(|(name, _, after)| {
                // A label says what its permissions are, and most shares are people's.
                let plain_share = *name == "label" || (*name == "class" && after == "user");
                self.kind != ChangeKind::Removed && !(self.role == Some(Role::ItemShare) && plain_share)
            })
            .map(|(name, before, after)| match self.kind {
                ChangeKind::Changed => format!("{name} {} -> {}", plain(before), plain(after)),
                _ => format!("{name} {}", plain(after)),
            })
            .collect()
    }

    /// As one line behind a sign that says what became of it.
    pub fn plan_line(&self) -> String {
        let role = self.role.map(Role::as_str);
        let mut line = match (&self.member, self.role) {
            (Some(member), Some(Role::ItemShare)) => format!("{}: share with {member}", self.reference),
            (Some(member), Some(it)) if it.is_level() || it.resource_kind() == Kind::Group => {
                format!("{}: member {member}", self.reference)
            }
            (Some(member), _) => format!("{}: {} {member}", self.reference, role.unwrap_or("member")),
            (None, _) => self.reference.clone(),
        };
        let mut values = self.values();
        // The role of an endpoint or an owner stands in the line already.
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

    /// Of a share that is a preset, its label in place of the permissions it stands for.
    fn shorten_to_label(&self, values: &mut [String]) {
        let label = self.fields.iter().find(|(name, ..)| *name == "label").and_then(|(.., is)| is.as_str());
        if let (Some(label), Some(first)) = (label.filter(|label| *label != "Custom"), values.first_mut()) {
            *first = label.to_owned();
        }
    }

    /// As an object of JSON.
    pub fn json(&self) -> Value {
        let mut object = Map::new();
        object.insert("change".to_owned(), json!(self.kind.as_str()));
        object.insert("ref".to_owned(), json!(self.reference));
        if let Some(member) = &self.member {
            object.insert("member".to_owned(), json!(member));
        }
        if let Some(role) = self.role {
            object.insert("role".to_owned(), json!(role.qualified()));
        }
        for (side, wanted) in [("before", self.kind != ChangeKind::Added), ("after", self.kind != ChangeKind::Removed)]
        {
            if wanted {
                let values: Map<String, Value> = self
                    .fields
                    .iter()
                    .map(|(name, before, after)| {
                        ((*name).to_owned(), if side == "before" { before.clone() } else { after.clone() })
                    })
                    .collect();
                object.insert(side.to_owned(), Value::Object(values));
            }
        }
        Value::Object(object)
    }
}

/// A value as it stands in a line.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}
