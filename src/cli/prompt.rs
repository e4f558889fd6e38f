//! Asking a person: on standard error, only on a terminal, and the end of input means no.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::model::Problem;

/// Confirms that what goes with a removal may go.
///
/// Off a terminal nobody can be asked: the list is the answer, and `--yes` is the way.
pub(super) fn confirm(takes: &[String], err: &mut dyn Write) -> Result<(), Problem> {
    let refused = |what: &str| {
        let mut problem =
            Problem::conflict("needs_confirmation", what.to_owned()).why("this takes other things with it");
        problem.details = takes.to_vec();
        problem.tip("add --yes to confirm, or --dry-run to see all that would change")
    };
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(refused("not confirmed, so nothing was changed"));
    }
    let mut text = String::from("This takes with it:\n");
    for line in takes {
        text.push_str(&format!("  - {line}\n"));
    }
    text.push_str("Go on? [y/N] ");
    let asked = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    let mut answer = String::new();
    let answered = asked.and_then(|()| io::stdin().lock().read_line(&mut answer));
    match answered {
        Ok(_) if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") => Ok(()),
        _ => Err(refused("declined, so nothing was changed")),
    }
}
