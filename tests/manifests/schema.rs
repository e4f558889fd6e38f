//! `schema`: the JSON Schema accepts and refuses the same manifests as the program.

use boon::{Compiler, Schemas};
use serde_json::{Value, json};

use super::{STUDIO, write};
use crate::support::Tool;

struct Judge {
    schemas: Schemas,
    index: boon::SchemaIndex,
}

impl Judge {
    fn new() -> Judge {
        let tool = Tool::bare();
        let schema: Value = serde_json::from_str(&tool.ok("schema")).unwrap();
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("rolebook.schema.json", schema).unwrap();
        let index = compiler.compile("rolebook.schema.json", &mut schemas).unwrap();
        Judge { schemas, index }
    }

    fn takes(&self, manifest: &Value) -> bool {
        self.schemas.validate(manifest, self.index).is_ok()
    }
}

fn value(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

#[test]
fn the_schema_accepts_every_example_and_every_export() {
    let judge = Judge::new();
    let tool = Tool::studio();
    for text in [STUDIO, &tool.ok("export -q"), include_str!("../../examples/tests.yaml")] {
        let mut manifest = value(text);
        // The file of tests is not a manifest and has no version.
        manifest["version"] = json!(1);
        assert!(judge.takes(&manifest), "{text}: {:?}", judge.schemas.validate(&manifest, judge.index));
    }
}

#[test]
fn the_schema_and_the_reader_refuse_alike() {
    let judge = Judge::new();
    let tool = Tool::bare();
    for (text, good) in [
        ("version: 1\naccounts: {bob: {}}", true),
        ("accounts: {bob: {}}", false),
        ("version: 2", false),
        ("version: 1\nacounts: {}", false),
        ("version: 1\naccounts: {bob: {rol: user}}", false),
        ("version: 1\naccounts: {bob: {role: boss}}", false),
        ("version: 1\naccounts: {bob: {email: 5}}", false),
        ("version: 1\naccounts: [bob]", false),
        ("version: 1\ngroups: {a: [bob], b: {members: [bob], exclusive: true}}", true),
        ("version: 1\ngroups: {a: bob}", false),
        ("version: 1\nworkgroups: {w: {send: everyone}}", false),
        ("version: 1\nworkgroups: {w: {members: [{user: bob, level: submit-only}]}}", false),
        ("version: 1\ndropboxes: {w: {members: [{user: bob, level: submit-only}]}}", true),
        ("version: 1\nendpoints: {n: {content: {a: {}}}}", false),
        ("version: 1\nendpoints: {n: {shares: {/a: {bob: [view, {permission: edit, by: eve}]}}}}", true),
        ("version: 1\nendpoints: {n: {content: {/a: {type: file, size: -1}}}}", false),
        ("version: 1\nlimits: {share: 10%}", true),
        ("version: 1\nlimits: {share: ten}", false),
        (
            "version: 1\ntests: [bob can send workgroup:w, {who: {action: send, resource: workgroup:w, is: [bob]}}]",
            true,
        ),
        ("version: 1\ntests: {}", false),
    ] {
        assert_eq!(judge.takes(&value(text)), good, "the schema: {text}");
        write(&tool, "m.yaml", text);
        // The schema accepts a list of two types of shares; the reader refuses it.
        let mixed = text.contains("[view, {");
        assert_eq!(tool.run("validate m.yaml").status == 0, good && !mixed, "the reader: {text}");
    }
}
