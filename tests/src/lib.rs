//! What the tests across crates share: our server and our client as a test drives them, and a Node
//! that does what it is told.
//!
//! The tests are in `interop/` (one file a peer) and `node_spec/` (one file a family of the
//! behaviours of `node:tls`). A fault of the set-up panics, since no test could act on it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test support: a fault of the set-up ends the test"
)]

pub mod credentials;
pub mod dialled;
pub mod kept_sessions;
pub mod node_peer;
pub mod pem_files;
pub mod served;

pub use dialled::{dial, exchange, name};
pub use kept_sessions::KeptSessions;
pub use node_peer::NodePeer;
pub use pem_files::PemFiles;
pub use served::{Failure, Served};

use tls_wire::ProtocolVersion;

/// Every body that can, runs for both.
pub const VERSIONS: [ProtocolVersion; 2] = [ProtocolVersion::Tls12, ProtocolVersion::Tls13];

/// How long anything of ours may take before a test fails.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// `work`, or a panic that says what was waited for.
///
/// # Panics
/// When it takes longer than [`PATIENCE`].
pub async fn in_time<F: Future>(what: &str, work: F) -> F::Output {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(done) => done,
        Err(_) => panic!("waited in vain for {what}"),
    }
}
