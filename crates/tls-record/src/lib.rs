//! TLS records after the handshake: TLS 1.2 and 1.3, without IO, without a clock.
//!
//! A handshake engine (rustls, or the pre-shared-key engine of this workspace) hands over keys and
//! sequence numbers as [`Established`]; from then on a [`RecordLayer`] protects what is sent and
//! opens what is received, straight between the caller's buffers. It was made to be small and
//! strict rather than complete: no renegotiation, no CBC, no compression, no 0-RTT.
//!
//! ```
//! use tls_record::{Aead, Established, Opened, RecordLayer, RecordLimits, Role, TrafficKeys};
//! use tls_wire::ProtocolVersion;
//!
//! // Both ends get these from their handshake.
//! let end = |role, tx: u8, rx: u8| {
//!     let established = Established {
//!         role,
//!         version: ProtocolVersion::Tls13,
//!         tx: TrafficKeys::new(Aead::Aes128Gcm, &[tx; 16], [tx; 12])?,
//!         tx_sequence: 0,
//!         rx: TrafficKeys::new(Aead::Aes128Gcm, &[rx; 16], [rx; 12])?,
//!         rx_sequence: 0,
//!         post_handshake: None,
//!     };
//!     RecordLayer::new(established, RecordLimits::default())
//! };
//! let mut client = end(Role::Client, 1, 2)?;
//! let mut server = end(Role::Server, 2, 1)?;
//!
//! // As many records as fit, from the caller's slice into the bytes that go on the wire.
//! let mut wire = vec![0; client.sealed_len(5)];
//! let sealed = client.seal(b"hello", &mut wire)?;
//! assert_eq!((sealed.consumed, sealed.written), (5, wire.len()));
//!
//! // One record a call, from the bytes that came into the caller's buffer.
//! let mut data = [0; 64];
//! assert_eq!(server.open(&mut wire[..3], &mut data)?, Opened::NeedBytes(5));
//! let opened = server.open(&mut wire, &mut data)?;
//! assert_eq!(opened, Opened::Data { consumed: wire.len(), written: 5 });
//! assert_eq!(&data[..5], b"hello");
//!
//! // Whatever has to be said beside data waits to be written.
//! let mut changed = vec![23, 3, 3, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
//! let error = server.open(&mut changed, &mut data).unwrap_err();
//! assert_eq!(error.code(), "bad_record_mac");
//! let mut alert = vec![0; server.control_len()];
//! let written = server.write_control(&mut alert)?;
//! assert_eq!(written, 5 + 2 + 1 + 16);
//! # Ok::<(), tls_record::Error>(())
//! ```
//!
//! # Rules for the caller
//!
//! - Bytes leave in the order in which [`seal`](RecordLayer::seal) and
//!   [`write_control`](RecordLayer::write_control) made them. A record that was made and not sent
//!   leaves a gap in the sequence numbers that the peer does not forgive.
//! - After each [`open`](RecordLayer::open), also one that failed, see whether
//!   [`has_control`](RecordLayer::has_control). What waits goes out with the next
//!   [`seal`](RecordLayer::seal) at the latest, so a read never has to wait for a blocked writer.
//! - When the byte stream ends, ask [`end_of_stream`](RecordLayer::end_of_stream): without
//!   close_notify the data may have been cut short.
//!
//! # What is bounded
//!
//! Everything a peer can send: see [`RecordLimits`]. Which alert answers which fault is decided in
//! one place, [`Error::alert`].
//!
//! # Memory
//!
//! A [`RecordLayer`] has about 200 bytes and the contexts of two ciphers, about 600 bytes each. It
//! holds no buffers; [`PooledBuffer`] keeps some for each thread, so that an idle connection has
//! none.

mod aead;
mod buffer_pool;
mod close;
mod confidentiality_limit;
mod control;
mod direction;
mod error;
mod established;
mod expand_label;
mod exporter;
mod flood_limits;
mod key_log;
mod key_update;
mod nonce;
mod open;
mod post_handshake;
mod prf;
mod record_layer;
mod record_limits;
mod record_protection;
mod seal;
mod sequence_number;
mod tls12;
mod tls13;
mod traffic_keys;
mod traffic_secrets;

pub use aead::Aead;
pub use buffer_pool::{BufferClass, PooledBuffer};
pub use error::{Error, Fault};
pub use established::{Established, Role};
pub use expand_label::expand_label;
pub use exporter::Exporter;
pub use key_log::{KeyLogLabel, key_log_line};
pub use open::Opened;
pub use post_handshake::{KeyUpdateRefused, PostHandshake, TicketRefused};
pub use prf::prf;
pub use record_layer::RecordLayer;
pub use record_limits::{MAX_FRAGMENT, MAX_HANDSHAKE_MESSAGE, MIN_FRAGMENT, RecordLimits};
pub use record_protection::RecordProtection;
pub use seal::Sealed;
pub use traffic_keys::TrafficKeys;
pub use traffic_secrets::TrafficSecrets;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
