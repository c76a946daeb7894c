//! Results that are too long for their attempts' rows: in parts, so that neither writing nor reading one takes several times its length of memory.

use orchestrator_core::{domain::id::AttemptId, ports::rows::RowsError};
use rusqlite::{Row, params};

use super::{
    SqliteRows,
    cells::{Cells, int},
};

/// Most bytes of a part.
const PART: usize = 256 << 10;

impl SqliteRows<'_> {
    pub(super) fn find_long_result(&self, attempt: AttemptId) -> Result<Option<String>, RowsError> {
        let sql = "SELECT part, text FROM long_result WHERE attempt = ?1 ORDER BY part";
        let length = "SELECT MAX(part) AS part, SUM(OCTET_LENGTH(text)) AS length FROM long_result WHERE attempt = ?1";
        let length = self.one(length, [attempt.to_string()], |row| Cells::new("long_result", "part", row).opt_int("length"))?.flatten();
        let Some(length) = length else { return Ok(None) };
        let mut whole = String::with_capacity(usize::try_from(length).unwrap_or(0));
        let part = |row: &Row<'_>| Cells::new("long_result", "part", row).text("text").map(str::to_owned);
        self.each(sql, [attempt.to_string()], part, &mut |part| whole.push_str(&part))?;
        Ok(Some(whole))
    }

    pub(super) fn add_long_result(&self, attempt: AttemptId, text: &str) -> Result<(), RowsError> {
        let (id, mut rest, mut number) = (attempt.to_string(), text, 0_u64);
        // An empty text is a part too.
        while number == 0 || !rest.is_empty() {
            let (part, after) = rest.split_at(end_of_part(rest));
            let values = params![id, int(number)?, part];
            self.insert("long_result", &attempt, "INSERT INTO long_result VALUES (?1, ?2, ?3)", values)?;
            (rest, number) = (after, number + 1);
        }
        Ok(())
    }
}

fn end_of_part(text: &str) -> usize {
    let mut end = text.len().min(PART);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    end
}
