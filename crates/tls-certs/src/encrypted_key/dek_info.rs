//! Traditional encrypted PEM: `Proc-Type: 4,ENCRYPTED` and `DEK-Info` (RFC 1421,
//! Section 4.6.1), with the key derivation of SSLeay: one round of MD5.

use md5::{Digest, Md5};
use zeroize::Zeroizing;

use super::{DecryptError, is_one_sequence};
use crate::block_cipher::BlockCipher;

/// Decrypts the content of a block by its `DEK-Info` (`AES-256-CBC,hex of the vector`).
pub(crate) fn decrypt(
    dek_info: &str,
    data: &[u8],
    passphrase: &[u8],
) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
    let (name, iv) = dek_info
        .split_once(',')
        .ok_or_else(|| DecryptError::damaged("DEK-Info without an initialisation vector"))?;
    let name = name.trim().to_ascii_uppercase();
    let cipher = match name.as_str() {
        "AES-128-CBC" => BlockCipher::Aes128,
        "AES-192-CBC" => BlockCipher::Aes192,
        "AES-256-CBC" => BlockCipher::Aes256,
        "DES-EDE3-CBC" => BlockCipher::TripleDes,
        _ => {
            return Err(DecryptError::Unsupported(crate::displayed_text::displayed(
                &name,
            )));
        }
    };
    tracing::warn!(
        cipher = name,
        "a private key is in traditional encrypted PEM, whose passphrase is cheap to guess (one round of MD5); convert it: openssl pkcs8 -topk8"
    );
    let iv = from_hex(iv.trim().as_bytes())
        .filter(|iv| iv.len() == cipher.iv_length())
        .ok_or_else(|| DecryptError::damaged("DEK-Info with a damaged initialisation vector"))?;
    let key = derive(passphrase, &iv, cipher.key_length());
    cipher
        .decrypt(&key, &iv, data)
        .filter(|plain| is_one_sequence(plain))
        .ok_or(DecryptError::Wrong)
}

/// Each digest is over the one before, the passphrase and the first eight bytes of the vector.
fn derive(passphrase: &[u8], iv: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(Vec::with_capacity(length + 16));
    let mut last = Zeroizing::new(Vec::new());
    while key.len() < length {
        let mut digest = Md5::new();
        digest.update(&*last);
        digest.update(passphrase);
        digest.update(&iv[..8]);
        last = Zeroizing::new(digest.finalize().to_vec());
        key.extend_from_slice(&last);
    }
    key.truncate(length);
    key
}

fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |b: u8| {
        char::from(b)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    let (pairs, rest) = text.as_chunks::<2>();
    rest.is_empty().then_some(())?;
    pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?))
        .collect()
}
