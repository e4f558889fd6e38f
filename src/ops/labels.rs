//! Labels: what people read about a resource, and what the platforms call it.

use super::external_id::{self, ExternalIdChanges};
use super::text_setting::text_setting;
use super::{Result, Transaction};
use crate::model::attributes::Texts;
use crate::model::{Attributes, Id, Resource};
use crate::policy::Facts;

/// Labels to change; `None` leaves a text as it is, and an empty text removes it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LabelChanges {
    /// The name that people read.
    pub display_name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The external ids.
    pub ids: ExternalIdChanges,
}

impl LabelChanges {
    /// Whether a text is to change. The ids are not attributes.
    pub const fn has_texts(&self) -> bool {
        self.display_name.is_some() || self.description.is_some()
    }

    /// The changes that a resource has not already.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn missing_in(&self, tx: &Transaction<'_>, existing: &Resource) -> Result<LabelChanges> {
        let has = existing.attributes.texts();
        let missing = |given: &Option<String>, has: Option<&str>| {
            given.clone().filter(|text| text.as_str() != has.unwrap_or_default())
        };
        Ok(LabelChanges {
            display_name: missing(&self.display_name, has.as_ref().and_then(|it| it.display_name)),
            description: missing(&self.description, has.as_ref().and_then(|it| it.description)),
            ids: missing_ids(tx, existing, &self.ids)?,
        })
    }

    /// Changes the texts of a resource that has any.
    ///
    /// # Errors
    /// A usage problem for control characters.
    pub fn apply(&self, attributes: &mut Attributes) -> Result<()> {
        attributes.texts_mut().map_or(Ok(()), |texts| self.apply_to(texts))
    }

    /// Changes texts.
    ///
    /// # Errors
    /// A usage problem for control characters.
    pub(super) fn apply_to(&self, texts: Texts<&mut Option<String>>) -> Result<()> {
        *texts.display_name = text_setting(self.display_name.as_deref(), texts.display_name.as_deref())?;
        *texts.description = text_setting(self.description.as_deref(), texts.description.as_deref())?;
        Ok(())
    }
}

/// Changes the external ids of a resource that an operation has just made or changed.
///
/// # Errors
/// As [`external_id::change`].
pub(super) fn change_ids(tx: &mut Transaction<'_>, id: Id, changes: &ExternalIdChanges) -> Result<()> {
    match tx.facts().resource(id)? {
        Some(resource) if !changes.is_empty() => external_id::change(tx, &resource, changes),
        _ => Ok(()),
    }
}

/// The changes of ids, unless a resource has all that are to be added to it.
///
/// # Errors
/// When the facts cannot be read.
pub fn missing_ids(
    tx: &Transaction<'_>,
    existing: &Resource,
    changes: &ExternalIdChanges,
) -> Result<ExternalIdChanges> {
    Ok(if has_ids(tx, existing, changes)? { ExternalIdChanges::default() } else { changes.clone() })
}

/// Whether a resource has all ids that are to be added to it.
///
/// # Errors
/// When the facts cannot be read.
pub fn has_ids(tx: &Transaction<'_>, existing: &Resource, changes: &ExternalIdChanges) -> Result<bool> {
    for id in &changes.add {
        if tx.facts().identified(&id.to_string())?.is_none_or(|holder| holder.id != existing.id) {
            return Ok(false);
        }
    }
    Ok(true)
}
