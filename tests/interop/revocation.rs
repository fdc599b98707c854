//! Revocation lists that are fetched while a server runs, and an OCSP staple that a cluster shares.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::any;
use rcgen::CustomExtension;
use rustls::crypto::CryptoProvider;
use sha2::{Digest as _, Sha256};
use tls_certs::{CrlDepth, CrlPolicy, Crls, Trust, Watched};
use tls_context::{ClientAuth, SecureContext};
use tls_net::{SharedResponses, TlsAcceptor, TlsConnector};
use tls_ocsp::{CrlKeeper, Fetcher, OcspRequest, ResponseVerifier, Stapler, Target};
use tls_session_store::{MemoryStore, RedisStore};
use tls_testing::peer::{OcspCa, OpenSsl, Redis, Standing};
use tls_testing::pki::{client_params, p256, server_params};
use tls_testing::{Leaf, Pki};
use tls_tests::credentials::{identity, server, trusted_root};
use tls_tests::{Served, VERSIONS, in_time};
use tokio::net::TcpStream;

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// An HTTP server that answers everything with `body`; gives its address.
async fn http(body: impl Fn() -> Vec<u8> + Clone + Send + Sync + 'static) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(any(move || {
        let body = body();
        async move { body }
    }));
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

/// Where lists are: what is put into the second part is served at the first.
async fn list_server() -> (String, Arc<Mutex<Vec<u8>>>) {
    let body = Arc::new(Mutex::new(Vec::new()));
    let served = Arc::clone(&body);
    let url = http(move || served.lock().unwrap().clone()).await;
    (url + "/ca.crl", body)
}

/// CRL distribution points: one, with one address.
fn distribution_point(url: &str) -> CustomExtension {
    let url = url.as_bytes();
    let length = u8::try_from(url.len()).unwrap();
    let mut points = vec![0x30, 8 + length, 0x30, 6 + length, 0xa0, 4 + length];
    points.extend([0xa0, 2 + length, 0x86, length]);
    points.extend(url);
    CustomExtension::from_oid_content(&[2, 5, 29, 31], points)
}

/// A list of the CA with this certificate on it, in DER.
fn list_with(leaf: &Leaf) -> Vec<u8> {
    let list = Pki::shared()
        .intermediate
        .crl_pem(2024, &[leaf.certificate()]);
    let list = Crls::from_pem(list.as_bytes()).unwrap();
    list.lists()[0].der().to_vec()
}

fn keeper() -> CrlKeeper {
    CrlKeeper::builder(provider())
        .fetcher(Fetcher::new().allow_private(true))
        .start()
}

async fn listed(keeper: &CrlKeeper) {
    let mut changes = keeper.changes();
    let there = changes.wait_for(|_| !keeper.lists().get().lists().is_empty());
    in_time("a revocation list", there).await.unwrap();
}

fn lenient() -> CrlPolicy {
    CrlPolicy::default()
        .depth(CrlDepth::Leaf)
        .accept_missing(true)
}

/// OpenSSL is let in while nobody knows better, and refused as soon as the list that its own
/// certificate names says so; so is the session that it kept.
#[tokio::test]
async fn a_list_named_by_a_clients_certificate_is_fetched_and_refuses_it() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    for version in ["-tls1_2", "-tls1_3"] {
        let (url, list) = list_server().await;
        let mut params = client_params("client.test");
        params.custom_extensions.push(distribution_point(&url));
        let leaf = Pki::shared().intermediate.sign(params, p256());
        *list.lock().unwrap() = list_with(&leaf);
        let keeper = keeper();
        let context = server()
            .client_auth(ClientAuth::required(trusted_root()))
            .crls(keeper.lists())
            .crl_policy(lenient())
            .build()
            .unwrap();
        let acceptor = TlsAcceptor::builder(context).crl_keeper(keeper.clone());
        let mut served = Served::echo(acceptor).await;
        let directory = tempfile::tempdir().unwrap();
        let (cert, key) = leaf.write_to(directory.path(), "client");
        let root = Pki::shared().root.write_to(directory.path(), "root");
        let session = directory.path().join("session.pem");
        let [cert, key, root, session] =
            [&cert, &key, &root, &session].map(|path| path.to_str().unwrap());
        let mut args = vec!["-CAfile", root, "-cert", cert, "-key", key];
        args.extend(["-cert_chain", cert, version, "-servername", "localhost"]);

        let first = [&args[..], &["-sess_out", session]].concat();
        let first = openssl
            .converse(served.address, &first, "hello", "hello")
            .await;
        assert!(first.contains("hello"), "{}", first.stderr);
        assert!(served.connection().await.authorized());
        listed(&keeper).await;

        // The session's certificate is judged again, so the handshake is a full one, and refused.
        for args in [args.clone(), [&args[..], &["-sess_in", session]].concat()] {
            let again = openssl.converse(served.address, &args, "hello", "").await;
            assert!(!again.contains("Reused, TLS"), "{}", again.stdout);
            let failure = served.failure().await;
            assert_eq!(failure.node_code, Some("CERT_REVOKED"), "{}", failure.text);
        }
    }
}

/// Our client learns of a revoked server the same way.
#[tokio::test]
async fn a_list_named_by_a_servers_certificate_is_fetched_and_refuses_it() {
    let (url, list) = list_server().await;
    let mut params = server_params(&["localhost"]);
    params.custom_extensions.push(distribution_point(&url));
    let leaf = Pki::shared().intermediate.sign(params, p256());
    *list.lock().unwrap() = list_with(&leaf);
    let context = SecureContext::server(identity(&leaf)).build().unwrap();
    let served = Served::echo(TlsAcceptor::builder(context)).await;
    let keeper = keeper();
    let context = SecureContext::client(trusted_root())
        .crls(keeper.lists())
        .crl_policy(lenient())
        .build()
        .unwrap();
    let connector = TlsConnector::from(context).crl_keeper(keeper.clone());
    let connect = async || {
        let tcp = TcpStream::connect(served.address).await.unwrap();
        let name = "localhost".try_into().unwrap();
        in_time("a handshake", connector.connect(name, tcp)).await
    };
    connect().await.unwrap();
    listed(&keeper).await;
    let error = connect().await.unwrap_err();
    assert_eq!(error.certificate().unwrap().code.as_str(), "CERT_REVOKED");
}

/// Before any client asks: all certificates of all contexts, those that are added and those that replace
/// others. An issuer may be among the CAs of client certificates.
#[tokio::test]
async fn every_certificate_of_every_context_is_watched_from_the_start() {
    let pki = Pki::shared();
    let sign = |name: &str| pki.intermediate.sign(server_params(&[name]), p256());
    let [default, second, named, added, replaced, renewed] =
        ["a.test", "a.test", "b.test", "c.test", "a.test", "a.test"].map(sign);
    let alone = &*pki.missing_intermediate;
    let stapler = Stapler::builder(ResponseVerifier::new(provider()))
        .responder("http://127.0.0.1:1/")
        .start();
    let changing = Watched::new(identity(&replaced));
    let context = SecureContext::server([identity(&default), identity(&second)])
        .identity(&changing)
        .build()
        .unwrap();
    let context_of = |leaf: &Leaf| SecureContext::server(identity(leaf)).build().unwrap();
    let acceptor = TlsAcceptor::builder(context)
        .context("b.test", context_of(&named))
        .stapler(stapler.clone());
    let watched = |leaf: &Leaf| {
        let hash: [u8; 32] = Sha256::digest(leaf.certificate()).into();
        let reports = stapler.report();
        reports
            .into_iter()
            .find(|report| report.certificate == hash)
    };
    let served = Served::echo(acceptor).await;
    for leaf in [&default, &second, &named, &replaced] {
        assert!(watched(leaf).is_some());
    }
    assert!(watched(&added).is_none() && watched(&renewed).is_none());
    served
        .handle
        .add_context("c.test", context_of(&added))
        .unwrap();
    changing.replace(identity(&renewed)).unwrap();
    assert!(watched(&added).is_some() && watched(&renewed).is_some());
    // Without its issuer nobody can be asked.
    served
        .handle
        .add_context("d.test", context_of(alone))
        .unwrap();
    assert_eq!(watched(alone).unwrap().last_error_code, Some("no_issuer"));
    let issuer = Trust::from_pem(pki.intermediate.pem().as_bytes()).unwrap();
    let context = SecureContext::server(identity(alone)).client_auth(ClientAuth::optional(issuer));
    served.handle.set_context(context.build().unwrap()).unwrap();
    assert_ne!(watched(alone).unwrap().last_error_code, Some("no_issuer"));
}

/// Three workers with one store: one asks the responder, all staple.
#[tokio::test]
async fn a_cluster_that_shares_its_sessions_asks_the_responder_once() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let leaf = &Pki::shared().server;
    let target = Target::from_chain(leaf.chain(), [], &provider()).unwrap();
    let ca = OcspCa::new(openssl, &Pki::shared().intermediate);
    ca.set(&target.serial(), Standing::Valid);
    let request = OcspRequest::new(&target).unwrap();
    let answer = ca.answer(request.as_der(), &["-nmin", "60"]).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let url = http(move || {
        count.fetch_add(1, Ordering::SeqCst);
        answer.clone()
    })
    .await;
    let store = MemoryStore::new();
    let mut workers = Vec::new();
    for _ in 0..3 {
        let stapler = Stapler::builder(ResponseVerifier::new(provider()))
            .fetcher(Fetcher::new().allow_private(true))
            .cache(SharedResponses::new(store.clone()))
            .responder(&url)
            .retry(Duration::from_millis(10), Duration::from_millis(10))
            .start();
        stapler.watch(leaf.chain());
        workers.push(stapler);
    }
    for worker in &workers {
        let mut changes = worker.changes();
        let there = changes.wait_for(|_| worker.staple(leaf.certificate()).is_some());
        in_time("a staple", there).await.unwrap();
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let acceptor = TlsAcceptor::builder(server().build().unwrap()).stapler(workers[2].clone());
    let served = Served::echo(acceptor).await;
    for version in VERSIONS {
        let context = SecureContext::client(trusted_root()).max_version(version);
        let connector = TlsConnector::from(context.build().unwrap());
        let tcp = TcpStream::connect(served.address).await.unwrap();
        let name = "localhost".try_into().unwrap();
        let stream = connector.connect(name, tcp).await.unwrap();
        assert_eq!(stream.info().staple_verdict().unwrap().code(), "good");
    }
}

/// The same for lists, in a Redis: what one worker fetched refuses at another.
#[tokio::test]
async fn a_cluster_that_shares_its_sessions_fetches_a_list_once() {
    let Some(redis) = Redis::require().await else {
        return;
    };
    let fetched = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&fetched);
    let list = Arc::new(Mutex::new(Vec::new()));
    let body = Arc::clone(&list);
    let url = http(move || {
        count.fetch_add(1, Ordering::SeqCst);
        body.lock().unwrap().clone()
    })
    .await;
    let mut params = client_params("client.test");
    params.custom_extensions.push(distribution_point(&url));
    let leaf = Pki::shared().intermediate.sign(params, p256());
    *list.lock().unwrap() = list_with(&leaf);
    let worker = || {
        let store = RedisStore::open(&format!("redis://{}", redis.address)).unwrap();
        let keeper = CrlKeeper::builder(provider())
            .fetcher(Fetcher::new().allow_private(true))
            .cache(SharedResponses::new(store))
            .start();
        keeper.watch_chain(leaf.chain(), &trusted_root());
        keeper
    };
    let workers = [worker(), worker(), worker()];
    for worker in &workers {
        listed(worker).await;
    }
    assert_eq!(fetched.load(Ordering::SeqCst), 1);
    let context = server()
        .client_auth(ClientAuth::required(trusted_root()))
        .crls(workers[2].lists())
        .crl_policy(lenient());
    let mut served = Served::echo(TlsAcceptor::builder(context.build().unwrap())).await;
    let client = SecureContext::client(trusted_root()).client_identity(identity(&leaf));
    let connector = TlsConnector::from(client.build().unwrap());
    let tcp = TcpStream::connect(served.address).await.unwrap();
    let name = "localhost".try_into().unwrap();
    let _refused_later = connector.connect(name, tcp).await;
    let failure = in_time("a refusal", served.failure()).await;
    assert_eq!(failure.node_code, Some("CERT_REVOKED"));
}
