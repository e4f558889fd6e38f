//! The file of a tape: written line by line, so that whatever happens leaves whole calls that a later fetch continues.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::super::files;
use crate::input::library_errors;
use crate::model::platform_id::Instance;
use crate::model::{Problem, ProblemKind};
use crate::platform::calls::{Answer, Request};
use crate::platform::tape::{Header, Resumed, TapeRecorder};

/// A tape that is being written.
pub(super) struct TapeFile {
    pub(super) path: PathBuf,
    file: File,
    pub(super) recorder: TapeRecorder,
}

impl TapeFile {
    /// Opens the tape of an installation in a folder, which is made if there is none; also returns what an interrupted
    /// fetch has left in it.
    ///
    /// # Errors
    /// A conflict for a tape that is whole; when the folder or the file cannot be used.
    pub(super) fn open(folder: &Path, instance: &Instance) -> Result<(TapeFile, Option<Resumed>), Problem> {
        let path = folder.join(format!("{instance}.tape"));
        let failed = |error: &std::io::Error| unwritable(&path, error);
        std::fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        // What a platform answers is not for everybody.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(|error| failed(&error))?;
        let mut text = String::new();
        std::io::Read::read_to_string(&mut file, &mut text).map_err(|error| failed(&error))?;
        let begun = if text.is_empty() { None } else { Resumed::parse(&files::name_of(&path), &text)? };
        Ok((TapeFile { path, file, recorder: TapeRecorder::default() }, begun))
    }

    /// Writes the first line.
    pub(super) fn begin(&mut self, header: &Header) -> Result<(), Problem> {
        self.rewrite("")?;
        let line = self.recorder.header(header);
        self.write(&line)
    }

    /// Keeps the whole calls of an interrupted fetch, and nothing else.
    pub(super) fn resume(&mut self, begun: &Resumed) -> Result<(), Problem> {
        self.recorder = begun.recorder.clone();
        self.rewrite(&begun.kept)
    }

    /// Writes a call.
    pub(super) fn call(&mut self, request: &Request, mut answer: Answer) -> Result<(), Problem> {
        let line = self.recorder.call(request, &mut answer);
        self.write(&line)
    }

    /// Writes the closing line; returns the digest.
    pub(super) fn end(mut self) -> Result<String, Problem> {
        let (line, digest) = std::mem::take(&mut self.recorder).end();
        self.write(&line)?;
        self.file.sync_all().map_err(|error| unwritable(&self.path, &error))?;
        Ok(digest)
    }

    /// A problem that stopped the fetch, with how to go on. A tape without a call is removed.
    pub(super) fn interrupted(&self, problem: Problem) -> Problem {
        if self.recorder.calls == 0 {
            // The problem is what stopped the fetch.
            let _ = std::fs::remove_file(&self.path);
            return problem;
        }
        let kept = format!("`{}` keeps the {} calls so far", files::name_of(&self.path), self.recorder.calls);
        Problem { details: vec![kept], ..problem }.tip("run the same command again within the hour: it continues")
    }

    fn rewrite(&mut self, text: &str) -> Result<(), Problem> {
        let mut begin = || {
            self.file.set_len(0)?;
            std::io::Seek::rewind(&mut self.file)
        };
        begin().map_err(|error| unwritable(&self.path, &error))?;
        self.write(text)
    }

    fn write(&mut self, text: &str) -> Result<(), Problem> {
        self.file.write_all(text.as_bytes()).map_err(|error| unwritable(&self.path, &error))
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Problem {
    let why = library_errors::io(error);
    Problem::new(ProblemKind::Input, "unwritable", format!("`{}` cannot be written: {why}", files::name_of(path)))
}
