//! Tests of notes, checkpoints and receipts as texts: vectors that others published, and every flipped bit.
//!
//! The vectors are facts, with their sources: the examples of the specifications at c2sp.org (CC BY 4.0); the test of
//! golang.org/x/mod/sumdb/note (The Go Authors, BSD-3-Clause) and the key of sum.golang.org; the test of Oak's reader of
//! tlog-proof (The Project Oak Authors, Apache-2.0).

use std::ffi::OsString;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::checkpoint::{Checkpoint, LogProof};
use super::note::{self, NoteError, Signer, Verifier};
use super::receipt_check::{Refusal, check};
use crate::store::merkle::leaf;

fn verifier(text: &str) -> Verifier {
    let verifier = Verifier::parse(text).unwrap();
    assert_eq!(verifier.to_string(), text);
    verifier
}

/// A key from its seed.
fn signer(name: &str, seed: [u8; 32]) -> Signer {
    let pem = STANDARD.encode([b"0.\x02\x01\x000\x05\x06\x03+ep\x04\"\x04\x20".as_slice(), &seed].concat());
    let pair = ring::signature::Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
    let key = ring::signature::KeyPair::public_key(&pair).as_ref().to_vec();
    let hash = ring::digest::digest(&ring::digest::SHA256, &[name.as_bytes(), b"\n\x01", &key].concat());
    let id = crate::model::secret::hex(&hash.as_ref()[..4]);
    let public = STANDARD.encode([b"\x01".as_slice(), &key].concat());
    let text = format!("{name}+{id}+{public}\n-----BEGIN PRIVATE KEY-----\n{pem}\n-----END PRIVATE KEY-----\n");
    Signer::read(&text).unwrap()
}

#[test]
fn the_note_of_the_specification_is_verified_by_its_key() {
    let key = verifier("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
    let note = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    let (text, by) = note::open(note, std::slice::from_ref(&key)).unwrap();
    assert_eq!((text, by), ("This is an example message.\n", &key));
    // The key of this one is not published. Its text has an empty line and the sign of a signature.
    let other = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";
    assert_eq!(note::open(other, &[key]), Err(NoteError::Unsigned));
}

#[test]
fn a_text_is_signed_as_go_signs_it() {
    let skey = STANDARD.decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz").unwrap();
    let signer = signer("PeterNeumann", skey[1..].try_into().unwrap());
    assert_eq!(signer.verifier.to_string(), "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
    let text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    let note = signer.sign(text);
    assert_eq!(
        note,
        format!(
            "{text}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
        )
    );
    assert_eq!(note::open(&note, &[signer.verifier]).map(|(text, _)| text), Ok(text));
}

/// The example of tlog-checkpoint has the size, the root and the signature of a tree of sum.golang.org under another
/// name, so its signature is verified over the text that was signed.
#[test]
fn the_checkpoint_of_the_specification_is_read() {
    let body = "20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    let signature = "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=";
    let key = verifier("sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8");
    let signed = format!("go.sum database tree\n{body}\n— sum.golang.org {signature}\n");
    assert!(note::open(&signed, std::slice::from_ref(&key)).is_ok());
    // Its origin is not the name of its key.
    assert_eq!(Checkpoint::open(&signed, &[key]), Err(NoteError::Unsigned));
    let signer = signer("example.com/behind-the-sofa", [7; 32]);
    let root = STANDARD.decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=").unwrap().try_into().unwrap();
    let own = Checkpoint::sign(&signer, 20_852_163, &root);
    assert!(own.starts_with(&format!("example.com/behind-the-sofa\n{body}\n— example.com/behind-the-sofa ")));
    let keys = [signer.verifier];
    let (read, _) = Checkpoint::open(&own, &keys).unwrap();
    assert_eq!((read.size, read.root), (20_852_163, root));
    // Signatures of witnesses, whose keys nobody gave, are ignored.
    let witnessed = format!("{own}— example.com/behind-the-sofa {signature}\n— witness.example {signature}\n");
    assert_eq!(Checkpoint::open(&witnessed, &keys).unwrap().0, read);
}

#[test]
fn checkpoints_of_another_form_are_refused() {
    let signer = signer("example.com/log", [7; 32]);
    let root = STANDARD.encode([1; 32]);
    let opens = |text: String| Checkpoint::open(&signer.sign(&text), std::slice::from_ref(&signer.verifier)).is_ok();
    assert!(opens(format!("example.com/log\n0\n{root}\n")));
    assert!(opens(format!("example.com/log\n12\n{root}\nan extension\n")));
    for size in ["", "01", "+1", "-1", "1 ", "0x1", "18446744073709551616"] {
        assert!(!opens(format!("example.com/log\n{size}\n{root}\n")), "{size:?}");
    }
    for text in [
        format!("example.com/other\n1\n{root}\n"),
        format!("example.com/log\n1\n{}\n", STANDARD.encode([1; 31])),
        format!("example.com/log\n1\n{}\n", root.replace('=', "")),
        format!("example.com/log\n1\n{root}\n\nafter an empty line\n"),
        "example.com/log\n1\n".to_owned(),
    ] {
        assert!(!opens(text.clone()), "{text}");
    }
}

#[test]
fn the_proof_of_the_specification_is_read_and_written() {
    let hashes = "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\nB95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=\nEKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=\nRoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=\nAHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=\n";
    // The specification leaves out the middle of the signatures.
    let note = "example.com/fancylog\n109482\nsFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n\n— example.com/fancylog hI2DJw[...]1roloI=\n";
    let text = format!(
        "c2sp.org/tlog-proof@v1\nextra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJ\nindex 73894\n{hashes}\n{note}"
    );
    let proof = LogProof::parse(&text).unwrap();
    assert_eq!((proof.index, proof.hashes.len(), proof.checkpoint), (73894, 5, note));
    let plain = format!("c2sp.org/tlog-proof@v1\nindex 73894\n{hashes}\n{note}");
    assert_eq!(proof.text(), plain);
    assert_eq!(LogProof::parse(&plain), Some(proof));
    for bad in [
        plain.replace("@v1", "@v2"),
        plain.replace("index 7", "index 07"),
        plain.replace("index", "index "),
        plain.replace(hashes, "AAAA\n"),
        plain.replace(hashes, &hashes.repeat(13)),
        plain.replace(&format!("\n{note}"), ""),
    ] {
        assert_eq!(LogProof::parse(&bad), None, "{bad}");
    }
}

#[test]
fn a_proof_that_another_log_made_holds() {
    const HASHES: [&str; 9] = [
        "fGRlLyuz+L9Jb8+uTSut/2aVc4z7fKFW+clvsb6xjEM=",
        "F6LautOHD5eppkWC0xn/lz00X5g2yLlZAkl2jCI/wdE=",
        "qH7OJxFNup+TDvJuohd2HphKVngfMeMzUK8QChEDcas=",
        "+Y3g758yXtPCRh/eqhLTA3bdcx+cCV1Uah0JdgB0YEs=",
        "vq8cJSjj8dPVmFBRUqDLlaMqW6aAYR2GKugVhgudXLs=",
        "J0z3X5qTb9WFC1gABhVFx0bW1rVZRL+DAoBL2e2h4G4=",
        "NmSbYg25xNFzTRerIsF3HbEMyTIDqW87AQd9ekzopE8=",
        "L8BZipjURnkctkjJtGJs+YyTXMssvNKA7+a8nV2JT/s=",
        "pva4RFzCejMkVMVmYc93As2lbk7WAyrw58TvrzEOjNc=",
    ];
    let root = STANDARD.decode("QYfrD7XAd4qUHbRBs4dDyDZwpZN4M/cccXr2G56pxkY=").unwrap().try_into().unwrap();
    let signer = signer("example.com/log", [42; 32]);
    let note = Checkpoint::sign(&signer, 76_959, &root);
    let text = format!("c2sp.org/tlog-proof@v1\nindex 76958\n{}\n\n{note}", HASHES.join("\n"));
    let proof = LogProof::parse(&text).unwrap();
    let (checkpoint, _) = Checkpoint::open(proof.checkpoint, std::slice::from_ref(&signer.verifier)).unwrap();
    assert!(proof.holds(leaf(b"hello tesseroak\n"), &checkpoint));
    assert!(!proof.holds(leaf(b"hello tesseroak"), &checkpoint));
    assert!(!LogProof { index: 76_957, ..proof }.holds(leaf(b"hello tesseroak\n"), &checkpoint));
}

#[test]
fn keys_and_notes_of_another_form_are_refused() {
    let good = signer("example.com/foo", [7; 32]).verifier.to_string();
    let key = good.rsplit('+').next().unwrap();
    for bad in [
        String::new(),
        "example.com/foo".to_owned(),
        good.replace("example.com/foo+", "example.com/bar+"),
        good.replace("example.com/foo+", "+"),
        good.replace("example.com/foo+", "example.com foo+"),
        format!("{good}A"),
        good.replace(key, &format!("BA{}", &key[2..])),
        good.replace(key, &STANDARD.encode([1; 32])),
        good.trim_end_matches('=').to_owned() + "+",
    ] {
        assert!(Verifier::parse(&bad).is_err(), "{bad}");
    }
    let signer = signer("example.com/foo", [7; 32]);
    let note = signer.sign("text\n");
    let keys = [signer.verifier];
    assert!(note::open(&note, &keys).is_ok());
    let line = note.strip_prefix("text\n\n").unwrap();
    for (bad, why) in [
        (String::new(), NoteError::Malformed),
        (note.trim_end().to_owned(), NoteError::Malformed),
        (format!("{note}\n"), NoteError::Malformed),
        (note.replace("text\n\n", "text\n"), NoteError::Malformed),
        (note.replace("— ", "- "), NoteError::Malformed),
        (note.replace("text", "te\txt"), NoteError::Malformed),
        (note.replace("text", "te\rxt"), NoteError::Malformed),
        (note.replace("text", "next"), NoteError::Forged),
        (format!("{note}— example.com/foo AAAA\n"), NoteError::Malformed),
        (format!("{note}{}", line.repeat(100)), NoteError::Malformed),
        (note.replace("example.com/foo", "example.com/bar"), NoteError::Unsigned),
    ] {
        assert_eq!(note::open(&bad, &keys), Err(why), "{bad}");
    }
    assert!(note::open(&format!("{note}{}", line.repeat(15)), &keys).is_ok(), "sixteen signatures");
}

/// What the program makes of a small store.
struct Made {
    /// A receipt of a decision that rests on two bindings.
    receipt: String,
    /// A shorter one, of a decision that rests on one.
    short_receipt: String,
    checkpoint: String,
    signer: Signer,
}

fn made() -> &'static Made {
    static MADE: OnceLock<Made> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).into_os_string();
        let run = |line: &str| {
            let words = line.split(' ').map(|word| match word.strip_prefix('@') {
                Some(file) => path(file),
                None => word.into(),
            });
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let store: [OsString; 3] = ["rolebook".into(), "--store".into(), path("s.db")];
            let status = crate::cli::run(store.into_iter().chain(words).collect(), &mut out, &mut err);
            assert_eq!((status, String::from_utf8_lossy(&err).as_ref()), (0, ""), "{line}");
            String::from_utf8(out).unwrap()
        };
        let begin = "init, account add ed, group add g, group add-member g ed, workgroup add w --send members";
        begin.split(", ").for_each(|line| drop(run(line)));
        run("workgroup add-member w group:g");
        run("audit key --out @key --name example.com/log");
        let signer = Signer::read(&std::fs::read_to_string(path("key")).unwrap()).unwrap();
        let short_receipt = run("audit receipt group:g send workgroup:w --key @key");
        let receipt = run("audit receipt ed send workgroup:w --key @key");
        Made { receipt, short_receipt, checkpoint: run("audit checkpoint --key @key"), signer }
    })
}

fn keys() -> &'static [Verifier] {
    std::slice::from_ref(&made().signer.verifier)
}

/// Every text that differs from this one in one bit; those that are not UTF-8 are refused when a file is read.
fn flipped(text: &str) -> impl Iterator<Item = (usize, String)> {
    (0..text.len() * 8).filter_map(|bit| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        Some((bit, String::from_utf8(bytes).ok()?))
    })
}

#[test]
fn no_bit_of_a_receipt_or_checkpoint_can_be_flipped() {
    let Made { short_receipt: receipt, checkpoint, .. } = made();
    assert!(check(receipt, keys()).is_ok() && Checkpoint::open(checkpoint, keys()).is_ok());
    assert!(receipt.contains("\"proof\":[{\"step\":\"role\""), "{receipt}");
    let mut count = 0;
    for (bit, bad) in flipped(receipt) {
        assert!(matches!(check(&bad, keys()), Err(Refusal::Untrusted(_))), "bit {bit}: {bad}");
        count += 1;
    }
    for (bit, bad) in flipped(checkpoint) {
        assert!(Checkpoint::open(&bad, keys()).is_err(), "bit {bit}: {bad}");
        count += 1;
    }
    assert!(count > 20_000, "{count}");
}

/// Whoever has the key can sign any text, but not a binding that the log does not have.
#[test]
fn a_signed_receipt_that_is_not_true_is_refused() {
    let Made { receipt, signer, .. } = made();
    let object = receipt.lines().nth(1).unwrap();
    let told = |change: &dyn Fn(&mut Value)| {
        let mut value: Value = serde_json::from_str(object).unwrap();
        change(&mut value);
        check(&signer.sign(&format!("rolebook receipt 1\n{value}\n")), keys()).map(drop)
    };
    assert_eq!(told(&|_| ()), Ok(()));
    for (place, lie) in [
        ("/proof/0/step", json!("share")),
        ("/proof/0/step", json!("gift")),
        ("/proof/0/principal", json!("user:eve")),
        ("/proof/0/of", json!("group:admins")),
        ("/proof/0/by", json!("user:ed")),
        ("/proof/0/expires", json!("2030-01-01T00:00:00Z")),
        ("/proof/0/revision", json!(1)),
        ("/proof/0/at", json!("2030-01-01T00:00:00Z")),
        ("/proof/1/role", json!("workgroup:admin")),
        ("/proof/1/on", json!("workgroup:other")),
        ("/bindings/0/id", json!(1)),
        ("/bindings/0/step", json!(9)),
        ("/bindings/0/revision", json!(1)),
        ("/bindings/0/revision", json!(99)),
        ("/names/0/id", json!(99)),
        ("/names/0/revision", json!(5)),
        ("/revisions/0/number", json!(2)),
        ("/revisions/0/number", json!(0)),
        ("/revisions/0/digest", json!("00".repeat(32))),
        ("/revisions/0/digest", json!("zz")),
        ("/revisions/0/digest", json!("ä".repeat(32))),
        ("/revisions/0/input", json!("AAAA")),
        ("/revisions/0/input", json!("")),
        ("/revisions/0/tlog_proof", json!("")),
        ("/checkpoint", json!(Checkpoint::sign(signer, 6, &[0; 32]))),
        ("/revision", json!(7)),
    ] {
        let refused = told(&|value| *value.pointer_mut(place).unwrap() = lie.clone());
        assert!(matches!(refused, Err(Refusal::Untrue(_))), "{place}: {lie}: {refused:?}");
    }
    // A revision whose rows are kept back proves no binding, and a signer can keep back any; the answer shows that.
    let kept_back = |value: &mut Value| {
        let revisions = value["revisions"].as_array_mut().unwrap();
        revisions.iter_mut().for_each(|it| it["input"] = Value::Null);
        value["names"] = json!([]);
    };
    assert_eq!(told(&kept_back), Ok(()));
    // A checkpoint of a log of a single revision, that of the digest of the first.
    let other = super::note::Signer::generate("example.com/log".to_owned()).unwrap().0;
    let refused = told(&|value| value["checkpoint"] = json!(Checkpoint::sign(&other, 6, &[0; 32])));
    assert!(matches!(refused, Err(Refusal::Untrue(_))), "{refused:?}");
    for text in
        ["rolebook receipt 2\n{}\n", "rolebook receipt 1\n{}\n", "rolebook receipt 1\n[]\n", "rolebook receipt 1\n"]
    {
        assert!(matches!(check(&signer.sign(text), keys()), Err(Refusal::Untrusted(_))), "{text}");
    }
}
