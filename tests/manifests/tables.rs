//! Tables of people: all encodings and delimiters, and the lists that this program writes.

use super::write;
use crate::support::Tool;

fn bytes(tool: &Tool, name: &str, bytes: &[u8]) {
    std::fs::write(tool.folder().join(name), bytes).unwrap();
}

#[test]
fn tables_are_read_in_every_encoding_and_delimiter() {
    let text = |separator: &str, end: &str| {
        let rows =
            ["name,email,display_name,status", "bob,b@example.com,Bj\u{f6}rn,active", "eve,e@example.com,,inactive"];
        rows.map(|row| row.replace(',', separator)).join(end) + end
    };
    let utf_16 = |text: &str, mark: &[u8], unit: fn(u16) -> [u8; 2]| {
        mark.iter().copied().chain(text.encode_utf16().flat_map(unit)).collect::<Vec<u8>>()
    };
    for separator in [",", ";", "\t"] {
        for end in ["\n", "\r\n"] {
            let plain = text(separator, end);
            for (encoding, table) in [
                ("UTF-8", plain.clone().into_bytes()),
                ("UTF-8 with a mark", format!("\u{feff}{plain}").into_bytes()),
                ("UTF-16 LE", utf_16(&plain, b"\xff\xfe", u16::to_le_bytes)),
                ("UTF-16 BE", utf_16(&plain, b"\xfe\xff", u16::to_be_bytes)),
                ("UTF-16 without a mark", utf_16(&plain, b"", u16::to_le_bytes)),
            ] {
                let tool = Tool::new();
                bytes(&tool, "people", &table);
                let done = tool.ok("import csv people");
                assert!(
                    done.contains("display_name Bj\u{f6}rn") && done.contains("people:2\n"),
                    "{encoding} {separator:?}: {done}"
                );
                assert_eq!(tool.json("account show eve")["status"], "inactive", "{encoding} {separator:?} {end:?}");
                assert_eq!(tool.ok("import csv people"), "No changes.\n");
            }
        }
    }
}

#[test]
fn files_that_are_not_tables_are_refused_with_the_reason() {
    let tool = Tool::new();
    for (table, wanted) in [
        (&b"PK\x03\x04rest"[..], "people: not a table of text: the file is a spreadsheet or another archive"),
        (b"name\nM\xfcller\n", "people:2:2: the file is not UTF-8 here"),
        (b"name\nM\xfcller\n", "it may be Latin-1 or Windows-1252"),
        (b"\xff\xfen\0a\0m\0", "people:1:1: unknown column `nam`"),
        (b"name|email\nbob|x\n", "if cells are separated by `|`: --delimiter '|'"),
        (
            b"name,email\r\nbob,b@example.com\r\n\r\neve,x\r\n",
            "people:4:5: `email`: `x` is not an e-mail address\n    4 | eve,x\n      |     ^",
        ),
        (b"name\temail\nbob\ta\\b\n", "people:2:5: unknown escape `\\b`"),
        (b"name,level\nbob,admin\n", "people:2:5: `level` has no effect here"),
        (b"name,expires\nbob,2020-02-30\n", "people:2:5: `expires`: `2020-02-30` is not a time"),
        (b"name;groups\nbob;\"a;b/c\"\n", "people:2:5: `group`: `b/c` is not a name"),
        (b"", "the table is empty"),
    ] {
        bytes(&tool, "people", table);
        let ran = tool.fails(6, "import csv people", "the input has a mistake");
        assert!(ran.err.contains(wanted), "{wanted}: {ran:?}");
    }
    let _ = tool.fails(6, "import csv nowhere", "`nowhere` cannot be read: there is no such file or folder");
    let _ = tool.fails(2, "import csv people --delimiter ab", "a delimiter is one character, or `tab`");
    let _ = tool.fails(2, "import csv people --map login", "invalid value `login`, expected `HEADER=FIELD`");
    assert_eq!(tool.revision(), 0);
}

/// Importing the CSV and TSV lists of a store rebuilds the same rows, also with unusual names.
#[test]
fn lists_can_be_imported_again() {
    let from = Tool::staffed();
    from.ok("account edit bob --display-name 'Bob \"the \\ builder\"; a, b'");
    from.ok("account edit carol --display-name '\"quoted\" to begin with'");
    from.ok("account set eve --send-external allow");
    from.ok("account edit eve --expires 2031-05-01");
    from.ok("account deactivate carol --yes");
    from.ok("group add crew");
    from.ok("group add-member crew bob eve");
    from.ok("workgroup add color");
    from.ok("workgroup add-member color group:crew carol bob");
    from.ok("workgroup add-admin color bob");
    from.ok("dropbox add intake");
    from.ok("dropbox add-member intake eve --level submit-only");
    for format in ["csv", "tsv"] {
        let to = Tool::new();
        let lists = ["account list", "group members crew", "workgroup members color", "dropbox members intake"];
        for place in ["group add crew", "workgroup add color", "dropbox add intake"] {
            to.ok(place);
        }
        for list in lists {
            write(&to, "list", &from.ok(&format!("{list} -o {format}")));
            to.ok("import csv list");
            assert_eq!(to.ok("import csv list"), "No changes.\n", "{list} {format}");
        }
        for list in lists {
            // The numbers of the revisions differ.
            let rows = |tool: &Tool| {
                let mut rows = tool.json(list);
                for row in rows.as_array_mut().unwrap() {
                    row.as_object_mut().unwrap().remove("revision");
                }
                rows
            };
            assert_eq!(rows(&to), rows(&from), "{list} {format}");
        }
    }
    write(&from, "list", &from.ok("workgroup members color --expand -o csv"));
    let ran = from.fails(6, "import csv list", "");
    assert!(ran.err.contains("the membership comes from `group:crew` and is not direct"), "{ran:?}");
}

#[test]
fn rows_of_members_do_not_create_accounts() {
    let tool = Tool::staffed();
    tool.ok("group add crew");
    write(&tool, "list.csv", "ref,member\ngroup:crew,user:bob\ngroup:crew,user:nobody-there\n");
    let ran = tool.fails(4, "import csv list.csv", "this change cannot be made");
    assert!(ran.err.contains("list.csv:3:1: no such account: `nobody-there`"), "{ran:?}");
    write(&tool, "list.csv", "name,groups\ngroup:night,crew\nzoe,\"crew;group:night\"\n");
    tool.ok("import csv list.csv");
    assert_eq!(tool.json("group members crew").as_array().unwrap().len(), 2);
    assert_eq!(tool.json("group members night")[0]["member"], "user:zoe");
    write(&tool, "list.csv", "name,groups\ngroup:a,b\ngroup:b,a\n");
    let ran = tool.fails(6, "import csv list.csv", "the input has a mistake");
    assert!(ran.err.contains("a cycle"), "{ran:?}");
}
