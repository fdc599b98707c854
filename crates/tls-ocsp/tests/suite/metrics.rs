//! What is counted: an alert hangs on the certificates that demand a staple and have none.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use tls_ocsp::{OcspRequest, Stapler};
use tls_testing::peer::{OcspCa, OpenSsl, Standing};

use super::pki::{ca, demanding_leaf, target, verifier};

#[derive(Default)]
struct Counted(Mutex<BTreeMap<String, Arc<AtomicU64>>>);

impl Counted {
    fn cell(&self, key: &Key) -> Arc<AtomicU64> {
        let labels = key.labels().map(|label| format!(" {}", label.value()));
        let name = key.name().to_owned() + &labels.collect::<String>();
        self.0.lock().unwrap().entry(name).or_default().clone()
    }

    fn gauge(&self, name: &str) -> f64 {
        let cell = self.cell(&Key::from_name(name.to_owned()));
        f64::from_bits(cell.load(Ordering::SeqCst))
    }

    fn count(&self, name: &str) -> u64 {
        let cells = self.0.lock().unwrap();
        cells
            .get(name)
            .map_or(0, |cell| cell.load(Ordering::SeqCst))
    }
}

impl Recorder for Counted {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.cell(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.cell(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn a_demand_without_a_staple_is_counted_until_there_is_one() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let counted = Counted::default();
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
                counted.gauge("tls_staples_missing").to_bits(),
                1_f64.to_bits()
            );
            let responder = OcspCa::new(openssl, ca());
            responder.set(&target(&subject).serial(), Standing::Valid);
            let request = OcspRequest::new(&target(&subject)).unwrap();
            let answer = responder.answer(request.as_der(), &["-nmin", "60"]).await;
            stapler.set(subject.chain(), answer).unwrap();
            assert_eq!(
                counted.gauge("tls_staples_missing").to_bits(),
                0_f64.to_bits()
            );
            assert_eq!(counted.count("tls_staple_refreshes_total good"), 1);
        });
    });
}
