//! The 48 bytes that make and open tickets.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::Error;
use crate::limits::{KEY_NAME_LEN, TICKET_KEY_LEN};

/// A ticket key: 48 bytes, of which the first 16 are the name that tickets carry in the clear
/// (spec `TKT-01`), so that one file can serve Node, nginx and this crate. Wiped when dropped.
#[derive(Clone)]
pub struct TicketKey(Zeroizing<[u8; TICKET_KEY_LEN]>);

impl TicketKey {
    /// A fresh random key.
    ///
    /// # Errors
    /// [`Error::Randomness`] if the system has none.
    pub fn generate() -> Result<Self, Error> {
        let mut bytes = Zeroizing::new([0; TICKET_KEY_LEN]);
        aws_lc_rs::rand::fill(bytes.as_mut()).map_err(|_| Error::Randomness)?;
        Ok(Self(bytes))
    }

    /// The 48 bytes, secret.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; TICKET_KEY_LEN] {
        &self.0
    }

    /// The first 16 bytes, which each ticket of this key starts with; no secret.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        self.0.get(..KEY_NAME_LEN).unwrap_or_default()
    }
}

impl From<[u8; TICKET_KEY_LEN]> for TicketKey {
    fn from(bytes: [u8; TICKET_KEY_LEN]) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl TryFrom<&[u8]> for TicketKey {
    type Error = Error;

    fn try_from(bytes: &[u8]) -> Result<Self, Error> {
        let mut key = Zeroizing::new([0; TICKET_KEY_LEN]);
        if bytes.len() != TICKET_KEY_LEN {
            return Err(Error::TicketKeyLength { given: bytes.len() });
        }
        key.copy_from_slice(bytes);
        Ok(Self(key))
    }
}

/// Takes the same time wherever the keys differ.
impl PartialEq for TicketKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&*other.0).into()
    }
}

impl Eq for TicketKey {}

impl fmt::Debug for TicketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TicketKey").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Spec: T-SES-06, CTX-12
    #[test]
    fn a_ticket_key_is_exactly_48_bytes() {
        for len in [0, 1, 16, 47, 49, 96] {
            let error = TicketKey::try_from(&vec![1; len][..]).unwrap_err();
            assert!(
                error.to_string().contains("must be exactly 48 bytes"),
                "{error}"
            );
            assert_eq!(error.node_code(), Some("ERR_INVALID_ARG_VALUE"));
        }
        assert!(TicketKey::try_from(&[1; 48][..]).is_ok());
    }

    // Spec: TKT-01
    #[test]
    fn tkt_01_the_first_16_bytes_are_the_name() {
        let mut bytes = [9; 48];
        bytes[..16].copy_from_slice(b"sixteen bytes ok");
        assert_eq!(TicketKey::from(bytes).name(), b"sixteen bytes ok");
    }

    #[test]
    fn debug_shows_nothing_of_the_key() {
        let shown = format!("{:?}", TicketKey::from([0x5a; 48]));
        assert_eq!(shown, "TicketKey { .. }");
    }
}
