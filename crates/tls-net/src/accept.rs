//! How a connection comes in: the accept pipeline, as a list of its steps.
//!
//! Each step is a file below `accept/`. A hook that is not set costs nothing: a server without
//! names, hooks or sessions goes from the hello straight to the handshake.

pub(crate) mod client_hello;
pub(crate) mod context;
pub(crate) mod handover;
pub(crate) mod handshake;
pub(crate) mod protocol;
pub(crate) mod session;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use rustls::pki_types::UnixTime;
use tls_wire::{AlertDescription, ClientHello};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::acceptor::Shared;
use crate::connection_info::ContextRule;
use crate::engine::Engine;
use crate::error::{HandshakeError, HandshakeErrorKind, Phase};
use crate::stream::TlsStream;
use crate::wire::Wire;

/// One connection on its way through the pipeline.
pub(crate) struct Incoming<'a> {
    pub(crate) shared: &'a Arc<Shared>,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) begun: Instant,
    pub(crate) now: UnixTime,
}

/// Why a step ended the connection, and what the peer is to hear.
pub(crate) struct Refused {
    pub(crate) kind: HandshakeErrorKind,
    pub(crate) phase: Phase,
    pub(crate) farewell: Farewell,
}

/// The last thing a peer hears.
pub(crate) enum Farewell {
    /// Nothing: it is gone, or would not understand.
    Nothing,
    /// A plaintext alert: nothing is encrypted yet.
    Alert(AlertDescription),
    /// Bytes that an engine made, with the alert in them.
    Flight(Vec<u8>, Option<AlertDescription>),
}

impl Refused {
    pub(crate) fn silently(kind: HandshakeErrorKind, phase: Phase) -> Self {
        Self { kind, phase, farewell: Farewell::Nothing }
    }

    pub(crate) fn with_alert(
        kind: HandshakeErrorKind,
        phase: Phase,
        alert: AlertDescription,
    ) -> Self {
        Self { kind, phase, farewell: Farewell::Alert(alert) }
    }
}

/// A place among the handshakes at work. A server keeps it until the stream is taken.
pub(crate) type AtWork = Option<tokio::sync::OwnedSemaphorePermit>;

/// Runs the pipeline over `io`.
pub(crate) async fn accept<IO>(
    shared: &Arc<Shared>,
    io: IO,
    prefix: &[u8],
    peer: Option<SocketAddr>,
    begun: Instant,
) -> Result<(TlsStream<IO>, AtWork), HandshakeError>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let now = shared
        .clock
        .as_ref()
        .and_then(|clock| clock.current_time())
        .unwrap_or_else(UnixTime::now);
    let incoming = Incoming { shared, peer, begun, now };
    let mut wire = Wire::new(io, prefix, begun.into(), shared.limits.hello_timeout);
    let mut hello = None;
    match run(&incoming, &mut wire, &mut hello).await {
        Ok((finished, at_work)) => {
            Ok((handover::stream(&incoming, wire, hello, finished), at_work))
        }
        Err(refused) => Err(refuse(wire, hello, refused).await),
    }
}

/// The steps, in order.
async fn run<IO>(
    incoming: &Incoming<'_>,
    wire: &mut Wire<IO>,
    seen: &mut Option<ClientHello>,
) -> Result<(handshake::Finished, AtWork), Refused>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let hello = client_hello::read(incoming, wire).await?;
    let hello = &*seen.insert(hello);
    wire.set_deadline(incoming.begun.into(), incoming.shared.limits.handshake_timeout);
    let at_work = incoming.shared.admission.work().await;
    let chosen = context::choose(incoming, hello).await?;
    let protocol = protocol::choose(incoming, hello).await?;
    match Engine::choose(hello) {
        Engine::Rustls => {
            let session = session::open(incoming, &chosen.context, hello).await;
            let finished =
                handshake::drive(incoming, wire, hello, chosen, protocol, session).await?;
            Ok((finished, at_work))
        }
    }
}

/// Tells the peer, then makes the report.
async fn refuse<IO>(wire: Wire<IO>, hello: Option<ClientHello>, refused: Refused) -> HandshakeError
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let alert = match refused.farewell {
        Farewell::Nothing => None,
        Farewell::Alert(alert) => {
            wire.farewell(&alert_record(alert)).await;
            Some(alert)
        }
        Farewell::Flight(flight, alert) => {
            wire.farewell(&flight).await;
            alert
        }
    };
    let error = HandshakeError::new(refused.kind, refused.phase).with_alert(alert);
    match &hello {
        Some(hello) => error.with_hello(hello),
        None => error,
    }
}

/// A fatal alert in a plaintext record (RFC 8446, Section 6).
pub(crate) fn alert_record(alert: AlertDescription) -> [u8; 7] {
    [21, 3, 3, 0, 2, 2, alert.into()]
}

/// Reports a failed handshake to whoever listens.
pub(crate) fn report(shared: &Shared, error: &HandshakeError) {
    tracing::debug!(
        code = error.code(),
        phase = error.phase().as_str(),
        fault = error.fault().as_str(),
        peer = ?error.peer_addr(),
        "handshake failed: {error}"
    );
    crate::metrics::failed(error);
    if let Some(on_failure) = &shared.on_failure {
        on_failure(error);
    }
}

/// A context, and the rule that chose it.
pub(crate) struct Chosen {
    pub(crate) context: tls_context::SecureContext,
    pub(crate) rule: ContextRule,
    pub(crate) generation: u64,
}
