//! Exports endpoints, roles, files and folders, and shares as values.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::people::{permissions, put_binding_ids};
use super::{ExportError, Exporter, Orphans, moment, put, put_list};
use crate::manifest::text_format;
use crate::model::attributes::ShareClass;
use crate::model::{Binding, Id, Kind, Problem, Resource, Role, Time, Verb};
use crate::ops::share::OrphanSearch;
use crate::policy::{BindingQuery, Facts};

/// An item with its path on its endpoint.
pub(super) type ItemAt = (String, Rc<Resource>);

impl<F: Facts> Exporter<'_, F> {
    /// The fields of an endpoint, with roles and without content and shares.
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
        self.put_texts(&mut map, resource);
        self.put_ids(&mut map, resource.id)?;
        if let Some(of) = endpoint.of {
            put(&mut map, "of", json!(self.visible_reference(of)?));
        }
        let mut roles = Map::new();
        if self.may(Verb::ListRoles, resource.id)? {
            for role in Role::ENDPOINT {
                let mut holders: Vec<(bool, String, Binding)> = Vec::new();
                for binding in self.facts.list_bindings(BindingQuery::OnAs(resource.id, role))? {
                    if self.includes(&binding.sets) {
                        // An endpoint without managed roles can only have its creator, so the creator comes first.
                        let is_other = endpoint.managed || endpoint.creator != Some(binding.principal);
                        holders.push((is_other, self.principal(binding.principal)?, binding));
                    }
                }
                holders.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
                let entries = holders.into_iter().map(|(_, who, binding)| holder(who, &binding));
                put_list(&mut roles, role.as_str(), entries.collect());
            }
        }
        if !roles.is_empty() {
            put(&mut map, "roles", Value::Object(roles));
        }
        Ok(map)
    }

    /// Visits the items of an endpoint that the reader sees: the root first, each folder before its contents, each
    /// level by name.
    pub(super) fn each_item(
        &self,
        endpoint: &Resource,
        visit: &mut dyn FnMut(&ItemAt) -> Result<(), ExportError>,
    ) -> Result<(), ExportError> {
        let Some(root) = self.facts.named(Kind::Item, Some(endpoint.id), "/")? else { return Ok(()) };
        let mut open: Vec<ItemAt> = vec![("/".to_owned(), root)];
        while let Some(at) = open.pop() {
            if self.is_operator || self.viewer.sees(&at.1)? {
                visit(&at)?;
            }
            let mut below: Vec<ItemAt> = Vec::new();
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

    /// The fields of a file or folder; `None` if it is not declared, such as a root folder without an owner.
    pub(super) fn item(&self, resource: &Resource) -> Result<Option<Map<String, Value>>, Problem> {
        let mut map = Map::new();
        let mut is_owned = false;
        let Some(item) = resource.as_item() else { return Ok(None) };
        if item.is_file() {
            put(&mut map, "type", json!("file"));
        }
        put(&mut map, "size", json!(item.size));
        for binding in self.facts.list_bindings(BindingQuery::OnAs(resource.id, Role::ItemOwner))? {
            is_owned = true;
            if self.viewer.sees_binding(&binding)? {
                let owner = self.principal(binding.principal)?;
                put(
                    &mut map,
                    "owner",
                    json!(if text_format::is_nobody(&owner) { format!("user:{owner}") } else { owner }),
                );
            }
        }
        // Without `owner: none`, an import would make the member the owner of the home folder.
        if let Some(home) = item.home.filter(|_| !is_owned) {
            for level in Role::WORKSPACE {
                if self.facts.held(home.workspace, level, home.of)?.is_some()
                    && self.may(Verb::ViewShares, resource.id)?
                {
                    put(&mut map, "owner", json!("none"));
                }
            }
        }
        let is_exported = self.includes(&resource.sets) && (!resource.is_root() || !map.is_empty());
        Ok(is_exported.then_some(map))
    }

    /// The shares of an item that the reader may see, sorted by principal and sharer.
    pub(super) fn shares(&self, item: Id) -> Result<Vec<(String, Binding)>, Problem> {
        let mut found = Vec::new();
        for binding in self.facts.list_bindings(BindingQuery::OnAs(item, Role::ItemShare))? {
            if self.viewer.sees_binding(&binding)? && self.includes(&binding.sets) {
                found.push((self.principal(binding.principal)?, binding));
            }
        }
        let mut sharers: HashMap<Id, Option<String>> = HashMap::new();
        for (_, share) in &found {
            if let Some(sharer) = share.grantor
                && let Entry::Vacant(unknown) = sharers.entry(sharer)
            {
                let is_there = self.facts.header(sharer)?.is_some();
                unknown.insert(is_there.then(|| self.principal(sharer)).transpose()?);
            }
        }
        // A file cannot name a sharer that was removed, so the share is exported as the operator's.
        for (_, share) in &mut found {
            if share.grantor.is_some_and(|sharer| sharers.get(&sharer).is_some_and(Option::is_none)) {
                share.grantor = None;
                // The class must be explicit, because the default class of the operator is `admin`.
                share.attributes.class = Some(share.attributes.share_class());
            }
        }
        let found = merge_indistinct(found);
        // Shares of the operator come first, then by sharer, so that the same access gives the same text.
        let by = |share: &Binding| share.grantor.and_then(|id| sharers.get(&id).cloned().flatten());
        let mut keyed: Vec<_> = found.into_iter().map(|(who, share)| (who, by(&share), share)).collect();
        keyed.sort_by(|a, b| {
            let class = |it: &Binding| it.attributes.share_class();
            (&a.0, &a.1, class(&a.2), a.2.id).cmp(&(&b.0, &b.1, class(&b.2), b.2.id))
        });
        Ok(keyed.into_iter().map(|(who, _, share)| (who, share)).collect())
    }

    /// The orphaned shares of a search: their sharers could not make them now, or not until their end.
    pub(super) fn orphans(&self, search: OrphanSearch) -> Result<Orphans, Problem> {
        Ok(search.losses(self.facts, self.at)?.into_iter().map(|loss| loss.share.id).collect())
    }

    /// The fields of a share.
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
        if share.grantor.is_some() && orphans.contains(&share.id) {
            put(&mut map, "orphaned", json!(true));
        }
        put_binding_ids(&mut map, share);
        Ok(map)
    }

    /// The shares of one item, as a mapping by principal.
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

    /// The fields of an endpoint, with its content and shares.
    pub(super) fn endpoint(&self, resource: &Resource) -> Result<Map<String, Value>, Problem> {
        let mut map = self.endpoint_alone(resource)?;
        let (mut content, mut shares) = (Map::new(), Map::new());
        let mut search = OrphanSearch::default();
        let mut gathered = self.each_item(resource, &mut |(path, item)| {
            if let Some(entry) = self.item(item)? {
                content.insert(path.clone(), Value::Object(entry));
            }
            Ok(search.add_item(self.facts, item.id, self.at)?)
        });
        if gathered.is_ok() {
            let orphans = self.orphans(search)?;
            gathered = self.each_item(resource, &mut |(path, item)| {
                let of_item = self.shares_entry(item.id, &orphans)?;
                if !of_item.is_empty() {
                    shares.insert(path.clone(), Value::Object(of_item));
                }
                Ok(())
            });
        }
        if let Err(ExportError::Problem(problem)) = gathered {
            return Err(problem);
        }
        for (key, entries) in [("content", content), ("shares", shares)] {
            if !entries.is_empty() {
                put(&mut map, key, Value::Object(entries));
            }
        }
        Ok(map)
    }

    /// The shares of one item with one principal, in the shortest form: permissions, a mapping, or a list.
    fn share_entry(&self, shares: &[&Binding], orphans: &Orphans) -> Result<Value, Problem> {
        let mut entry = Vec::new();
        for share in shares {
            entry.push(self.share(share, orphans)?);
        }
        Ok(match entry.as_mut_slice() {
            [one] if one.len() == 1 => one.remove("permission").unwrap_or_default(),
            [_] => entry.pop().map(Value::Object).unwrap_or_default(),
            _ => json!(entry),
        })
    }
}

/// A holder of a role as manifests write it: a name, or a mapping with the ids of the role.
fn holder(who: String, binding: &Binding) -> Value {
    if binding.attributes.ids.is_empty() {
        return json!(who);
    }
    let mut entry = Map::new();
    match who.strip_prefix("group:") {
        Some(group) => put(&mut entry, "group", json!(group)),
        None => put(&mut entry, "user", json!(who)),
    }
    put_binding_ids(&mut entry, binding);
    Value::Object(entry)
}

/// Makes the operator's shares of one item distinct by principal and class. Shares whose sharers were removed can
/// coincide with others. Two such shares are merged if one covers the other or both end at the same time. Otherwise one
/// of them gets another class, which gives the same access.
fn merge_indistinct(shares: Vec<(String, Binding)>) -> Vec<(String, Binding)> {
    let mut distinct: Vec<(String, Binding)> = Vec::with_capacity(shares.len());
    let until = |share: &Binding| share.expires.unwrap_or(Time(i64::MAX));
    for (who, mut share) in shares {
        if share.grantor.is_some() {
            distinct.push((who, share));
            continue;
        }
        let is_same = |(other, known): &(String, Binding), class: ShareClass| {
            *other == who && known.grantor.is_none() && known.attributes.share_class() == class
        };
        let free = |distinct: &[(String, Binding)], share: &Binding| {
            let own = share.attributes.share_class();
            std::iter::once(own)
                .chain(ShareClass::ALL.iter().copied().filter(|class| class.is_hidden() == own.is_hidden()))
                .chain(ShareClass::ALL.iter().copied())
                .find(|class| !distinct.iter().any(|known| is_same(known, *class)))
        };
        let own = share.attributes.share_class();
        if let Some((_, known)) = distinct.iter_mut().find(|known| is_same(known, own)) {
            let both = known.attributes.permissions.union(share.attributes.permissions);
            let covers =
                |one: &Binding, other: &Binding| one.attributes.permissions == both && until(one) >= until(other);
            if until(known) == until(&share) {
                known.attributes.permissions = both;
                continue;
            }
            if covers(known, &share) {
                continue;
            }
            if covers(&share, known) {
                (known.attributes.permissions, known.expires) = (both, share.expires);
                continue;
            }
        }
        if let Some(class) = free(&distinct, &share) {
            share.attributes.class = Some(class);
        }
        distinct.push((who, share));
    }
    distinct
}
