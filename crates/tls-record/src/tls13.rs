//! TLS 1.3 records: the header as associated data, the type behind the content, padding.

use tls_wire::record::{ContentType, MAX_PLAINTEXT, RecordHeader};

use crate::aead::TAG_LEN;
use crate::direction::{Direction, Place};
use crate::open::Plaintext;
use crate::{Error, nonce};

/// Bytes that a record has beside its content: header, content type, tag.
pub(crate) const OVERHEAD: usize = RecordHeader::LEN + 1 + TAG_LEN;

/// The longest body: "the full encoded TLSInnerPlaintext MUST NOT exceed 2^14 + 1 octets"
/// (RFC 8446, Section 5.4), and our AEADs add 16. Tighter than the 2^14 + 256 of Section 5.2, so
/// that content which is too long is refused before it is decrypted.
pub(crate) const MAX_BODY: usize = MAX_PLAINTEXT + 1 + TAG_LEN;

/// Which records may come at all (RFC 8446, Section 5): "An implementation which receives any other
/// change_cipher_spec value or which receives a protected change_cipher_spec record MUST abort";
/// after the handshake even the unprotected one is over, and everything else is protected.
pub(crate) fn check_type(content_type: ContentType) -> Result<(), Error> {
    match content_type {
        ContentType::ApplicationData => Ok(()),
        other => Err(Error::UnexpectedContentType {
            content_type: other.into(),
        }),
    }
}

/// Opens a whole record.
pub(crate) fn open(
    rx: &mut Direction,
    record: &mut [u8],
    out: &mut [u8],
) -> Result<Plaintext, Error> {
    let (header, sealed) = record.split_at_mut(RecordHeader::LEN);
    let nonce = nonce::xored(rx.iv(), rx.sequence());
    let place = rx.open(nonce, header, sealed, out)?;
    let inner_len = sealed.len() - TAG_LEN;
    let inner = match place {
        Place::Out => &mut out[..inner_len],
        Place::InPlace => &mut sealed[..inner_len],
    };
    let (content_type, len) = strip_padding(inner)?;
    Ok(Plaintext {
        content_type,
        place,
        start: RecordHeader::LEN,
        len,
    })
}

/// Finds the content type, the last octet that is not zero (RFC 8446, Section 5.4), and takes it
/// away, so that nothing but content and zeros is left in `inner`.
fn strip_padding(inner: &mut [u8]) -> Result<(ContentType, usize), Error> {
    let end = match inner.last() {
        Some(0) => last_non_zero(inner),
        _ => inner.len(),
    };
    let len = end.checked_sub(1).ok_or(Error::NoContentType)?;
    let content_type = inner[len];
    inner[len] = 0;
    Ok((content_type.into(), len))
}

/// One more than the place of the last octet that is not zero, 0 if there is none. Looks at every
/// octet, whatever it holds: the time taken says that there is padding, not how much
/// (RFC 8446, Appendix E.3).
fn last_non_zero(inner: &[u8]) -> usize {
    let mut end = 0;
    for (index, &octet) in (1..).zip(inner) {
        // All ones if the octet is not zero, else all zeros.
        let mask = usize::from(octet != 0).wrapping_neg();
        end = (index & mask) | (end & !mask);
    }
    end
}

/// Seals `content` into `record`, which is exactly [`OVERHEAD`] longer.
pub(crate) fn seal(
    tx: &mut Direction,
    content_type: ContentType,
    content: &[u8],
    record: &mut [u8],
) -> Result<(), Error> {
    let Some((header, sealed)) = record.split_first_chunk_mut::<{ RecordHeader::LEN }>() else {
        return Err(Error::SealFailed);
    };
    // "The outer opaque_type field of a TLSCiphertext record is always set to the value 23"
    // (RFC 8446, Section 5.2).
    *header = RecordHeader {
        content_type: ContentType::ApplicationData,
        version: 0x0303,
        length: u16::try_from(sealed.len()).map_err(|_| Error::SealFailed)?,
    }
    .encode();
    let nonce = nonce::xored(tx.iv(), tx.sequence());
    tx.seal(nonce, header, content, &[content_type.into()], sealed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_stripped_and_leaves_no_type_behind() {
        for padding in [0, 1, 255] {
            let mut inner = [&b"content\0\0"[..], &[23], &vec![0; padding]].concat();
            assert_eq!(
                strip_padding(&mut inner),
                Ok((ContentType::ApplicationData, 9))
            );
            assert_eq!(&inner[..9], b"content\0\0");
            assert!(inner[9..].iter().all(|&byte| byte == 0));
        }
    }

    #[test]
    fn nothing_but_zeros_has_no_content_type() {
        for length in [0, 1, 2, 16_385] {
            assert_eq!(
                strip_padding(&mut vec![0; length]),
                Err(Error::NoContentType)
            );
        }
    }

    #[test]
    fn content_may_be_empty() {
        assert_eq!(
            strip_padding(&mut [22, 0, 0]),
            Ok((ContentType::Handshake, 0))
        );
        assert_eq!(strip_padding(&mut [21]), Ok((ContentType::Alert, 0)));
    }
}
