use rusqlite::Connection;
use secret_manager_manager::Caller;
use secret_manager_model::wire;
use secret_manager_store::TokenId;

use crate::http::Service;

#[tokio::test]
async fn a_token_reads_its_space() {
    let service = Service::start().await;
    let reply = service.snapshot(&[]).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let snapshot = wire::read_snapshot(reply.body.as_bytes()).unwrap();
    assert_eq!((snapshot.space.name.as_str(), snapshot.version), ("plant", 1));
    assert_eq!(snapshot.secrets["A"].value.expose(), "\"value of A\"");
    // The way engines of the next issue will ask; they take the whole snapshot for now.
    let line = "GET /api/v1/snapshot?since=0";
    let authorization = format!("authorization: bearer {}", service.token);
    assert_eq!(service.request(line, &[&authorization]).await.status, 200);
}

#[tokio::test]
async fn who_has_it_already_gets_nothing() {
    let service = Service::start().await;
    let first = service.snapshot(&[]).await;
    let etag = first.header("etag").unwrap();
    assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 20, "{etag}");
    for header in [
        format!("If-None-Match: {etag}"),
        format!("If-None-Match: W/{etag}"),
        format!("If-None-Match: \"other\", {etag}"),
        format!("If-None-Match: \"other\"\r\nIf-None-Match: {etag}"),
        "If-None-Match: *".to_owned(),
    ] {
        let reply = service.snapshot(&[&header]).await;
        assert_eq!((reply.status, reply.body.as_str()), (304, ""), "{header}");
        assert_eq!(reply.header("etag"), Some(etag));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
    let condition = format!("If-None-Match: {etag}");
    service.put("A", "new").await;
    let changed = service.snapshot(&[&condition]).await;
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), Some(etag));
    assert_eq!(service.snapshot(&["If-None-Match: \"other\""]).await.status, 200);
}

#[tokio::test]
async fn without_a_good_token_nothing_is_told() {
    let service = Service::start().await;
    for (headers, code) in [
        (vec![], "token_missing"),
        (vec!["Authorization: Basic dXNlcjpwYXNz".to_owned()], "token_missing"),
        (vec!["Authorization: Bearer".to_owned()], "token_missing"),
        (vec!["Authorization: Bearer ".to_owned()], "token_missing"),
        (vec!["Authorization: Bearer smt_wrong".to_owned()], "token_invalid"),
        (vec![format!("Authorization: Bearer {}x", service.token)], "token_invalid"),
        (vec![format!("Authorization: Bearer {}", service.token); 2], "token_invalid"),
        (vec!["Authorization: Bearer \u{e9}".to_owned()], "token_invalid"),
        // The right tag without a token is no way in either.
        (vec!["If-None-Match: *".to_owned()], "token_missing"),
    ] {
        let headers: Vec<_> = headers.iter().map(String::as_str).collect();
        let reply = service.request("GET /api/v1/snapshot", &headers).await;
        reply.expect_problem(401, code);
        assert!(reply.header("www-authenticate").unwrap().starts_with("Bearer"));
        assert!(!reply.body.contains("plant") && reply.header("etag").is_none());
    }
    let query = format!("GET /api/v1/snapshot?access_token={}", service.token);
    service.request(&query, &[]).await.expect_problem(401, "token_missing");
}

#[tokio::test]
async fn a_revoked_token_is_out_at_once() {
    let service = Service::start().await;
    assert_eq!(service.snapshot(&[]).await.status, 200);
    let id = service.manager.tokens(None).await.unwrap()[0].id.clone();
    service
        .manager
        .revoke_token(&TokenId::new(id.as_str()), &Caller::command_line())
        .await
        .unwrap();
    service.snapshot(&["If-None-Match: *"]).await.expect_problem(401, "token_invalid");
}

#[tokio::test]
async fn a_deleted_space_is_gone_with_its_tokens() {
    let service = Service::start().await;
    service.manager.delete_space(&service.space.id, &Caller::command_line()).await.unwrap();
    service.snapshot(&[]).await.expect_problem(401, "token_invalid");
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_problems() {
    let service = Service::start().await;
    for line in
        ["GET /nope", "GET /api/v1", "GET /api/v1/snapshots", "POST /nope", "GET /api/v1/snapshot/"]
    {
        service.request(line, &[]).await.expect_problem(404, "not_found");
    }
    for line in ["POST /api/v1/snapshot", "DELETE /api/v1/snapshot", "PUT /healthz"] {
        let reply = service.request(line, &[]).await;
        reply.expect_problem(405, "method_not_allowed");
        assert_eq!(reply.header("allow"), Some("GET,HEAD"), "{line}");
    }
}

#[tokio::test]
async fn a_locked_database_still_answers_who_has_everything_and_hands_out_nothing_unrecorded() {
    let service = Service::start().await;
    let etag = service.snapshot(&[]).await.header("etag").unwrap().to_owned();
    let other = Connection::open(service.database()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let unchanged = service.snapshot(&[&format!("If-None-Match: {etag}")]).await;
    assert_eq!(unchanged.status, 304);
    service.snapshot(&[]).await.expect_problem(503, "busy");
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(service.snapshot(&[]).await.status, 200);
}

#[tokio::test]
async fn damage_is_told_to_the_log_and_not_to_the_client() {
    let service = Service::start().await;
    let other = Connection::open(service.database()).unwrap();
    other.execute_batch("UPDATE secret_versions SET sealed_value = x'0102'").unwrap();
    let reply = service.snapshot(&[]).await;
    reply.expect_problem(500, "internal");
    assert!(!reply.body.contains("damaged") && !reply.body.contains("tampered"), "{}", reply.body);
}

#[tokio::test]
async fn health_needs_no_token_and_no_database() {
    let service = Service::start().await;
    let reply = service.request("GET /healthz", &[]).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, "{\"status\":\"ok\"}"));
}

#[tokio::test]
async fn a_large_space_is_read_whole() {
    let service = Service::start().await;
    let large = "x".repeat(1024 * 1024 - 2);
    for index in 0..8 {
        service.put(&format!("LARGE_{index}"), &large).await;
    }
    let reply = service.snapshot(&[]).await;
    let snapshot = wire::read_snapshot(reply.body.as_bytes()).unwrap();
    assert_eq!(snapshot.secrets.len(), 9);
    assert_eq!(snapshot.secrets["LARGE_7"].value.expose().len(), 1024 * 1024);
}
