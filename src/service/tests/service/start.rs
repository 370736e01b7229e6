//! Starts that go well, and starts that are refused with one line that says what to do.

use rusqlite::Connection;
use tokio::net::TcpStream;

use crate::http::exchange;
use crate::program::Program;
use crate::tls::Certificate;

#[tokio::test]
async fn a_first_start_makes_a_key_and_serves() {
    let program = Program::new();
    let running = program.serve(&[]);
    assert!(running.url.starts_with("http://127.0.0.1:"), "{}", running.url);
    let stream = TcpStream::connect(running.address()).await.unwrap();
    assert_eq!(exchange(stream, "GET /healthz", &[]).await.status, 200);

    // The command line works beside it, and the service sees what it did.
    program.ok(&["space", "create", "plant"]);
    program.set("A", "value of A");
    let token = program.json(&["token", "create", "--space", "plant"]);
    let authorization = format!("Authorization: Bearer {}", token["token"].as_str().unwrap());
    let stream = TcpStream::connect(running.address()).await.unwrap();
    let reply = exchange(stream, "GET /api/v1/snapshot", &[&authorization]).await;
    assert_eq!(reply.json()["secrets"]["A"]["value"], "value of A");
}

#[cfg(unix)]
#[test]
fn the_service_ends_when_it_is_told_to() {
    for signal in ["-INT", "-TERM"] {
        let program = Program::new();
        let (code, log) = program.serve(&[]).stop(signal);
        assert_eq!(code, 0, "{log}");
        assert!(log.contains("A new key was made") && log.contains("stopped"), "{log}");
    }
}

#[tokio::test]
async fn tls_is_served_by_the_program() {
    let program = Program::new();
    let directory = tempfile::tempdir().unwrap();
    let files = Certificate::write(directory.path());
    let (certificate, key) = (files.certificate.to_str().unwrap(), files.key.to_str().unwrap());
    let running = program.serve(&["--tls-cert", certificate, "--tls-key", key]);
    assert!(running.url.starts_with("https://"), "{}", running.url);
    let stream = TcpStream::connect(running.address()).await.unwrap();
    let stream = files.client().connect("localhost".try_into().unwrap(), stream).await.unwrap();
    assert_eq!(exchange(stream, "GET /healthz", &[]).await.status, 200);
    let half = program.run(&["serve", "--tls-cert", certificate]);
    assert_eq!(half.code, 2, "{}", half.err);
}

#[cfg(unix)]
#[tokio::test]
async fn a_hangup_reads_the_certificate_again() {
    let program = Program::new();
    let directory = tempfile::tempdir().unwrap();
    let first = Certificate::write(directory.path());
    let (certificate, key) = (first.certificate.to_str().unwrap(), first.key.to_str().unwrap());
    let running = program.serve(&["--tls-cert", certificate, "--tls-key", key]);
    let second = Certificate::write(directory.path());
    running.signal("-HUP");
    let renewed = async {
        loop {
            let stream = TcpStream::connect(running.address()).await.unwrap();
            let stream = second.client().connect("localhost".try_into().unwrap(), stream).await;
            if stream.is_ok() {
                break;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), renewed).await.expect("renewed");
    // Without a certificate the signal must not end the service either.
    let plain = program.serve(&[]);
    plain.signal("-HUP");
    let stream = TcpStream::connect(plain.address()).await.unwrap();
    assert_eq!(exchange(stream, "GET /healthz", &[]).await.status, 200);
    let (code, log) = plain.stop("-TERM");
    assert!(code == 0 && log.contains("no certificate"), "{log}");
}

#[test]
fn a_port_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let program = Program::new();
    let line = program.run(&["serve", "--listen", &address]).expect_refusal();
    assert!(line.contains(&address) && line.contains("--listen"), "{line}");
    assert!(!program.data().exists(), "nothing was made for a service that didn't start");
}

#[test]
fn plain_http_stays_on_this_machine() {
    let program = Program::new();
    let line = program.run(&["serve", "--listen", "0.0.0.0:0"]).expect_refusal();
    assert!(line.contains("--tls-cert") && line.contains("--allow-http"), "{line}");
    let mut insisting =
        program.command(&["serve", "--listen", "0.0.0.0:0", "--log", "nonsense=x=y"]);
    // Gets past the check, to the next mistake.
    let output = insisting.env("SECRET_MANAGER_ALLOW_HTTP", "1").output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("--log"));
    let line = program.run(&["serve", "--listen", "nowhere"]).expect_refusal();
    assert!(line.contains("nowhere") && line.contains("127.0.0.1:8200"), "{line}");
}

#[test]
fn a_missing_key_is_not_replaced() {
    let program = Program::with_space();
    let key = program.data().join("key");
    let away = program.data().join("key.away");
    std::fs::rename(&key, &away).unwrap();
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["space", "list"]] {
        let line = program.run(arguments).expect_refusal();
        assert!(line.contains("missing") && line.contains("backup"), "{line}");
        assert!(!key.exists());
    }
    std::fs::rename(&away, &key).unwrap();
    program.ok(&["status"]);
}

#[test]
fn a_wrong_short_or_exposed_key_is_refused() {
    let program = Program::with_space();
    let key = program.data().join("key");
    std::fs::write(&key, [7; 32]).unwrap();
    let line = program.run(&["status"]).expect_refusal();
    assert!(line.contains("right key file"), "{line}");
    std::fs::write(&key, [7; 5]).unwrap();
    let line = program.run(&["status"]).expect_refusal();
    assert!(line.contains("5 bytes instead of 32"), "{line}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
        let line = program.run(&["status"]).expect_refusal();
        assert!(line.contains("chmod 600"), "{line}");
    }
}

#[test]
fn the_key_may_come_from_the_environment() {
    let program = Program::new();
    let run = |key: &str, arguments: &[&str]| {
        program.command(arguments).env("SECRET_MANAGER_KEY", key).output().unwrap()
    };
    let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    assert!(run(key, &["space", "create", "plant"]).status.success());
    assert!(!program.data().join("key").exists());
    assert!(run(key, &["status"]).status.success());
    for wrong in ["BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "canary"] {
        let refused = run(wrong, &["status"]);
        let line = String::from_utf8(refused.stderr).unwrap();
        assert!(line.starts_with("error: ") && !line.contains("canary"), "{line}");
    }
}

#[test]
fn a_newer_or_foreign_database_is_refused() {
    let program = Program::with_space();
    let connection = Connection::open(program.database()).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    let line = program.run(&["serve", "--listen", "127.0.0.1:0"]).expect_refusal();
    assert!(line.contains("layout 99") && line.contains("newer version"), "{line}");
    connection.pragma_update(None, "application_id", 1).unwrap();
    let line = program.run(&["space", "list"]).expect_refusal();
    assert!(line.contains("not a database of the Secret Manager"), "{line}");
}

#[test]
fn a_wrong_place_is_not_filled_with_new_data() {
    let program = Program::new();
    for arguments in
        [&["status"][..], &["space", "list"], &["export", "--space", "x", "--format", "env"]]
    {
        let line = program.run(arguments).expect_refusal();
        assert!(line.contains("--data"), "{line}");
        assert!(!program.data().exists());
    }
    let line = program.run(&["status", "--database", "postgres://u:canary@h/d"]).expect_refusal();
    assert!(line.contains("sqlite:PATH") && !line.contains("canary"), "{line}");
    let line = program.run(&["status", "--database", "canary"]).expect_refusal();
    assert!(line.contains("sqlite:PATH"), "{line}");
}

#[test]
fn the_database_may_be_elsewhere() {
    let program = Program::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().join("other.db");
    let url = format!("sqlite:{}", path.display());
    program.ok(&["space", "create", "plant", "--database", &url]);
    assert!(path.exists() && program.data().join("key").exists() && !program.database().exists());
    assert_eq!(program.json(&["space", "list", "--database", &url])["spaces"][0]["name"], "plant");
}

#[test]
fn several_first_starts_at_once_share_one_key_and_one_database() {
    let program = Program::new();
    let names = ["a", "b", "c", "d"];
    std::thread::scope(|scope| {
        for name in names {
            let program = &program;
            scope.spawn(move || program.ok(&["space", "create", name]));
        }
    });
    let listed = program.json(&["space", "list"]);
    let listed: Vec<_> =
        listed["spaces"].as_array().unwrap().iter().map(|space| space["name"].as_str()).collect();
    assert_eq!(listed, names.map(Some));
}
