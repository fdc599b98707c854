//! `--keylog FILE`: the secrets of connections, as Wireshark reads them.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use tls::record::{KeyLogLabel, key_log_line};
use tls::rustls::KeyLog;

use crate::error::{Error, Result};

/// A key log in a file that only its owner may read. Whoever has it reads every connection.
#[derive(Debug)]
pub(crate) struct FileKeyLog(Mutex<File>);

impl FileKeyLog {
    /// Appends to `path`, which is made if it does not exist.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let failed = |source| Error::File {
            action: "open the key log",
            path: path.to_owned(),
            source,
        };
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(failed)?;
        close_to_others(&file).map_err(failed)?;
        Ok(Self(Mutex::new(file)))
    }
}

/// A file that was there before may be open to others.
#[cfg(unix)]
fn close_to_others(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let metadata = file.metadata()?;
    let mut permissions = metadata.permissions();
    if !metadata.is_file() || permissions.mode() & 0o077 == 0 {
        return Ok(());
    }
    permissions.set_mode(0o600);
    file.set_permissions(permissions)
}

#[cfg(not(unix))]
fn close_to_others(_file: &File) -> std::io::Result<()> {
    Ok(())
}

impl KeyLog for FileKeyLog {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let Some(label) = KeyLogLabel::from_name(label) else {
            return;
        };
        let Ok(client_random) = client_random.try_into() else {
            return;
        };
        let line = key_log_line(label, client_random, secret);
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A full disk must not end connections.
        let _ = file.write_all(line.as_bytes());
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_the_owner_may_read_it_even_if_it_was_there() {
        let directory = tempfile::tempdir().unwrap();
        for is_there in [false, true] {
            let path = directory.path().join(is_there.to_string());
            if is_there {
                std::fs::write(&path, "").unwrap();
                std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
            }
            let log = FileKeyLog::open(&path).unwrap();
            log.log("CLIENT_RANDOM", &[1; 32], &[2; 48]);
            log.log("no such label", &[1; 32], &[2; 48]);
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            let text = std::fs::read_to_string(&path).unwrap();
            assert_eq!(text.lines().count(), 1, "{text}");
            assert!(text.starts_with("CLIENT_RANDOM 0101"), "{text}");
        }
    }
}
