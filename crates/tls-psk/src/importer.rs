//! Importing external keys (RFC 9258): from one key, one for each protocol and KDF that it is used
//! with, bound to a context.

use std::fmt;
use std::sync::Arc;

use tls_record::expand_label;
use tls_wire::reader::Reader;
use tls_wire::writer::Writer;
use tls_wire::{HashAlgorithm, ProtocolVersion};
use zeroize::Zeroizing;

use crate::limits::MAX_IMPORT_CONTEXT;
use crate::tls13::key_schedule::extract;
use crate::transcript::{HashOutput, Transcript};
use crate::{ClientPsk, Error, PskIdentity, PskKey};

/// What imported keys are bound to: 0 to 256 bytes that both ends know, and that go over the wire
/// in the clear.
///
/// With [`between`](Self::between) it names both roles, so that a key which both ends may use as
/// client and as server can't be turned against its owner (the Selfie attack: RFC 9257,
/// Section 4.1; RFC 9258, Appendix A).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ImportContext(Arc<[u8]>);

impl ImportContext {
    /// Any bytes.
    ///
    /// # Errors
    ///
    /// [`Error::ImportContextTooLong`].
    pub fn new(context: impl AsRef<[u8]>) -> Result<Self, Error> {
        let context = context.as_ref();
        if context.len() > MAX_IMPORT_CONTEXT {
            return Err(Error::ImportContextTooLong {
                length: context.len(),
                limit: MAX_IMPORT_CONTEXT,
            });
        }
        Ok(Self(context.into()))
    }

    /// The name of the client and the name of the server, in the structure of RFC 9258,
    /// Appendix A: each with a byte of length before it.
    ///
    /// # Errors
    ///
    /// [`Error::ImportContextTooLong`] if the two names have more than 254 bytes together.
    pub fn between(client: impl AsRef<[u8]>, server: impl AsRef<[u8]>) -> Result<Self, Error> {
        let mut context = Writer::new();
        context.vec8(|name| name.put(client.as_ref()));
        context.vec8(|name| name.put(server.as_ref()));
        match context.finish("context") {
            Ok(context) => Self::new(context),
            Err(_) => Err(Error::ImportContextTooLong {
                length: client.as_ref().len() + server.as_ref().len() + 2,
                limit: MAX_IMPORT_CONTEXT,
            }),
        }
    }

    /// What a client offers for an external key: an imported one for each KDF of the TLS 1.3
    /// suites, and nothing that serves TLS 1.2.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyImported`].
    pub fn import(&self, identity: &PskIdentity, key: &PskKey) -> Result<Vec<ClientPsk>, Error> {
        let imported = TargetKdf::ALL.into_iter().map(|kdf| {
            let imported = ImportedIdentity::new(identity.clone(), self.clone(), kdf);
            Ok(ClientPsk {
                identity: imported.to_wire()?,
                key: imported.import(key)?,
            })
        });
        imported.collect()
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for ImportContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// The KDF of the suites that an imported key is for (RFC 9258, Section 10: the IANA registry "TLS
/// KDF Identifiers").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TargetKdf {
    /// `HKDF_SHA256` (0x0001).
    HkdfSha256,
    /// `HKDF_SHA384` (0x0002).
    HkdfSha384,
}

impl TargetKdf {
    /// Those of the TLS 1.3 suites, most widely used first.
    pub const ALL: [Self; 2] = [Self::HkdfSha256, Self::HkdfSha384];

    /// The number in the registry.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::HkdfSha256 => 1,
            Self::HkdfSha384 => 2,
        }
    }

    /// The hash of its suites.
    #[must_use]
    pub const fn hash(self) -> HashAlgorithm {
        match self {
            Self::HkdfSha256 => HashAlgorithm::Sha256,
            Self::HkdfSha384 => HashAlgorithm::Sha384,
        }
    }

    fn from_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|kdf| kdf.number() == number)
    }
}

/// An imported identity (RFC 9258, Section 5.1): what stands for the external one on the wire.
///
/// The target protocol is TLS 1.3: keys are not imported for earlier versions (same section).
///
/// ```
/// use tls_psk::{ImportContext, ImportedIdentity, PskIdentity, PskKey, TargetKdf};
///
/// let external = PskIdentity::new("gate-7")?;
/// let key = PskKey::from_hex("6f0d9a3c51e84b72a1c4d7e02b9f8356")?;
/// let context = ImportContext::between("gate-7", "door-server")?;
///
/// let identity = ImportedIdentity::new(external, context, TargetKdf::HkdfSha256);
/// let imported = identity.import(&key)?;
/// assert!(imported.is_imported());
/// assert_eq!(ImportedIdentity::parse(identity.to_wire()?.as_bytes()), Some(identity));
/// # Ok::<(), tls_psk::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImportedIdentity {
    external: PskIdentity,
    context: ImportContext,
    kdf: TargetKdf,
}

impl ImportedIdentity {
    /// An identity for TLS 1.3 with suites of one KDF.
    #[must_use]
    pub fn new(external: PskIdentity, context: ImportContext, kdf: TargetKdf) -> Self {
        Self {
            external,
            context,
            kdf,
        }
    }

    /// The identity of the external key.
    #[must_use]
    pub fn external(&self) -> &PskIdentity {
        &self.external
    }

    /// What the key is bound to.
    #[must_use]
    pub fn context(&self) -> &ImportContext {
        &self.context
    }

    /// The KDF of the suites that it is for.
    #[must_use]
    pub fn kdf(&self) -> TargetKdf {
        self.kdf
    }

    /// The `ImportedIdentity` structure, as it stands in `pre_shared_key`.
    ///
    /// # Errors
    ///
    /// [`Error::IdentityLength`] if it is longer than any that is taken.
    pub fn to_wire(&self) -> Result<PskIdentity, Error> {
        let mut wire = Writer::new();
        wire.vec16(|field| field.put(self.external.as_bytes()));
        wire.vec16(|field| field.put(self.context.as_bytes()));
        wire.u16(ProtocolVersion::Tls13.number());
        wire.u16(self.kdf.number());
        PskIdentity::from_wire(wire.finish("ImportedIdentity")?)
    }

    /// Reads an identity that a peer offers; `None` if it is no `ImportedIdentity` for TLS 1.3 and
    /// a KDF that is known here.
    #[must_use]
    pub fn parse(wire: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(wire, "ImportedIdentity");
        let external = reader
            .vec16("external_identity", 1..=usize::from(u16::MAX))
            .ok()?;
        let context = reader.vec16("context", 0..=usize::from(u16::MAX)).ok()?;
        let protocol = ProtocolVersion::from(reader.u16().ok()?);
        let kdf = TargetKdf::from_number(reader.u16().ok()?)?;
        reader.finish().ok()?;
        if protocol != ProtocolVersion::Tls13 {
            return None;
        }
        Some(Self {
            external: PskIdentity::new(external).ok()?,
            context: ImportContext::new(context).ok()?,
            kdf,
        })
    }

    /// The key that goes with this identity:
    ///
    /// ```text
    /// epskx = HKDF-Extract(0, epsk)
    /// ipskx = HKDF-Expand-Label(epskx, "derived psk", Hash(ImportedIdentity), L)
    /// ```
    ///
    /// The hash is the one that `key` is declared for, whatever the target KDF; L is the length of
    /// the target KDF's hash.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyImported`] for a key that was imported; as [`to_wire`](Self::to_wire).
    pub fn import(&self, key: &PskKey) -> Result<PskKey, Error> {
        if key.is_imported() {
            return Err(Error::AlreadyImported);
        }
        let hash = key.hash();
        let zeros = HashOutput::zeros(hash);
        let extracted = extract(hash, zeros.as_bytes(), key.secret());
        let mut identity = Transcript::new(hash);
        identity.add(self.to_wire()?.as_bytes());
        let (secret, context) = (extracted.as_bytes(), identity.hash());
        let mut imported = Zeroizing::new(vec![0; self.kdf.hash().output_len()]);
        expand_label(
            hash,
            secret,
            b"derived psk",
            context.as_bytes(),
            &mut imported,
        )
        .ok_or(Error::Provider {
            what: "importing a key",
        })?;
        Ok(PskKey::imported(imported, self.kdf.hash()))
    }
}

#[cfg(test)]
mod tests;
