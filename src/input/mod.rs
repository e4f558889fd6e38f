//! Readers of outside input: lines of bounded length, tables of text, and YAML and JSON as trees with positions.
//!
//! The layer does not know what an input is for. Test files, batches of requests and manifests are interpreted by
//! its callers.

pub mod document;
pub mod json;
pub mod library_errors;
mod limits;
pub mod lines;
pub mod table;
