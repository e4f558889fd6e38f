//! Attributes as named values, for output and for descriptions of changes.

use serde_json::{Value, json};

use super::attributes::{Account, AdminRights, Attributes, Endpoint, Server};
use super::settings::Setting;
use super::time::time_value;

impl Attributes {
    /// Every attribute that people set, defaults included, under its name in options, YAML and JSON.
    /// Output shows these values, and descriptions of changes compare them.
    pub fn named_values(&self) -> Vec<(&'static str, Value)> {
        let texts =
            self.texts().map(|it| [("display_name", json!(it.display_name)), ("description", json!(it.description))]);
        texts.into_iter().flatten().chain(self.own_values()).collect()
    }

    fn own_values(&self) -> Vec<(&'static str, Value)> {
        match self {
            Attributes::Server(it) => server_fields(it),
            Attributes::Account(it) => account_fields(it),
            Attributes::Group(it) => vec![("visible", json!(it.visible))],
            Attributes::Invitee(_) | Attributes::PublicLink(_) | Attributes::ExternalId(_) | Attributes::Org(_) => {
                Vec::new()
            }
            Attributes::Endpoint(it) => endpoint_fields(it),
            Attributes::Item(it) => vec![("type", json!(it.item_type)), ("size", json!(it.size))],
            Attributes::Workspace(it) => vec![("root_upload", json!(it.root_upload))],
            Attributes::SigningKey(_) => Vec::new(),
            Attributes::AccessToken(it) => {
                vec![("mode", json!(it.mode)), ("expires", time_value(it.expires)), ("revoked", json!(it.revoked))]
            }
            Attributes::Media(it) => vec![("title", json!(it.title))],
            // Output says that the stream key changed, but never shows it.
            Attributes::Stream(it) => vec![("title", json!(it.title))],
            // Descriptions of changes name the resource and the principal.
            Attributes::Acceptance(it) => {
                vec![("finding", json!(it.finding)), ("reason", json!(it.reason)), ("expires", time_value(it.expires))]
            }
            Attributes::Review(it) => {
                vec![("as_of", json!(it.as_of)), ("due", time_value(it.due)), ("closed", time_value(it.closed))]
            }
            Attributes::ReviewDecision(it) => vec![("decision", json!(it.verdict)), ("comment", json!(it.comment))],
            Attributes::Workgroup(it) => {
                let mut fields = vec![("send", json!(it.send)), ("member_access", json!(it.member_access))];
                fields.extend(rights_fields(it.admins));
                fields
            }
            Attributes::Dropbox(it) => {
                let mut fields = rights_fields(it.admins);
                fields.push(("admins_manage_invitations", json!(it.admins_manage_invitations)));
                fields.push(("members_invite", json!(it.members_invite)));
                fields
            }
            Attributes::Package(it) => vec![("title", json!(it.title)), ("files", json!(it.files.len()))],
            Attributes::Invitation(it) => {
                let mut fields =
                    vec![("email", json!(it.email)), ("state", json!(it.state)), ("expires", time_value(it.expires))];
                // An invitation to a dropbox has no role; one to an organization has.
                fields.push(match it.role {
                    None => ("after_one_upload", json!(it.after_one_upload)),
                    Some(role) => ("role", json!(role.as_str())),
                });
                fields
            }
        }
    }
}

fn server_fields(it: &Server) -> Vec<(&'static str, Value)> {
    let word = |allowed: bool| if allowed { "allow" } else { "deny" };
    let mut fields = vec![
        ("managers_administer_dropboxes", json!(it.managers_administer_dropboxes)),
        ("private_directory", json!(it.private_directory)),
        ("public_links", json!(word(it.public_links))),
    ];
    fields.extend(Setting::TOGGLES.map(|setting| (setting.field(), json!(word(it.allows(setting))))));
    fields.push(("members_edit_workspaces", json!(it.members_edit_workspaces)));
    fields.push(("members_may_leave", json!(it.members_may_leave)));
    fields.push(("url", json!(it.url)));
    fields
}

fn endpoint_fields(it: &Endpoint) -> Vec<(&'static str, Value)> {
    vec![
        ("kind", json!(it.kind)),
        ("private", json!(it.private)),
        ("managed", json!(it.managed)),
        ("node_version", json!(it.node_version)),
    ]
}

fn account_fields(it: &Account) -> Vec<(&'static str, Value)> {
    let mut fields = vec![
        ("email", json!(it.email)),
        ("display_name", json!(it.display_name)),
        ("active", json!(it.active)),
        ("expires", time_value(it.expires)),
    ];
    fields.extend(Setting::TOGGLES.map(|setting| (setting.field(), json!(it.settings.get(setting)))));
    fields
}

fn rights_fields(rights: AdminRights) -> Vec<(&'static str, Value)> {
    vec![
        ("admins_manage_members", json!(rights.manage_members)),
        ("admins_create_users", json!(rights.create_users)),
        ("admins_manage_groups", json!(rights.manage_groups)),
    ]
}
