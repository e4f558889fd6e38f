//! Packages: sending, forwarding and listing them (docs/model.md#packages). No bytes are moved: a package records
//! what was sent, by whom and to whom, and so who may see it.

use std::rc::Rc;

use super::{Actor, Result, Transaction, account};
use crate::model::attributes::{Attributes, File, Package};
use crate::model::catalogue::SUBMIT_ONLY;
use crate::model::escape::printable;
use crate::model::name::shell_quote;
use crate::model::{Action, Id, Kind, Name, Path, Problem, ProblemKind, Reference, Resource, Role, Verb};
use crate::policy::{Facts, Question, decide};

/// A package to send.
#[derive(Clone, Debug)]
pub struct NewPackage {
    /// The title.
    pub title: String,
    /// The recipients: accounts, workgroups, dropboxes and external addresses.
    pub to: Vec<Reference>,
    /// The files in the package.
    pub files: Vec<File>,
}

/// The account that sends. The operator is not an account and cannot be a sender.
///
/// # Errors
/// A usage problem for the operator.
pub(super) fn sender(tx: &Transaction<'_>) -> Result<Id> {
    match tx.actor {
        Actor::Principal(id) => Ok(id),
        Actor::Operator => Err(Problem::usage("no_sender", "a package needs a sender")
            .why("the operator is not an account")
            .tip("add --as USER")),
    }
}

/// Sends a package. Nothing is sent if any recipient is refused.
///
/// # Errors
/// One problem with the refusals of all recipients.
pub fn send(tx: &mut Transaction<'_>, request: &NewPackage) -> Result<Id> {
    let sender = sender(tx)?;
    let (inside, external) = recipients(tx, &request.to)?;
    record(tx, sender, &request.title, &request.files, &inside, &external, None)
}

/// Forwards a package that the actor may view, with the same files.
///
/// # Errors
/// A denial without the `forward` setting; else as [`send`].
pub fn forward(tx: &mut Transaction<'_>, package: &Reference, to: &[Reference], title: Option<&str>) -> Result<Id> {
    let sender = sender(tx)?;
    let existing = tx.find_reference(Kind::Package, package)?;
    tx.require_verb(Verb::Forward, Id::SERVER)?;
    refuse_submitted(tx, sender, existing.id)?;
    let Some(original) = existing.as_package().cloned() else {
        return Err(Problem::not_found("package", &existing.id.to_string()));
    };
    let (inside, external) = recipients(tx, to)?;
    record(tx, sender, title.unwrap_or(&original.title), &original.files, &inside, &external, Some(existing.id))
}

/// Refuses to forward a package to an actor who may only submit to its dropbox. Such a member may not download what
/// was submitted (seed 004), and a recipient of the forwarded package could.
fn refuse_submitted(tx: &Transaction<'_>, sender: Id, package: Id) -> Result<()> {
    let action = Action::Plain(Verb::Download);
    let question = Question { principal: sender, action, resource: package, at: tx.at };
    let decision = decide(tx.facts(), &question)?;
    if !decision.allowed && decision.rule == SUBMIT_ONLY { tx.require(action, package) } else { Ok(()) }
}

/// Looks up every recipient and checks the right to send to it; the problem lists every refusal.
fn recipients(tx: &Transaction<'_>, to: &[Reference]) -> Result<(Vec<Id>, Vec<String>)> {
    let (mut inside, mut external) = (Vec::new(), Vec::new());
    let mut refusals: Vec<Problem> = Vec::new();
    for reference in to {
        match recipient(tx, reference) {
            Ok(Recipient::Inside(id)) if !inside.contains(&id) => inside.push(id),
            Ok(Recipient::External(address)) if !external.contains(&address) => external.push(address),
            Ok(_) => {}
            Err(problem) if problem.kind == ProblemKind::Store => return Err(problem),
            Err(problem) => refusals.push(problem),
        }
    }
    match refusals.len() {
        0 => Ok((inside, external)),
        1 => Err(refusals.remove(0)),
        count => {
            // A denial tells more than a recipient that does not exist.
            let mut all = refusals.clone();
            all.sort_by_key(|problem| problem.kind);
            let mut first = all.remove(0);
            first.message = format!("{count} of {} recipients are refused, so nothing was sent", to.len());
            first.details = refusals.iter().map(|problem| problem.message.clone()).collect();
            for other in all {
                first.missing.extend(other.missing);
                first.tips.extend(other.tips);
            }
            Err(first)
        }
    }
}

enum Recipient {
    Inside(Id),
    External(String),
}

fn recipient(tx: &Transaction<'_>, reference: &Reference) -> Result<Recipient> {
    match &*tx.with_kind(reference)? {
        Reference::Named(kind @ (Kind::Account | Kind::Workgroup | Kind::Dropbox), name) => {
            let existing = match tx.find(*kind, name) {
                Err(problem) if *kind == Kind::Account && problem.kind == ProblemKind::NotFound => {
                    return Err(suggest_prefix(tx, problem, name)?);
                }
                found => found?,
            };
            let verb = match kind {
                Kind::Account => Verb::SendTo,
                Kind::Workgroup => Verb::Send,
                _ => Verb::Submit,
            };
            tx.require(Action::Plain(verb), existing.id)?;
            Ok(Recipient::Inside(existing.id))
        }
        Reference::External(address) => {
            if let Some(account) = account::with_address(tx.facts(), address)?
                && tx.sees(&account)?
            {
                return Err(Problem::conflict(
                    "address_of_account",
                    format!("`{address}` is the address of {}", account.reference()),
                )
                .tip(format!("--to {}", account.reference())));
            }
            tx.require_verb(Verb::SendExternal, Id::SERVER)?;
            Ok(Recipient::External(address.as_written().to_owned()))
        }
        other => Err(other.wrong_kind("an account, a workgroup, a dropbox or `external:ADDRESS`")),
    }
}

/// Adds suggestions to the problem of an unknown account: an external address, or a workgroup or dropbox of that
/// name.
fn suggest_prefix(tx: &Transaction<'_>, mut problem: Problem, name: &Name) -> Result<Problem> {
    if name.as_written().contains('@') {
        problem = problem.tip(format!("for an address outside write `external:{name}`"));
    }
    for kind in [Kind::Workgroup, Kind::Dropbox] {
        if let Some(existing) = tx.facts().named(kind, None, name.key())?
            && tx.sees(&existing)?
        {
            problem = problem.tip(format!("--to {}", shell_quote(&existing.reference())));
        }
    }
    Ok(problem)
}

/// Creates a package with its sender and recipients. The caller has asked for the rights, or imports a package that
/// another system sent.
///
/// # Errors
/// A usage problem for a title that is empty or has control characters.
pub fn record(
    tx: &mut Transaction<'_>,
    sender: Id,
    title: &str,
    files: &[File],
    inside: &[Id],
    external: &[String],
    forwarded: Option<Id>,
) -> Result<Id> {
    if title.is_empty() || title.chars().any(char::is_control) {
        return Err(Problem::usage("bad_title", "a title is not empty and holds no control characters"));
    }
    let package = Package {
        title: title.to_owned(),
        sender,
        recipients: inside.to_vec(),
        external: external.to_vec(),
        files: files.to_vec(),
        sent: tx.at,
        forwarded,
    };
    let id = tx.create_unnamed(None, None, Attributes::Package(package));
    tx.bind(id, sender, Role::PackageSender);
    for recipient in inside {
        tx.bind(id, *recipient, Role::PackageRecipient);
    }
    Ok(id)
}

/// Reads `NAME:BYTES`, a file with its size.
///
/// # Errors
/// A usage problem for anything else.
pub fn parse_file(text: &str) -> Result<File> {
    let wrong = || {
        Problem::usage("bad_file", format!("invalid file `{}`, expected `NAME:BYTES`", printable(text)))
            .tip("for example `reel3.mov:123456789`")
    };
    let (name, size) = text.rsplit_once(':').ok_or_else(wrong)?;
    let size: u64 = size.parse().map_err(|_| wrong())?;
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(wrong());
    }
    // The file can be saved in a folder: the name is a file name, or a path below the folder.
    if Path::parse(&format!("/{name}")).is_err() || name.ends_with('/') {
        return Err(wrong().why("a file name is a path below its folder, without `.`, `..` and empty parts"));
    }
    Ok(File { name: name.to_owned(), size })
}

/// The packages that the actor may view, newest first.
///
/// # Errors
/// When the facts cannot be read.
pub fn list(tx: &Transaction<'_>) -> Result<Vec<Rc<Resource>>> {
    let mut found = Vec::new();
    tx.facts().resources(Kind::Package, None, &mut |package| {
        found.push(package);
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    let mut seen = Vec::new();
    let viewer = tx.viewer()?;
    for package in found {
        if viewer.sees(&package)? {
            seen.push(package);
        }
    }
    seen.sort_by_key(|package| std::cmp::Reverse(package.id));
    Ok(seen)
}
