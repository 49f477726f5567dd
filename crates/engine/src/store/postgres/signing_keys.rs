//! The key pairs that sign a team's JWTs.

use oneloop_protocol::UnixMillis;
use sqlx::{PgConnection, query};

use crate::store::columns::blob;
use crate::store::from_columns::all;
use crate::store::{SigningKeyRow, StoreError};

pub(super) async fn read(
    connection: &mut PgConnection,
    team: u128,
) -> Result<Vec<SigningKeyRow>, StoreError> {
    let keys = query(
        "SELECT id, team, public_key, sealed, created_at, retired_at FROM signing_key
         WHERE team = $1 ORDER BY id DESC",
    );
    all(keys.bind(blob(team)).fetch_all(connection).await?)
}

pub(super) async fn insert(
    connection: &mut PgConnection,
    key: &SigningKeyRow,
) -> Result<(), StoreError> {
    query(
        "INSERT INTO signing_key (id, team, public_key, sealed, created_at, retired_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(blob(key.id))
    .bind(blob(key.team))
    .bind(key.public_key.to_vec())
    .bind(&key.sealed)
    .bind(key.created_at)
    .bind(key.retired_at)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn retire(
    connection: &mut PgConnection,
    team: u128,
    at: UnixMillis,
    revoke: bool,
) -> Result<(), StoreError> {
    query(
        "UPDATE signing_key SET sealed = NULL, retired_at = $2
         WHERE team = $1 AND retired_at IS NULL",
    )
    .bind(blob(team))
    .bind(at)
    .execute(&mut *connection)
    .await?;
    if revoke {
        query("DELETE FROM signing_key WHERE team = $1 AND retired_at IS NOT NULL")
            .bind(blob(team))
            .execute(connection)
            .await?;
    }
    Ok(())
}
