//! A wire between the gateway client and the local Discord that can be tampered with: frames slipped in, connections cut or frozen.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::broadcast,
    task::JoinSet,
};

/// The wire; it ends when it is dropped.
pub(crate) struct Proxy {
    /// Where the gateway now seems to be.
    pub(crate) url: String,
    slips: broadcast::Sender<Slip>,
    connections: Arc<AtomicUsize>,
    deaf: Arc<AtomicBool>,
    _accepting: JoinSet<()>,
}

#[derive(Clone, Debug)]
enum Slip {
    Bytes(Vec<u8>),
    End,
}

impl Proxy {
    /// A wire to this gateway.
    pub(crate) async fn to(gateway: &str) -> Self {
        let rest = gateway.trim_start_matches("ws://");
        let (target, path) = rest.split_once('/').map_or((rest, ""), |(target, path)| (target, path));
        let target = target.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("ws://{}/{path}", listener.local_addr().expect("it is bound"));
        let (slips, _) = broadcast::channel(16);
        let (connections, deaf) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let mut accepting = JoinSet::new();
        let (told, count, refuses) = (slips.clone(), Arc::clone(&connections), Arc::clone(&deaf));
        accepting.spawn(async move {
            let mut wires = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                count.fetch_add(1, SeqCst);
                if !refuses.load(SeqCst) {
                    wires.spawn(join(client, target.clone(), told.subscribe()));
                }
            }
        });
        Self { url, slips, connections, deaf, _accepting: accepting }
    }

    /// Slips in an event, as the gateway would send it.
    pub(crate) fn slip_event(&self, event: &Value) {
        let text = event.to_string();
        let length = u16::try_from(text.len()).expect("a test's event is short");
        let mut frame = vec![0x81, 126];
        frame.extend_from_slice(&length.to_be_bytes());
        frame.extend_from_slice(text.as_bytes());
        self.slips.send(Slip::Bytes(frame)).ok();
    }

    /// Ends all connections with a close frame that has no body.
    pub(crate) fn end_without_a_word(&self) {
        self.slips.send(Slip::Bytes(vec![0x88, 0])).ok();
        self.slips.send(Slip::End).ok();
    }

    /// Ends all connections from now on as soon as they are made, and those that are there.
    pub(crate) fn cut(&self, cut: bool) {
        self.deaf.store(cut, SeqCst);
        self.slips.send(Slip::End).ok();
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }
}

async fn join(mut client: TcpStream, target: String, mut slips: broadcast::Receiver<Slip>) {
    let mut server = TcpStream::connect(target).await.expect("the local Discord listens");
    let (mut up, mut down) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        tokio::select! {
            read = client.read(&mut up) => match read {
                Ok(1..) if server.write_all(&up[..read.unwrap_or(0)]).await.is_ok() => {}
                _ => return,
            },
            read = server.read(&mut down) => match read {
                Ok(1..) if client.write_all(&down[..read.unwrap_or(0)]).await.is_ok() => {}
                _ => return,
            },
            slip = slips.recv() => match slip {
                Ok(Slip::Bytes(bytes)) if client.write_all(&bytes).await.is_ok() => {}
                _ => return,
            },
        }
    }
}
