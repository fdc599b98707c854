//! The secret under which sessions in a store are sealed.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::limits::{
    MAX_SESSION_ID_LEN, MAX_SHARED_SECRET_LEN, MAX_SHARED_SECRETS, MIN_SHARED_SECRET_LEN,
};
use crate::sealing_key::{SALT_LEN, SealingKey, TAG_LEN, fresh_salt};
use crate::{ContextId, Error, Kind, OpenFailure, SessionId, ticket_key_source};

const LABEL: &[u8] = b"tls-stored v1";
const BLIND_LABEL: &[u8] = b"tls-blinded v1";
const VERSION: u8 = 1;
const HEADER_LEN: usize = 1 + SALT_LEN;

/// A secret of 32 or more bytes that workers share, so that the store between them never holds
/// anything that can resume or read a session. Shared by all its clones, wiped with the last.
///
/// A sealed value is `version (1) | salt (32) | AES-256-GCM ciphertext and tag (16)`, each under a key of
/// its own, bound to session id, kind and [`ContextId`].
///
/// It can hold up to four secrets, of which the first seals and all open. To replace a secret in a
/// fleet, give every worker the new one *behind* the old; then in front of it; and drop the old one
/// once the longest session lifetime is over.
///
/// ```
/// use tls_session_store::{ContextId, Kind, SharedSecret};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let context = ContextId::from_label("public");
/// let old = SharedSecret::generate()?;
/// let sealed = old.seal_value(Kind::StoredSession, &context, b"id", b"session")?;
///
/// let both = SharedSecret::generate()?.with_previous(&old)?;
/// assert_eq!(*both.open_value(Kind::StoredSession, &context, b"id", &sealed)?, b"session");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SharedSecret(Arc<ArcSwap<Secrets>>);

/// The secrets of a moment, the one that seals first. Wiped when dropped.
pub(crate) struct Secrets(Vec<Zeroizing<Vec<u8>>>);

impl Secrets {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|secret| &***secret)
    }

    fn try_from_iter<'a>(secrets: impl Iterator<Item = &'a [u8]>) -> Result<Self, Error> {
        let mut held = Vec::new();
        for secret in secrets {
            if !(MIN_SHARED_SECRET_LEN..=MAX_SHARED_SECRET_LEN).contains(&secret.len()) {
                return Err(Error::SharedSecretLength {
                    given: secret.len(),
                });
            }
            held.push(Zeroizing::new(secret.to_vec()));
        }
        match held.len() {
            0 => Err(Error::SharedSecretLength { given: 0 }),
            1..=MAX_SHARED_SECRETS => Ok(Self(held)),
            given => Err(Error::TooManySharedSecrets { given }),
        }
    }

    /// Raw bytes, or a secret a line where all of it is text.
    fn from_file_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
        if !bytes.iter().all(is_text) {
            return Self::try_from_iter(std::iter::once(bytes));
        }
        let lines = bytes.split(|byte| *byte == b'\n');
        Self::try_from_iter(
            lines
                .map(<[u8]>::trim_ascii)
                .filter(|line| !line.is_empty()),
        )
    }
}

impl SharedSecret {
    /// A fresh random secret, for a store that no other process reads.
    ///
    /// # Errors
    /// [`Error::Randomness`] if the system has none.
    pub fn generate() -> Result<Self, Error> {
        let mut secret = Zeroizing::new(vec![0; MIN_SHARED_SECRET_LEN]);
        aws_lc_rs::rand::fill(&mut secret).map_err(|_| Error::Randomness)?;
        Ok(Self::of(Secrets(vec![secret])))
    }

    /// A secret of 32 to 1,024 bytes, which must be random: a password is none.
    ///
    /// # Errors
    /// [`Error::SharedSecretLength`].
    pub fn from_bytes(secret: &[u8]) -> Result<Self, Error> {
        Secrets::try_from_iter(std::iter::once(secret)).map(Self::of)
    }

    /// The secrets of a file, of which only its owner may know: raw bytes, or text with a secret a
    /// line, of which the first seals. So `openssl rand -hex 32 > file` serves.
    ///
    /// # Errors
    /// If the file cannot be read, is open to others (`insecure_permissions`), belongs to someone else
    /// (`insecure_owner`), or a secret is too short or long, or there are more than four.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let bytes = ticket_key_source::read_secret(path.as_ref())?;
        Secrets::from_file_bytes(&bytes).map(Self::of)
    }

    fn of(secrets: Secrets) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(secrets)))
    }

    /// This secret, and behind it `previous`, which still opens what it sealed.
    ///
    /// # Errors
    /// [`Error::TooManySharedSecrets`] beyond four.
    pub fn with_previous(&self, previous: &Self) -> Result<Self, Error> {
        let (first, rest) = (self.0.load(), previous.0.load());
        Secrets::try_from_iter(first.iter().chain(rest.iter())).map(Self::of)
    }

    /// Replaces the secrets, for all clones, by those of a file, read as
    /// [`from_file`](Self::from_file) does. On an error they stay as they were.
    ///
    /// # Errors
    /// As for [`from_file`](Self::from_file).
    pub fn set_from_file(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let bytes = ticket_key_source::read_secret(path.as_ref())?;
        self.0.store(Arc::new(Secrets::from_file_bytes(&bytes)?));
        Ok(())
    }

    /// The secrets as they are now.
    pub(crate) fn current(&self) -> Arc<Secrets> {
        self.0.load_full()
    }

    /// What stands for `name` in a store whose readers must not learn or try names, such as that of a
    /// client: to put something there under the first, and to look for it under each of them. There
    /// is one for each secret, the one that seals first, so that a replaced secret is followed as
    /// sealed values are.
    ///
    /// HKDF-SHA256 over the secret, with kind and name in the info.
    #[must_use]
    pub fn blind(&self, kind: Kind, name: &[u8]) -> Vec<[u8; 32]> {
        let blind = |secret| {
            let mut blinded = [0; 32];
            let info: [&[u8]; 2] = [&[kind.as_u8()], name];
            Hkdf::<Sha256>::new(Some(BLIND_LABEL), secret)
                .expand_multi_info(&info, &mut blinded)
                .ok()?;
            Some(blinded)
        };
        self.0.load().iter().filter_map(blind).collect()
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
        let secrets = self.0.load();
        let key = secrets
            .iter()
            .next()
            .and_then(|secret| SealingKey::derive(secret, &salt, LABEL, kind, context))
            .ok_or(Error::Randomness)?;
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
        let aad = Aad::new(kind, context, &id);
        let mut failure = OpenFailure::Malformed;
        for secret in self.0.load().iter() {
            let key = SealingKey::derive(secret, salt, LABEL, kind, context)
                .ok_or(OpenFailure::Malformed)?;
            match key.open(aad.as_bytes(), sealed) {
                Err(why) => failure = why,
                opened => return opened,
            }
        }
        Err(failure)
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
    fn the_first_of_several_secrets_seals_and_all_open() {
        let (old, sealed_by_old) = sealed();
        let new = SharedSecret::from_bytes(&[8; 32]).unwrap();
        let open = |secret: &SharedSecret, sealed: &[u8]| {
            secret
                .open_value(Kind::StoredSession, &CONTEXT, b"id", sealed)
                .is_ok()
        };
        for (both, sealed_by_both_opens_under_old) in [
            (old.with_previous(&new).unwrap(), true),
            (new.with_previous(&old).unwrap(), false),
        ] {
            let sealed = both
                .seal_value(Kind::StoredSession, &CONTEXT, b"id", b"session")
                .unwrap();
            assert!(open(&both, &sealed) && open(&both, &sealed_by_old));
            assert_eq!(open(&old, &sealed), sealed_by_both_opens_under_old);
            assert_eq!(open(&new, &sealed), !sealed_by_both_opens_under_old);
        }
        let two = old.with_previous(&new).unwrap();
        let four = two.with_previous(&two).unwrap();
        let error = four.with_previous(&old).unwrap_err();
        assert_eq!(error.code(), "too_many_shared_secrets");
    }

    #[test]
    fn a_blinded_name_is_that_of_its_secret_and_kind() {
        let old = SharedSecret::from_bytes(&[7; 32]).unwrap();
        let new = SharedSecret::from_bytes(&[8; 32]).unwrap();
        let blind = |secret: &SharedSecret| secret.blind(Kind::Revocation, b"name");
        assert_eq!(blind(&old), blind(&old.clone()));
        assert_ne!(blind(&old), blind(&new));
        assert_ne!(blind(&old), old.blind(Kind::StoredSession, b"name"));
        assert_ne!(blind(&old), old.blind(Kind::Revocation, b"names"));
        let both = new.with_previous(&old).unwrap();
        assert_eq!(blind(&both), [blind(&new), blind(&old)].concat());
    }

    #[test]
    fn a_file_holds_a_secret_a_line_or_raw_bytes() {
        let count = |bytes: &[u8]| Secrets::from_file_bytes(bytes).map(|held| held.0.len());
        let line = [b'a'; 64];
        let mut raw = [7; 40];
        raw[20] = b'\n';
        let rows: [(Vec<u8>, usize); 4] = [
            (line.to_vec(), 1),
            ([&line[..], b"\r\n"].concat(), 1),
            ([&line[..], b"\n\n", &line, b"\n"].concat(), 2),
            (raw.to_vec(), 1),
        ];
        for (bytes, expected) in rows {
            assert_eq!(count(&bytes).unwrap(), expected);
        }
        for bytes in [&b""[..], b"\n", b"short\n"] {
            assert_eq!(count(bytes).unwrap_err().code(), "shared_secret_length");
        }
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
