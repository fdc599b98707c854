//! Revocation: staples and lists.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// How much is made of what says whether a certificate is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Revocation {
    /// Nothing
    Ignore,
    /// Revoked is refused; what is missing or stale is taken
    Prefer,
    /// Only what is known to be good
    Require,
}

/// What both `tls serve` and `tls connect` can be told.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct RevocationFlags {
    /// Revocation lists of the other end's certificates: a PEM or DER file, a directory of them, or
    /// `auto` for those that the certificates name; repeatable
    #[arg(long, value_name = "FILE|auto", hide_short_help = true)]
    pub(crate) crl: Vec<PathBuf>,
    /// How much is made of lists and staples [default: require with --crl FILE, else prefer]
    #[arg(long, value_name = "POLICY", hide_short_help = true)]
    pub(crate) revocation: Option<Revocation>,
    /// Allow responders and lists of private networks and of this machine, on any port
    #[arg(long, hide_short_help = true)]
    pub(crate) ocsp_allow_private: bool,
    /// Keep staples and fetched lists in this directory, over a restart
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    pub(crate) revocation_cache: Option<PathBuf>,
}

impl RevocationFlags {
    /// Whether lists are to be fetched.
    pub(crate) fn fetches_lists(&self) -> bool {
        self.crl.iter().any(|word| word.as_os_str() == "auto")
    }

    /// The files among the words.
    pub(crate) fn list_files(&self) -> Vec<PathBuf> {
        let files = self.crl.iter().filter(|word| word.as_os_str() != "auto");
        files.cloned().collect()
    }

    /// What was said, or what goes with the lists.
    pub(crate) fn policy(&self) -> Revocation {
        let given = if self.list_files().is_empty() {
            Revocation::Prefer
        } else {
            Revocation::Require
        };
        self.revocation.unwrap_or(given)
    }
}

/// Which OCSP responses `tls serve` staples.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stapling {
    /// Those of the responders that the certificates name.
    #[default]
    Auto,
    Off,
    /// One response, for the first certificate.
    File(PathBuf),
}

pub(crate) fn stapling(text: &str) -> Result<Stapling, std::convert::Infallible> {
    Ok(match text {
        "auto" => Stapling::Auto,
        "off" => Stapling::Off,
        file => Stapling::File(file.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_follows_the_lists_unless_it_is_given() {
        let flags = |words: &[&str], revocation| RevocationFlags {
            crl: words.iter().map(PathBuf::from).collect(),
            revocation,
            ..RevocationFlags::default()
        };
        for (words, given, policy, fetches, files) in [
            (&[][..], None, Revocation::Prefer, false, 0),
            (&["auto"], None, Revocation::Prefer, true, 0),
            (&["a.crl", "b.crl"], None, Revocation::Require, false, 2),
            (&["a.crl", "auto"], None, Revocation::Require, true, 1),
            (
                &["a.crl"],
                Some(Revocation::Ignore),
                Revocation::Ignore,
                false,
                1,
            ),
        ] {
            let flags = flags(words, given);
            assert_eq!(flags.policy(), policy, "{words:?}");
            assert_eq!(flags.fetches_lists(), fetches, "{words:?}");
            assert_eq!(flags.list_files().len(), files, "{words:?}");
        }
    }
}
