//! Trouble for gateway connections.

use serde::Deserialize;

/// What goes wrong on the gateway, at once or from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GatewayTrouble {
    /// All connections are closed with this code.
    Close(u16),
    /// All connections are cut without a close frame.
    Drop,
    /// All clients are told to reconnect (op 7).
    Reconnect,
    /// All sessions are declared invalid (op 9), resumable or not.
    InvalidSession(bool),
    /// Heartbeats are answered, or no longer.
    AcknowledgeHeartbeats(bool),
    /// Events are held back, or sent again; what was held back comes with a RESUME.
    Mute(bool),
    /// So many RESUMEs are refused.
    RefuseResumes(u32),
    /// The next IDENTIFY is closed with this code; may be given several times.
    CloseNextIdentify(u16),
    /// The heartbeat interval that new connections are told, in milliseconds.
    HeartbeatIntervalMs(u64),
}
