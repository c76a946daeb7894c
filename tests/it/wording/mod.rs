//! Everything that is said, in every wording and around every text, sent by the real sender: Discord takes it, and nobody is rung.

mod kinds;

use discord_orchestrator::adapters::discord::{Budget, Sender, SenderConfig, Token};
use orchestrator_core::{
    domain::{
        id::{ChannelId, ParcelId},
        outbound::{Address, Identity, Post},
        task::MessageRef,
    },
    ports::chat::Chat as _,
    wording::redact::redact,
};
use orchestrator_sandbox::{Limits, Options, Record, Sandbox};
use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    string::string_regex,
    test_runner::TestRunner,
};
use serde_json::json;

/// A value that must never be shown.
const SECRET: &str = "MTQ0MzAyMTM5ODIzNDc3MTQ5Ng.GxY1aB.s3cr3t-s3cr3t-s3cr3t-s3cr3t-s3cr3t";
/// Texts that are drawn beside those that are thought of.
const DRAWN: usize = 6;

/// A local Discord, and what is said there.
struct Room {
    discord: Sandbox,
    sender: Sender,
    said: u64,
}

impl Room {
    async fn new() -> Self {
        let options = Options { limits: Limits::Off, log_capacity: 100_000, ..Options::default() };
        let discord = Sandbox::start(options).await.expect("a port is free");
        let token = Token::new(&discord.user("orchestrator").expect("the bot is there").token);
        // How fast is no question here.
        let usual = SenderConfig::new(discord.base_url(), token);
        let config = SenderConfig { budget: Budget { per_second: 100_000, ..usual.budget }, ..usual };
        let sender = Sender::new(&config).expect("it is right");
        Self { discord, sender, said: 0 }
    }

    /// Says everything that there is to be said around a text.
    async fn says_everything_around(&mut self, text: &str) {
        let in_channel = self.discord.channel("general").expect("it is there");
        let channel = ChannelId::new(in_channel.get());
        let asked = self.discord.person("stranger").say("general", "a task").expect("it is said");
        let answers = MessageRef { channel, message: asked.to_string().parse().expect("a snowflake") };
        for (kind, mut post) in kinds::all(text, answers) {
            clean(&mut post);
            self.said += 1;
            let nonce = ParcelId(format!("said-{}", self.said));
            let to = Address { channel, identity: Identity::Orchestrator };
            let beginning: String = text.chars().take(80).collect();

            let stands =
                self.sender.post(to, &nonce, post.clone()).await.unwrap_or_else(|error| panic!("{kind} around {beginning:?}: {error}"));

            let id = stands.message.to_string().parse().expect("a snowflake");
            let message = self.discord.look(|world| world.message(in_channel, id).cloned()).expect("it stands");
            assert!(
                message.mentions.is_empty() && message.mention_roles.is_empty() && !message.mention_everyone,
                "{kind} around {beginning:?} rings somebody: {}",
                message.content
            );
            let shown = format!("{} {:?}", message.content, message.embeds);
            assert!(
                !shown.contains(SECRET) && !shown.contains(&SECRET[SECRET.len() - 20..]),
                "{kind} around {beginning:?} tells a secret: {shown}"
            );
            assert_eq!(post.content.matches("```").count() % 2, 0, "{kind} around {beginning:?} leaves a fence open: {}", post.content);
        }
    }

    /// Every post that was sent said itself that nobody is to be rung.
    fn rang_nobody(&self) {
        let log = self.discord.log();
        let posts: Vec<_> = log
            .iter()
            .filter_map(Record::request)
            .filter(|request| request.by_bot && request.method == "POST" && request.path.ends_with("/messages"))
            .collect();
        assert_eq!(posts.len() as u64, self.said);
        for post in posts {
            assert_eq!(post.body["allowed_mentions"], json!({"parse": [], "users": [], "roles": [], "replied_user": false}));
        }
    }
}

/// As the mailer and the commands do it, after the wording.
fn clean(post: &mut Post) {
    let hide = |text: &mut String| *text = redact(text, &[SECRET]);
    hide(&mut post.content);
    post.embeds.iter_mut().for_each(|embed| hide(&mut embed.description));
    post.files.iter_mut().for_each(|file| hide(&mut file.text));
}

/// Texts in which something has gone wrong before, or might.
fn texts() -> Vec<String> {
    let fences = "Look:\n```rust\nfn main() {}\n```\nand ````four````\n```\nnever closed ``";
    let table = "| name | cost |\n|:--|--:|\n| a*b | $1 |\n| `c|d` | ||spoiler|| |\n> quoted\n# heading\n- item\n-# small";
    let right_to_left = "\u{202e}שלום עולם \u{2067}مرحبا بالعالم\u{2069} abc\u{200f}";
    let emoji = "👩‍👩‍👧‍👦🏳️‍🌈🇩🇪👍🏽e\u{301}\u{200b}\u{feff}";
    let pings = "@everyone @here <@1> <@!2> <@&3> <#4> <id:customize> </task:5> <:x:6>";
    let links = "[your bank](https://evil.example) [x](<javascript:alert(1)>) https://discord.gg/abc <https://x.example> [a](https://b) ](";
    let escapes = "\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7} \r\n\r \u{0}\u{8} \\*\\_~~x~~ __y__ \\";
    let mut texts: Vec<String> =
        ["Count the lines", "", " \n\t ", fences, table, right_to_left, emoji, pings, links, escapes, SECRET, "`", "```", "\\"]
            .map(str::to_owned)
            .into();
    texts.push(format!("a token {SECRET} and sk-0123456789abcdef0123456789abcdef0123456789abcdef, Bearer {SECRET}"));
    let long = |part: &str, length: usize| part.repeat(length / part.chars().count() + 1).chars().take(length).collect::<String>();
    texts.extend(["x", "word and word\n", fences, emoji].map(|part| long(part, 2_000)));
    let mixed = [table, right_to_left, emoji, pings, links].concat();
    texts.extend(["x", "word and word\n", fences, &mixed].map(|part| long(part, 30_000)));
    texts
}

#[tokio::test]
async fn discord_takes_everything_that_is_said_whatever_it_is_said_about_and_nobody_is_rung() {
    for text in texts() {
        let mut room = Room::new().await;

        room.says_everything_around(&text).await;

        room.rang_nobody();
    }
}

#[tokio::test]
async fn discord_takes_what_is_said_about_texts_that_nobody_has_thought_of() {
    let mut runner = TestRunner::default();
    let parts = "(\\PC|[`*_~|\\[\\]()<>@#\\\\\n-]|```|@everyone|<@1>|https://e\\.x|\u{202e}|👩‍👧){0,1500}";
    let drawn = string_regex(parts).expect("it is a pattern");

    for _ in 0..DRAWN {
        let text = drawn.new_tree(&mut runner).expect("a text is drawn").current();
        let mut room = Room::new().await;

        room.says_everything_around(&text).await;

        room.rang_nobody();
    }
}
