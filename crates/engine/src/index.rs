//! Everything that verify needs, in memory. Readers never wait for a writer.
//!
//! There is no miss path: what is not here does not exist. Changes are applied in the order of their
//! commits (see `turn.rs`). Every entry also carries the revision of the row it was made from, its number in
//! the change log, and an older one never replaces a newer one; so a change that arrives twice, from the
//! mutation in this process and from the change feed, is applied once.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::sync::Arc;

use ipnet::IpNet;
use oneloop_protocol::{Rights, ScopeId, UnixMillis, limits};
use papaya::{HashMap as Concurrent, HashMapRef, LocalGuard};

use crate::grants::Catalogue;
use crate::key_entry::{KeyEntry, PreviousSecret, TaggedKey};
use crate::tag::{Tag, TagHasher};

/// A place in the change log.
pub(crate) type Revision = i64;

/// What holds for keys yet to be created in a workspace.
#[derive(Clone, Debug)]
pub(crate) struct KeyDefaults {
    /// Whose they are.
    pub(crate) team: u128,
    /// What a key begins with that names no prefix of its own; `None` = ours.
    pub(crate) prefix: Option<String>,
    /// How long a key works that names no expiry, in milliseconds; `None` = for ever.
    pub(crate) expiration: Option<i64>,
}

impl KeyDefaults {
    /// When a key created now without an expiry stops working.
    pub(crate) fn expiry(&self, now: UnixMillis) -> Option<UnixMillis> {
        Some(now.saturating_add(self.expiration?).min(limits::MOMENT_MAX))
    }
}

/// A workspace with its scope catalogue, as verify sees it.
#[derive(Debug)]
pub(crate) struct WorkspaceEntry {
    pub(crate) id: u128,
    pub(crate) revision: Revision,
    pub(crate) allowed: Vec<IpNet>,
    pub(crate) rate_limit: Option<NonZeroU32>,
    pub(crate) defaults: KeyDefaults,
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
        defaults: KeyDefaults,
        catalogue: impl IntoIterator<Item = (u16, u128, String)>,
    ) -> Self {
        let (mut scopes, mut numbers) = (HashMap::new(), HashMap::new());
        for (number, scope, representation) in catalogue {
            let representation = Arc::<str>::from(representation);
            numbers.insert(Arc::clone(&representation), number);
            scopes.insert(number, (ScopeId::from_bits(scope), representation));
        }
        let rate_limit = rate_limit.and_then(NonZeroU32::new);
        Self { id, revision, allowed, rate_limit, defaults, scopes, numbers }
    }
}

impl Catalogue for WorkspaceEntry {
    fn scope(&self, number: u16) -> Option<(ScopeId, &str)> {
        self.scopes.get(&number).map(|(id, representation)| (id.clone(), representation.as_ref()))
    }

    fn number(&self, representation: &str) -> Option<u16> {
        self.numbers.get(representation).copied()
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

/// A secret that was replaced by a rotation with an overlap.
#[derive(Clone, Debug)]
struct Overlap {
    /// The key's.
    id: u128,
    /// The secret that replaced it.
    current: Tag,
    /// The first moment at which it works no more.
    until: UnixMillis,
    secret: Arc<PreviousSecret>,
}

/// The index.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// The entries lie in the table's own allocations: one step less than through a pointer of ours.
    keys: Concurrent<Tag, KeyEntry, TagHasher>,
    /// Secrets replaced by a rotation with an overlap: few, and apart, so that an ordinary key pays
    /// nothing for them.
    previous: Concurrent<Tag, Overlap, TagHasher>,
    /// Ids are UUIDs of ours, whose last bytes are random: they need no further hashing.
    workspaces: Concurrent<u128, Arc<WorkspaceEntry>, TagHasher>,
    sdk_keys: Concurrent<Tag, Arc<SdkKeyEntry>, TagHasher>,
}

/// A key, and by which of its secrets it was found.
pub(crate) struct Match<'k> {
    pub(crate) key: &'k KeyEntry,
    /// The one before the last rotation; `None` is the current one.
    pub(crate) previous: Option<Arc<PreviousSecret>>,
}

/// The keys as they are for as long as this is held; not across a wait.
pub(crate) struct Keys<'i> {
    current: HashMapRef<'i, Tag, KeyEntry, TagHasher, LocalGuard<'i>>,
    index: &'i Index,
}

impl Keys<'_> {
    /// The key that a secret stands for at `now`.
    pub(crate) fn find(&self, tag: &Tag, now: UnixMillis) -> Option<&KeyEntry> {
        self.find_by(tag, now).map(|found| found.key)
    }

    /// The same, and by which of its secrets.
    pub(crate) fn find_by(&self, tag: &Tag, now: UnixMillis) -> Option<Match<'_>> {
        match self.current.get(tag) {
            Some(key) => Some(Match { key, previous: None }),
            None => self.find_by_previous(tag, now),
        }
    }

    fn find_by_previous(&self, tag: &Tag, now: UnixMillis) -> Option<Match<'_>> {
        let overlap = || {
            let overlaps = self.index.previous.pin();
            overlaps.get(tag).filter(|overlap| now < overlap.until).cloned()
        };
        let mut known = overlap()?;
        loop {
            let key = self.current.get(&known.current).filter(|key| key.id == known.id);
            if let Some(key) = key {
                return Some(Match { key, previous: Some(known.secret) });
            }
            // Replaced meanwhile? Then this says by what.
            let newer = overlap()?;
            if newer.current == known.current {
                return None;
            }
            known = newer;
        }
    }

    /// The key `id`, if it answers to `tag` in whatever way.
    fn holding(&self, tag: &Tag, id: u128) -> Option<&KeyEntry> {
        self.find(tag, UnixMillis::MIN).filter(|entry| entry.id == id)
    }
}

impl Index {
    /// Room for about `keys` keys, so that loading does not grow the table again and again.
    pub(crate) fn reserve(&self, keys: usize) {
        self.keys.pin().reserve(keys);
    }

    pub(crate) fn keys(&self) -> Keys<'_> {
        Keys { current: self.keys.pin(), index: self }
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
        let keys = self.keys();
        let (id, tag) = (key.entry.id, key.tag);
        let known = [Some(&tag), key.previous.as_ref().map(|(tag, _)| tag)]
            .into_iter()
            .flatten()
            .chain(retired)
            .find_map(|tag| keys.holding(tag, id));
        if known.is_none_or(|known| known.revision < key.entry.revision) {
            self.insert_key(key, known);
        }
        for retired in retired.iter().filter(|retired| **retired != tag) {
            self.remove_secret(id, retired);
        }
    }

    fn insert_key(&self, key: TaggedKey, known: Option<&KeyEntry>) {
        let TaggedKey { entry, tag, previous } = key;
        if let Some(known) = known {
            // A fresh entry has no `Live` yet, so this cannot fail.
            let _ = entry.live.set(Arc::clone(known.live()));
        }
        let (keys, id) = (self.keys.pin(), entry.id);
        keys.insert(tag, entry);
        if let Some((old_tag, until)) = previous {
            let overlaps = self.previous.pin();
            let known = overlaps.get(&old_tag).filter(|overlap| overlap.id == id);
            let secret = match known {
                Some(known) => Arc::clone(&known.secret),
                None => Arc::new(PreviousSecret::new(old_tag)),
            };
            overlaps.insert(old_tag, Overlap { id, current: tag, until, secret });
            keys.remove(&old_tag);
        }
    }

    fn remove_secret(&self, id: u128, tag: &Tag) {
        // Ignored: whether it was still there.
        let _ = self.keys.pin().remove_if(tag, |_, entry| entry.id == id);
        let _ = self.previous.pin().remove_if(tag, |_, overlap| overlap.id == id);
    }

    /// Puts a key in the place of what is there, whatever its revision.
    pub(crate) fn replace_key(&self, key: TaggedKey, found: &mut Found) {
        found.keys.insert(key.tag);
        found.previous.extend(key.previous.map(|(tag, _)| tag));
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
        tags.iter().for_each(|tag| self.remove_secret(id, tag));
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
        self.previous.pin().retain(|_, overlap| now < overlap.until);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use super::*;
    use crate::grants::PackedGrants;
    use crate::key_entry::Holder;

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
            enabled: true,
            deleted: false,
            holder: Holder::new("ada", &PackedGrants::default()),
            extra: None,
            live: OnceLock::new(),
        }
    }

    fn current(entry: KeyEntry, tag: Tag) -> TaggedKey {
        TaggedKey { entry, tag, previous: None }
    }

    fn overlapping(entry: KeyEntry, tag: Tag, previous: Tag, until: UnixMillis) -> TaggedKey {
        TaggedKey { entry, tag, previous: Some((previous, until)) }
    }

    #[test]
    fn an_older_row_never_replaces_a_newer_one() {
        let index = Index::default();
        index.put_key(current(KeyEntry { deleted: true, ..key(1, 7) }, tag(1)), &[]);
        index.put_key(current(key(1, 6), tag(1)), &[]);
        assert!(index.keys().find(&tag(1), NOW).expect("there").deleted);
    }

    #[test]
    fn a_retired_secret_is_gone_and_the_new_one_is_there() {
        let index = Index::default();
        index.put_key(current(key(1, 1), tag(1)), &[]);
        index.put_key(current(key(1, 2), tag(2)), &[tag(1)]);
        assert!(index.keys().find(&tag(1), NOW).is_none());
        assert_eq!(index.keys().find(&tag(2), NOW).expect("there").revision, 2);
    }

    #[test]
    fn retiring_one_keys_secret_leaves_another_keys_alone() {
        let index = Index::default();
        index.put_key(current(key(1, 1), tag(1)), &[]);
        index.put_key(current(key(2, 2), tag(2)), &[tag(1)]);
        assert!(index.keys().find(&tag(1), NOW).is_some());
    }

    #[test]
    fn an_overlap_is_half_open_and_swept_when_it_is_over() {
        let index = Index::default();
        index.put_key(current(key(1, 1), tag(1)), &[]);
        index.put_key(overlapping(key(1, 2), tag(2), tag(1), 2_000), &[]);
        assert!(index.keys().find(&tag(1), 1_999).is_some());
        assert!(index.keys().find(&tag(1), 2_000).is_none());
        index.sweep(2_000);
        assert_eq!(index.previous.len(), 0);
        assert!(index.keys().find(&tag(2), 2_000).is_some());
    }

    #[test]
    fn an_edit_reaches_the_old_secret_too() {
        let index = Index::default();
        index.put_key(overlapping(key(1, 1), tag(2), tag(1), 2_000), &[]);
        let disabled = KeyEntry { enabled: false, ..key(1, 2) };
        index.put_key(overlapping(disabled, tag(2), tag(1), 2_000), &[]);
        assert!(!index.keys().find(&tag(1), NOW).expect("overlapping").enabled);
    }

    #[test]
    fn the_old_secret_says_so_and_keeps_its_own_last_use_across_edits() {
        let index = Index::default();
        index.put_key(current(key(1, 1), tag(1)), &[]);
        let previous = |tag| index.keys().find_by(&tag, NOW).expect("there").previous;
        assert!(previous(tag(1)).is_none());
        index.put_key(overlapping(key(1, 2), tag(2), tag(1), 2_000), &[]);
        assert!(previous(tag(2)).is_none());
        let old = previous(tag(1)).expect("the old secret");
        assert!(old.tag == tag(1) && old.live.touch(NOW));
        index.put_key(overlapping(key(1, 3), tag(2), tag(1), 2_000), &[]);
        assert_eq!(previous(tag(1)).expect("still").live.take_last_used(), NOW);
        index.put_key(overlapping(key(1, 4), tag(3), tag(2), 2_000), &[tag(1)]);
        assert_eq!(previous(tag(2)).expect("another").live.take_last_used(), 0, "its own");
    }

    #[test]
    fn use_is_remembered_across_edits_and_rotations() {
        let index = Index::default();
        index.put_key(current(key(1, 1), tag(1)), &[]);
        assert!(index.keys().find(&tag(1), NOW).expect("there").live().bucket.take(1, 0).allowed);
        index.put_key(current(key(1, 2), tag(1)), &[]);
        assert!(!index.keys().find(&tag(1), NOW).expect("edited").live().bucket.take(1, 0).allowed);
        index.put_key(current(key(1, 3), tag(2)), &[tag(1)]);
        assert!(
            !index.keys().find(&tag(2), NOW).expect("rotated").live().bucket.take(1, 0).allowed
        );
        index.put_key(overlapping(key(1, 4), tag(3), tag(2), 2_000), &[]);
        for tag in [tag(2), tag(3)] {
            let keys = index.keys();
            let entry = keys.find(&tag, NOW).expect("overlapping");
            assert!(!entry.live().bucket.take(1, 0).allowed, "both secrets share one bucket");
        }
    }

    #[test]
    fn a_new_reading_replaces_newer_revisions_and_forgets_what_is_gone() {
        let (index, mut found) = (Index::default(), Found::default());
        index.put_key(overlapping(key(1, 9), tag(2), tag(1), 2_000), &[]);
        index.put_key(current(key(2, 8), tag(3)), &[]);
        assert!(index.keys().find(&tag(2), NOW).expect("there").live().bucket.take(1, 0).allowed);
        index.replace_key(current(KeyEntry { deleted: true, ..key(1, 5) }, tag(2)), &mut found);
        assert!(index.keys().find(&tag(3), NOW).is_some(), "not before the end of the reading");
        index.retain(&found);
        let keys = index.keys();
        let entry = keys.find(&tag(2), NOW).expect("there");
        assert_eq!((entry.revision, entry.deleted), (5, true));
        assert!(!entry.live().bucket.take(1, 0).allowed, "keeps its bucket");
        assert!(
            index.keys().find(&tag(1), NOW).is_none() && index.keys().find(&tag(3), NOW).is_none()
        );
    }
}
