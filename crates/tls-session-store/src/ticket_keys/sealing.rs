//! What a ticket is, and how it is sealed and opened.

use zeroize::Zeroizing;

use super::TicketKeys;
use crate::limits::KEY_NAME_LEN;
use crate::sealing_key::{SALT_LEN, SealingKey, TAG_LEN, fresh_salt};
use crate::ticket_key_ring::Named;
use crate::{ContextId, Envelope, Error, Kind, NotResumed, OpenFailure, TicketKey};

/// Starts the derivation of every ticket's own key.
const LABEL: &[u8] = b"tls-ticket v1";
const HEADER_LEN: usize = KEY_NAME_LEN + SALT_LEN;
const AAD_LEN: usize = KEY_NAME_LEN + 1 + 32;

impl TicketKeys {
    /// Whether `ticket` names one of the keys; says nothing about its being genuine.
    #[must_use]
    pub fn recognises(&self, ticket: &[u8]) -> bool {
        let named = self.named(ticket);
        ticket.len() >= HEADER_LEN + TAG_LEN && matches!(named, Some(Named::Opens(_)))
    }

    /// Seals `plaintext` into a ticket that opens only as `kind` under `context`.
    ///
    /// # Errors
    /// [`Error::TooLarge`], or [`Error::Randomness`].
    pub fn seal(
        &self,
        kind: Kind,
        context: &ContextId,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, Error> {
        self.seal_with(kind, context, plaintext.len(), |out| {
            out.extend_from_slice(plaintext);
            Ok(())
        })
    }

    /// Opens a ticket that one of the keys made as `kind` under `context`.
    ///
    /// # Errors
    /// [`OpenFailure`] tells whose fault it is.
    pub fn open(
        &self,
        kind: Kind,
        context: &ContextId,
        ticket: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenFailure> {
        if ticket.len() < HEADER_LEN + TAG_LEN {
            return Err(OpenFailure::Malformed);
        }
        match self.named(ticket).ok_or(OpenFailure::NotOurs)? {
            Named::Opens(key) => open_under(&key, kind, context, ticket),
            Named::NotYet(key, early) => {
                if open_under(&key, kind, context, ticket).is_ok() {
                    self.note_early(early);
                }
                Err(OpenFailure::NotOurs)
            }
        }
    }

    /// Seals an envelope under the kind and context that it names itself.
    ///
    /// # Errors
    /// If the envelope is beyond its limits, or [`Error::Randomness`].
    pub fn seal_envelope(&self, envelope: &Envelope) -> Result<Vec<u8>, Error> {
        let len = envelope.encoded_len();
        self.seal_with(envelope.kind, &envelope.context_id, len, |out| {
            envelope.encode_into(out)
        })
    }

    /// Opens an envelope of `kind` and `context` that is no older than [`lifetime`](Self::lifetime).
    ///
    /// # Errors
    /// Why the session is not to be resumed.
    pub fn open_envelope(
        &self,
        kind: Kind,
        context: &ContextId,
        ticket: &[u8],
    ) -> Result<Envelope, NotResumed> {
        let envelope = Envelope::decode(&self.open(kind, context, ticket)?)
            .map_err(|_| NotResumed::Malformed)?;
        envelope.check(kind, context, self.unix_time(), self.lifetime())?;
        Ok(envelope)
    }

    pub(crate) fn seal_with(
        &self,
        kind: Kind,
        context: &ContextId,
        len: usize,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), Error>,
    ) -> Result<Vec<u8>, Error> {
        let salt = fresh_salt()?;
        let now = self.time.now();
        let ring = self.ring(now);
        let key = ring.issuing(now).ok_or(Error::TicketKeysPending)?;
        let sealing = SealingKey::derive(key.as_bytes(), &salt, LABEL, kind, context)
            .ok_or(Error::Randomness)?;
        // Never grows: a reallocation would leave plaintext behind.
        let mut out = Vec::with_capacity(HEADER_LEN + len + TAG_LEN);
        out.extend_from_slice(key.name());
        out.extend_from_slice(&salt);
        write(&mut out)?;
        sealing.seal(&aad(key.name(), kind, context), &mut out, HEADER_LEN)?;
        Ok(out)
    }

    /// What the key name in `ticket` stands for.
    fn named(&self, ticket: &[u8]) -> Option<Named> {
        let name = ticket.get(..KEY_NAME_LEN)?;
        let now = self.time.now();
        self.ring(now).named(name, now, self.lifetime())
    }
}

fn open_under(
    key: &TicketKey,
    kind: Kind,
    context: &ContextId,
    ticket: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenFailure> {
    let (header, sealed) = ticket
        .split_at_checked(HEADER_LEN)
        .ok_or(OpenFailure::Malformed)?;
    let salt = header.get(KEY_NAME_LEN..).unwrap_or_default();
    SealingKey::derive(key.as_bytes(), salt, LABEL, kind, context)
        .ok_or(OpenFailure::Malformed)?
        .open(&aad(key.name(), kind, context), sealed)
}

fn aad(name: &[u8], kind: Kind, context: &ContextId) -> [u8; AAD_LEN] {
    let mut aad = [0; AAD_LEN];
    let fields = [name, &[kind.as_u8()], context.as_bytes()];
    for (place, byte) in aad.iter_mut().zip(fields.iter().copied().flatten()) {
        *place = *byte;
    }
    aad
}
