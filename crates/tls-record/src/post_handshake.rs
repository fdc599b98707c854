//! Handshake messages that come after the handshake, and who takes them.

use tls_wire::{ContentType, HandshakeHeader, HandshakeType};
use zeroize::Zeroizing;

use crate::record_layer::{RecordLayer, Version};
use crate::record_limits::MAX_HANDSHAKE_MESSAGE;
use crate::{Error, Role, TrafficKeys};

/// What the handshake engine still does once the records are ours (TLS 1.3).
///
/// Called from inside [`RecordLayer::open`], [`RecordLayer::seal`] and
/// [`RecordLayer::write_control`]: it must not block.
pub trait PostHandshake: Send + Sync {
    /// Derives the next keys for what this side sends (RFC 8446, Section 7.2), and forgets the
    /// secret before. Called after the KeyUpdate was sealed under the old key.
    ///
    /// # Errors
    ///
    /// [`KeyUpdateRefused`] ends the connection as this side's fault.
    fn next_tx_keys(&mut self) -> Result<TrafficKeys, KeyUpdateRefused>;

    /// Derives the next keys for what the peer sends.
    ///
    /// # Errors
    ///
    /// [`KeyUpdateRefused`] ends the connection as this side's fault.
    fn next_rx_keys(&mut self) -> Result<TrafficKeys, KeyUpdateRefused>;

    /// Takes a NewSessionTicket, clients only; `body` is the message without its 4-byte header.
    ///
    /// # Errors
    ///
    /// [`TicketRefused`] if it is malformed, which ends the connection. A ticket that is merely of
    /// no use is dropped with `Ok`.
    fn new_session_ticket(&mut self, body: &[u8]) -> Result<(), TicketRefused>;
}

/// The next traffic keys could not be derived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("the next traffic keys could not be derived")]
#[allow(clippy::exhaustive_structs)]
pub struct KeyUpdateRefused;

/// A NewSessionTicket is malformed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("the session ticket is malformed")]
#[allow(clippy::exhaustive_structs)]
pub struct TicketRefused;

impl RecordLayer {
    /// Takes the content of a handshake record: messages may share a record and may span several
    /// (RFC 8446, Section 5.1). A message that lies whole in its record is not copied.
    pub(crate) fn accept_handshake(&mut self, content: &[u8]) -> Result<(), Error> {
        if content.is_empty() {
            return Err(Error::EmptyFragment {
                content_type: ContentType::Handshake.into(),
            });
        }
        let Some(mut joined) = self.fragment.take() else {
            let taken = self.accept_messages(content)?;
            if taken < content.len() {
                self.fragment = Some(Box::new(Zeroizing::new(content[taken..].to_vec())));
            }
            return Ok(());
        };
        joined.extend_from_slice(content);
        let taken = self.accept_messages(&joined)?;
        if taken < joined.len() {
            joined.drain(..taken);
            self.fragment = Some(joined);
        }
        Ok(())
    }

    /// Takes the whole messages at the start of `bytes` and says how many bytes they were.
    fn accept_messages(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        let mut rest = bytes;
        while let Some(&first) = rest.first() {
            // Refused by its first byte, before anything is collected.
            self.check_expected(first.into())?;
            let Some(header) = HandshakeHeader::read(rest) else {
                break;
            };
            let length = usize::try_from(header.length).unwrap_or(usize::MAX);
            if length > MAX_HANDSHAKE_MESSAGE {
                let limit = u32::try_from(MAX_HANDSHAKE_MESSAGE).unwrap_or(u32::MAX);
                return Err(Error::HandshakeTooLong {
                    length: header.length,
                    limit,
                });
            }
            let after = HandshakeHeader::LEN + length;
            let Some(body) = rest.get(HandshakeHeader::LEN..after) else {
                break;
            };
            rest = &rest[after..];
            self.accept_message(header.msg_type, body, rest.is_empty())?;
        }
        Ok(bytes.len() - rest.len())
    }

    /// Post-handshake authentication is never offered, so a CertificateRequest is as unexpected as
    /// anything else (RFC 8446, Section 4.6.2).
    fn check_expected(&self, message: HandshakeType) -> Result<(), Error> {
        match (self.version, self.role, message) {
            (Version::Tls13, _, HandshakeType::KeyUpdate)
            | (Version::Tls13, Role::Client, HandshakeType::NewSessionTicket)
            | (Version::Tls12, Role::Client, HandshakeType::HelloRequest)
            | (Version::Tls12, Role::Server, HandshakeType::ClientHello) => Ok(()),
            _ => Err(Error::UnexpectedHandshake {
                handshake_type: message.into(),
            }),
        }
    }

    fn accept_message(
        &mut self,
        message: HandshakeType,
        body: &[u8],
        ends_record: bool,
    ) -> Result<(), Error> {
        match message {
            HandshakeType::KeyUpdate => self.accept_key_update(body, ends_record),
            HandshakeType::NewSessionTicket => self.accept_ticket(body),
            HandshakeType::HelloRequest if !body.is_empty() => Err(Error::MalformedHandshake {
                handshake_type: message.into(),
            }),
            _ => self.refuse_renegotiation(),
        }
    }

    fn accept_ticket(&mut self, body: &[u8]) -> Result<(), Error> {
        self.floods.message(&self.limits)?;
        match &mut self.post_handshake {
            Some(engine) => engine
                .new_session_ticket(body)
                .map_err(|_| Error::TicketRefused),
            None => Ok(()),
        }
    }

    /// TLS 1.2: a HelloRequest, or a ClientHello at a server. "If the client does not wish to
    /// renegotiate … it MAY … respond with a no_renegotiation alert" (RFC 5246, Sections 7.4.1.1
    /// and 7.2.2); the peer decides whether it goes on.
    fn refuse_renegotiation(&mut self) -> Result<(), Error> {
        self.floods.renegotiation(&self.limits)?;
        self.control.queue_no_renegotiation();
        Ok(())
    }
}
