//! Clients that take no answers, or take them slowly; and how many there may be.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use oneloop_protocol::Rights;
use oneloop_proxy::{Drained, ProxyOptions};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, timeout};

use crate::app::{TestApp, create_sdk_key};
use crate::serve::{Running, run};

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";

const SOON: Duration = Duration::from_secs(8);

/// A server, and two requests with large answers: one for the express lane, one for hyper.
async fn start(request_timeout: Duration) -> (TestApp, Running, [String; 2]) {
    let options = ProxyOptions {
        request_timeout,
        extra_routes: Router::new().route("/large", get(async || vec![b'x'; 8 << 20])),
        ..ProxyOptions::default()
    };
    let (app, server) = run(options, SOON).await;
    let sdk_key = create_sdk_key(&app.engine, &app.team, Rights::ALL).await;
    let metadata: Value = (0..50).map(|at| (at.to_string(), json!("x".repeat(1_024)))).collect();
    let key = app.create_key_with("northwind", json!({ "metadata": metadata })).await;
    let body = json!({ "key": key["key"] }).to_string();
    let verify = format!(
        "POST /api/v1/api-key/verify HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {sdk_key}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let large = "GET /large HTTP/1.1\r\nhost: x\r\n\r\n".to_owned();
    (app, server, [verify, large])
}

/// A client that has room for few bytes only.
async fn small_client(server: &Running) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(16 * 1024).expect("a small buffer");
    socket.connect(server.address).await.expect("it accepts")
}

/// Sends one request after the other, reads nothing, and goes on until the server closes.
async fn ask_without_reading(client: &mut TcpStream, request: &str) {
    let many = request.repeat(1_000);
    while client.write_all(many.as_bytes()).await.is_ok() {}
}

#[tokio::test]
async fn who_takes_no_answers_is_let_go() {
    let (_app, server, requests) = start(Duration::from_millis(300)).await;
    for request in requests {
        let mut client = small_client(&server).await;
        let let_go = timeout(SOON, ask_without_reading(&mut client, &request)).await;
        assert!(let_go.is_ok(), "the server keeps the connection: {request}");
    }
}

#[tokio::test]
async fn who_takes_no_answers_does_not_hold_up_a_stop() {
    let (_app, server, requests) = start(Duration::from_secs(60)).await;
    let [mut express, mut hyper] = [small_client(&server).await, small_client(&server).await];
    let asking = async {
        tokio::join!(
            ask_without_reading(&mut express, &requests[0]),
            ask_without_reading(&mut hyper, &requests[1])
        );
        std::future::pending::<()>().await;
    };
    let stopping = async {
        // Until both stand still.
        sleep(Duration::from_secs(1)).await;
        server.stop.send(()).expect("it listens");
        server.task.await.expect("it ran")
    };
    let drained = tokio::select! {
        drained = stopping => drained,
        () = asking => return,
    };
    assert_eq!(drained, Drained::Completely);
}

#[tokio::test]
async fn who_reads_slowly_gets_all_of_it() {
    let limit = Duration::from_millis(500);
    let (_app, server, _) = start(limit).await;
    let mut client = small_client(&server).await;
    let request = b"GET /large HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    client.write_all(request).await.expect("it reads");
    let (mut answer, begun) = (Vec::new(), Instant::now());
    while begun.elapsed() < 4 * limit {
        let mut piece = [0; 16 * 1024];
        let read = client.read(&mut piece).await.expect("it is not cut off");
        answer.extend_from_slice(&piece[..read]);
        sleep(Duration::from_millis(40)).await;
    }
    client.read_to_end(&mut answer).await.expect("it is not cut off");
    assert!(answer.len() > 8 << 20, "{} bytes", answer.len());
}

#[tokio::test]
async fn who_comes_when_all_places_are_taken_waits_for_one() {
    let options = ProxyOptions { max_connections: 2, ..ProxyOptions::default() };
    let (_app, server) = run(options, Duration::from_secs(1)).await;
    let connect =
        || async { TcpStream::connect(server.address).await.expect("the system accepts") };
    let (mut first, _second, mut third) = (connect().await, connect().await, connect().await);
    let mut answer = [0; 15];
    for client in [&mut first, &mut third] {
        client.write_all(HEALTH.as_bytes()).await.expect("it is kept");
    }
    first.read_exact(&mut answer).await.expect("an answer");
    let early = timeout(Duration::from_millis(300), third.read_exact(&mut answer)).await;
    assert!(early.is_err(), "a third connection was served");
    drop(first);
    timeout(SOON, third.read_exact(&mut answer)).await.expect("its turn").expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
}
