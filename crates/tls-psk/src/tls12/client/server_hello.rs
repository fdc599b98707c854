//! What a client makes of a ServerHello.

use tls_wire::extension::alpn::ProtocolNames;
use tls_wire::{CipherSuite, ClientHelloView, ExtensionType, ProtocolVersion, ServerHelloView};

use crate::cipher_suites::{self, PskSuite};
use crate::tls12::hello_extensions::{check_point_formats, check_renegotiation_info};
use crate::{ClientConfig, Error};

/// What the server has chosen.
pub(super) struct Accepted {
    pub(super) suite: PskSuite,
    pub(super) alpn: Option<Vec<u8>>,
}

/// Checks a ServerHello of this version against what was `offered`; gives the server's random with
/// it. A downgrade has been looked for before.
pub(super) fn accept(
    config: &ClientConfig,
    offered: ClientHelloView<'_>,
    message: &[u8],
) -> Result<(Accepted, [u8; 32]), Error> {
    let hello = ServerHelloView::parse(message)?;
    // A session of TLS 1.2 was never offered: the id is there for middleboxes (RFC 8446,
    // Section 4.1.2), and a server that echoes it claims to resume what does not exist.
    if !hello.session_id().is_empty() && hello.session_id() == offered.session_id() {
        let what = "a session is resumed that was not offered";
        return Err(Error::IllegalParameter { what });
    }
    check_extensions(offered, &hello)?;
    Ok((
        Accepted {
            suite: suite(config, offered, hello.cipher_suite())?,
            alpn: protocol(offered, &hello)?,
        },
        *hello.random(),
    ))
}

/// One of those that were offered (RFC 5246, Section 7.4.1.3).
fn suite(
    config: &ClientConfig,
    offered: ClientHelloView<'_>,
    chosen: CipherSuite,
) -> Result<PskSuite, Error> {
    let mut ours = cipher_suites::of_version(
        &config.cipher_suites,
        ProtocolVersion::Tls12,
        config.allow_psk_ke,
    );
    ours.find(|it| it.suite == chosen && offered.cipher_suites().any(|suite| suite == chosen))
        .ok_or(Error::IllegalParameter {
            what: "a cipher suite that was not offered",
        })
}

/// "An extension type MUST NOT appear in the ServerHello unless the same extension type appeared in
/// the corresponding ClientHello" (RFC 5246, Section 7.4.1.4).
fn check_extensions(
    offered: ClientHelloView<'_>,
    hello: &ServerHelloView<'_>,
) -> Result<(), Error> {
    let signalled = |extension| {
        extension == ExtensionType::RENEGOTIATION_INFO
            && offered
                .cipher_suites()
                .any(|suite| suite == CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV)
    };
    for extension in hello.extensions() {
        let number = extension.extension_type;
        // What only a later version answers with has no place here, either (RFC 8446, Section 4.2).
        let later = matches!(
            number,
            ExtensionType::SUPPORTED_VERSIONS
                | ExtensionType::KEY_SHARE
                | ExtensionType::PRE_SHARED_KEY
                | ExtensionType::PSK_KEY_EXCHANGE_MODES
                | ExtensionType::EARLY_DATA
                | ExtensionType::COOKIE
        );
        if later || (offered.extension(number).is_none() && !signalled(number)) {
            let extension = number.into();
            return Err(Error::UnsolicitedExtension { extension });
        }
    }
    // RFC 7627, Section 5.2.
    match hello.extension(ExtensionType::EXTENDED_MASTER_SECRET) {
        Some(body) => tls_wire::extension::extended_master_secret::parse(body)?,
        None => return Err(Error::NoExtendedMasterSecret),
    }
    check_point_formats(hello.extension(ExtensionType::EC_POINT_FORMATS))?;
    check_renegotiation_info(hello.extension(ExtensionType::RENEGOTIATION_INFO))
}

/// One of those that were offered, and only one (RFC 7301, Section 3.1).
fn protocol(
    offered: ClientHelloView<'_>,
    hello: &ServerHelloView<'_>,
) -> Result<Option<Vec<u8>>, Error> {
    let Some(body) = hello.extension(ExtensionType::ALPN) else {
        return Ok(None);
    };
    let mut names = ProtocolNames::parse(body)?;
    match (names.next(), names.next()) {
        (Some(chosen), None) if offered.alpn_protocols().any(|name| name == chosen) => {
            Ok(Some(chosen.to_vec()))
        }
        _ => Err(Error::IllegalParameter {
            what: "an application protocol that was not offered, or more than one",
        }),
    }
}
