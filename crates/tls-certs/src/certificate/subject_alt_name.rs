//! Subject alternative names (RFC 5280, Section 4.2.1.6), read leniently.

use std::net::IpAddr;

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Reader, SliceReader, Tag, Tagged};
use x509_cert::TbsCertificate;

const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");

/// The names of the four forms that identify a peer.
#[derive(Default)]
pub(crate) struct SubjectAltNames {
    pub(crate) dns_names: Vec<String>,
    pub(crate) ip_addresses: Vec<IpAddr>,
    pub(crate) uris: Vec<String>,
    pub(crate) email_addresses: Vec<String>,
}

impl SubjectAltNames {
    /// Collects what can be read; one odd name does not hide the others.
    pub(crate) fn of(certificate: &TbsCertificate) -> Self {
        let mut names = Self::default();
        let extensions = certificate.extensions().into_iter().flatten();
        for extension in extensions.filter(|extension| extension.extn_id == SUBJECT_ALT_NAME) {
            names.read(extension.extn_value.as_bytes());
        }
        names
    }

    fn read(&mut self, extension: &[u8]) {
        let Ok(sequence) = AnyRef::from_der(extension) else {
            return;
        };
        if sequence.tag() != Tag::Sequence {
            return;
        }
        let Ok(mut reader) = SliceReader::new(sequence.value()) else {
            return;
        };
        while !reader.is_finished() {
            let Ok(name) = AnyRef::decode(&mut reader) else {
                return;
            };
            self.push(name);
        }
    }

    fn push(&mut self, name: AnyRef<'_>) {
        let Tag::ContextSpecific { number, .. } = name.tag() else {
            return;
        };
        let bytes = name.value();
        let text = || std::str::from_utf8(bytes).ok().map(str::to_owned);
        match number.value() {
            1 => self.email_addresses.extend(text()),
            2 => self.dns_names.extend(text()),
            6 => self.uris.extend(text()),
            7 => self.ip_addresses.extend(ip_address(bytes)),
            _ => {}
        }
    }
}

fn ip_address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
        _ => None,
    }
}
