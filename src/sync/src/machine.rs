//! What to do next: the pure half of the engine. It is told what happened, when, and with which
//! random number, and answers with actions. It never waits, reads no clock and holds no value.
//!
//! Fetches come at intervals, or after a pause that grows with each failure. After a good one a watch
//! is opened, if that is wanted: on it the source tells of changes as they are made. A watch that ends,
//! is silent or says something odd is closed; what it may have missed is brought by a fetch, which opens
//! another one, or by a watch that begins with telling whether there is anything (it is *resumed*). So
//! without a watch, whatever the reason, there is polling.
//!
//! Where many engines share a source, it tells over how long to *spread* what they would all do at once:
//! sync at a start of their processes, and come again after it has gone.

#[cfg(test)]
mod tests;
mod watch;

use std::time::{Duration, Instant};

use secret_manager_source::{Failure, Remedy};

use crate::schedule;
use crate::status::State;
use watch::Watch;

/// Stands for one request to sync; it is finished once.
pub type Ticket = u32;

/// Values are withdrawn when access is denied this often in a row: once may be a mishap on the way.
const DENIALS_BEFORE_WITHDRAWAL: u32 = 2;

/// For so few engines nothing is spread.
const SHORTEST_SPREAD: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) enum Event {
    /// The engine starts, or starts anew with other settings. `kept` says that what was just published
    /// was kept from an earlier run: flows have it, so the first fetch may wait for its turn.
    Start { interval: Duration, live: bool, kept: bool, ticket: Ticket },
    /// Somebody wants a sync now.
    Sync(Ticket),
    /// The time of [`Machine::due`] may have come.
    Due,
    /// The fetch in flight has ended.
    Fetched(Answer),
    /// Something came on the watch.
    Heard(Heard),
    /// The watch has ended, or was never opened.
    Deaf(Failure),
    /// The engine stops.
    Stop,
}

#[derive(Debug)]
pub(crate) enum Answer {
    Unchanged,
    Snapshot { space: String, version: u64 },
    Delta { space: String, from: u64, version: u64 },
    Failed(Failure),
}

#[derive(Debug)]
pub(crate) enum Heard {
    /// The source is there. On a watch that was resumed, the first of these says that what is published
    /// is what the source has.
    Alive,
    /// What is published isn't what the source has any more; what has changed since comes next.
    Missed,
    /// The watch goes on from where what is published may not lead to.
    Behind,
    /// A delta.
    Change { space: String, from: u64, version: u64 },
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// Ask the source. No second fetch is started before this one has ended or was abandoned.
    Fetch,
    /// The same without telling what is published, so that the answer is all there is.
    FetchAll,
    /// Forget the fetch in flight.
    Abandon,
    /// Publish the snapshot that was just fetched.
    Publish,
    /// Watch for what changes after what is published. There is no other watch.
    Watch,
    /// The same, and first hear whether what is published is still what the source has.
    Resume,
    /// Forget the watch.
    Unwatch,
    /// Apply the delta that was just heard or fetched to what is published.
    Amend,
    /// Note that the source has confirmed what is published.
    Confirm,
    /// Forget the published values, and those that are kept.
    Withdraw,
    /// Tell those who hold the tickets.
    Finish(Vec<Ticket>, Result<(), Ended>),
}

/// Why a requested sync brought nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    Failed(Failure),
    Stopped,
}

#[derive(Debug, Default)]
pub(crate) struct Machine {
    /// `None` while stopped.
    interval: Option<Duration>,
    in_flight: Option<Flight>,
    /// Tickets that came during a fetch: its answer may be older than they are, so they get another.
    waiting: Vec<Ticket>,
    /// The same without a ticket: something was heard that the answer may not know of.
    again: bool,
    /// When to fetch next.
    due: Option<Instant>,
    failures: u32,
    denials: u32,
    last: Option<Result<(), Failure>>,
    /// Space and version of what is published. Nothing older takes its place.
    published: Option<(String, u64)>,
    /// The engine was started since: what is published may be of another space, or newer than a backup
    /// that the source was restored from, so that whatever is answered takes its place.
    unconfirmed: bool,
    live: bool,
    watch: Option<Watch>,
    watch_failures: u32,
    /// No watch is opened before.
    watch_from: Option<Instant>,
    /// As the source asks. Nothing, where engines are few.
    spread: Duration,
}

#[derive(Debug)]
struct Flight {
    /// The tickets that the fetch serves.
    tickets: Vec<Ticket>,
    /// What was published when it began. A delta may overtake it.
    since: Option<u64>,
    /// It asks for all there is.
    all: bool,
}

impl Machine {
    pub(crate) fn handle(&mut self, event: Event, now: Instant, random: f64) -> Vec<Action> {
        match event {
            Event::Start { interval, live, kept, ticket } => {
                let wait = (kept && self.spread >= SHORTEST_SPREAD)
                    .then(|| now + self.spread.mul_f64(random));
                self.start(interval, live, wait, ticket)
            }
            Event::Sync(ticket) => self.sync(ticket),
            Event::Due => self.due_now(now, random),
            Event::Fetched(answer) => self.fetched(answer, now, random),
            Event::Heard(heard) => self.heard(heard, now, random),
            Event::Deaf(failure) => self.deaf(&failure, now, random),
            Event::Stop => self.stop(),
        }
    }

    /// When [`Event::Due`] is to come.
    pub(crate) fn due(&self) -> Option<Instant> {
        let silent = self.watch.as_ref().map(Watch::silent_from);
        self.due.into_iter().chain(silent).min()
    }

    /// When the next fetch is due, as far as that is known.
    pub(crate) fn next_fetch(&self) -> Option<Instant> {
        self.due
    }

    pub(crate) fn state(&self) -> State {
        match (&self.last, &self.published) {
            _ if self.interval.is_none() => State::Idle,
            (None, Some(_)) if self.due.is_some() => State::Waiting,
            (None, _) => State::Syncing,
            (Some(Ok(())), _) => State::Synced,
            (Some(Err(_)), Some(_)) => State::Stale,
            (Some(Err(failure)), None) if failure.remedy == Remedy::Authorise => State::Denied,
            (Some(Err(_)), None) => State::Unreachable,
        }
    }

    /// Why the last fetch failed, if it did.
    pub(crate) fn failure(&self) -> Option<&Failure> {
        self.last.as_ref()?.as_ref().err()
    }

    /// Values that were kept from an earlier run were published.
    pub(crate) fn restored(&mut self, space: String, version: u64) {
        self.published = Some((space, version));
    }

    /// The source has answered, and asked for this spread. A shorter one than before is believed by
    /// halves: a source that has just started knows of few engines.
    pub(crate) fn told_spread(&mut self, spread: Duration) {
        self.spread = spread.max(self.spread / 2);
        if self.spread < SHORTEST_SPREAD {
            self.spread = Duration::ZERO;
        }
    }

    /// The spread that was asked for in an earlier run.
    pub(crate) fn kept_spread(&mut self, spread: Duration) {
        self.spread = spread;
    }

    pub(crate) fn spread(&self) -> Duration {
        self.spread
    }

    /// The published values were forgotten from outside.
    pub(crate) fn forget(&mut self) {
        self.published = None;
    }

    /// A start asks at once, unless it is to wait. What was asked for before is served by the new fetch.
    fn start(
        &mut self,
        interval: Duration,
        live: bool,
        wait: Option<Instant>,
        ticket: Ticket,
    ) -> Vec<Action> {
        let mut actions = self.unwatch();
        let mut tickets = Vec::new();
        if let Some(flight) = self.in_flight.take() {
            tickets = flight.tickets;
            actions.push(Action::Abandon);
        }
        tickets.append(&mut self.waiting);
        tickets.push(ticket);
        (self.interval, self.live) = (Some(interval), live);
        (self.failures, self.denials, self.watch_failures) = (0, 0, 0);
        (self.last, self.watch_from) = (None, None);
        (self.unconfirmed, self.again) = (true, false);
        match wait {
            // Nobody waits that long: there are values, and that is what a start is waited for.
            Some(due) => {
                self.due = Some(due);
                actions.push(Action::Finish(tickets, Ok(())));
            }
            None => actions.extend(self.fetch(tickets)),
        }
        actions
    }

    fn sync(&mut self, ticket: Ticket) -> Vec<Action> {
        if self.interval.is_none() {
            return vec![Action::Finish(vec![ticket], Err(Ended::Stopped))];
        }
        if self.in_flight.is_some() {
            self.waiting.push(ticket);
            return Vec::new();
        }
        self.fetch(vec![ticket])
    }

    fn due_now(&mut self, now: Instant, random: f64) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.watch.as_ref().is_some_and(|watch| watch.silent_from() <= now) {
            let silent = Failure::new(Remedy::Retry, "nothing was heard on the watch in time");
            actions.extend(self.deaf(&silent, now, random));
        }
        if self.due.is_some_and(|due| due <= now) {
            // One request instead of two. Not when the source is in trouble: it may be the streams that
            // don't get through.
            let resumes = self.may_watch(now) && self.failures == 0;
            actions.extend(if resumes { self.resume(now) } else { self.fetch(Vec::new()) });
        }
        actions
    }

    fn fetch(&mut self, tickets: Vec<Ticket>) -> Vec<Action> {
        self.take_off(tickets, false);
        vec![Action::Fetch]
    }

    fn take_off(&mut self, tickets: Vec<Ticket>, all: bool) {
        self.due = None;
        let since = self.published.as_ref().map(|(_, version)| *version);
        self.in_flight = Some(Flight { tickets, since, all });
    }

    fn fetched(&mut self, answer: Answer, now: Instant, random: f64) -> Vec<Action> {
        let (Some(interval), Some(flight)) = (self.interval, self.in_flight.take()) else {
            return Vec::new();
        };
        let mut actions = match self.judge(answer, &flight) {
            Ok(Some(Action::FetchAll)) => {
                // Whoever answers doesn't deny.
                self.denials = 0;
                self.take_off(flight.tickets, true);
                return vec![Action::FetchAll];
            }
            Ok(publish) => Vec::from_iter(publish),
            Err(failure) => return self.failed(failure, flight.tickets, now, random),
        };
        if self.failures > 0 && self.spread > Duration::ZERO && self.watch.is_none() {
            // Those who couldn't reach it come back with two requests; the second has its own time.
            let apart = now + self.spread.mul_f64(schedule::another(random));
            self.watch_from = self.watch_from.max(Some(apart));
        }
        self.confirmed(interval, now, random);
        actions.extend([Action::Confirm, Action::Finish(flight.tickets, Ok(()))]);
        if std::mem::take(&mut self.again) || !self.waiting.is_empty() {
            let waiting = std::mem::take(&mut self.waiting);
            actions.extend(self.fetch(waiting));
        } else if let Some(watch) = &mut self.watch {
            watch.caught_up();
        } else {
            actions.extend(self.watch(now));
        }
        actions
    }

    /// Whether the answer brings something to publish, or is none to be used.
    fn judge(&mut self, answer: Answer, flight: &Flight) -> Result<Option<Action>, Failure> {
        let (space, version) = match answer {
            Answer::Failed(failure) => return Err(failure),
            Answer::Unchanged => return Ok(None),
            Answer::Snapshot { space, version } => (space, version),
            Answer::Delta { space, from, version } => {
                return self.judge_delta(&space, from, version, flight);
            }
        };
        if let Some((known, published)) = &self.published
            && *known == space
            && version < *published
            && !self.unconfirmed
        {
            // A delta that was made after this answer has overtaken it.
            if flight.since.is_some_and(|since| version >= since) {
                return Ok(None);
            }
            return Err(Failure::new(
                Remedy::Repair,
                format!(
                    "the answer holds version {version}, which is older than the published \
                     version {published}"
                ),
            ));
        }
        self.published = Some((space, version));
        Ok(Some(Action::Publish))
    }

    /// The same for a delta. One that starts elsewhere than from just what is published is of no use:
    /// another one was heard meanwhile, or the source has mistaken what it was told. All there is, asked
    /// for once, then does.
    fn judge_delta(
        &mut self,
        space: &str,
        from: u64,
        version: u64,
        flight: &Flight,
    ) -> Result<Option<Action>, Failure> {
        if flight.all {
            let message = "the answer is a delta, and nothing was said to lead on from";
            return Err(Failure::new(Remedy::Repair, message));
        }
        match &mut self.published {
            Some((known, published)) if known == space && *published == from => {
                *published = version;
                Ok(Some(Action::Amend))
            }
            // What was heard meanwhile has led as far.
            Some((known, published))
                if known == space && flight.since == Some(from) && version <= *published =>
            {
                Ok(None)
            }
            _ => Ok(Some(Action::FetchAll)),
        }
    }

    /// The source has answered and there is nothing wrong.
    fn confirmed(&mut self, interval: Duration, now: Instant, random: f64) {
        (self.failures, self.denials) = (0, 0);
        self.last = Some(Ok(()));
        self.unconfirmed = false;
        if self.in_flight.is_some() {
            // Its end plans what comes next.
            return;
        }
        let next = now + schedule::next_interval(interval, random);
        // A fetch opens the next watch.
        let watch = self.watch_from.filter(|_| self.live && self.watch.is_none());
        self.due = watch.filter(|from| *from > now).into_iter().chain([next]).min();
    }

    fn failed(
        &mut self,
        failure: Failure,
        mut tickets: Vec<Ticket>,
        now: Instant,
        random: f64,
    ) -> Vec<Action> {
        self.failures = self.failures.saturating_add(1);
        self.denials = match failure.remedy {
            Remedy::Authorise => self.denials.saturating_add(1),
            _ => 0,
        };
        let pause = schedule::back_off(self.failures, asked(&failure), self.spread, random);
        self.due = Some(now + pause);
        // Those who came during the fetch are told as well: asking again at once would only hammer
        // on a source that is in trouble.
        tickets.append(&mut self.waiting);
        self.again = false;
        let mut actions = Vec::new();
        // Also when nothing is published: what the cache keeps has to go as well.
        if self.denials == DENIALS_BEFORE_WITHDRAWAL {
            self.published = None;
            actions.extend(self.unwatch());
            actions.push(Action::Withdraw);
        }
        actions.push(Action::Finish(tickets, Err(Ended::Failed(failure.clone()))));
        self.last = Some(Err(failure));
        actions
    }

    fn stop(&mut self) -> Vec<Action> {
        self.interval = None;
        self.due = None;
        self.again = false;
        let mut actions = self.unwatch();
        let mut tickets = std::mem::take(&mut self.waiting);
        if let Some(flight) = self.in_flight.take() {
            tickets.extend(flight.tickets);
            actions.push(Action::Abandon);
        }
        if !tickets.is_empty() {
            actions.push(Action::Finish(tickets, Err(Ended::Stopped)));
        }
        actions
    }
}

/// The pause that the source asks for.
fn asked(failure: &Failure) -> Option<Duration> {
    match failure.remedy {
        Remedy::Wait(asked) => asked,
        _ => None,
    }
}
