//! Whatever arrives: a typed error, the right alert where the peer can hear it, `on_failure` once,
//! and the acceptor goes on serving.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use proptest::prelude::*;
use rustls::ServerConfig;
use tls_context::ClientAuth;
use tls_net::{Fault, Phase, TlsAcceptor, TlsConnector};
use tls_testing::transport::{CutAt, Ending, OneByte};
use tls_testing::{Pki, plain_rustls};
use tls_wire::ProtocolVersion;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::time::Instant;

use super::ends::{VERSIONS, name};
use super::plain::Plain;
use super::raw::{self, Hello, alert, handshake, hello, records};
use super::support::{Failed, Failures, client, pass, rustls_version, server, trust};

fn acceptor(failures: &Failures) -> TlsAcceptor {
    failures
        .heard_by(TlsAcceptor::builder(server().build().unwrap()))
        .build()
        .unwrap()
}

/// A good client is served.
async fn serves(acceptor: &TlsAcceptor, version: ProtocolVersion) {
    let config = Arc::new(plain_rustls::client(rustls_version(version)));
    let (near, far) = tokio::io::duplex(64 * 1024);
    let mut plain = Plain::client(&config, "localhost", near);
    let (done, accepted) = tokio::join!(plain.handshake(b"x"), acceptor.accept(far));
    done.unwrap();
    assert_eq!(accepted.unwrap().read_u8().await.unwrap(), b'x');
}

/// Sends `bytes`, ends, and gives what came back with the server's failure.
async fn send(acceptor: &TlsAcceptor, bytes: &[u8]) -> (Vec<u8>, Option<Failed>) {
    let (mut near, far) = tokio::io::duplex(4 * 1024);
    tokio::join!(
        async {
            // The server may refuse before it has read all.
            if near.write_all(bytes).await.is_ok() {
                near.shutdown().await.ok();
            }
            let mut back = Vec::new();
            near.read_to_end(&mut back).await.ok();
            back
        },
        async {
            acceptor
                .accept(far)
                .await
                .err()
                .map(|error| Failed::from(&error))
        }
    )
}

// Spec: SEV-03, T-CLS-02, T-CLS-04, T-CLS-05, ERR-22
#[tokio::test]
async fn what_is_no_tls_is_recognised() {
    let failures = Failures::default();
    let acceptor = acceptor(&failures);
    let v2 = b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10\x01\x00\x80\x07\x00\xc0";
    let rows: [(&[u8], &str, Option<u8>); 18] = [
        (
            b"GET / HTTP/1.1\r\nhost: x\r\n\r\n",
            "not_tls_plain_http",
            None,
        ),
        (
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "not_tls_plain_http",
            None,
        ),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "not_tls_ssh", None),
        (v2, "not_tls_sslv2", Some(70)),
        (&[b'*'; 1024], "not_tls", Some(22)),
        (b"blah\nblah\nblah\n", "not_tls", Some(22)),
        (&[0; 64], "not_tls", Some(22)),
        (b"\x16\x02\x00\x00\x05hello", "not_tls", Some(22)),
        (b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n", "not_tls", None),
        // An alert, data, an empty record of data, another message than the hello.
        (&[21, 3, 1, 0, 2, 1, 0], "invalid_hello", Some(10)),
        (&[23, 3, 3, 0, 1, 0], "invalid_hello", Some(10)),
        (&[20, 3, 3, 0, 1, 1], "invalid_hello", Some(10)),
        (&[22, 3, 1, 0, 4, 2, 0, 0, 0], "invalid_hello", Some(10)),
        // A record over 2^14, a hello over 64 KiB: told from the announced length.
        (&[22, 3, 1, 0x40, 0x01], "invalid_hello", Some(22)),
        (&[22, 3, 1, 0xff, 0xff], "invalid_hello", Some(22)),
        (&[22, 3, 1, 0, 4, 1, 2, 0, 0], "invalid_hello", Some(50)),
        // An empty hello, and one that ends in its random.
        (&[22, 3, 1, 0, 4, 1, 0, 0, 0], "invalid_hello", Some(50)),
        (
            &[22, 3, 1, 0, 8, 1, 0, 0, 4, 3, 3, 0, 0],
            "invalid_hello",
            Some(50),
        ),
    ];
    for (bytes, code, description) in rows {
        let (back, failed) = send(&acceptor, bytes).await;
        let what = bytes.escape_ascii().to_string();
        let expected = Failed {
            code: failed.as_ref().map_or("", |failed| failed.code),
            phase: Phase::Hello,
            fault: Fault::Peer,
            alert: description,
            server_name: None,
        };
        assert_eq!(failed, Some(expected), "{what}");
        assert_eq!(failed.unwrap().code, code, "{what}");
        assert_eq!(back, description.map_or_else(Vec::new, alert), "{what}");
        assert_eq!(failures.only().code, code);
    }
    serves(&acceptor, ProtocolVersion::Tls13).await;
}

// Spec: T-CLS-07
#[tokio::test]
async fn a_mebibyte_of_junk_ends_at_its_first_bytes() {
    let failures = Failures::default();
    let acceptor = acceptor(&failures);
    for _ in 0..2 {
        let (_, failed) = send(&acceptor, &vec![b'j'; 1024 * 1024]).await;
        assert_eq!(failed.unwrap().code, "not_tls");
    }
    // Records that are well formed, and no hello in them.
    for (content, code) in [
        (vec![], "invalid_hello"),
        (vec![1, 0, 0xff, 0xff], "invalid_hello"),
    ] {
        let mut flood = Vec::new();
        for _ in 0..100_000 {
            let length = u8::try_from(content.len()).unwrap();
            flood.extend([22, 3, 1, 0, length]);
            flood.extend(&content);
        }
        let (back, failed) = send(&acceptor, &flood).await;
        assert_eq!(failed.unwrap().code, code);
        assert_eq!(back.len(), 7, "an alert");
    }
    serves(&acceptor, ProtocolVersion::Tls12).await;
}

// Spec: SEV-04, T-CLS-01, T-CLS-38
#[tokio::test]
async fn a_hello_that_is_cut_anywhere_is_a_peer_that_went() {
    for version in VERSIONS {
        let failures = Failures::default();
        let acceptor = acceptor(&failures);
        let bytes = hello(version).bytes();
        for cut in 0..=bytes.len() {
            let (back, failed) = send(&acceptor, &bytes[..cut]).await;
            let failed = failed.unwrap();
            assert_eq!(
                (failed.code, failed.fault),
                ("peer_closed", Fault::Peer),
                "{cut}"
            );
            let whole = cut == bytes.len();
            assert_eq!(
                failed.phase,
                if whole {
                    Phase::Handshake
                } else {
                    Phase::Hello
                }
            );
            assert_eq!(failed.server_name.is_some(), whole);
            assert_eq!(
                !back.is_empty(),
                whole,
                "a flight answers the whole hello only"
            );
            assert_eq!(failures.only(), failed);
        }
        serves(&acceptor, version).await;
    }
}

/// Legal, and not cheap for whoever holds fragments.
#[tokio::test]
async fn a_hello_in_records_and_segments_of_one_byte_is_served() {
    for version in VERSIONS {
        let failures = Failures::default();
        let acceptor = acceptor(&failures);
        let config = Arc::new(plain_rustls::client(rustls_version(version)));
        let (near, far) = tokio::io::duplex(64 * 1024);
        let mut plain = Plain::client(&config, "localhost", near);
        let mut flight = Vec::new();
        plain.connection.write_tls(&mut flight).unwrap();
        let (done, accepted) = tokio::join!(
            async {
                plain.io.write_all(&records(22, &flight[5..], 1)).await?;
                plain.handshake(b"x").await
            },
            acceptor.accept(OneByte::new(far))
        );
        done.unwrap();
        assert_eq!(accepted.unwrap().read_u8().await.unwrap(), b'x');
        assert_eq!(failures.count(), 0);
    }
}

/// Whatever is refused: what the report says was sent is what came.
fn check_alert(back: &[u8], failed: &Failed, what: &str) {
    if let Some(description) = failed.alert {
        assert!(
            back.ends_with(&alert(description)),
            "{what}: {failed:?} {back:02x?}"
        );
    }
    let ours = [
        "parsers_disagree",
        "engine_panicked",
        "engine",
        "unusable_context",
        "record",
    ];
    assert!(!ours.contains(&failed.code), "{what}: {failed:?}");
}

#[tokio::test]
async fn malformed_extensions_are_refused_with_an_alert() {
    for version in VERSIONS {
        let failures = Failures::default();
        let acceptor = acceptor(&failures);
        let good = hello(version);
        for (at, (extension, value)) in good.extensions.clone().into_iter().enumerate() {
            let mut spoiled: Vec<(&str, Hello)> = Vec::new();
            spoiled.push(("twice", good.clone().with(extension, &value)));
            if !value.is_empty() {
                let mut short = good.clone();
                short.extensions[at].1.pop();
                spoiled.push(("short", short));
            }
            for (how, hello) in spoiled {
                let what = format!("{version}: extension {extension} {how}");
                let (back, failed) = send(&acceptor, &hello.bytes()).await;
                let failed = failed.unwrap();
                assert_ne!(failed.code, "peer_closed", "{what}: went unnoticed");
                assert!(failed.alert.is_some(), "{what}: {failed:?}");
                check_alert(&back, &failed, &what);
                assert_eq!(failed.fault, Fault::Peer, "{what}");
                assert_eq!(failures.only(), failed);
            }
        }
        // pre_shared_key must be the last (RFC 8446, Section 4.2.11).
        let psk = [&[0, 7, 0, 1, 9, 0, 0, 0, 0, 0, 33, 32], &[0; 32][..]].concat();
        let (back, failed) = send(
            &acceptor,
            &good.clone().with(41, &psk).with(0x1234, b"").bytes(),
        )
        .await;
        assert_eq!((failed.unwrap().code, back), ("invalid_hello", alert(47)));
        assert_eq!(failures.count(), failures.take().len());
        serves(&acceptor, version).await;
    }
}

/// Unknown versions, suites and groups only.
#[tokio::test]
async fn a_hello_with_nothing_known_in_it_is_refused_in_words() {
    let acceptor = acceptor(&Failures::default());
    let good = hello(ProtocolVersion::Tls13);
    let rows = [
        (
            good.clone().without(43).with(43, &[2, 3, 9]),
            "no_shared_version",
            70,
        ),
        (
            good.clone().without(10).with(10, &[0, 2, 0x99, 0x99]),
            "no_shared_group",
            40,
        ),
    ];
    for (hello, code, description) in rows {
        let (back, failed) = send(&acceptor, &hello.bytes()).await;
        let failed = failed.unwrap();
        assert_eq!((failed.code, failed.alert), (code, Some(description)));
        assert_eq!(back, alert(description), "{code}");
    }
    let hello = good.without(13).with(13, &[0, 2, 0x99, 0x99]);
    let (back, failed) = send(&acceptor, &hello.bytes()).await;
    let failed = failed.unwrap();
    assert_eq!(
        (failed.code, failed.alert),
        ("no_shared_signature_scheme", Some(40))
    );
    assert_eq!(back, alert(40));
}

/// The two parsers of a hello, ours and rustls's, on the same changed bytes: never a difference that
/// is our fault, never a panic.
fn parsers_agree(version: ProtocolVersion, changes: &[(usize, u8, u8)]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let failures = Failures::default();
        let acceptor = acceptor(&failures);
        let mut message = hello(version).message();
        for (at, how, value) in changes {
            let at = 4 + at % (message.len() - 4);
            match how % 3 {
                0 => message[at] = *value,
                1 => message.insert(at, *value),
                _ => {
                    message.remove(at);
                }
            }
        }
        let length = u32::try_from(message.len() - 4).unwrap().to_be_bytes();
        message[1..4].copy_from_slice(&length[1..]);
        let (back, failed) = send(&acceptor, &records(22, &message, 16_384)).await;
        let failed = failed.unwrap();
        check_alert(&back, &failed, "mutated");
        assert_eq!(failures.only(), failed);
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_parsers_agree_about_mutated_hellos(
        tls13 in any::<bool>(),
        changes in prop::collection::vec((any::<usize>(), any::<u8>(), any::<u8>()), 1..4),
    ) {
        let version = if tls13 { ProtocolVersion::Tls13 } else { ProtocolVersion::Tls12 };
        parsers_agree(version, &changes);
    }
}

/// Names at which two parsers could part.
// Spec: SNI-01
#[tokio::test]
async fn two_parsers_agree_about_server_names() {
    let acceptor = acceptor(&Failures::default());
    let names: [&[u8]; 14] = [
        b"LOCALHOST",
        b"localhost.",
        b"localhost..",
        b".",
        b"",
        b"127.0.0.1",
        b"[::1]",
        b"::1",
        b"a_b.example",
        b"a..b",
        b"*.example",
        b"x\0y",
        b"\xff\xfe",
        b"a b",
    ];
    for version in VERSIONS {
        for server_name in names {
            let mut entry = vec![0];
            entry.extend(u16::try_from(server_name.len()).unwrap().to_be_bytes());
            entry.extend(server_name);
            let mut list = u16::try_from(entry.len()).unwrap().to_be_bytes().to_vec();
            list.extend(entry);
            let (back, failed) =
                send(&acceptor, &hello(version).without(0).with(0, &list).bytes()).await;
            let what = server_name.escape_ascii().to_string();
            check_alert(&back, &failed.unwrap(), &what);
        }
    }
}

/// RFC 8446, Section 4.1.2: the second hello differs in what was asked for only. The first hello
/// chose the context, so a second that names another server is refused.
#[tokio::test]
async fn a_second_hello_with_another_name_is_the_peers_fault() {
    let acceptor = acceptor(&Failures::default());
    let config = Arc::new(plain_rustls::client(&rustls::version::TLS13));
    let first = Hello::parse(&raw::hello_message(&config, "localhost"));
    // Without a key share the server asks for one.
    let first = first.without(51).with(51, &[0, 0]);
    let share = [&[0, 36, 0, 29, 0, 32], &[9; 32][..]].concat();
    let mut second = first.clone().without(51).with(51, &share);
    for (extension, value) in &mut second.extensions {
        if *extension == 0 {
            let last = value.len() - 1;
            value[last] = b'x';
        }
    }
    let (back, failed) = send(&acceptor, &[first.bytes(), second.bytes()].concat()).await;
    let failed = failed.unwrap();
    assert_eq!(
        (failed.fault, failed.alert),
        (Fault::Peer, Some(47)),
        "{failed:?} {back:02x?}"
    );
    assert_eq!(failed.code, "peer_misbehaved");
}

// Spec: SRV-03, ERR-06, T-CLS-09
#[tokio::test(start_paused = true)]
async fn a_silent_client_ends_at_the_hello_timeout() {
    let failures = Failures::default();
    let acceptor = acceptor(&failures);
    let bytes = hello(ProtocolVersion::Tls13).bytes();
    for sent in [0, 1, 5, 60, bytes.len() - 1] {
        let (mut near, far) = tokio::io::duplex(64 * 1024);
        near.write_all(&bytes[..sent]).await.unwrap();
        let begun = Instant::now();
        let error = acceptor.accept(far).await.unwrap_err();
        assert_eq!(error.code(), "hello_timeout");
        assert_eq!(error.node_code(), Some("ERR_TLS_HANDSHAKE_TIMEOUT"));
        assert_eq!(begun.elapsed().as_secs(), 5);
        assert_eq!(error.elapsed().as_secs(), 5);
        let failed = failures.only();
        assert_eq!((failed.phase, failed.fault), (Phase::Hello, Fault::Peer));
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::TimedOut);
    }
    serves(&acceptor, ProtocolVersion::Tls13).await;
}

/// Neither a byte now and then nor a hello at the last moment gives more time.
#[tokio::test(start_paused = true)]
async fn a_slow_client_gets_no_more_time() {
    for version in VERSIONS {
        let failures = Failures::default();
        let acceptor = acceptor(&failures);
        let bytes = hello(version).bytes();
        let (mut near, far) = tokio::io::duplex(64 * 1024);
        let drip = async {
            for byte in &bytes {
                near.write_all(&[*byte]).await.ok();
                pass(Duration::from_millis(100)).await;
            }
        };
        let begun = Instant::now();
        let (outcome, ()) = tokio::join!(acceptor.accept(far), drip);
        assert_eq!(outcome.unwrap_err().elapsed().as_secs(), 5);
        assert!(begun.elapsed() > Duration::from_secs(5));

        // The hello is whole at 4 s, then silence: the handshake has 10 s from its beginning.
        let (mut near, far) = tokio::io::duplex(64 * 1024);
        let late = async {
            pass(Duration::from_secs(4)).await;
            near.write_all(&bytes).await.unwrap();
        };
        let begun = Instant::now();
        let (outcome, ()) = tokio::join!(acceptor.accept(far), late);
        assert_eq!(outcome.unwrap_err().code(), "handshake_timeout");
        assert_eq!(begun.elapsed().as_secs(), 10);
        assert_eq!(failures.take().len(), 2);
    }
}

/// A client that does not read stalls our flight: the same deadline.
#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_ends_at_the_handshake_timeout() {
    for version in VERSIONS {
        let acceptor = acceptor(&Failures::default());
        let bytes = hello(version).bytes();
        let (mut near, far) = tokio::io::duplex(200);
        let begun = Instant::now();
        let (outcome, _) = tokio::join!(acceptor.accept(far), near.write_all(&bytes));
        assert_eq!(outcome.unwrap_err().code(), "handshake_timeout");
        assert_eq!(begun.elapsed().as_secs(), 10);
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_ends_at_the_handshake_timeout() {
    let connector = TlsConnector::from(client(ProtocolVersion::Tls13).build().unwrap());
    for sent in [&b""[..], b"\x16\x03", b"\x16\x03\x03\x40\x00"] {
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        far.write_all(sent).await.unwrap();
        let begun = Instant::now();
        let error = connector
            .connect(name("localhost"), near)
            .await
            .unwrap_err();
        assert_eq!(error.code(), "handshake_timeout");
        assert_eq!(
            (error.phase(), error.fault()),
            (Phase::Handshake, Fault::Peer)
        );
        assert_eq!(begun.elapsed().as_secs(), 10);
    }
}

/// A peer may go at any byte, in either direction, with a reset, in order or in silence.
// Spec: SEV-04, T-CLS-39
#[tokio::test(start_paused = true)]
async fn a_client_that_vanishes_anywhere_is_a_failure_once() {
    for version in VERSIONS {
        let failures = Failures::default();
        let acceptor = acceptor(&failures);
        let config = Arc::new(plain_rustls::client(rustls_version(version)));
        for ending in [Ending::Eof, Ending::Reset, Ending::Silence] {
            let step = if ending == Ending::Silence { 23 } else { 5 };
            for reading in [true, false] {
                let mut at = 0;
                loop {
                    let (near, far) = tokio::io::duplex(64 * 1024);
                    let far = match reading {
                        true => CutAt::reading(far, at, ending),
                        false => CutAt::writing(far, at, ending),
                    };
                    let mut plain = Plain::client(&config, "localhost", near);
                    let (_, accepted) = tokio::join!(
                        async {
                            plain.handshake(b"").await.ok();
                            plain
                        },
                        acceptor.accept(far)
                    );
                    let Err(error) = accepted else {
                        assert_eq!(failures.count(), 0);
                        break;
                    };
                    let code = match ending {
                        Ending::Silence => ["hello_timeout", "handshake_timeout"],
                        _ => ["peer_closed", "peer_closed"],
                    };
                    assert!(
                        code.contains(&error.code()),
                        "{ending:?} at {at}: {error:?}"
                    );
                    assert_eq!(failures.only(), Failed::from(&error));
                    at += step;
                }
                assert!(at > 200, "the whole flight was walked through: {at}");
            }
        }
        serves(&acceptor, version).await;
    }
}

// Spec: T-CLS-10
#[tokio::test(start_paused = true)]
async fn a_server_that_vanishes_anywhere_is_a_typed_error() {
    for version in VERSIONS {
        let connector = TlsConnector::from(client(version).build().unwrap());
        let config = Arc::new(plain_rustls::server(
            rustls_version(version),
            &Pki::shared().server,
        ));
        for ending in [Ending::Eof, Ending::Reset, Ending::Silence] {
            for reading in [true, false] {
                let mut at = 0;
                loop {
                    let (near, far) = tokio::io::duplex(64 * 1024);
                    let near = match reading {
                        true => CutAt::reading(near, at, ending),
                        false => CutAt::writing(near, at, ending),
                    };
                    let mut plain = Plain::server(&config, far);
                    let (_, connected) = tokio::join!(
                        async {
                            plain.handshake(b"").await.ok();
                            plain
                        },
                        connector.connect(name("localhost"), near)
                    );
                    let Err(error) = connected else { break };
                    let code = match ending {
                        Ending::Silence => "handshake_timeout",
                        _ => "peer_closed",
                    };
                    assert_eq!(error.code(), code, "{ending:?} at {at}");
                    assert_eq!(error.fault(), Fault::Peer);
                    at += 7;
                }
                assert!(at > 100, "{at}");
            }
        }
    }
}

/// Changes one byte of what is read.
struct FlipAt<IO> {
    io: IO,
    left: usize,
    mask: u8,
}

impl<IO: AsyncRead + Unpin> AsyncRead for FlipAt<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = out.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, out))?;
        let mask = self.mask;
        let new = &mut out.filled_mut()[before..];
        match new.get_mut(self.left) {
            Some(byte) => {
                *byte ^= mask;
                self.left = usize::MAX;
            }
            None => self.left = self.left.saturating_sub(new.len()),
        }
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for FlipAt<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// Codes that name a fault of ours.
const OURS: [&str; 6] = [
    "parsers_disagree",
    "engine_panicked",
    "engine",
    "unusable_context",
    "record",
    "io",
];

#[tokio::test(start_paused = true)]
async fn a_bit_flip_anywhere_in_the_clients_flight_is_the_peers_fault() {
    for version in VERSIONS {
        let failures = Failures::default();
        let context = server()
            .client_auth(ClientAuth::optional(trust()))
            .build()
            .unwrap();
        let acceptor = failures
            .heard_by(TlsAcceptor::builder(context))
            .build()
            .unwrap();
        let leaf = &Pki::shared().client;
        let config = Arc::new(plain_rustls::client_with(rustls_version(version), leaf));
        for at in (0..1600).step_by(3) {
            let (near, far) = tokio::io::duplex(64 * 1024);
            let far = FlipAt {
                io: far,
                left: at,
                mask: 1 << (at % 8),
            };
            let mut plain = Plain::client(&config, "localhost", near);
            let (outcome, accepted) = tokio::join!(
                async {
                    let outcome = plain.handshake(b"").await;
                    let outcome = match outcome {
                        Ok(()) => plain.read_exact(1).await.map(|_| ()),
                        failed => failed,
                    };
                    drop(plain);
                    outcome
                },
                async {
                    let mut stream = acceptor.accept(far).await?;
                    stream.write_all(b"x").await.unwrap();
                    stream.flush().await.unwrap();
                    Ok::<_, tls_net::HandshakeError>(stream)
                }
            );
            match accepted {
                Ok(_) => assert_eq!(failures.count(), 0),
                Err(error) => {
                    assert!(
                        !OURS.contains(&error.code()),
                        "{version}: byte {at}: {error:?}"
                    );
                    assert_eq!(failures.only(), Failed::from(&error));
                    assert!(outcome.is_err(), "byte {at}: the client hears of it");
                }
            }
        }
        serves(&acceptor, version).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_bit_flip_anywhere_in_the_servers_flight_is_the_peers_fault() {
    for version in VERSIONS {
        let connector = TlsConnector::from(client(version).build().unwrap());
        let config = Arc::new(plain_rustls::server(
            rustls_version(version),
            &Pki::shared().server,
        ));
        for at in (0..1400).step_by(3) {
            let (near, far) = tokio::io::duplex(64 * 1024);
            let near = FlipAt {
                io: near,
                left: at,
                mask: 1 << (at % 8),
            };
            let mut plain = Plain::server(&config, far);
            let (_, connected) = tokio::join!(
                async {
                    plain.handshake(b"").await.ok();
                    drop(plain);
                },
                connector.connect(name("localhost"), near)
            );
            if let Err(error) = connected {
                assert!(
                    !OURS.contains(&error.code()),
                    "{version}: byte {at}: {error:?}"
                );
                assert_eq!(
                    error.fault(),
                    Fault::Peer,
                    "{version}: byte {at}: {error:?}"
                );
            }
        }
    }
}

/// A hello, then a message that never ends, in records of one byte: what is held is bounded, and so
/// is what is read.
#[tokio::test]
async fn an_endless_client_flight_is_cut_off() {
    let failures = Failures::default();
    let context = server()
        .client_auth(ClientAuth::required(trust()))
        .build()
        .unwrap();
    let acceptor = failures
        .heard_by(TlsAcceptor::builder(context))
        .build()
        .unwrap();
    let hello = hello(ProtocolVersion::Tls12);
    let certificate = handshake(11, &vec![0; 60_000]);
    for size in [1, 16_384] {
        let mut bytes = hello.bytes();
        for _ in 0..20 {
            bytes.extend(records(22, &certificate, size));
        }
        let (back, failed) = send(&acceptor, &bytes).await;
        let failed = failed.unwrap();
        if size == 1 {
            assert_eq!(failed.code, "too_much_data");
        }
        assert_eq!(failed.fault, Fault::Peer);
        let description = failed.alert.expect("an alert");
        assert!(back.ends_with(&alert(description)));
        failures.only();
    }
}

#[tokio::test]
async fn an_endless_server_flight_is_cut_off() {
    let connector = TlsConnector::from(client(ProtocolVersion::Tls12).build().unwrap());
    let config: Arc<ServerConfig> =
        plain_rustls::server(&rustls::version::TLS12, &Pki::shared().server).into();
    let (near, far) = tokio::io::duplex(64 * 1024);
    let mut plain = Plain::server(&config, far);
    let (outcome, back) = tokio::join!(connector.connect(name("localhost"), near), async {
        plain.fill().await.unwrap();
        let mut flight = Vec::new();
        plain.connection.write_tls(&mut flight).unwrap();
        // The ServerHello alone, then a certificate that never ends.
        let length = 4 + usize::from(u16::from_be_bytes([flight[7], flight[8]]));
        let mut bytes = records(22, &flight[5..5 + length], 16_384);
        bytes.extend(records(22, &handshake(11, &vec![0; 60_000]), 1));
        plain.io.write_all(&bytes).await.ok();
        let mut back = Vec::new();
        plain.io.read_to_end(&mut back).await.ok();
        back
    });
    let error = outcome.unwrap_err();
    assert_eq!(
        (error.code(), error.fault()),
        ("too_much_data", Fault::Peer)
    );
    let description = error.alert_sent().map(u8::from).expect("an alert");
    assert!(back.ends_with(&alert(description)));
}

/// What answers our client is no TLS.
// Spec: T-CLS-06
#[tokio::test]
async fn a_server_that_speaks_no_tls_is_recognised() {
    let connector = TlsConnector::from(client(ProtocolVersion::Tls13).build().unwrap());
    let rows: [(&[u8], &str); 6] = [
        (
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            "HTTP/1.1 400 Bad Request",
        ),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "SSH-2.0-OpenSSH_9.9"),
        (b"220 mail.example ESMTP\r\n", "220 mail.example ESMTP"),
        (b"-ERR unknown command\r\n", "-ERR unknown command"),
        (&[0; 8], "\\x00\\x00"),
        (&[b'*'; 1024], "****"),
    ];
    for (bytes, excerpt) in rows {
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        far.write_all(bytes).await.unwrap();
        let error = connector
            .connect(name("localhost"), near)
            .await
            .unwrap_err();
        assert!(error.code().ends_with("not_tls"), "{excerpt}: {error:?}");
        assert!(error.to_string().contains(excerpt), "{error}");
        assert_eq!(error.fault(), Fault::Peer);
        // These are a server's words about its client.
        assert!(!error.hint().contains("https://"), "{}", error.hint());
        assert_ne!(error.node_code(), Some("ERR_SSL_HTTP_REQUEST"));
    }
    // Fewer bytes than tell, then the end.
    for bytes in [&b"HT"[..], b"", b"\x15\x03\x03\x00"] {
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        far.write_all(bytes).await.unwrap();
        drop_write(far).await;
        let error = connector
            .connect(name("localhost"), near)
            .await
            .unwrap_err();
        assert_eq!(error.code(), "peer_closed");
    }
}

async fn drop_write(mut io: DuplexStream) {
    io.shutdown().await.unwrap();
    // Read what the client says, so that its writes do not fail first.
    tokio::spawn(async move { io.read_to_end(&mut Vec::new()).await });
}
