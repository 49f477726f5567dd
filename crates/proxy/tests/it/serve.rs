//! On a real socket: addresses, slow clients, and stopping.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use oneloop_protocol::Rights;
use oneloop_proxy::{Drained, ProxyOptions, router, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::app::{TestApp, create_sdk_key};

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) task: JoinHandle<Drained>,
}

pub(crate) async fn run(options: ProxyOptions, drain_limit: Duration) -> (TestApp, Running) {
    let app = TestApp::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = oneshot::channel();
    let shutdown = async move { drop(stopped.await) };
    let service = router(app.engine.clone(), options);
    let task = tokio::spawn(serve(listener, service, shutdown, drain_limit));
    (app, Running { address, stop, task })
}

/// Sends bytes and reads until the server closes.
async fn exchange(address: SocketAddr, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(address).await.expect("it accepts");
    socket.write_all(bytes).await.expect("it reads");
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.expect("it answers");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_large_body_is_refused_with_an_answer_not_a_broken_pipe() {
    let (app, server) = run(ProxyOptions::default(), Duration::from_secs(1)).await;
    let key = create_sdk_key(&app.engine, &app.team, Rights::ALL).await;
    let head = |length: usize, more: &str| {
        format!(
            "POST /api/v1/workspace HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\
             content-length: {length}\r\nconnection: close\r\n{more}\r\n"
        )
    };
    let mut request = head(2 << 20, "").into_bytes();
    request.resize(request.len() + (2 << 20), b' ');
    let answer = exchange(server.address, &request).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("body_too_large"), "{answer}");

    // Whoever asks first is told before sending anything.
    let answer =
        exchange(server.address, head(2 << 20, "expect: 100-continue\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    let options =
        ProxyOptions { request_timeout: Duration::from_millis(50), ..ProxyOptions::default() };
    let (app, server) = run(options, Duration::from_secs(1)).await;
    let key = create_sdk_key(&app.engine, &app.team, Rights::ALL).await;
    // Verify does not pass the router, and so none of its layers.
    for path in ["/api/v1/workspace", "/api/v1/api-key/verify"] {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\
             content-length: 100\r\nconnection: close\r\n\r\n{{\"name\":"
        );
        let answer = exchange(server.address, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 503 "), "{path}: {answer}");
        assert!(answer.contains(r#""reason":"timeout""#), "{path}: {answer}");
    }
}

/// The first request, every later one, and one that never comes.
#[tokio::test]
async fn a_head_that_never_ends_is_given_up() {
    let options =
        ProxyOptions { head_timeout: Duration::from_millis(100), ..ProxyOptions::default() };
    let (_app, server) = run(options, Duration::from_secs(1)).await;
    let health = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let half = "GET /healthz HTTP/1.1\r\nhost: ";
    for (sent, answers) in
        [(half.to_owned(), 0), (format!("{health}{half}"), 1), (String::new(), 0)]
    {
        let given_up = exchange(server.address, sent.as_bytes());
        let answer = tokio::time::timeout(Duration::from_secs(5), given_up).await;
        let answer = answer.expect("the server closes");
        assert_eq!(answer.matches("HTTP/1.1 200 ").count(), answers, "{sent:?}: {answer}");
    }
    // One byte at a time is no way to stay.
    let mut socket = TcpStream::connect(server.address).await.expect("it accepts");
    let trickle = async {
        for byte in half.as_bytes().iter().cycle() {
            if socket.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), trickle).await.expect("the server closes");
    // A slow answer is another matter.
    let patient = ProxyOptions {
        head_timeout: Duration::from_millis(50),
        ..slow(Duration::from_millis(300))
    };
    let (_app, server) = run(patient, Duration::from_secs(1)).await;
    let answer = exchange(server.address, SLOW).await;
    assert!(answer.ends_with("done"), "{answer}");
}

/// What hyper refuses before there is a request: docs/http-api.md, "Errors".
#[tokio::test]
async fn what_is_no_request_yet_is_refused_bare() {
    let (_app, server) = run(ProxyOptions::default(), Duration::from_secs(1)).await;
    let headers: String = (0..101).map(|at| format!("x-{at}: y\r\n")).collect();
    for (sent, status) in [
        (format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{headers}\r\n"), "431"),
        (format!("GET /healthz?{} HTTP/1.1\r\nhost: x\r\n\r\n", "y".repeat(70_000)), "414"),
        ("GET /healthz HTTP/1.1\r\nno header\r\n\r\n".to_owned(), "400"),
    ] {
        let answer = exchange(server.address, sent.as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(answer.contains("connection: close\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn a_body_in_pieces_is_put_together() {
    let (app, server) = run(ProxyOptions::default(), Duration::from_secs(1)).await;
    let key = create_sdk_key(&app.engine, &app.team, Rights::ALL).await;
    let mut socket = TcpStream::connect(server.address).await.expect("it accepts");
    socket.set_nodelay(true).expect("a socket");
    let head = format!(
        "POST /api/v1/api-key/verify HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\
         transfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    );
    for piece in [head.as_str(), "8\r\n{\"key\":\"\r\n", "4\r\nx\"}\n\r\n", "0\r\n\r\n"] {
        socket.write_all(piece.as_bytes()).await.expect("it reads");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains(r#""status":"INVALID""#), "{answer}");
}

fn slow(takes: Duration) -> ProxyOptions {
    let handler = move || async move {
        tokio::time::sleep(takes).await;
        "done"
    };
    ProxyOptions {
        extra_routes: Router::new().route("/slow", get(handler)),
        ..ProxyOptions::default()
    }
}

const SLOW: &[u8] = b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n";

#[tokio::test]
async fn what_is_under_way_is_finished_before_it_stops() {
    let (_app, server) = run(slow(Duration::from_millis(200)), Duration::from_secs(10)).await;
    let mut idle = TcpStream::connect(server.address).await.expect("it accepts");
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("it reads");
    let request = tokio::spawn(async move { exchange(server.address, SLOW).await });
    tokio::time::sleep(Duration::from_millis(50)).await;

    server.stop.send(()).expect("it listens");

    assert!(request.await.expect("it ran").ends_with("done"));
    let ended = server.task.await.expect("it ran");
    assert_eq!(ended, Drained::Completely);
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody is let in any more");
}

#[tokio::test]
async fn what_takes_too_long_is_cut_off() {
    let (_app, server) = run(slow(Duration::from_secs(60)), Duration::from_millis(100)).await;
    let _request = tokio::spawn(async move { exchange(server.address, SLOW).await });
    tokio::time::sleep(Duration::from_millis(50)).await;

    server.stop.send(()).expect("it listens");

    let ended = tokio::time::timeout(Duration::from_secs(5), server.task).await.expect("in time");
    assert_eq!(ended.expect("it ran"), Drained::CutOff);
}
