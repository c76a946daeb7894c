//! The files that an agent's output stands in, read line by line: its standard output, its sessions, its `USAGE.json`.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
    sync::LazyLock,
};

use serde_json::Value;

use super::{
    plain_file::{self, Found},
    reader::{Reader, Reported},
};
use crate::domain::{
    evidence::left_out_at,
    reading::{Format, Reading, UsageRule},
};

/// Most bytes of one file of records that are read.
const FILE: u64 = 256 << 20;
/// Longest line of it that is read: one holds a whole turn.
const LINE: u64 = 16 << 20;
/// Largest answer that is one JSON object.
const ANSWER: u64 = 16 << 20;
/// Most bytes of `USAGE.json` that are read.
const USAGE: u64 = 64 << 10;

/// How `USAGE.json` is read: our own names, `OpenClaw`'s, or either below `usage`.
static USAGE_FILE: LazyLock<Reading> = LazyLock::new(|| {
    let reading = serde_json::json!({ "format": "json", "usage": {
        "input": ["/usage/input", "/usage/input_tokens", "/input", "/input_tokens"],
        "output": ["/usage/output", "/usage/output_tokens", "/output", "/output_tokens"],
        "cache_read": ["/usage/cache_read", "/usage/cacheRead", "/cache_read", "/cacheRead"],
        "cache_write": ["/usage/cache_write", "/usage/cacheWrite", "/cache_write", "/cacheWrite"],
        "cost": ["/cost_usd", "/costUsd"],
        "model": "/model",
        "provider": "/provider",
    }});
    serde_json::from_value(reading).unwrap_or_else(|error| unreachable!("the rule is written above: {error}"))
});

/// Reads what an agent has printed; at most so many bytes of its text are kept.
pub(super) fn answer(reading: &Reading, path: &Path, text_limit: u64, exit: Option<i32>) -> Found<Reported> {
    let limit = if reading.format == Format::Text { text_limit } else { ANSWER };
    match reading.format {
        Format::ResultFile => Found::Missing,
        Format::Jsonl => match plain_file::open(path) {
            Found::Plain(file) => {
                let mut reader = Reader::new(reading, text_limit);
                let remarks = records(&mut reader, file, "its output");
                if reader.has_nothing() {
                    // Some programs print one object over many lines where a line each was asked for.
                    let whole = Reading { format: Format::Json, ..reading.clone() };
                    if let Found::Plain(reported) = answer(&whole, path, text_limit, exit)
                        && reported.answer.is_some()
                    {
                        return Found::Plain(reported);
                    }
                }
                let mut reported = reader.finish(exit);
                reported.remarks.extend(remarks);
                Found::Plain(reported)
            }
            Found::Missing => Found::Missing,
            Found::Refused(why) => Found::Refused(why),
        },
        Format::Text | Format::Json => match plain_file::read(path, limit) {
            Found::Plain(beginning) => {
                let left_out = beginning.left_out;
                let (text, _) = plain_file::text(beginning.bytes, left_out > 0);
                let mut reader = Reader::new(reading, text_limit);
                reader.printed(&text);
                let mut reported = reader.finish(exit);
                if reading.format == Format::Text {
                    reported.text = Some((text, left_out));
                } else if left_out > 0 {
                    reported.remarks.push(format!("{left_out} bytes of its output were left out: text, tokens or cost may be missing"));
                }
                Found::Plain(reported)
            }
            Found::Missing => Found::Missing,
            Found::Refused(why) => Found::Refused(why),
        },
    }
}

/// Reads the usage of one session file.
pub(super) fn session(rule: &UsageRule, path: &Path) -> Found<Reported> {
    match plain_file::open(path) {
        Found::Plain(file) => {
            let reading = Reading { format: Format::Jsonl, usage: rule.clone(), ..Reading::default() };
            let mut reader = Reader::new(&reading, 0);
            let remarks = records(&mut reader, file, "the session file");
            let mut reported = reader.finish(None);
            reported.remarks.extend(remarks);
            Found::Plain(reported)
        }
        Found::Missing => Found::Missing,
        Found::Refused(why) => Found::Refused(why),
    }
}

/// Reads `USAGE.json`; refused with the reason where it is no JSON object.
pub(super) fn usage_file(path: &Path) -> Found<Reported> {
    let bytes = match plain_file::read(path, USAGE) {
        Found::Missing => return Found::Missing,
        Found::Refused(why) => return Found::Refused(why),
        Found::Plain(beginning) if beginning.left_out > 0 => return Found::Refused("it is too large".to_owned()),
        Found::Plain(beginning) => beginning.bytes,
    };
    match serde_json::from_slice::<Value>(&bytes) {
        Err(error) => Found::Refused(format!("it is not JSON: {error}")),
        Ok(usage) if !usage.is_object() => Found::Refused("it is not a JSON object".to_owned()),
        Ok(usage) => {
            let mut reader = Reader::new(&USAGE_FILE, 0);
            reader.record(&usage);
            Found::Plain(reader.finish(None))
        }
    }
}

/// Reads a file of records line by line; tells what of it could not be read.
fn records(reader: &mut Reader<'_>, file: File, what: &str) -> Vec<String> {
    let mut remarks = Vec::new();
    let mut lines = BufReader::new(file.take(FILE));
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut lines).take(LINE).read_until(b'\n', &mut line) {
            Ok(0) => return remarks,
            Ok(_) => {}
            Err(error) => {
                remarks.push(format!("{what} could not be read to its end: {error}"));
                return remarks;
            }
        }
        let text = String::from_utf8_lossy(&line);
        match left_out_at(&text) {
            Some(bytes) => remarks.push(format!("{bytes} bytes of {what} were left out: text, tokens or cost may be missing")),
            None => reader.line(&text),
        }
    }
}
