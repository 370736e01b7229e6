//! Checking that the trail is what was written.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use secret_manager_store::{AuditHead, AuditRow, CHAIN_START, Chain, Mac};

use super::AuditTrail;
use crate::{Error, Manager};

/// A list of more would help nobody.
const REPORTED: usize = 100;

/// A place in the trail, to be noted elsewhere: the number of a record and the code that stands for
/// it and all before it. Written as `NUMBER-CODE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditHeadMark {
    pub sequence: u64,
    code: Mac,
}

/// What is wrong with a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditProblem {
    pub sequence: u64,
    pub what: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditReport {
    /// How many records there are.
    pub records: u64,
    /// The newest record.
    pub head: AuditHeadMark,
    /// In the order of the trail; cut when there are very many.
    pub problems: Vec<AuditProblem>,
}

impl Manager {
    /// Walks through the whole trail. With `expected`, which was noted earlier, it also finds a
    /// trail that was exchanged for another one or put back to an older state.
    pub async fn verify_audit(
        &self,
        expected: Option<AuditHeadMark>,
    ) -> Result<AuditReport, Error> {
        let walk = Arc::new(Mutex::new(Walk::new(Arc::clone(&self.trail), expected)));
        let walking = Arc::clone(&walk);
        let visitor = Box::new(move |sequence, row: Option<AuditRow>| {
            walking.lock().unwrap_or_else(PoisonError::into_inner).visit(sequence, row);
        });
        let head = self.store.walk_audit(visitor).await?;
        let walk = std::mem::replace(
            &mut *walk.lock().unwrap_or_else(PoisonError::into_inner),
            Walk::new(Arc::clone(&self.trail), None),
        );
        Ok(walk.finish(head))
    }
}

struct Walk {
    trail: Arc<AuditTrail>,
    expected: Option<AuditHeadMark>,
    records: u64,
    /// The last record that was seen.
    sequence: u64,
    /// Its code; `None` when that isn't known, because the record can't be read.
    code: Option<Mac>,
    problems: Vec<AuditProblem>,
}

impl Walk {
    fn new(trail: Arc<AuditTrail>, expected: Option<AuditHeadMark>) -> Self {
        let (code, problems) = (Some(CHAIN_START), Vec::new());
        Self { trail, expected, records: 0, sequence: 0, code, problems }
    }

    fn visit(&mut self, sequence: u64, row: Option<AuditRow>) {
        self.records += 1;
        if sequence != self.sequence + 1 {
            self.missing(self.sequence + 1, sequence);
            self.code = None;
        }
        self.sequence = sequence;
        let Some(row) = row else {
            self.problem(sequence, "altered: it can't be read");
            self.code = None;
            return;
        };
        if self.code.is_some_and(|code| self.trail.record(&code, &row.canonical()) != row.mac) {
            self.problem(sequence, "altered, inserted, or in another one's place");
        } else if self.code.is_none() {
            self.problem(sequence, "can't be checked, because the one before it is gone");
        }
        self.code = Some(row.mac);
        if let Some(expected) = self.expected.take_if(|expected| expected.sequence == sequence)
            && expected.code != row.mac
        {
            self.problem(sequence, "not the one that was expected");
        }
    }

    fn finish(mut self, head: Option<AuditHead>) -> AuditReport {
        let after = self.sequence + 1;
        match head {
            None => self.problem(after, "the head of the trail is missing"),
            Some(head) if self.trail.head(head.sequence, &head.newest) != head.mac => {
                self.problem(after, "the head of the trail was altered");
            }
            Some(head) if head.sequence > self.sequence => {
                self.missing(after, head.sequence + 1);
            }
            Some(head) if head.sequence < self.sequence => {
                self.problem(head.sequence + 1, "behind the head: it was inserted");
            }
            Some(head) if self.code.is_some_and(|code| code != head.newest) => {
                self.problem(self.sequence, "not the one that the head names");
            }
            Some(_) => {}
        }
        if let Some(expected) = self.expected
            && expected.sequence > 0
        {
            self.problem(expected.sequence, "expected, and not there");
        }
        let head =
            AuditHeadMark { sequence: self.sequence, code: self.code.unwrap_or(CHAIN_START) };
        AuditReport { records: self.records, head, problems: self.problems }
    }

    /// From the first to before the last.
    fn missing(&mut self, first: u64, last: u64) {
        for sequence in (first..last).take(REPORTED) {
            self.problem(sequence, "removed");
        }
    }

    fn problem(&mut self, sequence: u64, what: &'static str) {
        if self.problems.len() < REPORTED {
            self.problems.push(AuditProblem { sequence, what });
        }
    }
}

impl AuditHeadMark {
    pub fn parse(text: &str) -> Option<Self> {
        let (sequence, code) = text.split_once('-')?;
        let sequence = sequence.parse().ok()?;
        if code.len() != 64 || !code.is_ascii() {
            return None;
        }
        let mut mac = CHAIN_START;
        for (byte, place) in mac.iter_mut().zip(0..) {
            *byte = u8::from_str_radix(&code[2 * place..2 * place + 2], 16).ok()?;
        }
        Some(Self { sequence, code: mac })
    }
}

impl fmt::Display for AuditHeadMark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-", self.sequence)?;
        self.code.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}
