//! The commonest troubles as buttons.

use crate::{
    page::{escape, push},
    trouble::GoingOn,
};

/// Troubles that go on until they are turned off: their name, whether they are on, what turns them on and off.
fn lasting(going_on: &GoingOn) -> [(&'static str, bool, &'static str, &'static str); 3] {
    [
        (
            "A storm: a tenth of all requests and now and then the gateway fail",
            going_on.storm,
            r#"{"storm": {"seed": 7, "rate": 0.1}}"#,
            r#"{"storm": {"seed": 7, "rate": 0}}"#,
        ),
        (
            "The gateway is silent: events come only with a resume",
            going_on.muted,
            r#"{"gateway": {"mute": true}}"#,
            r#"{"gateway": {"mute": false}}"#,
        ),
        (
            "Heartbeats are not answered",
            going_on.ignores_heartbeats,
            r#"{"gateway": {"acknowledge_heartbeats": false}}"#,
            r#"{"gateway": {"acknowledge_heartbeats": true}}"#,
        ),
    ]
}

/// Troubles that happen once.
const ONCE: [(&str, &str); 10] = [
    (
        "The next post fails with 500",
        r#"{"request": {"method": "POST", "path": "/channels/*/messages", "then": {"answer": {"status": 500}}}}"#,
    ),
    (
        "The next three requests are limited (429, one second)",
        r#"{"request": {"method": "*", "path": "/**", "times": 3, "then": {"answer": {"status": 429, "headers": {"retry-after": "1", "x-ratelimit-scope": "user"}, "body": {"message": "You are being rate limited.", "retry_after": 1.0, "global": false}}}}}"#,
    ),
    (
        "The next post is made, but its answer is lost",
        r#"{"request": {"method": "POST", "path": "/channels/*/messages", "then": "lose_answer"}}"#,
    ),
    ("The next request is hung up on", r#"{"request": {"method": "*", "path": "/**", "then": "hang_up"}}"#),
    ("The next request takes five seconds", r#"{"request": {"method": "*", "path": "/**", "delay_ms": 5000, "then": "pass"}}"#),
    ("The gateway's connections break", r#"{"gateway": "drop"}"#),
    ("The gateway asks all to reconnect", r#"{"gateway": "reconnect"}"#),
    ("All sessions end: bots have to identify anew", r#"{"gateway": {"invalid_session": false}}"#),
    ("All interaction tokens end, as after 15 minutes", r#"{"end_interactions": true}"#),
    ("A week goes by for all threads", r#"{"age_threads_minutes": 10080}"#),
];

/// The buttons, those that go on with their state.
pub(super) fn section(going_on: &GoingOn) -> String {
    let mut out = String::from("<ul class=\"buttons\">");
    for (words, is_on, on, off) in lasting(going_on) {
        push(
            &mut out,
            format_args!(
                "<li><button type=\"button\" class=\"switch\" aria-pressed=\"{is_on}\" data-on=\"{}\" data-off=\"{}\">{words}</button></li>",
                escape(on),
                escape(off)
            ),
        );
    }
    out.push_str("</ul><ul class=\"buttons\">");
    for (words, demand) in ONCE {
        push(&mut out, format_args!("<li><button type=\"button\" data-demand=\"{}\">{words}</button></li>", escape(demand)));
    }
    push(
        &mut out,
        format_args!(
            "</ul><p id=\"waiting\">{}</p><button type=\"button\" class=\"bad\" data-demand=\"{}\">End all trouble</button>",
            match going_on.waiting {
                0 => "No trouble waits for its request.".to_owned(),
                1 => "One trouble waits for its request.".to_owned(),
                waiting => format!("{waiting} troubles wait for their requests."),
            },
            escape(r#"{"clear": true}"#)
        ),
    );
    out
}
