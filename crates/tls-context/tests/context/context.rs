//! The context as a value: cheap, shared, one place for what others derive from it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tls_context::{ClientAuth, Error, ProtocolVersion, SecureContext, SecurityLevel, SniMap};
use tls_testing::Pki;

use crate::handshake::{client, handshake, identity, server, trust};

#[test]
fn contexts_go_anywhere() {
    fn anywhere<T: Send + Sync + Clone + std::fmt::Debug + 'static>() {}
    anywhere::<SecureContext>();
    anywhere::<tls_context::SecureContextBuilder>();
    anywhere::<SniMap<SecureContext>>();
    assert_eq!(size_of::<SecureContext>(), size_of::<Arc<()>>());
}

#[test]
fn a_clone_is_the_same_context() {
    let context = server().build().unwrap();
    let clone = context.clone();
    assert!(Arc::ptr_eq(
        &context.rustls_server().unwrap(),
        &clone.rustls_server().unwrap()
    ));
    let context = client().build().unwrap();
    assert!(Arc::ptr_eq(
        &context.rustls_client().unwrap(),
        &context.rustls_client().unwrap()
    ));
    assert!(Arc::ptr_eq(
        &context.client_resolver(),
        &context.clone().client_resolver()
    ));
}

#[test]
fn an_extension_is_made_once_per_context_and_type() {
    struct Number(usize);
    let made = AtomicUsize::new(0);
    let context = server().build().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let number = context.extension(|_| Number(made.fetch_add(1, Ordering::SeqCst)));
                assert_eq!(number.0, 0);
            });
        }
    });
    assert_eq!(made.load(Ordering::SeqCst), 1);
    // Another type has its own place, also when made while the first is.
    struct Outer(usize);
    let outer = context.extension(|context| Outer(context.extension(|_| Number(7)).0 + 1));
    assert_eq!(outer.0, 1);
    let other = server().build().unwrap();
    assert_eq!(other.extension(|_| Number(7)).0, 7);
}

#[test]
fn settings_and_lowerings_for_the_other_side_are_errors() {
    let leaf = || identity(&Pki::shared().client);
    let builders = [
        client().identity(leaf()),
        client().client_auth(ClientAuth::required(trust())),
        server().client_identity(leaf()),
        SecureContext::without_certificate().client_auth(ClientAuth::required(trust())),
    ];
    for builder in builders {
        let error = builder.build().unwrap_err();
        assert_eq!(error.code(), "wrong_side", "{error}");
    }
    assert_eq!(
        client()
            .build()
            .unwrap()
            .rustls_server()
            .unwrap_err()
            .code(),
        "wrong_side"
    );
    assert_eq!(
        server()
            .build()
            .unwrap()
            .rustls_client()
            .unwrap_err()
            .code(),
        "wrong_side"
    );
}

// Spec: CTX-25
#[test]
fn a_context_without_certificate_is_good_for_keys_only() {
    let context = SecureContext::without_certificate().build().unwrap();
    assert!(context.is_server() && context.is_client());
    assert!(context.server_resolver().is_none() && context.server_verifier().is_none());
    assert!(!context.client_resolver().has_certs());
    assert_eq!(context.rustls_server().unwrap_err().code(), "no_identity");
    assert_eq!(context.rustls_client().unwrap_err().code(), "wrong_side");
    let nothing = SecureContext::server(Vec::new()).build();
    assert_eq!(nothing.unwrap_err().code(), "no_identity");
    assert!(server().build().unwrap().is_server() && !server().build().unwrap().is_client());
    assert!(client().build().unwrap().is_client() && !client().build().unwrap().is_server());
}

#[test]
fn the_key_log_gets_the_secrets_of_both_sides() {
    #[derive(Debug, Default)]
    struct Count(AtomicUsize);
    impl rustls::KeyLog for Count {
        fn log(&self, _label: &str, _client_random: &[u8], _secret: &[u8]) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let logs = [Arc::new(Count::default()), Arc::new(Count::default())];
    let client = client()
        .key_log(Arc::clone(&logs[0]) as Arc<dyn rustls::KeyLog>)
        .build()
        .unwrap();
    let server = server()
        .key_log(Arc::clone(&logs[1]) as Arc<dyn rustls::KeyLog>)
        .build()
        .unwrap();
    handshake(
        &client.rustls_client().unwrap(),
        &server.rustls_server().unwrap(),
    )
    .unwrap();
    for log in logs {
        assert!(log.0.load(Ordering::SeqCst) >= 5);
    }
}

/// Codes are for programs, so each is here, once; a change of one breaks somebody.
#[test]
fn every_error_has_a_code_and_says_what_to_do() {
    let text = || "x".to_owned();
    let errors = [
        (
            Error::Unsupported {
                feature: text(),
                reason: "y",
            },
            "unsupported",
            None,
        ),
        (
            Error::InvalidVersion {
                bound: "minimum",
                version: ProtocolVersion::Unknown(5),
            },
            "invalid_version",
            Some("ERR_TLS_INVALID_PROTOCOL_VERSION"),
        ),
        (
            Error::VersionConflict {
                min: ProtocolVersion::Tls13,
                max: ProtocolVersion::Tls12,
            },
            "version_conflict",
            None,
        ),
        (
            Error::EmptyCipherList { list: text() },
            "empty_cipher_list",
            Some("ERR_INVALID_ARG_VALUE"),
        ),
        (
            Error::NoCipherMatch {
                word: text(),
                suggestion: None,
            },
            "no_cipher_match",
            Some("ERR_SSL_NO_CIPHER_MATCH"),
        ),
        (
            Error::CipherWordNotSupported {
                word: text(),
                reason: "y",
            },
            "cipher_word_not_supported",
            None,
        ),
        (
            Error::NoCipherForVersions {
                list: text(),
                min: ProtocolVersion::Tls12,
                max: ProtocolVersion::Tls12,
            },
            "no_cipher_for_versions",
            None,
        ),
        (
            Error::NoCipherLeft { list: text() },
            "no_cipher_left",
            Some("ERR_SSL_NO_CIPHER_MATCH"),
        ),
        (
            Error::NoCipherForLevel {
                list: text(),
                level: SecurityLevel::Five,
            },
            "no_cipher_for_level",
            None,
        ),
        (
            Error::NoGroupForLevel {
                list: text(),
                level: SecurityLevel::Five,
            },
            "no_group_for_level",
            None,
        ),
        (Error::Identity(tls_certs::Error::NoNames), "identity", None),
        (Error::CrlsUnused, "crls_unused", None),
        (
            Error::UnknownGroup { name: text() },
            "unknown_group",
            Some("ERR_CRYPTO_OPERATION_FAILED"),
        ),
        (
            Error::NoGroupForVersions { list: text() },
            "no_group_for_versions",
            None,
        ),
        (Error::AlpnNameEmpty { index: 1 }, "alpn_name_empty", None),
        (
            Error::AlpnNameTooLong {
                index: 1,
                length: 300,
            },
            "alpn_name_too_long",
            Some("ERR_OUT_OF_RANGE"),
        ),
        (
            Error::AlpnListTooLong { length: 2, max: 1 },
            "alpn_list_too_long",
            None,
        ),
        (
            Error::AlpnWireFormat { offset: 1 },
            "alpn_wire_format",
            None,
        ),
        (
            Error::SessionIdContextTooLong {
                length: 33,
                max: 32,
            },
            "session_id_context_too_long",
            None,
        ),
        (
            Error::SessionTimeoutTooLong {
                timeout: DAY * 8,
                max: DAY * 7,
            },
            "session_timeout_too_long",
            Some("ERR_OUT_OF_RANGE"),
        ),
        (
            Error::WrongSide {
                what: "x",
                expected: "server",
                actual: "client",
            },
            "wrong_side",
            None,
        ),
        (Error::NoIdentity, "no_identity", None),
        (Error::EmptyTrust, "empty_trust", None),
        (
            Error::EmptyServerName,
            "empty_server_name",
            Some("ERR_TLS_REQUIRED_SERVER_NAME"),
        ),
        (
            Error::InvalidServerName {
                name: text(),
                reason: "y",
            },
            "invalid_server_name",
            None,
        ),
        (
            Error::Rustls(rustls::Error::HandshakeNotComplete),
            "rustls",
            None,
        ),
    ];
    let mut codes: Vec<&str> = errors.iter().map(|(error, ..)| error.code()).collect();
    for (error, code, node_code) in &errors {
        assert_eq!((error.code(), error.node_code()), (*code, *node_code));
        assert!(error.to_string().len() > 5);
    }
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), errors.len());
}

const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);
