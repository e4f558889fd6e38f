//! Readers of files that are not manifests. Each turns a file into the statements of a manifest, so that the same plan
//! shows and makes the changes.

pub mod people_csv;
