//! The express lane: on a real socket, beside the same requests as hyper answers them.

use std::time::Duration;

use oneloop_protocol::Rights;
use oneloop_proxy::{Drained, ProxyOptions};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::app::{TestApp, create_sdk_key, grant};
use crate::serve::{Running, run};

/// No server reads it, and its mere presence leaves the request to hyper.
const TO_HYPER: &str = "te: trailers\r\n";

const SOON: Duration = Duration::from_secs(5);

/// A client that reads one answer at a time.
struct Connection {
    socket: TcpStream,
    received: Vec<u8>,
}

/// An answer: the head's lines, sorted, without those that differ each time; and the body.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    head: Vec<String>,
    body: String,
}

impl Connection {
    async fn open(server: &Running) -> Self {
        let socket = TcpStream::connect(server.address).await.expect("it accepts");
        socket.set_nodelay(true).expect("a socket");
        Self { socket, received: Vec::new() }
    }

    async fn send(&mut self, text: &str) {
        self.socket.write_all(text.as_bytes()).await.expect("it reads");
    }

    async fn answer(&mut self) -> Answer {
        loop {
            if let Some(answer) = self.take() {
                return answer;
            }
            let read = timeout(SOON, self.socket.read_buf(&mut self.received)).await;
            assert_ne!(read.expect("an answer").expect("a socket"), 0, "closed: {self:?}");
        }
    }

    fn take(&mut self) -> Option<Answer> {
        let text = String::from_utf8_lossy(&self.received).into_owned();
        let (head, rest) = text.split_once("\r\n\r\n")?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.expect("a length").parse().expect("a number");
        let body = rest.get(..length)?.to_owned();
        self.received.drain(..head.len() + 4 + length);
        let changes = |line: &&str| !line.starts_with("date: ");
        let issued = |line: &str| match line.strip_prefix("x-request-id: ") {
            // What the server counts.
            Some(id) if id.contains('-') => "x-request-id: issued".to_owned(),
            _ => line.to_owned(),
        };
        let mut head: Vec<_> = head.lines().filter(changes).map(issued).collect();
        head.sort();
        Some(Answer { head, body })
    }

    async fn ask(&mut self, text: &str) -> Answer {
        self.send(text).await;
        self.answer().await
    }

    /// Whether the server has closed, and said no more before.
    async fn is_closed(&mut self) -> bool {
        let end = timeout(SOON, self.socket.read_buf(&mut self.received)).await;
        matches!(end, Ok(Ok(0))) && self.received.is_empty()
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.received))
    }
}

fn request(headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST /api/v1/api-key/verify HTTP/1.1\r\nhost: x\r\n{headers}content-length: {length}\r\n\r\n{body}"
    )
}

/// A server, a good SDK key's header, and the body that verifies a good key.
async fn start(options: ProxyOptions) -> (TestApp, Running, String, String) {
    let (app, server) = run(options, Duration::from_secs(5)).await;
    let sdk_key = create_sdk_key(&app.engine, &app.team, Rights::ALL).await;
    let key = app.create_key_with("northwind", json!({ "metadata": { "a": "\"b\"" } })).await;
    let body = json!({ "key": key["key"], "requestedScopes": [grant("deployments", "read")] });
    (app, server, format!("authorization: Bearer {sdk_key}\r\n"), body.to_string())
}

#[tokio::test]
async fn what_the_lane_answers_is_what_hyper_answers() {
    let (app, server, bearer, body) = start(ProxyOptions::default()).await;
    let rightless = create_sdk_key(&app.engine, &app.team, Rights::NONE).await;
    let rightless = format!("authorization: Bearer {rightless}\r\n");
    let unknown = r#"{"key":"olk_unknown"}"#;
    let mut lane = Connection::open(&server).await;
    for (headers, body, begins) in [
        (bearer.as_str(), body.as_str(), "HTTP/1.1 200 OK"),
        (&bearer, unknown, "HTTP/1.1 200 OK"),
        (&format!("{bearer}x-request-id: mine\r\n"), &body, "HTTP/1.1 200 OK"),
        (&format!("{bearer}x-request-id: n o\r\n"), &body, "HTTP/1.1 200 OK"),
        (&format!("{bearer}accept: */*\r\nconnection: keep-alive\r\n"), &body, "HTTP/1.1 200 OK"),
        (&bearer, "", "HTTP/1.1 400 Bad Request"),
        (&bearer, "{", "HTTP/1.1 400 Bad Request"),
        (&bearer, "{}", "HTTP/1.1 400 Bad Request"),
        (&bearer, r#"{"key":7}"#, "HTTP/1.1 400 Bad Request"),
        (&bearer, r#"{"key":"a","route":{}}"#, "HTTP/1.1 400 Bad Request"),
        ("", &body, "HTTP/1.1 401 Unauthorized"),
        ("authorization: Bearer wrong\r\n", &body, "HTTP/1.1 401 Unauthorized"),
        ("authorization: Bearer ollt_wrong\r\n", &body, "HTTP/1.1 401 Unauthorized"),
        ("authorization: Basic YTpi\r\n", &body, "HTTP/1.1 401 Unauthorized"),
        ("authorization: Bearer ünï\r\n", &body, "HTTP/1.1 401 Unauthorized"),
        (&rightless, &body, "HTTP/1.1 403 Forbidden"),
    ] {
        let answer = lane.ask(&request(headers, body)).await;
        // One connection each: what went to hyper once stays there.
        let mut hyper = Connection::open(&server).await;
        let expected = hyper.ask(&request(&format!("{headers}{TO_HYPER}"), body)).await;
        assert_eq!(answer, expected, "{headers:?} {body:?}");
        assert!(answer.head.iter().any(|line| line == begins), "{answer:?}");
    }
}

#[tokio::test]
async fn requests_come_in_any_pieces_and_several_at_once() {
    let (_app, server, bearer, body) = start(ProxyOptions::default()).await;
    let text = request(&bearer, &body);
    let mut connection = Connection::open(&server).await;
    let valid = connection.ask(&text).await;
    assert!(valid.body.contains(r#""status":"VALID""#), "{valid:?}");

    for (at, _) in text.char_indices().step_by(7) {
        connection.send(&text[..at]).await;
        sleep(Duration::from_millis(2)).await;
        connection.send(&text[at..]).await;
        assert_eq!(connection.answer().await, valid, "cut at {at}");
    }
    let (one, half) = text.split_at(text.len() / 2);
    connection.send(&format!("{text}{text}{one}")).await;
    assert_eq!(connection.answer().await, valid);
    assert_eq!(connection.answer().await, valid);
    connection.send(half).await;
    assert_eq!(connection.answer().await, valid);
}

#[tokio::test]
async fn whatever_else_comes_goes_to_hyper_with_the_connection() {
    let (_app, server, bearer, body) = start(ProxyOptions::default()).await;
    let verify = request(&bearer, &body);
    let health = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut connection = Connection::open(&server).await;
    let valid = connection.ask(&verify).await;
    // Behind a verification in the same packet, and before one.
    connection.send(&format!("{verify}{health}{verify}")).await;
    assert_eq!(connection.answer().await, valid);
    assert!(connection.answer().await.body.contains("ok"));
    assert_eq!(connection.answer().await, valid);

    // A body that two rules delimit is the smuggler's: neither may win.
    let both = request(&format!("{bearer}transfer-encoding: chunked\r\n"), "0\r\n\r\n");
    let mut connection = Connection::open(&server).await;
    connection.ask(&verify).await;
    connection.send(&format!("{both}{health}")).await;
    let answer = connection.answer().await;
    assert!(answer.head.iter().any(|line| line.starts_with("HTTP/1.1 400 ")), "{answer:?}");
}

#[tokio::test]
async fn a_large_body_is_refused_by_its_head_before_it_is_sent() {
    let (app, server, bearer, body) = start(ProxyOptions::default()).await;
    let rightless = create_sdk_key(&app.engine, &app.team, Rights::NONE).await;
    let mut waiting = Vec::new();
    for _ in 0..20 {
        for (headers, begins) in [
            (String::new(), "HTTP/1.1 401 Unauthorized"),
            ("authorization: Bearer wrong\r\n".to_owned(), "HTTP/1.1 401 Unauthorized"),
            (format!("authorization: Bearer {rightless}\r\n"), "HTTP/1.1 403 Forbidden"),
        ] {
            let whole = request(&headers, &"x".repeat(1 << 20));
            let mut connection = Connection::open(&server).await;
            connection.send(&whole[..4 * 1024]).await;
            waiting.push((connection, begins));
        }
    }
    for (connection, begins) in &mut waiting {
        let answer = connection.answer().await;
        assert!(answer.head.iter().any(|line| line == begins), "{answer:?}");
    }
    // Whoever may ask is answered, however large the question.
    for length in [64 * 1024, 64 * 1024 + 1, 1 << 20] {
        let mut connection = Connection::open(&server).await;
        let padded = body.clone() + &" ".repeat(length - body.len());
        let answer = connection.ask(&request(&bearer, &padded)).await;
        assert!(answer.body.contains(r#""status":"VALID""#), "{length}: {answer:?}");
    }
}

#[tokio::test]
async fn who_is_slow_is_given_up() {
    let options = ProxyOptions {
        head_timeout: Duration::from_millis(400),
        request_timeout: Duration::from_millis(600),
        ..ProxyOptions::default()
    };
    let (_app, server, bearer, body) = start(options).await;
    let text = request(&bearer, &body);

    // A head that never ends, after an answer; then a connection that says nothing more.
    for sent in [&text[..30], ""] {
        let mut connection = Connection::open(&server).await;
        connection.ask(&text).await;
        connection.send(sent).await;
        assert!(connection.is_closed().await, "{sent:?}");
    }
    // A body that never ends is answered.
    let mut connection = Connection::open(&server).await;
    connection.ask(&text).await;
    connection.send(&text[..text.len() - 1]).await;
    let answer = connection.answer().await;
    assert!(answer.body.contains(r#""reason":"timeout""#), "{answer:?}");
    assert!(answer.head.contains(&"connection: close".to_owned()), "{answer:?}");
    assert!(connection.is_closed().await);

    // Whoever keeps asking is never given up.
    let mut connection = Connection::open(&server).await;
    for _ in 0..40 {
        connection.ask(&text).await;
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_server_that_stops_closes_the_lane_between_two_requests() {
    let (_app, server, bearer, body) = start(ProxyOptions::default()).await;
    let mut connection = Connection::open(&server).await;
    connection.ask(&request(&bearer, &body)).await;
    server.stop.send(()).expect("it listens");
    assert!(connection.is_closed().await);
    assert_eq!(server.task.await.expect("it ran"), Drained::Completely);
}
