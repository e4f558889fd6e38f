//! Reads the texts and the external ids, which most resources can have.

use super::super::merge::{MergeReader, MergedMapping, text};
use crate::model::PlatformId;
use crate::ops::external_id::ExternalIdChanges;
use crate::ops::labels::LabelChanges;

/// Reads `display-name`, `description` and `ids`.
pub(super) fn labels(reading: &mut MergeReader<'_>, fields: &MergedMapping<'_>) -> LabelChanges {
    LabelChanges {
        display_name: fields.text(reading, "display-name").map(str::to_owned),
        description: fields.text(reading, "description").map(str::to_owned),
        ids: ids(fields),
    }
}

/// Reads `ids` of a resource: those that it has at least.
pub(super) fn ids(fields: &MergedMapping<'_>) -> ExternalIdChanges {
    ExternalIdChanges { add: binding_ids(fields), remove: Vec::new() }
}

/// Reads `ids` of a binding.
pub(in crate::manifest) fn binding_ids(fields: &MergedMapping<'_>) -> Vec<PlatformId> {
    fields.items("ids").filter_map(|found| PlatformId::parse(text(found.node)?).ok()).collect()
}
