//! What this side owes the peer beside data: KeyUpdates, refusals to renegotiate, alerts.

use tls_wire::AlertDescription;

/// One record that is neither data nor a fragment of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ControlRecord {
    /// TLS 1.3.
    KeyUpdate {
        /// Whether the peer shall update its keys, too.
        request: bool,
    },
    /// TLS 1.2: a warning that answers a HelloRequest or ClientHello.
    NoRenegotiation,
    /// close_notify or a fatal alert: the last record of this side.
    Last(AlertDescription),
}

/// Where the write side stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum WriteSide {
    #[default]
    Open,
    /// The alert waits to be sealed.
    Closing(AlertDescription),
    /// Nothing follows any more.
    Closed,
}

/// The records that wait, in the order in which they go out. Flags and a counter, not a queue:
/// answers to KeyUpdates coalesce (RFC 8446, Section 4.6.3), so nothing here grows.
#[derive(Debug, Default)]
pub(crate) struct PendingControl {
    key_update_request: bool,
    key_update: bool,
    no_renegotiation: u8,
    write_side: WriteSide,
}

impl PendingControl {
    /// The record that goes next.
    pub(crate) fn next(&self) -> Option<ControlRecord> {
        match self.write_side {
            WriteSide::Closed => None,
            WriteSide::Closing(description) => Some(ControlRecord::Last(description)),
            WriteSide::Open if self.key_update_request => {
                Some(ControlRecord::KeyUpdate { request: true })
            }
            WriteSide::Open if self.key_update => Some(ControlRecord::KeyUpdate { request: false }),
            WriteSide::Open if self.no_renegotiation > 0 => Some(ControlRecord::NoRenegotiation),
            WriteSide::Open => None,
        }
    }

    /// `record` is sealed and gone.
    pub(crate) fn done(&mut self, record: ControlRecord) {
        match record {
            ControlRecord::KeyUpdate { request: true } => self.key_update_request = false,
            ControlRecord::KeyUpdate { request: false } => self.key_update = false,
            ControlRecord::NoRenegotiation => {
                self.no_renegotiation = self.no_renegotiation.saturating_sub(1);
            }
            ControlRecord::Last(_) => self.write_side = WriteSide::Closed,
        }
    }

    /// How many of each wait: KeyUpdates and alerts.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        match self.write_side {
            WriteSide::Closed => (0, 0),
            WriteSide::Closing(_) => (0, 1),
            WriteSide::Open => (
                usize::from(self.key_update_request) + usize::from(self.key_update),
                usize::from(self.no_renegotiation),
            ),
        }
    }

    pub(crate) fn is_write_open(&self) -> bool {
        self.write_side == WriteSide::Open
    }

    /// This side's keys change. One answer to the peer's requests is enough, however many came.
    pub(crate) fn queue_key_update(&mut self) {
        self.key_update = self.is_write_open();
    }

    /// This side's keys change and the peer shall change its own.
    pub(crate) fn queue_key_update_request(&mut self) {
        self.key_update_request = self.is_write_open();
    }

    pub(crate) fn queue_no_renegotiation(&mut self) {
        if self.is_write_open() {
            self.no_renegotiation = self.no_renegotiation.saturating_add(1);
        }
    }

    /// Closes the write side in an orderly way; what else waits is dropped, it is of no use any
    /// more.
    pub(crate) fn queue_close_notify(&mut self) {
        if self.is_write_open() {
            self.write_side = WriteSide::Closing(AlertDescription::CloseNotify);
        }
    }

    /// Ends the connection: with this alert unless the write side is closed already, or with none.
    pub(crate) fn fail(&mut self, alert: Option<AlertDescription>) {
        self.write_side = match (self.write_side, alert) {
            (WriteSide::Open | WriteSide::Closing(_), Some(alert)) => WriteSide::Closing(alert),
            _ => WriteSide::Closed,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(control: &mut PendingControl) -> Vec<ControlRecord> {
        let mut records = Vec::new();
        while let Some(record) = control.next() {
            control.done(record);
            records.push(record);
        }
        records
    }

    #[test]
    fn answers_coalesce_and_go_before_closing() {
        let mut control = PendingControl::default();
        for _ in 0..5 {
            control.queue_key_update();
        }
        control.queue_key_update_request();
        assert_eq!(control.waiting(), (2, 0));
        assert_eq!(
            drain(&mut control),
            [
                ControlRecord::KeyUpdate { request: true },
                ControlRecord::KeyUpdate { request: false }
            ]
        );
    }

    #[test]
    fn nothing_is_queued_once_the_write_side_is_closed() {
        let mut control = PendingControl::default();
        control.queue_key_update();
        control.queue_close_notify();
        control.queue_key_update();
        control.queue_no_renegotiation();
        assert_eq!(
            drain(&mut control),
            [ControlRecord::Last(AlertDescription::CloseNotify)]
        );
        control.fail(Some(AlertDescription::BadRecordMac));
        assert_eq!(drain(&mut control), []);
    }

    #[test]
    fn an_alert_takes_the_place_of_a_close_notify_that_waits() {
        let mut control = PendingControl::default();
        control.queue_close_notify();
        control.fail(Some(AlertDescription::BadRecordMac));
        control.queue_close_notify();
        assert_eq!(
            drain(&mut control),
            [ControlRecord::Last(AlertDescription::BadRecordMac)]
        );
    }
}
