//! Random operations with random options: each operation checks at least the rights that the rows that it writes
//! take.

use std::rc::Rc;
use std::sync::atomic::{AtomicU8, Ordering};

use proptest::prelude::*;
use rolebook::model::attributes::{
    AllowDeny, EndpointKind, File, GroupVisibility, ItemType, MemberAccess, SendPolicy, Setting, SettingValue,
    TokenMode,
};
use rolebook::model::secret::Secret;
use rolebook::model::time::Expiry;
use rolebook::model::{Binding, Id, Kind, Name, Path, Permissions, PlatformId, Problem, Reference, Role, Time};
use rolebook::ops::change_index::ChangeIndex;
use rolebook::ops::external_id::ExternalIdChanges;
use rolebook::ops::home::HomeFolder;
use rolebook::ops::labels::LabelChanges;
use rolebook::ops::required_actions::first_refused;
use rolebook::ops::{
    Actor, Transaction, account, content, endpoint, group, invitation, key, media, membership, org, org_invitation,
    org_member, package, public_link, server, share, transfer, undo, workspace, workspace_member,
};
use rolebook::policy::{BindingQuery, EmptyFacts, Facts, Overlay};

use super::beyond::Beyond;
use crate::oracle::worlds::Dice;

const NOW: Time = Time(1_800_000_000_000);
const ACCOUNTS: [&str; 9] = ["ada", "mia", "max", "bob", "carol", "eve", "fay", "nina", "zoe"];
const GROUPS: [&str; 4] = ["crew", "inner", "late", "band"];
const PLACES: [&str; 4] = ["color", "sound", "intake", "outbox"];
const ENDPOINTS: [&str; 5] = ["disk", "bucket", "laptop", "opened", "fresh"];
const ORGS: [&str; 3] = ["acme", "other", "new"];
const WORKSPACES: [&str; 3] = ["prod", "dev", "test"];
const PATHS: [&str; 9] = ["/", "/a", "/a/b", "/a/f.mov", "/files", "/files/bob", "/files/bob/x", "/files/carol", "/c"];

type Done = Result<(), Problem>;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

fn user(text: &str) -> Reference {
    Reference::Named(Kind::Account, name(text))
}

fn group(text: &str) -> Reference {
    Reference::Named(Kind::Group, name(text))
}

/// What random operations can pick from.
struct Pick<'d>(&'d mut Dice);

impl Pick<'_> {
    fn account(&mut self) -> Name {
        name(self.0.pick(&ACCOUNTS))
    }

    fn who(&mut self) -> Reference {
        if self.0.chance(1, 3) { group(self.0.pick(&GROUPS)) } else { Reference::Named(Kind::Account, self.account()) }
    }

    fn place(&mut self) -> (Kind, Name) {
        let place = self.0.pick(&PLACES);
        let kind = if matches!(place, "color" | "sound") { Kind::Workgroup } else { Kind::Dropbox };
        if self.0.chance(1, 3) { (Kind::Group, name(self.0.pick(&GROUPS))) } else { (kind, name(place)) }
    }

    fn spot(&mut self) -> (Name, Path) {
        (name(self.0.pick(&ENDPOINTS)), path(self.0.pick(&PATHS)))
    }

    fn maybe<T>(&mut self, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.0.chance(1, 3) { Some(value(self)) } else { None }
    }

    fn flag(&mut self) -> Option<bool> {
        self.maybe(|it| it.0.chance(1, 2))
    }

    fn account_options(&mut self) -> account::AccountSettings {
        account::AccountSettings {
            role: self.maybe(|it| it.0.pick(&Role::SERVER)),
            email: self.maybe(|it| format!("{}@example.com", it.0.pick(&ACCOUNTS))),
            display_name: self.maybe(|_| "Somebody".to_owned()),
            expires: self.maybe(|it| it.0.pick(&[Expiry::Never, Expiry::At(Time(NOW.0 + 1_000_000))])),
            settings: self
                .maybe(|it| {
                    (
                        it.0.pick(&Setting::TOGGLES),
                        it.0.pick(&[SettingValue::Allow, SettingValue::Deny, SettingValue::Default]),
                    )
                })
                .into_iter()
                .collect(),
            ids: self.labels().ids,
        }
    }

    fn labels(&mut self) -> LabelChanges {
        let id = |it: &mut Self| PlatformId::parse(&format!("aoc:{}", it.0.below(6))).unwrap();
        let add: Vec<PlatformId> = self.maybe(id).into_iter().collect();
        let remove = self.maybe(id).into_iter().filter(|id| !add.contains(id)).collect();
        LabelChanges {
            display_name: self.maybe(|_| "D".to_owned()),
            description: self.maybe(|_| "d".to_owned()),
            ids: ExternalIdChanges { add, remove },
        }
    }

    fn place_options(&mut self) -> group::GroupSettings {
        group::GroupSettings {
            visible: self.maybe(|it| it.0.pick(GroupVisibility::ALL)),
            send: self.maybe(|it| it.0.pick(SendPolicy::ALL)),
            member_access: self.maybe(|it| it.0.pick(MemberAccess::ALL)),
            admins_manage_members: self.flag(),
            admins_create_users: self.flag(),
            admins_manage_groups: self.flag(),
            admins_manage_invitations: self.flag(),
            members_invite: self.flag(),
            labels: self.labels(),
        }
    }

    fn endpoint_options(&mut self) -> endpoint::EndpointSettings {
        endpoint::EndpointSettings {
            managed: self.flag(),
            private: self.flag(),
            node_version: None,
            labels: self.labels(),
        }
    }
}

/// One operation, picked at random.
fn act(tx: &mut Transaction<'_>, dice: &mut Dice, issued: &mut Vec<Secret>) -> Result<(&'static str, Beyond), Problem> {
    let mut beyond = Beyond::Nothing;
    let known = issued.clone();
    let mut pick = Pick(dice);
    let (kind, which) = pick.place();
    let (org, room) = (name(pick.0.pick(&ORGS)), name(pick.0.pick(&WORKSPACES)));
    let at = pick.spot();
    let on = (&at.0, &at.1);
    let numbered = |kind: Kind, pick: &mut Pick<'_>, tx: &Transaction<'_>| {
        let ids = tx.facts().ids(kind, None).unwrap();
        Reference::Numbered(kind, if ids.is_empty() { 0 } else { pick.0.pick(&ids).0 })
    };
    let mut secret = || {
        static NEXT: AtomicU8 = AtomicU8::new(0);
        static ROUND: AtomicU8 = AtomicU8::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let round = if next == u8::MAX { ROUND.fetch_add(1, Ordering::Relaxed) } else { ROUND.load(Ordering::Relaxed) };
        let mut bytes = [next; 32];
        bytes[0] = round;
        issued.push(Secret::from_bytes(&bytes));
        Secret::from_bytes(&bytes)
    };
    let in_room = Reference::Workspace(org.clone(), room.clone());
    let (word, done): (&str, Done) = match pick.0.below(56) {
        0 => {
            let into = pick.maybe(|_| Reference::Named(kind, which.clone()));
            ("account add", account::add(tx, &pick.account(), &pick.account_options(), into.as_ref()).map(drop))
        }
        1 => ("account set", account::change(tx, &pick.account(), &pick.account_options())),
        2 => ("account set-role", account::set_role(tx, &pick.account(), pick.0.pick(&Role::SERVER))),
        3 => ("account activate", account::set_active(tx, &pick.account(), pick.0.chance(1, 2))),
        4 => ("account rename", group::rename(tx, Kind::Account, &pick.account(), &pick.account())),
        5 => ("place add", group::add(tx, kind, &which, &pick.place_options()).map(drop)),
        6 => ("place set", group::set(tx, kind, &which, &pick.place_options())),
        7 => ("place rename", group::rename(tx, kind, &which, &pick.place().1)),
        8 => ("place remove", group::remove(tx, kind, &which)),
        9..=11 => {
            let level = pick.maybe(|it| it.0.pick(Role::levels(kind)));
            ("add-member", membership::add(tx, kind, &which, &[pick.who()], level))
        }
        12 => ("remove-member", membership::remove(tx, kind, &which, &[pick.who()])),
        13 => ("set-active", membership::set_active(tx, kind, &which, &[pick.who()], pick.0.chance(1, 2))),
        14 if kind != Kind::Group => {
            ("set-admin", membership::set_admin(tx, kind, &which, &[pick.who()], pick.0.chance(1, 2)))
        }
        14 => ("nothing", Ok(())),
        15 => {
            let level = pick.0.pick(Role::levels(kind));
            ("set-level", membership::set_level(tx, kind, &which, &pick.who(), level))
        }
        16 => {
            let options = server::ServerSettings {
                private_directory: pick.flag(),
                managers_administer_dropboxes: pick.flag(),
                public_links: Some(true),
                ..server::ServerSettings::default()
            };
            ("server set", server::set(tx, &options))
        }
        17 => {
            let kind =
                pick.0.pick(&[EndpointKind::Node, EndpointKind::S3, EndpointKind::Share, EndpointKind::Personal]);
            let new = endpoint::NewEndpoint {
                kind,
                of: (kind == EndpointKind::Share).then(|| pick.spot()),
                administrators: pick.maybe(Pick::who).into_iter().collect(),
                settings: pick.endpoint_options(),
            };
            ("endpoint add", endpoint::add(tx, &at.0, &new).map(drop))
        }
        18 => {
            let options = pick.endpoint_options();
            ("endpoint set", endpoint::set(tx, &at.0, &options))
        }
        19 => ("endpoint remove", endpoint::remove(tx, &at.0)),
        20 => ("add-role", endpoint::add_role(tx, &at.0, pick.0.pick(&Role::ENDPOINT), &[pick.who()])),
        21 => ("remove-role", endpoint::remove_role(tx, &at.0, pick.0.pick(&Role::ENDPOINT), &[pick.who()])),
        22 | 23 => {
            let item_type = pick.0.pick(&[ItemType::File, ItemType::Folder]);
            let file = |name: &str| File { name: name.to_owned(), size: 5 };
            let files = if item_type == ItemType::Folder { vec![file("f.mov"), file("g.mov")] } else { Vec::new() };
            let size = (item_type == ItemType::File).then_some(7);
            ("content upload", content::upload(tx, on.0, on.1, &content::Upload { item_type, size, files }))
        }
        24 => {
            let owner = pick.maybe(|it| it.maybe(|it| Reference::Named(Kind::Account, it.account())));
            let said = content::ItemSettings { item_type: None, size: None, owner };
            ("content add", content::add(tx, on.0, on.1, &said).map(drop))
        }
        25 => {
            let owner = pick.maybe(|it| it.maybe(|it| Reference::Named(Kind::Account, it.account())));
            let said = content::ItemSettings { item_type: None, size: pick.maybe(|_| 9), owner };
            ("content set", content::set(tx, on.0, on.1, &said))
        }
        26 => ("content rename", content::rename(tx, on.0, on.1, pick.0.pick(&["b", "d", "f.mov"]))),
        27 => ("content remove", content::remove(tx, on.0, on.1)),
        28 | 29 => {
            let to = pick.spot();
            ("content move", transfer::move_to(tx, on, (&to.0, &to.1)))
        }
        30 => {
            let to = pick.spot();
            ("content copy", transfer::copy(tx, on, (&to.0, &to.1)).map(drop))
        }
        31 | 32 => {
            let grant = share::NewShare {
                principals: vec![pick.who()],
                permissions: pick.0.pick(&[Permissions::EDIT, Permissions::VIEW, Permissions::UPLOAD]),
                expires: None,
                admin: pick.0.chance(1, 2),
                class: None,
            };
            ("share grant", share::grant(tx, on.0, on.1, &grant))
        }
        33 => {
            let which = share::ShareSelector { principal: pick.who(), by: None, class: None };
            ("share revoke", share::revoke(tx, on, &[which], false))
        }
        34 => ("org add", org::add(tx, &org, &pick.labels(), None).map(drop)),
        35 => {
            let who = Reference::Named(Kind::Account, pick.account());
            let role = pick.0.pick(&Role::ORG);
            match pick.0.below(4) {
                0 => ("org set", org::set(tx, &org, &pick.labels())),
                1 => ("org set-role", org_member::set_role(tx, &org, &who, role)),
                2 => ("org remove-member", org_member::remove(tx, &org, &[who])),
                _ => ("org set-workspaces", org_member::set_workspaces(tx, &org, &who, &[room])),
            }
        }
        36 => {
            let heir = pick.maybe(|it| Reference::Named(Kind::Account, it.account()));
            ("org leave", org_member::leave(tx, &org, heir.as_ref()))
        }
        37 => {
            let terms =
                org_invitation::InvitationTerms { role: Role::OrgMember, workspaces: Vec::new(), expires: None };
            let address = name(&format!("{}@example.com", pick.0.pick(&ACCOUNTS)));
            if pick.0.chance(1, 2) {
                ("org invite", org_invitation::invite(tx, &org, &terms, &[(address, secret())]).map(drop))
            } else {
                ("org cancel", org_invitation::cancel(tx, &org, &invitation::LinkSelector::Address(address)))
            }
        }
        38 | 39 => {
            let options = workspace::WorkspaceSettings {
                labels: pick.labels(),
                files: pick.maybe(|it| (name("disk"), path(it.0.pick(&["/files", "/a", "/w"])))),
                root_upload: pick.maybe(|it| it.0.pick(&[AllowDeny::Allow, AllowDeny::Deny])),
            };
            match pick.0.below(4) {
                0 => ("workspace add", workspace::add(tx, &org, &room, &options).map(drop)),
                1 => ("workspace remove", workspace::remove(tx, &org, &room)),
                2 => ("workspace rename", group::rename_workspace(tx, &org, &room, &name("renamed"))),
                _ => ("workspace set", workspace::set(tx, &org, &room, &options)),
            }
        }
        40 | 41 => {
            let who = [Reference::Named(Kind::Account, pick.account())];
            let terms = workspace_member::WorkspaceTerms {
                level: pick.maybe(|it| it.0.pick(&Role::WORKSPACE)),
                root_upload: pick.maybe(|it| it.maybe(|_| AllowDeny::Deny)),
                home: match pick.0.below(8) {
                    0 => HomeFolder::Missing,
                    1 => HomeFolder::At(name("disk"), path(pick.0.pick(&["/files/eve", "/files/den", "/a/den"]))),
                    _ => HomeFolder::Usual,
                },
            };
            if pick.0.chance(1, 2) {
                ("workspace add-member", workspace_member::add(tx, &org, &room, &who, &terms))
            } else {
                ("workspace remove-member", workspace_member::remove(tx, &org, &room, &who))
            }
        }
        42 => {
            let kind = pick.0.pick(&[Kind::Media, Kind::Stream]);
            let it = numbered(kind, &mut pick, tx);
            match pick.0.below(3) {
                0 => ("media add", media::add(tx, kind, &in_room, &name("reel"), None, &secret()).map(drop)),
                1 => {
                    let edit = media::MediaEdit { title: Some("t".to_owned()), ..media::MediaEdit::default() };
                    ("media edit", media::edit(tx, kind, &it, &edit))
                }
                _ => ("media remove", media::remove(tx, kind, &it)),
            }
        }
        43 => {
            let (token, signing) =
                (numbered(Kind::AccessToken, &mut pick, tx), numbered(Kind::SigningKey, &mut pick, tx));
            match pick.0.below(4) {
                0 => ("token create", key::create_token(tx, &in_room, TokenMode::Read, None, &secret()).map(drop)),
                1 => ("token revoke", key::revoke_token(tx, &token)),
                2 => ("key create", key::create_signing_key(tx, &in_room, "public").map(drop)),
                _ => ("key delete", key::delete_signing_key(tx, &signing)),
            }
        }
        44 => {
            let (which, address) = (name("intake"), name("vendor@example.com"));
            let life = invitation::LinkTerms::default();
            match pick.0.below(5) {
                0 => ("invite", invitation::invite(tx, &which, &address, life, &secret()).map(drop)),
                1 => (
                    "resend",
                    invitation::resend(tx, &which, &invitation::LinkSelector::Address(address), life, &secret())
                        .map(drop),
                ),
                2 => ("revoke", invitation::revoke(tx, &which, &invitation::LinkSelector::Address(address))),
                3 => ("public link", public_link::turn_on(tx, &which, &secret()).map(drop)),
                _ => ("no public link", public_link::turn_off(tx, &which, true)),
            }
        }
        45 => {
            let who = pick.account();
            let removal = account::Removal::Destroy {
                transfer_to: pick.0.chance(1, 2).then(|| pick.account()),
                cascade: pick.0.chance(1, 2),
            };
            let gone = tx.facts().id_named(Kind::Account, None, who.key()).unwrap();
            if let (Some(gone), account::Removal::Destroy { cascade, .. }) = (gone, &removal) {
                beyond = Beyond::Account { gone, cascade: *cascade };
            }
            ("account destroy", account::remove(tx, &who, &removal))
        }
        46..=48 => {
            // A share by another account, so that there is a dependent row.
            let Some((on, share)) = any_share(tx.facts(), pick.0) else { return Ok(("nothing", beyond)) };
            let principal = Reference::principal(&tx.facts().reference(share.principal).unwrap())?;
            let by = share.grantor.map(|id| share::Sharer::parse(&tx.facts().reference(id).unwrap())).transpose()?;
            let which = share::ShareSelector { principal, by, class: Some(share.attributes.share_class()) };
            beyond = Beyond::Dependents;
            if pick.0.chance(1, 2) {
                ("share revoke --cascade", share::revoke(tx, (&on.0, &on.1), &[which], true))
            } else {
                let set = pick.0.pick(&[Permissions::VIEW, Permissions::PREVIEW, Permissions::UPLOAD]);
                let expires = pick.maybe(|_| Expiry::At(Time(NOW.0 + 500)));
                ("share set --cascade", share::set(tx, (&on.0, &on.1), &which, (Some(set), expires), true))
            }
        }
        49 => {
            beyond = Beyond::Pruned;
            ("share prune", share::prune(tx, on.0, on.1))
        }
        50 | 51 => {
            let invited = pick.account();
            let (Some(id), Some(own)) = (
                tx.facts().id_named(Kind::Org, None, org.key()).unwrap(),
                tx.facts().id_named(Kind::Account, None, invited.key()).unwrap(),
            ) else {
                return Ok(("nothing", beyond));
            };
            if rolebook::ops::require_active(tx.facts(), Actor::Principal(own), tx.at).is_err() {
                return Ok(("nothing", beyond));
            }
            (beyond, tx.actor) = (Beyond::Accepted(id), Actor::Principal(own));
            // The invited account has the secret of the invitation, among others.
            let accepted = known.iter().any(|secret| org_invitation::accept(tx, &org, secret).is_ok());
            return if accepted {
                Ok(("org accept", beyond))
            } else {
                Err(Problem::usage("refused", "no secret fits"))
            };
        }
        52..=54 => {
            let (which, address) = (name("intake"), name("guest@example.com"));
            let Some(id) = tx.facts().id_named(Kind::Dropbox, None, which.key()).unwrap() else {
                return Ok(("nothing", beyond));
            };
            beyond = Beyond::Link(id);
            let submission = invitation::Submission { title: "t".to_owned(), files: Vec::new() };
            let (is_claim, fresh) = (pick.0.chance(1, 2), secret());
            let done = known.iter().any(|link| match is_claim {
                true => invitation::claim(tx, &which, &address, link, &fresh).is_ok(),
                false => invitation::submit_with(tx, &which, link, &submission).is_ok(),
            });
            return match (done, is_claim) {
                (true, true) => Ok(("dropbox claim", beyond)),
                (true, false) => Ok(("dropbox submit with a link", beyond)),
                (false, _) => Err(Problem::usage("refused", "no link fits")),
            };
        }
        _ => {
            let files = vec![File { name: "f.mov".to_owned(), size: 5 }];
            let to = vec![Reference::Named(kind, which.clone()), Reference::Named(Kind::Account, pick.account())];
            ("package send", package::send(tx, &package::NewPackage { title: "t".to_owned(), to, files }).map(drop))
        }
    };
    done.map(|()| (word, beyond))
}

/// A share that some account made, and its item.
fn any_share<F: Facts>(facts: &F, dice: &mut Dice) -> Option<((Name, Path), Binding)> {
    let mut shares = Vec::new();
    for item in facts.ids(Kind::Item, None).unwrap() {
        shares.extend(facts.list_bindings(BindingQuery::OnAs(item, Role::ItemShare)).unwrap());
    }
    shares.sort_unstable_by_key(|it| it.id);
    let share = if shares.is_empty() { return None } else { dice.pick(&shares) };
    match Reference::parse(&facts.reference(share.resource).unwrap(), Kind::Item).unwrap() {
        Reference::Item(endpoint, path) => Some(((endpoint, path), share)),
        _ => None,
    }
}

/// A world with resources of every kind, made by the operator and by accounts.
fn world(dice: &mut Dice) -> Overlay<'static, EmptyFacts> {
    let mut tx = Transaction::new(&EmptyFacts, Actor::Operator, NOW).unwrap();
    for (place, who) in ACCOUNTS.iter().take(7).enumerate() {
        let role = match place {
            0 => Role::ServerAdmin,
            1 | 2 => Role::ServerManager,
            _ => Role::ServerUser,
        };
        let options = account::AccountSettings {
            role: Some(role),
            email: Some(format!("{who}@example.com")),
            ..Default::default()
        };
        account::add(&mut tx, &name(who), &options, None).unwrap();
    }
    for which in ["crew", "inner"] {
        group::add(&mut tx, Kind::Group, &name(which), &group::GroupSettings::default()).unwrap();
    }
    membership::add(&mut tx, Kind::Group, &name("crew"), &[user("bob"), group("inner")], None).unwrap();
    membership::add(&mut tx, Kind::Group, &name("inner"), &[user("carol")], None).unwrap();
    for (kind, which) in [(Kind::Workgroup, "color"), (Kind::Dropbox, "intake")] {
        let options = group::GroupSettings { labels: LabelChanges::default(), ..Pick(dice).place_options() };
        group::add(&mut tx, kind, &name(which), &options).unwrap();
        membership::add(&mut tx, kind, &name(which), &[user("carol"), user("bob"), group("inner")], None).unwrap();
        membership::set_admin(&mut tx, kind, &name(which), &[user("carol")], true).unwrap();
    }
    for (which, kind, who) in [
        ("disk", EndpointKind::Node, "eve"),
        ("bucket", EndpointKind::S3, "bob"),
        ("laptop", EndpointKind::Host, "fay"),
    ] {
        let options =
            endpoint::EndpointSettings { managed: (which == "laptop").then_some(false), ..Default::default() };
        let new = endpoint::NewEndpoint { kind, of: None, administrators: vec![user(who)], settings: options };
        endpoint::add(&mut tx, &name(which), &new).unwrap();
    }
    endpoint::add_role(&mut tx, &name("bucket"), Role::AccessManager, &[user("carol")]).unwrap();
    let folder = content::ItemSettings { item_type: None, size: None, owner: Some(Some(user("carol"))) };
    let plain = content::ItemSettings::default();
    content::add(&mut tx, &name("disk"), &path("/a"), &folder).unwrap();
    content::add(&mut tx, &name("disk"), &path("/a/b"), &plain).unwrap();
    let file = content::ItemSettings { item_type: Some(ItemType::File), size: Some(3), owner: None };
    content::add(&mut tx, &name("disk"), &path("/a/f.mov"), &file).unwrap();
    content::add(&mut tx, &name("bucket"), &path("/a"), &plain).unwrap();
    for (which, who) in [("acme", "eve"), ("other", "carol")] {
        org::add(&mut tx, &name(which), &LabelChanges::default(), Some(&user(who))).unwrap();
    }
    for (who, role) in [("fay", Role::OrgAdmin), ("bob", Role::OrgMember), ("carol", Role::OrgMember)] {
        org_member::set_role(&mut tx, &name("acme"), &user(who), role).unwrap();
    }
    let options = workspace::WorkspaceSettings {
        files: Some((name("disk"), path("/files"))),
        ..workspace::WorkspaceSettings::default()
    };
    workspace::add(&mut tx, &name("acme"), &name("prod"), &options).unwrap();
    let members = [user("bob"), user("carol")];
    workspace_member::add(
        &mut tx,
        &name("acme"),
        &name("prod"),
        &members,
        &workspace_member::WorkspaceTerms::default(),
    )
    .unwrap();
    // Shares that rest on one another, and one that has lost its base.
    for (by, with, permissions, orphaned) in [
        ("carol", "bob", Permissions::EDIT, false),
        ("bob", "fay", Permissions::VIEW, false),
        ("fay", "eve", Permissions::PREVIEW, false),
        ("max", "mia", Permissions::VIEW, true),
    ] {
        let by = tx.facts().id_named(Kind::Account, None, by).unwrap().unwrap();
        let grant =
            share::NewShare { principals: vec![user(with)], permissions, expires: None, admin: false, class: None };
        share::record(&mut tx, (&name("disk"), &path("/a")), &grant, (by, orphaned)).unwrap();
    }
    let public_links = server::ServerSettings { public_links: Some(true), ..server::ServerSettings::default() };
    server::set(&mut tx, &public_links).unwrap();
    let (draft, last) = tx.finish().unwrap();
    let mut world = Overlay::new(&EmptyFacts).unwrap();
    keep(&mut world, draft, last);
    world
}

fn keep(world: &mut Overlay<'_, EmptyFacts>, draft: rolebook::policy::Draft, last: Id) {
    while world.last_id().unwrap() < last {
        world.new_id();
    }
    for (id, row) in draft.resources {
        match row {
            Some(row) => world.put_resource(Rc::unwrap_or_clone(row)),
            None => world.end_resource(id),
        }
    }
    for (id, row) in draft.bindings {
        match row {
            Some(row) => world.put_binding(row),
            None => world.end_binding(id),
        }
    }
}

/// Runs random operations by random actors; returns the operations that succeeded.
fn history(seed: u64) -> Result<Vec<&'static str>, TestCaseError> {
    let mut dice = Dice::new(seed);
    let mut world = world(&mut dice);
    let (mut went_through, mut issued) = (Vec::new(), Vec::new());
    for number in 0..220 {
        let at = Time(NOW.0 + number);
        let accounts = world.ids(Kind::Account, None).unwrap();
        let actor = Actor::Principal(dice.pick(&accounts));
        if rolebook::ops::require_active(&world, actor, at).is_err() {
            continue;
        }
        let mut tx = Transaction::new(&world, actor, at).unwrap();
        let Ok((what, beyond)) = act(&mut tx, &mut dice, &mut issued) else { continue };
        if tx.check().is_err() {
            continue;
        }
        let changes = tx.facts().draft().against(&world).unwrap();
        // The account or the outside submitter that a link was made for presents it.
        let actor = tx.actor;
        let present = Transaction::new(&world, actor, at).unwrap();
        for row in changes.iter().filter(|row| !beyond.covers(&present, tx.facts(), row)) {
            let refused = first_refused(&present, &tx, (&ChangeIndex::new(&changes), std::slice::from_ref(row)), None);
            let is_cascade = matches!(&refused, Err(problem) if problem.code == share::DEPENDENTS) && beyond.cascades();
            prop_assert!(
                is_cascade || matches!(refused, Ok(None)),
                "{what} by {actor:?} ({beyond:?}): {refused:?} of {row:#?} among {changes:#?}"
            );
        }
        if !changes.is_empty() {
            went_through.push(what);
        }
        // If the actor may undo the change at once, the state is as before.
        let (draft, last) = tx.finish().unwrap();
        let before = rows(&world);
        let mut after = Overlay::new(&EmptyFacts).unwrap();
        keep(&mut after, world.draft().clone(), world.last_id().unwrap());
        keep(&mut after, draft.clone(), last);
        let mut back = Transaction::new(&after, actor, at).unwrap();
        if undo::undo(&mut back, &undo::UndoneRevision { author: actor.principal(), ..Default::default() }, &changes)
            .is_ok()
            && back.check().is_ok()
        {
            let (draft, last) = back.finish().unwrap();
            let mut undone = Overlay::new(&EmptyFacts).unwrap();
            keep(&mut undone, after.draft().clone(), last);
            keep(&mut undone, draft, last);
            prop_assert_eq!(&rows(&undone), &before, "the undo of {}", what);
        }
        keep(&mut world, draft, last);
    }
    Ok(went_through)
}

/// Every row as text, for comparison.
fn rows(world: &Overlay<'_, EmptyFacts>) -> Vec<String> {
    let draft = world.draft();
    let resources = draft.resources.values().flatten().map(|it| format!("{it:?}"));
    resources.chain(draft.bindings.values().flatten().map(|it| format!("{it:?}"))).collect()
}

#[test]
fn every_operation_checks_the_rights_that_its_rows_take() {
    let mut seen: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for seed in 0..40 {
        match history(seed) {
            Ok(done) => done.into_iter().for_each(|what| *seen.entry(what).or_default() += 1),
            Err(error) => panic!("seed {seed}: {error}"),
        }
    }
    println!("{seen:?}");
    assert!(seen.len() > 40, "too few sorts of operations went through: {seen:?}");
    for beyond in [
        "account destroy",
        "share revoke --cascade",
        "share set --cascade",
        "share prune",
        "org accept",
        "dropbox claim",
        "dropbox submit with a link",
    ] {
        assert!(seen.contains_key(beyond), "no {beyond} went through: {seen:?}");
    }
}
