//! What comes in from outside: lines of bounded length, tables of text, and YAML with the place of
//! everything in it.
//!
//! Nothing here knows what the input is for: the files of tests, requests and manifests are read by
//! whoever asks for them.

pub mod document;
pub mod faults;
pub mod json;
pub mod lines;
pub mod table;
