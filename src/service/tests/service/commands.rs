//! The commands and the documents that they print.

use rusqlite::Connection;
use serde_json::json;

use crate::program::Program;

/// Sorted names of an object's members: what others may rely on.
fn members(value: &serde_json::Value) -> Vec<&str> {
    let mut names: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[test]
fn spaces() {
    let program = Program::new();
    let made = program.json(&["space", "create", "plant"]);
    assert_eq!(members(&made), ["createdAt", "id", "keptVersions", "name", "updatedAt", "version"]);
    assert_eq!((&made["name"], &made["version"]), (&json!("plant"), &json!(0)));
    let line = program.run(&["space", "create", "plant"]).expect_refusal();
    assert!(line.contains("already"), "{line}");
    let list = program.json(&["space", "list"]);
    assert_eq!(list["spaces"][0]["id"], made["id"]);
    assert_eq!(list["spaces"][0]["secrets"], 0);
    assert!(program.ok(&["space", "list"]).contains("plant"));
    let set = program.json(&["space", "set", "plant", "--kept-versions", "3"]);
    assert_eq!((members(&set), &set["keptVersions"]), (members(&made), &json!(3)));
    let line = program.run(&["space", "set", "plant", "--kept-versions", "0"]).expect_refusal();
    assert!(line.contains("1 to 1000"), "{line}");
    let deleted = program.json(&["space", "delete", "plant"]);
    assert_eq!(deleted, json!({"id": made["id"], "name": "plant"}));
    let line = program.run(&["space", "delete", "plant"]).expect_refusal();
    assert!(line.contains("no space \"plant\"") && line.contains("space list"), "{line}");
}

#[test]
fn tokens() {
    let program = Program::with_space();
    let made =
        program.json(&["token", "create", "--space", "plant", "--name", "n", "--expires", "90d"]);
    let facts = ["createdAt", "expiresAt", "id", "lastUsedAt", "name", "revokedAt", "space"];
    assert_eq!(members(&made), [&facts[..], &["token"]].concat());
    assert_eq!(made["space"]["name"], "plant");
    assert!(made["expiresAt"].is_string() && made["lastUsedAt"].is_null());
    let plain = program.run(&["token", "create", "--space", "plant"]);
    assert!(plain.out.starts_with("smt_") && plain.out.len() == 48, "{}", plain.out);
    assert!(plain.err.contains("not shown again"), "{}", plain.err);

    let list = program.ok(&["token", "list", "--json"]);
    assert!(!list.contains("smt_"));
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["tokens"].as_array().unwrap().len(), 2);
    assert_eq!(members(&list["tokens"][0]), facts);
    let revoked = program.json(&["token", "revoke", made["id"].as_str().unwrap()]);
    assert!(revoked["revokedAt"].is_string());
    assert!(program.run(&["token", "revoke", "nope"]).expect_refusal().contains("token list"));
    let past = ["token", "create", "--space", "plant", "--expires", "2001-01-01T00:00:00Z"];
    assert!(program.run(&past).expect_refusal().contains("expired"));
    assert_eq!(program.run(&["token", "create", "--space", "plant", "--expires", "soon"]).code, 2);
}

#[test]
fn secrets() {
    let program = Program::with_space();
    let set = ["secret", "set", "--space", "plant", "A", "--stdin", "--json"];
    let set = program.ok_with_input(&set, "line 1\nline 2\n\n".as_bytes());
    let set: serde_json::Value = serde_json::from_str(&set).unwrap();
    assert_eq!(members(&set), ["key", "spaceVersion", "type", "updatedAt", "version"]);
    // One line end was taken off; printing adds one again.
    assert_eq!(program.ok(&["secret", "get", "--space", "plant", "A"]), "line 1\nline 2\n\n");
    let get = program.json(&["secret", "get", "--space", "plant", "A"]);
    assert_eq!(members(&get), ["key", "type", "updatedAt", "value", "version"]);
    assert_eq!(get["value"], "line 1\nline 2\n");

    let file = program.data().join("document");
    std::fs::write(&file, " {\"n\": 1.10}\n").unwrap();
    let file = file.to_str().unwrap();
    program.ok(&["secret", "set", "--space", "plant", "B", "--type", "json", "--file", file]);
    assert_eq!(program.ok(&["secret", "get", "--space", "plant", "B"]), "{\"n\": 1.10}\n");
    assert!(program.ok(&["secret", "get", "--space", "plant", "B", "--json"]).contains("1.10"));

    let list = program.json(&["secret", "list", "--space", "plant"]);
    assert_eq!(members(&list), ["createdAt", "secrets", "space", "updatedAt", "version"]);
    assert_eq!(
        members(&list["secrets"][0]),
        ["createdAt", "key", "type", "updatedAt", "updatedBy", "version"]
    );
    assert_eq!((&list["version"], &list["secrets"][1]["key"]), (&json!(2), &json!("B")));
    let deleted = program.json(&["secret", "delete", "--space", "plant", "A"]);
    assert_eq!(members(&deleted), ["deletedAt", "key", "spaceVersion"]);
    let line = program.run(&["secret", "get", "--space", "plant", "A"]).expect_refusal();
    assert!(line.contains("secret list"), "{line}");
}

#[test]
fn older_versions_of_secrets() {
    let program = Program::with_space();
    let run = |words: &[&str]| {
        let all = [&["secret", words[0], "--space", "plant", "A"], &words[1..]].concat();
        program.run(&all)
    };
    let json = |words: &[&str]| -> serde_json::Value {
        let words = [words, &["--json"]].concat();
        serde_json::from_str(&run(&words).expect_ok()).unwrap()
    };
    program.set("A", "first");
    program.set("A", "second");
    let rolled_back = json(&["rollback", "--to", "1"]);
    assert_eq!(members(&rolled_back), ["key", "spaceVersion", "updatedAt", "version"]);
    assert_eq!((&rolled_back["version"], &rolled_back["spaceVersion"]), (&json!(3), &json!(3)));
    assert_eq!(run(&["get"]).expect_ok(), "first\n");
    assert_eq!(run(&["get", "--version", "2"]).expect_ok(), "second\n");
    assert_eq!(json(&["get", "--version", "2"])["version"], 2);
    let line = run(&["rollback", "--to", "9"]).expect_refusal();
    assert!(line.contains("no such version") && line.contains("secret versions"), "{line}");
    let line = run(&["restore"]).expect_refusal();
    assert!(line.contains("not deleted"), "{line}");

    let destroyed = json(&["destroy", "--version", "2"]);
    assert_eq!(destroyed, json!({"key": "A", "versions": [2], "spaceVersion": 4}));
    let line = run(&["get", "--version", "2"]).expect_refusal();
    assert!(line.contains("destroyed"), "{line}");
    let history = json(&["versions"]);
    assert_eq!((&history["key"], &history["deletedAt"]), (&json!("A"), &json!(null)));
    let facts = ["createdAt", "createdBy", "rolledBackFrom", "state", "type", "version"];
    assert_eq!(members(&history["versions"][0]), facts);
    let states: Vec<_> =
        history["versions"].as_array().unwrap().iter().map(|version| &version["state"]).collect();
    assert_eq!(states, ["current", "destroyed", "kept"]);
    assert!(run(&["versions"]).expect_ok().contains("content of version 1"));

    run(&["delete"]).expect_ok();
    assert!(run(&["versions"]).expect_ok().contains("by command line"));
    let list = program.json(&["secret", "list", "--space", "plant", "--deleted"]);
    assert_eq!(members(&list), ["createdAt", "secrets", "space", "updatedAt", "version"]);
    let row = &list["secrets"][0];
    assert_eq!((&row["key"], &row["deletedBy"]), (&json!("A"), &json!("command line")));
    assert!(row["deletedAt"].is_string() && row["updatedBy"].is_string(), "{row}");
    assert_eq!(json(&["restore"])["version"], 4);
    assert_eq!(run(&["get"]).expect_ok(), "first\n");

    let destroyed = json(&["destroy"]);
    assert_eq!(destroyed, json!({"key": "A", "versions": null, "spaceVersion": 7}));
    let line = run(&["restore"]).expect_refusal();
    assert!(line.contains("no deleted secret") && line.contains("--deleted"), "{line}");
    assert!(run(&["versions"]).expect_refusal().contains("no secret A"));
}

#[test]
fn a_value_that_is_not_one_is_refused_without_being_shown() {
    let program = Program::with_space();
    let set = |key: &str, kind: &str, input: &[u8]| {
        let arguments = ["secret", "set", "--space", "plant", key, "--type", kind, "--stdin"];
        program.run_with_input(&arguments, input).expect_refusal()
    };
    for (line, says) in [
        (set("A", "json", b"{\"canary\": canary}"), "line 1, column 12"),
        (set("A", "text", b"canary \xff"), "UTF-8"),
        (set("A", "text", "x".repeat(1024 * 1024 - 1).as_bytes()), "1048576"),
        (set("A", "text", "x".repeat(3 * 1024 * 1024).as_bytes()), "larger than"),
        (set("a b", "text", b"canary"), "character 2"),
        (set("__proto__", "text", b"canary"), "JavaScript"),
    ] {
        assert!(line.contains(says) && !line.contains("canary"), "{line}");
    }
    assert_eq!(program.json(&["space", "list"])["spaces"][0]["version"], 0);
    // A value on the command line is a usage error, and so is none at all.
    assert_eq!(
        program.run(&["secret", "set", "--space", "plant", "A", "canary", "--stdin"]).code,
        2
    );
    assert_eq!(program.run(&["secret", "set", "--space", "plant", "A"]).code, 2);
}

#[test]
fn status() {
    let program = Program::with_space();
    program.set("A", "1");
    let status = program.json(&["status"]);
    assert_eq!(members(&status), ["database", "key", "secrets", "spaces", "tokens", "version"]);
    assert_eq!(members(&status["database"]), ["bytes", "layout", "path"]);
    assert_eq!(members(&status["key"]), ["file", "id", "new", "old"]);
    assert_eq!((&status["spaces"], &status["secrets"]), (&json!(1), &json!(1)));
    assert!(program.ok(&["status"]).contains("secrets   1"));
}

#[test]
fn a_locked_database_is_told_after_a_while() {
    let program = Program::with_space();
    let other = Connection::open(program.database()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let line = program.run(&["space", "create", "other"]).expect_refusal();
    assert!(line.contains("busy") && line.contains("try again"), "{line}");
    program.ok(&["space", "list"]);
}

#[test]
fn processes_that_write_at_once_make_one_version_each() {
    let program = Program::with_space();
    let versions = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..6)
            .map(|writer| {
                let program = &program;
                scope.spawn(move || {
                    (0..3)
                        .map(|_| {
                            let arguments =
                                ["secret", "set", "--space", "plant", "A", "--stdin", "--json"];
                            let set = program.ok_with_input(&arguments, &[b'0' + writer]);
                            let set: serde_json::Value = serde_json::from_str(&set).unwrap();
                            (
                                set["spaceVersion"].as_u64().unwrap(),
                                set["version"].as_u64().unwrap(),
                            )
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let mut versions: Vec<_> =
            writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect();
        versions.sort_unstable();
        versions
    });
    assert_eq!(versions, (1..=18).map(|version| (version, version)).collect::<Vec<_>>());
}
