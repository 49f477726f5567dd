//! Counts as the journal holds them, see `usage.rs`.
//!
//! A count is the key's id, the day, the verdict's place in the list of verdicts, the count, the length of the
//! route and the route; numbers are big-endian.

use std::collections::BTreeMap;

use oneloop_protocol::Verdict;

use crate::store::UsageRow;

/// What is counted apart.
type Counted = (u128, i64, String, Verdict);

/// Counts as one row of the journal.
pub(super) fn pack(counts: &[UsageRow]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(counts.len() * 32);
    for UsageRow { key, day, route, verdict, count } in counts {
        // Routes are limited to far less; one that is not is cut between two characters.
        let end = route.floor_char_boundary(usize::from(u16::MAX));
        let route = route.get(..end).unwrap_or_default();
        bytes.extend_from_slice(&key.to_be_bytes());
        bytes.extend_from_slice(&u32::try_from(*day).unwrap_or(0).to_be_bytes());
        bytes.push(*verdict as u8);
        bytes.extend_from_slice(&u32::try_from(*count).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(&u16::try_from(route.len()).unwrap_or(0).to_be_bytes());
        bytes.extend_from_slice(route.as_bytes());
    }
    bytes
}

/// The counts in rows of the journal, summed up and in the order of the table. What cannot be read ends its
/// row: counts are for charts, and a damaged one must not keep the others from being told.
pub(super) fn merge(rows: &[Vec<u8>]) -> Vec<UsageRow> {
    let mut sums = BTreeMap::<Counted, u64>::new();
    for row in rows {
        let mut rest = row.as_slice();
        while let Some((counted, count)) = unpack(&mut rest) {
            *sums.entry(counted).or_default() += count;
        }
    }
    rows_of(sums)
}

/// The sum of both.
pub(super) fn sum(one: Vec<UsageRow>, other: Vec<UsageRow>) -> Vec<UsageRow> {
    let mut sums = BTreeMap::<Counted, u64>::new();
    for UsageRow { key, day, route, verdict, count } in one.into_iter().chain(other) {
        *sums.entry((key, day, route, verdict)).or_default() += count;
    }
    rows_of(sums)
}

fn rows_of(sums: BTreeMap<Counted, u64>) -> Vec<UsageRow> {
    let row = |((key, day, route, verdict), count)| UsageRow { key, day, route, verdict, count };
    sums.into_iter().map(row).collect()
}

fn unpack(rest: &mut &[u8]) -> Option<(Counted, u64)> {
    let key = u128::from_be_bytes(take(rest)?);
    let day = i64::from(u32::from_be_bytes(take(rest)?));
    let [verdict] = take(rest)?;
    let count = u64::from(u32::from_be_bytes(take(rest)?));
    let length = usize::from(u16::from_be_bytes(take(rest)?));
    let (route, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    let route = std::str::from_utf8(route).ok()?.to_owned();
    Some(((key, day, route, *Verdict::ALL.get(usize::from(verdict))?), count))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(key: u128, day: i64, route: &str, verdict: Verdict, count: u64) -> UsageRow {
        UsageRow { key, day, route: route.to_owned(), verdict, count }
    }

    #[test]
    fn rows_add_up_in_the_order_of_the_table() {
        let first = pack(&[
            count(2, 20_000, "/ü/:id", Verdict::Valid, 3),
            count(1, 20_000, "", Verdict::Invalid, 1),
        ]);
        let second = pack(&[
            count(2, 20_000, "/ü/:id", Verdict::Valid, 4),
            count(2, 20_001, "/ü/:id", Verdict::Valid, 5),
        ]);
        let expected = [
            count(1, 20_000, "", Verdict::Invalid, 1),
            count(2, 20_000, "/ü/:id", Verdict::Valid, 7),
            count(2, 20_001, "/ü/:id", Verdict::Valid, 5),
        ];
        assert_eq!(merge(&[first, second]), expected);
    }

    #[test]
    fn a_torn_row_gives_what_is_whole() {
        let mut torn =
            pack(&[count(1, 1, "/a", Verdict::Valid, 1), count(2, 1, "/b", Verdict::Valid, 1)]);
        torn.pop();
        assert_eq!(merge(&[torn]), [count(1, 1, "/a", Verdict::Valid, 1)]);
    }
}
