//! Posting, reading, editing and reacting over REST.

use serde_json::json;

use crate::wire::{Client, discord, messages};

#[tokio::test]
async fn what_a_bot_posts_can_be_read_edited_and_deleted() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));

    let posted =
        bot.post(&path, json!({"content": "first", "embeds": [{"title": "T", "fields": [{"name": "n", "value": "v"}]}]})).await.ok();
    let one = format!("{path}/{}", posted["id"].as_str().unwrap());
    let edited = bot.patch(&one, json!({"content": "second"})).await.ok();

    assert_eq!((&edited["content"], &edited["embeds"][0]["title"]), (&json!("second"), &json!("T")));
    assert!(!edited["edited_timestamp"].is_null());
    bot.delete(&one).await.ok();
    assert_eq!(bot.get(&one).await.refusal(), (404, 10008));
}

#[tokio::test]
async fn a_message_over_2000_characters_is_refused_with_50035() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));

    let refused = bot.post(&path, json!({"content": "ä".repeat(2_001)})).await;

    assert_eq!(refused.refusal(), (400, 50035));
    assert_eq!(refused.body["errors"]["content"]["_errors"][0]["code"], "BASE_TYPE_MAX_LENGTH");
    bot.post(&path, json!({"content": "ä".repeat(2_000)})).await.ok();
}

#[tokio::test]
async fn every_broken_limit_is_told_at_its_place_in_the_form() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));
    let field = json!({"name": "n", "value": "v"});
    let button = json!({"type": 2, "style": 1, "label": "b", "custom_id": "same"});
    let long_embed = json!({"description": "x".repeat(3_001)});
    for (body, place, code) in [
        (json!({"embeds": vec![json!({"title": "t"}); 11]}), "/embeds", "BASE_TYPE_MAX_LENGTH"),
        (json!({"embeds": [{"title": "x".repeat(257)}]}), "/embeds/0/title", "BASE_TYPE_MAX_LENGTH"),
        (json!({"embeds": [{"description": "x".repeat(4_097)}]}), "/embeds/0/description", "BASE_TYPE_MAX_LENGTH"),
        (json!({"embeds": [{"fields": vec![field; 26]}]}), "/embeds/0/fields", "BASE_TYPE_MAX_LENGTH"),
        (json!({"embeds": [{"fields": [{"name": "n", "value": "x".repeat(1_025)}]}]}), "/embeds/0/fields/0/value", "BASE_TYPE_BAD_LENGTH"),
        (json!({"embeds": [{"fields": [{"name": "n"}]}]}), "/embeds/0/fields/0/value", "BASE_TYPE_REQUIRED"),
        (json!({"embeds": [{"footer": {"text": "x".repeat(2_049)}}]}), "/embeds/0/footer/text", "BASE_TYPE_BAD_LENGTH"),
        (json!({"embeds": [{"author": {"name": "x".repeat(257)}}]}), "/embeds/0/author/name", "BASE_TYPE_BAD_LENGTH"),
        (json!({"embeds": [{"title": "t", "url": "not a url"}]}), "/embeds/0/url", "URL_TYPE_INVALID_URL"),
        (json!({"embeds": [{"title": "t", "timestamp": "yesterday"}]}), "/embeds/0/timestamp", "DATE_TIME_TYPE_PARSE"),
        (json!({"embeds": [long_embed, long_embed]}), "/embeds", "MAX_EMBED_SIZE_EXCEEDED"),
        (json!({"content": "x", "nonce": "x".repeat(26)}), "/nonce", "BASE_TYPE_MAX_LENGTH"),
        (
            json!({"content": "x", "components": [{"type": 1, "components": [button, button]}]}),
            "/components/0/components/1/custom_id",
            "COMPONENT_CUSTOM_ID_DUPLICATED",
        ),
        (
            json!({"content": "x", "components": [{"type": 1, "components": vec![button; 6]}]}),
            "/components/0/components",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            json!({"content": "x", "components": [{"type": 1, "components": [{"type": 2, "style": 1, "label": "x", "custom_id": "x".repeat(101)}]}]}),
            "/components/0/components/0/custom_id",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            json!({"content": "x", "components": [{"type": 1, "components": [{"type": 3, "custom_id": "s", "options": []}]}]}),
            "/components/0/components/0/options",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (json!({"content": "x", "components": [{"type": 4}]}), "/components/0/type", "BASE_TYPE_CHOICES"),
        (
            json!({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["5"]}}),
            "/allowed_mentions",
            "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
        ),
        (json!({"content": "x", "message_reference": {"message_id": "5"}}), "/message_reference", "REPLIES_UNKNOWN_MESSAGE"),
        (json!({"content": "x", "flags": 1 << 15}), "/content", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"),
    ] {
        let refused = bot.post(&path, body.clone()).await;
        assert_eq!(refused.refusal(), (400, 50035), "{body}");
        let told = refused.body.pointer(&format!("/errors{place}/_errors/0/code")).cloned();
        assert_eq!(told, Some(json!(code)), "{}", refused.text);
    }
}

#[tokio::test]
async fn a_message_of_nothing_but_blanks_is_refused_as_empty() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));

    for body in [json!({}), json!({"content": " \n "}), json!({"content": null, "embeds": []})] {
        assert_eq!(bot.post(&path, body).await.refusal(), (400, 50006));
    }
}

#[tokio::test]
async fn history_is_read_newest_first_before_after_and_around_a_message() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "task-queue"));
    let ids: Vec<_> = (0..120).map(|number| discord.person("admin").say("#task-queue", &number.to_string()).unwrap().to_string()).collect();
    let read = async |query: &str| -> Vec<String> {
        let list = bot.get(&format!("{path}{query}")).await.ok();
        list.as_array().unwrap().iter().map(|message| message["content"].as_str().unwrap().to_owned()).collect()
    };

    assert_eq!(read("").await.len(), 50);
    assert_eq!(read("?limit=100").await[..2], ["119", "118"]);
    assert_eq!(read(&format!("?limit=2&before={}", ids[50])).await, ["49", "48"]);
    assert_eq!(read(&format!("?limit=2&after={}", ids[50])).await, ["52", "51"]);
    assert_eq!(read(&format!("?limit=3&around={}", ids[50])).await, ["51", "50", "49"]);
    assert_eq!(bot.get(&format!("{path}?limit=101")).await.refusal(), (400, 50035));
    assert_eq!(bot.get(&format!("{path}?limit=0")).await.refusal(), (400, 50035));
}

#[tokio::test]
async fn a_nonce_that_is_enforced_gives_the_earlier_message_back_and_history_shows_no_nonce() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));
    let body = json!({"content": "once", "nonce": "a-nonce", "enforce_nonce": true});

    let first = bot.post(&path, body.clone()).await.ok();
    let second = bot.post(&path, body).await.ok();
    let other = bot.post(&path, json!({"content": "once", "nonce": "another", "enforce_nonce": true})).await.ok();

    assert_eq!(first["id"], second["id"]);
    assert_ne!(first["id"], other["id"]);
    assert_eq!(first["nonce"], "a-nonce");
    let history = bot.get(&path).await.ok();
    assert!(history[0].get("nonce").is_none() && history.as_array().unwrap().len() == 2);
}

#[tokio::test]
async fn files_come_back_byte_for_byte_and_never_run_in_a_browser() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));
    let payload = json!({"content": "see files", "attachments": [{"id": 1, "filename": "page.html", "description": "a page"}]});

    let posted =
        bot.post_files(&path, payload, vec![("../re sult.txt", b"all of it".to_vec()), ("x", b"<script>1</script>".to_vec())]).await.ok();
    let text = bot.fetch(posted["attachments"][0]["url"].as_str().unwrap()).await;
    let page = bot.fetch(posted["attachments"][1]["url"].as_str().unwrap()).await;

    assert_eq!((&posted["attachments"][0]["filename"], &posted["attachments"][0]["size"]), (&json!("re_sult.txt"), &json!(9)));
    assert_eq!(posted["attachments"][1]["description"], "a page");
    assert_eq!(page.headers()["content-disposition"], "attachment");
    assert_eq!(text.bytes().await.unwrap().as_ref(), b"all of it");
}

#[tokio::test]
async fn too_many_and_too_large_files_are_refused() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));
    let megabytes = |count: usize| vec![b'x'; count * 1024 * 1024];

    let eleven = bot.post_files(&path, json!({}), (0..11).map(|_| ("a.txt", b"a".to_vec())).collect()).await;
    let one_of_eleven_megabytes = bot.post_files(&path, json!({}), vec![("a.bin", megabytes(11))]).await;
    let three_of_nine_megabytes = bot.post_files(&path, json!({}), (0..3).map(|_| ("a.bin", megabytes(9))).collect()).await;

    assert_eq!(eleven.refusal(), (400, 30015));
    assert_eq!(one_of_eleven_megabytes.refusal(), (413, 40005));
    assert_eq!(three_of_nine_megabytes.refusal(), (413, 40005));
}

#[tokio::test]
async fn mentions_notify_only_whom_the_author_allows() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));
    let stranger = discord.user("stranger").unwrap().id;
    let text = format!("@everyone <@{stranger}>");

    let loud = discord.person("admin").say("#results", &text).unwrap();
    let silent = bot.post(&path, json!({"content": text, "allowed_mentions": {"parse": []}})).await.ok();
    let some = bot.post(&path, json!({"content": text, "allowed_mentions": {"users": [stranger]}})).await.ok();

    discord.look(|world| {
        let loud = world.messages_in("results").find(|message| message.id == loud).unwrap();
        assert!(loud.mention_everyone && loud.mentions == [stranger]);
    });
    assert_eq!((&silent["mention_everyone"], &silent["mentions"]), (&json!(false), &json!([])));
    assert_eq!((&some["mention_everyone"], &some["mentions"][0]["id"]), (&json!(false), &json!(stranger)));
}

#[tokio::test]
async fn a_reply_shows_what_it_answers_and_may_outlive_it_when_told_so() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "general"));
    let asked = discord.person("stranger").say("#general", "why?").unwrap();

    let reply = bot.post(&path, json!({"content": "because", "message_reference": {"message_id": asked}})).await.ok();
    discord.person("stranger").delete(asked).unwrap();
    let late = bot.post(&path, json!({"content": "x", "message_reference": {"message_id": asked, "fail_if_not_exists": false}})).await.ok();

    assert_eq!((&reply["type"], &reply["referenced_message"]["content"]), (&json!(19), &json!("why?")));
    assert_eq!(late["type"], 0);
}

#[tokio::test]
async fn what_is_malformed_unknown_or_unauthorised_is_answered_in_discords_words() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "general"));
    let nobody = Client::with_authorization(&discord, "Bot not.a.token");

    let unauthorised = nobody.get("/users/@me").await;
    assert_eq!((unauthorised.status, unauthorised.body), (401, json!({"message": "401: Unauthorized", "code": 0})));
    let missing = bot.get("/no/such/thing").await;
    assert_eq!((missing.status, missing.body), (404, json!({"message": "404: Not Found", "code": 0})));
    assert_eq!(bot.put(&path, json!({})).await.status, 405);
    assert_eq!(bot.get("/channels/5/messages").await.refusal(), (404, 10003));
    assert_eq!(bot.get("/channels/abc/messages").await.refusal(), (400, 50035));
    assert_eq!(bot.get("/guilds/5").await.refusal(), (404, 10004));
    assert_eq!(bot.get("/users/5").await.refusal(), (404, 10013));
    assert_eq!(bot.post(&path, json!([1])).await.refusal(), (400, 50035));
    let person_as_bot = Client::with_authorization(&discord, &format!("Bot {}", discord.person("admin").token()));
    assert_eq!(person_as_bot.get("/users/@me").await.status, 401);
}

#[tokio::test]
async fn a_message_made_of_layout_components_is_taken_and_its_limits_hold() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "general"));
    let text = |length: usize| json!({"type": 10, "content": "x".repeat(length)});

    let posted =
        bot.post(&path, json!({"flags": 1 << 15, "components": [{"type": 17, "components": [text(10), {"type": 14}]}]})).await.ok();
    let too_long = bot.post(&path, json!({"flags": 1 << 15, "components": [text(2_500), text(2_500)]})).await;
    let too_many = bot.post(&path, json!({"flags": 1 << 15, "components": [{"type": 17, "components": vec![text(1); 40]}]})).await;

    assert_eq!(posted["components"][0]["components"][0]["id"], 2);
    assert_eq!(too_long.refusal(), (400, 50035));
    assert_eq!(too_many.refusal(), (400, 50035));
}
