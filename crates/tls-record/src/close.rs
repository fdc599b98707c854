//! How a connection ends: alerts, close_notify, and a stream that just stops.

use tls_wire::{Alert, AlertDescription, AlertLevel, ContentType};

use crate::Error;
use crate::open::Accepted;
use crate::record_layer::{RecordLayer, Version};

impl RecordLayer {
    /// Says that this side sends no more data. What was sealed before is not affected, and the peer
    /// may go on sending. Does nothing if the write side is closed already.
    pub fn queue_close_notify(&mut self) {
        self.control.queue_close_notify();
    }

    /// To be called when the byte stream has ended. Writing stays possible.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`] without a close_notify before: somebody on the way may have cut the
    /// data short (RFC 8446, Section 6.1). The error that ended the connection, if one did.
    pub fn end_of_stream(&self) -> Result<(), Error> {
        match self.failure {
            Some(failure) => Err(failure),
            None if self.read_closed => Ok(()),
            None => Err(Error::Truncated),
        }
    }

    /// Takes the content of an alert record.
    pub(crate) fn accept_alert(&mut self, content: &[u8]) -> Result<Accepted, Error> {
        if content.is_empty() {
            return Err(Error::EmptyFragment {
                content_type: ContentType::Alert.into(),
            });
        }
        // "A record with an Alert type MUST contain exactly one message" (RFC 8446, Section 5.1).
        let Ok(alert) = Alert::read(content) else {
            let length = u16::try_from(content.len()).unwrap_or(u16::MAX);
            return Err(Error::MalformedAlert { length });
        };
        match (alert.description, self.is_warning(alert)?) {
            (AlertDescription::CloseNotify, _) => {
                self.read_closed = true;
                Ok(Accepted::CloseNotify)
            }
            (_, true) => {
                self.floods.warning(&self.limits)?;
                Ok(Accepted::Control)
            }
            (description, false) => Err(Error::AlertReceived(description)),
        }
    }

    /// TLS 1.3 goes by the description: all but `close_notify` and `user_canceled` are errors
    /// "regardless of the AlertLevel" (RFC 8446, Section 6.2). TLS 1.2 goes by the level.
    fn is_warning(&self, alert: Alert) -> Result<bool, Error> {
        match (self.version, alert.level) {
            (Version::Tls13, _) => Ok(alert.description == AlertDescription::UserCanceled),
            (Version::Tls12, AlertLevel::Warning) => Ok(true),
            (Version::Tls12, AlertLevel::Fatal) => Ok(false),
            (Version::Tls12, unknown) => Err(Error::UnknownAlertLevel {
                level: unknown.into(),
            }),
        }
    }
}
