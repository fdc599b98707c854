//! This workspace: as it comes, corked, and with everything switched on.

use std::time::Duration;

use rustls::pki_types::PrivateKeyDer;
use tls_certs::Identity as ServerIdentity;
use tls_context::SecureContext;
use tls_net::{ClientHello, PskKeys, TlsAcceptor};
use tls_session_store::{MemoryStore, RedisStore, SessionStore as _, SharedSecret};
use tokio::net::TcpListener;

use super::stapled;
use super::work::Work;
use crate::Result;
use crate::identity::{Identity, PROTOCOL, SERVER_NAME};
use crate::options::Options;
use crate::psk;

/// How the server is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// One context, nothing asked.
    Default,
    /// The same; records wait until a batch is full.
    Corked,
    /// Contexts by name, both hooks, sessions in the memory store, a report of failures.
    Full,
    /// Sessions in Redis.
    Redis,
    /// A stapler with a staple.
    Stapled,
}

/// How long a handshake that is measured may wait for Redis: what is late would be a full one, and
/// end the measurement.
const AMPLE: Duration = Duration::from_secs(1);

pub(super) async fn acceptor(
    work: Work,
    setting: Setting,
    options: &Options,
) -> Result<TlsAcceptor> {
    let is_stored = work.row.handshake().is_stored();
    let builder = TlsAcceptor::builder(context(work)?);
    Ok(match setting {
        Setting::Full => full(work)?,
        Setting::Stapled => stapled::acceptor()?,
        Setting::Redis => {
            let url = options.redis.as_deref().ok_or("--redis is missing")?;
            let store = RedisStore::open(url)?;
            store.get(b"connected").await?;
            let builder = builder.sessions(store, SharedSecret::generate()?);
            match is_stored {
                true => builder.store_timeout(AMPLE).build()?,
                false => builder.build()?,
            }
        }
        _ if work.row.handshake().is_psk() => keys_only()?,
        _ if is_stored => builder
            .sessions(MemoryStore::new(), SharedSecret::generate()?)
            .build()?,
        _ => builder.build()?,
    })
}

pub(super) async fn serve(
    listener: TcpListener,
    work: Work,
    setting: Setting,
    acceptor: TlsAcceptor,
) -> Result<()> {
    let server = acceptor.listen(listener);
    match setting {
        Setting::Corked => {
            let corked = move |mut stream: tls_net::TlsStream<_>| {
                stream.cork();
                work.serve(stream)
            };
            server.serve(corked).await?
        }
        _ => server.serve(move |stream| work.serve(stream)).await?,
    };
    Ok(())
}

/// No certificate: one key, from a table.
fn keys_only() -> Result<TlsAcceptor> {
    let context = SecureContext::without_certificate()
        .alpn([PROTOCOL])
        .groups("X25519")
        .resumption(false)
        .tickets(0)
        .build()?;
    let keys = PskKeys::from_keys([psk::key()?])?;
    Ok(TlsAcceptor::builder(context).psk(keys).build()?)
}

fn context(work: Work) -> Result<SecureContext> {
    let Identity { certificate, key } = Identity::generate()?;
    let identity = server_identity(certificate, key)?;
    let has_sessions = work.row.handshake().has_sessions();
    let builder = SecureContext::server(identity).alpn([PROTOCOL]);
    Ok(builder
        .resumption(has_sessions)
        .tickets(u8::from(has_sessions))
        .build()?)
}

pub(super) fn server_identity(
    certificate: rustls::pki_types::CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerIdentity> {
    Ok(ServerIdentity::from_der(vec![certificate], key)?)
}

/// The client's name is none of the contexts', so the hook is asked about each connection.
fn full(work: Work) -> Result<TlsAcceptor> {
    let mut builder = TlsAcceptor::builder(context(work)?);
    for pattern in [
        "shop.example",
        "*.shop.example",
        "api-*.example",
        "mail.example",
    ] {
        builder = builder.context(pattern, context(work)?);
    }
    let chosen = context(work)?;
    let acceptor = builder
        .choose_context(move |hello: ClientHello| {
            let chosen = (hello.server_name() == Some(SERVER_NAME)).then(|| chosen.clone());
            async move { Ok::<_, std::io::Error>(chosen) }
        })
        .choose_protocol(|hello: ClientHello| async move {
            let offered = hello.alpn_protocols().any(|protocol| protocol == PROTOCOL);
            Ok::<_, std::io::Error>(offered.then(|| PROTOCOL.to_vec()))
        })
        .sessions(MemoryStore::new(), SharedSecret::generate()?)
        .on_failure(|error| eprintln!("{}: {error}", error.code()))
        .build()?;
    Ok(acceptor)
}
