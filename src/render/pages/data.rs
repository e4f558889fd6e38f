//! The tables of a page as data: every distinct text once, and rows of indexes into the texts.

use std::borrow::Cow;

use hashbrown::HashMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// The columns whose texts are times.
const TIMES: [&str; 5] = ["at", "expires", "reviewed", "last_review", "due"];

/// The columns whose values are numbers.
const NUMBERS: [&str; 2] = ["since", "revision"];

/// The texts of a page, each once.
#[derive(Debug, Default)]
pub struct Texts {
    list: Vec<String>,
    index: HashMap<String, u32>,
}

impl Texts {
    /// The index of a text.
    pub fn index(&mut self, text: &str) -> u32 {
        if let Some(known) = self.index.get(text) {
            return *known;
        }
        let index = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.list.push(text.to_owned());
        self.index.insert(text.to_owned(), index);
        index
    }
}

impl Serialize for Texts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.list.serialize(serializer)
    }
}

/// What the cells of a column are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueType {
    /// Texts, as indexes.
    Text,
    /// Numbers.
    Number,
    /// Times, as indexes of their texts.
    Time,
}

/// A column of a table.
#[derive(Clone, Debug, Serialize)]
pub struct PageColumn {
    /// The name, as in the other formats.
    pub name: &'static str,
    /// The heading.
    pub label: String,
    /// What its cells are.
    #[serde(rename = "type")]
    pub value_type: ValueType,
}

impl PageColumn {
    /// A column, whose heading is its name in plain words.
    pub fn new(name: &'static str) -> PageColumn {
        let words = name.replace('_', " ");
        let mut letters = words.chars();
        let label = letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
        let value_type = match name {
            number if NUMBERS.contains(&number) => ValueType::Number,
            time if TIMES.contains(&time) => ValueType::Time,
            _ => ValueType::Text,
        };
        PageColumn { name, label, value_type }
    }
}

/// A table of a page.
#[derive(Debug, Default, Serialize)]
pub struct PageTable {
    /// The columns.
    pub columns: Vec<PageColumn>,
    /// The rows. A cell is a number, the index of a text, or -1 for nothing.
    pub rows: Vec<Vec<i64>>,
}

impl PageTable {
    /// A table with these columns and no rows.
    pub fn new(names: impl IntoIterator<Item = &'static str>) -> PageTable {
        PageTable { columns: names.into_iter().map(PageColumn::new).collect(), rows: Vec::new() }
    }

    /// Adds a row: its fields by the names of the columns. A list becomes one text.
    pub fn push(&mut self, texts: &mut Texts, row: &Map<String, Value>) {
        let cell = |column: &PageColumn| {
            let text: Cow<'_, str> = match row.get(column.name) {
                None | Some(Value::Null) => return -1,
                Some(Value::Number(number)) => return number.as_i64().unwrap_or(-1),
                Some(Value::String(text)) => Cow::Borrowed(text),
                Some(Value::Array(items)) if items.is_empty() => return -1,
                Some(Value::Array(items)) => {
                    Cow::Owned(items.iter().map(crate::render::plain).collect::<Vec<_>>().join(", "))
                }
                Some(other) => Cow::Owned(crate::render::plain(other)),
            };
            i64::from(texts.index(&text))
        };
        self.rows.push(self.columns.iter().map(cell).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_are_indexes_of_texts() {
        let (mut table, mut texts) = (PageTable::new(["who", "since", "last_review"]), Texts::default());
        for row in
            [json!({"who": "a", "since": 7}), json!({"who": ["b", "a"]}), json!({"who": "a", "last_review": "b"})]
        {
            table.push(&mut texts, row.as_object().unwrap());
        }
        assert_eq!(table.rows, [[0, 7, -1], [1, -1, -1], [0, -1, 2]]);
        assert_eq!(json!(texts), json!(["a", "b, a", "b"]));
        let column = json!(table.columns[2]);
        assert_eq!(column, json!({"name": "last_review", "label": "Last review", "type": "time"}));
    }
}
