//! What the tests of this workspace share: a PKI, hostile transports, a settable clock, counted metrics, a raw peer,
//! and real peers (OpenSSL, Node, curl, Redis, Chromium, GnuTLS, mosquitto) that are found, started
//! and stopped.
//!
//! It depends on none of our crates, so every crate may have it among its dev-dependencies. It is
//! never published. As everything here runs inside a test, a fault of the set-up panics with what
//! was being done, rather than returning an error that no test could act on.
//!
//! ```
//! use tls_testing::{Pki, transport::OneByte};
//!
//! let pki = Pki::shared();
//! assert_eq!(pki.server.chain().len(), 2); // leaf and intermediate
//!
//! let (client, server) = tls_testing::transport::pair();
//! let _slow = OneByte::new(client);
//! # drop(server);
//! ```

#![allow(
    clippy::unwrap_used,
    reason = "test support: a fault of the set-up ends the test"
)]

pub mod clock;
pub mod counted_metrics;
pub mod peer;
pub mod pki;
pub mod plain_rustls;
pub mod raw_peer;
pub mod same_client;
pub mod transport;

pub use clock::Clock;
pub use counted_metrics::CountedMetrics;
pub use pki::{Authority, Leaf, Pki};
pub use raw_peer::{RawListener, RawPeer, Received};
pub use same_client::SameClient;
