//! A search for orphaned shares: their sharers could not make them now, since they no longer hold what the shares give.

use super::cascade::{Loss, is_delegated, unsupported};
use super::grant::required_to_record;
use crate::model::{Binding, Id, Time};
use crate::ops::Result;
use crate::policy::{BindingQuery, Facts, Subject, decide_for};

/// Collects the shares of items, and judges them together at the end, since shares rest on other shares.
#[derive(Default)]
pub struct OrphanSearch {
    /// Shares that rest on what their sharers hold.
    delegated: Vec<Binding>,
    /// Other shares whose sharers lost the right to make them.
    unfounded: Vec<Binding>,
}

impl OrphanSearch {
    /// Adds the shares of an item.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn add_item(&mut self, facts: &dyn Facts, item: Id, at: Time) -> Result<()> {
        facts.list_bindings(BindingQuery::shares_of(item))?.into_iter().try_for_each(|share| self.add(facts, share, at))
    }

    /// Adds a share. Shares of the operator have no sharer who could lose anything.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn add(&mut self, facts: &dyn Facts, share: Binding, at: Time) -> Result<()> {
        let Some(sharer) = share.grantor.filter(|_| share.is_effective(at)) else { return Ok(()) };
        if is_delegated(facts, &share)? {
            self.delegated.push(share);
        } else if let Some(needed) = required_to_record(&share) {
            let subject = Subject::new(facts, sharer, at)?.assume_active();
            if !decide_for(&subject, needed, share.resource)?.allowed {
                self.unfounded.push(share);
            }
        }
        Ok(())
    }

    /// The orphaned shares, each with what its sharer could not give now, or not until the share's end.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn losses(self, facts: &dyn Facts, at: Time) -> Result<Vec<Loss>> {
        let mut losses = unsupported(facts, self.delegated, at)?;
        losses.extend(self.unfounded.into_iter().map(|share| {
            let lost = share.attributes.permissions;
            Loss { share, lost, ends: None }
        }));
        Ok(losses)
    }
}
