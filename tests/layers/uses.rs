//! Which file uses which: a graph read from the text of the sources.
//!
//! A file uses another one if it imports a name from it or writes a path to it. A name that another file imports, such
//! as the re-exports of a `mod.rs`, leads to the file that defines it. Methods are not seen: no path leads to them.

use std::collections::{BTreeMap, BTreeSet};

/// The segments of a path from the root of the crate, such as `model`, `name`, `Name`.
type Path = Vec<String>;

/// The files that each file leads to.
type Arrows<'a> = BTreeMap<&'a Path, BTreeSet<&'a Path>>;

/// The files of a crate, by the paths of their modules.
pub(super) struct Uses {
    files: BTreeMap<Path, File>,
}

/// The names in a file, without its tests.
#[derive(Default)]
struct File {
    /// Each imported name, and where it comes from.
    imports: Vec<(String, Path)>,
    /// The modules from which every name is imported.
    globs: Vec<Path>,
    /// The paths outside of imports, as they are written; a single word is a path too.
    paths: Vec<Path>,
}

impl Uses {
    /// Reads files, each with its path from the folder of the sources, such as `model/name.rs`, and its text.
    pub(super) fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Uses {
        let file = |(path, text): (&str, &str)| {
            let path = path.strip_suffix(".rs").unwrap();
            let path = path.strip_suffix("/mod").unwrap_or(path).split('/').map(str::to_owned).collect();
            let file = File::read(&path, &without_tests(&tokens(text)));
            (path, file)
        };
        Uses { files: files.into_iter().map(file).collect() }
    }

    /// The circles within layers: groups of files, as large as possible, in which every file uses every other one, at
    /// once or through files between them. What a file uses of those above and below it in the tree of modules is not
    /// counted: a folder is one concept with parts.
    pub(super) fn circles(&self) -> BTreeSet<BTreeSet<String>> {
        let arrows: Arrows<'_> = self.files.keys().map(|path| (path, self.used(path))).collect();
        let reached: Arrows<'_> = arrows.keys().map(|from| (*from, reached(from, &arrows))).collect();
        let circle = |from: &Path| {
            let both_ways = reached[from].iter().filter(|to| reached[**to].contains(from));
            both_ways.map(|path| path.join("::")).collect::<BTreeSet<_>>()
        };
        self.files.keys().map(circle).filter(|circle| !circle.is_empty()).collect()
    }

    /// What each file of a circle uses of the circle, for messages.
    pub(super) fn arrows(&self, circle: &BTreeSet<String>) -> String {
        let mut text = String::new();
        for path in self.files.keys().filter(|path| circle.contains(&path.join("::"))) {
            let used = self.used(path).into_iter().map(|path| path.join("::")).filter(|used| circle.contains(used));
            text.push_str(&format!("\n{} uses {}", path.join("::"), used.collect::<Vec<_>>().join(", ")));
        }
        text
    }

    /// The files of the same layer that a file uses at once, without those above and below it.
    fn used(&self, path: &Path) -> BTreeSet<&Path> {
        let file = &self.files[path];
        let mut found = BTreeSet::new();
        for used in file.imports.iter().map(|(_, from)| from).chain(&file.globs) {
            self.resolve(used, 0, &mut found);
        }
        for used in file.paths.iter().filter(|used| used.len() > 1) {
            self.resolve(&from_root(path, used), 0, &mut found);
        }
        // Through a glob, a file sees what another file imports. It uses what it also names.
        for above in file.globs.iter().filter_map(|glob| self.files.get(glob)) {
            let is_named = |name: &String| file.paths.iter().any(|path| path[0] == *name);
            let named = above.imports.iter().filter(|(name, _)| is_named(name)).map(|(_, from)| from);
            for used in named.chain(&above.globs) {
                self.resolve(used, 0, &mut found);
            }
        }
        found.retain(|used| used[0] == path[0] && !used.starts_with(path) && !path.starts_with(used));
        found
    }

    /// Adds the files that define what a path from the root leads to.
    fn resolve<'a>(&'a self, path: &[String], depth: usize, found: &mut BTreeSet<&'a Path>) {
        let nearest = (1..=path.len()).rev().find_map(|end| self.files.get_key_value(&path[..end]));
        let Some((file, names)) = nearest else { return };
        let rest = &path[file.len()..];
        let mut imports = names.imports.iter().filter(|(name, _)| rest.first() == Some(name)).peekable();
        if imports.peek().is_none() || depth == 8 {
            found.insert(file);
            return;
        }
        for (_, from) in imports {
            self.resolve(&[from.as_slice(), &rest[1..]].concat(), depth + 1, found);
        }
    }
}

impl File {
    fn read(path: &Path, mut tokens: &[&str]) -> File {
        let mut file = File::default();
        let mut before = "";
        while let Some((token, rest)) = tokens.split_first() {
            tokens = rest;
            // Not `use<'a>`, which is a bound.
            if *token == "use" && rest.first().is_some_and(|next| is_word(next)) {
                tokens = file.import(path, &[], rest);
            } else if is_word(token) && before != "::" && before != "." {
                let mut segments = vec![(*token).to_owned()];
                while let ["::", next, rest @ ..] = tokens
                    && is_word(next)
                {
                    segments.push((*next).to_owned());
                    tokens = rest;
                }
                file.paths.push(segments);
            }
            before = token;
        }
        file
    }

    /// Reads a tree of imports that continues a path. Returns the tokens after the tree.
    fn import<'t, 's>(&mut self, of: &Path, start: &[String], mut tokens: &'t [&'s str]) -> &'t [&'s str] {
        let mut path = start.to_vec();
        let mut name = None;
        while let Some((token, rest)) = tokens.split_first() {
            match *token {
                "{" => {
                    tokens = rest;
                    while let Some((token, rest)) = tokens.split_first()
                        && *token != "}"
                    {
                        tokens = if *token == "," { rest } else { self.import(of, &path, tokens) };
                    }
                    return tokens.get(1..).unwrap_or_default();
                }
                "*" => {
                    self.globs.push(from_root(of, &path));
                    return rest;
                }
                "," | ";" | "}" => break,
                "::" => {}
                "as" => name = rest.first(),
                // The alias.
                _ if name.is_some() => {}
                // `{self}`: the path so far.
                "self" if !path.is_empty() => {}
                word => path.push(word.to_owned()),
            }
            tokens = rest;
        }
        let name = name.map_or_else(|| path.last().unwrap().clone(), |alias| (*alias).to_owned());
        self.imports.push((name, from_root(of, &path)));
        tokens
    }
}

/// The files that a file leads to, at once or through files between them.
fn reached<'a>(from: &Path, arrows: &Arrows<'a>) -> BTreeSet<&'a Path> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&Path> = arrows[from].iter().copied().collect();
    while let Some(next) = open.pop() {
        if found.insert(next) {
            open.extend(&arrows[next]);
        }
    }
    found
}

/// A path from the root of the crate, for a path as a module writes it.
fn from_root(of: &Path, path: &[String]) -> Path {
    match path[0].as_str() {
        "crate" => path[1..].to_vec(),
        "self" => [of, &path[1..]].concat(),
        "super" => {
            let up = path.iter().take_while(|it| *it == "super").count();
            [&of[..of.len().saturating_sub(up)], &path[up..]].concat()
        }
        // A name in this module, or another crate: then the path leads to this file, which does no harm.
        _ => [of, path].concat(),
    }
}

fn is_word(token: &str) -> bool {
    token.starts_with(|it: char| it.is_alphabetic() || it == '_')
}

/// The words and signs of a source, without comments and the literals of strings and characters.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let past = |start: usize, end: &str| rest[start..].find(end).map_or(rest.len(), |at| start + at + end.len());
        let (length, is_token) = match first {
            '/' if rest.starts_with("//") => (past(2, "\n"), false),
            '/' if rest.starts_with("/*") => (past(2, "*/"), false),
            '"' => (quoted(rest), false),
            'r' if rest.starts_with("r\"") => (past(2, "\""), false),
            'r' if rest.starts_with("r#\"") => (past(3, "\"#"), false),
            // Not the start of a lifetime.
            '\'' if rest.starts_with("'\\") || rest.chars().nth(2) == Some('\'') => (quoted(rest), false),
            _ if is_word(rest) => {
                (rest.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(rest.len()), true)
            }
            // A range is not the dot before a method.
            ':' | '.' if rest.starts_with("::") || rest.starts_with("..") => (2, true),
            other => (other.len_utf8(), other.is_ascii_punctuation()),
        };
        let (token, behind) = rest.split_at(length);
        tokens.extend(is_token.then_some(token));
        rest = behind;
    }
    tokens
}

/// The length of the literal that a text begins with, up to the next quote of the same kind that is not escaped.
fn quoted(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.char_indices().skip(1).find(|(_, it)| {
        let is_end = !is_escaped && text.starts_with(*it);
        is_escaped = !is_escaped && *it == '\\';
        is_end
    });
    end.unwrap().0 + 1
}

/// The tokens without the module of tests.
fn without_tests<'t>(tokens: &[&'t str]) -> Vec<&'t str> {
    const TESTS: [&str; 10] = ["#", "[", "cfg", "(", "test", ")", "]", "mod", "tests", "{"];
    let Some(start) = tokens.windows(TESTS.len()).position(|it| it == TESTS) else { return tokens.to_vec() };
    let mut depth = 1;
    let end = tokens[start + TESTS.len()..].iter().position(|token| {
        depth += i32::from(*token == "{") - i32::from(*token == "}");
        depth == 0
    });
    [&tokens[..start], &tokens[start + TESTS.len() + end.unwrap() + 1..]].concat()
}

#[test]
fn a_circle_is_found_however_it_is_written() {
    for (one, other) in [
        ("use super::two::B;", "use super::super::layer::one::A;"),
        ("use crate::layer::{three::{D, E}, two::{self, B as C}};", "fn f() -> crate::layer::one::A {}"),
        ("use super::*; fn f(it: B) {}", "use super::{one}; const C: u8 = one::A;"),
        ("use super::two as other; fn f(it: &'static str) { other::b() }", "fn f(it: &[u8]) { it.get(..super::A) }"),
        (
            "fn f(it: char) -> bool { it == '\\'' || it == r\"\\\" || super::b() }",
            "fn f<'a>(it: &'a str) -> impl G + use<'a> { super::A }",
        ),
        ("use crate::layer as all; fn f() { all::two::b() }", "fn f() { super::again::a() }"),
    ] {
        let files = [
            ("layer/mod.rs", "mod one; pub use one::{A, self as again}; use two::{B, b};"),
            ("layer/one.rs", one),
            ("layer/two.rs", other),
            ("layer/three.rs", "pub struct D;"),
            ("layer/four.rs", "use super::A;"),
        ];
        let uses = Uses::read(files);
        let circle = BTreeSet::from(["layer::one", "layer::two"].map(str::to_owned));
        let arrows = "\nlayer::one uses layer::two\nlayer::two uses layer::one";
        assert_eq!(uses.circles(), BTreeSet::from([circle.clone()]), "{one} {other}");
        assert_eq!(uses.arrows(&circle), arrows, "{one} {other}");
    }
}

#[test]
fn what_is_not_code_and_what_lies_above_or_below_makes_no_circle() {
    for other in [
        "// use super::one::A;",
        "/* super::one::A */ const T: [&str; 3] = [\"\\\" super::one::A\", r\"super::one::A\", r#\"#\" super::one::A\"#];",
        "#[cfg(test)] mod tests { use crate::layer::one::A; fn f() { if x {} crate::layer::one::A } } fn f() {}",
        "use super::{Own, two_parts}; mod part;",
        "use crate::elsewhere::one::A; fn f(one: A) { one.two() }",
    ] {
        let files = [
            ("layer/mod.rs", "mod one; pub use one::A; pub struct Own; use two::*;"),
            ("layer/one.rs", "use super::two::B;"),
            ("layer/two.rs", other),
            ("layer/two/part.rs", "use super::B;"),
            ("elsewhere/one.rs", "use crate::layer::two::B;"),
        ];
        assert_eq!(Uses::read(files).circles(), BTreeSet::new(), "{other}");
    }
}
