//! What is told of a connection: the same facts for the page, the JSON and the lines.

use serde::Serialize;
use tls::certs::CertificateSummary;
use tls::net::{ConnectionInfo, Resumption};
use tls::sessions::NotResumed;

use crate::names;

/// The facts of a connection. Texts of the peer are as it sent them: who shows them, escapes them.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ConnectionReport {
    pub(crate) peer: Option<String>,
    pub(crate) server_name: Option<String>,
    /// The context: `default`, or the name or pattern that it is for.
    pub(crate) context: String,
    /// Which rule chose it.
    pub(crate) rule: String,
    pub(crate) version: String,
    pub(crate) cipher: String,
    pub(crate) group: Option<String>,
    pub(crate) alpn: Option<String>,
    pub(crate) resumed: bool,
    pub(crate) why_full: Option<&'static str>,
    /// The process that made the resumed session.
    pub(crate) session_maker: Option<String>,
    /// What became of bytes before the handshake was done.
    pub(crate) early_data: &'static str,
    pub(crate) ms: f64,
    pub(crate) generation: u64,
    pub(crate) authorized: bool,
    pub(crate) certificate: Option<CertificateReport>,
    /// Whose pre-shared key proved both ends.
    pub(crate) psk_identity: Option<String>,
    pub(crate) ja4: Option<String>,
}

impl ConnectionReport {
    pub(crate) fn of(info: &ConnectionInfo) -> Self {
        let resumption = info.resumption();
        let rule = info.context_rule().to_string();
        Self {
            peer: info.peer_addr().map(|addr| addr.to_string()),
            server_name: info.server_name().map(str::to_owned),
            context: rule.clone(),
            rule,
            version: info
                .protocol_version()
                .map(names::node_version)
                .unwrap_or_default(),
            cipher: names::suite(info.cipher_suite()),
            group: info.negotiated_key_exchange_group().map(names::group),
            alpn: info
                .alpn_protocol()
                .map(|name| String::from_utf8_lossy(name).into_owned()),
            resumed: resumption.is_resumed(),
            why_full: why_full(resumption),
            session_maker: info.session_maker().map(str::to_owned),
            early_data: info.early_data().as_str(),
            ms: milliseconds(info.handshake_duration()),
            generation: info.generation(),
            authorized: info.authorized(),
            certificate: info.peer().certificate().map(CertificateReport::of),
            psk_identity: info.psk_identity().map(ToString::to_string),
            ja4: info.hello().map(tls::wire::ClientHello::ja4),
        }
    }
}

/// What is told of a certificate. The texts are bounded and escaped already.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct CertificateReport {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    pub(crate) serial: String,
    pub(crate) names: Vec<String>,
    pub(crate) not_before: String,
    pub(crate) not_after: String,
    pub(crate) key: String,
    pub(crate) is_ca: bool,
    pub(crate) fingerprint256: String,
}

impl CertificateReport {
    pub(crate) fn of(summary: &CertificateSummary) -> Self {
        let bits = summary
            .key_bits
            .map(|bits| format!(" {bits} bits"))
            .unwrap_or_default();
        Self {
            subject: summary.subject.clone(),
            issuer: summary.issuer.clone(),
            serial: summary.serial.clone(),
            names: summary.display_names(),
            not_before: summary.not_before_text(),
            not_after: summary.not_after_text(),
            key: format!("{}{bits}", summary.key_kind),
            is_ca: summary.is_ca,
            fingerprint256: summary.fingerprint256.clone(),
        }
    }
}

/// `resumed (ticket)`, or why not.
pub(crate) fn resumption(resumption: Resumption) -> String {
    match resumption {
        Resumption::Full(NotResumed::NoSessionOffered) => "full: first visit".to_owned(),
        Resumption::Full(reason) => format!("full: {}", reason.code().replace('_', " ")),
        resumed => resumed.to_string(),
    }
}

pub(crate) fn why_full(resumption: Resumption) -> Option<&'static str> {
    match resumption {
        Resumption::Full(reason) => Some(reason.code()),
        _ => None,
    }
}

/// Milliseconds with one digit behind the point.
pub(crate) fn milliseconds(duration: std::time::Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}
