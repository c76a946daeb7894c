//! A conversation with an agent: one session, one turn, and all that it says and asks meanwhile.

use std::time::Duration;

use orchestrator_core::domain::acp::Orders;
use serde_json::{Value, json};
use tokio::{signal::unix::Signal, time::Instant};

use super::{
    asking::{self, Asking},
    lines::Lines,
    message::{self, AUTH_REQUIRED, INVALID, Message, NO_SUCH_METHOD, Refusal},
    program::{Heard, Program},
    session,
    spent::Spent,
    tools::Tools,
    vendor::{self, Trouble},
};

/// The version of the protocol that is spoken here.
const VERSION: u64 = 1;
/// How long an agent that has answered may take to end when nobody speaks to it any more.
const FAREWELL: Duration = Duration::from_secs(5);
/// The part of the grace that an agent has to end its turn, in tenths; in the rest its program ends.
const TURN_OF_GRACE: u64 = 6;

/// Why a conversation came to no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// A signal asked for its end.
    Stopped,
    /// The agent said no.
    Refused(Refusal),
    /// Something else, in words.
    Of(String),
}

/// The agent's last word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It has done what it was asked.
    Ended,
    /// It was stopped.
    Cancelled,
    /// It stopped before it was done, for this reason.
    Short(String),
}

/// The conversation.
pub(super) struct Talk<'a> {
    orders: &'a Orders,
    program: Program,
    pub(super) lines: Lines<'a>,
    tools: Tools,
    spent: Spent,
    trouble: Trouble,
    tells_last_call_alone: bool,
    asking: Asking,
    stop: Signal,
    /// When an agent that was asked to end its turn is waited for no longer.
    given_up_at: Option<Instant>,
    last_id: u64,
    session: Option<String>,
    /// Whether its turn is over: nothing that it asks from then on is put to anybody.
    is_over: bool,
    broken: u64,
    too_long: u64,
}

impl<'a> Talk<'a> {
    pub(super) fn new(orders: &'a Orders, program: Program, lines: Lines<'a>, stop: Signal) -> Self {
        Self {
            orders,
            program,
            lines,
            tools: Tools::default(),
            spent: Spent::default(),
            trouble: Trouble::default(),
            tells_last_call_alone: false,
            asking: Asking::of(orders),
            stop,
            given_up_at: None,
            last_id: 0,
            session: None,
            is_over: false,
            broken: 0,
            too_long: 0,
        }
    }

    /// Comes to an understanding with the agent, makes a session and sets it as it is wanted.
    pub(super) async fn begin(&mut self) -> Result<(), Failure> {
        let until = Instant::now() + Duration::from_millis(self.orders.start_within_ms);
        let who = json!({ "name": "orchestrator", "title": "Orchestrator", "version": env!("CARGO_PKG_VERSION") });
        let capabilities = json!({ "fs": { "readTextFile": false, "writeTextFile": false }, "terminal": false });
        let hello = json!({ "protocolVersion": VERSION, "clientCapabilities": capabilities, "clientInfo": who });
        let greeted = self.call("initialize", &hello, until).await?;
        let version = &greeted["protocolVersion"];
        if version.as_u64() != Some(VERSION) {
            let theirs = if version.is_null() { "none".to_owned() } else { version.to_string().chars().take(20).collect() };
            return Err(Failure::Of(format!("the agent speaks version {theirs} of the protocol, and this program version {VERSION}")));
        }
        let place = json!({ "cwd": self.orders.cwd, "mcpServers": [] });
        let made = match self.call("session/new", &place, until).await {
            Err(Failure::Refused(refusal)) if refusal.code == AUTH_REQUIRED => {
                self.log_in(&greeted, refusal, until).await?;
                self.call("session/new", &place, until).await?
            }
            made => made?,
        };
        let Some(session) = made["sessionId"].as_str() else {
            return Err(Failure::Of("the agent made a session and did not say which".to_owned()));
        };
        self.session = Some(session.to_owned());
        self.tells_last_call_alone = vendor::tells_last_call_alone(greeted["agentInfo"]["name"].as_str().unwrap_or_default());
        self.spent.begins_with(session::model(&made));
        self.lines.say(&json!({ "type": "session", "session": session, "agent": greeted["agentInfo"]["name"] }));
        for setting in session::settings(self.orders, session, &made).map_err(Failure::Refused)? {
            self.call(setting.method, &setting.params, until).await?;
        }
        Ok(())
    }

    async fn log_in(&mut self, greeted: &Value, refusal: Refusal, until: Instant) -> Result<(), Failure> {
        let Some(way) = &self.orders.login else {
            let ways: Vec<&str> = greeted["authMethods"].as_array().into_iter().flatten().filter_map(|way| way["id"].as_str()).collect();
            let known = if ways.is_empty() { String::new() } else { format!(" (`login` names one of its ways: {})", ways.join(", ")) };
            return Err(Failure::Refused(Refusal { why: format!("authentication required: {}{known}", refusal.why), ..refusal }));
        };
        self.call("authenticate", &json!({ "methodId": way }), until).await.map(drop)
    }

    /// Asks what is to be asked, and hears the agent to its end; however that comes, what it has used by then is told.
    pub(super) async fn turn(&mut self, prompt: &str) -> Result<Turn, Failure> {
        let params = json!({ "sessionId": self.session, "prompt": [{ "type": "text", "text": prompt }] });
        let answered = self.call_until("session/prompt", &params, None).await;
        let result = answered?;
        let reason = result["stopReason"].as_str().unwrap_or("end_turn").to_owned();
        let cancelled = reason == "cancelled";
        if !self.spent.turn(&result, cancelled) {
            self.lines.note("the agent does not tell what it had used when it was stopped");
        }
        if self.tells_last_call_alone && self.tools.were_used() && self.spent.forget_tokens() {
            self.lines.note("the agent tells the tokens of its last call alone: how many there were in all is unknown");
        }
        if let Some(line) = self.spent.line() {
            self.lines.say(&line);
        }
        if let Some(refusal) = self.trouble.end() {
            return Err(Failure::Refused(refusal));
        }
        Ok(match reason.as_str() {
            "end_turn" => Turn::Ended,
            "cancelled" => Turn::Cancelled,
            _ => Turn::Short(reason.chars().take(60).collect()),
        })
    }

    /// Tells what could not be read, and ends the program; what it says until then is heard.
    pub(super) async fn end(&mut self) {
        let patience = match self.given_up_at {
            // Stopped: what is left of the grace has to do.
            Some(_) => FAREWELL.min(Duration::from_millis(self.orders.grace_ms.saturating_mul(10 - TURN_OF_GRACE) / 40)),
            None => FAREWELL,
        };
        self.is_over = true;
        for told in self.asking.cancel(&mut self.lines) {
            self.program.say(&told);
        }
        self.program.close();
        let until = Instant::now() + patience;
        while let Ok(heard) = tokio::time::timeout_at(until, self.program.hear()).await {
            match heard {
                Heard::End => break,
                heard => drop(self.heard(heard)),
            }
        }
        self.program.end(patience).await;
        for (lines, what) in [(self.broken, "no message of the protocol"), (self.too_long, "too long to be read")] {
            if lines > 0 {
                let those = if lines == 1 { "1 line of the agent was".to_owned() } else { format!("{lines} lines of the agent were") };
                self.lines.note(&format!("{those} {what} and passed over"));
            }
        }
        for note in self.spent.notes() {
            self.lines.note(&note);
        }
        self.lines.flush();
    }

    /// A request that has to be answered in time.
    async fn call(&mut self, method: &str, params: &Value, until: Instant) -> Result<Value, Failure> {
        self.call_until(method, params, Some(until)).await
    }

    async fn call_until(&mut self, method: &str, params: &Value, until: Option<Instant>) -> Result<Value, Failure> {
        self.last_id += 1;
        let id = self.last_id;
        self.program.say(&message::request(id, method, params));
        loop {
            self.look_after();
            if self.lines.closed {
                return Err(Failure::Of("nobody hears what the bridge says".to_owned()));
            }
            let now = Instant::now();
            if until.is_some_and(|until| now >= until) {
                let seconds = self.orders.start_within_ms / 1_000;
                return Err(Failure::Of(format!(
                    "the agent was not ready within {seconds} s (`start_seconds`): it did not answer `{method}`"
                )));
            }
            if self.given_up_at.is_some_and(|at| now >= at) {
                return Err(Failure::Stopped);
            }
            let wake = [until, self.given_up_at, self.lines.due(), self.asking.due()].into_iter().flatten().min();
            let asleep = async {
                match wake {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                _ = self.stop.recv() => self.stops(until.is_some())?,
                heard = self.program.hear() => match heard {
                    Heard::End => return Err(self.ended(method).await),
                    heard => {
                        if let Some(Message::Answer { id: of, outcome }) = self.heard(heard)
                            && of == id
                        {
                            return outcome.map_err(Failure::Refused);
                        }
                    }
                },
                () = asleep => {}
            }
        }
    }

    /// What is due by time.
    fn look_after(&mut self) {
        if self.lines.due().is_some_and(|due| Instant::now() >= due) {
            self.lines.flush();
        }
        for told in self.asking.look(&mut self.lines) {
            self.program.say(&told);
        }
    }

    /// A signal asks for the end: an agent that works is asked to end its turn, and tells what it has by then.
    fn stops(&mut self, is_beginning: bool) -> Result<(), Failure> {
        if is_beginning {
            self.given_up_at = Some(Instant::now());
            return Err(Failure::Stopped);
        }
        if self.given_up_at.is_none() {
            let patience = Duration::from_millis(self.orders.grace_ms.saturating_mul(TURN_OF_GRACE) / 10);
            self.given_up_at = Some(Instant::now() + patience);
            self.program.say(&message::notice("session/cancel", &json!({ "sessionId": self.session })));
            for told in self.asking.cancel(&mut self.lines) {
                self.program.say(&told);
            }
        }
        Ok(())
    }

    /// The program has ended, and was not meant to.
    async fn ended(&mut self, method: &str) -> Failure {
        let status = self.program.end(Duration::from_secs(1)).await;
        let before = match method {
            "initialize" => "before it was ready",
            "session/prompt" => "before its answer was whole",
            _ => "before it had a session",
        };
        Failure::Of(format!("the agent program ended {before} ({})", Program::ending(status)))
    }

    /// Deals with one thing that the agent says; an answer is for the caller.
    fn heard(&mut self, heard: Heard) -> Option<Message> {
        let line = match heard {
            Heard::Line(line) => line,
            Heard::TooLong => {
                self.too_long += 1;
                return None;
            }
            Heard::End => return None,
        };
        match Message::read(&line) {
            None => {
                // Programs print warnings of their own; what looks like a message and is none may have been one.
                self.broken += u64::from(line.trim_ascii_start().starts_with(b"{"));
                None
            }
            Some(Message::Request { id, method, params }) => {
                self.asked(&id, &method, &params);
                None
            }
            Some(Message::Notice { method, params }) => {
                let own = self.session.is_some() && params["sessionId"].as_str() == self.session.as_deref();
                if method == "session/update" && own {
                    self.told(&params["update"]);
                } else {
                    self.lines.sign_of_life();
                }
                None
            }
            answer @ Some(Message::Answer { .. }) => answer,
        }
    }

    fn asked(&mut self, id: &Value, method: &str, params: &Value) {
        let told = match method {
            "session/request_permission" if self.is_over || self.given_up_at.is_some() => Some(asking::unanswered(id)),
            "session/request_permission" if params["options"].is_array() => {
                let tool = self.tools.asked(&params["toolCall"], &mut self.lines);
                self.asking.asks(id, params, tool, &mut self.lines)
            }
            "session/request_permission" => {
                self.lines.note("the agent asked for permission in a way that could not be read: it was told so");
                Some(message::refusal(id, INVALID, "`options` is no list"))
            }
            _ => {
                self.lines.sign_of_life();
                Some(message::refusal(id, NO_SUCH_METHOD, "this client does not offer that"))
            }
        };
        if let Some(told) = told {
            self.program.say(&told);
        }
    }

    fn told(&mut self, update: &Value) {
        match update["sessionUpdate"].as_str().unwrap_or_default() {
            "agent_message_chunk" => match update["content"]["text"].as_str() {
                Some(piece) if self.trouble.takes(piece) => self.lines.sign_of_life(),
                Some(piece) => self.lines.text(piece, update["messageId"].as_str()),
                None => self.lines.sign_of_life(),
            },
            "tool_call" | "tool_call_update" => self.tools.update(update, &mut self.lines),
            "usage_update" if self.spent.update(update) => {
                if let Some(line) = self.spent.line() {
                    self.lines.say(&line);
                }
            }
            "session_info_update" if self.trouble.update(update, &mut self.lines) => {}
            _ => self.lines.sign_of_life(),
        }
    }
}
