//! The hostile transports do to a stream what their names say, and no more.

#![allow(clippy::unwrap_used)]

use std::{io, time::Duration};

use tls_testing::transport::{
    CutAt, Ending, FlushOnly, OneByte, PendingFirst, Segments, narrow_pair, pair, recorded,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const TEXT: &[u8] = b"the quick brown fox jumps over the lazy dog";

/// Sends `TEXT` through `near` and reads it back from `far`.
async fn carries(
    mut near: impl AsyncRead + AsyncWrite + Unpin,
    mut far: impl AsyncRead + AsyncWrite + Unpin,
) {
    let (sent, received) = tokio::join!(
        async {
            near.write_all(TEXT).await?;
            near.shutdown().await
        },
        async {
            let mut bytes = Vec::new();
            far.read_to_end(&mut bytes).await.map(|_| bytes)
        }
    );
    sent.unwrap();
    assert_eq!(received.unwrap(), TEXT);
}

#[tokio::test]
async fn every_transport_carries_all_bytes_in_order() {
    let (a, b) = pair();
    carries(OneByte::new(a), OneByte::new(b)).await;
    let (a, b) = pair();
    carries(PendingFirst::new(a), PendingFirst::new(b)).await;
    let (a, b) = pair();
    carries(FlushOnly::new(a), FlushOnly::new(b)).await;
    let (a, b) = narrow_pair(2);
    carries(a, Segments::new(b, [1, 7, 2])).await;
    let (a, b) = narrow_pair(3);
    carries(PendingFirst::new(OneByte::new(FlushOnly::new(a))), b).await;
}

#[tokio::test]
async fn one_byte_reads_and_writes_one_byte_per_call() {
    let (near, far) = pair();
    let (mut near, mut far) = (OneByte::new(near), OneByte::new(far));
    assert_eq!(near.write(TEXT).await.unwrap(), 1);
    assert_eq!(near.write(&TEXT[1..]).await.unwrap(), 1);
    let mut out = [0; 8];
    assert_eq!(far.read(&mut out).await.unwrap(), 1);
}

#[tokio::test]
async fn flush_only_sends_nothing_before_a_flush() {
    let (near, far) = pair();
    let (far, seen) = recorded(far);
    let (mut near, mut far) = (FlushOnly::new(near), far);
    near.write_all(TEXT).await.unwrap();
    assert_eq!(near.held(), TEXT.len());
    let mut out = [0; 64];
    let early = tokio::time::timeout(Duration::from_millis(1), far.read(&mut out)).await;
    assert!(early.is_err());
    near.flush().await.unwrap();
    assert_eq!(far.read(&mut out).await.unwrap(), TEXT.len());
    assert_eq!(seen.read(), TEXT);
}

#[tokio::test]
async fn segments_end_where_they_are_told() {
    let (mut near, far) = pair();
    near.write_all(TEXT).await.unwrap();
    let mut far = Segments::new(far, [5, 0, 1, 10]);
    let mut out = [0; 64];
    let mut sizes = Vec::new();
    for _ in 0..4 {
        sizes.push(far.read(&mut out).await.unwrap());
    }
    assert_eq!(sizes, [5, 1, 10, TEXT.len() - 16]);
}

#[tokio::test]
async fn cut_reading_ends_after_the_byte() {
    for (ending, expected) in [
        (Ending::Eof, Ok(())),
        (Ending::Reset, Err(io::ErrorKind::ConnectionReset)),
    ] {
        let (mut near, far) = pair();
        near.write_all(TEXT).await.unwrap();
        let mut far = CutAt::reading(far, 9, ending);
        let mut bytes = Vec::new();
        let end = far
            .read_to_end(&mut bytes)
            .await
            .map(drop)
            .map_err(|error| error.kind());
        assert_eq!(bytes, &TEXT[..9]);
        assert_eq!(end, expected);
    }
}

#[tokio::test]
async fn cut_writing_takes_the_bytes_before_the_cut() {
    let (near, mut far) = pair();
    let mut near = CutAt::writing(near, 9, Ending::Reset);
    let error = near.write_all(TEXT).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    drop(near);
    let mut bytes = Vec::new();
    far.read_to_end(&mut bytes).await.unwrap();
    assert_eq!(bytes, &TEXT[..9]);
}

#[tokio::test]
async fn silence_never_answers() {
    let (mut near, far) = pair();
    near.write_all(TEXT).await.unwrap();
    near.shutdown().await.unwrap();
    let mut far = CutAt::reading(far, 3, Ending::Silence);
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(Duration::from_millis(1), far.read_to_end(&mut bytes)).await;
    assert!(read.is_err());
    assert_eq!(bytes, &TEXT[..3]);
}

#[tokio::test]
async fn a_recording_counts_calls_and_keeps_bytes() {
    let (near, mut far) = pair();
    let (mut near, seen) = recorded(near);
    near.write_all(b"ab").await.unwrap();
    near.write_all(b"cd").await.unwrap();
    near.flush().await.unwrap();
    far.write_all(b"xyz").await.unwrap();
    near.read_exact(&mut [0; 3]).await.unwrap();
    assert_eq!(
        (seen.written(), seen.read()),
        (b"abcd".to_vec(), b"xyz".to_vec())
    );
    assert_eq!((seen.writes(), seen.reads(), seen.flushes()), (2, 1, 1));
}
