//! PBES2 (RFC 8018, Section 6.2) and the older scheme of PKCS#12 (RFC 7292, Appendix C).

use der::Sequence;
use der::asn1::{ObjectIdentifier, OctetStringRef};
use pbkdf2::pbkdf2_hmac;
use x509_cert::spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::{DecryptError, Work};
use crate::block_cipher::BlockCipher;

const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");
const PBKDF2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.12");
const SCRYPT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11591.4.11");
const HMAC_SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.7");
const HMAC_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.9");
const HMAC_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.10");
const HMAC_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.11");
const AES_128_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.2");
const AES_192_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.22");
const AES_256_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.42");
const DES_EDE3_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.3.7");
const PBE_SHA1_3DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.3");

/// Algorithms that are refused by name.
const REFUSED: [(&str, &str); 17] = [
    ("1.2.840.113549.1.12.1.1", "RC4-128"),
    ("1.2.840.113549.1.12.1.2", "RC4-40"),
    ("1.2.840.113549.1.12.1.4", "two-key 3DES"),
    ("1.2.840.113549.1.12.1.5", "RC2-128"),
    ("1.2.840.113549.1.12.1.6", "RC2-40"),
    ("1.2.840.113549.1.5.3", "MD5 with DES"),
    ("1.2.840.113549.1.5.6", "MD5 with RC2"),
    ("1.2.840.113549.1.5.10", "SHA-1 with DES"),
    ("1.2.840.113549.1.5.11", "SHA-1 with RC2"),
    ("1.2.840.113549.3.2", "RC2"),
    ("1.3.14.3.2.7", "DES"),
    ("1.2.840.113549.1.5.1", "MD2 with DES"),
    ("2.16.840.1.101.3.4.1.46", "AES-256-GCM"),
    ("1.2.392.200011.61.1.1.1.2", "Camellia-128"),
    ("1.2.392.200011.61.1.1.1.4", "Camellia-256"),
    ("1.2.410.200046.1.1.2", "ARIA-128"),
    ("1.2.410.200046.1.1.12", "ARIA-256"),
];

#[derive(Sequence)]
struct Pbes2Parameters<'a> {
    derivation: AlgorithmIdentifierRef<'a>,
    encryption: AlgorithmIdentifierRef<'a>,
}

#[derive(Sequence)]
struct Pbkdf2Parameters<'a> {
    salt: &'a OctetStringRef,
    iterations: u64,
    #[asn1(optional = "true")]
    key_length: Option<u64>,
    #[asn1(optional = "true")]
    prf: Option<AlgorithmIdentifierRef<'a>>,
}

/// RFC 7914, Section 7.1.
#[derive(Sequence)]
struct ScryptParameters<'a> {
    salt: &'a OctetStringRef,
    cost: u64,
    block_size: u64,
    parallelization: u64,
    #[asn1(optional = "true")]
    key_length: Option<u64>,
}

#[cfg(feature = "legacy-encryption")]
#[derive(Sequence)]
struct Pkcs12Parameters<'a> {
    salt: &'a OctetStringRef,
    iterations: u64,
}

type Key = Zeroizing<Vec<u8>>;

/// Decrypts what `algorithm` protects with a passphrase.
pub(crate) fn decrypt(
    algorithm: &AlgorithmIdentifierRef<'_>,
    data: &[u8],
    passphrase: &[u8],
    work: &mut Work,
) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
    match algorithm.oid {
        PBES2 => decrypt_pbes2(&parameters(algorithm)?, data, passphrase, work),
        PBE_SHA1_3DES => decrypt_pkcs12(algorithm, data, passphrase, work),
        other => Err(unsupported(other)),
    }
}

fn decrypt_pbes2(
    parameters: &Pbes2Parameters<'_>,
    data: &[u8],
    passphrase: &[u8],
    work: &mut Work,
) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
    let cipher = cipher(parameters.encryption.oid)?;
    let iv: &OctetStringRef = self::parameters(&parameters.encryption)?;
    if iv.as_bytes().len() != cipher.iv_length() {
        return Err(DecryptError::damaged(
            "an initialisation vector of another length",
        ));
    }
    let key = derive(
        &parameters.derivation,
        cipher.key_length(),
        passphrase,
        work,
    )?;
    cipher
        .decrypt(&key, iv.as_bytes(), data)
        .ok_or(DecryptError::Wrong)
}

fn cipher(algorithm: ObjectIdentifier) -> Result<BlockCipher, DecryptError> {
    match algorithm {
        AES_128_CBC => Ok(BlockCipher::Aes128),
        AES_192_CBC => Ok(BlockCipher::Aes192),
        AES_256_CBC => Ok(BlockCipher::Aes256),
        #[cfg(feature = "legacy-encryption")]
        DES_EDE3_CBC => {
            warn_about("3DES");
            Ok(BlockCipher::TripleDes)
        }
        other => Err(unsupported(other)),
    }
}

fn derive(
    derivation: &AlgorithmIdentifierRef<'_>,
    length: usize,
    passphrase: &[u8],
    work: &mut Work,
) -> Result<Key, DecryptError> {
    let mut key = Zeroizing::new(vec![0; length]);
    let wanted = match derivation.oid {
        PBKDF2 => {
            let parameters = parameters::<Pbkdf2Parameters<'_>>(derivation)?;
            run_pbkdf2(&parameters, passphrase, work, &mut key)?;
            parameters.key_length
        }
        SCRYPT => {
            let parameters = parameters::<ScryptParameters<'_>>(derivation)?;
            run_scrypt(&parameters, passphrase, work, &mut key)?;
            parameters.key_length
        }
        other => return Err(unsupported(other)),
    };
    match wanted {
        Some(wanted) if wanted != length as u64 => Err(DecryptError::damaged(
            "a key length that does not fit the cipher",
        )),
        _ => Ok(key),
    }
}

fn run_pbkdf2(
    parameters: &Pbkdf2Parameters<'_>,
    passphrase: &[u8],
    work: &mut Work,
    key: &mut [u8],
) -> Result<(), DecryptError> {
    let (salt, prf) = (parameters.salt.as_bytes(), parameters.prf.as_ref());
    let iterations = work.iterations(parameters.iterations)?;
    match prf.map_or(HMAC_SHA1, |prf| prf.oid) {
        HMAC_SHA256 => pbkdf2_hmac::<sha2::Sha256>(passphrase, salt, iterations, key),
        HMAC_SHA384 => pbkdf2_hmac::<sha2::Sha384>(passphrase, salt, iterations, key),
        HMAC_SHA512 => pbkdf2_hmac::<sha2::Sha512>(passphrase, salt, iterations, key),
        #[cfg(feature = "legacy-encryption")]
        HMAC_SHA1 => pbkdf2_hmac::<sha1::Sha1>(passphrase, salt, iterations, key),
        other => return Err(unsupported(other)),
    }
    Ok(())
}

fn run_scrypt(
    parameters: &ScryptParameters<'_>,
    passphrase: &[u8],
    work: &mut Work,
    key: &mut [u8],
) -> Result<(), DecryptError> {
    let (n, r, p) = (
        parameters.cost,
        parameters.block_size,
        parameters.parallelization,
    );
    work.scrypt(n, r, p)?;
    if !n.is_power_of_two() {
        return Err(DecryptError::damaged(
            "scrypt with N that is no power of two",
        ));
    }
    let small = |value: u64| u32::try_from(value).map_err(DecryptError::damaged);
    let log_n = n.trailing_zeros() as u8;
    let checked =
        scrypt::Params::new(log_n, small(r)?, small(p)?).map_err(DecryptError::damaged)?;
    scrypt::scrypt(passphrase, parameters.salt.as_bytes(), &checked, key)
        .map_err(DecryptError::damaged)
}

#[cfg(feature = "legacy-encryption")]
fn decrypt_pkcs12(
    algorithm: &AlgorithmIdentifierRef<'_>,
    data: &[u8],
    passphrase: &[u8],
    work: &mut Work,
) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
    use crate::pkcs12::key_derivation::{Purpose, bmp_string, derive};
    warn_about("3DES with SHA-1");
    let parameters = parameters::<Pkcs12Parameters<'_>>(algorithm)?;
    // Two derivations: key and initialisation vector; the key takes two blocks of SHA-1.
    let iterations = work.iterations(parameters.iterations.saturating_mul(3))? / 3;
    let (password, salt) = (bmp_string(passphrase), parameters.salt.as_bytes());
    let key = derive::<sha1::Sha1>(&password, salt, Purpose::Key, iterations, 24);
    let iv = derive::<sha1::Sha1>(&password, salt, Purpose::Iv, iterations, 8);
    BlockCipher::TripleDes
        .decrypt(&key, &iv, data)
        .ok_or(DecryptError::Wrong)
}

#[cfg(not(feature = "legacy-encryption"))]
fn decrypt_pkcs12(
    algorithm: &AlgorithmIdentifierRef<'_>,
    _data: &[u8],
    _passphrase: &[u8],
    _work: &mut Work,
) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
    Err(unsupported(algorithm.oid))
}

fn parameters<'a, T>(algorithm: &AlgorithmIdentifierRef<'a>) -> Result<T, DecryptError>
where
    T: der::Choice<'a> + der::DecodeValue<'a>,
{
    let parameters = algorithm
        .parameters
        .ok_or_else(|| DecryptError::damaged("parameters are missing"))?;
    parameters.decode_as::<T>().map_err(|_| {
        DecryptError::Damaged(format!("parameters of {} cannot be read", algorithm.oid))
    })
}

fn unsupported(algorithm: ObjectIdentifier) -> DecryptError {
    let needs_feature = [DES_EDE3_CBC, PBE_SHA1_3DES, HMAC_SHA1].contains(&algorithm);
    let number = algorithm.to_string();
    let name = REFUSED.iter().find(|(refused, _)| *refused == number);
    DecryptError::Unsupported(match name {
        Some((_, name)) => (*name).to_owned(),
        None if needs_feature => String::from("3DES or SHA-1 (feature `legacy-encryption` is off)"),
        None => number,
    })
}

#[cfg(feature = "legacy-encryption")]
fn warn_about(algorithm: &str) {
    tracing::warn!(
        algorithm,
        "a private key is protected by an outdated algorithm; encrypt it anew with AES-256"
    );
}
