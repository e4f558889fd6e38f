//! A store of a million grants with a folder that 200 accounts can download and an account with 500 shares of
//! its own, and a file of a million requests in no order.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::rc::Rc;

use rolebook::model::attributes::{Account, Attributes, BindingAttributes, Endpoint, EndpointKind, Group, Item};
use rolebook::model::{Binding, Id, Permission, Permissions, Resource, Role, SetNames};
use rolebook::policy::RowChange;
use rolebook::store::Store;

use super::workload::load::{commit, store_file};
use super::workload::rows::verb_of;
use super::workload::{About, Asker, Workload, bare::Bare};

/// The number of accounts that can download `crowd:/reels`.
const CROWD: usize = 200;
/// The number of folders that are shared with `reader`.
const SHARED: usize = 500;

/// Makes the store.
pub(crate) fn build(workload: &Workload, path: &Path) {
    store_file(workload, path);
    commit(&Store::open(path).unwrap(), &more(workload));
}

/// The rows that the workload does not have: the crowd, its folder, and the reader.
fn more(workload: &Workload) -> Vec<RowChange> {
    let Some(RowChange::Binding(_, Some(last))) = workload.rows().last() else { return Vec::new() };
    let mut ids = (last.id.0 + 1..).map(Id);
    let mut rows = Vec::new();
    let mut add = |name: &str, parent, attributes| {
        let id = ids.next().unwrap();
        let (name, key) = (name.to_owned(), name.to_owned());
        let row = Resource { id, parent, name, key, alias: None, attributes, sets: SetNames::NONE, since: 0 };
        rows.push(RowChange::Resource(None, Some(Rc::new(row))));
        id
    };
    let endpoint = add("crowd", None, Attributes::Endpoint(Endpoint::of_kind(EndpointKind::Node)));
    let root = add("/", Some(endpoint), Attributes::Item(Item::FOLDER));
    let folder = add("reels", Some(root), Attributes::Item(Item::FOLDER));
    let group = add("crew", None, Attributes::Group(Group::default()));
    let reader = add("reader", None, Attributes::Account(Account::default()));
    let members = (0..CROWD).map(|nth| (group, workload.principal((nth * workload.accounts / CROWD) as u32)));
    let members = members.map(|(group, member)| (group, member, Role::GroupMember, Permissions::NONE));
    let shared = (0..SHARED).map(|nth| workload.folder((7 + nth * workload.folders.len() / SHARED) as u32));
    let shared = shared.map(|folder| (folder, reader, Role::ItemShare, Permissions::VIEW));
    let crowd = std::iter::once((folder, group, Role::ItemShare, Permissions::VIEW));
    let bindings: Vec<RowChange> = members
        .chain(shared)
        .chain(crowd)
        .map(|(resource, principal, role, permissions)| {
            let attributes = BindingAttributes { permissions, ..BindingAttributes::default() };
            let id = ids.next().unwrap();
            let (sets, grantor, expires) = (SetNames::NONE, None, None);
            RowChange::Binding(
                None,
                Some(Binding { id, resource, principal, role, grantor, expires, attributes, sets, since: 0 }),
            )
        })
        .collect();
    rows.extend(bindings);
    rows
}

/// Writes requests about folders, half of them allowed.
pub(crate) fn requests(workload: &Workload, count: usize, path: &Path) {
    let bare = Bare::new(workload);
    let mut asker = Asker::new(workload);
    let mut out = BufWriter::new(File::create(path).unwrap());
    for question in asker.questions(&bare, count) {
        let (on, verb) = match question.about {
            About::Folder(folder, permission) => (path_of(workload, folder), verb_of(permission)),
            About::Endpoint(endpoint, _) => (format!("e{endpoint}:/"), verb_of(Permission::Browse)),
        };
        writeln!(out, "u{} {} {on}", question.account, verb.as_str()).unwrap();
    }
    out.flush().unwrap();
}

/// The path of a folder in requests.
fn path_of(workload: &Workload, mut folder: u32) -> String {
    let endpoint = workload.folders[folder as usize].endpoint;
    let mut path = String::new();
    while let Some(parent) = workload.folders[folder as usize].parent {
        path.insert_str(0, &format!("/{}", workload.folder_name(folder)));
        folder = parent;
    }
    format!("e{endpoint}:{}", if path.is_empty() { "/" } else { &path })
}
