//! Sessions, users, spaces, members and tokens over HTTP.

use serde_json::{Value, json};

use crate::http::Service;
use crate::person::{PASSWORD, Person};

#[tokio::test]
async fn the_set_up_code_makes_one_administrator() {
    let service = Service::start().await;
    let nobody = Person::nobody();
    assert_eq!(nobody.get(&service, "/service").await["setupNeeded"], true);
    let code = service.manager.setup_code().await.unwrap().unwrap();
    let ask = |code: &str, name: &str, password: &str| {
        let body =
            json!({"code": code, "name": name, "displayName": "Anna W.", "password": password});
        nobody.ask(&service, "POST /setup").json(body).send()
    };
    ask("wrong", "anna", PASSWORD).await.expect_problem(403, "setup_code_invalid");
    // A mistake uses nothing up.
    ask(code.expose(), "an na", PASSWORD).await.expect_problem(422, "name_invalid");
    ask(code.expose(), "anna", "short").await.expect_problem(422, "value_invalid");

    let reply = ask(code.expose(), "Anna", PASSWORD).await;
    let user = &reply.json()["user"];
    assert_eq!(user["name"], "anna");
    assert_eq!(user["displayName"], "Anna W.");
    assert_eq!(user["administrator"], true);
    let anna = Person::of(&reply);
    assert_eq!(anna.get(&service, "/session").await["user"], *user);
    assert_eq!(nobody.get(&service, "/service").await["setupNeeded"], false);
    ask(code.expose(), "bert", PASSWORD).await.expect_problem(403, "setup_code_invalid");
}

#[tokio::test]
async fn the_cookie_is_for_this_host_and_for_no_script() {
    let service = Service::start().await;
    service.set_up().await;
    let reply = service.sign_in("anna", PASSWORD).await;
    let cookie = reply.header("set-cookie").unwrap();
    let mut parts: Vec<_> = cookie.split("; ").skip(1).collect();
    parts.sort_unstable();
    assert!(cookie.starts_with("__Host-session="), "{cookie}");
    assert_eq!(parts, ["HttpOnly", "Path=/", "SameSite=Strict", "Secure"]);

    let anna = Person::of(&reply);
    let ended = anna.ask(&service, "DELETE /session").send().await;
    assert_eq!((ended.status, ended.body.as_str()), (204, ""));
    let cookie = ended.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-session=;") && cookie.contains("Max-Age=0"), "{cookie}");
    anna.ask(&service, "GET /session").send().await.expect_problem(401, "session_missing");
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session_of_the_user_only() {
    let service = Service::start().await;
    let anna = service.set_up().await;
    let bert = service.invite(&anna, "bert").await;
    let elsewhere = Person::of(&service.sign_in("anna", PASSWORD).await);
    assert_eq!(elsewhere.ask(&service, "DELETE /sessions").send().await.status, 204);
    for person in [&anna, &elsewhere] {
        person.ask(&service, "GET /session").send().await.expect_problem(401, "session_missing");
    }
    bert.get(&service, "/session").await;
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let service = Service::start().await;
    let anna = service.set_up().await;
    let elsewhere = Person::of(&service.sign_in("anna", PASSWORD).await);
    let change = |current: &str, new: &str| {
        let body = json!({"current": current, "new": new});
        anna.ask(&service, "PUT /session/password").json(body).send()
    };
    let new = "another battery horse";
    change("not the password", new).await.expect_problem(403, "password_wrong");
    change(PASSWORD, "short").await.expect_problem(422, "value_invalid");
    elsewhere.get(&service, "/session").await;
    assert_eq!(change(PASSWORD, new).await.status, 204);
    anna.get(&service, "/session").await;
    elsewhere.ask(&service, "GET /session").send().await.expect_problem(401, "session_missing");
    service.sign_in("anna", PASSWORD).await.expect_problem(401, "credentials_wrong");
    assert_eq!(service.sign_in("anna", new).await.status, 201);
}

#[tokio::test]
async fn administrators_manage_users() {
    let service = Service::start().await;
    let anna = service.set_up().await;
    let new = json!({"name": "bert", "displayName": "Bert"});
    let reply = anna.ask(&service, "POST /users").json(new.clone()).send().await;
    let invitation = &reply.json()["invitation"];
    let (code, url) = (invitation["code"].as_str().unwrap(), invitation["url"].as_str().unwrap());
    assert_eq!(url, format!("http://localhost/invitation#{code}"));
    assert_eq!(reply.json()["user"]["state"], "invited");
    anna.ask(&service, "POST /users").json(new).send().await.expect_problem(409, "name_taken");

    let accept = |code: &str| {
        let body = json!({"code": code, "password": PASSWORD});
        Person::nobody().ask(&service, "POST /invitations/accept").json(body)
    };
    let bert = Person::of(&accept(code).send().await);
    accept(code).send().await.expect_problem(403, "invitation_invalid");

    // A page behind a proxy that does TLS tells its address.
    let again = anna.ask(&service, "POST /users/bert/invitation");
    let origin = ["Origin: https://secrets.example", "Sec-Fetch-Site: same-origin"];
    let again = again.header(origin[0]).header(origin[1]).send().await;
    let url = again.json()["url"].as_str().unwrap().to_owned();
    assert!(url.starts_with("https://secrets.example/invitation#"), "{url}");
    service.sign_in("bert", PASSWORD).await.expect_problem(401, "credentials_wrong");
    bert.ask(&service, "GET /session").send().await.expect_problem(401, "session_missing");

    let change = |user: &str, body: Value| {
        anna.ask(&service, &format!("PATCH /users/{user}")).json(body).send()
    };
    assert_eq!(change("bert", json!({"displayName": "B."})).await.json()["displayName"], "B.");
    assert_eq!(change("bert", json!({"disabled": true})).await.json()["state"], "disabled");
    change("anna", json!({"administrator": false})).await.expect_problem(409, "last_administrator");
    change("carl", json!({})).await.expect_problem(404, "user_unknown");
    let users = anna.get(&service, "/users").await;
    let names: Vec<_> = users["users"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["anna", "bert"]);
    let delete = |user: &str| anna.ask(&service, &format!("DELETE /users/{user}")).send();
    assert_eq!(delete("bert").await.status, 204);
    delete("bert").await.expect_problem(404, "user_unknown");
    delete("anna").await.expect_problem(409, "last_administrator");
}

#[tokio::test]
async fn spaces_are_made_changed_and_deleted() {
    let service = Service::start().await;
    let anna = service.set_up().await;
    // What was made before there was anybody is the first administrator's.
    assert_eq!(anna.get(&service, "/spaces").await["spaces"][0]["name"], "plant");
    let make = |name: &str| anna.ask(&service, "POST /spaces").json(json!({"name": name})).send();
    make("plant").await.expect_problem(409, "name_taken");
    make("").await.expect_problem(422, "name_invalid");
    let made = make("line 7/ü").await.json();
    assert_eq!((&made["role"], &made["version"]), (&json!("owner"), &json!(0)));
    let id = made["id"].as_str().unwrap();
    let named = anna.get(&service, "/spaces/line%207%2F%C3%BC").await;
    assert_eq!(named["id"], made["id"]);
    assert_eq!(anna.get(&service, "/spaces").await["spaces"].as_array().unwrap().len(), 2);

    let change = |body: Value| anna.ask(&service, &format!("PATCH /spaces/{id}")).json(body).send();
    let changed = change(json!({"name": "line 8", "keptVersions": 5})).await.json();
    assert_eq!((&changed["name"], &changed["keptVersions"]), (&json!("line 8"), &json!(5)));
    change(json!({"name": "plant"})).await.expect_problem(409, "name_taken");
    change(json!({"name": " x"})).await.expect_problem(422, "name_invalid");
    change(json!({"keptVersions": 0})).await.expect_problem(422, "value_invalid");
    let delete = anna.ask(&service, &format!("DELETE /spaces/{id}")).send().await;
    assert_eq!(delete.status, 204);
    anna.ask(&service, &format!("GET /spaces/{id}")).send().await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn owners_decide_on_members() {
    let service = Service::start().await;
    let anna = service.set_up().await;
    let bert = service.invite(&anna, "bert").await;
    service.invite(&anna, "carl").await;
    anna.ask(&service, "POST /spaces").json(json!({"name": "line"})).send().await;
    let put = |user: &str, role: &str| {
        let ask = anna.ask(&service, &format!("PUT /spaces/line/members/{user}"));
        ask.json(json!({"role": role})).send()
    };
    assert_eq!(put("bert", "viewer").await.status, 201);
    let again = put("bert", "reader").await;
    assert_eq!((again.status, &again.json()["role"]), (200, &json!("reader")));
    put("nobody", "reader").await.expect_problem(404, "user_unknown");
    put("anna", "editor").await.expect_problem(409, "last_owner");
    put("bert", "king").await.expect_problem(400, "body_invalid");
    let members = bert.get(&service, "/spaces/line/members").await;
    let members = members["members"].as_array().unwrap();
    assert_eq!(members.len(), 2);
    assert_eq!(members[1]["user"]["name"], "bert");

    put("carl", "viewer").await;
    let remove = |person: &Person, user: &str| {
        person.ask(&service, &format!("DELETE /spaces/line/members/{user}"))
    };
    remove(&bert, "carl").send().await.expect_problem(403, "role_insufficient");
    // Not even whether there is such a user.
    remove(&bert, "nobody").send().await.expect_problem(403, "role_insufficient");
    assert_eq!(remove(&bert, "bert").send().await.status, 204);
    bert.ask(&service, "GET /spaces/line").send().await.expect_problem(404, "not_found");
    assert_eq!(remove(&anna, "carl").send().await.status, 204);
    remove(&anna, "carl").send().await.expect_problem(404, "not_found");
    remove(&anna, "anna").send().await.expect_problem(409, "last_owner");
}

#[tokio::test]
async fn a_token_is_shown_once_and_works_until_it_is_revoked() {
    let service = Service::start().await;
    let anna = service.set_up().await;
    for space in ["line", "other"] {
        anna.ask(&service, "POST /spaces").json(json!({"name": space})).send().await;
    }
    let make = |body: Value| anna.ask(&service, "POST /spaces/line/tokens").json(body).send();
    let made = make(json!({"name": "panel", "expiresAt": "2100-01-01T00:00:00Z"})).await;
    assert_eq!(made.status, 201);
    let made = made.json();
    let read = async || {
        let bearer = format!("Authorization: Bearer {}", made["token"].as_str().unwrap());
        service.request("GET /api/v1/snapshot", &[&bearer]).await
    };
    assert_eq!(read().await.json()["space"]["name"], "line");
    make(json!({"name": "late", "expiresAt": "2000-01-01T00:00:00Z"}))
        .await
        .expect_problem(422, "value_invalid");
    let tokens = anna.get(&service, "/spaces/line/tokens").await;
    assert!(!tokens.to_string().contains("smt_"));
    let id = tokens["tokens"][0]["id"].as_str().unwrap();
    let revoke =
        |space: &str| anna.ask(&service, &format!("DELETE /spaces/{space}/tokens/{id}")).send();
    revoke("other").await.expect_problem(404, "not_found");
    assert_eq!(read().await.status, 200);
    assert_eq!(revoke("line").await.status, 204);
    read().await.expect_problem(401, "token_invalid");
}
