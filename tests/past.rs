//! Reading the past takes today's rights (docs/model.md#time-and-the-past): `--at` shows a past state to
//! those who may see it now.

use crate::support::Tool;

/// A store with alice (admin), dana (manager), bob, carol and eve, and its revision.
struct Past {
    tool: Tool,
    then: u64,
}

impl Past {
    fn of(lines: &[&str]) -> Past {
        let tool = Tool::staffed();
        for line in lines {
            tool.ok(line);
        }
        let then = tool.revision();
        Past { tool, then }
    }

    /// Runs a reading command about the past revision.
    fn at(&self, line: &str, who: &str) -> i32 {
        self.tool.run(&format!("{line} --at {} --as {who}", self.then)).status
    }
}

#[test]
fn a_lost_right_hides_the_time_when_it_was_held() {
    let past = Past::of(&[
        "endpoint add vault --kind s3 --private --as bob",
        "endpoint add-role vault activity-monitor carol --as bob",
        "org add acme --admin bob",
        "org set-role acme carol member",
    ]);
    assert_eq!(past.at("endpoint show vault", "carol"), 0);
    assert_eq!(past.at("org members acme", "carol"), 0);
    past.tool.ok("endpoint remove-role vault activity-monitor carol --as bob");
    past.tool.ok("org remove-member acme carol --as bob");
    assert_eq!(past.at("endpoint show vault", "carol"), 4);
    assert_eq!(past.at("org members acme", "carol"), 4);
    let listed = past.tool.ok(&format!("endpoint list --at {} --as carol -o json", past.then));
    assert_eq!(listed, "[]\n");
    // A question about that time is answered by its facts.
    assert_eq!(past.at("endpoint show vault", "bob"), 0);
    assert!(past.tool.run(&format!("perm check carol see endpoint:vault --at {}", past.then)).status == 0);
}

#[test]
fn a_new_right_shows_the_time_before_it() {
    let past =
        Past::of(&["endpoint add vault --kind s3 --private --as bob", "group add crew", "group add-member crew bob"]);
    assert_eq!(past.at("endpoint show vault", "carol"), 4);
    assert_eq!(past.at("group members crew", "carol"), 3, "the group is visible, who is in it is not");
    past.tool.ok("endpoint add-role vault activity-monitor carol --as bob");
    past.tool.ok("account set-role carol manager");
    assert_eq!(past.at("endpoint show vault", "carol"), 0);
    assert_eq!(past.at("group members crew", "carol"), 0);
}

#[test]
fn a_resource_made_private_is_private_for_the_past_too() {
    let past = Past::of(&["endpoint add open --kind s3 --as bob"]);
    assert_eq!(past.at("endpoint show open", "eve"), 0);
    past.tool.ok("endpoint set open --private --as bob");
    assert_eq!(past.at("endpoint show open", "eve"), 4);
    past.tool.ok("endpoint remove open --yes --as bob");
    assert_eq!(past.at("endpoint show open", "eve"), 4);
    assert_eq!(past.at("endpoint show open", "dana"), 4, "a manager has no power over endpoints");
    assert_eq!(past.at("endpoint show open", "alice"), 0, "server admins see all that is gone");
}

#[test]
fn an_ended_resource_is_visible_to_those_who_see_its_parent() {
    let past = Past::of(&[
        "endpoint add node1 --kind node --node-version 4.4.6 --as bob",
        "content add node1:/reels/day01.mov --type file --as bob",
        "share grant node1:/reels carol --permission view",
        "share grant node1:/reels/day01.mov eve --permission view",
        "workgroup add color",
        "workgroup add-member color eve",
    ]);
    assert_eq!(past.at("content show node1:/reels/day01.mov", "eve"), 0);
    past.tool.ok("content remove node1:/reels/day01.mov --yes");
    past.tool.ok("workgroup remove color --yes");
    assert_eq!(past.at("content show node1:/reels/day01.mov", "carol"), 0, "its folder is shared with carol today");
    assert_eq!(past.at("content show node1:/reels/day01.mov", "eve"), 4, "its share is gone with it");
    assert_eq!(past.at("workgroup show color", "eve"), 4, "the membership is gone with it");
    assert_eq!(past.at("workgroup show color", "dana"), 0, "managers manage every workgroup");
    assert_eq!(past.at("workgroup members color", "alice"), 0);
}

#[test]
fn everybody_may_ask_about_themselves_at_any_time_by_their_old_or_new_name() {
    let past = Past::of(&["workgroup add color --send anyone"]);
    past.tool.ok("account add zoe");
    assert_eq!(past.at("perm check bob send workgroup:color", "bob"), 0);
    // The account zoe did not exist then: denied like a principal that does not exist.
    assert_eq!(past.at("perm check zoe send workgroup:color", "zoe"), 1);
    assert_eq!(past.at("perm check bob send workgroup:color", "zoe"), 3);
}
