//! Revocation lists that keep themselves fresh, in the use of verifiers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{CustomExtension, date_time_ymd};
use rustls::pki_types::{ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use tls_certs::{CrlDepth, CrlPolicy, Crls, ServerVerifier, Trust, Watched, WatchedServerVerifier};
use tls_ocsp::{CrlKeeper, CrlKeeperBuilder, DiskCache, Fetcher, ListReport};
use tls_testing::pki::{p256, server_params};
use tls_testing::{Authority, Leaf, Pki};

use super::http_server::{HttpServer, Reply};
use super::pki::{ca, provider};

const RETRY: Duration = Duration::from_millis(20);

fn builder() -> CrlKeeperBuilder {
    CrlKeeper::builder(provider())
        .fetcher(
            Fetcher::new()
                .allow_private(true)
                .time_limit(Duration::from_millis(500)),
        )
        .retry(RETRY, RETRY)
}

/// A list of the CA, in DER, with these certificates on it.
fn list(year: i32, revoked: &[&Leaf]) -> Vec<u8> {
    let revoked: Vec<_> = revoked.iter().map(|leaf| leaf.certificate()).collect();
    der(&ca().crl_pem(year, &revoked))
}

fn der(pem: &str) -> Vec<u8> {
    Crls::from_pem(pem.as_bytes()).unwrap().lists()[0]
        .der()
        .to_vec()
}

/// A leaf whose list is at `url`.
fn leaf(url: &str) -> Leaf {
    leaf_of(ca(), url)
}

fn leaf_of(ca: &Authority, url: &str) -> Leaf {
    leaf_at(ca, &[url.to_owned()])
}

/// A leaf whose list is at each of these.
fn leaf_at(ca: &Authority, urls: &[String]) -> Leaf {
    let name = |url: &String| [&[0x86, u8::try_from(url.len()).unwrap()], url.as_bytes()].concat();
    let names: Vec<u8> = urls.iter().flat_map(name).collect();
    // SEQUENCE OF DistributionPoint, SEQUENCE, [0] distributionPoint, [0] fullName.
    let points = [0xa0, 0xa0, 0x30, 0x30].iter().fold(names, |inside, tag| {
        let length = u8::try_from(inside.len()).unwrap();
        let head = match length {
            0..=127 => vec![*tag, length],
            _ => vec![*tag, 0x81, length],
        };
        [head, inside].concat()
    });
    let mut params = server_params(&["localhost"]);
    let oid = &[2, 5, 29, 31];
    let extension = CustomExtension::from_oid_content(oid, points);
    params.custom_extensions.push(extension);
    params.not_after = date_time_ymd(2090, 1, 1);
    ca.sign(params, p256())
}

fn trust() -> Trust {
    Trust::from_pem(Pki::shared().root.pem().as_bytes()).unwrap()
}

async fn until(keeper: &CrlKeeper, wanted: impl Fn(&ListReport) -> bool) -> ListReport {
    let mut changes = keeper.changes();
    let found = async {
        loop {
            changes.borrow_and_update();
            if let Some(report) = keeper.report().into_iter().find(&wanted) {
                return report;
            }
            changes.changed().await.unwrap();
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(20), found).await;
    found.unwrap_or_else(|_| panic!("in vain; {:?}", keeper.report()))
}

fn is_there(report: &ListReport) -> bool {
    report.issuer.is_some() && report.last_error.is_none()
}

fn failed_with(word: &'static str) -> impl Fn(&ListReport) -> bool {
    move |report| {
        report
            .last_error
            .as_ref()
            .is_some_and(|error| error.contains(word))
    }
}

/// What a live verifier with the keeper's lists says about `leaf`.
fn says(verifier: &WatchedServerVerifier, leaf: &Leaf) -> &'static str {
    let name = ServerName::try_from("localhost").unwrap();
    match verifier.verify(leaf.chain(), &name, UnixTime::now()) {
        Ok(()) => "ok",
        Err(refusal) => refusal.code.as_str(),
    }
}

fn verifier(keeper: &CrlKeeper, policy: CrlPolicy) -> WatchedServerVerifier {
    let lists = keeper.lists().clone();
    let build = move |trust, lists: Option<Crls>| {
        let builder = ServerVerifier::builder(trust, provider()).crl_policy(policy);
        builder.crls(lists.unwrap()).build()
    };
    WatchedServerVerifier::with_crls(Watched::new(trust()), Some(lists), build).unwrap()
}

#[tokio::test]
async fn a_list_is_fetched_from_where_a_certificate_names_it_and_refuses_what_it_lists() {
    let body = Arc::new(Mutex::new(Vec::new()));
    let reply = Arc::clone(&body);
    let server = HttpServer::start(move |_| Reply::Body(reply.lock().unwrap().clone())).await;
    let url = server.url() + "/ca.crl";
    let (good, revoked) = (leaf(&url), leaf(&url));
    *body.lock().unwrap() = list(2024, &[&revoked]);
    let keeper = builder().start();
    let lax = CrlPolicy::default().accept_missing(true);
    let strict = CrlPolicy::default().depth(CrlDepth::Leaf);
    let (lax, strict) = (verifier(&keeper, lax), verifier(&keeper, strict));
    assert_eq!(says(&lax, &revoked), "ok", "there is no list yet");
    assert_eq!(says(&strict, &good), "UNABLE_TO_GET_CRL");
    keeper.watch_chain(good.chain(), &trust());
    let report = until(&keeper, is_there).await;
    assert_eq!(report.url, url);
    for verifier in [&lax, &strict] {
        assert_eq!(says(verifier, &good), "ok");
        assert_eq!(says(verifier, &revoked), "CERT_REVOKED");
    }
    // Known by now: no further question.
    for _ in 0..10 {
        keeper.watch_chain(revoked.chain(), &trust());
    }
    assert_eq!(server.asked().len(), 1);
    assert_eq!(server.asked()[0].line, "GET /ca.crl HTTP/1.1");
}

/// A certificate may name its list twice: by LDAP and HTTP, by HTTPS and HTTP, by a mirror.
#[tokio::test]
async fn the_addresses_of_a_list_are_tried_in_turn() {
    let server = HttpServer::start(|_| Reply::Body(list(2024, &[]))).await;
    let gone = HttpServer::start(|_| Reply::Status(404)).await;
    let points = [
        "ldap://directory.test/ca".to_owned(),
        "https://no.tls.test/ca.crl".to_owned(),
        gone.url(),
        server.url(),
    ];
    let keeper = builder().start();
    keeper.watch_chain(leaf_at(ca(), &points).chain(), &trust());
    until(&keeper, is_there).await;
    assert_eq!((gone.asked().len(), server.asked().len()), (1, 1));
}

#[tokio::test]
async fn bad_lists_are_told_apart_and_never_used() {
    let other = Pki::shared().other_root.crl_pem(2024, &[]);
    let several = ca().crl_pem(2024, &[]) + &ca().crl_pem(2023, &[]);
    let bad: Vec<(Reply, &str)> = vec![
        (Reply::Status(404), "status 404"),
        (Reply::Body(b"<html>".to_vec()), "CRL"),
        (Reply::Body(der(&other)), "not signed by the issuer"),
        (Reply::Body(list(2010, &[])), "has ended"),
        (Reply::Body(list(2040, &[])), "time to come"),
        (Reply::Body(several.into_bytes()), "several"),
        (Reply::Body(vec![0x30; 2000]), "larger than"),
        (Reply::Silence, "no answer within"),
    ];
    let words: Vec<&str> = bad.iter().map(|(_, word)| *word).collect();
    let turn = AtomicUsize::new(0);
    let server = HttpServer::start(move |_| {
        let turn = turn.fetch_add(1, Ordering::SeqCst);
        // As PEM, which some publish.
        let good = || Reply::Body(ca().crl_pem(2024, &[]).into_bytes());
        bad.get(turn).map_or_else(good, |(reply, _)| reply.clone())
    })
    .await;
    let fetcher = Fetcher::new()
        .allow_private(true)
        .time_limit(Duration::from_millis(300))
        .max_list_len(1500);
    let keeper = builder().fetcher(fetcher).start();
    keeper
        .watch_list(&server.url(), ca().certificate())
        .unwrap();
    for word in words {
        let report = until(&keeper, failed_with(word)).await;
        assert_eq!(report.issuer, None, "{word}");
        assert!(keeper.lists().get().lists().is_empty());
    }
    until(&keeper, is_there).await;
    assert_eq!(keeper.lists().get().lists().len(), 1);
}

#[tokio::test]
async fn lists_that_were_given_stay_beside_those_that_are_fetched() {
    let server = HttpServer::start(|_| Reply::Body(list(2024, &[]))).await;
    let root = Crls::from_pem(Pki::shared().root.crl_pem(2024, &[]).as_bytes()).unwrap();
    let keeper = builder().with(&root).start();
    let before = keeper.lists().generation();
    keeper
        .watch_list(&server.url(), ca().certificate())
        .unwrap();
    until(&keeper, is_there).await;
    assert_eq!(keeper.lists().get().lists().len(), 2);
    assert!(keeper.lists().generation() > before);
    // With both, the whole chain can be looked up.
    assert_eq!(
        says(
            &verifier(&keeper, CrlPolicy::default()),
            &leaf("http://x.test/")
        ),
        "ok"
    );
}

#[tokio::test]
async fn lists_that_were_given_may_change() {
    let server = HttpServer::start(|_| Reply::Body(list(2024, &[]))).await;
    let root = |year| Crls::from_pem(Pki::shared().root.crl_pem(year, &[]).as_bytes()).unwrap();
    let given = Watched::new(root(2023));
    let keeper = builder().with_watched(&given).start();
    assert_eq!(keeper.lists().get().lists().len(), 1);
    keeper
        .watch_list(&server.url(), ca().certificate())
        .unwrap();
    until(&keeper, is_there).await;
    given.replace(root(2024)).unwrap();
    let lists = keeper.lists().get();
    let newest: Vec<_> = lists
        .lists()
        .iter()
        .map(tls_certs::Crl::this_update)
        .collect();
    assert_eq!(newest, [Some(1_704_067_200); 2], "2024");
}

/// A CA may publish a list long before the next one was due.
#[tokio::test]
async fn a_list_with_a_far_end_is_asked_for_again_all_the_same() {
    let turn = AtomicUsize::new(0);
    let [old, new] = [2023, 2024].map(|year| list(year, &[]));
    let lists = [old.clone(), old, new];
    let server =
        HttpServer::start(move |_| Reply::Body(lists[turn.fetch_add(1, Ordering::SeqCst)].clone()))
            .await;
    // Ten years; the shortest pause there is would be ten seconds, which time is moved over.
    let keeper = builder().at_least_every(Duration::ZERO).start();
    keeper
        .watch_list(&server.url(), ca().certificate())
        .unwrap();
    until(&keeper, is_there).await;
    let generation = keeper.lists().generation();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(10)).await;
    tokio::time::resume();
    let mut changes = keeper.changes();
    changes.changed().await.unwrap();
    assert_eq!(keeper.lists().generation(), generation, "the same list");
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(10)).await;
    tokio::time::resume();
    until(&keeper, |report| report.this_update == Some(1_704_067_200)).await;
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn a_directory_keeps_lists_over_a_restart() {
    let server = HttpServer::start(|_| Reply::Body(list(2024, &[]))).await;
    let directory = tempfile::tempdir().unwrap();
    let url = server.url();
    let begin = || {
        let cache = DiskCache::new(directory.path()).unwrap();
        let keeper = builder().cache(cache).start();
        keeper.watch_list(&url, ca().certificate()).unwrap();
        keeper
    };
    until(&begin(), is_there).await;
    assert_eq!(server.asked().len(), 1);
    // Ten years from 2024 are not half over: nobody has to be asked.
    let again = begin();
    until(&again, is_there).await;
    assert_eq!(server.asked().len(), 1);
    let names: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
    assert!(
        names[0]
            .as_ref()
            .unwrap()
            .file_name()
            .to_str()
            .unwrap()
            .ends_with(".crl")
    );
}

/// A clock that a test sets.
#[derive(Debug)]
struct Hand(UnixTime);

impl TimeProvider for Hand {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0)
    }
}

/// An old list would hide who was revoked since.
#[tokio::test]
async fn an_older_list_never_replaces_a_newer_one() {
    let directory = tempfile::tempdir().unwrap();
    let turn = AtomicUsize::new(0);
    let server = HttpServer::start(move |_| {
        let first = turn.fetch_add(1, Ordering::SeqCst) == 0;
        Reply::Body(list(if first { 2024 } else { 2022 }, &[]))
    })
    .await;
    let begin = |builder: CrlKeeperBuilder| {
        let keeper = builder
            .cache(DiskCache::new(directory.path()).unwrap())
            .start();
        keeper
            .watch_list(&server.url(), ca().certificate())
            .unwrap();
        keeper
    };
    until(&begin(builder()), is_there).await;
    // Past the half of its life the next one is asked for. What comes is older, and good in itself.
    let later = UnixTime::since_unix_epoch(Duration::from_secs(1_880_000_000));
    let keeper = begin(builder().clock(Arc::new(Hand(later))));
    let report = until(&keeper, failed_with("older than the one in use")).await;
    assert_eq!(report.this_update, Some(1_704_067_200), "2024");
    assert_eq!(keeper.lists().get().lists().len(), 1);
}

/// With a public certificate anyone could make a server fetch what he likes, as much as he likes.
#[tokio::test]
async fn what_a_peer_sends_along_names_no_lists() {
    let server = HttpServer::start(|_| Reply::Body(list(2024, &[]))).await;
    let url = server.url() + "/ca.crl";
    let own_root = &Pki::shared().other_root;
    let own = leaf_of(own_root, &(server.url() + "/own.crl"));
    let own = [own.chain(), std::slice::from_ref(own_root.certificate())].concat();
    let keeper = builder().start();
    let good = leaf(&url);
    for chain in [
        [good.chain(), &own].concat(),
        [&good.chain()[..1], &own, &good.chain()[1..]].concat(),
        own,
    ] {
        keeper.watch_chain(&chain, &trust());
    }
    until(&keeper, is_there).await;
    let urls: Vec<_> = keeper.report().into_iter().map(|list| list.url).collect();
    assert_eq!(urls, [url]);
}

/// Else whoever keeps the list's server away lets in those who are on it.
#[tokio::test]
async fn a_list_that_holds_stays_while_the_next_one_cannot_be_had() {
    let directory = tempfile::tempdir().unwrap();
    let turn = AtomicUsize::new(0);
    let server = HttpServer::start(move |_| {
        let first = turn.fetch_add(1, Ordering::SeqCst) == 0;
        let good = || Reply::Body(list(2024, &[]));
        if first { good() } else { Reply::Status(503) }
    })
    .await;
    let begin = |builder: CrlKeeperBuilder| {
        let keeper = builder
            .cache(DiskCache::new(directory.path()).unwrap())
            .start();
        keeper.watch_chain(leaf(&server.url()).chain(), &trust());
        keeper
    };
    until(&begin(builder()), is_there).await;
    let later = UnixTime::since_unix_epoch(Duration::from_secs(1_880_000_000));
    let keeper = begin(builder().clock(Arc::new(Hand(later))));
    until(&keeper, |_| server.asked().len() >= 6).await;
    assert_eq!(keeper.lists().get().lists().len(), 1);
}

#[tokio::test]
async fn who_is_told_of_a_change_may_ask_how_it_stands() {
    let server = HttpServer::start(|_| Reply::Body(list(2024, &[]))).await;
    let keeper = builder().start();
    let (seen, asking) = (Arc::new(Mutex::new(Vec::new())), keeper.clone());
    let sees = Arc::clone(&seen);
    let tell = move |_: &Crls, _| sees.lock().unwrap().extend(asking.report());
    keeper.lists().on_change(tell);
    keeper
        .watch_list(&server.url(), ca().certificate())
        .unwrap();
    until(&keeper, is_there).await;
    assert!(is_there(&seen.lock().unwrap()[0]));
}
