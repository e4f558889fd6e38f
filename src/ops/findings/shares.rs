//! Findings about shares. Each endpoint is walked once, folder by folder; the walk keeps the shares of the folders above.

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::fix::typed;
use super::holders::outlasts;
use super::{FindingSearch, Report};
use crate::model::attributes::{Endpoint, NodeVersion, ShareClass, Sharing, Status};
use crate::model::catalogue::findings::{FindingKind, Severity};
use crate::model::{Binding, Id, Kind, Permission, Permissions, Problem, Role};
use crate::ops::share::OrphanSearch;
use crate::policy::BindingQuery;
use crate::policy::sharing::managing_roles;

/// The permissions that change files.
const WRITES: Permissions = Permissions::NONE
    .and(Permission::CreateFolder)
    .and(Permission::Rename)
    .and(Permission::UploadFiles)
    .and(Permission::Delete);

/// The ends of names of files that have a preview.
const PREVIEWED: [&str; 16] = [
    "avi", "gif", "jpeg", "jpg", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "mxf", "png", "tif", "tiff", "webm", "webp",
];

/// What the folders above an item give, by principal.
#[derive(Default)]
struct Above {
    held: HashMap<Id, Vec<Held>>,
    /// For each folder from the root on, the principals that it gives to.
    levels: Vec<Vec<Id>>,
}

/// A binding that gives permissions on an item and everything below it.
struct Held {
    binding: Binding,
    gives: Permissions,
}

impl Above {
    /// Leaves the folders below a depth.
    fn return_to(&mut self, depth: usize) {
        for principal in self.levels.drain(depth.min(self.levels.len())..).flatten() {
            if let Entry::Occupied(mut held) = self.held.entry(principal) {
                held.get_mut().pop();
                if held.get().is_empty() {
                    held.remove();
                }
            }
        }
    }

    /// Enters a folder that gives these.
    fn enter(&mut self, held: Vec<Held>) {
        self.levels.push(held.iter().map(|it| it.binding.principal).collect());
        for it in held {
            self.held.entry(it.binding.principal).or_default().push(it);
        }
    }
}

impl FindingSearch<'_> {
    pub(super) fn shares(&self, report: Report<'_>) -> Result<(), Problem> {
        for id in self.facts.ids(Kind::Endpoint, None)? {
            let Some(header) = self.facts.resource(id)? else { continue };
            let Some(endpoint) = header.as_endpoint().filter(|it| it.kind.sharing() != Sharing::None) else { continue };
            let Some(root) = self.facts.id_named(Kind::Item, Some(id), "/")? else { continue };
            self.shares_on(endpoint, id, root, report)?;
        }
        Ok(())
    }

    fn shares_on(&self, endpoint: &Endpoint, id: Id, root: Id, report: Report<'_>) -> Result<(), Problem> {
        let mut orphans = OrphanSearch::default();
        let mut above = Above::default();
        above.enter(self.by_role(endpoint, id)?);
        let mut open = vec![(root, 1)];
        while let Some((item, depth)) = open.pop() {
            above.return_to(depth);
            let mut held = Vec::new();
            for owner in self.facts.list_bindings(BindingQuery::owner_of(item))? {
                held.push(Held { binding: owner, gives: Permissions::EDIT });
            }
            let shares = self.facts.list_bindings(BindingQuery::shares_of(item))?;
            for share in &shares {
                if share.expires.is_some_and(|end| end <= self.at) {
                    let mut finding = self.about_binding(FindingKind::ExpiredShare, share);
                    finding.detail = share.expires.map_or_else(String::new, |end| format!("since {end}"));
                    finding.fix = self.take_away(share)?;
                    report(finding)?;
                    continue;
                }
                self.share(endpoint, id, share, item == root, report)?;
                if self.wants(FindingKind::OrphanedShare) {
                    orphans.add(self.facts, share.clone(), self.at)?;
                }
                held.push(Held { binding: share.clone(), gives: share.attributes.permissions });
            }
            above.enter(held);
            if self.wants(FindingKind::RedundantGrant) {
                self.redundant_shares(item, &shares, &above, report)?;
            }
            open.extend(self.facts.ids(Kind::Item, Some(item))?.into_iter().map(|child| (child, depth + 1)));
        }
        for loss in orphans.losses(self.facts, self.at)?.into_iter().filter(|loss| !loss.lost.is_empty()) {
            let mut finding = self.about_binding(FindingKind::OrphanedShare, &loss.share);
            finding.detail = format!("the sharer lacks {}", loss.lost);
            finding.fix = vec![self.lower(&loss.share, loss.share.attributes.permissions.without(loss.lost))?];
            report(finding)?;
        }
        Ok(())
    }

    /// Who has everything on an endpoint by a role, where sharing is managed.
    fn by_role(&self, endpoint: &Endpoint, id: Id) -> Result<Vec<Held>, Problem> {
        let mut found = Vec::new();
        if endpoint.kind.sharing() == Sharing::Managed {
            for role in managing_roles() {
                for binding in self.facts.list_bindings(BindingQuery::OnAs(id, *role))? {
                    if binding.is_effective(self.at) {
                        found.push(Held { binding, gives: Permissions::EDIT });
                    }
                }
            }
        }
        Ok(found)
    }

    /// Reports what is wrong with one share by itself.
    fn share(
        &self,
        endpoint: &Endpoint,
        endpoint_id: Id,
        share: &Binding,
        is_root: bool,
        report: Report<'_>,
    ) -> Result<(), Problem> {
        let set = share.attributes.permissions;
        let is_hidden = share.attributes.share_class().is_hidden();
        self.absent_sharer(share, report)?;
        self.self_granted(share, report)?;
        self.public(share, set, report)?;
        if set.is_custom() && endpoint.kind.sharing() == Sharing::Delegated && !endpoint.takes_custom_sets() {
            let mut finding = self.about_binding(FindingKind::CustomOnOldNode, share);
            finding.detail = match &endpoint.node_version {
                Some(version) => format!("node software {version}"),
                None => "the version of the node software is not known".to_owned(),
            };
            let version = NodeVersion::CUSTOM_SETS;
            finding.fix =
                vec![format!("rolebook endpoint set {} --node-version {version}", typed(self.facts, endpoint_id)?)];
            report(finding)?;
        }
        if let Some((detail, better)) = self.useless(share, set)? {
            let mut finding = self.about_binding(FindingKind::UselessSet, share);
            finding.detail = detail.to_owned();
            finding.fix = vec![self.lower(share, better)?];
            report(finding)?;
        }
        if is_root && is_hidden && set.contains(Permissions::EDIT) {
            let mut finding = self.about_binding(FindingKind::HiddenEdit, share);
            finding.detail = share.attributes.share_class().as_str().to_owned();
            finding.fix = self.take_away(share)?;
            report(finding)?;
        }
        if is_root && !is_hidden {
            let mut finding = self.about_binding(FindingKind::RootShare, share);
            finding.detail = set.to_string();
            finding.fix = self.take_away(share)?;
            report(finding)?;
        }
        Ok(())
    }

    fn absent_sharer(&self, share: &Binding, report: Report<'_>) -> Result<(), Problem> {
        let Some(sharer) = share.grantor.filter(|_| self.wants(FindingKind::AbsentSharer)) else { return Ok(()) };
        let status = self.status(sharer)?;
        if status != Some(Status::Active) {
            let mut finding = self.about_binding(FindingKind::AbsentSharer, share);
            // told: a reader who sees a share sees its sharer.
            let name = self.history.reference(sharer)?;
            finding.detail = format!("{name} is {}", status.map_or("gone", Status::as_str));
            finding.fix = self.take_away(share)?;
            report(finding)?;
        }
        Ok(())
    }

    /// Reports what everybody may do.
    fn public(&self, share: &Binding, set: Permissions, report: Report<'_>) -> Result<(), Problem> {
        if share.principal != Id::ANYONE && share.principal != Id::AUTHENTICATED {
            return Ok(());
        }
        let writes = set.intersection(WRITES);
        if !writes.is_empty() {
            let mut finding = self.about_binding(FindingKind::PublicWrite, share);
            finding.detail = writes.to_string();
            finding.fix = vec![self.lower(share, set.without(WRITES))?];
            report(finding)?;
        }
        if set.has(Permission::Download) {
            let mut finding = self.about_binding(FindingKind::PublicRead, share);
            if share.principal == Id::AUTHENTICATED {
                finding.severity = Severity::Info;
            }
            finding.fix = vec![self.lower(share, set.without(Permissions::VIEW))?];
            report(finding)?;
        }
        Ok(())
    }

    /// Why a set does not work, and one that does.
    fn useless(&self, share: &Binding, set: Permissions) -> Result<Option<(&'static str, Permissions)>, Problem> {
        if !self.wants(FindingKind::UselessSet) {
            return Ok(None);
        }
        if set.has(Permission::Delete) && !set.has(Permission::Browse) {
            return Ok(Some(("deletes without seeing what is there", set.and(Permission::Browse))));
        }
        if set.has(Permission::UploadFiles) && !set.has(Permission::Delete) {
            let better = set.and(Permission::Delete).and(Permission::Browse);
            return Ok(Some(("uploads and cannot replace a file", better)));
        }
        if set == Permissions::PREVIEW || set == Permissions::single(Permission::PreviewOnly) {
            let resource = self.facts.resource(share.resource)?;
            let is_file = resource.as_ref().and_then(|it| it.as_item()).is_some_and(|it| it.is_file());
            let name = resource.map_or_else(String::new, |it| it.name.to_lowercase());
            let has_preview = name.rsplit_once('.').is_some_and(|(_, end)| PREVIEWED.contains(&end));
            if is_file && !has_preview {
                return Ok(Some(("previews a file that has no preview", Permissions::VIEW)));
            }
        }
        Ok(None)
    }

    /// Reports the shares of an item whose principals have all of it by another binding: from above, through a group or
    /// by the same sharer's or another's share.
    fn redundant_shares(&self, item: Id, shares: &[Binding], above: &Above, report: Report<'_>) -> Result<(), Problem> {
        let is_considered =
            |share: &&Binding| share.is_effective(self.at) && !share.attributes.share_class().is_hidden();
        for share in shares.iter().filter(is_considered) {
            let set = share.attributes.permissions;
            let principals = self.principals(share.principal)?;
            let other = principals.iter().filter_map(|principal| above.held.get(principal)).flatten().find(|other| {
                let is_twin = other.binding.resource == item
                    && other.binding.principal == share.principal
                    && other.binding.role == Role::ItemShare
                    && other.gives == set;
                other.binding.id != share.id
                    && other.gives.contains(set)
                    && other.binding.is_effective(self.at)
                    && outlasts(&other.binding, share)
                    // Of two equal shares, one is enough: the older one stays.
                    && (!is_twin || (other.binding.id < share.id || !outlasts(share, &other.binding)))
            });
            let Some(other) = other else { continue };
            let other = &other.binding;
            let mut finding = self.about_binding(FindingKind::RedundantGrant, share);
            let what = match other.role {
                Role::ItemShare => "a share of",
                Role::ItemOwner => "the ownership of",
                role => role.as_str(),
            };
            let on = self.name(other.resource)?;
            finding.detail = match other.principal == share.principal {
                true => format!("has {what} {on}"),
                false => format!("has {what} {on} through {}", self.name(other.principal)?),
            };
            finding.fix = self.take_away(share)?;
            report(finding)?;
        }
        Ok(())
    }
}

/// Shares of the system's own classes are its own business, but for those that give everything.
const _: () = assert!(ShareClass::ALL.len() == 6, "a new class of shares needs a decision about findings");
