//! PKCS#12, also called PFX (RFC 7292): several certificates and keys in one file.

pub(crate) mod key_derivation;
mod mac;
mod safe;

use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode, Sequence};
use pki_types::{CertificateDer, PrivatePkcs8KeyDer};

use self::mac::MacData;
use crate::encrypted_key::{DecryptError, Work};
use crate::{Error, Passphrase, Result};

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ENCRYPTED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");

/// What a PFX holds that can be used.
#[derive(Default)]
pub(crate) struct Contents {
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    pub(crate) keys: Vec<PrivatePkcs8KeyDer<'static>>,
}

#[derive(Sequence)]
struct Pfx<'a> {
    version: u8,
    auth_safe: ContentInfo<'a>,
    #[asn1(optional = "true")]
    mac_data: Option<MacData<'a>>,
}

#[derive(Sequence)]
struct ContentInfo<'a> {
    content_type: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    content: AnyRef<'a>,
}

/// Whether DER has the outer form of a PFX.
pub(crate) fn is_pfx(der: &[u8]) -> bool {
    Pfx::from_der(der).is_ok_and(|pfx| pfx.version == 3)
}

/// Reads a PFX. Without a passphrase, the empty one is tried, as OpenSSL does.
pub(crate) fn read(
    bytes: &[u8],
    origin: &str,
    passphrase: Option<&Passphrase>,
) -> Result<Contents> {
    let damaged = |e: der::Error| Error::Pkcs12 {
        origin: origin.to_owned(),
        reason: e.to_string(),
    };
    let pfx = Pfx::from_der(bytes).map_err(damaged)?;
    if pfx.version != 3 || pfx.auth_safe.content_type != DATA {
        return Err(unsupported(
            origin,
            "it is not a PFX of version 3 with a password",
        ));
    }
    let safe: &OctetStringRef = pfx.auth_safe.content.decode_as().map_err(damaged)?;
    let passphrase = passphrase
        .map(|passphrase| passphrase.reveal(origin))
        .transpose()?
        .unwrap_or_default();
    let mut work = Work::for_one_file();
    if let Some(mac) = &pfx.mac_data {
        match mac.verify(safe.as_bytes(), &passphrase, &mut work) {
            Ok(true) => {}
            Ok(false) => {
                return Err(Error::Pkcs12Mac {
                    origin: origin.to_owned(),
                });
            }
            Err(e) => return Err(into_error(e, origin)),
        }
    }
    safe::read(safe.as_bytes(), &passphrase, &mut work).map_err(|e| into_error(e, origin))
}

fn into_error(error: DecryptError, origin: &str) -> Error {
    match error {
        DecryptError::Unsupported(algorithm) => unsupported(origin, &algorithm),
        DecryptError::Damaged(reason) => Error::Pkcs12 {
            origin: origin.to_owned(),
            reason,
        },
        other => other.into_error(origin, "PFX"),
    }
}

fn unsupported(origin: &str, what: &str) -> Error {
    Error::UnsupportedPkcs12 {
        origin: origin.to_owned(),
        what: what.to_owned(),
    }
}
