//! The machine in a world that it doesn't see: a source that changes, a network that fails in every
//! way, people who start and stop and ask. All chance comes from a seed, and time costs nothing, so
//! years pass in seconds and a run that fails can be had again.
//!
//! Storms, in which anything can happen, take turns with calms, in which all that is asked for is done.
//! What must hold:
//!
//! 1. Nothing older than what is published is published, except by the first answer after a start.
//! 2. What is published is exactly what the source held at that version, however it came.
//! 3. What the source held when it processed a fetch that succeeded is not missed, and what was older
//!    than what it was asked about is no success.
//! 4. There is at most one fetch and at most one watch.
//! 5. Every ticket is finished once.
//! 6. Values are withdrawn after two denials in a row, and for no other reason.
//! 7. Within one longest pause of a calm the source has been reached; by its end, what is published is
//!    what the source holds, and where a watch can be had it is open.
//! 8. Nothing is due again and again without being done.
//!
//! `cargo test` runs a few hundred thousand steps. `SECRET_MANAGER_SIMULATION_STEPS` and
//! `SECRET_MANAGER_SIMULATION_SEED` ask for others:
//!
//! ```sh
//! SECRET_MANAGER_SIMULATION_STEPS=20000000 cargo test --release -p secret-manager-sync simulation
//! ```

mod engine;
mod fleet;
mod source;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use secret_manager_source::{Failure, Remedy};

use crate::machine::{Answer, Event, Heard, Machine, Ticket};
use crate::status::State;

const STEPS: u64 = 300_000;
const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
/// See `schedule.rs`; a fetch that hangs ends after half a minute, and a watch after less than one.
const LONGEST_PAUSE: u64 = 5 * MINUTE;
const NAMES: usize = 4;

/// For each name the version at which it was changed last: stands for values.
type Content = [u64; NAMES];

enum Happening {
    Change,
    Person,
    /// A storm or a calm begins.
    Weather,
    /// Long enough after the end of a storm.
    Reached,
    /// A request is at the source.
    Asked {
        fetch: u64,
        held: Option<u64>,
    },
    /// Its answer is at the engine.
    Answered {
        fetch: u64,
        held: Option<u64>,
        answer: Answer,
        holds: Option<(u64, Content)>,
    },
    WatchAsked {
        watch: u64,
        since: u64,
        resumed: bool,
    },
    Told {
        watch: u64,
        heard: Heard,
        content: Content,
    },
    Beat {
        watch: u64,
    },
    Cut {
        watch: u64,
        remedy: Remedy,
    },
}

struct World {
    random: fastrand::Rng,
    begin: Instant,
    /// Milliseconds since the beginning.
    now: u64,
    queue: BinaryHeap<(Reverse<u64>, Reverse<u64>)>,
    happenings: std::collections::HashMap<u64, Happening>,
    next: u64,
    storm: bool,

    machine: Machine,
    interval: u64,
    live: bool,
    fetch: Option<u64>,
    watch: Option<u64>,
    /// What the answer, or the end of the delta, that is being handled holds.
    at_hand: Option<(u64, Content)>,
    /// Where that delta begins.
    begins: u64,
    published: Option<(u64, Content)>,
    just_started: bool,
    denials: u32,
    issued: Ticket,
    finished: Vec<bool>,

    /// What the source holds at each version.
    history: Vec<Content>,
    /// Up to where the open watch was told, and when it was told last.
    told: u64,
    told_at: u64,
    /// The watch is open, and nothing comes through any more.
    half_open: bool,
    /// The watch was resumed, and what was asked for with that isn't answered.
    resuming: bool,
    /// Over how long the source wants starts to be spread.
    spread: Duration,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut world = Self {
            random: fastrand::Rng::with_seed(seed),
            begin: Instant::now(),
            now: 0,
            queue: BinaryHeap::new(),
            happenings: std::collections::HashMap::new(),
            next: 0,
            storm: false,
            machine: Machine::default(),
            interval: MINUTE,
            live: true,
            fetch: None,
            watch: None,
            at_hand: None,
            begins: 0,
            published: None,
            just_started: true,
            denials: 0,
            issued: 0,
            finished: Vec::new(),
            history: vec![[0; NAMES]],
            told: 0,
            told_at: 0,
            half_open: false,
            resuming: false,
            spread: Duration::ZERO,
        };
        world.start();
        world.after(SECOND, Happening::Weather);
        world.after(SECOND, Happening::Change);
        world.after(SECOND, Happening::Person);
        world
    }

    fn run(&mut self, steps: u64) {
        let mut in_a_row = 0;
        for _ in 0..steps {
            let due = self.machine.due().map(|due| {
                let pause = due.saturating_duration_since(self.begin).as_nanos();
                u64::try_from(pause.div_ceil(1_000_000)).unwrap()
            });
            let next = self.queue.peek().map(|(Reverse(at), _)| *at).unwrap();
            match due {
                Some(due) if due <= next => {
                    in_a_row = if due > self.now { 0 } else { in_a_row + 1 };
                    assert!(in_a_row < 3, "8: it is due again and again");
                    self.now = self.now.max(due);
                    self.tell(Event::Due);
                }
                _ => {
                    let (Reverse(at), Reverse(id)) = self.queue.pop().unwrap();
                    self.now = at;
                    let happening = self.happenings.remove(&id).unwrap();
                    self.happen(happening);
                }
            }
        }
        self.tell(Event::Stop);
        assert!(self.finished.iter().all(|finished| *finished), "5: a ticket was forgotten");
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Change => self.change(),
            Happening::Person => self.person(),
            Happening::Weather => self.weather(),
            Happening::Reached => {
                assert_eq!(self.machine.state(), State::Synced, "7: the source wasn't reached");
            }
            Happening::Asked { fetch, held } => self.asked(fetch, held),
            Happening::Answered { fetch, held, answer, holds } if self.fetch == Some(fetch) => {
                self.answered(held, answer, holds);
            }
            Happening::WatchAsked { watch, since, resumed } if self.watch == Some(watch) => {
                self.watch_asked(watch, since, resumed);
            }
            Happening::Told { watch, heard, content } if self.watch == Some(watch) => {
                if let Heard::Change { from, version, .. } = &heard {
                    self.at_hand = Some((*version, content));
                    self.begins = *from;
                }
                let resumed = matches!(heard, Heard::Alive) && std::mem::take(&mut self.resuming);
                if resumed {
                    self.machine.told_spread(self.spread);
                }
                self.tell(Event::Heard(heard));
                if resumed {
                    assert_eq!(self.machine.state(), State::Synced, "3: not confirmed");
                    self.just_started = false;
                }
            }
            Happening::Beat { watch } if self.watch == Some(watch) => {
                self.say(watch, Heard::Alive, self.version());
                self.after(15 * SECOND, Happening::Beat { watch });
            }
            Happening::Cut { watch, remedy } if self.watch == Some(watch) => {
                self.tell(Event::Deaf(Failure::new(remedy, "simulated")));
            }
            // Of a fetch or watch that was given up meanwhile.
            _ => {}
        }
    }

    // What people and the source do.

    fn change(&mut self) {
        if self.storm {
            let mut content = *self.history.last().unwrap();
            let name = self.random.usize(..NAMES);
            content[name] = self.version() + 1;
            self.history.push(content);
            if let Some(watch) = self.watch {
                self.tell_watch(watch);
            }
        }
        let most = [SECOND, MINUTE, 10 * MINUTE][self.random.usize(..3)];
        let pause = self.random.u64(1..most);
        self.after(pause, Happening::Change);
    }

    fn person(&mut self) {
        if self.storm {
            match self.random.u8(..10) {
                0 => self.start(),
                1 => self.tell(Event::Stop),
                _ => {
                    let ticket = self.ticket();
                    self.tell(Event::Sync(ticket));
                }
            }
        }
        let pause = self.random.u64(1..5 * MINUTE);
        self.after(pause, Happening::Person);
    }

    fn weather(&mut self) {
        self.storm = !self.storm;
        if self.storm {
            if self.now > SECOND {
                self.assert_all_is_well();
            }
            self.spread = Duration::from_secs([0, 30, 100][self.random.usize(..3)]);
            let storm = self.random.u64(1..30 * MINUTE);
            self.after(storm, Happening::Weather);
            return;
        }
        if self.machine.state() == State::Idle {
            self.start();
        }
        let reached = LONGEST_PAUSE + MINUTE;
        self.after(reached, Happening::Reached);
        self.after(reached + self.interval * 11 / 10 + MINUTE, Happening::Weather);
    }

    fn start(&mut self) {
        self.interval = [SECOND, MINUTE, 30 * MINUTE][self.random.usize(..3)];
        self.live = self.random.u8(..4) > 0;
        self.just_started = true;
        self.denials = 0;
        let interval = Duration::from_millis(self.interval);
        let ticket = self.ticket();
        let kept = self.published.is_some() && self.random.bool();
        self.tell(Event::Start { interval, live: self.live, kept, ticket });
    }

    fn ticket(&mut self) -> Ticket {
        self.issued += 1;
        self.finished.push(false);
        self.issued
    }

    fn version(&self) -> u64 {
        self.history.len() as u64 - 1
    }

    fn after(&mut self, pause: u64, happening: Happening) {
        self.next += 1;
        self.happenings.insert(self.next, happening);
        self.queue.push((Reverse(self.now + pause), Reverse(self.next)));
    }
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

#[test]
fn simulation() {
    let steps = from_environment("SECRET_MANAGER_SIMULATION_STEPS").unwrap_or(STEPS);
    let seed = from_environment("SECRET_MANAGER_SIMULATION_SEED");
    let (seeds, steps) = match seed {
        Some(seed) => (seed..seed + 1, steps),
        None => (0..20, steps / 20),
    };
    for seed in seeds {
        // Shown when the test fails, so that the run can be had again.
        eprintln!("SECRET_MANAGER_SIMULATION_SEED={seed} SECRET_MANAGER_SIMULATION_STEPS={steps}");
        World::new(seed).run(steps);
    }
}
