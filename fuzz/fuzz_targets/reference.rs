//! Fuzzes the parser of references: any text is parsed or refused, and a parsed reference stays the same when it is
//! written and parsed again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rolebook::model::{Kind, Name, Path, Reference};

fuzz_target!(|text: &str| {
    for kind in [Kind::Account, Kind::Group, Kind::Dropbox, Kind::Endpoint, Kind::Item, Kind::Workspace, Kind::Server] {
        if let Ok(reference) = Reference::parse(text, kind) {
            let written = reference.to_string();
            let again = Reference::parse(&written, kind);
            assert_eq!(again.as_ref(), Ok(&reference), "{written}");
        }
    }
    let _ = Reference::principal(text);
    let _ = Name::parse(text);
    let _ = Path::parse(text);
});
