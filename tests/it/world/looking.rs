//! What a test looks at: what the local Discord was asked, what stands in its channels, what the agents have left.

use std::{fs, time::Duration};

use orchestrator_sandbox::{
    Request,
    world::{message::Message, snowflake::Snowflake},
};

use super::{PATIENCE, World, entries_in, holds_entry, leftovers};

/// Appends a line to the list of runs: what a script says first.
pub(crate) const RUNS: &str = r#"echo "$ORCH_TASK_ID" >> "$HOME/runs.txt"; "#;

impl World {
    /// Waits until something is so; `what` is said if it never is. It is looked at every few milliseconds, so it has to be quick.
    pub(crate) async fn until(&self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        let started = tokio::time::Instant::now();
        while !is_so(self) {
            assert!(started.elapsed() < PATIENCE, "{what}: that did not happen");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Processes that work in this world's folder, with their names, but for the nursery.
    pub(crate) fn processes_left(&self) -> Vec<(i32, String)> {
        leftovers::processes_left(self.dir())
    }

    /// All requests of bots so far, in the order in which they were answered.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.sandbox.log().iter().filter_map(|record| record.request()).filter(|request| request.by_bot).cloned().collect()
    }

    /// The messages on which one of our bots has successfully put an emoji, in that order, again each time.
    pub(crate) fn puts_of(&self, emoji: &str) -> Vec<Snowflake> {
        let puts = self.requests().into_iter().filter(|request| request.method == "PUT" && request.status == Some(204));
        puts.filter_map(|request| {
            let (message, rest) = request.path.split_once("/messages/")?.1.split_once("/reactions/")?;
            rest.starts_with(emoji).then(|| message.parse().ok())?
        })
        .collect()
    }

    /// The tasks whose agents have started, in that order, once for each run. A script tells with [`RUNS`].
    pub(crate) fn runs(&self) -> Vec<Snowflake> {
        let lines = fs::read_to_string(self.dir().join("runs.txt")).unwrap_or_default();
        lines.lines().map(|line| line.parse().expect("a task id")).collect()
    }

    /// Whether our bot's emoji stands on a message of #task-queue.
    pub(crate) fn has_mark(&self, message: Snowflake, emoji: &str) -> bool {
        let bot = self.sandbox.user(&Self::bot_name()).expect("the bot is known").id;
        self.sandbox.look(|world| world.messages_in("task-queue").any(|m| m.id == message && m.has_reaction(emoji, bot)))
    }

    /// Waits until our bot's emoji is gone from a message.
    pub(crate) async fn unmarked(&self, message: Snowflake, emoji: &str) {
        self.until(&format!("{emoji} is gone from {message}"), |world| !world.has_mark(message, emoji)).await;
    }

    /// What our bot has said in a channel, oldest first.
    pub(crate) fn said(&self, channel: &str) -> Vec<Message> {
        let bot = self.sandbox.user(&Self::bot_name()).expect("the bot is known").id;
        self.sandbox.look(|world| world.messages_in(channel).filter(|message| message.author == bot).cloned().collect())
    }

    /// The bot's answers to a message of #task-queue.
    pub(crate) fn replies(&self, to: Snowflake) -> Vec<Message> {
        self.said("task-queue").into_iter().filter(|message| message.reply_to == Some(to)).collect()
    }

    /// Waits for the bot's answer to a message of #task-queue.
    pub(crate) async fn reply(&self, to: Snowflake) -> Message {
        let bot = self.sandbox.user(&Self::bot_name()).expect("the bot is known").id;
        self.message("task-queue", |message| message.reply_to == Some(to) && message.author == bot).await
    }

    /// What the operator was told that holds this text.
    pub(crate) fn told(&self, part: &str) -> Vec<String> {
        self.said("worker-pool").into_iter().map(|message| message.content).filter(|text| text.contains(part)).collect()
    }

    /// The files of a message, by name.
    pub(crate) fn attached(&self, message: &Message) -> Vec<(String, Vec<u8>)> {
        let bytes = |id| self.sandbox.look(|world| world.file(id)).expect("the file is there").to_vec();
        message.attachments.iter().map(|file| (file.filename.clone(), bytes(file.id))).collect()
    }

    /// How many entries a task has in #results: several may stand in one message.
    pub(crate) fn count_entries(&self, task: Snowflake) -> usize {
        self.entries(task).iter().flat_map(|message| entries_in(message, task)).count()
    }

    /// Waits until each of these tasks has a result entry.
    pub(crate) async fn all_entries(&self, tasks: &[Snowflake], patience: Duration) {
        let all = self
            .sandbox
            .wait_until(|world| tasks.iter().all(|task| world.messages_in("results").any(|message| holds_entry(message, *task))), patience);
        assert!(
            all.await.is_ok(),
            "tasks without an entry: {:?}",
            tasks.iter().filter(|t| self.count_entries(**t) == 0).collect::<Vec<_>>()
        );
    }

    /// The text of a file in the latest working folder of a task.
    pub(crate) fn task_text(&self, task: Snowflake, name: &str) -> String {
        String::from_utf8_lossy(&self.task_file(task, name).unwrap_or_default()).into_owned()
    }

    /// A text file below the bot's folder; empty if it is not there.
    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.dir().join(name)).unwrap_or_default()).into_owned()
    }

    /// Whether a file is there below the bot's folder.
    pub(crate) fn has_file(&self, name: &str) -> bool {
        self.dir().join(name).exists()
    }
}
