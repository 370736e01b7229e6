//! What keeps out whoever must not come in: other sites' pages, guesses, floods.

use std::num::NonZeroU32;
use std::time::Duration;

use secret_manager_service::{Rate, Rates};
use serde_json::json;

use crate::http::Service;
use crate::person::{PASSWORD, Person};

fn few(burst: u32) -> Rate {
    Rate { burst: NonZeroU32::new(burst).unwrap(), every: Duration::from_hours(1) }
}

#[tokio::test]
async fn pages_of_other_sites_change_nothing() {
    let service = Service::start().await;
    let anna = service.set_up().await;
    let make = async |name: &str, headers: &[&str]| {
        let mut ask = anna.ask(&service, "POST /spaces").json(json!({"name": name}));
        for header in headers {
            ask = ask.header(header);
        }
        ask.send().await
    };
    for headers in [
        &["Sec-Fetch-Site: cross-site"][..],
        &["Sec-Fetch-Site: same-site", "Origin: http://localhost"],
        &["Origin: https://evil.example"],
        &["Origin: null"],
    ] {
        make("line", headers).await.expect_problem(403, "cross_site");
        let export = anna.ask(&service, "POST /spaces/plant/export?format=env").header(headers[0]);
        export.send().await.expect_problem(403, "cross_site");
    }
    // Signing somebody in as somebody else is an attack as well.
    let body = json!({"name": "anna", "password": PASSWORD});
    let sign_in = Person::nobody().ask(&service, "POST /session").json(body);
    let sign_in = sign_in.header("Sec-Fetch-Site: cross-site").send().await;
    sign_in.expect_problem(403, "cross_site");
    for (name, headers) in [
        ("a", &["Sec-Fetch-Site: same-origin"][..]),
        ("b", &["Sec-Fetch-Site: none"]),
        ("c", &["Origin: http://localhost"]),
        ("d", &[]),
    ] {
        assert_eq!(make(name, headers).await.status, 201, "{headers:?}");
    }
}

#[tokio::test]
async fn a_name_is_locked_after_failures_and_says_for_how_long() {
    let service = Service::start_with(|config| config.rates.guesses = few(1000)).await;
    let anna = service.set_up().await;
    let mut failures = 0;
    let locked = loop {
        let reply = service.sign_in("anna", "not the password").await;
        if reply.status == 429 {
            break reply;
        }
        reply.expect_problem(401, "credentials_wrong");
        failures += 1;
        assert!(failures < 100, "never locked");
    };
    locked.expect_problem(429, "too_many_attempts");
    let wait: u64 = locked.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=3600).contains(&wait), "{wait}");
    // The right password doesn't help now, or a guess could be told from a wrong one.
    service.sign_in("anna", PASSWORD).await.expect_problem(429, "too_many_attempts");
    // Who is signed in already is not kept out by other people's attempts.
    anna.get(&service, "/session").await;
    // Nor is anybody else, and a name that nobody has is locked in the same way.
    let mut unknown = 0;
    while service.sign_in("nobody", "not the password").await.status == 401 {
        unknown += 1;
    }
    assert_eq!(unknown, failures);
}

#[tokio::test]
async fn an_address_gets_so_many_guesses() {
    let service = Service::start_with(|config| config.rates.guesses = few(3)).await;
    let guess = async |line: &str| {
        let body = json!({"code": "x", "name": "x", "password": "x"});
        let body = match line {
            "POST /session" => json!({"name": "x", "password": "x"}),
            "POST /setup" => body,
            _ => json!({"code": "x", "password": "x"}),
        };
        Person::nobody().ask(&service, line).json(body).send().await
    };
    guess("POST /session").await.expect_problem(401, "credentials_wrong");
    guess("POST /setup").await.expect_problem(403, "setup_code_invalid");
    guess("POST /invitations/accept").await.expect_problem(403, "invitation_invalid");
    for line in ["POST /session", "POST /setup", "POST /invitations/accept"] {
        let reply = guess(line).await;
        reply.expect_problem(429, "too_many_attempts");
        let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
        assert!((3500..=3600).contains(&wait), "{wait}");
    }
    Person::nobody().get(&service, "/service").await;
}

#[tokio::test]
async fn a_flood_is_slowed_down_and_the_signed_in_are_not() {
    let rates = Rates { guesses: few(10), people: few(5) };
    let service = Service::start_with(|config| config.rates = rates).await;
    let anna = service.set_up().await;
    let stranger = Person { cookie: Some("__Host-session=made-up".into()) };
    let mut answers = Vec::new();
    for _ in 0..6 {
        answers.push(stranger.ask(&service, "GET /spaces").send().await.status);
    }
    assert_eq!(answers, [401, 401, 401, 401, 429, 429], "the set-up was counted, too");
    let reply = Person::nobody().ask(&service, "GET /service").send().await;
    reply.expect_problem(429, "too_many_requests");
    for _ in 0..10 {
        anna.get(&service, "/session").await;
        assert_eq!(service.snapshot(&[]).await.status, 200);
    }
}

#[tokio::test]
async fn every_error_is_a_problem() {
    let service = Service::start().await;
    let anna = service.set_up().await;
    for (line, status, code) in [
        ("GET /nothing", 404, "not_found"),
        ("GET /spaces/none", 404, "not_found"),
        ("GET /spaces/%ff", 404, "not_found"),
        ("GET /spaces/plant/nothing", 404, "not_found"),
        ("PUT /spaces", 405, "method_not_allowed"),
        ("POST /spaces", 415, "media_type_unsupported"),
        ("GET /spaces/plant/secrets?deleted=perhaps", 400, "query_invalid"),
        ("GET /spaces/plant/secrets/A?version=9223372036854775808", 400, "query_invalid"),
        ("GET /spaces/plant/secrets/A?version=99", 404, "not_found"),
    ] {
        anna.ask(&service, line).send().await.expect_problem(status, code);
    }
    for body in ["", "{", "[]", "[\"line\"]", "null", "{\"name\":1}", "{\"name\":\"a\",\"x\":1}"] {
        let ask = anna.ask(&service, "POST /spaces").body("application/json", body);
        ask.send().await.expect_problem(400, "body_invalid");
    }
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(64 * 1024));
    let ask = anna.ask(&service, "POST /spaces").body("application/json", large);
    ask.send().await.expect_problem(413, "body_too_large");
}
