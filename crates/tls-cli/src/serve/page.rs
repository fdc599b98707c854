//! The page at `/`: the visitor's own connection. Every text of the peer is escaped.

mod html;

use std::fmt::Write;

use tls::net::ConnectionInfo;
use tls::wire::ClientHello;

use self::html::Escaped;
use super::site::offers;
use crate::connection_report::{ConnectionReport, resumption};
use crate::names;

/// Nothing is loaded and nothing runs; the style is in the page.
pub(super) const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const STYLE: &str = include_str!("page/style.css");

/// `early`: the request for this page came before the handshake was done.
pub(super) fn render(report: &ConnectionReport, info: &ConnectionInfo, early: bool) -> String {
    let version = info.protocol_version().map_or("TLS", names::version);
    let mut page = String::with_capacity(16 * 1024);
    // Writing to a String does not fail, here and below.
    let _ = write!(
        page,
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{version}: your connection</title><style>{STYLE}</style><main>\
         <h1>Your connection is <em>{version}</em></h1>\
         <p>What this server saw of it. As JSON: <a href=/connection.json>/connection.json</a>. \
         For a download: <a href=/bytes/1000000>/bytes/1000000</a>.</p>"
    );
    section(&mut page, "Negotiated", &negotiated(report, info, early));
    section(&mut page, "You", &visitor(report));
    if let Some(hello) = info.hello() {
        offered(&mut page, hello);
    }
    page.push_str("</main></html>\n");
    page
}

/// A line: what it is, the id under which tests find it, the value, a remark.
type Fact = (&'static str, &'static str, Option<String>, String);

fn negotiated(report: &ConnectionReport, info: &ConnectionInfo, early: bool) -> Vec<Fact> {
    let process = std::process::id().to_string();
    let maker = match report.session_maker.as_ref() {
        None => "this connection's own",
        Some(maker) if *maker == process => "this one",
        Some(_) => "another one of this service",
    };
    let remark = String::new;
    let how = if report.resumed {
        ""
    } else {
        "load the page anew over a new connection to resume"
    };
    vec![
        ("Version", "version", Some(report.version.clone()), remark()),
        (
            "Cipher suite",
            "cipher",
            Some(report.cipher.clone()),
            remark(),
        ),
        (
            "Key exchange",
            "group",
            report.group.clone(),
            group_remark(report).to_owned(),
        ),
        (
            "Server name",
            "server_name",
            report.server_name.clone(),
            remark(),
        ),
        ("Protocol (ALPN)", "alpn", report.alpn.clone(), remark()),
        (
            "Session",
            "session",
            Some(resumption(info.resumption())),
            how.to_owned(),
        ),
        (
            "Made by process",
            "session_maker",
            report.session_maker.clone(),
            maker.to_owned(),
        ),
        ("Served by process", "pid", Some(process), remark()),
        (
            "Early data",
            "early_data",
            Some(info.early_data().to_string()),
            if early { "this request was early" } else { "" }.to_owned(),
        ),
        ("Context", "context", Some(report.context.clone()), remark()),
        (
            "Handshake",
            "ms",
            Some(format!("{:.1} ms", report.ms)),
            remark(),
        ),
    ]
}

fn group_remark(report: &ConnectionReport) -> &'static str {
    match &report.group {
        Some(group) if group.contains("MLKEM") => "safe from quantum computers",
        None => "none: TLS 1.2 resumes without",
        _ => "",
    }
}

fn visitor(report: &ConnectionReport) -> Vec<Fact> {
    let certificate = report.certificate.as_ref();
    let verdict = match (certificate, report.authorized) {
        (None, _) => "",
        (Some(_), true) => "verified",
        (Some(_), false) => "not verified",
    };
    let mut facts = vec![
        ("Address", "peer", report.peer.clone(), String::new()),
        (
            "JA4",
            "ja4",
            report.ja4.clone(),
            "fingerprint of the hello".to_owned(),
        ),
        (
            "Pre-shared key",
            "psk_identity",
            report.psk_identity.clone(),
            String::new(),
        ),
        (
            "Certificate",
            "certificate",
            certificate.map(|c| c.subject.clone()),
            verdict.to_owned(),
        ),
    ];
    if let Some(certificate) = certificate {
        let fact = |title, id, text: &str| (title, id, Some(text.to_owned()), String::new());
        facts.push(fact("Issuer", "issuer", &certificate.issuer));
        facts.push(fact("Names", "names", &certificate.names.join(", ")));
        facts.push(fact("Until", "not_after", &certificate.not_after));
        facts.push(fact(
            "SHA-256",
            "fingerprint256",
            &certificate.fingerprint256,
        ));
    }
    facts
}

fn section(page: &mut String, title: &str, facts: &[Fact]) {
    let _ = write!(page, "<section><h2>{title}</h2><dl>");
    for (what, id, value, remark) in facts {
        let _ = write!(page, "<dt>{what}</dt><dd>");
        let _ = match value {
            Some(value) => write!(page, "<b id=\"{id}\">{}</b>", Escaped(value)),
            None => write!(page, "<i id=\"{id}\">none</i>"),
        };
        if !remark.is_empty() {
            let _ = write!(page, " <small>{remark}</small>");
        }
        page.push_str("</dd>");
    }
    page.push_str("</dl></section>");
}

/// Everything that the client offered, best first.
fn offered(page: &mut String, hello: &ClientHello) {
    let offers = offers(hello);
    page.push_str("<section><h2>Your client offered</h2><dl>");
    for (title, key) in [
        ("Versions", "versions"),
        ("Protocols", "alpn"),
        ("Groups", "groups"),
        ("Suites", "ciphers"),
    ] {
        let names = offers
            .get(key)
            .and_then(|names| names.as_array())
            .into_iter()
            .flatten();
        let _ = write!(page, "<dt>{title}</dt><dd><ul>");
        for name in names.filter_map(|name| name.as_str()) {
            let _ = write!(page, "<li>{}</li>", Escaped(name));
        }
        page.push_str("</ul></dd>");
    }
    page.push_str("</dl></section>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_a_peer_is_markup() {
        let hostile = "<script>\"'&\u{1b}";
        let mut page = String::new();
        section(
            &mut page,
            "x",
            &[("x", "x", Some(hostile.to_owned()), String::new())],
        );
        assert!(
            page.contains("&lt;script&gt;&quot;&#39;&amp;\\u{1b}"),
            "{page}"
        );
    }
}
