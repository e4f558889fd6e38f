//! Endpoints, roles, files and folders, and shares as values.

use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::people::permissions;
use super::{Export, Orphans, Stopped, moment, put, put_list};
use crate::model::attributes::ShareClass;
use crate::model::{Binding, Id, Kind, Problem, Resource, Role, Verb};
use crate::ops::share::cascade::{is_delegated, unsupported};
use crate::policy::{Facts, Select, sharing};

/// An item with its path inside its endpoint.
pub(super) type At = (String, Rc<Resource>);

impl<F: Facts> Export<'_, F> {
    /// What is said of an endpoint itself.
    pub(super) fn endpoint_alone(&self, resource: &Resource) -> Result<Map<String, Value>, Problem> {
        let mut map = Map::new();
        let Some(endpoint) = resource.as_endpoint() else { return Ok(map) };
        put(&mut map, "kind", json!(endpoint.kind));
        if endpoint.private {
            put(&mut map, "private", json!(true));
        }
        if !endpoint.managed {
            put(&mut map, "managed", json!(false));
        }
        put(&mut map, "node-version", json!(endpoint.node_version));
        if let Some(of) = endpoint.of {
            put(&mut map, "of", json!(self.facts.reference(of)?));
        }
        let mut roles = Map::new();
        if self.may(Verb::ListRoles, resource.id)? {
            for role in Role::ENDPOINT {
                let mut holders: Vec<(bool, String)> = Vec::new();
                for binding in self.facts.list(Select::OnAs(resource.id, role))? {
                    if self.takes(&binding.sets) {
                        // Its creator first: on one that is not managed nobody else can be.
                        let is_other = endpoint.creator != Some(binding.principal);
                        holders.push((is_other, self.principal(binding.principal)?));
                    }
                }
                holders.sort();
                put_list(&mut roles, role.word(), holders.into_iter().map(|(_, who)| json!(who)).collect());
            }
        }
        if !roles.is_empty() {
            put(&mut map, "roles", Value::Object(roles));
        }
        Ok(map)
    }

    /// Every item of an endpoint that is exported, a folder before what lies in it, each level by name;
    /// the root first.
    pub(super) fn each_item(
        &self,
        endpoint: &Resource,
        visit: &mut dyn FnMut(&At) -> Result<(), Stopped>,
    ) -> Result<(), Stopped> {
        let Some(root) = self.facts.named(Kind::Item, Some(endpoint.id), "/")? else { return Ok(()) };
        let mut open: Vec<At> = vec![("/".to_owned(), root)];
        while let Some(at) = open.pop() {
            if self.is_operator || self.viewer.sees(&at.1)? {
                visit(&at)?;
            }
            let mut below: Vec<At> = Vec::new();
            let prefix = at.0.trim_end_matches('/').to_owned();
            self.facts.resources(Kind::Item, Some(at.1.id), &mut |item| {
                below.push((format!("{prefix}/{}", item.name), item));
                Ok(std::ops::ControlFlow::Continue(()))
            })?;
            below.sort_by(|a, b| b.0.cmp(&a.0));
            open.append(&mut below);
        }
        Ok(())
    }

    /// What is said of a file or folder; none for what needs no word: a root without an owner.
    pub(super) fn item(&self, resource: &Resource) -> Result<Option<Map<String, Value>>, Problem> {
        let mut map = Map::new();
        let Some(item) = resource.as_item() else { return Ok(None) };
        if item.is_file() {
            put(&mut map, "type", json!("file"));
        }
        put(&mut map, "size", json!(item.size));
        for binding in self.facts.list(Select::OnAs(resource.id, Role::ItemOwner))? {
            let is_told = self.may(Verb::ViewShares, resource.id)?
                || self.viewer.subject().is_some_and(|subject| subject.id == binding.principal);
            if is_told {
                put(&mut map, "owner", json!(self.principal(binding.principal)?));
            }
        }
        let is_said = self.takes(&resource.sets) && (!resource.is_root() || !map.is_empty());
        Ok(is_said.then_some(map))
    }

    /// The shares of an item, by principal and sharer, as far as the reader may see them.
    pub(super) fn shares(&self, item: Id) -> Result<Vec<(String, Binding)>, Problem> {
        let mut found = Vec::new();
        let all = self.may(Verb::ViewShares, item)?;
        for binding in self.facts.list(Select::OnAs(item, Role::ItemShare))? {
            let seen = match self.viewer.subject() {
                None => true,
                Some(_) if all && !binding.attributes.share_class().is_hidden() => true,
                Some(subject) => sharing::may_see(subject, &binding)?,
            };
            if seen && self.takes(&binding.sets) {
                found.push((self.principal(binding.principal)?, binding));
            }
        }
        // The operator's own first, then in the order in which they were made.
        found.sort_by(|a, b| (&a.0, a.1.grantor, a.1.id).cmp(&(&b.0, b.1.grantor, b.1.id)));
        Ok(found)
    }

    /// The shares of an endpoint that their sharers no longer hold.
    pub(super) fn orphans(&self, endpoint: &Resource) -> Result<Orphans, Problem> {
        let mut delegated = Vec::new();
        let gathered = self.each_item(endpoint, &mut |(_, item)| {
            for share in self.facts.list(Select::OnAs(item.id, Role::ItemShare))? {
                if share.grantor.is_some() && share.is_effective(self.at) && is_delegated(self.facts, &share)? {
                    delegated.push(share);
                }
            }
            Ok(())
        });
        if let Err(Stopped::Problem(problem)) = gathered {
            return Err(problem);
        }
        Ok(unsupported(self.facts, delegated, self.at)?.into_iter().map(|loss| loss.share.id).collect())
    }

    /// What is said of a share.
    pub(super) fn share(&self, share: &Binding, orphans: &Orphans) -> Result<Map<String, Value>, Problem> {
        let mut map = Map::new();
        put(&mut map, "permission", permissions(share.attributes.permissions));
        let initial = match share.grantor {
            Some(sharer) => {
                put(&mut map, "by", json!(self.principal(sharer)?));
                ShareClass::User
            }
            None => ShareClass::Admin,
        };
        put(&mut map, "expires", moment(share.expires));
        let class = share.attributes.share_class();
        if class != initial {
            put(&mut map, "class", json!(class));
        }
        if orphans.contains(&share.id) {
            put(&mut map, "orphaned", json!(true));
        }
        Ok(map)
    }

    /// The shares of one item, by principal.
    pub(super) fn shares_entry(&self, item: Id, orphans: &Orphans) -> Result<Map<String, Value>, Problem> {
        let shares = self.shares(item)?;
        let mut entries = Map::new();
        for of_one in shares.chunk_by(|a, b| a.0 == b.0) {
            let bindings: Vec<&Binding> = of_one.iter().map(|(_, share)| share).collect();
            if let Some((who, _)) = of_one.first() {
                entries.insert(who.clone(), self.share_entry(&bindings, orphans)?);
            }
        }
        Ok(entries)
    }

    /// What is said of an endpoint, with all that lies on it.
    pub(super) fn endpoint(&self, resource: &Resource) -> Result<Map<String, Value>, Problem> {
        let mut map = self.endpoint_alone(resource)?;
        let orphans = self.orphans(resource)?;
        let (mut content, mut shares) = (Map::new(), Map::new());
        let gathered = self.each_item(resource, &mut |(path, item)| {
            if let Some(said) = self.item(item)? {
                content.insert(path.clone(), Value::Object(said));
            }
            let of_item = self.shares_entry(item.id, &orphans)?;
            if !of_item.is_empty() {
                shares.insert(path.clone(), Value::Object(of_item));
            }
            Ok(())
        });
        if let Err(Stopped::Problem(problem)) = gathered {
            return Err(problem);
        }
        for (key, entries) in [("content", content), ("shares", shares)] {
            if !entries.is_empty() {
                put(&mut map, key, Value::Object(entries));
            }
        }
        Ok(map)
    }

    /// The shares of one item with one principal, as an entry.
    fn share_entry(&self, shares: &[&Binding], orphans: &Orphans) -> Result<Value, Problem> {
        let mut said = Vec::new();
        for share in shares {
            said.push(self.share(share, orphans)?);
        }
        Ok(match said.as_mut_slice() {
            [one] if one.len() == 1 => one.remove("permission").unwrap_or_default(),
            [_] => said.pop().map(Value::Object).unwrap_or_default(),
            _ => json!(said),
        })
    }
}
