//! The load of `npm run bench -- watchers`: many open event streams, on one thread, with as little
//! memory and work for each as can be.
//!
//! It is told what to do on its standard input and answers with one JSON document a line. It goes to
//! this machine only.

#![expect(clippy::print_stdout, reason = "the one who started it reads the figures there")]

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Parser;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

#[path = "../src/descriptors.rs"]
mod descriptors;

/// So many connections are made at once; more would wait in the server's queue.
const AT_ONCE: usize = 64;

/// How often it is looked whether all are there.
const LOOK: Duration = Duration::from_millis(5);

#[derive(Parser)]
struct Arguments {
    address: SocketAddr,
    path: String,
    #[arg(long)]
    connections: usize,
    /// Of one access token each, in turn
    #[arg(long)]
    header: Vec<String>,
}

/// What has come so far on all streams.
#[derive(Default)]
struct Come {
    open: usize,
    /// Ended or failed, and why.
    gone: Vec<String>,
    /// How many streams have had an event with this number, and when the last one had it, in
    /// nanoseconds.
    events: BTreeMap<u64, (usize, u64)>,
    heartbeats: usize,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    if !arguments.address.ip().is_loopback() {
        return Err("only to this machine".into());
    }
    if descriptors::room_for(arguments.connections) < arguments.connections {
        return Err("the limit of open files is too low for so many connections".into());
    }
    let come = Arc::new(Mutex::new(Come::default()));
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    for number in 0..arguments.connections {
        let request = arguments.request(number);
        let (turns, come) = (Arc::clone(&turns), Arc::clone(&come));
        let address = arguments.address;
        tokio::spawn(async move {
            let outcome = watch(address, request, &turns, &come).await;
            let why =
                outcome.err().map_or_else(|| "it ended".to_owned(), |error| error.to_string());
            lock(&come).gone.push(why);
        });
    }
    let mut commands = BufReader::new(tokio::io::stdin()).lines();
    while let Some(command) = commands.next_line().await? {
        let answer = match command.split_once(' ') {
            None if command == "open" => {
                until(|| lock(&come).open == arguments.connections, &come).await?;
                json!({ "open": arguments.connections })
            }
            None => {
                let come = lock(&come);
                json!({ "open": come.open, "gone": come.gone, "heartbeats": come.heartbeats })
            }
            Some((_, number)) => {
                let number = number.parse()?;
                let all = |events: &BTreeMap<u64, (usize, u64)>| {
                    let (count, last) = events.get(&number).copied()?;
                    (count == arguments.connections).then_some(last)
                };
                until(|| all(&lock(&come).events).is_some(), &come).await?;
                json!({ "last": all(&lock(&come).events) })
            }
        };
        println!("{answer}");
    }
    Ok(())
}

async fn until(mut done: impl FnMut() -> bool, come: &Mutex<Come>) -> Result<(), String> {
    while !done() {
        if let Some(why) = lock(come).gone.first() {
            return Err(format!("a stream is gone: {why}"));
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

impl Arguments {
    fn request(&self, connection: usize) -> Vec<u8> {
        let Self { address, path, header, .. } = self;
        let header = header.get(connection % header.len().max(1));
        let header = header.map(|header| format!("{header}\r\n")).unwrap_or_default();
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{header}\r\n").into_bytes()
    }
}

/// Opens a stream and reads it to its end.
async fn watch(
    address: SocketAddr,
    request: Vec<u8>,
    turns: &Semaphore,
    come: &Mutex<Come>,
) -> io::Result<()> {
    let turn = turns.acquire().await.map_err(io::Error::other)?;
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&request).await?;
    drop(request);
    let mut turn = Some(turn);
    // On the stack: while nothing comes, a stream takes no room for it.
    loop {
        stream.readable().await?;
        let mut buffer = [0; 4096];
        let read = match stream.try_read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            read => read?,
        };
        if read == 0 {
            return Ok(());
        }
        let text = &buffer[..read];
        let mut come = lock(come);
        if turn.take().is_some() {
            if !text.starts_with(b"HTTP/1.1 200") {
                return Err(io::Error::other("an answer that is not 200"));
            }
            come.open += 1;
        }
        for line in text.split(|byte| *byte == b'\n') {
            if let Some(number) = line.strip_prefix(b"id: ") {
                let number = std::str::from_utf8(number).ok().and_then(|text| text.parse().ok());
                let number = number.ok_or_else(|| io::Error::other("an id that is no number"))?;
                let (count, last) = come.events.entry(number).or_default();
                *count += 1;
                *last = monotonic();
            } else if line.starts_with(b":") {
                come.heartbeats += 1;
            }
        }
    }
}

fn lock(come: &Mutex<Come>) -> std::sync::MutexGuard<'_, Come> {
    come.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The clock of Node.js' `process.hrtime`.
#[cfg(unix)]
fn monotonic() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}

/// The bench runs on Linux only; the example is compiled everywhere.
#[cfg(not(unix))]
fn monotonic() -> u64 {
    0
}
