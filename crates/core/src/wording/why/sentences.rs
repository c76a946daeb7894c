//! The sentences: why nothing is started, what holds a task, where its entry is.

use chrono::{DateTime, Utc};

use super::{Cause, Entry, Reader, Runner, Shut};
use crate::{
    domain::task::show_duration,
    wording::{
        because, figures, fit,
        harmless::{code, one_line, plain, sentence},
    },
};

/// How much of a foreign reason is shown.
pub(super) const REASON: usize = 300;
/// How much of a log's last line is shown.
const LINE: usize = 160;
/// How many tasks that are in the way are named.
const NAMED: usize = 10;
/// How many roles are named.
const ROLES: usize = 5;

pub(super) fn shut_words(shut: &Shut, reader: Reader) -> String {
    match shut {
        Shut::Paused { by, .. } if reader == Reader::Terminal => because::paused(by),
        Shut::Paused { by, others } => {
            let how = match others.as_deref() {
                None => "The button below lets it go on.".to_owned(),
                Some([]) => "Operators can let it go on: `/why` and `/status` show them the button.".to_owned(),
                Some(roles) => {
                    let roles: Vec<_> = roles.iter().take(ROLES).map(|role| format!("<@&{role}>")).collect();
                    format!("Operators ({}) can let it go on: `/why` and `/status` show them the button.", roles.join(", "))
                }
            };
            format!("⛔ Nothing is started: everything was paused by {}. {how}", plain(by, 64))
        }
        Shut::Unmarkable { reason } => closed(&because::unmarkable(reason), reader),
        Shut::DiskLow { reason } => closed(&because::disk_low(reason), reader),
        Shut::DailyCeiling { spent, ceiling } => closed(&because::daily_ceiling(*spent, *ceiling), reader),
    }
}

fn closed(words: &str, reader: Reader) -> String {
    match reader {
        Reader::Discord => format!("⛔ {}", sentence(words, 2 * REASON)),
        Reader::Terminal => words.to_owned(),
    }
}

pub(super) fn cause(cause: &Cause, shut: bool, reader: Reader, lines: &mut Vec<String>) {
    let when = |at: &DateTime<Utc>| when(*at, reader);
    let words = |text: &str| words(text, reader);
    let quoted = |line: &String| format!("Its log ends with {}", code(line, LINE));
    match cause {
        Cause::Waiting { place, slots, running, own } => waiting(*place, *slots, running, own.as_ref(), shut, reader, lines),
        Cause::Parked { gate, running } => {
            lines.push(because::parked(gate));
            lines.extend(in_the_way(running, reader));
        }
        Cause::OutOfQuota(wait) => lines.push(because::out_of_quota(wait)),
        Cause::Held { by: Some((by, at)) } => {
            lines.push(format!("{} held it {}. It takes its turn when it is released.", name(by, reader), when(at)));
        }
        Cause::Held { by: None } => lines.push("It is held. It takes its turn when it is released.".to_owned()),
        Cause::Asked { written } => {
            lines.push(format!("It was written {}, long before it was seen, so it is asked whether it is still wanted.", when(written)));
        }
        Cause::Delayed { until, reason } => {
            lines.push(format!("It is tried again {}.", when(until)));
            lines.extend(reason.as_ref().map(|reason| format!("The last try: {}", words(reason))));
        }
        Cause::Unmarked { since, trouble } => {
            lines.push(format!("It was claimed {}; its agent starts when the ✅ stands on its message.", when(since)));
            lines.push(match trouble {
                Some((error, again)) => {
                    format!("The ✅ could not be put so far: {}. It is tried again {}.", words(error), when(again))
                }
                None => "The ✅ is on its way.".to_owned(),
            });
        }
        Cause::Starting { since } => lines.push(format!("It was claimed {}; its agent is being started.", when(since))),
        Cause::Running { since, limit, asked, last_line } => {
            let end = chrono::TimeDelta::from_std(*limit).ok().and_then(|limit| since.checked_add_signed(limit));
            let end = match end {
                _ if *asked => ", and stood still while people were asked".to_owned(),
                Some(end) => format!(", which ends {}", when(&end)),
                None => String::new(),
            };
            lines.push(format!("Its agent was started {} and works. Its time limit is {}{end}.", when(since), show_duration(*limit)));
            lines.push(last_line.as_ref().map_or_else(|| "Nothing is in its log yet.".to_owned(), quoted));
        }
        // Said before this.
        Cause::Permission { .. } => {}
        Cause::Stopping { by, out_of_money } => {
            lines.push(format!("{} Its end and its entry in the results follow.", words(&because::stopping(by, *out_of_money))));
        }
        Cause::Ended { at, outcome, reason, last_line, ran, entry } => {
            let why = reason.as_ref().map_or_else(String::new, |reason| format!(": {}", words(reason)));
            lines.push(format!("It {} {}{why}", because::ended(*outcome), when(at)));
            lines.extend(last_line.as_ref().filter(|_| *ran).map(quoted));
            lines.extend(entry_words(entry, reader));
        }
    }
}

fn waiting(
    place: Option<u64>,
    slots: u32,
    running: &[Runner],
    own: Option<&(u32, String)>,
    shut: bool,
    reader: Reader,
    lines: &mut Vec<String>,
) {
    lines.push(because::waiting(place));
    if let Some((run, whose)) = own {
        let (run, verb) = (figures::counted(u64::from(*run), "task", "tasks"), if *run == 1 { "runs" } else { "run" });
        lines.push(format!("{run} of {} {verb}, as many of one person's as may at once.", name(whose, reader)));
    }
    let full = u32::try_from(running.len()).unwrap_or(u32::MAX) >= slots;
    if full || own.is_some() {
        lines.extend(full.then(|| match slots {
            0 => "No task may run here at present: there is no slot.".to_owned(),
            1 => "The only slot is filled:".to_owned(),
            slots => format!("All {slots} slots are filled:"),
        }));
        lines.extend(in_the_way(running, reader));
    } else if !shut && place == Some(1) {
        lines.push("A slot is free: it is about to start.".to_owned());
    }
}

fn in_the_way(running: &[Runner], reader: Reader) -> Vec<String> {
    let mut lines: Vec<_> = running
        .iter()
        .take(NAMED)
        .map(|one| {
            let id = match (&one.link, reader) {
                (Some(link), Reader::Discord) => format!("[`{}`]({link})", one.task),
                _ => format!("`{}`", one.task),
            };
            format!("▶️ {id} · {} · started {}", name(&one.requester, reader), when(one.since, reader))
        })
        .collect();
    if running.len() > NAMED {
        lines.push(format!("… and {} more", running.len() - NAMED));
    }
    lines
}

pub(super) fn entry_words(entry: &Entry, reader: Reader) -> Option<String> {
    match entry {
        Entry::Unknown => None,
        Entry::Stands(link) if reader == Reader::Discord => Some(format!("[Its entry in the results]({link})")),
        Entry::Stands(link) => Some(format!("Its entry in the results: {link}")),
        Entry::Waiting => Some("Its entry in the results is on its way.".to_owned()),
        Entry::Failing { tries, error, again } => Some(format!(
            "Its entry in the results could not be posted yet, tried {}: {}. It is sent again {}.",
            figures::counted(u64::from(*tries), "time", "times"),
            words(error, reader),
            when(*again, reader)
        )),
        Entry::Undeliverable { reason } => {
            Some(format!("Its entry in the results could not be posted and is not sent again: {}.", words(reason, reader)))
        }
    }
}

/// Foreign words: in Discord they can do no harm, at a terminal they are left as they are.
fn words(text: &str, reader: Reader) -> String {
    match reader {
        Reader::Discord => sentence(text, REASON),
        Reader::Terminal => fit::cut(&one_line(text), REASON).into_owned(),
    }
}

fn name(name: &str, reader: Reader) -> String {
    match reader {
        Reader::Discord => plain(name, 64),
        Reader::Terminal => fit::cut(&one_line(name), 64).into_owned(),
    }
}

fn when(at: DateTime<Utc>, reader: Reader) -> String {
    match reader {
        Reader::Discord => format!("<t:{}:R>", at.timestamp()),
        Reader::Terminal => format!("at {}", at.format("%Y-%m-%d %H:%M:%S UTC")),
    }
}
