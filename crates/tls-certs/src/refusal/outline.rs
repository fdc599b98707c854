//! What can be said of a certificate that parsers refuse as a whole, such as for a date that
//! is none.

use der::asn1::AnyRef;
use der::{Decode, Reader, SliceReader, Tag, Tagged};

use crate::VerifyCode;
use crate::certificate::distinguished_name::one_line_of_content;
use crate::certificate::{serial_text, time_field};

/// The first fields of a certificate (RFC 5280, Section 4.1), read one by one.
#[derive(Clone, Debug)]
pub(super) struct Outline {
    pub(super) serial: String,
    pub(super) issuer: String,
    pub(super) subject: String,
    /// Seconds since 1970; `None` if it is no date.
    pub(super) not_before: Option<i64>,
    /// Likewise.
    pub(super) not_after: Option<i64>,
}

impl Outline {
    /// `None` if even these fields are not where they should be.
    pub(super) fn read(certificate: &[u8]) -> Option<Self> {
        let mut outer = inside(AnyRef::from_der(certificate).ok()?)?;
        let mut tbs = inside(AnyRef::decode(&mut outer).ok()?)?;
        let mut next = || AnyRef::decode(&mut tbs).ok();
        let first = next()?;
        // The version is optional.
        let serial = match first.tag() {
            Tag::Integer => first,
            _ => next()?,
        };
        let _signature_algorithm = next()?;
        let issuer = next()?;
        let mut dates = inside(next()?)?;
        let subject = next()?;
        let not_before = AnyRef::decode(&mut dates).ok()?;
        let not_after = AnyRef::decode(&mut dates).ok()?;
        dates.is_finished().then(|| Self {
            serial: serial_text(serial.value()),
            issuer: one_line_of_content(issuer.value()),
            subject: one_line_of_content(subject.value()),
            not_before: time_field(not_before),
            not_after: time_field(not_after),
        })
    }

    /// The code of a date that is none.
    pub(super) fn bad_date(&self) -> Option<VerifyCode> {
        match (self.not_before, self.not_after) {
            (None, _) => Some(VerifyCode::ErrorInCertNotBeforeField),
            (_, None) => Some(VerifyCode::ErrorInCertNotAfterField),
            _ => None,
        }
    }
}

fn inside(value: AnyRef<'_>) -> Option<SliceReader<'_>> {
    SliceReader::new(value.value()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            _ = Outline::read(&bytes);
        }
    }
}
