//! The workload in the form of rolebook: rows of a store with ids, and questions with actions. Ids are computed from
//! the numbers of the plain data, so none need be stored: accounts, groups, endpoints, folders, then the bindings.

use std::rc::Rc;

use rolebook::model::attributes::{
    Account, Attributes, BindingAttributes, Endpoint, EndpointKind, Group, Item, NodeVersion,
};
use rolebook::model::{Action, Binding, Id, Permission, Permissions, Resource, Role, SetNames, Time, Verb};
use rolebook::policy::{self, RowChange};

use super::{About, Principal, Question, Workload};

/// The time of every question.
pub(crate) const NOW: Time = Time(1_750_000_000_000);

impl Workload {
    /// Every row in order of id, each as a new row.
    pub(crate) fn rows(&self) -> impl Iterator<Item = RowChange> {
        let accounts = (0..self.accounts).map(|it| (format!("u{it}"), Attributes::Account(Account::default())));
        let groups = (0..self.groups).map(|it| (format!("g{it}"), Attributes::Group(Group::default())));
        let endpoints = (0..self.endpoints).map(|it| (format!("e{it}"), Attributes::Endpoint(node())));
        let top = accounts.chain(groups).chain(endpoints).map(|(name, attributes)| (None, name, attributes));
        let folders = (0_u32..).zip(&self.folders).map(|(number, folder)| {
            let parent = folder.parent.map_or_else(|| self.endpoint(folder.endpoint), |parent| self.folder(parent));
            (Some(parent), self.folder_name(number), Attributes::Item(Item::FOLDER))
        });
        let resources = top.chain(folders).zip(Id::LAST_RESERVED.0 + 1..).map(|((parent, name, attributes), id)| {
            let key = name.clone();
            Rc::new(Resource { id: Id(id), parent, name, key, alias: None, attributes, sets: SetNames::NONE, since: 0 })
        });
        let memberships = self
            .memberships
            .iter()
            .map(|it| (self.principal(it.group), it.member, Role::GroupMember, Permissions::NONE));
        let roles = self.roles.iter().map(|it| (self.endpoint(it.endpoint), it.principal, it.role, Permissions::NONE));
        let shares =
            self.shares.iter().map(|it| (self.folder(it.folder), it.principal, Role::ItemShare, it.permissions));
        let bindings = memberships.chain(roles).chain(shares).zip(self.folder(self.folders.len() as u32).0..);
        let bindings = bindings.map(|((resource, principal, role, permissions), id)| Binding {
            id: Id(id),
            resource,
            principal: self.principal(principal),
            role,
            grantor: None,
            expires: None,
            attributes: BindingAttributes { permissions, ..BindingAttributes::default() },
            sets: SetNames::NONE,
            since: 0,
        });
        let resources = resources.map(|it| RowChange::Resource(None, Some(it)));
        resources.chain(bindings.map(|it| RowChange::Binding(None, Some(it))))
    }

    /// The question in the form of the evaluator.
    pub(crate) fn asked(&self, question: &Question) -> policy::Question {
        let (resource, verb) = match question.about {
            About::Folder(folder, permission) => (self.folder(folder), verb_of(permission)),
            About::Endpoint(endpoint, role) => (self.endpoint(endpoint), verb_on_endpoints(role)),
        };
        let principal = self.principal(question.account);
        policy::Question { principal, action: Action::Plain(verb), resource, at: NOW }
    }

    /// The name of a folder in its parent.
    pub(crate) fn folder_name(&self, folder: u32) -> String {
        match self.folders[folder as usize].parent {
            Some(_) => format!("f{folder}"),
            None => "/".to_owned(),
        }
    }

    /// The id of an account or a group.
    pub(crate) fn principal(&self, principal: Principal) -> Id {
        Id(Id::LAST_RESERVED.0 + 1 + u64::from(principal))
    }

    fn endpoint(&self, endpoint: u32) -> Id {
        Id(self.principal(0).0 + self.principals() as u64 + u64::from(endpoint))
    }

    /// The id of a folder.
    pub(crate) fn folder(&self, folder: u32) -> Id {
        Id(self.endpoint(0).0 + self.endpoints as u64 + u64::from(folder))
    }
}

/// The action that a permission allows.
pub(crate) fn verb_of(permission: Permission) -> Verb {
    match permission {
        Permission::CreateFolder => Verb::CreateFolder,
        Permission::Rename => Verb::Rename,
        Permission::UploadFiles => Verb::Upload,
        Permission::Download => Verb::Download,
        Permission::PreviewOnly => Verb::Preview,
        Permission::Browse => Verb::Browse,
        Permission::Delete => Verb::Delete,
    }
}

/// The action that a role on an endpoint allows and weaker roles do not.
fn verb_on_endpoints(role: Role) -> Verb {
    match role {
        Role::EndpointAdministrator => Verb::Edit,
        Role::ActivityManager => Verb::ControlConsole,
        _ => Verb::ViewConsole,
    }
}

/// An endpoint with delegated sharing, so that a role on it gives nothing on its folders.
fn node() -> Endpoint {
    Endpoint { node_version: Some(NodeVersion::CUSTOM_SETS), ..Endpoint::of_kind(EndpointKind::Node) }
}
