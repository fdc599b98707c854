//! Certificates and trust that change under live servers and clients, over TLS 1.2 and 1.3.

#![allow(clippy::unwrap_used, reason = "a fault of the set-up ends the test")]

mod ends;

use std::fs;

use ends::{Ends, Pki, VERSIONS};
use tls_certs::{Crls, Identity, Trust, VerifyCode, WatchOptions, Watched};
use tls_context::{ClientAuth, SecureContext};
use tls_net::{NotResumed, Resumption, SessionKind, TlsAcceptor, TlsConnector};
use tls_testing::{Leaf, pki::certificate_pem};
use tls_wire::ProtocolVersion;

fn client(
    version: ProtocolVersion,
    trust: impl Into<tls_context::TrustSource>,
    identity: Option<&Identity>,
) -> TlsConnector {
    let context = SecureContext::client(trust).max_version(version);
    let context = match identity {
        Some(identity) => context.client_identity(identity),
        None => context,
    };
    TlsConnector::from(context.build().unwrap())
}

fn client_certificate(pki: &Pki) -> Identity {
    pki.issue("someone", |params| {
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    })
}

fn pem(trust: &Trust) -> String {
    let certificates = trust.certificates().iter();
    certificates
        .map(|certificate| certificate_pem(certificate.der()))
        .collect()
}

// Spec: SRV-18, SEV-08, T-CRD-11
#[tokio::test]
async fn a_renewed_certificate_serves_new_connections_and_keeps_sessions() {
    for version in VERSIONS {
        let pki = Pki::new();
        let identity = Watched::new(pki.identity.clone());
        let acceptor = TlsAcceptor::from(SecureContext::server(&identity).build().unwrap());
        let connector = client(version, &pki.trust, None);
        let (near, far) = ends::handshake(&acceptor, &connector, "localhost").await;
        let (mut near, mut far) = (near.unwrap(), far.unwrap());
        ends::exchange(&mut near, &mut far).await;
        let session = near.session().unwrap();
        let before = far.info().generation();

        let renewed = pki.issue("localhost", |_| {});
        identity.replace(renewed.clone()).unwrap();
        let (new_near, new_far) = ends::handshake(&acceptor, &connector, "localhost").await;
        let info = new_near.unwrap().info();
        assert_eq!(info.peer_certificates(), Some(renewed.chain()), "{version}");
        assert_eq!(new_far.unwrap().info().generation(), before + 1);

        // Those that exist are untouched, and their sessions resume.
        ends::exchange(&mut near, &mut far).await;
        let connector = connector.resuming(session);
        let (near, far) = ends::handshake(&acceptor, &connector, "localhost").await;
        assert!(near.unwrap().info().resumption().is_resumed());
        assert_eq!(
            far.unwrap().info().resumption(),
            Resumption::Resumed(SessionKind::Ticket)
        );
    }
}

/// A server whose clients' authorities are in a file that is watched.
struct Mutual {
    pki: Pki,
    directory: tempfile::TempDir,
    trust: Watched<Trust>,
    acceptor: TlsAcceptor,
}

impl Mutual {
    fn new() -> Self {
        let pki = Pki::new();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("clients.pem");
        fs::write(&path, pem(&pki.trust)).unwrap();
        let trust = Trust::watch_pem_file_with(&path, WatchOptions::manual()).unwrap();
        let context = SecureContext::server(pki.identity.clone());
        let context = context
            .client_auth(ClientAuth::required(&trust))
            .build()
            .unwrap();
        Self {
            pki,
            directory,
            trust,
            acceptor: TlsAcceptor::from(context),
        }
    }

    fn now_trusts(&self, trust: &Trust) {
        fs::write(self.directory.path().join("clients.pem"), pem(trust)).unwrap();
        let before = self.trust.generation();
        assert_eq!(self.trust.reload().unwrap(), before + 1);
    }

    async fn connect(&self, connector: &TlsConnector) -> (ends::End, ends::End) {
        ends::handshake(&self.acceptor, connector, "localhost").await
    }
}

/// The old authority and the new one together, then the new one alone.
#[tokio::test]
async fn a_session_is_judged_by_the_authorities_of_today() {
    for version in VERSIONS {
        let (server, next) = (Mutual::new(), Pki::new());
        let old = client_certificate(&server.pki);
        let connector = client(version, &server.pki.trust, Some(&old));
        let (near, far) = server.connect(&connector).await;
        let (mut near, mut far) = (near.unwrap(), far.unwrap());
        assert!(far.info().authorized());
        let generation = far.info().generation();
        ends::exchange(&mut near, &mut far).await;

        server.now_trusts(&server.pki.trust.with(&next.trust));
        let again = connector.resuming(near.session().unwrap());
        let (near, far) = server.connect(&again).await;
        let (mut near, mut far) = (near.unwrap(), far.unwrap());
        assert!(
            far.info().resumption().is_resumed(),
            "{version}: still good under the new trust"
        );
        assert!(far.info().authorized());
        assert_eq!(far.info().generation(), generation + 1);
        ends::exchange(&mut near, &mut far).await;

        server.now_trusts(&next.trust);
        let again = connector.resuming(near.session().unwrap());
        let error = server.connect(&again).await.1.unwrap_err();
        assert_eq!(error.code(), "client_certificate_refused", "{version}");

        // Who was let in stays, and who the new authority vouches for comes in.
        ends::exchange(&mut near, &mut far).await;
        let new = client_certificate(&next);
        let connector = client(version, &server.pki.trust, Some(&new));
        assert!(
            server
                .connect(&connector)
                .await
                .1
                .unwrap()
                .info()
                .authorized()
        );
    }
}

/// With any certificate accepted the full handshake goes through, so its reason can be seen.
#[tokio::test]
async fn a_session_of_an_authority_that_is_gone_is_not_resumed() {
    for version in VERSIONS {
        let next = Pki::new();
        let pki = Pki::new();
        let trust = Watched::new(pki.trust.clone());
        let context = SecureContext::server(pki.identity.clone())
            .client_auth(ClientAuth::required(&trust))
            .dangerous()
            .accept_any_certificate();
        let acceptor = TlsAcceptor::from(context.build().unwrap());
        let old = client_certificate(&pki);
        let connector = client(version, &pki.trust, Some(&old));
        let (near, far) = ends::handshake(&acceptor, &connector, "localhost").await;
        let (mut near, mut far) = (near.unwrap(), far.unwrap());
        assert!(far.info().authorized());
        ends::exchange(&mut near, &mut far).await;

        trust.replace(next.trust.clone()).unwrap();
        let again = connector.resuming(near.session().unwrap());
        let (_near, far) = ends::handshake(&acceptor, &again, "localhost").await;
        let info = far.unwrap().info();
        assert_eq!(
            info.resumption(),
            Resumption::Full(NotResumed::ChainNoLongerGood)
        );
        assert!(!info.authorized(), "{version}");
    }
}

/// Revocation lists in a file, and what they are about.
struct Lists {
    directory: tempfile::TempDir,
    crls: Watched<Crls>,
}

impl Lists {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("ca.crl"), Self::text(2025, &[])).unwrap();
        let crls = Crls::watch_paths([directory.path()], WatchOptions::manual()).unwrap();
        Self { directory, crls }
    }

    fn text(year: i32, revoked: &[&Leaf]) -> String {
        let pki = tls_testing::Pki::shared();
        let revoked: Vec<_> = revoked.iter().map(|leaf| leaf.certificate()).collect();
        pki.root.crl_pem(year, &[]) + &pki.intermediate.crl_pem(year, &revoked)
    }

    fn now_revoke(&self, leaf: &Leaf) {
        let path = self.directory.path().join("ca.crl");
        fs::write(path, Self::text(2026, &[leaf])).unwrap();
        assert_eq!(self.crls.reload().unwrap(), 2);
    }
}

fn identity_of(leaf: &Leaf) -> Identity {
    Identity::from_pem(leaf.chain_pem().as_bytes(), leaf.key_pem().as_bytes()).unwrap()
}

fn root() -> Trust {
    Trust::from_pem(tls_testing::Pki::shared().root.pem().as_bytes()).unwrap()
}

// Spec: CTX-08
#[tokio::test]
async fn a_session_of_a_revoked_client_is_not_resumed_and_the_client_refused() {
    let pki = tls_testing::Pki::shared();
    for version in VERSIONS {
        for accept_any in [false, true] {
            let lists = Lists::new();
            let context = SecureContext::server(identity_of(&pki.server))
                .client_auth(ClientAuth::required(root()))
                .crls(&lists.crls);
            let context = match accept_any {
                true => context.dangerous().accept_any_certificate(),
                false => context,
            };
            let acceptor = TlsAcceptor::from(context.build().unwrap());
            let connector = client(version, root(), Some(&identity_of(&pki.client)));
            let (near, far) = ends::handshake(&acceptor, &connector, "localhost").await;
            let (mut near, mut far) = (near.unwrap(), far.unwrap());
            ends::exchange(&mut near, &mut far).await;
            let generation = far.info().generation();

            let again = connector.resuming(near.session().unwrap());
            let (near, far) = ends::handshake(&acceptor, &again, "localhost").await;
            let (mut near, mut far) = (near.unwrap(), far.unwrap());
            assert!(far.info().resumption().is_resumed(), "{version}");
            ends::exchange(&mut near, &mut far).await;

            lists.now_revoke(&pki.client);
            let again = connector.resuming(near.session().unwrap());
            let (_near, far) = ends::handshake(&acceptor, &again, "localhost").await;
            if !accept_any {
                let error = far.unwrap_err();
                assert_eq!(error.code(), "client_certificate_refused", "{version}");
                let why = error.certificate().unwrap();
                assert_eq!(why.code, VerifyCode::CertRevoked);
                continue;
            }
            // The full handshake goes through here, so it can be seen that there was one, and why.
            let info = far.unwrap().info();
            assert_eq!(
                info.resumption(),
                Resumption::Full(NotResumed::ChainNoLongerGood)
            );
            assert_eq!(info.generation(), generation + 1);
            let refusal = info.authorization_error().unwrap();
            assert!(!info.authorized());
            assert_eq!(refusal.code(), "CERT_REVOKED");
        }
    }
}

#[tokio::test]
async fn a_session_with_a_revoked_server_is_not_resumed_and_the_server_refused() {
    let pki = tls_testing::Pki::shared();
    for version in VERSIONS {
        let lists = Lists::new();
        let acceptor = SecureContext::server(identity_of(&pki.server))
            .build()
            .unwrap();
        let acceptor = TlsAcceptor::from(acceptor);
        let context = SecureContext::client(root()).crls(&lists.crls);
        let connector = TlsConnector::from(context.max_version(version).build().unwrap());
        let (near, far) = ends::handshake(&acceptor, &connector, "localhost").await;
        let (mut near, mut far) = (near.unwrap(), far.unwrap());
        ends::exchange(&mut near, &mut far).await;

        lists.now_revoke(&pki.server);
        let again = connector.resuming(near.session().unwrap());
        let (near, _) = ends::handshake(&acceptor, &again, "localhost").await;
        let error = near.unwrap_err();
        assert_eq!(error.code(), "server_certificate_refused", "{version}");
        assert_eq!(error.certificate().unwrap().code, VerifyCode::CertRevoked);
    }
}

#[tokio::test]
async fn a_client_follows_its_trust_and_does_not_resume_what_the_old_one_verified() {
    for version in VERSIONS {
        let ends = Ends::new(version);
        let next = Pki::new();
        let trust = Watched::new(ends.pki.trust.clone());
        let connector = client(version, &trust, None);
        let (mut near, mut far) = ends.connect_with(&connector).await;
        ends::exchange(&mut near, &mut far).await;
        assert_eq!(near.info().generation(), 0);

        trust.replace(ends.pki.trust.with(&next.trust)).unwrap();
        let again = connector.resuming(near.session().unwrap());
        let (mut near, mut far) = ends.connect_with(&again).await;
        assert_eq!(
            near.info().resumption(),
            Resumption::Full(NotResumed::PolicyChanged)
        );
        assert_eq!(near.info().generation(), 1);
        ends::exchange(&mut near, &mut far).await;

        trust.replace(next.trust.clone()).unwrap();
        let again = connector.resuming(near.session().unwrap());
        let (near, _) = ends::handshake(&ends.acceptor, &again, "localhost").await;
        assert_eq!(
            near.unwrap_err().code(),
            "server_certificate_refused",
            "{version}"
        );
    }
}
