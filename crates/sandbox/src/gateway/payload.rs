//! The frames of the gateway: operation codes, close codes and their JSON.

use serde_json::{Value, json};

// Source: Discord developer documentation, "Gateway Opcodes" and "Gateway Close Event Codes".
pub(super) const DISPATCH: u64 = 0;
pub(super) const HEARTBEAT: u64 = 1;
pub(super) const IDENTIFY: u64 = 2;
pub(super) const PRESENCE_UPDATE: u64 = 3;
pub(super) const VOICE_STATE_UPDATE: u64 = 4;
pub(super) const RESUME: u64 = 6;
pub(super) const RECONNECT: u64 = 7;
pub(super) const REQUEST_GUILD_MEMBERS: u64 = 8;
pub(super) const INVALID_SESSION: u64 = 9;
pub(super) const HELLO: u64 = 10;
pub(super) const HEARTBEAT_ACK: u64 = 11;

/// Why a connection is closed by the local Discord.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CloseCode(pub(crate) u16);

impl CloseCode {
    pub(super) const UNKNOWN_OPCODE: Self = Self(4001);
    pub(super) const DECODE_ERROR: Self = Self(4002);
    pub(super) const NOT_AUTHENTICATED: Self = Self(4003);
    pub(crate) const AUTHENTICATION_FAILED: Self = Self(4004);
    pub(super) const ALREADY_AUTHENTICATED: Self = Self(4005);
    pub(super) const INVALID_SEQUENCE: Self = Self(4007);
    pub(super) const RATE_LIMITED: Self = Self(4008);
    pub(super) const SESSION_TIMED_OUT: Self = Self(4009);
    pub(super) const INVALID_SHARD: Self = Self(4010);
    pub(super) const INVALID_VERSION: Self = Self(4012);
    pub(super) const INVALID_INTENTS: Self = Self(4013);
    pub(super) const DISALLOWED_INTENTS: Self = Self(4014);

    /// The sentence that goes with the code.
    pub(super) fn reason(self) -> &'static str {
        match self.0 {
            4000 => "Unknown error.",
            4001 => "Unknown opcode.",
            4002 => "Error while decoding payload.",
            4003 => "Not authenticated.",
            4004 => "Authentication failed.",
            4005 => "Already authenticated.",
            4007 => "Invalid seq.",
            4008 => "Rate limited.",
            4009 => "Session timed out.",
            4010 => "Invalid shard.",
            4011 => "Sharding required.",
            4012 => "Invalid API version.",
            4013 => "Invalid intent(s).",
            4014 => "Disallowed intent(s).",
            _ => "",
        }
    }

    /// Whether the session is gone with the connection, so that only a new IDENTIFY helps.
    pub(super) fn ends_session(self) -> bool {
        matches!(self.0, 1000 | 1001 | 4003 | 4004 | 4007 | 4009..=4014)
    }
}

pub(super) fn dispatch(seq: u64, name: &str, data: &Value) -> String {
    json!({"op": DISPATCH, "s": seq, "t": name, "d": data}).to_string()
}

/// The name of an event that trouble may meet: none of those that begin a session.
pub(super) fn event_of(frame: &str) -> Option<String> {
    let name = frame.rsplit_once("\"t\":\"")?.1.split_once('"')?.0;
    (!matches!(name, "READY" | "RESUMED" | "GUILD_CREATE")).then(|| name.to_owned())
}

pub(super) fn control(op: u64, data: &Value) -> String {
    json!({"op": op, "s": null, "t": null, "d": data}).to_string()
}
