//! [`lacks_phrase`]: what is missing for an action, in words.

use crate::model::Id;
use crate::model::attributes::NodeVersion;
use crate::ops::Result;
use crate::policy::remedy::Missing;

/// Everything that is missing, as one phrase; `name` writes references.
///
/// # Errors
/// Those of `name`.
pub fn lacks_phrase(missing: &[Missing], name: &dyn Fn(Id) -> Result<String>) -> Result<String> {
    let phrases = missing.iter().map(|one| lack_phrase(*one, name)).collect::<Result<Vec<String>>>()?;
    Ok(phrases.join(" and "))
}

fn lack_phrase(one: Missing, name: &dyn Fn(Id) -> Result<String>) -> Result<String> {
    Ok(match one {
        Missing::ServerRole(role) => format!("role {role}"),
        Missing::Role(role, on) => format!("role {role} on {}", name(on)?),
        Missing::Setting(setting) => format!("setting {} allowed", setting.as_str()),
        Missing::Condition(condition, on) => format!("{} on {}", condition.phrase(), name(on)?),
        Missing::Active(account) => format!("{} active", name(account)?),
        Missing::Share(set, item) if set.is_custom() => format!("share of {} with {set}", name(item)?),
        Missing::Share(set, item) => format!("share of {} with {}", name(item)?, set.label()),
        Missing::Managed(endpoint) => format!("managed is on on {}", name(endpoint)?),
        Missing::RootUpload(workspace) => format!("root-upload allowed in {}", name(workspace)?),
        Missing::Owner(item) => format!("ownership of {}", name(item)?),
        Missing::Files(workspace, endpoint) => format!("files of {} on {}", name(workspace)?, name(endpoint)?),
        Missing::NodeVersion(endpoint) => {
            format!("node software {} or later on {}", NodeVersion::CUSTOM_SETS, name(endpoint)?)
        }
    })
}
