//! What is counted, through the `metrics` facade (feature `metrics`).
//!
//! | metric | kind | labels |
//! |---|---|---|
//! | `tls_staples_missing` | gauge | – : certificates that demand a staple and have none |
//! | `tls_staple_refreshes_total` | counter | `outcome`: `good`, `revoked`, `failed` |
//! | `tls_crl_refreshes_total` | counter | `outcome`: `good`, `failed` |

/// A certificate that demands a staple has lost its last one, or never had one; or has one now.
pub(crate) fn staple_missing(missing: bool) {
    #[cfg(feature = "metrics")]
    {
        let gauge = metrics::gauge!("tls_staples_missing");
        if missing {
            gauge.increment(1);
        } else {
            gauge.decrement(1);
        }
    }
    #[cfg(not(feature = "metrics"))]
    let _ = missing;
}

pub(crate) fn staple_refreshed(outcome: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::counter!("tls_staple_refreshes_total", "outcome" => outcome).increment(1);
    #[cfg(not(feature = "metrics"))]
    let _ = outcome;
}

pub(crate) fn list_refreshed(outcome: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::counter!("tls_crl_refreshes_total", "outcome" => outcome).increment(1);
    #[cfg(not(feature = "metrics"))]
    let _ = outcome;
}
