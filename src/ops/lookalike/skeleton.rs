//! The skeletons of names (Unicode Technical Standard 39): letters that look alike become one letter.
//!
//! `confusables.txt` is made from the table of the crate `unicode-security`, which the tests compare with it. The
//! crate's own table is an array of 6,000 slices: each start of the program would have to relocate their addresses.

use std::collections::HashMap;
use std::sync::OnceLock;

use unicode_normalization::UnicodeNormalization;

/// A line for each letter: its code point, then those of the letters that it looks like, in hexadecimal.
const CONFUSABLES: &str = include_str!("confusables.txt");

/// What each letter looks like.
fn prototypes() -> &'static HashMap<char, String> {
    static PROTOTYPES: OnceLock<HashMap<char, String>> = OnceLock::new();
    PROTOTYPES.get_or_init(|| {
        let letter = |code: &str| u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
        let entry = |line: &str| {
            let mut letters = line.split(' ').filter_map(letter);
            Some((letters.next()?, letters.collect()))
        };
        CONFUSABLES.lines().filter_map(entry).collect()
    })
}

/// The skeleton of a text: two texts look alike if their skeletons are equal.
pub fn skeleton(text: &str) -> String {
    let known = prototypes();
    let mut shown = String::with_capacity(text.len());
    for letter in text.nfd() {
        match known.get(&letter) {
            Some(prototype) => shown.push_str(prototype),
            None => shown.push(letter),
        }
    }
    shown.nfd().collect()
}
