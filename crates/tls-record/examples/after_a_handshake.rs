//! A server whose handshake is rustls's and whose records are ours. The client is tokio-rustls; both
//! run here, talk over loopback and end by themselves.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::sync::Arc;

use rustls::kernel::KernelConnection;
use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{ConnectionState, UnbufferedStatus};
use rustls::{ClientConfig, ConnectionTrafficSecrets, ServerConfig};
use tls_record::{
    Aead, BufferClass, Established, KeyUpdateRefused, Opened, PooledBuffer, PostHandshake,
    RecordLayer, RecordLimits, Role, TicketRefused, TrafficKeys,
};
use tls_testing::{Pki, plain_rustls};
use tls_wire::{ProtocolVersion, RecordHeader};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// What rustls still does for us: it derives the next keys.
struct Kernel(KernelConnection<ServerConnectionData>);

impl PostHandshake for Kernel {
    fn next_tx_keys(&mut self) -> std::result::Result<TrafficKeys, KeyUpdateRefused> {
        let (_, secrets) = self.0.update_tx_secret().map_err(|_| KeyUpdateRefused)?;
        traffic_keys(secrets).map_err(|_| KeyUpdateRefused)
    }

    fn next_rx_keys(&mut self) -> std::result::Result<TrafficKeys, KeyUpdateRefused> {
        let (_, secrets) = self.0.update_rx_secret().map_err(|_| KeyUpdateRefused)?;
        traffic_keys(secrets).map_err(|_| KeyUpdateRefused)
    }

    fn new_session_ticket(&mut self, _body: &[u8]) -> std::result::Result<(), TicketRefused> {
        Err(TicketRefused) // A server gets none.
    }
}

fn traffic_keys(secrets: ConnectionTrafficSecrets) -> Result<TrafficKeys> {
    let (aead, key, iv) = match secrets {
        ConnectionTrafficSecrets::Aes128Gcm { key, iv } => (Aead::Aes128Gcm, key, iv),
        ConnectionTrafficSecrets::Aes256Gcm { key, iv } => (Aead::Aes256Gcm, key, iv),
        ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv } => (Aead::ChaCha20Poly1305, key, iv),
        _ => return Err("an AEAD that was not offered".into()),
    };
    Ok(TrafficKeys::new(
        aead,
        key.as_ref(),
        iv.as_ref().try_into()?,
    )?)
}

/// One whole record more. A real stack checks the length first and reads more at once.
async fn read_record(io: &mut TcpStream, hold: &mut Vec<u8>) -> Result<()> {
    let mut header = [0; RecordHeader::LEN];
    io.read_exact(&mut header).await?;
    let length = RecordHeader::read(&header).map_or(0, |header| usize::from(header.length));
    let start = hold.len();
    hold.extend_from_slice(&header);
    hold.resize(start + RecordHeader::LEN + length, 0);
    io.read_exact(&mut hold[start + RecordHeader::LEN..])
        .await?;
    Ok(())
}

/// The handshake, by rustls.
async fn handshake(io: &mut TcpStream, config: Arc<ServerConfig>) -> Result<Established> {
    let mut connection = UnbufferedServerConnection::new(config)?;
    let (mut hold, mut out) = (Vec::new(), Vec::new());
    loop {
        let UnbufferedStatus { discard, state, .. } = connection.process_tls_records(&mut hold);
        let mut blocked = false;
        match state? {
            ConnectionState::EncodeTlsData(mut data) => {
                let start = out.len();
                out.resize(start + 20_000, 0);
                let written = data.encode(&mut out[start..])?;
                out.truncate(start + written);
            }
            ConnectionState::TransmitTlsData(data) => {
                io.write_all(&out).await?;
                out.clear();
                data.done();
            }
            ConnectionState::BlockedHandshake => blocked = true,
            ConnectionState::WriteTraffic(_) => break,
            other => return Err(format!("unexpected state {other:?}").into()),
        }
        hold.drain(..discard);
        if blocked {
            read_record(io, &mut hold).await?;
        }
    }
    let (secrets, kernel) = connection.dangerous_into_kernel_connection()?;
    let version = ProtocolVersion::from(u16::from(kernel.protocol_version()));
    Ok(Established {
        role: Role::Server,
        version,
        tx: traffic_keys(secrets.tx.1)?,
        tx_sequence: secrets.tx.0,
        rx: traffic_keys(secrets.rx.1)?,
        rx_sequence: secrets.rx.0,
        post_handshake: Some(Box::new(Kernel(kernel))),
    })
}

/// Echoes until close_notify, and answers with one.
async fn echo(io: &mut TcpStream, mut records: RecordLayer) -> Result<()> {
    let mut wire = PooledBuffer::take(BufferClass::Read);
    let mut data = vec![0; 16_385];
    loop {
        let mut got = 0;
        match records.open(wire.filled_mut(), &mut data)? {
            Opened::NeedBytes(_) => {
                wire.compact();
                let read = io.read(wire.spare()).await?;
                if read == 0 {
                    records.end_of_stream()?;
                }
                wire.advance(read);
            }
            Opened::Data { consumed, written } => {
                wire.consume(consumed);
                got = written;
            }
            Opened::InPlace {
                consumed,
                plaintext,
            } => {
                got = plaintext.len();
                data[..got].copy_from_slice(&wire.filled()[plaintext]);
                wire.consume(consumed);
            }
            Opened::Control { consumed } => wire.consume(consumed),
            Opened::CloseNotify { .. } => break,
        }
        let mut out = PooledBuffer::take(BufferClass::for_write(got));
        let sealed = records.seal(&data[..got], out.spare())?;
        out.advance(sealed.written);
        io.write_all(out.filled()).await?;
    }
    records.queue_close_notify();
    let mut out = vec![0; records.control_len()];
    let written = records.write_control(&mut out)?;
    io.write_all(&out[..written]).await?;
    Ok(())
}

async fn serve(listener: TcpListener, config: Arc<ServerConfig>) -> Result<()> {
    let (mut io, _) = listener.accept().await?;
    let established = handshake(&mut io, config).await?;
    let records = RecordLayer::new(established, RecordLimits::default())?;
    println!("server: {records:?}");
    echo(&mut io, records).await
}

async fn talk(address: std::net::SocketAddr, config: Arc<ClientConfig>) -> Result<()> {
    let io = TcpStream::connect(address).await?;
    let name = "localhost".try_into()?;
    let mut stream = TlsConnector::from(config).connect(name, io).await?;
    for message in ["hello", "records of our own", "bye"] {
        stream.write_all(message.as_bytes()).await?;
        stream.flush().await?;
        let mut answer = vec![0; message.len()];
        stream.read_exact(&mut answer).await?;
        println!("client: got back {:?}", String::from_utf8_lossy(&answer));
    }
    stream.shutdown().await?;
    // The server's close_notify: without it this would be an error.
    let rest = stream.read_to_end(&mut Vec::new()).await?;
    println!("client: closed in order, {rest} bytes left");
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    for version in plain_rustls::VERSIONS {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mut server = plain_rustls::server(version, &Pki::shared().server);
        // Without this rustls does not hand over its secrets.
        server.enable_secret_extraction = true;
        let client = Arc::new(plain_rustls::client(version));
        let (served, talked) =
            tokio::join!(serve(listener, Arc::new(server)), talk(address, client));
        served?;
        talked?;
    }
    Ok(())
}
