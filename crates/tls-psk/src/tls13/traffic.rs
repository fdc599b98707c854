//! From traffic secrets to protected records (RFC 8446, Section 7.3).

use rustls::KeyLog;
use tls_record::{KeyLogLabel, RecordProtection, TrafficKeys, TrafficSecrets};
use tls_wire::{CipherSuite, HashAlgorithm, ProtocolVersion};

use crate::Error;
use crate::cipher_suites::PskSuite;
use crate::transcript::HashOutput;

/// The hash of a suite of ours.
pub(crate) fn hash(suite: CipherSuite) -> HashAlgorithm {
    suite.hash().unwrap_or(HashAlgorithm::Sha256)
}

/// What derives the keys of both directions, now and at each update.
pub(crate) fn secrets(
    suite: PskSuite,
    tx: &HashOutput,
    rx: &HashOutput,
) -> Result<TrafficSecrets, Error> {
    let (hash, aead) = (hash(suite.suite), suite.aead);
    Ok(TrafficSecrets::new(
        hash,
        aead,
        tx.as_bytes(),
        rx.as_bytes(),
    )?)
}

/// The keys under the present secrets: of what is sent, of what is received.
pub(crate) fn keys(secrets: &TrafficSecrets) -> Result<(TrafficKeys, TrafficKeys), Error> {
    secrets.keys().map_err(|_| Error::Provider {
        what: "the key schedule",
    })
}

/// Protects one direction.
pub(crate) fn protection(keys: &TrafficKeys) -> Result<RecordProtection, Error> {
    Ok(RecordProtection::new(ProtocolVersion::Tls13, keys)?)
}

/// Hands a secret to whoever logs keys.
pub(crate) fn log(
    key_log: Option<&dyn KeyLog>,
    label: KeyLogLabel,
    client_random: &[u8; 32],
    secret: &HashOutput,
) {
    let label = label.as_str();
    if let Some(key_log) = key_log.filter(|it| it.will_log(label)) {
        key_log.log(label, client_random, secret.as_bytes());
    }
}
