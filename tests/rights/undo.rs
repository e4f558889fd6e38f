//! Undo by the actor of a change, and by others.

use crate::support::{Fixture, Tool};

/// The staffed store, with mia the manager.
fn studio() -> Tool {
    static MADE: Fixture = Fixture::new();
    MADE.copy(|| {
        let tool = Tool::staffed();
        tool.ok("account add mia --role manager");
        tool.ok("group add crew --as mia");
        tool.ok("group add-member crew bob carol --as mia");
        tool.ok("workgroup add color --as mia");
        tool.ok("workgroup add-member color bob group:crew --as mia");
        tool.ok("workgroup add-admin color bob --as mia");
        tool.ok("dropbox add intake --as mia");
        tool.ok("dropbox add-member intake bob --as mia");
        tool.ok("dropbox add-member intake carol --level submit-only --as mia");
        tool.ok("dropbox invite intake vendor@example.com --as mia");
        tool.ok("endpoint add disk --kind node --as eve");
        tool.ok("endpoint add laptop --kind personal --managed=false --as eve");
        tool.ok("content add disk:/a/b --as eve");
        tool.ok("content add disk:/a/c.mov --type file --size 5 --as eve");
        tool.ok("org add acme --as eve");
        tool.ok("org set-role acme bob member");
        tool.ok("workspace add acme/prod --description d --as eve");
        tool.ok("workspace add-member acme/prod bob --as eve");
        tool.ok("media add acme/prod reel --as eve");
        tool.ok("access-token create acme/prod --mode read --as eve");
        tool
    })
}

#[test]
fn the_actor_of_a_removal_may_undo_it() {
    let tool = studio();
    for (who, command) in [
        ("mia", "group remove crew"),
        ("mia", "workgroup remove color"),
        ("mia", "dropbox remove intake"),
        ("eve", "workspace remove acme/prod"),
        ("eve", "endpoint remove disk"),
        ("eve", "endpoint remove laptop"),
        ("eve", "content remove disk:/a"),
        ("mia", "account remove carol --destroy"),
        ("mia", "account remove carol"),
    ] {
        if command.starts_with("content") {
            // The administrator role of a node gives no permissions on files.
            tool.ok("share grant disk:/ eve --permission edit");
        }
        let before = tool.ok("export");
        tool.ok(&format!("{command} --yes --as {who}"));
        let removed = tool.revision();
        // Nobody may undo it who could not make all of it again.
        let _ = tool.fails(3, &format!("undo {removed} --as bob"), "");
        tool.ok(&format!("undo {removed} --as {who}"));
        assert_eq!(tool.ok("export"), before, "{command}");
    }
}

#[test]
fn the_maker_of_a_resource_may_undo_its_creation_completely() {
    let tool = Tool::staffed();
    tool.ok("workgroup add color --admins-create-users");
    tool.ok("workgroup add-member color carol");
    tool.ok("workgroup add-admin color carol");
    tool.ok("endpoint add disk --kind node --as eve");
    tool.ok("content add disk:/in --as eve");
    tool.ok("share grant disk:/in bob --permission upload --admin --as eve");
    for (who, command) in [
        ("dana", "group add crew"),
        ("dana", "workgroup add sound"),
        ("dana", "dropbox add intake"),
        ("bob", "endpoint add node1 --kind node --private"),
        // Only the operator removes an organization, but its founder may undo the creation at once.
        ("bob", "org add acme"),
        ("carol", "account add nina --workgroup color"),
        ("bob", "content upload disk:/in/day --type folder --file a.mov:5"),
    ] {
        let before = tool.ok("export");
        tool.ok(&format!("{command} --as {who}"));
        let made = tool.revision();
        tool.fails(3, &format!("undo {made} --as {}", if who == "eve" { "bob" } else { "eve" }), "");
        tool.ok(&format!("undo {made} --as {who}"));
        assert_eq!(tool.ok("export"), before, "{command}");
    }
    // An actor who may no longer create it may not undo the creation either.
    tool.ok("group add crew --as dana");
    let made = tool.revision();
    tool.ok("account set-role dana user");
    tool.fails(3, &format!("undo {made} --as dana"), "");
}

#[test]
fn an_undo_that_gives_a_right_is_not_allowed_by_that_right() {
    let tool = Tool::staffed();
    tool.ok("endpoint add disk --kind node --as eve");
    tool.ok("endpoint add-role disk administrator bob --as eve");
    tool.ok("endpoint remove-role disk administrator bob --as eve");
    tool.fails(3, &format!("undo {} --as bob", tool.revision()), "");
    tool.ok("account set-role bob admin --as alice");
    tool.ok("account set-role bob user --as alice");
    tool.fails(3, &format!("undo {} --as bob", tool.revision()), "");
    tool.ok("org add acme --as eve");
    tool.ok("org set-role acme bob admin");
    tool.ok("org remove-member acme bob --as eve");
    tool.fails(3, &format!("undo {} --as bob", tool.revision()), "");
}

#[test]
fn undo_reveals_nothing_about_the_log() {
    let tool = studio();
    let _ = tool.run("group add nothing --as carol");
    let denied = tool.revision();
    tool.ok("group add hidden --as dana");
    let made = tool.revision();
    tool.ok(&format!("undo {made} --as dana"));
    tool.ok("endpoint add vault --kind s3 --private --as eve");
    let founded = tool.revision();
    // Denied, undone, somebody else's: the same answer for actors who may not read the log.
    let told: Vec<String> = [denied, made, founded]
        .map(|number| tool.fails(3, &format!("undo {number} --as bob"), "may not undo this revision").err)
        .to_vec();
    assert!(told.iter().all(|one| *one == told[0]), "{told:#?}");
    tool.fails(5, &format!("undo {denied} --as alice"), "was a denied change");
    tool.fails(5, &format!("undo {denied} --as carol"), "was a denied change");
    tool.fails(5, &format!("undo {made} --as dana"), "was undone by revision");
    // Obstacles are named only if the actor may see them.
    tool.ok("group add late --as dana");
    let late = tool.revision();
    tool.ok("group add-member late carol --as mia");
    tool.ok("endpoint add-role vault access-manager group:late");
    let ran = tool.fails(5, &format!("undo {late} --as dana"), "later changes build on this revision");
    assert!(ran.err.contains("user:carol is member of group:late since revision"), "{ran:#?}");
    assert!(ran.err.contains("one change that you may not see") && !ran.err.contains("vault"), "{ran:#?}");
}

#[test]
fn an_undo_fails_if_the_account_ended_or_the_membership_changed() {
    let tool = Tool::staffed();
    tool.ok("group add crew");
    tool.ok("group add-member crew bob");
    tool.ok("group remove-member crew bob");
    let removed = tool.revision();
    tool.ok("account remove bob --destroy --yes");
    let ran = tool.fails(5, &format!("undo {removed}"), "later changes build on this revision");
    assert!(ran.err.contains("is gone"), "{ran:#?}");
    tool.ok("workgroup add color");
    tool.ok("workgroup add-member color carol");
    let added = tool.revision();
    tool.ok("workgroup deactivate-member color carol");
    let ran = tool.fails(5, &format!("undo {added}"), "later changes build on this revision");
    assert!(ran.err.contains("was changed in revision"), "{ran:#?}");
}

#[test]
fn an_undo_makes_no_cycle_of_groups() {
    let tool = Tool::staffed();
    tool.ok("group add inner");
    tool.ok("group add outer");
    tool.ok("group add-member outer group:inner");
    tool.ok("group remove-member outer group:inner");
    let removed = tool.revision();
    tool.ok("group add-member inner group:outer");
    tool.fails(5, &format!("undo {removed}"), "a cycle");
}
