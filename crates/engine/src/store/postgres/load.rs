//! Keys as the index holds them, all of them by `COPY`: the server sends rows in its binary form without a message
//! to describe each, and they are read where they lie.
//!
//! The form (PostgreSQL's documentation of COPY, "Binary Format"): a header of 19 bytes and an extension whose length
//! is its last four; then for each row the number of fields in two bytes, and each field with its length in four, −1
//! for NULL; at the end −1 for a number of fields. Integers are big-endian.

use futures_util::TryStreamExt;
use sqlx::PgConnection;

use crate::key_entry::TaggedKey;
use crate::store::StoreError;
use crate::store::columns::broken;
use crate::store::indexed::{INDEXED, Indexed};

/// The fixed part of the header; the extension's length is its end.
const HEADER: usize = 19;

/// Hands every key to `sink`, in an order that suits the server.
pub(super) async fn keys(
    connection: &mut PgConnection,
    sink: &mut (dyn FnMut(TaggedKey) + Send),
) -> Result<(), StoreError> {
    let copy = format!("COPY (SELECT {INDEXED} FROM api_key) TO STDOUT (FORMAT binary)");
    let mut chunks = connection.copy_out_raw(&copy).await?;
    // A server sends row by row, but nothing says that it must.
    let (mut buffer, mut in_rows) = (Vec::new(), false);
    while let Some(chunk) = chunks.try_next().await? {
        buffer.extend_from_slice(&chunk);
        let mut rest = Reader(&buffer);
        if !in_rows {
            let Some(rows) = rest.skip_header() else { continue };
            (rest, in_rows) = (rows, true);
        }
        while let Some((row, after)) = rest.row() {
            let Some(fields) = row else { break };
            let key =
                indexed(&fields).ok_or_else(|| broken("COPY", "has a row of another form"))?;
            sink(key.into_key()?);
            rest = after;
        }
        let read = buffer.len() - rest.0.len();
        buffer.drain(..read);
    }
    Ok(())
}

/// The fields of a row of [`INDEXED`]; NULL is nothing.
type Fields<'b> = [Option<&'b [u8]>; 14];

/// What was sent and is not read yet.
#[derive(Clone, Copy)]
struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn skip_header(mut self) -> Option<Self> {
        let header = self.take(HEADER)?;
        let extension = u32::from_be_bytes(*header.last_chunk()?);
        self.take(usize::try_from(extension).ok()?)?;
        Some(self)
    }

    /// The next row and what is behind it, if all of it is here; no row at the end of rows.
    fn row(mut self) -> Option<(Option<Fields<'b>>, Self)> {
        let count = i16::from_be_bytes(*self.take(2)?.first_chunk()?);
        let Ok(count) = usize::try_from(count) else { return Some((None, self)) };
        let mut fields = Fields::default();
        for at in 0..count {
            let length = i32::from_be_bytes(*self.take(4)?.first_chunk()?);
            let field = usize::try_from(length).ok().map(|length| self.take(length));
            let field = match field {
                Some(None) => return None,
                Some(Some(bytes)) => Some(bytes),
                None => None,
            };
            if let Some(place) = fields.get_mut(at) {
                *place = field;
            }
        }
        // A row of another width is none of ours.
        let fields = if count == fields.len() { fields } else { Fields::default() };
        Some((Some(fields), self))
    }

    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }
}

fn indexed<'b>(fields: &Fields<'b>) -> Option<Indexed<'b>> {
    let text = |bytes: &'b [u8]| std::str::from_utf8(bytes).ok();
    let integer = |bytes: &[u8]| bytes.try_into().ok().map(i64::from_be_bytes);
    let flag = |bytes: &[u8]| <[u8; 1]>::try_from(bytes).ok().map(|[flag]| flag != 0);
    let [
        id,
        workspace,
        customer_id,
        tag,
        previous_tag,
        previous_until,
        grants,
        metadata,
        external_meter_id,
        counted,
        enabled,
        deleted,
        expires_at,
        revision,
    ] = *fields;
    Some(Indexed {
        id: id?,
        workspace: workspace?,
        customer_id: text(customer_id?)?,
        tag: tag?,
        previous_tag,
        previous_until: optional(previous_until, integer)?,
        grants: grants?,
        metadata: optional(metadata, text)?,
        external_meter_id: optional(external_meter_id, text)?,
        counted: flag(counted?)?,
        enabled: flag(enabled?)?,
        deleted: flag(deleted?)?,
        expires_at: optional(expires_at, integer)?,
        revision: integer(revision?)?,
    })
}

/// A field that may be NULL; nothing if it is there and cannot be read.
fn optional<'b, T>(
    field: Option<&'b [u8]>,
    read: impl Fn(&'b [u8]) -> Option<T>,
) -> Option<Option<T>> {
    field.map_or(Some(None), |bytes| read(bytes).map(Some))
}
