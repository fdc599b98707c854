//! The sockets of a server: one or several, as one listener.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::Poll;

use socket2::{Domain, Protocol, Socket, Type};
use tls::net::Listener;
use tokio::net::{TcpListener, TcpStream};

use crate::error::{Error, Result};
use crate::settings::Listen;

/// Connections that the kernel keeps for us.
const BACKLOG: i32 = 1024;

/// Several TCP sockets as one source of connections.
pub(super) struct Sockets {
    sockets: Vec<TcpListener>,
    addresses: Vec<SocketAddr>,
    /// The one that is asked first next time, so that a busy one starves no other.
    next: usize,
    /// The address that was taken, where another port stands in for it.
    taken: Option<SocketAddr>,
}

impl Sockets {
    /// Binds them all. Must be called within a runtime.
    pub(super) fn bind(listen: &Listen) -> Result<Self> {
        let mut sockets = Vec::new();
        let mut taken = None;
        for address in &listen.addresses {
            let bound = match bind(*address, listen.reuse_port) {
                Err(error) if listen.may_move && error.kind() == io::ErrorKind::AddrInUse => {
                    taken = Some(*address);
                    bind(SocketAddr::new(address.ip(), 0), listen.reuse_port)
                }
                bound => bound,
            };
            sockets.push(bound.map_err(|source| Error::Listen {
                address: *address,
                source,
            })?);
        }
        let addresses: io::Result<Vec<_>> = sockets.iter().map(TcpListener::local_addr).collect();
        let addresses = addresses.map_err(|source| Error::System {
            what: "a socket has no address",
            source,
        })?;
        Ok(Self {
            sockets,
            addresses,
            next: 0,
            taken,
        })
    }

    pub(super) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    pub(super) fn taken(&self) -> Option<SocketAddr> {
        self.taken
    }
}

fn bind(address: SocketAddr, reuse_port: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // A restart must not wait for the old connections' TIME-WAIT.
    socket.set_reuse_address(true)?;
    #[cfg(unix)]
    socket.set_reuse_port(reuse_port)?;
    #[cfg(not(unix))]
    let _ = reuse_port;
    if address.is_ipv6() {
        // `[::]` beside `0.0.0.0` on the same port.
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

impl Listener for Sockets {
    type Io = TcpStream;

    async fn accept(&mut self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
        let count = self.sockets.len();
        let (stream, peer) = poll_fn(|cx| {
            for turn in 0..count {
                let index = (self.next + turn) % count;
                let Some(socket) = self.sockets.get(index) else {
                    continue;
                };
                if let Poll::Ready(accepted) = socket.poll_accept(cx) {
                    self.next = (index + 1) % count;
                    return Poll::Ready(accepted);
                }
            }
            Poll::Pending
        })
        .await?;
        // Records are written whole: waiting for more (Nagle) only delays them.
        stream.set_nodelay(true).ok();
        Ok((stream, Some(peer)))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.addresses
            .first()
            .copied()
            .ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listen(addresses: &[&str], may_move: bool) -> Listen {
        let addresses = addresses
            .iter()
            .map(|address| address.parse().unwrap())
            .collect();
        Listen {
            addresses,
            may_move,
            reuse_port: false,
        }
    }

    #[tokio::test]
    async fn several_sockets_are_one_listener() {
        let mut sockets = Sockets::bind(&listen(&["127.0.0.1:0", "127.0.0.1:0"], false)).unwrap();
        for address in sockets.addresses().to_vec() {
            let client = TcpStream::connect(address).await.unwrap();
            let (_, peer) = sockets.accept().await.unwrap();
            assert_eq!(peer, client.local_addr().ok());
        }
    }

    #[tokio::test]
    async fn another_port_stands_in_for_a_taken_one_only_by_default() {
        let first = Sockets::bind(&listen(&["127.0.0.1:0"], false)).unwrap();
        let taken = first.addresses()[0];
        let error = Sockets::bind(&listen(&[&taken.to_string()], false))
            .err()
            .unwrap();
        assert_eq!(error.code(), "port_busy");
        let moved = Sockets::bind(&listen(&[&taken.to_string()], true)).unwrap();
        assert_eq!(moved.taken(), Some(taken));
        assert_ne!(moved.addresses()[0], taken);
    }
}
