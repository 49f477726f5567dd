//! The recipes that are worth trying for one pair, cheap before dear, plain before odd.

use zeroize::Zeroizing;

use super::{Clues, Pair, fits};
use crate::recipe::{
    Algorithm, DjangoStored, Encoding, Hash, Inputs, Output, Part, Position, Recipe, Salt,
    SaltSource, TextEncoding,
};

/// What stands in front of stored digests in the field. Anything else is for the user to say: a search that
/// guessed prefixes would call a damaged value a recipe of its own.
const PREFIXES: [&str; 12] = [
    "", "sha256:", "sha256$", "sha256-", "sha256=", "{SHA256}", "sha512:", "sha512$", "sha512$$",
    "sha1:", "\\x", "0x",
];

/// Characters that separate a key's parts in the field.
const SEPARATORS: [char; 8] = ['|', '_', '.', ':', '-', '/', '~', '='];

/// Iteration counts of PBKDF2: Django's defaults by version, OWASP's advice, and round numbers.
const ITERATIONS: [u32; 27] = [
    1_000, 1, 2_000, 2_048, 4_096, 5_000, 8_192, 10_000, 12_000, 15_000, 16_384, 20_000, 24_000,
    25_000, 30_000, 36_000, 50_000, 65_536, 100_000, 120_000, 150_000, 180_000, 210_000, 216_000,
    260_000, 310_000, 600_000,
];

/// RFC 8018 asks for salts of at least eight bytes. With shorter ones a search through iteration counts, which
/// takes seconds, would mostly be one through somebody's initials.
const SALT_BYTES: usize = 8;

/// Every recipe of the space that fits `pair`. The dear ones are tried only if no cheap one fits.
pub(super) fn search(pair: &Pair, clues: &Clues) -> Vec<Recipe> {
    let mut found = Vec::new();
    keep(&mut found, pair, clues, clues.suspects.iter().cloned());
    if found.is_empty() {
        keep(&mut found, pair, clues, self_describing(pair));
    }
    if found.is_empty() {
        keep(&mut found, pair, clues, fast(pair, clues));
    }
    if found.is_empty() {
        // The first that fits ends this part: what comes after costs more and more.
        let fitting = |it: &Recipe| fits(it, pair, clues);
        found.extend(derived(pair, clues).into_iter().find(fitting));
    }
    found
}

/// The quick part of [`search`], for a pair that was varied.
pub(super) fn search_fast(pair: &Pair, clues: &Clues) -> Vec<Recipe> {
    let mut found = Vec::new();
    keep(&mut found, pair, clues, fast(pair, clues));
    found
}

/// Every plain digest of the whole key, in every text encoding.
pub(super) fn whole_key_digests() -> impl Iterator<Item = Recipe> {
    let written = Encoding::ALL.iter().filter(|encoding| **encoding != Encoding::Raw);
    written.flat_map(|encoding| {
        Hash::ALL.iter().map(|hash| Recipe {
            output: Output { prefix: String::new(), encoding: *encoding },
            ..Recipe::of(Algorithm::Digest(*hash))
        })
    })
}

fn keep(
    found: &mut Vec<Recipe>,
    pair: &Pair,
    clues: &Clues,
    candidates: impl IntoIterator<Item = Recipe>,
) {
    for recipe in candidates {
        if !found.contains(&recipe) && fits(&recipe, pair, clues) {
            found.push(recipe);
        }
    }
}

/// The parts that a key has, the likeliest first. Each selects another text: two rules that select the same
/// are both kept, because a second pair may tell them apart.
pub(super) fn parts(key: &str) -> Vec<Part> {
    let mut parts = vec![Part::Full];
    let present: Vec<String> =
        SEPARATORS.iter().filter(|by| key.contains(**by)).map(ToString::to_string).collect();
    parts.extend(present.iter().cloned().map(Part::AfterLast));
    parts.extend(present.iter().cloned().map(Part::AfterFirst));
    // `sk_live_` and the like: everything up to each separator, the first being covered above.
    for (at, separator) in key.char_indices().filter(|(_, c)| SEPARATORS.contains(c)).skip(1) {
        if let Some(prefix) = key.get(..at + separator.len_utf8()).filter(|it| it.len() < key.len())
        {
            parts.push(Part::StripPrefix(prefix.to_owned()));
        }
    }
    for by in &present {
        let pieces = key.split(by.as_str()).count();
        parts.extend((0..pieces.min(8)).map(|at| Part::Split { at, by: by.clone() }));
        parts.push(Part::BeforeLast(by.clone()));
    }
    parts
}

/// What the text of a part can stand for: itself always, bytes only where it decodes to enough of them.
fn texts(part: &str) -> impl Iterator<Item = TextEncoding> {
    TextEncoding::ALL.iter().copied().filter(move |text| {
        *text == TextEncoding::Utf8
            || text.decode(part.as_bytes()).is_some_and(|bytes| bytes.len() >= 8)
    })
}

/// The ways in which a stored value can be read, with the bytes behind it.
fn outputs(stored: &[u8]) -> Vec<(Output, Zeroizing<Vec<u8>>)> {
    let mut outputs = Vec::new();
    for prefix in PREFIXES {
        for encoding in Encoding::ALL {
            let output = Output { prefix: prefix.to_owned(), encoding: *encoding };
            if let Some(bytes) = output.decode(stored).filter(|bytes| !bytes.is_empty()) {
                outputs.push((output, bytes));
            }
        }
    }
    outputs
}

/// The salts to try: none, and the row's in every reading and position.
fn salts(pair: &Pair, clues: &Clues) -> Vec<Salt> {
    let mut salts = vec![Salt::default()];
    let given = pair.salt.as_deref();
    let secret = clues.secret.as_ref();
    let column = given.map(|salt| (SaltSource::Column, salt));
    let kept = secret.map(|it| (SaltSource::Secret(it.place.clone()), &*it.bytes));
    for (source, bytes) in [column, kept].into_iter().flatten() {
        for text in TextEncoding::ALL {
            if text.decode(bytes).is_some() {
                salts.extend(Position::ALL.iter().map(|position| Salt {
                    source: source.clone(),
                    text: *text,
                    position: *position,
                }));
            }
        }
    }
    salts
}

/// Values that say themselves what they are; only the part of the key is open.
fn self_describing(pair: &Pair) -> Vec<Recipe> {
    let described = [Algorithm::Bcrypt, Algorithm::Argon2, Algorithm::ScryptPhc, Algorithm::Django];
    let Some(algorithm) =
        described.into_iter().find(|it| Recipe::of(it.clone()).reads(&pair.stored))
    else {
        return Vec::new();
    };
    // A slow check for each part adds up: with a high cost only the likeliest parts are tried.
    let text = std::str::from_utf8(&pair.stored).unwrap_or_default();
    let fast = DjangoStored::parse(text).is_some_and(|stored| stored.is_fast());
    let most = if fast { usize::MAX } else { 12 };
    let of_part = |part| Recipe { part, ..Recipe::of(algorithm.clone()) };
    parts(pair.key.expose()).into_iter().take(most).map(of_part).collect()
}

/// Plaintext, digests and HMAC: those that fit. Each digest is computed once and held against every reading
/// of the stored value that has its length.
fn fast(pair: &Pair, clues: &Clues) -> Vec<Recipe> {
    let outputs = outputs(&pair.stored);
    let (inputs, salts) = (inputs(pair), salts(pair, clues));
    let given = Inputs {
        salt: pair.salt.as_ref().map(|salt| salt.as_slice()),
        secret: clues.secret.as_ref().map(|secret| secret.bytes.as_slice()),
        ..Inputs::default()
    };
    let mut found = Vec::new();
    for algorithm in fast_algorithms(clues) {
        let bytes = match &algorithm {
            Algorithm::Digest(hash) | Algorithm::Hmac { hash, .. } => Some(hash.bytes()),
            _ => None,
        };
        let readings: Vec<_> = outputs
            .iter()
            .filter(|(_, digest)| bytes.is_none_or(|bytes| bytes == digest.len()))
            .collect();
        if readings.is_empty() {
            continue;
        }
        for (part, text) in &inputs {
            for salt in &salts {
                let mut recipe = Recipe {
                    part: part.clone(),
                    text: *text,
                    salt: salt.clone(),
                    ..Recipe::of(algorithm.clone())
                };
                if recipe.check().is_err() {
                    continue;
                }
                let Some(made) = recipe.digest(pair.key.expose(), given) else { continue };
                for (output, _) in readings.iter().filter(|(_, digest)| *digest == made) {
                    recipe.output = output.clone();
                    if is_plausible(&recipe, pair) {
                        found.push(recipe.clone());
                    }
                }
            }
        }
    }
    found
}

/// Each part of the key with each reading of it.
fn inputs(pair: &Pair) -> Vec<(Part, TextEncoding)> {
    let key = pair.key.expose();
    let mut inputs: Vec<_> = parts(key)
        .into_iter()
        .flat_map(|part| {
            let texts = part.of(key).map(|it| texts(it).collect::<Vec<_>>()).unwrap_or_default();
            texts.into_iter().map(move |text| (part.clone(), text))
        })
        .collect();
    // All parts as plain text come before any reading as bytes. The sort is stable.
    inputs.sort_by_key(|(_, text)| *text != TextEncoding::Utf8);
    inputs
}

/// Plaintext of a short piece would "match" a column that merely repeats part of the key.
fn is_plausible(recipe: &Recipe, pair: &Pair) -> bool {
    recipe.algorithm != Algorithm::Plaintext
        || (recipe.output.prefix.is_empty()
            && recipe
                .digest(pair.key.expose(), Inputs::default())
                .is_some_and(|key| key.len() * 2 >= pair.key.expose().len()))
}

fn fast_algorithms(clues: &Clues) -> Vec<Algorithm> {
    let mut algorithms = vec![Algorithm::Plaintext];
    algorithms.extend(Hash::ALL.iter().copied().map(Algorithm::Digest));
    if let Some(secret) = &clues.secret {
        let macs = Hash::ALL.iter().copied().filter(|hash| hash.has_hmac());
        algorithms.extend(macs.map(|hash| Algorithm::Hmac { hash, key: secret.place.clone() }));
    }
    algorithms
}

/// PBKDF2 of the whole key with the row's salt. Without a salt there is nothing to derive with.
fn derived(pair: &Pair, clues: &Clues) -> Vec<Recipe> {
    let mut recipes = Vec::new();
    let readings = TextEncoding::ALL.iter().filter(|text| {
        pair.salt
            .as_ref()
            .is_some_and(|salt| text.decode(salt).is_some_and(|it| it.len() >= SALT_BYTES))
    });
    let readings: Vec<TextEncoding> = readings.copied().collect();
    for iterations in clues.iterations.iter().copied().chain(ITERATIONS) {
        for hash in [Hash::Sha256, Hash::Sha1, Hash::Sha512] {
            for (output, digest) in outputs(&pair.stored) {
                let length = digest.len();
                if !matches!(length, 16 | 20 | 24 | 32 | 64) || !output.prefix.is_empty() {
                    continue;
                }
                for text in &readings {
                    recipes.push(Recipe {
                        prehash: None,
                        algorithm: Algorithm::Pbkdf2 { hash, iterations, length },
                        salt: Salt {
                            source: SaltSource::Column,
                            text: *text,
                            position: Position::Before,
                        },
                        output: output.clone(),
                        part: Part::Full,
                        text: TextEncoding::Utf8,
                    });
                }
            }
        }
    }
    recipes
}
