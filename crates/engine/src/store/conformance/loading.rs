//! Reading all keys for the index.

use oneloop_protocol::Access;

use super::{Factory, insert, key, populated, read};
use crate::grants::PackedGrants;
use crate::key_entry::TaggedKey;
use crate::store::ApiKeyRow;
use crate::tag::Tag;

pub(super) async fn hands_out_every_key_once(factory: &impl Factory) {
    let store = populated(factory).await;
    // More than one page.
    let many: Vec<_> = (0..5_000_u128)
        .map(|at| {
            let mut bytes = [0; 32];
            bytes[..16].copy_from_slice(&at.to_be_bytes());
            let tag = Tag::from_bytes(bytes);
            // Each column that may be empty is so now and then.
            let some = |every: u128| at % every == 0;
            let row = key(1, if some(2) { "ada" } else { "Ünïcode 🔑" });
            let previous = some(3).then(|| {
                bytes[31] = 1;
                (Tag::from_bytes(bytes), 77)
            });
            ApiKeyRow {
                id: at,
                tag,
                previous_tag: previous.map(|(tag, _)| tag),
                previous_until: previous.map(|(_, until)| until),
                grants: if some(5) { PackedGrants::default() } else { row.grants },
                metadata: if some(7) { row.metadata } else { Default::default() },
                external_meter_id: row.external_meter_id.filter(|_| some(2)),
                enabled: some(3),
                deleted: some(4),
                expires_at: row.expires_at.filter(|_| some(7)),
                ..row
            }
        })
        .collect();
    insert(&*store, &many).await;
    let mut loaded = Vec::new();
    let mut read = read(&*store).await;
    read.load_keys(&mut |key: TaggedKey| loaded.push(key)).await.expect("loads");
    // A database hands them out in the order that suits it.
    loaded.sort_unstable_by_key(|key| key.entry.id);
    let ids: Vec<_> = loaded.iter().map(|key| key.entry.id).collect();
    assert_eq!(ids, (0..5_000).collect::<Vec<_>>());
    let mut all = read.load_some_keys(&ids).await.expect("loads");
    all.sort_unstable_by_key(|key| key.entry.id);
    for (one, same) in loaded.iter().zip(&all) {
        assert_eq!(format!("{one:?}"), format!("{same:?}"));
        assert_eq!((one.tag, one.previous), (same.tag, same.previous));
    }
    let mut some = read.load_some_keys(&[4_999, 7, 1 << 100]).await.expect("loads");
    some.sort_unstable_by_key(|key| key.entry.id);
    assert_eq!(some.iter().map(|key| key.entry.id).collect::<Vec<_>>(), [7, 4_999]);
    assert!(read.load_some_keys(&[]).await.expect("loads").is_empty());
    let one = some.remove(0);
    let grants: PackedGrants = [(0, Access::READ), (300, Access::ALL)].into_iter().collect();
    assert_eq!((one.entry.id, one.entry.expires_at), (7, 9_999));
    assert!(one.entry.holder.grants().iter().eq(grants.iter()));
    assert_eq!(one.entry.extra.expect("metadata").metadata["plan"], "pro 🔑");
}
