//! The HTTP API: one file for each noun, put together here.

mod health;
mod snapshot;
pub(crate) mod validator;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::get;
use secret_manager_manager::Manager;

use crate::error::{Code, Problem};
use crate::{page, request};

pub(crate) fn router(manager: Arc<Manager>) -> Router {
    let v1 = Router::new().route("/snapshot", get(snapshot::read));
    Router::new()
        .route("/healthz", get(health::alive))
        .nest("/api/v1", v1)
        .merge(page::router())
        .fallback(async || Problem::from(Code::NotFound))
        .method_not_allowed_fallback(async || Problem::from(Code::MethodNotAllowed))
        .layer(from_fn(request::observe))
        .with_state(manager)
}
