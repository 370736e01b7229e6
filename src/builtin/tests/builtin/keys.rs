use std::fs;
use std::sync::Arc;

use secret_manager_builtin::{Code, KeyOrigin, KeyPlace, Place, Precondition, Vault};
use secret_manager_model::Kind;
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::{anna, closed, new_vault, place, refused};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OTHER: &str = "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn text(directory: &TempDir, key: &str) -> Place {
    let key = KeyPlace::Text(Zeroizing::new(key.to_owned()));
    Place { key, ..place(directory.path()) }
}

#[tokio::test]
async fn a_key_is_made_once_for_its_owner_alone_and_said_so() {
    let (directory, vault) = new_vault().await;
    let file = place(directory.path()).directory.join("key");
    assert_eq!(vault.key().origin, KeyOrigin::File(file.clone()));
    assert!(vault.key().created);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600);
    }
    let same = Vault::open(&place(directory.path())).await.unwrap();
    assert!(Arc::ptr_eq(&vault, &same), "a process has one vault for each place");
}

#[tokio::test]
async fn a_key_that_is_missing_exposed_or_another_one_is_told_and_mended() {
    let (directory, vault) = new_vault().await;
    let place = place(directory.path());
    let file = place.directory.join("key");
    vault.put("KEY", Kind::Text, "one", Precondition::Any, anna()).await.unwrap();
    closed(vault).await;

    let good = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let problem = refused(Vault::open(&place).await);
    assert_eq!(problem.code, Code::Misconfigured);
    assert!(problem.message.contains("put it back from your backup"), "{problem}");
    assert!(!file.exists(), "no second key is made");

    fs::write(&file, [7; 32]).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let exposed = fs::Permissions::from_mode(0o644);
        fs::set_permissions(&file, exposed).unwrap();
        let problem = refused(Vault::open(&place).await);
        assert_eq!(problem.code, Code::Misconfigured);
        assert!(problem.message.contains("chmod 600"), "{problem}");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let problem = refused(Vault::open(&place).await);
    assert_eq!(problem.code, Code::Misconfigured);
    assert!(problem.message.contains("put the right one back"), "{problem}");

    fs::write(&file, good).unwrap();
    let vault = Vault::open(&place).await.unwrap();
    assert_eq!(vault.reveal("KEY", None, anna()).await.unwrap().value.expose(), "\"one\"");
}

#[tokio::test]
async fn a_key_from_the_environment_leaves_no_file() {
    let directory = TempDir::new().unwrap();
    let vault = Vault::open(&text(&directory, KEY)).await.unwrap();
    assert_eq!(vault.key().origin, KeyOrigin::Environment);
    assert!(!vault.key().created);
    assert!(!place(directory.path()).directory.join("key").exists());
    closed(vault).await;

    let problem = refused(Vault::open(&text(&directory, OTHER)).await);
    assert_eq!(problem.code, Code::Misconfigured);
    assert!(problem.message.contains("set SECRET_MANAGER_KEY to the right one"), "{problem}");
    let problem = refused(Vault::open(&text(&directory, "no base64 canary")).await);
    assert_eq!(problem.code, Code::Misconfigured);
    assert!(!format!("{problem:?}").contains("canary"));
    assert!(!format!("{:?}", text(&directory, "canary")).contains("canary"));
    Vault::open(&text(&directory, KEY)).await.unwrap();
}

#[tokio::test]
async fn a_directory_that_can_not_be_made_and_a_damaged_database_are_told_and_mended() {
    let directory = TempDir::new().unwrap();
    let place = place(directory.path());
    fs::write(&place.directory, "in the way").unwrap();
    let problem = refused(Vault::open(&place).await);
    assert_eq!(problem.code, Code::Unavailable);
    assert!(problem.message.contains("vault"), "{problem}");
    fs::remove_file(&place.directory).unwrap();
    closed(Vault::open(&place).await.unwrap()).await;

    let elsewhere = TempDir::new().unwrap();
    let place = crate::place(elsewhere.path());
    fs::create_dir(&place.directory).unwrap();
    fs::write(place.directory.join("key"), [1; 32]).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let private = fs::Permissions::from_mode(0o600);
        fs::set_permissions(place.directory.join("key"), private).unwrap();
    }
    fs::write(place.directory.join("secret-manager.db"), "canary, not a database").unwrap();
    let problem = refused(Vault::open(&place).await);
    assert_eq!(problem.code, Code::Unavailable);
    assert!(problem.message.contains("backup"), "{problem}");
    assert!(!problem.message.contains("canary"));
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_is_written_to_files_that_are_gone() {
    let (directory, vault) = new_vault().await;
    let put = || vault.put("KEY", Kind::Text, "one", Precondition::Any, anna());
    put().await.unwrap();
    let database = place(directory.path()).directory.join("secret-manager.db");
    let away = directory.path().join("away");
    fs::rename(&database, &away).unwrap();
    let problem = refused(put().await);
    assert_eq!(problem.code, Code::Unavailable);
    assert!(problem.message.contains("was deleted or replaced"), "{problem}");
    assert_eq!(refused(vault.tag().await).code, Code::Unavailable);
    fs::write(&database, "another one").unwrap();
    assert_eq!(refused(put().await).code, Code::Unavailable);

    fs::rename(&away, &database).unwrap();
    assert_eq!(put().await.unwrap().secret.version, 2);
}
