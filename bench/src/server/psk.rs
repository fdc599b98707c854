//! The crate `tls-psk` alone over a socket.

use std::sync::Arc;

use tls_psk::{PskKeys, PskOffer, Question, ServerConfig, ServerHandshake, Step};
use tls_wire::{ClientHello, ClientHelloReader, ProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::REQUEST;
use crate::Result;
use crate::identity::PROTOCOL;
use crate::psk::{self, Stream};

#[derive(Clone)]
struct Server {
    config: Arc<ServerConfig>,
    keys: PskKeys,
}

pub(super) async fn serve(listener: TcpListener) -> Result<()> {
    let mut config = ServerConfig::new(psk::provider());
    config.alpn = vec![PROTOCOL.to_vec()];
    let server = Server {
        config: Arc::new(config),
        keys: PskKeys::from_keys([psk::key()?])?,
    };
    loop {
        let (io, _) = listener.accept().await?;
        io.set_nodelay(true)?;
        let server = server.clone();
        tokio::spawn(async move {
            if let Ok(stream) = server.accept(io).await {
                // That the client goes in the middle is part of it.
                let _ = answer(stream).await;
            }
        });
    }
}

async fn answer(mut stream: Stream) -> Result<()> {
    let mut request = [0; REQUEST];
    stream.read(&mut request).await?;
    stream.write_all(&request[..1]).await?;
    stream.read(&mut request).await.map(|_| ())
}

impl Server {
    async fn accept(&self, mut io: TcpStream) -> Result<Stream> {
        let mut wire = Vec::with_capacity(2048);
        let mut reader = ClientHelloReader::default();
        let hello = loop {
            io.read_buf(&mut wire).await?;
            match reader.read(&wire)? {
                tls_wire::Progress::NeedMore(_) => wire.clear(),
                tls_wire::Progress::Whole(whole) => {
                    wire.drain(..whole.consumed);
                    break ClientHello::parse(whole.message)?;
                }
            }
        };
        let mut out = Vec::with_capacity(1024);
        let mut handshake = self.begin(&hello, &mut out)?;
        loop {
            if !out.is_empty() {
                io.write_all(&out).await?;
                out.clear();
            }
            let progress = handshake.read(&mut wire, &mut out)?;
            wire.drain(..progress.consumed);
            let mut step = progress.step;
            if let Step::Ask(Question::Identity(identity)) = step {
                let identity = tls_psk::PskIdentity::from_wire(identity)?;
                let keys = self.keys.find(&identity, ProtocolVersion::Tls12);
                step = handshake.answer(keys, &mut out)?;
            }
            match step {
                Step::Done(finished) => {
                    io.write_all(&out).await?;
                    return Stream::new(io, *finished, wire);
                }
                Step::NeedBytes(_) => {
                    if !out.is_empty() {
                        io.write_all(&out).await?;
                        out.clear();
                    }
                    if io.read_buf(&mut wire).await? == 0 {
                        return Err("the client is gone".into());
                    }
                }
                _ => {}
            }
        }
    }

    fn begin(&self, hello: &ClientHello, out: &mut Vec<u8>) -> Result<ServerHandshake> {
        let Some(offer) = PskOffer::read(&self.config, hello, psk::now()) else {
            return Ok(ServerHandshake::tls12(
                Arc::clone(&self.config),
                hello,
                out,
            )?);
        };
        let known = offer.identities().iter().find_map(|offered| {
            let keys = self.keys.find(offered.identity(), ProtocolVersion::Tls13);
            offer.choose(offered, keys).ok()
        });
        let choice = known.ok_or("an unknown identity")?;
        let config = Arc::clone(&self.config);
        Ok(ServerHandshake::tls13(
            config,
            hello,
            choice,
            psk::now(),
            out,
        )?)
    }
}
