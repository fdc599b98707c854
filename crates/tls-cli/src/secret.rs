//! Secrets that options name: `@FILE`, `env:NAME`, a credential of systemd, or the text itself.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::{Component, Path, PathBuf};

use tls::certs::Passphrase;
use zeroize::Zeroizing;

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
    pub(crate) fn parse(text: &str) -> Result<Self, std::convert::Infallible> {
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
