//! The audit log and its chain.

use sqlx::{PgConnection, query};

use super::write::{Bound, column};
use crate::audit_chain::{AuditLine, ChainHead};
use crate::pepper::Pepper;
use crate::store::columns::{Columns, blob};
use crate::store::from_columns::all;
use crate::store::{ChainEnd, StoreError};

/// Adds lines that are tied.
pub(super) async fn insert(
    connection: &mut PgConnection,
    lines: &[AuditLine],
) -> Result<(), StoreError> {
    let insert = query(
        "INSERT INTO audit (seq, at, team, who, action, subject, address, request_id, detail, link)
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::text[], $5::text[],
                              $6::text[], $7::text[], $8::text[], $9::text[], $10::bytea[])",
    );
    bind(insert, lines).execute(connection).await?;
    Ok(())
}

/// Binds lines, an array for each column, as the next parameters of a statement.
pub(super) fn bind<'q>(statement: Bound<'q>, lines: &[AuditLine]) -> Bound<'q> {
    statement
        .bind(column(lines, |line| line.seq))
        .bind(column(lines, |line| line.at))
        .bind(column(lines, |line| line.team.map(blob)))
        .bind(column(lines, |line| line.who.clone()))
        .bind(column(lines, |line| line.action.clone()))
        .bind(column(lines, |line| line.subject.clone()))
        .bind(column(lines, |line| line.address.clone()))
        .bind(column(lines, |line| line.request_id.clone()))
        .bind(column(lines, |line| line.detail.clone()))
        .bind(column(lines, |line| line.link.map(|link| link.as_bytes().to_vec())))
}

/// Ties lines behind `head` that are not yet, `limit` at most; says how many.
pub(super) async fn tie_rest(
    connection: &mut PgConnection,
    head: &mut ChainHead,
    limit: u32,
    pepper: &Pepper,
) -> Result<u64, StoreError> {
    let mut lines = after(connection, head.seq, limit).await?;
    head.tie(&mut lines, pepper);
    query(
        "UPDATE audit SET link = new.link
         FROM unnest($1::bigint[], $2::bytea[]) AS new (seq, link) WHERE audit.seq = new.seq",
    )
    .bind(column(&lines, |line| line.seq))
    .bind(column(&lines, |line| line.link.map(|link| link.as_bytes().to_vec())))
    .execute(connection)
    .await?;
    Ok(lines.len() as u64)
}

pub(super) async fn end(connection: &mut PgConnection) -> Result<ChainEnd, StoreError> {
    let row = query("SELECT audit, tied, link, seal FROM head").fetch_one(connection).await?;
    let columns = Columns(&row);
    Ok(ChainEnd { head: columns.chain_head("tied")?, last: columns.number("audit")? })
}

pub(super) async fn after(
    connection: &mut PgConnection,
    seq: i64,
    limit: u32,
) -> Result<Vec<AuditLine>, StoreError> {
    let lines = query(
        "SELECT seq, at, team, who, action, subject, address, request_id, detail, link
         FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2",
    );
    all(lines.bind(seq).bind(i64::from(limit)).fetch_all(connection).await?)
}
