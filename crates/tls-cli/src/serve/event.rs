//! What a server says while it runs: a banner and lines for people, or JSON.

use std::net::SocketAddr;
use std::path::Path;

use serde::Serialize;
use serde_json::json;
use tls::net::{ConnectionInfo, HandshakeError, HandshakeErrorKind};
use tls::ocsp::StapleReport;
use tls::wire::FirstBytes;

use super::sockets::Sockets;
use crate::connection_report::{ConnectionReport, resumption};
use crate::error::Result;
use crate::names::{self, Printable};
use crate::output::Output;
use crate::settings::{ServeSettings, Summary};

mod banner;
mod staple;
mod store;

pub(super) use self::staple::watch_staples;
pub(super) use self::store::watch_start;

/// Says what happens.
pub(super) struct Reporter {
    output: Output,
    json: bool,
    banner: banner::Banner,
    sessions: Summary,
    store_said: store::Said,
}

/// The JSON of a failed handshake.
#[derive(Serialize)]
struct Failure<'a> {
    event: &'static str,
    peer: Option<String>,
    server_name: Option<&'a str>,
    code: &'static str,
    node_code: Option<&'static str>,
    phase: &'static str,
    fault: &'static str,
    alert: Option<String>,
    subject: Option<&'a str>,
    message: String,
    hint: &'a str,
    ms: f64,
}

/// The JSON of a finished handshake.
#[derive(Serialize)]
struct Handshake {
    event: &'static str,
    #[serde(flatten)]
    report: ConnectionReport,
}

impl Reporter {
    pub(super) fn new(output: Output, settings: &ServeSettings, sockets: &Sockets) -> Self {
        let banner = banner::Banner::new(settings, sockets);
        Self {
            output,
            json: settings.json,
            banner,
            sessions: settings.sessions.summary.clone(),
            store_said: store::Said::default(),
        }
    }

    pub(super) fn listening(&self) {
        let lines = if self.json {
            self.banner.to_json()
        } else {
            self.banner.to_text()
        };
        for line in lines {
            self.output.line(line);
        }
    }

    pub(super) fn handshake(&self, info: &ConnectionInfo) {
        let report = ConnectionReport::of(info);
        self.output.line(if self.json {
            json!(Handshake {
                event: "handshake",
                report
            })
            .to_string()
        } else {
            handshake_line(info, &report)
        });
    }

    pub(super) fn failure(&self, error: &HandshakeError) {
        self.output.line(if self.json {
            json!(Failure::of(error)).to_string()
        } else {
            self.failure_line(error)
        });
    }

    pub(super) fn drained(&self, completed: usize, cut: usize) {
        self.output.line(if self.json {
            json!({"event": "drained", "completed": completed, "cut": cut}).to_string()
        } else {
            format!("drained  {completed} connections ended, {cut} cut")
        });
    }

    /// A staple came, changed, or can't be had.
    fn staple(&self, report: &StapleReport) {
        self.output.line(if self.json {
            staple::to_json(report).to_string()
        } else {
            staple::to_text(report)
        });
    }

    /// A file was read again, or can't be used as it is now.
    pub(super) fn reloaded(&self, file: &Path, outcome: &Result<()>) {
        let file = file.display();
        let time = names::time_of_day();
        self.output.line(match (self.json, outcome) {
            (true, Ok(())) => json!({"event": "reloaded", "what": file.to_string()}).to_string(),
            (true, Err(error)) => {
                let (code, message, hint) = (error.code(), error.to_string(), error.hint());
                json!({"event": "reload_failed", "what": file.to_string(), "code": code,
                    "message": message, "hint": hint})
                .to_string()
            }
            (false, Ok(())) => format!("{time}  read {file} again"),
            (false, Err(error)) => {
                let red = anstyle::AnsiColor::Red.on_default();
                format!("{time}  {red}not reloaded, the old stays in use{red:#}: {error}")
            }
        });
    }

    fn failure_line(&self, error: &HandshakeError) -> String {
        let red = anstyle::AnsiColor::Red.on_default();
        let hint = match error.kind() {
            HandshakeErrorKind::NotTls {
                looks_like: FirstBytes::Http,
                ..
            } => {
                format!("Use {}/", self.banner.url())
            }
            _ => error.hint().to_owned(),
        };
        let who = peer(error.peer_addr());
        let what = error.to_string();
        format!(
            "{}  {who}  {red}{}{red:#}. {hint}",
            names::time_of_day(),
            Printable(&what)
        )
    }
}

impl<'a> Failure<'a> {
    fn of(error: &'a HandshakeError) -> Self {
        Self {
            event: "failure",
            peer: error.peer_addr().map(|addr| addr.to_string()),
            server_name: error.server_name(),
            code: error.code(),
            node_code: error.node_code(),
            phase: error.phase().as_str(),
            fault: error.fault().as_str(),
            alert: error.alert_sent().map(|alert| alert.name().to_string()),
            subject: error.certificate().map(|refusal| refusal.subject.as_str()),
            message: error.to_string(),
            hint: error.hint(),
            ms: crate::connection_report::milliseconds(error.elapsed()),
        }
    }
}

/// `12:04:11  127.0.0.1:51234  TLS 1.3  X25519MLKEM768  h2  full: first visit   1.9 ms`
fn handshake_line(info: &ConnectionInfo, report: &ConnectionReport) -> String {
    let version = info.protocol_version().map_or("TLS", names::version);
    let group = report.group.as_deref().unwrap_or("-");
    let alpn = report.alpn.as_deref().unwrap_or("-");
    let who = peer(info.peer_addr());
    let session = resumption(info.resumption());
    let green = anstyle::AnsiColor::Green.on_default();
    let session = if report.resumed {
        format!("{green}{session:<22}{green:#}")
    } else {
        format!("{session:<22}")
    };
    let mut line = format!(
        "{}  {who}  {version}  {group:<14}  {:<8}  {session}  {:>5.1} ms",
        names::time_of_day(),
        Printable(alpn).to_string(),
        report.ms
    );
    let subject = report.certificate.as_ref().map(|one| &one.subject);
    if let Some(who) = report.psk_identity.as_ref().or(subject) {
        line.push_str("  ");
        line.push_str(who);
    }
    line
}

fn peer(addr: Option<SocketAddr>) -> String {
    addr.map_or_else(|| "-".to_owned(), |addr| addr.to_string())
}
