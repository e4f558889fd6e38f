//! Questions of a long list: what they name is looked up once, and kept at hand in bounded memory.
//!
//! It is [`Asked::read`](super::asked::Asked::read) for lists: the same rules, in the same order. Only
//! the nearest spelling of a name that is not there is left out, since looking for it goes through
//! every name there is, and a list may hold a million that are not there.

use std::cell::Cell;
use std::hash::BuildHasher;
use std::rc::Rc;

use hashbrown::DefaultHashBuilder;

use super::super::view::View;
use super::asked::{On, may_ask_about_others, oneself, themselves_only};
use crate::model::{Id, Kind, Problem, Reference};
use crate::ops::{Actor, Viewer};
use crate::policy::shelf::Shelf;
use crate::policy::{Facts, Question};
use crate::render::RenderError;

/// A principal that was named.
struct Who {
    text: Box<str>,
    reference: Reference,
    /// Whether it is whoever asks.
    is_oneself: bool,
    id: Cell<Option<Id>>,
}

/// A resource that was named.
struct Where {
    text: Box<str>,
    on: On,
    /// Whether whoever asks may ask about others there.
    others: Cell<Option<bool>>,
}

/// What was named so far.
pub(super) struct Known<'v, 'r, F: Facts> {
    view: &'v View<'r, F>,
    viewer: Viewer<'v, F>,
    /// By the hash of their texts.
    hasher: DefaultHashBuilder,
    principals: Shelf<Who>,
    resources: Shelf<Where>,
}

impl<'v, 'r, F: Facts> Known<'v, 'r, F> {
    pub(super) fn new(view: &'v View<'r, F>) -> Result<Known<'v, 'r, F>, Problem> {
        Ok(Known {
            view,
            viewer: view.viewer()?,
            hasher: DefaultHashBuilder::default(),
            principals: Shelf::new(),
            resources: Shelf::new(),
        })
    }

    /// Reads a question and finds what it is about.
    pub(super) fn question(&self, who: &str, action: &str, on: &str) -> Result<Question, RenderError> {
        let view = self.view;
        let who = self.principal(who)?;
        let place = self.resource(on, action)?;
        if let Some(folder) = action.strip_prefix("move-to=").or_else(|| action.strip_prefix("copy-to="))
            && let Ok(folder @ Reference::Item(..)) = Reference::parse(folder, Kind::Item)
        {
            self.seen(&folder)?;
        }
        let action = place.on.action(view, action)?;
        let principal = match who.id.get() {
            Some(id) if who.is_oneself => id,
            known => {
                if !self.may_ask_about_others(&place)? {
                    return Err(themselves_only(view)?.into());
                }
                match known {
                    Some(id) => id,
                    None => self.resolve(&who)?,
                }
            }
        };
        Ok(Question { principal, action, resource: place.on.id, at: view.at })
    }

    fn principal(&self, text: &str) -> Result<Rc<Who>, RenderError> {
        let hash = self.hasher.hash_one(text);
        if let Some(known) = self.principals.get(hash, |known| *known.text == *text) {
            return Ok(known);
        }
        let reference = Reference::principal(text)?;
        let own = oneself(self.view, &reference)?;
        let who = Who { text: text.into(), reference, is_oneself: own.is_some(), id: Cell::new(own) };
        Ok(self.principals.put(hash, who))
    }

    fn resolve(&self, who: &Who) -> Result<Id, Problem> {
        self.seen(&who.reference)?;
        let (id, _) = self.view.resolve(&who.reference)?;
        who.id.set(Some(id));
        Ok(id)
    }

    fn resource(&self, text: &str, action: &str) -> Result<Rc<Where>, RenderError> {
        let hash = self.hasher.hash_one(text);
        if let Some(known) = self.resources.get(hash, |known| *known.text == *text) {
            return Ok(known);
        }
        let reference = Reference::parse(text, Kind::Server)?;
        // Whether a private endpoint is there for an actor depends on the action, so it is looked up each time.
        let is_steady = self.sees_all() || reference.kind() != Some(Kind::Endpoint);
        if is_steady {
            self.seen(&reference)?;
        }
        let on = On::of(self.view, &reference, action)?;
        let place = Where { text: text.into(), on, others: Cell::new(None) };
        Ok(if is_steady { self.resources.put(hash, place) } else { Rc::new(place) })
    }

    fn may_ask_about_others(&self, place: &Where) -> Result<bool, Problem> {
        if let Some(known) = place.others.get() {
            return Ok(known);
        }
        let may = may_ask_about_others(self.view, place.on.id, place.on.kind)?;
        place.others.set(Some(may));
        Ok(may)
    }

    fn sees_all(&self) -> bool {
        self.view.actor == Actor::Operator
    }

    /// Refuses what is not there, or not for whoever asks, without looking for what is spelt alike.
    fn seen(&self, reference: &Reference) -> Result<(), Problem> {
        let facts = &self.view.facts;
        let (found, noun, name) = match reference {
            Reference::Named(kind, name) => (facts.named(*kind, None, name.key())?, kind.noun(), name.to_string()),
            Reference::Item(endpoint, path) => {
                let nearest = match facts.named(Kind::Endpoint, None, endpoint.key())? {
                    // Whoever sees everything needs no look at each folder on the way.
                    Some(_) if self.sees_all() => return Ok(()),
                    Some(endpoint) => facts.nearest_item(endpoint.id, path)?,
                    None => None,
                };
                let nearest = nearest.map(|(item, _)| facts.resource(item)).transpose()?.flatten();
                (nearest, "file or folder", reference.to_string())
            }
            _ => return Ok(()),
        };
        match found {
            Some(found) if self.viewer.sees(&found)? => Ok(()),
            _ => Err(Problem::not_found(noun, &name)),
        }
    }
}
