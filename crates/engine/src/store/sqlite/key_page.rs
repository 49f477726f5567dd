//! The key list as SQL.

use oneloop_protocol::key_list::{EXPIRING_MILLIS, UNUSED_MILLIS};
use oneloop_protocol::{KeyStatus, LastUsed, Sort, UnixMillis, limits};
use sqlx::{QueryBuilder, Sqlite};

use super::codec::{blob, json};
use crate::store::{KeyFilter, KeyPage, Position, SortValue};

/// The keys that `filter` finds, a stretch of them.
pub(super) fn select(filter: &KeyFilter, page: &KeyPage) -> QueryBuilder<Sqlite> {
    let mut question = QueryBuilder::new("SELECT * FROM api_key WHERE ");
    conditions(&mut question, filter);
    let sort = page.sort.unwrap_or(Sort::CreatedDescending);
    let (column, descending) = (sort_column(sort), sort.is_descending());
    if let Some(Position { value, id }) = &page.after {
        let behind = if descending { " < (" } else { " > (" };
        match value {
            SortValue::Id => {
                question.push(if descending { " AND id < " } else { " AND id > " });
            }
            SortValue::Moment(moment) => {
                question.push(" AND (").push(column).push(", id)").push(behind);
                question.push_bind(*moment).push(", ");
            }
            SortValue::Name(name) => {
                question.push(" AND (").push(column).push(", id)").push(behind);
                question.push_bind(name.clone()).push(", ");
            }
        }
        question.push_bind(blob(*id));
        question.push(if matches!(value, SortValue::Id) { "" } else { ")" });
    }
    let direction = if descending { " DESC" } else { "" };
    question.push(" ORDER BY ");
    if column != "id" {
        question.push(column).push(direction).push(", ");
    }
    question.push("id").push(direction);
    if let Some(limit) = page.limit {
        question.push(" LIMIT ").push_bind(limit);
    }
    question
}

/// How many keys `filter` finds.
pub(super) fn count(filter: &KeyFilter) -> QueryBuilder<Sqlite> {
    let mut question = QueryBuilder::new("SELECT count(*) AS keys FROM api_key WHERE ");
    conditions(&mut question, filter);
    question
}

/// What an order compares. The moments that are not there are those of [`SortValue::Moment`].
fn sort_column(sort: Sort) -> &'static str {
    match sort {
        Sort::Created | Sort::CreatedDescending => "id",
        Sort::Name | Sort::NameDescending => "name_folded",
        Sort::LastUsed | Sort::LastUsedDescending => "coalesce(last_used_at, 0)",
        Sort::Expires | Sort::ExpiresDescending => "coalesce(expires_at, 9223372036854775807)",
    }
}

fn conditions(question: &mut QueryBuilder<Sqlite>, filter: &KeyFilter) {
    question.push("workspace = ").push_bind(blob(filter.workspace));
    if let Some(customer_id) = &filter.customer_id {
        question.push(" AND customer_id = ").push_bind(customer_id.clone());
    }
    if !filter.include_deleted {
        question.push(" AND deleted = 0");
    }
    if let Some(text) = &filter.text {
        question.push(" AND (instr(name_folded, ").push_bind(text.folded.clone());
        question.push(") > 0 OR instr(masked_key, ").push_bind(text.exact.clone()).push(") > 0");
        if let Some(id) = text.id {
            question.push(" OR id = ").push_bind(blob(id));
        }
        question.push(")");
    }
    if let Some(status) = filter.status {
        standing(question, status, filter.now);
    }
    if let Some(scope) = filter.scope {
        // The first condition is quick and may be wrong about where a grant begins; the second is exact.
        let number = scope.to_le_bytes().to_vec();
        question.push(" AND instr(grants, ").push_bind(number.clone()).push(") > 0");
        question.push(" AND EXISTS (SELECT 1 FROM json_each(").push_bind(grant_positions());
        question.push(") WHERE substr(grants, value, 2) = ").push_bind(number);
        question.push(" AND hex(substr(grants, value + 2, 1)) NOT IN ('', '00'))");
    }
    match filter.last_used {
        None => {}
        Some(LastUsed::Never) => {
            question.push(" AND last_used_at IS NULL");
        }
        Some(LastUsed::Unused90Days) => {
            let since = filter.now.saturating_sub(UNUSED_MILLIS);
            question.push(" AND coalesce(last_used_at, created_at) < ").push_bind(since);
        }
    }
}

fn standing(question: &mut QueryBuilder<Sqlite>, status: KeyStatus, now: UnixMillis) {
    let works = " AND deleted = 0 AND enabled = 1 AND coalesce(expires_at, 9223372036854775807) > ";
    match status {
        KeyStatus::Active => {
            question.push(works).push_bind(now);
        }
        KeyStatus::Expiring => {
            question.push(works).push_bind(now);
            let soon = now.saturating_add(EXPIRING_MILLIS);
            question.push(" AND expires_at <= ").push_bind(soon);
        }
        KeyStatus::Expired => {
            question.push(" AND deleted = 0 AND enabled = 1 AND expires_at <= ").push_bind(now);
        }
        KeyStatus::Disabled => {
            question.push(" AND deleted = 0 AND enabled = 0");
        }
        KeyStatus::Rotating => {
            question.push(" AND deleted = 0 AND previous_until > ").push_bind(now);
        }
        KeyStatus::Deleted => {
            question.push(" AND deleted = 1");
        }
    }
}

/// Where a packed grant can begin: every third byte, as often as a key can have grants.
fn grant_positions() -> String {
    json(&(0..limits::GRANTS_PER_KEY).map(|at| 3 * at + 1).collect::<Vec<_>>())
}
