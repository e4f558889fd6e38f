//! Stores that many tests begin with, made once in a test run.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use rolebook::model::Time;

use super::Tool;

/// A tool that is made once. Every test gets a copy of its folder, with its variables and its clock.
pub(crate) struct Fixture(OnceLock<Made>);

struct Made {
    /// The folders and files, each by its path; a folder has no bytes.
    files: Vec<(PathBuf, Option<Vec<u8>>)>,
    variables: Vec<(String, String)>,
    clock: Option<Time>,
}

impl Fixture {
    pub(crate) const fn new() -> Fixture {
        Fixture(OnceLock::new())
    }

    /// A copy of what `make` returns. No file of it may name the folder that it was made in.
    pub(crate) fn copy(&self, make: impl FnOnce() -> Tool) -> Tool {
        let made = self.0.get_or_init(|| {
            let tool = make();
            let mut files = Vec::new();
            read_files(tool.folder(), Path::new(""), &mut files);
            let clock = *tool.clock.lock().unwrap();
            Made { files, variables: tool.variables, clock }
        });
        let bare = Tool::bare();
        for (file, bytes) in &made.files {
            let path = bare.folder().join(file);
            let Some(bytes) = bytes else {
                std::fs::create_dir(path).unwrap();
                continue;
            };
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true).mode(0o600).open(path).unwrap().write_all(bytes).unwrap();
        }
        Tool { variables: made.variables.clone(), clock: Mutex::new(made.clock), ..bare }
    }
}

/// Everything below a folder, by its path in the root. A folder comes before what it holds.
fn read_files(root: &Path, folder: &Path, files: &mut Vec<(PathBuf, Option<Vec<u8>>)>) {
    for entry in std::fs::read_dir(root.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = folder.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            files.push((path.clone(), None));
            read_files(root, &path, files);
        } else {
            files.push((path, Some(std::fs::read(entry.path()).unwrap())));
        }
    }
}
