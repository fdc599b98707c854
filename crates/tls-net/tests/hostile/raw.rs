//! Bytes by hand: hellos taken apart and put together, records, alerts.

use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use tls_testing::plain_rustls;
use tls_wire::ProtocolVersion;

use super::support::rustls_version;

/// The alert that a server sends before anything is encrypted.
pub fn alert(description: u8) -> Vec<u8> {
    vec![21, 3, 3, 0, 2, 2, description]
}

/// One record of each `size` bytes of `content`, the last shorter.
pub fn records(content_type: u8, content: &[u8], size: usize) -> Vec<u8> {
    let record = |part: &[u8]| {
        let length = u16::try_from(part.len()).unwrap().to_be_bytes();
        [&[content_type, 3, 1, length[0], length[1]], part].concat()
    };
    content.chunks(size).flat_map(record).collect()
}

/// A plain rustls client's first flight, its message only.
pub fn hello_message(config: &Arc<ClientConfig>, name: &str) -> Vec<u8> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = ClientConnection::new(config.clone(), name).unwrap();
    let mut flight = Vec::new();
    client.write_tls(&mut flight).unwrap();
    flight[5..].to_vec()
}

/// The hello of a client for one version.
pub fn hello(version: ProtocolVersion) -> Hello {
    let config = Arc::new(plain_rustls::client(rustls_version(version)));
    Hello::parse(&hello_message(&config, "localhost"))
}

/// A ClientHello in parts, to be spoiled.
#[derive(Clone, Debug)]
pub struct Hello {
    /// Version, random, session id, suites, compressions.
    pub head: Vec<u8>,
    pub extensions: Vec<(u16, Vec<u8>)>,
}

impl Hello {
    pub fn parse(message: &[u8]) -> Self {
        let body = &message[4..];
        let mut at = 2 + 32;
        at += 1 + usize::from(body[at]);
        at += 2 + usize::from(u16::from_be_bytes([body[at], body[at + 1]]));
        at += 1 + usize::from(body[at]);
        let head = body[..at].to_vec();
        let mut rest = &body[at + 2..];
        let mut extensions = Vec::new();
        while let [a, b, c, d, tail @ ..] = rest {
            let (value, tail) = tail.split_at(usize::from(u16::from_be_bytes([*c, *d])));
            extensions.push((u16::from_be_bytes([*a, *b]), value.to_vec()));
            rest = tail;
        }
        Self { head, extensions }
    }

    pub fn without(mut self, extension: u16) -> Self {
        self.extensions.retain(|(own, _)| *own != extension);
        self
    }

    pub fn with(mut self, extension: u16, value: &[u8]) -> Self {
        self.extensions.push((extension, value.to_vec()));
        self
    }

    pub fn message(&self) -> Vec<u8> {
        let mut block = Vec::new();
        for (extension, value) in &self.extensions {
            block.extend(extension.to_be_bytes());
            block.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
            block.extend(value);
        }
        let mut body = self.head.clone();
        body.extend(u16::try_from(block.len()).unwrap().to_be_bytes());
        body.extend(block);
        handshake(1, &body)
    }

    /// In records of full size.
    pub fn bytes(&self) -> Vec<u8> {
        records(22, &self.message(), 16_384)
    }
}

/// A handshake message with its header.
pub fn handshake(message_type: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[message_type, length[1], length[2], length[3]], body].concat()
}
