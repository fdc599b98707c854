//! Staples that keep themselves fresh, with responders that do not always play along.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::time_provider::TimeProvider;
use tls_ocsp::{
    BoxFuture, CacheKey, DiskCache, Fetcher, OcspRequest, ResponseCache, StapleReport, Stapler,
    StaplerBuilder,
};
use tls_testing::peer::{OcspCa, OpenSsl, Standing};
use tls_testing::{Leaf, Pki};

use super::http_server::{HttpServer, Reply};
use super::pki::{
    Delegate, GOOD_DELEGATE, at, ca, delegate, demanding_leaf, leaf, target, verifier,
};

/// Soon enough for a test, and no faster.
const RETRY: Duration = Duration::from_millis(20);

fn builder() -> StaplerBuilder {
    Stapler::builder(verifier())
        .fetcher(
            Fetcher::new()
                .allow_private(true)
                .time_limit(Duration::from_millis(200)),
        )
        .retry(RETRY, RETRY)
}

/// What `openssl ocsp` answers about `leaf`.
async fn answer(leaf: &Leaf, standing: Standing, minutes: &str) -> Option<Vec<u8>> {
    let responder = OcspCa::new(OpenSsl::require()?, ca());
    Some(answer_of(&responder, leaf, standing, minutes).await)
}

async fn answer_of(responder: &OcspCa, leaf: &Leaf, standing: Standing, minutes: &str) -> Vec<u8> {
    let target = target(leaf);
    responder.set(&target.serial(), standing);
    let request = OcspRequest::new(&target).unwrap();
    responder
        .answer(request.as_der(), &["-nmin", minutes])
        .await
}

/// The same, signed by somebody who may not.
async fn answer_by(signer: &Leaf, leaf: &Leaf) -> Vec<u8> {
    let responder = OcspCa::delegated(OpenSsl::require().unwrap(), ca(), signer);
    answer_of(&responder, leaf, Standing::Valid, "60").await
}

/// Waits until the only certificate's report is as wanted.
async fn until(stapler: &Stapler, wanted: impl Fn(&StapleReport) -> bool) -> StapleReport {
    let mut changes = stapler.changes();
    let found = async {
        loop {
            changes.borrow_and_update();
            if let Some(report) = stapler.report().into_iter().find(&wanted) {
                return report;
            }
            changes.changed().await.unwrap();
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(20), found).await;
    found.unwrap_or_else(|_| panic!("in vain; {:?}", stapler.report()))
}

fn says(report: &StapleReport, status: &str) -> bool {
    report.status.is_some_and(|said| said.as_str() == status)
}

#[tokio::test]
async fn a_staple_is_asked_for_of_the_responder_that_the_certificate_names() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let responder = OcspCa::new(openssl, ca());
    // The certificate must name the responder, and the responder must know the certificate: a
    // responder reads its index before the first answer.
    let relay = Arc::new(Mutex::new(String::new()));
    let place = Arc::clone(&relay);
    let named = HttpServer::start(move |_| Reply::Moved(place.lock().unwrap().clone())).await;
    let leaf = leaf(&[&named.url()]);
    responder.set(&target(&leaf).serial(), Standing::Valid);
    let listening = responder.listen(&["-nmin", "60"]).await;
    relay.lock().unwrap().clone_from(&listening.url);

    let stapler = builder().start();
    stapler.watch(leaf.chain());
    let report = until(&stapler, |report| says(report, "good")).await;
    assert_eq!(report.serial.unwrap(), target(&leaf).serial());
    assert!(!report.must_staple && report.last_error.is_none());
    let staple = stapler.staple(leaf.certificate()).unwrap();
    let verified = verifier().verify(&target(&leaf), staple.as_der(), UnixTime::now());
    assert_eq!(&verified.unwrap(), staple.response());
    assert_eq!(named.asked().len(), 1, "once is enough for half an hour");
}

#[tokio::test]
async fn bad_answers_are_never_stapled_and_the_next_good_one_is() {
    let subject = leaf(&["http://ignored.test/"]);
    let Some(good) = answer(&subject, Standing::Valid, "60").await else {
        return;
    };
    let other = answer(&leaf(&[]), Standing::Valid, "60").await.unwrap();
    let unknown = answer(&subject, Standing::Unknown, "60").await.unwrap();
    let useless = Delegate {
        usage: false,
        ..GOOD_DELEGATE
    };
    let useless = answer_by(&delegate(ca(), useless), &subject).await;
    let stranger = delegate(&Pki::shared().other_root, GOOD_DELEGATE);
    let stranger = answer_by(&stranger, &subject).await;
    let bad: Vec<(Reply, &str)> = vec![
        (Reply::Body(useless), "not for OCSP signing"),
        (Reply::Body(stranger), "not signed by the issuer"),
        (Reply::Drip, "no answer within"),
        (Reply::Status(500), "status 500"),
        (Reply::Silence, "no answer within"),
        (Reply::Body(b"<html>".to_vec()), "no OCSP response"),
        (Reply::Body(vec![0x30, 3, 0x0a, 1, 3]), "tryLater"),
        (Reply::Body(other), "other certificates"),
        (Reply::Body(unknown), "does not know"),
        (Reply::Body(vec![0; 100_000]), "larger than"),
        (Reply::Raw(b"junk".to_vec()), "HTTP failed"),
    ];
    let words: Vec<&str> = bad.iter().map(|(_, word)| *word).collect();
    let turn = AtomicUsize::new(0);
    let server = HttpServer::start(move |_| {
        let turn = turn.fetch_add(1, Ordering::SeqCst);
        bad.get(turn)
            .map_or_else(|| Reply::Body(good.clone()), |(reply, _)| reply.clone())
    })
    .await;
    let stapler = builder().responder(&server.url()).start();
    stapler.watch(subject.chain());
    for word in words {
        let failed = |report: &StapleReport| {
            report
                .last_error
                .as_ref()
                .is_some_and(|error| error.contains(word))
        };
        let report = until(&stapler, failed).await;
        assert_eq!(report.status, None, "{word}");
        assert!(report.last_error_code.is_some());
        assert!(stapler.staple(subject.certificate()).is_none());
    }
    until(&stapler, |report| {
        says(report, "good") && report.last_error.is_none()
    })
    .await;
}

#[tokio::test]
async fn what_has_ended_or_has_not_begun_is_never_stapled() {
    let subject = leaf(&["http://ignored.test/"]);
    let Some(hour) = answer(&subject, Standing::Valid, "60").await else {
        return;
    };
    let server = HttpServer::start(move |_| Reply::Body(hour.clone())).await;
    for (now, code) in [
        (at(-3600), "response_not_yet_valid"),
        (at(2 * 3600), "response_expired"),
    ] {
        let clock = Arc::new(Hand(Mutex::new(now)));
        let stapler = builder().clock(clock).responder(&server.url()).start();
        stapler.watch(subject.chain());
        let report = until(&stapler, |report| report.last_error.is_some()).await;
        assert_eq!((report.status, report.last_error_code), (None, Some(code)));
    }
}

/// Whatever the responder says by then; and not a second longer.
#[tokio::test]
async fn the_last_good_staple_serves_until_it_ends() {
    let subject = demanding_leaf(&["http://ignored.test/"]);
    let Some(hour) = answer(&subject, Standing::Valid, "60").await else {
        return;
    };
    let begin = UnixTime::now().as_secs();
    let hand = Arc::new(Hand(Mutex::new(UnixTime::now())));
    let server = HttpServer::start(|_| Reply::Body(b"lies".to_vec())).await;
    let stapler = builder().clock(Arc::clone(&hand) as _);
    let stapler = stapler.responder(&server.url()).start();
    stapler.set(subject.chain(), hour).unwrap();
    for (minutes, status) in [(31, true), (50, true), (59, true), (61, false)] {
        let now = Duration::from_secs(begin + minutes * 60);
        *hand.0.lock().unwrap() = UnixTime::since_unix_epoch(now);
        // Asked once more at this time.
        let before = server.asked().len();
        let more = |_: &StapleReport| server.asked().len() >= before + 2;
        until(&stapler, more).await;
        let report = until(&stapler, |report| report.last_error.is_some()).await;
        assert_eq!(report.status.is_some(), status, "{minutes}");
        assert_eq!(report.is_missing(), !status, "{minutes}");
        assert_eq!(stapler.staple(subject.certificate()).is_some(), status);
    }
}

#[tokio::test]
async fn responders_are_asked_in_turn() {
    let dead = HttpServer::start(|_| Reply::Status(404)).await;
    let living = Arc::new(Mutex::new(Vec::new()));
    let body = Arc::clone(&living);
    let server = HttpServer::start(move |_| Reply::Body(body.lock().unwrap().clone())).await;
    let leaf = leaf(&[&dead.url(), &server.url()]);
    let Some(good) = answer(&leaf, Standing::Valid, "60").await else {
        return;
    };
    *living.lock().unwrap() = good;
    let stapler = builder().start();
    stapler.watch(leaf.chain());
    until(&stapler, |report| says(report, "good")).await;
    assert_eq!((dead.asked().len(), server.asked().len()), (1, 1));
}

#[tokio::test]
async fn revoked_is_stapled_and_a_demand_without_staple_is_seen() {
    let demanding = demanding_leaf(&["http://ignored.test/"]);
    let Some(revoked) = answer(&demanding, Standing::Revoked, "60").await else {
        return;
    };
    let healed = Arc::new(Mutex::new(Reply::Status(503)));
    let reply = Arc::clone(&healed);
    let server = HttpServer::start(move |_| reply.lock().unwrap().clone()).await;
    let stapler = builder().responder(&server.url()).start();
    stapler.watch(demanding.chain());
    let report = until(&stapler, |report| report.last_error.is_some()).await;
    assert!(report.is_missing());
    *healed.lock().unwrap() = Reply::Body(revoked);
    let report = until(&stapler, |report| says(report, "revoked")).await;
    assert!(!report.is_missing());
    assert!(stapler.staple(demanding.certificate()).is_some());
}

/// A clock that a test sets.
#[derive(Debug)]
struct Hand(Mutex<UnixTime>);

impl TimeProvider for Hand {
    fn current_time(&self) -> Option<UnixTime> {
        Some(*self.0.lock().unwrap())
    }
}

#[tokio::test]
async fn by_hand_until_it_ends() {
    let subject = leaf(&[]);
    let Some(good) = answer(&subject, Standing::Valid, "60").await else {
        return;
    };
    let hand = Arc::new(Hand(Mutex::new(UnixTime::now())));
    let stapler = builder().clock(Arc::clone(&hand) as _).start();
    let other = answer(&leaf(&[]), Standing::Valid, "60").await.unwrap();
    let code = |response: Vec<u8>| stapler.set(subject.chain(), response).map_err(|e| e.code());
    assert_eq!(code(other), Err("response_for_another_certificate"));
    let endless = OcspCa::new(OpenSsl::require().unwrap(), ca());
    endless.set(&target(&subject).serial(), Standing::Valid);
    let request = OcspRequest::new(&target(&subject)).unwrap();
    assert_eq!(
        code(endless.answer(request.as_der(), &[]).await),
        Err("response_without_next_update")
    );
    let unknown = answer(&subject, Standing::Unknown, "60").await.unwrap();
    assert_eq!(code(unknown), Err("status_unknown"));
    assert_eq!(code(good.clone()), Ok(()));
    assert_eq!(
        stapler.staple(subject.certificate()).unwrap().as_der(),
        good
    );
    *hand.0.lock().unwrap() = at(3700);
    assert!(stapler.staple(subject.certificate()).is_none());
}

#[tokio::test]
async fn a_directory_keeps_staples_over_a_restart() {
    let subject = leaf(&["http://ignored.test/"]);
    let Some(good) = answer(&subject, Standing::Valid, "60").await else {
        return;
    };
    let server = HttpServer::start(move |_| Reply::Body(good.clone())).await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("staples");
    let begin = |url: &str| {
        builder()
            .cache(DiskCache::new(&path).unwrap())
            .responder(url)
            .start()
    };
    let first = begin(&server.url());
    first.watch(subject.chain());
    until(&first, |report| says(report, "good")).await;
    drop(first);
    // The responder is gone when the server comes back.
    drop(server);
    let second = begin("http://127.0.0.1:1/");
    second.watch(subject.chain());
    until(&second, |report| says(report, "good")).await;
    // What somebody wrote into the directory is judged like anything else.
    let kept = std::fs::read_dir(&path).unwrap().next().unwrap().unwrap();
    std::fs::write(kept.path(), b"junk").unwrap();
    let third = begin("http://127.0.0.1:1/");
    third.watch(subject.chain());
    let report = until(&third, |report| report.last_error.is_some()).await;
    assert_eq!(report.status, None);
}

/// A cache that two workers share; the first who asks may.
#[derive(Clone, Default)]
struct SharedCache {
    kept: Arc<Mutex<HashMap<CacheKey, Vec<u8>>>>,
    turns: Arc<AtomicUsize>,
}

impl ResponseCache for SharedCache {
    fn get<'a>(&'a self, key: &'a CacheKey) -> BoxFuture<'a, Option<Vec<u8>>> {
        let kept = self.kept.lock().unwrap().get(key).cloned();
        Box::pin(std::future::ready(kept))
    }

    fn put<'a>(&'a self, key: &'a CacheKey, response: &'a [u8], _: Duration) -> BoxFuture<'a, ()> {
        self.kept.lock().unwrap().insert(*key, response.to_vec());
        Box::pin(std::future::ready(()))
    }

    fn may_ask<'a>(&'a self, _: &'a CacheKey, _: Duration) -> BoxFuture<'a, bool> {
        let first = self.turns.fetch_add(1, Ordering::SeqCst) == 0;
        Box::pin(std::future::ready(first))
    }
}

#[tokio::test]
async fn a_cluster_asks_once() {
    let subject = leaf(&["http://ignored.test/"]);
    let Some(good) = answer(&subject, Standing::Valid, "60").await else {
        return;
    };
    let server = HttpServer::start(move |_| Reply::Body(good.clone())).await;
    let cache = SharedCache::default();
    let workers: Vec<Stapler> = (0..3)
        .map(|_| {
            builder()
                .cache(cache.clone())
                .responder(&server.url())
                .start()
        })
        .collect();
    for worker in &workers {
        worker.watch(subject.chain());
    }
    for worker in &workers {
        until(worker, |report| says(report, "good")).await;
    }
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn what_can_not_be_asked_about_says_why() {
    let stapler = builder().start();
    let alone = leaf(&["http://ignored.test/"]);
    stapler.watch(&alone.chain()[..1]);
    stapler.watch(leaf(&[]).chain());
    stapler.watch(&[CertificateDer::from(b"junk".to_vec())]);
    for word in [
        "issuer is not in the chain",
        "names nobody to ask",
        "can't be read",
    ] {
        until(&stapler, |report| {
            report
                .last_error
                .as_ref()
                .is_some_and(|error| error.contains(word))
        })
        .await;
    }
    assert_eq!(stapler.report().len(), 3);
    // Somebody knows its issuer.
    stapler.watch(alone.chain());
    until(&stapler, |report| {
        let error = report.last_error_code;
        report.serial.as_ref() == Some(&target(&alone).serial()) && error != Some("no_issuer")
    })
    .await;
    assert_eq!(stapler.report().len(), 3);
    // An issuer that the chain leaves out may be given beside it.
    let good = answer(&alone, Standing::Valid, "60").await;
    let Some(good) = good else { return };
    let stapler = builder().issuers([ca().certificate().clone()]).start();
    stapler.set(&alone.chain()[..1], good).unwrap();
    assert!(stapler.staple(alone.certificate()).is_some());
}

/// A hook may make a certificate for each name that it is asked for.
#[tokio::test(start_paused = true)]
async fn what_nobody_can_be_asked_about_is_forgotten_unless_it_is_watched() {
    let stapler = builder().start();
    let key = |chain: &[CertificateDer<'static>], leaf: &Leaf| {
        let provider = super::pki::provider();
        let key = rustls::sign::CertifiedKey::from_der(chain.to_vec(), leaf.key(), &provider);
        Arc::new(key.unwrap())
    };
    let (plain, alone, watched) = (leaf(&[]), leaf(&["http://127.0.0.1:1/"]), leaf(&[]));
    drop(stapler.stapled(key(plain.chain(), &plain)));
    drop(stapler.stapled(key(&alone.chain()[..1], &alone)));
    stapler.watch(watched.chain());
    assert_eq!(stapler.report().len(), 3);
    let mut changes = stapler.changes();
    let forgotten = changes.wait_for(|_| stapler.report().len() == 1);
    let hours = Duration::from_secs(4 * 3600);
    let forgotten = tokio::time::timeout(hours, forgotten).await;
    forgotten.expect("within hours").unwrap();
    let [left] = stapler.report().try_into().unwrap();
    assert_eq!(left.serial.unwrap(), target(&watched).serial());
}

/// Only who names a responder is owed a word about the issuer that is missing.
#[tokio::test]
async fn without_its_issuer_a_certificate_still_tells_whether_it_names_a_responder() {
    for (urls, names) in [(&["http://127.0.0.1:1/"][..], true), (&[], false)] {
        let stapler = builder().start();
        stapler.watch(&leaf(urls).chain()[..1]);
        let report = stapler.report().pop().unwrap();
        assert_eq!(report.has_responder, names);
        assert!(report.last_error.unwrap().contains("issuer"));
    }
}

#[tokio::test]
async fn with_a_nonce_an_old_answer_is_no_answer() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let subject = leaf(&["http://ignored.test/"]);
    let ca = OcspCa::new(openssl, ca());
    ca.set(&target(&subject).serial(), Standing::Valid);
    // Somebody on the way recorded the answer to another question.
    let provider = super::pki::provider();
    let request = OcspRequest::with_nonce(&target(&subject), &provider).unwrap();
    let recorded = ca.answer(request.as_der(), &["-nmin", "60"]).await;
    let replay = HttpServer::start(move |_| Reply::Body(recorded.clone())).await;
    let fooled = builder().responder(&replay.url()).start();
    fooled.watch(subject.chain());
    until(&fooled, |report| says(report, "good")).await;
    let careful = builder().responder(&replay.url()).nonce(true).start();
    careful.watch(subject.chain());
    let report = until(&careful, |report| report.last_error.is_some()).await;
    assert!(report.last_error.unwrap().contains("another nonce"));
    assert_eq!(report.status, None);
    // The responder itself repeats what it is asked with.
    let listening = ca.listen(&["-nmin", "60"]).await;
    let careful = builder().responder(&listening.url).nonce(true).start();
    careful.watch(subject.chain());
    until(&careful, |report| says(report, "good")).await;
    assert!(
        careful
            .staple(subject.certificate())
            .unwrap()
            .response()
            .nonce
    );
}
