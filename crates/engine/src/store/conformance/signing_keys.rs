//! The key pairs of JWTs.

use super::{Factory, TEAM, pepper, populated, read};
use crate::store::SigningKeyRow;

pub(super) async fn run<F: Factory>(new: &impl Fn() -> F) {
    one_is_in_use_and_the_retired_keep_no_secret(&new()).await;
}

fn key(id: u128) -> SigningKeyRow {
    SigningKeyRow {
        id,
        team: TEAM,
        public_key: [7; 32],
        sealed: Some(vec![1, 0, 255]),
        created_at: 5,
        retired_at: None,
    }
}

async fn one_is_in_use_and_the_retired_keep_no_secret(factory: &impl Factory) {
    let store = populated(factory).await;
    let mut write = store.write().await.expect("begins");
    write.insert_signing_key(&key(1)).await.expect("inserts");
    write.retire_signing_keys(TEAM, 9, false).await.expect("retires");
    write.insert_signing_key(&key(2)).await.expect("inserts");
    write.commit(&[], &pepper()).await.expect("commits");
    let retired = SigningKeyRow { sealed: None, retired_at: Some(9), ..key(1) };
    let keys = read(&*store).await.signing_keys(TEAM).await.expect("reads");
    assert_eq!(keys, [key(2), retired]);
    assert!(read(&*store).await.signing_keys(0x99).await.expect("reads").is_empty());

    let mut write = store.write().await.expect("begins");
    write.insert_signing_key(&key(3)).await.expect_err("one is in use");
    drop(write);
    let mut write = store.write().await.expect("begins");
    write.retire_signing_keys(TEAM, 10, true).await.expect("revokes");
    write.commit(&[], &pepper()).await.expect("commits");
    assert!(read(&*store).await.signing_keys(TEAM).await.expect("reads").is_empty());
}
