//! Which date of a certificate is none: parsers refuse the certificate as a whole.

use der::asn1::AnyRef;
use der::{Decode, Reader, SliceReader, Tag, Tagged};

use crate::VerifyCode;
use crate::certificate::time_field;

pub(super) fn bad_date(certificate: &[u8]) -> Option<VerifyCode> {
    let (not_before, not_after) = validity(certificate)?;
    if time_field(not_before).is_none() {
        return Some(VerifyCode::ErrorInCertNotBeforeField);
    }
    time_field(not_after)
        .is_none()
        .then_some(VerifyCode::ErrorInCertNotAfterField)
}

fn validity(certificate: &[u8]) -> Option<(AnyRef<'_>, AnyRef<'_>)> {
    let mut outer = inside(certificate)?;
    let mut tbs = SliceReader::new(AnyRef::decode(&mut outer).ok()?.value()).ok()?;
    let first = AnyRef::decode(&mut tbs).ok()?;
    // The version is optional; then serial number, signature, issuer.
    let before = if first.tag() == Tag::Integer { 2 } else { 3 };
    for _ in 0..before {
        AnyRef::decode(&mut tbs).ok()?;
    }
    let validity = AnyRef::decode(&mut tbs).ok()?;
    let mut dates = SliceReader::new(validity.value()).ok()?;
    let not_before = AnyRef::decode(&mut dates).ok()?;
    let not_after = AnyRef::decode(&mut dates).ok()?;
    Some((not_before, not_after)).filter(|_| dates.is_finished())
}

fn inside(der: &[u8]) -> Option<SliceReader<'_>> {
    let any = AnyRef::from_der(der).ok()?;
    SliceReader::new(any.value()).ok()
}
