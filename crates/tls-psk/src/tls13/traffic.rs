//! From traffic secrets to protected records (RFC 8446, Section 7.3).

use rustls::KeyLog;
use tls_record::{Exporter, KeyLogLabel, RecordProtection, Role, TrafficKeys, TrafficSecrets};
use tls_wire::{CipherSuite, HashAlgorithm, ProtocolVersion};

use super::key_schedule::{HandshakeSecret, MasterSecret};
use crate::Error;
use crate::cipher_suites::PskSuite;
use crate::records::Records;
use crate::transcript::HashOutput;

/// The hash of a suite of ours.
pub(crate) fn hash(suite: CipherSuite) -> HashAlgorithm {
    suite.hash().unwrap_or(HashAlgorithm::Sha256)
}

/// What derives the keys of both directions, now and at each update.
fn secrets(suite: PskSuite, tx: &HashOutput, rx: &HashOutput) -> Result<TrafficSecrets, Error> {
    let (hash, aead) = (hash(suite.suite), suite.aead);
    Ok(TrafficSecrets::new(
        hash,
        aead,
        tx.as_bytes(),
        rx.as_bytes(),
    )?)
}

/// The keys under the present secrets: of what is sent, of what is received.
pub(crate) fn keys(secrets: &TrafficSecrets) -> Result<(TrafficKeys, TrafficKeys), Error> {
    secrets.keys().map_err(|_| Error::Provider {
        what: "the key schedule",
    })
}

/// Protects one direction.
pub(crate) fn protection(keys: &TrafficKeys) -> Result<RecordProtection, Error> {
    Ok(RecordProtection::new(ProtocolVersion::Tls13, keys)?)
}

/// Whoever logs keys, and the connection that they are of.
pub(crate) struct Log<'a> {
    pub(crate) key_log: Option<&'a dyn KeyLog>,
    pub(crate) client_random: &'a [u8; 32],
}

impl Log<'_> {
    fn secret(&self, label: KeyLogLabel, secret: &HashOutput) {
        let label = label.as_str();
        if let Some(key_log) = self.key_log.filter(|it| it.will_log(label)) {
            key_log.log(label, self.client_random, secret.as_bytes());
        }
    }
}

/// What protects the handshake, from the ServerHello on.
pub(crate) struct HandshakeTraffic {
    pub(crate) client: HashOutput,
    pub(crate) server: HashOutput,
}

impl HandshakeTraffic {
    /// `messages` is the hash up to the ServerHello.
    pub(crate) fn derive(
        secret: &HandshakeSecret,
        messages: &HashOutput,
        log: &Log<'_>,
    ) -> Result<Self, Error> {
        let client = secret.client_traffic(messages)?;
        let server = secret.server_traffic(messages)?;
        log.secret(KeyLogLabel::ClientHandshakeTrafficSecret, &client);
        log.secret(KeyLogLabel::ServerHandshakeTrafficSecret, &server);
        Ok(Self { client, server })
    }

    /// Protects both directions of `records`, as seen from `role`.
    pub(crate) fn protect(
        &self,
        role: Role,
        suite: PskSuite,
        records: &mut Records,
    ) -> Result<(), Error> {
        let secrets = match role {
            Role::Client => secrets(suite, &self.client, &self.server)?,
            Role::Server => secrets(suite, &self.server, &self.client)?,
        };
        let (tx, rx) = keys(&secrets)?;
        records.protect_tx(protection(&tx)?);
        records.protect_rx(protection(&rx)?)
    }
}

/// What protects the application's data, and what exporters start from.
pub(crate) struct ApplicationTraffic {
    pub(crate) client: HashOutput,
    pub(crate) server: HashOutput,
    /// Only where it is asked for.
    pub(crate) exporter: Option<HashOutput>,
}

impl ApplicationTraffic {
    /// `messages` is the hash up to the server's Finished.
    pub(crate) fn derive(
        secret: &MasterSecret,
        messages: &HashOutput,
        log: &Log<'_>,
        keep_exporter: bool,
    ) -> Result<Self, Error> {
        let client = secret.client_traffic(messages)?;
        let server = secret.server_traffic(messages)?;
        let exporter = secret.exporter(messages)?;
        log.secret(KeyLogLabel::ClientTrafficSecret0, &client);
        log.secret(KeyLogLabel::ServerTrafficSecret0, &server);
        log.secret(KeyLogLabel::ExporterSecret, &exporter);
        Ok(Self {
            client,
            server,
            exporter: keep_exporter.then_some(exporter),
        })
    }

    /// What derives the keys as seen from `role`, now and at each update.
    pub(crate) fn secrets(&self, role: Role, suite: PskSuite) -> Result<TrafficSecrets, Error> {
        match role {
            Role::Client => secrets(suite, &self.client, &self.server),
            Role::Server => secrets(suite, &self.server, &self.client),
        }
    }

    /// The exporter, where its secret was kept.
    pub(crate) fn exporter(&self, hash: HashAlgorithm) -> Result<Option<Exporter>, Error> {
        let exporter = self.exporter.as_ref();
        let exporter = exporter.map(|secret| Exporter::tls13(hash, secret.as_bytes()));
        Ok(exporter.transpose()?)
    }
}
