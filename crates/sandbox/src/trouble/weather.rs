//! Trouble that comes by itself, in time: demands that were made for later, and the moments of a storm.

use std::sync::Arc;

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{Demand, Trouble, make, storm::MOMENT};
use crate::hub::Hub;

/// Makes what is due until `stop`.
pub(crate) async fn keep(hub: Arc<Hub>, stop: CancellationToken) {
    loop {
        let changed = hub.weather_changes();
        let next = hub.trouble().next_at();
        tokio::select! {
            () = stop.cancelled() => return,
            () = changed => continue,
            () = async { sleep_until(next.unwrap_or_else(Instant::now)).await }, if next.is_some() => {}
        }
        let due = hub.trouble().due(Instant::now());
        if !due.is_empty() {
            hub.change(|world, now| due.into_iter().for_each(|demand| make(&hub, world, now, demand)));
        }
    }
}

impl Trouble {
    /// When something is to be done next.
    fn next_at(&self) -> Option<Instant> {
        let moment = self.storm.as_ref().map(|_| Instant::now() + MOMENT);
        self.later.iter().map(|(at, _)| *at).chain(moment).min()
    }

    /// What is to be done now.
    fn due(&mut self, now: Instant) -> Vec<Demand> {
        if let Some(storm) = &mut self.storm {
            for (delay_ms, trouble) in storm.next_moment() {
                self.later.push((now + std::time::Duration::from_millis(delay_ms), Demand::Gateway(trouble)));
            }
        }
        let (due, later) = std::mem::take(&mut self.later).into_iter().partition(|(at, _)| *at <= now);
        self.later = later;
        let due: Vec<(Instant, Demand)> = due;
        due.into_iter().map(|(_, demand)| demand).collect()
    }
}
