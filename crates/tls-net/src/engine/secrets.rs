//! The secrets of a handshake that outlive it, seen through rustls's key log.
//!
//! TLS 1.3 gives EXPORTER_SECRET, which is kept for exporters. TLS 1.2 gives the master secret,
//! which decrypts everything recorded: it is kept only where the context asked for exporters.

use std::sync::Arc;

use rustls::KeyLog;
use tls_record::Exporter;
use tls_wire::CipherSuite;
use zeroize::Zeroizing;

/// What one handshake reveals, and what is kept of it.
#[derive(Default)]
pub(crate) struct HandshakeSecrets {
    /// The client random of this connection; lines of any other are ignored.
    pub(crate) client_random: Option<[u8; 32]>,
    /// TLS 1.3, RFC 8446 Section 7.5.
    pub(crate) exporter_secret: Option<Zeroizing<Vec<u8>>>,
    /// TLS 1.3, RFC 8446 Section 7.2: the first application traffic secrets, only with
    /// `keep_traffic`.
    pub(crate) client_traffic: Option<Zeroizing<Vec<u8>>>,
    pub(crate) server_traffic: Option<Zeroizing<Vec<u8>>>,
    /// TLS 1.3, RFC 8446 Section 7.1: what protects the handshake itself, only with
    /// `keep_handshake`.
    pub(crate) client_handshake: Option<Zeroizing<Vec<u8>>>,
    pub(crate) server_handshake: Option<Zeroizing<Vec<u8>>>,
    /// TLS 1.2, RFC 5705: only with `keep_master`.
    pub(crate) master: Option<Zeroizing<Vec<u8>>>,
    /// Whether the context asked for exporters.
    pub(crate) keep_master: bool,
    /// Whether key updates will be ours.
    pub(crate) keep_traffic: bool,
    /// Whether early data was offered, which has to be told from the handshake.
    pub(crate) keep_handshake: bool,
    /// The application's own key log.
    pub(crate) key_log: Option<Arc<dyn KeyLog>>,
}

impl std::fmt::Debug for HandshakeSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HandshakeSecrets").finish_non_exhaustive()
    }
}

impl HandshakeSecrets {
    /// The exporter, where its secret was kept.
    pub(crate) fn exporter(
        &self,
        suite: CipherSuite,
        server_random: Option<[u8; 32]>,
    ) -> Option<Exporter> {
        let hash = suite.hash()?;
        if let Some(secret) = &self.exporter_secret {
            return Exporter::tls13(hash, secret).ok();
        }
        let master = self.master.as_ref()?;
        Exporter::tls12(hash, master, &self.client_random?, &server_random?).ok()
    }
}

/// The key log that stands in every configuration.
#[derive(Debug)]
pub(crate) struct SlotKeyLog;

impl KeyLog for SlotKeyLog {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        super::slot::secrets(|secrets| {
            // rustls calls with the random of the connection it works on: any other means that a
            // slot was left behind.
            let random = *secrets
                .client_random
                .get_or_insert_with(|| client_random.try_into().unwrap_or([0; 32]));
            if random[..] != *client_random {
                return;
            }
            match label {
                "EXPORTER_SECRET" => {
                    secrets.exporter_secret = Some(Zeroizing::new(secret.to_vec()));
                }
                "CLIENT_RANDOM" if secrets.keep_master => {
                    secrets.master = Some(Zeroizing::new(secret.to_vec()));
                }
                "CLIENT_TRAFFIC_SECRET_0" if secrets.keep_traffic => {
                    secrets.client_traffic = Some(Zeroizing::new(secret.to_vec()));
                }
                "SERVER_TRAFFIC_SECRET_0" if secrets.keep_traffic => {
                    secrets.server_traffic = Some(Zeroizing::new(secret.to_vec()));
                }
                "CLIENT_HANDSHAKE_TRAFFIC_SECRET" if secrets.keep_handshake => {
                    secrets.client_handshake = Some(Zeroizing::new(secret.to_vec()));
                }
                "SERVER_HANDSHAKE_TRAFFIC_SECRET" if secrets.keep_handshake => {
                    secrets.server_handshake = Some(Zeroizing::new(secret.to_vec()));
                }
                _ => {}
            }
            if let Some(log) = &secrets.key_log {
                log.log(label, client_random, secret);
            }
        });
    }

    fn will_log(&self, label: &str) -> bool {
        super::slot::secrets(|secrets| {
            secrets.key_log.is_some()
                || label == "EXPORTER_SECRET"
                || (label == "CLIENT_RANDOM" && secrets.keep_master)
                || (label.ends_with("TRAFFIC_SECRET_0") && secrets.keep_traffic)
                || (label.ends_with("HANDSHAKE_TRAFFIC_SECRET") && secrets.keep_handshake)
        })
        .unwrap_or(false)
    }
}
