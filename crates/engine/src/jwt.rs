//! Signed tokens (endpoints 23 and 24): EdDSA over Ed25519, one key pair a team (RFC 8037).
//!
//! The private key is sealed at rest with a key made from the pepper. A rotation makes a new pair; the former one
//! signs nothing more, its private half is erased, and its public half goes on verifying for as long as a token it
//! signed can live, unless it is revoked.

use std::collections::BTreeMap;

use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use oneloop_protocol::jwt::{
    CreateJwt, DEFAULT_SECONDS, Jwk, Jwks, JwtAnswer, JwtDenied, JwtStatus, JwtVerification,
    Payload, RESERVED, SECONDS_MAX, VerifyJwt,
};
use oneloop_protocol::{Secret, SigningKeyId, TeamId, UnixMillis};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::actor::Actor;
use crate::engine::{Engine, team_bits};
use crate::entropy;
use crate::error::EngineError;
use crate::rate::Counted;
use crate::seal::Seal;
use crate::store::SigningKeyRow;
use crate::teams::known_team;

/// The header of every token (RFC 7515, section 4.1).
#[derive(Serialize, Deserialize)]
struct Header<'a> {
    alg: &'a str,
    typ: &'a str,
    kid: &'a str,
}

/// The algorithm, and the only one: what a token says about it is compared, never obeyed.
const ALGORITHM: &str = "EdDSA";

impl Engine {
    /// Signs a token for the actor's team. The first one makes the team's key pair.
    pub async fn create_jwt(
        &self,
        actor: &Actor,
        body: &CreateJwt,
    ) -> Result<JwtAnswer, EngineError> {
        let now = seconds(self.now());
        body.check(now)?;
        let team = actor.acting_team()?;
        let keys = self.snapshot().await?.signing_keys(team_bits(team)?).await?;
        let key = match keys.into_iter().find(|key| key.retired_at.is_none()) {
            Some(key) => key,
            None => self.first_signing_key(actor).await?,
        };
        let signing = self.unsealed(&key)?;

        let mut claims: BTreeMap<&str, Value> =
            body.payload.iter().map(|(name, value)| (name.as_str(), json!(value))).collect();
        claims.insert("iss", json!(team));
        claims.insert("iat", json!(now));
        claims.insert("exp", json!(body.exp.unwrap_or(now + DEFAULT_SECONDS)));
        if let Some(audience) = &body.aud {
            claims.insert("aud", json!(audience));
        }
        let kid = SigningKeyId::from_bits(key.id);
        let header = Header { alg: ALGORITHM, typ: "JWT", kid: kid.as_str() };
        let signed = format!("{}.{}", part(&header)?, part(&claims)?);
        let signature = signing.sign(signed.as_bytes()).to_bytes();
        let jwt = Secret::new(format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature)));
        Ok(JwtAnswer { jwt })
    }

    /// Verifies a token of `team`. Only one that is otherwise valid counts against the limit.
    pub async fn verify_jwt(
        &self,
        team: &TeamId,
        body: &VerifyJwt,
    ) -> Result<JwtVerification, EngineError> {
        let interval = body.check()?;
        let bits = team_bits(team)?;
        let keys = self.snapshot().await?.signing_keys(bits).await?;
        let now = self.now();
        let presented = body.jwt.expose();
        let presented = presented.strip_prefix("Bearer ").unwrap_or(presented);
        let mut token = match read(presented, &keys, now, body.expected_aud.as_deref()) {
            Ok(token) => token,
            Err(denied) => return Ok(invalid(denied)),
        };
        if let (Some(limit), Some(interval)) = (&body.rate_limit_config, interval) {
            let counted = Counted::Tokens(interval);
            let reading = self.take_named(bits, counted, &limit.id, limit.limit).await?;
            let rate_limit = Some(reading.on_wire(now));
            if !reading.allowed {
                return Ok(JwtVerification { rate_limit, ..invalid(JwtDenied::RateLimited) });
            }
            token.rate_limit = rate_limit;
        }
        Ok(token)
    }

    /// The public keys with which a team's tokens can be verified elsewhere. A team that is not there has none.
    pub async fn jwks(&self, team: &TeamId) -> Result<Jwks, EngineError> {
        let Some(team) = team.bits() else { return Ok(Jwks { keys: Vec::new() }) };
        let now = self.now();
        let keys = self.snapshot().await?.signing_keys(team).await?;
        let keys = keys.iter().filter(|key| key.verifies(now)).map(|key| Jwk {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            alg: ALGORITHM.to_owned(),
            usage: "sig".to_owned(),
            kid: SigningKeyId::from_bits(key.id).as_str().to_owned(),
            x: BASE64URL_NOPAD.encode(&key.public_key),
        });
        Ok(Jwks { keys: keys.collect() })
    }

    /// Makes a new key pair for the actor's team. Tokens of the former one work until they expire, or stop at once
    /// if it is revoked.
    pub async fn rotate_signing_key(
        &self,
        actor: &Actor,
        revoke_old: bool,
    ) -> Result<SigningKeyId, EngineError> {
        self.new_signing_key(actor, revoke_old, true)
            .await
            .map(|key| SigningKeyId::from_bits(key.id))
    }

    /// The team's first key pair, or the one that somebody else was quicker to make.
    async fn first_signing_key(&self, actor: &Actor) -> Result<SigningKeyRow, EngineError> {
        self.new_signing_key(actor, false, false).await
    }

    async fn new_signing_key(
        &self,
        actor: &Actor,
        revoke_old: bool,
        replace: bool,
    ) -> Result<SigningKeyRow, EngineError> {
        let mut turn = self.turn().await?;
        let team = known_team(turn.store.as_mut(), actor.acting_team()?).await?.id;
        let keys = turn.store.signing_keys(team).await?;
        let active = keys.into_iter().find(|key| key.retired_at.is_none());
        if let Some(active) = active.filter(|_| !replace) {
            return Ok(active);
        }
        let now = self.now();
        turn.store.retire_signing_keys(team, now, revoke_old).await?;
        let mut secret = Zeroizing::new([0_u8; 32]);
        entropy::fill(secret.as_mut_slice()).map_err(EngineError::internal)?;
        let id = self.fresh_id(now);
        let row = SigningKeyRow {
            id,
            team,
            public_key: SigningKey::from_bytes(&secret).verifying_key().to_bytes(),
            sealed: Some(self.seal_of(team).close(&id.to_be_bytes(), secret.as_slice())?),
            created_at: now,
            retired_at: None,
        };
        turn.store.insert_signing_key(&row).await?;
        let kid = SigningKeyId::from_bits(id);
        let detail = json!({ "revokeOld": revoke_old });
        let audit = turn.audit(actor, Some(team), "signing_key.created", &kid, detail);
        turn.commit(&[audit], Vec::new()).await?;
        tracing::info!(signing_key.id = %kid, "Created signing key `{kid}`");
        Ok(row)
    }

    fn seal_of(&self, team: u128) -> Seal {
        let key = self.pepper().mac(&[b"oneloop jwt signing key", &team.to_be_bytes()]);
        Seal::new(Zeroizing::new(key))
    }

    fn unsealed(&self, key: &SigningKeyRow) -> Result<SigningKey, EngineError> {
        let sealed = key.sealed.as_deref().unwrap_or_default();
        let secret = self.seal_of(key.team).open(&key.id.to_be_bytes(), sealed);
        let secret: Option<[u8; 32]> = secret.and_then(|secret| secret.as_slice().try_into().ok());
        let secret = secret.map(Zeroizing::new);
        let secret = secret.ok_or_else(|| EngineError::internal("a signing key does not open"))?;
        Ok(SigningKey::from_bytes(&secret))
    }
}

impl SigningKeyRow {
    /// Whether a token that it signed can still be alive.
    fn verifies(&self, now: UnixMillis) -> bool {
        let longest = SECONDS_MAX.saturating_mul(1_000);
        self.retired_at.is_none_or(|at| now < at.saturating_add(longest))
    }
}

/// Reads a token, or says what is wrong with it.
fn read(
    token: &str,
    keys: &[SigningKeyRow],
    now: UnixMillis,
    expected_aud: Option<&str>,
) -> Result<JwtVerification, JwtDenied> {
    let malformed = || JwtDenied::Malformed;
    let (signed, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
    let (header, claims) = signed.split_once('.').ok_or_else(malformed)?;
    let decode = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| malformed());
    let (header, claims, signature) = (decode(header)?, decode(claims)?, decode(signature)?);
    let header: Header<'_> = serde_json::from_slice(&header).map_err(|_| malformed())?;
    if header.alg != ALGORITHM {
        return Err(JwtDenied::Malformed);
    }

    let named = |key: &&SigningKeyRow| SigningKeyId::from_bits(key.id).as_str() == header.kid;
    let key =
        keys.iter().find(named).filter(|key| key.verifies(now)).ok_or(JwtDenied::Signature)?;
    let signature = Signature::from_slice(&signature).map_err(|_| JwtDenied::Signature)?;
    let public_key = VerifyingKey::from_bytes(&key.public_key).map_err(|_| JwtDenied::Signature)?;
    public_key.verify_strict(signed.as_bytes(), &signature).map_err(|_| JwtDenied::Signature)?;

    // From here on it is what we signed.
    let claims: BTreeMap<String, Value> =
        serde_json::from_slice(&claims).map_err(|_| malformed())?;
    let exp = claims.get("exp").and_then(Value::as_i64).ok_or_else(malformed)?;
    if exp <= seconds(now) {
        return Err(JwtDenied::Expired);
    }
    let aud = claims.get("aud").and_then(Value::as_str).map(str::to_owned);
    if expected_aud.is_some() && expected_aud != aud.as_deref() {
        return Err(JwtDenied::Audience);
    }
    let own = |(name, value): (String, Value)| match value {
        Value::String(value) if !RESERVED.contains(&name.as_str()) => Some((name, value)),
        _ => None,
    };
    let payload: Payload = claims.into_iter().filter_map(own).collect();
    Ok(JwtVerification {
        status: JwtStatus::Valid,
        payload,
        aud,
        exp,
        rate_limit: None,
        denied: None,
    })
}

fn invalid(denied: JwtDenied) -> JwtVerification {
    JwtVerification {
        status: JwtStatus::Invalid,
        payload: Payload::new(),
        aud: None,
        exp: 0,
        rate_limit: None,
        denied: Some(denied),
    }
}

/// One third of a token.
fn part(value: &impl Serialize) -> Result<String, EngineError> {
    let json = serde_json::to_vec(value).map_err(EngineError::internal)?;
    Ok(BASE64URL_NOPAD.encode(&json))
}

fn seconds(millis: UnixMillis) -> i64 {
    millis.div_euclid(1_000)
}
