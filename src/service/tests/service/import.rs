use serde_json::json;

use crate::program::Program;

fn import(program: &Program, format: &str, text: &str) -> serde_json::Value {
    let arguments = ["import", "--space", "plant", "--format", format, "-", "--json"];
    serde_json::from_str(&program.ok_with_input(&arguments, text.as_bytes())).unwrap()
}

fn refused(program: &Program, format: &str, text: &str) -> String {
    let arguments = ["import", "--space", "plant", "--format", format, "-"];
    let line = program.run_with_input(&arguments, text.as_bytes()).expect_refusal();
    assert_eq!(program.json(&["space", "list"])["spaces"][0]["version"], 0, "{line}");
    line
}

fn export(program: &Program, format: &str) -> String {
    program.ok(&["export", "--space", "plant", "--format", format])
}

#[test]
fn a_json_import_is_one_version_and_keeps_every_digit() {
    let program = Program::with_space();
    let document = r#"{"TEXT": "a \"b\" ☃\n", "NUMBER": 1.00000000000000000001, "OBJECT": {"a": [null]}, "FLAG": true}"#;
    let imported = import(&program, "json", document);
    assert_eq!(imported["spaceVersion"], 1);
    assert_eq!(
        (&imported["added"], &imported["changed"], &imported["unchanged"]),
        (&json!(4), &json!(0), &json!(0))
    );
    let list = program.json(&["secret", "list", "--space", "plant"]);
    let kinds: Vec<_> = list["secrets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|secret| secret["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["json", "json", "json", "text"]);

    let exported = export(&program, "json");
    assert!(exported.contains("1.00000000000000000001"), "{exported}");
    let again = import(&program, "json", &exported);
    assert_eq!((&again["spaceVersion"], &again["unchanged"]), (&json!(1), &json!(4)));
    let changed = import(&program, "json", r#"{"TEXT": "new", "FLAG": true}"#);
    assert_eq!(
        (&changed["spaceVersion"], &changed["changed"], &changed["unchanged"]),
        (&json!(2), &json!(1), &json!(1))
    );
}

#[test]
fn an_env_import_is_read_by_its_rules() {
    let program = Program::with_space();
    let file = program.data().join("file.env");
    std::fs::write(&file, "# comment\nexport A=1 # one\nB='two\nlines'\nC=\"it's \\\"\\n\"\n")
        .unwrap();
    program.ok(&["import", "--space", "plant", "--format", "env", file.to_str().unwrap()]);
    let exported: serde_json::Value = serde_json::from_str(&export(&program, "json")).unwrap();
    assert_eq!(exported, json!({"A": "1", "B": "two\nlines", "C": "it's \"\n"}));
    assert_eq!(import(&program, "env", &export(&program, "env"))["unchanged"], 3);
}

#[test]
fn one_mistake_refuses_the_whole_import() {
    let program = Program::with_space();
    let line = refused(
        &program,
        "json",
        r#"{"GOOD": "canary", "a b": "canary", "__proto__": 1, "GOOD": 2}"#,
    );
    for says in ["\"a b\"", "\"__proto__\"", "\"GOOD\" (stands twice)", "nothing was imported"] {
        assert!(line.contains(says), "{line}");
    }
    assert!(!line.contains("canary"), "{line}");
    let large = format!(r#"{{"GOOD": "1", "LARGE": "{}"}}"#, "x".repeat(1024 * 1024));
    let line = refused(&program, "json", &large);
    assert!(line.contains("\"LARGE\"") && line.len() < 300, "{}", line.len());
    for (text, says) in [
        ("[\"canary\"]", "one JSON object"),
        ("{\"A\": canary}", "line 1, column 7"),
        ("{\"A\": \"canary", "not JSON"),
        ("", "not JSON"),
    ] {
        let line = refused(&program, "json", text);
        assert!(line.contains(says) && !line.contains("canary"), "{line}");
    }
    for (text, says) in [
        ("A=1\ncanary\n", "line 2"),
        ("A=1\ncanary$canary==\nB=2", "line 2 ("),
        ("A='canary", "line 1"),
        ("A=1\nA=canary", "line 2 (the name stands in line 1 already"),
    ] {
        let line = refused(&program, "env", text);
        assert!(line.contains(says) && !line.contains("canary"), "{line}");
    }
}

#[test]
fn long_lists_of_mistakes_are_cut() {
    let program = Program::with_space();
    let members: Vec<_> = (0..50).map(|index| format!("\"{index}\":1")).collect();
    let line = refused(&program, "json", &format!("{{{}}}", members.join(",")));
    assert!(line.ends_with(", and 30 more"), "{line}");
}

#[test]
fn one_secret_too_many_refuses_the_import() {
    let program = Program::with_space();
    let members = |count: usize| -> String {
        let members: Vec<_> = (0..count).map(|index| format!("\"K{index}\":\"v\"")).collect();
        format!("{{{}}}", members.join(","))
    };
    let line = refused(&program, "json", &members(10_001));
    assert!(line.contains("at most 10000 secrets"), "{line}");
    assert_eq!(import(&program, "json", &members(10_000))["added"], 10_000);
}

#[test]
fn an_empty_space_is_exported_and_imported() {
    let program = Program::with_space();
    assert_eq!(export(&program, "json"), "{}\n");
    assert_eq!(import(&program, "json", "{}")["spaceVersion"], 0);
    assert_eq!(import(&program, "env", "")["spaceVersion"], 0);
}
