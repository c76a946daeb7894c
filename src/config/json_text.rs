//! JSON as people write it: comments and trailing commas, with the line of every key and every number as it stands in the text.

use std::collections::BTreeMap;

use jsonc_parser::{ParseOptions, ast, common::Ranged, parse_to_ast};
use serde_json::{Map, Number, Value};

/// One JSON file, read.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// The whole of it. Of a key that is written twice, the last one.
    pub(super) value: Value,
    lines: BTreeMap<String, usize>,
    numbers: BTreeMap<String, String>,
    /// Keys that are written more than once, with the line of the later one.
    pub(super) repeated: Vec<(String, usize)>,
    /// Numbers beyond all measure, which were left out.
    pub(super) unmeasured: Vec<(String, usize)>,
}

/// The text is no JSON.
#[derive(Debug)]
pub(super) struct Unreadable {
    /// Counted from 1.
    pub(super) line: usize,
    /// Counted from 1.
    pub(super) column: usize,
    /// What the parser says; never holds a piece of the text.
    pub(super) why: String,
}

/// Our own files: JSON with comments and trailing commas, nothing more.
pub(super) fn ours() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

/// Files of others: whatever JSON5 allows.
pub(super) fn theirs() -> ParseOptions {
    ParseOptions { allow_missing_commas: false, ..ParseOptions::default() }
}

/// Reads a text. An empty one is an empty object.
pub(super) fn read(text: &str, options: &ParseOptions) -> Result<Document, Unreadable> {
    let parsed = parse_to_ast(text, &jsonc_parser::CollectOptions::default(), options).map_err(|error| Unreadable {
        line: error.line_display(),
        column: error.column_display(),
        why: error.kind().to_string(),
    })?;
    let starts = LineStarts::of(text);
    let mut document = Document { value: Value::Object(Map::new()), ..Document::default() };
    if let Some(root) = parsed.value {
        document.value = document.take(&root, "", &starts);
    }
    Ok(document)
}

impl Document {
    /// The line of a key or an array's element, by its path; 0 where there is none.
    pub(super) fn line(&self, path: &str) -> usize {
        self.lines.get(path).copied().unwrap_or(0)
    }

    /// A number as it stands in the text.
    pub(super) fn number(&self, path: &str) -> Option<&str> {
        self.numbers.get(path).map(String::as_str)
    }

    fn take(&mut self, node: &ast::Value<'_>, path: &str, starts: &LineStarts) -> Value {
        match node {
            ast::Value::Object(object) => {
                let mut map = Map::new();
                for property in &object.properties {
                    let name = property.name.as_str().to_owned();
                    let below = join(path, &name);
                    let line = starts.line(property.start());
                    let value = self.take(&property.value, &below, starts);
                    self.lines.insert(below.clone(), line);
                    if map.insert(name, value).is_some() {
                        self.repeated.push((below, line));
                    }
                }
                Value::Object(map)
            }
            ast::Value::Array(array) => {
                let elements = array.elements.iter().enumerate().map(|(index, element)| {
                    let below = format!("{path}[{index}]");
                    self.lines.insert(below.clone(), starts.line(element.start()));
                    self.take(element, &below, starts)
                });
                Value::Array(elements.collect())
            }
            ast::Value::StringLit(text) => Value::String(text.value.to_string()),
            ast::Value::BooleanLit(answer) => Value::Bool(answer.value),
            ast::Value::NullKeyword(_) => Value::Null,
            ast::Value::NumberLit(number) => {
                let written = number.value.trim_start_matches('+');
                self.numbers.insert(path.to_owned(), written.to_owned());
                measure(written).map_or_else(
                    || {
                        self.unmeasured.push((path.to_owned(), starts.line(number.start())));
                        Value::Null
                    },
                    Value::Number,
                )
            }
        }
    }
}

/// `-0`, `7`, `1.5`, `1e3`; `None` for what no number of ours can hold.
fn measure(written: &str) -> Option<Number> {
    if let Ok(whole) = written.parse::<u64>() {
        return Some(whole.into());
    }
    if let Ok(whole) = written.parse::<i64>() {
        return Some(whole.into());
    }
    written.parse::<f64>().ok().and_then(Number::from_f64)
}

/// One step further down a path: `agents.claude`; a key that would be misread is put in quotes.
pub(super) fn join(path: &str, key: &str) -> String {
    let plain = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-/:@$".contains(c));
    let step = if plain { key.to_owned() } else { super::complaint::quoted(key) };
    if path.is_empty() { step } else { format!("{path}.{step}") }
}

/// The byte at which each line begins.
struct LineStarts(Vec<usize>);

impl LineStarts {
    fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    fn line(&self, byte: usize) -> usize {
        self.0.partition_point(|start| *start <= byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_trailing_commas_are_allowed_and_lines_are_kept() {
        let document = read("// note\n{\n  \"a\": {\"b.c\": 0.00045,},\n  \"d\": [1,\n 2]\n}", &ours()).unwrap();

        assert_eq!(document.line("a"), 3);
        assert_eq!(document.line("d[1]"), 5);
        assert_eq!(document.number("a.\"b.c\""), Some("0.00045"));
    }

    #[test]
    fn a_key_that_is_written_twice_is_reported() {
        let document = read("{\"a\": 1,\n\"a\": 2}", &ours()).unwrap();

        assert_eq!(document.repeated, [("a".to_owned(), 2)]);
        assert_eq!(document.value["a"], 2);
    }

    #[test]
    fn a_number_beyond_all_measure_is_left_out() {
        let document = read("{\"a\": 1e400}", &ours()).unwrap();

        assert_eq!(document.unmeasured, [("a".to_owned(), 1)]);
    }

    #[test]
    fn foreign_files_may_be_json5() {
        let document = read("{a: 'x', b: +.5, c: 0x1F, d: Infinity}", &theirs()).unwrap();

        assert_eq!(document.value["a"], "x");
        assert_eq!(document.number("b"), Some(".5"));
    }

    #[test]
    fn what_is_no_json_is_told_by_line() {
        let error = read("{\n  \"a\": \n}", &ours()).unwrap_err();

        assert_eq!(error.line, 3);
    }
}
