//! Faults of the local Discord that a history may meet, by name.

use std::time::Duration;

use orchestrator_sandbox::{GatewayTrouble, Rule};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Trouble for requests of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trouble {
    pub(crate) route: Route,
    pub(crate) fault: Fault,
    /// For so many requests.
    pub(crate) times: u32,
}

/// Kinds of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Route {
    /// The ✅ of a claim.
    Tick,
    /// Any reaction.
    Reactions,
    /// Posts to #results.
    Results,
    /// Posts to #worker-pool.
    Notices,
    /// Posts to #task-queue: announcements, replies, and what the command line submits.
    Announcements,
    /// A channel that is read back or searched.
    History,
    /// The first answer to an interaction.
    Callback,
    /// Connections to the gateway.
    Gateway,
}

impl Route {
    fn rule(self) -> Rule {
        match self {
            Self::Tick => Rule::on("PUT", "/channels/#task-queue/messages/*/reactions/✅/@me"),
            Self::Reactions => Rule::on("PUT", "/channels/#task-queue/messages/*/reactions/*/@me"),
            Self::Results => Rule::on("POST", "/channels/#results/messages"),
            Self::Notices => Rule::on("POST", "/channels/#worker-pool/messages"),
            Self::Announcements => Rule::on("POST", "/channels/#task-queue/messages"),
            Self::History => Rule::on("GET", "/channels/*/messages"),
            Self::Callback => Rule::on("POST", "/interactions/*/*/callback"),
            Self::Gateway => Rule::on("CONNECT", "/gateway"),
        }
    }
}

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fault {
    Status500,
    /// A page of a server in between.
    Html502,
    /// 429 of this user's bucket.
    LimitedUser,
    /// 429 of a resource that others use too.
    LimitedShared,
    /// 429 of everything.
    LimitedGlobal,
    /// 429 of a server in between, without Discord's headers.
    LimitedHtml,
    /// Closed before the effect.
    HangUp,
    /// Closed after the effect.
    LoseAnswer,
    Slow,
    /// A success without the body that belongs to it; nothing was done.
    EmptySuccess,
    Unauthorized,
}

impl Trouble {
    pub(crate) fn rule(self) -> Rule {
        let rule = self.route.rule().times(self.times.max(1));
        let limited = |rule: Rule, scope: &str, global: bool| {
            rule.answers(429, json!({"message": "You are being rate limited.", "retry_after": 0.2, "global": global}))
                .with_header("retry-after", "1")
                .with_header("x-ratelimit-scope", scope)
        };
        match self.fault {
            Fault::Status500 => rule.answers(500, json!({"message": "500: Internal Server Error", "code": 0})),
            Fault::Html502 => rule.answers(502, json!("<html><head><title>502 Bad Gateway</title></head><body>cloudflare</body></html>")),
            Fault::LimitedUser => limited(rule, "user", false),
            Fault::LimitedShared => limited(rule, "shared", false),
            Fault::LimitedGlobal => limited(rule, "global", true).with_header("x-ratelimit-global", "true"),
            Fault::LimitedHtml => rule.answers(429, json!("<html>error code: 1015</html>")).with_header("retry-after", "1"),
            Fault::HangUp => rule.hangs_up(),
            Fault::LoseAnswer => rule.loses_answer(),
            Fault::Slow => rule.delays(Duration::from_millis(700)),
            Fault::EmptySuccess => rule.answers(200, json!("")),
            Fault::Unauthorized => rule.answers_error(401, 0, "401: Unauthorized"),
        }
    }
}

/// A request at which the service is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Boundary {
    /// ✅ is put.
    Tick,
    /// The sign of an end is put.
    EndSign,
    /// An agent's start or end is told.
    Notice,
    /// A result is posted.
    Result,
    /// A task's own message is posted.
    Announcement,
    /// The channel is read back.
    History,
    /// An interaction is answered.
    Callback,
    /// The gateway's address is asked for.
    GatewayAddress,
    /// The gateway is connected to.
    Gateway,
    /// Commands are registered.
    Commands,
}

/// On which side of a boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Side {
    /// Before the effect.
    Before,
    /// After the effect, before the answer.
    After,
}

impl Boundary {
    pub(crate) const ALL: [Self; 10] = [
        Self::Tick,
        Self::EndSign,
        Self::Notice,
        Self::Result,
        Self::Announcement,
        Self::History,
        Self::Callback,
        Self::GatewayAddress,
        Self::Gateway,
        Self::Commands,
    ];

    /// The rule that strikes the nth such request (from 0).
    pub(crate) fn rule(self, nth: u32, side: Side, strike: impl Fn() + Send + Sync + 'static) -> Rule {
        let rule = match self {
            Self::Tick => Route::Tick.rule(),
            Self::EndSign => Rule::on("PUT", "/channels/#task-queue/messages/*/reactions/🏁/@me"),
            Self::Notice => Route::Notices.rule(),
            Self::Result => Route::Results.rule(),
            Self::Announcement => Route::Announcements.rule(),
            Self::History => Route::History.rule(),
            Self::Callback => Route::Callback.rule(),
            Self::GatewayAddress => Rule::on("GET", "/gateway"),
            Self::Gateway => Route::Gateway.rule(),
            Self::Commands => Rule::on("PUT", "/applications/*/guilds/*/commands"),
        };
        let rule = rule.after(nth).calls(strike);
        match side {
            Side::Before => rule.hangs_up(),
            Side::After => rule.loses_answer(),
        }
    }
}

/// What goes wrong on the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GatewayFault {
    /// Closed, with a code that lets the client come back.
    Close(u16),
    Drop,
    /// Op 7.
    Reconnect,
    /// Op 9, resumable or not.
    InvalidSession(bool),
    /// Heartbeats are not answered any more; with a short interval, so that it is noticed.
    NoAcknowledgement,
    /// Events come no more, until a RESUME or the end of all trouble.
    Silence,
    /// The next RESUME is refused.
    RefuseResume,
    /// The next IDENTIFY is closed with a code that lets the client come back.
    CloseIdentify(u16),
    /// Two events come twice.
    Double,
    /// Two events change places with those behind them.
    Swap,
    /// With the next RESUME come events that the client has seen.
    Repeat,
    /// The next event is lost on the way; the session ends when all trouble does.
    Lose,
}

impl GatewayFault {
    pub(crate) fn demands(self) -> Vec<GatewayTrouble> {
        match self {
            Self::Close(code) => vec![GatewayTrouble::Close(code)],
            Self::Drop => vec![GatewayTrouble::Drop],
            Self::Reconnect => vec![GatewayTrouble::Reconnect],
            Self::InvalidSession(resumable) => vec![GatewayTrouble::InvalidSession(resumable)],
            Self::NoAcknowledgement => vec![GatewayTrouble::AcknowledgeHeartbeats(false)],
            Self::Silence => vec![GatewayTrouble::Mute(true)],
            Self::RefuseResume => vec![GatewayTrouble::RefuseResumes(1), GatewayTrouble::Drop],
            Self::Double => vec![GatewayTrouble::Double(2)],
            Self::Swap => vec![GatewayTrouble::Swap(2)],
            Self::Repeat => vec![GatewayTrouble::Repeat(4), GatewayTrouble::Drop],
            Self::Lose => vec![GatewayTrouble::Lose(1)],
            Self::CloseIdentify(code) => vec![GatewayTrouble::CloseNextIdentify(code), GatewayTrouble::InvalidSession(false)],
        }
    }
}
