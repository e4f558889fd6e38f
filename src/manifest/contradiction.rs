//! Contradictions between a file of rows and other files.
//!
//! The merge finds contradictions between files that are read whole. Rows are read one by one and not kept. To compare
//! a row with another file, [`Declared`] keeps a hash of each declared field. It is not used for a single file, because
//! a later row of a file may change what an earlier row declared.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use super::statement::{
    Declaration, DeclaredAccount, DeclaredEndpoint, DeclaredGroup, DeclaredItem, DeclaredOrg, DeclaredShare,
    DeclaredWorkspace, Ensure, SourceLocation, Statement,
};
use crate::input::document::Diagnostic;
use crate::model::attributes::ShareClass;
use crate::model::escape::printable;
use crate::model::time::Expiry;
use crate::model::{Kind, Name, Reference, Role, Time};
use crate::ops::home::HomeFolder;
use crate::ops::labels::LabelChanges;

/// The declared fields of all files so far.
#[derive(Debug, Default)]
pub(super) struct Declared {
    hasher: RandomState,
    /// The hash of each field, with the hash of its value and the position of the declaration.
    fields: HashMap<u64, (u64, SourceLocation)>,
}

impl Declared {
    /// Adds a statement. Returns the first contradiction to another file: the mistake, and the position in the other
    /// file.
    pub(super) fn add(&mut self, statement: &Statement) -> Option<(Diagnostic, SourceLocation)> {
        let (location, mut wrong) = (statement.location, None);
        each_field(&statement.declaration, &mut |key, field, value| {
            let known = self.fields.entry(self.hasher.hash_one((key, field)));
            let hash = self.hasher.hash_one(value);
            let before = *known.or_insert((hash, location));
            if before.0 == hash {
                return;
            }
            if before.1.source == location.source {
                self.fields.insert(self.hasher.hash_one((key, field)), (hash, location));
            } else if wrong.is_none() {
                wrong = Some((Diagnostic::at_span(location.span, message(key, field, value)), before.1));
            }
        });
        wrong
    }
}

/// The message for a field with another value in another file. The caller appends "in" and the position there.
fn message(key: &str, field: &str, value: &str) -> String {
    match (field, value) {
        (THERE, ABSENT) => format!("{key} is absent here and declared"),
        (THERE, _) => format!("{key} is declared here and absent"),
        _ => format!("`{field}` of {key} is `{}` here and has another value", printable(value)),
    }
}

/// The field for the existence of a resource: [`ABSENT`] or [`PRESENT`].
const THERE: &str = "ensure: absent";
const ABSENT: &str = "absent";
const PRESENT: &str = "present";

/// A callback that takes a resource or binding, the name of a field, and its value.
type Visit<'v> = dyn FnMut(&str, &str, &str) + 'v;

/// Visits every field that a statement sets. Values are in canonical form: equal values have equal texts.
fn each_field(declaration: &Declaration, visit: &mut Visit<'_>) {
    match declaration {
        Declaration::Server(options) => {
            let mut of = Of { key: "the server".to_owned(), visit };
            of.field("managers-administer-dropboxes", options.managers_administer_dropboxes);
            of.field("private-directory", options.private_directory);
            of.text("public-links", options.public_links.map(|it| if it { "allow" } else { "deny" }));
            of.field("members-edit-workspaces", options.members_edit_workspaces);
            of.field("members-may-leave", options.members_may_leave);
            of.text("url", options.url.as_deref());
            for (setting, choice) in &options.settings {
                of.text(setting.as_str(), Some(choice.as_str()));
            }
        }
        Declaration::Account(declared) => account(declared, visit),
        Declaration::Group(declared) => group(declared, visit),
        Declaration::Endpoint(declared) => endpoint(declared, visit),
        Declaration::Org(declared) => org(declared, visit),
        Declaration::Workspace(declared) => workspace(declared, visit),
        Declaration::Item(declared) => item(declared, visit),
        Declaration::Member(declared) => {
            there(visit, resource_key(declared.kind, &declared.of));
            let mut of =
                Of::new(format!("{} in {}", key_of(&declared.who), resource_key(declared.kind, &declared.of)), visit);
            of.text("level", declared.level.map(Role::as_str));
            of.field("active", declared.active);
        }
        Declaration::OrgMember(declared) => {
            there(visit, resource_key(Kind::Org, &declared.org));
            let who = resource_key(Kind::Account, &declared.who);
            Of::new(format!("{who} in {}", resource_key(Kind::Org, &declared.org)), visit)
                .text("role", declared.role.map(Role::as_str));
        }
        Declaration::WorkspaceMember(declared) => {
            let workspace = workspace_of(&declared.org, &declared.workspace);
            there(visit, workspace.clone());
            let mut of = Of::new(format!("{} in {workspace}", resource_key(Kind::Account, &declared.who)), visit);
            of.text("level", declared.level.map(Role::as_str));
            of.text("root-upload", declared.root_upload.map(|it| it.as_str()));
            match &declared.home {
                HomeFolder::Usual => {}
                HomeFolder::Missing => of.text("home", Some(HomeFolder::NONE)),
                HomeFolder::At(endpoint, path) => of.text("home", Some(&format!("{}:{path}", endpoint.key()))),
            }
        }
        Declaration::Role(declared) => there(visit, resource_key(Kind::Endpoint, &declared.endpoint)),
        Declaration::Share(declared) => share(declared, visit),
    }
}

/// Visits the fields of one resource or binding.
struct Of<'v, 'f> {
    key: String,
    visit: &'v mut Visit<'f>,
}

impl<'v, 'f> Of<'v, 'f> {
    const fn new(key: String, visit: &'v mut Visit<'f>) -> Of<'v, 'f> {
        Of { key, visit }
    }

    /// A resource that is declared present or absent.
    fn resource(key: String, ensure: Ensure, visit: &'v mut Visit<'f>) -> Of<'v, 'f> {
        let mut of = Of::new(key, visit);
        of.text(THERE, Some(if ensure == Ensure::Absent { ABSENT } else { PRESENT }));
        of
    }

    fn text(&mut self, field: &str, value: Option<&str>) {
        if let Some(value) = value {
            (self.visit)(&self.key, field, value);
        }
    }

    fn field(&mut self, field: &str, value: Option<bool>) {
        self.text(field, value.map(|value| if value { "true" } else { "false" }));
    }

    /// The texts. Ids add up, so they contradict nothing.
    fn texts(&mut self, labels: &LabelChanges) {
        self.text("display-name", labels.display_name.as_deref());
        self.text("description", labels.description.as_deref());
    }

    fn name(&mut self, field: &str, name: Option<&Name>) {
        self.text(field, name.map(Name::key));
    }
}

/// Visits the existence of a resource that a statement depends on.
fn there(visit: &mut Visit<'_>, key: String) {
    Of::resource(key, Ensure::Present, visit);
}

fn resource_key(kind: Kind, name: &Name) -> String {
    key_of(&Reference::Named(kind, name.clone()))
}

fn workspace_of(org: &Name, name: &Name) -> String {
    format!("workspace:{}/{}", org.key(), name.key())
}

/// The canonical form of a reference: references with the same meaning have equal forms.
fn key_of(reference: &Reference) -> String {
    match reference {
        Reference::Named(kind, name) => format!("{}:{}", kind.as_str(), name.key()),
        other => other.to_string(),
    }
}

/// The canonical form of an expiry. A file holds no durations, so the time of reference does not matter.
fn moment(end: Expiry) -> String {
    end.resolve_at(Time(0)).map_or_else(|| "never".to_owned(), |end| end.to_string())
}

fn account(declared: &DeclaredAccount, visit: &mut Visit<'_>) {
    let mut of = Of::resource(resource_key(Kind::Account, &declared.name), declared.ensure.unwrap_or_default(), visit);
    match declared.ensure {
        Some(Ensure::Inactive) => of.text("ensure", Some("inactive")),
        Some(Ensure::Present) => of.text("ensure", Some(PRESENT)),
        Some(Ensure::Absent) | None => {}
    }
    of.name("transfer-to", declared.transfer_to.as_ref());
    of.field("cascade", declared.cascade);
    of.name("previously", declared.previously.as_ref());
    let options = &declared.settings;
    of.text("role", options.role.map(Role::as_str));
    of.text("email", options.email.as_deref());
    of.text("display-name", options.display_name.as_deref());
    of.text("expires", options.expires.map(moment).as_deref());
    for (setting, choice) in &options.settings {
        of.text(setting.as_str(), Some(choice.as_str()));
    }
}

fn group(declared: &DeclaredGroup, visit: &mut Visit<'_>) {
    let mut of = Of::resource(resource_key(declared.kind, &declared.name), declared.ensure, visit);
    of.field("exclusive", declared.exclusive);
    of.name("previously", declared.previously.as_ref());
    let options = &declared.settings;
    of.text("visible", options.visible.map(|it| it.as_str()));
    of.text("send", options.send.map(|it| it.as_str()));
    of.text("member-access", options.member_access.map(|it| it.as_str()));
    of.field("admins-manage-members", options.admins_manage_members);
    of.field("admins-create-users", options.admins_create_users);
    of.field("admins-manage-groups", options.admins_manage_groups);
    of.field("admins-manage-invitations", options.admins_manage_invitations);
    of.field("members-invite", options.members_invite);
    of.texts(&options.labels);
}

fn endpoint(declared: &DeclaredEndpoint, visit: &mut Visit<'_>) {
    let mut of = Of::resource(resource_key(Kind::Endpoint, &declared.name), declared.ensure, visit);
    of.field("exclusive", declared.exclusive);
    of.name("previously", declared.previously.as_ref());
    of.text("kind", declared.kind.map(|it| it.as_str()));
    of.field("private", declared.private);
    of.field("managed", declared.managed);
    of.text("node-version", declared.node_version.as_ref().map(ToString::to_string).as_deref());
    of.texts(&declared.labels);
    of.text("of", declared.of.as_ref().map(|(endpoint, path)| format!("{}:{path}", endpoint.key())).as_deref());
}

fn org(declared: &DeclaredOrg, visit: &mut Visit<'_>) {
    let mut of = Of::resource(resource_key(Kind::Org, &declared.name), declared.ensure, visit);
    of.field("exclusive", declared.exclusive);
    of.name("previously", declared.previously.as_ref());
    of.texts(&declared.labels);
}

fn workspace(declared: &DeclaredWorkspace, visit: &mut Visit<'_>) {
    there(visit, resource_key(Kind::Org, &declared.org));
    let mut of = Of::resource(workspace_of(&declared.org, &declared.name), declared.ensure, visit);
    of.name("previously", declared.previously.as_ref());
    of.texts(&declared.labels);
    of.text("files", declared.files.as_ref().map(|(endpoint, path)| format!("{}:{path}", endpoint.key())).as_deref());
    of.text("root-upload", declared.root_upload.map(|it| it.as_str()));
}

fn item(declared: &DeclaredItem, visit: &mut Visit<'_>) {
    there(visit, resource_key(Kind::Endpoint, &declared.endpoint));
    let mut of = Of::resource(format!("{}:{}", declared.endpoint.key(), declared.path), declared.ensure, visit);
    of.text("type", declared.item_type.map(|it| it.as_str()));
    of.text("size", declared.size.map(|size| size.to_string()).as_deref());
    match (&declared.owner, declared.ownerless) {
        (Some(owner), _) => of.text("owner", Some(&resource_key(Kind::Account, owner))),
        (None, true) => of.text("owner", Some("none")),
        (None, false) => {}
    }
}

fn share(declared: &DeclaredShare, visit: &mut Visit<'_>) {
    let (item, by) = (format!("{}:{}", declared.endpoint.key(), declared.path), declared.by.as_ref());
    there(visit, resource_key(Kind::Endpoint, &declared.endpoint));
    there(visit, item.clone());
    let initial = if by.is_some() { ShareClass::User } else { ShareClass::Admin };
    let by = by.map_or_else(String::new, |by| format!(" by {}", resource_key(Kind::Account, by)));
    let class = declared.class.unwrap_or(initial);
    let class = if class == initial { String::new() } else { format!(" of class {}", class.as_str()) };
    let mut of = Of::new(format!("the share of {item} with {}{by}{class}", key_of(&declared.principal)), visit);
    of.text("permission", Some(&declared.permissions.to_string()));
    of.text("expires", Some(&moment(declared.expires.unwrap_or(Expiry::Never))));
    of.field("orphaned", Some(declared.orphaned));
}

#[cfg(test)]
mod tests {
    use super::Declared;
    use crate::manifest::jsonl::{JsonlRow, parse_row};

    fn add(declared: &mut Declared, line: &str, source: u32, number: u32) -> Option<String> {
        let Ok(JsonlRow::Declaration(statements)) = parse_row(line, source, number) else { panic!("{line} is no row") };
        let mut found = statements.iter().filter_map(|it| declared.add(it));
        found
            .next()
            .map(|(diagnostic, location)| format!("{}, {}:{}", diagnostic.message, location.source, location.span.line))
    }

    #[test]
    fn a_row_may_contradict_an_earlier_row_of_its_file_but_no_other_file() {
        let mut declared = Declared::default();
        assert_eq!(add(&mut declared, r#"{"account":{"name":"bob","role":"user"}}"#, 0, 1), None);
        assert_eq!(add(&mut declared, r#"{"account":{"name":"Bob","role":"manager"}}"#, 0, 2), None);
        assert_eq!(add(&mut declared, r#"{"account":{"name":"bob","email":"b@example.com"}}"#, 1, 3), None);
        assert_eq!(
            add(&mut declared, r#"{"account":{"name":"user:BOB","role":"user"}}"#, 1, 4).as_deref(),
            Some("`role` of user:bob is `user` here and has another value, 0:2")
        );
        assert_eq!(add(&mut declared, r#"{"account":{"name":"bob","role":"manager"}}"#, 1, 5), None);
    }
}
