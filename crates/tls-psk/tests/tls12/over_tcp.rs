//! Either end over a socket, for peers that are other people's programs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tls_psk::{
    ClientConfig, ClientHandshake, ClientPsk, Error, Facts, Finished, PskKey, Question,
    ServerConfig, ServerHandshake,
};
use tls_record::{Opened, RecordLayer, RecordLimits};
use tls_wire::{ClientHello, ClientHelloReader};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::pair::drive;

/// How long a peer may be silent.
const PATIENCE: Duration = Duration::from_secs(30);

/// An open connection.
pub(crate) struct Stream {
    io: TcpStream,
    layer: RecordLayer,
    inbox: Vec<u8>,
    pub(crate) facts: Facts,
}

/// Reads what the peer sends next; none at the end of its stream.
async fn receive(io: &mut TcpStream, inbox: &mut Vec<u8>) -> bool {
    let read = tokio::time::timeout(PATIENCE, io.read_buf(inbox)).await;
    read.expect("the peer is silent")
        .is_ok_and(|count| count > 0)
}

/// Connects, and answers the hint with `psk`.
pub(crate) async fn connect(
    address: SocketAddr,
    config: ClientConfig,
    psk: Option<ClientPsk>,
) -> Result<Stream, Error> {
    let mut io = TcpStream::connect(address).await.unwrap();
    let (mut inbox, mut out) = (Vec::new(), Vec::new());
    let mut handshake = ClientHandshake::new(Arc::new(config), Duration::ZERO, &mut out)?;
    loop {
        let done = drive(
            &mut handshake,
            &mut inbox,
            &mut out,
            ClientHandshake::read,
            |handshake, _, out| handshake.answer(psk.clone(), out),
        );
        let _ = io.write_all(&out).await;
        out.clear();
        if let Some(finished) = done? {
            return Ok(Stream::new(io, *finished, inbox));
        }
        assert!(receive(&mut io, &mut inbox).await, "the server is gone");
    }
}

/// Takes one connection; `lookup` knows the keys.
pub(crate) async fn accept(
    listener: &TcpListener,
    config: ServerConfig,
    lookup: impl Fn(&[u8]) -> Vec<PskKey>,
) -> Result<Stream, Error> {
    let (mut io, _) = tokio::time::timeout(PATIENCE, listener.accept())
        .await
        .expect("nobody comes")
        .unwrap();
    let (mut inbox, mut out) = (Vec::new(), Vec::new());
    let mut reader = ClientHelloReader::default();
    let hello = loop {
        assert!(receive(&mut io, &mut inbox).await, "the client is gone");
        match reader.read(&inbox)? {
            tls_wire::Progress::NeedMore(_) => inbox.clear(),
            tls_wire::Progress::Whole(whole) => {
                inbox.drain(..whole.consumed);
                break ClientHello::parse(whole.message)?;
            }
        }
    };
    let begun = ServerHandshake::tls12(Arc::new(config), &hello, &mut out);
    let _ = io.write_all(&out).await;
    out.clear();
    let mut handshake = begun?;
    loop {
        assert!(receive(&mut io, &mut inbox).await, "the client is gone");
        let done = drive(
            &mut handshake,
            &mut inbox,
            &mut out,
            ServerHandshake::read,
            |handshake, question, out| match question {
                Question::Identity(identity) => handshake.answer(lookup(&identity), out),
                other => panic!("{other:?}"),
            },
        );
        let _ = io.write_all(&out).await;
        out.clear();
        if let Some(finished) = done? {
            return Ok(Stream::new(io, *finished, inbox));
        }
    }
}

impl Stream {
    fn new(io: TcpStream, finished: Finished, inbox: Vec<u8>) -> Self {
        Self {
            io,
            layer: RecordLayer::new(finished.established, RecordLimits::default()).unwrap(),
            inbox,
            facts: finished.facts,
        }
    }

    pub(crate) async fn send(&mut self, text: &[u8]) {
        let mut wire = vec![0; self.layer.sealed_len(text.len())];
        let sealed = self.layer.seal(text, &mut wire).unwrap();
        self.io.write_all(&wire[..sealed.written]).await.unwrap();
    }

    /// Data up to a line feed.
    pub(crate) async fn line(&mut self) -> String {
        let mut line = Vec::new();
        loop {
            let mut data = [0; 4096];
            match self.layer.open(&mut self.inbox, &mut data).unwrap() {
                Opened::Data { consumed, written } => {
                    self.inbox.drain(..consumed);
                    line.extend_from_slice(&data[..written]);
                    if line.ends_with(b"\n") {
                        return String::from_utf8(line).unwrap().trim_end().to_owned();
                    }
                }
                Opened::NeedBytes(_) => {
                    assert!(
                        receive(&mut self.io, &mut self.inbox).await,
                        "the peer is gone"
                    );
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// Says goodbye.
    pub(crate) async fn close(mut self) {
        self.layer.queue_close_notify();
        let mut wire = vec![0; self.layer.control_len()];
        let written = self.layer.write_control(&mut wire).unwrap();
        let _ = self.io.write_all(&wire[..written]).await;
    }
}
