//! The counterpart of the reader: integers and length-prefixed vectors into a `Vec`.

use crate::error::Error;

/// Appends fields to a buffer.
///
/// A vector's length is filled in when its closure returns; a vector too long for its prefix is
/// an error of the whole message, reported by [`finish`](Self::finish), so that writers read as
/// the RFC's structures do.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
    overflow: Option<usize>,
}

impl Writer {
    /// An empty buffer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a `uint8`.
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// Appends a `uint16`.
    pub fn u16(&mut self, value: u16) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    /// Appends a `uint32`.
    pub fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    /// Appends bytes as they are.
    pub fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends a vector with one byte of length.
    pub fn vec8(&mut self, content: impl FnOnce(&mut Self)) {
        self.vector::<1>(content);
    }

    /// Appends a vector with two bytes of length.
    pub fn vec16(&mut self, content: impl FnOnce(&mut Self)) {
        self.vector::<2>(content);
    }

    /// Appends a vector with three bytes of length, or the body of a handshake message.
    pub fn vec24(&mut self, content: impl FnOnce(&mut Self)) {
        self.vector::<3>(content);
    }

    fn vector<const PREFIX: usize>(&mut self, content: impl FnOnce(&mut Self)) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; PREFIX]);
        content(self);
        let length = self.bytes.len() - start - PREFIX;
        if length >> (8 * PREFIX) != 0 {
            self.overflow.get_or_insert(length);
        }
        let encoded = (length as u64).to_be_bytes();
        self.bytes[start..start + PREFIX].copy_from_slice(&encoded[8 - PREFIX..]);
    }

    /// The bytes.
    ///
    /// # Errors
    ///
    /// [`Error::BadLength`] if a vector was too long for its prefix.
    pub fn finish(self, field: &'static str) -> Result<Vec<u8>, Error> {
        match self.overflow {
            Some(length) => Err(Error::BadLength { field, length }),
            None => Ok(self.bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_filled_in_from_the_inside_out() {
        let mut writer = Writer::new();
        writer.vec24(|outer| {
            outer.u8(1);
            outer.vec16(|inner| inner.put(b"ab"));
            outer.vec8(|_| {});
        });
        assert_eq!(
            writer.finish("test"),
            Ok(vec![0, 0, 6, 1, 0, 2, b'a', b'b', 0])
        );
    }

    #[test]
    fn a_vector_too_long_for_its_prefix_is_an_error() {
        let mut writer = Writer::new();
        writer.vec8(|inner| inner.put(&[0; 256]));
        assert_eq!(
            writer.finish("test"),
            Err(Error::BadLength {
                field: "test",
                length: 256
            })
        );
    }
}
