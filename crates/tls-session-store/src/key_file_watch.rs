//! Takes up a key file's changes, by a thread that reads it now and then.

use std::path::{Path, PathBuf};

use crate::limits::KEY_FILE_WATCH_INTERVAL;
use crate::ticket_keys::WeakTicketKeys;
use crate::{Error, TicketKey, TicketKeys, own_thread, ticket_key_source};

/// Watches `path`, which holds `keys` now, for as long as `ring` is in use.
pub(crate) fn spawn(path: &Path, keys: Vec<TicketKey>, ring: &TicketKeys) -> Result<(), Error> {
    let mut watch = Watch {
        path: path.to_owned(),
        taken_up: keys,
        seen: None,
        failed: false,
        ring: ring.downgrade(),
    };
    own_thread::spawn("ticket-key-file", move || {
        watch.look().then_some(KEY_FILE_WATCH_INTERVAL)
    })
}

struct Watch {
    path: PathBuf,
    taken_up: Vec<TicketKey>,
    /// What the last reading showed, if not that.
    seen: Option<Vec<TicketKey>>,
    /// The last reading failed, and was logged.
    failed: bool,
    ring: WeakTicketKeys,
}

impl Watch {
    /// Reads the file once; false once nobody uses the keys.
    fn look(&mut self) -> bool {
        let Some(ring) = self.ring.upgrade() else {
            return false;
        };
        match self.read(&ring) {
            Ok(()) => self.failed = false,
            Err(error) if !self.failed => {
                self.failed = true;
                tracing::warn!(
                    code = error.code(),
                    "the ticket keys stay as they were: {error}"
                );
            }
            Err(_) => {}
        }
        true
    }

    /// A file that is being written may look whole for a moment: two readings have to agree.
    fn read(&mut self, ring: &TicketKeys) -> Result<(), Error> {
        let keys = ticket_key_source::read_file(&self.path)?;
        if keys == self.taken_up {
            self.seen = None;
        } else if self.seen.as_ref() == Some(&keys) {
            ring.set_keys(keys.clone())?;
            tracing::info!(keys = keys.len(), "took up the changed ticket key file");
            self.taken_up = keys;
            self.seen = None;
        } else {
            self.seen = Some(keys);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, keys: &[[u8; 48]]) {
        let hex = |key: &[u8; 48]| {
            key.iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
        };
        let text = keys.iter().map(hex).collect::<Vec<_>>().join("\n");
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn a_changed_file_is_taken_up_once_two_readings_agree() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ticket.key");
        let ring = TicketKeys::write_new_file(&path).unwrap();
        let first = ring.to_bytes();
        let mut watch = Watch {
            path: path.clone(),
            taken_up: vec![first.into()],
            seen: None,
            failed: false,
            ring: ring.downgrade(),
        };
        assert!(watch.look());
        write(&path, &[[5; 48], first]);
        assert!(watch.look());
        assert_eq!(ring.to_bytes(), first, "seen once");
        assert!(watch.look());
        assert_eq!(ring.to_bytes(), [5; 48]);
        assert_eq!(ring.names().len(), 2);

        // Missing, half written, and put back.
        std::fs::remove_file(&path).unwrap();
        assert!(watch.look() && watch.failed);
        let ticket = ring.downgrade();
        std::fs::write(&path, "5a5a").unwrap();
        assert!(watch.look() && watch.look());
        assert_eq!(ring.to_bytes(), [5; 48]);

        drop(ring);
        assert!(!watch.look() && ticket.upgrade().is_none());
    }
}
