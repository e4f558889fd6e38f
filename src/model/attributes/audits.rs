//! Attributes of what audits leave in the store.

use serde::{Deserialize, Serialize};

use super::is_default;
use crate::model::catalogue::findings::FindingKind;
use crate::model::settings::Verdict;
use crate::model::time::Time;
use crate::model::{Id, Revision};

/// A finding that is accepted: a deliberate exception, with its reason. It is not listed among the findings while the
/// acceptance is in force.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// What was found.
    pub finding: FindingKind,
    /// The resource that the finding is about.
    pub on: Id,
    /// The principal that the finding is about; `None` for any.
    #[serde(default, skip_serializing_if = "is_default")]
    pub principal: Option<Id>,
    /// Why it is accepted.
    pub reason: String,
    /// Who accepted it; `None` for the operator.
    #[serde(default, skip_serializing_if = "is_default")]
    pub by: Option<Id>,
    /// The time of the acceptance.
    pub created: Time,
    /// The time from which it is a finding again; `None` for never.
    #[serde(default, skip_serializing_if = "is_default")]
    pub expires: Option<Time>,
}

impl Acceptance {
    /// Whether the acceptance is in force at a time.
    pub fn is_in_force(&self, at: Time) -> bool {
        self.expires.is_none_or(|end| at < end)
    }
}

/// A review of access. The bindings in its scope are those of the revision it was started on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// The resources in scope, each with what lies in it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub of: Vec<Id>,
    /// The principals in scope. Without resources and principals everything is.
    #[serde(default, skip_serializing_if = "is_default")]
    pub principals: Vec<Id>,
    /// The revision whose bindings are reviewed.
    pub as_of: Revision,
    /// Who decides; `None` for whoever may configure the server.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reviewer: Option<Id>,
    /// The time by which everything should be decided.
    #[serde(default, skip_serializing_if = "is_default")]
    pub due: Option<Time>,
    /// Who started it; `None` for the operator.
    #[serde(default, skip_serializing_if = "is_default")]
    pub by: Option<Id>,
    /// The time of the start.
    pub created: Time,
    /// The time of the end.
    #[serde(default, skip_serializing_if = "is_default")]
    pub closed: Option<Time>,
}

impl Review {
    /// Whether every binding is in scope.
    pub const fn is_about_everything(&self) -> bool {
        self.of.is_empty() && self.principals.is_empty()
    }
}

/// A decision about one version of a binding. Its key is the number of the binding, so a review has one at most.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewDecision {
    /// The binding.
    pub binding: Id,
    /// The revision that made the version that was decided about.
    pub version: Revision,
    /// The resource that the binding is on.
    pub on: Id,
    /// The principal of the binding.
    pub principal: Id,
    /// What was decided.
    pub verdict: Verdict,
    /// What the reviewer wrote.
    #[serde(default, skip_serializing_if = "is_default")]
    pub comment: Option<String>,
    /// Who decided; `None` for the operator.
    #[serde(default, skip_serializing_if = "is_default")]
    pub by: Option<Id>,
    /// The time of the decision.
    pub at: Time,
}
