//! Values computed by other people's libraries, for one key that looks like the ones in the field.
//!
//! Made with Python 3.11.7 (`hashlib`, `hmac` over OpenSSL), bcrypt 5.0.0, argon2-cffi 25.1.0, blake3 1.0.11,
//! Django 5.2.19 (`get_hasher(name).encode(key, salt)`, with `iterations=2000`, `n=1024`, `memory_cost=128`
//! and `rounds=4` so that the tests are quick).

use oneloop_recipe::{BCRYPT_CUT, Inputs, Recipe, Speed};

const KEY: &str = "ak_live_Zk3v9QpLm2Xw8RtYb5NcJd7H";

fn recipe(text: &str) -> Recipe {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn check(text: &str, stored: &str, inputs: Inputs<'_>) {
    let recipe = recipe(text);
    assert!(recipe.reads(stored.as_bytes()), "{text} reads {stored}");
    assert!(recipe.matches(KEY, stored.as_bytes(), inputs), "{text}");
    assert!(!recipe.matches(&KEY.replace('Z', "z"), stored.as_bytes(), inputs), "{text}");
}

/// `hashlib.new(name, key).hexdigest()`, `hashlib.blake2b(key, digest_size=32)`, `blake3.blake3(key)`.
#[test]
fn digests() {
    let answers = [
        ("md5", "f366a50f6a81f8d948764d76488eaad6"),
        ("sha1", "8e1f99074fde3ecb6b237492f68f01a9bb4eb3f8"),
        ("sha224", "95245c37cf48b742ec2f938597bb811fa762f1eec1d880184a3f2954"),
        ("sha256", "24e839422fb604516ce8f1b1dddac53e2d81aa9ba452241c89d43cc781707757"),
        (
            "sha384",
            "cbd41ae93e0f1251b8f8478b9fe71a994bb567d3d3923ed77483183bdccdf375f72657ce4124843a446c0d72da1dfd7c",
        ),
        (
            "sha512",
            "6d011136105e4b7998764cba65d26eeeb957b32a868099dcb7556d41ef209c88f8e6935a4254db2372ec684e95961ad63da5d741fcfe1382577e0efa506bcfb5",
        ),
        ("sha3-256", "f3ece219ef68aa907b975634ef976d4e7246d5f3ec03cd54d63b24ea93f4498b"),
        (
            "sha3-512",
            "573e339d0f646386a7b56236394c909f26ab3b3d76db416ec5adf2abc21cfc7e9ce3d44e7d84fe091883ebaf704e6c1e9db8b4a0e0bcec19394b38ba451e569e",
        ),
        ("blake2b-256", "fc996e95e12164ed1ff5355afdc67513aa665d6948097211c462943461731ccd"),
        (
            "blake2b-512",
            "dfe8f52c2a5bbb266bbab581b3a6d304bd5421307f7f1722616963d5d02d921b88eda181cf359b5a7dba6281f395dc4ca5815af95d65d36175b085c972ed3ba2",
        ),
        ("blake3", "176a31be97184f125be37463d13c958ce67a29b6f727a622fa6b9181cd9bb5b7"),
    ];
    for (name, stored) in answers {
        check(&format!("algorithm = \"{name}\""), stored, Inputs::default());
    }
}

/// `hmac.new(b"pepper-1", key, name).hexdigest()`.
#[test]
fn hmacs() {
    let answers = [
        ("md5", "6612f92e6da2da8d25396abe35ac45e2"),
        ("sha1", "a99a894564feda0e4357e6e05703f3efb538f6d0"),
        ("sha224", "0031d52fa6a7fc750d99a6aeb05ffb28acd19cf270dc9884a8cce62c"),
        ("sha256", "34793ad3182df5b2974ecb5f1c66347fcc2d3cab0079c87ac6189643ddd7f7d4"),
        (
            "sha384",
            "6a7adce1abb6eb37acd06c1a676c709e7aab83ea3a64e17e2b30b7d9b3bedd013e7e6bccd7ebec06b7d5a43fe7cbe340",
        ),
        (
            "sha512",
            "e1f2e0fe7e267c5c1474e08ba52c421872f1f58ce8518a62b5b85384ee8c613a02240a8b5f699077cb9f0b8d9e83097e16506bfbf205c84508eb4a1dbb91d498",
        ),
        ("sha3-256", "3d1d9f4628bb957e1814c65c7863977d6b950dee5dfacc755bb4668a87c6c764"),
        (
            "sha3-512",
            "57d5cfec96b5362f02cfd724d43a22f5d42b5a73f1447f3ca767e3a2f85ef16432639a9b11d1fd79a52e612f7a4b0a36c83abcaa6cc8483313c2601415603c9b",
        ),
    ];
    for (name, stored) in answers {
        let text = format!("algorithm = \"hmac-{name}\", hmac-key = \"file:pepper\"");
        check(&text, stored, Inputs { secret: Some(b"pepper-1"), ..Inputs::default() });
        assert!(!recipe(&text).matches(KEY, stored.as_bytes(), Inputs::default()), "no key given");
    }
}

/// `hashlib.pbkdf2_hmac(name, key, b"NaCl-7", 1000)` and `hashlib.scrypt(key, salt=b"NaCl-7", n=1024, r=8,
/// p=2, dklen=32)`.
#[test]
fn derivations() {
    let salt = Inputs { salt: Some(b"NaCl-7"), ..Inputs::default() };
    let answers = [
        ("sha1", "GNS51GfH1nFZRwns/otpGxHT9iM="),
        ("sha256", "koereKsS1R/cAM3p6Y8Y82q/e7M68gjwKFLuvvRD9w0="),
        (
            "sha512",
            "ko2AKEP6lY1qvGPST3eImEgSeDs6uHJKlcJSFVTmG+11/jU9GBqYzPL2qtxTP9yD0rIH3Kv9ua732jGmQuHjQg==",
        ),
    ];
    for (name, stored) in answers {
        let text = format!(
            "algorithm = \"pbkdf2-{name}\", iterations = 1000, salt = \"column\", output = \"base64\""
        );
        check(&text, stored, salt);
        assert!(!recipe(&text).matches(KEY, stored.as_bytes(), Inputs::default()), "no salt given");
    }
    check(
        r#"algorithm = "scrypt", log-n = 10, r = 8, p = 2, length = 32, salt = "column""#,
        "847523c99b4a8e4cb737b55431b9e70ecb2ff265b69e5adc2710efcecb3beed5",
        salt,
    );
}

/// `bcrypt.hashpw`, `argon2.PasswordHasher(…).hash`, and `hashlib.scrypt` put into PHC form.
#[test]
fn self_describing_values() {
    check(
        r#"algorithm = "bcrypt""#,
        "$2b$04$RJb4UWb/1EjBFqUY6j5q5eVbrSKEiKYFT/0jyNCqH/U7k5eg7oTLC",
        Inputs::default(),
    );
    for stored in [
        "$argon2id$v=19$m=256,t=2,p=2$a+00rtkCwRzELxAvC2mSGg$LsfiZuBWmJLye5zP+Yra1lclDWYEKyeGrp75TZFPH6s",
        "$argon2d$v=19$m=64,t=1,p=1$3xKei+z5iu8Nsgim9aP/2g$00btHidwaE1ZPDXzVyfAAR8MpH0iZ/9JRErWx9OMuiM",
    ] {
        check(r#"algorithm = "argon2""#, stored, Inputs::default());
    }
    check(
        r#"algorithm = "scrypt-phc""#,
        "$scrypt$ln=10,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$41qSyMHQ46ICAQfJrpEokrdv9dQoDPr6zFHZ1JdyepQ",
        Inputs::default(),
    );
}

#[test]
fn every_encoded_form_of_django() {
    let django = recipe(r#"algorithm = "django""#);
    for stored in [
        "pbkdf2_sha256$2000$seasalt$Ps/+eF5OBMuLhPXW0GGyTVg1UN0CsKMUN7TUhlGTe4w=",
        "pbkdf2_sha1$2000$seasalt2$Ce6Zu0w0vPyoGfnGHGZm2gFTZkQ=",
        "scrypt$1024$seasalt3$8$5$1OuZfF62+YHKPSlN8n6PlBiLD+nSDQTbRhPnidX+r6B82n1lAG4gdhwBr3oexDtnwN65OoeodubLknsL2A8INQ==",
        "argon2$argon2id$v=19$m=128,t=1,p=1$c2Vhc2FsdDQ$/1vkNYMQQXz51EcbDghIBwlnvUcC+y/8X5zYC5Cx3ow",
        "md5$seasalt5$034f5d038bbefefe23d056bf70c53f00",
        "bcrypt$$2b$04$mPjy7KfqRr1//anhBM4Fl.LVxiQQBlgE/EAyw3rzzH8pTPR5u2jj2",
        "bcrypt_sha256$$2b$04$1xvp3lFYep99k4NHW0s9TOD.TTzbYPnXKDK4e91V0cB1phrgiMRGm",
    ] {
        check(r#"algorithm = "django""#, stored, Inputs::default());
        let fast = stored.starts_with("md5$");
        assert_eq!(django.speed_of(stored.as_bytes()) == Speed::Fast, fast, "{stored}");
    }
}

/// `bcrypt.hashpw(b"x" * 72, b"$2b$04$abcdefghijklmnopqrstuu")`; version 5 refuses longer keys, earlier ones
/// and every C implementation cut them.
#[test]
fn bcrypt_sees_72_bytes_and_stops_at_nul() {
    let bcrypt = recipe(r#"algorithm = "bcrypt""#);
    let stored = b"$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i";
    let matches = |key: &str| bcrypt.matches(key, stored, Inputs::default());
    assert!(matches(&"x".repeat(BCRYPT_CUT)));
    assert!(matches(&"x".repeat(BCRYPT_CUT + 8)));
    assert!(!matches(&"x".repeat(BCRYPT_CUT - 1)));
    let short = b"$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe";
    assert!(bcrypt.matches("a\0b", short, Inputs::default()));
    assert!(!bcrypt.matches(
        "a",
        &short.map(|b| if b == b'a' { b'x' } else { b }),
        Inputs::default()
    ));
}

/// knox: 4.2 hashes the bytes behind the hex, 5.1 the text, and versions before 4 append a salt (hex too).
/// Made with `hash_token` of 5.1 and with `hashlib.sha512(bytes.fromhex(token) + bytes.fromhex(salt))`.
#[test]
fn hex_decoded_keys_and_salts() {
    let token = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    let five = b"286f37dd952ff65ef75ffdc183e73b33e111d0d1652c3356e4bc54c714a34df8c3bb4c8d48b799e11e97ff2bd86f4d396bd13e764c81d2be8ead32d47bd8f848";
    let four = b"70611ed00e1fa7da86f17bd15cf384569dd9d342b9810f1d359fd492022d328e1668505db7b1341084b0f06acfeca1f5de473b643544176f97589008693c0f19";
    let three = b"b6758d8330d323998ef058f32b5a7c1542db5861f5f577f481b055714a3a44a3a99e25f963927198c7d8989dec5b8bb0dab1ad18b9af86da46f15a7184c50f04";
    let plain = Inputs::default();
    assert!(recipe(r#"algorithm = "sha512""#).matches(token, five, plain));
    let decoded = recipe(r#"algorithm = "sha512", text = "hex""#);
    assert!(decoded.matches(token, four, plain) && !decoded.matches(token, five, plain));
    let salted = recipe(
        r#"algorithm = "sha512", text = "hex", salt = "column", salt-text = "hex", salt-position = "after""#,
    );
    let salt = |salt| Inputs { salt: Some(salt), ..Inputs::default() };
    assert!(salted.matches(token, three, salt(b"3b1c0a4e5f60718a")));
    assert!(!salted.matches(token, three, salt(b"3b1c0a4e5f60718b")));
    assert!(!salted.matches(token, three, salt(b"not hex")));
}
