//! A client with a pre-shared key: rustls has none, so it is the one of this workspace.

use std::sync::Arc;

use tls_psk::{ClientConfig, ClientHandshake, ClientPsk, Facts, Question, Step};
use tls_wire::NamedGroup;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::expect;
use crate::Result;
use crate::identity::PROTOCOL;
use crate::psk::{self, Stream};
use crate::row::Handshake;
use crate::server::REQUEST;

/// What is offered: one version, one suite, one group.
pub(super) struct Connector {
    handshake: Handshake,
    config: Arc<ClientConfig>,
    psk: ClientPsk,
}

impl Connector {
    pub(super) fn new(handshake: Handshake) -> Result<Self> {
        let (identity, key) = psk::key()?;
        let psk = ClientPsk { identity, key };
        let (version, suite) = psk::agreed(handshake);
        let mut config = ClientConfig::new(psk::provider());
        config.versions = vec![version];
        config.cipher_suites = vec![suite];
        config.psks = vec![psk.clone()];
        config.alpn = vec![PROTOCOL.to_vec()];
        Ok(Self {
            handshake,
            config: Arc::new(config),
            psk,
        })
    }

    /// A handshake, and the few bytes that follow one.
    pub(super) async fn exchange(&self, io: TcpStream) -> Result<()> {
        let mut stream = self.connect(io).await?;
        let mut bytes = [0x17; REQUEST];
        stream.write_all(&bytes).await?;
        expect("answer", &stream.read(&mut bytes).await?, &1)
    }

    pub(super) async fn connect(&self, mut io: TcpStream) -> Result<Stream> {
        let (mut wire, mut out) = (Vec::with_capacity(2048), Vec::new());
        let config = Arc::clone(&self.config);
        let mut handshake = ClientHandshake::new(config, psk::now(), &mut out)?;
        loop {
            let progress = handshake.read(&mut wire, &mut out)?;
            wire.drain(..progress.consumed);
            let mut step = progress.step;
            if let Step::Ask(Question::Hint(_)) = step {
                step = handshake.answer(Some(self.psk.clone()), &mut out)?;
            }
            match step {
                Step::Done(finished) => {
                    io.write_all(&out).await?;
                    self.check(&finished.facts)?;
                    return Stream::new(io, *finished, wire);
                }
                Step::NeedBytes(_) => {
                    io.write_all(&out).await?;
                    out.clear();
                    if io.read_buf(&mut wire).await? == 0 {
                        return Err("the server is gone".into());
                    }
                }
                _ => {}
            }
        }
    }

    /// Ends the measurement if anything else was negotiated.
    fn check(&self, facts: &Facts) -> Result<()> {
        let (version, suite) = psk::agreed(self.handshake);
        expect("version", &facts.version, &version)?;
        expect("suite", &facts.cipher_suite, &suite)?;
        expect("group", &facts.group, &Some(NamedGroup::X25519))?;
        expect("protocol", &facts.alpn.as_deref(), &Some(PROTOCOL))
    }
}
