//! What is secret stands in no file and in no line of a log.

use serde_json::json;
use tokio::net::TcpStream;

use crate::http::exchange;
use crate::person::Person;
use crate::program::{Program, files};

const VALUES: [&str; 3] = ["canary-value-5d1f", "canary-document-77aa", "canary-import-90cd"];
const SPACE: &str = "canary-space-2e6b";
const NAMES: [&str; 3] = ["CANARY_NAME_41BE", "CANARY_NAME_8F02", "CANARY_NAME_C3D9"];

/// A canary in every form in which it could have been written.
fn forms(canary: &str) -> Vec<Vec<u8>> {
    use base64::prelude::{BASE64_STANDARD_NO_PAD, Engine};
    let hex: String = canary.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![canary.as_bytes().to_vec(), hex.to_uppercase().into(), hex.into()];
    // Base64 of a text looks different at each of three offsets; what no neighbour touches is sought.
    for offset in 0..3 {
        let shifted = [&b"   "[..offset], canary.as_bytes()].concat();
        let text = BASE64_STANDARD_NO_PAD.encode(shifted);
        forms.push(text.as_bytes()[4..text.len() - 4].to_vec());
    }
    forms
}

fn search(canaries: &[&str], what: &str, bytes: &[u8]) {
    for canary in canaries {
        for form in forms(canary) {
            let found = bytes.windows(form.len()).any(|window| window == form);
            assert!(!found, "{canary} in {what}");
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn neither_values_nor_names_nor_tokens_are_left_anywhere() {
    let program = Program::with_space();
    let running = program.serve(&["--log", "trace"]);
    program.set(NAMES[0], VALUES[0]);
    program.set(NAMES[0], "a newer version");
    let set = ["secret", "set", "--space", "plant", NAMES[1], "--type", "json", "--stdin"];
    program.ok_with_input(&set, format!("{{\"a\":\"{}\"}}", VALUES[1]).as_bytes());
    let import = ["import", "--space", "plant", "--format", "env", "-"];
    program.ok_with_input(&import, format!("{}={}", NAMES[2], VALUES[2]).as_bytes());
    program.ok(&["secret", "delete", "--space", "plant", NAMES[1]]);
    let token = program.json(&["token", "create", "--space", "plant"]);
    let token = token["token"].as_str().unwrap();
    for change in [&["rollback", "--to", "1"][..], &["destroy", "--version", "2"], &["versions"]] {
        let at = ["secret", change[0], "--space", "plant", NAMES[0]];
        program.ok(&[&at, &change[1..]].concat());
    }
    program.ok(&["secret", "restore", "--space", "plant", NAMES[1]]);
    program.ok(&["space", "create", SPACE]);
    let old_key = program.json(&["key", "rotate"])["oldFile"].as_str().unwrap().to_owned();
    program.ok(&["backup", program.data().join("backup").to_str().unwrap()]);

    let good = format!("Authorization: Bearer {token}");
    for (line, header) in [
        ("GET /api/v1/snapshot".to_owned(), good.as_str()),
        (format!("GET /{}", NAMES[0]), &good),
        (format!("GET /api/v1/snapshot?key={}", NAMES[0]), "Authorization: Bearer smt_canary"),
    ] {
        let stream = TcpStream::connect(running.address()).await.unwrap();
        exchange(stream, &line, &[header]).await;
    }

    let canaries: Vec<_> = VALUES.into_iter().chain(NAMES).chain([token]).collect();
    let old_key = std::path::Path::new(&old_key);
    let old_name = old_key.file_name().unwrap().to_str().unwrap();
    let keys: Vec<_> = [("key", program.data().join("key")), (old_name, old_key.into())]
        .map(|(name, path)| (name, std::fs::read(path).unwrap()))
        .into();
    let mut seen = Vec::new();
    for file in files(&program.data()) {
        let bytes = std::fs::read(&file).unwrap();
        search(&canaries, &file.display().to_string(), &bytes);
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        for (of, key) in &keys {
            let found = bytes.windows(32).any(|window| window == key);
            assert_eq!(found, name == *of, "the key of {of} in {name}");
        }
        if name == "backup" {
            // What stands in the database in clear doesn't stand here.
            search(&[SPACE, "command line"], &name, &bytes);
        }
        seen.push(name);
    }
    seen.sort_unstable();
    let mut expected = [
        "backup",
        "key",
        old_name,
        "key.lock",
        "secret-manager.db",
        "secret-manager.db-shm",
        "secret-manager.db-wal",
    ];
    expected.sort_unstable();
    assert_eq!(seen, expected, "the write-ahead log was among them");

    let (_, log) = running.stop("-TERM");
    assert!(log.contains("status=200") && log.contains("status=401"), "{log}");
    search(&canaries, "the log", log.as_bytes());
    search(&["smt_canary"], "the log", log.as_bytes());
}

/// The same for what people do over HTTP, mistakes and all.
#[cfg(unix)]
#[tokio::test]
async fn nothing_that_people_send_is_left_anywhere() {
    const PASSWORDS: [&str; 3] =
        ["canary password 3b7e", "canary password 91c4", "canary password 0d5a"];
    let program = Program::with_space();
    let mut running = program.serve(&["--log", "trace"]);
    let link = running.next_line();
    let setup = link.split_once('#').unwrap().1.to_owned();
    let nobody = Person::nobody();
    let body = json!({"code": setup, "name": "anna", "password": PASSWORDS[0]});
    let anna = Person::of(&nobody.ask(&running, "POST /setup").json(body.clone()).send().await);
    let again = nobody.ask(&running, "POST /setup").json(body).send().await;
    again.expect_problem(403, "setup_code_invalid");
    let made = anna.ask(&running, "POST /users").json(json!({"name": "bert"})).send().await.json();
    let invitation = made["invitation"]["code"].as_str().unwrap().to_owned();
    let body = json!({"code": invitation, "password": PASSWORDS[1]});
    let bert = nobody.ask(&running, "POST /invitations/accept").json(body).send().await;
    let bert = Person::of(&bert);
    // What is typed into the wrong field is no less secret.
    let body = json!({"name": PASSWORDS[2], "password": PASSWORDS[2]});
    let wrong = nobody.ask(&running, "POST /session").json(body).send().await;
    wrong.expect_problem(401, "credentials_wrong");
    let body = json!({"current": PASSWORDS[0], "new": PASSWORDS[2]});
    assert_eq!(anna.ask(&running, "PUT /session/password").json(body).send().await.status, 204);

    let at = |what: &str, name: &str| format!("{what} /spaces/plant/secrets/{name}");
    let value = json!({"type": "text", "value": VALUES[0]});
    let put = anna.ask(&running, &at("PUT", NAMES[0])).json(value.clone()).send().await;
    assert_eq!(put.status, 201, "{}", put.body);
    for (line, body) in [
        (at("GET", NAMES[0]), json!(null)),
        (at("GET", &format!("{}/versions", NAMES[0])), json!(null)),
        (at("POST", &format!("{}/rollback", NAMES[0])), json!({"version": 1})),
        (at("PUT", NAMES[1]), json!({"type": "json", "value": [VALUES[1]]})),
        (at("PUT", &format!("1{}", NAMES[1])), value.clone()),
        (at("PUT", NAMES[1]), json!({"type": VALUES[1], "value": VALUES[1]})),
        (at("DELETE", NAMES[1]), json!(null)),
        (at("GET", NAMES[1]), json!(null)),
        ("PATCH /spaces/plant/secrets".into(), json!({"secrets": {NAMES[2]: value}})),
        ("POST /spaces/plant/export?format=env".into(), json!(null)),
        ("GET /spaces/plant/audit".into(), json!(null)),
    ] {
        anna.ask(&running, &line).json(body).send().await;
    }
    for file in [format!("{}={}", NAMES[2], VALUES[2]), format!("{} {}", NAMES[2], VALUES[2])] {
        let import = anna.ask(&running, "POST /spaces/plant/import?format=env");
        import.body("text/plain", file).send().await;
    }
    let forbidden = bert.ask(&running, &at("GET", NAMES[0])).send().await;
    forbidden.expect_problem(404, "not_found");

    let sessions = [anna, bert].map(|person| person.cookie.unwrap().split_off(15));
    let codes = [setup.as_str(), invitation.as_str()];
    let canaries: Vec<_> = VALUES
        .into_iter()
        .chain(NAMES)
        .chain(PASSWORDS)
        .chain(codes)
        .chain(sessions.iter().map(String::as_str))
        .collect();
    assert!(canaries.iter().all(|canary| canary.len() > 15));
    for file in files(&program.data()) {
        let bytes = std::fs::read(&file).unwrap();
        search(&canaries, &file.display().to_string(), &bytes);
    }
    let (_, log) = running.stop("-TERM");
    assert!(log.contains("status=200") && log.contains("status=404"), "{log}");
    search(&canaries, "the log", log.as_bytes());
}

#[test]
fn the_search_finds_what_it_seeks() {
    use base64::prelude::{BASE64_STANDARD, Engine};
    for bytes in [
        b"..canary-value-5d1f..".to_vec(),
        BASE64_STANDARD.encode("x canary-value-5d1f").into(),
        b"63616e6172792d76616c75652d35643166".to_vec(),
    ] {
        assert!(std::panic::catch_unwind(|| search(&VALUES, "bytes", &bytes)).is_err());
    }
}
