//! A server that echoes and a client, over TCP, with a key and no certificate: this crate,
//! `tls-record` and a tokio stream, and nothing else of the workspace.
//!
//! ```text
//! cargo run -p tls-psk --example echo_over_tcp
//! cargo run -p tls-psk --example echo_over_tcp -- serve 127.0.0.1:4433
//! openssl s_client -connect 127.0.0.1:4433 -psk_identity gate-7 -psk 6f0d9a3c51e84b72a1c4d7e02b9f8356
//! openssl s_server -accept 4434 -nocert -psk_identity gate-7 -psk 6f0d9a3c51e84b72a1c4d7e02b9f8356
//! cargo run -p tls-psk --example echo_over_tcp -- connect 127.0.0.1:4434
//! ```
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tls_psk::{
    ClientConfig, ClientHandshake, ClientPsk, Finished, PskIdentity, PskKey, PskKeys, PskOffer,
    PskQuery, Question, ServerConfig, ServerHandshake, Step,
};
use tls_record::{Opened, RecordLayer, RecordLimits};
use tls_wire::{ClientHello, ClientHelloReader, ProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const IDENTITY: &str = "gate-7";
const KEY: &str = "6f0d9a3c51e84b72a1c4d7e02b9f8356";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", address] => {
            let listener = TcpListener::bind(address).await?;
            loop {
                let (stream, _) = listener.accept().await?;
                if let Err(error) = serve(stream).await {
                    println!("{error}");
                }
            }
        }
        ["connect", address] => connect(TcpStream::connect(address).await?).await,
        _ => {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let stream = TcpStream::connect(listener.local_addr()?).await?;
            let (accepted, _) = listener.accept().await?;
            let (served, connected) = tokio::join!(serve(accepted), connect(stream));
            served.and(connected)
        }
    }
}

/// A connection after its handshake.
struct Connection {
    stream: TcpStream,
    records: RecordLayer,
    /// Bytes of the peer that are not opened yet.
    wire: Vec<u8>,
}

/// Answers one client.
async fn serve(mut stream: TcpStream) -> Result<(), Box<dyn Error>> {
    let table = PskKeys::from_keys([(PskIdentity::new(IDENTITY)?, PskKey::from_hex(KEY)?)])?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = Arc::new(ServerConfig::new(provider));
    let (hello, mut wire) = read_hello(&mut stream).await?;
    let mut out = Vec::new();
    let keys = |identity: &PskIdentity, version| {
        // A table answers at once; a database would be awaited here.
        table.find(&PskQuery::new(identity.clone(), version).identity, version)
    };
    let started = match PskOffer::read(&config, &hello, now()) {
        Some(offer) => {
            let known = offer.identities().iter().find_map(|offered| {
                let found = keys(offered.identity(), ProtocolVersion::Tls13);
                offer.choose(offered, found).ok()
            });
            let choice = known.map_or_else(|| offer.unknown(&config), Ok)?;
            ServerHandshake::tls13(Arc::clone(&config), &hello, choice, now(), &mut out)
        }
        None => ServerHandshake::tls12(Arc::clone(&config), &hello, &mut out),
    };
    stream.write_all(&out).await?;
    let mut handshake = started?;
    let finished = loop {
        out.clear();
        let progress = handshake.read(&mut wire, &mut out);
        let mut step = match progress {
            Ok(progress) => {
                wire.drain(..progress.consumed);
                Ok(progress.step)
            }
            Err(error) => Err(error),
        };
        if let Ok(Step::Ask(Question::Identity(identity))) = &step {
            let identity = PskIdentity::from_wire(identity)?;
            step = handshake.answer(keys(&identity, ProtocolVersion::Tls12), &mut out);
        }
        // The alert of an error, too.
        stream.write_all(&out).await?;
        match step? {
            Step::NeedBytes(_) => read(&mut stream, &mut wire).await?,
            Step::Done(finished) => break finished,
            _ => {}
        }
    };
    let mut connection = Connection::new("server", stream, *finished, wire)?;
    while let Some(data) = connection.receive().await? {
        connection.send(&data).await?;
    }
    Ok(())
}

/// Sends a line and waits for the answer.
async fn connect(mut stream: TcpStream) -> Result<(), Box<dyn Error>> {
    let psk = ClientPsk {
        identity: PskIdentity::new(IDENTITY)?,
        key: PskKey::from_hex(KEY)?,
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::new(provider);
    config.psks.push(psk.clone());
    let mut out = Vec::new();
    let mut handshake = ClientHandshake::new(Arc::new(config), now(), &mut out)?;
    let mut wire = Vec::new();
    let finished = loop {
        let mut step = match handshake.read(&mut wire, &mut out) {
            Ok(progress) => {
                wire.drain(..progress.consumed);
                Ok(progress.step)
            }
            Err(error) => Err(error),
        };
        if let Ok(Step::Ask(Question::Hint(_))) = &step {
            step = handshake.answer(Some(psk.clone()), &mut out);
        }
        stream.write_all(&out).await?;
        out.clear();
        match step? {
            Step::NeedBytes(_) => read(&mut stream, &mut wire).await?,
            Step::Done(finished) => break finished,
            _ => {}
        }
    };
    let mut connection = Connection::new("client", stream, *finished, wire)?;
    connection.send(b"hello\n").await?;
    if let Some(data) = connection.receive().await? {
        println!("client: {:?}", String::from_utf8_lossy(&data));
    }
    connection.close().await?;
    Ok(())
}

async fn read_hello(stream: &mut TcpStream) -> Result<(ClientHello, Vec<u8>), Box<dyn Error>> {
    let mut reader = ClientHelloReader::default();
    loop {
        let mut wire = Vec::new();
        read(stream, &mut wire).await?;
        if let tls_wire::Progress::Whole(whole) = reader.read(&wire)? {
            let rest = wire.split_off(whole.consumed);
            return Ok((ClientHello::parse(whole.message)?, rest));
        }
    }
}

/// Reads what there is.
async fn read(stream: &mut TcpStream, wire: &mut Vec<u8>) -> io::Result<()> {
    if stream.read_buf(wire).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

fn now() -> Duration {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default()
}

impl Connection {
    fn new(
        end: &str,
        stream: TcpStream,
        finished: Finished,
        wire: Vec<u8>,
    ) -> Result<Self, tls_record::Error> {
        let facts = &finished.facts;
        println!(
            "{end}: {} with key {} in {} {:?}",
            facts.version, facts.identity, facts.cipher_suite, facts.group
        );
        Ok(Self {
            stream,
            records: RecordLayer::new(finished.established, RecordLimits::default())?,
            wire,
        })
    }

    /// The next data; `None` once the peer has said that it sends no more.
    async fn receive(&mut self) -> Result<Option<Vec<u8>>, Box<dyn Error>> {
        let mut data = vec![0; tls_record::MAX_FRAGMENT + 1];
        loop {
            match self.records.open(&mut self.wire, &mut data)? {
                Opened::NeedBytes(_) => read(&mut self.stream, &mut self.wire).await?,
                Opened::Data { consumed, written } => {
                    self.wire.drain(..consumed);
                    data.truncate(written);
                    return Ok(Some(data));
                }
                Opened::CloseNotify { .. } => return Ok(None),
                Opened::Control { consumed } | Opened::InPlace { consumed, .. } => {
                    drop(self.wire.drain(..consumed));
                }
            }
        }
    }

    async fn send(&mut self, data: &[u8]) -> Result<(), Box<dyn Error>> {
        let mut wire = vec![0; self.records.control_len() + self.records.sealed_len(data.len())];
        let sealed = self.records.seal(data, &mut wire)?;
        let sent = wire.get(..sealed.written).unwrap_or_default();
        Ok(self.stream.write_all(sent).await?)
    }

    async fn close(&mut self) -> Result<(), Box<dyn Error>> {
        self.records.queue_close_notify();
        let mut wire = vec![0; self.records.control_len()];
        let written = self.records.write_control(&mut wire)?;
        let sent = wire.get(..written).unwrap_or_default();
        Ok(self.stream.write_all(sent).await?)
    }
}
