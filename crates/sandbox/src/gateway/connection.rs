//! One connection to the gateway, from HELLO to its end.

use std::{sync::Arc, time::Duration};

use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::Instant};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message as Frame,
        protocol::{CloseFrame, frame::coding::CloseCode as WireCode},
    },
};
use tokio_util::sync::CancellationToken;

use super::{
    identify,
    packing::Packing,
    payload::{self, CloseCode},
    session::{Link, Order, ResumeRefusal},
};
use crate::{
    clock,
    hub::Hub,
    limits::IdentifyCount,
    request_log::{GatewayEvent, GatewayRecord, Record},
    trouble::Passage,
    wire::{event, members, message::Viewer},
    world::snowflake::Snowflake,
};

/// Most bytes in one frame from a client. Source: Discord developer documentation, "Sending Events".
const MAX_FRAME: usize = 4_096;

/// How long an event that is to come late waits for another to come before it.
const LATE: Duration = Duration::from_millis(200);

/// How a connection ends.
enum End {
    /// We close it.
    Close(CloseCode),
    /// The client closed it, or it broke.
    Left(Option<u16>),
    /// We cut it.
    Drop,
}

/// What frames go through.
pub(super) struct Wire {
    pub(super) socket: WebSocketStream<TokioIo<Upgraded>>,
    pub(super) packing: Packing,
}

struct Connection {
    hub: Arc<Hub>,
    wire: Wire,
    number: u64,
    orders: mpsc::UnboundedSender<Order>,
    user: Option<Snowflake>,
    session: Option<String>,
    /// An event that is to come after the next one, and until when it waits for that.
    late: Option<(Instant, Arc<str>)>,
}

/// Serves a connection to its end.
pub(super) async fn serve(hub: Arc<Hub>, wire: Wire, version: &str, stop: CancellationToken) {
    let (orders, mut inbox) = mpsc::unbounded_channel();
    let number = hub.sessions().next_connection();
    let mut connection = Connection { hub, wire, number, orders, user: None, session: None, late: None };
    connection.record(GatewayEvent::Connected);
    let end = if version == "10" { connection.run(&mut inbox, &stop).await } else { End::Close(CloseCode::INVALID_VERSION) };
    connection.end(end).await;
}

impl Connection {
    async fn run(&mut self, inbox: &mut mpsc::UnboundedReceiver<Order>, stop: &CancellationToken) -> End {
        let interval = self.hub.trouble().heartbeat_interval();
        let hello =
            json!({"heartbeat_interval": u64::try_from(interval.as_millis()).unwrap_or(u64::MAX), "_trace": ["[\"local-discord\",{}]"]});
        if let Err(end) = self.send(payload::control(payload::HELLO, &hello)).await {
            return end;
        }
        // A client may be late by as much again before it counts as gone.
        let patience = interval * 2 + Duration::from_secs(1);
        let mut heard_at = Instant::now();
        loop {
            // Receiving a frame, an order and a moment in time are all cancel safe.
            let done = tokio::select! {
                () = stop.cancelled() => Err(End::Close(CloseCode(1001))),
                frame = self.wire.socket.next() => match frame {
                    Some(Ok(Frame::Text(text))) => self.hear(text.as_bytes(), &mut heard_at).await,
                    Some(Ok(Frame::Binary(bytes))) => self.hear(&bytes, &mut heard_at).await,
                    Some(Ok(Frame::Close(frame))) => Err(End::Left(frame.map(|frame| frame.code.into()))),
                    Some(Ok(_)) => Ok(()),
                    Some(Err(_)) | None => Err(End::Left(None)),
                },
                Some(order) = inbox.recv() => match order {
                    Order::Send(frame) => self.dispatch(&frame).await,
                    Order::Reconnect => self.send(payload::control(payload::RECONNECT, &Value::Null)).await,
                    Order::InvalidSession { resumable } => self.invalidate(resumable).await,
                    Order::Close(code) => Err(End::Close(code)),
                    Order::Drop => Err(End::Drop),
                },
                () = tokio::time::sleep_until(self.late.as_ref().map_or(heard_at, |(until, _)| *until)), if self.late.is_some() => self.send_late().await,
                () = tokio::time::sleep_until(heard_at + patience) => Err(End::Close(CloseCode::SESSION_TIMED_OUT)),
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    async fn hear(&mut self, bytes: &[u8], heard_at: &mut Instant) -> Result<(), End> {
        if !self.hub.limiter().may_send_on_gateway(self.number, clock::now()) {
            return Err(End::Close(CloseCode::RATE_LIMITED));
        }
        let frame: Option<Value> = (bytes.len() <= MAX_FRAME).then(|| serde_json::from_slice(bytes).ok()).flatten();
        let Some((op, frame)) = frame.and_then(|frame| Some((frame["op"].as_u64()?, frame))) else {
            return Err(End::Close(CloseCode::DECODE_ERROR));
        };
        let data = &frame["d"];
        match op {
            payload::HEARTBEAT => {
                *heard_at = Instant::now();
                if self.hub.trouble().acknowledges() {
                    self.send(payload::control(payload::HEARTBEAT_ACK, &Value::Null)).await
                } else {
                    Ok(())
                }
            }
            payload::IDENTIFY | payload::RESUME if self.session.is_some() => Err(End::Close(CloseCode::ALREADY_AUTHENTICATED)),
            payload::IDENTIFY => self.identify(data).await,
            payload::RESUME => self.resume(data).await,
            payload::PRESENCE_UPDATE | payload::VOICE_STATE_UPDATE | payload::REQUEST_GUILD_MEMBERS if self.session.is_none() => {
                Err(End::Close(CloseCode::NOT_AUTHENTICATED))
            }
            // Nobody here sees a bot's presence or hears its voice.
            payload::PRESENCE_UPDATE | payload::VOICE_STATE_UPDATE => Ok(()),
            payload::REQUEST_GUILD_MEMBERS => {
                self.tell_members(data);
                Ok(())
            }
            _ => Err(End::Close(CloseCode::UNKNOWN_OPCODE)),
        }
    }

    async fn identify(&mut self, data: &Value) -> Result<(), End> {
        if let Some(code) = self.hub.trouble().next_identify() {
            return Err(End::Close(code));
        }
        let identity = self.hub.read(|world| identify::identify(world, data)).map_err(End::Close)?;
        match self.hub.count_identify(identity.user) {
            IdentifyCount::Counted => {}
            IdentifyCount::TooFast => return self.invalidate(false).await,
            IdentifyCount::TokenReset => return Err(End::Close(CloseCode::AUTHENTICATION_FAILED)),
        }
        let session = self.hub.change(|world, now| {
            let session = world.new_secret(32);
            let link = Link { connection: self.number, orders: self.orders.clone() };
            let viewer = Viewer { world, user: identity.user, base_url: &self.hub.base_url, reads_content: true };
            let mut sessions = self.hub.sessions();
            let shard = identity.shard.unwrap_or_default();
            sessions.open(session.clone(), identity.user, (identity.intents, shard), link, now);
            sessions.push(&session, &event::ready(viewer, &session, &self.hub.gateway_url, identity.shard));
            if identity.intents & event::GUILDS != 0 {
                for guild in world.guilds_with(identity.user).filter(|guild| shard.holds(Some(guild.id))) {
                    sessions.push(&session, &event::guild_created(viewer, guild));
                }
            }
            session
        });
        if identity.compress {
            self.wire.packing.compress_payloads();
        }
        self.user = Some(identity.user);
        self.session = Some(session.clone());
        self.record(GatewayEvent::Identified { intents: identity.intents, session });
        Ok(())
    }

    async fn resume(&mut self, data: &Value) -> Result<(), End> {
        let user = self.hub.read(|world| identify::bot_with_token(world, data)).map_err(End::Close)?;
        let session = data["session_id"].as_str().unwrap_or_default().to_owned();
        let Some(seq) = data["seq"].as_u64() else { return Err(End::Close(CloseCode::DECODE_ERROR)) };
        let link = Link { connection: self.number, orders: self.orders.clone() };
        let refused = self.hub.trouble().refuses_resume();
        let again = self.hub.trouble().repeats();
        let resumed = if refused { Err(ResumeRefusal::Gone) } else { self.hub.sessions().resume(&session, user, seq, again, link) };
        match resumed {
            Ok(replayed) => {
                self.user = Some(user);
                self.session = Some(session.clone());
                self.record(GatewayEvent::Resumed { session, replayed });
                Ok(())
            }
            Err(ResumeRefusal::InvalidSequence) => Err(End::Close(CloseCode::INVALID_SEQUENCE)),
            Err(ResumeRefusal::Gone) => {
                self.record(GatewayEvent::ResumeRefused { session });
                self.send(payload::control(payload::INVALID_SESSION, &false.into())).await
            }
        }
    }

    /// Op 9. A session that can't be resumed is forgotten, and the client may identify anew on this connection.
    async fn invalidate(&mut self, resumable: bool) -> Result<(), End> {
        if !resumable && let Some(session) = self.session.take() {
            self.hub.sessions().forget(&session);
        }
        self.send(payload::control(payload::INVALID_SESSION, &resumable.into())).await
    }

    /// Op 8: the members that a client asks for, of one guild that its bot is in.
    fn tell_members(&self, data: &Value) {
        let (Some(user), Some(session)) = (self.user, &self.session) else { return };
        self.hub.read(|world| {
            let viewer = Viewer { world, user, base_url: &self.hub.base_url, reads_content: true };
            let mut sessions = self.hub.sessions();
            let intents = sessions.intents(session);
            for chunk in members::chunks(viewer, intents, data) {
                sessions.push(session, &chunk);
            }
        });
    }

    /// Sends an event, or does to it what trouble wants.
    async fn dispatch(&mut self, frame: &Arc<str>) -> Result<(), End> {
        let Some(name) = payload::event_of(frame) else { return self.send(frame.to_string()).await };
        let passage = self.hub.trouble().passage();
        let how = match passage {
            // What is not sent stays in the session's backlog, for a RESUME.
            Passage::Muted => return Ok(()),
            Passage::Sent => None,
            Passage::Twice => Some("doubled"),
            Passage::Late => Some("late"),
            Passage::Lost => Some("lost"),
        };
        if let Some(how) = how {
            self.record(GatewayEvent::Mishandled { name, how });
        }
        match passage {
            Passage::Lost | Passage::Muted => return Ok(()),
            Passage::Late if self.late.is_none() => {
                self.late = Some((Instant::now() + LATE, frame.clone()));
                return Ok(());
            }
            Passage::Twice => self.send(frame.to_string()).await?,
            Passage::Late | Passage::Sent => {}
        }
        self.send(frame.to_string()).await?;
        self.send_late().await
    }

    async fn send_late(&mut self) -> Result<(), End> {
        match self.late.take() {
            Some((_, frame)) => self.send(frame.to_string()).await,
            None => Ok(()),
        }
    }

    async fn send(&mut self, frame: String) -> Result<(), End> {
        self.wire.socket.send(self.wire.packing.pack(frame)).await.map_err(|_| End::Left(None))
    }

    async fn end(&mut self, end: End) {
        let ended = match &end {
            End::Close(code) => code.ends_session() && code.0 != 1001,
            End::Left(code) => matches!(code, Some(1000 | 1001)),
            End::Drop => false,
        };
        if let Some(session) = &self.session {
            self.hub.sessions().leave(session, self.number, ended, clock::now());
        }
        self.hub.limiter().forget_connection(self.number);
        match end {
            End::Close(code) => {
                self.record(GatewayEvent::Closed { code: code.0 });
                let frame = CloseFrame { code: WireCode::from(code.0), reason: code.reason().into() };
                // The client may be gone already; then there is nobody to tell.
                let _ = self.wire.socket.close(Some(frame)).await;
                let _ =
                    tokio::time::timeout(Duration::from_secs(2), async { while let Some(Ok(_)) = self.wire.socket.next().await {} }).await;
            }
            End::Left(code) => {
                self.record(GatewayEvent::Left { code });
                let _ = self.wire.socket.close(None).await;
            }
            End::Drop => self.record(GatewayEvent::Dropped),
        }
    }

    fn record(&self, what: GatewayEvent) {
        self.hub.record(Record::Gateway(GatewayRecord { at: clock::now(), connection: self.number, user: self.user, what }));
    }
}
