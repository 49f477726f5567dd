//! What a page may set on its customer's keys: the limits that a link token carries.

use oneloop_protocol::link_token::KeyPolicy;
use oneloop_protocol::{Access, FieldError, Grant, Reason, UnixMillis};

use crate::error::EngineError;

/// The limits of one link token. Empty ones limit nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The most that may be granted; `None` = whatever the workspace defines.
    pub grantable_scopes: Option<Vec<Grant>>,
    /// What holds for expiry and rotation.
    pub key_policy: KeyPolicy,
}

impl Bounds {
    /// Holds grants to what may be granted, and to what the key `holds` already: somebody else gave it that.
    pub(crate) fn check_grants(&self, asked: &[Grant], holds: &[Grant]) -> Result<(), EngineError> {
        let Some(grantable) = &self.grantable_scopes else { return Ok(()) };
        let within = |grant: &Grant| {
            let allows = |list: &[Grant]| {
                list.iter()
                    .filter(|of| of.representation == grant.representation)
                    .fold(Access::NONE, |access, of| {
                        Access::from_bits(access.bits() | of.access().bits())
                    })
            };
            let bits = allows(grantable).bits() | allows(holds).bits();
            Access::from_bits(bits).covers(grant.access())
        };
        match asked.iter().position(|grant| !within(grant)) {
            None => Ok(()),
            Some(at) => Err(EngineError::Forbidden {
                reason: Reason::ScopeNotGrantable,
                message: format!("scopes[{at}] is more than this link token may grant"),
                field: Some(format!("scopes[{at}]")),
            }),
        }
    }

    /// Holds a new key's expiry, the workspace's default included, to the policy.
    pub(crate) fn check_expiry(
        &self,
        expires_at: Option<UnixMillis>,
        now: UnixMillis,
    ) -> Result<(), FieldError> {
        let KeyPolicy { min_lifetime_seconds, max_lifetime_seconds, .. } = self.key_policy;
        let refuse = |reason, message: String| Err(FieldError::new("expiresAt", reason, message));
        let Some(expires_at) = expires_at else {
            if self.key_policy.requires_expiry() {
                return refuse(Reason::ExpiryRequired, "expiresAt is required here".to_owned());
            }
            return Ok(());
        };
        // A page counts from its own clock, a little earlier than this one's.
        let lifetime = expires_at.saturating_sub(now);
        if let Some(least) = min_lifetime_seconds
            && lifetime.saturating_add(SLACK) < millis(least)
        {
            let message = format!("expiresAt must be at least {least} seconds from now");
            return refuse(Reason::ExpiryTooSoon, message);
        }
        if let Some(most) = max_lifetime_seconds
            && lifetime.saturating_sub(SLACK) > millis(most)
        {
            let message = format!("expiresAt must be at most {most} seconds from now");
            return refuse(Reason::ExpiryTooLate, message);
        }
        Ok(())
    }

    /// Holds a rotation's overlap to the policy.
    pub(crate) fn check_overlap(&self, seconds: u64) -> Result<(), FieldError> {
        match self.key_policy.max_overlap_seconds {
            Some(most) if seconds > most => {
                let message = format!("overlapSeconds is {seconds}; the limit here is {most}");
                Err(FieldError::new("overlapSeconds", Reason::OutOfRange, message))
            }
            _ => Ok(()),
        }
    }
}

/// By how much a page's clock, and the time that a request takes, may miss a limit: 5 minutes.
const SLACK: i64 = 5 * 60 * 1_000;

fn millis(seconds: u64) -> i64 {
    i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(policy: KeyPolicy) -> Bounds {
        Bounds { key_policy: policy, ..Bounds::default() }
    }

    #[test]
    fn a_grant_may_be_what_is_grantable_and_what_is_held_together() {
        let bounds = Bounds {
            grantable_scopes: Some(vec![Grant::new("a", Access::READ)]),
            ..Bounds::default()
        };
        let refused = |asked: &[Grant], holds: &[Grant]| match bounds.check_grants(asked, holds) {
            Ok(()) => None,
            Err(EngineError::Forbidden { reason, field, .. }) => {
                assert_eq!(reason, Reason::ScopeNotGrantable);
                field
            }
            Err(other) => panic!("{other:?}"),
        };
        let (read, all) = (Grant::new("a", Access::READ), Grant::new("a", Access::ALL));
        let other = Grant::new("b", Access::READ);
        assert_eq!(refused(std::slice::from_ref(&read), &[]), None);
        assert_eq!(refused(&[read.clone(), all.clone()], &[]).as_deref(), Some("scopes[1]"));
        assert_eq!(refused(std::slice::from_ref(&other), &[]).as_deref(), Some("scopes[0]"));
        assert_eq!(refused(&[all.clone(), other.clone()], &[all.clone(), other]), None);
        assert_eq!(refused(&[Grant::new("b", Access::NONE)], &[]), None, "asks for nothing");
        assert!(Bounds::default().check_grants(&[all], &[]).is_ok());
    }

    #[test]
    fn an_expiry_is_held_to_its_policy_with_five_minutes_of_slack() {
        let now = 1_000_000_000;
        let bounds = policy(KeyPolicy {
            min_lifetime_seconds: Some(3_600),
            max_lifetime_seconds: Some(7_200),
            ..KeyPolicy::default()
        });
        let reason =
            |expires_at| bounds.check_expiry(expires_at, now).err().map(|error| error.reason);
        assert_eq!(reason(None), Some(Reason::ExpiryRequired), "never is longer than any limit");
        assert_eq!(reason(Some(now + 3_600_000 - SLACK - 1)), Some(Reason::ExpiryTooSoon));
        assert_eq!(reason(Some(now + 3_600_000 - SLACK)), None);
        assert_eq!(reason(Some(now + 7_200_000 + SLACK)), None);
        assert_eq!(reason(Some(now + 7_200_000 + SLACK + 1)), Some(Reason::ExpiryTooLate));
        let required = policy(KeyPolicy { expiry_required: true, ..KeyPolicy::default() });
        assert!(required.check_expiry(None, now).is_err());
        assert!(required.check_expiry(Some(i64::MAX), now).is_ok());
        assert!(Bounds::default().check_expiry(None, now).is_ok());
    }

    #[test]
    fn an_overlap_is_held_to_its_limit() {
        let bounds = policy(KeyPolicy { max_overlap_seconds: Some(60), ..KeyPolicy::default() });
        assert!(bounds.check_overlap(60).is_ok() && bounds.check_overlap(61).is_err());
        assert!(Bounds::default().check_overlap(u64::MAX).is_ok());
    }
}
