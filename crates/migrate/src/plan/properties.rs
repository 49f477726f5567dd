//! The promises of a planner, as properties.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::Index;

use super::tests::{Keys, apply, mapping, plan, row};
use super::*;
use crate::source::Cell;

/// Rows from small alphabets, so that duplicates, conflicts and every kind of refusal are common.
fn rows() -> impl Strategy<Value = Vec<Row>> {
    let cell = |choices: &'static [&'static str]| prop::sample::select(choices);
    let one = (
        cell(&[
            "Zk3v9QpLm2Xw8RtYb5NcJd7HaSdFgHjK",
            "0x9QpLm2Xw8RtYb5NcJd7HaSdFgHjKlM",
            "rX7sQ2mZpL9wYtB5NcJd",
            "",
            "short",
            "sk_live_12345678",
        ]),
        cell(&["a", "b", ""]),
        cell(&["CI", ""]),
        cell(&["", "0", "t", "perhaps"]),
        cell(&["", "1", "1999999999", "soon"]),
        cell(&["", "read", "read write", "nothing"]),
    );
    prop::collection::vec(one, 0..30).prop_map(|rows| {
        let numbered = rows.into_iter().zip(1..);
        numbered
            .map(|((key, owner, name, revoked, expires, can), number)| {
                row(
                    number,
                    &[
                        ("key", key),
                        ("owner", owner),
                        ("name", name),
                        ("revoked", revoked),
                        ("expires", expires),
                        ("can", can),
                    ],
                )
            })
            .collect()
    })
}

/// Rows whose keys are all different.
fn distinct_rows() -> impl Strategy<Value = Vec<Row>> {
    prop::collection::btree_set("[A-Za-z0-9]{32}", 0..12).prop_map(|keys| {
        keys.iter().zip(1..).map(|(key, number)| row(number, &[("key", key)])).collect()
    })
}

fn with_policy() -> impl Strategy<Value = Mapping> {
    prop::sample::select(Conflict::ALL).prop_map(|conflict| {
        let mut mapping = mapping();
        mapping.policy.conflict = conflict;
        mapping
    })
}

proptest! {
    /// Every row has one outcome, and the counts add up to the rows.
    #[test]
    fn every_row_is_accounted_for_exactly_once(rows in rows(), mapping in with_policy()) {
        let (plans, summary) = plan(&mapping, &rows, &Keys::new());
        let numbers = |rows: &mut dyn Iterator<Item = u64>| rows.collect::<Vec<_>>();
        prop_assert_eq!(
            numbers(&mut plans.iter().map(|plan| plan.number)),
            numbers(&mut rows.iter().map(|row| row.number))
        );
        prop_assert_eq!(summary.rows, rows.len() as u64);
        prop_assert_eq!(summary.outcomes.values().sum::<u64>(), summary.rows);
        let applied: BTreeSet<_> =
            plans.iter().filter_map(|plan| plan.outcome.applied()).map(|key| key.identity).collect();
        prop_assert_eq!(applied.len() as u64, summary.estimate.writes, "never one key twice");
    }

    /// Planning again after applying finds nothing left to do.
    #[test]
    fn a_second_run_does_nothing(rows in rows(), mapping in with_policy()) {
        let mut here = Keys::new();
        let (plans, _) = plan(&mapping, &rows, &here);
        apply(&plans, &mut here);
        let (_, again) = plan(&mapping, &rows, &here);
        prop_assert_eq!((again.estimate.writes, again.digest), (0, SetDigest::default()));
        prop_assert_eq!(again.count(Code::ConflictFails) + again.count(Code::Conflict), 0);
    }

    /// Stopping anywhere and starting over ends in the same place.
    #[test]
    fn an_interrupted_run_can_be_resumed(
        rows in rows(), mapping in with_policy(), stop in any::<Index>(), before in rows(),
    ) {
        let mut start = Keys::new();
        apply(&plan(&mapping, &before, &start).0, &mut start);
        let (whole, _) = plan(&mapping, &rows, &start);
        let mut finished = start.clone();
        apply(&whole, &mut finished);

        let mut interrupted = start;
        apply(&whole[..stop.index(whole.len() + 1)], &mut interrupted);
        let (rest, _) = plan(&mapping, &rows, &interrupted);
        apply(&rest, &mut interrupted);
        prop_assert_eq!(interrupted, finished);
    }

    /// The digest names the set: its order does not matter, each member does.
    #[test]
    fn the_digest_is_of_the_set(rows in distinct_rows(), seed in any::<u64>(), at in any::<Index>()) {
        let digest = |rows: &[Row]| plan(&mapping(), rows, &Keys::new()).1.digest;
        let mut shuffled = rows.clone();
        shuffled.sort_by_key(|row| (row.number.wrapping_mul(seed | 1)) >> 7);
        let whole = digest(&rows);
        prop_assert_eq!(digest(&shuffled), whole);
        prop_assert_eq!(whole.to_string().parse::<SetDigest>(), Ok(whole));
        if !rows.is_empty() {
            let at = at.index(rows.len());
            let mut fewer = rows.clone();
            fewer.remove(at);
            prop_assert_ne!(digest(&fewer), whole);
            let mut other = rows.clone();
            other[at].cells[2] = Cell::text("another name");
            prop_assert_ne!(digest(&other), whole);
        }
    }

    #[test]
    fn a_member_taken_out_again_was_never_there(members in prop::collection::vec(any::<[u8; 4]>(), 1..9)) {
        let mut digest = SetDigest::default();
        for member in &members { digest.add("ws", member); }
        prop_assert_ne!(digest, SetDigest::default());
        for member in members.iter().rev() { digest.remove("ws", member); }
        prop_assert_eq!(digest, SetDigest::default());
    }

    #[test]
    fn no_key_is_too_odd_to_estimate(key in "\\PC{0,60}") {
        let bits = entropy_bits(&key);
        prop_assert!(bits >= 0.0 && bits <= key.chars().count() as f64 * 6.0);
    }
}
