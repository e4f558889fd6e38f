//! What comes in from outside: lines of bounded length, tables of text, and YAML with the place of
//! everything in it.
//!
//! Nothing here knows what the input is for: the files of tests, requests and manifests are read by
//! whoever asks for them.

pub mod document;
pub mod json;
pub mod library_errors;
pub mod lines;
pub mod table;
