//! The server's end.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tls_wire::ClientHello;

use crate::machine::{Driver, Machine, Next};
use crate::records::{Records, Rules};
use crate::{Error, Progress, PskChoice, PskKey, ServerConfig, Step};
use crate::{tls12, tls13};

/// A handshake of a server, from a ClientHello that is read already to the hand-over.
///
/// Without IO: bytes go into [`read`](Self::read), bytes come out of its `out`. After an error `out`
/// ends with the alert for the peer, and the handshake is over.
pub struct ServerHandshake(Driver<State>);

enum State {
    Tls12(tls12::server::State),
    Tls13(tls13::server::State),
}

impl Machine for State {
    type Answer = Vec<PskKey>;

    fn message(self, message: &[u8], records: &mut Records) -> Result<Next<Self>, Error> {
        match self {
            Self::Tls12(state) => Ok(state.message(message, records)?.map(Self::Tls12)),
            Self::Tls13(state) => Ok(state.message(message, records)?.map(Self::Tls13)),
        }
    }

    fn change_cipher_spec(self, records: &mut Records) -> Result<Next<Self>, Error> {
        match self {
            Self::Tls12(state) => Ok(state.change_cipher_spec(records)?.map(Self::Tls12)),
            Self::Tls13(state) => Ok(state.change_cipher_spec(records)?.map(Self::Tls13)),
        }
    }

    fn answer(self, keys: Self::Answer, records: &mut Records) -> Result<Next<Self>, Error> {
        match self {
            Self::Tls12(state) => Ok(state.answer(keys, records)?.map(Self::Tls12)),
            // TLS 1.3 asks before it starts.
            Self::Tls13(_) => Err(Error::Over),
        }
    }
}

impl ServerHandshake {
    /// TLS 1.3: answers `hello`, from which `choice` was made; `now` is the Unix time. The flight is
    /// appended to `out`.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with the hello; [`Error::BinderMismatch`] for a client that does not have
    /// the key. `out` ends with the alert then.
    pub fn tls13(
        config: Arc<ServerConfig>,
        hello: &ClientHello,
        choice: PskChoice,
        now: Duration,
        out: &mut Vec<u8>,
    ) -> Result<Self, Error> {
        let records = Records::new(Rules::Tls13);
        let driver = Driver::start(records, out, |records| {
            tls13::server::start(config, hello, choice, now, records).map(State::Tls13)
        })?;
        Ok(Self(driver))
    }

    /// TLS 1.2: answers `hello`, with a flight that is appended to `out`. The identity comes later:
    /// [`Question::Identity`](crate::Question::Identity).
    ///
    /// # Errors
    ///
    /// Whatever is wrong with the hello, or not to be had with it: [`Error::NoSharedCipher`],
    /// [`Error::NoSharedGroup`], [`Error::NoExtendedMasterSecret`],
    /// [`Error::NoApplicationProtocol`]. `out` ends with the alert then.
    pub fn tls12(
        config: Arc<ServerConfig>,
        hello: &ClientHello,
        out: &mut Vec<u8>,
    ) -> Result<Self, Error> {
        let driver = Driver::start(Records::new(Rules::Tls12), out, |records| {
            tls12::server::State::on_client_hello(config, hello, records).map(State::Tls12)
        })?;
        Ok(Self(driver))
    }

    /// Takes at most one record from the start of `wire`, and changes it in place; what is to be
    /// sent is appended to `out`.
    ///
    /// # Errors
    ///
    /// Why the handshake failed; `out` ends with the alert.
    pub fn read(&mut self, wire: &mut [u8], out: &mut Vec<u8>) -> Result<Progress, Error> {
        self.0.read(wire, out)
    }

    /// TLS 1.2: answers [`Question::Identity`](crate::Question::Identity) with the keys of that
    /// identity, best first, or none.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read); [`Error::Over`] if nothing was asked.
    pub fn answer(&mut self, keys: Vec<PskKey>, out: &mut Vec<u8>) -> Result<Step, Error> {
        self.0.answer(keys, out)
    }
}

impl fmt::Debug for ServerHandshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerHandshake").finish_non_exhaustive()
    }
}
