use std::path::Path;

use secret_manager_manager::key::{self, KeyFileError};

fn mode(path: &Path, mode: u32) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
}

#[test]
fn a_key_file_is_made_once_and_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("deep/key");
    let (first, created) = key::read_or_create(&path).unwrap();
    assert!(created);
    assert_eq!(std::fs::read(&path).unwrap().len(), 32);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let of = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((of(&path), of(path.parent().unwrap())), (0o600, 0o700));
    }
    let (second, created) = key::read_or_create(&path).unwrap();
    assert!(!created);
    assert_eq!(first.id(), second.id());
    assert_eq!(key::read(&path).unwrap().id(), first.id());
    let files = std::fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(files, 1, "the draft is gone");
}

#[test]
fn of_several_first_starts_all_get_the_same_key() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    let ids: Vec<_> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| key::read_or_create(&path).unwrap().0.id().clone()))
            .collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[test]
fn a_missing_key_is_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    let error = key::read(&path).unwrap_err();
    assert!(matches!(error, KeyFileError::Missing(_)), "{error}");
    assert!(error.to_string().contains("backup"), "{error}");
    assert!(!path.exists());
}

#[test]
fn what_is_no_key_is_refused_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    for length in [0, 31, 33, 100] {
        std::fs::write(&path, vec![7; length]).unwrap();
        mode(&path, 0o600);
        let error = key::read_or_create(&path).unwrap_err();
        assert!(matches!(error, KeyFileError::Length { .. }), "{error}");
        assert_eq!(std::fs::read(&path).unwrap().len(), length);
    }
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    std::fs::write(&path, [7; 32]).unwrap();
    for exposed in [0o640, 0o604, 0o644, 0o620] {
        mode(&path, exposed);
        let error = key::read(&path).unwrap_err().to_string();
        assert!(error.contains("chmod 600") && error.contains(&format!("{exposed:o}")), "{error}");
    }
    mode(&path, 0o400);
    key::read(&path).unwrap();
}

#[test]
fn a_key_in_base64_is_the_same_key() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    std::fs::write(&path, [0; 32]).unwrap();
    mode(&path, 0o600);
    let text = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    assert_eq!(key::from_base64(text).unwrap().id(), key::read(&path).unwrap().id());
    for wrong in ["", "AAAA", "not base64", "canary-canary-canary"] {
        let error = key::from_base64(wrong).unwrap_err().to_string();
        assert!(error.contains("openssl rand -base64 32") && !error.contains("canary"), "{error}");
    }
}
