//! The turns of a conversation: the model is asked, its tools are used, it is told what came of them, until it answers without asking for one.

use std::{io, mem, path::Path, time::Duration};

use serde_json::{Value, json};

use super::{
    super::model::{Asking, Call, Endpoint, Failure, Listener, ResultFile, Spent, client},
    outcome::Outcome,
    tools::{Tools, beginning, title},
    voice::{Retry, Said, Voice},
};

/// How many calls of one answer are carried out.
const MOST_TOOLS: usize = 32;

/// How many bytes of tools' results a request may hold; beyond it old ones are shortened, to half of it, so that what stands before them in
/// the provider's cache is seldom lost.
const MOST_RESULTS: usize = 400_000;

/// What is left of a result that is shortened, in bytes.
const SHORTENED: usize = 1_000;

/// How often the same calls with the same results may follow one another before the model is told so, and before the run is ended.
const SAME: (u32, u32) = (3, 6);

/// A conversation with a model in a folder.
pub(in crate::agents) struct Conversation<'a> {
    folder: &'a Path,
    endpoint: &'a Endpoint,
    messages: Vec<Value>,
    desk: Desk<'a>,
    spent: Spent,
    /// The last answers, and how many of them were the same.
    last_round: (Vec<String>, u32),
}

impl<'a> Conversation<'a> {
    /// Nothing is asked yet.
    pub(in crate::agents) fn new(folder: &'a Path, endpoint: &'a Endpoint, system: &str, task: &str, voice: &'a mut dyn Voice) -> Self {
        let messages = vec![json!({ "role": "system", "content": system }), json!({ "role": "user", "content": task })];
        let desk = Desk { voice, result: ResultFile::in_folder(folder), held: String::new(), answer: String::new(), begun: false };
        Self { folder, endpoint, messages, desk, spent: Spent::default(), last_round: (Vec::new(), 0) }
    }

    /// The last that the model wrote: the answer, or the part of one that has come.
    pub(super) fn answer(&self) -> &str {
        &self.desk.answer
    }

    /// A failure in words, with what is kept.
    pub(in crate::agents) fn failed(&self, failure: &Failure) -> String {
        match self.desk.answer.chars().count() {
            0 => failure.why.clone(),
            kept => format!("{} ({kept} characters of the answer are kept)", failure.why),
        }
    }

    /// How many calls did not tell what they used.
    pub(super) fn untold(&self) -> u32 {
        self.spent.untold()
    }

    /// Goes on until the model has answered. USAGE.json is written after every call, RESULT.txt while an answer comes.
    ///
    /// # Errors
    ///
    /// Why there is no whole answer.
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any time: a running command is stopped, the files hold what there is.
    pub(in crate::agents) async fn hold(&mut self, mut tools: Option<&mut Tools>) -> Result<(), Failure> {
        let client = client(self.endpoint)?;
        let declared = tools.as_ref().map(|tools| tools.declared()).unwrap_or_default();
        let most_turns = tools.as_ref().map_or(1, |tools| tools.most_turns);
        for turn in 1..=most_turns {
            let mut call = Call::default();
            self.desk.begin();
            let asking = Asking { client: &client, endpoint: self.endpoint, messages: &self.messages, tools: &declared };
            let outcome = asking.ask(&mut call, &mut self.desk).await;
            let is_last = tools.is_none() || call.tools.is_empty();
            // Before the answer ends: what comes after it would begin RESULT.txt anew.
            let outcome = outcome.and_then(|()| if is_last { self.desk.note_limit(&call) } else { Ok(()) });
            self.desk.result.end().map_err(|error| Failure::of(format!("RESULT.txt can't be looked at: {error}")))?;
            self.account(&call, outcome.is_ok())?;
            outcome?;
            let Some(tools) = tools.as_deref_mut().filter(|_| !call.tools.is_empty()) else { return self.finish(&call) };
            if turn < most_turns {
                self.use_tools(turn, call, tools).await?;
                self.shorten();
            }
        }
        Err(Failure::of(format!("the model still asked for tools in answer {most_turns}, which had to be its last (LLM_MAX_TURNS)")))
    }

    /// Tells what a call used, and writes down the sum. A call that was refused before anything came used nothing.
    fn account(&mut self, call: &Call, whole: bool) -> Result<(), Failure> {
        if !whole && !call.has_begun() {
            return Ok(());
        }
        let model = call.model.as_deref().unwrap_or(&self.endpoint.model);
        self.spent.add(model, call.tokens.as_ref());
        self.spent.write(self.folder).map_err(|error| Failure::of(format!("USAGE.json could not be written: {error}")))?;
        self.desk.say(&Said::Called { model, tokens: call.tokens.as_ref(), odd: call.odd.as_ref() })
    }

    /// The answer without a call is the last one.
    fn finish(&self, call: &Call) -> Result<(), Failure> {
        match (call.at_limit, call.text.trim().is_empty()) {
            (true, true) => Err(Failure::of("the model reached its output limit before it had answered")),
            // What it wrote while it worked, or into RESULT.txt itself, is the answer then.
            (false, true) if self.desk.answer.is_empty() && !self.desk.result.is_the_models_own() => {
                Err(Failure::of("the model gave an empty answer"))
            }
            (true, false) | (false, _) => Ok(()),
        }
    }

    async fn use_tools(&mut self, turn: u32, mut call: Call, tools: &mut Tools) -> Result<(), Failure> {
        for (nth, wanted) in call.tools.iter_mut().enumerate().filter(|(_, wanted)| wanted.id.is_empty()) {
            wanted.id = format!("call_{turn}_{nth}");
        }
        self.messages.push(call.message());
        let (mut round, mask) = (Vec::new(), self.endpoint.mask());
        for (nth, wanted) in call.tools.iter().enumerate() {
            let (id, tool) = (wanted.id.as_str(), mask.whole(&wanted.name));
            self.desk.say(&Said::ToolStarted { id, tool: &tool, title: &mask.whole(&title(wanted)) })?;
            let outcome = if nth < MOST_TOOLS {
                tools.run(wanted, call.at_limit).await
            } else {
                Outcome::refused(format!("not carried out: an answer may hold at most {MOST_TOOLS} calls"))
            };
            self.desk.say(&Said::ToolEnded { id, tool: &tool, ok: outcome.ok, title: &mask.whole(&outcome.title) })?;
            let text = mask.whole(&outcome.text);
            round.push(format!("{} {} {text}", wanted.name, wanted.arguments));
            self.messages.push(json!({ "role": "tool", "tool_call_id": id, "content": text }));
        }
        self.mind_repetition(round)
    }

    /// A model that does the same again and again, with the same result, is told so, and then stopped: nobody's money is spent on it.
    fn mind_repetition(&mut self, round: Vec<String>) -> Result<(), Failure> {
        let same = if self.last_round.0 == round { self.last_round.1 + 1 } else { 1 };
        self.last_round = (round, same);
        if same >= SAME.1 {
            return Err(Failure::of(format!("the model repeats itself: the same tools with the same results {same} times in a row")));
        }
        if let Some(message) = self.messages.last_mut().filter(|_| same >= SAME.0) {
            let told = message["content"].as_str().unwrap_or_default();
            message["content"] =
                Value::from(format!("{told}\n[You have done exactly this {same} times with this result. Do something else, or answer.]"));
        }
        Ok(())
    }

    /// Cuts old results of tools to their beginning when all together have grown too long; those of the last answer stay.
    fn shorten(&mut self) {
        let length = |message: &Value| message["content"].as_str().filter(|_| message["role"] == "tool").map_or(0, str::len);
        let mut sum: usize = self.messages.iter().map(length).sum();
        if sum <= MOST_RESULTS {
            return;
        }
        let newest = self.messages.iter().rposition(|message| message["role"] == "assistant").unwrap_or(0);
        for message in &mut self.messages[..newest] {
            let was = length(message);
            if was > 2 * SHORTENED && sum > MOST_RESULTS / 2 {
                let text = message["content"].as_str().unwrap_or_default();
                let begin = beginning(text, SHORTENED);
                message["content"] =
                    Value::from(format!("{begin}\n[The rest of this old result, {} bytes, was left out.]", was - begin.len()));
                sum -= was - length(message);
            }
        }
    }
}

/// Where answers are written down and told.
struct Desk<'a> {
    voice: &'a mut dyn Voice,
    result: ResultFile,
    /// Blank space at the beginning of an answer: not an answer yet.
    held: String,
    answer: String,
    /// The answer of this turn has begun.
    begun: bool,
}

impl Desk<'_> {
    /// A new answer: the last one stays until something of this one has come.
    fn begin(&mut self) {
        self.begun = false;
        self.held.clear();
    }

    /// Says behind an answer that it is not whole, where the model had to end.
    fn note_limit(&mut self, call: &Call) -> Result<(), Failure> {
        if !call.at_limit || call.text.trim().is_empty() {
            return Ok(());
        }
        let note = "\n\n[The model reached its output limit here.]\n";
        self.piece(note).map_err(|error| Failure::of(format!("the answer could not be written: {error}")))
    }

    fn say(&mut self, said: &Said<'_>) -> Result<(), Failure> {
        self.voice.say(said).map_err(|error| Failure::of(format!("nobody can be told how it goes on: {error}")))
    }
}

impl Listener for Desk<'_> {
    fn piece(&mut self, text: &str) -> io::Result<()> {
        self.held.push_str(text);
        if !self.begun && self.held.trim().is_empty() {
            return Ok(());
        }
        if !self.begun {
            self.begun = true;
            self.answer.clear();
        }
        let piece = mem::take(&mut self.held);
        self.answer.push_str(&piece);
        self.result.add(&piece)?;
        self.voice.say(&Said::Text(&piece))
    }

    fn retry(&mut self, nth: u32, of: u32, wait: Duration, why: &str) {
        // Whoever can't be told this is told nothing else either: the next piece ends the run.
        let _ = self.voice.say(&Said::Retry(Retry { nth, of, wait, why }));
    }
}
