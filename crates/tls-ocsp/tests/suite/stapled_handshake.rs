//! Plain rustls with a `StaplingResolver`, and what `openssl s_client -status` makes of it.

use std::sync::Arc;

use rustls::server::ResolvesServerCert;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use tls_ocsp::{OcspRequest, Stapler, StaplingResolver};
use tls_testing::peer::{OcspCa, OpenSsl, Standing};
use tls_testing::{Leaf, Pki};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::pki::{ca, leaf, provider, target, verifier};

/// A resolver may make a key for each handshake, and contexts are replaced: private keys that nobody
/// has any more are not kept, not even in what was made of them.
#[tokio::test]
async fn a_key_that_is_replaced_is_gone() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let responder = OcspCa::new(openssl, ca());
    let stapler = Stapler::builder(verifier()).start();
    let one = leaf(&[]);
    responder.set(&target(&one).serial(), Standing::Valid);
    let request = OcspRequest::new(&target(&one)).unwrap();
    let answer = responder.answer(request.as_der(), &["-nmin", "60"]).await;
    stapler.set(one.chain(), answer).unwrap();
    let mut private_keys = Vec::new();
    for _ in 0..100 {
        let key = Arc::new(key(&one));
        private_keys.push(Arc::downgrade(&key.key));
        assert!(stapler.stapled(key).ocsp.is_some());
    }
    let kept = Arc::new(key(&one));
    let stapled = stapler.stapled(Arc::clone(&kept));
    let alive = |keys: &[std::sync::Weak<_>]| {
        let alive = keys.iter().filter(|key| key.strong_count() > 0);
        alive.count()
    };
    assert_eq!(alive(&private_keys), 0);
    // What is in use is remembered.
    assert!(Arc::ptr_eq(&stapler.stapled(kept), &stapled));
}

fn key(leaf: &Leaf) -> CertifiedKey {
    CertifiedKey::from_der(leaf.chain().to_vec(), leaf.key(), &provider()).unwrap()
}

#[tokio::test]
async fn plain_rustls_staples_what_openssl_believes() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let responder = OcspCa::new(openssl.clone(), ca());
    let leaf = leaf(&[]);
    let stapler = Stapler::builder(verifier()).start();
    let inner: Arc<dyn ResolvesServerCert> = Arc::new(SingleCertAndKey::from(key(&leaf)));
    let config = rustls::ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(StaplingResolver::new(inner, stapler.clone())));
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(mut stream) = acceptor.accept(tcp).await {
                    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
                }
            });
        }
    });
    let directory = tempfile::tempdir().unwrap();
    let root = Pki::shared().root.write_to(directory.path(), "root");
    let root = root.to_str().unwrap();
    for (standing, says) in [
        (None, "OCSP response: no response sent"),
        (Some(Standing::Valid), "Cert Status: good"),
        (Some(Standing::Revoked), "Cert Status: revoked"),
    ] {
        if let Some(standing) = standing {
            responder.set(&target(&leaf).serial(), standing);
            let request = OcspRequest::new(&target(&leaf)).unwrap();
            let answer = responder.answer(request.as_der(), &["-nmin", "60"]).await;
            stapler.set(leaf.chain(), answer).unwrap();
        }
        for version in ["-tls1_2", "-tls1_3"] {
            let args = [
                "-CAfile",
                root,
                "-status",
                "-servername",
                "localhost",
                version,
            ];
            let client = openssl.converse(address, &args, "", "---").await;
            assert!(client.contains(says), "{version}: {}", client.stdout);
        }
    }
    serving.abort();
}

/// A key is copied when its staple changes, not for each handshake.
#[tokio::test]
async fn one_copy_for_each_staple() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let responder = OcspCa::new(openssl, ca());
    let leaf = leaf(&[]);
    responder.set(&target(&leaf).serial(), Standing::Valid);
    let request = OcspRequest::new(&target(&leaf)).unwrap();
    let stapler = Stapler::builder(verifier()).start();
    let plain = Arc::new(key(&leaf));
    assert!(
        Arc::ptr_eq(&stapler.stapled(plain.clone()), &plain),
        "no staple yet"
    );
    let answer = responder.answer(request.as_der(), &["-nmin", "60"]).await;
    stapler.set(leaf.chain(), answer.clone()).unwrap();
    let stapled = stapler.stapled(plain.clone());
    assert_eq!(stapled.ocsp.as_deref(), Some(&answer[..]));
    assert!(Arc::ptr_eq(&stapler.stapled(plain.clone()), &stapled));
    // The same certificate in another key object: after a reload.
    let reloaded = stapler.stapled(Arc::new(key(&leaf)));
    assert_eq!(reloaded.ocsp.as_deref(), Some(&answer[..]));
    let next = responder.answer(request.as_der(), &["-nmin", "120"]).await;
    stapler.set(leaf.chain(), next.clone()).unwrap();
    let fresh = stapler.stapled(plain);
    assert_eq!(fresh.ocsp.as_deref(), Some(&next[..]));
    assert_eq!(stapler.report().len(), 1);
}
