//! The files of `packaging/` fit the program.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::Program;
use crate::tls::Certificate;

fn packaging() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging")
}

/// Names of variables in a text.
fn variables(text: &str) -> BTreeSet<&str> {
    text.split(|character: char| !character.is_ascii_uppercase() && character != '_')
        .filter(|word| word.starts_with("SECRET_MANAGER_") && word.len() > 15)
        .collect()
}

#[test]
fn they_set_what_the_program_knows() {
    let help = Program::new().ok(&["serve", "--help"]);
    let known = variables(&help);
    let mut seen = 0;
    for name in ["secret-manager.service", "environment", "Containerfile"] {
        let text = std::fs::read_to_string(packaging().join(name)).unwrap();
        for variable in variables(&text) {
            assert!(known.contains(variable), "{variable} in {name}");
            seen += 1;
        }
    }
    assert!(seen > 8, "{seen}");
}

#[cfg(target_os = "linux")]
#[test]
fn systemd_understands_the_unit() {
    let directory = tempfile::tempdir().unwrap();
    let unit = std::fs::read_to_string(packaging().join("secret-manager.service")).unwrap();
    // It is checked that the programs are there.
    let unit = unit.replace("/usr/local/bin/secret-manager", env!("CARGO_BIN_EXE_secret-manager"));
    let path = directory.path().join("secret-manager.service");
    std::fs::write(&path, unit).unwrap();
    let analyze =
        |arguments: &[&str]| Command::new("systemd-analyze").args(arguments).arg(&path).output();
    // Not every machine that runs tests has systemd.
    let Ok(verified) = analyze(&["verify"]) else { return };
    let said = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert!(verified.status.success() && !said.contains("secret-manager.service:"), "{said}");
    // 10 is no protection at all; the threshold is in tenths.
    let rated = analyze(&["security", "--offline=true", "--threshold=15"]).unwrap();
    assert!(rated.status.success(), "{}", String::from_utf8_lossy(&rated.stdout));
}

/// systemd shows an access list for the service's user as a right of the group.
#[cfg(unix)]
#[test]
fn a_key_that_systemd_hands_over_is_taken() {
    use std::os::unix::fs::PermissionsExt;
    let program = Program::new();
    let credentials = tempfile::tempdir().unwrap();
    let key = credentials.path().join("key");
    std::fs::write(&key, [7; 32]).unwrap();
    let status = |mode: u32, directory: &Path| {
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
        let mut command = program.command(&["space", "create", "plant"]);
        command.env("CREDENTIALS_DIRECTORY", directory).env("SECRET_MANAGER_KEY_FILE", &key);
        command.output().unwrap().status.success()
    };
    assert!(!status(0o440, Path::new("/elsewhere")));
    assert!(!status(0o444, credentials.path()));
    assert!(status(0o440, credentials.path()));
}

#[test]
fn health_tells_whether_a_service_is_ready() {
    let program = Program::new();
    let running = program.serve(&[]);
    program.ok(&["health", "--address", running.address()]);
    let directory = tempfile::tempdir().unwrap();
    let files = Certificate::write(directory.path());
    let (certificate, key) = (files.certificate.to_str().unwrap(), files.key.to_str().unwrap());
    let running = program.serve(&["--tls-cert", certificate, "--tls-key", key]);
    let line = program.run(&["health", "--address", running.address()]).expect_refusal();
    assert!(line.contains("--metrics-listen"), "{line}");
    let line = program.run(&["health", "--address", "127.0.0.1:1"]).expect_refusal();
    assert!(line.contains("127.0.0.1:1"), "{line}");
}
