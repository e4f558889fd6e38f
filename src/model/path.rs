//! Paths of content items: `ENDPOINT:/a/b`, absolute, compared byte for byte.

use std::fmt;

use super::name::printable;
use super::problem::Problem;

/// The longest component, in characters; the longest that file systems take.
const LONGEST: usize = 255;
/// The most components; deeper than any file system goes.
const DEEPEST: usize = 1024;

/// A legal path inside an endpoint: its components, none for the root.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Path(Vec<String>);

impl Path {
    /// The root, `/`.
    pub const ROOT: Path = Path(Vec::new());

    /// Reads an absolute path; one trailing `/` is ignored.
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
            return if text.len() <= 1 { Ok(Path::ROOT) } else { Err(wrong("a component is empty")) };
        }
        let mut components = Vec::new();
        for component in rest.split('/') {
            components.push(check(component).map_err(wrong)?.to_owned());
        }
        if components.len() > DEEPEST {
            return Err(wrong("it is deeper than 1024 folders"));
        }
        Ok(Path(components))
    }

    /// Reads one component, as a new name for an item.
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
        check(text).map(str::to_owned).map_err(wrong)
    }

    /// Its components, from the root down.
    pub fn components(&self) -> &[String] {
        &self.0
    }

    /// The folder it lies in and its last component; none for the root.
    pub fn split_last(&self) -> Option<(Path, &str)> {
        let (last, rest) = self.0.split_last()?;
        Some((Path(rest.to_vec()), last))
    }

    /// The path of something in this folder.
    #[must_use]
    pub fn join(&self, component: &str) -> Path {
        let mut components = self.0.clone();
        components.push(component.to_owned());
        Path(components)
    }
}

fn check(component: &str) -> Result<&str, &'static str> {
    match component {
        "" => Err("a component is empty"),
        "." | ".." => Err("a component is `.` or `..`"),
        _ if component.contains('\0') => Err("it holds NUL"),
        _ if component.chars().count() > LONGEST => Err("a component is longer than 255 characters"),
        _ => Ok(component),
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("/");
        }
        self.0.iter().try_for_each(|component| write!(f, "/{component}"))
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
}
