//! Whom to trust: `--ca` and `--client-ca`.

use std::net::IpAddr;
use std::path::PathBuf;

use tls::certs::{Trust, WatchOptions, Watched};

use super::reloads::Reloads;
use crate::development;
use crate::error::{Error, Result};
use crate::flags::DevelopmentFlags;

/// The certificates of these files together, read again when they change.
pub(super) fn watch_files(files: &[PathBuf], reloads: &mut Reloads) -> Result<Watched<Trust>> {
    // Says which file is at fault.
    for file in files {
        Trust::from_pem_file(file)?;
    }
    let trust = Watched::from_files(files, WatchOptions::default(), |files| {
        files.iter().try_fold(Trust::empty(), |trust, file| {
            Ok(trust.with(&Trust::from_pem(file.bytes())?))
        })
    })?;
    if let Some(first) = files.first() {
        reloads.trust(first, &trust);
    }
    Ok(trust)
}

/// What `tls connect` trusts. Without `--ca`: Mozilla's roots, and for this machine itself the
/// development CA too, if there is one; it is constrained to this machine's names in any case.
pub(crate) fn of_client(words: &[String], host: &str, flags: &DevelopmentFlags) -> Result<Trust> {
    if !words.is_empty() {
        return words.iter().try_fold(Trust::empty(), |trust, word| {
            Ok(trust.with(&of_word(word, flags)?))
        });
    }
    let trust = Trust::mozilla();
    match development::existing_ca(flags) {
        Some(file) if is_this_machine(host) => Ok(trust.with(&Trust::from_pem_file(file)?)),
        _ => Ok(trust),
    }
}

fn of_word(word: &str, flags: &DevelopmentFlags) -> Result<Trust> {
    match word {
        "mozilla" => Ok(Trust::mozilla()),
        "system" => Ok(Trust::system()?),
        "none" => Ok(Trust::empty()),
        "dev" => match development::existing_ca(flags) {
            Some(file) => Ok(Trust::from_pem_file(file)?),
            None => Err(Error::usage(
                "there is no development CA yet",
                "`tls serve` or `tls cert dev` makes it",
            )),
        },
        file => Ok(Trust::from_pem_file(file)?),
    }
}

fn is_this_machine(host: &str) -> bool {
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    let is_loopback = host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    is_loopback || name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_development_ca_is_for_this_machine_only() {
        for host in [
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "127.0.0.1",
            "127.1.2.3",
            "::1",
        ] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in [
            "example.org",
            "localhost.example.org",
            "192.0.2.1",
            "notlocalhost",
        ] {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
