//! Fellow members: accounts that share a workgroup, and what the workgroup gives them on each other.

use std::ops::ControlFlow;
use std::sync::OnceLock;

use hashbrown::{HashMap, HashSet};

use crate::model::attributes::{Attributes, MemberAccess, Setting, Workgroup};
use crate::model::catalogue::{self, Grantee, Requirement};
use crate::model::{Action, Id, Kind, Role};
use crate::policy::evaluator::Evaluator;
use crate::policy::facts::{Facts, Result};

/// What an account is missing on other accounts that a common workgroup may give it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct FellowGaps {
    /// Whether some action that fellow members have is missing.
    pub(super) action: bool,
    /// Whether some setting is denied that fellow members do not need.
    pub(super) setting: bool,
}

impl FellowGaps {
    pub(super) const fn is_none(self) -> bool {
        !self.action && !self.setting
    }
}

/// The actions that fellow members are granted, and the settings that they do not need.
pub(super) fn fellow_grants() -> &'static (Vec<Action>, Vec<Setting>) {
    static FOUND: OnceLock<(Vec<Action>, Vec<Setting>)> = OnceLock::new();
    FOUND.get_or_init(|| {
        let (mut actions, mut settings) = (Vec::new(), Vec::new());
        for action in Action::listable(Kind::Account) {
            let rows = catalogue::rules_for(Kind::Account, action.verb());
            if rows.grants.iter().any(|grant| grant.grantee == Grantee::FellowMember) {
                actions.push(action);
            }
            settings.extend(rows.restrictions.iter().filter_map(|limit| match limit.requirement {
                Requirement::AllowedOrShared(setting) => Some(setting),
                _ => None,
            }));
        }
        (actions, settings)
    })
}

/// The accounts that are missing something on other accounts, by the workgroups that they are in.
#[derive(Debug, Default)]
pub(super) struct Fellows {
    without_action: HashMap<Id, Vec<Id>>,
    without_setting: HashMap<Id, Vec<Id>>,
}

impl Fellows {
    /// Adds an account that is a member of a workgroup, with what it is missing on other accounts.
    pub(super) fn add(&mut self, workgroup: Id, account: Id, gaps: FellowGaps) {
        if gaps.action {
            self.without_action.entry(workgroup).or_default().push(account);
        }
        if gaps.setting {
            self.without_setting.entry(workgroup).or_default().push(account);
        }
    }

    /// Adds the accounts for which a common workgroup with this account may make a difference.
    pub(super) fn around<F: Facts + ?Sized>(
        &self,
        evaluator: &Evaluator<'_, F>,
        account: Id,
        found: &mut HashSet<Id>,
    ) -> Result<()> {
        if self.without_action.is_empty() && self.without_setting.is_empty() {
            return Ok(());
        }
        evaluator.subject(account)?.each_level(&Role::WORKGROUP, &mut |membership| {
            let workgroup = membership.resource;
            if is_shown(evaluator, workgroup, membership.role)? {
                found.extend(self.without_action.get(&workgroup).into_iter().flatten());
            }
            found.extend(self.without_setting.get(&workgroup).into_iter().flatten());
            Ok(ControlFlow::Continue(()))
        })
    }
}

/// Whether the `member-access` of a workgroup shows members of a level to the other members.
pub(super) fn is_shown<F: Facts + ?Sized>(evaluator: &Evaluator<'_, F>, workgroup: Id, level: Role) -> Result<bool> {
    let header = evaluator.facts().header(workgroup)?;
    Ok(match header.as_ref().map(|it| &*it.attributes) {
        Some(Attributes::Workgroup(Workgroup { member_access: access, .. })) => match access {
            MemberAccess::All => true,
            MemberAccess::Admins => level == Role::WorkgroupAdmin,
            MemberAccess::None => false,
        },
        _ => false,
    })
}
