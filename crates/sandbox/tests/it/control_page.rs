//! The control page, as a browser gets it.

use orchestrator_sandbox::{GatewayTrouble, Options, WorldSeed};
use reqwest::StatusCode;
use serde_json::json;

use crate::wire::{Client, Gateway, INTENTS, discord, start};

async fn page(discord: &orchestrator_sandbox::Sandbox, path: &str) -> (StatusCode, reqwest::header::HeaderMap, String) {
    let answer = reqwest::get(format!("{}{path}", discord.base_url())).await.expect("an answer");
    (answer.status(), answer.headers().clone(), answer.text().await.expect("a text"))
}

#[tokio::test]
async fn it_shows_servers_people_and_bots_with_tokens_and_intents_and_loads_nothing_from_elsewhere() {
    let discord = start(Options { seed: WorldSeed { guild: "<b>Bold</b>".into(), ..WorldSeed::default() }, ..Options::default() }).await;
    let (_gateway, _) = Gateway::ready(&discord, INTENTS).await;

    let (status, headers, html) = page(&discord, "/control").await;

    assert_eq!(status, StatusCode::OK);
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self'") && !policy.contains("unsafe"));
    assert!(headers["x-content-type-options"] == "nosniff" && headers["cache-control"] == "no-store");
    assert!(html.contains("&lt;b&gt;Bold&lt;/b&gt;") && !html.contains("<b>Bold"));
    for name in ["admin", "operator", "stranger", "orchestrator"] {
        assert!(html.contains(&format!("data-copy=\"{}\"", discord.user(name).unwrap().token)), "{name}");
    }
    assert!(html.contains("value=\"MESSAGE_CONTENT\" checked") && html.contains("value=\"GUILD_PRESENCES\">"));
    assert!(html.contains(">connected<"));
    for (path, kind) in [("/control/control.css", "text/css"), ("/control/control.js", "text/javascript")] {
        let (status, headers, _) = page(&discord, path).await;
        assert!(status == StatusCode::OK && headers["content-type"].to_str().unwrap().starts_with(kind), "{path}");
    }
    assert_eq!(page(&discord, "/control/else").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn it_shows_the_last_requests_and_which_troubles_go_on() {
    let discord = discord().await;
    Client::bot(&discord).get("/channels/5").await;
    discord.gateway_trouble(GatewayTrouble::Mute(true));

    let (_, _, html) = page(&discord, "/control").await;
    let (_, _, rows) = page(&discord, "/control/requests").await;

    assert!(html.matches("aria-pressed=\"true\"").count() == 1 && html.matches("aria-pressed=\"false\"").count() == 2);
    assert!(rows.contains("<code>GET /channels/5</code>") && rows.contains("Unknown Channel") && rows.contains("<td>404</td>"), "{rows}");
    assert!(html.contains(&rows));
}

#[tokio::test]
async fn every_trouble_on_it_can_be_made_and_its_script_asks_as_the_owner() {
    let discord = discord().await;
    let (_, _, html) = page(&discord, "/control").await;
    let owner = Client::with_authorization(&discord, &discord.person("admin").token());
    let unescaped = |text: &str| text.replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&");
    let demands: Vec<_> = ["data-demand=\"", "data-on=\"", "data-off=\""]
        .iter()
        .flat_map(|key| html.split(key).skip(1).map(|rest| unescaped(rest.split('"').next().unwrap_or_default())).collect::<Vec<_>>())
        .collect();

    assert_eq!(demands.len(), 17);
    for demand in demands {
        let body: serde_json::Value = serde_json::from_str(&demand).unwrap();
        let made = owner.post("/sandbox/trouble", body).await;
        assert_eq!(made.status, 204, "{demand}: {}", made.text);
    }
    assert!(html.contains(&format!("<body data-token=\"{}\"", discord.person("admin").token())));
    assert_eq!(owner.post("/sandbox/people", json!({"name": "by-page"})).await.status, 201);
}
