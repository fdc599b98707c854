//! Which application protocol: the context's list (in rustls), or the hook.

use tls_wire::{AlertDescription, ClientHello};

use super::Incoming;
use crate::error::{HandshakeErrorKind, Phase};
use crate::refused::Refused;

/// The hook's choice; `None` leaves it to the context's list. A client that offers nothing is not
/// asked about (`ALP-05`).
pub(crate) async fn choose(
    incoming: &Incoming<'_>,
    hello: &ClientHello,
) -> Result<Option<Vec<u8>>, Refused> {
    let Some(hook) = &incoming.shared.choose_protocol else {
        return Ok(None);
    };
    if hello.alpn_protocols().next().is_none() {
        return Ok(None);
    }
    let answer = hook
        .ask(hello.clone(), incoming.shared.limits.hook_timeout)
        .await;
    let chosen = answer.map_err(|kind| {
        Refused::with_alert(kind, Phase::Context, AlertDescription::InternalError)
    })?;
    // RFC 7301, Section 3.2: a server never selects what was not offered.
    match chosen {
        Some(protocol) if hello.alpn_protocols().any(|offered| offered == protocol) => {
            Ok(Some(protocol))
        }
        _ => Err(Refused::with_alert(
            HandshakeErrorKind::NoApplicationProtocol,
            Phase::Context,
            AlertDescription::NoApplicationProtocol,
        )),
    }
}
