//! The words that stand in a row's report. Programs match them: they never change.

macro_rules! codes {
    ($($(#[doc = $meaning:literal])* $variant:ident = $word:literal,)+) => {
        /// What became of a row, or what is to be said of it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $($(#[doc = $meaning])* $variant,)+ }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word in a report.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// What it means, in a sentence or two for the people who read the report.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($meaning),*).trim_ascii(),)+ }
            }
        }
    };
}

codes! {
    // Outcomes that apply.
    /// The key will be created.
    Create = "create",
    /// The key is here and differs: it will be made as it is in the source.
    Update = "update",
    // Outcomes that change nothing.
    /// The key is here, and the same.
    Unchanged = "unchanged",
    /// The key is here and differs; by policy it stays as it is here.
    Conflict = "conflict",
    /// The key is here and differs, and by policy that stops the plan.
    ConflictFails = "conflict_fails",
    /// An earlier row has the same key.
    DuplicateInInput = "duplicate_in_input",
    // Outcomes or notes, by policy.
    /// It expired at its source: imported as expired, or left behind.
    ExpiredAtSource = "expired_at_source",
    /// It was revoked at its source: imported as disabled, or left behind.
    RevokedAtSource = "revoked_at_source",
    /// It was deleted at its source: imported as deleted, or left behind.
    DeletedAtSource = "deleted_at_source",
    /// It can be guessed: refused below 80 bits, noted below 128.
    WeakSecret = "weak_secret",
    // Refusals.
    /// The row has no key.
    KeyMissing = "key_missing",
    /// The stored value is not written as the recipe says.
    BadEncoding = "bad_encoding",
    /// The key is shorter than a key may be.
    TooShort = "too_short",
    /// The key is longer than a key may be.
    TooLong = "too_long",
    /// The recipe needs the row's salt, and it is missing or of another encoding.
    BadSalt = "bad_salt",
    /// The key can only be found by its locator, and the row has none.
    LocatorMissing = "locator_missing",
    /// The row belongs to nobody.
    OwnerMissing = "owner_missing",
    /// The owner cannot be a customer id.
    OwnerInvalid = "owner_invalid",
    /// A date is not written as its format says.
    InvalidDate = "invalid_date",
    /// A flag is neither yes nor no.
    InvalidFlag = "invalid_flag",
    /// How many uses are left is no whole number that a counter can hold.
    InvalidNumber = "invalid_number",
    /// The id is none of a key of another Oneloop.
    InvalidId = "invalid_id",
    /// The prefix cannot be one.
    InvalidPrefix = "invalid_prefix",
    /// The meter cannot be called so.
    InvalidMeter = "invalid_meter",
    /// The metadata is no JSON object, or breaks a limit.
    InvalidMetadata = "invalid_metadata",
    /// The permissions are not written as their format says. Stops the plan.
    BadPermissions = "bad_permissions",
    /// A permission that the mapping does not know. Stops the plan.
    UnknownPermission = "unknown_permission",
    /// More grants than a key may have.
    TooManyGrants = "too_many_grants",
    // Notes.
    /// The name came out empty: the row's id takes its place.
    NameEmpty = "name_empty",
    /// The name was cut or cleaned to fit.
    NameChanged = "name_changed",
}

impl Code {
    /// Whether a row of this outcome keeps the plan from being applied. Permissions stop it because leaving
    /// one out quietly would change what a caller may do.
    pub fn stops(self) -> bool {
        matches!(self, Self::ConflictFails | Self::BadPermissions | Self::UnknownPermission)
    }

    /// Whether a row of this outcome became no key though nobody decided so: neither by policy, nor because
    /// another row has the same key.
    pub fn refuses(self) -> bool {
        !matches!(
            self,
            Self::Create
                | Self::Update
                | Self::Unchanged
                | Self::Conflict
                | Self::DuplicateInInput
                | Self::ExpiredAtSource
                | Self::RevokedAtSource
                | Self::DeletedAtSource
        )
    }
}
