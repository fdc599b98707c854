//! Files of certificates, keys and revocation lists.

use rustls::pki_types::CertificateDer;
use tls_certs::{
    CertificateNames, CertificateSummary, Crls, Identity, IdentityLoader, Passphrase, Source,
    Trust, check_server_identity,
};

/// The first byte says what the rest is taken for. `true` if it was loaded.
#[must_use]
pub fn certificates(bytes: &[u8]) -> bool {
    let Some((kind, bytes)) = bytes.split_first() else {
        return false;
    };
    match kind % 6 {
        0 => described(bytes),
        1 => Trust::from_pem(bytes).is_ok_and(|trust| {
            assert!(!trust.is_empty(), "trust in nothing is an error");
            true
        }),
        2 => Crls::from_pem(bytes).is_ok() | Crls::from_der([bytes]).is_ok(),
        3 => Identity::from_pem(bytes, bytes).is_ok(),
        4 => loaded(IdentityLoader::new().pem(Source::bytes("the file", bytes))),
        _ => loaded(IdentityLoader::new().pfx(Source::bytes("the file", bytes))),
    }
}

fn described(der: &[u8]) -> bool {
    let der = CertificateDer::from(der);
    let trusted = Trust::from_der([der.clone().into_owned()]).is_ok();
    let Ok(summary) = CertificateSummary::from_der(&der) else {
        return false;
    };
    let _ = (summary.display_names(), summary.spiffe_id());
    let _ = (summary.not_after_text(), format!("{summary:?}"));
    if let Ok(names) = CertificateNames::from_der(&der) {
        let _ = check_server_identity("localhost", &names);
    }
    trusted
}

fn loaded(loader: IdentityLoader) -> bool {
    let loader = loader.passphrase(Passphrase::new("any"));
    loader.load().is_ok_and(|identities| {
        assert!(!identities.is_empty(), "no identity is an error");
        true
    })
}
