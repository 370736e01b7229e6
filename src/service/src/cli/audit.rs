//! `secret-manager audit …`

use clap::{Args, Subcommand};
use secret_manager_manager::{AuditFilter, AuditHeadMark, AuditReport, Names};
use secret_manager_model::Timestamp;
use serde::Serialize;

use super::data::{Data, DataOptions, WhenAbsent};
use super::failure::Failure;
use super::output::{self, Output};
use crate::records::{FileFormat, Record};

/// How many records of a file are read at once.
const PIECE: usize = 500;

/// How many problems stand in the line for people; the JSON document has more.
const NAMED_PROBLEMS: usize = 5;

/// Read the audit trail, and check that nobody changed it
#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Show records, the newest first
    List {
        #[command(flatten)]
        which: Which,
        /// Only records before this one
        #[arg(long, value_name = "SEQUENCE")]
        before: Option<u64>,
        /// How many
        #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
    },
    /// Print all records as a file, the newest first
    Export {
        #[command(flatten)]
        which: Which,
        #[arg(long)]
        format: FileFormat,
    },
    /// Check that no record was altered, removed, inserted or moved
    ///
    /// Prints the head of the trail: the number of the newest record, and a code that stands for all
    /// records up to it. Note it where whoever can write to the database can't; given back with
    /// --expect it also shows that the whole trail is still the same one and not put back to an older
    /// state.
    Verify {
        /// A head that was printed before
        #[arg(long, value_name = "HEAD", value_parser = head)]
        expect: Option<AuditHeadMark>,
    },
}

#[derive(Debug, Args)]
pub(super) struct Which {
    /// Of this space
    #[arg(long, env = "SECRET_MANAGER_SPACE")]
    space: Option<String>,
    /// Not before this time (2030-01-31T00:00:00Z)
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Timestamp>,
    /// Before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<Timestamp>,
    /// Done by the one with this name or id
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// What was done, such as secret.reveal
    #[arg(long)]
    action: Option<String>,
    /// How it went: ok, denied, failed
    #[arg(long)]
    result: Option<String>,
}

#[derive(Serialize)]
struct List {
    records: Vec<Record>,
    /// For `--before` of the next page.
    next: Option<u64>,
}

#[derive(Serialize)]
struct Verified {
    records: u64,
    head: String,
    problems: Vec<Problem>,
}

#[derive(Serialize)]
struct Problem {
    sequence: u64,
    problem: &'static str,
}

impl Audit {
    pub(super) async fn run(self, data: &DataOptions, output: Output) -> Result<(), Failure> {
        let data = data.open(WhenAbsent::Refuse).await?;
        match self {
            Self::List { which, before, limit } => {
                let filter = which.filter(&data, before).await?;
                list(&data, output, filter, limit as usize).await
            }
            Self::Export { which, format } => {
                let filter = which.filter(&data, None).await?;
                export(&data, filter, format).await
            }
            Self::Verify { expect } => verify(output, data.manager.verify_audit(expect).await?),
        }
    }
}

impl Which {
    async fn filter(self, data: &Data, before: Option<u64>) -> Result<AuditFilter, Failure> {
        let Self { space, from, to, actor, action, result } = self;
        let space = match space {
            Some(name) => Some(data.space(&name).await?.id),
            None => None,
        };
        Ok(AuditFilter { space, before, from, to, actor, action, result })
    }
}

async fn list(
    data: &Data,
    output: Output,
    filter: AuditFilter,
    limit: usize,
) -> Result<(), Failure> {
    // One more tells whether there is a next page.
    let mut events = data.manager.audit(filter, limit + 1, Names::Show).await?;
    let more = events.len() > limit;
    events.truncate(limit);
    let next = events.last().filter(|_| more).map(|event| event.sequence);
    let records: Vec<_> = events.into_iter().map(Record::of).collect();
    let rows: Vec<_> = records.iter().map(cells).collect();
    let heading = ["SEQUENCE", "AT", "WHO", "FROM", "WHAT", "RESULT", "ON"];
    let mut text = output::table(heading, &rows);
    if let Some(next) = next {
        text.push_str(&format!("\nmore: --before {next}"));
    }
    output.print(&List { records, next }, &text)
}

/// Piece by piece, so that a long trail takes no more memory than a short one.
async fn export(data: &Data, mut filter: AuditFilter, format: FileFormat) -> Result<(), Failure> {
    loop {
        let is_first = filter.before.is_none();
        let events = data.manager.audit(filter.clone(), PIECE, Names::Show).await?;
        let is_last = events.len() < PIECE;
        filter.before = events.last().map(|event| event.sequence);
        let records: Vec<_> = events.into_iter().map(Record::of).collect();
        output::write(format.piece(&records, is_first, is_last).as_bytes())?;
        if is_last {
            return Ok(());
        }
    }
}

fn verify(output: Output, report: AuditReport) -> Result<(), Failure> {
    let problems: Vec<_> = report
        .problems
        .iter()
        .map(|problem| Problem { sequence: problem.sequence, problem: problem.what })
        .collect();
    let named: Vec<_> = problems
        .iter()
        .take(NAMED_PROBLEMS)
        .map(|problem| format!("record {} ({})", problem.sequence, problem.problem))
        .collect();
    let more = match problems.len() - named.len() {
        0 => "",
        _ => ", and more",
    };
    let failure = (!problems.is_empty()).then(|| {
        Failure::new(format!("the audit trail is not what was written: {}{more}", named.join(", ")))
    });
    let verified = Verified { records: report.records, head: report.head.to_string(), problems };
    if failure.is_none() || output.json {
        let text = format!("{} records, none changed\nhead {}", verified.records, verified.head);
        output.print(&verified, &text)?;
    }
    failure.map_or(Ok(()), Err)
}

/// A line of the table.
fn cells(record: &Record) -> [String; 7] {
    let left_out = record.count.saturating_sub(record.keys.len() as u64);
    let keys = match (record.keys.is_empty(), left_out) {
        (true, 0) => String::new(),
        (true, count) => format!("{count} secrets"),
        (false, 0) => record.keys.join(" "),
        (false, count) => format!("{} and {count} more", record.keys.join(" ")),
    };
    let on = [record.subject.clone().unwrap_or_default(), keys];
    let on: Vec<_> = on.into_iter().filter(|text| !text.is_empty()).collect();
    let name = record.actor.name.as_ref().unwrap_or(&record.actor.kind);
    [
        record.sequence.to_string(),
        record.at.to_string(),
        name.clone(),
        record.origin.clone().unwrap_or_default(),
        record.action.clone(),
        record.result.clone(),
        on.join(", "),
    ]
}

fn head(text: &str) -> Result<AuditHeadMark, String> {
    AuditHeadMark::parse(text).ok_or_else(|| {
        "a head is a number, - and 64 hexadecimal digits, as verify prints it".into()
    })
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map_err(|_| "write a time such as 2030-01-31T00:00:00Z".into())
}
