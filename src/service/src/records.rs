//! Records of the audit trail as they are written: over HTTP and on the command line alike.

use secret_manager_manager::AuditEvent;
use secret_manager_model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::schema;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditRecord)]
pub(crate) struct Record {
    pub(crate) sequence: u64,
    #[schema(schema_with = schema::time)]
    pub(crate) at: Timestamp,
    pub(crate) actor: Actor,
    #[schema(example = "secret.put")]
    pub(crate) action: String,
    /// `ok`, `denied` or `failed`.
    #[schema(example = "ok")]
    pub(crate) result: String,
    /// The address that the request came from.
    #[schema(required, example = "192.0.2.7")]
    pub(crate) origin: Option<String>,
    #[schema(required)]
    request_id: Option<String>,
    /// The id of the space that it concerns.
    #[schema(required)]
    space_id: Option<String>,
    /// What it was done to, when that is no secret.
    #[schema(required)]
    pub(crate) subject: Option<String>,
    /// Names of secrets; fewer than `count` when there was no room for all.
    pub(crate) keys: Vec<String>,
    pub(crate) count: u64,
    /// The space's version after it, or the one that was read.
    #[schema(required)]
    version: Option<u64>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AuditActor)]
pub(crate) struct Actor {
    /// `commandLine`, `user`, `token`, `nodeRed`, `nobody` or `system`.
    #[schema(example = "user")]
    pub(crate) kind: String,
    #[schema(required)]
    id: Option<String>,
    #[schema(required, example = "anna")]
    pub(crate) name: Option<String>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FileFormat {
    Csv,
    Json,
}

impl Record {
    pub(crate) fn of(event: AuditEvent) -> Self {
        Self {
            sequence: event.sequence,
            at: event.at,
            actor: Actor { kind: event.actor_kind, id: event.actor_id, name: event.actor_name },
            action: event.action,
            result: event.result,
            origin: event.origin.map(|address| address.to_string()),
            request_id: event.request,
            space_id: event.space.map(|space| space.as_str().to_owned()),
            subject: event.subject,
            keys: event.names,
            count: event.count,
            version: event.version,
        }
    }
}

impl FileFormat {
    /// A piece of a file; the first one begins it and the last one ends it.
    pub(crate) fn piece(self, records: &[Record], is_first: bool, is_last: bool) -> String {
        match self {
            Self::Csv => csv(records, is_first),
            Self::Json => json(records, is_first, is_last),
        }
    }
}

fn json(records: &[Record], is_first: bool, is_last: bool) -> String {
    let mut text = String::from(if is_first { "[" } else { "" });
    for (index, record) in records.iter().enumerate() {
        text.push_str(if is_first && index == 0 { "\n" } else { ",\n" });
        text.push_str(&serde_json::to_string(record).unwrap_or_default());
    }
    text.push_str(if is_last { "\n]\n" } else { "" });
    text
}

const COLUMNS: &str = "sequence,at,actorKind,actorId,actorName,action,result,origin,requestId,\
                       spaceId,subject,keys,count,version\r\n";

/// RFC 4180.
fn csv(records: &[Record], is_first: bool) -> String {
    let mut text = String::from(if is_first { COLUMNS } else { "" });
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
    for record in records {
        let cells = [
            record.sequence.to_string(),
            record.at.to_string(),
            record.actor.kind.clone(),
            optional(&record.actor.id),
            optional(&record.actor.name),
            record.action.clone(),
            record.result.clone(),
            optional(&record.origin),
            optional(&record.request_id),
            optional(&record.space_id),
            optional(&record.subject),
            record.keys.join(" "),
            record.count.to_string(),
            record.version.map(|version| version.to_string()).unwrap_or_default(),
        ];
        text.push_str(&cells.map(|cell| escaped(&cell)).join(","));
        text.push_str("\r\n");
    }
    text
}

/// Programs for tables take a text that begins like a formula for one, so it gets an apostrophe.
fn escaped(cell: &str) -> String {
    let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if guard.is_empty() && !cell.contains([',', '"', '\n', '\r']) {
        return cell.to_owned();
    }
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn a_cell_is_one_cell_and_no_formula() {
        for (cell, written) in [
            ("plain", "plain"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("a \"b\"\n", "\"a \"\"b\"\"\n\""),
            ("=1+1", "\"'=1+1\""),
            ("@x", "\"'@x\""),
        ] {
            assert_eq!(escaped(cell), written);
        }
    }
}
