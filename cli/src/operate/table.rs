//! A table for people: columns that line up.

use std::fmt;

use super::plain;

/// Rows under a head. The last column takes what room it needs.
#[derive(Debug)]
pub struct Table {
    head: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    #[must_use]
    pub const fn new(head: &'static [&'static str]) -> Self {
        Self { head, rows: Vec::new() }
    }

    /// Adds a row, with a cell for each column.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.iter().map(|cell| plain(cell)).collect());
    }

    /// Whether it has no rows.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(self.head.get(column).map(|head| head.len())).max().unwrap_or_default()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: Vec<usize> = (0..self.head.len()).map(|column| self.width(column)).collect();
        let line = |f: &mut fmt::Formatter<'_>, cells: &mut dyn Iterator<Item = &str>| {
            let mut text = String::new();
            for (cell, width) in cells.zip(&widths) {
                text.push_str(&format!("{cell:<width$}  "));
            }
            writeln!(f, "{}", text.trim_end())
        };
        line(f, &mut self.head.iter().copied())?;
        self.rows.iter().try_for_each(|row| line(f, &mut row.iter().map(String::as_str)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_cells_stay_in_their_line() {
        let mut table = Table::new(&["a", "bc", "rest"]);
        table.row(["äöü".to_owned(), "1".to_owned(), "x\ny".to_owned()]);
        table.row(["1".to_owned(), "22".to_owned(), String::new()]);
        assert_eq!(table.to_string(), "a    bc  rest\näöü  1   x y\n1    22\n");
    }
}
