//! Holds rows that must be sorted before any is written. Rows are packed, and no more are held than the page needs.

use std::cmp::Ordering;

use serde_json::Value;

use super::{Row, plain};

/// How many rows beyond twice the needed ones are held before the surplus is dropped.
const SLACK: usize = 1_024;

/// The sort key of a row. Texts are sorted by their characters and come before numbers, which are sorted by value.
#[derive(Clone, PartialEq, PartialOrd, Debug)]
enum Key {
    Text(Box<str>),
    Number(f64),
}

impl Key {
    fn of(value: &Value) -> Key {
        match value.as_f64() {
            Some(number) => Key::Number(number),
            None => Key::Text(plain(value).into_boxed_str()),
        }
    }

    fn compare(&self, other: &Key) -> Ordering {
        self.partial_cmp(other).unwrap_or(Ordering::Equal)
    }
}

/// A held row: the values of the needed columns, as JSON without the names.
struct Packed {
    /// The primary sort key, if a column to sort by was named.
    key: Option<Key>,
    /// The text by which the list itself is sorted.
    sort_text: Box<str>,
    /// The number of the row in the order of arrival.
    number: u64,
    values: Box<[u8]>,
    /// The number from which the row's streamed list is produced.
    list: u64,
}

/// Rows sorted by a column, then by the list's own order, then by arrival.
pub(super) struct Held {
    /// The fields that are kept of each row.
    fields: Vec<String>,
    descending: bool,
    /// How many of the first rows are needed; `None` for all.
    most: Option<usize>,
    rows: Vec<Packed>,
    came: u64,
}

impl Held {
    pub(super) fn new(fields: Vec<String>, descending: bool, most: Option<u64>) -> Held {
        let most = most.map(|most| usize::try_from(most).unwrap_or(usize::MAX));
        Held { fields, descending, most, rows: Vec::new(), came: 0 }
    }

    /// Adds a row, with its value in the column to sort by, its text in the list's own order, and the number from which
    /// its streamed list is produced.
    pub(super) fn push(&mut self, row: &Row, by: Option<&Value>, sort_text: &str, list: u64) {
        let values: Vec<&Value> = self.fields.iter().map(|name| row.get(name).unwrap_or(&Value::Null)).collect();
        // Serializing JSON values does not fail.
        let values = serde_json::to_vec(&values).unwrap_or_default().into_boxed_slice();
        let key = by.map(Key::of);
        self.rows.push(Packed { key, sort_text: sort_text.into(), number: self.came, values, list });
        self.came += 1;
        if let Some(most) = self.most
            && self.rows.len() >= most.saturating_mul(2).saturating_add(SLACK)
        {
            self.sort();
            self.rows.truncate(most);
        }
    }

    fn sort(&mut self) {
        let descending = self.descending;
        self.rows.sort_unstable_by(|a, b| {
            let by_key = match (&a.key, &b.key) {
                (Some(one), Some(other)) => one.compare(other),
                _ => Ordering::Equal,
            };
            let by_key = if descending { by_key.reverse() } else { by_key };
            by_key.then_with(|| a.sort_text.cmp(&b.sort_text)).then(a.number.cmp(&b.number))
        });
    }

    /// The rows in sorted order. Each is freed once it is taken.
    pub(super) fn sorted(mut self) -> impl Iterator<Item = (Row, u64)> {
        self.sort();
        let fields = self.fields;
        self.rows.into_iter().map(move |packed| {
            // Parsing what `push` packed does not fail.
            let values: Vec<Value> = serde_json::from_slice(&packed.values).unwrap_or_default();
            (fields.iter().cloned().zip(values).collect(), packed.list)
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(number: i64) -> Row {
        Row::from_iter([("a".to_owned(), json!(number)), ("b".to_owned(), json!(format!("x{}", number % 7)))])
    }

    fn numbers(held: Held) -> Vec<i64> {
        held.sorted().map(|(row, _)| row["a"].as_i64().unwrap()).collect()
    }

    #[test]
    fn no_more_rows_are_held_than_the_page_needs_and_they_are_the_first() {
        let fields = || vec!["a".to_owned(), "b".to_owned()];
        // Each number once, in no order.
        let all: Vec<i64> = (0..20_000).map(|index| index * 7_919 % 20_000).collect();
        for descending in [false, true] {
            let (mut few, mut whole) =
                (Held::new(fields(), descending, Some(50)), Held::new(fields(), descending, None));
            for number in &all {
                let row = row(*number);
                for held in [&mut few, &mut whole] {
                    held.push(&row, Some(&row["b"]), "", 0);
                }
                assert!(few.rows.len() <= 2 * 50 + SLACK);
            }
            let (few, whole) = (numbers(few), numbers(whole));
            assert_eq!(whole.len(), all.len());
            assert_eq!(few[..50], whole[..50]);
            // Equal rows stay in the order of arrival.
            let first: Vec<i64> = whole.iter().copied().take_while(|it| it % 7 == whole[0] % 7).collect();
            let came = all.iter().copied().filter(|it| it % 7 == whole[0] % 7);
            assert_eq!(first, came.collect::<Vec<_>>());
        }
    }

    #[test]
    fn rows_are_sorted_by_column_then_by_list_order_then_by_arrival() {
        let mut held = Held::new(vec!["a".to_owned()], false, None);
        for (number, by, sort_text) in
            [(1, json!(10), "b"), (2, json!(9), "z"), (3, json!(null), ""), (4, json!(10), "a"), (5, json!(10), "a")]
        {
            held.push(&row(number), Some(&by), sort_text, 0);
        }
        assert_eq!(numbers(held), [3, 2, 4, 5, 1]);
    }
}
