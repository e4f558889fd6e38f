//! Fuzzes the reader of tables of people: any file can be read without a panic, and every diagnostic can be rendered
//! with its position.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rolebook::input::table::decode;
use rolebook::manifest::from_statements;
use rolebook::manifest::import::people_csv::{TableOptions, read};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = decode(bytes) else { return };
    match read(&text, 0, &TableOptions::default()) {
        Ok(statements) => drop(from_statements(statements)),
        Err(diagnostics) => diagnostics.iter().for_each(|diagnostic| drop(diagnostic.render("fuzz.csv", &text))),
    }
});
