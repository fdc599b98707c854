//! What is counted: an alert hangs on the certificates that demand a staple and have none.

use tls_ocsp::{OcspRequest, Stapler};
use tls_testing::CountedMetrics;
use tls_testing::peer::{OcspCa, OpenSsl, Standing};

use super::pki::{ca, demanding_leaf, target, verifier};

#[test]
fn a_demand_without_a_staple_is_counted_until_there_is_one() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let counted = CountedMetrics::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    metrics::with_local_recorder(&counted, || {
        runtime.block_on(async {
            let subject = demanding_leaf(&["http://127.0.0.1:1/"]);
            let stapler = Stapler::builder(verifier()).start();
            stapler.watch(subject.chain());
            assert_eq!(
                counted.gauge("tls_staples_missing{}").to_bits(),
                1_f64.to_bits()
            );
            let responder = OcspCa::new(openssl, ca());
            responder.set(&target(&subject).serial(), Standing::Valid);
            let request = OcspRequest::new(&target(&subject)).unwrap();
            let answer = responder.answer(request.as_der(), &["-nmin", "60"]).await;
            stapler.set(subject.chain(), answer).unwrap();
            assert_eq!(
                counted.gauge("tls_staples_missing{}").to_bits(),
                0_f64.to_bits()
            );
            assert_eq!(counted.count("tls_staple_refreshes_total{outcome=good}"), 1);
        });
    });
}
