//! The key: rotated beside a running service, by commands that may be killed.

use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use tokio::net::TcpStream;

use crate::http::exchange;
use crate::program::Program;

/// Kills the command as soon as the new key is there, which is somewhere in its first steps.
fn kill_in_between(program: &Program, mut child: Child) {
    let new = program.data().join("key.new");
    while !new.exists() && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    let _ = child.kill();
    child.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_answers_while_its_key_is_rotated_again_and_again() {
    let program = Arc::new(Program::with_space());
    program.set("A", "value of A");
    let running = program.serve(&[]);
    let token = program.json(&["token", "create", "--space", "plant"]);
    let authorization = format!("Authorization: Bearer {}", token["token"].as_str().unwrap());
    let stop = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let (address, authorization) = (running.address().to_owned(), authorization.clone());
            let stop = Arc::clone(&stop);
            tokio::spawn(async move {
                let mut read = 0;
                while !stop.load(Ordering::Relaxed) || read == 0 {
                    let stream = TcpStream::connect(&address).await.unwrap();
                    let reply = exchange(stream, "GET /api/v1/snapshot", &[&authorization]).await;
                    assert_eq!(reply.status, 200);
                    assert_eq!(reply.json()["secrets"]["A"]["value"], "value of A");
                    read += 1;
                }
            })
        })
        .collect();
    let rotating = Arc::clone(&program);
    tokio::task::spawn_blocking(move || {
        for round in 0..6 {
            if round % 2 == 0 {
                let child = rotating.command(&["key", "rotate"]).spawn().unwrap();
                kill_in_between(&rotating, child);
                // Whatever it had come to: everything can be opened, and set.
                rotating.set("B", "another");
            } else {
                rotating.ok(&["key", "rotate"]);
            }
        }
    })
    .await
    .unwrap();
    stop.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
    let rotated = program.json(&["key", "rotate"]);
    let status = program.json(&["status"]);
    assert_eq!((&status["key"]["id"], &status["key"]["new"]), (&rotated["to"], &json!(null)));
    assert!(status["key"]["old"].as_array().unwrap().contains(&rotated["from"]));
    assert_eq!(program.ok(&["secret", "get", "--space", "plant", "A"]), "value of A\n");
}

#[test]
fn a_rotation_says_what_it_did_and_what_waits_to_be_finished() {
    let program = Program::with_space();
    program.set("A", "1");
    let before = program.json(&["status"])["key"]["id"].clone();
    let ended = program.run(&["key", "rotate"]);
    assert!(
        ended.out.starts_with("rotated key ") && ended.err.contains("Keep a copy"),
        "{}",
        ended.err
    );
    let status = program.json(&["status"]);
    assert_eq!(status["key"]["old"], json!([before]));

    // As a crash between the last two steps leaves it.
    let key = program.data().join("key");
    let new = program.data().join("key.new");
    let old = program.data().join(format!("key.old-{}", before.as_str().unwrap()));
    std::fs::rename(&key, &new).unwrap();
    std::fs::hard_link(&old, &key).unwrap();
    let ended = program.run(&["status"]);
    assert!(ended.err.contains("key rotate"), "{}", ended.err);
    let id = status["key"]["id"].as_str().unwrap();
    assert!(ended.expect_ok().contains(id), "the key in use is the new one");
    assert!(program.ok(&["key", "rotate"]).starts_with("finished the rotation"));
    assert!(!new.exists());
    assert_eq!(program.json(&["status"]), status);
}

#[test]
fn a_key_from_the_environment_is_rotated_to_another_one_there() {
    let program = Program::new();
    let run = |variables: &[(&str, &str)], arguments: &[&str]| {
        program.command(arguments).envs(variables.iter().copied()).output().unwrap()
    };
    let old = ("SECRET_MANAGER_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    let new = "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let both = [old, ("SECRET_MANAGER_NEW_KEY", new)];
    assert!(run(&[old], &["space", "create", "plant"]).status.success());
    let refused = run(&[old], &["key", "rotate"]);
    let line = String::from_utf8(refused.stderr).unwrap();
    assert!(line.starts_with("error: ") && line.contains("SECRET_MANAGER_NEW_KEY"), "{line}");
    let rotated = run(&both, &["key", "rotate", "--json"]);
    let rotated: serde_json::Value = serde_json::from_slice(&rotated.stdout).unwrap();
    assert_eq!((&rotated["spaces"], &rotated["oldFile"]), (&json!(1), &json!(null)));
    assert!(run(&both, &["status"]).status.success());
    assert!(run(&[("SECRET_MANAGER_KEY", new)], &["status"]).status.success());
    assert!(!run(&[old], &["status"]).status.success());
}
