//! The `perm` commands: who may do what, and why.

mod answer;
mod assertions;
mod authzen;
mod batch;
mod causes;
mod check;
mod diff;
mod graph;
mod json_object;
mod list;
mod listing_output;
mod matrix;
mod proof_text;
mod question;
mod question_cache;
mod request_line;
mod who;

pub(super) use answer::Answer;
pub(super) use assertions::{FailingTests, failing as failing_tests};
pub(super) use check::QuestionArgs;
pub(super) use graph::graph;
pub(super) use listing_output::action_names;
pub(super) use question::ParsedQuestion;

use clap::{Args, Subcommand};

use super::session::Session;
use super::{Outcome, examples};

#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = examples::PERM)]
pub(super) struct PermArgs {
    #[command(subcommand)]
    command: PermCommand,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum PermCommand {
    /// Answer `allowed` or `denied`, with the shortest proof; exit 0 or 1
    #[command(after_long_help = examples::PERM_CHECK)]
    Check(check::CheckArgs),
    /// Explain: every step of the proof; for a denial, what would suffice and who can give it
    #[command(after_long_help = examples::PERM_EXPLAIN)]
    Explain(check::ExplainArgs),
    /// List everybody who can do something
    #[command(after_long_help = examples::PERM_WHO)]
    Who(who::WhoArgs),
    /// List everything that somebody can do
    #[command(after_long_help = examples::PERM_LIST)]
    List(list::ListArgs),
    /// List what was gained and lost between two moments, and the change that caused it
    #[command(after_long_help = examples::PERM_DIFF)]
    Diff(diff::DiffArgs),
    /// Show who can do what on some resources, one column for each action
    #[command(after_long_help = examples::PERM_MATRIX)]
    Matrix(matrix::MatrixArgs),
    /// Run the tests in files
    #[command(after_long_help = examples::PERM_TEST)]
    Test(assertions::TestArgs),
}

impl PermArgs {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        match self.command {
            PermCommand::Check(it) => it.run(session),
            PermCommand::Explain(it) => it.run(session),
            PermCommand::Who(it) => it.run(session),
            PermCommand::List(it) => it.run(session),
            PermCommand::Diff(it) => it.run(session),
            PermCommand::Matrix(it) => it.run(session),
            PermCommand::Test(it) => it.run(session),
        }
    }
}
