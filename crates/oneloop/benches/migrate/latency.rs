//! How long a verification takes while keys are brought along, and while nothing else happens.
//!
//! Requests are due at fixed moments, whether or not the ones before were answered, and an answer's time counts from the
//! moment at which its request was due (an open loop): a server that stands still makes all requests late that were due
//! meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::Result;
use crate::legacy::key;

/// Between two requests: 500 a second, a twentieth of what the server answers on one of the two cores.
const GAP: Duration = Duration::from_millis(2);

/// What is asked of whom.
#[derive(Clone)]
pub(crate) struct Asking {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) sdk_key: String,
    /// Rows whose keys are there already.
    pub(crate) keys: u64,
}

impl Asking {
    async fn verify(&self, number: u64) -> Result {
        // Rows whose number divides by 5 or 7 have expired or were revoked. All are answered with 200.
        let key = key(number * 7_919 % self.keys + 1);
        let asked = self
            .http
            .post(&self.url)
            .bearer_auth(&self.sdk_key)
            .json(&json!({ "key": key, "requestedScopes": [] }));
        let answer: Value = asked.send().await?.error_for_status()?.json().await?;
        match answer["status"].as_str() {
            Some("VALID" | "EXPIRED" | "DISABLED") => Ok(()),
            _ => Err(format!("a wrong answer: {answer}").into()),
        }
    }

    /// Asks until it is over; the times of all answers, sorted.
    pub(crate) async fn ask_until(self, over: Arc<AtomicBool>) -> Result<Vec<Duration>> {
        let mut due = interval(GAP);
        due.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let (mut asked, mut number) = (JoinSet::new(), 0);
        while !over.load(Ordering::Relaxed) {
            let due: Instant = due.tick().await;
            let asking = self.clone();
            number += 1;
            asked.spawn(async move { asking.verify(number).await.map(|()| due.elapsed()) });
        }
        let mut times = Vec::with_capacity(asked.len());
        while let Some(time) = asked.join_next().await {
            times.push(time??);
        }
        times.sort_unstable();
        Ok(times)
    }
}

/// The time that `share` of the answers kept to, in milliseconds.
pub(crate) fn quantile(times: &[Duration], share: f64) -> f64 {
    let at = (times.len() as f64 * share) as usize;
    let time = times.get(at.min(times.len().saturating_sub(1))).copied().unwrap_or_default();
    time.as_secs_f64() * 1_000.0
}
