//! The script of a seed. Nothing but the seed decides it: the machine's timing varies what happens, not what is tried.

use crate::{
    agents::{Agent, Deed},
    chance::Chance,
    script::{Door, KillAt, Moment, Op, Script, Sign, SystemCall, TrappedProcess, Verb, Who, Whom, Wish},
    settings::Settings,
    task::TaskNumber,
    trouble::{Boundary, Fault, GatewayFault, Route, Side, Trouble},
};

/// The script of a seed.
pub(crate) fn script(seed: u64) -> Script {
    let mut chance = Chance::new(seed);
    let settings = Settings::drawn(&mut chance);
    let tasks_left = chance.between(2, 6);
    let mut author = Author { chance, ops: Vec::new(), tasks: Vec::new(), tasks_left, runs: false };
    author.write();
    Script { seed, settings, ops: author.ops }
}

/// A task that was submitted, as far as the script knows.
#[derive(Clone, Copy)]
struct Known {
    number: TaskNumber,
    door: Door,
}

struct Author {
    chance: Chance,
    ops: Vec<Op>,
    tasks: Vec<Known>,
    tasks_left: u64,
    /// Whether the service runs, as far as the script knows.
    runs: bool,
}

impl Author {
    fn write(&mut self) {
        let lives = self.chance.between(1, 3);
        for life in 0..lives {
            self.between_lives(life);
            self.begin();
            for _ in 0..self.chance.between(2, 5) {
                self.event();
                self.wait(160);
            }
            if life + 1 < lives || self.chance.one_in(2) {
                self.wait(500);
                self.end();
            }
        }
        while self.tasks_left > 0 {
            self.submit();
        }
    }

    /// What happens while no service runs.
    fn between_lives(&mut self, life: u64) {
        for _ in 0..self.chance.below(3) {
            if self.chance.one_in(2) {
                self.submit();
            } else {
                self.touch();
            }
        }
        if self.chance.one_in(10) {
            let hours = self.chance.pick(&[24, -24, 0, 3]);
            self.ops.push(Op::Clock { hours });
        }
        if life > 0 && self.chance.one_in(12) {
            self.ops.push(Op::AheadSchema);
        }
        if self.chance.one_in(10) {
            self.ops.push(Op::Once);
        }
    }

    fn begin(&mut self) {
        let trap = self.chance.one_in(3).then(|| self.trap());
        if self.chance.one_in(3) {
            self.kill_at_request();
        }
        if self.chance.one_in(8) {
            let (seed, percent) = (self.chance.below(1_000_000), self.chance.pick(&[3, 10, 30]));
            self.ops.push(Op::Storm { seed, percent });
        }
        self.ops.push(Op::Start { trap });
        self.runs = true;
        if self.chance.one_in(5) {
            self.wait(250);
        } else {
            self.ops.push(Op::AwaitOnline);
        }
    }

    fn trap(&mut self) -> KillAt {
        let call = self.chance.weighted(&[
            (6, SystemCall::Sync),
            (4, SystemCall::Write),
            (3, SystemCall::Fork),
            (1, SystemCall::Rename),
            (2, SystemCall::Send),
            (4, SystemCall::Any),
        ]);
        let who = match call {
            SystemCall::Sync | SystemCall::Write => self.chance.weighted(&[(5, TrappedProcess::Service), (1, TrappedProcess::Attendant)]),
            SystemCall::Fork => {
                self.chance.weighted(&[(1, TrappedProcess::Service), (2, TrappedProcess::Nursery), (1, TrappedProcess::Attendant)])
            }
            SystemCall::Rename => TrappedProcess::Service,
            SystemCall::Send | SystemCall::Any => {
                self.chance.weighted(&[(4, TrappedProcess::Service), (1, TrappedProcess::Nursery), (1, TrappedProcess::Attendant)])
            }
        };
        // About as many as there are in a life of some tasks.
        let most = match (call, who) {
            (SystemCall::Sync | SystemCall::Send, TrappedProcess::Service) | (SystemCall::Any, TrappedProcess::Attendant) => 30,
            (SystemCall::Write | SystemCall::Any, TrappedProcess::Service) => 110,
            (SystemCall::Fork, TrappedProcess::Service) => 1,
            (_, TrappedProcess::Nursery) => 4,
            (_, TrappedProcess::Attendant | TrappedProcess::Service) => 6,
        };
        let nth = u32::try_from(self.chance.between(1, most)).unwrap_or(1);
        let moment = self.chance.pick(&[Moment::Before, Moment::Within, Moment::After]);
        KillAt { call, nth, moment, who }
    }

    fn kill_at_request(&mut self) {
        let at = self.chance.pick(&Boundary::ALL);
        let nth = u32::try_from(self.chance.below(3)).unwrap_or(0);
        let side = self.chance.pick(&[Side::Before, Side::After]);
        self.ops.push(Op::KillAtRequest { at, nth, side });
    }

    fn event(&mut self) {
        let what = self.chance.weighted(&[(50, 0), (30, 1), (8, 2), (12, 3), (5, 4), (3, 5), (2, 6), (4, 7), (5, 8)]);
        match what {
            0 => self.submit(),
            1 => self.touch(),
            2 => {
                let whom = self.chance.pick(&[Whom::Attendant, Whom::Attendants, Whom::Nursery, Whom::NurseryAndAttendants]);
                self.ops.push(Op::Kill { whom });
            }
            3 => self.trouble(),
            4 => self.gateway(),
            5 => self.ops.push(Op::Once),
            6 => {
                self.ops.push(Op::Panic);
                if self.chance.one_in(2) {
                    self.wait(300);
                    self.ops.push(Op::Resume);
                }
            }
            7 => self.ops.push(Op::Calm),
            // One that was struck at a boundary is started again, as its supervisor would.
            _ => self.ops.push(Op::Start { trap: None }),
        }
    }

    /// How a service ends.
    fn end(&mut self) {
        let how = self.chance.weighted(&[(8, 0), (2, 1), (2, 2), (2, 3), (4, 4), (1, 5)]);
        self.ops.push(match how {
            0 => Op::Kill { whom: Whom::Service },
            1 => Op::Kill { whom: Whom::ServiceAndNursery },
            2 => Op::Kill { whom: Whom::ServiceAndAttendants },
            3 => Op::Kill { whom: Whom::All },
            4 => Op::Stop { again_ms: None },
            _ => Op::Stop { again_ms: Some(self.chance.below(60)) },
        });
        self.runs = false;
    }

    fn submit(&mut self) {
        let Some(left) = self.tasks_left.checked_sub(1) else { return self.wait(100) };
        self.tasks_left = left;
        let number = u32::try_from(self.tasks.len()).unwrap_or(u32::MAX);
        // A slash command needs somebody who answers.
        let slash = if self.runs { 3 } else { 0 };
        let door = self.chance.weighted(&[(10, Door::Message), (slash, Door::Slash), (2, Door::Cli)]);
        let by = match door {
            Door::Message => self.chance.weighted(&[(8, Who::Admin), (4, Who::Operator), (1, Who::Stranger)]),
            Door::Slash => self.chance.weighted(&[(4, Who::Admin), (4, Who::Operator), (1, Who::Stranger)]),
            Door::Cli => Who::Admin,
        };
        let wish = self.chance.weighted(&[
            (24, Wish::None),
            (2, Wish::HighPriority),
            (2, Wish::LowPriority),
            (2, Wish::CheapModel),
            (1, Wish::UnknownModel),
            (1, Wish::BadTimeout),
        ]);
        let agent = self.agent();
        // It chooses its model itself, and is asked for none.
        let wish = if agent.deed == Deed::Asks && wish == Wish::CheapModel { Wish::None } else { wish };
        self.tasks.push(Known { number, door });
        self.ops.push(Op::Submit { task: number, door, by, agent, wish });
        let verbs: &[Verb] = match agent.deed {
            Deed::Asks => &[Verb::Permit, Verb::Permit, Verb::Deny],
            Deed::Scarce => &[Verb::Hasten],
            _ => &[],
        };
        if !verbs.is_empty() && self.chance.one_in(2) {
            self.wait(900);
            let verb = self.chance.pick(verbs);
            self.ops.push(Op::Control { task: number, verb });
        }
    }

    fn agent(&mut self) -> Agent {
        let deed = self.chance.weighted(&[
            (30, Deed::Succeed),
            (1, Deed::Demo),
            (4, Deed::Fail),
            (3, Deed::ResultThenFail),
            (3, Deed::NoResult),
            (2, Deed::Overtime),
            (2, Deed::IgnoreTerm),
            (5, Deed::Daemon),
            (3, Deed::Flood),
            (3, Deed::Leak),
            (3, Deed::KillItself),
            (4, Deed::Scarce),
            (2, Deed::Silent),
            (5, Deed::Asks),
        ]);
        let ms = self.chance.weighted(&[(4, 0), (4, 100), (3, 300), (1, 800)]);
        let ms = if ms == 0 { 0 } else { u32::try_from(self.chance.between(ms / 2, ms)).unwrap_or(0) };
        Agent { deed, ms }
    }

    /// Somebody does something to a task that is there.
    fn touch(&mut self) {
        if self.tasks.is_empty() {
            return self.submit();
        }
        let task = self.chance.pick(&self.tasks.clone());
        let number = task.number;
        let is_message = task.door == Door::Message;
        let what = self.chance.weighted(&[(if is_message { 3 } else { 0 }, 0), (if is_message { 2 } else { 0 }, 1), (6, 2), (6, 3)]);
        let op = match what {
            0 => {
                let agent = if self.chance.one_in(5) { None } else { Some(self.agent()) };
                Op::Edit { task: number, agent }
            }
            1 => Op::Delete { task: number },
            2 => {
                let by = self.chance.weighted(&[(4, Who::Admin), (1, Who::Operator), (2, Who::Stranger)]);
                let sign = self.chance.weighted(&[
                    (4, Sign::Cancel),
                    (4, Sign::Again),
                    (2, Sign::Hold),
                    (1, Sign::Release),
                    (1, Sign::OwnTick),
                    (2, Sign::TakeTick),
                ]);
                Op::React { task: number, by, sign }
            }
            _ => {
                let verb = self.chance.weighted(&[
                    (6, Verb::Cancel),
                    (6, Verb::Retry),
                    (2, Verb::Hold),
                    (2, Verb::Release),
                    (1, Verb::Hasten),
                    (1, Verb::Permit),
                    (1, Verb::Deny),
                ]);
                Op::Control { task: number, verb }
            }
        };
        self.ops.push(op);
    }

    fn trouble(&mut self) {
        let route = self.chance.pick(&[
            Route::Tick,
            Route::Reactions,
            Route::Results,
            Route::Results,
            Route::Notices,
            Route::Announcements,
            Route::History,
            Route::Callback,
            Route::Gateway,
        ]);
        let usual = [
            Fault::Status500,
            Fault::Html502,
            Fault::LimitedUser,
            Fault::LimitedShared,
            Fault::LimitedGlobal,
            Fault::LimitedHtml,
            Fault::HangUp,
            Fault::LoseAnswer,
            Fault::LoseAnswer,
            Fault::Slow,
        ];
        let fault = match route {
            Route::Results | Route::Notices if self.chance.one_in(5) => self.chance.pick(&[Fault::Unauthorized, Fault::EmptySuccess]),
            _ => self.chance.pick(&usual),
        };
        let times = u32::try_from(self.chance.between(1, 3)).unwrap_or(1);
        self.ops.push(Op::Trouble { trouble: Trouble { route, fault, times } });
    }

    fn gateway(&mut self) {
        let fault = self.chance.pick(&[
            GatewayFault::Close(1_000),
            GatewayFault::Close(4_000),
            GatewayFault::Close(4_008),
            GatewayFault::Close(4_009),
            GatewayFault::Drop,
            GatewayFault::Reconnect,
            GatewayFault::InvalidSession(true),
            GatewayFault::InvalidSession(false),
            GatewayFault::NoAcknowledgement,
            GatewayFault::Silence,
            GatewayFault::RefuseResume,
            GatewayFault::CloseIdentify(4_000),
            GatewayFault::Double,
            GatewayFault::Swap,
            GatewayFault::Repeat,
            GatewayFault::Lose,
        ]);
        self.ops.push(Op::Gateway { fault });
    }

    fn wait(&mut self, most: u64) {
        let ms = self.chance.below(most);
        self.ops.push(Op::Wait { ms });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_seed_has_one_script_and_other_seeds_have_others() {
        assert_eq!(script(4_711), script(4_711));

        let texts: BTreeSet<String> = (0..200).map(|seed| script(seed).to_text()).collect();
        assert_eq!(texts.len(), 200);
    }

    #[test]
    fn a_script_is_read_back_as_it_was_written() {
        for seed in 0..200 {
            let script = script(seed);

            assert_eq!(Script::from_text(&script.to_text()).unwrap(), script);
        }
    }

    #[test]
    fn every_kind_of_operation_is_tried_within_some_hundred_histories() {
        let kinds: BTreeSet<String> = (0..600)
            .flat_map(|seed| script(seed).ops)
            .map(|op| serde_json::to_value(op).unwrap()["op"].as_str().unwrap().to_owned())
            .collect();

        let all = "ahead_schema await_online calm clock control delete edit gateway kill kill_at_request once panic react resume start stop storm submit trouble wait";
        assert_eq!(kinds.into_iter().collect::<Vec<_>>().join(" "), all);
    }

    #[test]
    fn every_history_has_tasks_and_names_only_those() {
        for seed in 0..300 {
            let ops = script(seed).ops;
            let submitted: BTreeSet<_> =
                ops.iter().filter_map(|op| if let Op::Submit { task, .. } = op { Some(*task) } else { None }).collect();
            assert!((2..=6).contains(&submitted.len()), "seed {seed}");
            for op in &ops {
                if let Op::Edit { task, .. } | Op::Delete { task } | Op::React { task, .. } | Op::Control { task, .. } = op {
                    assert!(submitted.contains(task), "seed {seed}: {op:?}");
                }
            }
        }
    }
}
