//! The key list (endpoint 8): which keys, in which order, a page at a time.

use data_encoding::BASE64URL_NOPAD;
use oneloop_protocol::key_list::fold;
use oneloop_protocol::{
    ApiKey, ApiKeyId, FieldError, KeyStatus, ListKeys, Reason, Sort, UnixMillis,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::api_key::on_wire;
use crate::caller::Reach;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::store::{ApiKeyRow, KeyFilter, KeyPage, Position, ScopeRow, SortValue, TextFilter};
use crate::workspaces::own_workspace;

/// Keys, and where to go on.
#[derive(Clone, Debug)]
pub struct ApiKeyPage {
    /// The keys.
    pub api_keys: Vec<ApiKey>,
    /// What is to be said about pages, if the query asked for them.
    pub paging: Option<Paging>,
}

/// Where a page stands.
#[derive(Clone, Debug)]
pub struct Paging {
    /// Where the next one begins; `None` on the last.
    pub next_cursor: Option<String>,
    /// How many keys the query finds, as of the first page.
    pub total: u64,
}

impl Engine {
    /// The keys within `reach` that `query` asks for; all of them, newest first, if it asks for nothing.
    ///
    /// A page begins where the one before ended, by value and not by count: a key that is created or deleted
    /// between two pages neither repeats nor hides another. The number of all finds is counted for the first
    /// page and then carried along, so a later page costs what it shows.
    pub async fn list_api_keys(
        &self,
        reach: &Reach,
        query: &ListKeys,
    ) -> Result<ApiKeyPage, EngineError> {
        let now = self.now();
        let cursor = query.cursor.as_deref().map(|text| Cursor::read(text, query)).transpose()?;
        let by_use = matches!(query.order(), Sort::LastUsed | Sort::LastUsedDescending);
        if by_use || query.last_used.is_some() {
            self.store().settle_uses().await?;
        }
        let mut store = self.snapshot().await?;
        let workspace = own_workspace(store.as_mut(), &reach.team, &reach.workspace).await?.id;
        let catalogue = store.scopes(Some(workspace)).await?;
        let limit = query.page();
        let Some(filter) = filter(query, reach, workspace, &catalogue, now) else {
            let paging = limit.map(|_| Paging { next_cursor: None, total: 0 });
            return Ok(ApiKeyPage { api_keys: Vec::new(), paging });
        };
        let page = KeyPage {
            sort: Some(query.order()),
            after: cursor.as_ref().map(|cursor| cursor.position.clone()),
            // One more than is shown: whether it is there says whether there is a next page.
            limit: limit.map(|limit| limit + 1),
        };
        let mut rows = store.api_keys(&filter, &page).await?;
        let paging = match limit {
            Some(limit) => {
                let total = match cursor {
                    Some(cursor) => cursor.total,
                    None => store.count_api_keys(&filter).await?,
                };
                Some(Paging { next_cursor: next(&mut rows, limit, query, total), total })
            }
            None => None,
        };
        let api_keys = rows.iter().map(|row| on_wire(row, catalogue.as_slice(), now)).collect();
        Ok(ApiKeyPage { api_keys, paging })
    }
}

/// What the store is asked for; `None` if nothing can be found: a customer or a scope that is not there.
fn filter(
    query: &ListKeys,
    reach: &Reach,
    workspace: u128,
    catalogue: &[ScopeRow],
    now: UnixMillis,
) -> Option<KeyFilter> {
    let customer_id = match (&reach.customer_id, &query.customer_id) {
        (Some(own), Some(asked)) if own != asked => return None,
        (own, asked) => own.clone().or_else(|| asked.clone()),
    };
    let scope = match &query.scope {
        Some(asked) => Some(catalogue.iter().find(|scope| scope.representation == *asked)?.number),
        None => None,
    };
    let text = query.q.as_ref().map(|text| TextFilter {
        exact: text.clone(),
        folded: fold(text).into_owned(),
        id: ApiKeyId::from(text.as_str()).bits(),
    });
    Some(KeyFilter {
        workspace,
        customer_id,
        include_deleted: query.include_deleted || query.status == Some(KeyStatus::Deleted),
        text,
        status: query.status,
        scope,
        last_used: query.last_used,
        now,
    })
}

/// Takes the surplus row away, if it is there, and says where the next page begins.
fn next(rows: &mut Vec<ApiKeyRow>, limit: u32, query: &ListKeys, total: u64) -> Option<String> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if rows.len() <= limit {
        return None;
    }
    rows.truncate(limit);
    let position = position(rows.last()?, query.order());
    Some(Cursor { position, total }.write(query))
}

/// The place of a key in an order.
fn position(row: &ApiKeyRow, sort: Sort) -> Position {
    let value = match sort {
        Sort::Created | Sort::CreatedDescending => SortValue::Id,
        Sort::Name | Sort::NameDescending => SortValue::Name(fold(&row.name).into_owned()),
        Sort::LastUsed | Sort::LastUsedDescending => {
            SortValue::Moment(row.last_used_at.unwrap_or(0))
        }
        Sort::Expires | Sort::ExpiresDescending => {
            SortValue::Moment(row.expires_at.unwrap_or(UnixMillis::MAX))
        }
    };
    Position { value, id: row.id }
}

/// Where a page begins. Opaque to clients, and no secret: it places, it permits nothing.
struct Cursor {
    position: Position,
    total: u64,
}

/// A cursor in text: base64url of this in JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CursorText {
    /// Which query it belongs to.
    query: u64,
    id: ApiKeyId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    moment: Option<UnixMillis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    total: u64,
}

impl Cursor {
    fn write(self, query: &ListKeys) -> String {
        let Self { position: Position { value, id }, total } = self;
        let (moment, name) = match value {
            SortValue::Id => (None, None),
            SortValue::Moment(moment) => (Some(moment), None),
            SortValue::Name(name) => (None, Some(name)),
        };
        let id = ApiKeyId::from_bits(id);
        let text = CursorText { query: fingerprint(query), id, moment, name, total };
        // Numbers and texts: there is nothing in it that could fail to be written.
        BASE64URL_NOPAD.encode(&serde_json::to_vec(&text).unwrap_or_default())
    }

    fn read(text: &str, query: &ListKeys) -> Result<Self, FieldError> {
        let refused = || {
            let message = "cursor is not one that this list handed out for this query";
            FieldError::new("cursor", Reason::InvalidCursor, message)
        };
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| refused())?;
        let text: CursorText = serde_json::from_slice(&bytes).map_err(|_| refused())?;
        let CursorText { query: of, id, moment, name, total } = text;
        let value = match (query.order(), moment, name) {
            (Sort::Created | Sort::CreatedDescending, None, None) => SortValue::Id,
            // What a name never holds, no database must be asked about: PostgreSQL knows no U+0000.
            (Sort::Name | Sort::NameDescending, None, Some(name))
                if !name.contains(char::is_control) =>
            {
                SortValue::Name(name)
            }
            (
                Sort::LastUsed | Sort::LastUsedDescending | Sort::Expires | Sort::ExpiresDescending,
                Some(moment),
                None,
            ) => SortValue::Moment(moment),
            _ => return Err(refused()),
        };
        let id = id.bits().filter(|_| of == fingerprint(query)).ok_or_else(refused)?;
        Ok(Self { position: Position { value, id }, total })
    }
}

/// Tells one query from another, its page apart: a cursor of one order means nothing in another.
fn fingerprint(query: &ListKeys) -> u64 {
    let query = ListKeys { sort: Some(query.order()), ..query.clone() };
    let digest = Sha256::digest(serde_json::to_vec(&query).unwrap_or_default());
    digest.iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}
