//! TLS 1.2 AEAD records: sequence number, type, version and length as associated data, and two
//! forms of nonce.

use tls_wire::record::{ContentType, MAX_PLAINTEXT, RecordHeader};

use crate::aead::{Aead, TAG_LEN};
use crate::direction::Direction;
use crate::open::Plaintext;
use crate::{Error, nonce};

/// Bytes of the nonce that a GCM record carries.
const EXPLICIT_LEN: usize = 8;

/// Bytes that stand between header and ciphertext.
const fn explicit_len(aead: Aead) -> usize {
    if aead.has_explicit_nonce() {
        EXPLICIT_LEN
    } else {
        0
    }
}

/// Bytes that a record has beside its content: header, explicit nonce, tag.
pub(crate) const fn overhead(aead: Aead) -> usize {
    RecordHeader::LEN + explicit_len(aead) + TAG_LEN
}

/// The longest body: "The length MUST NOT exceed 2^14" (RFC 5246, Section 6.2.1), and the AEAD adds
/// a fixed number. Tighter than the 2^14 + 2048 of Section 6.2.3, so that content which is too long
/// is refused before it is decrypted.
pub(crate) const fn max_body(aead: Aead) -> usize {
    MAX_PLAINTEXT + explicit_len(aead) + TAG_LEN
}

/// Which records may come after the handshake (RFC 5246, Section 6.2.1).
pub(crate) fn check_type(content_type: ContentType) -> Result<(), Error> {
    match content_type {
        ContentType::ApplicationData | ContentType::Alert | ContentType::Handshake => Ok(()),
        other => Err(Error::UnexpectedContentType {
            content_type: other.into(),
        }),
    }
}

/// `seq_num + TLSCompressed.type + TLSCompressed.version + TLSCompressed.length`
/// (RFC 5246, Section 6.2.3.3).
fn associated_data(sequence: u64, content_type: ContentType, length: usize) -> Option<[u8; 13]> {
    let length = u16::try_from(length).ok()?;
    let mut data = [0; 13];
    data[..8].copy_from_slice(&sequence.to_be_bytes());
    data[8..].copy_from_slice(
        &RecordHeader {
            content_type,
            version: 0x0303,
            length,
        }
        .encode(),
    );
    Some(data)
}

/// Opens a whole record.
pub(crate) fn open(
    rx: &mut Direction,
    header: RecordHeader,
    record: &mut [u8],
    out: &mut [u8],
) -> Result<Plaintext, Error> {
    let start = RecordHeader::LEN + explicit_len(rx.aead());
    let Some(len) = record.len().checked_sub(start + TAG_LEN) else {
        return Err(Error::BadRecordMac);
    };
    let (front, sealed) = record.split_at_mut(start);
    let nonce = match front[RecordHeader::LEN..].first_chunk::<EXPLICIT_LEN>() {
        Some(carried) => nonce::explicit(rx.iv(), *carried),
        None => nonce::xored(rx.iv(), rx.sequence()),
    };
    let content_type = header.content_type;
    let aad = associated_data(rx.sequence(), content_type, len).ok_or(Error::BadRecordMac)?;
    let place = rx.open(nonce, &aad, sealed, out)?;
    Ok(Plaintext {
        content_type,
        place,
        start,
        len,
    })
}

/// Seals `content` into `record`, which is exactly [`overhead`] longer.
pub(crate) fn seal(
    tx: &mut Direction,
    content_type: ContentType,
    content: &[u8],
    record: &mut [u8],
) -> Result<(), Error> {
    let Some((header, body)) = record.split_first_chunk_mut::<{ RecordHeader::LEN }>() else {
        return Err(Error::SealFailed);
    };
    let length = u16::try_from(body.len()).map_err(|_| Error::SealFailed)?;
    *header = RecordHeader {
        content_type,
        version: 0x0303,
        length,
    }
    .encode();
    let nonce = nonce::xored(tx.iv(), tx.sequence());
    let Some((carried, sealed)) = body.split_at_mut_checked(explicit_len(tx.aead())) else {
        return Err(Error::SealFailed);
    };
    // The whole nonce is IV xor sequence number; a GCM record carries its last eight bytes, which
    // keeps them unique without a random generator (RFC 5288, Section 3).
    if !carried.is_empty() {
        carried.copy_from_slice(&nonce[4..]);
    }
    let aad =
        associated_data(tx.sequence(), content_type, content.len()).ok_or(Error::SealFailed)?;
    tx.seal(nonce, &aad, content, &[], sealed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn associated_data_has_the_plaintext_length() {
        let data = associated_data(0x0102, ContentType::Handshake, 300).unwrap();
        assert_eq!(data, [0, 0, 0, 0, 0, 0, 1, 2, 22, 3, 3, 1, 44]);
        assert!(associated_data(0, ContentType::Handshake, 65_536).is_none());
    }

    #[test]
    fn only_gcm_records_carry_half_a_nonce() {
        assert_eq!(overhead(Aead::Aes128Gcm), 29);
        assert_eq!(overhead(Aead::Aes256Gcm), 29);
        assert_eq!(overhead(Aead::ChaCha20Poly1305), 21);
    }
}
