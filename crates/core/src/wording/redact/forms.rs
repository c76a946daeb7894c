//! How a value may stand in a text: as it is, and as programs write it that encode it.

use std::fmt::Write as _;

use super::{IN_ITS_PLACE, SHORTEST};

const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A value as it is, in hexadecimal, in an address, in JSON, and in base64 with what of it is the same wherever it begins in something longer. The longest first.
pub(super) fn of(value: &str) -> Vec<String> {
    let mut forms = vec![value.to_owned()];
    forms.extend([hex(value), hex(value).to_uppercase(), escaped(value, true), escaped(value, false)]);
    let json = in_json(value);
    forms.extend([json.replace('/', "\\/"), json]);
    for for_addresses in [false, true] {
        for before in 0..3 {
            forms.push(within_base64(value.as_bytes(), before, for_addresses));
        }
    }
    forms.retain(|form| form.len() >= SHORTEST);
    forms.sort_unstable_by_key(|form| std::cmp::Reverse(form.len()));
    forms.dedup();
    forms
}

fn hex(value: &str) -> String {
    value.bytes().fold(String::with_capacity(value.len() * 2), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// As it stands in a text of JSON, without the quotes.
fn in_json(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).map_or_else(|| value.to_owned(), str::to_owned)
}

/// As it stands in an address. Source: RFC 3986, "Unreserved Characters".
pub(super) fn escaped(text: &str, capitals: bool) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else if capitals {
            let _ = write!(escaped, "%{byte:02X}");
        } else {
            let _ = write!(escaped, "%{byte:02x}");
        }
        escaped
    })
}

/// The letters that stand for a value alone where so many other bytes come before it (0 to 2), whatever those are and whatever comes after.
fn within_base64(value: &[u8], before: usize, for_addresses: bool) -> String {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(value);
    let letters = base64(&bytes, for_addresses);
    // A letter holds six bits: those that hold some of another byte say nothing certain.
    letters[(before * 8).div_ceil(6)..bytes.len() * 8 / 6].to_owned()
}

/// RFC 4648, without the filling at the end.
pub(super) fn base64(bytes: &[u8], for_addresses: bool) -> String {
    let letter = |six: u32| match usize::try_from(six & 63).unwrap_or(0) {
        62 if for_addresses => '-',
        62 => '+',
        63 if for_addresses => '_',
        63 => '/',
        index => char::from(LETTERS[index]),
    };
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let three = (0..3).fold(0_u32, |bits, at| bits << 8 | chunk.get(at).copied().map_or(0, u32::from));
        for at in 0..=chunk.len() {
            text.push(letter(three >> (18 - 6 * at)));
        }
    }
    text
}

/// One way of reading a text: its bytes, each with how many bytes of the text it stands for.
pub(super) type Reading<'t> = Box<dyn Iterator<Item = (u8, usize)> + 't>;

/// All ways.
pub(super) const READINGS: [fn(&[u8]) -> Reading<'_>; 3] = [as_it_is, joined, unescaped];

/// A text as it is.
fn as_it_is(text: &[u8]) -> Reading<'_> {
    Box::new(text.iter().map(|byte| (*byte, 1)))
}

/// A text without its line breaks.
pub(super) fn joined(text: &[u8]) -> Reading<'_> {
    let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let mut bytes = text.iter().copied().peekable();
    Box::new(std::iter::from_fn(move || {
        let byte = bytes.next()?;
        let mut length = 1;
        while bytes.next_if(is_break).is_some() {
            length += 1;
        }
        Some((byte, length))
    }))
}

/// A text with what is escaped by %-signs put back.
pub(super) fn unescaped(text: &[u8]) -> Reading<'_> {
    let bytes = text;
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
    let mut at = 0;
    Box::new(std::iter::from_fn(move || {
        let (byte, length) = match (*bytes.get(at)?, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => (high << 4 | low, 3),
            (byte, ..) => (byte, 1),
        };
        at += length;
        Some((byte, length))
    }))
}

/// The text without the values, as far as one way of reading it shows them.
pub(super) fn without(text: String, read: fn(&[u8]) -> Reading<'_>, values: &[String]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    bytes.extend(read(text.as_bytes()).map(|(byte, _)| byte));
    let mut found: Vec<(usize, usize)> = values.iter().flat_map(|value| places(&bytes, value.as_bytes())).collect();
    if found.is_empty() {
        return text;
    }
    found.sort_unstable();
    let mut clean: Vec<u8> = Vec::with_capacity(text.len());
    let (mut at, mut gone_until) = (0, 0);
    let mut found = found.into_iter().peekable();
    for (place, (_, length)) in read(text.as_bytes()).enumerate() {
        while let Some((begins, end)) = found.next_if(|(begins, _)| *begins <= place) {
            // One that lies in another, or reaches out of it, goes with it.
            if begins >= gone_until {
                clean.extend_from_slice(IN_ITS_PLACE.as_bytes());
            }
            gone_until = gone_until.max(end);
        }
        if place >= gone_until {
            clean.extend_from_slice(&text.as_bytes()[at..at + length]);
        }
        at += length;
    }
    // A value is whole characters, so what is beside it is too.
    String::from_utf8(clean).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Whether a value stands anywhere in some bytes.
pub(super) fn holds(bytes: &[u8], value: &[u8]) -> bool {
    !places(bytes, value).is_empty()
}

/// Where a value stands, from and to.
pub(super) fn places(bytes: &[u8], value: &[u8]) -> Vec<(usize, usize)> {
    let Some(first) = value.first() else { return Vec::new() };
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| byte == first).map(|at| from + at) {
        if bytes[at..].starts_with(value) {
            found.push((at, at + value.len()));
            from = at + value.len();
        } else {
            from = at + 1;
        }
    }
    found
}

#[cfg(test)]
pub(super) fn decoded(text: &str) -> Vec<u8> {
    let sixes = text.bytes().filter_map(|byte| match byte {
        b'+' | b'-' => Some(62_u32),
        b'/' | b'_' => Some(63),
        other => LETTERS.iter().position(|letter| *letter == other).and_then(|at| u32::try_from(at).ok()),
    });
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for six in sixes {
        bits = bits << 6 | six;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap_or(0));
        }
    }
    bytes
}
