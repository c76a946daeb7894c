//! The harness: a local Discord, the real binary beside it, and an agent that does what the task's text says. A test reads as a conversation
//! with the bot, and its end fails on leftovers.

mod leftovers;
mod looking;

pub(crate) use self::looking::RUNS;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use orchestrator_interposer::Faults;
use orchestrator_sandbox::{
    Limits, Options, Sandbox,
    world::{message::Message, snowflake::Snowflake},
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long anything may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What a bot logs: as it does by itself, and how it comes by the end of an attempt.
const LOGGED: &str = "warn,orchestrator=info,discord_orchestrator=info,orchestrator_core=info,orchestrator_core::runner=debug,\
    discord_orchestrator::adapters::process=debug";

/// The agent: the task's text is a shell script that runs in the task's folder.
const AGENT: &str = r"tail -c +7 TASK.txt > .task.sh; exec /bin/sh ./.task.sh";

/// A world before the bot is started.
pub(crate) struct Founding {
    options: Options,
    config: Value,
    env: Vec<(String, String)>,
    openclaw: Option<String>,
    programs: Vec<(String, String)>,
}

/// A world with a bot in it.
pub(crate) struct World {
    /// The local Discord.
    pub(crate) sandbox: Sandbox,
    dir: TempDir,
    bot: Option<Child>,
    /// How the last bot ended that ended by itself.
    exit: Option<i32>,
    env: Vec<(String, String)>,
    runs: u32,
}

impl Founding {
    /// The usual world: no rate limits, short delays, the scripted agent.
    pub(crate) fn new() -> Self {
        let config = json!({
            "default_agent": "script",
            "agents": { "script": { "command": "/bin/sh", "args": [["-c", AGENT]], "grace_seconds": 1 } },
            "posts": { "first_delay_ms": 50, "delay_cap_seconds": 1 },
            "launch": { "first_delay_ms": 50, "delay_cap_seconds": 1 },
            "attempts": { "first_delay_seconds": 0, "delay_cap_seconds": 1 },
            "lease_seconds": 5,
            // Tests about files that agents leave, and about cards, ask for them.
            "output": { "attach_max_files": 0 },
            "cards": { "show": "silent", "edit_gap_ms": 0, "live_seconds": 1 },
        });
        Self {
            options: Options { limits: Limits::Off, ..Options::default() },
            config,
            env: Vec::new(),
            openclaw: None,
            programs: Vec::new(),
        }
    }

    /// Sets a key of `orchestrator_config.json`, by its path.
    pub(crate) fn config(mut self, pointer: &str, value: Value) -> Self {
        let mut place = &mut self.config;
        for key in pointer.split('.') {
            place = &mut place[key];
        }
        *place = value;
        self
    }

    /// Sets a variable of the bot's environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The text of `openclaw.json`.
    pub(crate) fn openclaw(mut self, text: &str) -> Self {
        self.openclaw = Some(text.to_owned());
        self
    }

    /// A script in the bot's folder that can be run, such as an agent.
    pub(crate) fn program(mut self, name: &str, text: &str) -> Self {
        self.programs.push((name.to_owned(), text.to_owned()));
        self
    }

    /// More bots of ours: the tokens of workers 1, 2 and 3.
    pub(crate) fn more_bots(mut self, names: &[&str]) -> Self {
        self.options.seed.more_bots = names.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// Discord's own rate limits.
    pub(crate) fn limits(mut self) -> Self {
        self.options.limits = Limits::Discord;
        self
    }

    /// Other rate limits.
    pub(crate) fn limits_of(mut self, limits: Limits) -> Self {
        self.options.limits = limits;
        self
    }

    /// How often the gateway wants a heartbeat.
    pub(crate) fn heartbeat(mut self, every: Duration) -> Self {
        self.options.heartbeat_interval = every;
        self
    }

    /// The world, without its bot.
    pub(crate) async fn silent(self) -> World {
        let dir = tempfile::Builder::new().prefix("orchestrator-world-").tempdir().expect("a temporary folder");
        let sandbox = Sandbox::start(self.options).await.expect("a local Discord");
        sandbox.write_env(&dir.path().join("discord-config.env")).expect("an env file");
        fs::write(dir.path().join("orchestrator_config.json"), self.config.to_string()).expect("a config file");
        let openclaw = self.openclaw.unwrap_or_else(|| include_str!("../../../openclaw-example.json").to_owned());
        fs::write(dir.path().join("openclaw.json"), openclaw).expect("a price file");
        for (name, text) in self.programs {
            let path = dir.path().join(name);
            fs::write(&path, text).expect("a script");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a script that can be run");
        }
        World { sandbox, dir, bot: None, exit: None, env: self.env, runs: 0 }
    }

    /// The world, with its bot logged in.
    pub(crate) async fn start(self) -> World {
        let mut world = self.silent().await;
        world.start_bot();
        world.wait_until_online().await;
        world
    }
}

impl World {
    /// The usual world with its bot logged in.
    pub(crate) async fn new() -> Self {
        Founding::new().start().await
    }

    /// The folder that the bot works in.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A command of the real binary, in this world's folder.
    #[expect(clippy::disallowed_methods, reason = "the program itself, as a person starts it")]
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orchestrator"));
        command.args(args).current_dir(self.dir()).env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", self.dir());
        command.envs(self.env.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
        command
    }

    /// What a shell command prints, in this world's folder.
    #[expect(clippy::disallowed_methods, reason = "looks around or interferes as a person at the machine would")]
    pub(crate) fn shell(&self, script: &str) -> String {
        let output = Command::new("/bin/sh").args(["-c", script]).current_dir(self.dir()).output().expect("a shell");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs a command of the real binary to its end: exit code, standard output, standard error.
    pub(crate) fn run(&self, args: &[&str]) -> (i32, String, String) {
        let output = self.command(args).output().expect("the binary starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
    }

    /// Starts the bot; its log goes to a file that is shown when a test fails.
    pub(crate) fn start_bot(&mut self) {
        let run = self.command(&["run"]);
        self.start_bot_as(run);
    }

    /// The same, on a machine that is not well.
    pub(crate) fn start_bot_with(&mut self, faults: &Faults) {
        let mut run = self.command(&["run"]);
        run.envs(faults.env());
        self.start_bot_as(run);
    }

    /// The same, by a command that becomes the bot.
    pub(crate) fn start_bot_as(&mut self, mut command: Command) {
        assert!(self.bot.is_none(), "the bot runs already");
        command.env("RUST_LOG", LOGGED);
        self.runs += 1;
        let log = fs::File::options().create(true).append(true).open(self.log_path()).expect("a log file");
        self.bot = Some(command.stdout(Stdio::null()).stderr(log).spawn().expect("the bot starts"));
    }

    /// Waits until the bot has a gateway session.
    pub(crate) async fn wait_until_online(&self) {
        let name = Self::bot_name();
        let online = async {
            let started = tokio::time::Instant::now();
            while !self.sandbox.is_online(&name) && started.elapsed() < PATIENCE {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        online.await;
        assert!(self.sandbox.is_online(&name), "the bot did not come online:\n{}", self.log());
    }

    /// Kills the bot as a power cut would.
    pub(crate) fn kill_bot(&mut self) {
        let mut bot = self.bot.take().expect("the bot runs");
        bot.kill().expect("it can be killed");
        bot.wait().expect("it ends");
        // Until the local Discord has noticed, it would call the next one online before it is.
        let noticed = std::time::Instant::now();
        while self.sandbox.is_online(&Self::bot_name()) && noticed.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Asks the bot to stop, and does not wait for it.
    pub(crate) fn ask_bot_to_stop(&self) {
        leftovers::terminate(self.bot_process());
    }

    /// Asks the bot to stop, and waits for it.
    pub(crate) fn stop_bot(&mut self) -> i32 {
        let mut bot = self.bot.take().expect("the bot runs");
        leftovers::terminate(bot.id());
        bot.wait().expect("it ends").code().unwrap_or(-1)
    }

    /// Sets a variable of the bot's environment for its next start.
    pub(crate) fn set_env(&mut self, name: &str, value: &str) {
        self.env.push((name.to_owned(), value.to_owned()));
    }

    /// The bot's process number.
    pub(crate) fn bot_process(&self) -> u32 {
        self.bot.as_ref().expect("the bot runs").id()
    }

    /// Changes a key of `orchestrator_config.json` for the next start of the bot.
    pub(crate) fn reconfigure(&self, pointer: &str, value: Value) {
        let path = self.dir().join("orchestrator_config.json");
        let mut config: Value = serde_json::from_slice(&fs::read(&path).expect("a config file")).expect("JSON");
        let mut place = &mut config;
        for key in pointer.split('.') {
            place = &mut place[key];
        }
        *place = value;
        fs::write(&path, config.to_string()).expect("a config file");
    }

    /// Whether the bot has ended by itself; then it can be started again.
    pub(crate) fn bot_has_ended(&mut self) -> bool {
        let ended = self.bot.as_mut().and_then(|bot| bot.try_wait().expect("its state can be asked"));
        if let Some(status) = ended {
            self.bot = None;
            self.exit = status.code();
        }
        ended.is_some()
    }

    /// The exit code of a bot that has ended by itself, as [`bot_has_ended`](Self::bot_has_ended) found it.
    pub(crate) fn last_exit(&self) -> Option<i32> {
        self.exit
    }

    /// Waits until the bot ends by itself: its exit code.
    pub(crate) async fn bot_ends(&mut self) -> i32 {
        let mut bot = self.bot.take().expect("the bot runs");
        let ended = tokio::task::spawn_blocking(move || bot.wait().expect("it ends").code().unwrap_or(-1));
        tokio::time::timeout(PATIENCE, ended).await.expect("the bot ends in time").expect("the wait does not break")
    }

    /// The owner says something in #task-queue: the message's id.
    pub(crate) fn say(&self, text: &str) -> Snowflake {
        self.sandbox.person("admin").say("task-queue", text).expect("the local Discord takes the message")
    }

    /// Waits for the result entry of a task; gives the message that holds it, with the entry as its text, also where it stands in a box among others.
    pub(crate) async fn entry(&self, task: Snowflake) -> Message {
        self.entry_within(task, PATIENCE).await
    }

    /// The same, with another patience.
    pub(crate) async fn entry_within(&self, task: Snowflake, patience: Duration) -> Message {
        let found =
            self.sandbox.wait_for(|world| world.messages_in("results").find(|message| holds_entry(message, task)).cloned(), patience).await;
        let mut found = found.unwrap_or_else(|_| panic!("no result entry of {task} came:\n{}", self.log()));
        let entry = entries_in(&found, task).next().unwrap_or_default().to_owned();
        found.content = entry;
        found
    }

    /// The messages in #results that hold an entry of a task.
    pub(crate) fn entries(&self, task: Snowflake) -> Vec<Message> {
        self.sandbox.look(|world| world.messages_in("results").filter(|message| holds_entry(message, task)).cloned().collect())
    }

    /// Waits until one of our bots has put a reaction on a message of #task-queue.
    pub(crate) async fn marked(&self, message: Snowflake, emoji: &str) {
        let bot = self.sandbox.user(&Self::bot_name()).expect("the bot is known").id;
        let there = self
            .sandbox
            .wait_until(|world| world.messages_in("task-queue").any(|m| m.id == message && m.has_reaction(emoji, bot)), PATIENCE);
        assert!(there.await.is_ok(), "{emoji} was not put on {message}:\n{}", self.log());
    }

    /// Waits for a message in a channel.
    pub(crate) async fn message(&self, channel: &str, is_it: impl Fn(&Message) -> bool) -> Message {
        let found = self.sandbox.wait_for(|world| world.messages_in(channel).find(|message| is_it(message)).cloned(), PATIENCE).await;
        found.unwrap_or_else(|_| panic!("the message in #{channel} did not come:\n{}", self.log()))
    }

    /// The text of a file that a task's agent left or was given, in the latest workspace of that task.
    pub(crate) fn task_file(&self, task: Snowflake, name: &str) -> Option<Vec<u8>> {
        fs::read(self.task_dir(task)?.join(name)).ok()
    }

    /// The working folder of a task's latest workspace.
    pub(crate) fn task_dir(&self, task: Snowflake) -> Option<PathBuf> {
        let workspaces = fs::read_dir(self.dir().join("workers")).ok()?;
        let mut found: Vec<PathBuf> =
            workspaces.flatten().map(|dir| dir.path().join("tasks").join(task.to_string())).filter(|dir| dir.is_dir()).collect();
        found.sort_by_key(|dir| fs::metadata(dir).and_then(|seen| seen.modified()).ok());
        found.pop()
    }

    /// What the bot has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// Ends the bot and fails on leftovers: a process, a live attempt, an undelivered letter, a temporary file.
    pub(crate) async fn finish(mut self) {
        if self.bot.is_some() {
            let code = self.stop_bot();
            assert_eq!(code, 0, "the bot did not end well:\n{}", self.log());
        }
        leftovers::check(self.dir()).await;
    }

    /// The end of a world whose bot was killed while it still had notices to post: no process may be left.
    pub(crate) async fn finish_unsaid(self) {
        let dir = self.dir().to_owned();
        self.until("every process has ended", |_| leftovers::processes_left(&dir).is_empty()).await;
    }

    fn bot_name() -> String {
        Options::default().seed.bot
    }

    fn log_path(&self) -> PathBuf {
        self.dir().join("bot.log")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(bot) = &mut self.bot {
            let _ = bot.kill();
            let _ = bot.wait();
        }
        leftovers::end_all(self.dir());
        if std::thread::panicking() {
            eprintln!("--- the bot's log ---\n{}", self.log());
        }
    }
}

/// Whether a message holds the entry of a task.
pub(crate) fn holds_entry(message: &Message, task: Snowflake) -> bool {
    entries_in(message, task).next().is_some()
}

/// The entries of a task in a message: it is one, or holds several tasks' in boxes.
pub(crate) fn entries_in(message: &Message, task: Snowflake) -> impl Iterator<Item = &str> {
    let needle = format!("]** `{task}`");
    let boxes = message.embeds.iter().filter_map(|embed| embed["description"].as_str());
    let texts = std::iter::once(message.content.as_str()).chain(boxes);
    texts.filter(move |text| text.lines().next().is_some_and(|first| first.contains(&needle)))
}
