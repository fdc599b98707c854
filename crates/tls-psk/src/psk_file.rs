//! Files of keys, `identity:hexkey` a line, as OpenSSL, stunnel and mosquitto read them.

mod access;
mod problem;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use tls_wire::HashAlgorithm;
use zeroize::Zeroizing;

pub use self::problem::{PskFileFinding, PskFileProblem};
use crate::limits::{MAX_KEY_FILE, MIN_KEY};
use crate::psk_key::decode_hex;
use crate::psk_table::PskTable;
use crate::{Error, PskIdentity, PskKey};

/// How a file of keys is read.
#[derive(Clone, Debug)]
#[must_use]
pub struct PskFileOptions {
    allow_short: bool,
    hash: HashAlgorithm,
}

impl Default for PskFileOptions {
    /// Keys of at least 16 bytes, for SHA-256.
    fn default() -> Self {
        Self {
            allow_short: false,
            hash: HashAlgorithm::Sha256,
        }
    }
}

impl PskFileOptions {
    /// Takes keys shorter than 16 bytes, with a warning for each.
    pub fn allow_short_keys(mut self, allow: bool) -> Self {
        self.allow_short = allow;
        self
    }

    /// Declares all keys of the file for suites of `hash`; see [`PskKey::with_hash`].
    pub fn hash(mut self, hash: HashAlgorithm) -> Self {
        self.hash = hash;
        self
    }

    fn key(&self, digits: &[u8]) -> Result<PskKey, PskFileProblem> {
        let bytes = decode_hex(digits).map_err(|_| PskFileProblem::KeyNotHex)?;
        let key = if self.allow_short {
            PskKey::from_short_bytes(&bytes)
        } else {
            PskKey::from_bytes(&bytes)
        };
        let key = key.map_err(|_| PskFileProblem::KeyLength {
            length: bytes.len(),
            least: if self.allow_short { 1 } else { MIN_KEY },
        })?;
        Ok(key.with_hash(self.hash))
    }
}

/// Everything that is wrong with the file at `path`, or better not done, in the order of its lines:
/// what `tls psk check` shows. No findings, no problem. It is judged by the default options, which
/// refuse short keys.
///
/// # Errors
///
/// [`Error::KeyFile`] if the file can't be read, or is far too long.
pub fn check_psk_file(path: impl AsRef<Path>) -> Result<Vec<PskFileFinding>, Error> {
    let path = path.as_ref();
    let refused = |problem| Error::key_file(path, None, problem);
    let (mut file, mut findings) = open(path).map_err(refused)?;
    let bytes = read(&mut file).map_err(refused)?;
    let (_, found) = parse(&bytes, &PskFileOptions::default());
    findings.extend(found);
    Ok(findings)
}

/// A line for a file of keys, with its line break: what `tls psk new` prints. Overwritten with
/// zeros when dropped.
///
/// ```
/// use tls_psk::{PskIdentity, PskKey, psk_file_line};
///
/// let key = PskKey::from_hex("6f0d9a3c51e84b72a1c4d7e02b9f8356")?;
/// let line = psk_file_line(&PskIdentity::new("gate-7")?, &key)?;
/// assert_eq!(*line, "gate-7:6f0d9a3c51e84b72a1c4d7e02b9f8356\n");
/// # Ok::<(), tls_psk::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::IdentityNotForFile`] for an identity that such a file can't hold: not UTF-8, with a
/// colon (other programs split at the first), a control character, space at an end, or `#` in
/// front.
pub fn psk_file_line(identity: &PskIdentity, key: &PskKey) -> Result<Zeroizing<String>, Error> {
    let fits = |text: &&str| {
        !text.starts_with('#')
            && text.trim() == *text
            && !text.contains(|c: char| c == ':' || c.is_control())
    };
    let text = identity
        .as_str()
        .filter(fits)
        .ok_or(Error::IdentityNotForFile)?;
    let mut line = Zeroizing::new(String::with_capacity(text.len() + 2 * key.len() + 2));
    line.push_str(text);
    line.push(':');
    for byte in key.secret() {
        for nibble in [byte >> 4, byte & 15] {
            line.extend(char::from_digit(nibble.into(), 16));
        }
    }
    line.push('\n');
    Ok(line)
}

/// The bytes of a file that only its owner can read.
pub(crate) fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let refused = |problem| Error::key_file(path, None, problem);
    let (mut file, findings) = open(path).map_err(refused)?;
    if let Some(PskFileFinding::Refused { problem, .. }) = findings.into_iter().next() {
        return Err(refused(problem));
    }
    read(&mut file).map_err(refused)
}

/// The keys of a file.
pub(crate) fn load(path: &Path, bytes: &[u8], options: &PskFileOptions) -> Result<PskTable, Error> {
    let (table, findings) = parse(bytes, options);
    for finding in findings {
        if let PskFileFinding::Refused { line, problem } = finding {
            return Err(Error::key_file(path, line, problem));
        }
    }
    Ok(table)
}

/// Opens the file and judges who can read it: the open file is asked, not the path, which could
/// name another one by then.
fn open(path: &Path) -> Result<(File, Vec<PskFileFinding>), PskFileProblem> {
    let file = File::open(path).map_err(|error| PskFileProblem::unreadable(&error))?;
    let metadata = file
        .metadata()
        .map_err(|error| PskFileProblem::unreadable(&error))?;
    let problems = access::problems(&metadata);
    let findings = problems.map(|problem| PskFileFinding::Refused {
        line: None,
        problem,
    });
    Ok((file, findings.collect()))
}

fn read(file: &mut File) -> Result<Zeroizing<Vec<u8>>, PskFileProblem> {
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    let too_long = || io::Error::other("longer than 64 MiB, no file of keys");
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > MAX_KEY_FILE {
        return Err(PskFileProblem::unreadable(&too_long()));
    }
    // All room at once: growing would leave copies of keys behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(length + 1));
    file.take(MAX_KEY_FILE as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| PskFileProblem::unreadable(&error))?;
    if bytes.len() > MAX_KEY_FILE {
        return Err(PskFileProblem::unreadable(&too_long()));
    }
    Ok(bytes)
}

/// Reads every line, whatever is wrong with the others.
fn parse(bytes: &[u8], options: &PskFileOptions) -> (PskTable, Vec<PskFileFinding>) {
    let mut table = PskTable::default();
    let mut findings = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let text = line.trim_ascii();
        if text.is_empty() || text.starts_with(b"#") {
            continue;
        }
        let line = Some(index + 1);
        let added = parse_line(text, options).and_then(|(identity, key)| table.add(identity, key));
        match added {
            Ok(advice) => findings.extend(
                advice
                    .into_iter()
                    .map(|warning| PskFileFinding::Advice { line, warning }),
            ),
            Err(problem) => findings.push(PskFileFinding::Refused { line, problem }),
        }
    }
    if table.is_empty() && findings.is_empty() {
        findings.push(PskFileFinding::Refused {
            line: None,
            problem: PskFileProblem::NoKeys,
        });
    }
    (table, findings)
}

/// A key in hex has no colon, so the last one parts it from an identity that may have some.
fn parse_line(
    text: &[u8],
    options: &PskFileOptions,
) -> Result<(PskIdentity, PskKey), PskFileProblem> {
    let colon = text.iter().rposition(|byte| *byte == b':');
    let (identity, rest) = colon
        .and_then(|colon| text.split_at_checked(colon))
        .ok_or(PskFileProblem::NoColon)?;
    let identity = identity.trim_ascii_end();
    let key = rest.strip_prefix(b":").unwrap_or(rest).trim_ascii_start();
    let identity = PskIdentity::new(identity).map_err(|_| PskFileProblem::IdentityLength {
        length: identity.len(),
    })?;
    Ok((identity, options.key(key)?))
}

#[cfg(test)]
mod tests;
