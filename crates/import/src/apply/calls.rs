//! A server that has only the original one-key endpoint: the same job, call by call.
//!
//! That endpoint takes raw keys and nothing else, so only a table of keys in clear can be brought there, and only
//! if that is asked for by name. A row that is sent again is the same key, so nothing is kept to go on from.

use futures_util::StreamExt;
use futures_util::stream;
use oneloop_migrate::plan::PlannedKey;
use oneloop_protocol::migration::{RowAnswer, RowOutcome};
use oneloop_protocol::{ApiKeyId, IsoTime, MigrateApiKey, Secret, WorkspaceId};
use serde::Deserialize;

use super::client::{Client, ClientError};

/// Calls at once: enough to hide the distance, and few enough for a server that counts them.
pub const AT_ONCE: usize = 8;

/// A key that is brought along in clear.
#[derive(Debug)]
pub struct RawRow {
    /// The row's number.
    pub row: u64,
    /// What is sent.
    pub body: MigrateApiKey,
}

/// The call for a key. `iso` writes a moment; this crate knows no calendar.
pub fn raw_row(
    row: u64,
    workspace: &WorkspaceId,
    key: Secret,
    planned: &PlannedKey,
    iso: impl Fn(i64) -> IsoTime,
) -> RawRow {
    let attributes = &planned.attributes;
    let metadata = (!attributes.metadata.is_empty()).then(|| attributes.metadata.clone());
    RawRow {
        row,
        body: MigrateApiKey {
            key,
            name: attributes.name.clone(),
            workspace_id: workspace.clone(),
            customer_id: attributes.customer_id.clone(),
            enabled: attributes.enabled,
            scopes: attributes.grants.clone(),
            metadata,
            expires_at: attributes.expires_at,
            created_at: attributes.created_at.map(&iso),
            last_used_at: attributes.last_used_at.map(&iso),
            prefix: attributes.prefix.clone(),
        },
    }
}

/// Sends rows, at most [`AT_ONCE`] at a time, and hands their outcomes to `each` as they come.
///
/// # Errors
///
/// The first [`ClientError`] that is about the server and not about a row: no connection, no access.
pub async fn send(
    client: &Client,
    rows: Vec<RawRow>,
    each: &mut dyn FnMut(RowAnswer),
) -> Result<(), ClientError> {
    let mut answers = stream::iter(rows)
        .map(|RawRow { row, body }| async move { (row, one(client, &body).await) })
        .buffer_unordered(AT_ONCE);
    while let Some((row, outcome)) = answers.next().await {
        each(answer(row, outcome)?);
    }
    Ok(())
}

/// All that is read of the answer: other servers send other fields, and the key in clear needs no second copy.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    api_key: MadeKey,
}

#[derive(Deserialize)]
struct MadeKey {
    id: ApiKeyId,
}

async fn one(client: &Client, body: &MigrateApiKey) -> Result<Made, ClientError> {
    client.migrate_one(body).await
}

fn answer(row: u64, outcome: Result<Made, ClientError>) -> Result<RowAnswer, ClientError> {
    match outcome {
        // Whether it was made now or is the same as before, this endpoint does not say.
        Ok(answer) => Ok(RowAnswer::plain(row, RowOutcome::Created, Some(answer.api_key.id))),
        Err(ClientError::Refused { status: 400, reason, message, .. }) => {
            let outcome = match reason.as_deref() {
                Some("exists_different") => RowOutcome::Conflict,
                Some("api_key_deleted") => RowOutcome::DeletedHere,
                _ => RowOutcome::Invalid,
            };
            let plain = RowAnswer::plain(row, outcome, None);
            Ok(RowAnswer { reason, message: Some(message), ..plain })
        }
        Err(error) => Err(error),
    }
}
