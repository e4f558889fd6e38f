//! The command line as the log keeps it: without the options that say how to show the answer, and as whom to act.

use std::ffi::OsString;

use clap::{Arg, Args, Command};

use super::args::{GlobalArgs, ReadArgs, WriteArgs};
use crate::model::name::shell_quote;

/// The options that the log leaves out, as clap defines them.
struct OmittedOptions(Vec<Arg>);

impl OmittedOptions {
    fn read() -> OmittedOptions {
        let all = WriteArgs::augment_args(ReadArgs::augment_args(GlobalArgs::augment_args(Command::new(""))));
        OmittedOptions(all.get_arguments().cloned().collect())
    }

    /// Whether the omitted option `--NAME` takes a value; `None` if there is no such option.
    fn long(&self, name: &str) -> Option<bool> {
        self.0.iter().find(|it| it.get_long() == Some(name)).map(takes_value)
    }

    fn short(&self, letter: char) -> Option<bool> {
        self.0.iter().find(|it| it.get_short() == Some(letter)).map(takes_value)
    }

    /// Whether the next word is the value of the last option in this one; `None` if the log keeps this word.
    fn word(&self, word: &str) -> Option<bool> {
        if let Some(long) = word.strip_prefix("--") {
            let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
            return self.long(name).map(|takes| takes && value.is_none());
        }
        let letters = word.strip_prefix('-').filter(|letters| !letters.is_empty())?;
        for (index, letter) in letters.char_indices() {
            // The letters after one that takes a value are the value.
            if self.short(letter)? {
                return Some(index + letter.len_utf8() == letters.len());
            }
        }
        Some(false)
    }
}

fn takes_value(option: &Arg) -> bool {
    option.get_action().takes_values()
}

/// The command line as the log keeps it; `args` start with the program.
pub(super) fn command_line(args: &[OsString]) -> String {
    let left_out = OmittedOptions::read();
    let mut kept = Vec::new();
    let mut words = args.iter().skip(1).map(|arg| arg.to_string_lossy());
    while let Some(word) = words.next() {
        if word == "--" {
            // The words that follow are not options, whatever they look like.
            kept.push(word.into_owned());
            kept.extend(words.map(|word| shell_quote(&word)));
            break;
        }
        match left_out.word(&word) {
            Some(true) => {
                words.next();
            }
            Some(false) => {}
            None => {
                let plain_option = word.starts_with("--") && !word.contains(|c: char| c.is_whitespace() || c == '\'');
                kept.push(if plain_option || word == "-" { word.into_owned() } else { shell_quote(&word) });
            }
        }
    }
    kept.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_keeps_the_command_without_its_output_options() {
        for (line, kept) in [
            (
                "--store x.db account add bob_smith -ojson --reason=why --as alice --role user -q",
                "account add bob_smith --role user",
            ),
            ("account add bob -qvo json --dry-run --access --create --yes", "account add bob"),
            ("account add bob -vojson --no-headers --columns=a --sort -name --color never", "account add bob"),
            ("group add -- --yes --as -q x y", "group add -- '--yes' '--as' '-q' x y"),
            ("dropbox claim intake a@b.c --link - -v", "dropbox claim intake a@b.c --link -"),
            ("undo 3 --at 2 --output table", "undo 3"),
            ("content set n:/x --as=bob --size 3", "content set n:/x --size 3"),
        ] {
            let args: Vec<OsString> = std::iter::once("rolebook").chain(line.split(' ')).map(OsString::from).collect();
            assert_eq!(command_line(&args), kept, "{line}");
        }
        let spaced = ["rolebook", "account", "add", "bob smith"].map(OsString::from);
        assert_eq!(command_line(&spaced), "account add 'bob smith'");
    }
}
