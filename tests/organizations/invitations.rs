//! Invitations: address, role, workspaces, expiry, and the same answer to every invitation that cannot be accepted.

use rolebook::model::secret::Secret;
use rolebook::model::{Kind, Name, Role};
use rolebook::ops::org;
use rolebook::ops::org_invitation::{self, InvitationTerms};

use super::{accept, acme, columns, join, people, spent};
use crate::support::Tool;

fn secret(tool: &Tool, arguments: &str) -> String {
    tool.json(arguments)["secret"].as_str().unwrap().to_owned()
}

#[test]
fn an_invitation_gives_its_role_and_its_workspaces() {
    let tool = acme();
    let made =
        tool.json("org invite acme eve@example.com --role member --workspace prod --workspace acme/staging --as carol");
    assert_eq!(made["secret"].as_str().unwrap().len(), 43);
    assert!(made.get("secrets").is_none(), "{made}");
    assert!(!tool.may("eve", "view", "org:acme"), "a pending invitation gives nothing");
    let row = tool.json("org invites acme --as carol").as_array().unwrap().last().unwrap().clone();
    assert_eq!(row["ref"], format!("invitation:{}", row["id"]));
    assert_eq!(
        (row["role"].as_str(), row["status"].as_str(), row["by"].as_str()),
        (Some("member"), Some("active"), Some("user:carol"))
    );
    assert_eq!(row["workspaces"], serde_json::json!(["workspace:acme/prod", "workspace:acme/staging"]));
    assert!(row["expires"].is_string());
    // A workspace that has ended meanwhile is left out.
    tool.ok("workspace remove acme/staging --yes --as carol");
    let ran = accept(&tool, "ACME", made["secret"].as_str().unwrap(), "eve");
    assert_eq!(ran.status, 0, "{ran:#?}");
    assert!(
        ran.out
            .contains("added user:eve to org:acme: role member\nadded user:eve to workspace:acme/prod: level member\n"),
        "{ran:#?}"
    );
    let row = tool.json("org invites acme").as_array().unwrap().last().unwrap().clone();
    assert_eq!(row["status"], "used");
    let proof = tool.json("perm check eve view org:acme")["proof"].to_string();
    assert!(proof.contains("user:carol"), "who invited gave the role: {proof}");
}

#[test]
fn the_cost_of_an_invitation_does_not_grow_with_the_members() {
    let spent_on_inviting = |members: usize| {
        let tool = acme();
        people(&tool, members, "");
        let address = |number: usize| {
            let secret = Secret::from_bytes(&[u8::try_from(number).unwrap(); 32]);
            (Name::parse_email(&format!("x{number}@example.com")).unwrap(), secret)
        };
        let addresses: Vec<(Name, Secret)> = (0..5).map(address).collect();
        let terms = InvitationTerms { role: Role::OrgMember, workspaces: Vec::new(), expires: None };
        spent(&tool, &|tx| {
            let made = org_invitation::invite(tx, &Name::parse("acme").unwrap(), &terms, &addresses).unwrap();
            assert_eq!(made.len(), 5);
        })
    };
    assert_eq!(spent_on_inviting(2), spent_on_inviting(100));
}

#[test]
fn the_cost_of_listing_members_does_not_grow_with_other_workspaces() {
    let spent_on_listing = |workspaces: usize| {
        let tool = acme();
        people(&tool, 5, "prod");
        let names: String = (0..workspaces).map(|it| format!("w{it}: {{}}, ")).collect();
        let text = format!("version: 1\norganizations: {{acme: {{workspaces: {{{names}}}}}}}\n");
        std::fs::write(tool.folder().join("more.yaml"), text).unwrap();
        tool.ok("apply more.yaml --yes");
        spent(&tool, &|tx| {
            let org = tx.find(Kind::Org, &Name::parse("acme").unwrap()).unwrap();
            let members = org::members(tx, &org).unwrap();
            for member in members.iter().filter(|it| it.role == Role::OrgMember) {
                let found = org::workspaces_of(tx, org.id, member).unwrap();
                assert_eq!(found.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["prod"]);
            }
            assert_eq!(members.len(), 7);
        })
    };
    assert_eq!(spent_on_listing(1), spent_on_listing(100));
}

#[test]
fn several_addresses_get_a_secret_each() {
    let tool = acme();
    let invite = "org invite acme eve@example.com dana@example.com --role admin --as carol";
    let ran = tool.run(invite);
    let lines: Vec<&str> = ran.out.lines().filter(|line| line.starts_with("secret ")).collect();
    assert_eq!(lines.len(), 2, "{ran:#?}");
    assert!(lines[0].starts_with("secret eve@example.com ") && lines[1].starts_with("secret dana@example.com "));
    for address in ["eve@example.com", "dana@example.com"] {
        tool.ok(&format!("org cancel-invite acme {address} --as carol"));
    }
    let made = tool.json(invite);
    assert!(made.get("secret").is_none(), "{made}");
    let secrets = made["secrets"].as_array().unwrap().clone();
    assert_eq!(secrets[0]["email"], "eve@example.com");
    assert_eq!(accept(&tool, "acme", secrets[1]["secret"].as_str().unwrap(), "eve").status, 3, "each its own");
    assert_eq!(accept(&tool, "acme", secrets[0]["secret"].as_str().unwrap(), "eve").status, 0);
    tool.ok("org cancel-invite acme dana@example.com");
    let rows = tool
        .ok("org invite acme dana@example.com x@example.com --role member --columns ref,secret -o tsv --no-headers");
    let secrets: Vec<&str> = rows.lines().map(|row| row.split('\t').nth(1).unwrap()).collect();
    assert!(secrets.len() == 2 && secrets[0] != secrets[1] && secrets[0].len() == 43, "{rows}");
    assert_eq!(accept(&tool, "acme", secrets[0], "dana").status, 0);
}

#[test]
fn who_cannot_be_invited() {
    let tool = acme();
    tool.fails(2, "org invite acme eve@example.com --as carol", "--role");
    tool.fails(2, "org invite acme --role member --as carol", "ADDRESS");
    tool.fails(2, "org invite acme eve --role member", "is not an e-mail address");
    tool.fails(2, "org invite acme eve@example.com --role owner", "owner");
    let ran = tool.fails(5, "org invite acme BOB@example.com --role admin --as carol", "a member of org:acme already");
    assert!(ran.err.contains("try: rolebook org set-role acme bob admin"), "{ran:#?}");
    tool.ok("account add frank@example.net");
    tool.ok("org set-role acme frank@example.net member");
    tool.fails(5, "org invite acme Frank@Example.net --role member", "a member of org:acme already");
    let ran = tool.fails(
        5,
        "org invite acme eve@example.com --role admin --workspace prod",
        "cannot be given single workspaces",
    );
    assert!(ran.err.contains("has all of its workspaces, always"), "{ran:#?}");
    tool.fails(4, "org invite acme eve@example.com --role member --workspace nowhere", "no such workspace");
    tool.fails(5, "org invite acme eve@example.com --role member --expires 2020-01-01", "would have expired");
    let before = tool.revision();
    tool.fails(5, "org invite acme x@example.com bob@example.com --role member", "already");
    tool.fails(5, "org invite acme x@example.com X@example.com --role member", "has an active invitation");
    assert_eq!(tool.revision(), before, "all or none");
    tool.ok("org invite acme eve@example.com --role member --as carol");
    let ran = tool.fails(5, "org invite acme EVE@example.com --role member --as carol", "has an active invitation");
    assert!(ran.err.contains("try: rolebook org cancel-invite acme EVE@example.com"), "{ran:#?}");
}

#[test]
fn an_invitation_is_cancelled_by_its_address_or_its_number() {
    let tool = acme();
    let first = secret(&tool, "org invite acme eve@example.com --role member --as carol");
    assert!(tool.ok("org cancel-invite acme EVE@example.com --as carol").contains("state active -> revoked"));
    let ran = tool.run("org cancel-invite acme eve@example.com");
    assert_eq!((ran.out.as_str(), ran.err.contains("was revoked already")), ("unchanged\n", true), "{ran:#?}");
    tool.fails(4, "org cancel-invite acme nobody@example.com", "no such invitation");
    tool.ok("org invite acme eve@example.com --role member --as carol");
    let id = tool.json("org invites acme").as_array().unwrap().last().unwrap()["ref"].as_str().unwrap().to_owned();
    tool.ok("org add globex --admin dana");
    tool.fails(4, &format!("org cancel-invite globex {id}"), "no such invitation");
    tool.ok(&format!("org cancel-invitation acme {id} --as carol"));
    assert_eq!(
        columns(&tool, "org invites acme", "email,status"),
        "bob@example.com\tused\neve@example.com\trevoked\neve@example.com\trevoked\n"
    );
    assert_eq!(accept(&tool, "acme", &first, "eve").status, 3);
}

#[test]
fn every_invitation_that_cannot_be_accepted_gets_the_same_answer() {
    let tool = acme();
    let used = secret(&tool, "org invite acme dana@example.com --role member --as carol");
    assert_eq!(accept(&tool, "acme", &used, "dana").status, 0);
    tool.ok("org remove-member acme dana --as carol");
    let cancelled = secret(&tool, "org invite acme dana@example.com --role member --as carol");
    tool.ok("org cancel-invite acme dana@example.com");
    let expired = secret(&tool, "org invite acme dana@example.com --role member --expires 1s --as carol");
    tool.later(2);
    let others = secret(&tool, "org invite acme eve@example.com --role member --as carol");
    let member = secret(&tool, "org invite acme alice@example.com --role member --as carol");
    tool.ok("org set-role acme alice admin");
    tool.ok("dropbox add intake");
    let link = secret(&tool, "dropbox invite intake dana@example.net");
    tool.ok("workgroup add color");
    tool.ok("workgroup add-member color dana");
    tool.ok("workgroup add-admin color dana");
    let mut answers = Vec::new();
    for (org, text, who, reason) in [
        ("acme", used.as_str(), "dana", "the invitation was used"),
        ("acme", &cancelled, "dana", "the invitation was cancelled"),
        ("acme", &expired, "dana", "the invitation is expired"),
        ("acme", &others, "dana", "the invitation is for another address"),
        ("acme", &member, "alice", "a member already"),
        ("acme", &link, "dana", "unknown invitation"),
        ("acme", "nonsense", "dana", "unknown invitation"),
        ("nowhere", &others, "dana", "no such organization"),
    ] {
        let ran = accept(&tool, org, text, who);
        assert_eq!((ran.status, ran.out.as_str()), (3, ""), "{reason}: {ran:#?}");
        let entry = tool.json(&format!("audit show {}", tool.revision()));
        assert_eq!((entry["denied"].as_bool(), entry["message"].as_str()), (Some(true), Some(reason)));
        answers.push(ran.err);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    // Dana administers a workgroup, so she reads her own log entries, which do not have the real reason.
    let own = tool.ok("audit log --denied --as dana -o json");
    assert!(own.contains("org accept") && !own.contains("the invitation"), "{own}");
    let ran = tool.sh(&format!("echo {others} | rolebook org accept acme --secret -"));
    assert_eq!(ran.status, 2, "the operator is not an account: {ran:#?}");
    let ran = tool.sh("rolebook org accept acme --secret - --as eve < /dev/null");
    assert_eq!(ran.status, 2, "{ran:#?}");
    assert_eq!(accept(&tool, "acme", &others, "eve").status, 0, "refusals used nothing up");
}

#[test]
fn an_account_is_known_by_its_name_too() {
    let tool = acme();
    tool.ok("account add frank@example.net");
    let made = secret(&tool, "org invite acme FRANK@example.net --role admin --as carol");
    assert_eq!(accept(&tool, "acme", &made, "frank@example.net").status, 0);
    assert!(tool.may("frank@example.net", "invite", "org:acme"));
}

#[test]
fn no_secret_is_kept() {
    let tool = acme();
    join(&tool, "eve", "admin");
    let mut secrets = vec![
        secret(&tool, "org invite acme dana@example.com --role member --as carol"),
        secret(&tool, "access-token create acme/prod --mode read --as carol"),
        secret(&tool, "stream add acme/prod show --as carol"),
    ];
    let stream = tool.json("stream list acme")[0]["ref"].as_str().unwrap().to_owned();
    secrets.push(secret(&tool, &format!("stream edit {stream} --new-key --as carol")));
    let key = secret(&tool, "signing-key create acme/prod --as carol");
    let seed = key.lines().nth(1).unwrap();
    secrets.push(seed.to_owned());
    let log = tool.ok("audit log -o json");
    for text in &secrets {
        assert!(tool.files_with(text.as_bytes()).is_empty(), "{text} is in a file");
        assert!(!log.contains(&text[..20]) || text == seed, "{log}");
        assert!(!log.contains(text.as_str()), "{log}");
    }
    // Nor are the bytes of the private key, after the sixteen that every key begins with.
    use base64::Engine;
    let der = base64::engine::general_purpose::STANDARD.decode(seed).unwrap();
    assert!(tool.files_with(&der[16..]).is_empty());
}
