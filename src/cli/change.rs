//! Commands that write: [`Session::write`] runs an operation, asks for confirmation and commits the draft;
//! [`Session::report`] prints the outcome. With `--dry-run` the draft is shown and not committed.

use serde_json::{Map, Value, json};

use super::access_impact::{self, AccessImpact};
use super::args::{PageArgs, WriteArgs};
use super::clock;
use super::config::Smtp;
use super::mail::{self, MailMessage};
use super::prompt;
use super::session::Session;
use super::view::adaptive;
use crate::model::secret::Secret;
use crate::model::{Binding, Id, Problem, ProblemKind, Revision, Time};
use crate::ops::describe::{Change, describe};
use crate::ops::{Actor, Refusal, Transaction, require_active};
use crate::policy::{Facts, Overlay};
use crate::render::{self, Column, Format, RenderError, Text, hidden, shown};
use crate::store::{DeniedChange, Reader, RevisionHeader, Store, Writer};

/// Who acts in a change.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ActingAs {
    /// The account of `--as`, or the operator.
    Named,
    /// The holder of a link, who has no account.
    LinkHolder,
}

/// The outcome of a command that writes.
pub(super) struct ChangeOutcome<T> {
    pub(super) value: T,
    changes: Vec<Change>,
    revision: Option<Revision>,
    warnings: Vec<String>,
    dry_run: bool,
    /// The effect on people's access, with `--access`.
    access: Option<AccessImpact>,
}

/// What a command issued: a secret, and the link that it is part of.
#[derive(Default)]
pub(super) struct IssuedSecrets {
    pub(super) secret: Option<Secret>,
    pub(super) url: Option<String>,
    /// The secrets of a command that issued one for each of several addresses.
    pub(super) secrets: Vec<IssuedSecret>,
}

/// One of several secrets that a command issued.
pub(super) struct IssuedSecret {
    /// The e-mail address of the person it is for.
    pub(super) address: String,
    pub(super) secret: Secret,
    pub(super) url: Option<String>,
}

impl IssuedSecrets {
    /// A single secret without a link.
    pub(super) fn secret(secret: Secret) -> IssuedSecrets {
        IssuedSecrets { secret: Some(secret), ..IssuedSecrets::default() }
    }

    /// The secret that goes with a change: the only one, or the one for the address it names.
    fn of(&self, change: &Change) -> Option<&str> {
        let is_for =
            |address: &str| change.fields.iter().any(|(name, _, is)| *name == "email" && *is == json!(address));
        let own = self.secrets.iter().find(|issued| is_for(&issued.address)).map(|issued| &issued.secret);
        self.secret.as_ref().or(own).map(Secret::reveal)
    }
}

impl<T> ChangeOutcome<T> {
    /// Whether a revision was committed.
    pub(super) const fn is_committed(&self) -> bool {
        self.revision.is_some()
    }
}

/// A store opened for an operation. A dry run opens it for reading only, so it never waits for a writer and no writer
/// waits for it.
pub(super) enum OpenedStore {
    /// Opened for writing; holds the writers' lock.
    Write(Writer),
    /// Opened for reading, for a dry run.
    Read(Reader),
}

impl OpenedStore {
    /// Opens a store for a change, or for a dry run of one.
    pub(super) fn new(store: &Store, dry_run: bool) -> Result<OpenedStore, Problem> {
        Ok(if dry_run { OpenedStore::Read(store.read()?) } else { OpenedStore::Write(store.write()?) })
    }

    /// A reader of the store.
    pub(super) const fn reader(&self) -> &Reader {
        match self {
            OpenedStore::Write(writer) => writer.reader(),
            OpenedStore::Read(reader) => reader,
        }
    }

    /// The writer; `None` in a dry run.
    pub(super) const fn writer(&self) -> Option<&Writer> {
        match self {
            OpenedStore::Write(writer) => Some(writer),
            OpenedStore::Read(_) => None,
        }
    }

    /// As [`writer`](OpenedStore::writer), for the commit.
    pub(super) fn into_writer(self) -> Option<Writer> {
        match self {
            OpenedStore::Write(writer) => Some(writer),
            OpenedStore::Read(_) => None,
        }
    }
}

/// An operation: it reads the history and adds to a transaction.
type Operation<'o, T, E> = &'o mut dyn FnMut(&Reader, &mut Transaction<'_>) -> Result<T, E>;

impl Session<'_> {
    /// Runs an operation and commits its draft, unless `--dry-run` is given.
    pub(super) fn write<T, E: Into<Refusal>>(
        &mut self,
        writing: &WriteArgs,
        who: ActingAs,
        operation: &mut dyn FnMut(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<ChangeOutcome<T>, RenderError> {
        self.write_with(writing, who, None, &mut |_, tx| operation(tx))
    }

    /// Does an operation, commits its draft, and reports what changed: all that most commands do.
    pub(super) fn change<T, E: Into<Refusal>>(
        &mut self,
        writing: &WriteArgs,
        mut operation: impl FnMut(&mut Transaction<'_>) -> Result<T, E>,
    ) -> super::Outcome {
        let outcome = self.write(writing, ActingAs::Named, &mut operation)?;
        self.report(&outcome, &IssuedSecrets::default())
    }

    /// As [`Session::write`], for an operation that also reads the history: `undoes` is the revision that it reverses.
    ///
    /// The operation may run twice: once to find out what must be confirmed, and again after the confirmation.
    pub(super) fn write_with<T, E: Into<Refusal>>(
        &mut self,
        writing: &WriteArgs,
        who: ActingAs,
        undoes: Option<Revision>,
        operation: Operation<'_, T, E>,
    ) -> Result<ChangeOutcome<T>, RenderError> {
        let path = self.store_path()?;
        // A dry run creates nothing, not even an empty store.
        let make = writing.create && !writing.dry_run;
        let store = if make { Store::create(&path)?.0 } else { Store::open(&path)? };
        let mut confirmed: Option<Vec<String>> = None;
        loop {
            let opened = OpenedStore::new(&store, writing.dry_run)?;
            let facts = opened.reader().facts();
            let actor = if who == ActingAs::Named { self.actor(&facts)? } else { Actor::Principal(Id::ANYONE) };
            let now = Time::now();
            let mut tx = Transaction::new(&facts, actor, now)?;
            tx.enforce(self.enforced());
            let allowed = require_active(&facts, actor, now).map_err(Refusal::from);
            let value = match allowed.and_then(|()| operation(opened.reader(), &mut tx).map_err(Into::into)) {
                Ok(value) => value,
                Err(refused) => {
                    let actor = refused.invitee.map_or(tx.actor, Actor::Principal);
                    drop(tx);
                    let entry = self.entry(writing, actor, now);
                    return Err(self.refuse(opened, entry, refused, actor)?.into());
                }
            };
            tx.check()?;
            let (actor, mut notices, cascades) =
                (tx.actor, std::mem::take(&mut tx.warnings), std::mem::take(&mut tx.cascades));
            let rows = tx.facts().draft().against(&facts)?;
            let mut changes = describe(&rows, &tx)?;
            if who == ActingAs::Named {
                hide_unseen(&mut changes, &tx, &mut notices)?;
            }
            let last_id = tx.facts().last_id()?;
            let access = if writing.access {
                let before = adaptive(facts)?;
                let after = Overlay::with(&before, tx.facts().draft())?;
                Some(AccessImpact::of((&before, &after), &rows, (actor, now))?)
            } else {
                None
            };
            drop(tx);
            if !cascades.is_empty() && !writing.dry_run && !self.globals.yes && confirmed.as_ref() != Some(&cascades) {
                if confirmed.is_some() {
                    return Err(Problem::conflict("changed_meanwhile", "the effects have changed meanwhile")
                        .tip("run the command again")
                        .into());
                }
                // Nobody else should wait while a person thinks.
                drop(opened);
                prompt::confirm(&cascades, self.err)?;
                confirmed = Some(cascades);
                continue;
            }
            let committed = match opened.into_writer() {
                Some(writer) if !rows.is_empty() => {
                    let entry = RevisionHeader { undoes, ..self.entry(writing, actor, now) };
                    writer.commit(&rows, last_id, entry)?
                }
                _ => None,
            };
            notices.extend(committed.as_ref().and_then(|committed| clock::dated_ahead(committed.at, now)));
            let revision = committed.map(|committed| committed.revision);
            self.changed(revision.is_some());
            self.verbose(&format!("store {}", path.display()));
            return Ok(ChangeOutcome { value, changes, revision, warnings: notices, dry_run: writing.dry_run, access });
        }
    }

    pub(super) fn entry(&self, writing: &WriteArgs, actor: Actor, at: Time) -> RevisionHeader {
        RevisionHeader {
            at,
            actor: actor.principal(),
            operator: whoami::username().unwrap_or_else(|_| "unknown".to_owned()),
            command: self.command(),
            reason: writing.reason.clone(),
            undoes: None,
        }
    }

    /// Records a denied change in the log (docs/model.md#denials), but no dry run; returns the problem to report.
    pub(super) fn refuse(
        &self,
        opened: OpenedStore,
        entry: RevisionHeader,
        refused: Refusal,
        actor: Actor,
    ) -> Result<Problem, Problem> {
        let problem = *refused.problem;
        if problem.kind == ProblemKind::Denied
            && actor != Actor::Operator
            && let Some(writer) = opened.into_writer()
        {
            let message = if refused.reason.is_empty() { problem.message.clone() } else { refused.reason.to_owned() };
            let rule = problem.rule.map_or(problem.code, |rule| rule.name);
            let denied = DeniedChange { rule: rule.to_owned(), message };
            writer.record_denial(entry, denied)?;
        }
        Ok(problem)
    }

    /// Prints what a command changed.
    pub(super) fn report<T>(&mut self, outcome: &ChangeOutcome<T>, secrets: &IssuedSecrets) -> super::Outcome {
        self.report_and_mail(outcome, secrets, &[])
    }

    /// As [`report`](Session::report), for a change that made links or invitations: they are also mailed if a mail
    /// server is configured. The secrets are printed first: a slow server must not lose those of a committed change.
    pub(super) fn report_and_mail<T>(
        &mut self,
        outcome: &ChangeOutcome<T>,
        secrets: &IssuedSecrets,
        mails: &[MailMessage],
    ) -> super::Outcome {
        self.warn_all(&outcome.warnings);
        let smtp = self.config.smtp.clone().filter(|_| outcome.is_committed() && !mails.is_empty());
        let Some(smtp) = smtp else { return self.answer(outcome, secrets).map(|()| 0) };
        let printed = if self.output_options().format.is_object() {
            // Print the part of the object that is the same whether the mail arrives or not.
            let mut arrived = Vec::new();
            let mut lost = Vec::new();
            render::write_value(&mut arrived, &report_object(outcome, secrets, Some(Ok(()))), &self.output_options())?;
            render::write_value(&mut lost, &report_object(outcome, secrets, Some(Err(&[]))), &self.output_options())?;
            let same = arrived.iter().zip(&lost).take_while(|(one, other)| one == other).count();
            arrived.truncate(same);
            self.out.write_all(&arrived).and_then(|()| self.out.flush()).map(|()| Some(same))
        } else {
            self.answer(outcome, secrets)?;
            self.out.flush().map(|()| None)
        };
        // The mail is sent even if standard output is closed: the people who were invited need their links.
        let warnings = mail_all(&smtp, mails);
        self.warn_all(&warnings);
        if let Some(same) = printed? {
            let mailed = if warnings.is_empty() { Ok(()) } else { Err(warnings.as_slice()) };
            let mut whole = Vec::new();
            render::write_value(&mut whole, &report_object(outcome, secrets, Some(mailed)), &self.output_options())?;
            self.out.write_all(whole.get(same..).unwrap_or_default())?;
        }
        Ok(0)
    }

    fn warn_all(&mut self, warnings: &[String]) {
        for warning in warnings {
            self.warn(warning);
        }
    }

    /// Prints what a command changed, in the chosen format.
    fn answer<T>(&mut self, outcome: &ChangeOutcome<T>, secrets: &IssuedSecrets) -> Result<(), RenderError> {
        match self.output_options().format {
            Format::Table => self.report_lines(outcome, secrets),
            Format::Csv | Format::Tsv => self.report_rows(outcome, secrets),
            _ => self.value(&report_object(outcome, secrets, None)).map(drop),
        }
    }

    fn report_rows<T>(&mut self, outcome: &ChangeOutcome<T>, secrets: &IssuedSecrets) -> Result<(), RenderError> {
        const COLUMNS: [Column; 8] = [
            shown("change"),
            shown("ref"),
            shown("member"),
            hidden("before"),
            hidden("after"),
            hidden("revision"),
            hidden("secret"),
            hidden("url"),
        ];
        if let Some(access) = &outcome.access {
            self.list(&access_impact::COLUMNS, access.rows().map(Ok), &PageArgs::default())?;
            for notice in access.notices() {
                self.warn(&notice);
            }
            return Ok(());
        }
        let rows = outcome.changes.iter().map(|change| {
            let mut row = change.json().as_object().cloned().unwrap_or_default();
            row.insert("revision".to_owned(), json!(outcome.revision));
            row.insert("secret".to_owned(), json!(secrets.of(change)));
            row.insert("url".to_owned(), json!(secrets.url));
            Ok(row)
        });
        self.list(&COLUMNS, rows, &PageArgs::default())?;
        Ok(())
    }

    fn report_lines<T>(&mut self, outcome: &ChangeOutcome<T>, secrets: &IssuedSecrets) -> Result<(), RenderError> {
        let mut text = Text::default();
        outcome.changes.iter().for_each(|change| text.line(&change.line()));
        if let Some(access) = &outcome.access {
            access.each_line(&mut |line| {
                text.line(line);
                Ok(())
            })?;
        }
        match outcome.revision {
            Some(revision) => text.line(&format!("revision {revision}")),
            None if outcome.changes.is_empty() => text.line("unchanged"),
            None => text.line("dry run: nothing was changed"),
        }
        if let Some(url) = &secrets.url {
            text.line(&format!("url {url}"));
        }
        if let Some(secret) = &secrets.secret {
            // A secret of several lines, such as a private key, begins on a line of its own.
            let secret = secret.reveal().trim_end();
            if secret.contains('\n') {
                text.line("secret");
                secret.lines().for_each(|line| text.line(line));
            } else {
                text.line(&format!("secret {secret}"));
            }
        }
        for issued in &secrets.secrets {
            if let Some(url) = &issued.url {
                text.line(&format!("url {} {url}", issued.address));
            }
            text.line(&format!("secret {} {}", issued.address, issued.secret.reveal()));
        }
        self.print(&text)
    }
}

/// A change as an object. `mailed` and `warnings` are the last fields, since they are known last.
fn report_object<T>(
    outcome: &ChangeOutcome<T>,
    secrets: &IssuedSecrets,
    mailed: Option<Result<(), &[String]>>,
) -> Value {
    let mut object = Map::new();
    object.insert("revision".to_owned(), json!(outcome.revision));
    object.insert("changed".to_owned(), Value::Array(outcome.changes.iter().map(Change::json).collect()));
    if outcome.dry_run {
        object.insert("dry_run".to_owned(), json!(true));
    }
    if let Some(access) = &outcome.access {
        access.add_to(&mut object);
        object.insert(access_impact::ROWS.to_owned(), access.rows().map(Value::Object).collect());
    }
    if let Some(secret) = &secrets.secret {
        object.insert("secret".to_owned(), json!(secret.reveal()));
    }
    if !secrets.secrets.is_empty() {
        let each = |issued: &IssuedSecret| {
            let mut each = json!({"email": issued.address, "secret": issued.secret.reveal()});
            if let (Some(url), Some(fields)) = (&issued.url, each.as_object_mut()) {
                fields.insert("url".to_owned(), json!(url));
            }
            each
        };
        object.insert("secrets".to_owned(), secrets.secrets.iter().map(each).collect());
    }
    if let Some(url) = &secrets.url {
        object.insert("url".to_owned(), json!(url));
    }
    if let Some(mailed) = mailed {
        object.insert("mailed".to_owned(), json!(mailed.is_ok()));
    }
    let unmailed = mailed.and_then(Result::err).unwrap_or_default();
    let warnings: Vec<&String> = outcome.warnings.iter().chain(unmailed).collect();
    object.insert("warnings".to_owned(), json!(warnings));
    Value::Object(object)
}

/// Sends every mail; returns a warning for each that was not sent.
fn mail_all(smtp: &Smtp, mails: &[MailMessage]) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut unreachable: Option<String> = None;
    for mail in mails {
        let why = match &unreachable {
            Some(why) => why.clone(),
            None => match mail::send(smtp, mail) {
                Ok(()) => continue,
                Err(failure) => {
                    // A server that does not answer costs one timeout, not one for each mail.
                    unreachable = failure.for_all.then(|| failure.why.clone());
                    failure.why
                }
            },
        };
        warnings.push(format!("{} was not mailed to `{}`: {why}; deliver it yourself", mail.what, mail.to));
    }
    warnings
}

/// Removes the changes that the actor may not see, such as those to the roles that a removed account had on somebody's
/// private endpoint. A notice gives their number.
pub(super) fn hide_unseen(
    changes: &mut Vec<Change>,
    tx: &Transaction<'_>,
    notices: &mut Vec<String>,
) -> Result<(), Problem> {
    if tx.actor == Actor::Operator {
        return Ok(());
    }
    let all = changes.len();
    let mut seen = Vec::with_capacity(all);
    for change in changes.drain(..) {
        if sees_change(tx, &change)? {
            seen.push(change);
        }
    }
    *changes = seen;
    match all - changes.len() {
        0 => {}
        1 => notices.push("one more change that you may not see".to_owned()),
        hidden => notices.push(format!("{hidden} more changes that you may not see")),
    }
    Ok(())
}

/// Whether the actor may see a change: to a resource that it sees, or to a binding that it may know of.
fn sees_change(tx: &Transaction<'_>, change: &Change) -> Result<bool, Problem> {
    let sees = tx.may_name(change.resource)?;
    if change.member.is_none() {
        return Ok(sees);
    }
    let facts = tx.facts();
    let binding = match facts.base().binding(change.row)? {
        None => facts.binding(change.row)?,
        before => before,
    };
    // A binding that the change adds, such as the owner's of a home folder, is visible only with its resource.
    let is_visible = |binding: &Binding| Ok((sees || !facts.is_new(binding.id)) && tx.sees_binding(binding)?);
    binding.as_ref().map_or(Ok(sees), is_visible)
}
