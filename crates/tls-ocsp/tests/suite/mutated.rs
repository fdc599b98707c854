//! A changed answer never verifies as something else, and never panics.

use proptest::prelude::*;
use rustls::pki_types::UnixTime;
use tls_ocsp::OcspRequest;
use tls_testing::peer::{OcspCa, OpenSsl, Standing};

use super::pki::{GOOD_DELEGATE, ca, delegate, leaf, target, verifier};

fn answers() -> Option<(tls_ocsp::Target, [Vec<u8>; 2])> {
    let openssl = OpenSsl::require()?;
    let target = target(&leaf(&[]));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let answers = runtime.block_on(async {
        let request = OcspRequest::new(&target).unwrap();
        let issuer = OcspCa::new(openssl.clone(), ca());
        let delegated = OcspCa::delegated(openssl, ca(), &delegate(ca(), GOOD_DELEGATE));
        let mut answers = [Vec::new(), Vec::new()];
        for (place, responder) in answers.iter_mut().zip([issuer, delegated]) {
            responder.set(&target.serial(), Standing::Revoked);
            *place = responder.answer(request.as_der(), &["-nmin", "60"]).await;
        }
        answers
    });
    Some((target, answers))
}

#[test]
fn a_changed_answer_says_the_same_or_nothing() {
    let Some((target, answers)) = answers() else {
        return;
    };
    let now = UnixTime::now();
    let genuine = answers.each_ref().map(|answer| {
        let verified = verifier().verify(&target, answer, now);
        verified.unwrap()
    });
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(256));
    let changes = (
        0..2_usize,
        prop::collection::vec((any::<prop::sample::Index>(), 1..=255_u8), 1..4),
    );
    let outcome = runner.run(&changes, |(which, changes)| {
        let mut changed = answers[which].clone();
        for (place, difference) in changes {
            let place = place.index(changed.len());
            changed[place] ^= difference;
        }
        // Parts that are not signed can change without a harm: certificates that nobody needs.
        if let Ok(verified) = verifier().verify(&target, &changed, now) {
            prop_assert_eq!(&verified, &genuine[which]);
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn a_cut_answer_says_nothing() {
    let Some((target, answers)) = answers() else {
        return;
    };
    for answer in &answers {
        for end in 0..answer.len() {
            assert!(
                verifier()
                    .verify(&target, &answer[..end], UnixTime::now())
                    .is_err()
            );
        }
    }
}
