//! Takes up a key file's changes, by a thread that reads it now and then.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::limits::KEY_FILE_WATCH_INTERVAL;
use crate::ticket_keys::WeakTicketKeys;
use crate::{Error, TicketKey, TicketKeys, own_thread, ticket_key_source};

/// Who is told what became of a changed file.
#[derive(Default)]
pub(crate) struct OnFileChange {
    told: Mutex<Option<Told>>,
    /// What was read from a file at somebody's word, until the watch has seen that too.
    read: Mutex<Option<Vec<TicketKey>>>,
}

type Told = Box<dyn Fn(Result<(), Error>) + Send>;

impl OnFileChange {
    pub(crate) fn set(&self, told: Told) {
        *lock(&self.told) = Some(told);
    }

    pub(crate) fn read_by_others(&self, keys: Vec<TicketKey>) {
        *lock(&self.read) = Some(keys);
    }

    /// Whoever caused it knows that those keys were taken up.
    pub(crate) fn took_up(&self, keys: &[TicketKey]) {
        if lock(&self.read).take().as_deref() != Some(keys) {
            self.tell(Ok(()));
        }
    }

    pub(crate) fn tell(&self, outcome: Result<(), Error>) {
        if let Some(told) = &*lock(&self.told) {
            told(outcome);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Watches `path`, which holds `keys` now, for as long as `ring` is in use.
pub(crate) fn spawn(path: &Path, keys: Vec<TicketKey>, ring: &TicketKeys) -> Result<(), Error> {
    let mut watch = Watch {
        path: path.to_owned(),
        taken_up: keys,
        seen: None,
        failures: 0,
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
    /// Readings in a row that failed.
    failures: u32,
    ring: WeakTicketKeys,
}

impl Watch {
    /// Reads the file once; false once nobody uses the keys.
    fn look(&mut self) -> bool {
        let Some(ring) = self.ring.upgrade() else {
            return false;
        };
        match self.read(&ring) {
            Ok(()) => self.failures = 0,
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                // The second time, for a file that is being replaced may be away for a moment.
                if self.failures == 2 {
                    tracing::warn!(
                        code = error.code(),
                        "the ticket keys stay as they were: {error}"
                    );
                    ring.file_changes().tell(Err(error));
                }
            }
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
            ring.file_changes().took_up(&keys);
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
            failures: 0,
            ring: ring.downgrade(),
        };
        let (tell, told) = std::sync::mpsc::channel();
        ring.on_file_change(move |outcome| tell.send(outcome.map_err(|e| e.code())).unwrap());
        assert!(watch.look());
        write(&path, &[[5; 48], first]);
        assert!(watch.look());
        assert_eq!(ring.to_bytes(), first, "seen once");
        assert!(watch.look());
        assert_eq!(ring.to_bytes(), [5; 48]);
        assert_eq!(ring.names().len(), 2);
        assert_eq!(told.try_iter().collect::<Vec<_>>(), [Ok(())]);

        // Missing for a moment, then half written for longer: told once.
        std::fs::remove_file(&path).unwrap();
        assert!(watch.look() && told.try_recv().is_err());
        std::fs::write(&path, "5a5a").unwrap();
        assert!(watch.look() && watch.look() && watch.look());
        let told_now: Vec<_> = told.try_iter().collect();
        assert_eq!(told_now, [Err("insecure_permissions")]);
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, mode).unwrap();
        assert_eq!(ring.to_bytes(), [5; 48]);

        // Whole again, and taken up by somebody else before two readings agree.
        write(&path, &[[6; 48], [5; 48]]);
        assert!(watch.look());
        ring.set_from_file(&path).unwrap();
        assert!(watch.look() && watch.look());
        assert_eq!(ring.to_bytes(), [6; 48]);
        assert_eq!(told.try_iter().count(), 0);
        let ticket = ring.downgrade();

        drop(ring);
        assert!(!watch.look() && ticket.upgrade().is_none());
    }
}
