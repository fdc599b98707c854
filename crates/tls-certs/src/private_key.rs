//! Private keys in the forms that people have them: PKCS#8, PKCS#1, SEC1, encrypted or not.

use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef, UintRef};
use der::{Decode, Reader};
use pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use x509_cert::spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use crate::encrypted_key::{self, DecryptError, Work};
use crate::{Error, KeyKind, Passphrase, Result};

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// Kinds of keys, and curves, that occur and that rustls does not sign with.
const UNUSABLE: [(&str, &str); 15] = [
    ("1.2.840.113549.1.1.10", "an RSA key restricted to PSS"),
    ("1.3.101.113", "an Ed448 key"),
    ("1.3.101.110", "an X25519 key, which cannot sign"),
    ("1.3.101.111", "an X448 key, which cannot sign"),
    ("1.2.840.10040.4.1", "a DSA key"),
    (
        "1.2.840.113549.1.3.1",
        "a Diffie-Hellman key, which cannot sign",
    ),
    (
        "1.2.840.10046.2.1",
        "a Diffie-Hellman key, which cannot sign",
    ),
    ("1.2.156.10197.1.301", "an SM2 key"),
    ("1.3.132.0.10", "an ECDSA key on secp256k1"),
    ("1.3.132.0.33", "an ECDSA key on P-224"),
    ("1.2.840.10045.3.1.1", "an ECDSA key on P-192"),
    ("1.3.36.3.3.2.8.1.1.7", "an ECDSA key on brainpoolP256r1"),
    ("1.3.36.3.3.2.8.1.1.11", "an ECDSA key on brainpoolP384r1"),
    ("1.3.36.3.3.2.8.1.1.13", "an ECDSA key on brainpoolP512r1"),
    ("2.16.840.1.101.3.4.3.18", "an ML-DSA-65 key"),
];

/// How a PEM block says that it is encrypted.
pub(crate) enum Encryption {
    /// By its label, or not at all.
    AsLabelled,
    /// By `Proc-Type`; with `DEK-Info`, if that is there.
    Traditional(Option<String>),
}

/// The key of one PEM block.
pub(crate) fn from_block(
    label: &str,
    content: Zeroizing<Vec<u8>>,
    encryption: Encryption,
    origin: &str,
    passphrase: Option<&Passphrase>,
) -> Result<PrivateKeyDer<'static>> {
    let content = match encryption {
        Encryption::Traditional(dek_info) => {
            let passphrase = reveal(passphrase, origin, label)?;
            traditional(dek_info.as_deref(), &content, &passphrase)
                .map_err(|e| e.into_error(origin, "key"))?
        }
        Encryption::AsLabelled => content,
    };
    match label {
        "PRIVATE KEY" => Ok(PrivatePkcs8KeyDer::from(content.to_vec()).into()),
        "RSA PRIVATE KEY" => Ok(PrivatePkcs1KeyDer::from(content.to_vec()).into()),
        "EC PRIVATE KEY" => Ok(PrivateSec1KeyDer::from(content.to_vec()).into()),
        "ENCRYPTED PRIVATE KEY" => decrypt_pkcs8(&content, origin, passphrase),
        other => Err(Error::unusable_key(
            origin,
            format!("`{other}` is not a kind that TLS can use here"),
        )),
    }
}

/// A key in DER, in whatever form.
pub(crate) fn from_der(
    der: &[u8],
    origin: &str,
    passphrase: Option<&Passphrase>,
) -> Result<PrivateKeyDer<'static>> {
    if encrypted_key::is_encrypted_pkcs8(der) {
        return decrypt_pkcs8(der, origin, passphrase);
    }
    PrivateKeyDer::try_from(der)
        .map(|key| key.clone_key())
        .map_err(|reason| Error::unusable_key(origin, reason))
}

/// What the key is, where rustls signs with no such key: the providers only say that they cannot.
pub(crate) fn unusable_kind(key: &PrivateKeyDer<'_>) -> Option<&'static str> {
    let kind = match key {
        PrivateKeyDer::Pkcs8(pkcs8) => {
            let (algorithm, _) = pkcs8_parts(pkcs8.secret_pkcs8_der())?;
            match algorithm.oid {
                EC_PUBLIC_KEY => algorithm.parameters?.decode_as().ok()?,
                kind => kind,
            }
        }
        PrivateKeyDer::Sec1(sec1) => sec1_curve(sec1.secret_sec1_der())?,
        _ => return None,
    };
    let number = kind.to_string();
    let found = UNUSABLE.iter().find(|(unusable, _)| *unusable == number)?;
    Some(found.1)
}

/// The curve of `parameters [0]` (RFC 5915, Section 3).
fn sec1_curve(sec1: &[u8]) -> Option<ObjectIdentifier> {
    let parameters = AnyRef::from_der(sec1)
        .ok()?
        .sequence(|reader| {
            let _version = AnyRef::decode(reader)?;
            let _key = AnyRef::decode(reader)?;
            let parameters = AnyRef::decode(reader)?;
            skip_rest(reader)?;
            Ok::<_, der::Error>(parameters)
        })
        .ok()?;
    ObjectIdentifier::from_der(parameters.value()).ok()
}

/// Size of an RSA key; `None` for other kinds.
fn rsa_bits(key: &PrivateKeyDer<'_>) -> Option<u32> {
    match key {
        PrivateKeyDer::Pkcs1(pkcs1) => modulus_bits(pkcs1.secret_pkcs1_der()),
        PrivateKeyDer::Pkcs8(pkcs8) => pkcs8_rsa_bits(pkcs8.secret_pkcs8_der()),
        _ => None,
    }
}

/// Refuses an RSA key below `level`, before aws-lc refuses it without a size; curves are looked at when their kind is known.
pub(crate) fn check_rsa(
    key: &PrivateKeyDer<'_>,
    origin: &str,
    level: crate::SecurityLevel,
) -> Result<()> {
    rsa_bits(key).map_or(Ok(()), |bits| level.check(origin, KeyKind::Rsa, bits))
}

fn decrypt_pkcs8(
    der: &[u8],
    origin: &str,
    passphrase: Option<&Passphrase>,
) -> Result<PrivateKeyDer<'static>> {
    let passphrase = reveal(passphrase, origin, "ENCRYPTED PRIVATE KEY")?;
    encrypted_key::decrypt_pkcs8(der, &passphrase, &mut Work::for_one_file())
        .map(|plain| PrivatePkcs8KeyDer::from(plain.to_vec()).into())
        .map_err(|e| e.into_error(origin, "key"))
}

fn reveal(
    passphrase: Option<&Passphrase>,
    origin: &str,
    label: &str,
) -> Result<Zeroizing<Vec<u8>>> {
    passphrase
        .ok_or_else(|| Error::BadDecrypt {
            origin: origin.to_owned(),
            reason: format!("the private key ({label}) is encrypted and no passphrase was given"),
        })?
        .reveal(origin)
}

#[cfg(feature = "legacy-encryption")]
fn traditional(
    dek_info: Option<&str>,
    content: &[u8],
    passphrase: &[u8],
) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
    let dek_info = dek_info.ok_or_else(|| DecryptError::damaged("it has no DEK-Info"))?;
    encrypted_key::decrypt_traditional(dek_info, content, passphrase)
}

#[cfg(not(feature = "legacy-encryption"))]
fn traditional(
    _dek_info: Option<&str>,
    _content: &[u8],
    _passphrase: &[u8],
) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
    Err(DecryptError::Unsupported(String::from(
        "traditional PEM encryption (feature `legacy-encryption` is off)",
    )))
}

fn pkcs8_parts(pkcs8: &[u8]) -> Option<(AlgorithmIdentifierRef<'_>, &OctetStringRef)> {
    AnyRef::from_der(pkcs8)
        .ok()?
        .sequence(|reader| {
            let _version = AnyRef::decode(reader)?;
            let algorithm = AlgorithmIdentifierRef::decode(reader)?;
            let key = <&OctetStringRef>::decode(reader)?;
            skip_rest(reader)?;
            Ok::<_, der::Error>((algorithm, key))
        })
        .ok()
}

fn pkcs8_rsa_bits(pkcs8: &[u8]) -> Option<u32> {
    let (algorithm, key) = pkcs8_parts(pkcs8)?;
    (algorithm.oid == RSA_ENCRYPTION).then_some(())?;
    modulus_bits(key.as_bytes())
}

fn modulus_bits(pkcs1: &[u8]) -> Option<u32> {
    let modulus = AnyRef::from_der(pkcs1)
        .ok()?
        .sequence(|reader| {
            let _version = AnyRef::decode(reader)?;
            let modulus = UintRef::decode(reader)?;
            skip_rest(reader)?;
            Ok::<_, der::Error>(modulus)
        })
        .ok()?;
    let bytes = modulus.as_bytes();
    let leading = bytes.first()?.leading_zeros();
    u32::try_from(bytes.len())
        .ok()?
        .checked_mul(8)?
        .checked_sub(leading)
}

fn skip_rest<'a>(reader: &mut impl Reader<'a>) -> der::Result<()> {
    while !reader.is_finished() {
        AnyRef::decode(reader)?;
    }
    Ok(())
}
