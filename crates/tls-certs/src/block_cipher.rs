//! The CBC ciphers of encrypted keys.

use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, KeyInit, KeyIvInit};
use zeroize::Zeroizing;

/// A block cipher in CBC mode with the padding of PKCS#7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockCipher {
    Aes128,
    Aes192,
    Aes256,
    #[cfg(feature = "legacy-encryption")]
    TripleDes,
}

impl BlockCipher {
    pub(crate) const fn key_length(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes192 => 24,
            Self::Aes256 => 32,
            #[cfg(feature = "legacy-encryption")]
            Self::TripleDes => 24,
        }
    }

    pub(crate) const fn iv_length(self) -> usize {
        match self {
            Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
            #[cfg(feature = "legacy-encryption")]
            Self::TripleDes => 8,
        }
    }

    /// `None` if lengths or padding are wrong; a wrong key mostly shows as wrong padding.
    pub(crate) fn decrypt(self, key: &[u8], iv: &[u8], data: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Self::Aes128 => decrypt::<aes::Aes128>(key, iv, data),
            Self::Aes192 => decrypt::<aes::Aes192>(key, iv, data),
            Self::Aes256 => decrypt::<aes::Aes256>(key, iv, data),
            #[cfg(feature = "legacy-encryption")]
            Self::TripleDes => decrypt::<des::TdesEde3>(key, iv, data),
        }
    }
}

fn decrypt<C>(key: &[u8], iv: &[u8], data: &[u8]) -> Option<Zeroizing<Vec<u8>>>
where
    C: BlockCipherDecrypt + KeyInit,
{
    let mut buffer = Zeroizing::new(data.to_vec());
    let length = cbc::Decryptor::<C>::new_from_slices(key, iv)
        .ok()?
        .decrypt_padded::<Pkcs7>(&mut buffer)
        .ok()?
        .len();
    buffer.truncate(length);
    Some(buffer)
}
