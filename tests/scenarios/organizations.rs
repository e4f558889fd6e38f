//! Builds organizations and their resources row by row.

use rolebook::model::attributes::{
    AccessToken, AllowDeny, Attributes, Home, Invitation, InvitationState, Item, Media, Org, SigningKey, Stream,
    TokenMode, Workspace,
};
use rolebook::model::{Id, Kind, Reference, Resource, Role, SetNames, Time};
use rolebook::ops::content;
use rolebook::policy::Facts;

use super::facts::{Built, name, place_of};
use super::form::{OrgFacts, WorkspaceFacts};

pub(super) fn build(built: &mut Built, org: &str, facts: &OrgFacts) {
    let id = built.tx.create(None, &name(org), Attributes::Org(Org::default())).unwrap();
    for (role, who) in [(Role::OrgAdmin, &facts.admins), (Role::OrgMember, &facts.members)] {
        for account in who {
            let account = built.account(account);
            built.tx.bind(id, account, role);
        }
    }
    for (workspace, facts) in &facts.workspaces {
        build_workspace(built, id, workspace, facts);
    }
    let inside = |built: &Built, workspace: &str| built.meant(&format!("{org}/{workspace}"), Kind::Workspace).id;
    for (key, workspace) in &facts.keys {
        let parent = workspace.as_ref().map_or(id, |it| inside(built, it));
        let attributes = SigningKey { public_key: String::new(), by: None, created: built.tx.at };
        put(built, parent, key, Attributes::SigningKey(attributes));
    }
    for token in &facts.tokens {
        let attributes = AccessToken {
            mode: TokenMode::from_name(&token.mode).unwrap(),
            by: None,
            created: built.tx.at,
            expires: token.expires.as_deref().map(|text| Time::parse(text).unwrap()),
            revoked: token.revoked,
        };
        let parent = inside(built, &token.workspace);
        put(built, parent, &token.name, Attributes::AccessToken(attributes));
    }
    for (media, workspace) in &facts.media {
        let parent = inside(built, workspace);
        put(built, parent, media, Attributes::Media(Media::default()));
    }
    for address in &facts.invited {
        let attributes = Invitation {
            invitee: None,
            email: address.clone(),
            by: None,
            created: built.tx.at,
            expires: None,
            after_one_upload: false,
            role: None,
            workspaces: Vec::new(),
            state: InvitationState::Active,
        };
        put(built, id, address, Attributes::Invitation(attributes));
    }
    for (stream, workspace) in &facts.streams {
        let parent = inside(built, workspace);
        put(built, parent, stream, Attributes::Stream(Stream::default()));
    }
}

/// Adds a numbered resource, which the files refer to by a name.
fn put(built: &mut Built, parent: Id, known_as: &str, attributes: Attributes) {
    let id = built.tx.new_id();
    let known_as = format!("{}:{known_as}", attributes.kind());
    let (name, key) = (String::new(), known_as.clone());
    built.tx.put(Resource {
        id,
        parent: Some(parent),
        name,
        key,
        alias: None,
        attributes,
        sets: SetNames::NONE,
        since: 0,
    });
    assert!(built.numbered.insert(known_as, id).is_none(), "two of one name");
}

fn build_workspace(built: &mut Built, org: Id, workspace: &str, facts: &WorkspaceFacts) {
    let switch = |word: &String| AllowDeny::from_name(word).unwrap();
    let mut attributes =
        Workspace { root_upload: facts.root_upload.as_ref().map_or(AllowDeny::Allow, switch), ..Workspace::default() };
    let folder = facts.files.as_deref().map(place_of);
    let id = built.tx.create(Some(org), &name(workspace), Attributes::Workspace(attributes.clone())).unwrap();
    if let Some((endpoint, path)) = &folder {
        let item = content::add(&mut built.tx, endpoint, path, &content::ItemSettings::default()).unwrap();
        put_item(built, item, Item { files_of: Some(id), ..Item::FOLDER });
        attributes.files = Some(item);
        let known = built.tx.facts().resource(id).unwrap().unwrap();
        built.tx.put_attributes(&known, Attributes::Workspace(attributes));
    }
    for user in &facts.former {
        let (account, (endpoint, path)) = (built.account(user), folder.as_ref().unwrap());
        let item = content::add(&mut built.tx, endpoint, &path.join(user), &content::ItemSettings::default()).unwrap();
        put_item(built, item, Item { home: Some(Home { workspace: id, of: account }), ..Item::FOLDER });
    }
    for member in &facts.members {
        let account = built.account(&member.user);
        let level = member.level.as_deref().unwrap_or("member");
        let made = built.tx.bind(id, account, Role::from_name(Kind::Workspace, level).unwrap());
        let mut binding = built.tx.facts().binding(made).unwrap().unwrap();
        binding.attributes.root_upload = member.root_upload.as_ref().map(switch);
        built.tx.put_binding(binding);
        if let Some((endpoint, path)) = &folder {
            let owner = Reference::Named(Kind::Account, name(&member.user));
            let said = content::ItemSettings { owner: Some(Some(owner)), ..content::ItemSettings::default() };
            let item = content::add(&mut built.tx, endpoint, &path.join(&member.user), &said).unwrap();
            put_item(built, item, Item { home: Some(Home { workspace: id, of: account }), ..Item::FOLDER });
        }
    }
}

fn put_item(built: &mut Built, item: Id, attributes: Item) {
    let known = built.tx.facts().resource(item).unwrap().unwrap();
    built.tx.put_attributes(&known, Attributes::Item(attributes));
}
