//! The key schedule (RFC 8446, Section 7.1). Each stage is a type; a stage that is over is gone.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384};
use tls_record::expand_label;
use tls_wire::HashAlgorithm;

use crate::Error;
use crate::transcript::{HashOutput, Transcript};

const FAILED: Error = Error::Provider {
    what: "the key schedule",
};

/// What a pre-shared key is, for its binder: each kind has a label of its own, so that none can
/// stand for another (RFC 8446, Section 7.1; RFC 9258, Section 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PskKind {
    External,
    Imported,
    Resumption,
}

impl PskKind {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::External => b"ext binder",
            Self::Imported => b"imp binder",
            Self::Resumption => b"res binder",
        }
    }
}

/// `HKDF-Extract(salt, ikm)`.
pub(crate) fn extract(hash: HashAlgorithm, salt: &[u8], ikm: &[u8]) -> HashOutput {
    match hash {
        HashAlgorithm::Sha384 => HashOutput::copy(&Hkdf::<Sha384>::extract(Some(salt), ikm).0),
        _ => HashOutput::copy(&Hkdf::<Sha256>::extract(Some(salt), ikm).0),
    }
}

/// `Derive-Secret(secret, label, messages)`, the messages hashed.
fn derive_secret(
    hash: HashAlgorithm,
    secret: &HashOutput,
    label: &[u8],
    messages: &HashOutput,
) -> Result<HashOutput, Error> {
    let mut derived = HashOutput::zeros(hash);
    let (secret, messages) = (secret.as_bytes(), messages.as_bytes());
    expand_label(hash, secret, label, messages, derived.as_mut()).ok_or(FAILED)?;
    Ok(derived)
}

/// The secret of the next stage starts from `Derive-Secret(., "derived", "")`.
fn derived(hash: HashAlgorithm, secret: &HashOutput) -> Result<HashOutput, Error> {
    derive_secret(hash, secret, b"derived", &Transcript::empty_hash(hash))
}

/// `HMAC(finished_key, messages)` where the key comes from `base` (RFC 8446, Section 4.4.4).
pub(crate) fn verify_data(
    hash: HashAlgorithm,
    base: &HashOutput,
    messages: &HashOutput,
) -> Result<HashOutput, Error> {
    let mut key = HashOutput::zeros(hash);
    expand_label(hash, base.as_bytes(), b"finished", b"", key.as_mut()).ok_or(FAILED)?;
    let (key, messages) = (key.as_bytes(), messages.as_bytes());
    match hash {
        HashAlgorithm::Sha384 => mac::<Hmac<Sha384>>(key, messages),
        _ => mac::<Hmac<Sha256>>(key, messages),
    }
}

fn mac<M: Mac + KeyInit>(key: &[u8], messages: &[u8]) -> Result<HashOutput, Error> {
    let mut mac = <M as KeyInit>::new_from_slice(key).map_err(|_| FAILED)?;
    mac.update(messages);
    Ok(HashOutput::copy(&mac.finalize().into_bytes()))
}

/// Early Secret: what the pre-shared key alone gives.
pub(crate) struct EarlySecret {
    hash: HashAlgorithm,
    secret: HashOutput,
}

impl EarlySecret {
    /// `HKDF-Extract(0, PSK)`.
    pub(crate) fn new(hash: HashAlgorithm, psk: &[u8]) -> Self {
        let zeros = HashOutput::zeros(hash);
        Self {
            hash,
            secret: extract(hash, zeros.as_bytes(), psk),
        }
    }

    pub(crate) fn hash(&self) -> HashAlgorithm {
        self.hash
    }

    /// The binder over the hello without its binders (Section 4.2.11.2).
    pub(crate) fn binder(&self, kind: PskKind, messages: &HashOutput) -> Result<HashOutput, Error> {
        let empty = Transcript::empty_hash(self.hash);
        let binder_key = derive_secret(self.hash, &self.secret, kind.label(), &empty)?;
        verify_data(self.hash, &binder_key, messages)
    }

    /// `HKDF-Extract(derived, (EC)DHE)`; without a key exchange zeros stand in for it.
    pub(crate) fn handshake(self, key_exchange: Option<&[u8]>) -> Result<HandshakeSecret, Error> {
        let salt = derived(self.hash, &self.secret)?;
        let zeros = HashOutput::zeros(self.hash);
        let ikm = key_exchange.unwrap_or_else(|| zeros.as_bytes());
        Ok(HandshakeSecret {
            hash: self.hash,
            secret: extract(self.hash, salt.as_bytes(), ikm),
        })
    }
}

/// Handshake Secret.
pub(crate) struct HandshakeSecret {
    hash: HashAlgorithm,
    secret: HashOutput,
}

impl HandshakeSecret {
    /// `client_handshake_traffic_secret`, over ClientHello to ServerHello.
    pub(crate) fn client_traffic(&self, messages: &HashOutput) -> Result<HashOutput, Error> {
        derive_secret(self.hash, &self.secret, b"c hs traffic", messages)
    }

    /// `server_handshake_traffic_secret`, over ClientHello to ServerHello.
    pub(crate) fn server_traffic(&self, messages: &HashOutput) -> Result<HashOutput, Error> {
        derive_secret(self.hash, &self.secret, b"s hs traffic", messages)
    }

    /// `HKDF-Extract(derived, 0)`.
    pub(crate) fn master(self) -> Result<MasterSecret, Error> {
        let salt = derived(self.hash, &self.secret)?;
        let zeros = HashOutput::zeros(self.hash);
        Ok(MasterSecret {
            hash: self.hash,
            secret: extract(self.hash, salt.as_bytes(), zeros.as_bytes()),
        })
    }
}

/// Master Secret.
pub(crate) struct MasterSecret {
    hash: HashAlgorithm,
    secret: HashOutput,
}

impl MasterSecret {
    /// `client_application_traffic_secret_0`, over ClientHello to the server's Finished.
    pub(crate) fn client_traffic(&self, messages: &HashOutput) -> Result<HashOutput, Error> {
        derive_secret(self.hash, &self.secret, b"c ap traffic", messages)
    }

    /// `server_application_traffic_secret_0`, over ClientHello to the server's Finished.
    pub(crate) fn server_traffic(&self, messages: &HashOutput) -> Result<HashOutput, Error> {
        derive_secret(self.hash, &self.secret, b"s ap traffic", messages)
    }

    /// `exporter_master_secret`, over ClientHello to the server's Finished.
    pub(crate) fn exporter(&self, messages: &HashOutput) -> Result<HashOutput, Error> {
        derive_secret(self.hash, &self.secret, b"exp master", messages)
    }

    /// `resumption_master_secret`, over ClientHello to the client's Finished.
    pub(crate) fn resumption(&self, messages: &HashOutput) -> Result<HashOutput, Error> {
        derive_secret(self.hash, &self.secret, b"res master", messages)
    }
}

/// The pre-shared key of one ticket (Section 4.6.1).
pub(crate) fn resumption_psk(
    hash: HashAlgorithm,
    resumption_master: &HashOutput,
    nonce: &[u8],
) -> Result<HashOutput, Error> {
    let mut psk = HashOutput::zeros(hash);
    let master = resumption_master.as_bytes();
    expand_label(hash, master, b"resumption", nonce, psk.as_mut()).ok_or(FAILED)?;
    Ok(psk)
}

#[cfg(test)]
mod tests;
