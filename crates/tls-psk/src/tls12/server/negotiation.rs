//! What a server makes of a hello: suite, curve, protocol.

use rustls::crypto::SupportedKxGroup;
use tls_wire::writer::Writer;
use tls_wire::{CipherSuite, ClientHelloView, ExtensionType, NamedGroup, ProtocolVersion};

use crate::cipher_suites::{self, PskSuite};
use crate::tls12::hello_extensions::{UNCOMPRESSED, check_point_formats, check_renegotiation_info};
use crate::tls12::messages::curves;
use crate::{Error, ServerConfig, alpn, key_exchange};

/// What is agreed on with the hellos.
pub(super) struct Negotiated {
    pub(super) suite: PskSuite,
    /// With ECDHE.
    pub(super) curve: Option<&'static dyn SupportedKxGroup>,
    pub(super) alpn: Option<Vec<u8>>,
    answers_renegotiation_info: bool,
    answers_point_formats: bool,
    answers_server_name: bool,
}

pub(super) fn negotiate(
    config: &ServerConfig,
    hello: ClientHelloView<'_>,
) -> Result<Negotiated, Error> {
    let offers_suite = |wanted| hello.cipher_suites().any(|suite| suite == wanted);
    // RFC 7507, Section 3: the client could do better and was made to try this version.
    if offers_suite(CipherSuite::TLS_FALLBACK_SCSV) && config.takes(ProtocolVersion::Tls13) {
        return Err(Error::InappropriateFallback);
    }
    if !hello.extended_master_secret() {
        return Err(Error::NoExtendedMasterSecret);
    }
    let point_formats = hello.extension(ExtensionType::EC_POINT_FORMATS);
    check_point_formats(point_formats)?;
    let renegotiation_info = hello.extension(ExtensionType::RENEGOTIATION_INFO);
    check_renegotiation_info(renegotiation_info)?;
    let (suite, curve) = suite(config, hello)?;
    Ok(Negotiated {
        suite,
        alpn: alpn::choose(config, hello)?,
        // RFC 5746, Section 3.6.
        answers_renegotiation_info: renegotiation_info.is_some()
            || offers_suite(CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV),
        // RFC 8422, Section 5.2.
        answers_point_formats: curve.is_some() && point_formats.is_some(),
        // RFC 6066, Section 3: "the server SHALL include an extension of type server_name" if it
        // makes use of the name, as the application may.
        answers_server_name: hello.extension(ExtensionType::SERVER_NAME).is_some(),
        curve,
    })
}

/// The first suite of ours that the client has, or of the client's that we have, and with ECDHE a
/// curve in common.
fn suite(
    config: &ServerConfig,
    hello: ClientHelloView<'_>,
) -> Result<(PskSuite, Option<&'static dyn SupportedKxGroup>), Error> {
    let ours = cipher_suites::of_version(
        &config.cipher_suites,
        ProtocolVersion::Tls12,
        config.allow_psk_ke,
    );
    let rank = |it: &PskSuite| hello.cipher_suites().position(|suite| suite == it.suite);
    let mut shared: Vec<_> = ours
        .filter_map(|it| rank(&it).map(|place| (place, it)))
        .collect();
    if config.client_order {
        shared.sort_by_key(|(place, _)| *place);
    }
    let Some((_, first)) = shared.first() else {
        return Err(Error::NoSharedCipher);
    };
    if !first.ecdhe {
        return Ok((*first, None));
    }
    match curve(config, hello) {
        Some(curve) => Ok((*first, Some(curve))),
        // "a server MUST NOT negotiate the use of an ECC cipher suite ... unless" there is one
        // (RFC 8422, Section 5.1).
        None => match shared.iter().find(|(_, it)| !it.ecdhe) {
            Some((_, plain)) => Ok((*plain, None)),
            None => Err(Error::NoSharedGroup),
        },
    }
}

fn curve(
    config: &ServerConfig,
    hello: ClientHelloView<'_>,
) -> Option<&'static dyn SupportedKxGroup> {
    // Without the extension "the server is free to choose any one of the elliptic curves"
    // (RFC 8422, Section 4): the one that every such client has.
    let any = hello.extension(ExtensionType::SUPPORTED_GROUPS).is_none();
    let takes = |group: NamedGroup| match any {
        true => group == NamedGroup::SECP256R1,
        false => hello.named_groups().any(|theirs| theirs == group),
    };
    curves(&config.provider).find(|curve| takes(key_exchange::number(*curve)))
}

impl Negotiated {
    /// The extensions of the ServerHello: answers to those of the client, and nothing else.
    pub(super) fn extensions(&self) -> Result<Vec<(ExtensionType, Vec<u8>)>, Error> {
        let mut extensions = vec![(ExtensionType::EXTENDED_MASTER_SECRET, Vec::new())];
        if self.answers_renegotiation_info {
            extensions.push((ExtensionType::RENEGOTIATION_INFO, vec![0]));
        }
        if self.answers_server_name {
            extensions.push((ExtensionType::SERVER_NAME, Vec::new()));
        }
        if self.answers_point_formats {
            extensions.push((ExtensionType::EC_POINT_FORMATS, vec![1, UNCOMPRESSED]));
        }
        if let Some(protocol) = &self.alpn {
            let mut body = Writer::new();
            tls_wire::extension::alpn::write(&mut body, &[protocol]);
            extensions.push((ExtensionType::ALPN, body.finish("alpn")?));
        }
        Ok(extensions)
    }
}
