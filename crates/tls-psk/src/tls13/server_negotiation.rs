//! What a server makes of an offer: suite, mode, group, protocol.

use rustls::crypto::SupportedKxGroup;
use tls_wire::extension::psk_key_exchange_modes::PskKeyExchangeMode;
use tls_wire::{
    ClientHello, ClientHelloView, Extension, ExtensionType, HashAlgorithm, NamedGroup,
    ProtocolVersion,
};

use crate::cipher_suites::{self, PskSuite};
use crate::{Error, ServerConfig, key_exchange};

/// How the two ends come to a common secret beside the key.
#[derive(Clone, Copy)]
pub(crate) enum KeyExchange {
    /// With this group, of which the client has sent a share.
    Share(&'static dyn SupportedKxGroup),
    /// With this group, of which a share has to be asked for.
    Retry(&'static dyn SupportedKxGroup),
    /// Not at all: `psk_ke`.
    KeyAlone,
}

/// The first suite of ours that the client has, of the hash of the key.
pub(crate) fn suite(
    config: &ServerConfig,
    hello: &ClientHello,
    hash: HashAlgorithm,
) -> Result<PskSuite, Error> {
    let ours = cipher_suites::of_version(
        &config.cipher_suites,
        ProtocolVersion::Tls13,
        config.allow_psk_ke,
    )
    .filter(|it| it.suite.hash() == Some(hash));
    let theirs = hello.cipher_suites();
    let rank = |it: &PskSuite| theirs.clone().position(|suite| suite == it.suite);
    let shared = ours.filter_map(|it| rank(&it).map(|place| (place, it)));
    let chosen = if config.client_order {
        shared.min_by_key(|(place, _)| *place)
    } else {
        let mut shared = shared;
        shared.next()
    };
    chosen.map(|(_, it)| it).ok_or(Error::NoSharedCipher)
}

/// What every hello of TLS 1.3 with pre-shared keys must have (RFC 8446, Sections 4.1.2, 4.2.8,
/// 4.2.9 and 9.2).
pub(crate) fn check(hello: ClientHelloView<'_>) -> Result<(), Error> {
    // "If clients offer 'pre_shared_key' without a 'psk_key_exchange_modes' extension, servers MUST
    // abort the handshake."
    let has = |extension| hello.extension(extension).is_some();
    if !has(ExtensionType::PSK_KEY_EXCHANGE_MODES) {
        return Err(Error::MissingExtension("psk_key_exchange_modes"));
    }
    if hello.compression_methods() != [0] {
        let what = "a hello of TLS 1.3 that offers compression";
        return Err(Error::IllegalParameter { what });
    }
    // "If containing a 'supported_groups' extension, it MUST also contain a 'key_share' extension,
    // and vice versa."
    match (
        has(ExtensionType::SUPPORTED_GROUPS),
        has(ExtensionType::KEY_SHARE),
    ) {
        (true, false) => return Err(Error::MissingExtension("key_share")),
        (false, true) => return Err(Error::MissingExtension("supported_groups")),
        _ => {}
    }
    check_shares(hello)
}

/// "Clients MUST NOT offer multiple KeyShareEntry values for the same group. Clients MUST NOT offer
/// any KeyShareEntry values for groups not listed" (RFC 8446, Section 4.2.8).
///
/// Sorted first: a hello has room for thousands of each, from somebody who has proved nothing.
fn check_shares(hello: ClientHelloView<'_>) -> Result<(), Error> {
    let sorted = |groups: &mut dyn Iterator<Item = NamedGroup>| {
        let mut numbers: Vec<u16> = groups.map(|group| group.0).collect();
        numbers.sort_unstable();
        numbers
    };
    let shares = sorted(&mut hello.key_share_groups());
    if shares.windows(2).any(|pair| pair[0] == pair[1]) {
        let what = "two key shares for one group";
        return Err(Error::IllegalParameter { what });
    }
    let listed = sorted(&mut hello.named_groups());
    if !shares
        .iter()
        .all(|share| listed.binary_search(share).is_ok())
    {
        let what = "a key share for a group that is not in supported_groups";
        return Err(Error::IllegalParameter { what });
    }
    Ok(())
}

/// The mode, and in it the group: with a key exchange wherever that is possible at all.
pub(crate) fn key_exchange(
    config: &ServerConfig,
    hello: ClientHelloView<'_>,
) -> Result<KeyExchange, Error> {
    let offers = |mode| hello.psk_modes().any(|offered| offered == mode);
    let dhe = offers(PskKeyExchangeMode::PskDheKe);
    if dhe {
        let groups = || key_exchange::groups(&config.provider, ProtocolVersion::Tls13);
        let has_share = |group: NamedGroup| hello.key_share_groups().any(|it| it == group);
        let lists = |group: NamedGroup| hello.named_groups().any(|it| it == group);
        if let Some(group) = groups().find(|it| has_share(key_exchange::number(*it))) {
            return Ok(KeyExchange::Share(group));
        }
        if let Some(group) = groups().find(|it| lists(key_exchange::number(*it))) {
            return Ok(KeyExchange::Retry(group));
        }
    }
    if config.allow_psk_ke && offers(PskKeyExchangeMode::PskKe) {
        return Ok(KeyExchange::KeyAlone);
    }
    Err(if dhe {
        Error::NoSharedGroup
    } else {
        Error::NoSharedMode
    })
}

/// RFC 8446, Section 4.1.2: the second hello is the first one but for the shares, early data, a
/// cookie (none of ours), padding, and the pre-shared keys.
pub(crate) fn check_second(
    first: ClientHelloView<'_>,
    second: ClientHelloView<'_>,
) -> Result<(), Error> {
    let same = first.legacy_version() == second.legacy_version()
        && first.random() == second.random()
        && first.session_id() == second.session_id()
        && first.cipher_suites().eq(second.cipher_suites())
        && first.compression_methods() == second.compression_methods()
        && fixed(first).eq(fixed(second));
    if !same {
        let what = "a second hello that differs from the first";
        return Err(Error::IllegalParameter { what });
    }
    if second.early_data() {
        let what = "early data in a second hello";
        return Err(Error::IllegalParameter { what });
    }
    Ok(())
}

/// The extensions that a second hello has to repeat.
fn fixed<'a>(hello: ClientHelloView<'a>) -> impl Iterator<Item = Extension<'a>> {
    hello.extensions().filter(|it| {
        !matches!(
            it.extension_type,
            ExtensionType::KEY_SHARE
                | ExtensionType::PRE_SHARED_KEY
                | ExtensionType::EARLY_DATA
                | ExtensionType::COOKIE
                | ExtensionType::PADDING
        )
    })
}
