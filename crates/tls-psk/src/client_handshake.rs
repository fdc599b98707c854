//! The client's end.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tls_wire::{AlertDescription, ClientHello, HandshakeType, ProtocolVersion};

use crate::machine::{Driver, Machine, Next};
use crate::records::{Records, Rules};
use crate::server_hello_awaited::ServerHelloAwaited;
use crate::{ClientConfig, ClientPsk, Error, Progress, Step};
use crate::{tls12, tls13};

/// A handshake of a client, from its hello to the hand-over.
///
/// Without IO: bytes go into [`read`](Self::read), bytes come out of its `out`. After an error `out`
/// ends with the alert for the peer, and the handshake is over.
pub struct ClientHandshake(Driver<State>);

enum State {
    ServerHello(Box<ServerHelloAwaited>),
    Tls12(tls12::client::State),
    Tls13(tls13::client::State),
}

impl State {
    fn server_hello(
        awaited: ServerHelloAwaited,
        message: &[u8],
        records: &mut Records,
    ) -> Result<Self, Error> {
        let (hello, version) = awaited.read(message)?;
        match version {
            ProtocolVersion::Tls13 => Ok(
                match tls13::client::server_hello(awaited, &hello, message, records)? {
                    tls13::client::Answered::Retry(again) => Self::ServerHello(again),
                    tls13::client::Answered::Keyed(state) => Self::Tls13(state),
                },
            ),
            ProtocolVersion::Tls12 => {
                let ServerHelloAwaited { offer, hello, .. } = awaited;
                let hello = ClientHello::parse(hello.into())?;
                tls12::client::State::on_server_hello(&offer.config, &hello, message, records)
                    .map(Self::Tls12)
            }
            _ => Err(Error::NoSharedVersion),
        }
    }
}

impl Machine for State {
    type Answer = Option<ClientPsk>;

    fn message(self, message: &[u8], records: &mut Records) -> Result<Next<Self>, Error> {
        match self {
            Self::ServerHello(awaited) => {
                Self::server_hello(*awaited, message, records).map(Next::State)
            }
            Self::Tls12(state) => Ok(state.message(message, records)?.map(Self::Tls12)),
            Self::Tls13(state) => Ok(state.message(message, records)?.map(Self::Tls13)),
        }
    }

    fn change_cipher_spec(self, records: &mut Records) -> Result<Next<Self>, Error> {
        match self {
            Self::ServerHello(_) => Err(Error::UnexpectedMessage {
                expected: "the ServerHello",
                found: HandshakeType::Unknown(0xff).into(),
            }),
            Self::Tls12(state) => Ok(state.change_cipher_spec(records)?.map(Self::Tls12)),
            Self::Tls13(state) => Ok(state.change_cipher_spec(records)?.map(Self::Tls13)),
        }
    }

    fn answer(self, psk: Self::Answer, records: &mut Records) -> Result<Next<Self>, Error> {
        match self {
            Self::Tls12(state) => Ok(state.answer(psk, records)?.map(Self::Tls12)),
            Self::ServerHello(_) | Self::Tls13(_) => Err(Error::Over),
        }
    }
}

impl ClientHandshake {
    /// Writes the hello to `out`; `now` is the Unix time.
    ///
    /// # Errors
    ///
    /// [`Error::NothingConfigured`], [`Error::Provider`]. Nothing is to be sent then.
    pub fn new(config: Arc<ClientConfig>, now: Duration, out: &mut Vec<u8>) -> Result<Self, Error> {
        let rules = if config.offers(ProtocolVersion::Tls13) {
            Rules::Undecided
        } else {
            Rules::Tls12
        };
        let begin = out.len();
        let driver = Driver::start(Records::new(rules), out, |records| {
            let awaited = ServerHelloAwaited::start(config, now, records)?;
            Ok(State::ServerHello(Box::new(awaited)))
        });
        match driver {
            Ok(driver) => Ok(Self(driver)),
            Err(error) => {
                out.truncate(begin);
                Err(error)
            }
        }
    }

    /// Takes at most one record from the start of `wire`, and changes it in place; what is to be
    /// sent is appended to `out`.
    ///
    /// # Errors
    ///
    /// Why the handshake failed; `out` ends with the alert. [`Error::PskNotAccepted`] if the server
    /// does not take the key.
    pub fn read(&mut self, wire: &mut [u8], out: &mut Vec<u8>) -> Result<Progress, Error> {
        let unanswered = matches!(self.0.state(), Some(State::ServerHello(_)));
        self.0.read(wire, out).map_err(|error| match error {
            Error::AlertReceived(alert) if refuses_psk(alert, unanswered) => {
                Error::PskNotAccepted { alert: Some(alert) }
            }
            error => error,
        })
    }

    /// TLS 1.2: answers [`Question::Hint`](crate::Question::Hint) with an identity and its key, or
    /// none, which ends the handshake.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read); [`Error::Over`] if nothing was asked.
    pub fn answer(&mut self, psk: Option<ClientPsk>, out: &mut Vec<u8>) -> Result<Step, Error> {
        self.0.answer(psk, out)
    }
}

/// With what a server answers a hello whose keys it does not know, where it has no certificate
/// either; in TLS 1.2, whose identity comes later, there is one alert for it at any time.
fn refuses_psk(alert: AlertDescription, unanswered: bool) -> bool {
    let to_hello = matches!(
        alert,
        AlertDescription::HandshakeFailure
            | AlertDescription::MissingExtension
            | AlertDescription::InsufficientSecurity
    );
    alert == AlertDescription::UnknownPskIdentity || (unanswered && to_hello)
}

impl fmt::Debug for ClientHandshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientHandshake").finish_non_exhaustive()
    }
}
