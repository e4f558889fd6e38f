//! Dropboxes and their links through the program: levels, invitations, the public link, submitting.

use crate::support::{Fixture, Tool};

fn intake() -> Tool {
    static MADE: Fixture = Fixture::new();
    MADE.copy(|| {
        let tool = Tool::staffed();
        tool.ok("dropbox add intake");
        tool.ok("dropbox add-member intake carol bob");
        tool.ok("dropbox add-member intake eve --level submit-only");
        tool.ok("dropbox add-admin intake carol");
        tool
    })
}

/// The secret that a command makes.
fn secret(tool: &Tool, arguments: &str) -> String {
    tool.json(arguments)["secret"].as_str().unwrap().to_owned()
}

fn submit(tool: &Tool, secret: &str) -> crate::support::CommandOutput {
    tool.sh(&format!(
        "printf '%s\\n' '{secret}' | rolebook dropbox submit intake --link - --title Reel --file reel.mov:12"
    ))
}

#[test]
fn levels_decide_who_submits_and_who_views() {
    let tool = intake();
    for (who, submit, view) in [
        ("carol", true, true),
        ("bob", true, true),
        ("eve", true, false),
        ("dana", false, false),
        ("alice", false, true),
    ] {
        assert_eq!(tool.may(who, "submit", "dropbox:intake"), submit, "{who}");
        assert_eq!(tool.may(who, "view-packages", "dropbox:intake"), view, "{who}");
    }
    tool.ok("dropbox submit intake --title Scans --file a.tif:1 --as eve");
    tool.fails(3, "dropbox submit intake --title Scans --as dana", "submits only through a link");
    tool.fails(2, "dropbox submit intake --title Scans", "a submission needs a sender");
    assert_eq!(tool.json("package list --as bob").as_array().unwrap().len(), 1);
    assert_eq!(tool.json("package list --as eve").as_array().unwrap().len(), 1, "her own");
    tool.fails(
        5,
        "dropbox add-member intake bob --level submit-only",
        "is a member of dropbox:intake already, as standard",
    );
    let ran = tool.fails(5, "dropbox add-member intake carol --level standard", "as admin");
    assert!(ran.err.contains("try: rolebook dropbox remove-admin intake user:carol"), "{ran:#?}");
    let ran = tool.fails(5, "dropbox add-member intake bob --level admin", "designated from among the members");
    assert!(ran.err.contains("rolebook dropbox add-admin intake user:bob"), "{ran:#?}");
}

#[test]
fn a_private_link_submits_and_gives_nothing_else() {
    let tool = intake();
    let link = secret(&tool, "dropbox invite intake vendor@example.com");
    assert_eq!(link.len(), 43);
    assert!(tool.may("invitee:vendor@example.com", "submit", "dropbox:intake"));
    for action in ["view", "view-packages", "view-members", "invite", "edit"] {
        assert!(!tool.may("invitee:vendor@example.com", action, "dropbox:intake"), "{action}");
    }
    let ran = submit(&tool, &link);
    assert_eq!(ran.status, 0, "{ran:#?}");
    assert_eq!(submit(&tool, &link).status, 0, "until it expires");
    let packages = tool.json("package list");
    assert_eq!(packages[0]["from"], "invitee:vendor@example.com");
    assert!(!tool.may("invitee:vendor@example.com", "view", packages[0]["ref"].as_str().unwrap()));
    let row = &tool.json("dropbox invites intake")[0];
    assert_eq!(
        (row["email"].as_str(), row["status"].as_str(), row["by"].as_str()),
        (Some("vendor@example.com"), Some("active"), Some("operator"))
    );
}

#[test]
fn the_submission_uses_up_a_one_upload_link() {
    let tool = intake();
    let link = secret(&tool, "dropbox invite intake vendor@example.com --after-one-upload --never");
    assert_eq!(submit(&tool, &link).status, 0);
    let ran = submit(&tool, &link);
    assert_eq!((ran.status, ran.out.as_str()), (3, ""), "{ran:#?}");
    assert!(ran.err.starts_with("rolebook: this link cannot be used\n"), "{ran:#?}");
    assert_eq!(tool.json("dropbox invites intake")[0]["status"], "used");
    assert!(!tool.may("invitee:vendor@example.com", "submit", "dropbox:intake"), "still answered about: denied");
    let last = tool.revision();
    let entry = tool.json(&format!("audit show {last}"));
    assert_eq!((entry["denied"].as_bool(), entry["message"].as_str()), (Some(true), Some("the link was used")));
    assert_eq!(entry["actor"], "invitee:vendor@example.com");
}

#[test]
fn one_active_link_per_address() {
    let tool = intake();
    let first = secret(&tool, "dropbox invite intake vendor@example.com");
    let ran = tool.fails(5, "dropbox invite intake VENDOR@example.com", "has an active link");
    assert!(ran.err.contains("try: rolebook dropbox resend intake VENDOR@example.com"), "{ran:#?}");
    let second = secret(&tool, "dropbox resend intake vendor@example.com");
    assert_eq!(submit(&tool, &first).status, 3, "the old one dies");
    assert_eq!(submit(&tool, &second).status, 0);
    tool.ok("dropbox revoke intake Vendor@Example.com");
    assert_eq!(submit(&tool, &second).status, 3);
    assert_eq!(tool.run("dropbox revoke intake vendor@example.com").out, "unchanged\n");
    tool.fails(4, "dropbox resend intake vendor@example.com", "no such invitation");
    tool.fails(4, "dropbox revoke intake stranger@example.com", "no such invitation");
    tool.ok("dropbox invite intake vendor@example.com");
    let statuses = tool.ok("dropbox invites intake --columns status --no-headers -o tsv");
    assert_eq!(statuses, "revoked\nrevoked\nactive\n");
}

#[test]
fn an_address_of_an_account_is_refused() {
    let tool = intake();
    let ran = tool.fails(5, "dropbox invite intake DANA@example.com", "is the address of an account");
    assert!(ran.err.contains("try: rolebook dropbox add-member intake dana --level submit-only"), "{ran:#?}");
    tool.fails(2, "dropbox invite intake not-an-address", "is not an e-mail address");
    tool.fails(5, "dropbox invite intake x@example.com --expires 2020-01-01", "would have expired");
    tool.fails(2, "dropbox invite intake x@example.com --expires 7d --never", "cannot be used with");
}

#[test]
fn who_invites_is_set_on_the_dropbox() {
    let tool = intake();
    tool.ok("dropbox invite intake a@example.com --as carol");
    tool.fails(3, "dropbox invite intake b@example.com --as bob", "You are able to invite external users");
    tool.ok("dropbox set intake --members-invite");
    tool.ok("dropbox invite intake b@example.com --as bob");
    tool.fails(3, "dropbox invite intake c@example.com --as eve", "may not invite");
    tool.ok("dropbox set intake --admins-manage-invitations=false --members-invite=false");
    tool.fails(3, "dropbox invite intake c@example.com --as carol", "may not invite");
    tool.fails(3, "dropbox revoke intake a@example.com --as carol", "may not revoke-invitation");
    tool.ok("dropbox invite intake d@example.com --as dana");
    tool.ok("server set --managers-administer-dropboxes=false");
    tool.fails(3, "dropbox invite intake e@example.com --as dana", "may not invite");
    tool.fails(3, "dropbox add other --as dana", "may not create-dropbox");
    tool.ok("dropbox invite intake e@example.com --as alice");
}

#[test]
fn the_holder_of_a_public_link_claims_a_private_one() {
    let tool = intake();
    tool.fails(5, "dropbox public-link intake on", "the server does not allow public links");
    tool.ok("server set --public-links allow");
    tool.fails(3, "dropbox public-link intake on --as carol", "may not set-public-link");
    let public = secret(&tool, "dropbox public-link intake on --as dana");
    assert_eq!(tool.run("dropbox public-link intake on").out, "unchanged\n");
    let claim = |address: &str, link: &str| {
        tool.sh(&format!("printf %s '{link}' | rolebook dropbox claim intake {address} --link - -o json"))
    };
    let ran = claim("someone@example.com", &public);
    assert_eq!(ran.status, 0, "{ran:#?}");
    let private = serde_json::from_str::<serde_json::Value>(&ran.out).unwrap()["secret"].as_str().unwrap().to_owned();
    assert_eq!(submit(&tool, &private).status, 0);
    // A new claim replaces the claimed link. A link that somebody else made for an address stays, and is not shown.
    let again = claim("Someone@example.com", &public);
    assert_eq!(again.status, 0, "{again:#?}");
    assert_eq!(submit(&tool, &private).status, 3, "the old one died");
    let private = serde_json::from_str::<serde_json::Value>(&again.out).unwrap()["secret"].as_str().unwrap().to_owned();
    let invited = secret(&tool, "dropbox invite intake vendor@example.com");
    assert_eq!(claim("vendor@example.com", &public).err, claim("x@example.com", &invited).err);
    assert_eq!(submit(&tool, &invited).status, 0);
    let rows = tool.json("dropbox invites intake");
    let number = rows.as_array().unwrap().iter().find(|it| it["email"] == "vendor@example.com").unwrap()["ref"].clone();
    tool.ok(&format!("dropbox revoke intake {}", number.as_str().unwrap()));
    assert_eq!(submit(&tool, &invited).status, 3);
    tool.fails(4, "dropbox revoke intake invitation:1", "no such invitation to dropbox:intake: `invitation:1`");
    assert_eq!(claim("vendor@example.com", &public).status, 0, "nobody's invitation prevents it");
    assert_eq!(claim("bob@example.com", &public).status, 0, "also for an account: it submits through the link");
    let wrong = claim("other@example.com", &private);
    assert_eq!(wrong.status, 3, "{wrong:#?}");
    tool.ok("server set --public-links deny");
    assert_eq!(claim("other@example.com", &public).err, wrong.err);
    tool.ok("server set --public-links allow");
    tool.ok("dropbox public-link intake off");
    assert_eq!(claim("other@example.com", &public).err, wrong.err);
    assert_eq!(submit(&tool, &private).status, 0, "links already claimed live on");
    tool.ok("dropbox public-link intake off --revoke-issued");
    assert_eq!(submit(&tool, &private).status, 3);
    tool.fails(2, "dropbox public-link intake on --revoke-issued", "goes with `off`");
}

#[test]
fn a_link_is_found_by_its_dropbox() {
    let tool = intake();
    tool.ok("dropbox add other");
    let link = secret(&tool, "dropbox invite intake vendor@example.com");
    let ran = tool.sh(&format!("printf %s '{link}' | rolebook dropbox submit other --link - --title x"));
    let nowhere = tool.sh(&format!("printf %s '{link}' | rolebook dropbox submit nowhere --link - --title x"));
    assert_eq!((ran.status, nowhere.status), (3, 3));
    assert_eq!(ran.err, nowhere.err);
}

#[test]
fn removing_a_dropbox_ends_its_links() {
    let tool = intake();
    let link = secret(&tool, "dropbox invite intake vendor@example.com");
    let ran = tool.fails(5, "dropbox remove intake", "not confirmed");
    assert!(ran.err.contains("- the private link for vendor@example.com"), "{ran:#?}");
    tool.ok("dropbox remove intake --yes");
    assert_eq!(submit(&tool, &link).status, 3);
    assert_eq!(tool.json("account show eve")["memberships"], serde_json::json!([]));
}

#[test]
fn with_a_url_of_the_server_a_link_is_complete() {
    let tool = intake();
    tool.fails(2, "server set --url example.com", "is not a web address");
    tool.ok("server set --url https://files.example.com/");
    tool.ok("dropbox add 'in take'");
    let made = tool.json("dropbox invite 'in take' v@example.com");
    let expected = format!("https://files.example.com/dropbox/in%20take#{}", made["secret"].as_str().unwrap());
    assert_eq!(made["url"], expected.as_str());
    let ran = tool.sh(&format!("printf %s '{expected}' | rolebook dropbox submit 'in take' --link - --title whole"));
    assert_eq!(ran.status, 0, "a whole link is as good as its secret: {ran:#?}");
}
