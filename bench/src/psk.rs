//! The key of both ends, where they have one.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use tls_psk::{Finished, PskIdentity, PskKey};
use tls_record::{Opened, RecordLayer, RecordLimits};
use tls_wire::{CipherSuite, ProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Result;
use crate::row::Handshake;

/// The name of the key.
pub(crate) const IDENTITY: &str = "bench";

/// The key.
pub(crate) const KEY: [u8; 32] = [0x42; 32];

pub(crate) fn key() -> Result<(PskIdentity, PskKey)> {
    Ok((PskIdentity::new(IDENTITY)?, PskKey::from_bytes(&KEY)?))
}

/// X25519 alone, whatever the provider has beside it.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        kx_groups: vec![aws_lc_rs::kx_group::X25519],
        ..aws_lc_rs::default_provider()
    })
}

/// The version and the suite of a row: in TLS 1.2 the one with ECDHE that OpenSSL has, too.
pub(crate) fn agreed(handshake: Handshake) -> (ProtocolVersion, CipherSuite) {
    if handshake.is_tls12() {
        let suite = CipherSuite::TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256;
        (ProtocolVersion::Tls12, suite)
    } else {
        (ProtocolVersion::Tls13, CipherSuite::TLS_AES_128_GCM_SHA256)
    }
}

/// The Unix time.
pub(crate) fn now() -> Duration {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default()
}

/// A connection of the crate alone, after its handshake.
pub(crate) struct Stream {
    io: TcpStream,
    records: RecordLayer,
    wire: Vec<u8>,
}

impl Stream {
    /// `wire` is what came behind the handshake.
    pub(crate) fn new(io: TcpStream, finished: Finished, wire: Vec<u8>) -> Result<Self> {
        Ok(Self {
            io,
            records: RecordLayer::new(finished.established, RecordLimits::default())?,
            wire,
        })
    }

    pub(crate) async fn write_all(&mut self, bytes: &[u8]) -> Result<()> {
        let mut wire = vec![0; self.records.sealed_len(bytes.len())];
        let sealed = self.records.seal(bytes, &mut wire)?;
        Ok(self.io.write_all(&wire[..sealed.written]).await?)
    }

    /// The data of one record; nothing at the end.
    pub(crate) async fn read(&mut self, data: &mut [u8]) -> Result<usize> {
        loop {
            match self.records.open(&mut self.wire, data)? {
                Opened::Data { consumed, written } => {
                    self.wire.drain(..consumed);
                    return Ok(written);
                }
                Opened::InPlace {
                    consumed,
                    plaintext,
                } => {
                    let written = plaintext.len();
                    data[..written].copy_from_slice(&self.wire[plaintext]);
                    self.wire.drain(..consumed);
                    return Ok(written);
                }
                Opened::Control { consumed } => _ = self.wire.drain(..consumed),
                Opened::NeedBytes(_) => {
                    if self.io.read_buf(&mut self.wire).await? == 0 {
                        return Ok(0);
                    }
                }
                _ => return Ok(0),
            }
        }
    }
}
