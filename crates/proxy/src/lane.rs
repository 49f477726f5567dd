//! The express lane: plain verifications on a connection of their own, without an HTTP framework around them.
//!
//! Whoever verifies keys sends the same small request again and again, whole, over a connection that stays. What
//! hyper does for it (a map of headers, a channel for a body that is already here, a map of headers for the
//! answer) costs as much as the verification. So a connection begins here, and as long as every request on
//! it is a plain verification ([`request`] says what that is), it is read, answered and logged here: by the code that
//! answers it everywhere else, between the same guard and the same envelope.
//!
//! The first request that is anything else goes to hyper with every byte that was received of it, and the connection
//! with it, for good. So hyper alone decides what HTTP means wherever there is something to decide.

mod answer;
mod request;

use std::io;
use std::time::Instant;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::access_log::CallerSlot;
use crate::connection::Connection;
use crate::envelope::Envelope;
use crate::error::ApiError;
use crate::guard;
use crate::routes::verify;
use crate::service::KeyService;

use answer::Writer;
use request::{Asked, Look};

/// What is read at once: several requests of the usual size.
const RECEIVE_BYTES: usize = 8 * 1024;

/// A connection does not keep more memory than this once a large body has gone through it.
const KEPT_BYTES: usize = 64 * 1024;

/// Answers verifications until something else comes, the client is done, or `stopping` says so.
///
/// Returns what was received and not answered, for hyper; nothing if the connection is to be closed.
///
/// # Errors
///
/// If the connection breaks, or the client takes no answers: its own affair.
pub(crate) async fn run(
    connection: &mut Connection,
    service: &KeyService,
    mut stopping: watch::Receiver<bool>,
) -> io::Result<Option<BytesMut>> {
    let head_timeout = service.head_timeout();
    let mut lane = Lane {
        connection,
        service,
        stopping: stopping.clone(),
        received: BytesMut::with_capacity(RECEIVE_BYTES),
        writer: Writer::default(),
    };
    let told = async move { drop(stopping.wait_for(|stopping| *stopping).await) };
    let idle = sleep(head_timeout);
    tokio::pin!(told, idle);
    let mut waiting_since = Instant::now();
    loop {
        match lane.answer_received().await? {
            Next::Wait(answered) => waiting_since = answered.unwrap_or(waiting_since),
            Next::HandOver => return Ok(Some(lane.received)),
            Next::Close => return Ok(None),
        }
        tokio::select! {
            biased;
            // Between requests, or in the middle of one: then hyper ends it as it ends every other.
            () = &mut told => return Ok(lane.rest()),
            read = lane.connection.read_buf(&mut lane.received) => if read? == 0 {
                return Ok(lane.rest());
            },
            // Set once and looked at when it is over, instead of set anew for each request.
            () = &mut idle => {
                let left = head_timeout.saturating_sub(waiting_since.elapsed());
                if left.is_zero() {
                    return Ok(None);
                }
                idle.set(sleep(left));
            }
        }
    }
}

/// What is to be done once everything received was looked at.
enum Next {
    /// Wait for more; when the last answer went out, if one did.
    Wait(Option<Instant>),
    HandOver,
    Close,
}

struct Lane<'a> {
    connection: &'a mut Connection,
    service: &'a KeyService,
    stopping: watch::Receiver<bool>,
    received: BytesMut,
    writer: Writer,
}

impl Lane<'_> {
    /// Answers every request that is there.
    async fn answer_received(&mut self) -> io::Result<Next> {
        let mut answered = None;
        loop {
            let length = match request::look(&self.received) {
                Look::Whole(asked) => {
                    let closes = *self.stopping.borrow();
                    let at = answer(self.service, &asked, closes, &mut self.writer).await;
                    self.connection.write_all(self.writer.bytes()).await?;
                    if closes {
                        return Ok(Next::Close);
                    }
                    answered = Some(at);
                    asked.length
                }
                Look::Head => return Ok(Next::Wait(answered)),
                Look::Body { length } => match self.receive(length).await? {
                    Received::All => continue,
                    Received::Less => return Ok(Next::HandOver),
                    Received::TooLate => {
                        refuse_late(self.service, &mut self.writer);
                        self.connection.write_all(self.writer.bytes()).await?;
                        return Ok(Next::Close);
                    }
                },
                Look::Other => return Ok(Next::HandOver),
            };
            self.received.advance(length);
            if self.received.is_empty() {
                self.received.clear();
                if self.received.capacity() > KEPT_BYTES {
                    self.received = BytesMut::with_capacity(RECEIVE_BYTES);
                }
            }
        }
    }

    /// Receives a request to its end, in the time that a request may take.
    async fn receive(&mut self, length: usize) -> io::Result<Received> {
        let Self { connection, received, .. } = self;
        let all = async {
            while received.len() < length {
                // Not all that is announced: memory is for what comes.
                received.reserve(RECEIVE_BYTES.min(length - received.len()));
                if connection.read_buf(received).await? == 0 {
                    return Ok(Received::Less);
                }
            }
            Ok(Received::All)
        };
        timeout(self.service.time_limit(), all).await.unwrap_or(Ok(Received::TooLate))
    }

    /// What hyper has to see before the connection ends, if anything.
    fn rest(self) -> Option<BytesMut> {
        (!self.received.is_empty()).then_some(self.received)
    }
}

enum Received {
    All,
    Less,
    TooLate,
}

/// Writes the answer to one request; says when the request had arrived.
async fn answer(
    service: &KeyService,
    asked: &Asked<'_>,
    closes: bool,
    writer: &mut Writer,
) -> Instant {
    let app = service.app();
    let (envelope, caller) =
        (Envelope::of_verification(app, asked.request_id), CallerSlot::default());
    let arrived = envelope.arrived();
    let verdict = verify::answer_whole(app, asked.authorization, asked.body, &caller);
    let written = guard::around(service.time_limit(), verdict)
        .await
        .and_then(|verification| writer.verified(&verification, &envelope, &caller, closes));
    if let Err(refusal) = written {
        writer.refused(refusal, envelope, &caller, closes);
    }
    arrived
}

/// Writes that the rest of a request did not come in time.
fn refuse_late(service: &KeyService, writer: &mut Writer) {
    let envelope = Envelope::of_verification(service.app(), None);
    writer.refused(ApiError::Timeout, envelope, &CallerSlot::default(), true);
}
