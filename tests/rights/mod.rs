//! Rights through the program: no flag, bulk path or combination bypasses a right, and equivalent ways to make a
//! change take the same rights.

mod accounts;
mod adoption;
mod asked;
mod beyond;
mod guards;
mod undo;

use crate::support::{Fixture, Tool};

/// The staffed store with a workgroup whose admin carol may only create users, and a dropbox that managers may
/// not administer.
fn creators() -> Tool {
    static MADE: Fixture = Fixture::new();
    MADE.copy(|| {
        let tool = Tool::staffed();
        tool.ok("workgroup add color --admins-create-users");
        tool.ok("workgroup add-member color carol");
        tool.ok("workgroup add-admin color carol");
        tool.ok("dropbox add intake");
        tool.ok("server set --managers-administer-dropboxes=false");
        tool
    })
}

fn write(tool: &Tool, name: &str, text: &str) {
    std::fs::write(tool.folder().join(name), text).unwrap();
}
