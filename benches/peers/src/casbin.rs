//! casbin's role manager as a graph: a check asks whether one name leads to another. The nodes are accounts, groups,
//! and one for each permission on each folder. The graph can be built and walked from the account up to the folder, or
//! from the folder down to the account. The enforcer is not used, since it would evaluate its matcher for every share:
//! at 10,000 grants that takes milliseconds for each check.

use casbin::{DefaultRoleManager, RoleManager};
use rolebook::model::Permission;

use crate::workload::{About, Principal, Question, Workload, strength};

/// A maximum depth that no path of the workload reaches.
const DEEPEST: usize = 1_000;

/// The direction of the links in the graph.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the account through its groups to the folders it has shares of, and to all folders below.
    FromUser,
    /// From the folder through those above to the holders of shares, and to their members.
    FromFolder,
}

/// The loaded graph and its direction.
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
            // casbin would search the whole graph for a name without any link.
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
