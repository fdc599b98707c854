//! Reads the ClientHello, whatever its fragments, under a deadline and a limit on how many wait.

use tls_wire::{AlertDescription, ClientHello, ClientHelloReader, Progress};
use tokio::io::{AsyncRead, AsyncWrite};

use super::Incoming;
use crate::error::{HandshakeErrorKind, Phase};
use crate::refused::Refused;
use crate::wire::Wire;

pub(crate) async fn read<IO>(
    incoming: &Incoming<'_>,
    wire: &mut Wire<IO>,
) -> Result<ClientHello, Refused>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let mut place = incoming.shared.admission.pend();
    let mut reader = ClientHelloReader::default();
    loop {
        if !wire.received().is_empty() {
            let received = wire.received().len();
            match reader.read(wire.received()).map_err(refused)? {
                Progress::Whole(hello) => {
                    wire.consume(hello.consumed);
                    return ClientHello::parse(hello.message).map_err(refused);
                }
                // The reader keeps the content: a slow client holds no buffer of the pool.
                Progress::NeedMore(_) => wire.consume(received),
            }
        }
        tokio::select! {
            biased;
            filled = wire.fill() => filled.map_err(|kind| transport_refused(kind, wire))?,
            () = place.evicted() => {
                let kind = HandshakeErrorKind::TooManyPending;
                return Err(Refused::silently(kind, Phase::Hello));
            }
        }
    }
}

fn transport_refused<IO>(kind: HandshakeErrorKind, wire: &Wire<IO>) -> Refused
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let kind = match kind {
        HandshakeErrorKind::HandshakeTimeout(_) => HandshakeErrorKind::HelloTimeout(wire.limit()),
        kind => kind,
    };
    Refused::silently(kind, Phase::Hello)
}

fn refused(error: tls_wire::Error) -> Refused {
    let alert: Option<AlertDescription> = error.alert();
    let kind = match error {
        tls_wire::Error::NotTls {
            first_bytes,
            first_line,
        } => HandshakeErrorKind::NotTls {
            looks_like: first_bytes,
            excerpt: first_line,
        },
        error => HandshakeErrorKind::InvalidHello(error),
    };
    match alert {
        Some(alert) => Refused::with_alert(kind, Phase::Hello, alert),
        None => Refused::silently(kind, Phase::Hello),
    }
}
