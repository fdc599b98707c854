//! Record sequence numbers, which never wrap.

use crate::Error;

/// Counts the records of one direction under one key (RFC 8446, Section 5.3).
#[derive(Clone, Copy, Debug)]
pub(crate) struct SequenceNumber(u64);

impl SequenceNumber {
    pub(crate) const fn new(next: u64) -> Self {
        Self(next)
    }

    /// The number of the next record, which is also how many records the key has protected.
    pub(crate) const fn get(self) -> u64 {
        self.0
    }

    /// Moves on. The last number is never used, so that no two records can share a nonce:
    /// "Sequence numbers MUST NOT wrap" (RFC 8446, Section 5.3; RFC 5246, Section 6.1).
    pub(crate) fn advance(&mut self) -> Result<(), Error> {
        self.0 = self.0.checked_add(1).ok_or(Error::KeyLimit)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_number_is_not_followed_by_zero() {
        let mut sequence = SequenceNumber::new(u64::MAX - 1);
        assert_eq!(sequence.advance(), Ok(()));
        assert_eq!(sequence.advance(), Err(Error::KeyLimit));
        assert_eq!(sequence.get(), u64::MAX);
    }
}
