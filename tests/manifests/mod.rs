//! Tests of manifests: validation, plans, applies and exports.

mod absent;
mod apply;
mod atomic;
mod bad;
mod file_only;
mod limits;
mod owners;
mod round_trips;
mod rows;
mod schema;
mod several;
mod tables;

use std::fs;

use crate::support::Tool;

/// The first line of every manifest.
pub(crate) const HEAD: &str = "version: 1\n";

/// Writes a file into the folder of a tool.
pub(crate) fn write(tool: &Tool, name: &str, text: &str) {
    fs::write(tool.folder().join(name), text).unwrap();
}

/// The manifest of the studio example.
pub(crate) const STUDIO: &str = include_str!("../../examples/studio.yaml");

/// A tool with an empty store and the manifest of the studio as `studio.yaml`.
pub(crate) fn with_studio_file() -> Tool {
    let tool = Tool::new();
    write(&tool, "studio.yaml", STUDIO);
    tool
}
