//! A connection without a runtime, for loads that deal with the bytes on the wire themselves.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use rustls::ClientConnection;
use socket2::SockRef;

use super::Load;
use super::config::{self, Place};
use crate::Result;

/// A socket, and the client's TLS over it unless the server speaks plain TCP.
pub(super) struct Connection {
    pub(super) socket: TcpStream,
    pub(super) tls: Option<ClientConnection>,
}

impl Connection {
    pub(super) fn open(load: &Load) -> Result<Self> {
        let mut socket = TcpStream::connect(load.server)?;
        socket.set_nodelay(true)?;
        // A reset leaves no socket behind that waits for minutes, thousands of them here.
        SockRef::from(&socket).set_linger(Some(Duration::ZERO))?;
        if load.options.plain {
            return Ok(Self { socket, tls: None });
        }
        let handshake = load.row.handshake();
        let config = config::config(handshake)?;
        let mut tls = ClientConnection::new(config, config::server_name()?)?;
        while tls.is_handshaking() || tls.wants_write() {
            tls.complete_io(&mut socket)?;
        }
        config::check(handshake, Place::First, &tls)?;
        Ok(Self {
            socket,
            tls: Some(tls),
        })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let Some(tls) = &mut self.tls else {
            return Ok(self.socket.write_all(bytes)?);
        };
        tls.writer().write_all(bytes)?;
        while tls.wants_write() {
            tls.write_tls(&mut self.socket)?;
        }
        Ok(())
    }

    pub(super) fn read_exact(&mut self, bytes: &mut [u8]) -> Result<()> {
        match &mut self.tls {
            Some(tls) => rustls::Stream::new(tls, &mut self.socket).read_exact(bytes)?,
            None => self.socket.read_exact(bytes)?,
        }
        Ok(())
    }
}
