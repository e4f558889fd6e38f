//! Endpoints, what lies on them, and shares.

use std::collections::BTreeMap;

use rolebook::model::attributes::{EndpointKind, ItemType, NodeVersion, ShareClass};
use rolebook::model::time::Expiry;
use rolebook::model::{Kind, Path, Permissions, Reference, Role};
use rolebook::ops::{Actor, Work, content, endpoint, share};
use rolebook::policy::{EmptyFacts, Facts};

use super::facts::{Built, name, place_of, references};
use super::form::{EndpointFacts, ItemFacts, ShareFacts};

const ADMINISTRATOR: &str = "administrator";

pub(super) fn build_endpoints(work: &mut Work<'static, EmptyFacts>, endpoints: &BTreeMap<String, EndpointFacts>) {
    // What opens a folder of another comes after that.
    let (opened, others): (Vec<_>, Vec<_>) = endpoints.iter().partition(|(_, facts)| facts.of.is_some());
    for (which, facts) in others.into_iter().chain(opened) {
        build_endpoint(work, which, facts);
    }
}

fn build_endpoint(work: &mut Work<'static, EmptyFacts>, which: &str, facts: &EndpointFacts) {
    let which = name(which);
    let administrators = facts.roles.get(ADMINISTRATOR).map(|who| references(who)).unwrap_or_default();
    let new = endpoint::New {
        kind: EndpointKind::from_name(&facts.kind).unwrap(),
        of: facts.of.as_deref().map(place_of),
        administrators,
        options: endpoint::Options {
            private: Some(facts.private),
            managed: facts.managed,
            node_version: facts.node_version.as_deref().map(|text| Some(NodeVersion::parse(text).unwrap())),
        },
    };
    if let Some(by) = &facts.by {
        work.actor = Actor::Principal(work.facts().named(Kind::Account, None, name(by).key()).unwrap().unwrap().id);
    }
    endpoint::add(work, &which, &new).unwrap();
    work.actor = Actor::Operator;
    for (role, who) in facts.roles.iter().filter(|(role, _)| *role != ADMINISTRATOR) {
        let role = Role::from_name(Kind::Endpoint, role).unwrap();
        endpoint::add_role(work, &which, role, &references(who)).unwrap();
    }
    for (path, item) in &facts.content {
        content::add(work, &which, &Path::parse(path).unwrap(), &said(item)).unwrap();
    }
}

fn said(facts: &ItemFacts) -> content::Said {
    content::Said {
        item_type: facts.r#type.as_deref().map(|word| ItemType::from_name(word).unwrap()),
        size: facts.size,
        owner: facts.owner.as_deref().map(|who| Some(Reference::parse(who, Kind::Account).unwrap())),
    }
}

pub(super) fn build_share(built: &mut Built, facts: &ShareFacts) {
    let (endpoint, path) = place_of(&facts.item);
    let grant = share::Grant {
        principals: vec![Reference::parse(&facts.with, Kind::Account).unwrap()],
        permissions: Permissions::parse(&facts.permission).unwrap(),
        expires: facts.expires.as_deref().map(|text| Expiry::parse(text).unwrap()),
        admin: facts.admin,
        class: facts.class.as_deref().map(|word| ShareClass::from_name(word).unwrap()),
    };
    built.work.actor = facts.by.as_ref().map_or(Actor::Operator, |who| Actor::Principal(built.account(who)));
    share::grant(&mut built.work, &endpoint, &path, &grant)
        .unwrap_or_else(|problem| panic!("{} with {}: {problem}", facts.item, facts.with));
    built.work.actor = Actor::Operator;
}
