//! What is secret stands in no file and in no line of a log.

use tokio::net::TcpStream;

use crate::http::exchange;
use crate::program::{Program, files};

const VALUES: [&str; 3] = ["canary-value-5d1f", "canary-document-77aa", "canary-import-90cd"];
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
    let key = std::fs::read(program.data().join("key")).unwrap();
    let mut seen = Vec::new();
    for file in files(&program.data()) {
        let bytes = std::fs::read(&file).unwrap();
        search(&canaries, &file.display().to_string(), &bytes);
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(
            name == "key" || !bytes.windows(32).any(|window| window == key),
            "the key in {name}"
        );
        seen.push(name);
    }
    seen.sort_unstable();
    let expected = ["key", "secret-manager.db", "secret-manager.db-shm", "secret-manager.db-wal"];
    assert_eq!(seen, expected, "the write-ahead log was among them");

    let (_, log) = running.stop("-TERM");
    assert!(log.contains("status=200") && log.contains("status=401"), "{log}");
    search(&canaries, "the log", log.as_bytes());
    search(&["smt_canary"], "the log", log.as_bytes());
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
