//! casbin's role manager as a graph: a check is whether one name leads to another. Accounts, groups, and
//! a node for each permission on each folder; the same graph can be built and walked from the account
//! up to the folder, or from the folder down to the account. Not the enforcer, which would evaluate its
//! matcher for every share there is: at 10,000 grants that is milliseconds a check.

use casbin::{DefaultRoleManager, RoleManager};
use rolebook::model::Permission;

use crate::workload::{About, Principal, Question, Workload, strength};

/// Deeper than any path.
const DEEPEST: usize = 1_000;

/// Which way the links of the graph point.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the account through its groups to what it holds, and to all beneath.
    FromUser,
    /// From the folder through those above to who holds it, and to their members.
    FromFolder,
}

/// The graph.
pub(crate) struct Loaded {
    graph: DefaultRoleManager,
    direction: Direction,
}

/// Builds the graph.
pub(crate) fn load(workload: &Workload, direction: Direction) -> Loaded {
    let mut graph = DefaultRoleManager::new(DEEPEST);
    let mut link = |holder: String, held: String| match direction {
        Direction::FromUser => graph.add_link(&holder, &held, None),
        Direction::FromFolder => graph.add_link(&held, &holder, None),
    };
    for it in &workload.memberships {
        link(principal(it.member), principal(it.group));
    }
    for (number, it) in workload.folders.iter().enumerate() {
        for permission in Permission::ALL {
            // A name without any link would be looked for in the whole graph.
            let above = it.parent.map_or_else(|| "nobody".to_owned(), |parent| on_folder(parent, permission));
            link(above, on_folder(number as u32, permission));
        }
    }
    for it in &workload.shares {
        for permission in it.permissions.iter() {
            link(principal(it.principal), on_folder(it.folder, permission));
        }
    }
    for endpoint in 0..workload.endpoints as u32 {
        for weaker in 1..3 {
            link(on_endpoint(endpoint, weaker + 1), on_endpoint(endpoint, weaker));
        }
    }
    for it in &workload.roles {
        link(principal(it.principal), on_endpoint(it.endpoint, strength(it.role)));
    }
    Loaded { graph, direction }
}

impl Loaded {
    /// The answer to a question.
    pub(crate) fn check(&self, question: &Question) -> bool {
        let held = match question.about {
            About::Folder(folder, permission) => on_folder(folder, permission),
            About::Endpoint(endpoint, role) => on_endpoint(endpoint, strength(role)),
        };
        let account = principal(question.account);
        match self.direction {
            Direction::FromUser => self.graph.has_link(&account, &held, None),
            Direction::FromFolder => self.graph.has_link(&held, &account, None),
        }
    }
}

fn principal(principal: Principal) -> String {
    format!("p{principal}")
}

fn on_folder(folder: u32, permission: Permission) -> String {
    format!("f{folder}/{}", permission as u8)
}

fn on_endpoint(endpoint: u32, strength: u8) -> String {
    format!("e{endpoint}/{strength}")
}
