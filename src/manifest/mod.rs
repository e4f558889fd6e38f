//! The manifest: a file that says what should exist, and what it takes to make it so.

pub mod assertions;
mod check;
pub mod consistency;
mod contradiction;
#[cfg(test)]
mod every_key;
pub mod export;
mod fields;
pub mod form;
pub mod limits;
pub mod people_csv;
pub mod plan;
mod read;
pub mod rows;
pub mod said;
pub mod schema;
mod sentence;
pub mod shape;
pub mod tables;

pub use check::mistakes;
pub use read::{Limits, Manifest, Source, of_statements, read};
