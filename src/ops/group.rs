//! Groups, workgroups and dropboxes: creating, changing, renaming and removing them. Their members are in
//! `membership`, the links of dropboxes in `dropbox` and `invitation`.

use super::labels::{self, LabelChanges};
use super::{Result, Transaction};
use crate::model::attributes::{
    Attributes, Dropbox, Group, GroupVisibility, LinkStatus, MemberAccess, SendPolicy, Workgroup,
};
use crate::model::{Id, Kind, Name, Problem, Resource, Role, Verb};
use crate::policy::{BindingQuery, Facts};

/// Settings to change; `None` leaves a setting as it is. Settings that a kind lacks are ignored.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct GroupSettings {
    /// Who may see the group.
    pub visible: Option<GroupVisibility>,
    /// Who may send to the workgroup.
    pub send: Option<SendPolicy>,
    /// Which fellow members the members of the workgroup may see.
    pub member_access: Option<MemberAccess>,
    /// Whether the admins may add existing users and remove members.
    pub admins_manage_members: Option<bool>,
    /// Whether the admins may create users.
    pub admins_create_users: Option<bool>,
    /// Whether the admins may add and remove groups.
    pub admins_manage_groups: Option<bool>,
    /// Whether the admins of the dropbox may manage invitations.
    pub admins_manage_invitations: Option<bool>,
    /// Whether the members of the dropbox may invite.
    pub members_invite: Option<bool>,
    /// The texts and the external ids.
    pub labels: LabelChanges,
}

impl GroupSettings {
    fn rights(&self, rights: &mut crate::model::attributes::AdminRights) {
        rights.manage_members = self.admins_manage_members.unwrap_or(rights.manage_members);
        rights.create_users = self.admins_create_users.unwrap_or(rights.create_users);
        rights.manage_groups = self.admins_manage_groups.unwrap_or(rights.manage_groups);
    }

    /// The attributes with the changes applied.
    ///
    /// # Errors
    /// A usage problem for a text with control characters.
    pub fn applied(&self, attributes: &Attributes) -> Result<Attributes> {
        let mut attributes = attributes.clone();
        match &mut attributes {
            Attributes::Group(it) => it.visible = self.visible.unwrap_or(it.visible),
            Attributes::Workgroup(it) => {
                it.send = self.send.unwrap_or(it.send);
                it.member_access = self.member_access.unwrap_or(it.member_access);
                self.rights(&mut it.admins);
            }
            Attributes::Dropbox(it) => {
                self.rights(&mut it.admins);
                it.admins_manage_invitations = self.admins_manage_invitations.unwrap_or(it.admins_manage_invitations);
                it.members_invite = self.members_invite.unwrap_or(it.members_invite);
            }
            _ => {}
        }
        self.labels.apply(&mut attributes)?;
        Ok(attributes)
    }
}

fn initial(kind: Kind) -> (Attributes, Verb) {
    match kind {
        Kind::Workgroup => (Attributes::Workgroup(Workgroup::default()), Verb::CreateWorkgroup),
        Kind::Dropbox => (Attributes::Dropbox(Dropbox::default()), Verb::CreateDropbox),
        _ => (Attributes::Group(Group::default()), Verb::CreateGroup),
    }
}

/// Creates a group, a workgroup or a dropbox.
///
/// # Errors
/// A denial; a conflict if it exists with other values.
pub fn add(tx: &mut Transaction<'_>, kind: Kind, name: &Name, options: &GroupSettings) -> Result<Id> {
    let (attributes, verb) = initial(kind);
    tx.require_verb(verb, Id::SERVER)?;
    let attributes = options.applied(&attributes)?;
    if let Some(existing) = tx.facts().named(kind, None, name.key())? {
        if options.applied(&existing.attributes)? == existing.attributes
            && labels::has_ids(tx, &existing, &options.labels.ids)?
        {
            return Ok(existing.id);
        }
        return Err(Problem::conflict(
            "exists",
            format!("the {kind} `{}` exists already, with other values", existing.name),
        )
        .tip(format!("rolebook {kind} set {} …", existing.shell_name())));
    }
    let id = tx.create(None, name, attributes)?;
    labels::change_ids(tx, id, &options.labels.ids)?;
    Ok(id)
}

/// Changes settings.
///
/// # Errors
/// A denial.
pub fn set(tx: &mut Transaction<'_>, kind: Kind, name: &Name, options: &GroupSettings) -> Result<()> {
    if *options == GroupSettings::default() {
        return Err(super::nothing_to_set());
    }
    let existing = tx.find(kind, name)?;
    tx.require_verb(Verb::Edit, existing.id)?;
    let after = options.applied(&existing.attributes)?;
    tx.put_attributes(&existing, after);
    labels::change_ids(tx, existing.id, &options.labels.ids)
}

/// Renames a resource. A change of case alone is a rename too.
///
/// # Errors
/// A denial; a conflict if the name is taken; a usage problem for a name that a new resource may not have.
pub fn rename(tx: &mut Transaction<'_>, kind: Kind, name: &Name, new: &Name) -> Result<()> {
    let existing = tx.find(kind, name)?;
    // Everybody may edit their own account, but not rename it.
    tx.require_verb(if kind == Kind::Account { Verb::Delete } else { Verb::Edit }, existing.id)?;
    put_name(tx, &existing, new)
}

/// Renames a workspace within its organization.
///
/// # Errors
/// A denial; a conflict if the name is taken.
pub fn rename_workspace(tx: &mut Transaction<'_>, org: &Name, name: &Name, new: &Name) -> Result<()> {
    let existing = super::find_workspace(tx.facts(), &tx.viewer()?, org, name)?;
    tx.require_verb(Verb::Edit, existing.id)?;
    put_name(tx, &existing, new)
}

fn put_name(tx: &mut Transaction<'_>, existing: &Resource, new: &Name) -> Result<()> {
    let kind = existing.kind();
    if let Some(other) = tx.facts().named(kind, existing.parent, new.key())?
        && other.id != existing.id
    {
        return Err(Problem::conflict("exists", format!("the {kind} `{}` exists already", other.name))
            .why("names are unique per kind, compared without case"));
    }
    tx.put_name(existing, new)
}

/// Removes a group, a workgroup or a dropbox, with every binding on it or of it, and its links.
///
/// # Errors
/// A denial.
pub fn remove(tx: &mut Transaction<'_>, kind: Kind, name: &Name) -> Result<()> {
    let existing = tx.find(kind, name)?;
    tx.require_verb(Verb::Delete, existing.id)?;
    for binding in tx.facts().list_bindings(BindingQuery::On(existing.id))? {
        if binding.role != Role::DropboxOutside {
            let who = tx.participant(&binding, binding.principal)?;
            let line = format!("{who} as {} of {}", binding.role.as_str(), existing.reference());
            tx.cascades.push(line);
        }
    }
    for binding in tx.facts().list_bindings(BindingQuery::Of(existing.id))? {
        let resource = tx.name(binding.resource)?;
        tx.cascades.push(match binding.role {
            Role::PackageRecipient => {
                format!("{resource}, which was sent to {}, for its members", existing.reference())
            }
            role => format!("{} as {} of {resource}", existing.reference(), role.as_str()),
        });
    }
    for kind in [Kind::Invitation, Kind::PublicLink] {
        for link in children(tx, kind, existing.id)? {
            if kind == Kind::PublicLink {
                tx.cascades.push(format!("the public link of {}", existing.reference()));
            } else if link.as_invitation().is_some_and(|it| it.status(tx.at) == LinkStatus::Active) {
                tx.cascades
                    .push(format!("the private link for {}", link.as_invitation().map_or("", |it| it.email.as_str())));
            }
            tx.end(link.id);
        }
    }
    tx.end_with_bindings(existing.id)
}

/// The resources of a kind whose parent is a resource.
///
/// # Errors
/// When the facts cannot be read.
pub fn children(tx: &Transaction<'_>, kind: Kind, parent: Id) -> Result<Vec<std::rc::Rc<Resource>>> {
    let mut found = Vec::new();
    tx.facts().resources(kind, Some(parent), &mut |child| {
        found.push(child);
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    Ok(found)
}
