//! A store of one's own: sessions as files in a directory, for the processes of one machine.
//!
//! ```text
//! cargo run -p tls-session-store --example directory_store
//! ```

// Runs to its end by itself.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tls_session_store::{Clock, Error, SessionId, SessionStore};

/// A file per session, whose first eight bytes say until when it is good.
///
/// Reading and writing block for as long as the disk takes; a store on a network file system would do
/// them on a thread made for it.
#[derive(Clone)]
pub(crate) struct DirectoryStore {
    pub(crate) directory: PathBuf,
    pub(crate) clock: Clock,
}

impl DirectoryStore {
    /// Names of files do not tell upper from lower case everywhere, so ids are written in hex.
    fn path(&self, id: &SessionId) -> PathBuf {
        let name: String = id
            .as_bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        self.directory.join(name)
    }

    /// Nobody else is at it until the file is closed.
    fn lock(&self) -> io::Result<File> {
        let lock = File::create(self.directory.join("lock"))?;
        lock.lock()?;
        Ok(lock)
    }

    fn read(&self, id: &SessionId) -> io::Result<Option<Vec<u8>>> {
        let file = match fs::read(self.path(id)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        let until = file
            .split_first_chunk()
            .map(|(until, value)| (u64::from_be_bytes(*until), value));
        Ok(until
            .filter(|(until, _)| Duration::from_millis(*until) > self.clock.now())
            .map(|(_, value)| value.to_vec()))
    }

    fn write(&self, id: &SessionId, value: &[u8], ttl: Duration) -> io::Result<()> {
        let until = self.clock.now().saturating_add(ttl).as_millis();
        let until = u64::try_from(until).unwrap_or(u64::MAX);
        fs::write(self.path(id), [&until.to_be_bytes(), value].concat())
    }

    fn delete(&self, id: &SessionId) -> io::Result<()> {
        match fs::remove_file(self.path(id)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            deleted => deleted,
        }
    }
}

impl SessionStore for DirectoryStore {
    async fn put(&self, id: &[u8], value: Vec<u8>, ttl: Duration) -> Result<(), Error> {
        let id = SessionId::try_from(id)?;
        let _lock = self.lock().map_err(down)?;
        self.write(&id, &value, ttl).map_err(down)
    }

    async fn put_new(&self, id: &[u8], value: Vec<u8>, ttl: Duration) -> Result<bool, Error> {
        let id = SessionId::try_from(id)?;
        let _lock = self.lock().map_err(down)?;
        if self.read(&id).map_err(down)?.is_some() {
            return Ok(false);
        }
        self.write(&id, &value, ttl).map_err(down)?;
        Ok(true)
    }

    // A stranger's id that is none of ours is a miss.
    async fn get(&self, id: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let Ok(id) = SessionId::try_from(id) else {
            return Ok(None);
        };
        let _lock = self.lock().map_err(down)?;
        self.read(&id).map_err(down)
    }

    // Under one lock: of many who ask at once, one gets it.
    async fn take(&self, id: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let Ok(id) = SessionId::try_from(id) else {
            return Ok(None);
        };
        let _lock = self.lock().map_err(down)?;
        let value = self.read(&id).map_err(down)?;
        self.delete(&id).map_err(down)?;
        Ok(value)
    }

    async fn remove(&self, id: &[u8]) -> Result<(), Error> {
        let Ok(id) = SessionId::try_from(id) else {
            return Ok(());
        };
        let _lock = self.lock().map_err(down)?;
        self.delete(&id).map_err(down)
    }

    // What was deleted here is deleted for all, so early data may be taken, too.
    fn undisturbed_for(&self) -> Option<Duration> {
        Some(Duration::MAX)
    }
}

fn down(error: io::Error) -> Error {
    Error::Store(Box::new(error))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = tempfile::tempdir()?;
    let store = DirectoryStore {
        directory: directory.path().to_owned(),
        clock: Clock::unix(),
    };
    store
        .put(b"id", b"sealed".to_vec(), Duration::from_secs(60))
        .await?;
    let other_process = store.clone();
    assert_eq!(
        other_process.take(b"id").await?.as_deref(),
        Some(&b"sealed"[..])
    );
    assert_eq!(store.take(b"id").await?, None);
    Ok(())
}
