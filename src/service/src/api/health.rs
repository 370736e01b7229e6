//! `GET /healthz`: the process is alive and answers. It asks nobody else, so that a busy database
//! doesn't make a supervisor restart the service.

use axum::Json;
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Alive {
    status: &'static str,
}

pub(super) async fn alive() -> Json<Alive> {
    Json(Alive { status: "ok" })
}
