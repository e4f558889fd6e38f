//! The columns of a table of people: their headers, and the words in their cells.

use crate::input::document::{Diagnostic, Span};
use crate::input::table::{TableRow, TableRows};
use crate::manifest::statement::Ensure;
use crate::model::attributes::{Setting, SettingValue};
use crate::model::escape::printable;
use crate::model::name::shell_quote;
use crate::model::spelling::closest_match;
use crate::model::{Kind, Name, PlatformId, Problem, Role};

/// The fields that a column can have.
pub const FIELDS: [&str; 17] = [
    "name",
    "first_name",
    "last_name",
    "display_name",
    "email",
    "role",
    "status",
    "expires",
    "settings",
    "ids",
    "group",
    "workgroup",
    "dropbox",
    "level",
    "active",
    "ref",
    "member",
];

/// Other headers for some of the fields.
const ALIASES: [(&str, &str); 4] =
    [("groups", "group"), ("workgroups", "workgroup"), ("dropboxes", "dropbox"), ("e_mail", "email")];

/// Known columns that are ignored: the address for a welcome mail, the id in a directory, the revision of a list.
const IGNORED: [&str; 5] = ["welcome_email", "ad_objectguid", "revision", "reviewed", "reviewed_by"];

/// The column of a list that names the group which a membership comes from.
pub(super) const VIA: &str = "via";

/// The columns with the fields of an account.
pub(super) const OF_ACCOUNTS: [&str; 8] =
    ["first_name", "last_name", "display_name", "email", "role", "status", "expires", "settings"];

/// The columns that name a group, workgroup or dropbox of the member.
pub(super) const GROUP_COLUMNS: [(&str, Kind); 3] =
    [("group", Kind::Group), ("workgroup", Kind::Workgroup), ("dropbox", Kind::Dropbox)];

/// The options of an import of a table.
#[derive(Clone, Debug, Default)]
pub struct TableOptions {
    /// The delimiter of cells; `None` to detect it from the table.
    pub delimiter: Option<u8>,
    /// Custom headers, each with its field; `None` for a header to ignore.
    pub headers: Vec<(String, Option<String>)>,
    /// Groups, workgroups and dropboxes that every row becomes a member of.
    pub member_of: Vec<(Kind, Name)>,
    /// The account role for rows that name none.
    pub role: Option<Role>,
}

impl TableOptions {
    /// The field of a header; `Some(None)` for a column to ignore, `None` for an unknown header.
    #[expect(clippy::option_option, reason = "an ignored header differs from an unknown one")]
    pub(super) fn field(&self, header: &str) -> Option<Option<&'static str>> {
        let known = |field: &str| FIELDS.into_iter().chain([VIA]).find(|known| *known == field);
        if let Some((_, field)) = self.headers.iter().find(|(own, _)| own == header) {
            return Some(field.as_deref().and_then(known));
        }
        // Common spellings of headers: `First Name`, `E-Mail`.
        let header = header.to_lowercase().replace([' ', '-'], "_");
        if IGNORED.contains(&header.as_str()) {
            return Some(None);
        }
        let field = ALIASES.iter().find(|(alias, _)| *alias == header).map_or(header.as_str(), |(_, field)| field);
        known(field).map(Some)
    }

    /// The field of each column, from the headers; `None` for a column to ignore.
    ///
    /// # Errors
    /// Every unknown and every duplicate header; otherwise the lack of a column with names.
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
                Some(Some(field))
                    if columns.contains(&Some(field)) && !GROUP_COLUMNS.iter().any(|(it, _)| *it == field) =>
                {
                    diagnostics.push(Diagnostic::at_span(span, format!("duplicate column `{field}`")));
                }
                Some(field) => columns.push(field),
                None => {
                    let diagnostic = Diagnostic::at_span(span, format!("unknown column `{}`", printable(cell)));
                    diagnostics.push(unknown(diagnostic, cell));
                }
            }
        }
        let names = ["name", "ref", "member"];
        if diagnostics.is_empty() && !columns.iter().flatten().any(|column| names.contains(column)) {
            let span = Span { line: header.line, column: 1, length: 0 };
            let diagnostic = Diagnostic::at_span(span, "the column `name` is missing");
            diagnostics.push(
                diagnostic.tip("the first line must be the header; to read another column as `name`: --map LOGIN=name"),
            );
        }
        if diagnostics.is_empty() { Ok(columns) } else { Err(diagnostics) }
    }
}

/// The cells of a row, by field.
pub(super) struct Cells<'r> {
    pub(super) rows: &'r TableRows<'r>,
    pub(super) columns: &'r [Option<&'static str>],
    pub(super) row: &'r TableRow,
}

impl<'r> Cells<'r> {
    /// The non-empty cells of a field, each with the index of its column.
    pub(super) fn all(&self, field: &'static str) -> impl Iterator<Item = (usize, &'r str)> {
        let cells = self.columns.iter().zip(self.row.cells.iter()).enumerate();
        let cells = cells.filter(move |(_, (column, _))| **column == Some(field));
        cells.map(|(at, (_, cell))| (at, cell.trim())).filter(|(_, cell)| !cell.is_empty())
    }

    /// The first non-empty cell of a field.
    pub(super) fn get(&self, field: &'static str) -> Option<&'r str> {
        self.all(field).next().map(|(_, cell)| cell)
    }

    /// The position of the first non-empty cell of a field; the position of the row if there is none.
    pub(super) fn span(&self, field: &'static str) -> Span {
        let at = self.all(field).next().map_or(usize::MAX, |(at, _)| at);
        self.rows.span(self.row, at)
    }
}

/// Adds hints to a mistake about an unknown header.
fn unknown(diagnostic: Diagnostic, header: &str) -> Diagnostic {
    let known = FIELDS.into_iter();
    if let Some(near) = closest_match(header, known.clone()) {
        return diagnostic.tip(format!("did you mean `{near}`?"));
    }
    // The header may hold a delimiter that is not detected.
    let between = header.chars().find(|it| matches!(it, '|' | ':' | '^' | '~' | ',' | ';' | '\t'));
    let diagnostic = match between {
        Some(between) => diagnostic
            .tip(format!("if cells are separated by `{}`: --delimiter '{between}'", printable(&between.to_string()))),
        None => diagnostic,
    };
    diagnostic.tip(format!(
        "to name its field: --map {0}=FIELD; to ignore it: --map {0}=-; the fields are: {1}",
        shell_quote(&printable(header)),
        known.collect::<Vec<_>>().join(", ")
    ))
}

/// The declared existence for a status as lists show it. `expired` declares nothing, as the expiry causes it.
pub(super) fn status(word: &str) -> Result<Option<Ensure>, Problem> {
    match word {
        "active" => Ok(Some(Ensure::Present)),
        "inactive" => Ok(Some(Ensure::Inactive)),
        "expired" => Ok(None),
        other => Err(Problem::usage("bad_status", format!("invalid value `{}`", printable(other)))
            .tip("one of: active, inactive, expired")),
    }
}

pub(super) fn boolean(word: &str) -> Result<bool, Problem> {
    match word.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        other => Err(Problem::usage(
            "bad_truth",
            format!("invalid value `{}`, expected `true` or `false`", printable(other)),
        )),
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
        Problem::usage("bad_setting", format!("invalid setting `{}`", printable(word)))
            .tip("write them as `send=deny receive=allow`")
    };
    text.split_whitespace().map(|word| one(word).ok_or_else(|| wrong(word))).collect()
}

/// The external ids in a cell, with spaces between.
pub(super) fn ids(text: &str) -> Result<Vec<PlatformId>, Problem> {
    text.split_whitespace().map(PlatformId::parse).collect()
}
