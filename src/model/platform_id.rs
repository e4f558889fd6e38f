//! External ids: what a platform calls an account, a group or a place. A name may change, an id does not.
//!
//! An external id is written `PLATFORM[@INSTANCE]:ID`, as in `globus:46bd0f56-…` or `faspex@studio:3`, and as a reference
//! with `id:` in front.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::escape::{is_hidden, printable};
use super::problem::Problem;
use super::spelling::closest_match;

/// What a reference by an external id begins with. No name holds a colon, so no name begins with it.
pub const ID_PREFIX: &str = "id:";

/// Maximum length of an external id, in bytes.
const MAX_BYTES: usize = 255;

macro_rules! platforms {
    ($($(#[$doc:meta])* $platform:ident = $word:literal, $title:literal;)*) => {
        /// A platform whose ids the store can hold.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Platform { $($(#[$doc])* $platform,)* }

        impl Platform {
            /// Every platform.
            pub const ALL: [Platform; [$($word),*].len()] = [$(Platform::$platform),*];
            /// The words for the platforms, in external ids and on the command line.
            pub const WORDS: &[&str] = &[$($word),*];

            /// The word for the platform.
            pub const fn as_str(self) -> &'static str {
                match self { $(Platform::$platform => $word,)* }
            }

            /// The name of the product.
            pub const fn title(self) -> &'static str {
                match self { $(Platform::$platform => $title,)* }
            }
        }
    };
}

platforms! {
    /// Globus: Auth, Groups, Transfer and Globus Connect Server.
    Globus = "globus", "Globus";
    /// IBM Aspera Faspex 5.
    Faspex = "faspex", "Aspera Faspex";
    /// IBM Aspera on Cloud.
    Aoc = "aoc", "Aspera on Cloud";
    /// The node API of an Aspera transfer server.
    Node = "node", "Aspera node";
    /// FastPix.
    Fastpix = "fastpix", "FastPix";
}

impl Platform {
    /// The platform with this word.
    pub fn from_name(word: &str) -> Option<Platform> {
        Platform::ALL.into_iter().find(|platform| platform.as_str() == word)
    }
}

/// A platform and, where there are several installations of it, which of them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Instance {
    /// The platform.
    pub platform: Platform,
    /// The label of the installation; `None` where there is one only.
    pub label: Option<Arc<str>>,
}

impl Instance {
    /// Parses `PLATFORM` or `PLATFORM@INSTANCE`.
    ///
    /// # Errors
    /// A usage problem that names the platforms, or the rule for labels.
    pub fn parse(text: &str) -> Result<Instance, Problem> {
        let (word, label) = text.split_once('@').map_or((text, None), |(word, label)| (word, Some(label)));
        let Some(platform) = Platform::from_name(word) else {
            let problem = Problem::usage("bad_external_id", format!("`{}` is not a platform", printable(word)));
            return Err(match closest_match(word, Platform::WORDS.iter().copied()) {
                Some(near) => problem.tip(format!("did you mean `{near}`?")),
                None => problem.tip(format!("the platforms are: {}", Platform::WORDS.join(", "))),
            });
        };
        let is_label = |label: &str| {
            !label.is_empty()
                && label.len() <= MAX_BYTES
                && label.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || b"-_.".contains(&it))
        };
        if let Some(label) = label.filter(|label| !is_label(label)) {
            let message = format!("`{}` is not the label of an installation", printable(label));
            return Err(Problem::usage("bad_external_id", message)
                .tip("write lower-case letters, digits, `-`, `_` and `.`, as in `faspex@studio`"));
        }
        Ok(Instance { platform, label: label.map(Arc::from) })
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.platform.as_str())?;
        self.label.as_ref().map_or(Ok(()), |label| write!(f, "@{label}"))
    }
}

/// The id of something on a platform.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PlatformId {
    /// The installation that gave the id.
    pub instance: Instance,
    /// The id as the platform writes it; a UUID in lower case.
    pub id: Arc<str>,
}

impl PlatformId {
    /// An id of an installation.
    ///
    /// # Errors
    /// A usage problem for an id that is empty, too long, or has spaces or hidden characters.
    pub fn new(instance: Instance, id: &str) -> Result<PlatformId, Problem> {
        let wrong = |why: &str| {
            Problem::usage("bad_external_id", format!("`{}` is not an id: {why}", printable(id)))
                .tip("write PLATFORM:ID or PLATFORM@INSTANCE:ID, as in `faspex@studio:3`")
        };
        if id.is_empty() {
            return Err(wrong("it is empty"));
        }
        if id.len() > MAX_BYTES {
            return Err(wrong("it is longer than 255 bytes"));
        }
        // A path follows an endpoint after `:/`, and a list separates its entries with spaces and commas.
        if let Some(other) = id.chars().find(|it| it.is_whitespace() || is_hidden(*it) || matches!(it, '/' | ',' | '#'))
        {
            return Err(wrong(&format!("it holds `{}`", other.escape_default())));
        }
        let id = if is_uuid(id) { id.to_ascii_lowercase().into() } else { id.into() };
        Ok(PlatformId { instance, id })
    }

    /// Parses `PLATFORM[@INSTANCE]:ID`.
    ///
    /// # Errors
    /// As [`Instance::parse`] and [`PlatformId::new`].
    pub fn parse(text: &str) -> Result<PlatformId, Problem> {
        let (instance, id) = text.split_once(':').ok_or_else(|| {
            Problem::usage("bad_external_id", format!("`{}` is not an external id", printable(text)))
                .tip("write PLATFORM:ID or PLATFORM@INSTANCE:ID, as in `faspex@studio:3`")
        })?;
        PlatformId::new(Instance::parse(instance)?, id)
    }
}

impl fmt::Display for PlatformId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.instance, self.id)
    }
}

impl Serialize for PlatformId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PlatformId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PlatformId, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        PlatformId::parse(&text).map_err(|problem| serde::de::Error::custom(problem.message))
    }
}

/// Whether a text is a UUID, which platforms write in either case.
pub fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let upper = PlatformId::parse("globus:46BD0F56-E24F-11E5-A510-131BEF46955C").unwrap();
        assert_eq!(upper.to_string(), "globus:46bd0f56-e24f-11e5-a510-131bef46955c");
        for text in ["faspex@studio:3", "aoc:15", "node@eu-1.example:Alice", "globus:urn:globus:auth:identity:1"] {
            assert_eq!(PlatformId::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in [
            "",
            "globus",
            "globus:",
            "globes:1",
            "Globus:1",
            ":1",
            "faspex@:1",
            "faspex@St:1",
            "aoc:a b",
            "aoc:a/b",
            "aoc:a,b",
            "aoc:a#1",
            "aoc:\u{202e}1",
        ] {
            assert!(PlatformId::parse(text).is_err(), "{text}");
        }
        let problem = PlatformId::parse("globes:1").unwrap_err();
        assert!(problem.tips.iter().any(|tip| tip.contains("`globus`")), "{problem:?}");
    }
}
