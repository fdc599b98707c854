//! Why a connection ended before its handshake was done, and what the peer is to hear.

use tls_wire::AlertDescription;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::{HandshakeError, HandshakeErrorKind, Phase};
use crate::wire::Wire;

/// Why a step ended the connection, and what the peer is to hear.
pub(crate) struct Refused {
    pub(crate) kind: HandshakeErrorKind,
    pub(crate) phase: Phase,
    pub(crate) farewell: Farewell,
}

/// The last thing a peer hears.
pub(crate) enum Farewell {
    /// Nothing: it is gone, or would not understand.
    Nothing,
    /// A plaintext alert: nothing is encrypted yet.
    Alert(AlertDescription),
    /// Bytes that an engine made, with the alert in them.
    Flight(Vec<u8>, Option<AlertDescription>),
}

impl Refused {
    pub(crate) fn silently(kind: HandshakeErrorKind, phase: Phase) -> Self {
        Self {
            kind,
            phase,
            farewell: Farewell::Nothing,
        }
    }

    pub(crate) fn with_alert(
        kind: HandshakeErrorKind,
        phase: Phase,
        alert: AlertDescription,
    ) -> Self {
        Self {
            kind,
            phase,
            farewell: Farewell::Alert(alert),
        }
    }

    /// Tells the peer, closes the transport, and makes the report.
    pub(crate) async fn tell<IO>(self, wire: Wire<IO>) -> HandshakeError
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let alert = match self.farewell {
            Farewell::Nothing => None,
            Farewell::Alert(alert) => {
                wire.farewell(&alert_record(alert)).await;
                Some(alert)
            }
            Farewell::Flight(flight, alert) => {
                wire.farewell(&flight).await;
                alert
            }
        };
        HandshakeError::new(self.kind, self.phase).with_alert(alert)
    }
}

/// A fatal alert in a plaintext record (RFC 8446, Section 6).
fn alert_record(alert: AlertDescription) -> [u8; 7] {
    [21, 3, 3, 0, 2, 2, alert.into()]
}
