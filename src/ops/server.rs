//! The settings of the server.

use super::{Result, Transaction};
use crate::model::attributes::{Attributes, Server, Setting, SettingValue};
use crate::model::{Id, Problem, Resource, SetNames, Verb};
use crate::policy::Facts;

/// Settings to change; `None` leaves a setting as it is.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ServerSettings {
    /// Whether managers may administer dropboxes.
    pub managers_administer_dropboxes: Option<bool>,
    /// Whether plain users see only themselves and fellow members.
    pub private_directory: Option<bool>,
    /// Whether dropboxes may have public links.
    pub public_links: Option<bool>,
    /// The values that `default` stands for in the settings of accounts.
    pub settings: Vec<(Setting, SettingValue)>,
    /// Whether members of an organization may edit the details of their workspaces.
    pub members_edit_workspaces: Option<bool>,
    /// Whether members may leave an organization.
    pub members_may_leave: Option<bool>,
    /// The address that links begin with; an empty text removes it.
    pub url: Option<String>,
}

/// Checks the address that links begin with. An empty text is valid: it removes the address.
///
/// # Errors
/// A usage problem for a text that is not a web address.
pub fn check_url(url: &str) -> Result<()> {
    let plain = !url.contains(char::is_whitespace) && !url.contains('#') && !url.chars().any(char::is_control);
    if url.is_empty() || (plain && (url.starts_with("https://") || url.starts_with("http://"))) {
        return Ok(());
    }
    Err(Problem::usage("bad_url", "the address that links begin with is not a web address")
        .tip("write it as `https://files.example.com`"))
}

/// Changes the settings of the server.
///
/// # Errors
/// A denial; a usage problem for an invalid address.
pub fn set(tx: &mut Transaction<'_>, options: &ServerSettings) -> Result<()> {
    if *options == ServerSettings::default() {
        return Err(super::nothing_to_set());
    }
    tx.require_verb(Verb::Configure, Id::SERVER)?;
    let before = tx.facts().server()?;
    let server = options.applied(&before)?;
    if server == before {
        return Ok(());
    }
    // An existing row keeps its manifest sets.
    let existing = tx.facts().resource(Id::SERVER)?;
    let sets = existing.map_or(SetNames::NONE, |known| known.sets.clone());
    tx.put(Resource {
        id: Id::SERVER,
        parent: None,
        name: String::new(),
        key: "server".to_owned(),
        alias: None,
        attributes: Attributes::Server(server),
        sets,
        since: 0,
    });
    Ok(())
}

impl ServerSettings {
    /// The settings with the changes applied.
    ///
    /// # Errors
    /// A usage problem for an invalid address.
    pub fn applied(&self, before: &Server) -> Result<Server> {
        let options = self;
        let mut server = before.clone();
        server.managers_administer_dropboxes =
            options.managers_administer_dropboxes.unwrap_or(server.managers_administer_dropboxes);
        server.private_directory = options.private_directory.unwrap_or(server.private_directory);
        server.public_links = options.public_links.unwrap_or(server.public_links);
        server.members_edit_workspaces = options.members_edit_workspaces.unwrap_or(server.members_edit_workspaces);
        server.members_may_leave = options.members_may_leave.unwrap_or(server.members_may_leave);
        for (setting, choice) in &options.settings {
            // The server has no default above it: the initial value is stored as `Default`.
            let initial = (*choice == SettingValue::Allow) == setting.default_allowed();
            server.settings.set(*setting, if initial { SettingValue::Default } else { *choice });
        }
        if let Some(url) = &options.url {
            check_url(url)?;
            server.url = (!url.is_empty()).then(|| url.trim_end_matches('/').to_owned());
        }
        Ok(server)
    }
}
