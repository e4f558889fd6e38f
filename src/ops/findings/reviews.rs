//! Findings about reviews: what no review has kept for too long.

use std::collections::HashSet;

use super::{FindingSearch, Report};
use crate::model::Problem;
use crate::model::catalogue::findings::FindingKind;
use crate::ops::review::{self, LastReviews};

impl FindingSearch<'_> {
    /// Reports the bindings in the scope of any review that are older than the period and were not kept within it.
    pub(super) fn unreviewed(&self, report: Report<'_>) -> Result<(), Problem> {
        if !self.wants(FindingKind::Unreviewed) {
            return Ok(());
        }
        let last = LastReviews::read(self.facts)?;
        if last.is_empty() {
            return Ok(());
        }
        let oldest = self.oldest_in_order(FindingKind::Unreviewed);
        let newest_due = self.history.revision_at(oldest)?;
        let mut seen = HashSet::new();
        for review in review::all(self.facts)? {
            let Some(scope) = review.as_review() else { continue };
            review::each_in_scope((self.facts, self.facts), (review.id, scope), &mut |found| {
                let binding = found.binding;
                if binding.since > newest_due || !seen.insert(binding.id) {
                    return Ok(());
                }
                let kept = last.of(&binding)?;
                if kept.as_ref().is_some_and(|it| it.at > oldest) {
                    return Ok(());
                }
                let mut finding = self.about_binding(FindingKind::Unreviewed, &binding);
                finding.detail = match kept {
                    Some(it) => format!("{}: reviewed {}", binding.role.qualified(), it.at),
                    None => format!("{}: never reviewed", binding.role.qualified()),
                };
                finding.fix = self.take_away(&binding)?;
                report(finding)
            })?;
        }
        Ok(())
    }
}
