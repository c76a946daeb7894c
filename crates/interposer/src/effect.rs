//! What is done at a call.

/// What happens instead of a call, or around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The process is killed before the call.
    Kill,
    /// The call is made; then the process is killed.
    KillAfter,
    /// Half of a write is made; then the process is killed. Another call is not made.
    Torn,
    /// The first write is cut in half, later ones find no room.
    Short,
    /// The call is not made and fails with this error number.
    Fail(i32),
    /// Nothing, and later rules don't see the call.
    Pass,
}

/// Source: Linux, include/uapi/asm-generic/errno-base.h and errno.h.
const ERRORS: [(&str, i32); 15] = [
    ("EPERM", 1),
    ("EINTR", 4),
    ("EIO", 5),
    ("EAGAIN", 11),
    ("ENOMEM", 12),
    ("EACCES", 13),
    ("EBUSY", 16),
    ("EMFILE", 24),
    ("ENOSPC", 28),
    ("EROFS", 30),
    ("EPIPE", 32),
    ("ECONNRESET", 104),
    ("ETIMEDOUT", 110),
    ("ECONNREFUSED", 111),
    ("EDQUOT", 122),
];

/// No space left on the device.
pub(crate) const NO_ROOM: i32 = 28;

impl Effect {
    pub(crate) fn read(text: &str) -> Option<Self> {
        Some(match text {
            "kill" => Self::Kill,
            "kill-after" => Self::KillAfter,
            "torn" => Self::Torn,
            "short" => Self::Short,
            "pass" => Self::Pass,
            _ => Self::Fail(ERRORS.iter().find(|(name, _)| *name == text)?.1),
        })
    }
}
