//! The server's states (RFC 8446, Appendix A.2), as far as a pre-shared key leads through them:
//!
//! ```text
//! ClientHello -> [SecondHello] -> ClientFinished -> done
//! ```

use std::sync::Arc;
use std::time::Duration;

use tls_wire::{
    AlertDescription, ClientHello, ClientHelloView, HandshakeType, NamedGroup, ProtocolVersion,
};

use super::key_schedule::EarlySecret;
use super::server_finished::ClientFinished;
use super::server_flight::{Taken, respond};
use super::server_negotiation::{self, KeyExchange};
use super::{binder, server_hello};
use crate::cipher_suites::PskSuite;
use crate::machine::{Machine, Next};
use crate::psk_choice::{Candidate, Chosen, PskChoice};
use crate::records::Records;
use crate::transcript::Transcript;
use crate::{Error, ServerConfig, handshake_message, key_exchange};

/// Where the handshake stands.
pub(crate) enum State {
    SecondHello(Box<SecondHello>),
    ClientFinished(Box<ClientFinished>),
}

impl Machine for State {
    type Answer = std::convert::Infallible;

    fn message(self, message: &[u8], records: &mut Records) -> Result<Next<Self>, Error> {
        match self {
            Self::SecondHello(state) => {
                let next = state.hello(message, records)?;
                Ok(Next::State(Self::ClientFinished(Box::new(next))))
            }
            Self::ClientFinished(state) => state.finished(message, records),
        }
    }

    /// Never comes: in TLS 1.3 the records are dropped.
    fn change_cipher_spec(self, _: &mut Records) -> Result<Next<Self>, Error> {
        Err(Error::BadChangeCipherSpec)
    }

    fn answer(self, answer: Self::Answer, _: &mut Records) -> Result<Next<Self>, Error> {
        match answer {}
    }
}

/// What holds from the first hello to the end.
pub(crate) struct Agreed {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) now: Duration,
    pub(crate) suite: PskSuite,
    pub(crate) alpn: Option<Vec<u8>>,
    pub(crate) server_name: Option<String>,
    pub(crate) origin: Chosen,
}

/// Takes the first hello and the key that was chosen from it.
pub(crate) fn start(
    config: Arc<ServerConfig>,
    hello: &ClientHello,
    choice: PskChoice,
    now: Duration,
    records: &mut Records,
) -> Result<State, Error> {
    let version = ProtocolVersion::Tls13;
    if !config.takes(version) || !hello.offers(version) {
        return Err(Error::NoSharedVersion);
    }
    if hello.early_data() {
        records.skip_early_data();
    }
    let view = hello.view();
    server_negotiation::check(view)?;
    check_reflection(&config, &choice.origin)?;
    let (place, early) = verify(
        &config,
        view,
        &choice.candidates,
        choice.index,
        &choice.origin,
        |key| Transcript::new(key.hash),
    )?;
    // From here on the client is one that has the key.
    let suite = server_negotiation::suite(&config, hello, early.hash())?;
    let way = server_negotiation::key_exchange(&config, view)?;
    let alpn = crate::alpn::choose(&config, view)?;
    let candidate = nth(choice.candidates, place)?;
    let agreed = Agreed {
        server_name: hello.server_name().map(str::to_owned),
        config,
        now,
        suite,
        alpn,
        origin: choice.origin,
    };
    let mut transcript = Transcript::new(early.hash());
    let KeyExchange::Retry(group) = way else {
        transcript.add(view.as_bytes());
        let taken = Taken {
            view,
            candidate,
            early,
            index: choice.index,
        };
        let next = respond(agreed, taken, way, transcript, false, records)?;
        return Ok(State::ClientFinished(Box::new(next)));
    };
    transcript.add(view.as_bytes());
    let group = key_exchange::number(group);
    let retry = server_hello::write_retry(view.session_id(), suite.suite, group)?;
    records.send_handshake(&retry)?;
    send_compatibility(view, records);
    let mut transcript = transcript.replaced_by_message_hash(early.hash());
    transcript.add(&retry);
    let identity = nth_identity(view, choice.index)?.to_vec();
    Ok(State::SecondHello(Box::new(SecondHello {
        agreed,
        first: hello.clone(),
        identity,
        candidate,
        group,
        transcript,
    })))
}

/// "each party ... should check that the identity is not its own" (RFC 9257, Section 4.1, in our
/// words): otherwise an attacker makes this end talk to itself.
fn check_reflection(config: &ServerConfig, origin: &Chosen) -> Result<(), Error> {
    match (config.is_own(origin.identity()), config.decoy) {
        (false, _) => Ok(()),
        (true, false) => Err(Error::Reflection),
        // That it is this end's is nobody's business.
        (true, true) => Err(UNKNOWN_BEHIND_DECOY),
    }
}

/// What the client sees is what a wrong key looks like; what is reported is the truth.
const UNKNOWN_BEHIND_DECOY: Error = Error::UnknownIdentity {
    alert: AlertDescription::DecryptError,
};

fn verify(
    config: &ServerConfig,
    hello: ClientHelloView<'_>,
    candidates: &[Candidate],
    index: usize,
    origin: &Chosen,
    before: impl Fn(&Candidate) -> Transcript,
) -> Result<(usize, EarlySecret), Error> {
    let without_binders = hello.without_binders();
    let binder = hello.psk_binders().nth(index);
    let (Some(without_binders), Some(binder)) = (without_binders, binder) else {
        return Err(Error::MissingExtension("pre_shared_key"));
    };
    let verified = binder::verify(candidates, binder, without_binders, before);
    match (verified, origin) {
        (Ok(_) | Err(Error::BinderMismatch | Error::BinderLength { .. }), Chosen::Decoy(_)) => {
            Err(UNKNOWN_BEHIND_DECOY)
        }
        // The length would tell that there is a key, and for which hash.
        (Err(Error::BinderLength { .. }), _) if config.decoy => Err(Error::BinderMismatch),
        (verified, _) => verified,
    }
}

fn nth(candidates: Vec<Candidate>, place: usize) -> Result<Candidate, Error> {
    candidates.into_iter().nth(place).ok_or(Error::Over)
}

fn nth_identity(hello: ClientHelloView<'_>, index: usize) -> Result<&[u8], Error> {
    let found = hello.psk_identities().nth(index);
    found
        .map(|it| it.identity)
        .ok_or(Error::MissingExtension("pre_shared_key"))
}

/// Behind the first answer goes a `change_cipher_spec` for middleboxes, if the client has asked for
/// that with a session id (RFC 8446, Appendix D.4).
pub(crate) fn send_compatibility(hello: ClientHelloView<'_>, records: &mut Records) {
    if !hello.session_id().is_empty() {
        records.send_change_cipher_spec();
    }
}

/// A second hello is awaited.
pub(crate) struct SecondHello {
    agreed: Agreed,
    first: ClientHello,
    identity: Vec<u8>,
    candidate: Candidate,
    group: NamedGroup,
    transcript: Transcript,
}

impl SecondHello {
    fn hello(self, message: &[u8], records: &mut Records) -> Result<ClientFinished, Error> {
        let wanted = HandshakeType::ClientHello;
        handshake_message::body(message, wanted, "the second ClientHello")?;
        let view = ClientHelloView::parse(message)?;
        server_negotiation::check_second(self.first.view(), view)?;
        server_negotiation::check(view)?;
        // A client may leave out keys that do not go with the suite, so the index may have moved.
        let mut identities = view.psk_identities();
        let same = identities.position(|it| it.identity == self.identity);
        let index = same.ok_or(Error::IllegalParameter {
            what: "a second hello without the pre-shared key of the first",
        })?;
        let candidates = [self.candidate];
        let agreed = &self.agreed;
        let (_, early) = verify(
            &agreed.config,
            view,
            &candidates,
            index,
            &agreed.origin,
            |_| self.transcript.clone(),
        )?;
        let [candidate] = candidates;
        // "one KeyShareEntry from the indicated group" (RFC 8446, Section 4.1.2).
        if !view.key_share_groups().eq([self.group]) {
            let what = "a second hello without the one key share that was asked for";
            return Err(Error::IllegalParameter { what });
        }
        let group = key_exchange::find(
            &self.agreed.config.provider,
            ProtocolVersion::Tls13,
            self.group,
        )
        .ok_or(Error::NoSharedGroup)?;
        let mut transcript = self.transcript;
        transcript.add(message);
        let taken = Taken {
            view,
            candidate,
            early,
            index,
        };
        let way = KeyExchange::Share(group);
        respond(self.agreed, taken, way, transcript, true, records)
    }
}
