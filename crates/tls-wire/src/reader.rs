//! A bounded cursor over untrusted bytes: integers and length-prefixed vectors.
//!
//! Every length is checked once, against what is there and against what the RFC allows, before
//! anything is made of it. Nothing is copied.

use std::ops::RangeInclusive;

use crate::error::Error;

/// Reads fields from the front of a slice.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    field: &'static str,
}

impl<'a> Reader<'a> {
    /// Reads `bytes`; errors name `field`.
    #[must_use]
    pub const fn new(bytes: &'a [u8], field: &'static str) -> Self {
        Self { rest: bytes, field }
    }

    /// Bytes not yet read.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Whether everything is read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Takes all that is left.
    pub const fn rest(&mut self) -> &'a [u8] {
        let rest = self.rest;
        self.rest = &[];
        rest
    }

    /// Takes `count` bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`] if there are fewer.
    pub const fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        match self.rest.split_at_checked(count) {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => Err(Error::Truncated { field: self.field }),
        }
    }

    /// Takes an array.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`].
    pub fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Error> {
        let (array, rest) = self
            .rest
            .split_first_chunk()
            .ok_or(Error::Truncated { field: self.field })?;
        self.rest = rest;
        Ok(array)
    }

    /// Reads a `uint8`.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`].
    pub fn u8(&mut self) -> Result<u8, Error> {
        self.array::<1>().map(|&[byte]| byte)
    }

    /// Reads a `uint16`.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`].
    pub fn u16(&mut self) -> Result<u16, Error> {
        self.array().map(|&bytes| u16::from_be_bytes(bytes))
    }

    /// Reads a `uint24`.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`].
    pub fn u24(&mut self) -> Result<u32, Error> {
        self.array()
            .map(|&[high, middle, low]| u32::from_be_bytes([0, high, middle, low]))
    }

    /// Reads a `uint32`.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`].
    pub fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(|&bytes| u32::from_be_bytes(bytes))
    }

    /// Reads a vector with one byte of length, as in `opaque field<min..max>`.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`], or [`Error::BadLength`] outside `allowed`.
    pub fn vec8(
        &mut self,
        field: &'static str,
        allowed: RangeInclusive<usize>,
    ) -> Result<&'a [u8], Error> {
        let length = usize::from(self.u8()?);
        self.vector(field, length, allowed)
    }

    /// Reads a vector with two bytes of length.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`], or [`Error::BadLength`] outside `allowed`.
    pub fn vec16(
        &mut self,
        field: &'static str,
        allowed: RangeInclusive<usize>,
    ) -> Result<&'a [u8], Error> {
        let length = usize::from(self.u16()?);
        self.vector(field, length, allowed)
    }

    fn vector(
        &mut self,
        field: &'static str,
        length: usize,
        allowed: RangeInclusive<usize>,
    ) -> Result<&'a [u8], Error> {
        if !allowed.contains(&length) {
            return Err(Error::BadLength { field, length });
        }
        match self.take(length) {
            Ok(taken) => Ok(taken),
            Err(_) => Err(Error::Truncated { field }),
        }
    }

    /// Checks that everything was read.
    ///
    /// # Errors
    ///
    /// [`Error::TrailingBytes`].
    pub const fn finish(&self) -> Result<(), Error> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(Error::TrailingBytes {
            field: self.field,
            count: self.rest.len(),
        })
    }
}

/// The `uint16`s of a vector that was checked to be a whole number of them.
#[derive(Clone, Debug)]
pub struct U16s<'a>(std::slice::ChunksExact<'a, u8>);

impl<'a> U16s<'a> {
    /// Iterates over `bytes`; an odd byte at the end is left out.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes.chunks_exact(2))
    }
}

impl Iterator for U16s<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        self.0
            .next()
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for U16s<'_> {}

/// Checks that a vector of `uint16` holds a whole number of them.
pub(crate) const fn whole_u16s(field: &'static str, bytes: &[u8]) -> Result<(), Error> {
    if bytes.len().is_multiple_of(2) {
        return Ok(());
    }
    Err(Error::BadLength {
        field,
        length: bytes.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_big_endian() {
        let mut reader = Reader::new(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], "test");
        assert_eq!(reader.u8(), Ok(1));
        assert_eq!(reader.u16(), Ok(0x0203));
        assert_eq!(reader.u24(), Ok(0x0004_0506));
        assert_eq!(reader.u32(), Ok(0x0708_090a));
        assert_eq!(reader.u8(), Err(Error::Truncated { field: "test" }));
        assert_eq!(reader.finish(), Ok(()));
    }

    #[test]
    fn a_vector_is_held_to_its_bounds_before_its_bytes_are_looked_for() {
        let mut reader = Reader::new(&[3, 1, 2], "outer");
        assert_eq!(
            reader.clone().vec8("inner", 0..=2),
            Err(Error::BadLength {
                field: "inner",
                length: 3
            })
        );
        assert_eq!(
            reader.vec8("inner", 0..=9),
            Err(Error::Truncated { field: "inner" })
        );
        let mut reader = Reader::new(&[0, 2, 1, 2, 9], "outer");
        assert_eq!(reader.vec16("inner", 2..=2), Ok(&[1, 2][..]));
        assert_eq!(
            reader.finish(),
            Err(Error::TrailingBytes {
                field: "outer",
                count: 1
            })
        );
        assert_eq!(reader.rest(), [9]);
    }

    #[test]
    fn a_failed_read_takes_nothing() {
        let mut reader = Reader::new(&[1, 2], "test");
        assert!(reader.take(3).is_err());
        assert!(reader.u24().is_err());
        assert_eq!(reader.remaining(), 2);
    }
}
