//! Reads whole files of bounded length, in UTF-8. Messages name a file as the user typed it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::input::document::{Diagnostic, text_of};
use crate::input::library_errors;
use crate::manifest::Source;
use crate::model::escape::printable;
use crate::model::{Problem, ProblemKind};

/// The longest file that is read whole, in bytes.
pub(super) const MAX_FILE_BYTES: u64 = 64 << 20;

/// The name of a file in messages.
pub(super) fn name_of(path: &Path) -> String {
    if path.as_os_str() == "-" { "stdin".to_owned() } else { printable(&path.display().to_string()) }
}

/// Opens a file; `-` is standard input.
pub(super) fn open(path: &Path) -> Result<Box<dyn Read>, Problem> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(std::io::stdin().lock()));
    }
    let file = std::fs::File::open(path)
        .map_err(|error| unreadable(path, &format!("cannot be read: {}", library_errors::io(&error))))?;
    Ok(Box::new(file))
}

/// The problem of a file that cannot be read; `what` completes the sentence.
pub(super) fn unreadable(path: &Path, what: &str) -> Problem {
    Problem::new(ProblemKind::Input, "unreadable", format!("`{}` {what}", name_of(path)))
}

/// Reads a whole file.
pub(super) fn source(path: &Path) -> Result<Source, Problem> {
    source_of(path, open(path)?)
}

/// Reads a whole file with a given decoder.
pub(super) fn source_as(path: &Path, decode: fn(&[u8]) -> Result<Cow<'_, str>, Diagnostic>) -> Result<Source, Problem> {
    decoded(path, open(path)?, decode)
}

/// Reads an open file to its end; `path` is its name in messages.
pub(super) fn source_of(path: &Path, input: impl Read) -> Result<Source, Problem> {
    decoded(path, input, |bytes| text_of(bytes).map(Cow::Borrowed))
}

fn decoded(
    path: &Path,
    input: impl Read,
    decode: fn(&[u8]) -> Result<Cow<'_, str>, Diagnostic>,
) -> Result<Source, Problem> {
    let mut bytes = Vec::new();
    input
        .take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(path, &format!("cannot be read: {}", library_errors::io(&error))))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(unreadable(path, &format!("is longer than {} MB", MAX_FILE_BYTES >> 20))
            .tip("write it as JSON Lines, which are read one by one"));
    }
    let name = name_of(path);
    match decode(&bytes) {
        Ok(text) => Ok(Source { name, text: text.into_owned() }),
        Err(diagnostic) => {
            Err(invalid_files("bad_file", vec![diagnostic.render(&name, &String::from_utf8_lossy(&bytes))]))
        }
    }
}

/// The maximum number of files found in a folder, and of entries examined to find them. More is a mistake, such as a
/// folder that holds everything on the machine.
const MAX_FILES: usize = 10_000;
const MAX_ENTRIES: usize = 1_000_000;

/// The files that the arguments name. A folder stands for all YAML and JSON files in it and below, in order of name.
pub(super) fn within(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Problem> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = found.len();
            walk(path, &mut found)?;
            if found.len() == before {
                return Err(unreadable(path, "holds no `.yaml`, `.yml`, `.json` or `.jsonl` file"));
            }
        } else {
            found.push(path.clone());
        }
    }
    Ok(found)
}

/// Adds the files of a folder. A list holds what is still to be opened, since folders may be nested deeper than the
/// stack. Each folder is opened once, however many links lead to it.
fn walk(top: &Path, found: &mut Vec<PathBuf>) -> Result<(), Problem> {
    let (mut open, mut known, mut entries) = (vec![top.to_owned()], BTreeSet::new(), 0_usize);
    let before = found.len();
    while let Some(path) = open.pop() {
        let failed =
            |error: std::io::Error| unreadable(&path, &format!("cannot be read: {}", library_errors::io(&error)));
        // A link may lead nowhere, or to itself.
        let Ok(kind) = std::fs::metadata(&path).map(|it| it.file_type()) else {
            if is_manifest(&path) {
                return Err(unreadable(&path, "is a link to nothing"));
            }
            continue;
        };
        if kind.is_dir() {
            if !known.insert(std::fs::canonicalize(&path).map_err(failed)?) {
                continue;
            }
            let mut inside: Vec<PathBuf> = Vec::new();
            for entry in std::fs::read_dir(&path).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                entries += 1;
                if entries > MAX_ENTRIES {
                    return Err(too_large(top, &format!("more than {MAX_ENTRIES} files and folders")));
                }
                if !entry.file_name().as_encoded_bytes().starts_with(b".") {
                    inside.push(entry.path());
                }
            }
            // The list is a stack: its last entry is opened first.
            inside.sort_by(|a, b| b.cmp(a));
            open.extend(inside);
        } else if is_manifest(&path) {
            if !kind.is_file() {
                return Err(unreadable(&path, "is not a regular file")
                    .why("reading a pipe or a device may never end")
                    .tip("name the file itself, or give it another extension"));
            }
            if found.len() - before >= MAX_FILES {
                return Err(too_large(top, &format!("more than {MAX_FILES} manifests")));
            }
            found.push(path);
        }
    }
    Ok(())
}

fn is_manifest(path: &Path) -> bool {
    path.extension()
        .is_some_and(|it| ["yaml", "yml", "json", "jsonl", "ndjson"].iter().any(|known| it.eq_ignore_ascii_case(known)))
}

fn too_large(folder: &Path, what: &str) -> Problem {
    unreadable(folder, &format!("holds {what}")).tip("name the folder in which the manifests are")
}

/// The problem that reports mistakes in files.
pub(super) fn invalid_files(code: &'static str, shown: Vec<String>) -> Problem {
    let count = shown.len();
    invalid_files_some(code, shown, count)
}

/// The problem that reports `count` mistakes in files, of which `shown` holds some.
pub(super) fn invalid_files_some(code: &'static str, mut shown: Vec<String>, count: usize) -> Problem {
    let number = if count == 1 { "a mistake".to_owned() } else { format!("{count} mistakes") };
    if count > shown.len() {
        shown.push(format!("and {} more", count - shown.len()));
    }
    let what = if code == "bad_tests" { "the tests have" } else { "the input has" };
    Problem::new(ProblemKind::Input, code, format!("{what} {number}")).with_blocks(shown)
}

/// Renders the mistakes of several sources; each comes with the index of its source.
pub(super) fn render_diagnostics(sources: &[Source], diagnostics: &[(usize, Diagnostic)]) -> Vec<String> {
    let of = |(number, diagnostic): &(usize, Diagnostic)| {
        let source = sources.get(*number)?;
        Some(diagnostic.render(&source.name, &source.text))
    };
    diagnostics.iter().filter_map(of).collect()
}

/// Writes a file for its owner alone, whole or not at all; `-` is standard output.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    if path.as_os_str() == "-" {
        return std::io::stdout().lock().write_all(bytes);
    }
    let mut aside = path.as_os_str().to_owned();
    aside.push(format!(".{}.new", std::process::id()));
    let aside = PathBuf::from(aside);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&aside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let moved = written.and_then(|()| std::fs::rename(&aside, path));
    if moved.is_err() {
        // A partly written file is of no use.
        let _ = std::fs::remove_file(&aside);
    }
    moved
}

/// Creates a file for its owner alone; one that exists, or a link in its place, is left as it is.
pub(super) fn create_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        // A partly written file is of no use.
        let _ = std::fs::remove_file(path);
    }
    written
}
