//! Exports accounts, groups, workgroups, dropboxes and organizations as values.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::{Exporter, moment, put, put_list};
use crate::model::attributes::{Setting, SettingValue};
use crate::model::{Attributes, Binding, Id, Kind, Permissions, Problem, Resource, Role, Verb};
use crate::ops::account::role_of;
use crate::ops::external_id;
use crate::ops::home::HomeFolder;
use crate::policy::{BindingQuery, Facts};

/// A member of a group, workgroup, dropbox, organization or workspace.
pub(super) struct ExportedMember {
    /// The member, as manifests write it.
    pub(super) who: String,
    /// The membership.
    pub(super) binding: Binding,
    /// The path of the home folder, if it does not have the member's name.
    home: Option<String>,
}

impl ExportedMember {
    /// The key and the name of the member: `user` or `group`.
    pub(super) fn named(&self) -> (&'static str, &str) {
        match self.who.strip_prefix("group:") {
            Some(group) => ("group", group),
            None => ("user", &self.who),
        }
    }

    /// The fields besides the member itself; empty for a plain member.
    pub(super) fn terms(&self) -> Map<String, Value> {
        let mut terms = Map::new();
        let role = self.binding.role;
        if Role::initial_level(role.resource_kind()) != Some(role) {
            put(&mut terms, "level", json!(role.as_str()));
        }
        if self.binding.attributes.inactive {
            put(&mut terms, "active", json!(false));
        }
        put(&mut terms, "root-upload", json!(self.binding.attributes.root_upload));
        put(&mut terms, "home", json!(self.home));
        put_binding_ids(&mut terms, &self.binding);
        terms
    }

    /// The entry in a list of members: a name, or a mapping.
    pub(super) fn entry(&self) -> Value {
        let terms = self.terms();
        if terms.is_empty() {
            return json!(self.who);
        }
        let (key, name) = self.named();
        let mut entry = Map::new();
        put(&mut entry, key, json!(name));
        entry.extend(terms);
        Value::Object(entry)
    }
}

/// The home folders of a workspace.
struct Homes {
    /// The folder that contains them.
    files: Id,
    /// The id and the name of each home folder, by the id of its member.
    found: HashMap<Id, (Id, String)>,
}

impl<F: Facts> Exporter<'_, F> {
    /// The fields of an account.
    pub(super) fn account(&self, resource: &Resource) -> Result<Map<String, Value>, Problem> {
        let mut map = Map::new();
        let Some(account) = resource.as_account() else { return Ok(map) };
        let role = role_of(self.facts, resource.id)?.map_or(Role::ServerUser, |(_, role)| role);
        if role != Role::ServerUser {
            put(&mut map, "role", json!(role.as_str()));
        }
        put(&mut map, "email", json!(account.email));
        put(&mut map, "display-name", json!(account.display_name));
        self.put_ids(&mut map, resource.id)?;
        put(&mut map, "expires", moment(account.expires));
        let mut settings = Map::new();
        for setting in Setting::TOGGLES {
            let choice = account.settings.get(setting);
            if choice != SettingValue::Default {
                put(&mut settings, setting.as_str(), json!(choice));
            }
        }
        if !settings.is_empty() {
            put(&mut map, "settings", Value::Object(settings));
        }
        if !account.active {
            put(&mut map, "ensure", json!("inactive"));
        }
        Ok(map)
    }

    /// The members of a resource that the reader may see, sorted by name. Records whether there are others.
    pub(super) fn members(&self, of: &Resource) -> Result<Vec<ExportedMember>, Problem> {
        let mut found = Vec::new();
        let homes = self.homes(of)?;
        for level in Role::levels(of.kind()) {
            for binding in self.facts.list_bindings(BindingQuery::OnAs(of.id, *level))? {
                if !self.includes(&binding.sets) {
                    continue;
                }
                if self.viewer.sees_binding(&binding)? {
                    let who = self.principal(binding.principal)?;
                    let home = homes.as_ref().map(|homes| self.home(homes, &who, binding.principal)).transpose()?;
                    found.push(ExportedMember { who, binding, home: home.flatten() });
                } else {
                    self.incomplete.borrow_mut().insert(of.id);
                }
            }
        }
        found.sort_by(|a, b| a.who.cmp(&b.who));
        Ok(found)
    }

    /// The home folders of a workspace; `None` if the resource is not a workspace with files.
    fn homes(&self, of: &Resource) -> Result<Option<Homes>, Problem> {
        let Some(files) = of.as_workspace().and_then(|it| it.files) else { return Ok(None) };
        let mut found = HashMap::new();
        self.facts.resources(Kind::Item, Some(files), &mut |item| {
            if let Some(home) = item.as_item().and_then(|it| it.home).filter(|home| home.workspace == of.id) {
                found.insert(home.of, (item.id, item.name.clone()));
            }
            Ok(std::ops::ControlFlow::Continue(()))
        })?;
        Ok(Some(Homes { files, found }))
    }

    /// The value of `home` for a member: `None` for a folder with the member's name.
    fn home(&self, homes: &Homes, who: &str, account: Id) -> Result<Option<String>, Problem> {
        match homes.found.get(&account) {
            Some((_, name)) if name == who => Ok(None),
            Some((id, _)) => self.visible_reference(*id),
            None => Ok(self.may(Verb::Browse, homes.files)?.then(|| HomeFolder::NONE.to_owned())),
        }
    }

    /// The settings of the server, a group, a workgroup or a dropbox that differ from the defaults.
    pub(super) fn settings(&self, resource: &Resource) -> Map<String, Value> {
        let mut map = Map::new();
        let default = Attributes::from_json(resource.kind(), "{}").map(|it| it.named_values()).unwrap_or_default();
        for ((field, value), (_, initial)) in resource.attributes.named_values().into_iter().zip(default) {
            if value != initial {
                put(&mut map, field, value);
            }
        }
        map
    }

    /// The entry of a group, workgroup or dropbox with its members. A group without settings is a list.
    pub(super) fn group(&self, resource: &Resource) -> Result<Value, Problem> {
        let members = self.members(resource)?;
        let mut map = self.without_members(resource)?;
        let is_plain_admin = |it: &ExportedMember| {
            let attributes = &it.binding.attributes;
            let is_admin = matches!(it.binding.role, Role::WorkgroupAdmin | Role::DropboxAdmin);
            is_admin && !attributes.inactive && attributes.ids.is_empty()
        };
        let (admins, others): (Vec<&ExportedMember>, Vec<&ExportedMember>) =
            members.iter().partition(|it| is_plain_admin(it));
        let others: Vec<Value> = others.into_iter().map(ExportedMember::entry).collect();
        if resource.kind() == Kind::Group && map.is_empty() {
            // An empty list would look as if the group had no members.
            let is_untold = others.is_empty() && self.incomplete.borrow().contains(&resource.id);
            return Ok(if is_untold { json!({"exclusive": false}) } else { json!(others) });
        }
        put_list(&mut map, "members", others);
        put_list(&mut map, "admins", admins.into_iter().map(|it| json!(it.who)).collect());
        Ok(Value::Object(map))
    }

    /// The fields of a group, a workgroup, a dropbox or an organization, without members and workspaces.
    pub(super) fn without_members(&self, resource: &Resource) -> Result<Map<String, Value>, Problem> {
        let mut map = self.settings(resource);
        self.put_ids(&mut map, resource.id)?;
        Ok(map)
    }

    /// Adds the external ids of a resource.
    pub(super) fn put_ids(&self, map: &mut Map<String, Value>, of: Id) -> Result<(), Problem> {
        let ids = external_id::of(&self.facts, of)?;
        put_list(map, "ids", ids.into_iter().map(Value::String).collect());
        Ok(())
    }

    /// Adds the display name and the description of a resource.
    pub(super) fn put_texts(&self, map: &mut Map<String, Value>, of: &Resource) {
        if let Some(texts) = of.attributes.texts() {
            put(map, "display-name", json!(texts.display_name));
            put(map, "description", json!(texts.description));
        }
    }

    /// The admins of an organization by name, and the members that need an entry of their own: all others, and admins with
    /// external ids, for which the list of admins has no place.
    pub(super) fn org_members(&self, org: &Resource) -> Result<(Vec<Value>, Vec<ExportedMember>), Problem> {
        let members = self.members(org)?;
        let is_admin = |it: &ExportedMember| it.binding.role == Role::OrgAdmin;
        let admins = members.iter().filter(|it| is_admin(it)).map(|it| json!(it.who)).collect();
        let others = members.into_iter().filter(|it| !is_admin(it) || !it.binding.attributes.ids.is_empty());
        Ok((admins, others.collect()))
    }

    /// The fields of a workspace, without members.
    pub(super) fn workspace(&self, resource: &Resource) -> Result<Map<String, Value>, Problem> {
        let mut map = Map::new();
        let Some(workspace) = resource.as_workspace() else { return Ok(map) };
        self.put_texts(&mut map, resource);
        self.put_ids(&mut map, resource.id)?;
        if let Some(files) = workspace.files {
            put(&mut map, "files", json!(self.visible_reference(files)?));
        }
        if workspace.root_upload != crate::model::attributes::Workspace::default().root_upload {
            put(&mut map, "root-upload", json!(workspace.root_upload));
        }
        Ok(map)
    }

    /// Whether a member of a workspace needs an entry under the workspace: a manager, a member with other fields, or a
    /// member that is an admin of the organization or not in it.
    pub(super) fn needs_own_entry(&self, org: Id, it: &ExportedMember) -> Result<bool, Problem> {
        let mut is_listed = false;
        for level in Role::ORG {
            is_listed |= self.facts.held(org, level, it.binding.principal)?.is_some() && level != Role::OrgAdmin;
        }
        Ok(!it.terms().is_empty() || !is_listed)
    }

    /// The entry of a member under a workspace.
    pub(super) fn workspace_member(&self, it: &ExportedMember) -> Value {
        let mut entry = Map::new();
        put(&mut entry, "user", json!(it.who));
        put(&mut entry, "level", json!(it.binding.role.as_str()));
        put(&mut entry, "root-upload", json!(it.binding.attributes.root_upload));
        put(&mut entry, "home", json!(it.home));
        put_binding_ids(&mut entry, &it.binding);
        Value::Object(entry)
    }

    /// The entry of an organization, with members and workspaces.
    pub(super) fn org(&self, resource: &Resource) -> Result<Value, Problem> {
        let mut map = self.without_members(resource)?;
        let (admins, others) = self.org_members(resource)?;
        put_list(&mut map, "admins", admins);
        let mut members: Vec<(ExportedMember, Vec<Value>)> = others.into_iter().map(|it| (it, Vec::new())).collect();
        let mut workspaces = Map::new();
        for workspace in self.resources(Kind::Workspace, Some(resource.id))? {
            let mut entry = self.workspace(&workspace)?;
            let mut special = Vec::new();
            for it in self.members(&workspace)? {
                let plain = members.binary_search_by(|(member, _)| member.who.cmp(&it.who)).ok();
                match plain.and_then(|span| members.get_mut(span)) {
                    Some((_, has)) if !self.needs_own_entry(resource.id, &it)? => has.push(json!(workspace.name)),
                    _ => special.push(self.workspace_member(&it)),
                }
            }
            put_list(&mut entry, "members", special);
            workspaces.insert(workspace.name.clone(), Value::Object(entry));
        }
        if !members.is_empty() {
            let members = members.into_iter().map(|(member, has)| {
                let mut terms = member.terms();
                if terms.is_empty() {
                    return (member.who, json!(has));
                }
                put_list(&mut terms, "workspaces", has);
                (member.who, Value::Object(terms))
            });
            map.insert("members".to_owned(), Value::Object(members.collect()));
        }
        if !workspaces.is_empty() {
            map.insert("workspaces".to_owned(), Value::Object(workspaces));
        }
        Ok(Value::Object(map))
    }
}

/// Adds the external ids of a binding.
pub(super) fn put_binding_ids(map: &mut Map<String, Value>, binding: &Binding) {
    put_list(map, "ids", binding.attributes.ids.iter().map(|id| json!(id)).collect());
}

/// A set of permissions as manifests write it: the name of a preset, or a list of permissions.
pub(super) fn permissions(set: Permissions) -> Value {
    set.preset().map_or_else(|| json!(set.names()), |word| json!(word))
}
