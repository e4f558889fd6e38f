//! Who declared a thing: the named sets of manifests that a row belongs to.

use std::sync::Arc;

/// What stands between the names; no name holds it.
const SEPARATOR: char = ';';

/// The sets that declare a row, by name; none for one that was made by hand.
///
/// Most rows belong to none or to one, and those of one set share its text.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct SetNames(Option<Arc<str>>);

impl SetNames {
    /// Made by hand.
    pub const NONE: SetNames = SetNames(None);

    /// As a column of the store has them.
    pub fn from_text(text: Option<&str>) -> SetNames {
        SetNames(text.filter(|text| !text.is_empty()).map(Arc::from))
    }

    /// As a column of the store has them: the names in their order with `;` between, or nothing.
    pub fn text(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Whether nobody declares it.
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The names, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.text().into_iter().flat_map(|text| text.split(SEPARATOR))
    }

    /// Whether a set declares it.
    pub fn has(&self, name: &str) -> bool {
        self.names().any(|own| own == name)
    }

    /// These and one more.
    #[must_use]
    pub fn with(&self, name: &str) -> SetNames {
        if self.has(name) {
            return self.clone();
        }
        let mut names: Vec<&str> = self.names().chain([name]).collect();
        names.sort_unstable();
        SetNames::from_text(Some(&names.join(";")))
    }

    /// These but for one.
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
