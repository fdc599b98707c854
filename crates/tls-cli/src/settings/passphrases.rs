//! Passphrases of keys and PFX files: given, or asked for at the terminal.

use std::collections::HashMap;
use std::io::{self, IsTerminal};
use std::sync::{Mutex, PoisonError};

use tls::certs::Passphrase;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::names::Printable;
use crate::secret::Secret;

/// The passphrases for several sources of keys, in the order of the options.
pub(super) struct Passphrases(Vec<Passphrase>);

impl Passphrases {
    /// One for all, one for each of `sources`, or none.
    pub(super) fn of(secrets: &[Secret], sources: usize) -> Result<Self> {
        if secrets.len() > 1 && secrets.len() != sources {
            return Err(Error::usage(
                format!(
                    "{} --passphrase for {sources} encrypted files",
                    secrets.len()
                ),
                "give one for all, or one for each --key and then each --pfx",
            ));
        }
        let passphrases = secrets
            .iter()
            .map(|secret| secret.passphrase("--passphrase"));
        Ok(Self(passphrases.collect()))
    }

    /// That of the source at this place; `None` if a person has to be asked.
    pub(super) fn given(&self, place: usize) -> Option<&Passphrase> {
        match self.0.as_slice() {
            [one] => Some(one),
            several => several.get(place),
        }
    }

    /// That of the source at this place, from the options or from a person.
    pub(super) fn get(&self, place: usize) -> Passphrase {
        self.given(place).cloned().unwrap_or_else(prompt)
    }
}

/// Asks at the terminal, when something encrypted needs it. Once: a file that is read again has
/// the passphrase that it had.
pub(super) fn prompt() -> Passphrase {
    let known = Mutex::new(HashMap::<String, Zeroizing<String>>::new());
    Passphrase::ask(move |what| {
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(typed) = known.get(what) {
            return Ok(typed.clone());
        }
        let somebody_is_there =
            io::stdin().is_terminal() || io::stderr().is_terminal() || io::stdout().is_terminal();
        if !somebody_is_there {
            return Err(io::Error::other("there is no terminal to ask at"));
        }
        let typed = rpassword::prompt_password(format!("Passphrase of {}: ", Printable(what)))?;
        let typed = Zeroizing::new(typed);
        known.insert(what.to_owned(), typed.clone());
        Ok(typed)
    })
}
