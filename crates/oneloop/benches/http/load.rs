//! The loader: connections that send a request, wait for its answer, and send the next.
//!
//! It never sleeps. It asks each connection in turn whether there is an answer, writes prepared bytes, and parses
//! no more than finds an answer's end. So one CPU of loader keeps one CPU of server busy, and no server pays for
//! waking it. A full HTTP client would be the slower of the two, and the benchmark would measure the client.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::Result;

/// Enough that the server always finds the next request waiting.
const CONNECTIONS: usize = 64;

/// What is asked of whom, and what a right answer has in it.
#[derive(Clone, Copy)]
pub(crate) struct Load<'a> {
    pub(crate) address: SocketAddr,
    pub(crate) requests: &'a [Vec<u8>],
    pub(crate) expected: &'static [u8],
}

impl Load<'_> {
    /// Asks for `period`, and answers with the number of answers and the time they took. With `look`,
    /// every answer's body is searched for what is expected; without, only its status is.
    pub(crate) fn run(&self, period: Duration, look: bool) -> Result<(u64, Duration)> {
        let mut connections = (1..=CONNECTIONS as u64)
            .map(|seed| Connection::open(self.address, seed))
            .collect::<Result<Vec<_>>>()?;
        let started = Instant::now();
        for connection in &mut connections {
            connection.ask(self.requests)?;
        }
        let mut answers = 0;
        while started.elapsed() < period {
            for connection in &mut connections {
                let Some(answer) = connection.poll()? else { continue };
                self.check(answer, look)?;
                answers += 1;
                connection.ask(self.requests)?;
            }
        }
        Ok((answers, started.elapsed()))
    }

    fn check(&self, answer: &[u8], look: bool) -> Result {
        if answer.starts_with(b"HTTP/1.1 200 ") && (!look || contains(answer, self.expected)) {
            return Ok(());
        }
        Err(format!("a wrong answer: {}", String::from_utf8_lossy(answer)).into())
    }
}

/// One connection, with at most one request under way.
pub(crate) struct Connection {
    stream: TcpStream,
    random: u64,
    buffer: Vec<u8>,
    filled: usize,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr, seed: u64) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self { stream, random: seed, buffer: vec![0; 16 * 1024], filled: 0 })
    }

    /// Sends one of the requests.
    pub(crate) fn ask(&mut self, requests: &[Vec<u8>]) -> Result {
        // Marsaglia's xorshift64: neighbouring keys must not be asked for in turn.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let request = &requests[self.random as usize % requests.len()];
        // A socket's buffer takes a small request whole: the one before it was answered.
        let sent = self.stream.write(request)?;
        if sent == request.len() { Ok(()) } else { Err("a request did not fit".into()) }
    }

    /// The answer, head and body, if it is here.
    pub(crate) fn poll(&mut self) -> Result<Option<&[u8]>> {
        match self.stream.read(&mut self.buffer[self.filled..]) {
            Ok(0) => return Err("the connection was closed, or the answer is too long".into()),
            Ok(read) => self.filled += read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        match end_of_answer(&self.buffer[..self.filled])? {
            Some(end) if self.filled >= end => {
                self.filled = 0;
                Ok(Some(&self.buffer[..end]))
            }
            _ => Ok(None),
        }
    }
}

/// Where the answer ends, once its head is whole. axum writes header names in lower case.
fn end_of_answer(bytes: &[u8]) -> Result<Option<usize>> {
    const LENGTH: &[u8] = b"\r\ncontent-length: ";
    let Some(head) = find(bytes, b"\r\n\r\n") else { return Ok(None) };
    let at = find(&bytes[..head], LENGTH).ok_or("an answer without content-length")? + LENGTH.len();
    let digits = bytes[at..head].iter().take_while(|byte| byte.is_ascii_digit());
    let length = digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
    Ok(Some(head + 4 + length))
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    find(bytes, wanted).is_some()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
