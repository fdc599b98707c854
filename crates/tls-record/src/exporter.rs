//! Keying material for applications (RFC 8446, Section 7.5; RFC 5705 for TLS 1.2).

use std::fmt;

use sha2::{Digest, Sha256, Sha384};
use tls_wire::HashAlgorithm;
use zeroize::Zeroizing;

use crate::Error;
use crate::expand_label::expand_label;
use crate::prf::prf;

/// Makes keying material that both ends of a connection can make and nobody else (`SOP-09`).
///
/// Holds a secret: EXPORTER_SECRET in TLS 1.3; in TLS 1.2 the master secret, which also opens
/// everything that was recorded of the connection. Keep one only where it is asked for. It is
/// overwritten with zeros when dropped.
///
/// ```
/// use tls_record::Exporter;
/// use tls_wire::HashAlgorithm;
///
/// let exporter = Exporter::tls13(HashAlgorithm::Sha256, &[7; 32])?;
/// let mut key = [0; 32];
/// exporter.export(&mut key, b"EXPORTER-my-protocol", None)?;
/// # Ok::<(), tls_record::Error>(())
/// ```
pub struct Exporter {
    hash: HashAlgorithm,
    secret: Zeroizing<Vec<u8>>,
    /// TLS 1.2: client and server random.
    randoms: Option<Box<[u8; 64]>>,
}

/// Bytes of a TLS 1.2 master secret (RFC 5246, Section 8.1).
const MASTER_SECRET_LEN: usize = 48;
/// The PRF of TLS 1.2 has no end; this is as far as ours goes, and what TLS 1.3 gives with SHA-256.
const MAX_TLS12_OUTPUT: usize = 255 * 32;

impl Exporter {
    /// TLS 1.3: from the EXPORTER_SECRET of the key log; `hash` is the cipher suite's.
    ///
    /// # Errors
    ///
    /// [`Error::ExportSecret`] if the secret is not as long as the hash.
    pub fn tls13(hash: HashAlgorithm, exporter_secret: &[u8]) -> Result<Self, Error> {
        Self::new(hash, exporter_secret, hash.output_len(), None)
    }

    /// TLS 1.2: from the master secret and both randoms; the server's is taken from the ServerHello
    /// bytes. Only sound on connections with extended master secret (RFC 7627, Section 5.4).
    ///
    /// # Errors
    ///
    /// [`Error::ExportSecret`] if the master secret does not have 48 bytes.
    pub fn tls12(
        hash: HashAlgorithm,
        master_secret: &[u8],
        client_random: &[u8; 32],
        server_random: &[u8; 32],
    ) -> Result<Self, Error> {
        let mut randoms = Box::new([0; 64]);
        randoms[..32].copy_from_slice(client_random);
        randoms[32..].copy_from_slice(server_random);
        Self::new(hash, master_secret, MASTER_SECRET_LEN, Some(randoms))
    }

    fn new(
        hash: HashAlgorithm,
        secret: &[u8],
        expected: usize,
        randoms: Option<Box<[u8; 64]>>,
    ) -> Result<Self, Error> {
        if secret.len() != expected {
            return Err(Error::ExportSecret {
                expected,
                actual: secret.len(),
            });
        }
        Ok(Self {
            hash,
            secret: Zeroizing::new(secret.to_vec()),
            randoms,
        })
    }

    /// Fills `out`. In TLS 1.2 no context differs from an empty one; in TLS 1.3 they are the same.
    ///
    /// # Errors
    ///
    /// [`Error::ExportLength`] for no bytes or more than 255 hashes (TLS 1.2: 8160 bytes);
    /// [`Error::ExportLabel`] for a label over 249 bytes, [`Error::ExportContext`] for a context
    /// over 65535.
    pub fn export(
        &self,
        out: &mut [u8],
        label: &[u8],
        context: Option<&[u8]>,
    ) -> Result<(), Error> {
        let limit = match self.randoms {
            Some(_) => MAX_TLS12_OUTPUT,
            None => 255 * self.hash.output_len(),
        };
        if out.is_empty() || out.len() > limit {
            return Err(Error::ExportLength {
                length: out.len(),
                limit,
            });
        }
        // "opaque label<7..255>" holds "tls13 " and the label (RFC 8446, Section 7.1).
        if label.len() > 255 - b"tls13 ".len() {
            return Err(Error::ExportLabel {
                length: label.len(),
            });
        }
        let context_len = context.map_or(0, <[u8]>::len);
        let Ok(context_len) = u16::try_from(context_len) else {
            return Err(Error::ExportContext {
                length: context_len,
            });
        };
        match &self.randoms {
            None => self.export_tls13(out, label, context.unwrap_or_default()),
            Some(randoms) => {
                let length = context_len.to_be_bytes();
                let (length, context): (&[u8], _) = match context {
                    Some(context) => (&length, context),
                    None => (&[], Default::default()),
                };
                prf(
                    self.hash,
                    &self.secret,
                    &[label, &randoms[..], length, context],
                    out,
                )
            }
        }
    }

    /// `HKDF-Expand-Label(Derive-Secret(Secret, label, ""), "exporter", Hash(context), length)`
    /// (RFC 8446, Section 7.5).
    fn export_tls13(&self, out: &mut [u8], label: &[u8], context: &[u8]) -> Result<(), Error> {
        let mut derived = Zeroizing::new(vec![0; self.hash.output_len()]);
        expand_label(
            self.hash,
            &self.secret,
            label,
            &digest(self.hash, b""),
            &mut derived,
        )
        .ok_or_else(|| too_long(out))?;
        expand_label(
            self.hash,
            &derived,
            b"exporter",
            &digest(self.hash, context),
            out,
        )
        .ok_or_else(|| too_long(out))
    }
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter")
            .field("hash", &self.hash)
            .finish_non_exhaustive()
    }
}

/// The error for lengths that were checked before.
fn too_long(out: &[u8]) -> Error {
    Error::ExportLength {
        length: out.len(),
        limit: 255 * 32,
    }
}

fn digest(hash: HashAlgorithm, data: &[u8]) -> Vec<u8> {
    match hash {
        HashAlgorithm::Sha384 => Sha384::digest(data).to_vec(),
        _ => Sha256::digest(data).to_vec(),
    }
}
