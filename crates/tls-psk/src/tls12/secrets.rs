//! From the key to the keys of the records.

use rustls::KeyLog;
use tls_record::{Aead, Established, Exporter, RecordProtection, Role, TrafficKeys, prf};
use tls_wire::{HashAlgorithm, ProtocolVersion};
use zeroize::Zeroizing;

use crate::cipher_suites::PskSuite;
use crate::transcript::HashOutput;
use crate::{Error, PskKey};

const MASTER_SECRET_LEN: usize = 48;
/// The label of key logs (RFC 9850).
const KEY_LOG_LABEL: &str = "CLIENT_RANDOM";

/// Both ends' randoms.
#[derive(Clone)]
pub(super) struct Randoms {
    pub(super) client: [u8; 32],
    pub(super) server: [u8; 32],
}

/// The master secret of a handshake. Opens all of its connection.
pub(super) struct MasterSecret {
    hash: HashAlgorithm,
    secret: Zeroizing<[u8; MASTER_SECRET_LEN]>,
}

/// `uint16 length; opaque other_secret; uint16 length; opaque psk` (RFC 4279, Section 2). The other
/// secret is the one of ECDH (RFC 5489, Section 2), or as many zeros as the key has bytes.
fn premaster_secret(key: &PskKey, shared: Option<&[u8]>) -> Zeroizing<Vec<u8>> {
    let key = key.secret();
    let other_len = shared.map_or(key.len(), <[u8]>::len);
    // All room at once: growing would leave copies behind.
    let mut secret = Zeroizing::new(Vec::with_capacity(4 + other_len + key.len()));
    secret.extend_from_slice(&(other_len as u16).to_be_bytes());
    match shared {
        Some(shared) => secret.extend_from_slice(shared),
        None => secret.resize(2 + other_len, 0),
    }
    secret.extend_from_slice(&(key.len() as u16).to_be_bytes());
    secret.extend_from_slice(key);
    secret
}

impl MasterSecret {
    /// `PRF(pre_master_secret, "extended master secret", session_hash)` (RFC 7627, Section 4): the
    /// hash is over all messages up to ClientKeyExchange.
    pub(super) fn derive(
        hash: HashAlgorithm,
        key: &PskKey,
        shared: Option<&[u8]>,
        session_hash: &HashOutput,
    ) -> Result<Self, Error> {
        let mut secret = Zeroizing::new([0; MASTER_SECRET_LEN]);
        let premaster = premaster_secret(key, shared);
        let seed = [&b"extended master secret"[..], session_hash.as_bytes()];
        prf(hash, &premaster, &seed, &mut secret[..])?;
        Ok(Self { hash, secret })
    }

    /// Expands the secret under a label (RFC 5246, Section 5).
    pub(super) fn expand(&self, label: &[u8], seed: &[&[u8]], out: &mut [u8]) -> Result<(), Error> {
        let seed = seed.iter().copied();
        let parts: Vec<_> = std::iter::once(label).chain(seed).collect();
        Ok(prf(self.hash, &self.secret[..], &parts, out)?)
    }

    /// Hands the secret to a key log.
    pub(super) fn log(&self, key_log: Option<&dyn KeyLog>, randoms: &Randoms) {
        if let Some(log) = key_log.filter(|log| log.will_log(KEY_LOG_LABEL)) {
            log.log(KEY_LOG_LABEL, &randoms.client, &self.secret[..]);
        }
    }

    /// Keeps the secret for an exporter. Sound, for it is always an extended one (RFC 7627,
    /// Section 5.4).
    pub(super) fn exporter(&self, randoms: &Randoms) -> Result<Exporter, Error> {
        let exporter = Exporter::tls12(
            self.hash,
            &self.secret[..],
            &randoms.client,
            &randoms.server,
        );
        Ok(exporter?)
    }

    /// The keys of both directions (RFC 5246, Section 6.3).
    pub(super) fn keys(&self, suite: PskSuite, randoms: &Randoms) -> Result<Keys, Error> {
        let (key_len, iv_len) = (suite.aead.key_len(), fixed_iv_len(suite.aead));
        let mut block = Zeroizing::new([0; 2 * (32 + 12)]);
        let block = &mut block[..2 * (key_len + iv_len)];
        let seed: [&[u8]; 2] = [&randoms.server, &randoms.client];
        self.expand(b"key expansion", &seed, block)?;
        // client_write_key, server_write_key, client_write_IV, server_write_IV: an AEAD has no MAC
        // keys.
        let (keys, ivs) = block.split_at(2 * key_len);
        let (client_key, server_key) = keys.split_at(key_len);
        let (client_iv, server_iv) = ivs.split_at(iv_len);
        Ok(Keys {
            client: traffic_keys(suite.aead, client_key, client_iv)?,
            server: traffic_keys(suite.aead, server_key, server_iv)?,
        })
    }
}

/// Bytes of the nonce that come from the handshake: GCM sends the other eight with each record
/// (RFC 5288, Section 3), ChaCha20-Poly1305 none (RFC 7905, Section 2).
const fn fixed_iv_len(aead: Aead) -> usize {
    match aead {
        Aead::ChaCha20Poly1305 => 12,
        _ => 4,
    }
}

/// The record layer xors the sequence number into what follows a short IV, which is therefore left
/// zero: the explicit nonce is the sequence number.
fn traffic_keys(aead: Aead, key: &[u8], fixed_iv: &[u8]) -> Result<TrafficKeys, Error> {
    let mut iv = Zeroizing::new([0; 12]);
    for (place, byte) in iv.iter_mut().zip(fixed_iv) {
        *place = *byte;
    }
    Ok(TrafficKeys::new(aead, key, *iv)?)
}

/// What protects the records of each end.
pub(super) struct Keys {
    client: TrafficKeys,
    server: TrafficKeys,
}

impl Keys {
    /// For the records of the handshake that `sender` sends.
    pub(super) fn protection(&self, sender: Role) -> Result<RecordProtection, Error> {
        let keys = match sender {
            Role::Client => &self.client,
            Role::Server => &self.server,
        };
        Ok(RecordProtection::new(ProtocolVersion::Tls12, keys)?)
    }

    /// For the record layer of the end that has `role`: each end has sent one protected record, its
    /// Finished.
    pub(super) fn established(self, role: Role, tx_sequence: u64, rx_sequence: u64) -> Established {
        let (tx, rx) = match role {
            Role::Client => (self.client, self.server),
            Role::Server => (self.server, self.client),
        };
        Established {
            role,
            version: ProtocolVersion::Tls12,
            tx,
            tx_sequence,
            rx,
            rx_sequence,
            post_handshake: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 4279, Section 2: "if the PSK is N octets long, concatenate a uint16 with the value N, N
    // zero octets, a second uint16 with the value N, and the PSK itself".
    #[test]
    fn a_plain_premaster_has_as_many_zeros_as_the_key_has_bytes() {
        let key = PskKey::from_bytes(&[7; 16]).unwrap();
        let zeros = [0; 16];
        let expected = [&[0, 16][..], &zeros, &[0, 16], &[7; 16]].concat();
        assert_eq!(*premaster_secret(&key, None), expected);
    }

    #[test]
    fn an_ecdhe_premaster_begins_with_the_shared_secret() {
        let key = PskKey::from_bytes(&[7; 16]).unwrap();
        let expected = [&[0, 32][..], &[9; 32], &[0, 16], &[7; 16]].concat();
        assert_eq!(*premaster_secret(&key, Some(&[9; 32])), expected);
    }
}
