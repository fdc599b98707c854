//! Ticket keys and secrets in files.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use zeroize::Zeroizing;

use crate::limits::{MAX_KEY_FILE_LEN, TICKET_KEY_LEN};
use crate::{Error, TicketKey};

/// The keys of a file: raw or as text, see [`TicketKeys::from_file`](crate::TicketKeys::from_file).
pub(crate) fn read_file(path: &Path) -> Result<Vec<TicketKey>, Error> {
    let bytes = read_secret(path)?;
    if let Ok(key) = TicketKey::try_from(&bytes[..]) {
        return Ok(vec![key]);
    }
    let mut keys = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let text = line.split(|byte| *byte == b'#').next().unwrap_or_default();
        let text = text.trim_ascii();
        if text.is_empty() {
            continue;
        }
        keys.push(read_line(text).ok_or_else(|| Error::KeyFileLine {
            path: path.to_owned(),
            line: index + 1,
        })?);
    }
    if keys.is_empty() {
        return Err(Error::KeyFileEmpty {
            path: path.to_owned(),
        });
    }
    Ok(keys)
}

/// The keys of an environment variable, as text with white space or commas between them.
pub(crate) fn read_variable(name: &str) -> Result<Vec<TicketKey>, Error> {
    let text = std::env::var(name).map_err(|_| Error::KeyVariable {
        name: name.to_owned(),
    })?;
    parse_variable(name, &Zeroizing::new(text))
}

fn parse_variable(name: &str, text: &str) -> Result<Vec<TicketKey>, Error> {
    let words = text.split(|c: char| c.is_ascii_whitespace() || c == ',');
    let keys = words
        .filter(|word| !word.is_empty())
        .enumerate()
        .map(|(index, word)| {
            read_line(word.as_bytes()).ok_or_else(|| Error::KeyVariableContent {
                name: name.to_owned(),
                position: index + 1,
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() {
        return Err(Error::KeyVariable {
            name: name.to_owned(),
        });
    }
    Ok(keys)
}

/// A key as 96 hex digits or 64 characters of base64.
fn read_line(text: &[u8]) -> Option<TicketKey> {
    let mut key = Zeroizing::new([0; TICKET_KEY_LEN]);
    match text.len() {
        96 => {
            for (place, pair) in key.iter_mut().zip(text.chunks_exact(2)) {
                *place = hex_digit(pair.first()?)? << 4 | hex_digit(pair.get(1)?)?;
            }
        }
        // 48 bytes are 64 characters without padding.
        64 => {
            for (place, four) in key.chunks_exact_mut(3).zip(text.chunks_exact(4)) {
                let bits = four.iter().try_fold(0u32, |bits, character| {
                    Some(bits << 6 | u32::from(base64_digit(*character)?))
                })?;
                let [_, three @ ..] = bits.to_be_bytes();
                place.copy_from_slice(&three);
            }
        }
        _ => return None,
    }
    TicketKey::try_from(&key[..]).ok()
}

fn hex_digit(digit: &u8) -> Option<u8> {
    char::from(*digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

/// The standard and the URL alphabet (RFC 4648, Sections 4 and 5).
fn base64_digit(character: u8) -> Option<u8> {
    match character {
        b'A'..=b'Z' => Some(character - b'A'),
        b'a'..=b'z' => Some(character - b'a' + 26),
        b'0'..=b'9' => Some(character - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// The bytes of a file that only its owner may read.
pub(crate) fn read_secret(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let failed = |source| Error::KeyFile {
        path: path.to_owned(),
        action: "read",
        source,
    };
    let file = File::open(path).map_err(failed)?;
    // The open file is asked, not the path, which could name another file by then.
    let metadata = file.metadata().map_err(failed)?;
    check_access(path, &metadata)?;
    if metadata.len() > MAX_KEY_FILE_LEN as u64 {
        return Err(failed(io::Error::other("longer than 64 KiB, no key file")));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_KEY_FILE_LEN));
    file.take(MAX_KEY_FILE_LEN as u64)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    Ok(bytes)
}

/// Creates a file that only its owner may read, with `key` as a line of hex; never overwrites.
pub(crate) fn write_new_file(path: &Path, key: &TicketKey) -> Result<(), Error> {
    let failed = |source| Error::KeyFile {
        path: path.to_owned(),
        action: "create",
        source,
    };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(failed)?;
    let mut line = Zeroizing::new(Vec::with_capacity(2 * TICKET_KEY_LEN + 1));
    for byte in key.as_bytes() {
        let _ = write!(line, "{byte:02x}");
    }
    line.push(b'\n');
    file.write_all(&line)
        .and_then(|()| file.sync_all())
        .map_err(failed)
}

#[cfg(unix)]
fn check_access(path: &Path, metadata: &std::fs::Metadata) -> Result<(), Error> {
    use std::os::unix::fs::MetadataExt;

    // Pipes and devices have no useful mode: `/dev/stdin` and process substitution serve.
    if !metadata.is_file() {
        return Ok(());
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(Error::InsecurePermissions {
            path: path.to_owned(),
            mode,
        });
    }
    let owner = metadata.uid();
    if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        return Err(Error::InsecureOwner {
            path: path.to_owned(),
            owner,
        });
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_access(_path: &Path, _metadata: &std::fs::Metadata) -> Result<(), Error> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_holds_keys_as_text() {
        let (hex, base64) = ("5a".repeat(48), "Wlpa".repeat(16));
        let rows = [
            (hex.clone(), 1),
            (format!(" {base64}\n"), 1),
            (format!("{hex}, {base64},\n{hex}"), 3),
        ];
        for (text, expected) in rows {
            let keys = parse_variable("KEYS", &text).unwrap();
            assert_eq!(keys.len(), expected);
            assert!(keys.iter().all(|key| *key == TicketKey::from([0x5a; 48])));
        }
    }

    #[test]
    fn what_is_wrong_with_a_variable_is_told_without_its_content() {
        let hex = "5a".repeat(48);
        let rows = [
            (String::new(), "key_variable"),
            (" ,\n".to_owned(), "key_variable"),
            (format!("{hex} sesame"), "key_variable_content"),
        ];
        for (text, code) in rows {
            let error = parse_variable("KEYS", &text).unwrap_err();
            assert_eq!(error.code(), code);
            let message = error.to_string();
            assert!(message.contains("KEYS") && !message.contains("sesame"));
        }
        assert_eq!(
            read_variable("TICKET_KEYS_THAT_NOBODY_SET")
                .unwrap_err()
                .code(),
            "key_variable"
        );
    }
}
