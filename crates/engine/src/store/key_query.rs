//! The key list as SQL, for every database alike but for a few words.

use oneloop_protocol::key_list::{EXPIRING_MILLIS, UNUSED_MILLIS};
use oneloop_protocol::{KeyStatus, LastUsed, Sort, UnixMillis, limits};

use super::columns::{blob, json};
use super::{KeyFilter, KeyPage, Position, SortValue};

/// What other tables know of a key, as columns of it: the id of the meter that it names, and what is kept of the
/// secret before its last rotation.
macro_rules! beside_key {
    () => {
        "(SELECT meter.id FROM meter
          WHERE meter.workspace = api_key.workspace
            AND meter.external_id = api_key.external_meter_id) AS meter,
         (SELECT replaced_tag.masked_key FROM replaced_tag
          WHERE replaced_tag.tag = api_key.previous_tag) AS previous_masked_key,
         (SELECT replaced_tag.last_used_at FROM replaced_tag
          WHERE replaced_tag.tag = api_key.previous_tag) AS previous_last_used_at"
    };
}
pub(super) use beside_key;

/// A piece of a question: words, or a value that is bound.
pub(super) enum Part {
    Sql(&'static str),
    Text(String),
    Bytes(Vec<u8>),
    Number(i64),
}

/// What databases call by different names.
pub(super) struct Dialect {
    /// Columns of a whole key.
    pub(super) columns: &'static str,
    /// The function that says where one text begins in another, from 1, and 0 for nowhere.
    pub(super) position: &'static str,
    /// That the bytes between these two are somewhere in `grants`: quick, and perhaps wrong about where a grant
    /// begins.
    pub(super) perhaps: (&'static str, &'static str),
    /// That the grant at byte `value` of `grants` is there and allows anything.
    pub(super) allows: &'static str,
    /// The numbers of a JSON list, as `value`, in front of the list and behind it.
    pub(super) each: (&'static str, &'static str),
}

/// Binds the parts of a question, for one database's builder.
macro_rules! build {
    ($parts:expr) => {{
        let mut question = sqlx::QueryBuilder::new("");
        for part in $parts {
            match part {
                $crate::store::key_query::Part::Sql(sql) => question.push(sql),
                $crate::store::key_query::Part::Text(text) => question.push_bind(text),
                $crate::store::key_query::Part::Bytes(bytes) => question.push_bind(bytes),
                $crate::store::key_query::Part::Number(number) => question.push_bind(number),
            };
        }
        question
    }};
}
pub(super) use build;

/// A question that is being put together.
struct Question(Vec<Part>);

impl Question {
    fn sql(&mut self, sql: &'static str) -> &mut Self {
        self.0.push(Part::Sql(sql));
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.0.push(Part::Text(text.to_owned()));
        self
    }

    fn bytes(&mut self, bytes: Vec<u8>) -> &mut Self {
        self.0.push(Part::Bytes(bytes));
        self
    }

    fn number(&mut self, number: i64) -> &mut Self {
        self.0.push(Part::Number(number));
        self
    }
}

/// The keys that `filter` finds, a stretch of them.
pub(super) fn select(dialect: &Dialect, filter: &KeyFilter, page: &KeyPage) -> Vec<Part> {
    let mut question = Question(Vec::new());
    question.sql("SELECT ").sql(dialect.columns).sql(" FROM api_key WHERE ");
    let sort = page.sort.unwrap_or(Sort::CreatedDescending);
    let along_expiry = matches!(sort, Sort::Expires | Sort::ExpiresDescending);
    let along_expiry = along_expiry && filter.customer_id.is_none();
    conditions(&mut question, dialect, filter, along_expiry);
    let (column, descending) =
        (sort_column(sort, filter.customer_id.is_some()), sort.is_descending());
    if let Some(Position { value, id }) = &page.after {
        let behind = if descending { " < " } else { " > " };
        match value {
            SortValue::Id => question.sql(" AND id").sql(behind).bytes(blob(*id)),
            SortValue::Moment(moment) => {
                question.sql(" AND (").sql(column).sql(", id)").sql(behind);
                question.sql("(").number(*moment).sql(", ").bytes(blob(*id)).sql(")")
            }
            SortValue::Name(name) => {
                question.sql(" AND (").sql(column).sql(", id)").sql(behind);
                question.sql("(").text(name).sql(", ").bytes(blob(*id)).sql(")")
            }
        };
    }
    let direction = if descending { " DESC" } else { "" };
    question.sql(" ORDER BY ");
    if column != "id" {
        question.sql(column).sql(direction).sql(", ");
    }
    question.sql("id").sql(direction);
    if let Some(limit) = page.limit {
        question.sql(" LIMIT ").number(limit.into());
    }
    question.0
}

/// How many keys `filter` finds.
pub(super) fn count(dialect: &Dialect, filter: &KeyFilter) -> Vec<Part> {
    let mut question = Question(Vec::new());
    question.sql("SELECT count(*) AS keys FROM api_key WHERE ");
    conditions(&mut question, dialect, filter, filter.customer_id.is_none());
    question.0
}

/// What an order compares. The moments that are not there are those of [`SortValue::Moment`].
///
/// The keys of one customer are found by their owner and then sorted. To go along the index of an order is to go past
/// every key of the workspace, so for them it is written in a way that no index has.
fn sort_column(sort: Sort, of_customer: bool) -> &'static str {
    match (sort, of_customer) {
        (Sort::Created | Sort::CreatedDescending, _) => "id",
        (Sort::Name | Sort::NameDescending, false) => "name_folded",
        (Sort::Name | Sort::NameDescending, true) => "name_folded || ''",
        (Sort::LastUsed | Sort::LastUsedDescending, _) => "coalesce(last_used_at, 0)",
        (Sort::Expires | Sort::ExpiresDescending, false) => {
            "coalesce(expires_at, 9223372036854775807)"
        }
        (Sort::Expires | Sort::ExpiresDescending, true) => {
            "coalesce(expires_at, 9223372036854775807) + 0"
        }
    }
}

/// `along_expiry`: whether the index of expiries is a good way to the keys.
fn conditions(question: &mut Question, dialect: &Dialect, filter: &KeyFilter, along_expiry: bool) {
    question.sql("workspace = ").bytes(blob(filter.workspace));
    if let Some(customer_id) = &filter.customer_id {
        question.sql(" AND customer_id = ").text(customer_id);
    }
    if !filter.include_deleted {
        question.sql(" AND NOT deleted");
    }
    if let Some(text) = &filter.text {
        let position = dialect.position;
        question.sql(" AND (").sql(position).sql("(name_folded, ").text(&text.folded);
        question.sql(") > 0 OR ").sql(position).sql("(masked_key, ").text(&text.exact);
        question.sql(") > 0");
        if let Some(id) = text.id {
            question.sql(" OR id = ").bytes(blob(id));
        }
        question.sql(")");
    }
    if let Some(status) = filter.status {
        standing(question, status, filter.now, along_expiry);
    }
    if let Some(scope) = filter.scope {
        let number = || scope.to_le_bytes().to_vec();
        let (before, behind) = dialect.perhaps;
        question.sql(" AND ").sql(before).bytes(number()).sql(behind);
        let (before, behind) = dialect.each;
        question.sql(" AND EXISTS (SELECT 1 FROM ").sql(before).text(&grant_positions());
        question.sql(behind).sql(" WHERE substr(grants, value, 2) = ");
        question.bytes(number()).sql(" AND ").sql(dialect.allows).sql(")");
    }
    match filter.last_used {
        None => {}
        Some(LastUsed::Never) => {
            question.sql(" AND last_used_at IS NULL");
        }
        Some(LastUsed::Unused90Days) => {
            let since = filter.now.saturating_sub(UNUSED_MILLIS);
            question.sql(" AND coalesce(last_used_at, created_at) < ").number(since);
        }
    }
}

fn standing(question: &mut Question, status: KeyStatus, now: UnixMillis, along_expiry: bool) {
    // Nearly all keys work. In another order than that of the index, SQLite would collect and sort them all for one
    // page; a sum is no longer what the index is of.
    let works = if along_expiry {
        " AND NOT deleted AND enabled AND coalesce(expires_at, 9223372036854775807) > "
    } else {
        " AND NOT deleted AND enabled AND coalesce(expires_at, 9223372036854775807) + 0 > "
    };
    match status {
        KeyStatus::Active => question.sql(works).number(now),
        KeyStatus::Expiring => {
            let soon = now.saturating_add(EXPIRING_MILLIS);
            question.sql(works).number(now).sql(" AND expires_at <= ").number(soon)
        }
        KeyStatus::Expired => {
            question.sql(" AND NOT deleted AND enabled AND expires_at <= ").number(now)
        }
        KeyStatus::Current => {
            let lasts =
                " AND NOT deleted AND (NOT enabled OR coalesce(expires_at, 9223372036854775807) > ";
            question.sql(lasts).number(now).sql(")")
        }
        KeyStatus::Disabled => question.sql(" AND NOT deleted AND NOT enabled"),
        KeyStatus::Rotating => question.sql(" AND NOT deleted AND previous_until > ").number(now),
        KeyStatus::Deleted => question.sql(" AND deleted"),
    };
}

/// Where a packed grant can begin: every third byte, as often as a key can have grants.
fn grant_positions() -> String {
    json(&(0..limits::GRANTS_PER_KEY).map(|at| 3 * at + 1).collect::<Vec<_>>())
}
