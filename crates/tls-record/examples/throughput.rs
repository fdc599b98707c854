//! How fast records are sealed and opened, beside the AEAD alone. Run with `--release`; takes some
//! seconds. Not a benchmark to quote: one run, one thread, hot caches.
#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use tls_record::{Aead, Error, Established, Opened, RecordLayer, RecordLimits, Role, TrafficKeys};
use tls_wire::ProtocolVersion;

fn layer(version: ProtocolVersion, role: Role) -> Result<RecordLayer, Error> {
    let keys = || TrafficKeys::new(Aead::Aes128Gcm, &[7; 16], [3; 12]);
    let established = Established {
        role,
        version,
        tx: keys()?,
        tx_sequence: 1,
        rx: keys()?,
        rx_sequence: 1,
        post_handshake: None,
    };
    RecordLayer::new(established, RecordLimits::default())
}

/// Runs `batch`, which handles so many bytes and records, for half a second.
fn measure(what: &str, bytes: usize, records: usize, mut batch: impl FnMut()) {
    let (start, mut batches) = (Instant::now(), 0);
    while start.elapsed() < Duration::from_millis(500) {
        batch();
        batches += 1;
    }
    let seconds = start.elapsed().as_secs_f64() / f64::from(batches);
    let megabytes = bytes as f64 / seconds / 1e6;
    let nanoseconds = seconds / records as f64 * 1e9;
    println!("{what:<44} {megabytes:>8.0} MB/s {nanoseconds:>8.0} ns a record");
}

fn raw(size: usize) {
    let Ok(key) = UnboundKey::new(&AES_128_GCM, &[7; 16]) else {
        return;
    };
    let key = LessSafeKey::new(key);
    let (plaintext, mut out, mut tag) = (vec![1; size], vec![0; size], [0; 17]);
    let mut sequence = 0u64;
    measure(&format!("AEAD alone, seal {size}"), size, 1, || {
        sequence += 1;
        let mut nonce = [3; 12];
        nonce[4..].copy_from_slice(&sequence.to_be_bytes());
        let nonce = Nonce::assume_unique_for_key(nonce);
        let sealed = key.seal_out_of_place_scatter(
            nonce,
            Aad::from([0; 5]),
            &plaintext,
            &mut out,
            &[23],
            &mut tag,
        );
        black_box(sealed.is_ok());
    });
}

fn records(version: ProtocolVersion, size: usize, count: usize) -> Result<(), Error> {
    let plaintext = vec![1; size];
    let what = format!("{version}, {count} records of {size}");
    // New layers now and then, so that no key reaches its limit: half a second is far below it.
    let mut tx = layer(version, Role::Client)?;
    let one = tx.sealed_len(size);
    let mut wire = vec![0; one * count];
    measure(&format!("{what}, seal"), size * count, count, || {
        for record in wire.chunks_exact_mut(one) {
            black_box(tx.seal(&plaintext, record).is_ok());
        }
    });
    // Opening needs the right sequence numbers: the same records, a new layer for each batch.
    let mut tx = layer(version, Role::Client)?;
    for record in wire.chunks_exact_mut(one) {
        let _ = tx.seal(&plaintext, record)?;
    }
    let mut out = vec![0; size + 1];
    let mut failed = None;
    measure(&format!("{what}, open"), size * count, count, || {
        let opened = layer(version, Role::Server).and_then(|mut rx| {
            for record in wire.chunks_exact_mut(one) {
                let Opened::Data { written, .. } = rx.open(record, &mut out)? else {
                    continue;
                };
                black_box(written);
            }
            Ok(())
        });
        failed = failed.or_else(|| opened.err());
    });
    failed.map_or(Ok(()), Err)
}

fn main() -> Result<(), Error> {
    println!("RecordLayer: {} bytes", size_of::<RecordLayer>());
    for size in [64, 1024, 16_384] {
        raw(size);
        for version in [ProtocolVersion::Tls12, ProtocolVersion::Tls13] {
            records(version, size, 64)?;
        }
    }
    Ok(())
}
