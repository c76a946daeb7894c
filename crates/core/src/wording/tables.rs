//! Plain-text tables for a terminal: aligned columns, one line per row, nothing that a terminal would obey.

use super::harmless::one_line;

/// What parts two columns.
const GAP: &str = "  ";

/// A table: a head and rows of as many cells.
#[derive(Clone, Debug, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
    right: Vec<usize>,
    most: Vec<(usize, usize)>,
}

impl Table {
    /// A table with these column heads.
    pub fn new(heads: &[&str]) -> Self {
        Self { rows: vec![heads.iter().map(|head| (*head).to_owned()).collect()], ..Self::default() }
    }

    /// Aligns a column, counted from 0, at its right: figures.
    #[must_use]
    pub fn right(mut self, column: usize) -> Self {
        self.right.push(column);
        self
    }

    /// Cuts a column, counted from 0, to so many places.
    #[must_use]
    pub fn at_most(mut self, column: usize, places: usize) -> Self {
        self.most.push((column, places));
        self
    }

    /// Adds a row; missing cells are empty, further ones are dropped.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let columns = self.rows.first().map_or(0, Vec::len);
        let mut row: Vec<String> = cells.into_iter().take(columns).map(|cell| one_line(&cell)).collect();
        row.resize(columns, String::new());
        self.rows.push(row);
    }

    /// Whether it has no rows below its head.
    pub fn is_empty(&self) -> bool {
        self.rows.len() <= 1
    }

    /// The table, each line ended.
    pub fn show(&self) -> String {
        let most = |column: usize| self.most.iter().find(|(known, _)| *known == column).map(|(_, places)| *places);
        let cut = |(column, cell): (usize, &String)| most(column).map_or_else(|| cell.clone(), |places| cut_to(cell, places));
        let rows: Vec<Vec<String>> = self.rows.iter().map(|row| row.iter().enumerate().map(cut).collect()).collect();
        let columns = rows.first().map_or(0, Vec::len);
        let wide: Vec<usize> = (0..columns).map(|column| rows.iter().map(|row| width(&row[column])).max().unwrap_or(0)).collect();
        let mut shown = String::new();
        for row in rows {
            let cells: Vec<String> = row
                .iter()
                .enumerate()
                .map(|(column, cell)| {
                    let padding = " ".repeat(wide[column] - width(cell));
                    if self.right.contains(&column) { format!("{padding}{cell}") } else { format!("{cell}{padding}") }
                })
                .collect();
            shown.push_str(cells.join(GAP).trim_end());
            shown.push('\n');
        }
        shown
    }
}

/// Name and value pairs, one per line, the values aligned.
pub fn pairs(pairs: &[(&str, String)]) -> String {
    let wide = pairs.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
    pairs
        .iter()
        .map(|(name, value)| format!("{name}:{}{GAP}{}\n", " ".repeat(wide - width(name)), one_line(value)))
        .collect::<Vec<_>>()
        .concat()
}

/// At most so many places of a text, the last of them `…` where something was cut.
pub fn cut_to(text: &str, places: usize) -> String {
    if width(text) <= places {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += places_of(c);
        if used + 1 > places {
            break;
        }
        kept.push(c);
    }
    format!("{}…", kept.trim_end())
}

/// How many places a terminal gives a text. Near enough: what terminals disagree about is not settled here.
pub fn width(text: &str) -> usize {
    text.chars().map(places_of).sum()
}

/// Characters without a place of their own: combining and format characters. Source: Unicode 16, by block.
const NO_PLACE: [(u32, u32); 18] = [
    (0, 0x1f),
    (0x7f, 0x9f),
    (0xad, 0xad),
    (0x300, 0x36f),
    (0x483, 0x489),
    (0x591, 0x5bd),
    (0x610, 0x61a),
    (0x64b, 0x65f),
    (0x1ab0, 0x1aff),
    (0x1dc0, 0x1dff),
    (0x200b, 0x200f),
    (0x202a, 0x202e),
    (0x2060, 0x206f),
    (0x20d0, 0x20ff),
    (0xfe00, 0xfe0f),
    (0xfe20, 0xfe2f),
    (0x1f3fb, 0x1f3ff),
    (0xe0000, 0xe01ef),
];

/// Characters with two places. Source: Unicode 16, East Asian Width, wide and fullwidth, by block.
const TWO_PLACES: [(u32, u32); 34] = [
    (0x1100, 0x115f),
    (0x231a, 0x231b),
    (0x23e9, 0x23ec),
    (0x23f0, 0x23f0),
    (0x23f3, 0x23f3),
    (0x25fd, 0x25fe),
    (0x2614, 0x2615),
    (0x26d4, 0x26d4),
    (0x2705, 0x2705),
    (0x270a, 0x270b),
    (0x2728, 0x2728),
    (0x274c, 0x274c),
    (0x274e, 0x274e),
    (0x2753, 0x2755),
    (0x2757, 0x2757),
    (0x2795, 0x2797),
    (0x27b0, 0x27b0),
    (0x2b50, 0x2b50),
    (0x2b55, 0x2b55),
    (0x2e80, 0x303e),
    (0x3041, 0xa4cf),
    (0xa960, 0xa97f),
    (0xac00, 0xd7a3),
    (0xf900, 0xfaff),
    (0xfe30, 0xfe6f),
    (0xff00, 0xff60),
    (0xffe0, 0xffe6),
    (0x1f300, 0x1f3fa),
    (0x1f400, 0x1f64f),
    (0x1f680, 0x1f6ff),
    (0x1f7e0, 0x1f7eb),
    (0x1f900, 0x1faff),
    (0x20000, 0x2fffd),
    (0x30000, 0x3fffd),
];

fn places_of(c: char) -> usize {
    let within = |ranges: &[(u32, u32)]| ranges.iter().any(|(first, last)| (*first..=*last).contains(&u32::from(c)));
    match c {
        ' '..='~' => 1,
        '\u{feff}' => 0,
        _ if within(&NO_PLACE) => 0,
        _ if within(&TWO_PLACES) => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn columns_are_aligned_and_long_cells_cut() {
        let mut table = Table::new(&["ID", "STATE", "COST", "TASK"]).right(2).at_most(3, 12);
        table.row(["1443021398234771496", "running", "$0.001215", "Count the lines of README.md"].map(str::to_owned));
        table.row(["t-01", "waiting", "N/A", "数える 🦀 ✅"].map(str::to_owned));
        table.row(["short".to_owned()]);

        assert_snapshot!(table.show(), @"
        ID                   STATE         COST  TASK
        1443021398234771496  running  $0.001215  Count the l…
        t-01                 waiting        N/A  数える 🦀 ✅
        short
        ");
        assert!(Table::new(&["A"]).is_empty() && !table.is_empty());
    }

    #[test]
    fn pairs_are_aligned() {
        assert_snapshot!(pairs(&[("State", "running".to_owned()), ("Agent", "agent-1\nx".to_owned()), ("Time limit", "2m".to_owned())]), @"
        State:       running
        Agent:       agent-1 x
        Time limit:  2m
        ");
    }

    #[test]
    fn wide_and_combining_characters_are_counted_as_they_are_drawn() {
        assert_eq!(["abc", "数える", "e\u{301}", "✅", "🦀", "\u{200b}", "ä"].map(width), [3, 6, 1, 2, 2, 0, 1]);
        assert_eq!((cut_to("数える", 5).as_str(), cut_to("数える", 6).as_str()), ("数え…", "数える"));
    }

    proptest! {
        #[test]
        fn a_row_is_one_line_whatever_is_in_it(cell in ".{0,30}", places in 1_usize..20) {
            let mut table = Table::new(&["A", "B"]).at_most(0, places);
            table.row([cell, "x".to_owned()]);
            let shown = table.show();

            prop_assert_eq!(shown.lines().count(), 2);
            let escape = char::from(27);
            prop_assert!(!shown.contains(escape));
            let line = shown.lines().last().unwrap_or_default();
            prop_assert!(line.ends_with('x') && width(line) <= places + 3);
        }
    }
}
