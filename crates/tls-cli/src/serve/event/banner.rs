//! What a server says first: where it listens, what it is, what to try.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::json;
use tls::context::SecureContext;

use crate::connection_report::CertificateReport;
use crate::names;
use crate::serve::sockets::Sockets;
use crate::settings::{Certificate, ServeSettings, Summary, Tickets};

/// The facts of a server that listens.
pub(super) struct Banner {
    addresses: Vec<SocketAddr>,
    taken: Option<SocketAddr>,
    protocols: String,
    /// `--echo`: no HTTP.
    echo: bool,
    certificate: Option<CertificateReport>,
    certificate_text: String,
    ca_file: Option<PathBuf>,
    sessions: Summary,
}

impl Banner {
    pub(super) fn new(settings: &ServeSettings, sockets: &Sockets) -> Self {
        Self {
            addresses: sockets.addresses().to_vec(),
            taken: sockets.taken(),
            protocols: protocols(&settings.context, settings.echo),
            echo: settings.echo,
            certificate: settings.certificate.leaf().map(CertificateReport::of),
            certificate_text: certificate_text(&settings.certificate),
            ca_file: settings.certificate.ca_file().map(Path::to_owned),
            sessions: settings.sessions.summary.clone(),
        }
    }

    /// Where a browser finds the server.
    pub(super) fn url(&self) -> String {
        self.addresses.first().copied().map(url).unwrap_or_default()
    }

    pub(super) fn to_json(&self) -> Vec<String> {
        let event = |(index, addr): (usize, &SocketAddr)| {
            let mut event = json!({
                "event": "listening",
                "addr": addr.to_string(),
                "service": "default",
                "pid": std::process::id(),
                "url": url(*addr),
                "taken": self.taken.map(|addr| addr.to_string()),
                "ca_file": self.ca_file,
                "certificate": self.certificate,
                "session_store": self.sessions.backend,
                "ticket_keys": self.sessions.tickets.as_str(),
                "ticket_rotation": self.sessions.tickets.period().map(|period| period.as_secs()),
                "early_data": self.sessions.early_data,
            });
            if let (0, Some(fields)) = (index, event.as_object_mut()) {
                fields.insert("v".to_owned(), json!(1));
            }
            event.to_string()
        };
        self.addresses.iter().enumerate().map(event).collect()
    }

    pub(super) fn to_text(&self) -> Vec<String> {
        let bold = anstyle::Style::new().bold();
        let mut lines = Vec::new();
        if let Some(taken) = self.taken {
            lines.push(format!(
                "{taken} is taken by another program; this is another free port"
            ));
        }
        for addr in &self.addresses {
            let (url, ip) = (url(*addr), addr.ip());
            lines.push(format!(
                "{bold}listening{bold:#}  {url}   ({ip}; {})",
                self.protocols
            ));
        }
        lines.push(format!(
            "{bold}certificate{bold:#}  {}",
            self.certificate_text
        ));
        lines.push(format!(
            "{bold}sessions{bold:#}  {}",
            sessions_text(&self.sessions)
        ));
        lines.push(format!("{bold}try{bold:#}"));
        lines.extend(
            self.suggestions()
                .into_iter()
                .map(|line| format!("  {line}")),
        );
        lines
    }

    fn suggestions(&self) -> Vec<String> {
        let place = self
            .addresses
            .first()
            .copied()
            .map(place)
            .unwrap_or_default();
        let ca = self.ca_file.as_deref().map(shell_word);
        let (curl_ca, openssl_ca) = match &ca {
            Some(file) => (format!("--cacert {file} "), format!(" -CAfile {file}")),
            None => Default::default(),
        };
        let mut lines = Vec::new();
        // curl has no pre-shared keys.
        if self.certificate.is_none() {
            lines.push(format!(
                "openssl s_client -connect {place} -psk_identity NAME -psk HEXKEY"
            ));
            lines.push(format!(
                "tls connect {place} --psk-identity NAME --psk-key @FILE"
            ));
            return lines;
        }
        if !self.echo {
            lines.push(format!("curl {curl_ca}https://{place}/connection.json"));
        }
        lines.push(format!("openssl s_client -connect {place}{openssl_ca}"));
        lines.push(format!("tls connect {place}"));
        lines
    }
}

fn protocols(context: &SecureContext, echo: bool) -> String {
    let versions = names::versions(context).join(" and ");
    let alpn: Vec<_> = context
        .alpn()
        .iter()
        .map(|name| String::from_utf8_lossy(name))
        .collect();
    let serves = if echo {
        "echo".to_owned()
    } else {
        alpn.join(", ")
    };
    let serves = if serves.is_empty() {
        "http/1.1".to_owned()
    } else {
        serves
    };
    format!("{versions}; {serves}; process {}", std::process::id())
}

fn certificate_text(certificate: &Certificate) -> String {
    let Some(leaf) = certificate.leaf() else {
        return "none: pre-shared keys only".to_owned();
    };
    let validity = names::validity(leaf.not_after);
    match certificate {
        Certificate::Development {
            ca_file,
            is_new,
            ca_name,
            ..
        } => {
            let new = if *is_new { "  (new)" } else { "" };
            format!(
                "dev CA \"{ca_name}\", {validity}   {}{new}",
                ca_file.display()
            )
        }
        Certificate::Files { .. } | Certificate::None => format!("{}, {validity}", leaf.subject),
    }
}

/// `redis, shared; ticket keys published, another every 1h`
fn sessions_text(sessions: &Summary) -> String {
    let store = match sessions.backend {
        "memory" => "in memory".to_owned(),
        backend => format!("in {backend}, shared"),
    };
    let keys = match sessions.tickets {
        Tickets::Off => "no tickets",
        Tickets::Given => "ticket keys as given",
        Tickets::Own(_) => "ticket keys of this process",
        Tickets::Published(_) => "ticket keys published",
        Tickets::ByClock(_) => "ticket keys by the clock",
    };
    let mut text = format!("{store}; {keys}");
    if let Some(period) = sessions.tickets.period() {
        let period = humantime::format_duration(period);
        text.push_str(&format!(", another every {period}"));
    }
    if sessions.early_data > 0 {
        let bytes = sessions.early_data;
        text.push_str(&format!("; up to {bytes} bytes of early data"));
    }
    text
}

/// `localhost` where that leads there.
fn place(addr: SocketAddr) -> String {
    if addr.ip() == std::net::Ipv4Addr::LOCALHOST || addr.ip().is_unspecified() {
        return format!("localhost:{}", addr.port());
    }
    addr.to_string()
}

fn url(addr: SocketAddr) -> String {
    match addr.port() {
        443 => format!("https://{}", place(addr).trim_end_matches(":443")),
        _ => format!("https://{}", place(addr)),
    }
}

/// A path as a shell takes it.
fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,@:".contains(c);
    if text.chars().all(is_plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_suggested_can_be_pasted() {
        for (addr, expected) in [
            ("127.0.0.1:8443", "https://localhost:8443"),
            ("0.0.0.0:443", "https://localhost"),
            ("[::1]:8443", "https://[::1]:8443"),
            ("192.0.2.1:1", "https://192.0.2.1:1"),
        ] {
            assert_eq!(url(addr.parse().unwrap()), expected);
        }
        assert_eq!(shell_word(Path::new("/a/b-c.pem")), "/a/b-c.pem");
        assert_eq!(shell_word(Path::new("/a b/it's")), "'/a b/it'\\''s'");
    }
}
