//! Who may do what: every address of the API, asked by everybody, in a space of theirs and in others.

use std::num::NonZeroU32;
use std::time::Duration;

use secret_manager_manager::{
    Caller, Change, Edit, Error, NewUser, Password, Precondition, Same, SpaceId,
};
use secret_manager_model::{LoginName, Role, SecretName, SecretValue};
use secret_manager_service::{Rate, Rates};
use serde_json::{Value, json};

use crate::http::{Reply, Service};
use crate::person::{PASSWORD, Person};

/// In the order of the table's columns. `stranger` is signed in and nothing else; `anna` is the
/// administrator and in no space; `token` shows an access token of the space.
const ACTORS: [&str; 8] =
    ["owner", "editor", "reader", "viewer", "stranger", "anna", "nobody", "token"];

const BODY_OF_SESSION: &str = r#"{"name":"extra","password":"correct battery horse"}"#;
const PASSWORDS: &str = r#"{"current":"correct battery horse","new":"correct battery horse"}"#;
const SETUP: &str = r#"{"code":"x","name":"x","password":"correct battery horse"}"#;
const ACCEPTANCE: &str = r#"{"code":"x","password":"correct battery horse"}"#;
const VALUE: &str = r#"{"type":"text","value":"v"}"#;

/// Method and path, what is sent, and the status for each of [`ACTORS`] in their own space. With
/// somebody else's space the same is asked again; what comes then is one rule for all and needs no
/// column. `{…}` are filled in by [`World::fill`]. What deletes the space comes last.
#[rustfmt::skip]
const TABLE: &[(&str, &str, [u16; 8])] = &[
    ("GET /healthz",                                          "", [200, 200, 200, 200, 200, 200, 200, 200]),
    ("GET /readyz",                                           "", [200, 200, 200, 200, 200, 200, 200, 200]),
    ("GET /metrics",                                          "", [200, 200, 200, 200, 200, 200, 200, 200]),
    ("GET /api/v1/service",                                   "", [200, 200, 200, 200, 200, 200, 200, 200]),
    ("GET /api/v1/snapshot",                                  "", [401, 401, 401, 401, 401, 401, 401, 200]),
    ("GET /api/v1/watch",                                     "", [401, 401, 401, 401, 401, 401, 401, 200]),
    ("GET /api/v1/session",                                   "", [200, 200, 200, 200, 200, 200, 401, 401]),
    ("POST /api/v1/session",                     BODY_OF_SESSION, [201, 201, 201, 201, 201, 201, 201, 201]),
    ("DELETE /api/v1/session",                                "", [204, 204, 204, 204, 204, 204, 401, 401]),
    ("DELETE /api/v1/sessions",                               "", [204, 204, 204, 204, 204, 204, 401, 401]),
    ("PUT /api/v1/session/password",                   PASSWORDS, [204, 204, 204, 204, 204, 204, 401, 401]),
    ("POST /api/v1/setup",                                 SETUP, [403, 403, 403, 403, 403, 403, 403, 403]),
    ("POST /api/v1/invitations/accept",               ACCEPTANCE, [403, 403, 403, 403, 403, 403, 403, 403]),
    ("GET /api/v1/users",                                     "", [403, 403, 403, 403, 403, 200, 401, 401]),
    ("POST /api/v1/users",                  r#"{"name":"fresh"}"#, [403, 403, 403, 403, 403, 201, 401, 401]),
    ("PATCH /api/v1/users/{user}",    r#"{"displayName":"More"}"#, [403, 403, 403, 403, 403, 200, 401, 401]),
    ("POST /api/v1/users/{user}/invitation",                  "", [403, 403, 403, 403, 403, 201, 401, 401]),
    ("DELETE /api/v1/users/{user}",                           "", [403, 403, 403, 403, 403, 204, 401, 401]),
    ("GET /api/v1/audit",                                     "", [403, 403, 403, 403, 403, 200, 401, 401]),
    ("GET /api/v1/spaces",                                    "", [200, 200, 200, 200, 200, 200, 401, 401]),
    ("POST /api/v1/spaces",                 r#"{"name":"fresh"}"#, [403, 403, 403, 403, 403, 201, 401, 401]),
    ("GET /api/v1/spaces/{space}",                            "", [200, 200, 200, 200, 404, 404, 401, 401]),
    ("PATCH /api/v1/spaces/{space}",        r#"{"keptVersions":100}"#, [200, 403, 403, 403, 404, 404, 401, 401]),
    ("GET /api/v1/spaces/{space}/secrets",                    "", [200, 200, 200, 200, 404, 404, 401, 401]),
    ("GET /api/v1/spaces/{space}/watch",                      "", [200, 200, 200, 200, 404, 404, 401, 401]),
    ("PATCH /api/v1/spaces/{space}/secrets",  r#"{"secrets":{}}"#, [200, 200, 403, 403, 404, 404, 401, 401]),
    ("GET /api/v1/spaces/{space}/secrets/{key}",              "", [200, 200, 200, 403, 404, 404, 401, 401]),
    ("PUT /api/v1/spaces/{space}/secrets/{key}",           VALUE, [200, 200, 403, 403, 404, 404, 401, 401]),
    ("DELETE /api/v1/spaces/{space}/secrets/{key}",           "", [204, 204, 403, 403, 404, 404, 401, 401]),
    ("GET /api/v1/spaces/{space}/secrets/{key}/versions",     "", [200, 200, 200, 200, 404, 404, 401, 401]),
    ("POST /api/v1/spaces/{space}/secrets/{key}/rollback", r#"{"version":1}"#, [200, 200, 403, 403, 404, 404, 401, 401]),
    ("POST /api/v1/spaces/{space}/secrets/{key}/restore",     "", [200, 200, 403, 403, 404, 404, 401, 401]),
    ("POST /api/v1/spaces/{space}/secrets/{key}/destroy",   "{}", [204, 403, 403, 403, 404, 404, 401, 401]),
    ("POST /api/v1/spaces/{space}/import?format=env",      "A=1", [200, 200, 403, 403, 404, 404, 401, 401]),
    ("POST /api/v1/spaces/{space}/export?format=env",         "", [200, 200, 200, 403, 404, 404, 401, 401]),
    ("GET /api/v1/spaces/{space}/members",                    "", [200, 200, 200, 200, 404, 404, 401, 401]),
    ("PUT /api/v1/spaces/{space}/members/{user}", r#"{"role":"editor"}"#, [200, 403, 403, 403, 404, 404, 401, 401]),
    ("DELETE /api/v1/spaces/{space}/members/{user}",          "", [204, 403, 403, 403, 404, 404, 401, 401]),
    ("GET /api/v1/spaces/{space}/tokens",                     "", [200, 403, 403, 403, 404, 404, 401, 401]),
    ("POST /api/v1/spaces/{space}/tokens",       r#"{"name":"t"}"#, [201, 403, 403, 403, 404, 404, 401, 401]),
    ("DELETE /api/v1/spaces/{space}/tokens/{token}",          "", [204, 403, 403, 403, 404, 404, 401, 401]),
    ("GET /api/v1/spaces/{space}/audit",                      "", [200, 403, 403, 403, 404, 404, 401, 401]),
    ("GET /api/v1/spaces/{space}/audit/export?format=csv",    "", [200, 403, 403, 403, 404, 404, 401, 401]),
    ("DELETE /api/v1/spaces/{space}",                         "", [204, 403, 403, 403, 404, 404, 401, 401]),
];

#[tokio::test]
async fn everybody_may_do_what_the_table_says() {
    let world = World::new().await;
    // The powerful last: they may take away what the others are asked about.
    for (route, body, expected) in TABLE {
        for (actor, status) in ACTORS.into_iter().zip(expected).rev() {
            world.prepare().await;
            let reply = world.ask(actor, route, "plant", body).await;
            assert_eq!(reply.status, *status, "{actor}: {route}: {}", reply.body);
            if *status == 403 && route.contains("{space}") {
                reply.expect_problem(403, "role_insufficient");
            }
        }
    }
}

#[tokio::test]
async fn spaces_of_others_look_as_if_they_did_not_exist() {
    let world = World::new().await;
    world.service.manager.create_space("other", &Caller::command_line()).await.unwrap();
    for (route, body, _) in TABLE.iter().filter(|(route, ..)| route.contains("{space}")) {
        for actor in ACTORS {
            world.prepare().await;
            let other = world.ask(actor, route, "other", body).await;
            let none = world.ask(actor, route, "none", body).await;
            let status = if matches!(actor, "nobody" | "token") { 401 } else { 404 };
            assert_eq!(other.status, status, "{actor}: {route}");
            assert_eq!(told(&other), told(&none), "{actor}: {route}");
        }
    }
}

/// All of an answer but what differs from one request to the next.
fn told(reply: &Reply) -> (Vec<&str>, String) {
    let head = reply.head.lines();
    let head = head.filter(|line| !line.starts_with("x-request-id") && !line.starts_with("date"));
    let id = reply.header("x-request-id").unwrap();
    (head.collect(), reply.body.replace(id, "…"))
}

#[test]
fn the_table_has_every_address_of_the_api() {
    let document: Value = serde_json::from_str(&secret_manager_service::openapi()).unwrap();
    let known: Vec<_> = TABLE.iter().map(|(route, ..)| route.split('?').next().unwrap()).collect();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let route = format!("{} {path}", method.to_uppercase());
            assert!(known.contains(&route.as_str()), "{route} is not in the table");
        }
    }
}

/// A service with everybody in it.
struct World {
    service: Service,
    anna: Person,
}

impl World {
    async fn new() -> Self {
        let generous =
            Rate { burst: NonZeroU32::new(1_000_000).unwrap(), every: Duration::from_millis(1) };
        let rates = Rates { guesses: generous, people: generous };
        let service = Service::start_with(|config| config.rates = rates).await;
        let anna = service.set_up().await;
        let world = Self { service, anna };
        for name in &ACTORS[..5] {
            world.service.invite(&world.anna, name).await;
        }
        for (name, role) in ACTORS.into_iter().zip(Role::ALL) {
            world.join(name, role).await;
        }
        // The first administrator got the space that was there before.
        let (manager, caller) = (&world.service.manager, Caller::command_line());
        let anna = manager.user("anna").await.unwrap().id;
        manager.remove_member(&world.service.space.id, &anna, &caller).await.unwrap();
        world
    }

    async fn join(&self, user: &str, role: Role) {
        let caller = Caller::command_line();
        let manager = &self.service.manager;
        manager.put_member(&self.service.space.id, user, role, &caller).await.unwrap();
    }

    async fn leave(&self, user: &str) {
        let (manager, caller) = (&self.service.manager, Caller::command_line());
        let user = manager.user(user).await.unwrap();
        manager.remove_member(&self.service.space.id, &user.id, &caller).await.unwrap();
    }

    /// Puts back what requests may have changed, as long as the space is there.
    async fn prepare(&self) {
        let (manager, caller) = (&self.service.manager, Caller::command_line());
        if let Ok(fresh) = manager.user("fresh").await {
            manager.delete_user(&fresh.id, &caller).await.unwrap();
        }
        if let Ok(fresh) = manager.space_named("fresh").await {
            manager.delete_space(&fresh.id, &caller).await.unwrap();
        }
        if manager.space_named("plant").await.is_err() {
            return;
        }
        self.extra_user().await;
        self.join("extra", Role::Viewer).await;
        let space = &self.service.space.id;
        let value = SecretValue::text("v").unwrap();
        // Is there already, unless a request took it away.
        let _ = self.edit(space, "LIVE", Change::Put(value.clone()), Precondition::Absent).await;
        self.edit(space, "GONE", Change::Put(value), Precondition::Any).await.unwrap();
        self.edit(space, "GONE", Change::Delete, Precondition::Any).await.unwrap();
    }

    /// With the usual password.
    async fn extra_user(&self) {
        let (manager, caller) = (&self.service.manager, Caller::command_line());
        let password = Password::new(PASSWORD);
        if manager.sign_in("extra", &password, &caller).await.is_ok() {
            return;
        }
        let invitation = match manager.user("extra").await {
            Ok(user) => manager.invite_user(&user.id, &caller).await.unwrap(),
            Err(_) => {
                let name = LoginName::parse("extra").unwrap();
                let new = NewUser { name, display_name: None, administrator: false };
                manager.create_user(new, &caller).await.unwrap().1
            }
        };
        manager.accept_invitation(invitation.expose(), &password, &caller).await.unwrap();
    }

    async fn edit(
        &self,
        space: &SpaceId,
        name: &str,
        change: Change,
        precondition: Precondition,
    ) -> Result<(), Error> {
        let name = SecretName::parse(name).unwrap();
        let edits = vec![Edit { name, change, precondition }];
        let caller = Caller::command_line();
        self.service.manager.apply(space, edits, Same::Write, &caller).await.map(drop)
    }

    async fn ask(&self, actor: &str, route: &str, space: &str, body: &str) -> Reply {
        let (method, path) = route.split_once(' ').unwrap();
        let line = format!("{method} {}", self.fill(path, space).await);
        let person = match actor {
            "nobody" | "token" => Person::nobody(),
            // A session of its own, because some requests end it.
            name => {
                let password = Password::new(PASSWORD);
                let manager = &self.service.manager;
                let session = manager.sign_in(name, &password, &Caller::command_line()).await;
                Person { cookie: Some(format!("__Host-session={}", session.unwrap().expose())) }
            }
        };
        let mut ask = person.ask_at(&self.service, &line);
        if actor == "token" {
            ask = ask.header(&format!("Authorization: Bearer {}", self.service.token));
        }
        if !body.is_empty() {
            ask = ask.body("application/json", body);
        }
        ask.send().await
    }

    async fn fill(&self, path: &str, space: &str) -> String {
        let key = if path.ends_with("/restore") { "GONE" } else { "LIVE" };
        let mut path = path.replace("{space}", space).replace("{key}", key);
        path = path.replace("{user}", "extra");
        if path.contains("{token}") {
            let (manager, caller) = (&self.service.manager, Caller::command_line());
            let made = manager.create_token(&self.service.space.id, "", None, &caller).await;
            path = path.replace("{token}", made.unwrap().token.id.as_str());
        }
        path
    }
}

#[tokio::test]
async fn a_role_that_was_taken_away_counts_at_once() {
    let world = World::new().await;
    let editor = Person::of(&world.service.sign_in("editor", PASSWORD).await);
    let put = async || {
        let ask = editor.ask(&world.service, "PUT /spaces/plant/secrets/A");
        ask.json(json!({"type": "text", "value": "v"})).send().await
    };
    assert_eq!(put().await.status, 200);
    world.join("editor", Role::Reader).await;
    put().await.expect_problem(403, "role_insufficient");
    assert!(put().await.body.contains("This needs the role editor in the space; yours is reader."));
    world.leave("editor").await;
    put().await.expect_problem(404, "not_found");
}
