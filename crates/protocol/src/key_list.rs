//! The query of the key list (endpoint 8). The original has none; every parameter is our addition, and without
//! any the answer is everything, as the original's.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::error::{FieldError, Reason};
use crate::limits;

/// Keys on one page.
pub const LIMIT: std::ops::RangeInclusive<u32> = 1..=1_000;
/// Keys on a page when a cursor is given and no limit.
pub const DEFAULT_LIMIT: u32 = 100;
/// Characters in a text that is searched for.
pub const TEXT: std::ops::RangeInclusive<usize> = 1..=255;
/// A key that ends within this many milliseconds from now is expiring: 7 days.
pub const EXPIRING_MILLIS: i64 = 7 * 24 * 60 * 60 * 1_000;
/// A key that was not used for this many milliseconds counts as unused: 90 days.
pub const UNUSED_MILLIS: i64 = 90 * 24 * 60 * 60 * 1_000;

// `tt`: a `literal` reaches the derived schema in wrapping that hides it, and the document would name the variants.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:tt,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum $name {
            $($(#[$of])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every one of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            fn read(field: &'static str, word: &str) -> Result<Self, FieldError> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word).ok_or_else(|| {
                    let words: Vec<_> = Self::ALL.iter().map(|known| known.as_str()).collect();
                    let message = format!("{field} must be one of {}", words.join(", "));
                    FieldError::new(field, Reason::InvalidQuery, message)
                })
            }
        }
    };
}

words! {
    /// How a key stands at the moment of the question.
    KeyStatus {
        /// It works: switched on, not over, not deleted.
        Active = "active",
        /// It works, and ends within [`EXPIRING_MILLIS`].
        Expiring = "expiring",
        /// Its time is over.
        Expired = "expired",
        /// Anything but expired and deleted: what a person goes on working with.
        Current = "current",
        /// It is switched off.
        Disabled = "disabled",
        /// The secret before its last rotation goes on working.
        Rotating = "rotating",
        /// It was deleted.
        Deleted = "deleted",
    }
}

words! {
    /// Which keys are hardly used.
    LastUsed {
        /// Never used.
        Never = "never",
        /// Not used for [`UNUSED_MILLIS`]; never used counts from the key's creation.
        Unused90Days = "unused90d",
    }
}

words! {
    /// The order. `-` in front means the greatest first.
    Sort {
        /// Oldest first.
        Created = "created",
        /// Newest first; the order of a list that was not asked for another.
        CreatedDescending = "-created",
        /// By name, letter case aside.
        Name = "name",
        /// By name, backwards.
        NameDescending = "-name",
        /// Never used first, then the longest unused.
        LastUsed = "lastUsed",
        /// The most recently used first.
        LastUsedDescending = "-lastUsed",
        /// The next to end first, and those that never end last.
        Expires = "expires",
        /// Those that never end first.
        ExpiresDescending = "-expires",
    }
}

impl Sort {
    /// Whether the greatest comes first.
    pub fn is_descending(self) -> bool {
        self.as_str().starts_with('-')
    }
}

/// What the list is asked for. All conditions hold at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(rename_all = "camelCase")]
pub struct ListKeys {
    /// Keys on a page.
    #[serde(skip)]
    pub limit: Option<u32>,
    /// Where the page before ended.
    #[serde(skip)]
    pub cursor: Option<String>,
    /// Part of the name (letter case aside), of the masked key, or a whole key id.
    pub q: Option<String>,
    /// How they stand.
    #[cfg_attr(feature = "openapi", param(inline))]
    pub status: Option<KeyStatus>,
    /// A representation that they are granted, with whatever access.
    pub scope: Option<String>,
    /// Whose they are.
    pub customer_id: Option<String>,
    /// Hardly used ones only.
    #[cfg_attr(feature = "openapi", param(inline))]
    pub last_used: Option<LastUsed>,
    /// The order.
    #[cfg_attr(feature = "openapi", param(inline))]
    pub sort: Option<Sort>,
    /// Whether deleted keys are in it, too.
    #[cfg_attr(feature = "openapi", param(required = false))]
    pub include_deleted: bool,
}

impl ListKeys {
    /// Reads the decoded pairs of a query string. Names it does not know are ignored, as on every original
    /// endpoint; when one stands twice, the last one counts; an empty value is none.
    pub fn read<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, FieldError> {
        let mut query = Self::default();
        for (name, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
            match name {
                "limit" => query.limit = Some(read_limit(value)?),
                "cursor" => query.cursor = Some(value.to_owned()),
                "q" => query.q = Some(read_text("q", value)?),
                "status" => query.status = Some(KeyStatus::read("status", value)?),
                "scope" => query.scope = Some(read_text("scope", value)?),
                "customerId" => {
                    limits::check_customer_id("customerId", value)?;
                    query.customer_id = Some(value.to_owned());
                }
                "lastUsed" => query.last_used = Some(LastUsed::read("lastUsed", value)?),
                "sort" => query.sort = Some(Sort::read("sort", value)?),
                "includeDeleted" => query.include_deleted = read_flag("includeDeleted", value)?,
                _ => {}
            }
        }
        Ok(query)
    }

    /// Keys on a page, if the list comes in pages.
    pub fn page(&self) -> Option<u32> {
        self.limit.or(self.cursor.as_ref().map(|_| DEFAULT_LIMIT))
    }

    /// The order, chosen or usual.
    pub fn order(&self) -> Sort {
        self.sort.unwrap_or(Sort::CreatedDescending)
    }
}

fn read_limit(value: &str) -> Result<u32, FieldError> {
    value.parse().ok().filter(|limit| LIMIT.contains(limit)).ok_or_else(|| {
        let message =
            format!("limit must be a whole number from {} to {}", LIMIT.start(), LIMIT.end());
        FieldError::new("limit", Reason::InvalidQuery, message)
    })
}

fn read_text(field: &'static str, value: &str) -> Result<String, FieldError> {
    limits::check_text(field, value, &TEXT, Reason::InvalidQuery, Reason::InvalidQuery)?;
    Ok(value.to_owned())
}

fn read_flag(field: &'static str, value: &str) -> Result<bool, FieldError> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => {
            let message = format!("{field} must be true or false");
            Err(FieldError::new(field, Reason::InvalidQuery, message))
        }
    }
}

/// A text as searches and sorting by name see it: letter case aside.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_uppercase) {
        Cow::Owned(text.to_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<ListKeys, (String, Reason)> {
        let read = ListKeys::read(pairs.iter().copied());
        read.map_err(|error| (error.field.into_owned(), error.reason))
    }

    #[test]
    fn every_word_is_read_and_no_other() {
        for status in KeyStatus::ALL {
            let query = read(&[("status", status.as_str())]).expect("known");
            assert_eq!(query.status, Some(*status));
        }
        for sort in Sort::ALL {
            assert_eq!(read(&[("sort", sort.as_str())]).expect("known").order(), *sort);
        }
        for last_used in LastUsed::ALL {
            let query = read(&[("lastUsed", last_used.as_str())]).expect("known");
            assert_eq!(query.last_used, Some(*last_used));
        }
        for field in ["status", "sort", "lastUsed", "includeDeleted", "limit"] {
            for bad in ["ACTIVE", "0", "-1", "1001", "yes", " "] {
                let refused = read(&[(field, bad)]).expect_err(field);
                assert_eq!(refused, (field.to_owned(), Reason::InvalidQuery));
            }
        }
    }

    #[test]
    fn nothing_is_everything_and_a_cursor_alone_pages() {
        assert_eq!(read(&[]).expect("empty").page(), None);
        assert_eq!(read(&[("q", ""), ("unknown", "x")]).expect("ignored"), ListKeys::default());
        assert_eq!(read(&[("cursor", "x")]).expect("a cursor").page(), Some(DEFAULT_LIMIT));
        assert_eq!(read(&[("limit", "1000")]).expect("a limit").page(), Some(1_000));
    }

    #[test]
    fn folding_is_for_every_script() {
        assert_eq!(fold("ÜBER Straße"), "über straße");
        assert_eq!(fold("ΣΊΣΥΦΟΣ"), "σίσυφος");
        assert!(matches!(fold("plain"), Cow::Borrowed(_)));
    }
}
