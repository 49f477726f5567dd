//! New keys, decided from memory, in one statement: see `creates.rs` of the engine.
//!
//! The statement moves the head first, as every writer does, but only if it stands where it was known to; everything
//! else in it depends on that. So it is the lock, the questions, the changes and the commit in one.

use std::sync::{Mutex, PoisonError};

use sqlx::{PgPool, query};

use super::audit;
use super::listener::CHANNEL;
use super::transaction::Head;
use super::write::{bind_keys, key_arrays, key_columns};
use crate::index::Revision;
use crate::pepper::Pepper;
use crate::store::{ApiKeyRow, NewAudit, StoreError, Subject, Written};

/// At READ COMMITTED an update that waited for another writer looks at the row again: then nothing is moved, and
/// nothing is added.
const ADD_KEYS: &str = concat!(
    "WITH moved AS (
         UPDATE head SET change = $36, audit = $37, tied = $37, link = $38, seal = $39
         WHERE change = $40 AND audit = $41 AND tied = $41 AND link = $42
         RETURNING one
     ), logged AS (
         INSERT INTO change_log (seq, kind, subject)
         SELECT seq, $25, subject FROM moved, unnest($1::bigint[], $2::bytea[]) AS line (seq, subject)
     ), added AS (
         INSERT INTO api_key (",
    key_columns!(),
    ")   SELECT ",
    key_columns!(),
    "    FROM moved, ",
    key_arrays!(),
    "), noted AS (
         INSERT INTO audit (seq, at, team, who, action, subject, address, request_id, detail, link)
         SELECT line.* FROM moved,
             unnest($26::bigint[], $27::bigint[], $28::bytea[], $29::text[], $30::text[],
                    $31::text[], $32::text[], $33::text[], $34::text[], $35::bytea[]) AS line
     )
     SELECT pg_notify($43, $44) FROM moved"
);

/// Where the head stood after this node's last statement of this kind.
#[derive(Default)]
pub(super) struct KnownHead(Mutex<Option<Head>>);

impl KnownHead {
    fn replace(&self, head: Option<Head>) -> Option<Head> {
        std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), head)
    }

    /// Adds keys if the change log ends at `end`; the other nodes hear `own_word`.
    pub(super) async fn add_keys(
        &self,
        writers: &PgPool,
        end: Revision,
        keys: &[ApiKeyRow],
        audit: &[NewAudit],
        pepper: &Pepper,
        own_word: &str,
    ) -> Result<Written, StoreError> {
        let known = self.replace(None).filter(|head| head.change == end);
        if let Some(head) = known
            && let Some(moved) = add_keys(writers, head, keys, audit, pepper, own_word).await?
        {
            self.replace(Some(moved));
            return Ok(Some(end + 1..=moved.change));
        }
        // A line of the audit log alone moves the head, too, and is no reason to decide anew.
        let head = query("SELECT change, audit, tied, link, seal FROM head");
        let head = Head::of(&head.fetch_one(writers).await?)?;
        if head.change != end {
            return Ok(None);
        }
        let Some(moved) = add_keys(writers, head, keys, audit, pepper, own_word).await? else {
            return Ok(None);
        };
        self.replace(Some(moved));
        Ok(Some(end + 1..=moved.change))
    }
}

/// Adds keys if the head stands at `head`; says where it stands then.
async fn add_keys(
    writers: &PgPool,
    head: Head,
    keys: &[ApiKeyRow],
    audit: &[NewAudit],
    pepper: &Pepper,
    own_word: &str,
) -> Result<Option<Head>, StoreError> {
    if head.chain.seq < head.audit {
        // Written by a node of an earlier release meanwhile: whoever writes next in the ordinary way ties that.
        return Ok(None);
    }
    let Head { change, audit: last, mut chain } = head;
    let revisions: Vec<_> = (change + 1..).take(keys.len()).collect();
    let mut lines: Vec<_> = (last + 1..).zip(audit).map(|(seq, line)| line.numbered(seq)).collect();
    chain.tie(&mut lines, pepper);
    let moved =
        Head { change: revisions.last().copied().unwrap_or(change), audit: chain.seq, chain };
    let add = bind_keys(query(ADD_KEYS), keys, &revisions).bind(Subject::ApiKey(0).parts().0);
    let added = audit::bind(add, &lines)
        .bind(moved.change)
        .bind(moved.audit)
        .bind(chain.link.as_bytes().to_vec())
        .bind(chain.seal.map(|seal| seal.to_vec()))
        .bind(change)
        .bind(last)
        .bind(head.chain.link.as_bytes().to_vec())
        .bind(CHANNEL)
        .bind(own_word)
        .fetch_optional(writers)
        .await?;
    Ok(added.map(|_| moved))
}
