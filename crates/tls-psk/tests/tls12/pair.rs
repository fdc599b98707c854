//! Two ends in memory, and somebody in between who may change what they say.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use tls_psk::{
    ClientConfig, ClientHandshake, ClientPsk, Error, Finished, Progress, ProtocolVersion,
    PskIdentity, PskKey, Question, ServerConfig, ServerHandshake, Step,
};
use tls_wire::{
    CipherSuite, ClientHello, ClientHelloReader, ContentType, HandshakeHeader, NamedGroup,
    RecordHeader,
};

/// Every suite of TLS 1.2 that is spoken.
pub(crate) const SUITES: [CipherSuite; 6] = [
    CipherSuite::TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_PSK_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_PSK_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_PSK_WITH_CHACHA20_POLY1305_SHA256,
];

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// The provider with one group only.
pub(crate) fn provider_with(group: NamedGroup) -> Arc<CryptoProvider> {
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    provider
        .kx_groups
        .retain(|it| u16::from(it.name()) == group.0);
    Arc::new(provider)
}

pub(crate) fn key(byte: u8) -> PskKey {
    PskKey::from_bytes(&[byte; 32]).unwrap()
}

pub(crate) fn identity(name: &str) -> PskIdentity {
    PskIdentity::new(name).unwrap()
}

/// Who is at the ends: their configurations, and what they answer when they are asked.
#[derive(Clone)]
pub(crate) struct Ends {
    pub(crate) client: ClientConfig,
    pub(crate) server: ServerConfig,
    pub(crate) psk: Option<ClientPsk>,
    pub(crate) keys: Vec<PskKey>,
    /// The one that the server knows.
    pub(crate) known: Vec<u8>,
}

impl Ends {
    /// Both know the key of `gate-7`, and speak TLS 1.2 alone, with every suite.
    pub(crate) fn new() -> Self {
        let mut client = ClientConfig::new(provider());
        let mut server = ServerConfig::new(provider());
        client.versions = vec![ProtocolVersion::Tls12];
        server.versions = vec![ProtocolVersion::Tls12];
        Self {
            client,
            server,
            psk: Some(ClientPsk {
                identity: identity("gate-7"),
                key: key(7),
            }),
            keys: vec![key(7)],
            known: b"gate-7".to_vec(),
        }
    }

    /// Both with this suite alone.
    pub(crate) fn with_suite(suite: CipherSuite) -> Self {
        let mut ends = Self::new();
        ends.client.cipher_suites = vec![suite];
        ends.server.cipher_suites = vec![suite];
        ends.client.allow_psk_ke = true;
        ends.server.allow_psk_ke = true;
        ends
    }

    pub(crate) fn run(&self) -> Outcome {
        self.run_changed(|_, record| vec![record])
    }

    /// Runs the handshake; each record passes through `between`, which gives those that arrive.
    pub(crate) fn run_changed(
        &self,
        mut between: impl FnMut(Sender, Vec<u8>) -> Vec<Vec<u8>>,
    ) -> Outcome {
        let mut pair = Pair::new(self);
        while let Some((from, record)) = pair.next_record() {
            for record in between(from, record) {
                pair.deliver(from, &record);
            }
        }
        pair.into_outcome()
    }
}

/// Who sent a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Sender {
    Client,
    Server,
}

/// How it ended at each end.
pub(crate) struct Outcome {
    pub(crate) client: Result<Option<Box<Finished>>, Error>,
    pub(crate) server: Result<Option<Box<Finished>>, Error>,
    pub(crate) hint: Option<Option<Vec<u8>>>,
    /// The types of all records that each end sent.
    pub(crate) client_sent: Vec<Vec<u8>>,
    pub(crate) server_sent: Vec<Vec<u8>>,
}

impl Outcome {
    pub(crate) fn both(self) -> (Box<Finished>, Box<Finished>) {
        let client = self.client.expect("the client").expect("done");
        (client, self.server.expect("the server").expect("done"))
    }

    pub(crate) fn codes(&self) -> (&'static str, &'static str) {
        let code = |end: &Result<Option<Box<Finished>>, Error>| match end {
            Ok(Some(_)) => "done",
            Ok(None) => "waits",
            Err(error) => error.code(),
        };
        (code(&self.client), code(&self.server))
    }

    pub(crate) fn is_open_at_both(&self) -> bool {
        matches!((&self.client, &self.server), (Ok(Some(_)), Ok(Some(_))))
    }
}

/// One end: the handshake, or what became of it.
struct End<H> {
    handshake: Option<H>,
    inbox: Vec<u8>,
    outcome: Result<Option<Box<Finished>>, Error>,
}

impl<H> End<H> {
    fn new() -> Self {
        Self {
            handshake: None,
            inbox: Vec::new(),
            outcome: Ok(None),
        }
    }
}

/// Two ends and the records on their way.
pub(crate) struct Pair {
    ends: Ends,
    client: End<ClientHandshake>,
    server: End<ServerHandshake>,
    reader: ClientHelloReader,
    on_the_way: VecDeque<(Sender, Vec<u8>)>,
    client_sent: Vec<Vec<u8>>,
    server_sent: Vec<Vec<u8>>,
    hint: Option<Option<Vec<u8>>>,
}

impl Pair {
    pub(crate) fn new(ends: &Ends) -> Self {
        let mut out = Vec::new();
        let config = Arc::new(ends.client.clone());
        let client = ClientHandshake::new(config, Duration::from_secs(1), &mut out).unwrap();
        let mut pair = Self {
            ends: ends.clone(),
            client: End::new(),
            server: End::new(),
            reader: ClientHelloReader::default(),
            on_the_way: VecDeque::new(),
            client_sent: Vec::new(),
            server_sent: Vec::new(),
            hint: None,
        };
        pair.client.handshake = Some(client);
        pair.send(Sender::Client, &out);
        pair
    }

    /// The next record that is on its way, plaintext messages one a record.
    pub(crate) fn next_record(&mut self) -> Option<(Sender, Vec<u8>)> {
        self.on_the_way.pop_front()
    }

    fn send(&mut self, from: Sender, wire: &[u8]) {
        for record in records(wire) {
            match from {
                Sender::Client => self.client_sent.push(record.clone()),
                Sender::Server => self.server_sent.push(record.clone()),
            }
            self.on_the_way.push_back((from, record));
        }
    }

    /// Gives one record to the end that it is for.
    pub(crate) fn deliver(&mut self, from: Sender, record: &[u8]) {
        match from {
            Sender::Client => self.deliver_to_server(record),
            Sender::Server => self.deliver_to_client(record),
        }
    }

    /// Whether an end is open: it would take application data now.
    pub(crate) fn is_open(&self, at: Sender) -> bool {
        let outcome = match at {
            Sender::Client => &self.client.outcome,
            Sender::Server => &self.server.outcome,
        };
        matches!(outcome, Ok(Some(_)))
    }

    pub(crate) fn has_failed(&self, at: Sender) -> bool {
        match at {
            Sender::Client => self.client.outcome.is_err(),
            Sender::Server => self.server.outcome.is_err(),
        }
    }

    fn deliver_to_client(&mut self, record: &[u8]) {
        let Some(handshake) = &mut self.client.handshake else {
            return;
        };
        let mut out = Vec::new();
        self.client.inbox.extend_from_slice(record);
        let (psk, hint) = (&self.ends.psk, &mut self.hint);
        self.client.outcome = drive(
            handshake,
            &mut self.client.inbox,
            &mut out,
            ClientHandshake::read,
            |handshake, question, out| {
                let Question::Hint(given) = question else {
                    panic!("a client is asked for a key: {question:?}")
                };
                *hint = Some(given);
                handshake.answer(psk.clone(), out)
            },
        );
        if !matches!(self.client.outcome, Ok(None)) {
            self.client.handshake = None;
        }
        self.send(Sender::Client, &out);
    }

    fn deliver_to_server(&mut self, record: &[u8]) {
        let mut out = Vec::new();
        if self.server.handshake.is_none() {
            if matches!(self.server.outcome, Ok(None)) {
                self.answer_hello(record, &mut out);
            }
            self.send(Sender::Server, &out);
            return;
        }
        let Some(handshake) = &mut self.server.handshake else {
            return;
        };
        self.server.inbox.extend_from_slice(record);
        let ends = &self.ends;
        self.server.outcome = drive(
            handshake,
            &mut self.server.inbox,
            &mut out,
            ServerHandshake::read,
            |handshake, question, out| {
                let Question::Identity(identity) = question else {
                    panic!("a server is asked for keys: {question:?}")
                };
                let known = identity == ends.known;
                let keys = if known { ends.keys.clone() } else { Vec::new() };
                handshake.answer(keys, out)
            },
        );
        if !matches!(self.server.outcome, Ok(None)) {
            self.server.handshake = None;
        }
        self.send(Sender::Server, &out);
    }

    fn answer_hello(&mut self, record: &[u8], out: &mut Vec<u8>) {
        let read = self.reader.read(record).map_err(Error::from);
        let begun = read.and_then(|progress| match progress {
            tls_wire::Progress::NeedMore(_) => Ok(None),
            tls_wire::Progress::Whole(whole) => {
                let hello = ClientHello::parse(whole.message)?;
                let config = Arc::new(self.ends.server.clone());
                ServerHandshake::tls12(config, &hello, out).map(Some)
            }
        });
        match begun {
            Ok(handshake) => self.server.handshake = handshake,
            Err(error) => self.server.outcome = Err(error),
        }
    }

    pub(crate) fn into_outcome(self) -> Outcome {
        Outcome {
            client: self.client.outcome,
            server: self.server.outcome,
            hint: self.hint,
            client_sent: self.client_sent,
            server_sent: self.server_sent,
        }
    }
}

/// Feeds a handshake until it wants more than there is.
pub(crate) fn drive<H>(
    handshake: &mut H,
    inbox: &mut Vec<u8>,
    out: &mut Vec<u8>,
    mut read: impl FnMut(&mut H, &mut [u8], &mut Vec<u8>) -> Result<Progress, Error>,
    mut answer: impl FnMut(&mut H, Question, &mut Vec<u8>) -> Result<Step, Error>,
) -> Result<Option<Box<Finished>>, Error> {
    loop {
        let Progress { consumed, mut step } = read(handshake, inbox, out)?;
        inbox.drain(..consumed);
        loop {
            match step {
                Step::Ask(question) => step = answer(handshake, question, out)?,
                Step::Done(finished) => return Ok(Some(finished)),
                Step::NeedBytes(_) => return Ok(None),
                Step::Continue => break,
            }
        }
        if inbox.is_empty() {
            return Ok(None);
        }
    }
}

/// Cuts what was written into records, and those of plaintext messages into one a message.
pub(crate) fn records(wire: &[u8]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    let mut rest = wire;
    let mut protected = false;
    while let Some(header) = RecordHeader::read(rest) {
        let (record, behind) = rest.split_at(header.wire_len());
        rest = behind;
        if header.content_type == ContentType::Handshake && !protected {
            let mut messages = &record[RecordHeader::LEN..];
            while let Some(message) = HandshakeHeader::read(messages) {
                let (message, behind) = messages.split_at(message.message_len());
                let mut own = RecordHeader {
                    length: message.len() as u16,
                    ..header
                }
                .encode()
                .to_vec();
                own.extend_from_slice(message);
                records.push(own);
                messages = behind;
            }
        } else {
            protected |= header.content_type == ContentType::ChangeCipherSpec;
            records.push(record.to_vec());
        }
    }
    records
}
