//! A client that can be made any number of times, each saying the very same bytes: what a replay of
//! its first flight looks like, with all its secrets at hand to finish each copy.

use std::{
    io::{Read as _, Write as _},
    sync::{Arc, Mutex},
};

use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use rustls::{
    ClientConfig, ClientConnection, Error, NamedGroup,
    client::Resumption,
    crypto::{
        ActiveKeyExchange, CryptoProvider, GetRandomFailed, SecureRandom, SharedSecret,
        SupportedKxGroup,
    },
    pki_types::ServerName,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::{Clock, Pki};

/// A client of TLS 1.3 whose random numbers, key exchange and clock are always the same. Of its
/// first visit the server's bytes are kept: played to a copy, they give it the same session.
#[derive(Debug)]
pub struct SameClient {
    provider: Arc<CryptoProvider>,
    clock: Clock,
    recorded: Mutex<Vec<u8>>,
}

impl SameClient {
    /// A client that has no session yet, and lives at the time of `clock`.
    #[must_use]
    pub fn new(clock: &Clock) -> Self {
        let group: &'static FixedX25519 = Box::leak(Box::new(FixedX25519(Arc::new(
            PrivateKey::generate(&X25519).unwrap(),
        ))));
        let provider = CryptoProvider {
            kx_groups: vec![group],
            secure_random: &NotRandom,
            ..rustls::crypto::aws_lc_rs::default_provider()
        };
        Self {
            provider: Arc::new(provider),
            clock: clock.clone(),
            recorded: Mutex::default(),
        }
    }

    /// A full handshake over `io`, to the first byte of data from the server, which must come behind its
    /// tickets. The server reads one byte.
    pub async fn first_visit(&self, mut io: impl AsyncRead + AsyncWrite + Unpin) {
        let mut client = self.fresh(&self.config());
        let mut received = Vec::new();
        client_says(&mut client, &mut io).await;
        let mut told = false;
        while client.reader().read(&mut [0]).is_err() {
            let mut bytes = vec![0; 16 * 1024];
            let read = io.read(&mut bytes).await.unwrap();
            assert!(read > 0, "the server ended the first visit");
            received.extend_from_slice(&bytes[..read]);
            hear(&mut client, &bytes[..read]);
            if !client.is_handshaking() && !told {
                told = true;
                client.writer().write_all(b"x").unwrap();
            }
            client_says(&mut client, &mut io).await;
        }
        *self.recorded.lock().unwrap() = received;
    }

    /// A copy that has the session of the first visit, and `early` as its early data.
    ///
    /// # Panics
    ///
    /// Without a first visit, and where its tickets allow less early data.
    #[must_use]
    pub fn copy(&self, early: &[u8]) -> Replay {
        let config = self.config();
        let mut first = self.fresh(&config);
        first.write_tls(&mut std::io::sink()).unwrap();
        hear(&mut first, &self.recorded.lock().unwrap());
        assert!(!first.is_handshaking(), "the recording is a whole visit");
        let mut client = self.fresh(&config);
        let allowed = client.early_data();
        allowed.unwrap().write_all(early).unwrap();
        let mut flight = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut flight).unwrap();
        }
        Replay { flight, client }
    }

    fn config(&self) -> Arc<ClientConfig> {
        let details =
            ClientConfig::builder_with_details(self.provider.clone(), self.clock.time_provider());
        let mut config = details
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(Pki::shared().roots())
            .with_no_client_auth();
        config.resumption = Resumption::in_memory_sessions(8);
        config.enable_early_data = true;
        Arc::new(config)
    }

    fn fresh(&self, config: &Arc<ClientConfig>) -> ClientConnection {
        let name = ServerName::try_from("localhost").unwrap();
        ClientConnection::new(config.clone(), name).unwrap()
    }
}

/// One copy of a first flight, and all that is needed to go on from it.
#[derive(Debug)]
pub struct Replay {
    /// The hello and the early data, in their records.
    pub flight: Vec<u8>,
    client: ClientConnection,
}

impl Replay {
    /// Sends the flight, finishes the handshake, and sends `late`, which the server gives back as
    /// the last thing that it sends for now. Whether the early data was taken, as the server tells
    /// the client, and all that the server sent.
    ///
    /// # Errors
    ///
    /// The server ended the connection.
    pub async fn visit(
        mut self,
        mut io: impl AsyncRead + AsyncWrite + Unpin,
        late: &[u8],
    ) -> std::io::Result<(bool, Vec<u8>)> {
        io.write_all(&self.flight).await?;
        let mut told = false;
        let mut answer = Vec::new();
        while !answer.ends_with(late) {
            let mut bytes = vec![0; 16 * 1024];
            let read = io.read(&mut bytes).await?;
            if read == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            hear(&mut self.client, &bytes[..read]);
            if !self.client.is_handshaking() && !told {
                told = true;
                self.client.writer().write_all(late)?;
            }
            client_says(&mut self.client, &mut io).await;
            // "Would block" once everything that came is read.
            let _ = self.client.reader().read_to_end(&mut answer);
        }
        Ok((self.client.is_early_data_accepted(), answer))
    }
}

/// What `client` has to send.
async fn client_says(client: &mut ClientConnection, io: &mut (impl AsyncWrite + Unpin)) {
    let mut out = Vec::new();
    while client.wants_write() {
        client.write_tls(&mut out).unwrap();
    }
    io.write_all(&out).await.unwrap();
}

fn hear(client: &mut ClientConnection, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        client.read_tls(&mut bytes).unwrap();
        client.process_new_packets().unwrap();
    }
}

/// Always the same.
#[derive(Debug)]
struct NotRandom;

impl SecureRandom for NotRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), GetRandomFailed> {
        buffer.fill(0x5a);
        Ok(())
    }
}

/// X25519 with one key for all.
struct FixedX25519(Arc<PrivateKey>);

impl std::fmt::Debug for FixedX25519 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FixedX25519").finish_non_exhaustive()
    }
}

impl SupportedKxGroup for FixedX25519 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let public = self.0.compute_public_key().unwrap().as_ref().to_vec();
        Ok(Box::new(Started {
            private: self.0.clone(),
            public,
        }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

struct Started {
    private: Arc<PrivateKey>,
    public: Vec<u8>,
}

impl ActiveKeyExchange for Started {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let peer = UnparsedPublicKey::new(&X25519, peer);
        let failed = Error::General("key agreement".into());
        agree(&self.private, peer, failed, |secret| {
            Ok(SharedSecret::from(secret))
        })
    }

    fn pub_key(&self) -> &[u8] {
        &self.public
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}
