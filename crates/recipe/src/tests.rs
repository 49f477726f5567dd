//! Properties of recipes; the known answers stand in `tests/`.

use proptest::prelude::*;

use super::*;
use crate::samples::recipes;

fn secret_ref(text: &str) -> SecretRef {
    text.parse().expect("a reference")
}

proptest! {
    #[test]
    fn a_recipe_is_read_back_as_it_was_written(recipe in recipes()) {
        let text = recipe.to_string();
        prop_assert_eq!(text.parse::<Recipe>().expect(&text), recipe);
    }

    #[test]
    fn an_encoding_reads_what_it_writes_and_nothing_near_it(
        bytes in prop::collection::vec(any::<u8>(), 1..80),
        at in any::<prop::sample::Index>(),
        to in any::<u8>(),
    ) {
        for encoding in Encoding::ALL {
            let mut text = encoding.encode(&bytes);
            prop_assert!(encoding.decode(&text).is_some_and(|read| *read == bytes));
            let at = at.index(text.len());
            if std::mem::replace(&mut text[at], to) != to {
                prop_assert!(encoding.decode(&text).is_none_or(|read| *read != bytes));
            }
        }
    }

    #[test]
    fn sha_256_of_the_whole_key_is_native_in_every_encoding(key in ".{0,40}") {
        for encoding in Encoding::ALL {
            let mut recipe = Recipe::of(Algorithm::Digest(Hash::Sha256));
            recipe.output = Output { prefix: "v1$".to_owned(), encoding: *encoding };
            let stored = recipe.encode(&key, Inputs::default()).expect("needs nothing else");
            prop_assert_eq!(recipe.speed(), Speed::Native);
            prop_assert!(recipe.to_native_digest(&stored) == Some(KeyDigest::of(&key)));
        }
    }

    #[test]
    fn no_stored_value_panics(recipe in recipes(), stored in prop::collection::vec(any::<u8>(), 0..90)) {
        let _ = (recipe.reads(&stored), recipe.speed_of(&stored), recipe.stored_digest(&stored));
        let text = format!("$2b$04${}", String::from_utf8_lossy(&stored));
        let _ = (recipe.reads(text.as_bytes()), recipe.to_native_digest(&stored).is_some());
    }
}

#[test]
fn only_what_loses_nothing_is_native() {
    let speed = |text: &str| text.parse::<Recipe>().expect(text).speed();
    assert_eq!(speed(r#"algorithm = "sha256", output = "base64url-nopad""#), Speed::Native);
    assert_eq!(speed(r#"algorithm = "plaintext""#), Speed::Native);
    for fast in [
        r#"algorithm = "sha256", part = "after-last:|""#,
        r#"algorithm = "sha256", text = "hex""#,
        r#"algorithm = "sha256", salt = "column""#,
        r#"algorithm = "sha512""#,
        r#"algorithm = "plaintext", part = "strip-prefix:sk_""#,
        r#"algorithm = "hmac-sha256", hmac-key = "env:K""#,
    ] {
        assert_eq!(speed(fast), Speed::Fast, "{fast}");
        let recipe: Recipe = fast.parse().expect(fast);
        assert!(recipe.to_native_digest(&[b'0'; 64]).is_none(), "{fast}");
    }
    for slow in [r#"algorithm = "bcrypt""#, r#"algorithm = "pbkdf2-sha1", iterations = 9"#] {
        assert_eq!(speed(slow), Speed::Slow, "{slow}");
    }
}

#[test]
fn plaintext_becomes_native_by_being_hashed_here() {
    let recipe = Recipe::of(Algorithm::Plaintext);
    assert!(recipe.to_native_digest(b"kong-key-1") == Some(KeyDigest::of("kong-key-1")));
    assert_eq!(
        recipe.to_plaintext(b"kong-key-1").as_deref().map(String::as_str),
        Some("kong-key-1")
    );
    assert!(recipe.to_native_digest(&[0xff, 0xfe]).is_none(), "a key is text");
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    let refusals = [
        (r#"algorithm = "sha257""#, "algorithm", "sha257"),
        (r#"algorithm = "sha256", iterations = 3"#, "iterations", "does not belong"),
        (r#"algorithm = "sha256", hmac-key = "env:K""#, "hmac-key", "does not belong"),
        (r#"algorithm = "pbkdf2-sha256""#, "iterations", "needs it"),
        (r#"algorithm = "pbkdf2-md5", iterations = 3"#, "algorithm", "pbkdf2-md5"),
        (r#"algorithm = "hmac-blake3", hmac-key = "env:K""#, "algorithm", "hmac-blake3"),
        (r#"algorithm = "hmac-sha256""#, "hmac-key", "needs it"),
        (r#"algorithm = "bcrypt", output = "base64""#, "output", "form of their own"),
        (r#"algorithm = "plaintext", salt = "column""#, "salt", "in clear"),
        (r#"algorithm = "sha256", salt-position = "after""#, "salt", "no salt"),
        (r#"algorithm = "sha256", part = "after-last:""#, "part", "after-last:"),
        (r#"algorithm = "scrypt", log-n = 40, r = 8, p = 1"#, "log-n", "memory"),
        (r#"algorithm = "pbkdf2-sha1", iterations = 4000000000"#, "iterations", "15000000"),
        (r#"algorithm = "sha256", colour = "red""#, "text", "colour"),
        (r#"algorithm = "md5", prehash = "sha257""#, "prehash", "sha257"),
        (r#"algorithm = "md5", prehash = "sha256", part = "first:3""#, "prehash", "belong into"),
        (r#"algorithm = "md5", prehash = "sha256", text = "hex""#, "prehash", "belong into"),
        (r#"algorithm = "md5", prehash = 'algorithm = "bcrypt"'"#, "prehash", "quick"),
        (
            r#"algorithm = "md5", prehash = 'algorithm = "sha1", salt = "column"'"#,
            "prehash",
            "quick",
        ),
        (
            r#"algorithm = "md5", prehash = 'algorithm = "sha1", output = "base64"'"#,
            "prehash",
            "output",
        ),
        (
            r#"algorithm = "md5", prehash = 'algorithm = "sha1", part = "first:0"'"#,
            "prehash",
            "first:0",
        ),
    ];
    for (text, field, says) in refusals {
        let error = text.parse::<Recipe>().expect_err(text);
        assert_eq!(error.field, field, "{text}: {error}");
        assert!(error.message.contains(says), "{text}: {error}");
    }
}

#[test]
fn a_secret_written_where_its_place_belongs_is_not_repeated() {
    let text = r#"algorithm = "hmac-sha256", hmac-key = "canary-0f1e2d""#;
    let error = text.parse::<Recipe>().expect_err("not a reference");
    assert!(!error.to_string().contains("canary"), "{error}");
    assert!("env:A-B".parse::<SecretRef>().is_err() && "env:A_B".parse::<SecretRef>().is_ok());
    assert!(
        "binary-file:".parse::<SecretRef>().is_err()
            && "binary-file:p".parse::<SecretRef>().is_ok()
    );
}

#[test]
fn costs_above_the_ceiling_do_not_run() {
    // Each would take minutes or gigabytes; the test would not end if it were computed.
    for (text, stored) in [
        (r#"algorithm = "bcrypt""#, "$2b$31$RJb4UWb/1EjBFqUY6j5q5eVbrSKEiKYFT/0jyNCqH/U7k5eg7oTLC"),
        (r#"algorithm = "argon2""#, "$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR"),
        (r#"algorithm = "scrypt-phc""#, "$scrypt$ln=40,r=8,p=1$c29tZXNhbHQ$nf65EOgLrQMR"),
        (r#"algorithm = "django""#, "pbkdf2_sha256$4000000000$s$nf65EOgLrQMR"),
        (r#"algorithm = "django""#, "scrypt$1099511627776$s$8$1$nf65EOgLrQMR"),
    ] {
        let recipe: Recipe = text.parse().expect(text);
        assert!(recipe.reads(stored.as_bytes()), "{stored}");
        assert!(!recipe.matches("password", stored.as_bytes(), Inputs::default()), "{stored}");
    }
}

#[test]
fn parts_of_a_key() {
    let of = |rule: &str, key: &'static str| rule.parse::<Part>().expect(rule).of(key);
    assert_eq!(of("after-last:_", "sk_live_x"), Some("x"));
    assert_eq!(of("after-first:_", "sk_live_x"), Some("live_x"));
    assert_eq!(of("before-first:.", "ab.cd.ef"), Some("ab"));
    assert_eq!(of("before-last:.", "ab.cd.ef"), Some("ab.cd"));
    assert_eq!(of("strip-prefix:sk_live_", "sk_live_x"), Some("x"));
    assert_eq!(of("strip-prefix:sk_test_", "sk_live_x"), None);
    assert_eq!(of("split[1]:_", "sk_live_x"), Some("live"));
    assert_eq!(of("split[3]:_", "sk_live_x"), None);
    assert_eq!(of("after-last:::", "a::b:c"), Some("b:c"));
    assert_eq!(of("first:2", "é!"), Some("é"));
    assert_eq!(of("first:1", "é!"), None, "inside a character");
    assert_eq!(of("last:4", "abc"), None);
}

/// Computed with Python: `hashlib.md5(b"salt" + hmac.new(b"k", hashlib.sha1(b"abc").digest(), "sha512").digest())`.
#[test]
fn recipes_stand_one_in_the_other() {
    let inner = r#"algorithm = "hmac-sha512", prehash = 'algorithm = "sha1", part = "after-first:_"', hmac-key = "env:K""#;
    let text = format!("algorithm = \"md5\", prehash = '''{inner}''', salt = \"fixed:salt\"");
    let recipe: Recipe = text.parse().expect("valid");
    let (none, some): ([Option<&[u8]>; 0], _) = ([], [None, Some(b"k".as_slice()), None]);
    let stored = b"0ece7b5fd1b392731b27655f84993199";
    assert!(recipe.matches("x_abc", stored, Inputs::of_secrets(None, &some)));
    assert!(!recipe.matches("x_abd", stored, Inputs::of_secrets(None, &some)));
    assert!(
        !recipe.matches("x_abc", stored, Inputs::of_secrets(None, &none)),
        "a secret is missing"
    );
    let places: Vec<_> = recipe.secret_refs().map(|place| place.map(ToString::to_string)).collect();
    assert_eq!(places, [None, Some("env:K".to_owned()), None]);
    assert_eq!((recipe.speed(), recipe.needs_locator()), (Speed::Fast, false));

    let mut deep = Recipe::of(Algorithm::Digest(Hash::Sha256));
    for depth in 2..=PREHASH_DEPTH + 1 {
        deep = Recipe { prehash: Some(Box::new(deep)), ..Recipe::of(Algorithm::Digest(Hash::Md5)) };
        assert_eq!(deep.check().is_ok(), depth <= PREHASH_DEPTH, "{depth}");
        let read = deep.to_string().parse::<Recipe>();
        assert_eq!(read.is_ok_and(|read| read == deep), depth <= PREHASH_DEPTH, "{depth}");
    }
}

#[test]
fn a_secret_salt_is_the_callers_to_give() {
    let recipe: Recipe =
        r#"algorithm = "sha256", salt = "secret:env:DB_KEY_BASE", salt-position = "after""#
            .parse()
            .expect("valid");
    assert_eq!(recipe.secret_ref(), Some(&secret_ref("env:DB_KEY_BASE")));
    let inputs = Inputs { secret: Some(b"base"), ..Inputs::default() };
    let stored = recipe.encode("key", inputs).expect("secret given");
    assert_eq!(
        *stored,
        *Recipe::of(Algorithm::Digest(Hash::Sha256))
            .encode("keybase", inputs)
            .expect("none needed")
    );
    assert!(recipe.encode("key", Inputs::default()).is_none());
}
