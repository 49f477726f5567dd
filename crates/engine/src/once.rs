//! Doing something at most once, however often it is asked for (the `Idempotency-Key` header).
//!
//! The answer to the first request is kept for a day, in the transaction of its effect, and is the answer to every
//! repetition. It may hold a secret, so it is sealed with a key made from the pepper *and* the caller's own
//! idempotency key, of which only a MAC is stored: neither the database, nor the database with the pepper, opens
//! it. Only a success is kept; what was refused has had no effect and may be tried again.

use oneloop_protocol::{FieldError, Reason, Secret, UnixMillis, WorkspaceId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::actor::Actor;
use crate::engine::{Engine, team_bits};
use crate::error::EngineError;
use crate::seal::Seal;
use crate::store::{IdempotencyRow, Read};
use crate::turn::Turn;

/// How long an answer is kept.
pub(crate) const KEPT: UnixMillis = 24 * 60 * 60 * 1_000;

/// Bytes in an idempotency key.
const LENGTH: std::ops::RangeInclusive<usize> = 1..=255;

/// What the header is called in refusals.
const FIELD: &str = "Idempotency-Key";

/// The name that a caller gave to one intent. Callers are apart: each team, and within it each customer whose page
/// asks with a link token, whichever token that is.
#[derive(Clone, Debug)]
pub struct Once {
    key: Secret,
    customer: Option<(WorkspaceId, String)>,
}

impl Once {
    /// A name as it was sent: 1 to 255 visible ASCII characters.
    pub fn new(key: &str) -> Result<Self, FieldError> {
        if LENGTH.contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Self { key: Secret::new(key), customer: None });
        }
        let message = format!("{FIELD} must be 1 to {} visible ASCII characters", LENGTH.end());
        Err(FieldError::new(FIELD, Reason::IdempotencyKeyInvalid, message))
    }

    /// The same, given by a page of this customer.
    #[must_use]
    pub fn of_customer(self, workspace: WorkspaceId, customer_id: String) -> Self {
        Self { customer: Some((workspace, customer_id)), ..self }
    }
}

/// One request that is to have its effect once.
pub(crate) struct Intent {
    /// Which: a MAC of the caller and the idempotency key.
    tag: [u8; 32],
    /// What exactly was asked for.
    fingerprint: [u8; 32],
    seal: Seal,
}

impl Engine {
    /// The intent behind `actor`'s request of `operation` with this body; `None` if the request has no name, and may
    /// have its effect as often as it is sent.
    pub(crate) fn intent(
        &self,
        actor: &Actor,
        operation: &str,
        body: &impl Serialize,
    ) -> Result<Option<Intent>, EngineError> {
        let Some(Once { key, customer }) = &actor.once else { return Ok(None) };
        let team = team_bits(actor.acting_team()?)?.to_be_bytes();
        // JSON keeps its members apart, whatever stands in them.
        let caller = serde_json::to_vec(customer).map_err(EngineError::internal)?;
        let body = serde_json::to_vec(&(operation, body)).map(Zeroizing::new);
        let body = body.map_err(EngineError::internal)?;
        let (pepper, key) = (self.pepper(), key.expose().as_bytes());
        let tag = pepper.mac(&[b"oneloop idempotency key", &team, &caller, b"\0", key]);
        let fingerprint = pepper.mac(&[b"oneloop idempotent request", &body]);
        let seal = pepper.mac(&[b"oneloop idempotent answer", &tag, key]);
        Ok(Some(Intent { tag, fingerprint, seal: Seal::new(Zeroizing::new(seal)) }))
    }

    /// The answer to the same request before, if there is one that was kept.
    pub(crate) async fn replay<T: DeserializeOwned>(
        &self,
        intent: Option<&Intent>,
    ) -> Result<Option<T>, EngineError> {
        let Some(intent) = intent else { return Ok(None) };
        look_up(self.snapshot().await?.as_mut(), intent, self.now()).await
    }
}

impl Intent {
    /// What is kept of an answer given at `now`.
    pub(crate) fn keep<T: Serialize>(
        &self,
        answer: &T,
        now: UnixMillis,
    ) -> Result<IdempotencyRow, EngineError> {
        let answer =
            serde_json::to_vec(answer).map(Zeroizing::new).map_err(EngineError::internal)?;
        Ok(IdempotencyRow {
            tag: self.tag,
            fingerprint: self.fingerprint,
            answer: self.seal.close(&self.tag, &answer)?,
            expires_at: now.saturating_add(KEPT),
        })
    }

    /// The answer that was kept, if it was to the same request.
    pub(crate) fn answer_in<T: DeserializeOwned>(
        &self,
        row: &IdempotencyRow,
    ) -> Result<T, EngineError> {
        if row.fingerprint != self.fingerprint {
            let message =
                format!("{FIELD} was used for another request; give each request its own");
            let field = Some(FIELD.to_owned());
            return Err(EngineError::conflict(Reason::IdempotencyKeyReused, field, message));
        }
        let answer = self.seal.open(&self.tag, &row.answer);
        let answer = answer.ok_or_else(|| EngineError::internal("a kept answer does not open"))?;
        serde_json::from_slice(&answer).map_err(EngineError::internal)
    }
}

impl Turn<'_> {
    /// [`Engine::replay`], now that nobody else can be quicker.
    pub(crate) async fn replay<T: DeserializeOwned>(
        &mut self,
        intent: Option<&Intent>,
    ) -> Result<Option<T>, EngineError> {
        let Some(intent) = intent else { return Ok(None) };
        let now = self.now();
        look_up(self.store.as_mut(), intent, now).await
    }

    /// Keeps `answer` for repetitions of the request.
    pub(crate) async fn remember<T: Serialize>(
        &mut self,
        intent: Option<&Intent>,
        answer: &T,
    ) -> Result<(), EngineError> {
        let Some(intent) = intent else { return Ok(()) };
        let now = self.now();
        let row = intent.keep(answer, now)?;
        Ok(self.store.put_idempotent_answer(&row, now).await?)
    }
}

async fn look_up<T: DeserializeOwned>(
    store: &mut (impl Read + ?Sized),
    intent: &Intent,
    now: UnixMillis,
) -> Result<Option<T>, EngineError> {
    let row = store.idempotent_answer(&intent.tag).await?.filter(|row| now < row.expires_at);
    row.map(|row| intent.answer_in(&row)).transpose()
}
