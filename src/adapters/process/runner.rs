//! `ProcessRunner`: the port `AgentRunner`, as the orchestrator sees it.

use std::{
    collections::HashSet,
    fs, io,
    os::{fd::AsFd, unix::fs::DirBuilderExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use orchestrator_core::{
    domain::id::AttemptId,
    ports::agent_runner::{AgentRunner, Ending, LaunchError, LaunchSpec, Standing, StopReason},
};
use tokio::{io::Interest, task, time};

use super::{
    boot::Boot,
    clearing,
    control::{self, Control, Found, Mark},
    kernel,
    link::Link,
    marker::{self, SCAN_BOUND},
    removed,
    request::{Request, Said},
    watch,
};

/// How long a launch waits for the nursery's answer. A program that does not load within it (a file system that hangs) is looked for by its lock.
const ANSWER_PATIENCE: Duration = Duration::from_secs(30);

/// How long a failed launch waits for its attendant to be gone.
const DEPARTURE_PATIENCE: Duration = Duration::from_secs(2);

/// How often an attempt is looked at that can't be waited for: its attendant is in another pid namespace, or its file can't be read.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How often an attempt is looked at whose attendant's end the system is to tell: should it ever not be told, an end waits no longer than this.
const LOOK_ANYWAY: Duration = Duration::from_secs(5);

/// Starts agents through a nursery and finds them again by their control files.
#[derive(Debug)]
pub struct ProcessRunner {
    attempts: PathBuf,
    nursery_program: PathBuf,
    /// Whether agents end when this process does.
    tied: bool,
    link: Mutex<Option<Arc<Link>>>,
    boot: Arc<Boot>,
}

impl ProcessRunner {
    /// A runner that keeps its attempts in `<runtime>/attempts`, a folder for this user alone. Starts nothing yet.
    ///
    /// # Errors
    ///
    /// The folder can't be made or entered.
    pub fn new(runtime: &Path) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(control::attempts_folder(runtime))?;
        // The nursery lives in another working folder.
        let attempts = fs::canonicalize(control::attempts_folder(runtime))?;
        let boot = Arc::new(Boot::read(&attempts)?);
        Ok(Self { attempts, nursery_program: PathBuf::from("/proc/self/exe"), tied: false, link: Mutex::default(), boot })
    }

    /// The same runner with another program for its nursery: tests are not the program themselves.
    #[must_use]
    pub fn with_nursery_program(mut self, program: PathBuf) -> Self {
        self.nursery_program = program;
        self
    }

    /// The same runner, whose agents do not outlive it: however this process ends, they are asked to stop, and killed after their grace.
    #[must_use]
    pub fn tied(mut self) -> Self {
        self.tied = true;
        self
    }

    /// Why the attempt was asked to stop, if it was; known until it is forgotten.
    pub async fn stop_reason(&self, attempt: AttemptId) -> Option<StopReason> {
        let folder = self.folder(attempt);
        off_the_loop(move || Control::open(&folder)?.map(|control| control.story()).transpose()).await.ok().flatten()?.stop
    }

    fn folder(&self, attempt: AttemptId) -> PathBuf {
        self.attempts.join(attempt.to_string())
    }

    /// The nursery, started anew if it is gone.
    fn link(&self) -> io::Result<Arc<Link>> {
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(link) = link.as_ref().filter(|link| link.is_alive()) {
            return Ok(Arc::clone(link));
        }
        if link.take().is_some() {
            tracing::warn!("the nursery was gone: starting another; running agents are not affected");
        }
        let started = Arc::new(Link::start(&self.nursery_program, self.tied)?);
        *link = Some(Arc::clone(&started));
        Ok(started)
    }

    async fn ask(&self, attempt: AttemptId, request: &Request) -> io::Result<Said> {
        let link = self.link()?;
        time::timeout(ANSWER_PATIENCE, link.ask(attempt, request)).await.map_err(|_| {
            io::Error::new(io::ErrorKind::TimedOut, format!("no answer from the nursery within {} s", ANSWER_PATIENCE.as_secs()))
        })?
    }

    /// Writes the request, makes it, and undoes it if it fails.
    async fn request(&self, spec: &LaunchSpec) -> Result<Requested, LaunchError> {
        let attempt = spec.attempt;
        let machine = |error: io::Error| LaunchError::Machine { reason: error.to_string() };
        let (folder, asked, boot) = (self.folder(attempt), Box::new(spec.clone()), Arc::clone(&self.boot));
        let written = off_the_loop(move || {
            boot.remember()?;
            Ok(write_request(&folder, asked))
        });
        written.await.map_err(machine)??;

        let answer = self.ask(attempt, &Request { fence: spec.fence, folder: self.folder(attempt) }).await;

        let folder = self.folder(attempt);
        match answer {
            Ok(Said::Started) => Ok(Requested::Started),
            // The folder is another launch's, or holds a decision that is final: it stays as it is.
            Ok(Said::Refused) => Err(LaunchError::Overtaken { attempt }),
            Ok(Said::Held) => match off_the_loop(move || refuse(&folder)).await.map_err(machine)? {
                Found::NeverStarted | Found::Open => Err(LaunchError::Overtaken { attempt }),
                Found::Running(_) | Found::Elsewhere | Found::Ended(_) | Found::Lost { .. } | Found::Removed => Ok(Requested::Started),
            },
            Ok(Said::Program(reason)) => {
                off_the_loop(move || undo(&folder, DEPARTURE_PATIENCE)).await.map_err(machine)?;
                Err(LaunchError::Program { program: spec.program.display().to_string(), reason })
            }
            Ok(Said::Machine(reason)) => {
                off_the_loop(move || undo(&folder, DEPARTURE_PATIENCE)).await.map_err(machine)?;
                Err(LaunchError::Machine { reason })
            }
            // The answer may be lost, and its attendant live: then the lock decides.
            Err(error) => match off_the_loop(move || undo(&folder, Duration::ZERO)).await.map_err(machine)? {
                Found::NeverStarted | Found::Open => Ok(Requested::Unanswered(error)),
                Found::Running(_) | Found::Elsewhere | Found::Ended(_) | Found::Lost { .. } | Found::Removed => Ok(Requested::Started),
            },
        }
    }

    /// Ends what lives of an attempt whose control file was removed or replaced.
    async fn removed(&self, attempt: AttemptId) -> Ending {
        let attempts = self.attempts.clone();
        let ended = off_the_loop(move || Ok(removed::end(attempt, &attempts))).await;
        tracing::warn!(%attempt, ?ended, "{attempt}: its control file was removed or replaced while its agent ran");
        Ending::Removed
    }

    /// What is known of an attempt, with the open ones refused and the lost ones swept.
    async fn settled(&self, attempt: AttemptId) -> io::Result<Found> {
        let (folder, attempts, boot) = (self.folder(attempt), self.attempts.clone(), Arc::clone(&self.boot));
        // Most attempts run, or have ended, and a look (a few system calls on one small file, just written) costs less than another thread.
        if let Some(control) = Control::open(&folder)?
            && let Some(found @ (Found::Running(_) | Found::Ended(_) | Found::NeverStarted)) = control.glance()?
        {
            return Ok(found);
        }
        off_the_loop(move || {
            let control = match Control::open(&folder)? {
                Some(control) => control,
                // Nobody has asked for it yet. The mark keeps a launch out that is on its way here.
                None => match Control::create(&folder) {
                    Ok(control) => {
                        if boot.has_changed() {
                            control.append(&Mark::Lost)?;
                        }
                        control
                    }
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        Control::open(&folder)?.ok_or(io::ErrorKind::NotFound)?
                    }
                    Err(error) => return Err(error),
                },
            };
            match control.look()? {
                // What was asked may have been removed with its file while it ran.
                Found::Open if control.story()?.asked.is_none() && removed::end(attempt, &attempts) => {
                    tracing::warn!(%attempt, "{attempt}: its control folder was removed while its agent ran; the agent was ended");
                    control.append(&Mark::Removed)?;
                }
                // What was written before the machine went down may be gone: the agent may have run.
                Found::Open if boot.has_changed() => control.append(&Mark::Lost)?,
                Found::Lost { swept: false } => {
                    let found = marker::end_all(&HashSet::from([attempt]), SCAN_BOUND);
                    let ended = found.values().sum::<u32>();
                    tracing::warn!(%attempt, ended, "{attempt}: its attendant was killed; {ended} processes were found by their marker and killed");
                    control.append(&Mark::Lost)?;
                }
                _ => {}
            }
            control.refuse()
        })
        .await
    }
}

#[async_trait]
impl AgentRunner for ProcessRunner {
    async fn launch(&self, spec: &LaunchSpec) -> Result<(), LaunchError> {
        let machine = |error: io::Error| LaunchError::Machine { reason: error.to_string() };
        match self.request(spec).await? {
            Requested::Started => return Ok(()),
            Requested::Unanswered(error) if error.kind() == io::ErrorKind::TimedOut => return Err(machine(error)),
            // The nursery has died with the request. That one is refused for ever, so another nursery may be asked.
            Requested::Unanswered(_) => {}
        }
        match self.request(spec).await? {
            Requested::Started => Ok(()),
            Requested::Unanswered(error) => Err(machine(error)),
        }
    }

    async fn standing(&self, attempt: AttemptId) -> Standing {
        match self.settled(attempt).await {
            Ok(Found::Running(_)) => Standing::Running,
            Ok(Found::Elsewhere) => Standing::HeldElsewhere,
            Ok(Found::Ended(record)) => Standing::Ended(Ending::Recorded(*record)),
            Ok(Found::Lost { .. }) => Standing::Ended(Ending::Lost),
            Ok(Found::Removed) => Standing::Ended(Ending::Removed),
            Ok(Found::NeverStarted | Found::Open) => Standing::NeverStarted,
            Err(error) => {
                tracing::error!(%attempt, %error, "{attempt}: its control file can't be read; it counts as running until it can");
                Standing::HeldElsewhere
            }
        }
    }

    async fn wait(&self, attempt: AttemptId) -> Ending {
        let (mut untold, mut ran) = (false, false);
        loop {
            let found = self.settled(attempt).await;
            if untold && !matches!(found, Ok(Found::Running(_) | Found::Elsewhere)) {
                tracing::info!(%attempt, "{attempt}: its attendant's end was found by a look before the system told it");
            }
            untold = false;
            tracing::debug!(%attempt, ?found, "{attempt} was looked at");
            ran |= matches!(found, Ok(Found::Running(_)));
            match found {
                Ok(Found::Running(pidfd)) => match watch::watch(pidfd, Interest::READABLE) {
                    Ok(attendant) => untold = time::timeout(LOOK_ANYWAY, attendant.readable()).await.is_err(),
                    Err(_) => time::sleep(LOOK_AGAIN).await,
                },
                Ok(Found::Ended(record)) => return Ending::Recorded(*record),
                Ok(Found::Lost { .. }) => return Ending::Lost,
                Ok(Found::Removed) => return Ending::Removed,
                // It did run: what is there now is not what was there then.
                Ok(Found::NeverStarted | Found::Open) if ran => return self.removed(attempt).await,
                Ok(Found::NeverStarted | Found::Open) => return Ending::NeverStarted,
                Ok(Found::Elsewhere) => time::sleep(LOOK_AGAIN).await,
                // There is no place for one any more, so nothing can be asked for under this name either.
                Err(_) if !control::path(&self.folder(attempt)).exists() => return self.removed(attempt).await,
                Err(error) => {
                    tracing::error!(%attempt, %error, "{attempt}: its control file can't be read; looking again");
                    time::sleep(LOOK_AGAIN).await;
                }
            }
        }
    }

    async fn stop(&self, attempt: AttemptId, why: StopReason) {
        let (folder, attempts) = (self.folder(attempt), self.attempts.clone());
        let stopped = off_the_loop(move || {
            let Some(control) = Control::open(&folder)? else {
                removed::end(attempt, &attempts);
                return Ok(());
            };
            // An attempt whose attendant is on its way is refused here, so that the stop is not lost.
            if let Found::Running(attendant) = control.refuse()? {
                control.append(&Mark::Stop { why })?;
                kernel::signal_by_pidfd(attendant.as_fd(), libc::SIGTERM)?;
            }
            Ok(())
        });
        if let Err(error) = stopped.await {
            tracing::error!(%attempt, %error, "{attempt} could not be asked to stop");
        }
    }

    async fn forget(&self, attempt: AttemptId) {
        let folder = self.folder(attempt);
        match off_the_loop(move || clearing::remove(&folder)).await {
            Ok(true) => {}
            Ok(false) => tracing::error!(%attempt, "{attempt} still runs and is not forgotten"),
            Err(error) => tracing::error!(%attempt, %error, "{attempt} could not be forgotten"),
        }
    }

    async fn remembered(&self) -> Vec<AttemptId> {
        let attempts = self.attempts.clone();
        off_the_loop(move || control::attempts_in(&attempts)).await.unwrap_or_else(|error| {
            tracing::error!(%error, "the folder of attempts can't be read");
            Vec::new()
        })
    }
}

/// What became of one request, where it was not refused.
enum Requested {
    Started,
    /// No answer came, and nothing was or will be started by it.
    Unanswered(io::Error),
}

/// Runs file work where it may take its time.
async fn off_the_loop<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    task::spawn_blocking(work).await.map_err(io::Error::other)?
}

/// Writes down what is to be run. An older request of the same attempt that never began gives way to a later fence, and to nothing else.
fn write_request(folder: &Path, spec: Box<LaunchSpec>) -> Result<(), LaunchError> {
    let machine = |error: io::Error| LaunchError::Machine { reason: error.to_string() };
    let (attempt, fence) = (spec.attempt, spec.fence);
    if let Some(earlier) = Control::open(folder).map_err(machine)? {
        let asked = earlier.story().map_err(machine)?.asked;
        let is_open = matches!(earlier.look().map_err(machine)?, Found::Open);
        if !is_open || asked.is_some_and(|asked| asked.fence >= fence) || !clearing::take_back(folder).map_err(machine)? {
            return Err(LaunchError::Overtaken { attempt });
        }
    }
    let control = match Control::create(folder) {
        Ok(control) => control,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(LaunchError::Overtaken { attempt }),
        Err(error) => return Err(machine(error)),
    };
    control.ask(spec).map_err(|error| {
        drop(clearing::take_back(folder));
        machine(error)
    })
}

/// Takes a launch back that failed, so that it can be tried again; its attendant gets so long to be gone. If the launch turns out not
/// to have failed, that is left alone and told.
fn undo(folder: &Path, departure: Duration) -> io::Result<Found> {
    let Some(control) = Control::open(folder)? else { return Ok(Found::NeverStarted) };
    if !departure.is_zero() {
        control.outlive_attendant(departure)?;
    }
    let found = control.refuse()?;
    if matches!(found, Found::NeverStarted) {
        clearing::take_back(folder)?;
    }
    Ok(found)
}

fn refuse(folder: &Path) -> io::Result<Found> {
    Control::open(folder)?.map_or(Ok(Found::NeverStarted), |control| control.refuse())
}
