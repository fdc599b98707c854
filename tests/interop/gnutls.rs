//! Pre-shared keys with `gnutls-cli` at the other end, another implementation than OpenSSL's.

use tls_context::SecureContext;
use tls_net::{PskIdentity, PskKey, PskKeys, TlsAcceptor};
use tls_testing::peer::{GnuTls, Process};
use tls_tests::Served;
use tls_wire::{AlertDescription, CipherSuite};

const KEY: &str = "6f0d9a3c51e84b72a1c4d7e02b9f8356";

async fn served() -> Served {
    let identity = PskIdentity::new("gate-7").unwrap();
    let keys = PskKeys::from_keys([(identity, PskKey::from_hex(KEY).unwrap())]).unwrap();
    let context = SecureContext::without_certificate().build().unwrap();
    let acceptor = TlsAcceptor::builder(context).psk(keys).psk_hint("gates");
    Served::echo(acceptor.psk_without_forward_secrecy(true)).await
}

fn client(gnutls: &GnuTls, served: &Served, offer: &str, more: &[&str]) -> Process {
    let priority = format!("NORMAL:-KX-ALL:-VERS-ALL:-CIPHER-ALL:{offer}");
    let args = [&["--pskusername", "gate-7"], more].concat();
    gnutls.client(served.address, &priority, &args)
}

async fn says_hello(mut client: Process) {
    client.send(b"hello\n");
    client.wait_for("hello").await;
    client.finish().await.expect_success();
}

#[tokio::test]
async fn each_suite_that_gnutls_has() {
    let Some(gnutls) = GnuTls::require() else {
        return;
    };
    let mut served = served().await;
    for (offer, suite, group) in [
        (
            "+PSK:+VERS-TLS1.2:+AES-128-GCM",
            CipherSuite::TLS_PSK_WITH_AES_128_GCM_SHA256,
            false,
        ),
        (
            "+PSK:+VERS-TLS1.2:+AES-256-GCM",
            CipherSuite::TLS_PSK_WITH_AES_256_GCM_SHA384,
            false,
        ),
        (
            "+PSK:+VERS-TLS1.2:+CHACHA20-POLY1305",
            CipherSuite::TLS_PSK_WITH_CHACHA20_POLY1305_SHA256,
            false,
        ),
        (
            "+ECDHE-PSK:+VERS-TLS1.3:+AES-128-GCM",
            CipherSuite::TLS_AES_128_GCM_SHA256,
            true,
        ),
        (
            "+ECDHE-PSK:+VERS-TLS1.3:+CHACHA20-POLY1305",
            CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
            true,
        ),
        // The key alone: psk_ke.
        (
            "+PSK:+VERS-TLS1.3:+AES-128-GCM",
            CipherSuite::TLS_AES_128_GCM_SHA256,
            false,
        ),
    ] {
        says_hello(client(&gnutls, &served, offer, &["--pskkey", KEY])).await;
        let info = served.connection().await;
        assert_eq!(info.cipher_suite(), suite, "{offer}");
        assert_eq!(
            info.negotiated_key_exchange_group().is_some(),
            group,
            "{offer}"
        );
    }
}

/// The handshake only: when it is done, gnutls-cli 3.7 crashes over what it prints of such a key
/// exchange, whoever the server is.
#[tokio::test]
async fn ecdhe_psk_of_tls_1_2() {
    let Some(gnutls) = GnuTls::require() else {
        return;
    };
    let mut served = served().await;
    let offer = "+ECDHE-PSK:+VERS-TLS1.2:+CHACHA20-POLY1305";
    let _client = client(&gnutls, &served, offer, &["--pskkey", KEY]);
    let info = served.connection().await;
    let suite = CipherSuite::TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256;
    assert_eq!(info.cipher_suite(), suite);
    assert!(info.negotiated_key_exchange_group().is_some());
}

#[tokio::test]
async fn gnutls_resumes_what_a_key_began() {
    let Some(gnutls) = GnuTls::require() else {
        return;
    };
    let mut served = served().await;
    let args = ["--pskkey", KEY, "--resume", "--waitresumption"];
    let offer = "+ECDHE-PSK:+VERS-TLS1.3:+AES-128-GCM";
    says_hello(client(&gnutls, &served, offer, &args)).await;
    for resumed in [false, true] {
        let info = served.connection().await;
        assert_eq!(info.resumption().is_resumed(), resumed);
    }
}

#[tokio::test]
async fn another_key_is_refused() {
    let Some(gnutls) = GnuTls::require() else {
        return;
    };
    let mut served = served().await;
    let wrong = ["--pskkey", "00112233445566778899aabbccddeeff"];
    for (offer, code, alert) in [
        (
            "+ECDHE-PSK:+VERS-TLS1.3:+AES-128-GCM",
            "binder_mismatch",
            AlertDescription::DecryptError,
        ),
        (
            "+ECDHE-PSK:+VERS-TLS1.2:+CHACHA20-POLY1305",
            "bad_record_mac",
            AlertDescription::BadRecordMac,
        ),
    ] {
        let output = client(&gnutls, &served, offer, &wrong).finish().await;
        assert!(!output.status.success());
        let failure = served.failure().await;
        assert_eq!(
            (failure.code, failure.alert),
            (code, Some(alert)),
            "{offer}"
        );
    }
}
