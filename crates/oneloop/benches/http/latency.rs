//! How long an answer takes when requests come at their own pace (an open loop).
//!
//! Requests are due at fixed moments, whether or not the ones before were answered, and an answer's time counts
//! from the moment at which its request was due. So a server that stands still for ten milliseconds makes all
//! requests late that were due meanwhile. A closed loop would send none of them, and see one slow answer
//! (coordinated omission).

use std::time::{Duration, Instant};

use crate::Result;
use crate::load::{Connection, Load};

/// So many that one is free whenever a request is due, unless the server is far behind.
const CONNECTIONS: usize = 256;

/// Times of answers, sorted.
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// The time that a `share` of answers kept to.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        let at = (self.0.len() as f64 * share) as usize;
        self.0.get(at.min(self.0.len().saturating_sub(1))).copied().unwrap_or_default()
    }
}

/// Asks `rate` times a second for `period`.
pub(crate) fn measure(load: &Load<'_>, rate: f64, period: Duration) -> Result<Times> {
    let mut idle = (1..=CONNECTIONS as u64)
        .map(|seed| Connection::open(load.address, seed))
        .collect::<Result<Vec<_>>>()?;
    let mut waiting: Vec<(Connection, Instant)> = Vec::with_capacity(CONNECTIONS);
    let total = (rate * period.as_secs_f64()) as u32;
    let (started, gap) = (Instant::now(), Duration::from_secs_f64(1.0 / rate));
    let (mut sent, mut times) = (0, Vec::with_capacity(total as usize));
    while times.len() < total as usize {
        // What cannot be sent for want of a connection stays due, and its time runs.
        while sent < total && started + gap * sent <= Instant::now() {
            let Some(mut connection) = idle.pop() else { break };
            connection.ask(load.requests)?;
            waiting.push((connection, started + gap * sent));
            sent += 1;
        }
        let mut at = 0;
        while at < waiting.len() {
            let (connection, due) = &mut waiting[at];
            let Some(answer) = connection.poll()? else {
                at += 1;
                continue;
            };
            if !answer.starts_with(b"HTTP/1.1 200 ") {
                return Err("a wrong answer under an open loop".into());
            }
            times.push(due.elapsed());
            idle.push(waiting.swap_remove(at).0);
        }
    }
    times.sort_unstable();
    Ok(Times(times))
}
