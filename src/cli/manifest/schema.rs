//! `schema`: prints the JSON Schema of manifests, for editors and validators.

use clap::Args;

use super::super::session::Session;
use super::super::{Outcome, examples};
use crate::manifest::json_schema;
use crate::model::Problem;

#[derive(Args, Debug)]
#[command(after_long_help = examples::SCHEMA)]
pub(in crate::cli) struct SchemaArgs {}

impl SchemaArgs {
    pub(in crate::cli) fn run(&self, session: &mut Session<'_>) -> Outcome {
        let text = serde_json::to_string_pretty(&json_schema::schema())
            .map_err(|_| Problem::usage("no_schema", "the schema cannot be written"))?;
        session.document(&format!("{text}\n"))?;
        Ok(0)
    }
}
