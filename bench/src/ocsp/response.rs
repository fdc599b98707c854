//! Responses of an issuer that answers for itself: "good", for a day.

use rcgen::{KeyPair, SigningKey};
use time::{Duration, OffsetDateTime};

use crate::Result;

/// Bytes that are signed where the serial number has 20 bytes.
pub(super) const SIGNED_LEN: usize = 165;

/// The headers around the CertID of a request in the small form of RFC 5019: four short ones.
const AROUND_CERT_ID: usize = 4 * 2;
/// A CertID's own header, SHA-1 as its hash, and the hash of the issuer's name.
const BEFORE_KEY_HASH: usize = 2 + 11 + 22;
/// A SHA-1 hash as an OCTET STRING.
const KEY_HASH: usize = 22;

const SEQUENCE: u8 = 0x30;
const OCTET_STRING: u8 = 0x04;
const GENERALIZED_TIME: u8 = 0x18;
/// `[0]`, with something else inside.
const EXPLICIT_0: u8 = 0xa0;
const EXPLICIT_2: u8 = 0xa2;

/// OBJECT IDENTIFIER id-pkix-ocsp-basic.
const BASIC: &[u8] = b"\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x01";
/// AlgorithmIdentifier ecdsa-with-SHA256.
const ECDSA_SHA256: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
/// CertStatus good.
const GOOD: &[u8] = b"\x80\x00";

/// The answer to `request`, by the holder of the issuer's key.
pub(crate) fn good(request: &[u8], key: &KeyPair) -> Result<Vec<u8>> {
    let cert_id = request.get(AROUND_CERT_ID..).unwrap_or_default();
    let key_hash = cert_id.get(BEFORE_KEY_HASH..BEFORE_KEY_HASH + KEY_HASH);
    let key_hash = key_hash.ok_or("the request is too short")?;
    let now = OffsetDateTime::now_utc();
    let (now, tomorrow) = (written(now), written(now + Duration::DAY));
    let until = tlv(EXPLICIT_0, &[&tomorrow]);
    let one = tlv(SEQUENCE, &[cert_id, GOOD, &now, &until]);
    let responder = tlv(EXPLICIT_2, &[key_hash]);
    let signed = tlv(SEQUENCE, &[&responder, &now, &tlv(SEQUENCE, &[&one])]);
    let signature = key.sign(&signed)?;
    let signature = tlv(0x03, &[&[0], &signature]);
    let basic = tlv(SEQUENCE, &[&signed, ECDSA_SHA256, &signature]);
    let bytes = tlv(SEQUENCE, &[BASIC, &tlv(OCTET_STRING, &[&basic])]);
    // Successful.
    let status = tlv(0x0a, &[&[0]]);
    Ok(tlv(SEQUENCE, &[&status, &tlv(EXPLICIT_0, &[&bytes])]))
}

fn written(time: OffsetDateTime) -> Vec<u8> {
    let text = format!(
        "{:04}{:02}{:02}{:02}{:02}{:02}Z",
        time.year(),
        u8::from(time.month()),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    );
    tlv(GENERALIZED_TIME, &[text.as_bytes()])
}

/// DER of less than 65,536 bytes.
fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let [high, low] = (length as u16).to_be_bytes();
    let mut out = match (high, low) {
        (0, 0..=127) => vec![tag, low],
        (0, _) => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    out.extend(parts.concat());
    out
}
