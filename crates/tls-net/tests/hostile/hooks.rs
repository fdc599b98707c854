//! Hooks of the application: their errors, panics and delays end one connection each.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use tls_context::{ClientAuth, SecureContext};
use tls_net::{AcceptorBuilder, ClientHello, ContextRule, Fault, Phase, TlsAcceptor};
use tls_testing::{Pki, plain_rustls};
use tokio::time::Instant;

use super::ends::VERSIONS;
use super::plain::{Plain, alert_of};
use super::support::{Failures, client, identity, pass, rustls_version, server, trust};

/// What a plain client and the server say of one connection.
async fn visit(
    acceptor: &TlsAcceptor,
    config: &Arc<ClientConfig>,
    name: &str,
) -> (
    Option<u8>,
    Result<tls_net::ConnectionInfo, tls_net::HandshakeError>,
) {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let mut plain = Plain::client(config, name, near);
    let ((heard, _open), served) = tokio::join!(
        async {
            match plain.handshake(b"").await {
                Ok(()) => (None, Some(plain)),
                // Gone, so that the server need not wait.
                Err(error) => (alert_of(&error), None),
            }
        },
        async { acceptor.accept(far).await.map(|stream| stream.info()) }
    );
    (heard, served)
}

type Answer = Result<Option<SecureContext>, &'static str>;

async fn misbehave(hello: ClientHello) -> Answer {
    match hello.server_name() {
        Some("error.test") => Err("no such tenant"),
        Some("panic.test") => panic!("a defect of the hook"),
        Some("slow.test") => pending().await,
        Some("late.test") => {
            pass(Duration::from_secs(2)).await;
            Ok(None)
        }
        Some("client.test") => Ok(Some(
            client(tls_wire::ProtocolVersion::Tls13).build().unwrap(),
        )),
        Some("empty.test") => Ok(Some(SecureContext::without_certificate().build().unwrap())),
        Some("own.test") => {
            let leaf = Pki::shared().issue(&["own.test"]);
            Ok(Some(
                SecureContext::server(identity(&leaf)).build().unwrap(),
            ))
        }
        _ => Ok(None),
    }
}

// Spec: SNI-04, T-SNI-02, T-SNI-03, T-SNI-04, T-SNI-07
#[tokio::test(start_paused = true)]
async fn a_hook_that_misbehaves_ends_its_own_connection() {
    let failures = Failures::default();
    let builder = failures.heard_by(TlsAcceptor::builder(server().build().unwrap()));
    let acceptor = builder.choose_context(misbehave).build().unwrap();
    let rows = [
        ("error.test", "hook_failed", Fault::Local, 80, 0),
        ("panic.test", "hook_panicked", Fault::Local, 80, 0),
        ("slow.test", "hook_timeout", Fault::Local, 80, 5),
        ("client.test", "unusable_context", Fault::Config, 80, 0),
        ("empty.test", "no_suitable_identity", Fault::Config, 40, 0),
    ];
    for version in VERSIONS {
        let config = Arc::new(plain_rustls::client(rustls_version(version)));
        for (name, code, fault, alert, seconds) in rows {
            let begun = Instant::now();
            let (heard, refused) = visit(&acceptor, &config, name).await;
            let error = refused.unwrap_err();
            assert_eq!((error.code(), error.fault()), (code, fault), "{name}");
            assert_eq!(heard, Some(alert), "{name}");
            assert_eq!(begun.elapsed().as_secs(), seconds, "{name}");
            let failed = failures.only();
            assert_eq!(failed.server_name.as_deref(), Some(name), "still readable");
            assert_eq!(failed.alert, Some(alert));
            if code.starts_with("hook") {
                assert_eq!(failed.phase, Phase::Context);
            }
        }
        let (_, served) = visit(&acceptor, &config, "localhost").await;
        assert_eq!(served.unwrap().context_rule(), &ContextRule::Default);
        let (_, served) = visit(&acceptor, &config, "own.test").await;
        assert_eq!(served.unwrap().context_rule(), &ContextRule::Hook);
        // Within its limit a hook may wait.
        let begun = Instant::now();
        let (_, served) = visit(&acceptor, &config, "late.test").await;
        // The default's certificate does not cover that name: the client leaves, the hook was fine.
        assert!(served.is_err_and(|error| error.code() == "alert_received"));
        assert_eq!(begun.elapsed().as_secs(), 2);
        failures.take();
    }
}

/// The closure itself may panic, before there is a future.
#[tokio::test]
async fn a_hook_whose_closure_panics_ends_its_own_connection() {
    let acceptor = TlsAcceptor::builder(server().build().unwrap())
        .choose_context(|hello: ClientHello| {
            assert!(hello.server_name() != Some("panic.test"), "a defect");
            async { Ok::<_, std::io::Error>(None) }
        })
        .build()
        .unwrap();
    let config = Arc::new(plain_rustls::client(&rustls::version::TLS13));
    let (_, refused) = visit(&acceptor, &config, "panic.test").await;
    assert_eq!(refused.unwrap_err().code(), "hook_panicked");
    assert!(visit(&acceptor, &config, "localhost").await.1.is_ok());
}

fn protocols(builder: AcceptorBuilder) -> AcceptorBuilder {
    builder.choose_protocol(|hello: ClientHello| async move {
        match hello.server_name() {
            Some("error.test") => Err("no"),
            Some("panic.test") => panic!("a defect of the hook"),
            Some("slow.test") => pending().await,
            Some("none.test") => Ok(None),
            Some("other.test") => Ok(Some(b"spdy/3".to_vec())),
            _ => Ok(hello.alpn_protocols().nth(1).map(<[u8]>::to_vec)),
        }
    })
}

// Spec: ALP-05, T-ALP-04, T-ALP-05
#[tokio::test(start_paused = true)]
async fn a_protocol_hook_chooses_among_what_was_offered() {
    let failures = Failures::default();
    let builder = failures.heard_by(TlsAcceptor::builder(server().build().unwrap()));
    let acceptor = protocols(builder).build().unwrap();
    let rows = [
        ("error.test", "hook_failed", 80),
        ("panic.test", "hook_panicked", 80),
        ("slow.test", "hook_timeout", 80),
        ("none.test", "no_application_protocol", 120),
        ("other.test", "no_application_protocol", 120),
    ];
    for version in VERSIONS {
        let mut config = plain_rustls::client(rustls_version(version));
        let silent = Arc::new(config.clone());
        config.alpn_protocols = vec![b"a".to_vec(), b"b".to_vec(), b"c".to_vec()];
        let config = Arc::new(config);
        for (name, code, alert) in rows {
            let (heard, refused) = visit(&acceptor, &config, name).await;
            assert_eq!(refused.unwrap_err().code(), code, "{name}");
            assert_eq!(heard, Some(alert), "{name}");
            assert_eq!(failures.only().alert, Some(alert));
        }
        let (_, served) = visit(&acceptor, &config, "localhost").await;
        assert_eq!(served.unwrap().alpn_protocol(), Some(&b"b"[..]));
        // Who offers nothing is not asked about.
        let (_, served) = visit(&acceptor, &silent, "localhost").await;
        assert_eq!(served.unwrap().alpn_protocol(), None);
    }
}

/// The rule that chose, and the generation of the contexts.
// Spec: SRV-14, SRV-18, SNI-02, T-SNI-01, T-SNI-05, T-SNI-06
#[tokio::test]
async fn the_rule_and_the_generation_are_told() {
    let wild = SecureContext::server(identity(&Pki::shared().server));
    let wild = wild
        .client_auth(ClientAuth::optional(trust()))
        .build()
        .unwrap();
    let acceptor = TlsAcceptor::builder(server().build().unwrap())
        .context("*.wild.example.test", wild.clone())
        .choose_context(misbehave)
        .build()
        .unwrap();
    let server = acceptor.bind("127.0.0.1:0").await.unwrap();
    let handle = server.handle();
    let leaf = &Pki::shared().client;
    let config = Arc::new(plain_rustls::client_with(&rustls::version::TLS13, leaf));
    let (_, served) = visit(&acceptor, &config, "a.wild.example.test").await;
    let info = served.unwrap();
    assert_eq!(info.context_rule().to_string(), "*.wild.example.test");
    assert!(info.authorized(), "the policy came with the context");
    assert_eq!(info.generation(), 1);
    // The hook is not asked for a name that has a context.
    assert_eq!(handle.add_context("error.test", wild.clone()).unwrap(), 2);
    let (_, served) = visit(&acceptor, &config, "error.test").await;
    assert_eq!(
        served.unwrap_err().code(),
        "alert_received",
        "only the name is wrong"
    );
    assert_eq!(handle.set_context(wild).unwrap(), 3);
    let (_, served) = visit(&acceptor, &config, "localhost").await;
    let info = served.unwrap();
    assert_eq!(
        (info.context_rule(), info.generation()),
        (&ContextRule::Default, 3)
    );
    assert!(info.authorized());
    // What can't serve changes nothing.
    let client = client(tls_wire::ProtocolVersion::Tls13).build().unwrap();
    assert_eq!(
        handle.set_context(client.clone()).unwrap_err().code(),
        "default_context"
    );
    assert_eq!(
        handle
            .add_context("x.test", client.clone())
            .unwrap_err()
            .code(),
        "named_context"
    );
    let pattern = handle.add_context("", server_context()).unwrap_err();
    assert_eq!(pattern.node_code(), Some("ERR_TLS_REQUIRED_SERVER_NAME"));
    assert_eq!(handle.stats().generation, 3);
    assert_eq!(
        TlsAcceptor::builder(client).build().unwrap_err().code(),
        "default_context"
    );
}

fn server_context() -> SecureContext {
    server().build().unwrap()
}
