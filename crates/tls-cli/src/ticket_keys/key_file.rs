//! A file of ticket keys as the command writes it: a key a line, the issuing one first, and behind
//! each, as a comment, since when it exists and since when it no longer issues.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use tls::sessions::TicketKeys;
use zeroize::Zeroizing;

use super::ShownKey;
use crate::error::{Error, Result};

/// More than a server takes (`tls_session_store::limits::MAX_RING_KEYS`); the oldest goes.
const MOST_KEYS: usize = 16;

/// A file's keys.
pub(super) struct KeyFile(Vec<KeyLine>);

/// One key. Its text is never shown.
#[derive(Clone)]
pub(super) struct KeyLine {
    text: Zeroizing<String>,
    /// In hexadecimal: the first 16 bytes of a key are no secret, each ticket begins with them.
    pub(super) name: String,
    /// When it was made; `None` if nobody wrote it down.
    pub(super) made: Option<Timestamp>,
    /// When it ceased to issue.
    pub(super) retired: Option<Timestamp>,
}

impl KeyFile {
    /// One new key.
    pub(super) fn generate(now: Timestamp) -> Result<Self> {
        Ok(Self(vec![KeyLine::generate(now)?]))
    }

    /// The keys of a file that a server would take.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let keys = TicketKeys::from_file(path)?;
        let bytes = fs::read(path).map_err(|source| failed("read", path, source))?;
        let bytes = Zeroizing::new(bytes);
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) if bytes.len() != keys.to_bytes().len() => Zeroizing::new(text.to_owned()),
            // One key as it is, without text.
            _ => hex(&Zeroizing::new(keys.to_bytes())[..]),
        };
        let mut lines: Vec<KeyLine> = Vec::new();
        for line in text.lines().filter_map(KeyLine::read) {
            if lines.iter().all(|other| other.text != line.text) {
                lines.push(line);
            }
        }
        for (line, name) in lines.iter_mut().zip(keys.names()) {
            line.name = hex(&name).to_string();
        }
        Ok(Self(lines))
    }

    /// For showing.
    pub(super) fn shown(&self) -> Vec<ShownKey> {
        let shown = |(index, line): (usize, &KeyLine)| ShownKey {
            name: line.name.clone(),
            state: if index == 0 { "issues" } else { "opens" },
            since: line.made,
            retired: line.retired,
        };
        self.0.iter().enumerate().map(shown).collect()
    }

    pub(super) fn keys(&self) -> &[KeyLine] {
        &self.0
    }

    /// A new key before the others, which stay for `lifetime` after they ceased to issue.
    pub(super) fn rotated(&self, now: Timestamp, lifetime: Duration) -> Result<Self> {
        let mut lines = vec![KeyLine::generate(now)?];
        for line in &self.0 {
            let retired = line.retired.unwrap_or(now);
            let age = now.duration_since(retired);
            let opens = Duration::try_from(age).map_or(true, |age| age < lifetime);
            if opens && lines.len() < MOST_KEYS {
                lines.push(KeyLine {
                    retired: Some(retired),
                    ..line.clone()
                });
            }
        }
        Ok(Self(lines))
    }

    /// Creates the file; never overwrites one.
    pub(super) fn write_new(&self, path: &Path) -> Result<()> {
        self.write(path)
            .map_err(|source| failed("create", path, source))
    }

    /// Puts these keys in the place of those in the file, at once: whoever reads it sees the old
    /// ones or the new ones. The file keeps its owner, and is its owner's alone.
    pub(super) fn replace(&self, path: &Path) -> Result<()> {
        let replaced = || -> io::Result<()> {
            // A link stays a link.
            let path = path.canonicalize()?;
            let beside = beside(&path);
            self.write(&beside)?;
            let moved = keep_owner(&path, &beside).and_then(|()| fs::rename(&beside, &path));
            if moved.is_err() {
                // What went wrong before matters more.
                let _ = fs::remove_file(&beside);
            }
            moved?;
            // The name is safe once its directory is.
            path.parent()
                .map_or(Ok(()), |directory| File::open(directory)?.sync_all())
        };
        replaced().map_err(|source| failed("replace", path, source))
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        for line in &self.0 {
            file.write_all(line.write().as_bytes())?;
        }
        file.sync_all()
    }
}

impl KeyLine {
    fn generate(now: Timestamp) -> Result<Self> {
        let keys = TicketKeys::generate()?;
        let names = keys.names();
        let name = names.first().map(|name| hex(name).to_string());
        Ok(Self {
            text: hex(&Zeroizing::new(keys.to_bytes())[..]),
            name: name.unwrap_or_default(),
            made: Some(now),
            retired: None,
        })
    }

    /// `KEY # made TIME retired TIME`, of which each part but the key may be missing; its name is
    /// found elsewhere. `None` for a line without a key.
    fn read(line: &str) -> Option<Self> {
        let (key, remark) = line.split_once('#').unwrap_or((line, ""));
        let key = key.trim();
        let time = |word: &str| {
            let mut words = remark.split_whitespace().skip_while(|found| *found != word);
            words.nth(1)?.parse().ok()
        };
        (!key.is_empty()).then(|| Self {
            text: Zeroizing::new(key.to_owned()),
            name: String::new(),
            made: time("made"),
            retired: time("retired"),
        })
    }

    fn write(&self) -> Zeroizing<String> {
        let mut line = Zeroizing::new(String::with_capacity(256));
        line.push_str(&self.text);
        for (index, (word, time)) in [("made", self.made), ("retired", self.retired)]
            .into_iter()
            .filter_map(|(word, time)| Some((word, time?)))
            .enumerate()
        {
            line.push_str(if index == 0 { " # " } else { " " });
            line.push_str(&format!("{word} {time:.0}"));
        }
        line.push('\n');
        line
    }
}

fn hex(bytes: &[u8]) -> Zeroizing<String> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = Zeroizing::new(String::with_capacity(2 * bytes.len()));
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digits = nibbles.filter_map(|nibble| DIGITS.get(usize::from(nibble)));
    text.extend(digits.map(|digit| char::from(*digit)));
    text
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".new-{}", std::process::id()));
    path.with_file_name(name)
}

/// An administrator who rotates a service's file leaves it to the service.
#[cfg(unix)]
fn keep_owner(from: &Path, to: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, chown};

    let (from, new) = (fs::metadata(from)?, fs::metadata(to)?);
    if (from.uid(), from.gid()) == (new.uid(), new.gid()) {
        return Ok(());
    }
    chown(to, Some(from.uid()), Some(from.gid()))
}

#[cfg(not(unix))]
fn keep_owner(_: &Path, _: &Path) -> io::Result<()> {
    Ok(())
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> Error {
    Error::Sessions(tls::sessions::Error::KeyFile {
        path: path.to_owned(),
        action,
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + hours * 3600).unwrap()
    }

    fn names(file: &KeyFile) -> Vec<&str> {
        file.keys().iter().map(|key| key.name.as_str()).collect()
    }

    #[test]
    fn a_rotation_puts_a_new_key_first_and_drops_what_nobody_has_tickets_of() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tickets.key");
        let first = KeyFile::generate(at(0)).unwrap();
        first.write_new(&path).unwrap();
        let mut rotated = KeyFile::read(&path).unwrap();
        assert_eq!(names(&rotated), names(&first));
        for hour in 1..=4 {
            rotated = rotated.rotated(at(hour), 2 * HOUR).unwrap();
            rotated.replace(&path).unwrap();
            let read = KeyFile::read(&path).unwrap();
            assert_eq!(names(&read), names(&rotated));
            assert_eq!(read.keys()[0].made, Some(at(hour)));
            assert_eq!(read.keys()[1].retired, Some(at(hour)));
        }
        // Those of the third and second hour ceased to issue within two hours.
        assert_eq!(rotated.keys().len(), 3);
        assert!(!names(&rotated).contains(&names(&first)[0]));
    }

    #[test]
    fn keys_of_others_get_their_dates_when_they_are_rotated() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tickets.key");
        let text = [
            "# ours",
            &"5a".repeat(48),
            &format!("{} # from nginx", "Wlta".repeat(16)),
        ];
        for content in [text.join("\n").into_bytes(), vec![7; 48]] {
            fs::write(&path, content).unwrap();
            #[cfg(unix)]
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))
                .unwrap();
            let read = KeyFile::read(&path).unwrap();
            assert!(
                read.keys()
                    .iter()
                    .all(|key| key.made.is_none() && key.name.len() == 32)
            );
            let rotated = read.rotated(at(0), HOUR).unwrap();
            rotated.replace(&path).unwrap();
            let again = KeyFile::read(&path).unwrap();
            assert_eq!(again.keys().len(), read.keys().len() + 1);
            assert!(
                again.keys()[1..]
                    .iter()
                    .all(|key| key.retired == Some(at(0)))
            );
            assert_eq!(names(&again)[1..], names(&read));
        }
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_has_no_more_keys_than_a_server_takes() {
        let mut file = KeyFile::generate(at(0)).unwrap();
        for _ in 0..20 {
            file = file.rotated(at(0), HOUR).unwrap();
        }
        assert_eq!(file.keys().len(), MOST_KEYS);
    }
}
