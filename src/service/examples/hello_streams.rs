//! The baseline of `npm run bench -- watchers`: an axum server that does nothing but send each number
//! that is posted to `/change/{number}` to everybody who reads the event stream `/watch`.
//!
//! It prints its address and serves until it is killed.

#![expect(clippy::print_stdout, reason = "the one who started it reads the address there")]

use std::convert::Infallible;
use std::error::Error;
use std::net::Ipv4Addr;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::watch;

#[path = "../src/descriptors.rs"]
mod descriptors;

/// Connections of the load.
const MOST: usize = 16_384;

/// As the service's.
const HEARTBEAT: Duration = Duration::from_secs(15);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    descriptors::room_for(MOST);
    let changes = watch::Sender::new(0_u64);
    let (read, write) = (changes.clone(), changes);
    let router = Router::new().route("/watch", get(async move || stream(read.subscribe()))).route(
        "/change/{number}",
        post(async move |Path(number): Path<u64>| _ = write.send_replace(number)),
    );
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, router).await?)
}

fn stream(
    changes: watch::Receiver<u64>,
) -> Sse<impl futures_util::Stream<Item = Result<Event, Infallible>>> {
    let events = futures_util::stream::unfold(changes, async |mut changes| {
        changes.changed().await.ok()?;
        let number = *changes.borrow_and_update();
        let event = Event::default().id(number.to_string()).event("change").data("{}");
        Some((Ok(event), changes))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT))
}
