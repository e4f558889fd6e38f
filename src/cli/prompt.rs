//! Asks a person for confirmation: on standard error, and only on a terminal. The end of input means no.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::model::Problem;
use crate::render::Text;

/// Whether a person can be asked: standard input and standard error are terminals.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks whether to apply a plan that was shown; `cascades` lists what else its removals affect.
pub(super) fn confirm_apply(cascades: &[String], removals: u64, err: &mut dyn Write) -> Result<(), Problem> {
    if !can_ask() {
        let what = if removals == 1 { "1 removal".to_owned() } else { format!("{removals} removals") };
        let mut problem = Problem::conflict("needs_confirmation", "not confirmed, so nothing was changed")
            .why(format!("the plan has {what}"))
            .tip("review the changes with `rolebook plan`, and add --yes to confirm");
        problem.details = cascades.to_vec();
        return Err(problem);
    }
    ask(cascades, "Apply this? [y/N] ", err)
}

/// Asks whether to make a change that also affects what `cascades` lists.
///
/// Without a terminal nobody can be asked: the problem has the list, and suggests `--yes`.
pub(super) fn confirm(cascades: &[String], err: &mut dyn Write) -> Result<(), Problem> {
    if !can_ask() {
        let mut problem = Problem::conflict("needs_confirmation", "not confirmed, so nothing was changed")
            .why("this also affects the following");
        problem.details = cascades.to_vec();
        return Err(problem.tip(CONFIRM));
    }
    ask(cascades, "Go on? [y/N] ", err)
}

const CONFIRM: &str = "add --yes to confirm, or --dry-run to see all that would change";

fn ask(cascades: &[String], question: &str, err: &mut dyn Write) -> Result<(), Problem> {
    let mut text = Text::default();
    if !cascades.is_empty() {
        text.line("This also affects:");
    }
    for line in cascades {
        text.line(&format!("  - {line}"));
    }
    text.part(question);
    let asked = text.write(err).and_then(|()| err.flush());
    let mut answer = String::new();
    let answered = asked.and_then(|()| io::stdin().lock().read_line(&mut answer));
    match answered {
        Ok(_) if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") => Ok(()),
        _ => {
            let mut problem = Problem::conflict("needs_confirmation", "declined, so nothing was changed");
            problem.details = cascades.to_vec();
            Err(problem.tip(CONFIRM))
        }
    }
}
