//! `validate`: checks whether files are a valid manifest, without a store.

use clap::Args;
use serde_json::{Map, json};

use super::super::session::Session;
use super::super::{Outcome, examples};
use super::{FilesArgs, counted};
use crate::render::Format;

#[derive(Args, Debug)]
#[command(after_long_help = examples::VALIDATE)]
pub(in crate::cli) struct ValidateArgs {
    #[command(flatten)]
    files: FilesArgs,
}

impl ValidateArgs {
    pub(in crate::cli) fn run(&self, session: &mut Session<'_>) -> Outcome {
        let mut read = self.files.read()?;
        let statements = read.manifest.statements.len() + read.count_rows()?;
        let tests = read.manifest.tests.len();
        if session.output_options().format == Format::Table {
            let (files, statements) = (counted(read.sources.len(), "file"), counted(statements, "statement"));
            session.line(&format!("valid: {files}, {statements}, {}", counted(tests, "test")))?;
            return Ok(0);
        }
        let mut object = Map::new();
        object.insert("valid".to_owned(), json!(true));
        object.insert("name".to_owned(), json!(read.manifest.set.as_ref().map(crate::model::Name::as_written)));
        object.insert("files".to_owned(), json!(read.sources.iter().map(|it| &it.name).collect::<Vec<_>>()));
        object.insert("statements".to_owned(), json!(statements));
        object.insert("tests".to_owned(), json!(tests));
        session.value(&object.into())
    }
}
