//! Why a dump is refused: one table. A dump that is not what it looks like makes the store say less than the platform gives,
//! and an import would take away what it did not see.

use std::fmt;

use crate::model::escape::printable;
use crate::model::{Problem, ProblemKind};

/// The place of a mistake: a file, a line of a tape, and a position in the document.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Place {
    /// The name of the file, as it was given.
    pub file: String,
    /// The line of the tape; `None` for a file that is one document.
    pub line: Option<usize>,
    /// The JSON pointer (RFC 6901); empty for the whole document.
    pub pointer: String,
}

impl Place {
    /// A whole file.
    pub fn of_file(file: &str) -> Place {
        Place { file: file.to_owned(), ..Place::default() }
    }

    /// A part of the document: a key, or the number of an element.
    #[must_use]
    pub fn at(&self, part: impl fmt::Display) -> Place {
        let part = part.to_string().replace('~', "~0").replace('/', "~1");
        Place { pointer: format!("{}/{part}", self.pointer), ..self.clone() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.file))?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if self.pointer.is_empty() { Ok(()) } else { write!(f, "#{}", printable(&self.pointer)) }
    }
}

/// A row is `Variant = fixed word, why, what to try`.
macro_rules! refusals {
    ($($(#[$doc:meta])* $refusal:ident = $code:literal, $why:literal, $tip:literal;)*) => {
        /// A reason to refuse a dump.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Refusal { $($(#[$doc])* $refusal,)* }

        impl Refusal {
            /// Every reason.
            pub const ALL: [Refusal; [$($code),*].len()] = [$(Refusal::$refusal),*];

            /// The fixed word for programs.
            pub const fn code(self) -> &'static str {
                match self { $(Refusal::$refusal => $code,)* }
            }

            const fn why(self) -> &'static str {
                match self { $(Refusal::$refusal => $why,)* }
            }

            const fn tip(self) -> &'static str {
                match self { $(Refusal::$refusal => $tip,)* }
            }
        }
    };
}

refusals! {
    /// A page or a count says that there is more.
    Truncated = "truncated_list",
        "what a list that is cut does not show would count as absent",
        "read all of it: rolebook fetch PLATFORM --out FOLDER";
    /// Nothing proves that the list is whole.
    Unproven = "unproven_list",
        "a client that shows one page, or hides a failure, prints such a list too",
        "--complete, if you know that it is whole, with --count FILE=N where the number of rows is that of a page; or rolebook fetch";
    /// The list does not say whose it is.
    Unowned = "unowned_list",
        "the roles, rules or members could be those of anything",
        "--of FILE=ID, or put the id into the name of the file";
    /// The list comes from an interface that does not tell all of it.
    WrongInterface = "wrong_interface",
        "Transfer does not tell the roles of Globus Connect Server 5",
        "read them from the manager: globus gcs endpoint role list ID --all-roles -F json; or rolebook fetch globus";
    /// A role, a level, a status or a kind that is not known.
    UnknownValue = "unknown_value",
        "a value that is not known may give more than any that is",
        "see whether a later version of rolebook knows it";
    /// Accounts without their settings.
    Unexpanded = "unexpanded_accounts",
        "a setting that is absent is not the default",
        "read them with `expand`: --query=@json:'{\"expand\":true}'; or rolebook fetch faspex";
    /// The answer of a command, an error, or another document.
    NotAList = "not_a_list",
        "the answer to a change, or a single row, is not what is there",
        "give the list: rolebook fetch PLATFORM --out FOLDER reads all of them";
    /// An identity that is named twice.
    NamedTwice = "named_twice",
        "two rows for one identity contradict each other",
        "read the list again";
    /// A principal that nobody can name.
    Unresolved = "unresolved_principal",
        "somebody holds this and no list says who",
        "--unresolved keep, which makes an account named by the id";
    /// Dumps that do not belong together.
    Mixed = "mixed_dumps",
        "lists of different callers or times do not show one state",
        "import them one by one, or read the platform in one fetch";
    /// The rules of an endpoint without its roles, and whatever else shows less than there is.
    ShowsLess = "shows_less",
        "the store would say less than the platform gives",
        "--approximate, which takes what gives more and warns";
}

/// A refusal with its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// The reason.
    pub refusal: Refusal,
    /// Where it stands.
    pub place: Place,
    /// What is wrong there.
    pub message: String,
}

impl Refused {
    /// A refusal.
    pub fn new(refusal: Refusal, place: Place, message: impl Into<String>) -> Refused {
        Refused { refusal, place, message: message.into() }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// The refusals as one problem, with what to try for each kind once.
pub fn problem(refused: &[Refused]) -> Problem {
    let code = refused.first().map_or("bad_dump", |first| first.refusal.code());
    let message = match refused {
        [one] => one.to_string(),
        many => format!("the dumps have {} mistakes", many.len()),
    };
    let mut problem = Problem::new(ProblemKind::Input, code, message);
    if refused.len() > 1 {
        problem.details = refused.iter().map(ToString::to_string).collect();
    }
    let mut kinds: Vec<Refusal> = refused.iter().map(|it| it.refusal).collect();
    kinds.sort_unstable();
    kinds.dedup();
    if let [only] = kinds.as_slice() {
        problem = problem.why(only.why());
    }
    kinds.into_iter().fold(problem, |problem, kind| problem.tip(kind.tip()))
}
