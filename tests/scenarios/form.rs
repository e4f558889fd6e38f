//! The format of the scenario files: a manifest, what no manifest can declare, and how questions are written.

use std::collections::BTreeMap;

use rolebook::model::attributes::TokenMode;
use rolebook::model::catalogue::findings::FindingKind;
use serde::Deserialize;

/// A file of scenarios.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    /// The name of the file, for messages.
    #[serde(skip)]
    pub(super) name: String,
    /// The text of all other sections, which are those of a manifest.
    #[serde(skip)]
    pub(super) manifest: String,
    #[serde(default)]
    pub(super) extra: Extra,
    #[serde(default)]
    pub(super) questions: Vec<Asked>,
    /// Who is shown what.
    #[serde(default)]
    pub(super) told: Vec<ToldAsked>,
    /// Who may change which share, and who may see it.
    #[serde(default)]
    pub(super) share_changes: Vec<ShareAsked>,
}

impl File {
    /// The sections that are not sections of a manifest.
    const OWN_SECTIONS: [&str; 4] = ["extra", "questions", "told", "share-changes"];

    /// Separates the manifest from the other sections. In either text the lines of the other are empty, so that
    /// messages have the right line.
    pub(super) fn parse(name: &str, text: &str) -> File {
        let (mut manifest, mut own, mut is_own) = (String::new(), String::new(), false);
        for line in text.lines() {
            if let Some((key, _)) =
                line.split_once(':').filter(|_| line.starts_with(|it: char| it.is_ascii_alphabetic()))
            {
                is_own = File::OWN_SECTIONS.contains(&key);
            }
            let (to, other) = if is_own { (&mut own, &mut manifest) } else { (&mut manifest, &mut own) };
            to.push_str(line);
            to.push('\n');
            other.push('\n');
        }
        let file: File = serde_saphyr::from_str(&own).unwrap_or_else(|error| panic!("{name}: {error}"));
        File { name: name.to_owned(), manifest, ..file }
    }
}

/// What a store can hold and no manifest declares. The words are those of manifests where they have the word.
#[derive(Deserialize, Debug, Default)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Extra {
    /// Dropbox → addresses with an active private link.
    pub(super) invited: BTreeMap<String, Vec<String>>,
    /// Dropbox → addresses whose private link was revoked.
    pub(super) revoked: BTreeMap<String, Vec<String>>,
    /// The package `first` is `package:first` in questions.
    pub(super) packages: Vec<PackageFacts>,
    /// Workspace → members of the manifest who have left it.
    pub(super) left: BTreeMap<String, Vec<String>>,
    /// Organization → addresses with a pending invitation.
    pub(super) org_invitations: BTreeMap<String, Vec<String>>,
    /// The name in questions → the workspace, or `org:NAME`.
    pub(super) signing_keys: BTreeMap<String, String>,
    /// By the name in questions.
    pub(super) access_tokens: BTreeMap<String, TokenFacts>,
    /// Name → workspace.
    pub(super) media: BTreeMap<String, String>,
    /// Name → workspace.
    pub(super) streams: BTreeMap<String, String>,
    /// The name in questions → the finding that is accepted and the resource.
    pub(super) accepted: BTreeMap<String, AcceptedFacts>,
    /// The name of a review of everything, and of a decision in it → its reviewer.
    pub(super) reviews: BTreeMap<String, String>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct AcceptedFacts {
    pub(super) finding: FindingKind,
    pub(super) on: String,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct PackageFacts {
    pub(super) name: String,
    /// An account or an `invitee:ADDRESS`.
    pub(super) from: String,
    pub(super) to: Vec<String>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenFacts {
    pub(super) workspace: String,
    pub(super) mode: TokenMode,
    #[serde(default)]
    pub(super) revoked: bool,
    #[serde(default)]
    pub(super) expires: Option<String>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// The id of the sentence in `sentences.yaml`, or of a decision.
    pub(super) sentence: String,
    /// `PRINCIPAL ACTION RESOURCE`; each may be several with `|` between, and all of them are asked.
    pub(super) ask: String,
    /// `allowed` or `denied`.
    pub(super) answer: String,
    /// The rule that decides, if the scenario is about it.
    #[serde(default)]
    pub(super) rule: Option<String>,
    /// The time of the question; the first moment of 2026 by default.
    #[serde(default)]
    pub(super) at: Option<String>,
}

impl Asked {
    /// Every question that the line stands for: principal, action, resource.
    pub(super) fn questions(&self) -> Vec<[&str; 3]> {
        let words: Vec<&str> = self.ask.split(' ').collect();
        let [principals, actions, resources] = words[..] else { panic!("`{}` is no question", self.ask) };
        let mut all = Vec::new();
        for principal in principals.split('|') {
            for action in actions.split('|') {
                all.extend(resources.split('|').map(|resource| [principal, action, resource]));
            }
        }
        all
    }
}

/// Whether an aspect is shown to a reader.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct ToldAsked {
    pub(super) sentence: String,
    /// Who; may be several with `|` between.
    pub(super) who: String,
    /// `existence`, `details`, `bindings`, `own-access`, `others-access` or `log`.
    pub(super) what: String,
    /// The resources; may be several with `|` between.
    pub(super) on: String,
    /// For bindings, the holder.
    #[serde(default)]
    pub(super) with: Option<String>,
    /// `told` or `hidden`.
    pub(super) answer: String,
    /// The rule that discloses it.
    #[serde(default)]
    pub(super) rule: Option<String>,
}

/// Whether a principal may change or see an existing share.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct ShareAsked {
    pub(super) sentence: String,
    /// Who; may be several with `|` between.
    pub(super) who: String,
    /// `change` or `see`.
    pub(super) may: String,
    /// The share: item, receiver, sharer (the operator by default).
    pub(super) item: String,
    pub(super) with: String,
    #[serde(default)]
    pub(super) by: Option<String>,
    pub(super) answer: String,
    #[serde(default)]
    pub(super) rule: Option<String>,
    #[serde(default)]
    pub(super) at: Option<String>,
}

/// A sentence of a seed.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Sentence {
    /// The sentence, word for word.
    pub(super) text: String,
    /// Whether it states a rule; if not, why not.
    #[serde(default)]
    pub(super) no_rule: Option<String>,
}
