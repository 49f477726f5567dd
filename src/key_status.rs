//! What state a key is in, as one word and one shape.

use oneloop_protocol::{ApiKey, UnixMillis};

/// Milliseconds in an hour.
pub const HOUR: i64 = 60 * 60 * 1_000;
/// Milliseconds in a day of 24 hours.
pub const DAY: i64 = 24 * HOUR;
/// From how many milliseconds before its end a key counts as expiring soon.
pub const SOON: i64 = 7 * DAY;

/// The state of a key at one moment. Times are what is left, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStatus {
    /// Works, and nothing about it needs attention.
    Active,
    /// Works, and stops within [`SOON`].
    ExpiresSoon {
        /// Until it stops.
        left: i64,
    },
    /// Works, and so does the secret before the last rotation.
    Rotating {
        /// Until the old secret stops.
        left: i64,
    },
    /// Switched off.
    Disabled,
    /// Its time is over.
    Expired,
}

/// When the secret before the last rotation stops working; `None` if it does not work.
pub fn overlap_end(key: &ApiKey, now: UnixMillis) -> Option<UnixMillis> {
    key.previous_key_expires_at.filter(|end| *end > now)
}

impl KeyStatus {
    /// The state of `key` at `now`.
    ///
    /// In the order of the server's own verdicts (decisions, "verify precedence"): a key that is both
    /// disabled and expired is refused as disabled, so that is what the list says.
    pub fn of(key: &ApiKey, now: UnixMillis) -> Self {
        let expires_in = key.expires_at.map(|at| at - now);
        let rotating = overlap_end(key, now).map(|end| end - now);
        match (key.enabled, expires_in, rotating) {
            (false, _, _) => Self::Disabled,
            (true, Some(..=0), _) => Self::Expired,
            (true, Some(left), _) if left <= SOON => Self::ExpiresSoon { left },
            (true, _, Some(left)) => Self::Rotating { left },
            (true, _, None) => Self::Active,
        }
    }

    /// Whether a request with this key could pass.
    pub fn works(self) -> bool {
        !matches!(self, Self::Disabled | Self::Expired)
    }
}

#[cfg(test)]
mod tests {
    use oneloop_protocol::{ApiKeyId, IsoTime};

    use super::*;

    const NOW: UnixMillis = 1_800_000_000_000;

    fn key(enabled: bool, expires_at: Option<i64>, previous: Option<i64>) -> ApiKey {
        let moment = IsoTime("2027-01-15T08:00:00.000Z".to_owned());
        ApiKey {
            id: ApiKeyId::from_bits(1),
            name: "ci".to_owned(),
            masked_key: "ol_****9f3a".to_owned(),
            prefix: None,
            expires_at,
            total_usage_left: None,
            limit_usage: false,
            scopes: Vec::new(),
            enabled,
            customer_id: None,
            deleted: false,
            created_at: moment.clone(),
            updated_at: moment,
            last_used_at: None,
            billing_id: None,
            previous_key_expires_at: previous,
            previous_masked_key: None,
            previous_last_used_at: None,
        }
    }

    #[test]
    fn the_states_follow_the_verdicts_of_the_server() {
        let at = |left: i64| Some(NOW + left);
        let cases = [
            (key(true, None, None), KeyStatus::Active),
            (key(true, at(SOON + 1), None), KeyStatus::Active),
            (key(true, at(SOON), None), KeyStatus::ExpiresSoon { left: SOON }),
            (key(true, at(1), None), KeyStatus::ExpiresSoon { left: 1 }),
            (key(true, at(0), None), KeyStatus::Expired),
            (key(true, None, at(HOUR)), KeyStatus::Rotating { left: HOUR }),
            (key(true, None, at(0)), KeyStatus::Active),
            (key(false, at(-1), at(HOUR)), KeyStatus::Disabled),
        ];
        for (key, expected) in cases {
            assert_eq!(KeyStatus::of(&key, NOW), expected);
        }
    }

    #[test]
    fn only_disabled_and_expired_keys_do_not_work() {
        assert!(KeyStatus::of(&key(true, Some(NOW + 1), None), NOW).works());
        assert!(!KeyStatus::of(&key(true, Some(NOW), None), NOW).works());
        assert!(!KeyStatus::of(&key(false, None, None), NOW).works());
    }
}
