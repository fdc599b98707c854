//! One direction of a connection: its cipher, its IV and its sequence number.

use aws_lc_rs::aead::{Aad, LessSafeKey, UnboundKey};
use zeroize::Zeroizing;

use crate::aead::{Aead, TAG_LEN};
use crate::sequence_number::SequenceNumber;
use crate::{Error, RecordLimits, TrafficKeys, nonce};

/// Where the plaintext of an opened record lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// At the start of the caller's buffer.
    Out,
    /// Where its ciphertext was.
    InPlace,
}

/// What protects the records of one direction. Forgets its secrets when dropped: the AEAD clears
/// its context, the IV clears itself.
pub(crate) struct Direction {
    key: LessSafeKey,
    iv: Zeroizing<[u8; 12]>,
    sequence: SequenceNumber,
    records_per_key: u64,
    aead: Aead,
}

impl Direction {
    pub(crate) fn new(
        keys: &TrafficKeys,
        sequence: u64,
        limits: &RecordLimits,
    ) -> Result<Self, Error> {
        let aead = keys.aead;
        let wrong_length = |_| Error::KeyLength {
            expected: aead.key_len(),
            actual: keys.key().len(),
        };
        Ok(Self {
            key: LessSafeKey::new(
                UnboundKey::new(aead.algorithm(), keys.key()).map_err(wrong_length)?,
            ),
            iv: keys.iv.clone(),
            sequence: SequenceNumber::new(sequence),
            records_per_key: limits.records_per_key(aead),
            aead,
        })
    }

    pub(crate) fn aead(&self) -> Aead {
        self.aead
    }

    pub(crate) fn iv(&self) -> &[u8; 12] {
        &self.iv
    }

    pub(crate) fn sequence(&self) -> u64 {
        self.sequence.get()
    }

    /// Puts the number back after a record that was none of this direction's.
    pub(crate) fn set_sequence(&mut self, sequence: u64) {
        self.sequence = SequenceNumber::new(sequence);
    }

    /// Records that the key may still protect.
    pub(crate) fn records_left(&self) -> u64 {
        self.records_per_key.saturating_sub(self.sequence.get())
    }

    /// Records that one key protects.
    pub(crate) fn records_per_key(&self) -> u64 {
        self.records_per_key
    }

    /// Opens ciphertext and tag: into the start of `out` if it is large enough, else in place.
    /// If they do not authenticate, what was decrypted so far is overwritten with zeros.
    pub(crate) fn open(
        &mut self,
        nonce: [u8; 12],
        aad: &[u8],
        sealed: &mut [u8],
        out: &mut [u8],
    ) -> Result<Place, Error> {
        // Moved on first, so that nothing is decrypted when there is no next number. A record that
        // does not open ends the connection anyway.
        self.sequence.advance()?;
        let Some(length) = sealed.len().checked_sub(TAG_LEN) else {
            return Err(Error::BadRecordMac);
        };
        let (ciphertext, tag) = sealed.split_at_mut(length);
        let (nonce, aad) = (nonce::for_aead(nonce), Aad::from(aad));
        let place = match out.get_mut(..length) {
            Some(target) => {
                if self
                    .key
                    .open_separate_gather(nonce, aad, ciphertext, tag, target)
                    .is_err()
                {
                    target.fill(0);
                    return Err(Error::BadRecordMac);
                }
                Place::Out
            }
            None => {
                if self
                    .key
                    .open_in_place_separate_tag(nonce, aad, tag, ciphertext)
                    .is_err()
                {
                    ciphertext.fill(0);
                    return Err(Error::BadRecordMac);
                }
                Place::InPlace
            }
        };
        Ok(place)
    }

    /// Seals `content`, followed by `trailer`, into `sealed`, which is exactly as long as both and
    /// the tag.
    pub(crate) fn seal(
        &mut self,
        nonce: [u8; 12],
        aad: &[u8],
        content: &[u8],
        trailer: &[u8],
        sealed: &mut [u8],
    ) -> Result<(), Error> {
        // Moved on first: should sealing fail half way, this nonce is spent all the same.
        self.sequence.advance()?;
        let Some((ciphertext, tag)) = sealed.split_at_mut_checked(content.len()) else {
            return Err(Error::SealFailed);
        };
        self.key
            .seal_out_of_place_scatter(
                nonce::for_aead(nonce),
                Aad::from(aad),
                content,
                ciphertext,
                trailer,
                tag,
            )
            .map_err(|_| Error::SealFailed)
    }
}
