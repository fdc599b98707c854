//! OCSP (RFC 6960) for servers and clients on rustls: questions, verified answers, and staples that
//! keep themselves fresh.
//!
//! Large public CAs have left OCSP for revocation lists; it lives on in private PKIs, in mail, and in
//! certificates that demand a staple. What people write by hand then, or leave out:
//!
//! - [`Stapler`]: for every certificate of a server the responder is asked, the answer verified and
//!   stapled, refreshed at half of its life, kept in a directory or a store that a cluster shares.
//!   No handshake waits for the network, and nothing expired or unverified is ever sent.
//! - [`StaplingResolver`]: that for plain rustls, around any resolver.
//! - [`ResponseVerifier`]: is this answer signed by who may, about this certificate, and of today?
//!   For a client, [`verdict`](ResponseVerifier::verdict) and a [`StaplePolicy`].
//! - [`CrlKeeper`]: revocation lists, fetched from where certificates name them, verified, refreshed
//!   and swapped into live servers and clients.
//! - [`Fetcher`]: asks responders and fetches lists, within limits of size and time, and never inside
//!   a private network unless that is allowed.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use tls_ocsp::{DiskCache, ResponseVerifier, Stapler, StaplingResolver};
//!
//! # async fn serve(mut config: rustls::ServerConfig) -> Result<(), Box<dyn std::error::Error>> {
//! let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
//! let stapler = Stapler::builder(ResponseVerifier::new(provider))
//!     .cache(DiskCache::new("/var/cache/staples")?)
//!     .start();
//! config.cert_resolver = Arc::new(StaplingResolver::new(config.cert_resolver, stapler.clone()));
//! // Later, for the status page:
//! for certificate in stapler.report() {
//!     println!("{:?} {:?}", certificate.serial, certificate.status);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The feature `metrics` counts refreshes, and has a gauge of the certificates that demand a staple and
//! have none (`tls_staples_missing`), worth an alert.
//!
//! Without the feature `fetch` the crate has no runtime and no sockets: requests, verification,
//! verdicts.
//!
//! # What an answer must be
//!
//! Signed by the issuer itself, or by a delegate whose certificate the issuer signed, with the usage
//! `id-kp-OCSPSigning`, in its dates, and marked `id-pkix-ocsp-nocheck` (otherwise somebody would have
//! to be asked about the delegate); with SHA-256 or better; about this very certificate; between
//! `thisUpdate` and `nextUpdate`, give or take five minutes. SHA-1 occurs in the *name* of the
//! certificate only, since that is what responders know.

#[cfg(feature = "fetch")]
mod cache;
#[cfg(feature = "fetch")]
mod crl_keeper;
mod error;
#[cfg(feature = "fetch")]
mod fetch;
#[cfg(feature = "fetch")]
mod keep_fresh;
pub mod limits;
mod message;
#[cfg(feature = "fetch")]
mod metrics;
mod request;
mod responder;
mod response;
mod signature;
#[cfg(feature = "fetch")]
mod staple;
#[cfg(feature = "fetch")]
mod stapler;
#[cfg(feature = "fetch")]
mod stapling_resolver;
mod target;
mod verdict;

#[cfg(feature = "fetch")]
pub use cache::{BoxFuture, CacheKey, CacheKind, DiskCache, ResponseCache};
#[cfg(feature = "fetch")]
pub use crl_keeper::{CrlKeeper, CrlKeeperBuilder, ListReport};
pub use error::{Error, ResponderFault, Result};
#[cfg(feature = "fetch")]
pub use fetch::{FetchError, Fetcher, Method};
pub use message::ResponseStatus;
pub use request::OcspRequest;
pub use responder::Responder;
pub use response::{CertificateStatus, ResponseVerifier, RevocationReason, VerifiedResponse};
#[cfg(feature = "fetch")]
pub use staple::Staple;
#[cfg(feature = "fetch")]
pub use stapler::{StapleReport, Stapler, StaplerBuilder};
#[cfg(feature = "fetch")]
pub use stapling_resolver::StaplingResolver;
pub use target::{Target, demands_staple};
pub use verdict::{StaplePolicy, StapleVerdict};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
