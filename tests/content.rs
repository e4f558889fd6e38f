//! Files and folders through the program: the permissions of each operation, overwriting, moving,
//! unregistered paths, invalid paths.

use crate::support::{Fixture, Tool};

/// A node of alice's with `/in` and `/out` and a file in each; nobody else holds permissions.
fn node() -> Tool {
    static MADE: Fixture = Fixture::new();
    MADE.copy(|| {
        let tool = Tool::staffed();
        tool.ok("endpoint add node1 --kind node --node-version 4.4.6 --as alice");
        tool.ok("content add node1:/in --owner alice");
        tool.ok("content add node1:/out --owner alice");
        tool.ok("content upload node1:/in/a.mov --size 1000 --as alice");
        tool.ok("content upload node1:/in/folder --type folder --file b.mov:2000 --as alice");
        tool.ok("content upload node1:/in/empty --type folder --as alice");
        tool
    })
}

/// Gives bob exactly these permissions on a folder of the node.
fn give(tool: &Tool, folder: &str, permissions: &str) {
    tool.ok_here(&format!("share grant node1:{folder} bob --permission {permissions} --as alice"));
}

fn take(tool: &Tool, folder: &str) {
    tool.ok_here(&format!("share revoke node1:{folder} bob --as alice --cascade"));
}

#[test]
fn each_operation_needs_its_permissions_and_no_others() {
    // The command, the permissions that it needs on `/in`, and those on `/out`.
    let table = [
        ("content list node1:/in", "browse", ""),
        ("content tree node1:/in", "browse", ""),
        ("content upload node1:/out/new.mov --size 1", "", "upload-files"),
        ("content upload node1:/in/a.mov --size 1", "upload-files,delete", ""),
        ("content upload node1:/out/new --type folder", "", "create-folder"),
        ("content upload node1:/out/new --type folder --file x:1", "", "create-folder,upload-files"),
        ("content upload node1:/in/folder --type folder --file x:1", "upload-files", ""),
        ("content upload node1:/in/folder --type folder --file b.mov:1", "upload-files,delete", ""),
        ("content rename node1:/in/a.mov z.mov", "rename", ""),
        ("content remove node1:/in/a.mov", "delete", ""),
        ("content copy node1:/in/a.mov node1:/out", "download", "upload-files"),
        ("content copy node1:/in/folder node1:/out", "download,browse", "create-folder,upload-files"),
        ("content copy node1:/in/empty node1:/out", "download,browse", "create-folder"),
        ("content move node1:/in/a.mov node1:/out", "download,delete", "upload-files"),
        ("content move node1:/in/folder node1:/out", "download,browse,delete", "create-folder,upload-files"),
    ];
    let tool = node();
    for (command, source, target) in table {
        let sides = [("/in", source), ("/out", target)];
        // With all of them: allowed. With one of them less: denied.
        for lacking in std::iter::once(None).chain(sides.iter().flat_map(|(folder, needed)| {
            needed.split(',').filter(|word| !word.is_empty()).map(move |word| Some((*folder, word)))
        })) {
            for (folder, needed) in sides {
                let left: Vec<&str> = needed.split(',').filter(|word| Some((folder, *word)) != lacking).collect();
                // Without any permission bob does not even see the item; an unrelated permission makes it visible.
                let held = left.join(",");
                let spare = if needed.contains("preview-only") { "rename" } else { "preview-only" };
                give(&tool, folder, if held.is_empty() { spare } else { &held });
            }
            let ran = tool.run(&format!("{command} --as bob --dry-run").replace(
                "--dry-run",
                if command.contains("list") || command.contains("tree") { "" } else { "--dry-run" },
            ));
            assert_eq!(ran.status, if lacking.is_none() { 0 } else { 3 }, "{lacking:?}: {ran:#?}");
            for (folder, _) in sides {
                take(&tool, folder);
            }
        }
    }
}

#[test]
fn overwriting_a_file_takes_delete() {
    let tool = node();
    tool.ok("content upload node1:/out/a.mov --size 5 --as alice");
    give(&tool, "/in", "download");
    give(&tool, "/out", "upload-files");
    let ran = tool.fails(3, "content copy node1:/in/a.mov node1:/out --as bob", "may not copy-to=node1:/out");
    assert!(ran.err.contains("--permission delete"), "the way out: {ran:#?}");
    assert!(!tool.may("bob", "copy-to=node1:/out", "node1:/in/a.mov"));
    assert!(tool.may("bob", "copy-to=node1:/out", "node1:/in/unregistered.mov"), "nothing there to replace");
    tool.ok("share set node1:/out bob --permission upload-files,delete --as alice");
    assert!(tool.may("bob", "copy-to=node1:/out", "node1:/in/a.mov"));
    tool.ok("content copy node1:/in/a.mov node1:/out --as bob");
    assert_eq!(tool.json("content show node1:/out/a.mov")["size"], 1000);
    assert!(tool.may("bob", "overwrite", "node1:/out/a.mov"));
    tool.fails(5, "content upload node1:/in/folder --size 1", "is a folder");
    tool.fails(5, "content upload node1:/in/a.mov --type folder", "is a file");
    tool.fails(5, "content copy node1:/in/folder node1:/in", "lies in `node1:/in` already");
    tool.ok("content copy node1:/in/folder node1:/out");
    tool.fails(5, "content copy node1:/in/folder node1:/out", "exists already");
    tool.fails(5, "content move node1:/in node1:/in/folder", "cannot go into itself");
}

#[test]
fn a_moved_item_keeps_its_shares_and_loses_inherited_permissions() {
    let tool = node();
    tool.ok("share grant node1:/in carol --permission view --as alice");
    tool.ok("share grant node1:/in/folder eve --permission view --as alice");
    tool.ok("content move node1:/in/folder node1:/out --as alice");
    assert!(tool.may("eve", "download", "node1:/out/folder/b.mov"), "its own share travels");
    assert!(!tool.may("carol", "download", "node1:/out/folder/b.mov"), "what it inherited does not");
    assert_eq!(tool.json("content tree node1:/in").as_array().unwrap().len(), 2);
    // On another endpoint it is another item.
    tool.ok("endpoint add node2 --kind node --as alice");
    tool.ok("content add node2:/box --owner alice");
    tool.fails(5, "content move node1:/out/folder node2:/box", "");
    tool.ok("content move node1:/out/folder node2:/box --yes");
    assert!(!tool.may("eve", "download", "node2:/box/folder/b.mov"));
    assert_eq!(tool.json("content show node2:/box/folder/b.mov")["size"], 2000);
}

#[test]
fn a_path_that_is_not_registered_has_what_the_folder_above_has() {
    let tool = node();
    give(&tool, "/in", "view");
    assert!(tool.may("bob", "download", "node1:/in/deep/down/reel.mov"));
    assert!(!tool.may("bob", "delete", "node1:/in/deep/down/reel.mov"));
    let ran = tool.run("perm explain bob download node1:/in/deep/reel.mov -o json");
    let told: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(told["resource"], "node1:/in/deep/reel.mov");
    assert_eq!(told["proof"][0]["on"], "node1:/in");
    tool.fails(4, "content rename node1:/in/deep/reel.mov x --as bob", "no such file or folder");
    assert_eq!(tool.ok("content list node1:/in/deep -o json"), "[]\n");
    // A share on the path registers it as a folder, with the folders above.
    tool.ok("share grant node1:/in/deep/down eve --permission view --as alice");
    assert_eq!(tool.json("content show node1:/in/deep")["type"], "folder");
    assert!(tool.may("eve", "download", "node1:/in/deep/down/reel.mov"));
    assert!(!tool.may("eve", "download", "node1:/in/deep/other"));
}

#[test]
fn a_shared_path_answers_below_a_folder_that_cannot_be_browsed() {
    let tool = node();
    tool.ok("share grant node1:/in/folder bob --permission view --as alice");
    tool.fails(4, "content list node1:/in --as bob", "no such file or folder: `node1:/in`");
    tool.ok("content list node1:/in/folder --as bob");
    tool.ok("content show node1:/in/folder/b.mov --as bob");
    let shown = tool.json("content show node1:/in/folder --as bob");
    assert_eq!(shown["label"], "View");
    assert_eq!(shown["permissions"], serde_json::json!(["download", "preview-only", "browse"]));
    assert!(shown["owner"].is_null());
    give(&tool, "/out", "upload");
    tool.fails(3, "content list node1:/out --as bob", "may not browse");
    tool.ok("content upload node1:/out/mine.mov --as bob");
    // "nothing is added": with Upload alone one can neither list nor rename nor delete one's own.
    tool.fails(3, "content rename node1:/out/mine.mov x --as bob", "may not rename");
    tool.fails(3, "content remove node1:/out/mine.mov --as bob", "may not delete");
    assert!(tool.json("content show node1:/out/mine.mov")["owner"].is_null());
}

#[test]
fn paths_are_compared_byte_for_byte_and_bad_ones_are_refused() {
    let tool = node();
    tool.ok("content add node1:/In");
    assert_eq!(tool.ok("content add node1:/In/"), "unchanged\n");
    for bad in ["node1:/a//b", "node1:/./a", "node1:/a/..", "node1://", "node1:/a//"] {
        tool.fails(2, &format!("content add {bad}"), "is not a path");
    }
    tool.fails(2, "content add node1", "not a path: `node1`");
    tool.fails(5, "content add workgroup:x", "not a path on an endpoint");
    tool.fails(2, "content rename node1:/In a/b", "holds `/`");
    tool.fails(5, "content rename node1:/In in", "exists already");
    tool.fails(5, "content remove node1:/", "the root folder cannot be removed");
    tool.fails(5, "content rename node1:/ x", "the root folder cannot be renamed");
    tool.ok("content add 'node1:/a b;c:d*e\\f/ü'");
    assert_eq!(tool.json("content show 'node1:/a b;c:d*e\\f/ü'")["ref"], "node1:/a b;c:d*e\\f/ü");
}

#[test]
fn the_administrators_of_an_endpoint_register_its_content() {
    let tool = node();
    give(&tool, "/in", "edit");
    tool.fails(3, "content add node1:/in/x --owner bob --as bob", "may not edit on endpoint:node1");
    tool.ok("content add node1:/in/x --type file --size 7 --owner carol --as alice");
    assert_eq!(tool.json("content show node1:/in/x")["owner"], "user:carol");
    tool.fails(5, "content add node1:/in/x --owner eve", "registered already, with other values");
    tool.ok("content set node1:/in/x --owner eve --as alice");
    assert!(tool.may("eve", "delete", "node1:/in/x"));
    assert!(!tool.may("carol", "delete", "node1:/in/x"));
    tool.ok("content set node1:/in/x --owner none");
    assert!(!tool.may("eve", "delete", "node1:/in/x"));
    tool.fails(2, "content add node1:/y --size 4", "a folder has no size");
    tool.fails(5, "content add node1:/y --owner group:x", "only accounts own");
}

#[test]
fn saving_a_package_takes_download_on_it_and_upload_in_the_folder() {
    let tool = node();
    tool.ok("package send --title Reel --to bob --file r.mov:10 --file s.mov:20 --as carol");
    let package = tool.json("package list")[0]["ref"].as_str().unwrap().to_owned();
    give(&tool, "/out", "upload-files");
    tool.fails(4, &format!("content save {package} node1:/out --as eve"), "no such package");
    tool.ok(&format!("content save {package} node1:/out --as bob"));
    assert_eq!(tool.json("content list node1:/out").as_array().unwrap().len(), 2);
    tool.fails(3, &format!("content save {package} node1:/out --as bob"), "may not overwrite");
    tool.ok("account set bob --receive deny");
    tool.fails(3, &format!("content save {package} node1:/in --as bob"), "may not download");
}

#[test]
fn removing_a_folder_says_what_ends_with_it() {
    let tool = node();
    tool.ok("share grant node1:/in/folder eve --permission view --as alice");
    let ran = tool.fails(5, "content remove node1:/in --as alice", "");
    for line in ["node1:/in/a.mov", "node1:/in/folder/b.mov", "the share of node1:/in/folder with user:eve"] {
        assert!(ran.err.contains(line), "{line}: {ran:#?}");
    }
    tool.ok("content remove node1:/in --as alice --yes");
    tool.fails(4, "content show node1:/in", "no such file or folder");
    tool.ok(&format!("undo {}", tool.revision()));
    assert!(tool.may("eve", "download", "node1:/in/folder/b.mov"));
}

#[test]
fn an_undo_never_leaves_a_folder_in_itself_or_in_an_ended_folder() {
    let tool = Tool::staffed();
    tool.ok("endpoint add node1 --kind node --administrator alice");
    for folder in ["a", "a/x", "a/y"] {
        tool.ok(&format!("content add node1:/{folder}"));
    }
    tool.ok("content move node1:/a/x node1:/");
    let moved = tool.revision();
    tool.ok("content move node1:/a node1:/x");
    tool.fails(5, &format!("undo {moved}"), "is gone, or lies in it now");
    tool.ok("content remove node1:/x/a/y");
    let removed = tool.revision();
    tool.ok("content remove node1:/x/a");
    tool.fails(5, &format!("undo {removed}"), "is gone");
    tool.ok("content add node1:/open");
    let added = tool.revision();
    tool.ok("endpoint add open --kind share --of node1:/open --administrator alice");
    tool.fails(5, &format!("undo {added}"), "later changes build on this revision");
}

#[test]
fn overwriting_a_shared_file_works_without_seeing_its_folder() {
    let tool = Tool::staffed();
    tool.ok("endpoint add node1 --kind node --node-version 4.4.6 --as bob");
    tool.ok("content add node1:/reels/day01.mov --type file --size 1 --owner carol --as bob");
    tool.ok("share grant node1:/reels/day01.mov eve --permission edit --as carol");
    for who in ["carol", "eve"] {
        assert!(tool.may(who, "overwrite", "node1:/reels/day01.mov"));
        tool.ok(&format!("content upload node1:/reels/day01.mov --size 2 --as {who}"));
        tool.fails(4, &format!("content upload node1:/reels/day02.mov --as {who}"), "no such file or folder");
    }
}

#[test]
fn the_root_folder_cannot_be_moved_or_removed_and_a_check_says_so() {
    let tool = Tool::staffed();
    tool.ok("endpoint add bucket --kind s3 --as bob");
    tool.ok("endpoint add other --kind s3 --as bob");
    for (command, action) in [
        ("content remove bucket:/ --yes", "delete"),
        ("content rename bucket:/ top", "rename"),
        ("content move bucket:/ other:/", "move-to=other:/"),
        ("content copy bucket:/ other:/", "copy-to=other:/"),
    ] {
        for who in ["", " --as bob"] {
            tool.fails(5, &format!("{command}{who}"), "the root folder cannot be");
        }
        assert!(!tool.may("bob", action, "bucket:/"), "{action}");
        // This does not hold for items below it, registered or not.
        assert!(tool.may("bob", action, "bucket:/reel.mov"), "{action}");
    }
}
