//! The engines of `npm run bench -- live` and `restart`: many of them in one process, each with a
//! connection of its own, on one thread as in Node.js.
//!
//! It is told what to do on its standard input and answers with one JSON document a line. When the
//! secret `SEQUENCE` changes, the time at which an engine can read the new value is noted, on the clock
//! that all processes of the machine share.

#![expect(clippy::print_stdout, reason = "the one who started it reads the figures there")]

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use clap::Parser;
use secret_manager_model::Timestamp;
use secret_manager_source::{Config, ServiceConfig, Tls};
use secret_manager_sync::{Cache, Engine, Plan, State};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// Between the starts of two engines, unless all are to start at once.
const PAUSE: Duration = Duration::from_millis(1);

/// Between two looks at what all engines say of themselves.
const LOOK: Duration = Duration::from_millis(50);

#[derive(Parser)]
struct Arguments {
    url: String,
    #[arg(long, env = "BENCH_TOKEN", hide_env_values = true)]
    token: String,
    #[arg(long)]
    engines: usize,
    /// Seconds from one sync to the next
    #[arg(long, default_value_t = 60)]
    autosync: u64,
    /// Where the engines have their last-good caches
    #[arg(long)]
    caches: Option<PathBuf>,
    /// Start all engines in the same moment
    #[arg(long)]
    at_once: bool,
}

/// What has happened so far.
#[derive(Default)]
struct Record {
    /// Of each engine: which number it could read from when on, in nanoseconds.
    arrivals: Vec<Vec<(u64, u64)>>,
    /// Failed syncs of which an engine told.
    failures: Vec<String>,
    /// When the last engine could read something, in milliseconds from the start.
    readable: Option<u128>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let began = Instant::now();
    let (told, mut news) = mpsc::unbounded_channel();
    let mut engines = Vec::with_capacity(arguments.engines);
    let mut record = Record { arrivals: vec![Vec::new(); arguments.engines], ..Record::default() };
    let mut commands = BufReader::new(tokio::io::stdin()).lines();
    for number in 0..arguments.engines {
        let told = told.clone();
        let notify = Box::new(move || _ = told.send(number));
        let engine = Engine::new(&Handle::current(), Arc::new(now), number as u64, notify);
        engine.start(arguments.plan(number)?);
        engines.push(engine);
        if !arguments.at_once {
            tokio::time::sleep(PAUSE).await;
        }
    }
    loop {
        tokio::select! {
            biased;
            Some(number) = news.recv() => {
                let engine = &engines[number];
                note(number, engine, &mut record)?;
                if record.readable.is_none() && engines.iter().all(|engine| engine.has("SEQUENCE")) {
                    record.readable = Some(began.elapsed().as_millis());
                }
            }
            command = commands.next_line() => match command?.as_deref() {
                Some("live") => {
                    // Meanwhile news wait; nothing is measured before all engines are there.
                    while !engines.iter().all(|engine| engine.status().live) {
                        tokio::time::sleep(LOOK).await;
                    }
                    println!("{}", json!({ "engines": engines.len() }));
                }
                Some("arrivals") => {
                    println!("{}", json!(record.arrivals));
                }
                Some("state") => println!("{}", state(&engines, &record)),
                _ => return Ok(()),
            },
        }
    }
}

impl Arguments {
    fn plan(&self, number: usize) -> Result<Plan, Box<dyn Error>> {
        let config = Config::Service(ServiceConfig {
            url: self.url.clone(),
            token: Zeroizing::new(self.token.clone()),
            allow_http: false,
            tls: Tls::default(),
        });
        let source = config.open().map_err(|failure| failure.message)?;
        let cache = self.caches.as_ref();
        Ok(Plan {
            source,
            interval: Duration::from_secs(self.autosync),
            live: true,
            cache: cache.map(|caches| Cache::new(caches.join(number.to_string()), "SECRETS", "")),
        })
    }
}

fn note(number: usize, engine: &Engine, record: &mut Record) -> Result<(), Box<dyn Error>> {
    let mut news = engine.drain();
    if let Some(change) = news.change.take() {
        let sequence = engine.read("SEQUENCE", |json| json.trim_matches('"').parse::<u64>());
        if let Some(sequence) = sequence {
            record.arrivals[number].push((sequence?, monotonic()));
        }
        engine.give_back(change);
    }
    if let Some(failure) = engine.status().failure
        && news.state_changed
    {
        record.failures.push(failure.message);
    }
    Ok(())
}

fn state(engines: &[Engine], record: &Record) -> serde_json::Value {
    let count =
        |wanted: fn(&Engine) -> bool| engines.iter().filter(|engine| wanted(engine)).count();
    json!({
        "readable": count(|engine| engine.has("SEQUENCE")),
        "readableAfter": record.readable.and_then(|millis| u64::try_from(millis).ok()),
        "synced": count(|engine| engine.status().state == State::Synced),
        "live": count(|engine| engine.status().live),
        "failures": record.failures,
    })
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let millis = i64::try_from(since.as_millis()).ok();
    millis.and_then(Timestamp::from_millis).unwrap_or(Timestamp::EPOCH)
}

/// The clock of Node.js' `process.hrtime`.
#[cfg(unix)]
fn monotonic() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    (time.tv_sec.unsigned_abs()) * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}

/// The bench runs on Linux only; the example is compiled everywhere.
#[cfg(not(unix))]
fn monotonic() -> u64 {
    0
}
