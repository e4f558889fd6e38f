//! [`SetNames`]: the sets of manifests that declare a row.

use std::sync::Arc;

/// The separator between names; no name contains it.
const SEPARATOR: char = ';';

/// The names of the sets that declare a row; empty for a row that was made by hand.
///
/// Most rows belong to no set or to one, and rows of the same set share its text.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct SetNames(Option<Arc<str>>);

impl SetNames {
    /// No set: made by hand.
    pub const NONE: SetNames = SetNames(None);

    /// Reads the text of a column of the store.
    pub fn from_text(text: Option<&str>) -> SetNames {
        SetNames(text.filter(|text| !text.is_empty()).map(Arc::from))
    }

    /// The text for a column of the store: the sorted names with `;` between, or `None` if there are none.
    pub fn text(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Whether no set declares the row.
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.text().into_iter().flat_map(|text| text.split(SEPARATOR))
    }

    /// Whether this set declares the row.
    pub fn has(&self, name: &str) -> bool {
        self.names().any(|own| own == name)
    }

    /// These names and one more.
    #[must_use]
    pub fn with(&self, name: &str) -> SetNames {
        if self.has(name) {
            return self.clone();
        }
        let mut names: Vec<&str> = self.names().chain([name]).collect();
        names.sort_unstable();
        SetNames::from_text(Some(&names.join(";")))
    }

    /// These names without one.
    #[must_use]
    pub fn without(&self, name: &str) -> SetNames {
        if !self.has(name) {
            return self.clone();
        }
        let left: Vec<&str> = self.names().filter(|own| *own != name).collect();
        SetNames::from_text(Some(&left.join(";")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_come_and_go() {
        let both = SetNames::NONE.with("studio").with("acme").with("studio");
        assert_eq!(both.text(), Some("acme;studio"));
        assert!(both.has("acme") && !both.has("acm"));
        assert_eq!(both.without("acme").text(), Some("studio"));
        assert_eq!(both.without("studio").without("acme").without("x"), SetNames::NONE);
        assert_eq!(SetNames::from_text(both.text()), both);
        assert_eq!(SetNames::NONE.names().count(), 0);
    }
}
