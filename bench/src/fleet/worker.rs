//! A worker: one of several processes that listen on one port.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tls_context::SecureContext;
use tls_net::{AcceptorBuilder, Resumption, TlsAcceptor};
use tls_session_store::{RedisStore, SharedSecret, TicketKeys};
use tokio::net::TcpListener;

use super::Sharing;
use crate::Result;
use crate::identity::{Identity, PROTOCOL};
use crate::options::Options;
use crate::row::Row;
use crate::server::Work;

/// What the workers share. Nothing here is worth a secret.
const SECRET: [u8; 32] = [7; 32];
const TICKET_KEY: [u8; 48] = [9; 48];

/// A turn of the keys that turn.
const TURN: Duration = Duration::from_millis(500);

/// A turn of the keys that are published: an eighth of the lifetime is the least.
const PUBLISHED_TURN: Duration = Duration::from_secs(2);
const PUBLISHED_LIFETIME: Duration = Duration::from_secs(16);

/// Connections by outcome: `resumed`, or the code of the reason.
type Outcomes = Arc<Mutex<BTreeMap<&'static str, u64>>>;

/// Serves on `port`, or on a free one for 0, together with all others that do. When standard input
/// ends, so does this, and prints how many connections came to what.
pub(crate) fn run(sharing: Sharing, port: u16, options: &Options) -> Result<()> {
    let outcomes = Outcomes::default();
    let at_end = outcomes.clone();
    std::thread::Builder::new().spawn(move || {
        // An error is an end too.
        let _ = std::io::stdin().read(&mut [0]);
        for (outcome, count) in at_end.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            println!("{outcome} {count}");
        }
        std::process::exit(0);
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = listener(port)?;
        let acceptor = acceptor(sharing, options).await?.build()?;
        println!("port {}", listener.local_addr()?.port());
        let work = Work {
            row: Row::Echo,
            writes: None,
        };
        let server = acceptor.listen(listener);
        let handler = move |stream: tls_net::TlsStream<tokio::net::TcpStream>| {
            let outcome = match stream.info().resumption() {
                Resumption::Full(reason) => reason.code(),
                _ => "resumed",
            };
            let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
            *outcomes.entry(outcome).or_default() += 1;
            work.serve(stream)
        };
        server.serve(handler).await?;
        Ok(())
    })
}

/// The kernel gives each connection to one of those that listen.
fn listener(port: u16) -> Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
    socket.listen(1024)?;
    Ok(TcpListener::from_std(socket.into())?)
}

async fn acceptor(sharing: Sharing, options: &Options) -> Result<AcceptorBuilder> {
    let Identity { certificate, key } = Identity::generate()?;
    let identity = tls_certs::Identity::from_der(vec![certificate], key)?;
    let mut context = SecureContext::server(identity).alpn([PROTOCOL]);
    if sharing == Sharing::Published {
        context = context.session_timeout(PUBLISHED_LIFETIME);
    }
    let builder = TlsAcceptor::builder(context.build()?)
        .on_failure(|error| eprintln!("worker: {}: {error}", error.code()))
        .on_store_state(|state| eprintln!("worker: {}: {state}", state.as_str()));
    let secret = SharedSecret::from_bytes(&SECRET)?;
    Ok(match sharing {
        Sharing::Tickets => builder.ticket_keys(TicketKeys::from_bytes(TICKET_KEY)),
        Sharing::Turning => {
            builder.ticket_keys(TicketKeys::by_clock(secret, TURN)?.allow_tls12_tickets())
        }
        Sharing::Published => {
            let keys = TicketKeys::published(redis(options)?, secret)?
                .with_lifetime(PUBLISHED_LIFETIME)
                .rotate_every(PUBLISHED_TURN)
                .spawn()?;
            // The first ticket is to be the fleet's, too.
            keys.sync().await?;
            builder.ticket_keys(keys)
        }
        Sharing::Redis => {
            let store = redis(options)?;
            store.connect();
            builder.sessions(store, secret)
        }
    })
}

fn redis(options: &Options) -> Result<RedisStore> {
    let url = options.redis.as_deref().ok_or("--redis is missing")?;
    Ok(RedisStore::open(url)?)
}
