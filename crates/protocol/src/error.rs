//! What a refusal says: `{"error":{"code":<HTTP status>,"message":…,"reason":…,"field":…}}`.
//!
//! `code` and `message` are the published shape; Python 0.0.24 needs exactly these two. `reason` and
//! `field` are ours: a program matches the reason, which never changes; the sentence may improve.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The body of every answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// The inside of an [`ErrorBody`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorDetail {
    /// The HTTP status.
    pub code: u16,
    /// One sentence for a person.
    pub message: String,
    /// The stable word for a program. Absent when an upstream wrote the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'static, str>>,
    /// The field at fault, in the request's own spelling (`scopes[2].representation`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// A field that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field, in the request's own spelling.
    pub field: Cow<'static, str>,
    /// Which rule.
    pub reason: Reason,
    /// One sentence that names the field and the limit.
    pub message: String,
}

impl FieldError {
    /// A refusal of `field`.
    pub fn new(field: impl Into<String>, reason: Reason, message: impl Into<String>) -> Self {
        Self { field: Cow::Owned(field.into()), reason, message: message.into() }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for FieldError {}

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $word:literal,)+) => {
        /// Why a request was refused: a stable word that programs may match.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason {
            $($(#[$doc])* $variant,)+
        }

        impl Reason {
            /// Every reason, in the order of this list.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The reason behind a word; `None` for one this version does not know.
            pub fn from_wire(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|reason| reason.as_str() == word)
            }
        }
    };
}

reasons! {
    // 400: the body or the query.
    /// The body is not JSON.
    InvalidJson = "invalid_json",
    /// A required field is missing.
    MissingField = "missing_field",
    /// A field has a value of the wrong type.
    InvalidType = "invalid_type",
    /// A query parameter cannot be read.
    InvalidQuery = "invalid_query",
    /// A cursor is not one that this list handed out for this query.
    InvalidCursor = "invalid_cursor",
    /// A field that this endpoint does not have.
    UnknownField = "unknown_field",
    /// A text contains a control character.
    ControlCharacter = "control_character",
    /// A number is outside its range.
    OutOfRange = "out_of_range",
    /// A name is empty or blank.
    NameEmpty = "name_empty",
    /// A name is too long.
    NameTooLong = "name_too_long",
    /// A customer id is empty.
    CustomerIdEmpty = "customer_id_empty",
    /// A customer id is too long.
    CustomerIdTooLong = "customer_id_too_long",
    /// A meter id chosen by the caller is empty.
    ExternalIdEmpty = "external_id_empty",
    /// A meter id chosen by the caller is too long.
    ExternalIdTooLong = "external_id_too_long",
    /// A scope's representation is empty.
    RepresentationEmpty = "representation_empty",
    /// A scope's representation is too long.
    RepresentationTooLong = "representation_too_long",
    /// A scope's representation contains a character that is not allowed.
    RepresentationInvalid = "representation_invalid",
    /// A description is too long.
    DescriptionTooLong = "description_too_long",
    /// A key prefix is empty.
    PrefixEmpty = "prefix_empty",
    /// A key prefix is too long.
    PrefixTooLong = "prefix_too_long",
    /// A key prefix contains a character that is not allowed.
    PrefixInvalid = "prefix_invalid",
    /// A route is too long.
    RouteTooLong = "route_too_long",
    /// An amount is not a whole number of up to 38 digits.
    AmountInvalid = "amount_invalid",
    /// A migrated key is too short.
    KeyTooShort = "key_too_short",
    /// A migrated key is too long.
    KeyTooLong = "key_too_long",
    /// Too many metadata entries.
    TooManyMetadata = "too_many_metadata",
    /// A metadata key is empty.
    MetadataKeyEmpty = "metadata_key_empty",
    /// A metadata key is too long.
    MetadataKeyTooLong = "metadata_key_too_long",
    /// A metadata value is too long.
    MetadataValueTooLong = "metadata_value_too_long",
    /// An expiry lies in the past.
    ExpiresAtPast = "expires_at_past",
    /// A key must be given an expiry here.
    ExpiryRequired = "expiry_required",
    /// An expiry is nearer than is allowed here.
    ExpiryTooSoon = "expiry_too_soon",
    /// An expiry is further away than is allowed here.
    ExpiryTooLate = "expiry_too_late",
    /// The `Idempotency-Key` header is malformed.
    IdempotencyKeyInvalid = "idempotency_key_invalid",
    /// The `Idempotency-Key` header was used for another request.
    IdempotencyKeyReused = "idempotency_key_reused",
    /// A date cannot be read.
    InvalidDate = "invalid_date",
    /// An entry of an address list is neither an address nor a CIDR block.
    AddressInvalid = "address_invalid",
    /// Too many entries in an address list.
    TooManyAddresses = "too_many_addresses",
    /// An origin is not of the form `scheme://host[:port]`.
    OriginInvalid = "origin_invalid",
    /// Too many origins.
    TooManyOrigins = "too_many_origins",
    /// A claim that the service sets itself.
    ReservedClaim = "reserved_claim",
    /// An interval that cannot be read.
    IntervalInvalid = "interval_invalid",
    /// A word that is not one of a closed list.
    UnknownWord = "unknown_word",
    /// Too many grants on a key, or scopes asked for.
    TooManyGrants = "too_many_grants",
    /// One representation stands twice in one list of grants.
    DuplicateGrant = "duplicate_grant",
    /// A grant names a representation that the workspace does not define.
    UnknownScope = "unknown_scope",
    /// The workspace has this representation already.
    DuplicateScope = "duplicate_scope",
    /// The workspace's scope catalogue is full.
    TooManyScopes = "too_many_scopes",
    /// The key was deleted and cannot change any more.
    ApiKeyDeleted = "api_key_deleted",
    /// The migrated key exists with other attributes.
    ExistsDifferent = "exists_different",
    /// The key has no counter that could be refilled.
    UsageNotLimited = "usage_not_limited",
    /// The migration job is paused.
    MigrationPaused = "migration_paused",
    /// The migration job is finished, or being undone, and takes nothing more.
    MigrationClosed = "migration_closed",
    /// The chunks or rows of the migration job are not as many as its sender believes.
    MigrationIncomplete = "migration_incomplete",
    /// A chunk came before the one it follows.
    ChunkOutOfOrder = "chunk_out_of_order",
    /// A chunk of this number was taken before, with another content.
    ChunkDiffers = "chunk_differs",
    /// A chunk has no rows, or too many.
    RowsOutOfRange = "rows_out_of_range",
    /// A recipe cannot be read, or is not one that this job may have.
    RecipeInvalid = "recipe_invalid",
    /// The recipe needs a secret that this server was not started with.
    SecretNotConfigured = "secret_not_configured",
    /// Both credentials were sent at once.
    TwoCredentials = "two_credentials",

    // 401: who is asking.
    /// No credential was sent.
    NoCredential = "no_credential",
    /// The credential is not known, was revoked or disabled, or is malformed.
    InvalidCredential = "invalid_credential",
    /// The link token has expired or was revoked.
    LinkTokenExpired = "link_token_expired",

    // 403: may they.
    /// The SDK key lacks the right for this.
    RightMissing = "right_missing",
    /// The link token's permissions do not include this.
    PermissionMissing = "permission_missing",
    /// This credential cannot be used for this request at all.
    CredentialNotAccepted = "credential_not_accepted",
    /// The link token speaks for another customer.
    OtherCustomer = "other_customer",
    /// The link token speaks for another workspace.
    OtherWorkspace = "other_workspace",
    /// The link token may not grant this scope, or not with this access.
    ScopeNotGrantable = "scope_not_grantable",
    /// A link token may not set this field.
    FieldNotAllowed = "field_not_allowed",
    /// The link token may not be used from this origin.
    OriginNotAllowed = "origin_not_allowed",
    /// The migration window is open, but not for this address.
    MigrationAddress = "migration_address",

    // 404: not there, or not yours; the caller cannot tell which.
    /// There is no such URL.
    UnknownRoute = "unknown_route",
    /// No such workspace.
    UnknownWorkspace = "unknown_workspace",
    /// No such API key.
    UnknownApiKey = "unknown_api_key",
    /// No such link token.
    UnknownLinkToken = "unknown_link_token",
    /// No such meter.
    UnknownMeter = "unknown_meter",
    /// No such migration job.
    UnknownMigration = "unknown_migration",
    /// No such SDK key.
    UnknownSdkKey = "unknown_sdk_key",
    /// No such team.
    UnknownTeam = "unknown_team",

    // The rest.
    /// The URL exists, but not for this method.
    MethodNotAllowed = "method_not_allowed",
    /// The body is larger than the limit.
    BodyTooLarge = "body_too_large",
    /// The request took too long.
    Timeout = "timeout",
    /// A dependency is down; trying again makes sense.
    Unavailable = "unavailable",
    /// A bug on our side.
    Internal = "internal",
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn reasons_are_distinct_snake_case_words() {
        let words: HashSet<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(words.len(), Reason::ALL.len());
        for word in words {
            assert!(word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{word}");
            assert_eq!(Reason::from_wire(word).map(Reason::as_str), Some(word));
        }
    }
}
