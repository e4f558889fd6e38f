//! The manifest: a file that says what should exist, and what it takes to make it so.

pub mod assertions;
mod sentence;
