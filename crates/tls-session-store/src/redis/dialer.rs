//! One connection to one server: socket, TLS, login, and a first answer.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, FromRedisValue, RedisConnectionInfo, Value};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::RedisFault;
use super::address::Place;
use super::side_by_side;

/// How long a connection may take until its first answer: longer than a call, since nobody waits for
/// it but the first callers, and those no longer than their own limit.
const DIAL_LIMIT: Duration = Duration::from_secs(2);

/// What is needed to open a connection.
#[derive(Clone)]
pub(super) struct Dialer {
    pub(super) tls: Option<Tls>,
    pub(super) login: RedisConnectionInfo,
    /// How many commands may wait to be written.
    pub(super) queue: usize,
}

#[derive(Clone)]
pub(super) struct Tls {
    pub(super) config: Arc<ClientConfig>,
    /// The name in the certificates, if it is not the host of the address.
    pub(super) server_name: Option<ServerName<'static>>,
}

/// A connection that works until its driver ends. Dropping it closes it.
pub(super) struct Dialled {
    pub(super) connection: MultiplexedConnection,
    driver: JoinSet<()>,
}

impl Dialled {
    /// Returns when the connection has ended.
    pub(super) async fn ended(&mut self) {
        self.driver.join_next().await;
    }

    /// A question about the servers themselves, before the connection is offered to anyone.
    pub(super) async fn query<T: FromRedisValue>(
        &mut self,
        command: &Cmd,
    ) -> Result<T, RedisFault> {
        let answer = command.query_async(&mut self.connection);
        match timeout(DIAL_LIMIT, answer).await {
            Ok(answer) => answer.map_err(|error| RedisFault::from_redis(&error)),
            Err(_) => Err(RedisFault::Late { limit: DIAL_LIMIT }),
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Dialer {
    /// Connects, logs in, and asks for a sign of life.
    pub(super) async fn dial(&self, place: &Place) -> Result<Dialled, RedisFault> {
        let dialled = timeout(DIAL_LIMIT, async {
            let stream = self.open(place).await?;
            self.log_in(stream).await
        });
        dialled
            .await
            .unwrap_or(Err(RedisFault::Late { limit: DIAL_LIMIT }))
    }

    async fn open(&self, place: &Place) -> Result<Box<dyn Stream>, RedisFault> {
        let failed = |error: io::Error| RedisFault::from_connect(&place.to_string(), &error);
        match place {
            Place::Tcp { host, port } => {
                let tcp = side_by_side::connect(host, *port).await.map_err(failed)?;
                // A command is one small write, and nothing follows until its answer has come.
                tcp.set_nodelay(true).map_err(failed)?;
                match &self.tls {
                    None => Ok(Box::new(tcp)),
                    Some(tls) => tls.handshake(place, host, tcp).await,
                }
            }
            #[cfg(unix)]
            Place::Unix(path) => {
                let stream = tokio::net::UnixStream::connect(path).await;
                Ok(Box::new(stream.map_err(failed)?))
            }
            #[cfg(not(unix))]
            Place::Unix(_) => Err(failed(io::ErrorKind::Unsupported.into())),
        }
    }

    async fn log_in(&self, stream: Box<dyn Stream>) -> Result<Dialled, RedisFault> {
        // Limits are the caller's: that of the client library would need a timer in the caller's runtime.
        let config = AsyncConnectionConfig::new()
            .set_response_timeout(None)
            .set_pipeline_buffer_size(self.queue);
        let login = self.login.clone().set_skip_set_lib_name();
        let (connection, driver) = MultiplexedConnection::new_with_config(&login, stream, config)
            .await
            .map_err(|error| RedisFault::from_redis(&error))?;
        let mut tasks = JoinSet::new();
        tasks.spawn(driver);
        let mut dialled = Dialled {
            connection,
            driver: tasks,
        };
        // Without a password nothing was sent so far, and a server that wants one says so here only.
        match dialled.query(&redis::cmd("PING")).await {
            Ok(Value::SimpleString(pong)) if pong == "PONG" => Ok(dialled),
            Ok(_) => Err(RedisFault::Protocol),
            Err(RedisFault::NoPermission) => Ok(dialled),
            Err(fault) => Err(fault),
        }
    }
}

impl Tls {
    async fn handshake(
        &self,
        place: &Place,
        host: &str,
        tcp: TcpStream,
    ) -> Result<Box<dyn Stream>, RedisFault> {
        let failed = |reason: String| RedisFault::Tls {
            address: place.to_string(),
            reason,
        };
        let name = match &self.server_name {
            Some(name) => name.clone(),
            None => ServerName::try_from(host.to_owned())
                .map_err(|_| failed("the host is no name that a certificate could have".into()))?,
        };
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let stream = connector.connect(name, tcp).await;
        Ok(Box::new(stream.map_err(|error| failed(error.to_string()))?))
    }
}
