//! OpenSSL's s_server and s_client at the other end, with every suite that it has.

use tls_psk::{ClientPsk, Error};
use tls_testing::peer::OpenSsl;
use tls_wire::{AlertDescription, CipherSuite};
use tokio::net::TcpListener;

use crate::over_tcp::{accept, connect};
use crate::pair::{Ends, identity, key};

/// Those that OpenSSL knows: it has none of RFC 8442.
const SUITES: [CipherSuite; 4] = [
    CipherSuite::TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_PSK_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_PSK_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_PSK_WITH_CHACHA20_POLY1305_SHA256,
];

fn hex(byte: u8) -> String {
    format!("{byte:02x}").repeat(32)
}

async fn server(openssl: &OpenSsl, byte: u8, args: &[&str]) -> tls_testing::peer::SServer {
    let key = hex(byte);
    let mut all = vec![
        "-nocert",
        "-tls1_2",
        "-rev",
        "-psk_identity",
        "gate-7",
        "-psk",
        &key,
    ];
    all.extend_from_slice(args);
    openssl.s_server(&all).await
}

// Spec: T-PSK-04
#[tokio::test]
async fn t_psk_04_s_server_with_every_suite_with_and_without_a_hint() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    for suite in SUITES {
        let name = suite.openssl_name().unwrap();
        for hint in [None, Some("gates")] {
            let mut args = vec!["-cipher", name];
            args.extend(hint.into_iter().flat_map(|hint| ["-psk_hint", hint]));
            let server = server(&openssl, 7, &args).await;
            let ends = Ends::with_suite(suite);
            let mut stream = connect(server.address, ends.client, ends.psk)
                .await
                .unwrap();
            assert_eq!(stream.facts.cipher_suite, suite);
            assert_eq!(stream.facts.hint.as_deref(), hint.map(str::as_bytes));
            stream.send(b"hello\n").await;
            assert_eq!(stream.line().await, "olleh");
            stream.close().await;
        }
    }
}

// Spec: T-PSK-05
#[tokio::test]
async fn t_psk_05_s_client_with_every_suite_says_hello_and_ends_well() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let key_of_gate = hex(7);
    for suite in SUITES {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut ends = Ends::with_suite(suite);
        ends.server.hint = Some(b"gates".to_vec());
        let served = async {
            let lookup = |identity: &[u8]| match identity {
                b"gate-7" => vec![key(8), key(7)],
                _ => Vec::new(),
            };
            let mut stream = accept(&listener, ends.server, lookup).await.unwrap();
            assert_eq!(stream.facts.identity, identity("gate-7"));
            assert_eq!(stream.line().await, "hello");
            stream.send(b"world\n").await;
            stream.close().await;
        };
        let name = suite.openssl_name().unwrap();
        let args = [
            "-tls1_2",
            "-cipher",
            name,
            "-psk",
            &key_of_gate,
            "-psk_identity",
            "gate-7",
        ];
        let called = openssl.converse(address, &args, "hello", "world");
        let ((), output) = tokio::join!(served, called);
        let output = output.expect_success();
        assert!(output.contains(&format!("Cipher    : {name}")), "{name}");
        assert!(output.contains("PSK identity hint: gates"));
        assert!(output.contains("Extended master secret: yes"));
    }
}

// Spec: PSK-06, PSK-07, T-PSK-07, T-PSK-10
#[tokio::test]
async fn psk_06_and_07_openssl_and_we_agree_on_what_is_wrong() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    for suite in SUITES {
        let name = suite.openssl_name().unwrap();
        let ends = Ends::with_suite(suite);
        for (byte, who, alert) in [
            (8, "gate-7", AlertDescription::BadRecordMac),
            (7, "gate-8", AlertDescription::UnknownPskIdentity),
        ] {
            let psk = ClientPsk {
                identity: identity(who),
                key: key(7),
            };
            let server = server(&openssl, byte, &["-cipher", name]).await;
            let refused = connect(server.address, ends.client.clone(), Some(psk)).await;
            // s_server warns of another identity than it expects, and takes it.
            match (who, refused) {
                ("gate-8", Ok(_)) => {}
                (_, refused) => assert_eq!(refused.err(), Some(Error::AlertReceived(alert))),
            }
        }
        for (known, byte, text, code) in [
            (true, 8, "alert bad record mac", "bad_record_mac"),
            (false, 7, "unknown psk identity", "unknown_psk_identity"),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let key_of_client = hex(byte);
            let args = [
                "-tls1_2",
                "-cipher",
                name,
                "-psk",
                &key_of_client,
                "-psk_identity",
                "a",
            ];
            let lookup = |_: &[u8]| if known { vec![key(7)] } else { Vec::new() };
            let mut client = openssl.s_client(address, &args);
            let refused = accept(&listener, ends.server.clone(), lookup).await;
            assert_eq!(refused.err().map(|error| error.code()), Some(code));
            client.wait_for(text).await;
        }
    }
}
