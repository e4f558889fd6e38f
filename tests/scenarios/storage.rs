//! Builds endpoints, their items, and shares.

use std::collections::BTreeMap;

use rolebook::model::attributes::{EndpointKind, ItemType, NodeVersion, ShareClass};
use rolebook::model::time::Expiry;
use rolebook::model::{Kind, Path, Permissions, Reference, Role};
use rolebook::ops::{Actor, Transaction, content, endpoint, share};
use rolebook::policy::Facts;

use super::facts::{Built, name, place_of, references};
use super::form::{EndpointFacts, ItemFacts, ShareFacts};

const ADMINISTRATOR: &str = "administrator";

pub(super) fn build_endpoints(tx: &mut Transaction<'static>, endpoints: &BTreeMap<String, EndpointFacts>) {
    // An endpoint that opens a folder of another endpoint comes after that endpoint.
    let (opened, others): (Vec<_>, Vec<_>) = endpoints.iter().partition(|(_, facts)| facts.of.is_some());
    for (which, facts) in others.into_iter().chain(opened) {
        build_endpoint(tx, which, facts);
    }
}

fn build_endpoint(tx: &mut Transaction<'static>, which: &str, facts: &EndpointFacts) {
    let which = name(which);
    let administrators = facts.roles.get(ADMINISTRATOR).map(|who| references(who)).unwrap_or_default();
    let new = endpoint::NewEndpoint {
        kind: EndpointKind::from_name(&facts.kind).unwrap(),
        of: facts.of.as_deref().map(place_of),
        administrators,
        settings: endpoint::EndpointSettings {
            private: Some(facts.private),
            managed: facts.managed,
            node_version: facts.node_version.as_deref().map(|text| Some(NodeVersion::parse(text).unwrap())),
        },
    };
    if let Some(by) = &facts.by {
        tx.actor = Actor::Principal(tx.facts().named(Kind::Account, None, name(by).key()).unwrap().unwrap().id);
    }
    endpoint::add(tx, &which, &new).unwrap();
    tx.actor = Actor::Operator;
    for (role, who) in facts.roles.iter().filter(|(role, _)| *role != ADMINISTRATOR) {
        let role = Role::from_name(Kind::Endpoint, role).unwrap();
        endpoint::add_role(tx, &which, role, &references(who)).unwrap();
    }
    for (path, item) in &facts.content {
        content::add(tx, &which, &Path::parse(path).unwrap(), &said(item)).unwrap();
    }
}

fn said(facts: &ItemFacts) -> content::ItemSettings {
    content::ItemSettings {
        item_type: facts.r#type.as_deref().map(|word| ItemType::from_name(word).unwrap()),
        size: facts.size,
        owner: facts.owner.as_deref().map(|who| Some(Reference::parse(who, Kind::Account).unwrap())),
    }
}

pub(super) fn build_share(built: &mut Built, facts: &ShareFacts) {
    let (endpoint, path) = place_of(&facts.item);
    let grant = share::NewShare {
        principals: vec![Reference::parse(&facts.with, Kind::Account).unwrap()],
        permissions: Permissions::parse(&facts.permission).unwrap(),
        expires: facts.expires.as_deref().map(|text| Expiry::parse(text).unwrap()),
        admin: facts.admin,
        class: facts.class.as_deref().map(|word| ShareClass::from_name(word).unwrap()),
    };
    built.tx.actor = facts.by.as_ref().map_or(Actor::Operator, |who| Actor::Principal(built.account(who)));
    share::grant(&mut built.tx, &endpoint, &path, &grant)
        .unwrap_or_else(|problem| panic!("{} with {}: {problem}", facts.item, facts.with));
    built.tx.actor = Actor::Operator;
}
