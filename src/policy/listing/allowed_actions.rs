//! Which of some actions a subject may do on a resource.

use crate::model::{Action, Kind};
use crate::policy::decide::allows;
use crate::policy::facts::{Facts, Result};
use crate::policy::subject::Subject;
use crate::policy::target::Target;

/// The actions that are allowed below an item, as on every path there that is not registered. For any other
/// kind, the actions that are allowed on the resource itself.
pub(super) fn allowed_beneath<F: Facts + ?Sized>(
    subject: &Subject<'_, F>,
    actions: &[Action],
    target: &Target,
) -> Result<Vec<Action>> {
    let mut found = Vec::new();
    for action in actions {
        let asked = if target.kind == Kind::Item { action.on_unregistered() } else { *action };
        if allows(subject, asked, target)?.is_some() {
            found.push(*action);
        }
    }
    Ok(found)
}

/// The actions of a list that are allowed on a resource.
pub(super) fn allowed<F: Facts + ?Sized>(
    subject: &Subject<'_, F>,
    actions: &[Action],
    target: &Target,
) -> Result<Vec<Action>> {
    let mut allowed = Vec::new();
    for action in actions {
        if allows(subject, *action, target)?.is_some() {
            allowed.push(*action);
        }
    }
    Ok(allowed)
}
