//! Checks that need only the files and not the store: a role or share that the kind of an endpoint does not support,
//! a version that is too old, a share of a share, groups in a cycle.
//!
//! The rules are those of the operations. Asking them here makes `validate`, `plan` and `apply` refuse the same
//! files. Facts that the files leave open, such as the kind of an endpoint that is only named, are checked against
//! the store later.

use std::collections::{HashMap, HashSet};

use super::contradiction::Declared;
use super::statement::{
    Declaration, DeclaredEndpoint, DeclaredItem, DeclaredShare, DeclaredWorkspace, Ensure, SourceLocation, Statement,
};
use crate::input::document::Diagnostic;
use crate::model::attributes::{Endpoint, EndpointKind, ItemType, NodeVersion, Sharing};
use crate::model::{Id, Kind, Name, Path, Problem, Reference, Role};
use crate::ops::home::{self, HomeFolder};
use crate::ops::{endpoint, share};

/// The facts of the statements seen so far.
#[derive(Debug, Default)]
pub struct Consistency {
    /// Endpoints whose kind is declared, by key.
    endpoints: HashMap<String, KnownEndpoint>,
    /// The folder of workspaces that declare `files`, by organization and name.
    files: HashMap<(String, String), (Name, Path)>,
    /// Groups in groups: the member, the containing group, and the position of the declaration.
    nested: Vec<(Name, Name, SourceLocation)>,
    /// The declared fields of all files, to find rows that contradict another file. `None` if there is one file only.
    declared: Option<Declared>,
}

/// An endpoint with a declared kind.
#[derive(Debug)]
struct KnownEndpoint {
    /// The definition, with [`CREATOR`] as its creator.
    endpoint: Endpoint,
    /// The first administrator that the file names, who becomes the creator.
    creator: Option<Reference>,
    /// The paths that are declared as files.
    files: HashSet<Path>,
}

/// Placeholder ids for the creator of an endpoint and for all others.
const CREATOR: Id = Id(1);
const OTHER: Id = Id(2);

impl Consistency {
    /// Checks all statements together. Returns every mistake, with the number of its source.
    pub(super) fn of(statements: &[Statement]) -> (Consistency, Vec<(u32, Diagnostic)>) {
        let mut known = Consistency::default();
        // The contents of an endpoint can be declared before the endpoint.
        for statement in statements {
            match &statement.declaration {
                Declaration::Endpoint(endpoint) => known.endpoint(endpoint),
                Declaration::Item(item) => known.file(item),
                Declaration::Workspace(workspace) => known.workspace(workspace),
                _ => {}
            }
        }
        let mut wrong: Vec<(u32, Diagnostic)> = statements.iter().filter_map(|it| known.check(it)).collect();
        wrong.extend(known.circles());
        (known, wrong)
    }

    /// Keeps the declared fields of files, so that later rows can be compared with them.
    pub fn remember(&mut self, statements: &[Statement]) {
        let mut declared = Declared::default();
        for statement in statements {
            // The merge found contradictions between these statements.
            let _ = declared.add(statement);
        }
        self.declared = Some(declared);
    }

    /// Checks a row against the rows before it and against other files. `describe` formats a position.
    pub fn row(&mut self, statement: &Statement, describe: &dyn Fn(SourceLocation) -> String) -> Option<Diagnostic> {
        if let Some((diagnostic, before)) = self.declared.as_mut().and_then(|declared| declared.add(statement)) {
            let message = format!("{} in {}", diagnostic.message, describe(before));
            return Some(Diagnostic { message, ..diagnostic }.tip("declare it once, or the same value twice"));
        }
        match &statement.declaration {
            Declaration::Account(_) => return None,
            Declaration::Endpoint(endpoint) => self.endpoint(endpoint),
            Declaration::Workspace(workspace) => self.workspace(workspace),
            _ => {}
        }
        self.check(statement).map(|(_, diagnostic)| diagnostic)
    }

    /// The cycles of groups. Each cycle is reported once, at the declaration that closes it.
    pub fn circles(&self) -> Vec<(u32, Diagnostic)> {
        let mut within: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, (member, ..)) in self.nested.iter().enumerate() {
            within.entry(member.key()).or_default().push(at);
        }
        let (mut state, mut wrong): (HashMap<&str, bool>, Vec<(u32, Diagnostic)>) = (HashMap::new(), Vec::new());
        for (start, ..) in &self.nested {
            // The groups of the current path, each with the number of its containing groups that were visited.
            let mut path: Vec<(&str, usize)> = vec![(start.key(), 0)];
            if state.contains_key(start.key()) {
                continue;
            }
            state.insert(start.key(), false);
            while let Some((group, next)) = path.last_mut() {
                let edge = within.get(*group).and_then(|edges| edges.get(*next)).and_then(|at| self.nested.get(*at));
                let Some((member, of, location)) = edge else {
                    state.insert(group, true);
                    path.pop();
                    continue;
                };
                *next += 1;
                match state.get(of.key()) {
                    Some(true) => {}
                    Some(false) => {
                        let message = format!("group:{member} cannot be a member of group:{of}: a cycle");
                        let diagnostic =
                            Diagnostic::at_span(location.span, message).tip("groups nest, but none may contain itself");
                        wrong.push((location.source, diagnostic));
                    }
                    None => {
                        state.insert(of.key(), false);
                        path.push((of.key(), 0));
                    }
                }
            }
        }
        wrong
    }

    fn endpoint(&mut self, declared: &DeclaredEndpoint) {
        // `of` implies a share, and a version implies a node.
        let kind = match (declared.kind, &declared.of, &declared.node_version) {
            (Some(kind), ..) => kind,
            (None, Some(_), _) => EndpointKind::Share,
            (None, None, Some(_)) => EndpointKind::Node,
            (None, None, None) => return,
        };
        if declared.ensure == Ensure::Absent {
            return;
        }
        let node_version = match (&declared.node_version, kind) {
            (Some(version), _) => Some(version.clone()),
            // The store may have a version, so assume the one that supports everything a node can hold.
            (None, EndpointKind::Node) => Some(NodeVersion::CUSTOM_SETS),
            (None, _) => None,
        };
        let managed = declared.managed.unwrap_or(true);
        let endpoint = Endpoint { managed, node_version, creator: Some(CREATOR), ..Endpoint::of_kind(kind) };
        let creator = declared.administrators.first().cloned();
        let files = self.endpoints.remove(declared.name.key()).map(|known| known.files).unwrap_or_default();
        self.endpoints.insert(declared.name.key().to_owned(), KnownEndpoint { endpoint, creator, files });
    }

    fn workspace(&mut self, declared: &DeclaredWorkspace) {
        if let (Ensure::Present, Some(files)) = (declared.ensure, &declared.files) {
            self.files.insert((declared.org.key().to_owned(), declared.name.key().to_owned()), files.clone());
        }
    }

    fn file(&mut self, declared: &DeclaredItem) {
        if declared.item_type == Some(ItemType::File)
            && declared.ensure == Ensure::Present
            && let Some(known) = self.endpoints.get_mut(declared.endpoint.key())
        {
            known.files.insert(declared.path.clone());
        }
    }

    /// Checks one statement.
    fn check(&mut self, statement: &Statement) -> Option<(u32, Diagnostic)> {
        let location = statement.location;
        let problem = match &statement.declaration {
            Declaration::Endpoint(declared) => self.definition(declared),
            Declaration::Role(declared) => self.endpoints.get(declared.endpoint.key()).and_then(|known| {
                let is_creator =
                    declared.role == Role::EndpointAdministrator && known.creator.as_ref() == Some(&declared.who);
                let holder = if is_creator { CREATOR } else { OTHER };
                endpoint::refuse_unfit(&known.endpoint, &declared.endpoint, declared.role, holder).err()
            }),
            Declaration::Share(declared) => {
                self.endpoints.get(declared.endpoint.key()).and_then(|known| known.refused(declared))
            }
            Declaration::Item(declared) if declared.ensure == Ensure::Present => self
                .endpoints
                .get(declared.endpoint.key())
                .and_then(|known| known.within_a_file(&declared.endpoint, &declared.path, false)),
            Declaration::Member(declared) => {
                if let (Kind::Group, Reference::Named(Kind::Group, who)) = (declared.kind, &declared.who) {
                    self.nested.push((who.clone(), declared.of.clone(), location));
                }
                None
            }
            Declaration::WorkspaceMember(declared) => match &declared.home {
                HomeFolder::At(endpoint, path) => self
                    .files
                    .get(&(declared.org.key().to_owned(), declared.workspace.key().to_owned()))
                    .and_then(|files| home::refuse_elsewhere((&files.0, &files.1), (endpoint, path)).err()),
                HomeFolder::Usual | HomeFolder::Missing => None,
            },
            _ => None,
        };
        // The hints of operations are commands, which do not help in a file.
        problem.map(|problem| {
            (location.source, Diagnostic::from_problem(location.span, Problem { tips: Vec::new(), ..problem }))
        })
    }

    fn definition(&self, declared: &DeclaredEndpoint) -> Option<Problem> {
        let known = self.endpoints.get(declared.name.key())?;
        let versioned = Endpoint { node_version: declared.node_version.clone(), ..known.endpoint.clone() };
        endpoint::check_version(&versioned).err().or_else(|| {
            let (host, _) = declared.of.as_ref()?;
            let is_share = self.endpoints.get(host.key()).is_some_and(|it| it.endpoint.kind == EndpointKind::Share);
            endpoint::refuse_shared_folder(known.endpoint.kind, is_share, host).err()
        })
    }
}

impl KnownEndpoint {
    /// The reason to refuse a share. The cheap check comes first, because most of very many shares are valid.
    fn refused(&self, declared: &DeclaredShare) -> Option<Problem> {
        if !self.endpoint.takes(declared.permissions) {
            let of_kind = format!("of kind {}", self.endpoint.kind.as_str());
            return share::unfit(&self.endpoint, &of_kind, &declared.endpoint, declared.permissions);
        }
        share::refuse_principal(&declared.principal, &self.endpoint)
            .err()
            .or_else(|| self.within_a_file(&declared.endpoint, &declared.path, true))
    }

    /// Refuses a path below a declared file. With managed sharing it also refuses a share of a file itself.
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
