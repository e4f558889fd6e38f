//! The principals and resources that a change can affect. Comparing two states, as `perm diff` and `--access` do, asks
//! only about those and not about everything.

use hashbrown::HashSet;

use super::Result;
use crate::model::attributes::{Attributes, Server};
use crate::model::{Binding, Id, Kind, Resource, Role};
use crate::policy::facts::ResourceHeader;
use crate::policy::listing::AffectedSet;
use crate::policy::{BindingQuery, Facts, RowChange};

/// The principals and resources whose answers can differ between two states that differ in these rows.
///
/// # Errors
/// When the facts cannot be read.
pub fn affected_set(before: &dyn Facts, after: &dyn Facts, changes: &[RowChange]) -> Result<AffectedSet> {
    let (shared, moved, seen) = Default::default();
    let mut search = ImpactSearch { before, after, affected: AffectedSet::nothing(), shared, moved, seen };
    for change in changes {
        match change {
            RowChange::Resource(was, is) => search.resource(was.as_deref(), is.as_deref())?,
            RowChange::Binding(was, is) if is_same_binding(was.as_deref(), is.as_ref()) => {}
            RowChange::Binding(was, is) => {
                for binding in [was.as_deref(), is.as_ref()].into_iter().flatten() {
                    search.binding(binding)?;
                }
            }
        }
    }
    Ok(search.affected)
}

struct ImpactSearch<'f> {
    before: &'f dyn Facts,
    after: &'f dyn Facts,
    affected: AffectedSet,
    /// Principals of changed shares and ownerships that were expanded.
    shared: HashSet<Id>,
    /// Principals of other changed bindings that were expanded.
    moved: HashSet<Id>,
    /// Principals whose accounts were added as resources.
    seen: HashSet<Id>,
}

/// Whether a row changed only in values that no rule reads, such as an e-mail address or the sets that declare it. A
/// row that did not change at all is listed because it expired between the two states, so it is not the same.
fn is_same_to_rules(was: Option<&Resource>, is: Option<&Resource>) -> bool {
    match (was, is) {
        (Some(was), Some(is)) => {
            was != is && was.parent == is.parent && was.attributes.policy_view() == is.attributes.policy_view()
        }
        _ => false,
    }
}

/// As [`is_same_to_rules`], for a binding.
fn is_same_binding(was: Option<&Binding>, is: Option<&Binding>) -> bool {
    match (was, is) {
        (Some(was), Some(is)) => {
            was != is
                && (was.resource, was.principal, was.role) == (is.resource, is.principal, is.role)
                && (was.expires, &was.attributes) == (is.expires, &is.attributes)
        }
        _ => false,
    }
}

impl ImpactSearch<'_> {
    fn resource(&mut self, was: Option<&Resource>, is: Option<&Resource>) -> Result<()> {
        let Some(either) = is.or(was) else { return Ok(()) };
        let kind = either.kind();
        match kind {
            // Values that no rule reads make no difference.
            _ if is_same_to_rules(was, is) => {}
            Kind::Server => self.everything(was, is),
            Kind::Account | Kind::AccessToken | Kind::Invitee => {
                self.affected.add_principal(either.id);
                self.affected.add_resource(either.id);
                self.last_admins(either.id)?;
            }
            Kind::Item => {
                // An item has the permissions of its folder, so one that comes or goes changes nothing. The exception
                // is a home folder: actions that are denied directly in it are allowed in a folder below it.
                for parent in [was, is].into_iter().flatten().filter_map(|it| it.parent) {
                    self.home(parent)?;
                }
                if let (Some(was), Some(is)) = (was, is)
                    && (was.parent != is.parent || was.attributes.policy_view() != is.attributes.policy_view())
                {
                    self.affected.add_item(either.id);
                }
            }
            Kind::Workspace => {
                let files = |side: Option<&Resource>| match side.map(|it| &it.attributes) {
                    Some(Attributes::Workspace(it)) => Some((it.files, it.root_upload)),
                    _ => None,
                };
                if files(was) != files(is) {
                    self.affected.holders = None;
                }
                self.affected.add_resource(either.id);
            }
            // Its settings allow its members and admins actions on other principals too.
            Kind::Workgroup | Kind::Dropbox => {
                self.affected.add_resource(either.id);
                self.members(either.id)?;
            }
            _ => self.affected.add_resource(either.id),
        }
        Ok(())
    }

    /// Items can differ for the owner of a home folder, if the folder is one.
    fn home(&mut self, folder: Id) -> Result<()> {
        for header in [self.before.header(folder)?, self.after.header(folder)?].into_iter().flatten() {
            if let Attributes::Item(item) = &*header.attributes {
                self.affected.holders.iter_mut().for_each(|all| all.extend(item.home.map(|home| home.of)));
            }
        }
        Ok(())
    }

    /// Everything can differ if settings of the server do, except for its address and public links.
    fn everything(&mut self, was: Option<&Resource>, is: Option<&Resource>) {
        let settings = |side: Option<&Resource>| {
            let server = side.and_then(Resource::as_server).cloned().unwrap_or_default();
            Server { public_links: false, url: None, ..server }
        };
        if settings(was) != settings(is) {
            (self.affected.principals, self.affected.holders, self.affected.resources) = (None, None, None);
        }
    }

    /// Adds the organizations that an account administers: their other admins may leave only if one remains.
    fn last_admins(&mut self, account: Id) -> Result<()> {
        for org in self.before.list_bindings(BindingQuery::OfAs(account, Role::OrgAdmin))? {
            self.affected.add_resource(org.resource);
        }
        Ok(())
    }

    fn binding(&mut self, binding: &Binding) -> Result<()> {
        let (on, who) = (binding.resource, binding.principal);
        match binding.role {
            Role::ItemShare | Role::ItemOwner => {
                if who == Id::AUTHENTICATED || who == Id::ANYONE {
                    // Together with what everybody holds, other shares can suffice for an action.
                    self.affected.holders = None;
                }
                if self.shared.insert(who) {
                    for holder in self.people(who)? {
                        self.affected.add_holder(holder);
                    }
                }
                // Shares of a root folder give the right to read and write the endpoint.
                let parent = match self.after.header(on)? {
                    Some(item) => item.parent,
                    None => self.before.header(on)?.and_then(|item| item.parent),
                };
                self.affected.resources.iter_mut().for_each(|resources| resources.extend(parent));
            }
            Role::PackageSender | Role::PackageRecipient => {
                self.affected.add_resource(on);
                self.affected.add_principal(who);
            }
            role => {
                // Whether an admin may leave depends on the other admins.
                if role == Role::OrgAdmin {
                    self.affected.add_resource(on);
                }
                let people = if self.moved.insert(who) { self.people(who)? } else { Vec::new() };
                for person in &people {
                    self.affected.add_principal(*person);
                }
                // Fellow members see each other, and managers manage users only.
                if matches!(role.resource_kind(), Kind::Server | Kind::Group | Kind::Workgroup) && self.seen.insert(who)
                {
                    for person in self.people(who)? {
                        self.affected.add_resource(person);
                    }
                }
            }
        }
        Ok(())
    }

    fn members(&mut self, group: Id) -> Result<()> {
        for person in self.people(group)? {
            self.affected.add_principal(person);
        }
        Ok(())
    }

    /// A principal, or for a group, the group and everybody in it in either state.
    fn people(&self, principal: Id) -> Result<Vec<Id>> {
        const IN: [Role; 6] = [
            Role::GroupMember,
            Role::WorkgroupStandard,
            Role::WorkgroupAdmin,
            Role::DropboxAdmin,
            Role::DropboxStandard,
            Role::DropboxSubmitOnly,
        ];
        let has_members = |header: Option<ResourceHeader>| {
            header.is_some_and(|it| matches!(it.kind(), Kind::Group | Kind::Workgroup | Kind::Dropbox))
        };
        if !has_members(self.before.header(principal)?) && !has_members(self.after.header(principal)?) {
            return Ok(vec![principal]);
        }
        let mut found = Vec::new();
        let mut open = vec![principal];
        let mut opened: HashSet<Id> = HashSet::new();
        opened.insert(principal);
        while let Some(next) = open.pop() {
            found.push(next);
            for role in IN {
                let mut members = self.before.list_bindings(BindingQuery::OnAs(next, role))?;
                members.extend(self.after.list_bindings(BindingQuery::OnAs(next, role))?);
                open.extend(members.into_iter().map(|it| it.principal).filter(|member| opened.insert(*member)));
            }
        }
        Ok(found)
    }
}
