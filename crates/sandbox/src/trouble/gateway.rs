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
    /// So many of the next events are sent twice.
    Double(u32),
    /// So many times the next event comes after the one that follows it; alone, it comes late.
    Swap(u32),
    /// So many of the next events are lost on the way: later ones come, and no RESUME brings them.
    Lose(u32),
    /// With the next RESUME so many events come again that the client has seen.
    Repeat(u32),
    /// So many RESUMEs are refused.
    RefuseResumes(u32),
    /// The next IDENTIFY is closed with this code; may be given several times.
    CloseNextIdentify(u16),
    /// The heartbeat interval that new connections are told, in milliseconds.
    HeartbeatIntervalMs(u64),
}

/// What becomes of one event on its way to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    Sent,
    Twice,
    /// After the next.
    Late,
    Lost,
    /// Kept for a RESUME.
    Muted,
}

/// What of it lasts: how events fare, and how sessions begin.
#[derive(Debug, Default)]
pub(super) struct OnTheWay {
    pub(super) muted: bool,
    pub(super) doubled: u32,
    pub(super) swapped: u32,
    pub(super) lost: u32,
    pub(super) repeated: u32,
}

impl OnTheWay {
    /// Asking uses it up.
    pub(super) fn passage(&mut self) -> Passage {
        if self.muted {
            return Passage::Muted;
        }
        for (count, passage) in [(&mut self.lost, Passage::Lost), (&mut self.swapped, Passage::Late), (&mut self.doubled, Passage::Twice)] {
            if *count > 0 {
                *count -= 1;
                return passage;
            }
        }
        Passage::Sent
    }
}
