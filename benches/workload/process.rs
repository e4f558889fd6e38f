//! How much memory a process has had.

/// The peak so far, in bytes, of the process whose status file of `/proc` that is; none where there is none.
pub(crate) fn peak(status: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|it| it * 1024)
}
