//! The HTTP interface on its socket, as another program sees it.

use std::{
    io::{Read as _, Write as _},
    os::unix::{fs::PermissionsExt as _, net::UnixStream},
    time::Duration,
};

use serde_json::{Value, json};

use crate::world::World;

/// One request by hand: the status and the body.
fn ask(world: &World, method: &str, path: &str, body: &str) -> (u16, Value) {
    let mut stream = UnixStream::connect(world.dir().join(".runtime/orchestrator.sock")).expect("the socket is there");
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_may_use_the_socket_and_it_goes_with_the_service() {
    let mut world = World::new().await;
    let path = world.dir().join(".runtime/orchestrator.sock");

    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(ask(&world, "GET", "/v1/health", "").1["status"], json!("ok"));

    assert_eq!(world.stop_bot(), 0);
    assert!(!path.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_service_leaves_no_socket_that_is_in_the_way() {
    let mut world = World::new().await;
    world.kill_bot();

    world.start_bot();
    world.wait_until_online().await;

    assert_eq!(ask(&world, "GET", "/v1/health", "").0, 200);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_task_id_asks_once() {
    let world = World::new().await;
    let body = json!({"text": "echo 42 > RESULT.txt", "task_id": "mine-1"}).to_string();

    let (status, taken) = ask(&world, "POST", "/v1/tasks", &body);
    assert_eq!((status, &taken["id"], &taken["new"]), (201, &json!("mine-1"), &json!(true)));
    let (status, taken) = ask(&world, "POST", "/v1/tasks", &body);
    assert_eq!((status, &taken["new"]), (200, &json!(false)));
    let (status, refused) = ask(&world, "POST", "/v1/tasks", &json!({"text": "something else", "task_id": "mine-1"}).to_string());
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("id_taken")));

    world.message("results", |message| message.content.contains("`mine-1`")).await;
    world.message("task-queue", |message| message.content.contains("mine-1")).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named_by_its_field() {
    let world = World::new().await;

    for (body, field, code) in [
        (json!({}), "text", 400),
        (json!({"text": 7}), "text", 400),
        (json!({"text": "x", "colour": "red"}), "colour", 400),
        (json!({"text": "x", "task_id": "../x"}), "task_id", 400),
        (json!({"text": " "}), "text", 400),
        (json!({"text": "somebody else's words [check:!true]"}), "text", 400),
        (json!({"text": "x", "model": "chaep"}), "model", 400),
        (json!({"text": "x", "thinking": "deep"}), "thinking", 400),
        (json!({"text": "x", "timeout": "soon"}), "timeout", 400),
        (json!({"text": "x", "priority": "2000"}), "priority", 400),
        (json!({"text": "x", "budget": "lots"}), "budget", 400),
        (json!({"text": "x", "checks": ["nope"]}), "checks", 400),
        (json!({"text": "x".repeat(150_000)}), "text", 413),
    ] {
        let (status, answer) = ask(&world, "POST", "/v1/tasks", &body.to_string());
        let shown = answer.to_string();
        assert_eq!(status, code, "{shown}");
        assert!(answer["error"]["message"].is_string() && answer["error"]["code"].is_string(), "{shown}");
        let named = answer["fields"].as_array().is_some_and(|fields| {
            fields.iter().any(|one| one["field"] == json!(field) || one["issue"].as_str().is_some_and(|issue| issue.contains(field)))
        });
        assert!(named, "`{field}` is not named: {shown}");
    }
    for body in ["{", "[]", "\u{0}", "null"] {
        assert_eq!(ask(&world, "POST", "/v1/tasks", body).0, 400, "{body:?}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_answered_in_json() {
    let world = World::new().await;

    for (method, path, status) in [
        ("GET", "/", 404),
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1/tasks/123", 404),
        ("GET", "/v1/tasks/..%2f..%2fetc", 404),
        ("GET", "/v1/tasks/123/log", 404),
        ("GET", "/v1/tasks/123/events", 404),
        ("POST", "/v1/tasks/123/cancel", 404),
        ("DELETE", "/v1/tasks", 405),
        ("GET", "/v1/tasks?limit=0", 400),
        ("GET", "/v1/tasks?limit=x", 400),
        ("GET", "/v1/tasks?state=odd", 400),
        ("GET", "/v1/tasks?before=999", 400),
        ("GET", "/v1/tasks?colour=red", 400),
    ] {
        let (found, answer) = ask(&world, method, path, "");
        assert_eq!(found, status, "{method} {path}: {answer}");
        assert!(answer["error"]["message"].is_string(), "{method} {path}: {answer}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_comes_in_pages() {
    let world = World::new().await;
    for number in 0..5 {
        let body = json!({"text": "echo 42 > RESULT.txt", "task_id": format!("t{number}")}).to_string();
        assert_eq!(ask(&world, "POST", "/v1/tasks", &body).0, 201);
    }

    let (mut seen, mut before) = (Vec::new(), String::new());
    loop {
        let (_, page) = ask(&world, "GET", &format!("/v1/tasks?limit=2{before}"), "");
        seen.extend(page["tasks"].as_array().unwrap().iter().map(|task| task["id"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => before = format!("&before={next}"),
            None => break,
        }
    }

    assert_eq!(seen, ["t4", "t3", "t2", "t1", "t0"]);
    for number in 0..5 {
        world.message("results", |message| format!("{}{:?}", message.content, message.embeds).contains(&format!("`t{number}`"))).await;
    }
    world.finish().await;
}
