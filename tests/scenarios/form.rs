//! The format of the scenario files: the facts, and how questions are written.

use std::collections::BTreeMap;

use rolebook::model::attributes::GroupVisibility;
use serde::Deserialize;

/// A file of scenarios.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    #[serde(default)]
    pub(super) server: ServerFacts,
    #[serde(default)]
    pub(super) accounts: BTreeMap<String, AccountFacts>,
    #[serde(default)]
    pub(super) groups: BTreeMap<String, Vec<String>>,
    /// The `visible` values of groups.
    #[serde(default)]
    pub(super) visible: BTreeMap<String, GroupVisibility>,
    #[serde(default)]
    pub(super) workgroups: BTreeMap<String, PlaceFacts>,
    #[serde(default)]
    pub(super) dropboxes: BTreeMap<String, PlaceFacts>,
    /// In order: the first is `package:first` in questions, by its name here.
    #[serde(default)]
    pub(super) packages: Vec<PackageFacts>,
    #[serde(default)]
    pub(super) endpoints: BTreeMap<String, EndpointFacts>,
    #[serde(default)]
    pub(super) organizations: BTreeMap<String, OrgFacts>,
    /// In order: a share can rest on an earlier one.
    #[serde(default)]
    pub(super) shares: Vec<ShareFacts>,
    #[serde(default)]
    pub(super) questions: Vec<Asked>,
    /// Who is shown what.
    #[serde(default)]
    pub(super) told: Vec<ToldAsked>,
    /// Who may change which share, and who may see it.
    #[serde(default)]
    pub(super) share_changes: Vec<ShareAsked>,
}

#[derive(Deserialize, Debug, Default)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ServerFacts {
    pub(super) managers_administer_dropboxes: Option<bool>,
    pub(super) private_directory: Option<bool>,
    pub(super) members_edit_workspaces: Option<bool>,
    pub(super) members_may_leave: Option<bool>,
    pub(super) settings: BTreeMap<String, String>,
}

#[derive(Deserialize, Debug, Default)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct AccountFacts {
    pub(super) role: Option<String>,
    pub(super) settings: BTreeMap<String, String>,
    pub(super) expires: Option<String>,
    pub(super) inactive: bool,
}

#[derive(Deserialize, Debug, Default)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PlaceFacts {
    pub(super) send: Option<String>,
    pub(super) member_access: Option<String>,
    pub(super) admins_manage_members: Option<bool>,
    pub(super) admins_create_users: Option<bool>,
    pub(super) admins_manage_groups: Option<bool>,
    pub(super) admins_manage_invitations: Option<bool>,
    pub(super) members_invite: Option<bool>,
    pub(super) members: Vec<String>,
    pub(super) submit_only: Vec<String>,
    pub(super) admins: Vec<String>,
    pub(super) deactivated: Vec<String>,
    /// Addresses with an active private link.
    pub(super) invited: Vec<String>,
    /// Addresses whose private link was revoked.
    pub(super) revoked: Vec<String>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct PackageFacts {
    pub(super) name: String,
    pub(super) from: String,
    pub(super) to: Vec<String>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct EndpointFacts {
    pub(super) kind: String,
    /// The creator; the operator by default, and then the first administrator counts as the creator.
    #[serde(default)]
    pub(super) by: Option<String>,
    #[serde(default)]
    pub(super) private: bool,
    #[serde(default)]
    pub(super) managed: Option<bool>,
    #[serde(default)]
    pub(super) node_version: Option<String>,
    #[serde(default)]
    pub(super) of: Option<String>,
    /// Role → its holders.
    #[serde(default)]
    pub(super) roles: BTreeMap<String, Vec<String>>,
    /// Path → the registered item.
    #[serde(default)]
    pub(super) content: BTreeMap<String, ItemFacts>,
}

#[derive(Deserialize, Debug, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ItemFacts {
    pub(super) r#type: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) size: Option<u64>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct ShareFacts {
    pub(super) item: String,
    pub(super) with: String,
    pub(super) permission: String,
    /// The sharer; the operator by default.
    #[serde(default)]
    pub(super) by: Option<String>,
    #[serde(default)]
    pub(super) admin: bool,
    #[serde(default)]
    pub(super) class: Option<String>,
    #[serde(default)]
    pub(super) expires: Option<String>,
}

#[derive(Deserialize, Debug, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct OrgFacts {
    pub(super) admins: Vec<String>,
    pub(super) members: Vec<String>,
    pub(super) workspaces: BTreeMap<String, WorkspaceFacts>,
    /// By name, each with its workspace; `None` for a key of the organization.
    pub(super) keys: BTreeMap<String, Option<String>>,
    /// Addresses with a pending invitation.
    pub(super) invited: Vec<String>,
    pub(super) tokens: Vec<TokenFacts>,
    /// By name, each with its workspace.
    pub(super) media: BTreeMap<String, String>,
    /// By name, each with its workspace.
    pub(super) streams: BTreeMap<String, String>,
}

#[derive(Deserialize, Debug, Default)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WorkspaceFacts {
    pub(super) files: Option<String>,
    pub(super) root_upload: Option<String>,
    pub(super) members: Vec<MembershipFacts>,
    /// Former members.
    pub(super) former: Vec<String>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct MembershipFacts {
    pub(super) user: String,
    #[serde(default)]
    pub(super) level: Option<String>,
    #[serde(default)]
    pub(super) root_upload: Option<String>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenFacts {
    pub(super) name: String,
    pub(super) workspace: String,
    pub(super) mode: String,
    #[serde(default)]
    pub(super) revoked: bool,
    #[serde(default)]
    pub(super) expires: Option<String>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// The id of the sentence in `sentences.yaml`, or of a decision.
    pub(super) sentence: String,
    /// `PRINCIPAL ACTION RESOURCE`; each may be several with `|` between, and all of them are asked.
    pub(super) ask: String,
    /// `allowed` or `denied`.
    pub(super) answer: String,
    /// The rule that decides, if the scenario is about it.
    #[serde(default)]
    pub(super) rule: Option<String>,
    /// The time of the question; the first moment of 2026 by default.
    #[serde(default)]
    pub(super) at: Option<String>,
}

impl Asked {
    /// Every question that the line stands for: principal, action, resource.
    pub(super) fn questions(&self) -> Vec<[&str; 3]> {
        let words: Vec<&str> = self.ask.split(' ').collect();
        let [principals, actions, resources] = words[..] else { panic!("`{}` is no question", self.ask) };
        let mut all = Vec::new();
        for principal in principals.split('|') {
            for action in actions.split('|') {
                all.extend(resources.split('|').map(|resource| [principal, action, resource]));
            }
        }
        all
    }
}

/// Whether an aspect is shown to a reader.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct ToldAsked {
    pub(super) sentence: String,
    /// Who; may be several with `|` between.
    pub(super) who: String,
    /// `existence`, `details`, `bindings`, `own-access`, `others-access` or `log`.
    pub(super) what: String,
    /// The resources; may be several with `|` between.
    pub(super) on: String,
    /// For bindings, the holder.
    #[serde(default)]
    pub(super) with: Option<String>,
    /// `told` or `hidden`.
    pub(super) answer: String,
    /// The rule that discloses it.
    #[serde(default)]
    pub(super) rule: Option<String>,
}

/// Whether a principal may change or see an existing share.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct ShareAsked {
    pub(super) sentence: String,
    /// Who; may be several with `|` between.
    pub(super) who: String,
    /// `change` or `see`.
    pub(super) may: String,
    /// The share: item, receiver, sharer (the operator by default).
    pub(super) item: String,
    pub(super) with: String,
    #[serde(default)]
    pub(super) by: Option<String>,
    pub(super) answer: String,
    #[serde(default)]
    pub(super) rule: Option<String>,
    #[serde(default)]
    pub(super) at: Option<String>,
}

/// A sentence of a seed.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Sentence {
    /// The sentence, word for word.
    pub(super) text: String,
    /// Whether it states a rule; if not, why not.
    #[serde(default)]
    pub(super) no_rule: Option<String>,
}
