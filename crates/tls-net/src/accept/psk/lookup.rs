//! Asks the look-up for the keys of identities.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use tls_psk::{PskIdentity, PskKey, PskQuery, Question};
use tls_wire::{AlertDescription, ClientHello, ProtocolVersion};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::accept::Incoming;
use crate::error::{HandshakeErrorKind, Phase};
use crate::psk_server::PskServer;
use crate::refused::Refused;
use crate::wire::Wire;

/// The hook's name in errors.
const LOOKUP: &str = "psk_lookup";

/// Asks for the keys of identities.
pub(super) struct Query<'a> {
    pub(super) incoming: &'a Incoming<'a>,
    pub(super) hello: &'a ClientHello,
    pub(super) version: ProtocolVersion,
    pub(super) psk: &'a PskServer,
}

impl Query<'_> {
    /// The keys of one identity. An error, a delay or a panic of the look-up ends this connection.
    pub(super) async fn ask<IO>(
        &self,
        wire: &mut Wire<IO>,
        identity: PskIdentity,
    ) -> Result<Vec<PskKey>, Refused>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let mut query = PskQuery::new(identity, self.version);
        query.server_name = self.hello.server_name().map(Arc::from);
        query.peer = self.incoming.peer;
        if let Some(keys) = self.psk.lookup.find_now(&query) {
            return Ok(keys);
        }
        let limit = self.incoming.shared.limits.hook_timeout;
        let answer = AssertUnwindSafe(self.psk.lookup.find(query)).catch_unwind();
        let answer = wire.within(tokio::time::timeout(limit, answer)).await;
        let kind = match answer {
            Ok(Ok(Ok(Ok(keys)))) => return Ok(keys),
            Ok(Ok(Ok(Err(error)))) => HandshakeErrorKind::HookFailed(LOOKUP, error),
            Ok(Ok(Err(_))) => HandshakeErrorKind::HookPanicked(LOOKUP),
            Ok(Err(_)) => HandshakeErrorKind::HookTimeout(LOOKUP, limit),
            Err(kind) => return Err(Refused::silently(kind, Phase::Handshake)),
        };
        let alert = AlertDescription::InternalError;
        Err(Refused::with_alert(kind, Phase::Context, alert))
    }
}

/// TLS 1.2: the keys of the identity that the client has named, none for one that no key has.
pub(super) async fn keys_for<IO>(
    incoming: &Incoming<'_>,
    wire: &mut Wire<IO>,
    hello: &ClientHello,
    question: &Question,
) -> Result<Vec<PskKey>, Refused>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let (Question::Identity(identity), Some(psk)) = (question, &incoming.shared.psk) else {
        return Ok(Vec::new());
    };
    let Ok(identity) = PskIdentity::from_wire(identity) else {
        return Ok(Vec::new());
    };
    let query = Query {
        incoming,
        hello,
        version: ProtocolVersion::Tls12,
        psk,
    };
    query.ask(wire, identity).await
}
