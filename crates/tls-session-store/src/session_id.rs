//! The name of a session in a store.

use std::fmt;

use crate::Error;
use crate::limits::MAX_SESSION_ID_LEN;

/// A session id: 1 to 32 bytes (RFC 5246, Section 7.4.1.2), kept in place without an allocation.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId {
    len: u8,
    bytes: [u8; MAX_SESSION_ID_LEN],
}

impl SessionId {
    /// A fresh id of 32 random bytes, which nobody can guess.
    ///
    /// # Errors
    /// [`Error::Randomness`] if the system has none.
    pub fn generate() -> Result<Self, Error> {
        let mut bytes = [0; MAX_SESSION_ID_LEN];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Error::Randomness)?;
        Ok(Self {
            len: MAX_SESSION_ID_LEN as u8,
            bytes,
        })
    }

    /// The bytes of the id.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl TryFrom<&[u8]> for SessionId {
    type Error = Error;

    fn try_from(id: &[u8]) -> Result<Self, Error> {
        let mut bytes = [0; MAX_SESSION_ID_LEN];
        match bytes.get_mut(..id.len()) {
            Some(place) if !id.is_empty() => place.copy_from_slice(id),
            _ => return Err(Error::SessionIdLength { given: id.len() }),
        }
        Ok(Self {
            len: id.len() as u8,
            bytes,
        })
    }
}

impl AsRef<[u8]> for SessionId {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(")?;
        self.as_bytes()
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_to_thirty_two_bytes() {
        for len in 1..=32 {
            let bytes = vec![7; len];
            assert_eq!(SessionId::try_from(&bytes[..]).unwrap().as_bytes(), bytes);
        }
        for len in [0, 33, 64] {
            let error = SessionId::try_from(&vec![7; len][..]).unwrap_err();
            assert_eq!(error.code(), "session_id_length");
        }
    }

    #[test]
    fn a_zero_at_the_end_counts() {
        let short = SessionId::try_from(&[1][..]).unwrap();
        let long = SessionId::try_from(&[1, 0][..]).unwrap();
        assert_ne!(short, long);
    }
}
