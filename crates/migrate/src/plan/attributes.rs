//! What a key is besides its secret, and how two of them differ.

use oneloop_protocol::api_key::Metadata;
use oneloop_protocol::{ApiKeyId, Grant, UnixMillis};

/// The attributes that are brought along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// What its holder calls it.
    pub name: String,
    /// Whose it is.
    pub customer_id: String,
    /// What it may do, in order of the representation.
    pub grants: Vec<Grant>,
    /// Whether it works.
    pub enabled: bool,
    /// When it stops working; `None` = never.
    pub expires_at: Option<UnixMillis>,
    /// When it was created at its source, if that is known.
    pub created_at: Option<UnixMillis>,
    /// When it was last used at its source, if that is known.
    pub last_used_at: Option<UnixMillis>,
    /// How many verifications are left on its own counter; `None` = it is not counted.
    pub uses_left: Option<u64>,
    /// Returned by verify.
    pub metadata: Metadata,
    /// Whether it was deleted at its source.
    pub deleted: bool,
    /// Its id, if it comes from another Oneloop and keeps it.
    pub id: Option<ApiKeyId>,
    /// The prefix that it was minted with, if that is known.
    pub prefix: Option<String>,
    /// What may be shown of it, if its source knows.
    pub masked_key: Option<String>,
    /// The meter that it is bound to.
    pub external_meter_id: Option<String>,
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldDiff {
    /// Which field, as the API spells it.
    pub field: &'static str,
    /// Its value in the target.
    pub here: String,
    /// Its value in the source.
    pub source: String,
}

impl Attributes {
    /// Where this, from the source, differs from what is `here`.
    ///
    /// `lastUsedAt` is left out: it moves as soon as the key is used here, and so does a counter, of which only
    /// counts whether there is one. `createdAt` counts only if the
    /// source knows it. Grants are compared as sets of bits, whatever their order and ids.
    pub fn diff(&self, here: &Self) -> Vec<FieldDiff> {
        let created = self.created_at.or(here.created_at);
        let pairs = [
            ("name", here.name.clone(), self.name.clone()),
            ("customerId", here.customer_id.clone(), self.customer_id.clone()),
            ("scopes", scopes(&here.grants), scopes(&self.grants)),
            ("enabled", here.enabled.to_string(), self.enabled.to_string()),
            ("deleted", here.deleted.to_string(), self.deleted.to_string()),
            ("expiresAt", moment(here.expires_at), moment(self.expires_at)),
            ("createdAt", moment(here.created_at), moment(created)),
            ("counted", here.uses_left.is_some().to_string(), self.uses_left.is_some().to_string()),
            ("metadata", metadata(&here.metadata), metadata(&self.metadata)),
        ];
        let differ = pairs.into_iter().filter(|(_, here, source)| here != source);
        differ.map(|(field, here, source)| FieldDiff { field, here, source }).collect()
    }
}

fn moment(moment: Option<UnixMillis>) -> String {
    moment.map_or_else(|| "never".to_owned(), |millis| millis.to_string())
}

fn scopes(grants: &[Grant]) -> String {
    let mut words: Vec<String> =
        grants.iter().map(|grant| format!("{}:{}", grant.representation, grant.access())).collect();
    words.sort();
    words.join(" ")
}

fn metadata(metadata: &Metadata) -> String {
    let words: Vec<String> =
        metadata.iter().map(|(key, value)| format!("{key}={value:?}")).collect();
    words.join(" ")
}
