//! A store opened for reading: the facts at one moment, as one reader may see them.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::rc::Rc;

use super::clock;
use crate::model::escape::printable;
use crate::model::name::key;
use crate::model::reference::{PastReference, ended_reference, full_reference};
use crate::model::{Binding, Id, Kind, Name, Path, Problem, ProblemKind, Reference, Resource, Revision, Time, Verb};
use crate::ops::separation::Conflict;
use crate::ops::{
    Actor, AnyViewer, ResolvedPath, Transaction, Viewer, find, find_item, find_workspace, require_active, resolve,
    with_kind,
};
use crate::policy::disclosure::HIDDEN;
use crate::policy::{AdaptiveFacts, BindingQuery, CurrentRights, Facts};
use crate::render::RenderError;
use crate::store::{Reader, Snapshot, StoreFacts, TodayFacts};

/// The facts at the requested moment, and the reader.
pub(super) struct ReadView<'r, F: Facts = StoreFacts<'r>> {
    pub(super) reader: &'r Reader,
    pub(super) facts: F,
    pub(super) actor: Actor,
    /// The time at which expiries are evaluated.
    pub(super) at: Time,
    /// The last revision that the facts include.
    pub(super) revision: Revision,
    /// If another moment than now is read: today's facts, which determine the reader's rights, and the time now.
    pub(super) today: Option<(TodayFacts<'r>, Time)>,
    /// The conflicts that no change may make, and so no remedy either.
    pub(super) enforced: Rc<[Conflict]>,
    /// A warning about the times of the log, by which the moment was chosen.
    pub(super) warning: Option<String>,
}

/// The moment and actor of a view without its reader: each thread opens the view through a reader of its own.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    actor: Actor,
    at: Time,
    revision: Revision,
    /// The time now, if another moment is read.
    now: Option<Time>,
    /// The last revision of the store when it was opened.
    last: Revision,
}

impl Moment {
    /// The same view on given facts, through another reader; `None` if the store changed before that reader was opened.
    pub(super) fn view<'r, F: Facts>(self, reader: &'r Reader, facts: F) -> Result<Option<ReadView<'r, F>>, Problem> {
        let Moment { actor, at, revision, now, last } = self;
        let today = now.map(|now| (TodayFacts::new(reader), now));
        let is_same = reader.last_revision()? == last;
        Ok(is_same.then_some(ReadView {
            reader,
            facts,
            actor,
            at,
            revision,
            today,
            enforced: Rc::default(),
            warning: None,
        }))
    }
}

impl<'r> ReadView<'r> {
    pub(super) fn new(reader: &'r Reader, actor: Actor, at: Option<&str>, now: Time) -> Result<ReadView<'r>, Problem> {
        // An actor who may do nothing now may not read the past either.
        require_active(&reader.facts(), actor, now)?;
        let last = reader.last_revision()?;
        let Some(text) = at else {
            return Ok(ReadView {
                reader,
                facts: reader.facts(),
                actor,
                at: now,
                revision: last,
                today: None,
                enforced: Rc::default(),
                warning: None,
            });
        };
        // Reading the past takes today's rights (docs/model.md#time-and-the-past).
        let today = Some((TodayFacts::new(reader), now));
        let last_at = reader.revision(last)?.map(|entry| entry.at);
        let warning = last_at.filter(|last_at| clock::is_ahead(*last_at, now)).map(|last_at| {
            format!(
                "the log is dated up to {last_at}, though the clock says {now}: `--at` goes by the times of the log"
            )
        });
        if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
            let revision: Revision = text.parse().map_err(|_| Problem::not_found("revision", text))?;
            if revision > last {
                return Err(
                    Problem::not_found("revision", &printable(text)).tip(format!("the last revision is {last}"))
                );
            }
            // Expiry is judged at the time of that revision (docs/model.md#time-and-the-past).
            let at = reader.revision(revision)?.map_or(now, |entry| entry.at);
            return Ok(ReadView {
                reader,
                facts: reader.facts_at(revision),
                actor,
                at,
                revision,
                today,
                enforced: Rc::default(),
                warning,
            });
        }
        let at = Time::parse(text).map_err(|problem| problem.tip("or a revision's number, as in `--at 42`"))?;
        let revision = reader.revision_at(at)?;
        let facts = if revision == last { reader.facts() } else { reader.facts_at(revision) };
        Ok(ReadView { reader, facts, actor, at, revision, today, enforced: Rc::default(), warning })
    }

    /// Calls `visit` with every resource of a kind without parents that the reader may see, in order of name, starting
    /// after a reference. The resources are streamed.
    pub(super) fn each(
        &self,
        kind: Kind,
        after: Option<&str>,
        visit: &mut dyn FnMut(Resource) -> Result<ControlFlow<()>, RenderError>,
    ) -> Result<(), RenderError> {
        let viewer = self.viewer()?;
        let after = after.map(|text| {
            let name = text.strip_prefix(kind.as_str()).and_then(|rest| rest.strip_prefix(':')).unwrap_or(text);
            key(name)
        });
        let mut stopped = Ok(());
        let mut seen = |resource: Resource| match viewer.sees(&resource)? {
            true => visit(resource),
            false => Ok(ControlFlow::Continue(())),
        };
        self.facts.resources_in_order(kind, after.as_deref(), &mut |resource| {
            Ok(seen(resource).unwrap_or_else(|error| {
                stopped = Err(error);
                ControlFlow::Break(())
            }))
        })?;
        stopped
    }

    /// The same view with the facts in memory, for commands that ask many questions.
    pub(super) fn in_memory(&self) -> Result<ReadView<'r, Snapshot>, Problem> {
        let ReadView { reader, actor, at, revision, today, .. } = *self;
        let (enforced, warning) = (Rc::clone(&self.enforced), self.warning.clone());
        Ok(ReadView { reader, facts: self.facts.snapshot()?, actor, at, revision, today, enforced, warning })
    }
}

/// Reading this many ids with the whole store costs as much as one index lookup.
const ONE_OF: u64 = 16;

/// Facts of a store that are read into memory once many lookups are made.
pub(super) fn adaptive(facts: StoreFacts<'_>) -> Result<AdaptiveFacts<'_>, Problem> {
    let most = facts.last_id()?.0 / ONE_OF;
    let load = move || facts.snapshot().ok().map(|it| Box::new(it) as Box<dyn Facts>);
    Ok(AdaptiveFacts::new(facts, most, load))
}

impl<'r> ReadView<'r> {
    /// The same view with facts that are read into memory once many lookups are made.
    pub(super) fn adaptive(&self) -> Result<ReadView<'r, AdaptiveFacts<'r>>, Problem> {
        let ReadView { reader, actor, at, revision, facts, today, .. } = *self;
        let (enforced, warning) = (Rc::clone(&self.enforced), self.warning.clone());
        Ok(ReadView { reader, facts: adaptive(facts)?, actor, at, revision, today, enforced, warning })
    }
}

impl<F: Facts> ReadView<'_, F> {
    /// The moment of the view.
    pub(super) fn moment(&self) -> Result<Moment, Problem> {
        let ReadView { actor, at, revision, .. } = *self;
        let now = self.today.map(|(_, now)| now);
        Ok(Moment { actor, at, revision, now, last: self.reader.last_revision()? })
    }

    /// The reader's current rights, if another moment than now is read.
    fn rights(&self) -> Option<CurrentRights<'_>> {
        self.today.as_ref().map(|(facts, at)| CurrentRights { facts, today: facts.now(), at: *at })
    }

    /// The reader, with the rights of today.
    pub(super) fn viewer(&self) -> Result<AnyViewer<'_>, Problem> {
        match self.rights() {
            Some(rights) => Ok(rights.viewer(self.actor)?),
            None => Ok(Viewer::new(&self.facts as &dyn Facts, self.actor, self.at)?),
        }
    }

    /// The reader with the rights of the moment that is read.
    pub(super) fn viewer_at_moment(&self) -> Result<AnyViewer<'_>, Problem> {
        Ok(Viewer::new(&self.facts as &dyn Facts, self.actor, self.at)?)
    }

    /// Resolves a path to its item or the nearest registered folder, if the reader may see it.
    pub(super) fn find_item(&self, endpoint: &Name, path: &Path) -> Result<ResolvedPath, Problem> {
        find_item(&self.facts, &self.viewer()?, endpoint, path)
    }

    /// The file or folder that is registered under this path, if the reader may see it.
    pub(super) fn registered_item(&self, endpoint: &Name, path: &Path) -> Result<Id, Problem> {
        let item = self.find_item(endpoint, path)?;
        // The same words as for a path that the reader may not see.
        let missing = || Problem::not_found("file or folder", &format!("{endpoint}:{path}"));
        item.missing.is_empty().then_some(item.nearest.id).ok_or_else(missing)
    }

    /// The workspace of that name, if the reader may see it.
    pub(super) fn find_workspace(&self, org: &Name, name: &Name) -> Result<Rc<Resource>, Problem> {
        find_workspace(&self.facts, &self.viewer()?, org, name)
    }

    /// The resource of that kind and name, if the reader may see it.
    pub(super) fn find(&self, kind: Kind, name: &Name) -> Result<Rc<Resource>, Problem> {
        find(&self.facts, &self.viewer()?, kind, name)
    }

    /// A reference by an external id with the kind of what it identifies; every other reference unchanged.
    pub(super) fn with_kind<'r>(&self, reference: &'r Reference) -> Result<Cow<'r, Reference>, Problem> {
        with_kind(&self.facts, &self.viewer()?, reference)
    }

    /// The resource or principal that a reference names, if the reader may see it.
    pub(super) fn resolve(&self, reference: &Reference) -> Result<(Id, Kind), Problem> {
        resolve(&self.facts, &self.viewer()?, reference)
    }

    /// The principal that a reference names. It may be an access token that was removed with its workspace, which is
    /// denied everything (docs/model.md#principals). A reader sees such a token if they may list the tokens of its
    /// organization.
    pub(super) fn principal(&self, reference: &Reference) -> Result<Id, Problem> {
        let found = self.resolve(reference);
        let (Err(problem), Reference::Numbered(Kind::AccessToken, number)) = (&found, reference) else {
            return found.map(|(id, _)| id);
        };
        if problem.kind == ProblemKind::NotFound
            && self.facts.header(Id(*number))?.is_none()
            && let Some(token) = self.reader.last_version(Id(*number))?.filter(|it| it.kind() == Kind::AccessToken)
            && let Some(workspace) = token.parent.map(|id| self.reader.last_version(id)).transpose()?.flatten()
            && let Some(org) = workspace.parent
            && self.viewer()?.may(Verb::ListAccessTokens, org)?
        {
            return Ok(token.id);
        }
        found.map(|(id, _)| id)
    }

    /// As [`resolve`](ReadView::resolve), but also resolves ended resources in the notation of the output:
    /// `user:pi#18`. A reader who may not read the whole log does not learn whether such a resource ever existed.
    pub(super) fn resolve_or_ended(&self, reference: &PastReference) -> Result<Id, Problem> {
        let ended = match reference {
            PastReference::Existing(reference) => return Ok(self.resolve(reference)?.0),
            PastReference::Ended(ended) => ended,
        };
        // Names in older stores may look like this.
        if let Ok(reference @ Reference::Named(..)) = Reference::parse(&ended.text, ended.kind)
            && let Ok((id, _)) = self.resolve(&reference)
        {
            return Ok(id);
        }
        if !self.viewer()?.may(Verb::ViewLog, Id::SERVER)? {
            return Ok(ended.id);
        }
        let known = self.reader.last_version(ended.id)?.filter(|it| ended.is(it));
        known.map(|it| it.id).ok_or_else(|| Problem::not_found(ended.kind.noun(), &printable(&ended.text)))
    }

    /// As [`resolve_or_ended`](ReadView::resolve_or_ended), for a search of the log. A path must be registered itself: what
    /// happened to a folder above it is another question. An ended resource with a number is found by that number.
    pub(super) fn resolve_in_log(&self, reference: &PastReference) -> Result<Id, Problem> {
        let PastReference::Existing(existing) = reference else { return self.resolve_or_ended(reference) };
        let found = self.resolve(existing);
        match existing {
            Reference::Item(endpoint, path) if found.is_ok() => self.registered_item(endpoint, path),
            Reference::Numbered(kind, number) if found.is_err() && self.viewer()?.may(Verb::ViewLog, Id::SERVER)? => {
                match self.reader.last_version(Id(*number))?.filter(|it| it.kind() == *kind) {
                    Some(ended) => Ok(ended.id),
                    None => found.map(|(id, _)| id),
                }
            }
            _ => found.map(|(id, _)| id),
        }
    }

    /// The principal that a filter of shares names, including one that the reader may know only from a share, and an
    /// ended one. The filter does not reveal which principals exist: one that does not exist has no shares.
    pub(super) fn resolve_named_in_shares(&self, reference: &PastReference) -> Result<Id, Problem> {
        let PastReference::Existing(
            reference @ Reference::Named(kind @ (Kind::Account | Kind::Group | Kind::Workgroup), _),
        ) = reference
        else {
            return self.resolve_or_ended(reference);
        };
        let tx = self.transaction()?;
        let viewer = self.viewer()?;
        let listed = |id: Id| {
            for select in [BindingQuery::shares_with(id), BindingQuery::SharesBy(id)] {
                for share in self.facts.list_bindings(select)? {
                    if viewer.sees_binding(&share)? {
                        return Ok(true);
                    }
                }
            }
            Ok(false)
        };
        tx.find_listed(reference, &[*kind], &listed).map(|found| found.id)
    }

    /// The name of a resource for the reader: `hidden` if the reader may not see it.
    pub(super) fn name(&self, id: Id) -> Result<String, Problem> {
        Ok(self.visible_name(id)?.unwrap_or_else(|| HIDDEN.to_owned()))
    }

    /// The reference of a resource; `None` if the reader may not see it.
    pub(super) fn visible_name(&self, id: Id) -> Result<Option<String>, Problem> {
        // A reader of the whole log may see resources that have ended.
        let viewer = self.viewer()?;
        let may = viewer.may_name(id)? || (!self.is_there(id)? && viewer.may(Verb::ViewLog, Id::SERVER)?);
        // told: `may` is the check of the reader.
        may.then(|| self.reference(id)).transpose()
    }

    /// The name of one side of a binding for the reader: a reader who sees a binding sees both sides.
    pub(super) fn participant(&self, binding: &Binding, id: Id) -> Result<String, Problem> {
        match self.visible_name(id)? {
            Some(name) => Ok(name),
            // told: the reader may see the binding.
            None if self.viewer()?.sees_binding(binding)? => self.reference(id),
            None => Ok(HIDDEN.to_owned()),
        }
    }

    /// The name of a binding's grantor for the reader; `operator` if it has none.
    pub(super) fn grantor(&self, binding: &Binding) -> Result<String, Problem> {
        binding.grantor.map_or_else(|| Ok("operator".to_owned()), |id| self.participant(binding, id))
    }

    /// The name of an actor for the reader; `operator` for `None`.
    pub(super) fn actor_name(&self, actor: Option<Id>) -> Result<String, Problem> {
        actor.map_or_else(|| Ok("operator".to_owned()), |id| self.name(id))
    }

    fn is_there(&self, id: Id) -> Result<bool, Problem> {
        Ok(id <= Id::LAST_RESERVED || self.facts.header(id)?.is_some())
    }

    /// The reference of an id, including an ended one, without a check of the reader. Use it only if the reader is
    /// known to see the resource; output uses [`ReadView::name`] and [`ReadView::participant`].
    pub(super) fn reference(&self, id: Id) -> Result<String, Problem> {
        if self.is_there(id)? {
            // told: the callers of this function check the reader.
            return Ok(self.facts.reference(id)?);
        }
        match self.reader.last_version(id)? {
            // told: the callers of this function check the reader.
            Some(gone) => Ok(ended_reference(&gone, full_reference(&gone, &|id| self.reference(id))?)),
            None => Ok(format!("#{id}")),
        }
    }

    /// Every resource of a kind that the reader may see, by name.
    pub(super) fn all(&self, kind: Kind) -> Result<Vec<Rc<Resource>>, Problem> {
        let viewer = self.viewer()?;
        let mut found = Vec::new();
        self.facts.resources(kind, None, &mut |resource| {
            found.push(resource);
            Ok(ControlFlow::Continue(()))
        })?;
        let mut seen = Vec::with_capacity(found.len());
        for resource in found {
            if viewer.sees(&resource)? {
                seen.push(resource);
            }
        }
        seen.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(seen)
    }

    /// A transaction of the reader, for operations that only read.
    pub(super) fn transaction(&self) -> Result<Transaction<'_>, Problem> {
        Transaction::for_reading(&self.facts, self.actor, self.at, self.rights())
    }
}
