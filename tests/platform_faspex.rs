//! Dumps of Faspex 5: what the interface answers and what `ascli` prints is read or refused, and what is read is what is
//! there.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rolebook::model::attributes::{Attributes, MemberAccess, SendPolicy, Setting, SettingValue};
use rolebook::model::platform_id::{Instance, Platform};
use rolebook::model::{Kind, Role, Time};
use rolebook::platform::calls::{Answer, Request, Service};
use rolebook::platform::dump::{Document, DumpOptions};
use rolebook::platform::faspex;
use rolebook::platform::observed::{Observed, ObservedList, ObservedPrincipal};
use rolebook::platform::refusal::{Refusal, Refused};
use rolebook::platform::tape::{Header, Tape, TapeRecorder, Via};
use serde_json::{Value, json};

fn read(documents: &[Document], options: &DumpOptions) -> Result<Observed, Vec<Refused>> {
    faspex::read(Instance::parse("faspex@faspex.example.com").unwrap(), documents, options)
}

/// What is refused, each once.
fn refusals(found: Result<Observed, Vec<Refused>>) -> BTreeSet<Refusal> {
    found.map_or_else(|refused| refused.iter().map(|it| it.refusal).collect(), |_| BTreeSet::new())
}

/// `row` with other values for some of its keys; null takes a key away.
fn with(mut row: Value, changes: Value) -> Value {
    let fields = row.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(fields.remove(name)),
            value => drop(fields.insert(name.clone(), value.clone())),
        }
    }
    row
}

/// An account with all its settings.
fn account(id: u64, name: &str) -> Value {
    json!({
        "id": id.to_string(), "name": name, "first_name": "Maria", "last_name": "Garcia", "email": format!("{name}@example.com"),
        "role": "user", "type": "local_user", "status": "active", "account_activated": true, "account_expires": false,
        "expiration_date": null, "uploads_allowed": true, "downloads_allowed": true, "forwarding_allowed": false,
        "can_send_normal_packages": "default", "can_send_to_external_email": "yes", "can_send_to_all_faspex_users": "no",
    })
}

fn workgroup(id: u64, name: &str) -> Value {
    json!({
        "id": id.to_string(), "name": name, "submitters_instructions": "Legal team", "workgroup_type": "members_only",
        "member_access": "workgroup_admin", "admin_can_manage_existing_users": true, "admin_can_manage_users": false,
        "admin_can_manage_ad_group": false,
    })
}

fn inbox(id: u64, name: &str) -> Value {
    json!({
        "id": id.to_string(), "name": name, "submitters_instructions": "", "allow_public_url": "default",
        "public_url": "https://faspex.example.com/secret", "admin_can_manage_existing_users": false,
        "admin_can_manage_external_submitters": true, "admin_can_manage_users": false, "admin_can_manage_ad_group": false,
        "users_can_invite_external_submitters": false,
    })
}

fn member(id: u64, user: u64, access: &str) -> Value {
    json!({
        "id": id.to_string(), "user_id": user.to_string(), "type": "user", "name": format!("u{user}"),
        "email": format!("u{user}@example.com"), "expiration": "never", "status": "active", "access": access,
    })
}

fn outsider() -> Value {
    json!({
        "id": "90", "user_id": "55", "type": "external_user", "name": "johnny@example.com", "email": "johnny@example.com",
        "expiration": "on_date", "expires": "2026-01-13T00:00:00Z", "status": "expired",
        "access_url": "https://faspex.example.com/secret", "access": "submit_only",
    })
}

/// A list as the interface answers it.
fn list(name: &str, key: &str, rows: &[Value], total: usize) -> Document {
    Document::of_file(name, json!({ key: rows, "total_count": total }))
}

/// A list as `ascli` prints it.
fn bare(name: &str, rows: Vec<Value>) -> Document {
    Document::of_file(name, Value::Array(rows))
}

#[test]
fn lists_of_the_interface_are_read() {
    let expires = json!({"account_expires": true, "expiration_date": "2027-01-01T00:00:00.000Z", "status": "inactive", "role": "manager"});
    let locked = json!({"status": "locked", "type": "saml_user", "first_name": "", "last_name": null});
    let accounts = [
        account(12, "u12"),
        with(account(14, "u14"), expires),
        with(account(15, "u15"), locked),
        with(account(55, "j"), json!({"type": "external_user"})),
    ];
    let documents = [
        list("accounts.json", "accounts", &accounts, 4),
        list("workgroups.json", "workgroups", &[workgroup(7, "Legal")], 1),
        list("shared_inboxes.json", "shared_inboxes", &[inbox(7, "Vendor Drop")], 1),
        list(
            "workgroups_7_members.json",
            "members",
            &[member(31, 12, "workgroup_admin"), member(32, 14, "standard")],
            2,
        ),
        list("shared_inboxes_7_members.json", "members", &[member(41, 12, "shared_inbox_admin"), outsider()], 2),
        list(
            "workgroups_7_groups.json",
            "groups",
            &[json!({"id": "2", "group_id": "9", "group_name": "finance", "access": "standard"})],
            1,
        ),
        Document::of_file(
            "configuration.json",
            json!({"private_user_dir": true, "users_can_send_normal_packages": false, "allow_send_to_email": true, "allow_send_to_email_default": "default"}),
        ),
    ];
    // A file does not say whether it was asked for with `all`.
    let options = DumpOptions { complete: true, ..DumpOptions::default() };
    let observed = read(&documents, &options).unwrap();
    assert_eq!(observed.accounts.len(), 3);
    let first = &observed.accounts["12"];
    assert_eq!((first.name.as_deref(), first.display_name.as_deref()), (Some("u12"), Some("Maria Garcia")));
    assert_eq!((first.role, first.active, first.expires), (Some(Role::ServerUser), Some(true), None));
    let settings: BTreeMap<Setting, SettingValue> = first.settings.iter().copied().collect();
    assert_eq!(settings[&Setting::Forward], SettingValue::Deny);
    assert_eq!(settings[&Setting::SendNormal], SettingValue::Default);
    assert_eq!(settings[&Setting::SendExternal], SettingValue::Allow);
    let second = &observed.accounts["14"];
    assert_eq!((second.role, second.active), (Some(Role::ServerManager), Some(false)));
    assert_eq!(second.expires, Some(Time::parse("2027-01-01").unwrap()));
    assert_eq!((observed.accounts["15"].active, &observed.accounts["15"].display_name), (Some(false), &None));
    assert_eq!(observed.not_taken[0].what, "outside users, who have links and no account");
    // The two places with one id are two.
    let Attributes::Workgroup(legal) = &observed.places[&(Kind::Workgroup, "7".to_owned())].attributes else {
        panic!()
    };
    assert_eq!((legal.send, legal.member_access), (SendPolicy::Members, MemberAccess::Admins));
    assert!(legal.admins.manage_members && !legal.admins.create_users);
    let Attributes::Dropbox(drop) = &observed.places[&(Kind::Dropbox, "7".to_owned())].attributes else { panic!() };
    assert!(drop.admins_manage_invitations && !drop.members_invite && drop.description.is_none());
    let levels: Vec<(Kind, &ObservedPrincipal, Role)> =
        observed.members.iter().map(|it| (it.place.0, &it.principal, it.level)).collect();
    let (maria, bob, finance) = (
        ObservedPrincipal::Account("12".to_owned()),
        ObservedPrincipal::Account("14".to_owned()),
        ObservedPrincipal::Group("9".to_owned()),
    );
    let expected = [
        (Kind::Workgroup, &maria, Role::WorkgroupAdmin),
        (Kind::Workgroup, &bob, Role::WorkgroupStandard),
        (Kind::Dropbox, &maria, Role::DropboxAdmin),
        (Kind::Workgroup, &finance, Role::WorkgroupStandard),
    ];
    assert_eq!(levels, expected);
    assert_eq!(observed.groups["9"].name, "finance");
    let [invitation] = observed.invitations.as_slice() else { panic!("one invitation") };
    assert_eq!((invitation.dropbox.as_str(), invitation.email.as_str()), ("7", "johnny@example.com"));
    assert!(!invitation.active && invitation.expires == Some(Time::parse("2026-01-13").unwrap()));
    let server = observed.server.as_ref().unwrap();
    assert_eq!((server.private_directory, server.public_links), (Some(true), None));
    assert_eq!(
        server.settings,
        [(Setting::SendNormal, SettingValue::Deny), (Setting::SendExternal, SettingValue::Allow)]
    );
    // An account that is locked, and accounts of SAML, are no mistakes, and are told.
    assert_eq!(observed.notes.len(), 2, "{:?}", observed.notes);
    assert!(!format!("{observed:?}").contains("secret"), "links are never kept");
}

#[test]
fn arrays_of_the_command_are_read_where_they_prove_something() {
    let accounts = || bare("accounts.json", vec![account(12, "u12"), account(14, "u14")]);
    let members = |name: &str| bare(name, vec![member(31, 12, "standard")]);
    let (none, complete) = (DumpOptions::default(), DumpOptions { complete: true, ..DumpOptions::default() });
    // The command reads all accounts, and one page of everything else.
    assert!(read(&[accounts()], &none).is_ok());
    let groups = || bare("workgroups.json", vec![workgroup(7, "Legal")]);
    assert_eq!(refusals(read(&[accounts(), groups()], &none)), [Refusal::Unproven].into());
    let documents = [accounts(), groups(), members("workgroup-7.json")];
    let observed = read(&documents, &complete).unwrap();
    assert_eq!(observed.members.len(), 1);
    // The id of the place comes from the name of the file, or from the user.
    let documents = [accounts(), groups(), members("members.json")];
    assert_eq!(refusals(read(&documents, &complete)), [Refusal::Unowned].into());
    for of in ["7", "workgroups/7"] {
        let options = DumpOptions { of: vec![("members.json".to_owned(), of.to_owned())], ..complete.clone() };
        assert_eq!(read(&documents, &options).unwrap().members, observed.members, "{of}");
    }
    // Where a workgroup and a shared inbox have the id, it says nothing.
    let options = DumpOptions { of: vec![("members.json".to_owned(), "7".to_owned())], ..complete.clone() };
    let both = [accounts(), groups(), bare("i.json", vec![inbox(7, "Drop")]), members("members.json")];
    assert_eq!(refusals(read(&both, &options)), [Refusal::Unowned].into());
}

/// Documents that look whole and are not, or that would be read as something else.
#[test]
fn lying_dumps_are_refused() {
    let accounts = || bare("accounts.json", vec![account(12, "u12")]);
    let changed = |changes: Value| vec![bare("accounts.json", vec![with(account(12, "u12"), changes)])];
    let places = |changes: Value| vec![accounts(), bare("w.json", vec![with(workgroup(7, "Legal"), changes)])];
    let inboxes = |changes: Value| vec![accounts(), bare("i.json", vec![with(inbox(7, "Drop"), changes)])];
    let members = |rows: &[Value]| {
        vec![
            accounts(),
            bare("w.json", vec![workgroup(7, "Legal")]),
            list("workgroups_7.json", "members", rows, rows.len()),
        ]
    };
    let invited = |changes: Value| {
        vec![
            accounts(),
            bare("i.json", vec![inbox(7, "Drop")]),
            list("shared_inboxes_7.json", "members", &[with(outsider(), changes)], 1),
        ]
    };
    let complete = DumpOptions { complete: true, ..DumpOptions::default() };
    for (what, documents, expected) in [
        ("a list without its settings", changed(json!({"uploads_allowed": null})), Refusal::Unexpanded),
        ("an unknown role", changed(json!({"role": "owner"})), Refusal::UnknownValue),
        ("an unknown type", changed(json!({"type": "robot"})), Refusal::UnknownValue),
        ("an unknown status", changed(json!({"status": "asleep"})), Refusal::UnknownValue),
        ("an unknown value", changed(json!({"can_send_normal_packages": "maybe"})), Refusal::UnknownValue),
        ("no setting", changed(json!({"forwarding_allowed": null})), Refusal::UnknownValue),
        ("no time", changed(json!({"account_expires": true, "expiration_date": "soon"})), Refusal::UnknownValue),
        (
            "a time that is a number",
            changed(json!({"account_expires": true, "expiration_date": 5})),
            Refusal::UnknownValue,
        ),
        (
            "an end without a time",
            changed(json!({"account_expires": true, "expiration_date": ""})),
            Refusal::UnknownValue,
        ),
        ("nothing about an end", changed(json!({"account_expires": null})), Refusal::UnknownValue),
        ("an account without an id", changed(json!({"id": null})), Refusal::NotAList),
        ("an account twice", vec![bare("a.json", vec![account(12, "u12"), account(12, "other")])], Refusal::NamedTwice),
        (
            "fewer accounts than it says",
            vec![list("a.json", "accounts", &[account(12, "u12")], 40)],
            Refusal::Truncated,
        ),
        ("a workgroup without policies", places(json!({"workgroup_type": null})), Refusal::Unexpanded),
        ("an unknown policy", places(json!({"workgroup_type": "public"})), Refusal::UnknownValue),
        ("an unknown access", places(json!({"member_access": "some"})), Refusal::UnknownValue),
        (
            "a shared inbox without its settings",
            inboxes(json!({"admin_can_manage_external_submitters": null})),
            Refusal::Unexpanded,
        ),
        ("an unknown level", members(&[member(31, 12, "submit_only")]), Refusal::UnknownValue),
        (
            "an unknown type of member",
            members(&[with(member(31, 12, "standard"), json!({"type": "robot"}))]),
            Refusal::UnknownValue,
        ),
        ("somebody outside in a workgroup", members(&[outsider()]), Refusal::UnknownValue),
        (
            "a member twice",
            members(&[member(31, 12, "standard"), member(32, 12, "workgroup_admin")]),
            Refusal::NamedTwice,
        ),
        ("a member whom nobody names", members(&[member(31, 99, "standard")]), Refusal::Unresolved),
        ("an unknown end of a link", invited(json!({"expiration": "later"})), Refusal::UnknownValue),
        ("a link that ends at no time", invited(json!({"expires": null})), Refusal::UnknownValue),
        (
            "a link that ends at no time or after an upload",
            invited(json!({"expiration": "after_one_upload_or_date", "expires": ""})),
            Refusal::UnknownValue,
        ),
        ("an unknown status of a link", invited(json!({"status": "asleep"})), Refusal::UnknownValue),
        ("no accounts", vec![bare("w.json", vec![workgroup(7, "Legal")])], Refusal::ShowsLess),
        ("the answer to a change", vec![Document::of_file("x.json", json!({"id": "7"}))], Refusal::NotAList),
        ("an error", vec![Document::of_file("x.json", json!({"error": {"code": 1}}))], Refusal::NotAList),
        ("nothing", vec![bare("x.json", vec![])], Refusal::NotAList),
    ] {
        assert_eq!(refusals(read(&documents, &complete)), [expected].into(), "{what}");
    }
    // What lifts a refusal.
    let kept = DumpOptions { keep_unresolved: true, ..complete.clone() };
    let observed = read(&members(&[member(31, 99, "standard")]), &kept).unwrap();
    assert_eq!(observed.members.len(), 1, "the membership is kept with its account");
    assert_eq!(observed.accounts["99"].name, None);
    let approximate = DumpOptions { approximate: true, ..complete.clone() };
    let mut documents = members(&[member(31, 12, "standard")]);
    documents.remove(0);
    let observed = read(&documents, &approximate).unwrap();
    assert_eq!(observed.accounts["12"].name.as_deref(), Some("u12"), "the members name themselves");
    assert_eq!(observed.notes.len(), 1, "it is said each time");
}

/// A random state of Faspex: accounts, and workgroups and shared inboxes with members.
#[derive(Clone, Debug)]
struct World {
    accounts: usize,
    places: Vec<(bool, Vec<(usize, usize)>)>,
    groups: Vec<Vec<usize>>,
}

/// The words of levels with their roles.
const WORKGROUP: [(&str, Role); 2] = [("standard", Role::WorkgroupStandard), ("workgroup_admin", Role::WorkgroupAdmin)];
const INBOX: [(&str, Role); 3] = [
    ("submit_only", Role::DropboxSubmitOnly),
    ("standard", Role::DropboxStandard),
    ("shared_inbox_admin", Role::DropboxAdmin),
];

fn worlds() -> impl Strategy<Value = World> {
    let members = prop::collection::vec((0..6_usize, 0..6_usize), 0..6);
    let places = prop::collection::vec((any::<bool>(), members), 0..5);
    let groups = prop::collection::vec(prop::collection::vec(0..6_usize, 0..5), 0..3);
    (1..7_usize, places, groups).prop_map(|(accounts, places, groups)| World { accounts, places, groups })
}

impl World {
    fn kind(&self, place: usize) -> Kind {
        if self.places[place].0 { Kind::Dropbox } else { Kind::Workgroup }
    }

    /// The members of a place, each once, with the word and the role of the level.
    fn members(&self, place: usize) -> BTreeMap<usize, (&'static str, Role)> {
        let levels: &[(&str, Role)] = if self.kind(place) == Kind::Dropbox { &INBOX } else { &WORKGROUP };
        self.places[place].1.iter().map(|(who, level)| (who % self.accounts, levels[level % levels.len()])).collect()
    }

    /// The tape of a fetch, in pages of at most `page` rows.
    fn tape(&self, page: usize) -> Tape {
        let mut recorder = TapeRecorder::default();
        let instance = Instance::parse("faspex@faspex.example.com").unwrap();
        let header = Header { instance, caller: None, at: Time(0), via: Via::Http, url: None };
        let mut text = recorder.header(&header);
        let mut say = |path: &str, query: Option<(&str, &str)>, key: &str, rows: &[Value]| {
            let pages: Vec<&[Value]> = if rows.is_empty() { vec![&[]] } else { rows.chunks(page).collect() };
            for (number, shown) in pages.into_iter().enumerate() {
                let mut request = Request::get(Service::of(Platform::Faspex), path);
                if let Some((name, value)) = query {
                    request = request.with(name, value);
                }
                if number > 0 {
                    request = request.with("limit", page).with("offset", number * page);
                }
                let body = json!({ key: shown, "total_count": rows.len() });
                let mut answer = Answer { status: Some(200), body, ..Answer::default() };
                text.push_str(&recorder.call(&request, &mut answer));
            }
        };
        let accounts: Vec<Value> = (0..self.accounts).map(|id| account(id as u64, &format!("u{id}"))).collect();
        say("/accounts", Some(("expand", "true")), "accounts", &accounts);
        for (kind, path, key) in
            [(Kind::Workgroup, "/workgroups", "workgroups"), (Kind::Dropbox, "/shared_inboxes", "shared_inboxes")]
        {
            let mine: Vec<usize> = (0..self.places.len()).filter(|place| self.kind(*place) == kind).collect();
            let row =
                |id: &usize| if kind == Kind::Dropbox { inbox(*id as u64, "I") } else { workgroup(*id as u64, "W") };
            say(path, Some(("all", "true")), key, &mine.iter().map(row).collect::<Vec<_>>());
            for id in mine {
                let members = self.members(id);
                let rows = members.iter().map(|(who, (word, _))| member(*who as u64, *who as u64, word));
                say(&format!("{path}/{id}/members"), None, "members", &rows.collect::<Vec<_>>());
                say(&format!("{path}/{id}/saml_groups"), None, "groups", &[]);
            }
        }
        let groups: Vec<Value> =
            (0..self.groups.len()).map(|id| json!({"id": id.to_string(), "group_name": format!("g{id}")})).collect();
        say("/saml_groups", None, "groups", &groups);
        for (id, members) in self.groups.iter().enumerate() {
            let rows: BTreeSet<usize> = members.iter().map(|who| who % self.accounts).collect();
            let rows: Vec<Value> = rows.into_iter().map(|who| member(who as u64, who as u64, "standard")).collect();
            say(&format!("/saml_groups/{id}/members"), None, "members", &rows);
        }
        text.push_str(&recorder.end().0);
        Tape::parse("t", &text).unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_read_is_what_is_there(world in worlds(), page in 1..4_usize) {
        let observed = read(&Document::of_tape("t", &world.tape(page)), &DumpOptions::default()).unwrap();
        prop_assert!(observed.lists.values().all(|whole| *whole));
        prop_assert_eq!(observed.accounts.len(), world.accounts);
        prop_assert_eq!(observed.places.len(), world.places.len());
        let expected: BTreeSet<(Kind, String, ObservedPrincipal, Role)> = (0..world.places.len()).flat_map(|place| {
            let kind = world.kind(place);
            world.members(place).into_iter().map(move |(who, (_, role))| (kind, place.to_string(), ObservedPrincipal::Account(who.to_string()), role))
        }).collect();
        let found = observed.members.iter().map(|it| (it.place.0, it.place.1.clone(), it.principal.clone(), it.level));
        prop_assert_eq!(found.collect::<BTreeSet<_>>(), expected);
        for (id, members) in world.groups.iter().enumerate() {
            let expected: BTreeSet<String> = members.iter().map(|who| (who % world.accounts).to_string()).collect();
            prop_assert_eq!(observed.groups[&id.to_string()].members.keys().cloned().collect::<BTreeSet<_>>(), expected);
        }
    }

    /// A tape that was cut, or whose calls were refused, says of no list that it lacks rows of that it is whole.
    #[test]
    fn a_list_that_was_cut_is_never_whole(world in worlds(), page in 1..3_usize, at in 0..40_usize) {
        let whole = world.tape(page);
        let at = at % whole.calls.len();
        let cut = Tape { digest: None, calls: whole.calls.iter().take(at).cloned().collect(), ..whole.clone() };
        let options = DumpOptions { keep_unresolved: true, approximate: true, ..DumpOptions::default() };
        if let Ok(observed) = read(&Document::of_tape("t", &cut), &options) {
            prop_assert!(observed.lists.values().all(|whole| !whole));
        }
        let mut refused = whole.clone();
        refused.calls[at].answer = Answer { status: Some(403), ..Answer::default() };
        let observed = read(&Document::of_tape("t", &refused), &options).unwrap();
        prop_assert!(observed.lists.values().any(|whole| !whole), "{}", refused.calls[at].request.path);
        // An answer that lacks a row that its count has.
        let mut short = whole;
        let body = short.calls[at].answer.body.as_object_mut().unwrap();
        let rows = body.values_mut().find_map(Value::as_array_mut).unwrap();
        if rows.pop().is_some() {
            let observed = read(&Document::of_tape("t", &short), &options).unwrap();
            prop_assert!(observed.lists.values().any(|whole| !whole), "{}", short.calls[at].request.path);
        }
    }

    /// A list of the caller's own workgroups alone is not whole.
    #[test]
    fn only_a_list_of_all_is_whole(world in worlds()) {
        let mut tape = world.tape(100);
        for call in &mut tape.calls {
            call.request.query.retain(|(name, _)| name != "all");
        }
        let observed = read(&Document::of_tape("t", &tape), &DumpOptions::default()).unwrap();
        prop_assert_eq!(observed.lists[&ObservedList::Places(Kind::Workgroup)], false);
        prop_assert_eq!(observed.lists[&ObservedList::Accounts], true);
    }
}
