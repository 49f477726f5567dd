//! What the index needs of a key, as the columns have it. Millions are read at a start, so both databases hand them
//! over by place and borrowed, without a row of the driver's in between.

use std::sync::OnceLock;

use oneloop_protocol::UnixMillis;

use super::columns::broken;
use crate::grants::PackedGrants;
use crate::key_entry::{Holder, KeyEntry, KeyExtra, TaggedKey};
use crate::tag::Tag;

/// The columns, in the order of [`Indexed`].
pub(super) const INDEXED: &str = "id, workspace, customer_id, tag, previous_tag, previous_until, \
     grants, metadata, external_meter_id, usage_left IS NOT NULL AS counted, enabled, deleted, expires_at, revision";

/// One row of [`INDEXED`].
pub(super) struct Indexed<'r> {
    pub(super) id: &'r [u8],
    pub(super) workspace: &'r [u8],
    pub(super) customer_id: &'r str,
    pub(super) tag: &'r [u8],
    pub(super) previous_tag: Option<&'r [u8]>,
    pub(super) previous_until: Option<UnixMillis>,
    pub(super) grants: &'r [u8],
    /// JSON.
    pub(super) metadata: Option<&'r str>,
    pub(super) external_meter_id: Option<&'r str>,
    pub(super) counted: bool,
    pub(super) enabled: bool,
    pub(super) deleted: bool,
    pub(super) expires_at: Option<UnixMillis>,
    pub(super) revision: i64,
}

impl Indexed<'_> {
    /// As the index holds it. What cannot be read is an error that names the column.
    pub(super) fn into_key(self) -> Result<TaggedKey, sqlx::Error> {
        let metadata = match self.metadata {
            Some(json) => serde_json::from_str(json).map_err(|error| broken("metadata", error))?,
            None => Default::default(),
        };
        let external_meter_id = self.external_meter_id.map(str::to_owned);
        let previous = self.previous_tag.map(|tag| exactly("previous_tag", tag)).transpose()?;
        let entry = KeyEntry {
            id: u128::from_be_bytes(exactly("id", self.id)?),
            workspace: u128::from_be_bytes(exactly("workspace", self.workspace)?),
            revision: self.revision,
            expires_at: self.expires_at.unwrap_or(UnixMillis::MAX),
            enabled: self.enabled,
            deleted: self.deleted,
            holder: Holder::from_parts(self.customer_id, PackedGrants::whole(self.grants)),
            extra: KeyExtra { metadata, external_meter_id, counted: self.counted }.boxed(),
            live: OnceLock::new(),
        };
        Ok(TaggedKey {
            entry,
            tag: Tag::from_bytes(exactly("tag", self.tag)?),
            previous: previous.map(Tag::from_bytes).zip(self.previous_until),
        })
    }
}

fn exactly<const N: usize>(column: &str, bytes: &[u8]) -> Result<[u8; N], sqlx::Error> {
    bytes.try_into().map_err(|_| broken(column, "has another length than it must have"))
}
