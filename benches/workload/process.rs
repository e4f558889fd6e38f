//! Reads the memory use of a process.

/// The peak memory so far, in bytes, of the process with this status file in `/proc`; `None` if there is no such file.
pub(crate) fn peak(status: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|it| it * 1024)
}
