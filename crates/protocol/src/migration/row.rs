//! One key on its way, and what makes two of them the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::encoding::{Base64Bytes, Hex32, HexBytes, Words};
use super::set_digest::SetDigest;
use crate::api_key::Metadata;
use crate::error::{FieldError, Reason};
use crate::grant::Access;
use crate::id::ApiKeyId;
use crate::limits;
use crate::mask;
use crate::meter::check_counter;
use crate::time::UnixMillis;

/// One line of a chunk.
///
/// Exactly one of `digest`, `recipeDigest` and `stored` is there. A raw key never is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MigrationRow {
    /// The row's number at its source, from 1: what answers call it.
    pub row: u64,
    /// SHA-256 of the whole key: it is native from the first moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Hex32>,
    /// What the job's recipe makes of the key, decoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe_digest: Option<HexBytes>,
    /// The stored value as it stands in the table, for recipes whose result depends on the row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<Base64Bytes>,
    /// Goes with `stored`: the row's salt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<Base64Bytes>,
    /// Goes with `stored`: the part of the key that leads to the row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locator: Option<String>,
    /// Goes with `recipeDigest` and `stored`: what makes the row the same key; see the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Hex32>,
    /// Its id, if it comes from another installation of this service and is to keep it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ApiKeyId>,
    /// What its holder calls it.
    pub name: String,
    /// Whose it is.
    pub customer_id: String,
    /// What it may do: for each representation the words `create`, `read`, `update`, `delete`, joined by
    /// `+`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scopes: BTreeMap<String, Words>,
    /// Whether it works.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub enabled: bool,
    /// Whether it was deleted at its source.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deleted: bool,
    /// When it stops working; `null` = never. May lie in the past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<UnixMillis>,
    /// When it was created at its source, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<UnixMillis>,
    /// When it was last used at its source, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<UnixMillis>,
    /// Returned by verify.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: Metadata,
    /// The prefix it was minted with, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// What may be shown of the key, if its sender has seen it: at most four of its characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub masked_key: Option<String>,
    /// The meter it is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_meter_id: Option<String>,
    /// How many verifications are left on its own counter; absent = it is not counted. 0 is a key that is
    /// used up, and comes along as that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_usage_left: Option<u64>,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_true(value: &bool) -> bool {
    *value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(value: &bool) -> bool {
    !value
}

/// In which form a row brings its secret.
#[derive(Clone, Copy, Debug)]
pub enum KeyMaterial<'r> {
    /// SHA-256 of the whole key.
    Native(&'r Hex32),
    /// What the recipe makes of the key.
    Recipe(&'r HexBytes),
    /// A stored value that can only be tried.
    Stored(&'r Base64Bytes),
}

/// What makes a row the same key as another: 32 bytes.
pub type RowIdentity = [u8; 32];

impl MigrationRow {
    /// The form in which it brings its secret.
    ///
    /// # Errors
    ///
    /// If there is none or more than one, or what goes with it is missing.
    pub fn material(&self) -> Result<KeyMaterial<'_>, FieldError> {
        let refuse = |field: &'static str, message: &str| {
            Err(FieldError::new(field, Reason::MissingField, format!("{field} {message}")))
        };
        match (&self.digest, &self.recipe_digest, &self.stored) {
            (Some(digest), None, None) => Ok(KeyMaterial::Native(digest)),
            (None, Some(_), None) | (None, None, Some(_)) if self.identity.is_none() => {
                refuse("identity", "is missing; a key under a recipe needs it")
            }
            (None, Some(digest), None) => Ok(KeyMaterial::Recipe(digest)),
            (None, None, Some(_)) if self.locator.as_deref().unwrap_or_default().is_empty() => {
                refuse("locator", "is missing; a stored value is found by it")
            }
            (None, None, Some(stored)) => Ok(KeyMaterial::Stored(stored)),
            _ => refuse("digest", "or recipeDigest or stored must be there, and only one of them"),
        }
    }

    /// What makes it this key.
    pub fn identity(&self) -> Option<&RowIdentity> {
        self.identity.as_ref().or(self.digest.as_ref()).map(|hex| &hex.0)
    }

    /// Checks every field that can be checked without looking anything up.
    pub fn check(&self) -> Result<(), FieldError> {
        self.material()?;
        limits::check_name("name", &self.name)?;
        limits::check_customer_id("customerId", &self.customer_id)?;
        if self.scopes.len() > limits::GRANTS_PER_KEY {
            let (found, most) = (self.scopes.len(), limits::GRANTS_PER_KEY);
            let message = format!("scopes has {found} entries; the limit is {most}");
            return Err(FieldError::new("scopes", Reason::TooManyGrants, message));
        }
        for (field, moment) in [
            ("expiresAt", self.expires_at),
            ("createdAt", self.created_at),
            ("lastUsedAt", self.last_used_at),
        ] {
            moment.map_or(Ok(()), |moment| limits::check_millis(field, moment))?;
        }
        if let Some(prefix) = &self.prefix {
            limits::check_prefix("prefix", prefix)?;
        }
        if let Some(id) = &self.external_meter_id {
            limits::check_external_id("externalMeterId", id)?;
        }
        if let Some(left) = self.total_usage_left {
            check_counter("totalUsageLeft", left.into())?;
        }
        if self.masked_key.as_deref().is_some_and(|mask| !mask::is_mask(mask)) {
            let message = "maskedKey must be a mask: up to 16 letters, digits or _, then ****, then at most \
                           4 characters";
            return Err(FieldError::new("maskedKey", Reason::OutOfRange, message));
        }
        limits::check_metadata("metadata", &self.metadata)
    }

    /// The bytes that stand for this row in a [`SetDigest`]; empty if it brings no secret.
    pub fn canonical(&self) -> Vec<u8> {
        let scopes = self.scopes.iter().map(|(name, words)| (name.as_str(), words.0));
        self.identity().map_or_else(Vec::new, |identity| {
            Attributes {
                name: &self.name,
                customer_id: &self.customer_id,
                enabled: self.enabled,
                expires_at: self.expires_at,
                created_at: self.created_at,
                scopes: scopes.collect(),
                metadata: &self.metadata,
                counted: self.total_usage_left.is_some(),
            }
            .canonical(identity)
        })
    }
}

/// What two sides compare of a key. When it was last used and how much of its counter is left are left out:
/// they move by themselves.
#[derive(Clone, Debug)]
pub struct Attributes<'a> {
    /// What its holder calls it.
    pub name: &'a str,
    /// Whose it is.
    pub customer_id: &'a str,
    /// Whether it works.
    pub enabled: bool,
    /// When it stops working.
    pub expires_at: Option<UnixMillis>,
    /// When it was created, if the source knows.
    pub created_at: Option<UnixMillis>,
    /// What it may do, in order of the representation.
    pub scopes: Vec<(&'a str, Access)>,
    /// Returned by verify.
    pub metadata: &'a Metadata,
    /// Whether its verifications are counted down.
    pub counted: bool,
}

impl Attributes<'_> {
    /// The bytes that stand for a key in a [`SetDigest`]: its identity and every field that is written, each
    /// with its length before it.
    pub fn canonical(&self, identity: &RowIdentity) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        let mut piece = |bytes: &[u8]| {
            out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
            out.extend_from_slice(bytes);
        };
        piece(identity);
        piece(self.name.as_bytes());
        piece(self.customer_id.as_bytes());
        piece(&[u8::from(self.enabled), u8::from(self.counted)]);
        for moment in [self.expires_at, self.created_at] {
            match moment {
                Some(moment) => piece(&moment.to_be_bytes()),
                None => piece(&[]),
            }
        }
        piece(&(self.scopes.len() as u64).to_be_bytes());
        for (representation, access) in &self.scopes {
            piece(representation.as_bytes());
            piece(&[access.bits()]);
        }
        for (key, value) in self.metadata {
            piece(key.as_bytes());
            piece(value.as_bytes());
        }
        out
    }

    /// Adds this key to `digest`. `workspace` separates sets that mean different things.
    pub fn add_to(&self, digest: &mut SetDigest, workspace: &str, identity: &RowIdentity) {
        digest.add(workspace, &self.canonical(identity));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::COUNTER_MAX;

    fn row(json: &str) -> Result<MigrationRow, serde_json::Error> {
        serde_json::from_str(json)
    }

    fn native() -> MigrationRow {
        let digest = "ab".repeat(32);
        row(&format!(r#"{{"row":1,"digest":"{digest}","name":"CI","customerId":"ada"}}"#))
            .expect("valid")
    }

    #[test]
    fn defaults_are_a_working_key_without_end() {
        let row = native();
        assert!(row.enabled && !row.deleted && row.expires_at.is_none() && row.scopes.is_empty());
        assert_eq!(row.check(), Ok(()));
        let text = serde_json::to_string(&row).expect("serialises");
        assert!(!text.contains("enabled"), "a default is not sent: {text}");
    }

    #[test]
    fn rows_come_back_as_they_were_sent() {
        let mut sent = native();
        sent.enabled = false;
        sent.scopes.insert("users".to_owned(), Words(Access::READ.union(Access::DELETE)));
        sent.scopes.insert("logs".to_owned(), Words(Access::NONE));
        sent.metadata.insert("plan".to_owned(), "pro".to_owned());
        let text = serde_json::to_string(&sent).expect("serialises");
        assert!(text.contains(r#""users":"read+delete""#), "{text}");
        assert_eq!(row(&text).expect("valid"), sent);
    }

    #[test]
    fn exactly_one_form_of_secret() {
        let hex = Some(Hex32([1; 32]));
        type Spoil<'a> = &'a dyn Fn(&mut MigrationRow);
        let refusals: [(&str, Spoil<'_>); 6] = [
            ("digest", &|row| row.digest = None),
            ("digest", &|row| row.recipe_digest = Some(HexBytes(vec![1]))),
            ("identity", &|row| {
                (row.digest, row.recipe_digest) = (None, Some(HexBytes(vec![1])));
            }),
            ("locator", &|row| {
                (row.digest, row.identity) = (None, hex);
                row.stored = Some(Base64Bytes(vec![1]));
            }),
            ("maskedKey", &|row| row.masked_key = Some("the whole key".to_owned())),
            ("totalUsageLeft", &|row| row.total_usage_left = Some(COUNTER_MAX + 1)),
        ];
        for (field, spoil) in refusals {
            let mut row = native();
            spoil(&mut row);
            assert_eq!(row.check().expect_err(field).field, field);
        }
    }

    #[test]
    fn that_a_key_is_counted_is_compared_and_how_far_is_not() {
        let left = |left| MigrationRow { total_usage_left: left, ..native() };
        assert_eq!(left(Some(0)).check(), Ok(()), "a key that is used up comes along");
        assert_eq!(left(Some(0)).canonical(), left(Some(COUNTER_MAX)).canonical());
        assert_ne!(left(Some(0)).canonical(), left(None).canonical());
    }

    #[test]
    fn unknown_fields_and_raw_keys_are_refused() {
        let digest = "ab".repeat(32);
        let with = |extra: &str| {
            row(&format!(
                r#"{{"row":1,"digest":"{digest}","name":"CI","customerId":"ada",{extra}}}"#
            ))
        };
        assert!(with(r#""key":"raw""#).is_err());
        assert!(with(r#""colour":"red""#).is_err());
    }

    #[test]
    fn debug_shows_no_digest() {
        let shown = format!("{:?}", native());
        assert!(!shown.contains("abab") && shown.contains("Hex32(…)"), "{shown}");
    }

    #[test]
    fn an_encoding_error_repeats_nothing() {
        for error in [
            "canary".parse::<Hex32>().expect_err("no hex"),
            "canary".parse::<HexBytes>().expect_err("no hex"),
            "canary".parse::<Base64Bytes>().expect_err("no base 64"),
            "canary".parse::<Words>().expect_err("no words"),
        ] {
            assert!(!error.to_string().contains("canary"), "{error}");
        }
    }
}
