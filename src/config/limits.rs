//! Everything that is bounded, checked: time, numbers, sizes, money. The defaults stand in one table in `docs/configuration.md`.

use std::time::Duration;

use orchestrator_core::domain::{
    money::PriceUnit,
    retry::Delays,
    showing::{Showing, Shown},
    task::{Thinking, parse_duration, show_duration},
};

use super::{
    agent_checks,
    complaint::Complaint,
    env_file::{Given, Layers},
    own_file::OwnFile,
    sections::{RawDrainRule, RawPriceUnit, RawShown},
};

/// Bounds, in real types.
#[derive(Clone, Debug)]
pub struct Limits {
    /// `TIMEOUT`: the time limit of every task that does not ask for one; `None`: by its thinking level.
    pub timeout: Option<Duration>,
    /// `MAX_TIMEOUT`: the longest that a task may ask for.
    pub max_timeout: Duration,
    /// Agents at once.
    pub max_concurrent: u32,
    /// Agents of one requester at once; `None`: only `max_concurrent` counts.
    pub per_user_running: Option<u32>,
    /// Tasks of one requester that wait or run.
    pub per_user_queued: u32,
    /// The largest prompt, in bytes.
    pub prompt_bytes: usize,
    /// Characters of a summary, or of a result in its place, in #results.
    pub summary_max_chars: usize,
    /// The unit of the prices in `openclaw.json`.
    pub price_unit: PriceUnit,
    /// Counted attempts of a task from a message, a slash command or the command line.
    pub attempts: u32,
    /// Between them.
    pub attempt_delays: Delays,
    /// Tasks older than this when they are first seen are asked about, not run.
    pub ask_after: Duration,
    /// How long the workspace of a success is kept once its result is delivered; zero: not at all.
    pub keep_success: Duration,
    /// The same of any other end; `None`: until it is removed by hand.
    pub keep_failure: Option<Duration>,
    /// Nothing is started while the disk has less free than this, in bytes.
    pub disk_low_water: u64,
    /// What an agent's output may add to its log, in bytes.
    pub log_bytes: u64,
    /// What is kept of standard output where something is read from it, in bytes.
    pub stdout_bytes: u64,
    /// What is read of a result, in bytes.
    pub result_bytes: u64,
    /// The largest file that an agent may write, in bytes; `None`: unlimited.
    pub file_bytes: Option<u64>,
    /// How many files that an agent has left go along with its result.
    pub attach_files: usize,
    /// How long a hold on an attempt is believed without a sign of life; renewed three times as often.
    pub lease: Duration,
    /// How often a launch that the machine refused is tried again.
    pub launch_retries: u32,
    /// Between those tries.
    pub launch_delays: Delays,
    /// Between the tries of a post.
    pub post_delays: Delays,
    /// How long one request to Discord may take.
    pub request_timeout: Duration,
    /// How long after its first send a post may be repeated without a look whether it stands.
    pub nonce_window: Duration,
    /// How much a channel without settings of its own shows of its tasks.
    pub showing: Showing,
    /// Between looks at what a running agent says, for a live card.
    pub live_cards: Duration,
    /// Between edits of one card.
    pub card_gap: Duration,
    /// Files that come with a task.
    pub attachments: AttachmentLimits,
    /// What becomes of running agents when the service is asked to end.
    pub drain: DrainRule,
    /// How long [`DrainRule::Stop`] waits for them.
    pub drain_deadline: Duration,
}

/// What becomes of running agents when the service is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrainRule {
    /// [`Self::Stop`] where the end of the service ends a container and all that is in it, else [`Self::HandOver`].
    Auto,
    /// They go on under their attendants, and the next start takes them up.
    HandOver,
    /// They are waited for, however long it takes.
    Wait,
    /// They are waited for until the deadline, then stopped; their tasks end INTERRUPTED.
    Stop,
}

/// Bounds of the files that come with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttachmentLimits {
    /// How many.
    pub files: usize,
    /// One of them, in bytes.
    pub file_bytes: u64,
    /// All together, in bytes.
    pub total_bytes: u64,
    /// The time in which they must have come.
    pub download: Duration,
}

impl Limits {
    /// How long an attempt may take: what the task asks for up to the maximum, else `TIMEOUT`, else by thinking level.
    ///
    /// # Errors
    ///
    /// The maximum, where the task asks for more.
    pub fn time_limit(&self, asked: Option<Duration>, thinking: Thinking) -> Result<Duration, Duration> {
        match asked {
            Some(asked) if asked > self.max_timeout => Err(self.max_timeout),
            Some(asked) => Ok(asked),
            None => Ok(self.timeout.unwrap_or_else(|| thinking.time_limit())),
        }
    }
}

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const DEFAULT_MAX_TIMEOUT: Duration = Duration::from_secs(3_600);
const DEFAULT_SUMMARY_CHARS: usize = 2_000;
/// OpenClaw's own default. Source: contract 003 §3.
const DEFAULT_CONCURRENT: u32 = 4;

/// Checks all bounds. A wrong one is complained of and stands at its default until then.
pub(super) fn check(layers: &Layers<'_>, own: &OwnFile, openclaw_concurrent: Option<u32>, faults: &mut Vec<Complaint>) -> Limits {
    let raw = &own.raw;
    let timeout = duration(layers, "TIMEOUT", faults);
    let max_given = duration(layers, "MAX_TIMEOUT", faults);
    let max_timeout = max_given.unwrap_or_else(|| DEFAULT_MAX_TIMEOUT.max(timeout.unwrap_or_default()));
    if let (Some(timeout), Some(Given { value, from }), Some(max)) = (timeout, layers.given("TIMEOUT"), max_given)
        && timeout > max
    {
        let rule = format!("it must not be longer than MAX_TIMEOUT ({})", show_duration(max));
        faults.push(Complaint::about(from.to_string(), "TIMEOUT", rule).given(&value));
    }

    // A value outside its bounds is reported once, here, and replaced by the nearest bound.
    let mut within = |key: &str, value: u64, least: u64, most: u64| {
        if !(least..=most).contains(&value) {
            faults.push(own.complaint(key, format!("it must be from {least} to {most}")).given(&value.to_string()));
        }
        value.clamp(least, most)
    };
    let small = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    let index = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);

    let max_concurrent = raw.caps.max_concurrent.or(openclaw_concurrent).unwrap_or(DEFAULT_CONCURRENT);
    let max_concurrent = small(within("caps.max_concurrent", max_concurrent.into(), 1, 1_000));
    let per_user_running = raw.caps.per_user_running.map(|cap| small(within("caps.per_user_running", cap.into(), 1, 1_000)));
    let per_user_queued = small(within("caps.per_user_queued", raw.caps.per_user_queued.into(), 1, 1_000_000));
    let prompt_bytes = index(within("caps.prompt_bytes", raw.caps.prompt_bytes, 100, 100_000_000));
    let attempts = small(within("attempts.task", raw.attempts.task.into(), 1, 20));
    let attempt_delays = Delays::new(
        Duration::from_secs(within("attempts.first_delay_seconds", raw.attempts.first_delay_seconds, 0, 86_400)),
        Duration::from_secs(within("attempts.delay_cap_seconds", raw.attempts.delay_cap_seconds, 1, 604_800)),
    );
    let ask_after = hours(within("ask_after_hours", raw.ask_after_hours.0, 1, 8_784));
    let file_keeps_success = within("retention.success_hours", raw.retention.success_hours, 0, 87_840);
    let keep_failure = raw.retention.failure_hours.map(|kept| hours(within("retention.failure_hours", kept, 1, 87_840)));
    let disk_low_water = within("disk_low_water_mb", raw.disk_low_water_mb.0, 0, 10_000_000) * MIB;
    let log_bytes = within("output.log_max_kb", raw.output.log_max_kb, 16, 10_000_000) * KIB;
    let stdout_bytes = within("output.stdout_max_kb", raw.output.stdout_max_kb, 16, 1_000_000) * KIB;
    let result_bytes = within("output.result_max_kb", raw.output.result_max_kb, 16, 100_000) * KIB;
    let file_bytes = within("output.file_max_mb", raw.output.file_max_mb, 0, 100_000_000) * MIB;
    let attach_files = index(within("output.attach_max_files", raw.output.attach_max_files, 0, 10));
    // What each agent is given of it stands in its definition.
    if let Some(quiet) = raw.stall_seconds {
        within("stall_seconds", quiet, 0, agent_checks::MOST_STALL_SECONDS);
    }
    let lease = Duration::from_secs(within("lease_seconds", raw.lease_seconds.0, 5, 3_600));
    let launch_retries = small(within("launch.retries", raw.launch.retries.into(), 0, 100));
    let launch_delays = Delays::new(
        Duration::from_millis(within("launch.first_delay_ms", raw.launch.first_delay_ms, 1, 3_600_000)),
        Duration::from_secs(within("launch.delay_cap_seconds", raw.launch.delay_cap_seconds, 1, 86_400)),
    );
    let post_delays = Delays::new(
        Duration::from_millis(within("posts.first_delay_ms", raw.posts.first_delay_ms, 1, 600_000)),
        Duration::from_secs(within("posts.delay_cap_seconds", raw.posts.delay_cap_seconds, 1, 86_400)),
    );
    let request_timeout = Duration::from_secs(within("posts.request_timeout_seconds", raw.posts.request_timeout_seconds, 1, 600));
    let nonce_window = Duration::from_secs(within("posts.nonce_window_seconds", raw.posts.nonce_window_seconds, 1, 60));
    let showing = Showing {
        shown: match raw.cards.show {
            RawShown::Silent => Shown::Silent,
            RawShown::DoneOnly => Shown::DoneOnly,
            RawShown::StateChanges => Shown::StateChanges,
            RawShown::Live => Shown::Live,
        },
        threads: raw.cards.threads,
    };
    let live_cards = Duration::from_secs(within("cards.live_seconds", raw.cards.live_seconds, 1, 3_600));
    let card_gap = Duration::from_millis(within("cards.edit_gap_ms", raw.cards.edit_gap_ms, 0, 600_000));
    let attachments = AttachmentLimits {
        files: index(within("attachments.max_files", raw.attachments.max_files.into(), 0, 100)),
        file_bytes: within("attachments.max_file_mb", raw.attachments.max_file_mb, 1, 10_000) * MIB,
        total_bytes: within("attachments.max_total_mb", raw.attachments.max_total_mb, 1, 100_000) * MIB,
        download: Duration::from_secs(within("attachments.download_seconds", raw.attachments.download_seconds, 1, 3_600)),
    };

    let drain_deadline = Duration::from_secs(within("drain.deadline_seconds", raw.drain.deadline_seconds, 0, 86_400));

    let keep_success = whole(layers, "WORKER_RETENTION_HOURS", 0, 87_840, faults).unwrap_or(file_keeps_success);
    let summary = whole(layers, "SUMMARY_MAX_LENGTH", 50, 4_000, faults);
    Limits {
        timeout,
        max_timeout,
        max_concurrent,
        per_user_running,
        per_user_queued,
        prompt_bytes,
        summary_max_chars: summary.map_or(DEFAULT_SUMMARY_CHARS, index),
        price_unit: match raw.prices.unit {
            RawPriceUnit::PerThousand => PriceUnit::PerThousand,
            RawPriceUnit::PerMillion => PriceUnit::PerMillion,
        },
        attempts,
        attempt_delays,
        ask_after,
        keep_success: hours(keep_success),
        keep_failure,
        disk_low_water,
        log_bytes,
        stdout_bytes,
        result_bytes,
        file_bytes: Some(file_bytes).filter(|bytes| *bytes > 0),
        attach_files,
        lease,
        launch_retries,
        launch_delays,
        post_delays,
        request_timeout,
        nonce_window,
        showing,
        live_cards,
        card_gap,
        attachments,
        drain: match raw.drain.agents {
            RawDrainRule::Auto => DrainRule::Auto,
            RawDrainRule::HandOver => DrainRule::HandOver,
            RawDrainRule::Wait => DrainRule::Wait,
            RawDrainRule::Stop => DrainRule::Stop,
        },
        drain_deadline,
    }
}

const fn hours(number: u64) -> Duration {
    Duration::from_secs(number * 3_600)
}

fn duration(layers: &Layers<'_>, key: &'static str, faults: &mut Vec<Complaint>) -> Option<Duration> {
    let Given { value, from } = layers.given(key)?;
    let read = parse_duration(&value).ok();
    if read.is_none() {
        let rule = "it must be a time: seconds, or a number with its unit, like 90s, 10m, 1h30m; above 0, at most 366 days";
        faults.push(Complaint::about(from.to_string(), key, rule).given(&value));
    }
    read
}

fn whole(layers: &Layers<'_>, key: &'static str, least: u64, most: u64, faults: &mut Vec<Complaint>) -> Option<u64> {
    let Given { value, from } = layers.given(key)?;
    let plain = value.bytes().all(|byte| byte.is_ascii_digit());
    let read = value.parse().ok().filter(|number| plain && (least..=most).contains(number));
    if read.is_none() {
        faults.push(Complaint::about(from.to_string(), key, format!("it must be a whole number from {least} to {most}")).given(&value));
    }
    read
}
