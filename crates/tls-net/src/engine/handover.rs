//! From a finished rustls handshake to our record layer.

use std::sync::Arc;

use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::kernel::KernelConnection;
use rustls::server::UnbufferedServerConnection;
use rustls::{ConnectionTrafficSecrets, SupportedCipherSuite};
use tls_record::{
    Aead, Established, KeyUpdateRefused, PostHandshake, Role, TicketRefused, TrafficKeys,
    TrafficSecrets,
};
use tls_wire::{CipherSuite, HashAlgorithm, ProtocolVersion};

use super::client_slot::{ClientSlot, SessionInbox};
use super::fenced;
use super::secrets::HandshakeSecrets;
use super::slot::{Slot, with_slot};
use crate::error::HandshakeErrorKind;

/// The record layer's keys of a finished server handshake.
///
/// TLS 1.3 keys are derived from the two traffic secrets that the key log showed: that takes a
/// quarter of the time in which rustls derives them once more, and nothing of rustls stays, whose
/// `KernelConnection` holds over a kilobyte. `ticket_records` is how many records of tickets went
/// out under the traffic keys.
pub(crate) fn server(
    connection: UnbufferedServerConnection,
    suite: SupportedCipherSuite,
    secrets: &HandshakeSecrets,
    ticket_records: u64,
) -> Result<Established, HandshakeErrorKind> {
    let version = version(suite.version().version);
    if version != ProtocolVersion::Tls13 {
        let (extracted, _) = connection
            .dangerous_into_kernel_connection()
            .map_err(HandshakeErrorKind::Engine)?;
        // TLS 1.2 has no key updates.
        return established(Role::Server, version, extracted, None);
    }
    let secrets = server_secrets(suite, secrets)?;
    let (tx, rx) = secrets.keys().map_err(|_| missing())?;
    debug_assert!(are_rustls_keys(connection, &tx, &rx, ticket_records));
    Ok(Established {
        role: Role::Server,
        version,
        tx,
        tx_sequence: ticket_records,
        rx,
        rx_sequence: 0,
        post_handshake: Some(Box::new(secrets)),
    })
}

/// In tests: rustls itself has these keys and sequence numbers.
fn are_rustls_keys(
    connection: UnbufferedServerConnection,
    tx: &TrafficKeys,
    rx: &TrafficKeys,
    ticket_records: u64,
) -> bool {
    let Ok((extracted, _)) = connection.dangerous_into_kernel_connection() else {
        return false;
    };
    let same = |theirs: &ConnectionTrafficSecrets, ours: &TrafficKeys| {
        traffic_keys(theirs).is_ok_and(|theirs| theirs.equals(ours))
    };
    (extracted.tx.0, extracted.rx.0) == (ticket_records, 0)
        && same(&extracted.tx.1, tx)
        && same(&extracted.rx.1, rx)
}

fn missing() -> HandshakeErrorKind {
    HandshakeErrorKind::Engine(rustls::Error::HandshakeNotComplete)
}

/// What derives a server's keys, now and at each update.
pub(crate) fn server_secrets(
    suite: SupportedCipherSuite,
    secrets: &HandshakeSecrets,
) -> Result<TrafficSecrets, HandshakeErrorKind> {
    let (hash, aead) = tls13_parameters(suite).ok_or_else(missing)?;
    let tx = secrets.server_traffic.as_ref().ok_or_else(missing)?;
    let rx = secrets.client_traffic.as_ref().ok_or_else(missing)?;
    TrafficSecrets::new(hash, aead, tx, rx).map_err(HandshakeErrorKind::Record)
}

/// What a suite of TLS 1.3 derives and protects with.
pub(crate) fn tls13_parameters(suite: SupportedCipherSuite) -> Option<(HashAlgorithm, Aead)> {
    let suite = CipherSuite(u16::from(suite.suite()));
    let aead = match suite {
        CipherSuite::TLS_AES_128_GCM_SHA256 => Aead::Aes128Gcm,
        CipherSuite::TLS_AES_256_GCM_SHA384 => Aead::Aes256Gcm,
        CipherSuite::TLS_CHACHA20_POLY1305_SHA256 => Aead::ChaCha20Poly1305,
        _ => return None,
    };
    Some((suite.hash()?, aead))
}

/// The record layer's keys of a finished client handshake. Tickets that come later go to `inbox`.
pub(crate) fn client(
    connection: UnbufferedClientConnection,
    inbox: &Arc<SessionInbox>,
) -> Result<Established, HandshakeErrorKind> {
    let (secrets, kernel) = connection
        .dangerous_into_kernel_connection()
        .map_err(HandshakeErrorKind::Engine)?;
    let version = version(kernel.protocol_version());
    let post_handshake = (version == ProtocolVersion::Tls13).then(|| {
        Box::new(ClientKernel {
            kernel,
            inbox: inbox.clone(),
        }) as Box<dyn PostHandshake>
    });
    established(Role::Client, version, secrets, post_handshake)
}

fn version(version: rustls::ProtocolVersion) -> ProtocolVersion {
    ProtocolVersion::from(u16::from(version))
}

fn established(
    role: Role,
    version: ProtocolVersion,
    secrets: rustls::ExtractedSecrets,
    post_handshake: Option<Box<dyn PostHandshake>>,
) -> Result<Established, HandshakeErrorKind> {
    // The numbers are rustls's: 1.2 begins at 1, a 1.3 server has spent one per ticket record.
    let (tx_sequence, tx) = secrets.tx;
    let (rx_sequence, rx) = secrets.rx;
    Ok(Established {
        role,
        version,
        tx: traffic_keys(&tx).map_err(HandshakeErrorKind::Record)?,
        tx_sequence,
        rx: traffic_keys(&rx).map_err(HandshakeErrorKind::Record)?,
        rx_sequence,
        post_handshake,
    })
}

fn traffic_keys(secrets: &ConnectionTrafficSecrets) -> Result<TrafficKeys, tls_record::Error> {
    let (aead, key, iv) = match secrets {
        ConnectionTrafficSecrets::Aes128Gcm { key, iv } => (Aead::Aes128Gcm, key, iv),
        ConnectionTrafficSecrets::Aes256Gcm { key, iv } => (Aead::Aes256Gcm, key, iv),
        ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv } => (Aead::ChaCha20Poly1305, key, iv),
        _ => return Err(UNKNOWN_AEAD),
    };
    let iv = iv.as_ref().try_into().map_err(|_| UNKNOWN_AEAD)?;
    TrafficKeys::new(aead, key.as_ref(), iv)
}

/// rustls has these three AEADs, all with nonces of 12 bytes; one more would need our support.
const UNKNOWN_AEAD: tls_record::Error = tls_record::Error::KeyLength {
    expected: 0,
    actual: 0,
};

fn next_keys(
    update: impl FnOnce() -> Result<(u64, ConnectionTrafficSecrets), rustls::Error>,
) -> Result<TrafficKeys, KeyUpdateRefused> {
    let (_, secrets) = fenced(update)
        .and_then(Result::ok)
        .ok_or(KeyUpdateRefused)?;
    traffic_keys(&secrets).map_err(|_| KeyUpdateRefused)
}

struct ClientKernel {
    kernel: KernelConnection<ClientConnectionData>,
    inbox: Arc<SessionInbox>,
}

impl PostHandshake for ClientKernel {
    fn next_tx_keys(&mut self) -> Result<TrafficKeys, KeyUpdateRefused> {
        next_keys(|| self.kernel.update_tx_secret())
    }

    fn next_rx_keys(&mut self) -> Result<TrafficKeys, KeyUpdateRefused> {
        next_keys(|| self.kernel.update_rx_secret())
    }

    fn new_session_ticket(&mut self, body: &[u8]) -> Result<(), TicketRefused> {
        let slot = ClientSlot {
            inbox: self.inbox.clone(),
            ..ClientSlot::default()
        };
        let mut slot = Some(Slot::Client(Box::new(slot)));
        with_slot(&mut slot, || {
            fenced(|| self.kernel.handle_new_session_ticket(body))
        })
        .and_then(Result::ok)
        .ok_or(TicketRefused)
    }
}
