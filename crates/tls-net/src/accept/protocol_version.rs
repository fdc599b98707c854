//! Whether context and client have a protocol version in common.
//!
//! rustls would say so too, but only after it has missed the extensions that older hellos lack, and
//! then with another alert.

use tls_context::SecureContext;
use tls_wire::{AlertDescription, ClientHello, ProtocolVersion};

use crate::error::{HandshakeErrorKind, Phase};
use crate::refused::Refused;

pub(super) fn check(context: &SecureContext, hello: &ClientHello) -> Result<(), Refused> {
    if !context.is_server() {
        // The engine says what is wrong with it.
        return Ok(());
    }
    let mut versions = context
        .versions()
        .iter()
        .map(|version| u16::from(version.version));
    if versions.any(|version| hello.offers(ProtocolVersion::from(version))) {
        return Ok(());
    }
    // RFC 8446, Section 4.2.1; RFC 5246, Appendix E.1.
    Err(Refused::with_alert(
        HandshakeErrorKind::NoSharedVersion,
        Phase::Handshake,
        AlertDescription::ProtocolVersion,
    ))
}
