//! Attributes of what audits leave in the store.

use serde::{Deserialize, Serialize};

use super::is_default;
use crate::model::Id;
use crate::model::catalogue::findings::FindingKind;
use crate::model::time::Time;

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
