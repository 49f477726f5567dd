//! A key, as verify sees it: what the index holds, and what of it changes with use.
//!
//! Verify's cost past a thousand keys is waiting for memory, so an entry lies in one piece: with its tag it fills
//! three lines of a processor's cache, and only what few keys have is elsewhere.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use oneloop_protocol::UnixMillis;
use oneloop_protocol::api_key::Metadata;

use crate::grants::{Grants, PackedGrants};
use crate::index::Revision;
use crate::rate::Bucket;
use crate::tag::Tag;

/// A key, as verify sees it. Kept small: there may be millions.
#[derive(Clone, Debug)]
pub(crate) struct KeyEntry {
    pub(crate) id: u128,
    pub(crate) workspace: u128,
    pub(crate) revision: Revision,
    /// `UnixMillis::MAX` = never.
    pub(crate) expires_at: UnixMillis,
    pub(crate) enabled: bool,
    pub(crate) deleted: bool,
    /// The customer and the grants.
    pub(crate) holder: Holder,
    /// What few keys have.
    pub(crate) extra: Option<Box<KeyExtra>>,
    /// What changes with use; made on first use.
    pub(crate) live: OnceLock<Arc<Live>>,
}

impl KeyEntry {
    pub(crate) fn live(&self) -> &Arc<Live> {
        self.live.get_or_init(Arc::default)
    }
}

/// Bytes of customer and grants that fit into an entry: a UUID with a prefix, and ten grants.
const HERE: usize = 77;

/// Whose key it is and what it may do: the customer's id and behind it the packed grants, in the entry itself if
/// there is room. Each form with the place where the grants begin.
#[derive(Clone)]
pub(crate) enum Holder {
    /// With the length of both.
    Here {
        grants_at: u8,
        length: u8,
        bytes: [u8; HERE],
    },
    Apart {
        grants_at: u32,
        bytes: Box<[u8]>,
    },
}

impl Holder {
    pub(crate) fn new(customer_id: &str, grants: &PackedGrants) -> Self {
        Self::from_parts(customer_id, grants.as_bytes())
    }

    /// From a customer's id and the bytes of packed grants.
    pub(crate) fn from_parts(customer_id: &str, grants: &[u8]) -> Self {
        let (customer, length) = (customer_id.as_bytes(), customer_id.len() + grants.len());
        let mut bytes = [0; HERE];
        match (bytes.get_mut(..length), u8::try_from(customer.len()), u8::try_from(length)) {
            (Some(room), Ok(grants_at), Ok(length)) => {
                let (of_customer, of_grants) = room.split_at_mut(customer.len());
                of_customer.copy_from_slice(customer);
                of_grants.copy_from_slice(grants);
                Self::Here { grants_at, length, bytes }
            }
            _ => Self::Apart {
                // Saturated only by a text of four gigabytes, and limits are far below.
                grants_at: u32::try_from(customer.len()).unwrap_or(u32::MAX),
                bytes: [customer, grants].concat().into(),
            },
        }
    }

    fn parts(&self) -> (&[u8], &[u8]) {
        let (bytes, grants_at) = match self {
            Self::Here { grants_at, length, bytes } => {
                let bytes = bytes.get(..usize::from(*length)).unwrap_or_default();
                (bytes, usize::from(*grants_at))
            }
            Self::Apart { grants_at, bytes } => (&**bytes, *grants_at as usize),
        };
        bytes.split_at_checked(grants_at).unwrap_or_default()
    }

    /// The integrator's name for the customer.
    pub(crate) fn customer_id(&self) -> &str {
        // It was a text when it came in.
        std::str::from_utf8(self.parts().0).unwrap_or_default()
    }

    pub(crate) fn grants(&self) -> Grants<'_> {
        Grants::of(self.parts().1)
    }
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Holder({:?}, {:?})", self.customer_id(), self.parts().1)
    }
}

/// What few keys have.
#[derive(Clone, Debug, Default)]
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

/// A secret that was replaced and still works. It has a last use of its own, and its rate and counts are the key's.
#[derive(Debug)]
pub(crate) struct PreviousSecret {
    pub(crate) tag: Tag,
    /// Of it, only when it was last used.
    pub(crate) live: Live,
}

impl PreviousSecret {
    pub(crate) fn new(tag: Tag) -> Self {
        Self { tag, live: Live::default() }
    }
}

/// A key with the secrets it answers to.
#[derive(Debug)]
pub(crate) struct TaggedKey {
    pub(crate) entry: KeyEntry,
    pub(crate) tag: Tag,
    /// The secret before the last rotation, if it was given an overlap, and until when it works.
    pub(crate) previous: Option<(Tag, UnixMillis)>,
}

#[cfg(test)]
mod tests {
    use oneloop_protocol::Access;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_holder_keeps_what_it_was_made_of(
            customer in ".{0,60}",
            grants in prop::collection::vec((any::<u16>(), any::<u8>()), 0..30),
        ) {
            let grants: PackedGrants =
                grants.into_iter().map(|(at, bits)| (at, Access::from_bits(bits))).collect();
            let holder = Holder::new(&customer, &grants);
            prop_assert_eq!(holder.customer_id(), customer);
            prop_assert!(holder.grants().iter().eq(grants.view().iter()));
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

    /// The allocator's next size after 192 is 224, and the promise is 250 bytes a key with the table around it.
    #[test]
    fn an_entry_and_its_tag_are_three_cache_lines() {
        assert!(size_of::<(Tag, KeyEntry)>() <= 3 * 64, "{}", size_of::<(Tag, KeyEntry)>());
    }
}
