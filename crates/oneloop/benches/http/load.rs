//! The loader: connections that send a request, wait for its answer, and send the next.
//!
//! It writes prepared bytes and reads answers with the least parsing that finds their end, so that one CPU
//! of loader keeps one CPU of server busy. A full HTTP client would be the slower of the two, and the
//! benchmark would measure the client.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

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
    pub(crate) async fn run(&self, period: Duration, look: bool) -> Result<(u64, Duration)> {
        let started = Instant::now();
        let until = started + period;
        let connections =
            (0..CONNECTIONS).map(|seed| self.keep_asking(seed as u64 + 1, until, look));
        let answers = futures_util::future::try_join_all(connections).await?;
        Ok((answers.iter().sum(), started.elapsed()))
    }

    async fn keep_asking(&self, seed: u64, until: Instant, look: bool) -> Result<u64> {
        let mut stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let (mut answers, mut random) = (0, seed);
        let mut buffer = vec![0_u8; 16 * 1024];
        while Instant::now() < until {
            // Marsaglia's xorshift64: neighbouring keys must not be asked for in turn.
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            stream.write_all(&self.requests[random as usize % self.requests.len()]).await?;
            let answer = read_answer(&mut stream, &mut buffer).await?;
            let right =
                answer.starts_with(b"HTTP/1.1 200 ") && (!look || contains(answer, self.expected));
            if !right {
                return Err(format!("a wrong answer: {}", String::from_utf8_lossy(answer)).into());
            }
            answers += 1;
        }
        Ok(answers)
    }
}

/// Reads one answer with a `content-length`, head and body.
async fn read_answer<'b>(stream: &mut TcpStream, buffer: &'b mut [u8]) -> Result<&'b [u8]> {
    let (mut filled, mut end) = (0, None);
    loop {
        if end.is_some_and(|end| filled >= end) {
            return Ok(&buffer[..filled]);
        }
        let read = stream.read(&mut buffer[filled..]).await?;
        if read == 0 {
            return Err("the server closed the connection, or the answer is too long".into());
        }
        filled += read;
        if end.is_none() {
            end = end_of_answer(&buffer[..filled])?;
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
