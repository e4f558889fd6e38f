//! The manifest: a file that says what should exist, and what it takes to make it so.

mod assertion_line;
pub mod assertions;
pub mod consistency;
mod contradiction;
#[cfg(test)]
mod every_key;
pub mod export;
pub mod json_schema;
pub mod jsonl;
mod merge;
pub mod people_csv;
pub mod plan;
mod read;
pub mod removal_limits;
pub mod schema;
pub mod shape;
pub mod statement;
pub mod text_format;
mod validate;

pub use read::{Limits, Manifest, Source, from_statements, read};
pub use validate::validate;
