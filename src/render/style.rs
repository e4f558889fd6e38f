//! Colours, by meaning. Whatever they say is said in words too.

/// Headers.
pub fn bold(text: &str) -> String {
    format!("\x1b[1m{text}\x1b[0m")
}

/// Allowed, added.
pub fn good(text: &str) -> String {
    format!("\x1b[32m{text}\x1b[0m")
}

/// Denied, removed, errors.
pub fn bad(text: &str) -> String {
    format!("\x1b[31m{text}\x1b[0m")
}

/// Warnings.
pub fn warn(text: &str) -> String {
    format!("\x1b[33m{text}\x1b[0m")
}
