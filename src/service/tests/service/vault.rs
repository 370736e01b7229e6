//! Secrets over HTTP: values, versions, preconditions, many at once, the audit trail.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::http::{Reply, Service};
use crate::person::Person;

/// A service with an administrator who owns the space `line`.
async fn with_owner() -> (Service, Person) {
    let service = Service::start().await;
    let anna = service.set_up().await;
    let made = anna.ask(&service, "POST /spaces").json(json!({"name": "line"})).send().await;
    assert_eq!(made.status, 201);
    (service, anna)
}

async fn put(service: &Service, person: &Person, key: &str, body: Value) -> Reply {
    person.ask(service, &format!("PUT /spaces/line/secrets/{key}")).json(body).send().await
}

fn text(value: &str) -> Value {
    json!({"type": "text", "value": value})
}

#[tokio::test]
async fn a_secret_is_set_listed_revealed_and_deleted() {
    let (service, anna) = with_owner().await;
    let made = put(&service, &anna, "A", text("first")).await;
    assert_eq!((made.status, made.header("etag")), (201, Some("\"1\"")));
    let made = made.json();
    assert!(made.get("value").is_none());
    assert_eq!((&made["updatedBy"], &made["spaceVersion"]), (&json!("anna"), &json!(1)));
    let again = put(&service, &anna, "A", text("first")).await;
    assert_eq!((again.status, again.header("etag")), (200, Some("\"2\"")));
    // Every digit and space of a JSON secret stays as it was written.
    let body = "{\"type\":\"json\",\"value\":{\"n\": 1.00000000000000000001}}";
    let ask = anna.ask(&service, "PUT /spaces/line/secrets/J").body("application/json", body);
    assert_eq!(ask.send().await.status, 201);

    let list = anna.get(&service, "/spaces/line/secrets").await;
    assert_eq!((&list["version"], &list["space"]["name"]), (&json!(3), &json!("line")));
    let keys: Vec<_> = list["secrets"].as_array().unwrap().iter().map(|it| &it["key"]).collect();
    assert_eq!(keys, ["A", "J"]);
    assert!(!list.to_string().contains("first"));

    let revealed = anna.ask(&service, "GET /spaces/line/secrets/A").send().await;
    assert_eq!(revealed.header("etag"), Some("\"2\""));
    assert_eq!(revealed.json()["value"], "first");
    assert_eq!(revealed.json()["createdAt"], made["createdAt"]);
    let revealed = anna.ask(&service, "GET /spaces/line/secrets/J").send().await;
    assert!(revealed.body.contains("{\"n\": 1.00000000000000000001}"), "{}", revealed.body);

    let delete = async || anna.ask(&service, "DELETE /spaces/line/secrets/A").send().await;
    assert_eq!(delete().await.status, 204);
    delete().await.expect_problem(404, "not_found");
    for key in ["A", "NEVER", "no%20name", "%ff"] {
        let reveal = anna.ask(&service, &format!("GET /spaces/line/secrets/{key}"));
        reveal.send().await.expect_problem(404, "not_found");
    }
}

#[tokio::test]
async fn an_unchanged_list_is_not_sent_again() {
    let (service, anna) = with_owner().await;
    let list = async |etag: &str| {
        let ask = anna.ask(&service, "GET /spaces/line/secrets");
        ask.header(&format!("If-None-Match: {etag}")).send().await
    };
    let etag = list("\"none\"").await.header("etag").unwrap().to_owned();
    let same = list(&etag).await;
    assert_eq!((same.status, same.body.as_str(), same.header("etag")), (304, "", Some(&*etag)));
    put(&service, &anna, "A", text("1")).await;
    assert_eq!(list(&etag).await.status, 200);
}

#[tokio::test]
async fn what_cannot_be_a_secret_is_refused() {
    let (service, anna) = with_owner().await;
    for (key, body, status, code) in [
        ("toJSON", text("v"), 422, "name_invalid"),
        ("a%20b", text("v"), 422, "name_invalid"),
        ("A", json!({"type": "text", "value": 1}), 422, "value_invalid"),
        ("A", json!({"type": "binary", "value": ""}), 400, "body_invalid"),
        ("A", json!({"type": "text"}), 400, "body_invalid"),
        ("A", json!({"type": "text", "value": "", "more": 1}), 400, "body_invalid"),
        ("A", text(&"x".repeat(1024 * 1024)), 422, "limit_exceeded"),
        ("A", text(&"x".repeat(7 * 1024 * 1024)), 413, "body_too_large"),
    ] {
        put(&service, &anna, key, body).await.expect_problem(status, code);
    }
    let ask = anna.ask(&service, "PUT /spaces/line/secrets/A").body("text/plain", "{}");
    ask.send().await.expect_problem(415, "media_type_unsupported");
    let ask = anna.ask(&service, "PUT /spaces/line/secrets/A");
    let reply = ask.body("application/json", "{\"type\":\n canary}").send().await;
    reply.expect_problem(400, "body_invalid");
    assert!(reply.body.contains("line 2, column 2") && !reply.body.contains("canary"));
    assert_eq!(anna.get(&service, "/spaces/line").await["version"], 0);
}

#[tokio::test]
async fn a_stale_write_changes_nothing_and_tells_the_version() {
    let (service, anna) = with_owner().await;
    let ask = async |method: &str, header: &str| {
        let ask = anna.ask(&service, &format!("{method} /spaces/line/secrets/A")).header(header);
        let ask = if method == "PUT" { ask.json(text("v")) } else { ask };
        ask.send().await
    };
    let stale = async |method: &str, header: &str, current: Value| {
        let reply = ask(method, header).await;
        reply.expect_problem(412, "precondition_failed");
        assert_eq!(reply.json()["current"], current, "{header}");
    };
    stale("PUT", "If-Match: \"1\"", Value::Null).await;
    stale("PUT", "If-Match: *", Value::Null).await;
    assert_eq!(ask("PUT", "If-None-Match: *").await.status, 201);
    stale("PUT", "If-None-Match: *", json!(1)).await;
    stale("PUT", "If-Match: \"2\"", json!(1)).await;
    stale("DELETE", "If-Match: \"2\"", json!(1)).await;
    stale("PUT", "If-Match: \"of something else\"", json!(1)).await;
    assert_eq!(ask("PUT", "If-Match: \"1\"").await.status, 200);
    ask("PUT", "If-Match: 2").await.expect_problem(400, "header_invalid");
    ask("PUT", "If-Match: \"2\"\r\nIf-None-Match: *").await.expect_problem(400, "header_invalid");
    assert_eq!(ask("DELETE", "If-Match: *").await.status, 204);
    assert_eq!(anna.get(&service, "/spaces/line").await["version"], 3);
}

#[tokio::test]
async fn of_many_writers_at_once_exactly_one_wins_each_round() {
    const WRITERS: usize = 16;
    let (service, anna) = with_owner().await;
    put(&service, &anna, "A", text("start")).await;
    for version in 1..=3 {
        let writers = (0..WRITERS).map(|writer| {
            let ask = anna.ask(&service, "PUT /spaces/line/secrets/A");
            let ask = ask.header(&format!("If-Match: \"{version}\""));
            ask.json(text(&format!("{version} by {writer}"))).send()
        });
        let replies = join_all(writers).await;
        let (won, lost): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
        assert_eq!(won.len(), 1);
        for reply in lost {
            reply.expect_problem(412, "precondition_failed");
            assert_eq!(reply.json()["current"], version + 1);
        }
    }
    let space = anna.get(&service, "/spaces/line").await;
    assert_eq!(space["version"], 4, "nothing but the winners' changes");
}

#[tokio::test]
async fn the_history_leads_back_and_can_be_destroyed() {
    let (service, anna) = with_owner().await;
    for value in ["one", "two", "three"] {
        put(&service, &anna, "A", text(value)).await;
    }
    let post = async |what: &str, body: Value| {
        anna.ask(&service, &format!("POST /spaces/line/secrets/A/{what}")).json(body).send().await
    };
    let versions = async || {
        let history = anna.get(&service, "/spaces/line/secrets/A/versions").await;
        let versions = history["versions"].as_array().unwrap().clone();
        versions.iter().map(|it| (it["version"].as_u64().unwrap(), it["state"].clone())).collect()
    };
    let states: Vec<_> = versions().await;
    let kept = |version: u64| (version, json!("kept"));
    assert_eq!(states, [(3, json!("current")), kept(2), kept(1)]);

    let old = anna.get(&service, "/spaces/line/secrets/A?version=1").await;
    assert_eq!((&old["value"], &old["version"]), (&json!("one"), &json!(1)));
    let made = anna.get(&service, "/spaces/line/secrets/A/versions").await;
    assert_eq!(old["updatedAt"], made["versions"][2]["createdAt"]);
    assert_eq!(old["updatedBy"], "anna");
    let back = post("rollback", json!({"version": 1})).await;
    assert_eq!((back.status, back.header("etag")), (200, Some("\"4\"")));
    assert_eq!(anna.get(&service, "/spaces/line/secrets/A").await["value"], "one");
    let newest = anna.get(&service, "/spaces/line/secrets/A/versions").await;
    assert_eq!(newest["versions"][0]["rolledBackFrom"], 1);
    post("rollback", json!({"version": 9})).await.expect_problem(404, "not_found");

    assert_eq!(post("destroy", json!({"versions": [2]})).await.status, 204);
    post("rollback", json!({"version": 2})).await.expect_problem(410, "value_destroyed");
    post("destroy", json!({"versions": [4]})).await.expect_problem(422, "value_invalid");
    let gone = anna.ask(&service, "GET /spaces/line/secrets/A?version=2").send().await;
    gone.expect_problem(410, "value_destroyed");

    post("restore", json!({})).await.expect_problem(412, "precondition_failed");
    anna.ask(&service, "DELETE /spaces/line/secrets/A").send().await;
    let deleted = anna.get(&service, "/spaces/line/secrets?deleted=true").await;
    assert_eq!(deleted["secrets"][0]["deletedBy"], "anna");
    let history = anna.get(&service, "/spaces/line/secrets/A/versions").await;
    assert!(history["deletedAt"].is_string());
    assert_eq!(post("restore", json!({})).await.status, 200);
    assert_eq!(anna.get(&service, "/spaces/line/secrets/A").await["value"], "one");

    assert_eq!(post("destroy", json!({})).await.status, 204);
    let versions = anna.ask(&service, "GET /spaces/line/secrets/A/versions").send().await;
    versions.expect_problem(404, "not_found");
    assert_eq!(put(&service, &anna, "A", text("new")).await.header("etag"), Some("\"1\""));
}

#[tokio::test]
async fn many_changes_are_one_version_or_none() {
    let (service, anna) = with_owner().await;
    put(&service, &anna, "OLD", text("v")).await;
    put(&service, &anna, "SAME", text("v")).await;
    let patch = async |header: &str, secrets: Value| {
        let ask = anna.ask(&service, "PATCH /spaces/line/secrets").header(header);
        ask.json(json!({"secrets": secrets})).send().await
    };
    let changes = json!({
        "NEW": text("v"), "OLD": null, "SAME": text("v"), "DOC": {"type": "json", "value": [1]},
    });
    patch("If-Match: \"1\"", changes.clone()).await.expect_problem(412, "precondition_failed");
    let changed = patch("If-Match: \"2\"", changes).await;
    assert_eq!(
        changed.json(),
        json!({"version": 3, "added": 2, "changed": 0, "unchanged": 1, "removed": 1})
    );
    for (secrets, status, code) in [
        (json!({"A": text("v"), "a b": text("v")}), 422, "name_invalid"),
        (json!({"A": text("v"), "B": {"type": "text", "value": 1}}), 422, "value_invalid"),
        (json!({"A": text("v"), "B": {"type": "text"}}), 400, "body_invalid"),
        (json!({"A": text("v"), "OLD": null}), 404, "not_found"),
    ] {
        patch("X-Nothing: 1", secrets).await.expect_problem(status, code);
    }
    let trail = anna.get(&service, "/spaces/line/audit?limit=1").await;
    assert_eq!(trail["records"][0]["action"], "secrets.change");
    let twice = r#"{"secrets":{"A":{"type":"text","value":"1"},"A":{"type":"text","value":"2"}}}"#;
    let ask = anna.ask(&service, "PATCH /spaces/line/secrets").body("application/json", twice);
    ask.send().await.expect_problem(422, "value_invalid");
    assert_eq!(anna.get(&service, "/spaces/line").await["version"], 3);
}

#[tokio::test]
async fn files_are_imported_and_exported() {
    let (service, anna) = with_owner().await;
    put(&service, &anna, "A", text("1")).await;
    let import = async |query: &str, file: &str| {
        let ask = anna.ask(&service, &format!("POST /spaces/line/import?{query}"));
        ask.body("text/plain", file).send().await
    };
    let file = "# comment\nA=1\nB='two\nlines'\n";
    let told = json!({"version": 1, "added": ["B"], "changed": [], "unchanged": ["A"]});
    assert_eq!(import("format=env&dryRun=true", file).await.json(), told);
    assert_eq!(anna.get(&service, "/spaces/line").await["version"], 1);
    let done = import("format=env", file).await.json();
    assert_eq!((&done["version"], &done["added"]), (&json!(2), &json!(["B"])));

    let refused = import("format=env", "C=1\nno equals sign\n").await;
    refused.expect_problem(422, "import_invalid");
    assert_eq!(refused.json()["mistakes"][0]["line"], 2);
    let refused = import("format=json", "{\"GOOD\": 1, \"a b\": 2, \"toJSON\": \"canary\"}").await;
    refused.expect_problem(422, "import_invalid");
    let mistakes = refused.json()["mistakes"].clone();
    assert_eq!((&mistakes[0]["key"], &mistakes[1]["key"]), (&json!("a b"), &json!("toJSON")));
    assert!(!refused.body.contains("canary"));
    import("format=json", "{\"A\": canary}").await.expect_problem(422, "import_invalid");
    import("format=xml", "").await.expect_problem(400, "query_invalid");
    import("", "").await.expect_problem(400, "query_invalid");
    assert_eq!(anna.get(&service, "/spaces/line").await["version"], 2);

    let export = async |format: &str| {
        let ask = anna.ask(&service, &format!("POST /spaces/line/export?format={format}"));
        ask.send().await
    };
    let json = export("json").await;
    assert_eq!(json.json(), json!({"A": "1", "B": "two\nlines"}));
    assert_eq!(json.header("content-disposition"), Some("attachment; filename=\"line.json\""));
    let env = export("env").await;
    assert_eq!(env.body, "A='1'\nB='two\nlines'");
    assert_eq!(env.header("content-type"), Some("text/plain; charset=utf-8"));
}

#[tokio::test]
async fn owners_read_what_was_done() {
    let (service, anna) = with_owner().await;
    put(&service, &anna, "CANARY_NAME", text("canary value")).await;
    anna.get(&service, "/spaces/line/secrets/CANARY_NAME").await;
    anna.ask(&service, "POST /spaces/line/export?format=env").send().await;
    let page = anna.get(&service, "/spaces/line/audit").await;
    let records = page["records"].as_array().unwrap();
    let actions: Vec<_> = records.iter().map(|it| it["action"].as_str().unwrap()).collect();
    let expected = ["secrets.export", "secret.reveal", "secret.put", "space.create"];
    assert_eq!((actions.as_slice(), &page["next"]), (&expected[..], &Value::Null));
    let put = &records[2];
    assert_eq!(put["actor"]["name"], "anna");
    assert_eq!((&put["keys"], &put["version"]), (&json!(["CANARY_NAME"]), &json!(1)));
    assert_eq!(put["origin"], "127.0.0.1");
    assert_eq!(put["requestId"].as_str().unwrap().len(), 16);

    let first = anna.get(&service, "/spaces/line/audit?limit=3").await;
    assert_eq!(first["records"].as_array().unwrap().len(), 3);
    let rest = format!("/spaces/line/audit?limit=3&before={}", first["next"]);
    let rest = anna.get(&service, &rest).await;
    assert_eq!(
        (&rest["records"][0]["action"], &rest["next"]),
        (&json!("space.create"), &json!(null))
    );
    let some = anna.get(&service, "/spaces/line/audit?action=secret.put&actor=anna").await;
    assert_eq!(some["records"].as_array().unwrap().len(), 1);
    for query in ["limit=0", "limit=201", "from=yesterday", "before=x"] {
        let ask = anna.ask(&service, &format!("GET /spaces/line/audit?{query}"));
        ask.send().await.expect_problem(400, "query_invalid");
    }

    let csv = anna.ask(&service, "GET /spaces/line/audit/export?format=csv").send().await;
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    assert!(csv.body.contains(",secret.put,ok,127.0.0.1,") && csv.body.contains(",CANARY_NAME,"));
    let all = anna.get(&service, "/audit").await;
    assert!(all["records"].as_array().unwrap().len() >= 4);
    assert!(!all.to_string().contains("CANARY_NAME"), "administrators are no members");
}
