//! Errors of the operating system, in the words of this program.

use std::io;

/// The reason why a file could not be read or written, as a short phrase.
pub fn reason(error: &io::Error) -> &'static str {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::NotFound => "there is no such file or folder",
        Kind::PermissionDenied => "the system does not permit it",
        Kind::AlreadyExists => "it exists already",
        Kind::IsADirectory => "it is a folder",
        Kind::NotADirectory => "a part of the path is not a folder",
        Kind::ReadOnlyFilesystem => "the file system is read-only",
        Kind::StorageFull | Kind::QuotaExceeded => "there is no room on the disk",
        Kind::FileTooLarge => "the file would be larger than the system permits",
        Kind::InvalidFilename | Kind::InvalidInput => "the name is not a valid file name",
        Kind::InvalidData => "it is not text in UTF-8",
        Kind::TimedOut => "it took too long",
        Kind::UnexpectedEof => "it ended too early",
        Kind::BrokenPipe | Kind::ConnectionReset | Kind::ConnectionAborted => "the other side is gone",
        Kind::ConnectionRefused => "nothing answers there",
        Kind::HostUnreachable | Kind::NetworkUnreachable => "no network reaches it",
        Kind::ResourceBusy | Kind::ExecutableFileBusy => "it is in use",
        Kind::OutOfMemory => "there is no memory for it",
        _ => "the system refuses it",
    }
}
