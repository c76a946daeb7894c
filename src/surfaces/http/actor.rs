//! Who asks: over the Unix socket, whoever holds the machine.

use std::{convert::Infallible, fs};

use axum::{
    extract::{ConnectInfo, FromRequestParts, Request, State, connect_info::Connected},
    http::{StatusCode, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Response},
    serve::IncomingStream,
};
use orchestrator_core::domain::actor::Actor;
use tokio::net::UnixListener;

use super::{Door, answer::Refused};

/// What is shown where the account has no name.
const NAMELESS: &str = "operator";

/// Who is at the other end of a socket, as the kernel says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerCredentials {
    /// The account's number.
    pub uid: Option<u32>,
    /// The process's number, if it has one here.
    pub pid: Option<i32>,
}

impl Connected<IncomingStream<'_, UnixListener>> for PeerCredentials {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        let peer = stream.io().peer_cred().ok();
        Self { uid: peer.map(|peer| peer.uid()), pid: peer.and_then(|peer| peer.pid()) }
    }
}

/// The actor behind a request.
#[derive(Clone, Debug)]
pub(super) struct Asker(pub(super) Actor);

impl<S: Sync> FromRequestParts<S> for Asker {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let uid = parts.extensions.get::<ConnectInfo<PeerCredentials>>().and_then(|info| info.0.uid);
        let name = uid.and_then(account).unwrap_or_else(|| NAMELESS.to_owned());
        Ok(Self(Actor::Operator { name }))
    }
}

/// Lets nobody in who is behind an agent's walls: the socket is a file of the same account, and connecting to one is not writing to it.
pub(super) async fn keep_out_agents(State(door): State<Door>, request: Request, next: Next) -> Response {
    let pid = request.extensions().get::<ConnectInfo<PeerCredentials>>().and_then(|info| info.0.pid);
    if pid.is_some_and(|pid| (door.is_walled)(pid)) {
        let why = "An agent with walls asks for nothing here: its definition shuts files, the network or Unix sockets, or its task does.";
        return Refused::new(StatusCode::FORBIDDEN, "walled", why).into_response();
    }
    next.run(request).await
}

/// The account's name, where the machine keeps it in a file. No library call: those may ask the network.
fn account(uid: u32) -> Option<String> {
    name_of(uid, &fs::read_to_string("/etc/passwd").ok()?)
}

fn name_of(uid: u32, accounts: &str) -> Option<String> {
    accounts.lines().find_map(|line| {
        let mut parts = line.split(':');
        let (name, number) = (parts.next()?, parts.nth(1)?);
        (number.parse() == Ok(uid) && !name.is_empty()).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_number() {
        let accounts = "root:x:0:0:root:/root:/bin/bash\n# a comment\nann:x:1000:1000:Ann,,,:/home/ann:/bin/sh\n";

        assert_eq!(name_of(1000, accounts).as_deref(), Some("ann"));
        assert_eq!(name_of(7, accounts), None);
    }
}
