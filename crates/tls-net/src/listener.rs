//! Where connections come from: TCP, Unix sockets, or anything that yields duplex streams.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use rustix::io::Errno;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

/// A source of connections for a [`Server`](crate::Server).
///
/// `accept` must be cancel-safe, as tokio's are. Its errors are told apart by
/// [`is_transient`]: those of one connection, or of a resource that comes back, do not end the
/// server.
pub trait Listener: Send + 'static {
    /// A connection.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Waits for the next connection; the peer's address where there is one.
    fn accept(&mut self)
    -> impl Future<Output = io::Result<(Self::Io, Option<SocketAddr>)>> + Send;

    /// The address that clients connect to.
    fn local_addr(&self) -> io::Result<SocketAddr>;
}

impl Listener for TcpListener {
    type Io = TcpStream;

    async fn accept(&mut self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
        let (stream, peer) = Self::accept(self).await?;
        // Records are written whole: waiting for more (Nagle) only delays them.
        stream.set_nodelay(true).ok();
        Ok((stream, Some(peer)))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Self::local_addr(self)
    }
}

#[cfg(unix)]
impl Listener for tokio::net::UnixListener {
    type Io = tokio::net::UnixStream;

    async fn accept(&mut self) -> io::Result<(tokio::net::UnixStream, Option<SocketAddr>)> {
        let (stream, _) = Self::accept(self).await?;
        Ok((stream, None))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "a Unix socket has no network address",
        ))
    }
}

/// Whether the listener lives on after this error of its `accept`.
///
/// Errors of the one connection (it was gone before we took it, or its network was: accept(2) on
/// Linux hands those on) and of exhausted resources (too many open files) pass; anything else means
/// that the listener itself is dead.
pub fn is_transient(error: &io::Error) -> bool {
    let of_the_connection = match Errno::from_io_error(error) {
        Some(errno) => CONNECTION_ERRORS.contains(&errno),
        None => matches!(
            error.kind(),
            io::ErrorKind::ConnectionAborted
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionRefused
                | io::ErrorKind::Interrupted
                | io::ErrorKind::WouldBlock
        ),
    };
    of_the_connection || is_exhausted(error)
}

/// accept(2): "treat them like EAGAIN by retrying".
const CONNECTION_ERRORS: [Errno; 14] = [
    Errno::AGAIN,
    Errno::CONNABORTED,
    Errno::CONNREFUSED,
    Errno::CONNRESET,
    Errno::HOSTDOWN,
    Errno::HOSTUNREACH,
    Errno::INTR,
    Errno::NETDOWN,
    Errno::NETUNREACH,
    Errno::NONET,
    Errno::NOPROTOOPT,
    Errno::OPNOTSUPP,
    Errno::PERM,
    Errno::PROTO,
];

/// Whether the process or the system has no descriptor, buffer or memory left.
pub(crate) fn is_exhausted(error: &io::Error) -> bool {
    match Errno::from_io_error(error) {
        Some(errno) => [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM].contains(&errno),
        None => error.kind() == io::ErrorKind::OutOfMemory,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_connection_ends_no_listener() {
        let table = [
            (Errno::CONNABORTED, true, false),
            (Errno::PROTO, true, false),
            (Errno::PERM, true, false),
            (Errno::MFILE, true, true),
            (Errno::NOMEM, true, true),
            (Errno::BADF, false, false),
            (Errno::INVAL, false, false),
        ];
        for (errno, transient, exhausted) in table {
            let error = io::Error::from(errno);
            assert_eq!(is_transient(&error), transient, "{error}");
            assert_eq!(is_exhausted(&error), exhausted, "{error}");
        }
        assert!(!is_transient(&io::Error::other("closed")));
    }
}
