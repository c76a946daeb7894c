//! One request from end to end: route, sender, trouble, limits, effect, log.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

use super::{
    address::{Params, parse_query, percent_decoded},
    answer::{Reply, ReplyBody},
    ask::{Ask, Body, Call},
    route::{self, Door, Found, Route},
};
use crate::{
    clock,
    hub::Hub,
    limits::Verdict,
    refusal::Refusal,
    request_log::{Cause, Record, Request},
    trouble::{Alteration, Asked, Boundary, Effect, Planned},
    world::{World, people::User, snowflake::Snowflake},
};

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    Reply(Reply),
    /// The answer does not come as it should.
    Spoilt(Reply, Spoiling),
    /// The connection is closed without an answer.
    HangUp,
    /// The connection is reset without an answer.
    Reset,
}

/// How the body of an answer comes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Spoiling {
    /// So many bytes of it, then the connection is closed.
    Cut(usize),
    /// Byte by byte.
    Slow(Duration),
}

/// Who asks.
struct Sender {
    user: Snowflake,
    username: String,
    bot: bool,
}

/// Takes a request through all stages.
///
/// # Cancel safety
///
/// A request that is dropped while trouble delays it has had no effect.
pub(crate) async fn handle(hub: &Hub, mut ask: Ask) -> Outcome {
    let sender = hub.read(|world| sender(world, ask.authorization.as_deref()));
    let found = route::find(&ask.method, &ask.path);
    let planned = plan_trouble(hub, &ask, sender.as_ref(), &found);
    if let Some(planned) = &planned
        && !planned.delay.is_zero()
    {
        tokio::time::sleep(planned.delay).await;
    }
    let body = std::mem::take(&mut ask.body);
    let mut logged = Logged::new(&ask, &body, sender.as_ref(), &found);
    logged.0.trouble = planned.as_ref().map(ToString::to_string);
    let (effect, calls) = planned.map_or((Effect::Pass, None), |planned| (planned.effect, planned.calls));
    let reach = || calls.iter().for_each(Boundary::reached);
    if !effect.hides_its_success() {
        reach();
    }
    match effect {
        Effect::Answer { status, body, headers } => {
            let reply = scripted(status, body, headers);
            hub.limiter().note_answer(status, clock::now());
            logged.write(hub, Some(&reply), Cause::Trouble);
            Outcome::Reply(reply)
        }
        Effect::HangUp => {
            logged.write(hub, None, Cause::Trouble);
            Outcome::HangUp
        }
        Effect::Reset => {
            logged.write(hub, None, Cause::Trouble);
            Outcome::Reset
        }
        Effect::LoseAnswer => {
            let (reply, _) = carry_out(hub, &ask, body, sender.as_ref(), found);
            reach();
            logged.write(hub, Some(&reply), Cause::AnswerLost);
            Outcome::HangUp
        }
        Effect::Truncate(bytes) => {
            let (reply, _) = carry_out(hub, &ask, body, sender.as_ref(), found);
            reach();
            logged.write(hub, Some(&reply), Cause::AnswerLost);
            // An answer without a body is whole with its head: there is nothing to cut but all of it.
            if matches!(reply.body, ReplyBody::Empty) { Outcome::HangUp } else { Outcome::Spoilt(reply, Spoiling::Cut(bytes)) }
        }
        Effect::Trickle(each_ms) => {
            let (reply, cause) = carry_out(hub, &ask, body, sender.as_ref(), found);
            logged.write(hub, Some(&reply), cause);
            Outcome::Spoilt(reply, Spoiling::Slow(Duration::from_millis(each_ms)))
        }
        Effect::Alter(alteration) => {
            let (reply, _) = carry_out(hub, &ask, body, sender.as_ref(), found);
            reach();
            let shown = altered(&reply, &alteration);
            hub.limiter().note_answer(shown.status, clock::now());
            logged.0.answer = reply.json_body();
            logged.write(hub, Some(&shown), Cause::Altered);
            Outcome::Reply(shown)
        }
        Effect::Silence { carried_out } => {
            if carried_out {
                let (reply, _) = carry_out(hub, &ask, body, sender.as_ref(), found);
                reach();
                logged.write(hub, Some(&reply), Cause::AnswerLost);
            } else {
                logged.write(hub, None, Cause::Trouble);
            }
            // Until the client has had enough.
            std::future::pending().await
        }
        Effect::Pass => {
            let (reply, cause) = carry_out(hub, &ask, body, sender.as_ref(), found);
            logged.write(hub, Some(&reply), cause);
            Outcome::Reply(reply)
        }
    }
}

/// Lets a connection to the gateway meet trouble before it is made (method `CONNECT`, path `/gateway`).
///
/// `None`: it meets none. `Some(None)`: the connection is dropped.
pub(crate) async fn meet_at_gateway(hub: &Hub) -> Option<Option<Reply>> {
    let planned = hub.trouble().meet(&Asked {
        method: "CONNECT",
        path: "/gateway",
        named_path: "/gateway",
        route: "/gateway",
        body: "",
        username: None,
    })?;
    hub.record_trouble(format!("CONNECT: {planned}"));
    tokio::time::sleep(planned.delay).await;
    match planned.effect {
        Effect::Pass | Effect::Trickle(_) => None,
        Effect::Answer { status, body, headers } => Some(Some(scripted(status, body, headers))),
        Effect::Silence { .. } => std::future::pending().await,
        Effect::HangUp | Effect::Reset | Effect::LoseAnswer | Effect::Truncate(_) | Effect::Alter(_) => Some(None),
    }
}

/// The answer as it is seen.
fn altered(reply: &Reply, alteration: &Alteration) -> Reply {
    let mut shown = match (alteration.status(), alteration.body()) {
        (None, None) => reply.clone(),
        (status, None) => Reply { status: status.unwrap_or(reply.status), ..reply.clone() },
        (status, Some(body)) => {
            Reply { headers: reply.headers.clone(), ..scripted(status.unwrap_or(reply.status), body.clone(), BTreeMap::new()) }
        }
    };
    alteration.apply(&mut shown.headers);
    shown
}

fn scripted(status: u16, body: Value, headers: BTreeMap<String, String>) -> Reply {
    let mut reply = match body {
        Value::Null => Reply { status, ..Reply::nothing() },
        Value::String(text) => Reply::text(status, &text),
        json => Reply::with_status(status, json),
    };
    reply.headers.extend(headers);
    reply
}

/// Carries a request out that comes from within the process: no trouble, no delay.
pub(crate) fn ask_now(hub: &Hub, mut ask: Ask) -> Reply {
    let sender = hub.read(|world| sender(world, ask.authorization.as_deref()));
    let found = route::find(&ask.method, &ask.path);
    let body = std::mem::take(&mut ask.body);
    let logged = Logged::new(&ask, &body, sender.as_ref(), &found);
    let (reply, cause) = carry_out(hub, &ask, body, sender.as_ref(), found);
    logged.write(hub, Some(&reply), cause);
    reply
}

fn carry_out(hub: &Hub, ask: &Ask, body: Body, sender: Option<&Sender>, found: Found) -> (Reply, Cause) {
    let (route, params) = match found {
        Found::Route(route, params) => (route, params),
        Found::WrongMethod => return not_built(ask, &Refusal::method_not_allowed()),
        Found::Nothing => return not_built(ask, &Refusal::not_found()),
    };
    let admitted = admit(route, sender, ask.trusted);
    let verdict = ask_limits(hub, route, &params, sender, admitted.is_ok());
    if let Some(reply) = Reply::limited(&verdict) {
        hub.limiter().note_answer(reply.status, clock::now());
        return (reply, Cause::Limited);
    }
    let answer = |world: &mut World, now| {
        if let Some(problem) = body.problem {
            return Err(problem);
        }
        let user = sender.map(|sender| sender.user);
        (route.handler)(&mut Call { hub, world, now, user, params, query: parse_query(&ask.query), body: body.json, files: body.files })
    };
    let answered = admitted.and_then(|()| if ask.method == "GET" { hub.attend(answer) } else { hub.change(answer) });
    let mut reply = answered.unwrap_or_else(|refusal| Reply::refused(&refusal));
    // People's mistakes don't get bots banned.
    if sender.is_none_or(|sender| sender.bot) && !reply.is_shared_limit() {
        hub.limiter().note_answer(reply.status, clock::now());
    }
    if let Verdict::Pass(Some(standing)) = verdict {
        reply.show_standing(&standing);
    }
    (reply, Cause::Handled)
}

fn not_built(ask: &Ask, refusal: &Refusal) -> (Reply, Cause) {
    tracing::warn!(method = ask.method, path = ask.path, "the local Discord has no {} {}", ask.method, ask.path);
    (Reply::refused(refusal), Cause::NotBuilt)
}

/// Bots say `Bot <token>`, people the token alone; the wrong form is no better than a wrong token.
fn sender(world: &World, authorization: Option<&str>) -> Option<Sender> {
    let given = authorization?;
    let (token, bot) = given.strip_prefix("Bot ").map_or((given, false), |token| (token, true));
    let known = |user: &User| Sender { user: user.id, username: user.username.clone(), bot };
    world.user_with_token(token).filter(|user| user.bot == bot).map(known)
}

fn admit(route: &Route, sender: Option<&Sender>, trusted: bool) -> Result<(), Refusal> {
    match (route.door, sender) {
        (Door::Open, _) | (Door::Known, Some(_)) => Ok(()),
        (Door::Control, None) if trusted => Ok(()),
        (_, None) => Err(Refusal::unauthorized()),
        (Door::Bots, Some(sender)) if !sender.bot => Err(Refusal::bots_only()),
        (Door::People | Door::Control, Some(sender)) if sender.bot => Err(Refusal::people_only()),
        (Door::Bots | Door::People | Door::Control, Some(_)) => Ok(()),
    }
}

/// People are not limited, nor are the local Discord's own routes. Who is not let in takes nothing out of a bucket, but may be banned.
fn ask_limits(hub: &Hub, route: &Route, params: &Params, sender: Option<&Sender>, admitted: bool) -> Verdict {
    if route.is_own() || sender.is_some_and(|sender| !sender.bot) {
        return Verdict::Pass(None);
    }
    let bucket = route.bucket.filter(|_| admitted);
    hub.limiter().ask(sender.map(|sender| sender.user), bucket, &params.major(), route.counts_globally(), clock::now())
}

fn plan_trouble(hub: &Hub, ask: &Ask, sender: Option<&Sender>, found: &Found) -> Option<Planned> {
    let own = matches!(found, Found::Route(route, _) if route.is_own());
    if own || sender.is_some_and(|sender| !sender.bot) {
        return None;
    }
    let path = percent_decoded(&ask.path);
    let named_path = hub.read(|world| named(world, &path));
    let body = ask.body.json.to_string();
    hub.trouble().meet(&Asked {
        method: &ask.method,
        path: &path,
        named_path: &named_path,
        route: if let Found::Route(route, _) = found { route.template } else { &path },
        body: &body,
        username: sender.map(|sender| sender.username.as_str()),
    })
}

/// The path with the ids of channels written as `#name`.
fn named(world: &World, path: &str) -> String {
    let segments = path.split('/').map(|segment| {
        segment.parse().ok().and_then(|id| world.channel(id)).map_or_else(|| segment.to_owned(), |channel| format!("#{}", channel.name))
    });
    segments.collect::<Vec<_>>().join("/")
}

/// What is known of a request before it is carried out.
struct Logged(Request);

impl Logged {
    fn new(ask: &Ask, body: &Body, sender: Option<&Sender>, found: &Found) -> Self {
        Self(Request {
            at: clock::now(),
            method: ask.method.clone(),
            path: percent_decoded(&ask.path),
            query: ask.query.clone(),
            route: if let Found::Route(route, _) = found { Some(route.template) } else { None },
            user: sender.map(|sender| sender.user),
            username: sender.map(|sender| sender.username.clone()),
            by_bot: sender.is_some_and(|sender| sender.bot),
            headers: ask.headers.clone(),
            body: body.json.clone(),
            files: body.files.iter().map(|(_, file)| (file.filename.clone(), file.bytes.len())).collect(),
            status: None,
            answer: Value::Null,
            cause: Cause::Handled,
            trouble: None,
        })
    }

    /// Writes the line, unless it is about the log itself.
    fn write(mut self, hub: &Hub, reply: Option<&Reply>, cause: Cause) {
        if self.0.route.is_some_and(|route| route.starts_with("/sandbox/")) {
            return;
        }
        self.0.at = clock::now();
        self.0.status = reply.map(|reply| reply.status).filter(|_| cause != Cause::AnswerLost);
        if cause != Cause::Altered {
            self.0.answer = reply.map(Reply::json_body).unwrap_or_default();
        }
        self.0.cause = cause;
        hub.record(Record::Request(self.0));
    }
}
