//! What one client offers in its hello, for both versions.

use std::sync::Arc;
use std::time::Duration;

use tls_wire::extension::key_share::KeyShareEntry;
use tls_wire::extension::pre_shared_key::PskIdentity as WireIdentity;
use tls_wire::extension::psk_key_exchange_modes::PskKeyExchangeMode;
use tls_wire::{
    CipherSuite, ClientHelloBuilder, ExtensionType, HashAlgorithm, NamedGroup, ProtocolVersion,
    SignatureScheme,
};

use crate::psk_session::Origin;
use crate::tls13::binder::{self, Binding};
use crate::tls13::key_schedule::{EarlySecret, PskKind};
use crate::transcript::Transcript;
use crate::{ClientConfig, ClientPsk, Error, PskSession, cipher_suites, key_exchange};

/// What is in the hello and does not change with a second one.
pub(crate) struct Offer {
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) random: [u8; 32],
    /// 32 bytes where TLS 1.3 is offered, for middleboxes (RFC 8446, Appendix D.4); else empty.
    pub(crate) session_id: Vec<u8>,
    pub(crate) cipher_suites: Vec<CipherSuite>,
    pub(crate) groups: Vec<NamedGroup>,
    /// For TLS 1.3, in the order of the hello.
    pub(crate) psks: Vec<OfferedPsk>,
}

/// A key that is offered in TLS 1.3.
pub(crate) struct OfferedPsk {
    identity: Vec<u8>,
    obfuscated_ticket_age: u32,
    pub(crate) binding: Binding,
    pub(crate) origin: Origin,
    pub(crate) resumes: bool,
}

impl OfferedPsk {
    fn external(psk: &ClientPsk, server_name: Option<&String>) -> Self {
        let kind = if psk.key.is_imported() {
            PskKind::Imported
        } else {
            PskKind::External
        };
        Self {
            identity: psk.identity.as_bytes().to_vec(),
            // "For identities established externally, an obfuscated_ticket_age of 0 SHOULD be
            // used" (RFC 8446, Section 4.2.11).
            obfuscated_ticket_age: 0,
            binding: Binding {
                kind,
                early: EarlySecret::new(psk.key.hash(), psk.key.secret()),
            },
            origin: Origin {
                identity: psk.identity.clone(),
                generation: psk.key.generation(),
                imported: psk.key.is_imported(),
                server_name: server_name.cloned(),
            },
            resumes: false,
        }
    }

    fn session(session: &PskSession, now: Duration) -> Self {
        Self {
            identity: session.ticket.clone(),
            obfuscated_ticket_age: session.obfuscated_age(now),
            binding: Binding {
                kind: PskKind::Resumption,
                early: EarlySecret::new(session.hash, session.secret.as_bytes()),
            },
            origin: session.origin.clone(),
            resumes: true,
        }
    }

    fn on_the_wire(&self) -> WireIdentity<'_> {
        WireIdentity {
            identity: &self.identity,
            obfuscated_ticket_age: self.obfuscated_ticket_age,
        }
    }

    pub(crate) fn hash(&self) -> HashAlgorithm {
        self.binding.early.hash()
    }
}

impl Offer {
    /// Offers what `config` says; `now` is the Unix time.
    pub(crate) fn new(config: Arc<ClientConfig>, now: Duration) -> Result<Self, Error> {
        config.check()?;
        let random = key_exchange::random(&config.provider)?;
        let tls13 = config.offers(ProtocolVersion::Tls13);
        let session_id = if tls13 {
            key_exchange::random::<32>(&config.provider)?.to_vec()
        } else {
            Vec::new()
        };
        let psks = if tls13 {
            psks(&config, now)
        } else {
            Vec::new()
        };
        let mut offer = Self {
            cipher_suites: suites(&config, &psks),
            groups: groups(&config),
            random,
            session_id,
            psks,
            config,
        };
        if tls13 && !offer.is_dhe_possible() && !offer.config.allow_psk_ke {
            let what = "key exchange group";
            return Err(Error::NothingConfigured { what });
        }
        offer.keep_hashes_with_a_suite();
        // Nor is TLS 1.2 left over in silence, with a server's mark of a downgrade to trip on.
        if tls13 && offer.psks.is_empty() {
            let what = "TLS 1.3 cipher suite for the hash of a key";
            return Err(Error::NothingConfigured { what });
        }
        Ok(offer)
    }

    /// Leaves out keys that no suite goes with.
    fn keep_hashes_with_a_suite(&mut self) {
        let suites = &self.cipher_suites;
        self.psks.retain(|psk| {
            let mut tls13 = suites
                .iter()
                .filter(|it| it.works_in(ProtocolVersion::Tls13));
            tls13.any(|suite| suite.hash() == Some(psk.hash()))
        });
    }

    pub(crate) fn offers(&self, version: ProtocolVersion) -> bool {
        self.config.offers(version)
    }

    pub(crate) fn is_dhe_possible(&self) -> bool {
        !self.groups.is_empty()
    }

    /// Leaves out keys that do not go with the suite of a HelloRetryRequest: "the client SHOULD
    /// remove any PSKs which are incompatible" (RFC 8446, Section 4.1.4).
    pub(crate) fn keep_hash(&mut self, hash: HashAlgorithm) {
        self.psks.retain(|psk| psk.hash() == hash);
    }

    /// Writes the hello; `before` gives the messages in front of it.
    pub(crate) fn write(
        &self,
        shares: &[KeyShareEntry<'_>],
        cookie: Option<&[u8]>,
        before: impl Fn(HashAlgorithm) -> Transcript,
    ) -> Result<Vec<u8>, Error> {
        let mut hello = ClientHelloBuilder::new(self.random)
            .session_id(&self.session_id)
            .cipher_suites(&self.cipher_suites);
        if let Some(name) = &self.config.server_name {
            hello = hello.server_name(name);
        }
        if self.offers(ProtocolVersion::Tls12) {
            // RFC 7627; RFC 5746, Section 3.4; RFC 8422, Section 5.1.2: uncompressed points alone.
            hello = hello
                .extended_master_secret()
                .extension(ExtensionType::RENEGOTIATION_INFO, &[0])
                .extension(ExtensionType::EC_POINT_FORMATS, &[1, 0]);
        }
        if self.is_dhe_possible() {
            hello = hello.named_groups(&self.groups);
        }
        if !self.config.alpn.is_empty() {
            hello = hello.alpn(&self.config.alpn);
        }
        if self.psks.is_empty() {
            return Ok(hello.build()?);
        }
        // No certificate is wanted. But some servers miss the extension in every hello, and one that
        // does not know the key then says that instead (`T-PSK-02`).
        hello = hello
            .signature_schemes(&self.signature_schemes())
            .supported_versions(&self.versions())
            .psk_modes(&self.modes());
        if self.is_dhe_possible() {
            hello = hello.key_shares(shares);
        }
        if let Some(cookie) = cookie {
            hello = hello.cookie(cookie);
        }
        self.write_psks(hello, before)
    }

    fn write_psks(
        &self,
        hello: ClientHelloBuilder,
        before: impl Fn(HashAlgorithm) -> Transcript,
    ) -> Result<Vec<u8>, Error> {
        let identities: Vec<_> = self.psks.iter().map(OfferedPsk::on_the_wire).collect();
        let zeros: Vec<_> = self
            .psks
            .iter()
            .map(|psk| vec![0; psk.hash().output_len()])
            .collect();
        let binders_len = 2 + zeros.iter().map(|binder| 1 + binder.len()).sum::<usize>();
        let mut message = hello.pre_shared_keys(&identities, &zeros).build()?;
        let bindings = self.psks.iter().map(|psk| &psk.binding);
        binder::fill(&mut message, binders_len, bindings, |binding| {
            before(binding.early.hash())
        })?;
        Ok(message)
    }

    fn signature_schemes(&self) -> Vec<SignatureScheme> {
        let known = self.config.provider.signature_verification_algorithms;
        let schemes = known.mapping.iter();
        schemes
            .map(|(scheme, _)| SignatureScheme(u16::from(*scheme)))
            .collect()
    }

    fn versions(&self) -> Vec<ProtocolVersion> {
        let both = [ProtocolVersion::Tls13, ProtocolVersion::Tls12];
        both.into_iter().filter(|&it| self.offers(it)).collect()
    }

    /// `psk_ke` only where it was asked for.
    fn modes(&self) -> Vec<PskKeyExchangeMode> {
        let mut modes = Vec::new();
        if self.is_dhe_possible() {
            modes.push(PskKeyExchangeMode::PskDheKe);
        }
        if self.config.allow_psk_ke {
            modes.push(PskKeyExchangeMode::PskKe);
        }
        modes
    }
}

/// A session first, if it is one for this server and its key is still in use, then the keys.
fn psks(config: &ClientConfig, now: Duration) -> Vec<OfferedPsk> {
    let session = config.session.as_deref().filter(|session| {
        let origin = &session.origin;
        let same = |psk: &ClientPsk| {
            psk.identity == origin.identity && psk.key.generation() == origin.generation
        };
        origin.server_name == config.server_name
            && now < session.expires_at()
            && config.psks.iter().any(same)
    });
    let session = session.map(|session| OfferedPsk::session(session, now));
    let keys = config.psks.iter();
    let keys = keys.map(|psk| OfferedPsk::external(psk, config.server_name.as_ref()));
    session.into_iter().chain(keys).collect()
}

/// The suites of the versions that are offered; of TLS 1.3 only those that go with a key.
fn suites(config: &ClientConfig, psks: &[OfferedPsk]) -> Vec<CipherSuite> {
    let known = config
        .cipher_suites
        .iter()
        .filter_map(|&it| cipher_suites::find(it));
    known
        .filter(|it| config.offers(it.version) && (it.ecdhe || config.allow_psk_ke))
        .filter(|it| {
            it.version != ProtocolVersion::Tls13
                || psks.iter().any(|psk| it.suite.hash() == Some(psk.hash()))
        })
        .map(|it| it.suite)
        .collect()
}

fn groups(config: &ClientConfig) -> Vec<NamedGroup> {
    let tls12 = key_exchange::groups(&config.provider, ProtocolVersion::Tls12)
        .filter(|_| config.offers(ProtocolVersion::Tls12));
    let tls13 = key_exchange::groups(&config.provider, ProtocolVersion::Tls13)
        .filter(|_| config.offers(ProtocolVersion::Tls13));
    let mut groups: Vec<_> = tls13.map(key_exchange::number).collect();
    for group in tls12.map(key_exchange::number) {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}
