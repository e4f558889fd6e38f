//! Manifests: files that declare what should exist.
//!
//! [`read()`] turns sources into a [`Manifest`], which is a list of statements and tests. [`plan`] compares the
//! statements with a store and drafts the changes, and [`export`] writes the state of a store as a manifest.

mod assertion_line;
pub mod assertions;
pub mod audit_policy;
pub mod consistency;
mod contradiction;
#[cfg(test)]
mod every_key;
pub mod export;
pub mod import;
pub mod json_schema;
pub mod jsonl;
mod merge;
pub mod plan;
mod read;
pub mod removal_limits;
pub mod review_decisions;
pub mod schema;
pub mod shape;
pub mod statement;
pub mod text_format;
mod validate;

pub use read::{Limits, Manifest, Source, from_statements, read};
pub use validate::validate;
