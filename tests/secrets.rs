//! A secret is shown once and found nowhere afterwards: not in the raw bytes of the store and
//! the files beside it, not in any later answer, not in a message. And a link that does not work
//! gives its holder the same answer for every reason; only the log has the reason.

use std::collections::BTreeSet;

use rolebook::model::secret::Secret;
use serde_json::{Value, json};

use crate::support::{CommandOutput, Fixture, Tool};

const SUBMIT: &str = "dropbox submit intake --title Reel --file reel.mov:1 --link -";
const CLAIM: &str = "dropbox claim intake someone@example.com --link -";

/// A store with the dropbox `intake`, which may have a public link.
fn office() -> Tool {
    static MADE: Fixture = Fixture::new();
    MADE.copy(|| {
        let tool = Tool::staffed();
        tool.ok("server set --public-links allow");
        tool.ok("dropbox add intake");
        tool
    })
}

/// Runs a command that makes a link; returns its secret.
fn made(tool: &Tool, arguments: &str) -> String {
    let answer = tool.json(arguments);
    let secret = answer["secret"].as_str().unwrap().to_owned();
    // This also checks `raw`.
    assert_eq!(Secret::from_bytes(&raw(&secret).try_into().unwrap()).reveal(), secret, "{answer}");
    secret
}

/// Presents a link on standard input.
fn present(tool: &Tool, link: &str, arguments: &str) -> CommandOutput {
    tool.sh(&format!("printf '%s\\n' '{link}' | rolebook {arguments}"))
}

/// The bytes of a secret: base64url without padding, decoded.
fn raw(secret: &str) -> Vec<u8> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0u32, 0);
    for letter in secret.chars() {
        bits = (bits << 6) | u32::try_from(ALPHABET.find(letter).unwrap()).unwrap();
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).unwrap());
        }
    }
    bytes
}

/// Asserts that the store has the hashes of these secrets, and that neither their text nor their
/// bytes are in any file.
fn in_no_file(tool: &Tool, secrets: &[String]) {
    for secret in secrets {
        assert!(
            !tool.files_with(Secret::from_presented(secret).hash().as_bytes()).is_empty(),
            "{secret} was never known"
        );
        let (text, bytes) = (tool.files_with(secret.as_bytes()), tool.files_with(&raw(secret)));
        assert!(text.is_empty() && bytes.is_empty(), "{secret} is in {text:?}, its bytes in {bytes:?}");
    }
}

/// Asserts that the output of a command contains none of these secrets, nor a long part of one.
fn in_no_answer(ran: &CommandOutput, secrets: &[String]) {
    for secret in secrets {
        for part in [&secret[..12], &secret[secret.len() - 12..]] {
            assert!(!ran.out.contains(part) && !ran.err.contains(part), "{secret} is told: {ran:#?}");
        }
    }
}

/// Every reading command.
fn questions(tool: &Tool) -> Vec<String> {
    let mut lines: Vec<String> = [
        "status",
        "account list",
        "account show bob",
        "group list",
        "workgroup list",
        "dropbox list",
        "dropbox show intake",
        "dropbox members intake",
        "dropbox invites intake",
        "package list",
        "server show",
        "role list",
        "role show dropbox:outside-submitter",
        "perm check invitee:vendor@example.com submit dropbox:intake",
        "perm explain invitee:vendor@example.com submit dropbox:intake",
        "perm explain invitee:vendor@example.com view-packages dropbox:intake",
        "perm explain anyone submit dropbox:intake",
        "audit log",
        "audit log --denied",
        "audit log --on dropbox:intake",
        "audit verify",
    ]
    .map(str::to_owned)
    .to_vec();
    lines.extend((1..=tool.revision()).map(|number| format!("audit show {number}")));
    for package in tool.json("package list").as_array().unwrap() {
        lines.push(format!("package show {}", package["ref"].as_str().unwrap()));
    }
    lines
}

/// Runs every command that makes or takes a link, valid or not; returns the secrets of the stored links.
fn a_life_of_links(tool: &Tool) -> Vec<String> {
    let first = made(tool, "dropbox invite intake vendor@example.com --after-one-upload");
    let second = made(tool, "dropbox resend intake vendor@example.com -v");
    let public = made(tool, "dropbox public-link intake on");
    let mut secrets = vec![first.clone(), second.clone(), public.clone()];
    let step = |link: &str, arguments: &str, status: i32| {
        let ran = present(tool, link, arguments);
        assert_eq!(ran.status, status, "{ran:#?}");
        in_no_answer(&ran, &secrets);
    };
    step(&first, SUBMIT, 3);
    step(&second, &format!("{SUBMIT} -v --dry-run"), 0);
    step(&second, &format!("{SUBMIT} -v"), 0);
    step(&second, &format!("{SUBMIT} -o json"), 3);
    step(&public, SUBMIT, 3);
    step(&first, CLAIM, 3);
    let claimed = present(tool, &public, &format!("{CLAIM} -v"));
    in_no_answer(&claimed, &secrets);
    let secret = claimed.out.lines().find_map(|line| line.strip_prefix("secret ")).unwrap();
    assert!(claimed.status == 0 && !claimed.err.contains(secret), "{claimed:#?}");
    secrets.push(secret.to_owned());
    in_no_answer(&present(tool, secret, &format!("{SUBMIT} -v -o json")), &secrets);
    // The same address again is a conflict; the message shows neither link.
    in_no_answer(&present(tool, &public, CLAIM), &secrets);
    tool.ok("dropbox revoke intake someone@example.com");
    tool.ok("dropbox public-link intake off --revoke-issued");
    in_no_answer(&present(tool, &public, CLAIM), &secrets);
    secrets
}

#[test]
fn no_secret_is_among_the_bytes_of_any_file() {
    let tool = office();
    // An open reader keeps the write-ahead log and the shared memory from being removed.
    let reader = rusqlite::Connection::open(tool.store()).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    reader.query_row("SELECT count(*) FROM revision", [], |_| Ok(())).unwrap();
    let secrets = a_life_of_links(&tool);
    for end in ["", "-wal", "-shm"] {
        let path = tool.store().with_file_name(format!("rolebook.db{end}"));
        assert!(path.exists(), "{path:?}");
    }
    // The last writes are still in the log only.
    assert_eq!(
        tool.files_with(b"public-link intake off --revoke-issued"),
        [tool.store().with_file_name("rolebook.db-wal")]
    );
    in_no_file(&tool, &secrets);
    drop(reader);
    tool.ok("account add zoe");
    assert_eq!(tool.files_with(b"public-link intake off --revoke-issued"), [tool.store()]);
    in_no_file(&tool, &secrets);
}

#[test]
fn no_answer_repeats_a_secret() {
    let tool = office();
    tool.ok("server set --url https://files.example.com");
    let secrets = a_life_of_links(&tool);
    for question in questions(&tool) {
        for dress in ["-v", "-v -o json", "-o yaml"] {
            let ran = tool.run(&format!("{question} {dress}"));
            assert!(ran.status <= 1 && !ran.out.is_empty(), "{ran:#?}");
            in_no_answer(&ran, &secrets);
        }
    }
    // To undo the end of a link does not show the secret again.
    let log = tool.json("audit log");
    let ended = log.as_array().unwrap().iter().find(|it| it["command"].as_str().unwrap().contains("public-link"));
    let ran = tool.run(&format!("undo {} -v", ended.unwrap()["revision"]));
    assert_eq!(ran.status, 0, "{ran:#?}");
    in_no_answer(&ran, &secrets);
}

#[test]
fn no_completion_offers_a_secret() {
    let tool = office();
    let secrets = a_life_of_links(&tool);
    for (words, offered) in [
        ("dropbox invites ''", "intake"),
        ("dropbox submit ''", "intake"),
        ("perm check ''", "invitee:vendor@example.com"),
        ("package show ''", ""),
        ("audit show ''", ""),
    ] {
        let index = words.split(' ').count();
        let ask = format!("_CLAP_COMPLETE_INDEX={index} ROLEBOOK_COMPLETE=bash rolebook -- rolebook {words}");
        let ran = tool.sh(&ask);
        assert!(ran.status == 0 && ran.out.contains(offered), "{ran:#?}");
        in_no_answer(&ran, &secrets);
    }
}

#[test]
fn a_secret_given_as_an_argument_is_an_error_that_does_not_repeat_it() {
    let tool = office();
    let made = made(&tool, "dropbox invite intake vendor@example.com");
    // One secret in 64 begins with a hyphen, one in 4096 with two; these look like options.
    let (short, long) = (format!("-N{}", &made[2..]), format!("--{}", &made[2..]));
    let link = format!("https://files.example.com/dropbox/intake#{made}");
    let revision = tool.revision();
    for secret in [&made, &short, &long, &link] {
        let known = [secret.clone(), made.clone()];
        for line in [SUBMIT, CLAIM] {
            for link in [format!("--link '{secret}'"), format!("--link='{secret}'")] {
                for format in ["table", "json"] {
                    let ran = tool.run(&format!("{} -v -o {format}", line.replace("--link -", &link)));
                    assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{ran:#?}");
                    assert!(ran.err.contains("the file named by --link cannot be read"), "{ran:#?}");
                    in_no_answer(&CommandOutput { line: String::new(), ..ran }, &known);
                }
            }
        }
        assert!(tool.files_with(secret.as_bytes()).is_empty());
    }
    assert_eq!(tool.revision(), revision);
    in_no_file(&tool, &[made]);
}

/// Links that do not work, with the reason, for the next test.
const REASONS: [(&str, &str); 6] = [
    ("unknown", "unknown link"),
    ("revoked", "the link was revoked"),
    ("resent", "the link was revoked"),
    ("used", "the link was used"),
    ("expired", "the link is expired"),
    ("elsewhere", "unknown link"),
];

fn links_that_do_not_work(tool: &Tool) -> Vec<String> {
    tool.ok("dropbox add outtake");
    let expired = made(tool, "dropbox invite intake expired@example.com --expires 1s");
    let revoked = made(tool, "dropbox invite intake revoked@example.com");
    tool.ok("dropbox revoke intake revoked@example.com");
    let resent = made(tool, "dropbox invite intake resent@example.com");
    let _new = made(tool, "dropbox resend intake resent@example.com");
    let used = made(tool, "dropbox invite intake used@example.com --after-one-upload");
    assert_eq!(present(tool, &used, SUBMIT).status, 0);
    let elsewhere = made(tool, "dropbox invite outtake elsewhere@example.com");
    tool.later(2);
    let unknown = Secret::from_bytes(&[7; 32]).reveal().to_owned();
    vec![unknown, revoked, resent, used, expired, elsewhere]
}

#[test]
fn every_link_that_does_not_work_gets_the_same_answer() {
    let tool = office();
    let links = links_that_do_not_work(&tool);
    for dress in ["", " -v", " -o json", " --dry-run"] {
        let mut answers = BTreeSet::new();
        for (link, (which, _)) in links.iter().zip(REASONS) {
            let ran = present(&tool, link, &format!("{SUBMIT}{dress}"));
            assert_eq!((ran.status, ran.out.as_str()), (3, ""), "{which}: {ran:#?}");
            answers.insert(ran.err);
        }
        // A dropbox that does not exist gives the same answer as a link that does not exist.
        answers.insert(present(&tool, &links[0], &format!("{SUBMIT}{dress}").replace("intake", "nowhere")).err);
        assert_eq!(answers.len(), 1, "{answers:#?}");
        let answer = answers.pop_first().unwrap();
        assert!(answer.contains("this link cannot be used") && !answer.contains("example.com"), "{answer}");
    }
}

#[test]
fn every_public_link_that_does_not_work_gets_the_same_answer() {
    let tool = office();
    let private = made(&tool, "dropbox invite intake vendor@example.com");
    let withdrawn = made(&tool, "dropbox public-link intake on");
    tool.ok("dropbox public-link intake off");
    let public = made(&tool, "dropbox public-link intake on");
    let mut reasons = Vec::new();
    let mut refused = |link: &str, line: &str| {
        let ran = present(&tool, link, line);
        assert_eq!((ran.status, ran.out.as_str()), (3, ""), "{ran:#?}");
        reasons.push(last_denial(&tool)["message"].as_str().unwrap().to_owned());
        ran.err
    };
    let mut answers = BTreeSet::from([
        refused("unknown", CLAIM),
        refused(&private, CLAIM),
        refused(&withdrawn, CLAIM),
        refused(&public, &CLAIM.replace("intake", "nowhere")),
    ]);
    tool.ok("server set --public-links deny");
    answers.insert(refused(&public, CLAIM));
    answers.insert(present(&tool, "unknown", SUBMIT).err);
    assert_eq!(answers.len(), 1, "{answers:#?}");
    let unknown = "unknown or withdrawn public link";
    let off = "the server does not allow public links";
    assert_eq!(reasons, [unknown, unknown, unknown, "no such dropbox", off]);
}

/// The last entry of the log, which must be a denial.
fn last_denial(tool: &Tool) -> Value {
    let log = tool.json("audit log --denied --limit 1");
    assert_eq!(log[0]["revision"], json!(tool.revision()), "{log}");
    let shown = tool.json(&format!("audit show {}", log[0]["revision"]));
    assert_eq!((&shown["denied"], &shown["rule"]), (&json!(true), &json!("dropbox.link")), "{shown}");
    assert_eq!((&shown["changes"], &shown["digest"]), (&json!([]), &log[0]["digest"]), "{shown}");
    shown
}

#[test]
fn only_the_log_has_the_reason_why_a_link_did_not_work() {
    let tool = office();
    for (link, (which, reason)) in links_that_do_not_work(&tool).iter().zip(REASONS) {
        assert_eq!(present(&tool, link, SUBMIT).status, 3);
        let entry = last_denial(&tool);
        assert_eq!(entry["message"], json!(reason), "{which}");
        let actor = match which {
            "unknown" | "elsewhere" => json!("anyone"),
            _ => json!(format!("invitee:{which}@example.com")),
        };
        assert_eq!(entry["actor"], actor, "{which}: {entry}");
    }
    let revision = tool.revision();
    assert_eq!(present(&tool, "unknown", &format!("{SUBMIT} --dry-run")).status, 3);
    assert_eq!(tool.revision(), revision, "what would be denied is not recorded");
}

/// Users will pass a secret as some other argument: the message must not repeat it.
#[test]
fn a_stray_secret_on_the_command_line_is_not_repeated() {
    let tool = Tool::studio();
    let secret = "Ab0_-xYz9".repeat(5)[..43].to_owned();
    for line in [
        format!("dropbox submit intake {secret} --title x"),
        format!("dropbox claim intake a@example.com {secret}"),
        format!("dropbox submit intake --{secret}"),
    ] {
        for format in ["table", "json"] {
            let ran = tool.run(&format!("{line} -o {format}"));
            assert_eq!(ran.status, 2, "{ran:#?}");
            assert!(!ran.err.contains(&secret) && ran.err.contains('…'), "{ran:#?}");
        }
    }
}
