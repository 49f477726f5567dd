//! The recipes under which keys of a team are still known, and the secrets that take part in them.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use oneloop_protocol::{FieldError, Reason, TeamId, UnixMillis};
use oneloop_recipe::{LocatorRule, Recipe, SaltSource, SecretRef, Speed};
use papaya::HashMap as Concurrent;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::engine::Engine;
use crate::error::{EngineError, OpenError};
use crate::store::{MigrationRow, RecipeRow};

/// Most recipes that one team may have: each is tried for a key that is not known otherwise.
const RECIPES_MAX: usize = 16;

/// Bytes of a stored value and of its salt.
const STORED_MAX: usize = 1_024;

/// How long it holds whether keys are under a recipe that cannot be tried: another node may make them native.
const LOOKED_UP: Duration = Duration::from_secs(60);

/// Bytes of a secret: more is a mistake, such as a device or a whole key store.
const SECRET_MAX: u64 = 64 * 1_024;

/// A recipe, and the part of a presented key by which its rows are found.
#[derive(Clone, Debug)]
pub(crate) struct RecipeSpec {
    pub(crate) recipe: Recipe,
    /// Its text, written one way.
    pub(crate) text: String,
    pub(crate) locator: Option<LocatorRule>,
    /// Of both texts: tells what one recipe makes of a key from what another makes.
    pub(crate) hash: [u8; 32],
}

fn refuse(field: &'static str, message: impl Into<String>) -> FieldError {
    FieldError::new(field, Reason::RecipeInvalid, message)
}

impl RecipeSpec {
    /// Reads a recipe. One whose keys are native at once is none.
    pub(crate) fn parse(
        recipe: Option<&str>,
        locator: Option<&str>,
    ) -> Result<Option<Self>, FieldError> {
        let locator = match locator.map(str::parse::<LocatorRule>) {
            Some(Err(error)) => return Err(refuse("locator", format!("locator: {error}"))),
            Some(Ok(rule)) => Some(rule),
            None => None,
        };
        let Some(recipe) = recipe else {
            return match locator {
                Some(_) => {
                    Err(refuse("locator", "a locator belongs to a recipe, and there is none"))
                }
                None => Ok(None),
            };
        };
        let recipe: Recipe = recipe
            .parse()
            .map_err(|error| refuse("recipe", format!("recipe cannot be read: {error}")))?;
        if recipe.speed() == Speed::Native {
            return Ok(None);
        }
        if recipe.needs_locator() && locator.is_none() {
            let message = "keys of this recipe are recognised by trying: say by `locator` which part of a key \
                           leads to its row";
            return Err(refuse("locator", message));
        }
        let locator = locator.filter(|_| recipe.needs_locator());
        let text = recipe.to_string();
        let mut hash = Sha256::new();
        for piece in [&text, &locator.as_ref().map(LocatorRule::to_string).unwrap_or_default()] {
            hash.update((piece.len() as u64).to_be_bytes());
            hash.update(piece);
        }
        Ok(Some(Self { recipe, text, locator, hash: hash.finalize().into() }))
    }

    fn of_row(row: &RecipeRow) -> Result<Option<Self>, FieldError> {
        Self::parse(Some(&row.recipe), row.locator.as_deref())
    }

    /// The recipe of a job, if it has one.
    pub(crate) fn of_job(
        job: &MigrationRow,
        recipes: &[RecipeRow],
    ) -> Result<Option<Self>, EngineError> {
        let Some(number) = job.recipe else { return Ok(None) };
        let row = recipes.iter().find(|row| row.number == number);
        let row = row.ok_or_else(|| EngineError::internal("a job without its recipe"))?;
        Self::of_row(row).map_err(EngineError::internal)
    }

    /// Its number among the recipes of a team.
    pub(crate) fn find(&self, recipes: &[RecipeRow]) -> Option<u32> {
        let locator = self.locator.as_ref().map(LocatorRule::to_string);
        recipes
            .iter()
            .find(|row| row.recipe == self.text && row.locator == locator)
            .map(|row| row.number)
    }

    /// A row for it, numbered after those that the team has.
    pub(crate) fn row(
        &self,
        team: u128,
        recipes: &[RecipeRow],
        now: UnixMillis,
    ) -> Result<RecipeRow, FieldError> {
        if recipes.len() >= RECIPES_MAX {
            let message = format!("the team has {RECIPES_MAX} recipes, which is the limit");
            return Err(refuse("recipe", message));
        }
        Ok(RecipeRow {
            team,
            number: recipes.iter().map(|row| row.number).max().unwrap_or(0) + 1,
            recipe: self.text.clone(),
            locator: self.locator.as_ref().map(LocatorRule::to_string),
            created_at: now,
        })
    }

    /// Whether a key can only be held against stored values, one by one.
    pub(crate) fn needs_row(&self) -> bool {
        self.recipe.needs_locator()
    }

    /// Checks a stored value and its salt.
    pub(crate) fn check_stored(
        &self,
        stored: &[u8],
        salt: Option<&[u8]>,
    ) -> Result<(), FieldError> {
        for (field, found) in [("stored", stored.len()), ("salt", salt.map_or(0, <[u8]>::len))] {
            if found > STORED_MAX {
                let message = format!("{field} has {found} bytes; the limit is {STORED_MAX}");
                return Err(FieldError::new(field, Reason::OutOfRange, message));
            }
        }
        if !self.recipe.reads(stored) {
            return Err(refuse("stored", "stored is not written as the recipe says"));
        }
        if self.recipe.salt.source == SaltSource::Column && salt.is_none() {
            return Err(refuse("salt", "salt is missing; the recipe needs it"));
        }
        Ok(())
    }
}

/// The secrets that recipes may name: those that the server was started with, and no others. A job cannot
/// make the server read a file of its choice.
#[derive(Clone, Default)]
pub(crate) struct RecipeSecrets {
    by_place: BTreeMap<String, Arc<Zeroizing<Vec<u8>>>>,
    /// Whether one that is not there is missed.
    verifies: bool,
}

impl fmt::Debug for RecipeSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.by_place.keys()).finish()
    }
}

impl RecipeSecrets {
    /// Reads them all.
    pub(crate) fn load(places: Option<&[SecretRef]>) -> Result<Self, OpenError> {
        let mut by_place = BTreeMap::new();
        for place in places.unwrap_or_default() {
            let bytes = fetch(place)
                .map_err(|cause| OpenError::RecipeSecret { place: place.to_string(), cause })?;
            by_place.insert(place.to_string(), Arc::new(bytes));
        }
        Ok(Self { by_place, verifies: places.is_some() })
    }

    /// Refuses a recipe whose secret is not there.
    pub(crate) fn check(&self, spec: &RecipeSpec) -> Result<(), EngineError> {
        let locator = spec.locator.iter().flat_map(LocatorRule::secret_refs);
        let places = spec.recipe.secret_refs().chain(locator);
        let mut places = places.flatten().map(ToString::to_string);
        let Some(place) = places.find(|place| !self.by_place.contains_key(place)) else {
            return Ok(());
        };
        let message = format!(
            "the recipe needs the secret `{place}`, which this server was not started with: add it to \
             `recipe-secrets` and start it again"
        );
        Err(FieldError::new("recipe", Reason::SecretNotConfigured, message).into())
    }

    fn of<'r>(&self, places: impl Iterator<Item = Option<&'r SecretRef>>) -> Secrets {
        places.map(|place| self.by_place.get(&place?.to_string()).cloned()).collect()
    }
}

/// The bytes behind a reference, as the migration tool takes them: those of a file of text without one newline at the
/// end.
fn fetch(place: &SecretRef) -> io::Result<Zeroizing<Vec<u8>>> {
    let bytes = match place {
        SecretRef::Env(name) => {
            let unset = || io::Error::new(io::ErrorKind::NotFound, "the variable is not set");
            Zeroizing::new(std::env::var_os(name).ok_or_else(unset)?.into_encoded_bytes())
        }
        SecretRef::File(path) | SecretRef::BinaryFile(path) => {
            let mut bytes = Zeroizing::new(Vec::new());
            File::open(path)?.take(SECRET_MAX + 1).read_to_end(&mut bytes)?;
            let is_text = matches!(place, SecretRef::File(_));
            if is_text && bytes.last() == Some(&b'\n') {
                bytes.pop();
            }
            bytes
        }
    };
    if bytes.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is empty"));
    }
    if bytes.len() as u64 > SECRET_MAX {
        let message = format!("it has more than {SECRET_MAX} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(bytes)
}

/// Secrets in the order in which a recipe names them.
type Secrets = Vec<Option<Arc<Zeroizing<Vec<u8>>>>>;

fn borrowed(secrets: &[Option<Arc<Zeroizing<Vec<u8>>>>]) -> Vec<Option<&[u8]>> {
    secrets.iter().map(|it| it.as_ref().map(|secret| secret.as_slice())).collect()
}

/// A recipe, ready to be tried.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) number: u32,
    pub(crate) spec: RecipeSpec,
    /// Its own, and those of what it is made of.
    secrets: Secrets,
    /// Those that what leads to a row is made with.
    locator_secrets: Secrets,
}

impl Loaded {
    /// Its secrets, for [`Inputs::of_secrets`](oneloop_recipe::Inputs::of_secrets).
    pub(crate) fn secrets(&self) -> Vec<Option<&[u8]>> {
        borrowed(&self.secrets)
    }

    /// What leads to the row of a presented key.
    pub(crate) fn locator(&self, presented: &str) -> Option<Zeroizing<String>> {
        self.spec.locator.as_ref()?.of(presented, &borrowed(&self.locator_secrets))
    }
}

/// A recipe that cannot be tried, because a secret is missing.
#[derive(Debug)]
pub(crate) struct Untried {
    number: u32,
    why: String,
    /// Whether keys are still under it, when that was looked up, and how often new keys had come by then.
    used: Mutex<Option<(bool, Instant, u64)>>,
}

/// The recipes of a team.
#[derive(Debug, Default)]
struct OfTeam {
    loaded: Arc<[Loaded]>,
    untried: Arc<[Untried]>,
}

/// The recipes of every team that has any.
#[derive(Debug, Default)]
pub(crate) struct Recipes(Concurrent<u128, OfTeam>);

impl Recipes {
    /// Those of a team that can be tried; `None` for nearly all of them.
    pub(crate) fn of(&self, team: u128) -> Option<Arc<[Loaded]>> {
        self.0.pin().get(&team).map(|own| Arc::clone(&own.loaded))
    }

    /// Whether an unknown key of this team may be one whose row has to be asked for, or one that cannot be tried.
    pub(crate) fn need_rows(&self, team: u128) -> bool {
        let need = |own: &OfTeam| {
            !own.untried.is_empty() || own.loaded.iter().any(|it| it.spec.needs_row())
        };
        self.0.pin().get(&team).is_some_and(need)
    }

    fn untried(&self, team: u128) -> Option<Arc<[Untried]>> {
        self.0.pin().get(&team).map(|own| Arc::clone(&own.untried))
    }
}

impl Engine {
    /// Takes over the recipes of a team.
    pub(crate) fn put_recipes(&self, team: u128, rows: &[RecipeRow]) {
        let (mut loaded, mut untried) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in rows {
            match RecipeSpec::of_row(row) {
                Ok(Some(spec)) => match self.recipe_secrets().check(&spec) {
                    Ok(()) => {
                        let known = self.recipe_secrets();
                        let secrets = known.of(spec.recipe.secret_refs());
                        let locator = spec.locator.iter().flat_map(LocatorRule::secret_refs);
                        let locator_secrets = known.of(locator);
                        loaded.push(Loaded { number: row.number, spec, secrets, locator_secrets });
                    }
                    Err(_) if !self.recipe_secrets().verifies => {}
                    Err(error) => {
                        let team = TeamId::from_bits(team);
                        tracing::error!(%error, %team, "Keys under a recipe cannot be verified");
                        let (number, why) = (row.number, error.to_string());
                        untried.push(Untried { number, why, used: Mutex::default() });
                    }
                },
                Ok(None) => {}
                Err(error) => tracing::error!(%error, "A stored recipe cannot be read"),
            }
        }
        let own = OfTeam { loaded: loaded.into(), untried: untried.into() };
        self.recipes().0.pin().insert(team, own);
    }

    /// Makes sure that a key which nothing has recognised is of no recipe that cannot be tried. `arrivals` is how often new
    /// keys had come before.
    ///
    /// # Errors
    ///
    /// [`EngineError::Unavailable`] while keys are under one whose secret is missing: any of them would be INVALID.
    pub(crate) async fn nothing_is_untried(
        &self,
        team: u128,
        arrivals: u64,
    ) -> Result<(), EngineError> {
        let Some(untried) = self.recipes().untried(team) else { return Ok(()) };
        for recipe in untried.iter() {
            let known = *recipe.used.lock().unwrap_or_else(PoisonError::into_inner);
            let fresh = known.filter(|(_, at, of)| at.elapsed() < LOOKED_UP && *of == arrivals);
            let used = match fresh {
                Some((used, ..)) => used,
                None => {
                    let used = self.snapshot().await?.has_keys_under(team, recipe.number).await?;
                    let mut known = recipe.used.lock().unwrap_or_else(PoisonError::into_inner);
                    *known = Some((used, Instant::now(), arrivals));
                    used
                }
            };
            if used {
                return Err(EngineError::Unavailable(recipe.why.clone().into()));
            }
        }
        Ok(())
    }
}
