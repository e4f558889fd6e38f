//! Whom and what a change can concern: so that comparing two states asks about that and not about
//! everything.

use hashbrown::HashSet;

use super::Result;
use crate::model::attributes::Attributes;
use crate::model::{Binding, Id, Kind, Resource, Role};
use crate::policy::listing::Scope;
use crate::policy::{Facts, RowChange, Select};

/// What may differ between two states because these rows do.
///
/// # Errors
/// When the facts cannot be read.
pub fn scope<A: Facts + ?Sized, B: Facts + ?Sized>(before: &A, after: &B, changes: &[RowChange]) -> Result<Scope> {
    let mut search = Search { before, after, all: Scope::nothing(), shared: HashSet::new(), moved: HashSet::new() };
    for change in changes {
        match change {
            RowChange::Resource(was, is) => search.resource(was.as_deref(), is.as_deref())?,
            RowChange::Binding(was, is) => {
                for binding in [was.as_deref(), is.as_ref()].into_iter().flatten() {
                    search.binding(binding)?;
                }
            }
        }
    }
    Ok(search.all)
}

struct Search<'f, A: Facts + ?Sized, B: Facts + ?Sized> {
    before: &'f A,
    after: &'f B,
    all: Scope,
    /// Whose shares changed, and who else changed: each was looked into.
    shared: HashSet<Id>,
    moved: HashSet<Id>,
}

impl<A: Facts + ?Sized, B: Facts + ?Sized> Search<'_, A, B> {
    fn resource(&mut self, was: Option<&Resource>, is: Option<&Resource>) -> Result<()> {
        let Some(either) = is.or(was) else { return Ok(()) };
        let kind = either.kind();
        match kind {
            Kind::Server => self.all = Scope::default(),
            Kind::Account | Kind::AccessToken | Kind::Invitee => {
                self.all.add_principal(either.id);
                self.all.add_resource(either.id);
            }
            Kind::Item => {
                // A path has what the folder above has, so one that comes or goes changes nothing.
                if let (Some(was), Some(is)) = (was, is)
                    && (was.parent != is.parent || was.attributes.for_rules() != is.attributes.for_rules())
                {
                    self.all.holders = None;
                }
            }
            Kind::Workspace => {
                let files = |side: Option<&Resource>| match side.map(|it| &it.attributes) {
                    Some(Attributes::Workspace(it)) => Some((it.files, it.root_upload)),
                    _ => None,
                };
                if files(was) != files(is) {
                    self.all.holders = None;
                }
                self.all.add_resource(either.id);
            }
            // What it lets its members and admins do concerns people and groups elsewhere too.
            Kind::Workgroup | Kind::Dropbox => {
                self.all.add_resource(either.id);
                self.members(either.id)?;
            }
            _ => self.all.add_resource(either.id),
        }
        Ok(())
    }

    fn binding(&mut self, binding: &Binding) -> Result<()> {
        let (on, who) = (binding.resource, binding.principal);
        match binding.role {
            Role::ItemShare | Role::ItemOwner => {
                if who == Id::AUTHENTICATED || who == Id::ANYONE {
                    // With what any account has, one may have enough for what it alone does not give.
                    self.all.holders = None;
                }
                if self.shared.insert(who) {
                    for holder in self.people(who)? {
                        self.all.add_holder(holder);
                    }
                }
                // Shares of a root folder let read and write the endpoint.
                let parent = match self.after.outline(on)? {
                    Some(item) => item.parent,
                    None => self.before.outline(on)?.and_then(|item| item.parent),
                };
                self.all.resources.iter_mut().for_each(|resources| resources.extend(parent));
            }
            Role::PackageSender | Role::PackageRecipient => {
                self.all.add_resource(on);
                self.all.add_principal(who);
            }
            _ => {
                self.all.add_resource(on);
                let people = if self.moved.insert(who) { self.people(who)? } else { Vec::new() };
                for person in people {
                    self.all.add_principal(person);
                    // Fellow members see each other; managers manage users and nobody else.
                    self.all.add_resource(person);
                }
            }
        }
        Ok(())
    }

    fn members(&mut self, place: Id) -> Result<()> {
        for person in self.people(place)? {
            self.all.add_principal(person);
        }
        Ok(())
    }

    /// A principal, or everybody in it on either side.
    fn people(&self, principal: Id) -> Result<Vec<Id>> {
        const IN: [Role; 6] = [
            Role::GroupMember,
            Role::WorkgroupStandard,
            Role::WorkgroupAdmin,
            Role::DropboxAdmin,
            Role::DropboxStandard,
            Role::DropboxSubmitOnly,
        ];
        let mut found = Vec::new();
        let mut open = vec![principal];
        let mut opened: HashSet<Id> = HashSet::new();
        opened.insert(principal);
        while let Some(next) = open.pop() {
            found.push(next);
            for role in IN {
                let mut members = self.before.list(Select::OnAs(next, role))?;
                members.extend(self.after.list(Select::OnAs(next, role))?);
                open.extend(members.into_iter().map(|it| it.principal).filter(|member| opened.insert(*member)));
            }
        }
        Ok(found)
    }
}
