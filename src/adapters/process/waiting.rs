//! Listens in what a bridge says for how long it waits for people: its agent's time limit stands still meanwhile.

use std::time::{Duration, Instant};

use orchestrator_core::domain::acp::Waiting;

/// Longest line that is looked at, in bytes: a beginning and two numbers.
const LINE_BYTES: usize = 128;

/// What was told last, and when.
#[derive(Debug, Default)]
pub(super) struct Ear {
    told: Option<(Waiting, Instant)>,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    /// Whether what comes until the next end of a line is of another kind.
    is_other: bool,
}

impl Ear {
    /// A part of what it says.
    pub(super) fn hear(&mut self, bytes: &[u8], now: Instant) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let ends = piece.ends_with(b"\n");
            if !self.is_other {
                self.line.extend_from_slice(&piece[..piece.len().min(LINE_BYTES)]);
                let known = self.line.len().min(Waiting::BEGINS.len());
                self.is_other = self.line[..known] != Waiting::BEGINS.as_bytes()[..known] || self.line.len() > LINE_BYTES;
            }
            if ends {
                let line = std::mem::take(&mut self.line);
                let read = std::str::from_utf8(&line).ok().and_then(|line| Waiting::read(line.trim_end()));
                // The sum so far: what was told before counts on.
                if let Some(waiting) = read.filter(|_| !self.is_other) {
                    self.told = Some((waiting, now));
                }
                self.is_other = false;
            }
            if self.is_other {
                self.line = Vec::new();
            }
        }
    }

    /// When a time that would be over at `at` is over, people being waited for.
    pub(super) fn put_off(&self, at: Instant) -> Option<Instant> {
        let Some((waiting, told_at)) = self.told else { return Some(at) };
        let later = at.checked_add(Duration::from_millis(waiting.waited_ms))?;
        let promised = told_at.checked_add(Duration::from_millis(waiting.waits_on_ms)).filter(|_| waiting.waits_on_ms > 0);
        Some(promised.map_or(later, |promised| promised.max(later)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_put_off_by_what_was_waited_and_while_somebody_is_waited_for() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let line = |waited_ms, waits_on_ms| format!("{}\n", Waiting { waited_ms, waits_on_ms }.line()).into_bytes();
        let mut ear = Ear::default();
        assert_eq!(ear.put_off(after(60)), Some(after(60)));

        ear.hear(&[b"{\"type\":\"text\",\"delta\":\"{\\\"type\\\":\\\"waits\\\",\"}\n".to_vec(), line(0, 90_000)].concat(), after(10));
        assert_eq!(ear.put_off(after(60)), Some(after(100)), "it is waiting");
        for byte in line(30_000, 90_000) {
            ear.hear(&[byte], after(40));
        }
        assert_eq!((ear.put_off(after(60)), ear.put_off(after(200))), (Some(after(130)), Some(after(230))));
        ear.hear(&[b"x".repeat(100_000), b"\n".to_vec(), line(50_000, 0), b"{\"type\":\"waits\",\"waited".to_vec()].concat(), after(60));
        assert_eq!(ear.put_off(after(60)), Some(after(110)), "it waits no more");
        ear.hear(&[b"_ms\":x}\n".to_vec(), b"{\"type\":\"waits\",".repeat(100), b"\n".to_vec()].concat(), after(60));
        assert_eq!(ear.put_off(after(60)), Some(after(110)), "what can't be read tells nothing");
    }
}
