//! Every integration test in one binary, because linking SQLite is most of the cost of a test binary.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that fails may panic, and one that measures says what"
)]

mod accounts;
mod audit;
mod audit_filters;
mod audit_follow;
mod bounds;
mod commands;
mod completions;
mod concurrency;
mod content;
mod crash;
mod delegation;
mod differences;
mod disclosure;
mod docs;
mod endpoints;
mod everywhere;
mod evidence;
mod external_ids;
mod extremes;
mod fetch;
mod findings;
mod forgery;
mod groups;
mod hostile;
mod layers;
mod links;
mod listings;
mod mail;
mod man;
mod manifests;
mod names;
mod old_store;
mod oracle;
mod organizations;
mod output;
mod packages;
mod past;
mod perm;
mod perm_batch;
mod perm_batch_lines;
mod perm_listings;
mod perm_test;
mod platform_faspex;
mod platform_globus;
mod properties;
mod prose;
mod readme;
mod report;
mod restoring;
mod reviews;
mod rights;
mod scenarios;
mod secrets;
mod separation;
mod settling;
mod shares;
mod statuses;
mod store;
mod support;
mod tampering;
mod terminals;
mod workgroups;

/// The tests of a file that is not named above would never run.
#[test]
fn no_test_file_is_forgotten() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let listed = include_str!("main.rs");
    for entry in std::fs::read_dir(here).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let is_module = path.extension().is_some_and(|it| it == "rs") || path.join("mod.rs").exists();
        if is_module && name != "main" {
            assert!(listed.contains(&format!("mod {name};")), "tests/{name} is in no `mod` line of tests/main.rs");
        }
    }
}
