//! Rows of the audit trail.

use std::net::IpAddr;
use std::sync::Arc;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::error;
use super::spaces::time;
use crate::audit::address_bytes;
use crate::{
    Audit, AuditFilter, AuditHead, AuditKeyRow, AuditRecord, AuditRow, AuditVisitor, CHAIN_START,
    Chain, Mac, SpaceId, StoreError,
};

const COLUMNS: &str = "sequence, at, actor_kind, actor_id, actor_name, action, result, origin, \
                       request, space_id, subject, sealed_names, count, read_version, version, mac";

/// The end of the trail as the transaction under way has it.
#[derive(Default)]
pub(super) struct Trail {
    position: Option<Position>,
    /// Computes the head's code at the end; `None` as long as nothing was appended.
    chain: Option<Arc<dyn Chain>>,
}

#[derive(Clone, Copy)]
pub(super) struct Position {
    sequence: u64,
    newest: Mac,
}

impl Trail {
    pub(super) fn position(&self) -> Option<Position> {
        self.position
    }

    /// Forgets what was appended since.
    pub(super) fn return_to(&mut self, position: Option<Position>) {
        self.position = position;
    }

    pub(super) fn append(
        &mut self,
        connection: &Connection,
        audit: &Audit,
        version: Option<u64>,
    ) -> Result<(), StoreError> {
        let Position { sequence, newest } = match self.position {
            Some(position) => position,
            None => checked_end(connection, &*audit.chain)?,
        };
        let version = match (version, &audit.record.space) {
            (None, Some(space)) => version_of(connection, space)?,
            (version, _) => version,
        };
        let mut row = AuditRow {
            sequence: sequence + 1,
            record: audit.record.clone(),
            version,
            mac: CHAIN_START,
        };
        row.mac = audit.chain.record(&newest, &row.canonical());
        insert(connection, &row)?;
        self.position = Some(Position { sequence: row.sequence, newest: row.mac });
        self.chain = Some(Arc::clone(&audit.chain));
        Ok(())
    }

    /// Writes the head for all that was appended.
    pub(super) fn seal(&self, connection: &Connection) -> Result<(), StoreError> {
        let (Some(position), Some(chain)) = (self.position, &self.chain) else { return Ok(()) };
        let Position { sequence, newest } = position;
        let mac = chain.head(sequence, &newest);
        connection
            .prepare_cached("UPDATE audit_head SET sequence = ?1, newest = ?2, mac = ?3")
            .and_then(|mut statement| statement.execute((sequence, newest, mac)))
            .map(drop)
            .map_err(error::from)
    }
}

/// Where the trail goes on. A head that was altered is not continued: its code would be made good
/// by that, and what was cut off would never be missed.
fn checked_end(connection: &Connection, chain: &dyn Chain) -> Result<Position, StoreError> {
    let head = head(connection)?.ok_or_else(|| altered("its head is missing"))?;
    if chain.head(head.sequence, &head.newest) != head.mac {
        return Err(altered("its head was altered"));
    }
    Ok(Position { sequence: head.sequence, newest: head.newest })
}

fn altered(what: &str) -> StoreError {
    StoreError::Damaged(format!("the audit trail can't be continued because {what}"))
}

pub(super) fn head(connection: &Connection) -> Result<Option<AuditHead>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT sequence, newest, mac FROM audit_head")
        .map_err(error::from)?;
    statement
        .query_row([], |row| {
            Ok(AuditHead { sequence: row.get(0)?, newest: row.get(1)?, mac: row.get(2)? })
        })
        .optional()
        .map_err(error::from)
}

pub(super) fn key(connection: &Connection) -> Result<Option<AuditKeyRow>, StoreError> {
    connection
        .query_row("SELECT wrapped_key, kek_id FROM audit_key", [], |row| {
            Ok(AuditKeyRow { wrapped_key: row.get(0)?, kek_id: row.get(1)? })
        })
        .optional()
        .map_err(error::from)
}

/// Keeps a key that is there already. Returns the one that is there now.
pub(super) fn begin(
    connection: &Connection,
    new: AuditKeyRow,
    chain: &dyn Chain,
) -> Result<AuditKeyRow, StoreError> {
    if let Some(key) = key(connection)? {
        return Ok(key);
    }
    connection
        .execute(
            "INSERT INTO audit_key (only_one, wrapped_key, kek_id) VALUES (1, ?1, ?2)",
            (&new.wrapped_key, &new.kek_id),
        )
        .and_then(|_| {
            connection.execute(
                "INSERT INTO audit_head (only_one, sequence, newest, mac) VALUES (1, 0, ?1, ?2)",
                (CHAIN_START, chain.head(0, &CHAIN_START)),
            )
        })
        .map_err(error::from)?;
    Ok(new)
}

fn version_of(connection: &Connection, space: &SpaceId) -> Result<Option<u64>, StoreError> {
    connection
        .prepare_cached("SELECT version FROM spaces WHERE id = ?1")
        .and_then(|mut statement| {
            statement.query_row([space.as_str()], |row| row.get(0)).optional()
        })
        .map_err(error::from)
}

fn insert(connection: &Connection, row: &AuditRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO audit (sequence, at, actor_kind, actor_id, actor_name, action, result, \
               origin, request, space_id, subject, sealed_names, count, read_version, version, mac) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
    let record = &row.record;
    let inserted = connection.prepare_cached(sql).and_then(|mut statement| {
        statement.execute(rusqlite::params![
            row.sequence,
            record.at.as_millis(),
            record.actor_kind,
            record.actor_id,
            record.actor_name,
            record.action,
            record.result,
            record.origin.map(address_bytes),
            record.request,
            record.space.as_ref().map(SpaceId::as_str),
            record.subject,
            record.sealed_names,
            record.count,
            record.read_version,
            row.version,
            row.mac,
        ])
    });
    match inserted {
        Ok(_) => Ok(()),
        Err(problem) if error::is_constraint(&problem) => {
            Err(altered("there are records behind its head"))
        }
        Err(problem) => Err(error::from(problem)),
    }
}

/// The newest first.
pub(super) fn list(
    connection: &Connection,
    filter: &AuditFilter,
    limit: usize,
) -> Result<Vec<AuditRow>, StoreError> {
    let mut conditions = vec!["TRUE"];
    let mut values = Vec::new();
    let mut narrow = |condition, value: Option<Value>| {
        if let Some(value) = value {
            conditions.push(condition);
            values.push(value.clone());
        }
    };
    let text = |text: &Option<String>| text.clone().map(Value::Text);
    let time = |time: &Option<secret_manager_model::Timestamp>| {
        time.map(|time| Value::Integer(time.as_millis()))
    };
    let before = filter.before.map(|before| i64::try_from(before).unwrap_or(i64::MAX));
    narrow("space_id = ?", filter.space.as_ref().map(|id| Value::Text(id.to_string())));
    narrow("sequence < ?", before.map(Value::Integer));
    narrow("at >= ?", time(&filter.from));
    narrow("at < ?", time(&filter.to));
    narrow("? IN (actor_id, actor_name)", text(&filter.actor));
    narrow("action = ?", text(&filter.action));
    narrow("result = ?", text(&filter.result));
    let sql = format!(
        "SELECT {COLUMNS} FROM audit WHERE {} ORDER BY sequence DESC LIMIT {limit}",
        conditions.join(" AND ")
    );
    let mut statement = connection.prepare_cached(&sql).map_err(error::from)?;
    statement
        .query_map(params_from_iter(values), row)
        .and_then(Iterator::collect)
        .map_err(error::from)
}

/// The whole trail at one moment, the oldest first.
pub(super) fn walk(
    connection: &mut Connection,
    mut visitor: AuditVisitor,
) -> Result<Option<AuditHead>, StoreError> {
    let transaction = connection.transaction().map_err(error::from)?;
    let end = head(&transaction)?;
    let mut statement = transaction
        .prepare_cached(&format!("SELECT {COLUMNS} FROM audit ORDER BY sequence"))
        .map_err(error::from)?;
    let mut rows = statement.query([]).map_err(error::from)?;
    while let Some(next) = rows.next().map_err(error::from)? {
        visitor(next.get(0).map_err(error::from)?, row(next).ok());
    }
    Ok(end)
}

fn row(row: &Row<'_>) -> rusqlite::Result<AuditRow> {
    Ok(AuditRow {
        sequence: row.get(0)?,
        record: AuditRecord {
            at: time(row, 1)?,
            actor_kind: row.get(2)?,
            actor_id: row.get(3)?,
            actor_name: row.get(4)?,
            action: row.get(5)?,
            result: row.get(6)?,
            origin: address(row, 7)?,
            request: row.get(8)?,
            space: row.get::<_, Option<String>>(9)?.map(SpaceId::new),
            subject: row.get(10)?,
            sealed_names: row.get(11)?,
            count: row.get(12)?,
            read_version: row.get(13)?,
        },
        version: row.get(14)?,
        mac: row.get(15)?,
    })
}

fn address(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<IpAddr>> {
    let Some(bytes) = row.get::<_, Option<Vec<u8>>>(column)? else { return Ok(None) };
    let four = <[u8; 4]>::try_from(bytes.as_slice()).map(IpAddr::from);
    let either = four.or_else(|_| <[u8; 16]>::try_from(bytes.as_slice()).map(IpAddr::from));
    either.map(Some).map_err(|_| rusqlite::Error::InvalidQuery)
}
