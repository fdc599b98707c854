//! The suites that a handshake with a pre-shared key may use.

use tls_record::Aead;
use tls_wire::{CipherSuite, ProtocolVersion};

use crate::Error;

/// Every suite that is spoken, most preferred first: ECDHE before the key alone.
pub(crate) const DEFAULT: [CipherSuite; 9] = [
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_PSK_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_PSK_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_PSK_WITH_CHACHA20_POLY1305_SHA256,
];

/// How one suite of ours works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PskSuite {
    pub(crate) suite: CipherSuite,
    pub(crate) version: ProtocolVersion,
    pub(crate) aead: Aead,
    /// TLS 1.2: with ECDHE, or with the key alone. In TLS 1.3 the mode says that.
    pub(crate) ecdhe: bool,
}

/// Finds a suite of ours.
pub(crate) fn find(suite: CipherSuite) -> Option<PskSuite> {
    use ProtocolVersion::{Tls12, Tls13};
    let (version, aead, ecdhe) = match suite {
        CipherSuite::TLS_AES_128_GCM_SHA256 => (Tls13, Aead::Aes128Gcm, true),
        CipherSuite::TLS_AES_256_GCM_SHA384 => (Tls13, Aead::Aes256Gcm, true),
        CipherSuite::TLS_CHACHA20_POLY1305_SHA256 => (Tls13, Aead::ChaCha20Poly1305, true),
        // RFC 8442.
        CipherSuite::TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256 => (Tls12, Aead::Aes128Gcm, true),
        CipherSuite::TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384 => (Tls12, Aead::Aes256Gcm, true),
        // RFC 7905.
        CipherSuite::TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256 => {
            (Tls12, Aead::ChaCha20Poly1305, true)
        }
        CipherSuite::TLS_PSK_WITH_CHACHA20_POLY1305_SHA256 => {
            (Tls12, Aead::ChaCha20Poly1305, false)
        }
        // RFC 5487.
        CipherSuite::TLS_PSK_WITH_AES_128_GCM_SHA256 => (Tls12, Aead::Aes128Gcm, false),
        CipherSuite::TLS_PSK_WITH_AES_256_GCM_SHA384 => (Tls12, Aead::Aes256Gcm, false),
        _ => return None,
    };
    Some(PskSuite {
        suite,
        version,
        aead,
        ecdhe,
    })
}

/// The suites of `configured` that one version may use, in their order.
pub(crate) fn of_version(
    configured: &[CipherSuite],
    version: ProtocolVersion,
    allow_psk_ke: bool,
) -> impl Iterator<Item = PskSuite> + '_ {
    let known = configured.iter().filter_map(|&suite| find(suite));
    known.filter(move |it| it.version == version && (it.ecdhe || allow_psk_ke))
}

/// Whether each version has a suite, and there is a version.
pub(crate) fn check(
    versions: &[ProtocolVersion],
    configured: &[CipherSuite],
    allow_psk_ke: bool,
) -> Result<(), Error> {
    let ours = [ProtocolVersion::Tls13, ProtocolVersion::Tls12];
    if !versions.iter().any(|version| ours.contains(version)) {
        let what = "protocol version";
        return Err(Error::NothingConfigured { what });
    }
    for &version in versions {
        let mut suites = of_version(configured, version, allow_psk_ke);
        if ours.contains(&version) && suites.next().is_none() {
            let what = "cipher suite";
            return Err(Error::NothingConfigured { what });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_suite_is_known_and_ecdhe_comes_first() {
        let known: Vec<_> = DEFAULT.iter().filter_map(|&suite| find(suite)).collect();
        assert_eq!(known.len(), DEFAULT.len());
        assert!(known.is_sorted_by_key(|it| !it.ecdhe));
        for it in known {
            assert_eq!(it.suite.minimum_version(), Some(it.version));
        }
    }

    #[test]
    fn plain_psk_has_to_be_asked_for() {
        let suites = [CipherSuite::TLS_PSK_WITH_AES_128_GCM_SHA256];
        let versions = [ProtocolVersion::Tls12];
        assert!(check(&versions, &suites, false).is_err());
        assert_eq!(check(&versions, &suites, true), Ok(()));
        assert!(check(&[], &DEFAULT, true).is_err());
    }
}
