//! Evidence of the history for people who do not trust whoever runs the store: keys, checkpoints and receipts, and
//! `audit verify`, which checks them (docs/evidence.md).

mod checkpoint;
mod note;
mod receipt;
mod receipt_check;
#[cfg(test)]
mod tests;
mod verify;

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use serde_json::json;

pub(super) use receipt::ReceiptArgs;
pub(super) use verify::VerifyArgs;

use super::session::Session;
use super::view::ReadView;
use super::{Outcome, files};
use crate::input::library_errors;
use crate::model::secret::hex;
use crate::model::{Id, Problem, ProblemKind, Verb};
use crate::ops::Actor;
use crate::render::{Format, RenderError};
use crate::store::merkle::Tree;
use checkpoint::Checkpoint;
use note::Signer;

#[derive(Args, Debug)]
pub(super) struct KeyArgs {
    /// The file to create for the private key; one that exists is left as it is
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    out: PathBuf,
    /// The name of the key, which is the origin of the log in its checkpoints: a URL without a scheme, such as
    /// `example.com/rolebook` [default: `rolebook/`, and the beginning of the digest of the first revision]
    #[arg(long, value_name = "NAME", value_parser = note::name)]
    name: Option<String>,
}

#[derive(Args, Debug)]
pub(super) struct CheckpointArgs {
    #[command(flatten)]
    signing: SigningArgs,
}

// The key of a command that signs.
#[derive(Args, Debug)]
struct SigningArgs {
    /// The file of the private key, as `audit key` made it; `-` is standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    key: PathBuf,
}

impl KeyArgs {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        if self.out.as_os_str() == "-" {
            return Err(Problem::usage("key_to_stdout", "a private key is not written to standard output")
                .tip("--out FILE, a new file for its owner alone")
                .into());
        }
        let name = match &self.name {
            Some(name) => name.clone(),
            None => session.read(None, |_, view| default_name(view))?,
        };
        let (signer, file) = Signer::generate(name)?;
        files::create_private(&self.out, file.reveal().as_bytes()).map_err(|error| self.failed(&error))?;
        session.changed(true);
        let verifier = signer.verifier.to_string();
        if session.output_options().format == Format::Table {
            session.line(&verifier)?;
            return Ok(0);
        }
        session.value(&json!({
            "verifier": verifier,
            "name": signer.verifier.name,
            "file": self.out.display().to_string(),
        }))
    }

    fn failed(&self, error: &std::io::Error) -> Problem {
        let file = files::name_of(&self.out);
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            return Problem::conflict("exists", format!("`{file}` exists already"))
                .why("a key that signed checkpoints is never replaced")
                .tip("name another file");
        }
        let why = library_errors::io(error);
        Problem::new(ProblemKind::Input, "unwritable", format!("the key cannot be written to `{file}`: {why}"))
    }
}

/// The name of a key that is given none: something that all copies of this store share, and no other store has.
fn default_name(view: &ReadView<'_>) -> Result<String, RenderError> {
    require_verifying(view)?;
    let digest = view.reader.digest(1)?.ok_or_else(|| {
        Problem::conflict("unnamed_key", "the store has no revision yet that could name its key")
            .tip("--name NAME, such as `--name example.com/rolebook`")
    })?;
    let beginning = digest.get(..8).unwrap_or_default();
    Ok(format!("rolebook/{}", hex(beginning)))
}

/// Refuses a reader who may not verify the log.
fn require_verifying(view: &ReadView<'_>) -> Result<(), Problem> {
    match view.actor {
        Actor::Principal(_) => view.transaction()?.require_verb(Verb::ViewLog, Id::SERVER),
        Actor::Operator => Ok(()),
    }
}

impl SigningArgs {
    /// Reads the key. No message repeats anything of the file.
    fn signer(&self, session: &mut Session<'_>) -> Result<Signer, Problem> {
        const MAX_KEY_BYTES: u64 = 16 << 10;
        let bad = |what: &str| {
            Problem::new(ProblemKind::Input, "bad_key", format!("`{}` {what}", files::name_of(&self.key)))
                .tip("`rolebook audit key --out FILE` makes a key")
        };
        self.warn_of_readers(session);
        let text = read_text(&self.key, MAX_KEY_BYTES)?.ok_or_else(|| bad("is not the file of a key"))?;
        Signer::read(&text).map_err(bad)
    }

    fn warn_of_readers(&self, session: &mut Session<'_>) {
        #[cfg(unix)]
        if let Ok(file) = std::fs::metadata(&self.key)
            && file.is_file()
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & 0o777;
            if mode & 0o077 != 0 {
                session.warn(&format!("others can read the private key (mode {mode:o}): chmod 600 it"));
            }
        }
    }
}

impl CheckpointArgs {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        let signer = self.signing.signer(session)?;
        session.read(None, |session, view| {
            require_verifying(view)?;
            let mut tree = Tree::default();
            view.reader.fill(&mut tree)?;
            let note = Checkpoint::sign(&signer, tree.size(), &tree.root());
            if session.output_options().format == Format::Table {
                // The name of a key has no hidden character.
                session.document(&note)?;
                return Ok(0);
            }
            session.value(&json!({
                "origin": signer.verifier.name,
                "size": tree.size(),
                "root": hex(&tree.root()),
                "checkpoint": note,
            }))
        })
    }
}

/// The problem of a file that none of the keys vouches for: it proves nothing, for or against the store.
fn untrusted(code: &'static str, path: &Path, what: &str) -> Problem {
    Problem::new(ProblemKind::Input, code, format!("`{}` {what}", files::name_of(path)))
        .why("a file that the key did not sign proves nothing")
        .tip("--key VERIFIER, the line that `audit key` printed when it made the key")
}

/// The longest checkpoint: as long as the signatures of many witnesses.
const MAX_CHECKPOINT_BYTES: u64 = 1 << 20;

/// Reads a whole file as text; one that is longer or not UTF-8 gives `None`.
fn read_text(path: &Path, limit: u64) -> Result<Option<String>, Problem> {
    let mut text = String::new();
    match files::open(path)?.take(limit + 1).read_to_string(&mut text) {
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Ok(None),
        Err(error) => Err(files::unreadable(path, &format!("cannot be read: {}", library_errors::io(&error)))),
        Ok(length) => Ok((length as u64 <= limit).then_some(text)),
    }
}
