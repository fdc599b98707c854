//! Certificates and lists with one field changed, signed again.

use der::{Decode, Encode, Header, Reader, SliceReader, asn1::AnyRef, asn1::BitString};
use rcgen::{KeyPair, SigningKey};

/// The signed part and the algorithm of a certificate or list.
fn parts(der: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut reader = SliceReader::new(der).unwrap();
    Header::decode(&mut reader).unwrap();
    let signed = AnyRef::decode(&mut reader).unwrap().to_der().unwrap();
    let algorithm = AnyRef::decode(&mut reader).unwrap().to_der().unwrap();
    assert!(!reader.is_finished());
    (signed, algorithm)
}

/// Replaces `from` (which must be there) by `to`, of the same length, and signs.
pub(crate) fn edited(der: &[u8], from: &[u8], to: &[u8], key: &KeyPair) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let (mut signed, algorithm) = parts(der);
    let at = signed.windows(from.len()).position(|w| w == from).unwrap();
    signed[at..at + to.len()].copy_from_slice(to);
    signature_around(&signed, &algorithm, key)
}

/// The same content, signed with another key.
pub(crate) fn signed_by(der: &[u8], key: &KeyPair) -> Vec<u8> {
    let (signed, algorithm) = parts(der);
    signature_around(&signed, &algorithm, key)
}

fn signature_around(signed: &[u8], algorithm: &[u8], key: &KeyPair) -> Vec<u8> {
    let signature = BitString::from_bytes(&key.sign(signed).unwrap()).unwrap();
    let content = [signed, algorithm, &signature.to_der().unwrap()].concat();
    AnyRef::new(der::Tag::Sequence, &content)
        .unwrap()
        .to_der()
        .unwrap()
}
