//! Links between a principal and a resource, which make answers depend on more than the profile: roles held on
//! the resource or on what it lies in, being the resource, packages received, permissions on a root folder.
//!
//! If the links are the same on both sides, and neither the profile nor the resource changed, the answers
//! are the same. So the comparison only asks where links differ.

use std::ops::ControlFlow;
use std::sync::OnceLock;

use hashbrown::{HashMap, HashSet};

use crate::model::attributes::{AllowDeny, Attributes, MemberAccess};
use crate::model::catalogue::{self, Grantee};
use crate::model::{Id, Kind, Role};
use crate::policy::evaluator::Evaluator;
use crate::policy::facts::{BindingQuery, Facts, Result};
use crate::policy::listing::candidate_subjects::SubjectSearch;
use crate::policy::listing::fellows::{FellowGaps, is_shown};
use crate::policy::listing::item_boundaries::granted;
use crate::policy::subject::Subject;

/// What links a principal to a resource, as bits: one for each role, then the constants below.
pub(super) type Link = u64;

const ONESELF: Link = 1 << 32;
const TOKEN: Link = 1 << 33;
/// Bits for the `root-upload` value of a membership of a workspace: allow, deny.
const ROOT_UPLOAD: [Link; 2] = [1 << 34, 1 << 35];
/// The first bit of the permissions on a root folder.
const PERMISSIONS: u32 = 40;

/// For each role, the kinds of resources with grants to it; and the kinds with grants to tokens.
struct RoleKinds {
    roles: Vec<(Role, Vec<Kind>)>,
    tokens: Vec<Kind>,
}

fn role_kinds() -> &'static RoleKinds {
    static FOUND: OnceLock<RoleKinds> = OnceLock::new();
    FOUND.get_or_init(|| {
        let of_kinds = |speaks: &dyn Fn(Grantee) -> bool| -> Vec<Kind> {
            let others = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Item);
            others
                .filter(|kind| catalogue::grants().any(|grant| grant.kind == *kind && speaks(grant.grantee)))
                .collect()
        };
        let roles = Role::ALL.into_iter().filter(|role| !matches!(role.resource_kind(), Kind::Server | Kind::Item));
        let granted =
            |held: Role, grantee: Grantee| matches!(grantee, Grantee::Role(role) if role.implied_by().contains(&held));
        RoleKinds {
            roles: roles.map(|held| (held, of_kinds(&|grantee| granted(held, grantee)))).collect(),
            tokens: of_kinds(&|grantee| matches!(grantee, Grantee::Token(_))),
        }
    })
}

/// The links of a principal to resources other than items, except those that depend on the other members of a
/// workgroup.
pub(super) fn links<F: Facts + ?Sized>(evaluator: &Evaluator<'_, F>, who: Id) -> Result<HashMap<Id, Link>> {
    let facts = evaluator.facts();
    let mut found: HashMap<Id, Link> = HashMap::new();
    let subject = Subject::new(facts, who, evaluator.at())?.without_classes();
    for (role, kinds) in &role_kinds().roles {
        let mut held: Vec<(Id, Link)> = Vec::new();
        subject.each_level(&[*role], &mut |binding| {
            let root_upload = match binding.attributes.root_upload {
                Some(AllowDeny::Allow) => ROOT_UPLOAD[0],
                Some(AllowDeny::Deny) => ROOT_UPLOAD[1],
                None => 0,
            };
            held.push((binding.resource, (1 << *role as u32) | root_upload));
            Ok(ControlFlow::Continue(()))
        })?;
        for (resource, link) in held {
            for kind in kinds {
                each_within(facts, resource, *kind, &mut |id| *found.entry(id).or_default() |= link)?;
            }
        }
    }
    if subject.kind() == Some(Kind::Account) {
        *found.entry(who).or_default() |= ONESELF;
    }
    if let Some((_, workspace)) = subject.token() {
        for kind in &role_kinds().tokens {
            each_within(facts, workspace, *kind, &mut |id| *found.entry(id).or_default() |= TOKEN)?;
        }
    }
    // Permissions on a root folder give actions on its endpoint.
    for (item, permissions) in granted(&subject)? {
        let above = facts.header(item)?.and_then(|it| it.parent);
        if let Some(endpoint) = above.map(|above| facts.header(above)).transpose()?.flatten()
            && endpoint.kind() == Kind::Endpoint
        {
            let bits = permissions.iter().fold(0, |bits: Link, permission| bits | (1 << permission as u32));
            *found.entry(endpoint.id).or_default() |= bits << PERMISSIONS;
        }
    }
    Ok(found)
}

/// Visits a resource if it is of a kind, or else the resources of the kind that lie in it.
fn each_within<F: Facts + ?Sized>(facts: &F, resource: Id, kind: Kind, visit: &mut dyn FnMut(Id)) -> Result<()> {
    let Some(header) = facts.header(resource)? else { return Ok(()) };
    if header.kind() == kind {
        visit(resource);
        return Ok(());
    }
    if matches!(header.kind(), Kind::Org | Kind::Workspace) {
        facts.ids(kind, Some(resource))?.into_iter().for_each(&mut *visit);
    }
    if header.kind() == Kind::Org && kind != Kind::Workspace {
        for workspace in facts.ids(Kind::Workspace, Some(resource))? {
            facts.ids(kind, Some(workspace))?.into_iter().for_each(&mut *visit);
        }
    }
    Ok(())
}

/// Collects the resources that a workgroup or dropbox links a member to: the packages it received, and its other
/// members, if `gaps` says that they make a difference.
pub(super) fn each_through<F: Facts + ?Sized>(
    evaluator: &Evaluator<'_, F>,
    group: Id,
    gaps: FellowGaps,
    found: &mut HashSet<Id>,
) -> Result<()> {
    let facts = evaluator.facts();
    facts.bindings(BindingQuery::OfAs(group, Role::PackageRecipient), &mut |binding| {
        found.insert(binding.resource);
        Ok(ControlFlow::Continue(()))
    })?;
    if gaps.is_none() {
        return Ok(());
    }
    let header = facts.header(group)?;
    let access = match header.as_ref().map(|it| &*it.attributes) {
        Some(Attributes::Workgroup(workgroup)) => workgroup.member_access,
        _ => return Ok(()),
    };
    // If members see nobody, or admins only, there is no need to read all members.
    if gaps.setting || access == MemberAccess::All {
        let mut members = SubjectSearch::new(evaluator);
        members.members(group)?;
        found.extend(members.into_set());
    } else if is_shown(evaluator, group, Role::WorkgroupAdmin)? {
        facts.bindings(BindingQuery::OnAs(group, Role::WorkgroupAdmin), &mut |binding| {
            found.insert(binding.principal);
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(())
}
