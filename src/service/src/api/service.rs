//! `GET /api/v1/service`: what the web page has to know before anybody signs in.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::shared::Shared;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(describe))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Service {
    name: &'static str,
    version: &'static str,
}

/// What this service is
#[utoipa::path(
    get,
    path = "/api/v1/service",
    tag = "service",
    responses((status = 200, description = "What this service is", body = Service))
)]
async fn describe() -> Json<Service> {
    Json(Service { name: "Secret Manager", version: env!("CARGO_PKG_VERSION") })
}
