//! The audit log: who did what, when, to what. Append-only, and tied line to line (`audit_chain.rs`).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use oneloop_protocol::{TeamId, UnixMillis};

use crate::actor::Who;
use crate::audit_chain::Link;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::store::{ChainEnd, StoreError};
use crate::teams::known_team;

/// One line of the audit log.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// Its place in the log; later entries have greater numbers.
    pub seq: i64,
    /// When.
    pub at: UnixMillis,
    /// Which team it concerns.
    pub team: Option<TeamId>,
    /// Who.
    pub who: Who,
    /// What: a stable word such as `api_key.rotated`.
    pub action: String,
    /// To what: an id.
    pub subject: String,
    /// From where.
    pub address: Option<IpAddr>,
    /// In which request.
    pub request_id: Option<String>,
    /// What else there is to say. Never a secret.
    pub detail: serde_json::Value,
}

/// The end of the audit log at one moment: the number of its last line, and the MAC that ties it to all before. Kept
/// elsewhere, it shows later that nothing up to there was changed or cut off. No secret.
///
/// As text, `<number>:<64 hexadecimal digits>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// The number of the last line; 0 if there is none.
    pub seq: i64,
    link: Link,
}

/// What a look at the whole audit log found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditState {
    /// Every line is the one that was written. The head is where the log ends now.
    Intact(AuditHead),
    /// The log was tampered with, or damaged.
    Broken(AuditBreak),
}

/// The first place where the audit log is not what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditBreak {
    /// This line does not fit to the one before: one of the two was changed.
    Changed(i64),
    /// This line is not there.
    Missing(i64),
    /// Something was done to the place that says where the log ends, which was behind this line or later.
    Head(i64),
    /// This line fits, and is another than the one that the given head names: all of the log was written anew, or it
    /// is the log of another installation.
    Another(i64),
}

impl AuditBreak {
    /// The number of the line.
    pub fn seq(self) -> i64 {
        match self {
            Self::Changed(seq) | Self::Missing(seq) | Self::Head(seq) | Self::Another(seq) => seq,
        }
    }
}

impl fmt::Display for AuditBreak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed(seq) => {
                write!(
                    f,
                    "line {seq} does not fit: it, or the line before, is not what was written"
                )
            }
            Self::Missing(seq) => write!(f, "line {seq} is missing"),
            Self::Head(seq) => {
                write!(
                    f,
                    "what says where the log ends was changed; line {seq} is the last that is there"
                )
            }
            Self::Another(seq) => write!(f, "line {seq} is not the one that the given head names"),
        }
    }
}

impl fmt::Display for AuditHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.seq)?;
        self.link.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Text that is not an [`AuditHead`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a head of the audit log: a number, a colon and 64 hexadecimal digits")]
pub struct AuditHeadParseError(String);

impl FromStr for AuditHead {
    type Err = AuditHeadParseError;

    fn from_str(text: &str) -> Result<Self, AuditHeadParseError> {
        let read = || {
            let (seq, digits) = text.split_once(':')?;
            let seq = seq.parse().ok().filter(|seq: &i64| *seq >= 0)?;
            if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return None;
            }
            let mut link = [0; 32];
            for (at, byte) in link.iter_mut().enumerate() {
                *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
            }
            Some(Self { seq, link: Link::from_bytes(link) })
        };
        read().ok_or_else(|| AuditHeadParseError(text.to_owned()))
    }
}

/// Lines that one question may ask for.
const MOST: u32 = 10_000;

/// Lines that are tied in one transaction: others wait for it.
const BATCH: u32 = 5_000;

impl Engine {
    /// The last `limit` lines of the audit log, of one team or of all, newest first; at most 10,000.
    pub async fn list_audit(
        &self,
        team: Option<&TeamId>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, EngineError> {
        let mut store = self.snapshot().await?;
        let team = match team {
            Some(team) => Some(known_team(store.as_mut(), team).await?.id),
            None => None,
        };
        Ok(store.audit(team, limit.min(MOST)).await?)
    }

    /// Looks at every line of the audit log. With the head of an earlier look, kept elsewhere, it also shows whether
    /// the log still goes on from there.
    pub async fn verify_audit(
        &self,
        earlier: Option<AuditHead>,
    ) -> Result<AuditState, EngineError> {
        let mut store = self.snapshot().await?;
        let ChainEnd { head, last } = store.audit_end().await?;
        let mut seen = AuditHead { seq: 0, link: Link::START };
        let mut tied = seen;
        loop {
            let lines = store.audit_after(seen.seq, MOST).await?;
            for line in &lines {
                let seq = seen.seq + 1;
                if line.seq != seq {
                    return Ok(AuditState::Broken(AuditBreak::Missing(seq)));
                }
                seen.seq = seq;
                if seq > head.seq {
                    // Written by an earlier release that still runs; the next writer ties it.
                    if line.link.is_some() {
                        return Ok(AuditState::Broken(AuditBreak::Head(seq)));
                    }
                    continue;
                }
                seen.link = line.link_behind(seen.link, self.pepper());
                if line.link != Some(seen.link) {
                    return Ok(AuditState::Broken(AuditBreak::Changed(seq)));
                }
                tied = seen;
                if earlier.is_some_and(|earlier| earlier.seq == seq && earlier != seen) {
                    return Ok(AuditState::Broken(AuditBreak::Another(seq)));
                }
            }
            if lines.is_empty() {
                break;
            }
        }
        let known = last.max(head.seq).max(earlier.map_or(0, |earlier| earlier.seq));
        Ok(if seen.seq < known {
            AuditState::Broken(AuditBreak::Missing(seen.seq + 1))
        } else if !head.is_sealed(self.pepper()) || head.link != tied.link {
            AuditState::Broken(AuditBreak::Head(seen.seq))
        } else {
            AuditState::Intact(tied)
        })
    }

    /// Ties what is not tied yet: the lines from before there was a chain, at the first start that knows of it.
    pub(crate) async fn tie_audit(&self) -> Result<(), StoreError> {
        // Asked first: a start must not wait for those who write.
        let ChainEnd { head, last } = self.store().read().await?.audit_end().await?;
        if head.seq >= last {
            return Ok(());
        }
        let mut lines = 0;
        loop {
            let mut store = self.store().write().await?;
            let tied = store.tie_audit(BATCH, self.pepper()).await?;
            if tied == 0 {
                break;
            }
            store.commit(&[], self.pepper()).await?;
            lines += tied;
        }
        if lines > 0 {
            // Once, after an upgrade. At any other time it would be news to the operator that somebody untied them.
            tracing::warn!(lines, "Tied {lines} lines of the audit log that were not tied yet");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_reads_back() {
        let head = AuditHead { seq: 42, link: Link::from_bytes([0xab; 32]) };
        let text = format!("42:{}", "ab".repeat(32));
        assert_eq!(head.to_string(), text);
        assert_eq!(text.parse(), Ok(head));
        for bad in
            ["", "42", "42:", "42:ab", "-1:ab", ":ab", &text[..text.len() - 1], &format!("{text}0")]
        {
            assert!(bad.parse::<AuditHead>().is_err(), "{bad}");
        }
        assert!(format!("42:{}é", "a".repeat(62)).parse::<AuditHead>().is_err());
    }
}
