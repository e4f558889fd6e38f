//! Rights through the program: no flag, no bulk path and no combination gets round one, and what one way
//! of doing a thing allows the others allow too.

mod accounts;
mod adoption;
mod asked;
mod beyond;
mod guards;
mod undo;

use crate::support::Tool;

/// The staffed store with a workgroup whose admin carol may create users and nothing else, and a dropbox
/// that managers may not administer.
fn creators() -> Tool {
    let tool = Tool::staffed();
    tool.ok("workgroup add color --admins-create-users");
    tool.ok("workgroup add-member color carol");
    tool.ok("workgroup add-admin color carol");
    tool.ok("dropbox add intake");
    tool.ok("server set --managers-administer-dropboxes=false");
    tool
}

fn write(tool: &Tool, name: &str, text: &str) {
    std::fs::write(tool.folder().join(name), text).unwrap();
}
