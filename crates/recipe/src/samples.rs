//! Random recipes, for the property tests of this crate and of `oneloop-migrate`, which compiles this file into its own:
//! as a feature, it would make another build of every crate from here on whenever tests are built.

use oneloop_recipe::{
    Algorithm, Encoding, Hash, Output, Part, Position, Recipe, Salt, SaltSource, ScryptCost,
    SecretRef, TextEncoding,
};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn parts() -> impl Strategy<Value = Part> {
    // Separators of every kind, quotes and control characters among them: the text form must carry them.
    let separator = "[|_.:\"\\\\\\n\\u{7f}a-c é-]{1,3}";
    prop_oneof![
        3 => Just(Part::Full),
        1 => separator.prop_map(Part::AfterLast),
        1 => separator.prop_map(Part::AfterFirst),
        1 => separator.prop_map(Part::BeforeLast),
        1 => separator.prop_map(Part::BeforeFirst),
        1 => separator.prop_map(Part::StripPrefix),
        1 => (0_usize..4, separator).prop_map(|(at, by)| Part::Split { at, by }),
        1 => (1_usize..=512).prop_map(Part::First),
        1 => (1_usize..=512).prop_map(Part::Last),
    ]
}

fn algorithms() -> impl Strategy<Value = Algorithm> {
    let hash = || select(Hash::ALL);
    let key = prop_oneof![
        "[A-Z_]{1,8}".prop_map(SecretRef::Env),
        ".{1,8}".prop_map(SecretRef::File),
        ".{1,8}".prop_map(SecretRef::BinaryFile),
    ];
    let cost = (1_u8..16, 1_u32..9, 1_u32..5).prop_map(|(log_n, r, p)| ScryptCost { log_n, r, p });
    prop_oneof![
        Just(Algorithm::Plaintext),
        hash().prop_map(Algorithm::Digest),
        (hash().prop_filter("has HMAC", |hash| hash.has_hmac()), key)
            .prop_map(|(hash, key)| Algorithm::Hmac { hash, key }),
        (hash().prop_filter("has PBKDF2", |hash| hash.has_pbkdf2()), 1_u32..9_000, 4_usize..100)
            .prop_map(|(hash, iterations, length)| Algorithm::Pbkdf2 { hash, iterations, length }),
        (cost, 4_usize..100).prop_map(|(cost, length)| Algorithm::Scrypt { cost, length }),
        select(vec![Algorithm::Bcrypt, Algorithm::Argon2, Algorithm::ScryptPhc, Algorithm::Django]),
    ]
}

fn salts() -> impl Strategy<Value = Salt> {
    let source = prop_oneof![
        Just(SaltSource::Column),
        ".{1,6}".prop_map(SaltSource::Fixed),
        "[A-Z]{1,6}".prop_map(|name| SaltSource::Secret(SecretRef::Env(name))),
    ];
    let salted = (source, select(TextEncoding::ALL), select(Position::ALL))
        .prop_map(|(source, text, position)| Salt { source, text, position });
    prop_oneof![2 => Just(Salt::default()), 1 => salted]
}

/// What a key may be hashed by first: a plain hash as a rule, and sometimes a recipe with a prehash of its own.
fn prehashes() -> impl Strategy<Value = Recipe> {
    let plain = || select(Hash::ALL).prop_map(|hash| Recipe::of(Algorithm::Digest(hash)));
    let own = (parts(), select(TextEncoding::ALL), algorithms(), plain()).prop_map(
        |(part, text, algorithm, innermost)| {
            let of_part = Recipe { part, text, ..Recipe::of(algorithm.clone()) };
            let twice = Recipe { prehash: Some(Box::new(innermost)), ..Recipe::of(algorithm) };
            if of_part.part == Part::Full { twice } else { of_part }
        },
    );
    prop_oneof![1 => plain(), 2 => own]
}

/// Any recipe that [`Recipe::check`] lets pass.
pub(crate) fn recipes() -> impl Strategy<Value = Recipe> {
    let output = (option::of("[a-z0-9:$ \"]{1,6}"), select(Encoding::ALL))
        .prop_map(|(prefix, encoding)| Output { prefix: prefix.unwrap_or_default(), encoding });
    let prehash = option::weighted(0.3, prehashes());
    (parts(), select(TextEncoding::ALL), algorithms(), salts(), output, prehash).prop_map(
        |(part, text, algorithm, salt, output, prehash)| {
            let output = if algorithm.is_self_describing() { Output::default() } else { output };
            let recipe = Recipe { prehash: None, part, text, algorithm, salt, output };
            let recipe = match recipe.check() {
                Ok(()) => recipe,
                Err(_) => Recipe { salt: Salt::default(), ..recipe },
            };
            let twice = Recipe {
                prehash: prehash.map(Box::new),
                part: Part::Full,
                text: TextEncoding::Utf8,
                ..recipe.clone()
            };
            if twice.check().is_ok() { twice } else { recipe }
        },
    )
}
