//! Fuzzes `perm check --batch`: for any input, every line gets an answer of one line, and the command ends with status
//! 0 or 6.
#![no_main]

use std::cell::RefCell;
use std::path::PathBuf;

use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

struct Place {
    _folder: TempDir,
    store: PathBuf,
    requests: PathBuf,
}

fn run(words: &[&str]) -> (u8, Vec<u8>, Vec<u8>) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let words = ["rolebook"].iter().chain(words).map(Into::into).collect();
    let status = rolebook::cli::run(words, &mut out, &mut err);
    (status, out, err)
}

impl Place {
    /// Makes a store with resources of many kinds.
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let (store, manifest) = (folder.path().join("fuzz.db"), folder.path().join("studio.yaml"));
        std::fs::write(&manifest, include_str!("../../examples/studio.yaml")).unwrap();
        let (status, _, err) =
            run(&["apply", manifest.to_str().unwrap(), "--create", "--yes", "--store", store.to_str().unwrap()]);
        assert_eq!(status, 0, "{}", String::from_utf8_lossy(&err));
        let requests = folder.path().join("requests");
        Place { _folder: folder, store, requests }
    }
}

thread_local! {
    static PLACE: RefCell<Option<Place>> = const { RefCell::new(None) };
}

fuzz_target!(|bytes: &[u8]| {
    PLACE.with_borrow_mut(|place| {
        let place = place.get_or_insert_with(Place::new);
        std::fs::write(&place.requests, bytes).unwrap();
        let (store, requests) = (place.store.to_str().unwrap(), place.requests.to_str().unwrap());
        let (status, out, _) = run(&["perm", "check", "--batch", requests, "--store", store]);
        let asked = bytes.split(|byte| *byte == b'\n').count() - usize::from(bytes.is_empty() || bytes.ends_with(b"\n"));
        let answered = out.iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(answered, asked, "{}", String::from_utf8_lossy(&out));
        assert!([0, 6].contains(&status), "{status}");
    });
});
