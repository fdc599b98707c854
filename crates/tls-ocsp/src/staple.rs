//! One staple: an answer that was verified, with its bytes.

use pki_types::UnixTime;

use crate::keep_fresh::Life;
use crate::{CertificateStatus, Error, Result, VerifiedResponse};

/// A verified answer, ready to be sent in a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staple {
    der: Vec<u8>,
    response: VerifiedResponse,
    life: Life,
}

impl Staple {
    /// Only what says until when it holds can be stapled, and what says something: "unknown" helps
    /// nobody.
    pub(crate) fn new(der: Vec<u8>, response: VerifiedResponse) -> Result<Self> {
        if response.status == CertificateStatus::Unknown {
            return Err(Error::StatusUnknown);
        }
        let end = response.next_update.ok_or(Error::NoNextUpdate)?;
        let life = Life {
            begin: response.this_update.as_secs(),
            end: end.as_secs(),
        };
        Ok(Self {
            der,
            response,
            life,
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
        self.life.holds_at(now)
    }

    pub(crate) fn life(&self) -> Life {
        self.life
    }
}
