//! Pages for a browser: one file each, without anything from elsewhere. The templates escape every text; the tables are
//! data that the scripts of the page draw.

mod data;
mod report;

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};

pub use data::{PageColumn, PageTable, Texts, ValueType};
pub use report::{Count, Drawing, Period, Reach, ReportPage, markdown_text};

const STYLE: &str = include_str!("page.css");
const REVIEW_SCRIPT: &str = concat!(include_str!("table.js"), include_str!("review.js"));

/// What every page has: its style, its script and its data. The policy of the page names the first two by their hashes,
/// so that nothing else runs, whatever a name says.
struct Frame {
    style: &'static str,
    style_hash: String,
    script: &'static str,
    script_hash: String,
    data: String,
}

impl Frame {
    fn new(script: &'static str, data: &serde_json::Value) -> Frame {
        let hash = |text: &str| BASE64.encode(Sha256::digest(text.as_bytes()));
        // A tag in the data would end the element that holds it.
        let data = data.to_string().replace('<', "\\u003c");
        Frame { style: STYLE, style_hash: hash(STYLE), script, script_hash: hash(script), data }
    }
}

/// The sheet on which a reviewer decides.
#[derive(Debug, Default)]
pub struct ReviewSheet {
    /// The name of the review.
    pub name: String,
    /// Who decides; empty if nobody is named.
    pub reviewer: String,
    /// By when; empty if there is no such time.
    pub due: String,
    /// The resources and principals that the review is about.
    pub scope: Vec<String>,
    /// The revision whose bindings are reviewed.
    pub revision: u64,
    /// The time at which the review was started.
    pub at: String,
    /// The rows, with the columns of the table that is saved.
    pub table: PageTable,
    /// The texts of the rows.
    pub texts: Texts,
}

#[derive(Template)]
#[template(path = "review.html")]
struct ReviewTemplate<'p> {
    title: String,
    name: &'p str,
    reviewer: &'p str,
    due: &'p str,
    scope: &'p [String],
    revision: u64,
    at: &'p str,
    frame: Frame,
}

impl ReviewSheet {
    /// The page.
    ///
    /// # Errors
    /// When the template fails, which it does not.
    pub fn render(&self) -> std::io::Result<String> {
        let header: Vec<&str> = self.table.columns.iter().map(|column| column.name).collect();
        let data = serde_json::json!({
            "texts": self.texts,
            "columns": self.table.columns,
            "rows": self.table.rows,
            "file": format!("{}.csv", self.name),
            "header": header,
        });
        let page = ReviewTemplate {
            title: format!("Review {}", self.name),
            name: &self.name,
            reviewer: &self.reviewer,
            due: &self.due,
            scope: &self.scope,
            revision: self.revision,
            at: &self.at,
            frame: Frame::new(REVIEW_SCRIPT, &data),
        };
        page.render().map_err(std::io::Error::other)
    }
}
