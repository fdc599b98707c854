//! Every limit of this crate, with its reason.

use std::time::Duration;

/// Bytes of a response. Real ones have one to three kilobytes, with a delegate's chain up to ten.
pub const MAX_RESPONSE_LEN: usize = 64 * 1024;

/// Bytes of a revocation list; the largest public ones have some ten megabytes.
pub const MAX_LIST_LEN: usize = 32 * 1024 * 1024;

/// Answers in one response: a responder may send those of several certificates.
pub const MAX_SINGLE_RESPONSES: usize = 64;

/// Certificates in a response among which a delegate is looked for.
pub const MAX_DELEGATES: usize = 8;

/// Revocation lists that one keeper fetches.
pub const MAX_LISTS: usize = 256;

/// Keys of issuers that one list may be signed by.
pub const MAX_ISSUERS: usize = 8;

/// Chains that one keeper of lists remembers: some hundred bytes each.
pub const MAX_SEEN_CHAINS: usize = 4096;

/// Certificates between a leaf and the trust; real chains have one or two.
pub const MAX_PATH: usize = 8;

/// How often a certificate of a chain is tried as the issuer of another one, in all: each may cost the
/// verification of a signature.
pub const MAX_PATH_TRIES: usize = 64;

/// Addresses of responders, and of lists, taken from one certificate.
pub const MAX_URLS: usize = 4;

/// Bytes of one such address.
pub const MAX_URL_LEN: usize = 1024;

/// How far two clocks may be apart, both ways.
pub const CLOCK_SKEW: Duration = Duration::from_secs(300);

/// Bytes of a nonce (RFC 9654, Section 2.1: at least 32 are recommended).
pub const NONCE_LEN: usize = 32;

/// Questions to responders at the same time.
pub const QUESTIONS: usize = 32;

/// The same to one host, so that a slow one does not hold up those to others.
pub const QUESTIONS_OF_ONE_HOST: usize = 8;

/// Lists fetched at the same time: each is in memory, and may be large.
pub const FETCHES: usize = 16;

/// The same from one host.
pub const FETCHES_OF_ONE_HOST: usize = 4;
