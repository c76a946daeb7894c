//! The chat page as a browser gets it: whole, escaped, live, and closed to other sites.

use futures_util::StreamExt;
use orchestrator_sandbox::{Guide, GuideStep, Limits, Options, Sandbox, Snowflake, Until};
use serde_json::{Value, json};

use crate::wire::{Client, Gateway, INTENTS, SOON, discord, messages, text_of};

async fn fetch(discord: &Sandbox, path: &str) -> reqwest::Response {
    reqwest::Client::builder().build().expect("a client").get(format!("{}{path}", discord.base_url())).send().await.expect("an answer")
}

async fn page(discord: &Sandbox, person: &str, channel: &str) -> String {
    let id = discord.channel(channel).expect("the channel");
    fetch(discord, &format!("/?as={person}&channel={id}")).await.text().await.expect("text")
}

/// An open page's events, one after the other.
struct Events {
    stream: futures_util::stream::BoxStream<'static, reqwest::Result<Vec<u8>>>,
    read: String,
}

impl Events {
    async fn of(discord: &Sandbox, person: &str) -> Self {
        let response = fetch(discord, &format!("/page/events?as={person}")).await;
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { stream: response.bytes_stream().map(|chunk| chunk.map(|chunk| chunk.to_vec())).boxed(), read: String::new() }
    }

    /// The data of the next event of this name.
    async fn next(&mut self, name: &str) -> serde_json::Value {
        loop {
            while let Some(end) = self.read.find("\n\n") {
                let rest = self.read.split_off(end + 2);
                let event = std::mem::replace(&mut self.read, rest);
                if let Some(data) = event.strip_prefix(&format!("event: {name}\ndata: ")) {
                    return serde_json::from_str(data).expect("JSON");
                }
            }
            let chunk = tokio::time::timeout(SOON, self.stream.next()).await.expect("an event in time");
            self.read.push_str(&String::from_utf8_lossy(&chunk.expect("the stream to last").expect("bytes")));
        }
    }
}

/// The path of a file of the page whose name stands before the next quotation mark.
fn name(rest: &str) -> String {
    format!("/page/{}", rest.split('"').next().expect("a name"))
}

#[tokio::test]
async fn the_page_and_its_files_load_nothing_from_elsewhere_and_run_nothing_inline() {
    let discord = discord().await;

    let whole = ["/".to_owned(), "/page/icon.svg".to_owned()];
    let looks = fetch(&discord, "/").await.text().await.unwrap().split("href=\"/page/").skip(1).map(name).collect::<Vec<_>>();
    let scripts = fetch(&discord, "/page/app.js").await.text().await.unwrap().split("from \"./").skip(1).map(name).collect::<Vec<_>>();
    assert!(looks.len() >= 3 && scripts.len() > 10, "{looks:?} {scripts:?}");

    for path in whole.into_iter().chain(looks).chain(scripts) {
        let path = path.as_str();
        let response = fetch(&discord, path).await;
        assert_eq!(response.status(), 200, "{path}");
        let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{path}");
        let text = response.text().await.unwrap();
        for outside in ["src=\"http", "href=\"http", "url(http", "@import", " style=\"", " onclick=\""] {
            assert!(!text.contains(outside), "{path} has {outside}");
        }
    }
    assert_eq!(fetch(&discord, "/nothing/here").await.status(), 404);
}

#[tokio::test]
async fn what_people_write_is_text_and_never_markup() {
    let discord = discord().await;
    let attack = "<script>alert(1)</script> \"><img src=x onerror=alert(1)>";
    discord.person("stranger").attach("#general", attack, &[("evil.txt", b"</pre><script>alert(2)</script>")]).unwrap();
    let body = json!({"embeds": [{"title": attack, "description": attack, "fields": [{"name": attack, "value": attack}], "footer": {"text": attack}, "author": {"name": attack}}]});
    Client::bot(&discord).post(&messages(&discord, "general"), body).await.ok();

    let html = page(&discord, "admin", "general").await;

    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && html.contains("&lt;script&gt;alert(2)"));
    assert!(!html.contains("<script>") && !html.contains("<img src=x"));
}

#[tokio::test]
async fn messages_reactions_edits_and_deletions_arrive_while_one_looks() {
    let discord = discord().await;
    let mut events = Events::of(&discord, "admin").await;

    let id = discord.person("stranger").say("#general", "hello <@1> **there**").unwrap();
    assert!(text_of(&events.next("message").await, "html").contains("<strong>there</strong>"));
    discord.person("stranger").react(id, "✅").unwrap();
    assert!(text_of(&events.next("message").await, "html").contains("data-emoji=\"✅\""));
    discord.person("stranger").edit(id, "goodbye").unwrap();
    assert!(text_of(&events.next("message").await, "html").contains("(edited)"));
    discord.person("stranger").delete(id).unwrap();
    assert_eq!(events.next("gone").await["ids"], json!([id]));
}

#[tokio::test]
async fn an_ephemeral_answer_is_on_the_invokers_page_and_on_no_other() {
    let discord = discord().await;
    let (mut gateway, _) = Gateway::ready(&discord, INTENTS).await;
    let bot = Client::bot(&discord);
    bot.put(
        &format!("/applications/{}/commands", discord.user("orchestrator").unwrap().id),
        json!([{"name": "status", "description": "d"}]),
    )
    .await
    .ok();
    let (mut own, mut other) = (Events::of(&discord, "stranger").await, Events::of(&discord, "admin").await);

    discord.person("stranger").command("#general", "status", &json!([])).unwrap();
    let event = gateway.event("INTERACTION_CREATE").await;
    let callback = format!("/interactions/{}/{}/callback", text_of(&event, "id"), text_of(&event, "token"));
    bot.post(&callback, json!({"type": 4, "data": {"content": "all quiet", "flags": 64}})).await.ok();
    discord.person("admin").say("#general", "anything new?").unwrap();

    assert!(text_of(&own.next("message").await, "html").contains("Only you can see this"));
    assert_eq!(own.next("answer").await["kind"], "message");
    assert!(text_of(&other.next("message").await, "html").contains("anything new?"));
    assert!(page(&discord, "stranger", "general").await.contains("all quiet"));
    assert!(!page(&discord, "admin", "general").await.contains("all quiet"));
}

#[tokio::test]
async fn members_are_listed_by_role_and_a_bots_coming_and_going_is_told() {
    let discord = discord().await;
    let mut events = Events::of(&discord, "stranger").await;
    let members = async || fetch(&discord, "/page/members?as=stranger").await.text().await.unwrap();
    assert!(members().await.contains("offline"));

    let (gateway, _) = Gateway::ready(&discord, INTENTS).await;
    events.next("presence").await;
    let shown = members().await;
    drop(gateway);
    events.next("presence").await;

    assert!(shown.contains("online") && !shown.contains("offline"), "{shown}");
    let places: Vec<_> = ["admin <", "operator <", "Members <", "Apps <"].map(|group| shown.find(group).expect(group)).to_vec();
    assert!(places.is_sorted(), "{shown}");
    assert!(members().await.contains("offline"));
}

#[tokio::test]
async fn the_guide_goes_on_when_the_world_does_and_counts_nothing_that_was_before_it() {
    let channel = || "general".to_owned();
    let step = |text: &str, until: Until| GuideStep { text: text.to_owned(), channel: Some(channel()), write: None, until };
    let marked = |and: &[&str]| {
        let and = and.iter().map(|emoji| (*emoji).to_owned()).collect();
        Until::Marked { channel: channel(), emoji: "✅".to_owned(), and }
    };
    let steps = vec![
        step("write **something**", marked(&[])),
        step("wait", marked(&["🏁", "❌"])),
        step("read", Until::Read { channel: "results".to_owned() }),
        step("ask", Until::Used),
    ];
    let guide = Guide { title: "First".to_owned(), steps, end: "done".to_owned() };
    let discord = Sandbox::start(Options { guide: Some(guide), limits: Limits::Off, ..Options::default() }).await.unwrap();
    let bot = Client::bot(&discord);
    let mark = async |id: Snowflake, emoji: &str| {
        bot.put(&format!("{}/{id}/reactions/{emoji}/@me", messages(&discord, "general")), json!(null)).await.ok();
    };
    let before = discord.person("stranger").say("#general", "before the guide").unwrap();
    mark(before, "✅").await;
    let ask = async |channel: &str, reached: String| -> Value {
        let id = discord.channel(channel).unwrap();
        fetch(&discord, &format!("/page/guide?as=stranger&channel={id}{reached}")).await.json().await.unwrap()
    };
    let first = ask("results", String::new()).await;
    assert_eq!((&first["step"], &first["here"], &first["began"]), (&json!(0), &json!(false), &json!(before)));
    assert_eq!(first["html"], "<p>write <strong>something</strong></p>");
    let at = async |channel: &str, step: u64| ask(channel, format!("&step={step}&began={before}&since={before}")).await;

    mark(before, "🏁").await;
    let refused = discord.person("stranger").say("#general", "nonsense").unwrap();
    mark(refused, "❌").await;
    assert_eq!(at("general", 0).await["step"], 0, "neither what was before it nor what was refused counts");
    let id = discord.person("stranger").say("#general", "something").unwrap();
    mark(id, "✅").await;
    assert_eq!(at("general", 0).await["step"], 1);
    discord.person("admin").react(id, "🏁").unwrap();
    assert_eq!(at("general", 0).await["step"], 1, "only a bot's mark counts");
    mark(id, "🏁").await;
    assert_eq!(at("general", 0).await["step"], 2);
    let answer = bot
        .post(&messages(&discord, "results"), json!({"embeds": [{"title": "An answer", "footer": {"text": id.to_string()}}]}))
        .await
        .ok();
    assert_eq!(at("general", 1).await["step"], 2, "it was not looked at");
    let read = at("results", 1).await;
    assert_eq!((&read["step"], &read["since"]), (&json!(3), &answer["id"]), "what is used counts from here on");
    assert_eq!(at("general", 3).await["step"], 3, "what was reached stays reached");
    assert_eq!(at("general", 4).await["html"], "<p>done</p>");
}

#[tokio::test]
async fn a_thread_begins_with_its_message_a_webhook_has_its_own_name_and_another_server_its_own_channels() {
    let discord = discord().await;
    let (admin, general) = (Client::person(&discord, "admin"), discord.channel("general").unwrap());
    let id = discord.person("admin").say("#general", "tea or coffee?").unwrap();
    admin.post(&format!("{}/{id}/threads", messages(&discord, "general")), json!({"name": "drinks"})).await.ok();
    let hook = admin.post(&format!("/channels/{general}/webhooks"), json!({"name": "weather"})).await.ok();
    let path = format!("/webhooks/{}/{}", text_of(&hook, "id"), text_of(&hook, "token"));
    admin.post(&path, json!({"content": "sunny"})).await;
    let guild = admin.post("/sandbox/guilds", json!({"name": "Second House"})).await.ok();
    let guild = text_of(&guild, "id");

    let thread = fetch(&discord, &format!("/?as=admin&channel={id}")).await.text().await.unwrap();
    let here = page(&discord, "admin", "general").await;
    let there = fetch(&discord, &format!("/?as=admin&guild={guild}")).await.text().await.unwrap();

    assert!(thread.contains("class=\"started\"") && thread.contains("tea or coffee?"), "{thread}");
    assert!(here.contains("data-name=\"weather\"") && here.contains("data-initials=\"SH\""), "{here}");
    assert!(there.contains("<h2>Second House</h2>") && !there.contains("tea or coffee?"), "{there}");
    assert!(!page(&discord, "stranger", "general").await.contains("Second House"), "he is not in it");
}

#[tokio::test]
async fn the_menu_holds_the_commands_that_this_person_may_use() {
    let discord = discord().await;
    let commands = json!([{"name": "task", "description": "d"}, {"name": "stop", "description": "d", "default_member_permissions": "0"}]);
    Client::bot(&discord).put(&format!("/applications/{}/commands", discord.user("orchestrator").unwrap().id), commands).await.ok();

    for (person, count) in [("stranger", 1), ("admin", 2)] {
        let menu: serde_json::Value = fetch(&discord, &format!("/page/menu?as={person}")).await.json().await.unwrap();
        assert_eq!(menu["commands"].as_array().unwrap().len(), count, "{person}");
    }
}

#[tokio::test]
async fn another_name_for_this_machine_gets_no_page_as_it_could_be_somebody_elses() {
    let discord = discord().await;

    let refused =
        reqwest::Client::builder().build().unwrap().get(discord.base_url()).header("host", "rebound.example:80").send().await.unwrap();

    assert_eq!(refused.status(), 421);
    assert!(!refused.text().await.unwrap().contains(&discord.person("admin").token()));
}

#[tokio::test]
async fn a_channel_that_one_does_not_see_is_neither_listed_nor_shown() {
    let discord = discord().await;
    discord.person("admin").say("#worker-pool", "internal matter").unwrap();
    let id = discord.user("stranger").unwrap().id;
    let target = orchestrator_sandbox::world::guild::OverwriteTarget::Member;
    discord.overwrite("worker-pool", orchestrator_sandbox::world::guild::Overwrite { id, target, allow: 0, deny: 1 << 10 });

    let html = page(&discord, "stranger", "worker-pool").await;

    assert!(!html.contains("worker-pool") && !html.contains("internal matter"));
    assert!(page(&discord, "admin", "worker-pool").await.contains("internal matter"));
}

#[tokio::test]
async fn layouts_are_shown_with_their_pictures_and_files_and_nothing_from_elsewhere_is_loaded() {
    let discord = discord().await;
    let body = json!({"flags": 1 << 15, "components": [
        {"type": 17, "accent_color": 0x12_34_56, "components": [
            {"type": 10, "content": "## Inside"},
            {"type": 9, "components": [{"type": 10, "content": "beside a picture"}], "accessory": {"type": 11, "media": {"url": "attachment://small.png"}, "description": "a dot"}},
            {"type": 12, "items": [{"media": {"url": "attachment://small.png"}}, {"media": {"url": "https://elsewhere.example/x.png"}}]},
            {"type": 14, "divider": false},
            {"type": 13, "file": {"url": "attachment://notes.txt"}},
            {"type": 1, "components": [{"type": 2, "style": 5, "label": "Docs", "url": "https://example.org"}]}]}]});
    let files = vec![("small.png", b"\x89PNG\r\n\x1a\n".to_vec()), ("notes.txt", b"what it says".to_vec())];
    Client::bot(&discord).post_files(&messages(&discord, "general"), body, files).await.ok();

    let html = page(&discord, "stranger", "general").await;

    assert!(html.contains("fill=\"#123456\"") && html.contains("<h4>Inside</h4>"), "{html}");
    assert_eq!(html.matches("<img src=\"/attachments/").count(), 2, "{html}");
    assert!(html.contains("alt=\"a dot\"") && html.contains("what it says") && html.contains("class=\"gap\""), "{html}");
    assert!(!html.contains("<img src=\"https://") && html.contains("href=\"https://elsewhere.example/x.png\""), "{html}");
}

#[tokio::test]
async fn a_copied_link_opens_at_its_message_as_who_was_there_last() {
    let discord = discord().await;
    let first = discord.person("admin").say("#results", "the very first").unwrap();
    for number in 0..90 {
        discord.person("admin").say("#results", &format!("line {number}")).unwrap();
    }
    let link = format!(
        "{}/channels/{}/{}/{first}",
        discord.base_url(),
        discord.look(|world| world.guild().id),
        discord.channel("results").unwrap()
    );

    let client = reqwest::Client::builder().build().unwrap();
    let html = client.get(link).header("cookie", "theme=light; as=stranger").send().await.unwrap().text().await.unwrap();

    assert!(html.contains("the very first") && html.contains("data-act=\"newer\""), "{html}");
    assert!(html.contains("data-user=\"stranger\"") && html.contains("<html lang=\"en\" data-theme=\"light\">"), "{html}");
}
