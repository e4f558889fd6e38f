//! References: whatever is typed is read or refused, and what is read means the same when it is written
//! and read once more.
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
