//! What OpenSSL writes behind a `TRUSTED CERTIFICATE`: what it is trusted for, and what not
//! (`X509_CERT_AUX`; `openssl x509 -trustout -addtrust serverAuth -addreject clientAuth`).

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Reader, SliceReader, Tag, Tagged};

use crate::usage::{CLIENT_AUTH, SERVER_AUTH};

const ANY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

/// For whose certificates a trusted one counts. Without settings, for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TrustSettings {
    pub(crate) servers: bool,
    pub(crate) clients: bool,
}

impl TrustSettings {
    pub(crate) const ALL: Self = Self {
        servers: true,
        clients: true,
    };

    /// Of what follows the certificate; `None` if that cannot be read.
    pub(crate) fn read(der: &[u8]) -> Option<Self> {
        if der.is_empty() {
            return Some(Self::ALL);
        }
        let settings = AnyRef::from_der(der).ok()?;
        (settings.tag() == Tag::Sequence).then_some(())?;
        let mut fields = SliceReader::new(settings.value()).ok()?;
        let (mut trusted, mut rejected) = (None, Vec::new());
        while !fields.is_finished() {
            let field = AnyRef::decode(&mut fields).ok()?;
            match field.tag() {
                Tag::Sequence => trusted = Some(purposes(field)?),
                Tag::ContextSpecific { number, .. } if number.value() == 0 => {
                    rejected = purposes(field)?;
                }
                // A name for people, a key identifier, and whatever comes later.
                _ => {}
            }
        }
        let has = |list: &[ObjectIdentifier], purpose| {
            list.iter()
                .any(|listed| *listed == purpose || *listed == ANY)
        };
        let allows = |purpose| {
            !has(&rejected, purpose) && trusted.as_ref().is_none_or(|list| has(list, purpose))
        };
        Some(Self {
            servers: allows(SERVER_AUTH),
            clients: allows(CLIENT_AUTH),
        })
    }
}

fn purposes(list: AnyRef<'_>) -> Option<Vec<ObjectIdentifier>> {
    let mut reader = SliceReader::new(list.value()).ok()?;
    let mut purposes = Vec::new();
    while !reader.is_finished() {
        purposes.push(ObjectIdentifier::decode(&mut reader).ok()?);
    }
    Some(purposes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: [u8; 10] = [6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];
    const CLIENT: [u8; 10] = [6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2];
    const EVERYTHING: [u8; 6] = [6, 4, 0x55, 0x1d, 0x25, 0];

    fn value(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
        let contents = contents.concat();
        [&[tag, u8::try_from(contents.len()).unwrap()], &*contents].concat()
    }

    // As OpenSSL decides: what is rejected is out, and where something is trusted, the rest is.
    #[test]
    fn settings_are_read_as_openssl_means_them() {
        let settings = |servers, clients| Some(TrustSettings { servers, clients });
        for (fields, expected) in [
            (vec![], settings(true, true)),
            (vec![value(0x30, &[&SERVER])], settings(true, false)),
            (vec![value(0x30, &[&SERVER, &CLIENT])], settings(true, true)),
            (vec![value(0x30, &[&EVERYTHING])], settings(true, true)),
            (vec![value(0x30, &[])], settings(false, false)),
            (vec![value(0xa0, &[&CLIENT])], settings(true, false)),
            (vec![value(0xa0, &[&EVERYTHING])], settings(false, false)),
            (
                vec![value(0x30, &[&SERVER, &CLIENT]), value(0xa0, &[&SERVER])],
                settings(false, true),
            ),
            (vec![value(0x0c, &[b"a name"])], settings(true, true)),
            (vec![value(0x30, &[&[5, 0]])], None),
        ] {
            let fields: Vec<&[u8]> = fields.iter().map(Vec::as_slice).collect();
            let read = TrustSettings::read(&value(0x30, &fields));
            assert_eq!(read, expected, "{fields:?}");
        }
        assert_eq!(TrustSettings::read(&[]), settings(true, true));
        assert_eq!(TrustSettings::read(&[5, 0]), None);
        assert_eq!(TrustSettings::read(&[0x30, 1]), None);
    }
}
