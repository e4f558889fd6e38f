//! `import`: imports accounts and memberships from tables.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::super::args::{WriteArgs, names};
use super::super::session::Session;
use super::super::{Outcome, complete, examples, files};
use super::ApplyOptions;
use super::apply::ApplyRun;
use super::input::from_whole;
use crate::input::table::decode;
use crate::manifest::from_statements;
use crate::manifest::import::people_csv::{FIELDS, TableOptions, read};
use crate::model::escape::printable;
use crate::model::{Kind, Name, Problem, Role};
use crate::ops::account::parse_role;

#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = examples::IMPORT)]
pub(in crate::cli) struct ImportArgs {
    #[command(subcommand)]
    source: ImportCommand,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum ImportCommand {
    /// Import accounts, groups and memberships from a table, such as the bulk file of Faspex
    ///
    /// The first line is the header: `name`, `first_name`, `last_name`, `display_name`, `email`, `role`, `status`,
    /// `expires`, `settings`, `group`, `workgroup`, `dropbox`, `level`, `active`; `welcome_email` is ignored. An empty
    /// cell changes nothing. A cell can name several groups, separated by `;`.
    ///
    /// Lists that this program writes with `-o csv` or `-o tsv` can be imported too: `ref` is the resource of a row, and
    /// `member` a member of it. The table is UTF-8 or UTF-16. Its cells are separated by commas, semicolons or tabs; with
    /// tabs, a backslash escapes (`\\t`, `\\n`, `\\\\`) as in the output of `-o tsv`. A day in `expires` begins at
    /// 00:00 UTC.
    #[command(after_long_help = examples::IMPORT_CSV)]
    Csv(CsvArgs),
}

#[derive(Args, Debug)]
struct CsvArgs {
    /// The table; `-` is standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// Read a header as a field, as `HEADER=FIELD`; `HEADER=-` ignores the column (can be repeated)
    #[arg(long, value_name = "HEADER=FIELD", value_parser = mapping)]
    map: Vec<(String, Option<String>)>,
    /// The delimiter of cells: one character, or `tab` [default: comma, semicolon or tab, as the header shows]
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    delimiter: Option<u8>,
    /// The account role for rows that name none
    #[arg(long, value_name = "ROLE", value_parser = role, add = complete::words(const { &Role::words(Role::SERVER) }))]
    role: Option<Role>,
    /// Add everybody to this group
    #[arg(long, value_name = "GROUP", value_parser = names(Kind::Group), add = complete::groups())]
    group: Option<Name>,
    /// Add everybody to this workgroup
    #[arg(long, value_name = "WORKGROUP", value_parser = names(Kind::Workgroup), add = complete::workgroups())]
    workgroup: Option<Name>,
    /// Add everybody to this dropbox
    #[arg(long, value_name = "DROPBOX", value_parser = names(Kind::Dropbox), add = complete::dropboxes())]
    dropbox: Option<Name>,
    #[command(flatten)]
    writing: WriteArgs,
}

impl ImportArgs {
    pub(in crate::cli) fn run(&self, session: &mut Session<'_>) -> Outcome {
        let ImportCommand::Csv(csv) = &self.source;
        let source = files::source_as(&csv.file, decode)?;
        let statements = read(&source.text, 0, &csv.table()).map_err(|diagnostics| {
            let count = diagnostics.len();
            let shown =
                diagnostics.iter().take(100).map(|diagnostic| diagnostic.render(&source.name, &source.text)).collect();
            files::invalid_files_some("bad_table", shown, count)
        })?;
        let sources = vec![source];
        let manifest = from_statements(statements).map_err(|diagnostics| {
            files::invalid_files("bad_table", files::render_diagnostics(&sources, &diagnostics))
        })?;
        let read = from_whole(sources, manifest);
        let options = ApplyOptions { prune: false, max_removals: None, take_over: false };
        ApplyRun { writing: &csv.writing, options, plan_file: None }.run(session, read)
    }
}

impl CsvArgs {
    fn table(&self) -> TableOptions {
        let member_of =
            [(Kind::Group, &self.group), (Kind::Workgroup, &self.workgroup), (Kind::Dropbox, &self.dropbox)];
        let member_of = member_of.into_iter().filter_map(|(kind, name)| Some((kind, name.clone()?))).collect();
        TableOptions { delimiter: self.delimiter, headers: self.map.clone(), member_of, role: self.role }
    }
}

/// Parses the delimiter of cells.
fn delimiter(text: &str) -> Result<u8, Problem> {
    match text.as_bytes() {
        b"tab" => Ok(b'\t'),
        [one] if one.is_ascii() && !matches!(one, b'"' | b'\n' | b'\r') => Ok(*one),
        _ => Err(Problem::usage("bad_delimiter", "a delimiter is one character, or `tab`").tip("--delimiter ';'")),
    }
}

/// Parses a header and the field that it stands for; `None` if the column is ignored.
fn mapping(text: &str) -> Result<(String, Option<String>), Problem> {
    let Some((header, field)) = text.rsplit_once('=') else {
        let message = format!("invalid value `{}`, expected `HEADER=FIELD`", printable(text));
        return Err(Problem::usage("bad_map", message).tip("--map LOGIN=name"));
    };
    if field != "-" && !FIELDS.contains(&field) {
        let problem = Problem::usage("bad_map", format!("unknown field `{}`", printable(field)));
        return Err(problem.tip(format!("the fields are: {}", FIELDS.join(", "))));
    }
    Ok((header.to_owned(), Some(field.to_owned()).filter(|field| field != "-")))
}

fn role(word: &str) -> Result<Role, Problem> {
    parse_role(word, "NAME")
}
