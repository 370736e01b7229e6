//! The load of `npm run bench -- service`: a number of connections, each of which sends a request,
//! reads the answer, and begins again.
//!
//! It does as little as it can for each request, so that it isn't what is measured: one thread, the
//! request rendered once, the answer's head parsed in place and its body counted and dropped. It goes
//! to this machine only, and for at most a minute. What it prints is one JSON document.

#![expect(clippy::print_stdout, reason = "the one who started it reads the figures there")]

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use clap::Parser;
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const LONGEST: f64 = 60.0;

/// Large answers come in few pieces.
const BUFFER: usize = 256 * 1024;

#[derive(Parser)]
struct Arguments {
    address: SocketAddr,
    /// Path and query; `{connection}` stands for the connection's number, here and in the body
    path: String,
    #[arg(long, default_value = "GET")]
    method: String,
    #[arg(long)]
    header: Vec<String>,
    #[arg(long)]
    body: Option<String>,
    /// Which statuses are right; any other one ends the run
    #[arg(long, required = true)]
    status: Vec<u16>,
    #[arg(long)]
    connections: usize,
    /// Before anything is counted, in seconds
    #[arg(long)]
    warm_up: f64,
    /// Counted, in seconds
    #[arg(long)]
    seconds: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    /// Within the counted time.
    requests: usize,
    /// From the first to the last.
    all: usize,
    /// In microseconds.
    p50: u32,
    p99: u32,
    /// How much of one processor this generator took: near 1 it is what limits the figures.
    own_load: f64,
}

/// When answers count.
#[derive(Clone, Copy)]
struct Window {
    start: Instant,
    end: Instant,
}

/// Of one connection.
#[derive(Default)]
struct Answers {
    all: usize,
    /// Of those within the window, in microseconds.
    latencies: Vec<u32>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    if !arguments.address.ip().is_loopback() || arguments.warm_up + arguments.seconds > LONGEST {
        return Err("only to this machine, and for at most a minute".into());
    }
    let mut streams = Vec::with_capacity(arguments.connections);
    for _ in 0..arguments.connections {
        let stream = TcpStream::connect(arguments.address).await?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let start = Instant::now() + Duration::from_secs_f64(arguments.warm_up);
    let window = Window { start, end: start + Duration::from_secs_f64(arguments.seconds) };
    let busy_before = processor_time()?;
    let began = Instant::now();
    let mut connections = tokio::task::JoinSet::new();
    for (number, stream) in streams.into_iter().enumerate() {
        let request = arguments.request(number);
        connections.spawn(repeat(stream, request, arguments.status.clone(), window));
    }
    let mut all = 0;
    let mut latencies = Vec::new();
    while let Some(connection) = connections.join_next().await {
        let answers = connection??;
        all += answers.all;
        latencies.extend(answers.latencies);
    }
    let own_load = (processor_time()? - busy_before).as_secs_f64() / began.elapsed().as_secs_f64();
    latencies.sort_unstable();
    let Some(last) = latencies.len().checked_sub(1) else {
        return Err("no answer came in time".into());
    };
    let report = Report {
        requests: latencies.len(),
        all,
        p50: latencies[last / 2],
        p99: latencies[last * 99 / 100],
        own_load,
    };
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}

impl Arguments {
    fn request(&self, connection: usize) -> Vec<u8> {
        let fill = |text: &str| text.replace("{connection}", &connection.to_string());
        let body = self.body.as_deref().map(fill).unwrap_or_default();
        let mut request =
            format!("{} {} HTTP/1.1\r\nHost: {}\r\n", self.method, fill(&self.path), self.address);
        for header in &self.header {
            request.push_str(header);
            request.push_str("\r\n");
        }
        if self.body.is_some() {
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        request.push_str(&body);
        request.into_bytes()
    }
}

async fn repeat(
    mut stream: TcpStream,
    request: Vec<u8>,
    statuses: Vec<u16>,
    window: Window,
) -> io::Result<Answers> {
    let mut buffer = vec![0; BUFFER];
    let mut answers = Answers::default();
    loop {
        let sent = Instant::now();
        stream.write_all(&request).await?;
        let status = answer(&mut stream, &mut buffer).await?;
        let done = Instant::now();
        if !statuses.contains(&status) {
            return Err(io::Error::other(format!("an answer with status {status}")));
        }
        answers.all += 1;
        if done >= window.end {
            return Ok(answers);
        }
        if done >= window.start {
            let latency = u32::try_from((done - sent).as_micros()).unwrap_or(u32::MAX);
            answers.latencies.push(latency);
        }
    }
}

/// Reads one answer to its end and returns its status.
async fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<u16> {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        filled += read;
        let Some((status, length)) = head(&buffer[..filled])? else { continue };
        let mut left = length.saturating_sub(filled);
        while left > 0 {
            let most = left.min(buffer.len());
            match stream.read(&mut buffer[..most]).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => left -= read,
            }
        }
        return Ok(status);
    }
}

/// The status, and the length of head and body together; `None` while the head isn't whole.
fn head(bytes: &[u8]) -> io::Result<Option<(u16, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let head = match response.parse(bytes).map_err(io::Error::other)? {
        httparse::Status::Complete(length) => length,
        httparse::Status::Partial => return Ok(None),
    };
    let status = response.code.unwrap_or_default();
    if matches!(status, 204 | 304) {
        return Ok(Some((status, head)));
    }
    let length = response
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))
        .and_then(|header| std::str::from_utf8(header.value).ok()?.parse::<usize>().ok())
        .ok_or_else(|| io::Error::other("an answer without Content-Length"))?;
    Ok(Some((status, head + length)))
}

/// What this thread spent on a processor so far, from the scheduler.
fn processor_time() -> io::Result<Duration> {
    let times = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos = times.split(' ').next().and_then(|number| number.parse().ok());
    nanos.map(Duration::from_nanos).ok_or_else(|| io::Error::other("no time in schedstat"))
}
