//! What was asked last.

use crate::{
    hub::Hub,
    page::{escape, push},
    request_log::{Cause, GatewayRecord, Record, Request},
};

/// How many lines are shown.
const SHOWN: usize = 60;

/// The newest records of the log as rows of a table, newest first.
pub(super) fn rows(hub: &Hub) -> String {
    let mut out = String::new();
    // Copied, so that the log is not held while the world is asked for names.
    let newest: Vec<_> = hub.log.lock().iter().rev().take(SHOWN).cloned().collect();
    for record in newest {
        match &record {
            Record::Request(request) => of_request(request, &mut out),
            Record::Gateway(record) => of_gateway(hub, record, &mut out),
        }
    }
    if out.is_empty() {
        out.push_str("<tr><td colspan=\"5\">Nothing was asked yet.</td></tr>");
    }
    out
}

fn of_request(request: &Request, out: &mut String) {
    let status = request.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let class = if request.status.is_some_and(|status| status < 400) { "well" } else { "ill" };
    let mut words = match request.cause {
        Cause::Handled => request.answer["message"].as_str().filter(|_| class == "ill").unwrap_or_default().to_owned(),
        Cause::Limited => "a limit".to_owned(),
        Cause::NotBuilt => "not built here".to_owned(),
        Cause::Trouble | Cause::AnswerLost | Cause::Altered => String::new(),
    };
    if let Some(trouble) = &request.trouble {
        words.push_str(trouble);
    }
    push(
        out,
        format_args!(
            "<tr class=\"{class}\"><td>{}</td><td>{}</td><td><code>{} {}</code></td><td>{status}</td><td>{}</td></tr>",
            request.at.format("%H:%M:%S%.3f"),
            escape(request.username.as_deref().unwrap_or("nobody")),
            escape(&request.method),
            escape(&request.path),
            escape(&words),
        ),
    );
}

fn of_gateway(hub: &Hub, record: &GatewayRecord, out: &mut String) {
    let who = record.user.and_then(|id| hub.read(|world| world.user(id).map(|user| user.username.clone())));
    push(
        out,
        format_args!(
            "<tr><td>{}</td><td>{}</td><td>gateway {}</td><td></td><td>{}</td></tr>",
            record.at.format("%H:%M:%S%.3f"),
            escape(who.as_deref().unwrap_or("")),
            record.connection,
            escape(&format!("{:?}", record.what)),
        ),
    );
}
