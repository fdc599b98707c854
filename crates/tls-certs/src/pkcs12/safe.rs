//! The bags inside a PFX (RFC 7292, Section 4.2).

use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode, Sequence, Tag, Tagged};
use pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use x509_cert::spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::{ContentInfo, Contents, DATA, ENCRYPTED_DATA};
use crate::encrypted_key::{self, DecryptError, Work};

const KEY_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.1");
const SHROUDED_KEY_BAG: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.2");
const CERT_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.3");
const X509: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.22.1");

/// Bags that are looked at; a key with its chain makes five.
const MAX_BAGS: usize = 1000;

#[derive(Sequence)]
struct SafeBag<'a> {
    id: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    value: AnyRef<'a>,
    /// Friendly name and the like: not looked at.
    #[asn1(optional = "true")]
    attributes: Option<AnyRef<'a>>,
}

#[derive(Sequence)]
struct CertBag<'a> {
    id: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    value: AnyRef<'a>,
}

#[derive(Sequence)]
struct EncryptedData<'a> {
    version: u8,
    content: EncryptedContentInfo<'a>,
}

#[derive(Sequence)]
struct EncryptedContentInfo<'a> {
    content_type: ObjectIdentifier,
    algorithm: AlgorithmIdentifierRef<'a>,
    /// `[0] IMPLICIT OCTET STRING`.
    data: AnyRef<'a>,
}

/// Reads an `AuthenticatedSafe`, whose seal has been checked.
pub(super) fn read(
    safe: &[u8],
    passphrase: &[u8],
    work: &mut Work,
) -> Result<Contents, DecryptError> {
    let mut contents = Contents::default();
    let infos = Vec::<ContentInfo<'_>>::from_der(safe).map_err(DecryptError::damaged)?;
    for info in infos {
        match info.content_type {
            DATA => {
                let data: &OctetStringRef =
                    info.content.decode_as().map_err(DecryptError::damaged)?;
                read_bags(data.as_bytes(), passphrase, work, &mut contents)?;
            }
            ENCRYPTED_DATA => {
                let bags = decrypt(&info.content, passphrase, work)?;
                read_bags(&bags, passphrase, work, &mut contents).map_err(wrong_if_damaged)?;
            }
            other => return Err(DecryptError::Unsupported(format!("content {other}"))),
        }
    }
    Ok(contents)
}

fn decrypt(
    content: &AnyRef<'_>,
    passphrase: &[u8],
    work: &mut Work,
) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
    let encrypted: EncryptedData<'_> = content.decode_as().map_err(DecryptError::damaged)?;
    let EncryptedContentInfo {
        content_type,
        algorithm,
        data,
    } = encrypted.content;
    let is_octets = matches!(data.tag(), Tag::ContextSpecific { constructed: false, number } if number.value() == 0);
    if encrypted.version > 2 || content_type != DATA || !is_octets {
        return Err(DecryptError::damaged("encrypted data of another form"));
    }
    encrypted_key::decrypt(&algorithm, data.value(), passphrase, work)
}

fn read_bags(
    bags: &[u8],
    passphrase: &[u8],
    work: &mut Work,
    contents: &mut Contents,
) -> Result<(), DecryptError> {
    let bags = Vec::<SafeBag<'_>>::from_der(bags).map_err(DecryptError::damaged)?;
    if contents.certificates.len() + contents.keys.len() + bags.len() > MAX_BAGS {
        return Err(DecryptError::TooCostly(format!(
            "more than {MAX_BAGS} bags"
        )));
    }
    for bag in bags {
        let SafeBag {
            id,
            value,
            attributes: _,
        } = bag;
        match id {
            KEY_BAG => contents.keys.push(key(&encode(&value)?)),
            SHROUDED_KEY_BAG => {
                let plain = encrypted_key::decrypt_pkcs8(&encode(&value)?, passphrase, work)?;
                contents.keys.push(key(&plain));
            }
            CERT_BAG => contents.certificates.extend(certificate(&value)?),
            // CRLs, secrets of Java, nested bags: nothing for an identity.
            _ => {}
        }
    }
    Ok(())
}

fn certificate(value: &AnyRef<'_>) -> Result<Option<CertificateDer<'static>>, DecryptError> {
    let bag: CertBag<'_> = value.decode_as().map_err(DecryptError::damaged)?;
    if bag.id != X509 {
        return Ok(None);
    }
    let der: &OctetStringRef = bag.value.decode_as().map_err(DecryptError::damaged)?;
    Ok(Some(CertificateDer::from(der.as_bytes().to_vec())))
}

fn key(der: &[u8]) -> PrivatePkcs8KeyDer<'static> {
    PrivatePkcs8KeyDer::from(der.to_vec())
}

fn encode(value: &AnyRef<'_>) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
    use der::Encode;
    value
        .to_der()
        .map(Zeroizing::new)
        .map_err(DecryptError::damaged)
}

/// What decrypts to nonsense was decrypted with a wrong passphrase that gave right padding.
fn wrong_if_damaged(error: DecryptError) -> DecryptError {
    match error {
        DecryptError::Damaged(_) => DecryptError::Wrong,
        other => other,
    }
}
