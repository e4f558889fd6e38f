//! The page rolebook-findings(7): everything that `audit findings` looks for, generated from the catalogue of findings.

use std::fmt::Write as _;

use super::{paragraphs, roff, sentence, title};
use crate::model::catalogue::findings::FindingKind;

/// The text of the page, in roff.
pub(super) fn page() -> String {
    let mut out = title("rolebook-findings", 7);
    out.push_str(".SH NAME\nrolebook\\-findings \\- what an audit looks for, and why\n.SH DESCRIPTION\n");
    paragraphs(
        &mut out,
        "rolebook audit findings lists what an audit should look at. A finding names a resource, mostly a principal, the revision that made it so and by whom, and the commands that mend it. Server admins are told all findings, others those of what they administer. rolebook audit findings --catalogue prints this list.",
    );
    out.push_str(".SH FINDINGS\n");
    for kind in FindingKind::ALL {
        let row = kind.row();
        let days = row.days.map_or_else(String::new, |days| format!(" ({days} days)"));
        let text = format!(
            "{}{days}: {}\n{}\nFound by: {}\nTo mend: {}\n{}",
            row.severity.as_str(),
            sentence(row.title).trim_end_matches('.'),
            row.why,
            row.how,
            row.fix,
            row.source
        );
        let mut lines = text.lines();
        let _ = write!(out, ".TP\n.B {}\n{}", roff(row.id).trim_end(), roff(lines.next().unwrap_or_default()));
        for line in lines {
            let _ = write!(out, ".br\n{}", roff(line));
        }
    }
    out.push_str(".SH SEE ALSO\n.BR rolebook\\-audit\\-findings (1)\n");
    out
}
