//! Known answers from the documents that define each algorithm. `abc`, `Jefe` and `NaCl` are theirs.

use oneloop_recipe::{Hash, Inputs, Recipe};

fn recipe(text: &str) -> Recipe {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn matches(text: &str, key: &str, stored: &str, inputs: Inputs<'_>) {
    let recipe = recipe(text);
    assert!(recipe.matches(key, stored.as_bytes(), inputs), "{text} of {key}");
    assert!(
        !recipe.matches(&format!("{key}x"), stored.as_bytes(), inputs),
        "{text} of another key"
    );
}

fn plain(text: &str, key: &str, stored: &str) {
    matches(text, key, stored, Inputs::default());
}

#[test]
fn md5_of_rfc_1321_appendix_a5() {
    plain(r#"algorithm = "md5""#, "abc", "900150983cd24fb0d6963f7d28e17f72");
    plain(r#"algorithm = "md5""#, "message digest", "f96b697d7cb7938d525a2f31aaf161d0");
}

#[test]
fn sha_1_and_sha_2_of_fips_180() {
    // FIPS 180-2, appendices A.1, B.1, C.1 and D.1; SHA-224: RFC 3874, section 3.1.
    plain(r#"algorithm = "sha1""#, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
    plain(
        r#"algorithm = "sha224""#,
        "abc",
        "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
    );
    plain(
        r#"algorithm = "sha256""#,
        "abc",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    plain(
        r#"algorithm = "sha384""#,
        "abc",
        "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
    );
    plain(
        r#"algorithm = "sha512""#,
        "abc",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    );
}

#[test]
fn sha_3_of_nists_example_values_for_the_empty_message() {
    // NIST, "Cryptographic Standards: Examples with Intermediate Values", SHA3-256_Msg0 and SHA3-512_Msg0.
    plain(
        r#"algorithm = "sha3-256""#,
        "",
        "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a",
    );
    plain(
        r#"algorithm = "sha3-512""#,
        "",
        "a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a615b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e301758586281dcd26",
    );
}

#[test]
fn blake2b_of_rfc_7693_appendix_a() {
    plain(
        r#"algorithm = "blake2b-512""#,
        "abc",
        "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
    );
}

#[test]
fn blake3_of_its_test_vectors() {
    // The BLAKE3 team's test_vectors.json, lengths 0, 1 and 3: bytes counting up from 0.
    let answers = [
        ("", "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"),
        ("\0", "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"),
        ("\0\x01\x02", "e1be4d7a8ab5560aa4199eea339849ba8e293d55ca0a81006726d184519e647f"),
    ];
    for (key, stored) in answers {
        plain(r#"algorithm = "blake3""#, key, stored);
    }
}

#[test]
fn hmac_of_rfc_2202_and_rfc_4231_test_case_2() {
    let answers = [
        ("md5", "750c783e6ab0b503eaa86e310a5db738"),
        ("sha1", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        ("sha224", "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44"),
        ("sha256", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (
            "sha384",
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
        ),
        (
            "sha512",
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
        ),
    ];
    for (hash, stored) in answers {
        let text = format!("algorithm = \"hmac-{hash}\", hmac-key = \"env:JEFE\"");
        let inputs = Inputs { secret: Some(b"Jefe"), ..Inputs::default() };
        matches(&text, "what do ya want for nothing?", stored, inputs);
        let other = Inputs { secret: Some(b"jefe"), ..Inputs::default() };
        assert!(!recipe(&text).matches("what do ya want for nothing?", stored.as_bytes(), other));
    }
}

#[test]
fn pbkdf2_of_rfc_6070_and_rfc_7914() {
    let salt = |salt| Inputs { salt: Some(salt), ..Inputs::default() };
    for (iterations, stored) in [
        (1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"),
        (2, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"),
        (4096, "4b007901b765489abead49d926f721d065a429c1"),
    ] {
        let text =
            format!("algorithm = \"pbkdf2-sha1\", iterations = {iterations}, salt = \"column\"");
        matches(&text, "password", stored, salt(b"salt"));
    }
    // RFC 7914, section 11.
    matches(
        r#"algorithm = "pbkdf2-sha256", iterations = 1, length = 64, salt = "fixed:salt""#,
        "passwd",
        "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783",
        Inputs::default(),
    );
}

#[test]
fn scrypt_of_rfc_7914_section_12() {
    plain(
        r#"algorithm = "scrypt", log-n = 4, r = 1, p = 1, length = 64"#,
        "",
        "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906",
    );
    matches(
        r#"algorithm = "scrypt", log-n = 10, r = 8, p = 16, length = 64, salt = "column""#,
        "password",
        "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640",
        Inputs { salt: Some(b"NaCl"), ..Inputs::default() },
    );
}

#[test]
fn bcrypt_of_jbcrypt_and_of_the_php_manual() {
    // jBCrypt's TestBCrypt.java, where OpenBSD's `$2a$` values come from.
    let bcrypt = r#"algorithm = "bcrypt""#;
    plain(bcrypt, "", "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.");
    plain(bcrypt, "a", "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe");
    // PHP manual, password_verify(), example 1: `$2y$`, as Laravel's Hash::make writes it.
    plain(bcrypt, "rasmuslerdorf", "$2y$07$BCryptRequires22Chrcte/VlQH0piJtjXl.0t1XkA8pw9dMXTpOq");
}

#[test]
fn argon2_of_the_reference_implementations_test_c() {
    // phc-winner-argon2, src/test.c: `password`, `somesalt`, t = 2, m = 2^8, p = 1.
    let argon2 = r#"algorithm = "argon2""#;
    plain(
        argon2,
        "password",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    );
    plain(
        argon2,
        "password",
        "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
    );
    // Version 1.0, whose strings have no `v=`.
    plain(
        argon2,
        "password",
        "$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY",
    );
}

#[test]
fn scrypt_phc_of_passlibs_form() {
    // The example of RustCrypto's `scrypt` documentation, also what Python's hashlib computes for it.
    plain(
        r#"algorithm = "scrypt-phc""#,
        "password",
        "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
    );
}

#[test]
fn every_hash_yields_the_length_it_claims() {
    for hash in Hash::ALL {
        assert_eq!(hash.digest(&[b"abc"]).len(), hash.bytes(), "{}", hash.name());
        assert_eq!(*hash.digest(&[b"a", b"", b"bc"]), *hash.digest(&[b"abc"]), "{}", hash.name());
    }
}
