//! What makes an answer good, and each way in which it can be bad; made by `openssl ocsp`.

use rustls::pki_types::UnixTime;
use tls_ocsp::{
    CertificateStatus, Error, OcspRequest, Responder, ResponderFault, ResponseStatus,
    ResponseVerifier, RevocationReason, StaplePolicy, StapleVerdict, Target, demands_staple,
};
use tls_testing::Pki;
use tls_testing::peer::{OcspCa, OpenSsl, Standing};

use super::pki::{
    Delegate, GOOD_DELEGATE, at, ca, delegate, demanding_leaf, leaf, provider, target, verifier,
};

const HOUR: [&str; 2] = ["-nmin", "60"];

async fn answer(ca: &OcspCa, target: &Target, args: &[&str]) -> Vec<u8> {
    let request = OcspRequest::new(target).unwrap();
    ca.answer(request.as_der(), args).await
}

#[tokio::test]
async fn an_issuer_says_good_revoked_or_unknown() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let responder = OcspCa::new(openssl, ca());
    let target = target(&leaf(&[]));
    let now = UnixTime::now();
    let rows = [
        (Standing::Valid, "good"),
        (Standing::Revoked, "revoked"),
        (Standing::Unknown, "unknown"),
    ];
    for (standing, says) in rows {
        responder.set(&target.serial(), standing);
        let answer = answer(&responder, &target, &HOUR).await;
        let verified = verifier().verify(&target, &answer, now).unwrap();
        assert_eq!(verified.status.as_str(), says);
        assert_eq!(verified.responder, Responder::Issuer);
        let next = verified.next_update.unwrap().as_secs();
        assert_eq!(next - verified.this_update.as_secs(), 3600);
        if let CertificateStatus::Revoked { at, reason } = verified.status {
            assert_eq!(at.as_secs(), 1_735_689_600, "2025-01-01");
            assert_eq!(reason, Some(RevocationReason::KeyCompromise));
        }
    }
}

#[tokio::test]
async fn a_nonce_is_repeated_or_left_out_but_never_another() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let responder = OcspCa::new(openssl, ca());
    let target = target(&leaf(&[]));
    responder.set(&target.serial(), Standing::Valid);
    let request = OcspRequest::with_nonce(&target, &provider()).unwrap();
    let answer = responder.answer(request.as_der(), &HOUR).await;
    let judge = |nonce: Option<&[u8]>, answer: &[u8]| {
        let verified = verifier().verify_with_nonce(&target, answer, UnixTime::now(), nonce);
        verified.map(|verified| verified.nonce)
    };
    assert_eq!(judge(request.nonce(), &answer), Ok(true));
    assert_eq!(judge(None, &answer), Ok(false));
    let another = OcspRequest::with_nonce(&target, &provider()).unwrap();
    assert_eq!(judge(another.nonce(), &answer), Err(Error::Nonce));
    let plain = self::answer(&responder, &target, &HOUR).await;
    assert_eq!(judge(request.nonce(), &plain), Ok(false));
}

#[tokio::test]
async fn dates_hold_within_five_minutes() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let responder = OcspCa::new(openssl, ca());
    let target = target(&leaf(&[]));
    responder.set(&target.serial(), Standing::Valid);
    let answer = answer(&responder, &target, &HOUR).await;
    let judge = |verifier: ResponseVerifier, seconds: i64| {
        let verified = verifier.verify(&target, &answer, at(seconds));
        verified.map_or_else(|error| error.code(), |verified| verified.status.as_str())
    };
    for (seconds, says) in [
        (0, "good"),
        (-240, "good"),
        (-600, "response_not_yet_valid"),
        (3600 + 240, "good"),
        (3600 + 600, "response_expired"),
    ] {
        assert_eq!(judge(verifier(), seconds), says, "{seconds}");
    }
    let strict = verifier().with_clock_skew(std::time::Duration::ZERO);
    assert_eq!(judge(strict, 3600 + 60), "response_expired");
}

#[tokio::test]
async fn without_an_end_an_answer_holds_for_the_moment() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let responder = OcspCa::new(openssl, ca());
    let target = target(&leaf(&[]));
    responder.set(&target.serial(), Standing::Valid);
    let answer = answer(&responder, &target, &[]).await;
    let verified = verifier()
        .verify(&target, &answer, UnixTime::now())
        .unwrap();
    assert_eq!(verified.next_update, None);
    let later = verifier().verify(&target, &answer, at(600)).unwrap_err();
    assert_eq!(later.code(), "response_expired");
}

#[tokio::test]
async fn a_delegate_answers_if_the_issuer_made_it_one() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let target = target(&leaf(&[]));
    let good = GOOD_DELEGATE;
    let rows = [
        (ca(), good, None),
        (
            ca(),
            Delegate {
                usage: false,
                ..good
            },
            Some(ResponderFault::Usage),
        ),
        (
            ca(),
            Delegate {
                no_check: false,
                ..good
            },
            Some(ResponderFault::MayBeRevoked),
        ),
        (
            ca(),
            Delegate {
                ended: true,
                ..good
            },
            Some(ResponderFault::Dates),
        ),
        // Good in everything, but of another CA.
        (
            &*Pki::shared().other_root,
            good,
            Some(ResponderFault::OtherIssuer),
        ),
    ];
    for (authority, has, fault) in rows {
        let signer = delegate(authority, has);
        let responder = OcspCa::delegated(openssl.clone(), ca(), &signer);
        responder.set(&target.serial(), Standing::Valid);
        let answer = answer(&responder, &target, &HOUR).await;
        let verified = verifier().verify(&target, &answer, UnixTime::now());
        match fault {
            None => assert_eq!(verified.unwrap().responder, Responder::Delegate),
            Some(fault) => {
                assert_eq!(verified, Err(Error::ResponderNotAuthorised(fault)));
            }
        }
    }
}

/// The old certificate of a renewed delegate comes first, with the same name.
#[tokio::test]
async fn a_renewed_delegate_is_not_judged_by_its_old_certificate() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let target = target(&leaf(&[]));
    let signer = delegate(ca(), GOOD_DELEGATE);
    let old = delegate(
        ca(),
        Delegate {
            ended: true,
            ..GOOD_DELEGATE
        },
    );
    let responder = OcspCa::delegated(openssl, ca(), &signer);
    responder.set(&target.serial(), Standing::Valid);
    let others = responder.directory().join("others.pem");
    std::fs::write(&others, old.certificate_pem()).unwrap();
    let args = ["-nmin", "60", "-rother", "others.pem"];
    let answer = answer(&responder, &target, &args).await;
    let verified = verifier().verify(&target, &answer, UnixTime::now());
    assert_eq!(verified.unwrap().responder, Responder::Delegate);
}

#[tokio::test]
async fn a_stranger_and_an_absent_delegate_are_nobody() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let target = target(&leaf(&[]));
    let unknown = Err(Error::ResponderNotAuthorised(ResponderFault::Unknown));
    // The delegate's certificate left out.
    let signer = delegate(ca(), GOOD_DELEGATE);
    let responder = OcspCa::delegated(openssl.clone(), ca(), &signer);
    responder.set(&target.serial(), Standing::Valid);
    let bare = answer(&responder, &target, &["-nmin", "60", "-resp_no_certs"]).await;
    assert_eq!(verifier().verify(&target, &bare, UnixTime::now()), unknown);
    // The same certificate, asked of an issuer of the same kind but another key.
    let other = Pki::shared().root.subordinate("Test Intermediate");
    let impostor = OcspCa::new(openssl, &other);
    impostor.set(&target.serial(), Standing::Valid);
    let forged = answer(&impostor, &target, &HOUR).await;
    let verified = verifier().verify(&target, &forged, UnixTime::now());
    assert_eq!(
        verified,
        Err(Error::Signature),
        "the name is right, the key is not"
    );
    let by_key = answer(&impostor, &target, &["-nmin", "60", "-resp_key_id"]).await;
    let verified = verifier().verify(&target, &by_key, UnixTime::now());
    assert_eq!(
        verified,
        Err(Error::ResponderNotAuthorised(ResponderFault::OtherIssuer))
    );
}

#[tokio::test]
async fn an_answer_about_another_certificate_is_none() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let responder = OcspCa::new(openssl, ca());
    let (asked, meant) = (target(&leaf(&[])), target(&leaf(&[])));
    responder.set(&asked.serial(), Standing::Valid);
    let answer = answer(&responder, &asked, &HOUR).await;
    let verified = verifier().verify(&meant, &answer, UnixTime::now());
    assert_eq!(verified, Err(Error::OtherCertificate));
}

#[tokio::test]
async fn a_signature_by_sha1_is_refused_and_its_name_by_key_taken() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let responder = OcspCa::new(openssl, ca());
    let target = target(&leaf(&[]));
    responder.set(&target.serial(), Standing::Valid);
    let weak = answer(&responder, &target, &["-nmin", "60", "-rmd", "sha1"]).await;
    let verified = verifier().verify(&target, &weak, UnixTime::now());
    assert_eq!(verified, Err(Error::SignatureAlgorithm));
    let by_key = answer(&responder, &target, &["-nmin", "60", "-resp_key_id"]).await;
    let verified = verifier().verify(&target, &by_key, UnixTime::now());
    assert_eq!(verified.unwrap().status, CertificateStatus::Good);
}

#[test]
fn what_is_no_answer_says_so() {
    let target = target(&leaf(&[]));
    let judge = |bytes: &[u8]| {
        let verified = verifier().verify(&target, bytes, UnixTime::now());
        verified.unwrap_err()
    };
    for (status, byte) in [
        (ResponseStatus::MalformedRequest, 1),
        (ResponseStatus::InternalError, 2),
        (ResponseStatus::TryLater, 3),
        (ResponseStatus::SigRequired, 5),
        (ResponseStatus::Unauthorized, 6),
    ] {
        let answer = [0x30, 0x03, 0x0a, 0x01, byte];
        assert_eq!(judge(&answer), Error::Unsuccessful(status));
    }
    // "Successful", and nothing else.
    let bare = judge(&[0x30, 0x03, 0x0a, 0x01, 0x00]);
    assert_eq!(bare, Error::Unsuccessful(ResponseStatus::Successful));
    assert_eq!(judge(b"<html>").code(), "response_malformed");
    assert_eq!(judge(b"").code(), "response_malformed");
    assert_eq!(judge(&vec![0x30; 70_000]), Error::TooLarge(70_000));
}

#[tokio::test]
async fn a_client_makes_a_verdict_of_a_staple() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let responder = OcspCa::new(openssl, ca());
    let leaf = demanding_leaf(&[]);
    assert!(demands_staple(leaf.certificate()));
    let target = target(&leaf);
    assert!(target.must_staple());
    let verdict =
        |staple: &[u8], seconds| verifier().verdict(leaf.chain(), [], staple, at(seconds));
    responder.set(&target.serial(), Standing::Valid);
    let good = answer(&responder, &target, &HOUR).await;
    responder.set(&target.serial(), Standing::Revoked);
    let revoked = answer(&responder, &target, &HOUR).await;
    responder.set(&target.serial(), Standing::Unknown);
    let unknown = answer(&responder, &target, &HOUR).await;
    // Verdict; accepted by ignore, prefer, prefer with a certificate that demands it, require.
    let rows = [
        (verdict(&good, 0), "good", [true, true, true, true]),
        (verdict(&revoked, 0), "revoked", [true, false, false, false]),
        (verdict(&unknown, 0), "unknown", [true, true, false, false]),
        (verdict(&good, 9000), "stale", [true, true, false, false]),
        (verdict(&[], 0), "absent", [true, true, false, false]),
        (verdict(b"junk", 0), "invalid", [true, true, false, false]),
    ];
    for (verdict, code, [ignore, prefer, demanded, require]) in rows {
        assert_eq!(verdict.code(), code);
        let accepted = [
            StaplePolicy::Ignore.accepts(&verdict, true),
            StaplePolicy::Prefer.accepts(&verdict, false),
            StaplePolicy::Prefer.accepts(&verdict, true),
            StaplePolicy::Require.accepts(&verdict, false),
        ];
        assert_eq!(accepted, [ignore, prefer, demanded, require], "{code}");
        let verified = ["good", "revoked", "unknown"].contains(&code);
        assert_eq!(verdict.response().is_some(), verified);
    }
    // The issuer may be known from elsewhere.
    let alone = &leaf.chain()[..1];
    let without = verifier().verdict(alone, [], &good, at(0));
    assert_eq!(without, StapleVerdict::Invalid(Error::NoIssuer));
    let with = verifier().verdict(alone, [ca().certificate()], &good, at(0));
    assert_eq!(with.code(), "good");
}

#[test]
fn a_certificate_says_where_to_ask() {
    let many: Vec<String> = (0..9).map(|n| format!("http://r{n}.test/ocsp")).collect();
    let mut urls = vec!["ldap://x.test/", "https://s.test/o", "file:///etc/passwd"];
    urls.extend(many.iter().map(String::as_str));
    let target = target(&leaf(&urls));
    let expected = [
        "https://s.test/o",
        "http://r0.test/ocsp",
        "http://r1.test/ocsp",
        "http://r2.test/ocsp",
    ];
    assert_eq!(target.responders(), expected);
    assert!(!target.must_staple());
    assert_eq!(self::target(&leaf(&[])).responders(), [""; 0]);
}

#[test]
fn an_issuer_is_who_signed() {
    let leaf = leaf(&[]);
    let impostor = Pki::shared().root.subordinate("Test Intermediate");
    let judge = |issuer| Target::new(leaf.certificate(), issuer, &provider()).map(drop);
    assert_eq!(judge(impostor.certificate()), Err(Error::NotTheIssuer));
    assert_eq!(
        judge(Pki::shared().root.certificate()),
        Err(Error::NotTheIssuer)
    );
    assert_eq!(judge(ca().certificate()), Ok(()));
    let alone = Target::from_chain(&leaf.chain()[..1], [], &provider()).map(drop);
    assert_eq!(alone, Err(Error::NoIssuer));
    // The one in the chain is not it, another one is.
    let chain = [leaf.certificate().clone(), impostor.certificate().clone()];
    let found = Target::from_chain(&chain, [ca().certificate()], &provider()).unwrap();
    assert_eq!(found.issuer(), ca().certificate());
}
