//! Says of most keys that were never met that they were not, without a look at the file: a Bloom filter.
//!
//! Each key sets a few bits of one block, as long as a line of the processor's cache, so that asking costs one wait for
//! memory (Putze, Sanders and Singler, "Cache-, Hash- and Space-Efficient Bloom Filters", 2007). Keys are keyed hashes
//! already: their own bits choose the block and the bits in it.

use super::Blinded;

/// Bits of a block.
const BLOCK: usize = 512;

/// Bits of a filter for each key: with them one stranger in some hundreds passes, and costs a look at the file.
const BITS_PER_KEY: usize = 16;

/// Bits that a key sets: seven numbers below 512 are in 63 bits.
const PROBES: u32 = 7;

/// A set that knows some more than it was told.
#[derive(Debug)]
pub(super) struct Filter(Vec<[u64; BLOCK / 64]>);

impl Filter {
    pub(super) fn of<'k>(keys: impl ExactSizeIterator<Item = &'k Blinded>) -> Self {
        let blocks = (keys.len() * BITS_PER_KEY).div_ceil(BLOCK).max(1);
        let mut filter = Self(vec![[0; BLOCK / 64]; blocks]);
        for key in keys {
            let (at, bits) = filter.place(key);
            if let Some(block) = filter.0.get_mut(at) {
                block.iter_mut().zip(bits).for_each(|(word, bits)| *word |= bits);
            }
        }
        filter
    }

    /// Whether it may be one of those that it was made of. Each of them is.
    pub(super) fn may_hold(&self, key: &Blinded) -> bool {
        let (at, bits) = self.place(key);
        self.0
            .get(at)
            .is_some_and(|block| block.iter().zip(bits).all(|(word, bits)| word & bits == bits))
    }

    /// A key's block, and its bits in it.
    fn place(&self, key: &Blinded) -> (usize, [u64; BLOCK / 64]) {
        let (first, second) =
            (u128::from_be_bytes(*key) as u64, (u128::from_be_bytes(*key) >> 64) as u64);
        // The product's upper half is below the number of blocks.
        let at = (u128::from(first) * self.0.len() as u128) >> 64;
        let mut bits = [0; BLOCK / 64];
        for probe in 0..PROBES {
            let bit = (second >> (9 * probe)) as usize % BLOCK;
            if let Some(word) = bits.get_mut(bit / 64) {
                *word |= 1 << (bit % 64);
            }
        }
        (at as usize, bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u64) -> Blinded {
        let mut key = Blinded::default();
        key.copy_from_slice(&blake3::hash(&number.to_be_bytes()).as_bytes()[..16]);
        key
    }

    #[test]
    fn it_knows_its_own_and_hardly_a_stranger() {
        let own: Vec<Blinded> = (0..10_000).map(key).collect();
        let filter = Filter::of(own.iter());
        assert!(own.iter().all(|key| filter.may_hold(key)));
        let strangers = (10_000..110_000).filter(|number| filter.may_hold(&key(*number))).count();
        assert!((1..1_000).contains(&strangers), "{strangers} of 100,000 strangers");
        assert!(!Filter::of([].iter()).may_hold(&key(0)));
    }
}
