//! `perm check` and `perm explain` through the program: the answer, the proof, the remedies.

use crate::support::Tool;

#[test]
fn an_allowed_check_prints_its_shortest_proof_in_one_line() {
    let tool = Tool::studio();
    tool.ok("workgroup remove-member color bob");
    let out = tool.ok("perm check bob send workgroup:color");
    assert_eq!(
        out,
        "allowed: member of group:editors, standard of workgroup:color, send of workgroup:color is members, send is allowed by the server's default, send-normal is allowed by the server's default, send-to-all-users is allowed by the server's default (workgroup.send-members)\n"
    );
}

#[test]
fn a_denied_check_is_exit_1_and_says_what_it_would_take() {
    let tool = Tool::studio();
    let ran = tool.run("perm check eve send workgroup:color");
    assert_eq!((ran.status, ran.err.as_str()), (1, ""));
    assert_eq!(
        ran.out,
        "denied: it would take role workgroup:standard on workgroup:color; or send is anyone on workgroup:color; or role workgroup:admin on workgroup:color and send is admins on workgroup:color; or role group:member on group:editors (workgroup.send-policy)\n"
    );
}

#[test]
fn the_json_of_a_check_has_the_documented_fields() {
    let tool = Tool::studio();
    tool.ok("workgroup remove-member color bob");
    let answer = tool.json("perm check bob send workgroup:color");
    let keys: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["principal", "action", "resource", "allowed", "revision", "at", "proof", "rule", "source"]);
    let first = &answer["proof"][0];
    assert_eq!(
        (first["step"].as_str(), first["of"].as_str(), first["principal"].as_str()),
        (Some("member"), Some("group:editors"), Some("user:bob"))
    );
    assert_eq!(first["revision"], 8);
    let second = &answer["proof"][1];
    assert_eq!((second["role"].as_str(), second["by"].as_str()), (Some("workgroup:standard"), Some("user:dana")));
    let ran = tool.run("perm check eve view-packages dropbox:intake -o json");
    assert_eq!(ran.status, 1);
    let answer: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(answer["would_suffice"][0]["by"], serde_json::json!(["user:alice", "user:dana"]));
    assert_eq!(answer["missing"][0], "role dropbox:standard on dropbox:intake");
}

#[test]
fn an_explanation_names_each_step_with_who_gave_it_and_when() {
    let tool = Tool::studio();
    tool.ok("workgroup remove-member color bob");
    let out = tool.ok("perm explain bob send workgroup:color");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[0], "allowed: user:bob may send on workgroup:color");
    assert!(lines[3].starts_with("  from seed 004: The Faspex administrator determines"), "{out}");
    assert!(lines[5].starts_with("  user:bob is member of group:editors  (by user:dana, revision 8, 20"), "{out}");
    assert!(
        lines[6].starts_with("    group:editors is standard of workgroup:color  (by user:dana, revision 11, 20"),
        "{out}"
    );
    assert_eq!(
        tool.run("perm explain eve send workgroup:color").status,
        0,
        "an explanation that was given is no failure"
    );
}

#[test]
fn suggested_remedies_work() {
    for question in [
        "eve send workgroup:color",
        "eve view-packages dropbox:intake",
        "eve view-members workgroup:color",
        "carol add-group workgroup:color",
        "bob create-dropbox server",
        "bob add-admin workgroup:color",
        "eve view-packages workgroup:dailies",
    ] {
        let tool = Tool::studio();
        let ran = tool.run(&format!("perm check {question} -o json"));
        let answer: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        if answer["allowed"] == true {
            continue;
        }
        let remedies = answer["would_suffice"].as_array().unwrap().clone();
        assert!(!remedies.is_empty(), "{question}");
        for remedy in remedies {
            let tool = Tool::studio();
            let by = remedy["by"][0].as_str().unwrap();
            let by = by.strip_prefix("user:").map_or(String::new(), |name| format!("ROLEBOOK_AS={name} "));
            let command = remedy["command"].as_str().unwrap().replace("rolebook ", &format!("{by}rolebook "));
            let ran = tool.sh(&command);
            assert_eq!(ran.status, 0, "{question}: {ran:#?}");
            assert_eq!(tool.run(&format!("perm check {question}")).status, 0, "{question}: {command}");
        }
    }
}

#[test]
fn each_kind_of_missing_right_has_a_command_that_works() {
    let node = "endpoint add node1 --kind node --node-version 4.4.6 --as bob";
    let cases: [(&[&str], &str, &str, &str); 8] = [
        // A role needs a managed endpoint.
        (
            &["endpoint add lab --kind node --managed=false --administrator bob"],
            "carol view-console endpoint:lab",
            "rolebook endpoint set lab --managed && rolebook endpoint add-role lab activity-monitor carol",
            "user:bob",
        ),
        // An administrator who holds no permissions on the files.
        (
            &[node, "content add node1:/reels --as bob"],
            "carol download node1:/reels",
            "rolebook share grant node1:/reels carol --permission download --admin",
            "user:bob",
        ),
        // A host has no shares.
        (
            &["endpoint add host1 --kind host --as bob", "content add host1:/reels --as bob"],
            "carol download host1:/reels",
            "rolebook content set host1:/reels --owner carol",
            "user:bob",
        ),
        (
            &[
                "endpoint add old --kind node --node-version 3.7.3 --as bob",
                "content add old:/reels --owner carol --as bob",
            ],
            "carol share=download old:/reels",
            "rolebook endpoint set old --node-version 3.7.4",
            "user:bob",
        ),
        (
            &["server set --private-directory"],
            "carol send-to user:eve",
            "rolebook server set --private-directory=false",
            "user:alice",
        ),
        (
            &[
                "dropbox add intake",
                "dropbox invite intake vendor@example.org --no-mail",
                "dropbox revoke intake vendor@example.org",
            ],
            "invitee:vendor@example.org submit dropbox:intake",
            "rolebook dropbox invite intake vendor@example.org",
            "user:alice",
        ),
        // A person outside an organization is invited, or added by the operator if there is no address.
        (
            &["org add acme --admin bob"],
            "carol view org:acme",
            "rolebook org invite acme carol@example.com --role member",
            "user:bob",
        ),
        (
            &["account add silent", "org add acme --admin bob"],
            "silent view org:acme",
            "rolebook org set-role acme silent member",
            "operator",
        ),
    ];
    for (made, question, command, by) in cases {
        let tool = Tool::staffed();
        for line in made {
            tool.ok(line);
        }
        let ran = tool.run(&format!("perm check {question} -o json"));
        assert_eq!(ran.status, 1, "{ran:#?}");
        let answer: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        let offers = answer["would_suffice"].as_array().unwrap();
        let offer = offers.iter().find(|it| it["command"] == command);
        let offer = offer.unwrap_or_else(|| panic!("{question}: {offers:#?}"));
        assert!(offer["by"].as_array().unwrap().contains(&serde_json::json!(by)), "{offer:#?}");
        let name = by.strip_prefix("user:").map_or(String::new(), |name| format!("ROLEBOOK_AS={name} "));
        let ran = tool.sh(&command.replace("rolebook ", &format!("{name}rolebook ")));
        assert_eq!(ran.status, 0, "{question}: {ran:#?}");
        // The invitation must be accepted first.
        if !command.contains("org invite") {
            assert_eq!(tool.run(&format!("perm check {question}")).status, 0, "{question}");
        }
    }
}

#[test]
fn an_ended_token_is_denied_and_an_unknown_number_does_not_exist() {
    let tool = Tool::staffed();
    for line in ["org add acme --admin bob", "workspace add acme/prod", "workspace add acme/more"] {
        tool.ok(line);
    }
    let made = tool.json("access-token create acme/prod --mode read");
    let token = made["changed"][0]["ref"].as_str().unwrap().to_owned();
    assert!(tool.may(&token, "view", "workspace:acme/prod"));
    tool.ok(&format!("access-token revoke {}", token.trim_start_matches("access-token:")));
    assert!(!tool.may(&token, "view", "workspace:acme/prod"));
    tool.ok("workspace remove acme/prod --yes");
    assert!(!tool.may(&token, "view", "workspace:acme/more"), "gone with its workspace");
    assert_eq!(tool.run(&format!("perm check {token} view workspace:acme/more --as bob")).status, 1);
    tool.fails(4, "perm check access-token:99999 view workspace:acme/more", "no such access token");
    tool.fails(4, "perm check access-token:99999 view workspace:acme/more --as bob", "no such access token");
}

#[test]
fn questions_about_an_invitee_are_answered_after_its_last_invitation_ended() {
    let tool = Tool::staffed();
    tool.ok("dropbox add intake");
    tool.ok("dropbox invite intake vendor@example.org --no-mail");
    assert!(tool.may("invitee:vendor@example.org", "submit", "dropbox:intake"));
    tool.ok("dropbox revoke intake vendor@example.org");
    assert!(!tool.may("invitee:vendor@example.org", "submit", "dropbox:intake"));
    assert_eq!(tool.run("perm check invitee:vendor@example.org submit dropbox:intake --as alice").status, 1);
    tool.ok("endpoint add node1 --kind node --node-version 4.4.6 --as bob");
    tool.ok("share grant node1:/open anyone --permission view");
    assert!(tool.may("invitee:vendor@example.org", "browse", "node1:/open"), "what anyone may");
    tool.ok("dropbox remove intake --yes");
    assert!(!tool.may("invitee:vendor@example.org", "send", "server"));
}

#[test]
fn no_remedy_is_suggested_if_none_was_found() {
    let tool = Tool::studio();
    let out = tool.ok("perm explain alice set-role=user user:alice");
    assert!(out.contains("would suffice\n  none found\n"), "{out}");
    let out = tool.ok("perm explain anyone view workgroup:color");
    assert!(out.contains("would suffice\n  none found\n"), "{out}");
}

#[test]
fn an_actor_may_ask_about_itself_and_about_what_it_administers() {
    let tool = Tool::studio();
    assert_eq!(tool.run("perm check bob send workgroup:color --as bob").status, 0);
    tool.fails(3, "perm check carol send workgroup:color --as bob", "user:bob may ask about themselves only");
    assert_eq!(tool.run("perm check bob send workgroup:color --as carol").status, 0, "carol is its admin");
    assert_eq!(tool.run("perm check bob submit dropbox:intake --as dana").status, 1, "dana administers dropboxes");
    tool.fails(3, "perm check bob send server --as eve", "user:eve may ask about themselves only");
    assert!(tool.run("perm check eve send workgroup:color --as alice").status == 1);
    tool.fails(4, "perm check eve view-packages workgroup:color --as eve", "no such workgroup: `color`");
}

#[test]
fn questions_can_be_asked_of_the_past_and_the_future() {
    let tool = Tool::studio();
    assert_eq!(tool.run("perm check bob send workgroup:color --at 10").status, 1);
    assert_eq!(tool.run("perm check bob send workgroup:color --at 11").status, 0);
    tool.fails(4, "perm check bob send workgroup:color --at 2", "no such workgroup");
    tool.fails(4, "perm check bob send workgroup:color --at 999", "no such revision: `999`");
    tool.fails(4, "perm check bob send workgroup:color --at 2001-01-01", "no such workgroup");
    tool.fails(2, "perm check bob send workgroup:color --at yesterday", "is not a time");
    tool.ok("dropbox invite intake guest@example.com --expires 7d");
    assert_eq!(tool.run("perm check invitee:guest@example.com submit dropbox:intake").status, 0);
    assert_eq!(tool.run("perm check invitee:guest@example.com submit dropbox:intake --at 2090-01-01").status, 1);
}

#[test]
fn unknown_words_get_suggestions() {
    let tool = Tool::studio();
    let ran = tool.fails(2, "perm check bob sned workgroup:color", "no action `sned` on a workgroup");
    assert!(ran.err.contains("did you mean `send`?"), "{ran:#?}");
    let ran = tool.fails(4, "perm check bbo send workgroup:color", "no such account: `bbo`");
    assert!(ran.err.contains("did you mean `bob`?"), "{ran:#?}");
    let ran = tool.fails(4, "perm check bob send workgroup:colour", "no such workgroup");
    assert!(ran.err.contains("did you mean `color`?"), "{ran:#?}");
    tool.fails(2, "perm check bob send color", "write the kind in front");
    tool.fails(5, "perm check dropbox:intake send workgroup:color", "not a principal: `dropbox:intake`");
    tool.fails(5, "perm check bob view anyone", "not a resource: `anyone`");
}

#[test]
fn a_drawing_leads_from_the_principal_to_the_answer() {
    let tool = Tool::studio();
    tool.ok("workgroup remove-member color bob");
    let dot = tool.ok("perm explain bob send workgroup:color --graph dot");
    let lines: Vec<&str> = dot.lines().map(str::trim).collect();
    let node = |label: &str| {
        let line = lines.iter().find(|line| line.contains(&format!(" [label=\"{label}"))).expect(label);
        line.split(' ').next().unwrap()
    };
    let way = [
        "user:bob",
        "group:editors",
        "workgroup:color",
        "send of workgroup:color is members",
        "allowed: send\\non workgroup:color\\nrule workgroup.send-members",
    ];
    for pair in way.windows(2) {
        let arrow = format!("{} -> {}", node(pair[0]), node(pair[1]));
        assert!(lines.iter().any(|line| line.starts_with(&arrow)), "{arrow} in {dot}");
    }
    assert!(dot.contains("[label=\"standard\\nby user:dana\\nrevision 11, 20"), "{dot}");
    // What would suffice stands between the principal and a denial.
    let denied = tool.ok("perm explain eve send workgroup:color --graph dot");
    assert!(denied.contains("would suffice") && denied.contains("\"denied: send\\n"), "{denied}");
    let svg = tool.ok("perm explain bob send workgroup:color --graph svg");
    assert!(svg.starts_with("<svg xmlns=") && svg.contains("<title id=\"access-title\">user:bob may send"), "{svg}");
    let _ = tool.fails(2, "perm explain bob send workgroup:color --graph png", "one of: dot, svg");
    let ran = tool.run("perm explain bob send workgroup:color --graph dot -o json");
    assert!(ran.status == 2 && ran.out.is_empty() && ran.err.contains("cannot be used with"), "{ran:?}");
    let _ = tool.fails(4, "perm explain nobody send workgroup:color --graph svg", "no such");
}
