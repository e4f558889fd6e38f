//! Builds the world of a scenario file as the operator: the manifest with the reader and the planner of manifests, then
//! what is under `extra`.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use rolebook::input::document::{Diagnostic, Span};
use rolebook::manifest::plan::{Owned, PlanOptions, Planner};
use rolebook::manifest::{Source, read};
use rolebook::model::attributes::{Attributes, ReviewDecision, Verdict};
use rolebook::model::secret::Secret;
use rolebook::model::time::Expiry;
use rolebook::model::{Id, Kind, Name, Problem, Reference, Resource, Role, SetNames, Time};
use rolebook::ops::findings::{self, AcceptedFinding};
use rolebook::ops::invitation::{self, LinkSelector, LinkTerms};
use rolebook::ops::org_invitation::{self, InvitationTerms};
use rolebook::ops::review::{self, ReviewScope};
use rolebook::ops::{Actor, Transaction, key, media, package, workspace_member};
use rolebook::policy::{EmptyFacts, Facts};

use super::form::{Extra, File};

/// The facts of a file, and the names that the file gives to numbered resources.
pub(super) struct World {
    pub(super) tx: Transaction<'static>,
    /// `KIND:NAME` → its id.
    numbered: BTreeMap<String, Id>,
    /// The name of the file, for messages.
    file: String,
}

/// The resource that a reference in a file names.
pub(super) struct Meant {
    pub(super) id: Id,
    pub(super) kind: Kind,
    /// False for a path that is not registered; the nearest item above represents it.
    pub(super) is_registered: bool,
}

impl World {
    /// Panics with the mistakes of the file, each with its position.
    pub(super) fn new(file: &File, now: Time) -> World {
        let mut world = World { tx: planned(file, now), numbered: BTreeMap::new(), file: file.name.clone() };
        world.add(&file.extra).unwrap_or_else(|problem| panic!("{}: extra: {}", file.name, problem.message));
        world
    }

    /// Adds what no manifest declares, with the operations of the program.
    fn add(&mut self, extra: &Extra) -> Result<(), Problem> {
        let workspace = |text: &str| Reference::parse(text, Kind::Workspace);
        for (dropbox, addresses) in extra.invited.iter().chain(&extra.revoked) {
            let dropbox = Name::parse(dropbox)?;
            for address in addresses {
                let (address, secret) = (Name::parse_email(address)?, secret(&format!("{dropbox} {address}")));
                invitation::invite(&mut self.tx, &dropbox, &address, LinkTerms::default(), &secret)?;
            }
        }
        for (dropbox, addresses) in &extra.revoked {
            let dropbox = Name::parse(dropbox)?;
            for address in addresses {
                let link = LinkSelector::Address(Name::parse_email(address)?);
                invitation::revoke(&mut self.tx, &dropbox, &link)?;
            }
        }
        for it in &extra.packages {
            let (from, to) = (self.account(&it.from), it.to.iter().map(|who| self.account(who)).collect::<Vec<_>>());
            let made = package::record(&mut self.tx, from, &it.name, &[], &to, &[], None)?;
            self.number(Kind::Package, &it.name, made);
        }
        for (from, accounts) in &extra.left {
            let Reference::Workspace(org, name) = workspace(from)? else {
                panic!("{}: not a workspace: {from}", self.file)
            };
            for account in accounts {
                let account = Reference::parse(account, Kind::Account)?;
                workspace_member::remove(&mut self.tx, &org, &name, &[account])?;
            }
        }
        for (org, addresses) in &extra.org_invitations {
            let terms = InvitationTerms { role: Role::OrgMember, workspaces: Vec::new(), expires: None };
            for address in addresses {
                let invited = [(Name::parse_email(address)?, secret(address))];
                let made = org_invitation::invite(&mut self.tx, &Name::parse(org)?, &terms, &invited)?;
                self.number(Kind::Invitation, address, made[0]);
            }
        }
        for (name, owner) in &extra.signing_keys {
            let made = key::create_signing_key(&mut self.tx, &workspace(owner)?, "")?;
            self.number(Kind::SigningKey, name, made);
        }
        for (name, it) in &extra.access_tokens {
            let (owner, expires) = (workspace(&it.workspace)?, it.expires.as_deref().map(Expiry::parse).transpose()?);
            let made = key::create_token(&mut self.tx, &owner, it.mode, expires, &secret(name))?;
            if it.revoked {
                key::revoke_token(&mut self.tx, &Reference::Numbered(Kind::AccessToken, made.0))?;
            }
            self.number(Kind::AccessToken, name, made);
        }
        for (kind, all) in [(Kind::Media, &extra.media), (Kind::Stream, &extra.streams)] {
            for (name, owner) in all {
                let owner = workspace(owner)?;
                let made = media::add(&mut self.tx, kind, &owner, &Name::parse(name)?, None, &secret(name))?;
                self.number(kind, name, made);
            }
        }
        for (name, it) in &extra.accepted {
            let request = AcceptedFinding {
                kind: it.finding,
                on: Reference::parse(&it.on, Kind::Server)?,
                principal: None,
                reason: name.clone(),
                expires: None,
                conflicts: Vec::new(),
            };
            let made = findings::accept(&mut self.tx, &request, &|_| Ok(0))?;
            self.number(Kind::Acceptance, name, made);
        }
        for (name, reviewer) in &extra.reviews {
            let scope =
                ReviewScope { reviewer: Some(Reference::parse(reviewer, Kind::Account)?), ..ReviewScope::default() };
            let review = review::start(&mut self.tx, &Name::parse(name)?, &scope, 0)?;
            let decided = ReviewDecision {
                binding: review,
                version: 0,
                on: Id::SERVER,
                principal: self.account(reviewer),
                verdict: Verdict::Keep,
                comment: None,
                by: None,
                at: self.tx.at,
            };
            let (id, attributes) = (self.tx.new_id(), Attributes::ReviewDecision(decided));
            let (alias, sets, key) = (None, SetNames::NONE, review.to_string());
            let row =
                Resource { id, parent: Some(review), name: String::new(), key, alias, attributes, sets, since: 0 };
            self.tx.put(row);
            self.number(Kind::ReviewDecision, name, id);
        }
        self.tx.check()
    }

    /// Keeps the name that the file gives to a numbered resource.
    fn number(&mut self, kind: Kind, name: &str, id: Id) {
        let before = self.numbered.insert(format!("{kind}:{name}"), id);
        assert!(before.is_none(), "{}: two resources are {kind}:{name}", self.file);
    }

    /// Resolves a reference; a word without a colon is a name of the kind `bare`.
    pub(super) fn meant(&self, text: &str, bare: Kind) -> Meant {
        let found = |id, kind| Meant { id, kind, is_registered: true };
        if let Some(id) = self.numbered.get(text) {
            return found(*id, self.tx.facts().resource(*id).unwrap().unwrap().kind());
        }
        let named = |kind, parent, name: &Name| {
            let resource = self.tx.facts().named(kind, parent, name.key()).unwrap();
            resource.unwrap_or_else(|| panic!("{}: no {text} in the world", self.file)).id
        };
        match Reference::parse(text, bare).unwrap_or_else(|problem| panic!("{}: {}", self.file, problem.message)) {
            Reference::Server => found(Id::SERVER, Kind::Server),
            Reference::Authenticated => found(Id::AUTHENTICATED, Kind::Account),
            Reference::Anyone => found(Id::ANYONE, Kind::Account),
            Reference::Named(kind, name) => found(named(kind, None, &name), kind),
            Reference::Workspace(org, name) => {
                let org = named(Kind::Org, None, &org);
                found(named(Kind::Workspace, Some(org), &name), Kind::Workspace)
            }
            Reference::Item(endpoint, path) => {
                let endpoint = named(Kind::Endpoint, None, &endpoint);
                let (item, depth) = self.tx.facts().nearest_item(endpoint, &path).unwrap().unwrap();
                Meant { id: item, kind: Kind::Item, is_registered: depth == path.depth() }
            }
            Reference::Id(id) => {
                let mut row = None;
                let facts = self.tx.facts();
                facts
                    .aliased(Kind::ExternalId, &id.to_string(), &mut |found| {
                        row = Some(found.id);
                        Ok(ControlFlow::Break(()))
                    })
                    .unwrap();
                found(row.unwrap(), Kind::ExternalId)
            }
            other => panic!("{}: a scenario cannot name {other}", self.file),
        }
    }

    /// The account with this name, or another principal by its reference.
    pub(super) fn account(&self, who: &str) -> Id {
        self.meant(who, Kind::Account).id
    }
}

/// Applies the manifest of a file to an empty store.
fn planned(file: &File, now: Time) -> Transaction<'static> {
    let shown = |mistakes: Vec<Diagnostic>| {
        mistakes.iter().map(|it| it.render(&file.name, &file.manifest)).collect::<Vec<_>>().join("\n")
    };
    let source = Source { name: file.name.clone(), text: file.manifest.clone() };
    let manifest = read(&[source])
        .unwrap_or_else(|mistakes| panic!("{}", shown(mistakes.into_iter().map(|(_, mistake)| mistake).collect())));
    assert!(manifest.tests.is_empty(), "{}: `tests` are not run here, use `questions`", file.name);
    let tx = Transaction::new(&EmptyFacts, Actor::Operator, now).unwrap();
    let mut planner = Planner::new(tx, PlanOptions::default());
    for statement in &manifest.statements {
        planner.take(statement).unwrap();
    }
    planner.finish(&Owned::default()).unwrap();
    let refused = planner.refusals.into_iter().map(|it| {
        Diagnostic::from_problem(it.location.map_or_else(Span::default, |location| location.span), it.problem)
    });
    let refused = shown(refused.collect());
    assert!(refused.is_empty(), "{refused}");
    planner.tx
}

/// A secret that nobody uses, different for each text.
fn secret(text: &str) -> Secret {
    Secret::from_text(text.to_owned())
}
