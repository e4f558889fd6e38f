//! Reads slow input to its end before the store is locked.
//!
//! A pipe may be slow, and a writer of the store keeps other writers out. So a pipe is read first: short input into
//! memory, longer input into a temporary file without a name, which nobody else can read and which is not left behind.
//! A regular file is read directly.

use std::fs::{File, OpenOptions};
use std::io::{self, Cursor, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::files::{name_of, unreadable};
use super::links::random_bytes;
use crate::input::library_errors;
use crate::model::Problem;
use crate::model::secret::hex;

/// Shorter input is kept in memory, in bytes.
const SHORT: usize = 4 << 20;

/// The number of bytes read at once.
const PIECE: usize = 64 << 10;

/// Whether reading a file may wait for its writer: it is not a regular file.
fn may_wait(path: &Path) -> bool {
    let path = if path.as_os_str() == "-" { Path::new("/dev/stdin") } else { path };
    !std::fs::metadata(path).is_ok_and(|it| it.is_file())
}

/// Reads an open input to its end if reading may wait; `path` is its name.
pub(super) fn spooled(path: &Path, input: Box<dyn Read>) -> Result<Box<dyn Read>, Problem> {
    if !may_wait(path) {
        return Ok(input);
    }
    keep(input).map_err(|failed| match failed {
        Failed::Reading(error) => unreadable(path, &format!("cannot be read: {}", library_errors::io(&error))),
        Failed::Keeping(error) => {
            let message = format!("`{}` cannot be kept until its end: {}", name_of(path), library_errors::io(&error));
            Problem::new(crate::model::ProblemKind::Input, "unreadable", message)
                .why("it is read to its end before the store is changed; long input goes into a temporary file")
                .tip("write it to a file first and apply that, or set TMPDIR to another folder")
        }
    })
}

enum Failed {
    Reading(io::Error),
    Keeping(io::Error),
}

fn keep(mut input: impl Read) -> Result<Box<dyn Read>, Failed> {
    let mut kept = Vec::new();
    (&mut input).take(SHORT as u64).read_to_end(&mut kept).map_err(Failed::Reading)?;
    if kept.len() < SHORT {
        return Ok(Box::new(Cursor::new(kept)));
    }
    let mut file = nameless().map_err(Failed::Keeping)?;
    loop {
        file.write_all(&kept).map_err(Failed::Keeping)?;
        kept.resize(PIECE, 0);
        match input.read(&mut kept) {
            Ok(0) => break,
            Ok(read) => kept.truncate(read),
            Err(error) if error.kind() == ErrorKind::Interrupted => kept.clear(),
            Err(error) => return Err(Failed::Reading(error)),
        }
    }
    file.seek(SeekFrom::Start(0)).map_err(Failed::Keeping)?;
    Ok(Box::new(file))
}

/// A temporary file that only its owner can read and that ends with the process.
fn nameless() -> io::Result<File> {
    let random = random_bytes().map_err(|problem| io::Error::other(problem.message))?;
    let name = format!("rolebook-{}", hex(random.get(..8).unwrap_or_default()));
    let path = std::env::temp_dir().join(name);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    #[cfg(windows)]
    // FILE_FLAG_DELETE_ON_CLOSE: an open file cannot be removed there.
    std::os::windows::fs::OpenOptionsExt::custom_flags(&mut options, 0x0400_0000);
    let file = options.open(&path)?;
    #[cfg(unix)]
    std::fs::remove_file(&path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spooled_input_is_unchanged_at_any_length() {
        for length in [0, 1, SHORT - 1, SHORT, SHORT + 1, SHORT + 3 * PIECE + 7] {
            let bytes: Vec<u8> = (0..length).map(|index| (index % 251) as u8).collect();
            let mut read = Vec::new();
            let Ok(mut kept) = keep(bytes.as_slice()) else { panic!("{length}") };
            kept.read_to_end(&mut read).unwrap();
            assert!(read == bytes, "{length}");
        }
    }
}
