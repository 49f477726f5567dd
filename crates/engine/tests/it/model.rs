//! Random lives of a few keys, against a model small enough to be believed: ten thousand steps, the same ones in
//! every run.

use std::time::Duration;

use oneloop_protocol::{
    Access, ApiKeyId, CreateApiKey, Grant, PatchApiKey, RotateApiKey, Secret, UnixMillis, Verdict,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::world::{World, asking, verified};

/// How many lives, and of how many steps.
const LIVES: u32 = 100;
const STEPS: usize = 100;

/// One step. Keys are named by a number that is taken modulo how many there are.
#[derive(Clone, Debug)]
enum Step {
    Create { lifetime: Option<i64>, enabled: bool, access: u8 },
    Rename { key: usize, name: String },
    Enable { key: usize, enabled: bool },
    Grant { key: usize, access: u8 },
    Rotate { key: usize, overlap: Option<u64> },
    Delete { key: usize },
    Pass { millis: u64 },
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let key = || 0..8_usize;
    prop_oneof![
        3 => (prop::option::of(1..5_000_i64), any::<bool>(), 0..16_u8)
            .prop_map(|(lifetime, enabled, access)| Step::Create { lifetime, enabled, access }),
        1 => (key(), "[a-zé🔑 ]{0,8}x").prop_map(|(key, name)| Step::Rename { key, name }),
        2 => (key(), any::<bool>()).prop_map(|(key, enabled)| Step::Enable { key, enabled }),
        2 => (key(), 0..16_u8).prop_map(|(key, access)| Step::Grant { key, access }),
        3 => (key(), prop::option::of(1..4_u64))
            .prop_map(|(key, overlap)| Step::Rotate { key, overlap }),
        1 => key().prop_map(|key| Step::Delete { key }),
        3 => (1..2_000_u64).prop_map(|millis| Step::Pass { millis }),
        1 => Just(Step::Reopen),
    ]
}

/// What a key ought to be.
struct Model {
    id: ApiKeyId,
    name: String,
    enabled: bool,
    deleted: bool,
    expires_at: Option<UnixMillis>,
    access: Access,
    /// Every secret it ever had, and until when each works.
    secrets: Vec<(Secret, UnixMillis)>,
}

impl Model {
    /// The decided precedence, written out a second time.
    fn verdict(&self, works_until: UnixMillis, asked: Access, now: UnixMillis) -> Verdict {
        if now >= works_until {
            Verdict::Invalid
        } else if self.deleted {
            Verdict::Deleted
        } else if !self.enabled {
            Verdict::Disabled
        } else if self.expires_at.is_some_and(|at| at <= now) {
            Verdict::Expired
        } else if self.access.covers(asked) {
            Verdict::Valid
        } else {
            Verdict::InvalidScopes
        }
    }
}

async fn live(world: &mut World, models: &mut Vec<Model>, step: Step) {
    let (actor, reach, now) = (world.actor.clone(), world.reach(), world.engine.now());
    let count = models.len();
    let chosen = |key: usize| key.checked_rem(count);
    let grants = |access| vec![Grant::new("deployments", Access::from_bits(access))];
    match step {
        Step::Create { lifetime, enabled, access } => {
            let expires_at = lifetime.map(|lifetime| now + lifetime);
            let scopes = grants(access);
            let body = CreateApiKey { expires_at, enabled, scopes, ..world.body() };
            let created = world.create(&body).await;
            models.push(Model {
                id: created.api_key.id,
                name: body.name,
                enabled,
                deleted: false,
                expires_at,
                access: Access::from_bits(access),
                secrets: vec![(created.key, UnixMillis::MAX)],
            });
        }
        Step::Rename { key, name } => {
            let Some(model) = chosen(key).and_then(|at| models.get_mut(at)) else { return };
            let patch = PatchApiKey { name: Some(name.clone()), ..PatchApiKey::default() };
            let done = world.engine.patch_api_key(&actor, &reach, &model.id, &patch).await;
            assert_eq!(done.is_ok(), !model.deleted);
            if !model.deleted {
                model.name = name;
            }
        }
        Step::Enable { key, enabled } => {
            let Some(model) = chosen(key).and_then(|at| models.get_mut(at)) else { return };
            let patch = PatchApiKey { enabled: Some(enabled), ..PatchApiKey::default() };
            let done = world.engine.patch_api_key(&actor, &reach, &model.id, &patch).await;
            assert_eq!(done.is_ok(), !model.deleted);
            model.enabled = if model.deleted { model.enabled } else { enabled };
        }
        Step::Grant { key, access } => {
            let Some(model) = chosen(key).and_then(|at| models.get_mut(at)) else { return };
            let patch = PatchApiKey { scopes: Some(grants(access)), ..PatchApiKey::default() };
            let done = world.engine.patch_api_key(&actor, &reach, &model.id, &patch).await;
            assert_eq!(done.is_ok(), !model.deleted);
            model.access = if model.deleted { model.access } else { Access::from_bits(access) };
        }
        Step::Rotate { key, overlap } => {
            let Some(model) = chosen(key).and_then(|at| models.get_mut(at)) else { return };
            let body = RotateApiKey { overlap_seconds: overlap };
            let done = world.engine.rotate_api_key(&actor, &reach, &model.id, &body).await;
            assert_eq!(done.is_ok(), !model.deleted);
            let Ok(rotated) = done else { return };
            let until = overlap.map_or(now, |seconds| now + seconds as i64 * 1_000);
            for (_, works_until) in &mut model.secrets {
                // The current one gets the overlap; older ones end now.
                *works_until = if *works_until == UnixMillis::MAX { until } else { now };
            }
            model.secrets.push((rotated.key, UnixMillis::MAX));
        }
        Step::Delete { key } => {
            let Some(model) = chosen(key).and_then(|at| models.get_mut(at)) else { return };
            let done = world.engine.delete_api_key(&actor, &reach, &model.id).await;
            assert!(done.expect("deletes, again too").deleted);
            model.deleted = true;
        }
        Step::Pass { millis } => world.clock.advance(Duration::from_millis(millis)),
        Step::Reopen => {
            world.engine.close().await;
            world.engine = world.another_engine().await;
        }
    }
}

/// What can be read of every key is what the model says of it.
async fn reads_agree(world: &World, models: &[Model]) -> Result<(), TestCaseError> {
    for model in models {
        let found = world.engine.get_api_key(&world.reach(), &model.id).await.expect("it is there");
        prop_assert_eq!(&found.name, &model.name);
        prop_assert_eq!(found.enabled, model.enabled);
        prop_assert_eq!(found.deleted, model.deleted);
        prop_assert_eq!(found.expires_at, model.expires_at);
        let access: Vec<_> = found.scopes.iter().map(Grant::access).collect();
        prop_assert_eq!(access, [model.access]);
    }
    Ok(())
}

fn verdicts_agree(world: &World, models: &[Model]) -> Result<(), TestCaseError> {
    let now = world.engine.now();
    for model in models {
        for (age, (secret, until)) in model.secrets.iter().rev().enumerate() {
            for asked in [Access::NONE, Access::READ, Access::ALL] {
                let request = asking(secret, &[("deployments", asked)]);
                let found = verified(&world.engine, &world.team, &request).status;
                let wanted = model.verdict(*until, asked, now);
                prop_assert_eq!(found, wanted, "{}, secret {}, {}", model.id, age, asked);
            }
        }
    }
    Ok(())
}

#[test]
fn the_engine_agrees_with_the_model_after_every_step() {
    let config = Config { cases: LIVES, max_shrink_iters: 200, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[23; 32]);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let steps = prop::collection::vec(step(), STEPS);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let outcome = runner.run(&steps, |steps| {
        runtime.block_on(async {
            let mut world = World::new().await;
            let mut models = Vec::new();
            for step in steps {
                live(&mut world, &mut models, step).await;
                verdicts_agree(&world, &models)?;
            }
            reads_agree(&world, &models).await
        })
    });
    outcome.expect("the engine and the model agree");
}
