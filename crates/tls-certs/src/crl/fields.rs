//! The fields of a revocation list that decide which list is asked, read by themselves:
//! webpki shows none of the dates, and refuses a list with a bad one as a whole.

use std::ops::Range;

use der::asn1::{AnyRef, BitStringRef};
use der::oid::AssociatedOid;
use der::{Decode, Header, Reader, SliceReader, Tag, Tagged};
use x509_cert::ext::Extensions;
use x509_cert::ext::pkix::AuthorityKeyIdentifier;

use crate::VerifyCode;
use crate::certificate::time_field;

#[derive(Debug)]
pub(super) struct Fields {
    /// Where in the list the signed part is.
    pub(super) signed: Range<usize>,
    /// Content of the signature's AlgorithmIdentifier.
    pub(super) signature_algorithm: Vec<u8>,
    pub(super) signature: Vec<u8>,
    /// The name's content.
    pub(super) issuer: Vec<u8>,
    pub(super) this_update: Option<i64>,
    pub(super) next_update: Option<i64>,
    has_next_update: bool,
    /// Which key of the issuer signed it, where the list says so.
    pub(super) key_id: Option<Vec<u8>>,
}

impl Fields {
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let mut outer = SliceReader::new(der).ok()?;
        let header = Header::decode(&mut outer).ok()?;
        if header.tag() != Tag::Sequence {
            return None;
        }
        let start = usize::try_from(outer.position()).ok()?;
        let list = AnyRef::decode(&mut outer).ok()?;
        let signed = start..usize::try_from(outer.position()).ok()?;
        let algorithm = AnyRef::decode(&mut outer).ok()?;
        let signature = BitStringRef::decode(&mut outer).ok()?;
        if !outer.is_finished() || list.tag() != Tag::Sequence {
            return None;
        }

        let mut fields = SliceReader::new(list.value()).ok()?;
        let mut next = || AnyRef::decode(&mut fields).ok();
        let mut field = next()?;
        if field.tag() == Tag::Integer {
            field = next()?;
        }
        // That was the signature algorithm, again.
        let issuer = Some(next()?).filter(|_| field.tag() == Tag::Sequence)?;
        let this_update = Some(next()?).filter(is_time)?;
        let mut field = next();
        let next_update = field.filter(is_time);
        // The certificates that are revoked, if there are any; then the extensions.
        while let Some(other) = field
            && !is_extensions(&other)
        {
            field = next();
        }
        Some(Self {
            signed,
            signature_algorithm: algorithm.value().to_vec(),
            signature: signature.raw_bytes().to_vec(),
            issuer: issuer.value().to_vec(),
            this_update: time_field(this_update),
            next_update: next_update.and_then(time_field),
            has_next_update: next_update.is_some(),
            key_id: field.and_then(|extensions| key_id(&extensions)),
        })
    }

    /// The code for a date that is there and cannot be read.
    pub(super) fn bad_date(&self) -> Option<VerifyCode> {
        if self.this_update.is_none() {
            Some(VerifyCode::ErrorInCrlLastUpdateField)
        } else if self.has_next_update && self.next_update.is_none() {
            Some(VerifyCode::ErrorInCrlNextUpdateField)
        } else {
            None
        }
    }
}

/// `crlExtensions [0] EXPLICIT`.
fn is_extensions(field: &AnyRef<'_>) -> bool {
    matches!(field.tag(), Tag::ContextSpecific { constructed: true, number } if number.value() == 0)
}

/// The key identifier of the authority (RFC 5280, Section 5.2.1).
fn key_id(extensions: &AnyRef<'_>) -> Option<Vec<u8>> {
    let extensions = Extensions::from_der(extensions.value()).ok()?;
    let found = extensions
        .iter()
        .find(|extension| extension.extn_id == AuthorityKeyIdentifier::OID)?;
    let identifier = AuthorityKeyIdentifier::from_der(found.extn_value.as_bytes()).ok()?;
    Some(identifier.key_identifier?.as_bytes().to_vec())
}

fn is_time(field: &AnyRef<'_>) -> bool {
    matches!(field.tag(), Tag::UtcTime | Tag::GeneralizedTime)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_a_list_is_not_read() {
        assert!(Fields::read(b"").is_none());
        assert!(Fields::read(&[0x30, 0x00]).is_none());
        assert!(AnyRef::from_der(&[0x30, 0x00]).is_ok());
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            _ = Fields::read(&bytes);
        }
    }
}
