//! The records of one handshake: handshake messages out of them and into them, for both versions.

mod incoming;

use bytes::Bytes;
use tls_record::RecordProtection;
use tls_wire::record::encode_plaintext_records;
use tls_wire::{Alert, AlertDescription, ContentType, HandshakeJoiner};

use crate::Error;
use crate::limits::{MAX_HANDSHAKE_WIRE, MAX_SKIPPED_EARLY_DATA};

/// Whose rules the records follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rules {
    /// A client before the ServerHello: either version.
    Undecided,
    Tls12,
    Tls13,
}

/// What a record turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// Handshake content; the messages are to be fetched now.
    Handshake,
    /// TLS 1.2: a message of its own.
    ChangeCipherSpec,
    /// Nothing that matters.
    Nothing,
}

/// Early data that is refused (RFC 8446, Section 4.2.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EarlyData {
    /// None may come.
    None,
    /// Records that do not open are early data, up to so many bytes.
    Skipped { left: usize },
}

/// Reads and writes the records of one handshake. Judges what any state would; what a message may
/// be now is for the states.
pub(crate) struct Records {
    rules: Rules,
    rx: Option<RecordProtection>,
    /// Keys that the peer may have instead, until its first protected record shows which it has.
    rx_others: Vec<RecordProtection>,
    rx_chosen: usize,
    tx: Option<RecordProtection>,
    joiner: HandshakeJoiner,
    early_data: EarlyData,
    change_cipher_specs: u8,
    warnings: u8,
    wire_left: usize,
    out: Vec<u8>,
}

impl Records {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            rules,
            rx: None,
            rx_others: Vec::new(),
            rx_chosen: 0,
            tx: None,
            joiner: HandshakeJoiner::default(),
            early_data: EarlyData::None,
            change_cipher_specs: 0,
            warnings: 0,
            wire_left: MAX_HANDSHAKE_WIRE,
            out: Vec::new(),
        }
    }

    /// What is written from now on goes behind what `out` holds; the next call gives it back.
    pub(crate) fn swap_out(&mut self, out: &mut Vec<u8>) {
        std::mem::swap(&mut self.out, out);
    }

    /// The version is known. A TLS 1.2 peer has not sent a `change_cipher_spec` by then.
    pub(crate) fn decide(&mut self, rules: Rules) -> Result<(), Error> {
        if rules == Rules::Tls12 && self.change_cipher_specs > 0 {
            return Err(Error::BadChangeCipherSpec);
        }
        self.rules = rules;
        Ok(())
    }

    /// What comes now is protected. "Implementations MUST verify that all messages immediately
    /// preceding a key change align with a record boundary" (RFC 8446, Section 5.1).
    pub(crate) fn protect_rx(&mut self, rx: RecordProtection) -> Result<(), Error> {
        if self.joiner.is_in_message() {
            return Err(Error::MessageSpansKeyChange);
        }
        self.rx = Some(rx);
        Ok(())
    }

    /// As [`protect_rx`](Self::protect_rx), by the first of these that opens what comes.
    pub(crate) fn protect_rx_by_one_of(
        &mut self,
        candidates: Vec<RecordProtection>,
    ) -> Result<(), Error> {
        let mut candidates = candidates.into_iter();
        if let Some(first) = candidates.next() {
            self.protect_rx(first)?;
        }
        self.rx_others = candidates.collect();
        Ok(())
    }

    /// Which of the candidates it was.
    pub(crate) fn rx_chosen(&self) -> usize {
        self.rx_chosen
    }

    /// What goes from now on is protected.
    pub(crate) fn protect_tx(&mut self, tx: RecordProtection) {
        self.tx = Some(tx);
    }

    /// Sequence number of the next record that goes.
    pub(crate) fn tx_sequence(&self) -> u64 {
        self.tx.as_ref().map_or(0, RecordProtection::sequence)
    }

    /// Sequence number of the next record that comes.
    pub(crate) fn rx_sequence(&self) -> u64 {
        self.rx.as_ref().map_or(0, RecordProtection::sequence)
    }

    /// The client may send early data, which is not taken.
    pub(crate) fn skip_early_data(&mut self) {
        self.early_data = EarlyData::Skipped {
            left: MAX_SKIPPED_EARLY_DATA,
        };
    }

    /// Appends a handshake message, its header included.
    pub(crate) fn send_handshake(&mut self, message: &[u8]) -> Result<(), Error> {
        self.send(ContentType::Handshake, 0x0303, message)
    }

    /// Appends a client's first message: its records bear 0x0301 (RFC 8446, Section 5.1).
    pub(crate) fn send_first_hello(&mut self, message: &[u8]) -> Result<(), Error> {
        self.send(ContentType::Handshake, 0x0301, message)
    }

    /// Appends a `change_cipher_spec`, which is never protected where it is one of ours.
    pub(crate) fn send_change_cipher_spec(&mut self) {
        self.out.extend(encode_plaintext_records(
            ContentType::ChangeCipherSpec,
            0x0303,
            &[1],
        ));
    }

    /// Appends a fatal alert.
    pub(crate) fn send_alert(&mut self, description: AlertDescription) {
        let alert = Alert::fatal(description).encode();
        // Without room under the key there is no telling the peer.
        let _ = self.send(ContentType::Alert, 0x0303, &alert);
    }

    fn send(
        &mut self,
        content_type: ContentType,
        version: u16,
        content: &[u8],
    ) -> Result<(), Error> {
        match &mut self.tx {
            Some(tx) => tx.seal(content_type, content, &mut self.out)?,
            None => self
                .out
                .extend(encode_plaintext_records(content_type, version, content)),
        }
        Ok(())
    }

    /// The next whole handshake message, its header included.
    pub(crate) fn next_message(&mut self) -> Result<Option<Bytes>, Error> {
        Ok(self.joiner.next_message()?)
    }

    /// The handshake is done: nothing may be left over.
    pub(crate) fn finish(&self) -> Result<(), Error> {
        self.check_not_interrupting()
    }
}
