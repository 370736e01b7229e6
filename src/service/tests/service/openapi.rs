//! The description of the API: committed, served, and true to the code.

use std::path::Path;

use crate::http::Service;

fn committed() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json")
}

/// `UPDATE=1 cargo test -p secret-manager-service openapi` writes the document anew.
#[test]
fn the_committed_document_is_the_codes() {
    let document = secret_manager_service::openapi();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(committed(), &document).unwrap();
    }
    let committed = std::fs::read_to_string(committed()).unwrap_or_default();
    let differs = "docs/openapi.json is not up to date; run: UPDATE=1 cargo test -p \
                   secret-manager-service openapi";
    assert!(committed.replace("\r\n", "\n") == document, "{differs}");
}

#[tokio::test]
async fn the_served_document_is_the_committed_one() {
    let service = Service::start().await;
    let reply = service.request("GET /api/v1/openapi.json", &[]).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.body, secret_manager_service::openapi());
}
