//! The secret under which sessions in a store are sealed.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::limits::{MAX_SESSION_ID_LEN, MAX_SHARED_SECRET_LEN, MIN_SHARED_SECRET_LEN};
use crate::sealing_key::{SALT_LEN, SealingKey, TAG_LEN, fresh_salt};
use crate::{ContextId, Error, Kind, OpenFailure, SessionId, ticket_key_source};

const LABEL: &[u8] = b"tls-stored v1";
const VERSION: u8 = 1;
const HEADER_LEN: usize = 1 + SALT_LEN;

/// A secret of 32 or more bytes that workers share, so that the store between them never holds
/// anything that can resume or read a session. Wiped when its last clone is dropped.
///
/// A sealed value is `version (1) | salt (32) | AES-256-GCM ciphertext and tag (16)`, each under a key of
/// its own, bound to session id, kind and [`ContextId`].
#[derive(Clone)]
pub struct SharedSecret(Arc<Zeroizing<Vec<u8>>>);

impl SharedSecret {
    /// A fresh random secret, for a store that no other process reads.
    ///
    /// # Errors
    /// [`Error::Randomness`] if the system has none.
    pub fn generate() -> Result<Self, Error> {
        let mut secret = Zeroizing::new(vec![0; MIN_SHARED_SECRET_LEN]);
        aws_lc_rs::rand::fill(&mut secret).map_err(|_| Error::Randomness)?;
        Ok(Self(Arc::new(secret)))
    }

    /// A secret of 32 to 1,024 bytes, which must be random: a password is none.
    ///
    /// # Errors
    /// [`Error::SharedSecretLength`].
    pub fn from_bytes(secret: &[u8]) -> Result<Self, Error> {
        if !(MIN_SHARED_SECRET_LEN..=MAX_SHARED_SECRET_LEN).contains(&secret.len()) {
            return Err(Error::SharedSecretLength {
                given: secret.len(),
            });
        }
        Ok(Self(Arc::new(Zeroizing::new(secret.to_vec()))))
    }

    /// The bytes of a file, of which only its owner may know. One line break at the end is dropped, so
    /// that `openssl rand -hex 32 > file` serves.
    ///
    /// # Errors
    /// If the file cannot be read, is open to others (`insecure_permissions`), belongs to someone else
    /// (`insecure_owner`), or is too short or long.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let bytes = ticket_key_source::read_secret(path.as_ref())?;
        let secret = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        Self::from_bytes(secret.strip_suffix(b"\r").unwrap_or(secret))
    }

    /// Seals the value to be stored under `id`.
    ///
    /// # Errors
    /// [`Error::SessionIdLength`], [`Error::TooLarge`] or [`Error::Randomness`].
    pub fn seal_value(
        &self,
        kind: Kind,
        context: &ContextId,
        id: &[u8],
        value: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let id = SessionId::try_from(id)?;
        let salt = fresh_salt()?;
        let key = self.key(&salt, kind, context).ok_or(Error::Randomness)?;
        // Never grows: a reallocation would leave plaintext behind.
        let mut out = Vec::with_capacity(HEADER_LEN + value.len() + TAG_LEN);
        out.push(VERSION);
        out.extend_from_slice(&salt);
        out.extend_from_slice(value);
        key.seal(
            Aad::new(kind, context, &id).as_bytes(),
            &mut out,
            HEADER_LEN,
        )?;
        Ok(out)
    }

    /// Opens the value that was stored under `id`.
    ///
    /// # Errors
    /// [`OpenFailure`] tells why not.
    pub fn open_value(
        &self,
        kind: Kind,
        context: &ContextId,
        id: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenFailure> {
        let id = SessionId::try_from(id).map_err(|_| OpenFailure::Malformed)?;
        let (header, sealed) = sealed
            .split_at_checked(HEADER_LEN)
            .ok_or(OpenFailure::Malformed)?;
        let [VERSION, salt @ ..] = header else {
            return Err(OpenFailure::Malformed);
        };
        self.key(salt, kind, context)
            .ok_or(OpenFailure::Malformed)?
            .open(Aad::new(kind, context, &id).as_bytes(), sealed)
    }

    fn key(&self, salt: &[u8], kind: Kind, context: &ContextId) -> Option<SealingKey> {
        SealingKey::derive(&self.0, salt, LABEL, kind, context)
    }
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedSecret").finish_non_exhaustive()
    }
}

/// Kind, context and id; only the last has no fixed length.
struct Aad {
    bytes: [u8; 1 + 32 + MAX_SESSION_ID_LEN],
    len: usize,
}

impl Aad {
    fn new(kind: Kind, context: &ContextId, id: &SessionId) -> Self {
        let mut bytes = [0; 1 + 32 + MAX_SESSION_ID_LEN];
        let fields = [&[kind.as_u8()], &context.as_bytes()[..], id.as_bytes()];
        let mut len = 0;
        for (place, byte) in bytes.iter_mut().zip(fields.iter().copied().flatten()) {
            *place = *byte;
            len += 1;
        }
        Self { bytes, len }
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CONTEXT: ContextId = ContextId([1; 32]);

    fn sealed() -> (SharedSecret, Vec<u8>) {
        let secret = SharedSecret::from_bytes(&[7; 32]).unwrap();
        let sealed = secret
            .seal_value(Kind::StoredSession, &CONTEXT, b"id", b"session")
            .unwrap();
        (secret, sealed)
    }

    #[test]
    fn a_value_opens_under_its_own_id_kind_and_context_only() {
        let (secret, sealed) = sealed();
        let open = |kind, context: ContextId, id: &[u8]| {
            secret
                .open_value(kind, &context, id, &sealed)
                .map(|plain| plain.to_vec())
        };
        assert_eq!(
            open(Kind::StoredSession, CONTEXT, b"id").unwrap(),
            b"session"
        );
        for failure in [
            open(Kind::StoredSession, CONTEXT, b"ie"),
            open(Kind::StoredSession, CONTEXT, b"id\0"),
            open(Kind::StoredSession, ContextId([2; 32]), b"id"),
            open(Kind::ClientSession, CONTEXT, b"id"),
        ] {
            assert_eq!(failure, Err(OpenFailure::NotAuthentic));
        }
        let other = SharedSecret::from_bytes(&[8; 32]).unwrap();
        let failure = other.open_value(Kind::StoredSession, &CONTEXT, b"id", &sealed);
        assert_eq!(failure.unwrap_err(), OpenFailure::NotAuthentic);
    }

    #[test]
    fn equal_values_are_sealed_differently_and_hide_their_text() {
        let (_, first) = sealed();
        let (_, second) = sealed();
        assert_ne!(first, second);
        assert!(!first.windows(7).any(|window| window == b"session"));
    }

    #[test]
    fn a_secret_has_at_least_32_bytes() {
        for len in [0, 31, 1025] {
            let error = SharedSecret::from_bytes(&vec![0; len]).unwrap_err();
            assert_eq!(error.code(), "shared_secret_length");
        }
        assert_eq!(
            format!("{:?}", SharedSecret::generate().unwrap()),
            "SharedSecret { .. }"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn any_change_of_a_byte_is_noticed(at in 0usize..57, flip in 1u8..) {
            let (secret, mut sealed) = sealed();
            let at = at % sealed.len();
            sealed[at] ^= flip;
            let opened = secret.open_value(Kind::StoredSession, &CONTEXT, b"id", &sealed);
            prop_assert!(opened.is_err());
        }

        #[test]
        fn arbitrary_bytes_never_open_and_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let (secret, _) = sealed();
            prop_assert!(secret.open_value(Kind::StoredSession, &CONTEXT, b"id", &bytes).is_err());
        }
    }
}
