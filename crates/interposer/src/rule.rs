//! One rule: which calls it is about, and what it does to them.

use std::ffi::CString;

use crate::effect::Effect;

/// A call that matters. Which libc functions these are is told in the crate's documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "told in the crate's documentation")]
pub enum Call {
    Open,
    Create,
    Write,
    Sync,
    Truncate,
    Allocate,
    Rename,
    Unlink,
    Link,
    Mkdir,
    Fork,
    Exec,
    Send,
    Connect,
}

impl Call {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 14] = [
        Self::Open,
        Self::Create,
        Self::Write,
        Self::Sync,
        Self::Truncate,
        Self::Allocate,
        Self::Rename,
        Self::Unlink,
        Self::Link,
        Self::Mkdir,
        Self::Fork,
        Self::Exec,
        Self::Send,
        Self::Connect,
    ];

    /// The word for it in a rule.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Create => "create",
            Self::Write => "write",
            Self::Sync => "sync",
            Self::Truncate => "truncate",
            Self::Allocate => "allocate",
            Self::Rename => "rename",
            Self::Unlink => "unlink",
            Self::Link => "link",
            Self::Mkdir => "mkdir",
            Self::Fork => "fork",
            Self::Exec => "exec",
            Self::Send => "send",
            Self::Connect => "connect",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u8
    }

    /// Needs room on the disk.
    const fn fills(self) -> bool {
        matches!(self, Self::Create | Self::Write | Self::Allocate | Self::Mkdir | Self::Link)
    }

    /// Changes what is on the disk.
    const fn changes(self) -> bool {
        self.fills() || matches!(self, Self::Truncate | Self::Rename | Self::Unlink | Self::Sync)
    }

    /// The calls that a word stands for, as bits; none: there is no such word.
    fn named(word: &str) -> u16 {
        let bits =
            |is_meant: fn(Self) -> bool| Self::ALL.into_iter().filter(|call| is_meant(*call)).fold(0, |bits, call| bits | call.bit());
        match word {
            "fill" => bits(Self::fills),
            "change" => bits(Self::changes),
            "any" => bits(|call| call != Self::Open),
            "fsync" => Self::Sync.bit(),
            _ => Self::ALL.into_iter().find(|call| call.word() == word).map_or(0, Self::bit),
        }
    }
}

/// Which process of the program makes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Who {
    /// The program itself, whatever its verb.
    Orchestrator,
    /// The process that forks attendants.
    Nursery,
    /// A fork of the nursery.
    Attendant,
    /// A fork that has not yet become another program.
    Child,
}

impl Who {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Orchestrator, Self::Nursery, Self::Attendant, Self::Child];

    /// The word for it in a rule.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Orchestrator => "orchestrator",
            Self::Nursery => "nursery",
            Self::Attendant => "attendant",
            Self::Child => "child",
        }
    }
}

/// Which paths are meant.
#[derive(Debug, PartialEq, Eq)]
enum Paths {
    All,
    Ending(String),
    Holding(String),
}

/// A rule, read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    calls: u16,
    paths: Paths,
    who: Option<Who>,
    first: u32,
    last: u32,
    /// Holds only while this file exists.
    pub(crate) during: Option<CString>,
    pub(crate) effect: Effect,
}

impl Rule {
    /// Reads rules, parted by `;`; an error is the one that can't be read.
    pub(crate) fn read_all(text: &str) -> Result<Vec<Self>, &str> {
        text.split(';').map(str::trim).filter(|rule| !rule.is_empty()).map(|rule| Self::read(rule).ok_or(rule)).collect()
    }

    fn read(text: &str) -> Option<Self> {
        let (rest, effect) = text.rsplit_once('=')?;
        let (rest, during) = match rest.split_once('?') {
            Some((rest, file)) if !file.is_empty() => (rest, Some(CString::new(file).ok()?)),
            Some(_) => return None,
            None => (rest, None),
        };
        let (what, range) = rest.rsplit_once('@')?;
        let (range, who) = match range.split_once('/') {
            Some((range, word)) => (range, Some(Who::ALL.into_iter().find(|who| who.word() == word)?)),
            None => (range, None),
        };
        let (first, last) = match range.split_once('-') {
            None if range == "*" => (1, u32::MAX),
            None => (range.parse().ok()?, range.parse().ok()?),
            Some((first, "")) => (first.parse().ok()?, u32::MAX),
            Some((first, last)) => (first.parse().ok()?, last.parse().ok()?),
        };
        let (call, paths) = match what.split_once(':') {
            None => (what, Paths::All),
            Some((_, "" | "*")) => return None,
            Some((call, path)) => match path.strip_prefix('*') {
                Some(part) => (call, Paths::Holding(part.to_owned())),
                None => (call, Paths::Ending(path.to_owned())),
            },
        };
        let calls = Call::named(call);
        (calls != 0 && first > 0 && first <= last).then_some(Self { calls, paths, who, first, last, during, effect: Effect::read(effect)? })
    }

    /// Whether a call counts for this rule. Allocates nothing.
    pub(crate) fn is_about(&self, call: Call, path: &[u8], who: Who) -> bool {
        let of_path = match &self.paths {
            Paths::All => true,
            Paths::Ending(end) => path.ends_with(end.as_bytes()),
            Paths::Holding(part) => path.windows(part.len()).any(|window| window == part.as_bytes()),
        };
        self.calls & call.bit() != 0 && self.who.is_none_or(|meant| meant == who) && of_path
    }

    /// Whether the rule holds at the `nth` call that counts for it; and whether that is its first.
    pub(crate) fn holds_at(&self, nth: u32) -> Option<bool> {
        (self.first..=self.last).contains(&nth).then_some(nth == self.first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> Rule {
        Rule::read(text).unwrap_or_else(|| panic!("{text} can be read"))
    }

    #[test]
    fn a_rule_is_about_its_calls_its_paths_and_its_process() {
        let wal = rule("write:-wal@7/nursery=kill");
        assert!(wal.is_about(Call::Write, b"/x/orchestrator.db-wal", Who::Nursery));
        assert!(!wal.is_about(Call::Write, b"/x/orchestrator.db", Who::Nursery));
        assert!(!wal.is_about(Call::Sync, b"/x/orchestrator.db-wal", Who::Nursery));
        assert!(!wal.is_about(Call::Write, b"/x/orchestrator.db-wal", Who::Attendant));
        assert!(rule("any:*/attempts/@1=kill").is_about(Call::Rename, b"/x/attempts/boot", Who::Orchestrator));
        assert!(!rule("any@1=kill").is_about(Call::Open, b"/x", Who::Orchestrator));
        assert!(rule("fill@1=ENOSPC").is_about(Call::Mkdir, b"", Who::Orchestrator));
        assert!(!rule("fill@1=ENOSPC").is_about(Call::Unlink, b"", Who::Orchestrator));
        assert!(rule("change@1=EROFS").is_about(Call::Unlink, b"", Who::Orchestrator));
    }

    #[test]
    fn a_rule_holds_in_its_range() {
        let holds = |text: &str| (1..=6).filter(|nth| rule(text).holds_at(*nth).is_some()).collect::<Vec<_>>();
        assert_eq!(holds("write@3=kill"), [3]);
        assert_eq!(holds("write@3-5=EIO"), [3, 4, 5]);
        assert_eq!(holds("write@5-=short"), [5, 6]);
        assert_eq!(holds("write@*=pass"), [1, 2, 3, 4, 5, 6]);
        assert_eq!(rule("write@5-=short").holds_at(5), Some(true));
        assert_eq!(rule("write@5-=short").holds_at(6), Some(false));
    }

    #[test]
    fn a_rule_may_hold_only_while_a_file_exists() {
        let full = rule("fill@*/attendant?/tmp/x/full=ENOSPC");
        assert_eq!(full.during.as_deref(), Some(c"/tmp/x/full"));
        assert_eq!((full.effect, full.who), (Effect::Fail(28), Some(Who::Attendant)));
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for bad in [
            "write@0=kill",
            "write@5-3=kill",
            "wrote@1=kill",
            "write=kill",
            "write@1=EWHAT",
            "write@1/cook=kill",
            "write:@1=kill",
            "write@1?=kill",
        ] {
            assert_eq!(Rule::read_all(&format!("sync@1=EIO; {bad}")), Err(bad));
        }
        assert_eq!(Rule::read_all("sync@1=EIO; ;write@2=kill").map(|rules| rules.len()), Ok(2));
    }
}
