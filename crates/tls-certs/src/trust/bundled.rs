//! Mozilla's roots, compiled in.

use std::sync::LazyLock;

use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

use super::{Trust, TrustedCertificate};

static MOZILLA: LazyLock<Trust> = LazyLock::new(|| {
    Trust::from_certificates(
        TLS_SERVER_ROOT_CERTS
            .iter()
            .filter_map(TrustedCertificate::bundled),
    )
});

pub(super) fn mozilla() -> &'static Trust {
    &MOZILLA
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn every_bundled_root_is_an_anchor_and_can_be_described() {
        let trust = Trust::mozilla();
        assert_eq!(trust.len(), TLS_SERVER_ROOT_CERTS.len());
        for root in trust.certificates() {
            assert!(root.is_anchor() && !root.is_listed());
            assert!(root.summary().unwrap().is_ca);
        }
    }

    #[test]
    fn the_bundled_roots_exist_once() {
        let (one, other) = (Trust::mozilla(), Trust::mozilla());
        assert!(Arc::ptr_eq(one.anchors(), other.anchors()));
        assert!(std::ptr::eq(one.certificates(), other.certificates()));
    }
}
