//! Accounts and memberships as CSV: the bulk file of Faspex, or any table with a line of headers.
//!
//! A row says of an account what a manifest would say under `accounts`, and where it names a group, a
//! workgroup or a dropbox, that the account is in it. A cell with nothing in it says nothing, and so
//! does one that is missing at the end of a row.

use std::collections::HashMap;

use super::form;
use super::said::{Account, Member, Said, Spot, Statement};
use crate::input::document::{Mistake, Place};
use crate::model::name::printable;
use crate::model::reference::nearest;
use crate::model::{Kind, Name, Problem, Reference, Role};
use crate::ops::account;

/// What a column can hold.
pub const FIELDS: [&str; 10] =
    ["name", "first_name", "last_name", "display_name", "email", "role", "expires", "group", "workgroup", "dropbox"];

/// The column that says at which level somebody is a member.
const LEVEL: &str = "level";

/// Columns that are known and say nothing here: where a welcome would be sent, how a directory knows
/// somebody.
const PASSED_OVER: [&str; 2] = ["welcome_email", "ad_objectguid"];

/// What stands between several names in a cell; no name holds it.
const BETWEEN: char = ';';

/// How the table is read.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// What stands between cells.
    pub delimiter: u8,
    /// Headers of one's own, each with the field it is; none for one to be passed over.
    pub headers: Vec<(String, Option<String>)>,
    /// Where everybody is put besides.
    pub places: Vec<(Kind, Name)>,
    /// The account role of everybody whose row names none.
    pub role: Option<Role>,
}

/// What a column is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Field(&'static str),
    PassedOver,
}

/// Reads a table; its statements take their places from the source of that number.
///
/// # Errors
/// Every mistake in it.
pub fn read(text: &str, source: u32, table: &Table) -> Result<Vec<Statement>, Vec<Mistake>> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(table.delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut records = reader.records();
    let mut people = People { table, source, statements: Vec::new(), mistakes: Vec::new(), known: HashMap::new() };
    let header = match records.next() {
        Some(Ok(header)) => header,
        _ => return Err(vec![Mistake::at(Place::default(), "the table is empty").tip("begin with a line of headers")]),
    };
    let columns = people.columns(&header);
    if !people.mistakes.is_empty() {
        return Err(people.mistakes);
    }
    for record in records {
        match record {
            Ok(record) if record.iter().all(|cell| cell.trim().is_empty()) => {}
            Ok(record) => people.row(&columns, &record),
            Err(error) => people.mistakes.push(Mistake::at(Place::default(), printable(&error.to_string()))),
        }
    }
    if people.mistakes.is_empty() { Ok(people.statements) } else { Err(people.mistakes) }
}

struct People<'t> {
    table: &'t Table,
    source: u32,
    statements: Vec<Statement>,
    mistakes: Vec<Mistake>,
    /// What was said of whom, and in which line.
    known: HashMap<String, (account::Options, u32)>,
}

fn place(record: &csv::StringRecord) -> Place {
    let line = record.position().map_or(1, csv::Position::line);
    Place { line: u32::try_from(line).unwrap_or(u32::MAX), column: 1, length: 0 }
}

impl People<'_> {
    fn wrong(&mut self, place: Place, column: &str, problem: Problem) {
        let mistake = Mistake::of(place, problem);
        let message = format!("`{column}`: {}", mistake.message);
        self.mistakes.push(Mistake { message, ..mistake });
    }

    /// What each column is, by its header.
    fn columns(&mut self, header: &csv::StringRecord) -> Vec<Column> {
        let place = place(header);
        let known = || FIELDS.into_iter().chain([LEVEL]);
        let mut columns = Vec::new();
        for cell in header {
            let cell = cell.trim();
            let own = self.table.headers.iter().find(|(header, _)| header == cell);
            let field = match own {
                Some((_, None)) => {
                    columns.push(Column::PassedOver);
                    continue;
                }
                Some((_, Some(field))) => field.as_str(),
                None => cell,
            };
            match known().find(|known| *known == field) {
                Some(field) if columns.contains(&Column::Field(field)) && !is_place(field) => {
                    self.mistakes.push(Mistake::at(place, format!("there are two columns of `{field}`")));
                }
                Some(field) => columns.push(Column::Field(field)),
                None if PASSED_OVER.contains(&field) => columns.push(Column::PassedOver),
                None => {
                    let mistake = Mistake::at(place, format!("no column is called `{}`", printable(field)));
                    self.mistakes.push(match nearest(field, known()) {
                        Some(near) => mistake.tip(format!("did you mean `{near}`?")),
                        None => mistake.tip(format!(
                            "say what it is: --map {0}=FIELD, or that it is nothing: --map {0}=-; the fields are: {1}",
                            crate::model::name::quoted(&printable(cell)),
                            known().collect::<Vec<_>>().join(", ")
                        )),
                    });
                }
            }
        }
        if self.mistakes.is_empty() && !columns.contains(&Column::Field("name")) {
            let mistake = Mistake::at(place, "no column says the `name` of the account");
            self.mistakes.push(mistake.tip("the first line is the headers; for one of your own: --map LOGIN=name"));
        }
        columns
    }

    fn row(&mut self, columns: &[Column], record: &csv::StringRecord) {
        let place = place(record);
        if record.iter().skip(columns.len()).any(|cell| !cell.trim().is_empty()) {
            let message = format!("the row has {} cells, and there are {} headers", record.len(), columns.len());
            self.mistakes.push(Mistake::at(place, message).tip("put a cell that holds the delimiter in quotes"));
            return;
        }
        let all = |field: &str| -> Vec<&str> {
            let cells =
                columns.iter().zip(record.iter()).filter(|(column, _)| **column == Column::Field(matching(field)));
            cells.map(|(_, cell)| cell.trim()).filter(|cell| !cell.is_empty()).collect()
        };
        let get = |field: &str| all(field).first().copied();
        let Some(name) = get("name") else {
            self.mistakes.push(Mistake::at(place, "the row has no `name`"));
            return;
        };
        let name = match form::name(Kind::Account, name) {
            Ok(name) => name,
            Err(problem) => return self.wrong(place, "name", problem),
        };
        let whole: Vec<&str> = [get("first_name"), get("last_name")].into_iter().flatten().collect();
        let mut options = account::Options {
            email: get("email").map(str::to_owned),
            display_name: get("display_name").map(str::to_owned).or((!whole.is_empty()).then(|| whole.join(" "))),
            role: self.table.role,
            ..account::Options::default()
        };
        if let Some(Err(problem)) = get("email").map(Name::parse_email) {
            self.wrong(place, "email", problem);
        }
        match get("role").map(|word| account::parse_role(word, name.shown())) {
            Some(Ok(role)) => options.role = Some(role),
            Some(Err(problem)) => self.wrong(place, "role", problem),
            None => {}
        }
        match get("expires").map(form::moment) {
            Some(Ok(expires)) => options.expires = Some(expires),
            Some(Err(problem)) => self.wrong(place, "expires", problem),
            None => {}
        }
        let mut of = self.table.places.clone();
        for (field, kind) in PLACES {
            for one in all(field).iter().flat_map(|cell| cell.split(BETWEEN)).map(str::trim).filter(|it| !it.is_empty())
            {
                match form::name(kind, one) {
                    Ok(name) => of.push((kind, name)),
                    Err(problem) => self.wrong(place, field, problem),
                }
            }
        }
        self.say(place, name, options, &of, get(LEVEL));
    }

    fn say(&mut self, place: Place, name: Name, options: account::Options, of: &[(Kind, Name)], level: Option<&str>) {
        let spot = Spot { source: self.source, place };
        let (known, line) = self.known.entry(name.key().to_owned()).or_insert_with(|| (options.clone(), place.line));
        if *known != options {
            let message = format!("`{name}` stands in line {line} already, with other values");
            self.mistakes.push(Mistake::at(place, message));
            return;
        }
        if *line == place.line {
            let it = Account { name: name.clone(), options, ensure: None, transfer_to: None, previously: None };
            self.statements.push(Statement { spot, said: Said::Account(Box::new(it)) });
        }
        for (kind, of) in of {
            let role = level.map(|word| Role::from_word(*kind, word));
            if role == Some(None) {
                let message = format!("{} has no level `{}`", kind.article(), printable(level.unwrap_or_default()));
                self.mistakes.push(Mistake::at(place, message));
                continue;
            }
            let who = Reference::Named(Kind::Account, name.clone());
            let it = Member { kind: *kind, of: of.clone(), who, level: role.flatten(), active: None };
            self.statements.push(Statement { spot, said: Said::Member(Box::new(it)) });
        }
    }
}

/// The columns that name what somebody is in.
const PLACES: [(&str, Kind); 3] = [("group", Kind::Group), ("workgroup", Kind::Workgroup), ("dropbox", Kind::Dropbox)];

fn is_place(field: &str) -> bool {
    PLACES.iter().any(|(known, _)| *known == field)
}

/// A field as the columns have it.
fn matching(field: &str) -> &'static str {
    FIELDS.into_iter().chain([LEVEL]).find(|known| *known == field).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, table: &Table) -> String {
        match read(text, 0, table) {
            Ok(statements) => statements
                .iter()
                .map(|it| match &it.said {
                    Said::Account(it) => {
                        format!("{} {:?} {:?}", it.name, it.options.email, it.options.display_name)
                    }
                    Said::Member(it) => format!("{} in {}:{}", it.who, it.kind, it.of),
                    _ => String::new(),
                })
                .collect::<Vec<_>>()
                .join("\n"),
            Err(mistakes) => {
                mistakes.iter().map(|it| format!("{}: {}", it.place.line, it.message)).collect::<Vec<_>>().join("\n")
            }
        }
    }

    fn table() -> Table {
        Table { delimiter: b',', ..Table::default() }
    }

    #[test]
    fn the_bulk_file_of_faspex_is_read_with_its_short_rows() {
        let text = "name,first_name,last_name,email,welcome_email\r\nuser1,John,Doe,jdoe@example.com,jdoe@example.com\r\nuser3,Jay,Johnson,j@example.com\r\n\r\nuser4\r\n";
        assert_eq!(
            told(text, &table()),
            "user1 Some(\"jdoe@example.com\") Some(\"John Doe\")\nuser3 Some(\"j@example.com\") Some(\"Jay Johnson\")\nuser4 None None"
        );
    }

    #[test]
    fn headers_of_ones_own_say_what_they_are() {
        let mut own = Table { delimiter: b';', ..Table::default() };
        own.headers = vec![("Login".to_owned(), Some("name".to_owned())), ("Note".to_owned(), None)];
        own.places = vec![(Kind::Group, Name::parse("all").unwrap())];
        let bad = told("Login;Note\n\"bob; b\";x\n", &own);
        assert!(bad.starts_with("2: `name`: `bob; b` is not a name: it holds `;`"), "{bad}");
        assert_eq!(told("Login;Note\nbob;x\n", &own), "bob None None\nuser:bob in group:all");
    }

    #[test]
    fn memberships_are_read_one_or_many_a_row() {
        let text = "name,group,workgroup\nbob,a;b,w\nbob,c,\n";
        assert_eq!(
            told(text, &table()),
            "bob None None\nuser:bob in group:a\nuser:bob in group:b\nuser:bob in workgroup:w\nuser:bob in group:c"
        );
    }

    #[test]
    fn what_is_wrong_is_told_by_its_line() {
        for (text, wanted) in [
            ("", "0: the table is empty"),
            ("nam,email\n", "1: no column is called `nam`"),
            ("email\n", "1: no column says the `name`"),
            ("name,name\n", "1: there are two columns of `name`"),
            ("name,email\nbob,x\n", "2: `email`: `x` is not an e-mail address"),
            ("name,role\nbob,boss\n", "2: `role`: `boss` is not an account role"),
            ("name\nbob,x\n", "2: the row has 2 cells, and there are 1 headers"),
            ("name,email\n,x@y.z\n", "2: the row has no `name`"),
            ("name,email\nbob,a@b.c\nBob,d@e.f\n", "3: `Bob` stands in line 2 already, with other values"),
            ("name,expires\nbob,7d\n", "2: `expires`: `7d` moves with every apply"),
            ("name,group,level\nbob,g,admin\n", "2: a group has no level `admin`"),
        ] {
            assert!(told(text, &table()).contains(wanted), "{text}: {}", told(text, &table()));
        }
    }
}
