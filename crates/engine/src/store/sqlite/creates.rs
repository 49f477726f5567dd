//! New keys, decided from memory: see `creates.rs` of the engine.

use rusqlite::{Transaction, params};

use crate::audit_chain::{AuditLine, ChainHead, Link};
use crate::index::Revision;
use crate::pepper::Pepper;
use crate::store::columns::blob;
use crate::store::sqlite::bulk::{INSERT_API_KEYS, KeyRows};
use crate::store::{ApiKeyRow, NewAudit, StoreError, Subject, Written};

/// Where the change log ends, and the audit log and its chain.
struct Ends {
    change: Revision,
    audit: i64,
    chain: ChainHead,
}

/// Adds keys if the change log ends at `end`.
pub(super) fn add(
    transaction: &Transaction<'_>,
    end: Revision,
    keys: &[ApiKeyRow],
    audit: &[NewAudit],
    pepper: &Pepper,
) -> Result<Written, StoreError> {
    let Ends { change, audit: last, mut chain } = ends(transaction)?;
    // Lines that are not tied were written by a process of an earlier release meanwhile.
    if change != end || chain.seq < last {
        return Ok(None);
    }
    let mut log = transaction
        .prepare_cached("INSERT INTO change_log (seq, kind, subject) VALUES (?1, ?2, ?3)")?;
    for (seq, key) in (end + 1..).zip(keys) {
        let (kind, subject) = Subject::ApiKey(key.id).parts();
        log.execute(params![seq, kind, blob(subject)])?;
    }
    let numbered: Vec<_> = (end + 1..).zip(keys).collect();
    let KeyRows { lines, ids, teams, workspaces, tags } = KeyRows::of(&numbered);
    transaction
        .prepare_cached(INSERT_API_KEYS)?
        .execute(params![lines, ids, teams, workspaces, tags])?;
    let mut audit: Vec<_> = (last + 1..).zip(audit).map(|(seq, line)| line.numbered(seq)).collect();
    chain.tie(&mut audit, pepper);
    add_audit(transaction, &audit)?;
    transaction
        .prepare_cached("UPDATE audit_head SET seq = ?1, link = ?2, seal = ?3")?
        .execute(params![chain.seq, chain.link.as_bytes(), chain.seal])?;
    let count = Revision::try_from(keys.len()).unwrap_or(Revision::MAX);
    Ok(Some(end + 1..=end + count))
}

fn add_audit(transaction: &Transaction<'_>, lines: &[AuditLine]) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO audit (seq, at, team, who, action, subject, address, request_id, detail, link)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    for line in lines {
        insert.execute(params![
            line.seq,
            line.at,
            line.team.map(blob),
            line.who,
            line.action,
            line.subject,
            line.address,
            line.request_id,
            line.detail,
            line.link.as_ref().map(Link::as_bytes),
        ])?;
    }
    Ok(())
}

fn ends(transaction: &Transaction<'_>) -> rusqlite::Result<Ends> {
    let mut ends = transaction.prepare_cached(
        "SELECT seq, link, seal,
                max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'audit'), 0),
                    coalesce((SELECT max(seq) FROM audit), 0)),
                coalesce((SELECT max(seq) FROM change_log), 0)
         FROM audit_head",
    )?;
    ends.query_row([], |row| {
        let chain =
            ChainHead { seq: row.get(0)?, link: Link::from_bytes(row.get(1)?), seal: row.get(2)? };
        Ok(Ends { chain, audit: row.get(3)?, change: row.get(4)? })
    })
}
