//! The commands about people, and the set-up link.

use serde_json::json;

use crate::program::Program;

fn members(value: &serde_json::Value) -> Vec<&str> {
    let mut names: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[test]
fn users() {
    let program = Program::new();
    let create = ["user", "create", "Anna", "--administrator", "--display-name", "Anna B."];
    let made = program.json(&create);
    assert_eq!(members(&made), ["invitation", "user"]);
    let facts =
        ["administrator", "createdAt", "displayName", "id", "lastSignInAt", "name", "state"];
    assert_eq!(members(&made["user"]), facts);
    assert_eq!(made["user"]["name"], "anna");
    assert_eq!(
        (&made["user"]["displayName"], &made["user"]["administrator"]),
        (&json!("Anna B."), &json!(true))
    );
    assert_eq!(members(&made["invitation"]), ["code", "expiresAt", "url"]);
    let code = made["invitation"]["code"].as_str().unwrap();
    let url = format!("http://127.0.0.1:8200/invitation#{code}");
    assert_eq!(made["invitation"]["url"], json!(url));

    let plain = program.run(&["user", "create", "bert", "--url", "https://secrets.example/"]);
    assert!(plain.out.starts_with("https://secrets.example/invitation#"), "{}", plain.out);
    assert!(plain.err.contains("works once") && plain.err.lines().count() == 1, "{}", plain.err);
    let line = program.run(&["user", "create", "BERT"]).expect_refusal();
    assert!(line.contains("already"), "{line}");
    assert_eq!(program.run(&["user", "create", "a b"]).code, 2);

    let list = program.json(&["user", "list"]);
    assert_eq!(list["users"].as_array().unwrap().len(), 2);
    assert_eq!(list["users"][1]["state"], "invited");
    assert!(!list.to_string().contains(code));
    assert_eq!(program.json(&["user", "disable", "Bert"])["state"], "disabled");
    assert_eq!(program.json(&["user", "enable", "bert"])["state"], "invited");
    let again = program.json(&["user", "invite", "bert"]);
    assert_eq!(members(&again), ["invitation", "user"]);
    let line = program.run(&["user", "disable", "anna"]).expect_refusal();
    assert!(line.contains("last administrator"), "{line}");
    let deleted = program.json(&["user", "delete", "bert"]);
    assert_eq!(deleted, json!({"id": list["users"][1]["id"], "name": "bert"}));
    let line = program.run(&["user", "delete", "bert"]).expect_refusal();
    assert!(line.contains("user list"), "{line}");
}

#[test]
fn members_of_a_space() {
    let program = Program::with_space();
    for name in ["anna", "bert"] {
        program.ok(&["user", "create", name]);
    }
    let set = program.json(&["member", "set", "--space", "plant", "anna", "owner"]);
    assert_eq!(members(&set), ["addedAt", "role", "user"]);
    assert_eq!(members(&set["user"]), ["displayName", "id", "name"]);
    program.ok(&["member", "set", "--space", "plant", "bert", "viewer"]);
    program.ok(&["member", "set", "--space", "plant", "bert", "editor"]);
    let list = program.json(&["member", "list", "--space", "plant"]);
    let roles: Vec<_> =
        list["members"].as_array().unwrap().iter().map(|row| &row["role"]).collect();
    assert_eq!(roles, [&json!("owner"), &json!("editor")]);
    for refused in [
        program.run(&["member", "set", "--space", "plant", "anna", "editor"]),
        program.run(&["member", "remove", "--space", "plant", "anna"]),
        program.run(&["user", "delete", "anna"]),
    ] {
        let line = refused.expect_refusal();
        assert!(line.contains("last owner"), "{line}");
    }
    let removed = program.json(&["member", "remove", "--space", "plant", "bert"]);
    assert_eq!(removed["user"]["name"], "bert");
    let line = program.run(&["member", "remove", "--space", "plant", "bert"]).expect_refusal();
    assert!(line.contains("member list"), "{line}");
    let line =
        program.run(&["member", "set", "--space", "plant", "carl", "owner"]).expect_refusal();
    assert!(line.contains("user list"), "{line}");
    assert_eq!(program.run(&["member", "set", "--space", "plant", "bert", "god"]).code, 2);
}

#[cfg(unix)]
#[test]
fn a_start_without_users_prints_a_link_that_the_log_does_not_have() {
    let program = Program::new();
    let link = |running: &mut crate::program::Running| -> String {
        let line = running.next_line();
        let link = line.strip_prefix("Set up the first administrator (works once): ");
        link.unwrap_or_else(|| panic!("{line:?}")).to_owned()
    };
    let mut first = program.serve(&["--log", "trace"]);
    let old = link(&mut first);
    let code = old.strip_prefix(&format!("{}/setup#", first.url)).unwrap();
    assert_eq!(code.len(), 43);
    let (_, log) = first.stop("-TERM");
    assert!(!log.contains(code), "{log}");
    let mut second = program.serve(&[]);
    assert_ne!(link(&mut second), old);
    drop(second);

    program.ok(&["user", "create", "anna", "--administrator"]);
    let mut third = program.serve(&[]);
    third.signal("-TERM");
    assert_eq!(third.next_line(), "");
}
