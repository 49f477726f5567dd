//! The keys that a plan has met, in memory that does not grow with their number.
//!
//! The last of them are in memory, the others in a temporary file that has no name and is gone with the process.
//! What identifies a key is stored under a keyed hash whose key is never written: the file says nothing of any key.

mod filter;

use std::collections::HashMap;
use std::io;

use self::filter::Filter;
use oneloop_migrate::plan::{Identity, Seen};
use redb::backends::FileBackend;
use redb::{Builder, Database, Durability, ReadOnlyTable, ReadableDatabase, TableDefinition};

/// Keys that are held in memory before they go to the file, all at once and in order.
const RECENT: usize = 200_000;

/// Memory for pages of the file, in bytes.
const CACHE: usize = 16 * 1024 * 1024;

/// Filters, of [`RECENT`] keys and 400 KB each. What goes to the file after them is always looked for there.
const FILTERS: usize = 64;

const TABLE: TableDefinition<'static, [u8; 16], u64> = TableDefinition::new("seen");

/// 128 bits of the keyed hash: among a billion keys, two collide by chance once in 10²⁰ plans.
type Blinded = [u8; 16];

/// Why a temporary file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SeenError {
    /// It cannot be made, as when the disk is full.
    #[error("cannot make a temporary file")]
    Temporary(#[from] io::Error),
    /// It cannot be written or read.
    #[error("the temporary file failed")]
    Failed(#[source] Box<redb::Error>),
}

fn failed(error: impl Into<redb::Error>) -> SeenError {
    SeenError::Failed(Box::new(error.into()))
}

/// The keys that were met, with the number of the row that had each first.
pub struct SeenKeys {
    key: [u8; blake3::KEY_LEN],
    recent: HashMap<Blinded, u64>,
    spilled: Option<Spilled>,
    failure: Option<SeenError>,
    most: usize,
    filters: usize,
}

struct Spilled {
    database: Database,
    table: ReadOnlyTable<Blinded, u64>,
    /// Of the keys in the file, in the order in which they went there.
    filters: Vec<Filter>,
    /// Whether there are keys in the file that no filter knows.
    overflowed: bool,
}

impl Spilled {
    fn may_hold(&self, blinded: &Blinded) -> bool {
        self.overflowed || self.filters.iter().any(|filter| filter.may_hold(blinded))
    }
}

impl std::fmt::Debug for SeenKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SeenKeys").field("recent", &self.recent.len()).finish_non_exhaustive()
    }
}

impl SeenKeys {
    /// Nothing met yet. `key` is random, and used for this alone.
    pub fn new(key: [u8; blake3::KEY_LEN]) -> Self {
        Self::holding(key, RECENT, FILTERS)
    }

    fn holding(key: [u8; blake3::KEY_LEN], most: usize, filters: usize) -> Self {
        Self { key, recent: HashMap::new(), spilled: None, failure: None, most, filters }
    }

    /// Whether every key was really looked for.
    ///
    /// # Errors
    ///
    /// The first [`SeenError`]: from then on duplicates may have been missed, and the plan is void.
    pub fn finish(self) -> Result<(), SeenError> {
        self.failure.map_or(Ok(()), Err)
    }

    fn blinded(&self, identity: &Identity) -> Blinded {
        let hash = blake3::keyed_hash(&self.key, identity.as_bytes());
        let mut blinded = Blinded::default();
        blinded.copy_from_slice(&hash.as_bytes()[..16]);
        blinded
    }

    fn first(&self, blinded: &Blinded) -> Result<Option<u64>, SeenError> {
        if let Some(first) = self.recent.get(blinded) {
            return Ok(Some(*first));
        }
        match self.spilled.as_ref().filter(|spilled| spilled.may_hold(blinded)) {
            Some(spilled) => {
                Ok(spilled.table.get(blinded).map_err(failed)?.map(|found| found.value()))
            }
            None => Ok(None),
        }
    }

    /// Moves what is in memory into the file.
    fn spill(&mut self) -> Result<(), SeenError> {
        let (database, mut filters) = match self.spilled.take() {
            Some(spilled) => (spilled.database, spilled.filters),
            None => {
                let file = FileBackend::new(tempfile::tempfile()?).map_err(failed)?;
                let builder = Builder::new().set_cache_size(CACHE).create_with_backend(file);
                (builder.map_err(failed)?, Vec::new())
            }
        };
        let overflowed = filters.len() >= self.filters;
        if !overflowed {
            filters.push(Filter::of(self.recent.keys()));
        }
        let mut recent: Vec<(Blinded, u64)> = self.recent.drain().collect();
        recent.sort_unstable();
        let mut write = database.begin_write().map_err(failed)?;
        // Nobody will ever open the file again.
        write.set_durability(Durability::None).map_err(failed)?;
        {
            let mut table = write.open_table(TABLE).map_err(failed)?;
            for (blinded, first) in &recent {
                table.insert(blinded, first).map_err(failed)?;
            }
        }
        write.commit().map_err(failed)?;
        let table = database.begin_read().map_err(failed)?.open_table(TABLE).map_err(failed)?;
        self.spilled = Some(Spilled { database, table, filters, overflowed });
        Ok(())
    }

    fn met(&mut self, identity: &Identity, number: u64) -> Result<Option<u64>, SeenError> {
        let blinded = self.blinded(identity);
        if let Some(first) = self.first(&blinded)? {
            return Ok(Some(first).filter(|first| *first != number));
        }
        self.recent.insert(blinded, number);
        if self.recent.len() >= self.most {
            self.spill()?;
        }
        Ok(None)
    }
}

impl Seen for SeenKeys {
    fn note(&mut self, identity: Identity, number: u64) -> Option<u64> {
        if self.failure.is_some() {
            return None;
        }
        match self.met(&identity, number) {
            Ok(first) => first,
            Err(error) => {
                self.failure = Some(error);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(number: u64) -> Identity {
        Identity::legacy("r", None, &number.to_be_bytes())
    }

    #[test]
    fn what_was_met_is_remembered_in_memory_and_in_the_file() {
        // Filters for all of it, for some, for none.
        for filters in [64, 3, 0] {
            let mut seen = SeenKeys::holding([7; 32], 100, filters);
            for number in 1..=1_050 {
                assert_eq!(seen.note(identity(number), number), None, "{number}");
            }
            let spilled = seen.spilled.as_ref().expect("a file");
            assert_eq!((seen.recent.len(), spilled.overflowed), (50, filters < 10));
            for number in [1, 100, 101, 777, 1_001, 1_050] {
                assert_eq!(seen.note(identity(number), 2_000), Some(number), "{number}");
                assert_eq!(seen.note(identity(number), number), None, "the same row again");
            }
            assert_eq!(seen.note(identity(1_051), 1_051), None);
            seen.finish().expect("nothing failed");
        }
    }
}
