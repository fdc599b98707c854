//! mosquitto with pre-shared keys at the other end: the commands of `docs/psk.md`.

use std::io;

use tls_context::SecureContext;
use tls_net::{
    ClientPsk, HandshakeErrorKind, PskIdentity, PskKey, PskKeys, TlsAcceptor, TlsConnector,
    TlsStream,
};
use tls_testing::peer::{Mosquitto, MosquittoPub};
use tls_tests::{Served, dial, in_time};
use tls_wire::{AlertDescription, CipherSuite, ProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

const KEY: &str = "6f0d9a3c51e84b72a1c4d7e02b9f8356";

/// CONNECT of MQTT 3.1.1 without a client identifier, and the broker's CONNACK: accepted.
const CONNECT: &[u8] = b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00";
const CONNACK: [u8; 4] = [0x20, 2, 0, 0];
const PUBLISH: u8 = 3;

fn psk(key: &str) -> ClientPsk {
    ClientPsk {
        identity: PskIdentity::new("gate-7").unwrap(),
        key: PskKey::from_hex(key).unwrap(),
    }
}

fn connector(version: ProtocolVersion, key: &str) -> TlsConnector {
    let context = SecureContext::without_certificate()
        .min_version(version)
        .max_version(version);
    TlsConnector::from(context.build().unwrap()).psk([psk(key)])
}

async fn broker() -> Option<Mosquitto> {
    let options =
        "psk_hint gates\nuse_identity_as_username true\nciphers ECDHE-PSK-CHACHA20-POLY1305";
    Mosquitto::require(&format!("gate-7:{KEY}\n"), options).await
}

#[tokio::test]
async fn mosquitto_takes_our_key_and_knows_whose_it_is() {
    for (version, suite) in [
        (
            ProtocolVersion::Tls12,
            CipherSuite::TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256,
        ),
        (
            ProtocolVersion::Tls13,
            CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
        ),
    ] {
        let Some(mut broker) = broker().await else {
            return;
        };
        let connector = connector(version, KEY);
        let mut stream = dial(broker.address, &connector, "localhost").await.unwrap();
        assert_eq!(stream.info().cipher_suite(), suite);
        stream.write_all(CONNECT).await.unwrap();
        let mut answer = [0; 4];
        let read = stream.read_exact(&mut answer);
        in_time("CONNACK", read).await.unwrap();
        assert_eq!(answer, CONNACK);
        // The identity is the user of MQTT.
        broker.process.wait_for("u'gate-7'").await;
    }
}

#[tokio::test]
async fn mosquitto_refuses_another_key() {
    let Some(broker) = broker().await else {
        return;
    };
    let wrong = "00112233445566778899aabbccddeeff";
    for (version, alerts) in [
        (
            ProtocolVersion::Tls12,
            &[AlertDescription::BadRecordMac][..],
        ),
        // OpenSSL before 3.4, and since.
        (
            ProtocolVersion::Tls13,
            &[
                AlertDescription::IllegalParameter,
                AlertDescription::DecryptError,
            ],
        ),
    ] {
        let connector = connector(version, wrong);
        let dialled = dial(broker.address, &connector, "localhost").await;
        let error = dialled.unwrap_err();
        let HandshakeErrorKind::AlertReceived(alert) = error.kind() else {
            panic!("{version:?}: {error}")
        };
        assert!(alerts.contains(alert), "{version:?}: {alert}");
        assert!(error.hint().contains("pre-shared key"), "{alert}");
    }
}

/// As much of a broker as a single message of quality 0 needs. Gives the body of PUBLISH.
async fn take_publication(stream: &mut TlsStream<TcpStream>) -> io::Result<Vec<u8>> {
    loop {
        let kind = stream.read_u8().await? >> 4;
        // The messages here are short: one byte of length.
        let mut body = vec![0; usize::from(stream.read_u8().await?)];
        stream.read_exact(&mut body).await?;
        if kind == PUBLISH {
            return Ok(body);
        }
        stream.write_all(&CONNACK).await?;
        stream.flush().await?;
    }
}

/// What `mosquitto_pub` is told in each version: `--tls-version` is its lowest.
const COMMANDS: [(ProtocolVersion, &[&str]); 2] = [
    (
        ProtocolVersion::Tls12,
        &[
            "--tls-version",
            "tlsv1.2",
            "--ciphers",
            "ECDHE-PSK-CHACHA20-POLY1305",
        ],
    ),
    (ProtocolVersion::Tls13, &[]),
];

#[tokio::test]
async fn what_mosquitto_pub_says_arrives() {
    let Some(publisher) = MosquittoPub::require() else {
        return;
    };
    for (version, more) in COMMANDS {
        let ClientPsk { identity, key } = psk(KEY);
        let keys = PskKeys::from_keys([(identity, key)]).unwrap();
        let context = SecureContext::without_certificate().max_version(version);
        let acceptor = TlsAcceptor::builder(context.build().unwrap());
        let (heard, mut publications) = mpsc::unbounded_channel();
        let mut served = Served::start(acceptor.psk(keys).psk_hint("gates"), move |mut stream| {
            let heard = heard.clone();
            async move {
                let _ = heard.send(take_publication(&mut stream).await?);
                // Until it has said DISCONNECT, and closes.
                let mut rest = Vec::new();
                stream.read_to_end(&mut rest).await?;
                Ok(0)
            }
        })
        .await;
        let key = ["--psk-identity", "gate-7", "--psk", KEY];
        let args = [&["-t", "door", "-m", "open"], &key[..], more].concat();
        let output = publisher.publish(served.address, &args).await;
        output.expect_success();
        let info = served.connection().await;
        let negotiated = info.protocol_version().map(u16::from);
        assert_eq!(negotiated, Some(version.number()));
        assert!(info.psk_identity().is_some());
        let said = in_time("a publication", publications.recv()).await.unwrap();
        assert_eq!(said, b"\x00\x04dooropen");
    }
}
