//! Signed tokens: endpoints 23 and 24, and the public keys.

use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::{Value, json};

use crate::app::{NOW, TestApp};

/// `NOW` in the unit of a token.
const SECONDS: i64 = NOW / 1_000;

impl TestApp {
    async fn jwt(&self, body: Value) -> String {
        self.sdk().post("/api/v1/jwt", body).await.succeeded().text_at("/jwt")
    }

    async fn checked(&self, body: Value) -> Value {
        self.sdk().post("/api/v1/jwt/verify", body).await.succeeded().body
    }

    async fn jwks(&self) -> Vec<Value> {
        let path = format!("/.well-known/jwks/{}", self.team);
        let answer = self.anonymous().get(&path).await.succeeded();
        assert_eq!(answer.header("cache-control"), "public, max-age=300");
        answer["keys"].as_array().expect("a list").clone()
    }
}

fn denied(reason: &str) -> Value {
    json!({ "status": "INVALID", "payload": {}, "exp": 0, "denied": reason })
}

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).expect("base64url"))
        .expect("JSON")
}

#[tokio::test]
async fn a_token_is_signed_verified_and_expires() {
    let app = TestApp::new().await;
    let payload = json!({ "sub": "ada", "plan": "pro 🔑" });
    let jwt = app.jwt(json!({ "payload": payload, "aud": "reports" })).await;
    let expected =
        json!({ "status": "VALID", "payload": payload, "aud": "reports", "exp": SECONDS + 3_600 });
    assert_eq!(app.checked(json!({ "jwt": jwt })).await, expected);
    assert_eq!(app.checked(json!({ "jwt": format!("Bearer {jwt}") })).await, expected);
    assert_eq!(app.checked(json!({ "jwt": jwt, "expectedAud": "reports" })).await, expected);
    let other = app.checked(json!({ "jwt": jwt, "expectedAud": "admin" })).await;
    assert_eq!(other, denied("audience"));
    let anyone = app.jwt(json!({ "payload": {}, "exp": SECONDS + 10 })).await;
    assert_eq!(
        app.checked(json!({ "jwt": anyone, "expectedAud": "admin" })).await,
        denied("audience")
    );
    assert_eq!(app.checked(json!({ "jwt": anyone })).await["exp"], SECONDS + 10);
    app.advance(10);
    assert_eq!(app.checked(json!({ "jwt": anyone })).await, denied("expired"));
    app.advance(3_589);
    assert_eq!(app.checked(json!({ "jwt": jwt })).await["status"], "VALID");
    app.advance(1);
    assert_eq!(app.checked(json!({ "jwt": jwt })).await, denied("expired"));
}

/// With nothing of ours: the header, the public key, and Ed25519.
#[tokio::test]
async fn anybody_can_verify_a_token_with_the_published_key() {
    let app = TestApp::new().await;
    assert!(app.jwks().await.is_empty(), "no token, no key");
    let jwt = app.jwt(json!({ "payload": { "sub": "ada" }, "aud": "reports" })).await;
    let (signed, signature) = jwt.rsplit_once('.').expect("three parts");
    let (header, claims) = signed.split_once('.').expect("three parts");
    let (header, claims) = (decoded(header), decoded(claims));
    let keys = app.jwks().await;
    assert_eq!(header, json!({ "alg": "EdDSA", "typ": "JWT", "kid": keys[0]["kid"] }));
    assert_eq!(
        claims,
        json!({ "iss": app.team, "sub": "ada", "aud": "reports", "iat": SECONDS, "exp": SECONDS + 3_600 })
    );
    assert_eq!(keys.len(), 1);
    let fixed =
        ["kty", "crv", "alg", "use"].map(|member| keys[0][member].as_str().expect("a word"));
    assert_eq!(fixed, ["OKP", "Ed25519", "EdDSA", "sig"]);
    assert_eq!(keys[0].as_object().map(serde_json::Map::len), Some(6), "nothing private");

    let x = BASE64URL_NOPAD
        .decode(keys[0]["x"].as_str().expect("a key").as_bytes())
        .expect("base64url");
    let key = VerifyingKey::from_bytes(x.as_slice().try_into().expect("32 bytes")).expect("a key");
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).expect("base64url");
    let signature = Signature::from_slice(&signature).expect("64 bytes");
    key.verify_strict(signed.as_bytes(), &signature).expect("signed by this key");

    let nobody = app.anonymous().get("/.well-known/jwks/tm_nobody").await.succeeded();
    assert_eq!(nobody.body, json!({ "keys": [] }));
}

#[tokio::test]
async fn a_token_that_was_touched_is_invalid() {
    let app = TestApp::new().await;
    let jwt = app.jwt(json!({ "payload": { "role": "reader" } })).await;
    let parts: Vec<_> = jwt.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else { panic!("three parts") };
    let encode = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let mut raised = decoded(claims);
    raised["role"] = json!("admin");
    let unsigned = json!({ "alg": "none", "typ": "JWT", "kid": decoded(header)["kid"] });
    let symmetric = json!({ "alg": "HS256", "typ": "JWT", "kid": decoded(header)["kid"] });
    let nameless = json!({ "alg": "EdDSA", "typ": "JWT", "kid": "jk_0" });
    for (token, reason) in [
        (format!("{header}.{}.{signature}", encode(&raised)), "signature"),
        (format!("{header}.{claims}.{}", BASE64URL_NOPAD.encode(&[0; 64])), "signature"),
        (format!("{header}.{claims}.AAAA"), "signature"),
        (format!("{header}.{claims}."), "signature"),
        (format!("{}.{claims}.{signature}", encode(&nameless)), "signature"),
        (format!("{}.{claims}.", encode(&unsigned)), "malformed"),
        (format!("{}.{claims}.{signature}", encode(&symmetric)), "malformed"),
        (format!("{header}.{claims}"), "malformed"),
        (format!("{jwt}=="), "malformed"),
        (format!("{jwt}.x"), "malformed"),
        (String::new(), "malformed"),
        ("é.é.é".to_owned(), "malformed"),
    ] {
        assert_eq!(app.checked(json!({ "jwt": token })).await, denied(reason), "{token}");
    }
    let theirs = app.rival().post("/api/v1/jwt/verify", json!({ "jwt": jwt })).await.succeeded();
    assert_eq!(theirs.body, denied("signature"), "another team's");
}

#[tokio::test]
async fn a_rotation_refuses_no_live_token_unless_it_revokes() {
    let app = TestApp::new().await;
    let old = app.jwt(json!({ "payload": { "n": "1" } })).await;
    let rotated = app.sdk().send("POST", "/api/v1/jwt/rotate-key", "").await.succeeded();
    let new = app.jwt(json!({ "payload": { "n": "2" } })).await;
    let kid = |jwt: &str| decoded(jwt.split('.').next().expect("a header"))["kid"].clone();
    assert_eq!(kid(&new), rotated["kid"]);
    assert_ne!(kid(&new), kid(&old));
    for (jwt, n) in [(&old, "1"), (&new, "2")] {
        assert_eq!(app.checked(json!({ "jwt": jwt })).await["payload"]["n"], n);
    }
    let kids: Vec<_> = app.jwks().await.iter().map(|key| key["kid"].clone()).collect();
    assert_eq!(kids, [kid(&new), kid(&old)], "the one in use first");

    let revoke = json!({ "revokeOld": true });
    app.sdk().post("/api/v1/jwt/rotate-key", revoke).await.succeeded();
    for jwt in [&old, &new] {
        assert_eq!(app.checked(json!({ "jwt": jwt })).await, denied("signature"));
    }
    assert_eq!(app.jwks().await.len(), 1);
    let last = app.jwt(json!({ "payload": {} })).await;
    assert_eq!(app.checked(json!({ "jwt": last })).await["status"], "VALID");
    let typo = app.sdk().post("/api/v1/jwt/rotate-key", json!({ "revoke": true })).await;
    typo.refused(400, "unknown_field", "revoke");

    // A retired key is forgotten when nothing that it signed can still be alive.
    app.sdk().send("POST", "/api/v1/jwt/rotate-key", "").await.succeeded();
    assert_eq!(app.jwks().await.len(), 2);
    app.advance(366 * 24 * 60 * 60);
    assert_eq!(app.jwks().await.len(), 1);
}

#[tokio::test]
async fn a_limit_counts_valid_tokens_over_its_interval() {
    let app = TestApp::new().await;
    let jwt = app.jwt(json!({ "payload": {}, "exp": SECONDS + 100_000 })).await;
    let limit = |interval: &str| json!({ "id": "reports", "limit": 2, "interval": interval });
    let ask = |jwt: &str, interval: &str| {
        let body = json!({ "jwt": jwt, "rateLimitConfig": limit(interval) });
        let client = app.sdk();
        async move { client.post("/api/v1/jwt/verify", body).await.succeeded().body }
    };
    for _ in 0..5 {
        assert_eq!(ask("x.y.z", "1h").await, denied("malformed"), "counts nothing");
    }
    for remaining in [1, 0] {
        let passed = ask(&jwt, "1h").await;
        assert_eq!(
            (&passed["status"], &passed["rateLimit"]["remaining"]),
            (&json!("VALID"), &json!(remaining))
        );
    }
    let refused = ask(&jwt, "1h").await;
    assert_eq!(
        (&refused["status"], &refused["denied"]),
        (&json!("INVALID"), &json!("rate_limited"))
    );
    assert_eq!(refused["rateLimit"]["resetAt"], NOW + 3_600_000);
    assert_eq!(refused["payload"], json!({}));
    assert_eq!(ask(&jwt, "10s").await["status"], "VALID", "another interval, another bucket");
    app.advance(1_800);
    assert_eq!(ask(&jwt, "1h").await["status"], "VALID");
    assert_eq!(ask(&jwt, "1h").await["status"], "INVALID");
}

#[tokio::test]
async fn what_cannot_be_signed_or_read_is_refused_by_name() {
    let app = TestApp::new().await;
    let sign = |body: Value| {
        let client = app.sdk();
        async move { client.post("/api/v1/jwt", body).await }
    };
    sign(json!({})).await.refused(400, "missing_field", "payload");
    sign(json!({ "payload": { "n": 1 } })).await.refused(400, "invalid_type", "payload.n");
    sign(json!({ "payload": { "iss": "x" } })).await.refused(400, "reserved_claim", "payload.iss");
    let long = json!({ "payload": { "n": "x".repeat(1_025) } });
    sign(long).await.refused(400, "metadata_value_too_long", "payload.n");
    sign(json!({ "payload": {}, "aud": "" })).await.refused(400, "external_id_empty", "aud");
    sign(json!({ "payload": {}, "exp": SECONDS })).await.refused(400, "expires_at_past", "exp");
    sign(json!({ "payload": {}, "exp": NOW })).await.refused(400, "out_of_range", "exp");
    let verify = |more: Value| {
        let mut body = json!({ "jwt": "x" });
        crate::app::merge(&mut body, more);
        let client = app.sdk();
        async move { client.post("/api/v1/jwt/verify", body).await }
    };
    let limit = |limit: u32, interval: &str| json!({ "rateLimitConfig": { "id": "a", "limit": limit, "interval": interval } });
    verify(limit(0, "1s")).await.refused(400, "out_of_range", "rateLimitConfig.limit");
    verify(limit(1, "soon")).await.refused(400, "interval_invalid", "rateLimitConfig.interval");
    verify(json!({ "expectedAud": "" })).await.refused(400, "external_id_empty", "expectedAud");
}
