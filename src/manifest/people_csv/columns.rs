//! What the columns of a table of people mean: the headers they are known by, and the words in their cells.

use super::super::statement::Ensure;
use crate::input::document::{Diagnostic, Span};
use crate::input::table::{TableRow, TableRows};
use crate::model::attributes::{Setting, SettingValue};
use crate::model::name::{printable, shell_quote};
use crate::model::reference::closest_match;
use crate::model::{Kind, Name, Problem, Role};

/// What a column can hold.
pub const FIELDS: [&str; 16] = [
    "name",
    "first_name",
    "last_name",
    "display_name",
    "email",
    "role",
    "status",
    "expires",
    "settings",
    "group",
    "workgroup",
    "dropbox",
    "level",
    "active",
    "ref",
    "member",
];

/// Other headers of the same fields.
const ALIASES: [(&str, &str); 4] =
    [("groups", "group"), ("workgroups", "workgroup"), ("dropboxes", "dropbox"), ("e_mail", "email")];

/// Columns that are known and say nothing here: where a welcome would be sent, how a directory knows somebody,
/// since when it is so.
const IGNORED: [&str; 3] = ["welcome_email", "ad_objectguid", "revision"];

/// The column of the group that a listed membership comes from.
pub(super) const VIA: &str = "via";

/// The columns that describe an account itself.
pub(super) const OF_ACCOUNTS: [&str; 8] =
    ["first_name", "last_name", "display_name", "email", "role", "status", "expires", "settings"];

/// The columns that name what somebody is in.
pub(super) const PLACES: [(&str, Kind); 3] =
    [("group", Kind::Group), ("workgroup", Kind::Workgroup), ("dropbox", Kind::Dropbox)];

/// How the table is read.
#[derive(Clone, Debug, Default)]
pub struct TableOptions {
    /// What stands between cells; none for what the table shows.
    pub delimiter: Option<u8>,
    /// Headers of one's own, each with the field it is; none for one to be passed over.
    pub headers: Vec<(String, Option<String>)>,
    /// Where everybody is put besides.
    pub places: Vec<(Kind, Name)>,
    /// The account role of everybody whose row names none.
    pub role: Option<Role>,
}

impl TableOptions {
    /// What a header is: a field, nothing (`Some(None)`), or unknown (`None`).
    #[expect(clippy::option_option, reason = "known and passed over, and not known")]
    pub(super) fn field(&self, header: &str) -> Option<Option<&'static str>> {
        let known = |field: &str| FIELDS.into_iter().chain([VIA]).find(|known| *known == field);
        if let Some((_, field)) = self.headers.iter().find(|(own, _)| own == header) {
            return Some(field.as_deref().and_then(known));
        }
        // As people write headers: `First Name`, `E-Mail`.
        let header = header.to_lowercase().replace([' ', '-'], "_");
        if IGNORED.contains(&header.as_str()) {
            return Some(None);
        }
        let field = ALIASES.iter().find(|(alias, _)| *alias == header).map_or(header.as_str(), |(_, field)| field);
        known(field).map(Some)
    }

    /// What each column is, by its header.
    ///
    /// # Errors
    /// Every header that is not known or stands twice, and that none names anybody.
    pub(super) fn columns(
        &self,
        rows: &TableRows<'_>,
        header: &TableRow,
    ) -> Result<Vec<Option<&'static str>>, Vec<Diagnostic>> {
        let mut diagnostics = Vec::new();
        let mut columns: Vec<Option<&'static str>> = Vec::new();
        for (at, cell) in header.cells.iter().enumerate() {
            let (cell, span) = (cell.trim(), rows.span(header, at));
            match self.field(cell) {
                Some(Some(field)) if columns.contains(&Some(field)) && !PLACES.iter().any(|(it, _)| *it == field) => {
                    diagnostics.push(Diagnostic::at_span(span, format!("there are two columns of `{field}`")));
                }
                Some(field) => columns.push(field),
                None => {
                    let diagnostic = Diagnostic::at_span(span, format!("no column is called `{}`", printable(cell)));
                    diagnostics.push(unknown(diagnostic, cell));
                }
            }
        }
        let names = ["name", "ref", "member"];
        if diagnostics.is_empty() && !columns.iter().flatten().any(|column| names.contains(column)) {
            let span = Span { line: header.line, column: 1, length: 0 };
            let diagnostic = Diagnostic::at_span(span, "no column says the `name` of the account");
            diagnostics.push(diagnostic.tip("the first line is the headers; for one of your own: --map LOGIN=name"));
        }
        if diagnostics.is_empty() { Ok(columns) } else { Err(diagnostics) }
    }
}

/// The cells of a row by their columns.
pub(super) struct Cells<'r> {
    pub(super) rows: &'r TableRows<'r>,
    pub(super) columns: &'r [Option<&'static str>],
    pub(super) row: &'r TableRow,
}

impl<'r> Cells<'r> {
    /// Everything that stands in the columns of a field, each with the number of its cell.
    pub(super) fn all(&self, field: &'static str) -> impl Iterator<Item = (usize, &'r str)> {
        let cells = self.columns.iter().zip(self.row.cells.iter()).enumerate();
        let cells = cells.filter(move |(_, (column, _))| **column == Some(field));
        cells.map(|(at, (_, cell))| (at, cell.trim())).filter(|(_, cell)| !cell.is_empty())
    }

    /// What stands first in the columns of a field.
    pub(super) fn get(&self, field: &'static str) -> Option<&'r str> {
        self.all(field).next().map(|(_, cell)| cell)
    }

    /// Where the cell of a field stands, or the row.
    pub(super) fn span(&self, field: &'static str) -> Span {
        let at = self.all(field).next().map_or(usize::MAX, |(at, _)| at);
        self.rows.span(self.row, at)
    }
}

/// A mistake about an unknown header, with what to try.
fn unknown(diagnostic: Diagnostic, header: &str) -> Diagnostic {
    let known = FIELDS.into_iter();
    if let Some(near) = closest_match(header, known.clone()) {
        return diagnostic.tip(format!("did you mean `{near}`?"));
    }
    // A delimiter that is not looked for.
    let between = header.chars().find(|it| matches!(it, '|' | ':' | '^' | '~' | ',' | ';' | '\t'));
    let diagnostic = match between {
        Some(between) => diagnostic
            .tip(format!("if cells are separated by `{}`: --delimiter '{between}'", printable(&between.to_string()))),
        None => diagnostic,
    };
    diagnostic.tip(format!(
        "say what it is: --map {0}=FIELD, or that it is nothing: --map {0}=-; the fields are: {1}",
        shell_quote(&printable(header)),
        known.collect::<Vec<_>>().join(", ")
    ))
}

/// A status as lists show it; what has expired is inactive by its expiry alone.
pub(super) fn status(word: &str) -> Result<Option<Ensure>, Problem> {
    match word {
        "active" => Ok(Some(Ensure::Present)),
        "inactive" => Ok(Some(Ensure::Inactive)),
        "expired" => Ok(None),
        other => Err(Problem::usage("bad_status", format!("`{}` is no status", printable(other)))
            .tip("one of: active, inactive, expired")),
    }
}

pub(super) fn boolean(word: &str) -> Result<bool, Problem> {
    match word.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        other => Err(Problem::usage("bad_truth", format!("`{}` is neither `true` nor `false`", printable(other)))),
    }
}

/// Settings as lists show them: `send=default receive=deny`.
pub(super) fn settings(text: &str) -> Result<Vec<(Setting, SettingValue)>, Problem> {
    let one = |word: &str| {
        let (setting, choice) = word.split_once('=')?;
        let setting = setting.replace('_', "-");
        let setting = Setting::TOGGLES.into_iter().find(|known| known.as_str() == setting)?;
        Some((setting, SettingValue::from_name(choice)?))
    };
    let wrong = |word: &str| {
        Problem::usage("bad_setting", format!("`{}` is no setting", printable(word)))
            .tip("write them as `send=deny receive=allow`")
    };
    text.split_whitespace().map(|word| one(word).ok_or_else(|| wrong(word))).collect()
}
