//! Plain rustls as the other end, driven by hand: the test decides what shares a segment.

use std::io::{self, Read as _, Write as _};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// A rustls connection over a stream.
pub struct Plain<IO> {
    pub connection: Connection,
    pub io: IO,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Plain<IO> {
    pub fn client(config: &Arc<ClientConfig>, name: &str, io: IO) -> Self {
        let name = ServerName::try_from(name.to_owned()).unwrap();
        Self {
            connection: ClientConnection::new(config.clone(), name).unwrap().into(),
            io,
        }
    }

    pub fn server(config: &Arc<ServerConfig>, io: IO) -> Self {
        Self {
            connection: ServerConnection::new(config.clone()).unwrap().into(),
            io,
        }
    }

    /// What rustls has to send, in one write.
    pub async fn flush(&mut self) -> io::Result<()> {
        let mut out = Vec::new();
        while self.connection.wants_write() {
            self.connection.write_tls(&mut out)?;
        }
        self.io.write_all(&out).await?;
        self.io.flush().await
    }

    /// One read of the transport. A rustls error is told to the peer, then given.
    pub async fn fill(&mut self) -> io::Result<()> {
        let mut bytes = vec![0; 16 * 1024];
        let read = self.io.read(&mut bytes).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut rest = &bytes[..read];
        while !rest.is_empty() {
            self.connection.read_tls(&mut rest)?;
            if let Err(error) = self.connection.process_new_packets() {
                self.flush().await.ok();
                return Err(io::Error::new(io::ErrorKind::InvalidData, error));
            }
        }
        Ok(())
    }

    /// The handshake. `early` goes out in the very segment of the last flight, if the last flight
    /// is ours, and at once in any case.
    pub async fn handshake(&mut self, early: &[u8]) -> io::Result<()> {
        let mut early = Some(early);
        if let Connection::Server(server) = &mut self.connection
            && server.is_handshaking()
        {
            // Kept by rustls until it may be sent: with half-RTT data, behind its own Finished.
            server
                .writer()
                .write_all(early.take().unwrap_or_default())?;
        }
        while self.connection.is_handshaking() {
            self.flush().await?;
            if self.connection.is_handshaking() {
                self.fill().await?;
            }
        }
        self.connection
            .writer()
            .write_all(early.take().unwrap_or_default())?;
        self.flush().await
    }

    pub async fn write(&mut self, data: &[u8]) -> io::Result<()> {
        for part in data.chunks(8 * 1024) {
            self.connection.writer().write_all(part)?;
            self.flush().await?;
        }
        Ok(())
    }

    pub async fn read_exact(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut data = vec![0; length];
        let mut at = 0;
        while at < length {
            match self.connection.reader().read(&mut data[at..]) {
                Ok(0) => return Err(io::Error::other("closed early")),
                Ok(read) => at += read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.fill().await?;
                    self.flush().await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(data)
    }

    /// Everything until close_notify or an error.
    pub async fn read_to_end(&mut self) -> io::Result<Vec<u8>> {
        let mut data = Vec::new();
        loop {
            match self.connection.reader().read_to_end(&mut data) {
                Ok(_) => return Ok(data),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.fill().await?;
                    self.flush().await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// A fresh key for what we send, which also asks the peer for one.
    pub async fn update_keys(&mut self) -> io::Result<()> {
        self.connection
            .refresh_traffic_keys()
            .map_err(io::Error::other)?;
        self.flush().await
    }
}

/// The fatal alert that ended this rustls connection, from its error.
pub fn alert_of(error: &io::Error) -> Option<u8> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    match error {
        rustls::Error::AlertReceived(alert) => Some(u8::from(*alert)),
        _ => None,
    }
}
