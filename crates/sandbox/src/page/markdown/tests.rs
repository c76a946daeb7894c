//! What people write and what the page makes of it.

use super::*;
use crate::{clock, world::WorldSeed};

fn rendered(text: &str) -> String {
    render(text, &World::found(&WorldSeed::default(), clock::now()))
}

#[test]
fn marks_become_elements() {
    for (text, html) in [
        ("**bold** and *slanted*", "<p><strong>bold</strong> and <em>slanted</em></p>"),
        ("__under__ ~~gone~~ _slanted_", "<p><u>under</u> <s>gone</s> <em>slanted</em></p>"),
        ("***both***", "<p><strong><em>both</em></strong></p>"),
        ("snake_case_name and 2 * 3 * 4", "<p>snake_case_name and 2 * 3 * 4</p>"),
        ("`**code**`", "<p><code>**code**</code></p>"),
        ("one\ntwo", "<p>one<br>two</p>"),
        ("# Title\ntext", "<h3>Title</h3><p>text</p>"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
        ("> a\n> b\nc", "<blockquote>a<br>b</blockquote><p>c</p>"),
        ("\\*plain\\*", "<p>*plain*</p>"),
        (
            "a ```rust\nlet x = \"<b>\";\n``` b",
            "<p>a </p><pre data-language=\"rust\"><code>let x = &quot;&lt;b&gt;&quot;;</code></pre><p> b</p>",
        ),
        ("**unclosed", "<p>**unclosed</p>"),
    ] {
        assert_eq!(rendered(text), html, "{text}");
    }
}

#[test]
fn links_lead_to_the_web_only() {
    let link = "<a href=\"https://a.example/x\" target=\"_blank\" rel=\"noopener noreferrer\">";
    assert_eq!(rendered("see https://a.example/x."), format!("<p>see {link}https://a.example/x</a>.</p>"));
    assert_eq!(rendered("[`42`](https://a.example/x)"), format!("<p>{link}<code>42</code></a></p>"));
    assert_eq!(rendered("[`4` 2](https://a.example/x)"), format!("<p>{link}`4` 2</a></p>"));
    assert_eq!(rendered("[**here**](https://a.example/x)"), format!("<p>{link}**here**</a></p>"));
    assert!(!rendered("[x](javascript:alert(1))").contains("<a"));
    assert!(!rendered("[x](data:text/html,<script>)").contains("<a"));
}

#[test]
fn a_link_to_a_message_of_discord_leads_to_that_message_here() {
    let world = World::found(&WorldSeed::default(), clock::now());
    let channel = world.channel_named("general").unwrap().id;
    let url = format!("https://discord.com/channels/1/{channel}/42");

    let link = format!("<a href=\"/?channel={channel}&amp;message=42\" data-in=\"{channel}\" data-message=\"42\">");
    assert_eq!(render(&format!("[it]({url}) {url}"), &world), format!("<p>{link}it</a> {link}#general › 💬</a></p>"));
    assert!(!render("https://discord.com/channels/x/y", &world).contains("data-"));
}

#[test]
fn nothing_that_was_written_becomes_markup() {
    for text in [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "`<b>`",
        "**<b>**",
        "https://a.example/\"onmouseover=\"x",
        "[<b>](https://a.example)",
        "```\n</pre><script>\n```",
        "<@\"><script>>",
    ] {
        let html = rendered(text);
        for tag in ["<script", "<img", "<b>"] {
            assert!(!html.contains(tag), "{text} became {html}");
        }
        assert!(!html.contains("\"onmouseover"), "{text} became {html}");
    }
}

#[test]
fn mentions_and_times_are_shown_by_name() {
    let world = World::found(&WorldSeed::default(), clock::now());
    let (user, channel) = (world.user_named("stranger").unwrap().id, world.channel_named("results").unwrap().id);

    let html = render(&format!("<@{user}> <#{channel}> <@&1> @here <t:0:R>"), &world);

    assert!(html.contains("@stranger</span>") && html.contains(">#results</a>") && html.contains("@deleted-role"));
    assert!(
        html.contains("<span class=\"mention\">@here</span>")
            && html.contains("<time datetime=\"1970-01-01T00:00:00+00:00\" data-style=\"R\">")
    );
}

#[test]
fn odd_input_of_any_kind_is_rendered_without_panic() {
    for text in [
        "`",
        "``",
        "```",
        "``````",
        "*",
        "**",
        "****",
        "_",
        "__",
        "|| ||",
        "\\",
        "<",
        "<@",
        "<t:",
        "<t:9999999999999999:R>",
        "[",
        "[](",
        "[]()",
        "> ",
        ">>> ",
        "ä`ö*ü_",
        "**`**",
        "* * *",
        "_é_é",
        "http://",
        "h",
    ] {
        rendered(text);
    }
}

#[test]
fn an_excerpt_is_text_without_marks() {
    let world = World::found(&WorldSeed::default(), clock::now());

    assert_eq!(excerpt("**[SUCCESS]** `12` <b>\nnext https://a.example", 100, &world), "[SUCCESS] 12 &lt;b&gt; next https://a.example");
}

#[test]
fn an_excerpt_tells_nothing_that_a_spoiler_hides_and_is_cut_after_whole_characters() {
    let world = World::found(&WorldSeed::default(), clock::now());
    let user = world.users().next().expect("somebody").id;

    assert_eq!(excerpt(&format!("it is ||the **butler** <@{user}> & co|| again"), 100, &world), "it is Spoiler again");
    assert_eq!(excerpt(&format!("||{}|| b", "a ".repeat(200)), 9, &world), "Spoiler b");
    assert_eq!(excerpt("<<<<", 3, &world), "&lt;&lt;&lt;");
    assert_eq!(excerpt("äöü", 2, &world), "äö");
    let timed = excerpt("since <t:0:R> on", 8, &world);
    assert_eq!(timed, "since <time datetime=\"1970-01-01T00:00:00+00:00\" data-style=\"R\">01</time>");
}
