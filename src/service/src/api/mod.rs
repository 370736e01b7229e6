//! The HTTP API: one file for each noun, put together here. Each route is described where it is
//! written; [`openapi()`] is all of them together.

mod answer;
mod audit;
mod description;
pub(crate) mod health;
mod history;
mod members;
mod parts;
mod path;
mod precondition;
pub(crate) mod schema;
mod secrets;
mod service;
mod session;
mod setup;
mod snapshot;
mod spaces;
mod tokens;
mod transfer;
mod users;
pub(crate) mod validator;
mod watch;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;

#[cfg(fuzzing)]
pub(crate) use self::precondition::IfVersion;
use crate::admission::admit;
use crate::error::{Code, Problem};
use crate::shared::Shared;
use crate::{openid, page, request};

pub(crate) fn router(shared: Shared) -> Router {
    let document = Bytes::from(openapi());
    let serve_document = get(async move || json(document));
    let people = Router::from(people())
        .route("/api/v1/openapi.json", serve_document)
        .merge(openid::router())
        .layer(from_fn_with_state(shared.clone(), admit));
    Router::from(machines())
        .merge(people)
        .merge(page::router())
        .fallback(async || Problem::from(Code::NotFound))
        .method_not_allowed_fallback(async || Problem::from(Code::MethodNotAllowed))
        .layer(from_fn_with_state(shared.clone(), request::observe))
        .with_state(shared)
}

/// What is answered at an address for monitoring only.
pub(crate) fn monitoring(shared: Shared) -> Router {
    Router::from(health::routes())
        .fallback(async || Problem::from(Code::NotFound))
        .method_not_allowed_fallback(async || Problem::from(Code::MethodNotAllowed))
        .layer(from_fn_with_state(shared.clone(), request::observe))
        .with_state(shared)
}

/// The OpenAPI description of the API, as docs/openapi.json has it.
pub fn openapi() -> String {
    description::complete(machines().merge(people()).into_openapi())
}

/// What programs use.
fn machines() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().merge(health::routes()).merge(snapshot::routes()).merge(watch::routes())
}

/// What people use, with the web page or otherwise.
fn people() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .merge(service::routes())
        .merge(session::routes())
        .merge(setup::routes())
        .merge(users::routes())
        .merge(spaces::routes())
        .merge(secrets::routes())
        .merge(watch::for_people())
        .merge(history::routes())
        .merge(transfer::routes())
        .merge(members::routes())
        .merge(tokens::routes())
        .merge(audit::routes())
}

fn json(document: Bytes) -> Response {
    let mut response = Response::new(document.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
