//! Rows of link tokens. Their lines of the change log are written in `write.rs`.

use oneloop_protocol::UnixMillis;
use sqlx::{PgConnection, query};

use crate::store::columns::{blob, json, tag_blob};
use crate::store::{LinkTokenRow, StoreError};

/// How many expired link tokens one new one clears away: more than one, so that they cannot pile up, and few, so that
/// nothing is slow.
const PURGE: i64 = 16;

pub(super) async fn insert(
    connection: &mut PgConnection,
    token: &LinkTokenRow,
) -> Result<(), StoreError> {
    query(
        "INSERT INTO link_token (id, team, workspace, customer_id, tag, permissions, origins,
                                 external_billing_id, created_at, expires_at, revoked_at,
                                 grantable_scopes, key_policy, minted_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(blob(token.id))
    .bind(blob(token.team))
    .bind(blob(token.workspace))
    .bind(&token.customer_id)
    .bind(tag_blob(&token.tag))
    .bind(i64::from(token.permissions.bits()))
    .bind(json(&token.origins))
    .bind(&token.external_billing_id)
    .bind(token.created_at)
    .bind(token.expires_at)
    .bind(token.revoked_at)
    .bind(token.bounds.grantable_scopes.as_ref().map(json))
    .bind(json(&token.bounds.key_policy))
    .bind(token.minted_by.map(blob))
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn purge(
    connection: &mut PgConnection,
    before: UnixMillis,
) -> Result<(), StoreError> {
    query(
        "DELETE FROM link_token WHERE id IN
             (SELECT id FROM link_token WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
    )
    .bind(before)
    .bind(PURGE)
    .execute(connection)
    .await?;
    Ok(())
}
