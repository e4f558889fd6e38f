//! Paths of content items: `ENDPOINT:/a/b`, absolute, compared byte for byte.

use std::cmp::Ordering;
use std::fmt;

use super::escape::printable;
use super::problem::Problem;

/// Maximum length of a component, in characters; the limit of common file systems.
const MAX_COMPONENT_CHARS: usize = 255;

/// A valid path on an endpoint: the components with `/` between; empty for the root.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Path(Box<str>);

/// A folder comes before its contents, and its contents before its siblings.
impl Ord for Path {
    fn cmp(&self, other: &Path) -> Ordering {
        self.components().cmp(other.components())
    }
}

impl PartialOrd for Path {
    fn partial_cmp(&self, other: &Path) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Path {
    /// Maximum number of components; more than file systems support.
    pub const MAX_DEPTH: usize = 1024;

    /// Parses an absolute path; one trailing `/` is ignored.
    ///
    /// # Errors
    /// A usage problem that says which rule the text breaks.
    pub fn parse(text: &str) -> Result<Path, Problem> {
        let wrong = |why: &str| {
            Problem::usage("bad_path", format!("`{}` is not a path: {why}", printable(text)))
                .why("a path is absolute; its components are not empty, `.` or `..`, hold no NUL and have at most 255 characters")
        };
        let Some(rest) = text.strip_prefix('/') else { return Err(wrong("it does not begin with `/`")) };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.is_empty() {
            return if text.len() <= 1 { Ok(Path::default()) } else { Err(wrong("a component is empty")) };
        }
        let mut depth = 0;
        for component in rest.split('/') {
            check(component).map_err(wrong)?;
            depth += 1;
        }
        if depth > Path::MAX_DEPTH {
            return Err(wrong("it is deeper than 1024 folders"));
        }
        Ok(Path(rest.into()))
    }

    /// Checks one component, as the new name of an item.
    ///
    /// # Errors
    /// A usage problem that says which rule the text breaks.
    pub fn component(text: &str) -> Result<String, Problem> {
        let wrong = |why: &str| {
            Problem::usage("bad_path", format!("`{}` is not the name of an item: {why}", printable(text)))
                .why("a name is not empty, `.` or `..`, holds no `/` and no NUL and has at most 255 characters")
        };
        if text.contains('/') {
            return Err(wrong("it holds `/`"));
        }
        check(text).map(|()| text.to_owned()).map_err(wrong)
    }

    /// Whether a text is a valid component.
    pub fn is_component(text: &str) -> bool {
        !text.contains('/') && check(text).is_ok()
    }

    /// Whether the path is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The components, from the root down.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|component| !component.is_empty())
    }

    /// The number of components.
    pub fn depth(&self) -> usize {
        self.components().count()
    }

    /// The path of the parent folder, and the last component; `None` for the root.
    pub fn split_last(&self) -> Option<(Path, &str)> {
        if self.is_root() {
            return None;
        }
        let (folder, last) = self.0.rsplit_once('/').unwrap_or(("", &self.0));
        Some((Path(folder.into()), last))
    }

    /// The path of an item in this folder.
    #[must_use]
    pub fn join(&self, component: &str) -> Path {
        let whole = if self.is_root() { component.to_owned() } else { format!("{}/{component}", self.0) };
        Path(whole.into())
    }
}

fn check(component: &str) -> Result<(), &'static str> {
    match component {
        "" => Err("a component is empty"),
        "." | ".." => Err("a component is `.` or `..`"),
        _ if component.contains('\0') => Err("it holds NUL"),
        _ if component.len() > MAX_COMPONENT_CHARS && component.chars().count() > MAX_COMPONENT_CHARS => {
            Err("a component is longer than 255 characters")
        }
        _ => Ok(()),
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_back_without_the_trailing_slash() {
        for (text, shown) in
            [("/", "/"), ("/a", "/a"), ("/a/b/", "/a/b"), ("/a b/ü\n;:*\\/…", "/a b/ü\n;:*\\/…"), ("/...", "/...")]
        {
            assert_eq!(Path::parse(text).unwrap().to_string(), shown);
        }
        for bad in ["", "a", "a/b", "//", "/a//b", "/a//", "/./a", "/a/..", "/a\0", &format!("/{}", "x".repeat(256))] {
            assert!(Path::parse(bad).is_err(), "{bad:?}");
        }
        assert_ne!(Path::parse("/A").unwrap(), Path::parse("/a").unwrap());
    }

    #[test]
    fn the_contents_of_a_folder_come_right_after_it() {
        let sorted = ["/", "/a", "/a/b", "/a/b/c", "/a!", "/a-b/c", "/b"].map(|text| Path::parse(text).unwrap());
        assert!(sorted.is_sorted(), "{sorted:?}");
        for path in &sorted {
            let rebuilt = path.components().fold(Path::default(), |path, component| path.join(component));
            assert_eq!(rebuilt, *path);
            assert_eq!(
                path.split_last().map(|(folder, last)| folder.join(last)),
                (!path.is_root()).then(|| path.clone())
            );
        }
        assert_eq!(sorted.map(|path| path.depth()), [0, 1, 2, 3, 1, 2, 1]);
    }
}
