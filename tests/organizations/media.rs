//! Media files and live streams.

use super::{acme, columns};

#[test]
fn both_nouns_add_list_show_edit_and_remove() {
    let tool = acme();
    for (noun, called) in [("media", "media file"), ("stream", "live stream")] {
        let out = tool.ok(&format!("{noun} add acme/prod reel-3 --title 'Reel 3' --as carol"));
        assert!(out.contains(": name reel-3, workspace workspace:acme/prod, title Reel 3\n"), "{out}");
        assert_eq!(out.contains("\nsecret "), noun == "stream", "{out}");
        assert_eq!(tool.ok(&format!("{noun} add acme/prod REEL-3 --as carol")), "unchanged\n");
        assert_eq!(tool.ok(&format!("{noun} add acme/prod reel-3 --title 'Reel 3'")), "unchanged\n");
        tool.fails(
            5,
            &format!("{noun} add acme/prod reel-3 --title Other"),
            &format!("the {called} `reel-3` exists already"),
        );
        tool.ok(&format!("{noun} add acme/staging reel-3 --as carol"));
        let rows = tool.json(&format!("{noun} list acme --as carol"));
        assert_eq!(rows.as_array().unwrap().len(), 2);
        let row = &rows[0];
        assert_eq!(
            (row["name"].as_str(), row["workspace"].as_str(), row["title"].as_str()),
            (Some("reel-3"), Some("workspace:acme/prod"), Some("Reel 3"))
        );
        let (own, other) = (row["ref"].as_str().unwrap(), rows[1]["ref"].as_str().unwrap());
        let number = own.split_once(':').unwrap().1;
        assert_eq!(tool.json(&format!("{noun} show {number} --as bob")), *row);
        assert_eq!(columns(&tool, &format!("{noun} list acme --as bob"), "ref"), format!("{own}\n"));
        tool.fails(4, &format!("{noun} show {other} --as bob"), &format!("no such {called}"));
        tool.fails(4, &format!("{noun} list acme/staging --as bob"), "no such workspace");
        for change in ["edit", "remove"] {
            let title = if change == "edit" { " --title x" } else { "" };
            tool.fails(3, &format!("{noun} {change} {own}{title} --as bob"), "Members get only the view access");
            tool.fails(4, &format!("{noun} {change} {own}{title} --as eve"), "no such");
        }
        tool.fails(2, &format!("{noun} edit {own}"), "nothing to change");
        let out = tool.ok(&format!("{noun} edit {own} --name reel-4 --title '' --as carol"));
        assert!(out.contains("name reel-3 -> reel-4, title Reel 3 -> none"), "{out}");
        tool.ok(&format!("{noun} add acme/prod reel-3"));
        tool.fails(5, &format!("{noun} edit {own} --name Reel-3"), "names are unique in a workspace");
        tool.ok(&format!("{noun} remove {own} --as carol"));
        tool.fails(4, &format!("{noun} show {own}"), &format!("no such {called}"));
    }
}

#[test]
fn a_stream_key_is_shown_once_to_its_maker() {
    let tool = acme();
    let first = tool.json("stream add acme/prod show --as carol")["secret"].as_str().unwrap().to_owned();
    assert!(tool.json("stream add acme/prod show --as carol").get("secret").is_none(), "unchanged");
    let stream = columns(&tool, "stream list acme", "ref").trim().to_owned();
    assert!(tool.json(&format!("stream edit {stream} --title Show --as carol")).get("secret").is_none());
    let made = tool.json(&format!("stream edit {stream} --new-key --as carol"));
    let second = made["secret"].as_str().unwrap();
    assert_ne!(first, second);
    assert_eq!(made["changed"][0]["after"]["stream_key"], "new");
    tool.fails(3, &format!("stream edit {stream} --new-key --as bob"), "Members get only the view access");
    for who in ["bob", "carol"] {
        let shown = tool.ok(&format!("stream show {stream} --as {who} -o json"));
        let hash = rolebook::model::secret::Secret::from_presented(second).hash();
        assert!(!shown.contains("key") && !shown.contains(&hash), "{shown}");
    }
    tool.fails(2, "media edit 1 --new-key", "--new-key");
}
