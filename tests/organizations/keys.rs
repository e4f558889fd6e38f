//! Signing keys and access tokens: made by admins, and invisible to everybody else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use super::{acme, columns, join};
use crate::support::Tool;

fn der(pem: &str) -> Vec<u8> {
    let lines: Vec<&str> = pem.lines().collect();
    assert!(lines.len() == 3 && lines[0].starts_with("-----BEGIN ") && lines[2].starts_with("-----END "), "{pem}");
    STANDARD.decode(lines[1]).unwrap()
}

#[test]
fn a_signing_key_is_a_pair_that_signs() {
    let tool = acme();
    let made = tool.json("signing-key create acme/prod --as carol");
    let private = made["secret"].as_str().unwrap();
    let list = tool.json("signing-key list acme --as carol");
    let row = &list[0];
    assert_eq!((row["of"].as_str(), row["by"].as_str()), (Some("workspace:acme/prod"), Some("user:carol")));
    let reference = row["ref"].as_str().unwrap();
    let number = reference.trim_start_matches("signing-key:");
    let shown = tool.json(&format!("signing-key show {number} --as carol"));
    assert_eq!(shown, *row);
    let public = shown["public_key"].as_str().unwrap();
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der(private)).unwrap();
    let point = &der(public)[12..];
    assert_eq!(pair.public_key().as_ref(), point);
    let signature = pair.sign(b"what was signed");
    UnparsedPublicKey::new(&ED25519, point).verify(b"what was signed", signature.as_ref()).unwrap();
    assert!(UnparsedPublicKey::new(&ED25519, point).verify(b"another thing", signature.as_ref()).is_err());
    if std::process::Command::new("openssl").arg("version").output().is_ok() {
        std::fs::write(tool.folder().join("key.pem"), private).unwrap();
        let ran = tool.sh("openssl pkey -in key.pem -pubout");
        assert_eq!((ran.status, ran.out.as_str()), (0, public), "{ran:#?}");
    }
    // The text output has the PEM as complete lines.
    let ran = tool.sh("rolebook signing-key create acme --as carol | sed -n '/BEGIN/,/END/p' > other.pem");
    assert_eq!(ran.status, 0, "{ran:#?}");
    let other = std::fs::read_to_string(tool.folder().join("other.pem")).unwrap();
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der(&other)).unwrap();
    assert_ne!(other, private, "a pair of its own");
    assert_eq!(columns(&tool, "signing-key list acme", "of"), "workspace:acme/prod\norg:acme\n");
    assert_eq!(columns(&tool, "signing-key list acme/prod", "ref"), format!("{reference}\n"));
    tool.ok(&format!("signing-key delete {reference} --as carol"));
    tool.fails(4, &format!("signing-key show {reference} --as carol"), "no such signing key");
    tool.fails(2, "signing-key show x", "is not the number of a signing key");
    assert!(!tool.ok("signing-key create acme --dry-run").contains("PRIVATE"), "what is not kept is not shown");
}

fn token(tool: &Tool, mode: &str) -> (String, String) {
    let made = tool.json(&format!("access-token create acme/prod {mode} --as carol"));
    let rows = tool.json("access-token list acme/prod");
    let reference = rows.as_array().unwrap().last().unwrap()["ref"].as_str().unwrap().to_owned();
    (reference, made["secret"].as_str().unwrap().to_owned())
}

#[test]
fn a_token_acts_with_the_rights_of_an_admin_limited_to_its_workspace_and_mode() {
    let tool = acme();
    let (read, _) = token(&tool, "--mode read");
    let (write, _) = token(&tool, "--mode read-write --expires 90d");
    tool.ok("media add acme/prod reel --as carol");
    tool.ok("media add acme/staging reel --as carol");
    let media = columns(&tool, "media list acme", "ref");
    let (own, other) = media.trim().split_once('\n').unwrap();
    for (token, changes) in [(&read, false), (&write, true)] {
        assert!(tool.may(token, "view", "workspace:acme/prod"), "{token}");
        assert!(tool.may(token, "view", own));
        for (action, on) in [("edit", "workspace:acme/prod"), ("create-media", "workspace:acme/prod"), ("delete", own)]
        {
            assert_eq!(tool.may(token, action, on), changes, "{token} {action}");
        }
        assert!(!tool.may(token, "view", "workspace:acme/staging") && !tool.may(token, "view", other), "{token}");
        assert!(!tool.may(token, "invite", "org:acme"), "{token}");
    }
    tool.ok(&format!("access-token revoke {write} --as carol"));
    assert_eq!(tool.ok(&format!("access-token revoke {write} --as carol")), "unchanged\n");
    let ran = tool.run(&format!("perm check {write} view workspace:acme/prod"));
    assert!(ran.status == 1 && ran.out.contains("access-token.active"), "{ran:#?}");
    assert!(tool.may(&read, "view", "workspace:acme/prod"));
    assert_eq!(columns(&tool, "access-token list acme", "mode,status"), "read\tactive\nread-write\trevoked\n");
    let number = read.trim_start_matches("access-token:");
    let shown = tool.json(&format!("access-token show {number} --as carol"));
    assert_eq!((shown["mode"].as_str(), shown["workspace"].as_str()), (Some("read"), Some("workspace:acme/prod")));
    assert!(shown["expires"].is_null());
    tool.fails(2, "access-token create acme/prod", "--mode");
    tool.fails(2, "access-token create acme/prod --mode write", "write");
    tool.fails(2, "access-token create acme --mode read", "not a workspace: `acme`");
    tool.fails(5, "access-token create acme/prod --mode read --expires 2020-01-01", "would have expired");
    tool.fails(5, &format!("access-token show {own}"), "not an access token");
}

#[test]
fn the_holder_of_a_token_verifies_it_and_every_invalid_token_gets_the_same_answer() {
    let tool = acme();
    let verify = |place: &str, secret: &str, more: &str| {
        tool.sh(&format!("printf '%s' '{secret}' | rolebook access-token verify {place} --secret - {more}"))
    };
    let (reference, good) = token(&tool, "--mode read");
    let ran = verify("acme/prod", &good, "-o json");
    let shown: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        shown,
        serde_json::json!({"ref": reference, "workspace": "workspace:acme/prod", "mode": "read", "expires": null})
    );
    let (reference, revoked) = token(&tool, "--mode read");
    tool.ok(&format!("access-token revoke {reference}"));
    let (_, expired) = token(&tool, "--mode read --expires 1s");
    tool.later(2);
    let before = tool.revision();
    let mut answers = Vec::new();
    for (place, secret) in [
        ("acme/prod", "nonsense"),
        ("acme/prod", revoked.as_str()),
        ("acme/prod", &expired),
        ("acme/staging", &good),
        ("acme/nowhere", &good),
        ("nowhere/prod", &good),
    ] {
        let ran = verify(place, secret, "");
        assert_eq!((ran.status, ran.out.as_str()), (3, ""), "{ran:#?}");
        answers.push(ran.err);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    assert_eq!(tool.revision(), before, "a question is not recorded");
    assert_eq!(verify("acme/prod", &good, "--as eve").status, 0, "also for a stranger");
}

#[test]
fn members_find_no_trace_of_keys_and_tokens() {
    let tool = acme();
    tool.ok("workspace add-member acme/prod bob --level manager");
    let counted = tool.ok("status --as bob -o json --columns counts");
    let (token, _) = token(&tool, "--mode read-write");
    tool.ok("signing-key create acme/prod --as carol");
    let key = tool.json("signing-key list acme")[0]["ref"].as_str().unwrap().to_owned();
    let same = |kind: &str, known: &str, ask: &dyn Fn(&str) -> String| {
        let unknown = format!("{kind}:999999");
        let answers = [known, unknown.as_str()].map(|reference| {
            let ran = tool.run(&format!("{} --as bob", ask(reference)));
            let number = reference.trim_start_matches(&format!("{kind}:")).to_owned();
            (ran.status, ran.out, ran.err.replace(&number, "N"))
        });
        assert_eq!(answers[0].0, 4, "{answers:#?}");
        assert_eq!(answers[0], answers[1]);
    };
    same("access-token", &token, &|it| format!("access-token show {it}"));
    same("access-token", &token, &|it| format!("access-token revoke {it}"));
    same("access-token", &token, &|it| format!("perm check bob view {it}"));
    // Questions about other tokens are not answered, whether they exist or not.
    for it in [token.as_str(), "access-token:999999"] {
        tool.fails(3, &format!("perm check {it} view workspace:acme/prod --as bob"), "may ask about themselves only");
    }
    tool.ok(&format!("perm check {token} view workspace:acme/prod --as carol"));
    tool.fails(4, &format!("perm check {token} view workspace:acme/prod --as alice"), "no such workspace");
    same("signing-key", &key, &|it| format!("signing-key show {it}"));
    same("signing-key", &key, &|it| format!("signing-key delete {it}"));
    same("signing-key", &key, &|it| format!("perm explain bob delete {it}"));
    for (command, says) in [
        ("access-token list acme", "Can’t see Access Token details at all"),
        ("access-token list acme/prod", "Can’t see Access Token details at all"),
        ("access-token create acme/prod --mode read", "Can’t see Access Token details at all"),
        ("signing-key list acme", "Can’t see Signing Key details at all"),
        ("signing-key create acme/prod", "Can’t see Signing Key details at all"),
    ] {
        let ran = tool.fails(3, &format!("{command} --as bob"), says);
        assert!(!ran.err.contains(&token) && !ran.err.contains(&key), "{ran:#?}");
    }
    let number = |reference: &str| reference.split_once(':').unwrap().1.to_owned();
    for command in [
        "org show acme",
        "org members acme",
        "workspace show acme/prod",
        "workspace members acme/prod",
        "media list acme",
    ] {
        let out = tool.ok(&format!("{command} --as bob -o json"));
        assert!(!out.contains("token") && !out.contains("signing"), "{out}");
        assert!(!out.contains(&format!(":{}\"", number(&token))), "{out}");
    }
    assert_eq!(tool.ok("status --as bob -o json --columns counts"), counted, "nor are they counted");
    // A former admin no longer sees them either.
    join(&tool, "eve", "admin");
    tool.ok(&format!("access-token show {token} --as eve"));
    tool.ok("org set-role acme eve member --as carol");
    tool.fails(4, &format!("access-token show {token} --as eve"), "no such access token");
}
