use secret_manager_builtin::{Code, Format, Precondition, User, Vault};
use secret_manager_model::{Kind, SecretName};
use zeroize::Zeroizing;

use crate::{anna, closed, new_vault, place, refused};

#[tokio::test]
async fn a_new_vault_is_empty_and_keeps_what_it_is_given() {
    let (directory, vault) = new_vault().await;
    let list = vault.list().await.unwrap();
    assert_eq!((&*list.space.name, list.space.version, list.secrets.len()), ("Node-RED", 0, 0));

    let put = vault.put("KEY", Kind::Text, "one", Precondition::Any, anna()).await.unwrap();
    assert_eq!((put.created, put.space_version, put.secret.version), (true, 1, 1));
    assert_eq!(put.secret.updated_by, "anna");
    let document = "{\"n\": 1.00000000000000000001}";
    let nobody = User::default();
    let put = vault.put("DB", Kind::Json, document, Precondition::Any, nobody).await.unwrap();
    assert_eq!(put.secret.updated_by, "Node-RED");
    closed(vault).await;

    let vault = Vault::open(&place(directory.path())).await.unwrap();
    let revealed = vault.reveal("DB", None, anna()).await.unwrap();
    assert_eq!((revealed.value.kind(), revealed.value.expose()), (Kind::Json, document));
    assert_eq!(vault.reveal("KEY", None, anna()).await.unwrap().value.expose(), "\"one\"");
}

#[tokio::test]
async fn preconditions_protect_what_somebody_else_wrote() {
    let (_directory, vault) = new_vault().await;
    let put = |value: &'static str, precondition| {
        vault.put("KEY", Kind::Text, value, precondition, anna())
    };
    put("one", Precondition::Absent).await.unwrap();
    let problem = refused(put("two", Precondition::Absent).await);
    assert_eq!((problem.code, problem.current), (Code::PreconditionFailed, Some(1)));
    put("two", Precondition::Version(1)).await.unwrap();
    let problem = refused(put("three", Precondition::Version(1)).await);
    assert_eq!((problem.code, problem.current), (Code::PreconditionFailed, Some(2)));
    let problem = refused(vault.remove("KEY", Precondition::Version(1), anna()).await);
    assert_eq!(problem.code, Code::PreconditionFailed);
    assert_eq!(vault.reveal("KEY", None, anna()).await.unwrap().value.expose(), "\"two\"");
}

#[tokio::test]
async fn a_secret_can_be_rolled_back_deleted_restored_and_destroyed() {
    let (_directory, vault) = new_vault().await;
    for value in ["one", "two"] {
        vault.put("KEY", Kind::Text, value, Precondition::Any, anna()).await.unwrap();
    }
    let back = vault.rollback("KEY", 1, Precondition::Version(2), anna()).await.unwrap();
    assert_eq!((back.created, back.secret.version), (false, 3));
    vault.remove("KEY", Precondition::Any, anna()).await.unwrap();
    assert_eq!(refused(vault.reveal("KEY", None, anna()).await).code, Code::NotFound);
    let deleted = vault.deleted().await.unwrap();
    assert_eq!(deleted.secrets[0].deletion.by, "anna");
    assert!(vault.versions("KEY").await.unwrap().deleted.is_some());

    let restored = vault.restore("KEY", anna()).await.unwrap();
    assert_eq!(restored.secret.version, 4);
    assert_eq!(refused(vault.restore("KEY", anna()).await).code, Code::PreconditionFailed);
    vault.destroy("KEY", Some(vec![2]), anna()).await.unwrap();
    let problem = refused(vault.reveal("KEY", Some(2), anna()).await);
    assert_eq!(problem.code, Code::ValueDestroyed);
    assert_eq!(vault.reveal("KEY", Some(1), anna()).await.unwrap().value.expose(), "\"one\"");
    vault.destroy("KEY", None, anna()).await.unwrap();
    assert_eq!(refused(vault.versions("KEY").await).code, Code::NotFound);
}

#[tokio::test]
async fn what_breaks_the_rules_is_refused_by_its_code_and_never_quoted() {
    let (_directory, vault) = new_vault().await;
    let put = |name: &'static str, kind, value: &'static str| {
        vault.put(name, kind, value, Precondition::Any, anna())
    };
    let problem = refused(put("__proto__", Kind::Text, "canary").await);
    assert_eq!(problem.code, Code::NameInvalid);
    let problem = refused(put("KEY", Kind::Json, "{\"canary\": }").await);
    assert_eq!(problem.code, Code::ValueInvalid);
    assert!(!format!("{problem} {problem:?}").contains("canary"));
    let large = "x".repeat(secret_manager_model::limits::VALUE_BYTES);
    let large = vault.put("KEY", Kind::Text, &large, Precondition::Any, anna());
    assert_eq!(refused(large.await).code, Code::LimitExceeded);
    assert_eq!(refused(vault.reveal("__proto__", None, anna()).await).code, Code::NotFound);
    assert_eq!(vault.list().await.unwrap().space.version, 0);
}

#[tokio::test]
async fn an_import_is_one_version_or_nothing_and_comes_back_by_export() {
    let (_directory, vault) = new_vault().await;
    let import = |format, text: &str, dry_run| {
        vault.import(format, Zeroizing::new(text.to_owned()), dry_run, anna())
    };
    let text =
        "{\"B\": {\"n\": 123456789012345678901234567890}, \"A\": \"{\\\"looks\\\": 1}\\n☃\"}";
    let preview = import(Format::Json, text, true).await.unwrap();
    assert_eq!((preview.version, preview.added.len()), (0, 2));
    let imported = import(Format::Json, text, false).await.unwrap();
    let added: Vec<_> = imported.added.iter().map(SecretName::as_str).collect();
    assert_eq!((imported.version, &added[..]), (1, &["B", "A"][..]));

    let exported = vault.export(Format::Json, anna()).await.unwrap();
    let again = import(Format::Json, &exported, false).await.unwrap();
    assert_eq!((again.version, again.unchanged.len()), (1, 2));
    let list = vault.list().await.unwrap();
    let kinds: Vec<_> = list.secrets.iter().map(|secret| secret.kind).collect();
    assert_eq!(kinds, [Kind::Text, Kind::Json]);

    let problem = refused(import(Format::Env, "A=1\nno equals\n", false).await);
    assert_eq!((problem.code, problem.mistakes.len()), (Code::ImportInvalid, 1));
    assert_eq!(vault.list().await.unwrap().space.version, 1);
}
