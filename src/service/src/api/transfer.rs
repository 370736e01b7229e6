//! Many secrets at once: changes in one version, imports and exports.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, HeaderValue};
use axum::response::Response;
use secret_manager_format::{self as format, Members, Place};
use secret_manager_manager::{self as manager, Change, Edit, Manager, Outcome, Precondition, Same};
use secret_manager_model::SecretName;
use secret_manager_model::limits::NAME_LENGTH;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{Object, ObjectBuilder, OneOfBuilder, Ref, Schema, Type};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer;
use super::path::{SpacePath, name_invalid};
use super::precondition::{IfMatch, IfSpaceVersion};
use super::secrets::Put;
use crate::auth::{Editor, Reader};
use crate::body;
use crate::error::{Mistake, Problem};
use crate::format::Format;
use crate::query::Query;
use crate::shared::Shared;

/// Longer lists of mistakes are cut here.
const NAMED_MISTAKES: usize = 100;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(change)).routes(routes!(import)).routes(routes!(export))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changes<'a> {
    #[serde(borrow)]
    secrets: Members<'a>,
}

// What `Changes` reads; for the API's description.
#[derive(ToSchema)]
#[schema(as = SecretChanges)]
#[expect(dead_code, reason = "a description")]
struct ChangesDocument<'a> {
    /// Null deletes a secret.
    #[schema(schema_with = put_or_null)]
    secrets: &'a (),
}

fn put_or_null() -> Object {
    let either = OneOfBuilder::new()
        .item(Ref::from_schema_name("NewValue"))
        .item(ObjectBuilder::new().schema_type(Type::Null));
    let names = ObjectBuilder::new()
        .schema_type(Type::String)
        .max_length(Some(NAME_LENGTH))
        .pattern(Some("^[A-Za-z_][A-Za-z0-9_.-]*$"));
    ObjectBuilder::new()
        .property_names(Some(Schema::from(names)))
        .additional_properties(Some(Schema::from(either)))
        .build()
}

/// How many secrets were what.
#[derive(Serialize, ToSchema)]
struct Counts {
    /// Of the space, now.
    version: u64,
    added: usize,
    changed: usize,
    unchanged: usize,
    removed: usize,
}

/// The names of the secrets.
#[derive(Serialize, ToSchema)]
struct Imported {
    /// Of the space, now.
    version: u64,
    added: Vec<String>,
    changed: Vec<String>,
    /// They hold the same value already.
    unchanged: Vec<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct ImportQuery {
    #[param(inline)]
    format: Format,
    /// Only tell what an import would do.
    #[serde(default)]
    dry_run: bool,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
    #[param(inline)]
    format: Format,
}

/// Change many secrets as one version
///
/// For editors. All of it or nothing.
#[utoipa::path(
    patch,
    path = "/api/v1/spaces/{space}/secrets",
    tag = "secrets",
    security(("session" = [])),
    params(
        SpacePath,
        IfMatch
    ),
    request_body = ChangesDocument<'_>,
    responses(
        (status = 200, description = "Changed", body = Counts),
        (status = 404, description = "`not_found`: no such space, or no such secret to delete"),
        (status = 412, description = "`precondition_failed`; `current` is the space's version"),
        (status = 422, description = "`name_invalid`, `value_invalid` or `limit_exceeded`")
    )
)]
async fn change(
    Editor(member): Editor,
    IfSpaceVersion(version): IfSpaceVersion,
    State(manager): State<Arc<Manager>>,
    body: body::Json<{ body::SPACE }>,
) -> Result<Json<Counts>, Problem> {
    let changes: Changes<'_> = body.read()?;
    let edits = changes.secrets.0.iter().map(|(name, raw)| {
        let name = SecretName::parse(name).map_err(name_invalid)?;
        let change = match body::within::<Option<Put<'_>>>(raw, name.as_str())? {
            Some(put) => Change::Put(put.value().map_err(|problem| problem.about(name.as_str()))?),
            None => Change::Delete,
        };
        Ok(Edit { name, change, precondition: Precondition::Any })
    });
    let edits = edits.collect::<Result<_, Problem>>()?;
    drop(changes);
    drop(body);
    let (space, caller) = (&member.space.id, member.caller());
    let applied = manager.apply_from(space, version, edits, Same::Skip, caller).await?;
    let count = |is: fn(&Outcome) -> bool| applied.outcomes.iter().filter(|it| is(it)).count();
    Ok(Json(Counts {
        version: applied.version,
        added: count(|outcome| matches!(outcome, Outcome::Added(_))),
        changed: count(|outcome| matches!(outcome, Outcome::Changed(_))),
        unchanged: count(|outcome| matches!(outcome, Outcome::Unchanged(_))),
        removed: count(|outcome| matches!(outcome, Outcome::Removed)),
    }))
}

/// Import secrets from a file
///
/// For editors. All of it or nothing, as one version; secrets that are not in the file stay.
#[utoipa::path(
    post,
    path = "/api/v1/spaces/{space}/import",
    tag = "secrets",
    security(("session" = [])),
    params(SpacePath, ImportQuery),
    request_body(
        content = Option<String>,
        content_type = "text/plain",
        description = "The file's text"
    ),
    responses(
        (status = 200, description = "Imported, or what would be", body = Imported),
        (status = 422, description = "`import_invalid` with `mistakes`, or `limit_exceeded`")
    )
)]
async fn import(
    Editor(member): Editor,
    Query(query): Query<ImportQuery>,
    State(manager): State<Arc<Manager>>,
    body: body::Text<{ body::SPACE }>,
) -> Result<Json<Imported>, Problem> {
    let secrets = format::Format::from(query.format).read(body.as_str()?).map_err(refused)?;
    drop(body);
    let (space, caller) = (&member.space.id, member.caller());
    Ok(Json(manager.import(space, secrets, query.dry_run, caller).await?.into()))
}

/// Export all secrets
///
/// For readers. With values, as a file. Noted in the audit trail before the answer.
#[utoipa::path(
    post,
    path = "/api/v1/spaces/{space}/export",
    tag = "secrets",
    security(("session" = [])),
    params(SpacePath, ExportQuery),
    responses((
        status = 200,
        description = "The file, in the format that was asked for",
        content(
            (String = "text/plain"),
            (std::collections::BTreeMap<String, serde_json::Value> = "application/json")
        ),
        headers(("Content-Disposition" = String, description = "`attachment` with a file name"))
    ))
)]
async fn export(
    Reader(member): Reader,
    Query(query): Query<ExportQuery>,
    State(manager): State<Arc<Manager>>,
) -> Result<Response, Problem> {
    let snapshot = manager.export(&member.space.id, member.caller()).await?;
    let file = format::Format::from(query.format).write(&snapshot);
    let (kind, ending) = match query.format {
        Format::Env => ("text/plain; charset=utf-8", "env"),
        Format::Json => ("application/json", "json"),
    };
    let bytes = Bytes::from_owner(file);
    let mut response = answer::sent(StatusCode::OK, HeaderValue::from_static(kind), bytes);
    let name = format!("attachment; filename=\"{}.{ending}\"", file_name(&snapshot.space.name));
    if let Ok(name) = HeaderValue::from_str(&name) {
        response.headers_mut().insert(CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// The space's name as far as every system takes it for a file.
fn file_name(space: &str) -> String {
    let plain = |character: char| match character {
        'A'..='Z' | 'a'..='z' | '0'..='9' | '-' | '_' => character,
        _ => '_',
    };
    space.chars().map(plain).collect()
}

fn refused(mistakes: Vec<format::Mistake>) -> Problem {
    let mistakes = mistakes.into_iter().take(NAMED_MISTAKES).map(|mistake| {
        let reason = mistake.reason;
        let (line, key) = match mistake.place {
            Place::File => (None, None),
            Place::Line(line) => (Some(line), None),
            Place::Spot { line, column } => {
                let reason = format!("{reason}; see column {column}");
                return Mistake { line: Some(line), key: None, reason };
            }
            Place::Member(name) => (None, Some(name)),
        };
        Mistake { line, key, reason }
    });
    Problem::import_invalid(mistakes.collect())
}

impl From<manager::Imported> for Imported {
    fn from(imported: manager::Imported) -> Self {
        let names = |names: Vec<SecretName>| names.iter().map(SecretName::to_string).collect();
        Self {
            version: imported.version,
            added: names(imported.added),
            changed: names(imported.changed),
            unchanged: names(imported.unchanged),
        }
    }
}
