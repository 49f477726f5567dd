//! What this session may do with keys, as the server says: it holds all of it up by itself, and the widget shows it
//! before somebody runs into it.

use oneloop_protocol::{Grant, LinkTokenPermissions, LinkTokenStatus, limits};

use crate::key_status::DAY;

/// The terms of a link token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Which actions.
    pub permissions: LinkTokenPermissions,
    /// The most that may be granted; `None` = whatever the workspace defines.
    pub grantable: Option<Vec<Grant>>,
    /// Whether a key must end.
    pub expiry_required: bool,
    /// From now to the end of a key, at least, in milliseconds.
    pub least_lifetime: i64,
    /// From now to the end of a key, at most, in milliseconds.
    pub most_lifetime: Option<i64>,
    /// How long a rotated key's old secret may go on working, at most, in seconds.
    pub most_overlap: u64,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            permissions: LinkTokenPermissions::DEFAULT,
            grantable: None,
            expiry_required: false,
            least_lifetime: 0,
            most_lifetime: None,
            most_overlap: limits::OVERLAP_SECONDS_MAX,
        }
    }
}

impl Terms {
    /// The terms that the server tells. One that tells none has none: an original upstream.
    pub fn of(status: &LinkTokenStatus) -> Self {
        let mut terms = Self { grantable: status.grantable_scopes.clone(), ..Self::default() };
        if let Some(permissions) = status.permissions {
            terms.permissions = permissions;
        }
        if let Some(policy) = status.key_policy {
            terms.expiry_required = policy.requires_expiry();
            terms.least_lifetime = policy.min_lifetime_seconds.map_or(0, millis);
            terms.most_lifetime = policy.max_lifetime_seconds.map(millis);
            terms.most_overlap = policy.max_overlap_seconds.unwrap_or(terms.most_overlap);
        }
        terms
    }

    /// Whether a key may live for so many days.
    pub fn allow_days(&self, days: u16) -> bool {
        let lifetime = i64::from(days) * DAY;
        lifetime >= self.least_lifetime && self.most_lifetime.is_none_or(|most| lifetime <= most)
    }
}

fn millis(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX / 1_000).saturating_mul(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_held_between_the_least_and_the_most() {
        let terms =
            Terms { least_lifetime: DAY, most_lifetime: Some(30 * DAY), ..Terms::default() };
        assert_eq!([0, 1, 30, 31].map(|days| terms.allow_days(days)), [false, true, true, false]);
        assert!(Terms::default().allow_days(u16::MAX));
    }
}
