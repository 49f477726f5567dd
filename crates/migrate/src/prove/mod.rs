//! Which recipe it was: found offline, from real keys and what was stored for them.
//!
//! The search goes from cheap to dear: recipes the caller suspects (the origin's), self-describing values,
//! plaintext, plain digests of every part of the key in every encoding, HMAC with the secret given, and last
//! PBKDF2 with the iteration counts that frameworks have shipped.

mod diagnosis;
mod space;
#[cfg(test)]
mod tests;

use std::fmt;

use oneloop_protocol::Secret;
use zeroize::Zeroizing;

pub use diagnosis::{Looks, Miss, Variation};

use crate::recipe::{Algorithm, BCRYPT_CUT, Inputs, Recipe, SaltSource, SecretRef};

/// One key together with what its service stored for it.
pub struct Pair {
    /// The key, as its holder sends it.
    pub key: Secret,
    /// The stored value's bytes, as the column holds them.
    pub stored: Zeroizing<Vec<u8>>,
    /// The salt's bytes, if the table has a column for one.
    pub salt: Option<Zeroizing<Vec<u8>>>,
}

impl Pair {
    /// A pair without a salt.
    pub fn new(key: impl Into<String>, stored: impl Into<Vec<u8>>) -> Self {
        Self { key: Secret::new(key), stored: Zeroizing::new(stored.into()), salt: None }
    }

    /// The same pair with a salt.
    #[must_use]
    pub fn with_salt(mut self, salt: impl Into<Vec<u8>>) -> Self {
        self.salt = Some(Zeroizing::new(salt.into()));
        self
    }
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pair(…)")
    }
}

/// A secret that may have taken part: an HMAC key, or a salt that is not in the table.
pub struct SharedSecret {
    /// Where it is kept; this, not the bytes, goes into the recipe.
    pub place: SecretRef,
    /// Its bytes.
    pub bytes: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedSecret({})", self.place)
    }
}

/// What the search may use besides the pairs.
#[derive(Debug, Default)]
pub struct Clues {
    /// Recipes to try before all others: those of the origin, in its order.
    pub suspects: Vec<Recipe>,
    /// A secret that may have taken part.
    pub secret: Option<SharedSecret>,
    /// Secrets that take part in what a suspect is made of.
    pub prehash_secrets: Vec<SharedSecret>,
    /// Iteration counts to try before the usual ones, if PBKDF2 comes to be tried.
    pub iterations: Vec<u32>,
}

/// A recipe that fits every pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The recipe: of those that fit, the one that assumes least.
    pub recipe: Recipe,
    /// One sentence that says what the stored value is, and what follows from that.
    pub explanation: String,
    /// Others that fit these pairs just as well. They differ in which part of the key they take; a pair
    /// whose key has another shape would decide.
    pub also: Vec<Recipe>,
    /// How many pairs it fits.
    pub pairs: usize,
}

/// Finds the recipe that turned each key into its stored value.
///
/// # Errors
///
/// [`Miss`] with the nearest thing that could be said. It never holds a key or a stored value.
///
/// ```
/// # use oneloop_migrate::prove::{Clues, Pair, prove};
/// let stored = "1ec1c26b50d5d3c58d9583181af8076655fe00756bf7285940ba3670f99fcba0";
/// let proven = prove(&[Pair::new("17|s3cret", stored)], &Clues::default()).unwrap();
/// assert_eq!(proven.recipe.to_string(), r#"algorithm = "sha256", part = "after-last:|""#);
/// assert_eq!(
///     proven.explanation,
///     "The stored value is the hex of SHA-256 of the part after the last `|`."
/// );
/// ```
pub fn prove(pairs: &[Pair], clues: &Clues) -> Result<Proven, Miss> {
    let Some((first, rest)) = pairs.split_first() else { return Err(Miss::NoPair) };
    for (at, pair) in pairs.iter().enumerate() {
        if pair.stored.is_empty() {
            return Err(Miss::EmptyStored { pair: at });
        }
        if pair.key.expose().is_empty() {
            return Err(Miss::EmptyKey { pair: at });
        }
    }

    let mut fit_first = space::search(first, clues);
    let candidates = fit_first.len();
    let mut failed_at = 0;
    fit_first.retain(|recipe| {
        let miss = rest.iter().position(|pair| !fits(recipe, pair, clues));
        failed_at = failed_at.max(miss.map_or(0, |at| at + 1));
        miss.is_none()
    });

    let mut fitting = fit_first.into_iter();
    match fitting.next() {
        Some(recipe) => Ok(Proven {
            explanation: explain(&recipe, pairs),
            also: fitting.collect(),
            pairs: pairs.len(),
            recipe,
        }),
        None if candidates > 0 => Err(Miss::PairsDisagree { pair: failed_at }),
        None => Err(diagnosis::diagnose(first, clues)),
    }
}

/// Whether `recipe` fits `pair`.
pub fn fits(recipe: &Recipe, pair: &Pair, clues: &Clues) -> bool {
    let salt = pair.salt.as_ref().map(|salt| salt.as_slice());
    let bytes = |place: Option<&SecretRef>| {
        let mut known = clues.secret.iter().chain(&clues.prehash_secrets);
        known.find(|secret| place == Some(&secret.place)).map(|secret| secret.bytes.as_slice())
    };
    let secrets: Vec<_> = recipe.secret_refs().map(bytes).collect();
    recipe.matches(pair.key.expose(), &pair.stored, Inputs::of_secrets(salt, &secrets))
}

/// What the stored value is, in a sentence or two.
fn explain(recipe: &Recipe, pairs: &[Pair]) -> String {
    let mut sentence = format!("The stored value is {}", describe(recipe));
    sentence.push('.');
    if recipe.is_weak() && recipe.algorithm != Algorithm::Plaintext {
        sentence.push_str(" That hash is weak; nothing new should use it.");
    }
    let cut =
        |pair: &Pair| recipe.part.of(pair.key.expose()).is_some_and(|it| it.len() > BCRYPT_CUT);
    if recipe.algorithm == Algorithm::Bcrypt && pairs.iter().any(cut) {
        sentence.push_str(
            " It matches, but bcrypt saw only the first 72 bytes of the key: the rest was never checked.",
        );
    }
    sentence
}

/// What a prehash makes of the key, in words, to follow "of".
fn describe_prehash(recipe: &Recipe) -> String {
    let described = describe(&Recipe {
        output: crate::recipe::Output {
            encoding: crate::recipe::Encoding::Raw,
            ..Default::default()
        },
        ..recipe.clone()
    });
    described.strip_prefix("raw bytes of ").map(str::to_owned).unwrap_or(described)
}

/// A recipe in words, to follow "is" or "of".
pub(crate) fn describe(recipe: &Recipe) -> String {
    let mut input = match &recipe.prehash {
        None => recipe.part.in_words(),
        Some(prehash) => describe_prehash(prehash),
    };
    match recipe.text {
        crate::recipe::TextEncoding::Utf8 => {}
        text => input = format!("the bytes that {} stands for in {}", input, text.word()),
    }
    let salt = match &recipe.salt.source {
        SaltSource::None => None,
        SaltSource::Fixed(_) => Some("a fixed salt".to_owned()),
        SaltSource::Secret(place) => Some(format!("the secret in {place}")),
        SaltSource::Column => Some("the row's salt".to_owned()),
    };
    if let Some(salt) = salt {
        let derives =
            matches!(recipe.algorithm, Algorithm::Pbkdf2 { .. } | Algorithm::Scrypt { .. });
        let place = if derives { "with" } else { recipe.salt.position.in_words() };
        input = format!("{input}, {place} {salt}");
    }
    let prefix = match recipe.output.prefix.as_str() {
        "" => String::new(),
        prefix => format!("`{prefix}` and "),
    };
    let raw = recipe.output.encoding == crate::recipe::Encoding::Raw;
    match &recipe.algorithm {
        Algorithm::Plaintext if raw => format!("{prefix}{input}, in clear"),
        Algorithm::Plaintext => {
            format!("{prefix}the {} of {input}, in clear", recipe.output.encoding.in_words())
        }
        algorithm if algorithm.is_self_describing() => {
            format!("{} of {input}", algorithm.in_words())
        }
        algorithm => {
            let output = recipe.output.encoding.in_words();
            let the = if raw { "" } else { "the " };
            format!("{prefix}{the}{output} of {} of {input}", algorithm.in_words())
        }
    }
}
