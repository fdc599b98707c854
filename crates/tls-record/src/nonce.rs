//! Nonces: the IV and the record's sequence number.

use aws_lc_rs::aead::Nonce;

/// The sequence number, padded on the left with zeros, exclusive-or the IV (RFC 8446, Section 5.3;
/// RFC 7905, Section 2).
pub(crate) fn xored(iv: &[u8; 12], sequence: u64) -> [u8; 12] {
    let mut nonce = *iv;
    for (byte, number) in nonce[4..].iter_mut().zip(sequence.to_be_bytes()) {
        *byte ^= number;
    }
    nonce
}

/// The first four bytes of the IV and the eight that the record carries (RFC 5288, Section 3).
pub(crate) fn explicit(iv: &[u8; 12], explicit: [u8; 8]) -> [u8; 12] {
    let mut nonce = *iv;
    nonce[4..].copy_from_slice(&explicit);
    nonce
}

pub(crate) fn for_aead(nonce: [u8; 12]) -> Nonce {
    Nonce::assume_unique_for_key(nonce)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_number_is_xored_into_the_last_eight_bytes() {
        let iv = [0xff; 12];
        assert_eq!(xored(&iv, 0), iv);
        assert_eq!(
            xored(&iv, 0x0102_0304_0506_0708),
            [
                0xff, 0xff, 0xff, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa, 0xf9, 0xf8, 0xf7
            ]
        );
    }

    #[test]
    fn the_explicit_part_replaces_the_last_eight_bytes() {
        assert_eq!(
            explicit(&[9; 12], [1; 8]),
            [9, 9, 9, 9, 1, 1, 1, 1, 1, 1, 1, 1]
        );
    }
}
