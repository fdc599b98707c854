//! What `tls connect` says on standard error: what was offered and negotiated, and the verdict.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tls::net::{ConnectError, ConnectionInfo};
use tls::ocsp::StapleVerdict;
use tls::rustls::crypto::SupportedKxGroup;
use tls::rustls::pki_types::ServerName;

use crate::connection_report::{ConnectionReport, milliseconds, resumption};
use crate::message;
use crate::names::{self, Printable};
use crate::settings::ConnectSettings;

/// The verdict on a chain that was accepted, as OpenSSL words it.
const OK: &str = "OK";

/// Says the facts, as lines or as JSON.
pub(super) struct Facts<'a> {
    settings: &'a ConnectSettings,
    /// What was offered is told once.
    offer_is_told: bool,
}

impl<'a> Facts<'a> {
    pub(super) fn new(settings: &'a ConnectSettings) -> Self {
        Self {
            settings,
            offer_is_told: false,
        }
    }

    /// `total` is the time from the look-up of the name to the finished handshake.
    pub(super) fn connected(&mut self, info: &ConnectionInfo, total: Duration) {
        let tcp = total.saturating_sub(info.handshake_duration());
        self.reached(info.peer_addr(), tcp);
        let report = ConnectionReport::of(info);
        if self.settings.json {
            return event(&handshake(info, &report));
        }
        let version = info.protocol_version().map_or("TLS", names::version);
        let rest = [report.group.as_deref(), report.alpn.as_deref()]
            .into_iter()
            .flatten();
        let rest: String = rest.map(|name| format!("  {}", Printable(name))).collect();
        line(
            "negotiated",
            &format!("{version}  {}{rest}   {:.1} ms", report.cipher, report.ms),
        );
        if self.settings.psk_identity.is_some() && report.psk_identity.is_none() {
            line("key", "not taken: connected anew, without it");
        }
        line("session", &resumption(info.resumption()));
        self.staple(info);
        self.verdict(info, &report);
    }

    /// The server was reached, but the handshake failed; the error itself is told elsewhere.
    pub(super) fn failed(&mut self, error: &ConnectError, total: Duration) {
        let Some(handshake) = error.handshake() else {
            return;
        };
        self.reached(
            handshake.peer_addr(),
            total.saturating_sub(handshake.elapsed()),
        );
    }

    fn reached(&mut self, peer: Option<SocketAddr>, tcp: Duration) {
        let peer = peer.map_or_else(|| self.settings.address.clone(), |addr| addr.to_string());
        let is_first = !std::mem::replace(&mut self.offer_is_told, true);
        if self.settings.json {
            let mut connected =
                json!({"event": "connected", "peer": peer, "ms": milliseconds(tcp)});
            if let (true, Some(fields)) = (is_first, connected.as_object_mut()) {
                fields.insert("v".to_owned(), json!(1));
            }
            return event(&connected);
        }
        line(
            "connected",
            &format!("{peer} in {:.1} ms", milliseconds(tcp)),
        );
        if is_first {
            line("offered", &self.offered());
        }
    }

    fn offered(&self) -> String {
        let context = &self.settings.context;
        let versions = names::versions(context).join(", ");
        // Hybrid groups are for TLS 1.3 alone.
        let goes_with = |group: &&dyn SupportedKxGroup| {
            let mut versions = context.versions().iter();
            versions.any(|it| group.usable_for_version(it.version))
        };
        let groups = context.provider().kx_groups.iter().copied();
        let groups = groups
            .filter(goes_with)
            .map(|group| names::group(group.name()));
        let mut parts = vec![versions, groups.collect::<Vec<_>>().join(", ")];
        if !context.alpn().is_empty() {
            let alpn: Vec<_> = context
                .alpn()
                .iter()
                .map(|name| String::from_utf8_lossy(name))
                .collect();
            parts.push(alpn.join(", "));
        }
        // RFC 6066, Section 3: no IP addresses.
        if let ServerName::DnsName(name) = &self.settings.server_name {
            parts.push(format!("SNI {}", name.as_ref()));
        }
        if let Some(identity) = &self.settings.psk_identity {
            parts.push(format!("key of \"{}\"", Printable(identity)));
        }
        parts.join("; ")
    }

    /// What the server's OCSP staple says; that there is none only if that was asked.
    fn staple(&self, info: &ConnectionInfo) {
        let absent = StapleVerdict::Absent;
        let verdict = match info.staple_verdict() {
            Some(StapleVerdict::Absent) | None if !self.settings.request_ocsp => return,
            verdict => verdict.unwrap_or(&absent),
        };
        line("staple", &verdict.to_string());
    }

    fn verdict(&self, info: &ConnectionInfo, report: &ConnectionReport) {
        if let Some(refusal) = info.authorization_error() {
            let text = message::refused(
                refusal,
                "the server's own",
                ", accepted all the same: --insecure",
            );
            let _ = anstream::stderr().lock().write_all(text.as_bytes());
            return;
        }
        if let Some(identity) = &report.psk_identity {
            let green = anstyle::AnsiColor::Green.on_default();
            let text = format!("{green}{OK}{green:#}  by the pre-shared key of \"{identity}\"");
            return line("verified", &text);
        }
        let Some(certificate) = &report.certificate else {
            return;
        };
        let (subject, issuer) = (&certificate.subject, &certificate.issuer);
        let not_after = info
            .peer()
            .certificate()
            .map_or(0, |summary| summary.not_after);
        let validity = names::validity(not_after);
        let green = anstyle::AnsiColor::Green.on_default();
        line(
            "verified",
            &format!("{green}{OK}{green:#}  {subject}, issued by {issuer}, {validity}"),
        );
    }
}

fn handshake(info: &ConnectionInfo, report: &ConnectionReport) -> Value {
    let mut value = json!(report);
    if let Some(fields) = value.as_object_mut() {
        let refusal = info.authorization_error();
        let code = refusal.map_or(OK, |refusal| refusal.code());
        fields.insert("event".to_owned(), json!("handshake"));
        let staple = info.staple_verdict().map(StapleVerdict::code);
        fields.insert("staple".to_owned(), json!(staple));
        fields.insert("verify_code".to_owned(), json!(code));
        fields.insert(
            "refusal".to_owned(),
            json!(refusal.map(message::refused_json)),
        );
    }
    value
}

fn event(event: &Value) {
    // Who can't be told can't be told that either.
    let _ = writeln!(std::io::stderr().lock(), "{event}");
}

fn line(label: &str, text: &str) {
    let bold = anstyle::Style::new().bold();
    let _ = writeln!(
        anstream::stderr().lock(),
        "{bold}{label:<12}{bold:#} {text}"
    );
}
