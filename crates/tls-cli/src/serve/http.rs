//! HTTP over the accepted streams: h2 or HTTP/1.1, whichever the client speaks.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tls::net::{Drained, Server};
use tokio::sync::watch;

use super::early::Counted;
use super::event::Reporter;
use super::site::Visit;
use super::sockets::Sockets;
use crate::named_contexts::NamedContexts;

/// From the first byte of a request to the end of its headers.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(30);
/// A peer that does not answer a ping of h2 in this time is gone.
const PING_TIMEOUT: Duration = Duration::from_secs(20);

pub(super) async fn serve(
    server: Server<Sockets>,
    reporter: Arc<Reporter>,
    contexts: Arc<NamedContexts>,
    stopping: watch::Receiver<bool>,
) -> io::Result<Drained> {
    let protocol = Arc::new(protocol());
    server
        .serve(move |stream| {
            let info = stream.info();
            reporter.handshake(&info);
            let (stream, arrival) = Counted::new(stream);
            let visit = Arc::new(Visit {
                contexts: Arc::clone(&contexts),
                info,
                arrival,
            });
            connection(Arc::clone(&protocol), stream, visit, stopping.clone())
        })
        .await
}

fn protocol() -> Builder<TokioExecutor> {
    let mut protocol = Builder::new(TokioExecutor::new());
    protocol
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_TIMEOUT)
        // A client that has asked and closed its side still wants the answer: a pipe into
        // `tls connect` is one.
        .half_close(true);
    protocol
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_TIMEOUT)
        .keep_alive_timeout(PING_TIMEOUT);
    protocol
}

/// One connection. When the server stops, the requests under way are answered, then it ends.
async fn connection(
    protocol: Arc<Builder<TokioExecutor>>,
    stream: Counted,
    visit: Arc<Visit>,
    mut stopping: watch::Receiver<bool>,
) {
    let service = service_fn(move |request| {
        let visit = Arc::clone(&visit);
        async move { Ok::<_, Infallible>(visit.answer(&request)) }
    });
    let connection = protocol.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        // Errors here are the peer's: it vanished, or sent something that is no HTTP.
        _ = connection.as_mut() => return,
        _ = stopping.wait_for(|stop| *stop) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
