//! Contexts from the shared PKI, transports chosen by value, and failures collected.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use rustls::SupportedProtocolVersion;
use tls_certs::{Identity, Trust};
use tls_context::{SecureContext, SecureContextBuilder};
use tls_net::{AcceptorBuilder, Fault, HandshakeError, Phase};
use tls_testing::transport::{OneByte, Segments};
use tls_testing::{Leaf, Pki};
use tls_wire::ProtocolVersion;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

pub fn identity(leaf: &Leaf) -> Identity {
    Identity::from_pem(leaf.chain_pem().as_bytes(), leaf.key_pem().as_bytes()).unwrap()
}

pub fn trust() -> Trust {
    Trust::from_pem(Pki::shared().root.pem().as_bytes()).unwrap()
}

pub fn server() -> SecureContextBuilder {
    SecureContext::server(identity(&Pki::shared().server))
}

pub fn client(version: ProtocolVersion) -> SecureContextBuilder {
    SecureContext::client(trust())
        .min_version(version)
        .max_version(version)
}

pub fn rustls_version(version: ProtocolVersion) -> &'static SupportedProtocolVersion {
    match version {
        ProtocolVersion::Tls12 => &rustls::version::TLS12,
        _ => &rustls::version::TLS13,
    }
}

/// What is kept of a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    pub code: &'static str,
    pub phase: Phase,
    pub fault: Fault,
    pub alert: Option<u8>,
    pub server_name: Option<String>,
}

impl From<&HandshakeError> for Failed {
    fn from(error: &HandshakeError) -> Self {
        assert!(!error.hint().is_empty(), "no hint for {}", error.code());
        assert!(
            !error.to_string().is_empty(),
            "no message for {}",
            error.code()
        );
        Self {
            code: error.code(),
            phase: error.phase(),
            fault: error.fault(),
            alert: error.alert_sent().map(u8::from),
            server_name: error.server_name().map(str::to_owned),
        }
    }
}

/// Failures that `on_failure` was told.
#[derive(Clone, Default)]
pub struct Failures(Arc<Mutex<Vec<Failed>>>);

impl Failures {
    pub fn heard_by(&self, builder: AcceptorBuilder) -> AcceptorBuilder {
        let failures = self.0.clone();
        builder.on_failure(move |error| failures.lock().unwrap().push(error.into()))
    }

    pub fn codes(&self) -> Vec<&'static str> {
        self.0
            .lock()
            .unwrap()
            .iter()
            .map(|failed| failed.code)
            .collect()
    }

    pub fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub fn take(&self) -> Vec<Failed> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// The only one.
    #[track_caller]
    pub fn only(&self) -> Failed {
        let mut failures = self.take();
        assert_eq!(failures.len(), 1, "on_failure is called once: {failures:?}");
        failures.remove(0)
    }
}

/// How reads are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    Whole,
    Bytes37,
    OneByte,
}

/// A duplex stream whose reads are cut.
pub enum Transport {
    Whole(DuplexStream),
    Segments(Segments<DuplexStream>),
    OneByte(OneByte<DuplexStream>),
}

impl Transport {
    pub fn new(io: DuplexStream, cut: Cut) -> Self {
        match cut {
            Cut::Whole => Self::Whole(io),
            Cut::Bytes37 => Self::Segments(Segments::new(io, std::iter::repeat_n(37, 10_000))),
            Cut::OneByte => Self::OneByte(OneByte::new(io)),
        }
    }
}

macro_rules! each {
    ($self:expr, $io:ident => $call:expr) => {
        match $self.get_mut() {
            Transport::Whole($io) => $call,
            Transport::Segments($io) => $call,
            Transport::OneByte($io) => $call,
        }
    };
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        each!(self, io => Pin::new(io).poll_read(cx, out))
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        each!(self, io => Pin::new(io).poll_write(cx, data))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        each!(self, io => Pin::new(io).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        each!(self, io => Pin::new(io).poll_shutdown(cx))
    }
}

/// Under the paused clock: this much time passes as soon as nobody has anything else to do.
pub async fn pass(time: std::time::Duration) {
    let never = std::future::pending::<()>();
    assert!(tokio::time::timeout(time, never).await.is_err());
}
