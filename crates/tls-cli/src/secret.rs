//! Secrets that options name: `@FILE`, `env:NAME`, a credential of systemd, or the text itself.

use std::convert::Infallible;
use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::{Component, Path, PathBuf};

use tls::certs::Passphrase;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::message;

/// A secret as it was typed. Its text is never shown.
#[derive(Clone)]
pub(crate) enum Secret {
    File(PathBuf),
    Env(String),
    /// On the command line itself, where every user of the machine sees it.
    Literal(Zeroizing<String>),
}

impl Secret {
    /// For clap. Cannot fail: what is neither a file nor a variable is the secret.
    pub(crate) fn parse(text: &str) -> Result<Self, Infallible> {
        Ok(Self::of(text, env::var_os("CREDENTIALS_DIRECTORY")))
    }

    fn of(text: &str, credentials: Option<OsString>) -> Self {
        if let Some(file) = text.strip_prefix('@') {
            return Self::File(credential_in(credentials, Path::new(file)));
        }
        if let Some(name) = text.strip_prefix("env:") {
            return Self::Env(name.to_owned());
        }
        let file = credential_in(credentials, Path::new(text));
        if file == Path::new(text) {
            return Self::Literal(Zeroizing::new(text.to_owned()));
        }
        Self::File(file)
    }

    /// What it is, now. Says so, if everybody can read it.
    pub(crate) fn text(&self, option: &str) -> Result<Zeroizing<String>> {
        let revealed = self.passphrase(option).reveal(option);
        let bytes = revealed.map_err(|error| not_there(option, error))?;
        let text = std::str::from_utf8(&bytes).map_err(|_| {
            Error::usage(
                format!("what {option} names is not text"),
                "give a file or a variable with one line of text",
            )
        })?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// The same for a key or a PFX. Says so, if everybody can read it.
    pub(crate) fn passphrase(&self, option: &str) -> Passphrase {
        match self {
            Self::File(file) => Passphrase::file(file),
            Self::Env(name) => Passphrase::env(name),
            Self::Literal(text) => {
                warn_of_literal(option);
                Passphrase::new(text.as_bytes())
            }
        }
    }
}

/// Where it is; never what it is.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => write!(f, "@{}", file.display()),
            Self::Env(name) => write!(f, "env:{name}"),
            Self::Literal(_) => f.write_str("given"),
        }
    }
}

/// A file or variable that holds a secret, for options whose value names a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SecretSource {
    File(PathBuf),
    Env(String),
}

impl SecretSource {
    /// For clap. Cannot fail: what is no variable is a file.
    pub(crate) fn parse(text: &str) -> Result<Self, Infallible> {
        if let Some(name) = text.strip_prefix("env:") {
            return Ok(Self::Env(name.to_owned()));
        }
        let file = text.strip_prefix('@').unwrap_or(text);
        Ok(Self::File(credential(Path::new(file))))
    }

    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(file) => Some(file),
            Self::Env(_) => None,
        }
    }
}

/// To tls-certs every secret is a passphrase; to the user it is what the option says.
fn not_there(option: &str, error: tls::certs::Error) -> Error {
    match error {
        tls::certs::Error::Passphrase { origin, reason } => Error::NoSecret {
            option: option.to_owned(),
            origin,
            reason,
        },
        other => other.into(),
    }
}

fn warn_of_literal(option: &str) {
    message::warn(&format!(
        "what {option} says is visible to every user in ps; use @FILE or env:NAME"
    ));
}

/// A file that holds a secret: a bare name is looked for among the credentials that systemd
/// handed over (`LoadCredential=`), then in the working directory.
pub(crate) fn credential(file: &Path) -> PathBuf {
    credential_in(env::var_os("CREDENTIALS_DIRECTORY"), file)
}

fn credential_in(directory: Option<OsString>, file: &Path) -> PathBuf {
    let mut parts = file.components();
    let is_bare = matches!(
        (parts.next(), parts.next()),
        (Some(Component::Normal(_)), None)
    );
    match directory {
        Some(directory) if is_bare => {
            let credential = Path::new(&directory).join(file);
            if credential.is_file() {
                return credential;
            }
            file.to_owned()
        }
        _ => file.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_file_or_a_variable() {
        let file = |name: &str| SecretSource::File(name.into());
        for (text, expected) in [
            ("a.key", file("a.key")),
            ("@a.key", file("a.key")),
            ("/etc/a.key", file("/etc/a.key")),
            ("env:KEY", SecretSource::Env("KEY".to_owned())),
        ] {
            assert_eq!(SecretSource::parse(text).unwrap(), expected);
        }
    }

    #[test]
    fn a_secret_is_a_file_a_variable_a_credential_or_itself() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("web"), "secret").unwrap();
        let credentials = || Some(directory.path().as_os_str().to_owned());
        let credential = format!("@{}", directory.path().join("web").display());
        for (text, shown) in [
            ("@a/b", "@a/b"),
            ("env:NAME", "env:NAME"),
            ("web", credential.as_str()),
            ("@web", credential.as_str()),
            ("@./web", "@./web"),
            ("hunter2", "given"),
            ("", "given"),
        ] {
            assert_eq!(format!("{:?}", Secret::of(text, credentials())), shown);
        }
        assert_eq!(format!("{:?}", Secret::of("web", None)), "given");
        for file in ["web", "/web", "../web", "a/web"] {
            let found = credential_in(credentials(), Path::new(file));
            assert_eq!(
                found.is_absolute() && file == "web",
                file == "web",
                "{file}"
            );
        }
    }
}
