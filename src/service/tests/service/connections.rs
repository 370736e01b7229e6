use std::time::Duration;

use secret_manager_service::Timeouts;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http::Service;

fn short() -> Timeouts {
    let short = Duration::from_millis(100);
    Timeouts { handshake: short, header: short, body: short, sending: short, drain: short }
}

/// What the service sends until it closes the connection, which it has to do soon.
async fn ended(stream: &mut TcpStream) -> Vec<u8> {
    let mut reply = Vec::new();
    let reading = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut reply));
    // A connection that is reset has ended as well.
    let _ = reading.await.expect("the service closes the connection");
    reply
}

#[tokio::test]
async fn a_client_that_sends_nothing_or_half_a_head_is_let_go() {
    let service = Service::start_with(|config| config.timeouts = short()).await;
    for sent in ["", "GET /healthz HTTP/1.1\r\nHost: "] {
        let mut stream = TcpStream::connect(service.address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        ended(&mut stream).await;
    }
}

#[tokio::test]
async fn idle_connections_are_closed_too() {
    let service = Service::start_with(|config| config.timeouts = short()).await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    assert!(ended(&mut stream).await.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn a_body_that_takes_too_long_is_not_waited_for() {
    let service =
        Service::start_with(|config| config.timeouts.body = Duration::from_millis(100)).await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    let head = "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\n\
                Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"name\":";
    stream.write_all(head.as_bytes()).await.unwrap();
    let reply = String::from_utf8(ended(&mut stream).await).unwrap();
    assert!(reply.starts_with("HTTP/1.1 408") && reply.contains("body_timeout"), "{reply}");
}

#[tokio::test]
async fn a_client_that_never_reads_its_answer_is_let_go() {
    let service = Service::start_with(|config| {
        config.timeouts.sending = Duration::from_millis(100);
    })
    .await;
    // More than the buffers of both ends hold.
    for n in 0..8 {
        service.put(&format!("BIG_{n}"), &"x".repeat(1_000_000)).await;
    }
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    let head = format!(
        "GET /api/v1/snapshot HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n",
        service.token
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let open =
        async { while !service.metrics().await.contains("secret_manager_connections 1\n") {} };
    tokio::time::timeout(Duration::from_secs(20), open).await.expect("only the asking one is left");
    let reply = ended(&mut stream).await;
    assert!(reply.starts_with(b"HTTP/1.1 200") && reply.len() < 8_000_000, "{}", reply.len());
}

#[tokio::test]
async fn a_connection_answers_many_requests() {
    let service = Service::start().await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    for _ in 0..3 {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        let mut reply = Vec::new();
        while !reply.ends_with(b"{\"status\":\"ok\"}") {
            assert_ne!(stream.read_buf(&mut reply).await.unwrap(), 0);
        }
    }
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_their_turn() {
    let service = Service::start_with(|config| {
        config.connections = 1;
        config.timeouts.header = Duration::from_millis(100);
    })
    .await;
    // Takes the one place and says nothing until it is let go.
    let _first = TcpStream::connect(service.address).await.unwrap();
    let second = tokio::time::timeout(Duration::from_secs(10), service.snapshot(&[]));
    assert_eq!(second.await.expect("its turn comes").status, 200);
}

#[tokio::test]
async fn a_stop_closes_idle_connections_and_takes_no_new_ones() {
    let service = Service::start().await;
    let mut idle = TcpStream::connect(service.address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut reply = Vec::new();
    while !reply.ends_with(b"{\"status\":\"ok\"}") {
        idle.read_buf(&mut reply).await.unwrap();
    }
    service.stop.send(()).unwrap();
    service.stopped.await.unwrap();
    assert_eq!(idle.read(&mut [0]).await.unwrap_or(0), 0);
    assert!(TcpStream::connect(service.address).await.is_err());
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let service = Service::start_with(|config| {
        config.timeouts.drain = Duration::from_millis(50);
        config.timeouts.header = Duration::from_secs(3600);
    })
    .await;
    let mut stuck = TcpStream::connect(service.address).await.unwrap();
    stuck.write_all(b"GET /healthz HTTP/1.1\r\nHost: ").await.unwrap();
    // Answered after the half request was accepted, as connections are taken in turn.
    service.request("GET /healthz", &[]).await;
    service.stop.send(()).unwrap();
    let stopped = tokio::time::timeout(Duration::from_secs(10), service.stopped);
    stopped.await.expect("it stops").unwrap();
}
