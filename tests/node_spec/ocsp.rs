//! `OCS-*`, `T-OCS-*`: staples, by hand and by themselves, between Node, OpenSSL, curl and us.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::CustomExtension;
use rustls::pki_types::CertificateDer;
use serde_json::json;
use tls_certs::Trust;
use tls_context::{ClientAuth, SecureContext};
use tls_net::{HandshakeError, StapleQuestion, TlsAcceptor, TlsConnector, TlsStream};
use tls_ocsp::{Fetcher, OcspRequest, ResponseVerifier, StaplePolicy, Stapler, Target};
use tls_testing::peer::{Curl, OcspCa, OpenSsl, Standing};
use tls_testing::pki::{p256, server_params};
use tls_testing::{Leaf, Pki};
use tls_tests::credentials::{client, identity, server};
use tls_tests::{NodePeer, Served, VERSIONS, in_time};
use tls_wire::{AlertDescription, ProtocolVersion};
use tokio::net::TcpStream;

type Question = (CertificateDer<'static>, Option<CertificateDer<'static>>);

/// A server whose hook answers `response`, and what the hook was asked.
async fn stapling(
    context: SecureContext,
    response: Option<&'static [u8]>,
) -> (Served, Arc<Mutex<Vec<Question>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let acceptor = TlsAcceptor::builder(context).ocsp_response(move |question: StapleQuestion| {
        let question = (question.certificate, question.issuer);
        log.lock().unwrap().push(question);
        async move { Ok::<_, std::io::Error>(response.map(<[u8]>::to_vec)) }
    });
    (Served::echo(acceptor).await, asked)
}

fn node_options(version: ProtocolVersion, ocsp: bool) -> serde_json::Value {
    json!({
        "ca": Pki::shared().root.pem(), "servername": "localhost", "requestOCSP": ocsp,
        "maxVersion": version.to_string(),
    })
}

// Spec: OCS-01, OCS-02, OCS-03, OCS-04, OCS-06, OCS-07, SEV-11, T-OCS-01, T-OCS-03, T-OCS-04
#[tokio::test]
async fn node_gets_what_the_hook_gives_if_it_asks() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let leaf = &Pki::shared().server;
    for version in VERSIONS {
        // Any bytes: Node does not look at them, and neither do we.
        for response in [Some(&b"hello world"[..]), None] {
            let (served, asked) = stapling(server().build().unwrap(), response).await;
            let options = node_options(version, true);
            let report = node.connect(served.address, options, json!({})).await;
            assert_eq!(report["secure"], true, "{report}");
            let expected = response.map(|response| STANDARD.encode(response));
            assert_eq!(report["staple"], json!(expected), "{report}");
            assert_eq!(report["order"][0], "OCSPResponse", "before secureConnect");
            let question = (leaf.certificate().clone(), Some(leaf.chain()[1].clone()));
            assert_eq!(*asked.lock().unwrap(), [question]);
        }
        let (served, asked) = stapling(server().build().unwrap(), Some(b"hello world")).await;
        let options = node_options(version, false);
        let report = node.connect(served.address, options, json!({})).await;
        assert_eq!(
            (&report["secure"], &report["staple"]),
            (&json!(true), &json!(null))
        );
        assert!(asked.lock().unwrap().is_empty(), "nobody asked");
    }
}

// Spec: T-OCS-02, OCS-05
#[tokio::test]
async fn a_node_that_destroys_the_socket_for_a_staple_never_is_secure() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    for version in VERSIONS {
        let (mut served, _) = stapling(server().build().unwrap(), Some(b"hello world")).await;
        let options = node_options(version, true);
        let report = node
            .connect(served.address, options, json!({ "refuseStaple": true }))
            .await;
        assert_eq!(report["secure"], false, "{report}");
        let failure = served.failure().await;
        assert_eq!(failure.code, "peer_closed");
    }
}

// Spec: T-OCS-05, OCS-02
#[tokio::test]
async fn without_an_issuer_in_the_chain_the_hook_is_asked_all_the_same() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    for leaf in [&*pki.self_signed, &*pki.missing_intermediate] {
        let context = SecureContext::server(identity(leaf)).build().unwrap();
        let (served, asked) = stapling(context, Some(b"x")).await;
        let options = json!({ "rejectUnauthorized": false, "requestOCSP": true });
        let report = node.connect(served.address, options, json!({})).await;
        assert_eq!(report["staple"], json!(STANDARD.encode("x")), "{report}");
        let question = (leaf.certificate().clone(), None);
        assert_eq!(*asked.lock().unwrap(), [question]);
    }
    // As in Node, the issuer may be among the CAs.
    let leaf = &pki.missing_intermediate;
    let issuer = Trust::from_pem(pki.intermediate.pem().as_bytes()).unwrap();
    let context = SecureContext::server(identity(leaf))
        .client_auth(ClientAuth::optional(issuer))
        .build()
        .unwrap();
    let (served, asked) = stapling(context, Some(b"x")).await;
    let options = json!({ "rejectUnauthorized": false, "requestOCSP": true });
    let report = node.connect(served.address, options, json!({})).await;
    assert_eq!(report["staple"], json!(STANDARD.encode("x")), "{report}");
    let issuer = pki.intermediate.certificate().clone();
    let question = (leaf.certificate().clone(), Some(issuer));
    assert_eq!(*asked.lock().unwrap(), [question]);
}

// Spec: T-OCS-06, OCS-03
#[tokio::test]
async fn a_hook_that_fails_ends_that_connection() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let acceptor = TlsAcceptor::builder(server().build().unwrap())
        .ocsp_response(|_| async { Err::<Option<Vec<u8>>, _>(std::io::Error::other("no")) });
    let mut served = Served::echo(acceptor).await;
    let options = node_options(ProtocolVersion::Tls13, true);
    let report = node.connect(served.address, options, json!({})).await;
    assert_eq!(report["secure"], false);
    let failure = served.failure().await;
    assert_eq!(failure.code, "hook_failed");
    assert_eq!(failure.alert, Some(AlertDescription::InternalError));
}

async fn connect(
    served: std::net::SocketAddr,
    connector: &TlsConnector,
) -> Result<TlsStream<TcpStream>, HandshakeError> {
    let tcp = TcpStream::connect(served).await.unwrap();
    let name = "localhost".try_into().unwrap();
    in_time("a handshake", connector.connect(name, tcp)).await
}

// Spec: SOE-05, OCS-01, OCS-05, OCS-06, OCS-07, T-OCS-02
#[tokio::test]
async fn our_client_gets_nodes_staple_and_may_refuse_it() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let leaf = &Pki::shared().server;
    let options =
        json!({ "cert": leaf.chain_pem(), "key": leaf.key_pem(), "ca": leaf.chain_pem() });
    let hello = STANDARD.encode("hello world");
    for version in VERSIONS {
        let stapling = node
            .listen(options.clone(), json!({ "staple": hello }))
            .await;
        let context = client().max_version(version).build().unwrap();
        let connector = TlsConnector::from(context.clone())
            .request_ocsp(true)
            .staples(StaplePolicy::Ignore);
        let stream = connect(stapling.address, &connector).await.unwrap();
        let info = stream.info();
        assert_eq!(info.ocsp_response(), Some(&b"hello world"[..]));
        assert!(info.staple_verdict().is_none());
        let event = node.event(stapling, "ocsp").await;
        assert_eq!(event["certificate"], STANDARD.encode(leaf.certificate()));
        node.event(stapling, "secure").await;
        drop(stream);

        // By default it is looked at, and reported; it is nothing.
        let stream = connect(stapling.address, &TlsConnector::from(context.clone()))
            .await
            .unwrap();
        assert_eq!(stream.info().staple_verdict().unwrap().code(), "invalid");
        assert_eq!(stream.info().ocsp_response(), None);
        node.event(stapling, "secure").await;
        drop(stream);

        let required = TlsConnector::from(context.clone()).staples(StaplePolicy::Require);
        let error = connect(stapling.address, &required).await.unwrap_err();
        assert_eq!(error.code(), "staple_refused");
        assert_eq!(
            error.alert_sent(),
            Some(AlertDescription::BadCertificateStatusResponse)
        );
        let failed = node.event(stapling, "clientError").await;
        let code = failed["code"].as_str().unwrap();
        assert!(code.contains("BAD_CERTIFICATE_STATUS_RESPONSE"), "{failed}");

        // 'OCSPResponse', destroying there.
        let hooked = TlsConnector::from(context.clone())
            .staples(StaplePolicy::Ignore)
            .check_ocsp_response(|response| match response {
                Some(b"hello world") => Err("not like that"),
                _ => Ok(()),
            });
        let error = connect(stapling.address, &hooked).await.unwrap_err();
        assert_eq!(error.code(), "hook_failed");
        node.event(stapling, "clientError").await;

        // Nothing stapled is told as well, once.
        let plain = node.listen(options.clone(), json!({})).await;
        let (told, tells) = std::sync::mpsc::channel();
        let connector = TlsConnector::from(context)
            .request_ocsp(true)
            .check_ocsp_response(move |response| {
                told.send(response.map(<[u8]>::to_vec))
                    .map_err(|_| "nobody listens")
            });
        let stream = connect(plain.address, &connector).await.unwrap();
        assert_eq!(tells.try_iter().collect::<Vec<_>>(), [None]);
        assert_eq!(stream.info().ocsp_response(), None);
        assert_eq!(stream.info().staple_verdict().unwrap().code(), "absent");
    }
}

/// A leaf of the intermediate that demands a staple, or does not, and names this responder.
fn issued(demands: bool, url: &str) -> Leaf {
    let mut params = server_params(&["localhost"]);
    if demands {
        let feature = vec![0x30, 0x03, 0x02, 0x01, 0x05];
        let oid = &[1, 3, 6, 1, 5, 5, 7, 1, 24];
        let extension = CustomExtension::from_oid_content(oid, feature);
        params.custom_extensions.push(extension);
    }
    let url = url.as_bytes();
    let length = u8::try_from(url.len()).unwrap();
    let mut access = vec![0x30, 14 + length, 0x30, 12 + length];
    access.extend([0x06, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 0x86, length]);
    access.extend(url);
    let oid = &[1, 3, 6, 1, 5, 5, 7, 1, 1];
    let extension = CustomExtension::from_oid_content(oid, access);
    params.custom_extensions.push(extension);
    Pki::shared().intermediate.sign(params, p256())
}

fn target(leaf: &Leaf) -> Target {
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    Target::from_chain(leaf.chain(), [], &provider).unwrap()
}

fn verifier() -> ResponseVerifier {
    ResponseVerifier::new(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
}

async fn answer(openssl: &OpenSsl, leaf: &Leaf, standing: Standing) -> Vec<u8> {
    let responder = OcspCa::new(openssl.clone(), &Pki::shared().intermediate);
    responder.set(&target(leaf).serial(), standing);
    let request = OcspRequest::new(&target(leaf)).unwrap();
    let args = ["-nmin", "60"];
    responder.answer(request.as_der(), &args).await
}

#[tokio::test]
async fn our_client_judges_what_openssl_staples() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    // Standing, or no staple; whether the certificate demands one; what prefer and require say.
    let rows = [
        (Some(Standing::Valid), false, "good", "good"),
        (
            Some(Standing::Revoked),
            false,
            "staple_refused",
            "staple_refused",
        ),
        (Some(Standing::Unknown), false, "unknown", "staple_refused"),
        (None, false, "absent", "staple_refused"),
        (Some(Standing::Valid), true, "good", "good"),
        (
            Some(Standing::Unknown),
            true,
            "staple_refused",
            "staple_refused",
        ),
        (None, true, "staple_refused", "staple_refused"),
    ];
    for (standing, demands, prefer, require) in rows {
        let leaf = issued(demands, "http://unused.test/");
        let (cert, key) = leaf.write_to(directory.path(), "leaf");
        let staple = directory.path().join("staple.der");
        let mut args = vec![
            "-cert",
            cert.to_str().unwrap(),
            "-key",
            key.to_str().unwrap(),
        ];
        args.extend(["-cert_chain", cert.to_str().unwrap(), "-quiet"]);
        if let Some(standing) = standing {
            let answer = answer(&openssl, &leaf, standing).await;
            std::fs::write(&staple, answer).unwrap();
            args.extend(["-status_file", staple.to_str().unwrap()]);
        }
        args.retain(|arg| *arg != "-quiet");
        let peer = openssl.s_server(&args).await;
        for (policy, says) in [
            (StaplePolicy::Ignore, "-"),
            (StaplePolicy::Prefer, prefer),
            (StaplePolicy::Require, require),
        ] {
            let connector = TlsConnector::from(client().build().unwrap()).staples(policy);
            let outcome = match connect(peer.address, &connector).await {
                Ok(stream) => stream
                    .info()
                    .staple_verdict()
                    .map_or("-", |verdict| verdict.code()),
                Err(error) => error.code(),
            };
            assert_eq!(outcome, says, "{standing:?} {demands} {policy:?}");
        }
    }
}

/// A revoked server's refusal says so, as a code of Node's as well.
#[tokio::test]
async fn revoked_is_a_refusal_with_node_s_code() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let leaf = issued(false, "http://unused.test/");
    let revoked = answer(&openssl, &leaf, Standing::Revoked).await;
    let stapler = Stapler::builder(verifier()).start();
    stapler.set(leaf.chain(), revoked).unwrap();
    let context = SecureContext::server(identity(&leaf)).build().unwrap();
    let acceptor = TlsAcceptor::builder(context).stapler(stapler);
    let served = Served::echo(acceptor).await;
    for version in VERSIONS {
        let context = client().max_version(version).build().unwrap();
        let error = connect(served.address, &TlsConnector::from(context))
            .await
            .unwrap_err();
        assert_eq!(error.node_code(), Some("CERT_REVOKED"));
        assert_eq!(
            error.alert_sent(),
            Some(AlertDescription::CertificateRevoked)
        );
        assert!(error.hint().contains("do not trust"));
    }
}

/// A server with a stapler and nothing else: OpenSSL, curl and our client believe its staple.
#[tokio::test]
async fn a_stapler_asks_the_responder_that_the_certificate_names() {
    let (Some(openssl), Some(curl)) = (OpenSsl::require(), Curl::require()) else {
        return;
    };
    // The responder's port must be in the certificate before it knows of the certificate: its
    // index is read with the first question.
    let ca = OcspCa::new(openssl.clone(), &Pki::shared().intermediate);
    let responder = ca.listen(&["-nmin", "60"]).await;
    let leaf = issued(true, &responder.url);
    drop(responder);
    ca.set(&target(&leaf).serial(), Standing::Valid);
    let responder = ca.listen(&["-nmin", "60"]).await;

    let stapler = Stapler::builder(verifier())
        .fetcher(Fetcher::new().allow_private(true))
        .responder(&responder.url)
        .start();
    let mut changes = stapler.changes();
    stapler.watch(leaf.chain());
    in_time("a staple", changes.changed()).await.unwrap();
    assert!(!stapler.report()[0].is_missing(), "{:?}", stapler.report());

    let context = SecureContext::server(identity(&leaf)).build().unwrap();
    let acceptor = TlsAcceptor::builder(context).stapler(stapler);
    let served = Served::start(acceptor, |mut stream| async move {
        use tokio::io::AsyncWriteExt as _;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi")
            .await?;
        stream.shutdown().await?;
        Ok(0)
    })
    .await;
    let directory = tempfile::tempdir().unwrap();
    let root = Pki::shared().root.write_to(directory.path(), "root");
    let root = root.to_str().unwrap();
    let said = openssl
        .converse(served.address, &["-CAfile", root, "-status"], "", "hi")
        .await;
    assert!(said.contains("Cert Status: good"), "{}", said.stdout);
    let url = format!("https://localhost:{}/", served.address.port());
    let output = curl.run(["--cacert", root, "--cert-status", &url]).await;
    assert!(output.contains("hi"), "{} {}", output.stdout, output.stderr);
    let connector = TlsConnector::from(client().build().unwrap()).staples(StaplePolicy::Require);
    let stream = connect(served.address, &connector).await.unwrap();
    assert_eq!(stream.info().staple_verdict().unwrap().code(), "good");
    // A resumed session has no staple, and needs none under the same policy.
    let mut stream = stream;
    let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 200]).await;
    let session = stream.session().unwrap();
    let again = connect(served.address, &connector.resuming(session))
        .await
        .unwrap();
    assert!(again.info().resumption().is_resumed());
    assert_eq!(again.info().staple_verdict(), None);
}

/// A session of a client that did not look is not resumed by one that does.
#[tokio::test]
async fn a_stricter_policy_makes_a_full_handshake() {
    let context = server().build().unwrap();
    let served = Served::echo(TlsAcceptor::builder(context)).await;
    let context = client()
        .max_version(ProtocolVersion::Tls12)
        .build()
        .unwrap();
    let lax = TlsConnector::from(context).staples(StaplePolicy::Ignore);
    let stream = connect(served.address, &lax).await.unwrap();
    let session = stream.session().unwrap();
    let strict = lax.clone().staples(StaplePolicy::Prefer).resuming(session);
    let stream = connect(served.address, &strict).await.unwrap();
    assert!(!stream.info().resumption().is_resumed());
}

/// With a responder that is slow, gone or lying, no handshake fails and none waits.
#[tokio::test]
async fn a_bad_responder_never_breaks_a_handshake() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let leaf = &Pki::shared().server;
    let good = answer(&openssl, leaf, Standing::Valid).await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent_url = format!("http://{}", silent.local_addr().unwrap());
    let liar = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let liar_url = format!("http://{}", liar.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let lying = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        loop {
            let (mut tcp, _) = liar.accept().await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            let _ = tcp
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlies")
                .await;
        }
    });
    let urls = ["http://127.0.0.1:1", &silent_url, &liar_url];
    // From the beginning, or since a good staple.
    for (url, staple) in urls
        .into_iter()
        .flat_map(|url| [(url, None), (url, Some(&good))])
    {
        let stapler = Stapler::builder(verifier())
            .fetcher(Fetcher::new().allow_private(true))
            .retry(Duration::from_millis(1), Duration::from_millis(5))
            .responder(url)
            .start();
        if let Some(staple) = staple {
            stapler.set(leaf.chain(), staple.clone()).unwrap();
        }
        let says = if staple.is_some() { "good" } else { "absent" };
        let context = server().build().unwrap();
        let served = Served::echo(TlsAcceptor::builder(context).stapler(stapler.clone())).await;
        let connector = TlsConnector::from(client().build().unwrap());
        for _ in 0..50 {
            let stream = connect(served.address, &connector).await.unwrap();
            assert_eq!(stream.info().staple_verdict().unwrap().code(), says);
        }
        assert_eq!(stapler.report().len(), 1);
    }
    lying.abort();
    assert!(asked.load(Ordering::SeqCst) > 0);
}
