//! The options for labels, which most resources have: texts that people read, and external ids.

use clap::Args;
use serde_json::{Value, json};

use super::view::ReadView;
use crate::model::{Id, PlatformId};
use crate::ops::external_id::{self, ExternalIdChanges};
use crate::ops::labels::LabelChanges;
use crate::policy::Facts;
use crate::render::RenderError;

// The texts of a resource.
#[derive(Args, Debug, Clone)]
pub(super) struct TextArgs {
    /// The name that people read; empty takes it away
    #[arg(long, value_name = "TEXT")]
    pub(super) display_name: Option<String>,
    /// What it is for; empty takes it away
    #[arg(long, value_name = "TEXT")]
    pub(super) description: Option<String>,
}

// The external ids of a new resource.
#[derive(Args, Debug, Clone)]
pub(super) struct NewIdArgs {
    /// What a platform calls it, as `PLATFORM[@INSTANCE]:ID` (can be repeated)
    #[arg(long = "id", value_name = "ID", value_parser = PlatformId::parse)]
    ids: Vec<PlatformId>,
}

// Changes of the external ids of a resource.
#[derive(Args, Debug, Clone)]
pub(super) struct IdArgs {
    #[command(flatten)]
    new: NewIdArgs,
    /// An external id that it loses (can be repeated)
    #[arg(long = "remove-id", value_name = "ID", value_parser = PlatformId::parse)]
    removed: Vec<PlatformId>,
}

/// The options for the ids of a new resource, or of one that exists.
pub(super) trait ExternalIdOptions: Args {
    /// The changes of the ids.
    fn changes(&self) -> ExternalIdChanges;

    /// The labels with these texts.
    fn with(&self, texts: &TextArgs) -> LabelChanges {
        LabelChanges {
            display_name: texts.display_name.clone(),
            description: texts.description.clone(),
            ids: self.changes(),
        }
    }
}

impl ExternalIdOptions for NewIdArgs {
    fn changes(&self) -> ExternalIdChanges {
        ExternalIdChanges { add: self.ids.clone(), remove: Vec::new() }
    }
}

impl ExternalIdOptions for IdArgs {
    fn changes(&self) -> ExternalIdChanges {
        ExternalIdChanges { add: self.new.ids.clone(), remove: self.removed.clone() }
    }
}

/// The external ids of a resource, for the column `ids`.
pub(super) fn ids<F: Facts>(view: &ReadView<'_, F>, of: Id) -> Result<Value, RenderError> {
    Ok(json!(external_id::of(&view.facts, of)?))
}
