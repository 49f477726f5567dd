//! The chain through the audit log: each line carries a MAC over what it says and the MAC of the line before.
//!
//! One chain an installation, in the order of commits: that order is there already, under the lock that writers take,
//! and a chain a team would not show that a whole team's lines are gone. The MAC is keyed with the pepper, which is
//! not in the database: whoever can write to the database alone cannot make a changed line fit. The head says where
//! the chain ends, and its seal cannot be made from the lines alone: so lines that are cut off at the end are noticed,
//! unless a head from before is put back, too. Against that, and against whoever has the pepper, helps only a head
//! that was kept elsewhere.

use oneloop_protocol::UnixMillis;
use subtle::ConstantTimeEq;

use crate::pepper::Pepper;

/// What the MAC of a line begins with.
const LINE: &[u8] = b"oneloop audit line";

/// What the seal of a head begins with.
const HEAD: &[u8] = b"oneloop audit head";

/// The MAC that ties a line to all before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link([u8; 32]);

impl Link {
    /// What the first line is tied to.
    pub(crate) const START: Self = Self([0; 32]);

    /// What a line is tied to whose head was tampered with: no line has this MAC, so the break shows for good.
    const BROKEN: Self = Self([0xff; 32]);

    pub(crate) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A line of the audit log, exactly as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuditLine {
    pub(crate) seq: i64,
    pub(crate) at: UnixMillis,
    pub(crate) team: Option<u128>,
    pub(crate) who: String,
    pub(crate) action: String,
    pub(crate) subject: String,
    pub(crate) address: Option<String>,
    pub(crate) request_id: Option<String>,
    /// JSON.
    pub(crate) detail: String,
    /// `None` until it is tied.
    pub(crate) link: Option<Link>,
}

impl AuditLine {
    /// Its MAC, behind a line with this one. Every field is preceded by its length, and one that is not there is
    /// another than an empty one: two different lines are never the same bytes.
    pub(crate) fn link_behind(&self, before: Link, pepper: &Pepper) -> Link {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(&self.seq.to_be_bytes());
        bytes.extend_from_slice(&self.at.to_be_bytes());
        let team = self.team.map(u128::to_be_bytes);
        for field in [
            team.as_ref().map(<[u8; 16]>::as_slice),
            Some(self.who.as_bytes()),
            Some(self.action.as_bytes()),
            Some(self.subject.as_bytes()),
            self.address.as_deref().map(str::as_bytes),
            self.request_id.as_deref().map(str::as_bytes),
            Some(self.detail.as_bytes()),
        ] {
            // No field is as long as that.
            let length = field.map_or(u64::MAX, |field| field.len() as u64);
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(field.unwrap_or_default());
        }
        Link(pepper.mac(&[LINE, &before.0, &bytes]))
    }
}

/// Where the chain ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChainHead {
    /// The number of the last line that is tied; 0 before the first.
    pub(crate) seq: i64,
    /// Its link.
    pub(crate) link: Link,
    /// A MAC over both; `None` in a database whose lines were never tied.
    pub(crate) seal: Option<[u8; 32]>,
}

impl ChainHead {
    /// The head of a chain without a line.
    pub(crate) const START: Self = Self { seq: 0, link: Link::START, seal: None };

    /// Whether it is one that was written here.
    pub(crate) fn is_sealed(&self, pepper: &Pepper) -> bool {
        match self.seal {
            Some(seal) => bool::from(seal.ct_eq(&seal_of(self.seq, self.link, pepper))),
            None => *self == Self::START,
        }
    }

    /// Ties `lines`, which follow the head one by one, and moves the head behind them.
    pub(crate) fn tie(&mut self, lines: &mut [AuditLine], pepper: &Pepper) {
        let mut link = if self.is_sealed(pepper) { self.link } else { Link::BROKEN };
        for line in lines {
            link = line.link_behind(link, pepper);
            line.link = Some(link);
            self.seq = line.seq;
        }
        self.link = link;
        self.seal = Some(seal_of(self.seq, link, pepper));
    }
}

fn seal_of(seq: i64, link: Link, pepper: &Pepper) -> [u8; 32] {
    pepper.mac(&[HEAD, &seq.to_be_bytes(), &link.0])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pepper() -> Pepper {
        Pepper::from_bytes(&[7; 32])
    }

    fn line(seq: i64) -> AuditLine {
        AuditLine {
            seq,
            at: 5,
            team: Some(1),
            who: "operator".to_owned(),
            action: "team.created".to_owned(),
            subject: "tm_1".to_owned(),
            address: None,
            request_id: Some(String::new()),
            detail: "{}".to_owned(),
            link: None,
        }
    }

    #[test]
    fn every_field_is_in_the_link() {
        let link = |line: &AuditLine| line.link_behind(Link::START, &pepper());
        let plain = line(1);
        let changed = [
            AuditLine { seq: 2, ..plain.clone() },
            AuditLine { at: 6, ..plain.clone() },
            AuditLine { team: None, ..plain.clone() },
            AuditLine { team: Some(2), ..plain.clone() },
            AuditLine {
                who: "operato".to_owned(),
                action: "rteam.created".to_owned(),
                ..plain.clone()
            },
            AuditLine { subject: "tm_2".to_owned(), ..plain.clone() },
            AuditLine { address: Some(String::new()), ..plain.clone() },
            AuditLine { request_id: None, ..plain.clone() },
            AuditLine { request_id: None, address: Some(String::new()), ..plain.clone() },
            AuditLine { detail: "{ }".to_owned(), ..plain.clone() },
        ];
        for other in &changed {
            assert_ne!(link(other), link(&plain), "{other:?}");
        }
        assert_ne!(plain.link_behind(Link::BROKEN, &pepper()), link(&plain));
        assert_ne!(plain.link_behind(Link::START, &Pepper::from_bytes(&[8; 32])), link(&plain));
    }

    #[test]
    fn a_chain_is_the_same_however_it_was_tied() {
        let mut at_once: Vec<_> = (1..=5).map(line).collect();
        let mut one_by_one = at_once.clone();
        let (mut head, mut other) = (ChainHead::START, ChainHead::START);
        head.tie(&mut at_once, &pepper());
        for line in &mut one_by_one {
            other.tie(std::slice::from_mut(line), &pepper());
        }
        assert_eq!(at_once, one_by_one);
        assert_eq!(head, other);
        assert_eq!((head.seq, Some(head.link)), (5, at_once[4].link));
    }

    #[test]
    fn a_head_is_sealed_with_the_pepper() {
        assert!(ChainHead::START.is_sealed(&pepper()));
        let mut lines = [line(1), line(2)];
        let mut head = ChainHead::START;
        head.tie(&mut lines, &pepper());
        assert!(head.is_sealed(&pepper()) && !head.is_sealed(&Pepper::from_bytes(&[8; 32])));
        // Put back to an earlier line, with all that the lines say.
        let earlier = ChainHead { seq: 1, link: lines[0].link.expect("tied"), ..head };
        assert!(!earlier.is_sealed(&pepper()));
        assert!(!ChainHead { seal: None, ..earlier }.is_sealed(&pepper()));

        // What is tied to such a head does not fit, ever.
        let mut next = [line(2)];
        let mut tampered = earlier;
        tampered.tie(&mut next, &pepper());
        assert_ne!(next[0].link, Some(line(2).link_behind(earlier.link, &pepper())));
    }
}
