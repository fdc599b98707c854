//! Early data between the transport and the engine: what is taken, and what is skipped.
//!
//! rustls never sees a record that it refuses: it would keep it, since it can't be opened, and
//! charge it to its budget at each call, so that two of six kilobytes end the connection. So each
//! record is tried here first, on a copy, with the key under which the client goes on; what does
//! not open is early data and is dropped (RFC 8446, Section 4.2.10).

use rustls::HandshakeKind;
use rustls::server::UnbufferedServerConnection;
use tls_record::{RecordProtection, TrafficSecrets};
use tls_wire::{
    ContentType, ExtensionType, Extensions, HandshakeHeader, HandshakeType, ProtocolVersion,
    RecordHeader,
};

use super::secrets::HandshakeSecrets;

/// Wire bytes of refused early data that are skipped: sixteen records of the largest kind. How much
/// a client may send stands in its ticket, which need not be one of ours.
pub(crate) const MAX_SKIPPED: usize = 16 * (RecordHeader::LEN + 16_384 + 256);

/// What the server's answer says of early data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Accepted,
    Refused,
    /// A HelloRetryRequest, which refuses it.
    Retry,
}

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The engine's.
    Engine,
    /// The engine's, and perhaps early data: not to be charged to the handshake.
    EngineEarly,
    /// Refused early data: to be dropped, and not to be charged to the handshake.
    Skip,
}

/// More early data than anyone may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMuch;

/// Tells early data from what follows it.
#[derive(Debug)]
pub(crate) struct EarlyRecords {
    phase: Phase,
    /// Wire bytes of early data that may still come.
    left: usize,
}

#[derive(Debug)]
enum Phase {
    /// None comes any more.
    Over,
    /// The engine opens it.
    Taken,
    /// Skipped by its outer type until a handshake record in the clear, for want of keys: after a
    /// HelloRetryRequest, and in TLS 1.2.
    SkippedByType,
    /// Skipped until a record opens under the client's handshake key.
    SkippedByTrial(Box<RecordProtection>),
}

impl EarlyRecords {
    /// For hellos that offer none.
    pub(crate) const NONE: Self = Self {
        phase: Phase::Over,
        left: 0,
    };

    /// Judges the next record, which is whole unless its header is too long for any.
    pub(crate) fn judge(&mut self, record: &[u8]) -> Result<Verdict, TooMuch> {
        if matches!(self.phase, Phase::Over) {
            return Ok(Verdict::Engine);
        }
        let Some(header) = RecordHeader::read(record) else {
            return Ok(Verdict::Engine);
        };
        if record.len() != header.wire_len() {
            return Ok(Verdict::Engine);
        }
        if header.content_type != ContentType::ApplicationData {
            if matches!(self.phase, Phase::SkippedByType) && is_dummy(record) {
                return self.skip(record.len());
            }
            // Alerts may stand anywhere.
            if header.content_type == ContentType::Handshake {
                self.phase = Phase::Over;
            }
            return Ok(Verdict::Engine);
        }
        match &mut self.phase {
            Phase::Over => Ok(Verdict::Engine),
            Phase::Taken => Ok(match self.left.checked_sub(record.len()) {
                Some(left) => {
                    self.left = left;
                    Verdict::EngineEarly
                }
                // The engine counts the bytes themselves.
                None => Verdict::Engine,
            }),
            Phase::SkippedByType => self.skip(record.len()),
            Phase::SkippedByTrial(protection) => {
                let mut copy = record.to_vec();
                match protection.open_or_skip(&mut copy) {
                    Ok(None) => self.skip(record.len()),
                    // What is wrong with a record is the engine's to say.
                    Ok(Some(_)) | Err(_) => {
                        self.phase = Phase::Over;
                        Ok(Verdict::Engine)
                    }
                }
            }
        }
    }

    fn skip(&mut self, bytes: usize) -> Result<Verdict, TooMuch> {
        self.left = self.left.checked_sub(bytes).ok_or(TooMuch)?;
        Ok(Verdict::Skip)
    }
}

/// A client of TLS 1.3 sends this before its early data for middleboxes that expect it (RFC 8446,
/// Appendix D.4); where the answer is TLS 1.2 the engine would take it for the end of something.
fn is_dummy(record: &[u8]) -> bool {
    matches!(record, [20, 3, _, 0, 1, 1])
}

/// Reads from the server's first flight what it says of early data that was offered, and makes
/// what judges the records to come. `limit` is how much may have been accepted, 0 if nothing.
pub(crate) fn answered(
    connection: &UnbufferedServerConnection,
    secrets: &HandshakeSecrets,
    flight: &[u8],
    limit: u32,
) -> (Answer, EarlyRecords) {
    let skipped = |phase| EarlyRecords {
        phase,
        left: MAX_SKIPPED,
    };
    if connection.handshake_kind() == Some(HandshakeKind::FullWithHelloRetryRequest) {
        return (Answer::Retry, skipped(Phase::SkippedByType));
    }
    if connection.protocol_version() != Some(rustls::ProtocolVersion::TLSv1_3) {
        return (Answer::Refused, skipped(Phase::SkippedByType));
    }
    let Some((mut ours, theirs)) = handshake_protection(connection, secrets) else {
        // rustls has shown no secrets: it will say why. To accept nothing is always safe.
        return (Answer::Refused, EarlyRecords::NONE);
    };
    if limit > 0 && accepts_early_data(flight, &mut ours) {
        // Records are some bytes longer than what is in them; small ones are twice as long.
        let left = usize::try_from(limit).map_or(0, |limit| 2 * limit + RECORD_ROOM);
        let phase = Phase::Taken;
        return (Answer::Accepted, EarlyRecords { phase, left });
    }
    let phase = Phase::SkippedByTrial(Box::new(theirs));
    (Answer::Refused, skipped(phase))
}

/// Header, tag and type of a few records.
const RECORD_ROOM: usize = 256;

/// What protects the handshake: our own records, and the client's.
fn handshake_protection(
    connection: &UnbufferedServerConnection,
    secrets: &HandshakeSecrets,
) -> Option<(RecordProtection, RecordProtection)> {
    let (hash, aead) = super::handover::tls13_parameters(connection.negotiated_cipher_suite()?)?;
    let tx = secrets.server_handshake.as_ref()?;
    let rx = secrets.client_handshake.as_ref()?;
    let (tx, rx) = TrafficSecrets::new(hash, aead, tx, rx).ok()?.keys().ok()?;
    let protection = |keys| RecordProtection::new(ProtocolVersion::Tls13, keys).ok();
    Some((protection(&tx)?, protection(&rx)?))
}

/// Whether the EncryptedExtensions, which begin the first protected record of our flight, have
/// `early_data` among them.
fn accepts_early_data(mut flight: &[u8], ours: &mut RecordProtection) -> bool {
    loop {
        let Some(header) = RecordHeader::read(flight) else {
            return false;
        };
        let Some((record, rest)) = flight.split_at_checked(header.wire_len()) else {
            return false;
        };
        flight = rest;
        if header.content_type != ContentType::ApplicationData {
            continue;
        }
        let mut copy = record.to_vec();
        return match ours.open(&mut copy) {
            Ok((ContentType::Handshake, content)) => has_early_data(content).unwrap_or(false),
            _ => false,
        };
    }
}

/// Reads EncryptedExtensions (RFC 8446, Section 4.3.1) at the start of `content`.
fn has_early_data(content: &[u8]) -> Option<bool> {
    let header = HandshakeHeader::read(content)?;
    let message = content.get(..header.message_len())?;
    let body = HandshakeHeader::body_of(message, HandshakeType::EncryptedExtensions).ok()?;
    let (length, block) = body.split_first_chunk::<2>()?;
    if usize::from(u16::from_be_bytes(*length)) != block.len() {
        return None;
    }
    let extensions = Extensions::parse(block).ok()?;
    Some(extensions.body(ExtensionType::EARLY_DATA).is_some())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tls_record::{Aead, TrafficKeys};

    use super::*;

    fn protection() -> RecordProtection {
        let keys = TrafficKeys::new(Aead::Aes128Gcm, &[7; 16], [1; 12]).unwrap();
        RecordProtection::new(ProtocolVersion::Tls13, &keys).unwrap()
    }

    fn records(phase: Phase, left: usize) -> EarlyRecords {
        EarlyRecords { phase, left }
    }

    fn by_trial() -> EarlyRecords {
        let phase = Phase::SkippedByTrial(Box::new(protection()));
        records(phase, MAX_SKIPPED)
    }

    fn record(content_type: u8, length: u16) -> Vec<u8> {
        let [high, low] = length.to_be_bytes();
        let mut record = vec![content_type, 3, 3, high, low];
        record.resize(RecordHeader::LEN + usize::from(length), 0x5a);
        record
    }

    #[test]
    fn by_type_until_a_handshake_record() {
        let mut records = records(Phase::SkippedByType, MAX_SKIPPED);
        let dummy = [20, 3, 3, 0, 1, 1];
        let rows = [
            (&dummy[..], Verdict::Skip),
            (&record(23, 40), Verdict::Skip),
            (&record(21, 2), Verdict::Engine),
            (&[20, 3, 3, 0, 1, 2], Verdict::Engine),
            (&record(23, 0), Verdict::Skip),
            (&record(22, 9), Verdict::Engine),
            (&record(23, 40), Verdict::Engine),
            (&dummy, Verdict::Engine),
        ];
        for (at, (record, verdict)) in rows.into_iter().enumerate() {
            assert_eq!(records.judge(record), Ok(verdict), "row {at}");
        }
    }

    #[test]
    fn by_trial_until_a_record_opens() {
        let mut records = by_trial();
        let mut sealed = Vec::new();
        protection()
            .seal(ContentType::Handshake, b"Finished", &mut sealed)
            .unwrap();
        let rows = [
            (&record(23, 17)[..], Verdict::Skip),
            (&record(20, 1), Verdict::Engine),
            (&record(23, 16_000), Verdict::Skip),
            (&sealed, Verdict::Engine),
            (&record(23, 17), Verdict::Engine),
        ];
        for (at, (record, verdict)) in rows.into_iter().enumerate() {
            assert_eq!(records.judge(record), Ok(verdict), "row {at}");
        }
    }

    /// What no client may send at all is left for the engine to name.
    #[test]
    fn a_record_too_long_is_the_engines() {
        let header = [23, 3, 3, 0xff, 0xff];
        for mut records in [by_trial(), records(Phase::SkippedByType, MAX_SKIPPED)] {
            assert_eq!(records.judge(&header), Ok(Verdict::Engine));
        }
        assert_eq!(by_trial().judge(&record(23, 16_402)), Ok(Verdict::Engine));
    }

    #[test]
    fn what_was_taken_is_free_up_to_its_limit() {
        let mut records = records(Phase::Taken, 100);
        assert_eq!(records.judge(&record(23, 60)), Ok(Verdict::EngineEarly));
        assert_eq!(records.judge(&record(23, 60)), Ok(Verdict::Engine));
        assert_eq!(records.judge(&record(23, 20)), Ok(Verdict::EngineEarly));
    }

    #[test]
    fn encrypted_extensions_say_whether_it_is_accepted() {
        let rows: [(&[u8], Option<bool>); 7] = [
            (&[8, 0, 0, 2, 0, 0], Some(false)),
            (&[8, 0, 0, 6, 0, 4, 0, 42, 0, 0], Some(true)),
            // Another message behind it, and one in its place.
            (&[8, 0, 0, 6, 0, 4, 0, 42, 0, 0, 20, 0], Some(true)),
            (&[11, 0, 0, 6, 0, 4, 0, 42, 0, 0], None),
            (&[8, 0, 0, 6, 0, 5, 0, 42, 0, 0], None),
            (&[8, 0, 0, 7, 0, 4, 0, 42, 0, 0], None),
            (&[], None),
        ];
        for (content, expected) in rows {
            assert_eq!(has_early_data(content), expected, "{content:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        /// Whatever comes, no more is skipped than is allowed, and only what may be early data.
        #[test]
        fn no_more_is_skipped_than_allowed(
            trial: bool,
            sizes in proptest::collection::vec((20u8..25, 0u16..3000), 0..40),
            left in 0usize..40_000,
        ) {
            let mut early = if trial { by_trial() } else { records(Phase::SkippedByType, left) };
            early.left = left;
            let mut skipped = 0;
            for (content_type, length) in sizes {
                let record = record(content_type, length);
                match early.judge(&record) {
                    Ok(Verdict::Skip) => {
                        prop_assert!(content_type == 23 || (!trial && is_dummy(&record)));
                        skipped += record.len();
                    }
                    Ok(_) => {}
                    Err(TooMuch) => {
                        prop_assert!(skipped + record.len() > left);
                        break;
                    }
                }
            }
            prop_assert!(skipped <= left);
        }
    }
}
