//! What befalls the program: starts, stops, kills, panic, `once`, a database of another version, faults that end.

use std::{
    collections::BTreeSet,
    os::unix::process::ExitStatusExt as _,
    process::ExitStatus,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use orchestrator_sandbox::{Demand, GatewayTrouble};
use rustix::process::Signal;
use serde_json::Value;

use super::{Player, fired};
use crate::{
    judge::Law,
    processes,
    script::{KillAt, TrappedProcess, Whom},
    store::{self, Reader},
    task::Tag,
    trouble::{Boundary, Side},
};

/// How long a service that was asked to stop may take for its last words.
const LAST_WORDS: Duration = Duration::from_secs(45);

/// By how much a later schema is later.
const AHEAD: u32 = 1_000;

impl Player<'_> {
    pub(super) async fn start(&mut self, trap: Option<KillAt>) {
        self.reap().await;
        if self.world.runs() {
            return;
        }
        // A `once` that was left alone has taken the service's place.
        if !self.world.once_ended(self.manner.patience).await {
            self.broken(Law::Ends, "`once` did not end".to_owned());
        }
        let env = self.snares(trap);
        self.world.start(&env);
        self.count("starts");
    }

    /// Variables that make the service die by a call of its own.
    fn snares(&mut self, trap: Option<KillAt>) -> Vec<(String, String)> {
        self.trapped = trap.is_some();
        self.snared = match trap.map(|trap| trap.who) {
            None | Some(TrappedProcess::Service) => &[],
            // Every nursery dies so: after some tries a launch is given up.
            Some(TrappedProcess::Nursery) => &[Tag::Failed],
            // The child that becomes the agent is one of them until it has: if the trap strikes it, the agent was killed, not its attendant.
            Some(TrappedProcess::Attendant) => &[Tag::Interrupted, Tag::Failed],
        };
        let Some(trap) = trap else { return Vec::new() };
        self.count("traps at a system call");
        self.may_end(self.snared);
        self.world.faults(&trap.rule())
    }

    /// A service that has ended meanwhile: did it do so because it was killed?
    pub(super) async fn reap(&mut self) {
        if self.world.is_started() && !self.world.runs() {
            let status = self.world.ended(Duration::from_secs(1)).await;
            self.world.noticed().await;
            self.judge_exit(status);
        }
    }

    fn judge_exit(&mut self, status: Option<ExitStatus>) {
        let Some(status) = status else { return };
        if status.signal() == Some(9) && self.strikes_told == fired(&self.struck) {
            self.count("kills at a system call");
            self.stops += 1;
        }
        self.strikes_told = fired(&self.struck);
        let killed = matches!(status.signal(), Some(9 | 15));
        if !killed {
            let log = self.world.text("bot.log");
            let end: Vec<&str> = log.lines().rev().take(5).collect();
            let end = end.into_iter().rev().collect::<Vec<_>>().join("\n    ");
            self.broken(Law::Ends, format!("the service ended by itself ({status}):\n    {end}"));
        }
    }

    pub(super) async fn kill(&mut self, whom: Whom) {
        let there = self.world.processes();
        let attendants: Vec<_> = there.iter().filter(|process| process.is_attendant()).take(whom.attendants()).collect();
        let attempts = self.world.path(".runtime/attempts");
        let mut cut_off = BTreeSet::new();
        for attendant in &attendants {
            cut_off.extend(processes::tasks_attended_by(attendant.pid, &attempts));
        }
        let nurseries: Vec<_> = there.iter().filter(|process| whom.nursery() && process.is_nursery()).collect();
        nurseries.iter().chain(&attendants).for_each(|process| process.kill());
        for _ in &nurseries {
            self.count("kills: nursery");
        }
        for _ in &attendants {
            self.count("kills: attendant");
        }
        if !cut_off.is_empty() {
            self.tell(&format!("  cut off: {cut_off:?}"));
            self.may_end_interrupted(&cut_off);
        }
        if whom.service() {
            self.reap().await;
            self.stops += 1;
            if self.world.kill_service().await {
                self.count("kills: service");
                if !nurseries.is_empty() || !attendants.is_empty() {
                    self.count("kills: several at once");
                }
            }
        }
    }

    pub(super) fn kill_at_request(&mut self, at: Boundary, nth: u32, side: Side) {
        let (target, struck) = (Arc::clone(&self.world.target), Arc::clone(&self.struck));
        let fired = Arc::new(AtomicU64::new(0));
        self.boundaries.push((format!("kills at a request: {at:?}, {side:?}"), Arc::clone(&fired)));
        let strike = move || {
            if target.strike() {
                struck.fetch_add(1, Ordering::SeqCst);
                fired.fetch_add(1, Ordering::SeqCst);
            }
        };
        self.world.sandbox.trouble(at.rule(nth, side, strike));
    }

    pub(super) async fn stop(&mut self, again_ms: Option<u64>) {
        self.reap().await;
        if !self.world.runs() {
            return;
        }
        self.count("stops");
        self.stops += 1;
        self.world.signal(Signal::TERM);
        if let Some(ms) = again_ms {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            self.world.signal(Signal::TERM);
            self.count("stops: asked twice");
        }
        let status = self.world.ended(LAST_WORDS).await;
        self.world.noticed().await;
        match status {
            None => {
                self.broken(Law::Ends, format!("the service had not ended {} s after SIGTERM", LAST_WORDS.as_secs()));
                self.world.kill_service().await;
            }
            Some(status) if status.code() == Some(0) => self.strikes_told = fired(&self.struck),
            status => self.judge_exit(status),
        }
        self.last_exit = status.and_then(|status| status.code());
    }

    pub(super) async fn panic(&mut self) {
        self.count("panics");
        self.panicked = true;
        let said = self.command(&["panic", "--json", "--grace", "1s"]).await;
        let told: Value = serde_json::from_str(&said.out).unwrap_or_default();
        let rough = |one: &Value| one["how"].as_str().is_some_and(|how| how.contains("marker") || how.contains("attendant"));
        let cut_off = told["ended"].as_array().is_some_and(|ended| ended.iter().any(rough));
        if told["paused"] == true && !cut_off {
            self.may_end(&[Tag::Cancelled]);
        } else {
            self.may_end(&[Tag::Cancelled, Tag::Interrupted]);
        }
    }

    pub(super) async fn once(&mut self) {
        self.reap().await;
        if self.world.runs() {
            self.count("once beside a service");
            self.world.once_beside();
        } else {
            self.count("once alone");
            if self.command(&["once"]).await.code == -1 {
                self.broken(Law::Ends, "`once` did not end".to_owned());
            }
        }
    }

    pub(super) async fn ahead_schema(&mut self) {
        self.reap().await;
        let path = self.world.store_path();
        if self.world.runs() || !path.exists() {
            return;
        }
        self.world.once_ended(self.manner.patience).await;
        let look = || Reader::open(&path).and_then(|reader| reader.read());
        let Ok(before) = store::stamp(&path, |version| version + AHEAD) else { return };
        let stood = look();
        let said = self.command(&["run"]).await;
        if said.code <= 0 {
            self.broken(Law::Upgrade, format!("a database of a later version was served ({})", said.code));
        }
        match (stood, look()) {
            (Ok(stood), Ok(stands)) if stood == stands => {}
            // One that was struck before its tables were made has none, and gets none.
            (Err(stood), Err(stands)) if stood.to_string() == stands.to_string() => {}
            (stood, stands) => self.broken(Law::Upgrade, format!("a refused database was changed:\n{stood:?}\n{stands:?}")),
        }
        match store::stamp(&path, |_| before) {
            Ok(version) if version == before + AHEAD => self.count("databases of a later version refused"),
            stamped => self.broken(Law::Upgrade, format!("the version of a refused database was changed: {stamped:?}")),
        }
    }

    /// All faults of the local Discord end.
    pub(super) fn calm(&mut self) {
        self.world.sandbox.make_trouble(Demand::Clear(true));
        if std::mem::take(&mut self.silenced) {
            // What was held back may be overtaken by what comes now: nobody can RESUME behind it.
            self.world.sandbox.gateway_trouble(GatewayTrouble::InvalidSession(false));
        }
    }

    pub(super) fn clock(&mut self, hours: i64) {
        if hours == 0 && !self.clock_moved {
            return;
        }
        self.clock_moved = true;
        self.count("clocks moved");
        if let Err(error) = self.world.move_clock(hours) {
            self.broken(Law::World, format!("the clock can't be moved: {error}"));
        }
    }
}
