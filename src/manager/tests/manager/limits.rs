use secret_manager_manager::Error;
use secret_manager_model::limits::{SECRETS_PER_SPACE, SPACE_BYTES, VALUE_BYTES};
use secret_manager_model::{SecretValue, ValueError};

use crate::{World, apply, delete, me, put};

#[tokio::test]
async fn one_secret_too_many_is_refused() {
    let manager = World::new().open().await;
    let space = manager.create_space("s", &me()).await.unwrap().id;
    let all = (0..SECRETS_PER_SPACE).map(|index| put(&format!("K{index}"), "v")).collect();
    assert_eq!(apply(&manager, &space, all).await.unwrap().version, 1);

    let refused = apply(&manager, &space, vec![put("ONE_MORE", "v")]).await;
    assert_eq!(refused, Err(Error::TooManySecrets { secrets: SECRETS_PER_SPACE as u64 + 1 }));
    assert_eq!(
        manager.snapshot(&space, &me()).await.unwrap().snapshot.secrets.len(),
        SECRETS_PER_SPACE
    );
    // Changing and replacing goes on.
    apply(&manager, &space, vec![put("K0", "w")]).await.unwrap();
    apply(&manager, &space, vec![delete("K0"), put("ONE_MORE", "v")]).await.unwrap();
}

#[tokio::test]
async fn too_many_bytes_are_refused() {
    let manager = World::new().open().await;
    let space = manager.create_space("s", &me()).await.unwrap().id;
    // In its JSON form each has exactly the largest size.
    let large = "x".repeat(VALUE_BYTES - 2);
    assert_eq!(
        SecretValue::text(&format!("{large}x")),
        Err(ValueError::TooLarge { bytes: VALUE_BYTES + 1 })
    );
    let all = (0..SPACE_BYTES / VALUE_BYTES).map(|index| put(&format!("K{index}"), &large));
    apply(&manager, &space, all.collect()).await.unwrap();
    let refused = apply(&manager, &space, vec![put("ONE_MORE", "")]).await;
    assert_eq!(refused, Err(Error::TooManyBytes { bytes: SPACE_BYTES as u64 + 2 }));
    apply(&manager, &space, vec![put("K0", "small"), put("ONE_MORE", "")]).await.unwrap();
}
