//! Plans shares: of the operator, of the actor, and, for the operator, in the name of a declared sharer.

use super::{Planner, Result};
use crate::manifest::statement::{DeclaredShare, SourceLocation};
use crate::model::attributes::{ShareClass, Sharing};
use crate::model::catalogue::OWN_NAME;
use crate::model::time::Expiry;
use crate::model::{Attributes, Binding, Id, Kind, Name, Problem, ProblemKind, Reference, Resource, Role, Verb};
use crate::ops::Actor;
use crate::ops::share::{self, NewShare, ShareSelector, Sharer};
use crate::policy::{BindingQuery, Facts};

impl Planner<'_> {
    pub(super) fn share(&mut self, location: SourceLocation, declared: &DeclaredShare) -> Result<()> {
        let by_missing = declared.by.as_ref().is_some_and(|by| self.is_missing(Kind::Account, by));
        if by_missing || self.is_missing(Kind::Endpoint, &declared.endpoint) || self.misses(&declared.principal) {
            return Ok(());
        }
        match self.put_share(location, declared) {
            // A later statement may give the sharer the permissions.
            Err(problem) if problem.kind == ProblemKind::Denied && declared.by.is_some() => {
                self.deferred.shares.push((location, declared.clone()));
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// Plans the deferred shares, in rounds until a round makes none.
    pub(super) fn deferred_shares(&mut self) -> Result<()> {
        let mut waiting = std::mem::take(&mut self.deferred.shares);
        loop {
            let before = waiting.len();
            let mut refused = Vec::new();
            for (location, declared) in waiting {
                match self.put_share(location, &declared) {
                    Ok(()) => {}
                    Err(problem) => refused.push((location, declared, problem)),
                }
            }
            if refused.len() == before || refused.is_empty() {
                for (location, _, problem) in refused {
                    let tip = "for a share from another system whose sharer no longer holds it: `orphaned: true`";
                    let problem =
                        if self.tx.actor == Actor::Operator { without_basis(problem).tip(tip) } else { problem };
                    self.record(Some(location), Err(problem))?;
                }
                return Ok(());
            }
            waiting = refused.into_iter().map(|(location, declared, _)| (location, declared)).collect();
        }
    }

    fn put_share(&mut self, location: SourceLocation, declared: &DeclaredShare) -> Result<()> {
        let sharer = match &declared.by {
            Some(by) => Some(self.tx.find(Kind::Account, by)?),
            None => None,
        };
        let ends = self.share_ends(declared)?;
        let existing = match ends {
            Some(ends) => self.known_share(declared, ends, sharer.as_deref())?,
            None => None,
        };
        if let Some(existing) = existing.as_ref().filter(|existing| existing.is_effective(self.tx.at)) {
            return self.change_share(location, declared, existing);
        }
        if matches!(declared.expires, Some(Expiry::At(end)) if end <= self.tx.at) {
            if let Some(existing) = existing {
                // The existing share has expired, as declared.
                return self.declare_binding(&existing, &declared.ids, location);
            }
            let (path, who) = (format!("{}:{}", declared.endpoint, declared.path), &declared.principal);
            self.tx.warnings.push(format!("the share of {path} with {who} has expired and is not made"));
            return Ok(());
        }
        let grant = NewShare {
            principals: vec![declared.principal.clone()],
            permissions: declared.permissions,
            expires: declared.expires,
            admin: declared.class == Some(ShareClass::Admin),
            // Only the operator chooses a class. Other actors make user shares or admin shares.
            class: declared.class.filter(|_| self.tx.actor == Actor::Operator),
        };
        let at = (&declared.endpoint, &declared.path);
        match (sharer.as_deref(), self.tx.actor) {
            (Some(sharer), Actor::Operator) => {
                share::record(&mut self.tx, at, &grant, (sharer.id, declared.orphaned))?;
            }
            (Some(sharer), Actor::Principal(own)) if sharer.id != own => return Err(not_oneself(sharer)),
            _ => share::grant(&mut self.tx, at.0, at.1, &grant)?,
        }
        // The operation may have registered the shared folder.
        let ends = if ends.is_some() { ends } else { self.share_ends(declared)? };
        if let Some(ends) = ends
            && let Some(made) = self.known_share(declared, ends, sharer.as_deref())?
        {
            self.declare_binding(&made, &declared.ids, location)?;
        }
        Ok(())
    }

    /// The ids of the item and the principal of a declared share, if both exist.
    fn share_ends(&self, declared: &DeclaredShare) -> Result<Option<(Id, Id)>> {
        let Some(item) = self.item_at(&declared.endpoint, &declared.path)? else { return Ok(None) };
        let principal = match &declared.principal {
            Reference::Authenticated => Id::AUTHENTICATED,
            Reference::Anyone => Id::ANYONE,
            Reference::Named(kind, name) => match self.id_named(*kind, name)? {
                Some(existing) => existing,
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        Ok(Some((item, principal)))
    }

    /// The existing share that matches a declared one.
    fn known_share(
        &self,
        declared: &DeclaredShare,
        (item, principal): (Id, Id),
        sharer: Option<&Resource>,
    ) -> Result<Option<Binding>> {
        let by = match (sharer, self.tx.actor) {
            (Some(sharer), _) => Some(sharer.id),
            (None, actor) => actor.principal(),
        };
        let class = declared.class.unwrap_or(if by.is_some() { ShareClass::User } else { ShareClass::Admin });
        let of_all =
            sharer.is_none() && !class.is_hidden() && self.sharing(&declared.endpoint)? == Some(Sharing::Managed);
        let facts = self.tx.facts();
        let mut found = Vec::new();
        for it in facts.list_bindings(BindingQuery::Exact(item, Role::ItemShare, principal))? {
            let existing = it.attributes.share_class();
            // A share whose sharer was removed counts as a share of the operator.
            let is_left =
                by.is_none() && it.grantor.map_or(Ok(false), |id| Ok::<_, Problem>(facts.header(id)?.is_none()))?;
            if (of_all && !existing.is_hidden()) || (existing == class && (it.grantor == by || is_left)) {
                found.push(it);
            }
        }
        // With managed sharing there is one share per principal. If there are more, the actor's own is meant.
        let own = found.iter().position(|it| it.grantor == by).unwrap_or_default();
        Ok(if found.is_empty() { None } else { Some(found.swap_remove(own)) })
    }

    fn sharing(&self, endpoint: &Name) -> Result<Option<Sharing>> {
        let Some(existing) = self.id_named(Kind::Endpoint, endpoint)? else { return Ok(None) };
        Ok(self.tx.facts().header(existing)?.and_then(|known| match &*known.attributes {
            Attributes::Endpoint(it) => Some(it.kind.sharing()),
            _ => None,
        }))
    }

    fn change_share(&mut self, location: SourceLocation, declared: &DeclaredShare, existing: &Binding) -> Result<()> {
        let permissions = (existing.attributes.permissions != declared.permissions).then_some(declared.permissions);
        let expires = declared.expires.filter(|it| it.resolve_at(self.tx.at) != existing.expires);
        if let Some(class) = declared.class
            && class != existing.attributes.share_class()
        {
            let (path, who) = (self.tx.name(existing.resource)?, self.tx.participant(existing, existing.principal)?);
            return Err(Problem::conflict(
                "fixed_class",
                format!(
                    "the share of `{path}` with {who} is of class {}, not {}",
                    existing.attributes.share_class().as_str(),
                    class.as_str()
                ),
            )
            .tip("revoke it first, or leave out `class`"));
        }
        if permissions.is_none() && expires.is_none() {
            if self.tx.actor.principal() != existing.grantor && !self.may_skip(Verb::ViewShares, existing.resource)? {
                return Err(Problem::not_found(
                    "share",
                    &format!("{}:{} with {}", declared.endpoint, declared.path, declared.principal),
                ));
            }
        } else {
            let by = match existing.grantor {
                Some(sharer) => Sharer::parse(&self.tx.name(sharer)?)?,
                None => Sharer::Operator,
            };
            let class = Some(existing.attributes.share_class());
            let which = ShareSelector { principal: declared.principal.clone(), by: Some(by), class };
            share::set(&mut self.tx, (&declared.endpoint, &declared.path), &which, (permissions, expires), false)?;
        }
        self.declare_binding(existing, &declared.ids, location)
    }
}

/// A sharer's lack of rights in a file of the operator's is a conflict (docs/decisions.md#manifests): nobody who acts
/// is denied anything, the file contradicts the state.
fn without_basis(problem: Problem) -> Problem {
    match problem.kind {
        ProblemKind::Denied => Problem { kind: ProblemKind::Conflict, code: "unfounded_share", ..problem },
        _ => problem,
    }
}

fn not_oneself(sharer: &Resource) -> Problem {
    Problem::denied(OWN_NAME, format!("only {} may share as {}", sharer.reference(), sharer.reference()))
        .tip(format!("apply the share as its sharer: --as {}", sharer.shell_name()))
}
