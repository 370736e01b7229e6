//! What the descriptions of all routes have in common, added to them in one place: the errors that
//! every request of a kind can meet, and the headers that every answer has.

use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;
use utoipa::{PartialSchema, ToSchema};

use crate::error;

pub(super) fn complete(mut document: OpenApi) -> String {
    let schemas = &mut document.components.get_or_insert_default().schemas;
    let mut found = vec![("Problem".to_owned(), error::Document::schema())];
    error::Document::schemas(&mut found);
    schemas.extend(found);

    let mut document = json!(document);
    document["info"] = json!({
        "title": "Secret Manager",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "Keeps secrets for Node-RED. People sign in and get a session; engines show \
                        an access token. Errors are problem details (RFC 9457) with a stable `code`.",
        "license": {"name": "MIT", "identifier": "MIT"},
    });
    document["components"]["securitySchemes"] = json!({
        "session": {"type": "apiKey", "in": "cookie", "name": "__Host-session"},
        "token": {"type": "http", "scheme": "bearer", "bearerFormat": "smt_…"},
    });
    for (path, methods) in members(&mut document["paths"]) {
        for (method, operation) in members(methods) {
            complete_operation(path, method, operation);
        }
    }
    format!("{document:#}\n")
}

fn complete_operation(path: &str, method: &str, operation: &mut Value) {
    let operation_is = |what: &str| operation.get(what).is_some();
    let secured = |scheme: &str| {
        let mut ways = operation["security"].as_array().into_iter().flatten();
        ways.any(|way| way.get(scheme).is_some())
    };
    let is_api = path.starts_with("/api/");
    let has_body = operation_is("requestBody");
    let is_json = operation["requestBody"]["content"]["application/json"].is_object();
    let has_query = operation["parameters"]
        .as_array()
        .is_some_and(|parameters| parameters.iter().any(|parameter| parameter["in"] == "query"));
    let has_condition = operation["parameters"].as_array().is_some_and(|parameters| {
        parameters.iter().any(|parameter| parameter["name"] == "If-Match")
    });
    let has_parts = path.contains('{');
    let is_safe = method == "get";
    let errors = [
        (
            400,
            "`body_invalid`, `query_invalid` or `header_invalid`",
            has_body || has_query || has_condition,
        ),
        (401, "`session_missing`: sign in first", secured("session")),
        (401, "`token_missing` or `token_invalid`", secured("token")),
        (
            403,
            "`role_insufficient`, `administrator_required` or `cross_site`",
            secured("session") && (has_parts || !is_safe || operation["tags"][0] == "users"),
        ),
        (403, "`cross_site`", is_api && !is_safe),
        (404, "`not_found`: not there, or not for this user to know of", has_parts),
        (408, "`body_timeout`", has_body),
        (413, "`body_too_large`", has_body),
        (415, "`media_type_unsupported`", is_json),
        (429, "`too_many_requests` or `too_many_attempts`", is_api && !secured("token")),
        (500, "`internal`", is_api),
        (503, "`busy`", is_api),
        // Values are handed out only when there is room for noting it.
        (507, "`storage_full`", is_api && (!is_safe || hands_out_values(path))),
    ];
    // Names of functions are unique within their noun only.
    let name = format!("{}_{}", text(&operation["tags"][0]), text(&operation["operationId"]));
    operation["operationId"] = name.into();
    let responses = &mut operation["responses"];
    for (status, description, _) in errors.into_iter().filter(|(_, _, possible)| *possible) {
        let status = status.to_string();
        if responses.get(&status).is_none() {
            responses[status] = json!({"description": description});
        }
    }
    for (status, response) in members(responses) {
        complete_response(status, response);
    }
}

fn complete_response(status: &str, response: &mut Value) {
    if status >= "400" && response.get("content").is_none() {
        response["content"] = json!({
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
        });
    }
    response["headers"]["X-Request-Id"] = json!({
        "description": "The request's id, which the service's log has as well",
        "schema": {"type": "string"},
    });
    if matches!(status, "429" | "503") {
        response["headers"]["Retry-After"] = json!({
            "description": "Seconds to wait",
            "schema": {"type": "integer", "minimum": 1},
        });
    }
}

fn hands_out_values(path: &str) -> bool {
    path.ends_with("/secrets/{key}") || path == "/api/v1/snapshot"
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The members of an object; none of anything else.
fn members(value: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    value.as_object_mut().into_iter().flat_map(Map::iter_mut)
}
