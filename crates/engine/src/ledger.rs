//! The arithmetic of credit: what a charge does to a meter and to a key's counter (decisions, "meters").
//!
//! Pure. A store loads what a batch of charges is about, locked, lets it be applied here one charge after the
//! other, and writes back what changed; so both databases count alike.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use oneloop_protocol::Amount;

use crate::store::{BilledRow, IdempotencyRow, MeterRow};

/// One request to spend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Charge {
    /// Whose team's usage it is.
    pub(crate) team: u128,
    /// In which workspace the meter is looked for.
    pub(crate) workspace: u128,
    /// The meter.
    pub(crate) meter: Target,
    /// How much.
    pub(crate) amount: Amount,
    /// Of what.
    pub(crate) name: String,
    /// On which UTC day.
    pub(crate) day: i64,
    /// The key whose counter loses one, if it is counted.
    pub(crate) counter: Option<u128>,
    /// Whether it may be denied. What was used already is charged in any case.
    pub(crate) may_be_denied: bool,
    /// Under which name it is made at most once, if it was given one: what is then kept for repetitions.
    pub(crate) once: Option<Box<IdempotencyRow>>,
}

/// What a charge goes to, by the name that the integrator gave it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Target {
    /// Nothing.
    None,
    /// The key's own meter. One that does not exist is one without credit.
    OfKey(String),
    /// A meter named by the request. One that does not exist limits nothing; its usage is counted all the same.
    Named(String),
}

impl Target {
    /// The meter's external id.
    pub(crate) fn external_id(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::OfKey(id) | Self::Named(id) => Some(id),
        }
    }
}

/// What became of a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Charged {
    /// Whether the credit was there. If not, nothing was taken.
    pub(crate) passed: bool,
    /// The meter after it, if there is one.
    pub(crate) meter: Option<MeterRow>,
    /// What was kept under its name before: it was made then, and nothing was taken now.
    pub(crate) before: Option<Box<IdempotencyRow>>,
}

/// What a batch of charges is about, and what they did to it.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// By workspace and external id.
    meters: HashMap<(u128, String), MeterRow>,
    /// What is left of each key's counter; a key that is not counted has none.
    counters: HashMap<u128, u64>,
    changed_meters: BTreeSet<u128>,
    changed_counters: BTreeSet<u128>,
    /// What is kept under the names of charges, by tag.
    kept: HashMap<[u8; 32], IdempotencyRow>,
    usage: BTreeMap<(u128, String, i64, String), Amount>,
}

impl Ledger {
    pub(crate) fn new(
        meters: impl IntoIterator<Item = MeterRow>,
        counters: impl IntoIterator<Item = (u128, u64)>,
        kept: impl IntoIterator<Item = IdempotencyRow>,
    ) -> Self {
        let by_name = |meter: MeterRow| ((meter.workspace, meter.external_id.clone()), meter);
        Self {
            meters: meters.into_iter().map(by_name).collect(),
            counters: counters.into_iter().collect(),
            kept: kept.into_iter().map(|row| (row.tag, row)).collect(),
            ..Self::default()
        }
    }

    /// Applies one charge, or nothing of it.
    pub(crate) fn apply(&mut self, charge: &Charge) -> Charged {
        if let Some(once) = &charge.once {
            if let Some(before) = self.kept.get(&once.tag) {
                return Charged {
                    passed: true,
                    meter: None,
                    before: Some(Box::new(before.clone())),
                };
            }
            self.kept.insert(once.tag, IdempotencyRow::clone(once));
        }
        let external_id = charge.meter.external_id().map(str::to_owned);
        let name = external_id.map(|id| (charge.workspace, id));
        let mut meter = name.as_ref().and_then(|name| self.meters.get_mut(name));
        let counter = charge.counter.filter(|key| self.counters.contains_key(key));

        let in_credit = match (&meter, &charge.meter) {
            (Some(meter), _) => meter.covers(charge.amount),
            (None, Target::OfKey(_)) => charge.amount == Amount::ZERO,
            (None, Target::Named(_) | Target::None) => true,
        };
        let counted =
            counter.is_none_or(|key| self.counters.get(&key).is_some_and(|left| *left > 0));
        let passed = !charge.may_be_denied || (in_credit && counted);

        if passed {
            if let (Some(key), true) = (counter, counted)
                && let Some(left) = self.counters.get_mut(&key)
            {
                *left -= 1;
                self.changed_counters.insert(key);
            }
            if charge.amount > Amount::ZERO
                && let Some((_, external_id)) = &name
            {
                let billing_id = match &mut meter {
                    Some(meter) => {
                        meter.used_credits = meter.used_credits.saturating_plus(charge.amount);
                        self.changed_meters.insert(meter.id);
                        meter.billing_id()
                    }
                    None => external_id.clone(),
                };
                let row = (charge.team, billing_id, charge.day, charge.name.clone());
                let used = self.usage.entry(row).or_default();
                *used = used.saturating_plus(charge.amount);
            }
        }
        Charged { passed, meter: meter.cloned(), before: None }
    }

    /// The meters whose usage changed.
    pub(crate) fn changed_meters(&self) -> impl Iterator<Item = &MeterRow> {
        self.meters.values().filter(|meter| self.changed_meters.contains(&meter.id))
    }

    /// The counters that changed, and what is left of them.
    pub(crate) fn changed_counters(&self) -> impl Iterator<Item = (u128, u64)> {
        self.changed_counters.iter().filter_map(|key| Some((*key, *self.counters.get(key)?)))
    }

    /// What is to be added to the usage of days.
    pub(crate) fn usage(&self) -> impl Iterator<Item = BilledRow> {
        self.usage.iter().map(|((team, billing_id, day, name), amount)| BilledRow {
            team: *team,
            billing_id: billing_id.clone(),
            day: *day,
            name: name.clone(),
            amount: *amount,
        })
    }
}

impl MeterRow {
    /// Whether `amount` may be used on top of what is used. An amount that no sum can hold may not.
    fn covers(&self, amount: Amount) -> bool {
        let Some(after) = self.used_credits.plus(amount) else { return false };
        match (self.allow_overages, self.spend_cap) {
            // What is over already, after usage that was only recorded, may go on for free.
            _ if amount == Amount::ZERO => true,
            (false, _) => after <= self.total_credits,
            (true, Some(cap)) => after <= cap,
            (true, None) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(number: u64) -> Amount {
        number.into()
    }

    fn meter(total: u64, used: u64, allow_overages: bool, spend_cap: Option<u64>) -> MeterRow {
        MeterRow {
            id: 7,
            team: 1,
            workspace: 2,
            external_id: "m".to_owned(),
            total_credits: amount(total),
            used_credits: amount(used),
            allow_overages,
            spend_cap: spend_cap.map(amount),
            created_at: 0,
            updated_at: 0,
        }
    }

    fn charge(number: u64) -> Charge {
        Charge {
            team: 1,
            workspace: 2,
            meter: Target::OfKey("m".to_owned()),
            amount: amount(number),
            name: "default".to_owned(),
            day: 5,
            counter: None,
            may_be_denied: true,
            once: None,
        }
    }

    #[test]
    fn a_charge_with_a_name_is_made_once() {
        let kept = |tag| IdempotencyRow {
            tag: [tag; 32],
            fingerprint: [0; 32],
            answer: Vec::new(),
            expires_at: 0,
        };
        let named = |tag| Charge { once: Some(Box::new(kept(tag))), ..charge(2) };
        let mut ledger = Ledger::new([meter(10, 0, false, None)], [], [kept(1)]);
        let before: Vec<_> =
            [1, 2, 2, 3].map(|tag| ledger.apply(&named(tag)).before.map(|row| row.tag[0])).into();
        assert_eq!(before, [Some(1), None, Some(2), None]);
        let used: Vec<_> = ledger.changed_meters().map(|meter| meter.used_credits).collect();
        assert_eq!(used, [amount(4)]);
    }

    #[test]
    fn a_meter_lets_through_what_its_terms_say_and_not_one_more() {
        for (terms, most) in [
            (meter(10, 0, false, None), 10),
            (meter(10, 4, false, Some(100)), 6),
            (meter(10, 0, true, Some(25)), 25),
            (meter(10, 20, true, Some(25)), 5),
            (meter(10, 20, false, None), 0),
            (meter(0, 0, false, None), 0),
        ] {
            let passes =
                |number| Ledger::new([terms.clone()], [], []).apply(&charge(number)).passed;
            assert!(passes(most), "{terms:?}");
            assert!(!passes(most + 1), "{terms:?}");
        }
        let mut endless = Ledger::new([meter(0, 0, true, None)], [], []);
        assert!(endless.apply(&Charge { amount: Amount::MAX, ..charge(0) }).passed);
        assert!(!endless.apply(&charge(1)).passed, "no sum can hold it");
    }

    #[test]
    fn charges_of_one_batch_see_each_other() {
        let mut ledger = Ledger::new([meter(5, 0, false, None)], [], []);
        let passed: Vec<_> = (0..8).map(|_| ledger.apply(&charge(2)).passed).collect();
        assert_eq!(passed.iter().filter(|passed| **passed).count(), 2);
        assert!(ledger.apply(&charge(1)).passed, "the last one fits");
        let changed: Vec<_> = ledger.changed_meters().map(|meter| meter.used_credits).collect();
        assert_eq!(changed, [amount(5)]);
        let usage: Vec<_> =
            ledger.usage().map(|row| (row.billing_id, row.day, row.amount)).collect();
        assert_eq!(usage, [("mt_00000000000000000000000000000007".to_owned(), 5, amount(5))]);
    }

    #[test]
    fn a_counter_and_a_meter_are_charged_together_or_not_at_all() {
        let both = Charge { counter: Some(9), ..charge(1) };
        let mut ledger = Ledger::new([meter(10, 0, false, None)], [(9, 1)], []);
        assert!(ledger.apply(&both).passed);
        let denied = ledger.apply(&both);
        assert!(!denied.passed);
        assert_eq!(denied.meter.expect("a meter").used_credits, amount(1), "not charged");
        assert_eq!(ledger.changed_counters().collect::<Vec<_>>(), [(9, 0)]);

        let mut ledger = Ledger::new([meter(0, 0, false, None)], [(9, 1)], []);
        assert!(!ledger.apply(&both).passed);
        assert_eq!(ledger.changed_counters().count(), 0, "the counter is whole");
    }

    #[test]
    fn what_was_used_already_is_charged_whatever_is_left() {
        let mut ledger = Ledger::new([meter(1, 0, false, None)], [], []);
        let used = Charge { may_be_denied: false, ..charge(5) };
        assert!(ledger.apply(&used).passed);
        assert!(!ledger.apply(&charge(1)).passed);
        assert!(ledger.apply(&charge(0)).passed, "nothing costs nothing");
    }

    #[test]
    fn a_meter_that_is_not_there_is_empty_for_its_key_and_a_mere_word_for_others() {
        let mut ledger = Ledger::new([], [], []);
        assert!(!ledger.apply(&charge(1)).passed);
        assert!(ledger.apply(&charge(0)).passed);
        let named = Charge { meter: Target::Named("words".to_owned()), ..charge(3) };
        assert_eq!(ledger.apply(&named), Charged { passed: true, meter: None, before: None });
        let recorded = Charge { may_be_denied: false, ..charge(4) };
        assert!(ledger.apply(&recorded).passed);
        let usage: Vec<_> = ledger.usage().map(|row| (row.billing_id, row.amount)).collect();
        assert_eq!(usage, [("m".to_owned(), amount(4)), ("words".to_owned(), amount(3))]);
    }
}
