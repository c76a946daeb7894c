//! What an agent may reach and take: as its definition says it, what a machine can hold of that, and what stays open there.

use std::{collections::BTreeSet, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::hosts::Hosts;

/// What one kind of agent may reach and take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Isolation {
    /// Which files.
    pub file_system: FileSystem,
    /// Paths that it may read beside its own folders and what programs need, where its files are walled.
    pub read: Vec<PathBuf>,
    /// Paths that it may write to as well.
    pub write: Vec<PathBuf>,
    /// Which network.
    pub network: Network,
    /// It makes no Unix sockets, by which it would reach services of the same machine.
    pub no_unix_sockets: bool,
    /// The most memory that all its processes may have together, in bytes.
    pub memory: Option<u64>,
    /// The most processes that it may have at once.
    pub processes: Option<u32>,
    /// The most that its own folders may hold together, in bytes.
    pub disk: Option<u64>,
    /// Its work is done by another program, which it only calls and which no wall of ours holds.
    pub elsewhere: bool,
    /// It is not started on a machine that can't hold all of this.
    pub required: bool,
}

/// Which files an agent reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileSystem {
    /// All that the service's account reaches.
    #[default]
    Full,
    /// Its own folders, what programs need to run, and what its definition names.
    Workspace,
}

/// Which network an agent reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Network {
    /// All that the machine reaches.
    #[default]
    All,
    /// None, not even programs on the same machine.
    None,
    /// These hosts, and nothing else.
    Hosts(Hosts),
}

/// What one task asks to be kept from beyond its agent's definition: closer, never wider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closer {
    /// All files but its own folders, and what its definition names.
    Workspace,
    /// The network.
    Offline,
    /// Both.
    Closed,
}

impl Closer {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Workspace, Self::Offline, Self::Closed];

    /// What is asked for by both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::Closed }
    }

    /// Its word in a tag.
    pub fn word(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Offline => "offline",
            Self::Closed => "closed",
        }
    }

    /// What it means, for a card.
    pub fn words(self) -> &'static str {
        match self {
            Self::Workspace => "its own folders alone",
            Self::Offline => "no network",
            Self::Closed => "its own folders alone, no network",
        }
    }
}

/// What a machine can hold of an isolation, as it was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offered {
    /// The version of Landlock's interface; 0: there is none, or it is switched off.
    pub landlock: u32,
    /// Whether system calls can be filtered (seccomp).
    pub filters: bool,
    /// Whether an agent can be given a network of its own (namespaces of users and networks).
    pub namespaces: bool,
}

/// What of an agent's isolation a machine can't hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gap {
    /// Its files are not walled.
    Files,
    /// Files outside can be emptied. Source: Linux, Documentation/userspace-api/landlock.rst, "File truncation (ABI < 3)".
    Emptying,
    /// Processes outside can be signalled, and abstract sockets reached. Source: the same, "IPC scoping (ABI < 6)".
    Signals,
    /// It uses the keys that the kernel keeps for this account, and sets bounds to its other processes.
    Account,
    /// Its network is not shut.
    Network,
    /// It makes Unix sockets.
    Sockets,
    /// Another program does its work, outside its walls.
    Elsewhere,
}

impl FileSystem {
    /// Its word in a configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Workspace => "workspace",
        }
    }
}

impl Network {
    /// Its words for a table.
    pub fn words(&self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::None => "none".to_owned(),
            Self::Hosts(Hosts(hosts)) => match hosts.as_slice() {
                [] => "no hosts".to_owned(),
                hosts if hosts.len() <= MOST_SHOWN => hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
                hosts => {
                    let shown: Vec<String> = hosts[..MOST_SHOWN].iter().map(ToString::to_string).collect();
                    format!("{} and {} more", shown.join(" "), hosts.len() - MOST_SHOWN)
                }
            },
        }
    }

    /// The same in a word or two.
    pub fn in_short(&self) -> String {
        match self {
            Self::Hosts(Hosts(hosts)) if hosts.len() == 1 => "1 host".to_owned(),
            Self::Hosts(Hosts(hosts)) => format!("{} hosts", hosts.len()),
            Self::All | Self::None => self.words(),
        }
    }
}

/// The most hosts that are told one by one in a table.
const MOST_SHOWN: usize = 3;

impl Isolation {
    /// The same for a task that asks to be kept closer. It must hold then: whoever asks for it would not have it run without.
    #[must_use]
    pub fn closer(&self, wish: Option<Closer>) -> Self {
        let Some(wish) = wish else { return self.clone() };
        let mut closer = Self { required: true, ..self.clone() };
        if matches!(wish, Closer::Workspace | Closer::Closed) {
            closer.file_system = FileSystem::Workspace;
        }
        if matches!(wish, Closer::Offline | Closer::Closed) {
            closer.network = Network::None;
        }
        closer
    }

    /// What of it a machine can't hold, in order.
    pub fn gaps(&self, offered: Offered) -> BTreeSet<Gap> {
        let mut gaps = BTreeSet::new();
        if self.file_system == FileSystem::Workspace {
            match offered.landlock {
                0 => drop(gaps.insert(Gap::Files)),
                1..=2 => gaps.extend([Gap::Emptying, Gap::Signals]),
                3..=5 => drop(gaps.insert(Gap::Signals)),
                6.. => {}
            }
            if offered.landlock > 0 && !offered.filters {
                gaps.insert(Gap::Account);
            }
        }
        let holds = match self.network {
            Network::All => true,
            Network::None => offered.filters,
            Network::Hosts(_) => offered.filters && offered.namespaces,
        };
        if !holds {
            gaps.insert(Gap::Network);
        }
        if self.no_unix_sockets && !offered.filters {
            gaps.insert(Gap::Sockets);
        }
        let is_walled = self.file_system == FileSystem::Workspace || self.network != Network::All || self.no_unix_sockets;
        if self.elsewhere && is_walled {
            gaps.insert(Gap::Elsewhere);
        }
        gaps
    }

    /// The same in one short line for a card; `None`: all of it holds.
    pub fn open(&self, offered: Offered) -> Option<String> {
        let gaps = self.gaps(offered);
        let words: Vec<&str> = gaps.iter().map(|gap| gap.word()).collect();
        let so = if self.required { "not started on this machine, which can't hold its walls" } else { "not walled on this machine" };
        (!words.is_empty()).then(|| format!("{so}: {}", words.join(", ")))
    }

    /// Why an agent must not be started, where all of it is required and not all of it holds.
    pub fn refusal(&self, offered: Offered) -> Option<String> {
        let gaps = self.gaps(offered);
        let sentences: Vec<String> = gaps.iter().map(|gap| gap.sentence(offered)).collect();
        (self.required && !gaps.is_empty())
            .then(|| format!("it requires an isolation that this machine can't hold: {}", sentences.join("; ")))
    }

    /// What it is, in a few words for a table: `files: workspace, network: none, at most 512 MiB`.
    pub fn words(&self) -> String {
        let mut parts = vec![format!("files: {}", self.file_system.word()), format!("network: {}", self.network.words())];
        parts.extend(self.no_unix_sockets.then(|| "no Unix sockets".to_owned()));
        parts.extend(self.memory.map(|bytes| format!("at most {} MiB of memory", bytes >> 20)));
        parts.extend(self.processes.map(|most| format!("at most {most} processes")));
        parts.extend(self.disk.map(|bytes| format!("at most {} MiB on the disk", bytes >> 20)));
        parts.join(", ")
    }
}

impl Gap {
    fn word(self) -> &'static str {
        match self {
            Self::Files => "its files",
            Self::Emptying => "emptying files of others",
            Self::Signals => "signals to others",
            Self::Account => "keys and processes of this account",
            Self::Network => "its network",
            Self::Sockets => "Unix sockets",
            Self::Elsewhere => "its work, which another program does",
        }
    }

    /// What it means and what is lacking, as a sentence without its full stop.
    pub fn sentence(self, offered: Offered) -> String {
        let found = offered.landlock;
        match self {
            Self::Files => "it reads and writes whatever this account may, because this kernel or container offers no Landlock".to_owned(),
            Self::Emptying => {
                format!("it can empty files outside its workspace: Landlock here is of version {found}, and 3 (Linux 6.2) is needed")
            }
            Self::Signals => {
                format!("it can signal other processes of this account: Landlock here is of version {found}, and 6 (Linux 6.12) is needed")
            }
            Self::Account => {
                "it uses keys that the kernel keeps for this account and sets bounds to its other processes, because this kernel or container offers no filters \
                 of system calls (seccomp)"
                    .to_owned()
            }
            Self::Elsewhere => {
                "its work is done by another program, OpenClaw's Gateway, which is outside whatever walls its client has (`openclaw-exec` does its own)"
                    .to_owned()
            }
            Self::Network if offered.filters => {
                "its network is open, because this kernel or container permits it no network of its own (user and network namespaces)"
                    .to_owned()
            }
            Self::Sockets => {
                "it connects to Unix sockets of others, because this kernel or container offers no filters of system calls (seccomp)"
                    .to_owned()
            }
            Self::Network => "its network is open, because this kernel or container offers no filters of system calls (seccomp)".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALLED: Isolation = Isolation {
        file_system: FileSystem::Workspace,
        read: Vec::new(),
        write: Vec::new(),
        network: Network::None,
        no_unix_sockets: false,
        memory: None,
        processes: None,
        disk: None,
        elsewhere: false,
        required: true,
    };

    #[test]
    fn what_a_machine_can_t_hold_is_named_by_what_it_offers() {
        let of = |landlock, filters| WALLED.gaps(Offered { landlock, filters, namespaces: false }).into_iter().collect::<Vec<_>>();

        assert_eq!(of(0, false), [Gap::Files, Gap::Network]);
        assert_eq!(of(7, false), [Gap::Account, Gap::Network]);
        assert_eq!(of(2, true), [Gap::Emptying, Gap::Signals]);
        assert_eq!(of(5, true), [Gap::Signals]);
        assert_eq!(of(6, true), []);
        assert!(Isolation::default().gaps(Offered::default()).is_empty(), "what is not asked for is not missed");
    }

    #[test]
    fn a_task_is_kept_closer_than_its_agent_and_never_wider() {
        let open = Isolation::default();
        assert_eq!(open.closer(None), open);
        let offline = open.closer(Some(Closer::Offline));
        assert_eq!((offline.file_system, &offline.network, offline.required), (FileSystem::Full, &Network::None, true));
        let closed = open.closer(Some(Closer::Closed));
        assert_eq!((closed.file_system, closed.network), (FileSystem::Workspace, Network::None));
        assert_eq!(WALLED.closer(Some(Closer::Workspace)), WALLED);
    }

    #[test]
    fn walls_around_a_client_do_not_hold_the_work_that_another_program_does_for_it() {
        let client = Isolation { elsewhere: true, ..Isolation::default() };
        let all = Offered { landlock: 7, filters: true, namespaces: true };

        assert_eq!(client.open(all), None, "nobody asked for walls");
        for wish in Closer::ALL {
            assert!(client.closer(Some(wish)).refusal(all).is_some_and(|why| why.contains("Gateway")), "{wish:?}");
        }
        assert_eq!(
            Isolation { required: false, ..client.closer(Some(Closer::Offline)) }.open(all).as_deref(),
            Some("not walled on this machine: its work, which another program does")
        );
    }

    #[test]
    fn a_network_of_hosts_needs_both_filters_and_namespaces_and_says_which_is_missing() {
        let some = Isolation { network: Network::Hosts(Hosts(vec!["a.example".parse().unwrap()])), ..WALLED };
        let told = |filters, namespaces| {
            let offered = Offered { landlock: 7, filters, namespaces };
            some.gaps(offered).into_iter().map(|gap| gap.sentence(offered)).collect::<String>()
        };

        assert_eq!(told(true, true), "");
        assert!(told(true, false).contains("user and network namespaces"));
        assert!(told(false, true).contains("seccomp"));
    }

    #[test]
    fn hosts_are_told_in_a_few_words() {
        let of = |hosts: &[&str]| Network::Hosts(Hosts(hosts.iter().map(|host| host.parse().unwrap()).collect())).words();

        assert_eq!(of(&[]), "no hosts");
        assert_eq!(of(&["a.example", "*.b.example:443"]), "a.example *.b.example:443");
        assert_eq!(of(&["a.example", "b.example", "c.example", "d.example", "e.example"]), "a.example b.example c.example and 2 more");
    }

    #[test]
    fn only_what_is_required_keeps_an_agent_from_being_started() {
        let poor = Offered { landlock: 5, filters: true, namespaces: false };

        assert_eq!(
            WALLED.refusal(poor).as_deref(),
            Some(
                "it requires an isolation that this machine can't hold: it can signal other processes of this account: \
                 Landlock here is of version 5, and 6 (Linux 6.12) is needed"
            )
        );
        let wished = Isolation { required: false, ..WALLED };
        assert_eq!((wished.refusal(poor), wished.open(poor).as_deref()), (None, Some("not walled on this machine: signals to others")));
        assert!(WALLED.open(poor).is_some_and(|told| told.starts_with("not started on this machine")));
        assert_eq!(WALLED.open(Offered { landlock: 7, filters: true, namespaces: false }), None);
    }
}
