//! Takes secrets out of log lines, whoever wrote them.

use std::{
    io::{self, Write},
    sync::Arc,
};

use orchestrator_core::{domain::agent::Secret, wording::redact::Known};
use tracing_subscriber::fmt::MakeWriter;

/// Makes writers that pass on lines without secrets.
#[derive(Clone, Debug)]
pub(super) struct Redacting<M> {
    inner: M,
    secrets: Arc<Known>,
}

impl<M> Redacting<M> {
    pub(super) fn new(inner: M, secrets: &[Secret]) -> Self {
        Self { inner, secrets: Arc::new(Known::of(secrets.iter().map(Secret::expose))) }
    }
}

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Redacting<M> {
    type Writer = RedactingWriter<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        RedactingWriter { inner: self.inner.make_writer(), secrets: Arc::clone(&self.secrets) }
    }
}

/// Passes lines on without secrets. The subscriber writes a line in one piece.
#[derive(Debug)]
pub(super) struct RedactingWriter<W> {
    inner: W,
    secrets: Arc<Known>,
}

impl<W: Write> Write for RedactingWriter<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        self.inner.write_all(self.secrets.clean(&text).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_in_a_line_is_taken_out() {
        let secrets = Arc::new(Known::of(["MTA0.token.abcdefghijklmnop"]));
        let mut writer = RedactingWriter { inner: Vec::new(), secrets };

        writer.write_all(b"sent Bot MTA0.token.abcdefghijklmnop to nobody\n").unwrap();

        let written = String::from_utf8(writer.inner).unwrap();
        assert!(!written.contains("abcdefghijklmnop"), "{written}");
        assert!(written.ends_with("to nobody\n"), "{written}");
    }
}
