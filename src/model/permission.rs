//! The seven permissions on content, sets of permissions, and the four presets, which name sets.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::escape::printable;
use super::problem::Problem;
use super::spelling::closest_match;

/// One permission that a share can give.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Permission {
    /// Create or upload an empty folder.
    CreateFolder,
    /// Rename files and folders.
    Rename,
    /// Upload files.
    UploadFiles,
    /// Download.
    Download,
    /// Preview movies.
    PreviewOnly,
    /// See what is in a folder.
    Browse,
    /// Delete or overwrite.
    Delete,
}

impl Permission {
    /// Every permission, in the order of the documentation.
    pub const ALL: [Permission; 7] = [
        Permission::CreateFolder,
        Permission::Rename,
        Permission::UploadFiles,
        Permission::Download,
        Permission::PreviewOnly,
        Permission::Browse,
        Permission::Delete,
    ];

    /// The word of this permission alone: `upload-files`, `preview-only`, never the name of a preset.
    pub const fn as_str(self) -> &'static str {
        match self {
            Permission::CreateFolder => "create-folder",
            Permission::Rename => "rename",
            Permission::UploadFiles => "upload-files",
            Permission::Download => "download",
            Permission::PreviewOnly => "preview-only",
            Permission::Browse => "browse",
            Permission::Delete => "delete",
        }
    }

    fn from_name(word: &str) -> Option<Permission> {
        match word {
            "perm:upload" => Some(Permission::UploadFiles),
            "perm:preview" => Some(Permission::PreviewOnly),
            _ => Permission::ALL.into_iter().find(|permission| permission.as_str() == word),
        }
    }
}

/// A set of permissions; possibly empty.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Permissions(u8);

impl Permissions {
    /// No permission.
    pub const NONE: Permissions = Permissions(0);
    /// All seven: the preset `edit`.
    pub const EDIT: Permissions = Permissions(0b111_1111);
    /// The preset `view`: browse, download, preview.
    pub const VIEW: Permissions =
        Permissions::single(Permission::Browse).and(Permission::Download).and(Permission::PreviewOnly);
    /// The preset `upload`: create folders and upload files.
    pub const UPLOAD: Permissions = Permissions::single(Permission::CreateFolder).and(Permission::UploadFiles);
    /// The preset `preview`: browse and preview.
    pub const PREVIEW: Permissions = Permissions::single(Permission::Browse).and(Permission::PreviewOnly);
    /// Every preset, with its word and its label.
    pub const PRESETS: [(Permissions, &str, &str); 4] = [
        (Permissions::EDIT, "edit", "Edit"),
        (Permissions::VIEW, "view", "View"),
        (Permissions::UPLOAD, "upload", "Upload"),
        (Permissions::PREVIEW, "preview", "Preview"),
    ];

    /// The set of one permission.
    pub const fn single(permission: Permission) -> Permissions {
        Permissions(1 << permission as u8)
    }

    /// This set with one more permission.
    #[must_use]
    pub const fn and(self, permission: Permission) -> Permissions {
        self.union(Permissions::single(permission))
    }

    /// The permissions in either set.
    #[must_use]
    pub const fn union(self, other: Permissions) -> Permissions {
        Permissions(self.0 | other.0)
    }

    /// The permissions in both sets.
    #[must_use]
    pub const fn intersection(self, other: Permissions) -> Permissions {
        Permissions(self.0 & other.0)
    }

    /// The permissions in this set and not in the other.
    #[must_use]
    pub const fn without(self, other: Permissions) -> Permissions {
        Permissions(self.0 & !other.0)
    }

    /// Whether this set has every permission of the other.
    pub const fn contains(self, other: Permissions) -> bool {
        other.without(self).is_empty()
    }

    /// Whether this set has a permission.
    pub const fn has(self, permission: Permission) -> bool {
        self.contains(Permissions::single(permission))
    }

    /// Whether the set has no permission.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The permissions of the set, in the order of the documentation.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |permission| self.has(*permission))
    }

    /// The words of the permissions of the set.
    pub fn names(self) -> Vec<&'static str> {
        self.iter().map(Permission::as_str).collect()
    }

    /// The label of the set: the name of a preset, `Custom` for any other set, `None` for the empty set.
    pub fn label(self) -> &'static str {
        if self.is_empty() {
            return "None";
        }
        self.preset_row().map_or("Custom", |(.., label)| label)
    }

    /// The word of the preset that is this set; `None` for any other set.
    pub fn preset(self) -> Option<&'static str> {
        self.preset_row().map(|(_, word, _)| word)
    }

    fn preset_row(self) -> Option<(Permissions, &'static str, &'static str)> {
        Permissions::PRESETS.into_iter().find(|(set, ..)| *set == self)
    }

    /// The set as the option `--permission` takes it: the word of a preset, or a list of permissions.
    pub fn typed(self) -> String {
        self.preset().map_or_else(|| self.to_string(), str::to_owned)
    }

    /// Whether the set is neither a preset nor empty.
    pub fn is_custom(self) -> bool {
        self.label() == "Custom"
    }

    /// Parses a list of presets and permissions, separated by commas or spaces. A word that could mean
    /// both a preset and a permission means the preset.
    ///
    /// # Errors
    /// A usage problem for an unknown word, or for no word at all.
    pub fn parse(text: &str) -> Result<Permissions, Problem> {
        let mut set = Permissions::NONE;
        // Lists separate words by commas, columns of output by spaces.
        for word in text.split(',').flat_map(|part| part.trim().split(' ')) {
            set = set.union(Permissions::from_name(word).ok_or_else(|| unknown(word))?);
        }
        Ok(set)
    }

    fn from_name(word: &str) -> Option<Permissions> {
        let preset = match word.strip_prefix("preset:").unwrap_or(word) {
            "can-edit" | "rw" => "edit",
            "download-only" | "r" => "view",
            other => other,
        };
        if let Some((set, ..)) = Permissions::PRESETS.into_iter().find(|(_, known, _)| *known == preset) {
            return Some(set);
        }
        Permission::from_name(word).map(Permissions::single)
    }
}

/// Every word that names a set, presets first. Help, completion and messages offer these.
pub const NAMES: [&str; 11] = [
    "edit",
    "view",
    "upload",
    "preview",
    "create-folder",
    "rename",
    "upload-files",
    "download",
    "preview-only",
    "browse",
    "delete",
];

fn unknown(word: &str) -> Problem {
    let problem = Problem::usage("bad_permission", format!("unknown permission `{}`", printable(word)));
    let problem = match closest_match(word, NAMES.into_iter()) {
        Some(near) => problem.tip(format!("did you mean `{near}`?")),
        None => problem,
    };
    problem.tip(format!("presets and permissions are: {}", NAMES.join(", ")))
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(","))
    }
}

impl Serialize for Permissions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.names())
    }
}

impl<'de> Deserialize<'de> for Permissions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Permissions, D::Error> {
        let words: Vec<std::borrow::Cow<'de, str>> = Vec::deserialize(deserializer)?;
        words.iter().try_fold(Permissions::NONE, |set, word| match Permission::from_name(word) {
            Some(permission) => Ok(set.and(permission)),
            None => Err(serde::de::Error::custom(format!("unknown permission `{word}`"))),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_read_back_as_shown() {
        for bits in 1..=0b111_1111 {
            let set = Permissions(bits);
            assert_eq!(Permissions::parse(&set.to_string()).unwrap(), set);
            assert_eq!(Permissions::parse(&set.names().join(" ")).unwrap(), set);
            let json = serde_json::to_string(&set).unwrap();
            assert_eq!(serde_json::from_str::<Permissions>(&json).unwrap(), set);
        }
    }

    #[test]
    fn presets_are_names_for_sets_and_a_bare_word_means_the_preset() {
        let of = |text: &str| Permissions::parse(text).unwrap().names();
        assert_eq!(of("edit").len(), 7);
        assert_eq!(of("can-edit"), of("rw"));
        assert_eq!(of("view"), ["download", "preview-only", "browse"]);
        assert_eq!(of("download-only"), of("r"));
        assert_eq!(of("upload"), ["create-folder", "upload-files"]);
        assert_eq!(of("preset:upload"), of("upload"));
        assert_eq!(of("perm:upload"), ["upload-files"]);
        assert_eq!(of("preview"), ["preview-only", "browse"]);
        assert_eq!(of("perm:preview"), ["preview-only"]);
        assert_eq!(Permissions::parse("browse,download,preview-only").unwrap().label(), "View");
        assert_eq!(Permissions::parse("browse,download").unwrap().label(), "Custom");
        for bad in ["", "browse,", ",browse", "browse,,delete"] {
            assert!(Permissions::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Permissions::parse("brwose").unwrap_err().tips[0], "did you mean `browse`?");
    }
}
