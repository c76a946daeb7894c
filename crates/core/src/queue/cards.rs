//! Cards, as delivery reads and writes them: what is to be sent next, what was shown, and what could not be.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

pub use super::card_changes::SHOWN_WAITING;
use super::{
    Queue, QueueError,
    card_changes::{former_card, renew, rest, tell_again, tell_in_thread, tell_once},
    card_facts::facts,
};
use crate::{
    domain::{
        attempt::AttemptState,
        card::{CardFacts, Shows, Thread},
        id::{ChannelId, MessageId, TaskId},
    },
    ports::{rows::CardRow, store::Urgency},
};

/// No try is put off for longer.
const LATER_THAN_ALL: TimeDelta = TimeDelta::days(7);
/// Most cards of a channel that are brought forward when Discord is back: those behind them come at their own time.
const HURRIED: u32 = 500;

/// One of a card's two messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The card itself, in its channel.
    Face,
    /// The sheet in the thread.
    Details,
}

/// What is to be sent for a channel's cards.
#[derive(Clone, Debug)]
pub enum NextCard {
    /// Something for this one.
    Due(Box<(CardRow, CardFacts)>),
    /// Nothing before this time.
    Later(DateTime<Utc>),
    /// Nothing.
    Nothing,
}

/// What stands now.
#[derive(Clone, Debug)]
pub struct Stands {
    /// Which of the card's messages.
    pub part: Part,
    /// It.
    pub message: MessageId,
    /// The version that it was composed of.
    pub version: u64,
    /// A digest of it.
    pub digest: String,
    /// When it is looked at again although nothing changes: a live one, while an agent works.
    pub again: Option<DateTime<Utc>>,
}

impl Queue {
    /// Channels in which something is or will be to be sent for a card.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn carded_channels(&self) -> Result<Vec<ChannelId>, QueueError> {
        self.read(|look| look.carded_channels()).await
    }

    /// Whether no card is behind its task that would be shown within this time. One that can't be shown for longer is not waited for.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn cards_rest(&self, within: Duration) -> Result<bool, QueueError> {
        let until = self.now() + TimeDelta::from_std(within).unwrap_or_default();
        self.read(move |look| {
            for channel in look.carded_channels()? {
                for rank in [CardRow::BEHIND, CardRow::UNPOSTED, CardRow::WAITING] {
                    if look.next_card_due(channel, rank)?.is_some_and(|due| due <= until) {
                        return Ok(false);
                    }
                }
            }
            Ok(true)
        })
        .await
    }

    /// What is to be sent next for a channel's cards of these [ranks](CardRow::rank), the first rank first. One that is put off for longer than anything is
    /// (`longest`) was put off by a clock that has been set back since: it is due.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn next_card(&self, channel: ChannelId, ranks: &'static [u8], longest: Duration) -> Result<NextCard, QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        let longest = TimeDelta::from_std(longest).unwrap_or(LATER_THAN_ALL);
        self.read(move |look| {
            let mut later = None;
            for rank in ranks.iter().copied() {
                let next = look.next_card_due(channel, rank)?;
                let until = next.filter(|due| *due > now + longest).unwrap_or(now);
                if let Some(row) = look.due_cards(channel, rank, until, 1)?.pop() {
                    let Some(facts) = facts(look, &rules, &row)? else { continue };
                    return Ok(NextCard::Due(Box::new((row, facts))));
                }
                later = [later, next].into_iter().flatten().min();
            }
            Ok(later.map_or(NextCard::Nothing, NextCard::Later))
        })
        .await
    }

    /// The task whose card, or whose thread, this is: a thread has the id of the message that it hangs on.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn task_of_card(&self, message: MessageId) -> Result<Option<TaskId>, QueueError> {
        self.read(move |look| match look.card_at(message)? {
            Some(task) => Ok(Some(task)),
            None => Ok(look.fact(&former_card(message))?.and_then(|task| task.parse().ok())),
        })
        .await
    }

    /// One of a card's messages stands as it was composed. What has changed meanwhile is shown next.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn card_stands(&self, task: TaskId, stands: Stands) -> Result<(), QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        self.write(Urgency::Usual, move |rows| {
            let Some(mut row) = rows.card(&task)? else { return Ok(()) };
            let shows = Shows { version: stands.version, digest: stands.digest.clone(), at: Some(now), first_sent_at: None };
            match stands.part {
                Part::Face => {
                    if row.message.is_none() {
                        tell_again(rows, row.channel, "card")?;
                    }
                    (row.message, row.card.face) = (Some(stands.message), shows);
                    row.card.wanted_again = false;
                }
                Part::Details => {
                    // The thread begins with its sheet: what attempts have left so far is told below it.
                    if row.card.sheet.is_none() {
                        for attempt in rows.attempts_of(&task)?.iter().filter(|attempt| matches!(attempt.state, AttemptState::Ended { .. }))
                        {
                            tell_in_thread(rows, &row, attempt.id, now)?;
                        }
                    }
                    (row.card.sheet, row.card.details) = (Some(stands.message), shows);
                }
            }
            (row.card.failures, row.card.last_error) = (0, None);
            rest(&mut row, &rules, stands.again, now);
            Ok(rows.put_card(&row)?)
        })
        .await?;
        self.bells.outbound.notify_one();
        Ok(())
    }

    /// Nothing of a card has to be sent, for all that was to be looked at.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn card_rests(&self, task: TaskId, part: Part, version: u64, again: Option<DateTime<Utc>>) -> Result<(), QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        self.write(Urgency::Usual, move |rows| {
            let Some(mut row) = rows.card(&task)? else { return Ok(()) };
            match part {
                Part::Face => row.card.face.version = row.card.face.version.max(version),
                Part::Details => row.card.details.version = row.card.details.version.max(version),
            }
            (row.card.failures, row.card.last_error) = (0, None);
            rest(&mut row, &rules, again, now);
            Ok(rows.put_card(&row)?)
        })
        .await?;
        // It may be for the other of its channel's lanes to look at it next.
        self.bells.outbound.notify_one();
        Ok(())
    }

    /// Something for a card could not be sent now.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn card_put_off(&self, task: TaskId, part: Part, due_at: DateTime<Utc>, reason: String) -> Result<(), QueueError> {
        let now = self.now();
        self.write(Urgency::Usual, move |rows| {
            let Some(mut row) = rows.card(&task)? else { return Ok(()) };
            row.card.failures += 1;
            row.card.last_error = Some(reason.clone());
            row.due_at = Some(due_at);
            let shows = if part == Part::Face { &mut row.card.face } else { &mut row.card.details };
            shows.first_sent_at = Some(shows.first_sent_at.unwrap_or(now));
            Ok(rows.put_card(&row)?)
        })
        .await
    }

    /// Discord is back: a channel's cards that have failed are due now.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn hurry_cards(&self, channel: ChannelId) -> Result<(), QueueError> {
        let now = self.now();
        self.write(Urgency::Usual, move |rows| {
            for rank in [CardRow::BEHIND, CardRow::UNPOSTED, CardRow::WAITING, CardRow::OTHER] {
                for mut row in rows.due_cards(channel, rank, now + LATER_THAN_ALL, HURRIED)? {
                    if row.card.failures > 0 {
                        row.due_at = Some(now);
                        rows.put_card(&row)?;
                    }
                }
            }
            Ok(())
        })
        .await
    }

    /// The channel's history was searched and the message is not in it: its nonce protects it from now.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn card_sent_afresh(&self, task: TaskId, part: Part) -> Result<(), QueueError> {
        let now = self.now();
        self.write(Urgency::Usual, move |rows| {
            let Some(mut row) = rows.card(&task)? else { return Ok(()) };
            let shows = if part == Part::Face { &mut row.card.face } else { &mut row.card.details };
            shows.first_sent_at = Some(now);
            Ok(rows.put_card(&row)?)
        })
        .await
    }

    /// A card was deleted. One whose task was run again by hand since it was shown last is posted anew; any other is left as somebody wanted it.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn card_deleted(&self, task: TaskId, reason: String) -> Result<(), QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        self.write(Urgency::Usual, move |rows| {
            let Some(mut row) = rows.card(&task)? else { return Ok(()) };
            if row.card.wanted_again && row.message.is_some() {
                return Ok(renew(rows, &rules, row, now)?);
            }
            row.due_at = None;
            row.card.given_up = Some(reason.clone());
            Ok(rows.put_card(&row)?)
        })
        .await?;
        self.bells.outbound.notify_one();
        Ok(())
    }

    /// A card will not be shown any more. The operator is told, once per channel and reason.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn card_given_up(&self, task: TaskId, reason: String, alert: String) -> Result<(), QueueError> {
        let (now, operator) = (self.now(), self.rules.routes.operator);
        self.write(Urgency::Usual, move |rows| {
            let Some(mut row) = rows.card(&task)? else { return Ok(()) };
            row.due_at = None;
            row.card.given_up = Some(reason.clone());
            rows.put_card(&row)?;
            tell_once(rows, row.channel, "card", Some(&alert), operator, now)
        })
        .await?;
        self.bells.outbound.notify_one();
        Ok(())
    }

    /// A card's thread is there, or can't be.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn thread_settled(&self, task: TaskId, thread: Thread, alert: Option<String>) -> Result<(), QueueError> {
        let (now, rules) = (self.now(), self.rules.clone());
        self.write(Urgency::Usual, move |rows| {
            let Some(mut row) = rows.card(&task)?.filter(|row| row.card.thread == Thread::Wanted) else { return Ok(()) };
            if thread == Thread::Open {
                tell_again(rows, row.channel, "thread")?;
            }
            row.card.thread = thread.clone();
            (row.card.failures, row.card.last_error) = (0, None);
            rest(&mut row, &rules, None, now);
            rows.put_card(&row)?;
            tell_once(rows, row.channel, "thread", alert.as_deref(), rules.routes.operator, now)
        })
        .await?;
        self.bells.outbound.notify_one();
        Ok(())
    }
}
