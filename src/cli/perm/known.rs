//! Questions of a long list: what they name is looked up once, and kept at hand in bounded memory.
//!
//! It is [`Asked::read`](super::asked::Asked::read) for lists: the same rules, in the same order. Only
//! the nearest spelling of a name that is not there is left out, since looking for it goes through
//! every name there is, and a list may hold a million that are not there.

use std::cell::{Cell, OnceCell};
use std::hash::BuildHasher;
use std::rc::Rc;

use hashbrown::DefaultHashBuilder;

use super::super::view::View;
use super::asked::{On, may_ask_about_others, oneself, themselves_only};
use crate::model::catalogue::{NOT_GRANTED, Rule};
use crate::model::{Id, Kind, Problem, Reference};
use crate::ops::{Actor, AnyViewer};
use crate::policy::shelf::Shelf;
use crate::policy::{Decision, Facts, Question, Subject, Target, allows, decide_on};
use crate::render::RenderError;

/// A principal that was named, with everything it is once that was asked for.
struct Who<'v, F: Facts> {
    text: Box<str>,
    /// Whether it is whoever asks.
    is_oneself: bool,
    id: Cell<Option<Id>>,
    subject: OnceCell<Subject<'v, F>>,
    reference: Reference,
}

/// A resource that was named, with everything it lies in once that was asked for.
struct Where {
    text: Box<str>,
    on: On,
    /// Whether whoever asks may ask about others there.
    others: Cell<Option<bool>>,
    target: OnceCell<Option<Target>>,
}

/// A path that is shorter, in bytes, has no more folders than a path may.
const LONGEST: usize = 1024;

impl Where {
    fn new(text: &str, on: On) -> Where {
        Where { text: text.into(), on, others: Cell::new(None), target: OnceCell::new() }
    }
}

/// A request that was read: what it asks, and what was looked up for it.
pub(super) struct Request<'v, F: Facts> {
    pub(super) question: Question,
    who: Rc<Who<'v, F>>,
    place: Rc<Where>,
}

/// What was named so far.
pub(super) struct Known<'v, 'r, F: Facts> {
    view: &'v View<'r, F>,
    viewer: AnyViewer<'v>,
    /// By the hash of their texts.
    hasher: DefaultHashBuilder,
    principals: Shelf<Who<'v, F>>,
    resources: Shelf<Where>,
}

impl<F: Facts> Request<'_, F> {
    fn target(&self, facts: &F) -> Result<Option<&Target>, Problem> {
        Ok(match self.place.target.get() {
            Some(target) => target.as_ref(),
            None => {
                let target = Target::of(facts, self.question.resource)?;
                self.place.target.get_or_init(|| target).as_ref()
            }
        })
    }
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

    /// The rule that allows what a request asks; none where it is denied.
    pub(super) fn allows(&self, request: &Request<'v, F>) -> Result<Option<Rule>, Problem> {
        let Some(target) = request.target(&self.view.facts)? else { return Ok(None) };
        Ok(allows(self.subject(request)?, request.question.action, target)?)
    }

    /// As [`allows`](Known::allows), with the sentence of a refusal.
    pub(super) fn decide(&self, request: &Request<'v, F>) -> Result<Decision, Problem> {
        match request.target(&self.view.facts)? {
            Some(target) => Ok(decide_on(self.subject(request)?, request.question.action, target)?),
            None => Ok(Decision { allowed: false, rule: NOT_GRANTED, proof: Vec::new() }),
        }
    }

    fn subject<'q>(&self, request: &'q Request<'v, F>) -> Result<&'q Subject<'v, F>, Problem> {
        Ok(match request.who.subject.get() {
            Some(subject) => subject,
            None => {
                let subject = Subject::new(&self.view.facts, request.question.principal, self.view.at)?;
                request.who.subject.get_or_init(|| subject)
            }
        })
    }

    /// Reads a request and finds what it is about.
    pub(super) fn request(&self, who: &str, action: &str, on: &str) -> Result<Request<'v, F>, RenderError> {
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
        let question = Question { principal, action, resource: place.on.id, at: view.at };
        Ok(Request { question, who, place })
    }

    fn principal(&self, text: &str) -> Result<Rc<Who<'v, F>>, RenderError> {
        let hash = self.hasher.hash_one(text);
        if let Some(known) = self.principals.get(hash, |known| *known.text == *text) {
            return Ok(known);
        }
        let reference = Reference::principal(text)?;
        let own = oneself(self.view, &reference)?;
        let (is_oneself, id) = (own.is_some(), Cell::new(own));
        Ok(self.principals.put(hash, Who { text: text.into(), is_oneself, id, subject: OnceCell::new(), reference }))
    }

    fn resolve(&self, who: &Who<'v, F>) -> Result<Id, Problem> {
        let plain = match &who.reference {
            // Whoever sees everything needs no look at what it is.
            Reference::Named(kind, name) if self.sees_all() => self.view.facts.id_named(*kind, None, name.key())?,
            _ => None,
        };
        let id = match plain {
            Some(id) => id,
            None => {
                self.seen(&who.reference)?;
                self.view.principal(&who.reference)?
            }
        };
        who.id.set(Some(id));
        Ok(id)
    }

    fn resource(&self, text: &str, action: &str) -> Result<Rc<Where>, RenderError> {
        let hash = self.hasher.hash_one(text);
        if let Some(known) = self.resources.get(hash, |known| *known.text == *text) {
            return Ok(known);
        }
        if let Some(on) = self.beneath(text)? {
            return Ok(self.resources.put(hash, Where::new(text, on)));
        }
        let reference = Reference::parse(text, Kind::Server)?;
        // Whether a private endpoint is there for an actor depends on the action, so it is looked up each time.
        let is_steady = self.sees_all() || reference.kind() != Some(Kind::Endpoint);
        let on = match self.nearest(&reference)? {
            Some(on) => on,
            None => {
                if is_steady {
                    self.seen(&reference)?;
                }
                On::of(self.view, &reference, action)?
            }
        };
        let place = Where::new(text, on);
        Ok(if is_steady { self.resources.put(hash, place) } else { Rc::new(place) })
    }

    /// What a path leads to for whoever sees everything, where the folder it lies in was named before: one
    /// look-up instead of one for each folder on the way. None where it takes more than that.
    fn beneath(&self, text: &str) -> Result<Option<On>, Problem> {
        let Some((folder, name)) = text.rsplit_once('/').filter(|_| self.sees_all() && text.len() < LONGEST) else {
            return Ok(None);
        };
        let is_plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_');
        if name.is_empty() || !name.bytes().all(is_plain) {
            return Ok(None);
        }
        let known = self.resources.get(self.hasher.hash_one(folder), |known| *known.text == *folder);
        let Some(known) = known.filter(|it| it.on.kind == Kind::Item && it.on.is_registered) else { return Ok(None) };
        Ok(Some(match self.view.facts.id_named(Kind::Item, Some(known.on.id), name)? {
            Some(id) => On { id, ..known.on },
            None => On { is_registered: false, ..known.on },
        }))
    }

    /// What a path leads to for whoever sees everything, without a look at what lies on the way; none for
    /// everybody else and for all that is no path or leads nowhere.
    fn nearest(&self, reference: &Reference) -> Result<Option<On>, Problem> {
        let Reference::Item(endpoint, path) = reference else { return Ok(None) };
        if !self.sees_all() {
            return Ok(None);
        }
        let facts = &self.view.facts;
        let Some(endpoint) = facts.id_named(Kind::Endpoint, None, endpoint.key())? else { return Ok(None) };
        let found = facts.nearest_item(endpoint, path)?;
        Ok(found.map(|(id, depth)| On { id, kind: Kind::Item, is_registered: depth == path.depth() }))
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
