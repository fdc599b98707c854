//! Key derivation of PKCS#12 (RFC 7292, Appendix B).

use sha2::Digest;
use sha2::digest::block_api::BlockSizeUser;
use zeroize::Zeroizing;

/// What the derived bytes are for; the diversifier of Appendix B.3.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    #[cfg(feature = "legacy-encryption")]
    Key = 1,
    #[cfg(feature = "legacy-encryption")]
    Iv = 2,
    Mac = 3,
}

/// A passphrase as a BMPString with its terminating zeros (Appendix B.1). What is not UTF-8
/// is taken byte by byte, as OpenSSL does.
pub(crate) fn bmp_string(passphrase: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::with_capacity(passphrase.len() * 2 + 2));
    match std::str::from_utf8(passphrase) {
        Ok(utf8) => text.extend(utf8.encode_utf16().flat_map(u16::to_be_bytes)),
        Err(_) => text.extend(passphrase.iter().flat_map(|&byte| [0, byte])),
    }
    text.extend([0, 0]);
    text
}

/// Appendix B.2. `password` is a BMPString as made by [`bmp_string`].
pub(crate) fn derive<D: Digest + BlockSizeUser>(
    password: &[u8],
    salt: &[u8],
    purpose: Purpose,
    iterations: u32,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let block = <D as BlockSizeUser>::block_size();
    let diversifier = vec![purpose as u8; block];
    let mut input = Zeroizing::new(fill(salt, block));
    input.append(&mut fill(password, block));
    let mut derived = Zeroizing::new(Vec::with_capacity(length + block));
    loop {
        let mut hash = D::new()
            .chain_update(&diversifier)
            .chain_update(&*input)
            .finalize();
        for _ in 1..iterations {
            hash = D::digest(&hash);
        }
        derived.extend_from_slice(&hash);
        if derived.len() >= length {
            derived.truncate(length);
            return derived;
        }
        let addend = Zeroizing::new(fill_to(&hash, block));
        for part in input.chunks_exact_mut(block) {
            add_with_one(part, &addend);
        }
    }
}

/// Repeats bytes up to a multiple of the block; nothing stays nothing.
fn fill(bytes: &[u8], block: usize) -> Vec<u8> {
    fill_to(bytes, bytes.len().div_ceil(block) * block)
}

fn fill_to(bytes: &[u8], length: usize) -> Vec<u8> {
    bytes.iter().copied().cycle().take(length).collect()
}

/// `number += addend + 1`, both big-endian and of one length.
fn add_with_one(number: &mut [u8], addend: &[u8]) {
    let mut carry = 1;
    for (digit, add) in number.iter_mut().zip(addend).rev() {
        carry += u16::from(*digit) + u16::from(*add);
        *digit = carry.to_be_bytes()[1];
        carry >>= 8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_becomes_big_endian_utf16_with_a_zero() {
        assert_eq!(*bmp_string("aß".as_bytes()), [0, b'a', 0, 0xdf, 0, 0]);
        assert_eq!(*bmp_string(&[0xff]), [0, 0xff, 0, 0]);
        assert_eq!(*bmp_string(b""), [0, 0]);
    }

    // The widely used vectors of the password "smeg".
    #[cfg(feature = "legacy-encryption")]
    #[test]
    fn known_answers() {
        let salt = [0x0a, 0x58, 0xcf, 0x64, 0x53, 0x0d, 0x82, 0x3f];
        let key = derive::<sha1::Sha1>(&bmp_string(b"smeg"), &salt, Purpose::Key, 1, 24);
        assert_eq!(
            *key,
            [
                0x8a, 0xaa, 0xe6, 0x29, 0x7b, 0x6c, 0xb0, 0x46, 0x42, 0xab, 0x5b, 0x07, 0x78, 0x51,
                0x28, 0x4e, 0xb7, 0x12, 0x8f, 0x1a, 0x2a, 0x7f, 0xbc, 0xa3
            ]
        );
        let iv = derive::<sha1::Sha1>(&bmp_string(b"smeg"), &salt, Purpose::Iv, 1, 8);
        assert_eq!(*iv, [0x79, 0x99, 0x3d, 0xfe, 0x04, 0x8d, 0x3b, 0x76]);
    }
}
