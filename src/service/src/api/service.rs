//! `GET /api/v1/service`: what the web page has to know before anybody signs in.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::Problem;
use crate::shared::Shared;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(describe))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Service {
    name: &'static str,
    version: &'static str,
    /// Whether there is nobody yet who could sign in: the set-up code makes the first administrator.
    setup_needed: bool,
    /// Where people may sign in besides.
    #[schema(required)]
    open_id_connect: Option<Provider>,
}

#[derive(Serialize, ToSchema)]
struct Provider {
    name: String,
}

/// What this service is
#[utoipa::path(
    get,
    path = "/api/v1/service",
    tag = "service",
    responses((status = 200, description = "What this service is", body = Service))
)]
async fn describe(State(shared): State<Shared>) -> Result<Json<Service>, Problem> {
    Ok(Json(Service {
        name: "Secret Manager",
        version: env!("CARGO_PKG_VERSION"),
        setup_needed: shared.manager.setup_needed().await?,
        open_id_connect: shared
            .openid
            .as_ref()
            .map(|openid| Provider { name: openid.name.clone() }),
    }))
}
