//! The report of an audit as a page.

use std::collections::BTreeMap;

use askama::Template;
use serde::Serialize;

use super::{Frame, PageTable, Texts};

const SCRIPT: &str = concat!(include_str!("table.js"), include_str!("report.js"));

/// The height and the width of the timeline, in the units of its drawing.
const TIMELINE: (f64, f64) = (160.0, 720.0);

/// The width of the longest bar of the reach.
const REACH_WIDTH: u64 = 480;

/// A number with its name.
#[derive(Clone, Debug, Serialize)]
pub struct Count {
    /// What is counted.
    pub name: &'static str,
    /// How many there are.
    pub value: usize,
}

/// How many bindings changed in a period.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Period {
    /// The period, such as `2026-11`.
    pub label: String,
    /// New bindings.
    pub added: usize,
    /// Bindings with a new version.
    pub changed: usize,
    /// Bindings that ended.
    pub removed: usize,
}

/// How many people reach a resource.
#[derive(Clone, Debug, Serialize)]
pub struct Reach {
    /// The resource.
    pub resource: String,
    /// The number of accounts.
    pub people: usize,
}

/// What somebody may do on a resource and why, as a drawing.
#[derive(Clone, Debug)]
pub struct Drawing {
    /// The principal and the resource.
    pub title: String,
    /// The drawing, as SVG.
    pub svg: String,
}

/// A report.
#[derive(Debug, Default, Serialize)]
pub struct ReportPage {
    /// The title.
    pub title: String,
    /// The resources and principals that it is about.
    pub scope: Vec<String>,
    /// The file of the store.
    pub store: String,
    /// For whom it was made.
    pub reader: String,
    /// The last revision that it includes.
    pub revision: u64,
    /// The digest of that revision.
    pub digest: String,
    /// The time of the report.
    pub at: String,
    /// The revision that it is compared with; 0 if there is none.
    pub since_revision: u64,
    /// The time that it is compared with; empty if there is none.
    pub since_at: String,
    /// How many accounts, resources and bindings it is about.
    pub counts: Vec<Count>,
    /// How many findings there are, by severity.
    pub severities: Vec<Count>,
    /// The changes of bindings over time.
    pub timeline: Vec<Period>,
    /// The resources that most people reach, the first ones of them.
    pub reach: Vec<Reach>,
    /// How many further resources somebody reaches.
    pub reach_more: usize,
    /// Drawings of access.
    #[serde(skip)]
    pub drawings: Vec<Drawing>,
    /// How the report was made: names and values.
    pub made: Vec<(String, String)>,
    /// The tables of the page, by name.
    #[serde(skip)]
    pub tables: BTreeMap<&'static str, PageTable>,
    /// For each account, by the index of its text, its groups and workgroups.
    #[serde(skip)]
    pub memberships: BTreeMap<u32, Vec<u32>>,
    /// The texts of the tables.
    #[serde(skip)]
    pub texts: Texts,
}

/// A period as it is drawn: bars on each other, from the base line up.
struct DrawnPeriod<'p> {
    label: &'p str,
    added: usize,
    changed: usize,
    removed: usize,
    x: String,
    width: String,
    added_y: String,
    added_height: String,
    changed_y: String,
    changed_height: String,
    removed_y: String,
    removed_height: String,
}

struct DrawnReach<'p> {
    resource: &'p str,
    people: usize,
    width: u64,
}

struct Made<'p> {
    name: &'p str,
    value: &'p str,
}

#[derive(Template)]
#[template(path = "report.html")]
struct ReportTemplate<'p> {
    title: &'p str,
    scope: &'p [String],
    store: &'p str,
    reader: &'p str,
    revision: u64,
    digest: &'p str,
    at: &'p str,
    since_revision: u64,
    since_at: &'p str,
    counts: &'p [Count],
    severities: &'p [Count],
    timeline: Vec<DrawnPeriod<'p>>,
    reach: Vec<DrawnReach<'p>>,
    reach_more: usize,
    drawings: &'p [Drawing],
    made: Vec<Made<'p>>,
    frame: Frame,
}

impl ReportPage {
    /// The page.
    ///
    /// # Errors
    /// When the template fails, which it does not.
    pub fn render(&self) -> std::io::Result<String> {
        let data = serde_json::json!({"texts": self.texts, "tables": self.tables, "memberships": self.memberships});
        let page = ReportTemplate {
            title: &self.title,
            scope: &self.scope,
            store: &self.store,
            reader: &self.reader,
            revision: self.revision,
            digest: &self.digest,
            at: &self.at,
            since_revision: self.since_revision,
            since_at: &self.since_at,
            counts: &self.counts,
            severities: &self.severities,
            timeline: drawn_timeline(&self.timeline),
            reach: self.drawn_reach(),
            reach_more: self.reach_more,
            drawings: &self.drawings,
            made: self.made.iter().map(|(name, value)| Made { name, value }).collect(),
            frame: Frame::new(SCRIPT, &data),
        };
        page.render().map_err(std::io::Error::other)
    }

    fn drawn_reach(&self) -> Vec<DrawnReach<'_>> {
        let most = self.reach.iter().map(|it| it.people).max().unwrap_or(1).max(1) as u64;
        let drawn = |it: &'_ Reach| REACH_WIDTH * it.people as u64 / most;
        self.reach.iter().map(|it| DrawnReach { resource: &it.resource, people: it.people, width: drawn(it) }).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a drawing needs no more digits than a double has")]
fn drawn_timeline(periods: &[Period]) -> Vec<DrawnPeriod<'_>> {
    let (height, width) = TIMELINE;
    let most = periods.iter().map(|it| it.added + it.changed + it.removed).max().unwrap_or(1).max(1) as f64;
    let slot = width / periods.len().max(1) as f64;
    let number = |value: f64| format!("{value:.1}");
    let drawn = |(at, it): (usize, &'_ Period)| {
        let high = |count: usize| height * count as f64 / most;
        let (added, changed, removed) = (high(it.added), high(it.changed), high(it.removed));
        (number(slot * at as f64), number(slot * 0.8), [added, changed, removed])
    };
    let mut all = Vec::with_capacity(periods.len());
    for (at, it) in periods.iter().enumerate() {
        let (x, width, [added, changed, removed]) = drawn((at, it));
        all.push(DrawnPeriod {
            label: &it.label,
            added: it.added,
            changed: it.changed,
            removed: it.removed,
            x,
            width,
            added_y: number(height - added),
            added_height: number(added),
            changed_y: number(height - added - changed),
            changed_height: number(changed),
            removed_y: number(height - added - changed - removed),
            removed_height: number(removed),
        });
    }
    all
}

/// A text in Markdown, shown as typed: every sign that could mean something there is escaped.
pub fn markdown_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\r' => out.push(' '),
            // These mean nothing within a line of words, and names are full of them.
            ':' | '/' | '.' | ',' | ' ' => out.push(letter),
            letter if letter.is_ascii_punctuation() => out.extend(['\\', letter]),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_markdown_shows_as_typed() {
        assert_eq!(markdown_text("a|b <img> *x*\nnode1:/a.b"), "a\\|b \\<img\\> \\*x\\* node1:/a.b");
    }

    #[test]
    fn bars_of_a_period_stand_on_each_other() {
        let periods = [
            Period { label: "2026-01".to_owned(), added: 4, changed: 2, removed: 2 },
            Period { label: "2026-02".to_owned(), ..Period::default() },
        ];
        let drawn = drawn_timeline(&periods);
        assert_eq!((drawn[0].added_y.as_str(), drawn[0].added_height.as_str()), ("80.0", "80.0"));
        assert_eq!((drawn[0].removed_y.as_str(), drawn[0].removed_height.as_str()), ("0.0", "40.0"));
        assert_eq!((drawn[1].x.as_str(), drawn[1].added_height.as_str()), ("360.0", "0.0"));
    }
}
