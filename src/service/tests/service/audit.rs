//! The audit trail from the command line.

use rusqlite::Connection;
use serde_json::json;

use crate::program::Program;

/// Five records: the space, two changes of a secret, its reveal, its deletion.
fn program() -> Program {
    let program = Program::with_space();
    let set = ["secret", "set", "--space", "plant", "DB_PASSWORD", "--stdin"];
    for value in ["one", "two"] {
        program.run_with_input(&set, value.as_bytes());
    }
    program.ok(&["secret", "get", "--space", "plant", "DB_PASSWORD"]);
    program.ok(&["secret", "delete", "--space", "plant", "DB_PASSWORD"]);
    program
}

#[test]
fn records_are_listed_and_filtered() {
    let program = program();
    let list = program.json(&["audit", "list"]);
    let records = list["records"].as_array().unwrap();
    let told: Vec<_> = records.iter().map(|record| record["action"].as_str().unwrap()).collect();
    let expected = ["secret.delete", "secret.reveal", "secret.put", "secret.put", "space.create"];
    assert_eq!(told, expected);
    assert_eq!(list["next"], json!(null));
    let reveal = &records[1];
    assert_eq!(reveal["actor"], json!({"kind": "commandLine", "id": null, "name": null}));
    assert_eq!((&reveal["keys"], &reveal["result"]), (&json!(["DB_PASSWORD"]), &json!("ok")));
    assert_eq!((&reveal["sequence"], &reveal["version"]), (&json!(4), &json!(2)));

    let page = program.json(&["audit", "list", "--space", "plant", "--limit", "2"]);
    assert_eq!((page["records"].as_array().unwrap().len(), &page["next"]), (2, &json!(4)));
    let puts = program.json(&["audit", "list", "--action", "secret.put", "--before", "3"]);
    assert_eq!(puts["records"][0]["sequence"], 2);
    let later = program.json(&["audit", "list", "--from", "2999-01-01T00:00:00Z"]);
    assert_eq!(later["records"], json!([]));
    let file = program.ok(&["audit", "export", "--format", "json", "--result", "ok"]);
    let file: serde_json::Value = serde_json::from_str(&file).unwrap();
    assert_eq!(&file, &list["records"]);
    let file = program.ok(&["audit", "export", "--format", "csv", "--space", "plant"]);
    assert_eq!(file.lines().count(), 6);
    assert!(file.starts_with("sequence,at,actorKind,"), "{file}");
    let text = program.ok(&["audit", "list"]);
    assert!(text.contains("secret.reveal") && text.contains("DB_PASSWORD"), "{text}");
}

#[test]
fn a_trail_is_verified_and_its_head_expected() {
    let program = program();
    let verified = program.json(&["audit", "verify"]);
    assert_eq!((&verified["records"], &verified["problems"]), (&json!(5), &json!([])));
    let head = verified["head"].as_str().unwrap();
    assert!(head.starts_with("5-"), "{head}");
    program.ok(&["secret", "list", "--space", "plant"]);
    program.ok(&["space", "create", "other"]);
    let text = program.ok(&["audit", "verify", "--expect", head]);
    assert!(text.contains("6 records") && text.contains("head 6-"), "{text}");
    let other = format!("4{}", &head[1..]);
    let line = program.run(&["audit", "verify", "--expect", &other]).expect_refusal();
    assert!(line.contains("record 4 (not the one that was expected)"), "{line}");
    assert_eq!(program.run(&["audit", "verify", "--expect", "5"]).code, 2);
}

#[test]
fn what_was_changed_is_named() {
    for (sql, expected) in [
        (
            "UPDATE audit SET action = 'secret.delete' WHERE sequence = 4",
            "record 4 (altered, inserted, or in another one's place)",
        ),
        ("DELETE FROM audit WHERE sequence = 4", "record 4 (removed)"),
        ("DELETE FROM audit WHERE sequence > 3", "record 4 (removed), record 5 (removed)"),
    ] {
        let program = program();
        Connection::open(program.database()).unwrap().execute_batch(sql).unwrap();
        let line = program.run(&["audit", "verify"]).expect_refusal();
        assert!(line.contains(expected), "{line}");
        let ended = program.run(&["audit", "verify", "--json"]);
        let document: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
        assert_eq!((ended.code, &document["problems"][0]["sequence"]), (1, &json!(4)));
    }
}
