//! The stream after the handshake: hostile transports, closing, cutting, both directions at once.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tls_net::{TlsAcceptor, TlsConnector, TlsStream};
use tls_testing::transport::{CutAt, Ending, FlushOnly, OneByte, PendingFirst, Segments, recorded};
use tls_testing::{Pki, plain_rustls};
use tls_wire::ProtocolVersion;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};

use super::ends::{self, VERSIONS, name};
use super::plain::Plain;
use super::support::{client, rustls_version, server};

fn acceptor() -> TlsAcceptor {
    TlsAcceptor::from(server().build().unwrap())
}

fn connector(version: ProtocolVersion) -> TlsConnector {
    TlsConnector::from(client(version).build().unwrap())
}

/// Our two ends, over whatever `wrap` makes of a pipe.
async fn pair<A, B>(
    version: ProtocolVersion,
    capacity: usize,
    near: impl FnOnce(DuplexStream) -> A,
    far: impl FnOnce(DuplexStream) -> B,
) -> (TlsStream<A>, TlsStream<B>)
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    let (one, other) = tokio::io::duplex(capacity);
    let (connector, acceptor) = (connector(version), acceptor());
    let (client, server) = tokio::join!(
        connector.connect(name("localhost"), near(one)),
        acceptor.accept(far(other))
    );
    (client.unwrap(), server.unwrap())
}

async fn plain_pair(
    version: ProtocolVersion,
) -> (TlsStream<DuplexStream>, TlsStream<DuplexStream>) {
    pair(version, 64 * 1024, |io| io, |io| io).await
}

fn pattern(length: usize, seed: u8) -> Vec<u8> {
    (0..length)
        .map(|at| u8::try_from(at % 251).unwrap() ^ seed)
        .collect()
}

/// Both directions at once over split halves; both ends in order.
async fn both_ways<A, B>(client: TlsStream<A>, server: TlsStream<B>, length: usize)
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    let (up, down) = (pattern(length, 1), pattern(length, 2));
    let (mut client_in, mut client_out) = tokio::io::split(client);
    let (mut server_in, mut server_out) = tokio::io::split(server);
    let (mut got_up, mut got_down) = (Vec::new(), Vec::new());
    let (a, b, c, d) = tokio::join!(
        async {
            client_out.write_all(&up).await?;
            client_out.shutdown().await
        },
        async {
            server_out.write_all(&down).await?;
            server_out.shutdown().await
        },
        client_in.read_to_end(&mut got_down),
        server_in.read_to_end(&mut got_up),
    );
    a.unwrap();
    b.unwrap();
    assert_eq!((c.unwrap(), d.unwrap()), (length, length));
    assert!(got_up == up && got_down == down, "every byte, in order");
}

// Spec: T-CLS-26, T-CLS-19, T-CLS-30
#[tokio::test]
async fn big_transfers_both_ways_at_once_do_not_lock_up() {
    for version in VERSIONS {
        for capacity in [1, 100, 20_000] {
            let length = if capacity == 1 { 3_001 } else { 400_001 };
            let (client, server) = pair(version, capacity, |io| io, |io| io).await;
            both_ways(client, server, length).await;
        }
    }
}

#[tokio::test]
async fn hostile_transports_change_nothing() {
    for version in VERSIONS {
        let (a, b) = pair(version, 4096, OneByte::new, OneByte::new).await;
        both_ways(a, b, 5_001).await;
        let (a, b) = pair(version, 4096, PendingFirst::new, PendingFirst::new).await;
        both_ways(a, b, 70_001).await;
        let (a, b) = pair(version, 4096, FlushOnly::new, FlushOnly::new).await;
        both_ways(a, b, 70_001).await;
        let sizes = || (1..2000).map(|at| at * 7 % 97);
        let near = |io| Segments::new(io, sizes());
        let (a, b) = pair(version, 4096, near, |io| Segments::new(io, sizes())).await;
        both_ways(a, b, 70_001).await;
        let (a, b) = pair(version, 64, OneByte::new, PendingFirst::new).await;
        both_ways(a, b, 5_001).await;
    }
}

/// Anyone on the way can cut a connection: without `close_notify` the end is an error.
#[tokio::test]
async fn an_end_without_close_notify_is_told() {
    for version in VERSIONS {
        let (client, mut server) = plain_pair(version).await;
        let (mut io, rest) = client.into_parts();
        assert!(rest.is_empty() || version == ProtocolVersion::Tls13);
        io.shutdown().await.unwrap();
        for _ in 0..2 {
            let error = server.read_u8().await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "each time");
        }
        // A reset is the transport's own error.
        let (_client, mut server) = pair(
            version,
            64 * 1024,
            |io| io,
            |io| CutAt::reading(io, usize::MAX, Ending::Reset),
        )
        .await;
        server.write_all(b"still writable").await.unwrap();
    }
}

// Spec: T-CLS-13, T-CLS-16
#[tokio::test]
async fn each_direction_closes_by_itself() {
    for version in VERSIONS {
        let (mut client, mut server) = plain_pair(version).await;
        client.write_all(b"last words").await.unwrap();
        client.shutdown().await.unwrap();
        client.shutdown().await.unwrap();
        let mut got = Vec::new();
        server.read_to_end(&mut got).await.unwrap();
        assert_eq!(got, b"last words");
        assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 0, "and again");
        // The other direction is open still.
        server.write_all(b"answer").await.unwrap();
        server.shutdown().await.unwrap();
        got.clear();
        client.read_to_end(&mut got).await.unwrap();
        assert_eq!(got, b"answer");
        for stream in [&mut client, &mut server] {
            let error = stream.write_all(b"x").await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
            stream.flush().await.unwrap();
        }
    }
}

#[tokio::test]
async fn close_hands_the_transport_back() {
    for version in VERSIONS {
        let (client, server) = plain_pair(version).await;
        let (client, server) = tokio::join!(client.close(), server.close());
        let (mut client, mut server) = (client.unwrap(), server.unwrap());
        client.write_all(b"plain text").await.unwrap();
        let mut got = [0; 10];
        server.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"plain text");

        // Data that nobody read would be lost.
        let (client, mut server) = plain_pair(version).await;
        server.write_all(b"unread").await.unwrap();
        server.flush().await.unwrap();
        assert_eq!(
            client.close().await.unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
    }
}

#[tokio::test(start_paused = true)]
async fn close_does_not_wait_for_ever() {
    for version in VERSIONS {
        let (client, server) = plain_pair(version).await;
        let begun = tokio::time::Instant::now();
        assert_eq!(
            client.close().await.unwrap_err().kind(),
            io::ErrorKind::TimedOut
        );
        assert_eq!(begun.elapsed().as_secs(), 5);
        drop(server);
    }
}

#[tokio::test]
async fn parts_carry_the_wire_bytes_that_were_not_read() {
    for version in VERSIONS {
        let (mut client, mut server) = plain_pair(version).await;
        client.write_all(b"one").await.unwrap();
        client.write_all(b"two").await.unwrap();
        client.flush().await.unwrap();
        let mut got = [0; 3];
        server.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"one");
        let (mut io, received) = server.into_parts();
        let mut wire = received.to_vec();
        client.shutdown().await.unwrap();
        io.read_to_end(&mut wire).await.unwrap();
        assert_eq!(
            wire[0], 23,
            "a whole record follows, whatever was received already"
        );
    }
}

/// Reads of any size give the same bytes; a read of nothing is no end.
#[tokio::test]
async fn reads_may_have_any_size() {
    for version in VERSIONS {
        let data = pattern(50_000, 3);
        for size in [1, 7, 100, 16_384, 16_385, 65_536] {
            let (mut client, mut server) = pair(version, 256 * 1024, |io| io, |io| io).await;
            client.write_all(&data).await.unwrap();
            client.shutdown().await.unwrap();
            assert_eq!(server.read(&mut []).await.unwrap(), 0);
            let mut got = Vec::new();
            let mut part = vec![0; size];
            loop {
                match server.read(&mut part).await.unwrap() {
                    0 => break,
                    read => got.extend_from_slice(&part[..read]),
                }
            }
            assert!(got == data, "{version}: reads of {size}");
        }
    }
}

/// Record sizes on the wire, from the headers.
fn record_lengths(wire: &[u8]) -> Vec<usize> {
    let mut lengths = Vec::new();
    let mut rest = wire;
    while let [_, _, _, a, b, tail @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*a, *b]));
        lengths.push(length);
        rest = &tail[length..];
    }
    lengths
}

// Spec: SOP-24
#[tokio::test]
async fn a_send_fragment_bounds_records_and_cork_gathers_writes() {
    for version in VERSIONS {
        let (near, far) = tokio::io::duplex(1024 * 1024);
        let (near, recording) = recorded(near);
        let (connector, acceptor) = (connector(version), acceptor());
        let (client, server) = tokio::join!(
            connector.connect(name("localhost"), near),
            acceptor.accept(far)
        );
        let (mut client, mut server) = (client.unwrap(), server.unwrap());
        let begun = recording.written().len();
        client.set_max_send_fragment(512).unwrap();
        assert_eq!(
            client.set_max_send_fragment(511).unwrap_err().kind(),
            io::ErrorKind::InvalidInput
        );
        assert!(client.set_max_send_fragment(16_385).is_err());
        client.write_all(&pattern(5000, 0)).await.unwrap();
        client.flush().await.unwrap();
        let lengths = record_lengths(&recording.written()[begun..]);
        assert_eq!(lengths.len(), 10);
        assert!(lengths.iter().all(|length| *length <= 512 + 24));

        let (begun, writes) = (recording.written().len(), recording.writes());
        client.cork();
        for _ in 0..50 {
            client.write_all(b"small").await.unwrap();
        }
        assert_eq!(recording.written().len(), begun, "held back");
        client.flush().await.unwrap();
        assert_eq!(recording.writes(), writes + 1, "one system call");
        client.uncork();
        let slices = [IoSlice::new(b"a"), IoSlice::new(b""), IoSlice::new(b"bc")];
        assert_eq!(client.write_vectored(&slices).await.unwrap(), 3);
        client.shutdown().await.unwrap();
        let mut got = Vec::new();
        server.read_to_end(&mut got).await.unwrap();
        assert_eq!(got.len(), 5000 + 250 + 3);
        assert!(got.ends_with(b"smallabc"));
    }
}

/// A corked stream gives way when a batch is full.
#[tokio::test]
async fn a_corked_stream_holds_a_batch_and_no_more() {
    for version in VERSIONS {
        let (mut client, server) = pair(version, 4096, |io| io, |io| io).await;
        client.cork();
        let reading = tokio::spawn(async move {
            let mut server = server;
            let mut got = Vec::new();
            server.read_to_end(&mut got).await.map(|_| got)
        });
        let data = pattern(600_003, 5);
        for part in data.chunks(313) {
            client.write_all(part).await.unwrap();
        }
        client.shutdown().await.unwrap();
        assert!(reading.await.unwrap().unwrap() == data);
    }
}

/// A changed byte: an error, one `bad_record_mac` to the peer, and nothing of the record.
// Spec: T-CLS-08
#[tokio::test]
async fn a_changed_record_is_answered_with_an_alert() {
    for version in VERSIONS {
        for we_serve in [true, false] {
            let (near, far) = tokio::io::duplex(64 * 1024);
            let ours = async {
                if we_serve {
                    acceptor().accept(near).await
                } else {
                    connector(version).connect(name("localhost"), near).await
                }
            };
            let mut plain = if we_serve {
                let config = Arc::new(plain_rustls::client(rustls_version(version)));
                Plain::client(&config, "localhost", far)
            } else {
                let leaf = &Pki::shared().server;
                let config = Arc::new(plain_rustls::server(rustls_version(version), leaf));
                Plain::server(&config, far)
            };
            let (done, ours) = tokio::join!(plain.handshake(b""), ours);
            done.unwrap();
            let mut ours = ours.unwrap();
            plain.connection.writer().write_all(b"good").unwrap();
            plain.flush().await.unwrap();
            use std::io::Write as _;
            plain.connection.writer().write_all(b"spoiled").unwrap();
            let mut wire = Vec::new();
            plain.connection.write_tls(&mut wire).unwrap();
            let last = wire.len() - 1;
            wire[last] ^= 1;
            plain.io.write_all(&wire).await.unwrap();
            let mut got = vec![0xee; 16];
            let mut space = ReadBuf::new(&mut got);
            let read = async {
                std::future::poll_fn(|cx| Pin::new(&mut ours).poll_read(cx, &mut space)).await?;
                std::future::poll_fn(|cx| Pin::new(&mut ours).poll_read(cx, &mut space)).await
            };
            let error = read.await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            assert_eq!(space.filled(), b"good");
            assert!(
                ours.write_all(b"x").await.is_err(),
                "the connection is over"
            );
            let heard = plain.read_exact(1).await.unwrap_err();
            assert_eq!(super::plain::alert_of(&heard), Some(20), "{version}");
        }
    }
}

/// The peer asks for new keys while our writes are stuck: reading goes on, the answer comes when the
/// transport takes it, under the right key.
#[tokio::test]
async fn a_key_update_is_answered_though_the_writer_is_stuck() {
    let config = Arc::new(plain_rustls::client(&rustls::version::TLS13));
    let (near, far) = tokio::io::duplex(8 * 1024);
    let mut plain = Plain::client(&config, "localhost", near);
    let acceptor = acceptor();
    let (done, ours) = tokio::join!(plain.handshake(b""), acceptor.accept(far));
    done.unwrap();
    let (mut reader, mut writer) = tokio::io::split(ours.unwrap());
    let data = pattern(300_000, 9);
    let writing = tokio::spawn({
        let data = data.clone();
        async move {
            writer.write_all(&data).await?;
            writer.flush().await?;
            writer.write_all(b"end").await?;
            writer.flush().await
        }
    });
    for round in 0..5 {
        plain.update_keys().await.unwrap();
        plain.write(&[round]).await.unwrap();
        assert_eq!(
            reader.read_u8().await.unwrap(),
            round,
            "a read waits for no writer"
        );
    }
    assert!(!writing.is_finished());
    let got = plain.read_exact(data.len() + 3).await.unwrap();
    assert!(got.starts_with(&data) && got.ends_with(b"end"));
    writing.await.unwrap().unwrap();
}

/// Looks at the space that a read is given.
struct Nosy {
    io: DuplexStream,
    secret: &'static [u8],
    seen: bool,
}

impl AsyncRead for Nosy {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, out)
    }
}

impl AsyncWrite for Nosy {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        if data
            .windows(self.secret.len())
            .any(|window| window == self.secret)
        {
            self.seen = true;
        }
        Pin::new(&mut self.io).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// Buffers go from connection to connection: none ever sends or shows what another had in it.
#[tokio::test]
async fn a_pooled_buffer_shows_nothing_of_another_connection() {
    const SECRET: &[u8] = b"only for connection A, only for connection A";
    for version in VERSIONS {
        let (mut a, mut b) = plain_pair(version).await;
        for _ in 0..8 {
            a.write_all(&SECRET.repeat(300)).await.unwrap();
            a.flush().await.unwrap();
            // One byte at a time: opened in place, so the plaintext lies in the pool's buffer.
            for _ in 0..SECRET.len() * 300 {
                b.read_u8().await.unwrap();
            }
        }
        let nosy = |io| Nosy {
            io,
            secret: SECRET,
            seen: false,
        };
        let (mut c, mut d) = pair(version, 64 * 1024, nosy, nosy).await;
        let mut space = vec![0; 70_000];
        for length in [1, 100, 16_000] {
            c.write_all(&pattern(length, 0)).await.unwrap();
            c.flush().await.unwrap();
            let mut out = ReadBuf::new(&mut space);
            while out.filled().len() < length {
                std::future::poll_fn(|cx| Pin::new(&mut d).poll_read(cx, &mut out))
                    .await
                    .unwrap();
            }
            assert!(!space.windows(SECRET.len()).any(|window| window == SECRET));
            space.fill(0);
        }
        assert!(
            !c.get_ref().0.seen && !d.get_ref().0.seen,
            "never on the wire"
        );
    }
}

/// Two connections over one `Arc`, on several threads, nested: no mix-up of exporters.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn connections_side_by_side_do_not_mix() {
    for version in VERSIONS {
        let acceptor = TlsAcceptor::from(server().exporter(true).build().unwrap());
        let connector = TlsConnector::from(client(version).exporter(true).build().unwrap());
        let visits = (0..40).map(|_| {
            let (acceptor, connector) = (acceptor.clone(), connector.clone());
            tokio::spawn(async move {
                let (near, far) = ends::handshake(&acceptor, &connector, "localhost").await;
                let (near, far) = (near.unwrap(), far.unwrap());
                let ours = near.export_keying_material([0; 32], b"x", None).unwrap();
                assert_eq!(
                    ours,
                    far.export_keying_material([0; 32], b"x", None).unwrap()
                );
                ours
            })
        });
        let mut keys = Vec::new();
        for visit in visits.collect::<Vec<_>>() {
            keys.push(visit.await.unwrap());
        }
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 40, "each its own");
    }
}

/// TLS 1.2 keeps no secret for an exporter that nobody asked for.
#[tokio::test]
async fn an_exporter_of_tls12_is_kept_on_request_only() {
    for version in VERSIONS {
        let (client, _server) = plain_pair(version).await;
        let exported = client.export_keying_material([0; 32], b"x", None);
        assert_eq!(exported.is_ok(), version == ProtocolVersion::Tls13);
    }
}
