//! The audit log and its chain.

use sqlx::{QueryBuilder, Sqlite, SqliteConnection, query};

use crate::audit_chain::{AuditLine, ChainHead};
use crate::pepper::Pepper;
use crate::store::columns::{Columns, blob, json};
use crate::store::from_columns::all;
use crate::store::{ChainEnd, NewAudit, StoreError};

/// Lines in one INSERT.
const ROWS: usize = 500;

/// Adds lines, tied to those before.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    lines: &[NewAudit],
    pepper: &Pepper,
) -> Result<(), StoreError> {
    if lines.is_empty() {
        return Ok(());
    }
    let ChainEnd { mut head, last } = end(connection).await?;
    if head.seq < last {
        // Written by a process of an earlier release meanwhile.
        head = tie_rest(connection, head, u32::MAX, pepper).await?.0;
    }
    let mut lines: Vec<_> = (last + 1..).zip(lines).map(|(seq, line)| line.numbered(seq)).collect();
    head.tie(&mut lines, pepper);
    for lines in lines.chunks(ROWS) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO audit (seq, at, team, who, action, subject, address, request_id, detail, \
             link) ",
        );
        insert.push_values(lines, |mut row, line| {
            row.push_bind(line.seq)
                .push_bind(line.at)
                .push_bind(line.team.map(blob))
                .push_bind(&line.who)
                .push_bind(&line.action)
                .push_bind(&line.subject)
                .push_bind(&line.address)
                .push_bind(&line.request_id)
                .push_bind(&line.detail)
                .push_bind(line.link.map(|link| link.as_bytes().to_vec()));
        });
        insert.build().execute(&mut *connection).await?;
    }
    put_head(connection, &head).await
}

/// Ties lines that are not yet, `limit` at most; says how many.
pub(super) async fn tie(
    connection: &mut SqliteConnection,
    limit: u32,
    pepper: &Pepper,
) -> Result<u64, StoreError> {
    let ChainEnd { head, last } = end(connection).await?;
    if head.seq >= last {
        return Ok(0);
    }
    let (head, tied) = tie_rest(connection, head, limit, pepper).await?;
    put_head(connection, &head).await?;
    Ok(tied)
}

async fn tie_rest(
    connection: &mut SqliteConnection,
    mut head: ChainHead,
    limit: u32,
    pepper: &Pepper,
) -> Result<(ChainHead, u64), StoreError> {
    let mut lines = after(connection, head.seq, limit).await?;
    head.tie(&mut lines, pepper);
    let links: Vec<_> =
        lines.iter().filter_map(|line| Some((line.seq, hex(line.link?.as_bytes())))).collect();
    query(
        "UPDATE audit SET link = unhex(new.value ->> 1) FROM json_each(?1) AS new
         WHERE audit.seq = new.value ->> 0",
    )
    .bind(json(&links))
    .execute(connection)
    .await?;
    Ok((head, links.len() as u64))
}

async fn put_head(connection: &mut SqliteConnection, head: &ChainHead) -> Result<(), StoreError> {
    query("UPDATE audit_head SET seq = ?1, link = ?2, seal = ?3")
        .bind(head.seq)
        .bind(head.link.as_bytes().to_vec())
        .bind(head.seal.map(|seal| seal.to_vec()))
        .execute(connection)
        .await?;
    Ok(())
}

/// Where the chain ends, and the last number that a line was given: SQLite itself remembers that of a line that is
/// gone.
pub(super) async fn end(connection: &mut SqliteConnection) -> Result<ChainEnd, StoreError> {
    let row = query(
        "SELECT seq, link, seal,
                max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'audit'), 0),
                    coalesce((SELECT max(seq) FROM audit), 0)) AS last
         FROM audit_head",
    )
    .fetch_one(connection)
    .await?;
    let columns = Columns(&row);
    Ok(ChainEnd { head: columns.chain_head("seq")?, last: columns.number("last")? })
}

pub(super) async fn after(
    connection: &mut SqliteConnection,
    seq: i64,
    limit: u32,
) -> Result<Vec<AuditLine>, StoreError> {
    let lines = query("SELECT * FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2");
    all(lines.bind(seq).bind(limit).fetch_all(connection).await?)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
