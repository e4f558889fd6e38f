//! The reader of tables of people: the bulk file of Faspex, a spreadsheet, or a list that this program wrote as CSV or
//! TSV. It turns rows into statements.
//!
//! A row declares an account, and its membership of each group, workgroup or dropbox that the row names. A row with a
//! `member` declares only a membership. An empty cell, or one that is missing at the end of a row, declares nothing. A
//! cell that has no effect in its row is a mistake.

mod columns;

use std::collections::HashMap;

use crate::input::document::{Diagnostic, Span};
use crate::input::table::TableRows;
use crate::manifest::statement::{
    Declaration, DeclaredAccount, DeclaredGroup, DeclaredMember, Ensure, SourceLocation, Statement,
};
use crate::manifest::text_format::{self, TextFormat};
use crate::model::escape::printable;
use crate::model::{Kind, Name, Problem, Reference, Role};
use crate::ops::external_id::ExternalIdChanges;
use crate::ops::labels::LabelChanges;
use crate::ops::{account, group};
use columns::{Cells, GROUP_COLUMNS, OF_ACCOUNTS, VIA, boolean, ids, settings, status};

pub use columns::{FIELDS, TableOptions};

/// The separator of several names in a cell. Names cannot contain it.
const SEPARATOR: char = ';';

/// Reads a table. `source` is the number of its source, for the positions of the statements.
///
/// # Errors
/// Every mistake in the table.
pub fn read(text: &str, source: u32, table: &TableOptions) -> Result<Vec<Statement>, Vec<Diagnostic>> {
    let mut rows = TableRows::new(text, table.delimiter, &|header| table.field(header).is_some());
    let header = match rows.next() {
        Some(Ok(header)) => header,
        Some(Err(diagnostic)) => return Err(vec![diagnostic]),
        None => {
            return Err(vec![
                Diagnostic::at_span(Span::default(), "the table is empty").tip("begin with a header line"),
            ]);
        }
    };
    let columns = table.columns(&rows, &header)?;
    let mut people =
        PeopleReader { table, source, statements: Vec::new(), diagnostics: Vec::new(), seen: HashMap::new() };
    while let Some(row) = rows.next() {
        match row {
            Ok(row) if row.cells.iter().all(|cell| cell.trim().is_empty()) => {}
            Ok(row) => people.row(&Cells { rows: &rows, columns: &columns, row: &row }),
            Err(diagnostic) => people.diagnostics.push(diagnostic),
        }
    }
    if people.diagnostics.is_empty() { Ok(people.statements) } else { Err(people.diagnostics) }
}

struct PeopleReader<'t> {
    table: &'t TableOptions,
    source: u32,
    statements: Vec<Statement>,
    diagnostics: Vec<Diagnostic>,
    /// The declared accounts by name, each with its line number.
    seen: HashMap<String, (account::AccountSettings, Option<Ensure>, u32)>,
}

/// The principal of a row.
enum About {
    /// An account or group that the row declares.
    Itself(Reference),
    /// A member that the row does not declare.
    Member(Reference),
}

impl PeopleReader<'_> {
    fn report(&mut self, cells: &Cells<'_>, field: &'static str, problem: Problem) {
        let diagnostic = Diagnostic::from_problem(cells.span(field), problem);
        let message = format!("`{field}`: {}", diagnostic.message);
        self.diagnostics.push(Diagnostic { message, ..diagnostic });
    }

    /// Parses the first cell of a field. Reports a mistake if the text is invalid.
    fn parse_cell<T>(
        &mut self,
        cells: &Cells<'_>,
        field: &'static str,
        read: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Option<T> {
        read(cells.get(field)?).map_err(|problem| self.report(cells, field, problem)).ok()
    }

    fn row(&mut self, cells: &Cells<'_>) {
        let width = cells.columns.len();
        if let Some((at, _)) = cells.row.cells.iter().enumerate().skip(width).find(|(_, it)| !it.trim().is_empty()) {
            let message = format!("the row has {} cells, but the header has {width}", cells.row.cells.len());
            let span = cells.rows.span(cells.row, at);
            self.diagnostics
                .push(Diagnostic::at_span(span, message).tip("put a cell that holds the delimiter in quotes"));
            return;
        }
        if let Some(via) = cells.get(VIA) {
            let message = format!("the membership comes from `{}` and is not direct", printable(via));
            let diagnostic = Diagnostic::at_span(cells.span(VIA), message);
            self.diagnostics.push(diagnostic.tip("list the members without --expand"));
            return;
        }
        let before = self.diagnostics.len();
        let Some(about) = self.about(cells) else { return };
        let mut of = self.table.member_of.clone();
        for (field, kind) in GROUP_COLUMNS {
            let names = cells.all(field).flat_map(|(_, cell)| cell.split(SEPARATOR)).map(str::trim);
            for name in names.filter(|it| !it.is_empty()) {
                match text_format::name(kind, name) {
                    Ok(name) => of.push((kind, name)),
                    Err(problem) => self.report(cells, field, problem),
                }
            }
        }
        let who = match about {
            About::Itself(who) => {
                self.itself(cells, &who);
                who
            }
            About::Member(who) => {
                self.refuse_cells(cells, &OF_ACCOUNTS, "a row with a `member` declares only a membership");
                match self.parse_cell(cells, "ref", |text| Reference::parse(text, Kind::Group)) {
                    Some(Reference::Named(kind, name)) if GROUP_COLUMNS.iter().any(|(_, it)| *it == kind) => {
                        of.push((kind, name));
                    }
                    Some(other) => self.report(cells, "ref", other.wrong_kind("a group, a workgroup or a dropbox")),
                    None => {}
                }
                who
            }
        };
        if of.is_empty() {
            self.refuse_cells(cells, &["level", "active", "member"], "the row names no group, workgroup or dropbox");
        }
        if self.diagnostics.len() == before {
            self.memberships(cells, &who, &of);
        }
    }

    /// The principal of a row: its `member`, else its `ref`, else its `name`.
    fn about(&mut self, cells: &Cells<'_>) -> Option<About> {
        let person = |text: &str| text_format::member(text);
        if cells.get("member").is_some() {
            self.refuse_cells(cells, &["name"], "the row has a `member` and a `name`");
            return self.parse_cell(cells, "member", person).map(About::Member);
        }
        let Some(text) = cells.get("ref") else {
            if cells.get("name").is_none() {
                self.diagnostics.push(Diagnostic::at_span(cells.span("name"), "the row has no `name`"));
            }
            return self.parse_cell(cells, "name", person).map(About::Itself);
        };
        let known = |found: &Reference| {
            matches!(found, Reference::Named(Kind::Account | Kind::Group | Kind::Workgroup | Kind::Dropbox, _))
        };
        match Reference::parse(text, Kind::Account) {
            Ok(found) if known(&found) => {
                let Reference::Named(kind, name) = &found else { return None };
                if self
                    .parse_cell(cells, "name", |text| text_format::name(*kind, text))
                    .is_some_and(|it| it.key() != name.key())
                {
                    let message = format!("`ref` is `{found}`, and `name` differs");
                    self.diagnostics.push(Diagnostic::at_span(cells.span("name"), message));
                }
                Some(About::Itself(found))
            }
            Ok(other) => {
                self.report(cells, "ref", other.wrong_kind("an account, a group, a workgroup or a dropbox"));
                None
            }
            Err(problem) => {
                self.report(cells, "ref", problem);
                None
            }
        }
    }

    /// Refuses cells that have no effect in their row.
    fn refuse_cells(&mut self, cells: &Cells<'_>, fields: &[&'static str], why: &str) {
        for field in fields.iter().filter(|field| cells.get(field).is_some()) {
            self.diagnostics
                .push(Diagnostic::at_span(cells.span(field), format!("`{field}` has no effect here: {why}")));
        }
    }

    /// Declares the account, group, workgroup or dropbox of a row.
    fn itself(&mut self, cells: &Cells<'_>, who: &Reference) {
        let Reference::Named(kind, name) = who else { return };
        if *kind == Kind::Account {
            return self.account(cells, name);
        }
        self.refuse_cells(cells, &OF_ACCOUNTS, &format!("{who} is not an account"));
        let labels = LabelChanges { ids: self.ids(cells), ..LabelChanges::default() };
        let group = DeclaredGroup {
            kind: *kind,
            name: name.clone(),
            settings: group::GroupSettings { labels, ..group::GroupSettings::default() },
            ensure: Ensure::Present,
            exclusive: None,
            previously: None,
        };
        self.declare(cells, Declaration::Group(Box::new(group)));
    }

    /// The external ids of the account or group of a row.
    fn ids(&mut self, cells: &Cells<'_>) -> ExternalIdChanges {
        ExternalIdChanges { add: self.parse_cell(cells, "ids", ids).unwrap_or_default(), remove: Vec::new() }
    }

    fn account(&mut self, cells: &Cells<'_>, name: &Name) {
        let whole: Vec<&str> = [cells.get("first_name"), cells.get("last_name")].into_iter().flatten().collect();
        let text = |form: TextFormat| move |text: &str| form.check(text).map(|()| text.to_owned());
        let first_last = (!whole.is_empty()).then(|| whole.join(" "));
        let options = account::AccountSettings {
            email: self.parse_cell(cells, "email", text(TextFormat::Email)),
            display_name: self.parse_cell(cells, "display_name", text(TextFormat::FreeText)).or(first_last),
            role: self
                .parse_cell(cells, "role", |word| account::parse_role(word, name.as_written()))
                .or(self.table.role),
            expires: self.parse_cell(cells, "expires", text_format::moment),
            settings: self.parse_cell(cells, "settings", settings).unwrap_or_default(),
            ids: self.ids(cells),
        };
        let ensure = self.parse_cell(cells, "status", status).flatten();
        let nothing = account::AccountSettings { role: self.table.role, ..account::AccountSettings::default() };
        let says_nothing =
            |options: &account::AccountSettings, ensure: Option<Ensure>| ensure.is_none() && *options == nothing;
        if let Some((known, before_ensure, before)) = self.seen.get(name.key())
            && !says_nothing(known, *before_ensure)
        {
            if !says_nothing(&options, ensure) && (known, *before_ensure) != (&options, ensure) {
                let message = format!("duplicate row for `{name}`, with other values in line {before}");
                self.diagnostics.push(Diagnostic::at_span(cells.span("name"), message));
            }
            return;
        }
        if self.seen.contains_key(name.key()) && says_nothing(&options, ensure) {
            return;
        }
        self.seen.insert(name.key().to_owned(), (options.clone(), ensure, cells.row.line));
        let it = DeclaredAccount {
            name: name.clone(),
            settings: options,
            ensure,
            transfer_to: None,
            cascade: None,
            previously: None,
        };
        self.declare(cells, Declaration::Account(Box::new(it)));
    }

    fn memberships(&mut self, cells: &Cells<'_>, who: &Reference, of: &[(Kind, Name)]) {
        let active = self.parse_cell(cells, "active", boolean);
        // Elsewhere they are those of the account.
        let ids = if cells.get("member").is_some() { self.parse_cell(cells, "ids", ids) } else { None };
        for (kind, of) in of {
            let level = self.parse_cell(cells, "level", |word| {
                Role::from_name(*kind, word).ok_or_else(|| {
                    Problem::usage("bad_level", format!("{} has no level `{}`", kind.article(), printable(word)))
                })
            });
            let it = DeclaredMember {
                kind: *kind,
                of: of.clone(),
                who: who.clone(),
                level,
                active,
                ids: ids.clone().unwrap_or_default(),
            };
            self.declare(cells, Declaration::Member(Box::new(it)));
        }
    }

    fn declare(&mut self, cells: &Cells<'_>, declared: Declaration) {
        let span = Span { line: cells.row.line, column: 1, length: 0 };
        self.statements
            .push(Statement { location: SourceLocation { source: self.source, span }, declaration: declared });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::attributes::{Setting, SettingValue};

    fn imported(text: &str, table: &TableOptions) -> String {
        match read(text, 0, table) {
            Ok(statements) => statements
                .iter()
                .map(|it| match &it.declaration {
                    Declaration::Account(it) => {
                        format!("{} {:?} {:?}", it.name, it.settings.email, it.settings.display_name)
                    }
                    Declaration::Member(it) => format!("{} in {}:{}", it.who, it.kind, it.of),
                    _ => String::new(),
                })
                .collect::<Vec<_>>()
                .join("\n"),
            Err(diagnostics) => {
                diagnostics.iter().map(|it| format!("{}: {}", it.span.line, it.message)).collect::<Vec<_>>().join("\n")
            }
        }
    }

    fn table() -> TableOptions {
        TableOptions::default()
    }

    #[test]
    fn the_bulk_file_of_faspex_with_short_rows_is_read() {
        let text = "name,first_name,last_name,email,welcome_email\r\nuser1,John,Doe,jdoe@example.com,jdoe@example.com\r\nuser3,Jay,Johnson,j@example.com\r\n\r\nuser4\r\n";
        assert_eq!(
            imported(text, &table()),
            "user1 Some(\"jdoe@example.com\") Some(\"John Doe\")\nuser3 Some(\"j@example.com\") Some(\"Jay Johnson\")\nuser4 None None"
        );
    }

    #[test]
    fn custom_headers_are_mapped_to_fields() {
        let own = TableOptions {
            headers: vec![("Login".to_owned(), Some("name".to_owned())), ("Note".to_owned(), None)],
            member_of: vec![(Kind::Group, Name::parse("all").unwrap())],
            ..TableOptions::default()
        };
        let bad = imported("Login;Note\n\"bob; b\";x\n", &own);
        assert!(bad.starts_with("2: `name`: `bob; b` is not a name: it holds `;`"), "{bad}");
        assert_eq!(imported("Login;Note\nbob;x\n", &own), "bob None None\nuser:bob in group:all");
    }

    #[test]
    fn a_row_can_have_one_or_many_memberships() {
        let text = "name,group,workgroup\nbob,a;b,w\nbob,c,\n";
        assert_eq!(
            imported(text, &table()),
            "bob None None\nuser:bob in group:a\nuser:bob in group:b\nuser:bob in workgroup:w\nuser:bob in group:c"
        );
    }

    #[test]
    fn lists_of_this_program_can_be_imported() {
        let accounts = "ref,name,role,status,email,display_name,expires,settings,revision\nuser:bob,bob,user,inactive,,\"B, ob\",,send=deny receive=default,3\n";
        let declared = read(accounts, 0, &table()).unwrap();
        let Declaration::Account(it) = &declared[0].declaration else { panic!("{declared:?}") };
        assert_eq!((it.ensure, it.settings.display_name.as_deref()), (Some(Ensure::Inactive), Some("B, ob")));
        assert_eq!(
            it.settings.settings,
            [(Setting::Send, SettingValue::Deny), (Setting::Receive, SettingValue::Default)]
        );
        let members = "ref\tmember\tlevel\tactive\tvia\trevision\nworkgroup:w\tgroup:g\tstandard\tfalse\t\t9\n";
        let declared = read(members, 0, &table()).unwrap();
        assert_eq!(declared.len(), 1, "{declared:?}");
        let Declaration::Member(it) = &declared[0].declaration else { panic!("{declared:?}") };
        assert_eq!((it.level, it.active), (Some(Role::WorkgroupStandard), Some(false)));
        assert_eq!(it.who.to_string(), "group:g");
        let groups = read("ref,name,revision\ngroup:g,g,7\n", 0, &table()).unwrap();
        assert!(
            matches!(&groups[0].declaration, Declaration::Group(it) if it.kind == Kind::Group && it.name.as_written() == "g")
        );
    }

    #[test]
    fn headers_are_recognised_in_common_spellings() {
        assert_eq!(imported("Name;First Name;E-Mail\nbob;Bob;b@c.d\n", &table()), "bob Some(\"b@c.d\") Some(\"Bob\")");
        assert_eq!(
            imported("name\tgroups\r\nbob\ta; b\r\n", &table()),
            "bob None None\nuser:bob in group:a\nuser:bob in group:b"
        );
    }

    #[test]
    fn mistakes_are_reported_with_their_lines() {
        for (text, expected) in [
            ("", "0: the table is empty"),
            ("nam,email\n", "1: unknown column `nam`"),
            ("email\n", "1: the column `name` is missing"),
            ("name,name\n", "1: duplicate column `name`"),
            ("name,email\nbob,x\n", "2: `email`: `x` is not an e-mail address"),
            ("name,role\nbob,boss\n", "2: `role`: `boss` is not an account role"),
            ("name\nbob,x\n", "2: the row has 2 cells, but the header has 1"),
            ("name,email\n,x@y.z\n", "2: the row has no `name`"),
            ("name,email\nbob,a@b.c\nBob,d@e.f\n", "3: duplicate row for `Bob`, with other values in line 2"),
            ("name,expires\nbob,7d\n", "2: `expires`: `7d` moves with every apply"),
            ("name,group,level\nbob,g,admin\n", "2: `level`: a group has no level `admin`"),
            ("name,level\nbob,admin\n", "2: `level` has no effect here: the row names no group, workgroup or dropbox"),
            ("name,active\r\nbob,\r\neve,true\r\n", "3: `active` has no effect here"),
            ("name,group,active\nbob,g,yes\n", "2: `active`: invalid value `yes`, expected `true` or `false`"),
            ("name,status\nbob,gone\n", "2: `status`: invalid value `gone`"),
            ("name,settings\nbob,send=never\n", "2: `settings`: invalid setting `send=never`"),
            ("name,email\ngroup:g,a@b.c\n", "2: `email` has no effect here: group:g is not an account"),
            ("ref,member\nworkgroup:w,dropbox:d\n", "2: `member`: not an account or a group: `dropbox:d`"),
            ("ref,member\nendpoint:w,bob\n", "2: `ref`: not a group, a workgroup or a dropbox: `endpoint:w`"),
            ("ref,name\nuser:bob,eve\n", "2: `ref` is `user:bob`, and `name` differs"),
            ("ref,member,via\nworkgroup:w,user:bob,group:g\n", "2: the membership comes from `group:g`"),
            ("member\nbob\n", "2: `member` has no effect here"),
            ("name|email\nbob|x\n", "1: unknown column `name|email`"),
        ] {
            assert!(imported(text, &table()).contains(expected), "{text}: {}", imported(text, &table()));
        }
    }
}
