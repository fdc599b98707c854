//! Every limit of the record layer, with its default and the source of the number.

use tls_wire::record::MAX_PLAINTEXT;

use crate::Aead;

/// Content of the smallest fragment that may be asked for (`SOP-24`; RFC 6066, Section 4 has the
/// same lower bound for `max_fragment_length`).
pub const MIN_FRAGMENT: usize = 512;
/// Content of the largest fragment (RFC 8446, Section 5.1).
pub const MAX_FRAGMENT: usize = MAX_PLAINTEXT;
/// Bytes of a post-handshake message that are collected at most. A NewSessionTicket has 131 KiB at
/// the very most; nobody's has more than a few.
pub const MAX_HANDSHAKE_MESSAGE: usize = 64 * 1024;

/// Records that AES-GCM may protect under one key: 2^24, below the 2^24.5 full records of RFC 8446,
/// Section 5.5, and what rustls takes.
const RECORDS_PER_AES_GCM_KEY: u64 = 1 << 24;
/// ChaCha20-Poly1305 is only bounded by the sequence number (RFC 8446, Section 5.5).
const RECORDS_PER_CHACHA20_KEY: u64 = u64::MAX - 8;
/// Below this there is no room for a KeyUpdate, an answer and an alert under the same key.
const FEWEST_RECORDS_PER_KEY: u64 = 8;

/// What a peer may do, and how long a key lives. The defaults suit every peer that is not hostile.
///
/// ```
/// let mut limits = tls_record::RecordLimits::default();
/// limits.renegotiations = 0;
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordLimits {
    /// Records protected under one key, in either direction; `None` is the AEAD's confidentiality
    /// limit (AES-GCM 2^24). Never less than 8.
    pub records_per_key: Option<u64>,
    /// Empty application records in a row: 32, as BoringSSL.
    pub empty_records: u8,
    /// KeyUpdates in a row: 32, as BoringSSL.
    pub key_updates: u8,
    /// Post-handshake messages in a row: 64. A server sends one to a dozen tickets.
    pub messages: u8,
    /// Warning alerts in a row: 4, as BoringSSL and rustls.
    pub warnings: u8,
    /// TLS 1.2: requests to renegotiate that are answered with `no_renegotiation`, until
    /// [`RecordLayer::renegotiation_window_elapsed`](crate::RecordLayer::renegotiation_window_elapsed):
    /// 3, as Node's `CLIENT_RENEG_LIMIT`.
    pub renegotiations: u8,
}

impl Default for RecordLimits {
    fn default() -> Self {
        Self {
            records_per_key: None,
            empty_records: 32,
            key_updates: 32,
            messages: 64,
            warnings: 4,
            renegotiations: 3,
        }
    }
}

impl RecordLimits {
    /// How many records a key of `aead` protects.
    pub(crate) fn records_per_key(&self, aead: Aead) -> u64 {
        let most = match aead {
            Aead::Aes128Gcm | Aead::Aes256Gcm => RECORDS_PER_AES_GCM_KEY,
            Aead::ChaCha20Poly1305 => RECORDS_PER_CHACHA20_KEY,
        };
        self.records_per_key
            .map_or(most, |asked| asked.clamp(FEWEST_RECORDS_PER_KEY, most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_never_outlives_its_aead() {
        let mut limits = RecordLimits::default();
        assert_eq!(limits.records_per_key(Aead::Aes128Gcm), 1 << 24);
        limits.records_per_key = Some(u64::MAX);
        assert_eq!(limits.records_per_key(Aead::Aes256Gcm), 1 << 24);
        limits.records_per_key = Some(0);
        assert_eq!(limits.records_per_key(Aead::ChaCha20Poly1305), 8);
    }
}
