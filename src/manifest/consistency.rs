//! What a file alone shows to be impossible, whatever is in the store: a kind that cannot hold what is declared
//! for it, a version too old for it, a share of a share, groups in a circle.
//!
//! The rules are those of the operations; here they are asked of what the file says, so that `validate`, `plan`
//! and `apply` answer alike. What the file leaves open, as the kind of an endpoint that it only names, is for
//! the store to answer.

use std::collections::{HashMap, HashSet};

use super::contradiction::Declared;
use super::statement::{Endpoint as EndpointSaid, Ensure, Item, Said, Share, Spot, Statement, Workspace};
use crate::input::document::Diagnostic;
use crate::model::attributes::{Endpoint, EndpointKind, ItemType, NodeVersion, Sharing};
use crate::model::{Id, Kind, Name, Path, Problem, Reference, Role};
use crate::ops::home::{self, HomeFolder};
use crate::ops::{endpoint, share};

/// What is known so far of a file that is looked at statement by statement.
#[derive(Debug, Default)]
pub struct Consistency {
    /// Endpoints whose kind is said, by key.
    endpoints: HashMap<String, Known>,
    /// Workspaces whose files' folder is declared, by organization and name.
    files: HashMap<(String, String), (Name, Path)>,
    /// Groups that are in groups: the one, the one it is in, and where that is said.
    nested: Vec<(Name, Name, Spot)>,
    /// What the files declare, where a row may contradict another file.
    declared: Option<Declared>,
}

/// An endpoint as the file has it.
#[derive(Debug)]
struct Known {
    /// The definition; its creator is the first administrator that is named.
    endpoint: Endpoint,
    /// Whom the file names first.
    creator: Option<Reference>,
    /// What is said to be a file.
    files: HashSet<Path>,
}

/// Ids that stand for an endpoint's creator and for everybody else.
const CREATOR: Id = Id(1);
const OTHER: Id = Id(2);

impl Consistency {
    /// Looks at all that some files say together. Answers every mistake, with the number of its source.
    pub(super) fn of(statements: &[Statement]) -> (Consistency, Vec<(u32, Diagnostic)>) {
        let mut known = Consistency::default();
        // What an endpoint holds may be declared before it.
        for statement in statements {
            match &statement.said {
                Said::Endpoint(endpoint) => known.endpoint(endpoint),
                Said::Item(item) => known.file(item),
                Said::Workspace(workspace) => known.workspace(workspace),
                _ => {}
            }
        }
        let mut wrong: Vec<(u32, Diagnostic)> = statements.iter().filter_map(|it| known.look(it)).collect();
        wrong.extend(known.circles());
        (known, wrong)
    }

    /// Remembers what files declare, so that rows beside them can be held against it.
    pub fn remember(&mut self, statements: &[Statement]) {
        let mut declared = Declared::default();
        for statement in statements {
            // Contradictions between these were found when they were put together.
            let _ = declared.add(statement);
        }
        self.declared = Some(declared);
    }

    /// Checks a row: it may be impossible beside the rows before it, or contradict another file. `told` formats
    /// a place.
    pub fn row(&mut self, statement: &Statement, told: &dyn Fn(Spot) -> String) -> Option<Diagnostic> {
        if let Some((diagnostic, before)) = self.declared.as_mut().and_then(|declared| declared.add(statement)) {
            let message = format!("{} in {}", diagnostic.message, told(before));
            return Some(Diagnostic { message, ..diagnostic }.tip("say it once, or the same twice"));
        }
        match &statement.said {
            Said::Account(_) => return None,
            Said::Endpoint(endpoint) => self.endpoint(endpoint),
            Said::Workspace(workspace) => self.workspace(workspace),
            _ => {}
        }
        self.look(statement).map(|(_, diagnostic)| diagnostic)
    }

    /// Groups that are in one another, each circle once: what is said last of it.
    pub fn circles(&self) -> Vec<(u32, Diagnostic)> {
        let mut within: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, (member, ..)) in self.nested.iter().enumerate() {
            within.entry(member.key()).or_default().push(at);
        }
        let (mut state, mut wrong): (HashMap<&str, bool>, Vec<(u32, Diagnostic)>) = (HashMap::new(), Vec::new());
        for (start, ..) in &self.nested {
            // Groups on the way, each with how many of those it is in were looked at.
            let mut way: Vec<(&str, usize)> = vec![(start.key(), 0)];
            if state.contains_key(start.key()) {
                continue;
            }
            state.insert(start.key(), false);
            while let Some((group, next)) = way.last_mut() {
                let edge = within.get(*group).and_then(|edges| edges.get(*next)).and_then(|at| self.nested.get(*at));
                let Some((member, of, spot)) = edge else {
                    state.insert(group, true);
                    way.pop();
                    continue;
                };
                *next += 1;
                match state.get(of.key()) {
                    Some(true) => {}
                    Some(false) => {
                        let message = format!("group:{member} cannot be a member of group:{of}: a cycle");
                        let diagnostic =
                            Diagnostic::at_span(spot.place, message).tip("groups nest, but none may contain itself");
                        wrong.push((spot.source, diagnostic));
                    }
                    None => {
                        state.insert(of.key(), false);
                        way.push((of.key(), 0));
                    }
                }
            }
        }
        wrong
    }

    fn endpoint(&mut self, said: &EndpointSaid) {
        // Only a share opens a folder, and only a node has a version.
        let kind = match (said.kind, &said.of, &said.node_version) {
            (Some(kind), ..) => kind,
            (None, Some(_), _) => EndpointKind::Share,
            (None, None, Some(_)) => EndpointKind::Node,
            (None, None, None) => return,
        };
        if said.ensure == Ensure::Absent {
            return;
        }
        let node_version = match (&said.node_version, kind) {
            (Some(version), _) => Some(version.clone()),
            // It may be that of the store, and hold whatever a node can hold.
            (None, EndpointKind::Node) => Some(NodeVersion::CUSTOM_SETS),
            (None, _) => None,
        };
        let managed = said.managed.unwrap_or(true);
        let endpoint = Endpoint { managed, node_version, creator: Some(CREATOR), ..Endpoint::of_kind(kind) };
        let creator = said.administrators.first().cloned();
        let files = self.endpoints.remove(said.name.key()).map(|known| known.files).unwrap_or_default();
        self.endpoints.insert(said.name.key().to_owned(), Known { endpoint, creator, files });
    }

    fn workspace(&mut self, said: &Workspace) {
        if let (Ensure::Present, Some(files)) = (said.ensure, &said.files) {
            self.files.insert((said.org.key().to_owned(), said.name.key().to_owned()), files.clone());
        }
    }

    fn file(&mut self, said: &Item) {
        if said.item_type == Some(ItemType::File)
            && said.ensure == Ensure::Present
            && let Some(known) = self.endpoints.get_mut(said.endpoint.key())
        {
            known.files.insert(said.path.clone());
        }
    }

    /// What is impossible in a statement.
    fn look(&mut self, statement: &Statement) -> Option<(u32, Diagnostic)> {
        let spot = statement.spot;
        let problem = match &statement.said {
            Said::Endpoint(said) => self.definition(said),
            Said::Role(said) => self.endpoints.get(said.endpoint.key()).and_then(|known| {
                let is_creator = said.role == Role::EndpointAdministrator && known.creator.as_ref() == Some(&said.who);
                let holder = if is_creator { CREATOR } else { OTHER };
                endpoint::refuse_unfit(&known.endpoint, &said.endpoint, said.role, holder).err()
            }),
            Said::Share(said) => self.endpoints.get(said.endpoint.key()).and_then(|known| known.refused(said)),
            Said::Item(said) if said.ensure == Ensure::Present => self
                .endpoints
                .get(said.endpoint.key())
                .and_then(|known| known.within_a_file(&said.endpoint, &said.path, false)),
            Said::Member(said) => {
                if let (Kind::Group, Reference::Named(Kind::Group, who)) = (said.kind, &said.who) {
                    self.nested.push((who.clone(), said.of.clone(), spot));
                }
                None
            }
            Said::WorkspaceMember(said) => match &said.home {
                HomeFolder::At(endpoint, path) => self
                    .files
                    .get(&(said.org.key().to_owned(), said.workspace.key().to_owned()))
                    .and_then(|files| home::refuse_elsewhere((&files.0, &files.1), (endpoint, path)).err()),
                HomeFolder::Usual | HomeFolder::Missing => None,
            },
            _ => None,
        };
        // What is to be typed is of no use in a file.
        problem
            .map(|problem| (spot.source, Diagnostic::from_problem(spot.place, Problem { tips: Vec::new(), ..problem })))
    }

    fn definition(&self, said: &EndpointSaid) -> Option<Problem> {
        let known = self.endpoints.get(said.name.key())?;
        let declared = Endpoint { node_version: said.node_version.clone(), ..known.endpoint.clone() };
        endpoint::check_version(&declared).err().or_else(|| {
            let (host, _) = said.of.as_ref()?;
            let is_share = self.endpoints.get(host.key()).is_some_and(|it| it.endpoint.kind == EndpointKind::Share);
            endpoint::refuse_shared_folder(known.endpoint.kind, is_share, host).err()
        })
    }
}

impl Known {
    /// Why a share cannot be. Most can, and there may be very many.
    fn refused(&self, said: &Share) -> Option<Problem> {
        if !self.endpoint.takes(said.permissions) {
            let of_kind = format!("of kind {}", self.endpoint.kind.as_str());
            return share::unfit(&self.endpoint, &of_kind, &said.endpoint, said.permissions);
        }
        share::refuse_principal(&said.principal, &self.endpoint)
            .err()
            .or_else(|| self.within_a_file(&said.endpoint, &said.path, true))
    }

    /// What lies in a file, which holds nothing; and where access managers share, a file itself.
    fn within_a_file(&self, endpoint: &Name, path: &Path, is_shared: bool) -> Option<Problem> {
        if self.files.is_empty() {
            return None;
        }
        let is_managed = self.endpoint.kind.sharing() == Sharing::Managed;
        let parent = |path: &Path| path.split_last().map(|(folder, _)| folder);
        let own = (is_shared && is_managed).then(|| path.clone());
        let above = std::iter::successors(parent(path), parent);
        let file = own.into_iter().chain(above).find(|path| self.files.contains(path))?;
        Some(Problem::conflict("not_a_folder", format!("`{endpoint}:{file}` is a file, not a folder")))
    }
}
