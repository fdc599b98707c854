//! Our server on a free port of loopback, with a record of what happened to it.

use std::io;
use std::net::SocketAddr;

use tls_certs::VerifyCode;
use tls_net::{
    AcceptorBuilder, ConnectionInfo, Fault, HandshakeError, Phase, ServerHandle, TlsStream,
};
use tls_wire::AlertDescription;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::task::JoinHandle;

use crate::in_time;

/// A running server; it stops when this is dropped.
#[derive(Debug)]
pub struct Served {
    /// Where it listens.
    pub address: SocketAddr,
    /// Changes and stops it.
    pub handle: ServerHandle,
    connections: UnboundedReceiver<ConnectionInfo>,
    ends: UnboundedReceiver<io::Result<u64>>,
    failures: UnboundedReceiver<Failure>,
    task: JoinHandle<()>,
}

/// What a failed handshake told `on_failure`.
#[derive(Debug, Clone)]
pub struct Failure {
    /// [`HandshakeError::code`].
    pub code: &'static str,
    /// [`HandshakeError::node_code`].
    pub node_code: Option<&'static str>,
    /// [`HandshakeError::phase`].
    pub phase: Phase,
    /// [`HandshakeError::fault`].
    pub fault: Fault,
    /// [`HandshakeError::server_name`].
    pub server_name: Option<String>,
    /// The peer's address.
    pub peer: Option<SocketAddr>,
    /// The alert that went out.
    pub alert: Option<AlertDescription>,
    /// Why the client's certificate was refused.
    pub certificate: Option<VerifyCode>,
    /// The message.
    pub text: String,
}

impl From<&HandshakeError> for Failure {
    fn from(error: &HandshakeError) -> Self {
        Self {
            code: error.code(),
            node_code: error.node_code(),
            phase: error.phase(),
            fault: error.fault(),
            server_name: error.server_name().map(str::to_owned),
            peer: error.peer_addr(),
            alert: error.alert_sent(),
            certificate: error.certificate().map(|refusal| refusal.code),
            text: error.to_string(),
        }
    }
}

impl Served {
    /// Gives back what it gets, until the client closes.
    pub async fn echo(acceptor: AcceptorBuilder) -> Self {
        Self::start(acceptor, echo).await
    }

    /// Runs `handler` for each connection.
    ///
    /// # Panics
    /// When the acceptor can't be built.
    pub async fn start<F, Fut>(acceptor: AcceptorBuilder, handler: F) -> Self
    where
        F: Fn(TlsStream<TcpStream>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = io::Result<u64>> + Send + 'static,
    {
        let (failed, failures) = mpsc::unbounded_channel();
        let (connected, connections) = mpsc::unbounded_channel();
        let (ended, ends) = mpsc::unbounded_channel();
        // The receivers go when the test ends; what comes later interests nobody.
        let acceptor = acceptor
            .on_failure(move |error| {
                let _ = failed.send(Failure::from(error));
            })
            .build()
            .unwrap();
        let server = acceptor.bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        let handle = server.handle();
        let task = tokio::spawn(async move {
            let served = server.serve(move |stream| {
                let _ = connected.send(stream.info());
                let ended = ended.clone();
                let handled = handler(stream);
                async move {
                    let _ = ended.send(handled.await);
                }
            });
            let _ = served.await;
        });
        Self {
            address,
            handle,
            connections,
            ends,
            failures,
            task,
        }
    }

    /// The next connection whose handshake is done.
    ///
    /// # Panics
    /// When none comes, showing the handshakes that failed.
    pub async fn connection(&mut self) -> ConnectionInfo {
        let next = async {
            tokio::select! {
                biased;
                info = self.connections.recv() => info.unwrap(),
                failure = self.failures.recv() => panic!("a handshake failed: {failure:?}"),
            }
        };
        in_time("a connection", next).await
    }

    /// The next connection whose handshake is done, however long it takes; `None` when the server is
    /// gone.
    pub async fn next_connection(&mut self) -> Option<ConnectionInfo> {
        self.connections.recv().await
    }

    /// How the next connection that ended did so: bytes received, or the error.
    ///
    /// # Panics
    /// When none ends.
    pub async fn end(&mut self) -> io::Result<u64> {
        in_time("the end of a connection", self.ends.recv())
            .await
            .unwrap()
    }

    /// The next handshake that failed.
    ///
    /// # Panics
    /// When none fails, or one succeeds before.
    pub async fn failure(&mut self) -> Failure {
        let next = async {
            tokio::select! {
                biased;
                failure = self.failures.recv() => failure.unwrap(),
                info = self.connections.recv() => panic!("a handshake succeeded: {info:?}"),
            }
        };
        in_time("a failed handshake", next).await
    }

    /// A failure that was already reported, if there is one.
    pub fn failure_so_far(&mut self) -> Option<Failure> {
        self.failures.try_recv().ok()
    }

    /// Whether no further connection came so far.
    pub fn is_quiet(&mut self) -> bool {
        self.connections.try_recv().is_err()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Sends back what comes, then closes as the peer did; gives the bytes received.
///
/// # Errors
/// The connection failed.
pub async fn echo(mut stream: TlsStream<TcpStream>) -> io::Result<u64> {
    let mut part = vec![0; 16 * 1024];
    let mut total = 0;
    loop {
        let count = stream.read(&mut part).await?;
        if count == 0 {
            break;
        }
        total += count as u64;
        stream.write_all(&part[..count]).await?;
        stream.flush().await?;
    }
    stream.shutdown().await?;
    Ok(total)
}
