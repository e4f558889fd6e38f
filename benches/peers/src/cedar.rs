//! Cedar: accounts with their groups as parents, a policy for each action, and on each folder a set of holders for each
//! permission. A Cedar policy cannot quantify over the folders above. So either the policy goes up step by step to the
//! maximum depth of folders, or each folder also has the holders of all folders above it.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression,
};
use rolebook::model::{Permission, Permissions};

use crate::workload::bare::{Lists, principals};
use crate::workload::{About, Principal, Question, Workload, strength};

/// How the workload is expressed for Cedar.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Folders have their parents as attributes.
    AsItIs,
    /// Folders also have the holders of the folders above.
    Flattened,
    /// As `Flattened`, and accounts have the set of all their principals, so that sets are compared and no parents are
    /// searched.
    Sets,
}

/// The holders of an endpoint's roles, by their strength.
const HOLDERS: [(u8, &str); 3] = [(3, "administrators"), (2, "managers"), (1, "monitors")];
/// The depth of the deepest folder, counting itself.
const DEPTH: usize = 8;

/// The entities and policies, and the names to ask with.
pub(crate) struct Loaded {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
    accounts: Vec<EntityUid>,
    folders: Vec<EntityUid>,
    endpoints: Vec<EntityUid>,
    /// The action that asks for each permission.
    permissions: Vec<EntityUid>,
    /// The action that asks for a role of each strength.
    roles: Vec<EntityUid>,
}

/// Makes the entities and policies.
pub(crate) fn load(workload: &Workload, shape: Shape) -> Loaded {
    let numbered = |of: &str, count: usize| -> Vec<EntityUid> {
        let of: EntityTypeName = of.parse().unwrap();
        (0..count).map(|it| EntityUid::from_type_name_and_id(of.clone(), EntityId::new(it.to_string()))).collect()
    };
    let accounts = numbered("User", workload.accounts);
    let groups = numbered("Group", workload.groups);
    let folders = numbered("Folder", workload.folders.len());
    let endpoints = numbered("Endpoint", workload.endpoints);
    let all: Vec<&EntityUid> = accounts.iter().chain(&groups).collect();
    let set = |holders: &[Principal]| {
        RestrictedExpression::new_set(
            holders.iter().map(|it| RestrictedExpression::new_entity_uid(all[*it as usize].clone())),
        )
    };

    let outer = Lists::new(workload.principals(), workload.memberships.iter().map(|it| (it.member as usize, it.group)));
    let closure = (shape == Shape::Sets).then(|| principals(workload));
    let people = all.iter().zip(0_u32..).map(|(name, number)| {
        let mut attributes = HashMap::new();
        let mut parents = HashSet::new();
        match &closure {
            None => parents.extend(outer.of(number).iter().map(|group| all[*group as usize].clone())),
            Some(closure) if (number as usize) < workload.accounts => {
                attributes.insert("all".to_owned(), set(closure.of(number)));
            }
            Some(_) => {}
        }
        Entity::new((*name).clone(), attributes, parents).unwrap()
    });
    let shares = Lists::new(
        workload.folders.len(),
        workload.shares.iter().map(|it| (it.folder as usize, (it.principal, it.permissions))),
    );
    let places = folders.iter().zip(0_u32..).map(|(name, number)| {
        let mut held: Vec<(Principal, Permissions)> = shares.of(number).to_vec();
        let mut above = workload.folders[number as usize].parent;
        let mut attributes = HashMap::new();
        if shape == Shape::AsItIs
            && let Some(parent) = above
        {
            let parent = RestrictedExpression::new_entity_uid(folders[parent as usize].clone());
            attributes.insert("parent".to_owned(), parent);
        } else {
            while let Some(folder) = above {
                held.extend(shares.of(folder));
                above = workload.folders[folder as usize].parent;
            }
        }
        for permission in Permission::ALL {
            let holders: Vec<Principal> =
                held.iter().filter(|(_, set)| set.has(permission)).map(|(principal, _)| *principal).collect();
            attributes.insert(permission.as_str().to_owned(), set(&holders));
        }
        Entity::new(name.clone(), attributes, HashSet::new()).unwrap()
    });
    let roles = Lists::new(
        workload.endpoints,
        workload.roles.iter().map(|it| (it.endpoint as usize, (it.principal, strength(it.role)))),
    );
    let tops = endpoints.iter().zip(0_u32..).map(|(name, number)| {
        let attributes = HOLDERS.map(|(strength, word)| {
            let held = roles.of(number).iter().filter(|(_, held)| *held == strength);
            let holders: Vec<Principal> = held.map(|(principal, _)| *principal).collect();
            (word.to_owned(), set(&holders))
        });
        Entity::new(name.clone(), attributes.into(), HashSet::new()).unwrap()
    });
    let entities = Entities::from_entities(people.chain(places).chain(tops), None).unwrap();
    let action = |word: &str| EntityUid::from_type_name_and_id("Action".parse().unwrap(), EntityId::new(word));
    Loaded {
        authorizer: Authorizer::new(),
        policies: policies(shape).parse().unwrap(),
        permissions: Permission::ALL.iter().map(|it| action(it.as_str())).collect(),
        roles: (1..=3).map(|strength| action(&format!("role-{strength}"))).collect(),
        entities,
        accounts,
        folders,
        endpoints,
    }
}

/// The text of the policies, one for each action.
fn policies(shape: Shape) -> String {
    let holds = |place: &str, word: &str| match shape {
        Shape::Sets => format!("{place}[\"{word}\"].containsAny(principal.all)"),
        Shape::Flattened | Shape::AsItIs => format!("principal in {place}[\"{word}\"]"),
    };
    let mut text = String::new();
    let mut permit = |action: &str, condition: &str| {
        writeln!(text, "permit (principal, action == Action::\"{action}\", resource) when {{ {condition} }};").unwrap();
    };
    for permission in Permission::ALL {
        let mut place = "resource".to_owned();
        let mut condition = holds(&place, permission.as_str());
        if shape == Shape::AsItIs {
            for _ in 1..DEPTH {
                write!(condition, " || ({place} has parent && (").unwrap();
                place.push_str(".parent");
                condition.push_str(&holds(&place, permission.as_str()));
            }
            condition.push_str(&"))".repeat(DEPTH - 1));
        }
        permit(permission.as_str(), &condition);
    }
    for (least, _) in HOLDERS {
        let words = HOLDERS.iter().filter(|(strength, _)| *strength >= least);
        let conditions: Vec<String> = words.map(|(_, word)| holds("resource", word)).collect();
        permit(&format!("role-{least}"), &conditions.join(" || "));
    }
    text
}

impl Loaded {
    /// The answer to a question.
    pub(crate) fn check(&self, question: &Question) -> bool {
        let (action, resource) = match question.about {
            About::Folder(folder, permission) => {
                (&self.permissions[permission as usize], &self.folders[folder as usize])
            }
            About::Endpoint(endpoint, role) => {
                (&self.roles[usize::from(strength(role)) - 1], &self.endpoints[endpoint as usize])
            }
        };
        let principal = self.accounts[question.account as usize].clone();
        let request = Request::new(principal, action.clone(), resource.clone(), Context::empty(), None).unwrap();
        let response = self.authorizer.is_authorized(&request, &self.policies, &self.entities);
        assert!(response.diagnostics().errors().next().is_none(), "no policy fails");
        response.decision() == Decision::Allow
    }
}
