//! Dumps of Globus: every shape of `tests/platforms/globus` is read or refused, and what is read is what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proptest::prelude::*;
use rolebook::model::attributes::EndpointKind;
use rolebook::model::platform_id::Instance;
use rolebook::model::{Permissions, Role, Time};
use rolebook::platform::calls::{Answer, Request, Service};
use rolebook::platform::dump::{Document, DumpOptions};
use rolebook::platform::globus;
use rolebook::platform::observed::{GroupRank, Observed, ObservedList, ObservedPrincipal};
use rolebook::platform::refusal::{Refusal, Refused, problem};
use rolebook::platform::tape::{Header, Tape, TapeRecorder, Via};
use serde_json::{Value, json};

fn globus_instance() -> Instance {
    Instance::parse("globus").unwrap()
}

fn document(name: &str) -> Document {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/platforms/globus").join(name);
    Document::of_file(name, serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
}

fn read(documents: &[Document], options: &DumpOptions) -> Result<Observed, Vec<Refused>> {
    globus::read(globus_instance(), documents, options)
}

/// What is refused, each once.
fn refusals(found: Result<Observed, Vec<Refused>>) -> BTreeSet<Refusal> {
    found.map_or_else(|refused| refused.iter().map(|it| it.refusal).collect(), |_| BTreeSet::new())
}

/// What each file alone is refused for; `None` if it is read.
const FILES: [(&str, Option<Refusal>); 41] = [
    ("constructed/cli_gcs_endpoint_role_list_F_json.json", Some(Refusal::Unowned)),
    ("constructed/transfer_access_delete_result.json", Some(Refusal::NotAList)),
    ("constructed/transfer_access_list.json", Some(Refusal::Unowned)),
    ("constructed/transfer_role_create_result.json", Some(Refusal::NotAList)),
    ("constructed/transfer_role_delete_result.json", Some(Refusal::NotAList)),
    ("constructed/transfer_role_list.json", Some(Refusal::Unowned)),
    ("constructed/transfer_role_show.json", Some(Refusal::NotAList)),
    ("errors/gcs_403_missing_required_role.json", Some(Refusal::NotAList)),
    ("errors/transfer_403_permission_denied.json", Some(Refusal::NotAList)),
    ("errors/transfer_404_access_rule_not_found.json", Some(Refusal::NotAList)),
    ("errors/transfer_404_role_not_found.json", Some(Refusal::NotAList)),
    ("errors/transfer_409_conflict_not_managed.json", Some(Refusal::NotAList)),
    ("verbatim/endpoint_gcp_guest_collection.json", None),
    ("verbatim/endpoint_gcp_mapped_collection.json", None),
    ("verbatim/endpoint_gcsv4_host.json", None),
    ("verbatim/endpoint_gcsv4_share.json", None),
    ("verbatim/endpoint_gcsv5_endpoint.json", None),
    ("verbatim/endpoint_gcsv5_guest_collection.json", None),
    ("verbatim/endpoint_gcsv5_mapped_collection.json", None),
    ("verbatim/endpoint_s3_gcsv4.json", None),
    ("verbatim/endpoint_search_with_s3.json", None),
    ("verbatim/gcs_collection_role_list_with_group.json", Some(Refusal::Unowned)),
    ("verbatim/gcs_role_create_result.json", Some(Refusal::NotAList)),
    ("verbatim/gcs_role_delete_result.json", Some(Refusal::NotAList)),
    ("verbatim/gcs_role_list.json", Some(Refusal::Unowned)),
    ("verbatim/gcs_role_show.json", Some(Refusal::NotAList)),
    ("verbatim/groups_batch_add_already_active.json", Some(Refusal::NotAList)),
    ("verbatim/groups_batch_add_result.json", Some(Refusal::NotAList)),
    ("verbatim/groups_batch_remove_no_membership.json", Some(Refusal::NotAList)),
    ("verbatim/groups_batch_remove_result.json", Some(Refusal::NotAList)),
    ("verbatim/groups_create_result.json", None),
    ("verbatim/groups_my_groups.json", None),
    ("verbatim/groups_show.json", None),
    ("verbatim/groups_show_with_memberships.json", None),
    ("verbatim/sdk_endpoint_gcsv4_host.json", None),
    ("verbatim/sdk_group_policies.json", Some(Refusal::NotAList)),
    ("verbatim/sdk_groups_my_groups.json", None),
    ("verbatim/sdk_identities.json", None),
    ("verbatim/transfer_access_create_result.json", Some(Refusal::NotAList)),
    ("verbatim/transfer_access_show.json", Some(Refusal::NotAList)),
    ("verbatim/transfer_access_update_result.json", Some(Refusal::NotAList)),
];

#[test]
fn every_file_is_read_or_refused() {
    let mut known: BTreeSet<String> = BTreeSet::new();
    for (file, expected) in FILES {
        known.insert(file.to_owned());
        let found = refusals(read(&[document(file)], &DumpOptions::default()));
        assert_eq!(found, expected.into_iter().collect(), "{file}");
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/platforms/globus");
    for part in ["constructed", "errors", "verbatim"] {
        for entry in std::fs::read_dir(folder.join(part)).unwrap() {
            let name = format!("{part}/{}", entry.unwrap().file_name().to_str().unwrap());
            assert!(known.contains(&name), "{name} is in no row");
        }
    }
}

const SHARE: &str = "b379e973-f5c5-4501-8377-5a0ecf37a99b";

fn of(files: &[(&str, &str)]) -> DumpOptions {
    let of = files.iter().map(|(file, id)| ((*file).to_owned(), (*id).to_owned())).collect();
    DumpOptions { of, ..DumpOptions::default() }
}

/// The roles and the rules of a share, with everybody in them.
fn share_documents() -> Vec<Document> {
    let files = [
        "constructed/transfer_role_list.json",
        "constructed/transfer_access_list.json",
        "verbatim/endpoint_gcsv4_share.json",
        "verbatim/groups_show_with_memberships.json",
    ];
    files.map(document).to_vec()
}

#[test]
fn a_share_is_read_with_its_roles_and_rules() {
    let options =
        of(&[("constructed/transfer_role_list.json", SHARE), ("constructed/transfer_access_list.json", SHARE)]);
    // Nobody names some of the principals.
    let refused = read(&share_documents(), &options).unwrap_err();
    assert!(refused.iter().all(|it| it.refusal == Refusal::Unresolved), "{refused:#?}");
    assert!(
        refused[0].to_string().starts_with(
            "constructed/transfer_role_list.json#/DATA/0/principal: no list names the identity `c699d42e-"
        ),
        "{}",
        refused[0]
    );
    let told = problem(&refused);
    assert_eq!((told.kind.exit_status(), told.code), (6, "unresolved_principal"));
    assert!(told.tips.iter().any(|tip| tip.contains("--unresolved keep")), "{told:?}");

    let observed = read(&share_documents(), &DumpOptions { keep_unresolved: true, ..options }).unwrap();
    let share = &observed.endpoints[SHARE];
    assert_eq!(
        (share.display_name.as_str(), share.kind, share.private, share.managed),
        ("myshare", EndpointKind::Share, Some(true), Some(false))
    );
    assert_eq!(share.of, Some(("1405823f-0597-4a16-b296-46d4f0ae4b15".to_owned(), "/".to_owned())));
    let roles: Vec<Role> = observed.roles.iter().map(|role| role.role).collect();
    assert_eq!(roles[..3], [Role::EndpointAdministrator, Role::AccessManager, Role::ActivityMonitor]);
    // Rows that restate a role are no rules.
    assert!(observed.rules.iter().all(|rule| !rule.id.is_empty()) && !observed.rules.is_empty());
    assert!(observed.rules.iter().any(|rule| rule.principal == ObservedPrincipal::Anyone));
    assert!(observed.rules.iter().any(|rule| rule.principal == ObservedPrincipal::Authenticated));
    assert!(observed.rules.iter().any(|rule| rule.expires.is_some()), "an end survives");
    assert!(observed.lists[&ObservedList::Rules(SHARE.to_owned())]);
    // Members who are not active are counted, and not taken.
    let group = &observed.groups["efdab3ca-cff1-11e4-9b86-123139260d4e"];
    assert!(group.members.values().any(|rank| *rank == GroupRank::Admin));
    assert_eq!(observed.not_taken[0].what, "memberships that are not active");
    assert!(observed.not_taken[0].count > 0);
}

/// Documents that look whole and are not, or that would be read as something else.
#[test]
fn lying_dumps_are_refused() {
    let endpoint = |id: &str, kind: &str| {
        Document::of_file(
            "e.json",
            json!({"DATA_TYPE": "endpoint", "id": id, "entity_type": kind, "display_name": "e", "owner_id": id}),
        )
    };
    let roles = |rows: Value| {
        Document::of_file(&format!("roles_{SHARE}.json"), json!({"DATA_TYPE": "role_list", "DATA": rows}))
    };
    let rules = |rows: Value, length: u64| {
        Document::of_file(
            &format!("rules_{SHARE}.json"),
            json!({"DATA_TYPE": "access_list", "length": length, "DATA": rows}),
        )
    };
    let gcs = |rows: Value, more: bool| {
        Document::of_file(
            &format!("gcs_{SHARE}.json"),
            json!({"DATA_TYPE": "result#1.1.0", "code": "success", "data": rows, "has_next_page": more}),
        )
    };
    let role = |role: &str| json!({"DATA_TYPE": "role", "id": "r1", "principal_type": "identity", "principal": "i1", "role": role});
    let rule = |more: Value| {
        let mut rule =
            json!({"id": "a1", "principal_type": "anonymous", "principal": "", "path": "/p/", "permissions": "r"});
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        rule
    };
    let identities = |rows: Value| Document::of_file("i.json", json!({"identities": rows}));
    let i1 = || identities(json!([{"id": "i1", "username": "a@x.example"}]));
    let (share, none) = (|| endpoint(SHARE, "GCSv4_share"), DumpOptions::default());
    let complete = DumpOptions { complete: true, ..DumpOptions::default() };
    let count = |count: u64| DumpOptions { counts: vec![(None, count)], ..DumpOptions::default() };
    let member = |id: usize| json!({"group_id": "g1", "identity_id": format!("i{id}"), "role": "member", "status": "active", "username": "m"});
    let members = |rows: Vec<Value>| Document::of_file("m.json", Value::Array(rows));
    let named = || Document::of_file("g.json", json!({"id": "g1", "name": "G", "group_type": "regular"}));
    for (what, documents, options, expected) in [
        ("a page of roles", vec![share(), gcs(json!([]), true)], &none, Refusal::Truncated),
        ("fewer rules than it says", vec![share(), roles(json!([])), rules(json!([]), 3)], &none, Refusal::Truncated),
        ("rules without roles", vec![share(), rules(json!([]), 0)], &none, Refusal::ShowsLess),
        ("roles of an endpoint of unknown kind", vec![roles(json!([]))], &none, Refusal::WrongInterface),
        (
            "Transfer roles of a collection",
            vec![endpoint(SHARE, "GCSv5_guest_collection"), roles(json!([]))],
            &none,
            Refusal::WrongInterface,
        ),
        (
            "an unknown role",
            vec![share(), i1(), roles(json!([role("restricted_administrator")]))],
            &none,
            Refusal::UnknownValue,
        ),
        ("an unknown kind", vec![endpoint(SHARE, "GCSv6_thing")], &none, Refusal::UnknownValue),
        (
            "an unknown permission",
            vec![share(), roles(json!([])), rules(json!([rule(json!({"permissions": "w"}))]), 1)],
            &none,
            Refusal::UnknownValue,
        ),
        (
            "an unknown principal type",
            vec![share(), roles(json!([])), rules(json!([rule(json!({"principal_type": "everyone"}))]), 1)],
            &none,
            Refusal::UnknownValue,
        ),
        (
            "a relative path",
            vec![share(), roles(json!([])), rules(json!([rule(json!({"path": "p/"}))]), 1)],
            &none,
            Refusal::UnknownValue,
        ),
        (
            "no time",
            vec![share(), roles(json!([])), rules(json!([rule(json!({"expiration_date": "yesterday"}))]), 1)],
            &none,
            Refusal::UnknownValue,
        ),
        (
            "an unknown status",
            vec![
                named(),
                members(vec![json!({"group_id": "g1", "identity_id": "i1", "role": "member", "status": "asleep"})]),
            ],
            &count(1),
            Refusal::UnknownValue,
        ),
        (
            "somebody whom nobody names",
            vec![share(), roles(json!([role("administrator")]))],
            &none,
            Refusal::Unresolved,
        ),
        (
            "an identity with two names",
            vec![identities(json!([{"id": "i1", "username": "a"}, {"id": "I1", "username": "b"}]))],
            &none,
            Refusal::NamedTwice,
        ),
        (
            "members of whom nothing says that they are all",
            vec![named(), members(vec![member(1), member(2)])],
            &none,
            Refusal::Unproven,
        ),
        (
            "as many members as a page has",
            vec![named(), members((0..25).map(member).collect())],
            &complete,
            Refusal::Unproven,
        ),
        (
            "fewer members than there are",
            vec![named(), members((0..25).map(member).collect())],
            &count(40),
            Refusal::Truncated,
        ),
        (
            "the caller's own roles",
            vec![
                endpoint(SHARE, "GCSv5_endpoint"),
                Document::of_file(
                    &format!("{SHARE}.json"),
                    json!({"DATA": [{"DATA_TYPE": "role#1.0.0", "collection": null, "id": "r", "principal": "urn:globus:auth:identity:i1", "role": "owner"}]}),
                ),
                i1(),
            ],
            &none,
            Refusal::Unproven,
        ),
    ] {
        let found = refusals(read(&documents, options));
        assert_eq!(found, [expected].into(), "{what}");
    }
    // What lifts a refusal.
    assert!(read(&[named(), members(vec![member(1), member(2)])], &complete).is_ok());
    assert!(read(&[named(), members((0..25).map(member).collect())], &count(25)).is_ok());
    let approximate = DumpOptions { approximate: true, ..DumpOptions::default() };
    let observed = read(&[share(), rules(json!([]), 0)], &approximate).unwrap();
    assert_eq!(observed.notes.len(), 1, "it is said each time");
}

/// A random state of Globus, and the tape of a fetch that reads it.
#[derive(Clone, Debug)]
struct World {
    endpoints: Vec<(usize, bool)>,
    groups: Vec<Vec<(usize, bool)>>,
    roles: Vec<(usize, usize, bool, usize)>,
    rules: Vec<(usize, usize, usize, bool)>,
}

const KINDS: [&str; 6] = [
    "GCSv4_host",
    "GCSv4_share",
    "GCP_mapped_collection",
    "GCP_guest_collection",
    "GCSv5_endpoint",
    "GCSv5_mapped_collection",
];
const ROLES: [&str; 4] = ["administrator", "access_manager", "activity_manager", "activity_monitor"];

fn worlds() -> impl Strategy<Value = World> {
    let endpoints = prop::collection::vec((0..KINDS.len(), any::<bool>()), 1..6);
    let groups = prop::collection::vec(prop::collection::vec((0..6_usize, any::<bool>()), 0..5), 1..4);
    let roles = prop::collection::vec((0..6_usize, 0..6_usize, any::<bool>(), 0..ROLES.len()), 0..12);
    let rules = prop::collection::vec((0..6_usize, 0..6_usize, 0..4_usize, any::<bool>()), 0..12);
    (endpoints, groups, roles, rules).prop_map(|(endpoints, groups, roles, rules)| World {
        endpoints,
        groups,
        roles,
        rules,
    })
}

impl World {
    fn kind(&self, endpoint: usize) -> &'static str {
        KINDS[self.endpoints[endpoint % self.endpoints.len()].0]
    }

    /// The tape of a fetch, in pages of at most `page` rows where the interface has pages.
    fn tape(&self, page: usize) -> Tape {
        let mut recorder = TapeRecorder::default();
        let header = Header {
            instance: globus_instance(),
            caller: Some("c".to_owned()),
            at: Time(0),
            via: Via::Http,
            url: None,
        };
        let mut text = recorder.header(&header);
        let mut say = |request: Request, body: Value| {
            let mut answer = Answer { status: Some(200), body, ..Answer::default() };
            text.push_str(&recorder.call(&request, &mut answer));
        };
        let transfer = |path: String| Request::get(Service::new(Service::TRANSFER), path);
        let all = self.endpoints.len();
        for from in (0..all).step_by(page) {
            let rows: Vec<Value> = (from..all.min(from + page)).map(|it| json!({"id": format!("e{it}")})).collect();
            say(
                transfer("/v0.10/endpoint_search".to_owned()).with("offset", from),
                json!({"DATA": rows, "has_next_page": from + page < all}),
            );
        }
        for endpoint in 0..all {
            let (kind, id) = (self.kind(endpoint), format!("e{endpoint}"));
            let document = json!({"DATA_TYPE": "endpoint", "id": id, "entity_type": kind, "display_name": id, "public": self.endpoints[endpoint].1, "subscription_id": null, "owner_id": id, "host_endpoint_id": null});
            say(transfer(format!("/v0.10/endpoint/{id}")), document);
            let mine: Vec<_> = self.roles.iter().enumerate().filter(|(_, role)| role.0 % all == endpoint).collect();
            if kind.starts_with("GCSv5") {
                let rows: Vec<Value> = mine.iter().map(|(number, (_, who, is_group, role))| {
                    let urn = if *is_group { format!("urn:globus:groups:id:g{}", who % self.groups.len()) } else { format!("urn:globus:auth:identity:i{who}") };
                    json!({"DATA_TYPE": "role#1.0.0", "id": format!("r{number}"), "collection": null, "principal": urn, "role": ROLES[*role]})
                }).collect();
                let pages: Vec<&[Value]> = if rows.is_empty() { vec![&[]] } else { rows.chunks(page).collect() };
                for (number, rows) in pages.iter().enumerate() {
                    let request =
                        Request::get(Service::gcs(&id), "/roles").with("include", "all_roles").with("marker", number);
                    say(request, json!({"data": rows, "has_next_page": number + 1 < pages.len()}));
                }
            } else {
                let rows: Vec<Value> = mine.iter().map(|(number, (_, who, is_group, role))| {
                    let (kind, principal) = if *is_group { ("group", format!("g{}", who % self.groups.len())) } else { ("identity", format!("i{who}")) };
                    json!({"DATA_TYPE": "role", "id": format!("r{number}"), "principal_type": kind, "principal": principal, "role": ROLES[*role]})
                }).collect();
                say(
                    transfer(format!("/v0.10/endpoint/{id}/role_list")),
                    json!({"DATA_TYPE": "role_list", "DATA": rows}),
                );
            }
            if self.has_rules(endpoint) {
                let rows: Vec<Value> = self.rules.iter().enumerate().filter(|(_, rule)| rule.0 % all == endpoint).map(|(number, (_, who, kind, write))| {
                    let (kind, principal) = match kind {
                        0 => ("identity", format!("i{who}")),
                        1 => ("group", format!("g{}", who % self.groups.len())),
                        2 => ("all_authenticated_users", String::new()),
                        _ => ("anonymous", String::new()),
                    };
                    json!({"DATA_TYPE": "access", "id": number, "principal_type": kind, "principal": principal, "path": "/p/", "permissions": if *write { "rw" } else { "r" }, "expiration_date": if *write { json!("2031-01-01T00:00:00+00:00") } else { Value::Null }})
                }).collect();
                say(
                    transfer(format!("/v0.10/endpoint/{id}/access_list")),
                    json!({"DATA_TYPE": "access_list", "length": rows.len(), "DATA": rows}),
                );
            }
        }
        for (group, members) in self.groups.iter().enumerate() {
            let mut seen = BTreeSet::new();
            let rows: Vec<Value> = members.iter().filter(|(who, _)| seen.insert(*who)).map(|(who, active)| {
                json!({"identity_id": format!("i{who}"), "role": "member", "status": if *active { "active" } else { "invited" }, "username": format!("u{who}")})
            }).collect();
            let request = Request::get(Service::new(Service::GROUPS), format!("/v2/groups/g{group}"))
                .with("include", "memberships");
            say(request, json!({"id": format!("g{group}"), "name": format!("G{group}"), "memberships": rows}));
        }
        let identities: Vec<Value> =
            (0..6).map(|who| json!({"id": format!("i{who}"), "username": format!("u{who}")})).collect();
        say(Request::get(Service::new(Service::AUTH), "/v2/api/identities"), json!({"identities": identities}));
        text.push_str(&recorder.end().0);
        Tape::parse("t", &text).unwrap()
    }

    fn has_rules(&self, endpoint: usize) -> bool {
        ["GCSv4_share", "GCP_guest_collection"].contains(&self.kind(endpoint))
    }
}

fn name(principal: &ObservedPrincipal) -> String {
    match principal {
        ObservedPrincipal::Account(id) | ObservedPrincipal::Group(id) => id.clone(),
        ObservedPrincipal::Authenticated => "authenticated".to_owned(),
        ObservedPrincipal::Anyone => "anyone".to_owned(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_read_is_what_is_there(world in worlds(), page in 1..4_usize) {
        let tape = world.tape(page);
        let observed = read(&Document::of_tape("t", &tape), &DumpOptions::default()).unwrap();
        prop_assert_eq!(observed.endpoints.len(), world.endpoints.len());
        prop_assert!(observed.lists.values().all(|whole| *whole));
        let all = world.endpoints.len();
        let expected: BTreeSet<(String, String, &str)> = world.roles.iter().map(|(endpoint, who, is_group, role)| {
            let principal = if *is_group { format!("g{}", who % world.groups.len()) } else { format!("i{who}") };
            (format!("e{}", endpoint % all), principal, ROLES[*role])
        }).collect();
        let words: BTreeMap<Role, &str> = [Role::EndpointAdministrator, Role::AccessManager, Role::ActivityManager, Role::ActivityMonitor].into_iter().zip(ROLES).collect();
        let found: BTreeSet<(String, String, &str)> = observed.roles.iter().map(|it| (it.endpoint.clone(), name(&it.principal), words[&it.role])).collect();
        prop_assert_eq!(found, expected);
        let expected: Vec<(String, String, bool)> = (0..all).flat_map(|endpoint| world.rules.iter().filter(move |rule| rule.0 % all == endpoint)).filter(|rule| world.has_rules(rule.0)).map(|(endpoint, who, kind, write)| {
            let principal = match kind { 0 => format!("i{who}"), 1 => format!("g{}", who % world.groups.len()), 2 => "authenticated".to_owned(), _ => "anyone".to_owned() };
            (format!("e{}", endpoint % all), principal, *write)
        }).collect();
        let found: Vec<(String, String, bool)> = observed.rules.iter().map(|it| (it.endpoint.clone(), name(&it.principal), it.permissions == Permissions::EDIT)).collect();
        prop_assert_eq!(found, expected);
        prop_assert!(observed.rules.iter().all(|it| it.expires.is_some() == (it.permissions == Permissions::EDIT)));
    }

    /// A tape that was cut anywhere is read, and the lists that it lacks or that were cut are not whole.
    #[test]
    fn a_list_that_was_cut_is_never_whole(world in worlds(), page in 1..3_usize, keep in 0..40_usize) {
        let whole = world.tape(page);
        let cut = Tape { digest: None, calls: whole.calls.iter().take(keep).cloned().collect(), ..whole.clone() };
        let options = DumpOptions { keep_unresolved: true, approximate: true, ..DumpOptions::default() };
        if let Ok(observed) = read(&Document::of_tape("t", &cut), &options) {
            prop_assert!(observed.lists.values().all(|whole| !whole));
        }
        // A page that was refused.
        let mut refused = whole;
        let at = keep % refused.calls.len();
        refused.calls[at].answer = Answer { status: Some(403), ..Answer::default() };
        let before = refused.calls[at].request.clone();
        if let Ok(observed) = read(&Document::of_tape("t", &refused), &options) {
            let is_list = before.path != "/v2/api/identities" && before.path.matches('/').count() != 3 || before.path.starts_with("/v2/groups/");
            prop_assert_eq!(observed.lists.values().any(|whole| !whole), is_list, "{}", before.path);
        }
    }
}
