//! The TLS 1.3 application traffic secrets, from which the next keys are derived.

use std::fmt;

use tls_wire::HashAlgorithm;
use zeroize::Zeroizing;

use crate::expand_label::expand_label;
use crate::{Aead, Error, KeyUpdateRefused, PostHandshake, TicketRefused, TrafficKeys};

/// SHA-384, the longest hash of a TLS 1.3 suite here.
const MAX_SECRET_LEN: usize = 48;

/// `client_application_traffic_secret_N` and its counterpart (RFC 8446, Section 7.2): all that a
/// server needs after the handshake, in some 100 bytes. Takes no session tickets.
///
/// Overwritten with zeros when dropped, and not shown by `Debug`.
pub struct TrafficSecrets {
    hash: HashAlgorithm,
    aead: Aead,
    tx: Zeroizing<[u8; MAX_SECRET_LEN]>,
    rx: Zeroizing<[u8; MAX_SECRET_LEN]>,
}

impl TrafficSecrets {
    /// Takes copies of the secrets of what this side sends and of what it receives.
    ///
    /// # Errors
    ///
    /// [`Error::KeyLength`] if a secret is not as long as the hash.
    pub fn new(hash: HashAlgorithm, aead: Aead, tx: &[u8], rx: &[u8]) -> Result<Self, Error> {
        Ok(Self {
            hash,
            aead,
            tx: secret(hash, tx)?,
            rx: secret(hash, rx)?,
        })
    }

    /// The keys under the current secrets: first what this side sends with, then what it receives
    /// with (RFC 8446, Section 7.3).
    ///
    /// # Errors
    ///
    /// [`KeyUpdateRefused`] never, in practice: the lengths are fixed.
    pub fn keys(&self) -> Result<(TrafficKeys, TrafficKeys), KeyUpdateRefused> {
        Ok((
            self.traffic_keys(&self.tx[..])?,
            self.traffic_keys(&self.rx[..])?,
        ))
    }

    fn traffic_keys(&self, secret: &[u8]) -> Result<TrafficKeys, KeyUpdateRefused> {
        let secret = &secret[..self.hash.output_len()];
        let mut key = Zeroizing::new([0; 32]);
        let key = &mut key[..self.aead.key_len()];
        let mut iv = [0; 12];
        expand_label(self.hash, secret, b"key", b"", key).ok_or(KeyUpdateRefused)?;
        expand_label(self.hash, secret, b"iv", b"", &mut iv).ok_or(KeyUpdateRefused)?;
        TrafficKeys::new(self.aead, key, iv).map_err(|_| KeyUpdateRefused)
    }

    /// `application_traffic_secret_N+1`; the one before is gone.
    fn update(
        hash: HashAlgorithm,
        secret: &mut Zeroizing<[u8; MAX_SECRET_LEN]>,
    ) -> Result<(), KeyUpdateRefused> {
        let mut next = Zeroizing::new([0; MAX_SECRET_LEN]);
        let length = hash.output_len();
        expand_label(
            hash,
            &secret[..length],
            b"traffic upd",
            b"",
            &mut next[..length],
        )
        .ok_or(KeyUpdateRefused)?;
        *secret = next;
        Ok(())
    }
}

fn secret(hash: HashAlgorithm, bytes: &[u8]) -> Result<Zeroizing<[u8; MAX_SECRET_LEN]>, Error> {
    let expected = hash.output_len();
    if bytes.len() != expected || expected > MAX_SECRET_LEN {
        return Err(Error::KeyLength {
            expected,
            actual: bytes.len(),
        });
    }
    let mut own = Zeroizing::new([0; MAX_SECRET_LEN]);
    own[..expected].copy_from_slice(bytes);
    Ok(own)
}

impl PostHandshake for TrafficSecrets {
    fn next_tx_keys(&mut self) -> Result<TrafficKeys, KeyUpdateRefused> {
        Self::update(self.hash, &mut self.tx)?;
        self.traffic_keys(&self.tx[..])
    }

    fn next_rx_keys(&mut self) -> Result<TrafficKeys, KeyUpdateRefused> {
        Self::update(self.hash, &mut self.rx)?;
        self.traffic_keys(&self.rx[..])
    }

    fn new_session_ticket(&mut self, _body: &[u8]) -> Result<(), TicketRefused> {
        Err(TicketRefused)
    }
}

impl fmt::Debug for TrafficSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrafficSecrets")
            .field("aead", &self.aead)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8448, Section 3: the server's application traffic secret, key and IV.
    #[test]
    fn keys_are_those_of_rfc_8448() {
        let secret =
            hex::decode("a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643")
                .unwrap();
        let secrets =
            TrafficSecrets::new(HashAlgorithm::Sha256, Aead::Aes128Gcm, &secret, &secret).unwrap();
        let (tx, _) = secrets.keys().unwrap();
        assert_eq!(hex::encode(tx.key()), "9f02283b6c9c07efc26bb9f2ac92e356");
        assert_eq!(hex::encode(&tx.iv[..]), "cf782b88dd83549aadf1e984");
    }

    #[test]
    fn a_secret_of_another_length_is_refused() {
        for length in [0, 31, 33, 48] {
            let secret = vec![1; length];
            let made =
                TrafficSecrets::new(HashAlgorithm::Sha256, Aead::Aes128Gcm, &secret, &secret);
            assert!(made.is_err(), "{length}");
        }
    }
}
