//! Fuzzes the readers of receipts, checkpoints and verifier keys: no file is taken for evidence that the key did not
//! sign, and none makes the command panic. The first byte says which of the three the rest is.
#![no_main]

use std::path::{Path, PathBuf};

use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

/// The verifier of a published vector. Nothing that it signed is a receipt or a checkpoint of the store.
const VERIFIER: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

struct Place {
    folder: TempDir,
    store: PathBuf,
}

fn run(words: &[&str]) -> u8 {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let words = ["rolebook"].iter().chain(words).map(Into::into).collect();
    rolebook::cli::run(words, &mut out, &mut err)
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("fuzz.db");
        assert_eq!(run(&["init", "--store", store.to_str().unwrap()]), 0);
        Place { folder, store }
    }
}

thread_local! {
    static PLACE: Place = Place::new();
}

fuzz_target!(|bytes: &[u8]| {
    let Some((which, bytes)) = bytes.split_first() else { return };
    PLACE.with(|place| {
        let file = place.folder.path().join("evidence");
        std::fs::write(&file, bytes).unwrap();
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let (file, store) = (text(&file), text(&place.store));
        let status = match which % 3 {
            0 => run(&["audit", "verify", "--receipt", &file, "--key", VERIFIER]),
            1 => run(&["audit", "verify", "--checkpoint", &file, "--key", VERIFIER, "--store", &store]),
            _ => match std::str::from_utf8(bytes) {
                Ok(key) => run(&["audit", "verify", "--receipt", &file, "--key", key]),
                Err(_) => return,
            },
        };
        assert_ne!(status, 0, "{}", String::from_utf8_lossy(bytes));
    });
});
