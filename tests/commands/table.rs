//! The requirements of each writing command: the rights that it takes, and the resources that must be visible.

use std::rc::Rc;

use rolebook::model::action::Destination;
use rolebook::model::attributes::{EndpointKind, InvitationState, Setting, Sharing};
use rolebook::model::{Action, Binding, Id, Kind, Resource, Role, Verb};
use rolebook::ops::{Actor, Viewer};
use rolebook::policy::{BindingQuery, Facts, invariants};

use crate::oracle::worlds::{Dice, permissions};

/// The facts that commands are made from, and the actor.
pub(crate) struct Scene<'f, F: Facts> {
    pub(crate) facts: &'f F,
    pub(crate) actor: Actor,
    /// The folder for files of commands.
    pub(crate) folder: std::path::PathBuf,
}

/// A requirement of a command.
#[derive(Clone, Debug)]
pub(crate) enum Need {
    /// All actions of one of these lists must be allowed.
    May(Vec<Vec<(Action, Id)>>),
    /// The actor must be allowed to change the share.
    Change(Binding),
    /// The account must not be the actor's own.
    NotOneself(Id),
}

/// A command line with its requirements.
#[derive(Clone, Debug)]
pub(crate) struct Typed {
    pub(crate) words: Vec<String>,
    pub(crate) needs: Vec<Need>,
    /// The resources that the command names, which must all be visible.
    pub(crate) sees: Vec<Id>,
}

impl Typed {
    fn of(verb: &str, rest: &[&str]) -> Typed {
        let words = verb.split(' ').chain(rest.iter().copied()).map(str::to_owned).collect();
        Typed { words, needs: Vec::new(), sees: Vec::new() }
    }

    fn word(mut self, word: impl Into<String>) -> Typed {
        self.words.push(word.into());
        self
    }

    fn may(self, action: Action, on: Id) -> Typed {
        self.any(vec![vec![(action, on)]])
    }

    fn verb(self, verb: Verb, on: Id) -> Typed {
        self.may(Action::Plain(verb), on)
    }

    fn any(mut self, ways: Vec<Vec<(Action, Id)>>) -> Typed {
        self.needs.push(Need::May(ways));
        self
    }

    fn sees(mut self, id: Id) -> Typed {
        self.sees.push(id);
        self
    }
}

type Known = Rc<Resource>;

impl<F: Facts> Scene<'_, F> {
    fn all(&self, kind: Kind) -> Vec<Known> {
        let mut ids = Vec::new();
        self.facts
            .resources(kind, None, &mut |it| {
                ids.push(it.id);
                Ok(std::ops::ControlFlow::Continue(()))
            })
            .unwrap();
        ids.sort_unstable();
        ids.into_iter().filter_map(|id| self.facts.resource(id).unwrap()).collect()
    }

    fn one(&self, kind: Kind, dice: &mut Dice) -> Option<Known> {
        let all = self.all(kind);
        (!all.is_empty()).then(|| dice.pick(&all))
    }

    fn child(&self, kind: Kind, parent: Id, dice: &mut Dice) -> Option<Known> {
        let all = self.facts.ids(kind, Some(parent)).unwrap();
        (!all.is_empty()).then(|| self.facts.resource(dice.pick(&all)).unwrap().unwrap())
    }

    fn reference(&self, it: &Resource) -> String {
        self.facts.reference(it.id).unwrap()
    }

    /// `ORG/NAME`.
    fn place(&self, workspace: &Resource) -> String {
        self.reference(workspace).trim_start_matches("workspace:").to_owned()
    }

    fn org_of(&self, it: &Resource) -> Id {
        self.facts.ancestors(it.id).unwrap().last().unwrap().id
    }

    fn item(&self, dice: &mut Dice) -> Option<Known> {
        let mut all = Vec::new();
        for endpoint in self.all(Kind::Endpoint) {
            all.extend(self.facts.ids(Kind::Item, Some(endpoint.id)).unwrap());
        }
        let mut next = 0;
        while let Some(id) = all.get(next).copied() {
            all.extend(self.facts.ids(Kind::Item, Some(id)).unwrap());
            next += 1;
        }
        all.sort_unstable();
        (!all.is_empty()).then(|| self.facts.resource(dice.pick(&all)).unwrap().unwrap())
    }

    fn folder(&self, dice: &mut Dice) -> Option<Known> {
        (0..8).find_map(|_| self.item(dice).filter(|it| it.as_item().unwrap().is_folder()))
    }

    fn endpoint_of(&self, item: &Resource) -> Known {
        self.facts.ancestors(item.id).unwrap().last().cloned().unwrap()
    }

    /// A random binding in one of some roles on a resource.
    fn held(&self, on: Id, roles: &[Role], dice: &mut Dice) -> Option<Binding> {
        let mut all: Vec<Binding> =
            roles.iter().flat_map(|role| self.facts.list_bindings(BindingQuery::OnAs(on, *role)).unwrap()).collect();
        all.retain(|it| self.facts.resource(it.principal).unwrap().is_some());
        all.sort_by_key(|it| it.id);
        (!all.is_empty()).then(|| dice.pick(&all))
    }

    fn who(&self, id: Id) -> Known {
        self.facts.resource(id).unwrap().unwrap()
    }

    fn viewer(&self, at: rolebook::model::Time) -> Viewer<'_, F> {
        Viewer::new(self.facts, self.actor, at).unwrap()
    }

    /// Whether the actor sees a binding.
    fn is_listed(&self, binding: &Binding) -> bool {
        self.viewer(rolebook::model::Time::now()).sees_binding(binding).unwrap()
    }

    /// Whether the actor sees a resource.
    pub(crate) fn is_seen(&self, id: Id, at: rolebook::model::Time) -> bool {
        self.facts.resource(id).unwrap().is_some_and(|it| self.viewer(at).sees(&it).unwrap())
    }
}

fn new_name(dice: &mut Dice) -> String {
    format!("new{}", dice.below(1_000_000))
}

/// A word of a command: `NEW` and `ADDRESS` become new values, `A|B` becomes one of the two.
fn filled(word: &str, dice: &mut Dice) -> String {
    match word {
        "NEW" => new_name(dice),
        "ADDRESS" => format!("{}@example.org", new_name(dice)),
        other => dice.pick(&other.split('|').collect::<Vec<_>>()).to_owned(),
    }
}

/// Makes a command of a verb; `None` if the scene has no resource for it.
type Make<F> = fn(&Scene<'_, F>, &mut Dice) -> Option<Typed>;

const PLACES: [Kind; 2] = [Kind::Workgroup, Kind::Dropbox];

/// The rights that creating an account takes, with a workgroup or dropbox if one is named.
fn creating(role: Role, place: Option<&Resource>) -> Vec<Vec<(Action, Id)>> {
    let create = (Action::CreateAccount(role), Id::SERVER);
    match place {
        None => vec![vec![create]],
        Some(place) => {
            let mut ways = vec![vec![create, (Action::Plain(Verb::AddMember), place.id)]];
            if role == Role::ServerUser {
                ways.push(vec![(Action::Plain(Verb::CreateMember), place.id)]);
            }
            ways
        }
    }
}

/// Adds an existing account to a workgroup or dropbox: the right to create a member does not cover this.
fn existing_account<F: Facts>(scene: &Scene<'_, F>, dice: &mut Dice) -> Option<Typed> {
    let (account, place) = (scene.one(Kind::Account, dice)?, scene.one(dice.pick(&PLACES), dice)?);
    let held = |role: &Role| scene.facts.held(Id::SERVER, *role, account.id).unwrap().is_some();
    let role = Role::SERVER.into_iter().find(held)?;
    let option = format!("--{}", place.kind().as_str());
    let typed = Typed::of("account add", &[&account.name, "--role", role.as_str(), &option, &place.name]);
    let typed = typed.any(creating(role, Some(&place))).sees(place.id);
    let levels: &[Role] = if place.kind() == Kind::Workgroup { &Role::WORKGROUP } else { &Role::DROPBOX };
    let is_member = levels.iter().any(|level| scene.facts.held(place.id, *level, account.id).unwrap().is_some());
    // An account that the actor cannot see, or with other values, is a conflict.
    let is_same = account.as_account()?.active && scene.is_seen(account.id, rolebook::model::Time::now());
    Some(if is_same && !is_member { typed.verb(Verb::AddMember, place.id) } else { typed })
}

/// Destroys an account with a transfer: each transferred resource takes the right over it.
fn handed_over<F: Facts>(scene: &Scene<'_, F>, dice: &mut Dice) -> Option<Typed> {
    let (account, heir) = (scene.one(Kind::Account, dice)?, scene.one(Kind::Account, dice)?);
    let (facts, at) = (scene.facts, rolebook::model::Time::now());
    let mut typed = Typed::of("account remove", &[&account.name, "--destroy", "--transfer-to", &heir.name])
        .verb(Verb::Delete, account.id)
        .sees(account.id)
        .sees(heir.id);
    // A transfer to the account itself is a conflict, before any right is checked.
    if heir.id == account.id {
        return Some(typed);
    }
    let endpoint = |item: Id| facts.ancestors(item).unwrap().last().unwrap().id;
    let is_last = invariants::is_active_admin(facts, account.id, at).unwrap()
        && !invariants::has_active_admin(facts, Some(account.id), at).unwrap();
    if is_last {
        typed = typed.may(Action::SetRole(Role::ServerAdmin), heir.id);
    }
    for owned in facts.list_bindings(BindingQuery::OfAs(account.id, Role::ItemOwner)).unwrap() {
        typed = typed.verb(Verb::Edit, endpoint(owned.resource));
    }
    for role in [Role::EndpointAdministrator, Role::OrgAdmin] {
        for held in facts.list_bindings(BindingQuery::OfAs(account.id, role)).unwrap() {
            if invariants::has_administrator(facts, held.resource, role, Some(account.id), at).unwrap() {
                continue;
            }
            typed = match role {
                Role::OrgAdmin => typed.verb(Verb::EditMember, held.resource),
                _ => typed.may(Action::Assign(role), held.resource),
            };
        }
    }
    for share in
        facts.list_bindings(BindingQuery::SharesBy(account.id)).unwrap().iter().filter(|it| it.is_effective(at))
    {
        let host = endpoint(share.resource);
        let sharing = facts.resource(host).unwrap().unwrap().as_endpoint().unwrap().kind.sharing();
        typed = match sharing {
            Sharing::Managed => typed.verb(Verb::ManagePermissions, host),
            _ => typed.verb(Verb::AdministerShares, share.resource),
        };
    }
    Some(typed)
}

fn in_place<F: Facts>(scene: &Scene<'_, F>, dice: &mut Dice, typed: Typed, role: Role, always: bool) -> Option<Typed> {
    if !always && dice.chance(1, 2) {
        return Some(typed.any(creating(role, None)));
    }
    let place = scene.one(dice.pick(&PLACES), dice)?;
    let typed = typed.word(format!("--{}", place.kind().as_str())).word(place.name.clone());
    Some(typed.any(creating(role, Some(&place))).sees(place.id))
}

fn of_account<F: Facts>(
    verb: &str,
    rest: &[&str],
    action: Action,
) -> impl Fn(&Scene<'_, F>, &mut Dice) -> Option<Typed> {
    let (verb, rest): (String, Vec<String>) = (verb.to_owned(), rest.iter().map(|it| (*it).to_owned()).collect());
    move |scene, dice| {
        let account = scene.one(Kind::Account, dice)?;
        let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
        let mut typed = Typed::of(&verb, &[&account.name]);
        typed.words.extend(rest.iter().map(|it| (*it).to_owned()));
        Some(typed.may(action, account.id).sees(account.id))
    }
}

/// A command on a group, a workgroup or a dropbox that takes one verb.
fn of_place<F: Facts>(
    scene: &Scene<'_, F>,
    dice: &mut Dice,
    kind: Kind,
    verb: &str,
    rest: &[&str],
    takes: Verb,
) -> Option<Typed> {
    let place = scene.one(kind, dice)?;
    let mut typed = Typed::of(&format!("{} {verb}", kind.as_str()), &[&place.name]);
    typed.words.extend(rest.iter().map(|word| filled(word, dice)));
    Some(typed.verb(takes, place.id).sees(place.id))
}

/// A command about a member of a group, a workgroup or a dropbox.
fn of_member<F: Facts>(scene: &Scene<'_, F>, dice: &mut Dice, kind: Kind, verb: &str) -> Option<Typed> {
    let place = scene.one(kind, dice)?;
    let levels: &[Role] = match kind {
        Kind::Workgroup => &Role::WORKGROUP,
        Kind::Dropbox => &Role::DROPBOX,
        _ => &[Role::GroupMember],
    };
    let held = scene.held(place.id, levels, dice);
    let (member, held) = match held {
        Some(held) if verb != "add-member" || dice.chance(1, 4) => (scene.who(held.principal), Some(held)),
        _ if verb == "add-member" => {
            (scene.one(if dice.chance(2, 3) { Kind::Account } else { Kind::Group }, dice)?, None)
        }
        _ => return None,
    };
    let is_group = member.kind() == Kind::Group && kind != Kind::Group;
    let is_admin = held.as_ref().is_some_and(|it| matches!(it.role, Role::WorkgroupAdmin | Role::DropboxAdmin));
    let adding = verb == "add-member";
    let takes = match (is_group, verb) {
        (false, "activate-member") => Verb::ActivateMember,
        (false, "deactivate-member") => Verb::DeactivateMember,
        (true, "add-member") => Verb::AddGroup,
        (true, _) => Verb::RemoveGroup,
        (false, "add-member") => Verb::AddMember,
        (false, _) => Verb::RemoveMember,
    };
    let mut typed = Typed::of(&format!("{} {verb}", kind.as_str()), &[&place.name, &scene.reference(&member)])
        .verb(takes, place.id)
        .sees(place.id);
    // An actor can take back what a list shows (docs/model.md#visibility).
    let listed = held.as_ref().is_some_and(|it| scene.is_listed(it));
    if adding || !listed {
        typed = typed.sees(member.id);
    }
    if is_admin && !adding {
        typed = typed.verb(Verb::RemoveAdmin, place.id);
    }
    Some(typed)
}

fn of_admin<F: Facts>(scene: &Scene<'_, F>, dice: &mut Dice, kind: Kind, verb: &str, takes: Verb) -> Option<Typed> {
    let place = scene.one(kind, dice)?;
    let account = scene.one(Kind::Account, dice)?;
    let typed = Typed::of(&format!("{} {verb}", kind.as_str()), &[&place.name, &account.name]);
    Some(typed.verb(takes, place.id).sees(place.id).sees(account.id))
}

/// An active invitation of a dropbox or an organization, with its parent.
fn invitation<F: Facts>(scene: &Scene<'_, F>, dice: &mut Dice, kind: Kind) -> Option<(Known, Known)> {
    let place = scene.one(kind, dice)?;
    let found = scene.child(Kind::Invitation, place.id, dice)?;
    (found.as_invitation()?.state == InvitationState::Active).then_some((place, found))
}

/// A recipient of a package, with the right to send to it.
fn recipient<F: Facts>(scene: &Scene<'_, F>, dice: &mut Dice, typed: Typed) -> Option<Typed> {
    let (kind, takes) = dice.pick(&[
        (Kind::Account, Verb::SendTo),
        (Kind::Workgroup, Verb::Send),
        (Kind::Dropbox, Verb::Submit),
        (Kind::Server, Verb::SendExternal),
    ]);
    if kind == Kind::Server {
        return Some(typed.word("--to").word("external:far@example.org").verb(takes, Id::SERVER));
    }
    let to = scene.one(kind, dice)?;
    let reference = scene.reference(&to);
    Some(typed.word("--to").word(reference).verb(takes, to.id).sees(to.id))
}

fn transfer<F: Facts>(
    scene: &Scene<'_, F>,
    dice: &mut Dice,
    verb: &str,
    action: fn(Destination) -> Action,
) -> Option<Typed> {
    let (item, folder) = (scene.item(dice)?, scene.folder(dice)?);
    let to = Destination { folder: folder.id, is_registered: true, of_file: false };
    let typed = Typed::of(verb, &[&scene.reference(&item), &scene.reference(&folder)]);
    Some(typed.may(action(to), item.id).sees(item.id).sees(folder.id))
}

fn share<F: Facts>(scene: &Scene<'_, F>, dice: &mut Dice) -> Option<(Known, Binding)> {
    (0..8).find_map(|_| {
        let item = scene.item(dice)?;
        let share = scene.held(item.id, &[Role::ItemShare], dice)?;
        Some((item, share))
    })
}

fn of_share<F: Facts>(scene: &Scene<'_, F>, dice: &mut Dice, verb: &str) -> Option<Typed> {
    let (item, share) = share(scene, dice)?;
    let who = scene.who(share.principal);
    let by = share.grantor.map_or_else(|| "operator".to_owned(), |id| scene.reference(&scene.who(id)));
    let mut typed = Typed::of(verb, &[&scene.reference(&item), &scene.reference(&who), "--by", &by, "--cascade"]);
    // The command would also match a share of another class by the same sharer on the same item.
    let same = scene.facts.list_bindings(BindingQuery::Exact(item.id, Role::ItemShare, share.principal)).unwrap();
    if same.iter().filter(|it| it.grantor == share.grantor).count() > 1 {
        return None;
    }
    if verb == "share set" {
        typed = typed.word("--permission").word(share.attributes.permissions.to_string());
    }
    typed.needs.push(Need::Change(share));
    Some(typed.sees(item.id))
}

fn workspace_and<F: Facts>(
    scene: &Scene<'_, F>,
    dice: &mut Dice,
    verb: &str,
    takes: Verb,
    on_org: bool,
) -> Option<(Typed, Known)> {
    let org = scene.one(Kind::Org, dice)?;
    let workspace = scene.child(Kind::Workspace, org.id, dice)?;
    let on = if on_org { org.id } else { workspace.id };
    Some((Typed::of(verb, &[&scene.place(&workspace)]).verb(takes, on).sees(workspace.id), workspace))
}

fn lying<F: Facts>(scene: &Scene<'_, F>, dice: &mut Dice, kind: Kind) -> Option<Known> {
    let org = scene.one(Kind::Org, dice)?;
    let mut places = vec![org.id];
    places.extend(scene.facts.ids(Kind::Workspace, Some(org.id)).unwrap());
    scene.child(kind, dice.pick(&places), dice)
}

fn of_number<F: Facts>(
    scene: &Scene<'_, F>,
    dice: &mut Dice,
    kind: Kind,
    verb: &str,
    rest: &[&str],
    takes: Verb,
) -> Option<Typed> {
    let it = lying(scene, dice, kind)?;
    let mut typed = Typed::of(verb, &[&it.id.to_string()]);
    typed.words.extend(rest.iter().map(|it| (*it).to_owned()));
    Some(typed.verb(takes, it.id).sees(it.id))
}

fn of_org_member<F: Facts>(
    scene: &Scene<'_, F>,
    dice: &mut Dice,
    verb: &str,
    rest: &[&str],
    takes: Verb,
) -> Option<(Typed, Id)> {
    let org = scene.one(Kind::Org, dice)?;
    let member = scene.held(org.id, &Role::ORG, dice)?;
    let account = scene.who(member.principal);
    let mut typed = Typed::of(verb, &[&org.name, &account.name]);
    typed.words.extend(rest.iter().map(|word| filled(word, dice)));
    Some((typed.verb(takes, org.id).sees(org.id), account.id))
}

fn setting(dice: &mut Dice) -> Setting {
    dice.pick(&Setting::TOGGLES)
}

/// Every writing verb that takes rights of its own. Holders of a link or a secret need none, and `undo` takes
/// the rights of the reverse changes: these are in [`EXEMPT`].
#[rustfmt::skip]
pub(crate) fn verbs<F: Facts>() -> Vec<(&'static str, Make<F>)> {
    vec![
        ("account add", |s, d| {
            if d.chance(1, 4) {
                return existing_account(s, d);
            }
            let role = d.pick(&[Role::ServerUser, Role::ServerUser, Role::ServerManager, Role::ServerAdmin]);
            let mut typed = Typed::of("account add", &[&new_name(d), "--role", role.as_str()]);
            if d.chance(1, 5) {
                // Settings of a new account take the right to create accounts anywhere (docs/model.md#workgroups).
                typed = typed.word(format!("--{}", setting(d).as_str())).word("allow").may(Action::CreateAccount(role), Id::SERVER);
            }
            in_place(s, d, typed, role, false)
        }),
        ("account edit", |s, d| of_account("account edit", &["--display-name", "Somebody"], Action::Plain(Verb::Edit))(s, d)),
        ("account set", |s, d| {
            if d.chance(1, 4) {
                return of_account("account set", &["--expires", "2090-01-01"], Action::Set(Setting::Expires))(s, d);
            }
            let which = setting(d);
            of_account("account set", &[&format!("--{}", which.as_str()), "deny"], Action::Set(which))(s, d)
        }),
        ("account set-role", |s, d| {
            let role = d.pick(&Role::SERVER);
            of_account("account set-role", &[role.as_str()], Action::SetRole(role))(s, d)
        }),
        ("account rename", |s, d| {
            let account = s.one(Kind::Account, d)?;
            Some(Typed::of("account rename", &[&account.name, &new_name(d)]).verb(Verb::Delete, account.id).sees(account.id))
        }),
        ("account activate", |s, d| of_account("account activate", &[], Action::Plain(Verb::Activate))(s, d)),
        ("account deactivate", |s, d| of_account("account deactivate", &[], Action::Plain(Verb::Deactivate))(s, d)),
        ("account remove", |s, d| {
            let how: &[&str] = match d.below(4) {
                0 => &["--destroy"],
                1 => &["--destroy", "--cascade"],
                2 => return handed_over(s, d),
                _ => &[],
            };
            of_account("account remove", how, Action::Plain(Verb::Delete))(s, d)
        }),
        ("import csv", |s, d| {
            let file = s.folder.join("people.csv");
            std::fs::write(&file, format!("name\n{}\n", new_name(d))).unwrap();
            in_place(s, d, Typed::of("import csv", &[file.to_str().unwrap()]), Role::ServerUser, false)
        }),
        ("apply", |s, d| {
            let file = s.folder.join("people.yaml");
            std::fs::write(&file, format!("version: 1\naccounts:\n  {}: {{}}\n", new_name(d))).unwrap();
            Some(Typed::of("apply", &[file.to_str().unwrap()]).may(Action::CreateAccount(Role::ServerUser), Id::SERVER))
        }),

        ("group add", |_, d| Some(Typed::of("group add", &[&new_name(d)]).verb(Verb::CreateGroup, Id::SERVER))),
        ("group set", |s, d| of_place(s, d, Kind::Group, "set", &["--visible", "everyone|members"], Verb::Edit)),
        ("group rename", |s, d| of_place(s, d, Kind::Group, "rename", &["NEW"], Verb::Edit)),
        ("group remove", |s, d| of_place(s, d, Kind::Group, "remove", &[], Verb::Delete)),
        ("group add-member", |s, d| of_member(s, d, Kind::Group, "add-member")),
        ("group remove-member", |s, d| of_member(s, d, Kind::Group, "remove-member")),

        ("workgroup add", |_, d| Some(Typed::of("workgroup add", &[&new_name(d)]).verb(Verb::CreateWorkgroup, Id::SERVER))),
        ("workgroup set", |s, d| of_place(s, d, Kind::Workgroup, "set", &["--admins-manage-groups"], Verb::Edit)),
        ("workgroup rename", |s, d| of_place(s, d, Kind::Workgroup, "rename", &["NEW"], Verb::Edit)),
        ("workgroup remove", |s, d| of_place(s, d, Kind::Workgroup, "remove", &[], Verb::Delete)),
        ("workgroup add-member", |s, d| of_member(s, d, Kind::Workgroup, "add-member")),
        ("workgroup remove-member", |s, d| of_member(s, d, Kind::Workgroup, "remove-member")),
        ("workgroup deactivate-member", |s, d| of_member(s, d, Kind::Workgroup, "deactivate-member")),
        ("workgroup activate-member", |s, d| of_member(s, d, Kind::Workgroup, "activate-member")),
        ("workgroup add-admin", |s, d| of_admin(s, d, Kind::Workgroup, "add-admin", Verb::AddAdmin)),
        ("workgroup remove-admin", |s, d| of_admin(s, d, Kind::Workgroup, "remove-admin", Verb::RemoveAdmin)),

        ("dropbox add", |_, d| Some(Typed::of("dropbox add", &[&new_name(d)]).verb(Verb::CreateDropbox, Id::SERVER))),
        ("dropbox set", |s, d| of_place(s, d, Kind::Dropbox, "set", &["--members-invite"], Verb::Edit)),
        ("dropbox rename", |s, d| of_place(s, d, Kind::Dropbox, "rename", &["NEW"], Verb::Edit)),
        ("dropbox remove", |s, d| of_place(s, d, Kind::Dropbox, "remove", &[], Verb::Delete)),
        ("dropbox add-member", |s, d| of_member(s, d, Kind::Dropbox, "add-member")),
        ("dropbox remove-member", |s, d| of_member(s, d, Kind::Dropbox, "remove-member")),
        ("dropbox deactivate-member", |s, d| of_member(s, d, Kind::Dropbox, "deactivate-member")),
        ("dropbox activate-member", |s, d| of_member(s, d, Kind::Dropbox, "activate-member")),
        ("dropbox add-admin", |s, d| of_admin(s, d, Kind::Dropbox, "add-admin", Verb::AddAdmin)),
        ("dropbox remove-admin", |s, d| of_admin(s, d, Kind::Dropbox, "remove-admin", Verb::RemoveAdmin)),
        ("dropbox invite", |s, d| of_place(s, d, Kind::Dropbox, "invite", &["ADDRESS"], Verb::Invite)),
        ("dropbox resend", |s, d| {
            let (dropbox, link) = invitation(s, d, Kind::Dropbox)?;
            let address = s.who(link.as_invitation()?.invitee?).name.clone();
            Some(Typed::of("dropbox resend", &[&dropbox.name, &address]).verb(Verb::Invite, dropbox.id).sees(dropbox.id))
        }),
        ("dropbox revoke", |s, d| {
            let (dropbox, link) = invitation(s, d, Kind::Dropbox)?;
            let address = s.who(link.as_invitation()?.invitee?).name.clone();
            Some(Typed::of("dropbox revoke", &[&dropbox.name, &address]).verb(Verb::RevokeInvitation, dropbox.id).sees(dropbox.id))
        }),
        ("dropbox public-link", |s, d| of_place(s, d, Kind::Dropbox, "public-link", &["on|off"], Verb::SetPublicLink)),
        ("dropbox submit", |s, d| of_place(s, d, Kind::Dropbox, "submit", &["--title", "Reel", "--file", "reel.mov:1"], Verb::Submit)),

        ("package send", |s, d| recipient(s, d, Typed::of("package send", &["--title", "Dailies", "--file", "a.mov:1"]))),
        ("package forward", |s, d| {
            let package = s.one(Kind::Package, d)?;
            let typed = Typed::of("package forward", &[&package.id.to_string()]).verb(Verb::Forward, Id::SERVER).sees(package.id);
            recipient(s, d, typed)
        }),

        ("server set", |_, _| Some(Typed::of("server set", &["--members-may-leave"]).verb(Verb::Configure, Id::SERVER))),

        ("endpoint add", |s, d| {
            let kind = d.pick(EndpointKind::ALL);
            let typed = Typed::of("endpoint add", &[&new_name(d), "--kind", kind.as_str()]).verb(Verb::CreateEndpoint, Id::SERVER);
            if kind != EndpointKind::Share {
                return Some(typed);
            }
            let folder = s.folder(d)?;
            let host = s.endpoint_of(&folder);
            Some(typed.word("--of").word(s.reference(&folder)).verb(Verb::Edit, host.id).sees(host.id))
        }),
        ("endpoint set", |s, d| {
            let endpoint = s.one(Kind::Endpoint, d)?;
            Some(Typed::of("endpoint set", &[&endpoint.name, d.pick(&["--private", "--private=false"])]).verb(Verb::Edit, endpoint.id).sees(endpoint.id))
        }),
        ("endpoint rename", |s, d| {
            let endpoint = s.one(Kind::Endpoint, d)?;
            Some(Typed::of("endpoint rename", &[&endpoint.name, &new_name(d)]).verb(Verb::Edit, endpoint.id).sees(endpoint.id))
        }),
        ("endpoint remove", |s, d| {
            let endpoint = s.one(Kind::Endpoint, d)?;
            Some(Typed::of("endpoint remove", &[&endpoint.name]).verb(Verb::Delete, endpoint.id).sees(endpoint.id))
        }),
        ("endpoint add-role", |s, d| {
            let (endpoint, role) = (s.one(Kind::Endpoint, d)?, d.pick(&Role::ENDPOINT));
            let who = s.one(d.pick(&[Kind::Account, Kind::Group]), d)?;
            let typed = Typed::of("endpoint add-role", &[&endpoint.name, role.as_str(), &s.reference(&who)]);
            Some(typed.may(Action::Assign(role), endpoint.id).sees(endpoint.id).sees(who.id))
        }),
        ("endpoint remove-role", |s, d| {
            let endpoint = s.one(Kind::Endpoint, d)?;
            let held = s.held(endpoint.id, &Role::ENDPOINT, d)?;
            let who = s.who(held.principal);
            let typed = Typed::of("endpoint remove-role", &[&endpoint.name, held.role.as_str(), &s.reference(&who)]);
            let typed = typed.may(Action::Revoke(held.role), endpoint.id).sees(endpoint.id);
            Some(if s.is_listed(&held) { typed } else { typed.sees(who.id) })
        }),

        ("content add", |s, d| {
            let folder = s.folder(d)?;
            let host = s.endpoint_of(&folder);
            let path = format!("{}/{}", s.reference(&folder).trim_end_matches('/'), new_name(d));
            Some(Typed::of("content add", &[&path]).verb(Verb::Edit, host.id).sees(host.id).sees(folder.id))
        }),
        ("content set", |s, d| {
            let item = s.item(d)?;
            let host = s.endpoint_of(&item);
            let owner = s.one(Kind::Account, d)?;
            let typed = Typed::of("content set", &[&s.reference(&item), "--owner", &owner.name]);
            Some(typed.verb(Verb::Edit, host.id).sees(item.id).sees(owner.id))
        }),
        ("content upload", |s, d| {
            let item = s.item(d)?;
            if !item.as_item()?.is_folder() {
                return Some(Typed::of("content upload", &[&s.reference(&item)]).verb(Verb::Overwrite, item.id).sees(item.id));
            }
            let path = format!("{}/{}", s.reference(&item).trim_end_matches('/'), new_name(d));
            let typed = Typed::of("content upload", &[&path]).sees(item.id);
            Some(match d.below(3) {
                0 => typed.verb(Verb::Upload, item.id),
                1 => typed.word("--type").word("folder").verb(Verb::CreateFolder, item.id),
                _ => typed.word("--type").word("folder").word("--file").word("a.mov:1").verb(Verb::CreateFolder, item.id).verb(Verb::Upload, item.id),
            })
        }),
        ("content save", |s, d| {
            let (package, folder) = (s.one(Kind::Package, d)?, s.folder(d)?);
            let typed = Typed::of("content save", &[&package.id.to_string(), &s.reference(&folder)]);
            let typed = typed.verb(Verb::Download, package.id).sees(package.id).sees(folder.id);
            Some(if package.as_package()?.files.is_empty() { typed } else { typed.verb(Verb::Upload, folder.id) })
        }),
        ("content copy", |s, d| transfer(s, d, "content copy", Action::CopyTo)),
        ("content move", |s, d| transfer(s, d, "content move", Action::MoveTo)),
        ("content rename", |s, d| {
            let item = s.item(d)?;
            Some(Typed::of("content rename", &[&s.reference(&item), &new_name(d)]).verb(Verb::Rename, item.id).sees(item.id))
        }),
        ("content remove", |s, d| {
            let item = s.item(d)?;
            Some(Typed::of("content remove", &[&s.reference(&item)]).verb(Verb::Delete, item.id).sees(item.id))
        }),

        ("share grant", |s, d| {
            let (item, who) = (s.item(d)?, s.one(d.pick(&[Kind::Account, Kind::Group]), d)?);
            let set = permissions(d.set());
            let word = if set.is_custom() { set.to_string() } else { set.label().to_lowercase() };
            let typed = Typed::of("share grant", &[&s.reference(&item), &s.reference(&who), "--permission", &word]).sees(item.id).sees(who.id);
            // A binding that the endpoint cannot hold is refused first, for every actor.
            let holds = s.endpoint_of(&item).as_endpoint()?.takes(set);
            Some(if holds && d.chance(1, 3) { typed.word("--admin").verb(Verb::AdministerShares, item.id) } else { typed.may(Action::Share(set), item.id) })
        }),
        ("share set", |s, d| of_share(s, d, "share set")),
        ("share revoke", |s, d| of_share(s, d, "share revoke")),
        ("share prune", |s, d| {
            let item = s.item(d)?;
            let typed = Typed::of("share prune", &[&s.reference(&item)]);
            // Each sharer prunes their own shares, even on items that they no longer see.
            let inside = |share: &Binding| s.facts.ancestors(share.resource).unwrap().iter().any(|it| it.id == item.id);
            let own = s.actor.principal().map(|actor| s.facts.list_bindings(BindingQuery::SharesBy(actor)).unwrap());
            Some(if own.is_some_and(|own| own.iter().any(inside)) { typed } else { typed.sees(item.id) })
        }),

        ("org add", |_, d| Some(Typed::of("org add", &[&new_name(d)]).verb(Verb::CreateOrg, Id::SERVER))),
        ("org set", |s, d| {
            let org = s.one(Kind::Org, d)?;
            Some(Typed::of("org set", &[&org.name, "--description", "text"]).verb(Verb::Edit, org.id).sees(org.id))
        }),
        ("org rename", |s, d| {
            let org = s.one(Kind::Org, d)?;
            Some(Typed::of("org rename", &[&org.name, &new_name(d)]).verb(Verb::Edit, org.id).sees(org.id))
        }),
        ("org remove", |s, d| {
            let org = s.one(Kind::Org, d)?;
            Some(Typed::of("org remove", &[&org.name]).verb(Verb::Delete, org.id).sees(org.id))
        }),
        ("org invite", |s, d| {
            let org = s.one(Kind::Org, d)?;
            let address = format!("{}@example.org", new_name(d));
            Some(Typed::of("org invite", &[&org.name, &address, "--role", "member"]).verb(Verb::Invite, org.id).sees(org.id))
        }),
        ("org cancel-invite", |s, d| {
            let (org, found) = invitation(s, d, Kind::Org)?;
            let address = found.as_invitation()?.email.clone();
            Some(Typed::of("org cancel-invite", &[&org.name, &address]).verb(Verb::CancelInvitation, org.id).sees(org.id))
        }),
        ("org set-role", |s, d| of_org_member(s, d, "org set-role", &["admin|member"], Verb::EditMember).map(|it| it.0)),
        ("org set-workspaces", |s, d| of_org_member(s, d, "org set-workspaces", &[], Verb::EditMember).map(|it| it.0)),
        ("org remove-member", |s, d| {
            let (mut typed, who) = of_org_member(s, d, "org remove-member", &[], Verb::RemoveMember)?;
            typed.needs.push(Need::NotOneself(who));
            Some(typed)
        }),
        ("org leave", |s, d| {
            let org = s.one(Kind::Org, d)?;
            Some(Typed::of("org leave", &[&org.name]).verb(Verb::Leave, org.id).sees(org.id))
        }),

        ("workspace add", |s, d| {
            let org = s.one(Kind::Org, d)?;
            Some(Typed::of("workspace add", &[&format!("{}/{}", org.name, new_name(d))]).verb(Verb::CreateWorkspace, org.id).sees(org.id))
        }),
        ("workspace set", |s, d| {
            let on_org = d.chance(1, 2);
            let (typed, _) = workspace_and(s, d, "workspace set", if on_org { Verb::CreateWorkspace } else { Verb::Edit }, on_org)?;
            Some(if on_org { typed.word("--root-upload").word("deny") } else { typed.word("--description").word("text") })
        }),
        ("workspace rename", |s, d| workspace_and(s, d, "workspace rename", Verb::Edit, false).map(|it| it.0.word(new_name(d)))),
        ("workspace remove", |s, d| workspace_and(s, d, "workspace remove", Verb::Delete, false).map(|it| it.0)),
        ("workspace add-member", |s, d| {
            let (typed, workspace) = workspace_and(s, d, "workspace add-member", Verb::AddMember, false)?;
            let member = s.held(s.org_of(&workspace), &Role::ORG, d)?;
            Some(typed.word(s.who(member.principal).name.clone()))
        }),
        ("workspace remove-member", |s, d| {
            let (typed, workspace) = workspace_and(s, d, "workspace remove-member", Verb::RemoveMember, false)?;
            let member = s.held(s.org_of(&workspace), &Role::ORG, d)?;
            Some(typed.word(s.who(member.principal).name.clone()))
        }),

        ("signing-key create", |s, d| {
            let org = s.one(Kind::Org, d)?;
            Some(Typed::of("signing-key create", &[&org.name]).verb(Verb::CreateSigningKey, org.id).sees(org.id))
        }),
        ("signing-key delete", |s, d| of_number(s, d, Kind::SigningKey, "signing-key delete", &[], Verb::Delete)),
        ("access-token create", |s, d| workspace_and(s, d, "access-token create", Verb::CreateAccessToken, true).map(|it| it.0.word("--mode").word("read"))),
        ("access-token revoke", |s, d| of_number(s, d, Kind::AccessToken, "access-token revoke", &[], Verb::Revoke)),
        ("media add", |s, d| workspace_and(s, d, "media add", Verb::CreateMedia, false).map(|it| it.0.word(new_name(d)))),
        ("media edit", |s, d| of_number(s, d, Kind::Media, "media edit", &["--title", "New"], Verb::Update)),
        ("media rename", |s, d| of_number(s, d, Kind::Media, "media rename", &["renamed"], Verb::Update)),
        ("media remove", |s, d| of_number(s, d, Kind::Media, "media remove", &[], Verb::Delete)),
        ("stream add", |s, d| workspace_and(s, d, "stream add", Verb::CreateStream, false).map(|it| it.0.word(new_name(d)))),
        ("stream edit", |s, d| of_number(s, d, Kind::Stream, "stream edit", &["--title", "New"], Verb::Update)),
        ("stream rename", |s, d| of_number(s, d, Kind::Stream, "stream rename", &["renamed"], Verb::Update)),
        ("stream remove", |s, d| of_number(s, d, Kind::Stream, "stream remove", &[], Verb::Delete)),
    ]
}

/// Writing commands without rights of their own, and those that need a finding or a review.
pub(crate) const EXEMPT: [&str; 7] = [
    "audit accept",
    "audit review apply",
    "audit review close",
    "audit review start",
    "dropbox claim",
    "org accept",
    "undo",
];
