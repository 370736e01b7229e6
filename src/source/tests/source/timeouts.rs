//! Who doesn't answer is not waited for. The clock jumps to the next deadline by itself as soon as
//! nothing else happens.

use std::time::Duration;

use secret_manager_source::{Config, Failure, Remedy};
use secret_manager_testkit::{Hole, Reply, Server};
use tokio::time::Instant;

use crate::{SNAPSHOT, config};

/// How a fetch fails, and after how many seconds.
async fn fetch(url: String) -> (Failure, u64) {
    let begin = Instant::now();
    let source = Config::Service(config(url)).open().unwrap();
    let failure = source.fetch(None).await.expect_err("a failure");
    (failure, begin.elapsed().as_secs())
}

#[tokio::test]
async fn a_black_hole_has_five_seconds_to_connect() {
    let hole = Hole::open().await;
    tokio::time::pause();
    let (failure, seconds) = fetch(hole.url()).await;
    assert_eq!((failure.remedy, seconds), (Remedy::Retry, 5), "{failure}");
    assert_eq!(failure.message, "no connection in time");
}

#[tokio::test(start_paused = true)]
async fn an_answer_has_thirty_seconds_in_all() {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", SNAPSHOT.len());
    let begun = [head.as_bytes(), &SNAPSHOT.as_bytes()[..100]].concat();
    // Byte by byte, and each of them in time.
    let drip: Vec<_> = head.bytes().chain(SNAPSHOT.bytes()).map(|byte| vec![byte]).collect();
    let slow = Duration::from_secs(1);
    for (name, reply) in [
        ("half-open", Reply::Silence),
        ("stuck in the middle", Reply::Held(begun)),
        ("dripping", Reply::Pieces { pieces: drip, pause: slow }),
    ] {
        let reply = std::sync::Mutex::new(Some(reply));
        let server = Server::http(move |_| reply.lock().unwrap().take().unwrap()).await;
        let (failure, seconds) = fetch(server.url()).await;
        assert_eq!((failure.remedy, seconds), (Remedy::Retry, 30), "{name}: {failure}");
        assert_eq!(failure.message, "no answer in time", "{name}");
    }
}
