//! What an address says: the words in the places of its template's names, and its query.

use std::collections::BTreeMap;

/// The words that a path has in the places of a template's names.
#[derive(Debug, Default)]
pub(crate) struct Params(Vec<(&'static str, String)>);

impl Params {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The id that, with the bucket, makes up a rate limit. Source: Discord developer documentation, "Rate Limits".
    pub(super) fn major(&self) -> String {
        let majors = self.0.iter().filter(|(name, _)| matches!(*name, "channel" | "guild" | "application" | "token"));
        majors.map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("/")
    }

    /// The words of a path that a template fits; `None`: it does not fit.
    pub(super) fn matched(template: &'static str, segments: &[&str]) -> Option<Self> {
        let wanted: Vec<&'static str> = template.trim_start_matches('/').split('/').collect();
        if wanted.len() != segments.len() {
            return None;
        }
        let mut params = Self::default();
        for (wanted, given) in wanted.into_iter().zip(segments) {
            match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(name) if !given.is_empty() => params.0.push((name, percent_decoded(given))),
                None if wanted == *given || wanted == percent_decoded(given) => {}
                Some(_) | None => return None,
            }
        }
        Some(params)
    }
}

/// Undoes percent-encoding; what is not encoded rightly stays as it is.
pub(crate) fn percent_decoded(text: &str) -> String {
    let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (bytes, mut decoded, mut index) = (text.as_bytes(), Vec::with_capacity(text.len()), 0);
    while index < bytes.len() {
        let pair = (bytes[index] == b'%').then(|| Some(hex(*bytes.get(index + 1)?)? << 4 | hex(*bytes.get(index + 2)?)?)).flatten();
        decoded.push(pair.unwrap_or(bytes[index]));
        index += if pair.is_some() { 3 } else { 1 };
    }
    String::from_utf8(decoded).unwrap_or_else(|_| text.to_owned())
}

/// Reads a query.
pub(crate) fn parse_query(query: &str) -> BTreeMap<String, String> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(key, value)| (percent_decoded(key), percent_decoded(&value.replace('+', " ")))).collect()
}
