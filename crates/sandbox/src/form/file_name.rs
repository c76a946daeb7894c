//! What becomes of a file's name.

/// Discord keeps letters, digits, `.`, `-` and `_` of a file's name and turns the rest into `_`.
pub(crate) fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let safe: String = last.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' }).collect();
    let safe = safe.trim_start_matches('.');
    if safe.is_empty() { "unknown".to_owned() } else { safe.chars().take(200).collect() }
}
