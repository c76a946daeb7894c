//! The demonstration agent with a model: one streamed answer of an OpenAI-compatible endpoint, without tools. Standard output is the answer.

use std::{
    io::{self, Write},
    path::Path,
};

use super::{
    End,
    llm::{
        turns::Conversation,
        voice::{Said, Voice},
    },
    model::{Endpoint, Failure},
};

const SYSTEM: &str = "You carry out a task that somebody posted in a chat. Answer with the finished result, in Markdown. You have no tools, no \
                      files and no further turns: where something can't be done without them, say so briefly and do the rest.";

/// Asks the model and writes down what it says.
pub(super) fn run(folder: &Path, task: &str, endpoint: &Endpoint, out: &mut dyn Write, err: &mut dyn Write) -> End {
    let mut plain = Plain { out, err };
    let mut conversation = Conversation::new(folder, endpoint, SYSTEM, task, &mut plain);
    let outcome = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(conversation.hold(None)),
        Err(error) => Err(Failure::of(format!("the machine refused what a request needs: {error}"))),
    };
    let Err(failure) = outcome else { return End::Done };
    let said = conversation.failed(&failure);
    // Nobody is left to tell if standard error is closed.
    let _ = writeln!(plain.err, "{said}");
    End::Failed
}

/// The answer alone, as it comes; trouble on standard error.
struct Plain<'a> {
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
}

impl Voice for Plain<'_> {
    fn say(&mut self, said: &Said<'_>) -> io::Result<()> {
        match said {
            Said::Text(piece) => self.out.write_all(piece.as_bytes()).and_then(|()| self.out.flush()),
            Said::Retry(retry) => writeln!(self.err, "{retry}"),
            Said::ToolStarted { .. } | Said::ToolEnded { .. } | Said::Called { .. } => Ok(()),
        }
    }
}
