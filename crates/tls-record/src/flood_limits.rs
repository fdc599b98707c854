//! Counts what costs a peer nothing and us a little, and stops it.

use crate::{Error, RecordLimits};

/// What has come in a row without application data between.
#[derive(Debug, Default)]
pub(crate) struct FloodCounters {
    empty_records: u8,
    key_updates: u8,
    messages: u8,
    warnings: u8,
    renegotiations: u8,
}

/// Counts one more, and says whether that is still within `limit`.
fn count(counter: &mut u8, limit: u8) -> bool {
    if *counter >= limit {
        return false;
    }
    *counter += 1;
    true
}

impl FloodCounters {
    /// Data came: every row is over. Renegotiations are counted over the whole window.
    pub(crate) fn data(&mut self) {
        *self = Self {
            renegotiations: self.renegotiations,
            ..Self::default()
        };
    }

    pub(crate) fn empty_record(&mut self, limits: &RecordLimits) -> Result<(), Error> {
        let limit = limits.empty_records;
        if count(&mut self.empty_records, limit) {
            return Ok(());
        }
        Err(Error::TooManyEmptyRecords { limit })
    }

    pub(crate) fn key_update(&mut self, limits: &RecordLimits) -> Result<(), Error> {
        let limit = limits.key_updates;
        if count(&mut self.key_updates, limit) {
            return Ok(());
        }
        Err(Error::TooManyKeyUpdates { limit })
    }

    pub(crate) fn message(&mut self, limits: &RecordLimits) -> Result<(), Error> {
        let limit = limits.messages;
        if count(&mut self.messages, limit) {
            return Ok(());
        }
        Err(Error::TooManyMessages { limit })
    }

    pub(crate) fn warning(&mut self, limits: &RecordLimits) -> Result<(), Error> {
        let limit = limits.warnings;
        if count(&mut self.warnings, limit) {
            return Ok(());
        }
        Err(Error::TooManyWarnings { limit })
    }

    pub(crate) fn renegotiation(&mut self, limits: &RecordLimits) -> Result<(), Error> {
        let limit = limits.renegotiations;
        if count(&mut self.renegotiations, limit) {
            return Ok(());
        }
        Err(Error::TooManyRenegotiations { limit })
    }

    pub(crate) fn renegotiation_window_elapsed(&mut self) {
        self.renegotiations = 0;
    }
}
