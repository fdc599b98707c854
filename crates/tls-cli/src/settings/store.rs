//! The store that workers share, and their secret.

use tls::certs::Trust;
use tls::rustls::RootCertStore;
use tls::sessions::{RedisOptions, RedisStore, SharedSecret};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::flags::StoreFlags;
use crate::message;
use crate::secret::SecretSource;

/// The password of the store, where every user sees less of it than on the command line.
const PASSWORD_VARIABLE: &str = "TLS_STORE_PASSWORD";

/// The store, not connected yet; `None` if sessions stay in memory.
pub(crate) fn open(flags: &StoreFlags) -> Result<Option<RedisStore>> {
    let address = flags.session_store.as_ref();
    let Some(address) = address.filter(|address| !address.is_memory()) else {
        return Ok(None);
    };
    if address.has_password() {
        message::warn(&format!(
            "the password in --session-store is visible to every user in ps; use {PASSWORD_VARIABLE} \
             or --session-store-password @FILE"
        ));
    }
    let mut options = RedisOptions::from_url(address.as_str())?;
    if let Some(password) = password(flags)? {
        options = options.password(&password);
    }
    if let Some(secret) = &flags.session_store_sentinel_password {
        if address.backend() != "redis-sentinel" {
            return Err(Error::usage(
                "--session-store-sentinel-password is for sentinels, and the store has none",
                "give the password of the store by --session-store-password",
            ));
        }
        options = options.sentinel_password(&secret.text("--session-store-sentinel-password")?);
    }
    if let Some(file) = &flags.session_store_ca {
        options = options.tls_roots(roots(&Trust::from_pem_file(file)?)?);
    }
    Ok(Some(options.open()?))
}

fn password(flags: &StoreFlags) -> Result<Option<Zeroizing<String>>> {
    if let Some(secret) = &flags.session_store_password {
        return secret.text("--session-store-password").map(Some);
    }
    match std::env::var(PASSWORD_VARIABLE) {
        Ok(password) => Ok(Some(Zeroizing::new(password))),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(Error::usage(
            format!("{PASSWORD_VARIABLE} is not text"),
            "set it to the password of the session store, or unset it",
        )),
    }
}

fn roots(trust: &Trust) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trust.certificates().iter().map(|one| one.der().clone()));
    if roots.is_empty() {
        return Err(Error::usage(
            "--session-store-ca holds no CA certificate",
            "give the CA that issued the store's certificate",
        ));
    }
    Ok(roots)
}

/// The secret of all workers, if there is one.
pub(crate) fn secret(flags: &StoreFlags) -> Result<Option<SharedSecret>> {
    Ok(match &flags.session_secret {
        None => None,
        Some(SecretSource::File(file)) => Some(SharedSecret::from_file(file)?),
        Some(SecretSource::Env(name)) => {
            let text = std::env::var(name).map(Zeroizing::new).map_err(|_| {
                Error::usage(
                    format!("the variable {name} of --session-secret is not set"),
                    "set it, or give a file",
                )
            })?;
            Some(SharedSecret::from_bytes(text.trim().as_bytes())?)
        }
    })
}
