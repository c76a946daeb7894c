//! Where everything meets: the world behind its lock, those who listen to it, the log, the limits and the trouble.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::sync::{Notify, broadcast, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    clock,
    gateway::session::Sessions,
    limits::{IdentifyCount, Limiter, identify},
    options::Options,
    request_log::{GatewayEvent, GatewayRecord, Record, RequestLog},
    trouble::Trouble,
    world::{World, event::Event},
};

/// How many events a page may be behind before it is told to load itself again.
const PAGE_BACKLOG: usize = 1_024;

/// What all doors share. Locks are taken in the order of the fields and never across an await.
#[derive(Debug)]
pub(crate) struct Hub {
    world: Mutex<World>,
    sessions: Mutex<Sessions>,
    limiter: Mutex<Limiter>,
    trouble: Mutex<Trouble>,
    pub(crate) log: RequestLog,
    /// Rung when trouble was made that comes by itself.
    weather: Notify,
    /// Grows with every change and every record; whoever waits for something looks again.
    changes: watch::Sender<u64>,
    /// Grows with every change of the world alone.
    world_changes: watch::Sender<u64>,
    page: broadcast::Sender<Arc<Event>>,
    pub(crate) base_url: String,
    pub(crate) gateway_url: String,
    pub(crate) options: Options,
}

impl Hub {
    pub(crate) fn new(world: World, address: SocketAddr, options: Options) -> Self {
        let mut reachable = address;
        // Listening everywhere is no address to go to; this machine's own is.
        if address.ip().is_unspecified() {
            reachable.set_ip(if address.is_ipv6() { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() });
        }
        Self {
            world: Mutex::new(world),
            sessions: Mutex::default(),
            limiter: Mutex::new(Limiter::new(options.limits)),
            trouble: Mutex::new(Trouble::new(options.heartbeat_interval)),
            log: RequestLog::new(options.log_capacity),
            weather: Notify::new(),
            changes: watch::Sender::new(0),
            world_changes: watch::Sender::new(0),
            page: broadcast::Sender::new(PAGE_BACKLOG),
            base_url: format!("http://{reachable}"),
            gateway_url: format!("ws://{reachable}/gateway"),
            options,
        }
    }

    /// Reads the world.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&World) -> T) -> T {
        read(&lock(&self.world))
    }

    /// Lets a request that changes nothing see the world as one that does.
    pub(crate) fn attend<T>(&self, attend: impl FnOnce(&mut World, DateTime<Utc>) -> T) -> T {
        attend(&mut lock(&self.world), clock::now())
    }

    /// Changes the world and tells everybody, before anybody else can change it again.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut World, DateTime<Utc>) -> T) -> T {
        let mut world = lock(&self.world);
        let done = change(&mut world, clock::now());
        let events = world.take_events();
        if !events.is_empty() {
            self.sessions().tell(&world, &self.base_url, &events);
        }
        drop(world);
        self.world_changes.send_modify(|changes| *changes += 1);
        for event in events {
            // Nobody may be looking at the page.
            let _ = self.page.send(Arc::new(event));
        }
        self.changed();
        done
    }

    pub(crate) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        lock(&self.sessions)
    }

    pub(crate) fn limiter(&self) -> MutexGuard<'_, Limiter> {
        lock(&self.limiter)
    }

    pub(crate) fn trouble(&self) -> MutexGuard<'_, Trouble> {
        lock(&self.trouble)
    }

    /// Counts an IDENTIFY of the bot; with limits on, too many void its token.
    pub(crate) fn count_identify(&self, user: crate::world::snowflake::Snowflake) -> IdentifyCount {
        self.change(|world, now| {
            let Some(application) = world.application_mut(user) else { return IdentifyCount::Counted };
            let count = identify::count(self.options.limits, &mut application.identifies, now);
            if count == IdentifyCount::TokenReset {
                world.reset_token(user, now);
            }
            count
        })
    }

    pub(crate) fn record(&self, record: Record) {
        self.log.add(record);
        self.changed();
    }

    /// Tells the log of trouble on the gateway.
    pub(crate) fn record_trouble(&self, trouble: String) {
        self.record(Record::Gateway(GatewayRecord {
            at: clock::now(),
            connection: 0,
            user: None,
            what: GatewayEvent::Troubled { trouble },
        }));
    }

    /// Trouble was made that comes by itself, or was ended.
    pub(crate) fn weather_changed(&self) {
        self.weather.notify_one();
    }

    /// Waits for that.
    pub(crate) async fn weather_changes(&self) {
        self.weather.notified().await;
    }

    fn changed(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }

    /// Tells when something has changed.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Tells when the world has changed.
    pub(crate) fn world_changes(&self) -> watch::Receiver<u64> {
        self.world_changes.subscribe()
    }

    /// What happens in the world, for the page.
    pub(crate) fn events(&self) -> broadcast::Receiver<Arc<Event>> {
        self.page.subscribe()
    }
}

/// How often is looked whether a thread's or a silence's time is over.
const TICK: Duration = Duration::from_secs(5);

/// Lets time pass in the world, until `stop`.
pub(crate) async fn keep_time(hub: Arc<Hub>, stop: CancellationToken) {
    loop {
        // Both are cancel safe.
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(TICK) => {}
        }
        if hub.read(|world| world.is_time_for_something(clock::now())) {
            hub.change(World::let_time_pass);
        }
    }
}

/// A panic in one request must not take the whole local Discord with it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
