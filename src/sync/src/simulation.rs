//! The machine in a world that it doesn't see: a source that changes, a network that fails in every
//! way, people who start and stop and ask. All chance comes from a seed, and time costs nothing, so
//! years pass in seconds and a run that fails can be had again.
//!
//! Storms, in which anything can happen, take turns with calms, in which all that is asked for is done.
//! What must hold:
//!
//! 1. Nothing older than what is published is published, except by the first answer after a start.
//! 2. What is published is exactly what the source held when it had the validator that goes with it,
//!    however it came: also when the source is put back to an older state and then counts through the
//!    same versions with other contents.
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

/// Of so many of its last heads the source knows that they are its own.
const KNOWN: usize = 5;

/// What the source holds under one name: when it was changed last, and what stands for its value. No two
/// values are alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Secret {
    version: u64,
    value: u64,
}

/// The source at one moment. No two of these have the same tag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Head {
    version: u64,
    tag: u64,
    secrets: [Secret; NAMES],
}

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
        held: Option<Head>,
    },
    /// Its answer is at the engine.
    Answered {
        fetch: u64,
        held: Option<Head>,
        answer: Answer,
        holds: Option<Head>,
    },
    WatchAsked {
        watch: u64,
        held: Head,
        resumed: bool,
    },
    Told {
        watch: u64,
        heard: Heard,
        end: Head,
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
    at_hand: Option<Head>,
    /// Where that delta begins.
    begins: u64,
    /// Instead of the answer that is being handled, all there is was asked for.
    asks_again: bool,
    published: Option<Head>,
    just_started: bool,
    denials: u32,
    issued: Ticket,
    finished: Vec<bool>,

    /// What the source held, up to now.
    history: Vec<Head>,
    /// How many different heads there were in all.
    made: u64,
    /// The latest version that there ever was.
    latest: u64,
    /// Up to where the open watch was told, and when it was told last.
    told: Head,
    told_at: u64,
    /// The request for the watch has reached the source.
    opened: bool,
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
            asks_again: false,
            published: None,
            just_started: true,
            denials: 0,
            issued: 0,
            finished: Vec::new(),
            history: vec![Head::default()],
            made: 0,
            latest: 0,
            told: Head::default(),
            told_at: 0,
            opened: false,
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
            Happening::WatchAsked { watch, held, resumed } if self.watch == Some(watch) => {
                self.watch_asked(watch, held, resumed);
            }
            Happening::Told { watch, heard, end } if self.watch == Some(watch) => {
                if let Heard::Change { from, .. } = &heard {
                    self.at_hand = Some(end);
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
                self.say(watch, Heard::Alive, self.head());
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
            match self.random.u8(..50) {
                0 => self.put_back(),
                1 => self.rename(),
                _ => self.write(),
            }
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
        // Nothing older is taken than what there was once.
        while self.head().version < self.latest {
            self.write();
        }
        if let Some(watch) = self.watch {
            self.tell_watch(watch);
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

    fn head(&self) -> Head {
        *self.history.last().unwrap()
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
