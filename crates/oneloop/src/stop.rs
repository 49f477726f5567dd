//! SIGTERM and SIGINT: the first asks to stop, the second insists.

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::failure::{Failure, Outcome};

/// How often the process has been asked to stop.
#[derive(Debug)]
pub(crate) struct Stop {
    asked: watch::Receiver<u32>,
}

impl Stop {
    /// Begins to listen. From here on the signals no longer end the process by themselves.
    pub(crate) fn listen() -> Outcome<Self> {
        let stream = |kind| {
            signal(kind).map_err(|error| Failure::ours("cannot listen for signals").because(&error))
        };
        let (mut terminate, mut interrupt) =
            (stream(SignalKind::terminate())?, stream(SignalKind::interrupt())?);
        let (count, asked) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                count.send_modify(|times| *times += 1);
            }
        });
        Ok(Self { asked })
    }

    /// Resolves when the process is asked to stop.
    pub(crate) fn first(&self) -> impl Future<Output = ()> + Send + 'static {
        let asked = self.asked.clone();
        reached(asked, 1)
    }

    /// Resolves when the process is asked again: whoever asks does not want to wait.
    pub(crate) async fn second(&self) {
        reached(self.asked.clone(), 2).await;
    }
}

async fn reached(mut asked: watch::Receiver<u32>, times: u32) {
    if asked.wait_for(|count| *count >= times).await.is_err() {
        // The listening task is gone, which happens with the runtime only.
        std::future::pending::<()>().await;
    }
}
