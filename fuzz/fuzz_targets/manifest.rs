//! Fuzzes the readers of manifests: any file can be read as YAML and as rows without a panic, and whatever is valid can
//! be planned on an empty store.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rolebook::input::document::text_of;
use rolebook::manifest::plan::{PlanOptions, Owned, Planner};
use rolebook::manifest::jsonl::{JsonlRow, parse_row};
use rolebook::manifest::statement::Statement;
use rolebook::manifest::{Source, read};
use rolebook::model::Time;
use rolebook::ops::{Actor, Transaction};
use rolebook::policy::EmptyFacts;

fn plan<'s>(statements: impl Iterator<Item = &'s Statement>) {
    let facts = EmptyFacts;
    let tx = Transaction::new(&facts, Actor::Operator, Time(1_800_000_000_000)).unwrap();
    let mut planner = Planner::new(tx, PlanOptions::default());
    for statement in statements {
        planner.take(statement).unwrap();
    }
    planner.finish(&Owned::default()).unwrap();
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = text_of(bytes) else { return };
    match read(&[Source { name: "fuzz.yaml".to_owned(), text: text.to_owned() }]) {
        Ok(manifest) => plan(manifest.statements.iter()),
        Err(diagnostics) => {
            for (_, diagnostic) in diagnostics {
                diagnostic.render("fuzz.yaml", text);
            }
        }
    }
    let mut statements = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        match parse_row(line, 0, number) {
            Ok(JsonlRow::Declaration(row)) => statements.extend(row),
            Ok(JsonlRow::Head(_)) => {}
            Err(diagnostics) => diagnostics.iter().for_each(|diagnostic| drop(diagnostic.render_line("fuzz.jsonl", line))),
        }
    }
    plan(statements.iter());
});
