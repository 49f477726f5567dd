use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use crate::recipe::{Encoding, Hash, Output, Part, Position, Salt, TextEncoding};

fn of(key: &str, stored: &str) -> Result<Proven, Miss> {
    prove(&[Pair::new(key, stored)], &Clues::default())
}

fn sentence(key: &str, stored: &str) -> String {
    of(key, stored).map_or_else(|miss| miss.to_string(), |proven| proven.explanation)
}

fn shared(bytes: &[u8]) -> SharedSecret {
    SharedSecret {
        place: SecretRef::Env("PEPPER".to_owned()),
        bytes: Zeroizing::new(bytes.to_vec()),
    }
}

/// Keys of the shapes that services hand out.
fn keys() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9]{32}",
        "[0-9a-f]{40}",
        "(sk|pk|ak)_(live|test)_[A-Za-z0-9]{24,40}",
        "[1-9][0-9]{0,4}\\|[A-Za-z0-9]{40}",
        "[A-Za-z0-9]{8}\\.[A-Za-z0-9]{32}",
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    ]
}

/// A recipe of the searched space that applies to `key`, picked by the given dice.
fn pick(key: &str, dice: &[Index; 6]) -> Recipe {
    let parts: Vec<Part> = space::parts(key)
        .into_iter()
        .filter(|part| part.of(key).is_some_and(|it| it.len() * 2 >= key.len()))
        .collect();
    let part = dice[0].get(&parts).clone();
    let text = part.of(key).unwrap_or_default();
    let texts: Vec<TextEncoding> = TextEncoding::ALL
        .iter()
        .copied()
        .filter(|it| it.decode(text.as_bytes()).is_some_and(|bytes| bytes.len() >= 16))
        .collect();
    let mut algorithms = vec![Algorithm::Plaintext];
    algorithms.extend(Hash::ALL.iter().copied().map(Algorithm::Digest));
    algorithms.extend(
        Hash::ALL
            .iter()
            .filter(|hash| hash.has_hmac())
            .map(|hash| Algorithm::Hmac { hash: *hash, key: SecretRef::Env("PEPPER".to_owned()) }),
    );
    let algorithm = dice[1].get(&algorithms).clone();
    let source = match dice[2].index(4) {
        0 => SaltSource::Column,
        1 => SaltSource::Secret(SecretRef::Env("PEPPER".to_owned())),
        _ => SaltSource::None,
    };
    let (reading, position) =
        (*dice[3].get(&[TextEncoding::Utf8, TextEncoding::Hex]), *dice[3].get(Position::ALL));
    let salt = Salt { source, text: reading, position };
    let prefix = if algorithm == Algorithm::Plaintext {
        ""
    } else {
        *dice[4].get(&["", "", "sha256:", "\\x"])
    };
    let output = Output { prefix: prefix.to_owned(), encoding: *dice[5].get(Encoding::ALL) };
    let text = *dice[3].get(&texts);
    let recipe = Recipe { prehash: None, part, text, algorithm, salt, output };
    if recipe.check().is_ok() { recipe } else { Recipe { salt: Salt::default(), ..recipe } }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Any key, hashed by any recipe of the space, is found; with one byte changed, nothing is.
    #[test]
    fn what_was_hashed_is_found_and_what_was_not_is_not(
        key in keys(),
        dice in any::<[Index; 6]>(),
        at in any::<Index>(),
        change in 1_u8..=255,
    ) {
        let recipe = pick(&key, &dice);
        let clues = Clues { secret: Some(shared(b"0123abcd")), ..Clues::default() };
        let salt = b"5e6f";
        let inputs = Inputs { salt: Some(salt), secret: Some(b"0123abcd"), ..Inputs::default() };
        let stored = recipe.encode(&key, inputs).expect("everything is given");
        let pair = Pair::new(key.as_str(), stored.as_slice()).with_salt(*salt);

        let proven = prove(std::slice::from_ref(&pair), &clues);
        let proven = proven.map_err(|miss| TestCaseError::fail(format!("{recipe}: {miss}")))?;
        prop_assert!(fits(&proven.recipe, &pair, &clues));
        let mut all = vec![proven.recipe.clone()];
        all.extend(proven.also);
        prop_assert!(all.contains(&recipe) || all.iter().any(|it| it.part.of(&key) == recipe.part.of(&key)),
            "{} was found for {}", proven.recipe, recipe);

        // The constant prefix is not part of the digest: changing `sha256:` to `sha256$` is another recipe.
        let mut damaged = stored.to_vec();
        let at = recipe.output.prefix.len() + at.index(damaged.len() - recipe.output.prefix.len());
        damaged[at] ^= change;
        let damaged = Pair::new(key.as_str(), damaged).with_salt(*salt);
        let missed = prove(&[damaged], &clues);
        prop_assert!(missed.is_err(), "{} found by {:?}", recipe, missed.map(|it| it.recipe));
    }

    #[test]
    fn nothing_that_is_not_text_or_not_a_digest_panics(
        key in "\\PC{1,24}",
        stored in prop::collection::vec(any::<u8>(), 1..70),
    ) {
        let _ = prove(&[Pair::new(key, stored)], &Clues::default());
    }

    #[test]
    fn no_sentence_repeats_the_key(key in select(vec!["canary_5f3a_0123456789abcdef", "Canary|0123456789abcdef"])) {
        for stored in ["", "00", "deadbeefdeadbeefdeadbeefdeadbeef", "$2b$04$x", key] {
            prop_assert!(!sentence(key, stored).contains("0123456789abcdef"));
        }
        prop_assert_eq!(format!("{:?}", Pair::new(key, key)), "Pair(…)");
    }
}

const KEY: &str = "ak_live_Zk3v9QpLm2Xw8RtYb5NcJd7H";

#[test]
fn findings_read_as_sentences() {
    let hex = |hash: Hash, text: &str| {
        String::from_utf8(Encoding::Hex.encode(&hash.digest(&[text.as_bytes()])).to_vec())
            .expect("hex")
    };
    assert_eq!(sentence(KEY, KEY), "The stored value is the whole key, in clear.");
    assert_eq!(
        sentence(KEY, &hex(Hash::Sha256, KEY)),
        "The stored value is the hex of SHA-256 of the whole key."
    );
    assert_eq!(
        sentence(KEY, &hex(Hash::Md5, "Zk3v9QpLm2Xw8RtYb5NcJd7H")),
        "The stored value is the hex of MD5 of the part after the last `_`. That hash is weak; nothing new \
         should use it."
    );
    assert_eq!(
        sentence("9f86d081884c7d659a2feaa0", &hex_of_decoded("9f86d081884c7d659a2feaa0")),
        "The stored value is the hex of SHA-512 of the bytes that the whole key stands for in hex."
    );
}

fn hex_of_decoded(key: &str) -> String {
    let bytes = TextEncoding::Hex.decode(key.as_bytes()).expect("hex");
    String::from_utf8(Encoding::Hex.encode(&Hash::Sha512.digest(&[&bytes])).to_vec()).expect("hex")
}

#[test]
fn bcrypt_of_a_long_key_says_that_it_was_cut() {
    // bcrypt.hashpw(b"x" * 72, b"$2b$04$abcdefghijklmnopqrstuu"), Python bcrypt 5.0.0.
    let stored = "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i";
    let long = sentence(&"x".repeat(90), stored);
    assert!(long.contains("only the first 72 bytes"), "{long}");
    let whole = sentence(&"x".repeat(72), stored);
    assert_eq!(whole, "The stored value is bcrypt of the whole key.");
}

#[test]
fn a_derivation_is_found_by_its_salt_and_a_known_count() {
    let recipe: Recipe =
        r#"algorithm = "pbkdf2-sha256", iterations = 1000, salt = "column", length = 32, output = "base64""#
            .parse()
            .expect("valid");
    let salt = b"NaCl-7-and-more".to_vec();
    let inputs = Inputs { salt: Some(&salt), ..Inputs::default() };
    let stored = recipe.encode(KEY, inputs).expect("salt given");
    let pair = Pair::new(KEY, stored.to_vec()).with_salt(salt.clone());
    let proven = prove(&[pair], &Clues::default()).expect("in the list of counts");
    assert_eq!(proven.recipe, recipe);

    let odd: Recipe = recipe.to_string().replace("1000", "1234").parse().expect("valid");
    let stored = odd.encode(KEY, inputs).expect("salt given");
    let pair = Pair::new(KEY, stored.to_vec()).with_salt(b"NaCl-7-and-more".to_vec());
    let clues = Clues { iterations: vec![1234], ..Clues::default() };
    assert_eq!(prove(&[pair], &clues).expect("a clue").recipe, odd);
}

#[test]
fn misses_say_what_would_have_fitted() {
    // printf 'ak_live_…' | sha256sum of the key with a newline, in lower case, and cut to 40 characters.
    let hex = |text: &str| {
        String::from_utf8(Encoding::Hex.encode(&Hash::Sha256.digest(&[text.as_bytes()])).to_vec())
            .expect("hex")
    };
    let cases = [
        (KEY.to_owned(), hex(&format!("{KEY}\n")), Variation::NewlineAppended),
        (format!(" {KEY}\n"), hex(KEY), Variation::Trimmed),
        (format!("Bearer {KEY}"), hex(&KEY.to_lowercase()), Variation::Lowercase),
        (KEY.to_owned(), hex(KEY)[..40].to_owned(), Variation::StoredTruncated),
        (KEY.to_owned(), format!("{}    ", hex(KEY)), Variation::StoredPadded),
    ];
    for (at, (key, stored, expected)) in cases.into_iter().enumerate() {
        match of(&key, &stored) {
            Err(Miss::Near { variation, .. }) if at != 2 => assert_eq!(variation, expected),
            Err(Miss::Nothing(_)) if at == 2 => {} // two differences at once are not guessed
            other => panic!("case {at}: {other:?}"),
        }
    }
}

#[test]
fn misses_say_what_the_value_looks_like() {
    let says = |stored: &str, words: &str| {
        let said = sentence(KEY, stored);
        assert!(said.contains(words), "{said}");
    };
    says(
        &"ab".repeat(32),
        "hex of 32 bytes: SHA-256, SHA3-256, BLAKE2b-256, BLAKE3 or HMAC-SHA-256 with a key you have not given",
    );
    says(&"ab".repeat(16), "MurmurHash3");
    says(&"ab".repeat(11), "no digest has this length");
    says("$2b$04$RJb4UWb/1EjBFqUY6j5q5eVbrSKEiKYFT/0jyNCqH/U7k5eg7XTLC", "bcrypt with cost 4");
    says("$2x$04$RJb4UWb/1EjBFqUY6j5q5eVbrSKEiKYFT/0jyNCqH/U7k5eg7oTLD", "not supported");
    says("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR", "Argon2");
    says("pbkdf2_sha256$10$salt$nf65EOgLrQMR", "Django");
    says("not a digest!", "its form is not one");
    says("", "the stored value of pair 1 is empty");
}

#[test]
fn several_pairs_must_all_fit() {
    let pair = |key: &str, part: &str| {
        Pair::new(key, Encoding::Hex.encode(&Hash::Sha256.digest(&[part.as_bytes()])).to_vec())
    };
    // The first alone leaves four rules open; the second has another shape and decides.
    let first = || pair("a_b_0123456789abcdef", "0123456789abcdef");
    let alone = prove(&[first()], &Clues::default()).expect("fits");
    assert!(alone.also.len() >= 2, "{:?}", alone.also);
    let both = prove(&[first(), pair("a_fedcba9876543210", "fedcba9876543210")], &Clues::default());
    let both = both.expect("after-last fits both");
    assert_eq!(
        (both.recipe.part, both.also.len(), both.pairs),
        (Part::AfterLast("_".to_owned()), 0, 2)
    );

    let miss = prove(&[first(), pair("x", "y")], &Clues::default()).expect_err("of another row");
    assert_eq!(miss, Miss::PairsDisagree { pair: 1 });
}

#[test]
fn suspects_come_first_and_keep_their_order() {
    let suspects: Vec<Recipe> = [
        r#"algorithm = "sha256", part = "split[1]:|""#,
        r#"algorithm = "sha256", part = "after-first:|""#,
    ]
    .map(|text| text.parse().expect(text))
    .to_vec();
    let stored = "1ec1c26b50d5d3c58d9583181af8076655fe00756bf7285940ba3670f99fcba0";
    let clues = Clues { suspects: suspects.clone(), ..Clues::default() };
    let proven = prove(&[Pair::new("17|s3cret", stored)], &clues).expect("fits");
    assert_eq!((proven.recipe, proven.also), (suspects[0].clone(), suspects[1..].to_vec()));
}
