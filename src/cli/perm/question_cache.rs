//! Parses the questions of a long list. Names are resolved once and cached in bounded memory, which all threads share.
//!
//! This is [`ParsedQuestion::read`](super::question::ParsedQuestion::read) for lists: the same rules, in the same
//! order. The only difference: no similar name is suggested for an unknown one, since that search goes through all
//! names, and a list may hold a million unknown names.

use std::hash::BuildHasher;
use std::sync::{Arc, OnceLock};

use hashbrown::DefaultHashBuilder;

use super::super::view::ReadView;
use super::question::{ResourceArg, may_ask_about_others, oneself, others_refused};
use crate::model::catalogue::{NOT_GRANTED, Rule};
use crate::model::{Id, Kind, Path, Problem, Reference};
use crate::ops::{Actor, AnyViewer};
use crate::policy::cache::SharedCache;
use crate::policy::{Decision, Facts, Question, Subject, Target, allows, decide_on};
use crate::render::RenderError;

/// A cached principal. Its subject is loaded when first needed.
struct NamedPrincipal<'s, F: Facts> {
    text: Box<str>,
    /// Whether the principal is the actor.
    is_oneself: bool,
    id: OnceLock<Id>,
    subject: OnceLock<Subject<'s, F>>,
    reference: Reference,
}

/// A cached resource. Its target is loaded when first needed.
struct NamedResource {
    text: Box<str>,
    on: ResourceArg,
    /// Whether the reader may ask about others on the resource.
    others: OnceLock<bool>,
    target: OnceLock<Option<Target>>,
}

/// A path of fewer bytes cannot have more folders than a path may have.
const MAX_SHORT_PATH: usize = 1024;

/// How many folders up the search for a cached folder goes, for facts in memory, where each lookup costs little.
pub(super) const UP: usize = 16;

impl NamedResource {
    fn new(text: &str, on: ResourceArg) -> NamedResource {
        NamedResource { text: text.into(), on, others: OnceLock::new(), target: OnceLock::new() }
    }
}

/// A parsed request with its cached principal and resource.
pub(super) struct CachedQuestion<'s, F: Facts> {
    pub(super) question: Question,
    who: Arc<NamedPrincipal<'s, F>>,
    resource: Arc<NamedResource>,
}

/// The cache of names, for one actor and one moment.
pub(super) struct Named<'s, F: Facts> {
    /// The hasher of texts, by which both caches are indexed.
    hasher: DefaultHashBuilder,
    principals: SharedCache<NamedPrincipal<'s, F>>,
    resources: SharedCache<NamedResource>,
    /// How many folders up the search for a cached folder goes, beyond the nearest.
    up: usize,
}

impl<F: Facts> Named<'_, F> {
    pub(super) fn new(up: usize) -> Self {
        Named {
            hasher: DefaultHashBuilder::default(),
            principals: SharedCache::new(),
            resources: SharedCache::new(),
            up,
        }
    }
}

/// Parses requests and decides them, with cached names.
pub(super) struct QuestionCache<'v, 'r, 's, F: Facts> {
    view: &'v ReadView<'r, &'s F>,
    viewer: AnyViewer<'v>,
    named: &'v Named<'s, F>,
}

impl<F: Facts> CachedQuestion<'_, F> {
    fn target(&self, facts: &F) -> Result<Option<&Target>, Problem> {
        Ok(match self.resource.target.get() {
            Some(target) => target.as_ref(),
            None => {
                let target = Target::load(facts, self.question.resource)?;
                self.resource.target.get_or_init(|| target).as_ref()
            }
        })
    }
}

impl<'v, 'r, 's, F: Facts> QuestionCache<'v, 'r, 's, F> {
    pub(super) fn new(
        view: &'v ReadView<'r, &'s F>,
        named: &'v Named<'s, F>,
    ) -> Result<QuestionCache<'v, 'r, 's, F>, Problem> {
        Ok(QuestionCache { view, viewer: view.viewer()?, named })
    }

    /// The rule that allows a request; `None` if it is denied.
    pub(super) fn allows(&self, request: &CachedQuestion<'s, F>) -> Result<Option<Rule>, Problem> {
        let Some(target) = request.target(self.view.facts)? else { return Ok(None) };
        Ok(allows(self.subject(request)?, request.question.action, target)?)
    }

    /// As [`allows`](QuestionCache::allows), with the rule of a denial.
    pub(super) fn decide(&self, request: &CachedQuestion<'s, F>) -> Result<Decision, Problem> {
        match request.target(self.view.facts)? {
            Some(target) => Ok(decide_on(self.subject(request)?, request.question.action, target)?),
            None => Ok(Decision { allowed: false, rule: NOT_GRANTED, proof: Vec::new() }),
        }
    }

    fn subject<'q>(&self, request: &'q CachedQuestion<'s, F>) -> Result<&'q Subject<'s, F>, Problem> {
        Ok(match request.who.subject.get() {
            Some(subject) => subject,
            None => {
                let subject = Subject::new(self.view.facts, request.question.principal, self.view.at)?;
                request.who.subject.get_or_init(|| subject)
            }
        })
    }

    /// Parses a request and resolves its names.
    pub(super) fn request(&self, who: &str, action: &str, on: &str) -> Result<CachedQuestion<'s, F>, RenderError> {
        let view = self.view;
        let who = self.principal(who)?;
        let resource = self.resource(on, action)?;
        if let Some(folder) = action.strip_prefix("move-to=").or_else(|| action.strip_prefix("copy-to="))
            && let Ok(folder @ Reference::Item(..)) = Reference::parse(folder, Kind::Item)
        {
            self.require_visible(&folder)?;
        }
        let action = resource.on.action(view, action)?;
        let principal = match who.id.get().copied() {
            Some(id) if who.is_oneself => id,
            known => {
                if !self.may_ask_about_others(&resource)? {
                    return Err(others_refused(view)?.into());
                }
                match known {
                    Some(id) => id,
                    None => self.resolve(&who)?,
                }
            }
        };
        let question = Question { principal, action, resource: resource.on.id, at: view.at };
        Ok(CachedQuestion { question, who, resource })
    }

    fn principal(&self, text: &str) -> Result<Arc<NamedPrincipal<'s, F>>, RenderError> {
        let hash = self.named.hasher.hash_one(text);
        if let Some(known) = self.named.principals.get(hash, |known| *known.text == *text) {
            return Ok(known);
        }
        let reference = Reference::principal(text)?;
        let own = oneself(self.view, &reference)?;
        let (is_oneself, id) = (own.is_some(), own.map_or_else(OnceLock::new, OnceLock::from));
        let who = NamedPrincipal { text: text.into(), is_oneself, id, subject: OnceLock::new(), reference };
        Ok(self.named.principals.put(hash, who))
    }

    fn resolve(&self, who: &NamedPrincipal<'_, F>) -> Result<Id, Problem> {
        let plain = match &who.reference {
            // An actor who sees everything needs only the id.
            Reference::Named(kind, name) if self.sees_all() => self.view.facts.id_named(*kind, None, name.key())?,
            _ => None,
        };
        let id = match plain {
            Some(id) => id,
            None => {
                self.require_visible(&who.reference)?;
                self.view.principal(&who.reference)?
            }
        };
        Ok(*who.id.get_or_init(|| id))
    }

    fn resource(&self, text: &str, action: &str) -> Result<Arc<NamedResource>, RenderError> {
        let hash = self.named.hasher.hash_one(text);
        if let Some(known) = self.named.resources.get(hash, |known| *known.text == *text) {
            return Ok(known);
        }
        if let Some(on) = self.below(text, self.named.up)? {
            return Ok(self.named.resources.put(hash, NamedResource::new(text, on)));
        }
        let reference = Reference::parse(text, Kind::Server)?;
        // Whether an actor may know of a private endpoint depends on the action, so endpoints are not cached for
        // actors.
        let is_steady = self.sees_all() || !matches!(reference.kind(), Some(Kind::Endpoint) | None);
        let on = match self.nearest(&reference)? {
            Some(on) => on,
            None => {
                if is_steady {
                    self.require_visible(&reference)?;
                }
                ResourceArg::of(self.view, &reference, action)?
            }
        };
        let resource = NamedResource::new(text, on);
        Ok(if is_steady { self.named.resources.put(hash, resource) } else { Arc::new(resource) })
    }

    /// Resolves a path from a cached folder above it or from its root, for an actor who sees everything: one lookup for
    /// each folder between, and these are cached then. `None` in all other cases.
    fn below(&self, text: &str, up: usize) -> Result<Option<ResourceArg>, Problem> {
        let Some((folder, name)) = text.rsplit_once('/').filter(|_| self.sees_all() && text.len() < MAX_SHORT_PATH)
        else {
            return Ok(None);
        };
        // The parser of whole references reports paths that are not valid.
        if folder.ends_with('/') || !Path::is_component(name) {
            return Ok(None);
        }
        // The root folder keeps its slash.
        let folder = if folder.ends_with(':') { text.get(..=folder.len()).unwrap_or(folder) } else { folder };
        let Some(above) = self.folder(folder, up)? else { return Ok(None) };
        if !above.is_registered {
            return Ok(Some(above));
        }
        Ok(Some(match self.view.facts.id_named(Kind::Item, Some(above.id), name)? {
            Some(id) => ResourceArg { id, ..above },
            None => ResourceArg { is_registered: false, ..above },
        }))
    }

    /// The folder of a path, if that or a folder at most `up` levels above it is cached.
    fn folder(&self, text: &str, up: usize) -> Result<Option<ResourceArg>, Problem> {
        let hash = self.named.hasher.hash_one(text);
        if let Some(known) = self.named.resources.get(hash, |known| *known.text == *text) {
            return Ok((known.on.kind == Kind::Item).then_some(known.on));
        }
        let Some(up) = up.checked_sub(1) else { return Ok(None) };
        let found = if text.ends_with('/') {
            Reference::parse(text, Kind::Server).map_or(Ok(None), |root| self.nearest(&root))?
        } else {
            self.below(text, up)?
        };
        if let Some(on) = found.filter(|on| on.is_registered) {
            self.named.resources.put(hash, NamedResource::new(text, on));
        }
        Ok(found)
    }

    /// Resolves a path for an actor who sees everything, without reading the path's folders. `None` for all other
    /// actors, for references that are not paths, and for paths without an endpoint.
    fn nearest(&self, reference: &Reference) -> Result<Option<ResourceArg>, Problem> {
        let Reference::Item(endpoint, path) = reference else { return Ok(None) };
        if !self.sees_all() {
            return Ok(None);
        }
        let facts = &self.view.facts;
        let Some(endpoint) = facts.id_named(Kind::Endpoint, None, endpoint.key())? else { return Ok(None) };
        let found = facts.nearest_item(endpoint, path)?;
        Ok(found.map(|(id, depth)| ResourceArg { id, kind: Kind::Item, is_registered: depth == path.depth() }))
    }

    fn may_ask_about_others(&self, resource: &NamedResource) -> Result<bool, Problem> {
        if let Some(known) = resource.others.get() {
            return Ok(*known);
        }
        let may = may_ask_about_others(self.view, resource.on.id, resource.on.kind)?;
        Ok(*resource.others.get_or_init(|| may))
    }

    fn sees_all(&self) -> bool {
        self.view.actor == Actor::Operator
    }

    /// Fails for a name that does not exist or that the reader may not see, without a search for similar names.
    fn require_visible(&self, reference: &Reference) -> Result<(), Problem> {
        let facts = &self.view.facts;
        let (found, noun, name) = match reference {
            Reference::Named(kind, name) => (facts.named(*kind, None, name.key())?, kind.noun(), name.to_string()),
            Reference::Id(id) => (facts.identified(&id.to_string())?, Kind::ExternalId.noun(), id.to_string()),
            Reference::Item(endpoint, path) => {
                let nearest = match facts.named(Kind::Endpoint, None, endpoint.key())? {
                    // An actor who sees everything needs no check of the path's folders.
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
