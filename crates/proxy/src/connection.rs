//! A client's connection, for the express lane and for hyper: it can be handed on with what was received, and a client
//! that does not take its answers cannot keep it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep};

/// How often it is looked whether a client that stands still has moved after all.
///
/// The system says that there is room again only once a good part of its buffer, which may hold megabytes, is empty. Over
/// a slow line that takes longer than any sensible limit, so the send itself is tried: it succeeds with the first byte
/// that was acknowledged.
const LOOK: Duration = Duration::from_secs(1);

/// How long a client may stand still while the server stops: the others need the time that is left to it.
const STANDSTILL_AT_STOP: Duration = Duration::from_secs(2);

/// A connection whose writes fail with [`TimedOut`](io::ErrorKind::TimedOut) once none of their bytes has moved for
/// too long. A client that reads slowly is not cut off, however slowly, and a write that is not held up sets no timer.
pub(crate) struct Connection {
    stream: TcpStream,
    /// What was received already, and is to be read again.
    returned: Bytes,
    standstill_limit: Duration,
    stopping: watch::Receiver<bool>,
    /// The write that is held up. Boxed: the others need not carry it along.
    standstill: Option<Box<Standstill>>,
}

struct Standstill {
    since: Instant,
    look: Pin<Box<Sleep>>,
}

impl Connection {
    /// Around `stream`, whose writes may stand still for `standstill_limit`, and for a moment once `stopping` says so.
    pub(crate) fn new(
        stream: TcpStream,
        standstill_limit: Duration,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self { stream, returned: Bytes::new(), standstill_limit, stopping, standstill: None }
    }

    /// Gives back what was read, all of it, so that it is read again.
    pub(crate) fn give_back(&mut self, read: Bytes) {
        debug_assert!(self.returned.is_empty(), "what was given back was read before more");
        self.returned = read;
    }

    /// The way of a write that the system has no room for.
    fn poll_standstill(
        &mut self,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let pause = LOOK.min(self.standstill_limit);
        let standstill = self.standstill.get_or_insert_with(|| {
            Box::new(Standstill { since: Instant::now(), look: Box::pin(sleep(pause)) })
        });
        while standstill.look.as_mut().poll(context).is_ready() {
            match SockRef::from(&self.stream).send(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                moved => {
                    self.standstill = None;
                    return Poll::Ready(moved);
                }
            }
            let limit = if *self.stopping.borrow() {
                STANDSTILL_AT_STOP.min(self.standstill_limit)
            } else {
                self.standstill_limit
            };
            if standstill.since.elapsed() >= limit {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            standstill.look.as_mut().reset(Instant::now() + pause);
        }
        Poll::Pending
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.returned.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, into);
        }
        let length = self.returned.len().min(into.remaining());
        into.put_slice(&self.returned.split_to(length));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(context, bytes) {
            Poll::Ready(written) => {
                self.standstill = None;
                Poll::Ready(written)
            }
            Poll::Pending => self.poll_standstill(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
