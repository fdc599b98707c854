//! What a hello offers, and which of it a server takes up (RFC 8446, Section 4.2.11).

use std::time::Duration;

use tls_session_store::NotResumed;
use tls_wire::{ClientHello, HashAlgorithm, ProtocolVersion};

use crate::cipher_suites;
use crate::limits::{MAX_KEYS_PER_IDENTITY, MAX_LOOKUPS, MAX_TICKETS_OPENED, MAX_WIRE_IDENTITY};
use crate::psk_session::Origin;
use crate::tls13::key_schedule::PskKind;
use crate::tls13::ticket::{self, TicketSession};
use crate::transcript::{HashOutput, MAX_HASH};
use crate::{Error, PskIdentity, PskKey, ServerConfig};

/// The pre-shared keys that a client of TLS 1.3 offers, sorted: sessions of ours, which open
/// locally, and identities that a look-up may know.
///
/// Nothing is proved yet. At most [`MAX_LOOKUPS`] identities are kept, those of a length that a key
/// may have; the others are for other engines, or for nobody.
#[derive(Debug)]
pub struct PskOffer {
    session: Option<(usize, TicketSession)>,
    not_resumed: NotResumed,
    identities: Vec<OfferedIdentity>,
    tickets_opened: usize,
    hashes: Vec<HashAlgorithm>,
    decoy: bool,
}

/// One identity that a client offers.
#[derive(Clone, Debug)]
pub struct OfferedIdentity {
    index: usize,
    identity: PskIdentity,
}

impl OfferedIdentity {
    /// The identity, to be looked up.
    #[must_use]
    pub fn identity(&self) -> &PskIdentity {
        &self.identity
    }
}

impl PskOffer {
    /// Sorts what `hello` offers; `None` if it offers no pre-shared key that TLS 1.3 with this
    /// configuration could use. `now` is the Unix time.
    #[must_use]
    pub fn read(config: &ServerConfig, hello: &ClientHello, now: Duration) -> Option<Self> {
        if !config.takes(ProtocolVersion::Tls13) || !hello.offers(ProtocolVersion::Tls13) {
            return None;
        }
        let offered = hello.offered_psks()?;
        let mut offer = Self {
            session: None,
            not_resumed: NotResumed::NoSessionOffered,
            identities: Vec::new(),
            tickets_opened: 0,
            hashes: shared_hashes(config, hello),
            decoy: config.decoy,
        };
        for (index, psk) in offered.identities().enumerate() {
            if let Some(tickets) = &config.tickets
                && tickets.keys.recognises(psk.identity)
            {
                offer.read_ticket(tickets, index, psk.identity, now);
            } else if offer.identities.len() < MAX_LOOKUPS
                && psk.identity.len() <= MAX_WIRE_IDENTITY
                && let Ok(identity) = PskIdentity::from_wire(psk.identity)
            {
                offer.identities.push(OfferedIdentity { index, identity });
            }
        }
        Some(offer)
    }

    fn read_ticket(&mut self, tickets: &crate::Tickets, index: usize, bytes: &[u8], now: Duration) {
        if self.session.is_some() || self.tickets_opened >= MAX_TICKETS_OPENED {
            return;
        }
        self.tickets_opened += 1;
        match ticket::open(tickets, bytes, now) {
            Ok(session) if self.hashes.contains(&session.hash) => {
                self.session = Some((index, session));
            }
            Ok(_) => self.not_resumed = NotResumed::Suite,
            Err(reason) => self.not_resumed = reason,
        }
    }

    /// The name of the key that the offered session was made with. It is to be looked up again: a
    /// key that is gone, or another by now, resumes nothing.
    #[must_use]
    pub fn session_identity(&self) -> Option<&PskIdentity> {
        self.session
            .as_ref()
            .map(|(_, session)| &session.origin.identity)
    }

    /// Unix time in seconds of the handshake that made the offered session.
    #[must_use]
    pub fn session_authenticated_at(&self) -> Option<u64> {
        let (_, session) = self.session.as_ref()?;
        Some(session.authenticated_at)
    }

    /// Leaves the session aside, for a reason that only the caller knows.
    pub fn refuse_session(&mut self, reason: NotResumed) {
        if self.session.take().is_some() {
            self.not_resumed = reason;
        }
    }

    /// Takes the session up if the key it was made with is still among `keys`.
    ///
    /// # Errors
    ///
    /// Why it is not resumed; the identities are still there to be tried.
    pub fn resume(&mut self, keys: &[PskKey]) -> Result<PskChoice, NotResumed> {
        let (index, session) = self.session.take().ok_or(self.not_resumed)?;
        let same = |key: &PskKey| session.is_of(key);
        if !keys.iter().any(same) {
            self.not_resumed = NotResumed::PolicyChanged;
            return Err(self.not_resumed);
        }
        Ok(PskChoice {
            index,
            candidates: vec![Candidate {
                secret: Secret::Resumption(session.secret),
                hash: session.hash,
                kind: PskKind::Resumption,
            }],
            origin: Chosen::Session(session.origin),
            session_maker: Some(session.maker),
        })
    }

    /// Why no session is resumed, once that is clear.
    #[must_use]
    pub fn not_resumed(&self) -> NotResumed {
        self.not_resumed
    }

    /// The identities to be looked up, most preferred by the client first.
    #[must_use]
    pub fn identities(&self) -> &[OfferedIdentity] {
        &self.identities
    }

    /// Takes `offered` up with the keys that the look-up found for it, of which the first three
    /// are tried.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownIdentity`] for no keys; [`Error::NoSharedCipher`] if no suite in common goes
    /// with the hash of any of them. With [`ServerConfig::decoy`] these are unknown, too: that there
    /// are keys must not be seen.
    pub fn choose(&self, offered: &OfferedIdentity, keys: Vec<PskKey>) -> Result<PskChoice, Error> {
        if keys.is_empty() {
            return Err(unknown());
        }
        let usable = keys.into_iter().take(MAX_KEYS_PER_IDENTITY);
        let candidates: Vec<_> = usable
            .filter(|key| self.hashes.contains(&key.hash()))
            .map(Candidate::external)
            .collect();
        if candidates.is_empty() {
            return Err(match self.decoy {
                true => unknown(),
                false => Error::NoSharedCipher,
            });
        }
        Ok(PskChoice {
            index: offered.index,
            candidates,
            origin: Chosen::External(offered.identity.clone()),
            session_maker: None,
        })
    }

    /// None of the identities is known. With [`ServerConfig::decoy`] the handshake goes on with a
    /// key that nobody has and fails as one with a wrong key does; otherwise it ends here.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownIdentity`] with `handshake_failure` (spec `PSK-06`), [`Error::NoSharedCipher`].
    pub fn unknown(&self, config: &ServerConfig) -> Result<PskChoice, Error> {
        let (Some(offered), true) = (self.identities.first(), config.decoy) else {
            return Err(unknown());
        };
        let Some(&hash) = self.hashes.first() else {
            return Err(Error::NoSharedCipher);
        };
        let decoy: [u8; MAX_HASH] = crate::key_exchange::random(&config.provider)?;
        Ok(PskChoice {
            index: offered.index,
            candidates: vec![Candidate {
                secret: Secret::Decoy(HashOutput::copy(&decoy)),
                hash,
                kind: PskKind::External,
            }],
            origin: Chosen::Decoy(offered.identity.clone()),
            session_maker: None,
        })
    }
}

/// `handshake_failure` is what Node's server sends in TLS 1.3 (spec `PSK-06`).
fn unknown() -> Error {
    Error::UnknownIdentity {
        alert: tls_wire::AlertDescription::HandshakeFailure,
    }
}

/// The hashes of the suites that both ends have.
fn shared_hashes(config: &ServerConfig, hello: &ClientHello) -> Vec<HashAlgorithm> {
    let ours = cipher_suites::of_version(
        &config.cipher_suites,
        ProtocolVersion::Tls13,
        config.allow_psk_ke,
    );
    let mut hashes: Vec<_> = ours
        .filter(|it| hello.cipher_suites().any(|suite| suite == it.suite))
        .filter_map(|it| it.suite.hash())
        .collect();
    hashes.dedup();
    hashes
}

/// What a server takes up of an offer; the client still has to prove that it has the key.
pub struct PskChoice {
    pub(crate) index: usize,
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) origin: Chosen,
    session_maker: Option<String>,
}

impl PskChoice {
    /// Which process made the session that is taken up; see [`Tickets::maker`](crate::Tickets).
    #[must_use]
    pub fn session_maker(&self) -> Option<&str> {
        self.session_maker.as_deref()
    }
}

impl std::fmt::Debug for PskChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PskChoice")
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

/// Where the chosen key comes from.
#[derive(Clone)]
pub(crate) enum Chosen {
    External(PskIdentity),
    Session(Origin),
    /// The identity is not known.
    Decoy(PskIdentity),
}

impl Chosen {
    /// The name of the key.
    pub(crate) fn identity(&self) -> &PskIdentity {
        match self {
            Self::External(identity) | Self::Decoy(identity) => identity,
            Self::Session(origin) => &origin.identity,
        }
    }
}

/// One key that the binder may have been made with.
pub(crate) struct Candidate {
    secret: Secret,
    pub(crate) hash: HashAlgorithm,
    pub(crate) kind: PskKind,
}

enum Secret {
    External(PskKey),
    Resumption(HashOutput),
    Decoy(HashOutput),
}

impl Candidate {
    pub(crate) fn external(key: PskKey) -> Self {
        Self {
            hash: key.hash(),
            kind: if key.is_imported() {
                PskKind::Imported
            } else {
                PskKind::External
            },
            secret: Secret::External(key),
        }
    }

    pub(crate) fn secret(&self) -> &[u8] {
        match &self.secret {
            Secret::External(key) => key.secret(),
            Secret::Resumption(secret) | Secret::Decoy(secret) => secret.as_bytes(),
        }
    }

    /// Of the external key, for tickets.
    pub(crate) fn generation(&self) -> Option<[u8; 32]> {
        match &self.secret {
            Secret::External(key) => Some(key.generation()),
            Secret::Resumption(_) | Secret::Decoy(_) => None,
        }
    }
}
