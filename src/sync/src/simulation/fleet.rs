//! A thousand engines on one source: what it is asked in each second when all of them start at once, and
//! when it comes back after it was away. Like everything here without a clock of its own.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use secret_manager_source::{Failure, Remedy};

use crate::machine::{Action, Answer, Event, Heard, Machine};
use crate::status::State;

const ENGINES: usize = 1_000;
/// The default Autosync.
const INTERVAL: u64 = 60 * SECOND;
const SECOND: u64 = 1_000;
/// From a request to its answer.
const LATENCY: u64 = 5;
/// What the service asks of so many.
const SPREAD: Duration = Duration::from_secs(120);
/// In a second, once all is as ever.
const STEADY: f64 = ENGINES as f64 / (INTERVAL / SECOND) as f64;

/// What comes to an engine.
enum Arrival {
    Due,
    Event(Event),
    /// Something comes on each watch at least each 15 s.
    Beat,
}

struct Fleet {
    random: fastrand::Rng,
    begin: Instant,
    now: u64,
    machines: Vec<Machine>,
    /// Each watch has another number; what comes on an old one comes to nobody.
    watches: Vec<Option<u64>>,
    queue: BinaryHeap<(Reverse<u64>, Reverse<u64>)>,
    arrivals: Vec<Option<(usize, Option<u64>, Arrival)>>,
    /// The source can't be reached before.
    away_until: u64,
    /// What the engines have is not what the source has.
    is_changed: bool,
    /// When the source was asked something, and how often engines were refused.
    requests: Vec<u64>,
    refused: usize,
}

impl Fleet {
    /// All processes have just started, with what they had before.
    fn started(seed: u64) -> Self {
        let mut fleet = Self {
            random: fastrand::Rng::with_seed(seed),
            begin: Instant::now(),
            now: 0,
            machines: Vec::new(),
            watches: vec![None; ENGINES],
            queue: BinaryHeap::new(),
            arrivals: Vec::new(),
            away_until: 0,
            is_changed: false,
            requests: Vec::new(),
            refused: 0,
        };
        for _ in 0..ENGINES {
            let mut machine = Machine::default();
            machine.restored("s".into(), 1);
            machine.kept_spread(SPREAD);
            fleet.machines.push(machine);
        }
        for engine in 0..ENGINES {
            let interval = Duration::from_millis(INTERVAL);
            let start = Event::Start { interval, live: true, kept: true, ticket: 1 };
            fleet.tell(engine, start);
        }
        fleet
    }

    /// The source goes away for a while, and with it all watches.
    fn cut(&mut self, away: u64) {
        self.away_until = self.now + away;
        for engine in 0..ENGINES {
            self.tell(engine, Event::Deaf(Failure::new(Remedy::Retry, "simulated")));
        }
    }

    fn run(&mut self, until: u64) {
        while let Some((Reverse(at), _)) = self.queue.peek()
            && *at <= until
        {
            let (Reverse(at), Reverse(id)) = self.queue.pop().unwrap();
            self.now = at;
            let (engine, watch, arrival) = self.arrivals[id as usize].take().unwrap();
            if watch.is_some() && self.watches[engine] != watch {
                continue;
            }
            match arrival {
                Arrival::Due => {
                    let now = self.begin + Duration::from_millis(self.now);
                    if self.machines[engine].due().is_some_and(|due| due <= now) {
                        self.tell(engine, Event::Due);
                    }
                }
                Arrival::Event(event) => {
                    self.machines[engine].told_spread(SPREAD);
                    self.tell(engine, event);
                }
                Arrival::Beat => {
                    self.tell(engine, Event::Heard(Heard::Alive));
                    self.after(15 * SECOND, engine, watch, Arrival::Beat);
                }
            }
        }
        self.now = until;
    }

    fn tell(&mut self, engine: usize, event: Event) {
        let now = self.begin + Duration::from_millis(self.now);
        let random = self.random.f64();
        for action in self.machines[engine].handle(event, now, random) {
            match action {
                Action::Fetch => self.fetch(engine),
                Action::Watch => self.watch(engine, Heard::Alive),
                Action::Resume if self.is_changed => self.watch(engine, Heard::Behind),
                Action::Resume => self.watch(engine, Heard::Alive),
                Action::Unwatch => self.watches[engine] = None,
                _ => {}
            }
        }
        if let Some(due) = self.machines[engine].due() {
            let pause = due.saturating_duration_since(now).as_nanos().div_ceil(1_000_000);
            self.after(u64::try_from(pause).unwrap(), engine, None, Arrival::Due);
        }
    }

    /// Whether a request reaches the source.
    fn asks(&mut self) -> bool {
        let reached = self.now >= self.away_until;
        if reached {
            self.requests.push(self.now);
        } else {
            self.refused += 1;
        }
        reached
    }

    fn fetch(&mut self, engine: usize) {
        let answer = match self.asks() {
            false => Answer::Failed(Failure::new(Remedy::Retry, "simulated")),
            true if self.is_changed => Answer::Snapshot { space: "s".into(), version: 2 },
            true => Answer::Unchanged,
        };
        self.after(LATENCY, engine, None, Arrival::Event(Event::Fetched(answer)));
    }

    fn watch(&mut self, engine: usize, first: Heard) {
        let watch = Some(self.arrivals.len() as u64);
        self.watches[engine] = watch;
        if self.asks() {
            self.after(LATENCY, engine, watch, Arrival::Event(Event::Heard(first)));
            self.after(15 * SECOND, engine, watch, Arrival::Beat);
        } else {
            let deaf = Event::Deaf(Failure::new(Remedy::Retry, "simulated"));
            self.after(LATENCY, engine, watch, Arrival::Event(deaf));
        }
    }

    fn after(&mut self, pause: u64, engine: usize, watch: Option<u64>, arrival: Arrival) {
        self.queue.push((Reverse(self.now + pause), Reverse(self.arrivals.len() as u64)));
        self.arrivals.push(Some((engine, watch, arrival)));
    }

    /// The most requests in any second, as a multiple of what there is in a second once all is as ever.
    fn peak(&self) -> f64 {
        let requests = &self.requests;
        let within =
            |first: usize| requests[first..].partition_point(|at| *at < requests[first] + SECOND);
        let most = (0..requests.len()).map(within).max().unwrap_or(0);
        most as f64 / STEADY
    }

    fn assert_all_are_live(&self) {
        let live = |machine: &&Machine| machine.is_live() && machine.state() == State::Synced;
        assert_eq!(self.machines.iter().filter(live).count(), ENGINES);
    }
}

#[test]
fn a_thousand_engines_that_start_at_once_come_one_after_the_other() {
    for seed in 0..3 {
        let mut fleet = Fleet::started(seed);
        fleet.run(5 * 60 * SECOND);
        fleet.assert_all_are_live();
        assert!(fleet.peak() <= 3.0, "{}", fleet.peak());
    }
}

#[test]
fn so_they_do_after_the_source_was_away() {
    for (seed, away) in [(0, 0), (1, 2), (2, 30), (3, 90), (4, 600)] {
        let mut fleet = Fleet::started(seed);
        fleet.run(5 * 60 * SECOND);
        fleet.requests.clear();
        fleet.cut(away * SECOND);
        fleet.run(30 * 60 * SECOND);
        fleet.assert_all_are_live();
        assert!(fleet.peak() <= 3.0, "{} after {away} s", fleet.peak());
        assert!(away > 0 || fleet.refused == 0);
    }
}

/// Then each of them needs two requests.
#[test]
fn and_when_something_was_changed_meanwhile() {
    for seed in 0..3 {
        let mut fleet = Fleet::started(seed);
        fleet.is_changed = true;
        fleet.run(5 * 60 * SECOND);
        assert!(fleet.peak() <= 3.0, "{}", fleet.peak());
    }
}
