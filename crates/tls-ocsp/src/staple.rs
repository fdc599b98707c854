//! One staple: an answer that was verified, with its bytes.

use std::time::Duration;

use pki_types::UnixTime;

use crate::{CertificateStatus, VerifiedResponse};

/// A verified answer, ready to be sent in a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staple {
    der: Vec<u8>,
    response: VerifiedResponse,
    next_update: UnixTime,
}

impl Staple {
    /// Only what says until when it holds can be stapled, and what says something: "unknown" helps
    /// nobody.
    pub(crate) fn new(der: Vec<u8>, response: VerifiedResponse) -> crate::Result<Self> {
        let next_update = response.next_update.ok_or(crate::Error::NoNextUpdate)?;
        Ok(Self {
            der,
            response,
            next_update,
        })
    }

    /// The response in DER, as it goes into the handshake.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// What it says.
    #[must_use]
    pub fn response(&self) -> &VerifiedResponse {
        &self.response
    }

    /// Whether it holds at `now`. An old one is never sent.
    #[must_use]
    pub fn holds_at(&self, now: UnixTime) -> bool {
        now < self.next_update
    }

    /// Whether it says good or revoked.
    pub(crate) fn says_something(&self) -> bool {
        self.response.status != CertificateStatus::Unknown
    }

    pub(crate) fn is_newer_than(&self, other: &Self) -> bool {
        (self.response.this_update, self.next_update)
            > (other.response.this_update, other.next_update)
    }

    /// How long it still holds.
    pub(crate) fn remaining(&self, now: UnixTime) -> Duration {
        Duration::from_secs(self.next_update.as_secs().saturating_sub(now.as_secs()))
    }

    /// From `now` to the half of its life, when the next one is asked for; nothing if that is past.
    pub(crate) fn to_half_life(&self, now: UnixTime) -> Duration {
        let begin = self.response.this_update.as_secs();
        let half = begin + self.next_update.as_secs().saturating_sub(begin) / 2;
        Duration::from_secs(half.saturating_sub(now.as_secs()))
    }
}
