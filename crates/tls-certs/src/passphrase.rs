//! Passphrases of keys and PFX files, and where they come from.

use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::{Error, Result, file_mode};

/// More than any passphrase; what is longer is another file.
const MAX_FILE: u64 = 64 * 1024;

type Ask = dyn Fn(&str) -> io::Result<Zeroizing<String>> + Send + Sync;

/// The passphrase of an encrypted private key or of a PFX, or where to get it.
///
/// It is looked up when something encrypted needs it, not before: an unneeded one is
/// ignored, a variable or file that is missing then does no harm, and nobody is asked.
/// Values are wiped from memory when dropped, and never shown.
///
/// ```
/// use tls_certs::Passphrase;
/// let from_the_environment = Passphrase::env("TLS_KEY_PASSPHRASE");
/// let from_a_prompt = Passphrase::ask(|what| {
///     // The terminal is the caller's: print "Passphrase for {what}: " and read without echo.
///     Ok(zeroize::Zeroizing::new(format!("typed for {what}")))
/// });
/// # _ = (from_the_environment, from_a_prompt);
/// ```
#[derive(Clone)]
pub struct Passphrase(Kind);

#[derive(Clone)]
enum Kind {
    Value(Arc<Zeroizing<Vec<u8>>>),
    Env(String),
    File(PathBuf),
    Ask(Arc<Ask>),
}

impl Passphrase {
    /// This text. (Bytes, since a passphrase need not be UTF-8.)
    #[must_use]
    pub fn new(value: impl Into<Vec<u8>>) -> Self {
        Self(Kind::Value(Arc::new(Zeroizing::new(value.into()))))
    }

    /// The value of an environment variable.
    #[must_use]
    pub fn env(name: impl Into<String>) -> Self {
        Self(Kind::Env(name.into()))
    }

    /// The first line of a file. A file that every user of the machine may read or write is
    /// refused; in Kubernetes, mount the secret with `defaultMode: 0440`.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Kind::File(path.into()))
    }

    /// What `ask` returns, once per encrypted source; it is given the name of the source.
    #[must_use]
    pub fn ask(
        ask: impl Fn(&str) -> io::Result<Zeroizing<String>> + Send + Sync + 'static,
    ) -> Self {
        Self(Kind::Ask(Arc::new(ask)))
    }

    /// The passphrase itself.
    ///
    /// `what` names the thing that it opens, for a prompt. Blocks while a file is read or
    /// somebody is asked.
    ///
    /// # Errors
    ///
    /// [`Error::Passphrase`] if there is none where it should be, [`Error::Read`] for a file,
    /// [`Error::UnsafePermissions`] for a file that everybody may use.
    pub fn reveal(&self, what: &str) -> Result<Zeroizing<Vec<u8>>> {
        match &self.0 {
            Kind::Value(value) => Ok(Zeroizing::clone(value)),
            Kind::Env(name) => from_env(name),
            Kind::File(path) => from_file(path),
            Kind::Ask(ask) => ask(what)
                .map(|typed| Zeroizing::new(typed.as_bytes().to_vec()))
                .map_err(|e| unavailable(format!("the answer for {what}"), e)),
        }
    }
}

/// Where it comes from; never what it is.
impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Value(_) => f.write_str("Passphrase(given)"),
            Kind::Env(name) => write!(f, "Passphrase(env {name})"),
            Kind::File(path) => write!(f, "Passphrase(file {})", path.display()),
            Kind::Ask(_) => f.write_str("Passphrase(asked for)"),
        }
    }
}

fn unavailable(origin: String, reason: impl fmt::Display) -> Error {
    Error::Passphrase {
        origin,
        reason: reason.to_string(),
    }
}

#[cfg(unix)]
fn from_env(name: &str) -> Result<Zeroizing<Vec<u8>>> {
    use std::os::unix::ffi::OsStringExt;
    std::env::var_os(name)
        .map(|value| Zeroizing::new(value.into_vec()))
        .ok_or_else(|| unavailable(format!("environment variable {name}"), "it is not set"))
}

#[cfg(not(unix))]
fn from_env(name: &str) -> Result<Zeroizing<Vec<u8>>> {
    std::env::var(name)
        .map(|value| Zeroizing::new(value.into_bytes()))
        .map_err(|e| unavailable(format!("environment variable {name}"), e))
}

fn from_file(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let read = |e| Error::read(path, e);
    let file = std::fs::File::open(path).map_err(read)?;
    check_permissions(path, &file.metadata().map_err(read)?)?;
    let mut text = Zeroizing::new(Vec::with_capacity(256));
    file.take(MAX_FILE).read_to_end(&mut text).map_err(read)?;
    let end = text.iter().position(|&b| b == b'\n').unwrap_or(text.len());
    let line = &text[..end];
    Ok(Zeroizing::new(
        line.strip_suffix(b"\r").unwrap_or(line).to_vec(),
    ))
}

/// Pipes and devices have no useful mode.
fn check_permissions(path: &Path, metadata: &std::fs::Metadata) -> Result<()> {
    match file_mode::open_to_everybody(metadata) {
        Some(mode) if metadata.is_file() => Err(Error::UnsafePermissions {
            path: path.to_path_buf(),
            problem: format!("open to every user (mode {mode:o})"),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_given_back_and_never_shown() {
        let passphrase = Passphrase::new("correct horse");
        assert_eq!(
            passphrase.reveal("key").unwrap().as_slice(),
            b"correct horse"
        );
        assert_eq!(format!("{passphrase:?}"), "Passphrase(given)");
    }

    #[test]
    fn a_file_gives_its_first_line_and_must_not_be_open_to_everybody() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("passphrase");
        std::fs::write(&path, "first\r\nsecond\n").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |mode| {
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            };
            mode(0o644);
            let error = Passphrase::file(&path).reveal("key").unwrap_err();
            assert_eq!(error.code(), "unsafe_permissions");
            mode(0o640);
        }
        assert_eq!(
            Passphrase::file(&path).reveal("key").unwrap().as_slice(),
            b"first"
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        let missing = Passphrase::env("TLS_CERTS_TEST_VARIABLE_THAT_IS_NOT_SET");
        let error = missing.reveal("key.pem").unwrap_err();
        assert_eq!(error.code(), "passphrase_unavailable");
        assert!(
            error
                .to_string()
                .contains("TLS_CERTS_TEST_VARIABLE_THAT_IS_NOT_SET")
        );
        let refused = Passphrase::ask(|_| Err(io::ErrorKind::UnexpectedEof.into()));
        let error = refused.reveal("key.pem").unwrap_err();
        assert!(error.to_string().contains("key.pem"), "{error}");
    }

    #[test]
    fn who_asks_is_told_what_for() {
        let ask = Passphrase::ask(|what| Ok(Zeroizing::new(format!("for {what}"))));
        assert_eq!(ask.reveal("key.pem").unwrap().as_slice(), b"for key.pem");
    }
}
