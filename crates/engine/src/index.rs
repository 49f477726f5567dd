//! Everything that verify needs, in memory. Readers never wait for a writer.
//!
//! There is no miss path: what is not here does not exist. Changes are applied in the order of their
//! commits (see `turn.rs`). Every entry also carries the revision of the row it was made from, its number in
//! the change log, and an older one never replaces a newer one; so a change that arrives twice, from the
//! mutation in this process and from the change feed, is applied once.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use ipnet::IpNet;
use oneloop_protocol::api_key::Metadata;
use oneloop_protocol::{Rights, ScopeId, UnixMillis};
use papaya::HashMap as Concurrent;

use crate::grants::{Catalogue, PackedGrants};
use crate::rate::Bucket;
use crate::tag::{Tag, TagHasher};

/// A place in the change log.
pub(crate) type Revision = i64;

/// A key, as verify sees it. Kept small: there may be millions.
#[derive(Debug)]
pub(crate) struct KeyEntry {
    pub(crate) id: u128,
    pub(crate) workspace: u128,
    pub(crate) revision: Revision,
    /// `UnixMillis::MAX` = never.
    pub(crate) expires_at: UnixMillis,
    /// Until when the previous secret works; 0 when there is none.
    pub(crate) previous_until: UnixMillis,
    pub(crate) enabled: bool,
    pub(crate) deleted: bool,
    pub(crate) customer_id: Box<str>,
    pub(crate) grants: PackedGrants,
    /// What few keys have.
    pub(crate) extra: Option<Box<KeyExtra>>,
    /// What changes with use; made on first use.
    pub(crate) live: OnceLock<Arc<Live>>,
}

/// What few keys have.
#[derive(Debug, Default)]
pub(crate) struct KeyExtra {
    pub(crate) metadata: Metadata,
    pub(crate) external_meter_id: Option<String>,
    /// Whether each verification takes one off a counter.
    pub(crate) counted: bool,
}

impl KeyExtra {
    /// On the heap if there is anything to keep, and nothing if not.
    pub(crate) fn boxed(self) -> Option<Box<Self>> {
        let empty = self.metadata.is_empty() && self.external_meter_id.is_none() && !self.counted;
        (!empty).then(|| Box::new(self))
    }
}

/// What changes with use. An edited key gets a new [`KeyEntry`] and keeps its `Live`: otherwise each edit
/// would refill its bucket.
#[derive(Debug, Default)]
pub(crate) struct Live {
    pub(crate) bucket: Bucket,
    last_used: AtomicI64,
    unwritten: AtomicBool,
    /// Valid uses for no named route that are not counted yet, see `usage.rs`.
    uses: AtomicU32,
}

impl Live {
    /// Notes a use. `true` if the key was not waiting to be written already.
    pub(crate) fn touch(&self, now: UnixMillis) -> bool {
        self.last_used.fetch_max(now, Ordering::Relaxed);
        // The flag is raised after the time: whoever lowers it next reads at least this time.
        !self.unwritten.swap(true, Ordering::AcqRel)
    }

    /// Counts a use.
    pub(crate) fn count(&self, uses: u32) {
        self.uses.fetch_add(uses, Ordering::Relaxed);
    }

    /// Takes the counted uses for writing.
    pub(crate) fn take_uses(&self) -> u32 {
        self.uses.swap(0, Ordering::Relaxed)
    }

    /// Takes the latest use for writing.
    pub(crate) fn take_last_used(&self) -> UnixMillis {
        // A swap, not a store: it reads the flag that the last use raised, and so sees that use's time.
        self.unwritten.swap(false, Ordering::AcqRel);
        self.last_used.load(Ordering::Relaxed)
    }
}

impl KeyEntry {
    pub(crate) fn live(&self) -> &Arc<Live> {
        self.live.get_or_init(Arc::default)
    }
}

/// A key with the secrets it answers to.
#[derive(Debug)]
pub(crate) struct TaggedKey {
    pub(crate) entry: KeyEntry,
    pub(crate) tag: Tag,
    /// The secret before the last rotation, if it was given an overlap.
    pub(crate) previous: Option<Tag>,
}

/// A workspace with its scope catalogue, as verify sees it.
#[derive(Debug)]
pub(crate) struct WorkspaceEntry {
    pub(crate) id: u128,
    pub(crate) revision: Revision,
    pub(crate) allowed: Vec<IpNet>,
    pub(crate) rate_limit: Option<NonZeroU32>,
    /// By number: the id, in the form in which every verification shows it, and the representation.
    scopes: HashMap<u16, (ScopeId, Arc<str>)>,
    numbers: HashMap<Arc<str>, u16>,
}

impl WorkspaceEntry {
    pub(crate) fn new(
        id: u128,
        revision: Revision,
        allowed: Vec<IpNet>,
        rate_limit: Option<u32>,
        catalogue: impl IntoIterator<Item = (u16, u128, String)>,
    ) -> Self {
        let (mut scopes, mut numbers) = (HashMap::new(), HashMap::new());
        for (number, scope, representation) in catalogue {
            let representation = Arc::<str>::from(representation);
            numbers.insert(Arc::clone(&representation), number);
            scopes.insert(number, (ScopeId::from_bits(scope), representation));
        }
        let rate_limit = rate_limit.and_then(NonZeroU32::new);
        Self { id, revision, allowed, rate_limit, scopes, numbers }
    }

    /// The number of a scope, by its exact representation.
    pub(crate) fn number(&self, representation: &str) -> Option<u16> {
        self.numbers.get(representation).copied()
    }
}

impl Catalogue for WorkspaceEntry {
    fn scope(&self, number: u16) -> Option<(ScopeId, &str)> {
        self.scopes.get(&number).map(|(id, representation)| (id.clone(), representation.as_ref()))
    }
}

/// An SDK key, as authentication sees it.
#[derive(Debug)]
pub(crate) struct SdkKeyEntry {
    pub(crate) id: u128,
    pub(crate) team: u128,
    pub(crate) revision: Revision,
    pub(crate) rights: Rights,
    /// Neither disabled nor revoked.
    pub(crate) works: bool,
}

/// What a new reading of the whole database has found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    keys: HashSet<Tag>,
    previous: HashSet<Tag>,
    workspaces: HashSet<u128>,
    sdk_keys: HashSet<Tag>,
}

/// The index.
#[derive(Debug, Default)]
pub(crate) struct Index {
    keys: Concurrent<Tag, Arc<KeyEntry>, TagHasher>,
    /// Secrets replaced by a rotation with an overlap: few, and apart, so that an ordinary key pays
    /// nothing for them.
    previous: Concurrent<Tag, Arc<KeyEntry>, TagHasher>,
    workspaces: Concurrent<u128, Arc<WorkspaceEntry>>,
    sdk_keys: Concurrent<Tag, Arc<SdkKeyEntry>, TagHasher>,
}

impl Index {
    /// Room for about `keys` keys, so that loading does not grow the table again and again.
    pub(crate) fn reserve(&self, keys: usize) {
        self.keys.pin().reserve(keys);
    }

    /// The key that a secret stands for at `now`.
    pub(crate) fn key(&self, tag: &Tag, now: UnixMillis) -> Option<Arc<KeyEntry>> {
        if let Some(entry) = self.keys.pin().get(tag) {
            return Some(Arc::clone(entry));
        }
        let previous = self.previous.pin();
        previous.get(tag).filter(|entry| now < entry.previous_until).cloned()
    }

    pub(crate) fn workspace(&self, id: u128) -> Option<Arc<WorkspaceEntry>> {
        self.workspaces.pin().get(&id).cloned()
    }

    pub(crate) fn sdk_key(&self, tag: &Tag) -> Option<Arc<SdkKeyEntry>> {
        self.sdk_keys.pin().get(tag).cloned()
    }

    /// Brings one key up to date. `retired` are the secrets it stopped answering to.
    ///
    /// The new secret is there before the old one goes, so no reader finds neither.
    pub(crate) fn put_key(&self, key: TaggedKey, retired: &[Tag]) {
        let (keys, previous) = (self.keys.pin(), self.previous.pin());
        let TaggedKey { entry, tag, previous: old_tag } = key;
        let id = entry.id;
        let known = [Some(&tag), old_tag.as_ref()]
            .into_iter()
            .flatten()
            .chain(retired)
            .filter_map(|tag| keys.get(tag).or_else(|| previous.get(tag)))
            .find(|known| known.id == id);
        if known.is_none_or(|known| known.revision < entry.revision) {
            self.insert_key(TaggedKey { entry, tag, previous: old_tag }, known);
        }
        for retired in retired.iter().filter(|retired| **retired != tag) {
            // Ignored: whether it was still there.
            let _ = keys.remove_if(retired, |_, entry| entry.id == id);
            let _ = previous.remove_if(retired, |_, entry| entry.id == id);
        }
    }

    fn insert_key(&self, key: TaggedKey, known: Option<&Arc<KeyEntry>>) {
        let (keys, previous) = (self.keys.pin(), self.previous.pin());
        let entry = Arc::new(key.entry);
        if let Some(known) = known {
            // A fresh entry has no `Live` yet, so this cannot fail.
            let _ = entry.live.set(Arc::clone(known.live()));
        }
        keys.insert(key.tag, Arc::clone(&entry));
        if let Some(old_tag) = key.previous {
            previous.insert(old_tag, entry);
            keys.remove(&old_tag);
        }
    }

    /// Puts a key in the place of what is there, whatever its revision.
    pub(crate) fn replace_key(&self, key: TaggedKey, found: &mut Found) {
        found.keys.insert(key.tag);
        found.previous.extend(key.previous);
        let keys = self.keys.pin();
        let known = keys.get(&key.tag).filter(|known| known.id == key.entry.id);
        self.insert_key(key, known);
    }

    /// The same for a workspace.
    pub(crate) fn replace_workspace(&self, entry: WorkspaceEntry, found: &mut Found) {
        found.workspaces.insert(entry.id);
        self.workspaces.pin().insert(entry.id, Arc::new(entry));
    }

    /// The same for an SDK key.
    pub(crate) fn replace_sdk_key(&self, tag: Tag, entry: SdkKeyEntry, found: &mut Found) {
        found.sdk_keys.insert(tag);
        self.sdk_keys.pin().insert(tag, Arc::new(entry));
    }

    /// Forgets all but what was found.
    pub(crate) fn retain(&self, found: &Found) {
        self.keys.pin().retain(|tag, _| found.keys.contains(tag));
        self.previous.pin().retain(|tag, _| found.previous.contains(tag));
        self.sdk_keys.pin().retain(|tag, _| found.sdk_keys.contains(tag));
        self.workspaces.pin().retain(|id, _| found.workspaces.contains(id));
    }

    /// Forgets a key that is there no more, under the secrets it answered to.
    pub(crate) fn remove_key(&self, id: u128, tags: &[Tag]) {
        let (keys, previous) = (self.keys.pin(), self.previous.pin());
        for tag in tags {
            // Ignored: whether it was still there.
            let _ = keys.remove_if(tag, |_, entry| entry.id == id);
            let _ = previous.remove_if(tag, |_, entry| entry.id == id);
        }
    }

    /// Brings one workspace and its catalogue up to date.
    pub(crate) fn put_workspace(&self, entry: WorkspaceEntry) {
        let workspaces = self.workspaces.pin();
        if workspaces.get(&entry.id).is_none_or(|known| known.revision < entry.revision) {
            workspaces.insert(entry.id, Arc::new(entry));
        }
    }

    /// Brings one SDK key up to date.
    pub(crate) fn put_sdk_key(&self, tag: Tag, entry: SdkKeyEntry) {
        let sdk_keys = self.sdk_keys.pin();
        if sdk_keys.get(&tag).is_none_or(|known| known.revision < entry.revision) {
            sdk_keys.insert(tag, Arc::new(entry));
        }
    }

    /// Forgets rotated secrets whose overlap is over.
    pub(crate) fn sweep(&self, now: UnixMillis) {
        self.previous.pin().retain(|_, entry| now < entry.previous_until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = 1_000;

    fn tag(byte: u8) -> Tag {
        Tag::from_bytes([byte; 32])
    }

    fn key(id: u128, revision: Revision) -> KeyEntry {
        KeyEntry {
            id,
            workspace: 1,
            revision,
            expires_at: UnixMillis::MAX,
            previous_until: 0,
            enabled: true,
            deleted: false,
            customer_id: "ada".into(),
            grants: PackedGrants::default(),
            extra: None,
            live: OnceLock::new(),
        }
    }

    fn current(entry: KeyEntry, tag: Tag) -> TaggedKey {
        TaggedKey { entry, tag, previous: None }
    }

    fn overlapping(entry: KeyEntry, tag: Tag, previous: Tag, until: UnixMillis) -> TaggedKey {
        let entry = KeyEntry { previous_until: until, ..entry };
        TaggedKey { entry, tag, previous: Some(previous) }
    }

    #[test]
    fn an_older_row_never_replaces_a_newer_one() {
        let index = Index::default();
        index.put_key(current(KeyEntry { deleted: true, ..key(1, 7) }, tag(1)), &[]);
        index.put_key(current(key(1, 6), tag(1)), &[]);
        assert!(index.key(&tag(1), NOW).expect("there").deleted);
    }

    #[test]
    fn a_retired_secret_is_gone_and_the_new_one_is_there() {
        let index = Index::default();
        index.put_key(current(key(1, 1), tag(1)), &[]);
        index.put_key(current(key(1, 2), tag(2)), &[tag(1)]);
        assert!(index.key(&tag(1), NOW).is_none());
        assert_eq!(index.key(&tag(2), NOW).expect("there").revision, 2);
    }

    #[test]
    fn retiring_one_keys_secret_leaves_another_keys_alone() {
        let index = Index::default();
        index.put_key(current(key(1, 1), tag(1)), &[]);
        index.put_key(current(key(2, 2), tag(2)), &[tag(1)]);
        assert!(index.key(&tag(1), NOW).is_some());
    }

    #[test]
    fn an_overlap_is_half_open_and_swept_when_it_is_over() {
        let index = Index::default();
        index.put_key(current(key(1, 1), tag(1)), &[]);
        index.put_key(overlapping(key(1, 2), tag(2), tag(1), 2_000), &[]);
        assert!(index.key(&tag(1), 1_999).is_some());
        assert!(index.key(&tag(1), 2_000).is_none());
        index.sweep(2_000);
        assert_eq!(index.previous.len(), 0);
        assert!(index.key(&tag(2), 2_000).is_some());
    }

    #[test]
    fn an_edit_reaches_the_old_secret_too() {
        let index = Index::default();
        index.put_key(overlapping(key(1, 1), tag(2), tag(1), 2_000), &[]);
        let disabled = KeyEntry { enabled: false, ..key(1, 2) };
        index.put_key(overlapping(disabled, tag(2), tag(1), 2_000), &[]);
        assert!(!index.key(&tag(1), NOW).expect("overlapping").enabled);
    }

    #[test]
    fn use_is_remembered_across_edits_and_rotations() {
        let index = Index::default();
        index.put_key(current(key(1, 1), tag(1)), &[]);
        assert!(index.key(&tag(1), NOW).expect("there").live().bucket.take(1, 0).allowed);
        index.put_key(current(key(1, 2), tag(1)), &[]);
        assert!(!index.key(&tag(1), NOW).expect("edited").live().bucket.take(1, 0).allowed);
        index.put_key(current(key(1, 3), tag(2)), &[tag(1)]);
        assert!(!index.key(&tag(2), NOW).expect("rotated").live().bucket.take(1, 0).allowed);
        index.put_key(overlapping(key(1, 4), tag(3), tag(2), 2_000), &[]);
        for tag in [tag(2), tag(3)] {
            let entry = index.key(&tag, NOW).expect("overlapping");
            assert!(!entry.live().bucket.take(1, 0).allowed, "both secrets share one bucket");
        }
    }

    #[test]
    fn a_use_between_two_writes_is_never_lost() {
        let live = Live::default();
        assert!(live.touch(5), "first use since the last write");
        assert!(!live.touch(7), "waits already");
        assert_eq!(live.take_last_used(), 7);
        assert!(live.touch(6), "waits again");
        assert_eq!(live.take_last_used(), 7, "time does not run backwards");
    }

    #[test]
    fn a_new_reading_replaces_newer_revisions_and_forgets_what_is_gone() {
        let (index, mut found) = (Index::default(), Found::default());
        index.put_key(overlapping(key(1, 9), tag(2), tag(1), 2_000), &[]);
        index.put_key(current(key(2, 8), tag(3)), &[]);
        assert!(index.key(&tag(2), NOW).expect("there").live().bucket.take(1, 0).allowed);
        index.replace_key(current(KeyEntry { deleted: true, ..key(1, 5) }, tag(2)), &mut found);
        assert!(index.key(&tag(3), NOW).is_some(), "not before the end of the reading");
        index.retain(&found);
        let entry = index.key(&tag(2), NOW).expect("there");
        assert_eq!((entry.revision, entry.deleted), (5, true));
        assert!(!entry.live().bucket.take(1, 0).allowed, "keeps its bucket");
        assert!(index.key(&tag(1), NOW).is_none() && index.key(&tag(3), NOW).is_none());
    }

    #[test]
    fn a_million_entries_fit() {
        assert!(size_of::<KeyEntry>() <= 128, "{}", size_of::<KeyEntry>());
    }
}
