//! Cards: one edit for all that has changed, the thread beneath, and the sheet in it. They yield to everything else in their channel.

use std::{fmt::Write as _, sync::PoisonError, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use super::{
    means::{Lane, Means, Step},
    parcels::{redact, uncut},
};
use crate::{
    domain::{
        card::{CardFacts, TaskState, Thread},
        id::{ChannelId, MessageId, ParcelId, TaskId},
        money::Usd,
        outbound::{Address, Identity, Post},
        showing::Shown,
        task::MessageRef,
    },
    ports::{
        chat::{ChatError, From, Heard, Remedy},
        rows::CardRow,
    },
    queue::{
        QueueError,
        cards::{NextCard, Part, Stands},
    },
    wording::{alerts, card, fit},
};

/// "No such message", "no such channel". Source: Discord developer documentation, "JSON Error Codes".
const GONE: [u32; 2] = [10_008, 10_003];
/// "Maximum number of edits to messages older than 1 hour reached". Source: as above.
const EDITS_SPENT: u32 = 30_046;
/// Discord tells neither how many such edits it takes nor when it takes more.
const EDITS_COME_BACK: TimeDelta = TimeDelta::minutes(5);
/// How long a card is left alone that has a request under way.
const BESIDE: TimeDelta = TimeDelta::milliseconds(200);
/// Nothing else is put off for longer, but for the delays that are set; Discord's own `Retry-After` counts anew each time.
const LONGEST_PUT_OFF: Duration = Duration::from_secs(600);
/// An agent that was not heard for so long is said to be quiet.
const QUIET: TimeDelta = TimeDelta::seconds(60);
/// How much of a log's end is read.
const LOG_BYTES: u64 = 4_096;
/// How many pages of a channel's history are searched for a card that may stand.
const SEARCHED_PAGES: u32 = 5;

/// Sends what is next for a channel's cards; in a hurry those that have failed are due now.
pub(super) async fn step(means: &Means, lane: Lane, channel: ChannelId, hurry: bool) -> Result<Step, QueueError> {
    if hurry {
        means.queue.hurry_cards(channel).await?;
    }
    let longest = LONGEST_PUT_OFF.max(means.settings.delays.cap()).max(means.settings.live_cards).max(means.queue.rules().card_gap);
    let ranks: &[u8] = match lane {
        Lane::CardEdits(_) => &[CardRow::BEHIND],
        Lane::Posts(_) | Lane::Reactions(_) | Lane::Cards(_) => &[CardRow::UNPOSTED, CardRow::WAITING, CardRow::OTHER],
    };
    let (row, facts) = match means.queue.next_card(channel, ranks, longest).await? {
        NextCard::Due(due) => *due,
        NextCard::Later(at) => return Ok(Step::NotBefore(at)),
        NextCard::Nothing => return Ok(Step::Nothing),
    };
    let Some(_under_way) = UnderWay::of(means, &row.task) else { return Ok(Step::NotBefore(means.clock.now() + BESIDE)) };
    let mut facts = facts;
    facts.open = means.settings.open.get(&facts.task.wishes.agent).cloned();
    // It was cut out of what the agent says.
    let said = said(means, &row, &mut facts).await.map(|said| uncut(means, &said));
    let view = View { means, row: &row, facts: &facts, lane, said };
    let (wanted, thread) = (&row.card, &row.card.thread);
    if let (Some(message), Thread::Wanted, false) = (row.message, thread, wanted.face_is_behind()) {
        return view.start_thread(MessageRef { channel, message }).await;
    }
    // What is behind goes first; of a live card that is only looked at again, what was shown longer ago.
    let older_face = !wanted.details_are_behind() && wanted.face.at <= wanted.details.at;
    let parts = match (*thread == Thread::Open, wanted.face_is_behind() || older_face) {
        (false, _) => vec![Part::Face],
        (true, true) => vec![Part::Face, Part::Details],
        (true, false) => vec![Part::Details, Part::Face],
    };
    for part in &parts {
        if let Some(step) = view.show(*part).await? {
            return Ok(step);
        }
    }
    for part in parts {
        means.queue.card_rests(row.task.clone(), part, row.card.wanted, view.again()).await?;
    }
    Ok(Step::Went)
}

/// A card with a request under way, until this is dropped.
struct UnderWay<'a>(&'a Means, TaskId);

impl<'a> UnderWay<'a> {
    /// `None`: it has one already.
    fn of(means: &'a Means, task: &TaskId) -> Option<Self> {
        let is_new = means.cards_under_way.lock().unwrap_or_else(PoisonError::into_inner).insert(task.clone());
        is_new.then(|| Self(means, task.clone()))
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.cards_under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

/// One card, and what it is made of now.
struct View<'a> {
    means: &'a Means,
    row: &'a CardRow,
    facts: &'a CardFacts,
    lane: Lane,
    /// The end of its log.
    said: Option<String>,
}

impl View<'_> {
    /// Shows one of the card's messages as it is to be; `None`: it stands so already.
    async fn show(&self, part: Part) -> Result<Option<Step>, QueueError> {
        let (post, digest) = self.compose(part);
        let (shows, at) = match part {
            Part::Face => (&self.row.card.face, self.row.message.map(|message| MessageRef { channel: self.row.channel, message })),
            Part::Details => {
                (&self.row.card.details, self.thread().zip(self.row.card.sheet).map(|(channel, message)| MessageRef { channel, message }))
            }
        };
        if at.is_some() && shows.digest == digest {
            return Ok(None);
        }
        let sent = match at {
            Some(at) => self.means.chat.edit(at, &post).await.map(|()| (at.message, true)),
            None => self.post(part, post).await,
        };
        self.means.note_token(self.lane, sent.as_ref().err());
        match sent {
            Ok((message, as_composed)) => {
                // One that was found, or was posted by an earlier try, may show something older.
                let (version, digest) = if as_composed { (self.row.card.wanted, digest) } else { (0, String::new()) };
                let stands = Stands { part, message, version, digest, again: self.again() };
                self.means.queue.card_stands(self.row.task.clone(), stands).await?;
                Ok(Some(Step::Went))
            }
            Err(error) => self.failed(part, &error).await.map(Some),
        }
    }

    fn compose(&self, part: Part) -> (Post, String) {
        let mut post = match part {
            Part::Face => {
                let entry = self.facts.entry.map(|entry| self.means.chat.link(entry));
                card::face(self.facts, entry.as_deref(), self.said.as_deref())
            }
            Part::Details => card::sheet(self.facts, self.said.as_deref()),
        };
        redact(self.means, &mut post);
        if let Some(anchor) = self.row.card.anchor.filter(|_| part == Part::Face) {
            post.reply_to = Some(MessageRef { channel: self.row.channel, message: anchor });
        }
        let digest = Sha256::digest(serde_json::to_vec(&post).unwrap_or_default());
        let shown = digest[..8].iter().fold(String::with_capacity(16), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        (post, shown)
    }

    /// Posts one that does not stand yet, as far as anybody knows. Tells whether it stands as it was composed.
    async fn post(&self, part: Part, post: Post) -> Result<(MessageId, bool), ChatError> {
        let Some(channel) = (match part {
            Part::Face => Some(self.row.channel),
            Part::Details => self.thread(),
        }) else {
            return Err(ChatError::NotSent { reason: "there is no thread".to_owned() });
        };
        let shows = if part == Part::Face { &self.row.card.face } else { &self.row.card.details };
        let now = self.means.clock.now();
        let age = shows.first_sent_at.and_then(|first| (now - first).to_std().ok());
        let protected = age.is_some_and(|age| age < self.means.settings.nonce_window);
        // Who began to post it may have been killed before it could write down where it stands. Times would not tell: clocks are put back.
        let by_another = self.row.card.begun_by != Some(self.means.queue.rules().process);
        if !protected && (by_another || shows.first_sent_at.is_some()) {
            if let Some(found) = self.find(channel, part).await? {
                return Ok((found, false));
            }
            let afresh = self.means.queue.card_sent_afresh(self.row.task.clone(), part).await;
            afresh.map_err(|error| ChatError::NotSent { reason: error.to_string() })?;
        }
        let to = Address { channel, identity: Identity::Orchestrator };
        let at = self.means.chat.post(to, &nonce(&self.row.task, part, self.row.card.renewed), post).await?;
        Ok((at.message, shows.first_sent_at.is_none()))
    }

    /// Looks for a message of a card in the history of its channel, after the one that it answers.
    async fn find(&self, channel: ChannelId, part: Part) -> Result<Option<MessageId>, ChatError> {
        let Some(mut after) = (if part == Part::Face { self.row.card.anchor } else { self.row.message }) else { return Ok(None) };
        let id = format!("`{}`", self.row.task);
        let is_it = |heard: &Heard| {
            let answers = part == Part::Details || heard.reply_to == self.row.card.anchor;
            heard.ours && answers && heard.content.is_empty() && heard.embeds.first().is_some_and(|text| text.contains(&id))
        };
        for _ in 0..SEARCHED_PAGES {
            let page = self.means.chat.history(channel, From::After(after), 100).await?;
            if let Some(found) = page.iter().find(|heard| is_it(heard)) {
                return Ok(Some(found.at.message));
            }
            match page.last() {
                Some(last) if page.len() == 100 => after = last.at.message,
                _ => break,
            }
        }
        Ok(None)
    }

    async fn start_thread(&self, on: MessageRef) -> Result<Step, QueueError> {
        let mut name = Post { content: card::thread_name(&self.facts.task), ..Post::default() };
        redact(self.means, &mut name);
        let started = self.means.chat.start_thread(on, &fit::cut(&name.content, 100)).await;
        self.means.note_token(self.lane, started.as_ref().err());
        let (task, queue) = (self.row.task.clone(), &self.means.queue);
        match started {
            Ok(()) => queue.thread_settled(task, Thread::Open, None).await?,
            Err(error) if error.remedy() == Remedy::Never => {
                tracing::warn!(task.id = %task, %error, "task {task} gets no thread: {error}");
                let reason = error.to_string();
                let alert = matches!(error, ChatError::Forbidden { .. }).then(|| alerts::threads_refused(self.row.channel, &reason));
                queue.thread_settled(task, Thread::Impossible { reason }, alert).await?;
            }
            Err(error) => return self.failed(Part::Details, &error).await,
        }
        Ok(Step::Went)
    }

    async fn failed(&self, part: Part, error: &ChatError) -> Result<Step, QueueError> {
        let (task, queue, now) = (self.row.task.clone(), &self.means.queue, self.means.clock.now());
        let delay = TimeDelta::from_std(self.means.settings.delays.before(self.row.card.failures + 1)).unwrap_or(EDITS_COME_BACK);
        let put_off = |due_at| queue.card_put_off(task.clone(), part, due_at, error.to_string());
        match error.remedy() {
            Remedy::Retry { at_least } => {
                let due_at = now + delay.max(TimeDelta::from_std(at_least).unwrap_or(EDITS_COME_BACK));
                put_off(due_at).await?;
                return Ok(Step::Failed(due_at));
            }
            Remedy::Never => {}
        }
        let code = match error {
            ChatError::Forbidden { code, .. } | ChatError::NotFound { code, .. } | ChatError::Invalid { code, .. } => *code,
            _ => 0,
        };
        if code == EDITS_SPENT {
            put_off(now + EDITS_COME_BACK.max(delay)).await?;
            return Ok(Step::Went);
        }
        if part == Part::Details {
            // A thread that somebody has closed is left alone; whatever is wrong with a sheet, the card goes on.
            tracing::warn!(task.id = %task, %error, "the sheet in the thread of task {task} can't be shown: {error}");
            queue.card_rests(task, part, self.row.card.wanted, None).await?;
            return Ok(Step::Went);
        }
        if GONE.contains(&code) {
            tracing::info!(task.id = %task, %error, "the card of task {task} was deleted: {error}");
            queue.card_deleted(task, error.to_string()).await?;
            return Ok(Step::Went);
        }
        tracing::warn!(task.id = %task, %error, "the card of task {task} is given up: {error}");
        queue.card_given_up(task, error.to_string(), alerts::cards_refused(self.row.channel, &error.to_string())).await?;
        Ok(Step::Went)
    }

    /// When it is looked at again though nothing is known to have changed: a live one, while its agent works.
    fn again(&self) -> Option<DateTime<Utc>> {
        let works = matches!(self.facts.doing, TaskState::Running { .. } | TaskState::Stopping { .. });
        let live = works && self.facts.showing.shown == Shown::Live;
        live.then(|| self.means.clock.now() + TimeDelta::from_std(self.means.settings.live_cards).unwrap_or(EDITS_COME_BACK))
    }

    /// The thread has the id of the message that it hangs on. Source: Discord developer documentation, "Start Thread from Message".
    fn thread(&self) -> Option<ChannelId> {
        self.row.message.map(|message| ChannelId::new(message.get()))
    }
}

/// What the agent has told of late, else the end of its log, where that is shown; and into the facts what it has spent so far.
async fn said(means: &Means, row: &CardRow, facts: &mut CardFacts) -> Option<String> {
    let works = matches!(facts.doing, TaskState::Running { .. } | TaskState::Stopping { .. });
    if let Some(pulse) = means.progress.pulse(&row.task).filter(|_| works) {
        if let Some(usage) = pulse.usage {
            let mut sum = facts.usage.unwrap_or_default();
            sum += usage;
            facts.usage = Some(sum);
            facts.cost_has_gaps |= pulse.cost.is_none();
        }
        facts.cost = [facts.cost, pulse.cost].into_iter().flatten().reduce(Usd::saturating_add);
        facts.metered = Some(pulse.metered);
        if let TaskState::Running { until, .. } = &mut facts.doing {
            *until += pulse.waited;
            facts.waits_for_people = pulse.waits;
        }
        let live = facts.showing.shown == Shown::Live;
        facts.quiet_since = Some(pulse.heard_at).filter(|at| live && means.clock.now() - *at > QUIET);
        let story = pulse.story.lines();
        if !story.is_empty() {
            return (live || row.card.thread == Thread::Open).then(|| story.join("\n"));
        }
    }
    let ended = matches!(facts.doing, TaskState::Ended { .. });
    let shown = works && facts.showing.shown == Shown::Live || row.card.thread == Thread::Open && (works || ended);
    let agent_id = facts.agent_id.as_deref().filter(|_| shown)?;
    let (log, workspace, task) = (means.log.clone(), means.settings.workers.join(agent_id), row.task.clone());
    let read = tokio::task::spawn_blocking(move || log.tail(&workspace, &task, LOG_BYTES)).await;
    read.ok()?.ok().map(|tail| tail.text)
}

/// A card's messages are posted under nonces of their own, the same ones each time until it is posted anew.
fn nonce(task: &TaskId, part: Part, renewed: u32) -> ParcelId {
    let of = match part {
        Part::Face => "card",
        Part::Details => "sheet",
    };
    let again = if renewed > 0 { format!(" {renewed}") } else { String::new() };
    let digest = Sha256::digest(format!("{of} {task}{again}").as_bytes());
    let (mut time, mut random) = ([0; 8], [0; 10]);
    time[2..].copy_from_slice(&digest[..6]);
    random.copy_from_slice(&digest[6..16]);
    ParcelId::from_parts(u64::from_be_bytes(time), random)
}
