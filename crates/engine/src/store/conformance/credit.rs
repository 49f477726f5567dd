//! Meters and counters, and charging them.

use oneloop_protocol::Amount;

use super::{Factory, TEAM, WORKSPACE, insert, key, pepper, populated, read};
use crate::ledger::{Charge, Charged, Target};
use crate::once::KEPT;
use crate::store::{ApiKeyRow, IdempotencyRow, MeterRow, Store};

pub(super) async fn run<F: Factory>(new: &impl Fn() -> F) {
    meters_come_back_as_they_went_in(&new()).await;
    a_batch_is_charged_in_its_order(&new()).await;
    charges_of_several_stores_are_exact(&new()).await;
    a_refill_and_a_charge_do_not_undo_each_other(&new()).await;
    a_charge_with_a_name_is_made_once(&new()).await;
    charges_and_edits_of_many_keys_do_not_wait_in_a_circle(&new()).await;
}

fn meter(id: u128, external_id: &str, total: Amount) -> MeterRow {
    MeterRow {
        id,
        team: TEAM,
        workspace: WORKSPACE,
        external_id: external_id.to_owned(),
        total_credits: total,
        used_credits: Amount::ZERO,
        allow_overages: false,
        spend_cap: None,
        created_at: 5,
        updated_at: 5,
    }
}

fn charge(external_id: &str, amount: u64) -> Charge {
    Charge {
        team: TEAM,
        workspace: WORKSPACE,
        meter: Target::OfKey(external_id.to_owned()),
        amount: amount.into(),
        name: "default".to_owned(),
        day: 20_000,
        counter: None,
        may_be_denied: true,
        once: None,
    }
}

async fn with_meters(factory: &impl Factory, meters: &[MeterRow]) -> Box<dyn Store> {
    let store = populated(factory).await;
    let mut write = store.write().await.expect("begins");
    for meter in meters {
        write.insert_meter(meter).await.expect("inserts");
    }
    write.commit(&[], &pepper()).await.expect("commits");
    store
}

async fn stored(store: &dyn Store, external_id: &str) -> MeterRow {
    let meter = read(store).await.meter(WORKSPACE, external_id).await.expect("reads");
    meter.expect("there")
}

async fn meters_come_back_as_they_went_in(factory: &impl Factory) {
    let capped = MeterRow {
        allow_overages: true,
        spend_cap: Some(Amount::MAX),
        used_credits: 7.into(),
        ..meter(1, "ünï'\"", Amount::MAX)
    };
    let store = with_meters(factory, &[capped.clone(), meter(2, "plain", Amount::ZERO)]).await;
    assert_eq!(stored(&*store, "ünï'\"").await, capped);
    let mut read = read(&*store).await;
    assert_eq!(read.meters_named(TEAM, "plain").await.expect("reads").len(), 1);
    assert!(read.meters_named(0x99, "plain").await.expect("reads").is_empty());
    assert_eq!(read.meter(WORKSPACE, "none").await.expect("reads"), None);
    drop(read);
    let mut write = store.write().await.expect("begins");
    write.insert_meter(&meter(3, "plain", Amount::ZERO)).await.expect_err("the name is taken");
}

async fn a_batch_is_charged_in_its_order(factory: &impl Factory) {
    let store =
        with_meters(factory, &[meter(1, "one", 10.into()), meter(2, "two", 1.into())]).await;
    let counted = ApiKeyRow { usage_left: Some(2), ..key(1, "ada") };
    insert(&*store, &[counted, key(2, "ada")]).await;
    let count = |key, charge: Charge| Charge { counter: Some(key), ..charge };
    let charges = [
        charge("one", 6),
        charge("one", 5),
        charge("two", 1),
        charge("two", 1),
        count(1, charge("one", 4)),
        count(1, Charge { meter: Target::None, ..charge("", 0) }),
        count(1, Charge { meter: Target::None, ..charge("", 0) }),
        count(2, Charge { meter: Target::None, ..charge("", 0) }),
        Charge { meter: Target::Named("words".to_owned()), name: "ü".to_owned(), ..charge("", 3) },
    ];
    let charged = store.charge(&charges).await.expect("charges");
    let passed: Vec<_> = charged.iter().map(|charged| charged.passed).collect();
    assert_eq!(passed, [true, false, true, false, true, true, false, true, true]);
    let after = charged[4].meter.as_ref().expect("a meter").used_credits;
    assert_eq!((after, stored(&*store, "one").await.used_credits), (10.into(), 10.into()));
    assert_eq!(stored(&*store, "two").await.used_credits, 1.into());
    let mut reading = read(&*store).await;
    let left = async |reading: &mut Box<dyn crate::store::Read>, key| {
        reading.api_key(key).await.expect("reads").expect("there").usage_left
    };
    assert_eq!((left(&mut reading, 1).await, left(&mut reading, 2).await), (Some(0), None));

    // Usage adds up over batches, by day and name, past what any integer of the database holds.
    let most = Charge { amount: Amount::MAX, may_be_denied: false, ..charges[8].clone() };
    store.charge(std::slice::from_ref(&most)).await.expect("charges");
    store.charge(&[Charge { day: 20_001, ..charges[8].clone() }]).await.expect("charges");
    let names = ["words".to_owned(), "mt_00000000000000000000000000000001".to_owned()];
    let usage = read(&*store).await.billed_usage(TEAM, &names, 20_000).await.expect("reads");
    let usage: Vec<_> = usage
        .iter()
        .map(|row| (row.day, row.billing_id.as_str(), row.name.as_str(), row.amount))
        .collect();
    assert_eq!(
        usage,
        [
            (20_000, names[1].as_str(), "default", 10.into()),
            (20_000, "words", "ü", Amount::MAX),
            (20_001, "words", "ü", 3.into()),
        ]
    );
    assert!(read(&*store).await.billed_usage(0x99, &names, 0).await.expect("reads").is_empty());
    assert!(store.charge(&[]).await.expect("nothing to charge").is_empty());
}

async fn charges_of_several_stores_are_exact(factory: &impl Factory) {
    let first = with_meters(factory, &[meter(1, "one", 50.into())]).await;
    let stores = [first, factory.open().await, factory.open().await];
    let batch: Vec<_> = (0..8).map(|_| charge("one", 1)).collect();
    let (mut passed, mut rounds) = (0, 0);
    while rounds < 3 {
        let [a, b, c] = &stores;
        let charged = tokio::join!(a.charge(&batch), b.charge(&batch), c.charge(&batch));
        for charged in [charged.0, charged.1, charged.2] {
            passed += charged.expect("charges").iter().filter(|charged| charged.passed).count();
        }
        rounds += 1;
    }
    assert_eq!(passed, 50);
    assert_eq!(stored(&*stores[1], "one").await.used_credits, 50.into());
}

async fn a_refill_and_a_charge_do_not_undo_each_other(factory: &impl Factory) {
    let store = with_meters(factory, &[meter(1, "one", 5.into())]).await;
    insert(&*store, &[ApiKeyRow { usage_left: Some(5), ..key(1, "ada") }]).await;
    // Read before the charge, written after it.
    let refilled =
        MeterRow { total_credits: 9.into(), updated_at: 6, ..stored(&*store, "one").await };
    store.charge(&[Charge { counter: Some(1), ..charge("one", 4) }]).await.expect("charges");
    let mut write = store.write().await.expect("begins");
    write.update_meter(&refilled).await.expect("refills");
    write.add_usage_left(1, 3, 6).await.expect("refills");
    write.commit(&[], &pepper()).await.expect("commits");
    let meter = stored(&*store, "one").await;
    assert_eq!(
        (meter.total_credits, meter.used_credits, meter.updated_at),
        (9.into(), 4.into(), 6)
    );
    let row = read(&*store).await.api_key(1).await.expect("reads").expect("there");
    assert_eq!((row.usage_left, row.updated_at), (Some(7), 6));
}

async fn a_charge_with_a_name_is_made_once(factory: &impl Factory) {
    let stores = [
        with_meters(factory, &[meter(1, "one", 100.into())]).await,
        factory.open().await,
        factory.open().await,
    ];
    let named = |tag, fingerprint, kept_at| {
        let expires_at = kept_at + KEPT;
        let row = IdempotencyRow {
            tag: [tag; 32],
            fingerprint: [fingerprint; 32],
            answer: vec![7],
            expires_at,
        };
        Charge { once: Some(Box::new(row)), may_be_denied: false, ..charge("one", 3) }
    };
    let made =
        |charged: &[Charged]| charged.iter().filter(|charged| charged.before.is_none()).count();
    // In one batch, and by three processes at the same time.
    let batch = [named(1, 1, 0), named(1, 1, 0), named(2, 1, 0)];
    let [a, b, c] = &stores;
    let all = tokio::join!(a.charge(&batch), b.charge(&batch), c.charge(&batch));
    let all = [all.0, all.1, all.2].map(|charged| charged.expect("charges"));
    assert_eq!(all.iter().map(|charged| made(charged)).sum::<usize>(), 2);
    assert_eq!(stored(&*stores[1], "one").await.used_credits, 6.into());
    // What was kept comes back with it, whatever is asked for now.
    let again = stores[2].charge(&[named(1, 9, 10)]).await.expect("charges");
    let before = again[0].before.as_ref().expect("kept");
    assert_eq!((before.fingerprint[0], before.answer.as_slice()), (1, &[7][..]));
    // For a day, to the millisecond.
    assert_eq!(made(&a.charge(&[named(1, 1, KEPT - 1)]).await.expect("charges")), 0);
    assert_eq!(made(&a.charge(&[named(1, 1, KEPT)]).await.expect("charges")), 1);
    assert_eq!(made(&b.charge(&[named(1, 1, KEPT)]).await.expect("charges")), 0);
    assert_eq!(stored(&*stores[1], "one").await.used_credits, 9.into());
}

/// Two that want the same rows take them in the same order.
async fn charges_and_edits_of_many_keys_do_not_wait_in_a_circle(factory: &impl Factory) {
    let stores = [with_meters(factory, &[]).await, factory.open().await];
    let keys: Vec<_> =
        (1..=20).map(|id| ApiKeyRow { usage_left: Some(1_000_000), ..key(id, "ada") }).collect();
    insert(&*stores[0], &keys).await;
    let counted = |id| Charge { counter: Some(id), meter: Target::None, ..charge("", 0) };
    let charges: Vec<_> = keys.iter().map(|key| counted(key.id)).collect();
    // As a chunk of a migration may bring them: in no order.
    let backwards: Vec<_> = keys.iter().rev().cloned().collect();
    let edit = async {
        for _ in 0..20 {
            let mut write = stores[1].write().await.expect("begins");
            write.replace_api_keys(&backwards).await.expect("replaces");
            write.commit(&[], &pepper()).await.expect("commits");
        }
    };
    let charge = async {
        for _ in 0..40 {
            stores[0].charge(&charges).await.expect("charges");
        }
    };
    let note = async {
        for at in 0..40 {
            let uses: Vec<_> = backwards.iter().map(|key| (key.id, at)).collect();
            stores[0].note_uses(&uses).await.expect("notes");
        }
    };
    tokio::join!(edit, charge, note);
    let row = read(&*stores[0]).await.api_key(7).await.expect("reads").expect("there");
    assert_eq!(row.usage_left, Some(1_000_000 - 40));
}
