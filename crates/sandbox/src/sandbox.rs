//! The local Discord as a whole: it is started, watched and shut down here.

use std::{io, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock, env_file,
    env_file::WriteEnvError,
    hub::{self, Hub},
    options::Options,
    person::Person,
    request_log::Record,
    server,
    state_file::{self, StateError},
    trouble::{self, Demand, GatewayTrouble, Rule, StormSeed},
    world::{World, guild::Overwrite, people::User, snowflake::Snowflake},
};

/// A running local Discord. Dropping it stops it without waiting; [`Sandbox::shutdown`] waits.
#[derive(Debug)]
pub struct Sandbox {
    hub: Arc<Hub>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// The local Discord could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address can't be listened on.
    #[error("could not listen on {address}; is another local Discord running there?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The world could not be read from its file.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Something was waited for and did not come.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what was waited for did not happen within {} ms", within.as_millis())]
pub struct TimedOut {
    within: Duration,
}

impl Sandbox {
    /// Starts a local Discord: when this returns, it listens.
    ///
    /// # Errors
    ///
    /// If the address can't be listened on or the state file can't be read.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let world = match &options.state {
            Some(path) => state_file::load(path)?,
            None => None,
        };
        let world = world.unwrap_or_else(|| World::found(&options.seed, clock::now()));
        let listen = |source| StartError::Listen { address: options.listen, source };
        let listener = TcpListener::bind(options.listen).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let hub = Arc::new(Hub::new(world, address, options));
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        tasks.spawn(server::accept(listener, hub.clone(), tasks.clone(), stop.clone()));
        tasks.spawn(trouble::keep(hub.clone(), stop.clone()));
        tasks.spawn(hub::keep_time(hub.clone(), stop.clone()));
        if let Some(path) = hub.options.state.clone() {
            tasks.spawn(state_file::keep(hub.clone(), path, stop.clone()));
        }
        tracing::info!(address = %address, "the local Discord is at http://{address}");
        Ok(Self { hub, tasks, stop })
    }

    /// Stops listening, closes all connections and writes the state file.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: await it to the end, or what changed last may be missing from the state file.
    pub async fn shutdown(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Where it is, without a slash at the end: what a bot takes instead of `https://discord.com`.
    pub fn base_url(&self) -> &str {
        &self.hub.base_url
    }

    /// Where the gateway is.
    pub fn gateway_url(&self) -> &str {
        &self.hub.gateway_url
    }

    /// Writes a `discord-config.env` with which a bot finds this world; only its owner can read it.
    ///
    /// # Errors
    ///
    /// If the file can't be written.
    pub fn write_env(&self, path: &Path) -> Result<(), WriteEnvError> {
        env_file::write(path, &self.hub.read(|world| env_file::contents(world, self.base_url())))
    }

    /// Looks at the world. It stands still meanwhile, so `look` has to be quick.
    pub fn look<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        self.hub.read(look)
    }

    /// The id of a channel, given by name.
    pub fn channel(&self, name: &str) -> Option<Snowflake> {
        self.look(|world| world.channel_named(name).map(|channel| channel.id))
    }

    /// A person or bot by user name.
    pub fn user(&self, username: &str) -> Option<User> {
        self.look(|world| world.user_named(username).cloned())
    }

    /// A person who can act, by user name.
    ///
    /// # Panics
    ///
    /// If nobody has this name, or only a bot.
    pub fn person(&self, username: &str) -> Person<'_> {
        let id = self.look(|world| world.user_named(username).filter(|user| !user.bot).map(|user| user.id));
        match id {
            Some(id) => Person::new(&self.hub, id),
            None => panic!("there is no person called `{username}` in the local Discord"),
        }
    }

    /// Waits until the world is such that `found` finds something, and gives it.
    ///
    /// # Errors
    ///
    /// If that takes longer than `within`.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is changed.
    pub async fn wait_for<T>(&self, mut found: impl FnMut(&World) -> Option<T>, within: Duration) -> Result<T, TimedOut> {
        self.wait(|| self.hub.read(&mut found), within).await
    }

    /// Waits until something is true of the world.
    ///
    /// # Errors
    ///
    /// If that takes longer than `within`.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is changed.
    pub async fn wait_until(&self, mut is_so: impl FnMut(&World) -> bool, within: Duration) -> Result<(), TimedOut> {
        self.wait_for(|world| is_so(world).then_some(()), within).await
    }

    /// Waits until the log is such that `found` finds something, and gives it.
    ///
    /// # Errors
    ///
    /// If that takes longer than `within`.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is changed.
    pub async fn wait_for_log<T>(&self, mut found: impl FnMut(&[Record]) -> Option<T>, within: Duration) -> Result<T, TimedOut> {
        self.wait(|| found(self.hub.log.lock().make_contiguous()), within).await
    }

    async fn wait<T>(&self, mut found: impl FnMut() -> Option<T>, within: Duration) -> Result<T, TimedOut> {
        let mut changes = self.hub.changes();
        let look = async {
            loop {
                changes.borrow_and_update();
                if let Some(found) = found() {
                    return found;
                }
                if changes.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::time::timeout(within, look).await.map_err(|_| TimedOut { within })
    }

    /// All records of requests and gateway events so far, oldest first.
    pub fn log(&self) -> Vec<Record> {
        self.hub.log.lock().iter().cloned().collect()
    }

    /// Whether the bot with this name has a gateway session with a connection.
    pub fn is_online(&self, username: &str) -> bool {
        self.user(username).is_some_and(|bot| self.hub.sessions().is_online(bot.id))
    }

    /// Makes trouble.
    pub fn make_trouble(&self, demand: Demand) {
        self.hub.change(|world, now| trouble::make(&self.hub, world, now, demand));
    }

    /// Makes trouble for requests.
    pub fn trouble(&self, rule: Rule) {
        self.make_trouble(Demand::Request(rule));
    }

    /// Makes trouble for the gateway.
    pub fn gateway_trouble(&self, trouble: GatewayTrouble) {
        self.make_trouble(Demand::Gateway(trouble));
    }

    /// Lets a storm blow: this share of all requests, and now and then the gateway, meets trouble that is drawn from the seed, until
    /// [`Demand::Clear`]. It is trouble of the kind that passes: whoever tries again loses nothing.
    pub fn trouble_storm(&self, seed: u64, rate: f64) {
        self.make_trouble(Demand::Storm(StormSeed { seed, rate }));
    }

    /// Sets a permission overwrite of a channel, given by name, as an admin would in its settings.
    pub fn overwrite(&self, channel: &str, overwrite: Overwrite) {
        self.hub.change(|world, _| {
            if let Some(id) = world.channel_named(channel).map(|channel| channel.id) {
                world.overwrite(id, overwrite);
            }
        });
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
