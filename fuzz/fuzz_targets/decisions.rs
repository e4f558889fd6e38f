//! Fuzzes the reader of the tables of a review: any file can be read without a panic, and every diagnostic can be
//! rendered with its position.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rolebook::input::table::decode;
use rolebook::manifest::review_decisions::read;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = decode(bytes) else { return };
    if let Err(diagnostics) = read(&text) {
        diagnostics.iter().for_each(|diagnostic| drop(diagnostic.render("fuzz.csv", &text)));
    }
});
