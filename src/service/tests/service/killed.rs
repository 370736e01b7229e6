//! The service and commands beside it are killed (kill -9) while they write, again and again.
//!
//! Afterwards nothing may be missing that was acknowledged, and nothing may be there that was not
//! asked for: each writer knows which versions it was told of, and each value says which version it
//! was written for.
//!
//! `SECRET_MANAGER_KILLS` sets how often; `npm run kill` does it a few hundred times.

use std::collections::{HashMap, HashSet};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

use serde_json::{Value, json};

use crate::person::PASSWORD;
use crate::program::{Program, Running};

/// In a run of all tests: some thousand writes.
const KILLS: usize = 8;

/// Writers over HTTP, each with a secret of its own.
const WRITERS: usize = 6;

/// Secrets that are always changed together.
const TOGETHER: [&str; 4] = ["TOGETHER_A", "TOGETHER_B", "TOGETHER_C", "TOGETHER_D"];

/// Written by commands.
const COMMANDS: &str = "COMMANDS";

/// An answer that said that a change was made.
struct Acknowledged {
    key: String,
    version: u64,
    space_version: u64,
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let kills = std::env::var("SECRET_MANAGER_KILLS");
    let kills = kills.map_or(KILLS, |kills| kills.parse().unwrap());
    let program = Program::new();
    let mut cookie = None;
    let mut space_versions = HashSet::new();
    for kill in 0..kills {
        let mut running = program.serve(&["--log", "error"]);
        let cookie = cookie.get_or_insert_with(|| set_up(&mut running));
        // Now sooner, now later.
        let acknowledged = write_until_killed(&program, running, cookie, 50 + kill * 157 % 500);
        for change in &acknowledged {
            let version = change.space_version;
            assert!(space_versions.insert(version), "version {version} was given twice");
        }
        check(&program, &acknowledged);
    }
}

/// Lets all write until so many changes were acknowledged, then kills the service and the command
/// that is under way. Returns what was acknowledged, up to the last moment.
fn write_until_killed(
    program: &Program,
    mut running: Running,
    cookie: &str,
    changes: usize,
) -> Vec<Acknowledged> {
    let before = Listed::of(program);
    let (tell, told) = channel();
    let address = running.address().to_owned();
    let command = Command::default();
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let key = format!("WRITER_{writer}");
            let from = before.version(&key);
            let (tell, address) = (tell.clone(), &address);
            scope.spawn(move || put_again_and_again(address, cookie, &key, from, &tell));
        }
        let (from, tell_too) = (before.version(TOGETHER[0]), tell.clone());
        let (address, command) = (&address, &command);
        scope.spawn(move || change_together_again_and_again(address, cookie, from, tell_too));
        let from = before.version(COMMANDS);
        scope.spawn(move || set_again_and_again(program, command, from, tell));

        let mut acknowledged: Vec<_> = told.iter().take(changes).collect();
        running.kill();
        command.kill();
        // Until the last writer has noticed.
        acknowledged.extend(told);
        acknowledged
    })
}

fn put_again_and_again(
    address: &str,
    cookie: &str,
    key: &str,
    from: u64,
    tell: &Sender<Acknowledged>,
) {
    let Ok(mut connection) = Connection::open(address, cookie) else { return };
    for expected in from + 1.. {
        let path = format!("PUT /api/v1/spaces/plant/secrets/{key}");
        let body = json!({"type": "text", "value": value(key, expected)});
        let Ok(answer) = connection.ask(&path, &body) else { return };
        let [version, space_version] =
            ["version", "spaceVersion"].map(|name| answer[name].as_u64().unwrap());
        assert_eq!(version, expected, "{key}");
        let _ = tell.send(Acknowledged { key: key.to_owned(), version, space_version });
    }
}

fn change_together_again_and_again(
    address: &str,
    cookie: &str,
    from: u64,
    tell: Sender<Acknowledged>,
) {
    let Ok(mut connection) = Connection::open(address, cookie) else { return };
    for version in from + 1.. {
        let secrets: serde_json::Map<_, _> = TOGETHER
            .iter()
            .map(|key| (key.to_string(), json!({"type": "text", "value": value(key, version)})))
            .collect();
        let body = json!({"secrets": secrets});
        let answer = connection.ask("PATCH /api/v1/spaces/plant/secrets", &body);
        let Ok(answer) = answer else { return };
        let space_version = answer["version"].as_u64().unwrap();
        let key = TOGETHER[0].to_owned();
        let _ = tell.send(Acknowledged { key, version, space_version });
    }
}

/// Whatever command is under way, and whether there may be more of them.
#[derive(Default)]
struct Command(Mutex<Slot>);

#[derive(Default)]
struct Slot {
    child: Option<Child>,
    is_over: bool,
}

impl Command {
    fn kill(&self) {
        let mut slot = self.0.lock().unwrap();
        slot.is_over = true;
        if let Some(child) = &mut slot.child {
            let _ = child.kill();
        }
    }

    /// What it printed when it succeeded; `None` when it or all of them were killed.
    fn run(&self, mut command: std::process::Command, input: &str) -> Option<String> {
        let mut slot = self.0.lock().unwrap();
        if slot.is_over {
            return None;
        }
        let child = slot.child.insert(command.stdin(Stdio::piped()).spawn().unwrap());
        let mut stdin = child.stdin.take().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        drop(slot);
        // One that was killed reads nothing.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let mut printed = String::new();
        stdout.read_to_string(&mut printed).unwrap();
        let mut child = self.0.lock().unwrap().child.take().unwrap();
        child.wait().unwrap().success().then_some(printed)
    }
}

fn set_again_and_again(
    program: &Program,
    command: &Command,
    from: u64,
    tell: Sender<Acknowledged>,
) {
    for expected in from + 1.. {
        let set =
            program.command(&["secret", "set", "--space", "plant", COMMANDS, "--stdin", "--json"]);
        let Some(printed) = command.run(set, &value(COMMANDS, expected)) else { return };
        let answer: Value = serde_json::from_str(&printed).unwrap();
        let [version, space_version] =
            ["version", "spaceVersion"].map(|name| answer[name].as_u64().unwrap());
        assert_eq!(version, expected);
        let _ = tell.send(Acknowledged { key: COMMANDS.into(), version, space_version });
    }
}

/// Says for which version it was written.
fn value(key: &str, version: u64) -> String {
    format!("{key} at version {version}")
}

/// What the space holds when nothing is running.
struct Listed {
    version: u64,
    secrets: HashMap<String, u64>,
}

impl Listed {
    fn of(program: &Program) -> Self {
        let list = program.json(&["secret", "list", "--space", "plant"]);
        let secrets = list["secrets"].as_array().unwrap().iter().map(|secret| {
            (secret["key"].as_str().unwrap().to_owned(), secret["version"].as_u64().unwrap())
        });
        Self { version: list["version"].as_u64().unwrap(), secrets: secrets.collect() }
    }

    /// 0 for a secret that was not written yet.
    fn version(&self, key: &str) -> u64 {
        self.secrets.get(key).copied().unwrap_or_default()
    }
}

fn check(program: &Program, acknowledged: &[Acknowledged]) {
    let listed = Listed::of(program);
    for Acknowledged { key, version, space_version } in acknowledged {
        assert!(listed.version(key) >= *version, "version {version} of {key} is lost");
        assert!(listed.version >= *space_version, "version {space_version} of the space is lost");
    }
    let together = TOGETHER.map(|key| listed.version(key));
    assert_eq!(together, [together[0]; TOGETHER.len()], "half a change was made");
    // Each change of the space made one version of one secret, but for those that go together.
    let changes = listed.secrets.values().sum::<u64>() - together[1..].iter().sum::<u64>();
    assert_eq!(listed.version, changes, "a version was skipped or doubled");

    let values: HashMap<String, String> =
        serde_json::from_str(&program.ok(&["export", "--space", "plant", "--format", "json"]))
            .unwrap();
    assert_eq!(values.len(), listed.secrets.len());
    for (key, version) in &listed.secrets {
        assert_eq!(values[key], value(key, *version));
    }
    // Every change left its record, none without one.
    program.ok(&["audit", "verify"]);
    let count = |action| {
        let limit = ["--limit", "100000"];
        let list = ["audit", "list", "--space", "plant", "--action", action];
        program.json(&[&list[..], &limit].concat())["records"].as_array().unwrap().len() as u64
    };
    let recorded = ["secret.put", "secrets.change", "secrets.import"].map(count);
    assert_eq!(recorded.iter().sum::<u64>(), listed.version);
    let checked: String = rusqlite::Connection::open(program.database())
        .unwrap()
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(checked, "ok");
}

/// The first administrator with a session, who makes the space.
fn set_up(running: &mut Running) -> String {
    let link = running.next_line();
    let code = link.split_once('#').unwrap().1.to_owned();
    let mut nobody = Connection::open(running.address(), "none").unwrap();
    let body = json!({"code": code, "name": "anna", "password": PASSWORD});
    nobody.ask("POST /api/v1/setup", &body).unwrap();
    let cookie = nobody.cookie.take().unwrap();
    let mut anna = Connection::open(running.address(), &cookie).unwrap();
    anna.ask("POST /api/v1/spaces", &json!({"name": "plant"})).unwrap();
    cookie
}

/// A connection that is used for one request after the other.
struct Connection {
    stream: BufReader<TcpStream>,
    session: String,
    /// Which the last answer gave.
    cookie: Option<String>,
}

impl Connection {
    fn open(address: &str, session: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), session: session.to_owned(), cookie: None })
    }

    /// The answer's document; an error when the service is gone before the answer is whole.
    fn ask(&mut self, line: &str, body: &Value) -> io::Result<Value> {
        let body = body.to_string();
        let request = format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nCookie: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.session,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let status = self.line()?;
        let mut length = 0;
        loop {
            let line = self.line()?;
            match line.split_once(": ") {
                Some(("content-length", bytes)) => length = bytes.parse().unwrap(),
                Some(("set-cookie", cookie)) => {
                    self.cookie = cookie.split(';').next().map(str::to_owned);
                }
                Some(_) => {}
                None => break,
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer)?;
        let answer = String::from_utf8(answer).unwrap();
        let is_good = status.split(' ').nth(1).unwrap().starts_with('2');
        assert!(is_good, "{line}: {status} {answer}");
        Ok(serde_json::from_str(&answer).unwrap())
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        line.strip_suffix("\r\n").map(str::to_owned).ok_or(io::ErrorKind::UnexpectedEof.into())
    }
}
