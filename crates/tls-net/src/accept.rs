//! How a connection comes in: the accept pipeline, as a list of its steps.
//!
//! Each step is a file below `accept/`. A hook that is not set costs nothing: a server without
//! names, hooks or sessions goes from the hello straight to the handshake.

pub(crate) mod client_hello;
pub(crate) mod context;
pub(crate) mod early_data;
pub(crate) mod handover;
pub(crate) mod handshake;
pub(crate) mod protocol;
mod protocol_version;
pub(crate) mod psk;
pub(crate) mod session;
pub(crate) mod staple;

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::UnixTime;
use tls_wire::ClientHello;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use crate::acceptor::Shared;
use crate::connection_info::ContextRule;
use crate::engine::Engine;
use crate::error::{HandshakeError, Phase};
use crate::refused::Refused;
use crate::store_guard::StoreTime;
use crate::stream::TlsStream;
use crate::wire::Wire;

/// One connection on its way through the pipeline.
pub(crate) struct Incoming<'a> {
    pub(crate) shared: &'a Arc<Shared>,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) begun: Instant,
    pub(crate) now: UnixTime,
    pub(crate) store_time: StoreTime,
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
    let now = shared.now();
    let incoming = Incoming {
        shared,
        peer,
        begun,
        now,
        store_time: StoreTime::default(),
    };
    let mut wire = Wire::new(io, prefix, begun, shared.limits.hello_timeout);
    let mut hello = None;
    match run(&incoming, &mut wire, &mut hello).await {
        Ok((finished, at_work)) => {
            Ok((handover::stream(&incoming, wire, hello, finished), at_work))
        }
        Err(refused) => {
            let error = refused.tell(wire).await;
            Err(match &hello {
                Some(hello) => error.with_hello(hello),
                None => error,
            })
        }
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
    wire.set_deadline(incoming.begun, incoming.shared.limits.handshake_timeout);
    let at_work = wire
        .within(incoming.shared.admission.work())
        .await
        .map_err(|kind| Refused::silently(kind, Phase::Hello))?;
    let chosen = context::choose(incoming, hello).await?;
    protocol_version::check(&chosen.context, hello)?;
    let protocol = protocol::choose(incoming, hello).await?;
    match psk::choose(incoming, wire, hello, &chosen.context, protocol.as_deref()).await? {
        Engine::Psk(start) => {
            let finished = psk::drive(incoming, wire, hello, chosen, *start).await?;
            Ok((finished, at_work))
        }
        Engine::Rustls => {
            let session = session::open(incoming, &chosen.context, hello).await;
            let stapled = staple::choose(incoming, &chosen.context, hello).await?;
            let finished =
                handshake::drive(incoming, wire, hello, chosen, protocol, session, stapled).await?;
            Ok((finished, at_work))
        }
    }
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
