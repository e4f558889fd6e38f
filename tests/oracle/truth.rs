//! The oracle: the model's rules on endpoints, content and shares, implemented a second time as
//! simply as possible. Sets and loops over all rows, without lookups, shortcuts or code of the
//! program.

use std::collections::{BTreeMap, BTreeSet};

pub(crate) const SERVER: u64 = 1;
pub(crate) const AUTHENTICATED: u64 = 2;
pub(crate) const ANYONE: u64 = 3;

/// A set of permissions.
pub(crate) type Set = u8;
pub(crate) const CREATE_FOLDER: Set = 1;
pub(crate) const RENAME: Set = 2;
pub(crate) const UPLOAD: Set = 4;
pub(crate) const DOWNLOAD: Set = 8;
pub(crate) const PREVIEW: Set = 16;
pub(crate) const BROWSE: Set = 32;
pub(crate) const DELETE: Set = 64;
pub(crate) const EDIT: Set = 127;
pub(crate) const VIEW: Set = BROWSE | DOWNLOAD | PREVIEW;
pub(crate) const PRESETS: [Set; 4] = [EDIT, VIEW, CREATE_FOLDER | UPLOAD, BROWSE | PREVIEW];
pub(crate) const WORDS: [(Set, &str); 7] = [
    (CREATE_FOLDER, "create-folder"),
    (RENAME, "rename"),
    (UPLOAD, "upload-files"),
    (DOWNLOAD, "download"),
    (PREVIEW, "preview-only"),
    (BROWSE, "browse"),
    (DELETE, "delete"),
];

/// An endpoint and the components of a path on it.
pub(crate) type Place = (u64, Vec<String>);

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Account {
    pub(crate) active: bool,
    pub(crate) expires: Option<i64>,
    pub(crate) role: &'static str,
    pub(crate) role_id: u64,
}

/// A membership of a group.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Link {
    pub(crate) id: u64,
    pub(crate) who: u64,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Member {
    pub(crate) id: u64,
    pub(crate) who: u64,
    pub(crate) admin: bool,
    pub(crate) active: bool,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Workgroup {
    pub(crate) members: Vec<Member>,
    pub(crate) send: &'static str,
    pub(crate) access: &'static str,
    pub(crate) manage_members: bool,
    pub(crate) create_users: bool,
    pub(crate) manage_groups: bool,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Held {
    pub(crate) id: u64,
    pub(crate) who: u64,
    pub(crate) role: &'static str,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Endpoint {
    pub(crate) kind: &'static str,
    pub(crate) private: bool,
    pub(crate) managed: bool,
    pub(crate) version: Option<[u32; 4]>,
    pub(crate) creator: u64,
    pub(crate) roles: Vec<Held>,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Item {
    pub(crate) id: u64,
    pub(crate) folder: bool,
    pub(crate) owner: Option<Link>,
    /// The account whose home folder it is, and the workspace.
    pub(crate) home: Option<(u64, u64)>,
    /// The workspace whose files lie in this folder.
    pub(crate) files_of: Option<u64>,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Share {
    pub(crate) id: u64,
    pub(crate) on: Place,
    pub(crate) with: u64,
    pub(crate) by: Option<u64>,
    pub(crate) set: Set,
    pub(crate) expires: Option<i64>,
    pub(crate) class: &'static str,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Membership {
    pub(crate) id: u64,
    pub(crate) who: u64,
    pub(crate) manager: bool,
    pub(crate) root_upload: Option<bool>,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Workspace {
    pub(crate) org: u64,
    pub(crate) root_upload: bool,
    pub(crate) members: Vec<Membership>,
}

/// All rows.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct World {
    pub(crate) private_directory: bool,
    pub(crate) accounts: BTreeMap<u64, Account>,
    pub(crate) groups: BTreeMap<u64, Vec<Link>>,
    /// Groups with a `visible` value: whether everyone sees them.
    pub(crate) visible: BTreeMap<u64, bool>,
    pub(crate) workgroups: BTreeMap<u64, Workgroup>,
    pub(crate) endpoints: BTreeMap<u64, Endpoint>,
    pub(crate) items: BTreeMap<Place, Item>,
    pub(crate) shares: Vec<Share>,
    pub(crate) workspaces: BTreeMap<u64, Workspace>,
}

/// A question: an action and its resource.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Ask {
    See(Place),
    Thumbnail(Place),
    /// An action that a single permission allows.
    Do(Set, Place),
    Overwrite(Place),
    Share(Set, Place),
    MoveTo(Place, Place),
    CopyTo(Place, Place),
    ViewShares(Place),
    AdministerShares(Place),
    Endpoint(&'static str, u64),
    Assign(&'static str, u64),
    Revoke(&'static str, u64),
    Server(&'static str),
    Account(&'static str, u64),
    Group(&'static str, u64),
    Workgroup(&'static str, u64),
}

impl World {
    // What a principal is.

    fn has_account(&self, who: u64) -> bool {
        who == AUTHENTICATED
            || self.accounts.contains_key(&who)
            || self.groups.contains_key(&who)
            || self.workgroups.contains_key(&who)
    }

    /// An account that is inactive or expired is denied everything (docs/model.md#principals).
    pub(crate) fn is_active(&self, who: u64, at: i64) -> bool {
        self.accounts.get(&who).is_none_or(|it| it.active && it.expires.is_none_or(|end| at < end))
    }

    /// Every principal that a principal is: itself, its groups, its workgroups, `authenticated`, `anyone`
    /// (docs/model.md#principals).
    pub(crate) fn is(&self, who: u64) -> BTreeSet<u64> {
        let mut all = BTreeSet::from([who]);
        loop {
            let before = all.len();
            for (group, members) in &self.groups {
                if members.iter().any(|member| all.contains(&member.who)) {
                    all.insert(*group);
                }
            }
            if all.len() == before {
                break;
            }
        }
        let mut workgroups = BTreeSet::new();
        for (workgroup, it) in &self.workgroups {
            if it.members.iter().any(|member| member.active && all.contains(&member.who)) {
                workgroups.insert(*workgroup);
            }
        }
        all.extend(workgroups);
        if self.has_account(who) {
            all.insert(AUTHENTICATED);
        }
        all.insert(ANYONE);
        all
    }

    fn server_role(&self, who: u64) -> &'static str {
        self.accounts.get(&who).map_or("none", |it| it.role)
    }

    /// Whether a principal is a member of a workgroup, itself or through a group; with `as_admin`, an admin.
    fn is_member(&self, who: u64, workgroup: u64, as_admin: bool) -> bool {
        let me = self.is(who);
        let found = |member: &Member| member.active && (member.admin || !as_admin) && me.contains(&member.who);
        (who == workgroup && !as_admin)
            || self.workgroups.get(&workgroup).is_some_and(|it| it.members.iter().any(found))
    }

    // Endpoints (docs/model.md#endpoints).

    pub(crate) fn sharing(&self, endpoint: u64) -> &'static str {
        match self.endpoints[&endpoint].kind {
            "s3" | "share" => "managed",
            "node" => "delegated",
            _ => "none",
        }
    }

    /// Whether a principal has a role or one that implies it, itself or through a group.
    pub(crate) fn has_role(&self, who: u64, role: &str, endpoint: u64) -> bool {
        let me = self.is(who);
        let has = |wanted: &str| {
            self.endpoints[&endpoint].roles.iter().any(|held| held.role == wanted && me.contains(&held.who))
        };
        match role {
            "administrator" => has("administrator"),
            "activity-manager" => has("administrator") || has("activity-manager"),
            "activity-monitor" => has("administrator") || has("activity-manager") || has("activity-monitor"),
            "access-manager" => self.sharing(endpoint) == "managed" && (has("administrator") || has("access-manager")),
            _ => false,
        }
    }

    /// Whether an endpoint can hold a share of this set (docs/model.md#shares).
    pub(crate) fn takes(&self, endpoint: u64, set: Set) -> bool {
        match self.sharing(endpoint) {
            "managed" => set == VIEW || set == EDIT,
            "delegated" => {
                PRESETS.contains(&set)
                    || self.endpoints[&endpoint].version.is_some_and(|version| version >= [3, 7, 4, 0])
            }
            _ => false,
        }
    }

    // Content (docs/model.md#items).

    /// Every registered item along a path, the item itself last.
    fn on_the_way(&self, place: &Place) -> Vec<&Item> {
        let (endpoint, path) = place;
        (0..=path.len()).filter_map(|depth| self.items.get(&(*endpoint, path[..depth].to_vec()))).collect()
    }

    /// The permissions of a principal on a path, whether its account is active or not.
    pub(crate) fn holds(&self, who: u64, place: &Place, at: i64) -> Set {
        let me = self.is(who);
        let mut set = 0;
        for share in &self.shares {
            let above = share.on.0 == place.0 && place.1.starts_with(&share.on.1);
            if above && me.contains(&share.with) && share.expires.is_none_or(|end| at < end) {
                set |= share.set;
            }
        }
        if self.on_the_way(place).iter().any(|item| item.owner.as_ref().is_some_and(|owner| owner.who == who)) {
            set = EDIT;
        }
        if self.has_role(who, "access-manager", place.0) {
            set = EDIT;
        }
        set
    }

    /// Whether a principal manages the workspace in whose files the path lies.
    fn manages_files(&self, who: u64, place: &Place) -> bool {
        let workspaces = self.on_the_way(place).into_iter().filter_map(|item| item.files_of);
        workspaces.into_iter().any(|workspace| {
            self.workspaces[&workspace].members.iter().any(|member| member.manager && member.who == who)
        })
    }

    fn is_folder(&self, place: &Place) -> bool {
        // For an unregistered path, the nearest folder above counts.
        self.items.get(place).is_none_or(|item| item.folder)
    }

    /// Whether root uploads are denied and the path lies directly in the own home folder
    /// (docs/model.md#home-folders).
    fn root_upload_denied(&self, who: u64, place: &Place) -> bool {
        let registered = self.on_the_way(place);
        let folder = match registered.last() {
            Some(last) if last.folder => Some(last),
            _ => registered.iter().rev().nth(1),
        };
        let Some((owner, workspace)) = folder.and_then(|folder| folder.home) else { return false };
        let workspace = &self.workspaces[&workspace];
        // "made with the membership": a former member has no home there.
        let Some(member) = workspace.members.iter().find(|member| member.who == who) else { return false };
        owner == who && !member.root_upload.unwrap_or(workspace.root_upload)
    }

    fn may_do(&self, who: u64, permission: Set, place: &Place, at: i64) -> bool {
        let into = permission == UPLOAD || permission == CREATE_FOLDER;
        self.holds(who, place, at) & permission != 0 && !(into && self.root_upload_denied(who, place))
    }

    fn may_copy(&self, who: u64, from: &Place, to: &Place, at: i64) -> bool {
        let source = self.items.get(from);
        let folder = source.is_some_and(|item| item.folder);
        let below = |place: &Place| place.0 == from.0 && place.1.len() > from.1.len() && place.1.starts_with(&from.1);
        let files = self.items.iter().any(|(place, item)| !item.folder && below(place));
        let mut may = self.may_do(who, DOWNLOAD, from, at);
        if folder {
            may &= self.may_do(who, BROWSE, from, at) && self.may_do(who, CREATE_FOLDER, to, at);
        }
        // A tree of folders without files needs no upload (docs/model.md#items).
        if !folder || files {
            may &= self.may_do(who, UPLOAD, to, at);
        }
        if let (Some(_), Some(_), Some(name)) = (source, self.items.get(to), from.1.last()) {
            let mut there = to.clone();
            there.1.push(name.clone());
            if self.items.contains_key(&there) && there != *from {
                may &= self.may_do(who, DELETE, &there, at);
            }
        }
        may
    }

    /// The answer to a question.
    pub(crate) fn may(&self, who: u64, ask: &Ask, at: i64) -> bool {
        if !self.is_active(who, at) {
            return false;
        }
        let role = |endpoint: &u64, role: &str| self.has_role(who, role, *endpoint);
        match ask {
            // "that the item is visible"
            Ask::See(place) | Ask::Thumbnail(place) => {
                self.holds(who, place, at) != 0 || role(&place.0, "administrator") || self.manages_files(who, place)
            }
            // The root folder stays, whoever acts (docs/model.md#items).
            Ask::Do(RENAME | DELETE, place) if place.1.is_empty() => false,
            Ask::CopyTo(from, _) | Ask::MoveTo(from, _) if from.1.is_empty() => false,
            Ask::Do(permission, place) => self.may_do(who, *permission, place, at),
            Ask::Overwrite(place) => self.may_do(who, UPLOAD, place, at) && self.may_do(who, DELETE, place, at),
            Ask::CopyTo(from, to) => self.may_copy(who, from, to, at),
            Ask::MoveTo(from, to) => self.may_copy(who, from, to, at) && self.may_do(who, DELETE, from, at),
            Ask::Share(set, place) => {
                self.takes(place.0, *set)
                    && match self.sharing(place.0) {
                        "managed" => self.is_folder(place) && role(&place.0, "access-manager"),
                        _ => self.holds(who, place, at) & set == *set,
                    }
            }
            Ask::ViewShares(place) => {
                self.holds(who, place, at) == EDIT || role(&place.0, "administrator") || self.manages_files(who, place)
            }
            Ask::AdministerShares(place) => {
                let shared = match self.sharing(place.0) {
                    "managed" => self.is_folder(place),
                    "delegated" => true,
                    _ => false,
                };
                shared && (role(&place.0, "administrator") || self.manages_files(who, place))
            }
            Ask::Endpoint(verb, endpoint) => self.may_endpoint(who, verb, *endpoint, at),
            Ask::Assign(given, endpoint) => {
                role(endpoint, "administrator")
                    && self.endpoints[endpoint].managed
                    && (*given != "access-manager" || self.sharing(*endpoint) == "managed")
            }
            Ask::Revoke(_, endpoint) => role(endpoint, "administrator"),
            // Actions on accounts take an account.
            _ if !self.has_account(who) => false,
            Ask::Server(verb) => self.may_server(who, verb),
            Ask::Account(verb, account) => self.may_account(who, verb, *account),
            Ask::Group(verb, group) => self.may_group(who, verb, *group),
            Ask::Workgroup(verb, workgroup) => self.may_workgroup(who, verb, *workgroup),
        }
    }

    fn may_endpoint(&self, who: u64, verb: &str, endpoint: u64, at: i64) -> bool {
        let role = |role: &str| self.has_role(who, role, endpoint);
        let it = &self.endpoints[&endpoint];
        let root = self.holds(who, &(endpoint, Vec::new()), at);
        match verb {
            "see" if it.private => role("activity-monitor") || (role("access-manager") && it.kind != "s3"),
            "see" => self.has_account(who) || role("activity-monitor"),
            "edit" | "delete" | "list-roles" => role("administrator"),
            "view-console" => role("activity-monitor"),
            "control-console" => role("activity-manager"),
            "manage-permissions" => role("access-manager"),
            "read-files" => role("access-manager") || root & VIEW == VIEW,
            "write-files" => role("access-manager") || root == EDIT,
            _ => panic!("no action {verb}"),
        }
    }

    // Accounts, groups and workgroups, as far as the worlds have them (docs/model.md#accounts).

    fn may_server(&self, who: u64, verb: &str) -> bool {
        let role = self.server_role(who);
        match verb {
            "view" | "configure" | "create-account=admin" | "create-account=manager" => role == "admin",
            "create-account=user" | "create-group" | "create-workgroup" => role == "admin" || role == "manager",
            "create-endpoint" => true,
            _ => panic!("no action {verb}"),
        }
    }

    fn may_account(&self, who: u64, verb: &str, account: u64) -> bool {
        let role = self.server_role(who);
        let over = role == "admin" || (role == "manager" && self.accounts[&account].role == "user");
        match verb {
            "edit" => over || who == account,
            "delete" => over && who != account,
            // An admin account is always active and never expires (docs/model.md#accounts).
            "deactivate" => over && who != account && self.accounts[&account].role != "admin",
            "set-role=manager" => role == "admin" && who != account,
            "view" => {
                let fellow = self.workgroups.iter().any(|(workgroup, it)| {
                    // Here a workgroup is not a member of itself.
                    who != *workgroup
                        && self.is_member(who, *workgroup, false)
                        && match it.access {
                            "all" => self.is_member(account, *workgroup, false),
                            "admins" => self.is_member(account, *workgroup, true),
                            _ => false,
                        }
                });
                let some_admin = self.workgroups.keys().any(|workgroup| self.is_member(who, *workgroup, true));
                !self.private_directory
                    || who == account
                    || role == "admin"
                    || role == "manager"
                    || some_admin
                    || fellow
            }
            _ => panic!("no action {verb}"),
        }
    }

    /// Visible to everyone by default, unless the directory is private (docs/model.md#groups).
    fn is_visible(&self, group: u64) -> bool {
        match self.visible.get(&group) {
            Some(everyone) => *everyone,
            None => !self.private_directory,
        }
    }

    fn may_group(&self, who: u64, verb: &str, group: u64) -> bool {
        let role = self.server_role(who);
        let over = role == "admin" || role == "manager";
        match verb {
            "view" if self.has_account(who) && self.is_visible(group) => true,
            "view" | "view-members" => {
                let managing = |(id, it): (&u64, &Workgroup)| it.manage_groups && self.is_member(who, *id, true);
                over || self.is(who).contains(&group) || self.workgroups.iter().any(managing)
            }
            "edit" | "delete" | "add-member" | "remove-member" => over,
            _ => panic!("no action {verb}"),
        }
    }

    fn may_workgroup(&self, who: u64, verb: &str, workgroup: u64) -> bool {
        let role = self.server_role(who);
        let over = role == "admin" || role == "manager";
        let it = &self.workgroups[&workgroup];
        let member = self.is_member(who, workgroup, false);
        let admin = self.is_member(who, workgroup, true);
        let send = match it.send {
            "anyone" => true,
            "members" => member,
            "admins" => admin,
            _ => false,
        };
        match verb {
            "send" => send,
            "view" => over || member || send,
            "view-packages" => member || role == "admin",
            "view-members" => over || admin || (member && it.access != "none"),
            "send-to-members" => member && it.access != "none",
            "edit" | "delete" | "add-admin" | "remove-admin" => over,
            "add-member" | "remove-member" | "deactivate-member" | "activate-member" => {
                over || (admin && it.manage_members)
            }
            "create-member" => over || (admin && it.create_users),
            "add-group" | "remove-group" => over || (admin && it.manage_groups),
            _ => panic!("no action {verb}"),
        }
    }

    // Delegation (docs/model.md#delegation).

    /// Whether a share was made from permissions that its sharer holds.
    pub(crate) fn is_delegated(&self, share: &Share) -> bool {
        share.class == "user" && share.by.is_some() && self.sharing(share.on.0) == "delegated"
    }

    /// The supported permissions of each share in force. Delegated shares only count for what follows,
    /// step by step, from owners, roles and shares that need no base. Shares that support each other in a
    /// cycle get nothing.
    pub(crate) fn supported(&self, at: i64) -> BTreeMap<u64, Set> {
        self.supported_with(None, at)
    }

    /// The same with one share counted in full.
    pub(crate) fn supported_with(&self, given: Option<u64>, at: i64) -> BTreeMap<u64, Set> {
        let is_asked = |share: &Share| self.is_delegated(share) && Some(share.id) != given;
        let mut firm = self.clone();
        for share in &mut firm.shares {
            if is_asked(share) {
                share.set = 0;
            }
        }
        loop {
            let mut changed = false;
            for place in 0..firm.shares.len() {
                let (asked, has) = (&self.shares[place], firm.shares[place].set);
                if !is_asked(asked) || asked.expires.is_some_and(|end| end <= at) {
                    continue;
                }
                let sharer = asked.by.unwrap();
                let set = asked.set & firm.holds(sharer, &asked.on, at);
                if set != has {
                    firm.shares[place].set = set;
                    changed = true;
                }
            }
            if !changed {
                return firm.shares.iter().map(|share| (share.id, share.set)).collect();
            }
        }
    }

    /// The world with delegated shares reduced to what follows from owners, roles and the shares that need no
    /// base.
    fn grounded(&self, at: i64) -> World {
        let supported = self.supported(at);
        let mut world = self.clone();
        for share in &mut world.shares {
            share.set = supported[&share.id];
        }
        world
    }

    /// Every moment from now on at which some share ends.
    pub(crate) fn moments(&self, now: i64) -> BTreeSet<i64> {
        self.shares.iter().filter_map(|share| share.expires).filter(|end| *end > now).collect()
    }

    /// The time until which a principal holds all of a set with support; `None` for ever. Permissions without
    /// support are held until the shares that give them end.
    pub(crate) fn held_until(&self, who: u64, place: &Place, set: Set, now: i64) -> Option<i64> {
        let is_firm = self.grounded(now).holds(who, place, now) & set == set;
        let holds = |at: i64| {
            let world = if is_firm { self.grounded(at) } else { self.clone() };
            world.holds(who, place, at) & set == set
        };
        self.moments(now).into_iter().find(|at| !holds(*at))
    }

    /// The world with only these bindings. Memberships of workspaces stay, since they only restrict
    /// uploads.
    pub(crate) fn with_only(&self, bindings: &BTreeSet<u64>) -> World {
        let mut world = self.clone();
        for account in world.accounts.values_mut() {
            if !bindings.contains(&account.role_id) {
                account.role = "none";
            }
        }
        for members in world.groups.values_mut() {
            members.retain(|it| bindings.contains(&it.id));
        }
        for workgroup in world.workgroups.values_mut() {
            workgroup.members.retain(|it| bindings.contains(&it.id));
        }
        for endpoint in world.endpoints.values_mut() {
            endpoint.roles.retain(|it| bindings.contains(&it.id));
        }
        for item in world.items.values_mut() {
            item.owner = item.owner.take().filter(|it| bindings.contains(&it.id));
        }
        world.shares.retain(|it| bindings.contains(&it.id));
        for member in world.workspaces.values_mut().flat_map(|it| &mut it.members) {
            member.manager &= bindings.contains(&member.id);
        }
        world
    }
}
