//! Backups, made and restored with the program.

use std::path::Path;
use std::process::Child;

use serde_json::json;
use tokio::net::TcpStream;

use crate::http::exchange;
use crate::program::Program;

/// An empty place that has the key of `program`.
fn elsewhere(program: &Program) -> Program {
    let place = Program::new();
    std::fs::create_dir(place.data()).unwrap();
    std::fs::copy(program.data().join("key"), place.data().join("key")).unwrap();
    place
}

fn backup(program: &Program) -> String {
    let file = program.data().join("backup").to_str().unwrap().to_owned();
    program.ok(&["backup", &file]);
    file
}

#[tokio::test]
async fn a_running_service_is_backed_up_and_comes_back_somewhere_else() {
    let program = Program::with_space();
    program.set("A", "before");
    let running = program.serve(&[]);
    let token = program.json(&["token", "create", "--space", "plant"]);
    let authorization = format!("Authorization: Bearer {}", token["token"].as_str().unwrap());
    let file = program.data().join("backup").to_str().unwrap().to_owned();
    let made = program.json(&["backup", &file]);
    let length = std::fs::metadata(&file).unwrap().len();
    let status = program.json(&["status"]);
    assert_eq!(made, json!({"file": file, "bytes": length, "key": status["key"]["id"]}));
    program.set("A", "after");
    let line = program.run(&["backup", &file]).expect_refusal();
    assert!(line.contains("--force"), "{line}");
    drop(running);

    let place = elsewhere(&program);
    let restored = place.json(&["restore", &file]);
    assert_eq!(restored["database"], place.database().to_str().unwrap());
    assert_eq!((&restored["spaces"], &restored["secrets"]), (&json!(1), &json!(1)));
    assert_eq!(restored["key"], made["key"]);
    let running = place.serve(&[]);
    let stream = TcpStream::connect(running.address()).await.unwrap();
    let reply = exchange(stream, "GET /api/v1/snapshot", &[&authorization]).await;
    assert_eq!(reply.json()["secrets"]["A"]["value"], "before");
    assert!(reply.json()["version"].as_u64().unwrap() > 1_000_000, "newer than any engine holds");
    program.ok(&["backup", &file, "--force"]);
}

#[test]
fn a_restore_that_would_go_wrong_is_refused_with_one_line() {
    let program = Program::with_space();
    program.set("A", "1");
    let file = backup(&program);
    let refused = |place: &Program, says: &str| {
        let line = place.run(&["restore", &file]).expect_refusal();
        assert!(line.contains(says), "{line}");
        assert!(!place.database().exists() || place.run(&["status"]).code == 0);
    };
    // Data, or anything else but the key, is there already.
    refused(&program, "empty directory");
    let place = elsewhere(&program);
    std::fs::write(place.data().join("notes.txt"), "mine").unwrap();
    refused(&place, "empty directory");
    // No key, another one, one that others can read.
    refused(&Program::new(), "key file");
    let place = elsewhere(&program);
    let key = place.data().join("key");
    let right = std::fs::read(&key).unwrap();
    std::fs::write(&key, [7; 32]).unwrap();
    refused(&place, "the backup was made with key");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
        refused(&place, "chmod 600");
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    std::fs::write(&key, right).unwrap();
    // Not a backup, or not a whole one.
    let good = std::fs::read(&file).unwrap();
    std::fs::write(&file, &good[..good.len() - 1]).unwrap();
    refused(&place, "damaged");
    std::fs::write(&file, "not a backup").unwrap();
    refused(&place, "not a backup");
    std::fs::remove_file(&file).unwrap();
    refused(&place, "backup: ");
    std::fs::write(&file, good).unwrap();
    place.ok(&["restore", &file]);
    assert_eq!(place.ok(&["secret", "get", "--space", "plant", "A"]), "1\n");
}

/// Kills the command as soon as there is a file whose name says that it isn't finished.
fn kill_in_between(mut child: Child, directory: &Path, unfinished: &str) {
    let begun = || {
        let mut names = std::fs::read_dir(directory).unwrap().flatten();
        names.any(|entry| entry.file_name().to_string_lossy().contains(unfinished))
    };
    while !begun() && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    let _ = child.kill();
    child.wait().unwrap();
}

#[test]
fn a_backup_and_a_restore_that_are_killed_leave_nothing_half_done() {
    let program = Program::with_space();
    // Enough for more than one chunk.
    for key in ["A", "B", "C"] {
        program.set(key, &"x".repeat(200_000));
    }
    let backups = tempfile::tempdir().unwrap();
    let file = backups.path().join("backup");
    let arguments = ["backup", file.to_str().unwrap(), "--force"];
    program.ok(&arguments);
    for _ in 0..3 {
        let child = program.command(&arguments).spawn().unwrap();
        kill_in_between(child, backups.path(), ".part-");
        // The old one or the new one, whole: it can be restored.
        let place = elsewhere(&program);
        let arguments = ["restore", file.to_str().unwrap()];
        let child = place.command(&arguments).spawn().unwrap();
        kill_in_between(child, &place.data(), ".restoring");
        if !place.database().exists() {
            place.ok(&arguments);
        }
        assert_eq!(place.json(&["status"])["secrets"], 3);
    }
}

#[test]
fn a_backup_from_before_a_rotation_is_restored_with_the_old_key_beside() {
    let program = Program::with_space();
    program.set("A", "1");
    let file = backup(&program);
    let rotated = program.json(&["key", "rotate"]);
    let place = elsewhere(&program);
    let line = place.run(&["restore", &file]).expect_refusal();
    assert!(line.contains(rotated["from"].as_str().unwrap()), "{line}");
    let old = Path::new(rotated["oldFile"].as_str().unwrap());
    std::fs::copy(old, place.data().join(old.file_name().unwrap())).unwrap();
    place.ok(&["restore", &file]);
    assert_eq!(place.ok(&["secret", "get", "--space", "plant", "A"]), "1\n");
    // The next rotation leaves the old key behind for good.
    place.ok(&["key", "rotate"]);
    assert_eq!(place.ok(&["secret", "get", "--space", "plant", "A"]), "1\n");
}
